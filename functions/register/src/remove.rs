//! Takes a method away: `DELETE /v1/registration/methods/{method}`.

use axum::extract::Path;
use edge::{Json, Problem};
use rules::factors::{Answers, Factors, TAG_LEN, TOTP_SECRET_LEN};
use rules::method::Method;
use rules::refusal::Refusal;

use crate::view::{self, Registration, hint};
use crate::visit::{Amendment, ON_FILE, Visit, contact, with_contact};

/// Removes a method; removing what is not there changes nothing. What was confirmed stays confirmed until its time
/// (REG-10).
#[utoipa::path(
    delete, path = "/v1/registration/methods/{method}",
    params(("method" = String, Path, description = "Any but `office_phone`, which an administrator removes")),
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
    match method {
        Method::Email | Method::MobilePhone | Method::OfficePhone => {
            visit.amend(|visit| removed(visit, method)).await?;
        }
        Method::SecurityQuestions | Method::AuthenticatorApp | Method::RecoveryCode => {
            visit.amend_secrets(|visit, factors| Ok(wiped(visit, factors, method))).await?;
        }
    }
    Ok(Json(view::of(&visit)))
}

/// The account and its secrets without a method.
fn wiped(visit: &Visit, factors: &mut Factors, method: Method) -> Option<Amendment> {
    let before = visit.profile();
    let mut profile = before.clone();
    let was_there = match method {
        Method::Email | Method::MobilePhone | Method::OfficePhone => false,
        Method::SecurityQuestions => {
            factors.answers = Answers::blank();
            profile.questions.take().is_some()
        }
        Method::AuthenticatorApp => {
            (factors.totp_version, factors.totp_secret) = (0, [0; TOTP_SECRET_LEN]);
            profile.authenticator.take().is_some()
        }
        Method::RecoveryCode => {
            (factors.recovery_version, factors.recovery_tag) = (0, [0; TAG_LEN]);
            profile.recovery.take().is_some()
        }
    };
    profile.updated_at = visit.call.now;
    let activity = visit.removal(method, Some(ON_FILE.to_owned()));
    was_there.then_some(Amendment { profile, activity, forget: Some(method) })
}

fn removed(visit: &Visit, method: Method) -> Result<Option<Amendment>, Refusal> {
    let before = visit.profile();
    let mut profile = with_contact(before, method, None)?;
    let Some(old) = contact(before, method) else { return Ok(None) };
    profile.updated_at = visit.call.now;
    let activity = visit.removal(method, hint(method, &old.value));
    Ok(Some(Amendment { profile, activity, forget: Some(method) }))
}
