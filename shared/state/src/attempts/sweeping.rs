//! What the sweep reads and keeps: which attempts' time is over, and how far it has looked.

use futures_util::future::try_join_all;
use rules::attempt::Status;
use rules::ids::{CorrelationId, Millis, SHARDS};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::fault::Fault;
use crate::key::{Key, Table, attempt_partition};
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

#[derive(Serialize, Deserialize)]
struct Mark {
    at: Millis,
}

impl Store {
    /// Attempts whose time ended in the minute of `at` and not after `now`, and which nobody has closed. One request a
    /// shard, side by side, each half a read unit when there is nothing: found perhaps a moment late, so read each again
    /// before deciding.
    pub async fn overdue(&self, at: Millis, now: Millis) -> Result<Vec<CorrelationId>, Fault> {
        let minute = CorrelationId::minute_group(at);
        let shards = (0..SHARDS).map(|shard| self.overdue_of(attempt_partition(&minute, shard), now));
        Ok(try_join_all(shards).await?.into_iter().flatten().collect())
    }

    async fn overdue_of(&self, partition: String, now: Millis) -> Result<Vec<CorrelationId>, Fault> {
        let (mut found, mut after) = (Vec::new(), String::from("0"));
        loop {
            let (items, more) = self.glance(whole(&partition, &after)).await?;
            after = items.last().map_or(after, |i| format!("{}~", pair_of(i).1));
            for item in items {
                let glimpse: Glimpse = parse("attempt", item)?;
                if glimpse.status == Status::Open && glimpse.expires_at <= now {
                    found.push(glimpse.correlation);
                }
            }
            if !more {
                return Ok(found);
            }
        }
    }

    /// The start of the first minute that the sweep has not looked through; `None` before its first run.
    pub async fn sweep_mark(&self) -> Result<Option<Millis>, Fault> {
        Ok(self.get::<Mark>(Key::SweepMark).await?.map(|m| m.at))
    }

    /// Moves the mark if it is still the one read. `false` if another run moved it meanwhile: it looked through as much.
    pub async fn move_sweep_mark(&self, read: Option<Millis>, to: Millis) -> Result<bool, Fault> {
        let key = Key::SweepMark;
        let written = match read {
            None => self.create(&key, item(&key, &Mark { at: to }, None)?).await?,
            Some(read) => {
                let still = [If::Is("at", number(read.0))];
                self.update(&key, &Changes::new().set("at", &to)?, &still).await?
            }
        };
        Ok(matches!(written, Written::Done(_)))
    }
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
