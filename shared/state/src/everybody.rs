//! Several accounts at once: those of some names, or everybody, within bounds.

use futures_util::future::try_join_all;
use rules::ids::{SHARDS, Username};
use rules::registration::Profile;

use crate::Store;
use crate::fault::Fault;
use crate::key::Key;
use crate::read::parse;

/// Items of one BatchGetItem, DynamoDB's limit.
const BATCH: usize = 100;

impl Store {
    /// The accounts of these names, in the order asked; no name twice. One request for a hundred, side by side.
    pub async fn profiles_of(&self, names: &[&Username]) -> Result<Vec<Option<Profile>>, Fault> {
        let batches = names.chunks(BATCH).map(|names| async move {
            let keys: Vec<Key<'_>> = names.iter().map(|n| Key::Profile(n)).collect();
            self.get_all(&keys).await
        });
        let items = try_join_all(batches).await?.into_iter().flatten();
        items.map(|i| i.map(|i| parse::<Profile>("profile", i)).transpose()).collect()
    }

    /// Shows every account, in no order. Reads at most `pages` pages of a thousand (or a megabyte) of each of the
    /// [`SHARDS`], side by side; `false` if there are more.
    pub async fn everybody(&self, pages: u32, mut see: impl FnMut(Profile)) -> Result<bool, Fault> {
        let mut open: Vec<(u32, Option<Username>)> = (0..SHARDS).map(|s| (s, None)).collect();
        for _ in 0..pages {
            let asked = open.iter().map(|(s, after)| self.profiles_of_shard(*s, after.as_ref()));
            let found = try_join_all(asked).await?;
            let mut unfinished = Vec::new();
            for ((shard, _), (profiles, more)) in open.into_iter().zip(found) {
                let last = profiles.last().map(|p| p.username.clone());
                profiles.into_iter().for_each(&mut see);
                if more && last.is_some() {
                    unfinished.push((shard, last));
                }
            }
            open = unfinished;
            if open.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
