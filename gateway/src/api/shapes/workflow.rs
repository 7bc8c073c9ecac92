//! A chat's workflow in plain words: what it waits for, what comes next and when, and why everything happened.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::chat::ChatStatus;

/// The flow that a chat is pinned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FlowRef {
    /// Its key.
    pub id: String,
    /// Its published version.
    pub version: i32,
    /// The node at which the bot stands.
    #[schema(required)]
    pub node: Option<String>,
}

/// A timer that is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowTimer {
    /// Names it while it is set.
    pub id: String,
    /// A stable word: `first_reply`, `reassign`, `idle`, `wake`, `bot`.
    pub kind: String,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// What it will do, as a sentence in the reader's language.
    pub effect: String,
}

/// Something that will happen unless something changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Next {
    /// When; null when it waits for somebody.
    #[schema(required)]
    pub at: Option<DateTime<Utc>>,
    /// What, as a sentence in the reader's language.
    pub what: String,
}

/// One run of the conversation's workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Temporal's id of it.
    pub run_id: String,
    /// How many events its history has.
    pub events: i64,
    /// `running`, `completed`, `continued_as_new`, `failed` …
    pub status: String,
    /// When it began.
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
}

/// A chat's workflow, in words.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatWorkflow {
    /// Which chat.
    pub chat_id: Uuid,
    /// The workflow's id in Temporal.
    pub workflow_id: String,
    /// Where the chat stands.
    pub status: ChatStatus,
    /// One sentence: who waits for whom, since when.
    pub summary: String,
    /// Whether everything that would happen by itself has stopped.
    pub held: bool,
    /// The flow that it is pinned to.
    #[schema(required)]
    pub flow: Option<FlowRef>,
    /// What the flow has learned; secret ones are left out.
    pub variables: BTreeMap<String, serde_json::Value>,
    /// What it waits for, in words.
    #[schema(required)]
    pub waits_for: Option<String>,
    /// What time will do, soonest first.
    pub timers: Vec<WorkflowTimer>,
    /// What comes next, soonest first.
    pub next: Vec<Next>,
    /// The runs of its workflow, newest first; empty while Temporal cannot be asked.
    pub runs: Vec<Run>,
    /// Whether Temporal could be asked: if not, `runs` says nothing.
    pub temporal_answers: bool,
    /// The workflow in Temporal's own UI, where one is configured.
    #[schema(required)]
    pub temporal_url: Option<String>,
}

/// Why something happened: one line of a chat's ledger.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LedgerItem {
    /// Its place in the ledger; ascending, with gaps.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// A stable word, `assigned`.
    pub kind: String,
    /// The same as a sentence, in the reader's language.
    pub text: String,
    /// Values, candidates, rejections; its keys depend on the kind.
    pub detail: serde_json::Value,
}
