//! The product in this process, called without a socket: only its own CPU time is spent.

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use rules::ids::Username;
use rules::password::Password;
use serde_json::{Value, json};
use sspr::server::{Options, Running, start};
use sspr::trace::Call;
use tests::client::code_in;
use tests::people::{ADMIN, ADMIN_PASSWORD};
use tower::ServiceExt;

/// A running product with an administrator.
pub struct Product {
    pub running: Running,
    router: Router,
    admin: String,
}

/// Somebody who can reset by mail and text.
pub struct Person {
    name: String,
    address: String,
    number: String,
}

/// What a call was answered.
struct Answer {
    status: u16,
    etag: String,
    body: Value,
}

/// Two gates, and the last 24 passwords remembered.
pub fn two_gates_and_history() -> Value {
    json!({
        "methods_required": 2,
        "accept_directory_data": true,
        "password": {
            "preset": "custom", "min_length": 15, "max_length": 256, "classes": 0, "history": 24,
            "expires_days": null, "banned_words": [], "min_banned_score": 5, "min_strength": 3,
        },
    })
}

/// Write and read units of calls.
pub fn units(calls: &[Call]) -> (f64, f64) {
    let is_read = |c: &&Call| matches!(c.operation.as_str(), "GetItem" | "BatchGetItem" | "Query");
    let sum = |reads: bool| calls.iter().filter(|c| is_read(c) == reads).map(|c| c.consumed).sum();
    (sum(false), sum(true))
}

impl Product {
    pub fn new() -> Self {
        let name = Username::parse(ADMIN).unwrap();
        let password = Password::new(ADMIN_PASSWORD.to_owned());
        let options = Options::in_memory().with_admin(name, password);
        let running = start(options).map_err(|fault| fault.to_string()).unwrap();
        let router = running.router();
        let mut product = Self { running, router, admin: String::new() };
        product.sign_in();
        product
    }

    fn sign_in(&mut self) {
        let body = json!({"username": ADMIN, "password": ADMIN_PASSWORD});
        let signed_in = self.call(Method::POST, "/v1/sign-in", "", &body);
        self.admin = text(&signed_in.body, "access_token");
    }

    /// Changes members of the configuration.
    pub fn configure(&self, members: &Value) {
        let read = self.call(Method::GET, "/v1/admin/config", &self.admin, &Value::Null);
        let mut document = read.body;
        for (name, value) in members.as_object().unwrap() {
            document[name] = value.clone();
        }
        document["throttle"]["begins_per_network_per_hour"] = json!(1_000_000);
        let request = self.request(Method::PUT, "/v1/admin/config", &self.admin, &document);
        let put = self.answer(request, &read.etag);
        assert_eq!(put.status, 200, "{}", put.body);
    }

    /// An account whose address and number the organisation vouches for.
    pub fn person(&self, name: &str) -> Person {
        let seed: u32 = name.bytes().fold(7, |a, b| a.wrapping_mul(31).wrapping_add(b.into()));
        let number = format!("+447700900{:03}", seed % 1000);
        let address = format!("{name}@home.example");
        let members = json!({
            "email": address, "mobile_phone": number, "primary_email": format!("{name}@work.example"),
            "initial_password": "The password that everybody has 1", "must_change_password": false,
        });
        let path = format!("/v1/admin/users/{name}");
        let put = self.call(Method::PUT, &path, &self.admin, &members);
        assert!(matches!(put.status, 200 | 201), "{}", put.body);
        Person { name: name.to_owned(), address, number }
    }

    /// A whole two-gate reset; its correlation id.
    pub fn reset(&self, person: &Person, password: &str) -> String {
        let begin = json!({"username": person.name, "purpose": "reset"});
        let begun = self.call(Method::POST, "/v1/resets", "", &begin);
        assert_eq!(begun.status, 201, "{}", begun.body);
        let mut token = text(&begun.body, "reset_token");
        for (way, contact) in [("email", &person.address), ("sms", &person.number)] {
            token = self.gate(&token, way, contact);
        }
        let body = json!({ "new_password": password });
        let done = self.call(Method::POST, "/v1/resets/complete", &token, &body);
        assert_eq!(done.status, 200, "{}", done.body);
        text(&begun.body, "correlation_id")
    }

    fn gate(&self, token: &str, way: &str, contact: &str) -> String {
        let body = json!({"method": way, "contact": contact});
        let asked = self.call(Method::POST, "/v1/resets/challenge", token, &body);
        assert_eq!(asked.status, 202, "{}", asked.body);
        self.running.block_on(self.running.local.pump.drain());
        let body = json!({"method": way, "code": self.code(contact)});
        let passed = self.call(Method::POST, "/v1/resets/verify", token, &body);
        assert_eq!(passed.status, 200, "{}", passed.body);
        text(&passed.body, "reset_token")
    }

    /// The code of the last message to a contact.
    fn code(&self, contact: &str) -> String {
        let seen = self.running.local.outbox.messages(Some(contact), 0);
        let mut codes = seen.iter().filter(|m| m.draft.kind.as_deref() == Some("code"));
        code_in(&serde_json::to_value(codes.next_back().unwrap()).unwrap())
    }

    /// Password hashes since the start.
    pub fn hashes(&self) -> u64 {
        self.running.local.app.hashing.evaluations()
    }

    /// Calls under a correlation id; those of one function, or of all that answer requests.
    pub fn calls(&self, correlation: &str, function: Option<&str>) -> Vec<Call> {
        self.running.block_on(self.running.local.pump.drain());
        self.running.local.traces.find(Some(correlation), function)
    }

    fn request(&self, method: Method, path: &str, token: &str, body: &Value) -> Request<Body> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/json");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        request.body(Body::from(body)).unwrap()
    }

    fn call(&self, method: Method, path: &str, token: &str, body: &Value) -> Answer {
        self.answer(self.request(method, path, token, body), "")
    }

    fn answer(&self, mut request: Request<Body>, if_match: &str) -> Answer {
        if !if_match.is_empty() {
            request.headers_mut().insert("if-match", if_match.parse().unwrap());
        }
        let router = self.router.clone();
        self.running.block_on(async move {
            let Ok(response) = router.oneshot(request).await;
            let etag = response.headers().get("etag").and_then(|v| v.to_str().ok());
            let (status, etag) = (response.status().as_u16(), etag.unwrap_or_default().to_owned());
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            Answer { status, etag, body }
        })
    }
}

fn text(body: &Value, member: &str) -> String {
    body[member].as_str().unwrap_or_default().to_owned()
}
