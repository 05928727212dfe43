//! What a password must be (PWD-01 … PWD-06), as the routes say it that set one or judge one.

use serde_json::{Value, json};
use tests::client::Answer;
use tests::people::{NEW, OLD, home};
use tests::server::Server;

/// A third password.
pub(crate) const NEXT: &str = "Seven otters juggle wet umbrellas";

/// A server with somebody signed in, under other password rules.
fn under(rules: Value) -> (Server, String) {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    server.configure(&admin, |c| c["password"] = rules);
    let token = server.token("alice", OLD);
    (server, token)
}

/// Text of `n` characters of all classes that repeats nothing.
fn varied(n: usize) -> String {
    let all: String = (1..40).map(|n| format!("{} Kestrels row; ", n * 37)).collect();
    all.chars().take(n).collect()
}

fn judged(server: &Server, token: &str, password: &str) -> Value {
    server.post("/v1/password/check", token, json!({ "new_password": password })).expect(200).json()
}

/// The codes of the reasons against a password.
fn reasons(server: &Server, token: &str, password: &str) -> Vec<String> {
    codes(&judged(server, token, password))
}

pub(crate) fn codes(answer: &Value) -> Vec<String> {
    let reasons = answer["reasons"].as_array().unwrap();
    reasons.iter().map(|r| r["code"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn change(server: &Server, current: &str, next: &str) -> Answer {
    let body = json!({"username": "alice", "current_password": current, "new_password": next});
    server.post("/v1/password/change", "", body)
}

#[test]
fn nist_takes_fifteen_to_256_code_points_of_any_kind() {
    let (server, token) = under(json!({"preset": "nist"}));
    for (password, expected) in [
        (varied(14), vec!["too_short"]),
        (varied(15), vec![]),
        (varied(256), vec![]),
        (varied(257), vec!["too_long"]),
        // Fourteen code points of two to four bytes, and fifteen.
        (String::from("пять🦊лис🦊ночью"), vec!["too_short"]),
        (String::from("пять🦊лис🦊ночью!"), vec![]),
        // Composed by NFKC: sixteen as typed, fifteen as counted, then one fewer.
        (String::from("quartz kestre\u{301} x"), vec![]),
        (String::from("quartz kestre\u{301}x"), vec!["too_short"]),
        (String::from("quartz kestrel\u{0} x"), vec!["character_not_allowed"]),
    ] {
        assert_eq!(reasons(&server, &token, &password), expected, "{password:?}");
    }
}

#[test]
fn entra_takes_eight_to_256_ascii_characters_of_three_classes() {
    let (server, token) = under(json!({"preset": "entra"}));
    for (password, expected) in [
        ("Vq7kzmw", vec!["too_short"]),
        ("Vq7kzmwu", vec![]),
        ("Vq7k mwu", vec![]),
        ("vq7kzmwu", vec!["too_few_classes"]),
        ("VQ7KZMWU", vec!["too_few_classes"]),
        ("vq7kzm;u", vec![]),
        ("vqzk mwu", vec!["too_few_classes"]),
        ("Vq7kzmwü", vec!["character_not_allowed"]),
        ("vq7zmwü", vec!["too_short", "too_few_classes", "character_not_allowed"]),
    ] {
        assert_eq!(reasons(&server, &token, password), expected, "{password:?}");
    }
    assert_eq!(reasons(&server, &token, &varied(256)), [] as [&str; 0]);
    assert_eq!(reasons(&server, &token, &varied(257)), ["too_long"]);
}

#[test]
fn under_entra_only_the_last_password_cannot_be_used_again() {
    let (server, _) = under(json!({"preset": "entra"}));
    let same = change(&server, OLD, OLD).refused(422, "password_rejected").json();
    assert_eq!(codes(&same), ["same_as_current"]);
    change(&server, OLD, NEW).expect(200);
    change(&server, NEW, OLD).expect(200);
}

#[test]
fn custom_numbers_are_in_force_on_both_sides() {
    let (server, token) = under(json!({
        "preset": "custom", "min_length": 10, "max_length": 64, "classes": 4, "min_strength": 0,
    }));
    for (password, expected) in [
        ("Vq7kz;mwu", vec!["too_short"]),
        ("Vq7kz;mwux", vec![]),
        ("Vq7kzxmwux", vec!["too_few_classes"]),
        ("Vq7kz;mwü0", vec![]),
        (&varied(64), vec![]),
        (&varied(65), vec!["too_long"]),
    ] {
        assert_eq!(reasons(&server, &token, password), expected, "{password:?}");
    }
}

#[test]
fn the_vectors_of_the_banned_words() {
    let (server, token) = under(json!({
        "preset": "custom", "min_length": 8, "min_strength": 0,
        "banned_words": ["contoso", "blank", "abcdef"],
    }));
    for (password, refused) in [
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
        let banned = reasons(&server, &token, password).contains(&String::from("banned"));
        assert_eq!(banned, refused, "{password}");
    }
    let admin = server.admin();
    server.configure(&admin, |c| c["password"]["min_banned_score"] = json!(4));
    assert!(reasons(&server, &token, "C0ntos0Blank12").is_empty());
    server.configure(&admin, |c| c["password"]["min_banned_score"] = json!(6));
    assert_eq!(reasons(&server, &token, "ContoS0Bl@nkf9!"), ["banned"]);
}

#[test]
fn a_name_of_four_characters_refuses_outright() {
    let (server, _) = under(json!({"preset": "custom", "min_length": 8, "min_strength": 0}));
    let admin = server.admin();
    server.create(&admin, "poll");
    let token = server.token("poll", OLD);
    assert_eq!(reasons(&server, &token, "p0LL23fb"), ["contains_name"]);
    assert!(reasons(&server, &token, "p0L23fbx").is_empty());
    server.change_user(&admin, "poll", &json!({"first_name": "Ida", "last_name": "Okonkwo"}));
    assert_eq!(reasons(&server, &token, "xK9-0k0nkw0-v"), ["contains_name"]);
    assert!(reasons(&server, &token, "xK9-Ida-vBq").is_empty());
    server.configure(&admin, |c| c["branding"]["organisation"] = json!("Zyx Öl AG"));
    assert_eq!(reasons(&server, &token, "q7#zyxölagq"), ["contains_name"]);
}

#[test]
fn common_passwords_are_refused_without_any_list_of_the_organisation() {
    let (server, token) = under(json!({"preset": "custom", "min_length": 8, "min_strength": 0}));
    for password in ["password", "P@ssw0rd!", "qwertyuiop", "Dragon2026!!", "aaaaaaaaaaaa"] {
        assert_eq!(reasons(&server, &token, password), ["banned"], "{password}");
    }
}

#[test]
fn strength_is_scored_from_0_to_4_and_asked_for_by_the_policy() {
    let (server, token) = under(json!({"preset": "custom", "min_length": 8, "min_strength": 3}));
    let score = |password: &str| judged(&server, &token, password)["score"].as_u64().unwrap();
    let weak = ["elizabethmichael", "kestrel1987"];
    assert_eq!((score("password"), score(NEW)), (0, 4));
    for password in weak {
        assert!((0..3).contains(&score(password)), "{password} {}", score(password));
        assert_eq!(reasons(&server, &token, password), ["too_weak"], "{password}");
    }
    let refused = change(&server, OLD, weak[0]).refused(422, "password_rejected").json();
    assert_eq!(codes(&refused), ["too_weak"]);
    server.configure(&server.admin(), |c| c["password"]["min_strength"] = json!(1));
    for password in weak {
        assert_eq!(reasons(&server, &token, password), [] as [&str; 0], "{password}");
    }
}

#[test]
fn the_banned_words_and_the_strength_hold_wherever_a_password_is_set() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.configure(&admin, |c| {
        c["password"]["banned_words"] = json!(["volcano", "borrows", "ladders", "quiet"]);
        c["password"]["min_banned_score"] = json!(16);
    });
    let banned = |answer: Answer| {
        let refused = answer.refused(422, "password_rejected").json();
        assert_eq!(codes(&refused), ["banned"], "{refused}");
    };
    banned(change(&server, OLD, NEW));
    banned(server.ready("alice", "reset").complete(NEW));
    let members = json!({"initial_password": NEW, "must_change_password": false});
    banned(server.put_user(&admin, "bobby", &members));
}

#[test]
fn everything_against_a_new_password_is_told_at_once_and_the_reset_goes_on() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.configure(&admin, |c| {
        c["password"] = json!({
            "preset": "custom", "min_length": 40, "classes": 4, "history": 2,
            "banned_words": ["marmalade", "tractor", "under"], "min_banned_score": 16,
        });
    });
    let reset = server.ready("alice", "reset");
    let refused = reset.complete(OLD).refused(422, "password_rejected").json();
    assert_eq!(
        codes(&refused),
        ["too_short", "too_few_classes", "banned", "same_as_current"],
        "{refused}"
    );
    let refused = change(&server, OLD, OLD).refused(422, "password_rejected").json();
    assert_eq!(
        codes(&refused),
        ["too_short", "too_few_classes", "banned", "same_as_current"],
        "{refused}"
    );
    reset.complete("Seven otters juggle 9 wet umbrellas, at noon!").expect(200);
}

#[test]
fn ten_new_passwords_may_be_tried_in_one_reset() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let reset = server.ready("alice", "reset");
    for _ in 0..9 {
        reset.complete("short").refused(422, "password_rejected");
    }
    reset.complete(NEW).expect(200);
    let reset = server.ready("alice", "reset");
    for _ in 0..10 {
        reset.complete("short").refused(422, "password_rejected");
    }
    reset.complete(NEXT).refused(429, "throttled");
}

