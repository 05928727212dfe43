//! The local server as a process: what it acknowledged survives a kill, and nothing is ever half done.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

mod readme;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::flow::Reset;
use tests::people::{ADMIN, ADMIN_PASSWORD, OLD, work};
use tests::process::Process;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sspr-under-test");

/// Kills of the server while a password is being set.
const KILLS: u32 = 200;
/// Time from the sending of a completing call to the first kill.
const FIRST_AIM: Duration = Duration::from_millis(20);
/// Servers that are killed side by side.
const PARTS: usize = 4;

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Kills the server some time after a completing call was sent; what the call was answered, if it was.
fn kill_during(server: Process, reset: &Reset, password: &str, after: Duration) -> Option<Answer> {
    std::thread::scope(|scope| {
        let body = json!({ "new_password": password }).to_string();
        let bearer = format!("Bearer {}", reset.token);
        let client = server.clone();
        let call = scope.spawn(move || {
            let headers =
                [("content-type", "application/json"), ("authorization", bearer.as_str())];
            client.try_send("POST", "/v1/resets/complete", &headers, body.as_bytes()).ok()
        });
        std::thread::sleep(after);
        server.kill();
        call.join().unwrap()
    })
}

/// Whether the new password is the account's, after checking that exactly one of both is.
fn is_reset(client: &Client, old: &str, new: &str) -> bool {
    let statuses = [old, new].map(|password| client.sign_in("alice", password).status);
    let signed_in = statuses.map(|status| status == 200);
    assert!(signed_in[0] != signed_in[1], "half a reset: {statuses:?}");
    signed_in[1]
}

/// Notices of a reset that the person was sent.
fn told(client: &Client, reset: &Reset) -> usize {
    let messages = client.outbox(&work("alice"));
    let ours =
        |m: &&Value| m["correlation_id"] == reset.correlation.as_str() && m["kind"] == "notice";
    messages.iter().filter(ours).count()
}

/// A deliverer that was killed had the message to itself for a minute.
const LEASE: u32 = 61;

/// Kills one server again and again; how often before and after the commit.
fn kill_again_and_again(part: u32) -> (u32, u32) {
    let dir = folder(&format!("kills-{part}"));
    let mut server = Process::start(PROGRAM, &dir);
    server.person(&server.admin(), "alice");
    let (mut before, mut after) = (0, 0);
    let mut old = OLD.to_owned();
    // Moves towards the commit from both sides, however fast the machine is.
    let mut aim = FIRST_AIM;
    for kill in (part..KILLS).step_by(PARTS) {
        let new = format!("Quiet volcano number {kill} borrows ladders");
        let reset = server.ready("alice", "reset");
        // One kill in five comes late, to meet what follows the commit.
        let wait = if kill / 4 % 5 == 4 { aim * 2 } else { aim };
        let answer = kill_during(server, &reset, &new, wait);
        server = Process::start(PROGRAM, &dir);
        let acknowledged = answer.is_some_and(|a| a.status == 200);
        if is_reset(&server, &old, &new) {
            after += 1;
            aim = aim * 4 / 5;
        } else {
            before += 1;
            aim = aim * 6 / 5 + Duration::from_micros(100);
            assert!(!acknowledged, "an acknowledged reset was lost");
            assert_eq!(told(&server, &reset), 0, "told of what did not happen");
        }
        // The client that got no answer repeats its call. Its success also clears the counters for the next round.
        reset.on(&server).complete(&new).expect(200);
        if told(&server, &reset) == 0 {
            server.advance(LEASE);
        }
        assert!(told(&server, &reset) >= 1, "kill {kill}: never told");
        old = new;
    }
    let query = "resets?username=alice&result=succeeded&limit=1000";
    let resets = server.report(&server.admin(), query).len();
    assert_eq!(resets, (part..KILLS).step_by(PARTS).count(), "one row for each reset");
    server.kill();
    std::fs::remove_dir_all(dir).unwrap();
    (before, after)
}

#[test]
fn of_200_kills_during_completes_none_leaves_half_a_reset_or_loses_a_notice() {
    let parts = std::thread::scope(|scope| {
        let run = |part| scope.spawn(move || kill_again_and_again(part));
        let running: Vec<_> = (0..).take(PARTS).map(run).collect();
        running.into_iter().map(|part| part.join().unwrap()).collect::<Vec<_>>()
    });
    let (before, after) = parts.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    println!("{before} kills before the commit, {after} after it");
    assert_eq!(before + after, KILLS);
    assert!(before > 0 && after > 0, "the kills must meet both sides: {before}, {after}");
}

#[test]
fn what_was_stored_is_there_after_a_stop_and_the_first_administrator_is_made_once() {
    let dir = folder("restart");
    let server = Process::start(PROGRAM, &dir);
    let admin = server.admin();
    server.person(&admin, "alice");
    server.advance(1000);
    let sent = server.outbox("").len();
    let (status, rest) = server.stop();
    assert!(status.success(), "{status} {rest}");
    let server = Process::start(PROGRAM, &dir);
    server.get("/v1/admin/users/alice", &admin).expect(200);
    server.sign_in("alice", OLD).expect(200);
    server.sign_in(ADMIN, ADMIN_PASSWORD).expect(200);
    assert_eq!(server.outbox("").len(), sent, "the outbox is kept, and nothing is sent again");
    let second = Command::new(PROGRAM)
        .args(["serve", "--data", dir.to_str().unwrap(), "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert!(!second.status.success(), "two servers on one folder");
    drop(server);
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn without_dev_there_are_no_seams() {
    let dir = folder("plain");
    let server = Process::start_with(PROGRAM, &["serve", "--data", dir.to_str().unwrap()]);
    for path in ["/dev/outbox", "/dev/trace", "/dev/counters", "/dev/clock", "/dev/faults"] {
        server.get(path, "").refused(404, "not_found");
        server.post(path, "", json!({})).refused(404, "not_found");
    }
    server.get("/v1/health", "").expect(200);
    drop(server);
    std::fs::remove_dir_all(dir).unwrap();
}
