//! Shapes that people choose: walks over the keyboard, runs over the alphabet, repetitions, years and dates.

use std::ops::Range;

use super::{Piece, choose, variations};

/// Keys of a QWERTY keyboard, unshifted and shifted, row by row. A key touches its neighbours in its row, and those of the
/// rows beside it that stand at its own place and, above, one further, or, below, one before.
const ROWS: [(&str, &str); 4] = [
    ("`1234567890-=", "~!@#$%^&*()_+"),
    (" qwertyuiop[]\\", " QWERTYUIOP{}|"),
    (" asdfghjkl;'", " ASDFGHJKL:\""),
    (" zxcvbnm,./", " ZXCVBNM<>?"),
];
/// Keys to begin a walk at, and how many a key touches on average (the paper, §4.4, for QWERTY).
const KEYS: f64 = 94.0;
const NEIGHBOURS: f64 = 4.0;
/// Shortest walk.
const WALK_MIN: usize = 3;
/// Widest step of a run.
const STEP_MAX: i64 = 5;
/// The year that dates are told from, and how far from it a guesser looks at least (the paper, §4.4). A constant, so that
/// one password has one grade.
const YEAR: u32 = 2026;
const YEARS_MIN: u32 = 20;
/// Days of a year, and separators that people write between its parts.
const DAYS: u32 = 365;
const SEPARATORS: u32 = 4;

/// Walks, runs, years and dates in a text.
pub(super) fn find(text: &[char]) -> Vec<Piece> {
    let mut found = walks(text);
    found.extend(runs(text));
    found.extend(dates(text));
    found
}

/// Row and place of a key, and whether it is shifted.
fn key(c: char) -> Option<(i64, i64, bool)> {
    (0..).zip(ROWS).find_map(|(row, (plain, shifted))| {
        let at =
            |keys: &str| (0..).zip(keys.chars()).find(|(_, k)| *k == c && c != ' ').map(|(n, _)| n);
        let plain = at(plain).map(|place| (row, place, false));
        plain.or_else(|| at(shifted).map(|place| (row, place, true)))
    })
}

/// Which way from one key to the next, if they touch.
fn direction(from: char, to: char) -> Option<(i64, i64)> {
    let ((r0, p0, _), (r1, p1, _)) = (key(from)?, key(to)?);
    let way = (r1 - r0, p1 - p0);
    let touching = [(0, -1), (0, 1), (-1, 0), (-1, 1), (1, -1), (1, 0)];
    touching.contains(&way).then_some(way)
}

/// Longest walks over the keyboard, of three keys or more.
fn walks(text: &[char]) -> Vec<Piece> {
    let ways: Vec<_> =
        text.iter().zip(text.iter().skip(1)).map(|(a, b)| direction(*a, *b)).collect();
    let mut found = Vec::new();
    for steps in stretches(&ways, |way| way.is_some()) {
        let place = steps.start..steps.end.saturating_add(1);
        let taken = ways.get(steps).unwrap_or_default();
        let turns = 1 + taken.iter().zip(taken.iter().skip(1)).filter(|(a, b)| a != b).count();
        let keys = text.get(place.clone()).unwrap_or_default();
        let shifted =
            keys.iter().filter(|c| key(**c).is_some_and(|(_, _, shifted)| shifted)).count();
        if keys.len() >= WALK_MIN {
            found.push(Piece { place, guesses: walked(keys.len(), turns, shifted) });
        }
    }
    found
}

/// Walks of so many keys or fewer with so many turns or fewer.
fn walked(length: usize, turns: usize, shifted: usize) -> f64 {
    let mut guesses = 0.0;
    for keys in 2..=length {
        let mut branches = KEYS;
        for turn in 1..=turns.min(keys.saturating_sub(1)) {
            branches *= NEIGHBOURS;
            guesses += choose(keys.saturating_sub(1), turn.saturating_sub(1)) * branches;
        }
    }
    if shifted > 0 {
        guesses * variations(shifted, length.saturating_sub(shifted))
    } else {
        guesses
    }
}

