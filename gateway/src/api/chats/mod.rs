//! `chats`: one episode of a conversation each.

pub(crate) mod carry;
pub(crate) mod list;
pub(crate) mod messages;
pub(crate) mod moves;
pub(crate) mod notes;
mod telling;
pub(crate) mod workflow;
