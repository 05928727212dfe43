//! What is registered, as the person may see it: hints of constant length, never a contact in full.

use edge::Json;
use rules::method::{EmailAddress, Method, Phone};
use rules::policy::Config;
use rules::registration::{Contact, Profile};
use serde::Serialize;
use utoipa::ToSchema;

use crate::visit::{Visit, contact};

/// A person's registration.
#[derive(Serialize, ToSchema)]
pub(crate) struct Registration {
    /// Methods needed.
    required: u8,
    /// Methods that could open a gate now.
    registered: u8,
    /// Whether nothing more is needed.
    complete: bool,
    /// `none`, `register` or `reconfirm`: what a sign-in asks.
    action: &'static str,
    confirmed_at: Option<String>,
    reconfirm_due_at: Option<String>,
    /// The methods that may be registered.
    methods: Vec<RegisteredMethod>,
}

/// One method.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegisteredMethod {
    #[schema(value_type = String)]
    method: Method,
    /// `missing`, `unverified` (filled in by the organisation), `verified`, `set_by_admin`.
    state: &'static str,
    /// Enough to recognise it: `a•••••@e•••••.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_at: Option<String>,
    /// Of `security_questions`: how many to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_register: Option<u8>,
    /// Of `security_questions`: which may be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    questions: Option<Vec<OfferedQuestion>>,
}

/// A question that may be answered.
#[derive(Serialize, ToSchema)]
pub(crate) struct OfferedQuestion {
    id: String,
    text: String,
}

/// Says what is registered and what is still missing.
#[utoipa::path(get, path = "/v1/registration", responses(
    (status = 200, body = Registration), (status = 401, description = "invalid_token"),
    (status = 403, description = "reset_refused"),
))]
pub(crate) async fn current(visit: Visit) -> Json<Registration> {
    Json(of(&visit))
}

/// The registration of the visitor, as it is now.
pub(crate) fn of(visit: &Visit) -> Registration {
    let profile = visit.profile();
    let standing = visit.standing(profile);
    let methods = visit.methods().into_iter().map(|method| match method {
        Method::SecurityQuestions => questions(visit),
        Method::Email
        | Method::MobilePhone
        | Method::OfficePhone
        | Method::AuthenticatorApp
        | Method::RecoveryCode => registered(profile, method, &visit.config),
    });
    Registration {
        required: standing.required,
        registered: standing.registered,
        complete: visit.is_complete(profile),
        action: standing.action.as_str(),
        confirmed_at: profile.confirmed_at.map(|at| at.rfc3339()),
        reconfirm_due_at: standing.reconfirm_due_at.map(|at| at.rfc3339()),
        methods: methods.collect(),
    }
}

fn registered(profile: &Profile, method: Method, config: &Config) -> RegisteredMethod {
    let contact = contact(profile, method);
    let kept = profile.registered_at(method, config);
    let verified_at = contact.and_then(|c| c.verified_at).or(kept);
    RegisteredMethod {
        method,
        state: if kept.is_some() { "verified" } else { state(method, contact) },
        hint: contact.and_then(|c| hint(method, &c.value)),
        verified_at: verified_at.map(|at| at.rfc3339()),
        to_register: None,
        questions: None,
    }
}

/// The method of questions, with those that may be answered, in the language of the request.
fn questions(visit: &Visit) -> RegisteredMethod {
    let (config, locale) = (&visit.config, &visit.call.locale);
    let default = &config.branding.default_locale;
    let offered = config.question_pool().into_iter().map(|question| OfferedQuestion {
        id: question.id().to_owned(),
        text: question.text(locale, default).to_owned(),
    });
    RegisteredMethod {
        to_register: Some(config.security_questions.to_register),
        questions: Some(offered.collect()),
        ..registered(visit.profile(), Method::SecurityQuestions, config)
    }
}

fn state(method: Method, contact: Option<&Contact>) -> &'static str {
    match contact {
        None => "missing",
        Some(_) if method == Method::OfficePhone => "set_by_admin",
        Some(contact) if contact.verified_at.is_some() => "verified",
        Some(_) => "unverified",
    }
}

/// Enough of a contact to recognise it; nothing if it is no contact any more (a number plan that changed).
pub(crate) fn hint(method: Method, value: &str) -> Option<String> {
    match method {
        Method::Email => EmailAddress::parse(value).ok().map(|a| a.hint()),
        Method::MobilePhone | Method::OfficePhone => Phone::parse(value).ok().map(|p| p.hint()),
        Method::SecurityQuestions | Method::AuthenticatorApp | Method::RecoveryCode => None,
    }
}

#[cfg(test)]
mod tests {
    use rules::ids::{Millis, Username};

    use super::*;

    #[test]
    fn a_datum_is_missing_unverified_verified_or_set_by_an_administrator() {
        let username = Username::parse("alice").unwrap();
        let mut profile = Profile::new(username, String::from("u"), Millis(0));
        let see = |profile: &Profile, method| registered(profile, method, &Config::default());
        let unproved =
            |value: &str| Some(Contact { value: value.to_owned(), verified_at: None, version: 1 });
        assert_eq!(see(&profile, Method::Email).state, "missing");
        profile.email = unproved("alice@home.example");
        profile.office_phone = unproved("+442079460958");
        let email = see(&profile, Method::Email);
        assert_eq!(
            (email.state, email.hint.as_deref()),
            ("unverified", Some("a•••••@h•••••.example"))
        );
        let office = see(&profile, Method::OfficePhone);
        assert_eq!((office.state, office.hint.as_deref()), ("set_by_admin", Some("+44 ••••••58")));
        profile.email.as_mut().unwrap().verified_at = Some(Millis(7));
        assert_eq!(see(&profile, Method::Email).state, "verified");
        assert_eq!(see(&profile, Method::RecoveryCode).state, "missing");
    }
}
