//! The words of Hilo.
//!
//! Ids, chat states and their legal moves, what a message can be, what receipts mean together, events,
//! permissions, and the clock. Everybody may use these words; this crate knows nobody: no SQL, no HTTP, no
//! Temporal, no provider's JSON.
//!
//! To add a word: one noun, one file; the doc comment says where the word comes from (a standard, a provider's
//! rule, Hilo's contract); what is serialised gains fields only with `#[serde(default)]`.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    clippy::wildcard_enum_match_arm
)]

pub mod agent;
pub mod chat;
pub mod clock;
pub mod command;
pub mod event;
pub mod id;
pub mod inbound;
pub mod message;
pub mod number;
pub mod operation;
pub mod outbox;
pub mod permission;
pub mod phone;
pub mod receipt;
pub mod send;
pub mod timer;
pub mod viewer;
