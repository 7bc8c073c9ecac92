//! One message of a webhook: what it says (`content.rs`), from whom (`sender.rs`), and what it means.

use hilo_domain::inbound::{InboundMessage, Meaning};
use hilo_domain::message::Content;
use serde_json::Value;

use super::sender::{self, Contacts, Keys};
use super::{content, json, timestamp};

/// The longest id of the provider's that is believed, in bytes; a wamid has at most about 100.
pub const MAX_ID_BYTES: usize = 512;

/// Meta withholds the content; the real message may follow with the same id.
const UNAVAILABLE: i64 = 131_060;
/// Not supported in groups: the message was said in one.
const UNSUPPORTED_IN_GROUP: i64 = 130_501;

/// On which way a message came.
#[derive(Clone, Copy)]
pub(super) enum Way<'a> {
    /// From a client.
    Inbound,
    /// From us, written outside Hilo.
    Echo,
    /// Old; the client is named under `keys`, or is the thread's.
    History { keys: Keys, thread: Option<&'a str> },
}

/// Reads `message`.
///
/// # Errors
/// A reason, where it has no usable id or nothing says who it is from.
pub(super) fn read(message: &Value, contacts: &Contacts<'_>, way: Way<'_>) -> Result<InboundMessage, String> {
    if !message.is_object() {
        return Err("the message is not an object".to_owned());
    }
    let provider_id = bounded(message, "id")?.ok_or("the message has no `id`")?;
    let sender = match way {
        Way::Inbound => {
            // A system message has no contacts, and in old forms names the client only inside.
            let customer = message.get("system").and_then(|system| json::text(system, "customer"));
            sender::of(message, *contacts, sender::AUTHOR, customer)?
        }
        Way::Echo => sender::of(message, *contacts, sender::ADDRESSEE, None)?,
        Way::History { keys, thread } => sender::of(message, contacts.exact(), keys, thread)?,
    };
    let content = content::read(message);
    let meaning = match way {
        Way::Echo => Meaning::Echo,
        Way::History { .. } => Meaning::History,
        Way::Inbound => meaning(json::text(message, "type"), &content, sender.group.is_some()),
    };
    Ok(InboundMessage {
        provider_id,
        sender,
        meaning,
        content,
        provider_at: timestamp::at(message, "timestamp"),
        reply_to: reply_to(message),
        raw: message.clone(),
    })
}

/// What a client's message means. The type's word decides as well as the content, so that a reaction that cannot be
/// read is still no answer.
fn meaning(kind: Option<&str>, content: &Content, in_group: bool) -> Meaning {
    let code = match content {
        Content::Unsupported { code, .. } => *code,
        _ => None,
    };
    let word_is_aside = matches!(kind, Some("reaction" | "edit" | "revoke" | "system" | "request_welcome"));
    match code {
        _ if in_group => Meaning::Aside,
        Some(UNSUPPORTED_IN_GROUP) => Meaning::Aside,
        _ if word_is_aside || !content.is_answer() => Meaning::Aside,
        Some(UNAVAILABLE) => Meaning::Ghost,
        _ => Meaning::Answer,
    }
}

/// The id of the message that is answered; an impossible one is as good as none.
fn reply_to(message: &Value) -> Option<String> {
    bounded(message.get("context")?, "id").ok().flatten()
}

/// The opaque id at `key`, where there is one.
///
/// # Errors
/// A reason, where it is longer than [`MAX_ID_BYTES`].
pub(super) fn bounded(object: &Value, key: &str) -> Result<Option<String>, String> {
    match json::id(object, key) {
        Some(id) if id.len() > MAX_ID_BYTES => Err(format!("`{key}` is longer than {MAX_ID_BYTES} bytes")),
        id => Ok(id),
    }
}

/// Of the errors that came along, the code that decides: the withheld content before any other.
pub(super) fn error_code(message: &Value) -> Option<i64> {
    let codes: Vec<i64> = super::status::errors(message).iter().map(|error| error.code).collect();
    codes.iter().find(|code| **code == UNAVAILABLE).or_else(|| codes.first()).copied()
}
