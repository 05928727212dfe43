//! Words that people choose, as typed, backwards, capitalised, and with letters replaced by digits and signs that look
//! like them.
//!
//! `words.txt` holds a word and the letter of its rank a line, in byte order: `a` for the first, each letter 1.47 times
//! the rank of the one before. It was made from the frequency lists of zxcvbn 3.1.1 (common passwords, English, names, film;
//! see `LICENSE-zxcvbn`): the best rank of each word of three characters or more among the first 10,000 of a list.

use std::sync::LazyLock;

use super::{Piece, variations};

/// The words with their letters.
static LINES: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("words.txt").lines().collect());

/// Letters of rank for each doubling of it.
const LETTERS_PER_OCTAVE: f64 = 1.8;

/// Fewest characters of a name that a guesser tries.
const NAME_MIN: usize = 3;

/// Every word in a text, with the guesses until it is met.
pub(super) fn find(text: &[char], names: &[String]) -> Vec<Piece> {
    let lower: Vec<char> = text.iter().map(|c| lowered(*c)).collect();
    let mut found = Vec::new();
    let mut read = |reading: &[char], leet: bool| {
        for (place, rank) in known(reading, names) {
            let token = text.get(place.clone()).unwrap_or_default();
            let changed = changes(
                lower.get(place.clone()).unwrap_or_default(),
                reading.get(place.clone()).unwrap_or_default(),
            );
            if leet == changed.is_some() {
                let guesses = rank * capitals(token) * changed.unwrap_or(1.0);
                found.push(Piece { place, guesses });
            }
        }
        let backwards: Vec<char> = reading.iter().rev().copied().collect();
        for (place, rank) in known(&backwards, names) {
            let turned = |n: usize| text.len().saturating_sub(n);
            let place = turned(place.end)..turned(place.start);
            let token = text.get(place.clone()).unwrap_or_default();
            if !leet {
                found.push(Piece { place, guesses: rank * capitals(token) * 2.0 });
            }
        }
    };
    read(&lower, false);
    for one in ['i', 'l'] {
        let letters: Vec<char> = lower.iter().map(|c| letter(*c, one)).collect();
        if letters != lower {
            read(&letters, true);
        }
    }
    found
}

