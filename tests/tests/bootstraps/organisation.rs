//! All functions together, out of process: the main job end to end, and the proof that each role grants what its function
//! does and nothing else.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use rules::ids::{CorrelationId, Millis, Username};
use rules::password::{Hasher, Parameters, Password};
use rules::secret::Keys;
use serde_json::{Value, json};
use state::key::Key;
use tests::cloud::ROOT_SECRET;
use tests::factors::ANSWERS;
use tests::fleet::{Fleet, Gateway, organisation};
use tests::flow::{one_row, other_code};
use tests::people::{NEW, OLD, home, mobile, work};

use crate::bootstraps;

/// What only a race or a lost reply reaches: tests of the store's idioms make these, on one process.
const BY_CHANCE: [&str; 0] = [];

#[test]
fn an_organisation_runs_on_the_bootstraps_and_uses_every_grant() {
    let gateway = Gateway::before(Fleet::new(bootstraps(), organisation()));
    let admin = gateway.admin();
    // Named groups make everybody's scope a look at the groups.
    gateway.configure(&admin, |document| {
        document["methods_required"] = 2.into();
        document["exclude_groups"] = json!(["contractors"]);
        document["password"] = json!({ "preset": "nist" });
    });
    resets_by_two_gates(&gateway, &admin);
    unlocks_and_changes(&gateway, &admin);
    registers(&gateway, &admin);
    resets_with_what_is_kept(&gateway, &admin);
    administers(&gateway, &admin);
    configures(&gateway, &admin);
    reports(&gateway, &admin);
    gives_up(&gateway, &admin);
    discloses(&gateway, &admin);
    repeats(&gateway);
    disowns(&gateway);
    works(&gateway, &admin);
    spends(&gateway, &admin);
    gateway.get("/v1/health", "").expect(200);
    assert_eq!(gateway.fleet.flaws(), Vec::<String>::new());
    let by_chance: BTreeSet<String> = BY_CHANCE.iter().map(|g| (*g).to_owned()).collect();
    assert_eq!(gateway.fleet.unused(), by_chance, "granted, and never used");
}

fn resets_by_two_gates(gateway: &Gateway, admin: &str) {
    gateway.person_with_phone(admin, "alice", &mobile(101));
    let before = gateway.token("alice", OLD);
    let mut reset = gateway.begin("alice", "reset");
    reset.complete(NEW).refused(409, "gates_incomplete");
    reset.pass("email", &home("alice"));
    reset.challenge("sms", &mobile(101)).expect(202);
    let code = gateway.code(&mobile(101));
    reset.verify("sms", &other_code(&code)).refused(422, "proof_incorrect");
    assert_eq!(reset.verify("sms", &code).expect(200).text("status"), "ready");
    assert_eq!(reset.current().expect(200).text("status"), "ready");
    let candidate = json!({ "new_password": NEW });
    gateway.post("/v1/password/check", &reset.token, candidate.clone()).expect(200);
    reset.complete(OLD).refused(422, "password_rejected");
    reset.complete(NEW).expect(200);
    gateway.sign_in("alice", OLD).refused(401, "invalid_credentials");
    gateway.get("/v1/registration", &before).refused(401, "invalid_token");
    let after = gateway.token("alice", NEW);
    gateway.post("/v1/password/check", &after, candidate).expect(200);
    gateway.call("POST", "/v1/sign-out", &after, &Value::Null).expect(204);
    for mailbox in [home("alice"), work("alice")] {
        let of_it = |m: &&Value| m["kind"] == "notice" && m["correlation_id"] == reset.correlation;
        assert_eq!(gateway.outbox(&mailbox).iter().filter(of_it).count(), 1, "{mailbox}");
    }
    let row = one_row(gateway, admin, "alice", &reset.correlation);
    assert_eq!(row["result"], "succeeded");
    gateway.get(&format!("/v1/admin/support/{}", reset.correlation), admin).expect(200);
}

/// Where an organisation lets people see what they registered.
fn discloses(gateway: &Gateway, admin: &str) {
    gateway.configure(admin, |c| c["account_disclosure"] = "full".into());
    let reset = gateway.begin("alice", "reset");
    gateway.post("/v1/resets/challenge", &reset.token, json!({ "method": "email" })).expect(202);
    reset.challenge("sms", &mobile(999)).refused(422, "contact_mismatch");
    gateway.try_begin("nobody", "reset").refused(403, "reset_refused");
    gateway.configure(admin, |c| c["account_disclosure"] = "none".into());
}

