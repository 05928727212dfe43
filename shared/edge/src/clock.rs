//! The time, in one place.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rules::ids::Millis;

/// The system's clock, which the local server may set ahead. Copies share the setting.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let system = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Millis(system.saturating_add(self.ahead.load(Ordering::SeqCst)))
    }

    /// Sets the clock ahead by so many milliseconds more, and says by how many it is ahead now.
    pub fn advance(&self, milliseconds: i64) -> i64 {
        self.ahead.fetch_add(milliseconds, Ordering::SeqCst).saturating_add(milliseconds)
    }

    /// Sets how far the clock is ahead, milliseconds.
    pub fn set_ahead(&self, milliseconds: i64) {
        self.ahead.store(milliseconds, Ordering::SeqCst);
    }
}
