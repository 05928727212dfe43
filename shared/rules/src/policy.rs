//! What the organisation decided (api.md §7): the configuration document, its check, and what follows from it.
//!
//! [`Config`] is the document; [`Config::validate`] finds everything wrong with one at once; [`Policy`] is the part that
//! a reset carries with it, so that a change meanwhile can make it stricter but never weaker (RST-13).
//!
//! # Why not …?
//! - *Why no required members?* A document stored by an older version must run under a newer one: what is left out has
//!   its default. What is unknown is refused.
//! - *Why is the administrators' policy not in the document?* Because no document may weaken it (ADM-05, SET-16).
//! - *Why are numbers out of a type's range read as the largest one?* So that `300` digits are an error with a pointer
//!   among all the others, and not a body that cannot be read.

mod about;
mod branding;
mod changes;
mod document;
mod effective;
mod groups;
mod limits;
mod locales;
mod preset;
mod questions;
mod read;
mod replay;
mod svg;
mod validate;
mod warnings;

pub use about::{About, PasswordRules};
pub use changes::{Change, changes};
pub use document::{
    Administrators, Branding, Config, CustomQuestion, Disclosure, Enabled, Methods, Notifications,
    Registration, SecurityQuestions, Support, SupportKind, Writeback,
};
pub use effective::Policy;
pub use groups::{GROUP_NAME_MAX, expand, is_group_name};
pub use limits::{Codes, Lockout, Reset, Retention, Telecom, Throttle};
pub use locales::{LOCALES, is_locale};
pub use preset::{PasswordSettings, Preset};
pub use questions::{PREDEFINED_QUESTIONS, Question};
pub use replay::would_differ;
pub use svg::{LOGO_MAX, LogoRefusal, check_logo};
pub use validate::ConfigError;
pub use warnings::Warning;
