//! Faults of the store and of the providers at every call of a reset: nothing is lost, doubled or granted twice, and a
//! call that is repeated, as a client would after an error, comes to its end.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::scope;

use serde_json::{Value, json};
use tests::client::{Answer, is_write};
use tests::flow::{Reset, one_row};
use tests::people::{NEW, OLD, home, mobile, work};
use tests::server::Server;

/// One fault, somewhere in the flow.
#[derive(Debug, Clone)]
struct Case {
    function: &'static str,
    service: &'static str,
    operation: String,
    kind: &'static str,
    count: u32,
    skip: u32,
}

impl Case {
    /// A notice goes out once, or twice where the provider took it and the mark that says so could not be written.
    fn most_notices(&self) -> usize {
        let marks = self.function == "deliver" && self.operation == "UpdateItem";
        if marks && self.kind != "applied_then_lost" { 2 } else { 1 }
    }
}

/// How often a client repeats a call that was answered 503.
const REPEATS: usize = 4;

/// The functions of the flow.
const FUNCTIONS: [&str; 4] = ["begin-reset", "verify-gate", "complete-reset", "deliver"];

/// Every DynamoDB call of a flow without faults: function, operation, and which of its kind it is, from 0.
fn calls() -> Vec<(&'static str, String, u32, bool)> {
    let (server, _) = prepared();
    let quiet = Case {
        function: "",
        service: "",
        operation: String::new(),
        kind: "none",
        count: 0,
        skip: 0,
    };
    let reset = persist(&quiet, &server);
    server.outbox("");
    let mut all = Vec::new();
    for function in FUNCTIONS {
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for call in server.trace_of(function, &reset.correlation) {
            if call["service"] == "dynamodb" {
                let operation = call["operation"].as_str().unwrap().to_owned();
                let skip = seen.entry(operation.clone()).or_default();
                all.push((function, operation, *skip, is_write(&call)));
                *skip += 1;
            }
        }
    }
    all
}

/// One case for each call of the flow that writes, or that reads, and each count.
fn on_calls(writes: bool, kind: &'static str, counts: &[u32]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (function, operation, skip, is_write) in calls() {
        for count in counts.iter().filter(|_| is_write == writes) {
            let (operation, count) = (operation.clone(), *count);
            cases.push(Case { function, service: "dynamodb", operation, kind, count, skip });
        }
    }
    cases
}

/// Repeats a call until it is not answered 503; any other 5xx fails.
#[track_caller]
fn patiently(case: &Case, call: impl Fn() -> Answer) -> Answer {
    for _ in 0..REPEATS {
        let answer = call();
        if answer.status != 503 {
            assert!(answer.status < 500, "{case:?}: {}", answer.body);
            return answer;
        }
        assert_eq!(answer.code(), "unavailable", "{case:?}: {}", answer.body);
    }
    panic!("{case:?}: still 503 after {REPEATS} calls");
}

/// Passes a gate, asking for a new code or beginning anew where a lost reply took the token or the code away. `None` when
/// the attempt is lost to the client (its new token was in the lost reply).
fn gate(case: &Case, reset: &mut Reset, server: &Server, way: (&str, &str)) -> Option<Value> {
    let (method, contact) = way;
    for _ in 0..REPEATS {
        let asked = patiently(case, || reset.challenge(method, contact));
        match asked.status {
            202 => {}
            // The lost challenge was counted and sent.
            429 => {}
            _ => panic!("{case:?}: {}", asked.body),
        }
        let codes = server.codes(contact);
        if let Some(code) = codes.last() {
            let proved = patiently(case, || reset.verify_with(&reset.token, method, code));
            match proved.status {
                200 => {
                    reset.token = proved.text("reset_token");
                    return Some(proved.json());
                }
                401 => return None,
                // Paid twice, or answered from a send that failed: ask again.
                422 | 409 | 410 => {}
                _ => panic!("{case:?}: {}", proved.body),
            }
        }
        server.advance(31);
    }
    panic!("{case:?}: the gate stays shut")
}

