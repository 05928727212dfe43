//! Who a person is to the product: the account's profile, what is registered, and whether they may reset (RST-01).

mod standing;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::factors::facts::{AnsweredQuestions, AuthenticatorApp, RecoveryOnFile};
use crate::ids::{Millis, Username};
use crate::method::{Method, Way};
use crate::policy::Config;

pub use standing::{Action, Standing, standing};

/// What a person may do in the product (api.md §8), least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Uses it for their own account.
    User,
    /// Reads reports.
    ReportsReader,
    /// Resets, unlocks and unblocks plain users and readers.
    Helpdesk,
    /// Manages people up to the help desk.
    UserAdmin,
    /// Everything.
    Admin,
}

impl Role {
    /// The name in JSON and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ReportsReader => "reports_reader",
            Self::Helpdesk => "helpdesk",
            Self::UserAdmin => "user_admin",
            Self::Admin => "admin",
        }
    }
}

/// Where the password lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Directory {
    /// Here.
    #[default]
    Native,
    /// In a directory behind the on-premises agent.
    OnPremises,
}

/// One contact datum.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Canonical address or E.164 number.
    pub value: String,
    /// When the person proved it by a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Millis>,
    /// Moves with every change of the value or of its standing: what a passed gate is bound to.
    pub version: u32,
}

/// An account, without any secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Canonical name.
    pub username: Username,
    /// Differs from that of an earlier account of the same name.
    pub uid: String,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Given name; may not stand in a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name; may not stand in a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Address for proving.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Contact>,
    /// Number for texts and calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<Contact>,
    /// Number for calls, set by an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office_phone: Option<Contact>,
    /// Answers to questions; what they are is sealed elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub questions: Option<AnsweredQuestions>,
    /// An authenticator app; its secret is sealed elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<AuthenticatorApp>,
    /// A recovery code, used or not; its tag is sealed elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoveryOnFile>,
    /// Mailbox for notices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_email: Option<String>,
    /// At least `user`.
    pub roles: BTreeSet<Role>,
    /// Groups the person belongs to directly.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// Off: cannot sign in or reset.
    pub enabled: bool,
    /// Where the password lives.
    #[serde(default)]
    pub directory: Directory,
    /// How the on-premises directory names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory_anchor: Option<String>,
    /// Language of messages outside a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The password must be changed at the next sign-in.
    #[serde(default)]
    pub must_change_password: bool,
    /// Somebody said that a change of the account was not theirs: no password opens it until it is reset (RST-16).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset_required: bool,
    /// Exempt from expiry.
    #[serde(default)]
    pub password_never_expires: bool,
    /// May not change the password themselves.
    #[serde(default)]
    pub cannot_change_password: bool,
    /// Moves with every change of the password or revocation: sessions of an earlier epoch are dead.
    pub epoch: u64,
    /// Moves with every reset or unlock: failed sign-ins of an earlier epoch are void.
    pub lock_epoch: u64,
    /// How often the person put off registering.
    #[serde(default)]
    pub skips: u32,
    /// An administrator asked for registration anew.
    #[serde(default)]
    pub registration_required: bool,
    /// When the registration was last confirmed as right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Millis>,
    /// When the account was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// Moves with every write.
    pub version: u64,
}

impl Profile {
    /// A new, enabled account with nothing registered.
    pub fn new(username: Username, uid: String, now: Millis) -> Self {
        Self {
            username,
            uid,
            display_name: None,
            first_name: None,
            last_name: None,
            email: None,
            mobile_phone: None,
            office_phone: None,
            questions: None,
            authenticator: None,
            recovery: None,
            primary_email: None,
            roles: BTreeSet::from([Role::User]),
            groups: BTreeSet::new(),
            enabled: true,
            directory: Directory::Native,
            directory_anchor: None,
            locale: None,
            must_change_password: false,
            reset_required: false,
            password_never_expires: false,
            cannot_change_password: false,
            epoch: 1,
            lock_epoch: 1,
            skips: 0,
            registration_required: false,
            confirmed_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// The highest role held.
    pub fn role(&self) -> Role {
        self.roles.iter().max().copied().unwrap_or(Role::User)
    }

    /// Whether the fixed administrator policy applies (ADM-05): any role beyond `user`, since each of them reads or
    /// changes what belongs to others.
    pub fn is_administrator(&self) -> bool {
        self.role() > Role::User
    }

    /// The contact that a way of proving uses, if it may open a gate: proved by a code; an office phone as set by the
    /// administrator; unproved ones only where the organisation accepts directory data (REG-11).
    pub fn usable_contact(&self, way: Way, accept_directory_data: bool) -> Option<&Contact> {
        let proved = |c: &&Contact| accept_directory_data || c.verified_at.is_some();
        match way.method() {
            Method::Email => self.email.as_ref().filter(proved),
            Method::MobilePhone => self.mobile_phone.as_ref().filter(proved),
            Method::OfficePhone => self.office_phone.as_ref(),
            Method::SecurityQuestions | Method::AuthenticatorApp | Method::RecoveryCode => None,
        }
    }

    /// Registered methods that could open a gate, whatever methods the policy enables.
    pub fn usable_methods(&self, config: &Config) -> BTreeSet<Method> {
        let usable = |way: &&Way| self.proof_of(**way, config).is_some();
        Way::ALL.iter().filter(usable).map(|way| way.method()).collect()
    }

    /// Every mailbox that is told of changes: the primary one and each proved address (NOT-01), each once.
    pub fn notice_addresses(&self) -> Vec<String> {
        let proved = self.email.iter().filter(|c| c.verified_at.is_some()).map(|c| &c.value);
        let mut all: Vec<String> = Vec::new();
        for address in self.primary_email.iter().chain(proved) {
            if !all.iter().any(|a| a.eq_ignore_ascii_case(address)) {
                all.push(address.clone());
            }
        }
        all
    }
}

/// Why a person may not reset, in the order in which it is decided (RST-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ineligible {
    /// No such account.
    UnknownUser,
    /// The account is disabled.
    AccountDisabled,
    /// Reset is switched off for everyone.
    NotEnabled,
    /// Not a member of a selected group, or of an excluded one.
    NotInScope,
    /// Fewer usable methods than required.
    NotRegistered,
    /// Administrators may not reset here.
    AdministratorsDisabled,
    /// The password is on premises and writeback is off.
    WritebackOff,
}

impl Ineligible {
    /// Every reason, in the order in which it is decided.
    pub const ALL: [Self; 7] = [
        Self::UnknownUser,
        Self::AccountDisabled,
        Self::NotEnabled,
        Self::NotInScope,
        Self::NotRegistered,
        Self::AdministratorsDisabled,
        Self::WritebackOff,
    ];

