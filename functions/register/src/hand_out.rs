//! Hands out a secret that the person keeps: that of an authenticator app, which counts once a code of it came back, and a
//! recovery code, which counts at once. Each is shown in this one answer.

use data_encoding::BASE64;
use edge::{Json, Problem};
use qrcode::QrCode;
use qrcode::render::svg;
use rules::factors::facts::RecoveryOnFile;
use rules::factors::recovery::RecoveryCode;
use rules::factors::{TOTP_SECRET_LEN, seal_pending, totp};
use rules::method::{Method, Way};
use rules::refusal::Refusal;
use serde::Serialize;
use state::enrolment::Pending;
use state::{Error, Fault};
use utoipa::ToSchema;

use crate::visit::{Amendment, ROUNDS, Visit};

/// A new secret.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum HandedOut {
    App(NewApp),
    RecoveryCode(NewRecoveryCode),
}

/// The secret of an authenticator app, to be confirmed by a code.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewApp {
    #[schema(value_type = String)]
    method: Method,
    /// In base32, to be typed.
    secret: String,
    otpauth_uri: String,
    /// The same as a picture.
    qr_svg: String,
}

/// A recovery code, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewRecoveryCode {
    #[schema(value_type = String)]
    method: Method,
    /// 26 characters of base32 (Crockford's).
    recovery_code: String,
}

/// How long a new app may take to be confirmed, seconds: as long as the sign-in that asked for it is young (REG-01).
const CONFIRM_SECONDS: u32 = edge::caller::FRESH_SECONDS;

/// Least width of the picture, pixels of its own grid.
const PICTURE: u32 = 240;

/// Draws a new secret for an app; it replaces any that waits, and leaves a confirmed one as it is.
pub(crate) async fn app(visit: &mut Visit) -> Result<Json<HandedOut>, Problem> {
    let secret: [u8; TOTP_SECRET_LEN] = visit.app.chance.bytes()?;
    let nonce = visit.app.chance.bytes()?;
    let sealed = seal_pending(&visit.app.keys.factors, visit.username(), &secret, nonce);
    let now = visit.call.now;
    let pending = Pending {
        way: Way::AuthenticatorApp,
        contact: BASE64.encode(&sealed),
        nonce: visit.app.chance.id()?,
        send: 0,
        at: now,
        expires_at: now.plus_seconds(CONFIRM_SECONDS),
        digits: totp::DIGITS,
        tries: 0,
        paid_by: String::new(),
    };
    wait(visit, &pending).await?;
    let otpauth_uri = totp::uri(&visit.config.branding.organisation, visit.username(), &secret);
    let qr_svg = picture(&otpauth_uri)?;
    let (method, secret) = (Method::AuthenticatorApp, totp::secret_text(&secret));
    Ok(Json(HandedOut::App(NewApp { method, secret, otpauth_uri, qr_svg })))
}

async fn wait(visit: &Visit, pending: &Pending) -> Result<(), Problem> {
    let (store, username) = (&visit.app.store, visit.username());
    for _ in 0..ROUNDS {
        let enrolment = store.enrolment(username).await?;
        match store.enrol(username, enrolment.as_ref(), pending.clone(), &visit.call).await {
            Err(Error::Refused(Refusal::Conflict)) => {}
            done => return Ok(done?),
        }
    }
    Err(Refusal::Conflict.into())
}

fn picture(text: &str) -> Result<String, Fault> {
    let code = QrCode::new(text).map_err(|_| Fault::Computation { what: "a picture" })?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(PICTURE, PICTURE).build();
    // What stands before the element is for files of its own.
    Ok(drawn.find("<svg").and_then(|at| drawn.get(at..)).unwrap_or(&drawn).to_owned())
}

/// Draws a new recovery code, in place of any that is there.
pub(crate) async fn recovery_code(visit: &mut Visit) -> Result<Json<HandedOut>, Problem> {
    let code = RecoveryCode::new(visit.app.chance.bytes()?);
    let keys = visit.app.keys.clone();
    visit
        .amend_secrets(|visit, factors| {
            let before = visit.profile();
            let mut next = before.clone();
            let (at, version) = (visit.call.now, before.next_version());
            factors.recovery_version = version;
            factors.recovery_tag = code.tag(&keys.tags, &before.username, &factors.account);
            next.recovery = Some(RecoveryOnFile { at, version, used_by: None });
            let profile = visit.registered(next);
            let was_there = before.recovery.is_some();
            let activity = visit.secret_fact(&profile, Method::RecoveryCode, was_there);
            Ok(Some(Amendment { profile, activity, forget: None }))
        })
        .await?;
    let (method, recovery_code) = (Method::RecoveryCode, code.reveal().to_owned());
    Ok(Json(HandedOut::RecoveryCode(NewRecoveryCode { method, recovery_code })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_one_element_that_can_stand_in_a_page() {
        let drawn = picture("otpauth://totp/a:b?secret=C").unwrap();
        assert!(drawn.starts_with("<svg") && drawn.trim_end().ends_with("</svg>"), "{drawn}");
        assert!(picture(&"x".repeat(2_000)).is_ok());
    }
}
