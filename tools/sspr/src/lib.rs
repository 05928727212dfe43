//! The local server and operator's tool: the whole bundle in one process, on an embedded DynamoDB.
//!
//! The functions are the ones of the cloud, called through the same routers and the same AWS SDK
//! clients; what differs is below the SDK's HTTP client. From the outside in: [`cli`], [`server`],
//! [`local`] (everything assembled), [`bundle`] (the functions), [`connector`] (the seam under the
//! SDK), [`engine`] (the store), [`provider`] and [`outbox`] (messages), [`stream`] and [`sweeper`]
//! (what runs without a request), and for developers [`dev`], [`fault`], [`trace`], [`clock`],
//! [`page`]. [`openapi`] is the contract of all functions, [`data`] the folder a server keeps its
//! data in, [`first_admin`] who creates everybody else, [`seed`] the people of the demonstration,
//! and [`import`] sends people of a file to a product that runs elsewhere.

pub mod bundle;
pub mod cli;
pub mod clock;
pub mod connector;
pub mod data;
pub mod dev;
pub mod engine;
pub mod fault;
pub mod first_admin;
pub mod import;
pub mod local;
pub mod openapi;
pub mod outbox;
pub mod page;
pub mod provider;
mod refusal;
pub mod seed;
pub mod server;
pub mod stream;
pub mod sweeper;
mod tables;
pub mod trace;
