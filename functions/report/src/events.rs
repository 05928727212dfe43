//! The reports of what happened: resets, registrations, audit. Each is a filter over the record and a row's form.

use rules::activity::{Activity, CodeOrder, Modified, Name, Outcome, RegistrationChange};
use rules::attempt::Purpose;
use rules::ids::{CorrelationId, Millis, Username};
use rules::method::{Method, Way};
use rules::registration::Role;
use serde::Serialize;
use state::activity::Span;
use utoipa::{IntoParams, ToSchema};

use crate::answer::Column;
use crate::detail::is_detail;
use crate::paging::{username, word};
use crate::parameters::Parameters;

/// Which resets.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ResetFilters {
    /// Whose.
    #[param(value_type = Option<String>, max_length = 113)]
    pub username: Option<Username>,
    /// How they ended.
    #[param(value_type = Option<String>, pattern = "^(succeeded|failed|blocked|abandoned|cancelled|contacted_admin)$")]
    pub result: Option<Outcome>,
    /// Where or why they ended, as in the item.
    pub detail: Option<String>,
    /// A way that passed a gate.
    #[param(value_type = Option<String>, pattern = "^(email|sms|voice|office_voice|security_questions|authenticator_app|recovery_code)$")]
    pub method: Option<Way>,
    /// What they were for.
    #[param(value_type = Option<String>, pattern = "^(reset|unlock)$")]
    pub purpose: Option<Purpose>,
    /// The highest role of the person.
    #[param(value_type = Option<String>, pattern = "^(user|reports_reader|helpdesk|user_admin|admin)$")]
    pub role: Option<Role>,
}

/// A reset or unlock that came to its end.
#[derive(Serialize, ToSchema)]
pub struct ResetItem {
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    at: String,
    /// The name that was typed, whether or not anybody has it.
    username: Option<String>,
    /// The person's highest role, where the account was looked at.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    #[schema(value_type = String)]
    purpose: Purpose,
    /// Ways that passed a gate, in order.
    #[schema(value_type = Vec<String>)]
    methods: Vec<Way>,
    #[schema(value_type = String)]
    result: Outcome,
    detail: String,
    /// The support code.
    correlation_id: String,
    /// From begin to end.
    seconds: u32,
    source_ip: String,
    client: String,
}

impl ResetFilters {
    /// Reads them.
    pub fn read(parameters: &mut Parameters) -> Self {
        Self {
            username: parameters.read("username", username),
            result: parameters.read("result", word),
            detail: parameters.read("detail", |text| is_detail(text).then(|| text.to_owned())),
            method: parameters.read("method", word),
            purpose: parameters.read("purpose", word),
            role: parameters.read("role", word),
        }
    }

    /// A row as an item, if it is one and passes.
    pub fn pick(&self, row: &Activity) -> Option<ResetItem> {
        let reset = row.reset.as_ref()?;
        let passes = is(&self.username, row.target.as_ref())
            && is(&self.result, Some(&reset.result))
            && is(&self.detail, Some(&reset.detail))
            && self.method.is_none_or(|way| reset.methods.contains(&way))
            && is(&self.purpose, Some(&reset.purpose))
            && is(&self.role, row.role.as_ref());
        passes.then(|| ResetItem {
            at: row.at.rfc3339(),
            username: row.target.as_ref().map(Username::to_string),
            role: row.role,
            purpose: reset.purpose,
            methods: reset.methods.clone(),
            result: reset.result,
            detail: reset.detail.clone(),
            correlation_id: row.correlation.to_string(),
            seconds: reset.seconds,
            source_ip: row.origin.source_ip.clone(),
            client: row.origin.client.clone(),
        })
    }
}

/// Columns of the reset report.
pub const RESET_COLUMNS: [Column; 11] = [
    ("at", "/at"),
    ("username", "/username"),
    ("role", "/role"),
    ("purpose", "/purpose"),
    ("methods", "/methods"),
    ("result", "/result"),
    ("detail", "/detail"),
    ("correlation_id", "/correlation_id"),
    ("seconds", "/seconds"),
    ("source_ip", "/source_ip"),
    ("client", "/client"),
];

