//! What everybody may know without signing in: where one is, what is asked of a password, whether all is well, and the
//! contract itself.
//!
//! Modules: [`home`] (the page at the root).

mod home;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use edge::language::COMPLETE;
use edge::{App, Json, Problem};
use http::{StatusCode, header};
use rules::policy::About;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

/// The function's routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(home::home))
        .route("/v1/about", get(about))
        .route("/v1/health", get(health))
        .route("/openapi.json", get(contract))
        .route("/.well-known/change-password", get(change_password))
        .with_state(app)
}

/// What everybody may know of the organisation.
#[utoipa::path(get, path = "/v1/about", responses((status = 200, body = Object)))]
async fn about(State(app): State<App>) -> Result<Json<About>, Problem> {
    Ok(Json(app.store.config().await?.config.about(&COMPLETE)))
}

/// Whether all is well.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok` or `down`.
    status: &'static str,
    parts: HealthParts,
}

/// Each part by itself.
#[derive(Serialize, ToSchema)]
struct HealthParts {
    /// `ok` or `down`.
    store: &'static str,
    /// `off`, `ok` or `down`.
    writeback: &'static str,
}

/// Says whether all is well.
#[utoipa::path(get, path = "/v1/health", responses(
    (status = 200, body = Health),
    (status = 503, body = Health, description = "A part that is needed is down."),
))]
async fn health(State(app): State<App>) -> Response {
    let store = app.store.config().await;
    if let Err(fault) = &store {
        tracing::error!(fault = %fault, "unhealthy");
    }
    let (code, word) = match store {
        Ok(_) => (StatusCode::OK, "ok"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "down"),
    };
    let parts = HealthParts { store: word, writeback: "off" };
    (code, Json(Health { status: word, parts })).into_response()
}

/// The contract, as generated from the code.
const CONTRACT: &str = include_str!("../../../infra/openapi.json");

/// How long an asset may be kept: an hour, so that a new release is seen soon.
const CACHE: &str = "public, max-age=3600";

/// The contract of the whole product.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, body = Object)))]
async fn contract() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, CACHE)];
    (headers, CONTRACT).into_response()
}

/// Where a password is changed (W3C "A Well-Known URL for Changing Passwords").
#[utoipa::path(get, path = "/.well-known/change-password", responses(
    (status = 302, description = "To the page that changes a password.", headers(("Location" = String))),
))]
async fn change_password() -> Response {
    (StatusCode::FOUND, [(header::LOCATION, "/change")]).into_response()
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(
    paths(home::home, about, health, contract, change_password),
    components(schemas(Health, HealthParts))
)]
pub struct Contract;
