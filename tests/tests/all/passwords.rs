//! Unlocking without touching the password, changing it, and what an administrator may do with it.

use serde_json::{Value, json};
use tests::client::Answer;
use tests::flow::one_row;
use tests::people::{ADMIN, NEW, OLD, home, work};
use tests::server::Server;

/// A third password.
const NEXT: &str = "Seven otters juggle wet umbrellas";

fn change(server: &Server, username: &str, current: &str, next: &str) -> Answer {
    let body = json!({"username": username, "current_password": current, "new_password": next});
    server.post("/v1/password/change", "", body)
}

/// Wrong sign-ins until the name is locked.
fn lock(server: &Server, username: &str) {
    for n in 0..10 {
        server
            .sign_in(username, &format!("wrong guess number {n}"))
            .refused(401, "invalid_credentials");
    }
    server.sign_in(username, OLD).refused(423, "account_locked");
}

#[test]
fn ten_wrong_passwords_lock_for_a_minute_then_twice_as_long() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    lock(&server, "alice");
    let locked = server.sign_in("alice", OLD).refused(423, "account_locked").json();
    assert!((1..=60).contains(&locked["retry_after"].as_u64().unwrap()), "{locked}");
    server.advance(61);
    server.sign_in("alice", "wrong once more").refused(401, "invalid_credentials");
    let locked = server.sign_in("alice", OLD).refused(423, "account_locked").json();
    assert!((61..=120).contains(&locked["retry_after"].as_u64().unwrap()), "{locked}");
    server.advance(121);
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn a_name_that_nobody_has_locks_in_the_same_way() {
    let server = Server::start();
    for n in 0..10 {
        server
            .sign_in("nobody", &format!("wrong guess number {n}"))
            .refused(401, "invalid_credentials");
    }
    server.sign_in("nobody", OLD).refused(423, "account_locked");
}

#[test]
fn an_unlock_opens_the_account_and_leaves_the_password_alone() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let session = server.token("alice", OLD);
    lock(&server, "alice");
    let mut unlock = server.begin("alice", "unlock");
    let passed = unlock.pass("email", &home("alice"));
    assert_eq!(passed["next"], "unlock");
    let hashes = server.counter("argon2");
    assert_eq!(unlock.unlock().expect(200).json(), json!({"status": "unlocked"}));
    assert_eq!(server.counter("argon2"), hashes, "no password is looked at");
    server.get("/v1/registration", &session).expect(200);
    server.sign_in("alice", OLD).expect(200);
    let row = one_row(&server, &admin, "alice", &unlock.correlation);
    assert_eq!((&row["purpose"], &row["detail"]), (&json!("unlock"), &json!("unlock")));
    let told = server.outbox(&work("alice"));
    assert!(told.iter().any(|m| m["correlation_id"] == unlock.correlation.as_str()), "{told:#?}");
}

#[test]
fn a_reset_opens_a_locked_account() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    lock(&server, "alice");
    server.ready("alice", "reset").complete(NEW).expect(200);
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn unlocking_can_be_switched_off() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.configure(&admin, |c| c["unlock_without_reset"] = json!(false));
    assert_eq!(server.try_begin("alice", "unlock").status, 403);
    server.begin("alice", "reset");
}

#[test]
fn a_change_needs_the_current_password_ends_sessions_and_is_told() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let session = server.token("alice", OLD);
    change(&server, "alice", "not the current one", NEW).refused(401, "invalid_credentials");
    let changed = change(&server, "alice", OLD, NEW).expect(200);
    assert_eq!(changed.json(), json!({"status": "changed"}));
    server.get("/v1/registration", &session).refused(401, "invalid_token");
    server.sign_in("alice", OLD).refused(401, "invalid_credentials");
    server.sign_in("alice", NEW).expect(200);
    let entries = server.report(&admin, "audit?username=alice");
    let changes = entries.iter().filter(|e| e["activity"] == "Change password (self-service)");
    assert_eq!(changes.filter(|e| e["status"] == "success").count(), 1, "{entries:#?}");
    for to in [home("alice"), work("alice")] {
        let told = server.outbox(&to);
        let id = changed.header("x-correlation-id");
        assert_eq!(told.iter().filter(|m| m["correlation_id"] == id).count(), 1, "{to}: {told:#?}");
    }
}

#[test]
fn a_change_refuses_the_passwords_of_the_history() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let same = change(&server, "alice", OLD, OLD).refused(422, "password_rejected").json();
    assert_eq!(same["reasons"][0]["code"], "same_as_current", "{same}");
    change(&server, "alice", OLD, NEW).expect(200);
    change(&server, "alice", NEW, NEXT).expect(200);
    let used = change(&server, "alice", NEXT, OLD).refused(422, "password_rejected").json();
    assert_eq!(used["reasons"][0]["code"], "recently_used", "{used}");
}

#[test]
fn wrong_current_passwords_count_towards_the_lock() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    for n in 0..10 {
        change(&server, "alice", &format!("wrong guess number {n}"), NEW)
            .refused(401, "invalid_credentials");
    }
    change(&server, "alice", OLD, NEW).refused(423, "account_locked");
    server.sign_in("alice", OLD).refused(423, "account_locked");
}

