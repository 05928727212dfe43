//! State × operation: what signing in and changing a password answer for every state an account can be in, with the right
//! and with a wrong password. Each cell is written down.

use serde_json::{Value, json};
use tests::client::Answer;
use tests::people::{ADMIN, ADMIN_PASSWORD, NEW, OLD};
use tests::server::Server;

const OK: &str = "200";
const UNKNOWN: &str = "401 invalid_credentials";
const LOCKED: &str = "423 account_locked";
const MUST_CHANGE: &str = "403 password_change_required";
const FORBIDDEN: &str = "403 forbidden";

/// A state, how an account comes to it, and what is answered.
struct Row {
    state: &'static str,
    reach: fn(&Server, &str),
    /// Signing in with the right password, and with a wrong one.
    sign_in: [&'static str; 2],
    /// Changing it with the right password, and with a wrong one.
    change: [&'static str; 2],
}

const ROWS: [Row; 15] = [
    Row {
        state: "absent",
        reach: |_, _| {},
        sign_in: [UNKNOWN, UNKNOWN],
        change: [UNKNOWN, UNKNOWN],
    },
    Row {
        state: "deleted",
        reach: |server, admin| {
            server.create(admin, "alice");
            server.call("DELETE", "/v1/admin/users/alice", admin, &Value::Null).expect(204);
        },
        sign_in: [UNKNOWN, UNKNOWN],
        change: [UNKNOWN, UNKNOWN],
    },
    Row {
        state: "without a password",
        reach: |server, admin| {
            server.put_user(admin, "alice", &json!({"display_name": "Person"})).expect(201);
        },
        sign_in: [UNKNOWN, UNKNOWN],
        change: [UNKNOWN, UNKNOWN],
    },
    Row {
        state: "on premises",
        reach: |server, admin| {
            let members = json!({"directory": "on_premises", "directory_anchor": "a-1"});
            server.put_user(admin, "alice", &members).expect(201);
        },
        sign_in: [UNKNOWN, UNKNOWN],
        change: [UNKNOWN, UNKNOWN],
    },
    Row {
        state: "disabled",
        reach: |server, admin| {
            server.create(admin, "alice");
            server.change_user(admin, "alice", &json!({"enabled": false}));
        },
        sign_in: [UNKNOWN, UNKNOWN],
        change: [UNKNOWN, UNKNOWN],
    },
    Row {
        state: "enabled again",
        reach: |server, admin| {
            server.create(admin, "alice");
            server.change_user(admin, "alice", &json!({"enabled": false}));
            server.change_user(admin, "alice", &json!({"enabled": true}));
        },
        sign_in: [OK, UNKNOWN],
        change: [OK, UNKNOWN],
    },
    Row {
        state: "unregistered",
        reach: |server, admin| server.create(admin, "alice"),
        sign_in: [OK, UNKNOWN],
        change: [OK, UNKNOWN],
    },
    Row {
        state: "registered",
        reach: |server, admin| server.person(admin, "alice"),
        sign_in: [OK, UNKNOWN],
        change: [OK, UNKNOWN],
    },
    Row {
        state: "locked",
        reach: |server, admin| {
            server.create(admin, "alice");
            for n in 0..10 {
                server.sign_in("alice", &format!("wrong guess number {n}")).expect(401);
            }
        },
        sign_in: [LOCKED, LOCKED],
        change: [LOCKED, LOCKED],
    },
    Row {
        state: "after its lock",
        reach: |server, admin| {
            server.create(admin, "alice");
            for n in 0..10 {
                server.sign_in("alice", &format!("wrong guess number {n}")).expect(401);
            }
            server.advance(61);
        },
        sign_in: [OK, UNKNOWN],
        change: [OK, UNKNOWN],
    },
    Row {
        state: "expired",
        reach: |server, admin| {
            server.create(admin, "alice");
            expire_after(server, admin, 30);
            server.advance(30 * 86_400);
        },
        sign_in: [MUST_CHANGE, UNKNOWN],
        change: [OK, UNKNOWN],
    },
    Row {
        state: "exempt from expiry",
        reach: |server, admin| {
            server.create(admin, "alice");
            server.change_user(admin, "alice", &json!({"password_never_expires": true}));
            expire_after(server, admin, 30);
            server.advance(30 * 86_400);
        },
        sign_in: [OK, UNKNOWN],
        change: [OK, UNKNOWN],
    },
    Row {
        state: "must change",
        reach: |server, admin| {
            server.create(admin, "alice");
            server.change_user(admin, "alice", &json!({"must_change_password": true}));
        },
        sign_in: [MUST_CHANGE, UNKNOWN],
        change: [OK, UNKNOWN],
    },
    Row {
        state: "may not change",
        reach: |server, admin| {
            server.create(admin, "alice");
            server.change_user(admin, "alice", &json!({"cannot_change_password": true}));
        },
        sign_in: [OK, UNKNOWN],
        change: [FORBIDDEN, UNKNOWN],
    },
    Row {
        state: "administrator",
        reach: |server, admin| {
            server.create(admin, "alice");
            server.change_user(admin, "alice", &json!({"roles": ["admin"]}));
        },
        sign_in: [OK, UNKNOWN],
        change: [OK, UNKNOWN],
    },
];

fn expire_after(server: &Server, admin: &str, days: u32) {
    server.configure(admin, |c| {
        c["password"] = json!({"preset": "custom", "expires_days": days});
    });
}

fn change(server: &Server, current: &str) -> Answer {
    let body = json!({"username": "alice", "current_password": current, "new_password": NEW});
    server.post("/v1/password/change", "", body)
}

fn seen(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.code()).trim().to_owned()
}

#[test]
fn signing_in_and_changing_a_password_in_every_state() {
    type Operation = fn(&Server, &str) -> Answer;
    let operations: [(&str, Operation); 2] = [
        ("sign-in", |server, password| server.sign_in("alice", password)),
        ("change", |server, password| change(server, password)),
    ];
    let mut wrong = Vec::new();
    for row in &ROWS {
        for ((operation, act), cells) in operations.iter().zip([row.sign_in, row.change]) {
            for (password, expected) in [OLD, "wrong, and not of any list"].iter().zip(cells) {
                let server = Server::start();
                (row.reach)(&server, &server.admin());
                let answered = seen(&act(&server, password));
                if answered != expected {
                    let what = format!("{}: {operation} with {password:?}", row.state);
                    wrong.push(format!("{what}: {answered}, not {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_change_that_was_forced_ends_what_forced_it() {
    for row in ROWS.iter().filter(|row| row.sign_in[0] == MUST_CHANGE) {
        let server = Server::start();
        (row.reach)(&server, &server.admin());
        change(&server, OLD).expect(200);
        server.sign_in("alice", NEW).expect(200);
        server.sign_in("alice", OLD).refused(401, "invalid_credentials");
    }
}

#[test]
fn being_asked_for_another_password_is_no_failed_sign_in() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    server.change_user(&admin, "alice", &json!({"must_change_password": true}));
    for _ in 0..12 {
        server.sign_in("alice", OLD).refused(403, "password_change_required");
    }
    change(&server, OLD).expect(200);
}

#[test]
fn the_first_administrator_signs_in_and_changes_the_password_like_anybody() {
    let server = Server::start();
    server.sign_in(ADMIN, ADMIN_PASSWORD).expect(200);
    let body = json!({"username": ADMIN, "current_password": ADMIN_PASSWORD, "new_password": NEW});
    server.post("/v1/password/change", "", body).expect(200);
    server.sign_in(ADMIN, NEW).expect(200);
}
