//! `go_to`: goes to another node, if need be only so many times.
//!
//! ```json
//! { "id": "otra-vez", "type": "go_to", "target": "menu", "maxVisits": 3, "exhausted": "persona" }
//! ```

use super::Outcome;
use crate::fault::Fault;
use crate::flow::{Node, Port};
use crate::limits::Limits;
use crate::reader::{Object, Room};
use crate::turn::Turn;

#[derive(Debug)]
pub(crate) struct GoTo {
    max_visits: Option<u32>,
}

impl GoTo {
    pub(super) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        object.missing(room, "target");
        object.exit(room, "target", Port::Target);
        let max_visits = object.count(room, "maxVisits", 1..=Limits::MAXIMA.visits_per_node);
        if max_visits.is_some() {
            object.exit(room, "exhausted", Port::Exhausted);
        } else {
            object.exit_if(room, "exhausted", Port::Exhausted);
        }
        Self { max_visits }
    }

    pub(super) fn has_limit(&self) -> bool {
        self.max_visits.is_some()
    }

    pub(super) fn enter(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
        let passed = self.max_visits.is_some_and(|max| turn.visits(node) > max);
        Ok(Outcome::Leave(if passed { Port::Exhausted } else { Port::Target }))
    }
}
