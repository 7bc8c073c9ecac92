//! What a step did and why, for the inspector and the simulator. Personal values are shown as `•••`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::FaultCode;

/// The trace of one step, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace(pub Vec<Event>);

/// What is shown in place of a personal value.
pub const HIDDEN: &str = "•••";

/// One thing that happened. Tagged `trace`; fields are added with `#[serde(default)]` only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "trace", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Event {
    /// The input changed nothing.
    Ignored {
        /// Why: `ended`, `duplicate`, `stale`, `not_started`, `already_started`.
        reason: String,
        /// The token or message id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<String>,
    },
    /// The local time that the turn went by.
    LocalTime {
        /// ISO 8601 with offset.
        at: String,
    },
    /// A node was visited.
    Visited {
        /// Which.
        node: Arc<str>,
        /// Which time in this run.
        visit: u32,
    },
    /// An exit was taken.
    Left {
        /// From which node.
        node: Arc<str>,
        /// By which exit.
        port: String,
        /// To which node; none is the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Arc<str>>,
    },
    /// An expression was evaluated.
    Evaluated {
        /// Where.
        node: Arc<str>,
        /// As it is written.
        expression: String,
        /// What it gave.
        value: Value,
    },
    /// A variable changed.
    Assigned {
        /// Which.
        name: String,
        /// From.
        #[serde(default)]
        before: Value,
        /// To.
        #[serde(default)]
        after: Value,
    },
    /// An answer matched an option.
    Matched {
        /// Its value.
        option: String,
        /// By which rule of 7.2, from 1; 0 is a tap.
        rank: u8,
    },
    /// An answer was taken.
    Answered {
        /// Of which question.
        node: Arc<str>,
    },
    /// An answer was wrong.
    Invalid {
        /// Of which question.
        node: Arc<str>,
        /// Which attempt.
        attempt: u32,
    },
    /// A command was used.
    Command {
        /// Where it leads.
        target: Arc<str>,
    },
    /// A message was kept for the next question.
    Buffered {
        /// Its id.
        message: String,
    },
    /// A message answers nothing any more.
    Dropped {
        /// Its id.
        message: String,
        /// Why.
        reason: String,
    },
    /// The caller moved the run.
    Jumped {
        /// To which node.
        node: String,
        /// Why.
        reason: String,
    },
    /// Something failed.
    Fault {
        /// Where.
        node: Arc<str>,
        /// What.
        code: FaultCode,
        /// Why.
        text: String,
    },
    /// The run ended.
    Ended {
        /// How.
        outcome: String,
    },
}
