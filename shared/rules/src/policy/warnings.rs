//! What is allowed and yet risky: told before a document is saved (SET-15), never refused.

use super::{Config, Disclosure, Enabled, Preset};
use crate::method::Method;

/// One risky choice.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    /// What, stable.
    pub code: &'static str,
    /// What may come of it, in English.
    pub detail: &'static str,
}

/// Life of a code above which it is called long, seconds (features.md RST-06: five minutes).
const CODE_SECONDS: u32 = 300;
/// Life of an attempt above which it is called long, seconds (features.md RST-09: fifteen minutes).
const RESET_SECONDS: u32 = 900;
/// Digits below which codes are called short: a million codes and ten guesses a day are one in 100,000 a day.
const CODE_DIGITS: u8 = 8;
/// Guesses above which they are called many (features.md THR-01, THR-03: five, and ten short codes a day).
const GUESSES: u32 = 10;
/// Length below which a password alone is called short (SP 800-63B-4 §3.1.1.2: fifteen where it is the only factor).
const PASSWORD_LENGTH: u32 = 15;

impl Config {
    /// Every risky choice of the document, in the order of its members. The default document makes none.
    pub fn warnings(&self) -> Vec<Warning> {
        let all = [scope(self), methods(self), administrators(self), secrets(self), limits(self)];
        let all = all.into_iter().flatten();
        all.filter(|(risky, ..)| *risky).map(|(_, code, detail)| Warning { code, detail }).collect()
    }
}

/// Whether it is chosen, its code, what may come of it.
type Risk = (bool, &'static str, &'static str);

fn scope(config: &Config) -> Vec<Risk> {
    let selected = config.enabled == Enabled::Selected;
    let excluded = |group| config.exclude_groups.contains(group);
    let nobody = config.groups.is_empty();
    vec![
        (
            config.enabled == Enabled::None,
            "reset_switched_off",
            "Nobody but administrators can reset a password.",
        ),
        (
            selected && nobody,
            "nobody_selected",
            "No group is selected: nobody but administrators can reset a password.",
        ),
        (
            selected && !nobody && config.groups.iter().all(excluded),
            "everybody_excluded",
            "Every selected group is excluded too: nobody but administrators can reset a password.",
        ),
    ]
}

fn methods(config: &Config) -> Vec<Risk> {
    let enabled = config.methods.enabled();
    let phone = |m: &Method| matches!(m, Method::MobilePhone | Method::OfficePhone);
    let questions = config.methods.security_questions;
    vec![
        (
            questions && (config.methods_required == 1 || enabled.len() == 1),
            "questions_only",
            "Questions alone open an account. Answers can be found out; SP 800-63B-4 forbids them.",
        ),
        (
            !enabled.is_empty() && enabled.iter().all(phone),
            "texts_only",
            "Only phones open an account. Numbers can be taken over, and calls and texts diverted.",
        ),
        (
            enabled.len() == 1,
            "one_method",
            "There is one method: whoever loses it cannot reset a password.",
        ),
        (
            config.accept_directory_data,
            "directory_data_accepted",
            "Contact data that nobody proved opens accounts: a mistyped number is a stranger's key.",
        ),
        (
            !config.registration.required_at_sign_in,
            "registration_not_required",
            "Nobody is asked to register: who has not cannot reset a password.",
        ),
        (
            config.registration.reconfirm_days == 0,
            "never_reconfirmed",
            "Nobody is asked whether an address or a number is still theirs.",
        ),
    ]
}

fn administrators(config: &Config) -> Vec<Risk> {
    vec![
        (
            !config.administrators.enabled,
            "administrators_cannot_reset",
            "Administrators cannot reset their own password: a last one who forgets it is locked out.",
        ),
        (
            !config.notifications.user_on_reset,
            "people_not_told",
            "Nobody is told of their own reset: a stolen account is noticed late.",
        ),
        (
            !config.notifications.admins_on_admin_reset,
            "administrators_not_told",
            "Administrators are not told when one of them resets a password.",
        ),
        (
            config.account_disclosure == Disclosure::Full,
            "account_disclosure_full",
            "Anybody can find out who has an account and what is registered.",
        ),
        (
            config.throttle.account_block,
            "account_block",
            "Anybody who knows a name can close that person's ways to reset for a day.",
        ),
    ]
}

fn secrets(config: &Config) -> Vec<Risk> {
    let password = config.password_policy();
    vec![
        (
            password.min_length < PASSWORD_LENGTH,
            "short_passwords",
            "Passwords may be shorter than the fifteen characters of SP 800-63B-4.",
        ),
        (
            password.classes > 0,
            "character_classes",
            "Required kinds of characters make passwords predictable; SP 800-63B-4 forbids them.",
        ),
        (
            password.expires_days.is_some(),
            "passwords_expire",
            "Passwords that expire get weaker; SP 800-63B-4 forbids it.",
        ),
        (
            config.password.preset == Preset::Custom && password.min_strength == 0,
            "strength_not_judged",
            "The strength of a password is not judged.",
        ),
        (
            config.codes.digits < CODE_DIGITS,
            "short_codes",
            "Codes are shorter than eight digits, and so easier to guess.",
        ),
    ]
}

