//! The organisation's budget of texts and calls (THR-04): charged before one goes out, told to the administrators when it is
//! used up.
//!
//! # Why not …?
//! - *Why not several counters side by side?* One item takes 1,000 writes a second, and no account may send that many texts
//!   (1 to 100 a second). One counter is exact.

use rules::activity::{Activity, Name};
use rules::ids::{CorrelationId, Millis};
use rules::notice::{Audience, Kind, Notice};
use rules::throttle::{Counter, message};

use crate::Store;
use crate::fault::Fault;
use crate::key::Key;
use crate::write::{Changes, Charged, If, Place, Write, counts};

/// Why a text or call did not go out, in the record.
pub const TEXT_BUDGET: &str = "text_budget";

/// Whether a text or call may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// Paid for, or, where it was only looked at, open.
    Open,
    /// Used up for this hour.
    Exhausted,
}

impl Store {
    /// Pays for one text or call. Under any concurrency no more than `per_hour` are paid in an hour from the first; one may
    /// be paid twice when a reply is lost. The first that is refused in an hour tells the administrators, in the name of
    /// `about`.
    pub async fn pay_message(
        &self,
        per_hour: u32,
        about: &Activity,
        retention_days: u32,
        now: Millis,
    ) -> Result<Budget, Fault> {
        let place = Place { key: Key::Budget, slot: None };
        match self.count(&place, &message(per_hour), now).await? {
            Charged::Paid(_) | Charged::NoRoom(_) => Ok(Budget::Open),
            Charged::Exhausted { first, until, .. } => {
                if first {
                    self.tell_of_budget(about, until, retention_days, now).await?;
                }
                Ok(Budget::Exhausted)
            }
        }
    }

    /// How the budget stands, without paying: for a text that is withheld, which looks like any other from outside.
    pub async fn look_at_budget(&self, per_hour: u32, now: Millis) -> Result<Budget, Fault> {
        let found = self.get_all(&[Key::Budget]).await?.into_iter().flatten().next();
        let place = Place { key: Key::Budget, slot: None };
        let known = found.map(|item| counts(&item, &place, &message(per_hour)));
        let count = known.and_then(|counts| counts.get(&Counter::Messages).copied());
        let used_up = count.is_some_and(|c| now < c.until && c.n >= per_hour);
        Ok(if used_up { Budget::Exhausted } else { Budget::Open })
    }

    /// Tells the administrators and records it, in one transaction, once until the hour is over.
    async fn tell_of_budget(
        &self,
        about: &Activity,
        until: Millis,
        retention_days: u32,
        now: Millis,
    ) -> Result<(), Fault> {
        let closed = format!("{}_closed", Counter::Messages.name());
        let ends = format!("{}_until", Counter::Messages.name());
        let changes = Changes::new().set(closed.clone(), &true)?;
        let this_hour = crate::write::number(until.0);
        let once = [If::Missing(closed), If::AtLeast(ends, this_hour)];
        let writes = vec![
            Write::update(self, "budget", &Key::Budget, &changes, &once)?,
            self.record(&used_up(about, now), retention_days)?,
        ];
        // Refused: another sender told them in this very moment.
        self.commit(writes).await.map(|_| ())
    }
}

fn used_up(about: &Activity, now: Millis) -> Activity {
    // Of the organisation, not of the person whose text it was.
    let correlation =
        CorrelationId::new(now, u32::try_from(now.0.rem_euclid(1 << 20)).unwrap_or(0));
    let mut row = Activity::new(format!("{}-budget", about.id), now, Name::TextBudget, correlation);
    row.success = false;
    row.reason = Some(TEXT_BUDGET.to_owned());
    row.notices = vec![Notice {
        kind: Kind::TextBudget,
        to: Vec::new(),
        audience: Some(Audience::OtherAdministrators),
        locale: about.locale.clone().unwrap_or_else(|| String::from("en")),
    }];
    row
}