/// Lower case of one character; what has none of a single character stays.
fn lowered(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The letter that a digit or sign stands for. `1`, `!` and `|` look like two letters, and `7` like two others.
fn letter(c: char, one: char) -> char {
    match c {
        '4' | '@' => 'a',
        '8' => 'b',
        '(' | '{' | '[' | '<' => 'c',
        '3' => 'e',
        '6' | '9' => 'g',
        '1' | '!' | '|' => one,
        '0' => 'o',
        '$' | '5' => 's',
        '7' if one == 'l' => 'l',
        '+' | '7' => 't',
        '%' => 'x',
        '2' => 'z',
        other => other,
    }
}

/// Places of words in a text in lower case, and their ranks.
fn known(text: &[char], names: &[String]) -> Vec<(std::ops::Range<usize>, f64)> {
    let mut found = Vec::new();
    for start in 0..text.len() {
        let rest = text.get(start..).unwrap_or_default();
        for (length, rank) in listed(rest) {
            found.push((start..start.saturating_add(length), rank));
        }
        for name in names {
            let length = name.chars().count();
            if length >= NAME_MIN && rest.iter().take(length).copied().eq(name.chars()) {
                found.push((start..start.saturating_add(length), 1.0));
            }
        }
    }
    found
}

/// Words at the beginning of a text: their lengths and ranks. The lines that begin alike are narrowed down character by
/// character.
fn listed(text: &[char]) -> Vec<(usize, f64)> {
    let mut found = Vec::new();
    let mut lines: &[&str] = &LINES;
    let mut word = String::new();
    for (length, c) in (1..).zip(text) {
        word.push(*c);
        let from = lines.partition_point(|line| *line < word.as_str());
        lines = lines.get(from..).unwrap_or_default();
        let to = lines.partition_point(|line| line.starts_with(&word));
        lines = lines.get(..to).unwrap_or_default();
        let Some(first) = lines.first() else { break };
        if let Some(rank) = first.strip_prefix(&word).and_then(|rest| rest.strip_prefix(' ')) {
            found.push((length, ranked(rank)));
        }
    }
    found
}

/// The rank that a letter stands for.
fn ranked(letter: &str) -> f64 {
    let place = letter.bytes().next().unwrap_or(b'z').saturating_sub(b'a');
    (f64::from(place) / LETTERS_PER_OCTAVE).exp2()
}

/// Ways to capitalise like this, when the common ways are tried first: the first letter, the last, all.
fn capitals(token: &[char]) -> f64 {
    let upper = token.iter().filter(|c| c.is_uppercase()).count();
    let lower = token.iter().filter(|c| c.is_lowercase()).count();
    let at_an_end = [token.first(), token.last()].into_iter().flatten().any(|c| c.is_uppercase());
    match upper {
        0 => 1.0,
        1 if at_an_end => 2.0,
        _ => variations(upper, lower),
    }
}

/// Ways to replace letters like this; nothing if none was.
fn changes(typed: &[char], read: &[char]) -> Option<f64> {
    let pairs = || typed.iter().zip(read).filter(|(typed, read)| typed != read);
    let mut signs: Vec<(char, char)> = pairs().map(|(typed, read)| (*typed, *read)).collect();
    signs.sort_unstable();
    signs.dedup();
    let ways = |(sign, letter): &(char, char)| {
        let count = |c: &char| typed.iter().filter(|t| *t == c).count();
        variations(count(sign), count(letter))
    };
    (!signs.is_empty()).then(|| signs.iter().map(ways).product())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guesses(text: &str, word: &str) -> Option<f64> {
        let text: Vec<char> = text.chars().collect();
        let at = |p: &&Piece| text[p.place.clone()].iter().collect::<String>() == word;
        let found = find(&text, &[String::from("zebulon")]);
        found.iter().filter(at).map(|p| p.guesses).reduce(f64::min)
    }

    #[test]
    fn the_list_is_sorted_unique_in_lower_case_and_every_line_has_its_letter() {
        assert!(LINES.len() > 40_000);
        for pair in LINES.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
        for line in LINES.iter() {
            let (word, letter) = line.rsplit_once(' ').unwrap();
            assert!(
                word.len() >= 3 && word == word.to_lowercase() && !word.contains(' '),
                "{line}"
            );
            assert!(letter.len() == 1 && ("a"..="z").contains(&letter), "{line}");
        }
    }

    #[test]
    fn every_word_is_found_whole() {
        for line in LINES.iter().step_by(37) {
            let (word, letter) = line.rsplit_once(' ').unwrap();
            let text: Vec<char> = word.chars().collect();
            assert!(listed(&text).contains(&(text.len(), ranked(letter))), "{line}");
        }
    }

    #[test]
    fn a_word_is_met_by_its_rank_and_by_what_was_done_to_it() {
        let plain = guesses("xxdragonxx", "dragon").unwrap();
        assert!((5.0..=10.0).contains(&plain), "{plain}");
        for (text, token, factor) in [
            ("Dragon", "Dragon", 2.0),
            ("DRAGON", "DRAGON", 2.0),
            ("dragoN", "dragoN", 2.0),
            ("dRagon", "dRagon", 6.0),
            ("dr4gon", "dr4gon", 2.0),
            ("nogard", "nogard", 2.0),
        ] {
            assert_eq!(guesses(text, token), Some(plain * factor), "{text}");
        }
        assert_eq!(guesses("zebulon", "zebulon"), Some(1.0));
        assert_eq!(guesses("Z3bulon", "Z3bulon"), Some(4.0));
        assert_eq!(guesses("qqqxzzv", "qqqxzzv"), None);
    }
}
