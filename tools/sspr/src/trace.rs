//! Which AWS calls were made for which request, by which function.
//!
//! A request's calls are collected while it is served ([`Traces::of`]) and filed under its
//! correlation id when that is known, which for a reset is after the handler ran. Which function
//! serves it is known once it is routed ([`serving`]). The collector travels in a task-local: a
//! handler that spawns a task leaves it behind, one that joins futures does not.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::Serialize;

use crate::fault::Service;

/// Requests kept; the oldest is forgotten first.
pub const REQUESTS_KEPT: usize = 10_000;

tokio::task_local! {
    static CURRENT: Arc<Calls>;
}

/// One AWS call as `/dev/trace` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// `dynamodb`, `ses`, `sns` or `voice`.
    pub service: &'static str,
    /// The operation's name.
    pub operation: String,
    /// The table or tables.
    pub table: Option<Cow<'static, str>>,
    /// Body sent.
    pub request_bytes: usize,
    /// Body received; 0 if none arrived.
    pub response_bytes: usize,
    /// Capacity units; 0 for what was refused.
    pub consumed: f64,
}

/// The calls of one request so far, in the order they began.
#[derive(Debug, Default)]
struct Calls {
    function: OnceLock<&'static str>,
    made: Mutex<Vec<Call>>,
}

/// The place of a call that has begun.
#[derive(Debug)]
pub struct Entry(Option<(Arc<Calls>, usize)>);

/// What a call came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The table or tables.
    pub table: Option<String>,
    /// Body received.
    pub response_bytes: usize,
    /// Capacity units.
    pub consumed: f64,
}

/// The function whose request is being served by this task; empty outside of one.
#[must_use]
pub fn function() -> &'static str {
    CURRENT.try_with(|calls| calls.function()).unwrap_or_default()
}

/// Says which function serves the current request. Once.
pub fn serving(function: &'static str) {
    let _ = CURRENT.try_with(|calls| calls.function.set(function));
}

/// Notes the beginning of a call, so that parallel calls are listed as they were begun.
#[must_use]
pub fn begin(service: Service, operation: &str, request_bytes: usize) -> Entry {
    let call = Call {
        service: service.name(),
        operation: operation.to_owned(),
        table: None,
        request_bytes,
        response_bytes: 0,
        consumed: 0.0,
    };
    Entry(CURRENT.try_with(|calls| (Arc::clone(calls), calls.push(call))).ok())
}

impl Entry {
    /// Notes how the call ended.
    pub fn end(self, outcome: Outcome) {
        let Some((calls, place)) = self.0 else { return };
        let mut made = calls.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(call) = made.get_mut(place) {
            call.table = outcome.table.map(Cow::Owned);
            call.response_bytes = outcome.response_bytes;
            call.consumed = outcome.consumed;
        }
    }
}

impl Calls {
    fn function(&self) -> &'static str {
        self.function.get().copied().unwrap_or_default()
    }

    fn push(&self, call: Call) -> usize {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.push(call);
        made.len() - 1
    }
}

/// The calls of one finished request.
#[derive(Debug)]
struct Filed {
    function: &'static str,
    correlation_id: Option<String>,
    calls: Vec<Call>,
}

/// The calls of the last requests. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Traces(Arc<Mutex<VecDeque<Filed>>>);

impl Traces {
    /// Runs `work`, collects its calls, and files them under the correlation id that `id_of` finds
    /// in the result.
    pub async fn of<T>(
        &self,
        work: impl Future<Output = T>,
        id_of: impl FnOnce(&T) -> Option<String>,
    ) -> T {
        let calls = Arc::new(Calls::default());
        let result = CURRENT.scope(Arc::clone(&calls), work).await;
        let made = std::mem::take(&mut *calls.made.lock().unwrap_or_else(PoisonError::into_inner));
        if !made.is_empty() {
            let function = calls.function();
            self.file(Filed { function, correlation_id: id_of(&result), calls: made });
        }
        result
    }

    /// The same for a function that no request is routed to.
    pub async fn of_function<T>(
        &self,
        function: &'static str,
        work: impl Future<Output = T>,
        id: Option<String>,
    ) -> T {
        let named = async {
            serving(function);
            work.await
        };
        self.of(named, |_| id).await
    }

    fn file(&self, filed: Filed) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= REQUESTS_KEPT {
            kept.pop_front();
        }
        kept.push_back(filed);
    }

    /// The calls filed under a correlation id (any if `None`), in the order the requests ended:
    /// those of `function`, or, without one, those of functions that answer requests.
    #[must_use]
    pub fn find(&self, correlation_id: Option<&str>, function: Option<&str>) -> Vec<Call> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .filter(|filed| match function {
                Some(function) => filed.function == function,
                None => !BEHIND.contains(&filed.function),
            })
            .filter(|filed| {
                correlation_id.is_none_or(|id| filed.correlation_id.as_deref() == Some(id))
            })
            .flat_map(|filed| filed.calls.iter().cloned())
            .collect()
    }
}

/// Functions no request waits for.
const BEHIND: [&str; 2] = [DELIVER, SWEEP];
/// The function fed by the stream.
pub const DELIVER: &str = "deliver";
/// The function on a schedule.
pub const SWEEP: &str = "sweep";

#[cfg(test)]
mod tests {
    use super::*;

    async fn call(operation: &str) {
        let entry = begin(Service::Dynamodb, operation, 10);
        tokio::task::yield_now().await;
        entry.end(Outcome { table: Some("state".to_owned()), response_bytes: 2, consumed: 0.5 });
    }

    fn names(calls: &[Call]) -> Vec<&str> {
        calls.iter().map(|call| call.operation.as_str()).collect()
    }

    #[tokio::test]
    async fn calls_are_filed_under_the_id_known_afterwards() {
        let traces = Traces::default();
        let work = async {
            tokio::join!(call("GetItem"), call("UpdateItem"));
            serving("begin-reset");
            call("PutItem").await;
            "ABCD-EFGH"
        };
        traces.of(work, |id| Some((*id).to_owned())).await;
        let id = Some("ABCD-EFGH".to_owned());
        traces.of_function(DELIVER, call("Query"), id).await;
        let seen = traces.find(Some("ABCD-EFGH"), None);
        assert_eq!(names(&seen), ["GetItem", "UpdateItem", "PutItem"]);
        assert_eq!(seen[0].consumed, 0.5);
        assert_eq!(names(&traces.find(Some("ABCD-EFGH"), Some("deliver"))), ["Query"]);
        assert_eq!(traces.find(None, Some("begin-reset")).len(), 3);
        assert!(traces.find(Some("XXXX-XXXX"), None).is_empty());
    }

    #[tokio::test]
    async fn a_call_outside_a_request_is_not_kept() {
        call("GetItem").await;
        assert_eq!(function(), "");
    }

    #[tokio::test]
    async fn only_the_last_requests_are_kept() {
        let traces = Traces::default();
        for number in 0..=REQUESTS_KEPT {
            traces.of(call("Query"), |()| Some(number.to_string())).await;
        }
        assert!(traces.find(Some("0"), None).is_empty());
        assert_eq!(traces.find(Some("1"), None).len(), 1);
    }
}
