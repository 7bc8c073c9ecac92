//! `history`: what was said on a number before it was connected, in chunks.
//!
//! Every message is [`Meaning::History`], and its sender is always the *client*, as for an echo: the thread is theirs.
//! Which of the two wrote it is [`direction`]'s answer.

use hilo_domain::inbound::{InboundMessage, Meaning};
use hilo_domain::message::Direction;
use serde_json::Value;

use super::message::Way;
use super::sender::{ADDRESSEE, AUTHOR, Contacts};
use super::{Reader, json, read_message};

/// Which way a message of a webhook went.
///
/// Echoes are ours. An old message is the client's if its own `from` is the address that we read as the client's.
#[must_use]
pub fn direction(message: &InboundMessage) -> Direction {
    match message.meaning {
        Meaning::Answer | Meaning::Aside | Meaning::Ghost => Direction::Inbound,
        Meaning::Echo => Direction::Outbound,
        Meaning::History => {
            let author = json::id(&message.raw, "from").or_else(|| json::id(&message.raw, "from_user_id"));
            if author.is_none() || author == message.sender.address { Direction::Inbound } else { Direction::Outbound }
        }
    }
}

/// Reads the field's value: chunks of threads of messages, or errors.
pub(super) fn read(reader: &mut Reader<'_>, pointer: &str, value: &Value) {
    if value.get("history").is_none() {
        return reader.news(pointer, value);
    }
    let contacts = Contacts::of(value);
    let business = value.get("metadata").and_then(|metadata| json::id(metadata, "display_phone_number"));
    reader.each(pointer, value, "history", |reader, pointer, chunk| {
        if !chunk.is_object() {
            return reader.unreadable(pointer, "the chunk is not an object", chunk);
        }
        if chunk.get("threads").is_none() {
            return reader.news(pointer, chunk);
        }
        reader.each(pointer, chunk, "threads", |reader, pointer, thread| {
            if !thread.is_object() {
                return reader.unreadable(pointer, "the thread is not an object", thread);
            }
            let client = json::id(thread, "id");
            reader.each(pointer, thread, "messages", |reader, pointer, message| {
                let keys = if is_ours(message, business.as_deref(), client.as_deref()) { ADDRESSEE } else { AUTHOR };
                let way = Way::History { keys, thread: client.as_deref() };
                read_message(reader, pointer, message, &contacts, way);
            });
        });
    });
}

/// Whether the business wrote it: its number is the author's, or the thread's client is the addressee.
fn is_ours(message: &Value, business: Option<&str>, client: Option<&str>) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let from = json::id(message, "from");
    let to = json::id(message, "to");
    match (&from, business) {
        (Some(from), Some(business)) if digits(from) == digits(business) => true,
        _ => to.is_some() && to.as_deref() == client && from.as_deref() != client,
    }
}
