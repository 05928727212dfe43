//! `account_disclosure: full`: people see what they registered and why they cannot go on (RST-01, RST-02, RST-05); the
//! same limits hold, and the record is the same.

use serde_json::{Value, json};
use tests::client::Answer;
use tests::flow::Reset;
use tests::people::{NEW, home, mobile};
use tests::server::Server;

fn open() -> (Server, String) {
    let server = Server::start();
    let admin = server.admin();
    server.configure(&admin, |c| c["account_disclosure"] = json!("full"));
    server.person_with_phone(&admin, "alice", &mobile(1));
    (server, admin)
}

/// A begin that is refused, with the reference's code, empty for none.
#[track_caller]
fn refused(server: &Server, username: &str, code: &str) -> Answer {
    let refused = server.try_begin(username, "reset").refused(403, "reset_refused");
    assert_eq!(refused.text("sspr_code"), code, "{}", refused.body);
    let support = &refused.json()["support"];
    assert_eq!(support["kind"], "contact_admin", "{}", refused.body);
    refused
}

#[test]
fn the_choices_are_the_registered_ones_with_masked_contacts_and_the_number_of_gates() {
    let (server, admin) = open();
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let begun = server.try_begin("alice", "reset").expect(201).json();
    assert_eq!(begun["steps"], 2);
    let methods = json!([
        { "method": "email", "hint": "a•••••@h•••••.example" },
        { "method": "sms", "hint": "+44 ••••••01" },
        { "method": "voice", "hint": "+44 ••••••01" },
    ]);
    assert_eq!(begun["methods"], methods);
}

#[test]
fn a_person_resets_by_two_gates_without_typing_the_address() {
    let (server, admin) = open();
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let mut reset = server.begin("alice", "reset");
    server.post("/v1/resets/challenge", &reset.token, json!({ "method": "email" })).expect(202);
    let next = reset.verify("email", &server.code(&home("alice"))).expect(200).json();
    assert_eq!(next["methods"][0], json!({ "method": "sms", "hint": "+44 ••••••01" }));
    let missing = server.post("/v1/resets/challenge", &reset.token, json!({ "method": "sms" }));
    assert_eq!(missing.refused(400, "invalid_request").json()["errors"][0]["field"], "contact");
    reset.pass("sms", &mobile(1));
    reset.complete(NEW).expect(200);
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn a_wrong_contact_is_told_spends_a_check_and_the_sixth_in_an_hour_is_refused() {
    let (server, _) = open();
    let reset = server.begin("alice", "reset");
    for n in 2..=6 {
        reset.challenge("sms", &mobile(n)).refused(422, "contact_mismatch");
    }
    reset.challenge("sms", &mobile(1)).refused(429, "throttled");
    assert!(server.codes(&mobile(2)).is_empty() && server.outbox(&mobile(2)).is_empty());
}

#[test]
fn whoever_cannot_go_on_is_told_why_in_the_order_of_the_rules() {
    let (server, admin) = open();
    refused(&server, "nobody", "");
    server.create(&admin, "uriah");
    refused(&server, "uriah", "SSPR_0014");
    server.change_user(&admin, "uriah", &json!({ "groups": ["outside"] }));
    server.configure(&admin, |c| c["exclude_groups"] = json!(["outside"]));
    refused(&server, "uriah", "SSPR_0013");
    server.configure(&admin, |c| c["enabled"] = json!("none"));
    refused(&server, "uriah", "SSPR_0009");
    server.change_user(&admin, "uriah", &json!({ "enabled": false }));
    refused(&server, "uriah", "");
    server.configure(&admin, |c| c["administrators"]["enabled"] = json!(false));
    // Too few methods are told before the administrators' own switch.
    refused(&server, tests::people::ADMIN, "SSPR_0014");
    server.change_user(&admin, "alice", &json!({ "roles": ["reports_reader"] }));
    refused(&server, "alice", "SSPR_0011");
    server.change_user(&admin, "alice", &json!({ "roles": ["user"] }));
    server.configure(&admin, |c| {
        c["enabled"] = json!("all");
        c["administrators"]["enabled"] = json!(true);
    });
    server.change_user(&admin, "alice", &json!({ "directory": "on_premises" }));
    refused(&server, "alice", "SSPR_0010");
}

#[test]
fn a_refused_begin_is_in_the_report_and_its_code_opens_the_support_view() {
    let (server, admin) = open();
    server.create(&admin, "uriah");
    let answer = refused(&server, "uriah", "SSPR_0014");
    let correlation = answer.header("x-correlation-id").to_owned();
    assert_eq!(answer.text("correlation_id"), correlation);
    let row = tests::flow::one_row(&server, &admin, "uriah", &correlation);
    assert_eq!((&row["result"], &row["detail"]), (&json!("failed"), &json!("not_registered")));
    server.get(&format!("/v1/admin/support/{correlation}"), &admin).expect(200);
    server.advance(1000);
    let rows = server.report(&admin, "resets?username=uriah");
    assert_eq!(rows.len(), 1, "the sweep adds no second end");
}

#[test]
fn why_a_completion_is_refused_is_told_too() {
    let (server, admin) = open();
    let reset = server.ready("alice", "reset");
    server.configure(&admin, |c| c["enabled"] = json!("none"));
    let refused = reset.complete(NEW).refused(403, "reset_refused");
    assert_eq!(refused.text("sspr_code"), "SSPR_0009");
}

#[test]
fn without_full_disclosure_nothing_of_this_shows() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let begun = server.try_begin("alice", "reset").expect(201);
    let body = begun.json();
    assert!(body.get("steps").is_none() && !begun.body.contains("hint"), "{body}");
    let reset = Reset::of(&server, &begun);
    let without = server.post("/v1/resets/challenge", &reset.token, json!({ "method": "email" }));
    without.refused(400, "invalid_request");
    let wrong = reset.challenge("email", "other@home.example").expect(202);
    assert_eq!(wrong.json()["method"], "email");
    server.change_user(&admin, "alice", &json!({ "enabled": false }));
    let reset = server.try_begin("alice", "reset").expect(201).json();
    assert_ne!(reset["reset_token"], Value::Null);
}
