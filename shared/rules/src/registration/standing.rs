//! Where a person stands with their registration, and what a sign-in asks of them.

use super::{ADMINISTRATOR_GATES, Profile, Scope, distinct, eligible_methods, in_scope};
use crate::ids::Millis;
use crate::method::Method;
use crate::policy::Config;

/// What a sign-in asks of the person about registration (REG-08, REG-09, SET-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// Register more methods.
    Register,
    /// Say whether what is registered is still right.
    Reconfirm,
}

impl Action {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Register => "register",
            Self::Reconfirm => "reconfirm",
        }
    }
}

/// Where a person stands with their registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Methods needed.
    pub required: u8,
    /// Methods there are.
    pub registered: u8,
    /// What is asked.
    pub action: Action,
    /// Whether it may be put off once more.
    pub skippable: bool,
    /// How often.
    pub skips_left: u32,
    /// When the confirmation runs out.
    pub reconfirm_due_at: Option<Millis>,
}

/// Computes the standing. A person out of scope is asked nothing.
pub fn standing(profile: &Profile, config: &Config, scope: &Scope, now: Millis) -> Standing {
    let methods = eligible_methods(profile, config);
    let registered = u8::try_from(distinct(profile, &methods)).unwrap_or(u8::MAX);
    let administrator = profile.is_administrator();
    let required = if administrator { ADMINISTRATOR_GATES } else { config.methods_required };
    let concerned = administrator || in_scope(profile, config, scope).is_ok();
    // REG-06: a recovery code that was used is asked for anew, until there is another or the person removes it.
    let recovery = Method::RecoveryCode;
    let asks_anew =
        profile.recovery_is_spent() && !administrator && config.methods.is_enabled(recovery);
    let days = config.registration.reconfirm_days;
    let due = (days > 0).then_some(profile.confirmed_at).flatten();
    let due = due.map(|at| at.plus_seconds(days.saturating_mul(crate::throttle::DAY)));
    // What an administrator asked of this person holds also where nobody else is asked.
    let asked = config.registration.required_at_sign_in || profile.registration_required;
    let action = if !concerned || !asked {
        Action::None
    } else if registered < required || profile.registration_required || asks_anew {
        Action::Register
    } else if due.is_some_and(|due| due <= now) {
        Action::Reconfirm
    } else {
        Action::None
    };
    let skips_left = config.registration.skips_allowed.saturating_sub(profile.skips);
    let skippable = action != Action::None && skips_left > 0;
    Standing { required, registered, action, skippable, skips_left, reconfirm_due_at: due }
}
