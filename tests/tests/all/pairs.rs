//! Which way may follow which: every ordered pair for two gates (RST-04, SET-05).

use serde_json::{Value, json};
use tests::client::is_write;
use tests::factors::{ANSWERS, App};
use tests::flow::Reset;
use tests::people::{NEW, OLD, home, mobile};
use tests::server::Server;

/// Every way, and the method it proves.
const WAYS: [(&str, &str); 7] = [
    ("email", "email"),
    ("sms", "mobile_phone"),
    ("voice", "mobile_phone"),
    ("office_voice", "office_phone"),
    ("security_questions", "security_questions"),
    ("authenticator_app", "authenticator_app"),
    ("recovery_code", "recovery_code"),
];

/// A desk in London.
const OFFICE: &str = "+442079460958";

/// A person with everything, in an organisation that uses everything and asks for two.
struct Person {
    server: Server,
    app: App,
}

impl Person {
    fn new() -> Self {
        let server = Server::start();
        let admin = server.admin();
        server.configure(&admin, |c| {
            c["methods_required"] = json!(2);
            c["methods"]["office_phone"] = json!(true);
            c["methods"]["security_questions"] = json!(true);
        });
        server.person_with_phone(&admin, "alice", &mobile(1));
        server.change_user(&admin, "alice", &json!({"office_phone": OFFICE}));
        let token = server.token("alice", OLD);
        server.put_questions(&token, &ANSWERS).expect(200);
        let app = server.register_app(&token);
        Self { server, app }
    }

    /// A new attempt with nothing counted against it.
    fn begin(&self) -> (Reset, String) {
        self.server.advance(60);
        let admin = self.server.admin();
        self.server.post("/v1/admin/users/alice/unblock", &admin, Value::Null).expect(200);
        let code = self.server.register_recovery(&self.server.token("alice", OLD));
        (self.server.begin("alice", "reset"), code)
    }

    fn contact(way: &str) -> String {
        match way {
            "email" => home("alice"),
            "sms" | "voice" => mobile(1),
            _ => OFFICE.to_owned(),
        }
    }

    fn pass(&self, reset: &mut Reset, way: &str, recovery: &str) -> Value {
        match way {
            "security_questions" => reset.pass_questions(&ANSWERS),
            "authenticator_app" => reset.pass_app(&self.app),
            "recovery_code" => reset.pass_recovery(recovery),
            _ => reset.pass(way, &Self::contact(way)),
        }
    }
}

