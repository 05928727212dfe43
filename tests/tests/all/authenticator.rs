//! The authenticator app: REG-05, RST-08, and SET-06 and ADM-05 where they concern it.

use std::sync::Barrier;
use std::thread::scope;

use serde_json::{Value, json};
use tests::client::Answer;
use tests::factors::App;
use tests::flow::Reset;
use tests::people::{NEW, OLD, home, work};
use tests::server::Server;

/// A person with an app, whose last code is minutes old.
fn with_app() -> (Server, String, App) {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    let app = server.register_app(&token);
    server.advance(300);
    (server, token, app)
}

fn asked(server: &Server) -> Reset {
    let reset = server.begin("alice", "reset");
    reset.ask("authenticator_app").expect(200);
    reset
}

#[test]
fn an_app_is_set_up_by_secret_uri_or_picture_and_counts_once_a_code_of_it_came_back() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    let given = server.ask_for(&token, "authenticator_app").expect(200).json();
    let (secret, uri) = (given["secret"].as_str().unwrap(), given["otpauth_uri"].as_str().unwrap());
    assert_eq!((given["method"].as_str(), secret.len()), (Some("authenticator_app"), 32));
    assert!(uri.starts_with("otpauth://totp/Example%20Org:alice?"), "{uri}");
    assert!(uri.contains(&format!("secret={secret}")) && uri.contains("issuer=Example%20Org"));
    assert!(given["qr_svg"].as_str().unwrap().starts_with("<svg"));
    let state = || {
        let all = server.get("/v1/registration", &token).expect(200).json();
        let all = all["methods"].as_array().unwrap().clone();
        all.into_iter().find(|m| m["method"] == "authenticator_app").unwrap()["state"].clone()
    };
    assert_eq!(state(), "missing");
    let app = App::of(secret);
    let wrong = server.confirm_app(&token, &app.code(server.now(), 3));
    assert_eq!(wrong.refused(422, "proof_incorrect").json()["attempts_left"], 4);
    let done = server.confirm_app(&token, &app.code(server.now(), 0)).expect(200).json();
    assert_eq!((&done["registered"], &done["complete"]), (&json!(1), &json!(true)));
    assert_eq!(state(), "verified");
    assert!(!done.to_string().contains(secret), "it is shown once");
    let mut reset = server.begin("alice", "reset");
    assert_eq!(reset.pass_app(&app)["status"], "ready");
    reset.complete(NEW).expect(200);
}

#[test]
fn an_app_that_waits_is_replaced_by_the_next_and_runs_out_after_ten_minutes() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let token = server.token("alice", OLD);
    server.confirm_app(&token, "123456").refused(409, "no_challenge");
    let secret = || server.ask_for(&token, "authenticator_app").expect(200).text("secret");
    let (first, second) = (App::of(&secret()), App::of(&secret()));
    let code = |app: &App| app.code(server.now(), 0);
    server.confirm_app(&token, &code(&first)).refused(422, "proof_incorrect");
    server.advance(540);
    server.confirm_app(&token, &code(&second)).expect(200);
    let third = App::of(
        &server
            .ask_for(&server.token("alice", OLD), "authenticator_app")
            .expect(200)
            .text("secret"),
    );
    let token = server.token("alice", OLD);
    server.advance(600);
    server.confirm_app(&token, &code(&third)).refused(410, "code_expired");
    // The one that was confirmed is still the one that counts.
    let mut reset = server.begin("alice", "reset");
    reset.pass_app(&second);
}

#[test]
fn codes_are_right_one_step_early_and_one_late_and_no_further() {
    let (server, _, app) = with_app();
    for (steps, right) in [(-2, false), (-1, true), (2, false), (1, true)] {
        let mut reset = asked(&server);
        let answer = reset.verify("authenticator_app", &app.code(server.now(), steps));
        if right {
            answer.expect(200)
        } else {
            answer.refused(422, "proof_incorrect")
        };
        server.advance(3_600);
    }
}

#[test]
fn a_used_step_never_opens_a_gate_again_nor_does_one_before_it() {
    let (server, _, app) = with_app();
    let now = server.now();
    asked(&server).verify("authenticator_app", &app.code(now, 0)).expect(200);
    for steps in [0, -1] {
        let again = asked(&server).verify("authenticator_app", &app.code(now, steps));
        again.refused(422, "proof_incorrect");
    }
    let mut next = asked(&server);
    next.verify("authenticator_app", &app.code(now, 1)).expect(200);
    next.complete(NEW).expect(200);
}

#[test]
fn the_code_that_confirmed_an_app_opens_no_gate() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    let app = server.register_app(&server.token("alice", OLD));
    let code = app.code(server.now(), 0);
    asked(&server).verify("authenticator_app", &code).refused(422, "proof_incorrect");
    asked(&server).verify("authenticator_app", &app.code(server.now(), 1)).expect(200);
}

