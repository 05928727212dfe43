//! The configuration: defaults, versions, preconditions, validation as a whole, and effect at the next request.

use serde_json::{Value, json};
use tests::server::Server;

fn read(server: &Server, admin: &str) -> (String, Value) {
    let answer = server.get("/v1/admin/config", admin).expect(200);
    (answer.header("etag").to_owned(), answer.json())
}

/// The document of api.md §7, with everything off whose behaviour comes with a later capability.
fn defaults() -> Value {
    json!({
        "enabled": "all", "groups": [], "exclude_groups": [], "methods_required": 1,
        "methods": {"email": true, "mobile_phone": true, "office_phone": false,
                    "security_questions": false, "authenticator_app": true, "recovery_code": true},
        "registration": {"required_at_sign_in": true, "skips_allowed": 3, "reconfirm_days": 180},
        "notifications": {"user_on_reset": true, "admins_on_admin_reset": true},
        "support": {"kind": "contact_admin", "target": null},
        "branding": {"organisation": "Example Org", "logo_svg": null, "colour": "#0b57b0", "default_locale": "en"},
        "administrators": {"enabled": true}, "unlock_without_reset": true,
        "account_disclosure": "none", "accept_directory_data": false, "proof_of_work": false,
        "password": {"preset": "nist", "min_length": 15, "max_length": 256, "classes": 0, "history": 5,
                     "expires_days": null, "banned_words": [], "min_banned_score": 5, "min_strength": 3},
        "lockout": {"threshold": 10, "seconds": 60, "max_seconds": 3600},
        "codes": {"digits": 8, "seconds": 300, "resend_after": 30}, "reset": {"seconds": 900},
        "throttle": {"proofs_per_day": 5, "tries_per_method_per_hour": 5, "contact_checks_per_hour": 5,
                     "emails_per_10_minutes": 10, "texts_per_day": 10, "block_seconds": 86400,
                     "short_code_failures_per_day": 10, "account_block": false,
                     "begins_per_network_per_hour": 600, "texts_per_hour_organisation": 1000},
        "telecom": {"countries": ["GB", "US"], "sms_origin": null},
        "writeback": {"enabled": false}, "retention": {"activity_days": 90},
    })
}

#[test]
fn an_organisation_begins_with_the_documented_defaults() {
    let server = Server::start();
    let (etag, mut document) = read(&server, &server.admin());
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    let questions = document.as_object_mut().unwrap().remove("security_questions").unwrap();
    assert_eq!((&questions["to_register"], &questions["to_reset"]), (&json!(5), &json!(3)));
    assert_eq!(questions["predefined"].as_array().unwrap().len(), 35);
    assert_eq!(questions["custom"], json!([]));
    assert_eq!(document, defaults());
}

#[test]
fn a_put_needs_the_version_it_replaces() {
    let server = Server::start();
    let admin = server.admin();
    let (etag, mut document) = read(&server, &admin);
    document["methods_required"] = json!(2);
    server.call("PUT", "/v1/admin/config", &admin, &document).refused(428, "precondition_required");
    server.put_config(&admin, "\"999\"", &document).refused(412, "precondition_failed");
    let put = server.put_config(&admin, &etag, &document).expect(200);
    assert_ne!(put.header("etag"), etag);
    server.put_config(&admin, &etag, &document).refused(412, "precondition_failed");
    let (now, current) = read(&server, &admin);
    assert_eq!((now.as_str(), &current), (put.header("etag"), &document));
}

