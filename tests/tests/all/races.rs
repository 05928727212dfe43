//! Many at once: what may happen once happens once, and what may be tried five times is answered five times. Counted
//! are the answers given, never a stored counter.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread::scope;

use serde_json::{Value, json};
use tests::client::Answer;
use tests::flow::{Reset, other_code};
use tests::people::{NEW, OLD, home, mobile, work};
use tests::server::Server;

/// Runs `call` in as many threads at the same moment and collects what was answered.
fn at_once(threads: usize, call: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let start = Barrier::new(threads);
    scope(|scope| {
        let run = |n| {
            let (start, call) = (&start, &call);
            scope.spawn(move || {
                start.wait();
                call(n)
            })
        };
        let running: Vec<_> = (0..threads).map(run).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// How often each status and code was answered.
fn tally(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(format!("{} {}", answer.status, answer.code())).or_default() += 1;
    }
    counts
}

fn counted(tally: &BTreeMap<String, usize>, what: &str) -> usize {
    tally.get(what).copied().unwrap_or_default()
}

/// A challenge by mail of a registered person, and its code.
fn asked(server: &Server, username: &str) -> (Reset, String) {
    let reset = server.begin(username, "reset");
    reset.challenge("email", &home(username)).expect(202);
    let code = server.code(&home(username));
    (reset, code)
}

#[test]
fn of_400_parallel_wrong_codes_at_most_five_are_answered_and_the_right_one_is_refused_afterwards() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let (mut reset, code) = asked(&server, "alice");
    let wrong = other_code(&code);
    let answers = at_once(400, |_| reset.verify_with(&reset.token, "email", &wrong));
    let seen = tally(&answers);
    let judged = counted(&seen, "422 proof_incorrect");
    assert!((1..=5).contains(&judged), "{seen:?}");
    assert_eq!(judged + counted(&seen, "429 throttled"), 400, "{seen:?}");
    reset.verify("email", &code).refused(429, "throttled");
}

#[test]
fn a_new_attempt_buys_no_guesses_in_parallel_either() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let attempts: Vec<(Reset, String)> = (0..4).map(|_| asked(&server, "alice")).collect();
    let answers = at_once(80, |n| {
        let (reset, code) = &attempts[n % attempts.len()];
        reset.verify_with(&reset.token, "email", &other_code(code))
    });
    let seen = tally(&answers);
    assert!(counted(&seen, "422 proof_incorrect") <= 5, "{seen:?}");
    assert_eq!(
        counted(&seen, "422 proof_incorrect") + counted(&seen, "429 throttled"),
        80,
        "{seen:?}"
    );
}

#[test]
fn of_64_parallel_right_codes_one_passes_one_gate() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let (reset, code) = asked(&server, "alice");
    let answers = at_once(64, |_| reset.verify_with(&reset.token, "email", &code));
    let passed: Vec<&Answer> = answers.iter().filter(|a| a.status == 200).collect();
    assert_eq!(passed.len(), 1, "{:?}", tally(&answers));
    assert!(answers.iter().all(|a| a.status < 500), "{:?}", tally(&answers));
    let current = server.get("/v1/resets/current", &passed[0].text("reset_token"));
    let current = current.expect(200).json();
    assert_eq!((&current["step"], &current["status"]), (&json!(2), &json!("open")));
}

#[test]
fn of_48_parallel_completes_one_password_is_set_one_notice_sent_one_entry_written() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.ready("alice", "reset");
    let password = |n: usize| format!("Quiet volcano number {n} borrows ladders");
    let answers = at_once(48, |n| reset.complete(&password(n)));
    let seen = tally(&answers);
    assert_eq!(counted(&seen, "200 "), 1, "{seen:?}");
    assert!(answers.iter().all(|a| a.status < 500), "{seen:?}");
    let winner = answers.iter().position(|a| a.status == 200).unwrap();
    server.sign_in("alice", &password(winner)).expect(200);
    server.sign_in("alice", OLD).refused(401, "invalid_credentials");
    let told = |to: &str| {
        let all = server.outbox(to);
        let ours =
            |m: &&Value| m["correlation_id"] == reset.correlation.as_str() && m["kind"] == "notice";
        all.iter().filter(ours).count()
    };
    assert_eq!([told(&home("alice")), told(&work("alice"))], [1, 1]);
    let audit = server.report(&admin, &format!("audit?correlation_id={}", reset.correlation));
    let done = audit.iter().filter(|e| e["activity"] == "Reset password (self-service)");
    assert_eq!(done.count(), 1, "{audit:#?}");
    tests::flow::one_row(&server, &admin, "alice", &reset.correlation);
}

