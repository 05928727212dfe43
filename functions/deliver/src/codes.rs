//! Codes: decided once, derived, sent.

use rules::activity::{Activity, CodeOrder};
use rules::attempt::{Attempt, Facts, Findings, Status, Withheld, may_go_to, may_send};
use rules::gate::{Delivery, DeliveryState, code, registration_code};
use rules::ids::Millis;
use rules::method::Way;
use rules::notice::Kind;
use rules::policy::Config;
use rules::registration::Profile;
use state::budget::{Budget, TEXT_BUDGET};
use state::delivery::{Claim, Decision};

use crate::messages::{CodeText, Subject};
use crate::senders::Unsent;
use crate::{Again, Deliver};

/// Why a code did not go out, in the record: the provider will never take it.
const PROVIDER_REFUSED: &str = "provider_refused";

/// Whether a way costs the organisation for each message: texts and calls.
fn costs(way: Way) -> bool {
    match way {
        Way::Sms | Way::Voice | Way::OfficeVoice => true,
        Way::Email | Way::SecurityQuestions | Way::AuthenticatorApp | Way::RecoveryCode => false,
    }
}

/// An order to send the code of a gate.
pub struct GateOrder<'o> {
    /// The row that orders it.
    pub activity: &'o Activity,
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
    pub(crate) async fn gate_code(&self, order: &GateOrder<'_>) -> Result<(), Again> {
        let store = &self.app.store;
        let attempt = store.attempt(order.activity.correlation).await?;
        let Some(attempt) = attempt else { return Ok(()) };
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
        if delivery.is_over() {
            return Ok(());
        }
        self.send_gate_code(&attempt, order, &config, delivery).await
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
        let eligible = attempt.eligibility(profile, config, &scope);
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
                        Withheld::MethodNotUsable
                        | Withheld::ContactMismatch
                        | Withheld::NumberNotAllowed => None,
                    },
                },
            },
        };
        let decision = self.within_budget(order, config, decision).await?;
        let recorded = self.app.store.decide_send(attempt, order.send, &decision).await?;
        Ok(recorded.then_some(decision.delivery))
    }

    /// Pays for a text or call that is to go out. One that is withheld is not paid for, but fails like any other when the
    /// budget is used up: what became of a send must not tell accounts apart.
    async fn within_budget(
        &self,
        order: &GateOrder<'_>,
        config: &Config,
        mut decision: Decision,
    ) -> Result<Decision, Again> {
        if !costs(order.way) {
            return Ok(decision);
        }
        let budget = if decision.delivery.state == DeliveryState::Accepted {
            self.pay(order.activity, config).await?
        } else {
            let per_hour = config.throttle.texts_per_hour_organisation;
            self.app.store.look_at_budget(per_hour, self.app.clock.now()).await?
        };
        if budget == Budget::Exhausted {
            let (state, reason) = (DeliveryState::Failed, Some(TEXT_BUDGET.to_owned()));
            decision.delivery = Delivery { state, contact_version: 0, reason };
            decision.findings.facts = None;
        }
        Ok(decision)
    }

    /// Pays for one text or call.
    async fn pay(&self, about: &Activity, config: &Config) -> Result<Budget, Again> {
        let per_hour = config.throttle.texts_per_hour_organisation;
        let (days, now) = (config.retention.activity_days, self.app.clock.now());
        Ok(self.app.store.pay_message(per_hour, about, days, now).await?)
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
        let refused = sent.as_ref().err().filter(|unsent| unsent.is_final());
        delivery.state = if sent.is_ok() { DeliveryState::Sent } else { DeliveryState::Failed };
        delivery.reason = refused.map(|_| PROVIDER_REFUSED.to_owned());
        self.app.store.mark_send(attempt.correlation, order.send, &delivery).await?;
        match refused {
            Some(unsent) => {
                let (provider, code) = (unsent.provider, unsent.code.as_str());
                tracing::warn!(provider, code, "a code is refused for good");
                Ok(())
            }
            None => Ok(sent?),
        }
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
        if let Some(why) = self.not_sent(activity, *way, contact, &config).await? {
            self.app.store.message_failed(&activity.id, contact, why, now).await?;
            return Ok(());
        }
        let locale = activity.locale.as_deref().unwrap_or(edge::language::DEFAULT);
        let kind = Kind::RegistrationCode;
        let text = CodeText {
            subject: Subject::new(kind, locale, activity.correlation, &config),
            code: &code,
            minutes: config.codes.seconds.div_ceil(60),
        };
        let sent = self.senders.code(*way, contact, &text).await;
        self.settle(&activity.id, contact, sent).await
    }

    /// Why a code to a phone does not go out, if it does not; what goes out is paid for.
    async fn not_sent(
        &self,
        activity: &Activity,
        way: Way,
        contact: &str,
        config: &Config,
    ) -> Result<Option<&'static str>, Again> {
        if !costs(way) {
            return Ok(None);
        }
        if !may_go_to(config, way, contact) {
            return Ok(Some(Withheld::NumberNotAllowed.as_str()));
        }
        let budget = self.pay(activity, config).await?;
        Ok((budget == Budget::Exhausted).then_some(TEXT_BUDGET))
    }

    /// Records what became of a message to one recipient: gone, refused for good, or to be tried again.
    pub(crate) async fn settle(
        &self,
        message: &str,
        recipient: &str,
        sent: Result<(), Unsent>,
    ) -> Result<(), Again> {
        let (store, now) = (&self.app.store, self.app.clock.now());
        match sent {
            Ok(()) => Ok(store.message_sent(message, recipient, now).await?),
            Err(unsent) if unsent.is_final() => {
                tracing::warn!(provider = unsent.provider, code = unsent.code, "refused for good");
                Ok(store.message_failed(message, recipient, PROVIDER_REFUSED, now).await?)
            }
            Err(unsent) => Err(unsent.into()),
        }
    }
}

/// Whether the code of a send can still be answered: a newer send or the attempt's end makes it void.
fn is_wanted(attempt: &Attempt, send: u32, now: Millis) -> bool {
    let current = attempt.challenge.as_ref().filter(|c| c.send == send && now < c.expires_at);
    attempt.status == Status::Open && current.is_some()
}
