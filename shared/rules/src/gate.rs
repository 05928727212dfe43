//! A gate: what is asked, what is proved, and what the proof leaves behind.
//!
//! A passed gate is a fact with names — the way, the send it answered, the version of the contact — never a flag; whether
//! an attempt is ready is derived from these facts each time it is asked.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{CorrelationId, Millis};
use crate::method::Way;
use crate::secret::{Code, Key};

/// A code that was asked for and not yet answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// By which way.
    pub way: Way,
    /// Which send of the attempt, counted from 1. A resend has a new number, so the code before it is void.
    pub send: u32,
    /// When it was asked for.
    pub at: Millis,
    /// From this moment on the code is too old.
    pub expires_at: Millis,
    /// Characters of the code: digits, or [`LONG_CODE`].
    pub length: u8,
    /// Which of the contacts that the attempt has named it went to. One letter: attempts have to stay below 1 KB.
    #[serde(default, rename = "c", skip_serializing_if = "Option::is_none")]
    pub contact: Option<u8>,
    /// The questions asked ([`crate::factors::questions::asked_text`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
}

impl Challenge {
    /// Whether the answer is charged to the account as a whole: a code that is sent and can be guessed.
    pub fn is_short(&self) -> bool {
        self.way.sends() && self.length != LONG_CODE
    }
}

/// A gate that was passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// By which way.
    pub way: Way,
    /// The send whose code was right.
    pub send: u32,
    /// The version of what was proved: of the contact when that code was sent, of the answers, of the app …
    pub contact_version: u32,
    /// Which of the contacts that the attempt has named it was.
    #[serde(default, rename = "c", skip_serializing_if = "Option::is_none")]
    pub contact: Option<u8>,
    /// How many questions were answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<u8>,
    /// When.
    pub at: Millis,
    /// Whether by a long code, which was not charged to the account as a whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub long: bool,
}

/// What became of a send. Written by the deliverer, the only one that looks at the account. Stored as text of one
/// length, so that the size of an attempt does not tell what the deliverer found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Delivery {
    /// How far it is.
    pub state: DeliveryState,
    /// The contact's version it went to; 0 when it went nowhere.
    pub contact_version: u32,
    /// Why nothing was sent.
    pub reason: Option<String>,
}

/// Length of a stored [`Delivery`]: the longest state, version and reason.
const DELIVERY_LENGTH: usize = 48;

impl From<Delivery> for String {
    fn from(d: Delivery) -> Self {
        let reason = d.reason.unwrap_or_default();
        let text = format!("{}|{}|{reason}", d.state.as_str(), d.contact_version);
        format!("{text:DELIVERY_LENGTH$}")
    }
}

impl TryFrom<String> for Delivery {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut parts = text.trim_end().split('|');
        let mut part = || parts.next().ok_or("a delivery has three parts");
        let state = DeliveryState::parse(part()?).ok_or("no such delivery state")?;
        let contact_version = part()?.parse().map_err(|_| "a contact's version is a number")?;
        let reason = Some(part()?.to_owned()).filter(|r| !r.is_empty());
        Ok(Self { state, contact_version, reason })
    }
}

impl Delivery {
    /// Whether a right code of this send passes the gate: not if it is certain that nobody was sent it.
    pub fn counts(&self) -> bool {
        match self.state {
            DeliveryState::Accepted | DeliveryState::Sent => true,
            DeliveryState::Failed => self.reason.is_none(),
            DeliveryState::Withheld => false,
        }
    }

    /// Whether it is over with this send: nothing more will be tried.
    pub fn is_over(&self) -> bool {
        match self.state {
            DeliveryState::Withheld | DeliveryState::Sent => true,
            DeliveryState::Failed => self.reason.is_some(),
            DeliveryState::Accepted => false,
        }
    }
}

