//! The organisation's configuration: read it, replace it as a whole, look at earlier versions, go back to one.
//!
//! Modules: [`etag`] (a version as an entity tag), [`preview`] (a document before it is saved), [`record`] (a change as the
//! record keeps it).

mod etag;
mod preview;
mod record;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use edge::body::DocumentBody;
use edge::repeat::idempotent;
use edge::{App, Caller, Incoming, Json, Problem, cursor};
use http::request::Parts;
use http::{HeaderMap, header};
use rules::activity::Name;
use rules::policy::Config;
use rules::refusal::{FieldError, Refusal};
use rules::registration::Role;
use serde::{Deserialize, Serialize};
use state::config::Versioned;
use state::{Call, Error};
use utoipa::{OpenApi, ToSchema};

/// The function's routes.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/admin/config", get(current).put(replace))
        .route("/v1/admin/config/preview", post(preview::preview))
        .route("/v1/admin/config/versions", get(versions))
        .route("/v1/admin/config/versions/{n}", get(version))
        .route("/v1/admin/config/rollback", post(rollback))
        .with_state(app.clone());
    idempotent(routes, app)
}

/// An administrator. Refused before a body is read.
struct Administrator(Caller);

impl FromRequestParts<App> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        caller.require(Role::Admin)?;
        Ok(Self(caller))
    }
}

/// A document with its version as the entity tag.
fn document(versioned: Versioned) -> Response {
    let tag = [(header::ETAG, etag::of(versioned.version))];
    (tag, Json(versioned.config)).into_response()
}

/// The document in force.
#[utoipa::path(get, path = "/v1/admin/config", responses(
    (status = 200, body = Object, headers(("ETag" = String))),
    (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
))]
async fn current(State(app): State<App>, _: Administrator) -> Result<Response, Problem> {
    Ok(document(app.store.config().await?))
}

/// Replaces the whole document. A member left out has its default.
#[utoipa::path(put, path = "/v1/admin/config", request_body = Object,
    params(("If-Match" = String, Header, description = "The ETag of the version that was read.")),
    responses(
        (status = 200, body = Object, headers(("ETag" = String))),
        (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
        (status = 412, description = "precondition_failed"),
        (status = 422, description = "config_invalid"),
        (status = 428, description = "precondition_required"),
    ))]
async fn replace(
    State(app): State<App>,
    Incoming(call): Incoming,
    Administrator(caller): Administrator,
    headers: HeaderMap,
    DocumentBody(new): DocumentBody<Config>,
) -> Result<Response, Problem> {
    let expected = etag::expected(&headers)?.ok_or(Refusal::PreconditionRequired)?;
    let current = app.store.config().await?;
    if current.version != expected {
        return Err(Refusal::PreconditionFailed.into());
    }
    Ok(document(put(&app, &call, &caller, current, new).await?))
}

/// Puts a document in force in place of `current`. The document that is in force already makes no new version.
async fn put(
    app: &App,
    call: &Call,
    caller: &Caller,
    current: Versioned,
    new: Config,
) -> Result<Versioned, Error> {
    let errors = new.validate();
    if !errors.is_empty() {
        return Err(Refusal::ConfigInvalid(errors).into());
    }
    let mut row = call.activity("config", Name::UpdatePolicy);
    row.actor = Some(caller.profile.username.clone());
    row.modified = record::modified(&current.config, &new);
    if row.modified.is_empty() {
        return Ok(current);
    }
    app.store.put_config(current.version, &new, &caller.profile.username, &row).await
}

/// Where a list begins, and how much of it to give.
#[derive(Deserialize)]
struct Listing {
    limit: Option<String>,
    cursor: Option<String>,
}

/// Most versions of one page (api.md §9, as for reports), and how many without a wish.
const LIMIT_MAX: u32 = 1_000;
const LIMIT: u32 = 100;

/// Above every version: its key has as many digits as keys are padded to.
const NEWEST: u64 = 9_999_999_999;

/// What the list's cursors belong to.
const SCOPE: &str = "config-versions";

impl Listing {
    fn limit(&self) -> Result<u32, Refusal> {
        let Some(limit) = &self.limit else { return Ok(LIMIT) };
        let limit = limit.parse().ok().filter(|n| (1..=LIMIT_MAX).contains(n));
        limit.ok_or_else(|| invalid("limit"))
    }

