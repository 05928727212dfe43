//! Resets and unlocks: begin, ask, prove, complete, end. Each step reads once or twice and commits once.

use rules::activity::{CodeOrder, Name, Outcome, ResetRow};
use rules::attempt::{Attempt, COMPLETIONS_MAX, Status};
use rules::gate::{Challenge, Passed, contact_tag};
use rules::ids::{CorrelationId, Millis};
use rules::method::Way;
use rules::policy::{Config, Policy};
use rules::refusal::Refusal;
use rules::registration::Profile;
use rules::secret::{Code, Key as Secret, ResetToken, TokenHash};
use rules::throttle::{self, Part};

use crate::fault::{Error, Fault};
use crate::key::Key;
use crate::read::parse;
use crate::throttles::{Counters, Payment};
use crate::write::{Changes, Committed, If, Write, Written, item, number, text};
use crate::{Call, Store};

mod ending;
mod knowing;
mod proving;
mod sweeping;

pub use ending::{Completion, Ending, Finish};
pub use proving::{Pass, Wanted};
pub use sweeping::{Mark, Overdue, Span};

/// Rounds in which a step that met a concurrent change of the same attempt is decided again.
const ROUNDS: u32 = 3;

/// A proof as presented.
pub struct Proof {
    /// By which way.
    pub way: Way,
    /// What was typed.
    pub code: Code,
    /// The token that replaces the presented one if the gate is passed.
    pub next: ResetToken,
}

impl Store {
    /// Keeps a new attempt. `false` if its id is taken: draw another.
    pub async fn begin(&self, attempt: &Attempt) -> Result<bool, Fault> {
        let key = Key::Attempt(attempt.correlation);
        let ttl = attempt.expires_at.seconds().saturating_add(kept(attempt.retention_days));
        let item = item(&key, attempt, Some(ttl))?;
        Ok(matches!(self.create(&key, item).await?, Written::Done(_)))
    }

    /// The attempt a token may act on now.
    ///
    /// # Refuses
    /// `InvalidToken`, `ResetFinished`, `ResetExpired`.
    pub async fn admitted(&self, token: &ResetToken, now: Millis) -> Result<Attempt, Error> {
        let id = token.correlation().ok_or(Refusal::InvalidToken)?;
        let attempt = self.attempt(id).await?.ok_or(Refusal::InvalidToken)?;
        attempt.admit(&token.hash(), now)?;
        Ok(attempt)
    }

    /// An attempt by its support code, alive or not.
    pub async fn attempt(&self, id: CorrelationId) -> Result<Option<Attempt>, Fault> {
        self.get(Key::Attempt(id)).await
    }

    /// Asks for a code that is sent: pays, then commits challenge and order to send in one transaction. Whether anything is
    /// sent is decided by the deliverer.
    ///
    /// # Refuses
    /// As [`Store::admitted`] and [`Attempt::ask`]; `Throttled`; `InvalidRequest` without a contact that has to be typed; under
    /// full disclosure `ContactMismatch`.
    pub async fn challenge(
        &self,
        token: &ResetToken,
        way: Way,
        typed: Option<&str>,
        call: &Call,
    ) -> Result<Attempt, Error> {
        let mut attempt = self.admitted(token, call.now).await?;
        attempt.ask(way, false, call.now)?;
        let call = call.clone().within(&attempt);
        let named = self.named(&attempt, way, typed).await?;
        let tag = contact_tag(attempt.correlation, &named.contact);
        if attempt.has_proved(&tag) {
            return Err(Refusal::MethodNotAvailable.into());
        }
        let new = !attempt.contacts.contains(&tag);
        let entries = throttle::challenge(&attempt.limits, way, attempt.passed(), new);
        let payment = self.pay_for(&attempt, &entries, &call).await?;
        if named.mismatch {
            self.note(&mut attempt, "contact mismatch", call.now).await?;
            return Err(Refusal::ContactMismatch.into());
        }
        for _ in 0..ROUNDS {
            let asked = attempt.ask(way, payment.stepped_up, call.now)?;
            attempt.steps = attempt.stepped(&format!("challenge {}", way.as_str()), call.now);
            attempt.sends = asked.sends;
            attempt.apart |= payment.apart;
            if !attempt.contacts.contains(&tag) {
                attempt.contacts.push(tag.clone());
            }
            let place = attempt.contacts.iter().position(|known| *known == tag);
            let contact = place.and_then(|place| u8::try_from(place).ok());
            attempt.challenge = Some(Challenge { contact, ..asked.challenge });
            let changes = Changes::new()
                .put("challenge", attempt.challenge.as_ref())?
                .set("sends", &attempt.sends)?
                .set("contacts", &attempt.contacts)?
                .set("steps", &attempt.steps)?
                .put("apart", attempt.apart.then_some(&true))?;
            let order = self.order(&attempt, way, &named.contact, &call)?;
            let writes = vec![self.attempt_write(&attempt, changes)?, order];
            match self.commit(writes).await? {
                Committed::Done => return Ok(attempt),
                Committed::Refused(_) => attempt = self.admitted(token, call.now).await?,
            }
        }
        Err(Fault::Busy { operation: "challenge", code: "conflict".into() }.into())
    }

