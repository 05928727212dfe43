//! What an attempt learns of its account, and when: nothing until somebody had to look.

use serde::{Deserialize, Serialize};

use crate::registration::Ineligible;

/// What an attempt must know of the account, learned by the deliverer when it first let a code go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The account, as distinct from a later one of the same name.
    pub uid: String,
    /// Its epoch: a password set meanwhile, by whomever, ends the attempt.
    pub epoch: u64,
    /// Gates this account must pass.
    pub required: u8,
    /// Whether the administrators' fixed policy decides.
    pub administrator: bool,
}

/// What the deliverer found. Stored as text of one length, whatever it is: see [`crate::gate::Delivery`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Findings {
    /// The account, once a code went out.
    pub facts: Option<Facts>,
    /// Why the account may not reset, if it may not.
    pub refusal: Option<Ineligible>,
}

/// Length of stored [`Findings`]: the longest of each part.
const FINDINGS_LENGTH: usize = 84;

impl From<Findings> for String {
    fn from(f: Findings) -> Self {
        let refusal = f.refusal.map_or("", Ineligible::detail);
        let text = match f.facts {
            Some(x) => format!(
                "{}|{}|{}|{}|{refusal}",
                x.uid,
                x.epoch,
                x.required,
                u8::from(x.administrator)
            ),
            None => format!("||||{refusal}"),
        };
        format!("{text:FINDINGS_LENGTH$}")
    }
}

impl TryFrom<String> for Findings {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts: Vec<&str> = text.trim_end().split('|').collect();
        let [uid, epoch, required, administrator, refusal] = *parts.as_slice() else {
            return Err("findings have five parts");
        };
        let facts = match uid {
            "" => None,
            uid => Some(Facts {
                uid: uid.to_owned(),
                epoch: epoch.parse().map_err(|_| "an epoch is a number")?,
                required: required.parse().map_err(|_| "gates are a number")?,
                administrator: administrator == "1",
            }),
        };
        let refusal = Ineligible::ALL.into_iter().find(|why| why.detail() == refusal);
        Ok(Self { facts, refusal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_takes_the_same_room_whatever_it_was() {
        let facts = Facts {
            uid: "0123456789abcdef0123456789abcdef".into(),
            epoch: u64::MAX,
            required: 2,
            administrator: true,
        };
        let mut all: Vec<Findings> = Ineligible::ALL
            .into_iter()
            .map(|why| Findings { facts: Some(facts.clone()), refusal: Some(why) })
            .collect();
        all.push(Findings::default());
        all.push(Findings { facts: Some(facts), refusal: None });
        for findings in all {
            let text = String::from(findings.clone());
            assert_eq!(text.len(), FINDINGS_LENGTH, "{text}");
            assert_eq!(Findings::try_from(text), Ok(findings));
        }
    }
}
