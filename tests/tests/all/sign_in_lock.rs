//! Lockout (LCK-01): what counts as a failed sign-in, what it locks, and for how long.

use serde_json::{Value, json};
use tests::client::Answer;
use tests::people::{NEW, OLD};
use tests::server::Server;

fn wrong(server: &Server, name: &str, n: usize) -> Answer {
    server.sign_in(name, &format!("wrong guess number {n}"))
}

/// Failures by different wrong passwords.
fn fail(server: &Server, name: &str, numbers: std::ops::Range<usize>) {
    for n in numbers {
        wrong(server, name, n).refused(401, "invalid_credentials");
    }
}

fn retry_after(server: &Server, name: &str) -> u64 {
    let locked = server.sign_in(name, OLD).refused(423, "account_locked").json();
    locked["retry_after"].as_u64().unwrap()
}

/// Entries of the audit that say a name was locked.
fn locks(server: &Server, name: &str) -> usize {
    let entries = server.report(&server.admin(), &format!("audit?username={name}"));
    entries.iter().filter(|e| e["activity"] == "Sign-in locked").count()
}

#[test]
fn nine_failures_do_not_lock_and_the_tenth_does() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    fail(&server, "alice", 0..9);
    server.sign_in("alice", OLD).expect(200);
    fail(&server, "alice", 0..10);
    assert!((1..=60).contains(&retry_after(&server, "alice")));
}

#[test]
fn the_lock_doubles_with_each_failure_up_to_an_hour() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    for name in ["alice", "nobody"] {
        fail(&server, name, 0..10);
        for (n, seconds) in (10..).zip([60, 120, 240, 480, 960, 1_920, 3_600, 3_600]) {
            let left = u32::try_from(retry_after(&server, name)).unwrap();
            assert!((seconds / 3 * 2..=seconds).contains(&left), "{name} {n}: {left} of {seconds}");
            server.advance(left - 15);
            server.sign_in(name, OLD).refused(423, "account_locked");
            server.advance(16);
            wrong(&server, name, n).refused(401, "invalid_credentials");
        }
    }
}

#[test]
fn the_numbers_are_the_organisations() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    server.configure(&admin, |c| {
        c["lockout"] = json!({"threshold": 3, "seconds": 10, "max_seconds": 15});
    });
    fail(&server, "alice", 0..3);
    assert!((1..=10).contains(&retry_after(&server, "alice")));
    server.advance(11);
    fail(&server, "alice", 3..4);
    assert!((11..=15).contains(&retry_after(&server, "alice")));
    server.advance(16);
    fail(&server, "alice", 4..5);
    assert!((11..=15).contains(&retry_after(&server, "alice")));
}

#[test]
fn the_same_wrong_password_counts_once_however_often_it_comes() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    for name in ["alice", "nobody"] {
        for _ in 0..25 {
            wrong(&server, name, 0).refused(401, "invalid_credentials");
        }
        fail(&server, name, 1..9);
        // Nine count: the tenth is still compared.
        wrong(&server, name, 8).refused(401, "invalid_credentials");
        wrong(&server, name, 9).refused(401, "invalid_credentials");
        server.sign_in(name, OLD).refused(423, "account_locked");
    }
    assert_eq!((locks(&server, "alice"), locks(&server, "nobody")), (1, 1));
}

#[test]
fn three_wrong_passwords_are_remembered_and_the_fourth_drives_out_the_first() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    // Three in turn, as devices do that were not told: they count three together.
    for _ in 0..6 {
        fail(&server, "alice", 0..3);
    }
    server.sign_in("alice", OLD).expect(200);
    // Four in turn are always new: the third round would be the eleventh.
    fail(&server, "alice", 0..4);
    fail(&server, "alice", 0..4);
    fail(&server, "alice", 0..2);
    server.sign_in("alice", OLD).refused(423, "account_locked");
}

#[test]
fn after_a_lock_a_remembered_password_does_not_lock_again_and_a_new_one_does() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    fail(&server, "alice", 0..10);
    server.advance(61);
    for _ in 0..3 {
        wrong(&server, "alice", 9).refused(401, "invalid_credentials");
    }
    fail(&server, "alice", 10..11);
    assert!((61..=120).contains(&retry_after(&server, "alice")));
    assert_eq!(locks(&server, "alice"), 2);
}

