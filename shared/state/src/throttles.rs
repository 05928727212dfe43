//! Counters of an account for a network: paid before a try is judged, closed when they are used up.

use std::collections::BTreeMap;

use rules::activity::{Activity, Name};
use rules::attempt::Attempt;
use rules::ids::{Millis, Network, Username};
use rules::notice::{Audience, Kind, Notice};
use rules::proof_of_work::Solved;
use rules::refusal::Refusal;
use rules::throttle::{Count, Counter, Entry, Limits, Part, begin, is_stepped_up};
use serde::{Deserialize, Serialize};

use crate::fault::{Error, Fault};
use crate::key::Key;
use crate::write::{Changes, Charged, If, Place, Write, Written, item, stem};
use crate::{Call, Store};

#[derive(Deserialize)]
struct Begun {
    begins_n: u32,
    begins_until: Millis,
}

#[derive(Serialize)]
struct Accepted {
    by: String,
    ends_at: Millis,
}

/// A scope of counters: whose, and for which network.
///
/// All counters of a person who resets from one or two networks are in one item of the account, so that one write charges
/// the network and the account as a whole. Where strangers have filled that item, a network's counters are *apart*: in an
/// item of their own, charged by a second write.
pub struct Counters<'c> {
    /// The name, whether or not anybody has it.
    pub username: &'c Username,
    /// The network, or anywhere.
    pub network: Network,
    /// The limits in force.
    pub limits: &'c Limits,
    anywhere: Network,
}

impl<'c> Counters<'c> {
    /// The counters of a name for the network of a call; of the account as a whole where the organisation asks for it.
    pub fn of(username: &'c Username, network: &Network, limits: &'c Limits) -> Self {
        let anywhere = Network::anywhere();
        let network = if limits.account_block { anywhere.clone() } else { network.clone() };
        Self { username, network, limits, anywhere }
    }

    /// The counters an attempt is charged to: those of the network it was begun from.
    pub fn of_attempt(attempt: &'c Attempt) -> Self {
        Self::of(&attempt.username, &attempt.network, &attempt.limits)
    }

    /// The account's item.
    pub(crate) fn shared(&self) -> Key<'_> {
        Key::Throttle(self.username, &self.anywhere)
    }

    /// The network's own item.
    pub(crate) fn apart(&self) -> Key<'_> {
        Key::Throttle(self.username, &self.network)
    }

    /// The slot of the network in the account's item.
    fn slot(&self) -> Option<String> {
        (self.network != self.anywhere).then(|| self.network.slot())
    }

    /// Where a counter is and what its attributes begin with.
    pub(crate) fn place(&self, counter: Counter, apart: bool) -> (Key<'_>, String) {
        if counter.is_account_wide() || !apart {
            (self.shared(), stem(self.slot().as_deref(), counter))
        } else {
            (self.apart(), stem(None, counter))
        }
    }
}

impl Store {
    /// Charges a network for beginning an attempt.
    ///
    /// # Refuses
    /// `Throttled`.
    pub async fn pay_begin(
        &self,
        network: &Network,
        per_hour: u32,
        now: Millis,
    ) -> Result<(), Error> {
        let place = Place { key: Key::Begins(network), slot: None };
        match self.count(&place, &begin(per_hour), now).await? {
            Charged::Paid(_) | Charged::NoRoom(_) => Ok(()),
            Charged::Exhausted { until, .. } => Err(throttled(now, until)),
        }
    }

    /// How many attempts a network has begun in this hour, as counted.
    pub async fn begun(&self, network: &Network, now: Millis) -> Result<u32, Fault> {
        let key = Key::Begins(network);
        let found: Option<Begun> = self.get(key).await?;
        Ok(found.filter(|b| now < b.begins_until).map_or(0, |b| b.begins_n))
    }

