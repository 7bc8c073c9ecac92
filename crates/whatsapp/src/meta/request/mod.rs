//! Bodies of `POST /{version}/{phone number id}/messages`, made from Hilo's own words.
//!
//! [`build`] checks every limit first and says *all* that is wrong: a label of 21 characters would be a refused call,
//! not a shortened button. A violation points into the content's own JSON, so that whoever wrote it finds the place.

mod body;
mod card;
mod check;
pub mod limits;
mod template;

use hilo_domain::message::Content;
use serde_json::{Map, Value, json};

pub use check::check;

/// To whom a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A phone number; its digits count, and a `+` is put before them. Without it Meta may add the business's own
    /// country code.
    Phone(String),
    /// A business-scoped user id (`CC.…`), for clients who show no number.
    UserId(String),
    /// A group's id.
    Group(String),
}

impl Recipient {
    /// The recipient at an address as webhooks give it: digits are a phone number, everything else a user id.
    #[must_use]
    pub fn of_address(address: &str) -> Self {
        let digits = address.strip_prefix('+').unwrap_or(address);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Phone(digits.to_owned())
        } else {
            Self::UserId(address.to_owned())
        }
    }
}

/// What goes along with a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// Meta's id of the message that is quoted; ignored for reactions, which name theirs.
    pub reply_to: Option<String>,
    /// What comes back with every receipt (`biz_opaque_callback_data`): the surest way to find the message again.
    pub callback: Option<String>,
}

/// Something that Meta would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pointer}` {message}")]
pub struct LimitViolation {
    /// Where: a JSON pointer into the content as it is serialised (`/interactive/buttons/0/title`); `/recipient`,
    /// `/replyTo` and `/callback` for what is not the content.
    pub pointer: String,
    /// What is wrong, as the end of a sentence: "is 21 characters long, at most 20 are allowed".
    pub message: String,
}

/// The body that sends `content` to `to`.
///
/// Of a file with both an id and a link, the id is sent. Keys of address cards that Meta does not take back (`vcard`,
/// `origin`) are left out.
///
/// # Errors
/// Every limit that is exceeded, in the content's order; never an empty list.
pub fn build(to: &Recipient, content: &Content, extras: &Extras) -> Result<Value, Vec<LimitViolation>> {
    let mut violations = check(content);
    violations.extend(check::envelope(to, extras));
    let Some((kind, object)) = body::of(content).filter(|_| violations.is_empty()) else { return Err(violations) };

    let mut body = Map::new();
    body.insert("messaging_product".to_owned(), json!("whatsapp"));
    match to {
        Recipient::Phone(number) => {
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            body.insert("recipient_type".to_owned(), json!("individual"));
            body.insert("to".to_owned(), json!(format!("+{digits}")));
        }
        Recipient::UserId(id) => {
            body.insert("recipient_type".to_owned(), json!("individual"));
            body.insert("recipient".to_owned(), json!(id));
        }
        Recipient::Group(id) => {
            body.insert("recipient_type".to_owned(), json!("group"));
            body.insert("to".to_owned(), json!(id));
        }
    }
    if let Some(id) = extras.reply_to.as_ref().filter(|_| kind != "reaction") {
        body.insert("context".to_owned(), json!({"message_id": id}));
    }
    if let Some(callback) = &extras.callback {
        body.insert("biz_opaque_callback_data".to_owned(), json!(callback));
    }
    body.insert("type".to_owned(), json!(kind));
    body.insert(kind.to_owned(), object);
    Ok(Value::Object(body))
}

/// The body that marks the client's message, and all before it, as read.
#[must_use]
pub fn read(message_id: &str) -> Value {
    json!({"messaging_product": "whatsapp", "status": "read", "message_id": message_id})
}

/// The body that also shows the client that somebody writes, until the answer or for 25 seconds.
#[must_use]
pub fn typing(message_id: &str) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": message_id,
        "typing_indicator": {"type": "text"},
    })
}
