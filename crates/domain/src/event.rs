//! Domain events: what happened, in the words that outgoing webhooks and screens read.
//!
//! An event is written in the transaction of what it reports and numbered by its conversation. Events carry ids,
//! never texts.

use serde::{Deserialize, Serialize};

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The kind's name, `noun.participle`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

event_kinds! {
    /// A user of Hilo connected.
    AgentConnected = "agent.connected",
    /// A user of Hilo disconnected.
    AgentDisconnected = "agent.disconnected",
    /// An agent became available, paused, busy or offline.
    AgentStatusChanged = "agent.status.changed",
    /// The bot came to an end.
    BotFinished = "bot.finished",
    /// The bot asks for a person.
    BotTransferRequested = "bot.transfer.requested",
    /// A chat got an agent.
    ChatAssigned = "chat.assigned",
    /// A chat ended.
    ChatClosed = "chat.closed",
    /// A chat began.
    ChatCreated = "chat.created",
    /// A chat began again.
    ChatReopened = "chat.reopened",
    /// A chat was handed over.
    ChatTransferred = "chat.transferred",
    /// A chat's state or fields changed.
    ChatUpdated = "chat.updated",
    /// Our message is on the client's device.
    MessageDelivered = "message.delivered",
    /// Our message will not arrive.
    MessageFailed = "message.failed",
    /// A message of ours is to be sent.
    MessagePrepared = "message.prepared",
    /// The client has read our message.
    MessageRead = "message.read",
    /// A message came.
    MessageReceived = "message.received",
    /// Our message was accepted by the provider.
    MessageSent = "message.sent",
    /// Our message was sent without an answer.
    MessageUncertain = "message.uncertain",
    /// A colleague wrote a note about the chat.
    NoteAdded = "note.added",
    /// Something is broken.
    SystemError = "system.error",
    /// Something wants looking at.
    SystemWarning = "system.warning",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_s_events_are_all_here() {
        for word in [
            "message.received",
            "message.sent",
            "message.delivered",
            "message.read",
            "message.failed",
            "chat.created",
            "chat.assigned",
            "chat.transferred",
            "chat.closed",
            "chat.reopened",
            "agent.connected",
            "agent.disconnected",
            "agent.status.changed",
            "bot.finished",
            "bot.transfer.requested",
            "system.error",
            "system.warning",
        ] {
            assert!(EventKind::ALL.iter().any(|kind| kind.as_str() == word), "{word}");
        }
    }
}
