//! Input that is not what a route takes: a problem document, nothing stored, never a 500.

use serde_json::{Value, json};
use tests::client::{Answer, Client, is_write};
use tests::people::{NEW, OLD, home};
use tests::server::Server;

/// A route that takes a body, with a body it would accept and the token it needs.
struct Route {
    method: &'static str,
    path: &'static str,
    token: String,
    good: Value,
}

/// Every route of the contract that takes a body.
fn routes(server: &Server) -> Vec<Route> {
    let admin = server.admin();
    server.person(&admin, "alice");
    let session = server.token("alice", OLD);
    let reset = server.begin("alice", "reset").token;
    let config = server.get("/v1/admin/config", &admin).expect(200).json();
    let post = |path, token: &str, good| Route { method: "POST", path, token: token.into(), good };
    let put = |path, token: &str, good| Route { method: "PUT", path, token: token.into(), good };
    vec![
        post("/v1/sign-in", "", json!({"username": "alice", "password": OLD})),
        post(
            "/v1/registration/methods",
            &session,
            json!({"method": "email", "address": "a@new.example"}),
        ),
        post(
            "/v1/registration/methods/verify",
            &session,
            json!({"method": "email", "code": "12345678"}),
        ),
        post("/v1/resets", "", json!({"username": "alice", "purpose": "reset"})),
        post("/v1/resets/challenge", &reset, json!({"method": "email", "contact": home("alice")})),
        post("/v1/resets/verify", &reset, json!({"method": "email", "code": "12345678"})),
        post("/v1/resets/complete", &reset, json!({"new_password": NEW})),
        post(
            "/v1/password/change",
            "",
            json!({"username": "alice", "current_password": OLD, "new_password": NEW}),
        ),
        post("/v1/password/check", &session, json!({"new_password": NEW})),
        put("/v1/admin/config", &admin, config),
        post("/v1/admin/config/rollback", &admin, json!({"version": 1})),
        put(
            "/v1/admin/users/bobby",
            &admin,
            json!({"display_name": "Bobby", "email": home("bobby"), "roles": ["user"], "enabled": true}),
        ),
        put("/v1/admin/groups/staff", &admin, json!({"groups": ["interns"]})),
    ]
}

impl Route {
    fn send(&self, client: &Client, body: &[u8]) -> Answer {
        self.send_as(client, "application/json", body)
    }

    fn send_as(&self, client: &Client, content_type: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        // A right precondition, so that nothing but the body is wrong.
        let mut headers = vec![("if-match", "\"1\"")];
        if !content_type.is_empty() {
            headers.push(("content-type", content_type));
        }
        if !self.token.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        client.send(self.method, self.path, &headers, body)
    }

