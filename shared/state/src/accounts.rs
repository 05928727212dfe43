//! Accounts: a profile that many functions may read, and a credential that few may touch.

use futures_util::future::try_join_all;
use rules::activity::Activity;
use rules::ids::{SHARDS, Username};
use rules::lockout::Record;
use rules::password::Credential;
use rules::refusal::Refusal;
use rules::registration::Profile;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::config::Versioned;
use crate::fault::{Error, Fault};
use crate::key::{Key, Table, profile_partition};
use crate::read::{Page, parse};
use crate::write::{Committed, If, Write, item, number};

/// Items of one BatchGetItem, DynamoDB's limit.
const BATCH: usize = 100;

/// Accounts of one page of a shard; 1 MB, DynamoDB's limit, comes first when they are large.
const WALK: i32 = 1_000;

/// A credential with the version that guards its change.
#[derive(Clone, Serialize, Deserialize)]
pub struct StoredCredential {
    /// Salt, parameters, verifier, history.
    #[serde(flatten)]
    pub credential: Credential,
    /// Moves with every change.
    pub version: u64,
}

/// An account as one request needs it.
#[derive(Clone)]
pub struct Account {
    /// The configuration in force.
    pub config: Versioned,
    /// Without secrets; `None` if nobody has the name.
    pub profile: Option<Profile>,
    /// `None` if there is no password yet.
    pub credential: Option<StoredCredential>,
}

/// A change of an account: what is written together.
pub struct AccountChange<'c> {
    /// The profile after it; its `version` is the one that was read.
    pub profile: &'c Profile,
    /// The credential after it, with the version that was read (`None`: there was none); nothing if it stays.
    pub credential: Option<(&'c Credential, Option<u64>)>,
    /// The fact, with the notices to send.
    pub activity: &'c Activity,
    /// How long the fact is kept, days.
    pub retention_days: u32,
}

impl Store {
    /// A profile.
    pub async fn profile(&self, username: &Username) -> Result<Option<Profile>, Fault> {
        self.get(Key::Profile(username)).await
    }

    /// Configuration and profile in one request.
    pub async fn configured_profile(
        &self,
        username: &Username,
    ) -> Result<(Versioned, Option<Profile>), Fault> {
        let found = self.get_all(&[Key::Config, Key::Profile(username)]).await?;
        let [config, profile] = <[_; 2]>::try_from(found).map_err(|_| batch_fault())?;
        let profile = profile.map(|i| parse("profile", i)).transpose()?;
        Ok((Self::config_of(config)?, profile))
    }

    /// Configuration, profile and credential in one request.
    pub async fn account(&self, username: &Username) -> Result<Account, Fault> {
        let keys = [Key::Config, Key::Profile(username), Key::Credential(username)];
        let found = self.get_all(&keys).await?;
        let [config, profile, credential] = <[_; 3]>::try_from(found).map_err(|_| batch_fault())?;
        Ok(Account {
            config: Self::config_of(config)?,
            profile: profile.map(|i| parse("profile", i)).transpose()?,
            credential: credential.map(|i| parse("credential", i)).transpose()?,
        })
    }

    /// Makes an account.
    ///
    /// # Refuses
    /// `Conflict` if somebody else just made it.
    pub async fn create_account(&self, change: AccountChange<'_>) -> Result<(), Error> {
        let key = Key::Profile(&change.profile.username);
        let profile = item(&key, change.profile, None)?;
        let mut writes = vec![Write::create(self, "profile", &key, profile)?];
        self.finish_change(&mut writes, &change)?;
        self.commit_change(writes).await
    }

    /// Changes an account: the profile if it is still the one read, with what belongs together.
    ///
    /// # Refuses
    /// `Conflict` if the account changed meanwhile: read it again and decide again.
    pub async fn change_account(&self, change: AccountChange<'_>) -> Result<(), Error> {
        self.change_account_and(change, Vec::new()).await
    }

    /// [`Store::change_account`] together with other writes.
    pub(crate) async fn change_account_and(
        &self,
        change: AccountChange<'_>,
        mut writes: Vec<Write>,
    ) -> Result<(), Error> {
        writes.push(self.profile_write(change.profile)?);
        self.finish_change(&mut writes, &change)?;
        self.commit_change(writes).await
    }

    /// [`Store::change_account`] while `actor`, another account, is still as read. A change that takes an administrator's
    /// rights away is made so, by an administrator: whoever made it is one afterwards, so at least one remains, also when
    /// two take each other's rights away in one moment.
    ///
    /// # Refuses
    /// `Conflict` if either account changed meanwhile.
    pub async fn change_account_as(
        &self,
        actor: &Profile,
        change: AccountChange<'_>,
    ) -> Result<(), Error> {
        let mut writes = vec![self.profile_write(change.profile)?, self.still(actor)?];
        self.finish_change(&mut writes, &change)?;
        self.commit_change(writes).await
    }

