//! How often something may be tried before its way is closed (THR-01, THR-02, THR-05).
//!
//! A counter is charged by one conditional write *before* the try is judged, and the try is answered only when that
//! write committed. So what is here describes the write: which counters move, which must merely be open, and what a
//! refused write means. Counters belong to an account *and* a source network, so that a stranger elsewhere cannot close
//! a person's ways (unless the organisation asks for `account_block`).
//!
//! One counter belongs to the account as a whole: answers given on short codes. When it is used up, codes become long
//! ([`crate::gate::LONG_CODE`]), which cannot be guessed and need no lock (THR-03): nobody is locked out by it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::Millis;
use crate::method::Way;

/// Window of "in 24 hours" and of "per day", seconds.
pub const DAY: u32 = 86_400;
/// Window of "per hour", seconds.
pub const HOUR: u32 = 3_600;
/// Window of the mail limit, seconds (features.md THR-02: 10 mails in 10 minutes).
pub const TEN_MINUTES: u32 = 600;

/// The limits in force for an attempt; the numbers of `throttle` in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Failed proofs in 24 hours from one network.
    pub proofs: u32,
    /// Tries in an hour for each way of proving.
    pub tries: u32,
    /// Typed contacts in an hour that were not the registered one.
    pub contacts: u32,
    /// Mails in 10 minutes.
    pub emails: u32,
    /// Texts and calls in a day.
    pub texts: u32,
    /// How long an exhausted counter stays closed, seconds.
    pub block: u32,
    /// Whether a block closes the account for every network (the reference's rule).
    pub account_block: bool,
    /// Answers on short codes in a day, from anywhere, before codes become long.
    pub short: u32,
}

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counter {
    /// Proofs judged, by any way.
    Proofs,
    /// Proofs judged by one way.
    Tries(Way),
    /// Contacts typed that had to be compared.
    Contacts,
    /// Mails asked for.
    Emails,
    /// Texts and calls asked for.
    Texts,
    /// Times that administrators were asked for help.
    Helps,
    /// Attempts begun from a network (kept for the network, not for an account).
    Begins,
    /// Short codes judged, wherever they came from (kept for the account, whatever the network).
    Short,
    /// Texts and calls that go out (kept for the organisation).
    Messages,
}

impl Counter {
    /// The stem of the attribute names that hold it.
    pub fn name(self) -> String {
        match self {
            Self::Proofs => String::from("proofs"),
            Self::Tries(way) => format!("tries_{}", way.as_str()),
            Self::Contacts => String::from("contacts"),
            Self::Emails => String::from("emails"),
            Self::Texts => String::from("texts"),
            Self::Helps => String::from("helps"),
            Self::Begins => String::from("begins"),
            Self::Short => String::from("short"),
            Self::Messages => String::from("messages"),
        }
    }

    /// Whether it counts for the account as a whole instead of for one network.
    pub fn is_account_wide(self) -> bool {
        self == Self::Short
    }

    /// The report's detail when this counter ends an attempt (REP-02).
    pub fn detail(self) -> String {
        match self {
            Self::Proofs | Self::Helps | Self::Begins | Self::Short => String::from("proofs"),
            Self::Tries(Way::SecurityQuestions) => String::from("question_tries"),
            Self::Tries(way) => format!("code_tries_{}", way.as_str()),
            Self::Contacts => String::from("contact_tries"),
            Self::Emails | Self::Texts | Self::Messages => String::from("email_sends"),
        }
    }
}

/// One counter's part in a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Which counter.
    pub counter: Counter,
    /// Open while fewer than this were counted in the window.
    pub max: u32,
    /// How long a count lasts from its first, seconds.
    pub window: u32,
    /// What the charge does with it.
    pub part: Part,
}

/// What a charge does with a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Moves it, if it is open.
    Moves,
    /// Needs it open.
    Open,
    /// Only wants to know it.
    Seen,
}

fn entry(counter: Counter, max: u32, window: u32, part: Part) -> Entry {
    Entry { counter, max, window, part }
}

