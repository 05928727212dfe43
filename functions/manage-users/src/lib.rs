//! People and groups, for administrators and the help desk (api.md §8).
//!
//! Modules, in the order of the routes: [`access`] (who may do what to whom), [`view`] (an account as administrators see
//! it), [`show`] (one account, the list), [`put`], [`edit`] and [`effects`] (create, change), [`import`] (many at once),
//! [`delete`], [`reset`] (a temporary password), [`act`] (unlock, unblock, revoke sessions, require registration),
//! [`explain`] (why somebody cannot reset), [`groups`] and [`members`] (what is asked of everybody in one).
//!
//! Every change is one transaction with its entry in the record, and with the notices it causes. A change that met
//! another one is decided again on what is there now, at most [`ROUNDS`] times, then refused as a conflict.
//!
//! # Why not …?
//! - *Why is nowhere counted whether an administrator remains?* Only administrators act on administrators, and nobody
//!   takes their own rights away; so whoever acts remains. The transaction holds the actor's account still, for the case
//!   that two act on each other in one moment.

mod access;
mod act;
mod delete;
mod edit;
mod effects;
mod explain;
mod groups;
mod import;
mod members;
mod put;
mod reset;
mod show;
mod view;

use axum::Router;
use axum::routing::{get, post};
use edge::repeat::idempotent;
use edge::{App, Caller};
use rules::activity::{Activity, Name};
use rules::ids::Username;
use rules::notice::{Kind, Notice};
use rules::refusal::Refusal;
use rules::registration::Profile;
use state::Call;
use utoipa::OpenApi;

/// The function's routes.
pub fn router(app: App) -> Router {
    let user = get(show::one).put(put::put).delete(delete::delete);
    let group = get(groups::show).put(groups::put).delete(groups::delete);
    let routes = Router::new()
        .route("/v1/admin/users", get(show::list))
        .route("/v1/admin/users/import", import::routes())
        .route("/v1/admin/users/{username}", user)
        .route("/v1/admin/users/{username}/reset", post(reset::reset))
        .route("/v1/admin/users/{username}/unlock", post(act::unlock))
        .route("/v1/admin/users/{username}/unblock", post(act::unblock))
        .route("/v1/admin/users/{username}/revoke-sessions", post(act::revoke_sessions))
        .route("/v1/admin/users/{username}/require-registration", post(act::require_registration))
        .route("/v1/admin/users/{username}/explain", get(explain::explain))
        .route("/v1/admin/groups/{group}", group)
        .route(
            "/v1/admin/groups/{group}/require-registration",
            post(members::require_registration_of_members),
        )
        .with_state(app.clone());
    idempotent(routes, app)
}

/// Rounds in which a change that met another change of the same account is decided again.
const ROUNDS: u32 = 3;

/// The account's name in a path. What can be nobody's name is not found.
fn named(typed: &str) -> Result<Username, Refusal> {
    Username::parse(typed).map_err(|_| Refusal::NotFound)
}

/// The row of something done to an account.
fn fact(call: &Call, name: Name, caller: &Caller, target: &Profile) -> Activity {
    let mut row = call.activity("users", name);
    row.actor = Some(caller.profile.username.clone());
    row.target = Some(target.username.clone());
    row.role = Some(target.role());
    row
}

/// A notice to a person, in their language.
fn notice(kind: Kind, profile: &Profile, to: Vec<String>, call: &Call) -> Notice {
    let locale = profile.locale.clone().unwrap_or_else(|| call.locale.clone());
    Notice { kind, to, audience: None, locale }
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(
    paths(
        show::list,
        show::one,
        put::put,
        delete::delete,
        reset::reset,
        act::unlock,
        act::unblock,
        act::revoke_sessions,
        act::require_registration,
        explain::explain,
        import::import,
        groups::show,
        groups::put,
        groups::delete,
        members::require_registration_of_members,
    ),
    components(schemas(
        view::User,
        view::MethodOnFile,
        show::Users,
        edit::UserChange,
        reset::ReplacementPassword,
        reset::TemporaryPassword,
        act::Acted,
        explain::Explanation,
        explain::PolicyInForce,
        explain::Throttle,
        explain::Closed,
        import::Imported,
        import::RowVerdict,
        import::Flag,
        groups::NestedGroups,
        groups::PutGroup,
        groups::Group,
        members::Asked,
    ))
)]
pub struct Contract;
