//! The gates of a reset: ask for a code, prove it, see where one stands, stop, ask for help.
//!
//! Hops of a gate: [`router`] → `state::attempts::pass_gate` → `rules::attempt::judge` → `state::write`. Where nothing is
//! sent: [`router`] → [`kept`] → `rules::factors::proving` → `state::attempts::pass_kept`.

mod kept;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use edge::repeat::idempotent;
use edge::request::Within;
use edge::{App, AttemptBearer, Incoming, Json, Problem};
use http::StatusCode;
use rules::attempt::{Attempt, Purpose};
use rules::gate::DeliveryState;
use rules::ids::Millis;
use rules::method::{EmailAddress, Phone, Way};
use rules::refusal::Refusal;
use rules::secret::{Code, ResetToken};
use serde::{Deserialize, Serialize};
use state::attempts::{Ending, Proof};
use utoipa::{OpenApi, ToSchema};

/// The function's routes.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/resets/current", get(current))
        .route("/v1/resets/challenge", post(challenge))
        .route("/v1/resets/verify", post(verify))
        .route("/v1/resets/cancel", post(cancel))
        .route("/v1/resets/contact-admin", post(contact_admin))
        .with_state(app.clone());
    idempotent(routes, app)
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

fn choices(attempt: &Attempt) -> Vec<Choice> {
    if attempt.is_ready() {
        return Vec::new();
    }
    let hint = |way| attempt.hint(way).map(str::to_owned);
    attempt.offered().into_iter().map(|method| Choice { method, hint: hint(method) }).collect()
}

/// Where an attempt stands.
#[derive(Serialize, ToSchema)]
struct Current {
    #[schema(value_type = String)]
    purpose: Purpose,
    step: u32,
    methods: Vec<Choice>,
    /// Seconds.
    expires_in: u32,
    /// `queued`, `sent` or `failed`: the last code asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<&'static str>,
    /// `open` or `ready`.
    status: &'static str,
}

/// Says where the attempt stands.
#[utoipa::path(get, path = "/v1/resets/current", responses(
    (status = 200, body = Current), (status = 401, description = "invalid_token"),
    (status = 410, description = "reset_finished, reset_expired"),
))]
async fn current(
    State(app): State<App>,
    Incoming(call): Incoming,
    AttemptBearer(token): AttemptBearer,
) -> Result<Within<Json<Current>>, Problem> {
    let attempt = app.store.admitted(&token, call.now).await?;
    let sent = attempt.challenge.as_ref().filter(|c| c.way.sends());
    let current = Current {
        purpose: attempt.purpose,
        step: attempt.step(),
        methods: choices(&attempt),
        expires_in: call.now.seconds_until(attempt.expires_at),
        delivery: sent.map(|c| delivery(&attempt, c.send)),
        status: if attempt.is_ready() { "ready" } else { "open" },
    };
    Ok(Within(attempt.correlation, Json(current)))
}

/// How far a send is, as anyone may know it: a code that was withheld looks like one that was sent.
fn delivery(attempt: &Attempt, send: u32) -> &'static str {
    match attempt.deliveries.get(&send.to_string()).map(|d| d.state) {
        None | Some(DeliveryState::Accepted) => "queued",
        Some(DeliveryState::Withheld | DeliveryState::Sent) => "sent",
        Some(DeliveryState::Failed) => "failed",
    }
}

/// By which way to prove, and the contact it uses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Ask {
    #[schema(value_type = String)]
    method: Way,
    /// The full address or number that is registered. An address may be left out under full disclosure.
    #[serde(default)]
    contact: Option<String>,
}

/// A code was asked for.
#[derive(Serialize, ToSchema)]
struct Asked {
    #[schema(value_type = String)]
    method: Way,
    code_length: u8,
    /// Seconds.
    expires_in: u32,
    /// Seconds.
    resend_after: u32,
}

