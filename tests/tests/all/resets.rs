//! A whole reset, with one gate and with two, and what must be true afterwards.

use serde_json::{Value, json};
use tests::flow::one_row;
use tests::people::{NEW, OLD, home, mobile, work};
use tests::server::Server;

#[test]
fn a_registered_person_resets_with_one_gate_and_signs_in_with_the_new_password() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let mut reset = server.begin("alice", "reset");
    let passed = reset.pass("email", &home("alice"));
    assert_eq!((&passed["status"], &passed["next"]), (&json!("ready"), &json!("complete")));
    let done = reset.complete(NEW).expect(200);
    let stored = json!({"status": "reset", "unlocked": true, "sessions_revoked": true});
    assert_eq!(done.json(), stored);
    assert_eq!(done.header("x-correlation-id"), reset.correlation);
    server.sign_in("alice", OLD).refused(401, "invalid_credentials");
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn two_gates_are_two_methods_and_both_are_needed() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let mut reset = server.begin("alice", "reset");
    let next = reset.pass("email", &home("alice"));
    assert_eq!((&next["status"], &next["step"]), (&json!("next_gate"), &json!(2)));
    let left = ["sms", "voice", "authenticator_app", "recovery_code"];
    assert_eq!(next["methods"], Value::from(left.map(|way| json!({"method": way})).to_vec()));
    reset.challenge("email", &home("alice")).refused(422, "method_not_available");
    reset.complete(NEW).refused(409, "gates_incomplete");
    let passed = reset.pass("sms", &mobile(1));
    assert_eq!(passed["status"], "ready");
    reset.complete(NEW).expect(200);
    server.sign_in("alice", OLD).refused(401, "invalid_credentials");
    server.sign_in("alice", NEW).expect(200);
    let row = one_row(&server, &admin, "alice", &reset.correlation);
    assert_eq!(row["methods"], json!(["email", "sms"]));
}

#[test]
fn a_code_can_be_spoken_and_closes_the_same_method_as_a_text() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let mut reset = server.begin("alice", "reset");
    reset.challenge("voice", &mobile(1)).expect(202);
    let call = server.outbox(&mobile(1)).pop().unwrap();
    assert_eq!(call["channel"], "voice");
    let code = server.code(&mobile(1));
    assert_eq!(code.len(), 8, "{call}");
    let next = reset.verify("voice", &code).expect(200).json();
    let left = ["email", "authenticator_app", "recovery_code"];
    assert_eq!(next["methods"], Value::from(left.map(|way| json!({"method": way})).to_vec()));
    reset.pass("email", &home("alice"));
    reset.complete(NEW).expect(200);
    let row = one_row(&server, &admin, "alice", &reset.correlation);
    assert_eq!(row["methods"], json!(["voice", "email"]));
}

#[test]
fn a_reset_ends_every_session() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let sessions = [server.token("alice", OLD), server.token("alice", OLD)];
    for session in &sessions {
        server.get("/v1/registration", session).expect(200);
    }
    server.ready("alice", "reset").complete(NEW).expect(200);
    for session in &sessions {
        server.get("/v1/registration", session).refused(401, "invalid_token");
    }
}

#[test]
fn the_person_is_told_at_the_primary_and_at_every_verified_address() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.ready("alice", "reset");
    reset.complete(NEW).expect(200);
    for to in [home("alice"), work("alice")] {
        let told: Vec<Value> = server
            .outbox(&to)
            .into_iter()
            .filter(|m| m["correlation_id"] == reset.correlation.as_str() && m["kind"] != "code")
            .collect();
        assert_eq!(told.len(), 1, "{to}: {told:#?}");
        assert_eq!(told[0]["kind"], "notice");
        assert_eq!(told[0]["channel"], "email");
        let text = told[0]["text"].as_str().unwrap();
        assert!(text.contains(&reset.correlation), "{text}");
        assert!(!text.contains(NEW) && !text.contains(OLD), "{text}");
    }
}

