//! Where a message of ours stands on its way out (`turns.md` 13): one table.
//!
//! ```text
//! prepared   -> attempted | cancelled | sent | failed
//! attempted  -> sent | failed | uncertain | prepared
//! uncertain  -> sent | failed
//! sent       -> failed
//! ```
//!
//! `attempted -> prepared` is a refusal that may be tried again, with the next attempt's number; `prepared -> sent |
//! failed` is a receipt of an earlier attempt that overtakes it; `sent -> failed` is a receipt too.

use serde::{Deserialize, Serialize};

/// A state of a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    /// It is to go out, perhaps later.
    Prepared,
    /// Somebody is talking to the provider about it.
    Attempted,
    /// The provider has taken it over.
    Sent,
    /// It will not go out.
    Failed,
    /// Nobody knows; never sent again by itself.
    Uncertain,
    /// It was not needed any more.
    Cancelled,
}

impl SendState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Prepared, Self::Attempted, Self::Sent, Self::Failed, Self::Uncertain, Self::Cancelled];

    /// Where it may go from here.
    #[must_use]
    pub const fn moves(self) -> &'static [Self] {
        match self {
            Self::Prepared => &[Self::Attempted, Self::Cancelled, Self::Sent, Self::Failed],
            Self::Attempted => &[Self::Sent, Self::Failed, Self::Uncertain, Self::Prepared],
            Self::Uncertain => &[Self::Sent, Self::Failed],
            Self::Sent => &[Self::Failed],
            Self::Failed | Self::Cancelled => &[],
        }
    }

    /// The name in Postgres.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Attempted => "attempted",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diagram_above_is_the_table() {
        let drawn: Vec<String> = include_str!("send.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! ").filter(|l| l.contains(" -> ") && !l.contains('`')))
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let table: Vec<String> = SendState::ALL
            .iter()
            .filter(|from| !from.moves().is_empty())
            .map(|from| {
                let to: Vec<_> = from.moves().iter().map(|to| to.as_str()).collect();
                format!("{} -> {}", from.as_str(), to.join(" | "))
            })
            .collect();
        let (mut drawn, mut table) = (drawn, table);
        drawn.sort();
        table.sort();
        assert_eq!(drawn, table);
    }

    #[test]
    fn an_uncertain_send_is_never_prepared_again() {
        assert!(!SendState::Uncertain.moves().contains(&SendState::Prepared));
        assert!(!SendState::Uncertain.moves().contains(&SendState::Attempted));
    }
}
