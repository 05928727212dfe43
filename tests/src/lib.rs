//! What the stories, races and contract tests share. Nothing of it is part of the product.

pub mod cloud;
pub mod loopback;
pub mod runtime_api;
