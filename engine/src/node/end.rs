//! `end`: ends the run; `settings.onEnd` says what becomes of the chat.
//!
//! ```json
//! { "id": "fin", "type": "end", "outcome": "atendido" }
//! ```

use super::Outcome;
use crate::fault::Fault;
use crate::flow::Node;
use crate::reader::{Object, Room};
use crate::turn::Turn;

/// How a run ends that says nothing else.
const COMPLETED: &str = "completed";

#[derive(Debug)]
pub(crate) struct End {
    outcome: String,
}

impl Default for End {
    fn default() -> Self {
        Self { outcome: COMPLETED.to_owned() }
    }
}

impl End {
    pub(super) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        object.id(room, "outcome").map_or_else(Self::default, |id| Self { outcome: id.to_string() })
    }

    pub(super) fn enter(&self, turn: &mut Turn<'_>, _: &Node) -> Result<Outcome, Fault> {
        Ok(Outcome::End { outcome: self.outcome.clone(), on_end: Some(turn.on_end()) })
    }
}
