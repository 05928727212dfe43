//! `Idempotency-Key` (api.md §1): the repeat of a POST or PUT gets the first answer and does nothing again.
//!
//! A key is valid for one caller (the bearer token, or the source network of somebody without one), one method and one
//! path, so that nobody is given another's answer. Answers may hold tokens and temporary passwords: they are kept sealed
//! under a key that is outside the table. A request without the header costs nothing.
//!
//! # Why not …?
//! - *Why are answers that say "later" not kept?* Whoever is told to come back does so with the same key.
//! - *Why does a repeat not wait for the first to end?* A function that waits is paid for; the client waits for nothing.
//! - *Why are very long answers not kept?* An item holds 400 KB. Only an import answers more, and an import that is made
//!   again changes nothing (ADM-03).

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use rules::ids::CorrelationId;
use serde::{Deserialize, Serialize};
use state::Fault;
use state::repeats::{Begun, Keyed};

use crate::App;
use crate::body::{BODY_LARGEST, collect};
use crate::caller::bearer;
use crate::problem::Problem;
use crate::request::{Incoming, written};

/// The header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest key, characters (api.md §1).
pub const KEY_MAX: usize = 64;

/// Longest answer that is kept, bytes: well below the 400 KB of an item.
const ANSWER_MAX: usize = 350_000;

/// Lets the repeats of a function's POSTs and PUTs be recognised.
pub fn idempotent(router: Router, app: App) -> Router {
    router.route_layer(from_fn_with_state(app, around))
}

