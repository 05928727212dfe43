//! The bounds of every number of the document.
//!
//! Where api.md §7 gives bounds they are its; the others say where they come from.

use std::ops::RangeInclusive;

use super::Findings;
use crate::policy::preset::PasswordSettings;
use crate::policy::{Config, Preset};

/// Questions to register and to answer (SET-07).
const QUESTIONS: RangeInclusive<u32> = 3..=5;
/// Skips of registration: beyond a hundred it is not asked for at all.
const SKIPS: RangeInclusive<u32> = 0..=100;
/// Days until registration is confirmed again; 0 for never (api.md §7).
const RECONFIRM_DAYS: RangeInclusive<u32> = 0..=730;
/// Failures before a lock. At least three, so that nobody locks an administrator out by one slip (SET-16); at most a
/// hundred (SP 800-63B-4 §3.2.2).
const LOCK_THRESHOLD: RangeInclusive<u32> = 3..=100;
/// First and longest lock, seconds. A day at most: longer, and the lock itself would be the attack (SET-16).
const LOCK_SECONDS: RangeInclusive<u32> = 1..=86_400;
/// Digits of a code (api.md §7; SP 800-63B-4 §3.1.3.2 asks for six).
const CODE_DIGITS: RangeInclusive<u32> = 6..=10;
/// Life of a code, seconds (api.md §7; SP 800-63B-4 §3.1.3.2 allows ten minutes).
const CODE_SECONDS: RangeInclusive<u32> = 60..=600;
/// Seconds before a resend: no longer than the shortest useful life of a code.
const RESEND_AFTER: RangeInclusive<u32> = 0..=300;
/// Life of an attempt, seconds (api.md §7).
const RESET_SECONDS: RangeInclusive<u32> = 300..=3_600;
/// Failed proofs in a day: two, so that a two-gate reset may slip once at each gate; at most a hundred (SP 800-63B-4
/// §3.2.2).
const PROOFS: RangeInclusive<u32> = 2..=100;
/// Tries, contact checks, mails and texts: at least one of each, or nobody, administrators included, could reset
/// (SET-16); at most a hundred (SP 800-63B-4 §3.2.2).
const TRIES: RangeInclusive<u32> = 1..=100;
/// Length of a block, seconds: a minute to a week.
const BLOCK_SECONDS: RangeInclusive<u32> = 60..=604_800;
/// Budgets of a network and of the organisation in an hour: at least one, at most what one Lambda region could serve.
const BUDGET: RangeInclusive<u32> = 1..=1_000_000;
/// Days that activity is kept: the week of the shortest report to ten years.
const RETENTION_DAYS: RangeInclusive<u32> = 7..=3_650;
/// Shortest password that an organisation may set for itself (SP 800-63B-4 §3.1.1.2: eight with a second factor).
const MIN_LENGTH: RangeInclusive<u32> = 8..=64;
/// Longest password (SP 800-63B-4 §3.1.1.2: at least 64 must be possible; features.md: 256).
const MAX_LENGTH: RangeInclusive<u32> = 64..=256;
/// Classes of characters there are.
const CLASSES: RangeInclusive<u32> = 0..=4;
/// Passwords remembered: the reference's directory knows 24.
const HISTORY: RangeInclusive<u32> = 0..=24;
/// Days until a password must be changed: the reference's range.
const EXPIRES_DAYS: RangeInclusive<u32> = 1..=730;
/// Points that a password with banned words needs: beyond sixteen a banned word would refuse any password of ordinary
/// length.
const BANNED_SCORE: RangeInclusive<u32> = 1..=16;
/// Grades of strength there are.
const STRENGTH: RangeInclusive<u32> = 0..=4;

