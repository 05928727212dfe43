//! Why somebody can or cannot reset: every check, the policy in force for them, what is closed for them and until when.
//! Never a secret: contacts do not appear, answers and codes even less.

use axum::extract::{Path, State};
use edge::{App, Incoming, Json, Problem};
use rules::explain::Check;
use rules::ids::Millis;
use rules::lockout::{Record, Standing, standing};
use rules::method::{Method, Way};
use rules::policy::Config;
use rules::refusal::Refusal;
use rules::registration::{Profile, eligible_methods};
use rules::throttle::Counter;
use serde::Serialize;
use state::blocks::Counted;
use state::config::Versioned;
use utoipa::ToSchema;

use crate::access::Helper;
use crate::named;

/// Why somebody can or cannot reset.
#[derive(Serialize, ToSchema)]
pub struct Explanation {
    username: String,
    can_reset: bool,
    /// Of the first check that fails, where the reference has one.
    sspr_code: Option<&'static str>,
    /// In the order in which they decide; each with `check`, `pass`, `detail`, and `code` and `sspr_code` where it fails.
    #[schema(value_type = Vec<Object>)]
    checks: Vec<Check>,
    policy: PolicyInForce,
    throttle: Throttle,
}

/// What holds for this person.
#[derive(Serialize, ToSchema)]
pub struct PolicyInForce {
    /// Of the configuration.
    version: u64,
    /// Whether it is the fixed policy of administrators.
    administrator: bool,
    /// Gates to pass.
    methods_required: u8,
    /// Ways by which a gate may be passed.
    #[schema(value_type = Vec<String>)]
    ways: Vec<Way>,
    /// Methods of this person that open a gate.
    #[schema(value_type = Vec<String>)]
    usable_methods: Vec<Method>,
    accept_directory_data: bool,
    unlock_without_reset: bool,
}

/// What is closed for this person.
#[derive(Serialize, ToSchema)]
pub struct Throttle {
    /// Whether any way of proving is closed anywhere.
    blocked: bool,
    /// Whether the next code is a long one, because too many short ones were answered.
    long_codes: bool,
    /// When wrong passwords have locked the name, until when.
    locked_until: Option<String>,
    /// Wrong passwords that count.
    failed_sign_ins: u32,
    /// What still counts, and what it closed.
    counters: Vec<Closed>,
}

/// A counter that still counts.
#[derive(Serialize, ToSchema)]
pub struct Closed {
    /// For which network, or a digest of it; `*` for all.
    network: String,
    counter: String,
    used: u32,
    /// Whether it closed its way.
    closed: bool,
    /// When it is void.
    until: String,
}

/// Why the person can or cannot reset.
#[utoipa::path(get, path = "/v1/admin/users/{username}/explain",
    params(("username" = String, Path)), responses(
        (status = 200, body = Explanation), (status = 401, description = "invalid_token"),
        (status = 403, description = "forbidden"), (status = 404, description = "not_found"),
    ))]
pub async fn explain(
    State(app): State<App>,
    Incoming(call): Incoming,
    _: Helper,
    Path(typed): Path<String>,
) -> Result<Json<Explanation>, Problem> {
    let username = named(&typed)?;
    let (found, record, counted) = tokio::try_join!(
        app.store.configured_profile(&username),
        app.store.lockout(&username),
        app.store.counted(&username, call.now),
    )?;
    let (config, profile) = found;
    let profile = profile.ok_or(Refusal::NotFound)?;
    let scope = app.store.scope(&config.config).await?;
    let checks = rules::explain::explain(Some(&profile), &config.config, &scope);
    let first = checks.iter().find(|check| !check.pass);
    Ok(Json(Explanation {
        username: profile.username.to_string(),
        can_reset: first.is_none(),
        sspr_code: first.and_then(|check| check.sspr_code),
        policy: PolicyInForce::of(&profile, &config),
        throttle: Throttle::of(&profile, record.as_ref(), counted, (&config.config, call.now)),
        checks,
    }))
}

impl PolicyInForce {
    fn of(profile: &Profile, config: &Versioned) -> Self {
        let Versioned { version, config, .. } = config;
        let administrator = profile.is_administrator();
        let policy = if administrator {
            config.administrator_policy(*version)
        } else {
            config.attempt_policy(*version)
        };
        Self {
            version: *version,
            administrator,
            methods_required: policy.required,
            ways: policy.ways,
            usable_methods: eligible_methods(profile, config).into_iter().collect(),
            accept_directory_data: config.accept_directory_data,
            unlock_without_reset: config.unlock_without_reset,
        }
    }
}

impl Throttle {
    fn of(
        profile: &Profile,
        record: Option<&Record>,
        counted: Vec<Counted>,
        (config, now): (&Config, Millis),
    ) -> Self {
        let standing = standing(record, profile.lock_epoch, &config.lockout_limits(), now);
        let failures = record.map_or(0, |r| r.failures);
        let (locked_until, failed_sign_ins) = match standing {
            Standing::Fresh => (None, 0),
            Standing::Open { failures } | Standing::OnParole { failures } => (None, failures),
            Standing::Locked { until } => (Some(until.rfc3339()), failures),
        };
        let is_short = |c: &Counted| c.counter == Counter::Short.name();
        let short = config.limits().short;
        let long_codes = counted.iter().any(|c| is_short(c) && c.n >= short);
        let blocked = counted.iter().any(|c| c.closed && !is_short(c));
        let counters = counted.into_iter().map(|c| Closed {
            network: c.network,
            counter: c.counter,
            used: c.n,
            closed: c.closed,
            until: c.until.rfc3339(),
        });
        Self { blocked, long_codes, locked_until, failed_sign_ins, counters: counters.collect() }
    }
}
