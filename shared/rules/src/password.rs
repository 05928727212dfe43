//! Passwords: what may become one (PWD-01 … PWD-03) and, in [`hash`] and [`credential`], how one is kept (PWD-04,
//! PWD-06).
//!
//! Nothing here prints, clones or serialises a password. A candidate is judged as a whole, all reasons at once (RST-10).
//!
//! # Why not …?
//! - *Why no hash per old password?* One salt a person and keyed tags over one argon2 result answer "is it the current
//!   one", "was it used before" and "what is the new verifier" with one evaluation.
//! - *Why is a part of a password never compared with the list of common ones?* NIST SP 800-63B-4 §3.1.1.2 compares the
//!   whole password; an organisation's own words are scored inside it ([`banned`]).

pub mod banned;
mod common;
pub mod credential;
pub mod hash;
mod reason;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use credential::Credential;
pub use hash::{Evaluation, HashFault, Hasher, Parameters};
pub use reason::Reason;

/// NFKC turns one UTF-8 byte into at most eleven (U+FDFA: three into thirty-three).
const NFKC_GROWTH: usize = 11;

/// Shortest name whose appearance in a password refuses it, in characters (PWD-02).
const NAME_MIN: usize = 4;

/// A password as somebody typed it. Wiped when dropped; cannot be printed, copied or serialised.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// A password from its text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// A temporary password for an administrator to hand over (ADM-01), from 10 random bytes: 80 bits in base32 groups
    /// that can be read out. The fixed word gives it an upper-case letter, lower-case letters and symbols.
    pub fn temporary(mut random: [u8; 10]) -> Self {
        let mut digits = data_encoding::BASE32_NOPAD.encode(&random);
        digits.make_ascii_lowercase();
        let mut text = String::with_capacity(32);
        text.push_str("Reset");
        for (place, digit) in digits.chars().enumerate() {
            if place % 4 == 0 {
                text.push('-');
            }
            text.push(digit);
        }
        digits.zeroize();
        random.zeroize();
        Self(text)
    }

    /// The form that is measured, judged and hashed: NFKC (SP 800-63B-4 §3.1.1.2), so that one password typed on two
    /// keyboards is one password.
    pub fn normalised(&self) -> Zeroizing<String> {
        // Room for the worst case: a string that grows leaves copies behind that nobody wipes.
        let mut out =
            Zeroizing::new(String::with_capacity(self.0.len().saturating_mul(NFKC_GROWTH)));
        out.extend(self.0.nfkc());
        out
    }

    /// The text as typed, for the one answer or directory that must have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The rules in force for new passwords (PWD-01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Fewest code points after NFKC.
    pub min_length: u32,
    /// Most code points after NFKC.
    pub max_length: u32,
    /// How many of upper case, lower case, digits, symbols must occur.
    pub classes: u8,
    /// Only printable ASCII and the space.
    pub ascii_only: bool,
    /// How many of the last passwords, the present one included, may not be used again.
    pub history: u32,
    /// Days until it must be changed.
    pub expires_days: Option<u32>,
    /// The organisation's own banned words.
    pub banned_words: Vec<String>,
    /// Points that a password with banned words needs (PWD-02).
    pub min_banned_score: u8,
    /// Least strength, 0 to 4.
    pub min_strength: u8,
}

/// Whose password it is to be: names that may not stand in it.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    /// The account's name.
    pub username: &'a str,
    /// Given name.
    pub first_name: Option<&'a str>,
    /// Family name.
    pub last_name: Option<&'a str>,
    /// Name for people.
    pub display_name: Option<&'a str>,
    /// The organisation's name.
    pub organisation: &'a str,
}

impl<'a> Context<'a> {
    fn names(&self) -> impl Iterator<Item = &'a str> {
        let person = [self.first_name, self.last_name, self.display_name].into_iter().flatten();
        // In `alice@example.com` the name is `alice`; the whole would hardly be found.
        let short = self.username.split('@').next();
        person.chain([self.username, self.organisation]).chain(short)
    }
}

