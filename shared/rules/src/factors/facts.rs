//! What a profile says of secrets that are kept elsewhere: enough to decide who may reset, nothing that proves anything.

use serde::{Deserialize, Serialize};

use super::questions::short;
use crate::ids::{CorrelationId, Millis};
use crate::method::{Method, Way};
use crate::policy::Config;
use crate::registration::Profile;

/// Answers on file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredQuestions {
    /// Since when.
    pub at: Millis,
    /// Moves with every change: what a passed gate is bound to.
    pub version: u32,
    /// To which questions, as [`short`] ids.
    pub ids: Vec<u32>,
}

/// An authenticator app that was confirmed by a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticatorApp {
    /// Since when.
    pub at: Millis,
    /// Moves with every change: what a passed gate is bound to.
    pub version: u32,
    /// The step of the last code that was taken: no code of it or before it is taken again (RST-08).
    pub last_step: i64,
}

/// A recovery code that was handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryOnFile {
    /// Since when.
    pub at: Millis,
    /// Moves with every change: what a passed gate is bound to.
    pub version: u32,
    /// The attempt that used it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<CorrelationId>,
}

impl Profile {
    /// Whether enough answers are on file to questions that are still in use.
    fn answered(&self, config: &Config) -> Option<&AnsweredQuestions> {
        let pool: Vec<u32> = config.question_pool().iter().map(|q| short(q.id())).collect();
        let enough = |a: &&AnsweredQuestions| {
            let in_use = a.ids.iter().filter(|id| pool.contains(id)).count();
            in_use >= usize::from(config.security_questions.to_reset)
        };
        self.questions.as_ref().filter(enough)
    }

    /// What a gate passed by `way` would be bound to now, if the way could pass one: the version of the datum, and what
    /// tells it from others (two ways to one number are one).
    pub fn proof_of(&self, way: Way, config: &Config) -> Option<(u32, &str)> {
        let method = way.method();
        let version = match method {
            Method::Email | Method::MobilePhone | Method::OfficePhone => {
                let contact = self.usable_contact(way, config.accept_directory_data)?;
                return Some((contact.version, &contact.value));
            }
            Method::SecurityQuestions => self.answered(config)?.version,
            Method::AuthenticatorApp => self.authenticator.as_ref()?.version,
            Method::RecoveryCode => self.recovery.as_ref().filter(|r| r.used_by.is_none())?.version,
        };
        Some((version, method.as_str()))
    }

    /// When a method without a contact was registered, if it could open a gate now.
    pub fn registered_at(&self, method: Method, config: &Config) -> Option<Millis> {
        match method {
            Method::Email | Method::MobilePhone | Method::OfficePhone => None,
            Method::SecurityQuestions => self.answered(config).map(|a| a.at),
            Method::AuthenticatorApp => self.authenticator.as_ref().map(|a| a.at),
            Method::RecoveryCode => {
                self.recovery.as_ref().filter(|r| r.used_by.is_none()).map(|r| r.at)
            }
        }
    }

    /// Whether the recovery code was used up and no new one was asked for (REG-06).
    pub fn recovery_is_spent(&self) -> bool {
        self.recovery.as_ref().is_some_and(|r| r.used_by.is_some())
    }

    /// The version of a datum that is registered now: higher than every version that any datum of the account ever had,
    /// since none is above the account's own, which moves with every write.
    pub fn next_version(&self) -> u32 {
        u32::try_from(self.version).unwrap_or(u32::MAX).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Username;
    use crate::policy::PREDEFINED_QUESTIONS;

    fn person() -> Profile {
        Profile::new(Username::parse("alice").unwrap(), String::from("u"), Millis(0))
    }

    #[test]
    fn answers_count_while_enough_of_their_questions_are_in_use() {
        let mut config = Config::default();
        let mut alice = person();
        let ids = PREDEFINED_QUESTIONS[..5].iter().map(|id| short(id)).collect();
        alice.questions = Some(AnsweredQuestions { at: Millis(1), version: 2, ids });
        let counts = |config: &Config| alice.proof_of(Way::SecurityQuestions, config);
        assert_eq!(counts(&config), Some((2, "security_questions")));
        let drop = |config: &mut Config, n: usize| {
            config.security_questions.predefined =
                PREDEFINED_QUESTIONS[n..].iter().map(|s| s.to_string()).collect();
        };
        drop(&mut config, 2);
        assert!(counts(&config).is_some(), "three of five are left");
        drop(&mut config, 3);
        assert_eq!(counts(&config), None);
        drop(&mut config, 0);
        config.security_questions.to_reset = 5;
        assert!(counts(&config).is_some());
        alice.questions.as_mut().unwrap().ids.pop();
        assert_eq!(alice.proof_of(Way::SecurityQuestions, &config), None);
    }

    #[test]
    fn a_used_recovery_code_is_missing_until_there_is_a_new_one() {
        let (config, mut alice) = (Config::default(), person());
        assert!(!alice.recovery_is_spent());
        let used_by = Some(CorrelationId::new(Millis(0), 1));
        alice.recovery = Some(RecoveryOnFile { at: Millis(1), version: 2, used_by });
        assert_eq!(alice.proof_of(Way::RecoveryCode, &config), None);
        assert!(
            alice.recovery_is_spent()
                && alice.registered_at(Method::RecoveryCode, &config).is_none()
        );
        alice.recovery.as_mut().unwrap().used_by = None;
        assert_eq!(alice.proof_of(Way::RecoveryCode, &config), Some((2, "recovery_code")));
    }
}
