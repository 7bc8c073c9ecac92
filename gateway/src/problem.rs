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
    /// The agent carries as many chats as they may.
    AgentAtCapacity = "agent-at-capacity", CONFLICT, "The agent carries as many chats as they may";
    /// The agent cannot get chats now.
    AgentNotAvailable = "agent-not-available", CONFLICT, "The agent cannot get chats now";
    /// The body is larger than the endpoint takes.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The request could not be read at all.
    BadRequest = "bad-request", BAD_REQUEST, "The request cannot be read";
    /// The chat is closed.
    ChatClosed = "chat-closed", CONFLICT, "The chat is closed";
    /// Another chat of the same client is open.
    ChatOpen = "chat-open", CONFLICT, "Another chat of the same client is open";
    /// Address or password are wrong; which of the two is not said.
    CredentialsInvalid = "credentials-invalid", UNAUTHORIZED, "The address or the password is wrong";
    /// The body is compressed, and this endpoint takes none that is.
    EncodingNotSupported = "encoding-not-supported", UNSUPPORTED_MEDIA_TYPE, "The body's encoding is not supported";
    /// What is asked needs a permission that the caller does not have.
    Forbidden = "forbidden", FORBIDDEN, "You may not do that";
    /// The same key came with another body before.
    IdempotencyKeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The idempotency key was used for something else";
    /// The chat cannot go there from where it stands.
    IllegalMove = "illegal-move", CONFLICT, "The chat cannot go there from where it stands";
    /// Something is broken on our side.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong";
    /// It can be read, but not all of it is right; `errors` says what and where.
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "Something in the request is not right";
    /// The body is not JSON.
    InvalidJson = "invalid-json", BAD_REQUEST, "The body is not JSON";
    /// The path exists, but not for this method.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here";
    /// The client has written meanwhile.
    NewMail = "new-mail", CONFLICT, "The client has just written";
    /// There is nothing at this path, or nothing that the caller may see.
    NotFound = "not-found", NOT_FOUND, "There is nothing here";
    /// Another has the chat, or nobody; `holder` says who.
    NotHolder = "not-holder", CONFLICT, "Somebody else has the chat";
    /// The session is over: logged out, or its refresh token was used twice.
    SessionOver = "session-over", UNAUTHORIZED, "The session is over";
    /// A body's signature is missing or wrong.
    SignatureInvalid = "signature-invalid", UNAUTHORIZED, "The signature does not verify";
    /// The access token has expired.
    TokenExpired = "token-expired", UNAUTHORIZED, "The access token has expired";
    /// There is no access token, or it is none of ours.
    TokenInvalid = "token-invalid", UNAUTHORIZED, "The access token is missing or wrong";
    /// Too many log-ins failed.
    TooManyAttempts = "too-many-attempts", TOO_MANY_REQUESTS, "Too many attempts";
    /// A dependency is away; the same request will work later.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not available for the moment";
    /// The verify token is wrong.
    VerifyTokenInvalid = "verify-token-invalid", FORBIDDEN, "The verify token is wrong";
    /// WhatsApp allows free messages only for 24 hours after the client's last one.
    WindowClosed = "window-closed", UNPROCESSABLE_ENTITY, "WhatsApp's 24-hour window is closed";
}

/// One thing that is not right, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// JSON pointer into the body; for a parameter, its name after a slash.
    pub pointer: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// Members that only some problems have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct More {
    errors: Vec<Fault>,
    members: Vec<(&'static str, serde_json::Value)>,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: String,
    retry_after: Option<u32>,
    more: Option<Box<More>>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [Fault]>,
    #[serde(flatten)]
    members: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    /// A refusal with a sentence that says what to do.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after: None, more: None }
    }

    /// Nothing is there, or nothing that the caller may see.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "Check the id; what you may not see is answered like this, too.")
    }

    /// Something in the body or the parameters is not right.
    #[must_use]
    pub fn invalid(errors: Vec<Fault>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}.", one.pointer, one.message),
            _ => "Correct what `errors` names and send it again.".to_owned(),
        };
        let more = Some(Box::new(More { errors, members: Vec::new() }));
        Self { more, ..Self::new(Code::Invalid, detail) }
    }

    /// One thing is not right.
    #[must_use]
    pub fn fault(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![Fault { pointer: pointer.into(), message: message.into() }])
    }

    /// The same with one more member.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.more.get_or_insert_default().members.push((member, value));
        self
    }

    /// The same, to be tried again after so many seconds.
    #[must_use]
    pub fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Postgres is away or too slow: not all was stored, the caller tries again.
    #[must_use]
    pub fn database_away() -> Self {
        let detail = "Not all of it could be stored. Send the same again in a few seconds; what is stored counts once.";
        Self::new(Code::Unavailable, detail).after(5)
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Its `type`.
    #[must_use]
    pub fn kind(&self) -> String {
        format!("/problems/{}", self.code.as_str())
    }

    /// The document, as the interface and the sockets' acknowledgements carry it.
    #[must_use]
    pub fn document(&self) -> serde_json::Value {
        let more = self.more.as_deref();
        let errors = more.map(|more| more.errors.as_slice()).filter(|errors| !errors.is_empty());
        let members = more.into_iter().flat_map(|more| &more.members);
        let document = Document {
            r#type: self.kind(),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            instance: format!("urn:uuid:{}", crate::ops::request_id()),
            errors,
            members: members.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        };
        serde_json::to_value(document).unwrap_or_default()
    }
}

impl From<hilo_store::Error> for Problem {
    fn from(error: hilo_store::Error) -> Self {
        if error.is_unavailable() || error.is_timeout() || error.is_retryable() {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database could not answer");
            Self::database_away()
        } else {
            tracing::error!(error = &error as &dyn std::error::Error, "the database refused");
            Self::new(Code::Internal, "It has been logged under the id in `instance`; try again.")
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.code.status(), Json(self.document())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code.status() == StatusCode::UNAUTHORIZED && self.code != Code::SignatureInvalid {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
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