    fn order(
        &self,
        attempt: &Attempt,
        way: Way,
        contact: &str,
        call: &Call,
    ) -> Result<Write, Fault> {
        let mut row = call.activity("code", Name::Progress);
        row.target = Some(attempt.username.clone());
        row.locale = Some(attempt.locale.clone());
        row.code = Some(CodeOrder::Gate {
            way,
            contact: contact.to_owned(),
            send: attempt.sends,
            digits: attempt.challenge.as_ref().map_or(attempt.policy.code_digits, |c| c.length),
        });
        self.record(&row, call.retention_days)
    }

    /// Judges a proof: pays, judges, and passes the gate if it is right. The token is replaced with the gate.
    ///
    /// # Refuses
    /// As [`Store::admitted`]; `NoChallenge`, `CodeExpired`, `Throttled`, `ProofIncorrect`.
    pub async fn pass_gate(
        &self,
        token: &ResetToken,
        proof: &Proof,
        key: &Secret,
        call: &Call,
    ) -> Result<Attempt, Error> {
        let mut attempt = self.admitted(token, call.now).await?;
        let short = attempt.answerable(proof.way, call.now)?.is_short();
        let call = call.clone().within(&attempt);
        let entries = throttle::proof(&attempt.limits, proof.way, attempt.passed(), short);
        let payment = match self.pay_for(&attempt, &entries, &call).await {
            Err(Error::Refused(Refusal::CodeExpired)) => {
                self.drop_challenge(&attempt, call.now).await?;
                return Err(Refusal::CodeExpired.into());
            }
            paid => paid?,
        };
        attempt.apart |= payment.apart;
        for _ in 0..ROUNDS {
            let challenge = attempt.answerable(proof.way, call.now)?;
            let Some(passed) = attempt.judge(key, &proof.code, challenge, call.now) else {
                self.wrong(&mut attempt, proof.way, payment, &call).await?;
                return Err(Refusal::ProofIncorrect { attempts_left: payment.left }.into());
            };
            if self.pass(&mut attempt, passed, &proof.next.hash(), call.now).await? {
                return Ok(attempt);
            }
            attempt = self.admitted(token, call.now).await?;
        }
        Err(Fault::Busy { operation: "verify", code: "conflict".into() }.into())
    }

    async fn pass(
        &self,
        attempt: &mut Attempt,
        passed: Passed,
        next: &TokenHash,
        now: Millis,
    ) -> Result<bool, Fault> {
        attempt.steps = attempt.stepped(&format!("passed {}", passed.way.as_str()), now);
        attempt.gates.push(passed);
        attempt.challenge = None;
        attempt.token_hash = next.to_text();
        let changes = Changes::new()
            .set("gates", &attempt.gates)?
            .set("token_hash", &attempt.token_hash)?
            .set("steps", &attempt.steps)?
            .put("apart", attempt.apart.then_some(&true))?
            .remove("challenge");
        let written =
            self.advance(&Key::Attempt(attempt.correlation), attempt.version, changes).await?;
        attempt.version = attempt.version.saturating_add(1);
        Ok(matches!(written, Written::Done(_)))
    }

    /// Voids a short code that may no longer be answered, so that a long one can be asked for at once.
    async fn drop_challenge(&self, attempt: &Attempt, now: Millis) -> Result<(), Fault> {
        let steps = attempt.stepped("short code void", now);
        let changes = Changes::new().set("steps", &steps)?.remove("challenge");
        self.advance(&Key::Attempt(attempt.correlation), attempt.version, changes).await.map(|_| ())
    }

    /// Notes a wrong proof on the attempt and closes what it used up.
    async fn wrong(
        &self,
        attempt: &mut Attempt,
        way: Way,
        payment: Payment,
        call: &Call,
    ) -> Result<(), Error> {
        let counters = Counters::of_attempt(attempt);
        if payment.last_short {
            self.step_up(&counters, call).await?;
        }
        if let Some(counter) = payment.used_up {
            self.close(&counters, counter, payment.apart, call).await?;
            attempt.blocked = Some(counter.detail());
        }
        self.note(attempt, &format!("wrong {}", way.as_str()), call.now).await?;
        Ok(())
    }

    /// Adds a step to the attempt's record, if nothing else changed it at the same moment.
    async fn note(&self, attempt: &mut Attempt, step: &str, now: Millis) -> Result<(), Fault> {
        attempt.steps = attempt.stepped(step, now);
        let changes = Changes::new()
            .set("steps", &attempt.steps)?
            .put("blocked", attempt.blocked.as_ref())?;
        let still = [If::Is("version", number(attempt.version))];
        self.update(&Key::Attempt(attempt.correlation), &changes, &still).await.map(|_| ())
    }

