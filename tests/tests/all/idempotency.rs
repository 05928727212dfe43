//! `Idempotency-Key` (api.md §1): one request acts, its repeats get its answer, and nobody else does.

use std::collections::BTreeSet;
use std::thread::scope;

use serde_json::{Value, json};
use tests::client::Answer;
use tests::flow::Reset;
use tests::people::{ADMIN, ADMIN_PASSWORD, NEW, OLD, home, work};
use tests::server::Server;

/// A request under a key.
#[track_caller]
fn keyed(server: &Server, key: &str, token: &str, path: &str, body: &Value) -> Answer {
    send(server, ("POST", path), key, token, body)
}

#[track_caller]
fn send(server: &Server, to: (&str, &str), key: &str, token: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("idempotency-key", key)];
    if !token.is_empty() {
        headers.push(("authorization", &bearer));
    }
    let mut bytes = Vec::new();
    if !body.is_null() {
        headers.push(("content-type", "application/json"));
        bytes = body.to_string().into_bytes();
    }
    server.send(to.0, to.1, &headers, &bytes)
}

fn begin_body() -> Value {
    json!({"username": "alice", "purpose": "reset"})
}

/// What a client reads of an answer; the date is the connection's.
fn content(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
    (answer.status, headers, answer.body.clone())
}

#[test]
fn a_repeat_gets_the_first_answer_and_does_nothing_again() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let first = keyed(&server, "k1", "", "/v1/resets", &begin_body()).expect(201);
    let again = keyed(&server, "k1", "", "/v1/resets", &begin_body());
    assert_eq!(content(&first), content(&again), "the same token, the same support code");
    let reset = Reset::of(&server, &again);
    let ask = json!({"method": "email", "contact": home("alice")});
    let sent = server.codes(&home("alice")).len();
    // Without the key the second would be too early.
    for _ in 0..3 {
        keyed(&server, "ask", &reset.token, "/v1/resets/challenge", &ask).expect(202);
    }
    assert_eq!(server.codes(&home("alice")).len(), sent + 1);
    let proof = json!({"method": "email", "code": server.code(&home("alice"))});
    let passed = keyed(&server, "prove", &reset.token, "/v1/resets/verify", &proof).expect(200);
    // The token died with the gate: only the key still finds the answer, with the token that lives.
    let again = keyed(&server, "prove", &reset.token, "/v1/resets/verify", &proof);
    assert_eq!(content(&passed), content(&again));
    let hashed = server.counter("argon2");
    let new = json!({"new_password": NEW});
    let token = passed.text("reset_token");
    let done = keyed(&server, "end", &token, "/v1/resets/complete", &new).expect(200);
    let again = keyed(&server, "end", &token, "/v1/resets/complete", &new);
    assert_eq!((content(&done), server.counter("argon2")), (content(&again), hashed + 1));
    let told = server.outbox(&work("alice"));
    let told = told.iter().filter(|m| m["correlation_id"] == reset.correlation.as_str());
    assert_eq!(told.count(), 1);
}

#[test]
fn a_refusal_is_an_answer_and_is_repeated_with_its_support_code() {
    let server = Server::start();
    let body = json!({"username": "alice", "purpose": "guess"});
    let first = keyed(&server, "k", "", "/v1/resets", &body).refused(400, "invalid_request");
    let again = keyed(&server, "k", "", "/v1/resets", &body);
    assert_eq!(content(&first), content(&again));
    assert_eq!(first.text("correlation_id"), first.header("x-correlation-id"));
    assert_eq!(first.header("content-type"), "application/problem+json");
    let plain = keyed(&server, "other", "", "/v1/resets", &body).refused(400, "invalid_request");
    assert_eq!(plain.json()["errors"], first.json()["errors"]);
    let wrong = json!({"username": ADMIN, "password": "wrong"});
    for _ in 0..20 {
        keyed(&server, "s", "", "/v1/sign-in", &wrong).refused(401, "invalid_credentials");
    }
    server.sign_in(ADMIN, ADMIN_PASSWORD).expect(200);
}

#[test]
fn a_key_with_another_body_or_query_is_a_conflict_and_does_nothing() {
    let server = Server::start();
    let admin = server.admin();
    keyed(&server, "k", "", "/v1/resets", &begin_body()).expect(201);
    let other = json!({"username": "bob", "purpose": "reset"});
    keyed(&server, "k", "", "/v1/resets", &other).refused(409, "idempotency_conflict");
    let query = keyed(&server, "k", "", "/v1/resets?mkt=de", &begin_body());
    query.refused(409, "idempotency_conflict");
    let put =
        |members: &Value| send(&server, ("PUT", "/v1/admin/users/alice"), "u", &admin, members);
    put(&json!({"display_name": "One"})).expect(201);
    put(&json!({"display_name": "Two"})).refused(409, "idempotency_conflict");
    let kept = server.get("/v1/admin/users/alice", &admin).expect(200);
    assert_eq!(kept.json()["display_name"], "One");
    put(&json!({"display_name": "One"})).expect(201);
}

