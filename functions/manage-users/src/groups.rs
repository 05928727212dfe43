//! Groups: what is nested in what. Who belongs to a group stands on the people.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use edge::{App, Caller, Incoming, Json, Problem};
use http::StatusCode;
use rules::activity::{Activity, Modified, Name};
use rules::policy::is_group_name;
use rules::refusal::{FieldError, Refusal};
use serde::{Deserialize, Serialize};
use state::Call;
use utoipa::ToSchema;

use crate::access::{Helper, Manager};

/// Most groups nested in one, and most groups of one person.
pub const GROUPS_MAX: usize = 100;

/// What is to be nested in a group.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NestedGroups {
    /// At most 100.
    groups: Vec<String>,
}

/// A group.
#[derive(Serialize, ToSchema)]
pub struct Group {
    group: String,
    /// Nested in it.
    groups: BTreeSet<String>,
    /// People who belong to it directly.
    members: u64,
}

/// A group as it was put.
#[derive(Serialize, ToSchema)]
pub struct PutGroup {
    group: String,
    /// Nested in it.
    groups: BTreeSet<String>,
}

/// A group. Counting its members reads every account: one request for a megabyte of them.
#[utoipa::path(get, path = "/v1/admin/groups/{group}", params(("group" = String, Path)), responses(
    (status = 200, body = Group), (status = 401, description = "invalid_token"),
    (status = 403, description = "forbidden"), (status = 404, description = "not_found"),
))]
pub async fn show(
    State(app): State<App>,
    _: Helper,
    Path(group): Path<String>,
) -> Result<Json<Group>, Problem> {
    if !is_group_name(&group) {
        return Err(Refusal::NotFound.into());
    }
    let (groups, members) = tokio::try_join!(app.store.group(&group), app.store.members(&group))?;
    if groups.is_none() && members == 0 {
        return Err(Refusal::NotFound.into());
    }
    Ok(Json(Group { group, groups: groups.unwrap_or_default(), members }))
}

/// Says what is nested in a group. Cycles do no harm.
#[utoipa::path(put, path = "/v1/admin/groups/{group}", params(("group" = String, Path)),
    request_body = NestedGroups, responses(
        (status = 200, body = PutGroup), (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
    ))]
pub async fn put(
    State(app): State<App>,
    Incoming(call): Incoming,
    Manager(caller): Manager,
    Path(group): Path<String>,
    Json(body): Json<NestedGroups>,
) -> Result<Json<PutGroup>, Problem> {
    if !is_group_name(&group) {
        return Err(Problem::field("group", "invalid"));
    }
    let errors = wrong_names(&body.groups);
    if !errors.is_empty() {
        return Err(Refusal::InvalidRequest(errors).into());
    }
    let groups: BTreeSet<String> = body.groups.into_iter().collect();
    let (config, old) = tokio::try_join!(app.store.config(), app.store.group(&group))?;
    if old.as_ref() != Some(&groups) {
        let row = fact(&call, &caller, &group, old.as_ref(), Some(&groups));
        let days = config.config.retention.activity_days;
        app.store.put_group(&group, groups.clone(), &row, days).await?;
    }
    Ok(Json(PutGroup { group, groups }))
}

/// Forgets what is nested in a group. People who name it still belong to it.
#[utoipa::path(delete, path = "/v1/admin/groups/{group}", params(("group" = String, Path)),
    responses(
        (status = 204), (status = 401, description = "invalid_token"),
        (status = 403, description = "forbidden"), (status = 404, description = "not_found"),
    ))]
pub async fn delete(
    State(app): State<App>,
    Incoming(call): Incoming,
    Manager(caller): Manager,
    Path(group): Path<String>,
) -> Result<StatusCode, Problem> {
    if !is_group_name(&group) {
        return Err(Refusal::NotFound.into());
    }
    let (config, old) = tokio::try_join!(app.store.config(), app.store.group(&group))?;
    let row = fact(&call, &caller, &group, old.as_ref(), None);
    let days = config.config.retention.activity_days;
    let there = old.is_some() && app.store.delete_group(&group, &row, days).await?;
    if there { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::NotFound.into()) }
}

/// The names in a list that can be no group's, and a list that is too long.
pub fn wrong_names(groups: &[String]) -> Vec<FieldError> {
    if groups.len() > GROUPS_MAX {
        return vec![FieldError::new("groups", "too_many")];
    }
    let wrong = groups.iter().enumerate().filter(|(_, name)| !is_group_name(name));
    wrong.map(|(place, _)| FieldError::new(format!("groups[{place}]"), "invalid")).collect()
}

fn fact(
    call: &Call,
    caller: &Caller,
    group: &str,
    old: Option<&BTreeSet<String>>,
    new: Option<&BTreeSet<String>>,
) -> Activity {
    let list = |groups: &BTreeSet<String>| groups.iter().cloned().collect::<Vec<_>>().join(";");
    let mut row = call.activity("groups", Name::ManageUser);
    row.actor = Some(caller.profile.username.clone());
    let field = format!("groups/{group}");
    row.modified = vec![Modified { field, old: old.map(list), new: new.map(list) }];
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_groups_do_and_one_more_is_too_many() {
        let names = |n: usize| vec![String::from("staff"); n];
        assert_eq!(wrong_names(&names(100)), []);
        assert_eq!(wrong_names(&names(101)), [FieldError::new("groups", "too_many")]);
    }

    #[test]
    fn a_wrong_name_is_named_by_its_place() {
        let names = ["staff".to_owned(), "a;b".to_owned()];
        assert_eq!(wrong_names(&names), [FieldError::new("groups[1]", "invalid")]);
    }
}
