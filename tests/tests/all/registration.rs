//! Registering what a reset will later rely on.

use serde_json::{Value, json};
use tests::flow::other_code;
use tests::people::{NEW, OLD, home, mobile};
use tests::server::Server;

fn methods(server: &Server, token: &str) -> Value {
    server.get("/v1/registration", token).expect(200).json()
}

fn state(registration: &Value, method: &str) -> String {
    let all = registration["methods"].as_array().unwrap();
    let found = all.iter().find(|m| m["method"] == method);
    found.map_or(Value::Null, |m| m["state"].clone()).as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_new_person_is_asked_to_register_and_is_complete_after_one_proved_address() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let signed_in = server.sign_in("alice", OLD).expect(200).json();
    assert_eq!(signed_in["registration"]["action"], "register", "{signed_in}");
    assert_eq!(signed_in["registration"]["skips_left"], 3, "{signed_in}");
    assert_eq!((&signed_in["expires_in"], &signed_in["roles"]), (&json!(3600), &json!(["user"])));
    let token = signed_in["access_token"].as_str().unwrap();
    let before = methods(&server, token);
    assert_eq!((&before["registered"], &before["complete"]), (&json!(0), &json!(false)));
    assert_eq!(state(&before, "email"), "missing");
    assert_eq!(state(&before, "office_phone"), "", "only enabled methods are listed");
    server.register_email(token, &home("alice"));
    let after = methods(&server, token);
    assert_eq!((&after["registered"], &after["complete"]), (&json!(1), &json!(true)));
    assert_eq!((&after["action"], state(&after, "email").as_str()), (&json!("none"), "verified"));
    assert!(!after.to_string().contains(&home("alice")), "only a hint is shown: {after}");
    let signed_in = server.sign_in("alice", OLD).expect(200).json();
    assert_eq!(signed_in["registration"]["action"], "none");
}

#[test]
fn a_number_is_proved_by_text_or_call() {
    let server = Server::start();
    let admin = server.admin();
    for (name, via, channel, number) in [("alice", "sms", "sms", 1), ("bobby", "voice", "voice", 2)]
    {
        server.create(&admin, name);
        let token = server.token(name, OLD);
        let typed = mobile(number).replace("+447700", "+44 7700 ");
        let body = json!({"method": "mobile_phone", "number": typed, "via": via});
        let registered = server.register(&token, body, &mobile(number)).json();
        assert_eq!(state(&registered, "mobile_phone"), "verified");
        assert_eq!(server.outbox(&mobile(number))[0]["channel"], channel);
    }
}

#[test]
fn a_wrong_code_does_not_register_and_five_close_the_way() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    let body = json!({"method": "email", "address": home("alice")});
    let asked = server.post("/v1/registration/methods", &token, body).expect(202).json();
    assert_eq!(
        (&asked["code_length"], &asked["expires_in"], &asked["resend_after"]),
        (&json!(8), &json!(300), &json!(30))
    );
    let wrong = other_code(&server.code(&home("alice")));
    let proof = json!({"method": "email", "code": wrong});
    for left in [4, 3, 2, 1, 0] {
        let refused = server.post("/v1/registration/methods/verify", &token, proof.clone());
        assert_eq!(refused.refused(422, "proof_incorrect").json()["attempts_left"], left);
    }
    let right = json!({"method": "email", "code": server.code(&home("alice"))});
    server.post("/v1/registration/methods/verify", &token, right).refused(429, "throttled");
    assert_eq!(state(&methods(&server, &token), "email"), "missing");
}

#[test]
fn a_registration_code_runs_out_after_five_minutes() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    let body = json!({"method": "email", "address": home("alice")});
    server.post("/v1/registration/methods", &token, body).expect(202);
    let proof = json!({"method": "email", "code": server.code(&home("alice"))});
    server.advance(301);
    server.post("/v1/registration/methods/verify", &token, proof).refused(410, "code_expired");
}

#[test]
fn methods_that_are_off_and_contacts_that_cannot_be_used_are_refused() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    let token = server.token("alice", OLD);
    let ask = |body: Value| server.post("/v1/registration/methods", &token, body);
    ask(json!({"method": "email", "address": "no address"})).refused(422, "invalid_contact");
    for number in ["+449098790123", "+4915123456789", "+882990123456", "12345"] {
        let body = json!({"method": "mobile_phone", "number": number, "via": "sms"});
        ask(body).refused(422, "invalid_contact");
    }
    for elsewhere in ["security_questions", "office_phone"] {
        ask(json!({"method": elsewhere})).refused(422, "method_not_enabled");
    }
    server.configure(&admin, |c| {
        for method in ["mobile_phone", "authenticator_app", "recovery_code"] {
            c["methods"][method] = json!(false);
        }
    });
    for off in ["authenticator_app", "recovery_code"] {
        ask(json!({"method": off})).refused(422, "method_not_enabled");
    }
    let body = json!({"method": "mobile_phone", "number": mobile(1), "via": "sms"});
    ask(body).refused(422, "method_not_enabled");
    assert!(server.outbox("").iter().all(|m| m["channel"] == "email"));
}

