//! The simulator from outside, over its sockets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is missing")]

mod faults;
mod graph;
mod rig;
mod webhooks;
