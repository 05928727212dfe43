//! What passwords are refused for.

use proptest::prelude::*;

use super::*;

fn policy() -> PasswordPolicy {
    PasswordPolicy {
        min_length: 15,
        max_length: 256,
        classes: 0,
        ascii_only: false,
        history: 5,
        expires_days: None,
        banned_words: Vec::new(),
        min_banned_score: 5,
        min_strength: 3,
    }
}

fn entra() -> PasswordPolicy {
    PasswordPolicy {
        min_length: 8,
        classes: 3,
        ascii_only: true,
        history: 1,
        min_strength: 0,
        ..policy()
    }
}

fn judged(text: &str, policy: &PasswordPolicy) -> Vec<Reason> {
    check(&Password::new(text.into()), policy, &Context::default())
}

/// Text of `n` characters that is neither common nor regular.
fn unlike(n: usize) -> String {
    "Quartz vexed 9 fjords; glum zephyrs 4 wick bandits? "
        .chars()
        .cycle()
        .enumerate()
        .map(
            |(i, c)| {
                if i % 53 == 52 { char::from_u32(0x3b1 + (i as u32 % 19)).unwrap() } else { c }
            },
        )
        .take(n)
        .collect()
}

#[test]
fn fifteen_characters_do_and_fourteen_are_too_short() {
    assert_eq!(judged(&unlike(15), &policy()), []);
    assert_eq!(judged(&unlike(14), &policy()), [Reason::TooShort]);
}

#[test]
fn two_hundred_and_fifty_six_characters_do_and_one_more_is_too_long() {
    assert_eq!(judged(&unlike(256), &policy()), []);
    assert_eq!(judged(&unlike(257), &policy()), [Reason::TooLong]);
    assert_eq!(judged(&"x".repeat(16_000), &policy()), [Reason::TooLong]);
}

#[test]
fn characters_are_counted_after_normalising() {
    // Fifteen code points as typed, fourteen once the accent has joined its letter.
    let typed = format!("{}e\u{301}", unlike(13));
    assert_eq!(judged(&typed, &policy()), [Reason::TooShort]);
    // One code point as typed, eighteen as normalised.
    assert_eq!(judged("\u{fdfa}", &policy()), []);
}

#[test]
fn any_character_does_under_nist_but_control_characters() {
    assert_eq!(judged("пять зелёных 🦊 ночью", &policy()), []);
    assert_eq!(judged("five green foxes\u{0} at night", &policy()), [Reason::CharacterNotAllowed]);
    assert_eq!(judged("five green\tfoxes at night", &policy()), [Reason::CharacterNotAllowed]);
}

#[test]
fn entra_wants_eight_characters_and_three_of_four_classes() {
    assert_eq!(judged("Vq7kzmwu", &entra()), []);
    assert_eq!(judged("Vq7kzmw", &entra()), [Reason::TooShort]);
    assert_eq!(judged("vq7kzmwu", &entra()), [Reason::TooFewClasses]);
    assert_eq!(judged("vq7kzm;u", &entra()), []);
    assert_eq!(judged("Vqkzm wu", &entra()), [Reason::TooFewClasses]);
    assert_eq!(judged("Vq7kzmwü", &entra()), [Reason::CharacterNotAllowed]);
    assert_eq!(judged("Vq7 zmwu", &entra()), []);
}

#[test]
fn all_reasons_are_told_at_once() {
    let reasons = judged("passwör", &entra());
    assert_eq!(reasons, [Reason::TooShort, Reason::TooFewClasses, Reason::CharacterNotAllowed]);
    let short = judged("password", &PasswordPolicy { classes: 2, ..policy() });
    let all = [Reason::TooShort, Reason::TooFewClasses, Reason::Banned, Reason::TooWeak];
    assert_eq!(short, all);
}

#[test]
fn a_name_of_four_characters_refuses_and_one_of_three_does_not() {
    let with = |first: &str, text: &str| {
        let context = Context { first_name: Some(first), ..Context::default() };
        check(&Password::new(text.into()), &policy(), &context)
    };
    assert_eq!(with("Anna", "where ANNA walks at noon"), [Reason::ContainsName]);
    assert_eq!(with("Ann", "where ANNA walks at noon"), []);
    assert_eq!(with("Ａｎｎａ", "where @nn@ walks at noon"), [Reason::ContainsName]);
    assert_eq!(with("Mary-Ann", "where maryann walks at noon"), [Reason::ContainsName]);
}

