//! The idiom `count`: several counters of one item charged by one write, if all of them are open.
//!
//! An item may hold the counters of a few networks side by side, each in its *slot* (a prefix of the attribute names), beside
//! counters of the item as a whole: so one write can charge a network and the account together. It never holds more than
//! [`SLOTS`], so that nobody can make it large.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use rules::ids::Millis;
use rules::throttle::{Count, Counter, Entry, Part, Refused, why};

use super::single::{is_transaction_conflict, met_by_update};
use super::{CONFLICT_RETRIES, Words, number, pause, text};
use crate::Store;
use crate::fault::{Fault, seal};
use crate::key::{Item, Key};

/// Slots of one item. A person resets from one or two networks; with four the item stays near 1 KB.
const SLOTS: usize = 4;
/// The attribute that names the slots in use.
const IN_USE: &str = "networks";

/// An item that holds counters, and the slot in it.
pub struct Place<'p> {
    /// The item.
    pub key: Key<'p>,
    /// The slot of all counters that are not account-wide; `None` where the item belongs to one network alone.
    pub slot: Option<&'p str>,
}

/// What became of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charged {
    /// Paid: each counter as it is now.
    Paid(BTreeMap<Counter, Count>),
    /// Not paid: this counter is used up.
    Exhausted {
        /// Which.
        counter: Counter,
        /// When it opens again.
        until: Millis,
        /// Whether nobody has recorded it yet.
        first: bool,
    },
    /// Not paid: the item has no slot left for this network. The counters that belong to no slot as they are.
    NoRoom(BTreeMap<Counter, Count>),
}

impl Store {
    /// Charges counters. Under any concurrency no more than `max` charges of a counter are paid in its window; a charge
    /// may be paid twice when a reply is lost.
    pub async fn count(
        &self,
        place: &Place<'_>,
        entries: &[Entry],
        now: Millis,
    ) -> Result<Charged, Fault> {
        let mut stale: Vec<Counter> = Vec::new();
        for round in 0..=CONFLICT_RETRIES {
            pause(round, place.key.pair().0.as_bytes()).await;
            match self.charge(place, entries, &stale, now).await {
                Ok(item) => return Ok(Charged::Paid(counts(&item, place, entries))),
                Err(error) => match met_by_update(&error) {
                    Some(met) if !has_room(&met, place) => {
                        return Ok(Charged::NoRoom(counts(&met, place, entries)));
                    }
                    Some(met) => match why(entries, &counts(&met, place, entries), now) {
                        Refused::Exhausted { counter, until, first } => {
                            return Ok(Charged::Exhausted { counter, until, first });
                        }
                        Refused::Stale(counters) => stale = counters,
                    },
                    None if is_transaction_conflict(&error) => {}
                    None => return Err(seal("UpdateItem", &error)),
                },
            }
        }
        Err(Fault::Busy { operation: "UpdateItem", code: "conflict".into() })
    }

    async fn charge(
        &self,
        place: &Place<'_>,
        entries: &[Entry],
        stale: &[Counter],
        now: Millis,
    ) -> Result<Item, super::single::UpdateError> {
        let mut e = Expression::new(now, place);
        for entry in entries {
            match (entry.part, stale.contains(&entry.counter)) {
                (Part::Seen, _) => {}
                (Part::Open, _) => e.require(entry),
                (Part::Moves, false) => e.charge(entry),
                (Part::Moves, true) => e.restart(entry),
            }
        }
        let (update, condition, words) = e.finish();
        self.send_update(&place.key, update, Some(condition), words).await
    }
}

/// The stem of the attribute names that hold a counter.
pub(crate) fn stem(slot: Option<&str>, counter: Counter) -> String {
    match slot {
        Some(slot) if !counter.is_account_wide() => format!("{slot}_{}", counter.name()),
        Some(_) | None => counter.name(),
    }
}

/// Whether the slot of a place is in use or may be taken.
fn has_room(item: &Item, place: &Place<'_>) -> bool {
    let (Some(slot), Some(AttributeValue::Ss(used))) = (place.slot, item.get(IN_USE)) else {
        return true;
    };
    used.len() < SLOTS || used.iter().any(|name| name == slot)
}

/// The expression of a charge as it grows.
struct Expression<'p> {
    slot: Option<&'p str>,
    words: Words,
    now: Millis,
    conditions: Vec<String>,
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    ttl: i64,
    kind: &'static str,
}

impl<'p> Expression<'p> {
    fn new(now: Millis, place: &Place<'p>) -> Self {
        Self {
            slot: place.slot,
            words: Words::default(),
            now,
            conditions: Vec::new(),
            set: Vec::new(),
            add: Vec::new(),
            remove: Vec::new(),
            ttl: now.seconds(),
            kind: place.key.kind(),
        }
    }

