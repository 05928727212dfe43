//! Security questions: REG-04, SET-07, SET-08, RST-07.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::factors::ANSWERS;
use tests::flow::Reset;
use tests::people::{NEW, OLD, home, work};
use tests::server::Server;

/// An organisation that asks questions, with a person who answered five.
fn asking() -> (Server, String, String) {
    let server = Server::start();
    let admin = server.admin();
    server.configure(&admin, |c| c["methods"]["security_questions"] = json!(true));
    server.create(&admin, "alice");
    let token = server.token("alice", OLD);
    server.put_questions(&token, &ANSWERS).expect(200);
    (server, admin, token)
}

fn method(registration: &Value, name: &str) -> Value {
    let all = registration["methods"].as_array().unwrap();
    all.iter().find(|m| m["method"] == name).cloned().unwrap_or_default()
}

#[test]
fn right_answers_open_a_gate_with_one_evaluation_however_they_are_typed() {
    let (server, admin, _) = asking();
    server.configure(&admin, |c| {
        let custom = json!({"preset": "custom", "history": 24, "min_length": 15});
        c["password"] = custom;
    });
    let mut reset = server.begin("alice", "reset");
    let ids = reset.asked();
    assert_eq!(ids.len(), 3);
    let before = server.counter("argon2");
    let shouted: Vec<(&str, String)> =
        ANSWERS.iter().map(|(id, a)| (*id, format!("  {}\u{a0} ", a.to_uppercase()))).collect();
    let shouted: Vec<(&str, &str)> = shouted.iter().map(|(id, a)| (*id, a.as_str())).collect();
    let proved = reset.answer(&ids, &shouted, &[]).expect(200).json();
    assert_eq!((&proved["status"], &proved["next"]), (&json!("ready"), &json!("complete")));
    assert_eq!(server.counter("argon2") - before, 1, "one for all answers together");
    reset.complete(NEW).expect(200);
    assert_eq!(server.counter("argon2") - before, 2, "and one for the password, history or not");
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn a_reset_by_codes_costs_one_evaluation_with_a_history_of_24() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.configure(&admin, |c| {
        c["password"] = json!({"preset": "custom", "history": 24, "min_length": 15});
    });
    for n in 0..3 {
        server.advance(90_000);
        let reset = server.ready("alice", "reset");
        let before = server.counter("argon2");
        reset.complete(&format!("Quiet volcano number {n} borrows ladders")).expect(200);
        assert_eq!(server.counter("argon2") - before, 1);
    }
}

