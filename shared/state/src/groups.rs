//! Groups nested in groups. A person's own groups are on their profile; here is only what is nested in what.

use std::collections::{BTreeMap, BTreeSet};

use rules::activity::Activity;
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