    fn names(&mut self, counter: Counter) -> (String, String, String) {
        let stem = stem(self.slot, counter);
        let mut name = |part: &str| self.words.name(&format!("{stem}_{part}"));
        (name("n"), name("until"), name("closed"))
    }

    fn value(&mut self, n: impl std::fmt::Display) -> String {
        self.words.value(number(n))
    }

    /// Open: nothing counted, the window is over, or fewer than the limit.
    fn require(&mut self, entry: &Entry) {
        let stem = stem(self.slot, entry.counter);
        let n = self.words.name(&format!("{stem}_n"));
        let until = self.words.name(&format!("{stem}_until"));
        let (now, max) = (self.value(self.now.0), self.value(entry.max));
        self.conditions
            .push(format!("(attribute_not_exists({n}) OR {until} <= {now} OR {n} < {max})"));
    }

    /// One more in a window that is running or begins now.
    fn charge(&mut self, entry: &Entry) {
        let stem = stem(self.slot, entry.counter);
        let n = self.words.name(&format!("{stem}_n"));
        let until = self.words.name(&format!("{stem}_until"));
        let end = self.now.plus_seconds(entry.window);
        let (now, max) = (self.value(self.now.0), self.value(entry.max));
        let (end_value, one) = (self.value(end.0), self.value(1));
        let zero = if entry.max == 0 { " AND attribute_exists(pk)" } else { "" };
        self.conditions.push(format!(
            "((attribute_not_exists({n}){zero}) OR ({until} > {now} AND {n} < {max}))"
        ));
        self.set.push(format!("{until} = if_not_exists({until}, {end_value})"));
        self.add.push(format!("{n} {one}"));
        self.keep_until(end);
    }

    /// The first of a new window, if the old one is over.
    fn restart(&mut self, entry: &Entry) {
        let (n, until, closed) = self.names(entry.counter);
        let end = self.now.plus_seconds(entry.window);
        let (now, end_value, one) = (self.value(self.now.0), self.value(end.0), self.value(1));
        self.conditions.push(format!("{until} <= {now}"));
        self.set.push(format!("{until} = {end_value}"));
        self.set.push(format!("{n} = {one}"));
        self.remove.push(closed);
        self.keep_until(end);
    }

    fn keep_until(&mut self, end: Millis) {
        // A counter may be closed for a day after its window: keep the item that much longer.
        self.ttl = self.ttl.max(end.seconds().saturating_add(2 * 86_400));
    }

    /// Only if the slot is in use already or there is one left.
    fn take_slot(&mut self) {
        let Some(slot) = self.slot else { return };
        let used = self.words.name(IN_USE);
        let (most, name) = (self.value(SLOTS), self.words.value(text(slot)));
        let one = self.words.value(AttributeValue::Ss(vec![slot.to_owned()]));
        self.conditions.push(format!(
            "(attribute_not_exists({used}) OR contains({used}, {name}) OR size({used}) < {most})"
        ));
        self.add.push(format!("{used} {one}"));
    }

    fn finish(mut self) -> (String, String, Words) {
        let ttl_name = self.words.name("ttl");
        let ttl_value = self.value(self.ttl);
        let kind_name = self.words.name("kind");
        let kind_value = self.words.value(text(self.kind));
        self.set.push(format!("{ttl_name} = {ttl_value}"));
        self.set.push(format!("{kind_name} = {kind_value}"));
        self.take_slot();
        let mut update = format!("SET {}", self.set.join(", "));
        if !self.remove.is_empty() {
            update.push_str(&format!(" REMOVE {}", self.remove.join(", ")));
        }
        if !self.add.is_empty() {
            update.push_str(&format!(" ADD {}", self.add.join(", ")));
        }
        (update, self.conditions.join(" AND "), self.words)
    }
}

/// The counters of an item.
pub(crate) fn counts(
    item: &Item,
    place: &Place<'_>,
    entries: &[Entry],
) -> BTreeMap<Counter, Count> {
    let known = |e: &Entry| Some((e.counter, read(item, &stem(place.slot, e.counter))?));
    entries.iter().filter_map(known).collect()
}

fn read(item: &Item, stem: &str) -> Option<Count> {
    let number = |part: &str| match item.get(&format!("{stem}_{part}")) {
        Some(AttributeValue::N(n)) => n.parse::<i64>().ok(),
        _ => None,
    };
    let n = u32::try_from(number("n")?.max(0)).unwrap_or(u32::MAX);
    let closed = item.contains_key(&format!("{stem}_closed"));
    Some(Count { n, until: Millis(number("until")?), closed })
}
