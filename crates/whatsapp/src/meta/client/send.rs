//! Sending, and marking as read.

use serde_json::Value;

use super::{CloudApi, Credentials, refusal, retry_after};
use crate::http::Request;
use crate::meta::error::{Class, GraphFailure, Retry, Scope};
use crate::meta::request;
use crate::{Error, Result};

/// What became of one send. There is no idempotency key: a message that was perhaps accepted may not be sent again by
/// itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// Meta took it over; receipts say the rest.
    Accepted {
        /// Meta's id of the message.
        provider_id: String,
        /// The client's `wa_id` as Meta knows it, which may differ from the address.
        wa_id: Option<String>,
    },
    /// Meta said no, and sent nothing.
    Refused(GraphFailure),
    /// There was no connection, so nothing was sent: safe to try again.
    NotConnected {
        /// Why, for people.
        reason: String,
    },
    /// Perhaps accepted, perhaps not; only a receipt can tell.
    Uncertain {
        /// Why, for people.
        reason: String,
    },
}

impl CloudApi {
    /// Sends one body of [`request::build`]; one try.
    ///
    /// Uncertain are: a time-out or a reset after the connection was made, a 5xx without an error object, a 408, and
    /// a success without a readable id (HTML, nothing, cut off).
    pub async fn send(&self, credentials: &Credentials, body: &Value) -> SendOutcome {
        let response = match self.url(&[&credentials.phone_number_id, "messages"]) {
            Ok(url) => self.call(credentials, Request::post(url, body.clone())).await,
            Err(error) => Err(error),
        };
        let response = match response {
            Ok(response) => response,
            Err(error) => return unanswered(error),
        };
        let (status, wait) = (response.status().as_u16(), retry_after(&response));
        let body = match response.bytes().await {
            Ok(body) => body,
            // The status alone is an answer where it refuses.
            Err(_) if (400..500).contains(&status) && status != 408 => Default::default(),
            Err(error) => return SendOutcome::Uncertain { reason: error.to_string() },
        };
        match status {
            200..=299 => accepted(&body),
            408 | 500.. => match GraphFailure::parse(status, &body) {
                // Without a code there is nothing to go by, and the message may be on its way.
                Some(failure) if failure.code.is_some() => SendOutcome::Refused(refusal(status, wait, &body)),
                _ => SendOutcome::Uncertain { reason: format!("HTTP {status} without an error object") },
            },
            _ => SendOutcome::Refused(refusal(status, wait, &body)),
        }
    }

    /// Marks the client's message, and all before it, as read; with `typing` the client also sees that somebody
    /// writes.
    ///
    /// # Errors
    /// As every call. It may be repeated at will.
    pub async fn mark_read(&self, credentials: &Credentials, message_id: &str, typing: bool) -> Result<()> {
        let body = if typing { request::typing(message_id) } else { request::read(message_id) };
        let url = self.url(&[&credentials.phone_number_id, "messages"])?;
        self.json(credentials, Request::post(url, body)).await.map(|_| ())
    }
}

/// The outcome of a call that brought no answer.
fn unanswered(error: Error) -> SendOutcome {
    match error {
        Error::NotConnected(reason) => SendOutcome::NotConnected { reason },
        // The guard or the request's own form stopped it: nothing was sent, and nothing will be without a change.
        Error::Blocked(_) | Error::Invalid(_) => SendOutcome::Refused(GraphFailure {
            code: None,
            http_status: 0,
            class: Class { scope: Scope::Phone, retry: Retry::No },
            message: error.to_string(),
            details: std::error::Error::source(&error).map(ToString::to_string),
            trace: None,
            retry_after: None,
        }),
        Error::Refused(failure) => SendOutcome::Refused(failure),
        Error::Interrupted(_) | Error::TooLarge { .. } | Error::Unreadable(_) => {
            SendOutcome::Uncertain { reason: error.to_string() }
        }
    }
}

fn accepted(body: &[u8]) -> SendOutcome {
    let id = |answer: &Value, list: &str, key: &str| -> Option<String> {
        let id = answer.get(list)?.get(0)?.get(key)?.as_str()?;
        (!id.is_empty() && id.len() <= request::limits::ID_BYTES).then(|| id.to_owned())
    };
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return SendOutcome::Uncertain { reason: "success without JSON".to_owned() };
    };
    match id(&answer, "messages", "id") {
        Some(provider_id) => SendOutcome::Accepted { provider_id, wa_id: id(&answer, "contacts", "wa_id") },
        None => SendOutcome::Uncertain { reason: "success without a message id".to_owned() },
    }
}
