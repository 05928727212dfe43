//! Many accounts at once, from a table or from lines of JSON (ADM-03): a verdict for each row, and the rows that can be
//! carried out are.
//!
//! The flow: [`table`] turns CSV into lines, [`line`] reads a line, the rows are planned against the accounts as they are,
//! [`shared`] flags contacts of several people, and then each row is a transaction of its own, as a `PUT` of it would be.
//! An import that was cut off did what it did; sent again, it finds those rows unchanged.
//!
//! # Why not …?
//! - *Why not one transaction?* DynamoDB commits a hundred writes at once, and one bad row in ten thousand should not cost
//!   the others.
//! - *Why no passwords?* A file of passwords is a leak waiting to happen. Whoever has no password yet sets the first one
//!   through a reset (RST-14).
//! - *Why does an empty cell change nothing?* A table has every column in every row; somebody who fills in numbers must
//!   not thereby erase addresses. Lines of JSON can say null.

mod line;
mod shared;
mod table;

use std::collections::{BTreeSet, HashMap};

use axum::extract::{Path, Query, Request as HttpRequest, State};
use axum::routing::{MethodRouter, get};
use edge::body::{collect, require_type};
use edge::problem::ErrorItem;
use edge::{App, Caller, Incoming, Json, Problem};
use futures_util::stream::{self, StreamExt};
use http::header;
use rules::ids::Username;
use rules::policy::Config;
use rules::refusal::{FieldError, Refusal};
use rules::registration::Profile;
use serde::{Deserialize, Serialize};
use state::{Call, Fault};
use utoipa::ToSchema;

use crate::access::{Helper, Manager};
use crate::edit::UserChange;
use crate::put::{Plan, Request};
use crate::{ROUNDS, delete, put, show};
use line::Line;

/// Largest file, bytes (api.md §1).
const FILE_MAX: usize = 5 * 1024 * 1024;

/// Most rows of one call: what a function carries out within the gateway's half minute.
const ROWS_MAX: usize = 10_000;

/// Rows carried out side by side.
const SIDE_BY_SIDE: usize = 16;

/// Where files are sent to. The path could also be that of somebody called `import`, so the methods of an account are
/// there too.
pub fn routes() -> MethodRouter<App> {
    let name = || Path(String::from("import"));
    get(move |app: State<App>, call: Incoming, who: Helper| show::one(app, call, who, name()))
        .put(move |app: State<App>, call: Incoming, who: Manager, given: Json<UserChange>| {
            put::put(app, call, who, name(), given)
        })
        .delete(move |app: State<App>, call: Incoming, who: Manager| {
            delete::delete(app, call, who, name())
        })
        .post(import)
}

/// How to import.
#[derive(Deserialize)]
pub struct Options {
    dry_run: Option<String>,
}

impl Options {
    fn dry_run(&self) -> Result<bool, Problem> {
        match self.dry_run.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::field("dry_run", "invalid")),
        }
    }
}

/// What became of a file.
#[derive(Serialize, ToSchema)]
pub struct Imported {
    /// Whether nothing was written.
    dry_run: bool,
    rows: usize,
    created: usize,
    updated: usize,
    unchanged: usize,
    rejected: usize,
    /// Whether every account was looked at for shared contacts; if not, only a part of them.
    contacts_compared: bool,
    results: Vec<RowVerdict>,
}

/// What became of a row.
#[derive(Serialize, ToSchema)]
pub struct RowVerdict {
    /// From 1, the heading not counted.
    row: usize,
    /// Where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// `created`, `updated`, `unchanged` or `rejected`.
    verdict: Verdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorItem>,
    /// What is odd about a row that was not rejected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Flag>,
}

/// Something odd about a row.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Flag {
    /// Which member.
    pub field: &'static str,
    /// `shared_contact`.
    pub code: &'static str,
    /// Whose the contact is too; one of them.
    pub also_of: String,
}

/// In the past tense also where nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Created,
    Updated,
    Unchanged,
    Rejected,
}

impl Verdict {
    fn of(plan: &Plan) -> Self {
        match (&plan.old, plan.changes()) {
            (None, _) => Self::Created,
            (Some(_), true) => Self::Updated,
            (Some(_), false) => Self::Unchanged,
        }
    }
}

/// Creates and changes accounts, a row each: `text/csv` with a heading of member names, or `application/x-ndjson`. At most
/// 10,000 rows and 5 MiB. Passwords are not imported.
#[utoipa::path(post, path = "/v1/admin/users/import",
    params(("dry_run" = Option<bool>, Query, description = "Only say what would become of each row.")),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, body = Imported), (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
        (status = 413, description = "body_too_large"),
        (status = 415, description = "unsupported_media_type"),
    ))]
pub async fn import(
    State(app): State<App>,
    Incoming(call): Incoming,
    Manager(caller): Manager,
    Query(options): Query<Options>,
    request: HttpRequest,
) -> Result<Json<Imported>, Problem> {
    let dry_run = options.dry_run()?;
    // 1. Rows, or why they are none.
    let read = read(request).await?;
    let config = app.store.config().await?.config;
    let work = Work { app: &app, call: &call, caller: &caller, config: &config };
    // 2. What each comes to, on the accounts as they are.
    let mut rows = work.planned(read).await?;
    // 3. Contacts that are somebody else's too.
    let contacts_compared = shared::flag(&app.store, &mut rows).await?;
    // 4. Do it.
    if !dry_run {
        let carried_out = stream::iter(rows).map(|row| work.carry_out(row));
        rows = carried_out.buffered(SIDE_BY_SIDE).collect().await;
    }
    let count = |verdict| rows.iter().filter(|row| row.verdict() == verdict).count();
    Ok(Json(Imported {
        dry_run,
        rows: rows.len(),
        created: count(Verdict::Created),
        updated: count(Verdict::Updated),
        unchanged: count(Verdict::Unchanged),
        rejected: count(Verdict::Rejected),
        contacts_compared,
        results: rows.into_iter().map(Row::told).collect(),
    }))
}

