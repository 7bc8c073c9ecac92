//! `condition`: takes the first case that is true.
//!
//! ```json
//! { "id": "horario", "type": "condition",
//!   "cases": [ { "when": "hours.open", "next": "agente", "label": "abierto" } ], "else": "cerrado" }
//! ```
//!
//! A `when` that fails or is not true or false is a fault; it never counts as false.

use super::Outcome;
use crate::expression::{Expression, Want};
use crate::fault::Fault;
use crate::flow::{Node, Port};
use crate::reader::{Object, Room};
use crate::turn::Turn;

#[derive(Debug)]
pub(crate) struct Condition {
    cases: Vec<Option<Expression>>,
}

impl Condition {
    pub(super) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        object.missing(room, "cases");
        let mut cases = Vec::new();
        for (i, (tree, path)) in object.list(room, "cases", 1..=50).into_iter().enumerate() {
            let Some(mut case) = Object::open(tree, path, room) else { continue };
            case.missing(room, "when");
            case.missing(room, "next");
            cases.push(case.expression(room, "when", Want::Condition));
            case.exit(room, "next", Port::Case(i));
            let _ = case.string(room, "label", 120);
            case.finish(room);
        }
        object.exit(room, "else", Port::Else);
        Self { cases }
    }

    pub(super) fn enter(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
        for (i, when) in self.cases.iter().enumerate() {
            if let Some(when) = when
                && turn.holds(node, when, &[])?
            {
                return Ok(Outcome::Leave(Port::Case(i)));
            }
        }
        Ok(Outcome::Leave(Port::Else))
    }
}
