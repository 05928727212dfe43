//! How easily a password is guessed, 0 to 4: the measure of zxcvbn (Wheeler, *zxcvbn: Low-Budget Password Strength
//! Estimation*, USENIX Security 2016).
//!
//! A guesser is assumed who knows words, names, walks over the keyboard, runs, repetitions, dates and what people do to
//! them. The password is cut into such pieces so that it costs the fewest guesses: `l! · ∏ guesses + 10,000^(l−1)` for `l`
//! pieces, what is left over costing ten guesses a character.
//!
//! # Why not …?
//! - *Why not the crate `zxcvbn`?* It adds 1.02 MB to a zip that may have 3.0 (two engines for regular expressions and
//!   94,000 words), takes 25 ms and 8 MB at its first call, reads the clock by itself, and gives up by a panic where its
//!   expressions do. It stands beside ours in the tests, which hold the two together.
//! - *Why only three pieces?* Four cost 10¹² guesses before any is counted, and 10¹⁰ is already the best grade.

mod shapes;
mod words;

use std::ops::Range;

/// Grades end where so many guesses are exceeded (the paper, §6; the five are its authors').
const GRADES: [f64; 4] = [1_005.0, 1_000_005.0, 100_000_005.0, 10_000_000_005.0];
/// Characters that are looked at. What is longer is judged by its beginning, so that judging has a bound.
const LOOKED_AT: usize = 100;
/// Most pieces that can matter to a grade.
const PIECES: u32 = 3;
/// Guesses for one more piece, whatever it is.
const PER_PIECE: f64 = 10_000.0;
/// Guesses for a character that belongs to nothing.
const PER_CHARACTER: f64 = 10.0;
/// Fewest guesses for a piece of one character, and of more, that is not the whole password.
const FEWEST: (f64, f64) = (10.0, 50.0);

/// A part of a password that a guesser would try as one.
#[derive(Debug, Clone, PartialEq)]
struct Piece {
    /// Which characters.
    place: Range<usize>,
    /// How many guesses until it is met.
    guesses: f64,
}

/// The grade of a password after NFKC: 0 for what falls to a thousand guesses, 4 for what withstands 10¹⁰. `names` are
/// words that a guesser would try first, in lower case.
pub fn score(text: &str, names: &[String]) -> u8 {
    let text: Vec<char> = text.chars().take(LOOKED_AT).collect();
    let guesses = guesses(&text, names, true);
    let reached = GRADES.iter().filter(|grade| guesses >= **grade).count();
    u8::try_from(reached).unwrap_or(u8::MAX)
}

/// Guesses until a text is met; right up to the highest grade, too many beyond.
fn guesses(text: &[char], names: &[String], with_repeats: bool) -> f64 {
    if text.is_empty() {
        return 1.0;
    }
    let mut pieces = words::find(text, names);
    pieces.extend(shapes::find(text));
    if with_repeats {
        pieces.extend(shapes::repeats(text, |unit| guesses(unit, names, false)));
    }
    fewest(text.len(), &pieces)
}

/// The fewest guesses for a text of `length` characters, cut into these pieces and what is left over between them.
fn fewest(length: usize, pieces: &[Piece]) -> f64 {
    let mut best = f64::INFINITY;
    // The fewest guesses for the first `n` characters in exactly as many pieces as rounds were made.
    let mut products = vec![f64::INFINITY; length.saturating_add(1)];
    if let Some(empty) = products.first_mut() {
        *empty = 1.0;
    }
    let mut factorial = 1.0;
    for count in 1..=PIECES {
        products = one_more(&products, pieces, length);
        factorial *= f64::from(count);
        let whole = products.last().copied().unwrap_or(f64::INFINITY);
        let further = PER_PIECE.powi(i32::try_from(count).unwrap_or(i32::MAX) - 1);
        best = best.min(factorial * whole + further);
    }
    best
}

/// The products with one more piece each.
fn one_more(products: &[f64], pieces: &[Piece], length: usize) -> Vec<f64> {
    let mut next = vec![f64::INFINITY; products.len()];
    let mut offer = |place: &Range<usize>, guesses: f64| {
        let before = products.get(place.start).copied().unwrap_or(f64::INFINITY);
        if let Some(now) = next.get_mut(place.end) {
            *now = now.min(before * guesses);
        }
    };
    for piece in pieces {
        offer(&piece.place, piece.guesses.max(least(&piece.place, length)));
    }
    for start in 0..length {
        for end in start.saturating_add(1)..=length {
            let place = start..end;
            let characters = i32::try_from(place.len()).unwrap_or(i32::MAX);
            // One guess more than a piece there could cost at least, so that the piece is preferred.
            let fewest = if characters == 1 { FEWEST.0 } else { FEWEST.1 };
            offer(&place, PER_CHARACTER.powi(characters).max(fewest + 1.0));
        }
    }
    next
}

fn least(place: &Range<usize>, length: usize) -> f64 {
    match place.len() {
        all if all == length => 1.0,
        1 => FEWEST.0,
        _ => FEWEST.1,
    }
}