/// Asks for a code, or which questions are to be answered. The answer is the same whether or not the contact is the
/// registered one.
#[utoipa::path(post, path = "/v1/resets/challenge", request_body = Ask, responses(
    (status = 200, body = kept::Wanted),
    (status = 202, body = Asked), (status = 400, description = "invalid_request"),
    (status = 401, description = "invalid_token"),
    (status = 410, description = "reset_finished, reset_expired"),
    (status = 422, description = "method_not_available; contact_mismatch under full disclosure"),
    (status = 429, description = "throttled"),
))]
async fn challenge(
    State(app): State<App>,
    Incoming(call): Incoming,
    AttemptBearer(token): AttemptBearer,
    Json(body): Json<Ask>,
) -> Result<Response, Problem> {
    if !body.method.sends() {
        return Ok(kept::challenge(&app, &call, &token, body.method).await?.into_response());
    }
    let contact = contact(body.method, body.contact.as_deref())?;
    let attempt = app.store.challenge(&token, body.method, contact.as_deref(), &call).await?;
    let asked = Asked {
        method: body.method,
        code_length: attempt.challenge.as_ref().map_or(0, |c| c.length),
        expires_in: expires_in(&attempt, call.now),
        resend_after: attempt.policy.resend_after,
    };
    Ok(Within(attempt.correlation, (StatusCode::ACCEPTED, Json(asked))).into_response())
}

fn expires_in(attempt: &Attempt, now: Millis) -> u32 {
    attempt.challenge.as_ref().map_or(0, |c| now.seconds_until(c.expires_at))
}

/// The typed contact in the canonical form in which it is compared; whether an address is needed depends on the attempt.
fn contact(way: Way, typed: Option<&str>) -> Result<Option<String>, Problem> {
    if !way.needs_contact() {
        return Ok(None);
    }
    let typed = match typed {
        Some(typed) => typed,
        None if way == Way::Email => return Ok(None),
        None => return Err(Problem::field("contact", "required")),
    };
    let canonical = match way {
        Way::Email => EmailAddress::parse(typed).map(|a| a.canonical()),
        Way::Sms
        | Way::Voice
        | Way::OfficeVoice
        | Way::SecurityQuestions
        | Way::AuthenticatorApp
        | Way::RecoveryCode => Phone::parse(typed).map(|p| p.as_str().to_owned()),
    };
    canonical.map(Some).map_err(|e| Problem::field("contact", e.code()))
}

/// A proof: `answers` for `security_questions`, `code` for every other way.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Prove {
    #[schema(value_type = String)]
    method: Way,
    /// Spaces, dashes and a leading `#` are ignored.
    #[serde(default)]
    code: Option<String>,
    /// One for each question asked.
    #[serde(default)]
    answers: Option<Vec<GivenAnswer>>,
}

/// An answer to a question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GivenAnswer {
    id: String,
    answer: String,
}

/// A proof whose members fit its way.
enum Typed {
    Code(String),
    Answers(Vec<GivenAnswer>),
}

impl Prove {
    /// # Refuses
    /// `InvalidRequest` for members that are missing, belong to another way or cannot be a proof.
    fn typed(self) -> Result<Typed, Problem> {
        match (self.method, self.code, self.answers) {
            (Way::SecurityQuestions, Some(_), _) => Err(Problem::field("code", "unknown_member")),
            (Way::SecurityQuestions, None, answers) => {
                let answers = answers.filter(|all| !all.is_empty());
                answers.map(Typed::Answers).ok_or_else(|| Problem::field("answers", "required"))
            }
            (_, _, Some(_)) => Err(Problem::field("answers", "unknown_member")),
            (_, None, None) => Err(Problem::field("code", "required")),
            (_, Some(code), None) if code.trim().is_empty() => {
                Err(Problem::field("code", "required"))
            }
            (_, Some(code), None) if code.chars().count() > CODE_MAX => {
                Err(Problem::field("code", "too_long"))
            }
            (_, Some(code), None) => Ok(Typed::Code(code)),
        }
    }
}

/// Longest code that is read, characters; what people paste may carry blanks.
const CODE_MAX: usize = 64;

/// A gate was passed.
#[derive(Serialize, ToSchema)]
struct Proved {
    /// `next_gate` or `ready`.
    status: &'static str,
    /// Replaces the presented one.
    reset_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    methods: Option<Vec<Choice>>,
    /// `complete` or `unlock`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'static str>,
}

