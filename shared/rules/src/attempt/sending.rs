//! Whether a code goes out, and to which contact.

use subtle::ConstantTimeEq;

use crate::method::{Phone, PhoneUse, Way};
use crate::policy::Config;
use crate::registration::{Eligible, Ineligible, Profile};

/// Why the deliverer sends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// The account may not reset.
    Ineligible(Ineligible),
    /// The method is not registered or not enabled for this account.
    MethodNotUsable,
    /// The typed contact is not the registered one.
    ContactMismatch,
    /// The number is of a country or a kind that nothing is sent to (THR-04).
    NumberNotAllowed,
}

impl Withheld {
    /// The word in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ineligible(why) => why.detail(),
            Self::MethodNotUsable => "method_not_usable",
            Self::ContactMismatch => "contact_mismatch",
            Self::NumberNotAllowed => "number_not_allowed",
        }
    }
}

/// Decides whether a code goes out, and to which contact (value and version). `typed` is in canonical form; the comparison
/// takes constant time (RST-05).
pub fn may_send(
    profile: Option<&Profile>,
    eligible: &Result<Eligible, Ineligible>,
    config: &Config,
    way: Way,
    typed: &str,
) -> Result<(String, u32), Withheld> {
    let eligible = eligible.as_ref().map_err(|why| Withheld::Ineligible(*why))?;
    if !eligible.methods.contains(&way.method()) {
        return Err(Withheld::MethodNotUsable);
    }
    let contact = profile.and_then(|p| p.usable_contact(way, config.accept_directory_data));
    let contact = contact.ok_or(Withheld::MethodNotUsable)?;
    if !bool::from(contact.value.as_bytes().ct_eq(typed.as_bytes())) {
        return Err(Withheld::ContactMismatch);
    }
    if may_go_to(config, way, &contact.value) {
        Ok((contact.value.clone(), contact.version))
    } else {
        Err(Withheld::NumberNotAllowed)
    }
}

/// Whether the organisation sends to this contact by this way now: a number that was registered may have been of a country
/// that is no longer listed, or may have become a premium one (THR-04).
pub fn may_go_to(config: &Config, way: Way, contact: &str) -> bool {
    let use_ = match way {
        Way::Sms => PhoneUse::Text,
        Way::Voice | Way::OfficeVoice => PhoneUse::Call,
        Way::Email | Way::SecurityQuestions | Way::AuthenticatorApp | Way::RecoveryCode => {
            return true;
        }
    };
    let number = Phone::parse(contact).ok();
    number.is_some_and(|number| number.allowed(&config.telecom.countries, use_).is_ok())
}