/// Which registrations.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RegistrationFilters {
    /// Whose.
    #[param(value_type = Option<String>, max_length = 113)]
    pub username: Option<Username>,
    /// Of what.
    #[param(value_type = Option<String>, pattern = "^(email|mobile_phone|office_phone|security_questions|authenticator_app|recovery_code)$")]
    pub method: Option<Method>,
}

/// A datum registered, changed, removed, or all of them confirmed.
#[derive(Serialize, ToSchema)]
pub struct RegistrationItem {
    #[schema(value_type = String, format = DateTime)]
    at: String,
    username: Option<String>,
    /// The person's highest role, where it was recorded.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// Nothing when all were confirmed.
    #[schema(value_type = Option<String>)]
    method: Option<Method>,
    /// `registered`, `updated`, `removed` or `confirmed`.
    #[schema(value_type = String)]
    change: RegistrationChange,
    correlation_id: String,
}

impl RegistrationFilters {
    /// Reads them.
    pub fn read(parameters: &mut Parameters) -> Self {
        let username = parameters.read("username", username);
        Self { username, method: parameters.read("method", word) }
    }

    /// A row as an item, if it is one and passes.
    pub fn pick(&self, row: &Activity) -> Option<RegistrationItem> {
        let registration = row.registration.as_ref()?;
        let passes = is(&self.username, row.target.as_ref())
            && is(&self.method, registration.method.as_ref());
        passes.then(|| RegistrationItem {
            at: row.at.rfc3339(),
            username: row.target.as_ref().map(Username::to_string),
            role: row.role,
            method: registration.method,
            change: registration.change,
            correlation_id: row.correlation.to_string(),
        })
    }
}

/// Columns of the registration report.
pub const REGISTRATION_COLUMNS: [Column; 6] = [
    ("at", "/at"),
    ("username", "/username"),
    ("role", "/role"),
    ("method", "/method"),
    ("change", "/change"),
    ("correlation_id", "/correlation_id"),
];

/// Which entries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditFilters {
    /// Whom it concerns. Codes that were asked for are not among a person's entries: anyone may ask in their name.
    #[param(value_type = Option<String>, max_length = 113)]
    pub username: Option<Username>,
    /// What, in the exact words of the item.
    #[param(value_type = Option<String>)]
    pub activity: Option<Name>,
    /// `success` or `failure`.
    #[param(value_type = Option<String>, pattern = "^(success|failure)$")]
    pub status: Option<Status>,
    /// Who did it.
    #[param(value_type = Option<String>, max_length = 113)]
    pub actor: Option<Username>,
    /// The support code that joins them.
    #[param(value_type = Option<String>, example = "9K3F-72QP")]
    pub correlation_id: Option<CorrelationId>,
}

/// Whether something was done or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Done.
    Success,
    /// Refused.
    Failure,
}

/// A person in an entry.
#[derive(Serialize, ToSchema)]
pub struct Person {
    username: String,
    /// Their highest role, where it was recorded.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
}

/// An old and a new value.
#[derive(Serialize, ToSchema)]
pub struct ModifiedItem {
    field: String,
    old: Option<String>,
    new: Option<String>,
}

/// An entry of the audit. Never carries a secret, nor a contact that somebody typed.
#[derive(Serialize, ToSchema)]
pub struct AuditItem {
    #[schema(value_type = String, format = DateTime)]
    at: String,
    id: String,
    activity: &'static str,
    category: &'static str,
    #[schema(value_type = String)]
    status: Status,
    reason: Option<String>,
    actor: Option<Person>,
    target: Option<Person>,
    modified: Vec<ModifiedItem>,
    correlation_id: String,
    source_ip: String,
    client: String,
    /// What joins it to the entry before.
    #[schema(value_type = Option<Object>)]
    chain: Option<()>,
}

