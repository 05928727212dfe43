//! What is asked of everybody in a group.
//!
//! # Why not …?
//! - *Why not all of them in one call?* Each person is a transaction with an entry in the record. A call asks a bounded
//!   number and says where the next one goes on; asking somebody twice changes nothing.

use std::collections::BTreeSet;

use axum::extract::{Path, Query, State};
use edge::{App, Caller, Incoming, Json, Problem, cursor};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use rules::activity::{Modified, Name};
use rules::policy::{Config, Enabled, is_group_name};
use rules::refusal::{FieldError, Refusal};
use rules::registration::Profile;
use serde::{Deserialize, Serialize};
use state::accounts::AccountChange;
use state::{Call, Error, Fault};
use utoipa::ToSchema;

use crate::access::{Manager, may_act};
use crate::{ROUNDS, fact};

/// Accounts read at once.
const AT_ONCE: u32 = 500;

/// Accounts read, and people asked, after which a call ends with the page that it is at.
const READ_MAX: usize = 10_000;
const ASKED_MAX: u32 = 500;

/// People asked side by side.
const SIDE_BY_SIDE: usize = 16;

/// What the cursors belong to.
const SCOPE: &str = "group-registration";

/// Where to go on.
#[derive(Deserialize)]
pub struct From {
    cursor: Option<String>,
}

/// What was asked of how many.
#[derive(Serialize, ToSchema)]
pub struct Asked {
    group: String,
    /// People who are now asked to register again.
    required: u32,
    /// Members whose role is above the caller's reach.
    skipped: u32,
    /// Where the next call goes on; nothing if everybody was asked.
    next_cursor: Option<String>,
}

/// Asks the members of a group, and of every group nested in it, to register again at their next sign-in (REG-12).
/// Fewer than a thousand a call: go on with the cursor.
#[utoipa::path(post, path = "/v1/admin/groups/{group}/require-registration",
    params(("group" = String, Path), ("cursor" = Option<String>, Query)), responses(
        (status = 200, body = Asked), (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
        (status = 404, description = "not_found"),
    ))]
pub async fn require_registration_of_members(
    State(app): State<App>,
    Incoming(call): Incoming,
    Manager(caller): Manager,
    Path(group): Path<String>,
    Query(from): Query<From>,
) -> Result<Json<Asked>, Problem> {
    if !is_group_name(&group) {
        return Err(Refusal::NotFound.into());
    }
    let scope = format!("{SCOPE} {group}");
    let mut after = match &from.cursor {
        Some(given) => Some(opened(&app, &scope, given)?),
        None => None,
    };
    let config = app.store.config().await?.config;
    let groups = nested(&app, &group).await?;
    let asking = Asking { app: &app, call: &call, caller: &caller, config: &config };
    let mut asked = Asked { group, required: 0, skipped: 0, next_cursor: None };
    let mut read = 0usize;
    loop {
        let profiles = app.store.profiles(after.as_deref(), AT_ONCE).await?;
        let Some(last) = profiles.last().map(|p| p.username.to_string()) else { break };
        read = read.saturating_add(profiles.len());
        asking.page(profiles, &groups, &mut asked).await?;
        if read >= READ_MAX || asked.required >= ASKED_MAX {
            asked.next_cursor = Some(cursor::seal(&app.keys.cursor, &scope, &last));
            break;
        }
        after = Some(last);
    }
    Ok(Json(asked))
}

fn opened(app: &App, scope: &str, given: &str) -> Result<String, Refusal> {
    let wrong = || Refusal::InvalidRequest(vec![FieldError::new("cursor", "invalid")]);
    cursor::open(&app.keys.cursor, scope, given).ok_or_else(wrong)
}

/// The group and all nested in it: the scope of a document that selects it.
async fn nested(app: &App, group: &str) -> Result<BTreeSet<String>, Fault> {
    let groups = vec![group.to_owned()];
    let selecting = Config { enabled: Enabled::Selected, groups, ..Config::default() };
    Ok(app.store.scope(&selecting).await?.included)
}

struct Asking<'a> {
    app: &'a App,
    call: &'a Call,
    caller: &'a Caller,
    config: &'a Config,
}

impl Asking<'_> {
    async fn page(
        &self,
        profiles: Vec<Profile>,
        groups: &BTreeSet<String>,
        asked: &mut Asked,
    ) -> Result<(), Problem> {
        let members: Vec<Profile> =
            profiles.into_iter().filter(|p| !p.groups.is_disjoint(groups)).collect();
        let all = members.len();
        let role = self.caller.profile.role();
        let within = members.into_iter().filter(|p| may_act(role, p.role()).is_ok());
        let within: Vec<Profile> = within.collect();
        let skipped = all.saturating_sub(within.len());
        asked.skipped = asked.skipped.saturating_add(u32::try_from(skipped).unwrap_or(u32::MAX));
        let work = stream::iter(within).map(|profile| self.ask(profile));
        let done: Vec<bool> = work.buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
        let done = u32::try_from(done.into_iter().filter(|done| *done).count()).unwrap_or(u32::MAX);
        asked.required = asked.required.saturating_add(done);
        Ok(())
    }

    /// Asks one member; `false` if the account went away, or out of reach, meanwhile.
    async fn ask(&self, mut profile: Profile) -> Result<bool, Problem> {
        for _ in 0..ROUNDS {
            if profile.registration_required {
                return Ok(true);
            }
            profile.registration_required = true;
            profile.updated_at = self.call.now;
            let mut row = fact(self.call, Name::ManageUser, self.caller, &profile);
            row.id = format!("{}-{}", row.id, profile.uid);
            let (field, new) = (String::from("registration"), Some(String::from("required")));
            row.modified = vec![Modified { field, old: None, new }];
            let change = AccountChange {
                profile: &profile,
                credential: None,
                activity: &row,
                retention_days: self.config.retention.activity_days,
            };
            match self.app.store.change_account(change).await {
                Err(Error::Refused(Refusal::Conflict)) => {}
                done => return Ok(done.map(|()| true)?),
            }
            let Some(now) = self.app.store.profile(&profile.username).await? else {
                return Ok(false);
            };
            if may_act(self.caller.profile.role(), now.role()).is_err() {
                return Ok(false);
            }
            profile = now;
        }
        Err(Refusal::Conflict.into())
    }
}
