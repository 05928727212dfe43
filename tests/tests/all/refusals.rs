//! What stops a reset: time, wrong contacts, wrong tokens, wrong order, and the person themselves.

use serde_json::json;
use tests::flow::{one_row, other_code};
use tests::people::{NEW, OLD, home, mobile};
use tests::server::Server;

/// Begins a reset of a registered person and asks for a code by mail.
fn asked(server: &Server, admin: &str) -> (tests::flow::Reset, String) {
    server.person(admin, "alice");
    let reset = server.begin("alice", "reset");
    reset.challenge("email", &home("alice")).expect(202);
    let code = server.code(&home("alice"));
    (reset, code)
}

#[test]
fn a_code_is_good_for_five_minutes_and_not_longer() {
    let server = Server::start();
    let (mut reset, code) = asked(&server, &server.admin());
    server.advance(301);
    reset.verify("email", &code).refused(410, "code_expired");
    reset.pass("email", &home("alice"));
    reset.complete(NEW).expect(200);
}

#[test]
fn a_code_is_still_good_shortly_before_five_minutes_have_passed() {
    let server = Server::start();
    let (mut reset, code) = asked(&server, &server.admin());
    server.advance(290);
    reset.verify("email", &code).expect(200);
}

#[test]
fn an_attempt_ends_after_fifteen_minutes_and_the_report_says_where_it_was_left() {
    let server = Server::start();
    let (mut reset, code) = asked(&server, &server.admin());
    server.advance(901);
    reset.verify("email", &code).refused(410, "reset_expired");
    reset.current().refused(410, "reset_expired");
    reset.complete(NEW).refused(410, "reset_expired");
    server.advance(60);
    let row = one_row(&server, &server.admin(), "alice", &reset.correlation);
    assert_eq!(
        (&row["result"], &row["detail"]),
        (&json!("abandoned"), &json!("after_start_email"))
    );
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn a_ready_attempt_that_nobody_finishes_is_abandoned_before_the_new_password() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.ready("alice", "reset");
    server.advance(961);
    let row = one_row(&server, &server.admin(), "alice", &reset.correlation);
    let told = (&row["result"], &row["detail"]);
    assert_eq!(told, (&json!("abandoned"), &json!("before_new_password")));
}

#[test]
fn a_resend_waits_its_time_and_replaces_the_code() {
    let server = Server::start();
    let (mut reset, first) = asked(&server, &server.admin());
    let early = reset.challenge("email", &home("alice")).refused(429, "throttled");
    let wait = early.json()["retry_after"].as_u64().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    server.advance(31);
    reset.challenge("email", &home("alice")).expect(202);
    let second = server.code(&home("alice"));
    assert_ne!(first, second);
    reset.verify("email", &first).refused(422, "proof_incorrect");
    reset.verify("email", &second).expect(200);
}

#[test]
fn a_contact_that_is_not_the_registered_one_is_answered_alike_and_gets_nothing() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    let mut reset = server.begin("alice", "reset");
    let before = server.outbox("").len();
    let wrong = reset.challenge("email", "mallory@home.example").expect(202);
    assert_eq!(server.outbox("").len(), before, "nothing is sent, to nobody");
    let right = reset.challenge("sms", &mobile(1)).expect(202);
    let shape = |a: &tests::client::Answer| {
        a.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(shape(&wrong), shape(&right));
    reset.challenge("sms", &mobile(2)).refused(429, "throttled");
    let code = server.code(&mobile(1));
    reset.verify("sms", &code).expect(200);
}

#[test]
fn five_contacts_may_be_typed_in_an_hour() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    for _ in 0..5 {
        let reset = server.begin("alice", "reset");
        reset.challenge("email", "mallory@home.example").expect(202);
    }
    let reset = server.begin("alice", "reset");
    reset.challenge("email", "mallory@home.example").refused(429, "throttled");
    reset.challenge("email", &home("alice")).refused(429, "throttled");
    assert!(server.codes(&home("alice")).len() == 1, "only the one of the registration");
}

#[test]
fn the_sixth_proof_is_not_judged_even_if_it_is_right_and_a_new_attempt_does_not_help() {
    let server = Server::start();
    let (mut reset, code) = asked(&server, &server.admin());
    for left in [4, 3, 2, 1, 0] {
        let wrong = reset.verify("email", &other_code(&code)).refused(422, "proof_incorrect");
        assert_eq!(wrong.json()["attempts_left"], left);
    }
    let closed = reset.verify("email", &code).refused(429, "throttled");
    let wait = closed.json()["retry_after"].as_u64().unwrap();
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    let again = server.begin("alice", "reset");
    again.challenge("email", &home("alice")).refused(429, "throttled");
    let admin = server.admin();
    let blocks = server.report(
        &admin,
        "audit?username=alice&activity=Blocked%20from%20self-service%20password%20reset",
    );
    assert_eq!(blocks.len(), 1, "{blocks:#?}");
    server.advance(86_401);
    server.ready("alice", "reset").complete(NEW).expect(200);
}