    /// Accepts a solved challenge of the proof of work, once. `false` if it was accepted before.
    pub async fn accept_proof(&self, solved: &Solved, call: &Call) -> Result<bool, Fault> {
        let key = Key::Proof(&solved.nonce);
        // By this very call: the repeat of another must not pass for its own lost reply.
        let accepted = Accepted { by: call.id.clone(), ends_at: solved.ends_at };
        let item = item(&key, &accepted, Some(solved.ends_at.seconds().saturating_add(60)))?;
        Ok(matches!(self.create(&key, item).await?, Written::Done(_)))
    }

    /// Charges an account's counters for a try and says how many of the scarcest are left. The first refusal of a counter
    /// closes it for the block time and records the block, once.
    ///
    /// # Refuses
    /// `Throttled`; `CodeExpired` for a short code of an account whose short codes were answered as often as may be
    /// (THR-03): the next one is long.
    pub async fn pay(
        &self,
        counters: &Counters<'_>,
        entries: &[Entry],
        call: &Call,
    ) -> Result<Payment, Error> {
        let (charged, apart) = self.charge_somewhere(counters, entries, call.now).await?;
        match charged {
            Charged::Paid(counts) => {
                Ok(Payment::of(counters.limits, entries, &counts, apart, call.now))
            }
            Charged::Exhausted { counter: Counter::Short, first, .. } => {
                if first {
                    self.step_up(counters, call).await?;
                }
                Err(Refusal::CodeExpired.into())
            }
            Charged::Exhausted { until, first: false, .. } => Err(throttled(call.now, until)),
            Charged::Exhausted { counter, first: true, .. } => {
                let until = self.close(counters, counter, apart, call).await?;
                Err(throttled(call.now, until))
            }
            Charged::NoRoom(_) => Err(Fault::Computation { what: "a charge" }.into()),
        }
    }

    /// Charges the account's item, or the network's own where the account's has no room; whether it was the latter.
    async fn charge_somewhere(
        &self,
        counters: &Counters<'_>,
        entries: &[Entry],
        now: Millis,
    ) -> Result<(Charged, bool), Fault> {
        let slot = counters.slot();
        let shared = Place { key: counters.shared(), slot: slot.as_deref() };
        let mut known = match self.count(&shared, entries, now).await? {
            Charged::NoRoom(known) => known,
            charged @ (Charged::Paid(_) | Charged::Exhausted { .. }) => {
                return Ok((charged, false));
            }
        };
        let (wide, own): (Vec<Entry>, Vec<Entry>) =
            entries.iter().partition(|e| e.counter.is_account_wide());
        let apart = Place { key: counters.apart(), slot: None };
        match self.count(&apart, &own, now).await? {
            Charged::Paid(counts) => known.extend(counts),
            refused @ (Charged::Exhausted { .. } | Charged::NoRoom(_)) => {
                return Ok((refused, true));
            }
        }
        if wide.iter().any(|e| e.part == Part::Moves) {
            let shared = Place { key: counters.shared(), slot: None };
            match self.count(&shared, &wide, now).await? {
                Charged::Paid(counts) => known.extend(counts),
                refused @ (Charged::Exhausted { .. } | Charged::NoRoom(_)) => {
                    return Ok((refused, true));
                }
            }
        }
        Ok((Charged::Paid(known), true))
    }

    /// Charges an account for asking its administrators for help (CON-01).
    ///
    /// # Refuses
    /// `Throttled`.
    pub async fn pay_help(&self, attempt: &Attempt, call: &Call) -> Result<(), Error> {
        let counters = Counters::of_attempt(attempt);
        let (charged, _) =
            self.charge_somewhere(&counters, &rules::throttle::help(), call.now).await?;
        match charged {
            Charged::Paid(_) | Charged::NoRoom(_) => Ok(()),
            Charged::Exhausted { until, .. } => Err(throttled(call.now, until)),
        }
    }

