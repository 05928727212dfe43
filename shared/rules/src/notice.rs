//! What people are told of: the kinds of message and what each needs to say.

use serde::{Deserialize, Serialize};

/// A kind of message. Codes have throttles; notices have none and are never lost (NOT-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A code for a reset.
    Code,
    /// A code that proves a contact at registration.
    RegistrationCode,
    /// The password was reset by the person.
    PasswordReset,
    /// The password was reset by an administrator.
    PasswordResetByAdmin,
    /// The password was changed with the old one.
    PasswordChanged,
    /// The account was unlocked by the person.
    AccountUnlocked,
    /// The account was unlocked by an administrator.
    AccountUnlockedByAdmin,
    /// Too many wrong proofs: a way is closed for a while.
    Blocked,
    /// A method was registered or changed.
    MethodChanged,
    /// A method was removed.
    MethodRemoved,
    /// The recovery code opened a gate and is used up.
    RecoveryCodeUsed,
    /// To other administrators: an administrator reset their own password.
    AdministratorReset,
    /// Somebody said that a change was not theirs: the account is closed until its password is reset.
    ResetRequired,
    /// To administrators: somebody said that a change of their account was not theirs.
    Disowned,
    /// To administrators: the organisation's budget of texts is used up.
    TextBudget,
    /// To administrators: somebody asks for help.
    ContactAdmin,
}

impl Kind {
    /// What a message is to whoever handles it, and to the outbox (api.md §10): a code, a notice, a call for help.
    pub fn family(self) -> &'static str {
        match self {
            Self::Code | Self::RegistrationCode => "code",
            Self::ContactAdmin => "contact_admin",
            Self::PasswordReset
            | Self::PasswordResetByAdmin
            | Self::PasswordChanged
            | Self::AccountUnlocked
            | Self::AccountUnlockedByAdmin
            | Self::Blocked
            | Self::MethodChanged
            | Self::MethodRemoved
            | Self::RecoveryCodeUsed
            | Self::AdministratorReset
            | Self::ResetRequired
            | Self::Disowned
            | Self::TextBudget => "notice",
        }
    }

    /// The name under which a message is remembered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::RegistrationCode => "registration_code",
            Self::PasswordReset => "password_reset",
            Self::PasswordResetByAdmin => "password_reset_by_admin",
            Self::PasswordChanged => "password_changed",
            Self::AccountUnlocked => "account_unlocked",
            Self::AccountUnlockedByAdmin => "account_unlocked_by_admin",
            Self::Blocked => "blocked",
            Self::MethodChanged => "method_changed",
            Self::MethodRemoved => "method_removed",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::AdministratorReset => "administrator_reset",
            Self::ResetRequired => "reset_required",
            Self::Disowned => "disowned",
            Self::TextBudget => "text_budget",
            Self::ContactAdmin => "contact_admin",
        }
    }

    /// Whether it tells the person of a change of their own account, which they may say was not theirs (RST-16).
    pub fn may_be_disowned(self) -> bool {
        match self {
            Self::PasswordReset
            | Self::PasswordResetByAdmin
            | Self::PasswordChanged
            | Self::AccountUnlocked
            | Self::AccountUnlockedByAdmin
            | Self::MethodChanged
            | Self::MethodRemoved
            | Self::RecoveryCodeUsed => true,
            Self::Code
            | Self::RegistrationCode
            | Self::Blocked
            | Self::AdministratorReset
            | Self::ResetRequired
            | Self::Disowned
            | Self::TextBudget
            | Self::ContactAdmin => false,
        }
    }
}

/// Mails to send with a fact, committed in the same row.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it says.
    pub kind: Kind,
    /// To whom, known when the fact was committed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// To whom, looked up when it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// Language; the attempt's where there is one.
    pub locale: String,
}

/// People who are found when a message is sent, since the request that caused it may not look at others' accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Every administrator but the one concerned (NOT-01).
    OtherAdministrators,
    /// The help desk; if there is none, user administrators; if there is none, administrators. At most 100 (CON-01).
    Helpers,
    /// The person the fact is about, at their notice addresses.
    Person,
}

/// At most this many people are asked for help at once (CON-01).
pub const MAX_HELPERS: usize = 100;