    /// The good body with one member changed.
    fn with(&self, member: &str, value: &str) -> Vec<u8> {
        let good = self.good.as_object().unwrap();
        let members = good.iter().map(|(name, v)| {
            let text = if name == member { value.to_owned() } else { v.to_string() };
            format!("{}:{text}", json!(name))
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into_bytes()
    }

    /// The good body with more text before its end.
    fn and(&self, more: &str) -> Vec<u8> {
        let text = self.good.to_string();
        format!("{}{more}}}", &text[..text.len() - 1]).into_bytes()
    }

    fn members(&self) -> Vec<(String, Value)> {
        self.good.as_object().unwrap().iter().map(|(n, v)| (n.clone(), v.clone())).collect()
    }
}

/// How many writes were made under an answer's correlation id.
fn writes(server: &Server, answer: &Answer) -> usize {
    let calls = server.trace(answer.header("x-correlation-id"));
    calls.iter().filter(|call| is_write(call)).count()
}

/// Fails unless the answer is a whole problem document of this status and code.
#[track_caller]
fn problem(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("referrer-policy"), "same-origin", "{what}");
    let body = answer.json();
    assert_eq!(body["type"], format!("/problems/{code}"), "{what}");
    assert_eq!(body["status"], status, "{what}");
    assert!(body["title"].is_string() && body["detail"].is_string(), "{what}: {body}");
    assert_eq!(body["correlation_id"], answer.header("x-correlation-id"), "{what}");
}

/// Sends a body that must be refused as invalid, and fails if anything was written.
#[track_caller]
fn invalid(server: &Server, route: &Route, body: &[u8], what: &str) {
    let what = format!("{} {} with {what}", route.method, route.path);
    let before = match route.path {
        // These answer under their attempt's id, which has a history.
        path if path.starts_with("/v1/resets/") => writes(server, &route.send(server, b"")),
        _ => 0,
    };
    let answer = route.send(server, body);
    problem(&answer, 400, "invalid_request", &what);
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    assert!(!errors.is_empty(), "{what}: {}", answer.body);
    for error in &errors {
        assert!(error["field"].is_string() && error["code"].is_string(), "{what}: {error}");
    }
    assert_eq!(writes(server, &answer), before, "{what} stored something");
}

#[test]
fn a_body_that_is_not_one_json_object_is_refused() {
    let server = Server::start();
    for route in routes(&server) {
        let good = route.good.to_string();
        let texts = ["", " ", "{", "}", "nonsense", "[]", "null", "7", "\"text\""];
        let mut bodies: Vec<Vec<u8>> = texts.map(|text| text.into()).into();
        bodies.extend([b"\xff\xfe{}".to_vec(), b"{\"\xff\":1}".to_vec()]);
        let wrapped = [format!("{good} x"), format!("{good}{good}"), format!("[{good}]")];
        bodies.extend(wrapped.map(String::into_bytes));
        for body in &bodies {
            invalid(&server, &route, body, &String::from_utf8_lossy(body));
        }
    }
}

#[test]
fn members_that_are_unknown_doubled_or_of_another_type_are_refused_by_name() {
    let server = Server::start();
    for route in routes(&server) {
        invalid(&server, &route, &route.and(",\"surprise\":1"), "an unknown member");
        invalid(&server, &route, &route.and(",\"\":1"), "a member without a name");
        for (name, value) in route.members() {
            let double = route.and(&format!(",{}:{value}", json!(name)));
            invalid(&server, &route, &double, &format!("{name} twice"));
            let wrong = match &value {
                Value::String(text) => {
                    vec![json!([text]), json!(7), json!(true), json!({"a": text})]
                }
                Value::Number(_) => vec![json!("7"), json!([7]), json!({"a": 7}), json!(true)],
                Value::Bool(_) => vec![json!("true"), json!(1), json!([true])],
                Value::Array(_) => vec![json!("x"), json!({"a": 1}), json!([7])],
                Value::Object(_) => vec![json!([]), json!("x"), json!(7)],
                Value::Null => vec![],
            };
            for other in wrong {
                let body = route.with(&name, &other.to_string());
                invalid(&server, &route, &body, &format!("{name} = {other}"));
            }
        }
    }
}

#[test]
fn depth_without_end_lone_surrogates_and_raw_control_characters_are_refused() {
    let server = Server::start();
    for route in routes(&server) {
        for (name, value) in route.members() {
            let brackets = "[".repeat(3000);
            invalid(&server, &route, &route.with(&name, &brackets), "3,000 open brackets");
            let objects = "{\"a\":".repeat(1000);
            invalid(&server, &route, &route.with(&name, &objects), "1,000 open braces");
            if value.is_string() {
                for text in
                    ["\"\\ud800\"", "\"\\udc00x\"", "\"\\ud800\\ud800\"", "\"a\u{0}b\"", "\"a\nb\""]
                {
                    invalid(&server, &route, &route.with(&name, text), text);
                }
            }
        }
    }
}

#[test]
fn an_escaped_nul_is_never_stored_and_never_an_error_of_ours() {
    let server = Server::start();
    for route in routes(&server) {
        for (name, value) in route.members().iter().filter(|(_, v)| v.is_string()) {
            let answer = route.send(&server, &route.with(name, "\"a\\u0000b\""));
            let what = format!("{} {name} = {value}: {}", route.path, answer.body);
            // A check says by 200 that it does not do.
            let checked = route.path == "/v1/password/check" && answer.json()["accepted"] == false;
            assert!((400..500).contains(&answer.status) || checked, "{what}");
        }
    }
    let users = server.get("/v1/admin/users", &server.admin()).expect(200);
    assert!(!users.body.contains("\\u0000"), "{}", users.body);
}

#[test]
fn a_body_of_twenty_kilobytes_is_too_large_whatever_is_in_it() {
    let server = Server::start();
    for route in routes(&server) {
        // A configuration document may be larger: a list of banned words, a logo.
        let size =
            if route.path.starts_with("/v1/admin/config") && !route.path.ends_with("rollback") {
                140_000
            } else {
                20_480
            };
        let long = route.with(&route.members()[0].0, &format!("\"{}\"", "a".repeat(size)));
        for body in [long, vec![b' '; size], vec![b'['; size]] {
            let answer = route.send(&server, &body);
            problem(&answer, 413, "body_too_large", route.path);
        }
    }
}

#[test]
fn a_body_of_sixteen_kibibytes_is_read_and_one_byte_more_is_not() {
    let server = Server::start();
    let good = json!({"username": "nobody", "purpose": "reset"}).to_string();
    let headers = [("content-type", "application/json")];
    for (length, status) in [(16_384, 201), (16_385, 413)] {
        let body = format!("{good}{}", " ".repeat(length - good.len()));
        server.send("POST", "/v1/resets", &headers, body.as_bytes()).expect(status);
    }
}

#[test]
fn another_content_type_is_refused() {
    let server = Server::start();
    for route in routes(&server) {
        let good = route.good.to_string();
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "multipart/form-data; boundary=x",
            "",
        ] {
            let answer = route.send_as(&server, kind, good.as_bytes());
            problem(&answer, 415, "unsupported_media_type", &format!("{} as {kind:?}", route.path));
        }
    }
    let charset = json!({"username": "nobody", "purpose": "reset"}).to_string();
    let headers = [("content-type", "application/json; charset=utf-8")];
    server.send("POST", "/v1/resets", &headers, charset.as_bytes()).expect(201);
}

