//! The relay on a real Postgres, with bells and a stream that only listen, or do not answer.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test whose ground is missing stops and says so")]

mod leases;
mod outages;
mod second_look;
mod support;
