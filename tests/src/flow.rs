//! A reset or unlock as a client goes through it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::people::home;

/// An attempt and the token that acts on it now.
#[derive(Debug, Clone)]
pub struct Reset {
    pub(crate) client: Client,
    /// The token that is alive.
    pub token: String,
    /// The support code.
    pub correlation: String,
}

impl Client {
    /// The call that begins; whatever it answers.
    #[track_caller]
    pub fn try_begin(&self, username: &str, purpose: &str) -> Answer {
        self.post("/v1/resets", "", json!({ "username": username, "purpose": purpose }))
    }

    /// Begins an attempt.
    #[track_caller]
    pub fn begin(&self, username: &str, purpose: &str) -> Reset {
        Reset::of(self, &self.try_begin(username, purpose).expect(201))
    }

    /// An attempt of a person with a registered address, past its one gate.
    #[track_caller]
    pub fn ready(&self, username: &str, purpose: &str) -> Reset {
        let mut reset = self.begin(username, purpose);
        reset.pass("email", &home(username));
        reset
    }

    /// An attempt of a person with address and number, past two gates.
    #[track_caller]
    pub fn ready_by_two(&self, username: &str, number: &str) -> Reset {
        let mut reset = self.begin(username, "reset");
        reset.pass("email", &home(username));
        reset.pass("sms", number);
        reset
    }
}

impl Reset {
    /// The attempt that an answer to begin describes.
    #[track_caller]
    pub fn of(client: &Client, begun: &Answer) -> Self {
        let (token, correlation) = (begun.text("reset_token"), begun.text("correlation_id"));
        assert!(token.starts_with("rt_"), "{}", begun.body);
        assert_eq!(begun.header("x-correlation-id"), correlation);
        Self { client: client.clone(), token, correlation }
    }

    /// The same attempt after its server was started again elsewhere.
    pub fn on(&self, client: &Client) -> Self {
        Self { client: client.clone(), ..self.clone() }
    }

    /// Asks for a code.
    #[track_caller]
    pub fn challenge(&self, method: &str, contact: &str) -> Answer {
        let body = json!({ "method": method, "contact": contact });
        self.client.post("/v1/resets/challenge", &self.token, body)
    }

    /// Presents a code; takes the new token if it is right.
    #[track_caller]
    pub fn verify(&mut self, method: &str, code: &str) -> Answer {
        let answer = self.verify_with(&self.token, method, code);
        if answer.status == 200 {
            self.token = answer.text("reset_token");
        }
        answer
    }

    /// Presents a code with any token.
    #[track_caller]
    pub fn verify_with(&self, token: &str, method: &str, code: &str) -> Answer {
        let body = json!({ "method": method, "code": code });
        self.client.post("/v1/resets/verify", token, body)
    }

    /// Passes a gate with the code that was sent.
    #[track_caller]
    pub fn pass(&mut self, method: &str, contact: &str) -> Value {
        self.challenge(method, contact).expect(202);
        let code = self.client.code(contact);
        self.verify(method, &code).expect(200).json()
    }

    /// Sets a password.
    #[track_caller]
    pub fn complete(&self, password: &str) -> Answer {
        let body = json!({ "new_password": password });
        self.client.post("/v1/resets/complete", &self.token, body)
    }

    /// Unlocks.
    #[track_caller]
    pub fn unlock(&self) -> Answer {
        self.client.call("POST", "/v1/resets/unlock", &self.token, &Value::Null)
    }

    /// Where it stands.
    #[track_caller]
    pub fn current(&self) -> Answer {
        self.client.get("/v1/resets/current", &self.token)
    }

    /// Stops it.
    #[track_caller]
    pub fn cancel(&self) -> Answer {
        self.client.call("POST", "/v1/resets/cancel", &self.token, &Value::Null)
    }

    /// Asks for help.
    #[track_caller]
    pub fn contact_admin(&self) -> Answer {
        self.client.call("POST", "/v1/resets/contact-admin", &self.token, &Value::Null)
    }
}

/// A code of the same length that is certainly another one.
pub fn other_code(code: &str) -> String {
    let turned = |c: char| if c == '9' { '0' } else { char::from(c as u8 + 1) };
    code.chars().map(turned).collect()
}

/// Fails unless exactly one row of the reset report carries the correlation id; returns it.
#[track_caller]
pub fn one_row(client: &Client, admin: &str, username: &str, correlation: &str) -> Value {
    let rows = client.report(admin, &format!("resets?username={username}"));
    let mut ours: Vec<Value> =
        rows.into_iter().filter(|r| r["correlation_id"] == correlation).collect();
    assert_eq!(ours.len(), 1, "{ours:#?}");
    ours.pop().unwrap()
}
