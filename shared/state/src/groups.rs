//! Groups nested in groups. A person's own groups are on their profile; here is only what is nested in what.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use rules::activity::Activity;
use rules::ids::{SHARDS, Username};
use rules::policy::{Config, Enabled, expand};
use rules::registration::Scope;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::fault::{Error, Fault};
use crate::key::Key;
use crate::read::parse;
use crate::write::{Committed, If, Write, item};

/// Items of one BatchGetItem, DynamoDB's limit.
const BATCH: usize = 100;

#[derive(Serialize, Deserialize)]
struct Stored {
    group: String,
    groups: BTreeSet<String>,
}

impl Store {
    /// The groups nested in a group; `None` if nobody put it.
    pub async fn group(&self, name: &str) -> Result<Option<BTreeSet<String>>, Fault> {
        let stored: Option<Stored> = self.get(Key::Group(name)).await?;
        Ok(stored.map(|s| s.groups))
    }

    /// Says what is nested in a group.
    pub async fn put_group(
        &self,
        name: &str,
        groups: BTreeSet<String>,
        activity: &Activity,
        retention_days: u32,
    ) -> Result<(), Error> {
        let key = Key::Group(name);
        let stored = Stored { group: name.to_owned(), groups };
        let put = Write::put(self, "group", &key, item(&key, &stored, None)?, &[])?;
        self.commit(vec![put, self.record(activity, retention_days)?]).await?;
        Ok(())
    }

    /// Forgets what is nested in a group; `false` if there was nothing.
    pub async fn delete_group(
        &self,
        name: &str,
        activity: &Activity,
        retention_days: u32,
    ) -> Result<bool, Error> {
        let key = Key::Group(name);
        let there = Write::delete_if(self, "group", &key, &[If::Present])?;
        let row = self.record(activity, retention_days)?;
        Ok(self.commit(vec![there, row]).await? == Committed::Done)
    }

    /// How many people belong to a group directly. Membership stands on the people, so this reads every account: one
    /// request for each MB of each of the [`SHARDS`], side by side; 100,000 people are about 60 MB, read in some seconds.
    pub async fn members(&self, group: &str) -> Result<u64, Fault> {
        let shards = (0..SHARDS).map(|shard| self.members_of_shard(shard, group));
        Ok(try_join_all(shards).await?.into_iter().sum())
    }

    async fn members_of_shard(&self, shard: u32, group: &str) -> Result<u64, Fault> {
        let mut members = 0u64;
        let mut after: Option<Username> = None;
        loop {
            let (profiles, more) = self.profiles_of_shard(shard, after.as_ref()).await?;
            for profile in &profiles {
                members = members.saturating_add(u64::from(profile.groups.contains(group)));
            }
            after = profiles.into_iter().last().map(|p| p.username);
            if !more || after.is_none() {
                return Ok(members);
            }
        }
    }

    /// The scope of a configuration, with nested groups to any depth; cycles end by themselves. No request unless the
    /// configuration names groups that decide.
    pub async fn scope(&self, config: &Config) -> Result<Scope, Fault> {
        let selected = config.enabled == Enabled::Selected;
        let included: Vec<String> = if selected { config.groups.clone() } else { Vec::new() };
        let excluded = config.exclude_groups.clone();
        let mut nested: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut next: BTreeSet<String> = included.iter().chain(&excluded).cloned().collect();
        while !next.is_empty() {
            let names: Vec<String> = next.iter().cloned().collect();
            for chunk in names.chunks(BATCH) {
                let keys: Vec<Key<'_>> = chunk.iter().map(|n| Key::Group(n)).collect();
                for (name, found) in chunk.iter().zip(self.get_all(&keys).await?) {
                    let stored = found.map(|i| parse::<Stored>("group", i)).transpose()?;
                    let inner = stored.map(|s| s.groups.into_iter().collect()).unwrap_or_default();
                    nested.insert(name.clone(), inner);
                }
            }
            let known = |n: &&String| !nested.contains_key(*n);
            next = nested.values().flatten().filter(known).cloned().collect();
        }
        Ok(Scope { included: expand(&included, &nested), excluded: expand(&excluded, &nested) })
    }
}
