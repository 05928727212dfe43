//! What a document would change, before it is saved (SET-15): what is wrong or risky with it, what differs, who gains and
//! who loses the ability to reset, which recorded attempts would have ended otherwise.
//!
//! It reads a bounded part of the people and of the record, and says so where there is more. It writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use edge::body::DocumentBody;
use edge::problem::ErrorItem;
use edge::{App, Incoming, Json, Problem};
use rules::activity::ResetRow;
use rules::ids::{Millis, Username};
use rules::policy::{Change, Config, Warning, changes, would_differ};
use rules::registration::{Eligible, Ineligible, Profile, Scope, eligibility};
use serde::{Deserialize, Serialize};
use state::activity::{Place, Rows, Span};
use state::{Fault, Store};
use utoipa::ToSchema;

use crate::Administrator;

/// Pages of accounts read of each shard: 32,000 people.
const PAGES: u32 = 2;

/// Most people named as examples of who loses, and of who gains.
const SAMPLE: usize = 20;

/// How far back recorded attempts are replayed, milliseconds: the 30 days of a report.
const REPLAY: i64 = 30 * DAY;
const DAY: i64 = 86_400_000;

/// Requests for rows of the record, and rows read, at most.
const ROUNDS: u32 = 60;
const ROWS_MAX: usize = 20_000;

/// Rows of the record asked for at once.
const AT_ONCE: u32 = 500;

/// The document to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposed {
    /// The whole of it; a member left out has its default.
    #[schema(value_type = Object)]
    config: Config,
}

/// What it would change.
#[derive(Serialize, ToSchema)]
pub struct Preview {
    /// Why it cannot be saved.
    errors: Vec<ErrorItem>,
    /// Risky choices: each a stable `code` and a `detail`.
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<Warning>,
    /// What differs from the document in force: each a `pointer`, `old` and `new`.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Change>,
    impact: Impact,
    replay: Replay,
}

/// Who could reset.
#[derive(Default, Serialize, ToSchema)]
pub struct Impact {
    /// People looked at.
    users: u32,
    can_reset_now: u32,
    can_reset_then: u32,
    /// Some of those who could not any more, in the order of their names.
    lose: Vec<String>,
    /// Some of those who could from then on.
    gain: Vec<String>,
    lose_total: u32,
    gain_total: u32,
    /// Whether there are more people than were looked at.
    partial: bool,
}

/// What of the record would have ended otherwise.
#[derive(Default, Serialize, ToSchema)]
pub struct Replay {
    /// Attempts looked at.
    attempts: u32,
    would_differ: u32,
    /// The earliest moment looked at.
    since: String,
    /// Whether that is later than 30 days ago, because there was too much to read.
    partial: bool,
}

/// Looks at a document before it is saved. Nothing is written.
#[utoipa::path(post, path = "/v1/admin/config/preview", request_body = Proposed, responses(
    (status = 200, body = Preview), (status = 400, description = "invalid_request"),
    (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
))]
pub async fn preview(
    State(app): State<App>,
    Incoming(call): Incoming,
    _: Administrator,
    DocumentBody(proposed): DocumentBody<Proposed>,
) -> Result<Json<Preview>, Problem> {
    let new = proposed.config;
    let now = app.store.config().await?.config;
    let (scope_now, scope_then) = tokio::try_join!(app.store.scope(&now), app.store.scope(&new))?;
    let documents = Documents { now: Rules(&now, &scope_now), then: Rules(&new, &scope_then) };
    let recorded = recorded(&app.store, call.now).await?;
    let mut looked = Looked::at(documents, &recorded.attempts);
    let all = app.store.everybody(PAGES, |profile| looked.see(&profile)).await?;
    let replay = looked.replay(&recorded);
    Ok(Json(Preview {
        errors: new.validate().into_iter().map(ErrorItem::from).collect(),
        warnings: new.warnings(),
        changes: changes(&now, &new),
        impact: looked.impact(!all),
        replay,
    }))
}

/// A document and whom it concerns.
#[derive(Clone, Copy)]
struct Rules<'r>(&'r Config, &'r Scope);

type Decided = Result<Eligible, Ineligible>;

