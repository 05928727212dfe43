//! What changes between the begin of an attempt and its end (RST-13): the stricter policy holds, and an account that is no
//! longer what it was ends the attempt.

use serde_json::{Value, json};
use tests::people::{NEW, OLD, home, mobile};
use tests::server::Server;

fn ready() -> (Server, String, tests::flow::Reset) {
    let server = Server::start();
    let admin = server.admin();
    server.person_with_phone(&admin, "alice", &mobile(1));
    let reset = server.ready("alice", "reset");
    (server, admin, reset)
}

#[test]
fn rst_13_a_contact_that_changes_meanwhile_ends_the_attempt() {
    let (server, _, reset) = ready();
    server.register_email(&server.token("alice", OLD), "alice@new.example");
    reset.complete(NEW).refused(410, "reset_finished");
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn rst_13_a_contact_that_an_administrator_changes_meanwhile_ends_the_attempt() {
    let (server, admin, reset) = ready();
    server.change_user(&admin, "alice", &json!({ "email": "alice@other.example" }));
    reset.complete(NEW).refused(410, "reset_finished");
}

#[test]
fn rst_13_a_method_removed_meanwhile_ends_the_attempt() {
    let (server, _, reset) = ready();
    let token = server.token("alice", OLD);
    server.call("DELETE", "/v1/registration/methods/email", &token, &Value::Null).expect(200);
    reset.complete(NEW).refused(410, "reset_finished");
}

#[test]
fn rst_13_a_contact_that_no_gate_used_may_change_meanwhile() {
    let (server, _, reset) = ready();
    server.register_mobile(&server.token("alice", OLD), &mobile(2));
    reset.complete(NEW).expect(200);
}

#[test]
fn rst_13_an_account_disabled_meanwhile_is_refused_and_the_attempt_does_not_outlive_it() {
    let (server, admin, reset) = ready();
    server.change_user(&admin, "alice", &json!({ "enabled": false }));
    reset.complete(NEW).refused(403, "reset_refused");
    server.change_user(&admin, "alice", &json!({ "enabled": true }));
    reset.complete(NEW).refused(410, "reset_finished");
    server.ready("alice", "reset").complete(NEW).expect(200);
}

#[test]
fn rst_13_an_account_deleted_meanwhile_is_refused_and_one_of_the_same_name_is_another() {
    let (server, admin, reset) = ready();
    server.call("DELETE", "/v1/admin/users/alice", &admin, &Value::Null).expect(204);
    reset.complete(NEW).refused(403, "reset_refused");
    server.person_with_phone(&admin, "alice", &mobile(1));
    reset.complete(NEW).refused(403, "reset_refused");
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn rst_13_a_password_changed_meanwhile_ends_the_attempt() {
    let (server, _, reset) = ready();
    let change = json!({ "username": "alice", "current_password": OLD, "new_password": NEW });
    server.post("/v1/password/change", "", change).expect(200);
    reset.complete("Seven other volcanoes borrow ladders").refused(410, "reset_finished");
    server.sign_in("alice", NEW).expect(200);
}

#[test]
fn rst_13_a_role_given_meanwhile_ends_the_attempt_and_the_next_one_has_two_gates() {
    let (server, admin, reset) = ready();
    server.change_user(&admin, "alice", &json!({ "roles": ["user", "helpdesk"] }));
    reset.complete(NEW).refused(410, "reset_finished");
    let mut reset = server.ready("alice", "reset");
    reset.complete(NEW).refused(409, "gates_incomplete");
    reset.pass("sms", &mobile(1));
    reset.complete(NEW).expect(200);
}

#[test]
fn rst_13_a_person_put_out_of_scope_meanwhile_is_refused() {
    let (server, admin, reset) = ready();
    server.configure(&admin, |c| c["enabled"] = json!("selected"));
    reset.complete(NEW).refused(403, "reset_refused");
}

#[test]
fn rst_13_a_method_switched_off_meanwhile_no_longer_counts() {
    let (server, admin, mut reset) = ready();
    server.configure(&admin, |c| c["methods"]["email"] = json!(false));
    reset.complete(NEW).refused(409, "gates_incomplete");
    reset.pass("sms", &mobile(1));
    reset.complete(NEW).expect(200);
}

#[test]
fn rst_13_a_policy_made_stricter_meanwhile_holds_and_a_weaker_one_does_not() {
    let (server, admin, mut one) = ready();
    server.configure(&admin, |c| c["methods_required"] = json!(2));
    let mut two = server.begin("alice", "reset");
    one.complete(NEW).refused(409, "gates_incomplete");
    one.pass("sms", &mobile(1));
    server.configure(&admin, |c| c["methods_required"] = json!(1));
    server.advance(31);
    assert_eq!(two.pass("email", &home("alice"))["status"], "next_gate");
    one.complete(NEW).expect(200);
}