/// Judges a code or answers. The token is replaced at each passed gate.
#[utoipa::path(post, path = "/v1/resets/verify", request_body = Prove, responses(
    (status = 200, body = Proved), (status = 400, description = "invalid_request"),
    (status = 401, description = "invalid_token"), (status = 409, description = "no_challenge"),
    (status = 410, description = "code_expired, reset_finished, reset_expired"),
    (status = 422, description = "proof_incorrect"), (status = 429, description = "throttled"),
))]
async fn verify(
    State(app): State<App>,
    Incoming(call): Incoming,
    AttemptBearer(token): AttemptBearer,
    Json(body): Json<Prove>,
) -> Result<Within<Json<Proved>>, Problem> {
    let way = body.method;
    let typed = body.typed()?;
    let correlation = token.correlation().ok_or(Refusal::InvalidToken)?;
    let next = ResetToken::new(correlation, app.chance.bytes()?);
    let (attempt, next) = match typed {
        Typed::Code(code) if way.sends() => {
            let proof = Proof { way, code: Code::typed(&code), next };
            let attempt = app.store.pass_gate(&token, &proof, &app.keys.code, &call).await?;
            (attempt, proof.next)
        }
        typed @ (Typed::Code(_) | Typed::Answers(_)) => {
            let visit = kept::Visit { app: &app, call: &call, token: &token, next: &next };
            (kept::verify(&visit, way, &typed).await?, next)
        }
    };
    let ready = attempt.is_ready();
    let proved = Proved {
        status: if ready { "ready" } else { "next_gate" },
        reset_token: next.reveal().to_owned(),
        step: (!ready).then(|| attempt.step()),
        methods: (!ready).then(|| choices(&attempt)),
        next: ready.then_some(match attempt.purpose {
            Purpose::Reset => "complete",
            Purpose::Unlock => "unlock",
        }),
    };
    Ok(Within(correlation, Json(proved)))
}

/// Stops the attempt.
#[utoipa::path(post, path = "/v1/resets/cancel", responses(
    (status = 204), (status = 401, description = "invalid_token"),
    (status = 410, description = "reset_finished, reset_expired"),
))]
async fn cancel(
    State(app): State<App>,
    Incoming(call): Incoming,
    AttemptBearer(token): AttemptBearer,
) -> Result<Response, Problem> {
    let attempt = app.store.admitted(&token, call.now).await?;
    if app.store.end(&attempt, Ending::Cancelled, &call).await? {
        Ok(Within(attempt.correlation, StatusCode::NO_CONTENT).into_response())
    } else {
        Err(Refusal::Conflict.into())
    }
}

/// Help was asked for.
#[derive(Serialize, ToSchema)]
struct Contacted {
    status: &'static str,
}

/// Asks the organisation's help desk for help; ends the attempt.
#[utoipa::path(post, path = "/v1/resets/contact-admin", responses(
    (status = 202, body = Contacted), (status = 401, description = "invalid_token"),
    (status = 410, description = "reset_finished, reset_expired"),
    (status = 429, description = "throttled"),
))]
async fn contact_admin(
    State(app): State<App>,
    Incoming(call): Incoming,
    AttemptBearer(token): AttemptBearer,
) -> Result<Response, Problem> {
    let attempt = app.store.admitted(&token, call.now).await?;
    app.store.pay_help(&attempt, &call).await?;
    if app.store.end(&attempt, Ending::ContactedAdmin, &call).await? {
        let body = Json(Contacted { status: "contacted" });
        Ok(Within(attempt.correlation, (StatusCode::ACCEPTED, body)).into_response())
    } else {
        Err(Refusal::Conflict.into())
    }
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(
    paths(current, challenge, verify, cancel, contact_admin),
    components(schemas(
        Choice,
        Current,
        Ask,
        Asked,
        kept::Wanted,
        kept::AskedQuestion,
        Prove,
        GivenAnswer,
        Proved,
        Contacted
    ))
)]
pub struct Contract;
