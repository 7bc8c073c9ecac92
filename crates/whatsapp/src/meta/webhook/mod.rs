//! Meta's webhooks: the body of one delivery, read into facts.
//!
//! [`parse`] never loses an element because of its neighbour: what cannot be read becomes an [`Unreadable`] with its
//! raw value and its place, for the dead letters, and the rest is read. Only a body that is not JSON is refused.
//! Unknown fields and message types are facts too (`AccountNews`, `Content::Unsupported`): Meta adds them unannounced.

mod clean;
mod content;
mod history;
mod identity;
mod json;
mod message;
mod sender;
mod slices;
mod status;
mod timestamp;

use hilo_domain::inbound::{AccountNews, Fact};
use serde_json::Value;

pub use clean::clean;
pub use history::direction;
pub use message::MAX_ID_BYTES;
pub use slices::slices;

use self::message::Way;
use self::sender::Contacts;

/// What `object` says on every webhook of this product.
const OBJECT: &str = "whatsapp_business_account";

/// One thing that a webhook tells, with its place in the body and the number or account that it concerns.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Where it stands in the (cleaned) body: a JSON pointer, RFC 6901. A message that also announces a new identity
    /// gives two elements with one pointer.
    pub pointer: String,
    /// Meta's id of our number, where the element names one (`value.metadata`).
    pub phone_number_id: Option<String>,
    /// Meta's id of the account (`entry[].id`).
    pub waba_id: Option<String>,
    /// Meta's name of the news (`changes[].field`); empty where even that cannot be read.
    pub field: String,
    /// The fact, or why there is none.
    pub what: Result<Fact, Unreadable>,
}

/// An element that is JSON but not what Meta describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreadable {
    /// What is wrong with it, for people.
    pub reason: String,
    /// What it says; its bytes are [`slices`]'s.
    pub raw: Value,
}

/// A body that is not JSON: a syntax error, bytes that are not UTF-8, nesting beyond 128 levels, or a number that no
/// double can hold.
#[derive(Debug, thiserror::Error)]
#[error("the body is not readable as JSON")]
pub struct Malformed(#[source] serde_json::Error);

/// Reads a webhook's body into its elements, in the order in which they stand there.
///
/// The body is [`clean`]ed first. An empty list of entries gives no elements.
///
/// # Errors
/// [`Malformed`] for a body that is not JSON; nothing else.
pub fn parse(body: &[u8]) -> Result<Vec<Element>, Malformed> {
    let body: Value = serde_json::from_slice(&clean(body)).map_err(Malformed)?;
    let mut elements = Vec::new();
    read_body(&body, &mut elements);
    Ok(elements)
}

/// The elements read so far, and whom the next ones concern.
struct Reader<'a> {
    phone_number_id: Option<String>,
    waba_id: Option<String>,
    field: String,
    elements: &'a mut Vec<Element>,
}

impl Reader<'_> {
    fn push(&mut self, pointer: String, what: Result<Fact, Unreadable>) {
        self.elements.push(Element {
            pointer,
            phone_number_id: self.phone_number_id.clone(),
            waba_id: self.waba_id.clone(),
            field: self.field.clone(),
            what,
        });
    }

    fn fact(&mut self, pointer: &str, fact: Fact) {
        self.push(pointer.to_owned(), Ok(fact));
    }

    fn unreadable(&mut self, pointer: &str, reason: impl Into<String>, raw: &Value) {
        self.push(pointer.to_owned(), Err(Unreadable { reason: reason.into(), raw: raw.clone() }));
    }

    fn news(&mut self, pointer: &str, raw: &Value) {
        let news = AccountNews { field: self.field.clone(), raw: raw.clone() };
        self.fact(pointer, Fact::Account(news));
    }

    /// Hands every item of `object[key]` to `read`; a list that is none becomes one unreadable element.
    fn each(&mut self, pointer: &str, object: &Value, key: &str, mut read: impl FnMut(&mut Self, &str, &Value)) {
        let pointer = format!("{pointer}/{key}");
        match json::list(object, key) {
            Ok(items) => {
                for (index, item) in items.iter().enumerate() {
                    read(self, &format!("{pointer}/{index}"), item);
                }
            }
            Err(other) => self.unreadable(&pointer, format!("`{key}` is not a list"), other),
        }
    }
}