#[test]
fn the_history_holds_on_change_and_on_reset_with_one_evaluation() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.configure(&admin, |c| c["password"] = json!({"preset": "custom", "history": 24}));
    let former = |n: usize| format!("Copper lantern {n} drifts past mills");
    change(&server, OLD, &former(0)).expect(200);
    for n in 1..24 {
        change(&server, &former(n - 1), &former(n)).expect(200);
    }
    let reset = server.ready("alice", "reset");
    for n in [0, 11, 22] {
        let before = server.counter("argon2");
        let refused = reset.complete(&former(n)).refused(422, "password_rejected").json();
        assert_eq!(codes(&refused), ["recently_used"], "{n}");
        assert_eq!(server.counter("argon2") - before, 1);
        let refused = change(&server, &former(23), &former(n)).refused(422, "password_rejected");
        assert_eq!(codes(&refused.json()), ["recently_used"], "{n}");
    }
    let refused = reset.complete(&former(23)).refused(422, "password_rejected").json();
    assert_eq!(codes(&refused), ["same_as_current"]);
    // The twenty-fifth last is free.
    let before = server.counter("argon2");
    reset.complete(OLD).expect(200);
    assert_eq!(server.counter("argon2") - before, 1, "one, whatever the history");
}

#[test]
fn a_password_expires_when_it_is_as_old_as_the_policy_says() {
    let (server, _) = under(json!({"preset": "custom", "expires_days": 30}));
    let state = || server.sign_in("alice", OLD).expect(200).json()["password"].clone();
    let first = state();
    assert!(first["expires_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{first}");
    assert_eq!(first["expires_soon"], Value::Null, "{first}");
    server.advance(16 * 86_400 - 120);
    assert_eq!(state(), first, "more than fourteen days");
    server.advance(120);
    assert_eq!(state()["expires_soon"], json!(true));
    server.advance(14 * 86_400 - 120);
    assert_eq!(state()["expires_at"], first["expires_at"]);
    server.advance(120);
    server.sign_in("alice", OLD).refused(403, "password_change_required");
    change(&server, OLD, NEW).expect(200);
    let renewed = server.sign_in("alice", NEW).expect(200).json();
    assert!(renewed["password"]["expires_at"].as_str() > first["expires_at"].as_str());
}

#[test]
fn without_a_policy_or_for_an_exempt_person_a_password_never_expires() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    let state = || server.sign_in("alice", OLD).expect(200).json()["password"].clone();
    assert_eq!(state(), json!({"expires_at": null}));
    server.change_user(&admin, "alice", &json!({"password_never_expires": true}));
    server.configure(&admin, |c| c["password"] = json!({"preset": "entra", "expires_days": 1}));
    server.advance(400 * 86_400);
    assert_eq!(state(), json!({"expires_at": null}));
}