/// Judges a candidate. Empty when it does; otherwise every reason, in the order of [`Reason`].
///
/// Whether it was used before is the credential's answer: [`Credential::reuse`].
pub fn check(candidate: &Password, policy: &PasswordPolicy, context: &Context<'_>) -> Vec<Reason> {
    let text = candidate.normalised();
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let mut reasons = Vec::new();
    let mut refuse = |refused: bool, reason: Reason| {
        if refused {
            reasons.push(reason);
        }
    };
    refuse(length < policy.min_length, Reason::TooShort);
    refuse(length > policy.max_length, Reason::TooLong);
    refuse(classes(&text) < policy.classes, Reason::TooFewClasses);
    refuse(!text.chars().all(|c| may_stand(c, policy)), Reason::CharacterNotAllowed);
    // What is longer than any password may be is looked at no further: its search would cost more than its refusal.
    if length <= policy.max_length {
        refuse(contains_name(&text, context), Reason::ContainsName);
        refuse(is_banned(&text, policy), Reason::Banned);
    }
    reasons
}

/// Kinds of character among upper case, lower case, digits, symbols. The space is none of them, as in the reference.
fn classes(text: &str) -> u8 {
    let symbol = |c: char| !c.is_uppercase() && !c.is_lowercase() && !c.is_numeric() && c != ' ';
    let kinds = [
        text.chars().any(char::is_uppercase),
        text.chars().any(char::is_lowercase),
        text.chars().any(char::is_numeric),
        text.chars().any(symbol),
    ];
    kinds.into_iter().map(u8::from).sum()
}

/// Control characters never: a form cannot send them back (RFC 8265 §4.2.1 forbids them in passwords for that reason).
fn may_stand(c: char, policy: &PasswordPolicy) -> bool {
    !c.is_control() && (!policy.ascii_only || c.is_ascii())
}

fn contains_name(text: &str, context: &Context<'_>) -> bool {
    let text = Zeroizing::new(banned::normalise(text));
    let inside = |name: &str| {
        let name = banned::normalise(&name.nfkc().collect::<String>());
        let closed: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let long = |n: &str| n.chars().count() >= NAME_MIN;
        [name.trim(), closed.as_str()].into_iter().any(|n| long(n) && text.contains(n))
    };
    context.names().any(inside)
}

