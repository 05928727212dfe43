//! Every key of both tables, spelled in one `match`.
//!
//! Partition keys begin with the item's kind, because roles are cut by that prefix (`dynamodb:LeadingKeys`): a function
//! that may not touch credentials cannot name one.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use rules::ids::{CorrelationId, Millis, Network, SHARDS, Username};
use rules::secret::TokenHash;
use sha2::{Digest, Sha256};

use crate::{Store, Tables};

/// An item as the SDK sees it.
pub type Item = HashMap<String, AttributeValue>;

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Live items.
    State,
    /// Facts and messages.
    Activity,
}

impl Table {
    pub(crate) fn name(self, tables: &Tables) -> &str {
        match self {
            Self::State => &tables.state,
            Self::Activity => &tables.activity,
        }
    }
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key<'k> {
    /// An account without its secrets. Spread over [`SHARDS`] partitions by name, so that people can be listed.
    Profile(&'k Username),
    /// An account's password, and nothing else.
    Credential(&'k Username),
    /// Counters of one account for one network.
    Throttle(&'k Username, &'k Network),
    /// Failed sign-ins of a name.
    Lockout(&'k Username),
    /// Attempts begun from a network.
    Begins(&'k Network),
    /// An attempt. Its partition is the quarter of an hour in which it ends, its sort key begins with the minute.
    Attempt(CorrelationId),
    /// A signed-in person.
    Session(&'k TokenHash),
    /// A contact about to be proved.
    Enrolment(&'k Username),
    /// What proves a name without anything being sent, sealed; a blank for a name that nobody has.
    Factors(&'k Username),
    /// The configuration in force.
    Config,
    /// A version of the configuration.
    ConfigVersion(u64),
    /// A group's nested groups.
    Group(&'k str),
    /// What became of a message to one recipient.
    Delivery(&'k str, &'k str),
    /// A request made under an idempotency key, by its tag.
    Idempotency(&'k str),
    /// What the link in a notice stands for.
    Disowning(&'k TokenHash),
    /// A proof of work that was accepted, by its nonce.
    Proof(&'k str),
    /// Texts and calls of the organisation.
    Budget,
    /// How far the sweep has come.
    SweepMark,
    /// A fact or a message to send.
    Activity(Millis, &'k str),
}

impl Key<'_> {
    /// The table it belongs to.
    pub fn table(&self) -> Table {
        match self {
            Self::Activity(..) => Table::Activity,
            Self::Profile(_)
            | Self::Credential(_)
            | Self::Throttle(..)
            | Self::Lockout(_)
            | Self::Begins(_)
            | Self::Attempt(_)
            | Self::Session(_)
            | Self::Enrolment(_)
            | Self::Factors(_)
            | Self::Config
            | Self::ConfigVersion(_)
            | Self::Group(_)
            | Self::Delivery(..)
            | Self::Idempotency(_)
            | Self::Disowning(_)
            | Self::Proof(_)
            | Self::Budget
            | Self::SweepMark => Table::State,
        }
    }

    /// The kind, kept on the item for people who read the table.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Profile(_) => "profile",
            Self::Credential(_) => "credential",
            Self::Throttle(..) => "throttle",
            Self::Lockout(_) => "lockout",
            Self::Begins(_) => "begins",
            Self::Attempt(_) => "attempt",
            Self::Session(_) => "session",
            Self::Enrolment(_) => "enrolment",
            Self::Factors(_) => "factors",
            Self::Config => "config",
            Self::ConfigVersion(_) => "config_version",
            Self::Group(_) => "group",
            Self::Delivery(..) => "delivery",
            Self::Idempotency(_) => "idempotency",
            Self::Disowning(_) => "disowning",
            Self::Proof(_) => "proof",
            Self::Budget => "budget",
            Self::SweepMark => "sweep_mark",
            Self::Activity(..) => "activity",
        }
    }

    /// Partition key and sort key.
    pub fn pair(&self) -> (String, String) {
        let one = |prefix: &str, name: &str, sort: &str| (format!("{prefix}#{name}"), sort.into());
        match self {
            Self::Profile(name) => (profile_partition(shard(name.as_str())), name.to_string()),
            Self::Credential(name) => one("CREDENTIAL", name.as_str(), "credential"),
            Self::Throttle(name, network) => one("THROTTLE", name.as_str(), network.as_str()),
            Self::Lockout(name) => one("LOCKOUT", name.as_str(), "lockout"),
            Self::Begins(network) => one("NETWORK", network.as_str(), "begins"),
            Self::Attempt(id) => (attempt_partition(&id.span_text(), id.shard()), id.to_string()),
            Self::Session(hash) => one("SESSION", &hash.to_text(), "session"),
            Self::Enrolment(name) => one("ENROLMENT", name.as_str(), "enrolment"),
            Self::Factors(name) => one("FACTORS", name.as_str(), "factors"),
            Self::Config => ("CONFIG".into(), "current".into()),
            Self::ConfigVersion(n) => ("CONFIG".into(), format!("v#{n:010}")),
            Self::Group(name) => one("GROUP", name, "group"),
            Self::Delivery(message, recipient) => one("DELIVERY", message, recipient),
            Self::Idempotency(tag) => one("IDEMPOTENCY", tag, "answer"),
            Self::Disowning(hash) => one("NOTME", &hash.to_text(), "link"),
            Self::Proof(nonce) => one("PROOF", nonce, "claim"),
            Self::Budget => ("BUDGET".into(), "messages".into()),
            Self::SweepMark => ("SWEEP".into(), "mark".into()),
            Self::Activity(at, id) => {
                (activity_partition(&at.day(), shard(id)), format!("{}#{id}", at.rfc3339()))
            }
        }
    }

    /// The key's attributes.
    pub fn item(&self) -> Item {
        let (pk, sk) = self.pair();
        HashMap::from([("pk".into(), AttributeValue::S(pk)), ("sk".into(), AttributeValue::S(sk))])
    }

    pub(crate) fn table_name(&self, store: &Store) -> String {
        self.table().name(&store.tables).to_owned()
    }
}

/// The partition of a name or id among [`SHARDS`].
pub fn shard(name: &str) -> u32 {
    let [first, ..]: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    u32::from(first) % SHARDS
}

/// Partition key of one shard of the accounts.
pub fn profile_partition(shard: u32) -> String {
    format!("PROFILE#{shard:02}")
}

/// Partition key of one shard of the attempts that end in a span of minutes.
pub fn attempt_partition(span: &str, shard: u32) -> String {
    format!("ATTEMPT#{span}#{shard:02}")
}

/// Partition key of one shard of a day's activity.
pub fn activity_partition(day: &str, shard: u32) -> String {
    format!("DAY#{day}#{shard:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_different_kinds_never_share_a_partition() {
        let name = Username::parse("config").unwrap();
        let network = Network::anywhere();
        let id = CorrelationId::new(Millis(0), 0);
        let keys = [
            Key::Profile(&name),
            Key::Credential(&name),
            Key::Throttle(&name, &network),
            Key::Lockout(&name),
            Key::Begins(&network),
            Key::Attempt(id),
            Key::Enrolment(&name),
            Key::Factors(&name),
            Key::Config,
            Key::Group("config"),
            Key::Delivery("config", "x"),
            Key::Idempotency("config"),
            Key::Proof("config"),
            Key::SweepMark,
            Key::Budget,
            Key::Activity(Millis(0), "config"),
        ];
        let partitions: std::collections::BTreeSet<_> = keys.iter().map(|k| k.pair().0).collect();
        assert_eq!(partitions.len(), keys.len());
    }

    #[test]
    fn an_attempt_is_found_by_the_minute_in_which_it_ends() {
        let end = Millis(1_790_000_000_000);
        let id = CorrelationId::new(end, 0xABCDE);
        let (pk, sk) = Key::Attempt(id).pair();
        assert_eq!(pk, attempt_partition(&id.span_text(), id.shard()));
        assert_eq!(sk, id.to_string());
        assert!(sk.starts_with(&CorrelationId::minute_group(end)));
    }
}
