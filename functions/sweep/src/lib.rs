//! Closes the attempts that nobody finished in time, so that each becomes one row of the reset report within a minute of
//! its end (REP-03). Runs every minute; twice, late or after an outage does no harm.
//!
//! An attempt's key names the minute in which it ends, so ended ones are found without an index. A run looks at
//! 1. the minute that is passing and the one before;
//! 2. the hour after the run before, which is as long as an attempt may live: everything begun before that run;
//! 3. a part of the gap, if there was a longer time without runs: what was begun in it, oldest first.
//!
//! An idle run reads 16 shards, now and then 32 (half a read unit each), and its mark; it writes the mark every fifth time:
//! about 10.3 read and 0.2 write units, in a month 0.45 million read and 0.009 million write units, $0.06.
//!
//! # Why not …?
//! - *Why not an index of open attempts by time?* One key for all of them throttles at a few hundred resets a second.
//! - *Why not DynamoDB's TTL?* It deletes days late, and what it deletes tells nobody where the person stopped.
//! - *Why not the whole gap at once?* A month is 44,000 queries, and they would delay what ended just now.
//! - *Why not a longer pause?* Abandoned attempts are in the report within a minute of their end.
//! - *Why not the mark at each run?* Minutes that share their partitions are read by one query, one or five of them alike; the
//!   write would cost more than the second look.
#![deny(missing_docs)]

use std::ops::Range;

use edge::App;
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use rules::attempt::{Attempt, Status};
use rules::ids::{CorrelationId, Millis};
use rules::registration::Scope;
use state::attempts::{Ending, Mark, Span};
use state::config::Versioned;
use state::{Call, Fault};

/// An idle run leaves the mark where it is until it is so many minutes behind.
const MARK_EVERY: i64 = 5;

/// What was begun before a run, or in the minute until the next was due, ends within so many minutes from the mark that the
/// run left: the longest life of an attempt is an hour (`reset.seconds`, api.md §7).
const LONGEST_LIFE: i64 = 62 + MARK_EVERY;

/// Minutes of a gap that one run looks through: all of the first one, and a day in three minutes.
const GAP_AT_ONCE: i64 = 512;

/// How long a run goes on, seconds: below the function's time-out of 50. What is left is for the next run.
const RUN_SECONDS: u32 = 40;

/// Spans that are asked for side by side when there are many to catch up with.
const SPANS_AT_ONCE: usize = 4;

/// Attempts that are closed side by side.
const CLOSED_AT_ONCE: usize = 16;

/// Attempts that are closed before the time is looked at again.
const BATCH: usize = 256;

/// Rounds in which an attempt that was changed at the same moment is read and closed again.
const ROUNDS: u32 = 3;

/// A minute, milliseconds.
const MINUTE: i64 = 60_000;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Attempts closed.
    pub closed: u32,
    /// Attempts that cannot be closed as they are stored.
    pub failed: u32,
    /// Minutes looked through.
    pub minutes: u32,
    /// Minutes left for the next runs.
    pub behind: u32,
}

/// Closes what is overdue.
///
/// # Errors
/// When the store is busy. The mark has not moved past anything that is still open: the next run begins there.
pub async fn run(app: &App) -> Result<Swept, Fault> {
    let now = app.clock.now();
    let read = app.store.sweep_mark().await?;
    let mut sweep = Sweep { app, now, policy: None, swept: Swept::default(), met: false };
    let (passing, mark) = (now.minutes(), read.map_or_else(|| first(now), Minutes::of));
    let plan = plan(mark, passing);
    let mut next = mark;
    // 1. and 2. What ended just now, and what was begun before the last run.
    if sweep.look(&plan.present).await? && sweep.look(&plan.recent).await? {
        next = plan.mark;
        // 3. What was begun in a time without runs.
        if sweep.look(&plan.gap).await? {
            next = plan.end;
        }
    }
    if read.is_none() || next.is_worth_writing(mark, sweep.met) {
        app.store.move_sweep_mark(read, next.mark()).await?;
    }
    let swept = Swept { behind: count(next.seen.saturating_sub(next.gap)), ..sweep.swept };
    let Swept { closed, failed, minutes, behind } = swept;
    tracing::info!(closed, failed, minutes, behind, "swept");
    Ok(swept)
}

/// A mark in minutes since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Minutes {
    seen: i64,
    gap: i64,
}

impl Minutes {
    fn of(mark: Mark) -> Self {
        Self { seen: mark.seen.minutes(), gap: mark.gap.minutes() }
    }

    /// Whether the mark has to be moved here: an idle run may leave it behind for a while, since the next one then looks at
    /// the same minutes again at the same price.
    fn is_worth_writing(self, from: Self, met: bool) -> bool {
        let behind = self.gap < self.seen || from.gap < from.seen;
        let late = self.seen.saturating_sub(from.seen) >= MARK_EVERY;
        self != from && (met || behind || late)
    }

    fn mark(self) -> Mark {
        Mark { seen: start(self.seen), gap: start(self.gap) }
    }
}

