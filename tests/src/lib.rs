//! What the stories, races and contract tests share. Nothing of it is part of the product.
#![expect(
    clippy::indexing_slicing,
    reason = "a test that meets another shape than it expects shall fail there and then"
)]

pub mod client;
pub mod cloud;
pub mod elsewhere;
pub mod factors;
pub mod fleet;
pub mod flow;
pub mod loopback;
pub mod people;
pub mod process;
pub mod runtime_api;
pub mod server;
