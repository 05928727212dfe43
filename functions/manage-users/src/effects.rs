//! What a change of an account sets off: what the record says, whether sessions end, who is told.

use rules::activity::Modified;
use rules::notice::{Kind, Notice};
use rules::registration::{Directory, Profile};
use state::Call;

use crate::notice;
use crate::view::hint;

/// What the record says of a change; contacts as hints.
pub fn modified(old: Option<&Profile>, new: &Profile) -> Vec<Modified> {
    type Plain = fn(&Profile) -> Option<String>;
    const PLAIN: [(&str, Plain); 12] = [
        ("display_name", |p| p.display_name.clone()),
        ("first_name", |p| p.first_name.clone()),
        ("last_name", |p| p.last_name.clone()),
        ("roles", |p| Some(list(p.roles.iter().map(|r| r.as_str())))),
        ("groups", |p| Some(list(p.groups.iter().map(String::as_str)))),
        ("enabled", |p| Some(p.enabled.to_string())),
        ("directory", |p| Some(directory(p.directory).to_owned())),
        ("directory_anchor", |p| p.directory_anchor.clone()),
        ("locale", |p| p.locale.clone()),
        ("must_change_password", |p| Some(p.must_change_password.to_string())),
        ("password_never_expires", |p| Some(p.password_never_expires.to_string())),
        ("cannot_change_password", |p| Some(p.cannot_change_password.to_string())),
    ];
    let entry = |field: &str, old: Option<String>, new: Option<String>| Modified {
        field: field.to_owned(),
        old,
        new,
    };
    let plain = PLAIN.iter().map(|(field, of)| (*field, old.and_then(of), of(new)));
    let mut all: Vec<Modified> =
        plain.filter(|(_, old, new)| old != new).map(|(f, old, new)| entry(f, old, new)).collect();
    let contacts = CONTACTS.iter().map(|(field, of)| (*field, old.and_then(of), of(new)));
    all.extend(
        contacts
            .filter(|(_, old, new)| old != new)
            .map(|(field, old, new)| entry(field, old.map(|v| hint(&v)), new.map(|v| hint(&v)))),
    );
    all
}

type ContactOf = fn(&Profile) -> Option<String>;

/// The contacts by their values, the mailbox for notices among them.
const CONTACTS: [(&str, ContactOf); 4] = [
    ("email", |p| p.email.as_ref().map(|c| c.value.clone())),
    ("mobile_phone", |p| p.mobile_phone.as_ref().map(|c| c.value.clone())),
    ("office_phone", |p| p.office_phone.as_ref().map(|c| c.value.clone())),
    ("primary_email", |p| p.primary_email.clone()),
];

fn list<'t>(names: impl Iterator<Item = &'t str>) -> String {
    names.collect::<Vec<_>>().join(";")
}

fn directory(directory: Directory) -> &'static str {
    match directory {
        Directory::Native => "native",
        Directory::OnPremises => "on_premises",
    }
}

/// Ends the account's sessions if a change must: when it is disabled, and when its roles change.
pub fn end_sessions(old: &Profile, new: &mut Profile) {
    if (old.enabled && !new.enabled) || old.roles != new.roles {
        new.epoch = new.epoch.saturating_add(1);
    }
}

/// Tells the old and the new mailboxes of a change of contacts (REG-12).
pub fn announcement(old: &Profile, new: &Profile, call: &Call) -> Option<Notice> {
    announced(old, new).map(|(kind, to)| notice(kind, new, to, call))
}

fn announced(old: &Profile, new: &Profile) -> Option<(Kind, Vec<String>)> {
    let mut changed = CONTACTS.iter().filter(|(_, of)| of(old) != of(new)).peekable();
    changed.peek()?;
    let removed = changed.all(|(_, of)| of(new).is_none());
    let kind = if removed { Kind::MethodRemoved } else { Kind::MethodChanged };
    let mut to: Vec<String> = Vec::new();
    let contacts = [old, new].into_iter().filter_map(|p| p.email.as_ref().map(|c| c.value.clone()));
    let mailboxes = [old, new].into_iter().flat_map(Profile::notice_addresses);
    for address in contacts.chain(mailboxes) {
        if !to.iter().any(|a| a.eq_ignore_ascii_case(&address)) {
            to.push(address);
        }
    }
    Some((kind, to))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rules::ids::{Millis, Username};
    use rules::registration::{Contact, Role};

    use super::*;

    fn bob() -> Profile {
        let mut bob = Profile::new(Username::parse("bob").unwrap(), "uid".into(), Millis(0));
        bob.email = contact("bob@home.example", 3);
        bob.primary_email = Some("Bob@work.example".into());
        bob
    }

    fn contact(value: &str, version: u32) -> Option<Contact> {
        Some(Contact { value: value.into(), verified_at: Some(Millis(7)), version })
    }

    #[test]
    fn the_record_shows_contacts_as_hints_even_when_they_look_alike() {
        let email = contact("bert@hut.example", 4);
        let new = Profile { email, enabled: false, ..bob() };
        let told = modified(Some(&bob()), &new);
        let told: Vec<_> = told.iter().map(|m| (m.field.as_str(), m.new.as_deref())).collect();
        let hint = "b•••••@h•••••.example";
        assert_eq!(told, [("enabled", Some("false")), ("email", Some(hint))]);
        assert_eq!(modified(Some(&bob()), &bob()), []);
    }

    #[test]
    fn disabling_and_other_roles_end_sessions_and_nothing_else_does() {
        let ended = |change: fn(&mut Profile)| {
            let mut new = bob();
            change(&mut new);
            end_sessions(&bob(), &mut new);
            new.epoch > bob().epoch
        };
        assert!(ended(|p| p.enabled = false));
        assert!(ended(|p| p.roles = BTreeSet::from([Role::User, Role::Helpdesk])));
        assert!(!ended(|p| p.display_name = Some("Bob".into())));
    }

    #[test]
    fn old_and_new_mailboxes_are_told_of_another_contact_once_each() {
        let told = |email, mobile_phone| {
            let new = Profile { email, mobile_phone, ..bob() };
            announced(&bob(), &new)
        };
        let (old, new, work) = ("bob@home.example", "bob@new.example", "Bob@work.example");
        let all = [old, new, work].map(String::from).to_vec();
        assert_eq!(told(contact(new, 4), None), Some((Kind::MethodChanged, all)));
        let both = [old, work].map(String::from).to_vec();
        assert_eq!(told(None, None), Some((Kind::MethodRemoved, both.clone())));
        let phone = contact("+447700900123", 4);
        assert_eq!(told(bob().email, phone), Some((Kind::MethodChanged, both)));
        assert_eq!(told(bob().email, None), None);
    }
}