#[test]
fn of_64_parallel_right_codes_over_two_attempts_one_passes_one_gate() {
    let (server, _, app) = with_app();
    let attempts = [asked(&server), asked(&server)];
    let code = app.code(server.now(), 0);
    let start = Barrier::new(64);
    let answers: Vec<Answer> = scope(|scope| {
        let run = |n: usize| {
            let (start, attempts, code) = (&start, &attempts, &code);
            scope.spawn(move || {
                start.wait();
                let reset = &attempts[n % 2];
                reset.verify_with(&reset.token, "authenticator_app", code)
            })
        };
        let running: Vec<_> = (0..64).map(run).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let count = |status: u16| answers.iter().filter(|a| a.status == status).count();
    let statuses: Vec<u16> = answers.iter().map(|a| a.status).collect();
    assert_eq!(count(200), 1, "{statuses:?}");
    assert!(answers.iter().all(|a| a.status < 500), "{statuses:?}");
}

#[test]
fn a_right_code_whose_reply_is_lost_in_the_store_passes_once() {
    for operation in ["TransactWriteItems", "UpdateItem"] {
        let (server, _, app) = with_app();
        let lose = || {
            server.fault(json!({"service": "dynamodb", "operation": operation,
                "kind": "applied_then_lost", "count": 1, "function": "verify-gate"}));
        };
        let mut reset = server.begin("alice", "reset");
        lose();
        reset.ask("authenticator_app").expect(200);
        lose();
        let code = app.code(server.now(), 0);
        assert_eq!(reset.verify("authenticator_app", &code).expect(200).text("status"), "ready");
        let mut other = asked(&server);
        other.verify("authenticator_app", &code).refused(422, "proof_incorrect");
        reset.complete(NEW).expect(200);
    }
}

#[test]
fn another_app_between_gate_and_end_kills_the_attempt_and_the_old_one_is_dead() {
    let (server, token, app) = with_app();
    let mut reset = asked(&server);
    reset.verify("authenticator_app", &app.code(server.now(), 0)).expect(200);
    server.advance(60);
    let next = server.register_app(&token);
    reset.complete(NEW).refused(410, "reset_finished");
    server.advance(60);
    let code = app.code(server.now(), 0);
    asked(&server).verify("authenticator_app", &code).refused(422, "proof_incorrect");
    server.begin("alice", "reset").pass_app(&next);
}

#[test]
fn a_removed_app_opens_no_gate_and_everybody_concerned_is_told() {
    let (server, token, app) = with_app();
    let path = "/v1/registration/methods/authenticator_app";
    let removed = server.call("DELETE", path, &token, &Value::Null).expect(200).json();
    assert_eq!(removed["registered"], 0);
    let code = app.code(server.now(), 0);
    asked(&server).verify("authenticator_app", &code).refused(422, "proof_incorrect");
    let notices = server.outbox(&work("alice"));
    let told = notices.iter().filter(|m| m["kind"] == "notice").count();
    assert_eq!(told, 2, "registered, removed: {notices:#?}");
    let changes = server.report(&server.admin(), "registrations?username=alice");
    assert_eq!(changes.len(), 2, "{changes:#?}");
}

#[test]
fn an_administrator_resets_by_mail_and_app_whatever_methods_are_on() {
    let server = Server::start();
    let admin = server.admin();
    server.configure(&admin, |c| c["methods"]["authenticator_app"] = json!(false));
    server.create(&admin, "abbot");
    server.change_user(&admin, "abbot", &json!({"roles": ["user_admin"]}));
    let token = server.token("abbot", OLD);
    server.put_questions(&token, &tests::factors::ANSWERS).refused(422, "method_not_enabled");
    server.ask_for(&token, "recovery_code").refused(422, "method_not_enabled");
    server.register_email(&token, &home("abbot"));
    let app = server.register_app(&token);
    let mut reset = server.begin("abbot", "reset");
    let next = reset.pass("email", &home("abbot"));
    assert_eq!(next["status"], "next_gate");
    let ways: Vec<&str> =
        next["methods"].as_array().unwrap().iter().map(|m| m["method"].as_str().unwrap()).collect();
    assert_eq!(ways, ["sms", "voice", "authenticator_app"]);
    assert_eq!(reset.pass_app(&app)["status"], "ready");
    reset.complete(NEW).expect(200);
}

#[test]
fn an_app_first_and_a_second_gate_after_it() {
    let (server, token, app) = with_app();
    let admin = server.admin();
    server.register_email(&token, &home("alice"));
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let mut reset = server.begin("alice", "unlock");
    let first = reset.pass_app(&app);
    assert_eq!((&first["status"], &first["step"]), (&json!("next_gate"), &json!(2)));
    reset.ask("authenticator_app").refused(422, "method_not_available");
    assert_eq!(reset.pass("email", &home("alice"))["next"], "unlock");
    reset.unlock().expect(200);
}
