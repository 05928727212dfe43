//! RST-16: "This wasn't me". A notice leads to a page with one button; the button closes the account until it is reset.

use serde_json::{Value, json};
use tests::client::Answer;
use tests::people::{NEW, OLD, home, mobile, work};
use tests::server::Server;

/// One that was never used.
const THIRD: &str = "Seven lamps behind the mill";

/// The path of the link in the last message to an address, without the server.
#[track_caller]
fn link(server: &Server, to: &str) -> String {
    let sent = server.outbox(to);
    let last = sent.last().unwrap();
    let text = last["text"].as_str().unwrap();
    let start = text.find("/not-me?t=nm_").unwrap_or_else(|| panic!("no link: {text}"));
    let path: String = text[start..].chars().take_while(|c| !c.is_whitespace()).collect();
    let url = format!("{}{path}", server.base());
    assert!(text.contains(&url), "{text}");
    assert!(last["html"].as_str().unwrap().contains(&format!("href=\"{url}\"")), "{last}");
    path
}

fn token_of(path: &str) -> &str {
    path.strip_prefix("/not-me?t=").unwrap()
}

/// Presses the button as a browser does.
#[track_caller]
fn press(server: &Server, token: &str) -> Answer {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("origin", server.base()),
    ];
    server.send("POST", "/not-me", &headers, format!("t={token}").as_bytes())
}

/// A person whose password was just reset, and the link in what they were told.
fn told() -> (Server, String, String) {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.ready("alice", "reset").complete(NEW).expect(200);
    let path = link(&server, &work("alice"));
    (server, admin, path)
}

