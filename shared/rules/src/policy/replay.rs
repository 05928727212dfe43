//! Whether a recorded attempt would have ended otherwise under another document (SET-15).

use std::collections::BTreeSet;

use super::Config;
use crate::activity::{Outcome, ResetRow};
use crate::attempt::Purpose;
use crate::method::Way;
use crate::registration::{Eligible, Ineligible};

/// What one document says about the person of an attempt today.
pub type Decided = Result<Eligible, Ineligible>;

/// Whether the two documents disagree about a recorded attempt: one lets it be what it was and the other does not. Both
/// are asked about the person as they are today, so that what the person changed since does not count.
///
/// Only what a document decides alone can be replayed: who may reset, by which methods and how many, within which time.
/// Where somebody gave up or guessed wrong, the limits might have mattered; nobody can know.
pub fn would_differ(row: &ResetRow, now: (&Config, &Decided), then: (&Config, &Decided)) -> bool {
    match row.result {
        Outcome::Succeeded => succeeds(row, now) != succeeds(row, then),
        Outcome::Failed
        | Outcome::Blocked
        | Outcome::Abandoned
        | Outcome::Cancelled
        | Outcome::ContactedAdmin => now.1.is_ok() != then.1.is_ok(),
    }
}

/// Whether an attempt that was proved by these ways in this time reaches its end.
fn succeeds(row: &ResetRow, (config, decided): (&Config, &Decided)) -> bool {
    let Ok(eligible) = decided else { return false };
    let proved: BTreeSet<_> = row.methods.iter().copied().map(Way::method).collect();
    let gates = proved.intersection(&eligible.methods).count();
    let wanted = row.purpose == Purpose::Reset || config.unlock_without_reset;
    wanted && gates >= usize::from(eligible.required) && row.seconds <= config.reset.seconds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Method;

    fn row(result: Outcome, methods: &[Way]) -> ResetRow {
        ResetRow {
            purpose: Purpose::Reset,
            methods: methods.to_vec(),
            result,
            detail: String::new(),
            seconds: 600,
            steps: Vec::new(),
        }
    }

    fn eligible(required: u8, methods: &[Method]) -> Decided {
        let methods = methods.iter().copied().collect();
        Ok(Eligible { required, methods, administrator: false })
    }

    const BOTH: [Method; 2] = [Method::Email, Method::MobilePhone];

    #[test]
    fn a_success_differs_when_its_gates_would_not_do_any_more() {
        let (old, config) = (eligible(1, &BOTH), Config::default());
        let differs = |ways: &[Way], then: &Decided| {
            would_differ(&row(Outcome::Succeeded, ways), (&config, &old), (&config, then))
        };
        assert!(!differs(&[Way::Email], &eligible(1, &BOTH)));
        assert!(differs(&[Way::Email], &eligible(2, &BOTH)));
        assert!(!differs(&[Way::Email, Way::Sms], &eligible(2, &BOTH)));
        assert!(differs(&[Way::Sms, Way::Voice], &eligible(2, &BOTH)), "one phone is one method");
        assert!(differs(&[Way::Email], &eligible(1, &[Method::MobilePhone])));
        assert!(differs(&[Way::Email], &Err(Ineligible::NotInScope)));
    }

    #[test]
    fn a_success_differs_when_it_took_longer_than_an_attempt_may() {
        let (old, config) = (eligible(1, &BOTH), Config::default());
        let mut short = Config::default();
        let row = row(Outcome::Succeeded, &[Way::Email]);
        short.reset.seconds = 600;
        assert!(!would_differ(&row, (&config, &old), (&short, &old)));
        short.reset.seconds = 599;
        assert!(would_differ(&row, (&config, &old), (&short, &old)));
    }

    #[test]
    fn an_unlock_differs_when_unlocking_alone_is_switched_off() {
        let (old, config) = (eligible(1, &BOTH), Config::default());
        let off = Config { unlock_without_reset: false, ..Config::default() };
        let reset = row(Outcome::Succeeded, &[Way::Email]);
        let unlock = ResetRow { purpose: Purpose::Unlock, ..reset.clone() };
        assert!(would_differ(&unlock, (&config, &old), (&off, &old)));
        assert!(!would_differ(&reset, (&config, &old), (&off, &old)));
    }

    #[test]
    fn a_failure_differs_only_by_what_the_documents_say_of_the_person() {
        let (able, not) = (eligible(1, &BOTH), Err(Ineligible::NotEnabled));
        let config = Config::default();
        let differs = |result, now: &Decided, then: &Decided| {
            would_differ(&row(result, &[]), (&config, now), (&config, then))
        };
        for result in [Outcome::Failed, Outcome::Blocked, Outcome::Abandoned] {
            assert!(!differs(result, &able, &able) && !differs(result, &not, &not));
            assert!(differs(result, &able, &not) && differs(result, &not, &able));
        }
        let other = Err(Ineligible::NotInScope);
        assert!(!differs(Outcome::Failed, &not, &other), "failed either way");
    }
}
