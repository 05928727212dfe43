//! Begins to register a method: `POST /v1/registration/methods`. A new contact is sent a code; what else there is, is handed
//! out ([`crate::hand_out`]).

use axum::response::{IntoResponse, Response};
use edge::{Json, Problem};
use http::StatusCode;
use rules::ids::Millis;
use rules::method::{EmailAddress, InvalidContact, Method, Phone, Way};
use rules::policy::Codes;
use rules::refusal::{FieldError, Refusal};
use rules::throttle;
use serde::{Deserialize, Serialize};
use state::Error;
use state::enrolment::{Pending, TRIES};
use state::throttles::Counters;
use utoipa::ToSchema;

use crate::hand_out::{self, HandedOut};
use crate::visit::{ROUNDS, Visit};

/// A method with what it needs: an address for `email`; a number and a way for `mobile_phone`; nothing for
/// `authenticator_app` and `recovery_code`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMethod {
    #[schema(value_type = String)]
    method: Method,
    #[serde(default)]
    address: Option<String>,
    /// With country code; spaces, dots, dashes and brackets are ignored.
    #[serde(default)]
    number: Option<String>,
    #[serde(default)]
    via: Option<Via>,
}

/// How a code comes to a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Via {
    /// As a text.
    Sms,
    /// As a call.
    Voice,
}

/// A code is on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeSent {
    #[schema(value_type = String)]
    method: Method,
    code_length: u8,
    /// Seconds.
    expires_in: u32,
    /// Seconds.
    resend_after: u32,
}

/// Sends a code to a new contact, which counts once the code came back; or hands out the secret of an app, which counts once
/// a code of it came back; or a recovery code.
#[utoipa::path(post, path = "/v1/registration/methods", request_body = NewMethod, responses(
    (status = 200, body = HandedOut),
    (status = 202, body = CodeSent), (status = 400, description = "invalid_request"),
    (status = 401, description = "invalid_token"),
    (status = 403, description = "reset_refused, reauthentication_required"),
    (status = 409, description = "conflict"),
    (status = 422, description = "method_not_enabled, invalid_contact"),
    (status = 429, description = "throttled"),
))]
pub(crate) async fn ask(
    mut visit: Visit,
    Json(body): Json<NewMethod>,
) -> Result<Response, Problem> {
    let wanted = body.wanted()?;
    visit.require_fresh()?;
    visit.require(body.method)?;
    match wanted {
        Wanted::Code(way, typed) => {
            let sent = send(&visit, body.method, way, &typed).await?;
            Ok((StatusCode::ACCEPTED, sent).into_response())
        }
        Wanted::App => Ok(hand_out::app(&mut visit).await?.into_response()),
        Wanted::RecoveryCode => Ok(hand_out::recovery_code(&mut visit).await?.into_response()),
    }
}

async fn send(
    visit: &Visit,
    method: Method,
    way: Way,
    typed: &str,
) -> Result<Json<CodeSent>, Problem> {
    let contact = canonical(way, typed, &visit.config.telecom.countries)?;
    let codes = &visit.config.codes;
    let nonce = visit.app.chance.id()?;
    order(visit, &Order { way, contact, codes, nonce, now: visit.call.now }).await?;
    Ok(Json(CodeSent {
        method,
        code_length: codes.digits,
        expires_in: codes.seconds,
        resend_after: codes.resend_after,
    }))
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// A code by this way to the contact as typed.
    Code(Way, String),
    /// The secret of an app.
    App,
    /// A recovery code.
    RecoveryCode,
}

