//! The reference's scoring of an organisation's banned words (PWD-02).
//!
//! Refused outright is a whole password within edit distance 1 of a term. Otherwise the password is cut into terms and
//! single characters so that it counts the fewest points: a term, with one character substituted or missing, is one point,
//! every other character one. Two documented examples of the reference (`C0ntos0Blank12` 4 points, `ContoS0Bl@nkf9!` 5)
//! are what rules out counting a term with one character too many.

/// Lower case, with the substitutions undone that people make: `0`→`o`, `1`→`l`, `$`→`s`, `@`→`a`.
pub fn normalise(text: &str) -> String {
    let plain = |c: char| match c {
        '0' => 'o',
        '1' => 'l',
        '$' => 's',
        '@' => 'a',
        other => other,
    };
    text.chars().flat_map(char::to_lowercase).map(plain).collect()
}

/// The points of a password; `None` when no term is banned. More is better; a password that is a term counts 1.
pub fn score(text: &str, terms: &[String]) -> Option<usize> {
    if terms.is_empty() {
        return None;
    }
    let text: Vec<char> = normalise(text).chars().collect();
    let terms: Vec<Vec<char>> = terms.iter().map(|t| normalise(t).chars().collect()).collect();
    if terms.iter().any(|term| within_one_edit(&text, term)) {
        return Some(1);
    }
    Some(fewest_points(&text, &terms))
}

/// The fewest points from each place to the end, from the back; the answer is that of the whole.
fn fewest_points(text: &[char], terms: &[Vec<char>]) -> usize {
    // `best[k]` is the fewest points of the last `k` characters.
    let mut best: Vec<usize> = vec![0];
    for start in (0..text.len()).rev() {
        let rest = text.get(start..).unwrap_or_default();
        let after = |taken: usize| best.get(rest.len().checked_sub(taken)?).copied();
        let single = after(1);
        let matched = terms.iter().flat_map(|term| lengths(rest, term)).filter_map(after);
        let points = matched.chain(single).min().unwrap_or_default();
        best.push(points.saturating_add(1));
    }
    best.last().copied().unwrap_or_default()
}

/// How many characters at the start of `rest` can be read as the term: all of its own number with at most one
/// substituted, or one fewer.
fn lengths(rest: &[char], term: &[char]) -> impl Iterator<Item = usize> {
    let whole = rest.get(..term.len()).filter(|part| substituted(part, term) <= 1);
    let short = term.len().checked_sub(1).filter(|n| *n > 0);
    let short = short.and_then(|n| rest.get(..n)).filter(|part| one_missing(part, term));
    [whole, short].into_iter().flatten().map(<[char]>::len)
}

fn substituted(a: &[char], b: &[char]) -> usize {
    a.iter().zip(b).filter(|(x, y)| x != y).count()
}

/// Whether `short` is `long` without one of its characters.
fn one_missing(short: &[char], long: &[char]) -> bool {
    if short.len().checked_add(1) != Some(long.len()) {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    short.get(same..) == long.get(same.saturating_add(1)..)
}

fn within_one_edit(a: &[char], b: &[char]) -> bool {
    (a.len() == b.len() && substituted(a, b) <= 1) || one_missing(a, b) || one_missing(b, a)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(text: &str) -> usize {
        score(text, &["contoso", "blank", "abcdef"].map(String::from)).unwrap()
    }

    #[test]
    fn the_references_examples_count_what_it_says() {
        for (text, expected) in [
            ("C0ntos0Blank12", 4),
            ("ContoS0Bl@nkf9!", 5),
            ("Contoso123", 4),
            ("Contoso1234", 5),
            ("Contosp1234", 5),
            ("xyabcdefz", 4),
            ("ContosoContosoContosoContosoContoso", 5),
            ("Qm7#vTz2", 8),
        ] {
            assert_eq!(points(text), expected, "{text}");
        }
    }

    #[test]
    fn a_password_within_one_edit_of_a_term_counts_one() {
        for text in ["Bl@nK", "abcdeg", "abcdefg", "abcde", "Contoso", "C0nt0s0!", "@bcdef"] {
            assert_eq!(points(text), 1, "{text}");
        }
    }

    #[test]
    fn a_term_with_one_character_missing_inside_is_one_point() {
        assert_eq!(points("xyContso12"), 5);
    }

    #[test]
    fn a_term_with_one_character_too_many_inside_is_not_matched_whole() {
        assert_eq!(points("xyabcxdefz"), 10);
    }

    #[test]
    fn substitutions_that_people_make_are_undone() {
        assert_eq!(normalise("P@$$W0RD1"), "passwordl");
        assert_eq!(normalise("ÄÖ"), "äö");
    }

    #[test]
    fn without_terms_there_is_no_score() {
        assert_eq!(score("Contoso", &[]), None);
    }

    /// The definition, written down without any thought of speed.
    fn by_definition(text: &[char], terms: &[Vec<char>]) -> usize {
        if text.is_empty() {
            return 0;
        }
        let mut best = 1 + by_definition(&text[1..], terms);
        for term in terms {
            for n in [term.len() - 1, term.len()] {
                if n > 0 && n <= text.len() && within_one_edit(&text[..n], term) {
                    best = best.min(1 + by_definition(&text[n..], terms));
                }
            }
        }
        best
    }

    proptest! {
        #[test]
        fn scoring_agrees_with_its_definition(
            text in "[ab]{0,9}",
            terms in proptest::collection::vec("[ab]{2,4}", 1..3),
        ) {
            let text: Vec<char> = text.chars().collect();
            let terms: Vec<Vec<char>> = terms.iter().map(|t| t.chars().collect()).collect();
            prop_assert_eq!(fewest_points(&text, &terms), by_definition(&text, &terms));
        }
    }
}
