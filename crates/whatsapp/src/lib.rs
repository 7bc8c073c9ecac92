//! The providers' wire: everything that Meta's JSON looks like, and nothing else.
//!
//! The crate reads a provider's webhooks into [`hilo_domain::inbound`]'s facts, writes [`hilo_domain::message`]'s
//! contents as a provider's requests, says what a provider's errors mean, and holds [`http`], the only client of the
//! workspace that may call out.
//!
//! What it must not know: SQL, Temporal, queues, flows, and what anybody does about a fact. It decides nothing. It
//! never reads a clock; times come from the provider or not at all. Access tokens are [`secrecy::SecretString`]s and
//! never reach a log, an error or a `Debug`.
//!
//! To add a message type that WhatsApp delivers: a variant of [`hilo_domain::message::Content`], an arm in
//! `meta/webhook/content.rs`, a fixture with its line in `tests/fixtures/webhooks/index.csv`. To add one that we send:
//! an arm in `meta/request/body.rs`, its limits in `meta/request/limits.rs` and `check.rs`, and an arm in the generator
//! of `tests/request_schema.rs`, which holds every body against Meta's schema.
#![deny(clippy::indexing_slicing, clippy::string_slice, clippy::panic, clippy::unwrap_used)]
#![cfg_attr(test, expect(clippy::string_slice, reason = "a test that panics has failed"))]

pub mod error;
pub mod http;
pub mod meta;

pub use error::{Error, Result};
