//! What people keep for themselves: answers, an authenticator app, a recovery code.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

use data_encoding::BASE32_NOPAD;
use rules::factors::totp;
use rules::ids::Millis;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::flow::Reset;

/// Five questions and what people answer to them.
pub const ANSWERS: [(&str, &str); 5] = [
    ("first-pet", "Rex the dog"),
    ("first-car", "Fiat Panda"),
    ("first-job", "paper round"),
    ("first-film", "Bambi"),
    ("first-flight", "Oslo by night"),
];

/// An app with a secret in it.
#[derive(Debug, Clone)]
pub struct App {
    secret: Vec<u8>,
}

impl App {
    /// The app that read a secret.
    pub fn of(secret: &str) -> Self {
        Self { secret: BASE32_NOPAD.decode(secret.as_bytes()).unwrap() }
    }

    /// What it shows so many steps from a moment.
    pub fn code(&self, at: Millis, steps: i64) -> String {
        totp::code(&self.secret, totp::step(at) + steps).reveal().to_owned()
    }
}

/// Answers as they are sent.
pub fn answers(all: &[(&str, &str)]) -> Value {
    let one = |(id, answer): &(&str, &str)| json!({ "id": id, "answer": answer });
    all.iter().map(one).collect()
}

impl Client {
    /// The product's time.
    #[track_caller]
    pub fn now(&self) -> Millis {
        let answer = self.post("/dev/clock", "", json!({ "advance_seconds": 0 })).expect(200);
        Millis::parse(&answer.text("now")).unwrap()
    }

    /// Registers answers; whatever is answered.
    #[track_caller]
    pub fn put_questions(&self, token: &str, all: &[(&str, &str)]) -> Answer {
        let body = json!({ "answers": answers(all) });
        self.call("PUT", "/v1/registration/questions", token, &body)
    }

    /// Begins to register a method that takes no contact; whatever is answered.
    #[track_caller]
    pub fn ask_for(&self, token: &str, method: &str) -> Answer {
        self.post("/v1/registration/methods", token, json!({ "method": method }))
    }

    /// Confirms an app with a code.
    #[track_caller]
    pub fn confirm_app(&self, token: &str, code: &str) -> Answer {
        let proof = json!({ "method": "authenticator_app", "code": code });
        self.post("/v1/registration/methods/verify", token, proof)
    }

    /// Registers an app, confirmed by the code of this moment.
    #[track_caller]
    pub fn register_app(&self, token: &str) -> App {
        self.register_app_at(token, self.now())
    }

    /// Registers an app, confirmed by the code of a moment.
    #[track_caller]
    pub fn register_app_at(&self, token: &str, at: Millis) -> App {
        let app = App::of(&self.ask_for(token, "authenticator_app").expect(200).text("secret"));
        self.confirm_app(token, &app.code(at, 0)).expect(200);
        app
    }

    /// Registers a recovery code.
    #[track_caller]
    pub fn register_recovery(&self, token: &str) -> String {
        self.ask_for(token, "recovery_code").expect(200).text("recovery_code")
    }
}

impl Reset {
    /// Asks for a way that sends nothing.
    #[track_caller]
    pub fn ask(&self, method: &str) -> Answer {
        self.client.post("/v1/resets/challenge", &self.token, json!({ "method": method }))
    }

    /// Ids of the questions asked, in their order.
    #[track_caller]
    pub fn asked(&self) -> Vec<String> {
        let asked = self.ask("security_questions").expect(200).json();
        let id = |q: &Value| q["id"].as_str().unwrap().to_owned();
        asked["questions"].as_array().unwrap().iter().map(id).collect()
    }

    /// Presents answers to these questions out of those known; `wrong` says which are answered wrongly.
    #[track_caller]
    pub fn answer(&mut self, ids: &[String], known: &[(&str, &str)], wrong: &[usize]) -> Answer {
        let one = |(n, id): (usize, &String)| {
            let right = known.iter().find(|(k, _)| k == id).map_or("I do not know", |(_, a)| a);
            json!({ "id": id, "answer": if wrong.contains(&n) { "something else" } else { right } })
        };
        let all: Value = ids.iter().enumerate().map(one).collect();
        self.present(json!({ "method": "security_questions", "answers": all }))
    }

    /// Presents any proof; takes the new token if it is right.
    #[track_caller]
    pub fn present(&mut self, proof: Value) -> Answer {
        let answer = self.client.post("/v1/resets/verify", &self.token, proof);
        if answer.status == 200 {
            self.token = answer.text("reset_token");
        }
        answer
    }

    /// Passes a gate by answers.
    #[track_caller]
    pub fn pass_questions(&mut self, known: &[(&str, &str)]) -> Value {
        let ids = self.asked();
        self.answer(&ids, known, &[]).expect(200).json()
    }

    /// Passes a gate by an app, half a minute after its last code.
    #[track_caller]
    pub fn pass_app(&mut self, app: &App) -> Value {
        self.client.advance(30);
        self.ask("authenticator_app").expect(200);
        let code = app.code(self.client.now(), 0);
        self.verify("authenticator_app", &code).expect(200).json()
    }

    /// Passes a gate by a recovery code.
    #[track_caller]
    pub fn pass_recovery(&mut self, code: &str) -> Value {
        self.ask("recovery_code").expect(200);
        self.verify("recovery_code", code).expect(200).json()
    }
}
