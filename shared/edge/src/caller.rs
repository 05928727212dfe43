//! Who calls: tokens from `Authorization: Bearer`, and what a role may do.

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use rules::ids::Millis;
use rules::refusal::Refusal;
use rules::registration::{Profile, Role};
use rules::secret::{AccessToken, ResetToken};
use state::sessions::Session;

use crate::App;
use crate::problem::Problem;

/// How young a sign-in must be to change methods, seconds (REG-01).
pub const FRESH_SECONDS: u32 = 600;

/// A signed-in person, as they are now.
pub struct Caller {
    /// Their sign-in.
    pub session: Session,
    /// Their account.
    pub profile: Profile,
    /// The token they presented.
    pub token: AccessToken,
}

/// The token that was presented, of whatever type.
pub(crate) fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(parts).and_then(AccessToken::parse).ok_or(Refusal::InvalidToken)?;
        let (session, profile) = app.store.caller(&token, app.clock.now()).await?;
        Ok(Self { session, profile, token })
    }
}

impl Caller {
    /// # Refuses
    /// `Forbidden` below a role.
    pub fn require(&self, role: Role) -> Result<(), Refusal> {
        if self.profile.role() >= role { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// # Refuses
    /// `ReauthenticationRequired` if the sign-in is older than 10 minutes.
    pub fn require_fresh(&self, now: Millis) -> Result<(), Refusal> {
        let until = self.session.signed_in_at.plus_seconds(FRESH_SECONDS);
        if now < until { Ok(()) } else { Err(Refusal::ReauthenticationRequired) }
    }
}

/// A reset token as presented; whether it may act is for the store to say.
pub struct AttemptBearer(pub ResetToken);

impl<S: Send + Sync> FromRequestParts<S> for AttemptBearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let token = bearer(parts).and_then(ResetToken::parse);
        Ok(Self(token.ok_or(Refusal::InvalidToken)?))
    }
}
