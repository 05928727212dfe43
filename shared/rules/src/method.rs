//! Methods that people register and the ways by which they prove them, with the contacts these need.
//!
//! A *method* is a thing registered (a mobile phone); a *way* is how it is proved (a text, a call). Two ways of one
//! method are one gate (RST-04). Contacts are parsed here, once, into types that nothing downstream checks again.

mod email;
mod phone;
mod punycode;

use serde::{Deserialize, Serialize};

pub use email::EmailAddress;
pub(crate) use email::is_domain;
pub(crate) use phone::is_country;
pub use phone::{Phone, PhoneUse};

/// Something registered that can open a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A mailbox.
    Email,
    /// A phone for texts and calls.
    MobilePhone,
    /// A desk phone, set by an administrator, for calls.
    OfficePhone,
    /// Answers to questions.
    SecurityQuestions,
    /// Time-based codes (RFC 6238).
    AuthenticatorApp,
    /// A code shown once at registration.
    RecoveryCode,
}

impl Method {
    /// Every method, in the order in which people see them.
    pub const ALL: [Self; 6] = [
        Self::Email,
        Self::MobilePhone,
        Self::OfficePhone,
        Self::SecurityQuestions,
        Self::AuthenticatorApp,
        Self::RecoveryCode,
    ];

    /// The name in JSON, keys and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::MobilePhone => "mobile_phone",
            Self::OfficePhone => "office_phone",
            Self::SecurityQuestions => "security_questions",
            Self::AuthenticatorApp => "authenticator_app",
            Self::RecoveryCode => "recovery_code",
        }
    }

    /// The method of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == name)
    }

    /// The ways by which it is proved.
    pub fn ways(self) -> &'static [Way] {
        match self {
            Self::Email => &[Way::Email],
            Self::MobilePhone => &[Way::Sms, Way::Voice],
            Self::OfficePhone => &[Way::OfficeVoice],
            Self::SecurityQuestions => &[Way::SecurityQuestions],
            Self::AuthenticatorApp => &[Way::AuthenticatorApp],
            Self::RecoveryCode => &[Way::RecoveryCode],
        }
    }
}

/// How a method is proved at a gate (api.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A code by mail.
    Email,
    /// A code by text.
    Sms,
    /// A code by a call to the mobile phone.
    Voice,
    /// A code by a call to the office phone.
    OfficeVoice,
    /// Answers, all right at once.
    SecurityQuestions,
    /// A code of the app.
    AuthenticatorApp,
    /// The code kept since registration.
    RecoveryCode,
}

impl Way {
    /// Every way, in the order in which people see them.
    pub const ALL: [Self; 7] = [
        Self::Email,
        Self::Sms,
        Self::Voice,
        Self::OfficeVoice,
        Self::SecurityQuestions,
        Self::AuthenticatorApp,
        Self::RecoveryCode,
    ];

    /// The name in JSON, keys and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Voice => "voice",
            Self::OfficeVoice => "office_voice",
            Self::SecurityQuestions => "security_questions",
            Self::AuthenticatorApp => "authenticator_app",
            Self::RecoveryCode => "recovery_code",
        }
    }

    /// The way of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|w| w.as_str() == name)
    }

    /// The method it proves.
    pub fn method(self) -> Method {
        match self {
            Self::Email => Method::Email,
            Self::Sms | Self::Voice => Method::MobilePhone,
            Self::OfficeVoice => Method::OfficePhone,
            Self::SecurityQuestions => Method::SecurityQuestions,
            Self::AuthenticatorApp => Method::AuthenticatorApp,
            Self::RecoveryCode => Method::RecoveryCode,
        }
    }

    /// Whether the person types the registered contact first (RST-05; for mail under `account_disclosure: none`).
    pub fn needs_contact(self) -> bool {
        self.sends()
    }

    /// Whether a code is sent.
    pub fn sends(self) -> bool {
        match self {
            Self::Email | Self::Sms | Self::Voice | Self::OfficeVoice => true,
            Self::SecurityQuestions | Self::AuthenticatorApp | Self::RecoveryCode => false,
        }
    }

    /// What a number must be able to do for this way; `None` when no number is used.
    pub fn phone_use(self) -> Option<PhoneUse> {
        match self {
            Self::Sms => Some(PhoneUse::Text),
            Self::Voice | Self::OfficeVoice => Some(PhoneUse::Call),
            Self::Email | Self::SecurityQuestions => None,
            Self::AuthenticatorApp | Self::RecoveryCode => None,
        }
    }
}

/// Why an address or a number was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidContact {
    /// Nothing but white space.
    Required,
    /// Longer than any address or number.
    TooLong,
    /// Not an address, or not a number that exists in this form.
    Malformed,
    /// A number without `+` and country code.
    CountryCodeMissing,
    /// A number behind a switchboard: no text or call reaches it without a person.
    Extension,
    /// A number of a country that the organisation has not listed.
    CountryNotAllowed,
    /// Premium, shared-cost, satellite, pager …: not an ordinary mobile (or, for calls, fixed) number.
    KindNotAllowed,
}

impl InvalidContact {
    /// The stable code of the field error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::CountryCodeMissing => "country_code_missing",
            Self::Extension => "extension_not_supported",
            Self::CountryNotAllowed => "country_not_allowed",
            Self::KindNotAllowed => "kind_not_allowed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_belongs_to_the_method_that_lists_it() {
        for method in Method::ALL {
            assert!(method.ways().iter().all(|w| w.method() == method));
        }
        assert_eq!(Method::ALL.iter().map(|m| m.ways().len()).sum::<usize>(), Way::ALL.len());
    }

    #[test]
    fn text_and_call_to_one_phone_are_one_method() {
        assert_eq!(Way::Sms.method(), Way::Voice.method());
        assert_ne!(Way::Voice.method(), Way::OfficeVoice.method());
    }

    #[test]
    fn names_are_the_same_in_json_and_in_the_code() {
        for way in Way::ALL {
            assert_eq!(serde_json::to_value(way).unwrap(), way.as_str());
            assert_eq!(Way::parse(way.as_str()), Some(way));
        }
        for method in Method::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
            assert_eq!(Method::parse(method.as_str()), Some(method));
        }
        assert_eq!(Way::parse("telegram"), None);
        assert_eq!(Method::parse("sms"), None);
    }

    #[test]
    fn exactly_the_ways_that_send_take_a_contact() {
        for way in Way::ALL {
            assert_eq!(way.needs_contact(), way.sends());
            assert_eq!(way.needs_contact(), way == Way::Email || way.phone_use().is_some());
        }
    }
}
