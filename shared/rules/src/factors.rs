//! What proves a person without anything being sent: answers to questions, an authenticator app, a recovery code.
//!
//! The secrets of one name are one sealed text of one length ([`Factors`]), so that whoever watches the store sees no
//! difference between somebody with all of them, somebody with none, and nobody ([`Factors::blank`]). What decides whether
//! somebody may reset needs no secret: it stands on the profile as facts ([`facts`]).
//!
//! Modules: [`facts`], [`questions`], [`totp`], [`recovery`], and [`proving`], which judges a proof.
//!
//! # Why not …?
//! - *Why not one hash per answer?* Answers are short: a hash of one is guessed in hours, and whoever guesses one answer
//!   may go on to the next. Three together cost the guesses multiplied.
//! - *Why not a column per method?* An item with a recovery code would be longer than one without.

pub mod facts;
pub mod proving;
pub mod questions;
pub mod recovery;
pub mod totp;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use self::questions::{ANSWERS_MAX, COMBINATIONS};
use crate::ids::Username;
use crate::secret::Key;

/// Bytes of a tag: a false match happens once in 2¹²⁸.
pub const TAG_LEN: usize = 16;

/// Bytes of the nonce, drawn anew for each sealing (XChaCha20: long enough to be drawn at random).
pub const NONCE_LEN: usize = 24;

/// Bytes of an authenticator's secret: 160 bits, the length of its hash (RFC 4226 §4, R6).
pub const TOTP_SECRET_LEN: usize = 20;

/// The format of the text inside. Another set of argon2 parameters for answers is another format.
const FORMAT: u8 = 1;

/// Bytes inside: format, account, then questions, authenticator, recovery code.
const PLAIN_LEN: usize = 1
    + 8
    + (4 + 1 + 4 * ANSWERS_MAX + 16 + TAG_LEN * COMBINATIONS)
    + (4 + TOTP_SECRET_LEN)
    + (4 + TAG_LEN);

/// Bytes of the sealed text, whatever is in it.
pub const SEALED_LEN: usize = NONCE_LEN + PLAIN_LEN + 16;

/// A sealed text that is none of ours, or of another name, or changed by somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsealable;

/// The secrets of one account. A part whose version is 0 is blank. Wiped when dropped; cannot be printed or copied.
#[derive(Zeroize, ZeroizeOnDrop, PartialEq, Eq)]
pub struct Factors {
    /// Which account of this name: see [`account_tag`].
    pub account: [u8; 8],
    /// Answers to questions.
    pub answers: Answers,
    /// Version of the authenticator's fact.
    pub totp_version: u32,
    /// The authenticator's secret.
    pub totp_secret: [u8; TOTP_SECRET_LEN],
    /// Version of the recovery code's fact.
    pub recovery_version: u32,
    /// The recovery code's tag.
    pub recovery_tag: [u8; TAG_LEN],
}

/// Answers to questions: which, and what recognises each combination of them.
#[derive(Zeroize, ZeroizeOnDrop, PartialEq, Eq, Clone)]
pub struct Answers {
    /// Version of the fact.
    pub version: u32,
    /// The questions as [`questions::short`] ids, ascending.
    pub ids: Vec<u32>,
    /// For argon2id.
    pub salt: [u8; 16],
    /// One for each combination that may be asked, in the order of [`questions::combinations`].
    pub tags: Vec<[u8; TAG_LEN]>,
}

impl Answers {
    /// None.
    pub fn blank() -> Self {
        Self { version: 0, ids: Vec::new(), salt: [0; 16], tags: Vec::new() }
    }
}

/// Recognises one account among all that ever had its name.
pub fn account_tag(uid: &str) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = Sha256::digest(uid.as_bytes()).into();
    [a, b, c, d, e, f, g, h]
}

impl Factors {
    /// Nothing, of an account.
    pub fn of(uid: &str) -> Self {
        let mut blank = Self::blank();
        blank.account = account_tag(uid);
        blank
    }

    /// Nothing, of nobody: what is kept for a name that nobody has.
    pub fn blank() -> Self {
        Self {
            account: [0; 8],
            answers: Answers::blank(),
            totp_version: 0,
            totp_secret: [0; TOTP_SECRET_LEN],
            recovery_version: 0,
            recovery_tag: [0; TAG_LEN],
        }
    }

    /// The sealed text for a name. `nonce` is drawn for this call.
    pub fn seal(&self, key: &Key, username: &Username, nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        sealed(key, username.as_str(), &self.plain(), nonce)
    }

    /// Reads a sealed text.
    ///
    /// # Errors
    /// [`Unsealable`].
    pub fn open(key: &Key, username: &Username, sealed: &[u8]) -> Result<Self, Unsealable> {
        if sealed.len() != SEALED_LEN {
            return Err(Unsealable);
        }
        let plain = opened(key, username.as_str(), sealed)?;
        Self::read(&mut Reader(&plain)).ok_or(Unsealable)
    }