#[test]
fn a_completed_reset_is_one_row_of_the_report_with_its_correlation_id() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.ready("alice", "reset");
    reset.complete(NEW).expect(200);
    let row = one_row(&server, &admin, "alice", &reset.correlation);
    let expected = [
        ("username", json!("alice")),
        ("role", json!("user")),
        ("purpose", json!("reset")),
        ("methods", json!(["email"])),
        ("result", json!("succeeded")),
        ("detail", json!("reset")),
        ("source_ip", json!("127.0.0.1")),
    ];
    for (member, value) in expected {
        assert_eq!(row[member], value, "{member} of {row}");
    }
    assert!(row["seconds"].is_number() && row["at"].is_string(), "{row}");
}

#[test]
fn the_audit_has_one_entry_for_the_reset_that_names_actor_and_target() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.ready("alice", "reset");
    reset.complete(NEW).expect(200);
    let query = format!("audit?correlation_id={}", reset.correlation);
    let entries = server.report(&admin, &query);
    let named = |e: &&Value| e["activity"] == "Reset password (self-service)";
    let resets: Vec<&Value> = entries.iter().filter(named).collect();
    assert_eq!(resets.len(), 1, "{entries:#?}");
    assert_eq!(resets[0]["status"], "success");
    assert_eq!(resets[0]["target"]["username"], "alice", "{}", resets[0]);
    let text = serde_json::to_string(&entries).unwrap();
    for secret in [OLD, NEW, &reset.token, &server.code(&home("alice"))] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn the_support_view_shows_every_step_in_order_with_deliveries() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let mut reset = server.begin("alice", "reset");
    reset.challenge("email", &home("alice")).expect(202);
    let code = server.code(&home("alice"));
    reset.verify("email", &tests::flow::other_code(&code)).refused(422, "proof_incorrect");
    reset.verify("email", &code).expect(200);
    reset.complete("short").refused(422, "password_rejected");
    reset.complete(NEW).expect(200);
    let view = server.get(&format!("/v1/admin/support/{}", reset.correlation), &admin);
    let view = view.expect(200).json();
    assert_eq!(view["correlation_id"], reset.correlation.as_str());
    let steps: Vec<String> = view["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["step"].as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "begin",
        "challenge email",
        "wrong email",
        "passed email",
        "password rejected",
        "completed",
    ];
    assert_eq!(steps, expected, "{view:#}");
    assert!(!view["deliveries"].as_array().unwrap().is_empty(), "{view:#}");
    let text = view.to_string();
    for secret in [OLD, NEW, &reset.token, &code] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn an_administrators_reset_is_told_to_the_other_administrators() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "olga", &mobile(7));
    server.person(&admin, "peter");
    server.change_user(&admin, "olga", &json!({"roles": ["admin"]}));
    server.change_user(&admin, "peter", &json!({"roles": ["admin"]}));
    let mut reset = server.begin("olga", "reset");
    let next = reset.pass("email", &home("olga"));
    assert_eq!(next["status"], "next_gate", "an administrator needs two gates");
    reset.pass("sms", &mobile(7));
    reset.complete(NEW).expect(200);
    let told = |to: &str| {
        let all = server.outbox(to);
        all.iter().filter(|m| m["correlation_id"] == reset.correlation.as_str()).count()
    };
    assert_eq!(told(&work("peter")), 1);
}

#[test]
fn somebody_without_a_password_sets_the_first_one_by_a_reset() {
    let server = Server::start();
    let admin = server.admin();
    server.configure(&admin, |c| c["accept_directory_data"] = json!(true));
    let members = json!({"email": home("newbie"), "primary_email": work("newbie")});
    server.put_user(&admin, "newbie", &members).expect(201);
    server.sign_in("newbie", NEW).refused(401, "invalid_credentials");
    server.ready("newbie", "reset").complete(NEW).expect(200);
    server.sign_in("newbie", NEW).expect(200);
}
