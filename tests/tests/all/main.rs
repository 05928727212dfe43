//! What the product promises, through its HTTP interface, against the whole bundle in this process. One binary, because
//! each links everything; one module for each kind of promise.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends where it stands"
)]

mod administration;
mod authenticator;
mod bad_input;
mod configuration;
mod deliveries;
mod disclosure;
mod door;
mod features;
mod idempotency;
mod identical;
mod import;
mod lockouts;
mod lost_replies;
mod meanwhile;
mod networks;
mod not_me;
mod pairs;
mod password_rules;
mod passwords;
mod preview;
mod proof_of_work;
mod questions;
mod races;
mod recovery;
mod refusals;
mod registering;
mod registration;
mod renewal;
mod resets;
mod roles;
mod scope;
mod sign_in_lock;
mod states;