#[test]
fn a_success_forgets_the_failures_and_what_was_remembered() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    fail(&server, "alice", 0..9);
    server.sign_in("alice", OLD).expect(200);
    fail(&server, "alice", 0..9);
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn a_password_that_was_wrong_before_a_reset_and_is_right_after_it_signs_in() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    for _ in 0..3 {
        server.sign_in("alice", NEW).refused(401, "invalid_credentials");
    }
    server.ready("alice", "reset").complete(NEW).expect(200);
    // Failures of before are void, and the former password is a new wrong one.
    for _ in 0..12 {
        server.sign_in("alice", OLD).refused(401, "invalid_credentials");
    }
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn changing_a_password_counts_and_remembers_like_signing_in() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let change = |current: &str| {
        let body = json!({"username": "alice", "current_password": current, "new_password": NEW});
        server.post("/v1/password/change", "", body)
    };
    for _ in 0..12 {
        change("wrong guess number 0").refused(401, "invalid_credentials");
        wrong(&server, "alice", 0).refused(401, "invalid_credentials");
    }
    for n in 1..10 {
        change(&format!("wrong guess number {n}")).refused(401, "invalid_credentials");
    }
    change(OLD).refused(423, "account_locked");
}

/// What was done for one sign-in, without the values.
fn work(server: &Server, answer: &Answer, hashes: u64) -> Vec<String> {
    let calls = server.trace(answer.header("x-correlation-id"));
    let shown = |call: &Value| {
        ["operation", "table", "request_bytes", "response_bytes"]
            .map(|member| call[member].to_string())
            .join(" ")
    };
    let mut work: Vec<String> = calls.iter().map(shown).collect();
    work.push(format!("{} {} bytes, {hashes} hashes", answer.status, answer.body.len()));
    work
}

#[test]
fn a_repeated_wrong_password_costs_the_same_work_as_another() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    for name in ["alice", "nobdy"] {
        let operations = |n: usize| {
            let before = server.counter("argon2");
            let answer = wrong(&server, name, n);
            let work = work(&server, &answer, server.counter("argon2") - before);
            work.iter()
                .map(|w| w.split_once("\" ").map_or(w.clone(), |(o, _)| o.to_owned()))
                .collect::<Vec<_>>()
        };
        fail(&server, name, 0..3);
        let (repeated, other) = (operations(2), operations(3));
        assert_eq!(repeated, other, "{name}");
        assert!(repeated.last().unwrap().ends_with("1 hashes"), "{repeated:?}");
    }
}

#[test]
fn sign_ins_of_one_wrong_password_and_of_many_look_alike_for_names_that_exist_and_that_do_not() {
    let looks = ["alice", "nobdy"].map(|name| {
        let server = Server::start();
        server.create(&server.admin(), "alice");
        server.advance(100);
        let numbers = [0, 0, 1, 2, 0, 3, 3, 4, 5, 6, 7, 8, 9, 9];
        numbers.map(|n| {
            let before = server.counter("argon2");
            let answer = wrong(&server, name, n);
            let mut work = work(&server, &answer, server.counter("argon2") - before);
            // What the first read finds of an account differs, and is shown to nobody.
            work.remove(0);
            work
        })
    });
    assert_eq!(looks[0], looks[1]);
}

#[test]
fn a_lost_reply_neither_forgives_a_failure_nor_locks_early() {
    for skip in 0..3 {
        let server = Server::start();
        server.create(&server.admin(), "alice");
        fail(&server, "alice", 0..2);
        server.fault(json!({
            "service": "dynamodb", "operation": "UpdateItem", "kind": "applied_then_lost",
            "count": 1, "skip": skip, "function": "sign-in",
        }));
        // A repeat, of which first the payment's reply is lost, then the giving back's, then none.
        wrong(&server, "alice", 1).refused(401, "invalid_credentials");
        wrong(&server, "alice", 1).refused(401, "invalid_credentials");
        // A payment that was lost counts once too often, nothing counts too little.
        let rest = if skip == 1 { 2..10 } else { 2..9 };
        fail(&server, "alice", rest);
        server.sign_in("alice", OLD).refused(423, "account_locked");
    }
}