#[test]
fn looking_at_the_page_does_nothing_and_shows_one_button() {
    let (server, _, path) = told();
    let session = server.token("alice", NEW);
    for method in ["GET", "HEAD", "GET"] {
        let page = server.send(method, &path, &[], b"").expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"));
        if method == "GET" {
            assert_eq!(page.body.matches("<button").count(), 1);
            assert_eq!(page.body.matches("<h1>").count(), 1);
            assert!(page.body.contains("<html lang=\"en\" dir=\"ltr\">"), "{}", page.body);
            for never in ["<script", "<style", "style=", "http://", "https://", "alice"] {
                assert!(!page.body.contains(never), "{never}: {}", page.body);
            }
        }
    }
    server.get("/v1/registration", &session).expect(200);
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn the_button_ends_sessions_closes_the_account_tells_the_administrators_and_is_recorded() {
    let (server, admin, path) = told();
    server.person(&admin, "peter");
    server.change_user(&admin, "peter", &json!({"roles": ["admin"]}));
    let session = server.token("alice", NEW);
    let attempt = server.ready("alice", "reset");
    let done = press(&server, token_of(&path)).expect(200);
    assert!(done.body.contains("closed until you reset the password"), "{}", done.body);
    assert!(!done.body.contains("<button"), "{}", done.body);
    server.get("/v1/registration", &session).refused(401, "invalid_token");
    attempt.complete(OLD).refused(410, "reset_finished");
    server.sign_in("alice", NEW).refused(403, "password_change_required");
    server.sign_in("alice", "not the password").refused(401, "invalid_credentials");
    let change = json!({"username": "alice", "current_password": NEW, "new_password": OLD});
    server.post("/v1/password/change", "", change).refused(403, "reset_required");
    let told: Vec<Value> = server.outbox(&work("peter"));
    let told = told.iter().filter(|m| m["subject"].as_str().unwrap().contains("was not theirs"));
    assert_eq!(told.count(), 1);
    for to in [home("alice"), work("alice")] {
        let last = server.outbox(&to).pop().unwrap();
        assert!(last["subject"].as_str().unwrap().contains("closed until"), "{last}");
        assert!(!last["text"].as_str().unwrap().contains("/not-me"), "no link about the link");
    }
    let rows = server.report(&admin, "audit?username=alice");
    let rows: Vec<&Value> = rows
        .iter()
        .filter(|r| r["activity"] == "Change reported as not made by the user (self-service)")
        .collect();
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!(
        (&rows[0]["status"], &rows[0]["reason"]),
        (&json!("success"), &json!("password_reset"))
    );
    assert!(!serde_json::to_string(&rows).unwrap().contains("nm_"));
}

#[test]
fn only_a_reset_opens_the_account_again() {
    let (server, admin, path) = told();
    press(&server, token_of(&path)).expect(200);
    server.ready("alice", "unlock").unlock().expect(200);
    server.change_user(&admin, "alice", &json!({"display_name": "Alice"}));
    server.sign_in("alice", NEW).refused(403, "password_change_required");
    server.ready("alice", "reset").complete(THIRD).expect(200);
    server.sign_in("alice", THIRD).expect(200);
}

#[test]
fn an_administrators_reset_opens_it_too_and_is_disowned_by_its_own_link() {
    let (server, admin, path) = told();
    press(&server, token_of(&path)).expect(200);
    let reset = || {
        let reset = server.call("POST", "/v1/admin/users/alice/reset", &admin, &Value::Null);
        reset.expect(200).text("temporary_password")
    };
    let change = |current: &str| {
        let body = json!({"username": "alice", "current_password": current, "new_password": THIRD});
        server.post("/v1/password/change", "", body)
    };
    let temporary = reset();
    let second = link(&server, &work("alice"));
    assert_ne!(second, path);
    press(&server, token_of(&second)).expect(200);
    change(&temporary).refused(403, "reset_required");
    change(&reset()).expect(200);
    server.sign_in("alice", THIRD).expect(200);
}

#[test]
fn a_link_works_once_and_then_says_so() {
    let (server, admin, path) = told();
    press(&server, token_of(&path)).expect(200);
    server.ready("alice", "reset").complete(THIRD).expect(200);
    let session = server.token("alice", THIRD);
    let mails = server.outbox("").len();
    for again in [press(&server, token_of(&path)), server.get(&path, "")] {
        assert!(again.expect(200).body.contains("already done"));
    }
    server.get("/v1/registration", &session).expect(200);
    assert_eq!(server.outbox("").len(), mails);
    let rows = server.report(&admin, "audit?username=alice");
    let rows = rows.iter().filter(|r| r["reason"] == "password_reset" && r["status"] == "success");
    assert_eq!(rows.count(), 1);
}

#[test]
fn pressed_by_many_at_once_it_acts_once() {
    let (server, admin, path) = told();
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> =
            (0..8).map(|_| scope.spawn(|| press(&server, token_of(&path)).status)).collect();
        calls.into_iter().map(|c| c.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    let rows = server.report(&admin, "audit?username=alice");
    let rows = rows.iter().filter(|r| r["reason"] == "password_reset" && r["status"] == "success");
    assert_eq!(rows.count(), 1);
}

#[test]
fn a_link_lives_for_72_hours() {
    let (server, _, path) = told();
    // A minute for a busy machine.
    server.advance(72 * 3_600 - 60);
    assert!(server.get(&path, "").expect(200).body.contains("<button"));
    server.advance(61);
    for gone in [server.get(&path, ""), press(&server, token_of(&path))] {
        assert!(gone.expect(410).body.contains("no longer works"));
    }
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn a_link_that_nobody_was_sent_gets_a_calm_page() {
    let (server, _, path) = told();
    let mut made_up = token_of(&path).to_owned();
    let last = if made_up.ends_with('A') { 'E' } else { 'A' };
    made_up.pop();
    made_up.push(last);
    for token in [made_up.as_str(), "", "nm_", "nm_%3Cscript%3E", "at_x"] {
        let gone = server.get(&format!("/not-me?t={token}"), "").expect(410);
        assert_eq!(gone.header("content-type"), "text/html; charset=utf-8");
        assert!(!gone.body.contains("<script") && !gone.body.contains("<button"), "{}", gone.body);
        press(&server, token).expect(410);
    }
    server.get("/not-me", "").expect(410);
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn a_form_of_another_site_is_refused() {
    let (server, _, path) = told();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = format!("t={}", token_of(&path));
    let send = |headers: &[(&str, &str)]| server.send("POST", "/not-me", headers, body.as_bytes());
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        send(&[form, (name, value)]).refused(403, "forbidden");
    }
    send(&[("content-type", "application/json")]).refused(415, "unsupported_media_type");
    let twice = format!("{body}&{body}");
    server.send("POST", "/not-me", &[form], twice.as_bytes()).refused(400, "invalid_request");
    server.send("POST", "/not-me", &[form], b"u=1").refused(400, "invalid_request");
    server.send("DELETE", "/not-me", &[], b"").refused(405, "method_not_allowed");
    server.sign_in("alice", NEW).expect(200);
    send(&[form]).expect(200);
    server.sign_in("alice", NEW).refused(403, "password_change_required");
}

#[test]
fn the_link_of_an_account_that_was_made_anew_is_dead() {
    let (server, admin, path) = told();
    server.call("DELETE", "/v1/admin/users/alice", &admin, &Value::Null).expect(204);
    press(&server, token_of(&path)).expect(410);
    server.create(&admin, "alice");
    press(&server, token_of(&path)).expect(410);
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn every_notice_of_a_change_carries_a_link_of_its_own_and_no_other_message_does() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    let mut links = vec![link(&server, &work("alice"))];
    let mut next = |what: &str| {
        let (at_work, at_home) = (link(&server, &work("alice")), link(&server, &home("alice")));
        for path in [at_work, at_home] {
            assert!(!links.contains(&path), "{what}");
            links.push(path);
        }
    };
    server.ready("alice", "reset").complete(NEW).expect(200);
    next("reset");
    let change = json!({"username": "alice", "current_password": NEW, "new_password": THIRD});
    server.post("/v1/password/change", "", change).expect(200);
    next("change");
    server.ready("alice", "unlock").unlock().expect(200);
    next("unlock");
    server.call("POST", "/v1/admin/users/alice/unlock", &admin, &Value::Null).expect(200);
    next("unlock by an administrator");
    let token = server.token("alice", THIRD);
    let removed = "/v1/registration/methods/mobile_phone";
    server.call("DELETE", removed, &token, &Value::Null).expect(200);
    next("method removed");
    server.call("POST", "/v1/admin/users/alice/reset", &admin, &Value::Null).expect(200);
    next("administrator's reset");
    let others = server.outbox("");
    let codes = others.iter().filter(|m| m["kind"] == "code");
    for message in codes {
        assert!(!message["text"].as_str().unwrap().contains("not-me"), "{message}");
    }
}

#[test]
fn a_notice_that_is_offered_again_carries_the_same_link() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.ready("alice", "reset");
    // The provider takes the message and the mark that says so is lost: it goes out twice.
    let fault = json!({"service": "dynamodb", "operation": "UpdateItem", "kind": "error",
        "function": "deliver", "skip": 1, "count": 3});
    server.fault(fault);
    reset.complete(NEW).expect(200);
    server.outbox("");
    server.advance(61);
    let sent: Vec<Value> = server.outbox(&work("alice"));
    let ours: Vec<&Value> =
        sent.iter().filter(|m| m["correlation_id"] == reset.correlation.as_str()).collect();
    let texts: std::collections::BTreeSet<&str> =
        ours.iter().map(|m| m["text"].as_str().unwrap()).collect();
    assert_eq!((ours.len(), texts.len()), (2, 1), "{ours:#?}");
    press(&server, token_of(&link(&server, &work("alice")))).expect(200);
}