async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let acts = request.method() == Method::POST || request.method() == Method::PUT;
    if !acts || !request.headers().contains_key(&IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    once(&app, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

/// Lets the first request through and gives its answer to the others.
async fn once(app: &App, request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let key = key(&parts.headers)?.to_owned();
    let (call, correlation) = known(&parts)?;
    let tag = tag(app, &parts, call.network.as_str(), &key);
    let body = collect(body, BODY_LARGEST).await?;
    let fingerprint = fingerprint(app, &parts, &body);
    let keyed = Keyed { tag: &tag, fingerprint: &fingerprint, holder: &call.id, now: call.now };
    match app.store.begin_once(&keyed).await? {
        Begun::First => {}
        Begun::Repeat(sealed) => return reopened(app, &tag, &sealed),
        Begun::Running { retry_after } => return Err(running(retry_after)),
        Begun::Another => return Err(another()),
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (response, answer) = read(written(response, correlation), correlation).await?;
    let kept = match answer.and_then(|answer| sealed(app, &tag, answer)) {
        Some(sealed) => app.store.keep_answer(&keyed, sealed).await,
        None => app.store.forget_request(&keyed).await,
    };
    if let Err(fault) = kept {
        // What was done is done, and its answer is worth more than the one to a repeat that may never come.
        tracing::error!(%fault, "the answer of a request under an idempotency key was not kept");
    }
    Ok(response)
}

fn known(parts: &Parts) -> Result<(state::Call, CorrelationId), Fault> {
    let missing = Fault::Computation { what: "a request" };
    let Incoming(call) = parts.extensions.get::<Incoming>().cloned().ok_or(missing)?;
    let correlation = parts.extensions.get::<CorrelationId>().copied();
    let correlation = correlation.unwrap_or(call.correlation);
    Ok((call, correlation))
}

/// The one key that was sent.
fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let wrong = |code| Problem::field(IDEMPOTENCY_KEY.as_str(), code);
    let mut all = headers.get_all(&IDEMPOTENCY_KEY).iter();
    let one = all.next().ok_or_else(|| wrong("required"))?;
    if all.next().is_some() {
        return Err(wrong("duplicate"));
    }
    let text = one.to_str().map_err(|_| wrong("invalid"))?;
    let printable = text.bytes().all(|b| (b' '..=b'~').contains(&b));
    match text.len() {
        0 => Err(wrong("required")),
        1..=KEY_MAX if printable => Ok(text),
        1..=KEY_MAX => Err(wrong("invalid")),
        _ => Err(wrong("too_long")),
    }
}

/// What the record is found by: nothing of caller, path or key can be read from it.
fn tag(app: &App, parts: &Parts, network: &str, key: &str) -> String {
    let (kind, who) = match bearer(parts) {
        Some(token) => ("token", token),
        None => ("network", network),
    };
    let method = parts.method.as_str();
    let valid_for = ["idempotency", kind, who, method, parts.uri.path(), key];
    let tag = app.keys.repeat.hmac(&valid_for.map(str::as_bytes));
    BASE64URL_NOPAD.encode(&tag)
}

/// Recognises a body without keeping it: passwords are among them.
fn fingerprint(app: &App, parts: &Parts, body: &Bytes) -> String {
    let query = parts.uri.query().unwrap_or_default();
    let print = app.keys.repeat.hmac(&[b"body", query.as_bytes(), body]);
    BASE64URL_NOPAD.encode(&print)
}

/// The head of a kept answer; the body follows it, after a line break.
#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
    correlation: CorrelationId,
}

/// Reads an answer, and with it what is kept of it: nothing if it is too long or says "later".
async fn read(
    response: Response,
    correlation: CorrelationId,
) -> Result<(Response, Option<Vec<u8>>), Problem> {
    let (mut parts, body) = response.into_parts();
    let correlation = parts.extensions.get::<CorrelationId>().copied().unwrap_or(correlation);
    parts.extensions.insert(correlation);
    let body = axum::body::to_bytes(body, usize::MAX).await;
    let body = body.map_err(|_| Fault::Computation { what: "an answer" })?;
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let headers = parts.headers.iter().filter_map(text).collect();
    let head = Head { status: parts.status.as_u16(), headers, correlation };
    let head = serde_json::to_vec(&head).map_err(|_| Fault::Computation { what: "an answer" })?;
    let later = parts.status.is_server_error() || parts.headers.contains_key(RETRY_AFTER);
    let kept = !later && body.len() <= ANSWER_MAX;
    let answer = kept.then(|| [head.as_slice(), b"\n", &body].concat());
    Ok((Response::from_parts(parts, Body::from(body)), answer))
}

fn sealed(app: &App, tag: &str, answer: Vec<u8>) -> Option<Vec<u8>> {
    let nonce = app.chance.bytes().ok()?;
    app.keys.answer.seal(nonce, tag.as_bytes(), answer)
}

/// The kept answer as it was given.
fn reopened(app: &App, tag: &str, sealed: &[u8]) -> Result<Response, Problem> {
    let corrupt = || Fault::Corrupt { kind: "idempotency" };
    let answer = app.keys.answer.open(tag.as_bytes(), sealed).ok_or_else(corrupt)?;
    let end = answer.iter().position(|b| *b == b'\n').ok_or_else(corrupt)?;
    let (head, body) = answer.split_at_checked(end).ok_or_else(corrupt)?;
    let head: Head = serde_json::from_slice(head).map_err(|_| corrupt())?;
    let body = body.get(1..).unwrap_or_default().to_vec();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(head.status).map_err(|_| corrupt())?;
    for (name, value) in head.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response.extensions_mut().insert(head.correlation);
    Ok(response)
}

fn running(retry_after: u32) -> Problem {
    let detail =
        "The first request under this idempotency key has not been answered yet. Ask again.";
    let code = "idempotency_in_progress";
    Problem {
        retry_after: Some(retry_after),
        ..Problem::new(StatusCode::CONFLICT, code, "Still under way", detail)
    }
}

fn another() -> Problem {
    let detail = "This idempotency key was used for another request. Nothing was done.";
    let code = "idempotency_conflict";
    Problem::new(StatusCode::CONFLICT, code, "Key already used", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(values: &[&str]) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(IDEMPOTENCY_KEY, value);
        }
        key(&headers).map(str::to_owned).map_err(|p| p.errors[0].code.clone())
    }

    #[test]
    fn a_key_has_1_to_64_printable_characters_and_is_sent_once() {
        assert_eq!(code(&[&"~".repeat(64)]), Ok("~".repeat(64)));
        assert_eq!(code(&[&"~".repeat(65)]), Err("too_long".into()));
        assert_eq!(code(&["a b"]), Ok("a b".into()));
        assert_eq!(code(&[""]), Err("required".into()));
        assert_eq!(code(&["a\tb"]), Err("invalid".into()));
        assert_eq!(code(&["é"]), Err("invalid".into()));
        assert_eq!(code(&["a", "b"]), Err("duplicate".into()));
    }
}
