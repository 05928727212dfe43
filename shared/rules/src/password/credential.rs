//! How a password is kept: one salt a person, a verifier, and tags of the last passwords (PWD-04).
//!
//! All of it is derived from one evaluation ([`super::hash`]); so one evaluation says whether a typed password is the
//! present one, whether it was used before, and what to store when it becomes the next.

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

use super::Reason;
use super::hash::{Evaluation, Parameters, SALT_LEN, TAG_LEN};
use crate::ids::Millis;
use crate::secret::Keys;

/// The stored form of a password. Useless without the keys, yet never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The person's salt; it stays when the password changes, so that the history can be compared.
    #[serde(with = "serde_bytes")]
    salt: [u8; SALT_LEN],
    /// What the verifier and `history` were made with.
    parameters: Parameters,
    /// Recognises the present password.
    #[serde(with = "serde_bytes")]
    verifier: [u8; 32],
    /// Tags of [`TAG_LEN`] bytes, newest first; the first is the present password's.
    #[serde(default, with = "serde_bytes")]
    history: Vec<u8>,
    /// Former passwords whose tags were made with other parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    earlier: Option<Earlier>,
    /// When the password was set.
    changed_at: Millis,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Earlier {
    parameters: Parameters,
    #[serde(with = "serde_bytes")]
    history: Vec<u8>,
}

impl Credential {
    /// A first password. `history` is how many of the last passwords are kept recognisable, this one included.
    pub fn first(evaluation: &Evaluation, keys: &Keys, history: u32, now: Millis) -> Self {
        Self {
            salt: *evaluation.salt(),
            parameters: evaluation.parameters(),
            verifier: evaluation.verifier(&keys.verifier),
            history: pushed(&evaluation.history_tag(&keys.history), &[], history),
            earlier: None,
            changed_at: now,
        }
    }

    /// The salt to evaluate with, for the present password and for the next.
    pub fn salt(&self) -> &[u8; SALT_LEN] {
        &self.salt
    }

    /// The parameters to evaluate with.
    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// When the password was set.
    pub fn changed_at(&self) -> Millis {
        self.changed_at
    }

    /// Whether the evaluated password is the present one. Constant time; `false` for an evaluation under another salt
    /// or other parameters.
    pub fn is_current(&self, evaluation: &Evaluation, keys: &Keys) -> bool {
        let same = evaluation.verifier(&keys.verifier).ct_eq(&self.verifier);
        self.fits(evaluation) && bool::from(same)
    }

    /// Whether the evaluated password is among the last `history`, the present one included. Constant time in what it
    /// compares.
    ///
    /// When [`Credential::earlier_parameters`] names some, a second evaluation with those must be asked too.
    pub fn recently_used(&self, evaluation: &Evaluation, keys: &Keys, history: u32) -> bool {
        let tag = evaluation.history_tag(&keys.history);
        if self.fits(evaluation) {
            return contains(&self.history, &tag, history);
        }
        let earlier = self.earlier.as_ref().filter(|e| e.parameters == evaluation.parameters());
        let left = history.saturating_sub(count(&self.history));
        evaluation.salt() == &self.salt
            && earlier.is_some_and(|earlier| contains(&earlier.history, &tag, left))
    }

    /// Why the evaluated password may not be the next one, under a policy that remembers `history`. With a history of 0
    /// it always may.
    pub fn reuse(&self, evaluation: &Evaluation, keys: &Keys, history: u32) -> Option<Reason> {
        let current = self.is_current(evaluation, keys);
        let used = self.recently_used(evaluation, keys, history);
        match (history, current, used) {
            (0, _, _) => None,
            (_, true, _) => Some(Reason::SameAsCurrent),
            (_, false, true) => Some(Reason::RecentlyUsed),
            (_, false, false) => None,
        }
    }

    /// Parameters of former passwords that the present parameters cannot recognise; `None` when one evaluation is enough.
    pub fn earlier_parameters(&self) -> Option<Parameters> {
        self.earlier.as_ref().map(|e| e.parameters)
    }

    /// The credential after the password became the evaluated one. An evaluation with other parameters starts a new
    /// run of the history and keeps the one before.
    pub fn renew(&self, evaluation: &Evaluation, keys: &Keys, history: u32, now: Millis) -> Self {
        let mut next = Self::first(evaluation, keys, history, now);
        let earlier = if self.fits(evaluation) {
            let tag = evaluation.history_tag(&keys.history);
            next.history = pushed(&tag, &self.history, history);
            self.earlier.clone()
        } else if evaluation.salt() == &self.salt {
            Some(Earlier { parameters: self.parameters, history: self.history.clone() })
        } else {
            // Under another salt nothing former can be recognised.
            None
        };
        let left = history.saturating_sub(count(&next.history));
        next.earlier = earlier.map(|e| e.shortened(left)).filter(|e| !e.history.is_empty());
        next
    }