#[test]
fn a_key_belongs_to_one_caller_one_method_and_one_path() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let second = server.token(ADMIN, ADMIN_PASSWORD);
    let path = "/v1/admin/users/alice/reset";
    let one = keyed(&server, "k", &admin, path, &Value::Null).expect(200);
    let again = keyed(&server, "k", &admin, path, &Value::Null).expect(200);
    let other = keyed(&server, "k", &second, path, &Value::Null).expect(200);
    assert_eq!(one.body, again.body);
    assert_ne!(one.body, other.body, "another sign-in is another caller");
    keyed(&server, "k", "", path, &Value::Null).refused(401, "invalid_token");
    keyed(&server, "k", &"x".repeat(46), path, &Value::Null).refused(401, "invalid_token");
    let path = "/v1/admin/users/alice/unlock";
    let unlocked = keyed(&server, "k", &admin, path, &Value::Null).expect(200);
    assert_ne!(unlocked.body, one.body);
    let put = json!({"display_name": "Alice"});
    send(&server, ("PUT", "/v1/admin/users/alice"), "k", &admin, &put).expect(200);
    // A key on a request that changes nothing means nothing.
    let read = send(&server, ("GET", "/v1/admin/users/alice"), "k", &admin, &Value::Null);
    assert_eq!(read.expect(200).json()["display_name"], "Alice");
}

#[test]
fn a_key_has_at_most_64_printable_characters() {
    let server = Server::start();
    let begin = |key: &str| keyed(&server, key, "", "/v1/resets", &begin_body());
    begin(&"k".repeat(64)).expect(201);
    for (key, code) in
        [("k".repeat(65), "too_long"), (String::new(), "required"), ("k\u{e9}".into(), "invalid")]
    {
        let refused = begin(&key).refused(400, "invalid_request").json();
        assert_eq!(refused["errors"], json!([{"field": "idempotency-key", "code": code}]));
    }
}

#[test]
fn of_many_equal_requests_at_once_one_acts_and_the_others_get_its_answer_or_are_told_to_ask_again()
{
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    let hashed = server.counter("argon2");
    let path = "/v1/admin/users/alice/reset";
    let answers: Vec<Answer> = scope(|scope| {
        let call = || keyed(&server, "k", &admin, path, &Value::Null);
        let calls: Vec<_> = (0..24).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|c| c.join().unwrap()).collect()
    });
    let (done, later): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
    let passwords: BTreeSet<String> = done.iter().map(|a| a.text("temporary_password")).collect();
    assert_eq!(passwords.len(), 1, "{answers:#?}");
    for answer in later {
        assert_eq!((answer.status, answer.code().as_str()), (409, "idempotency_in_progress"));
        assert_eq!((answer.header("retry-after"), &answer.json()["retry_after"]), ("1", &json!(1)));
    }
    assert_eq!(server.counter("argon2"), hashed + 1);
    assert_eq!(server.outbox(&work("alice")).len(), 1, "one notice");
    let again = keyed(&server, "k", &admin, path, &Value::Null).expect(200);
    assert!(passwords.contains(&again.text("temporary_password")));
    let password = passwords.first().unwrap();
    server.sign_in("alice", password).refused(403, "password_change_required");
}

#[test]
fn an_answer_is_kept_for_24_hours_and_not_longer() {
    let server = Server::start();
    let begin = || keyed(&server, "k", "", "/v1/resets", &begin_body()).expect(201);
    let first = begin();
    // A minute for a busy machine; the very moment is the rule's own test.
    server.advance(86_340);
    assert_eq!(begin().body, first.body);
    server.advance(61);
    let next = begin();
    assert_ne!(next.body, first.body);
    assert_eq!(begin().body, next.body, "and the next is kept anew");
    server.advance(86_340);
    assert_eq!(begin().body, next.body);
}

#[test]
fn answers_that_say_later_are_not_kept() {
    let server = Server::start();
    let admin = server.admin();
    server.configure(&admin, |c| c["throttle"]["begins_per_network_per_hour"] = json!(1));
    server.begin("bob", "reset");
    let begin = || keyed(&server, "k", "", "/v1/resets", &begin_body());
    begin().refused(429, "throttled");
    server.configure(&admin, |c| c["throttle"]["begins_per_network_per_hour"] = json!(100));
    let config =
        json!({"service": "dynamodb", "operation": "GetItem", "kind": "error", "count": 3});
    server.fault(config);
    begin().refused(503, "unavailable");
    // Not even the body is held to: nothing was done under the key.
    let other = json!({"username": "carol", "purpose": "reset"});
    keyed(&server, "k", "", "/v1/resets", &other).expect(201);
    begin().refused(409, "idempotency_conflict");
}

