//! What administrators, the help desk and readers do: people, groups, reports, and who may not.

use serde_json::{Value, json};
use tests::people::{ADMIN, NEW, OLD, home, mobile, work};
use tests::server::Server;

/// Somebody with a role and [`OLD`] as their password; their token.
fn with_role(server: &Server, admin: &str, name: &str, role: &str) -> String {
    server.create(admin, name);
    server.change_user(admin, name, &json!({ "roles": [role] }));
    server.token(name, OLD)
}

#[test]
fn an_account_is_created_shown_changed_and_deleted() {
    let server = Server::start();
    let admin = server.admin();
    let path = "/v1/admin/users/alice";
    server.get(path, &admin).refused(404, "not_found");
    server.person_with_phone(&admin, "Alice", &mobile(1));
    let shown = server.get(path, &admin).expect(200);
    assert_eq!(shown.json()["username"], "alice");
    for secret in [home("alice"), mobile(1), OLD.to_owned(), "argon2".to_owned()] {
        assert!(!shown.body.contains(&secret), "{secret} in {}", shown.body);
    }
    server.change_user(&admin, "ALICE", &json!({"display_name": "Alice A"}));
    let changed = server.get(path, &admin).expect(200).json();
    assert_eq!(
        (&changed["display_name"], &changed["roles"]),
        (&json!("Alice A"), &json!(["user"]))
    );
    assert_eq!(changed["enabled"], true, "a member left out keeps its value");
    server.call("DELETE", path, &admin, &Value::Null).expect(204);
    server.get(path, &admin).refused(404, "not_found");
    server.call("DELETE", path, &admin, &Value::Null).refused(404, "not_found");
    server.sign_in("alice", OLD).refused(401, "invalid_credentials");
}

