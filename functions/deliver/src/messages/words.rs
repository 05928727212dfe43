//! Subject, first paragraph and advice of every notice.

use rules::notice::Kind;

/// Subject, first paragraph, advice.
type Words = (&'static str, &'static str, &'static str);

/// The words of a notice.
pub(super) fn words(kind: Kind) -> Words {
    match kind {
        Kind::Code | Kind::RegistrationCode => CODE,
        Kind::PasswordReset => PASSWORD_RESET,
        Kind::PasswordResetByAdmin => PASSWORD_RESET_BY_ADMIN,
        Kind::PasswordChanged => PASSWORD_CHANGED,
        Kind::AccountUnlocked => ACCOUNT_UNLOCKED,
        Kind::AccountUnlockedByAdmin => ACCOUNT_UNLOCKED_BY_ADMIN,
        Kind::Blocked => BLOCKED,
        Kind::MethodChanged => METHOD_CHANGED,
        Kind::MethodRemoved => METHOD_REMOVED,
        Kind::RecoveryCodeUsed => RECOVERY_CODE_USED,
        Kind::AdministratorReset => ADMINISTRATOR_RESET,
        Kind::ResetRequired => RESET_REQUIRED,
        Kind::Disowned => DISOWNED,
        Kind::TextBudget => TEXT_BUDGET,
        Kind::ContactAdmin => CONTACT_ADMIN,
    }
}

const NOT_ME: &str = "If it was not you, call your help desk now and give them the support code.";

const CODE: Words = ("your code", "A code was sent.", NOT_ME);
const PASSWORD_RESET: Words = (
    "your password was reset",
    "Your password was reset by proving that it is you. You are signed out everywhere.",
    NOT_ME,
);
const PASSWORD_RESET_BY_ADMIN: Words = (
    "your password was reset by an administrator",
    "An administrator gave your account a temporary password. You choose a new one at the next sign-in.",
    NOT_ME,
);
const PASSWORD_CHANGED: Words = (
    "your password was changed",
    "Your password was changed with the old one. Other sessions have ended.",
    NOT_ME,
);
const ACCOUNT_UNLOCKED: Words = (
    "your account was unlocked",
    "Your account was unlocked by proving that it is you. The password is as it was.",
    NOT_ME,
);
const ACCOUNT_UNLOCKED_BY_ADMIN: Words = (
    "your account was unlocked by an administrator",
    "An administrator unlocked your account. The password is as it was.",
    NOT_ME,
);
const BLOCKED: Words = (
    "password reset is closed for a while",
    "There were too many wrong attempts to reset your password from one network. That way is closed for a \
             while.",
    "If it was you, wait or ask your help desk. If it was not, you need not do anything: nothing was changed.",
);
const METHOD_CHANGED: Words = (
    "how you prove yourself was changed",
    "Something by which you can reset your password was added or changed.",
    NOT_ME,
);
const METHOD_REMOVED: Words = (
    "how you prove yourself was changed",
    "Something by which you could reset your password was removed.",
    NOT_ME,
);
const RECOVERY_CODE_USED: Words = (
    "your recovery code was used",
    "Your recovery code was used to prove that it is you. It cannot be used again: ask for a new one when you \
             are signed in.",
    NOT_ME,
);
const ADMINISTRATOR_RESET: Words = (
    "an administrator's password was reset",
    "An administrator reset their own password.",
    "If this is not expected, look at the report and end the administrator's sessions.",
);
const RESET_REQUIRED: Words = (
    "your account is closed until you reset the password",
    "Somebody followed the link in one of our messages and said that a change of your account was not theirs. \
             Everybody was signed out, and your administrators were told.",
    "Reset your password to open the account again. If you did not follow the link, call your help desk: somebody \
             else reads your mail.",
);
const DISOWNED: Words = (
    "a person says that a change of their account was not theirs",
    "A person was told of a change of their account and says that they did not make it. Everybody was signed out, \
             and the password stops working until it is reset.",
    "Look at the attempt behind the support code, and speak to the person before you reset anything for them.",
);
const TEXT_BUDGET: Words = (
    "the budget of texts and calls is used up",
    "As many texts and calls were sent in an hour as the organisation allows. Until the hour is over no more are \
             sent; people can use their other ways.",
    "If this is not expected, somebody may be making you pay for texts: look at the report of the last hour.",
);
const CONTACT_ADMIN: Words = (
    "somebody needs help with their password",
    "A person could not reset their password and asks for help. Make sure that it is really them before you \
             do anything.",
    "The support code leads you to every step of the attempt.",
);
