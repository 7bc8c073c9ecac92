//! The state of a run: everything that outlives a turn. Callers store it as JSON between turns.
//!
//! The form is versioned (`"v": 1`), gains fields only with `#[serde(default)]`, and stays below 64 KiB.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::flow::Flow;
use crate::input::Message;

/// The state of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Version of this form.
    pub v: u32,
    /// Which run of which flow.
    pub run: Run,
    /// Whether it goes on.
    pub status: Status,
    /// Frames, the active one last. Sub-flows push, returns pop.
    pub stack: Vec<Frame>,
    /// Language of the run.
    pub language: String,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// Inbound messages not yet consumed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buffer: Vec<Message>,
    /// Counts.
    #[serde(default)]
    pub counters: Counters,
    /// The last inbound message ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// Every timer that is set: the complete list, as the caller is to arm it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timers: Vec<Timer>,
    /// How many times the inactivity limit was set; the current one's token is `session:{n}`.
    #[serde(default)]
    pub session: u32,
    /// How it ended: `transferred`, `closed`, `completed`, `expired`, `failed`, `cancelled`, or the flow's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// Which run of which flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The run.
    pub id: Arc<str>,
    /// The flow.
    pub flow_id: Arc<str>,
    /// Its published version; 0 is a draft.
    #[serde(default)]
    pub version: u32,
    /// SHA-256 of its canonical document: what the run is pinned to.
    pub hash: Arc<str>,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has not taken its `Start` yet.
    Running,
    /// It waits for an input.
    Waiting,
    /// It is over; nothing changes it any more.
    Ended,
}

/// One flow on the stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    /// The flow.
    pub flow_id: Arc<str>,
    /// Its version.
    #[serde(default)]
    pub version: u32,
    /// Where it stands.
    pub node: Arc<str>,
    /// Its variables.
    #[serde(default)]
    pub vars: BTreeMap<String, Value>,
    /// The caller's node, in a sub-flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<Arc<str>>,
    /// The question that a command with `resume` interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<Interrupted>,
}

/// A question that will be asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// Which.
    pub node: Arc<str>,
    /// Which visit of it.
    pub visit: u32,
    /// Wrong answers so far.
    #[serde(default)]
    pub attempts: u32,
}

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wait {
    /// What must come.
    pub kind: WaitKind,
    /// Where.
    pub node: Arc<str>,
    /// Which visit of it.
    pub visit: u32,
    /// `{node}:{visit}:0`.
    pub token: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; none is until the inactivity limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DateTime<Utc>>,
    /// Wrong answers so far.
    #[serde(default)]
    pub attempts: u32,
    /// Reminders sent so far.
    #[serde(default)]
    pub reminders_sent: u32,
    /// The options that were offered, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<Offered>,
}

/// What a wait ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// An answer.
    Answer,
    /// Time.
    Time,
    /// A queue's status.
    Queue,
}

/// An option that was offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// Its key.
    pub value: String,
    /// What people saw.
    pub label: String,
    /// Whether it was built from a list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub built: bool,
}

/// A timer that is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Its token.
    pub token: String,
    /// When it is due.
    pub at: DateTime<Utc>,
}

/// Counts of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Turns taken.
    pub turns: u32,
    /// Visits of each node.
    pub visits: BTreeMap<Arc<str>, u32>,
    /// Faults.
    pub faults: u32,
}

impl Timer {
    /// Whether it is the run's inactivity limit: that one counts from the turn, not from a question's acceptance.
    #[must_use]
    pub fn is_session(&self) -> bool {
        crate::turn::is_session(&self.token)
    }
}

impl State {
    /// The state of a run that is about to start. `id` is the run's; it must not contain `|`.
    #[must_use]
    pub fn new(id: &str, flow: &Flow, now: DateTime<Utc>) -> Self {
        let run = Run {
            id: id.into(),
            flow_id: flow.id().into(),
            version: flow.version(),
            hash: flow.hash().into(),
            started_at: now,
        };
        let frame = Frame {
            flow_id: run.flow_id.clone(),
            version: run.version,
            node: flow.start_id(),
            vars: BTreeMap::new(),
            return_to: None,
            interrupted: None,
        };
        Self {
            v: 1,
            run,
            status: Status::Running,
            stack: vec![frame],
            language: flow.language().to_owned(),
            wait: None,
            buffer: Vec::new(),
            counters: Counters::default(),
            seen: Vec::new(),
            timers: Vec::new(),
            session: 0,
            outcome: None,
        }
    }

    /// The active frame.
    #[must_use]
    pub fn frame(&self) -> Option<&Frame> {
        self.stack.last()
    }

    /// The node at which the run stands.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.frame().map(|frame| &*frame.node)
    }
}
