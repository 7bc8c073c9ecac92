//! What Meta's errors mean: what to pause, and whether to try again.
//!
//! Decisions are made on the code alone; titles and messages change. The table is `table.rs`.

mod table;

use std::time::Duration;

use serde_json::Value;

pub use table::{CODES, Known};

/// What an error concerns, and so what has to wait or stop. Nothing wider may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The access token: the number's queue stops and is kept until there is a new one.
    Token,
    /// The app: all of its numbers.
    App,
    /// Meta itself.
    Platform,
    /// The number.
    Phone,
    /// The account, with all its numbers.
    Waba,
    /// The client.
    Recipient,
    /// The number towards this one client.
    Pair,
    /// The template.
    Template,
    /// This message.
    Message,
}

/// Whether the same request may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Never unchanged.
    No,
    /// Yes, with growing waits.
    Backoff,
    /// A few times; then it has failed.
    Few,
    /// Much later, once the limit is over.
    Long,
    /// After [`pair_delay`], and only towards this client.
    Pair,
}

/// What an error asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Class {
    /// What it concerns.
    pub scope: Scope,
    /// Whether to try again.
    pub retry: Retry,
}

/// The class of `code` in an answer with `http_status` (which decides for unknown codes only: 5xx a few times, else
/// no). In a webhook there is no HTTP status; give 400.
#[must_use]
pub fn classify(code: Option<i64>, http_status: u16) -> Class {
    if let Some(known) = code.and_then(known) {
        return known.class();
    }
    match http_status {
        500.. => Class { scope: Scope::Message, retry: Retry::Few },
        // No code at all: what stood before Meta answered.
        401 if code.is_none() => Class { scope: Scope::Token, retry: Retry::No },
        429 if code.is_none() => Class { scope: Scope::Phone, retry: Retry::Backoff },
        _ => Class { scope: Scope::Message, retry: Retry::No },
    }
}

/// The table's row for `code`.
#[must_use]
pub fn known(code: i64) -> Option<&'static Known> {
    // 200 to 299 are one family: a permission is missing.
    let code = if (200..=299).contains(&code) { 200 } else { code };
    CODES.iter().find(|known| known.code == code)
}

/// How long a number waits for one client after `failures` failures of pair rate (131056): 4^failures seconds, the
/// first time one second; never more than an hour.
#[must_use]
pub fn pair_delay(failures: u32) -> Duration {
    const LONGEST: u64 = 3600;
    Duration::from_secs(4_u64.checked_pow(failures).unwrap_or(LONGEST).min(LONGEST))
}

/// A refusal: Graph's error object, or an answer that refuses without one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (code {code:?}, HTTP {http_status})")]
pub struct GraphFailure {
    /// Meta's code, where there is one.
    pub code: Option<i64>,
    /// The answer's status.
    pub http_status: u16,
    /// What it asks for.
    pub class: Class,
    /// Meta's sentence, for people.
    pub message: String,
    /// Meta's explanation, for people.
    pub details: Option<String>,
    /// Meta's id of the call, for its support.
    pub trace: Option<String>,
    /// How long to wait at least, where the answer says so.
    pub retry_after: Option<Duration>,
}

impl GraphFailure {
    /// Reads the error object of an answer's body; `None` where there is none (empty, HTML, cut off, something else).
    ///
    /// Codes are numbers, or strings of digits; everything but the object itself may be missing.
    #[must_use]
    pub fn parse(http_status: u16, body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let error = body.get("error")?.as_object()?;
        let code = match error.get("code") {
            Some(Value::Number(code)) => code.as_i64(),
            Some(Value::String(code)) => code.trim().parse().ok(),
            _ => None,
        };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let data = error.get("error_data").and_then(|data| data.get("details"));
        let message = text(error.get("message")).or_else(|| text(error.get("title")));
        Some(Self {
            code,
            http_status,
            class: classify(code, http_status),
            message: message.unwrap_or_else(|| "an error without a message".to_owned()),
            details: text(data).or_else(|| text(error.get("details"))),
            trace: text(error.get("fbtrace_id")),
            retry_after: None,
        })
    }

    /// A refusal that only the status tells.
    #[must_use]
    pub fn bare(http_status: u16) -> Self {
        Self {
            code: None,
            http_status,
            class: classify(None, http_status),
            message: format!("HTTP {http_status} without an explanation"),
            details: None,
            trace: None,
            retry_after: None,
        }
    }
}

#[cfg(test)]
mod tests;
