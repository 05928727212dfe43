//! When a name may not sign in for a while (LCK-01).
//!
//! Ten failures lock for a minute; each failure after that, once the lock has run out, locks again for twice as long,
//! up to an hour. A name that belongs to nobody is counted the same way. The lock is not a flag that somebody must
//! clear: it follows from how many failed and when the last one did.
//!
//! The last three wrong passwords are remembered and count once, so that a phone which still sends the old one locks
//! nobody out.
//!
//! # Why not …?
//! - *Why is a repeated wrong password paid for, and then given back?* Whether it is a repeat is known only after its
//!   evaluation, and an evaluation is never made before it is paid for. So a repeat costs the same reads, writes and time as
//!   any other wrong password.
//! - *Why not remember a quick hash, that could be looked up before?* Wrong passwords are mostly the right one with a slip. A
//!   quick hash of them, in the wrong hands together with its key, would be a short way to the right one.

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

use crate::ids::Millis;

/// Wrong passwords that are remembered for a name (LCK-01).
pub const REMEMBERED: usize = 3;
/// Bytes by which a wrong password is recognised.
pub const WRONG_TAG_LEN: usize = 16;

/// What recognises a wrong password among those remembered: [`crate::password::Evaluation::wrong_tag`].
pub type WrongTag = [u8; WRONG_TAG_LEN];

/// The last wrong passwords of a name, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrongPasswords(Vec<u8>);

impl WrongPasswords {
    /// As stored; what is not whole is left out.
    pub fn from_bytes(mut bytes: Vec<u8>) -> Self {
        let whole = bytes.len() / WRONG_TAG_LEN;
        bytes.truncate(whole.min(REMEMBERED).saturating_mul(WRONG_TAG_LEN));
        Self(bytes)
    }

    /// To be stored; empty when none is remembered.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this one is remembered. Constant time in what it compares.
    pub fn contains(&self, tag: &WrongTag) -> bool {
        let all = self.0.chunks_exact(WRONG_TAG_LEN);
        all.fold(Choice::from(0), |found, known| found | known.ct_eq(tag)).into()
    }

    /// With one more, and without the oldest if that is one too many.
    pub fn with(&self, tag: &WrongTag) -> Self {
        Self::from_bytes([tag.as_slice(), &self.0].concat())
    }
}

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
    let Some(record) = record.filter(|r| r.epoch == epoch) else {
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
    fn a_record_that_counts_nothing_is_not_begun_a_second_time() {
        assert_eq!(at(0, 0), Standing::Open { failures: 0 });
    }

    #[test]
    fn the_last_three_wrong_passwords_are_remembered_and_the_fourth_drives_out_the_first() {
        let tag = |n: u8| [n; WRONG_TAG_LEN];
        let three = [1, 2, 3].iter().fold(WrongPasswords::default(), |all, n| all.with(&tag(*n)));
        assert!([1, 2, 3].iter().all(|n| three.contains(&tag(*n))) && !three.contains(&tag(4)));
        let four = three.with(&tag(4));
        assert!([2, 3, 4].iter().all(|n| four.contains(&tag(*n))) && !four.contains(&tag(1)));
        assert_eq!(four.as_bytes().len(), REMEMBERED * WRONG_TAG_LEN);
        assert_eq!(WrongPasswords::from_bytes(four.as_bytes().to_vec()), four);
    }

    #[test]
    fn what_is_stored_and_not_whole_recognises_what_is() {
        let damaged = WrongPasswords::from_bytes(vec![7; WRONG_TAG_LEN + 5]);
        assert!(damaged.contains(&[7; WRONG_TAG_LEN]));
        assert_eq!(damaged.as_bytes().len(), WRONG_TAG_LEN);
        assert!(!WrongPasswords::from_bytes(vec![0; 5]).contains(&[0; WRONG_TAG_LEN]));
    }

    #[test]
    fn a_reset_or_an_unlock_voids_the_record() {
        let record = Record { failures: 12, last_at: Millis(0), epoch: 3 };
        assert_eq!(standing(Some(&record), 4, &LIMITS, Millis(1)), Standing::Fresh);
        assert_eq!(standing(None, 0, &LIMITS, Millis(1)), Standing::Fresh);
    }
}
