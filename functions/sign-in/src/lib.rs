//! Signs people in and out: `POST /v1/sign-in`, `POST /v1/sign-out`.
//!
//! Hops of a sign-in: [`router`] → `edge::door` (read, pay, evaluate once, compare) → `rules::registration::standing` →
//! `state::sign_in::signed_in`.
//!
//! # Why not …?
//! - *Why is a very long password evaluated, though it can be nobody's?* Because refusing it early would be the only
//!   answer of this route that does not take an evaluation. Its length is bounded by that of a body.
//! - *Why does an answer that asks for another password forget the failures?* The password was right. Counted as a
//!   failure, it would lock out whoever signs in ten times before choosing a new one.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use edge::door::Known;
use edge::repeat::idempotent;
use edge::{App, Caller, Incoming, Json, Problem};
use http::StatusCode;
use rules::ids::{Millis, Username};
use rules::password::{Credential, Expiry, Parameters, Password};
use rules::refusal::Refusal;
use rules::registration::{Role, Standing, standing};
use rules::secret::AccessToken;
use serde::{Deserialize, Serialize};
use state::Fault;
use state::sessions::{SESSION_SECONDS, Session};
use utoipa::{OpenApi, ToSchema};

/// The function's routes.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/sign-in", post(sign_in))
        .route("/v1/sign-out", post(sign_out))
        .with_state(app.clone());
    idempotent(routes, app)
}

/// A name and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// In any spelling of its canonical form.
    username: String,
    #[schema(value_type = String)]
    password: Password,
}

/// Somebody is signed in.
#[derive(Serialize, ToSchema)]
struct SignedIn {
    /// Shown this once.
    access_token: String,
    /// Seconds.
    expires_in: u32,
    /// In its canonical form.
    username: String,
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<Role>,
    registration: RegistrationAsked,
    password: PasswordState,
}

/// What is asked of the person about their registration.
#[derive(Serialize, ToSchema)]
struct RegistrationAsked {
    /// `none`, `register` or `reconfirm`.
    action: &'static str,
    /// Whether it may be put off once more.
    skippable: bool,
    /// How often it may be put off.
    skips_left: u32,
}

impl From<&Standing> for RegistrationAsked {
    fn from(standing: &Standing) -> Self {
        Self {
            action: standing.action.as_str(),
            skippable: standing.skippable,
            skips_left: standing.skips_left,
        }
    }
}

/// How long the password lasts.
#[derive(Serialize, ToSchema)]
struct PasswordState {
    /// From when on it must be changed; `null`: never.
    expires_at: Option<String>,
    /// Whether that is within 14 days; left out otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    expires_soon: bool,
}

impl PasswordState {
    fn of(expiry: Expiry, now: Millis) -> Self {
        Self { expires_at: expiry.at().map(Millis::rfc3339), expires_soon: expiry.is_near(now) }
    }
}

/// Signs in. An unknown name, a wrong password and a disabled account look and time the same.
#[utoipa::path(post, path = "/v1/sign-in", request_body = SignIn, responses(
    (status = 200, body = SignedIn), (status = 400, description = "invalid_request"),
    (status = 401, description = "invalid_credentials"),
    (status = 403, description = "password_change_required"),
    (status = 423, description = "account_locked"),
))]
async fn sign_in(
    State(app): State<App>,
    Incoming(call): Incoming,
    Json(body): Json<SignIn>,
) -> Result<Json<SignedIn>, Problem> {
    let username = Username::parse(&body.username);
    let username = username.map_err(|e| Problem::field("username", e.code()))?;
    let mut known = app.know(&username, body.password, &call).await?;
    let config = &known.config.config;
    let changed_at = known.credential.credential.changed_at();
    let expiry = Expiry::of(&known.profile, &config.password_policy(), changed_at);
    let closed = known.profile.must_change_password || known.profile.reset_required;
    if closed || expiry.is_over(call.now) {
        app.store.forgive(&username).await?;
        return Err(Refusal::PasswordChangeRequired.into());
    }
    let scope = app.store.scope(config).await?;
    let standing = standing(&known.profile, config, &scope, call.now);
    let renewed = renewed(&app, &mut known).await?;
    let renewed = renewed.as_ref().map(|next| (next, known.credential.version));
    let token = AccessToken::new(app.chance.bytes()?);
    let session = Session::begin(&known.profile, call.now);
    app.store.signed_in(&token, &session, renewed).await?;
    Ok(Json(SignedIn {
        access_token: token.reveal().to_owned(),
        expires_in: SESSION_SECONDS,
        username: username.to_string(),
        roles: known.profile.roles,
        registration: RegistrationAsked::from(&standing),
        password: PasswordState::of(expiry, call.now),
    }))
}

/// The credential with today's parameters, if it was made with lesser ones: one more evaluation, once for each rise.
async fn renewed(app: &App, known: &mut Known) -> Result<Option<Credential>, Fault> {
    let credential = &known.credential.credential;
    let given = known.password.take().filter(|_| credential.is_weaker_than(Parameters::CURRENT));
    let Some(password) = given else { return Ok(None) };
    let (_, evaluation) =
        app.hashing.evaluate(password, *credential.salt(), Parameters::CURRENT).await?;
    let history = known.config.config.password_policy().history;
    Ok(Some(credential.rehash(&evaluation, &app.keys, history)))
}

/// Signs out: the token is dead from here on.
#[utoipa::path(post, path = "/v1/sign-out", responses(
    (status = 204), (status = 401, description = "invalid_token"),
))]
async fn sign_out(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    app.store.end_session(&caller.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(
    paths(sign_in, sign_out),
    components(schemas(SignIn, SignedIn, RegistrationAsked, PasswordState))
)]
pub struct Contract;
