//! What follows from the document for a reset, a sign-in and a password.

use serde::{Deserialize, Serialize};

use super::{Config, Methods};
use crate::method::{Method, Way};
use crate::password::PasswordPolicy;
use crate::registration::{ADMINISTRATOR_GATES, ADMINISTRATOR_METHODS};
use crate::{lockout, throttle};

/// The part of the policy that a reset carries with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Version of the document it comes from.
    pub version: u64,
    /// Gates to pass.
    pub required: u8,
    /// Ways by which a gate may be passed, in the order of [`Way::ALL`]. Stored as one number: attempts have to stay below
    /// 1 KB, and the names of all seven take a tenth of that.
    #[serde(with = "bits")]
    pub ways: Vec<Way>,
    /// Digits of a code.
    pub code_digits: u8,
    /// Life of a code, seconds.
    pub code_seconds: u32,
    /// Seconds before another code may be asked for by the same way.
    pub resend_after: u32,
}

/// Ways as the bits of a number, the first of [`Way::ALL`] the lowest. A list of names is read too.
mod bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Way;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Bits(u8),
        Names(Vec<Way>),
    }

    pub(super) fn serialize<S: Serializer>(ways: &[Way], s: S) -> Result<S::Ok, S::Error> {
        let all = Way::ALL.iter().rev();
        all.fold(0u8, |bits, way| (bits << 1) | u8::from(ways.contains(way))).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Way>, D::Error> {
        Ok(match Stored::deserialize(d)? {
            Stored::Bits(bits) => {
                let named = Way::ALL.iter().zip(0u32..);
                let set = named.filter(|(_, place)| (bits >> place) & 1 == 1);
                set.map(|(way, _)| *way).collect()
            }
            Stored::Names(ways) => ways,
        })
    }
}

impl Policy {
    /// The stricter of two policies (RST-13): the more gates, and only ways that both allow. Codes keep their digits and
    /// life, since one may be on its way.
    pub fn stricter(&self, other: &Self) -> Self {
        Self {
            version: self.version.max(other.version),
            required: self.required.max(other.required),
            ways: self.ways.iter().copied().filter(|w| other.ways.contains(w)).collect(),
            code_digits: self.code_digits,
            code_seconds: self.code_seconds,
            resend_after: self.resend_after,
        }
    }
}

impl Methods {
    /// Whether the organisation enabled a method.
    pub fn is_enabled(&self, method: Method) -> bool {
        match method {
            Method::Email => self.email,
            Method::MobilePhone => self.mobile_phone,
            Method::OfficePhone => self.office_phone,
            Method::SecurityQuestions => self.security_questions,
            Method::AuthenticatorApp => self.authenticator_app,
            Method::RecoveryCode => self.recovery_code,
        }
    }

    /// The enabled methods, in the order of [`Method::ALL`].
    pub fn enabled(&self) -> Vec<Method> {
        Method::ALL.into_iter().filter(|m| self.is_enabled(*m)).collect()
    }
}

fn ways(methods: impl IntoIterator<Item = Method>) -> Vec<Way> {
    methods.into_iter().flat_map(Method::ways).copied().collect()
}

impl Config {
    /// What an attempt that begins now carries. It depends on nothing but the document (RST-03).
    ///
    /// Where no enabled method is one that administrators may use, theirs are offered too, to everybody: an administrator could
    /// not pass a first gate otherwise (SET-16), and an offer for administrators alone would tell them apart.
    pub fn attempt_policy(&self, version: u64) -> Policy {
        let mut methods = self.methods.enabled();
        let common = methods.iter().any(|m| ADMINISTRATOR_METHODS.contains(m));
        if !common && self.administrators.enabled {
            methods.extend(ADMINISTRATOR_METHODS);
        }
        Policy {
            version,
            required: self.methods_required,
            ways: ways(methods),
            code_digits: self.codes.digits,
            code_seconds: self.codes.seconds,
            resend_after: self.codes.resend_after,
        }
    }

    /// The fixed policy of anyone with an administrative role (ADM-05): whatever methods the document enables, two gates
    /// among email, authenticator app and mobile phone.
    pub fn administrator_policy(&self, version: u64) -> Policy {
        Policy {
            required: ADMINISTRATOR_GATES,
            ways: ways(ADMINISTRATOR_METHODS),
            ..self.attempt_policy(version)
        }
    }

