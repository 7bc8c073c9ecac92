//! What time will do to a chat: the complete list, computed after every turn and move (`turns.md` 10).
//!
//! The list is a function of where the chat stands and of what its campaign promises; the bot's own timers are added by
//! whoever runs the bot. A workflow arms what the newest list says and brings back what is due; whether it still counts
//! is decided against the list of that moment.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::chat::ChatStatus;

/// What becomes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerName {
    /// A timer of the flow; its token is the engine's.
    Bot,
    /// The first reply is due: the promise is broken, and supervisors are told.
    FirstReply,
    /// The present agent has not replied: the chat goes to another one.
    Reassign,
    /// The client has been silent: the chat is closed.
    Idle,
    /// A snoozed chat wakes.
    Wake,
}

impl TimerName {
    /// The name in Postgres, in inputs' keys and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::FirstReply => "first_reply",
            Self::Reassign => "reassign",
            Self::Idle => "idle",
            Self::Wake => "wake",
        }
    }
}

/// One timer that is set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timer {
    /// What becomes due.
    pub name: TimerName,
    /// The engine's token; empty for the chat's own timers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token: String,
    /// The chat's generation when it was set.
    #[serde(default)]
    pub generation: i64,
    /// When.
    pub due: DateTime<Utc>,
}

impl Timer {
    /// Names this firing for ever: a timer that is brought twice is one input.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}|{}|{}|{}", self.name.as_str(), self.token, self.generation, self.due.timestamp_micros())
    }

    /// Whether a list still holds this timer, due no later than it was.
    #[must_use]
    pub fn is_current_in(&self, list: &[Self]) -> bool {
        list.iter().any(|set| {
            set.name == self.name && set.token == self.token && set.generation == self.generation && set.due <= self.due
        })
    }
}

/// What a campaign promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promises {
    /// Within how long an agent's first reply comes, counted from the first queue; also how long one agent may take.
    pub first_reply: TimeDelta,
    /// After how long a silence of the client a chat is closed.
    pub idle: TimeDelta,
}

/// Where a chat stands, as far as time is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// Its state.
    pub status: ChatStatus,
    /// Its generation.
    pub generation: i64,
    /// Whether it is held: then nothing is due.
    pub held: bool,
    /// When it came into its first queue.
    pub queued_at: Option<DateTime<Utc>>,
    /// When its present agent got it.
    pub assigned_at: Option<DateTime<Utc>>,
    /// When an agent first replied.
    pub first_reply_at: Option<DateTime<Utc>>,
    /// When the promise of a first reply was broken.
    pub breached_at: Option<DateTime<Utc>>,
    /// When the client last wrote.
    pub last_client_at: Option<DateTime<Utc>>,
    /// When an agent last wrote.
    pub last_agent_at: Option<DateTime<Utc>>,
    /// Until when it is snoozed; of an active chat, since when it is awake again.
    pub wake_at: Option<DateTime<Utc>>,
}

/// The chat's own timers; empty while it is held, led by the bot or closed.
#[must_use]
pub fn timers(clocks: &Clocks, promises: &Promises) -> Vec<Timer> {
    let mut list = Vec::new();
    if clocks.held {
        return list;
    }
    let mut set = |name, due: Option<DateTime<Utc>>| {
        list.extend(due.map(|due| Timer { name, token: String::new(), generation: clocks.generation, due }));
    };
    let after = |from: Option<DateTime<Utc>>, by: TimeDelta| from.and_then(|from| from.checked_add_signed(by));
    match clocks.status {
        ChatStatus::Queued | ChatStatus::Assigned => {
            if clocks.first_reply_at.is_none() && clocks.breached_at.is_none() {
                set(TimerName::FirstReply, after(clocks.queued_at, promises.first_reply));
            }
            if clocks.status == ChatStatus::Assigned {
                set(TimerName::Reassign, after(clocks.assigned_at, promises.first_reply));
            }
        }
        ChatStatus::Active => {
            set(
                TimerName::Idle,
                after(clocks.last_client_at.max(clocks.last_agent_at).max(clocks.wake_at), promises.idle),
            );
        }
        ChatStatus::Pending => set(TimerName::Wake, clocks.wake_at),
        ChatStatus::New | ChatStatus::Bot | ChatStatus::Transferred | ChatStatus::Closed => {}
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(1_795_000_000 + seconds, 0)
    }

    fn clocks(status: ChatStatus) -> Clocks {
        Clocks {
            status,
            generation: 3,
            held: false,
            queued_at: at(0),
            assigned_at: at(60),
            first_reply_at: None,
            breached_at: None,
            last_client_at: at(70),
            last_agent_at: at(90),
            wake_at: at(500),
        }
    }

    const PROMISES: Promises = Promises { first_reply: TimeDelta::seconds(120), idle: TimeDelta::seconds(1800) };

    fn due(clocks: &Clocks) -> Vec<(TimerName, i64)> {
        let zero = at(0).unwrap();
        timers(clocks, &PROMISES).iter().map(|t| (t.name, (t.due - zero).num_seconds())).collect()
    }

    #[test]
    fn the_promise_counts_from_the_queue_and_the_agent_s_time_from_the_assignment() {
        assert_eq!(due(&clocks(ChatStatus::Queued)), [(TimerName::FirstReply, 120)]);
        assert_eq!(due(&clocks(ChatStatus::Assigned)), [(TimerName::FirstReply, 120), (TimerName::Reassign, 180)]);
        let broken = Clocks { breached_at: at(120), ..clocks(ChatStatus::Assigned) };
        assert_eq!(due(&broken), [(TimerName::Reassign, 180)], "a promise is broken once");
    }

    #[test]
    fn silence_counts_from_whoever_wrote_last_and_a_held_chat_has_no_clock() {
        let active = Clocks { wake_at: None, ..clocks(ChatStatus::Active) };
        assert_eq!(due(&active), [(TimerName::Idle, 1890)]);
        assert_eq!(due(&clocks(ChatStatus::Active)), [(TimerName::Idle, 2300)], "nor is who slept silent");
        assert_eq!(due(&clocks(ChatStatus::Pending)), [(TimerName::Wake, 500)]);
        assert_eq!(due(&Clocks { held: true, ..clocks(ChatStatus::Assigned) }), []);
        for status in [ChatStatus::New, ChatStatus::Bot, ChatStatus::Closed] {
            assert_eq!(due(&clocks(status)), []);
        }
    }

    #[test]
    fn a_timer_counts_only_while_the_list_holds_it_as_it_was() {
        let list = timers(&clocks(ChatStatus::Active), &PROMISES);
        let fired = list[0].clone();
        assert!(fired.is_current_in(&list));
        let later = Clocks { last_client_at: at(1000), ..clocks(ChatStatus::Active) };
        assert!(!fired.is_current_in(&timers(&later, &PROMISES)), "the client wrote meanwhile");
        let moved = Clocks { generation: 4, ..clocks(ChatStatus::Active) };
        assert!(!fired.is_current_in(&timers(&moved, &PROMISES)), "the chat has moved");
    }
}
