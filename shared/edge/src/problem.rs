//! The one place where a refusal or a fault becomes an answer: RFC 9457 problem documents.
//!
//! What a person reads (`title`, `detail`) and what happened inside are apart: a fault is logged here, once, and the
//! answer says nothing of it.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rules::attempt::Attempt;
use rules::password::Reason;
use rules::policy::{ConfigError, Support};
use rules::refusal::{FieldError, Refusal};
use rules::registration::Ineligible;
use serde::Serialize;
use state::{Error, Fault};

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
    /// The reference's refusal code.
    pub sspr_code: Option<&'static str>,
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
            sspr_code: None,
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
            problem.sspr_code = why.sspr_code();
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
            other => other.into(),
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
            sspr_code: self.sspr_code,
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

/// Why somebody cannot reset, in words for them (RST-02).
fn refused_because(why: Ineligible) -> &'static str {
    match why {
        Ineligible::UnknownUser => "We do not know this user name. Check how it is spelled.",
        Ineligible::AccountDisabled => "This account is disabled. Your help desk can tell you why.",
        Ineligible::NotEnabled => "Your organisation has not switched password reset on for you.",
        Ineligible::NotInScope => "Password reset is not switched on for your group.",
        Ineligible::NotRegistered => {
            "You have not registered enough ways to prove who you are. Your help desk can reset your password."
        }
        Ineligible::AdministratorsDisabled => {
            "Administrators cannot reset their own password here."
        }
        Ineligible::WritebackOff => {
            "Your password is kept by your organisation's own directory, and it cannot be reset from here."
        }
    }
}