fn unlocks_and_changes(gateway: &Gateway, admin: &str) {
    for n in 0..10 {
        gateway.sign_in("alice", &format!("wrong {n}")).refused(401, "invalid_credentials");
    }
    gateway.sign_in("alice", NEW).refused(423, "account_locked");
    let mut unlock = gateway.begin("alice", "unlock");
    unlock.pass("email", &home("alice"));
    unlock.pass("sms", &mobile(101));
    unlock.unlock().expect(200);
    let change = |current: &str, new: &str| {
        let body = json!({ "username": "alice", "current_password": current, "new_password": new });
        gateway.post("/v1/password/change", "", body)
    };
    for n in 0..10 {
        change(&format!("wrong {n}"), OLD).refused(401, "invalid_credentials");
    }
    change(NEW, "Six cold kettles hum at dawn").refused(423, "account_locked");
    gateway.call("POST", "/v1/admin/users/alice/unlock", admin, &Value::Null).expect(200);
    change(NEW, "short").refused(422, "password_rejected");
    change(NEW, "Six cold kettles hum at dawn").expect(200);
    weaken(&gateway.fleet, "alice", "Six cold kettles hum at dawn");
    // The first signs in and renews the hash, the second with the new one.
    for _ in 0..2 {
        gateway.token("alice", "Six cold kettles hum at dawn");
    }
}

/// Replaces the hash of somebody's password by one of lesser parameters, as one of years ago.
fn weaken(fleet: &Fleet, username: &str, password: &str) {
    let username = Username::parse(username).unwrap();
    let mut item = get(fleet, &Key::Credential(&username));
    let salt = BASE64.decode(item["salt"]["B"].as_str().unwrap().as_bytes()).unwrap();
    let lesser = Parameters { memory_kib: 1_024, passes: 1, lanes: 1 };
    let password = Password::new(password.to_owned());
    let evaluation = Hasher::lazy().evaluate(&password, &salt.try_into().unwrap(), lesser).unwrap();
    let keys = Keys::derive(&BASE64.decode(ROOT_SECRET.as_bytes()).unwrap());
    let number = |n: u32| json!({ "N": n.to_string() });
    item["parameters"] = json!({ "M": {
        "memory_kib": number(lesser.memory_kib),
        "passes": number(lesser.passes),
        "lanes": number(lesser.lanes),
    } });
    item["verifier"] = json!({ "B": BASE64.encode(&evaluation.verifier(&keys.verifier)) });
    put(fleet, &item);
}

fn registers(gateway: &Gateway, admin: &str) {
    gateway.create(admin, "carol");
    let token = gateway.token("carol", OLD);
    gateway.call("POST", "/v1/registration/skip", &token, &Value::Null).expect(200);
    gateway.register_email(&token, &home("carol"));
    gateway.register_mobile(&token, &mobile(102));
    gateway.call("POST", "/v1/registration/confirm", &token, &Value::Null).expect(200);
    gateway
        .call("DELETE", "/v1/registration/methods/mobile_phone", &token, &Value::Null)
        .expect(200);
    gateway.get("/v1/registration", &token).expect(200);
}

/// Answers, an app and a recovery code: registered, removed, used.
fn resets_with_what_is_kept(gateway: &Gateway, admin: &str) {
    gateway.configure(admin, |c| c["methods"]["security_questions"] = json!(true));
    gateway.create(admin, "fiona");
    let token = gateway.token("fiona", OLD);
    gateway.put_questions(&token, &ANSWERS).expect(200);
    // By the clock of the machine, the only one that the functions have.
    let now = || {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap();
        Millis(i64::try_from(since.as_millis()).unwrap())
    };
    let app = gateway.register_app_at(&token, now());
    gateway.register_recovery(&token);
    let path = "/v1/registration/methods/recovery_code";
    gateway.call("DELETE", path, &token, &Value::Null).expect(200);
    let mut reset = gateway.begin("fiona", "reset");
    reset.pass_questions(&ANSWERS);
    reset.ask("authenticator_app").expect(200);
    reset.verify("authenticator_app", &app.code(now(), 1)).expect(200);
    reset.complete(NEW).expect(200);
    let code = gateway.register_recovery(&gateway.token("fiona", NEW));
    gateway.begin("fiona", "unlock").pass_recovery(&code);
    gateway.call("DELETE", "/v1/admin/users/fiona", admin, &Value::Null).expect(204);
}

