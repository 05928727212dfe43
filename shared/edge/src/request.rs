//! What every request carries and every answer gets: the moment, the correlation id, the source, the language; security
//! headers, and problem documents for whatever went wrong.

use std::net::{IpAddr, Ipv4Addr};

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use rules::activity::{CLIENT_MAX, Origin};
use rules::ids::{CorrelationId, Network};
use state::{Call, Fault, RETENTION_DAYS};

use crate::App;
use crate::body::Json;
use crate::language::negotiate;
use crate::problem::Problem;

/// The source address as the gateway or the local server knows it. Headers that a client can set are ignored.
#[derive(Debug, Clone, Copy)]
pub struct SourceAddress(pub IpAddr);

/// The header that carries the support code.
pub const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// The content type of a problem document (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// What a handler knows of its request.
#[derive(Debug, Clone)]
pub struct Incoming(pub Call);

impl<S: Send + Sync> FromRequestParts<S> for Incoming {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let call = parts.extensions.get::<Self>().cloned();
        call.ok_or_else(|| Fault::Computation { what: "a request" }.into())
    }
}

/// An answer that belongs to an attempt, and so carries the attempt's correlation id.
pub struct Within<R>(pub CorrelationId, pub R);

impl<R: IntoResponse> IntoResponse for Within<R> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

/// Wraps the routes of one or more functions: every request gets its [`Incoming`], every answer its headers.
pub fn complete(router: Router, app: App) -> Router {
    router.layer(from_fn_with_state(app, around))
}

async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let https = app.https;
    let call = match incoming(&app, &request) {
        Ok(call) => call,
        Err(fault) => {
            let id = CorrelationId::new(app.clock.now(), 0);
            return finish(Problem::from(fault).into_response(), id, https);
        }
    };
    let named = token_correlation(request.headers());
    let correlation = named.unwrap_or(call.correlation);
    request.extensions_mut().insert(Incoming(call));
    request.extensions_mut().insert(correlation);
    finish(next.run(request).await, correlation, https)
}

/// A presented reset token names its attempt: the answer carries that id even when it is a refusal.
fn token_correlation(headers: &HeaderMap) -> Option<CorrelationId> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, token) = value.split_once(' ')?;
    rules::secret::ResetToken::parse(token.trim())?.correlation()
}

fn incoming(app: &App, request: &Request) -> Result<Call, Fault> {
    let headers = request.headers();
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let address = request.extensions().get::<SourceAddress>();
    let address = address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |a| a.0);
    let client = text(header::USER_AGENT).unwrap_or_default();
    let client: String = client.chars().filter(|c| !c.is_control()).take(CLIENT_MAX).collect();
    let now = app.clock.now();
    let locale = negotiate(
        request.uri().query(),
        text(header::COOKIE).and_then(language_cookie),
        text(header::ACCEPT_LANGUAGE),
    );
    Ok(Call {
        now,
        correlation: CorrelationId::new(now, app.chance.number()?),
        origin: Origin { source_ip: address.to_string(), client },
        network: Network::of(address),
        locale,
        id: app.chance.id()?,
        retention_days: RETENTION_DAYS,
    })
}

fn language_cookie(cookies: &str) -> Option<&str> {
    cookies.split(';').find_map(|c| c.trim().strip_prefix("language="))
}

/// An answer as it is sent but for the headers that all answers have: a problem is written out.
pub(crate) fn written(mut response: Response, correlation: CorrelationId) -> Response {
    let within = response.extensions().get::<CorrelationId>().copied();
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => {
            let correlation = within.unwrap_or(correlation);
            let mut written = document(&problem, correlation, response.headers());
            written.extensions_mut().insert(correlation);
            written
        }
        None => response,
    }
}

fn finish(response: Response, correlation: CorrelationId, https: bool) -> Response {
    let correlation = response.extensions().get::<CorrelationId>().copied().unwrap_or(correlation);
    let mut response = written(response, correlation);
    if let Some(problem) = bare(response.status(), response.headers()) {
        response = document(&problem, correlation, response.headers());
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&correlation.to_string()) {
        headers.insert(CORRELATION, value);
    }
    let fixed = |name: &'static str, value: &'static str| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    for (name, value) in [
        fixed("cache-control", "no-store"),
        fixed("x-content-type-options", "nosniff"),
        fixed("referrer-policy", "same-origin"),
    ] {
        headers.entry(name).or_insert(value);
    }
    if https {
        let (name, value) =
            fixed("strict-transport-security", "max-age=63072000; includeSubDomains");
        headers.insert(name, value);
    }
    response
}

/// The problem for an answer that the router gave by itself.
fn bare(status: StatusCode, headers: &HeaderMap) -> Option<Problem> {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if kind.is_some() && (status != StatusCode::BAD_REQUEST || kind == Some(PROBLEM.as_bytes())) {
        return None;
    }
    let problem = |code, title, detail: &str| Some(Problem::new(status, code, title, detail));
    match status {
        StatusCode::NOT_FOUND => problem("not_found", "Not found", "There is nothing here."),
        StatusCode::METHOD_NOT_ALLOWED => {
            problem("method_not_allowed", "Method not allowed", "See the Allow header.")
        }
        StatusCode::BAD_REQUEST => Some(Problem::field("", "invalid")),
        _ => None,
    }
}

fn document(problem: &Problem, correlation: CorrelationId, old: &HeaderMap) -> Response {
    let mut response = Json(problem.document(correlation.to_string())).into_response();
    *response.status_mut() = problem.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    for name in [header::ALLOW, header::ETAG] {
        if let Some(value) = old.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