type Words = (StatusCode, &'static str, &'static str, &'static str);

/// Status, code, title and detail of every refusal.
fn words(refusal: &Refusal) -> Problem {
    let (status, code, title, detail) = match refusal {
        Refusal::InvalidContact(_) => INVALID_CONTACT,
        Refusal::ConfigInvalid(_) => CONFIG_INVALID,
        Refusal::PreconditionRequired => PRECONDITION_REQUIRED,
        Refusal::PreconditionFailed => PRECONDITION_FAILED,
        Refusal::Conflict => CONFLICT,
        Refusal::NotFound => NOT_FOUND,
        Refusal::Forbidden => FORBIDDEN,
        Refusal::InvalidRequest(_) => INVALID_REQUEST,
        Refusal::AnswersRejected(_) => ANSWERS_REJECTED,
        Refusal::InvalidToken => INVALID_TOKEN,
        Refusal::InvalidCredentials => INVALID_CREDENTIALS,
        Refusal::PasswordChangeRequired => PASSWORD_CHANGE_REQUIRED,
        Refusal::ResetRequired => RESET_REQUIRED,
        Refusal::AccountLocked { .. } => ACCOUNT_LOCKED,
        Refusal::Throttled { .. } => THROTTLED,
        Refusal::ReauthenticationRequired => REAUTHENTICATION_REQUIRED,
        Refusal::PasswordRejected(_) => PASSWORD_REJECTED,
        Refusal::MethodNotEnabled => METHOD_NOT_ENABLED,
        Refusal::RegistrationIncomplete => REGISTRATION_INCOMPLETE,
        Refusal::SkipNotAllowed => SKIP_NOT_ALLOWED,
        Refusal::MethodNotAvailable => METHOD_NOT_AVAILABLE,
        Refusal::ContactMismatch => CONTACT_MISMATCH,
        Refusal::ProofIncorrect { .. } => PROOF_INCORRECT,
        Refusal::CodeExpired => CODE_EXPIRED,
        Refusal::NoChallenge => NO_CHALLENGE,
        Refusal::GatesIncomplete => GATES_INCOMPLETE,
        Refusal::WrongPurpose => WRONG_PURPOSE,
        Refusal::ResetFinished => RESET_FINISHED,
        Refusal::ResetExpired => RESET_EXPIRED,
        Refusal::ResetRefused(_) => RESET_REFUSED,
        Refusal::AlreadyContacted => ALREADY_CONTACTED,
    };
    Problem::new(status, code, title, detail)
}

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
const INVALID_CONTACT: Words = (
    UNPROCESSABLE,
    "invalid_contact",
    "This contact cannot be used",
    "Check the address or number, with its country code. Some kinds of number are not accepted.",
);
const CONTACT_MISMATCH: Words = (
    UNPROCESSABLE,
    "contact_mismatch",
    "That is not the one we have",
    "Type the full address or number that you registered. Nothing was sent.",
);
const CONFIG_INVALID: Words = (
    UNPROCESSABLE,
    "config_invalid",
    "These settings cannot be saved",
    "Nothing was changed. Each error names the setting.",
);
const PRECONDITION_REQUIRED: Words = (
    StatusCode::PRECONDITION_REQUIRED,
    "precondition_required",
    "If-Match is missing",
    "Send the ETag of the version you read as If-Match.",
);
const PRECONDITION_FAILED: Words = (
    StatusCode::PRECONDITION_FAILED,
    "precondition_failed",
    "Somebody else changed this",
    "Read the current version and make your change to that.",
);
const CONFLICT: Words = (
    StatusCode::CONFLICT,
    "conflict",
    "Changed at the same moment",
    "Another request changed this at the same moment. Nothing was done; try again.",
);
const NOT_FOUND: Words =
    (StatusCode::NOT_FOUND, "not_found", "Not found", "There is nothing here.");
const FORBIDDEN: Words =
    (StatusCode::FORBIDDEN, "forbidden", "Not allowed", "Your role does not allow this.");
const INVALID_REQUEST: Words = (
    StatusCode::BAD_REQUEST,
    "invalid_request",
    "The request is not valid",
    "Nothing was done. Check the members named in errors.",
);
const ANSWERS_REJECTED: Words = (
    UNPROCESSABLE,
    "answers_rejected",
    "These answers cannot be used",
    "Nothing was kept. Each error says which answer, and what is in the way.",
);
const INVALID_TOKEN: Words = (
    StatusCode::UNAUTHORIZED,
    "invalid_token",
    "Not signed in",
    "The token is missing, has run out or was replaced. Start again.",
);
const INVALID_CREDENTIALS: Words = (
    StatusCode::UNAUTHORIZED,
    "invalid_credentials",
    "Username or password is wrong",
    "Check both and try again, or reset the password.",
);
const PASSWORD_CHANGE_REQUIRED: Words = (
    StatusCode::FORBIDDEN,
    "password_change_required",
    "Choose a new password first",
    "The password is right but has to be changed before you can sign in.",
);
const RESET_REQUIRED: Words = (
    StatusCode::FORBIDDEN,
    "reset_required",
    "Reset your password",
    "Somebody said that a change of this account was not theirs. A reset opens it again; a change does not.",
);
const ACCOUNT_LOCKED: Words = (
    StatusCode::LOCKED,
    "account_locked",
    "Locked for a while",
    "Too many wrong passwords. Wait, or unlock the account or reset the password.",
);
const THROTTLED: Words = (
    StatusCode::TOO_MANY_REQUESTS,
    "throttled",
    "Too many attempts",
    "This way is closed for a while. Try another way, or wait.",
);
const REAUTHENTICATION_REQUIRED: Words = (
    StatusCode::FORBIDDEN,
    "reauthentication_required",
    "Sign in again",
    "Changing how you can prove yourself needs a sign-in of the last 10 minutes.",
);
const PASSWORD_REJECTED: Words = (
    UNPROCESSABLE,
    "password_rejected",
    "Choose another password",
    "The password was not changed. Each reason says what is in the way.",
);
const METHOD_NOT_ENABLED: Words = (
    UNPROCESSABLE,
    "method_not_enabled",
    "This method is not used here",
    "Your organisation does not use this method.",
);
const REGISTRATION_INCOMPLETE: Words = (
    StatusCode::CONFLICT,
    "registration_incomplete",
    "Something is still missing",
    "Register the methods that are still missing first.",
);
const SKIP_NOT_ALLOWED: Words = (
    StatusCode::CONFLICT,
    "skip_not_allowed",
    "This cannot be put off again",
    "Register now, so that you can help yourself when you forget your password.",
);
const METHOD_NOT_AVAILABLE: Words = (
    UNPROCESSABLE,
    "method_not_available",
    "Not available",
    "This way is not offered, or was already used. Choose another.",
);
const PROOF_INCORRECT: Words =
    (UNPROCESSABLE, "proof_incorrect", "That is not right", "Check it and try again.");
const CODE_EXPIRED: Words =
    (StatusCode::GONE, "code_expired", "The code is too old", "Ask for a new one.");
const NO_CHALLENGE: Words = (
    StatusCode::CONFLICT,
    "no_challenge",
    "Nothing to answer",
    "Ask for a code by this way first.",
);
const GATES_INCOMPLETE: Words =
    (StatusCode::CONFLICT, "gates_incomplete", "Not verified yet", "Prove that it is you first.");
const WRONG_PURPOSE: Words = (
    StatusCode::CONFLICT,
    "wrong_purpose",
    "Started for something else",
    "An unlock cannot set a password, and a reset cannot only unlock. Start again.",
);
const RESET_FINISHED: Words = (
    StatusCode::GONE,
    "reset_finished",
    "Already finished",
    "This came to its end. Start again if you need to.",
);
const RESET_EXPIRED: Words =
    (StatusCode::GONE, "reset_expired", "Time is over", "This took too long. Start again.");
const RESET_REFUSED: Words = (
    StatusCode::FORBIDDEN,
    "reset_refused",
    "Not possible for this account",
    "Ask your help desk, and give them the support code.",
);
const ALREADY_CONTACTED: Words = (
    StatusCode::CONFLICT,
    "already_contacted",
    "Already asked",
    "Your administrators were told. Start again if you need to.",
);
