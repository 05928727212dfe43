//! A document before it is saved: what is wrong and risky with it, who loses and gains, what would have ended otherwise.

use serde_json::{Value, json};
use tests::client::is_write;
use tests::people::{NEW, mobile};
use tests::server::Server;

/// The preview of the document in force with a change.
#[track_caller]
fn preview(server: &Server, admin: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut config = server.get("/v1/admin/config", admin).expect(200).json();
    change(&mut config);
    let body = json!({ "config": config });
    let answer = server.post("/v1/admin/config/preview", admin, body).expect(200);
    let calls = server.trace(answer.header("x-correlation-id"));
    assert!(!calls.is_empty() && !calls.iter().any(is_write), "a preview writes nothing");
    answer.json()
}

fn codes(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect()
}

#[test]
fn somebody_with_one_method_loses_when_two_are_required() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.person_with_phone(&admin, "bobby", &mobile(1));
    server.create(&admin, "carol");
    let seen = preview(&server, &admin, |c| c["methods_required"] = json!(2));
    assert_eq!(
        seen["impact"],
        json!({"users": 4, "can_reset_now": 2, "can_reset_then": 1, "lose": ["alice"], "gain": [],
               "lose_total": 1, "gain_total": 0, "partial": false})
    );
    assert_eq!(seen["changes"], json!([{"pointer": "/methods_required", "old": 1, "new": 2}]));
    assert_eq!((&seen["errors"], &seen["warnings"]), (&json!([]), &json!([])));
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let back = preview(&server, &admin, |c| c["methods_required"] = json!(1));
    assert_eq!((&back["impact"]["lose"], &back["impact"]["gain"]), (&json!([]), &json!(["alice"])));
}

#[test]
fn groups_decide_in_a_preview_as_they_will_and_administrators_lose_nothing() {
    let server = Server::start();
    let admin = server.admin();
    let nest = json!({"groups": ["night"]});
    server.call("PUT", "/v1/admin/groups/staff", &admin, &nest).expect(200);
    for (n, name) in ["alice", "bobby", "chief"].into_iter().enumerate() {
        server.person_with_phone(&admin, name, &mobile(u32::try_from(n).unwrap()));
    }
    server.change_user(&admin, "alice", &json!({"groups": ["night"]}));
    server.change_user(&admin, "chief", &json!({"roles": ["admin"]}));
    let seen = preview(&server, &admin, |c| {
        c["enabled"] = json!("selected");
        c["groups"] = json!(["staff"]);
    });
    assert_eq!(seen["impact"]["lose"], json!(["bobby"]));
    let seen = preview(&server, &admin, |c| c["enabled"] = json!("none"));
    assert_eq!(seen["impact"]["lose"], json!(["alice", "bobby"]));
    assert_eq!(codes(&seen["warnings"]), ["reset_switched_off"]);
    let seen = preview(&server, &admin, |c| c["administrators"]["enabled"] = json!(false));
    assert_eq!(seen["impact"]["lose"], json!(["chief"]));
}

#[test]
fn a_document_that_cannot_be_saved_is_previewed_with_its_errors() {
    let server = Server::start();
    let admin = server.admin();
    let seen = preview(&server, &admin, |c| {
        c["codes"]["digits"] = json!(5);
        c["telecom"]["countries"] = json!([]);
    });
    let errors = seen["errors"].as_array().unwrap();
    let told: Vec<_> = errors.iter().map(|e| (&e["field"], &e["code"])).collect();
    let expected = [("/codes/digits", "out_of_range"), ("/telecom/countries", "required")]
        .map(|(field, code)| (json!(field), json!(code)));
    assert_eq!(told, expected.each_ref().map(|(field, code)| (field, code)));
    let unknown = json!({"config": {"surprise": true}});
    server.post("/v1/admin/config/preview", &admin, unknown).refused(400, "invalid_request");
    let etag = server.get("/v1/admin/config", &admin).header("etag").to_owned();
    assert_eq!(etag, "\"1\"", "nothing was saved");
}

#[test]
fn risky_choices_are_told_by_stable_codes() {
    let server = Server::start();
    let admin = server.admin();
    let seen = preview(&server, &admin, |c| {
        c["methods"]["email"] = json!(false);
        c["methods"]["authenticator_app"] = json!(false);
        c["methods"]["recovery_code"] = json!(false);
        c["account_disclosure"] = json!("full");
        c["throttle"]["account_block"] = json!(true);
        c["reset"]["seconds"] = json!(3600);
        c["codes"]["seconds"] = json!(600);
    });
    let expected = [
        "texts_only",
        "one_method",
        "account_disclosure_full",
        "account_block",
        "long_code_life",
        "long_reset_life",
    ];
    assert_eq!(codes(&seen["warnings"]), expected);
    let words = seen["warnings"].as_array().unwrap().iter().map(|w| w["detail"].as_str().unwrap());
    assert!(words.into_iter().all(|w| w.len() > 20));
}

#[test]
fn recorded_attempts_are_replayed() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    server.person_with_phone(&admin, "bobby", &mobile(2));
    server.ready("alice", "reset").complete(NEW).expect(200);
    server.ready("alice", "unlock").unlock().expect(200);
    server.ready("bobby", "reset").cancel().expect(204);
    let replayed = |change: fn(&mut Value)| {
        let seen = preview(&server, &admin, change);
        let replay = &seen["replay"];
        assert_eq!(replay["partial"], false);
        (replay["attempts"].as_u64().unwrap(), replay["would_differ"].as_u64().unwrap())
    };
    assert_eq!(replayed(|_| {}), (3, 0));
    assert_eq!(replayed(|c| c["methods_required"] = json!(2)), (3, 2));
    assert_eq!(replayed(|c| c["methods"]["email"] = json!(false)), (3, 2));
    assert_eq!(replayed(|c| c["unlock_without_reset"] = json!(false)), (3, 1));
    assert_eq!(replayed(|c| c["enabled"] = json!("none")), (3, 3));
    assert_eq!(replayed(|c| c["codes"]["digits"] = json!(9)), (3, 0));
}

#[test]
fn a_preview_costs_a_bounded_number_of_requests() {
    let server = Server::start();
    let admin = server.admin();
    let config = server.get("/v1/admin/config", &admin).expect(200).json();
    let body = json!({ "config": config });
    let answer = server.post("/v1/admin/config/preview", &admin, body).expect(200);
    let calls = server.trace(answer.header("x-correlation-id"));
    let of = |operation: &str| calls.iter().filter(|c| c["operation"] == operation).count();
    // 16 shards of people once, 16 shards of the record for each of 31 days, and who calls.
    assert_eq!((of("Query"), of("Scan")), (16 + 31 * 16, 0));
    assert!(calls.len() <= 16 + 31 * 16 + 4, "{}", calls.len());
}
