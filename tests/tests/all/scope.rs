//! For whom reset is enabled, the administrators' own policy, and what `explain` says of it.

use serde_json::{Value, json};
use tests::client::Answer;
use tests::people::{ADMIN, NEW, OLD, home, mobile};
use tests::server::Server;

#[track_caller]
fn explain(server: &Server, admin: &str, name: &str) -> Value {
    server.get(&format!("/v1/admin/users/{name}/explain"), admin).expect(200).json()
}

/// Whether somebody can reset, and the code of the reason if not.
#[track_caller]
fn why(server: &Server, admin: &str, name: &str) -> (bool, String) {
    let told = explain(server, admin, name);
    (told["can_reset"].as_bool().unwrap(), told["sspr_code"].as_str().unwrap_or_default().into())
}

/// Whether a code is sent to who asks for one: what is decided for real.
fn gets_a_code(server: &Server, name: &str) -> bool {
    let before = server.codes(&home(name)).len();
    server.begin(name, "reset").challenge("email", &home(name)).expect(202);
    server.codes(&home(name)).len() > before
}

fn failing(told: &Value) -> Vec<(String, String)> {
    let checks = told["checks"].as_array().unwrap().iter().filter(|c| c["pass"] == false);
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    checks.map(|c| (text(&c["check"]), text(&c["code"]))).collect()
}

#[test]
fn reset_is_for_nobody_for_selected_groups_or_for_all() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.person(&admin, "bobby");
    server.change_user(&admin, "alice", &json!({"groups": ["pilot"]}));
    let set = |enabled: &str, groups: Value| {
        server.configure(&admin, |c| {
            c["enabled"] = json!(enabled);
            c["groups"] = groups;
        });
        let people = ["alice", "bobby"];
        let told = people.map(|name| why(&server, &admin, name));
        assert_eq!(people.map(|name| gets_a_code(&server, name)), told.clone().map(|t| t.0));
        told.map(|(can, code)| if can { String::from("yes") } else { code })
    };
    assert_eq!(set("all", json!([])), ["yes", "yes"]);
    assert_eq!(set("none", json!(["pilot"])), ["SSPR_0009", "SSPR_0009"]);
    assert_eq!(set("selected", json!(["pilot"])), ["yes", "SSPR_0013"]);
    assert_eq!(set("selected", json!([])), ["SSPR_0013", "SSPR_0013"]);
}

#[test]
fn excluded_groups_win_and_nest_with_cycles() {
    let server = Server::start();
    let admin = server.admin();
    for (group, nested) in
        [("all", "staff"), ("staff", "night"), ("night", "all"), ("out", "temps")]
    {
        let body = json!({ "groups": [nested] });
        server.call("PUT", &format!("/v1/admin/groups/{group}"), &admin, &body).expect(200);
    }
    for (name, groups) in
        [("alice", json!(["night"])), ("bobby", json!(["night", "temps"])), ("carol", json!([]))]
    {
        server.person(&admin, name);
        server.change_user(&admin, name, &json!({ "groups": groups }));
    }
    server.configure(&admin, |c| {
        c["enabled"] = json!("selected");
        c["groups"] = json!(["all"]);
        c["exclude_groups"] = json!(["out"]);
    });
    let people = ["alice", "bobby", "carol"];
    assert_eq!(people.map(|name| why(&server, &admin, name).0), [true, false, false]);
    assert_eq!(people.map(|name| gets_a_code(&server, name)), [true, false, false]);
    server.configure(&admin, |c| {
        c["enabled"] = json!("all");
        c["groups"] = json!([]);
    });
    assert_eq!(people.map(|name| why(&server, &admin, name).0), [true, false, true]);
}

