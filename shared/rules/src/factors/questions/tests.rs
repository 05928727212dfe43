use std::collections::BTreeMap;

use super::*;
use crate::factors::Answers;
use crate::password::{Hasher, Parameters};
use crate::policy::CustomQuestion;
use crate::secret::Keys;

const CHEAP: Parameters = Parameters { memory_kib: 64, passes: 1, lanes: 1 };

fn alice() -> Username {
    Username::parse("alice").unwrap()
}

fn given<'g>(all: &[(&'g str, &'g str)]) -> Vec<Given<'g>> {
    all.iter().map(|(id, answer)| Given { id, answer }).collect()
}

const FIVE: [(&str, &str); 5] = [
    ("first-pet", "Rex the dog"),
    ("first-car", "Fiat Panda"),
    ("first-job", "paper round"),
    ("first-film", "Bambi"),
    ("first-kiss", "Robin"),
];

#[test]
fn what_people_type_differently_is_one_answer_and_other_words_are_not() {
    let is = |a: &str, b: &str| assert_eq!(*canonical(a), *canonical(b), "{a} {b}");
    is("  Rex   the\tDog ", "rex the dog");
    is("ＲＥＸ the dog", "rex THE dog");
    is("Große Straße", "GROSSE STRASSE");
    is("Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ");
    is("ﬁsh", "FISH");
    is("Zoe\u{308}", "ZOË");
    assert_ne!(*canonical("Rex the dog"), *canonical("Rexthe dog"));
    assert_ne!(*canonical("Zoe"), *canonical("Zoë"));
}

fn found(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let errors = check(&given(all), &Config::default(), &alice());
    errors.into_iter().map(|e| (e.field, e.code)).collect()
}

#[test]
fn answers_are_taken_at_their_bounds_and_refused_beyond() {
    let with = |answer: &str| {
        let mut five = FIVE;
        five[2].1 = answer;
        found(&five).into_iter().map(|(field, code)| format!("{field} {code}")).collect::<Vec<_>>()
    };
    assert_eq!(with("abc"), [""; 0]);
    assert_eq!(with(&"a".repeat(40)), [""; 0]);
    assert_eq!(with("ab"), ["answers[2].answer too_short"]);
    assert_eq!(with("  a    "), ["answers[2].answer too_short"]);
    assert_eq!(with(&"a".repeat(41)), ["answers[2].answer too_long"]);
    assert_eq!(with("ALICE"), ["answers[2].answer is_username"]);
    assert_eq!(with("bambi "), ["answers[3].answer duplicate_answer"]);
    let text = Config::default().question_pool()[3].text("en", "en").to_uppercase();
    assert_eq!(with(&text), ["answers[2].answer too_long", "answers[2].answer is_question_text"]);
}

#[test]
fn everything_wrong_with_the_questions_is_told_by_index() {
    assert_eq!(found(&FIVE[..4]), [("answers".to_owned(), "too_few".to_owned())]);
    let mut six = FIVE.to_vec();
    six.push(("first-flight", "Oslo"));
    assert_eq!(found(&six), [("answers".to_owned(), "too_many".to_owned())]);
    let mut bad = FIVE;
    bad[1].0 = "first-pet";
    bad[4] = ("no-such", "x");
    let expected = [
        ("answers[1].id", "duplicate_question"),
        ("answers[4].id", "unknown_question"),
        ("answers[4].answer", "too_short"),
    ];
    assert_eq!(found(&bad), expected.map(|(f, c)| (f.to_owned(), c.to_owned())));
}

#[test]
fn a_short_question_repeated_without_its_mark_is_no_answer() {
    let mut config = Config::default();
    let text = BTreeMap::from([(String::from("en"), String::from("Which colour?"))]);
    config.security_questions.custom = vec![CustomQuestion { id: "colour".into(), text }];
    let mut five = FIVE;
    five[0] = ("colour", " which COLOUR");
    let errors = check(&given(&five), &config, &alice());
    assert_eq!(errors, [FieldError::new("answers[0].answer", "is_question_text")]);
}

#[test]
fn there_are_sixteen_combinations_of_three_or_more_out_of_five() {
    assert_eq!([3, 4, 5].map(|n| combinations(n).len()), [1, 5, COMBINATIONS]);
    assert!(combinations(2).is_empty() && combinations(0).is_empty());
    assert_eq!(chosen(0b10101, &[1, 2, 3, 4, 5]), [&1, &3, &5]);
}

