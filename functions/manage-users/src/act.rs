//! What an administrator or the help desk does to an account and its password is untouched: unlock, unblock, end sessions,
//! ask for registration anew.

use axum::extract::{Path, State};
use edge::{App, Caller, Incoming, Json, Problem};
use rules::activity::{Activity, Modified, Name};
use rules::notice::Kind;
use rules::refusal::Refusal;
use rules::registration::Profile;
use serde::Serialize;
use state::accounts::AccountChange;
use state::{Call, Error};
use utoipa::ToSchema;

use crate::access::{Helper, Manager, may_act};
use crate::{ROUNDS, fact, named, notice};

/// It is done.
#[derive(Serialize, ToSchema)]
pub struct Acted {
    /// `unlocked`, `unblocked`, `revoked` or `registration_required`.
    status: &'static str,
}

/// Voids failed sign-ins: the name is open again at once.
#[utoipa::path(post, path = "/v1/admin/users/{username}/unlock",
    params(("username" = String, Path)), responses(
        (status = 200, body = Acted), (status = 401, description = "invalid_token"),
        (status = 403, description = "forbidden"), (status = 404, description = "not_found"),
        (status = 409, description = "conflict"),
    ))]
pub async fn unlock(
    State(app): State<App>,
    Incoming(call): Incoming,
    Helper(caller): Helper,
    Path(typed): Path<String>,
) -> Result<Json<Acted>, Problem> {
    change(&app, &call, &caller, &typed, unlocked).await?;
    Ok(Json(Acted { status: "unlocked" }))
}

fn unlocked(profile: &mut Profile, caller: &Caller, call: &Call) -> Activity {
    profile.lock_epoch = profile.lock_epoch.saturating_add(1);
    let mut row = fact(call, Name::UnlockByAdmin, caller, profile);
    let to = profile.notice_addresses();
    row.notices = vec![notice(Kind::AccountUnlockedByAdmin, profile, to, call)];
    row
}

/// Ends every session of the account.
#[utoipa::path(post, path = "/v1/admin/users/{username}/revoke-sessions",
    params(("username" = String, Path)), responses(
        (status = 200, body = Acted), (status = 401, description = "invalid_token"),
        (status = 403, description = "forbidden"), (status = 404, description = "not_found"),
        (status = 409, description = "conflict"),
    ))]
pub async fn revoke_sessions(
    State(app): State<App>,
    Incoming(call): Incoming,
    Manager(caller): Manager,
    Path(typed): Path<String>,
) -> Result<Json<Acted>, Problem> {
    change(&app, &call, &caller, &typed, revoked).await?;
    Ok(Json(Acted { status: "revoked" }))
}

fn revoked(profile: &mut Profile, caller: &Caller, call: &Call) -> Activity {
    profile.epoch = profile.epoch.saturating_add(1);
    let mut row = fact(call, Name::ManageUser, caller, profile);
    row.modified = vec![marked("sessions", "revoked")];
    row
}

/// Asks the person at the next sign-in to register again, whatever is registered (REG-12).
#[utoipa::path(post, path = "/v1/admin/users/{username}/require-registration",
    params(("username" = String, Path)), responses(
        (status = 200, body = Acted), (status = 401, description = "invalid_token"),
        (status = 403, description = "forbidden"), (status = 404, description = "not_found"),
        (status = 409, description = "conflict"),
    ))]
pub async fn require_registration(
    State(app): State<App>,
    Incoming(call): Incoming,
    Manager(caller): Manager,
    Path(typed): Path<String>,
) -> Result<Json<Acted>, Problem> {
    change(&app, &call, &caller, &typed, registration_required).await?;
    Ok(Json(Acted { status: "registration_required" }))
}

fn registration_required(profile: &mut Profile, caller: &Caller, call: &Call) -> Activity {
    profile.registration_required = true;
    let mut row = fact(call, Name::ManageUser, caller, profile);
    row.modified = vec![marked("registration", "required")];
    row
}

fn marked(field: &str, new: &str) -> Modified {
    Modified { field: field.to_owned(), old: None, new: Some(new.to_owned()) }
}

/// A small change of an account, and the row that says so.
type Change = fn(&mut Profile, &Caller, &Call) -> Activity;

async fn change(
    app: &App,
    call: &Call,
    caller: &Caller,
    typed: &str,
    change: Change,
) -> Result<(), Problem> {
    let username = named(typed)?;
    for _ in 0..ROUNDS {
        let (config, profile) = app.store.configured_profile(&username).await?;
        let mut profile = profile.ok_or(Refusal::NotFound)?;
        may_act(caller.profile.role(), profile.role())?;
        let row = change(&mut profile, caller, call);
        profile.updated_at = call.now;
        let changed = AccountChange {
            profile: &profile,
            credential: None,
            activity: &row,
            retention_days: config.config.retention.activity_days,
        };
        match app.store.change_account(changed).await {
            Err(Error::Refused(Refusal::Conflict)) => {}
            done => return Ok(done?),
        }
    }
    Err(Refusal::Conflict.into())
}

/// Opens every way of proving that was closed for the account, for every network.
#[utoipa::path(post, path = "/v1/admin/users/{username}/unblock",
    params(("username" = String, Path)), responses(
        (status = 200, body = Acted), (status = 401, description = "invalid_token"),
        (status = 403, description = "forbidden"), (status = 404, description = "not_found"),
    ))]
pub async fn unblock(
    State(app): State<App>,
    Incoming(call): Incoming,
    Helper(caller): Helper,
    Path(typed): Path<String>,
) -> Result<Json<Acted>, Problem> {
    let username = named(&typed)?;
    let (config, profile) = app.store.configured_profile(&username).await?;
    let profile = profile.ok_or(Refusal::NotFound)?;
    may_act(caller.profile.role(), profile.role())?;
    let mut row = fact(&call, Name::ManageUser, &caller, &profile);
    row.modified = vec![marked("blocks", "cleared")];
    app.store.clear_counters(&username, &row, config.config.retention.activity_days).await?;
    Ok(Json(Acted { status: "unblocked" }))
}
