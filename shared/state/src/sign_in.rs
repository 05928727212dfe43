//! Signing in: what is read, how a try is paid before the password is compared, and what a success writes.

use rules::activity::Activity;
use rules::ids::{Millis, Username};
use rules::lockout::{Limits, Record, Standing, standing};
use rules::refusal::Refusal;
use rules::secret::AccessToken;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::accounts::Account;
use crate::fault::{Error, Fault};
use crate::key::Key;
use crate::read::parse;
use crate::sessions::Session;
use crate::write::{Changes, If, Write, Written, number};

/// How long failed sign-ins are remembered after the last one, seconds.
const REMEMBERED: i64 = 30 * 86_400;

#[derive(Serialize, Deserialize)]
struct Stored {
    failures: u32,
    last_at: Millis,
    epoch: u64,
}

/// An account with its failed sign-ins.
pub struct Door {
    /// Configuration, profile, credential.
    pub account: Account,
    /// Failures on record, of whatever epoch.
    pub record: Option<Record>,
}

impl Door {
    /// The epoch that failures must belong to in order to count. A name that is nobody's has epoch 0.
    pub fn lock_epoch(&self) -> u64 {
        self.account.profile.as_ref().map_or(0, |p| p.lock_epoch)
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.account.config.config.lockout_limits()
    }

    /// What the name may do now.
    pub fn standing(&self, now: Millis) -> Standing {
        standing(self.record.as_ref(), self.lock_epoch(), &self.limits(), now)
    }
}

impl Store {
    /// What a sign-in needs, in one request.
    pub async fn door(&self, username: &Username) -> Result<Door, Fault> {
        let keys = [
            Key::Config,
            Key::Profile(username),
            Key::Credential(username),
            Key::Lockout(username),
        ];
        let found = self.get_all(&keys).await?;
        let read = <[_; 4]>::try_from(found);
        let [config, profile, credential, record] =
            read.map_err(|_| Fault::Computation { what: "a batch" })?;
        let record = record.map(|i| parse::<Stored>("lockout", i)).transpose()?;
        Ok(Door {
            account: Account {
                config: Self::config_of(config)?,
                profile: profile.map(|i| parse("profile", i)).transpose()?,
                credential: credential.map(|i| parse("credential", i)).transpose()?,
            },
            record: record.map(|s| Record {
                failures: s.failures,
                last_at: s.last_at,
                epoch: s.epoch,
            }),
        })
    }

    /// Pays for one comparison of a password. Under any concurrency at most `threshold` comparisons are paid before the
    /// lock, and one each time a lock has run out. Returns the failures this one makes, if it is one.
    ///
    /// # Refuses
    /// `AccountLocked`.
    pub async fn pay_sign_in(
        &self,
        username: &Username,
        door: &Door,
        now: Millis,
    ) -> Result<u32, Error> {
        let limits = door.limits();
        let key = Key::Lockout(username);
        let paid = match door.standing(now) {
            Standing::Locked { until } => return Err(locked(now, until)),
            Standing::Fresh => self.pay_first(&key, door, now).await?,
            Standing::Open { .. } => self.pay_more(&key, door, now).await?,
            Standing::OnParole { failures } => self.pay_parole(&key, door, failures, now).await?,
        };
        paid.ok_or_else(|| locked(now, now.plus_seconds(limits.seconds)))
    }

    /// The first failure of an epoch; if somebody else was first, one more.
    async fn pay_first(
        &self,
        key: &Key<'_>,
        door: &Door,
        now: Millis,
    ) -> Result<Option<u32>, Fault> {
        let changes = charged_at(now, key)?.set("failures", &1u32)?;
        let changes = changes.set("epoch", &door.lock_epoch())?;
        let condition = match &door.record {
            None => If::Absent,
            Some(record) => If::Is("epoch", number(record.epoch)),
        };
        match self.update(key, &changes, &[condition]).await? {
            Written::Done(_) => Ok(Some(1)),
            Written::Refused(_) => self.pay_more(key, door, now).await,
        }
    }

    /// The one try after a lock has run out, for whoever comes first.
    async fn pay_parole(
        &self,
        key: &Key<'_>,
        door: &Door,
        failures: u32,
        now: Millis,
    ) -> Result<Option<u32>, Fault> {
        let next = failures.saturating_add(1);
        let changes = charged_at(now, key)?.set("failures", &next)?;
        let last = door.record.map_or(now, |r| r.last_at);
        let still = [
            If::Is("failures", number(failures)),
            If::Is("last_at", number(last.0)),
            If::Is("epoch", number(door.lock_epoch())),
        ];
        let written = self.update(key, &changes, &still).await?;
        Ok(matches!(written, Written::Done(_)).then_some(next))
    }

    /// One more failure below the threshold; `None` if there is no room.
    async fn pay_more(
        &self,
        key: &Key<'_>,
        door: &Door,
        now: Millis,
    ) -> Result<Option<u32>, Fault> {
        let changes = charged_at(now, key)?.charge("failures");
        let threshold = door.limits().threshold;
        let room =
            [If::Below("failures", number(threshold)), If::Is("epoch", number(door.lock_epoch()))];
        match self.update(key, &changes, &room).await? {
            Written::Done(item) => Ok(Some(parse::<Stored>("lockout", item)?.failures)),
            Written::Refused(_) => Ok(None),
        }
    }

    /// The password was right: the session, the failures forgotten, in one transaction.
    pub async fn signed_in(&self, token: &AccessToken, session: &Session) -> Result<(), Fault> {
        let writes = vec![
            self.session_write(token, session)?,
            Write::delete(self, "lockout", &Key::Lockout(&session.username))?,
        ];
        self.commit(writes).await.map(|_| ())
    }

    /// The password was right, yet nobody is signed in (it must be changed first, or the change was refused): the
    /// failures forgotten. The record goes as a whole, since a record of zero failures could be begun twice.
    pub async fn forgive(&self, username: &Username) -> Result<(), Fault> {
        self.remove(&Key::Lockout(username)).await
    }

    /// Failed sign-ins of a name, for administrators.
    pub async fn lockout(&self, username: &Username) -> Result<Option<Record>, Fault> {
        let stored: Option<Stored> = self.get(Key::Lockout(username)).await?;
        Ok(stored.map(|s| Record { failures: s.failures, last_at: s.last_at, epoch: s.epoch }))
    }

    /// Records a lock. A fact without a change: the lock itself follows from the counter.
    pub async fn record_lock(&self, activity: &Activity, days: u32) -> Result<(), Fault> {
        self.append(activity, days).await
    }
}

fn charged_at(now: Millis, key: &Key<'_>) -> Result<Changes, Fault> {
    Changes::new()
        .set("last_at", &now)?
        .set("ttl", &now.seconds().saturating_add(REMEMBERED))?
        .set("kind", &key.kind())
}

fn locked(now: Millis, until: Millis) -> Error {
    Refusal::AccountLocked { retry_after: now.seconds_until(until).max(1) }.into()
}