#[test]
fn administrators_reset_whatever_the_switch_says_unless_their_own_is_off() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "chief", &mobile(1));
    server.change_user(&admin, "chief", &json!({"roles": ["helpdesk"], "groups": ["out"]}));
    for (enabled, groups) in [("none", json!([])), ("selected", json!([])), ("all", json!(["out"]))]
    {
        server.configure(&admin, |c| {
            c["enabled"] = json!(enabled);
            c["exclude_groups"] = groups;
        });
        assert_eq!(why(&server, &admin, "chief"), (true, String::new()), "{enabled}");
    }
    server.configure(&admin, |c| c["enabled"] = json!("none"));
    server.ready_by_two("chief", &mobile(1)).complete(NEW).expect(200);
    server.configure(&admin, |c| {
        c["enabled"] = json!("all");
        c["administrators"]["enabled"] = json!(false);
    });
    assert_eq!(why(&server, &admin, "chief"), (false, String::from("SSPR_0011")));
    assert!(!gets_a_code(&server, "chief"));
}

#[test]
fn an_administrator_passes_the_first_gate_where_only_methods_of_others_are_enabled() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    server.change_user(&admin, "alice", &json!({ "roles": ["helpdesk"] }));
    server.configure(&admin, |c| {
        for (method, on) in c["methods"].as_object_mut().unwrap() {
            *on = json!(method == "security_questions");
        }
    });
    let mut reset = server.begin("alice", "reset");
    assert_eq!(reset.pass("email", &home("alice"))["status"], "next_gate");
    reset.pass("sms", &mobile(1));
    reset.complete(NEW).expect(200);
}

#[test]
fn an_administrator_needs_two_gates_whatever_the_document_says() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    server.person(&admin, "chief");
    server.change_user(&admin, "chief", &json!({"roles": ["reports_reader"]}));
    assert_eq!(explain(&server, &admin, "alice")["policy"]["methods_required"], 1);
    let told = explain(&server, &admin, "chief");
    assert_eq!(
        (&told["policy"]["methods_required"], &told["policy"]["administrator"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(told["sspr_code"], "SSPR_0014", "one method, and two gates to pass");
    server.change_user(&admin, "alice", &json!({"roles": ["user_admin"]}));
    let reset = server.ready("alice", "reset");
    let refused: Answer = reset.complete(NEW);
    assert!(matches!(refused.status, 403 | 409), "{}", refused.body);
    server.sign_in("alice", OLD).expect(200);
    server.ready_by_two("alice", &mobile(1)).complete(NEW).expect(200);
}

#[test]
fn explain_tells_every_check_in_order_with_words_and_codes() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    server.change_user(&admin, "alice", &json!({"enabled": false, "directory": "on_premises"}));
    let told = explain(&server, &admin, "alice");
    let names: Vec<_> =
        told["checks"].as_array().unwrap().iter().map(|c| c["check"].clone()).collect();
    let order = [
        "exists",
        "account_enabled",
        "reset_enabled",
        "in_scope",
        "enough_methods",
        "administrator_policy",
        "writeback",
    ];
    assert_eq!(names, order);
    let is = |check: &str, code: &str| (check.to_owned(), code.to_owned());
    let expected = [
        is("account_enabled", "account_disabled"),
        is("enough_methods", "not_registered"),
        is("writeback", "writeback_off"),
    ];
    assert_eq!(failing(&told), expected);
    assert_eq!((&told["can_reset"], &told["sspr_code"]), (&json!(false), &Value::Null));
    assert!(
        told["checks"].as_array().unwrap().iter().all(|c| c["detail"].as_str().unwrap().len() > 10)
    );
    server.change_user(&admin, "alice", &json!({"enabled": true}));
    assert_eq!(explain(&server, &admin, "alice")["sspr_code"], "SSPR_0014");
    server.get("/v1/admin/users/nobody/explain", &admin).refused(404, "not_found");
}

#[test]
fn explain_shows_what_is_closed_until_when_and_no_contact() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let mut reset = server.begin("alice", "reset");
    reset.challenge("email", &home("alice")).expect(202);
    let code = server.code(&home("alice"));
    let wrong = tests::flow::other_code(&code);
    for _ in 0..4 {
        reset.verify("email", &wrong).refused(422, "proof_incorrect");
    }
    let open = explain(&server, &admin, "alice")["throttle"].clone();
    let of_way = |c: &&Value| c["counter"] == "tries_email";
    let way = open["counters"].as_array().unwrap().iter().find(of_way).unwrap();
    assert_eq!(
        (&open["blocked"], &way["closed"], &way["used"]),
        (&json!(false), &json!(false), &json!(4))
    );
    reset.verify("email", &wrong).refused(422, "proof_incorrect");
    reset.verify("email", &code).refused(429, "throttled");
    for n in 0..10 {
        server.sign_in("alice", &format!("wrong {n}")).refused(401, "invalid_credentials");
    }
    let told = explain(&server, &admin, "alice");
    let throttle = &told["throttle"];
    assert_eq!(throttle["blocked"], true, "{throttle:#}");
    let closed = throttle["counters"].as_array().unwrap().iter().filter(|c| c["closed"] == true);
    let closed: Vec<_> =
        closed.map(|c| (c["used"].as_u64().unwrap(), c["until"].is_string())).collect();
    assert!(!closed.is_empty() && closed.iter().all(|c| *c == (5, true)), "{throttle:#}");
    assert!(throttle["locked_until"].is_string(), "{throttle:#}");
    assert_eq!(throttle["failed_sign_ins"], 10);
    assert_eq!(told["can_reset"], true, "blocked for a network is not forbidden");
    for secret in [home("alice"), code, OLD.into(), "argon2".into()] {
        assert!(!told.to_string().contains(&secret));
    }
    let act = |what: &str| {
        let path = format!("/v1/admin/users/alice/{what}");
        server.call("POST", &path, &admin, &Value::Null).expect(200)
    };
    act("unblock");
    act("unlock");
    let told = explain(&server, &admin, "alice");
    assert_eq!(
        (&told["throttle"]["blocked"], &told["throttle"]["counters"]),
        (&json!(false), &json!([]))
    );
    assert_eq!(told["throttle"]["locked_until"], Value::Null);
}

