//! What an attempt shows of its account where the organisation chose `account_disclosure: full`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::method::{EmailAddress, Method, Phone, Way};
use crate::policy::Policy;
use crate::registration::{Eligible, Profile};

/// What the person may be shown: the ways are the attempt's own ([`Policy::ways`]), the hints are these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosed {
    /// Masked contacts by way.
    pub hints: BTreeMap<Way, String>,
}

/// The policy of an attempt of this person, with the ways that are registered and may open a gate, and their hints. Two
/// ways to one number are offered as long as both are ways of one method; a desk phone with the mobile phone's number is
/// not a second thing, and so not offered (RST-04).
pub fn disclose(profile: &Profile, eligible: &Eligible, policy: &Policy) -> (Policy, Disclosed) {
    let same_number =
        contact(profile, Method::MobilePhone) == contact(profile, Method::OfficePhone);
    let doubled = same_number && eligible.methods.contains(&Method::MobilePhone);
    let open = |way: &Way| {
        eligible.methods.contains(&way.method()) && !(doubled && *way == Way::OfficeVoice)
    };
    let ways: Vec<Way> = Way::ALL.iter().copied().filter(open).collect();
    let hints = ways.iter().filter_map(|way| Some((*way, hint(profile, way.method())?))).collect();
    let policy = Policy { required: eligible.required, ways, ..policy.clone() };
    (policy, Disclosed { hints })
}

fn contact(profile: &Profile, method: Method) -> Option<&str> {
    let contact = match method {
        Method::Email => profile.email.as_ref(),
        Method::MobilePhone => profile.mobile_phone.as_ref(),
        Method::OfficePhone => profile.office_phone.as_ref(),
        Method::SecurityQuestions | Method::AuthenticatorApp | Method::RecoveryCode => None,
    };
    contact.map(|contact| contact.value.as_str())
}

/// A masked contact of constant length: `a•••••@e•••••.com`, `+44 ••••••23`.
fn hint(profile: &Profile, method: Method) -> Option<String> {
    let value = contact(profile, method)?;
    match method {
        Method::Email => EmailAddress::parse(value).ok().map(|address| address.hint()),
        Method::MobilePhone | Method::OfficePhone => Phone::parse(value).ok().map(|p| p.hint()),
        Method::SecurityQuestions | Method::AuthenticatorApp | Method::RecoveryCode => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Millis, Username};
    use crate::policy::Config;
    use crate::registration::{Contact, eligibility};

    fn person(office: &str) -> Profile {
        let mut person = Profile::new(Username::parse("alice").unwrap(), "uid".into(), Millis(0));
        let proved = |value: &str| {
            Some(Contact { value: value.into(), verified_at: Some(Millis(0)), version: 1 })
        };
        person.email = proved("alice@home.example");
        person.mobile_phone = proved("+447700900123");
        person.office_phone = proved(office);
        person
    }

    fn disclosed(person: &Profile) -> (Policy, Disclosed) {
        let mut config = Config::default();
        config.methods.office_phone = true;
        let eligible = eligibility(Some(person), &config, &config.scope(&BTreeMap::new())).unwrap();
        disclose(person, &eligible, &config.attempt_policy(1))
    }

    #[test]
    fn the_registered_ways_are_shown_with_masked_contacts() {
        let (policy, shown) = disclosed(&person("+441632960123"));
        assert_eq!(policy.ways, [Way::Email, Way::Sms, Way::Voice, Way::OfficeVoice]);
        assert_eq!(shown.hints[&Way::Email], "a•••••@h•••••.example");
        assert_eq!(shown.hints[&Way::Sms], "+44 ••••••23");
    }

    #[test]
    fn one_number_on_file_twice_is_one_thing() {
        let (policy, _) = disclosed(&person("+447700900123"));
        assert_eq!(policy.ways, [Way::Email, Way::Sms, Way::Voice]);
    }
}
