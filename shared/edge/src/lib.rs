//! HTTP: what a function needs between the gateway and its handler, and nothing that decides.
//!
//! Modules: [`settings`] and [`app`] (built once at start), [`clock`] and [`chance`] (time and randomness, passed in),
//! [`hashing`], [`request`] (what every request carries and every answer gets), [`body`] (strict JSON), [`caller`]
//! (tokens and roles), [`door`] (a name and a password compared), [`problem`] (the one file that turns refusals and faults
//! into answers), [`repeat`] (idempotency keys), [`page`] and [`form`] (for people), [`language`], [`lambda`] (the only place that knows the gateway).
//!
//! # To add a refusal
//! 1. a variant of `rules::refusal::Refusal`; 2. its row in [`problem`]; 3. the handler's OpenAPI annotation; 4. a test.
#![deny(missing_docs)]

pub mod app;
pub mod aws;
pub mod body;
pub mod caller;
pub mod chance;
pub mod clock;
pub mod cursor;
pub mod door;
pub mod form;
pub mod hashing;
pub mod lambda;
pub mod language;
pub mod page;
pub mod parameter;
pub mod problem;
pub mod repeat;
pub mod request;
pub mod settings;

pub use app::App;
pub use body::Json;
pub use caller::{AttemptBearer, Caller};
pub use problem::Problem;
pub use request::Incoming;
