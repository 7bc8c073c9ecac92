//! What a turn remembers: the run's variables and the client's own, within their limits.

use serde_json::{Map, Value};

use super::Turn;
use crate::effect::{Act, Level};
use crate::fault::{Fault, FaultCode};
use crate::flow::Node;
use crate::limits;
use crate::settings::Assignable;
use crate::trace::{Event, HIDDEN};
use crate::world;

impl Turn<'_> {
    /// The value of an assignable name.
    pub(crate) fn assigned(&self, name: &Assignable) -> Option<Value> {
        match name {
            Assignable::Variable(name) => self.variables().get(&**name).cloned(),
            Assignable::Contact(key) => world::plain(self.contact()).get(&**key).cloned(),
            Assignable::Field(key) => self.contact().fields.get(&**key).cloned(),
        }
    }

    /// Sets a variable or changes the client; null unsets.
    pub(crate) fn assign(&mut self, node: &Node, name: &Assignable, value: Value) -> Result<(), Fault> {
        let (shown, patch) = match name {
            Assignable::Variable(name) => return self.set(node, name, value),
            Assignable::Contact(key) => {
                let text = match value {
                    Value::Null => None,
                    Value::String(text) => Some(text),
                    Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
                };
                self.change_contact(key, text.clone());
                (format!("contact.{key}"), Map::from_iter([(key.to_string(), text.map_or(Value::Null, Value::String))]))
            }
            Assignable::Field(key) => {
                let value = self.fit(node, key, value)?;
                let mut contact = self.contact().clone();
                contact.fields.insert(key.to_string(), value.clone());
                self.contact = Some(contact);
                let fields = Map::from_iter([(key.to_string(), value)]);
                (format!("contact.fields.{key}"), Map::from_iter([("fields".to_owned(), Value::Object(fields))]))
            }
        };
        self.note(Event::Assigned { name: shown, before: Value::from(HIDDEN), after: Value::from(HIDDEN) });
        self.act(Act::UpdateContact { patch });
        Ok(())
    }

    fn change_contact(&mut self, key: &str, value: Option<String>) {
        let mut contact = self.contact().clone();
        match key {
            "name" => contact.name = value,
            "email" => contact.email = value,
            "city" => contact.city = value,
            "country" => contact.country = value,
            "company" => contact.company = value,
            "notes" => contact.notes = value,
            "language" => contact.language = value,
            "lead_status" => contact.lead_status = value,
            _ => {}
        }
        self.contact = Some(contact);
    }

    /// Sets a variable of the run.
    pub(crate) fn set(&mut self, node: &Node, name: &str, value: Value) -> Result<(), Fault> {
        let value = self.fit(node, name, value)?;
        let others = self.variables().iter().filter(|(other, _)| *other != name);
        let total: usize = others.map(|(name, value)| name.len() + 4 + world::size(value)).sum();
        let allowed = self.room_for_variables();
        if total + name.len() + 4 + world::size(&value) > allowed {
            let text = format!("`{name}` would make the variables larger than {allowed} bytes");
            return Err(Fault::new(FaultCode::LimitState, text));
        }
        let Some(frame) = self.state.stack.last_mut() else { return Ok(()) };
        let before =
            if value.is_null() { frame.vars.remove(name) } else { frame.vars.insert(name.to_owned(), value.clone()) };
        let show =
            |value: Value, personal: bool| if personal && !value.is_null() { Value::from(HIDDEN) } else { value };
        let personal = self.flow.is_personal(name);
        let (before, after) = (show(before.unwrap_or_default(), personal), show(value, personal));
        self.note(Event::Assigned { name: name.to_owned(), before, after });
        Ok(())
    }

    /// What a state has left when everything else in it is as large as it can be.
    fn room_for_variables(&self) -> usize {
        let taken = limits::BUFFER_BYTES + limits::STATE_RESERVE + self.flow.visits_size;
        self.limits.state_bytes.saturating_sub(taken)
    }

    /// A value within the limits of one variable: texts and lists are cut, anything else that is too large is a fault.
    fn fit(&mut self, node: &Node, name: &str, value: Value) -> Result<Value, Fault> {
        let most = self.limits.variable_bytes;
        let mut cut = false;
        let value = match value {
            Value::String(mut text) if text.len() + 2 > most => {
                let end = (0..=most.saturating_sub(2)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                text.truncate(end);
                cut = true;
                Value::String(text)
            }
            Value::Array(mut items) if items.len() > self.limits.list_items => {
                items.truncate(self.limits.list_items);
                cut = true;
                Value::Array(items)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                value
            }
        };
        if cut {
            self.log(Level::Warning, "variable_cut", Some(node), format!("`{name}` was cut to its limit"));
        }
        if world::size(&value) > most {
            return Err(Fault::new(FaultCode::LimitState, format!("`{name}` would be larger than {most} bytes")));
        }
        Ok(value)
    }
}
