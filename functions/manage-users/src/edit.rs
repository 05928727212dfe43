//! What an administrator may set of an account.

use std::collections::BTreeSet;

use rules::method::{EmailAddress, InvalidContact, Phone, PhoneUse};
use rules::password::Password;
use rules::policy::{Config, is_locale};
use rules::refusal::{FieldError, Refusal};
use rules::registration::{Contact, Directory, Profile, Role};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::groups::wrong_names;

/// Longest name of a person, characters.
const NAME_MAX: usize = 128;

/// Longest anchor, characters: an objectGUID or an entryUUID is 36, a distinguished name may be longer.
const ANCHOR_MAX: usize = 256;

/// A member that is given, even as null: told apart from one that is left out.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(reader: D) -> Result<Option<T>, D::Error> {
    T::deserialize(reader).map(Some)
}

/// What may be set. A member left out keeps its value; null takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    last_name: Option<Option<String>>,
    /// Unverified until the person proves it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// Unverified until the person proves it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    mobile_phone: Option<Option<String>>,
    /// Usable as set.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    office_phone: Option<Option<String>>,
    /// The mailbox for notices.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    primary_email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>)]
    roles: Option<BTreeSet<Role>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>)]
    groups: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    enabled: Option<bool>,
    /// `native` or `on_premises`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String)]
    directory: Option<Directory>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    directory_anchor: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    locale: Option<Option<String>>,
    /// Only at creation.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub initial_password: Option<Password>,
    /// True where an initial password is given and this is not.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    must_change_password: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    password_never_expires: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    cannot_change_password: Option<bool>,
}

/// What was found wrong: members of the request, or a contact that cannot be used.
#[derive(Default)]
struct Wrong {
    members: Vec<FieldError>,
    contact: Option<FieldError>,
}

impl Wrong {
    fn member(&mut self, field: &str, code: &str) {
        self.members.push(FieldError::new(field, code));
    }

    fn name(&mut self, field: &str, given: Option<&Option<String>>, kept: &mut Option<String>) {
        self.text(field, given, NAME_MAX, kept);
    }

    fn text(
        &mut self,
        field: &str,
        given: Option<&Option<String>>,
        max: usize,
        kept: &mut Option<String>,
    ) {
        let Some(given) = given else { return };
        let text = given.as_deref().map(str::trim);
        match text {
            Some("") => self.member(field, "required"),
            Some(text) if text.chars().count() > max => self.member(field, "too_long"),
            Some(text) if text.chars().any(char::is_control) => {
                self.member(field, "invalid_character");
            }
            text => *kept = text.map(str::to_owned),
        }
    }

    /// A contact in its canonical form. One that is not usable any more stays as long as it stays the same.
    fn contact<T>(
        &mut self,
        field: &str,
        given: Option<&Option<String>>,
        kept: &mut Option<T>,
        read: impl FnOnce(&str, Option<&T>) -> Result<Option<T>, InvalidContact>,
    ) {
        let Some(given) = given else { return };
        let Some(typed) = given else {
            *kept = None;
            return;
        };
        match read(typed, kept.as_ref()) {
            Ok(Some(new)) => *kept = Some(new),
            Ok(None) => {}
            Err(error) => self.contact = Some(FieldError::new(field, error.code())),
        }
    }

    fn refuse(self) -> Result<(), Refusal> {
        if !self.members.is_empty() {
            return Err(Refusal::InvalidRequest(self.members));
        }
        self.contact.map_or(Ok(()), |contact| Err(Refusal::InvalidContact(contact)))
    }
}

/// The contact after a change to `value`, nothing if it is that already: what changed is unproved, whoever proved it
/// before.
fn changed(value: String, old: Option<&Contact>, version: u32) -> Option<Contact> {
    let same = old.is_some_and(|old| old.value == value);
    (!same).then_some(Contact { value, verified_at: None, version })
}

/// Sets what is given. `version` becomes that of every changed contact; it must be above all that the account's contacts
/// ever had, since a gate passed by a contact is bound to its version.
///
/// # Refuses
/// `InvalidRequest` with every wrong member; `InvalidContact`.
pub fn apply(
    given: &UserChange,
    profile: &mut Profile,
    config: &Config,
    version: u32,
) -> Result<(), Refusal> {
    let mut wrong = Wrong::default();
    wrong.name("display_name", given.display_name.as_ref(), &mut profile.display_name);
    wrong.name("first_name", given.first_name.as_ref(), &mut profile.first_name);
    wrong.name("last_name", given.last_name.as_ref(), &mut profile.last_name);
    let anchor = &mut profile.directory_anchor;
    wrong.text("directory_anchor", given.directory_anchor.as_ref(), ANCHOR_MAX, anchor);
    apply_contacts(given, profile, config, version, &mut wrong);
    match &given.roles {
        Some(roles) if roles.is_empty() => wrong.member("roles", "required"),
        Some(roles) => profile.roles = roles.clone(),
        None => {}
    }
    if let Some(groups) = &given.groups {
        wrong.members.extend(wrong_names(groups));
        profile.groups = groups.iter().cloned().collect();
    }
    match &given.locale {
        Some(Some(tag)) if !is_locale(tag) => wrong.member("locale", "invalid"),
        Some(locale) => profile.locale = locale.clone(),
        None => {}
    }
    let set = |to: &mut bool, given: Option<bool>| *to = given.unwrap_or(*to);
    set(&mut profile.enabled, given.enabled);
    set(&mut profile.must_change_password, given.must_change_password);
    set(&mut profile.password_never_expires, given.password_never_expires);
    set(&mut profile.cannot_change_password, given.cannot_change_password);
    profile.directory = given.directory.unwrap_or(profile.directory);
    wrong.refuse()
}

