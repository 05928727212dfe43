//! RST-17: a proof of work before a reset, where the organisation asks for one.

use rules::proof_of_work::zero_bits;
use serde_json::{Value, json};
use tests::client::Answer;
use tests::flow::Reset;
use tests::people::{NEW, home};
use tests::server::Server;

fn begin(server: &Server, solution: Option<&str>) -> Answer {
    let mut body = json!({"username": "alice", "purpose": "reset"});
    if let Some(solution) = solution {
        body["proof_of_work"] = solution.into();
    }
    server.post("/v1/resets", "", body)
}

/// The challenge of a refusal.
#[track_caller]
fn asked(answer: Answer) -> (String, u32) {
    let refused = answer.refused(422, "proof_of_work_required").json();
    let work = &refused["proof_of_work"];
    assert_eq!((&work["algorithm"], &work["expires_in"]), (&json!("SHA-256"), &json!(300)));
    let bits = u32::try_from(work["bits"].as_u64().unwrap()).unwrap();
    (work["challenge"].as_str().unwrap().to_owned(), bits)
}

/// As any client does it that read the scheme.
fn solve((challenge, bits): &(String, u32)) -> String {
    let tried = |n: u32| format!("{challenge}.{n}");
    (0..).map(tried).find(|solution| zero_bits(solution) >= *bits).unwrap()
}

fn asking() -> (Server, String) {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.configure(&admin, |c| c["proof_of_work"] = json!(true));
    (server, admin)
}

#[test]
fn a_reset_begins_with_a_solved_challenge_and_goes_on_as_ever() {
    let (server, _) = asking();
    let challenge = asked(begin(&server, None));
    let begun = begin(&server, Some(&solve(&challenge))).expect(201);
    let mut reset = Reset::of(&server, &begun);
    reset.pass("email", &home("alice"));
    reset.complete(NEW).expect(200);
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn a_solution_counts_once_also_for_many_at_once() {
    let (server, _) = asking();
    let solution = solve(&asked(begin(&server, None)));
    let begun = std::thread::scope(|scope| {
        let calls: Vec<_> =
            (0..8).map(|_| scope.spawn(|| begin(&server, Some(&solution)).status)).collect();
        calls.into_iter().map(|c| c.join().unwrap()).filter(|s| *s == 201).count()
    });
    assert_eq!(begun, 1);
    asked(begin(&server, Some(&solution)));
}

#[test]
fn a_wrong_an_old_or_a_made_up_solution_is_answered_with_a_new_challenge() {
    let (server, _) = asking();
    let challenge = asked(begin(&server, None));
    let solution = solve(&challenge);
    let easy = solution.replacen(&format!(".{}.", challenge.1), ".1.", 1);
    for wrong in [challenge.0.as_str(), &format!("{}.x", challenge.0), &easy, "", "1.2.3"] {
        assert_ne!(asked(begin(&server, Some(wrong))).0, challenge.0, "{wrong}");
    }
    let long = "x".repeat(257);
    begin(&server, Some(&long)).refused(400, "invalid_request");
    server.advance(301);
    asked(begin(&server, Some(&solution)));
    let again = solve(&asked(begin(&server, None)));
    begin(&server, Some(&again)).expect(201);
}

#[test]
fn the_work_grows_with_what_the_network_has_begun_and_ends_with_its_hour() {
    let (server, admin) = asking();
    let bits = |server: &Server| asked(begin(server, None)).1;
    assert_eq!(bits(&server), 16);
    server.configure(&admin, |c| c["proof_of_work"] = json!(false));
    for _ in 0..32 {
        begin(&server, None).expect(201);
    }
    server.configure(&admin, |c| c["proof_of_work"] = json!(true));
    assert_eq!(bits(&server), 18);
    server.advance(3_601);
    assert_eq!(bits(&server), 16);
}

#[test]
fn the_scheme_is_published_where_it_is_asked_for() {
    let (server, admin) = asking();
    let about = || server.get("/v1/about", "").expect(200).json();
    assert_eq!(about()["proof_of_work"], true);
    let scheme = about()["proof_of_work_scheme"].clone();
    assert_eq!((&scheme["algorithm"], &scheme["seconds"]), (&json!("SHA-256"), &json!(300)));
    server.configure(&admin, |c| c["proof_of_work"] = json!(false));
    assert_eq!(about()["proof_of_work"], false);
    assert_eq!(about()["proof_of_work_scheme"], Value::Null);
}

#[test]
fn the_same_is_asked_whoever_the_name_is() {
    let (server, _) = asking();
    let mut seen = Vec::new();
    for name in ["alice", "nobody", tests::people::ADMIN] {
        let answer = server.try_begin(name, "reset");
        let id = answer.text("correlation_id");
        let members: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
        asked(answer);
        let calls = server.trace(&id);
        let calls: Vec<(Value, Value)> =
            calls.iter().map(|c| (c["operation"].clone(), c["request_bytes"].clone())).collect();
        seen.push((members, calls));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:#?}");
}

#[test]
fn without_the_setting_nothing_is_asked_and_no_call_is_made_for_it() {
    let server = Server::start();
    for solution in [None, Some("whatever")] {
        let begun = begin(&server, solution).expect(201);
        let calls = server.trace(&begun.text("correlation_id"));
        let calls: Vec<&str> = calls.iter().map(|c| c["operation"].as_str().unwrap()).collect();
        assert_eq!(calls, ["GetItem", "UpdateItem", "PutItem"]);
    }
}
