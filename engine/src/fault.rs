//! Faults: what can go wrong while a flow runs. They are data; none of them ends a step early.

use serde::{Deserialize, Serialize};

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which kind.
    pub code: FaultCode,
    /// For the log; never shown to the customer.
    pub text: String,
}

/// The kinds of faults, as they stand in logs and analytics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// An expression failed or gave a value of the wrong type.
    Expression,
    /// A text could not be rendered.
    Template,
    /// An exit leads to a node that does not exist.
    UnresolvedTarget,
    /// A send failed for good.
    SendFailed,
    /// Too many nodes in one turn.
    LimitSteps,
    /// Too many turns in one run.
    LimitTurns,
    /// Too many visits of one node.
    LimitVisits,
    /// Too many messages in one turn.
    LimitSends,
    /// The variables grew too large.
    LimitState,
    /// An expression did too much.
    LimitOps,
    /// Too many wrong answers, and nowhere to go.
    InvalidAnswers,
}

impl FaultCode {
    /// The word in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expression => "expression",
            Self::Template => "template",
            Self::UnresolvedTarget => "unresolved_target",
            Self::SendFailed => "send_failed",
            Self::LimitSteps => "limit_steps",
            Self::LimitTurns => "limit_turns",
            Self::LimitVisits => "limit_visits",
            Self::LimitSends => "limit_sends",
            Self::LimitState => "limit_state",
            Self::LimitOps => "limit_ops",
            Self::InvalidAnswers => "invalid_answers",
        }
    }
}

impl Fault {
    /// A fault with its explanation.
    pub(crate) fn new(code: FaultCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}
