//! The record: appended with the change it describes, read by time or by person.

use futures_util::future::try_join_all;
use rules::activity::Activity;
use rules::ids::{Millis, SHARDS, Username};

use crate::Store;
use crate::fault::Fault;
use crate::key::{Item, Key, Table, activity_partition, shard};
use crate::read::{Page, parse};
use crate::write::{Write, item, text};

/// How long an order to send a code is kept, days: it names a contact, and after a day nobody waits for it.
const CODE_DAYS: u32 = 1;

/// Where a page of the record goes on: the sort key of the last row given. Rows are newest first.
pub type Place = String;

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Earliest.
    pub from: Millis,
    /// Latest.
    pub to: Millis,
}

impl Store {
    /// The write that appends a row; part of the commit of the change it describes.
    pub fn record(&self, activity: &Activity, retention_days: u32) -> Result<Write, Fault> {
        let (key, item) = self.row(activity, retention_days)?;
        Write::create(self, "activity", &key, item)
    }

    /// Appends a row on its own, for a fact without a change (a refused sign-in).
    pub async fn append(&self, activity: &Activity, retention_days: u32) -> Result<(), Fault> {
        let (key, item) = self.row(activity, retention_days)?;
        self.create(&key, item).await.map(|_| ())
    }

    fn row<'a>(&self, activity: &'a Activity, days: u32) -> Result<(Key<'a>, Item), Fault> {
        let key = Key::Activity(activity.at, &activity.id);
        let days = if activity.is_indexed() { days } else { CODE_DAYS };
        let ttl = activity.at.seconds().saturating_add(i64::from(days).saturating_mul(86_400));
        let mut item = item(&key, activity, Some(ttl))?;
        if let Some(target) = activity.target.as_ref().filter(|_| activity.is_indexed()) {
            item.insert("user".into(), text(target.as_str()));
        }
        Ok((key, item))
    }

    /// A row as the stream delivers it.
    pub fn activity_of(item: Item) -> Result<Activity, Fault> {
        parse("activity", item)
    }

    /// Rows of one day within a span, newest first, below `before` where given, at most `limit`. One query a shard, side
    /// by side.
    pub async fn activity_of_day(
        &self,
        day: Millis,
        span: Span,
        before: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<(Place, Activity)>, Fault> {
        let from = span.from.rfc3339();
        let to = before.map_or_else(|| format!("{}~", span.to.rfc3339()), |p| below(p));
        if to <= from {
            return Ok(Vec::new());
        }
        let day = day.day();
        let partitions: Vec<String> = (0..SHARDS).map(|s| activity_partition(&day, s)).collect();
        let pages = partitions.iter().map(|partition| {
            self.page(Page {
                table: Table::Activity,
                index: None,
                partition_attribute: "pk",
                partition,
                between: Some((&from, &to)),
                forward: false,
                limit: i32::try_from(limit).unwrap_or(i32::MAX),
            })
        });
        let items = try_join_all(pages).await?.into_iter().flat_map(|(items, _)| items);
        newest(items.collect(), limit)
    }

    /// Rows about one person within a span, newest first. Read through the index: for reports, never for decisions.
    pub async fn activity_of_user(
        &self,
        user: &Username,
        span: Span,
        before: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<(Place, Activity)>, Fault> {
        let from = span.from.rfc3339();
        let to = before.map_or_else(|| format!("{}~", span.to.rfc3339()), |p| below(p));
        if to <= from {
            return Ok(Vec::new());
        }
        let page = Page {
            table: Table::Activity,
            index: Some("by_user"),
            partition_attribute: "user",
            partition: user.as_str(),
            between: Some((&from, &to)),
            forward: false,
            limit: i32::try_from(limit).unwrap_or(i32::MAX),
        };
        let (items, _) = self.page(page).await?;
        newest(items, limit)
    }

    /// Which shard a row of this id is in; for tests of the spread.
    pub fn activity_shard(id: &str) -> u32 {
        shard(id)
    }
}

/// The greatest sort key below a place: the query's bounds are inclusive, sort keys are ASCII and end in hexadecimal
/// digits, so the text without its last character sorts below it and above every other.
fn below(place: &str) -> String {
    let mut chars: Vec<char> = place.chars().collect();
    let last = chars.pop();
    let mut text: String = chars.into_iter().collect();
    if let Some(lower) = last.and_then(|c| char::from_u32(u32::from(c).saturating_sub(1))) {
        text.push(lower);
        text.push('~');
    }
    text
}

fn newest(items: Vec<Item>, limit: u32) -> Result<Vec<(Place, Activity)>, Fault> {
    let with_place = |item: Item| {
        let place = crate::read::pair_of(&item).1;
        parse::<Activity>("activity", item).map(|a| (place, a))
    };
    let mut rows = items.into_iter().map(with_place).collect::<Result<Vec<_>, _>>()?;
    rows.sort_by(|a, b| b.0.cmp(&a.0));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}
