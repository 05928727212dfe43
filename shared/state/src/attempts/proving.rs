//! Gates whose proof the person has for themselves: answers, an app, a recovery code. Nothing is sent; the secrets are read
//! and judged here and now, for every name alike, and the account only after a proof was right.

use rules::activity::Activity;
use rules::attempt::Attempt;
use rules::factors::proving::Grant;
use rules::gate::Challenge;
use rules::ids::Millis;
use rules::method::Way;
use rules::refusal::Refusal;
use rules::secret::{ResetToken, TokenHash};
use rules::throttle;

use super::ROUNDS;
use crate::fault::{Error, Fault};
use crate::throttles::Payment;
use crate::write::{Changes, Committed};
use crate::{Call, Store};

/// What a way that sends nothing asks for.
pub struct Wanted {
    /// The way.
    pub way: Way,
    /// The questions drawn, if it asks any, as [`rules::factors::questions::asked_text`] has them.
    pub questions: Option<String>,
}

/// A gate about to be passed.
pub struct Pass<'p> {
    /// What the proof leaves behind.
    pub grant: &'p Grant,
    /// Of the token that replaces the presented one.
    pub next: TokenHash,
    /// The record of what the proof used up, with its notice.
    pub row: Option<Activity>,
}

impl Store {
    /// Pays for asking for a proof by a way that sends nothing. The challenge itself is committed by
    /// [`Store::challenge_kept`].
    ///
    /// # Refuses
    /// As [`Store::admitted`] and [`Attempt::ask`]; `Throttled`.
    pub async fn pay_challenge(
        &self,
        token: &ResetToken,
        way: Way,
        call: &Call,
    ) -> Result<Attempt, Error> {
        let mut attempt = self.admitted(token, call.now).await?;
        attempt.ask(way, false, call.now)?;
        let call = call.clone().within(&attempt);
        let entries = throttle::challenge(&attempt.limits, way, attempt.passed(), false);
        attempt.apart |= self.pay_for(&attempt, &entries, &call).await?.apart;
        Ok(attempt)
    }

    /// Commits the challenge of a way that sends nothing, with the questions asked if it asks any. `attempt` is as
    /// [`Store::pay_challenge`] returned it.
    ///
    /// # Refuses
    /// As [`Store::admitted`] and [`Attempt::ask`].
    pub async fn challenge_kept(
        &self,
        token: &ResetToken,
        mut attempt: Attempt,
        wanted: Wanted,
        call: &Call,
    ) -> Result<Attempt, Error> {
        let way = wanted.way;
        for _ in 0..ROUNDS {
            let asked = attempt.ask(way, false, call.now)?;
            attempt.steps = attempt.stepped(&format!("challenge {}", way.as_str()), call.now);
            attempt.sends = asked.sends;
            let questions = wanted.questions.clone();
            attempt.challenge = Some(Challenge { asked: questions, ..asked.challenge });
            let changes = Changes::new()
                .put("challenge", attempt.challenge.as_ref())?
                .set("sends", &attempt.sends)?
                .set("steps", &attempt.steps)?
                .put("apart", attempt.apart.then_some(&true))?;
            match self.commit(vec![self.attempt_write(&attempt, changes)?]).await? {
                Committed::Done => return Ok(attempt),
                Committed::Refused(_) => attempt = self.admitted(token, call.now).await?,
            }
        }
        Err(Fault::Busy { operation: "challenge", code: "conflict".into() }.into())
    }

    /// Pays for a proof, before it is judged. Returns the attempt and the challenge that the proof answers.
    ///
    /// # Refuses
    /// As [`Store::admitted`]; `NoChallenge`, `CodeExpired`, `Throttled`.
    pub async fn pay_proof(
        &self,
        token: &ResetToken,
        way: Way,
        call: &Call,
    ) -> Result<(Attempt, Payment), Error> {
        let mut attempt = self.admitted(token, call.now).await?;
        attempt.answerable(way, call.now)?;
        let call = call.clone().within(&attempt);
        let entries = throttle::proof(&attempt.limits, way, attempt.passed(), false);
        let payment = self.pay_for(&attempt, &entries, &call).await?;
        attempt.apart |= payment.apart;
        Ok((attempt, payment))
    }

    /// Passes a gate by a right proof, with what the proof used up of the account and the record of that, in one
    /// transaction. `false` if attempt or account changed meanwhile: read both again and decide again.
    pub async fn pass_kept(
        &self,
        attempt: &mut Attempt,
        pass: &Pass<'_>,
        now: Millis,
    ) -> Result<bool, Fault> {
        let grant = pass.grant;
        let way = grant.passed.way.as_str();
        attempt.steps = attempt.stepped(&format!("passed {way}"), now);
        attempt.gates.push(grant.passed.clone());
        attempt.challenge = None;
        attempt.token_hash = pass.next.to_text();
        let mut changes = Changes::new()
            .set("gates", &attempt.gates)?
            .set("token_hash", &attempt.token_hash)?
            .set("steps", &attempt.steps)?
            .put("apart", attempt.apart.then_some(&true))?
            .remove("challenge");
        if let Some(findings) = &grant.findings {
            attempt.findings = Some(findings.clone());
            changes = changes.set("findings", findings)?;
        }
        let mut writes = vec![self.attempt_write(attempt, changes)?];
        if let Some(profile) = &grant.profile {
            writes.push(self.profile_write(profile)?);
        }
        if let Some(row) = &pass.row {
            writes.push(self.record(row, attempt.retention_days)?);
        }
        attempt.version = attempt.version.saturating_add(1);
        Ok(self.commit(writes).await? == Committed::Done)
    }

    /// Notes a wrong proof, and answers it.
    ///
    /// # Refuses
    /// `ProofIncorrect`, always.
    pub async fn refuse_proof(
        &self,
        attempt: &mut Attempt,
        way: Way,
        payment: Payment,
        call: &Call,
    ) -> Result<(), Error> {
        let call = call.clone().within(attempt);
        self.wrong(attempt, way, payment, &call).await?;
        Err(Refusal::ProofIncorrect { attempts_left: payment.left }.into())
    }
}
