//! The product's time on this machine: real time plus an offset that `POST /dev/clock` moves.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The farthest one call may move the clock: ten years.
pub const LONGEST_ADVANCE_SECONDS: u32 = 10 * 366 * 86_400;

/// The functions' clock, with a file that remembers how far it is ahead. Cloning shares both.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    shared: edge::clock::Clock,
    file: Option<PathBuf>,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    ahead_milliseconds: i64,
}

impl Clock {
    /// Real time, with an offset that ends with the process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Real time plus the offset kept in `file`, which need not exist.
    pub fn kept_in(file: PathBuf) -> io::Result<Self> {
        let shared = edge::clock::Clock::default();
        match std::fs::read(&file) {
            Ok(bytes) => {
                shared.set_ahead(serde_json::from_slice::<Stored>(&bytes)?.ahead_milliseconds);
            }
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
            Err(other) => return Err(other),
        }
        Ok(Self { shared, file: Some(file) })
    }

    /// The clock that the functions get.
    #[must_use]
    pub fn shared(&self) -> edge::clock::Clock {
        self.shared.clone()
    }

    /// Milliseconds since 1970 as the product sees them.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.shared.now().0
    }

    /// Moves the clock forward and says the new time. It blocks until the offset is on the disk.
    pub fn advance(&self, seconds: u32) -> io::Result<i64> {
        let by = i64::from(seconds).saturating_mul(1000);
        let ahead = self.shared.advance(by);
        if let Some(file) = &self.file {
            let stored = serde_json::to_vec(&Stored { ahead_milliseconds: ahead })?;
            crate::data::replace(file, &stored)?;
        }
        Ok(self.now())
    }
}

/// RFC 3339 UTC with milliseconds, as every time in the API is written.
#[must_use]
pub fn rfc3339(milliseconds: i64) -> String {
    rules::ids::Millis(milliseconds).rfc3339()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_700_000_000_120), "2023-11-14T22:13:20.120Z");
    }

    #[test]
    fn an_advance_is_seen_by_clones_and_survives_a_restart() {
        let folder = crate::data::scratch("clock");
        let clock = Clock::kept_in(folder.join("clock.json")).unwrap();
        let (clone, before) = (clock.clone(), clock.now());
        assert!(clock.advance(301).unwrap() >= before + 301_000);
        assert!(clone.now() >= before + 301_000);
        let again = Clock::kept_in(folder.join("clock.json")).unwrap();
        assert!(again.now() >= before + 301_000);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
