//! Walks the record backwards: the newest rows first, a day at a time, or one person's through the index.
//!
//! A page ends when it is full, when `from` is reached, or when it has cost enough: filters may drop every row of a long
//! span. In that case it holds what was found, perhaps nothing, and its cursor goes on behind the last row read.

use rules::activity::Activity;
use rules::ids::{Millis, Username};
use state::activity::{Place, Rows};
use state::{Fault, Store};

use crate::paging::Paging;

/// Requests for rows of one page: a month of quiet days, and some.
const ROUNDS: u32 = 40;

/// Rows read for one page.
const ROWS_MAX: usize = 5_000;

/// Rows asked for at once: a page's, but no less than what makes a request worth it, nor more than fits in memory.
const AT_ONCE: (u32, u32) = (100, 500);

const DAY: i64 = 86_400_000;

/// A page of items, and where the next one begins.
pub struct Page<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// Behind the last row read; nothing if there is no more.
    pub next: Option<Place>,
}

/// Collects what `pick` takes of the rows, newest first; of one person's rows if one is given.
pub async fn walk<T>(
    store: &Store,
    user: Option<&Username>,
    paging: &Paging,
    pick: impl Fn(&Activity) -> Option<T>,
) -> Result<Page<T>, Fault> {
    let full = usize::try_from(paging.limit).unwrap_or(usize::MAX);
    let (mut items, mut read) = (Vec::new(), 0usize);
    let mut place = paging.cursor.clone();
    for _ in 0..ROUNDS {
        let Rows { rows, more } = rows(store, user, paging, place.as_ref()).await?;
        read = read.saturating_add(rows.len());
        for (at, row) in rows {
            if let Some(item) = pick(&row) {
                if items.len() == full {
                    return Ok(Page { items, next: place });
                }
                items.push(item);
            }
            place = Some(at);
        }
        if !more {
            place = match user {
                Some(_) => None,
                None => day_before(day(paging, place.as_ref()), paging.from),
            };
            if place.is_none() {
                return Ok(Page { items, next: None });
            }
        }
        if read >= ROWS_MAX {
            break;
        }
    }
    Ok(Page { items, next: place })
}

async fn rows(
    store: &Store,
    user: Option<&Username>,
    paging: &Paging,
    place: Option<&Place>,
) -> Result<Rows, Fault> {
    let (least, most) = AT_ONCE;
    let limit = paging.limit.saturating_add(1).clamp(least, most);
    match user {
        Some(user) => store.activity_of_user(user, paging.span(), place, limit).await,
        None => store.activity_of_day(day(paging, place), paging.span(), place, limit).await,
    }
}

/// A moment of the day in which a place is; without a place, the latest day.
fn day(paging: &Paging, place: Option<&Place>) -> Millis {
    let at = place.and_then(|p| p.get(..24)).and_then(Millis::parse);
    at.unwrap_or(paging.to)
}

/// The place behind which the day before begins; nothing if all of it is before `from`.
fn day_before(day: Millis, from: Millis) -> Option<Place> {
    let end = Millis(day.0.div_euclid(DAY).saturating_mul(DAY).saturating_sub(1));
    (end >= from).then(|| format!("{}~", end.rfc3339()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_before_begins_at_its_last_millisecond_and_from_ends_the_walk() {
        let noon = Millis::parse("2026-11-21T12:00:00Z").unwrap();
        let last = Millis::parse("2026-11-20T23:59:59.999Z").unwrap();
        assert_eq!(day_before(noon, last).as_deref(), Some("2026-11-20T23:59:59.999Z~"));
        assert_eq!(day_before(noon, Millis(last.0 + 1)), None);
    }
}