/// A two-gate reset as a client with patience does it; begins anew if the attempt was lost. Returns the one completed.
fn persist(case: &Case, server: &Server) -> Reset {
    for _ in 0..3 {
        let begun = patiently(case, || server.try_begin("alice", "reset"));
        let mut reset = Reset::of(server, &begun.expect(201));
        server.codes("");
        let ways = [("email", home("alice")), ("sms", mobile(1))];
        let mut passed = Some(Value::Null);
        for (method, contact) in &ways {
            server.advance(31);
            passed = passed.and_then(|_| gate(case, &mut reset, server, (method, contact)));
        }
        if passed.is_some() {
            let done = patiently(case, || reset.complete(NEW));
            assert_eq!(done.status, 200, "{case:?}: {}", done.body);
            return reset;
        }
    }
    panic!("{case:?}: three attempts were lost")
}

fn prepared() -> (Server, String) {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    (server, admin)
}

/// Runs the flow under one fault and checks what must hold afterwards.
fn check(case: &Case) {
    let (server, _) = prepared();
    server.fault(json!({
        "service": case.service, "operation": case.operation, "kind": case.kind,
        "count": case.count, "skip": case.skip, "function": case.function,
    }));
    let reset = persist(case, &server);
    // The repeat of the call that completed it gets the stored outcome; another password does not.
    let again = reset.complete(NEW);
    assert_eq!(again.status, 200, "{case:?}: {}", again.body);
    assert_eq!(again.json()["status"], "reset", "{case:?}");
    let other = reset.complete("Another fine password 5 words");
    assert_eq!((other.status, other.code().as_str()), (410, "reset_finished"), "{case:?}");
    assert_eq!(server.sign_in("alice", NEW).status, 200, "{case:?}");
    assert_eq!(server.sign_in("alice", OLD).status, 401, "{case:?}");
    // What a failed provider or a lost mark held up is offered again within a minute.
    server.advance(61);
    for to in [home("alice"), work("alice")] {
        let told = server.outbox(&to);
        let ours = told
            .iter()
            .filter(|m| m["correlation_id"] == reset.correlation.as_str() && m["kind"] == "notice");
        assert!((1..=case.most_notices()).contains(&ours.count()), "{case:?}: {to}");
    }
    let admin = server.admin();
    let row = one_row(&server, &admin, "alice", &reset.correlation);
    assert_eq!(
        (&row["result"], &row["methods"]),
        (&json!("succeeded"), &json!(["email", "sms"])),
        "{case:?}"
    );
    let audit = server.report(&admin, &format!("audit?correlation_id={}", reset.correlation));
    let done = audit.iter().filter(|e| e["activity"] == "Reset password (self-service)");
    assert_eq!(done.count(), 1, "{case:?}");
}

/// Runs the cases side by side: most of their time is the SDK waiting before it sends again.
fn check_all(cases: &[Case]) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let tried = std::panic::catch_unwind(|| check(case));
                    if tried.is_err() {
                        failed.lock().unwrap().push(case);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), cases.len());
}

#[test]
fn a_write_whose_reply_is_lost_once_or_for_good_is_neither_lost_nor_doubled() {
    let cases = on_calls(true, "applied_then_lost", &[1, 3]);
    let (first, last) = (cases[0].function, cases[cases.len() - 1].function);
    assert_eq!((first, last, cases.len() > 20), ("begin-reset", "deliver", true));
    check_all(&cases);
}

#[test]
fn a_write_that_is_throttled_fails_or_never_arrives_is_made_good() {
    for kind in ["throttle", "error", "timeout"] {
        check_all(&on_calls(true, kind, &[3]));
    }
}

#[test]
fn a_transaction_that_meets_another_one_is_tried_again() {
    let mut cases = on_calls(true, "conflict", &[1, 2]);
    cases.retain(|case| case.operation == "TransactWriteItems");
    check_all(&cases);
}

#[test]
fn reads_that_fail_are_answered_with_503_at_worst() {
    for kind in ["throttle", "error", "timeout"] {
        check_all(&on_calls(false, kind, &[3]));
    }
}

#[test]
fn providers_that_fail_lose_no_code_and_no_notice() {
    let mut cases = Vec::new();
    for (service, operation) in [("ses", "SendEmail"), ("sns", "Publish")] {
        for kind in ["throttle", "error", "timeout"] {
            for skip in [0, 1] {
                let (function, operation) = ("deliver", operation.to_owned());
                cases.push(Case { function, service, operation, kind, count: 3, skip });
            }
        }
    }
    check_all(&cases);
}
