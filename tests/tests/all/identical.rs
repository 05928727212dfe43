//! Under `account_disclosure: none` nobody can tell accounts apart: not by an answer, and not by what the product did in
//! the background of it, call by call, to the byte.
//!
//! Every kind of account is looked at on a server of its own with the same people, so that nothing but the account
//! differs. Names have one length, and so have the addresses typed.

use serde_json::{Value, json};
use tests::client::Answer;
use tests::flow::Reset;
use tests::people::{NEW, OLD, home, mobile};
use tests::server::Server;

/// What an account can be, and the name it has on every server.
const KINDS: [(&str, &str); 7] = [
    ("registered", "alice"),
    ("unknown", "nobdy"),
    ("unregistered", "uriah"),
    ("disabled", "dinah"),
    ("locked", "lenny"),
    ("administrator", "abbot"),
    ("out of scope", "oscar"),
];

fn populated() -> Server {
    let server = Server::start();
    let admin = server.admin();
    for (n, name) in [(1, "alice"), (2, "dinah"), (3, "lenny"), (4, "abbot"), (5, "oscar")] {
        server.person_with_phone(&admin, name, &mobile(n));
    }
    server.create(&admin, "uriah");
    server.change_user(&admin, "abbot", &json!({"roles": ["admin"]}));
    server.change_user(&admin, "dinah", &json!({"enabled": false}));
    server.change_user(&admin, "oscar", &json!({"groups": ["outside"]}));
    for n in 0..10 {
        server.sign_in("lenny", &format!("wrong guess number {n}")).expect(401);
    }
    server.configure(&admin, |c| c["exclude_groups"] = json!(["outside"]));
    for (_, name) in KINDS.iter().filter(|(kind, _)| *kind != "unknown") {
        // What registering has used up of today's texts is not a matter of the kind of account.
        server.post(&format!("/v1/admin/users/{name}/unblock"), &admin, Value::Null).expect(200);
    }
    server
}

/// One answer without what differs by chance: ids and tokens by their length, digits by theirs.
fn seen(what: &str, answer: &Answer) -> String {
    let mut body = answer.body.clone();
    for chance in [answer.text("reset_token"), answer.header("x-correlation-id").to_owned()] {
        if !chance.is_empty() {
            body = body.replace(&chance, &format!("<{}>", chance.len()));
        }
    }
    let digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "9");
    let headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| name != "date" && name != "x-correlation-id")
        .map(|(name, value)| format!("{name}: {}", digits(value)))
        .collect();
    let length = answer.body.len();
    format!("{what}: {} {headers:?} {length} {}", answer.status, digits(&body))
}

/// What was asked of AWS for an attempt, without the values.
fn behind(server: &Server, reset: &Reset) -> Vec<String> {
    let shown = |call: &Value| {
        let member = |name: &str| call[name].to_string();
        ["service", "operation", "table", "request_bytes", "response_bytes", "consumed"]
            .map(member)
            .join(" ")
    };
    server.trace(&reset.correlation).iter().map(shown).collect()
}

/// The digits of times since begin have one length from here on.
const SETTLED: u32 = 100;

/// Everything that can be done to an account without its codes, as an onlooker sees it.
fn look_at(server: &Server, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    let begun = server.try_begin(name, "reset");
    all.push(seen("begin", &begun));
    let reset = Reset::of(server, &begun);
    server.advance(SETTLED);
    all.push(seen("current", &reset.current()));
    all.push(seen("challenge email", &reset.challenge("email", &home(name))));
    server.outbox("");
    all.push(seen("current after a challenge", &reset.current()));
    all.push(seen("challenge again at once", &reset.challenge("email", &home(name))));
    for n in 1..=7 {
        let wrong = reset.verify_with(&reset.token, "email", "00000000");
        all.push(seen(&format!("wrong verify {n}"), &wrong));
    }
    all.push(seen("complete", &reset.complete(NEW)));
    all.push(seen("unlock of a reset", &reset.unlock()));
    all.push(seen("cancel", &reset.cancel()));
    all.extend(behind(server, &reset));
    all.extend(look_at_unlock(server, name));
    all
}

