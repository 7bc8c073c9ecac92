//! Refusals: RFC 9457 problem documents, with a stable `type`, a sentence that says what to do, and no internals.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)*) => {
        /// What kind of refusal it is. The code is part of the contract: once used, it stays.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The last segment of the problem's `type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// What stands in `title`.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The body is larger than the endpoint takes.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The request could not be read at all.
    BadRequest = "bad-request", BAD_REQUEST, "The request cannot be read";
    /// The body is compressed, and this endpoint takes none that is.
    EncodingNotSupported = "encoding-not-supported", UNSUPPORTED_MEDIA_TYPE, "The body's encoding is not supported";
    /// Something is broken on our side.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong";
    /// The body is not JSON.
    InvalidJson = "invalid-json", BAD_REQUEST, "The body is not JSON";
    /// The path exists, but not for this method.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here";
    /// There is nothing at this path, or nothing that the caller may see.
    NotFound = "not-found", NOT_FOUND, "There is nothing here";
    /// A body's signature is missing or wrong.
    SignatureInvalid = "signature-invalid", UNAUTHORIZED, "The signature does not verify";
    /// A dependency is away; the same request will work later.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not available for the moment";
    /// The verify token is wrong.
    VerifyTokenInvalid = "verify-token-invalid", FORBIDDEN, "The verify token is wrong";
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: String,
    retry_after: Option<u32>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: String,
}

impl Problem {
    /// A refusal with a sentence that says what to do.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after: None }
    }

    /// Postgres is away or too slow: not all was stored, the caller tries again.
    #[must_use]
    pub fn database_away() -> Self {
        Self {
            code: Code::Unavailable,
            detail: "Not all of it could be stored. Send the same again in a few seconds; what is stored counts once."
                .to_owned(),
            retry_after: Some(5),
        }
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            r#type: format!("/problems/{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            instance: format!("urn:uuid:{}", crate::ops::request_id()),
        };
        let mut response = (self.code.status(), Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_in_the_error_list_with_its_status_and_title() {
        let list = include_str!("../../docs/errors.md");
        for code in Code::ALL {
            let row = format!("| `{}` | {} | {}", code.as_str(), code.status().as_u16(), code.title());
            assert!(list.contains(&row), "docs/errors.md lacks a row that begins with: {row}");
        }
        let rows = list.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, Code::ALL.len(), "docs/errors.md lists a code that does not exist");
    }
}
