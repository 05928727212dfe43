//! The code comes back, or the first one of an app: `POST /v1/registration/methods/verify`. From here on the contact, or the
//! app, counts.

use edge::{Json, Problem};
use rules::activity::{Activity, RegistrationChange};
use rules::factors::facts::AuthenticatorApp;
use rules::method::Method;
use rules::refusal::Refusal;
use rules::registration::{Contact, Profile};
use rules::secret::Code;
use serde::Deserialize;
use state::Error;
use state::accounts::AccountChange;
use state::enrolment::{Enrolment, Guess, Pending};
use utoipa::ToSchema;

use crate::view::{self, Registration, hint};
use crate::visit::{ROUNDS, Visit, contact, with_contact};

/// The code that came to a contact, or the one that an app shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MethodCode {
    #[schema(value_type = String)]
    method: Method,
    /// Spaces, dashes and a leading `#` are ignored.
    code: String,
}

/// Longest code that is read, characters; what people paste may carry blanks.
const CODE_MAX: usize = 64;

/// Proves a contact by the code that was sent to it, or an app by a code of it.
#[utoipa::path(
    post, path = "/v1/registration/methods/verify", request_body = MethodCode,
    responses(
        (status = 200, body = Registration), (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"),
        (status = 403, description = "reset_refused"),
        (status = 409, description = "no_challenge, conflict"),
        (status = 410, description = "code_expired"),
        (status = 422, description = "proof_incorrect, method_not_enabled"),
        (status = 429, description = "throttled"),
    )
)]
pub(crate) async fn verify(
    mut visit: Visit,
    Json(body): Json<MethodCode>,
) -> Result<Json<Registration>, Problem> {
    if body.code.trim().is_empty() {
        return Err(Problem::field("code", "required"));
    }
    if body.code.chars().count() > CODE_MAX {
        return Err(Problem::field("code", "too_long"));
    }
    visit.require(body.method)?;
    let typed = Code::typed(&body.code);
    let app = visit.app.clone();
    let guess = Guess { method: body.method, typed: &typed, keys: &app.keys };
    let username = visit.username();
    let (enrolment, pending) = app.store.prove_contact(username, &guess, &visit.call).await?;
    keep(&mut visit, enrolment, &pending, &guess).await?;
    Ok(Json(view::of(&visit)))
}

/// Commits what was proved, however often the account is changed in between.
async fn keep(
    visit: &mut Visit,
    mut enrolment: Enrolment,
    pending: &Pending,
    guess: &Guess<'_>,
) -> Result<(), Problem> {
    let method = pending.way.method();
    for _ in 0..ROUNDS {
        let (next, activity, sealed) = match method {
            Method::AuthenticatorApp => confirmed(visit, pending, guess).await?,
            Method::Email
            | Method::MobilePhone
            | Method::OfficePhone
            | Method::SecurityQuestions
            | Method::RecoveryCode => {
                let next = proved(visit, pending)?;
                let activity = fact(visit, &next, method);
                (next, activity, None)
            }
        };
        let change = AccountChange {
            profile: &next,
            credential: None,
            activity: &activity,
            retention_days: visit.call.retention_days,
        };
        match visit.app.store.settle(&enrolment, method, &change, sealed.as_deref()).await {
            Ok(()) => {
                visit.caller.profile = next;
                return Ok(());
            }
            Err(Error::Refused(Refusal::Conflict)) => {}
            Err(error) => return Err(error.into()),
        }
        visit.read_again().await?;
        let read = visit.app.store.enrolment(visit.username()).await?;
        let waiting = read.filter(|e| e.of(method).is_some_and(|p| is_same(p, pending)));
        enrolment = waiting.ok_or(Refusal::NoChallenge)?;
    }
    Err(Refusal::Conflict.into())
}

/// The account with a confirmed app. The code that confirmed it counts as used (RST-08; RFC 6238 §5.2).
async fn confirmed(
    visit: &Visit,
    pending: &Pending,
    guess: &Guess<'_>,
) -> Result<(Profile, Activity, Option<Vec<u8>>), Problem> {
    let username = visit.username();
    let secret = pending.secret(username, guess.keys).ok_or(Refusal::NoChallenge)?;
    let step = pending.step_of(username, guess, visit.call.now).ok_or(Refusal::NoChallenge)?;
    let mut factors = visit.factors().await?;
    let before = visit.profile();
    let mut next = before.clone();
    let version = before.next_version();
    (factors.totp_version, factors.totp_secret) = (version, *secret);
    let was_there = before.authenticator.is_some();
    next.authenticator = Some(AuthenticatorApp { at: visit.call.now, version, last_step: step });
    let next = visit.registered(next);
    let row = visit.secret_fact(&next, Method::AuthenticatorApp, was_there);
    Ok((next, row, Some(visit.seal(&factors)?)))
}

/// Whether a contact still waits for the code that was right.
fn is_same(waiting: &Pending, proved: &Pending) -> bool {
    waiting.nonce == proved.nonce && waiting.send == proved.send
}

/// The profile with the contact proved.
fn proved(visit: &Visit, pending: &Pending) -> Result<Profile, Refusal> {
    let (before, method, now) = (visit.profile(), pending.way.method(), visit.call.now);
    let version = version(before, contact(before, method), &pending.contact);
    let value = pending.contact.clone();
    let proved = Contact { value, verified_at: Some(now), version };
    Ok(visit.registered(with_contact(before, method, Some(proved))?))
}

/// The version of a contact that is proved now: its own if it was proved before and is the same; otherwise higher than
/// every version of any contact that the account ever had, so that nothing bound to one fits another. (A contact's version
/// is never above the account's, which moves with every write.)
fn version(account: &Profile, before: Option<&Contact>, value: &str) -> u32 {
    let same = before.filter(|c| c.value == value && c.verified_at.is_some());
    let account = u32::try_from(account.version).unwrap_or(u32::MAX);
    let highest = before.map_or(account, |c| c.version.max(account));
    same.map_or(highest.saturating_add(1), |c| c.version)
}

/// The record of a contact that was proved.
fn fact(visit: &Visit, next: &Profile, method: Method) -> Activity {
    let (old, new) = (contact(visit.profile(), method), contact(next, method));
    let was_proved = old.is_some_and(|c| c.verified_at.is_some());
    let change =
        if was_proved { RegistrationChange::Updated } else { RegistrationChange::Registered };
    let shown = |c: Option<&Contact>| c.and_then(|c| hint(method, &c.value));
    visit.fact(next, method, (shown(old), shown(new)), change)
}

#[cfg(test)]
mod tests {
    use rules::ids::{Millis, Username};

    use super::*;

    #[test]
    fn a_version_is_never_used_for_two_contacts() {
        let mut account =
            Profile::new(Username::parse("alice").unwrap(), String::from("u"), Millis(0));
        assert_eq!(version(&account, None, "a"), 2);
        let proved = Contact { value: "a".into(), verified_at: Some(Millis(0)), version: 2 };
        account.version = 2;
        assert_eq!(version(&account, Some(&proved), "a"), 2, "proved again");
        assert_eq!(version(&account, Some(&proved), "b"), 3);
        account.version = 3;
        assert_eq!(version(&account, None, "b"), 4, "removed and registered again");
        let given = Contact { value: "a".into(), verified_at: None, version: 9 };
        assert_eq!(version(&account, Some(&given), "a"), 10, "its standing changes");
    }
}