#[test]
fn of_two_administrators_who_save_at_once_one_is_told() {
    let server = Server::start();
    let admin = server.admin();
    let (etag, document) = read(&server, &admin);
    let put = |digits: u32| {
        let mut document = document.clone();
        document["codes"]["digits"] = json!(digits);
        server.put_config(&admin, &etag, &document).status
    };
    let mut statuses = std::thread::scope(|scope| {
        let threads = [6, 7, 9, 10].map(|digits| scope.spawn(move || put(digits)));
        threads.map(|t| t.join().unwrap())
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);
}

#[test]
fn a_change_is_in_force_at_the_next_request_and_audited_with_old_and_new_value() {
    let server = Server::start();
    let admin = server.admin();
    let begun = || server.try_begin("nobody", "reset").expect(201).json()["methods"].clone();
    let ways = |names: &[&str]| -> Value { names.iter().map(|n| json!({"method": n})).collect() };
    let all = ["email", "sms", "voice", "authenticator_app", "recovery_code"];
    assert_eq!(begun(), ways(&all));
    server.configure(&admin, |c| c["methods"]["mobile_phone"] = json!(false));
    assert_eq!(begun(), ways(&["email", "authenticator_app", "recovery_code"]));
    let entries = server.report(&admin, "audit?activity=Update%20policy");
    let change = &entries[0]["modified"][0];
    assert_eq!(entries[0]["actor"]["username"], tests::people::ADMIN, "{entries:#?}");
    assert!(change["field"].as_str().unwrap().contains("mobile_phone"), "{change}");
    assert_eq!(
        (change["old"].to_string().contains("true"), change["new"].to_string().contains("false")),
        (true, true),
        "{change}"
    );
}

#[test]
fn every_version_is_kept_and_one_call_goes_back() {
    let server = Server::start();
    let admin = server.admin();
    let (etag, before) = read(&server, &admin);
    let first = etag.trim_matches('"').to_owned();
    server.configure(&admin, |c| c["reset"]["seconds"] = json!(1200));
    server.configure(&admin, |c| c["reset"]["seconds"] = json!(1500));
    let versions = server.get("/v1/admin/config/versions", &admin).expect(200).json();
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(3), "{versions:#}");
    let old = server.get(&format!("/v1/admin/config/versions/{first}"), &admin).expect(200);
    assert!(old.body.contains("\"seconds\":900"), "{}", old.body);
    server.get("/v1/admin/config/versions/999", &admin).refused(404, "not_found");
    let body = json!({"version": first.parse::<u64>().unwrap()});
    let rolled = server.post("/v1/admin/config/rollback", &admin, body).expect(200);
    let (now, document) = read(&server, &admin);
    assert_eq!(document, before);
    assert!(now != etag, "a rollback is a new version: {now}, {}", rolled.body);
    let body = json!({"version": 999});
    assert!(matches!(server.post("/v1/admin/config/rollback", &admin, body).status, 404 | 422));
}

#[test]
fn settings_of_later_capabilities_cannot_be_switched_on_yet() {
    let server = Server::start();
    let admin = server.admin();
    let switches: [(&str, Value); 2] =
        [("/writeback/enabled", json!(true)), ("/writeback", json!({"enabled": true}))];
    for (pointer, value) in switches {
        let (etag, mut document) = read(&server, &admin);
        *document.pointer_mut(pointer).unwrap() = value;
        let refused = server.put_config(&admin, &etag, &document).refused(422, "config_invalid");
        let errors = refused.json()["errors"].as_array().unwrap().clone();
        let named = |e: &&Value| {
            e["code"] == "not_available_yet"
                && e["field"].as_str().is_some_and(|f| f.starts_with(pointer))
        };
        assert!(errors.iter().any(|e| named(&e)), "{pointer}: {}", refused.body);
        assert_eq!(read(&server, &admin).0, etag, "nothing was changed");
    }
}

