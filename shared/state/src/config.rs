//! The organisation's configuration: one current document, every earlier one kept.

use rules::activity::Activity;
use rules::ids::Username;
use rules::policy::Config;
use rules::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::fault::{Error, Fault};
use crate::key::{Item, Key, Table};
use crate::read::{Page, parse};
use crate::write::{Committed, If, Write, item, number};

/// A version of the configuration.
#[derive(Debug, Clone)]
pub struct Versioned {
    /// From 1, the defaults that were never written.
    pub version: u64,
    /// The document.
    pub config: Config,
    /// When it was put, and by whom; nothing for the defaults.
    pub put: Option<(rules::ids::Millis, Username)>,
}

/// As stored: the document is text, so that one attribute holds it whatever shape it has.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u64,
    document: String,
    at: rules::ids::Millis,
    by: Username,
}

impl Stored {
    fn open(self) -> Result<Versioned, Fault> {
        let config = serde_json::from_str(&self.document);
        let config = config.map_err(|_| Fault::Corrupt { kind: "config" })?;
        Ok(Versioned { version: self.version, config, put: Some((self.at, self.by)) })
    }
}

impl Versioned {
    /// The defaults, in force until an administrator puts something else.
    pub fn defaults() -> Self {
        Self { version: 1, config: Config::default(), put: None }
    }
}

impl Store {
    /// The configuration in force. One request.
    pub async fn config(&self) -> Result<Versioned, Fault> {
        let stored: Option<Stored> = self.get(Key::Config).await?;
        stored.map_or_else(|| Ok(Versioned::defaults()), Stored::open)
    }

    /// Reads the configuration from an item of a batch.
    pub(crate) fn config_of(found: Option<Item>) -> Result<Versioned, Fault> {
        match found {
            Some(found) => parse::<Stored>("config", found)?.open(),
            None => Ok(Versioned::defaults()),
        }
    }

    /// Puts a document in force as the version after `expected`, keeps it as a version, and records the change, in one
    /// transaction.
    ///
    /// # Refuses
    /// `PreconditionFailed` if `expected` is not the version in force any more.
    pub async fn put_config(
        &self,
        expected: u64,
        config: &Config,
        by: &Username,
        activity: &Activity,
    ) -> Result<Versioned, Error> {
        let document = serde_json::to_string(config);
        let document = document.map_err(|_| Fault::Computation { what: "a document" })?;
        let version = expected.saturating_add(1);
        let stored = Stored { version, document, at: activity.at, by: by.clone() };
        let current = if expected == 1 {
            Write::create(self, "current", &Key::Config, item(&Key::Config, &stored, None)?)?
        } else {
            let still = [If::Is("version", number(expected))];
            Write::put(self, "current", &Key::Config, item(&Key::Config, &stored, None)?, &still)?
        };
        let kept = Key::ConfigVersion(version);
        let kept = Write::create(self, "version", &kept, item(&kept, &stored, None)?)?;
        let row = self.record(activity, config.retention.activity_days)?;
        match self.commit(vec![current, kept, row]).await? {
            Committed::Done => Ok(stored.open()?),
            Committed::Refused(_) => Err(Refusal::PreconditionFailed.into()),
        }
    }

    /// One version; 1 is always there.
    pub async fn config_version(&self, version: u64) -> Result<Option<Versioned>, Fault> {
        if version == 1 {
            return Ok(Some(Versioned::defaults()));
        }
        let stored: Option<Stored> = self.get(Key::ConfigVersion(version)).await?;
        stored.map(Stored::open).transpose()
    }

    /// Versions from `before` (exclusive) downwards, at most `limit`, newest first; the defaults are the last.
    pub async fn config_versions(&self, before: u64, limit: u32) -> Result<Vec<Versioned>, Fault> {
        let to = Key::ConfigVersion(before.saturating_sub(1)).pair().1;
        let page = Page {
            table: Table::State,
            index: None,
            partition_attribute: "pk",
            partition: "CONFIG",
            between: Some(("v#0000000000", &to)),
            forward: false,
            limit: i32::try_from(limit).unwrap_or(i32::MAX),
        };
        let (items, more) = self.page(page).await?;
        let read = items.into_iter().map(|i| parse::<Stored>("config", i)?.open());
        let mut versions = read.collect::<Result<Vec<_>, _>>()?;
        if !more && before > 1 && versions.len() < usize::try_from(limit).unwrap_or(0) {
            versions.push(Versioned::defaults());
        }
        Ok(versions)
    }
}
