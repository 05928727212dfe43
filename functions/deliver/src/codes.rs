//! Codes: decided once, derived, sent.

use rules::activity::{Activity, CodeOrder};
use rules::attempt::{Attempt, Facts, Findings, Status, Withheld, may_send};
use rules::gate::{Delivery, DeliveryState, code, registration_code};
use rules::ids::Millis;
use rules::method::Way;
use rules::notice::Kind;
use rules::policy::Config;
use rules::registration::{Profile, eligibility};
use state::delivery::{Claim, Decision};

use crate::messages::{CodeText, Subject};
use crate::{Again, Deliver};

/// An order to send the code of a gate.
pub struct GateOrder<'o> {
    /// By which way.
    pub way: Way,
    /// What was typed, canonical.
    pub contact: &'o str,
    /// Which send of the attempt.
    pub send: u32,
    /// Length of the code.
    pub digits: u8,
}

impl Deliver {
    /// Sends the code of a gate, if this account may have it and it is still wanted.
    pub(crate) async fn gate_code(
        &self,
        activity: &Activity,
        order: &GateOrder<'_>,
    ) -> Result<(), Again> {
        let store = &self.app.store;
        let Some(attempt) = store.attempt(activity.correlation).await? else { return Ok(()) };
        let decided = attempt.deliveries.get(&order.send.to_string()).cloned();
        if !is_wanted(&attempt, order.send, self.app.clock.now()) {
            return Ok(());
        }
        let (config, profile) = store.configured_profile(&attempt.username).await?;
        let config = config.config;
        let delivery = match decided {
            Some(delivery) => delivery,
            None => match self.decide(&attempt, order, &config, profile.as_ref()).await? {
                Some(delivery) => delivery,
                None => return Ok(()),
            },
        };
        match delivery.state {
            DeliveryState::Withheld | DeliveryState::Sent => Ok(()),
            DeliveryState::Accepted | DeliveryState::Failed => {
                self.send_gate_code(&attempt, order, &config, delivery).await
            }
        }
    }

    /// Decides and records the decision; `None` if another sender did so first.
    async fn decide(
        &self,
        attempt: &Attempt,
        order: &GateOrder<'_>,
        config: &Config,
        profile: Option<&Profile>,
    ) -> Result<Option<Delivery>, Again> {
        let scope = self.app.store.scope(config).await?;
        let eligible = eligibility(profile, config, &scope);
        let decision = match may_send(profile, &eligible, config, order.way, order.contact) {
            Ok((_, contact_version)) => Decision {
                delivery: Delivery {
                    state: DeliveryState::Accepted,
                    contact_version,
                    reason: None,
                },
                findings: Findings {
                    facts: profile.zip(eligible.ok()).map(|(p, e)| Facts {
                        uid: p.uid.clone(),
                        epoch: p.epoch,
                        required: e.required,
                        administrator: e.administrator,
                    }),
                    refusal: None,
                },
            },
            Err(why) => Decision {
                delivery: Delivery {
                    state: DeliveryState::Withheld,
                    contact_version: 0,
                    reason: Some(why.as_str().to_owned()),
                },
                findings: Findings {
                    facts: None,
                    refusal: match why {
                        Withheld::Ineligible(reason) => Some(reason),
                        Withheld::MethodNotUsable | Withheld::ContactMismatch => None,
                    },
                },
            },
        };
        let recorded = self.app.store.decide_send(attempt, order.send, &decision).await?;
        Ok(recorded.then_some(decision.delivery))
    }

    async fn send_gate_code(
        &self,
        attempt: &Attempt,
        order: &GateOrder<'_>,
        config: &Config,
        mut delivery: Delivery,
    ) -> Result<(), Again> {
        let key = &self.app.keys.code;
        let code = code(key, attempt.correlation, order.way, order.send, order.digits);
        let text = CodeText {
            subject: Subject::new(Kind::Code, &attempt.locale, attempt.correlation, config),
            code: &code,
            minutes: config.codes.seconds.div_ceil(60),
        };
        let sent = self.senders.code(order.way, order.contact, &text).await;
        delivery.state = if sent.is_ok() { DeliveryState::Sent } else { DeliveryState::Failed };
        self.app.store.mark_send(attempt.correlation, order.send, &delivery).await?;
        sent
    }

    /// Sends the code that proves a contact at registration, once.
    pub(crate) async fn registration_code(&self, activity: &Activity) -> Result<(), Again> {
        let Some(CodeOrder::Registration { way, contact, nonce, send, digits }) = &activity.code
        else {
            return Ok(());
        };
        let Some(username) = activity.target.as_ref() else { return Ok(()) };
        let code = registration_code(&self.app.keys.code, username.as_str(), nonce, *send, *digits);
        let now = self.app.clock.now();
        match self.app.store.claim_message(&activity.id, contact, &self.holder, now).await? {
            Claim::Sent => return Ok(()),
            Claim::Taken => return Err(Again::Taken),
            Claim::Send => {}
        }
        let config = self.app.store.config().await?.config;
        let locale = activity.locale.as_deref().unwrap_or(edge::language::DEFAULT);
        let kind = Kind::RegistrationCode;
        let text = CodeText {
            subject: Subject::new(kind, locale, activity.correlation, &config),
            code: &code,
            minutes: config.codes.seconds.div_ceil(60),
        };
        self.senders.code(*way, contact, &text).await?;
        self.app.store.message_sent(&activity.id, contact, now).await?;
        Ok(())
    }
}

/// Whether the code of a send can still be answered: a newer send or the attempt's end makes it void.
fn is_wanted(attempt: &Attempt, send: u32, now: Millis) -> bool {
    let current = attempt.challenge.as_ref().filter(|c| c.send == send && now < c.expires_at);
    attempt.status == Status::Open && current.is_some()
}