fn administers(gateway: &Gateway, admin: &str) {
    let act = |method: &str, path: &str| {
        gateway.call(method, &format!("/v1/admin/{path}"), admin, &Value::Null)
    };
    gateway
        .call("PUT", "/v1/admin/groups/staff", admin, &json!({ "groups": ["night"] }))
        .expect(200);
    act("GET", "groups/staff").expect(200);
    act("DELETE", "groups/staff").expect(204);
    act("GET", "users?limit=10").expect(200);
    act("GET", "users/alice").expect(200);
    act("POST", "users/alice/unblock").expect(200);
    act("POST", "users/alice/revoke-sessions").expect(200);
    act("GET", "users/alice/explain").expect(200);
    act("POST", "users/alice/require-registration").expect(200);
    act("POST", "groups/staff/require-registration").expect(200);
    let file = b"username,groups\nima,staff\nalice,staff\n";
    let bearer = format!("Bearer {admin}");
    let headers = [("content-type", "text/csv"), ("authorization", bearer.as_str())];
    gateway.send("POST", "/v1/admin/users/import", &headers, file).expect(200);
    let temporary = act("POST", "users/alice/reset").expect(200).text("temporary_password");
    gateway.sign_in("alice", &temporary).refused(403, "password_change_required");
    gateway.create(admin, "dora");
    gateway.change_user(admin, "dora", &json!({ "roles": ["admin"] }));
    gateway.change_user(admin, "dora", &json!({ "roles": ["user"] }));
    act("DELETE", "users/dora").expect(204);
}

fn configures(gateway: &Gateway, admin: &str) {
    let proposed = json!({ "config": { "exclude_groups": ["contractors"] } });
    gateway.post("/v1/admin/config/preview", admin, proposed).expect(200);
    gateway.get("/v1/admin/config/versions", admin).expect(200);
    gateway.get("/v1/admin/config/versions/2", admin).expect(200);
    gateway.configure(admin, |document| document["codes"]["digits"] = 9.into());
    gateway.post("/v1/admin/config/rollback", admin, json!({ "version": 2 })).expect(200);
}

fn reports(gateway: &Gateway, admin: &str) {
    for report in ["resets", "registrations", "users", "audit"] {
        assert!(!gateway.report(admin, report).is_empty(), "{report}");
    }
    assert!(!gateway.report(admin, "audit?username=alice").is_empty());
}

/// Ends that are not a success: cancelled, help asked for, blocked, abandoned.
fn gives_up(gateway: &Gateway, admin: &str) {
    gateway.person_with_phone(admin, "emil", &mobile(103));
    let mut guessed = gateway.begin("emil", "reset");
    guessed.challenge("email", &home("emil")).expect(202);
    let code = gateway.code(&home("emil"));
    for _ in 0..5 {
        guessed.verify("email", &other_code(&code)).refused(422, "proof_incorrect");
    }
    guessed.verify("email", &code).refused(429, "throttled");
    gateway.call("POST", "/v1/admin/users/emil/unblock", admin, &Value::Null).expect(200);
    gateway.begin("emil", "reset").cancel().expect(204);
    gateway.begin("emil", "reset").contact_admin().expect(202);
    let mut abandoned = gateway.begin("emil", "reset");
    abandoned.pass("email", &home("emil"));
    let moved = ended_a_while_ago(&gateway.fleet, &abandoned.correlation);
    let first_run = json!({ "TableName": "state", "Key": key(&Key::SweepMark) });
    call(&gateway.fleet, "DeleteItem", &first_run);
    gateway.fleet.tick();
    assert_eq!(one_row(gateway, admin, "emil", &moved)["result"], "abandoned");
    move_mark_back(&gateway.fleet);
    gateway.fleet.tick();
}

/// "This wasn't me", by the link of the last notice.
fn disowns(gateway: &Gateway) {
    let told = gateway.outbox(&work("alice")).pop().unwrap();
    let text = told["text"].as_str().unwrap();
    let (_, link) = text.split_once("https://reset.example/not-me?t=").unwrap();
    let token = link.split_whitespace().next().unwrap();
    let page = gateway.get(&format!("/not-me?t={token}"), "").expect(200);
    assert!(page.body.contains("<button"), "{}", page.body);
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://reset.example"),
    ];
    let press = || gateway.send("POST", "/not-me", &form, format!("t={token}").as_bytes());
    assert!(press().expect(200).body.contains("closed until"));
    assert!(press().expect(200).body.contains("already done"));
}

