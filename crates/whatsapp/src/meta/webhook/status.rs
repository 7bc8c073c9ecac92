//! Receipts: what happened to a message of ours.

use hilo_domain::inbound::{Fact, InboundReceipt, ProviderError};
use hilo_domain::receipt::Receipt;
use serde_json::Value;

use super::message::bounded;
use super::{Reader, json, timestamp};

/// Reads one of `statuses[]`.
pub(super) fn read(reader: &mut Reader<'_>, pointer: &str, status: &Value) {
    match receipt(status) {
        Ok(receipt) => reader.fact(pointer, Fact::Receipt(receipt)),
        Err(reason) => reader.unreadable(pointer, reason, status),
    }
}

fn receipt(status: &Value) -> Result<InboundReceipt, String> {
    let word = json::text(status, "status").ok_or("the status has no `status`")?;
    // In a group one message has a receipt of every participant.
    let participant = match bounded(status, "recipient_participant_id")? {
        None => bounded(status, "recipient_participant_user_id")?,
        participant => participant,
    };
    Ok(InboundReceipt {
        provider_id: bounded(status, "id")?.ok_or("the status has no `id`")?,
        receipt: Receipt::from_word(word),
        provider_at: timestamp::at(status, "timestamp"),
        callback: json::owned(status, "biz_opaque_callback_data"),
        participant: participant.unwrap_or_default(),
        errors: errors(status),
        raw: status.clone(),
    })
}

/// The `errors` of a status or a message. What has no code says nothing that could be decided on, and stays in `raw`.
pub(super) fn errors(object: &Value) -> Vec<ProviderError> {
    let errors = match object.get("errors") {
        Some(Value::Array(errors)) => errors.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    errors
        .iter()
        .filter_map(|error| Some(ProviderError { code: json::integer(error, "code")?, message: sentence(error) }))
        .collect()
}

/// The most telling sentence of an error: the details (which older payloads put beside the code), else the message,
/// else the title.
fn sentence(error: &Value) -> String {
    let details = error.get("error_data").and_then(|data| json::text(data, "details"));
    details
        .or_else(|| ["details", "message", "title"].into_iter().find_map(|key| json::text(error, key)))
        .unwrap_or_default()
        .to_owned()
}
