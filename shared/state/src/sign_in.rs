//! Signing in: what is read, how a try is paid before the password is compared, and what a success writes.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use rules::activity::Activity;
use rules::ids::{Millis, Username};
use rules::lockout::{Limits, Record, Standing, WrongPasswords, WrongTag, standing};
use rules::password::Credential;
use rules::refusal::Refusal;
use rules::secret::AccessToken;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::accounts::Account;
use crate::fault::{Error, Fault};
use crate::key::Key;
use crate::read::parse;
use crate::sessions::Session;
use crate::write::{Changes, Committed, If, Write, Written, number, text};

/// How long failed sign-ins are remembered after the last one, seconds.
const REMEMBERED: i64 = 30 * 86_400;

#[derive(Serialize, Deserialize)]
struct Stored {
    failures: u32,
    last_at: Millis,
    epoch: u64,
    /// Passwords lately found wrong.
    #[serde(default, with = "serde_bytes")]
    wrong: Vec<u8>,
    /// Payments for comparisons of which it is not known yet how they ended.
    #[serde(default)]
    open: BTreeSet<String>,
}

impl Stored {
    fn record(&self) -> Record {
        Record { failures: self.failures, last_at: self.last_at, epoch: self.epoch }
    }

    /// Failures that nobody is going to be given back any more.
    fn certain(&self) -> u32 {
        self.failures.saturating_sub(u32::try_from(self.open.len()).unwrap_or(u32::MAX))
    }
}

/// A comparison that was paid for.
pub struct Payment {
    /// What names the payment: unlike any other.
    ticket: String,
    /// For the one try after a lock: when the failure was charged that had locked.
    parole: Option<Millis>,
}

/// Rounds in which several that settle at once give way to each other; with the usual threshold of ten no more are at it.
const SETTLING_ROUNDS: u32 = 12;

