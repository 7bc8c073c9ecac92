//! Faults on demand: what `POST /sim/faults` asks for, and which request or webhook it meets next.
//!
//! A fault has a part for requests to the Graph API and a part for webhooks; each part is used up after `times` matches.
//! Faults are tried in the order they were made, and one request or webhook meets at most one. They do not survive a
//! restart.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::Throughput;
use crate::record::Delivery;
use crate::webhook::{Kind, Webhook};

/// What a caller may ask for. The README of this crate says what each key does.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) times: u32,
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) lost_answer: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) asynchronous: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) throughput: Option<Throughput>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pair_rate: Option<bool>,
    #[serde(default, deserialize_with = "copies", skip_serializing_if = "is_zero")]
    pub(crate) duplicate: u32,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) shuffle: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) batch: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) lose: bool,
}

/// The keys of a [`Fault`].
pub(crate) const KEYS: [&str; 15] = [
    "times",
    "match",
    "status",
    "code",
    "body",
    "retryAfter",
    "delayMs",
    "lostAnswer",
    "asynchronous",
    "throughput",
    "pairRate",
    "duplicate",
    "shuffle",
    "batch",
    "lose",
];

/// A request to the Graph API, as a fault's `match` sees it.
pub(crate) struct Request<'a> {
    /// Method, path and query.
    pub(crate) line: String,
    /// The body as text; empty for uploads.
    pub(crate) text: &'a str,
    /// The body as JSON, null if it is none.
    pub(crate) json: &'a Value,
    /// Whether it sends a message: what a fault without `match` is for.
    pub(crate) is_send: bool,
}

/// What happens to a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) delay: Duration,
    pub(crate) copies: u32,
    pub(crate) shuffle: bool,
    pub(crate) batch: bool,
    pub(crate) lose: bool,
}

/// The faults in force.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Active>>);

/// A fault and how often each part will still be met.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Active {
    #[serde(flatten)]
    pub(crate) fault: Fault,
    pub(crate) requests_left: u32,
    pub(crate) webhooks_left: u32,
}

impl Faults {
    /// Puts a fault in force, or says what is wrong with it: the key, and why.
    pub(crate) fn add(&self, fault: Fault) -> Result<Active, (&'static str, String)> {
        fault.check()?;
        let requests_left = if fault.is_for_requests() { fault.times } else { 0 };
        let webhooks_left = if fault.is_for_webhooks() { fault.times } else { 0 };
        let active = Active { fault, requests_left, webhooks_left };
        self.lock().push(active.clone());
        Ok(active)
    }

    /// All of them, oldest first.
    pub(crate) fn list(&self) -> Vec<Active> {
        self.lock().clone()
    }

    /// None any more.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The fault that this request meets.
    pub(crate) fn for_request(&self, request: &Request<'_>) -> Option<Fault> {
        let mut faults = self.lock();
        let active = faults.iter_mut().find(|active| active.requests_left > 0 && active.fault.meets(request))?;
        active.requests_left -= 1;
        let fault = active.fault.clone();
        faults.retain(|active| active.requests_left + active.webhooks_left > 0);
        Some(fault)
    }

    /// The throughput that a fault in force sets for all numbers, without using it up.
    pub(crate) fn throughput(&self) -> Option<Throughput> {
        self.lock().iter().find_map(|active| active.fault.throughput)
    }