/// The five answers as kept.
fn kept(key: &Key) -> Factors {
    let mut factors = Factors::of("uid");
    let mut five = given(&FIVE);
    five.sort_by_key(|g| short(g.id));
    let tags = combinations(5).into_iter().map(|set| {
        let some: Vec<Given<'_>> = chosen(set, &five).into_iter().copied().collect();
        tag(&evaluated(&some), key, &factors.account)
    });
    let tags = tags.collect();
    let ids = five.iter().map(|g| short(g.id)).collect();
    factors.answers = Answers { version: 1, ids, salt: [7; 16], tags };
    factors
}

fn evaluated(given: &[Given<'_>]) -> Evaluation {
    Hasher::lazy().evaluate(&together(given), &[7; 16], CHEAP).unwrap()
}

#[test]
fn every_combination_is_right_with_every_answer_right_and_wrong_with_any_other() {
    let keys = Keys::derive(&[1; 32]);
    let factors = kept(&keys.tags);
    for set in combinations(5) {
        let mut some: Vec<Given<'_>> = chosen(set, &given(&FIVE)).into_iter().copied().collect();
        let asked: Vec<u32> = some.iter().map(|g| short(g.id)).collect();
        some.reverse();
        let right =
            |some: &[Given<'_>]| are_right(&asked, some, &evaluated(some), &keys.tags, &factors);
        assert!(right(&some), "{set:b}");
        for place in 0..some.len() {
            let mut other = some.clone();
            other[place].answer = "another answer";
            assert!(!right(&other), "{set:b} {place}");
        }
        assert!(!right(&some[1..]), "one is missing");
    }
}

#[test]
fn right_answers_to_other_questions_than_those_asked_are_wrong() {
    let keys = Keys::derive(&[1; 32]);
    let factors = kept(&keys.tags);
    let all = given(&FIVE);
    let asked: Vec<u32> = all[..3].iter().map(|g| short(g.id)).collect();
    let right =
        |some: &[Given<'_>], f: &Factors| are_right(&asked, some, &evaluated(some), &keys.tags, f);
    assert!(right(&all[..3], &factors));
    assert!(!right(&all[1..4], &factors));
    assert!(!right(&all, &factors));
    assert!(!right(&[all[0], all[0], all[1]], &factors));
    assert!(!right(&all[..3], &Factors::blank()) && !right(&[], &Factors::blank()));
}

fn ids(draw: &Draw<'_>, factors: &Factors, config: &Config) -> Vec<u32> {
    draw.questions(factors, config).iter().map(|q| short(q.id())).collect()
}

#[test]
fn those_registered_are_drawn_alike_for_a_moment_and_differently_for_another() {
    let keys = Keys::derive(&[1; 32]);
    let factors = kept(&keys.tags);
    let (config, username) = (Config::default(), alice());
    let draw = |at: i64| {
        let draw = Draw { key: &keys.draw, username: &username, at: Millis(at) };
        ids(&draw, &factors, &config)
    };
    assert_eq!(draw(1), draw(1));
    assert!(draw(1).iter().all(|id| factors.answers.ids.contains(id)));
    let different: BTreeSet<Vec<u32>> = (0..40).map(draw).collect();
    assert!(different.len() > 5);
    assert_eq!(asked_ids(&asked_text(&config.question_pool()[..3])).len(), 3);
}

#[test]
fn nobody_is_asked_as_many_of_a_set_that_stays() {
    let keys = Keys::derive(&[1; 32]);
    let config = Config::default();
    let all = |name: &str| {
        let username = Username::parse(name).unwrap();
        let drawn = (0..60).map(|at| {
            ids(
                &Draw { key: &keys.draw, username: &username, at: Millis(at) },
                &Factors::blank(),
                &config,
            )
        });
        let drawn: Vec<Vec<u32>> = drawn.collect();
        assert!(drawn.iter().all(|d| d.len() == 3));
        drawn.into_iter().flatten().collect::<BTreeSet<u32>>()
    };
    assert_eq!(all("nobody").len(), 5, "as many as would be registered");
    assert_ne!(all("nobody"), all("noone"));
}

#[test]
fn questions_that_are_no_longer_in_use_are_not_asked() {
    let keys = Keys::derive(&[1; 32]);
    let factors = kept(&keys.tags);
    let username = alice();
    let mut config = Config::default();
    config.security_questions.predefined.retain(|id| id != "first-pet");
    let drawn = |config: &Config| {
        let draw = |at| {
            ids(&Draw { key: &keys.draw, username: &username, at: Millis(at) }, &factors, config)
        };
        (0..40).flat_map(draw).collect::<BTreeSet<u32>>()
    };
    assert!(!drawn(&config).contains(&short("first-pet")));
    assert_eq!(drawn(&config).len(), 4);
    config.security_questions.predefined.retain(|id| !id.starts_with("first-"));
    assert!(drawn(&config).iter().all(|id| !factors.answers.ids.contains(id)), "as for nobody");
}
