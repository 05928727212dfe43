//! The configuration document of api.md §7, member by member, with its defaults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::limits::{Codes, Lockout, Reset, Retention, Telecom, Throttle};
use super::preset::PasswordSettings;
use super::questions::PREDEFINED_QUESTIONS;
use super::read;

/// The whole document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// For whom reset is enabled.
    pub enabled: Enabled,
    /// Whose members may reset when it is enabled for selected groups.
    pub groups: Vec<String>,
    /// Whose members may not, whatever else they belong to.
    pub exclude_groups: Vec<String>,
    /// Gates, and methods to register: 1 or 2.
    #[serde(deserialize_with = "read::u8")]
    pub methods_required: u8,
    /// Methods that people may register and use.
    #[serde(deserialize_with = "read::object")]
    pub methods: Methods,
    /// Security questions.
    #[serde(deserialize_with = "read::object")]
    pub security_questions: SecurityQuestions,
    /// When people are asked to register.
    #[serde(deserialize_with = "read::object")]
    pub registration: Registration,
    /// Who is told.
    #[serde(deserialize_with = "read::object")]
    pub notifications: Notifications,
    /// Where people find help.
    #[serde(deserialize_with = "read::object")]
    pub support: Support,
    /// How pages and mails look.
    #[serde(deserialize_with = "read::object")]
    pub branding: Branding,
    /// Administrators' own resets.
    #[serde(deserialize_with = "read::object")]
    pub administrators: Administrators,
    /// Whether people may unlock without a new password.
    pub unlock_without_reset: bool,
    /// What the public answers show of an account.
    pub account_disclosure: Disclosure,
    /// Whether contact data that nobody proved may open gates.
    pub accept_directory_data: bool,
    /// Whether beginning a reset asks for a proof of work.
    pub proof_of_work: bool,
    /// What a password must be.
    #[serde(deserialize_with = "read::object")]
    pub password: PasswordSettings,
    /// When failed sign-ins lock a name.
    #[serde(deserialize_with = "read::object")]
    pub lockout: Lockout,
    /// Codes that are sent.
    #[serde(deserialize_with = "read::object")]
    pub codes: Codes,
    /// A reset's own life.
    #[serde(deserialize_with = "read::object")]
    pub reset: Reset,
    /// How often something may be tried.
    #[serde(deserialize_with = "read::object")]
    pub throttle: Throttle,
    /// Texts and calls.
    #[serde(deserialize_with = "read::object")]
    pub telecom: Telecom,
    /// Passwords of an on-premises directory.
    #[serde(deserialize_with = "read::object")]
    pub writeback: Writeback,
    /// How long records are kept.
    #[serde(deserialize_with = "read::object")]
    pub retention: Retention,
}

/// For whom reset is enabled (SET-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Enabled {
    /// Nobody but administrators.
    None,
    /// Members of `groups`; nobody when there are none.
    Selected,
    /// Everyone.
    #[default]
    All,
}

/// `methods`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Methods {
    /// A mailbox.
    pub email: bool,
    /// A phone for texts and calls.
    pub mobile_phone: bool,
    /// A desk phone, set by an administrator.
    pub office_phone: bool,
    /// Answers to questions.
    pub security_questions: bool,
    /// Time-based codes.
    pub authenticator_app: bool,
    /// A code shown once at registration.
    pub recovery_code: bool,
}

/// `security_questions` (SET-07).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecurityQuestions {
    /// Questions to answer at registration.
    #[serde(deserialize_with = "read::u8")]
    pub to_register: u8,
    /// Questions to answer at a gate.
    #[serde(deserialize_with = "read::u8")]
    pub to_reset: u8,
    /// Predefined ones that people may choose, by id.
    pub predefined: Vec<String>,
    /// The organisation's own.
    #[serde(deserialize_with = "read::objects")]
    pub custom: Vec<CustomQuestion>,
}

/// A question of the organisation's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomQuestion {
    /// Stable: answers are stored under it.
    pub id: String,
    /// Its text by language.
    pub text: BTreeMap<String, String>,
}

/// `registration` (SET-09).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Registration {
    /// Whether a sign-in asks for it.
    pub required_at_sign_in: bool,
    /// How often it may be put off.
    #[serde(deserialize_with = "read::u32")]
    pub skips_allowed: u32,
    /// Days until people are asked whether it is still right; 0 for never.
    #[serde(deserialize_with = "read::u32")]
    pub reconfirm_days: u32,
}

/// `notifications` (SET-10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notifications {
    /// People are told of their own resets.
    pub user_on_reset: bool,
    /// All other administrators are told when one resets.
    pub admins_on_admin_reset: bool,
}

/// `support` (SET-11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Support {
    /// What kind of help.
    pub kind: SupportKind,
    /// The https URL or the address; null for the form.
    pub target: Option<String>,
}

/// Kinds of help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum SupportKind {
    /// A form that mails the administrators.
    #[default]
    ContactAdmin,
    /// A page.
    Url,
    /// A mailbox.
    Email,
}

/// `branding` (SET-12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Branding {
    /// The organisation's name.
    pub organisation: String,
    /// Its logo as SVG text.
    pub logo_svg: Option<String>,
    /// Its colour, `#rrggbb`.
    pub colour: String,
    /// Language where nothing else decides.
    pub default_locale: String,
}

/// `administrators` (SET-03).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Administrators {
    /// Whether administrators may reset their own password.
    pub enabled: bool,
}

/// What the public answers show of an account (RST-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Nothing.
    #[default]
    None,
    /// What is registered, and why somebody may not go on.
    Full,
}

