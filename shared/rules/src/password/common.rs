//! Passwords that many people choose (PWD-03): a list of our own, compiled in, and the shapes that no list can hold.
//!
//! `common.txt` holds one entry a line, lower-case, in byte order. The whole password is compared, never a part of it;
//! but `Dragon2026!!` is the entry `dragon` with a tail that everybody adds, so tails and doubled entries count as listed.

use std::cmp::Ordering;

/// The list. A test keeps it sorted, unique and canonical.
const LIST: &str = include_str!("common.txt");

/// Passwords longer than this are compared with no entry: the longest has 43 characters.
const LOOKED_UP_MAX: usize = 64;
/// Shortest entry that a tail may be added to, in characters.
const WORD_MIN: usize = 4;
/// Longest head or tail that is looked at around an entry.
const TAIL_MAX: usize = 24;
/// Shortest run that counts as a walk over the alphabet or the keyboard.
const RUN_MIN: usize = 3;
/// A password of this many runs or fewer is regular: `abcdefgh12345678` has two.
const RUNS_MAX: usize = 4;

/// Orders that fingers and minds follow, forwards and backwards, around their ends.
const WALKS: [&str; 14] = [
    "abcdefghijklmnopqrstuvwxyz",
    "1234567890",
    "13579",
    "02468",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()_+",
    "!\"£$%^&*()_+",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "йцукенгшщзхъфывапролджэячсмитьбю",
];

/// Whether a password (after NFKC) is common.
pub(super) fn is_common(text: &str) -> bool {
    let lower: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let separator = |c: &char| c.is_whitespace() || matches!(c, '-' | '_' | '.' | ',');
    let closed: Vec<char> = lower.iter().copied().filter(|c| !separator(c)).collect();
    is_known(&lower) || (closed.len() < lower.len() && is_known(&closed))
}

fn is_known(text: &[char]) -> bool {
    is_regular(text) || (text.len() <= LOOKED_UP_MAX && is_listed_with_tails(text))
}

/// An entry, with nothing, or something that everybody adds, before and after it.
fn is_listed_with_tails(text: &[char]) -> bool {
    let ends: Vec<usize> = (text.len().saturating_sub(TAIL_MAX)..=text.len())
        .filter(|end| text.get(*end..).is_some_and(is_trivial))
        .collect();
    let starts = (0..=text.len().min(TAIL_MAX)).filter(|n| text.get(..*n).is_some_and(is_trivial));
    let mut words = starts.flat_map(|s| ends.iter().filter_map(move |e| text.get(s..*e)));
    words.any(|word| word.len() >= WORD_MIN && is_listed(word))
}

/// An entry, or one typed several times, under any reading of its digits and signs.
fn is_listed(word: &[char]) -> bool {
    let unit = period(word).and_then(|n| word.get(..n)).unwrap_or(word);
    readings(word).iter().chain(&readings(unit)).any(|w| is_entry(w))
}

/// The word as typed, and with digits and signs read as the letters they stand for (`1` and `!` as `l` or as `i`).
fn readings(word: &[char]) -> [String; 3] {
    let read = |one: char| word.iter().map(|c| letter(*c, one)).collect();
    [word.iter().collect(), read('l'), read('i')]
}

fn letter(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        other => other,
    }
}

fn is_entry(word: &str) -> bool {
    let list = LIST.as_bytes();
    let (mut low, mut high) = (0usize, list.len());
    while low < high {
        let middle = low.midpoint(high);
        let line_end = |from: usize| list.iter().skip(from).position(|b| *b == b'\n');
        let line_start = list.get(..middle).and_then(|l| l.iter().rposition(|b| *b == b'\n'));
        let start = line_start.map_or(0, |n| n.saturating_add(1));
        let end = line_end(start).map_or(list.len(), |n| start.saturating_add(n));
        match list.get(start..end).map(|entry| entry.cmp(word.as_bytes())) {
            Some(Ordering::Equal) => return true,
            Some(Ordering::Less) => low = end.saturating_add(1),
            Some(Ordering::Greater) => high = start,
            None => return false,
        }
    }
    false
}

/// What people add to a word: up to four digits, a date, a walk or a repetition, with up to three signs around it.
fn is_trivial(tail: &[char]) -> bool {
    let sign = |c: &char| !c.is_alphanumeric();
    let before = tail.iter().take_while(|c| sign(c)).count();
    let rest = tail.get(before..).unwrap_or_default();
    let after = rest.iter().rev().take_while(|c| sign(c)).count();
    let core = rest.get(..rest.len().saturating_sub(after)).unwrap_or_default();
    if before.saturating_add(after) > 3 && !is_regular(tail) {
        return false;
    }
    core.is_empty() || is_number(core) || (core.len() >= RUN_MIN && is_regular(core))
}

/// Up to four digits, or a date of eight.
fn is_number(core: &[char]) -> bool {
    let date = core.len() == 8 && (core.starts_with(&['1', '9']) || core.starts_with(&['2', '0']));
    core.iter().all(char::is_ascii_digit) && (core.len() <= 4 || date)
}

/// One unit over and over, or a few runs over the alphabet or the keyboard.
fn is_regular(text: &[char]) -> bool {
    text.len() >= RUN_MIN && (period(text).is_some() || is_few_runs(text))
}

