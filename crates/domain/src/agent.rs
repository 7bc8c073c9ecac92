//! Agents, as routing sees them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::AgentId;

/// What an agent is ready for. "Full" is no state: it follows from load and capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Gets chats.
    Available,
    /// Gets none for a while.
    Paused,
    /// Gets none; works on what they have.
    Busy,
    /// Is not there.
    Offline,
}

impl AgentState {
    /// The name in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Paused => "paused",
            Self::Busy => "busy",
            Self::Offline => "offline",
        }
    }

    /// Reads a stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Available, Self::Paused, Self::Busy, Self::Offline].into_iter().find(|state| state.as_str() == name)
    }
}

/// An agent who might get a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub agent: AgentId,
    /// Their state.
    pub state: AgentState,
    /// Chats that take a place of theirs.
    pub load: i64,
    /// How many they may carry.
    pub capacity: i64,
    /// When they last got one.
    pub last_assigned_at: Option<DateTime<Utc>>,
    /// Whether they let this very chat lapse since they last said "available".
    pub lapsed: bool,
}

/// Why a candidate was passed over; kept with the assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassedOver {
    /// Not available.
    NotAvailable,
    /// As many chats as they may carry.
    AtCapacity,
    /// Did not answer this chat in time.
    Lapsed,
    /// Another carries less, or has waited longer.
    AnotherFirst,
}

/// Who gets a chat: the least loaded agent who may, of equals the one who has waited longest for one, of equals the
/// older. Every other one comes with the reason why not.
#[must_use]
pub fn choose(candidates: &[Candidate]) -> (Option<AgentId>, Vec<(AgentId, PassedOver)>) {
    let obstacle = |c: &Candidate| {
        if c.state != AgentState::Available {
            Some(PassedOver::NotAvailable)
        } else if c.lapsed {
            Some(PassedOver::Lapsed)
        } else if c.load >= c.capacity {
            Some(PassedOver::AtCapacity)
        } else {
            None
        }
    };
    let winner = candidates
        .iter()
        .filter(|candidate| obstacle(candidate).is_none())
        .min_by_key(|c| (c.load, c.last_assigned_at, c.agent))
        .map(|candidate| candidate.agent);
    let others = candidates.iter().filter(|candidate| Some(candidate.agent) != winner);
    (winner, others.map(|c| (c.agent, obstacle(c).unwrap_or(PassedOver::AnotherFirst))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn candidate(id: u128, load: i64, assigned: Option<i64>) -> Candidate {
        Candidate {
            agent: Uuid::from_u128(id).into(),
            state: AgentState::Available,
            load,
            capacity: 2,
            last_assigned_at: assigned.and_then(|s| DateTime::from_timestamp(s, 0)),
            lapsed: false,
        }
    }

    #[test]
    fn the_least_loaded_gets_it_and_of_equals_the_one_who_waited_longest() {
        let (a, b) = (candidate(1, 0, Some(20)), candidate(2, 0, Some(10)));
        assert_eq!(choose(&[a, b]).0, Some(b.agent));
        assert_eq!(choose(&[a, candidate(2, 1, None)]).0, Some(a.agent));
        assert_eq!(
            choose(&[a, candidate(3, 0, None)]).0,
            Some(Uuid::from_u128(3).into()),
            "who never had one is first"
        );
    }

    proptest! {
        #[test]
        fn nobody_gets_a_chat_that_they_may_not_and_everybody_else_has_a_reason(
            drawn in proptest::collection::vec((0..4_u8, 0..4_i64, 0..3_i64, any::<bool>()), 0..8)
        ) {
            let states = [AgentState::Available, AgentState::Paused, AgentState::Busy, AgentState::Offline];
            let candidates: Vec<_> = (1..)
                .zip(&drawn)
                .map(|(id, (state, load, capacity, lapsed))| Candidate {
                    state: states[usize::from(*state)], capacity: *capacity, lapsed: *lapsed, ..candidate(id, *load, None)
                })
                .collect();
            let may = |c: &Candidate| c.state == AgentState::Available && c.load < c.capacity && !c.lapsed;
            let (winner, others) = choose(&candidates);
            prop_assert_eq!(winner.is_some(), candidates.iter().any(may));
            prop_assert_eq!(others.len() + usize::from(winner.is_some()), candidates.len());
            if let Some(winner) = winner {
                let chosen = candidates.iter().find(|c| c.agent == winner).unwrap();
                prop_assert!(may(chosen));
                prop_assert!(candidates.iter().filter(|c| may(c)).all(|c| chosen.load <= c.load));
            }
            for (agent, why) in others {
                let passed = candidates.iter().find(|c| c.agent == agent).unwrap();
                prop_assert_eq!(why == PassedOver::AnotherFirst, may(passed));
            }
        }
    }
}
