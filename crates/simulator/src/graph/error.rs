//! A refusal in Meta's form.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::codes;
use crate::journal::Unwritten;

/// Why a call of the Graph API is refused.
#[derive(Debug)]
pub(crate) struct GraphError {
    status: StatusCode,
    code: u32,
    subcode: Option<u32>,
    message: String,
    details: String,
    retry_after: Option<u32>,
}

impl GraphError {
    /// A refusal with `code`; `details` says what exactly is wrong.
    pub(crate) fn new(code: u32, details: impl Into<String>) -> Self {
        let (status, title) = codes::describe(code);
        let message = format!("(#{code}) {title}");
        Self { status, code, subcode: None, message, details: details.into(), retry_after: None }
    }

    /// A refusal with the usual explanation of `code`.
    pub(crate) fn usual(code: u32) -> Self {
        Self::new(code, codes::details(code))
    }

    /// The object does not exist, or not for this token.
    pub(crate) fn no_object(verb: &str, id: &str) -> Self {
        let message = format!(
            "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation."
        );
        Self { subcode: Some(33), message, ..Self::new(100, "The id in the path is unknown.") }
    }

    /// What exactly is wrong.
    pub(crate) fn details(&self) -> &str {
        &self.details
    }

    /// With another HTTP status than the code's own.
    pub(crate) fn with_status(mut self, status: Option<u16>) -> Self {
        if let Some(status) = status.and_then(|status| StatusCode::from_u16(status).ok()) {
            self.status = status;
        }
        self
    }

    /// With the seconds after which to try again.
    pub(crate) fn with_retry_after(mut self, seconds: Option<u32>) -> Self {
        self.retry_after = seconds;
        self
    }
}

impl From<Unwritten> for GraphError {
    fn from(_: Unwritten) -> Self {
        Self::new(131_000, "The simulator cannot write its journal.")
    }
}

impl IntoResponse for GraphError {
    fn into_response(self) -> Response {
        let kind = if self.subcode.is_some() { "GraphMethodException" } else { "OAuthException" };
        let mut error = json!({
            "message": self.message,
            "type": kind,
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": trace_id(),
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        let mut response = (self.status, Json(json!({"error": error}))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

fn trace_id() -> String {
    static TRACES: AtomicU64 = AtomicU64::new(0);
    let digest = Sha256::digest(TRACES.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    format!("A{}", URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default()))
}
