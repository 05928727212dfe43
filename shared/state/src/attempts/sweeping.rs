//! What the sweep reads and keeps: which attempts' time is over, and how far it has looked.

use std::ops::Range;

use futures_util::future::try_join_all;
use rules::attempt::Status;
use rules::ids::{CorrelationId, MINUTES_TOGETHER, Millis, SHARDS};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::fault::Fault;
use crate::key::{Item, Key, Table, attempt_partition};
use crate::read::{Page, pair_of, parse};
use crate::write::{Changes, If, Written, item, number};

/// Items of one request: far more than a shard of a minute holds.
const PAGE: i32 = 500;

/// What tells whether an attempt is still to be closed.
#[derive(Deserialize)]
struct Glimpse {
    correlation: CorrelationId,
    status: Status,
    expires_at: Millis,
}

/// How far the sweep has come. Both are starts of minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The minute that was passing at the last run. Every minute before it was looked through, but for the gap.
    pub seen: Millis,
    /// Where the minutes begin that no run has reached yet, left by a time without runs; `seen` if there are none.
    pub gap: Millis,
}

/// Minutes that are looked through by one request a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    first: Millis,
    last: Millis,
}

impl Span {
    /// The spans of these minutes since 1970, in order.
    pub fn of(minutes: Range<i64>) -> Vec<Self> {
        let mut spans = Vec::new();
        let mut first = minutes.start;
        while first < minutes.end {
            let next = first.div_euclid(MINUTES_TOGETHER).saturating_add(1);
            let end = next.saturating_mul(MINUTES_TOGETHER).min(minutes.end);
            spans.push(Self { first: minute(first), last: minute(end.saturating_sub(1)) });
            first = end;
        }
        spans
    }

    /// How many minutes.
    pub fn minutes(&self) -> i64 {
        self.last.minutes().saturating_sub(self.first.minutes()).saturating_add(1)
    }

    fn first(&self) -> CorrelationId {
        CorrelationId::new(self.first, 0)
    }
}

/// The start of a minute.
fn minute(n: i64) -> Millis {
    Millis(n.saturating_mul(60_000))
}

/// What a look through a span found.
#[derive(Debug, Default)]
pub struct Overdue {
    /// Attempts to close.
    pub attempts: Vec<CorrelationId>,
    /// Whether there were any attempts at all.
    pub met: bool,
}

impl Store {
    /// Attempts whose time ended in these minutes, all of one span, and not after `now`, and which nobody has closed. One
    /// request a shard, side by side, each half a read unit when there is nothing: found perhaps a moment late, so read
    /// each again before deciding.
    pub async fn overdue(&self, span: &Span, now: Millis) -> Result<Overdue, Fault> {
        let shards = (0..SHARDS).map(|shard| {
            let partition = attempt_partition(&span.first().span_text(), shard);
            self.overdue_of(partition, span, now)
        });
        let mut all = Overdue::default();
        for found in try_join_all(shards).await? {
            all.attempts.extend(found.attempts);
            all.met |= found.met;
        }
        Ok(all)
    }

    async fn overdue_of(
        &self,
        partition: String,
        span: &Span,
        now: Millis,
    ) -> Result<Overdue, Fault> {
        let (mut found, mut after) = (Overdue::default(), span.first().minute_text());
        let to = format!("{}~", CorrelationId::minute_group(span.last));
        loop {
            let (items, more) = self.glance(part(&partition, &after, &to)).await?;
            after = items.last().map_or(after, |i| format!("{}~", pair_of(i).1));
            found.met |= !items.is_empty();
            found.attempts.extend(items.into_iter().filter_map(|item| overdue(item, now)));
            if !more {
                return Ok(found);
            }
        }
    }

    /// How far the sweep has come; `None` before its first run.
    pub async fn sweep_mark(&self) -> Result<Option<Mark>, Fault> {
        self.get(Key::SweepMark).await
    }

    /// Moves the mark if it is still the one read. `false` if another run moved it meanwhile: then that one holds.
    pub async fn move_sweep_mark(&self, read: Option<Mark>, to: Mark) -> Result<bool, Fault> {
        let key = Key::SweepMark;
        let written = match read {
            None => self.create(&key, item(&key, &to, None)?).await?,
            Some(read) => {
                let still =
                    [If::Is("seen", number(read.seen.0)), If::Is("gap", number(read.gap.0))];
                let changes = Changes::new().set("seen", &to.seen)?.set("gap", &to.gap)?;
                self.update(&key, &changes, &still).await?
            }
        };
        Ok(matches!(written, Written::Done(_)))
    }
}

/// The attempt of an item if it is to be closed. One that cannot be read must not keep all others open: it is passed over.
fn overdue(item: Item, now: Millis) -> Option<CorrelationId> {
    let (_, id) = pair_of(&item);
    let glimpse = parse::<Glimpse>("attempt", item).inspect_err(|fault| {
        tracing::error!(%fault, attempt = id, "an attempt is passed over");
    });
    let glimpse = glimpse.ok()?;
    let over = glimpse.status == Status::Open && glimpse.expires_at <= now;
    over.then_some(glimpse.correlation)
}

fn part<'p>(partition: &'p str, after: &'p str, to: &'p str) -> Page<'p> {
    Page {
        table: Table::State,
        index: None,
        partition_attribute: "pk",
        partition,
        between: Some((after, to)),
        forward: true,
        limit: PAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_cut_where_their_partitions_change_and_none_is_lost() {
        let lengths = |minutes: Range<i64>| -> Vec<i64> {
            Span::of(minutes).iter().map(Span::minutes).collect()
        };
        let start = 30_000_000 / MINUTES_TOGETHER * MINUTES_TOGETHER;
        assert_eq!(lengths(start..start + 16), [16]);
        assert_eq!(lengths(start + 14..start + 18), [2, 2]);
        assert_eq!(lengths(start + 3..start + 5), [2]);
        assert_eq!(lengths(start + 15..start + 33), [1, 16, 1]);
        assert_eq!(lengths(start..start), Vec::<i64>::new());
        for span in Span::of(start + 14..start + 40) {
            let last = CorrelationId::new(span.last, 0);
            assert_eq!(span.first().span_text(), last.span_text());
        }
    }
}
