//! HTTP calls as a client would make them, and the local server's seams.
//!
//! A call returns whatever was answered; only a call that got no answer at all fails the test. Nothing here sleeps:
//! `/dev/outbox` answers after the stream is drained, and time moves by `/dev/clock`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case, in alphabetical order.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: String,
}

impl Answer {
    /// The body as JSON; `Null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// A string member of the body, empty if there is none.
    pub fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_default().to_owned()
    }

    /// The stable code of a problem, empty for anything else.
    pub fn code(&self) -> String {
        self.text("code")
    }

    /// A header, empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// Fails unless this is the status; the answer is returned for more.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Fails unless this is the status and the problem's code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.body);
        self
    }
}

/// A client of one server. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    agent: Agent,
}

/// Longest wait for one answer: far beyond what any call takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

impl Client {
    /// A client of the server at `http://ADDR`.
    pub fn new(base: String) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .max_idle_connections_per_host(64)
            .max_idle_connections(64);
        Self { base, agent: config.build().new_agent() }
    }

    /// `http://ADDR`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Any request.
    ///
    /// # Errors
    /// When no answer came.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answered = if body.is_empty() && !matches!(method, "POST" | "PUT") {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body.to_vec()).unwrap())
        };
        let mut response = answered?;
        let status = response.status().as_u16();
        let text = |v: &ureq::http::HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
        let mut headers: Vec<(String, String)> =
            response.headers().iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect();
        headers.sort();
        let body = response.body_mut().read_to_string()?;
        Ok(Answer { status, headers, body })
    }

    /// Any request.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let answer = self.try_send(method, path, headers, body);
        assert!(answer.is_ok(), "no answer to {method} {path}: {answer:?}");
        answer.unwrap()
    }

    /// A JSON request with a token, empty for none; `Null` sends no body.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("content-type", "application/json")];
        if !token.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send(method, path, &headers, &bytes)
    }

    /// `POST` of a JSON body.
    #[track_caller]
    pub fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("POST", path, token, &body)
    }

    /// `GET`.
    #[track_caller]
    pub fn get(&self, path: &str, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        self.send("GET", path, if token.is_empty() { &[] } else { &headers }, b"")
    }

    /// Messages to one recipient, empty for all, oldest first. The stream is drained before.
    #[track_caller]
    pub fn outbox(&self, to: &str) -> Vec<Value> {
        let path = match to {
            "" => String::from("/dev/outbox"),
            to => format!("/dev/outbox?to={}", to.replace('+', "%2B").replace('@', "%40")),
        };
        let headers = [("accept", "application/json")];
        let answer = self.send("GET", &path, &headers, b"").expect(200);
        answer.json()["messages"].as_array().unwrap().clone()
    }

    /// Moves the product's clock.
    #[track_caller]
    pub fn advance(&self, seconds: u32) {
        self.post("/dev/clock", "", json!({ "advance_seconds": seconds })).expect(200);
    }

    /// Orders a fault; members as in api.md §10.
    #[track_caller]
    pub fn fault(&self, order: Value) {
        let answer = self.post("/dev/faults", "", order);
        assert!(answer.status < 300, "{}", answer.body);
    }

    /// The AWS calls made under a correlation id by the functions that answer requests.
    #[track_caller]
    pub fn trace(&self, correlation_id: &str) -> Vec<Value> {
        let path = format!("/dev/trace?correlation_id={correlation_id}");
        self.get(&path, "").expect(200).json().as_array().unwrap().clone()
    }

    /// The AWS calls made under a correlation id by one function, `deliver` and `sweep` included.
    #[track_caller]
    pub fn trace_of(&self, function: &str, correlation_id: &str) -> Vec<Value> {
        let path = format!("/dev/trace?correlation_id={correlation_id}&function={function}");
        self.get(&path, "").expect(200).json().as_array().unwrap().clone()
    }

    /// A counter of `/dev/counters`.
    #[track_caller]
    pub fn counter(&self, name: &str) -> u64 {
        self.get("/dev/counters", "").expect(200).json()[name].as_u64().unwrap()
    }
}

/// Whether an AWS call writes.
pub fn is_write(call: &Value) -> bool {
    let reads = ["GetItem", "BatchGetItem", "Query", "TransactGetItems"];
    call["service"] == "dynamodb" && !reads.iter().any(|read| call["operation"] == *read)
}

/// The code in a message: the first run of at least six digits or of 13 letters and digits that are no word, or, in a call,
/// the first of its three readings.
pub fn code_in(message: &Value) -> String {
    let text = message["text"].as_str().unwrap_or_default();
    if message["channel"] == "voice" {
        let spoken: String = without_markup(text).chars().filter(char::is_ascii_digit).collect();
        return spoken.chars().take(spoken.len() / 3).collect();
    }
    let mut runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    let digits = |run: &str| run.len() >= 6 && run.bytes().all(|b| b.is_ascii_digit());
    let mixed = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    let long = |run: &str| run.len() == 13 && run.bytes().all(mixed);
    runs.find(|run| digits(run) || long(run)).unwrap_or_default().to_owned()
}

/// What of a text stands outside of `<…>`.
fn without_markup(text: &str) -> String {
    let outside = |part: &str| part.split_once('>').map_or("", |(_, after)| after).to_owned();
    let mut parts = text.split('<');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + &outside(part))
}