    /// The credential of the same password under an evaluation with new parameters (PWD-06: when they rise, at the next
    /// sign-in). The password counts as set when it was.
    pub fn rehash(&self, evaluation: &Evaluation, keys: &Keys, history: u32) -> Self {
        if self.fits(evaluation) {
            return self.clone();
        }
        // The present password's own tag will lead the new run: it must not count twice.
        let former = self.history.get(TAG_LEN..).unwrap_or_default().to_vec();
        let former = Self { history: former, ..self.clone() };
        former.renew(evaluation, keys, history, self.changed_at)
    }

    /// Whether the verifier was made with less than `parameters`.
    pub fn is_weaker_than(&self, parameters: Parameters) -> bool {
        let Parameters { memory_kib, passes, lanes } = self.parameters;
        memory_kib < parameters.memory_kib || passes < parameters.passes || lanes < parameters.lanes
    }

    fn fits(&self, evaluation: &Evaluation) -> bool {
        evaluation.salt() == &self.salt && evaluation.parameters() == self.parameters
    }
}

impl Earlier {
    fn shortened(mut self, entries: u32) -> Self {
        self.history.truncate(bytes(entries));
        self
    }
}

fn bytes(entries: u32) -> usize {
    usize::try_from(entries).unwrap_or(usize::MAX).saturating_mul(TAG_LEN)
}

fn count(history: &[u8]) -> u32 {
    u32::try_from(history.len() / TAG_LEN).unwrap_or(u32::MAX)
}

/// The tag, then the former ones, at most `entries` together.
fn pushed(tag: &[u8; TAG_LEN], former: &[u8], entries: u32) -> Vec<u8> {
    let mut history = [tag.as_slice(), former].concat();
    history.truncate(bytes(entries));
    history
}

