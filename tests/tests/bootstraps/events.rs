//! Each function and its folder of `events/`, on a store without anybody and among the people of `sspr demo`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tests::cloud::Cloud;
use tests::fleet::{Fleet, demonstration};

use crate::{bootstraps, folders, root};

fn read(path: &str) -> Value {
    let text = std::fs::read_to_string(root().join("events").join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The events of a function and what each must be answered with, in the order of their names.
fn events(function: &str) -> Vec<(String, Value, Value)> {
    let expected: BTreeMap<String, Value> = serde_json::from_value(read("expected.json")).unwrap();
    let own = expected.into_iter().filter(|(path, _)| path.starts_with(&format!("{function}/")));
    own.map(|(path, answer)| (path.clone(), read(&path), answer)).collect()
}

/// Feeds a function its gateway events, on both stores, and collects what is wrong.
fn answers_http(function: &str) {
    let mut wrong = Vec::new();
    for (store, cloud) in [("empty", Cloud::new().unwrap()), ("demo", demonstration())] {
        let fleet = Fleet::new(bootstraps(), cloud);
        for (path, event, expected) in events(function) {
            let event = if store == "demo" { with_tokens(&fleet, &event) } else { event };
            let answer = fleet.invoke(function, &event);
            let mut flaws = flaws(&answer, &expected[store], path.contains("openapi"));
            if path.contains("-not-me--") && is_page(&answer) {
                flaws.retain(|flaw| !flaw.contains("problem") && !flaw.contains("correlation ids"));
            }
            wrong.extend(flaws.iter().map(|f| format!("{store} {path}: {f}")));
        }
        wrong.extend(fleet.flaws());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether an answer is a page for people, which a refusal may be too where they follow a link.
fn is_page(answer: &Value) -> bool {
    answer["headers"]["content-type"] == "text/html; charset=utf-8"
}

/// The event with fresh tokens of the demonstration's people in the place of nobody's.
fn with_tokens(fleet: &Arc<Fleet>, event: &Value) -> Value {
    let mut text = event.to_string();
    let nobodys = read("tokens.json");
    for (whose, (function, case, member)) in [
        ("user", ("sign-in", "post-v1-sign-in--good", "access_token")),
        ("admin", ("sign-in", "post-v1-sign-in--good-admin", "access_token")),
        ("reset", ("begin-reset", "post-v1-resets--good", "reset_token")),
    ] {
        let placeholder = nobodys[whose].as_str().unwrap();
        if text.contains(placeholder) {
            let answer = fleet.invoke(function, &read(&format!("{function}/{case}.json")));
            let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            let token = body[member].as_str();
            text = text.replace(placeholder, token.unwrap_or_else(|| panic!("no token: {body}")));
        }
    }
    serde_json::from_str(&text).unwrap()
}

/// What is wrong with an answer, beside its status: every answer has what api.md §1 promises of every answer.
fn flaws(answer: &Value, status: &Value, is_asset: bool) -> Vec<String> {
    let mut flaws = Vec::new();
    let mut expect = |right: bool, flaw: String| {
        if !right {
            flaws.push(flaw);
        }
    };
    let given = &answer["statusCode"];
    let body = answer["body"].as_str().unwrap_or_default();
    expect(given == status, format!("{given} instead of {status}: {body:.300}"));
    let header = |name: &str| answer["headers"][name].as_str().unwrap_or_default();
    let correlation = header("x-correlation-id");
    expect(correlation.len() == 9, format!("correlation id {correlation:?}"));
    let kept = header("cache-control");
    expect(kept == "no-store" || is_asset, format!("cache-control: {kept:?}"));
    for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "same-origin")]
    {
        expect(header(name) == value, format!("{name}: {:?}", header(name)));
    }
    let hsts = header("strict-transport-security");
    expect(hsts.starts_with("max-age="), format!("strict-transport-security: {hsts:?}"));
    if given.as_u64().is_some_and(|s| s >= 400) {
        let problem: Value = serde_json::from_str(body).unwrap_or_default();
        let kind = header("content-type");
        expect(kind == "application/problem+json", format!("a problem as {kind:?}"));
        expect(problem["status"] == *given, format!("the problem says {}", problem["status"]));
        expect(problem["code"].is_string(), String::from("a problem without a code"));
        expect(problem["correlation_id"] == correlation, String::from("two correlation ids"));
        let allow = given != 405 || !header("allow").is_empty();
        expect(allow, String::from("405 without Allow"));
    }
    flaws
}

/// Feeds a function events that are no requests, on both stores; its answers are compared whole.
fn answers_events(function: &str) {
    for cloud in [Cloud::new().unwrap(), demonstration()] {
        let fleet = Fleet::new(bootstraps(), cloud);
        for (path, event, expected) in events(function) {
            assert_eq!(fleet.invoke(function, &event), expected["answer"], "{path}");
        }
        assert_eq!(fleet.flaws(), Vec::<String>::new());
    }
}

#[test]
fn sign_in_answers_its_events() {
    answers_http("sign-in");
}

#[test]
fn register_answers_its_events() {
    answers_http("register");
}

#[test]
fn begin_reset_answers_its_events() {
    answers_http("begin-reset");
}

#[test]
fn verify_gate_answers_its_events() {
    answers_http("verify-gate");
}

#[test]
fn complete_reset_answers_its_events() {
    answers_http("complete-reset");
}

#[test]
fn unlock_answers_its_events() {
    answers_http("unlock");
}

#[test]
fn change_answers_its_events() {
    answers_http("change");
}

#[test]
fn configure_answers_its_events() {
    answers_http("configure");
}

#[test]
fn manage_users_answers_its_events() {
    answers_http("manage-users");
}

#[test]
fn report_answers_its_events() {
    answers_http("report");
}

#[test]
fn portal_answers_its_events() {
    answers_http("portal");
}

#[test]
fn deliver_answers_its_stream() {
    answers_events("deliver");
}

#[test]
fn sweep_answers_its_schedule() {
    answers_events("sweep");
}

/// A row that cannot be read is passed over, and its neighbour's mail goes out, once.
#[test]
fn a_bad_row_does_not_hold_up_its_neighbours() {
    for case in ["stream--bad-unknown-kind", "stream--bad-missing-attributes"] {
        let fleet = Fleet::new(bootstraps(), Cloud::new().unwrap());
        fleet.invoke("deliver", &read(&format!("deliver/{case}.json")));
        let sent = fleet.cloud.take_sent();
        let to: Vec<_> = sent.iter().map(|d| d.to.as_str()).collect();
        assert_eq!(to, ["alice@home.example"], "{case}");
    }
}

#[test]
fn every_function_has_events_and_every_event_a_function() {
    assert_eq!(folders("functions"), folders("events"));
}
