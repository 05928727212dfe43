//! Status, code and words of every refusal.

use http::StatusCode;
use rules::refusal::Refusal;
use rules::registration::Ineligible;

use super::Problem;

/// Why somebody cannot reset, in words for them (RST-02).
pub(super) fn refused_because(why: Ineligible) -> &'static str {
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
pub(super) fn words(refusal: &Refusal) -> Problem {
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
