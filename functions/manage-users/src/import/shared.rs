//! Contacts of several people: allowed, since families and desks share phones, and told, since a mistyped number is a key
//! to somebody else's account.

use std::collections::{BTreeMap, BTreeSet};

use rules::registration::{Contact, Profile};
use state::{Fault, Store};

use super::{Flag, Row};

/// Pages of accounts read of each shard: 64,000 people.
const PAGES: u32 = 4;

/// The contacts that open gates, by the members that set them.
fn contacts(profile: &Profile) -> impl Iterator<Item = (&'static str, &str)> {
    let all: [(&'static str, Option<&Contact>); 3] = [
        ("email", profile.email.as_ref()),
        ("mobile_phone", profile.mobile_phone.as_ref()),
        ("office_phone", profile.office_phone.as_ref()),
    ];
    all.into_iter().filter_map(|(member, contact)| Some((member, contact?.value.as_str())))
}

/// Whose each contact of the file is: at most three people of each are kept, which is enough to name another.
#[derive(Default)]
struct Owners(BTreeMap<String, BTreeSet<String>>);

/// People kept of one contact.
const OWNERS_MAX: usize = 3;

impl Owners {
    fn of(rows: &[Row]) -> Self {
        let mut owners = Self::default();
        for profile in rows.iter().filter_map(Row::planned) {
            for (_, value) in contacts(profile) {
                let of_it = owners.0.entry(value.to_owned()).or_default();
                keep(of_it, profile);
            }
        }
        owners
    }

    /// Adds somebody who is not in the file.
    fn meet(&mut self, profile: &Profile) {
        for (_, value) in contacts(profile) {
            if let Some(of_it) = self.0.get_mut(value) {
                keep(of_it, profile);
            }
        }
    }

    fn flags(&self, profile: &Profile) -> Vec<Flag> {
        let name = profile.username.as_str();
        let shared = contacts(profile).filter_map(|(field, value)| {
            let also_of = self.0.get(value)?.iter().find(|other| *other != name)?.clone();
            Some(Flag { field, code: "shared_contact", also_of })
        });
        shared.collect()
    }
}

fn keep(of_it: &mut BTreeSet<String>, profile: &Profile) {
    if of_it.len() < OWNERS_MAX {
        of_it.insert(profile.username.to_string());
    }
}

/// Flags the rows that share a contact, with another row or with an account. `false` if there are more accounts than were
/// looked at.
pub async fn flag(store: &Store, rows: &mut [Row]) -> Result<bool, Fault> {
    let mut owners = Owners::of(rows);
    if owners.0.is_empty() {
        return Ok(true);
    }
    let in_file: BTreeSet<String> =
        rows.iter().filter_map(Row::planned).map(|p| p.username.to_string()).collect();
    let others = |profile: Profile| {
        // Who is in the file has there what they will have.
        if !in_file.contains(profile.username.as_str()) {
            owners.meet(&profile);
        }
    };
    let all = store.everybody(PAGES, others).await?;
    for row in rows.iter_mut() {
        let flags = row.planned().map(|profile| owners.flags(profile)).unwrap_or_default();
        row.warnings = flags;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use rules::ids::{Millis, Username};

    use super::*;

    fn person(name: &str, number: &str) -> Profile {
        let mut profile = Profile::new(Username::parse(name).unwrap(), "uid".into(), Millis(0));
        let value = number.to_owned();
        profile.mobile_phone = Some(Contact { value, verified_at: None, version: 1 });
        profile
    }

    #[test]
    fn a_contact_of_one_person_alone_is_not_flagged() {
        let (anna, bob) = (person("anna", "+447700900001"), person("bob", "+447700900002"));
        let mut owners = Owners::default();
        for (profile, value) in [(&anna, "+447700900001"), (&bob, "+447700900002")] {
            owners.0.entry(value.into()).or_default().insert(profile.username.to_string());
        }
        assert_eq!(owners.flags(&anna), []);
        owners.meet(&person("carol", "+447700900001"));
        let also_of = String::from("carol");
        let flag = Flag { field: "mobile_phone", code: "shared_contact", also_of };
        assert_eq!(owners.flags(&anna), [flag]);
        assert_eq!(owners.flags(&bob), []);
    }
}