/// How far a send is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Nothing is sent: the account may not, or the contact is not the registered one.
    Withheld,
    /// Will be sent: from here on its code counts.
    Accepted,
    /// The provider took it.
    Sent,
    /// It did not go out: with a reason for good, without one the provider is asked again.
    Failed,
}

impl DeliveryState {
    const ALL: [Self; 4] = [Self::Withheld, Self::Accepted, Self::Sent, Self::Failed];

    /// The word in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Length of a long code (THR-03): 13 base32 characters, 65 bits. Guessing it at a million tries a second for a year
/// succeeds once in a million.
pub const LONG_CODE: u8 = 13;

/// The code of one send of an attempt, `length` characters: base32 if that is [`LONG_CODE`], digits otherwise. The same
/// parts give the same code, so it need not be stored anywhere.
pub fn code(key: &Key, attempt: CorrelationId, way: Way, send: u32, length: u8) -> Code {
    let parts: [&[u8]; 4] =
        [b"attempt", &attempt.to_bytes(), way.as_str().as_bytes(), &send.to_be_bytes()];
    if length == LONG_CODE {
        Code::derive_long(key, &parts, usize::from(length))
    } else {
        Code::derive(key, &parts, length)
    }
}

/// Recognises a contact that this attempt has named before, without keeping it.
pub fn contact_tag(attempt: CorrelationId, contact: &str) -> String {
    let digest = Sha256::new().chain_update(attempt.to_bytes()).chain_update(contact.as_bytes());
    HEXLOWER.encode(digest.finalize().get(..8).unwrap_or_default())
}

/// The code that proves a contact at registration. `nonce` is drawn anew whenever the contact changes.
pub fn registration_code(key: &Key, username: &str, nonce: &str, send: u32, digits: u8) -> Code {
    let parts: [&[u8]; 4] =
        [b"registration", username.as_bytes(), nonce.as_bytes(), &send.to_be_bytes()];
    Code::derive(key, &parts, digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Keys;

    #[test]
    fn a_code_belongs_to_one_attempt_one_way_and_one_send() {
        let key = Keys::derive(&[3; 32]).code;
        let attempt = CorrelationId::new(Millis(0), 1);
        let base = code(&key, attempt, Way::Email, 1, 8);
        assert!(base.is(&code(&key, attempt, Way::Email, 1, 8)));
        assert!(!base.is(&code(&key, attempt, Way::Email, 2, 8)));
        assert!(!base.is(&code(&key, attempt, Way::Sms, 1, 8)));
        assert!(!base.is(&code(&key, CorrelationId::new(Millis(0), 2), Way::Email, 1, 8)));
        assert!(!base.is(&registration_code(&key, "alice", "n", 1, 8)));
    }

    #[test]
    fn what_became_of_a_send_takes_the_same_room_whatever_it_was() {
        let delivery = |state, contact_version, reason: Option<&str>| Delivery {
            state,
            contact_version,
            reason: reason.map(str::to_owned),
        };
        let longest = delivery(DeliveryState::Withheld, u32::MAX, Some("administrators_disabled"));
        for d in [delivery(DeliveryState::Sent, 1, None), longest] {
            let text = String::from(d.clone());
            assert_eq!(text.len(), DELIVERY_LENGTH);
            assert_eq!(Delivery::try_from(text), Ok(d));
        }
    }

    #[test]
    fn only_a_send_that_was_meant_to_go_out_can_be_answered() {
        let with = |state, reason: Option<&str>| Delivery {
            state,
            contact_version: 1,
            reason: reason.map(str::to_owned),
        };
        let why = Some("text_budget");
        for (delivery, counts, over) in [
            (with(DeliveryState::Accepted, None), true, false),
            (with(DeliveryState::Sent, None), true, true),
            (with(DeliveryState::Failed, None), true, false),
            (with(DeliveryState::Failed, why), false, true),
            (with(DeliveryState::Withheld, why), false, true),
        ] {
            assert_eq!((delivery.counts(), delivery.is_over()), (counts, over), "{delivery:?}");
        }
    }
}