#[test]
fn an_expired_password_can_be_reset() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.configure(&admin, |c| c["password"] = json!({"preset": "custom", "expires_days": 1}));
    server.advance(2 * 86_400);
    server.sign_in("alice", OLD).refused(403, "password_change_required");
    server.ready("alice", "reset").complete(NEW).expect(200);
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn temporary_passwords_have_no_characters_that_look_alike() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    for _ in 0..8 {
        let reset = server.post("/v1/admin/users/alice/reset", &admin, Value::Null).expect(200);
        let text = reset.text("temporary_password");
        let (_, chance) = text.split_once('-').unwrap();
        assert!(!chance.contains(['l', 'i', 'o', '1', '0', 'I', 'O']), "{text}");
        assert!(chance.len() >= 20, "{text}");
    }
}

#[test]
fn somebody_new_sets_the_first_password_by_a_reset_under_the_same_rules() {
    let server = Server::start();
    let admin = server.admin();
    let members =
        json!({"first_name": "Frieda", "email": home("newbie"), "office_phone": "+442079460001"});
    server.put_user(&admin, "newbie", &members).expect(201);
    server.configure(&admin, |c| c["accept_directory_data"] = json!(true));
    let reset = server.ready("newbie", "reset");
    let refused = reset.complete("under frieda it rains").refused(422, "password_rejected").json();
    assert_eq!(codes(&refused), ["contains_name"]);
    reset.complete(NEW).expect(200);
    server.sign_in("newbie", NEW).expect(200);
}