#[test]
fn a_wrong_answer_gets_no_hint_and_the_fifth_closes_the_way() {
    let (server, _, _) = asking();
    let mut reset = server.begin("alice", "reset");
    let ids = reset.asked();
    let mut seen = BTreeSet::new();
    for (left, wrong) in [(4, &[0][..]), (3, &[1]), (2, &[2]), (1, &[0, 1, 2]), (0, &[0, 1])] {
        let refused = reset.answer(&ids, &ANSWERS, wrong).refused(422, "proof_incorrect");
        assert_eq!(refused.json()["attempts_left"], left);
        let mut shown = refused.json();
        shown["attempts_left"] = Value::Null;
        seen.insert(shown.to_string());
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let before = server.counter("argon2");
    reset.answer(&ids, &ANSWERS, &[]).refused(429, "throttled");
    assert_eq!(server.counter("argon2"), before, "nothing is hashed that was not paid");
    server.begin("alice", "reset").ask("security_questions").refused(429, "throttled");
}

#[test]
fn answers_to_other_questions_too_few_or_one_twice_are_wrong() {
    let (server, _, _) = asking();
    let mut reset = server.begin("alice", "reset");
    let ids = reset.asked();
    let others: Vec<String> =
        ANSWERS.iter().map(|(id, _)| (*id).to_owned()).filter(|id| !ids.contains(id)).collect();
    let swapped = vec![ids[0].clone(), ids[1].clone(), others[0].clone()];
    reset.answer(&swapped, &ANSWERS, &[]).refused(422, "proof_incorrect");
    reset.answer(&ids[..2], &ANSWERS, &[]).refused(422, "proof_incorrect");
    let twice = vec![ids[0].clone(), ids[0].clone(), ids[1].clone(), ids[2].clone()];
    reset.answer(&twice, &ANSWERS, &[]).refused(422, "proof_incorrect");
    let mut backwards = ids.clone();
    backwards.reverse();
    reset.answer(&backwards, &ANSWERS, &[]).expect(200);
}

#[test]
fn the_draw_stays_for_a_day_whatever_is_begun_or_answered_and_then_changes() {
    let (server, _, _) = asking();
    let mut first = server.begin("alice", "reset");
    let drawn = first.asked();
    first.answer(&drawn, &ANSWERS, &[0]).refused(422, "proof_incorrect");
    assert_eq!(first.asked(), drawn);
    server.advance(86_400 - 60);
    assert_eq!(server.begin("alice", "reset").asked(), drawn);
    let mut draws = BTreeSet::from([drawn]);
    for _ in 0..3 {
        server.advance(86_401);
        let again = server.begin("alice", "reset").asked();
        assert_eq!(server.begin("alice", "unlock").asked(), again);
        draws.insert(again);
    }
    assert!(draws.len() > 1, "{draws:?}");
}

#[test]
fn nobody_is_asked_stable_plausible_questions() {
    let (server, _, token) = asking();
    let pool =
        method(&server.get("/v1/registration", &token).expect(200).json(), "security_questions");
    let pool: BTreeSet<&str> =
        pool["questions"].as_array().unwrap().iter().map(|q| q["id"].as_str().unwrap()).collect();
    assert_eq!(pool.len(), 35);
    let asked = |name: &str| server.begin(name, "reset").asked();
    let mut all = BTreeSet::new();
    for name in ["nobody", "no-one", "nemo", "admin"] {
        let drawn = asked(name);
        assert_eq!(drawn.len(), 3);
        assert!(drawn.iter().all(|id| pool.contains(id.as_str())), "{drawn:?}");
        assert_eq!(asked(name), drawn, "the same for another attempt");
        all.insert(drawn);
    }
    assert_eq!(all.len(), 4, "and others for other names");
    let mut reset = server.begin("nobody", "reset");
    let ids = reset.asked();
    let before = server.counter("argon2");
    reset.answer(&ids, &ANSWERS, &[]).refused(422, "proof_incorrect");
    assert_eq!(server.counter("argon2") - before, 1, "the same work as for somebody");
}

#[test]
fn bodies_that_can_be_no_proof_are_malformed() {
    let (server, _, _) = asking();
    let mut reset = server.begin("alice", "reset");
    reset.asked();
    let proof = |members: Value| {
        let mut body = json!({"method": "security_questions"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    for bad in [
        json!({}),
        json!({"answers": []}),
        json!({"answers": null}),
        json!({"answers": "Rex"}),
        json!({"answers": [{"id": "first-pet"}]}),
        json!({"answers": [{"id": "first-pet", "answer": 1}]}),
        json!({"answers": [{"id": "first-pet", "answer": "a", "hint": "b"}]}),
        json!({"code": "12345678"}),
        json!({"code": "12345678", "answers": [{"id": "a", "answer": "b"}]}),
    ] {
        reset.present(proof(bad)).refused(400, "invalid_request");
    }
    let foreign = json!({"method": "email", "answers": [{"id": "a", "answer": "b"}]});
    reset.present(foreign).refused(400, "invalid_request");
    reset.present(json!({"method": "recovery_code"})).refused(400, "invalid_request");
    // None of them was charged.
    for left in [4, 3] {
        let ids = reset.asked();
        let refused = reset.answer(&ids, &ANSWERS, &[1]).refused(422, "proof_incorrect");
        assert_eq!(refused.json()["attempts_left"], left);
    }
}

#[test]
fn everything_wrong_with_answers_is_told_by_index_and_nothing_is_kept() {
    let (server, admin, _) = asking();
    server.create(&admin, "bobby");
    let token = server.token("bobby", OLD);
    let before = server.counter("argon2");
    let texts = server.get("/v1/registration", &token).expect(200).json();
    let texts = method(&texts, "security_questions");
    let text = |id: &str| {
        let all = texts["questions"].as_array().unwrap();
        all.iter().find(|q| q["id"] == id).unwrap()["text"].as_str().unwrap().to_owned()
    };
    let long = "x".repeat(41);
    let question = text("first-job");
    let all = [
        ("first-pet", "Rex"),
        ("first-pet", " REX "),
        ("no-such-question", "ab"),
        ("first-car", "BOBBY"),
        ("first-job", question.as_str()),
        ("first-film", long.as_str()),
    ];
    let refused = server.put_questions(&token, &all).refused(422, "answers_rejected").json();
    let mut errors: Vec<(String, String)> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            let word = |member: &str| e[member].as_str().unwrap().to_owned();
            (word("field"), word("code"))
        })
        .collect();
    errors.sort();
    let mut expected = vec![
        ("answers", "too_many"),
        ("answers[1].answer", "duplicate_answer"),
        ("answers[1].id", "duplicate_question"),
        ("answers[2].answer", "too_short"),
        ("answers[2].id", "unknown_question"),
        ("answers[3].answer", "is_username"),
        ("answers[4].answer", "is_question_text"),
        ("answers[4].answer", "too_long"),
        ("answers[5].answer", "too_long"),
    ];
    expected.sort_unstable();
    let expected: Vec<_> =
        expected.iter().map(|(f, c)| ((*f).to_owned(), (*c).to_owned())).collect();
    assert_eq!(errors, expected);
    let few = server.put_questions(&token, &ANSWERS[..4]).refused(422, "answers_rejected").json();
    assert_eq!(few["errors"], json!([{"field": "answers", "code": "too_few"}]));
    assert_eq!(server.counter("argon2"), before);
    let state = server.get("/v1/registration", &token).expect(200).json();
    assert_eq!(method(&state, "security_questions")["state"], "missing");
}

#[test]
fn answers_of_three_and_of_forty_characters_are_taken() {
    let (server, admin, _) = asking();
    server.create(&admin, "bobby");
    let token = server.token("bobby", OLD);
    let longest = "y".repeat(40);
    let mut all = ANSWERS;
    (all[0].1, all[1].1) = ("Rex", longest.as_str());
    let before = server.counter("argon2");
    server.put_questions(&token, &all).expect(200);
    assert_eq!(server.counter("argon2") - before, 16, "one for each combination");
    let mut reset = server.begin("bobby", "reset");
    reset.pass_questions(&all);
}

#[test]
fn questions_are_offered_with_their_texts_and_answers_are_shown_to_nobody() {
    let (server, admin, token) = asking();
    let shown = server.get("/v1/registration", &token).expect(200).json();
    let questions = method(&shown, "security_questions");
    assert_eq!((&questions["state"], &questions["to_register"]), (&json!("verified"), &json!(5)));
    assert!(questions["verified_at"].is_string());
    assert_eq!(questions["questions"][0]["id"], "first-pet");
    let user = server.get("/v1/admin/users/alice", &admin).expect(200);
    assert_eq!(user.json()["registered"][0]["method"], "security_questions");
    let report = server.report(&admin, "users?username=alice");
    assert_eq!(report[0]["methods_registered"], json!(["security_questions"]));
    let audit = server.report(&admin, "audit?username=alice");
    let all = format!("{shown}{}{report:?}{audit:?}{:?}", user.body, server.outbox(""));
    for (_, answer) in ANSWERS {
        assert!(!all.to_lowercase().contains(&answer.to_lowercase()), "{answer}");
    }
}

#[test]
fn custom_questions_are_asked_in_their_text_and_one_taken_out_of_use_counts_no_more() {
    let (server, admin, token) = asking();
    let custom =
        json!([{"id": "badge", "text": {"en": "What was on your first badge?", "de": "Was?!"}}]);
    server.configure(&admin, |c| c["security_questions"]["custom"] = custom);
    let mut all = ANSWERS;
    all[4] = ("badge", "a green frog");
    server.put_questions(&token, &all).expect(200);
    server.configure(&admin, |c| c["security_questions"]["to_reset"] = json!(5));
    let asked = server.begin("alice", "reset").ask("security_questions").expect(200).json();
    let badge = json!({"id": "badge", "text": "What was on your first badge?"});
    assert!(asked["questions"].as_array().unwrap().contains(&badge), "{asked}");
    server.configure(&admin, |c| c["security_questions"]["to_reset"] = json!(3));
    let use_only = |known: &[&str]| {
        server.configure(&server.admin(), |c| {
            c["security_questions"]["custom"] = json!([]);
            let pool = c["security_questions"]["predefined"].as_array_mut().unwrap();
            pool.retain(|id| {
                let id = id.as_str().unwrap();
                known.contains(&id) || !ANSWERS.iter().any(|(a, _)| *a == id)
            });
        });
        let token = server.token("alice", OLD);
        let state = server.get("/v1/registration", &token).expect(200).json();
        (method(&state, "security_questions")["state"].clone(), server.begin("alice", "reset"))
    };
    let (state, mut reset) = use_only(&["first-pet", "first-car", "first-job"]);
    assert_eq!(state, "verified");
    let asked: BTreeSet<String> = reset.asked().into_iter().collect();
    assert_eq!(asked, ["first-pet", "first-car", "first-job"].map(String::from).into());
    reset.pass_questions(&all);
    let (state, reset) = use_only(&["first-pet", "first-car"]);
    assert_eq!(state, "missing", "two are fewer than are asked");
    let asked = reset.asked();
    assert_eq!(asked.len(), 3, "asked as nobody is");
}

#[test]
fn questions_that_are_off_are_neither_offered_nor_registered() {
    let (server, admin, token) = asking();
    server.configure(&admin, |c| c["methods"]["security_questions"] = json!(false));
    server.put_questions(&token, &ANSWERS).refused(422, "method_not_enabled");
    let begun = server.try_begin("alice", "reset").expect(201);
    assert!(!begun.body.contains("security_questions"), "{}", begun.body);
    Reset::of(&server, &begun).ask("security_questions").refused(422, "method_not_available");
}

#[test]
fn switched_off_in_mid_attempt_a_right_answer_is_a_wrong_one_and_a_passed_gate_does_not_count() {
    let (server, admin, _) = asking();
    let mut open = server.begin("alice", "reset");
    let ids = open.asked();
    let mut ready = server.begin("alice", "reset");
    ready.pass_questions(&ANSWERS);
    server.configure(&admin, |c| c["methods"]["security_questions"] = json!(false));
    open.answer(&ids, &ANSWERS, &[]).refused(422, "proof_incorrect");
    let refused = ready.complete(NEW);
    assert!([403, 409].contains(&refused.status), "{}", refused.body);
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn more_answers_asked_for_in_mid_attempt_leave_the_gate_incomplete() {
    let (server, admin, _) = asking();
    let mut reset = server.begin("alice", "reset");
    reset.pass_questions(&ANSWERS);
    server.configure(&admin, |c| c["security_questions"]["to_reset"] = json!(4));
    reset.complete(NEW).refused(409, "gates_incomplete");
    let mut other = server.begin("alice", "reset");
    assert_eq!(other.asked().len(), 4);
    other.pass_questions(&ANSWERS);
    other.complete(NEW).expect(200);
}

#[test]
fn new_answers_between_gate_and_end_kill_the_attempt() {
    let (server, _, token) = asking();
    let mut reset = server.begin("alice", "reset");
    reset.pass_questions(&ANSWERS);
    server.put_questions(&token, &ANSWERS).expect(200);
    reset.complete(NEW).refused(410, "reset_finished");
    let mut again = server.begin("alice", "reset");
    again.pass_questions(&ANSWERS);
    again.complete(NEW).expect(200);
}

#[test]
fn a_disabled_person_an_administrator_and_a_later_person_of_the_name_pass_no_gate_by_answers() {
    let (server, admin, _) = asking();
    for members in [json!({"enabled": false}), json!({"enabled": true, "roles": ["admin"]})] {
        server.change_user(&admin, "alice", &members);
        let mut reset = server.begin("alice", "reset");
        let ids = reset.asked();
        reset.answer(&ids, &ANSWERS, &[]).refused(422, "proof_incorrect");
    }
    server.change_user(&admin, "alice", &json!({"roles": ["user"]}));
    let mut reset = server.begin("alice", "reset");
    let ids = reset.asked();
    server.call("DELETE", "/v1/admin/users/alice", &admin, &Value::Null).expect(204);
    server.create(&admin, "alice");
    reset.answer(&ids, &ANSWERS, &[]).refused(422, "proof_incorrect");
    let mut reset = server.begin("alice", "reset");
    let ids = reset.asked();
    reset.answer(&ids, &ANSWERS, &[]).refused(422, "proof_incorrect");
}

#[test]
fn registering_changing_and_removing_answers_is_recorded_and_told_each_time() {
    let (server, admin, token) = asking();
    server.register_email(&token, &home("alice"));
    server.put_questions(&token, &ANSWERS).expect(200);
    let path = "/v1/registration/methods/security_questions";
    let removed = server.call("DELETE", path, &token, &Value::Null).expect(200).json();
    assert_eq!(method(&removed, "security_questions")["state"], "missing");
    let rows = server.report(&admin, "registrations?username=alice&method=security_questions");
    let mut changes: Vec<&str> = rows.iter().map(|r| r["change"].as_str().unwrap()).collect();
    changes.sort_unstable();
    assert_eq!(changes, ["registered", "removed", "updated"]);
    let told = |to: &str| server.outbox(to).iter().filter(|m| m["kind"] == "notice").count();
    assert_eq!((told(&work("alice")), told(&home("alice"))), (4, 3));
    let mut reset = server.begin("alice", "reset");
    let ids = reset.asked();
    reset.answer(&ids, &ANSWERS, &[]).refused(422, "proof_incorrect");
}