#[test]
fn an_account_of_the_same_name_is_another_account() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let (session, reset) = (server.token("alice", OLD), server.ready("alice", "reset"));
    server.call("DELETE", "/v1/admin/users/alice", &admin, &Value::Null).expect(204);
    server.person(&admin, "alice");
    assert_eq!(reset.complete(NEW).status / 100, 4);
    server.get("/v1/registration", &session).refused(401, "invalid_token");
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn the_list_of_people_is_paged_in_the_order_of_their_names() {
    let server = Server::start();
    let admin = server.admin();
    for name in ["dora", "alice", "carol", "bobby"] {
        server.put_user(&admin, name, &json!({"display_name": name})).expect(201);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    for _ in 0..5 {
        let page =
            server.get(&format!("/v1/admin/users?limit=2{cursor}"), &admin).expect(200).json();
        for item in page["items"].as_array().unwrap() {
            names.push(item["username"].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["alice", "bobby", "carol", "dora", ADMIN]);
}

#[test]
fn names_that_look_like_others_or_hold_what_names_may_not_are_refused() {
    let server = Server::start();
    let admin = server.admin();
    for name in ["al%D1%96ce", "a%20b", "a%00b", "a@b@c", "%E2%80%AEalice", "a*b"] {
        let put = server.put_user(&admin, name, &json!({}));
        assert!(matches!(put.status, 400 | 404), "{name}: {} {}", put.status, put.body);
    }
    for name in ["o'brien", "anna.b-c_d!e%23f%5Eg~h+i@example.org", "%E4%BD%90%E8%97%A4"] {
        server.put_user(&admin, name, &json!({})).expect(201);
    }
}

#[test]
fn each_role_reaches_what_is_its_own_and_no_more() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let correlation = server.begin("alice", "reset").correlation;
    let support = format!("/v1/admin/support/{correlation}");
    let paths =
        ["/v1/admin/reports/resets", support.as_str(), "/v1/admin/users/alice", "/v1/admin/config"];
    let roles = [
        ("user", [403, 403, 403, 403]),
        ("reports_reader", [200, 200, 403, 403]),
        ("helpdesk", [200, 200, 200, 403]),
        ("user_admin", [200, 200, 200, 403]),
        ("admin", [200, 200, 200, 200]),
    ];
    for (n, (role, expected)) in roles.iter().enumerate() {
        let token = with_role(&server, &admin, &format!("person{n}"), role);
        let statuses = paths.map(|path| server.get(path, &token).status);
        assert_eq!(statuses, *expected, "{role}");
    }
}

#[test]
fn nobody_gives_a_role_above_their_own_or_changes_somebody_above() {
    let server = Server::start();
    let admin = server.admin();
    let ursula = with_role(&server, &admin, "ursula", "user_admin");
    server.create(&admin, "alice");
    let put = |name: &str, members: Value| server.put_user(&ursula, name, &members).status;
    assert_eq!(put("alice", json!({"roles": ["admin"]})), 403);
    assert_eq!(put("ursula", json!({"roles": ["admin"]})), 403);
    assert_eq!(put(ADMIN, json!({"enabled": false})), 403);
    assert_eq!(put(ADMIN, json!({"email": "ursula@home.example"})), 403);
    assert_eq!(put("alice", json!({"display_name": "Alice A"})), 200);
    let helga = with_role(&server, &admin, "helga", "helpdesk");
    assert_eq!(server.put_user(&helga, "alice", &json!({"display_name": "x"})).status, 403);
    assert_eq!(server.put_user(&helga, "newbie", &json!({})).status, 403);
}

#[test]
fn an_administrator_cannot_take_the_last_administrator_away() {
    let server = Server::start();
    let admin = server.admin();
    let path = format!("/v1/admin/users/{ADMIN}");
    let refused = [
        server.call("DELETE", &path, &admin, &Value::Null).status,
        server.put_user(&admin, ADMIN, &json!({"enabled": false})).status,
        server.put_user(&admin, ADMIN, &json!({"roles": ["user"]})).status,
    ];
    assert!(refused.iter().all(|status| matches!(status, 403 | 409 | 422)), "{refused:?}");
    server.sign_in(ADMIN, tests::people::ADMIN_PASSWORD).expect(200);
}

#[test]
fn a_first_password_is_checked_and_given_only_at_creation() {
    let server = Server::start();
    let admin = server.admin();
    let weak = server.put_user(&admin, "alice", &json!({"initial_password": "short"}));
    weak.refused(422, "password_rejected");
    server.get("/v1/admin/users/alice", &admin).refused(404, "not_found");
    server.create(&admin, "alice");
    let again = server.put_user(&admin, "alice", &json!({"initial_password": NEW}));
    assert!(matches!(again.status, 400 | 409 | 422), "{} {}", again.status, again.body);
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn groups_name_the_groups_nested_in_them_and_count_their_people() {
    let server = Server::start();
    let admin = server.admin();
    let path = "/v1/admin/groups/everyone";
    let put = server.call("PUT", path, &admin, &json!({"groups": ["staff", "interns"]}));
    assert!(matches!(put.status, 200 | 201), "{}", put.body);
    for (name, group) in [("alice", "everyone"), ("bobby", "staff")] {
        server.put_user(&admin, name, &json!({ "groups": [group] })).expect(201);
    }
    let shown = server.get(path, &admin).expect(200).json();
    assert_eq!(
        (&shown["group"], &shown["groups"]),
        (&json!("everyone"), &json!(["interns", "staff"]))
    );
    assert!(shown["members"].as_u64().is_some_and(|n| n >= 1), "{shown}");
    server.call("DELETE", path, &admin, &Value::Null).expect(204);
    let left = server.get(path, &admin).json();
    assert!(left["groups"].as_array().is_none_or(Vec::is_empty), "{left}");
}

#[test]
fn a_report_comes_in_pages_and_as_csv_and_lines_that_no_spreadsheet_runs() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    for _ in 0..3 {
        server.begin("alice", "reset").cancel().expect(204);
    }
    let agent = [("user-agent", "=cmd|' /C calc'!A0"), ("content-type", "application/json")];
    let body = json!({"username": "alice", "purpose": "reset"}).to_string();
    let begun = server.send("POST", "/v1/resets", &agent, body.as_bytes());
    tests::flow::Reset::of(&server, &begun).cancel().expect(204);
    let path = "/v1/admin/reports/resets?username=alice&result=cancelled";
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..4 {
        let page = server.get(&format!("{path}&limit=2{cursor}"), &admin).expect(200).json();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|i| i["correlation_id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        let foreign = format!("/v1/admin/reports/resets?username=bobby&cursor={next}");
        server.get(&foreign, &admin).refused(400, "invalid_request");
        cursor = format!("&cursor={next}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    let csv = server.get(&format!("{path}&format=csv"), &admin).expect(200);
    assert!(csv.header("content-type").starts_with("text/csv"), "{:?}", csv.headers);
    assert_eq!(csv.body.lines().count(), 5, "{}", csv.body);
    assert!(!csv.body.contains(",=cmd") && csv.body.contains("'=cmd"), "{}", csv.body);
    let lines = server.get(&format!("{path}&format=ndjson"), &admin).expect(200);
    let parsed = lines.body.lines().map(serde_json::from_str::<Value>);
    assert_eq!(parsed.filter(Result::is_ok).count(), 4, "{}", lines.body);
}

#[test]
fn an_attempt_that_could_not_work_says_why_in_the_report_only() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "uriah");
    server.person(&admin, "dinah");
    server.change_user(&admin, "dinah", &json!({"enabled": false}));
    let attempts =
        [("uriah", "not_registered"), ("dinah", "account_disabled"), ("nobody", "unknown_user")];
    let begun = attempts.map(|(name, why)| {
        let reset = server.begin(name, "reset");
        reset.challenge("email", &home(name)).expect(202);
        (name, why, reset.correlation)
    });
    server.advance(961);
    let admin = server.admin();
    for (name, why, correlation) in begun {
        let row = tests::flow::one_row(&server, &admin, name, &correlation);
        assert_eq!((&row["result"], &row["detail"]), (&json!("failed"), &json!(why)), "{name}");
    }
}

#[test]
fn everybody_may_know_the_rules_and_whether_all_is_well() {
    let server = Server::start();
    let about = server.get("/v1/about", "").expect(200).json();
    assert!(about.to_string().contains("Example Org"), "{about}");
    let health = server.get("/v1/health", "").expect(200).json();
    assert_eq!((&health["status"], &health["parts"]["store"]), (&json!("ok"), &json!("ok")));
    let contract = server.get("/openapi.json", "").expect(200).json();
    assert!(contract["openapi"].as_str().is_some_and(|v| v.starts_with("3.1")));
    for path in ["/v1/resets", "/v1/resets/complete", "/v1/sign-in", "/v1/admin/config"] {
        assert!(contract["paths"][path].is_object(), "{path}");
    }
    let there = server.get("/.well-known/change-password", "");
    assert!((300..400).contains(&there.status), "{}", there.status);
}

#[test]
fn a_number_shared_by_two_people_opens_the_gates_of_each_with_a_code_of_their_own() {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    server.person_with_phone(&admin, "bobby", &mobile(1));
    let (alice, mut bobby) = (server.begin("alice", "reset"), server.begin("bobby", "reset"));
    alice.challenge("sms", &mobile(1)).expect(202);
    let code = server.code(&mobile(1));
    bobby.challenge("sms", &mobile(1)).expect(202);
    bobby.verify("sms", &code).refused(422, "proof_incorrect");
    assert!(server.outbox(&work("alice")).iter().all(|m| m["channel"] == "email"));
}
