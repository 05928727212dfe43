//! A server as a client sees it: the developers' routes, restarts, the lock, signals.
#![expect(clippy::unwrap_used, reason = "a test may end where it fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use sspr::seed::{ADMIN, PEOPLE};
use sspr::server::{Options, Running, start};

/// Status, headers in lower case and body of one request.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn send(addr: SocketAddr, head: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).unwrap();
    let length = body.len();
    let request = format!(
        "{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

fn get(addr: SocketAddr, path: &str) -> Answer {
    send(addr, &format!("GET {path} HTTP/1.1"), "")
}

fn post(addr: SocketAddr, path: &str, body: &str) -> Answer {
    send(addr, &format!("POST {path} HTTP/1.1\r\ncontent-type: application/json"), body)
}

fn in_memory() -> Running {
    start(Options::in_memory()).unwrap()
}

fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sspr-server-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// The command, serving a folder on a free port; killed when dropped.
struct Process {
    child: Child,
    addr: SocketAddr,
}

impl Process {
    fn serve(data: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sspr"));
        command.args(["serve", "--data"]).arg(data).args(more);
        command.env("SSPR_BOOTSTRAP_ADMIN", "root.admin:Nineteen pelicans: waltz");
        Self::start(command).0
    }

    /// The process, once it accepts requests, and what it printed before.
    fn start(mut command: Command) -> (Self, String) {
        command.args(["--listen", "127.0.0.1:0"]);
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut process = Self { child, addr: Options::in_memory().listen };
        let mut printed = String::new();
        for line in BufReader::new(process.child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(addr) = line.strip_prefix("listening on http://") {
                process.addr = addr.parse().unwrap();
                break;
            }
            printed.push_str(&line);
        }
        (process, printed)
    }

    fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_developers_routes_answer_as_the_contract_says() {
    let running = in_memory();
    let addr = running.addr;
    assert_eq!(get(addr, "/dev/outbox").json(), json!({ "messages": [] }));
    let counters = json!({ "argon2": 0, "emails": 0, "texts": 0, "voice": 0 });
    assert_eq!(get(addr, "/dev/counters").json(), counters);
    assert_eq!(get(addr, "/dev/trace?correlation_id=ABCD-EFGH").json(), json!([]));
    let now = post(addr, "/dev/clock", r#"{"advance_seconds":301}"#).json();
    assert!(now["now"].as_str().unwrap().ends_with('Z'), "{now}");
    let order =
        r#"{"service":"dynamodb","operation":"TransactWriteItems","kind":"error","count":1}"#;
    assert_eq!(post(addr, "/dev/faults", order).status, 200);
}

#[test]
fn what_is_not_exactly_right_is_refused_with_a_problem() {
    let running = in_memory();
    for (path, body) in [
        ("/dev/clock", r#"{"advance_seconds":-1}"#),
        ("/dev/clock", r#"{"advance_seconds":1,"by":2}"#),
        ("/dev/clock", "[1]"),
        ("/dev/clock", r#"{"advance_seconds":4000000000}"#),
        ("/dev/faults", r#"{"service":"dynamodb","operation":"*","kind":"error","count":0}"#),
        ("/dev/faults", r#"{"service":"s3","operation":"*","kind":"error"}"#),
    ] {
        let answer = post(running.addr, path, body);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("invalid_request")));
        assert!(answer.head.contains("content-type: application/problem+json"), "{}", answer.head);
    }
    for path in
        ["/dev/outbox?since_id=x", "/dev/outbox?user=x", "/dev/outbox?to=a&to=b", "/dev/trace"]
    {
        assert_eq!(get(running.addr, path).status, 400, "{path}");
    }
    let wrong_type = send(running.addr, "POST /dev/clock HTTP/1.1", "{}");
    assert_eq!(wrong_type.status, 415);
    assert_eq!(get(running.addr, "/dev/clock").status, 405);
}

#[test]
fn people_get_the_outbox_as_a_page_that_loads_nothing() {
    let running = in_memory();
    let head = "GET /dev/outbox HTTP/1.1\r\naccept: text/html,application/xhtml+xml,*/*;q=0.8";
    let page = send(running.addr, head, "");
    assert!(page.head.contains("content-type: text/html; charset=utf-8"), "{}", page.head);
    assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
    assert!(page.head.contains("x-correlation-id: "), "{}", page.head);
    assert!(page.body.contains("No messages."));
}

#[test]
fn without_dev_there_is_nothing_to_develop_with() {
    let running = start(Options { dev: false, ..Options::in_memory() }).unwrap();
    for path in ["/dev/outbox", "/dev/counters", "/dev/trace?correlation_id=x"] {
        let answer = get(running.addr, path);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("not_found")));
    }
}

#[test]
fn two_servers_in_one_process_share_nothing() {
    let (one, two) = (in_memory(), in_memory());
    post(one.addr, "/dev/clock", r#"{"advance_seconds":86400}"#);
    let now = |running: &Running| post(running.addr, "/dev/clock", r#"{"advance_seconds":0}"#);
    assert_ne!(now(&one).json()["now"], now(&two).json()["now"]);
}

#[test]
fn the_command_serves_a_folder_locks_it_and_stops_cleanly() {
    let data = scratch("folder");
    let process = Process::serve(&data, &["--dev"]);
    assert_eq!(get(process.addr, "/dev/counters").status, 200);
    let second = Command::new(env!("CARGO_BIN_EXE_sspr"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("in use by another sspr"), "{said}");
    let moved = post(process.addr, "/dev/clock", r#"{"advance_seconds":86400}"#).json();
    assert_eq!(process.terminate(), Some(0));

    let process = Process::serve(&data, &["--dev"]);
    let after = post(process.addr, "/dev/clock", r#"{"advance_seconds":0}"#).json();
    assert!(after["now"].as_str() > moved["now"].as_str(), "the clock stays where it was moved");
    drop(process);
    std::fs::remove_dir_all(data).unwrap();
}

fn sign_in(addr: SocketAddr, username: &str, password: &str) -> Answer {
    let body = json!({ "username": username, "password": password });
    post(addr, "/v1/sign-in", &body.to_string())
}

#[test]
fn the_first_administrator_signs_in_and_what_was_acknowledged_survives_a_kill() {
    let data = scratch("kill");
    let process = Process::serve(&data, &[]);
    let signed_in = sign_in(process.addr, "Root.Admin", "Nineteen pelicans: waltz");
    assert_eq!(signed_in.status, 200, "{}", signed_in.body);
    let token = signed_in.json()["access_token"].as_str().unwrap().to_owned();
    let put = format!(
        "PUT /v1/admin/users/alice HTTP/1.1\r\ncontent-type: application/json\r\n\
         authorization: Bearer {token}"
    );
    let alice = r#"{"initial_password":"Marmalade tractor under 7","must_change_password":false}"#;
    let created = send(process.addr, &put, alice);
    assert_eq!(created.status, 201, "{}", created.body);
    drop(process);

    let process = Process::serve(&data, &[]);
    let signed_in = sign_in(process.addr, "alice", "Marmalade tractor under 7");
    assert_eq!(signed_in.status, 200, "{}", signed_in.body);
    drop(process);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn the_demonstration_has_the_people_it_prints() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sspr"));
    command.arg("demo");
    let (process, printed) = Process::start(command);
    assert!(printed.contains("alice@home.example"), "{printed}");
    let status = |username: &str| {
        let person = std::iter::once(&ADMIN).chain(&PEOPLE).find(|p| p.username == username);
        sign_in(process.addr, username, person.unwrap().password).status
    };
    let statuses = ["admin", "alice", "bob", "carol", "dave", "helen"].map(status);
    assert_eq!(statuses, [200, 200, 200, 200, 401, 200], "dave is disabled");
    let messages = get(process.addr, "/dev/outbox?to=%2B447700900102").json();
    assert_eq!(messages["messages"][0]["channel"], "voice", "{messages}");
}

#[test]
fn a_trace_is_filed_under_the_support_code_of_the_answer() {
    let running = in_memory();
    let begun = post(running.addr, "/v1/resets", r#"{"username":"nobody","purpose":"reset"}"#);
    assert_eq!(begun.status, 201, "{}", begun.body);
    let id = begun.json()["correlation_id"].as_str().unwrap().to_owned();
    let calls = get(running.addr, &format!("/dev/trace?correlation_id={id}")).json();
    let writes = calls.as_array().unwrap().iter().filter(|call| call["operation"] == "PutItem");
    assert_eq!(writes.count(), 1, "{calls}");
    let function = format!("/dev/trace?correlation_id={id}&function=begin-reset");
    assert_eq!(get(running.addr, &function).json(), calls);
}

#[test]
fn the_command_explains_itself_and_what_is_wrong() {
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_sspr")).args(arguments).output().unwrap()
    };
    let help = run(&["serve", "--help"]);
    assert!(String::from_utf8(help.stdout).unwrap().contains("SSPR_BOOTSTRAP_ADMIN"));
    assert_eq!(run(&["serve"]).status.code(), Some(2));
    let occupied = in_memory();
    let taken = run(&["demo", "--listen", &occupied.addr.to_string()]);
    assert_eq!(taken.status.code(), Some(1));
    let said = String::from_utf8(taken.stderr).unwrap();
    assert!(said.contains("cannot listen on"), "{said}");
}