fn apply_contacts(
    given: &UserChange,
    profile: &mut Profile,
    config: &Config,
    version: u32,
    wrong: &mut Wrong,
) {
    let address = |typed: &str, old: Option<&Contact>| {
        let address = EmailAddress::parse(typed)?;
        Ok(changed(address.canonical(), old, version))
    };
    let number = |use_: PhoneUse| {
        move |typed: &str, old: Option<&Contact>| {
            let number = Phone::parse(typed)?;
            let new = changed(number.as_str().to_owned(), old, version);
            if new.is_some() {
                number.allowed(&config.telecom.countries, use_)?;
            }
            Ok(new)
        }
    };
    let mailbox = |typed: &str, _: Option<&String>| {
        EmailAddress::parse(typed).map(|address| Some(address.as_str().to_owned()))
    };
    let (mobile, office) = (number(PhoneUse::Text), number(PhoneUse::Call));
    wrong.contact("email", given.email.as_ref(), &mut profile.email, address);
    let kept = &mut profile.mobile_phone;
    wrong.contact("mobile_phone", given.mobile_phone.as_ref(), kept, mobile);
    let kept = &mut profile.office_phone;
    wrong.contact("office_phone", given.office_phone.as_ref(), kept, office);
    let kept = &mut profile.primary_email;
    wrong.contact("primary_email", given.primary_email.as_ref(), kept, mailbox);
}

#[cfg(test)]
mod tests {
    use rules::ids::{Millis, Username};

    use super::*;

    fn bob() -> Profile {
        let mut bob = Profile::new(Username::parse("bob").unwrap(), "uid".into(), Millis(0));
        let verified_at = Some(Millis(7));
        bob.email = Some(Contact { value: "bob@home.example".into(), verified_at, version: 3 });
        bob.primary_email = Some("Bob@work.example".into());
        bob
    }

    fn given(json: &str) -> UserChange {
        edge::body::parse(json.as_bytes()).unwrap()
    }

    fn applied(json: &str) -> Result<Profile, Refusal> {
        let mut profile = bob();
        apply(&given(json), &mut profile, &Config::default(), 9).map(|()| profile)
    }

    fn fields(json: &str) -> Vec<(String, String)> {
        let Err(Refusal::InvalidRequest(errors)) = applied(json) else { return Vec::new() };
        errors.into_iter().map(|e| (e.field, e.code)).collect()
    }

    #[test]
    fn what_is_left_out_stays_and_null_takes_away() {
        assert!(applied("{}").unwrap() == bob());
        assert!(applied(r#"{"email":null,"primary_email":null}"#).unwrap().email.is_none());
        for bad in [r#"{"roles":null}"#, r#"{"enabled":null}"#, r#"{"enabled":1}"#, r#"{"x":1}"#] {
            assert!(edge::body::parse::<UserChange>(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_contact_keeps_its_proof_and_another_loses_it() {
        let same = applied(r#"{"email":" BOB@home.example "}"#).unwrap().email.unwrap();
        assert_eq!((same.verified_at, same.version), (Some(Millis(7)), 3));
        let other = applied(r#"{"email":"bob@new.example"}"#).unwrap().email.unwrap();
        assert_eq!((other.verified_at, other.version), (None, 9));
    }

    #[test]
    fn a_number_must_be_usable_when_it_changes_only() {
        let code = |json: &str| match applied(json) {
            Err(Refusal::InvalidContact(error)) => Some((error.field, error.code)),
            _ => None,
        };
        let refused = |f: &str, c: &str| Some((f.to_owned(), c.to_owned()));
        let foreign = r#"{"mobile_phone":"+4915112345678"}"#;
        assert_eq!(code(foreign), refused("mobile_phone", "country_not_allowed"));
        let fixed = r#"{"mobile_phone":"+442079460123"}"#;
        assert_eq!(code(fixed), refused("mobile_phone", "kind_not_allowed"));
        assert_eq!(code(r#"{"office_phone":"+442079460123"}"#), None);
        assert_eq!(code(r#"{"email":"bob"}"#), refused("email", "malformed"));
        let mut profile = bob();
        let value = String::from("+4915112345678");
        profile.mobile_phone = Some(Contact { value, verified_at: None, version: 1 });
        assert!(apply(&given(foreign), &mut profile, &Config::default(), 9).is_ok());
    }

    #[test]
    fn every_wrong_member_is_named() {
        let long = "x".repeat(129);
        let json = format!(
            r#"{{"display_name":"{long}","first_name":" ","last_name":"a\u0000","roles":[],
                "groups":["a","b;c"],"locale":"xx"}}"#
        );
        let expected = [
            ("display_name", "too_long"),
            ("first_name", "required"),
            ("last_name", "invalid_character"),
            ("roles", "required"),
            ("groups[1]", "invalid"),
            ("locale", "invalid"),
        ];
        let expected = expected.map(|(f, c)| (f.to_owned(), c.to_owned()));
        assert_eq!(fields(&json), expected);
        let longest = "x".repeat(128);
        assert_eq!(fields(&format!(r#"{{"display_name":"{longest}"}}"#)), []);
    }
}
