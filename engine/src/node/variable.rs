//! `variable`: sets variables, in order; later assignments see earlier ones.
//!
//! ```json
//! { "id": "precio", "type": "variable", "next": "mostrar", "assignments": [
//!     { "name": "total", "expr": "cantidad * 19990" },
//!     { "name": "saludo", "value": "Hola {{nombre}}" },
//!     { "name": "contact.lead_status", "value": "qualified" },
//!     { "name": "borrador", "unset": true } ] }
//! ```
//!
//! `value` is JSON whose texts are templates. Names under `contact.` change the client (`update_contact`).

use serde_json::{Map, Value};

use super::Outcome;
use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Want};
use crate::fault::Fault;
use crate::flow::{Node, Port};
use crate::json::{Data, Tree};
use crate::reader::{Object, Room, join};
use crate::settings::Assignable;
use crate::template::Text;
use crate::turn::Turn;

#[derive(Debug)]
pub(crate) struct Variable {
    assignments: Vec<(Assignable, Source)>,
}

/// What a variable is set to.
#[derive(Debug)]
enum Source {
    Expression(Expression),
    Value(Mold),
    Unset,
}

/// JSON whose texts are templates.
#[derive(Debug)]
enum Mold {
    Plain(Value),
    Text(Text),
    List(Vec<Mold>),
    Object(Vec<(String, Mold)>),
}

impl Variable {
    pub(super) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        object.missing(room, "assignments");
        let mut assignments = Vec::new();
        for (tree, path) in object.list(room, "assignments", 1..=50) {
            let Some(mut one) = Object::open(tree, path, room) else { continue };
            one.missing(room, "name");
            let name = Assignable::read(&mut one, room, "name");
            let given = ["expr", "value", "unset"].iter().filter(|key| one.has(key)).count();
            if given != 1 {
                let diagnostic = Diagnostic::new(Problem::WrongChoice, one.path.as_str());
                room.refuse(diagnostic.with("allowed", "expr, value, unset"));
            }
            let expression = one.expression(room, "expr", Want::Value);
            let value = one.get("value").map(|tree| Mold::read(tree, &one.at("value"), room));
            let unset = one.bool(room, "unset").unwrap_or(false);
            one.finish(room);
            let source = match (expression, value) {
                (Some(expression), _) => Some(Source::Expression(expression)),
                (None, Some(value)) => Some(Source::Value(value)),
                (None, None) => unset.then_some(Source::Unset),
            };
            assignments.extend(name.zip(source));
        }
        object.exit(room, "next", Port::Next);
        Self { assignments }
    }

    /// The variables that it computes, each with the names that it reads for them.
    pub(super) fn made(&self) -> Vec<(&str, &[String])> {
        let mut made = Vec::new();
        for (name, source) in &self.assignments {
            if let Assignable::Variable(name) = name {
                match source {
                    Source::Expression(expression) => made.push((&**name, expression.names())),
                    Source::Value(mold) => mold.names(&mut |names| made.push((&**name, names))),
                    Source::Unset => {}
                }
            }
        }
        made
    }

    pub(super) fn enter(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
        for (name, source) in &self.assignments {
            let value = match source {
                Source::Expression(expression) => turn.evaluate(node, expression, &[])?,
                Source::Value(mold) => mold.render(turn, node)?,
                Source::Unset => Value::Null,
            };
            turn.assign(node, name, value)?;
        }
        Ok(Outcome::Leave(Port::Next))
    }
}

impl Mold {
    fn read(tree: &Tree, path: &str, room: &mut Room<'_>) -> Self {
        match &tree.data {
            Data::Text(source) => {
                // What is stored is no message: it has no translations.
                Self::Text(room.compile_text(source, path, ""))
            }
            Data::List(items) => {
                let molds = items.iter().enumerate().map(|(i, item)| Self::read(item, &format!("{path}/{i}"), room));
                Self::List(molds.collect())
            }
            Data::Object(members) => Self::Object(
                members.iter().map(|m| (m.key.clone(), Self::read(&m.value, &join(path, &m.key), room))).collect(),
            ),
            Data::Null | Data::Bool(_) | Data::Number(_) => Self::Plain(tree.to_value()),
        }
    }

    /// Hands over the names that its texts read.
    fn names<'m>(&'m self, found: &mut dyn FnMut(&'m [String])) {
        match self {
            Self::Plain(_) => {}
            Self::Text(text) => found(text.names()),
            Self::List(items) => items.iter().for_each(|item| item.names(found)),
            Self::Object(members) => members.iter().for_each(|(_, mold)| mold.names(found)),
        }
    }

    fn render(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Value, Fault> {
        Ok(match self {
            Self::Plain(value) => value.clone(),
            Self::Text(text) => Value::String(turn.render(node, text, &[])?),
            Self::List(items) => {
                Value::Array(items.iter().map(|item| item.render(turn, node)).collect::<Result<_, _>>()?)
            }
            Self::Object(members) => {
                let mut map = Map::new();
                for (key, mold) in members {
                    map.insert(key.clone(), mold.render(turn, node)?);
                }
                Value::Object(map)
            }
        })
    }
}