/// Ways to choose `k` of `n`.
fn choose(n: usize, k: usize) -> f64 {
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    (0..k).fold(1.0, |ways, i| ways * number(n.saturating_sub(i)) / number(i.saturating_add(1)))
}

/// Ways in which `some` of `some + others` characters may have been changed, when a guesser tries few changes first.
fn variations(some: usize, others: usize) -> f64 {
    if some == 0 || others == 0 {
        return 2.0;
    }
    let all = some.saturating_add(others);
    (1..=some.min(others)).map(|n| choose(all, n)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> u8 {
        score(text, &[])
    }

    fn peers(text: &str) -> u8 {
        zxcvbn::zxcvbn(text, &[]).score().into()
    }

    #[test]
    fn what_falls_to_few_guesses_scores_little() {
        for (text, expected) in [
            ("", 0),
            ("password", 0),
            ("P@ssw0rd", 0),
            ("qwertyuiop", 0),
            ("aaaaaaaaaaaaaaaaaaaa", 0),
            ("abcdefghijklmnop", 0),
            ("drowssap", 0),
            ("password1987", 1),
            ("elizabethmichael", 1),
            ("dragondragondragon", 0),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn what_nobody_foresees_scores_four() {
        for text in [
            "Marmalade tractor under 7 skies",
            "Quiet volcano borrows 3 ladders",
            "w9$kLm2#pQvX",
            "Reset-h7gq-x2mw-kk9c-tzr4-8vpn",
            "пять зелёных лис ночью",
        ] {
            assert_eq!(of(text), 4, "{text}");
        }
    }

    #[test]
    fn names_are_tried_first() {
        let names = [String::from("ostrowski")];
        assert_eq!(score("ostrowskiostrowski", &names), 0);
        assert!(score("ostrowski-ostrowska", &[]) > score("ostrowski-ostrowski", &names));
    }

    #[test]
    fn a_grade_begins_where_the_one_before_ends() {
        for (grade, ends) in (0u8..).zip(GRADES) {
            let reached = |guesses: f64| GRADES.iter().filter(|g| guesses >= **g).count();
            assert_eq!(reached(ends - 1.0), usize::from(grade));
            assert_eq!(reached(ends), usize::from(grade) + 1);
        }
    }

    #[test]
    fn characters_beyond_the_hundredth_are_not_looked_at() {
        let text = format!("{}w9$kLm2#pQ", "a".repeat(LOOKED_AT));
        assert_eq!(of(&text), of(&"a".repeat(LOOKED_AT)));
        assert_eq!(of(&text[1..]), of(&text[1..LOOKED_AT + 1]));
    }

    #[test]
    fn ways_to_choose_and_to_vary_are_counted() {
        assert_eq!(
            (choose(5, 2), choose(33, 7), choose(4, 0), choose(1, 2)),
            (10.0, 4_272_048.0, 1.0, 0.0)
        );
        assert_eq!((variations(0, 4), variations(4, 0), variations(1, 3)), (2.0, 2.0, 4.0));
        assert_eq!(variations(2, 2), 10.0);
    }

    /// What people choose: words with tails, two words, dates, walks, repetitions, phrases.
    fn chosen() -> Vec<String> {
        let words = [
            "monkey",
            "Elizabeth",
            "sunshine",
            "contoso",
            "tr4ctor",
            "Quartz",
            "naruto",
            "kestrel",
        ];
        let tails =
            ["", "1", "!", "123", "2024", "19851123", "qwerty", "12.04.1990", "999", "xK#9"];
        let mut all = Vec::new();
        for a in words {
            for tail in tails {
                all.push(format!("{a}{tail}"));
                all.push(format!("{tail}{a}"));
                all.extend(words.map(|b| format!("{a}{b}{tail}")));
                all.push(format!("{a}{a}{tail}"));
                all.push(format!("{a} {tail} and more"));
            }
        }
        all
    }

    #[test]
    fn ours_and_its_peer_agree_on_what_people_choose() {
        let all = chosen();
        let mut differing = Vec::new();
        for text in &all {
            let (ours, peers) = (of(text), peers(text));
            assert!(ours.abs_diff(peers) <= 1, "{text}: {ours}, not {peers}");
            if ours != peers {
                differing.push(format!("{text}: {ours}, not {peers}"));
            }
        }
        // Words that only the peer's longer lists hold, walks over keyboards other than QWERTY.
        assert!(
            differing.len() * 20 <= all.len(),
            "{} of {}: {differing:#?}",
            differing.len(),
            all.len()
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn ours_and_its_peer_agree_on_chance(text in "[ -~]{1,24}") {
            prop_assert!(of(&text).abs_diff(peers(&text)) <= 1, "{} {}", of(&text), peers(&text));
        }

        #[test]
        fn judging_never_panics_and_ends(text in "\\PC{0,120}", name in "\\PC{0,9}") {
            prop_assert!(score(&text, &[name]) <= 4);
        }
    }
}
