//! What goes wrong that is nobody's refusal. Sealed: an SDK error's own text holds the items it met, password hashes
//! included, so nothing but operation, code and request id is kept of it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use rules::refusal::Refusal;

/// A failure of the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Too busy, throttled or unreachable; the same call may work in a moment.
    #[error("store is busy: {operation} ({code})")]
    Busy {
        /// The SDK operation.
        operation: &'static str,
        /// The service's code, or what happened on the way.
        code: String,
    },
    /// Refused for a reason that a repeat does not mend.
    #[error("store failed: {operation} ({code}, request {request_id})")]
    Broken {
        /// The SDK operation.
        operation: &'static str,
        /// The service's code.
        code: String,
        /// For a support case.
        request_id: String,
    },
    /// A stored item does not have its shape.
    #[error("stored {kind} cannot be read")]
    Corrupt {
        /// Which kind of item.
        kind: &'static str,
    },
    /// A computation failed that cannot fail with the parameters in force.
    #[error("cannot compute {what}")]
    Computation {
        /// Which.
        what: &'static str,
    },
}

/// What crosses a function's border instead of a result: a refusal for the caller, or a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A clear no.
    Refused(Refusal),
    /// Something failed.
    Failed(Fault),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

/// Service codes that a repeat may mend.
const PASSING: [&str; 9] = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionInProgressException",
    "TransactionConflictException",
    "InternalServerError",
    "InternalFailure",
    "ServiceUnavailable",
    "TransactionCanceledException",
];

/// Seals an SDK error.
pub(crate) fn seal<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Fault
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let on_the_way = if matches!(error, SdkError::TimeoutError(_)) {
        Some("timeout")
    } else if matches!(error, SdkError::DispatchFailure(_)) {
        Some("no_reply")
    } else if matches!(error, SdkError::ResponseError(_)) {
        Some("bad_reply")
    } else {
        None
    };
    if let Some(code) = on_the_way {
        return Fault::Busy { operation, code: code.to_owned() };
    }
    let code = error.as_service_error().and_then(|e| e.code()).unwrap_or("unknown").to_owned();
    if PASSING.contains(&code.as_str()) || code == "unknown" {
        return Fault::Busy { operation, code };
    }
    let request_id = error.request_id().unwrap_or("-").to_owned();
    Fault::Broken { operation, code, request_id }
}
