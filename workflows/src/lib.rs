//! What happens over time: the workflows, and all that they may ask of the world.
//!
//! Deterministic. A workflow decides by what recorded activities return, waits by timers, and carries ids, never
//! texts. This crate knows no SQL, no HTTP, no provider's JSON and no engine.
//!
//! To add a signal: its argument is lenient ([`Lenient`]), because one that does not decode would stop its
//! conversation for ever; every field that is ever added has `#[serde(default)]`.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    clippy::wildcard_enum_match_arm
)]

pub mod activities;
pub mod agent;
mod call;
pub mod conversation;
pub mod queue;

use serde::{Deserialize, Serialize};

/// A signal's argument that may not be what this version expects; then it is kept as it came, and nobody is stuck.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Lenient<T> {
    /// What was expected.
    Known(T),
    /// Something else.
    Unknown(serde_json::Value),
}