    /// Pays for a step of an attempt; a refusal is noted on it.
    async fn pay_for(
        &self,
        attempt: &Attempt,
        entries: &[throttle::Entry],
        call: &Call,
    ) -> Result<Payment, Error> {
        let paid = self.pay(&Counters::of_attempt(attempt), entries, call).await;
        if let Err(Error::Refused(Refusal::Throttled { .. })) = &paid {
            let counter =
                entries.iter().find(|e| e.part == Part::Moves).map(|e| e.counter.detail());
            let mut noted = attempt.clone();
            noted.blocked = noted.blocked.or(counter);
            self.note(&mut noted, "throttled", call.now).await?;
        }
        paid
    }

    /// The write of a changed attempt inside a commit: guarded by the version read, by its being open, and by time.
    pub(crate) fn attempt_write(
        &self,
        attempt: &Attempt,
        changes: Changes,
    ) -> Result<Write, Fault> {
        let next = attempt.version.saturating_add(1);
        let open = serde_dynamo::to_attribute_value(Status::Open);
        let open = open.map_err(|_| Fault::Computation { what: "an attribute" })?;
        let still = [If::Is("version", number(attempt.version)), If::Is("status", open)];
        let key = Key::Attempt(attempt.correlation);
        Write::update(self, "attempt", &key, &changes.set("version", &next)?, &still)
    }

    /// Begins a completion: pays for one of the attempt's tries and returns it, in one write.
    ///
    /// # Refuses
    /// As [`Store::admitted`]; `Throttled` when the tries are used up.
    pub async fn begin_completion(
        &self,
        token: &ResetToken,
        now: Millis,
    ) -> Result<Completion, Error> {
        let id = token.correlation().ok_or(Refusal::InvalidToken)?;
        let key = Key::Attempt(id);
        let open = serde_dynamo::to_attribute_value(Status::Open);
        let alive = [
            If::Is("token_hash", text(token.hash().to_text())),
            If::Is("status", open.map_err(|_| Fault::Computation { what: "an attribute" })?),
            If::Above("expires_at", number(now.0)),
            If::Below("completes", number(COMPLETIONS_MAX)),
        ];
        match self.update(&key, &Changes::new().charge("completes"), &alive).await? {
            Written::Done(item) => Ok(Completion::Open(Box::new(parse("attempt", item)?))),
            Written::Refused(met) if met.is_empty() => Err(Refusal::InvalidToken.into()),
            Written::Refused(met) => {
                let attempt: Attempt = parse("attempt", met)?;
                match attempt.admit(&token.hash(), now) {
                    Err(Refusal::ResetFinished) => Ok(Completion::Ended(Box::new(attempt))),
                    Err(refusal) => Err(refusal.into()),
                    Ok(()) => {
                        let retry_after = now.seconds_until(attempt.expires_at).max(1);
                        Err(Refusal::Throttled { retry_after }.into())
                    }
                }
            }
        }
    }

    /// Notes a refused password on the attempt.
    pub async fn note_rejected(&self, attempt: &Attempt, now: Millis) -> Result<(), Fault> {
        self.note(&mut attempt.clone(), "password rejected", now).await
    }

    /// Whether the attempt may be completed on this account now. One that needs more gates than it was told of is held to
    /// them from here on, and may go on.
    ///
    /// # Refuses
    /// As [`Attempt::completable`].
    pub async fn completable(
        &self,
        attempt: &Attempt,
        profile: Option<&Profile>,
        config: &Config,
    ) -> Result<(), Error> {
        let scope = self.scope(config).await?;
        let eligible = attempt.eligibility(profile, config, &scope);
        let decided = attempt.completable(profile, eligible.clone(), config);
        if let (Err(Refusal::GatesIncomplete), Ok(eligible), Some(profile)) =
            (&decided, &eligible, profile)
        {
            let (policy, gates) = attempt.tightened(profile, eligible, config);
            self.tighten(attempt, &policy, &gates).await?;
        }
        Ok(decided?)
    }

    /// Holds the attempt to a stricter policy met on the way, with the gates that still count (RST-13).
    async fn tighten(
        &self,
        attempt: &Attempt,
        policy: &Policy,
        gates: &[Passed],
    ) -> Result<(), Fault> {
        let changes = Changes::new().set("policy", policy)?.set("gates", &gates)?;
        self.advance(&Key::Attempt(attempt.correlation), attempt.version, changes).await.map(|_| ())
    }
}

/// Seconds in so many days.
fn kept(days: u32) -> i64 {
    i64::from(days).saturating_mul(86_400)
}

/// The reset report's row of an attempt that ends now.
fn reset_row(attempt: &Attempt, outcome: Outcome, detail: String, now: Millis) -> ResetRow {
    ResetRow {
        purpose: attempt.purpose,
        methods: attempt.methods_passed(),
        result: outcome,
        detail,
        seconds: attempt.seconds(now),
        steps: attempt.steps.clone(),
    }
}
