//! The words that say where or why a reset ended (REP-02).

use rules::method::Way;

/// Those that name no way of proving.
const PLAIN: [&str; 21] = [
    "after_username",
    "before_new_password",
    "while_new_password",
    "question_tries",
    "contact_tries",
    "proofs",
    "email_sends",
    "before_gates_passed",
    "before_trying",
    "not_enabled",
    "not_in_scope",
    "not_registered",
    "account_disabled",
    "unknown_user",
    "writeback_off",
    "directory_unreachable",
    "directory_error",
    "policy",
    "administrators_disabled",
    "reset",
    "unlock",
];

/// Those that end in one.
const WITH_WAY: [&str; 4] = ["after_start_", "after_complete_", "code_tries_", "after_trying_"];

/// Whether a text is one of the words.
pub fn is_detail(text: &str) -> bool {
    let with_way = |stem: &&str| text.strip_prefix(*stem).is_some_and(|w| Way::parse(w).is_some());
    PLAIN.contains(&text) || WITH_WAY.iter().any(with_way)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::throttle::Counter;

    #[test]
    fn every_word_that_the_rules_write_is_known() {
        for way in Way::ALL {
            assert!(is_detail(&Counter::Tries(way).detail()), "{way:?}");
            assert!(is_detail(&format!("after_start_{}", way.as_str())));
        }
        for counter in [Counter::Proofs, Counter::Contacts, Counter::Emails, Counter::Texts] {
            assert!(is_detail(&counter.detail()), "{counter:?}");
        }
        assert!(!is_detail("after_start_telegram") && !is_detail("after_start_") && !is_detail(""));
    }
}