/// Whether the tag is among the first `entries`. All of them are compared.
fn contains(history: &[u8], tag: &[u8; TAG_LEN], entries: u32) -> bool {
    let looked_at = history.get(..bytes(entries)).unwrap_or(history);
    let found =
        looked_at.chunks_exact(TAG_LEN).fold(Choice::from(0), |found, old| found | old.ct_eq(tag));
    found.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::{Hasher, Password};

    const CHEAP: Parameters = Parameters { memory_kib: 32, passes: 1, lanes: 1 };
    const DEARER: Parameters = Parameters { memory_kib: 64, passes: 1, lanes: 1 };
    const SALT: [u8; SALT_LEN] = [9; SALT_LEN];
    const NOW: Millis = Millis(1_790_000_000_000);

    fn keys() -> Keys {
        Keys::derive(&[5; 32])
    }

    fn evaluated(text: &str, parameters: Parameters) -> Evaluation {
        Hasher::lazy().evaluate(&Password::new(text.into()), &SALT, parameters).unwrap()
    }

    /// The credential of somebody who has had these passwords, the last one now.
    fn after(passwords: &[&str], history: u32) -> Credential {
        let (first, rest) = passwords.split_first().unwrap();
        let credential = Credential::first(&evaluated(first, CHEAP), &keys(), history, NOW);
        rest.iter().fold(credential, |c, p| c.renew(&evaluated(p, CHEAP), &keys(), history, NOW))
    }

    fn reuse(credential: &Credential, text: &str, history: u32) -> Option<Reason> {
        credential.reuse(&evaluated(text, CHEAP), &keys(), history)
    }

    #[test]
    fn the_present_password_is_recognised_and_no_other() {
        let credential = after(&["one", "two"], 5);
        assert!(credential.is_current(&evaluated("two", CHEAP), &keys()));
        assert!(!credential.is_current(&evaluated("one", CHEAP), &keys()));
        assert!(!credential.is_current(&evaluated("two", CHEAP), &Keys::derive(&[6; 32])));
        assert!(!credential.is_current(&evaluated("two", DEARER), &keys()));
        let salt = [8; SALT_LEN];
        let other = Hasher::lazy().evaluate(&Password::new("two".into()), &salt, CHEAP).unwrap();
        assert!(!credential.is_current(&other, &keys()));
    }

    #[test]
    fn the_last_five_are_refused_and_the_sixth_is_free() {
        let credential = after(&["a", "b", "c", "d", "e", "f"], 5);
        assert_eq!(reuse(&credential, "f", 5), Some(Reason::SameAsCurrent));
        for text in ["e", "d", "c", "b"] {
            assert_eq!(reuse(&credential, text, 5), Some(Reason::RecentlyUsed), "{text}");
        }
        assert_eq!(reuse(&credential, "a", 5), None);
    }

    #[test]
    fn a_history_of_one_is_the_present_password_only_and_of_none_nothing() {
        let credential = after(&["a", "b"], 1);
        assert_eq!(reuse(&credential, "b", 1), Some(Reason::SameAsCurrent));
        assert_eq!(reuse(&credential, "a", 1), None);
        assert_eq!(reuse(&credential, "b", 0), None);
        assert_eq!(reuse(&after(&["a", "b"], 0), "b", 5), Some(Reason::SameAsCurrent));
    }

    #[test]
    fn a_policy_that_remembers_less_now_looks_at_less() {
        let credential = after(&["a", "b", "c"], 5);
        assert_eq!(reuse(&credential, "a", 3), Some(Reason::RecentlyUsed));
        assert_eq!(reuse(&credential, "a", 2), None);
    }

    #[test]
    fn a_whole_change_of_password_with_twenty_four_old_ones_costs_one_evaluation() {
        let names: Vec<String> = (0..24).map(|n| format!("password {n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let credential = after(&names, 24);
        let mut hasher = Hasher::lazy();
        let next = Password::new("the next".into());
        let evaluation =
            hasher.evaluate(&next, credential.salt(), credential.parameters()).unwrap();
        assert_eq!(credential.reuse(&evaluation, &keys(), 24), None);
        let renewed = credential.renew(&evaluation, &keys(), 24, NOW);
        assert!(renewed.is_current(&evaluation, &keys()));
        assert_eq!(hasher.evaluations(), 1);
        assert_eq!(renewed.history.len(), 24 * TAG_LEN);
    }

    #[test]
    fn when_parameters_rise_former_passwords_stay_refused() {
        let credential = after(&["a", "b", "c"], 3);
        assert!(credential.is_weaker_than(DEARER) && !credential.is_weaker_than(CHEAP));
        let dearer = credential.rehash(&evaluated("c", DEARER), &keys(), 3);
        assert_eq!(dearer.changed_at(), NOW);
        assert!(dearer.is_current(&evaluated("c", DEARER), &keys()));
        assert_eq!(dearer.earlier_parameters(), Some(CHEAP));
        assert!(dearer.recently_used(&evaluated("c", DEARER), &keys(), 3));
        for (text, history, used) in
            [("b", 2, true), ("b", 1, false), ("a", 3, true), ("a", 2, false)]
        {
            let got = dearer.recently_used(&evaluated(text, CHEAP), &keys(), history);
            assert_eq!(got, used, "{text} {history}");
        }
    }

    #[test]
    fn the_history_of_lesser_parameters_runs_out_as_passwords_change() {
        let mut credential = after(&["a", "b"], 3).rehash(&evaluated("b", DEARER), &keys(), 3);
        assert!(credential.recently_used(&evaluated("a", CHEAP), &keys(), 3));
        credential = credential.renew(&evaluated("c", DEARER), &keys(), 3, NOW);
        assert!(credential.recently_used(&evaluated("a", CHEAP), &keys(), 3));
        credential = credential.renew(&evaluated("d", DEARER), &keys(), 3, NOW);
        assert_eq!(credential.earlier_parameters(), None);
        assert!(credential.recently_used(&evaluated("b", DEARER), &keys(), 3));
        assert!(!credential.recently_used(&evaluated("a", CHEAP), &keys(), 3));
    }

    #[test]
    fn a_credential_survives_json_and_stays_within_its_item() {
        let names: Vec<String> = (0..24).map(|n| format!("password {n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let credential = after(&names, 24);
        let json = serde_json::to_string(&credential).unwrap();
        let again: Credential = serde_json::from_str(&json).unwrap();
        assert!(again == credential);
        assert!(SALT_LEN + 32 + again.history.len() < 512);
    }

    #[test]
    fn a_damaged_history_recognises_what_is_whole_of_it() {
        let mut credential = after(&["a", "b"], 5);
        credential.history.truncate(TAG_LEN + 3);
        assert_eq!(reuse(&credential, "b", 5), Some(Reason::SameAsCurrent));
        assert_eq!(reuse(&credential, "a", 5), None);
    }
}
