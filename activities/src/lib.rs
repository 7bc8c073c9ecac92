//! What touches the world on behalf of a workflow, and the worker that runs both. Safe to repeat: every effect is keyed
//! by what the workflow knows (`turns.md`).
//!
//! To add an activity: its definition goes into `workflows`, its implementation here, one noun a file; register it in
//! [`worker::run`].

pub mod worker;
