//! What a developer and the tests may do beside the API: read the outbox, move the clock, order
//! faults, read traces and counters. Present with `--dev` only, and in no Lambda artifact.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use edge::hashing::Hashing;
use edge::{Json, Problem};
use http::{HeaderMap, Uri, header};
use serde::Deserialize;
use serde_json::{Value, json};
use state::Fault;

use crate::clock::{Clock, LONGEST_ADVANCE_SECONDS, rfc3339};
use crate::fault::{Faults, Order};
use crate::outbox::Outbox;
use crate::page;
use crate::stream::Pump;
use crate::sweeper::Sweeper;
use crate::trace::{Call, Traces};

/// The most calls one order may spoil.
const MOST_FAULTS: u32 = 1_000_000;

/// What these routes reach.
#[derive(Clone)]
pub struct Dev {
    /// Messages.
    pub outbox: Arc<Outbox>,
    /// Time.
    pub clock: Clock,
    /// Faults to come.
    pub faults: Arc<Faults>,
    /// Calls made.
    pub traces: Traces,
    /// Feeds `deliver`.
    pub pump: Pump,
    /// Runs `sweep`.
    pub sweeper: Sweeper,
    /// Counts password hashes.
    pub hashing: Hashing,
}

/// The routes.
pub fn router(dev: Dev) -> Router {
    Router::new()
        .route("/dev/outbox", get(outbox))
        .route("/dev/clock", post(clock))
        .route("/dev/faults", post(faults))
        .route("/dev/trace", get(trace))
        .route("/dev/counters", get(counters))
        .with_state(dev)
}

/// Everything committed before the call has been offered to `deliver` when this answers.
async fn outbox(State(dev): State<Dev>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let [to, since_id] = parameters(&uri, ["to", "since_id"])?;
    let to = to.filter(|to| !to.is_empty());
    let since_id = match since_id.as_deref().map(str::parse::<u64>) {
        None => 0,
        Some(Ok(id)) => id,
        Some(Err(_)) => return Err(Problem::field("since_id", "invalid")),
    };
    dev.pump.drain().await;
    let messages = dev.outbox.messages(to.as_deref(), since_id);
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        let policy = [(header::CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY)];
        return Ok((policy, Html(page::outbox(&messages, to.as_deref()))).into_response());
    }
    Ok(Json(json!({ "messages": messages })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

/// Moves the time, with everything delivered that was committed before, then does what its passing
/// would have led to: sweep, retries, deliveries.
async fn clock(State(dev): State<Dev>, Json(body): Json<Advance>) -> Result<Json<Value>, Problem> {
    if body.advance_seconds > LONGEST_ADVANCE_SECONDS {
        return Err(Problem::field("advance_seconds", "too_large"));
    }
    dev.pump.drain().await;
    let clock = dev.clock.clone();
    let moved = tokio::task::spawn_blocking(move || clock.advance(body.advance_seconds)).await;
    let now = match moved {
        Ok(Ok(now)) => now,
        Ok(Err(_)) | Err(_) => return Err(Fault::Computation { what: "the clock" }.into()),
    };
    dev.sweeper.sweep_after_jump(body.advance_seconds).await;
    dev.pump.drain().await;
    Ok(Json(json!({ "now": rfc3339(now) })))
}

async fn faults(State(dev): State<Dev>, Json(order): Json<Order>) -> Result<Json<Value>, Problem> {
    if order.operation.is_empty() {
        return Err(Problem::field("operation", "required"));
    }
    if order.count == 0 || order.count > MOST_FAULTS {
        return Err(Problem::field("count", "out_of_range"));
    }
    Ok(Json(json!({ "waiting": dev.faults.add(order) })))
}

async fn trace(State(dev): State<Dev>, uri: Uri) -> Result<Json<Vec<Call>>, Problem> {
    let [correlation_id, function] = parameters(&uri, ["correlation_id", "function"])?;
    if correlation_id.is_none() && function.is_none() {
        return Err(Problem::field("correlation_id", "required"));
    }
    Ok(Json(dev.traces.find(correlation_id.as_deref(), function.as_deref())))
}

async fn counters(State(dev): State<Dev>) -> Json<Value> {
    dev.pump.drain().await;
    let taken = dev.outbox.taken();
    Json(json!({
        "argon2": dev.hashing.evaluations(),
        "emails": taken.emails,
        "texts": taken.texts,
        "voice": taken.voice,
    }))
}

/// The named parameters of a query, each at most once.
///
/// # Refuses
/// 400 for any other parameter, and for a repeated one.
fn parameters<const N: usize>(uri: &Uri, names: [&str; N]) -> Result<[Option<String>; N], Problem> {
    let mut found = [const { None }; N];
    let query = uri.query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = names.iter().zip(&mut found).find(|(known, _)| **known == name);
        match place {
            None => return Err(Problem::field(&name, "unknown_parameter")),
            Some((_, Some(_))) => return Err(Problem::field(&name, "duplicate_parameter")),
            Some((_, place)) => *place = Some(value.into_owned()),
        }
    }
    Ok(found)
}