/// A line of a file that can be read, or what is wrong with it.
type Read = Result<Line, Vec<ErrorItem>>;

async fn read(request: HttpRequest) -> Result<Vec<Read>, Problem> {
    let (parts, body) = request.into_parts();
    let given = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let is_table = given.is_some_and(|kind| kind.trim_start().starts_with("text/"));
    require_type(&parts.headers, if is_table { "text/csv" } else { "application/x-ndjson" })?;
    let body = collect(body, FILE_MAX).await?;
    let lines = if is_table { table::lines(&body)? } else { line::lines(&body) };
    if lines.len() > ROWS_MAX {
        return Err(Problem::field("rows", "too_many_rows"));
    }
    let read = lines.into_iter().map(|found| match found {
        Ok(bytes) => Line::read(&bytes),
        Err(error) => Err(vec![error.into()]),
    });
    Ok(read.collect())
}

/// A row on its way.
pub struct Row {
    number: usize,
    username: Option<Username>,
    outcome: Result<(Line, Plan), Vec<ErrorItem>>,
    warnings: Vec<Flag>,
}

impl Row {
    fn rejected(number: usize, username: Option<Username>, errors: Vec<ErrorItem>) -> Self {
        Self { number, username, outcome: Err(errors), warnings: Vec::new() }
    }

    /// The account as the row leaves it; nothing for a rejected row.
    fn planned(&self) -> Option<&Profile> {
        self.outcome.as_ref().ok().map(|(_, plan)| &plan.new)
    }

    fn verdict(&self) -> Verdict {
        self.outcome.as_ref().map_or(Verdict::Rejected, |(_, plan)| Verdict::of(plan))
    }

    fn told(self) -> RowVerdict {
        let verdict = self.verdict();
        let warnings = if self.outcome.is_ok() { self.warnings } else { Vec::new() };
        RowVerdict {
            row: self.number,
            username: self.username.map(|name| name.to_string()),
            verdict,
            errors: self.outcome.err().unwrap_or_default(),
            warnings,
        }
    }
}

fn error(field: &str, code: &str) -> Vec<ErrorItem> {
    vec![FieldError::new(field, code).into()]
}

/// What is wrong with one row, where a request would be refused.
fn errors(problem: Problem) -> Vec<ErrorItem> {
    if problem.errors.is_empty() { error("", problem.code) } else { problem.errors.into_vec() }
}

/// What the record calls a row of a file, among the others of the call.
fn part(number: usize) -> String {
    format!("users-{number}")
}

struct Work<'w> {
    app: &'w App,
    call: &'w Call,
    caller: &'w Caller,
    config: &'w Config,
}

impl Work<'_> {
    async fn planned(&self, read: Vec<Read>) -> Result<Vec<Row>, Fault> {
        let names: BTreeSet<Username> =
            read.iter().flatten().filter_map(|line| line.name().ok()).collect();
        let names: Vec<&Username> = names.iter().collect();
        let found = self.app.store.profiles_of(&names).await?;
        let mut accounts: HashMap<&Username, _> = names.iter().copied().zip(found).collect();
        let rows = read.into_iter().zip(1..).map(|(read, number)| {
            let line = match read {
                Ok(line) => line,
                Err(errors) => return Row::rejected(number, None, errors),
            };
            let name = match line.name() {
                Ok(name) => name,
                Err(code) => return Row::rejected(number, None, error("username", code)),
            };
            // Each account is taken once: by the first row that names it.
            let Some(old) = accounts.remove(&name) else {
                let errors = error("username", "duplicate_username");
                return Row::rejected(number, Some(name), errors);
            };
            let part = part(number);
            let request = self.request(&part);
            let planned = request.plan(&line.username, &line.change, old, self.config);
            let outcome = planned.map(|plan| (line, plan)).map_err(errors);
            Row { number, username: Some(name), outcome, warnings: Vec::new() }
        });
        Ok(rows.collect())
    }

    fn request<'r>(&'r self, part: &'r str) -> Request<'r> {
        Request { app: self.app, call: self.call, caller: self.caller, part }
    }

    async fn carry_out(&self, mut row: Row) -> Row {
        let Ok((line, mut plan)) = row.outcome else { return row };
        let done = self.settle(row.number, &line, &mut plan).await;
        row.outcome = done.map(|()| (line, plan)).map_err(errors);
        row
    }

    /// Carries a plan out; decides it again where another change of the account came first.
    async fn settle(&self, number: usize, line: &Line, plan: &mut Plan) -> Result<(), Problem> {
        if !plan.changes() {
            return Ok(());
        }
        let part = part(number);
        let request = self.request(&part);
        for _ in 0..ROUNDS {
            if request.carry_out(plan, None, self.config).await? {
                return Ok(());
            }
            let old = self.app.store.profile(&plan.new.username).await?;
            *plan = request.plan(&line.username, &line.change, old, self.config)?;
        }
        Err(Refusal::Conflict.into())
    }
}
