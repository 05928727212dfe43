//! Every "no" that a caller can be given. What is not a refusal is a fault.

use crate::password::Reason;
use crate::policy::ConfigError;
use crate::registration::Ineligible;

/// One wrong member of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The member, as a path: `answers[1].id`.
    pub field: String,
    /// What is wrong, stable.
    pub code: String,
}

impl FieldError {
    /// A field error.
    pub fn new(field: impl Into<String>, code: impl Into<String>) -> Self {
        Self { field: field.into(), code: code.into() }
    }
}

/// A clear no, with what the caller needs to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The request is malformed or has wrong members.
    InvalidRequest(Vec<FieldError>),
    /// No token, or not one that is alive and of the right type.
    InvalidToken,
    /// Unknown user, wrong password or disabled account: told apart by nobody.
    InvalidCredentials,
    /// The password is right but must be changed first.
    PasswordChangeRequired,
    /// The password is right but no longer enough: it must be reset, not changed.
    ResetRequired,
    /// Too many failed sign-ins.
    AccountLocked {
        /// Seconds.
        retry_after: u32,
    },
    /// Too many tries, sends or attempts.
    Throttled {
        /// Seconds.
        retry_after: u32,
    },
    /// Signed in, but without the role.
    Forbidden,
    /// The sign-in is too old for a change of methods.
    ReauthenticationRequired,
    /// No such thing.
    NotFound,
    /// The way is not offered or was already passed.
    MethodNotAvailable,
    /// The method is switched off.
    MethodNotEnabled,
    /// Not an address or number that may be used.
    InvalidContact(FieldError),
    /// Not the registered address or number; told only under full disclosure.
    ContactMismatch,
    /// Answers that cannot be registered; everything wrong at once, by index.
    AnswersRejected(Vec<FieldError>),
    /// A wrong code.
    ProofIncorrect {
        /// Tries left by this way.
        attempts_left: u32,
    },
    /// The code ran out.
    CodeExpired,
    /// Nothing was asked for by this way.
    NoChallenge,
    /// Gates are missing.
    GatesIncomplete,
    /// An attempt to unlock cannot set a password, nor the reverse.
    WrongPurpose,
    /// The attempt came to its end.
    ResetFinished,
    /// The attempt's time is over.
    ResetExpired,
    /// This person, at this time, may not.
    ResetRefused(Option<Ineligible>),
    /// The new password does not do; all reasons at once.
    PasswordRejected(Vec<Reason>),
    /// Fewer methods than required.
    RegistrationIncomplete,
    /// It cannot be put off again.
    SkipNotAllowed,
    /// `If-Match` is missing.
    PreconditionRequired,
    /// Somebody changed it meanwhile.
    PreconditionFailed,
    /// The configuration does not do; everything wrong at once.
    ConfigInvalid(Vec<ConfigError>),
    /// Another request changed this first, and the change cannot be repeated blindly.
    Conflict,
    /// Help was already asked for with this attempt.
    AlreadyContacted,
}
