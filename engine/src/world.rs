//! What texts and expressions see: the variables of the run, and the system's names.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::calendar::Hours;
use crate::context::{Contact, TurnContext};
use crate::flow::Flow;
use crate::input::Message;

/// Names that the system defines everywhere.
pub(crate) const SYSTEM: [&str; 14] = [
    "contact",
    "chat",
    "campaign",
    "company",
    "flow",
    "input",
    "now",
    "today",
    "hours",
    "company_name",
    "campaign_name",
    "contact_name",
    "contact_phone",
    "company_phone",
];

/// Names that the system defines in some places only; no variable may have them.
pub(crate) const LOCAL: [&str; 4] = ["item", "index", "value", "response"];

/// The names that a flow's texts and expressions may use.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Declared or assigned variables.
    pub(crate) variables: BTreeSet<String>,
}

impl Names {
    /// Whether a name exists where `locals` are visible.
    pub(crate) fn knows(&self, name: &str, locals: &[&str]) -> bool {
        self.variables.contains(name) || SYSTEM.contains(&name) || locals.contains(&name)
    }

    /// Every name, for suggestions.
    pub(crate) fn all<'n>(&'n self, locals: &'n [&'n str]) -> impl Iterator<Item = &'n str> {
        self.variables.iter().map(String::as_str).chain(SYSTEM).chain(locals.iter().copied())
    }
}

/// The names' values in one moment of a turn.
pub(crate) struct World<'a> {
    pub(crate) flow: &'a Flow,
    pub(crate) context: &'a TurnContext,
    /// The client as this turn has changed it.
    pub(crate) contact: &'a Contact,
    pub(crate) variables: &'a BTreeMap<String, Value>,
    pub(crate) language: &'a str,
    pub(crate) node: &'a str,
    pub(crate) input: Option<&'a Message>,
    /// `value`, `item`, `index` where they exist.
    pub(crate) locals: &'a [(&'static str, Value)],
}

impl World<'_> {
    /// The value of a name. A known variable that is unset is null; an unknown name is nothing.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        if let Some((_, value)) = self.locals.iter().find(|(local, _)| *local == name) {
            return Some(value.clone());
        }
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        let context = self.context;
        Some(match name {
            "contact" => plain(self.contact),
            "chat" => plain(&context.chat),
            "campaign" => json!({ "id": context.campaign.id, "name": context.campaign.name }),
            "company" => plain(&context.company),
            "flow" => json!({
                "id": self.flow.id(), "name": self.flow.name(), "version": self.flow.version(), "node": self.node,
            }),
            "input" => self.input.map_or_else(
                || json!({ "text": null, "value": null, "type": null, "media": null, "location": null, "at": null }),
                Message::as_seen,
            ),
            "now" => Value::String(self.local_time().to_rfc3339_opts(chrono::SecondsFormat::Secs, false)),
            "today" => Value::String(self.local_time().format("%Y-%m-%d").to_string()),
            "hours" => self.hours(),
            "company_name" => Value::String(context.company.name.clone()),
            "company_phone" => plain(&context.company.phone),
            "campaign_name" => Value::String(context.campaign.name.clone()),
            "contact_name" => plain(&self.contact.name),
            "contact_phone" => plain(&self.contact.phone),
            _ if self.flow.names().variables.contains(name) => Value::Null,
            _ => return None,
        })
    }

    /// The turn's instant on the flow's clock.
    pub(crate) fn local_time(&self) -> chrono::DateTime<chrono_tz::Tz> {
        self.context.now.with_timezone(&self.context.zone(self.flow.settings().timezone.as_deref()))
    }

    fn hours(&self) -> Value {
        let calendars = &self.context.calendars;
        let own = self.context.campaign.calendar.as_ref().and_then(|key| calendars.get(key));
        let own = own.map_or(Hours::ALWAYS, |calendar| calendar.at(self.context.now));
        let by: Map<String, Value> =
            calendars.iter().map(|(key, calendar)| (key.clone(), plain(&calendar.at(self.context.now)))).collect();
        let mut hours = plain(&own);
        if let Value::Object(map) = &mut hours {
            map.insert("by".to_owned(), Value::Object(by));
        }
        hours
    }
}

/// As JSON. Our own types always have a JSON form; null would only mean that one of them lost it.
pub(crate) fn plain<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Bytes that a value takes as JSON, near enough for limits and without writing it.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 20,
        Value::String(text) => text_size(text),
        Value::Array(items) => 2 + items.iter().map(|item| size(item) + 1).sum::<usize>(),
        Value::Object(map) => 2 + map.iter().map(|(key, item)| text_size(key) + 2 + size(item)).sum::<usize>(),
    }
}

/// Bytes that a text takes as JSON.
pub(crate) fn text_size(text: &str) -> usize {
    let escaped = |b: u8| match b {
        b'"' | b'\\' => 1,
        0..=0x1f | 0x7f => 5,
        _ => 0,
    };
    2 + text.len() + text.bytes().map(escaped).sum::<usize>()
}
