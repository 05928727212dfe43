//! Unlocks an account and leaves its password alone: `POST /v1/resets/unlock`; and the reverse, a page that closes one
//! ([`not_me`]). Credentials are out of its reach.

mod not_me;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use edge::repeat::idempotent;
use edge::request::Within;
use edge::{App, AttemptBearer, Incoming, Json, Problem};
use rules::attempt::{Attempt, Purpose};
use rules::refusal::Refusal;
use serde::Serialize;
use state::attempts::{Completion, Finish};
use state::{Call, Fault};
use utoipa::{OpenApi, ToSchema};

/// The function's routes.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/resets/unlock", post(unlock))
        .route("/not-me", get(not_me::show).post(not_me::act))
        .with_state(app.clone());
    idempotent(routes, app)
}

/// The lock is off; the password is as it was.
#[derive(Serialize, ToSchema)]
struct Unlocked {
    status: &'static str,
}

/// Marks an unlock as ended by itself: it has no body to recognise.
const REPEAT: &str = "unlock";

/// Rounds in which an unlock that met a concurrent change of the account is decided again.
const ROUNDS: u32 = 3;

/// Takes the lock off.
#[utoipa::path(post, path = "/v1/resets/unlock", responses(
    (status = 200, body = Unlocked), (status = 401, description = "invalid_token"),
    (status = 403, description = "reset_refused"),
    (status = 409, description = "gates_incomplete, wrong_purpose"),
    (status = 410, description = "reset_finished, reset_expired"),
    (status = 429, description = "throttled"),
))]
async fn unlock(
    State(app): State<App>,
    Incoming(call): Incoming,
    AttemptBearer(token): AttemptBearer,
) -> Result<Within<Json<Unlocked>>, Problem> {
    for _ in 0..ROUNDS {
        let attempt = match app.store.begin_completion(&token, call.now).await? {
            Completion::Open(attempt) => *attempt,
            Completion::Ended(attempt) => return repeated(&attempt),
        };
        if attempt.purpose != Purpose::Unlock {
            return Err(Refusal::WrongPurpose.into());
        }
        if !attempt.is_ready() {
            return Err(Refusal::GatesIncomplete.into());
        }
        if finish(&app, &call, &attempt).await? {
            return Ok(unlocked(&attempt));
        }
    }
    Err(Fault::Busy { operation: "unlock", code: "conflict".into() }.into())
}

async fn finish(app: &App, call: &Call, attempt: &Attempt) -> Result<bool, Problem> {
    let (config, profile) = app.store.configured_profile(&attempt.username).await?;
    let config = &config.config;
    let possible = app.store.completable(attempt, profile.as_ref(), config).await;
    possible.map_err(|e| Problem::within(e, attempt, &config.support))?;
    let Some(profile) = profile.as_ref().filter(|_| config.unlock_without_reset) else {
        return Err(Problem::reset_refused(None, &config.support));
    };
    let repeat = REPEAT.to_owned();
    let finish = Finish { attempt, profile, credential: None, config, repeat };
    Ok(app.store.finish(&finish, call).await?)
}

fn unlocked(attempt: &Attempt) -> Within<Json<Unlocked>> {
    Within(attempt.correlation, Json(Unlocked { status: "unlocked" }))
}

fn repeated(attempt: &Attempt) -> Result<Within<Json<Unlocked>>, Problem> {
    let done = attempt.repeat.as_deref() == Some(REPEAT);
    if done { Ok(unlocked(attempt)) } else { Err(Refusal::ResetFinished.into()) }
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(paths(unlock, not_me::show, not_me::act), components(schemas(Unlocked)))]
pub struct Contract;
