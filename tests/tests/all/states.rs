//! Every kind of account against every operation, each cell written down (issue of the whole policy, under
//! `account_disclosure: none`): what is not in the table is not promised, and what is in it cannot change unseen.

use serde_json::{Value, json};
use tests::client::Answer;
use tests::flow::{Reset, other_code};
use tests::people::{ADMIN, NEW, OLD, home, mobile};
use tests::server::Server;

/// The name of the account that is looked at; the administrator's is another.
const NAME: &str = "alice";

/// Columns of the table.
const OPERATIONS: [&str; 8] =
    ["sign-in", "register", "begin", "verify", "complete", "unlock", "change", "admin reset"];

/// Rows: a kind of account and what each operation answers.
const TABLE: [(&str, [&str; 8]); 9] = [
    (
        "absent",
        [
            "401 invalid_credentials",
            "401 invalid_credentials",
            "201",
            "422 proof_incorrect",
            "409 gates_incomplete",
            "409 gates_incomplete",
            "401 invalid_credentials",
            "404 not_found",
        ],
    ),
    (
        "disabled",
        [
            "401 invalid_credentials",
            "401 invalid_credentials",
            "201",
            "422 proof_incorrect",
            "409 gates_incomplete",
            "409 gates_incomplete",
            "401 invalid_credentials",
            "200",
        ],
    ),
    (
        "unregistered",
        [
            "200",
            "202",
            "201",
            "422 proof_incorrect",
            "409 gates_incomplete",
            "409 gates_incomplete",
            "200",
            "200",
        ],
    ),
    (
        // One of two methods.
        "partly registered",
        [
            "200",
            "202",
            "201",
            "422 proof_incorrect",
            "409 gates_incomplete",
            "409 gates_incomplete",
            "200",
            "200",
        ],
    ),
    (
        "locked",
        [
            "423 account_locked",
            "423 account_locked",
            "201",
            "200",
            "200",
            "200",
            "423 account_locked",
            "200",
        ],
    ),
    (
        "expired",
        [
            "403 password_change_required",
            "403 password_change_required",
            "201",
            "200",
            "200",
            "200",
            "200",
            "200",
        ],
    ),
    (
        "must change",
        [
            "403 password_change_required",
            "403 password_change_required",
            "201",
            "200",
            "200",
            "200",
            "200",
            "200",
        ],
    ),
    (
        // Writeback is off.
        "on-premises",
        [
            "401 invalid_credentials",
            "401 invalid_credentials",
            "201",
            "422 proof_incorrect",
            "409 gates_incomplete",
            "409 gates_incomplete",
            "401 invalid_credentials",
            "403 reset_refused",
        ],
    ),
    (
        // Two gates, whatever the document says.
        "administrator",
        ["200", "202", "201", "200", "200", "200", "200", "200"],
    ),
];

/// A server with one account of a kind.
fn server_with(kind: &str) -> Server {
    let server = Server::start();
    let admin = server.admin();
    match kind {
        "absent" => {}
        "unregistered" => server.create(&admin, NAME),
        "partly registered" => server.person(&admin, NAME),
        _ => server.person_with_phone(&admin, NAME, &mobile(1)),
    }
    let set = |members: Value| server.change_user(&admin, NAME, &members);
    match kind {
        "disabled" => set(json!({ "enabled": false })),
        "partly registered" => server.configure(&admin, |c| c["methods_required"] = json!(2)),
        "locked" => {
            for n in 0..10 {
                server.sign_in(NAME, &format!("wrong guess number {n}")).expect(401);
            }
        }
        "expired" => {
            // The administrator looks on for longer than that.
            let kept = json!({ "password_never_expires": true });
            server.change_user(&admin, ADMIN, &kept);
            server.configure(&admin, |c| {
                c["password"]["preset"] = json!("custom");
                c["password"]["expires_days"] = json!(30);
            });
            server.advance(31 * 86_400);
        }
        "must change" => set(json!({ "must_change_password": true })),
        "on-premises" => set(json!({ "directory": "on_premises", "directory_anchor": "anchor" })),
        "administrator" => set(json!({ "roles": ["admin"] })),
        _ => {}
    }
    server
}

/// An attempt as far as this account gets, with the answer of the last proof.
fn gates(server: &Server, purpose: &str) -> (Reset, Answer) {
    let mut reset = server.begin(NAME, purpose);
    let mut last = prove(server, &mut reset, "email", &home(NAME));
    if last.status == 200 && last.text("status") == "next_gate" {
        last = prove(server, &mut reset, "sms", &mobile(1));
    }
    (reset, last)
}

/// Asks for a code and presents it; a wrong one where none came.
fn prove(server: &Server, reset: &mut Reset, way: &str, contact: &str) -> Answer {
    reset.challenge(way, contact).expect(202);
    let ours = |m: &Value| m["correlation_id"] == reset.correlation.as_str() && m["kind"] == "code";
    let sent = server.outbox(contact).into_iter().rfind(ours);
    let code = sent.map_or_else(|| other_code("01234567"), |m| tests::client::code_in(&m));
    reset.verify(way, &code)
}

fn attempt(server: &Server, operation: &str) -> Answer {
    match operation {
        "sign-in" => server.sign_in(NAME, OLD),
        "register" => {
            let signed_in = server.sign_in(NAME, OLD);
            if signed_in.status != 200 {
                return signed_in;
            }
            let body = json!({ "method": "mobile_phone", "number": mobile(7), "via": "voice" });
            server.post("/v1/registration/methods", &signed_in.text("access_token"), body)
        }
        "begin" => server.try_begin(NAME, "reset"),
        "verify" => gates(server, "reset").1,
        "complete" => gates(server, "reset").0.complete(NEW),
        "unlock" => gates(server, "unlock").0.unlock(),
        "change" => {
            let body = json!({ "username": NAME, "current_password": OLD, "new_password": NEW });
            server.post("/v1/password/change", "", body)
        }
        "admin reset" => {
            let token = server.admin();
            server.post(&format!("/v1/admin/users/{NAME}/reset"), &token, Value::Null)
        }
        other => panic!("no operation {other}"),
    }
}

#[test]
fn every_kind_of_account_is_answered_by_every_operation_as_written_down() {
    let rows = std::thread::scope(|scope| {
        let row = |(kind, cells): (&'static str, [&'static str; 8])| {
            scope.spawn(move || {
                // What ends an attempt well or takes the password away comes last, on a server of its own.
                let [before, after] = [0, 1].map(|_| server_with(kind));
                let order = [0, 1, 2, 6, 3, 5, 4, 7];
                let differing = order.into_iter().filter_map(|n| {
                    let server = if matches!(n, 4 | 7) { &after } else { &before };
                    let answer = attempt(server, OPERATIONS[n]);
                    let seen = format!("{} {}", answer.status, answer.code());
                    let cell = format!("{kind} × {}: {seen}, not {}", OPERATIONS[n], cells[n]);
                    (seen.trim() != cells[n]).then_some(cell)
                });
                differing.collect::<Vec<String>>()
            })
        };
        let running: Vec<_> = TABLE.into_iter().map(row).collect();
        running.into_iter().flat_map(|row| row.join().unwrap()).collect::<Vec<String>>()
    });
    assert!(rows.is_empty(), "\n{}", rows.join("\n"));
}
