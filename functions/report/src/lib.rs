//! What happened: resets, registrations, people, the audit, and one reset step by step. Reads only.
//!
//! Reports are read newest first from the record, by day or — where a person is named — through the index by person.
//! A page that costs too much because a filter drops most rows ends early, perhaps empty, with a `next_cursor` that goes
//! on: only a `next_cursor` of null says that there is no more.
//!
//! Modules, in the order of the flow: [`parameters`] and [`paging`] (the query, strictly), [`mod@walk`] (the record backwards),
//! [`events`] and [`detail`] (rows as items), [`people`], [`support`], [`answer`] (JSON, CSV, NDJSON).
//!
//! # To add a report
//! 1. filters, item and columns in a module; 2. its handler and route here; 3. its name in api.md §9; 4. a test.
//!
//! # Why not …?
//! - *Why not an index by result, method or correlation id?* Each doubles the price of every write for a question that is
//!   asked a few times a day.

pub mod answer;
pub mod detail;
pub mod events;
pub mod paging;
pub mod parameters;
pub mod people;
pub mod support;
pub mod walk;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use axum::routing::get;
use edge::{App, Caller, Incoming, Json, Problem, cursor};
use http::HeaderMap;
use http::request::Parts;
use rules::ids::CorrelationId;
use rules::refusal::Refusal;
use rules::registration::Role;
use serde::Serialize;
use state::{Call, Fault};
use utoipa::{OpenApi, ToSchema};

use answer::{Answer, Column};
use events::{
    AUDIT_COLUMNS, AuditFilters, AuditItem, ModifiedItem, Person, REGISTRATION_COLUMNS,
    RESET_COLUMNS, RegistrationFilters, RegistrationItem, ResetFilters, ResetItem,
};
use paging::Paging;
use parameters::Parameters;
use people::{UserFilters, UserItem};
use support::{Refused, Sending, Step, Support};
use walk::{Page, walk};

/// The function's routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/v1/admin/reports/resets", get(resets))
        .route("/v1/admin/reports/registrations", get(registrations))
        .route("/v1/admin/reports/users", get(users))
        .route("/v1/admin/reports/audit", get(audit))
        .route("/v1/admin/support/{correlation_id}", get(support))
        .with_state(app)
}

/// Somebody who may read reports. Refused before the query is read.
pub struct Reader;

impl FromRequestParts<App> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Caller::from_request_parts(parts, app).await?.require(Role::ReportsReader)?;
        Ok(Self)
    }
}

/// A request for a report: who asks was checked, what is asked is still to be read.
pub struct Question {
    app: App,
    call: Call,
    headers: HeaderMap,
    parameters: Parameters,
}

impl FromRequestParts<App> for Question {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Reader::from_request_parts(parts, app).await?;
        let Incoming(call) = Incoming::from_request_parts(parts, app).await?;
        let parameters = Parameters::from_request_parts(parts, app).await?;
        Ok(Self { app: app.clone(), call, headers: parts.headers.clone(), parameters })
    }
}

impl Question {
    /// The rest of the query, after the report's own filters.
    fn paging(self, report: &str) -> Result<(App, Call, Paging), Refusal> {
        let Self { app, call, headers, mut parameters } = self;
        let paging = Paging::read(report, &mut parameters, &headers, &app.keys.cursor, call.now);
        parameters.finish()?;
        Ok((app, call, paging))
    }
}

/// A page of any report, as JSON.
#[derive(ToSchema)]
pub struct Listing<T> {
    /// The page.
    pub items: Vec<T>,
    /// Where the next page begins; null if there is no more.
    pub next_cursor: Option<String>,
}

fn answer<T: Serialize>(
    app: &App,
    paging: Paging,
    report: &'static str,
    columns: &[Column],
    page: Page<T>,
) -> Result<Response, Fault> {
    let next = page.next.map(|place| cursor::seal(&app.keys.cursor, &paging.scope, &place));
    Answer { report, format: paging.format, columns, items: page.items, next }.write()
}

