//! The lines of the journal: everything that has happened, one JSON object each.
//!
//! Yesterday's journal must be readable tomorrow: variants are never renamed, and a new field has a default.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

/// One thing that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum Record {
    /// A customer exists, or has another name now.
    Customer { wa_id: String, name: String, at: DateTime<Utc> },
    /// A message of the business was accepted. `template` is the template's definition at that moment; with `fails_with` it
    /// will end as `failed` with that code.
    Accepted {
        id: String,
        number: String,
        wa_id: String,
        request: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<Value>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fails_with: Option<u32>,
        at: DateTime<Utc>,
    },
    /// A customer wrote. `webhook` numbers the webhook that tells of it, unless nobody is subscribed.
    Inbound {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        webhook: Option<u64>,
        id: String,
        number: String,
        wa_id: String,
        message: Value,
        at: DateTime<Utc>,
    },
    /// A message of the business got a receipt.
    Status {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        webhook: Option<u64>,
        id: String,
        status: Delivery,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u32>,
        at: DateTime<Utc>,
    },
    /// A customer opened the chats: whatever is there gets read as soon as it is delivered.
    Opened { wa_id: String, at: DateTime<Utc> },
    /// The business marked this message of a customer, and all earlier ones, as read.
    BusinessRead { id: String, at: DateTime<Utc> },
    /// The business answered 200 to these webhooks, or a fault lost them.
    Notified { webhooks: Vec<u64> },
    /// A file was uploaded, by the business or a customer.
    Media(Media),
    /// A file was deleted.
    MediaDeleted { id: String },
    /// A template was created or changed.
    Template { waba: String, template: Value },
    /// A template was deleted in all its languages, or in the one with `id`.
    TemplateDeleted {
        waba: String,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// An account's subscription changed.
    Subscription {
        waba: String,
        subscribed: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        callback: Option<Url>,
    },
    /// A number's own callback changed.
    Callback { number: String, callback: Option<Url> },
}

/// How far a message of the business has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Delivery {
    Accepted,
    Sent,
    Delivered,
    Read,
    Failed,
}

impl Delivery {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}

/// An uploaded file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Media {
    pub(crate) id: String,
    /// The number it was uploaded for; a customer's file belongs to the number that is written to.
    pub(crate) number: String,
    pub(crate) mime_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filename: Option<String>,
    /// SHA-256 of the content, in hexadecimal digits.
    pub(crate) sha256: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Whether the content is what `mime_type` says; a message with other content fails later with 131053.
    pub(crate) genuine: bool,
    /// Whether a customer sent it: such ids live for 7 days, others for 30.
    pub(crate) inbound: bool,
    pub(crate) at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_of_the_first_version_still_reads() {
        for line in [
            r#"{"record":"customer","waId":"51987654321","name":"Ana","at":"2026-11-24T12:00:00Z"}"#,
            r#"{"record":"accepted","id":"wamid.A","number":"1","waId":"51987654321","request":{"type":"text"},"at":"2026-11-24T12:00:00Z"}"#,
            r#"{"record":"inbound","webhook":7,"id":"wamid.B","number":"1","waId":"51987654321","message":{},"at":"2026-11-24T12:00:00Z"}"#,
            r#"{"record":"status","webhook":8,"id":"wamid.A","status":"failed","code":131026,"at":"2026-11-24T12:00:00Z"}"#,
            r#"{"record":"opened","waId":"51987654321","at":"2026-11-24T12:00:00Z"}"#,
            r#"{"record":"business_read","id":"wamid.B","at":"2026-11-24T12:00:00Z"}"#,
            r#"{"record":"notified","webhooks":[7,8]}"#,
            r#"{"record":"media","id":"9","number":"1","mimeType":"image/png","sha256":"00","size":1,"genuine":true,"inbound":false,"at":"2026-11-24T12:00:00Z"}"#,
            r#"{"record":"media_deleted","id":"9"}"#,
            r#"{"record":"template","waba":"2","template":{"name":"x"}}"#,
            r#"{"record":"template_deleted","waba":"2","name":"x"}"#,
            r#"{"record":"subscription","waba":"2","subscribed":false}"#,
            r#"{"record":"callback","number":"1","callback":"http://127.0.0.1:8080/webhooks/meta"}"#,
        ] {
            let record: Record = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let again = serde_json::to_value(&record).unwrap();
            assert_eq!(again["record"], serde_json::from_str::<Value>(line).unwrap()["record"]);
        }
    }
}