/// The charge for judging one proof. `passed` is how many gates this attempt has passed: those proofs were counted
/// when they were judged but did not fail, so the attempt's own limit grows by them. `short` if it is a short code.
pub fn proof(limits: &Limits, way: Way, passed: u32, short: bool) -> Vec<Entry> {
    let mut entries = vec![
        entry(Counter::Tries(way), limits.tries, HOUR, Part::Moves),
        entry(Counter::Proofs, limits.proofs.saturating_add(passed), DAY, Part::Moves),
    ];
    if short {
        entries.push(entry(Counter::Short, limits.short.saturating_add(passed), DAY, Part::Moves));
    }
    entries
}

/// The charge for asking for a code or for questions by one way. The way and the account must be open; what is sent is
/// counted, and so is a contact that the attempt has not named before — right or wrong, since a limit that only wrong
/// ones met would tell them apart. Each passed gate allows as many again.
pub fn challenge(limits: &Limits, way: Way, passed: u32, new_contact: bool) -> Vec<Entry> {
    let mut entries = vec![
        entry(Counter::Tries(way), limits.tries, HOUR, Part::Open),
        entry(Counter::Proofs, limits.proofs.saturating_add(passed), DAY, Part::Open),
    ];
    if way.needs_contact() {
        let max = limits.contacts.saturating_mul(passed.saturating_add(1));
        let part = if new_contact { Part::Moves } else { Part::Open };
        entries.push(entry(Counter::Contacts, max, HOUR, part));
    }
    if way.sends() {
        entries.push(entry(Counter::Short, limits.short, DAY, Part::Seen));
    }
    entries.extend(send(limits, way));
    entries
}

/// The charge for sending one code, whatever it is for.
pub fn send(limits: &Limits, way: Way) -> Vec<Entry> {
    match way {
        Way::Email => vec![entry(Counter::Emails, limits.emails, TEN_MINUTES, Part::Moves)],
        Way::Sms | Way::Voice | Way::OfficeVoice => {
            vec![entry(Counter::Texts, limits.texts, DAY, Part::Moves)]
        }
        Way::SecurityQuestions | Way::AuthenticatorApp | Way::RecoveryCode => Vec::new(),
    }
}

/// How often a day an account may ask its administrators for help (CON-01).
pub const HELPS_PER_DAY: u32 = 3;

/// The charge for asking administrators for help.
pub fn help() -> Vec<Entry> {
    vec![entry(Counter::Helps, HELPS_PER_DAY, DAY, Part::Moves)]
}

/// The charge for one text or call that goes out, to the organisation (THR-04).
pub fn message(per_hour: u32) -> Vec<Entry> {
    vec![entry(Counter::Messages, per_hour, HOUR, Part::Moves)]
}

/// The charge for beginning an attempt from a network.
pub fn begin(per_hour: u32) -> Vec<Entry> {
    vec![entry(Counter::Begins, per_hour, HOUR, Part::Moves)]
}

/// A counter as stored: how many were counted and until when they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Counted so far.
    pub n: u32,
    /// The count is void from this moment on.
    pub until: Millis,
    /// Whether its closing has been recorded.
    pub closed: bool,
}

/// What a refused charge means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// These counters' windows have passed: start them anew and charge again.
    Stale(Vec<Counter>),
    /// This counter is used up until then. `first` when nobody has recorded it yet.
    Exhausted {
        /// Which one.
        counter: Counter,
        /// When it opens again.
        until: Millis,
        /// Whether this is the first refusal, the one that closes it for the block time.
        first: bool,
    },
}

/// Whether the next code to this account has to be a long one (THR-03): its short codes were answered as often as may be.
pub fn is_stepped_up(limits: &Limits, known: &BTreeMap<Counter, Count>, now: Millis) -> bool {
    known.get(&Counter::Short).is_some_and(|c| c.until > now && c.n >= limits.short)
}