#[test]
fn the_token_is_replaced_at_each_gate_and_the_old_one_is_dead() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let mut reset = server.begin("alice", "reset");
    let first = reset.token.clone();
    reset.pass("email", &home("alice"));
    let second = reset.token.clone();
    reset.pass("sms", &mobile(1));
    for dead in [&first, &second] {
        server.get("/v1/resets/current", dead).refused(401, "invalid_token");
        let body = json!({"new_password": NEW});
        server.post("/v1/resets/complete", dead, body).refused(401, "invalid_token");
        server.call("POST", "/v1/resets/cancel", dead, &json!(null)).refused(401, "invalid_token");
    }
    assert_eq!(reset.current().expect(200).json()["status"], "ready");
}

#[test]
fn a_token_of_another_type_or_of_nobody_is_refused_everywhere() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.begin("alice", "reset");
    let session = server.token("alice", OLD);
    let made_up = format!("{}x", &reset.token[..reset.token.len() - 1]);
    for foreign in ["", session.as_str(), made_up.as_str(), "rt_", "ag_0", "Bearer"] {
        server.get("/v1/resets/current", foreign).refused(401, "invalid_token");
        let body = json!({"method": "email", "code": "12345678"});
        server.post("/v1/resets/verify", foreign, body).refused(401, "invalid_token");
    }
    server.get("/v1/registration", &reset.token).refused(401, "invalid_token");
    server.get("/v1/admin/users", &reset.token).refused(401, "invalid_token");
}

#[test]
fn an_unlock_cannot_set_a_password_and_a_reset_cannot_only_unlock() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.ready("alice", "unlock").complete(NEW).refused(409, "wrong_purpose");
    server.ready("alice", "reset").unlock().refused(409, "wrong_purpose");
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn steps_cannot_be_skipped_or_taken_twice() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let mut reset = server.begin("alice", "reset");
    reset.complete(NEW).refused(409, "gates_incomplete");
    reset.verify("email", "12345678").refused(409, "no_challenge");
    reset.challenge("email", &home("alice")).expect(202);
    reset.verify("sms", &server.code(&home("alice"))).refused(409, "no_challenge");
    let code = server.code(&home("alice"));
    reset.verify("email", &code).expect(200);
    reset.verify("email", &code).refused(409, "no_challenge");
    reset.challenge("sms", &mobile(1)).refused(422, "method_not_available");
    reset.complete(NEW).expect(200);
    reset.complete("Another fine password 5 words").refused(410, "reset_finished");
    reset.current().refused(410, "reset_finished");
}

#[test]
fn a_cancelled_attempt_is_over_and_recorded_with_the_step_it_had_reached() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let early = server.begin("alice", "reset");
    early.cancel().expect(204);
    early.current().refused(410, "reset_finished");
    let late = server.ready("alice", "reset");
    late.cancel().expect(204);
    late.complete(NEW).refused(410, "reset_finished");
    for (attempt, detail) in [(early, "before_gates_passed"), (late, "before_new_password")] {
        let row = one_row(&server, &admin, "alice", &attempt.correlation);
        assert_eq!((&row["result"], &row["detail"]), (&json!("cancelled"), &json!(detail)));
    }
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn help_is_asked_for_once_an_attempt_and_reaches_the_administrators() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.person(&admin, "helga");
    server.change_user(&admin, "helga", &json!({"roles": ["helpdesk"]}));
    let reset = server.begin("alice", "reset");
    reset.challenge("email", &home("alice")).expect(202);
    reset.contact_admin().expect(202);
    let mails = server.outbox("");
    let help: Vec<_> = mails.iter().filter(|m| m["kind"] == "contact_admin").collect();
    assert_eq!(help.len(), 1, "{help:#?}");
    assert_eq!(help[0]["to"], tests::people::work("helga"));
    assert_eq!(help[0]["correlation_id"], reset.correlation.as_str());
    assert!(matches!(reset.contact_admin().status, 409 | 410));
    let row = one_row(&server, &admin, "alice", &reset.correlation);
    assert_eq!(row["result"], "contacted_admin");
    assert_eq!(row["detail"], "after_trying_email");
}

#[test]
fn help_is_asked_for_three_times_a_day() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    for _ in 0..3 {
        server.begin("alice", "reset").contact_admin().expect(202);
    }
    server.begin("alice", "reset").contact_admin().refused(429, "throttled");
}

#[test]
fn a_refused_password_names_every_reason_and_leaves_the_attempt_usable() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.ready("alice", "reset");
    let refused = reset.complete("alice").refused(422, "password_rejected").json();
    let reasons = refused["reasons"].as_array().unwrap();
    let codes: Vec<_> = reasons.iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"too_short") && codes.contains(&"contains_name"), "{codes:?}");
    let refused = reset.complete(OLD).refused(422, "password_rejected").json();
    let code = refused["reasons"][0]["code"].as_str().unwrap();
    assert!(matches!(code, "same_as_current" | "recently_used"), "{code}");
    reset.complete(NEW).expect(200);
}

#[test]
fn an_attempt_may_try_ten_passwords() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.ready("alice", "reset");
    for _ in 0..10 {
        reset.complete("short").refused(422, "password_rejected");
    }
    reset.complete(NEW).refused(429, "throttled");
    server.sign_in("alice", OLD).expect(200);
}
