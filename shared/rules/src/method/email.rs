//! A mail address that mail can be sent to.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

use super::{InvalidContact, punycode};

/// Longest part before the `@`, in octets (RFC 5321 §4.5.3.1.1).
const LOCAL_MAX: usize = 64;
/// Longest address, in octets (RFC 5321 §4.5.3.1.3: a path of 256 with its two brackets).
const ADDRESS_MAX: usize = 254;
/// Longest label of a domain, in octets (RFC 1035 §2.3.4).
const LABEL_MAX: usize = 63;
/// What may stand before the `@` besides letters and digits (RFC 5322's `atext` and the dot). No quoted form, and no
/// letters beyond ASCII: SES does not send to them.
const LOCAL_MARKS: &str = "!#$%&'*+-/=?^_`{|}~.";

/// A mail address. The domain is lower-case and in ASCII form; the part before the `@` is as typed.
///
/// `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads what a person typed.
    ///
    /// # Refuses
    /// What no mail can be sent to; see [`InvalidContact`].
    pub fn parse(text: &str) -> Result<Self, InvalidContact> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidContact::Required);
        }
        // Before normalising: nothing longer may cost work. Four bytes a character at most.
        if text.len() > ADDRESS_MAX.saturating_mul(4) {
            return Err(InvalidContact::TooLong);
        }
        let plain: String = text.nfkc().collect();
        let (local, domain) = plain.split_once('@').ok_or(InvalidContact::Malformed)?;
        let domain = ascii_domain(domain).ok_or(InvalidContact::Malformed)?;
        if !domain.contains('.') || !is_local(local) || ends_in_a_number(&domain) {
            return Err(InvalidContact::Malformed);
        }
        let address = format!("{local}@{domain}");
        if local.len() > LOCAL_MAX || address.len() > ADDRESS_MAX {
            return Err(InvalidContact::TooLong);
        }
        Ok(Self(address))
    }

    /// The address as mail is sent to it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two spellings of one address are equal: all lower-case. (RFC 5321 lets a host tell `A@` from
    /// `a@`; none that people use does, and people do not type alike.)
    pub fn canonical(&self) -> String {
        self.0.to_lowercase()
    }

    /// What may be shown to somebody who may not know it: `a•••••@e•••••.com`, whatever its length.
    pub fn hint(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let (name, end) = domain.rsplit_once('.').unwrap_or((domain, ""));
        let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
        format!("{}•••••@{}•••••.{end}", first(local), first(name))
    }
}

fn is_local(local: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || LOCAL_MARKS.contains(c);
    let atoms = local.split('.').all(|atom| !atom.is_empty());
    atoms && local.chars().all(allowed)
}

/// `user@10.0.0.1` is an address of a machine, not of a mailbox.
fn ends_in_a_number(domain: &str) -> bool {
    domain.rsplit('.').next().is_some_and(|end| end.bytes().all(|b| b.is_ascii_digit()))
}

/// The ASCII form of a host name of one or more labels, lower-case; `None` when it is none.
fn ascii_domain(domain: &str) -> Option<String> {
    let labels: Option<Vec<String>> = domain.split('.').map(ascii_label).collect();
    Some(labels?.join("."))
}

fn ascii_label(label: &str) -> Option<String> {
    // The accents of many scripts are marks of their own, which are neither letters nor digits.
    let mark = unicode_normalization::char::is_combining_mark;
    let allowed = |c: char| c.is_alphanumeric() || c == '-' || mark(c);
    let edges = !label.starts_with('-') && !label.ends_with('-') && !label.starts_with(mark);
    let ascii = punycode::to_ascii(&label.to_lowercase())?;
    let fits = !label.is_empty() && ascii.len() <= LABEL_MAX;
    (fits && edges && label.chars().all(allowed)).then_some(ascii)
}