/// Reads a refusal from the counters that the refused write met.
pub fn why(entries: &[Entry], met: &BTreeMap<Counter, Count>, now: Millis) -> Refused {
    let asked = entries.iter().filter(|e| e.part != Part::Seen);
    let live = |e: &&Entry| met.get(&e.counter).is_some_and(|c| c.until > now && c.n >= e.max);
    let worst = asked.filter(live).max_by_key(|e| met.get(&e.counter).map(|c| c.until));
    if let Some((e, c)) = worst.and_then(|e| Some((e, met.get(&e.counter)?))) {
        return Refused::Exhausted { counter: e.counter, until: c.until, first: !c.closed };
    }
    let stale =
        |e: &&Entry| e.part == Part::Moves && met.get(&e.counter).is_some_and(|c| c.until <= now);
    Refused::Stale(entries.iter().filter(stale).map(|e| e.counter).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            proofs: 5,
            tries: 5,
            contacts: 5,
            emails: 10,
            texts: 10,
            block: DAY,
            account_block: false,
            short: 10,
        }
    }

    fn met(counter: Counter, n: u32, until: i64) -> BTreeMap<Counter, Count> {
        BTreeMap::from([(counter, Count { n, until: Millis(until), closed: false })])
    }

    #[test]
    fn a_counter_below_its_limit_is_not_why_a_charge_was_refused() {
        let entries = proof(&limits(), Way::Email, 0, true);
        let refused = why(&entries, &met(Counter::Proofs, 4, 10), Millis(5));
        assert_eq!(refused, Refused::Stale(vec![]));
    }

    #[test]
    fn a_counter_at_its_limit_is_exhausted_until_its_window_ends() {
        let entries = proof(&limits(), Way::Email, 0, true);
        let until = Millis(10);
        let exhausted = Refused::Exhausted { counter: Counter::Proofs, until, first: true };
        assert_eq!(why(&entries, &met(Counter::Proofs, 5, 10), Millis(9)), exhausted);
        let stale = Refused::Stale(vec![Counter::Proofs]);
        assert_eq!(why(&entries, &met(Counter::Proofs, 5, 10), Millis(10)), stale);
    }

    #[test]
    fn gates_already_passed_do_not_count_as_failures() {
        let with = proof(&limits(), Way::Sms, 1, true);
        let limit = with.iter().find(|e| e.counter == Counter::Proofs).map(|e| e.max);
        assert_eq!(limit, Some(6));
    }

    #[test]
    fn codes_become_long_with_the_last_short_answer_and_short_again_a_day_later() {
        let known = |n| met(Counter::Short, n, 100);
        assert!(!is_stepped_up(&limits(), &known(9), Millis(99)));
        assert!(is_stepped_up(&limits(), &known(10), Millis(99)));
        assert!(!is_stepped_up(&limits(), &known(10), Millis(100)));
        assert!(!is_stepped_up(&limits(), &BTreeMap::new(), Millis(0)));
    }

    #[test]
    fn a_counter_that_is_only_looked_at_refuses_nothing() {
        let entries = challenge(&limits(), Way::Email, 0, true);
        let seen = entries.iter().find(|e| e.counter == Counter::Short).unwrap();
        assert_eq!(seen.part, Part::Seen);
        let refused = why(&entries, &met(Counter::Short, 10, 100), Millis(1));
        assert_eq!(refused, Refused::Stale(vec![]));
    }

    #[test]
    fn long_codes_questions_and_apps_are_not_charged_to_the_account_as_a_whole() {
        let wide = |entries: Vec<Entry>| entries.iter().any(|e| e.counter.is_account_wide());
        assert!(wide(proof(&limits(), Way::Email, 0, true)));
        assert!(!wide(proof(&limits(), Way::Email, 0, false)));
        assert!(!wide(challenge(&limits(), Way::AuthenticatorApp, 0, false)));
    }

    #[test]
    fn only_a_way_that_sends_is_charged_for_sending() {
        assert!(send(&limits(), Way::AuthenticatorApp).is_empty());
        let moved = |new_contact| -> Vec<Counter> {
            let entries = challenge(&limits(), Way::Sms, 0, new_contact).into_iter();
            entries.filter(|e| e.part == Part::Moves).map(|e| e.counter).collect()
        };
        assert_eq!(moved(true), [Counter::Contacts, Counter::Texts]);
        assert_eq!(moved(false), [Counter::Texts]);
    }

    #[test]
    fn the_longest_closing_is_the_one_that_is_told() {
        let entries = proof(&limits(), Way::Email, 0, true);
        let mut both = met(Counter::Proofs, 5, 50);
        both.insert(Counter::Tries(Way::Email), Count { n: 5, until: Millis(20), closed: true });
        let told = why(&entries, &both, Millis(1));
        let until = Millis(50);
        assert_eq!(told, Refused::Exhausted { counter: Counter::Proofs, until, first: true });
    }
}