/// A proof of work.
fn works(gateway: &Gateway, admin: &str) {
    gateway.configure(admin, |document| document["proof_of_work"] = true.into());
    let asked = gateway.try_begin("alice", "reset").refused(422, "proof_of_work_required").json();
    let (challenge, bits) = (&asked["proof_of_work"]["challenge"], &asked["proof_of_work"]["bits"]);
    let bits = u32::try_from(bits.as_u64().unwrap()).unwrap();
    let tried = |n: u32| format!("{}.{n}", challenge.as_str().unwrap());
    let right = |text: &String| rules::proof_of_work::zero_bits(text) >= bits;
    let solution = (0..).map(tried).find(right).unwrap();
    let body = json!({ "username": "alice", "purpose": "reset", "proof_of_work": solution });
    gateway.post("/v1/resets", "", body).expect(201);
    gateway.configure(admin, |document| document["proof_of_work"] = false.into());
}

/// The budget of texts: one that is withheld, and one that is over it.
fn spends(gateway: &Gateway, admin: &str) {
    let ask = |number: &str| {
        let reset = gateway.begin("emil", "reset");
        reset.challenge("sms", number).expect(202);
        gateway.outbox("");
        reset.current().expect(200).text("delivery")
    };
    assert_eq!(ask(&mobile(999)), "sent");
    gateway.configure(admin, |d| d["throttle"]["texts_per_hour_organisation"] = 1.into());
    assert_eq!(ask(&mobile(103)), "failed");
}

/// The repeat of a request to each function that takes any, recognised by its key: a refusal is an answer too.
fn repeats(gateway: &Gateway) {
    for path in [
        "/v1/sign-in",
        "/v1/registration/confirm",
        "/v1/resets",
        "/v1/resets/verify",
        "/v1/resets/complete",
        "/v1/resets/unlock",
        "/v1/password/change",
        "/v1/admin/config/rollback",
        "/v1/admin/users/alice/reset",
    ] {
        let headers = [("idempotency-key", "one"), ("content-type", "application/json")];
        let first = gateway.send("POST", path, &headers, b"{}");
        let again = gateway.send("POST", path, &headers, b"{}");
        assert_eq!((first.status, &first.body), (again.status, &again.body), "{path}");
        assert!(matches!(first.status, 400 | 401), "{path}: {}", first.body);
    }
}

/// Moves an attempt to an end in the past, which no clock of a process can be: its key names the minute of its end.
fn ended_a_while_ago(fleet: &Fleet, correlation: &str) -> String {
    let id = CorrelationId::parse(correlation).unwrap();
    let mut item = get(fleet, &Key::Attempt(id));
    let end: i64 = item["expires_at"]["N"].as_str().unwrap().parse().unwrap();
    let end = Millis(end - 20 * 60_000);
    let moved = CorrelationId::new(end, 7);
    let (pk, sk) = Key::Attempt(moved).pair();
    item["pk"] = json!({ "S": pk });
    item["sk"] = json!({ "S": sk });
    item["correlation"] = json!({ "S": moved.to_string() });
    item["expires_at"] = json!({ "N": end.0.to_string() });
    put(fleet, &item);
    moved.to_string()
}

/// Lets the sweep have come less far than it has: every moment of its mark ten minutes back.
fn move_mark_back(fleet: &Fleet) {
    let mut item = get(fleet, &Key::SweepMark);
    for moment in item.as_object_mut().unwrap().values_mut().filter_map(|a| a.get_mut("N")) {
        let at: i64 = moment.as_str().unwrap().parse().unwrap();
        *moment = (at - 600_000).to_string().into();
    }
    put(fleet, &item);
}

fn get(fleet: &Fleet, of: &Key<'_>) -> Value {
    call(fleet, "GetItem", &json!({ "TableName": "state", "Key": key(of) }))["Item"].clone()
}

fn put(fleet: &Fleet, item: &Value) {
    call(fleet, "PutItem", &json!({ "TableName": "state", "Item": item }));
}

fn key(of: &Key<'_>) -> Value {
    let (pk, sk) = of.pair();
    json!({ "pk": { "S": pk }, "sk": { "S": sk } })
}

/// The store, past every role.
fn call(fleet: &Fleet, operation: &str, request: &Value) -> Value {
    let answer = fleet.cloud.engine.call(operation, request.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).unwrap()
}