#[test]
fn a_changed_address_is_told_to_the_old_and_the_new_one() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    server.register_email(&token, "alice@new.example");
    for to in [home("alice"), "alice@new.example".to_owned()] {
        let notices = server.outbox(&to).into_iter().filter(|m| m["kind"] == "notice");
        assert!(notices.count() >= 1, "{to}: {:#?}", server.outbox(&to));
    }
}

#[test]
fn changing_a_method_needs_a_sign_in_of_the_last_ten_minutes() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    server.advance(601);
    let body = json!({"method": "email", "address": "alice@new.example"});
    server.post("/v1/registration/methods", &token, body).refused(403, "reauthentication_required");
    let removed = server.call("DELETE", "/v1/registration/methods/email", &token, &Value::Null);
    removed.refused(403, "reauthentication_required");
    assert_eq!(state(&methods(&server, &token), "email"), "verified");
}

#[test]
fn a_removed_method_no_longer_opens_a_gate() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    let removed = server.call("DELETE", "/v1/registration/methods/email", &token, &Value::Null);
    assert_eq!(state(&removed.expect(200).json(), "email"), "missing");
    let sent = server.codes(&home("alice")).len();
    server.begin("alice", "reset").challenge("email", &home("alice")).expect(202);
    assert_eq!(server.codes(&home("alice")).len(), sent);
}

#[test]
fn registering_can_be_put_off_three_times() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    let skip = || server.call("POST", "/v1/registration/skip", &token, &Value::Null);
    for left in [2, 1, 0] {
        assert_eq!(skip().expect(200).json()["skips_left"], left);
    }
    skip().refused(409, "skip_not_allowed");
    server.get("/v1/registration", &token).expect(200);
}

#[test]
fn looks_good_confirms_everything_and_is_refused_while_something_is_missing() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    let token = server.token("alice", OLD);
    let confirm =
        |token: &str| server.call("POST", "/v1/registration/confirm", token, &Value::Null);
    confirm(&token).refused(409, "registration_incomplete");
    server.register_email(&token, &home("alice"));
    server.advance(181 * 86_400);
    let signed_in = server.sign_in("alice", OLD).expect(200).json();
    assert_eq!(signed_in["registration"]["action"], "reconfirm", "{signed_in}");
    let codes = server.codes(&home("alice")).len();
    confirm(signed_in["access_token"].as_str().unwrap()).expect(200);
    assert_eq!(server.codes(&home("alice")).len(), codes, "no new codes");
    let signed_in = server.sign_in("alice", OLD).expect(200).json();
    assert_eq!(signed_in["registration"]["action"], "none", "{signed_in}");
}

#[test]
fn contacts_set_by_an_administrator_are_unverified_and_open_no_gate_by_default() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    server.change_user(&admin, "alice", &json!({"email": home("alice")}));
    let token = server.token("alice", OLD);
    assert_eq!(state(&methods(&server, &token), "email"), "unverified");
    server.begin("alice", "reset").challenge("email", &home("alice")).expect(202);
    assert!(server.codes(&home("alice")).is_empty());
    server.configure(&admin, |c| c["accept_directory_data"] = json!(true));
    server.ready("alice", "reset").complete(NEW).expect(200);
}

#[test]
fn each_datum_is_one_row_of_the_registration_report() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    let rows = server.report(&admin, "registrations?username=alice");
    let mut seen: Vec<(String, String)> = rows
        .iter()
        .map(|r| {
            (
                r["method"].as_str().unwrap_or("").to_owned(),
                r["change"].as_str().unwrap_or("").to_owned(),
            )
        })
        .collect();
    seen.sort();
    let expected = [("email", "registered"), ("mobile_phone", "registered")];
    assert_eq!(seen, expected.map(|(m, c)| (m.to_owned(), c.to_owned())));
    let users = server.report(&admin, "users?username=alice");
    assert_eq!(users[0]["is_sspr_registered"], true, "{users:#?}");
    assert_eq!(users[0]["is_sspr_capable"], true, "{users:#?}");
    assert_eq!(users[0]["methods_registered"], json!(["email", "mobile_phone"]));
}
