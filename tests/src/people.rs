//! People for the tests: made by an administrator, registered by themselves, signing in.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

use serde_json::{Value, json};

use crate::client::{Answer, Client, code_in};

/// The administrator every server of the tests begins with.
pub const ADMIN: &str = "root.admin";
/// Their password.
pub const ADMIN_PASSWORD: &str = "Nineteen pelicans waltz by 4";
/// The password people begin with.
pub const OLD: &str = "Marmalade tractor under 7 skies";
/// The password they choose.
pub const NEW: &str = "Quiet volcano borrows 3 ladders";

/// The address that a person registers.
pub fn home(username: &str) -> String {
    format!("{username}@home.example")
}

/// The mailbox that an administrator set for notices.
pub fn work(username: &str) -> String {
    format!("{username}@work.example")
}

/// A mobile number of a person: from the range that the British regulator keeps for drama.
pub fn mobile(number: u32) -> String {
    format!("+447700900{number:03}")
}

impl Client {
    /// Signs in.
    #[track_caller]
    pub fn sign_in(&self, username: &str, password: &str) -> Answer {
        self.post("/v1/sign-in", "", json!({ "username": username, "password": password }))
    }

    /// A token of somebody who can sign in.
    #[track_caller]
    pub fn token(&self, username: &str, password: &str) -> String {
        self.sign_in(username, password).expect(200).text("access_token")
    }

    /// A token of the administrator.
    #[track_caller]
    pub fn admin(&self) -> String {
        self.token(ADMIN, ADMIN_PASSWORD)
    }

    /// Creates or changes an account; the caller says every member.
    #[track_caller]
    pub fn put_user(&self, admin: &str, username: &str, members: &Value) -> Answer {
        self.call("PUT", &format!("/v1/admin/users/{username}"), admin, members)
    }

    /// An account with [`OLD`] as its password and a mailbox for notices, nothing registered.
    #[track_caller]
    pub fn create(&self, admin: &str, username: &str) {
        let members = json!({
            "display_name": "Person", "primary_email": work(username), "roles": ["user"],
            "initial_password": OLD, "must_change_password": false,
        });
        self.put_user(admin, username, &members).expect(201);
    }

    /// Changes members of an account.
    #[track_caller]
    pub fn change_user(&self, admin: &str, username: &str, members: &Value) {
        self.put_user(admin, username, members).expect(200);
    }

    /// Registers an address or a number and proves it with the code that was sent.
    #[track_caller]
    pub fn register(&self, token: &str, body: Value, to: &str) -> Answer {
        let method = body["method"].clone();
        self.post("/v1/registration/methods", token, body).expect(202);
        let code = self.code(to);
        let proof = json!({ "method": method, "code": code });
        self.post("/v1/registration/methods/verify", token, proof).expect(200)
    }

    /// Registers an address.
    #[track_caller]
    pub fn register_email(&self, token: &str, address: &str) {
        self.register(token, json!({ "method": "email", "address": address }), address);
    }

    /// Registers a mobile number.
    #[track_caller]
    pub fn register_mobile(&self, token: &str, number: &str) {
        let body = json!({ "method": "mobile_phone", "number": number, "via": "sms" });
        self.register(token, body, number);
    }

    /// An account with a registered address: can reset with one gate.
    #[track_caller]
    pub fn person(&self, admin: &str, username: &str) {
        self.create(admin, username);
        self.register_email(&self.token(username, OLD), &home(username));
    }

    /// An account with a registered address and a registered number: can reset with two gates.
    #[track_caller]
    pub fn person_with_phone(&self, admin: &str, username: &str, number: &str) {
        self.create(admin, username);
        let token = self.token(username, OLD);
        self.register_email(&token, &home(username));
        self.register_mobile(&token, number);
    }

    /// The code of the last message with a code that went to an address or number.
    #[track_caller]
    pub fn code(&self, to: &str) -> String {
        let codes = self.codes(to);
        assert!(!codes.is_empty(), "no code was sent to {to}; sent: {:#?}", self.outbox(""));
        codes.last().unwrap().clone()
    }

    /// Every code that went to an address or number, oldest first.
    #[track_caller]
    pub fn codes(&self, to: &str) -> Vec<String> {
        let is_code = |m: &&Value| m["kind"].as_str().is_some_and(|kind| kind.contains("code"));
        self.outbox(to).iter().filter(is_code).map(code_in).collect()
    }

    /// Changes the configuration.
    #[track_caller]
    pub fn configure(&self, admin: &str, change: impl FnOnce(&mut Value)) {
        let read = self.get("/v1/admin/config", admin).expect(200);
        let mut document = read.json();
        change(&mut document);
        self.put_config(admin, read.header("etag"), &document).expect(200);
    }

    /// Puts a configuration on top of a version.
    #[track_caller]
    pub fn put_config(&self, admin: &str, etag: &str, document: &Value) -> Answer {
        let bearer = format!("Bearer {admin}");
        let headers = [
            ("content-type", "application/json"),
            ("authorization", bearer.as_str()),
            ("if-match", etag),
        ];
        self.send("PUT", "/v1/admin/config", &headers, document.to_string().as_bytes())
    }

    /// Rows of a report.
    #[track_caller]
    pub fn report(&self, admin: &str, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/v1/admin/reports/{query}"), admin).expect(200);
        answer.json()["items"].as_array().unwrap().clone()
    }
}
