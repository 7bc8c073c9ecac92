//! Chats, their notes, and what may be asked of them.

use chrono::{DateTime, Utc};
use hilo_domain::chat::ChatStatus as Status;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::message::Message;
use super::{Named, Person};

/// Where a chat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatStatus {
    /// Made by its first message; nothing decided yet.
    New,
    /// The bot leads it.
    Bot,
    /// It waits in a queue for an agent.
    Queued,
    /// It has an agent who has not answered yet.
    Assigned,
    /// Its agent has answered.
    Active,
    /// It is snoozed.
    Pending,
    /// It has ended.
    Closed,
    /// It is being handed over.
    Transferred,
}

impl From<Status> for ChatStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::New => Self::New,
            Status::Bot => Self::Bot,
            Status::Queued => Self::Queued,
            Status::Assigned => Self::Assigned,
            Status::Active => Self::Active,
            Status::Pending => Self::Pending,
            Status::Transferred => Self::Transferred,
            Status::Closed => Self::Closed,
        }
    }
}

/// How urgent a chat is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// As most are.
    Normal,
    /// Before the normal ones.
    High,
    /// Before all others.
    Urgent,
}

impl Priority {
    /// As it stands in Postgres.
    #[must_use]
    pub const fn rank(self) -> i16 {
        match self {
            Self::Normal => 0,
            Self::High => 1,
            Self::Urgent => 2,
        }
    }

    /// Reads what stands in Postgres.
    #[must_use]
    pub const fn of(rank: i16) -> Self {
        match rank {
            ..=0 => Self::Normal,
            1 => Self::High,
            2.. => Self::Urgent,
        }
    }
}

/// The number of ours in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NumberRef {
    /// Its id.
    pub id: Uuid,
    /// As people write it, with `+`.
    pub phone: String,
    /// What the administrator calls it.
    pub name: String,
}

/// The client in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClientRef {
    /// Their id.
    pub id: Uuid,
    /// As they call themselves.
    #[schema(required)]
    pub name: Option<String>,
    /// With `+`; null for whoever writes without one.
    #[schema(required)]
    pub phone: Option<String>,
}

/// That somebody should look at a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Attention {
    /// Since when.
    pub since: DateTime<Utc>,
    /// A stable word, `send_uncertain`.
    pub reason: String,
}

/// What was promised about a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sla {
    /// By when an agent's first reply is promised; null until it came into a queue.
    #[schema(required)]
    pub first_reply_due_at: Option<DateTime<Utc>>,
    /// When that promise was broken.
    #[schema(required)]
    pub breached_at: Option<DateTime<Utc>>,
}

/// A chat: one episode of a conversation, from its first message to its close.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// Its id.
    pub id: Uuid,
    /// The conversation that it is an episode of; events are numbered by it.
    pub conversation_id: Uuid,
    /// Our side.
    pub number: NumberRef,
    /// Their side.
    pub client: ClientRef,
    /// The campaign that it belongs to.
    #[schema(required)]
    pub campaign_id: Option<Uuid>,
    /// The same, by name.
    #[schema(required)]
    pub campaign: Option<Named>,
    /// The queue that it waits in, or was given out from.
    #[schema(required)]
    pub queue_id: Option<Uuid>,
    /// The same, by name.
    #[schema(required)]
    pub queue: Option<Named>,
    /// Where it stands.
    pub status: ChatStatus,
    /// How urgent it is.
    pub priority: Priority,
    /// Who has it; of a closed chat, who had it.
    #[schema(required)]
    pub agent_id: Option<Uuid>,
    /// The same, by name.
    #[schema(required)]
    pub agent: Option<Person>,
    /// That somebody should look at it.
    #[schema(required)]
    pub attention: Option<Attention>,
    /// Whether everything that would happen by itself has stopped.
    pub held: bool,
    /// When it began.
    pub opened_at: DateTime<Utc>,
    /// When it came into its first queue.
    #[schema(required)]
    pub queued_at: Option<DateTime<Utc>>,
    /// Since when it waits for an agent.
    #[schema(required)]
    pub waiting_since: Option<DateTime<Utc>>,
    /// When its present agent got it.
    #[schema(required)]
    pub assigned_at: Option<DateTime<Utc>>,
    /// When an agent first replied.
    #[schema(required)]
    pub first_reply_at: Option<DateTime<Utc>>,
    /// Until when it is snoozed.
    #[schema(required)]
    pub snoozed_until: Option<DateTime<Utc>>,
    /// When it ended.
    #[schema(required)]
    pub closed_at: Option<DateTime<Utc>>,
    /// Key of the reason why.
    #[schema(required)]
    pub close_reason: Option<String>,
    /// How many of the client's messages its agent has not read; 100 stands for more, too.
    pub unread: i64,
    /// What was said last in it.
    #[schema(required)]
    pub last_message: Option<Message>,
    /// When somebody last did something in it; lists are sorted by it.
    pub last_activity_at: DateTime<Utc>,
    /// What was promised.
    pub sla: Sla,
    /// Until when WhatsApp allows free messages; null when the client never wrote.
    #[schema(required)]
    pub window_closes_at: Option<DateTime<Utc>>,
    /// The number of the conversation's newest event: where `chat.join` begins to catch up.
    pub last_seq: i64,
}

