//! The texts and lists of the document.

use std::collections::BTreeSet;

use super::Findings;
use crate::method::{EmailAddress, is_country, is_domain};
use crate::password::banned;
use crate::policy::branding::rgb;
use crate::policy::document::{Branding, CustomQuestion, Support, SupportKind};
use crate::policy::limits::Telecom;
use crate::policy::preset::PasswordSettings;
use crate::policy::questions::PREDEFINED_QUESTIONS;
use crate::policy::svg::{LogoRefusal, check_logo};
use crate::policy::{Config, is_group_name, is_locale};

/// Most groups in a list: what an attempt's check can expand without a second thought.
const GROUPS_MAX: usize = 100;
/// Most questions of the organisation's own (SET-07).
const CUSTOM_MAX: usize = 20;
/// Shortest and longest text of a question, in characters (SET-07).
const QUESTION_TEXT: std::ops::RangeInclusive<usize> = 3..=200;
/// Longest id of a question.
const QUESTION_ID_MAX: usize = 40;
/// Longest name of the organisation, in characters: it stands in the From of every mail (a line of RFC 5322 has 78).
const ORGANISATION_MAX: usize = 64;
/// Longest URL of the support page.
const URL_MAX: usize = 2_048;
/// Most banned words (PWD-03).
const BANNED_MAX: usize = 1_000;
/// Shortest and longest banned word, in characters (PWD-03).
const BANNED_LENGTH: std::ops::RangeInclusive<usize> = 4..=16;

/// SET-02: names that can be groups', each once.
pub(super) fn groups(config: &Config, found: &mut Findings) {
    for (pointer, names) in
        [("/groups", &config.groups), ("/exclude_groups", &config.exclude_groups)]
    {
        if names.len() > GROUPS_MAX {
            found.add(pointer, "too_many", format!("Name at most {GROUPS_MAX} groups."));
        }
        let mut seen = BTreeSet::new();
        for (n, name) in names.iter().enumerate() {
            let pointer = format!("{pointer}/{n}");
            if !is_group_name(name) {
                found.add(pointer, "invalid_group", "This cannot be the name of a group.");
            } else if !seen.insert(name) {
                found.add(pointer, "duplicate", "This group is named twice.");
            }
        }
    }
}

/// SET-07, SET-08.
pub(super) fn questions(config: &Config, found: &mut Findings) {
    let questions = &config.security_questions;
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    for (n, id) in questions.predefined.iter().enumerate() {
        let pointer = format!("/security_questions/predefined/{n}");
        if !PREDEFINED_QUESTIONS.contains(&id.as_str()) {
            found.add(pointer, "unknown_question", "There is no predefined question of this id.");
        } else if !ids.insert(id) {
            found.add(pointer, "duplicate", "This question is named twice.");
        }
    }
    if questions.custom.len() > CUSTOM_MAX {
        let detail = format!("Write at most {CUSTOM_MAX} questions of your own.");
        found.add("/security_questions/custom", "too_many", detail);
    }
    let mut texts = BTreeSet::new();
    for (n, question) in questions.custom.iter().enumerate() {
        let pointer = format!("/security_questions/custom/{n}");
        let taken = PREDEFINED_QUESTIONS.contains(&question.id.as_str());
        if !is_question_id(&question.id) {
            let detail = "An id is 1 to 40 lower-case letters, digits and dashes.";
            found.add(format!("{pointer}/id"), "invalid_id", detail);
        } else if taken || !ids.insert(&question.id) {
            found.add(format!("{pointer}/id"), "duplicate", "Another question has this id.");
        }
        question_texts(question, &pointer, &config.branding.default_locale, found);
        for (locale, text) in &question.text {
            if !texts.insert((locale, text.trim().to_lowercase())) {
                let detail = "Another question has this text.";
                found.add(format!("{pointer}/text/{}", escaped(locale)), "duplicate", detail);
            }
        }
    }
    if ids.len() < usize::from(questions.to_register.min(5)) {
        let detail = "Offer at least as many questions as must be registered.";
        found.add("/security_questions/predefined", "too_few_questions", detail);
    }
}

fn is_question_id(id: &str) -> bool {
    let part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=QUESTION_ID_MAX).contains(&id.len()) && id.bytes().all(part)
}

fn question_texts(question: &CustomQuestion, pointer: &str, default: &str, found: &mut Findings) {
    // Every person can be asked it in some language: the default one, or the one everything ends in.
    if !question.text.contains_key(default) && !question.text.contains_key("en") {
        let detail = "Write it in the default language or in English, at least.";
        found.add(format!("{pointer}/text"), "default_locale_missing", detail);
    }
    for (locale, text) in &question.text {
        let pointer = format!("{pointer}/text/{}", escaped(locale));
        if !is_locale(locale) {
            found.add(&pointer, "unknown_locale", "This language is not known.");
        }
        let length = text.trim().chars().count();
        if text.chars().any(char::is_control) {
            found.add(pointer, "invalid_character", "It contains a control character.");
        } else if length < *QUESTION_TEXT.start() {
            found.add(pointer, "too_short", "A question has 3 to 200 characters.");
        } else if length > *QUESTION_TEXT.end() {
            found.add(pointer, "too_long", "A question has 3 to 200 characters.");
        }
    }
}