/// The length of the unit that a text repeats at least twice.
fn period(text: &[char]) -> Option<usize> {
    (1..=text.len() / 2)
        .find(|n| text.iter().skip(*n).eq(text.iter().take(text.len().saturating_sub(*n))))
}

fn is_few_runs(text: &[char]) -> bool {
    let mut rest = text;
    for _ in 0..RUNS_MAX {
        let run = longest_run(rest);
        if run < RUN_MIN.min(rest.len()) {
            return false;
        }
        rest = rest.get(run..).unwrap_or_default();
        if rest.is_empty() {
            return true;
        }
    }
    false
}

/// Characters at the start that are one character again and again, or that follow one of the walks.
fn longest_run(text: &[char]) -> usize {
    let same = text.iter().take_while(|c| text.first() == Some(c)).count();
    WALKS
        .iter()
        .flat_map(|w| [walked(text, w.chars()), walked(text, w.chars().rev())])
        .fold(same, usize::max)
}

/// Characters at the start that follow the walk, around its end.
fn walked(text: &[char], walk: impl Iterator<Item = char> + Clone) -> usize {
    let Some(first) = text.first() else { return 0 };
    let Some(at) = walk.clone().position(|c| c == *first) else { return 0 };
    text.iter().zip(walk.cycle().skip(at)).take_while(|(c, w)| *c == w).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    #[test]
    fn the_list_is_sorted_unique_and_canonical() {
        let entries: Vec<&str> = LIST.lines().collect();
        assert!(entries.len() > 2_000);
        for pair in entries.windows(2) {
            assert!(pair[0].as_bytes() < pair[1].as_bytes(), "{} {}", pair[0], pair[1]);
        }
        for entry in entries {
            assert_eq!(entry.nfkc().collect::<String>().to_lowercase(), entry);
            assert!((WORD_MIN..=LOOKED_UP_MAX).contains(&entry.chars().count()), "{entry}");
        }
    }

    #[test]
    fn every_entry_is_found_and_none_of_its_neighbours() {
        for entry in LIST.lines() {
            assert!(is_entry(entry), "{entry}");
            assert!(!is_entry(&format!("{entry}\n")) && !is_entry(&format!("{entry}~")));
        }
        assert!(!is_entry("") && !is_entry("~") && !is_entry("\u{10ffff}"));
    }

    #[test]
    fn common_passwords_of_every_length_are_known() {
        for text in [
            "password",
            "PassWord",
            "passwordpassword",
            "password password",
            "P@ssw0rd",
            "Passw0rd!",
            "Password2026!",
            "password12345678",
            "correct horse battery staple",
            "Dragon-2026!!",
            "123456789012345",
            "987654321098765",
            "aaaaaaaaaaaaaaa",
            "abcabcabcabcabc",
            "abcdefghijklmnop",
            "zyxwvutsrqponmlk",
            "qwertyuiopasdfgh",
            "1qaz2wsx3edc4rfv",
            "abcdefgh12345678",
            "qwerty1234567890",
            "1234qwertyuiop!",
            "i love you forever",
            "ILoveYou20011231",
            "Iloveyouforever1",
            "letmeinletmein1",
            "!!Welcome123!!",
            "йцукенгшщзхъфыва",
            "Пароль123456789",
            "administrator2026",
            "Adm1n1strat0r1234",
            "111111222222333",
            "thisismypassword",
        ] {
            assert!(is_common(text), "{text}");
        }
    }

    #[test]
    fn passphrases_and_random_passwords_are_not_common() {
        for text in [
            "violet teapots argue at dawn",
            "seven grey herons waiting",
            "Vq7kzmwu",
            "a brand new passphrase",
            "my dragon eats soup",
            "password manager of choice",
            "Tr0ub4dor&3-and-more",
            "Contoso1234",
            "ContoS0Bl@nkf9!",
            "correct horse",
            "New-Secret-Phrase-77x",
            "w9$kLm2#pQ",
            "",
        ] {
            assert!(!is_common(text), "{text}");
        }
    }

    #[test]
    fn a_tail_is_trivial_up_to_its_limits() {
        let trivial = |t: &str| is_trivial(&t.chars().collect::<Vec<_>>());
        for tail in
            ["", "1", "!", "42", "2026", "1234567890", "19991231", "!!!", "@123", "2026!", "777777"]
        {
            assert!(trivial(tail), "{tail}");
        }
        for tail in ["48203", "x", "x9", "#k", "18991231", "!?!?%", "48203917"] {
            assert!(!trivial(tail), "{tail}");
        }
    }

    #[test]
    fn a_run_needs_three_characters_and_a_regular_password_four_runs_at_most() {
        let regular = |t: &str| is_regular(&t.chars().collect::<Vec<_>>());
        assert!(regular("abc789xyzfed") && !regular("abc789xyzfed321"));
        assert!(regular("abcxyz") && !regular("abxyz"));
    }

    proptest! {
        #[test]
        fn looking_up_never_panics(text in "\\PC{0,120}") {
            let _ = is_common(&text);
        }

        #[test]
        fn any_unit_typed_again_and_again_is_common(unit in "[a-z0-9 é]{1,12}", times in 2usize..6) {
            prop_assert!(is_common(&unit.repeat(times.max(4))));
        }
    }
}
