//! When a name may not sign in for a while (LCK-01).
//!
//! Ten failures lock for a minute; each failure after that, once the lock has run out, locks again for twice as long,
//! up to an hour. A name that belongs to nobody is counted the same way. The lock is not a flag that somebody must
//! clear: it follows from how many failed and when the last one did.

use serde::{Deserialize, Serialize};

use crate::ids::Millis;

/// The numbers of `lockout` in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Failures before the first lock.
    pub threshold: u32,
    /// Length of the first lock, seconds.
    pub seconds: u32,
    /// Longest lock, seconds.
    pub max_seconds: u32,
}

/// Failures of one name, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Tries charged and not redeemed by a success.
    pub failures: u32,
    /// When the last one was charged.
    pub last_at: Millis,
    /// The account's lock epoch they belong to: a reset or an unlock starts a new one, which voids the record.
    pub epoch: u64,
}

/// What a name may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing recorded that counts: the next try is number one of a new record.
    Fresh,
    /// This many failed, fewer than the threshold: charge one more.
    Open {
        /// Failures so far.
        failures: u32,
    },
    /// A lock has run out: one try may be charged, by whoever comes first.
    OnParole {
        /// Failures so far.
        failures: u32,
    },
    /// Locked.
    Locked {
        /// Until when.
        until: Millis,
    },
}

/// How long `failures` lock, seconds; 0 below the threshold.
pub fn lock_seconds(limits: &Limits, failures: u32) -> u32 {
    let Some(over) = failures.checked_sub(limits.threshold) else { return 0 };
    let doubled = u64::from(limits.seconds) << over.min(31);
    u32::try_from(doubled.min(u64::from(limits.max_seconds))).unwrap_or(limits.max_seconds)
}

/// The standing of a name whose account (if any) is at `epoch`.
pub fn standing(record: Option<&Record>, epoch: u64, limits: &Limits, now: Millis) -> Standing {
    let Some(record) = record.filter(|r| r.epoch == epoch && r.failures > 0) else {
        return Standing::Fresh;
    };
    if record.failures < limits.threshold {
        return Standing::Open { failures: record.failures };
    }
    let until = record.last_at.plus_seconds(lock_seconds(limits, record.failures));
    if now < until {
        Standing::Locked { until }
    } else {
        Standing::OnParole { failures: record.failures }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { threshold: 10, seconds: 60, max_seconds: 3600 };

    fn at(failures: u32, now: i64) -> Standing {
        let record = Record { failures, last_at: Millis(0), epoch: 3 };
        standing(Some(&record), 3, &LIMITS, Millis(now))
    }

    #[test]
    fn nine_failures_leave_the_name_open_and_ten_lock_it_for_a_minute() {
        assert_eq!(at(9, 0), Standing::Open { failures: 9 });
        assert_eq!(at(10, 0), Standing::Locked { until: Millis(60_000) });
        assert_eq!(at(10, 59_999), Standing::Locked { until: Millis(60_000) });
        assert_eq!(at(10, 60_000), Standing::OnParole { failures: 10 });
    }

    #[test]
    fn each_further_failure_doubles_the_lock_up_to_an_hour() {
        let seconds: Vec<u32> = (10..=18).map(|n| lock_seconds(&LIMITS, n)).collect();
        assert_eq!(seconds, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(lock_seconds(&LIMITS, u32::MAX), 3600);
        assert_eq!(lock_seconds(&LIMITS, 9), 0);
    }

    #[test]
    fn a_reset_or_an_unlock_voids_the_record() {
        let record = Record { failures: 12, last_at: Millis(0), epoch: 3 };
        assert_eq!(standing(Some(&record), 4, &LIMITS, Millis(1)), Standing::Fresh);
        assert_eq!(standing(None, 0, &LIMITS, Millis(1)), Standing::Fresh);
    }
}
