//! Sealing: what must be read again later, kept where others can read the table (ChaCha20-Poly1305, RFC 8439).
//!
//! # Why not …?
//! - *Why `ring` among RustCrypto's crates?* It is in every function already, for TLS: it adds nothing to a zip.
//! - *Why a key for each context?* Nonces are random; one key then seals one thing, or its few versions, and never comes
//!   near the number of messages at which random nonces of 96 bits meet.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroize;

use super::Key;

impl Key {
    /// Encrypts under a key derived for `context`, which is authenticated too: what was sealed for one place opens in no
    /// other. `nonce` is random. `None` only for more than 256 GB.
    pub fn seal(
        &self,
        nonce: [u8; NONCE_LEN],
        context: &[u8],
        mut plain: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let key = self.for_context(context)?;
        let unique = Nonce::assume_unique_for_key(nonce);
        if key.seal_in_place_append_tag(unique, Aad::from(context), &mut plain).is_err() {
            plain.zeroize();
            return None;
        }
        Some([nonce.as_slice(), &plain].concat())
    }

    /// The inverse of [`Key::seal`]; `None` for anything that was not sealed under this key for this context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = rest.to_vec();
        let key = self.for_context(context)?;
        let length = key.open_in_place(nonce, Aad::from(context), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }

    fn for_context(&self, context: &[u8]) -> Option<LessSafeKey> {
        let mut bytes = self.hmac(&[b"seal", context]);
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).ok().map(LessSafeKey::new);
        bytes.zeroize();
        key
    }
}

#[cfg(test)]
mod tests {
    use super::super::Keys;

    fn sealed(context: &[u8]) -> Vec<u8> {
        Keys::derive(&[1; 32]).answer.seal([7; 12], context, b"a token".to_vec()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_under_its_key_only() {
        let keys = Keys::derive(&[1; 32]);
        let sealed = sealed(b"here");
        assert_eq!(keys.answer.open(b"here", &sealed).unwrap(), b"a token");
        assert!(keys.answer.open(b"there", &sealed).is_none());
        assert!(keys.repeat.open(b"here", &sealed).is_none());
        assert!(Keys::derive(&[2; 32]).answer.open(b"here", &sealed).is_none());
    }

    #[test]
    fn a_changed_byte_or_a_missing_end_opens_nothing() {
        let keys = Keys::derive(&[1; 32]);
        let whole = sealed(b"here");
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(keys.answer.open(b"here", &changed).is_none(), "{at}");
            assert!(keys.answer.open(b"here", &whole[..at]).is_none(), "{at}");
        }
    }

    #[test]
    fn nothing_of_the_text_shows() {
        assert!(!sealed(b"here").windows(7).any(|w| w == b"a token"));
    }
}