#[test]
fn the_losers_of_parallel_completes_did_not_set_their_password() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let reset = server.ready("alice", "reset");
    let password = |n: usize| format!("Quiet volcano number {n} borrows ladders");
    let answers = at_once(6, |n| reset.complete(&password(n)));
    let signing_in: Vec<u16> =
        (0..6).map(|n| server.sign_in("alice", &password(n)).status).collect();
    let completed: Vec<u16> = answers.iter().map(|a| a.status).collect();
    for (n, (signed_in, completed)) in signing_in.iter().zip(&completed).enumerate() {
        assert_eq!(*signed_in == 200, *completed == 200, "{n}: {signing_in:?} {completed:?}");
    }
}

#[test]
fn of_two_ready_attempts_one_completes() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let ready: Vec<Reset> = (0..2)
        .map(|_| {
            let reset = server.ready("alice", "reset");
            server.advance(31);
            reset
        })
        .collect();
    let password = |n: usize| format!("Quiet volcano number {n} borrows ladders");
    let answers = at_once(2, |n| ready[n].complete(&password(n)));
    let seen = tally(&answers);
    assert_eq!(counted(&seen, "200 "), 1, "{seen:?}");
    assert_eq!(counted(&seen, "410 reset_finished"), 1, "{seen:?}");
    let winner = answers.iter().position(|a| a.status == 200).unwrap();
    server.sign_in("alice", &password(winner)).expect(200);
    server.sign_in("alice", &password(1 - winner)).refused(401, "invalid_credentials");
}

#[test]
fn an_attempt_that_is_ready_dies_with_the_first_one_completed() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let first = server.ready("alice", "reset");
    let second = server.ready("alice", "reset");
    first.complete(NEW).expect(200);
    second.complete("Another fine password 5 words").refused(410, "reset_finished");
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn of_60_parallel_wrong_sign_ins_at_most_ten_are_compared() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    for name in ["alice", "nobody"] {
        let before = server.counter("argon2");
        let answers = at_once(60, |n| server.sign_in(name, &format!("wrong guess number {n}")));
        let seen = tally(&answers);
        let compared = counted(&seen, "401 invalid_credentials");
        assert!((1..=10).contains(&compared), "{name}: {seen:?}");
        assert_eq!(compared + counted(&seen, "423 account_locked"), 60, "{name}: {seen:?}");
        assert!(server.counter("argon2") - before <= 10, "{name}");
        server.sign_in(name, OLD).refused(423, "account_locked");
    }
}

#[test]
fn of_60_parallel_sign_ins_with_one_wrong_password_one_counts() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    for name in ["alice", "nobody"] {
        let answers = at_once(60, |_| server.sign_in(name, "wrong guess number 0"));
        let seen = tally(&answers);
        let compared = counted(&seen, "401 invalid_credentials");
        assert_eq!(compared + counted(&seen, "423 account_locked"), 60, "{name}: {seen:?}");
        // Nine more are compared, and no more.
        for n in 1..10 {
            let wrong = server.sign_in(name, &format!("wrong guess number {n}"));
            wrong.refused(401, "invalid_credentials");
        }
        server.sign_in(name, OLD).refused(423, "account_locked");
        let entries = server.report(&admin, &format!("audit?username={name}"));
        let locks = entries.iter().filter(|e| e["activity"] == "Sign-in locked").count();
        assert_eq!(locks, 1, "{name}: {entries:#?}");
    }
}

#[test]
fn of_60_parallel_wrong_sign_ins_one_lock_is_recorded() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    at_once(60, |n| server.sign_in("alice", &format!("wrong guess number {n}")));
    server.sign_in("alice", OLD).refused(423, "account_locked");
    let entries = server.report(&admin, "audit?username=alice");
    let locks = entries.iter().filter(|e| e["activity"] == "Sign-in locked").count();
    assert_eq!(locks, 1, "{entries:#?}");
}

#[test]
fn parallel_challenges_send_one_code() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let before = server.codes(&home("alice")).len();
    let reset = server.begin("alice", "reset");
    let answers = at_once(24, |_| reset.challenge("email", &home("alice")));
    let seen = tally(&answers);
    let accepted = counted(&seen, "202 ");
    assert_eq!(accepted, 1, "{seen:?}");
    assert_eq!(counted(&seen, "429 throttled"), 23, "{seen:?}");
    assert_eq!(server.codes(&home("alice")).len() - before, 1);
}

#[test]
fn parallel_creations_of_one_account_make_one() {
    let server = Server::start();
    let admin = server.admin();
    let answers = at_once(16, |n| {
        let members = json!({"display_name": format!("Number {n}"), "initial_password": OLD});
        server.put_user(&admin, "alice", &members)
    });
    let seen = tally(&answers);
    assert_eq!(counted(&seen, "201 "), 1, "{seen:?}");
    assert!(answers.iter().all(|a| a.status < 500), "{seen:?}");
}