/// A note about a chat, for colleagues only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Its id.
    pub id: Uuid,
    /// About which chat.
    pub chat_id: Uuid,
    /// Who wrote it.
    pub author: Person,
    /// Its words.
    pub text: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A note to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewNote {
    /// Its words; 1 to 4,096 characters.
    #[schema(min_length = 1, max_length = 4096)]
    pub text: String,
}

/// Takes a chat.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Take {
    /// Beyond one's capacity; needs `chats.assign`.
    #[schema(required = false)]
    pub force: bool,
}

/// Gives a chat to somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Assign {
    /// To whom.
    pub agent_id: Uuid,
    /// Beyond their capacity.
    #[serde(default)]
    #[schema(required = false)]
    pub force: bool,
}

/// Hands a chat over: to exactly one of a queue, an agent, a campaign's default queue.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Transfer {
    /// Id or key of a queue.
    pub queue_id: Option<String>,
    /// An agent.
    pub agent_id: Option<Uuid>,
    /// Id or key of a campaign.
    pub campaign_id: Option<String>,
    /// For whoever gets it; 2,000 characters at most.
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// Ends a chat.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Close {
    /// Key of a close reason.
    pub reason: String,
    /// For the record; 2,000 characters at most.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// Nothing more to say.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Puts a chat aside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snooze {
    /// Until when, or until the client writes; in the future.
    pub until: DateTime<Utc>,
}

/// Says how urgent a chat is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetPriority {
    /// How urgent.
    pub priority: Priority,
}

/// Gives a chat back to its bot.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ReturnToBot {
    /// At which node; null is the start.
    pub node_id: Option<String>,
}

/// Sends a chat's bot to a node.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveToNode {
    /// Which.
    pub node_id: String,
}

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommandState {
    /// It is stored and waits for a worker.
    Requested,
    /// It was done.
    Done,
    /// It was refused; `problem` says why.
    Refused,
    /// Nobody could carry it out in time.
    Expired,
}

/// A command: what was asked, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Its id; of a reply, the message's.
    pub command_id: Uuid,
    /// To which chat.
    pub chat_id: Uuid,
    /// What was asked: `take`, `reply` …
    pub kind: String,
    /// Where it stands.
    pub state: CommandState,
    /// Why it was refused: the code of the problem that the caller would have got.
    #[schema(required)]
    pub code: Option<String>,
    /// Who has the chat, where that is why.
    #[schema(required)]
    pub holder: Option<Person>,
    /// When it was asked.
    pub requested_at: DateTime<Utc>,
}

/// To whom a chat may be handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferTargets {
    /// Queues.
    pub queues: Vec<Named>,
    /// Agents of the chat's campaign.
    pub agents: Vec<TransferAgent>,
}

/// An agent to whom a chat may be handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferAgent {
    /// Their id.
    pub id: Uuid,
    /// As colleagues see them.
    pub name: String,
    /// What they are ready for.
    pub state: super::people::StateWord,
    /// How many chats take a place of theirs.
    pub load: i64,
    /// How many they may carry.
    pub capacity: i64,
}
