//! The people of the demonstration, made through the API itself: an administrator creates them,
//! and they register with the codes they are sent.

use axum::Router;
use axum::body::Body;
use edge::request::SourceAddress;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use tower::ServiceExt;

use crate::local::Local;

/// A person of the demonstration.
#[derive(Debug)]
pub struct Person {
    /// The name to sign in with.
    pub username: &'static str,
    /// The password to sign in with.
    pub password: &'static str,
    /// What they may do.
    pub role: &'static str,
    /// Name for people.
    display_name: &'static str,
    /// Registered address.
    pub email: Option<&'static str>,
    /// Registered number.
    pub mobile: Option<&'static str>,
    /// By which way the number is proved.
    via: &'static str,
    /// Whether they can sign in at all.
    pub enabled: bool,
    /// What they are for.
    pub remark: &'static str,
}

/// The first administrator, whom the server creates at its start.
pub const ADMIN: Person = Person {
    username: "admin",
    password: "otters juggle nine teal lamps",
    role: "admin",
    display_name: "Ada Moss",
    email: Some("admin@home.example"),
    mobile: Some("+447700900100"),
    via: "sms",
    enabled: true,
    remark: "sets the policy; always needs two gates",
};

/// Everybody else. The numbers are from the range kept for drama.
pub const PEOPLE: [Person; 5] = [
    Person {
        username: "alice",
        password: "seven quiet harbour bells",
        role: "user",
        display_name: "Alice Ward",
        email: Some("alice@home.example"),
        mobile: Some("+447700900101"),
        via: "sms",
        enabled: true,
        remark: "registered: can reset by mail, text or call",
    },
    Person {
        username: "bob",
        password: "copper kettle on the moor",
        role: "user",
        display_name: "Bob Lane",
        email: Some("bob@home.example"),
        mobile: Some("+447700900102"),
        via: "voice",
        enabled: true,
        remark: "registered, the number by a call",
    },
    Person {
        username: "carol",
        password: "slow paper boats at dusk",
        role: "user",
        display_name: "Carol Finch",
        email: None,
        mobile: None,
        via: "sms",
        enabled: true,
        remark: "has not registered yet: cannot reset",
    },
    Person {
        username: "dave",
        password: "two borrowed winter coats",
        role: "user",
        display_name: "Dave Stone",
        email: None,
        mobile: None,
        via: "sms",
        enabled: false,
        remark: "disabled: cannot sign in or reset",
    },
    Person {
        username: "helen",
        password: "green umbrella by the desk",
        role: "helpdesk",
        display_name: "Helen Shaw",
        email: Some("helen@home.example"),
        mobile: Some("+447700900104"),
        via: "sms",
        enabled: true,
        remark: "help desk: resets, unlocks, reads reports",
    },
];

/// A call of the seeding was not answered as expected.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path} was answered {status}: {body}")]
pub struct SeedFault {
    method: Method,
    path: String,
    status: StatusCode,
    body: String,
}

/// Creates and registers everybody. The administrator must be there.
pub async fn seed(local: &Local) -> Result<(), SeedFault> {
    let api = Api { router: local.router(true), local };
    let admin = api.sign_in(&ADMIN).await?;
    for person in &PEOPLE {
        api.create(&admin, person).await?;
    }
    for person in std::iter::once(&ADMIN).chain(&PEOPLE) {
        api.register(person).await?;
    }
    Ok(())
}

/// The API without a socket.
struct Api<'l> {
    router: Router,
    local: &'l Local,
}

impl Api<'_> {
    async fn call(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Value,
    ) -> Result<Value, SeedFault> {
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"))
            .extension(SourceAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)))
            .body(Body::from(body.to_string()))
            .unwrap_or_default();
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let body = response.into_body().collect().await.map(http_body_util::Collected::to_bytes);
        let body = body.unwrap_or_default();
        if status.is_success() {
            return Ok(serde_json::from_slice(&body).unwrap_or_default());
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        Err(SeedFault { method, path: path.to_owned(), status, body })
    }

    async fn sign_in(&self, person: &Person) -> Result<String, SeedFault> {
        let body = json!({ "username": person.username, "password": person.password });
        let answer = self.call(Method::POST, "/v1/sign-in", "", body).await?;
        Ok(word(&answer, "access_token"))
    }

    async fn create(&self, admin: &str, person: &Person) -> Result<(), SeedFault> {
        let path = format!("/v1/admin/users/{}", person.username);
        let body = json!({
            "display_name": person.display_name,
            "primary_email": format!("{}@work.example", person.username),
            "roles": [person.role],
            "groups": ["staff"],
            "enabled": person.enabled,
            "locale": "en",
            "initial_password": person.password,
            "must_change_password": false,
        });
        self.call(Method::PUT, &path, admin, body).await.map(|_| ())
    }

    async fn register(&self, person: &Person) -> Result<(), SeedFault> {
        if person.email.is_none() && person.mobile.is_none() {
            return Ok(());
        }
        let token = self.sign_in(person).await?;
        if let Some(address) = person.email {
            let body = json!({ "method": "email", "address": address });
            self.prove(&token, "email", address, body).await?;
        }
        if let Some(number) = person.mobile {
            let body = json!({ "method": "mobile_phone", "number": number, "via": person.via });
            self.prove(&token, "mobile_phone", number, body).await?;
        }
        Ok(())
    }

    /// Asks for a code, reads it in the outbox, and presents it.
    async fn prove(
        &self,
        token: &str,
        method: &str,
        to: &str,
        body: Value,
    ) -> Result<(), SeedFault> {
        let path = "/v1/registration/methods";
        let asked = self.call(Method::POST, path, token, body).await?;
        let digits = asked.get("code_length").and_then(Value::as_u64).unwrap_or_default();
        self.local.pump.drain().await;
        let messages = self.local.outbox.messages(Some(to), 0);
        let text = messages.last().map(|message| message.draft.text.as_str()).unwrap_or_default();
        let code = code(text, usize::try_from(digits).unwrap_or_default());
        let body = json!({ "method": method, "code": code });
        let path = "/v1/registration/methods/verify";
        self.call(Method::POST, path, token, body).await.map(|_| ())
    }
}

fn word(answer: &Value, member: &str) -> String {
    answer.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The first run of so many digits in a message. A call reads them one by one, the code several
/// times over: there the single digits are put together.
fn code(text: &str, digits: usize) -> String {
    let runs = || text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    match runs().find(|run| run.len() == digits) {
        Some(code) => code.to_owned(),
        None => runs().filter(|run| run.len() == 1).take(digits).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_what_is_written_and_what_is_spoken() {
        assert_eq!(code("Your code is 12345678, valid 5 minutes", 8), "12345678");
        assert_eq!(code("<speak>1, 2, 3, 4. 1, 2, 3, 4.</speak>", 4), "1234");
        assert_eq!(code("none", 8), "");
    }
}
