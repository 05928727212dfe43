//! Names of things: moments, usernames, correlation ids, source networks.

use std::fmt;
use std::net::IpAddr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// The moment `seconds` later.
    pub fn plus_seconds(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(i64::from(seconds).saturating_mul(1000)))
    }

    /// Whole seconds from `self` until `later`, rounded up, 0 if it has passed. What `retry_after` carries.
    pub fn seconds_until(self, later: Millis) -> u32 {
        let ms = later.0.saturating_sub(self.0).max(0);
        u32::try_from(ms.saturating_add(999) / 1000).unwrap_or(u32::MAX)
    }

    /// Whole seconds since 1970, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole minutes since 1970, rounded down.
    pub fn minutes(self) -> i64 {
        self.0.div_euclid(60_000)
    }

    /// RFC 3339 in UTC with milliseconds; sorts as text in time order for years 1970–9999.
    pub fn rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => format!("{t:.3}"),
            Err(_) => String::from("1970-01-01T00:00:00.000Z"),
        }
    }

    /// The day in UTC, `2026-11-21`.
    pub fn day(self) -> String {
        self.rfc3339().chars().take(10).collect()
    }

    /// Reads RFC 3339, or a plain date as the start of that day in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(t) = text.parse::<jiff::Timestamp>() {
            return Some(Self(t.as_millisecond()));
        }
        let date: jiff::civil::Date = text.parse().ok()?;
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(zoned.timestamp().as_millisecond()))
    }
}

/// Why a username was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidUsername {
    /// Nothing but white space.
    Required,
    /// More than 113 characters.
    TooLong,
    /// A character outside letters, digits and `' . - _ ! # ^ ~ @ +`, or a second `@`.
    Character,
    /// Letters of scripts that people cannot tell apart.
    MixedScript,
}

impl InvalidUsername {
    /// The stable code of the field error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong => "too_long",
            Self::Character => "invalid_character",
            Self::MixedScript => "mixed_script",
        }
    }
}

/// A username in its one canonical form: trimmed, NFKC, lower-case. Two spellings of one name are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(String);

/// Longest username, in characters (api.md §8; the reference's limit for the part before the domain is 64, for both 113).
pub const USERNAME_MAX: usize = 113;

