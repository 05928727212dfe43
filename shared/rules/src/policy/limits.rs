//! The members of the document that are limits: of tries, of lives, of reach.

use serde::{Deserialize, Serialize};

use super::read;

/// `lockout` (LCK-01).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lockout {
    /// Failures before the first lock.
    #[serde(deserialize_with = "read::u32")]
    pub threshold: u32,
    /// Length of the first lock, seconds.
    #[serde(deserialize_with = "read::u32")]
    pub seconds: u32,
    /// Longest lock, seconds.
    #[serde(deserialize_with = "read::u32")]
    pub max_seconds: u32,
}

/// `codes` (RST-06).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Codes {
    /// Digits.
    #[serde(deserialize_with = "read::u8")]
    pub digits: u8,
    /// Life, seconds.
    #[serde(deserialize_with = "read::u32")]
    pub seconds: u32,
    /// Seconds before another may be asked for.
    #[serde(deserialize_with = "read::u32")]
    pub resend_after: u32,
}

/// `reset` (RST-09).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reset {
    /// Life of an attempt from begin, seconds.
    #[serde(deserialize_with = "read::u32")]
    pub seconds: u32,
}

/// `throttle` (THR-01 … THR-04).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Throttle {
    /// Failed proofs in 24 hours.
    #[serde(deserialize_with = "read::u32")]
    pub proofs_per_day: u32,
    /// Tries in an hour for each way of proving.
    #[serde(deserialize_with = "read::u32")]
    pub tries_per_method_per_hour: u32,
    /// Typed contacts in an hour.
    #[serde(deserialize_with = "read::u32")]
    pub contact_checks_per_hour: u32,
    /// Mails in ten minutes.
    #[serde(deserialize_with = "read::u32")]
    pub emails_per_10_minutes: u32,
    /// Texts and calls in a day.
    #[serde(deserialize_with = "read::u32")]
    pub texts_per_day: u32,
    /// How long what is used up stays closed, seconds.
    #[serde(deserialize_with = "read::u32")]
    pub block_seconds: u32,
    /// Wrong short codes in a day, from anywhere, before codes become long.
    #[serde(deserialize_with = "read::u32")]
    pub short_code_failures_per_day: u32,
    /// Whether a block closes the account for every network.
    pub account_block: bool,
    /// Attempts that one network may begin in an hour.
    #[serde(deserialize_with = "read::u32")]
    pub begins_per_network_per_hour: u32,
    /// Texts and calls of the whole organisation in an hour.
    #[serde(deserialize_with = "read::u32")]
    pub texts_per_hour_organisation: u32,
}

/// `telecom` (THR-04, NOT-03).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telecom {
    /// Countries that texts and calls may go to, ISO 3166.
    pub countries: Vec<String>,
    /// Host name in the last line of texts, which binds the code to it.
    pub sms_origin: Option<String>,
}

/// `retention`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days that activity is kept.
    #[serde(deserialize_with = "read::u32")]
    pub activity_days: u32,
}

impl Default for Lockout {
    fn default() -> Self {
        Self { threshold: 10, seconds: 60, max_seconds: 3600 }
    }
}

impl Default for Codes {
    fn default() -> Self {
        Self { digits: 8, seconds: 300, resend_after: 30 }
    }
}

impl Default for Reset {
    fn default() -> Self {
        Self { seconds: 900 }
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            proofs_per_day: 5,
            tries_per_method_per_hour: 5,
            contact_checks_per_hour: 5,
            emails_per_10_minutes: 10,
            texts_per_day: 10,
            block_seconds: 86_400,
            short_code_failures_per_day: 10,
            account_block: false,
            begins_per_network_per_hour: 600,
            texts_per_hour_organisation: 1000,
        }
    }
}

impl Default for Telecom {
    fn default() -> Self {
        Self { countries: vec![String::from("GB"), String::from("US")], sms_origin: None }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { activity_days: 90 }
    }
}