#[test]
fn a_locked_name_is_not_locked_for_a_day_by_its_key() {
    let server = Server::start();
    let wrong = |n: u32| json!({"username": ADMIN, "password": format!("wrong {n}")});
    for n in 0..10 {
        server.post("/v1/sign-in", "", wrong(n)).refused(401, "invalid_credentials");
    }
    let right = json!({"username": ADMIN, "password": ADMIN_PASSWORD});
    keyed(&server, "k", "", "/v1/sign-in", &right).refused(423, "account_locked");
    server.advance(61);
    keyed(&server, "k", "", "/v1/sign-in", &right).expect(200);
}

#[test]
fn a_request_that_broke_off_does_not_hold_its_key_for_a_day() {
    let server = Server::start();
    // Beginning updates one item itself; the update that would keep the answer fails for good.
    let fault = json!({"service": "dynamodb", "operation": "UpdateItem", "kind": "error", "skip": 1, "count": 3});
    server.fault(fault);
    let begin = || keyed(&server, "k", "", "/v1/resets", &begin_body());
    let first = begin().expect(201);
    let during = begin().refused(409, "idempotency_in_progress");
    assert_eq!(during.header("retry-after"), "1");
    let other = json!({"username": "bob", "purpose": "reset"});
    keyed(&server, "k", "", "/v1/resets", &other).refused(409, "idempotency_conflict");
    server.advance(61);
    let second = begin().expect(201);
    assert_ne!(first.body, second.body);
    assert_eq!(begin().body, second.body);
}

#[test]
fn lost_replies_of_the_store_neither_act_twice_nor_lose_the_answer() {
    for operation in ["PutItem", "UpdateItem"] {
        for skip in 0..3 {
            let server = Server::start();
            let admin = server.admin();
            server.create(&admin, "alice");
            let fault = json!({"service": "dynamodb", "operation": operation, "skip": skip,
                "kind": "applied_then_lost", "function": "manage-users"});
            server.fault(fault);
            let path = "/v1/admin/users/alice/reset";
            let reset = || keyed(&server, "k", &admin, path, &Value::Null).expect(200);
            let (first, again) = (reset(), reset());
            assert_eq!(first.body, again.body, "{operation} {skip}");
            assert_eq!(server.outbox(&work("alice")).len(), 1, "{operation} {skip}");
        }
    }
}

#[test]
fn what_is_kept_cannot_be_read_in_the_table() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let path = "/v1/admin/users/alice/reset";
    let reset = keyed(&server, "a very own key", &admin, path, &Value::Null).expect(200);
    let begun = keyed(&server, "a very own key", "", "/v1/resets", &begin_body()).expect(201);
    let scan = json!({"TableName": "state"}).to_string();
    let items = server.running().local.engine.call("Scan", scan.as_bytes());
    let items: Value = serde_json::from_slice(&items.body).unwrap();
    let kept: Vec<&Value> = items["Items"].as_array().unwrap().iter().collect();
    let kept = kept.into_iter().filter(|i| i["kind"]["S"] == "idempotency");
    let mut seen = 0;
    for item in kept {
        let answer = item["answer"]["B"].as_str().unwrap();
        let answer = data_encoding::BASE64.decode(answer.as_bytes()).unwrap();
        let text = format!("{item}{}", String::from_utf8_lossy(&answer));
        for secret in [&reset.text("temporary_password"), &begun.text("reset_token")] {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
        assert!(!text.contains("a very own key") && !text.contains("alice"), "{text}");
        seen += 1;
    }
    assert_eq!(seen, 2);
}

#[test]
fn a_request_without_a_key_costs_no_call_and_one_with_a_key_two() {
    let server = Server::start();
    let calls = |answer: Answer| {
        let calls = server.trace(&answer.expect(201).text("correlation_id"));
        calls.iter().map(|c| c["operation"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(calls(server.try_begin("alice", "reset")), ["GetItem", "UpdateItem", "PutItem"]);
    let with = calls(keyed(&server, "k", "", "/v1/resets", &begin_body()));
    assert_eq!(with, ["PutItem", "GetItem", "UpdateItem", "PutItem", "UpdateItem"]);
    server.sign_in(ADMIN, OLD).refused(401, "invalid_credentials");
}
