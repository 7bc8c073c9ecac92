//! What comes into the gateway, on a real Postgres: the webhooks' contract, and the faults that it must survive.
#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

mod convergence;
mod faults;
mod races;
mod refusals;
mod support;
mod webhooks;
