//! What must be rung: rows that are written in the transaction that makes them true, and rung after it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{AgentId, ConversationId, MessageId, QueueId};

/// A workflow, or a part of Hilo, that has something to look at. A bell has no content: whoever hears it looks at
/// its mail, so ringing twice is as good as ringing once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "bell", content = "id", rename_all = "snake_case")]
pub enum Bell {
    /// The conversation's workflow has something to look at.
    Conversation(ConversationId),
    /// A placeholder has waited long enough for its real message and becomes an input itself (`turns.md` 3).
    Ghost(MessageId),
    /// Somebody waits in the queue, or an agent of it has become free.
    Queue(QueueId),
    /// An agent's presence is to be watched.
    Agent(AgentId),
}

impl Bell {
    /// The kind's name in Postgres and in metrics.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Conversation(_) => "conversation",
            Self::Ghost(_) => "ghost",
            Self::Queue(_) => "queue",
            Self::Agent(_) => "agent",
        }
    }

    /// The id of what is rung.
    #[must_use]
    pub const fn target(self) -> Uuid {
        match self {
            Self::Conversation(id) => id.0,
            Self::Ghost(id) => id.0,
            Self::Queue(id) => id.0,
            Self::Agent(id) => id.0,
        }
    }

    /// Reads a stored row back; `None` for a kind that this version does not know.
    #[must_use]
    pub fn from_parts(kind: &str, target: Uuid) -> Option<Self> {
        match kind {
            "conversation" => Some(Self::Conversation(target.into())),
            "ghost" => Some(Self::Ghost(target.into())),
            "queue" => Some(Self::Queue(target.into())),
            "agent" => Some(Self::Agent(target.into())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_reads_back_from_its_row() {
        let id = Uuid::from_u128(7);
        let all =
            [Bell::Conversation(id.into()), Bell::Ghost(id.into()), Bell::Queue(id.into()), Bell::Agent(id.into())];
        for bell in all {
            assert_eq!(Bell::from_parts(bell.kind(), bell.target()), Some(bell));
        }
        assert_eq!(Bell::from_parts("moon", id), None);
    }
}
