//! A chat's states and the only moves between them.
//!
//! ```text
//! new         -> bot | queued | assigned
//! bot         -> queued | assigned | closed | transferred
//! queued      -> queued | assigned | bot | closed | transferred
//! assigned    -> assigned | active | queued | bot | closed | transferred
//! active      -> assigned | pending | queued | bot | closed | transferred
//! pending     -> active | queued | bot | closed | transferred
//! transferred -> queued | assigned
//! closed      -> assigned | queued
//! ```
//!
//! The reasons stand in the contract: a take-over (`bot -> assigned`), an outbound chat (`new -> assigned`), overflow
//! (`queued -> queued`), reassignment (`assigned | active -> assigned`), return to the bot, reopening. A transfer,
//! from any open state that has been handled, writes `transferred` and then `queued` or `assigned` in one
//! transaction, so nobody ever reads a chat that rests in `transferred`.

use serde::{Deserialize, Serialize};

/// Where a chat stands. `attention` and `held` are fields beside it, not states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// It is snoozed: it waits for the client or for a time.
    Pending,
    /// It is being handed over; exists only inside the transaction of a transfer.
    Transferred,
    /// It has ended.
    Closed,
}

/// A move that the table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a chat cannot go from `{from}` to `{to}`")]
pub struct IllegalMove {
    /// Where the chat stands.
    pub from: ChatStatus,
    /// Where it was to go.
    pub to: ChatStatus,
}

impl ChatStatus {
    /// Every state, in the order in which a chat usually meets them.
    pub const ALL: [Self; 8] = [
        Self::New,
        Self::Bot,
        Self::Queued,
        Self::Assigned,
        Self::Active,
        Self::Pending,
        Self::Transferred,
        Self::Closed,
    ];

    /// The states to which a chat may go from here.
    #[must_use]
    pub const fn moves(self) -> &'static [Self] {
        use ChatStatus::{Active, Assigned, Bot, Closed, Pending, Queued, Transferred};
        match self {
            Self::New => &[Bot, Queued, Assigned],
            Self::Bot => &[Queued, Assigned, Closed, Transferred],
            Self::Queued => &[Queued, Assigned, Bot, Closed, Transferred],
            Self::Assigned => &[Assigned, Active, Queued, Bot, Closed, Transferred],
            Self::Active => &[Assigned, Pending, Queued, Bot, Closed, Transferred],
            Self::Pending => &[Active, Queued, Bot, Closed, Transferred],
            Self::Transferred => &[Queued, Assigned],
            Self::Closed => &[Assigned, Queued],
        }
    }

    /// Goes to `to`, if the table has that move.
    ///
    /// # Errors
    /// [`IllegalMove`], naming both states.
    pub fn go(self, to: Self) -> Result<Self, IllegalMove> {
        if self.moves().contains(&to) { Ok(to) } else { Err(IllegalMove { from: self, to }) }
    }

    /// Reads a stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether a chat in this state still counts as the conversation's one open chat.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Closed)
    }

    /// Whether a chat in this state takes one of its agent's places.
    #[must_use]
    pub const fn takes_a_place(self) -> bool {
        matches!(self, Self::Assigned | Self::Active)
    }

    /// The name that stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Bot => "bot",
            Self::Queued => "queued",
            Self::Assigned => "assigned",
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Transferred => "transferred",
            Self::Closed => "closed",
        }
    }
}

impl std::fmt::Display for ChatStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract's sentence, written out as pairs; independent of the table above.
    const CONTRACT: &[(&str, &str)] = &[
        ("new", "bot"),
        ("new", "queued"),
        ("new", "assigned"),
        ("bot", "queued"),
        ("bot", "assigned"),
        ("bot", "closed"),
        ("queued", "assigned"),
        ("queued", "closed"),
        ("queued", "queued"),
        ("queued", "bot"),
        ("assigned", "active"),
        ("assigned", "queued"),
        ("assigned", "closed"),
        ("assigned", "assigned"),
        ("assigned", "bot"),
        ("active", "pending"),
        ("active", "queued"),
        ("active", "closed"),
        ("active", "assigned"),
        ("active", "bot"),
        ("pending", "active"),
        ("pending", "queued"),
        ("pending", "closed"),
        ("pending", "bot"),
        ("bot", "transferred"),
        ("queued", "transferred"),
        ("assigned", "transferred"),
        ("active", "transferred"),
        ("pending", "transferred"),
        ("transferred", "queued"),
        ("transferred", "assigned"),
        ("closed", "assigned"),
        ("closed", "queued"),
    ];

    #[test]
    fn every_pair_is_decided_as_the_contract_says() {
        for from in ChatStatus::ALL {
            for to in ChatStatus::ALL {
                let legal = CONTRACT.contains(&(from.as_str(), to.as_str()));
                assert_eq!(from.go(to).is_ok(), legal, "{from} -> {to}");
            }
        }
    }

    #[test]
    fn the_diagram_above_is_the_table() {
        let drawn: Vec<String> = include_str!("chat.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! ").filter(|l| l.contains(" -> ") && !l.contains('`')))
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let table: Vec<String> = [0, 1, 2, 3, 4, 5, 6, 7]
            .map(|i| ChatStatus::ALL[i])
            .iter()
            .map(|from| {
                let to: Vec<_> = from.moves().iter().map(|to| to.as_str()).collect();
                format!("{from} -> {}", to.join(" | "))
            })
            .collect();
        assert_eq!(drawn, table);
    }

    #[test]
    fn a_refusal_says_from_what_to_what() {
        let error = ChatStatus::Closed.go(ChatStatus::Active).unwrap_err();
        assert_eq!(error.to_string(), "a chat cannot go from `closed` to `active`");
    }

    #[test]
    fn states_are_written_as_the_api_writes_them() {
        for status in ChatStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