    /// The report's detail (REP-02).
    pub fn detail(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown_user",
            Self::AccountDisabled => "account_disabled",
            Self::NotEnabled => "not_enabled",
            Self::NotInScope => "not_in_scope",
            Self::NotRegistered => "not_registered",
            Self::AdministratorsDisabled => "administrators_disabled",
            Self::WritebackOff => "writeback_off",
        }
    }

    /// The reference's code (RST-02), where it has one.
    pub fn sspr_code(self) -> Option<&'static str> {
        match self {
            Self::UnknownUser | Self::AccountDisabled => None,
            Self::NotEnabled => Some("SSPR_0009"),
            Self::WritebackOff => Some("SSPR_0010"),
            Self::AdministratorsDisabled => Some("SSPR_0011"),
            Self::NotInScope => Some("SSPR_0013"),
            Self::NotRegistered => Some("SSPR_0014"),
        }
    }
}

/// What an eligible person needs to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligible {
    /// Gates to pass.
    pub required: u8,
    /// The methods that can open one, already registered and usable.
    pub methods: BTreeSet<Method>,
    /// Whether the fixed administrator policy decided.
    pub administrator: bool,
}

/// Methods by which an administrator may prove themselves (ADM-05): a constant, not a setting.
pub const ADMINISTRATOR_METHODS: [Method; 3] =
    [Method::Email, Method::MobilePhone, Method::AuthenticatorApp];

/// Gates an administrator must pass (ADM-05).
pub const ADMINISTRATOR_GATES: u8 = 2;

/// Groups that decide the scope, with everything nested in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Members may reset when reset is enabled for selected groups.
    pub included: BTreeSet<String>,
    /// Members may not, whatever else they belong to.
    pub excluded: BTreeSet<String>,
}

/// Decides whether a person may reset. Pure, and the only place where it is decided.
///
/// # Refuses
/// The first of [`Ineligible`] that applies, in its order.
pub fn eligibility(
    profile: Option<&Profile>,
    config: &Config,
    scope: &Scope,
) -> Result<Eligible, Ineligible> {
    let profile = profile.ok_or(Ineligible::UnknownUser)?;
    if !profile.enabled {
        return Err(Ineligible::AccountDisabled);
    }
    let administrator = profile.is_administrator();
    if !administrator {
        in_scope(profile, config, scope)?;
    }
    let methods = eligible_methods(profile, config);
    let required = if administrator { ADMINISTRATOR_GATES } else { config.methods_required };
    if distinct(profile, &methods) < usize::from(required) {
        return Err(Ineligible::NotRegistered);
    }
    if administrator && !config.administrators.enabled {
        return Err(Ineligible::AdministratorsDisabled);
    }
    if profile.directory == Directory::OnPremises && !config.writeback.enabled {
        return Err(Ineligible::WritebackOff);
    }
    Ok(Eligible { required, methods, administrator })
}

pub(crate) fn in_scope(
    profile: &Profile,
    config: &Config,
    scope: &Scope,
) -> Result<(), Ineligible> {
    use crate::policy::Enabled;
    let member = |groups: &BTreeSet<String>| profile.groups.iter().any(|g| groups.contains(g));
    match config.enabled {
        Enabled::None => Err(Ineligible::NotEnabled),
        Enabled::Selected if !member(&scope.included) => Err(Ineligible::NotInScope),
        Enabled::Selected | Enabled::All if member(&scope.excluded) => Err(Ineligible::NotInScope),
        Enabled::Selected | Enabled::All => Ok(()),
    }
}

/// The registered methods by which this person may prove themselves under a configuration.
pub fn eligible_methods(profile: &Profile, config: &Config) -> BTreeSet<Method> {
    let usable = profile.usable_methods(config);
    let allowed = |m: &Method| {
        if profile.is_administrator() {
            ADMINISTRATOR_METHODS.contains(m)
        } else {
            config.methods.is_enabled(*m)
        }
    };
    usable.into_iter().filter(allowed).collect()
}

/// How many different things the methods are: one number registered as mobile and as office phone is one (RST-04).
pub(crate) fn distinct(profile: &Profile, methods: &BTreeSet<Method>) -> usize {
    let mut contacts: BTreeMap<&str, ()> = BTreeMap::new();
    let mut others = 0usize;
    for method in methods {
        let contact = match method {
            Method::Email => profile.email.as_ref(),
            Method::MobilePhone => profile.mobile_phone.as_ref(),
            Method::OfficePhone => profile.office_phone.as_ref(),
            Method::SecurityQuestions | Method::AuthenticatorApp | Method::RecoveryCode => None,
        };
        match contact {
            Some(contact) => {
                contacts.insert(&contact.value, ());
            }
            None => others = others.saturating_add(1),
        }
    }
    contacts.len().saturating_add(others)
}
