//! A reset or unlock from begin to end: what it carries, what may happen next, how it ended.

mod disclosed;
mod endings;
mod findings;
mod sending;
mod tightened;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::activity::Origin;
use crate::gate::{self, Challenge, Delivery, Passed};
use crate::ids::{CorrelationId, Millis, Network, Username};
use crate::method::{Method, Way};
use crate::policy::{Config, Policy};
use crate::refusal::Refusal;
use crate::registration::{
    ADMINISTRATOR_METHODS, Eligible, Ineligible, Profile, Scope, eligibility,
};
use crate::secret::{Code, Key, TokenHash};
use crate::throttle::Limits;

pub use disclosed::{Disclosed, disclose};
pub use findings::{Facts, Findings};
pub use sending::{Withheld, may_go_to, may_send};

/// What an attempt is for; bound at begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A new password.
    Reset,
    /// The lock off, the password as it is.
    Unlock,
}

impl Purpose {
    /// The name in JSON and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Unlock => "unlock",
        }
    }
}

/// Whether an attempt goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does.
    Open,
    /// It came to its end, well or not.
    Ended,
}

/// New passwords that one attempt may try (api.md §5).
pub const COMPLETIONS_MAX: u32 = 10;

/// A reset or unlock under way, with all that its next step needs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id and support code.
    pub correlation: CorrelationId,
    /// The name that was typed, whether or not anybody has it.
    pub username: Username,
    /// What for.
    pub purpose: Purpose,
    /// Scope of its throttles.
    pub network: Network,
    /// For the record.
    #[serde(flatten)]
    pub origin: Origin,
    /// Language of its messages.
    pub locale: String,
    /// SHA-256 of the only token that is alive.
    pub token_hash: String,
    /// When it began.
    pub began_at: Millis,
    /// When its time is over.
    pub expires_at: Millis,
    /// The policy in force at begin, or a stricter one met on the way.
    pub policy: Policy,
    /// The limits in force at begin.
    pub limits: Limits,
    /// How long its record is kept, days.
    pub retention_days: u32,
    /// Gates passed.
    #[serde(default)]
    pub gates: Vec<Passed>,
    /// The code asked for last, until it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// Contacts named so far, as tags ([`gate::contact_tag`]).
    #[serde(default)]
    pub contacts: Vec<String>,
    /// Codes asked for so far.
    #[serde(default)]
    pub sends: u32,
    /// Whether the network's counters are in an item of their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
    /// New passwords tried so far; moves before the password is looked at.
    #[serde(default)]
    pub completes: u32,
    /// What the deliverer found; until then the attempt knows nothing of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<Findings>,
    /// What may be shown of the account; nothing unless the organisation chose full disclosure when the attempt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosed: Option<Disclosed>,
    /// What became of each send.
    #[serde(default)]
    pub deliveries: BTreeMap<String, Delivery>,
    /// The limit that was met last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
    /// Whether it goes on.
    pub status: Status,
    /// Recognises the repeat of the call that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<String>,
    /// What was done, `"<milliseconds since begin> <step>"`.
    #[serde(default)]
    pub steps: Vec<String>,
    /// Moves with every change of the attempt itself (not with deliveries).
    pub version: u64,
}

/// What a challenge changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The challenge now outstanding; it replaces any other and credits nothing.
    pub challenge: Challenge,
    /// Codes asked for so far.
    pub sends: u32,
}

impl Attempt {
    /// Whether this token may act on the attempt now.
    ///
    /// # Refuses
    /// `InvalidToken` for any other token, a superseded one included; `ResetFinished`, `ResetExpired`.
    pub fn admit(&self, token: &TokenHash, now: Millis) -> Result<(), Refusal> {
        if !self.is_token(token) {
            return Err(Refusal::InvalidToken);
        }
        // One that nobody completed is over with its time, whether or not the sweep came first.
        let completed = self.repeat.is_some();
        if self.status == Status::Ended && (completed || now < self.expires_at) {
            return Err(Refusal::ResetFinished);
        }
        if now >= self.expires_at {
            return Err(Refusal::ResetExpired);
        }
        Ok(())
    }

    /// Whether the token is the attempt's, dead or alive. Constant time.
    pub fn is_token(&self, token: &TokenHash) -> bool {
        self.token_hash.as_bytes().ct_eq(token.to_text().as_bytes()).into()
    }

