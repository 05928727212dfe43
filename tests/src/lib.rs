//! What the stories, races and contract tests share. Nothing of it is part of the product.

pub mod client;
pub mod cloud;
pub mod flow;
pub mod loopback;
pub mod people;
pub mod process;
pub mod runtime_api;
pub mod server;