    /// The limits that an attempt that begins now carries.
    pub fn limits(&self) -> throttle::Limits {
        throttle::Limits {
            proofs: self.throttle.proofs_per_day,
            tries: self.throttle.tries_per_method_per_hour,
            contacts: self.throttle.contact_checks_per_hour,
            emails: self.throttle.emails_per_10_minutes,
            texts: self.throttle.texts_per_day,
            block: self.throttle.block_seconds,
            account_block: self.throttle.account_block,
            short: self.throttle.short_code_failures_per_day,
        }
    }

    /// The limits of signing in.
    pub fn lockout_limits(&self) -> lockout::Limits {
        lockout::Limits {
            threshold: self.lockout.threshold,
            seconds: self.lockout.seconds,
            max_seconds: self.lockout.max_seconds,
        }
    }

    /// The rules in force for new passwords. The numbers that a preset names are the preset's, whatever a document
    /// stored by another version says.
    pub fn password_policy(&self) -> PasswordPolicy {
        let settings = self.password.in_force();
        PasswordPolicy {
            min_length: settings.min_length,
            max_length: settings.max_length,
            classes: settings.classes,
            ascii_only: settings.preset.is_ascii_only(),
            history: settings.history,
            expires_days: settings.expires_days,
            banned_words: settings.banned_words,
            min_banned_score: settings.min_banned_score,
            min_strength: settings.min_strength,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Preset;

    #[test]
    fn an_attempt_carries_the_enabled_ways_and_the_numbers_of_codes() {
        let policy = Config::default().attempt_policy(7);
        let ways = [Way::Email, Way::Sms, Way::Voice, Way::AuthenticatorApp, Way::RecoveryCode];
        assert_eq!(policy.ways, ways);
        assert_eq!((policy.version, policy.required), (7, 1));
        assert_eq!((policy.code_digits, policy.code_seconds, policy.resend_after), (8, 300, 30));
        let json = serde_json::to_string(&policy).unwrap();
        assert!(json.len() < 120, "{json}");
        assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
        let named =
            json.replace("103", r#"["email","sms","voice","authenticator_app","recovery_code"]"#);
        assert_eq!(serde_json::from_str::<Policy>(&named).unwrap(), policy, "{named}");
    }

    #[test]
    fn no_document_changes_the_administrators_gates() {
        let mut config = Config::default();
        config.methods.mobile_phone = false;
        config.methods.office_phone = true;
        config.methods.authenticator_app = false;
        let policy = config.administrator_policy(1);
        assert_eq!(policy.required, 2);
        let fixed = [Way::Email, Way::Sms, Way::Voice, Way::AuthenticatorApp];
        assert_eq!(policy.ways, fixed);
    }

    #[test]
    fn the_stricter_of_two_policies_asks_more_and_allows_less() {
        let mut config = Config::default();
        let lax = config.attempt_policy(1);
        config.methods_required = 2;
        config.methods.email = false;
        config.codes.digits = 6;
        let strict = config.attempt_policy(2);
        let both = lax.stricter(&strict);
        assert_eq!(both.required, 2);
        let left = [Way::Sms, Way::Voice, Way::AuthenticatorApp, Way::RecoveryCode];
        assert_eq!(both.ways, left);
        assert_eq!((both.version, both.code_digits), (2, 8));
        let other_way = strict.stricter(&lax);
        assert_eq!((other_way.required, other_way.ways), (both.required, both.ways));
        assert_eq!(other_way.code_digits, 6);
    }

    #[test]
    fn a_presets_numbers_are_in_force_whatever_the_document_says() {
        let mut config = Config::default();
        config.password.min_length = 1;
        assert_eq!(config.password_policy().min_length, 15);
        config.password.preset = Preset::Entra;
        let entra = config.password_policy();
        assert_eq!((entra.min_length, entra.classes, entra.history), (8, 3, 1));
        assert!(entra.ascii_only);
        config.password.preset = Preset::Custom;
        assert_eq!(config.password_policy().min_length, 1);
        assert!(!config.password_policy().ascii_only);
    }
}