impl NewMethod {
    /// What is to be done.
    ///
    /// # Refuses
    /// Members that are missing or belong to another method; `MethodNotEnabled` for a method that begins elsewhere.
    fn wanted(&self) -> Result<Wanted, Refusal> {
        let Self { method, address, number, via } = self;
        let foreign = match method {
            Method::Email => [(number.is_some(), "number"), (via.is_some(), "via")],
            Method::MobilePhone => [(address.is_some(), "address"), (false, "")],
            Method::OfficePhone
            | Method::SecurityQuestions
            | Method::AuthenticatorApp
            | Method::RecoveryCode => {
                let any = number.is_some() || via.is_some();
                [(address.is_some(), "address"), (any, "number")]
            }
        };
        if let Some((_, field)) = foreign.iter().find(|(there, _)| *there) {
            return Err(wrong(field, "unknown_member"));
        }
        let required = |field| wrong(field, "required");
        match method {
            Method::Email => {
                let address = address.clone().ok_or_else(|| required("address"))?;
                Ok(Wanted::Code(Way::Email, address))
            }
            Method::MobilePhone => {
                let number = number.clone().ok_or_else(|| required("number"))?;
                let way = match via.ok_or_else(|| required("via"))? {
                    Via::Sms => Way::Sms,
                    Via::Voice => Way::Voice,
                };
                Ok(Wanted::Code(way, number))
            }
            Method::AuthenticatorApp => Ok(Wanted::App),
            Method::RecoveryCode => Ok(Wanted::RecoveryCode),
            Method::OfficePhone | Method::SecurityQuestions => Err(Refusal::MethodNotEnabled),
        }
    }
}

fn wrong(field: &str, code: &str) -> Refusal {
    Refusal::InvalidRequest(vec![FieldError::new(field, code)])
}

/// The contact in the form that is stored, if codes may go to it (THR-04).
fn canonical(way: Way, typed: &str, countries: &[String]) -> Result<String, Refusal> {
    let phone = |use_| -> Result<String, InvalidContact> {
        let phone = Phone::parse(typed)?;
        phone.allowed(countries, use_)?;
        Ok(phone.as_str().to_owned())
    };
    let (field, contact) = match way.phone_use() {
        Some(use_) => ("number", phone(use_)),
        None => ("address", EmailAddress::parse(typed).map(|a| a.canonical())),
    };
    contact.map_err(|why| Refusal::InvalidContact(FieldError::new(field, why.code())))
}

/// A code that is wanted.
struct Order<'o> {
    way: Way,
    contact: String,
    codes: &'o Codes,
    /// Drawn for this call; used if the contact is not the one already waiting.
    nonce: String,
    now: Millis,
}

impl Order<'_> {
    /// What is waited for after this order. A resend to the same contact replaces the code before it; guesses made while
    /// a code is alive are not given back by another.
    ///
    /// # Refuses
    /// `Throttled` before `resend_after` has passed since the last code for the method, or while the guesses at a
    /// living one are used up.
    fn after(&self, last: Option<&Pending>) -> Result<Pending, Refusal> {
        let now = self.now;
        let until = |at: Millis| Refusal::Throttled { retry_after: now.seconds_until(at).max(1) };
        let alive = last.filter(|last| now < last.expires_at);
        if let Some(last) = last {
            let next = last.at.plus_seconds(self.codes.resend_after);
            if now < next {
                return Err(until(next));
            }
        }
        if let Some(alive) = alive.filter(|alive| alive.tries >= TRIES) {
            return Err(until(alive.expires_at));
        }
        let same = last.filter(|last| last.contact == self.contact);
        Ok(Pending {
            way: self.way,
            contact: self.contact.clone(),
            nonce: same.map_or_else(|| self.nonce.clone(), |s| s.nonce.clone()),
            send: same.map_or(1, |s| s.send.saturating_add(1)),
            at: now,
            expires_at: now.plus_seconds(self.codes.seconds),
            digits: self.codes.digits,
            tries: alive.map_or(0, |alive| alive.tries),
            paid_by: String::new(),
        })
    }
}

