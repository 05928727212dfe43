//! Begins a reset or an unlock: `POST /v1/resets`.
//!
//! Under `account_disclosure: none` nobody's account is looked at, so the answer cannot depend on one: whether the name
//! exists, is disabled, locked, unregistered or an administrator is the deliverer's business, away from the request.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use edge::request::Within;
use edge::{App, Incoming, Json, Problem};
use http::StatusCode;
use rules::attempt::{Attempt, Purpose, Status};
use rules::ids::{CorrelationId, Username};
use rules::method::Way;
use rules::refusal::Refusal;
use rules::secret::ResetToken;
use serde::{Deserialize, Serialize};
use state::config::Versioned;
use state::{Call, Fault};
use utoipa::{OpenApi, ToSchema};

/// The function's routes.
pub fn router(app: App) -> Router {
    Router::new().route("/v1/resets", post(begin)).with_state(app)
}

/// What is to be reset.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Begin {
    /// The name, in any spelling of its canonical form.
    username: String,
    /// `reset` or `unlock`.
    #[schema(value_type = String)]
    purpose: Purpose,
    /// Asked for only where `GET /v1/about` says so.
    #[serde(default)]
    proof_of_work: Option<String>,
}

/// A way of proving.
#[derive(Serialize, ToSchema)]
struct Choice {
    #[schema(value_type = String)]
    method: Way,
}

/// An attempt that has begun.
#[derive(Serialize, ToSchema)]
struct Begun {
    /// Shown this once.
    reset_token: String,
    /// The support code.
    correlation_id: String,
    /// Seconds.
    expires_in: u32,
    #[schema(value_type = String)]
    purpose: Purpose,
    /// The gate that comes first.
    step: u32,
    /// Ways of proving.
    methods: Vec<Choice>,
}

/// Begins a reset or an unlock.
#[utoipa::path(post, path = "/v1/resets", request_body = Begin, responses(
    (status = 201, body = Begun),
    (status = 400, description = "invalid_request"),
    (status = 403, description = "reset_refused"),
    (status = 429, description = "throttled"),
))]
async fn begin(
    State(app): State<App>,
    Incoming(call): Incoming,
    Json(body): Json<Begin>,
) -> Result<Within<(StatusCode, Json<Begun>)>, Problem> {
    let username = Username::parse(&body.username);
    let username = username.map_err(|e| Problem::field("username", e.code()))?;
    if body.proof_of_work.is_some_and(|p| p.len() > PROOF_OF_WORK_MAX) {
        return Err(Problem::field("proof_of_work", "too_long"));
    }
    let config = app.store.config().await?;
    if body.purpose == Purpose::Unlock && !config.config.unlock_without_reset {
        return Err(Refusal::ResetRefused(None).into());
    }
    let per_hour = config.config.throttle.begins_per_network_per_hour;
    app.store.pay_begin(&call.network, per_hour, call.now).await?;
    let (attempt, token) = keep(&app, &call, &config, username, body.purpose).await?;
    let choices = attempt.offered().into_iter().map(|method| Choice { method });
    let begun = Begun {
        reset_token: token.reveal().to_owned(),
        correlation_id: attempt.correlation.to_string(),
        expires_in: config.config.reset.seconds,
        purpose: attempt.purpose,
        step: attempt.step(),
        methods: choices.collect(),
    };
    Ok(Within(attempt.correlation, (StatusCode::CREATED, Json(begun))))
}

/// Longest proof of work that is read, characters.
const PROOF_OF_WORK_MAX: usize = 256;

/// How often an id that is taken is drawn again: with 2²⁰ ids a minute, five in a row happen never.
const DRAWS: u32 = 5;

async fn keep(
    app: &App,
    call: &Call,
    config: &Versioned,
    username: Username,
    purpose: Purpose,
) -> Result<(Attempt, ResetToken), Problem> {
    let document = &config.config;
    let expires_at = call.now.plus_seconds(document.reset.seconds);
    for _ in 0..DRAWS {
        let correlation = CorrelationId::new(expires_at, app.chance.number()?);
        let token = ResetToken::new(correlation, app.chance.bytes()?);
        let attempt = Attempt {
            correlation,
            username: username.clone(),
            purpose,
            network: call.network.clone(),
            origin: call.origin.clone(),
            locale: call.locale.clone(),
            token_hash: token.hash().to_text(),
            began_at: call.now,
            expires_at,
            policy: document.attempt_policy(config.version),
            limits: document.limits(),
            retention_days: document.retention.activity_days,
            gates: Vec::new(),
            challenge: None,
            contacts: Vec::new(),
            sends: 0,
            apart: false,
            completes: 0,
            findings: None,
            deliveries: Default::default(),
            blocked: None,
            status: Status::Open,
            repeat: None,
            steps: vec![String::from("0 begin")],
            version: 1,
        };
        if app.store.begin(&attempt).await? {
            return Ok((attempt, token));
        }
    }
    Err(Fault::Busy { operation: "begin", code: "ids".into() }.into())
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(paths(begin), components(schemas(Begin, Begun, Choice)))]
pub struct Contract;
