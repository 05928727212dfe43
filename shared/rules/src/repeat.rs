//! The repeat of a request under an `Idempotency-Key` (api.md §1): what the record of the first means for the next.

use crate::ids::Millis;

/// How long the answer to a request is given again, seconds (api.md §1: 24 hours).
pub const KEPT_SECONDS: u32 = 86_400;

/// How long a request may be under way before it counts as broken off, seconds: twice the 30 s after which the gateway
/// has given up on any function, so that no two ever run side by side.
pub const RUNNING_SECONDS: u32 = 60;

/// What is known of a request that was made under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Recognises its body.
    pub fingerprint: String,
    /// Until when it counts as under way.
    pub running_until: Millis,
    /// From this moment on the key is free.
    pub expires_at: Millis,
    /// Whether its answer was kept.
    pub answered: bool,
}

/// What the next request under the key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The first one, again: nothing was kept, or it is too long ago.
    Free,
    /// Another request under the same key.
    Another,
    /// The repeat of one that is under way.
    Running {
        /// Seconds after which it is worth asking again.
        retry_after: u32,
    },
    /// The repeat of one that was answered.
    Answered,
}

/// Seconds after which the repeat of a request that is under way is worth another try: nearly all take less than one.
const AGAIN: u32 = 1;

impl Record {
    /// What a request with this fingerprint is now.
    pub fn standing(&self, fingerprint: &str, now: Millis) -> Standing {
        if self.expires_at <= now {
            Standing::Free
        } else if self.fingerprint != fingerprint {
            Standing::Another
        } else if self.answered {
            Standing::Answered
        } else if now < self.running_until {
            Standing::Running { retry_after: AGAIN }
        } else {
            Standing::Free
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(answered: bool) -> Record {
        let fingerprint = String::from("one");
        Record { fingerprint, running_until: Millis(60), expires_at: Millis(100), answered }
    }

    #[test]
    fn an_answer_is_given_again_until_the_very_moment_it_expires() {
        assert_eq!(record(true).standing("one", Millis(99)), Standing::Answered);
        assert_eq!(record(true).standing("one", Millis(100)), Standing::Free);
    }

    #[test]
    fn another_body_is_another_request_whether_or_not_the_first_was_answered() {
        for answered in [true, false] {
            assert_eq!(record(answered).standing("two", Millis(99)), Standing::Another);
            assert_eq!(record(answered).standing("two", Millis(100)), Standing::Free);
        }
    }

    #[test]
    fn a_request_that_broke_off_holds_its_key_for_a_minute_and_not_for_a_day() {
        let running = Standing::Running { retry_after: AGAIN };
        assert_eq!(record(false).standing("one", Millis(59)), running);
        assert_eq!(record(false).standing("one", Millis(60)), Standing::Free);
    }
}
