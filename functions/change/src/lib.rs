//! Changes a password with the current one, and judges a candidate: `POST /v1/password/change`, `POST
//! /v1/password/check`.
//!
//! Hops of a change: [`router`] → `edge::door` (read, pay, evaluate once, compare) → `rules::password::check` →
//! `state::accounts::change_account`.
//!
//! # Why not …?
//! - *Why is the current password asked for even of somebody who is signed in?* A change must work for expired and
//!   temporary passwords, which sign nobody in; one way is enough for everybody.
//! - *Why is the lock cleared by the account's lock epoch?* It voids every failure on record in the one transaction that
//!   changes the password.

mod check;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use edge::door::Known;
use edge::repeat::idempotent;
use edge::{App, Incoming, Json, Problem};
use rules::activity::{Activity, Name};
use rules::ids::{Millis, Username};
use rules::notice::{Kind, Notice};
use rules::password::{Context, Credential, Evaluation, Password, Reason};
use rules::refusal::Refusal;
use rules::registration::Profile;
use rules::secret::Keys;
use serde::{Deserialize, Serialize};
use state::accounts::AccountChange;
use state::{Call, Error, Fault};
use utoipa::{OpenApi, ToSchema};

/// The function's routes.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/password/change", post(change))
        .route("/v1/password/check", post(check::check))
        .with_state(app.clone());
    idempotent(routes, app)
}

/// A name, its password, and the password that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    /// In any spelling of its canonical form.
    username: String,
    #[schema(value_type = String)]
    current_password: Password,
    #[schema(value_type = String)]
    new_password: Password,
}

/// The password was changed; every session of before is dead.
#[derive(Serialize, ToSchema)]
struct PasswordChanged {
    status: &'static str,
}

/// Rounds in which a change that met a concurrent change of the account is decided again.
const ROUNDS: u32 = 3;

/// Changes the password and ends every session. Works for expired and temporary passwords.
#[utoipa::path(post, path = "/v1/password/change", request_body = PasswordChange, responses(
    (status = 200, body = PasswordChanged), (status = 400, description = "invalid_request"),
    (status = 401, description = "invalid_credentials"), (status = 403, description = "forbidden, reset_required"),
    (status = 409, description = "conflict"), (status = 422, description = "password_rejected"),
    (status = 423, description = "account_locked"),
))]
async fn change(
    State(app): State<App>,
    Incoming(call): Incoming,
    Json(body): Json<PasswordChange>,
) -> Result<Json<PasswordChanged>, Problem> {
    let username = Username::parse(&body.username);
    let username = username.map_err(|e| Problem::field("username", e.code()))?;
    let mut known = app.know(&username, body.current_password, &call).await?;
    let credential = &known.credential.credential;
    let candidate = Candidate::evaluate(&app, body.new_password, credential).await?;
    for _ in 0..ROUNDS {
        if let Err(refusal) = decide(&known, &candidate, &app.keys) {
            // The current password was right: a refused new one is no failed sign-in.
            app.store.forgive(&username).await?;
            return Err(refusal.into());
        }
        match replace(&app, &known, &candidate, &call).await {
            Ok(()) => return Ok(Json(PasswordChanged { status: "changed" })),
            Err(Error::Refused(Refusal::Conflict)) => {}
            Err(error) => return Err(error.into()),
        }
        let account = app.store.account(&username).await?;
        known = app.recognise(&account, known.evaluation).ok_or(Refusal::InvalidCredentials)?;
    }
    Err(Refusal::Conflict.into())
}

/// A new password, evaluated under the account's salt.
struct Candidate {
    password: Password,
    evaluation: Evaluation,
    /// Under the parameters of former passwords, where those differ.
    earlier: Option<Evaluation>,
}

impl Candidate {
    /// One evaluation, for history, current and new verifier together.
    async fn evaluate(app: &App, password: Password, of: &Credential) -> Result<Self, Fault> {
        let salt = *of.salt();
        let (mut password, evaluation) =
            app.hashing.evaluate(password, salt, of.parameters()).await?;
        let mut earlier = None;
        if let Some(parameters) = of.earlier_parameters() {
            let (back, evaluation) = app.hashing.evaluate(password, salt, parameters).await?;
            (password, earlier) = (back, Some(evaluation));
        }
        Ok(Self { password, evaluation, earlier })
    }

    /// Why it may not follow a credential under a policy that remembers `history`.
    fn reuse(&self, credential: &Credential, keys: &Keys, history: u32) -> Option<Reason> {
        let evaluations = [Some(&self.evaluation), self.earlier.as_ref()];
        evaluations.into_iter().flatten().find_map(|e| credential.reuse(e, keys, history))
    }
}

/// Whether the candidate may become the password; every reason against it at once.
fn decide(known: &Known, candidate: &Candidate, keys: &Keys) -> Result<(), Refusal> {
    let Known { config, profile, credential, .. } = known;
    if profile.reset_required {
        return Err(Refusal::ResetRequired);
    }
    if profile.cannot_change_password {
        return Err(Refusal::Forbidden);
    }
    let policy = config.config.password_policy();
    let context = Context::of(Some(profile), &config.config.branding.organisation);
    let mut reasons = rules::password::check(&candidate.password, &policy, &context);
    reasons.extend(candidate.reuse(&credential.credential, keys, policy.history));
    reasons.sort();
    if reasons.is_empty() { Ok(()) } else { Err(Refusal::PasswordRejected(reasons)) }
}

/// Commits password, sessions, lock, record and notice together.
async fn replace(
    app: &App,
    known: &Known,
    candidate: &Candidate,
    call: &Call,
) -> Result<(), Error> {
    let config = &known.config.config;
    let history = config.password_policy().history;
    let stored = &known.credential;
    let next = stored.credential.renew(&candidate.evaluation, &app.keys, history, call.now);
    let profile = changed(&known.profile, call.now);
    let change = AccountChange {
        profile: &profile,
        credential: Some((&next, Some(stored.version))),
        activity: &fact(&known.profile, call),
        retention_days: config.retention.activity_days,
    };
    app.store.change_account(change).await
}

/// The profile after a change: earlier sessions and failed sign-ins are void.
fn changed(profile: &Profile, now: Millis) -> Profile {
    Profile {
        epoch: profile.epoch.saturating_add(1),
        lock_epoch: profile.lock_epoch.saturating_add(1),
        must_change_password: false,
        updated_at: now,
        ..profile.clone()
    }
}

fn fact(profile: &Profile, call: &Call) -> Activity {
    let mut row = call.activity("change", Name::ChangePassword);
    row.target = Some(profile.username.clone());
    row.role = Some(profile.role());
    row.notices = vec![Notice {
        kind: Kind::PasswordChanged,
        to: profile.notice_addresses(),
        audience: None,
        locale: call.locale.clone(),
    }];
    row
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(
    paths(change, check::check),
    components(schemas(
        PasswordChange,
        PasswordChanged,
        check::PasswordCheck,
        check::PasswordJudged
    ))
)]
pub struct Contract;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_ends_sessions_and_lock_and_the_duty_to_change() {
        let username = Username::parse("alice").unwrap();
        let mut before = Profile::new(username, String::from("u"), Millis(0));
        before.must_change_password = true;
        let after = changed(&before, Millis(9));
        assert_eq!((after.epoch, after.lock_epoch), (2, 2));
        assert!(!after.must_change_password);
        assert_eq!(after.version, before.version, "the write counts it");
    }
}
