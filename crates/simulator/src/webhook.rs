//! The body of a webhook, byte for byte as Meta writes it: its envelope, `\u00e9` for everything beyond ASCII, `\/` for `/`.

use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Serializer, Value, json};

use crate::config::NumberConfig;
use crate::graph::codes;
use crate::id;
use crate::record::Delivery;
use crate::state::Outbound;

/// One thing to tell the business.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    /// Its number in the journal.
    pub(crate) n: u64,
    /// The number (its id) that it is about.
    pub(crate) number: String,
    /// The customer.
    pub(crate) wa_id: String,
    /// The customer's profile name.
    pub(crate) name: String,
    /// Message or receipt.
    pub(crate) kind: Kind,
    /// The element of `messages[]` or `statuses[]`.
    pub(crate) item: Arc<Value>,
    /// When it happened.
    pub(crate) at: DateTime<Utc>,
}

/// What a webhook tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A customer's message.
    Message,
    /// A receipt.
    Status(Delivery),
}

/// The element of `statuses[]` for the present state of `outbound`.
pub(crate) fn status(outbound: &Outbound, wa_id: &str, at: DateTime<Utc>) -> Value {
    let mut item = json!({
        "id": outbound.id,
        "status": outbound.status.as_str(),
        "timestamp": at.timestamp().to_string(),
        "recipient_id": wa_id,
        "recipient_user_id": id::user_id(wa_id),
    });
    if let Some(data) = outbound.request.get("biz_opaque_callback_data") {
        item["biz_opaque_callback_data"] = data.clone();
    }
    if let Some(code) = outbound.failure {
        item["errors"] = json!([codes::in_webhook(code)]);
    }
    if matches!(outbound.status, Delivery::Sent | Delivery::Delivered) {
        let free = matches!(outbound.category.as_str(), "service" | "utility");
        let kind = if free { "free_customer_service" } else { "regular" };
        item["pricing"] =
            json!({"billable": !free, "pricing_model": "PMP", "type": kind, "category": outbound.category});
    }
    item
}

/// The body of one POST: an entry for each webhook, all of `number`.
pub(crate) fn body(number: &NumberConfig, webhooks: &[Webhook]) -> Vec<u8> {
    let entries = webhooks.iter().map(|webhook| entry(number, webhook)).collect::<Vec<_>>();
    escaped(&json!({"object": "whatsapp_business_account", "entry": entries}))
}

fn entry(number: &NumberConfig, webhook: &Webhook) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": number.digits(), "phone_number_id": number.phone_number_id},
    });
    let list = match webhook.kind {
        Kind::Message => "messages",
        Kind::Status(_) => "statuses",
    };
    value[list] = json!([*webhook.item]);
    // Meta leaves the contacts out of failures and of system messages.
    if webhook.kind != Kind::Status(Delivery::Failed) && webhook.item["type"] != "system" {
        let user_id = id::user_id(&webhook.wa_id);
        value["contacts"] = json!([{"profile": {"name": webhook.name}, "wa_id": webhook.wa_id, "user_id": user_id}]);
    }
    json!({"id": number.waba_id, "changes": [{"field": "messages", "value": value}]})
}

fn escaped(value: &Value) -> Vec<u8> {
    let mut body = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut body, Escaping);
    // Writing a `Value` into memory has nothing that could fail.
    let _ = value.serialize(&mut serializer);
    body
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for character in fragment.chars() {
            match character {
                '/' => writer.write_all(b"\\/")?,
                ' '..='~' => writer.write_all(&[character as u8])?,
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_escaped_as_meta_does_it() {
        let text = json!("José / 👍 \"\n\u{0}\u{7f}");
        let body = escaped(&text);
        assert_eq!(String::from_utf8(body.clone()).unwrap(), r#""Jos\u00e9 \/ \ud83d\udc4d \"\n\u0000\u007f""#);
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), text);
    }
}
