//! A signed-in person registers how they can prove themselves later: the routes under `/v1/registration`.
//!
//! Modules, in the order of the flow: [`visit`] (who comes, and whether they may), [`view`] (what is registered),
//! [`ask`] (a code to a new contact), [`hand_out`] (a secret to keep), [`prove`] (the code comes back: the contact counts), [`remove`], [`keep`] (what is
//! there is right, or is put off), [`questions`].
//!
//! # Why not …?
//! - *Why does a contact count only once its code came back, and not when it was typed?* A mistyped address would take
//!   the codes of a reset to a stranger.
//! - *Why is proving a code not bound to a young sign-in, when asking for it is?* Whoever has the code has the contact;
//!   a person who was slow to find the mail should not have to begin again.
//! - *Why is office phone, once set, no business of this function?* It belongs to a desk, not to the person.

mod ask;
mod hand_out;
mod keep;
mod prove;
mod questions;
mod remove;
mod view;
mod visit;

use axum::Router;
use axum::routing::{delete, get, post, put};
use edge::App;
use edge::repeat::idempotent;
use utoipa::OpenApi;

/// The function's routes.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/registration", get(view::current))
        .route("/v1/registration/methods", post(ask::ask))
        .route("/v1/registration/methods/verify", post(prove::verify))
        .route("/v1/registration/methods/{method}", delete(remove::remove))
        .route("/v1/registration/questions", put(questions::put))
        .route("/v1/registration/confirm", post(keep::confirm))
        .route("/v1/registration/skip", post(keep::skip))
        .with_state(app.clone());
    idempotent(routes, app)
}

/// This function's part of the contract.
#[derive(OpenApi)]
#[openapi(
    paths(
        view::current,
        ask::ask,
        prove::verify,
        remove::remove,
        questions::put,
        keep::confirm,
        keep::skip
    ),
    components(schemas(
        view::Registration,
        view::RegisteredMethod,
        view::OfferedQuestion,
        ask::NewMethod,
        ask::Via,
        ask::CodeSent,
        hand_out::HandedOut,
        hand_out::NewApp,
        hand_out::NewRecoveryCode,
        prove::MethodCode,
        questions::Questions,
        questions::Answer,
        keep::Skipped
    ))
)]
pub struct Contract;