    /// What happens to this webhook.
    pub(crate) fn for_webhook(&self, webhook: &Webhook) -> Plan {
        let mut faults = self.lock();
        let met = faults.iter_mut().find(|active| active.webhooks_left > 0 && active.fault.meets_webhook(webhook));
        let Some(active) = met else { return Plan::default() };
        active.webhooks_left -= 1;
        let fault = &active.fault;
        let delay = if fault.names_webhooks() { fault.delay_ms.unwrap_or_default() } else { 0 };
        let plan = Plan {
            delay: Duration::from_millis(delay),
            copies: fault.duplicate,
            shuffle: fault.shuffle,
            batch: fault.batch,
            lose: fault.lose,
        };
        faults.retain(|active| active.requests_left + active.webhooks_left > 0);
        plan
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Active>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn check(&self) -> Result<(), (&'static str, String)> {
        if self.times == 0 {
            return Err(("times", "must be at least 1".into()));
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err(("status", "must be an HTTP status from 200 to 599".into()));
        }
        if self.asynchronous && self.code.is_none() {
            return Err(("asynchronous", "needs a `code` to fail with".into()));
        }
        if self.retry_after.is_some() && self.code.is_none() && self.status.is_none() {
            return Err(("retryAfter", "needs a `code` or a `status` to go with".into()));
        }
        if self.names_webhooks() {
            if self.asks_requests() {
                return Err(("match", "names webhooks, but the fault is about requests".into()));
            }
            if kind_of(self.pattern.as_deref().unwrap_or_default()).is_none() {
                let kinds = "`webhook:` is followed by messages, statuses, sent, delivered, read or failed";
                return Err(("match", kinds.into()));
            }
        }
        if !self.is_for_requests() && !self.is_for_webhooks() {
            return Err(("", "the fault does nothing: no key but `times` and `match`".into()));
        }
        Ok(())
    }

    fn names_webhooks(&self) -> bool {
        self.pattern.as_deref().is_some_and(|pattern| pattern.starts_with("webhook:"))
    }

    fn asks_requests(&self) -> bool {
        self.status.is_some()
            || self.code.is_some()
            || self.body.is_some()
            || self.lost_answer
            || self.throughput.is_some()
            || self.pair_rate.is_some()
    }

    fn is_for_requests(&self) -> bool {
        !self.names_webhooks() && (self.asks_requests() || self.delay_ms.is_some())
    }

    fn is_for_webhooks(&self) -> bool {
        self.duplicate > 0
            || self.shuffle
            || self.batch
            || self.lose
            || (self.names_webhooks() && self.delay_ms.is_some())
    }

    fn meets(&self, request: &Request<'_>) -> bool {
        let Some(pattern) = self.pattern.as_deref() else { return request.is_send };
        match pattern.strip_prefix('#') {
            Some(pointer) => points(request.json, pointer),
            None => request.line.contains(pattern) || request.text.contains(pattern),
        }
    }

    fn meets_webhook(&self, webhook: &Webhook) -> bool {
        let Some(pattern) = self.pattern.as_deref() else { return true };
        if let Some(pointer) = pattern.strip_prefix('#') {
            return points(&webhook.item, pointer);
        }
        let (wanted, rest) = match kind_of(pattern) {
            Some((kind, rest)) => (kind, rest),
            None => (Wanted::Any, pattern),
        };
        let is_wanted = match (wanted, webhook.kind) {
            (Wanted::Any, _) | (Wanted::Messages, Kind::Message) | (Wanted::Statuses, Kind::Status(_)) => true,
            (Wanted::Status(wanted), Kind::Status(status)) => wanted == status,
            (Wanted::Messages | Wanted::Statuses | Wanted::Status(_), _) => false,
        };
        is_wanted && (rest.is_empty() || webhook.wa_id.contains(rest) || webhook.item.to_string().contains(rest))
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Any,
    Messages,
    Statuses,
    Status(Delivery),
}

/// `webhook:<kind>[ <rest>]`; `None` for any other text.
fn kind_of(pattern: &str) -> Option<(Wanted, &str)> {
    let after = pattern.strip_prefix("webhook:")?;
    let (kind, rest) = after.split_once(' ').unwrap_or((after, ""));
    let wanted = match kind {
        "" | "*" => Wanted::Any,
        "messages" => Wanted::Messages,
        "statuses" => Wanted::Statuses,
        "sent" => Wanted::Status(Delivery::Sent),
        "delivered" => Wanted::Status(Delivery::Delivered),
        "read" => Wanted::Status(Delivery::Read),
        "failed" => Wanted::Status(Delivery::Failed),
        _ => return None,
    };
    Some((wanted, rest))
}

/// `/pointer` (something is there) or `/pointer=value` (this text, number or boolean is there).
fn points(json: &Value, pointer: &str) -> bool {
    let (pointer, wanted) = match pointer.split_once('=') {
        Some((pointer, wanted)) => (pointer, Some(wanted)),
        None => (pointer, None),
    };
    match (json.pointer(pointer), wanted) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(Value::String(text)), Some(wanted)) => text == wanted,
        (Some(other), Some(wanted)) => serde_json::from_str::<Value>(wanted).is_ok_and(|wanted| wanted == *other),
    }
}

fn copies<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(wanted) => Ok(u32::from(wanted)),
        Value::Number(number) if number.as_u64().is_some_and(|copies| copies <= 100) => {
            Ok(number.as_u64().and_then(|copies| u32::try_from(copies).ok()).unwrap_or_default())
        }
        _ => Err(serde::de::Error::custom("`duplicate` is true or how many copies more, at most 100")),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(json: Value) -> Fault {
        serde_json::from_value(json).unwrap()
    }

    fn meets(pattern: &str, body: &Value) -> bool {
        let text = body.to_string();
        let line = "POST /v23.0/100000000000001/messages".to_owned();
        fault(json!({"times": 1, "match": pattern})).meets(&Request { line, text: &text, json: body, is_send: true })
    }

    #[test]
    fn a_match_is_a_substring_or_a_pointer() {
        let body = json!({"to": "+51987654321", "type": "text", "text": {"body": "hola", "preview_url": false}});
        for (pattern, expected) in [
            ("51987654321", true),
            ("100000000000001/messages", true),
            ("adiós", false),
            ("#/text/body", true),
            ("#/text/body=hola", true),
            ("#/text/body=hol", false),
            ("#/text/preview_url=false", true),
            ("#/image", false),
        ] {
            assert_eq!(meets(pattern, &body), expected, "{pattern}");
        }
    }

    #[test]
    fn each_part_is_used_up_on_its_own() {
        let faults = Faults::default();
        faults.add(fault(json!({"times": 1, "code": 131026, "asynchronous": true, "duplicate": true}))).unwrap();
        let request = Request { line: String::new(), text: "", json: &Value::Null, is_send: true };
        assert_eq!(faults.for_request(&request).unwrap().code, Some(131_026));
        assert!(faults.for_request(&request).is_none());
        let webhook = Webhook {
            n: 0,
            number: "1".into(),
            wa_id: "51987654321".into(),
            name: "Ana".into(),
            kind: Kind::Status(Delivery::Failed),
            item: json!({}).into(),
            at: chrono::DateTime::UNIX_EPOCH,
        };
        assert_eq!(faults.for_webhook(&webhook).copies, 1);
        assert_eq!(faults.for_webhook(&webhook), Plan::default());
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_fault_that_makes_no_sense_says_which_key() {
        for (json, key) in [
            (json!({"times": 0, "code": 1}), "times"),
            (json!({"times": 1, "status": 99}), "status"),
            (json!({"times": 1, "asynchronous": true}), "asynchronous"),
            (json!({"times": 1, "match": "webhook:sent", "code": 1}), "match"),
            (json!({"times": 1, "match": "webhook:seen", "lose": true}), "match"),
            (json!({"times": 1, "retryAfter": 4, "delayMs": 1}), "retryAfter"),
            (json!({"times": 1, "match": "x"}), ""),
        ] {
            assert_eq!(Faults::default().add(fault(json)).unwrap_err().0, key);
        }
    }
}
