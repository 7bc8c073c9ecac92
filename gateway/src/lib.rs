//! What people and programs talk to.
//!
//! The gateway records facts and never decides: a webhook is verified, read and stored in one transaction, answered,
//! and then rung. It never writes a chat's status or assignment.
//!
//! To add an endpoint: one file below `api/<resource>/`, its tests below the handler; register it in [`router`];
//! refusals are [`problem::Problem`]s, and each code stands in `docs/errors.md` (a test compares).

pub mod api;
mod auth;
pub mod batcher;
pub mod intake;
mod live;
pub mod numbers;
mod ops;
pub mod problem;
mod server;
mod web;
mod webhooks;
mod words;

pub use auth::proxies::{Proxies, ProxiesError};
pub use auth::tokens::{TokenKeys, TokenKeysError};
pub use server::{Deps, Desk, Gateway, router};
