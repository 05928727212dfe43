//! Begins a reset or an unlock: `POST /v1/resets`.
//!
//! Under `account_disclosure: none` nobody's account is looked at, so the answer cannot depend on one: whether the name
//! exists, is disabled, locked, unregistered or an administrator is the deliverer's business, away from the request. Under
//! `full` the account is read: the person sees the ways they registered, or why they cannot go on.

mod work;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use edge::repeat::idempotent;
use edge::request::Within;
use edge::{App, Incoming, Json, Problem};
use http::StatusCode;
use rules::attempt::{Attempt, Facts, Findings, Purpose, Status, disclose};
use rules::ids::{CorrelationId, Username};
use rules::method::Way;
use rules::policy::{Config, Disclosure};
use rules::proof_of_work;
use rules::registration::{Eligible, Ineligible, Profile, Role, eligibility};
use rules::secret::ResetToken;
use serde::{Deserialize, Serialize};
use state::config::Versioned;
use state::{Call, Fault};
use utoipa::{OpenApi, ToSchema};

/// The function's routes.
pub fn router(app: App) -> Router {
    let routes = Router::new().route("/v1/resets", post(begin)).with_state(app.clone());
    idempotent(routes, app)
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
    /// The masked contact; under full disclosure only.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
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
    /// How many gates there are; under full disclosure only.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<u8>,
    /// Ways of proving.
    methods: Vec<Choice>,
}

/// Begins a reset or an unlock.
#[utoipa::path(post, path = "/v1/resets", request_body = Begin, responses(
    (status = 201, body = Begun),
    (status = 400, description = "invalid_request"),
    (status = 403, description = "reset_refused"),
    (status = 422, description = "proof_of_work_required, with a challenge"),
    (status = 429, description = "throttled"),
))]
async fn begin(
    State(app): State<App>,
    Incoming(call): Incoming,
    Json(body): Json<Begin>,
) -> Result<Response, Problem> {
    let username = Username::parse(&body.username);
    let username = username.map_err(|e| Problem::field("username", e.code()))?;
    let solution = body.proof_of_work.as_deref();
    if solution.is_some_and(|p| p.len() > proof_of_work::SOLUTION_MAX) {
        return Err(Problem::field("proof_of_work", "too_long"));
    }
    let config = app.store.config().await?;
    let support = &config.config.support;
    if body.purpose == Purpose::Unlock && !config.config.unlock_without_reset {
        return Err(Problem::reset_refused(None, support));
    }
    if config.config.proof_of_work && !work::is_done(&app, &call, solution).await? {
        return Err(work::asked(&app, &call).await?);
    }
    let per_hour = config.config.throttle.begins_per_network_per_hour;
    app.store.pay_begin(&call.network, per_hour, call.now).await?;
    let known = Known::of(&app, &config.config, &username).await?;
    let start = Start { username, purpose: body.purpose, config: &config, known };
    let (attempt, token) = start.keep(&app, &call).await?;
    if let Some(why) = attempt.refusal() {
        let refused = Problem::reset_refused(Some(why), support);
        return Ok(Within(attempt.correlation, refused).into_response());
    }
    let hint = |way| attempt.hint(way).map(str::to_owned);
    let choices = attempt.offered().into_iter().map(|method| Choice { method, hint: hint(method) });
    let begun = Begun {
        reset_token: token.reveal().to_owned(),
        correlation_id: attempt.correlation.to_string(),
        expires_in: config.config.reset.seconds,
        purpose: attempt.purpose,
        step: attempt.step(),
        steps: attempt.disclosed.as_ref().map(|_| attempt.required()),
        methods: choices.collect(),
    };
    Ok(Within(attempt.correlation, (StatusCode::CREATED, Json(begun))).into_response())
}

/// How often an id that is taken is drawn again: with 2²⁰ ids a minute, five in a row happen never.
const DRAWS: u32 = 5;

/// The account, where the organisation lets people see what is registered.
struct Known {
    profile: Option<Profile>,
    eligible: Result<Eligible, Ineligible>,
}

impl Known {
    /// `None` under `account_disclosure: none`: nothing is read then.
    async fn of(app: &App, config: &Config, username: &Username) -> Result<Option<Self>, Problem> {
        match config.account_disclosure {
            Disclosure::None => Ok(None),
            Disclosure::Full => {
                let profile = app.store.profile(username).await?;
                let scope = app.store.scope(config).await?;
                let eligible = eligibility(profile.as_ref(), config, &scope);
                Ok(Some(Self { profile, eligible }))
            }
        }
    }

    /// Writes on the attempt what is known of its account.
    fn fill(&self, attempt: &mut Attempt) {
        let mut findings = Findings::default();
        match (&self.profile, &self.eligible) {
            (Some(profile), Ok(eligible)) => {
                let (policy, disclosed) = disclose(profile, eligible, &attempt.policy);
                attempt.policy = policy;
                attempt.disclosed = Some(disclosed);
                findings.facts = Some(Facts {
                    uid: profile.uid.clone(),
                    epoch: profile.epoch,
                    required: eligible.required,
                    administrator: eligible.administrator,
                });
            }
            (_, Err(why)) => findings.refusal = Some(*why),
            (None, Ok(_)) => findings.refusal = Some(Ineligible::UnknownUser),
        }
        attempt.findings = Some(findings);
    }

    fn role(&self) -> Option<Role> {
        self.profile.as_ref().map(Profile::role)
    }
}

/// What begins.
struct Start<'s> {
    username: Username,
    purpose: Purpose,
    config: &'s Versioned,
    known: Option<Known>,
}

impl Start<'_> {
    /// Keeps the attempt, under an id that nobody has. One that is refused is kept too, ended.
    async fn keep(&self, app: &App, call: &Call) -> Result<(Attempt, ResetToken), Problem> {
        let expires_at = call.now.plus_seconds(self.config.config.reset.seconds);
        for _ in 0..DRAWS {
            let correlation = CorrelationId::new(expires_at, app.chance.number()?);
            let token = ResetToken::new(correlation, app.chance.bytes()?);
            let mut attempt = self.attempt(correlation, &token, call);
            if let Some(known) = &self.known {
                known.fill(&mut attempt);
            }
            let role = self.known.as_ref().and_then(Known::role);
            let kept = match attempt.refusal() {
                None => app.store.begin(&attempt).await?,
                Some(why) => app.store.begin_refused(&attempt, why, role, call).await?,
            };
            if kept {
                return Ok((attempt, token));
            }
        }
        Err(Fault::Busy { operation: "begin", code: "ids".into() }.into())
    }

    fn attempt(&self, correlation: CorrelationId, token: &ResetToken, call: &Call) -> Attempt {
        let document = &self.config.config;
        Attempt {
            correlation,
            username: self.username.clone(),
            purpose: self.purpose,
            network: call.network.clone(),
            origin: call.origin.clone(),
            locale: call.locale.clone(),
            token_hash: token.hash().to_text(),
            began_at: call.now,
            expires_at: call.now.plus_seconds(document.reset.seconds),
            policy: document.attempt_policy(self.config.version),
            limits: document.limits(),
            retention_days: document.retention.activity_days,
            gates: Vec::new(),
            challenge: None,
            contacts: Vec::new(),
            sends: 0,
            apart: false,
            disclosed: None,
            completes: 0,
            findings: None,
            deliveries: Default::default(),
            blocked: None,
            status: Status::Open,
            repeat: None,
            steps: vec![String::from("0 begin")],
            version: 1,
        }
    }
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(paths(begin), components(schemas(Begin, Begun, Choice)))]
pub struct Contract;
