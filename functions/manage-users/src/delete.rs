//! Deleting an account with everything under its name.

use axum::extract::{Path, State};
use edge::{App, Incoming, Problem};
use http::StatusCode;
use rules::activity::{Modified, Name};
use rules::refusal::Refusal;
use state::Error;

use crate::access::{Manager, may_act_on_another};
use crate::{ROUNDS, fact, named};

/// Deletes an account. Its sessions and its open resets end with it.
#[utoipa::path(delete, path = "/v1/admin/users/{username}", params(("username" = String, Path)),
    responses(
        (status = 204), (status = 401, description = "invalid_token"),
        (status = 403, description = "forbidden"), (status = 404, description = "not_found"),
        (status = 409, description = "conflict"),
    ))]
pub async fn delete(
    State(app): State<App>,
    Incoming(call): Incoming,
    Manager(caller): Manager,
    Path(typed): Path<String>,
) -> Result<StatusCode, Problem> {
    let username = named(&typed)?;
    for _ in 0..ROUNDS {
        let (config, profile) = app.store.configured_profile(&username).await?;
        let profile = profile.ok_or(Refusal::NotFound)?;
        may_act_on_another(&caller.profile, &profile)?;
        let mut row = fact(&call, Name::ManageUser, &caller, &profile);
        let old = Some(username.to_string());
        row.modified = vec![Modified { field: "username".into(), old, new: None }];
        let days = config.config.retention.activity_days;
        match app.store.delete_account_as(&caller.profile, &profile, &row, days).await {
            Err(Error::Refused(Refusal::Conflict)) => {}
            done => return Ok(done.map(|()| StatusCode::NO_CONTENT)?),
        }
    }
    Err(Refusal::Conflict.into())
}