    fn before(&self, app: &App) -> Result<u64, Refusal> {
        let Some(cursor) = &self.cursor else { return Ok(NEWEST) };
        let place = cursor::open(&app.keys.cursor, SCOPE, cursor);
        let before = place.and_then(|place| place.parse().ok());
        before.ok_or_else(|| invalid("cursor"))
    }
}

fn invalid(field: &str) -> Refusal {
    Refusal::InvalidRequest(vec![FieldError::new(field, "invalid")])
}

/// A version of the document.
#[derive(Serialize, ToSchema)]
struct ConfigVersion {
    version: u64,
    /// When it came into force; nothing for the defaults.
    at: Option<String>,
    /// Who put it in force; nobody for the defaults.
    by: Option<String>,
}

/// ConfigVersions, newest first.
#[derive(Serialize, ToSchema)]
struct ConfigVersions {
    items: Vec<ConfigVersion>,
    next_cursor: Option<String>,
}

/// Lists the versions, newest first; the last are the defaults.
#[utoipa::path(get, path = "/v1/admin/config/versions",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
           ("cursor" = Option<String>, Query)),
    responses(
        (status = 200, body = ConfigVersions), (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
    ))]
async fn versions(
    State(app): State<App>,
    _: Administrator,
    Query(listing): Query<Listing>,
) -> Result<Json<ConfigVersions>, Problem> {
    let found = app.store.config_versions(listing.before(&app)?, listing.limit()?).await?;
    let last = found.last().map(|v| v.version).filter(|version| *version > 1);
    let seal = |version: u64| cursor::seal(&app.keys.cursor, SCOPE, &version.to_string());
    let item = |v: Versioned| {
        let (at, by) = v.put.map(|(at, by)| (at.rfc3339(), by.to_string())).unzip();
        ConfigVersion { version: v.version, at, by }
    };
    Ok(Json(ConfigVersions {
        items: found.into_iter().map(item).collect(),
        next_cursor: last.map(seal),
    }))
}

/// An earlier document, whole.
#[utoipa::path(get, path = "/v1/admin/config/versions/{n}", params(("n" = u64, Path)), responses(
    (status = 200, body = Object, headers(("ETag" = String))),
    (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
    (status = 404, description = "not_found"),
))]
async fn version(
    State(app): State<App>,
    _: Administrator,
    Path(n): Path<String>,
) -> Result<Response, Problem> {
    let n = n.parse().map_err(|_| Refusal::NotFound)?;
    Ok(document(app.store.config_version(n).await?.ok_or(Refusal::NotFound)?))
}

/// Which version to go back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rollback {
    version: u64,
}

/// Rounds in which a rollback that met another change of the document is decided again.
const ROUNDS: u32 = 3;

/// Puts an earlier document in force again, as a new version.
#[utoipa::path(post, path = "/v1/admin/config/rollback", request_body = Rollback,
    params(("If-Match" = Option<String>, Header, description = "Only if this version is in force.")),
    responses(
        (status = 200, body = Object, headers(("ETag" = String))),
        (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
        (status = 404, description = "not_found"), (status = 409, description = "conflict"),
        (status = 412, description = "precondition_failed"),
        (status = 422, description = "config_invalid"),
    ))]
async fn rollback(
    State(app): State<App>,
    Incoming(call): Incoming,
    Administrator(caller): Administrator,
    headers: HeaderMap,
    Json(body): Json<Rollback>,
) -> Result<Response, Problem> {
    let expected = etag::expected(&headers)?;
    let wanted = app.store.config_version(body.version).await?.ok_or(Refusal::NotFound)?;
    for _ in 0..ROUNDS {
        let current = app.store.config().await?;
        if expected.is_some_and(|version| version != current.version) {
            return Err(Refusal::PreconditionFailed.into());
        }
        match put(&app, &call, &caller, current, wanted.config.clone()).await {
            Err(Error::Refused(Refusal::PreconditionFailed)) => {}
            done => return Ok(document(done?)),
        }
    }
    Err(Refusal::Conflict.into())
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(
    paths(current, replace, preview::preview, versions, version, rollback),
    components(schemas(
        preview::Proposed,
        preview::Preview,
        preview::Impact,
        preview::Replay,
        ConfigVersion,
        ConfigVersions,
        Rollback,
    ))
)]
pub struct Contract;
