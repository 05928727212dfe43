//! An administrator's reset: a temporary password, shown this once, to be changed at the next sign-in (ADM-01).

use axum::extract::{FromRequest, Path, Request, State};
use edge::body::{BODY_MAX, collect, parse, require_type};
use edge::{App, Caller, Incoming, Json, Problem};
use rules::activity::Name;
use rules::notice::Kind;
use rules::password::{Context, Credential, Parameters, Password, PasswordPolicy, check};
use rules::refusal::Refusal;
use rules::registration::{Directory, Ineligible};
use serde::{Deserialize, Serialize};
use state::accounts::{Account, AccountChange};
use state::{Call, Error, Fault};
use utoipa::ToSchema;

use crate::access::{Helper, may_act_on_another};
use crate::{ROUNDS, fact, named, notice};

/// For accounts of an on-premises directory: the password that the administrator chose. Nothing for others.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplacementPassword {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    new_password: Option<Password>,
}

/// A body that may be missing.
pub struct Optional(ReplacementPassword);

impl<S: Send + Sync> FromRequest<S> for Optional {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = collect(body, BODY_MAX).await?;
        if bytes.is_empty() {
            return Ok(Self(ReplacementPassword::default()));
        }
        require_type(&parts.headers, "application/json")?;
        parse(&bytes).map(Self)
    }
}

/// Shown this once.
#[derive(Serialize, ToSchema)]
pub struct TemporaryPassword {
    temporary_password: String,
}

/// Gives the account a temporary password, unlocks it and ends its sessions.
#[utoipa::path(post, path = "/v1/admin/users/{username}/reset", params(("username" = String, Path)),
    request_body(content = Option<ReplacementPassword>, description = "Only for on-premises accounts."),
    responses(
        (status = 200, body = TemporaryPassword), (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"),
        (status = 403, description = "forbidden, reset_refused"),
        (status = 404, description = "not_found"), (status = 409, description = "conflict"),
    ))]
pub async fn reset(
    State(app): State<App>,
    Incoming(call): Incoming,
    Helper(caller): Helper,
    Path(typed): Path<String>,
    Optional(body): Optional,
) -> Result<Json<TemporaryPassword>, Problem> {
    let username = named(&typed)?;
    for _ in 0..ROUNDS {
        let account = app.store.account(&username).await?;
        if let Some(password) = once(&app, &call, &caller, account, &body).await? {
            let temporary_password = password.reveal().to_owned();
            return Ok(Json(TemporaryPassword { temporary_password }));
        }
    }
    Err(Refusal::Conflict.into())
}

/// One round; `None` if it met another change of the account.
async fn once(
    app: &App,
    call: &Call,
    caller: &Caller,
    account: Account,
    body: &ReplacementPassword,
) -> Result<Option<Password>, Problem> {
    let mut profile = account.profile.ok_or(Refusal::NotFound)?;
    may_act_on_another(&caller.profile, &profile)?;
    match profile.directory {
        Directory::Native if body.new_password.is_none() => {}
        Directory::Native => return Err(Problem::field("new_password", "not_allowed")),
        // The agent that would carry it there comes with writeback.
        Directory::OnPremises => return Err(writeback_off()),
    }
    let policy = account.config.config.password_policy();
    let stored = account.credential.as_ref();
    let salt = match stored {
        Some(stored) => *stored.credential.salt(),
        None => app.chance.bytes()?,
    };
    let password = temporary(app, &policy)?;
    let hashed = app.hashing.evaluate(password, salt, Parameters::CURRENT).await?;
    let (password, evaluation) = hashed;
    let (keys, history) = (&app.keys, policy.history);
    let next = match stored {
        Some(stored) => stored.credential.renew(&evaluation, keys, history, call.now),
        None => Credential::first(&evaluation, keys, history, call.now),
    };
    profile.must_change_password = true;
    profile.reset_required = false;
    profile.epoch = profile.epoch.saturating_add(1);
    profile.lock_epoch = profile.lock_epoch.saturating_add(1);
    profile.updated_at = call.now;
    let mut row = fact(call, Name::ResetPasswordByAdmin, caller, &profile);
    let to = profile.notice_addresses();
    row.notices = vec![notice(Kind::PasswordResetByAdmin, &profile, to, call)];
    let changed = AccountChange {
        profile: &profile,
        credential: Some((&next, stored.map(|s| s.version))),
        activity: &row,
        retention_days: account.config.config.retention.activity_days,
    };
    match app.store.change_account(changed).await {
        Err(Error::Refused(Refusal::Conflict)) => Ok(None),
        done => Ok(done.map(|()| Some(password))?),
    }
}

fn writeback_off() -> Problem {
    let reason = Ineligible::WritebackOff;
    Problem { why: Some(reason), ..Refusal::ResetRefused(Some(reason)).into() }
}

/// Draws until a drawn password has the kinds of characters that the policy asks for: one in thirty has no digit.
const DRAWS: u32 = 16;

/// A temporary password that the policy would take. Names are not looked for: it lives until the next sign-in.
fn temporary(app: &App, policy: &PasswordPolicy) -> Result<Password, Fault> {
    let mut password = drawn(app, policy)?;
    for _ in 1..DRAWS {
        if check(&password, policy, &Context::default()).is_empty() {
            break;
        }
        password = drawn(app, policy)?;
    }
    Ok(password)
}

/// 80 random bits, or more where the organisation asks for more characters than they take.
fn drawn(app: &App, policy: &PasswordPolicy) -> Result<Password, Fault> {
    let first = Password::temporary(app.chance.bytes()?);
    let wanted = usize::try_from(policy.min_length).unwrap_or(usize::MAX);
    let length = first.reveal().len();
    if length >= wanted {
        return Ok(first);
    }
    // Room for all of it: a string that grows leaves copies behind that nobody wipes.
    let mut text = String::with_capacity(wanted.saturating_add(length));
    text.push_str(first.reveal());
    while text.len() < wanted {
        text.push_str(Password::temporary(app.chance.bytes()?).reveal());
    }
    Ok(Password::new(text))
}
