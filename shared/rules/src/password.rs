//! Passwords: what may become one (PWD-01 … PWD-03; [`banned`], [`common`], [`strength`]) and, in [`hash`] and
//! [`credential`], how one is kept (PWD-04, PWD-06).
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
mod expiry;
pub mod hash;
mod reason;
mod strength;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use credential::Credential;
pub use expiry::{Expiry, WARNING_DAYS};
pub use hash::{Evaluation, HashFault, Hasher, Parameters};
pub use reason::Reason;

use crate::registration::Profile;

/// NFKC turns one UTF-8 byte into at most eleven (U+FDFA: three into thirty-three).
const NFKC_GROWTH: usize = 11;

/// What a temporary password is made of: 31 characters, of which no two look alike.
const TEMPORARY_ALPHABET: &str = "abcdefghjkmnpqrstuvwxyz23456789";
/// Characters of a temporary password: 31²⁰ is more than 2⁹⁶.
const TEMPORARY_DIGITS: u32 = 20;

/// Most that a candidate scores which the rules call guessable.
const GUESSABLE_MAX: u8 = 1;

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

    /// A temporary password for an administrator to hand over (ADM-01), from 12 random bytes: 96 bits in groups that can
    /// be read out, without letters and digits that look alike (`l`, `i`, `o`, `1`, `0`). The fixed word gives it an
    /// upper-case letter, lower-case letters and symbols.
    pub fn temporary(mut random: [u8; 12]) -> Self {
        let shifted = |number: u128, byte: &u8| (number << 8) | u128::from(*byte);
        let mut number = random.iter().fold(0, shifted);
        let mut text = String::with_capacity(32);
        text.push_str("Reset");
        for place in 0..TEMPORARY_DIGITS {
            if place % 4 == 0 {
                text.push('-');
            }
            let digit = usize::try_from(number % 31).unwrap_or_default();
            text.extend(TEMPORARY_ALPHABET.chars().nth(digit));
            number /= 31;
        }
        number.zeroize();
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
    /// The names of a person, where there is one, and of the organisation.
    pub fn of(profile: Option<&'a Profile>, organisation: &'a str) -> Self {
        Self {
            username: profile.map_or("", |p| p.username.as_str()),
            first_name: profile.and_then(|p| p.first_name.as_deref()),
            last_name: profile.and_then(|p| p.last_name.as_deref()),
            display_name: profile.and_then(|p| p.display_name.as_deref()),
            organisation,
        }
    }

    /// Words that somebody who knows the person would try first, in lower case.
    fn words(&self) -> Vec<String> {
        let parts = self.names().flat_map(|name| name.split(|c: char| !c.is_alphanumeric()));
        parts.filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
    }

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
        let asked = policy.min_strength > 0;
        let strong = || strength::score(&text, &context.words()) >= policy.min_strength;
        refuse(asked && !strong(), Reason::TooWeak);
    }
    reasons
}

/// How strong a candidate looks, 0 to 4, for the meter beside the field (PWD-03). What the rules call guessable scores 1 at
/// most, however long it is.
pub fn score(candidate: &Password, context: &Context<'_>, reasons: &[Reason]) -> u8 {
    let score = strength::score(&candidate.normalised(), &context.words());
    let guessable = [Reason::ContainsName, Reason::Banned, Reason::Breached];
    if reasons.iter().any(|r| guessable.contains(r)) { score.min(GUESSABLE_MAX) } else { score }
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
mod tests;
