//! One reset, step by step, for whoever is read its support code (SUP-01).

use edge::App;
use rules::activity::{Outcome, ResetRow};
use rules::attempt::{Attempt, Purpose, Status};
use rules::ids::Millis;
use rules::method::Way;
use rules::registration::{Ineligible, Role};
use serde::Serialize;
use state::Fault;
use state::activity::Span;
use utoipa::ToSchema;

/// Rows of a person that are looked through for the end of an attempt: far more than happen in its time.
const ROWS: u32 = 500;

/// A reset or unlock with everything that happened in it.
#[derive(Serialize, ToSchema)]
pub struct Support {
    correlation_id: String,
    /// The name that was typed, whether or not anybody has it.
    username: String,
    /// The highest role of who has the name now.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    #[schema(value_type = String)]
    purpose: Purpose,
    /// `open`, `ready`, `ended`; `expired` until it is closed.
    status: &'static str,
    /// As in the reset report, from its end on.
    #[schema(value_type = Option<String>)]
    result: Option<Outcome>,
    detail: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    began_at: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: String,
    source_ip: String,
    client: String,
    /// Gates to pass.
    required: u8,
    /// Ways of proving that were offered at first.
    #[schema(value_type = Vec<String>)]
    methods_offered: Vec<Way>,
    steps: Vec<Step>,
    deliveries: Vec<Sending>,
    /// Why the account may not, if it may not.
    refusal: Option<Refused>,
    /// The limit that was met last.
    blocked: Option<String>,
}

/// Something that was done.
#[derive(Serialize, ToSchema, Debug, PartialEq, Eq)]
pub struct Step {
    #[schema(value_type = String, format = DateTime)]
    at: String,
    step: String,
}

/// What became of a code.
#[derive(Serialize, ToSchema)]
pub struct Sending {
    /// Counted from 1.
    send: u32,
    #[schema(value_type = Option<String>)]
    method: Option<Way>,
    /// `queued`, `withheld`, `accepted`, `sent` or `failed`.
    state: String,
    /// Why nothing was sent.
    reason: Option<String>,
}

/// Why the account may not.
#[derive(Serialize, ToSchema)]
pub struct Refused {
    sspr_code: Option<&'static str>,
    detail: &'static str,
}

impl From<Ineligible> for Refused {
    fn from(why: Ineligible) -> Self {
        Self { sspr_code: why.sspr_code(), detail: why.detail() }
    }
}

/// Collects an attempt's story: the attempt, its row in the record once it has ended, the person.
pub async fn view(app: &App, attempt: Attempt, now: Millis) -> Result<Support, Fault> {
    let ended = match attempt.status {
        Status::Open => None,
        Status::Ended => end_of(app, &attempt).await?,
    };
    let (result, detail) = ended.map(|row| (row.result, row.detail)).unzip();
    let profile = app.store.profile(&attempt.username).await?;
    Ok(Support {
        correlation_id: attempt.correlation.to_string(),
        username: attempt.username.to_string(),
        role: profile.map(|p| p.role()),
        purpose: attempt.purpose,
        status: status(&attempt, now),
        result,
        detail,
        began_at: attempt.began_at.rfc3339(),
        expires_at: attempt.expires_at.rfc3339(),
        required: attempt.required(),
        methods_offered: attempt.policy.ways.clone(),
        steps: attempt.steps.iter().map(|text| step(&attempt, text)).collect(),
        deliveries: deliveries(&attempt),
        refusal: attempt.refusal().map(Refused::from),
        blocked: attempt.blocked,
        source_ip: attempt.origin.source_ip,
        client: attempt.origin.client,
    })
}

fn status(attempt: &Attempt, now: Millis) -> &'static str {
    match attempt.status {
        Status::Ended => "ended",
        Status::Open if now >= attempt.expires_at => "expired",
        Status::Open if attempt.is_ready() => "ready",
        Status::Open => "open",
    }
}

/// The row that the attempt's end left in the record; none after the record's retention.
async fn end_of(app: &App, attempt: &Attempt) -> Result<Option<ResetRow>, Fault> {
    let span = Span { from: attempt.began_at, to: attempt.expires_at };
    let rows = app.store.activity_of_user(&attempt.username, span, None, ROWS).await?.rows;
    let own = rows.into_iter().filter(|(_, row)| row.correlation == attempt.correlation);
    Ok(own.filter_map(|(_, row)| row.reset).next())
}

/// A step with its moment; it is kept as `"<milliseconds since begin> <step>"`.
fn step(attempt: &Attempt, text: &str) -> Step {
    let (after, step) = text.split_once(' ').unwrap_or(("0", text));
    let after: i64 = after.parse().unwrap_or_default();
    let at = Millis(attempt.began_at.0.saturating_add(after)).rfc3339();
    Step { at, step: step.to_owned() }
}

/// Every code that was asked for, with what the deliverer made of it so far. The n-th challenge is the n-th send.
fn deliveries(attempt: &Attempt) -> Vec<Sending> {
    let challenges = attempt.steps.iter().filter_map(|s| s.split_once(" challenge "));
    let ways: Vec<Option<Way>> = challenges.map(|(_, way)| Way::parse(way)).collect();
    let sends = (1..=attempt.sends).zip(ways.into_iter().chain(std::iter::repeat(None)));
    let sends = sends.filter(|(_, way)| way.is_none_or(Way::sends));
    sends
        .map(|(send, method)| {
            let delivery = attempt.deliveries.get(&send.to_string());
            Sending {
                send,
                method,
                state: delivery.map_or("queued", |d| state(d.state)).to_owned(),
                reason: delivery.and_then(|d| d.reason.clone()),
            }
        })
        .collect()
}

fn state(state: rules::gate::DeliveryState) -> &'static str {
    use rules::gate::DeliveryState as D;
    match state {
        D::Withheld => "withheld",
        D::Accepted => "accepted",
        D::Sent => "sent",
        D::Failed => "failed",
    }
}
