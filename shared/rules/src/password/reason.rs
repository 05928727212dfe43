//! Why a new password is refused: a stable code and a sentence.

use serde::{Deserialize, Serialize};

/// Why a new password does not do (api.md §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Fewer characters than required.
    TooShort,
    /// More characters than allowed.
    TooLong,
    /// Too few of upper case, lower case, digits, symbols.
    TooFewClasses,
    /// A control character, or one outside the preset's set.
    CharacterNotAllowed,
    /// A name of the person or of the organisation inside.
    ContainsName,
    /// Common, or made of the organisation's banned words.
    Banned,
    /// Easy to guess.
    TooWeak,
    /// Known from a breach.
    Breached,
    /// One of the last passwords.
    RecentlyUsed,
    /// The present password.
    SameAsCurrent,
    /// The directory allows no change yet.
    TooYoung,
    /// The directory refuses it.
    DirectoryPolicy,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::TooShort,
        Self::TooLong,
        Self::TooFewClasses,
        Self::CharacterNotAllowed,
        Self::ContainsName,
        Self::Banned,
        Self::TooWeak,
        Self::Breached,
        Self::RecentlyUsed,
        Self::SameAsCurrent,
        Self::TooYoung,
        Self::DirectoryPolicy,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::TooFewClasses => "too_few_classes",
            Self::CharacterNotAllowed => "character_not_allowed",
            Self::ContainsName => "contains_name",
            Self::Banned => "banned",
            Self::TooWeak => "too_weak",
            Self::Breached => "breached",
            Self::RecentlyUsed => "recently_used",
            Self::SameAsCurrent => "same_as_current",
            Self::TooYoung => "too_young",
            Self::DirectoryPolicy => "directory_policy",
        }
    }

    /// What to tell the person, in English.
    pub fn detail(self) -> &'static str {
        match self {
            Self::TooShort => "Use more characters.",
            Self::TooLong => "Use fewer characters.",
            Self::TooFewClasses => "Mix upper case, lower case, digits and symbols.",
            Self::CharacterNotAllowed => "It contains a character that cannot be used.",
            Self::ContainsName => "It contains your name, or that of your organisation.",
            Self::Banned => "It is too common, or built from words that are not allowed here.",
            Self::TooWeak => "It is too easy to guess.",
            Self::Breached => "It is known from a data breach.",
            Self::RecentlyUsed => "You used it recently. Choose one that is new.",
            Self::SameAsCurrent => "It is your present password. Choose another.",
            Self::TooYoung => "The present password is too new to be changed yet.",
            Self::DirectoryPolicy => "Your organisation's directory does not accept it.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_names_in_json() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            assert!(!reason.detail().is_empty());
        }
    }
}
