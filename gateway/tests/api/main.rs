//! The interface for screens and programs: who may, what is answered, what stands in the database afterwards.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test whose ground is missing stops")]

mod access;
mod auth;
mod chats;
mod live;
mod support;
