//! The one place where a refusal or a fault becomes an answer: RFC 9457 problem documents.
//!
//! What a person reads (`title`, `detail`) and what happened inside are apart: a fault is logged here, once, and the
//! answer says nothing of it.

mod words;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rules::attempt::Attempt;
use rules::password::Reason;
use rules::policy::{ConfigError, Support};
use rules::refusal::{FieldError, Refusal};
use rules::registration::Ineligible;
use serde::Serialize;
use state::{Error, Fault};

use words::{refused_because, words};

/// A problem before it is written down; the request's end adds correlation id and language.
#[derive(Debug, Clone)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people, short.
    pub title: &'static str,
    /// For people, what to do.
    pub detail: Box<str>,
    /// Wrong members.
    pub errors: Box<[ErrorItem]>,
    /// Seconds.
    pub retry_after: Option<u32>,
    /// Why a password does not do.
    pub reasons: Box<[ReasonItem]>,
    /// Tries left.
    pub attempts_left: Option<u32>,
    /// Why a person may not reset, where they may know: the reference's refusal code comes of it.
    pub why: Option<Ineligible>,
    /// Where help is to be found.
    pub support: Option<Box<Support>>,
    /// The work that is asked for.
    pub proof_of_work: Option<Box<WorkItem>>,
}

/// A challenge of the proof of work (RST-17).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct WorkItem {
    /// The hash function.
    pub algorithm: &'static str,
    /// What the solution begins with.
    pub challenge: String,
    /// Zero bits that the hash of the solution begins with.
    pub bits: u32,
    /// Seconds.
    pub expires_in: u32,
}

/// One wrong member.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ErrorItem {
    /// Which, as a path or a JSON pointer.
    pub field: String,
    /// What is wrong, stable.
    pub code: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// One reason against a password.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ReasonItem {
    /// Stable.
    pub code: String,
    /// For people.
    pub detail: String,
}

/// The document as sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Document<'p> {
    /// `/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people, short.
    pub title: &'p str,
    /// HTTP status.
    pub status: u16,
    /// Stable, for programs.
    pub code: &'p str,
    /// For people, what to do.
    pub detail: &'p str,
    /// The support code.
    pub correlation_id: String,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Wrong members.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub errors: &'p [ErrorItem],
    /// Why a password does not do.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub reasons: &'p [ReasonItem],
    /// Tries left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_left: Option<u32>,
    /// The reference's refusal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sspr_code: Option<&'p str>,
    /// Where help is to be found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub support: Option<&'p Support>,
    /// The work that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_of_work: Option<&'p WorkItem>,
}

impl Problem {
    /// A problem with nothing but its words.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: &str) -> Self {
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            errors: Box::default(),
            retry_after: None,
            reasons: Box::default(),
            attempts_left: None,
            why: None,
            support: None,
            proof_of_work: None,
        }
    }

    /// A request with one wrong member.
    pub fn field(field: &str, code: &str) -> Self {
        Refusal::InvalidRequest(vec![FieldError::new(field, code)]).into()
    }

    /// A reset that is refused. Why is told only where the organisation chose full disclosure; where help is, always.
    pub fn reset_refused(why: Option<Ineligible>, support: &Support) -> Self {
        let mut problem = Self::from(Refusal::ResetRefused(why));
        if let Some(why) = why {
            problem.why = Some(why);
            problem.detail = refused_because(why).into();
        }
        problem.support = Some(Box::new(support.clone()));
        problem
    }

    /// A refusal or fault as an attempt may be told of it.
    pub fn within(error: Error, attempt: &Attempt, support: &Support) -> Self {
        match error {
            Error::Refused(Refusal::ResetRefused(why)) => {
                Self::reset_refused(why.filter(|_| attempt.disclosed.is_some()), support)
            }
            Error::Refused(refusal) => refusal.into(),
            Error::Failed(fault) => fault.into(),
        }
    }

    /// The document for a request.
    pub fn document(&self, correlation_id: String) -> Document<'_> {
        Document {
            kind: format!("/problems/{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            correlation_id,
            retry_after: self.retry_after,
            errors: &self.errors,
            reasons: &self.reasons,
            attempts_left: self.attempts_left,
            sspr_code: self.why.and_then(Ineligible::sspr_code),
            support: self.support.as_deref(),
            proof_of_work: self.proof_of_work.as_deref(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Failed(fault) => fault.into(),
        }
    }
}

/// Seconds after which a busy store is worth another try.
const BUSY_RETRY: u32 = 1;

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        tracing::error!(fault = %fault, "request failed");
        match fault {
            Fault::Busy { .. } => Self {
                retry_after: Some(BUSY_RETRY),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "Not available right now",
                    "Something we rely on is busy. Nothing was lost; try again in a moment.",
                )
            },
            Fault::Broken { .. } | Fault::Corrupt { .. } | Fault::Computation { .. } => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal_error",
                "Something went wrong",
                "It is our fault, not yours. Try again, or give the support code to your help desk.",
            ),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let mut problem = words(&refusal);
        if let Refusal::AccountLocked { retry_after } | Refusal::Throttled { retry_after } = refusal
        {
            problem.retry_after = Some(retry_after);
        }
        if let Refusal::ProofIncorrect { attempts_left } = refusal {
            problem.attempts_left = Some(attempts_left);
        }
        if let Refusal::InvalidContact(field) = &refusal {
            problem.errors = Box::new([field.clone().into()]);
        }
        if let Refusal::PasswordRejected(reasons) = &refusal {
            problem.reasons = reasons.iter().map(ReasonItem::from).collect();
        }
        if let Refusal::InvalidRequest(fields) | Refusal::AnswersRejected(fields) = refusal {
            problem.errors = fields.into_iter().map(ErrorItem::from).collect();
        } else if let Refusal::ConfigInvalid(errors) = refusal {
            problem.errors = errors.into_iter().map(ErrorItem::from).collect();
        }
        problem
    }
}

impl From<&Reason> for ReasonItem {
    fn from(reason: &Reason) -> Self {
        Self { code: reason.code().to_owned(), detail: reason.detail().to_owned() }
    }
}

impl From<ConfigError> for ErrorItem {
    fn from(e: ConfigError) -> Self {
        Self { field: e.pointer, code: e.code.to_owned(), detail: Some(e.detail) }
    }
}

impl From<FieldError> for ErrorItem {
    fn from(e: FieldError) -> Self {
        Self { field: e.field, code: e.code, detail: None }
    }
}
