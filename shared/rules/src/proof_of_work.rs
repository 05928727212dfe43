//! Proof of work (RST-17): who begins a reset may have to spend a second of computing first. No picture, nothing to read,
//! nothing to solve by hand: the page does it (WCAG 2.2, 3.3.8).
//!
//! The scheme, after hashcash: the server gives a *challenge*, `1.<end>.<bits>.<nonce>.<mac>`; the *solution* is the
//! challenge, a dot and a counter of the client's choice, such that SHA-256 of the solution begins with `bits` zero bits.
//! A challenge is kept nowhere: its MAC binds it to the network it was given to, to its end and to its difficulty. That it
//! is solved once only is for the store to see, by its nonce.
//!
//! # Why not …?
//! - *Why no memory-hard function?* Phones of people who are locked out would wait longest.

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::ids::{Millis, Network};
use crate::secret::Key;

/// How long a challenge may be solved, seconds.
pub const SECONDS: u32 = 300;

/// Zero bits at rest: 65,536 hashes on average, a tenth of a second in a browser.
pub const BITS_LEAST: u32 = 16;

/// Zero bits at most: 4 million hashes on average, some ten seconds in a browser.
pub const BITS_MOST: u32 = 22;

/// Begins of a network in an hour that the least difficulty is for; with each doubling it is one bit more.
const QUIET: u32 = 16;

/// Longest solution that is read, characters.
pub const SOLUTION_MAX: usize = 256;

/// Longest counter, characters: more than any client needs.
const COUNTER_MAX: usize = 20;

/// Bytes of the MAC: 128 bits.
const MAC: usize = 16;

/// The scheme as `GET /v1/about` publishes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scheme {
    /// The hash function.
    pub algorithm: &'static str,
    /// How a solution is written.
    pub solution: &'static str,
    /// What must hold.
    pub rule: &'static str,
    /// How long a challenge may be solved.
    pub seconds: u32,
    /// Zero bits at rest.
    pub bits_least: u32,
    /// Zero bits at most.
    pub bits_most: u32,
}

impl Scheme {
    /// The one there is.
    pub fn published() -> Self {
        Self {
            algorithm: "SHA-256",
            solution: "<challenge>.<counter>, counter: 1 to 20 characters of A-Z a-z 0-9 - _",
            rule: "the hash of the solution begins with as many zero bits as the challenge asks for",
            seconds: SECONDS,
            bits_least: BITS_LEAST,
            bits_most: BITS_MOST,
        }
    }
}

/// A challenge as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// What the solution begins with.
    pub text: String,
    /// Zero bits that the hash of the solution begins with.
    pub bits: u32,
}

/// A right solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solved {
    /// Names the challenge: it counts once.
    pub nonce: String,
    /// When the challenge ends by itself.
    pub ends_at: Millis,
}

/// The difficulty for a network that has begun so many attempts in this hour.
pub fn bits(begun: u32) -> u32 {
    let doublings = (begun / QUIET).checked_ilog2().map_or(0, |n| n.saturating_add(1));
    BITS_LEAST.saturating_add(doublings).min(BITS_MOST)
}

/// A fresh challenge for a network. `nonce` is random.
pub fn challenge(
    key: &Key,
    network: &Network,
    begun: u32,
    nonce: [u8; 16],
    now: Millis,
) -> Challenge {
    let bits = bits(begun);
    let end = now.plus_seconds(SECONDS).0;
    let head = format!("1.{end}.{bits}.{}", BASE64URL_NOPAD.encode(&nonce));
    let mac = mac(key, network, &head);
    Challenge { text: format!("{head}.{}", BASE64URL_NOPAD.encode(&mac)), bits }
}

/// Judges a solution; `None` for one of another network, too late, too easy, or of no challenge of ours.
pub fn solved(key: &Key, network: &Network, solution: &str, now: Millis) -> Option<Solved> {
    let (challenge, counter) = solution.rsplit_once('.')?;
    let (head, given) = challenge.rsplit_once('.')?;
    let given = BASE64URL_NOPAD.decode(given.as_bytes()).ok()?;
    if !bool::from(mac(key, network, head).ct_eq(&given)) {
        return None;
    }
    let mut parts = head.split('.');
    let (_version, end) = (parts.next()?, parts.next()?.parse().ok().map(Millis)?);
    let (bits, nonce) = (parts.next()?.parse().ok()?, parts.next()?.to_owned());
    let written = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let counter = (1..=COUNTER_MAX).contains(&counter.len()) && counter.bytes().all(written);
    let right = counter && now < end && zero_bits(solution) >= bits;
    right.then_some(Solved { nonce, ends_at: end })
}

