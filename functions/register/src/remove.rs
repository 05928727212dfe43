//! Takes a method away: `DELETE /v1/registration/methods/{method}`.

use axum::extract::Path;
use edge::{Json, Problem};
use rules::activity::{Modified, Name, RegistrationChange};
use rules::method::Method;
use rules::notice::Kind;
use rules::refusal::Refusal;

use crate::view::{self, Registration, hint};
use crate::visit::{Amendment, Visit, contact, with_contact};

/// Removes a method; removing what is not there changes nothing. What was confirmed stays confirmed until its time
/// (REG-10).
#[utoipa::path(
    delete, path = "/v1/registration/methods/{method}",
    params(("method" = String, Path, description = "`email` or `mobile_phone`")),
    responses(
        (status = 200, body = Registration), (status = 401, description = "invalid_token"),
        (status = 403, description = "reset_refused, reauthentication_required, forbidden"),
        (status = 404, description = "not_found"), (status = 409, description = "conflict"),
        (status = 422, description = "method_not_enabled"),
    )
)]
pub(crate) async fn remove(
    mut visit: Visit,
    Path(method): Path<String>,
) -> Result<Json<Registration>, Problem> {
    let method = Method::parse(&method).ok_or(Refusal::NotFound)?;
    visit.require_fresh()?;
    if method == Method::OfficePhone {
        // An administrator sets it, and an administrator removes it.
        return Err(Refusal::Forbidden.into());
    }
    visit.amend(|visit| removed(visit, method)).await?;
    Ok(Json(view::of(&visit)))
}

fn removed(visit: &Visit, method: Method) -> Result<Option<Amendment>, Refusal> {
    let before = visit.profile();
    let mut profile = with_contact(before, method, None)?;
    let Some(old) = contact(before, method) else { return Ok(None) };
    profile.updated_at = visit.call.now;
    let change = RegistrationChange::Removed;
    let mut activity = visit.row(Name::SecurityInfoRemoved, Some(method), change);
    activity.modified = vec![Modified {
        field: method.as_str().to_owned(),
        old: hint(method, &old.value),
        new: None,
    }];
    activity.notices = visit.notice(Kind::MethodRemoved, method, before.notice_addresses());
    Ok(Some(Amendment { profile, activity, forget: Some(method) }))
}
