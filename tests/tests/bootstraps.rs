//! Every function as its own binary, as Lambda starts it: fed with its folder of `events/`, held to its role.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by stopping"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tests::cloud::Cloud;
use tests::loopback::Loopback;
use tests::runtime_api::Function;

/// Far above what any event takes, also while the machine is busy.
const LIMIT: Duration = Duration::from_secs(60);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The folder of the bootstraps, built if they are not fresh: `cargo test` builds no binaries of other packages.
fn bootstraps() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // …/target/debug/deps/bootstraps-0123456789abcdef
        let test = std::env::current_exe().unwrap();
        let folder = test.ancestors().nth(2).unwrap();
        let profile = match folder.file_name().and_then(|n| n.to_str()).unwrap() {
            "debug" => "dev",
            named => named,
        };
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--locked", "--quiet", "--workspace", "--bins", "--profile", profile]);
        let built = build.arg("--target-dir").arg(folder.parent().unwrap()).status().unwrap();
        assert!(built.success(), "the bootstraps do not build");
        folder.to_owned()
    })
}

/// A function's process with its cloud.
struct Running {
    function: Function,
    cloud: Arc<Cloud>,
    name: String,
    _endpoint: Loopback,
}

impl Running {
    fn start(name: &str, cloud: &Arc<Cloud>) -> Self {
        let endpoint = cloud.endpoint(name).unwrap();
        let environment = Cloud::environment(&endpoint);
        let function = Function::start(&bootstraps().join(name), name, &environment).unwrap();
        Self { function, cloud: Arc::clone(cloud), name: name.to_owned(), _endpoint: endpoint }
    }

    fn invoke(&self, event: &Value) -> Value {
        let answer = self.function.invoke(event, LIMIT);
        answer.unwrap_or_else(|e| panic!("{}: {e:?}", self.name))
    }

    /// Nothing was refused by the role, and no secret of the events stands in the log.
    fn finish(self) {
        let denied = self.cloud.denied(&self.name);
        assert!(denied.is_empty(), "{} needs what its role does not grant: {denied:#?}", self.name);
        for line in self.function.log() {
            for secret in ["at_", "rt_", "correct horse", "ferry otter", "argon2id"] {
                assert!(!line.contains(secret), "{} logs a secret: {line}", self.name);
            }
        }
    }
}

/// The events of a function and what each must be answered with, in the order of their names.
fn events(function: &str) -> Vec<(String, Value, Value)> {
    let read = |path: &str| -> Value {
        let text = std::fs::read_to_string(root().join("events").join(path)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let expected: BTreeMap<String, Value> = serde_json::from_value(read("expected.json")).unwrap();
    let own = expected.into_iter().filter(|(path, _)| path.starts_with(&format!("{function}/")));
    own.map(|(path, answer)| (path.clone(), read(&path), answer)).collect()
}

/// Feeds a function its gateway events and collects what is wrong.
fn answers_http(function: &str) {
    let running = Running::start(function, &Cloud::new().unwrap());
    let mut wrong = Vec::new();
    for (path, event, expected) in events(function) {
        let answer = running.invoke(&event);
        wrong.extend(flaws(&answer, &expected["empty"]).iter().map(|f| format!("{path}: {f}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    running.finish();
}

/// What is wrong with an answer, beside its status: every answer has what api.md §1 promises of every answer.
fn flaws(answer: &Value, status: &Value) -> Vec<String> {
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
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ] {
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

/// Feeds a function events that are no requests; its answers are compared whole.
fn answers_events(function: &str) {
    let running = Running::start(function, &Cloud::new().unwrap());
    for (path, event, expected) in events(function) {
        assert_eq!(running.invoke(&event), expected["answer"], "{path}");
    }
    running.finish();
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

#[test]
fn every_function_has_events_and_every_event_a_function() {
    let folders = |of: &str| -> Vec<String> {
        let entries = std::fs::read_dir(root().join(of)).unwrap().map(Result::unwrap);
        let folders = entries.filter(|e| e.file_type().unwrap().is_dir());
        let mut names: Vec<_> = folders.map(|e| e.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(folders("functions"), folders("events"));
}
