//! Completes a reset: `POST /v1/resets/complete`. The only function of a reset that sees a password.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use edge::repeat::idempotent;
use edge::request::Within;
use edge::{App, AttemptBearer, Incoming, Json, Problem};
use rules::attempt::{Attempt, Purpose};
use rules::password::{Context, Credential, Evaluation, Parameters, Password, Reason, check};
use rules::refusal::Refusal;
use serde::{Deserialize, Serialize};
use state::accounts::Account;
use state::attempts::{Completion, Finish};
use state::{Call, Fault};
use utoipa::{OpenApi, ToSchema};

/// The function's routes.
pub fn router(app: App) -> Router {
    let routes = Router::new().route("/v1/resets/complete", post(complete)).with_state(app.clone());
    idempotent(routes, app)
}

/// The new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Complete {
    #[schema(value_type = String)]
    new_password: Password,
}

/// A password was reset. It never signs the person in.
#[derive(Serialize, ToSchema)]
struct Completed {
    status: &'static str,
    unlocked: bool,
    sessions_revoked: bool,
}

const COMPLETED: Completed = Completed { status: "reset", unlocked: true, sessions_revoked: true };

/// Rounds in which a completion that met a concurrent change of the account is decided again.
const ROUNDS: u32 = 3;

/// Sets the new password, unlocks the account, ends its sessions and its other attempts.
#[utoipa::path(post, path = "/v1/resets/complete", request_body = Complete, responses(
    (status = 200, body = Completed), (status = 400, description = "invalid_request"),
    (status = 401, description = "invalid_token"), (status = 403, description = "reset_refused"),
    (status = 409, description = "gates_incomplete, wrong_purpose"),
    (status = 410, description = "reset_finished, reset_expired"),
    (status = 422, description = "password_rejected"), (status = 429, description = "throttled"),
))]
async fn complete(
    State(app): State<App>,
    Incoming(call): Incoming,
    AttemptBearer(token): AttemptBearer,
    Json(body): Json<Complete>,
) -> Result<Within<Json<Completed>>, Problem> {
    let repeat = repeat_of(&app, &token.hash().to_text(), &body.new_password);
    let attempt = match app.store.begin_completion(&token, call.now).await? {
        Completion::Open(attempt) => *attempt,
        Completion::Ended(attempt) => return repeated(&attempt, &repeat),
    };
    if attempt.purpose != Purpose::Reset {
        return Err(Refusal::WrongPurpose.into());
    }
    if !attempt.is_ready() {
        return Err(Refusal::GatesIncomplete.into());
    }
    let mut round = Round { app: &app, call: &call, attempt, repeat, hashed: Vec::new() };
    let mut password = body.new_password;
    for _ in 0..ROUNDS {
        let account = app.store.account(&round.attempt.username).await?;
        let (back, done) = round.run(account, password).await?;
        if done {
            return Ok(Within(round.attempt.correlation, Json(COMPLETED)));
        }
        password = back;
        match app.store.begin_completion(&token, call.now).await? {
            Completion::Open(attempt) => round.attempt = *attempt,
            Completion::Ended(attempt) => return repeated(&attempt, &round.repeat),
        }
    }
    Err(Fault::Busy { operation: "complete", code: "conflict".into() }.into())
}

/// What recognises the very same call: the token and the password, under a key that is nowhere in the tables.
fn repeat_of(app: &App, token: &str, password: &Password) -> String {
    let tag = app.keys.repeat.hmac(&[token.as_bytes(), password.normalised().as_bytes()]);
    data_encoding::HEXLOWER.encode(&tag)
}

/// The repeat of the call that completed the attempt gets the first answer; anything else learns that it is over.
fn repeated(attempt: &Attempt, repeat: &str) -> Result<Within<Json<Completed>>, Problem> {
    if attempt.repeat.as_deref() == Some(repeat) {
        return Ok(Within(attempt.correlation, Json(COMPLETED)));
    }
    Err(Refusal::ResetFinished.into())
}

/// One completion, with what it may need in a second round.
struct Round<'r> {
    app: &'r App,
    call: &'r Call,
    attempt: Attempt,
    repeat: String,
    /// Evaluations of the password: with the parameters in force first, then with any that only the history knows.
    hashed: Vec<Evaluation>,
}

impl Round<'_> {
    /// Decides and commits; `false` if something it rests on changed meanwhile.
    async fn run(
        &mut self,
        account: Account,
        password: Password,
    ) -> Result<(Password, bool), Problem> {
        let config = &account.config.config;
        let possible = self.app.store.completable(&self.attempt, account.profile.as_ref(), config);
        let support = &config.support;
        possible.await.map_err(|e| Problem::within(e, &self.attempt, support))?;
        let Some(profile) = account.profile.as_ref() else {
            return Err(Refusal::ResetRefused(None).into());
        };
        let policy = config.password_policy();
        let context = Context::of(Some(profile), &config.branding.organisation);
        let mut reasons = check(&password, &policy, &context);
        let stored = account.credential.as_ref();
        let old = stored.map(|s| &s.credential);
        let password = self.hash(password, old).await?;
        let (keys, history) = (&self.app.keys, policy.history);
        let reuse = |e: &Evaluation| old.and_then(|c| c.reuse(e, keys, history));
        reasons.extend(self.hashed.iter().find_map(reuse));
        if !reasons.is_empty() {
            reasons.sort();
            return self.reject(reasons).await;
        }
        let Some(evaluation) = self.hashed.first() else {
            return Err(Fault::Computation { what: "a password hash" }.into());
        };
        let now = self.call.now;
        let next = match old {
            Some(old) => old.renew(evaluation, keys, history, now),
            None => Credential::first(evaluation, keys, history, now),
        };
        let finish = Finish {
            attempt: &self.attempt,
            profile,
            credential: Some((&next, stored.map(|s| s.version))),
            config,
            repeat: self.repeat.clone(),
        };
        let done = self.app.store.finish(&finish, self.call).await?;
        Ok((password, done))
    }

    async fn reject<T>(&self, reasons: Vec<Reason>) -> Result<T, Problem> {
        self.app.store.note_rejected(&self.attempt, self.call.now).await?;
        Err(Refusal::PasswordRejected(reasons).into())
    }

    /// Evaluates the password under the account's salt: once, for history, current and new verifier together; once more
    /// for each set of parameters that only former passwords were hashed with.
    async fn hash(
        &mut self,
        mut password: Password,
        stored: Option<&Credential>,
    ) -> Result<Password, Problem> {
        let salt = match stored {
            Some(stored) => *stored.salt(),
            None => match self.hashed.first() {
                Some(known) => *known.salt(),
                None => self.app.chance.bytes()?,
            },
        };
        self.hashed.retain(|known| *known.salt() == salt);
        let former = stored.map(|s| s.parameters()).into_iter();
        let former = former.chain(stored.and_then(Credential::earlier_parameters));
        for parameters in std::iter::once(Parameters::CURRENT).chain(former) {
            if !self.hashed.iter().any(|known| known.parameters() == parameters) {
                let evaluated = self.app.hashing.evaluate(password, salt, parameters).await?;
                password = evaluated.0;
                self.hashed.push(evaluated.1);
            }
        }
        Ok(password)
    }
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(paths(complete), components(schemas(Complete, Completed)))]
pub struct Contract;