/// Pays for one send and commits the order, however often another order comes first.
async fn order(visit: &Visit, order: &Order<'_>) -> Result<(), Problem> {
    let (store, username) = (&visit.app.store, visit.username());
    let limits = visit.config.limits();
    let counters = Counters::of(username, &visit.call.network, &limits);
    let mut paid = false;
    for _ in 0..ROUNDS {
        let enrolment = store.enrolment(username).await?;
        let last = enrolment.as_ref().and_then(|e| e.of(order.way.method()));
        let pending = order.after(last)?;
        if !paid {
            store.pay(&counters, &throttle::send(&limits, order.way), &visit.call).await?;
            paid = true;
        }
        match store.enrol(username, enrolment.as_ref(), pending, &visit.call).await {
            Ok(()) => return Ok(()),
            Err(Error::Refused(Refusal::Conflict)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::Conflict.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes() -> Codes {
        Codes { digits: 8, seconds: 300, resend_after: 30 }
    }

    fn ordered(contact: &str, now: i64, last: Option<&Pending>) -> Result<Pending, Refusal> {
        let (contact, nonce) = (contact.to_owned(), format!("drawn at {now}"));
        let order =
            Order { way: Way::Email, contact, codes: &codes(), nonce, now: Millis(now * 1000) };
        order.after(last)
    }

    #[test]
    fn a_resend_waits_for_its_time_and_replaces_the_code() {
        let first = ordered("a@x.example", 0, None).unwrap();
        assert_eq!((first.send, first.tries), (1, 0));
        let early = ordered("a@x.example", 29, Some(&first)).err();
        assert_eq!(early, Some(Refusal::Throttled { retry_after: 1 }));
        let second = ordered("a@x.example", 30, Some(&first)).unwrap();
        assert_eq!((second.send, &second.nonce), (2, &first.nonce));
    }

    #[test]
    fn another_contact_has_codes_of_its_own_and_waits_as_long() {
        let first = ordered("a@x.example", 0, None).unwrap();
        assert!(ordered("b@x.example", 29, Some(&first)).is_err());
        let other = ordered("b@x.example", 30, Some(&first)).unwrap();
        assert_eq!(other.send, 1);
        assert_ne!(other.nonce, first.nonce);
    }

    #[test]
    fn a_resend_buys_no_guesses_until_the_code_before_it_is_dead() {
        let mut last = ordered("a@x.example", 0, None).unwrap();
        last.tries = 3;
        assert_eq!(ordered("a@x.example", 299, Some(&last)).unwrap().tries, 3);
        last.tries = TRIES;
        let refused = ordered("a@x.example", 299, Some(&last)).err();
        assert_eq!(refused, Some(Refusal::Throttled { retry_after: 1 }));
        assert_eq!(ordered("a@x.example", 300, Some(&last)).unwrap().tries, 0);
    }

    #[test]
    fn members_of_another_method_are_refused_and_missing_ones_named() {
        let wanted = |address: Option<&str>, number: Option<&str>, via, method| {
            let address = address.map(str::to_owned);
            let number = number.map(str::to_owned);
            NewMethod { method, address, number, via }.wanted()
        };
        let (a, n) = (Some("a@x.example"), Some("+447700900123"));
        let code = |way, contact: Option<&str>| Ok(Wanted::Code(way, contact.unwrap().to_owned()));
        assert_eq!(wanted(a, None, None, Method::Email), code(Way::Email, a));
        assert_eq!(wanted(a, n, None, Method::Email), Err(wrong("number", "unknown_member")));
        assert_eq!(wanted(None, None, None, Method::Email), Err(wrong("address", "required")));
        let by_voice = wanted(None, n, Some(Via::Voice), Method::MobilePhone);
        assert_eq!(by_voice, code(Way::Voice, n));
        assert_eq!(wanted(None, n, None, Method::MobilePhone), Err(wrong("via", "required")));
        assert_eq!(wanted(None, None, None, Method::AuthenticatorApp), Ok(Wanted::App));
        assert_eq!(wanted(None, None, None, Method::RecoveryCode), Ok(Wanted::RecoveryCode));
        let foreign = wanted(None, n, None, Method::RecoveryCode);
        assert_eq!(foreign, Err(wrong("number", "unknown_member")));
        for elsewhere in [Method::OfficePhone, Method::SecurityQuestions] {
            assert_eq!(wanted(None, None, None, elsewhere), Err(Refusal::MethodNotEnabled));
        }
    }

    #[test]
    fn texts_go_to_mobile_phones_of_listed_countries_only() {
        let gb = [String::from("GB")];
        let mobile = canonical(Way::Sms, "+44 7400 123456", &gb);
        assert_eq!(mobile.as_deref(), Ok("+447400123456"));
        let code = |way, number| match canonical(way, number, &gb) {
            Err(Refusal::InvalidContact(e)) => Some((e.field, e.code)),
            Ok(_) | Err(_) => None,
        };
        let refused = |code: &str| Some((String::from("number"), code.to_owned()));
        assert_eq!(code(Way::Sms, "+12015550123"), refused("country_not_allowed"));
        assert_eq!(code(Way::Sms, "+442079460958"), refused("kind_not_allowed"));
        assert!(canonical(Way::Voice, "+442079460958", &gb).is_ok());
    }
}
