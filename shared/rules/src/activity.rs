//! The record: what happened, to whom, by whom. One row is audit entry, report row and what must be sent, committed
//! with the change it describes.

use serde::{Deserialize, Serialize};

use crate::ids::{CorrelationId, Millis, Username};
use crate::method::{Method, Way};
use crate::notice::Notice;
use crate::registration::Role;

/// The name of an activity (AUD-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    /// Reset password (self-service).
    ResetPassword,
    /// Reset password (by admin).
    ResetPasswordByAdmin,
    /// Change password (self-service).
    ChangePassword,
    /// Unlock user account (self-service).
    Unlock,
    /// Unlock user account (by admin).
    UnlockByAdmin,
    /// Blocked from self-service password reset.
    Blocked,
    /// Self-service password reset flow activity progress.
    Progress,
    /// User registered for self-service password reset.
    Registered,
    /// Security info saved.
    SecurityInfoSaved,
    /// Security info removed.
    SecurityInfoRemoved,
    /// Update policy.
    UpdatePolicy,
    /// Sign-in locked.
    SignInLocked,
    /// An administrator created, changed or deleted an account or a group, or ended its sessions.
    ManageUser,
    /// Somebody said that a change of their account was not theirs.
    Disowned,
    /// The organisation's budget of texts is used up.
    TextBudget,
}

impl Name {
    /// Every name.
    pub const ALL: [Name; 15] = [
        Self::ResetPassword,
        Self::ResetPasswordByAdmin,
        Self::ChangePassword,
        Self::Unlock,
        Self::UnlockByAdmin,
        Self::Blocked,
        Self::Progress,
        Self::Registered,
        Self::SecurityInfoSaved,
        Self::SecurityInfoRemoved,
        Self::UpdatePolicy,
        Self::SignInLocked,
        Self::ManageUser,
        Self::Disowned,
        Self::TextBudget,
    ];

    /// The words of the reference, as they stand in the audit report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "Reset password (self-service)",
            Self::ResetPasswordByAdmin => "Reset password (by admin)",
            Self::ChangePassword => "Change password (self-service)",
            Self::Unlock => "Unlock user account (self-service)",
            Self::UnlockByAdmin => "Unlock user account (by admin)",
            Self::Blocked => "Blocked from self-service password reset",
            Self::Progress => "Self-service password reset flow activity progress",
            Self::Registered => "User registered for self-service password reset",
            Self::SecurityInfoSaved => "Security info saved",
            Self::SecurityInfoRemoved => "Security info removed",
            Self::UpdatePolicy => "Update policy",
            Self::SignInLocked => "Sign-in locked",
            Self::ManageUser => "Manage user",
            Self::Disowned => "Change reported as not made by the user (self-service)",
            Self::TextBudget => "Budget of texts used up",
        }
    }

    /// The part of the product it belongs to.
    pub fn category(self) -> &'static str {
        match self {
            Self::ResetPassword
            | Self::Unlock
            | Self::Blocked
            | Self::Progress
            | Self::ChangePassword
            | Self::Disowned
            | Self::TextBudget => "self_service_password_management",
            Self::ResetPasswordByAdmin | Self::UnlockByAdmin | Self::ManageUser => {
                "user_management"
            }
            Self::Registered | Self::SecurityInfoSaved | Self::SecurityInfoRemoved => {
                "authentication_methods"
            }
            Self::UpdatePolicy => "policy",
            Self::SignInLocked => "sign_in",
        }
    }
}

/// How an attempt ended (REP-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The password was reset or the account unlocked.
    Succeeded,
    /// It could not have worked.
    Failed,
    /// A limit closed it.
    Blocked,
    /// Nobody finished it in time.
    Abandoned,
    /// The person stopped it.
    Cancelled,
    /// The person asked for help.
    ContactedAdmin,
}

impl Outcome {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Abandoned => "abandoned",
            Self::Cancelled => "cancelled",
            Self::ContactedAdmin => "contacted_admin",
        }
    }
}

/// A row of the reset report: one for each attempt, from its end (REP-03).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetRow {
    /// `reset` or `unlock`.
    pub purpose: crate::attempt::Purpose,
    /// Ways that passed a gate.
    pub methods: Vec<Way>,
    /// How it ended.
    pub result: Outcome,
    /// Where or why.
    pub detail: String,
    /// From begin to end.
    pub seconds: u32,
    /// The steps, each with milliseconds since the beginning.
    pub steps: Vec<String>,
}

/// A row of the registration report: one datum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationRow {
    /// Which method; none for a confirmation of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// What became of it.
    pub change: RegistrationChange,
}

/// What became of a registered datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationChange {
    /// Proved for the first time.
    Registered,
    /// Replaced.
    Updated,
    /// Removed.
    Removed,
    /// Said to be still right.
    Confirmed,
}

impl RegistrationChange {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Updated => "updated",
            Self::Removed => "removed",
            Self::Confirmed => "confirmed",
        }
    }
}

/// An old and a new value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modified {
    /// Which datum.
    pub field: String,
    /// Before; never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// After; never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// An order to send a code. Carries no code: the deliverer derives it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum CodeOrder {
    /// For a gate. Whether anything is sent is decided when the account is looked at.
    Gate {
        /// By which way.
        way: Way,
        /// What the person typed, canonical.
        contact: String,
        /// Which send of the attempt.
        send: u32,
        /// Length of the code.
        digits: u8,
    },
    /// For proving a contact at registration; the person is signed in.
    Registration {
        /// By which way.
        way: Way,
        /// Where to.
        contact: String,
        /// Drawn for this contact.
        nonce: String,
        /// Which send.
        send: u32,
        /// Length of the code.
        digits: u8,
    },
}

/// Where a request came from, as far as the record keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Origin {
    /// Source address, from the gateway.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_ip: String,
    /// User agent, at most [`CLIENT_MAX`] characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub client: String,
}

/// Longest user agent kept, characters: the rest is noise, and items stay below 1 KB.
pub const CLIENT_MAX: usize = 80;

/// A row of the activity table.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Unique; also names its messages.
    pub id: String,
    /// When.
    pub at: Millis,
    /// What.
    pub activity: Name,
    /// Whether it was done or refused.
    pub success: bool,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who did it; the person concerned where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Username>,
    /// Whom it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Username>,
    /// The highest role of whom it concerns, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The thread it belongs to.
    pub correlation: CorrelationId,
    /// Where from.
    #[serde(flatten)]
    pub origin: Origin,
    /// What changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modified: Vec<Modified>,
    /// Reset report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<ResetRow>,
    /// Registration report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationRow>,
    /// Mails to send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// A code to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeOrder>,
    /// Language of the code's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

impl Activity {
    /// A successful activity without particulars.
    pub fn new(id: String, at: Millis, activity: Name, correlation: CorrelationId) -> Self {
        Self {
            id,
            at,
            activity,
            success: true,
            reason: None,
            actor: None,
            target: None,
            role: None,
            correlation,
            origin: Origin::default(),
            modified: Vec::new(),
            reset: None,
            registration: None,
            notices: Vec::new(),
            code: None,
            locale: None,
        }
    }

    /// Whether the row belongs in the index by user: facts do, orders to send a code do not.
    pub fn is_indexed(&self) -> bool {
        self.code.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_activity_has_its_own_words() {
        let words: std::collections::BTreeSet<_> = Name::ALL.iter().map(|n| n.as_str()).collect();
        assert_eq!(words.len(), Name::ALL.len());
    }
}
