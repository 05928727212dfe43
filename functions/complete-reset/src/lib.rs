//! Completes a reset: `POST /v1/resets/complete`. The only function of a reset that sees a password.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use edge::request::Within;
use edge::{App, AttemptBearer, Incoming, Json, Problem};
use rules::attempt::{Attempt, Purpose};
use rules::password::{Context, Credential, Evaluation, Parameters, Password, Reason, check};
use rules::refusal::Refusal;
use rules::registration::{Profile, eligibility};
use serde::{Deserialize, Serialize};
use state::accounts::Account;
use state::attempts::{Completion, Finish};
use state::{Call, Fault};
use utoipa::{OpenApi, ToSchema};

/// The function's routes.
pub fn router(app: App) -> Router {
    Router::new().route("/v1/resets/complete", post(complete)).with_state(app)
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
    let mut round = Round { app: &app, call: &call, attempt, repeat, hashed: None };
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
    /// The password's evaluation and the salt it belongs to: never computed twice for one salt.
    hashed: Option<([u8; 16], Evaluation)>,
}

impl Round<'_> {
    /// Decides and commits; `false` if something it rests on changed meanwhile.
    async fn run(
        &mut self,
        account: Account,
        password: Password,
    ) -> Result<(Password, bool), Problem> {
        let config = &account.config.config;
        let scope = self.app.store.scope(config).await?;
        let eligible = eligibility(account.profile.as_ref(), config, &scope);
        let required = eligible.as_ref().map_or(0, |e| e.required);
        let possible = self.attempt.completable(account.profile.as_ref(), eligible, config);
        if let Err(refusal) = possible {
            if refusal == Refusal::GatesIncomplete {
                self.app.store.tighten(&self.attempt, required).await?;
            }
            return Err(refusal.into());
        }
        let Some(profile) = account.profile.as_ref() else {
            return Err(Refusal::ResetRefused(None).into());
        };
        let policy = config.password_policy();
        let reasons = check(&password, &policy, &context(profile, &config.branding.organisation));
        if !reasons.is_empty() {
            return self.reject(reasons).await;
        }
        let stored = account.credential.as_ref();
        let password = self.hash(password, stored.map(|s| &s.credential)).await?;
        let Some((salt, evaluation)) = self.hashed.as_ref() else {
            return Err(Fault::Computation { what: "a password hash" }.into());
        };
        let keys = &self.app.keys;
        let reasons = stored.map(|s| s.credential.repeated(evaluation, keys, policy.history));
        if let Some(reason) = reasons.flatten() {
            return self.reject(vec![reason]).await;
        }
        let old = stored.map(|s| &s.credential);
        let parameters = Parameters::CURRENT;
        let next = Credential::renewed(old, evaluation, *salt, parameters, keys, self.call.now);
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

    /// The password's evaluation under the account's salt: one, for history, current and new verifier together.
    async fn hash(
        &mut self,
        password: Password,
        stored: Option<&Credential>,
    ) -> Result<Password, Problem> {
        let salt = match stored {
            Some(stored) => stored.salt(),
            None => self.hashed.as_ref().map_or(self.app.chance.bytes()?, |(salt, _)| *salt),
        };
        if self.hashed.as_ref().is_some_and(|(known, _)| *known == salt) {
            return Ok(password);
        }
        let parameters = Parameters::CURRENT;
        let (password, evaluation) = self.app.hashing.evaluate(password, salt, parameters).await?;
        self.hashed = Some((salt, evaluation));
        Ok(password)
    }
}

fn context<'p>(profile: &'p Profile, organisation: &'p str) -> Context<'p> {
    Context {
        username: profile.username.as_str(),
        first_name: profile.first_name.as_deref(),
        last_name: profile.last_name.as_deref(),
        display_name: profile.display_name.as_deref(),
        organisation,
    }
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(paths(complete), components(schemas(Complete, Completed)))]
pub struct Contract;
