//! What touches the world on behalf of a workflow, and the worker that runs both. Safe to repeat: every effect is keyed
//! by what the workflow knows (`turns.md`).
//!
//! To add an activity: its definition goes into `workflows::activities`, its implementation into [`world`], what it
//! does into a file of its own, one noun a file.

mod case;
mod dispatch;
mod flows;
mod line;
mod perform;
mod presence;
pub mod replay;
mod turn;
mod words;
pub mod worker;
pub mod world;

pub use world::{Deps, World};