fn is_banned(text: &str, policy: &PasswordPolicy) -> bool {
    if common::is_common(text) {
        return true;
    }
    let points = banned::score(text, &policy.banned_words);
    points.is_some_and(|points| points < usize::from(policy.min_banned_score))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy() -> PasswordPolicy {
        PasswordPolicy {
            min_length: 15,
            max_length: 256,
            classes: 0,
            ascii_only: false,
            history: 5,
            expires_days: None,
            banned_words: Vec::new(),
            min_banned_score: 5,
            min_strength: 3,
        }
    }

    fn entra() -> PasswordPolicy {
        PasswordPolicy { min_length: 8, classes: 3, ascii_only: true, history: 1, ..policy() }
    }

    fn judged(text: &str, policy: &PasswordPolicy) -> Vec<Reason> {
        check(&Password::new(text.into()), policy, &Context::default())
    }

    /// Text of `n` characters that is neither common nor regular.
    fn unlike(n: usize) -> String {
        "Quartz vexed 9 fjords; glum zephyrs 4 wick bandits? "
            .chars()
            .cycle()
            .enumerate()
            .map(
                |(i, c)| {
                    if i % 53 == 52 { char::from_u32(0x3b1 + (i as u32 % 19)).unwrap() } else { c }
                },
            )
            .take(n)
            .collect()
    }

    #[test]
    fn fifteen_characters_do_and_fourteen_are_too_short() {
        assert_eq!(judged(&unlike(15), &policy()), []);
        assert_eq!(judged(&unlike(14), &policy()), [Reason::TooShort]);
    }

    #[test]
    fn two_hundred_and_fifty_six_characters_do_and_one_more_is_too_long() {
        assert_eq!(judged(&unlike(256), &policy()), []);
        assert_eq!(judged(&unlike(257), &policy()), [Reason::TooLong]);
        assert_eq!(judged(&"x".repeat(16_000), &policy()), [Reason::TooLong]);
    }

    #[test]
    fn characters_are_counted_after_normalising() {
        // Fifteen code points as typed, fourteen once the accent has joined its letter.
        let typed = format!("{}e\u{301}", unlike(13));
        assert_eq!(judged(&typed, &policy()), [Reason::TooShort]);
        // One code point as typed, eighteen as normalised.
        assert_eq!(judged("\u{fdfa}", &policy()), []);
    }

    #[test]
    fn any_character_does_under_nist_but_control_characters() {
        assert_eq!(judged("пять зелёных 🦊 ночью", &policy()), []);
        assert_eq!(
            judged("five green foxes\u{0} at night", &policy()),
            [Reason::CharacterNotAllowed]
        );
        assert_eq!(judged("five green\tfoxes at night", &policy()), [Reason::CharacterNotAllowed]);
    }

    #[test]
    fn entra_wants_eight_characters_and_three_of_four_classes() {
        assert_eq!(judged("Vq7kzmwu", &entra()), []);
        assert_eq!(judged("Vq7kzmw", &entra()), [Reason::TooShort]);
        assert_eq!(judged("vq7kzmwu", &entra()), [Reason::TooFewClasses]);
        assert_eq!(judged("vq7kzm;u", &entra()), []);
        assert_eq!(judged("Vqkzm wu", &entra()), [Reason::TooFewClasses]);
        assert_eq!(judged("Vq7kzmwü", &entra()), [Reason::CharacterNotAllowed]);
        assert_eq!(judged("Vq7 zmwu", &entra()), []);
    }

    #[test]
    fn all_reasons_are_told_at_once() {
        let reasons = judged("passwör", &entra());
        assert_eq!(reasons, [Reason::TooShort, Reason::TooFewClasses, Reason::CharacterNotAllowed]);
        let short = judged("password", &PasswordPolicy { classes: 2, ..policy() });
        assert_eq!(short, [Reason::TooShort, Reason::TooFewClasses, Reason::Banned]);
    }

    #[test]
    fn a_name_of_four_characters_refuses_and_one_of_three_does_not() {
        let with = |first: &str, text: &str| {
            let context = Context { first_name: Some(first), ..Context::default() };
            check(&Password::new(text.into()), &policy(), &context)
        };
        assert_eq!(with("Anna", "where ANNA walks at noon"), [Reason::ContainsName]);
        assert_eq!(with("Ann", "where ANNA walks at noon"), []);
        assert_eq!(with("Ａｎｎａ", "where @nn@ walks at noon"), [Reason::ContainsName]);
        assert_eq!(with("Mary-Ann", "where maryann walks at noon"), [Reason::ContainsName]);
    }

    #[test]
    fn every_name_of_the_person_and_the_organisation_counts() {
        let context = Context {
            username: "wolke7@home.example",
            first_name: Some("Frieda"),
            last_name: Some("Ostrowski"),
            display_name: Some("Fritzi O."),
            organisation: "Example Org",
        };
        let judged = |text: &str| check(&Password::new(text.into()), &policy(), &context);
        for text in [
            "under wolke7 it rains",
            "under frieda it rains",
            "under OSTROWSKI it rains",
            "under fritzi o. it rains",
            "under example org it rains",
            "under exampleorg it rains",
        ] {
            assert_eq!(judged(text), [Reason::ContainsName], "{text}");
        }
        assert_eq!(judged("under a roof it rains"), []);
        assert_eq!(judged("for example it rains"), []);
    }

    #[test]
    fn the_references_own_example_of_a_name_is_refused() {
        let context = Context { username: "poll", ..Context::default() };
        let reasons = check(&Password::new("p0LL23fb".into()), &entra(), &context);
        assert_eq!(reasons, [Reason::ContainsName]);
    }

    #[test]
    fn banned_words_refuse_below_the_score_and_not_at_it() {
        let banned_words = ["contoso", "blank", "abcdef"].map(String::from).to_vec();
        let policy = PasswordPolicy { banned_words, ..entra() };
        assert_eq!(judged("C0ntos0Blank12", &policy), [Reason::Banned]);
        assert_eq!(judged("ContoS0Bl@nkf9!", &policy), []);
        assert_eq!(judged("Contoso123", &policy), [Reason::Banned]);
        assert_eq!(judged("Contoso1234", &policy), []);
    }

    #[test]
    fn a_temporary_password_satisfies_both_presets() {
        for random in
            [[33, 4, 210, 9, 77, 180, 3, 250, 61, 118], [7, 1, 9, 200, 33, 54, 91, 17, 2, 240]]
        {
            let password = Password::temporary(random);
            assert_eq!(password.reveal().len(), 25);
            assert_eq!(check(&password, &policy(), &Context::default()), []);
            assert_eq!(check(&password, &entra(), &Context::default()), []);
        }
    }

    proptest! {
        #[test]
        fn judging_never_panics(text in "\\PC{0,300}", word in "\\PC{4,16}") {
            let policy = PasswordPolicy { banned_words: vec![word], ..policy() };
            let _ = judged(&text, &policy);
        }

        #[test]
        fn normalising_never_outgrows_the_room_made_for_it(text in "\\PC{0,80}") {
            let normalised = Password::new(text.clone()).normalised();
            prop_assert!(normalised.len() <= text.len() * NFKC_GROWTH);
        }
    }
}
