//! What people ask of a chat, who asked, and what they are answered.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{AgentId, MessageId, QueueId, UserId};

/// A command that nobody could carry out for so long expires (`turns.md` 19); replies do not.
pub const EXPIRES_AFTER: TimeDelta = TimeDelta::seconds(30);

/// Who asks: written into the audit with what was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Actor {
    /// The person; none is Hilo itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The session they are logged in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// With what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The request, as its problem document or log names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Uuid>,
}

impl Actor {
    /// A person, without more being known.
    #[must_use]
    pub fn user(id: UserId) -> Self {
        Self { user_id: Some(id), ..Self::default() }
    }
}

/// What is asked. Tagged `kind`; fields are added with `#[serde(default)]` only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Command {
    /// Give me this chat.
    Take {
        /// Although it is another's (needs `chats.assign`).
        #[serde(default)]
        over: bool,
        /// Beyond my capacity (needs `chats.assign`).
        #[serde(default)]
        force: bool,
    },
    /// Give this chat to somebody.
    Assign {
        /// To whom.
        agent: AgentId,
        /// Beyond their capacity.
        #[serde(default)]
        force: bool,
    },
    /// Say this to the client.
    Reply {
        /// The message's id, made when it was asked for.
        message: MessageId,
        /// Its words.
        text: String,
        /// Although it is another's (needs `chats.assign`).
        #[serde(default)]
        over: bool,
    },
    /// Hand it over.
    Transfer {
        /// To a queue.
        #[serde(default)]
        queue: Option<QueueId>,
        /// To an agent.
        #[serde(default)]
        agent: Option<AgentId>,
        /// For whoever gets it.
        #[serde(default)]
        note: Option<String>,
        /// Although it is another's.
        #[serde(default)]
        over: bool,
    },
    /// End it.
    Close {
        /// Key of a close reason.
        reason: String,
        /// For the record.
        #[serde(default)]
        note: Option<String>,
        /// Although it is another's.
        #[serde(default)]
        over: bool,
    },
    /// Begin it again: to the agent who had it, else to its queue.
    Reopen {},
    /// Put it aside until then, or until the client writes.
    Snooze {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Change how urgent it is: 0 normal, 1 high, 2 urgent.
    Priority {
        /// How urgent.
        priority: i16,
    },
    /// Let the bot go on with it.
    ReturnToBot {
        /// At which node; none is the start.
        #[serde(default)]
        node: Option<String>,
    },
    /// Send the bot to a node.
    MoveToNode {
        /// Which.
        node: String,
    },
    /// Stop everything that would happen by itself.
    Hold {},
    /// Let it go on.
    Resume {},
}

impl Command {
    /// The command's word, in Postgres, in the audit and in histories.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Take { .. } => "take",
            Self::Assign { .. } => "assign",
            Self::Reply { .. } => "reply",
            Self::Transfer { .. } => "transfer",
            Self::Close { .. } => "close",
            Self::Reopen {} => "reopen",
            Self::Snooze { .. } => "snooze",
            Self::Priority { .. } => "priority",
            Self::ReturnToBot { .. } => "return_to_bot",
            Self::MoveToNode { .. } => "move_to_node",
            Self::Hold {} => "hold",
            Self::Resume {} => "resume",
        }
    }

    /// Whether it is too late to carry it out.
    #[must_use]
    pub fn has_expired(&self, requested: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        !matches!(self, Self::Reply { .. }) && now - requested > EXPIRES_AFTER
    }
}

/// Why a command is refused; the word is the problem's code in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Another agent has the chat, or nobody.
    NotHolder,
    /// The agent carries as much as they may.
    AgentAtCapacity,
    /// The agent cannot get chats now.
    AgentNotAvailable,
    /// The client has written meanwhile.
    NewMail,
    /// The chat is closed.
    ChatClosed,
    /// Another chat of the same client is open.
    ChatOpen,
    /// The chat cannot go there from where it stands.
    IllegalMove,
    /// WhatsApp allows free messages only for 24 hours after the client's last one.
    WindowClosed,
    /// There is no such thing.
    NotFound,
}

/// What a command came to. Ids only: it goes through the workflow's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Answer {
    /// It was done.
    Done {},
    /// It was refused.
    Refused {
        /// Why.
        code: Refusal,
        /// Who has the chat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<AgentId>,
    },
    /// Nobody could carry it out in time.
    Expired {},
}

impl Answer {
    /// A refusal.
    #[must_use]
    pub const fn refused(code: Refusal) -> Self {
        Self::Refused { code, holder: None }
    }

    /// The state of the command's row.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self {
            Self::Done {} => "done",
            Self::Refused { .. } => "refused",
            Self::Expired {} => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn commands_and_answers_keep_their_form() {
        let close: Command = serde_json::from_value(json!({"kind": "close", "reason": "resolved"})).unwrap();
        assert_eq!(close, Command::Close { reason: "resolved".into(), note: None, over: false });
        assert_eq!(serde_json::to_value(&close).unwrap()["kind"], close.kind());
        let refused = Answer::refused(Refusal::NotHolder);
        assert_eq!(serde_json::to_value(refused).unwrap(), json!({"outcome": "refused", "code": "not-holder"}));
    }

    #[test]
    fn a_reply_does_not_expire_and_everything_else_does() {
        let then = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let now = then + TimeDelta::seconds(31);
        let reply = Command::Reply { message: Uuid::nil().into(), text: "hola".into(), over: false };
        assert!(!reply.has_expired(then, now));
        assert!(Command::Hold {}.has_expired(then, now));
        assert!(!Command::Hold {}.has_expired(then, then + EXPIRES_AFTER));
    }
}