impl Username {
    /// Reads what a person typed.
    ///
    /// # Refuses
    /// What can be nobody's name; see [`InvalidUsername`].
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        let canonical: String = text.trim().nfkc().flat_map(char::to_lowercase).nfkc().collect();
        if canonical.is_empty() {
            return Err(InvalidUsername::Required);
        }
        if canonical.chars().count() > USERNAME_MAX {
            return Err(InvalidUsername::TooLong);
        }
        let allowed = |c: char| c.is_alphanumeric() || "'.-_!#^~@+".contains(c);
        let marks = canonical.chars().filter(|c| *c == '@').count();
        if marks > 1 || !canonical.chars().all(allowed) {
            return Err(InvalidUsername::Character);
        }
        Ok(Self(canonical))
    }

    /// Reads a name for a new account: [`Username::parse`], and one script only (UTS 39's single-script rule with the
    /// usual Japanese and Korean combinations).
    ///
    /// # Refuses
    /// [`InvalidUsername::MixedScript`] for a Cyrillic `а` among Latin letters.
    pub fn parse_new(text: &str) -> Result<Self, InvalidUsername> {
        let name = Self::parse(text)?;
        if single_script(&name.0) { Ok(name) } else { Err(InvalidUsername::MixedScript) }
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn single_script(text: &str) -> bool {
    let mut scripts: Vec<Script> = Vec::new();
    for c in text.chars() {
        let s = c.script();
        if s != Script::Common && s != Script::Inherited && !scripts.contains(&s) {
            scripts.push(s);
        }
    }
    const TOGETHER: [&[Script]; 2] =
        [&[Script::Han, Script::Hiragana, Script::Katakana], &[Script::Han, Script::Hangul]];
    scripts.len() < 2 || TOGETHER.iter().any(|set| scripts.iter().all(|s| set.contains(s)))
}

/// Crockford's base32 digits: no I, L, O, U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// One group of a correlation id holds this many values (four base32 digits).
const GROUP: u32 = 1 << 20;

/// How many partitions share a minute's attempts, a day's activity or the list of people. 16 partitions take 16,000
/// write units a second (1,000 each, DynamoDB's limit for a partition), about 1,000 resets a second at 14 units each.
pub const SHARDS: u32 = 16;

/// How many minutes' attempts share their partitions, a power of two: what ended lately is then found in one or two looks at
/// each shard, however long ago the last look was. The attempts of one moment are spread by [`SHARDS`] alone.
pub const MINUTES_TOGETHER: i64 = 16;

/// The id that joins everything about one request or one reset: `9K3F-72QP`. People read it to the help desk.
///
/// The first group is a minute (since 1970, modulo 2²⁰: it repeats after 728 days), the second chance. For a reset the
/// minute is the one in which the reset ends, so that ended resets are found by their key alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CorrelationId(u64);

impl CorrelationId {
    /// The id for a moment and 20 random bits (more are ignored).
    pub fn new(at: Millis, random: u32) -> Self {
        let minute = at.minutes().rem_euclid(i64::from(GROUP));
        let minute = u64::try_from(minute).unwrap_or_default();
        Self((minute << 20) | u64::from(random % GROUP))
    }

    /// The first group's text for a moment: the key under which that minute's ended resets are found.
    pub fn minute_group(at: Millis) -> String {
        Self::new(at, 0).minute_text()
    }

    /// The first group, `9K3F`.
    pub fn minute_text(self) -> String {
        self.to_string().chars().take(4).collect()
    }

    /// The first minute of the [`MINUTES_TOGETHER`] that this id's minute belongs to, as text: `9K3F`.
    pub fn span_text(self) -> String {
        Self((self.0 >> 24) << 24).minute_text()
    }

    /// The partition of this id among [`SHARDS`].
    pub fn shard(self) -> u32 {
        u32::try_from(self.0 % u64::from(SHARDS)).unwrap_or_default()
    }

    /// The 40 bits as five bytes: how a reset token names its reset.
    pub fn to_bytes(self) -> [u8; 5] {
        let [_, _, _, a, b, c, d, e] = self.0.to_be_bytes();
        [a, b, c, d, e]
    }

    /// The inverse of [`CorrelationId::to_bytes`].
    pub fn from_bytes(bytes: [u8; 5]) -> Self {
        let [a, b, c, d, e] = bytes;
        Self(u64::from_be_bytes([0, 0, 0, a, b, c, d, e]))
    }

    /// Reads what a person typed: any case, dash optional, O for 0 and I or L for 1.
    pub fn parse(text: &str) -> Option<Self> {
        let mut value = 0u64;
        let mut digits = 0;
        for c in text.trim().chars().filter(|c| *c != '-' && *c != ' ') {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let digit = CROCKFORD.iter().position(|d| char::from(*d) == c)?;
            value = (value << 5) | u64::try_from(digit).ok()?;
            digits += 1;
            if digits > 8 {
                return None;
            }
        }
        (digits == 8).then_some(Self(value))
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..8u32).rev() {
            let digit = usize::try_from((self.0 >> (place * 5)) & 31).unwrap_or_default();
            let c = CROCKFORD.get(digit).copied().unwrap_or(b'0');
            write!(f, "{}", char::from(c))?;
            if place == 4 {
                f.write_str("-")?;
            }
        }
        Ok(())
    }
}

impl Serialize for CorrelationId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CorrelationId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a correlation id"))
    }
}

/// The network a request came from: IPv4 /24 or IPv6 /48, the smallest block that is usually one site (THR-01).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Network(String);

