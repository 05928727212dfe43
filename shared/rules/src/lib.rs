//! What may happen: the rules of a reset as pure functions over plain values.
//!
//! Nothing here reads a clock, draws a random number, waits or touches a store: time, chance and stored state are
//! passed in, and what comes back is a decision. That is why the same code can be used by every function, by the tests'
//! models and by the tools.
//!
//! Modules, in the order of the flow: [`ids`], [`secret`], [`policy`], [`method`], [`registration`], [`explain`],
//! [`proof_of_work`], [`factors`], [`attempt`], [`gate`], [`throttle`], [`lockout`], [`password`], [`activity`],
//! [`notice`], [`refusal`], [`repeat`].
//!
//! # Why not …?
//! - *Why no trait for a way of proving?* There are seven, they are ours, and a `match` that forgets one does not
//!   compile.
//! - *Why are the stored shapes (profile, attempt) here and not in `state`?* The rules decide on them; `state` only
//!   knows how to keep them.
#![deny(missing_docs)]

pub mod activity;
pub mod attempt;
pub mod explain;
pub mod factors;
pub mod gate;
pub mod ids;
pub mod lockout;
pub mod method;
pub mod notice;
pub mod password;
pub mod policy;
pub mod proof_of_work;
pub mod refusal;
pub mod registration;
pub mod repeat;
pub mod secret;
pub mod throttle;
