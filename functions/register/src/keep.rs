//! Keeps what is there: "looks good" (REG-08), or not now (REG-09).

use edge::{Json, Problem};
use rules::activity::{Name, RegistrationChange};
use rules::refusal::Refusal;
use rules::registration::Profile;
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::{self, Registration};
use crate::visit::{Amendment, Visit};

/// Why a person was let go on unregistered, in the record.
const PUT_OFF: &str = "registration_skipped";

/// Says that everything registered is still right; no new codes.
#[utoipa::path(post, path = "/v1/registration/confirm", responses(
    (status = 200, body = Registration), (status = 401, description = "invalid_token"),
    (status = 403, description = "reset_refused"),
    (status = 409, description = "registration_incomplete, conflict"),
))]
pub(crate) async fn confirm(mut visit: Visit) -> Result<Json<Registration>, Problem> {
    visit.amend(confirmed).await?;
    Ok(Json(view::of(&visit)))
}

fn confirmed(visit: &Visit) -> Result<Option<Amendment>, Refusal> {
    if !visit.is_complete(visit.profile()) {
        return Err(Refusal::RegistrationIncomplete);
    }
    let now = visit.call.now;
    let (confirmed_at, updated_at) = (Some(now), now);
    let profile = Profile { confirmed_at, updated_at, skips: 0, ..visit.profile().clone() };
    let activity = visit.row(Name::SecurityInfoSaved, None, RegistrationChange::Confirmed);
    Ok(Some(Amendment { profile, activity, forget: None }))
}

/// Registering was put off.
#[derive(Serialize, ToSchema)]
pub(crate) struct Skipped {
    /// How often it may be put off again.
    skips_left: u32,
}

/// Puts registering off until the next sign-in.
#[utoipa::path(post, path = "/v1/registration/skip", responses(
    (status = 200, body = Skipped), (status = 401, description = "invalid_token"),
    (status = 403, description = "reset_refused"),
    (status = 409, description = "skip_not_allowed, conflict"),
))]
pub(crate) async fn skip(mut visit: Visit) -> Result<Json<Skipped>, Problem> {
    visit.amend(skipped).await?;
    Ok(Json(Skipped { skips_left: visit.standing(visit.profile()).skips_left }))
}

fn skipped(visit: &Visit) -> Result<Option<Amendment>, Refusal> {
    let before = visit.profile();
    if !visit.standing(before).skippable {
        return Err(Refusal::SkipNotAllowed);
    }
    let skips = before.skips.saturating_add(1);
    let profile = Profile { skips, updated_at: visit.call.now, ..before.clone() };
    let mut activity = visit.call.activity("registration", Name::Progress);
    activity.target = Some(before.username.clone());
    activity.role = Some(before.role());
    activity.reason = Some(PUT_OFF.to_owned());
    Ok(Some(Amendment { profile, activity, forget: None }))
}