/// Every number but those of `password`.
pub(super) fn check(config: &Config, found: &mut Findings) {
    let (questions, registration) = (&config.security_questions, &config.registration);
    let (codes, lockout) = (&config.codes, &config.lockout);
    let all = [
        ("/security_questions/to_register", u32::from(questions.to_register), QUESTIONS),
        ("/security_questions/to_reset", u32::from(questions.to_reset), QUESTIONS),
        ("/registration/skips_allowed", registration.skips_allowed, SKIPS),
        ("/registration/reconfirm_days", registration.reconfirm_days, RECONFIRM_DAYS),
        ("/lockout/threshold", lockout.threshold, LOCK_THRESHOLD),
        ("/lockout/seconds", lockout.seconds, LOCK_SECONDS),
        ("/lockout/max_seconds", lockout.max_seconds, LOCK_SECONDS),
        ("/codes/digits", u32::from(codes.digits), CODE_DIGITS),
        ("/codes/seconds", codes.seconds, CODE_SECONDS),
        ("/codes/resend_after", codes.resend_after, RESEND_AFTER),
        ("/reset/seconds", config.reset.seconds, RESET_SECONDS),
        ("/retention/activity_days", config.retention.activity_days, RETENTION_DAYS),
    ];
    for (pointer, value, range) in all.into_iter().chain(throttle(config)) {
        bound(pointer, value, &range, found);
    }
    let (register, reset) = (questions.to_register.into(), questions.to_reset.into());
    if register < reset && QUESTIONS.contains(&register) && QUESTIONS.contains(&reset) {
        let detail = "Register at least as many questions as a reset asks.";
        found.add("/security_questions/to_register", "fewer_than_to_reset", detail);
    }
    let bounded = |seconds| LOCK_SECONDS.contains(seconds);
    let (first, longest) = (lockout.seconds, lockout.max_seconds);
    if first > longest && bounded(&first) && bounded(&longest) {
        let detail = "The longest lock cannot be shorter than the first.";
        found.add("/lockout/max_seconds", "less_than_seconds", detail);
    }
}