/// `writeback` (SET-13).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Writeback {
    /// Whether on-premises passwords may be reset.
    pub enabled: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: Enabled::All,
            groups: Vec::new(),
            exclude_groups: Vec::new(),
            methods_required: 1,
            methods: Methods::default(),
            security_questions: SecurityQuestions::default(),
            registration: Registration::default(),
            notifications: Notifications::default(),
            support: Support::default(),
            branding: Branding::default(),
            administrators: Administrators::default(),
            unlock_without_reset: true,
            account_disclosure: Disclosure::None,
            accept_directory_data: false,
            proof_of_work: false,
            password: PasswordSettings::default(),
            lockout: Lockout::default(),
            codes: Codes::default(),
            reset: Reset::default(),
            throttle: Throttle::default(),
            telecom: Telecom::default(),
            writeback: Writeback::default(),
            retention: Retention::default(),
        }
    }
}

impl Default for Methods {
    fn default() -> Self {
        Self {
            email: true,
            mobile_phone: true,
            office_phone: false,
            security_questions: false,
            authenticator_app: true,
            recovery_code: true,
        }
    }
}

impl Default for SecurityQuestions {
    fn default() -> Self {
        let predefined = PREDEFINED_QUESTIONS.map(String::from).to_vec();
        Self { to_register: 5, to_reset: 3, predefined, custom: Vec::new() }
    }
}

impl Default for Registration {
    fn default() -> Self {
        Self { required_at_sign_in: true, skips_allowed: 3, reconfirm_days: 180 }
    }
}

impl Default for Notifications {
    fn default() -> Self {
        Self { user_on_reset: true, admins_on_admin_reset: true }
    }
}

impl Default for Support {
    fn default() -> Self {
        Self { kind: SupportKind::ContactAdmin, target: None }
    }
}

impl Default for Branding {
    fn default() -> Self {
        Self {
            organisation: String::from("Example Org"),
            logo_svg: None,
            colour: String::from("#0b57b0"),
            default_locale: String::from("en"),
        }
    }
}

impl Default for Administrators {
    fn default() -> Self {
        Self { enabled: true }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Preset;

    #[test]
    fn the_defaults_are_those_of_the_contract() {
        let contract = json!({"enabled":"all", "groups":[], "exclude_groups":[],
            "methods_required":1,
            "methods":{"email":true,"mobile_phone":true,"office_phone":false,
                "security_questions":false,
                "authenticator_app":true,"recovery_code":true},
            "security_questions":{"to_register":5,"to_reset":3,
                "predefined":PREDEFINED_QUESTIONS.to_vec(),"custom":[]},
            "registration":{"required_at_sign_in":true,"skips_allowed":3,"reconfirm_days":180},
            "notifications":{"user_on_reset":true,"admins_on_admin_reset":true},
            "support":{"kind":"contact_admin","target":null},
            "branding":{"organisation":"Example Org","logo_svg":null,"colour":"#0b57b0",
                "default_locale":"en"},
            "administrators":{"enabled":true},
            "unlock_without_reset":true,
            "account_disclosure":"none",
            "accept_directory_data":false,
            "proof_of_work":false,
            "password":{"preset":"nist","min_length":15,"max_length":256,"classes":0,"history":5,
                "expires_days":null,"banned_words":[],"min_banned_score":5,"min_strength":3},
            "lockout":{"threshold":10,"seconds":60,"max_seconds":3600},
            "codes":{"digits":8,"seconds":300,"resend_after":30},
            "reset":{"seconds":900},
            "throttle":{"proofs_per_day":5,"tries_per_method_per_hour":5,
                "contact_checks_per_hour":5,"emails_per_10_minutes":10,"texts_per_day":10,
                "block_seconds":86400,"short_code_failures_per_day":10,"account_block":false,
                "begins_per_network_per_hour":600,"texts_per_hour_organisation":1000},
            "telecom":{"countries":["GB","US"],"sms_origin":null},
            "writeback":{"enabled":false},
            "retention":{"activity_days":90}});
        assert_eq!(serde_json::to_value(Config::default()).unwrap(), contract);
        assert_eq!(serde_json::from_value::<Config>(contract).unwrap(), Config::default());
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
        let only = r#"{"password":{"preset":"entra"},"methods":{"email":false}}"#;
        let config: Config = serde_json::from_str(only).unwrap();
        assert_eq!(config.password.preset, Preset::Entra);
        assert_eq!(config.password.min_length, 8);
        assert!(!config.methods.email && config.methods.mobile_phone);
    }

    #[test]
    fn unknown_doubled_and_mistyped_members_are_refused() {
        for bad in [
            r#"{"metods":{}}"#,
            r#"{"methods":{"fax":true}}"#,
            r#"{"groups":[],"groups":[]}"#,
            r#"{"groups":"staff"}"#,
            r#"{"enabled":true}"#,
            r#"{"enabled":"some"}"#,
            r#"{"methods_required":"1"}"#,
            r#"{"methods_required":1.5}"#,
            r#"{"methods":null}"#,
            r#"{"security_questions":{"custom":[{"id":"a"}]}}"#,
            r#"{"methods":[]}"#,
            r#"{"methods":[true,true,false,false,false,false]}"#,
            r#"{"password":["nist"]}"#,
            r#"{"security_questions":{"custom":[["own",{"en":"Which door?"}]]}}"#,
        ] {
            assert!(serde_json::from_str::<Config>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_out_of_its_types_range_is_left_to_the_check() {
        let json = r#"{"methods_required":300,"codes":{"seconds":-1,"digits":-8}}"#;
        let config: Config = serde_json::from_str(json).unwrap();
        assert_eq!((config.methods_required, config.codes.digits), (u8::MAX, u8::MAX));
        assert_eq!(config.codes.seconds, u32::MAX);
    }
}