/// The mark before the first run of all: what may have been begun before it is a gap.
fn first(now: Millis) -> Minutes {
    let seen = now.minutes();
    Minutes { seen, gap: seen.saturating_sub(LONGEST_LIFE) }
}

/// The start of a minute.
fn start(minute: i64) -> Millis {
    Millis(minute.saturating_mul(MINUTE))
}

/// The minutes that a run looks through, each once.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    present: Range<i64>,
    recent: Range<i64>,
    gap: Range<i64>,
    /// The mark once present and recent were looked through.
    mark: Minutes,
    /// The mark once all of it was.
    end: Minutes,
}

fn plan(mark: Minutes, passing: i64) -> Plan {
    let last = passing.saturating_sub(1);
    let from = if mark.seen == passing { passing } else { last };
    let lived = mark.seen.saturating_add(LONGEST_LIFE).min(from);
    // Without a gap so far, one begins where the recent minutes end.
    let gap = if mark.gap < mark.seen { mark.gap } else { lived.max(mark.seen) };
    let reached = gap.saturating_add(GAP_AT_ONCE).min(from);
    let seen = mark.seen.max(passing);
    let mark_at = |gap: i64| Minutes { seen, gap: if gap < from { gap } else { seen } };
    let end = passing.saturating_add(1);
    // Without a gap the recent minutes lead up to the present ones: one look for both.
    let (present, recent) = if lived < from {
        (from..end, mark.seen..lived)
    } else {
        (mark.seen.min(from)..end, end..end)
    };
    Plan { present, recent, gap: gap..reached, mark: mark_at(gap), end: mark_at(gap.max(reached)) }
}

/// A run under way.
struct Sweep<'a> {
    app: &'a App,
    now: Millis,
    /// Configuration and scope, read when the first attempt is met: most runs meet none.
    policy: Option<(Versioned, Scope)>,
    swept: Swept,
    /// Whether there were any attempts where it looked.
    met: bool,
}

impl Sweep<'_> {
    /// Closes what is overdue in some minutes. `false` if the time ran out before all of it was.
    async fn look(&mut self, minutes: &Range<i64>) -> Result<bool, Fault> {
        for spans in Span::of(minutes.clone()).chunks(SPANS_AT_ONCE) {
            let found = spans.iter().map(|span| self.app.store.overdue(span, self.now));
            let found = try_join_all(found).await?;
            let looked = spans.iter().map(Span::minutes).sum::<i64>();
            self.swept.minutes = self.swept.minutes.saturating_add(count(looked));
            self.met |= found.iter().any(|f| f.met);
            let found: Vec<CorrelationId> = found.into_iter().flat_map(|f| f.attempts).collect();
            for batch in found.chunks(BATCH) {
                if self.is_over() {
                    return Ok(false);
                }
                self.close(batch).await?;
            }
        }
        Ok(!self.is_over())
    }

    fn is_over(&self) -> bool {
        self.app.clock.now() >= self.now.plus_seconds(RUN_SECONDS)
    }

    async fn close(&mut self, batch: &[CorrelationId]) -> Result<(), Fault> {
        let policy = match self.policy.take() {
            Some(policy) => policy,
            None => {
                let config = self.app.store.config().await?;
                let scope = self.app.store.scope(&config.config).await?;
                (config, scope)
            }
        };
        let app = self.app;
        let closing = stream::iter(batch.to_vec()).map(|id| settle(app, &policy, id));
        let closed: Vec<Closed> = closing.buffer_unordered(CLOSED_AT_ONCE).try_collect().await?;
        let number = |what: Closed| count(closed.iter().filter(|c| **c == what).count());
        self.swept.closed = self.swept.closed.saturating_add(number(Closed::Now));
        self.swept.failed = self.swept.failed.saturating_add(number(Closed::Never));
        self.policy = Some(policy);
        Ok(())
    }
}

/// What became of an overdue attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// Closed by this run.
    Now,
    /// It had come to its end otherwise.
    Before,
    /// It cannot be closed as it is stored, and no other run could.
    Never,
}

/// Closes one attempt. A fault that passes ends the run; any other is this attempt's own.
async fn settle(
    app: &App,
    policy: &(Versioned, Scope),
    id: CorrelationId,
) -> Result<Closed, Fault> {
    match end(app, policy, id).await {
        Err(fault @ (Fault::Broken { .. } | Fault::Corrupt { .. } | Fault::Computation { .. })) => {
            tracing::error!(%fault, attempt = %id, "an attempt cannot be closed");
            Ok(Closed::Never)
        }
        other => other,
    }
}

async fn end(app: &App, policy: &(Versioned, Scope), id: CorrelationId) -> Result<Closed, Fault> {
    for _ in 0..ROUNDS {
        let attempt = app.store.attempt(id).await?;
        let Some(attempt) = attempt.filter(|a| a.status == Status::Open) else {
            return Ok(Closed::Before);
        };
        let profile = app.store.profile(&attempt.username).await?;
        let (config, scope) = policy;
        let eligible = attempt.eligibility(profile.as_ref(), &config.config, scope);
        let role = profile.as_ref().map(|p| p.role());
        let ending = Ending::TimedOut { refused: eligible.err(), role };
        if app.store.end(&attempt, ending, &call(app, &attempt)?).await? {
            return Ok(Closed::Now);
        }
    }
    Err(Fault::Busy { operation: "sweep", code: "conflict".into() })
}

