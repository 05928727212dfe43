//! The predefined security questions, by id (SET-08). Their wording belongs to the languages, not to the rules.

/// Ids of the 35 predefined questions. Stable: answers are stored under them, so none is ever renamed or removed.
pub const PREDEFINED_QUESTIONS: [&str; 35] = [
    "first-pet",
    "first-teacher",
    "first-school",
    "first-job",
    "first-employer",
    "first-manager",
    "first-car",
    "first-phone",
    "first-computer-game",
    "first-concert",
    "first-film",
    "first-flight",
    "first-trip-abroad",
    "first-dish-cooked",
    "first-friend",
    "first-kiss",
    "first-home-street",
    "childhood-friend",
    "childhood-nickname",
    "childhood-hero",
    "childhood-dream-job",
    "childhood-toy",
    "childhood-book",
    "childhood-holiday-place",
    "childhood-neighbour",
    "parents-meeting-place",
    "mother-birthplace",
    "father-birthplace",
    "grandmother-name",
    "grandfather-job",
    "oldest-cousin",
    "wedding-place",
    "partner-meeting-place",
    "memorable-new-year",
    "missed-meal",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_thirty_five_different_questions_and_the_contracts_example_is_one() {
        let ids: BTreeSet<&str> = PREDEFINED_QUESTIONS.into_iter().collect();
        assert_eq!(ids.len(), 35);
        assert!(ids.contains("first-pet"));
        let plain = |id: &str| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        assert!(ids.iter().all(|id| plain(id)));
    }
}
