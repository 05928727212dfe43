//! The check of the whole document: everything wrong at once, each with a pointer (SET-01 … SET-16).

mod numbers;
#[cfg(test)]
mod random;
mod texts;

use super::Config;
use crate::method::Method;

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ConfigError {
    /// Where: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What, stable.
    pub code: &'static str,
    /// What to tell the administrator, in English.
    pub detail: String,
}

/// The errors found so far.
#[derive(Default)]
struct Findings(Vec<ConfigError>);

impl Findings {
    fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(ConfigError { pointer: pointer.into(), code, detail: detail.into() });
    }
}

impl Config {
    /// Everything wrong with the document; empty when it may take effect.
    pub fn validate(&self) -> Vec<ConfigError> {
        let mut found = Findings::default();
        methods(self, &mut found);
        not_built(self, &mut found);
        numbers::check(self, &mut found);
        numbers::password(&self.password, &mut found);
        texts::groups(self, &mut found);
        texts::questions(self, &mut found);
        texts::support(&self.support, &mut found);
        texts::branding(&self.branding, &mut found);
        texts::banned_words(&self.password, &mut found);
        texts::telecom(&self.telecom, &mut found);
        found.0
    }
}

/// SET-05, SET-06: enough methods that are not the app, which lives on the phone that may be lost with it.
fn methods(config: &Config, found: &mut Findings) {
    let required = config.methods_required;
    if !(1..=2).contains(&required) {
        found.add("/methods_required", "out_of_range", "Require one or two methods.");
    }
    let others =
        config.methods.enabled().iter().filter(|m| **m != Method::AuthenticatorApp).count();
    if others < usize::from(required.clamp(1, 2)) {
        let detail =
            "Enable at least as many methods as are required, not counting the authenticator app.";
        found.add("/methods", "too_few_methods", detail);
    }
}

/// Settings whose behaviour comes with a later capability cannot be switched on.
fn not_built(config: &Config, found: &mut Findings) {
    let on = [("/writeback/enabled", config.writeback.enabled)];
    for (pointer, _) in on.into_iter().filter(|(_, on)| *on) {
        found.add(pointer, "not_available_yet", "This cannot be switched on yet.");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::Preset;

    /// Pointers and codes of what is wrong with the default document, changed by these members.
    pub(super) fn wrong(changes: Value) -> Vec<(String, &'static str)> {
        let config: Config = serde_json::from_value(changes).unwrap();
        config.validate().into_iter().map(|e| (e.pointer, e.code)).collect()
    }

    /// Asserts that exactly one thing is wrong.
    pub(super) fn assert_wrong(changes: Value, pointer: &str, code: &str) {
        let found = wrong(changes.clone());
        let found: Vec<_> = found.iter().map(|(p, c)| (p.as_str(), *c)).collect();
        assert_eq!(found, [(pointer, code)], "{changes}");
    }

    /// Asserts that nothing is wrong.
    pub(super) fn assert_fine(changes: Value) {
        assert_eq!(wrong(changes.clone()), [], "{changes}");
    }

    #[test]
    fn the_default_document_is_fine() {
        assert_eq!(Config::default().validate(), []);
    }

    #[test]
    fn one_or_two_methods_may_be_required() {
        assert_fine(json!({"methods_required": 1}));
        assert_fine(json!({"methods_required": 2}));
        for required in [0, 3, -1, 300] {
            assert_wrong(
                json!({"methods_required": required}),
                "/methods_required",
                "out_of_range",
            );
        }
    }

    #[test]
    fn as_many_methods_as_required_are_enabled_without_counting_the_app() {
        let only = |methods: &[&str]| {
            let on = |m: Method| (m.as_str().to_owned(), methods.contains(&m.as_str()).into());
            Value::Object(Method::ALL.into_iter().map(on).collect())
        };
        let few = ("/methods", "too_few_methods");
        for (methods, required, enough) in [
            (&[][..], 1, false),
            (&["authenticator_app"], 1, false),
            (&["authenticator_app", "email"], 1, true),
            (&["authenticator_app", "email"], 2, false),
            (&["authenticator_app", "email", "office_phone"], 2, true),
            (&["security_questions"], 1, true),
            (&["security_questions", "recovery_code"], 2, true),
            (&["mobile_phone"], 1, true),
            (&["mobile_phone"], 2, false),
        ] {
            let changes = json!({"methods": only(methods), "methods_required": required});
            if enough { assert_fine(changes) } else { assert_wrong(changes, few.0, few.1) }
        }
    }

    #[test]
    fn what_is_not_built_cannot_be_switched_on() {
        let later = "not_available_yet";
        assert_fine(json!({"account_disclosure": "full"}));
        assert_fine(json!({"proof_of_work": true}));
        assert_wrong(json!({"writeback": {"enabled": true}}), "/writeback/enabled", later);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let found = wrong(json!({
            "methods_required": 7, "writeback": {"enabled": true}, "codes": {"digits": 5}, "groups": [""],
            "support": {"kind": "url"}, "branding": {"colour": "red"}, "telecom": {"countries": []},
        }));
        let pointers: Vec<&str> = found.iter().map(|(p, _)| p.as_str()).collect();
        let expected = [
            "/methods_required",
            "/writeback/enabled",
            "/codes/digits",
            "/groups/0",
            "/support/target",
            "/branding/colour",
            "/telecom/countries",
        ];
        assert_eq!(pointers, expected);
    }

    fn document() -> impl Strategy<Value = Config> {
        let number = prop_oneof![Just(0u32), 1..20u32, Just(300), Just(3600), any::<u32>()];
        let numbers = proptest::collection::vec(number, 12);
        let flags = proptest::collection::vec(any::<bool>(), 8);
        let preset = prop_oneof![Just(Preset::Nist), Just(Preset::Entra), Just(Preset::Custom)];
        let countries = proptest::collection::vec("(GB|US|XX)", 0..3);
        (numbers, flags, preset, countries).prop_map(|(n, f, preset, countries)| {
            let mut config = Config { methods_required: n[0] as u8, ..Config::default() };
            (config.methods.email, config.methods.mobile_phone) = (f[0], f[1]);
            (config.methods.authenticator_app, config.administrators.enabled) = (f[2], f[3]);
            config.password = crate::policy::PasswordSettings::of(preset);
            (config.password.min_length, config.password.max_length) = (n[1], n[2]);
            (config.lockout.threshold, config.lockout.seconds) = (n[3], n[4]);
            config.lockout.max_seconds = n[5];
            (config.codes.seconds, config.codes.digits) = (n[6], n[7] as u8);
            (config.throttle.emails_per_10_minutes, config.throttle.texts_per_day) = (n[8], n[9]);
            (config.throttle.proofs_per_day, config.reset.seconds) = (n[10], n[11]);
            config.telecom.countries = countries;
            config
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_accepted_document_locks_administrators_out_or_weakens_their_gates(config in document()) {
            if config.validate().is_empty() {
                let policy = config.administrator_policy(1);
                prop_assert_eq!(policy.required, 2);
                prop_assert!(policy.ways.iter().map(|w| w.method()).collect::<std::collections::BTreeSet<_>>().len() >= 2);
                prop_assert!(!config.telecom.countries.is_empty());
                prop_assert!(config.throttle.emails_per_10_minutes >= 1 && config.throttle.texts_per_day >= 1);
                prop_assert!(config.throttle.proofs_per_day >= 2);
                prop_assert!(config.lockout.threshold >= 3 && config.lockout.max_seconds <= 86_400);
                prop_assert!(config.codes.seconds <= 600 && config.reset.seconds <= 3600);
            }
        }
    }
}