/// Whether a text is a host name of one or more labels.
pub(crate) fn is_domain(text: &str) -> bool {
    text.len() <= ADDRESS_MAX && ascii_domain(text).is_some()
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("not a mail address"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> Result<String, InvalidContact> {
        EmailAddress::parse(text).map(|a| a.canonical())
    }

    #[test]
    fn two_spellings_of_one_address_are_equal_in_canonical_form() {
        for text in ["alice@home.example", " Alice@Home.EXAMPLE\n", "ＡＬＩＣＥ@home.example"]
        {
            assert_eq!(canonical(text).as_deref(), Ok("alice@home.example"), "{text:?}");
        }
        assert_eq!(canonical("a@bücher.example"), canonical("a@xn--bcher-kva.example"));
        assert_eq!(canonical("a@BÜCHER.example"), canonical("a@bücher.example"));
    }

    #[test]
    fn the_part_before_the_at_is_sent_as_typed() {
        assert_eq!(
            EmailAddress::parse("O'Neil+X@A.example").unwrap().as_str(),
            "O'Neil+X@a.example"
        );
    }

    #[test]
    fn what_no_mail_can_be_sent_to_is_refused() {
        for text in [
            "alice",
            "@a.example",
            "alice@",
            "a@b@c.example",
            "alice@home",
            "a b@c.example",
            "a@b c.example",
            "a@-b.example",
            "a@b-.example",
            "a@b..example",
            "a@.example",
            "a@b.example.",
            ".a@b.example",
            "a.@b.example",
            "a..b@c.example",
            "a@10.0.0.1",
            "a@[10.0.0.1]",
            "\"a b\"@c.example",
            "a\u{0}@b.example",
            "a@b.exam\u{7}ple",
            "a\r\nBcc: x@b.example",
            "<a@b.example>",
            "a@b_c.example",
            "ä@b.example",
            "a@b.example,c",
        ] {
            assert_eq!(canonical(text), Err(InvalidContact::Malformed), "{text:?}");
        }
        assert_eq!(canonical(" \t"), Err(InvalidContact::Required));
    }

    #[test]
    fn a_local_part_of_64_octets_is_taken_and_of_65_refused() {
        let address = |n: usize| format!("{}@b.example", "a".repeat(n));
        assert!(canonical(&address(64)).is_ok());
        assert_eq!(canonical(&address(65)), Err(InvalidContact::TooLong));
    }

    #[test]
    fn an_address_of_254_octets_is_taken_and_of_255_refused() {
        let label = "b".repeat(61);
        let address = |n: usize| {
            let local = "a".repeat(n);
            format!("{local}@{label}.{label}.{label}.example")
        };
        let rest = address(0).len();
        assert!(canonical(&address(254 - rest)).is_ok());
        assert_eq!(canonical(&address(255 - rest)), Err(InvalidContact::TooLong));
        assert_eq!(canonical(&"a".repeat(100_000)), Err(InvalidContact::TooLong));
    }

    #[test]
    fn a_label_of_63_octets_is_taken_and_of_64_refused() {
        assert!(canonical(&format!("a@{}.example", "b".repeat(63))).is_ok());
        assert!(canonical(&format!("a@{}.example", "b".repeat(64))).is_err());
    }

    #[test]
    fn a_hint_does_not_show_how_long_the_address_is() {
        let hint = |text: &str| EmailAddress::parse(text).unwrap().hint();
        assert_eq!(hint("alice@example.com"), "a•••••@e•••••.com");
        assert_eq!(hint("a@e.com"), "a•••••@e•••••.com");
        assert_eq!(hint("alexander.the.great@east.example.com"), "a•••••@e•••••.com");
    }

    #[test]
    fn debug_shows_nothing_and_json_is_checked() {
        let address = EmailAddress::parse("alice@home.example").unwrap();
        assert!(!format!("{address:?}").contains("alice"));
        assert_eq!(serde_json::to_value(&address).unwrap(), "alice@home.example");
        assert_eq!(
            serde_json::from_str::<EmailAddress>("\"alice@home.example\"").unwrap(),
            address
        );
        assert!(serde_json::from_str::<EmailAddress>("\"alice\"").is_err());
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_what_it_takes_it_takes_again(text in "\\PC{0,40}@\\PC{0,40}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert!(address.as_str().is_ascii());
                prop_assert_eq!(EmailAddress::parse(address.as_str()).unwrap(), address);
            }
        }
    }
}
