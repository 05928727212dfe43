//! Faults to be met by the next AWS calls, in the order they were asked for.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

/// How long a slow answer is held back: below any attempt timeout the product sets.
pub const SLOW: std::time::Duration = std::time::Duration::from_millis(400);

/// The AWS services the product calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// The store.
    Dynamodb,
    /// Mails (SES v2).
    Ses,
    /// Texts.
    Sns,
    /// Calls (End User Messaging).
    Voice,
}

impl Service {
    /// The name used in faults and traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dynamodb => "dynamodb",
            Self::Ses => "ses",
            Self::Sns => "sns",
            Self::Voice => "voice",
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Refused as too frequent; not applied. The SDK sends it again.
    Throttle,
    /// Answered 500; not applied. The SDK sends it again.
    Error,
    /// No answer in time; not applied. The SDK sends it again.
    Timeout,
    /// Applied, but the answer never arrives. The SDK sends it again.
    AppliedThenLost,
    /// Applied, and answered late but in time.
    Slow,
    /// A provider refuses the message for good; not applied. The SDK does not send it again.
    Refused,
    /// A write met another transaction; not applied. The SDK does not send it again.
    Conflict,
}

/// A fault as it is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Whose calls.
    pub service: Service,
    /// Which operation; `*` is any.
    pub operation: String,
    /// What goes wrong.
    pub kind: Kind,
    /// How many calls meet it.
    #[serde(default = "once")]
    pub count: u32,
    /// How many matching calls pass before it begins.
    #[serde(default)]
    pub skip: u32,
    /// Only calls made by this function (`deliver`, `complete-reset`, …).
    #[serde(default)]
    pub function: Option<String>,
}

fn once() -> u32 {
    1
}

/// The faults still to be met.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Order>>);

impl Faults {
    /// Adds one and says how many are waiting.
    pub fn add(&self, order: Order) -> usize {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if order.count > 0 {
            orders.push(order);
        }
        orders.len()
    }

    /// The fault this call meets, if any. Each matching order counts the call; the first that is
    /// due is spent on it.
    pub fn take(&self, service: Service, operation: &str, function: &str) -> Option<Kind> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut met = None;
        for order in orders.iter_mut().filter(|order| order.is_for(service, operation, function)) {
            if order.skip > 0 {
                order.skip -= 1;
            } else if met.is_none() {
                order.count -= 1;
                met = Some(order.kind);
            }
        }
        orders.retain(|order| order.count > 0);
        met
    }
}

impl Order {
    fn is_for(&self, service: Service, operation: &str, function: &str) -> bool {
        self.service == service
            && (self.operation == "*" || self.operation == operation)
            && self.function.as_deref().is_none_or(|only| only == function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> Order {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_fault_is_met_by_as_many_matching_calls_as_asked() {
        let faults = Faults::default();
        faults.add(order(
            r#"{"service":"dynamodb","operation":"PutItem","kind":"throttle","count":2}"#,
        ));
        assert_eq!(faults.take(Service::Dynamodb, "GetItem", ""), None);
        assert_eq!(faults.take(Service::Ses, "PutItem", ""), None);
        assert_eq!(faults.take(Service::Dynamodb, "PutItem", ""), Some(Kind::Throttle));
        assert_eq!(faults.take(Service::Dynamodb, "PutItem", ""), Some(Kind::Throttle));
        assert_eq!(faults.take(Service::Dynamodb, "PutItem", ""), None);
    }

    #[test]
    fn a_fault_can_wait_for_the_nth_call_of_one_function() {
        let faults = Faults::default();
        faults.add(order(
            r#"{"service":"dynamodb","operation":"*","kind":"error","skip":1,"function":"deliver"}"#,
        ));
        assert_eq!(faults.take(Service::Dynamodb, "PutItem", "unlock"), None);
        assert_eq!(faults.take(Service::Dynamodb, "PutItem", "deliver"), None);
        assert_eq!(faults.take(Service::Dynamodb, "GetItem", "deliver"), Some(Kind::Error));
        assert_eq!(faults.take(Service::Dynamodb, "GetItem", "deliver"), None);
    }

    #[test]
    fn unknown_members_and_values_are_refused() {
        for bad in [
            r#"{"service":"s3","operation":"*","kind":"error"}"#,
            r#"{"service":"ses","operation":"*","kind":"explode"}"#,
            r#"{"service":"ses","operation":"*","kind":"error","when":1}"#,
            r#"{"service":"ses","operation":"*","kind":"error","count":-1}"#,
        ] {
            assert!(serde_json::from_str::<Order>(bad).is_err(), "{bad}");
        }
    }
}
