//! The recovery code: REG-06.

use serde_json::{Value, json};
use tests::flow::{Reset, one_row};
use tests::people::{NEW, OLD, home, work};
use tests::server::Server;

/// A person with a recovery code, and an address beside it.
fn with_code() -> (Server, String, String) {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    let code = server.register_recovery(&token);
    (server, token, code)
}

fn state(server: &Server, token: &str) -> Value {
    let all = server.get("/v1/registration", token).expect(200).json();
    let all = all["methods"].as_array().unwrap().clone();
    all.into_iter().find(|m| m["method"] == "recovery_code").unwrap()["state"].clone()
}

fn asked(server: &Server) -> Reset {
    let reset = server.begin("alice", "reset");
    reset.ask("recovery_code").expect(200);
    reset
}

#[test]
fn a_recovery_code_is_shown_once_and_opens_one_gate_however_it_is_typed() {
    let (server, token, code) = with_code();
    let crockford = |c: char| c.is_ascii_digit() || (c.is_ascii_uppercase() && !"ILOU".contains(c));
    assert!(code.len() == 26 && code.chars().all(crockford), "{code}");
    assert_eq!(state(&server, &token), "verified");
    let shown = server.get("/v1/registration", &token).expect(200).body;
    let told =
        format!("{shown}{:?}{:?}", server.outbox(""), server.report(&server.admin(), "audit"));
    assert!(!told.contains(&code));
    let groups: Vec<String> = code
        .to_lowercase()
        .as_bytes()
        .chunks(4)
        .map(|c| String::from_utf8_lossy(c).into_owned())
        .collect();
    let typed = format!(" {} ", groups.join(" - ").replace('0', "o").replace('1', "l"));
    let mut reset = server.begin("alice", "reset");
    reset.ask("recovery_code").expect(200);
    if typed.chars().count() <= 64 {
        reset.verify("recovery_code", &typed).expect(200);
    } else {
        reset.verify("recovery_code", &groups.join("-")).expect(200);
    }
    reset.complete(NEW).expect(200);
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn a_used_code_is_used_up_announced_missing_and_asked_for_anew() {
    let (server, token, code) = with_code();
    let admin = server.admin();
    let told = || {
        let of_it = |m: &&Value| {
            m["kind"] == "notice"
                && m["subject"].as_str().unwrap().contains("recovery code was used")
        };
        [home("alice"), work("alice")].map(|to| server.outbox(&to).iter().filter(of_it).count())
    };
    let mut reset = asked(&server);
    let mut second = asked(&server);
    assert_eq!(told(), [0, 0]);
    reset.verify("recovery_code", &code).expect(200);
    assert_eq!(told(), [1, 1]);
    second.verify("recovery_code", &code).refused(422, "proof_incorrect");
    assert_eq!(state(&server, &token), "missing");
    let signed_in = server.sign_in("alice", OLD).expect(200).json();
    assert_eq!(signed_in["registration"]["action"], "register", "though one method is enough");
    reset.complete(NEW).expect(200);
    let row = one_row(&server, &admin, "alice", &reset.correlation);
    assert_eq!((&row["result"], &row["methods"]), (&json!("succeeded"), &json!(["recovery_code"])));
    asked(&server).verify("recovery_code", &code).refused(422, "proof_incorrect");
    let token = server.token("alice", NEW);
    let next = server.register_recovery(&token);
    assert_ne!(next, code);
    assert_eq!(state(&server, &token), "verified");
    let signed_in = server.sign_in("alice", NEW).expect(200).json();
    assert_eq!(signed_in["registration"]["action"], "none");
    asked(&server).verify("recovery_code", &next).expect(200);
}

#[test]
fn a_new_code_replaces_the_old_one_and_ends_an_attempt_that_rests_on_it() {
    let (server, token, code) = with_code();
    let mut reset = asked(&server);
    reset.verify("recovery_code", &code).expect(200);
    let next = server.register_recovery(&token);
    reset.complete(NEW).refused(410, "reset_finished");
    asked(&server).verify("recovery_code", &code).refused(422, "proof_incorrect");
    asked(&server).verify("recovery_code", &next).expect(200);
}

#[test]
fn the_code_alone_is_enough_for_somebody_with_nothing_else() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let code = server.register_recovery(&server.token("alice", OLD));
    let mut reset = asked(&server);
    reset.verify("recovery_code", &code).expect(200);
    reset.complete(NEW).expect(200);
}

#[test]
fn the_code_first_and_a_code_that_is_sent_second() {
    let (server, _, code) = with_code();
    server.configure(&server.admin(), |c| c["methods_required"] = json!(2));
    let mut reset = asked(&server);
    let next = reset.verify("recovery_code", &code).expect(200).json();
    assert_eq!(next["status"], "next_gate");
    // What the deliverer finds is a person whose second method has just been used up by this very attempt.
    reset.pass("email", &home("alice"));
    reset.complete(NEW).expect(200);
}

#[test]
fn an_abandoned_attempt_with_a_used_code_is_abandoned_and_not_unregistered() {
    let (server, _, code) = with_code();
    let admin = server.admin();
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let mut reset = asked(&server);
    reset.verify("recovery_code", &code).expect(200);
    server.advance(1_000);
    let row = one_row(&server, &server.admin(), "alice", &reset.correlation);
    assert_eq!(
        (&row["result"], &row["detail"]),
        (&json!("abandoned"), &json!("after_complete_recovery_code"))
    );
}

#[test]
fn of_parallel_uses_of_one_code_one_passes() {
    let (server, _, code) = with_code();
    let attempts: Vec<Reset> = (0..4).map(|_| asked(&server)).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let run = |reset: &Reset| {
            let (reset, code) = (reset.clone(), code.clone());
            scope.spawn(move || reset.verify_with(&reset.token, "recovery_code", &code).status)
        };
        let running: Vec<_> = attempts.iter().map(run).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|s| *s < 500), "{statuses:?}");
}

#[test]
fn a_code_whose_reply_is_lost_in_the_store_is_registered_and_used_once() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    let lose = |function: &str| {
        server.fault(json!({"service": "dynamodb", "operation": "TransactWriteItems",
            "kind": "applied_then_lost", "count": 1, "function": function}));
    };
    lose("register");
    let code = server.register_recovery(&token);
    let mut reset = asked(&server);
    lose("verify-gate");
    reset.verify("recovery_code", &code).expect(200);
    reset.complete(NEW).expect(200);
    let rows = server.report(&server.admin(), "registrations?username=alice");
    let mut changes: Vec<&str> = rows.iter().map(|r| r["change"].as_str().unwrap()).collect();
    changes.sort_unstable();
    assert_eq!(changes, ["registered", "removed"]);
}

#[test]
fn a_removed_code_opens_no_gate_and_is_not_asked_for() {
    let (server, token, code) = with_code();
    asked(&server).verify("recovery_code", &code).expect(200);
    let path = "/v1/registration/methods/recovery_code";
    server.call("DELETE", path, &token, &Value::Null).expect(200);
    let signed_in = server.sign_in("alice", OLD).expect(200).json();
    assert_eq!(signed_in["registration"]["action"], "none", "the person chose to have none");
    let next = server.register_recovery(&token);
    server.call("DELETE", path, &token, &Value::Null).expect(200);
    asked(&server).verify("recovery_code", &next).refused(422, "proof_incorrect");
}