/// Longest runs with one step from each character to the next: `abcd`, `9753`, `δγβα`.
fn runs(text: &[char]) -> Vec<Piece> {
    let step = |(a, b): (&char, &char)| i64::from(u32::from(*b)) - i64::from(u32::from(*a));
    let steps: Vec<i64> = text.iter().zip(text.iter().skip(1)).map(step).collect();
    let mut found = Vec::new();
    let mut start = 0usize;
    while let Some(step) = steps.get(start) {
        let count = steps.iter().skip(start).take_while(|s| *s == step).count();
        let wide = step.abs();
        if (count > 1 || wide == 1) && (1..=STEP_MAX).contains(&wide) {
            let place = start..start.saturating_add(count).saturating_add(1);
            let first = text.get(start).copied().unwrap_or_default();
            let beginnings = match first {
                'a' | 'A' | 'z' | 'Z' | '0' | '1' | '9' => 4.0,
                digit if digit.is_ascii_digit() => 10.0,
                _ => 26.0,
            };
            let both_ways = if *step < 0 { 2.0 } else { 1.0 };
            found.push(Piece { guesses: beginnings * both_ways * number(place.len()), place });
        }
        start = start.saturating_add(count);
    }
    found
}

/// Years of this and the last century, and dates written with or without separators.
fn dates(text: &[char]) -> Vec<Piece> {
    let mut found = Vec::new();
    for start in 0..text.len() {
        for length in [4usize, 6, 8, 10] {
            let place = start..start.saturating_add(length);
            let Some(part) = text.get(place.clone()) else { break };
            found.extend(dated(part).map(|guesses| Piece { place, guesses: f64::from(guesses) }));
        }
    }
    found
}

/// The guesses for a text that is a year or a date.
fn dated(part: &[char]) -> Option<u32> {
    let digits: String = part.iter().filter(|c| c.is_ascii_digit()).collect();
    let separators: Vec<&char> = part.iter().filter(|c| !c.is_ascii_digit()).collect();
    let years = match (digits.len(), separators.as_slice()) {
        (4, []) => return years_to(&digits).filter(|_| is_recent(&digits)),
        (6 | 8, []) => date(&digits)?,
        (6 | 8, [a, b]) if a == b && " -/\\_.".contains(**a) => {
            let shape: Vec<usize> = part.split(|c| c == *a).map(<[char]>::len).collect();
            let plain = matches!(shape.as_slice(), [2, 2, 2 | 4] | [4, 2, 2]);
            return date(&digits).filter(|_| plain).map(|years| years * DAYS * SEPARATORS);
        }
        _ => return None,
    };
    Some(years * DAYS)
}

fn is_recent(digits: &str) -> bool {
    digits.starts_with("19") || digits.starts_with("20")
}

/// How many years a guesser tries until the year of a date of six or eight digits, which stands first or last.
fn date(digits: &str) -> Option<u32> {
    let is_day_and_month = |part: &str| {
        let (a, b) = (number_in(part.get(..2))?, number_in(part.get(2..))?);
        let fits = |day: u32, month: u32| (1..=31).contains(&day) && (1..=12).contains(&month);
        (fits(a, b) || fits(b, a)).then_some(())
    };
    let years = digits.len().checked_sub(4)?;
    let last = || is_day_and_month(digits.get(..4)?).and_then(|()| years_to(digits.get(4..)?));
    let first =
        || is_day_and_month(digits.get(years..)?).and_then(|()| years_to(digits.get(..years)?));
    [last(), first()].into_iter().flatten().min()
}

/// How many years a guesser tries until this one, of two or four digits.
fn years_to(year: &str) -> Option<u32> {
    let year = match (year.len(), number_in(Some(year))?) {
        (2, short) if short > 50 => 1900 + short,
        (2, short) => 2000 + short,
        (_, full) if (1000..=2050).contains(&full) => full,
        _ => return None,
    };
    Some(year.abs_diff(YEAR).max(YEARS_MIN))
}

fn number_in(digits: Option<&str>) -> Option<u32> {
    digits?.parse().ok()
}