fn look_at_unlock(server: &Server, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    let begun = server.try_begin(name, "unlock");
    all.push(seen("begin an unlock", &begun));
    let unlock = Reset::of(server, &begun);
    server.advance(SETTLED);
    all.push(seen("challenge a closed way", &unlock.challenge("email", &home(name))));
    all.push(seen("challenge another way", &unlock.challenge("sms", "+447700900999")));
    all.push(seen("unlock", &unlock.unlock()));
    all.push(seen("complete of an unlock", &unlock.complete(NEW)));
    all.push(seen("contact an administrator", &unlock.contact_admin()));
    all.extend(behind(server, &unlock));
    all
}

/// The kinds again, with one more: a person with everything there is.
const KINDS_KEPT: [(&str, &str); 8] = [
    ("registered", "alice"),
    ("with everything", "eliza"),
    ("unknown", "nobdy"),
    ("unregistered", "uriah"),
    ("disabled", "dinah"),
    ("locked", "lenny"),
    ("administrator", "abbot"),
    ("out of scope", "oscar"),
];

/// Questions of one length, so that which ones are drawn does not show in the length of an answer.
fn questions() -> Vec<(String, String)> {
    (10..22).map(|n| (format!("own-{n}"), format!("answer number {n}"))).collect()
}

/// As [`populated`], in an organisation that asks questions; some people have answers, an app, a recovery code.
fn populated_with_kept() -> Server {
    let server = populated();
    let admin = server.admin();
    let own =
        |(id, _): &(String, String)| json!({"id": id, "text": {"en": format!("What is {id}?")}});
    let custom: Value = questions().iter().map(own).collect();
    server.configure(&admin, |c| {
        c["methods"]["security_questions"] = json!(true);
        c["security_questions"]["predefined"] = json!([]);
        c["security_questions"]["custom"] = custom;
    });
    server.create(&admin, "eliza");
    let all = questions();
    let five: Vec<(&str, &str)> =
        all.iter().take(5).map(|(i, a)| (i.as_str(), a.as_str())).collect();
    let token = server.token("eliza", OLD);
    server.put_questions(&token, &five).expect(200);
    server.register_app(&token);
    server.register_recovery(&token);
    server
}

/// Every gate that needs nothing sent, as an onlooker without a proof sees it.
fn look_at_kept(server: &Server, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    for round in ["first", "second", "after a day"] {
        if round == "after a day" {
            server.advance(86_400);
        }
        let begun = server.try_begin(name, "reset");
        let mut reset = Reset::of(server, &begun);
        server.advance(SETTLED);
        let asked = reset.ask("security_questions");
        all.push(seen(&format!("{round} questions"), &asked));
        let ids: Vec<String> = reset.asked();
        all.push(format!("{} questions", ids.len()));
        let before = server.counter("argon2");
        let wrong = reset.answer(&ids, &[], &[]);
        all.push(seen("wrong answers", &wrong));
        all.push(format!("{} evaluations", server.counter("argon2") - before));
        all.push(seen("current", &reset.current()));
        for way in ["authenticator_app", "recovery_code"] {
            all.push(seen(way, &reset.ask(way)));
            all.push(seen("a wrong code", &reset.verify_with(&reset.token, way, "000000")));
            all.push(seen("no challenge", &reset.verify_with(&reset.token, "email", "000000")));
        }
        all.push(seen("complete", &reset.complete(NEW)));
        all.extend(behind(server, &reset));
    }
    all
}