impl AuditFilters {
    /// Reads them.
    pub fn read(parameters: &mut Parameters) -> Self {
        let activity = |text: &str| Name::ALL.into_iter().find(|name| name.as_str() == text);
        Self {
            username: parameters.read("username", username),
            activity: parameters.read("activity", activity),
            status: parameters.read("status", word),
            actor: parameters.read("actor", username),
            correlation_id: parameters.read("correlation_id", CorrelationId::parse),
        }
    }

    /// The part of a span in which rows of the filter's correlation id can be: the minute in its first group, the hour
    /// before it that an attempt may live, and a minute more. The minute repeats after 2²⁰: the latest is meant.
    pub fn narrow(&self, span: Span, now: Millis) -> Span {
        let Some(id) = self.correlation_id else { return span };
        let [a, b, c, _, _] = id.to_bytes();
        let minute = i64::from(u32::from_be_bytes([0, a, b, c]) >> 4);
        let latest = now.minutes().saturating_add(LONGEST_ATTEMPT);
        let minute = latest.saturating_sub((latest.saturating_sub(minute)).rem_euclid(1 << 20));
        let at = |minute: i64| Millis(minute.saturating_mul(60_000));
        let from = at(minute.saturating_sub(LONGEST_ATTEMPT)).max(span.from);
        Span { from, to: at(minute.saturating_add(2)).min(span.to) }
    }

    /// A row as an item, if it passes.
    pub fn pick(&self, row: &Activity) -> Option<AuditItem> {
        let name = if row.code.is_some() { Name::Progress } else { row.activity };
        let actor = row.actor.as_ref().or(row.target.as_ref());
        let status = if row.success { Status::Success } else { Status::Failure };
        let passes = is(&self.username, row.target.as_ref())
            && is(&self.activity, Some(&name))
            && is(&self.status, Some(&status))
            && is(&self.actor, actor)
            && is(&self.correlation_id, Some(&row.correlation));
        passes.then(|| AuditItem {
            at: row.at.rfc3339(),
            id: row.id.clone(),
            activity: name.as_str(),
            category: name.category(),
            status,
            reason: row.reason.clone(),
            actor: actor.map(|name| person(name, None)),
            target: row.target.as_ref().map(|name| person(name, row.role)),
            modified: row
                .modified
                .iter()
                .map(modified)
                .chain(row.code.as_ref().map(asked))
                .collect(),
            correlation_id: row.correlation.to_string(),
            source_ip: row.origin.source_ip.clone(),
            client: row.origin.client.clone(),
            chain: None,
        })
    }
}

/// Longest life of an attempt (api.md §7, `reset.seconds`), minutes, with one for the minute it begins in.
const LONGEST_ATTEMPT: i64 = 61;

fn person(name: &Username, role: Option<Role>) -> Person {
    Person { username: name.to_string(), role }
}

fn modified(m: &Modified) -> ModifiedItem {
    ModifiedItem { field: m.field.clone(), old: m.old.clone(), new: m.new.clone() }
}

/// An order to send a code, as far as it may be seen: the way, not the contact.
fn asked(order: &CodeOrder) -> ModifiedItem {
    let way = match order {
        CodeOrder::Gate { way, .. } | CodeOrder::Registration { way, .. } => way,
    };
    let new = Some(format!("challenge {}", way.as_str()));
    ModifiedItem { field: String::from("step"), old: None, new }
}

/// Columns of the audit report.
pub const AUDIT_COLUMNS: [Column; 12] = [
    ("at", "/at"),
    ("id", "/id"),
    ("activity", "/activity"),
    ("category", "/category"),
    ("status", "/status"),
    ("reason", "/reason"),
    ("actor", "/actor/username"),
    ("target", "/target/username"),
    ("modified", "/modified"),
    ("correlation_id", "/correlation_id"),
    ("source_ip", "/source_ip"),
    ("client", "/client"),
];

/// Whether a value is the one that is asked for, if one is.
fn is<T: PartialEq>(wanted: &Option<T>, value: Option<&T>) -> bool {
    wanted.as_ref().is_none_or(|wanted| value == Some(wanted))
}
