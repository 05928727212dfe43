//! THR-04 and NOT-04: what goes out is paid for, goes only where the organisation sends to, and what a provider refuses is
//! told from what may pass.

use serde_json::{Value, json};
use tests::flow::Reset;
use tests::people::{NEW, OLD, home, mobile, work};
use tests::server::Server;

/// An organisation with so many texts an hour left, one person with a number, and a second administrator.
fn organisation(texts: u32) -> (Server, String) {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    server.person(&admin, "peter");
    server.change_user(&admin, "peter", &json!({"roles": ["admin"]}));
    // The one that proved the number is counted too.
    server.configure(&admin, |c| {
        c["throttle"]["texts_per_hour_organisation"] = json!(texts + 1);
        // The person's own limits are not what is looked at here.
        c["throttle"]["contact_checks_per_hour"] = json!(50);
        c["throttle"]["texts_per_day"] = json!(50);
    });
    (server, admin)
}

fn asked(server: &Server, username: &str, way: &str, number: &str) -> Reset {
    let reset = server.begin(username, "reset");
    reset.challenge(way, number).expect(202);
    server.outbox("");
    reset
}

fn delivery(reset: &Reset) -> String {
    reset.current().expect(200).text("delivery")
}

/// What the record says of the first code of an attempt.
fn recorded(server: &Server, admin: &str, reset: &Reset) -> (Value, Value) {
    let view = server.get(&format!("/v1/admin/support/{}", reset.correlation), admin);
    let first = view.expect(200).json()["deliveries"][0].clone();
    (first["state"].clone(), first["reason"].clone())
}

#[test]
fn the_organisations_budget_of_texts_and_calls_is_kept_and_what_is_over_it_fails() {
    let (server, admin) = organisation(2);
    let spent = |name| server.counter(name);
    let (texts, calls) = (spent("texts"), spent("voice"));
    assert_eq!(delivery(&asked(&server, "alice", "sms", &mobile(1))), "sent");
    assert_eq!(delivery(&asked(&server, "alice", "voice", &mobile(1))), "sent");
    let mut over = asked(&server, "alice", "sms", &mobile(1));
    assert_eq!((spent("texts"), spent("voice")), (texts + 1, calls + 1));
    assert_eq!(delivery(&over), "failed");
    assert_eq!(recorded(&server, &admin, &over), (json!("failed"), json!("text_budget")));
    // Another way is open.
    over.pass("email", &home("alice"));
    over.complete(NEW).expect(200);
    // And in an hour this one is.
    server.advance(3_601);
    assert_eq!(delivery(&asked(&server, "alice", "sms", &mobile(1))), "sent");
    assert_eq!(spent("texts"), texts + 2);
}

#[test]
fn parallel_texts_never_exceed_the_budget() {
    let (server, _) = organisation(3);
    let before = server.counter("texts");
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| server.begin("alice", "reset").challenge("sms", &mobile(1)).expect(202));
        }
    });
    assert_eq!(server.counter("texts"), before + 3);
}

#[test]
fn administrators_are_told_of_a_used_up_budget_once_an_hour() {
    let (server, admin) = organisation(0);
    let told = || {
        let mails = server.outbox(&work("peter"));
        mails.iter().filter(|m| m["subject"].as_str().unwrap().contains("budget")).count()
    };
    for _ in 0..3 {
        asked(&server, "alice", "sms", &mobile(1));
    }
    assert_eq!(told(), 1);
    let rows = server.report(&admin, "audit");
    let rows = rows.iter().filter(|r| r["reason"] == "text_budget");
    assert_eq!(rows.count(), 1);
    server.advance(3_601);
    for _ in 0..3 {
        asked(&server, "alice", "sms", &mobile(1));
    }
    assert_eq!(told(), 2);
}

#[test]
fn what_is_withheld_is_not_paid_for_and_looks_like_all_others() {
    let (server, _) = organisation(1);
    for _ in 0..4 {
        assert_eq!(delivery(&asked(&server, "nobody", "sms", &mobile(9))), "sent");
        assert_eq!(delivery(&asked(&server, "peter", "sms", &mobile(9))), "sent");
    }
    assert_eq!(delivery(&asked(&server, "alice", "sms", &mobile(1))), "sent", "still paid for");
    let seen: Vec<(u16, Value)> = [("alice", 1), ("peter", 9), ("nobody", 9)]
        .into_iter()
        .map(|(name, number)| {
            let current = asked(&server, name, "sms", &mobile(number)).current();
            (current.status, current.json()["delivery"].clone())
        })
        .collect();
    assert_eq!(seen, vec![(200, json!("failed")); 3]);
    // By mail nobody's fails.
    let reset = server.begin("nobody", "reset");
    reset.challenge("email", &home("nobody")).expect(202);
    server.outbox("");
    assert_eq!(delivery(&reset), "sent");
}