/// A name as one step of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// SET-11.
pub(super) fn support(support: &Support, found: &mut Findings) {
    let pointer = "/support/target";
    match (support.kind, support.target.as_deref()) {
        (SupportKind::ContactAdmin, None) => {}
        (SupportKind::ContactAdmin, Some(_)) => {
            found.add(pointer, "not_used", "The form has no target: null.");
        }
        (SupportKind::Url | SupportKind::Email, None) => {
            found.add(pointer, "required", "Say where help is found.");
        }
        (SupportKind::Url, Some(url)) if !is_https_url(url) => {
            found.add(pointer, "invalid_url", "Give a full https address.");
        }
        (SupportKind::Email, Some(address)) if EmailAddress::parse(address).is_err() => {
            found.add(pointer, "invalid_email", "Give one mail address.");
        }
        (SupportKind::Url | SupportKind::Email, Some(_)) => {}
    }
}

/// `https://`, a host name, perhaps a port, and then anything visible that needs no quoting in a page or a mail. No user
/// name before the host: it only ever deceives.
fn is_https_url(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let visible = |c: char| c.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(c);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let port = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0);
    url.len() <= URL_MAX && rest.chars().all(visible) && is_domain(host) && port
}

/// SET-12.
pub(super) fn branding(branding: &Branding, found: &mut Findings) {
    let name = branding.organisation.trim();
    let pointer = "/branding/organisation";
    if name.is_empty() {
        found.add(pointer, "required", "Name the organisation.");
    } else if name.chars().count() > ORGANISATION_MAX {
        found.add(pointer, "too_long", format!("At most {ORGANISATION_MAX} characters."));
    } else if branding.organisation.chars().any(char::is_control) {
        found.add(pointer, "invalid_character", "It contains a control character.");
    }
    if rgb(&branding.colour).is_none() {
        found.add("/branding/colour", "invalid_colour", "Give a colour as #rrggbb.");
    }
    if !is_locale(&branding.default_locale) {
        found.add("/branding/default_locale", "unknown_locale", "This language is not known.");
    }
    if let Some(Err(refusal)) = branding.logo_svg.as_deref().map(check_logo) {
        let code = if refusal == LogoRefusal::TooLarge { "too_large" } else { "invalid_logo" };
        found.add("/branding/logo_svg", code, refusal.detail());
    }
}

/// PWD-03: terms that scoring can use, each once in the form it compares.
pub(super) fn banned_words(settings: &PasswordSettings, found: &mut Findings) {
    let words = &settings.banned_words;
    if words.len() > BANNED_MAX {
        let detail = format!("Name at most {BANNED_MAX} banned words.");
        found.add("/password/banned_words", "too_many", detail);
    }
    let mut seen = BTreeSet::new();
    for (n, word) in words.iter().enumerate() {
        let pointer = format!("/password/banned_words/{n}");
        let length = word.chars().count();
        let space = |c: char| c.is_control() || c.is_whitespace();
        if length < *BANNED_LENGTH.start() {
            found.add(pointer, "too_short", "A banned word has 4 to 16 characters.");
        } else if length > *BANNED_LENGTH.end() {
            found.add(pointer, "too_long", "A banned word has 4 to 16 characters.");
        } else if word.chars().any(space) {
            found.add(pointer, "invalid_character", "A banned word has no spaces.");
        } else if !seen.insert(banned::normalise(word)) {
            found.add(pointer, "duplicate", "Another word counts as the same.");
        }
    }
}

/// THR-04, NOT-03.
pub(super) fn telecom(telecom: &Telecom, found: &mut Findings) {
    let pointer = "/telecom/countries";
    if telecom.countries.is_empty() {
        // Without the phone an administrator has one gate, and needs two (SET-16).
        found.add(
            pointer,
            "required",
            "Name at least one country: administrators need their phone.",
        );
    }
    let mut seen = BTreeSet::new();
    for (n, country) in telecom.countries.iter().enumerate() {
        let pointer = format!("{pointer}/{n}");
        if !is_country(country) {
            let detail = "Give ISO 3166 codes of two capital letters.";
            found.add(pointer, "unknown_country", detail);
        } else if !seen.insert(country) {
            found.add(pointer, "duplicate", "This country is named twice.");
        }
    }
    if telecom.sms_origin.as_deref().is_some_and(|host| !is_domain(host)) {
        let detail = "Give the host name of the reset page, without https://.";
        found.add("/telecom/sms_origin", "invalid_host", detail);
    }
}

#[cfg(test)]
mod tests;