    fn plain(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(PLAIN_LEN));
        out.push(FORMAT);
        out.extend(self.account);
        out.extend(self.answers.version.to_be_bytes());
        out.push(u8::try_from(self.answers.ids.len()).unwrap_or_default());
        for place in 0..ANSWERS_MAX {
            let id = self.answers.ids.get(place).copied().unwrap_or_default();
            out.extend(id.to_be_bytes());
        }
        out.extend(self.answers.salt);
        for place in 0..COMBINATIONS {
            out.extend(self.answers.tags.get(place).copied().unwrap_or_default());
        }
        out.extend(self.totp_version.to_be_bytes());
        out.extend(self.totp_secret);
        out.extend(self.recovery_version.to_be_bytes());
        out.extend(self.recovery_tag);
        out
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let [format] = reader.bytes()?;
        if format != FORMAT {
            return None;
        }
        let account = reader.bytes()?;
        let version = reader.number()?;
        let [count] = reader.bytes()?;
        let count = usize::from(count);
        let mut ids: Vec<u32> = (0..ANSWERS_MAX).map(|_| reader.number()).collect::<Option<_>>()?;
        let salt = reader.bytes()?;
        let mut tags: Vec<[u8; TAG_LEN]> =
            (0..COMBINATIONS).map(|_| reader.bytes()).collect::<Option<_>>()?;
        ids.truncate(count);
        tags.truncate(questions::combinations(count).len());
        Some(Self {
            account,
            answers: Answers { version, ids, salt, tags },
            totp_version: reader.number()?,
            totp_secret: reader.bytes()?,
            recovery_version: reader.number()?,
            recovery_tag: reader.bytes()?,
        })
    }
}

/// Seals an authenticator's secret that waits to be confirmed. `nonce` is drawn for this call.
pub fn seal_pending(
    key: &Key,
    username: &Username,
    secret: &[u8; TOTP_SECRET_LEN],
    nonce: [u8; NONCE_LEN],
) -> Vec<u8> {
    sealed(key, &pending_name(username), secret, nonce)
}

/// Reads an authenticator's secret that waits to be confirmed.
///
/// # Errors
/// [`Unsealable`].
pub fn open_pending(
    key: &Key,
    username: &Username,
    sealed: &[u8],
) -> Result<Zeroizing<[u8; TOTP_SECRET_LEN]>, Unsealable> {
    let plain = opened(key, &pending_name(username), sealed)?;
    plain.as_slice().try_into().map(Zeroizing::new).map_err(|_| Unsealable)
}

/// What a pending secret is bound to: no name of an account, since those have no `/`.
fn pending_name(username: &Username) -> String {
    format!("pending/{username}")
}

fn sealed(key: &Key, name: &str, plain: &[u8], nonce: [u8; NONCE_LEN]) -> Vec<u8> {
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let payload = Payload { msg: plain, aad: name.as_bytes() };
    // It fails for texts of 256 GB only; an empty text opens for nobody.
    let text = cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
    [nonce.as_slice(), &text].concat()
}

fn opened(key: &Key, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unsealable)?;
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let payload = Payload { msg: text, aad: name.as_bytes() };
    let plain = cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unsealable)?;
    Ok(Zeroizing::new(plain))
}

/// What is left to read.
struct Reader<'r>(&'r [u8]);

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Keys;

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn full() -> Factors {
        let mut full = Factors::of("uid");
        full.answers = Answers {
            version: 7,
            ids: vec![1, 2, 3, 4, u32::MAX],
            salt: [9; 16],
            tags: (0..16).map(|n| [n; TAG_LEN]).collect(),
        };
        (full.totp_version, full.totp_secret) = (8, [5; TOTP_SECRET_LEN]);
        (full.recovery_version, full.recovery_tag) = (u32::MAX, [6; TAG_LEN]);
        full
    }

    #[test]
    fn everything_and_nothing_take_the_same_room_and_come_back() {
        let key = Keys::derive(&[1; 32]).factors;
        for factors in [full(), Factors::of("uid"), Factors::blank()] {
            let sealed = factors.seal(&key, &name("alice"), [3; NONCE_LEN]);
            assert_eq!(sealed.len(), SEALED_LEN);
            assert!(Factors::open(&key, &name("alice"), &sealed) == Ok(factors));
        }
    }

    #[test]
    fn a_sealed_text_opens_for_its_name_under_its_key_unchanged_only() {
        let key = Keys::derive(&[1; 32]).factors;
        let sealed = full().seal(&key, &name("alice"), [3; NONCE_LEN]);
        let fails =
            |key: &Key, who: &str, text: &[u8]| Factors::open(key, &name(who), text).is_err();
        assert!(fails(&key, "alicf", &sealed));
        assert!(fails(&Keys::derive(&[2; 32]).factors, "alice", &sealed));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(fails(&key, "alice", &changed), "{place}");
        }
        assert!(fails(&key, "alice", &sealed[1..]) && fails(&key, "alice", b""));
    }

    #[test]
    fn a_pending_secret_is_not_a_kept_one() {
        let key = Keys::derive(&[1; 32]).factors;
        let alice = name("alice");
        let sealed = seal_pending(&key, &alice, &[5; TOTP_SECRET_LEN], [3; NONCE_LEN]);
        assert_eq!(*open_pending(&key, &alice, &sealed).unwrap(), [5; TOTP_SECRET_LEN]);
        assert!(open_pending(&key, &name("bobby"), &sealed).is_err());
        assert!(opened(&key, "alice", &sealed).is_err());
    }
}
