//! Secrets as types: keys, tokens, codes. None can be printed, copied or serialised; each is wiped when dropped.

use data_encoding::BASE64URL_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ids::CorrelationId;

mod seal;

/// A symmetric key for one purpose.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// HMAC-SHA256 over the parts, each preceded by its length so that no two lists of parts are alike.
    pub fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes keys of any length: the error cannot happen, and a constant result would only fail closed.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        for part in parts {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            mac.update(&length.to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The key itself, for the one cipher that takes it.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Every key of the product, each derived from one root secret under its own label (RFC 5869).
pub struct Keys {
    /// Turns a password's hash into its verifier.
    pub verifier: Key,
    /// Turns a password's hash into a history entry that cannot be linked to the verifier.
    pub history: Key,
    /// Turns a wrong password's hash into what recognises its repeat, linked to neither of the above.
    pub wrong: Key,
    /// Derives the codes that are sent.
    pub code: Key,
    /// Authenticates report cursors.
    pub cursor: Key,
    /// Recognises the repeat of a completed call without keeping its body.
    pub repeat: Key,
    /// Authenticates challenges of the proof of work.
    pub proof: Key,
    /// Derives the tokens of links in notices.
    pub notice: Key,
    /// Seals answers that are kept for the repeat of a request.
    pub answer: Key,
    /// Seals what proves a person ([`crate::factors`]).
    pub factors: Key,
    /// Turns hashed answers and recovery codes into the tags that are kept of them.
    pub tags: Key,
    /// Draws which questions are asked.
    pub draw: Key,
}

impl Keys {
    /// Derives the keys. The root secret is at least 32 random bytes, kept outside the tables.
    pub fn derive(root: &[u8]) -> Self {
        let key = |label: &str| {
            let mut out = [0u8; 32];
            // 32 bytes are far below HKDF's limit of 255 × 32: the error cannot happen.
            let _ = Hkdf::<Sha256>::new(None, root).expand(label.as_bytes(), &mut out);
            Key(out)
        };
        Self {
            verifier: key("sspr/1/password-verifier"),
            history: key("sspr/1/password-history"),
            wrong: key("sspr/1/wrong-password"),
            code: key("sspr/1/code"),
            cursor: key("sspr/1/cursor"),
            repeat: key("sspr/1/repeat"),
            proof: key("sspr/1/proof-of-work"),
            notice: key("sspr/1/notice"),
            answer: key("sspr/1/answer"),
            factors: key("sspr/1/factors"),
            tags: key("sspr/1/tags"),
            draw: key("sspr/1/draw"),
        }
    }
}

/// The stored form of a token: SHA-256 of its text. Enough to recognise it, useless to whoever reads the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The 32 bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Text form for keys.
    pub fn to_text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// Compares with stored bytes in constant time.
    pub fn is(&self, stored: &[u8]) -> bool {
        self.0.ct_eq(stored).into()
    }
}

fn hash(text: &str) -> TokenHash {
    TokenHash(Sha256::digest(text.as_bytes()).into())
}

fn body<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    text.strip_prefix(prefix).filter(|rest| rest.len() == 43)
}

/// A token of a reset attempt: `rt_` and 256 bits, of which 40 name the attempt and 216 are chance.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct ResetToken(String);

impl ResetToken {
    /// A fresh token for an attempt from 27 random bytes.
    pub fn new(correlation: CorrelationId, random: [u8; 27]) -> Self {
        let mut bytes = [0u8; 32];
        let (name, chance) = bytes.split_at_mut(5);
        name.copy_from_slice(&correlation.to_bytes());
        chance.copy_from_slice(&random);
        let token = Self(format!("rt_{}", BASE64URL_NOPAD.encode(&bytes)));
        bytes.zeroize();
        token
    }