/// Units that are typed again and again, where they are not part of a longer repetition. `guesses` says what a unit costs.
pub(super) fn repeats(text: &[char], guesses: impl Fn(&[char]) -> f64) -> Vec<Piece> {
    let mut found = Vec::new();
    for length in 1..=text.len() / 2 {
        let alike: Vec<bool> =
            text.iter().zip(text.iter().skip(length)).map(|(a, b)| a == b).collect();
        for same in stretches(&alike, |alike| *alike) {
            let times = same.len() / length + 1;
            let unit = text.get(same.start..same.start.saturating_add(length)).unwrap_or_default();
            if times < 2 || is_periodic(unit) {
                continue;
            }
            // The repetition may begin anywhere in the stretch that leaves as many whole units.
            for shift in 0..=same.len() % length {
                let start = same.start.saturating_add(shift);
                let place = start..start.saturating_add(times.saturating_mul(length));
                let unit = text.get(start..start.saturating_add(length)).unwrap_or_default();
                found.push(Piece { place, guesses: guesses(unit) * number(times) });
            }
        }
    }
    found
}

fn is_periodic(unit: &[char]) -> bool {
    (1..=unit.len() / 2).any(|n| {
        unit.len().is_multiple_of(n) && unit.iter().eq(unit.iter().cycle().skip(n).take(unit.len()))
    })
}

/// Longest stretches of values that are all like this.
fn stretches<T>(values: &[T], like: impl Fn(&T) -> bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (place, _) in values.iter().enumerate().filter(|(_, value)| like(value)) {
        match found.last_mut() {
            Some(last) if last.end == place => last.end = place.saturating_add(1),
            _ => found.push(place..place.saturating_add(1)),
        }
    }
    found
}

fn number(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    fn places(found: Vec<Piece>) -> Vec<(usize, usize)> {
        found.into_iter().map(|p| (p.place.start, p.place.end)).collect()
    }

    #[test]
    fn walks_follow_keys_that_touch() {
        assert_eq!(places(walks(&chars("qwerty"))), [(0, 6)]);
        assert_eq!(places(walks(&chars("xx1qaz2wsx"))), [(2, 6), (6, 10)]);
        assert_eq!(places(walks(&chars("zxcVBN!"))), [(0, 6)]);
        assert_eq!(places(walks(&chars("qpwo"))), []);
        assert!(walked(6, 1, 0) < walked(6, 2, 0) && walked(6, 1, 0) < walked(6, 1, 3));
        assert_eq!(walked(3, 1, 0), 94.0 * 4.0 * 2.0);
    }

    #[test]
    fn runs_have_one_step() {
        let guesses = |text: &str| runs(&chars(text)).first().map(|p| p.guesses);
        assert_eq!(places(runs(&chars("xabcd97531"))), [(1, 5), (5, 10)]);
        assert_eq!(
            (guesses("abcd"), guesses("dcba"), guesses("2345")),
            (Some(16.0), Some(208.0), Some(40.0))
        );
        assert_eq!(guesses("afkp"), Some(16.0));
        assert_eq!(guesses("agms"), None);
    }

    #[test]
    fn years_and_dates_are_told_by_their_year() {
        let of = |text: &str| dated(&chars(text));
        assert_eq!((of("2026"), of("1987"), of("1926")), (Some(20), Some(39), Some(100)));
        assert_eq!((of("1850"), of("2150"), of("20a6")), (None, None, None));
        assert_eq!(of("19870412"), Some(39 * 365));
        assert_eq!(of("12041987"), Some(39 * 365));
        assert_eq!(of("120487"), Some(39 * 365));
        assert_eq!(of("12.04.1987"), Some(39 * 365 * 4));
        assert_eq!((of("1987-04-12"), of("12.04-1987")), (Some(39 * 365 * 4), None));
        assert_eq!((of("999999"), of("12.041.987")), (None, None));
    }

    #[test]
    fn repetitions_are_found_whole_and_not_in_multiples() {
        let found = |text: &str| {
            let found = repeats(&chars(text), |unit| number(unit.len()));
            found.iter().map(|p| (p.place.start, p.place.end, p.guesses)).collect::<Vec<_>>()
        };
        assert_eq!(found("aaaa"), [(0, 4, 4.0)]);
        assert_eq!(found("xabcabcabcy"), [(1, 10, 9.0)]);
        assert_eq!(found("xabab1"), [(1, 5, 4.0)]);
        assert_eq!(found("ababa"), [(0, 4, 4.0), (1, 5, 4.0)]);
        assert_eq!(found("abc"), []);
    }
}
