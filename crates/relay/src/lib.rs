//! The relay: Temporal's client, the outbox, and the gateways' stream.
//!
//! Whatever must ring a workflow or reach a screen is a row of the outbox, written in the transaction that makes it
//! true. The process that wrote it rings at once ([`Relay::ring`]); a relay in every gateway and worker rings what is
//! left after a second, and rings again, every 30 seconds, conversations whose mail was rung but never handled.
//!
//! # To add a bell
//! Name it in `domain::outbox::Bell`; the compiler then leads to the one place that rings it (`outbox::ringing`), where
//! it is heard by Temporal (a method of [`temporal::Bells`]) or by Postgres (a function of `store`). A relay of an older
//! version leaves a kind that it does not know to the new ones.
//!
//! This is the only crate that speaks to Temporal's server; it decides nothing.

pub mod feed;
pub mod outbox;
pub mod runs;
pub mod stream;
pub mod temporal;

pub use outbox::{Relay, Settings};