fn read_body(body: &Value, elements: &mut Vec<Element>) {
    let mut reader = Reader { phone_number_id: None, waba_id: None, field: String::new(), elements };
    if !body.is_object() {
        return reader.unreadable("", "the body is not an object", body);
    }
    if body.get("object").is_some_and(|object| !object.is_null() && object != OBJECT) {
        return reader.unreadable("", format!("`object` is not `{OBJECT}`"), body);
    }
    if !body.get("entry").is_some_and(Value::is_array) {
        return reader.unreadable("", "`entry` is not a list", body);
    }
    reader.each("", body, "entry", read_entry);
}

fn read_entry(reader: &mut Reader<'_>, pointer: &str, entry: &Value) {
    reader.waba_id = json::id(entry, "id");
    reader.phone_number_id = None;
    reader.field.clear();
    if !entry.is_object() {
        return reader.unreadable(pointer, "the entry is not an object", entry);
    }
    if entry.get("changes").is_none() {
        return reader.unreadable(pointer, "the entry has no `changes`", entry);
    }
    reader.each(pointer, entry, "changes", read_change);
}

fn read_change(reader: &mut Reader<'_>, pointer: &str, change: &Value) {
    reader.phone_number_id = None;
    reader.field.clear();
    let Some(field) = json::text(change, "field") else {
        return reader.unreadable(pointer, "the change has no `field`", change);
    };
    reader.field.push_str(field);
    let pointer = format!("{pointer}/value");
    let Some(value) = change.get("value") else {
        return reader.unreadable(pointer.trim_end_matches("/value"), "the change has no `value`", change);
    };
    reader.phone_number_id = value.get("metadata").and_then(|metadata| json::id(metadata, "phone_number_id"));
    match field {
        "messages" => read_messages(reader, &pointer, value),
        "smb_message_echoes" | "message_echoes" => read_echoes(reader, &pointer, value),
        "history" => history::read(reader, &pointer, value),
        "user_id_update" => identity::read_updates(reader, &pointer, value),
        _ => reader.news(&pointer, value),
    }
}

fn read_messages(reader: &mut Reader<'_>, pointer: &str, value: &Value) {
    if !known_shape(reader, pointer, value, &["messages", "statuses", "errors"]) {
        return;
    }
    let contacts = Contacts::of(value);
    reader.each(pointer, value, "messages", |reader, pointer, item| {
        read_message(reader, pointer, item, &contacts, Way::Inbound);
    });
    reader.each(pointer, value, "statuses", status::read);
    reader.each(pointer, value, "errors", Reader::news);
}

fn read_echoes(reader: &mut Reader<'_>, pointer: &str, value: &Value) {
    if !known_shape(reader, pointer, value, &["message_echoes", "errors"]) {
        return;
    }
    let contacts = Contacts::of(value);
    reader.each(pointer, value, "message_echoes", |reader, pointer, item| {
        read_message(reader, pointer, item, &contacts, Way::Echo);
    });
    reader.each(pointer, value, "errors", Reader::news);
}

fn read_message(reader: &mut Reader<'_>, pointer: &str, item: &Value, contacts: &Contacts<'_>, way: Way<'_>) {
    match message::read(item, contacts, way) {
        Ok(message) => {
            let identity = identity::of_system(&message);
            reader.fact(pointer, Fact::Message(Box::new(message)));
            if let Some(change) = identity {
                reader.fact(pointer, Fact::Identity(change));
            }
        }
        Err(reason) => reader.unreadable(pointer, reason, item),
    }
}

/// Whether `value` has one of the lists that its field is known for; what has none is kept whole.
fn known_shape(reader: &mut Reader<'_>, pointer: &str, value: &Value, lists: &[&str]) -> bool {
    if !value.is_object() {
        reader.unreadable(pointer, "`value` is not an object", value);
        return false;
    }
    let known = lists.iter().any(|list| value.get(list).is_some());
    if !known {
        reader.news(pointer, value);
    }
    known
}

#[cfg(test)]
mod tests;