#[test]
fn a_document_that_does_not_hold_together_is_refused_with_a_pointer_for_each_error() {
    let server = Server::start();
    let admin = server.admin();
    let cases: [(&str, Value); 12] = [
        ("/methods_required", json!(3)),
        ("/methods_required", json!(0)),
        ("/codes/digits", json!(5)),
        ("/codes/digits", json!(11)),
        ("/codes/seconds", json!(601)),
        ("/reset/seconds", json!(299)),
        ("/registration/reconfirm_days", json!(731)),
        ("/security_questions/to_reset", json!(6)),
        ("/support", json!({"kind": "url", "target": "http://help.example.com"})),
        ("/branding/colour", json!("blue")),
        ("/password/min_length", json!(8)),
        (
            "/methods",
            json!({"email": false, "mobile_phone": false, "office_phone": false,
            "security_questions": false, "authenticator_app": false, "recovery_code": false}),
        ),
    ];
    for (pointer, value) in cases {
        let (etag, mut document) = read(&server, &admin);
        *document.pointer_mut(pointer).unwrap() = value.clone();
        let refused = server.put_config(&admin, &etag, &document);
        let refused = refused.refused(422, "config_invalid").json();
        let fields: Vec<&str> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|e| e["field"].as_str())
            .collect();
        assert!(fields.iter().any(|f| f.starts_with(pointer)), "{pointer} = {value}: {refused}");
    }
}

#[test]
fn only_administrators_read_or_change_the_configuration() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let token = server.token("alice", tests::people::OLD);
    server.get("/v1/admin/config", &token).refused(403, "forbidden");
    server.get("/v1/admin/config", "").refused(401, "invalid_token");
    let (etag, document) = read(&server, &admin);
    server.put_config(&token, &etag, &document).refused(403, "forbidden");
}

#[test]
fn reset_can_be_limited_to_groups_that_nest() {
    let server = Server::start();
    let admin = server.admin();
    let put = |group: &str, groups: Value| {
        let body = json!({ "groups": groups });
        server.call("PUT", &format!("/v1/admin/groups/{group}"), &admin, &body)
    };
    assert!(matches!(put("everyone", json!(["staff"])).status, 200 | 201));
    assert!(matches!(put("staff", json!(["everyone"])).status, 200 | 201), "a cycle is tolerated");
    for (name, groups) in [("alice", json!(["staff"])), ("bobby", json!([]))] {
        server.person(&admin, name);
        server.change_user(&admin, name, &json!({ "groups": groups }));
    }
    server.configure(&admin, |c| {
        c["enabled"] = json!("selected");
        c["groups"] = json!(["everyone"]);
    });
    let codes = |name: &str| {
        let before = server.codes(&tests::people::home(name)).len();
        server.begin(name, "reset").challenge("email", &tests::people::home(name)).expect(202);
        server.codes(&tests::people::home(name)).len() - before
    };
    assert_eq!([codes("alice"), codes("bobby")], [1, 0]);
    server.configure(&admin, |c| c["exclude_groups"] = json!(["staff"]));
    assert_eq!(codes("alice"), 0);
}

#[test]
fn a_version_that_would_not_be_accepted_any_more_is_not_gone_back_to() {
    let server = Server::start();
    let admin = server.admin();
    server.configure(&admin, |c| c["reset"]["seconds"] = json!(1200));
    server.configure(&admin, |c| c["reset"]["seconds"] = json!(1500));
    // As an older release might have kept it.
    let kept = json!({"methods_required": 7}).to_string();
    let update = json!({
        "TableName": "state",
        "Key": {"pk": {"S": "CONFIG"}, "sk": {"S": "v#0000000002"}},
        "UpdateExpression": "SET #d = :d",
        "ExpressionAttributeNames": {"#d": "document"},
        "ExpressionAttributeValues": {":d": {"S": kept}},
        "ConditionExpression": "attribute_exists(#d)",
    });
    let engine = &server.running().local.engine;
    assert_eq!(engine.call("UpdateItem", update.to_string().as_bytes()).status, 200);
    let (etag, _) = read(&server, &admin);
    let back = server.post("/v1/admin/config/rollback", &admin, json!({"version": 2}));
    let back = back.refused(422, "config_invalid").json();
    assert_eq!(back["errors"][0]["field"], "/methods_required");
    assert_eq!(read(&server, &admin).0, etag, "nothing was changed");
}

