//! Counters of an account for a network: paid before a try is judged, closed when they are used up.

use rules::activity::{Activity, Name};
use rules::attempt::Attempt;
use rules::ids::{Millis, Network, Username};
use rules::notice::{Audience, Kind, Notice};
use rules::refusal::Refusal;
use rules::throttle::{Counter, Entry, Limits, begin};

use crate::fault::{Error, Fault};
use crate::key::Key;
use crate::write::{Changes, Charged, If, Write};
use crate::{Call, Store};

/// A scope of counters: whose, and for which network.
pub struct Counters<'c> {
    /// The name, whether or not anybody has it.
    pub username: &'c Username,
    /// The network, or anywhere.
    pub network: Network,
    /// The limits in force.
    pub limits: &'c Limits,
}

impl<'c> Counters<'c> {
    /// The counters of a name for the network of a call; of the account as a whole where the organisation asks for it.
    pub fn of(username: &'c Username, network: &Network, limits: &'c Limits) -> Self {
        let network = if limits.account_block { Network::anywhere() } else { network.clone() };
        Self { username, network, limits }
    }

    /// The counters an attempt is charged to: those of the network it was begun from.
    pub fn of_attempt(attempt: &'c Attempt) -> Self {
        Self::of(&attempt.username, &attempt.network, &attempt.limits)
    }

    pub(crate) fn key(&self) -> Key<'_> {
        Key::Throttle(self.username, &self.network)
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
        match self.count(&Key::Begins(network), &begin(per_hour), now).await? {
            Charged::Paid(_) => Ok(()),
            Charged::Exhausted { until, .. } => Err(throttled(now, until)),
        }
    }

    /// Charges an account's counters for a try and says how many of the scarcest are left. The first refusal of a counter
    /// closes it for the block time and records the block, once.
    ///
    /// # Refuses
    /// `Throttled`.
    pub async fn pay(
        &self,
        counters: &Counters<'_>,
        entries: &[Entry],
        call: &Call,
    ) -> Result<Payment, Error> {
        match self.count(&counters.key(), entries, call.now).await? {
            Charged::Paid(counts) => {
                let left =
                    |e: &Entry| Some((e.max.checked_sub(counts.get(&e.counter)?.n)?, e.counter));
                let moved = entries.iter().filter(|e| e.moves);
                let (left, scarcest) = moved.filter_map(left).min().unwrap_or((0, Counter::Proofs));
                Ok(Payment { left, scarcest })
            }
            Charged::Exhausted { counter, until, first: false } => {
                let _ = counter;
                Err(throttled(call.now, until))
            }
            Charged::Exhausted { counter, first: true, .. } => {
                let until = self.close(counters, counter, call).await?;
                Err(throttled(call.now, until))
            }
        }
    }

    /// Charges an account for asking its administrators for help (CON-01).
    ///
    /// # Refuses
    /// `Throttled`.
    pub async fn pay_help(&self, attempt: &Attempt, call: &Call) -> Result<(), Error> {
        let counters = Counters::of_attempt(attempt);
        match self.count(&counters.key(), &rules::throttle::help(), call.now).await? {
            Charged::Paid(_) => Ok(()),
            Charged::Exhausted { until, .. } => Err(throttled(call.now, until)),
        }
    }

    /// Closes a counter for the block time and records it, in one transaction, once.
    pub async fn close(
        &self,
        counters: &Counters<'_>,
        counter: Counter,
        call: &Call,
    ) -> Result<Millis, Fault> {
        let until = call.now.plus_seconds(counters.limits.block);
        let stem = counter.name();
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
            Write::update(self, "throttle", &counters.key(), &changes, &once)?,
            self.record(&row, call.retention_days)?,
        ];
        // Refused: somebody else closed it in this very moment, for the same time.
        self.commit(writes).await.map(|_| until)
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
    /// Which that is.
    pub scarcest: Counter,
}

fn throttled(now: Millis, until: Millis) -> Error {
    Refusal::Throttled { retry_after: now.seconds_until(until).max(1) }.into()
}