fn mac(key: &Key, network: &Network, head: &str) -> [u8; MAC] {
    let whole = key.hmac(&[b"proof of work", network.as_str().as_bytes(), head.as_bytes()]);
    let mut mac = [0; MAC];
    mac.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    mac
}

/// Zero bits at the beginning of the SHA-256 of a text.
pub fn zero_bits(text: &str) -> u32 {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let mut zeros = 0u32;
    for byte in digest {
        zeros = zeros.saturating_add(byte.leading_zeros());
        if byte != 0 {
            break;
        }
    }
    zeros
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Keys;

    const NOW: Millis = Millis(1_790_000_000_000);

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }

    fn given(begun: u32) -> (Key, Challenge) {
        let key = Keys::derive(&[1; 32]).proof;
        let challenge = challenge(&key, &network("203.0.113.9"), begun, [7; 16], NOW);
        (key, challenge)
    }

    /// The first counters whose solution is right, and wrong by at least one bit.
    fn counters(challenge: &Challenge) -> (String, String) {
        let tried = |n: u32| format!("{}.{n}", challenge.text);
        let right = (0..).map(tried).find(|s| zero_bits(s) >= challenge.bits).unwrap();
        let wrong = (0..).map(tried).find(|s| zero_bits(s) == challenge.bits - 1).unwrap();
        (right, wrong)
    }

    #[test]
    fn a_solution_is_right_for_its_network_until_its_end_and_with_every_bit() {
        let (key, challenge) = given(0);
        let (right, wrong) = counters(&challenge);
        let judge = |solution: &str, from: &str, at: Millis| {
            solved(&key, &network(from), solution, at).is_some()
        };
        assert!(right.len() <= SOLUTION_MAX);
        assert!(judge(&right, "203.0.113.200", NOW), "the same network");
        assert!(!judge(&right, "203.0.112.9", NOW), "another network");
        assert!(judge(&right, "203.0.113.9", Millis(NOW.plus_seconds(SECONDS).0 - 1)));
        assert!(!judge(&right, "203.0.113.9", NOW.plus_seconds(SECONDS)));
        assert!(!judge(&wrong, "203.0.113.9", NOW), "one bit too few");
        assert!(
            solved(&Keys::derive(&[2; 32]).proof, &network("203.0.113.9"), &right, NOW).is_none()
        );
    }

    #[test]
    fn nothing_of_a_challenge_can_be_changed() {
        let (key, hard) = given(10_000);
        let easier = hard.text.replace(&format!(".{}.", hard.bits), ".1.");
        let later = hard.text.replace("1790000300000", "1890000300000");
        assert!(easier != hard.text && later != hard.text);
        for forged in [easier, later] {
            let all = (0..40).map(|n| format!("{forged}.{n}"));
            let accepted = all.filter(|s| solved(&key, &network("203.0.113.9"), s, NOW).is_some());
            assert_eq!(accepted.count(), 0);
        }
        for odd in ["", ".", "....", "1.2.3.4.5", "é.é.é.é.é.é"] {
            assert!(solved(&key, &network("203.0.113.9"), odd, NOW).is_none(), "{odd}");
        }
    }

    #[test]
    fn each_doubling_of_begins_costs_a_bit_up_to_the_most() {
        let all = [0, 15, 16, 31, 32, 63, 64, 128, 256, 512, 1_000_000, u32::MAX].map(bits);
        assert_eq!(all, [16, 16, 17, 17, 18, 18, 19, 20, 21, 22, 22, 22]);
    }

    #[test]
    fn zero_bits_are_counted_across_bytes() {
        // Known SHA-256 values: the empty text begins e3 (0 zero bits).
        assert_eq!(zero_bits(""), 0);
        let some = (0u32..).map(|n| n.to_string()).find(|t| zero_bits(t) >= 9).unwrap();
        let digest: [u8; 32] = Sha256::digest(some.as_bytes()).into();
        assert!(digest[0] == 0 && digest[1] < 128);
    }
}
