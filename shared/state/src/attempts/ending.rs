//! How an attempt ends: completed in one transaction with everything that belongs to it, or closed without.

use std::collections::BTreeMap;

use rules::activity::{Activity, Name, Outcome};
use rules::attempt::{Attempt, Purpose, Status};
use rules::ids::Millis;
use rules::notice::{Audience, Kind, Notice};
use rules::password::Credential;
use rules::policy::Config;
use rules::registration::{Ineligible, Profile, Role};
use rules::throttle::Counter;

use super::reset_row;
use crate::fault::Fault;
use crate::throttles::Counters;
use crate::write::{Changes, Committed, If, Write, number};
use crate::{Call, Store};

/// What a completing call met.
pub enum Completion {
    /// An attempt that may go on.
    Open(Box<Attempt>),
    /// One that has come to its end, presented by its own token: perhaps the repeat of the call that ended it.
    Ended(Box<Attempt>),
}

/// What completes an attempt.
pub struct Finish<'f> {
    /// As read with the payment.
    pub attempt: &'f Attempt,
    /// As read.
    pub profile: &'f Profile,
    /// The new credential with the version of the one that was read; nothing when only unlocking.
    pub credential: Option<(&'f Credential, Option<u64>)>,
    /// In force.
    pub config: &'f Config,
    /// Recognises the repeat of this call.
    pub repeat: String,
}

impl Store {
    /// Completes an attempt: password, lock, counters, sessions, other attempts, record and notices, in one transaction.
    /// `false` if something it rests on changed meanwhile: read again and decide again.
    pub async fn finish(&self, finish: &Finish<'_>, call: &Call) -> Result<bool, Fault> {
        let attempt = finish.attempt;
        let call = call.clone().within(attempt);
        let ended = closing(attempt, "completed", call.now)?.set("repeat", &finish.repeat)?;
        let profile = completed(finish, call.now);
        let counters = Counters::of_attempt(attempt);
        let mut writes = vec![
            self.attempt_write(attempt, ended)?,
            self.profile_write(&profile)?,
            Write::delete(self, "throttle", &counters.shared())?,
            self.record(&fact(finish, &call), call.retention_days)?,
        ];
        if let Some((credential, read)) = finish.credential {
            writes.push(self.credential_write(&profile.username, credential, read)?);
        }
        if attempt.apart {
            writes.push(Write::delete(self, "throttle", &counters.apart())?);
        }
        Ok(self.commit(writes).await? == Committed::Done)
    }

    /// Ends an attempt that was not completed and gives back what right proofs were charged. `false` if it ended or went
    /// on meanwhile.
    pub async fn end(&self, attempt: &Attempt, ending: Ending, call: &Call) -> Result<bool, Fault> {
        let call = call.clone().within(attempt);
        let step = ending.step();
        let ended = closing(attempt, step, call.now)?;
        let mut row = call.activity("end", Name::ResetPassword);
        row.target = Some(attempt.username.clone());
        row.role = ending.role();
        row.success = false;
        row.origin = attempt.origin.clone();
        let mut told = attempt.clone();
        told.steps = attempt.stepped(step, call.now);
        let (outcome, detail) = ending.outcome(attempt);
        if attempt.purpose == Purpose::Unlock {
            row.activity = Name::Unlock;
        }
        row.reason = Some(detail.clone());
        row.reset = Some(reset_row(&told, outcome, detail, call.now));
        if outcome == Outcome::ContactedAdmin {
            row.notices = vec![help(attempt)];
        }
        let writes = |refund: bool| -> Result<Vec<Write>, Fault> {
            let mut writes = vec![
                self.attempt_write(attempt, ended.clone())?,
                self.record(&row, call.retention_days)?,
            ];
            if refund {
                writes.extend(self.refund(attempt)?);
            }
            Ok(writes)
        };
        match self.commit(writes(true)?).await? {
            Committed::Done => Ok(true),
            // The counters are gone or began anew: nothing to give back.
            Committed::Refused("refund") => {
                Ok(self.commit(writes(false)?).await? == Committed::Done)
            }
            Committed::Refused(_) => Ok(false),
        }
    }

