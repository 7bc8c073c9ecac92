//! The relay: Temporal's client, the outbox, and the gateways' stream.
//!
//! Whatever must ring a workflow or reach a screen is a row of the outbox, written in the transaction that makes it
//! true. The process that wrote it rings at once ([`Relay::ring`]); a relay in every gateway and worker rings what is
//! left after a second, and looks every 30 seconds for conversations whose mail was rung but never handled.
//!
//! This is the only crate that speaks to Temporal's server; it decides nothing.

pub mod outbox;
pub mod stream;
pub mod temporal;

pub use outbox::{Relay, Settings};
