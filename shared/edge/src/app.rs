//! What every handler needs, built once per process.

use std::sync::Arc;

use rules::secret::Keys;
use state::Store;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::hashing::Hashing;

/// Store, time, chance, keys and hashing. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The store.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub chance: Chance,
    /// Keys derived from the root secret.
    pub keys: Arc<Keys>,
    /// Password hashing.
    pub hashing: Hashing,
    /// Whether answers carry `strict-transport-security`: everywhere but on the local server.
    pub https: bool,
    /// Where people reach the service (`PUBLIC_URL`), without a slash at the end: what links in messages begin with.
    pub public_url: Option<Arc<str>>,
}

impl App {
    /// An app on a store. `hashes_at_once` bounds memory and CPU of password hashing.
    pub fn new(store: Store, root_secret: &[u8], hashes_at_once: usize) -> Self {
        Self {
            store,
            clock: Clock::default(),
            chance: Chance,
            keys: Arc::new(Keys::derive(root_secret)),
            hashing: Hashing::new(hashes_at_once),
            https: true,
            public_url: None,
        }
    }
}