impl Rules<'_> {
    fn decide(self, profile: Option<&Profile>) -> Decided {
        eligibility(profile, self.0, self.1)
    }
}

/// The document in force, and the proposed one.
#[derive(Clone, Copy)]
struct Documents<'r> {
    now: Rules<'r>,
    then: Rules<'r>,
}

/// What was seen of the people so far.
struct Looked<'r> {
    documents: Documents<'r>,
    impact: Impact,
    lose: BTreeSet<Username>,
    gain: BTreeSet<Username>,
    /// What both documents say of those whose attempts are replayed; `None` until they are seen.
    wanted: BTreeMap<&'r Username, Option<(Decided, Decided)>>,
}

impl<'r> Looked<'r> {
    fn at(documents: Documents<'r>, attempts: &'r [(Username, ResetRow)]) -> Self {
        Self {
            documents,
            impact: Impact::default(),
            lose: BTreeSet::new(),
            gain: BTreeSet::new(),
            wanted: attempts.iter().map(|(name, _)| (name, None)).collect(),
        }
    }

    fn see(&mut self, profile: &Profile) {
        let decided =
            (self.documents.now.decide(Some(profile)), self.documents.then.decide(Some(profile)));
        let (now, then) = (decided.0.is_ok(), decided.1.is_ok());
        let add = |to: &mut u32, one: bool| *to = to.saturating_add(one.into());
        add(&mut self.impact.users, true);
        add(&mut self.impact.can_reset_now, now);
        add(&mut self.impact.can_reset_then, then);
        add(&mut self.impact.lose_total, now && !then);
        add(&mut self.impact.gain_total, then && !now);
        if now != then {
            let sample = if now { &mut self.lose } else { &mut self.gain };
            sample.insert(profile.username.clone());
            if sample.len() > SAMPLE {
                sample.pop_last();
            }
        }
        if let Some(place) = self.wanted.get_mut(&profile.username) {
            *place = Some(decided);
        }
    }

    fn impact(self, partial: bool) -> Impact {
        let names = |set: BTreeSet<Username>| set.iter().map(Username::to_string).collect();
        Impact { lose: names(self.lose), gain: names(self.gain), partial, ..self.impact }
    }

    /// Whoever was not seen is nobody any more, or beyond what was read: both documents say the same of them.
    fn replay(&self, recorded: &Recorded) -> Replay {
        let (now, then) = (self.documents.now.0, self.documents.then.0);
        let differs = |(name, row): &&(Username, ResetRow)| {
            let decided = self.wanted.get(name).and_then(Option::as_ref);
            decided.is_some_and(|(old, new)| would_differ(row, (now, old), (then, new)))
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Replay {
            attempts: count(recorded.attempts.len()),
            would_differ: count(recorded.attempts.iter().filter(differs).count()),
            since: recorded.since.rfc3339(),
            partial: recorded.partial,
        }
    }
}

/// The ends of attempts in the record.
struct Recorded {
    attempts: Vec<(Username, ResetRow)>,
    since: Millis,
    partial: bool,
}

/// Reads the record backwards, a day at a time, until 30 days ago or until it has cost enough.
async fn recorded(store: &Store, now: Millis) -> Result<Recorded, Fault> {
    let span = Span { from: Millis(now.0.saturating_sub(REPLAY)), to: now };
    let mut found = Recorded { attempts: Vec::new(), since: now, partial: true };
    let (mut day, mut place): (Millis, Option<Place>) = (now, None);
    let mut read = 0usize;
    for _ in 0..ROUNDS {
        let Rows { rows, more } = store.activity_of_day(day, span, place.as_ref(), AT_ONCE).await?;
        read = read.saturating_add(rows.len());
        for (at, row) in rows {
            found.since = row.at;
            found.attempts.extend(row.target.zip(row.reset));
            place = Some(at);
        }
        if !more {
            let end = day.0.div_euclid(DAY).saturating_mul(DAY).saturating_sub(1);
            found.since = Millis(end.saturating_add(1)).max(span.from);
            if end < span.from.0 {
                found.partial = false;
                break;
            }
            (day, place) = (Millis(end), None);
        }
        if read >= ROWS_MAX {
            break;
        }
    }
    Ok(found)
}
