//! Everything that a workflow may ask of the world: the definitions, and what goes in and comes out.
//!
//! `hilo-activities` implements them, and the compiler checks that the two agree. Names stand in histories for ever;
//! every field that is added has `#[serde(default)]`. Only ids, times and words of ours go through here: texts stay in
//! Postgres.

#![expect(clippy::unimplemented, reason = "a definition has no body; the macro asks for this one")]
#![expect(missing_docs, reason = "the macro makes a marker of each definition; the definition has the documentation")]

use chrono::{DateTime, Utc};
use hilo_domain::chat::ChatStatus;
use hilo_domain::command::Answer;
use hilo_domain::id::{AgentId, ChatId, CommandId, ConversationId, NumberId, QueueId};
use hilo_domain::timer::Timer;
use serde::{Deserialize, Serialize};
use temporalio_macros::activity_definitions;

/// Asks for the next decision (`turns.md` 6).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TurnIn {
    /// Whose.
    pub conversation: ConversationId,
    /// The number of the last turn whose result the workflow holds; none in a fresh run.
    #[serde(default)]
    pub after: Option<i64>,
    /// Timers that are due.
    #[serde(default)]
    pub timers: Vec<Timer>,
    /// Commands that somebody waits for.
    #[serde(default)]
    pub commands: Vec<CommandId>,
    /// The workflow's time.
    pub now: DateTime<Utc>,
}

/// What a turn came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TurnOut {
    /// The number up to which the workflow holds results now; unchanged if there was nothing to decide.
    pub after: i64,
    /// Whether a turn was returned, stored or fresh.
    #[serde(default)]
    pub turned: bool,
    /// Whether more waits to be decided.
    #[serde(default)]
    pub more: bool,
    /// Whether a send is open.
    #[serde(default)]
    pub sends: bool,
    /// The number of ours that speaks.
    #[serde(default)]
    pub number: Option<NumberId>,
    /// The state of the chat that is open, if one is.
    #[serde(default)]
    pub chat: Option<ChatView>,
    /// What time will do, and how new the list is.
    #[serde(default)]
    pub timers: Timers,
    /// What the brought commands came to; one that is missing is not carried out yet.
    #[serde(default)]
    pub answers: Vec<(CommandId, Answer)>,
}

/// The open chat, as the workflow and its watchers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatView {
    /// Which.
    pub id: ChatId,
    /// Where it stands.
    pub status: ChatStatus,
    /// How often it has moved.
    pub generation: i64,
}

/// The complete list of a conversation's timers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timers {
    /// Newer lists have greater numbers.
    #[serde(default)]
    pub rev: i64,
    /// The list.
    #[serde(default)]
    pub list: Vec<Timer>,
}

/// Asks for the open sends to be carried out.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct PerformIn {
    /// Whose.
    pub conversation: ConversationId,
    /// From which number.
    #[serde(default)]
    pub number: Option<NumberId>,
}

/// What became of the open sends.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PerformOut {
    /// Whether a send has to wait: for its time, for another performer, for a receipt.
    #[serde(default)]
    pub waits: bool,
    /// Whether it left something to decide.
    #[serde(default)]
    pub news: bool,
    /// What time will do now that questions were accepted.
    #[serde(default)]
    pub timers: Timers,
}

/// Asks a queue for one round of assignments.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct DispatchIn {
    /// Which queue.
    pub queue: QueueId,
    /// The workflow's time.
    pub now: DateTime<Utc>,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct DispatchOut {
    /// How many chats were assigned.
    #[serde(default)]
    pub assigned: u32,
    /// Whether another round may assign more.
    #[serde(default)]
    pub more: bool,
}

/// Asks whether an agent is still there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct PresenceIn {
    /// Who.
    pub agent: AgentId,
    /// The workflow's time.
    pub now: DateTime<Utc>,
}

/// Whether an agent is still there.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct PresenceOut {
    /// After how many seconds to ask again; none when nobody has to be watched.
    #[serde(default)]
    pub again: Option<u64>,
}

/// The road.
pub struct Road;

#[activity_definitions]
impl Road {
    /// One decision about what has come: stored before it acts, returned again when it is asked for again.
    #[activity(name = "hilo.turn")]
    pub fn turn(input: TurnIn) -> TurnOut {
        unimplemented!()
    }

    /// Sends what is prepared, in order, and stops where something has to wait.
    #[activity(name = "hilo.perform")]
    pub fn perform(input: PerformIn) -> PerformOut {
        unimplemented!()
    }

    /// The same until nothing is open: an attempt that has to wait fails and is tried again when it is time.
    #[activity(name = "hilo.deliver")]
    pub fn deliver(input: PerformIn) -> PerformOut {
        unimplemented!()
    }

    /// Gives waiting chats to agents who have room.
    #[activity(name = "hilo.dispatch")]
    pub fn dispatch(input: DispatchIn) -> DispatchOut {
        unimplemented!()
    }

    /// Looks whether an agent's sockets live; makes one offline whose last has died.
    #[activity(name = "hilo.presence")]
    pub fn presence(input: PresenceIn) -> PresenceOut {
        unimplemented!()
    }
}

/// The markers, for whoever implements the definitions.
pub mod defs {
    pub use super::road::*;
}
