//! Looking at accounts: one, or all of them page by page.

use axum::extract::{Path, Query, State};
use edge::{App, Incoming, Json, Problem, cursor};
use rules::ids::Username;
use rules::refusal::{FieldError, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Helper;
use crate::named;
use crate::view::User;

/// One account.
#[utoipa::path(get, path = "/v1/admin/users/{username}", params(("username" = String, Path)),
    responses(
        (status = 200, body = User), (status = 401, description = "invalid_token"),
        (status = 403, description = "forbidden"), (status = 404, description = "not_found"),
    ))]
pub async fn one(
    State(app): State<App>,
    Incoming(call): Incoming,
    _: Helper,
    Path(typed): Path<String>,
) -> Result<Json<User>, Problem> {
    let username = named(&typed)?;
    let (found, record) =
        tokio::try_join!(app.store.configured_profile(&username), app.store.lockout(&username))?;
    let (config, profile) = found;
    let profile = profile.ok_or(Refusal::NotFound)?;
    Ok(Json(User::of(profile, record.as_ref(), &config.config, call.now)))
}

/// Where a list begins, and how much of it to give.
#[derive(Deserialize)]
pub struct Listing {
    limit: Option<String>,
    cursor: Option<String>,
}

/// Most accounts of one page (api.md §9, as for reports), and how many without a wish.
const LIMIT_MAX: u32 = 1_000;
const LIMIT: u32 = 100;

/// What the list's cursors belong to.
const SCOPE: &str = "users";

impl Listing {
    fn limit(&self) -> Result<u32, Refusal> {
        let Some(limit) = &self.limit else { return Ok(LIMIT) };
        let limit = limit.parse().ok().filter(|n| (1..=LIMIT_MAX).contains(n));
        limit.ok_or_else(|| invalid("limit"))
    }

    fn after(&self, app: &App) -> Result<Option<String>, Refusal> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let place = cursor::open(&app.keys.cursor, SCOPE, cursor);
        place.map(Some).ok_or_else(|| invalid("cursor"))
    }
}

fn invalid(field: &str) -> Refusal {
    Refusal::InvalidRequest(vec![FieldError::new(field, "invalid")])
}

/// Accounts in the order of their names.
#[derive(Serialize, ToSchema)]
pub struct Users {
    items: Vec<User>,
    next_cursor: Option<String>,
}

/// All accounts, in the order of their names.
#[utoipa::path(get, path = "/v1/admin/users",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
           ("cursor" = Option<String>, Query)),
    responses(
        (status = 200, body = Users), (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
    ))]
pub async fn list(
    State(app): State<App>,
    Incoming(call): Incoming,
    _: Helper,
    Query(listing): Query<Listing>,
) -> Result<Json<Users>, Problem> {
    let (limit, after) = (listing.limit()?, listing.after(&app)?);
    // One more than asked for says whether there are more.
    let more = limit.saturating_add(1);
    let (config, mut profiles) =
        tokio::try_join!(app.store.config(), app.store.profiles(after.as_deref(), more))?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let goes_on = profiles.len() > limit;
    profiles.truncate(limit);
    let names: Vec<&Username> = profiles.iter().map(|p| &p.username).collect();
    let records = app.store.lockouts(&names).await?;
    let last = names.last().filter(|_| goes_on);
    let next_cursor = last.map(|name| cursor::seal(&app.keys.cursor, SCOPE, name.as_str()));
    let items = profiles.into_iter().zip(&records);
    let items = items.map(|(p, r)| User::of(p, r.as_ref(), &config.config, call.now)).collect();
    Ok(Json(Users { items, next_cursor }))
}