#[test]
fn somebody_of_whom_it_is_required_is_asked_to_register_at_the_next_sign_in() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let action =
        |name: &str| server.sign_in(name, OLD).expect(200).json()["registration"]["action"].clone();
    assert_eq!(action("alice"), "none");
    let path = "/v1/admin/users/alice/require-registration";
    server.call("POST", path, &admin, &Value::Null).expect(200);
    assert_eq!(action("alice"), "register");
    // Also where nobody else is asked.
    server.configure(&admin, |c| c["registration"]["required_at_sign_in"] = json!(false));
    assert_eq!(action("alice"), "register");
    assert!(gets_a_code(&server, "alice"), "what is registered goes on to count");
    let entries = server.report(&admin, "audit?username=alice&activity=Manage%20user");
    assert_eq!(entries[0]["modified"][0]["field"], "registration", "{entries:#?}");
    // Registering anew settles it.
    let token = server.token("alice", OLD);
    server.register_email(&token, "alice@new.example");
    assert_eq!(action("alice"), "none");
    let path = "/v1/admin/users/nobody/require-registration";
    server.call("POST", path, &admin, &Value::Null).refused(404, "not_found");
}

#[test]
fn a_group_and_all_nested_in_it_can_be_asked_to_register() {
    let server = Server::start();
    let admin = server.admin();
    server.call("PUT", "/v1/admin/groups/staff", &admin, &json!({"groups": ["night"]})).expect(200);
    for (name, groups) in
        [("alice", json!(["staff"])), ("bobby", json!(["night"])), ("carol", json!(["guests"]))]
    {
        server.person(&admin, name);
        server.change_user(&admin, name, &json!({ "groups": groups }));
    }
    server.change_user(&admin, ADMIN, &json!({"groups": ["staff"]}));
    server.create(&admin, "ursula");
    server.change_user(&admin, "ursula", &json!({"roles": ["user_admin"]}));
    let path = "/v1/admin/groups/staff/require-registration";
    let asked = server.call("POST", path, &server.token("ursula", OLD), &Value::Null).expect(200);
    assert_eq!(
        asked.json(),
        json!({"group": "staff", "required": 2, "skipped": 1, "next_cursor": null})
    );
    let action =
        |name: &str| server.sign_in(name, OLD).expect(200).json()["registration"]["action"].clone();
    assert_eq!(["alice", "bobby", "carol"].map(action), ["register", "register", "none"]);
    let again = server.call("POST", path, &admin, &Value::Null).expect(200).json();
    assert_eq!((&again["required"], &again["skipped"]), (&json!(3), &json!(0)));
}