#[test]
fn every_number_has_its_bounds_and_both_sides_are_told_apart() {
    let server = Server::start();
    let admin = server.admin();
    let (_, document) = read(&server, &admin);
    let bounds = [
        ("/methods_required", 1, 2),
        ("/registration/reconfirm_days", 0, 730),
        ("/registration/skips_allowed", 0, 100),
        ("/security_questions/to_reset", 3, 5),
        ("/codes/digits", 6, 10),
        ("/codes/seconds", 60, 600),
        ("/reset/seconds", 300, 3_600),
        ("/lockout/threshold", 3, 100),
        ("/throttle/proofs_per_day", 2, 100),
        ("/throttle/tries_per_method_per_hour", 1, 100),
        ("/throttle/block_seconds", 60, 604_800),
        ("/retention/activity_days", 7, 3_650),
    ];
    let put = |pointer: &str, value: i64| {
        let (etag, _) = read(&server, &admin);
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = json!(value);
        server.put_config(&admin, &etag, &document)
    };
    for (pointer, least, most) in bounds {
        for inside in [least, most] {
            put(pointer, inside).expect(200);
        }
        for outside in [least - 1, most + 1, i64::from(u32::MAX) + 1] {
            let refused = put(pointer, outside).refused(422, "config_invalid").json();
            let errors = refused["errors"].as_array().unwrap();
            assert_eq!(errors.len(), 1, "{pointer} = {outside}: {refused}");
            assert_eq!(
                (&errors[0]["field"], &errors[0]["code"]),
                (&json!(pointer), &json!("out_of_range"))
            );
        }
    }
}

/// A logo of exactly as many bytes.
fn logo(bytes: usize) -> String {
    let (head, tail) = (r#"<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"#, r#""/></svg>"#);
    format!("{head}{}{tail}", " ".repeat(bytes - head.len() - tail.len()))
}

#[test]
fn a_full_list_of_banned_words_and_a_full_logo_fit_into_one_document() {
    let server = Server::start();
    let admin = server.admin();
    let words = |n: usize| (0..n).map(|n| format!("unwanted{n:08}")).collect::<Vec<_>>();
    server.configure(&admin, |c| {
        c["password"]["banned_words"] = json!(words(1_000));
        c["branding"]["logo_svg"] = json!(logo(50 * 1024));
    });
    let (etag, document) = read(&server, &admin);
    assert_eq!(document["password"]["banned_words"].as_array().map(Vec::len), Some(1_000));
    assert_eq!(document["branding"]["logo_svg"].as_str().map(str::len), Some(50 * 1024));
    for (pointer, value, code) in [
        ("/password/banned_words", json!(words(1_001)), "too_many"),
        ("/password/banned_words/0", json!("unwanted000000000"), "too_long"),
        ("/password/banned_words/0", json!("unw"), "too_short"),
        ("/password/banned_words/0", json!("UNWANTED00000001"), "duplicate"),
        ("/branding/logo_svg", json!(logo(50 * 1024 + 1)), "too_large"),
    ] {
        let mut document = document.clone();
        document["password"]["banned_words"][0] = json!("another");
        *document.pointer_mut(pointer).unwrap() = value;
        let refused = server.put_config(&admin, &etag, &document).refused(422, "config_invalid");
        assert_eq!(refused.json()["errors"][0]["code"], code, "{}", refused.body);
    }
}

#[test]
fn a_document_of_128_kibibytes_is_read_and_one_byte_more_is_not() {
    let server = Server::start();
    let admin = server.admin();
    let (etag, document) = read(&server, &admin);
    let bearer = format!("Bearer {admin}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
        ("if-match", etag.as_str()),
    ];
    let good = document.to_string();
    for (length, status) in [(131_073, 413), (131_072, 200)] {
        let body = format!("{good}{}", " ".repeat(length - good.len()));
        server.send("PUT", "/v1/admin/config", &headers, body.as_bytes()).expect(status);
    }
}
