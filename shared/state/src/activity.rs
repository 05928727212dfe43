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

/// Rows with their places, newest first.
#[derive(Default)]
pub struct Rows {
    /// The rows.
    pub rows: Vec<(Place, Activity)>,
    /// Whether there may be more below the last of them.
    pub more: bool,
}

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

    /// Rows of one day within a span, newest first, below `before` where given; about `limit` of them. One query a shard,
    /// side by side.
    pub async fn activity_of_day(
        &self,
        day: Millis,
        span: Span,
        before: Option<&Place>,
        limit: u32,
    ) -> Result<Rows, Fault> {
        let Some((from, to)) = bounds(span, before) else { return Ok(Rows::default()) };
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
                limit: share(limit),
            })
        });
        Rows::newest(try_join_all(pages).await?)
    }

    /// Rows about one person within a span, newest first. Read through the index: for reports, never for decisions.
    pub async fn activity_of_user(
        &self,
        user: &Username,
        span: Span,
        before: Option<&Place>,
        limit: u32,
    ) -> Result<Rows, Fault> {
        let Some((from, to)) = bounds(span, before) else { return Ok(Rows::default()) };
        let page = Page {
            table: Table::Activity,
            index: Some("by_user"),
            partition_attribute: "user",
            partition: user.as_str(),
            between: Some((&from, &to)),
            forward: false,
            limit: i32::try_from(limit).unwrap_or(i32::MAX),
        };
        Rows::newest(vec![self.page(page).await?])
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

/// The sort keys of a span below a place, both ends included; nothing if there can be none.
fn bounds(span: Span, before: Option<&Place>) -> Option<(String, String)> {
    let from = span.from.rfc3339();
    let to = format!("{}~", span.to.rfc3339());
    let to = before.map_or_else(|| to.clone(), |place| below(place).min(to.clone()));
    (from < to).then_some((from, to))
}

/// What each shard is asked for so that all together have about `limit`: its share and half as much again.
fn share(limit: u32) -> i32 {
    let share = limit.saturating_mul(3).div_ceil(SHARDS.saturating_mul(2)).saturating_add(2);
    i32::try_from(share).unwrap_or(i32::MAX)
}

impl Rows {
    /// Merges partitions, each newest first. A partition that has more may have its next row anywhere below its last, so
    /// nothing below the newest of these is taken: those rows come with the next page.
    fn newest(pages: Vec<(Vec<Item>, bool)>) -> Result<Self, Fault> {
        let place = |item: &Item| crate::read::pair_of(item).1;
        let unfinished = pages.iter().filter(|(_, more)| *more);
        let floor = unfinished.filter_map(|(items, _)| items.last().map(place)).max();
        let more = floor.is_some();
        let mut rows = Vec::new();
        for item in pages.into_iter().flat_map(|(items, _)| items) {
            let place = place(&item);
            if floor.as_ref().is_none_or(|floor| place >= *floor) {
                rows.push((place, parse::<Activity>("activity", item)?));
            }
        }
        rows.sort_by(|a, b| b.0.cmp(&a.0));
        Ok(Self { rows, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::activity::Name;
    use rules::ids::CorrelationId;

    fn page(ids: &[&str], more: bool) -> (Vec<Item>, bool) {
        let row = |id: &&str| {
            let at = Millis(0);
            let activity =
                Activity::new((*id).into(), at, Name::Progress, CorrelationId::new(at, 0));
            item(&Key::Activity(at, &activity.id), &activity, None).unwrap()
        };
        (ids.iter().map(row).collect(), more)
    }

    fn ids(rows: &Rows) -> Vec<&str> {
        rows.rows.iter().map(|(_, a)| a.id.as_str()).collect()
    }

    #[test]
    fn rows_of_several_partitions_are_merged_newest_first() {
        let rows = Rows::newest(vec![page(&["c", "a"], false), page(&["d", "b"], false)]).unwrap();
        assert_eq!(ids(&rows), ["d", "c", "b", "a"]);
        assert!(!rows.more);
    }

    #[test]
    fn nothing_is_taken_from_below_a_partition_that_has_more() {
        let rows = Rows::newest(vec![page(&["f", "d"], true), page(&["e", "b"], false)]).unwrap();
        assert_eq!(ids(&rows), ["f", "e", "d"]);
        assert!(rows.more);
    }

    #[test]
    fn the_place_below_a_row_excludes_the_row_and_nothing_older() {
        let place = String::from("2026-11-21T10:00:00.000Z#00a0");
        let below = below(&place);
        assert!(below < place);
        for older in ["2026-11-21T10:00:00.000Z#009f-end", "2026-11-21T09:59:59.999Z#ffff"] {
            assert!(older < below.as_str(), "{older}");
        }
    }
}
