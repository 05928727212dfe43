//! Who may call what (api.md §8): every role on every route of administration, and on every role it may be done to. Each
//! cell is written down.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::people::{OLD, home};
use tests::server::Server;

const ROLES: [&str; 5] = ["user", "reports_reader", "helpdesk", "user_admin", "admin"];

/// Method, path, body.
type Call = (&'static str, &'static str, Value);

/// Routes that are about nobody in particular, and which of [`ROLES`] may call them.
fn open_routes() -> Vec<(Call, &'static str)> {
    let none = || Value::Null;
    let rollback = json!({"version": 999});
    vec![
        (("GET", "/v1/admin/config", none()), "nnnny"),
        (("PUT", "/v1/admin/config", json!({})), "nnnny"),
        (("POST", "/v1/admin/config/preview", json!({"config": {}})), "nnnny"),
        (("GET", "/v1/admin/config/versions", none()), "nnnny"),
        (("GET", "/v1/admin/config/versions/1", none()), "nnnny"),
        (("POST", "/v1/admin/config/rollback", rollback), "nnnny"),
        (("GET", "/v1/admin/users", none()), "nnyyy"),
        (("POST", "/v1/admin/users/import?dry_run=true", none()), "nnnyy"),
        (("GET", "/v1/admin/groups/staff", none()), "nnyyy"),
        (("PUT", "/v1/admin/groups/staff", json!({"groups": []})), "nnnyy"),
        (("DELETE", "/v1/admin/groups/nothing", none()), "nnnyy"),
        (("POST", "/v1/admin/groups/nothing/require-registration", none()), "nnnyy"),
        (("GET", "/v1/admin/reports/resets?username=nobody", none()), "nyyyy"),
        (("GET", "/v1/admin/reports/registrations?username=nobody", none()), "nyyyy"),
        (("GET", "/v1/admin/reports/users?username=nobody", none()), "nyyyy"),
        (("GET", "/v1/admin/reports/audit?username=nobody", none()), "nyyyy"),
        (("GET", "/v1/admin/support/9K3F-72QP", none()), "nyyyy"),
    ]
}

/// What is done to an account, and for each of [`ROLES`] to which of [`ROLES`] it may do it.
const TO_SOMEBODY: [(&str, &str, [&str; 5]); 9] = [
    ("GET", "", ["nnnnn", "nnnnn", "yyyyy", "yyyyy", "yyyyy"]),
    ("GET", "/explain", ["nnnnn", "nnnnn", "yyyyy", "yyyyy", "yyyyy"]),
    ("POST", "/reset", ["nnnnn", "nnnnn", "yynnn", "yyynn", "yyyyy"]),
    ("POST", "/unlock", ["nnnnn", "nnnnn", "yynnn", "yyynn", "yyyyy"]),
    ("POST", "/unblock", ["nnnnn", "nnnnn", "yynnn", "yyynn", "yyyyy"]),
    ("POST", "/require-registration", ["nnnnn", "nnnnn", "nnnnn", "yyynn", "yyyyy"]),
    ("POST", "/revoke-sessions", ["nnnnn", "nnnnn", "nnnnn", "yyynn", "yyyyy"]),
    ("PUT", "", ["nnnnn", "nnnnn", "nnnnn", "yyynn", "yyyyy"]),
    ("DELETE", "", ["nnnnn", "nnnnn", "nnnnn", "yyynn", "yyyyy"]),
];

/// The same to oneself: some things nobody may do to themselves.
const TO_ONESELF: [(&str, &str, &str); 4] = [
    ("POST", "/reset", "nnnnn"),
    ("DELETE", "", "nnnnn"),
    ("GET", "/explain", "nnyyy"),
    ("POST", "/unlock", "nnnny"),
];

/// Which role may give which.
const GIVES: [&str; 5] = ["nnnnn", "nnnnn", "nnnnn", "yyynn", "yyyyy"];

fn letters(cells: &str) -> impl Iterator<Item = bool> {
    cells.chars().map(|c| c == 'y')
}

/// Whether a role was enough: anything else that is wrong with the call is found later.
#[track_caller]
fn allowed(what: &str, answer: &Answer) -> bool {
    let refused = (answer.status, answer.code().as_str()) == (403, "forbidden");
    assert!(refused || (answer.status < 500 && answer.status != 401), "{what}: {}", answer.body);
    !refused
}

/// Somebody of each role; their tokens, in the order of [`ROLES`].
fn actors(server: &Server, admin: &str) -> Vec<String> {
    let tokens = ROLES.map(|role| {
        let name = role.replace('_', "-");
        server.create(admin, &name);
        server.change_user(admin, &name, &json!({ "roles": [role] }));
        server.token(&name, OLD)
    });
    tokens.to_vec()
}

fn call(client: &Client, token: &str, (method, path, body): &Call) -> Answer {
    client.call(method, path, token, body)
}

#[test]
fn each_role_may_call_exactly_its_routes() {
    let server = Server::start();
    let admin = server.admin();
    let actors = actors(&server, &admin);
    for (route, cells) in open_routes() {
        for ((token, role), expected) in actors.iter().zip(ROLES).zip(letters(cells)) {
            let what = format!("{role}: {} {}", route.0, route.1);
            assert_eq!(allowed(&what, &call(&server, token, &route)), expected, "{what}");
        }
    }
}