    /// Removes an account with everything that is kept under its name, while `actor`, another account, is still as read
    /// (see [`Store::change_account_as`]).
    ///
    /// # Refuses
    /// `Conflict` if either account changed meanwhile.
    pub async fn delete_account_as(
        &self,
        actor: &Profile,
        profile: &Profile,
        activity: &Activity,
        retention_days: u32,
    ) -> Result<(), Error> {
        let name = &profile.username;
        let still = [If::Is("version", number(profile.version))];
        let writes = vec![
            self.still(actor)?,
            Write::delete_if(self, "profile", &Key::Profile(name), &still)?,
            Write::delete(self, "credential", &Key::Credential(name))?,
            Write::delete(self, "lockout", &Key::Lockout(name))?,
            Write::delete(self, "enrolment", &Key::Enrolment(name))?,
            Write::delete(self, "factors", &Key::Factors(name))?,
            self.record(activity, retention_days)?,
        ];
        self.commit_change(writes).await
    }

    /// The write of a changed profile: guarded by the version that was read, one higher after it.
    pub(crate) fn profile_write(&self, profile: &Profile) -> Result<Write, Fault> {
        let key = Key::Profile(&profile.username);
        let still = [If::Is("version", number(profile.version))];
        let mut next = profile.clone();
        next.version = profile.version.saturating_add(1);
        Write::put(self, "profile", &key, item(&key, &next, None)?, &still)
    }

    /// The write of a changed credential.
    pub(crate) fn credential_write(
        &self,
        username: &Username,
        credential: &Credential,
        read: Option<u64>,
    ) -> Result<Write, Fault> {
        let key = Key::Credential(username);
        let version = read.unwrap_or_default().saturating_add(1);
        let stored = StoredCredential { credential: credential.clone(), version };
        let condition = match read {
            Some(version) => If::Is("version", number(version)),
            None => If::Absent,
        };
        Write::put(self, "credential", &key, item(&key, &stored, None)?, &[condition])
    }

    fn still(&self, actor: &Profile) -> Result<Write, Fault> {
        let version = If::Is("version", number(actor.version));
        Write::check(self, "actor", &Key::Profile(&actor.username), &[version])
    }

    fn finish_change(&self, writes: &mut Vec<Write>, c: &AccountChange<'_>) -> Result<(), Fault> {
        if let Some((credential, read)) = c.credential {
            writes.push(self.credential_write(&c.profile.username, credential, read)?);
        }
        writes.push(self.record(c.activity, c.retention_days)?);
        Ok(())
    }

    async fn commit_change(&self, writes: Vec<Write>) -> Result<(), Error> {
        match self.commit(writes).await? {
            Committed::Done => Ok(()),
            Committed::Refused(_) => Err(Refusal::Conflict.into()),
        }
    }

    /// Accounts in the order of their names from `after` (exclusive), at most `limit`: each shard is asked for as many,
    /// side by side, and the first of all are taken.
    pub async fn profiles(&self, after: Option<&str>, limit: u32) -> Result<Vec<Profile>, Fault> {
        let from = after.map_or_else(|| String::from("\u{1}"), |name| format!("{name}\u{1}"));
        let partitions: Vec<String> = (0..SHARDS).map(profile_partition).collect();
        let pages = partitions.iter().map(|partition| {
            self.page(Page {
                table: Table::State,
                index: None,
                partition_attribute: "pk",
                partition,
                between: Some((&from, "\u{10FFFF}")),
                forward: true,
                limit: i32::try_from(limit).unwrap_or(i32::MAX),
            })
        });
        let items = try_join_all(pages).await?.into_iter().flat_map(|(items, _)| items);
        let parsed = items.map(|i| parse::<Profile>("profile", i));
        let mut profiles = parsed.collect::<Result<Vec<_>, _>>()?;
        profiles.sort_by(|a, b| a.username.cmp(&b.username));
        profiles.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(profiles)
    }
}

impl Store {
    /// Accounts of one of the [`SHARDS`] in the order of their names from `after` (exclusive), and whether there are more.
    /// For walks over everybody, each shard on its own: one request for 1 MB of accounts.
    pub async fn profiles_of_shard(
        &self,
        shard: u32,
        after: Option<&Username>,
    ) -> Result<(Vec<Profile>, bool), Fault> {
        let from = after.map_or_else(|| String::from("\u{1}"), |name| format!("{name}\u{1}"));
        let page = Page {
            table: Table::State,
            index: None,
            partition_attribute: "pk",
            partition: &profile_partition(shard),
            between: Some((&from, "\u{10FFFF}")),
            forward: true,
            limit: WALK,
        };
        let (items, more) = self.page(page).await?;
        let parsed = items.into_iter().map(|i| parse::<Profile>("profile", i));
        Ok((parsed.collect::<Result<Vec<_>, _>>()?, more))
    }

    /// Failed sign-ins of several names, in the order asked: one request for a hundred, side by side.
    pub async fn lockouts(&self, names: &[&Username]) -> Result<Vec<Option<Record>>, Fault> {
        let batches = names.chunks(BATCH).map(|names| async move {
            let keys: Vec<Key<'_>> = names.iter().map(|n| Key::Lockout(n)).collect();
            self.get_all(&keys).await
        });
        let items = try_join_all(batches).await?.into_iter().flatten();
        items.map(|i| i.map(|i| parse::<Record>("lockout", i)).transpose()).collect()
    }
}

fn batch_fault() -> Fault {
    Fault::Computation { what: "a batch" }
}
