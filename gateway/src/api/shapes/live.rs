//! What goes over the socket (`/socket.io`, `auth: {token}`).
//!
//! Every durable event is one [`LiveEvent`], sent under the name in its `type`; the same objects come back from
//! `chat.join` for whoever missed them. A client keeps the greatest `seq` of each conversation, drops what it has had,
//! and joins again with `after` when there is a gap.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::chat::Chat;
use super::message::Message;
use super::people::{Notification, StateWord};

/// The names of durable events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub enum LiveType {
    /// The chat was given to the receiver.
    #[serde(rename = "chat.new")]
    ChatNew,
    /// A message came or is to be sent: `message` has it.
    #[serde(rename = "chat.message")]
    ChatMessage,
    /// The chat, or the state of one of its messages, changed: `chat`, or `message`.
    #[serde(rename = "chat.updated")]
    ChatUpdated,
    /// The chat was handed over.
    #[serde(rename = "chat.transferred")]
    ChatTransferred,
    /// The chat has ended.
    #[serde(rename = "chat.closed")]
    ChatClosed,
}

impl LiveType {
    /// The Socket.IO event's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChatNew => "chat.new",
            Self::ChatMessage => "chat.message",
            Self::ChatUpdated => "chat.updated",
            Self::ChatTransferred => "chat.transferred",
            Self::ChatClosed => "chat.closed",
        }
    }
}

/// A durable event.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveEvent {
    /// Its name, as it is sent under.
    pub r#type: LiveType,
    /// Its id.
    pub event_id: Uuid,
    /// Whose it is.
    pub conversation_id: Uuid,
    /// In which chat; null when none was open.
    #[schema(required)]
    pub chat_id: Option<Uuid>,
    /// Its number in the conversation; a message's event has the message's.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What happened, `noun.participle`: `message.delivered`, `chat.assigned`; missing when it is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub change: Option<String>,
    /// The ids that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub data: Option<serde_json::Value>,
    /// The chat as it stands now; missing in events that were caught up with, and in `chat.message`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub chat: Option<Chat>,
    /// The message that it is about, as it stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub message: Option<Message>,
    /// That the receiver may not see it: nothing but its place is said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub hidden: bool,
}

/// Asks to follow a chat: `chat.join`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatJoin {
    /// Which.
    pub chat_id: Uuid,
    /// The greatest `seq` of its conversation that the client has; without it nothing is caught up with.
    #[serde(default)]
    pub after: Option<i64>,
}

/// The answer to `chat.join`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatJoined {
    /// The chat as it stands now.
    pub chat: Chat,
    /// What was missed, in order; 500 at most.
    pub events: Vec<LiveEvent>,
    /// Whether there is more: join again with the last one's `seq`.
    pub more: bool,
}

/// `chat.leave`, `chat.typing` and `chat.read`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatNamed {
    /// Which.
    pub chat_id: Uuid,
}

/// `auth.renew`: the socket goes on under a fresh token.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthRenew {
    /// From `auth/refresh`; of the same session.
    pub token: String,
}

/// The answer to what has nothing more to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledged {
    /// Always true; a refusal is `{error: Problem}` instead.
    pub ok: bool,
}

/// `auth.expired`: said before the socket is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuthExpired {
    /// `token-expired` or `session-over`.
    pub reason: String,
}

/// `agent.typing`: a colleague is typing in a chat that the receiver follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentTyping {
    /// Its id.
    pub event_id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Where.
    pub chat_id: Uuid,
    /// Who.
    pub agent_id: Uuid,
    /// As colleagues see them.
    pub agent_name: String,
}

/// `analytics.agents.update`: an agent's state has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentsUpdate {
    /// Its id.
    pub event_id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Whose.
    pub agent_id: Uuid,
    /// What they are ready for now.
    pub state: StateWord,
}

/// `analytics.queue.update`: chats came into a queue or left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueUpdate {
    /// Its id.
    pub event_id: Uuid,
    /// When it was counted.
    pub at: DateTime<Utc>,
    /// Which.
    pub queue_id: Uuid,
    /// How many chats wait in it.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    #[schema(required)]
    pub oldest_since: Option<DateTime<Utc>>,
}

/// `analytics.chats.update`: how many open chats of a campaign stand where; at most once a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatsUpdate {
    /// Its id.
    pub event_id: Uuid,
    /// When they were counted.
    pub at: DateTime<Utc>,
    /// Of which campaign.
    pub campaign_id: Uuid,
    /// By status; a status without chats is missing.
    pub counts: std::collections::BTreeMap<String, i64>,
}

/// `notification`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationEvent {
    /// Its id.
    pub event_id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// What is told.
    pub notification: Notification,
}

/// `resync`: events may be missing; read lists again and join again with `after`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resync {
    /// Its id.
    pub event_id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}