#[test]
fn a_code_that_was_never_sent_for_want_of_money_opens_nothing_and_the_next_one_does() {
    let (server, _) = organisation(0);
    let mut reset = asked(&server, "alice", "sms", &mobile(1));
    reset.verify("sms", "00000000").refused(422, "proof_incorrect");
    server.advance(3_601);
    let mut again = server.begin("alice", "reset");
    again.pass("sms", &mobile(1));
    again.complete(NEW).expect(200);
}

#[test]
fn countries_are_asked_again_when_a_text_is_sent() {
    let (server, admin) = organisation(10);
    server.configure(&admin, |c| c["telecom"]["countries"] = json!(["US"]));
    let before = server.counter("texts") + server.counter("voice");
    for way in ["sms", "voice"] {
        let reset = asked(&server, "alice", way, &mobile(1));
        assert_eq!(
            recorded(&server, &admin, &reset),
            (json!("withheld"), json!("number_not_allowed"))
        );
        assert_eq!(delivery(&reset), "sent", "like any other that is withheld");
    }
    assert_eq!(server.counter("texts") + server.counter("voice"), before);
    server.configure(&admin, |c| c["telecom"]["countries"] = json!(["US", "GB"]));
    assert_eq!(delivery(&asked(&server, "alice", "sms", &mobile(1))), "sent");
}

#[test]
fn a_registration_text_is_paid_for_too() {
    let (server, admin) = organisation(0);
    server.create(&admin, "carol");
    let token = server.token("carol", OLD);
    let body = json!({"method": "mobile_phone", "number": mobile(5), "via": "sms"});
    server.post("/v1/registration/methods", &token, body).expect(202);
    assert!(server.codes(&mobile(5)).is_empty());
}

#[test]
fn what_a_provider_refuses_for_good_fails_at_once_and_is_not_tried_again() {
    for (service, way, contact) in
        [("ses", "email", home("alice")), ("sns", "sms", mobile(1)), ("voice", "voice", mobile(1))]
    {
        let (server, admin) = organisation(10);
        let before = server.outbox(&contact).len();
        server.fault(json!({"service": service, "operation": "*", "kind": "refused", "count": 1}));
        let reset = asked(&server, "alice", way, &contact);
        assert_eq!(delivery(&reset), "failed", "{way}");
        let failed = (json!("failed"), json!("provider_refused"));
        assert_eq!(recorded(&server, &admin, &reset), failed, "{way}");
        for _ in 0..5 {
            server.advance(20);
        }
        assert_eq!(server.outbox(&contact).len(), before, "{way}: the provider would take it now");
        reset.challenge(way, &contact).expect(202);
        assert_eq!(server.outbox(&contact).len(), before + 1, "{way}: a new code may go out");
        server.outbox("");
        assert_eq!(delivery(&reset), "sent", "{way}");
    }
}

#[test]
fn what_may_pass_is_tried_again_and_paid_for_once() {
    let (server, _) = organisation(1);
    server.fault(json!({"service": "sns", "operation": "*", "kind": "error", "count": 3}));
    let reset = asked(&server, "alice", "sms", &mobile(1));
    assert_eq!(delivery(&reset), "failed");
    server.advance(3);
    server.outbox("");
    assert_eq!(delivery(&reset), "sent");
    let code = server.code(&mobile(1));
    let mut reset = reset;
    reset.verify("sms", &code).expect(200);
}

#[test]
fn a_notice_to_a_dead_mailbox_does_not_hold_up_the_others() {
    let (server, _) = organisation(1);
    let reset = server.ready("alice", "reset");
    server.fault(json!({"service": "ses", "operation": "*", "kind": "refused", "count": 1}));
    reset.complete(NEW).expect(200);
    let told = || {
        let all = [home("alice"), work("alice")].map(|to| server.outbox(&to)).concat();
        let ours =
            |m: &&Value| m["kind"] == "notice" && m["correlation_id"] == reset.correlation.as_str();
        all.iter().filter(ours).count()
    };
    assert_eq!(told(), 1);
    server.advance(600);
    assert_eq!(told(), 1, "the dead one is not tried again");
}
