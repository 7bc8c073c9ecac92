//! Everything that a decision about a conversation changes, collected before any of it is written.

use chrono::{DateTime, Utc};
use hilo_domain::command::Actor;
use hilo_domain::event::EventKind;
use hilo_domain::id::{AgentId, ChatId, MessageId, QueueId};
use hilo_domain::message::{Author, Content};
use hilo_domain::outbox::Bell;
use serde_json::Value;
use uuid::Uuid;

use crate::chats::Chat;

/// Everything that a decision changes.
#[derive(Debug, Default)]
pub struct Changes {
    /// Chats as they stand now; the open one last.
    pub chats: Vec<Chat>,
    /// The conversation's open chat, if that changed.
    pub open_chat: Option<Option<ChatId>>,
    /// The turn, if this is one.
    pub turn: Option<NewTurn>,
    /// Positions of inputs that are consumed.
    pub consumed: Vec<i64>,
    /// Inbound messages that belong to a chat that has just been opened.
    pub stamped: Vec<(MessageId, ChatId)>,
    /// Messages of ours, with their sends.
    pub sends: Vec<NewSend>,
    /// What happened.
    pub events: Vec<Happened>,
    /// Who must look.
    pub bells: Vec<Bell>,
    /// Why, in order.
    pub ledger: Vec<Entry>,
    /// What flows count.
    pub tracks: Vec<NewTrack>,
    /// Who did it.
    pub audit: Vec<NewAudit>,
    /// What people are told.
    pub notices: Vec<NewNotice>,
    /// Assignments that end and begin, in this order.
    pub assignments: Vec<AssignmentChange>,
    /// Commands that are carried out, with their answers.
    pub answered: Vec<(Uuid, &'static str, Value)>,
    /// What is learned about the client: merged into the profile, and their name.
    pub profile: Option<Value>,
}

/// A turn to store.
#[derive(Debug)]
pub struct NewTurn {
    /// Its number.
    pub n: i64,
    /// The instant by which it was decided.
    pub at: DateTime<Utc>,
    /// The bot's state after it, plain.
    pub session: Option<Vec<u8>>,
    /// What the engine wanted done, plain.
    pub effects: Option<Vec<u8>>,
    /// What the workflow is told.
    pub result: Value,
}

/// A message of ours to prepare.
#[derive(Debug)]
pub struct NewSend {
    /// Its id.
    pub message: MessageId,
    /// Its chat.
    pub chat: Option<ChatId>,
    /// Its place; its event has the same.
    pub seq: i64,
    /// Who writes.
    pub author: Author,
    /// What.
    pub content: Content,
    /// What the engine calls it.
    pub token: Option<String>,
    /// When it was asked for.
    pub at: DateTime<Utc>,
}

/// Something that happened; numbered by the caller.
#[derive(Debug)]
pub struct Happened {
    /// Its number in the conversation.
    pub seq: i64,
    /// In which chat.
    pub chat: Option<ChatId>,
    /// What.
    pub kind: EventKind,
    /// Ids only.
    pub data: Value,
}

/// One line of the ledger: a stable word and what it says, for people who ask why.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// A stable word.
    pub kind: String,
    /// What it says.
    #[serde(default)]
    pub detail: Value,
}

/// Something to count.
#[derive(Debug)]
pub struct NewTrack {
    /// The flow.
    pub flow_key: Option<String>,
    /// Its version.
    pub flow_version: Option<i32>,
    /// What.
    pub event: String,
    /// Where.
    pub node: Option<String>,
    /// More about it.
    pub data: Value,
}

/// An audit row.
#[derive(Debug)]
pub struct NewAudit {
    /// Who.
    pub actor: Actor,
    /// What, `noun.verb`.
    pub action: String,
    /// To what kind of thing.
    pub entity: &'static str,
    /// To which.
    pub entity_id: Uuid,
    /// Before, after, why.
    pub detail: Value,
}

/// Something that people are told.
#[derive(Debug)]
pub struct NewNotice {
    /// A stable word, `sla.first_reply`.
    pub kind: &'static str,
    /// About which chat.
    pub chat: ChatId,
    /// To whom; none is to every supervisor of the chat.
    pub user: Option<AgentId>,
    /// More about it.
    pub data: Value,
}

/// A change of who has a chat.
#[derive(Debug)]
pub enum AssignmentChange {
    /// The present one is over.
    Ends {
        /// Of which chat.
        chat: ChatId,
        /// As what: `ended`, `expired`, `declined`.
        state: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A new one.
    Begins(NewAssignment),
}

/// An assignment that begins.
#[derive(Debug)]
pub struct NewAssignment {
    /// Its id.
    pub id: Uuid,
    /// Of which chat.
    pub chat: ChatId,
    /// From which queue.
    pub queue: Option<QueueId>,
    /// To whom.
    pub agent: AgentId,
    /// The chat's generation with it.
    pub generation: i64,
    /// `dispatch`, `take`, `assign`, `transfer`, `reopen`.
    pub how: &'static str,
    /// Who else could have got it, and why they did not.
    pub candidates: Value,
}