    /// Closes a counter for the block time and records it, in one transaction, once.
    pub async fn close(
        &self,
        counters: &Counters<'_>,
        counter: Counter,
        apart: bool,
        call: &Call,
    ) -> Result<Millis, Fault> {
        let until = call.now.plus_seconds(counters.limits.block);
        let (key, stem) = counters.place(counter, apart);
        let changes = Changes::new()
            .set(format!("{stem}_until"), &until)?
            .set(format!("{stem}_closed"), &true)?
            .set("ttl", &until.seconds().saturating_add(86_400))?;
        let once = [If::Missing(format!("{stem}_closed"))];
        let mut row = call.activity("blocked", Name::Blocked);
        row.target = Some(counters.username.clone());
        row.success = false;
        row.reason = Some(counter.detail());
        row.notices = vec![Notice {
            kind: Kind::Blocked,
            to: Vec::new(),
            audience: Some(Audience::Person),
            locale: call.locale.clone(),
        }];
        let writes = vec![
            Write::update(self, "throttle", &key, &changes, &once)?,
            self.record(&row, call.retention_days)?,
        ];
        // Refused: somebody else closed it in this very moment, for the same time.
        self.commit(writes).await.map(|_| until)
    }

    /// Records, once, that an account's codes are long from here on. Nothing is closed, so nobody is told.
    pub(crate) async fn step_up(&self, counters: &Counters<'_>, call: &Call) -> Result<(), Fault> {
        let (key, stem) = counters.place(Counter::Short, false);
        let changes = Changes::new().set(format!("{stem}_closed"), &true)?;
        let once = [If::Missing(format!("{stem}_closed"))];
        let mut row = call.activity("long-codes", Name::Progress);
        row.target = Some(counters.username.clone());
        row.reason = Some(String::from("long_codes"));
        let writes = vec![
            Write::update(self, "throttle", &key, &changes, &once)?,
            self.record(&row, call.retention_days)?,
        ];
        self.commit(writes).await.map(|_| ())
    }

    /// Removes every counter of an account for every network; for administrators who unblock.
    pub async fn clear_counters(
        &self,
        username: &Username,
        activity: &Activity,
        days: u32,
    ) -> Result<(), Fault> {
        let anywhere = Network::anywhere();
        let (partition, _) = Key::Throttle(username, &anywhere).pair();
        let (items, _) = self
            .page(crate::read::Page {
                table: crate::key::Table::State,
                index: None,
                partition_attribute: "pk",
                partition: &partition,
                between: None,
                forward: true,
                limit: CLEAR_AT_ONCE,
            })
            .await?;
        let mut writes = vec![self.record(activity, days)?];
        for item in &items {
            let (_, network) = crate::read::pair_of(item);
            let network = Network::from_key(network);
            writes.push(Write::delete(self, "throttle", &Key::Throttle(username, &network))?);
        }
        self.commit(writes).await.map(|_| ())
    }
}

/// Networks whose counters one unblock removes: what fits a transaction of 100 writes with the record of it.
const CLEAR_AT_ONCE: i32 = 98;

/// A paid try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// Tries left of the scarcest counter after this one.
    pub left: u32,
    /// The network's counter that this try used up.
    pub used_up: Option<Counter>,
    /// Whether this was the last answer on a short code.
    pub last_short: bool,
    /// Whether the next code has to be a long one.
    pub stepped_up: bool,
    /// Whether the network's counters are in an item of their own.
    pub apart: bool,
}

impl Payment {
    fn of(
        limits: &Limits,
        entries: &[Entry],
        counts: &BTreeMap<Counter, Count>,
        apart: bool,
        now: Millis,
    ) -> Self {
        let left = |e: &Entry| Some((e.max.checked_sub(counts.get(&e.counter)?.n)?, e.counter));
        let moved = entries.iter().filter(|e| e.part == Part::Moves);
        let mut left: Vec<(u32, Counter)> = moved.filter_map(left).collect();
        left.sort_unstable();
        let mut empty = left.iter().filter(|(n, _)| *n == 0).map(|(_, counter)| *counter);
        Self {
            left: left.first().map_or(0, |(n, _)| *n),
            last_short: empty.clone().any(Counter::is_account_wide),
            used_up: empty.find(|counter| !counter.is_account_wide()),
            stepped_up: is_stepped_up(limits, counts, now),
            apart,
        }
    }
}

fn throttled(now: Millis, until: Millis) -> Error {
    Refusal::Throttled { retry_after: now.seconds_until(until).max(1) }.into()
}