    /// Reads a token that a caller presented; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(body(text, "rt_")?.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The attempt it names.
    pub fn correlation(&self) -> Option<CorrelationId> {
        let bytes = BASE64URL_NOPAD.decode(body(&self.0, "rt_")?.as_bytes()).ok()?;
        let name: [u8; 5] = bytes.get(..5)?.try_into().ok()?;
        Some(CorrelationId::from_bytes(name))
    }

    /// What is stored.
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }

    /// The text for the one answer that hands it over.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A token of a signed-in person: `at_` and 256 random bits.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct AccessToken(String);

impl AccessToken {
    /// A fresh token from 32 random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(format!("at_{}", BASE64URL_NOPAD.encode(&random)))
    }

    /// Reads a token that a caller presented; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(body(text, "at_")?.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// What is stored.
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }

    /// The text for the one answer that hands it over.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The token of the link in a notice: `nm_` and 256 bits, derived for one message to one recipient, so that a notice
/// that goes out again carries the same link.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct NoticeToken(String);

impl NoticeToken {
    /// The token of a message to a recipient.
    pub fn derive(key: &Key, message: &str, recipient: &str) -> Self {
        let bits = key.hmac(&[b"not me", message.as_bytes(), recipient.as_bytes()]);
        Self(format!("nm_{}", BASE64URL_NOPAD.encode(&bits)))
    }

    /// Reads a token that somebody presented; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(body(text, "nm_")?.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// One that was never sent.
    pub fn nobodys() -> Self {
        Self(String::from("nm_"))
    }

    /// What is stored.
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }

    /// The text for the one message that carries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A code that proves possession of a mailbox or a phone. Never stored: derived to send it, derived again to compare.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Code(String);

impl Code {
    /// The numeric code of `digits` places for these parts (RFC 6238's idea of HMAC, without its truncation: 128 bits
    /// modulo 10^digits, a bias below 2⁻⁹⁴).
    pub fn derive(key: &Key, parts: &[&[u8]], digits: u8) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = key.hmac(parts);
        let number = u128::from_be_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]);
        let places = u32::from(digits.clamp(6, 10));
        let width = usize::from(digits.clamp(6, 10));
        Self(format!("{:0width$}", number % 10u128.pow(places)))
    }

    /// The code of `length` Crockford base32 characters for these parts: 5 bits each, at most 25.
    pub fn derive_long(key: &Key, parts: &[&[u8]], length: usize) -> Self {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = key.hmac(parts);
        let number = u128::from_be_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]);
        let digit = |place: usize| {
            let bits = number >> place.saturating_mul(5).min(123);
            let index = usize::try_from(bits & 31).unwrap_or_default();
            char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
        };
        Self((0..length.min(25)).map(digit).collect())
    }

    /// Reads what a person typed: spaces, dashes and a leading `#` are ignored; full-width and Arabic-Indic digits
    /// count as digits, small letters as capitals, and letters that are easily taken for a digit as that digit
    /// (Crockford's base32). Anything else stays as it is and simply matches nothing.
    pub fn typed(text: &str) -> Self {
        let text = text.trim();
        let text = text.strip_prefix('#').unwrap_or(text);
        let plain = |c: char| match c {
            '\u{0660}'..='\u{0669}' => shifted(c, 0x0660),
            '\u{06F0}'..='\u{06F9}' => shifted(c, 0x06F0),
            '\u{FF10}'..='\u{FF19}' => shifted(c, 0xFF10),
            'o' | 'O' => '0',
            'i' | 'I' | 'l' | 'L' => '1',
            other => other.to_ascii_uppercase(),
        };
        let ignored = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}');
        Self(text.chars().filter(ignored).map(plain).collect())
    }

    /// Compares in constant time.
    pub fn is(&self, other: &Code) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// The text for the one message that carries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