/// Resets and unlocks that came to their end, newest first.
#[utoipa::path(get, path = "/v1/admin/reports/resets", params(ResetFilters, Paging), responses(
    (status = 200, content((Listing<ResetItem> = "application/json"), (String = "text/csv"),
        (String = "application/x-ndjson"))),
    (status = 400, description = "invalid_request"), (status = 401, description = "invalid_token"),
    (status = 403, description = "forbidden"),
))]
async fn resets(mut question: Question) -> Result<Response, Problem> {
    let filters = ResetFilters::read(&mut question.parameters);
    let (app, _, paging) = question.paging("resets")?;
    let pick = |row: &_| filters.pick(row);
    let page = walk(&app.store, filters.username.as_ref(), &paging, pick).await?;
    Ok(answer(&app, paging, "resets", &RESET_COLUMNS, page)?)
}

/// Methods registered, changed, removed and confirmed, newest first.
#[utoipa::path(get, path = "/v1/admin/reports/registrations", params(RegistrationFilters, Paging), responses(
    (status = 200, content((Listing<RegistrationItem> = "application/json"), (String = "text/csv"),
        (String = "application/x-ndjson"))),
    (status = 400, description = "invalid_request"), (status = 401, description = "invalid_token"),
    (status = 403, description = "forbidden"),
))]
async fn registrations(mut question: Question) -> Result<Response, Problem> {
    let filters = RegistrationFilters::read(&mut question.parameters);
    let (app, _, paging) = question.paging("registrations")?;
    let pick = |row: &_| filters.pick(row);
    let page = walk(&app.store, filters.username.as_ref(), &paging, pick).await?;
    Ok(answer(&app, paging, "registrations", &REGISTRATION_COLUMNS, page)?)
}

/// People as they are now, by name; `from` and `to` choose nothing here.
#[utoipa::path(get, path = "/v1/admin/reports/users", params(UserFilters, Paging), responses(
    (status = 200, content((Listing<UserItem> = "application/json"), (String = "text/csv"),
        (String = "application/x-ndjson"))),
    (status = 400, description = "invalid_request"), (status = 401, description = "invalid_token"),
    (status = 403, description = "forbidden"),
))]
async fn users(mut question: Question) -> Result<Response, Problem> {
    let filters = UserFilters::read(&mut question.parameters);
    let (app, call, paging) = question.paging("users")?;
    let page = filters.page(&app, &paging, call.now).await?;
    Ok(answer(&app, paging, "users", &people::COLUMNS, page)?)
}

/// Every entry of the record, newest first.
#[utoipa::path(get, path = "/v1/admin/reports/audit", params(AuditFilters, Paging), responses(
    (status = 200, content((Listing<AuditItem> = "application/json"), (String = "text/csv"),
        (String = "application/x-ndjson"))),
    (status = 400, description = "invalid_request"), (status = 401, description = "invalid_token"),
    (status = 403, description = "forbidden"),
))]
async fn audit(mut question: Question) -> Result<Response, Problem> {
    let filters = AuditFilters::read(&mut question.parameters);
    let (app, call, mut paging) = question.paging("audit")?;
    let span = filters.narrow(paging.span(), call.now);
    (paging.from, paging.to) = (span.from, span.to);
    let pick = |row: &_| filters.pick(row);
    let page = walk(&app.store, filters.username.as_ref(), &paging, pick).await?;
    Ok(answer(&app, paging, "audit", &AUDIT_COLUMNS, page)?)
}

/// One reset or unlock, step by step.
#[utoipa::path(get, path = "/v1/admin/support/{correlation_id}",
    params(("correlation_id" = String, Path, example = "9K3F-72QP")), responses(
    (status = 200, body = Support), (status = 400, description = "invalid_request"),
    (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
    (status = 404, description = "not_found"),
))]
async fn support(
    State(app): State<App>,
    _: Reader,
    Incoming(call): Incoming,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Support>, Problem> {
    let id = id.ok().and_then(|Path(text)| CorrelationId::parse(&text));
    let id = id.ok_or_else(|| Problem::field("correlation_id", "invalid"))?;
    let attempt = app.store.attempt(id).await?.ok_or(Refusal::NotFound)?;
    Ok(Json(support::view(&app, attempt, call.now).await?))
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(
    paths(resets, registrations, users, audit, support),
    components(schemas(
        ResetItem,
        RegistrationItem,
        UserItem,
        AuditItem,
        Person,
        ModifiedItem,
        Support,
        Step,
        Sending,
        Refused
    ))
)]
pub struct Contract;