fn offered(answer: &Value) -> Vec<String> {
    let all = answer["methods"].as_array().unwrap();
    all.iter().map(|m| m["method"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn of_all_ordered_pairs_of_ways_exactly_those_of_two_methods_make_two_gates() {
    let person = Person::new();
    for (first, first_method) in WAYS {
        for (second, second_method) in WAYS {
            let (mut reset, recovery) = person.begin();
            let passed = person.pass(&mut reset, first, &recovery);
            assert_eq!(passed["status"], "next_gate", "{first}");
            let left: Vec<&str> =
                WAYS.iter().filter(|(_, m)| *m != first_method).map(|(w, _)| *w).collect();
            assert_eq!(offered(&passed), left, "after {first}");
            assert_eq!(offered(&reset.current().expect(200).json()), left);
            if first_method == second_method {
                let again = reset.challenge(second, &Person::contact(second));
                again.refused(422, "method_not_available");
                reset.complete(NEW).refused(409, "gates_incomplete");
            } else {
                let ready = person.pass(&mut reset, second, &recovery);
                assert_eq!(ready["status"], "ready", "{first}, {second}");
                for (way, _) in WAYS {
                    let more = reset.challenge(way, &Person::contact(way));
                    more.refused(422, "method_not_available");
                }
            }
            reset.cancel().expect(204);
        }
    }
    let (mut reset, recovery) = person.begin();
    person.pass(&mut reset, "office_voice", &recovery);
    person.pass(&mut reset, "recovery_code", &recovery);
    reset.complete(NEW).expect(200);
}

#[test]
fn a_number_on_file_twice_is_one_method() {
    let server = Server::start();
    let admin = server.admin();
    server.configure(&admin, |c| {
        c["methods_required"] = json!(2);
        c["methods"]["office_phone"] = json!(true);
    });
    server.create(&admin, "alice");
    server.change_user(&admin, "alice", &json!({"office_phone": mobile(1)}));
    let token = server.token("alice", OLD);
    server.register_mobile(&token, &mobile(1));
    let state = server.get("/v1/registration", &token).expect(200).json();
    assert_eq!((&state["registered"], &state["complete"]), (&json!(1), &json!(false)), "REG-07");
    // With a third method there are two; the number still opens one gate only.
    server.register_email(&token, &home("alice"));
    let mut reset = server.begin("alice", "reset");
    reset.pass("sms", &mobile(1));
    reset.challenge("office_voice", &mobile(1)).refused(422, "method_not_available");
    reset.pass("email", &home("alice"));
    reset.complete(NEW).expect(200);
}

#[test]
fn an_office_phone_is_called_as_set_and_is_the_administrators_business() {
    let server = Server::start();
    let admin = server.admin();
    server.configure(&admin, |c| c["methods"]["office_phone"] = json!(true));
    server.create(&admin, "alice");
    server.change_user(&admin, "alice", &json!({"office_phone": OFFICE}));
    let token = server.token("alice", OLD);
    let state = server.get("/v1/registration", &token).expect(200).json();
    let office =
        state["methods"].as_array().unwrap().iter().find(|m| m["method"] == "office_phone");
    assert_eq!(
        office.unwrap(),
        &json!({"method": "office_phone", "state": "set_by_admin", "hint": "+44 ••••••58"})
    );
    assert_eq!((&state["registered"], &state["complete"]), (&json!(1), &json!(true)));
    let body = json!({"method": "office_phone", "number": OFFICE});
    server.post("/v1/registration/methods", &token, body).expect(400);
    server.ask_for(&token, "office_phone").refused(422, "method_not_enabled");
    let path = "/v1/registration/methods/office_phone";
    server.call("DELETE", path, &token, &Value::Null).refused(403, "forbidden");
    let mut reset = server.begin("alice", "reset");
    reset.pass("office_voice", OFFICE);
    assert_eq!(server.outbox(OFFICE).last().unwrap()["channel"], "voice");
    reset.complete(NEW).expect(200);
}

/// Requests, write units and read units of all that an attempt made the answering functions do.
fn cost(server: &Server, reset: &Reset) -> (usize, f64, f64) {
    let mut calls = server.trace(&reset.correlation);
    calls.retain(|call| call["service"] == "dynamodb");
    let sum = |writes: bool| -> f64 {
        let some = calls.iter().filter(|call| is_write(call) == writes);
        some.map(|call| call["consumed"].as_f64().unwrap()).sum()
    };
    (calls.len(), sum(true), sum(false))
}

#[test]
fn a_reset_by_mail_and_text_stays_in_its_budget_with_every_method_on() {
    let Person { server, .. } = Person::new();
    server.advance(60);
    let admin = server.admin();
    server.configure(&admin, |c| {
        c["password"] = json!({"preset": "custom", "history": 24, "min_length": 15});
    });
    // A window that registering began would be one more look at the counters.
    server.post("/v1/admin/users/alice/unblock", &admin, Value::Null).expect(200);
    let reset = server.ready_by_two("alice", &mobile(1));
    let before = server.counter("argon2");
    reset.complete(NEW).expect(200);
    assert_eq!(server.counter("argon2") - before, 1);
    let (requests, written, read) = cost(&server, &reset);
    assert!(requests <= 19 && written <= 28.0 && read <= 8.0, "{requests} {written} {read}");
}

#[test]
fn a_reset_by_answers_and_an_app_stays_in_a_budget_of_its_own() {
    let person = Person::new();
    let (mut reset, _) = person.begin();
    reset.pass_questions(&ANSWERS);
    reset.pass_app(&person.app);
    reset.complete(NEW).expect(200);
    let (requests, written, read) = cost(&person.server, &reset);
    assert!(requests <= 25 && written <= 31.0 && read <= 15.0, "{requests} {written} {read}");
}