impl Network {
    /// The network of an address. An IPv4 address written as IPv6 counts as IPv4.
    pub fn of(address: IpAddr) -> Self {
        let text = match address.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(v6) => {
                let [a, b, c, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}::/48")
            }
        };
        Self(text)
    }

    /// The scope of a counter that is kept for the account as a whole, whatever the network (`account_block`).
    pub fn anywhere() -> Self {
        Self(String::from("*"))
    }

    /// The text, also the key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A short name of one length, for counters that are kept beside those of other networks: 32 bits of SHA-256. Networks
    /// that share one by chance share a limit.
    pub fn slot(&self) -> String {
        let digest = Sha256::digest(self.0.as_bytes());
        HEXLOWER.encode(digest.get(..4).unwrap_or_default())
    }

    /// The inverse of [`Network::as_str`], for keys read back.
    pub fn from_key(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_has_one_canonical_form() {
        for typed in ["Alice", " alice ", "ALICE", "ａｌｉｃｅ"] {
            assert_eq!(Username::parse(typed).unwrap().as_str(), "alice");
        }
    }

    #[test]
    fn a_username_of_113_characters_is_taken_and_of_114_refused() {
        assert!(Username::parse(&"a".repeat(113)).is_ok());
        assert_eq!(Username::parse(&"a".repeat(114)), Err(InvalidUsername::TooLong));
    }

    #[test]
    fn what_can_be_nobodys_name_is_refused() {
        assert_eq!(Username::parse("  "), Err(InvalidUsername::Required));
        for bad in ["a b", "a\0b", "a@b@c", "a/b", "a\u{202e}b", "<b>"] {
            assert_eq!(Username::parse(bad), Err(InvalidUsername::Character), "{bad:?}");
        }
        assert!(Username::parse("o'neil-x_y!#^~+@example.com").is_ok());
    }

    #[test]
    fn a_new_name_of_two_scripts_is_refused() {
        assert_eq!(Username::parse_new("p\u{0430}ypal"), Err(InvalidUsername::MixedScript));
        assert!(Username::parse_new("日本ごカナ").is_ok());
        assert!(Username::parse_new("мария.2").is_ok());
    }

    #[test]
    fn a_correlation_id_survives_text_bytes_and_a_careless_reader() {
        let id = CorrelationId::new(Millis(1_790_000_000_123), 0xABCDE);
        assert_eq!(CorrelationId::parse(&id.to_string()), Some(id));
        assert_eq!(CorrelationId::from_bytes(id.to_bytes()), id);
        let spoken = id.to_string().to_lowercase().replace('-', " ").replace('0', "o");
        assert_eq!(CorrelationId::parse(&spoken), Some(id));
        assert_eq!(CorrelationId::parse("9K3F-72Q"), None);
        assert_eq!(CorrelationId::parse("9K3F-72QPX"), None);
        assert_eq!(CorrelationId::parse("9K3F-72QU"), None);
    }

    #[test]
    fn the_first_group_of_a_correlation_id_is_its_minute() {
        let at = Millis(1_790_000_000_000);
        assert_eq!(CorrelationId::new(at, 7).minute_text(), CorrelationId::minute_group(at));
        let next = at.plus_seconds(60);
        assert_ne!(CorrelationId::minute_group(at), CorrelationId::minute_group(next));
    }

    #[test]
    fn sixteen_minutes_share_their_span_and_the_next_do_not() {
        let start = Millis(1_790_000_000_000).minutes().div_euclid(MINUTES_TOGETHER);
        let of = |minute: i64| CorrelationId::new(Millis(minute * 60_000), 0xFFFFF).span_text();
        let first = start * MINUTES_TOGETHER;
        assert_eq!(of(first), CorrelationId::minute_group(Millis(first * 60_000)));
        assert_eq!(of(first), of(first + MINUTES_TOGETHER - 1));
        assert_ne!(of(first), of(first + MINUTES_TOGETHER));
        assert_ne!(of(first), of(first - 1));
    }

    #[test]
    fn networks_are_24_and_48_bits_wide() {
        let net = |s: &str| Network::of(s.parse().unwrap()).as_str().to_owned();
        assert_eq!(net("203.0.113.9"), "203.0.113.0/24");
        assert_eq!(net("::ffff:203.0.113.200"), "203.0.113.0/24");
        assert_eq!(net("2001:db8:1:2::9"), "2001:db8:1::/48");
        assert_ne!(net("203.0.112.9"), net("203.0.113.9"));
    }

    #[test]
    fn moments_are_rfc_3339_with_milliseconds() {
        assert_eq!(Millis(1_790_000_000_007).rfc3339(), "2026-09-21T14:13:20.007Z");
        assert_eq!(Millis::parse("2026-09-21T14:13:20.007Z"), Some(Millis(1_790_000_000_007)));
        assert_eq!(
            Millis::parse("2026-09-21").map(Millis::rfc3339).as_deref(),
            Some("2026-09-21T00:00:00.000Z")
        );
        assert_eq!(Millis::parse("yesterday"), None);
    }

    #[test]
    fn remaining_seconds_are_rounded_up_and_never_negative() {
        assert_eq!(Millis(0).seconds_until(Millis(1)), 1);
        assert_eq!(Millis(0).seconds_until(Millis(1000)), 1);
        assert_eq!(Millis(0).seconds_until(Millis(1001)), 2);
        assert_eq!(Millis(5).seconds_until(Millis(1)), 0);
    }
}