#[test]
fn each_role_reaches_exactly_the_roles_below_it() {
    let server = Server::start();
    let admin = server.admin();
    let actors = actors(&server, &admin);
    let target = |role: &str, n: usize| format!("{}.{n}", role.replace('_', "-"));
    for (n, (method, suffix, rows)) in TO_SOMEBODY.iter().enumerate() {
        for (m, (token, row)) in actors.iter().zip(rows).enumerate() {
            for (role, expected) in ROLES.iter().zip(letters(row)) {
                // Whoever is deleted is somebody else's each time; the others outlive what is done to them.
                let name = target(role, if *method == "DELETE" { 100 + m } else { 0 });
                let there = server.get(&format!("/v1/admin/users/{name}"), &admin).status;
                if there == 404 {
                    let members = json!({ "roles": [role], "initial_password": OLD });
                    server.put_user(&admin, &name, &members).expect(201);
                }
                let path = format!("/v1/admin/users/{name}{suffix}");
                let body = match *method {
                    "PUT" => json!({ "display_name": format!("{n} {m}") }),
                    _ => Value::Null,
                };
                let what = format!("{}: {method} {path}", ROLES[m]);
                let answer = server.call(method, &path, token, &body);
                assert_eq!(allowed(&what, &answer), expected, "{what}");
                assert_eq!(
                    (200..300).contains(&answer.status),
                    expected,
                    "{what}: {}",
                    answer.body
                );
            }
        }
    }
}

#[test]
fn nobody_resets_or_deletes_themselves_by_these_routes() {
    let server = Server::start();
    let admin = server.admin();
    let actors = actors(&server, &admin);
    for (method, suffix, cells) in TO_ONESELF {
        for ((token, role), expected) in actors.iter().zip(ROLES).zip(letters(cells)) {
            let path = format!("/v1/admin/users/{}{suffix}", role.replace('_', "-"));
            let what = format!("{role}: {method} {path}");
            let answer = server.call(method, &path, token, &Value::Null);
            assert_eq!(allowed(&what, &answer), expected, "{what}");
        }
    }
}

#[test]
fn each_role_gives_exactly_the_roles_below_it_one_by_one_and_in_a_file() {
    let server = Server::start();
    let admin = server.admin();
    let actors = actors(&server, &admin);
    for ((token, actor), row) in actors.iter().zip(ROLES).zip(GIVES) {
        for (role, expected) in ROLES.into_iter().zip(letters(row)) {
            let name = format!("new.{}.{}", actor.replace('_', "-"), role.replace('_', "-"));
            let what = format!("{actor} makes a {role}");
            let put = server.put_user(token, &name, &json!({ "roles": [role] }));
            assert_eq!(allowed(&what, &put), expected, "{what}");
            let bearer = format!("Bearer {token}");
            let headers = [("content-type", "text/csv"), ("authorization", bearer.as_str())];
            let file = format!("username,roles\n{name}.imported,{role}\n");
            let path = "/v1/admin/users/import";
            let answer = server.send("POST", path, &headers, file.as_bytes());
            let created = answer.status == 200 && answer.json()["created"] == 1;
            assert_eq!(created, expected, "{what} in a file: {}", answer.body);
        }
    }
}

#[test]
fn no_route_of_administration_answers_without_a_sign_in_or_to_a_reset() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let reset = server.begin("alice", "reset").token;
    let mut routes: Vec<Call> = open_routes().into_iter().map(|(route, _)| route).collect();
    for (method, suffix, _) in TO_SOMEBODY {
        let path = format!("/v1/admin/users/alice{suffix}");
        let body = if method == "PUT" { json!({"email": home("alice")}) } else { Value::Null };
        routes.push((method, path.leak(), body));
    }
    for route in &routes {
        for token in ["", reset.as_str(), "at_nonsense"] {
            call(&server, token, route).refused(401, "invalid_token");
        }
    }
}

#[test]
fn every_route_of_administration_is_in_these_tables() {
    let server = Server::start();
    let contract = server.get("/openapi.json", "").expect(200).json();
    let documented = contract["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(|m| format!("{} {path}", m.to_uppercase())).collect::<Vec<_>>()
    });
    let documented: BTreeSet<String> =
        documented.filter(|route| route.contains(" /v1/admin/")).collect();
    let plain = |path: &str| {
        let path = path.split('?').next().unwrap().replace("/versions/1", "/versions/{n}");
        let path = path.replace("/groups/staff", "/groups/{group}");
        path.replace("/groups/nothing", "/groups/{group}").replace("9K3F-72QP", "{correlation_id}")
    };
    let mut tested: BTreeSet<String> = open_routes()
        .into_iter()
        .map(|((method, path, _), _)| format!("{method} {}", plain(path)))
        .collect();
    for (method, suffix, _) in TO_SOMEBODY {
        tested.insert(format!("{method} /v1/admin/users/{{username}}{suffix}"));
    }
    assert_eq!(tested, documented);
}
