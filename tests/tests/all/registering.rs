//! The rules of registering that no single method has to itself: REG-01, REG-02, REG-07 … REG-11.

use serde_json::{Value, json};
use tests::factors::ANSWERS;
use tests::people::{OLD, home, mobile};
use tests::server::Server;

fn everything() -> (Server, String) {
    let server = Server::start();
    let admin = server.admin();
    server.configure(&admin, |c| c["methods"]["security_questions"] = json!(true));
    server.create(&admin, "alice");
    (server, admin)
}

#[test]
fn every_change_needs_a_sign_in_younger_than_ten_minutes() {
    let (server, _) = everything();
    let token = server.token("alice", OLD);
    server.advance(540);
    server.register_recovery(&token);
    server.put_questions(&token, &ANSWERS).expect(200);
    server.advance(60);
    let old = "reauthentication_required";
    server.ask_for(&token, "recovery_code").refused(403, old);
    server.ask_for(&token, "authenticator_app").refused(403, old);
    server.put_questions(&token, &ANSWERS).refused(403, old);
    for method in ["security_questions", "recovery_code", "authenticator_app"] {
        let path = format!("/v1/registration/methods/{method}");
        server.call("DELETE", &path, &token, &Value::Null).refused(403, old);
    }
    server.get("/v1/registration", &token).expect(200);
    for (method, path) in [("GET", "/v1/registration"), ("PUT", "/v1/registration/questions")] {
        let body = if method == "PUT" { json!({"answers": []}) } else { Value::Null };
        server.call(method, path, "", &body).refused(401, "invalid_token");
    }
}

#[test]
fn out_of_scope_is_refused_with_its_reason_for_every_method() {
    let (server, admin) = everything();
    let token = server.token("alice", OLD);
    for (setting, code) in [(json!("none"), "SSPR_0009"), (json!("selected"), "SSPR_0013")] {
        server.configure(&admin, |c| c["enabled"] = setting);
        for refused in [
            server.get("/v1/registration", &token),
            server.ask_for(&token, "authenticator_app"),
            server.ask_for(&token, "recovery_code"),
            server.put_questions(&token, &ANSWERS),
        ] {
            assert_eq!(refused.refused(403, "reset_refused").json()["sspr_code"], code);
        }
    }
}

#[test]
fn it_is_complete_with_as_many_methods_as_required_and_more_are_welcome() {
    let (server, admin) = everything();
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let token = server.token("alice", OLD);
    let seen = || {
        let all = server.get("/v1/registration", &token).expect(200).json();
        (all["registered"].as_u64().unwrap(), all["complete"] == true, all["action"].clone())
    };
    assert_eq!(seen(), (0, false, json!("register")));
    server.put_questions(&token, &ANSWERS).expect(200);
    assert_eq!(seen(), (1, false, json!("register")));
    server.register_recovery(&token);
    assert_eq!(seen(), (2, true, json!("none")));
    server.register_app(&token);
    server.register_email(&token, &home("alice"));
    assert_eq!(seen(), (4, true, json!("none")));
}

#[test]
fn what_was_filled_in_is_shown_unverified_and_becomes_verified_once_proved() {
    let (server, admin) = everything();
    let filled = json!({"email": home("alice"), "mobile_phone": mobile(1)});
    server.change_user(&admin, "alice", &filled);
    let token = server.token("alice", OLD);
    let state = || {
        let all = server.get("/v1/registration", &token).expect(200).json();
        let all = all["methods"].as_array().unwrap().clone();
        let of = |name: &str| all.iter().find(|m| m["method"] == name).unwrap().clone();
        (
            of("email")["state"].clone(),
            of("email")["hint"].clone(),
            of("mobile_phone")["state"].clone(),
        )
    };
    let hint = json!("a•••••@h•••••.example");
    assert_eq!(state(), (json!("unverified"), hint.clone(), json!("unverified")));
    server.register_email(&token, &home("alice"));
    assert_eq!(state(), (json!("verified"), hint, json!("unverified")));
}

#[test]
fn skipping_asks_again_breaks_no_session_and_ends_with_its_number() {
    let (server, _) = everything();
    let mut token = server.token("alice", OLD);
    for left in [2, 1, 0] {
        let skipped =
            server.call("POST", "/v1/registration/skip", &token, &Value::Null).expect(200);
        assert_eq!(skipped.json()["skips_left"], left);
        server.get("/v1/registration", &token).expect(200);
        let again = server.sign_in("alice", OLD).expect(200).json();
        assert_eq!(again["registration"]["action"], "register");
        assert_eq!(again["registration"]["skippable"], left > 0);
        token = again["access_token"].as_str().unwrap().to_owned();
    }
    let skip = server.call("POST", "/v1/registration/skip", &token, &Value::Null);
    skip.refused(409, "skip_not_allowed");
    server.get("/v1/registration", &token).expect(200);
    // Registering gives the skips back for the next time.
    server.register_recovery(&token);
    server.call("POST", "/v1/registration/confirm", &token, &Value::Null).expect(200);
}

#[test]
fn each_datum_is_one_event_and_removing_one_asks_for_no_confirmation_before_its_time() {
    let (server, admin) = everything();
    let token = server.token("alice", OLD);
    server.register_email(&token, &home("alice"));
    server.register_app(&token);
    server.register_recovery(&token);
    server.put_questions(&token, &ANSWERS).expect(200);
    let path = "/v1/registration/methods/authenticator_app";
    server.call("DELETE", path, &token, &Value::Null).expect(200);
    server.call("DELETE", path, &token, &Value::Null).expect(200);
    let rows = server.report(&admin, "registrations?username=alice");
    let mut events: Vec<String> = rows
        .iter()
        .map(|r| format!("{} {}", r["method"].as_str().unwrap(), r["change"].as_str().unwrap()))
        .collect();
    events.sort();
    let expected = [
        "authenticator_app registered",
        "authenticator_app removed",
        "email registered",
        "recovery_code registered",
        "security_questions registered",
    ];
    assert_eq!(events, expected);
    let action =
        || server.sign_in("alice", OLD).expect(200).json()["registration"]["action"].clone();
    assert_eq!(action(), "none");
    // A wider scope asks nobody again who has registered.
    server.configure(&admin, |c| {
        c["enabled"] = json!("selected");
        c["groups"] = json!(["staff"]);
    });
    server.change_user(&admin, "alice", &json!({"groups": ["staff"]}));
    assert_eq!(action(), "none");
    server.configure(&admin, |c| c["enabled"] = json!("all"));
    assert_eq!(action(), "none");
    server.advance(180 * 86_400);
    assert_eq!(action(), "reconfirm");
}

#[test]
fn unproved_directory_data_opens_a_gate_only_where_the_organisation_accepts_it() {
    for accept in [false, true] {
        let (server, admin) = everything();
        server.change_user(&admin, "alice", &json!({"mobile_phone": mobile(1)}));
        server.configure(&admin, |c| c["accept_directory_data"] = json!(accept));
        let token = server.token("alice", OLD);
        let registered =
            server.get("/v1/registration", &token).expect(200).json()["registered"].clone();
        assert_eq!(registered, u64::from(accept));
        server.begin("alice", "reset").challenge("sms", &mobile(1)).expect(202);
        assert_eq!(server.codes(&mobile(1)).len(), usize::from(accept));
    }
}