#[test]
fn a_known_path_with_another_method_names_the_methods_it_has() {
    let server = Server::start();
    for route in routes(&server) {
        let wrong = if route.path == "/v1/admin/users/bobby" || route.path.contains("/groups/") {
            "POST"
        } else {
            "DELETE"
        };
        let answer = server.send(wrong, route.path, &[("content-type", "application/json")], b"{}");
        problem(&answer, 405, "method_not_allowed", route.path);
        let allow = answer.header("allow").to_owned();
        assert!(
            allow.split(',').any(|m| m.trim() == route.method),
            "{}: Allow: {allow}",
            route.path
        );
    }
    for path in [
        "/v1/registration",
        "/v1/resets/current",
        "/v1/health",
        "/v1/about",
        "/v1/admin/reports/resets",
    ] {
        let answer = server.send("PUT", path, &[("content-type", "application/json")], b"{}");
        problem(&answer, 405, "method_not_allowed", path);
        assert!(answer.header("allow").contains("GET"), "{path}");
    }
}

#[test]
fn an_unknown_path_is_not_found() {
    let server = Server::start();
    for path in [
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/resets/",
        "/v1/resets/complete/x",
        "/v2/resets",
        "/%00",
        "/v1/admin",
        "/..%2f..%2fetc",
        "/v1/admin/reports/nothing",
    ] {
        for method in ["GET", "POST"] {
            let answer = server.send(method, path, &[("content-type", "application/json")], b"{}");
            problem(&answer, 404, "not_found", &format!("{method} {path}"));
        }
    }
}

#[test]
fn bad_path_and_query_values_are_refused() {
    let server = Server::start();
    let admin = server.admin();
    for name in ["%00", "a%20b", "a%2Fb", "%ff", "a@b@c", &"a".repeat(114), "al%D1%96ce"] {
        let path = format!("/v1/admin/users/{name}");
        let body = json!({"display_name": "x"});
        for answer in [server.get(&path, &admin), server.call("PUT", &path, &admin, &body)] {
            assert!(
                matches!(answer.status, 400 | 404),
                "{name}: {} {}",
                answer.status,
                answer.body
            );
        }
    }
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "from=yesterday",
        "to=1",
        "cursor=forged",
        "format=xml",
        "result=maybe",
        "purpose=x",
    ] {
        let answer = server.get(&format!("/v1/admin/reports/resets?{query}"), &admin);
        problem(&answer, 400, "invalid_request", query);
    }
    for id in ["x", "AAAA-AAA", "%00", "UUUU-UUUU"] {
        let answer = server.get(&format!("/v1/admin/support/{id}"), &admin);
        assert!(matches!(answer.status, 400 | 404), "{id}: {} {}", answer.status, answer.body);
    }
    let longest = format!("/v1/about?mkt={}", "x".repeat(4000));
    server.get(&longest, "").expect(200);
}

#[test]
fn a_body_that_no_handler_reads_does_not_cost_the_next_call_its_connection() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "alice");
    for _ in 0..100 {
        server.post("/v1/admin/users/alice/unblock", &admin, json!({})).expect(200);
    }
}
