//! The store: two DynamoDB tables, every key, the six write idioms, and the transitions built of them.
//!
//! This is the only crate that names the DynamoDB SDK. It decides nothing: it loads, asks `rules`, and commits one
//! conditional write. Decisions are read consistently and never through an index; there is no scan.
//!
//! Modules: [`key`] (every key spelled once), [`write`](mod@write) (the six idioms, and nobody else builds an expression that
//! decides), [`fault`], then the transitions: [`config`], [`accounts`], [`factors`], [`sessions`], [`sign_in`], [`enrolment`],
//! [`attempts`], [`throttles`], [`blocks`], [`everybody`], [`activity`], [`groups`], [`delivery`], [`budget`],
//! [`disowning`], [`repeats`].
//!
//! # Why not …?
//! - *Why no trait for a store?* There is one store. Tests and the local server swap it at the outermost edge, under
//!   the SDK's HTTP client.
//! - *Why does the request path of a reset not read the account?* So that it cannot treat accounts differently. The
//!   deliverer reads it, away from the request; a proof that nothing is sent for has been right before it is read.
#![deny(missing_docs)]

pub mod accounts;
pub mod activity;
pub mod attempts;
pub mod blocks;
pub mod budget;
pub mod config;
pub mod delivery;
pub mod disowning;
pub mod enrolment;
pub mod everybody;
pub mod factors;
pub mod fault;
pub mod groups;
pub mod key;
mod read;
pub mod repeats;
pub mod sessions;
pub mod sign_in;
pub mod throttles;
pub mod write;

use aws_sdk_dynamodb::Client;
use rules::activity::{Activity, Name, Origin};
use rules::ids::{CorrelationId, Millis, Network};

pub use fault::{Error, Fault};

/// The names of the two tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// Live items.
    pub state: String,
    /// Append-only facts and messages to send.
    pub activity: String,
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    client: Client,
    tables: Tables,
}

impl Store {
    /// A store on these tables.
    pub fn new(client: Client, tables: Tables) -> Self {
        Self { client, tables }
    }
}

/// One request, or one run of the sweep, as the record needs it.
#[derive(Debug, Clone)]
pub struct Call {
    /// The moment at which everything in it happens.
    pub now: Millis,
    /// Joins what belongs together.
    pub correlation: CorrelationId,
    /// Where it came from.
    pub origin: Origin,
    /// The network it came from.
    pub network: Network,
    /// The language of its messages.
    pub locale: String,
    /// 128 random bits in hexadecimal, drawn for this call: names the rows it appends.
    pub id: String,
    /// How long rows are kept, days. The default until the configuration or the attempt is known.
    pub retention_days: u32,
}

/// Days that a row is kept when no configuration says otherwise.
pub const RETENTION_DAYS: u32 = 90;

impl Call {
    /// A row of this call. `part` tells several rows of one call apart.
    pub fn activity(&self, part: &str, name: Name) -> Activity {
        let id = format!("{}-{part}", self.id);
        let mut activity = Activity::new(id, self.now, name, self.correlation);
        activity.origin = self.origin.clone();
        activity
    }

    /// The same call as part of an attempt: its correlation id, language and retention.
    pub fn within(mut self, attempt: &rules::attempt::Attempt) -> Self {
        self.correlation = attempt.correlation;
        self.locale = attempt.locale.clone();
        self.retention_days = attempt.retention_days;
        self
    }
}