/// The call in whose name an attempt is closed: its own, at the moment its time ended.
fn call(app: &App, attempt: &Attempt) -> Result<Call, Fault> {
    Ok(Call {
        now: attempt.expires_at,
        correlation: attempt.correlation,
        origin: attempt.origin.clone(),
        network: attempt.network.clone(),
        locale: attempt.locale.clone(),
        id: app.chance.id()?,
        retention_days: attempt.retention_days,
    })
}

fn count(n: impl TryInto<u32>) -> u32 {
    n.try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 30_000_000;

    fn looked(plan: &Plan) -> Vec<i64> {
        let mut all: Vec<i64> =
            [&plan.present, &plan.recent, &plan.gap].into_iter().cloned().flatten().collect();
        all.sort_unstable();
        all
    }

    fn seen(seen: i64) -> Minutes {
        Minutes { seen, gap: seen }
    }

    /// How many runs, a minute after another, it takes until nothing is left to catch up with, and every minute they
    /// look at.
    fn caught_up(mut mark: Minutes, passing: i64) -> (usize, Vec<i64>) {
        let (mut runs, mut all) = (0, Vec::new());
        for passing in passing.. {
            let plan = plan(mark, passing);
            all.extend(looked(&plan));
            mark = plan.end;
            runs += 1;
            if mark.gap == mark.seen {
                break;
            }
        }
        all.sort_unstable();
        all.dedup();
        (runs, all)
    }

    #[test]
    fn a_run_a_minute_after_another_looks_at_two_minutes() {
        let plan = plan(seen(AT), AT + 1);
        assert_eq!(looked(&plan), [AT, AT + 1]);
        assert_eq!((plan.mark, plan.end), (seen(AT + 1), seen(AT + 1)));
    }

    #[test]
    fn an_idle_mark_is_moved_every_fifth_minute_and_until_then_nothing_is_left_out() {
        for late in 1..MARK_EVERY {
            let plan = plan(seen(AT), AT + late);
            assert_eq!(looked(&plan), (AT..=AT + late).collect::<Vec<_>>());
            assert!(!plan.end.is_worth_writing(seen(AT), false), "{late}");
            assert!(plan.end.is_worth_writing(seen(AT), true), "attempts were met");
        }
        let plan = plan(seen(AT), AT + MARK_EVERY);
        assert!(plan.end.is_worth_writing(seen(AT), false));
        assert!(!seen(AT).is_worth_writing(seen(AT), true), "where it is");
        let gap = Minutes { seen: AT + 1, gap: AT - 9 };
        assert!(gap.is_worth_writing(seen(AT), false), "a gap is found");
        assert!(seen(AT + 1).is_worth_writing(gap, false), "a gap is closed");
    }

    #[test]
    fn a_second_run_in_a_minute_looks_at_that_minute_only() {
        let plan = plan(seen(AT), AT);
        assert_eq!(looked(&plan), [AT]);
        assert_eq!(plan.mark, seen(AT));
    }

    #[test]
    fn a_run_an_hour_late_looks_at_every_minute_once() {
        let plan = plan(seen(AT), AT + LONGEST_LIFE);
        assert_eq!(looked(&plan), (AT..=AT + LONGEST_LIFE).collect::<Vec<_>>());
        assert_eq!(plan.mark, seen(AT + LONGEST_LIFE));
    }

    #[test]
    fn whatever_was_begun_before_the_last_run_is_found_by_the_next_however_late() {
        let plan = plan(seen(AT), AT + 100_000);
        let looked = looked(&plan);
        assert!((AT..AT + LONGEST_LIFE).all(|minute| looked.contains(&minute)));
        assert!(looked.contains(&(AT + 100_000)) && looked.contains(&(AT + 99_999)));
    }

    #[test]
    fn after_a_day_without_runs_every_minute_is_looked_at_within_five_minutes() {
        let (runs, all) = caught_up(seen(AT), AT + 1440);
        assert!((AT..=AT + 1440).all(|minute| all.contains(&minute)));
        assert!(runs <= 5, "{runs}");
    }

    #[test]
    fn the_first_run_leaves_no_minute_out_in_which_an_earlier_attempt_may_end() {
        let first = first(start(AT));
        let (runs, all) = caught_up(first, AT);
        assert_eq!(runs, 1);
        assert!((AT - LONGEST_LIFE..=AT).all(|minute| all.contains(&minute)));
    }

    #[test]
    fn a_clock_set_back_does_not_move_the_mark_back() {
        let plan = plan(seen(AT), AT - 100);
        assert_eq!(looked(&plan), [AT - 101, AT - 100]);
        assert_eq!(plan.mark.seen, AT);
    }
}