fn limits(config: &Config) -> Vec<Risk> {
    let t = &config.throttle;
    let guesses =
        t.proofs_per_day.max(t.tries_per_method_per_hour).max(t.short_code_failures_per_day);
    vec![
        (
            config.codes.seconds > CODE_SECONDS,
            "long_code_life",
            "Codes live longer than five minutes: more time to steal or guess one.",
        ),
        (
            config.reset.seconds > RESET_SECONDS,
            "long_reset_life",
            "A reset lives longer than fifteen minutes: more time to take over an open one.",
        ),
        (guesses > GUESSES, "many_guesses", "More than ten guesses are answered."),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn codes(changes: Value) -> Vec<&'static str> {
        let config: Config = serde_json::from_value(changes).unwrap();
        config.warnings().into_iter().map(|w| w.code).collect()
    }

    #[test]
    fn the_default_document_is_not_warned_of() {
        assert_eq!(codes(json!({})), [""; 0]);
    }

    /// A risky document, its code, and the document beside it that is fine.
    type Case = (Value, &'static str, Value);

    fn of_people() -> Vec<Case> {
        let phones = json!({"methods": {"email": false, "office_phone": true,
            "authenticator_app": false, "recovery_code": false}});
        let selected = |groups: Value, excluded: Value| json!({"enabled": "selected", "groups": groups, "exclude_groups": excluded});
        let none = || json!([]);
        vec![
            (json!({"enabled": "none"}), "reset_switched_off", json!({"enabled": "all"})),
            (selected(none(), none()), "nobody_selected", selected(json!(["a"]), none())),
            (
                selected(json!(["a"]), json!(["a", "b"])),
                "everybody_excluded",
                selected(json!(["a", "b"]), json!(["b"])),
            ),
            (phones, "texts_only", json!({"methods": {"office_phone": true}})),
            (json!({"accept_directory_data": true}), "directory_data_accepted", json!({})),
            (
                json!({"registration": {"required_at_sign_in": false}}),
                "registration_not_required",
                json!({"registration": {"skips_allowed": 0}}),
            ),
            (
                json!({"registration": {"reconfirm_days": 0}}),
                "never_reconfirmed",
                json!({"registration": {"reconfirm_days": 730}}),
            ),
        ]
    }

    fn of_administrators() -> Vec<Case> {
        let told = |member: &str| json!({"notifications": {member: false}});
        let fine = || json!({});
        vec![
            (json!({"administrators": {"enabled": false}}), "administrators_cannot_reset", fine()),
            (told("user_on_reset"), "people_not_told", fine()),
            (told("admins_on_admin_reset"), "administrators_not_told", fine()),
            (json!({"account_disclosure": "full"}), "account_disclosure_full", fine()),
            (json!({"throttle": {"account_block": true}}), "account_block", fine()),
        ]
    }

    fn of_numbers() -> Vec<Case> {
        let custom =
            |name: &str, value: u32| json!({"password": {"preset": "custom", name: value}});
        let codes = |name: &str, value: u32| json!({"codes": {name: value}});
        let reset = |value: u32| json!({"reset": {"seconds": value}});
        let proofs = |value: u32| json!({"throttle": {"proofs_per_day": value}});
        vec![
            (custom("min_length", 14), "short_passwords", custom("min_length", 15)),
            (custom("classes", 1), "character_classes", custom("classes", 0)),
            (custom("expires_days", 730), "passwords_expire", custom("history", 24)),
            (custom("min_strength", 0), "strength_not_judged", custom("min_strength", 1)),
            (codes("digits", 7), "short_codes", codes("digits", 8)),
            (codes("seconds", 301), "long_code_life", codes("seconds", 300)),
            (reset(901), "long_reset_life", reset(900)),
            (proofs(11), "many_guesses", proofs(10)),
        ]
    }

    #[test]
    fn each_risky_choice_is_told_by_its_code_and_the_choice_beside_it_is_not() {
        for (risky, expected, fine) in [of_people(), of_administrators(), of_numbers()].concat() {
            assert_eq!(codes(risky.clone()), [expected], "{risky}");
            assert_eq!(codes(fine.clone()), [""; 0], "{fine}");
        }
    }

    #[test]
    fn a_single_method_is_told() {
        let only = |name: &str| {
            let mut methods = json!({"email": false, "mobile_phone": false, "office_phone": false,
                "security_questions": false, "authenticator_app": false, "recovery_code": false});
            methods[name] = true.into();
            codes(json!({ "methods": methods }))
        };
        assert_eq!(only("email"), ["one_method"]);
        assert_eq!(only("mobile_phone"), ["texts_only", "one_method"]);
        assert_eq!(only("security_questions"), ["questions_only", "one_method"]);
    }

    #[test]
    fn questions_beside_another_method_are_warned_of_while_one_gate_is_enough() {
        let questions = |required: u8| json!({"methods_required": required, "methods": {"security_questions": true}});
        assert_eq!(codes(questions(1)), ["questions_only"]);
        assert_eq!(codes(questions(2)), [""; 0]);
    }
}
