//! Judges a candidate before it is sent for good: for somebody signed in, or for a reset whose gates are passed.
//!
//! No evaluation is made here, so that a page may ask at every key: whether the password was used before is not judged
//! until it is set. A reset's token is only read.

use axum::extract::{FromRequestParts, State};
use edge::problem::ReasonItem;
use edge::{App, AttemptBearer, Caller, Json, Problem};
use http::request::Parts;
use rules::attempt::{Attempt, Purpose};
use rules::password::{Context, Password, score};
use rules::refusal::Refusal;
use rules::registration::Profile;
use serde::{Deserialize, Serialize};
use state::config::Versioned;
use utoipa::ToSchema;

/// A password that may become one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordCheck {
    #[schema(value_type = String)]
    new_password: Password,
}

/// What the rules say of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordJudged {
    /// Whether it would be taken, unless it was used before.
    accepted: bool,
    /// 0 (guessed at once) to 4 (withstands 10¹⁰ guesses).
    score: u8,
    /// Everything against it.
    reasons: Vec<ReasonItem>,
}

/// Who asks.
pub(crate) enum Asker {
    /// Somebody signed in.
    SignedIn(Box<Profile>),
    /// A reset under way.
    Resetting(Box<Attempt>),
}

impl FromRequestParts<App> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if let Ok(AttemptBearer(token)) = AttemptBearer::from_request_parts(parts, app).await {
            let attempt = app.store.admitted(&token, app.clock.now()).await?;
            return Ok(Self::Resetting(Box::new(attempt)));
        }
        let caller = Caller::from_request_parts(parts, app).await?;
        Ok(Self::SignedIn(Box::new(caller.profile)))
    }
}

impl Asker {
    /// The configuration in force and whose password it is to be.
    ///
    /// # Refuses
    /// `WrongPurpose`, `GatesIncomplete`.
    async fn subject(self, app: &App) -> Result<(Versioned, Option<Profile>), Problem> {
        match self {
            Self::SignedIn(profile) => Ok((app.store.config().await?, Some(*profile))),
            Self::Resetting(attempt) if attempt.purpose != Purpose::Reset => {
                Err(Refusal::WrongPurpose.into())
            }
            Self::Resetting(attempt) if !attempt.is_ready() => Err(Refusal::GatesIncomplete.into()),
            Self::Resetting(attempt) => Ok(app.store.configured_profile(&attempt.username).await?),
        }
    }
}

/// Judges a candidate by the rules, all reasons at once. Whether it was used before is judged only when it is set.
#[utoipa::path(post, path = "/v1/password/check", request_body = PasswordCheck, responses(
    (status = 200, body = PasswordJudged), (status = 400, description = "invalid_request"),
    (status = 401, description = "invalid_token"),
    (status = 409, description = "gates_incomplete, wrong_purpose"),
    (status = 410, description = "reset_finished, reset_expired"),
))]
pub(crate) async fn check(
    State(app): State<App>,
    asker: Asker,
    Json(body): Json<PasswordCheck>,
) -> Result<Json<PasswordJudged>, Problem> {
    let (config, profile) = asker.subject(&app).await?;
    let policy = config.config.password_policy();
    let context = Context::of(profile.as_ref(), &config.config.branding.organisation);
    let reasons = rules::password::check(&body.new_password, &policy, &context);
    let items = reasons
        .iter()
        .map(|r| ReasonItem { code: r.code().to_owned(), detail: r.detail().to_owned() });
    Ok(Json(PasswordJudged {
        accepted: reasons.is_empty(),
        score: score(&body.new_password, &context, &reasons),
        reasons: items.collect(),
    }))
}