#[test]
fn gates_that_need_nothing_sent_tell_no_kind_of_account_apart_either() {
    // Four at a time: a server that is kept waiting sends again, and that is not what is looked at.
    let mut reports = Vec::new();
    for some in KINDS_KEPT.chunks(4) {
        reports.extend(std::thread::scope(|scope| {
            let look = |(_, name): &(&str, &'static str)| {
                let name = *name;
                scope.spawn(move || look_at_kept(&populated_with_kept(), name))
            };
            let running: Vec<_> = some.iter().map(look).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        }));
    }
    for ((kind, _), report) in KINDS_KEPT.iter().zip(&reports) {
        same(kind, &reports[0], report);
    }
    let all = reports[0].join("\n");
    assert!(all.contains("422") && all.contains("200") && all.contains("429"), "{all}");
}

#[track_caller]
fn same(kind: &str, expected: &[String], seen: &[String]) {
    for (line, (a, b)) in expected.iter().zip(seen).enumerate() {
        assert_eq!(a, b, "{kind} differs from a registered account in line {line}");
    }
    assert_eq!(expected.len(), seen.len(), "{kind}");
}

#[test]
fn every_answer_and_every_call_behind_it_is_the_same_for_every_kind_of_account() {
    let reports = std::thread::scope(|scope| {
        let look = |name: &'static str| scope.spawn(move || look_at(&populated(), name));
        let running = KINDS.map(|(_, name)| look(name));
        running.map(|thread| thread.join().unwrap())
    });
    let mut differing = Vec::new();
    for ((kind, _), report) in KINDS.iter().zip(&reports) {
        let line = reports[0].iter().zip(report).position(|(a, b)| a != b);
        if let Some(line) = line {
            differing
                .push(format!("{kind}, line {line}:\n  {}\n  {}", reports[0][line], report[line]));
        } else if reports[0].len() != report.len() {
            differing.push(format!("{kind}: {} lines, not {}", report.len(), reports[0].len()));
        }
    }
    assert!(differing.is_empty(), "\n{}", differing.join("\n"));
}

#[test]
fn a_registered_account_looks_the_same_twice() {
    // The null of the comparison above: without it, noise would pass for a difference or hide one.
    let [a, b] = [0, 1].map(|_| look_at(&populated(), "alice"));
    same("the same account", &a, &b);
}

#[test]
fn the_spelling_of_a_name_does_not_matter_and_a_broken_one_is_refused_before_anything_is_read() {
    let server = populated();
    for spelling in ["ALICE", " alice ", "Alice"] {
        let reset = Reset::of(&server, &server.try_begin(spelling, "reset").expect(201));
        server.advance(31);
        let before = server.codes(&home("alice")).len();
        reset.challenge("email", &home("alice")).expect(202);
        assert_eq!(server.codes(&home("alice")).len(), before + 1, "{spelling}");
    }
    for broken in ["", " ", "a b", "a\u{0}b", "a@b@c", &"a".repeat(114)] {
        let refused = server.try_begin(broken, "reset").refused(400, "invalid_request");
        assert!(server.trace(refused.header("x-correlation-id")).is_empty(), "{broken:?}");
    }
}

#[test]
fn a_wrong_password_an_unknown_name_and_a_disabled_account_sign_in_alike() {
    let reports = ["alice", "nobdy", "dinah", "uriah", "abbot"].map(|name| {
        let server = populated();
        server.advance(SETTLED);
        let hashes = server.counter("argon2");
        let password = if name == "dinah" { OLD } else { "wrong but just as long as it is" };
        let mut all = Vec::new();
        for n in 0..14 {
            // The same one at first, which counts once; others afterwards, up to the lock.
            let other = format!("another wrong password for {n:02}..");
            let answer = server.sign_in(name, if n < 3 { password } else { &other });
            all.push(seen(&format!("sign-in {n}"), &answer));
            let calls = server.trace(answer.header("x-correlation-id"));
            all.extend(calls.iter().map(|c| format!("{} {}", c["operation"], c["table"])));
        }
        all.push(format!("{} hashes", server.counter("argon2") - hashes));
        all
    });
    for report in &reports {
        same("a sign-in", &reports[0], report);
    }
}
