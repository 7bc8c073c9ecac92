//! Identifiers: UUIDv7, made at the edge and typed, so that a chat's id cannot stand where a client's belongs.
//!
//! The list is alphabetical and append-only; a name, once used, stays.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

/// Makes a UUIDv7 whose time part is `at`.
///
/// The time comes from the caller's clock ([`crate::clock::Clock`]); the random part from the system.
#[must_use]
pub fn uuid_at(at: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, at.timestamp_subsec_nanos()))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh id, ordered by `at`.
            #[must_use]
            pub fn new(at: DateTime<Utc>) -> Self {
                Self(uuid_at(at))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

ids! {
    /// One user of Hilo acting as an agent: the same number as their [`UserId`].
    AgentId,
    /// One assignment of a chat to an agent.
    AssignmentId,
    /// A campaign: numbers, agents, a flow and the promises made to its clients.
    CampaignId,
    /// One episode of a conversation, from its first message to its close.
    ChatId,
    /// A person (or a group) who writes to us.
    ClientId,
    /// A person's command, stored before it is carried out.
    CommandId,
    /// Everything ever said between one number of ours and one client.
    ConversationId,
    /// One domain event.
    EventId,
    /// One input of a conversation (`inputs`): mail, a timer, a result.
    InputId,
    /// The key under which a client's texts stand in Postgres.
    KeyId,
    /// One message, inbound or outbound.
    MessageId,
    /// One WhatsApp number of ours.
    NumberId,
    /// A queue in which chats wait.
    QueueId,
    /// A person who logs in.
    UserId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let earlier = MessageId::new(Utc.timestamp_millis_opt(1_795_000_000_000).unwrap());
        let later = MessageId::new(Utc.timestamp_millis_opt(1_795_000_000_001).unwrap());
        assert!(earlier < later);
        assert_eq!(earlier.0.get_version_num(), 7);
    }

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = ChatId::new(Utc.timestamp_millis_opt(0).unwrap());
        assert_eq!(id.to_string().parse::<ChatId>().unwrap(), id);
    }
}