    /// The account, if a code ever went out.
    pub fn facts(&self) -> Option<&Facts> {
        self.findings.as_ref()?.facts.as_ref()
    }

    /// Why the account may not reset, as far as the deliverer found.
    pub fn refusal(&self) -> Option<Ineligible> {
        self.findings.as_ref()?.refusal
    }

    /// Gates to pass: what the policy asked at begin, or more if the account's own policy asks more.
    pub fn required(&self) -> u8 {
        let account = self.facts().map_or(0, |f| f.required);
        self.policy.required.max(account)
    }

    /// Methods by which gates were passed. Text and call to one phone are one.
    pub fn passed_methods(&self) -> BTreeSet<Method> {
        self.gates.iter().map(|g| g.way.method()).collect()
    }

    /// Whether every gate is passed.
    pub fn is_ready(&self) -> bool {
        self.passed_methods().len() >= usize::from(self.required())
    }

    /// The gate that comes next, from 1.
    pub fn step(&self) -> u32 {
        u32::try_from(self.passed_methods().len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Gates passed, as a number for the throttle.
    pub fn passed(&self) -> u32 {
        u32::try_from(self.gates.len()).unwrap_or(u32::MAX)
    }

    /// Ways still open: what the policy names, less the methods already passed. Nothing of the account shows, except
    /// that an administrator who has passed a gate sees the fixed administrators' ways.
    pub fn offered(&self) -> Vec<Way> {
        let passed = self.passed_methods();
        let administrator = self.facts().is_some_and(|f| f.administrator);
        let named = |way: &Way| {
            if self.disclosed.is_some() {
                self.policy.ways.contains(way)
            } else if administrator && !passed.is_empty() {
                ADMINISTRATOR_METHODS.contains(&way.method())
            } else {
                self.policy.ways.contains(way)
            }
        };
        let open = |way: &Way| !passed.contains(&way.method());
        Way::ALL.iter().copied().filter(named).filter(open).collect()
    }

    /// The masked contact of a way, where it may be shown.
    pub fn hint(&self, way: Way) -> Option<&str> {
        self.disclosed.as_ref()?.hints.get(&way).map(String::as_str)
    }

    /// Whether a contact, by its tag, is one that opened a gate already: a number on file twice is one method (RST-04).
    pub fn has_proved(&self, contact_tag: &str) -> bool {
        let place = self.contacts.iter().position(|known| known == contact_tag);
        let place = place.and_then(|place| u8::try_from(place).ok());
        place.is_some() && self.gates.iter().any(|gate| gate.contact == place)
    }

    /// What asking for a proof by `way` changes; a `long` code if short ones could be guessed (THR-03). A code has its own
    /// life; what the person has for themselves may be presented until the attempt ends.
    ///
    /// # Refuses
    /// `MethodNotAvailable` for a way that is not offered, or when nothing more is needed; `Throttled` before
    /// `resend_after` has passed since the last code by the same way.
    pub fn ask(&self, way: Way, long: bool, now: Millis) -> Result<Asked, Refusal> {
        if self.is_ready() || !self.offered().contains(&way) {
            return Err(Refusal::MethodNotAvailable);
        }
        if let Some(last) = self.challenge.as_ref().filter(|c| c.way == way && way.sends()) {
            let next = last.at.plus_seconds(self.policy.resend_after);
            if now < next {
                return Err(Refusal::Throttled { retry_after: now.seconds_until(next) });
            }
        }
        let sends = self.sends.saturating_add(1);
        let life = if way.sends() { self.policy.code_seconds } else { u32::MAX };
        let expires_at = now.plus_seconds(life).min(self.expires_at);
        let length = if long { gate::LONG_CODE } else { self.policy.code_digits };
        let (contact, asked) = (None, None);
        let challenge = Challenge { way, send: sends, at: now, expires_at, length, contact, asked };
        Ok(Asked { challenge, sends })
    }

    /// The challenge that a proof by `way` answers.
    ///
    /// # Refuses
    /// `NoChallenge` if nothing is outstanding by this way, `CodeExpired` if it is too old.
    pub fn answerable(&self, way: Way, now: Millis) -> Result<&Challenge, Refusal> {
        let challenge = self.challenge.as_ref().filter(|c| c.way == way);
        let challenge = challenge.ok_or(Refusal::NoChallenge)?;
        if now >= challenge.expires_at {
            return Err(Refusal::CodeExpired);
        }
        Ok(challenge)
    }

    /// Judges a typed code: the gate it passes, or nothing. A right code of a send that never went out passes nothing.
    pub fn judge(
        &self,
        key: &Key,
        typed: &Code,
        challenge: &Challenge,
        now: Millis,
    ) -> Option<Passed> {
        let (way, send) = (challenge.way, challenge.send);
        let right = gate::code(key, self.correlation, way, send, challenge.length).is(typed);
        let delivery = self.deliveries.get(&send.to_string()).filter(|d| d.counts())?;
        let contact_version = delivery.contact_version;
        let (long, contact) = (challenge.length == gate::LONG_CODE, challenge.contact);
        right.then_some(Passed { way, send, contact_version, contact, asked: None, at: now, long })
    }

    /// The account as this attempt may see it: a recovery code that the attempt itself used up still stands for the gate
    /// that it opened.
    pub fn met(&self, profile: &Profile) -> Profile {
        let mut met = profile.clone();
        if let Some(code) = met.recovery.as_mut() {
            code.used_by = code.used_by.filter(|by| *by != self.correlation);
        }
        met
    }

    /// [`eligibility`] of the account as [`Attempt::met`].
    ///
    /// # Refuses
    /// As [`eligibility`].
    pub fn eligibility(
        &self,
        profile: Option<&Profile>,
        config: &Config,
        scope: &Scope,
    ) -> Result<Eligible, Ineligible> {
        eligibility(profile.map(|p| self.met(p)).as_ref(), config, scope)
    }

    /// Whether the attempt, with every gate its own policy asks for, may be completed on this account now (RST-13): the
    /// stricter of the policies then and now holds; another account of the same name, a password set meanwhile or a
    /// changed contact end the attempt.
    ///
    /// # Refuses
    /// `ResetRefused`, `ResetFinished`, `GatesIncomplete`.
    pub fn completable(
        &self,
        profile: Option<&Profile>,
        eligible: Result<Eligible, Ineligible>,
        config: &Config,
    ) -> Result<(), Refusal> {
        let eligible = eligible.map_err(|why| Refusal::ResetRefused(Some(why)))?;
        let unknown = Refusal::ResetRefused(Some(Ineligible::UnknownUser));
        let (Some(profile), Some(facts)) = (profile, self.facts()) else {
            return Err(unknown);
        };
        if profile.uid != facts.uid {
            return Err(unknown);
        }
        if profile.epoch != facts.epoch {
            return Err(Refusal::ResetFinished);
        }
        let met = self.met(profile);
        let to_reset = config.security_questions.to_reset;
        let mut proved: BTreeSet<&str> = BTreeSet::new();
        for gate in &self.gates {
            match met.proof_of(gate.way, config) {
                Some((version, what)) if version == gate.contact_version => {
                    // Fewer answers than are asked for by now prove nothing (RST-13).
                    let enough =
                        gate.way != Way::SecurityQuestions || gate.asked.unwrap_or(0) >= to_reset;
                    if enough && eligible.methods.contains(&gate.way.method()) {
                        proved.insert(what);
                    }
                }
                Some(_) | None => return Err(Refusal::ResetFinished),
            }
        }
        let required = self.required().max(eligible.required);
        if proved.len() < usize::from(required) {
            return Err(Refusal::GatesIncomplete);
        }
        Ok(())
    }

    /// A step for the record.
    pub fn stepped(&self, what: &str, now: Millis) -> Vec<String> {
        let mut steps = self.steps.clone();
        steps.push(format!("{} {what}", now.0.saturating_sub(self.began_at.0)));
        steps
    }

    /// Seconds since begin.
    pub fn seconds(&self, now: Millis) -> u32 {
        u32::try_from(now.0.saturating_sub(self.began_at.0).max(0) / 1000).unwrap_or(u32::MAX)
    }

    /// The ways that passed gates, in order.
    pub fn methods_passed(&self) -> Vec<Way> {
        self.gates.iter().map(|g| g.way).collect()
    }
}