/// An account with its failed sign-ins.
pub struct Door {
    /// Configuration, profile, credential.
    pub account: Account,
    /// Failures on record, of whatever epoch.
    pub record: Option<Record>,
    wrong: WrongPasswords,
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
        let stored = record.map(|i| parse::<Stored>("lockout", i)).transpose()?;
        Ok(Door {
            account: Account {
                config: Self::config_of(config)?,
                profile: profile.map(|i| parse("profile", i)).transpose()?,
                credential: credential.map(|i| parse("credential", i)).transpose()?,
            },
            record: stored.as_ref().map(Stored::record),
            wrong: stored.map(|s| WrongPasswords::from_bytes(s.wrong)).unwrap_or_default(),
        })
    }

    /// Pays for one comparison of a password. Under any concurrency at most `threshold` comparisons are paid before the
    /// lock, and one each time a lock has run out. `ticket` names the payment, and no other.
    ///
    /// # Refuses
    /// `AccountLocked`.
    pub async fn pay_sign_in(
        &self,
        username: &Username,
        door: &Door,
        ticket: &str,
        now: Millis,
    ) -> Result<Payment, Error> {
        let limits = door.limits();
        let key = Key::Lockout(username);
        let standing = door.standing(now);
        let charge = charged_at(now, &key)?.enter("open", ticket);
        let paid = match standing {
            Standing::Locked { until } => return Err(locked(now, until)),
            Standing::Fresh => self.pay_first(&key, door, charge).await?,
            Standing::Open { .. } => self.pay_more(&key, door, charge).await?,
            Standing::OnParole { failures } => {
                self.pay_parole(&key, door, failures, charge).await?
            }
        };
        if !paid {
            return Err(locked(now, now.plus_seconds(limits.seconds)));
        }
        let on_parole = matches!(standing, Standing::OnParole { .. });
        let parole = door.record.map(|r| r.last_at).filter(|_| on_parole);
        Ok(Payment { ticket: ticket.to_owned(), parole })
    }

    /// The first failure of an epoch; if somebody else was first, one more.
    async fn pay_first(&self, key: &Key<'_>, door: &Door, charge: Changes) -> Result<bool, Fault> {
        // What an earlier epoch left behind goes: its payments are void, its wrong passwords may be the new one.
        let begun = charge.clone().begin_set("open").remove("wrong");
        let begun = begun.set("failures", &1u32)?.set("epoch", &door.lock_epoch())?;
        let condition = match &door.record {
            None => If::Absent,
            Some(record) => If::Is("epoch", number(record.epoch)),
        };
        match self.update(key, &begun, &[condition]).await? {
            Written::Done(_) => Ok(true),
            Written::Refused(_) => self.pay_more(key, door, charge).await,
        }
    }

    /// The one try after a lock has run out, for whoever comes first.
    async fn pay_parole(
        &self,
        key: &Key<'_>,
        door: &Door,
        failures: u32,
        charge: Changes,
    ) -> Result<bool, Fault> {
        let next = failures.saturating_add(1);
        let mut still =
            vec![If::Is("failures", number(failures)), If::Is("epoch", number(door.lock_epoch()))];
        still.extend(door.record.map(|r| If::Is("last_at", number(r.last_at.0))));
        let written = self.update(key, &charge.set("failures", &next)?, &still).await?;
        Ok(matches!(written, Written::Done(_)))
    }

    /// One more failure below the threshold, if there is room.
    async fn pay_more(&self, key: &Key<'_>, door: &Door, charge: Changes) -> Result<bool, Fault> {
        let threshold = door.limits().threshold;
        let room =
            [If::Below("failures", number(threshold)), If::Is("epoch", number(door.lock_epoch()))];
        let written = self.update(key, &charge.charge("failures"), &room).await?;
        Ok(matches!(written, Written::Done(_)))
    }

    /// The password was wrong: remembered if it is new, given back if it is one of those remembered. Returns, if it counts,
    /// the failures that are certain with it: those of which nothing is going to be given back. Whoever makes the threshold
    /// certain has locked the name, and nobody else has.
    ///
    /// Of the same wrong password in many hands at once one counts. What is given back is bound to the payment's ticket,
    /// which goes in the same write: never twice, also when a reply is lost.
    pub async fn settle_wrong(
        &self,
        username: &Username,
        door: &Door,
        paid: &Payment,
        tag: &WrongTag,
    ) -> Result<Option<u32>, Fault> {
        let (key, epoch) = (Key::Lockout(username), door.lock_epoch());
        let current = door.record.is_some_and(|r| r.epoch == epoch);
        let mut known = if current { door.wrong.clone() } else { WrongPasswords::default() };
        for _ in 0..SETTLING_ROUNDS {
            let repeated = known.contains(tag);
            let mut still =
                vec![If::Is("epoch", number(epoch)), If::Contains("open", text(&paid.ticket))];
            let settled = Changes::new().leave("open", &paid.ticket);
            let settled = if repeated {
                let back = settled.give_back(String::from("failures"), 1);
                paid.parole.map_or(Ok(back.clone()), |at| back.set("last_at", &at))?
            } else {
                still.push(unchanged(&known));
                settled.set("wrong", &serde_bytes::Bytes::new(known.with(tag).as_bytes()))?
            };
            let (done, item) = match self.update(&key, &settled, &still).await? {
                Written::Done(item) => (true, item),
                Written::Refused(met) if met.is_empty() => return Ok(None),
                Written::Refused(met) => (false, met),
            };
            let stored: Stored = parse("lockout", item)?;
            if stored.epoch != epoch {
                // Reset or unlocked meanwhile: void.
                return Ok(None);
            }
            // Not done and yet not open: it was done by this very write, whose reply was lost.
            if done || !stored.open.contains(&paid.ticket) {
                return Ok((!repeated).then(|| stored.certain()));
            }
            known = WrongPasswords::from_bytes(stored.wrong);
        }
        Ok(None)
    }

    /// The password was right: the session, the failures forgotten, in one transaction; with it the credential that replaces
    /// the one of the version read, where its hash was renewed. If that one changed meanwhile, it is left alone: either its
    /// hash was renewed by another sign-in, or the password was changed, and then this session is dead from the start.
    pub async fn signed_in(
        &self,
        token: &AccessToken,
        session: &Session,
        renewed: Option<(&Credential, u64)>,
    ) -> Result<(), Fault> {
        let writes = |renewed: Option<(&Credential, u64)>| -> Result<Vec<Write>, Fault> {
            let name = &session.username;
            let mut writes = vec![
                self.session_write(token, session)?,
                Write::delete(self, "lockout", &Key::Lockout(name))?,
            ];
            if let Some((credential, version)) = renewed {
                writes.push(self.credential_write(name, credential, Some(version))?);
            }
            Ok(writes)
        };
        match self.commit(writes(renewed)?).await? {
            Committed::Refused("credential") => self.commit(writes(None)?).await.map(|_| ()),
            Committed::Done | Committed::Refused(_) => Ok(()),
        }
    }

    /// The password was right, yet nobody is signed in (it must be changed first, or the change was refused): the
    /// failures forgotten. The record goes as a whole, since a record of zero failures could be begun twice.
    pub async fn forgive(&self, username: &Username) -> Result<(), Fault> {
        self.remove(&Key::Lockout(username)).await
    }

    /// Failed sign-ins of a name, for administrators.
    pub async fn lockout(&self, username: &Username) -> Result<Option<Record>, Fault> {
        let stored: Option<Stored> = self.get(Key::Lockout(username)).await?;
        Ok(stored.as_ref().map(Stored::record))
    }

    /// Records a lock. A fact without a change: the lock itself follows from the counter.
    pub async fn record_lock(&self, activity: &Activity, days: u32) -> Result<(), Fault> {
        self.append(activity, days).await
    }
}

/// Nobody else has remembered one since.
fn unchanged(known: &WrongPasswords) -> If {
    if known.as_bytes().is_empty() {
        return If::Missing(String::from("wrong"));
    }
    If::Is("wrong", AttributeValue::B(Blob::new(known.as_bytes())))
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
