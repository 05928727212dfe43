//! What the sweep reads and keeps: which attempts' time is over, and how far it has looked.

use futures_util::future::try_join_all;
use rules::attempt::Status;
use rules::ids::{CorrelationId, Millis, SHARDS};
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

impl Store {
    /// Attempts whose time ended in the minute of `at` and not after `now`, and which nobody has closed. One request a
    /// shard, side by side, each half a read unit when there is nothing: found perhaps a moment late, so read each again
    /// before deciding.
    pub async fn overdue(&self, at: Millis, now: Millis) -> Result<Vec<CorrelationId>, Fault> {
        let minute = CorrelationId::minute_group(at);
        let shards =
            (0..SHARDS).map(|shard| self.overdue_of(attempt_partition(&minute, shard), now));
        Ok(try_join_all(shards).await?.into_iter().flatten().collect())
    }

    async fn overdue_of(
        &self,
        partition: String,
        now: Millis,
    ) -> Result<Vec<CorrelationId>, Fault> {
        let (mut found, mut after) = (Vec::new(), String::from("0"));
        loop {
            let (items, more) = self.glance(whole(&partition, &after)).await?;
            after = items.last().map_or(after, |i| format!("{}~", pair_of(i).1));
            found.extend(items.into_iter().filter_map(|item| overdue(item, now)));
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

fn whole<'p>(partition: &'p str, after: &'p str) -> Page<'p> {
    Page {
        table: Table::State,
        index: None,
        partition_attribute: "pk",
        partition,
        between: Some((after, "~")),
        forward: true,
        limit: PAGE,
    }
}