fn shifted(c: char, zero: u32) -> char {
    char::from_digit(u32::from(c).saturating_sub(zero), 10).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Millis;

    #[test]
    fn keys_differ_by_label_and_by_root() {
        let (one, two) = (Keys::derive(&[1; 32]), Keys::derive(&[2; 32]));
        let mac = |k: &Key| k.hmac(&[b"x"]);
        assert_ne!(mac(&one.verifier), mac(&one.history));
        assert_ne!(mac(&one.verifier), mac(&two.verifier));
    }

    #[test]
    fn parts_of_an_hmac_cannot_be_shifted_into_each_other() {
        let key = Keys::derive(&[1; 32]).code;
        assert_ne!(key.hmac(&[b"ab", b"c"]), key.hmac(&[b"a", b"bc"]));
    }

    #[test]
    fn a_reset_token_names_its_attempt_and_only_its_type_is_read() {
        let id = CorrelationId::new(Millis(1_790_000_000_000), 99);
        let token = ResetToken::new(id, [7; 27]);
        assert_eq!(token.correlation(), Some(id));
        let again = ResetToken::parse(token.reveal()).unwrap();
        assert!(again.hash().is(token.hash().as_bytes()));
        assert!(AccessToken::parse(token.reveal()).is_none());
        assert!(ResetToken::parse(AccessToken::new([1; 32]).reveal()).is_none());
        assert!(ResetToken::parse("rt_short").is_none());
    }

    #[test]
    fn the_link_of_a_notice_is_the_same_each_time_and_another_for_each_recipient() {
        let key = Keys::derive(&[1; 32]).notice;
        let token = |message, to| NoticeToken::derive(&key, message, to).reveal().to_owned();
        assert_eq!(token("m", "a@x"), token("m", "a@x"));
        assert_ne!(token("m", "a@x"), token("m", "b@x"));
        assert_ne!(token("m", "a@x"), token("ma", "@x"));
        let again = NoticeToken::parse(&token("m", "a@x")).unwrap();
        assert!(again.hash().is(NoticeToken::derive(&key, "m", "a@x").hash().as_bytes()));
        assert!(NoticeToken::parse("nm_short").is_none());
        assert!(AccessToken::parse(&token("m", "a@x")).is_none());
    }

    #[test]
    fn codes_have_their_length_and_differ_by_every_part() {
        let key = Keys::derive(&[1; 32]).code;
        for digits in 6..=10u8 {
            let code = Code::derive(&key, &[b"a"], digits);
            assert_eq!(code.reveal().len(), usize::from(digits));
            assert!(code.reveal().bytes().all(|b| b.is_ascii_digit()));
        }
        assert!(!Code::derive(&key, &[b"a", b"1"], 8).is(&Code::derive(&key, &[b"a", b"2"], 8)));
    }

    #[test]
    fn a_long_code_has_65_bits_of_its_own_and_is_read_as_people_type_it() {
        let key = Keys::derive(&[1; 32]).code;
        let code = Code::derive_long(&key, &[b"a"], 13);
        assert_eq!(code.reveal().len(), 13);
        let alphabet =
            |c: char| c.is_ascii_digit() || (c.is_ascii_uppercase() && !"ILOU".contains(c));
        assert!(code.reveal().chars().all(alphabet));
        assert!(!code.is(&Code::derive_long(&key, &[b"b"], 13)));
        let (first, rest) = code.reveal().split_at(5);
        assert!(Code::typed(&format!(" {}-{} ", first.to_lowercase(), rest)).is(&code));
        assert!(Code::typed("oIl").is(&Code("011".into())));
    }

    #[test]
    fn what_people_type_around_a_code_is_ignored() {
        for typed in
            ["12345678", " 1234 5678 ", "1234-5678", "#12345678", "١٢٣٤٥٦٧٨", "１２３４５６７８"]
        {
            assert!(Code::typed(typed).is(&Code("12345678".into())), "{typed}");
        }
        assert!(!Code::typed("1234567").is(&Code("12345678".into())));
        assert!(!Code::typed("").is(&Code("12345678".into())));
    }
}