fn throttle(config: &Config) -> [(&'static str, u32, RangeInclusive<u32>); 9] {
    let t = &config.throttle;
    [
        ("/throttle/proofs_per_day", t.proofs_per_day, PROOFS),
        ("/throttle/tries_per_method_per_hour", t.tries_per_method_per_hour, TRIES),
        ("/throttle/contact_checks_per_hour", t.contact_checks_per_hour, TRIES),
        ("/throttle/emails_per_10_minutes", t.emails_per_10_minutes, TRIES),
        ("/throttle/texts_per_day", t.texts_per_day, TRIES),
        ("/throttle/block_seconds", t.block_seconds, BLOCK_SECONDS),
        ("/throttle/short_code_failures_per_day", t.short_code_failures_per_day, TRIES),
        ("/throttle/begins_per_network_per_hour", t.begins_per_network_per_hour, BUDGET),
        ("/throttle/texts_per_hour_organisation", t.texts_per_hour_organisation, BUDGET),
    ]
}

/// The numbers of `password`: within bounds, and those that the preset names as it names them.
pub(super) fn password(settings: &PasswordSettings, found: &mut Findings) {
    bound("/password/min_banned_score", settings.min_banned_score.into(), &BANNED_SCORE, found);
    let fixed = settings.in_force();
    let fixes = settings.preset != Preset::Custom;
    let numbers = [
        ("/password/min_length", settings.min_length, fixed.min_length, MIN_LENGTH),
        ("/password/max_length", settings.max_length, fixed.max_length, MAX_LENGTH),
        ("/password/classes", settings.classes.into(), fixed.classes.into(), CLASSES),
        ("/password/history", settings.history, fixed.history, HISTORY),
        (
            "/password/min_strength",
            settings.min_strength.into(),
            fixed.min_strength.into(),
            STRENGTH,
        ),
    ];
    for (pointer, value, preset, range) in numbers {
        if fixes && value != preset {
            found.add(pointer, "fixed_by_preset", format!("The preset fixes this at {preset}."));
        } else {
            bound(pointer, value, &range, found);
        }
    }
    match settings.expires_days {
        Some(_) if fixed.expires_days.is_none() => {
            let detail = "Under this preset passwords do not expire: null.";
            found.add("/password/expires_days", "fixed_by_preset", detail);
        }
        Some(days) => bound("/password/expires_days", days, &EXPIRES_DAYS, found),
        None => {}
    }
}

fn bound(pointer: &str, value: u32, range: &RangeInclusive<u32>, found: &mut Findings) {
    if !range.contains(&value) {
        let detail = format!("Choose a number from {} to {}.", range.start(), range.end());
        found.add(pointer, "out_of_range", detail);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{assert_fine, assert_wrong};
    use super::*;

    /// The document that has `value` at a pointer of two names, with what else it then needs.
    fn with(pointer: &str, value: u32) -> Value {
        let (outer, inner) = pointer.trim_start_matches('/').split_once('/').unwrap();
        let mut document = json!({"password": {"preset": "custom"}});
        document[outer][inner] = value.into();
        match pointer {
            "/lockout/seconds" => document[outer]["max_seconds"] = 86_400.into(),
            "/lockout/max_seconds" => document[outer]["seconds"] = 1.into(),
            "/security_questions/to_reset" => document[outer]["to_register"] = 5.into(),
            "/security_questions/to_register" => document[outer]["to_reset"] = 3.into(),
            _ => {}
        }
        document
    }

    #[test]
    fn every_number_is_taken_at_its_bounds_and_refused_beyond() {
        for (pointer, range) in [
            ("/security_questions/to_reset", QUESTIONS),
            ("/security_questions/to_register", QUESTIONS),
            ("/registration/skips_allowed", SKIPS),
            ("/registration/reconfirm_days", 0..=730),
            ("/lockout/threshold", LOCK_THRESHOLD),
            ("/lockout/seconds", LOCK_SECONDS),
            ("/lockout/max_seconds", LOCK_SECONDS),
            ("/codes/digits", 6..=10),
            ("/codes/seconds", 60..=600),
            ("/codes/resend_after", RESEND_AFTER),
            ("/reset/seconds", 300..=3_600),
            ("/throttle/proofs_per_day", PROOFS),
            ("/throttle/tries_per_method_per_hour", TRIES),
            ("/throttle/contact_checks_per_hour", TRIES),
            ("/throttle/emails_per_10_minutes", TRIES),
            ("/throttle/texts_per_day", TRIES),
            ("/throttle/block_seconds", BLOCK_SECONDS),
            ("/throttle/short_code_failures_per_day", TRIES),
            ("/throttle/begins_per_network_per_hour", BUDGET),
            ("/throttle/texts_per_hour_organisation", BUDGET),
            ("/retention/activity_days", RETENTION_DAYS),
            ("/password/min_length", MIN_LENGTH),
            ("/password/max_length", MAX_LENGTH),
            ("/password/classes", CLASSES),
            ("/password/history", HISTORY),
            ("/password/expires_days", EXPIRES_DAYS),
            ("/password/min_banned_score", BANNED_SCORE),
            ("/password/min_strength", STRENGTH),
        ] {
            assert_fine(with(pointer, *range.start()));
            assert_fine(with(pointer, *range.end()));
            assert_wrong(with(pointer, range.end() + 1), pointer, "out_of_range");
            if let Some(below) = range.start().checked_sub(1) {
                assert_wrong(with(pointer, below), pointer, "out_of_range");
            }
            assert_wrong(with(pointer, u32::MAX), pointer, "out_of_range");
        }
    }

    #[test]
    fn a_reset_cannot_ask_more_questions_than_were_registered() {
        let questions = |register, reset| json!({"security_questions": {"to_register": register, "to_reset": reset}});
        assert_fine(questions(4, 4));
        assert_wrong(questions(3, 4), "/security_questions/to_register", "fewer_than_to_reset");
    }

    #[test]
    fn the_longest_lock_is_not_shorter_than_the_first() {
        assert_fine(json!({"lockout": {"seconds": 60, "max_seconds": 60}}));
        let bad = json!({"lockout": {"seconds": 61, "max_seconds": 60}});
        assert_wrong(bad, "/lockout/max_seconds", "less_than_seconds");
    }

    #[test]
    fn a_preset_alone_is_fine_and_its_numbers_cannot_be_changed_beside_it() {
        for preset in ["nist", "entra", "custom"] {
            assert_fine(json!({"password": {"preset": preset}}));
        }
        let beside = |preset: &str, name: &str, value: u32| json!({"password": {"preset": preset, name: value}});
        for (preset, name, value) in [
            ("nist", "min_length", 14),
            ("nist", "min_length", 16),
            ("nist", "max_length", 255),
            ("nist", "classes", 3),
            ("nist", "history", 6),
            ("nist", "expires_days", 90),
            ("nist", "min_strength", 2),
            ("entra", "min_length", 15),
            ("entra", "max_length", 64),
            ("entra", "classes", 0),
            ("entra", "history", 5),
        ] {
            let pointer = format!("/password/{name}");
            assert_wrong(beside(preset, name, value), &pointer, "fixed_by_preset");
        }
        assert_fine(beside("entra", "expires_days", 90));
        assert_fine(beside("entra", "min_strength", 2));
        assert_fine(beside("entra", "min_banned_score", 4));
        assert_fine(beside("nist", "min_banned_score", 4));
        assert_fine(beside("nist", "min_length", 15));
    }

    #[test]
    fn a_fixed_number_is_named_in_the_error() {
        let config: Config =
            serde_json::from_value(json!({"password": {"preset": "entra", "min_length": 15}}))
                .unwrap();
        assert_eq!(config.validate()[0].detail, "The preset fixes this at 8.");
    }
}