    /// Gives back the charges of proofs that were right. Relative, and safe all the same: it is part of the one
    /// transaction that ends the attempt, which the attempt's version lets happen once.
    fn refund(&self, attempt: &Attempt) -> Result<Vec<Write>, Fault> {
        let counters = Counters::of_attempt(attempt);
        let mut back: BTreeMap<Counter, u32> = BTreeMap::new();
        for gate in &attempt.gates {
            let short = (gate.way.sends() && !gate.long).then_some(Counter::Short);
            for counter in [Counter::Proofs, Counter::Tries(gate.way)].into_iter().chain(short) {
                let n = back.entry(counter).or_default();
                *n = n.saturating_add(1);
            }
        }
        let mut writes = Vec::new();
        for own in [false, true] {
            // Apart, the account-wide counter is in another item than the rest.
            let here = |c: &Counter| (attempt.apart && !c.is_account_wide()) == own;
            let (mut changes, mut enough, mut item) = (Changes::new(), Vec::new(), None);
            for (counter, n) in back.iter().filter(|(c, _)| here(c)) {
                let (key, stem) = counters.place(*counter, attempt.apart);
                let name = format!("{stem}_n");
                enough.push(If::AtLeast(name.clone(), number(*n)));
                changes = changes.give_back(name, *n);
                item = Some(key);
            }
            if let Some(key) = item {
                writes.push(Write::update(self, "refund", &key, &changes, &enough)?);
            }
        }
        Ok(writes)
    }
}

/// Why an attempt ends without being completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its time is over, and the account is looked at.
    TimedOut {
        /// Why it may not reset, if it may not.
        refused: Option<Ineligible>,
        /// Its highest role, if somebody has the name.
        role: Option<Role>,
    },
    /// The person stopped it.
    Cancelled,
    /// The person asked for help.
    ContactedAdmin,
}

impl Ending {
    fn step(self) -> &'static str {
        match self {
            Self::TimedOut { .. } => "timed out",
            Self::Cancelled => "cancelled",
            Self::ContactedAdmin => "contacted administrator",
        }
    }

    fn role(self) -> Option<Role> {
        match self {
            Self::TimedOut { role, .. } => role,
            Self::Cancelled | Self::ContactedAdmin => None,
        }
    }

    fn outcome(self, attempt: &Attempt) -> (Outcome, String) {
        match self {
            Self::TimedOut { refused, .. } => attempt.ended_unfinished(refused),
            Self::Cancelled => (Outcome::Cancelled, attempt.cancelled_detail().to_owned()),
            Self::ContactedAdmin => (Outcome::ContactedAdmin, attempt.contacted_detail()),
        }
    }
}

fn closing(attempt: &Attempt, step: &str, now: Millis) -> Result<Changes, Fault> {
    Changes::new()
        .set("status", &Status::Ended)?
        .set("steps", &attempt.stepped(step, now))
        .map(|c| c.remove("challenge"))
}

/// The profile after a success.
fn completed(finish: &Finish<'_>, now: Millis) -> Profile {
    let mut profile = finish.profile.clone();
    profile.lock_epoch = profile.lock_epoch.saturating_add(1);
    profile.updated_at = now;
    if finish.credential.is_some() {
        profile.epoch = profile.epoch.saturating_add(1);
        profile.must_change_password = false;
        profile.reset_required = false;
    }
    profile
}

/// The one row of a success: audit entry, report row, notices.
fn fact(finish: &Finish<'_>, call: &Call) -> Activity {
    let (attempt, profile) = (finish.attempt, finish.profile);
    let (name, kind, detail) = match attempt.purpose {
        Purpose::Reset => (Name::ResetPassword, Kind::PasswordReset, "reset"),
        Purpose::Unlock => (Name::Unlock, Kind::AccountUnlocked, "unlock"),
    };
    let mut row = call.activity("end", name);
    row.target = Some(attempt.username.clone());
    row.role = Some(profile.role());
    let mut told = attempt.clone();
    told.steps = attempt.stepped("completed", call.now);
    row.reset = Some(reset_row(&told, Outcome::Succeeded, detail.to_owned(), call.now));
    let locale = attempt.locale.clone();
    if attempt.purpose == Purpose::Unlock || finish.config.notifications.user_on_reset {
        let to = profile.notice_addresses();
        row.notices.push(Notice { kind, to, audience: None, locale: locale.clone() });
    }
    let tell = finish.config.notifications.admins_on_admin_reset && profile.is_administrator();
    if tell && attempt.purpose == Purpose::Reset {
        let (kind, audience) = (Kind::AdministratorReset, Some(Audience::OtherAdministrators));
        row.notices.push(Notice { kind, to: Vec::new(), audience, locale });
    }
    row
}

fn help(attempt: &Attempt) -> Notice {
    Notice {
        kind: Kind::ContactAdmin,
        to: Vec::new(),
        audience: Some(Audience::Helpers),
        locale: attempt.locale.clone(),
    }
}
