//! An account as administrators see it: contacts as hints, and nothing that proves or opens anything.

use std::collections::BTreeSet;

use rules::ids::Millis;
use rules::lockout::{Record, Standing, standing};
use rules::method::{EmailAddress, Method, Phone};
use rules::policy::Config;
use rules::registration::{Contact, Directory, Profile, Role};
use serde::Serialize;
use utoipa::ToSchema;

/// An account.
#[derive(Serialize, ToSchema)]
pub struct User {
    username: String,
    display_name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// The mailbox for notices.
    primary_email: Option<String>,
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<Role>,
    groups: BTreeSet<String>,
    enabled: bool,
    /// `native` or `on_premises`.
    #[schema(value_type = String)]
    directory: Directory,
    directory_anchor: Option<String>,
    locale: Option<String>,
    must_change_password: bool,
    password_never_expires: bool,
    cannot_change_password: bool,
    /// Methods with anything on file.
    registered: Vec<MethodOnFile>,
    /// When wrong passwords have locked the name, until when.
    locked_until: Option<String>,
    created_at: String,
    updated_at: String,
}

/// A method with something on file.
#[derive(Serialize, ToSchema)]
pub struct MethodOnFile {
    #[schema(value_type = String)]
    method: Method,
    /// `unverified`, `verified` or `set_by_admin`.
    state: &'static str,
    /// Of an address or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_at: Option<String>,
}

impl User {
    /// The view of an account. `record` is of its name's failed sign-ins.
    pub fn of(profile: Profile, record: Option<&Record>, config: &Config, now: Millis) -> Self {
        let standing = standing(record, profile.lock_epoch, &config.lockout_limits(), now);
        let locked_until = match standing {
            Standing::Locked { until } => Some(until.rfc3339()),
            Standing::Fresh | Standing::Open { .. } | Standing::OnParole { .. } => None,
        };
        Self {
            registered: registered(&profile, config),
            locked_until,
            username: profile.username.to_string(),
            display_name: profile.display_name,
            first_name: profile.first_name,
            last_name: profile.last_name,
            primary_email: profile.primary_email,
            roles: profile.roles,
            groups: profile.groups,
            enabled: profile.enabled,
            directory: profile.directory,
            directory_anchor: profile.directory_anchor,
            locale: profile.locale,
            must_change_password: profile.must_change_password,
            password_never_expires: profile.password_never_expires,
            cannot_change_password: profile.cannot_change_password,
            created_at: profile.created_at.rfc3339(),
            updated_at: profile.updated_at.rfc3339(),
        }
    }
}

fn registered(profile: &Profile, config: &Config) -> Vec<MethodOnFile> {
    let on_file = |method: Method| {
        let contact = match method {
            Method::Email => profile.email.as_ref(),
            Method::MobilePhone => profile.mobile_phone.as_ref(),
            Method::OfficePhone => profile.office_phone.as_ref(),
            Method::SecurityQuestions | Method::AuthenticatorApp | Method::RecoveryCode => None,
        };
        let kept = profile.registered_at(method, config);
        let state = contact.map(|c| state(method, c)).or(kept.map(|_| "verified"))?;
        let verified_at = contact.and_then(|c| c.verified_at).or(kept).map(Millis::rfc3339);
        Some(MethodOnFile { method, state, hint: contact.map(|c| hint(&c.value)), verified_at })
    };
    Method::ALL.into_iter().filter_map(on_file).collect()
}

fn state(method: Method, contact: &Contact) -> &'static str {
    match (method, contact.verified_at) {
        (Method::OfficePhone, _) => "set_by_admin",
        (_, Some(_)) => "verified",
        (_, None) => "unverified",
    }
}

/// What may be shown of an address or a number.
pub fn hint(value: &str) -> String {
    let address = EmailAddress::parse(value).map(|a| a.hint());
    let number = || Phone::parse(value).map(|p| p.hint());
    address.or_else(|_| number()).unwrap_or_else(|_| String::from("•••••"))
}

#[cfg(test)]
mod tests {
    use rules::factors::facts::AuthenticatorApp;
    use rules::ids::Username;

    use super::*;

    #[test]
    fn a_view_shows_contacts_as_hints_only() {
        let mut profile = Profile::new(Username::parse("alice").unwrap(), "uid".into(), Millis(0));
        let contact = |value: &str, verified_at: Option<Millis>| {
            Some(Contact { value: value.into(), verified_at, version: 1 })
        };
        profile.email = contact("alice@home.example", Some(Millis(0)));
        profile.mobile_phone = contact("+447700900123", None);
        profile.office_phone = contact("+442079460123", None);
        let app = AuthenticatorApp { at: Millis(0), version: 2, last_step: 0 };
        profile.authenticator = Some(app);
        let registered = registered(&profile, &Config::default());
        let told: Vec<_> = registered
            .iter()
            .map(|r| (r.method, r.state, r.hint.as_deref().unwrap_or_default()))
            .collect();
        let expected = [
            (Method::Email, "verified", "a•••••@h•••••.example"),
            (Method::MobilePhone, "unverified", "+44 ••••••23"),
            (Method::OfficePhone, "set_by_admin", "+44 ••••••23"),
            (Method::AuthenticatorApp, "verified", ""),
        ];
        assert_eq!(told, expected);
        assert_eq!(hint("nonsense"), "•••••");
    }
}
