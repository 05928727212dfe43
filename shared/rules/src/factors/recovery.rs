//! The recovery code: 130 random bits on paper, good for one reset (REG-06).

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::TAG_LEN;
use crate::ids::Username;
use crate::secret::Key;

/// Characters of a code, five bits each.
pub const LENGTH: usize = 26;

/// Crockford's base32 digits: no I, L, O, U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A recovery code. Wiped when dropped; cannot be printed, copied or serialised.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// A code from random bytes, five bits of each.
    pub fn new(random: [u8; LENGTH]) -> Self {
        let random = Zeroizing::new(random);
        let digit = |byte: &u8| DIGITS.get(usize::from(byte & 31)).copied().map(char::from);
        Self(random.iter().filter_map(digit).collect())
    }

    /// Reads what a person typed: any case; dashes and spaces are ignored; O is 0, I and L are 1. Anything else stays as it
    /// is and simply matches nothing.
    pub fn typed(text: &str) -> Self {
        let read = |c: char| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let ignored = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}');
        Self(text.chars().filter(ignored).map(read).collect())
    }

    /// What is kept of it, for one account. The code is random: no slow hash adds to its 130 bits.
    pub fn tag(&self, key: &Key, username: &Username, account: &[u8; 8]) -> [u8; TAG_LEN] {
        let parts: [&[u8]; 4] =
            [b"recovery", username.as_str().as_bytes(), account, self.0.as_bytes()];
        let [tag @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = key.hmac(&parts);
        tag
    }

    /// The text for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Compares tags in constant time.
pub fn is(kept: &[u8; TAG_LEN], tag: &[u8; TAG_LEN]) -> bool {
    kept.ct_eq(tag).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Keys;

    #[test]
    fn a_code_has_26_digits_of_five_bits_each() {
        let mut random = [0u8; LENGTH];
        random[1] = 31;
        random[2] = 32;
        let code = RecoveryCode::new(random);
        assert_eq!(code.reveal(), format!("0Z0{}", "0".repeat(23)));
    }

    #[test]
    fn what_people_make_of_a_code_is_the_same_code() {
        let key = Keys::derive(&[1; 32]).tags;
        let alice = Username::parse("alice").unwrap();
        let tag = |text: &str| RecoveryCode::typed(text).tag(&key, &alice, &[1; 8]);
        let plain = tag("0123456789ABCDEFGHJKMNPQRS");
        for typed in [
            "0123-4567-89ab-cdef-ghjk-mnpq-rs",
            " oI23 4567 89AB cdefghjkmnpqrs ",
            "Ol23456789abcdefghjkmnpqrs",
        ] {
            assert!(is(&plain, &tag(typed)), "{typed}");
        }
        assert!(!is(&plain, &tag("0123456789ABCDEFGHJKMNPQR")));
        let other = RecoveryCode::typed("0123456789ABCDEFGHJKMNPQRS").tag(&key, &alice, &[2; 8]);
        assert!(!is(&plain, &other), "another account of the same name");
    }
}