#[test]
fn a_first_password_from_an_administrator_must_be_changed_before_signing_in() {
    let server = Server::start();
    let admin = server.admin();
    let members = json!({"primary_email": work("newbie"), "initial_password": OLD});
    let created = server.put_user(&admin, "newbie", &members).expect(201);
    assert!(!created.body.contains(OLD));
    server.sign_in("newbie", OLD).refused(403, "password_change_required");
    server.sign_in("newbie", NEW).refused(401, "invalid_credentials");
    change(&server, "newbie", OLD, NEW).expect(200);
    server.sign_in("newbie", NEW).expect(200);
}

#[test]
fn an_administrators_reset_gives_a_temporary_password_that_must_be_changed() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let session = server.token("alice", OLD);
    let reset = server.post("/v1/admin/users/alice/reset", &admin, Value::Null).expect(200);
    let temporary = reset.text("temporary_password");
    assert!(!temporary.is_empty(), "{}", reset.body);
    server.get("/v1/registration", &session).refused(401, "invalid_token");
    server.sign_in("alice", OLD).refused(401, "invalid_credentials");
    server.sign_in("alice", &temporary).refused(403, "password_change_required");
    change(&server, "alice", &temporary, NEXT).expect(200);
    server.sign_in("alice", NEXT).expect(200);
    let entries = server.report(&admin, "audit?username=alice");
    let by_admin: Vec<&Value> =
        entries.iter().filter(|e| e["activity"] == "Reset password (by admin)").collect();
    assert_eq!(by_admin.len(), 1, "{entries:#?}");
    assert_eq!(by_admin[0]["actor"]["username"], ADMIN, "{}", by_admin[0]);
    assert!(!serde_json::to_string(&entries).unwrap().contains(&temporary));
}

#[test]
fn nobody_resets_themselves_by_the_administrators_route_or_somebody_above() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "helga");
    server.create(&admin, "ursula");
    server.create(&admin, "alice");
    server.change_user(&admin, "helga", &json!({"roles": ["helpdesk"]}));
    server.change_user(&admin, "ursula", &json!({"roles": ["user_admin"]}));
    let own = format!("/v1/admin/users/{ADMIN}/reset");
    assert_eq!(server.post(&own, &admin, Value::Null).status, 403);
    let helga = server.token("helga", OLD);
    let reset = |who: &str| {
        server.post(&format!("/v1/admin/users/{who}/reset"), &helga, Value::Null).status
    };
    assert_eq!(
        [reset("helga"), reset("ursula"), reset(ADMIN), reset("alice")],
        [403, 403, 403, 200]
    );
    let alice = "/v1/admin/users/alice/reset";
    assert_eq!(server.post(alice, "", Value::Null).status, 401);
}

#[test]
fn a_person_may_be_kept_from_changing_the_password() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.change_user(&admin, "alice", &json!({"cannot_change_password": true}));
    let refused = change(&server, "alice", OLD, NEW);
    assert!(matches!(refused.status, 403 | 422), "{}", refused.body);
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn signing_out_ends_the_session_and_so_does_an_hour() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    let (first, second) = (server.token("alice", OLD), server.token("alice", OLD));
    server.call("POST", "/v1/sign-out", &first, &Value::Null).expect(204);
    server.get("/v1/registration", &first).refused(401, "invalid_token");
    server.get("/v1/registration", &second).expect(200);
    server.advance(3601);
    server.get("/v1/registration", &second).refused(401, "invalid_token");
}

#[test]
fn an_administrator_revokes_every_session() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let session = server.token("alice", OLD);
    server.post("/v1/admin/users/alice/revoke-sessions", &admin, Value::Null).expect(200);
    server.get("/v1/registration", &session).refused(401, "invalid_token");
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn an_administrator_unlocks_and_unblocks() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    lock(&server, "alice");
    server.post("/v1/admin/users/alice/unlock", &admin, Value::Null).expect(200);
    server.sign_in("alice", OLD).expect(200);
    let mut reset = server.begin("alice", "reset");
    reset.challenge("email", &home("alice")).expect(202);
    for _ in 0..5 {
        reset.verify("email", "00000000").refused(422, "proof_incorrect");
    }
    reset.verify("email", "00000000").refused(429, "throttled");
    server.post("/v1/admin/users/alice/unblock", &admin, Value::Null).expect(200);
    server.ready("alice", "reset").complete(NEW).expect(200);
}

#[test]
fn a_disabled_account_cannot_sign_in_or_finish_a_reset() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.ready("alice", "reset");
    server.change_user(&admin, "alice", &json!({"enabled": false}));
    server.sign_in("alice", OLD).refused(401, "invalid_credentials");
    reset.complete(NEW).refused(403, "reset_refused");
    server.change_user(&admin, "alice", &json!({"enabled": true}));
    server.sign_in("alice", OLD).expect(200);
}