#[test]
fn every_name_of_the_person_and_the_organisation_counts() {
    let context = Context {
        username: "wolke7@home.example",
        first_name: Some("Frieda"),
        last_name: Some("Ostrowski"),
        display_name: Some("Fritzi O."),
        organisation: "Example Org",
    };
    let judged = |text: &str| check(&Password::new(text.into()), &policy(), &context);
    for text in [
        "under wolke7 it rains",
        "under frieda it rains",
        "under OSTROWSKI it rains",
        "under fritzi o. it rains",
        "under example org it rains",
        "under exampleorg it rains",
    ] {
        assert_eq!(judged(text), [Reason::ContainsName], "{text}");
    }
    assert_eq!(judged("under a roof it rains"), []);
    assert_eq!(judged("for example it rains"), []);
}

#[test]
fn the_references_own_example_of_a_name_is_refused() {
    let context = Context { username: "poll", ..Context::default() };
    let reasons = check(&Password::new("p0LL23fb".into()), &entra(), &context);
    assert_eq!(reasons, [Reason::ContainsName]);
}

#[test]
fn every_vector_of_the_banned_words_is_judged_as_the_acceptance_list_says() {
    let banned_words = ["contoso", "blank", "abcdef"].map(String::from).to_vec();
    let policy = PasswordPolicy { min_length: 0, min_strength: 0, banned_words, ..policy() };
    for (text, refused) in [
        ("C0ntos0Blank12", true),
        ("ContoS0Bl@nkf9!", false),
        ("Bl@nK", true),
        ("abcdeg", true),
        ("abcdefg", true),
        ("abcde", true),
        ("Contoso", true),
        ("Contoso123", true),
        ("Contoso1234", false),
        ("Contosp1234", false),
        ("xyabcdefz", true),
    ] {
        let expected = if refused { vec![Reason::Banned] } else { vec![] };
        assert_eq!(judged(text, &policy), expected, "{text}");
    }
}

#[test]
fn a_password_is_too_weak_below_the_strength_asked_for_and_not_at_it() {
    let strength = |text: &str| score(&Password::new(text.into()), &Context::default(), &[]);
    for text in ["elizabethmichael", "kestrel in the reeds", "Quartz vexed 9 fjords"] {
        let reached = strength(text);
        let asking = |min_strength| PasswordPolicy { min_strength, ..policy() };
        assert_eq!(judged(text, &asking(reached)), [], "{text}");
        if reached < 4 {
            assert_eq!(judged(text, &asking(reached + 1)), [Reason::TooWeak], "{text}");
        }
    }
    assert!(strength("elizabethmichael") < 3);
}

#[test]
fn a_name_makes_what_is_built_of_it_weak() {
    let context = Context { first_name: Some("Zbi"), last_name: Some("Wyk"), ..Context::default() };
    let password = Password::new("ZbiWykZbiWykZbiWyk".into());
    assert!(score(&password, &context, &[]) < score(&password, &Context::default(), &[]));
}

#[test]
fn what_the_rules_call_guessable_is_never_scored_as_strong() {
    let long = Password::new(String::from("kqzmwbtxnrgvhpfdskqz"));
    assert_eq!(score(&long, &Context::default(), &[Reason::Banned]), 1);
    assert_eq!(score(&long, &Context::default(), &[Reason::TooFewClasses]), 4);
}

#[test]
fn a_temporary_password_satisfies_both_presets() {
    for random in [
        [33, 4, 210, 9, 77, 180, 3, 250, 61, 118, 5, 66],
        [0; 12],
        [255; 12],
        [7, 1, 9, 200, 33, 54, 91, 17, 2, 240, 8, 1],
    ] {
        let password = Password::temporary(random);
        assert_eq!(password.reveal().len(), 30);
        assert_eq!(check(&password, &policy(), &Context::default()), []);
        assert_eq!(check(&password, &entra(), &Context::default()), []);
    }
}

proptest! {
    #[test]
    fn judging_never_panics(text in "\\PC{0,300}", word in "\\PC{4,16}") {
        let policy = PasswordPolicy { banned_words: vec![word], ..policy() };
        let _ = judged(&text, &policy);
    }

    #[test]
    fn normalising_never_outgrows_the_room_made_for_it(text in "\\PC{0,80}") {
        let normalised = Password::new(text.clone()).normalised();
        prop_assert!(normalised.len() <= text.len() * NFKC_GROWTH);
    }
}
