//! Judging a proof by answers, an app or a recovery code, and what a right one leaves behind.
//!
//! Two steps. What was typed is judged against the sealed secrets alone, with the same work for everybody; only a right
//! proof makes the account looked at, and then anything that speaks against it is answered like a wrong proof.

use super::facts::{AuthenticatorApp, RecoveryOnFile};
use super::questions::{self, Given};
use super::recovery::{self, RecoveryCode};
use super::{Factors, account_tag, totp};
use crate::attempt::{Attempt, Facts, Findings};
use crate::gate::{Challenge, Passed};
use crate::ids::{Millis, Username};
use crate::method::Way;
use crate::password::Evaluation;
use crate::policy::Config;
use crate::registration::{Eligible, Ineligible, Profile};
use crate::secret::{Code, Keys};

/// A proof that fits the secrets; whether it may pass a gate is for [`grant`] to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    way: Way,
    /// Of the datum that was proved.
    version: u32,
    /// Of the account that it belongs to.
    account: [u8; 8],
    /// Of the code, by an app.
    step: Option<i64>,
}

/// Judges answers; see [`questions::are_right`].
pub fn answers(
    challenge: &Challenge,
    given: &[Given<'_>],
    evaluation: &Evaluation,
    keys: &Keys,
    factors: &Factors,
) -> Option<Right> {
    let asked = questions::asked_ids(challenge.asked.as_deref().unwrap_or_default());
    let right = questions::are_right(&asked, given, evaluation, &keys.tags, factors);
    let (way, version) = (Way::SecurityQuestions, factors.answers.version);
    right.then_some(Right { way, version, account: factors.account, step: None })
}

/// Judges the code of an app.
pub fn app_code(typed: &Code, factors: &Factors, now: Millis) -> Option<Right> {
    let matching = totp::matching(&factors.totp_secret, typed, now);
    let step = matching.filter(|_| factors.totp_version > 0)?;
    let (way, version) = (Way::AuthenticatorApp, factors.totp_version);
    Some(Right { way, version, account: factors.account, step: Some(step) })
}

/// Judges a recovery code.
pub fn recovery_code(
    typed: &RecoveryCode,
    keys: &Keys,
    username: &Username,
    factors: &Factors,
) -> Option<Right> {
    let tag = typed.tag(&keys.tags, username, &factors.account);
    let right = recovery::is(&factors.recovery_tag, &tag) && factors.recovery_version > 0;
    let (way, version) = (Way::RecoveryCode, factors.recovery_version);
    right.then_some(Right { way, version, account: factors.account, step: None })
}

/// What a right proof leaves behind.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The gate passed.
    pub passed: Passed,
    /// What the attempt now knows of the account; nothing if it knew it already.
    pub findings: Option<Findings>,
    /// The account, where the proof used something up.
    pub profile: Option<Profile>,
}

/// The account of a right proof as it is now.
pub struct Account<'a> {
    /// Its profile.
    pub profile: &'a Profile,
    /// Whether it may reset, as [`Attempt::eligibility`] has it.
    pub eligible: Result<Eligible, Ineligible>,
    /// The configuration in force.
    pub config: &'a Config,
}

/// Decides whether a right proof passes a gate. `None` is answered like a wrong proof: the account may not reset, or not by
/// this method; the secret is of another account of the name or was replaced; the code was used before.
pub fn grant(
    attempt: &Attempt,
    challenge: &Challenge,
    right: &Right,
    account: Account<'_>,
    now: Millis,
) -> Option<Grant> {
    let Account { profile, eligible, config } = account;
    let eligible = eligible.ok()?;
    let (version, _) = profile.proof_of(right.way, config)?;
    let same = right.account == account_tag(&profile.uid) && right.version == version;
    if !same || challenge.way != right.way || !eligible.methods.contains(&right.way.method()) {
        return None;
    }
    let facts = Facts {
        uid: profile.uid.clone(),
        epoch: profile.epoch,
        required: eligible.required,
        administrator: eligible.administrator,
    };
    let known = attempt.facts();
    if known.is_some_and(|k| k.uid != facts.uid || k.epoch != facts.epoch) {
        return None;
    }
    let findings = Findings { facts: Some(facts), refusal: None };
    let findings = known.is_none().then_some(findings);
    let asked = challenge.asked.as_deref().map(|ids| questions::asked_ids(ids).len());
    let passed = Passed {
        way: right.way,
        send: challenge.send,
        contact_version: version,
        contact: None,
        asked: asked.and_then(|n| u8::try_from(n).ok()),
        at: now,
        long: false,
    };
    Some(Grant { passed, findings, profile: used_up(attempt, right, profile, now)? })
}

/// The account after the proof: the step of a code noted, the recovery code used. Nothing (inside) where nothing is used
/// up; `None` for a step that was used before.
fn used_up(
    attempt: &Attempt,
    right: &Right,
    profile: &Profile,
    now: Millis,
) -> Option<Option<Profile>> {
    let mut next = profile.clone();
    match right.way {
        Way::AuthenticatorApp => {
            let app = profile.authenticator.as_ref()?;
            let last_step = right.step.filter(|step| *step > app.last_step)?;
            next.authenticator = Some(AuthenticatorApp { last_step, ..app.clone() });
        }
        Way::RecoveryCode => {
            let code = profile.recovery.as_ref()?;
            let used_by = Some(attempt.correlation);
            next.recovery = Some(RecoveryOnFile { used_by, ..code.clone() });
            next.updated_at = now;
        }
        Way::SecurityQuestions => return Some(None),
        Way::Email | Way::Sms | Way::Voice | Way::OfficeVoice => return None,
    }
    Some(Some(next))
}
