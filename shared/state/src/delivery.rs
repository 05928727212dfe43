//! What the deliverer keeps: whether a code may go out, and which messages have gone.

use rules::attempt::{Attempt, Findings, Status};
use rules::gate::Delivery;
use rules::ids::{CorrelationId, Millis};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::fault::Fault;
use crate::key::Key;
use crate::read::parse;
use crate::write::{Changes, Committed, If, Write, Written};

/// How long it is remembered that a message went out, seconds: longer than a stream can offer it again.
const REMEMBERED: i64 = 14 * 86_400;

/// How long one sender has a message to itself, seconds.
const LEASE: i64 = 60;

/// What is decided about a send.
pub struct Decision {
    /// What becomes of it.
    pub delivery: Delivery,
    /// What was found of the account; kept until a code goes out, and from then on.
    pub findings: Findings,
}

/// Whether a message is still to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// By the caller, who has it for a minute.
    Send,
    /// It went out, or never will.
    Sent,
    /// Another sender has it.
    Taken,
}

impl Store {
    /// Records what is decided about one send of an attempt, once, before anything is sent. `false` if it was decided
    /// before or the attempt has ended.
    pub async fn decide_send(
        &self,
        attempt: &Attempt,
        send: u32,
        decision: &Decision,
    ) -> Result<bool, Fault> {
        let place = format!("deliveries.{send}");
        let mut changes = Changes::new().set(place.as_str(), &decision.delivery)?;
        if attempt.facts().is_none() {
            changes = changes.set("findings", &decision.findings)?;
        }
        let open = serde_dynamo::to_attribute_value(Status::Open);
        let open = open.map_err(|_| Fault::Computation { what: "an attribute" })?;
        let once = [If::Missing(place), If::Is("status", open)];
        let key = Key::Attempt(attempt.correlation);
        let decided = Write::update(self, "attempt", &key, &changes, &once)?;
        Ok(self.commit(vec![decided]).await? == Committed::Done)
    }

    /// Records how far a send has come.
    pub async fn mark_send(
        &self,
        attempt: CorrelationId,
        send: u32,
        delivery: &Delivery,
    ) -> Result<(), Fault> {
        let changes = Changes::new().set(format!("deliveries.{send}"), delivery)?;
        self.update(&Key::Attempt(attempt), &changes, &[If::Present]).await.map(|_| ())
    }

    /// Claims a message to one recipient.
    pub async fn claim_message(
        &self,
        message: &str,
        recipient: &str,
        holder: &str,
        now: Millis,
    ) -> Result<Claim, Fault> {
        let key = Key::Delivery(message, recipient);
        let known: Option<Sent> = self.get(key.clone()).await?;
        if known.is_some_and(|s| s.is_over()) {
            return Ok(Claim::Sent);
        }
        let until = now.seconds().saturating_add(LEASE);
        match self.lease(&key, holder, now.seconds(), until).await? {
            Written::Done(item) => {
                let sent: Sent = parse("delivery", item)?;
                Ok(if sent.is_over() { Claim::Sent } else { Claim::Send })
            }
            Written::Refused(_) => Ok(Claim::Taken),
        }
    }

    /// Records that a message went out.
    pub async fn message_sent(
        &self,
        message: &str,
        recipient: &str,
        now: Millis,
    ) -> Result<(), Fault> {
        let changes = Changes::new()
            .set("sent_at", &now)?
            .set("ttl", &now.seconds().saturating_add(REMEMBERED))?;
        let key = Key::Delivery(message, recipient);
        self.update(&key, &changes, &[If::Present]).await.map(|_| ())
    }

    /// Records that a message will not go out, and why.
    pub async fn message_failed(
        &self,
        message: &str,
        recipient: &str,
        reason: &str,
        now: Millis,
    ) -> Result<(), Fault> {
        let changes = Changes::new()
            .set("failed", &reason)?
            .set("ttl", &now.seconds().saturating_add(REMEMBERED))?;
        let key = Key::Delivery(message, recipient);
        self.update(&key, &changes, &[If::Present]).await.map(|_| ())
    }

    /// When each recipient of a message got it, where known; for the support view.
    pub async fn message_state(
        &self,
        message: &str,
        recipient: &str,
    ) -> Result<Option<Millis>, Fault> {
        let sent: Option<Sent> = self.get(Key::Delivery(message, recipient)).await?;
        Ok(sent.and_then(|s| s.sent_at))
    }
}

#[derive(Serialize, Deserialize)]
struct Sent {
    #[serde(default)]
    sent_at: Option<Millis>,
    #[serde(default)]
    failed: Option<String>,
}

impl Sent {
    fn is_over(&self) -> bool {
        self.sent_at.is_some() || self.failed.is_some()
    }
}
