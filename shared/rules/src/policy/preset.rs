//! The password settings of the document and their presets (PWD-01).
//!
//! A preset fixes the numbers it names. A document that names only the preset gets its numbers; one that names another
//! number beside it is refused by the check, not silently corrected.

use serde::{Deserialize, Serialize};

use super::read;

/// A named set of password rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// NIST SP 800-63B-4 §3.1.1, password as the only factor.
    #[default]
    Nist,
    /// The reference's rules for cloud accounts.
    Entra,
    /// The organisation's own numbers.
    Custom,
}

/// `password` of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct PasswordSettings {
    /// Which rules.
    pub preset: Preset,
    /// Fewest code points.
    pub min_length: u32,
    /// Most code points.
    pub max_length: u32,
    /// How many of upper case, lower case, digits, symbols.
    pub classes: u8,
    /// How many of the last passwords may not be used again.
    pub history: u32,
    /// Days until a password must be changed; null for never.
    pub expires_days: Option<u32>,
    /// The organisation's own banned words.
    pub banned_words: Vec<String>,
    /// Points that a password with banned words needs.
    pub min_banned_score: u8,
    /// Least strength, 0 to 4.
    pub min_strength: u8,
}

/// The numbers that a preset names; `None` where it leaves the organisation free.
pub(super) struct Fixed {
    pub(super) min_length: u32,
    pub(super) max_length: u32,
    pub(super) classes: u8,
    pub(super) history: u32,
    pub(super) expires_days: Option<Option<u32>>,
    pub(super) min_strength: Option<u8>,
}

impl Preset {
    /// Whether only printable ASCII and the space may stand in a password.
    pub fn is_ascii_only(self) -> bool {
        match self {
            Self::Entra => true,
            Self::Nist | Self::Custom => false,
        }
    }

    /// The numbers it names; `None` for the one that names none.
    pub(super) fn fixed(self) -> Option<Fixed> {
        match self {
            // SP 800-63B-4 §3.1.1.2: at least 15 characters, no composition rules, no periodic change. 256 and the
            // history of 5 are features.md's.
            Self::Nist => Some(Fixed {
                min_length: 15,
                max_length: 256,
                classes: 0,
                history: 5,
                expires_days: Some(None),
                min_strength: Some(3),
            }),
            Self::Entra => Some(Fixed {
                min_length: 8,
                max_length: 256,
                classes: 3,
                history: 1,
                expires_days: None,
                min_strength: None,
            }),
            Self::Custom => None,
        }
    }
}

impl PasswordSettings {
    /// The settings of a preset, with the organisation's own part at its defaults.
    pub fn of(preset: Preset) -> Self {
        let free = Self {
            preset,
            min_length: 15,
            max_length: 256,
            classes: 0,
            history: 5,
            expires_days: None,
            banned_words: Vec::new(),
            min_banned_score: 5,
            min_strength: if preset == Preset::Entra { 0 } else { 3 },
        };
        free.in_force()
    }

    /// The settings with the preset's numbers in place of its own.
    pub(super) fn in_force(&self) -> Self {
        let Some(fixed) = self.preset.fixed() else { return self.clone() };
        Self {
            preset: self.preset,
            min_length: fixed.min_length,
            max_length: fixed.max_length,
            classes: fixed.classes,
            history: fixed.history,
            expires_days: fixed.expires_days.unwrap_or(self.expires_days),
            banned_words: self.banned_words.clone(),
            min_banned_score: self.min_banned_score,
            min_strength: fixed.min_strength.unwrap_or(self.min_strength),
        }
    }
}

impl Default for PasswordSettings {
    fn default() -> Self {
        Self::of(Preset::default())
    }
}

/// The settings as written: what is left out comes from the preset.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Written {
    preset: Preset,
    #[serde(deserialize_with = "read::optional_u32")]
    min_length: Option<u32>,
    #[serde(deserialize_with = "read::optional_u32")]
    max_length: Option<u32>,
    #[serde(deserialize_with = "read::optional_u8")]
    classes: Option<u8>,
    #[serde(deserialize_with = "read::optional_u32")]
    history: Option<u32>,
    #[serde(deserialize_with = "read::optional_u32")]
    expires_days: Option<u32>,
    banned_words: Vec<String>,
    #[serde(deserialize_with = "read::optional_u8")]
    min_banned_score: Option<u8>,
    #[serde(deserialize_with = "read::optional_u8")]
    min_strength: Option<u8>,
}

impl From<Written> for PasswordSettings {
    fn from(written: Written) -> Self {
        let preset = Self::of(written.preset);
        Self {
            preset: written.preset,
            min_length: written.min_length.unwrap_or(preset.min_length),
            max_length: written.max_length.unwrap_or(preset.max_length),
            classes: written.classes.unwrap_or(preset.classes),
            history: written.history.unwrap_or(preset.history),
            expires_days: written.expires_days.or(preset.expires_days),
            banned_words: written.banned_words,
            min_banned_score: written.min_banned_score.unwrap_or(preset.min_banned_score),
            min_strength: written.min_strength.unwrap_or(preset.min_strength),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> PasswordSettings {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_document_that_names_only_the_preset_gets_its_numbers() {
        let entra = read(r#"{"preset":"entra"}"#);
        assert_eq!(
            (entra.min_length, entra.max_length, entra.classes, entra.history),
            (8, 256, 3, 1)
        );
        let nist = read("{}");
        assert_eq!((nist.min_length, nist.max_length, nist.classes, nist.history), (15, 256, 0, 5));
        assert_eq!((nist.expires_days, nist.min_strength, nist.min_banned_score), (None, 3, 5));
        assert_eq!(read(r#"{"preset":"custom"}"#).min_length, 15);
    }

    #[test]
    fn numbers_that_are_named_are_kept_for_the_check_to_judge() {
        let entra = read(r#"{"preset":"entra","min_length":15,"expires_days":90}"#);
        assert_eq!((entra.min_length, entra.expires_days), (15, Some(90)));
        assert_eq!(read(r#"{"min_length":-1,"classes":300}"#).min_length, u32::MAX);
    }

    #[test]
    fn what_is_printed_is_complete_and_reads_back_the_same() {
        for preset in [Preset::Nist, Preset::Entra, Preset::Custom] {
            let settings = PasswordSettings::of(preset);
            let json = serde_json::to_string(&settings).unwrap();
            assert_eq!(read(&json), settings);
            assert!(json.contains("min_length") && json.contains("expires_days"));
        }
    }

    #[test]
    fn unknown_and_doubled_members_are_refused() {
        for bad in [
            r#"{"min":1}"#,
            r#"{"classes":1,"classes":1}"#,
            r#"{"preset":"none"}"#,
            r#"{"classes":"1"}"#,
        ] {
            assert!(serde_json::from_str::<PasswordSettings>(bad).is_err(), "{bad}");
        }
    }
}
