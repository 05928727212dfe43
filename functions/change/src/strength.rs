//! How strong a candidate looks, for the meter beside the field. A picture for the person, not a rule: what refuses a
//! password is `rules::password::check`.

use rules::password::{Password, Reason};

/// Characters that are not foreseen from the one before, from which a candidate scores 1, 2, 3, 4. 15 is the least length
/// of a password that stands alone (SP 800-63B-4 §3.1.1.2), 8 that of one beside another factor; 12 and 20 lie between
/// and above.
const STEPS: [usize; 4] = [8, 12, 15, 20];

/// Most that a candidate scores which the rules call guessable.
const GUESSABLE_MAX: u8 = 1;

/// The score, 0 to 4. Repeated characters and runs (`aaa`, `345`, `cba`) count once; what is common, banned or made of
/// names scores 1 at most.
pub(crate) fn score(candidate: &Password, reasons: &[Reason]) -> u8 {
    let text = candidate.normalised();
    let next = text.chars().skip(1);
    let foreseen = text.chars().zip(next).filter(|(a, b)| is_step(*a, *b)).count();
    let telling = text.chars().count().saturating_sub(foreseen);
    let reached = STEPS.iter().filter(|least| telling >= **least).count();
    let score = u8::try_from(reached).unwrap_or_default();
    let guessable = [Reason::ContainsName, Reason::Banned, Reason::TooWeak, Reason::Breached];
    let is_guessable = reasons.iter().any(|r| guessable.contains(r));
    if is_guessable { score.min(GUESSABLE_MAX) } else { score }
}

/// Whether the second character is the first again or its neighbour.
fn is_step(a: char, b: char) -> bool {
    u32::from(a).abs_diff(u32::from(b)) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> u8 {
        score(&Password::new(text.to_owned()), &[])
    }

    #[test]
    fn the_score_rises_with_each_length_and_not_one_character_before() {
        let text = "kqzmwbtxnrgvhpfdskqz";
        let scores: Vec<u8> =
            [7, 8, 11, 12, 14, 15, 19, 20].iter().map(|n| of(&text[..*n])).collect();
        assert_eq!(scores, [0, 1, 1, 2, 2, 3, 3, 4]);
    }

    #[test]
    fn repeats_and_runs_count_once() {
        assert_eq!(of(&"a".repeat(200)), 0);
        assert_eq!(of("abcdefghijklmnopqrstuvwxyz"), 0);
        assert_eq!(of("98765432109876543210"), 0);
    }

    #[test]
    fn what_the_rules_call_guessable_is_never_strong() {
        let long = Password::new(String::from("kqzmwbtxnrgvhpfdskqz"));
        assert_eq!(score(&long, &[Reason::Banned]), 1);
        assert_eq!(score(&long, &[Reason::TooFewClasses]), 4);
    }
}
