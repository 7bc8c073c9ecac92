//! Bad input to the control API, as `application/problem+json`.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::graph::error::GraphError;
use crate::journal::Unwritten;

/// Why a call of the control API is refused.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<(String, String)>,
}

impl Problem {
    /// The body cannot be parsed.
    pub(crate) fn unparsable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unparsable", "The body is not JSON", detail)
    }

    /// The body is JSON, but not what is asked for; `pointer` names the place.
    pub(crate) fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The body is not valid", message.clone());
        problem.errors.push((pointer.into(), message));
        problem
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    /// A page of another origin may not change anything here.
    pub(crate) fn foreign() -> Self {
        Self::new(StatusCode::FORBIDDEN, "foreign", "Not from this page", "another site's page called")
    }

    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, title, detail: detail.into(), errors: Vec::new() }
    }
}

impl From<Unwritten> for Problem {
    fn from(error: Unwritten) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "journal", "Nothing can be recorded", error.to_string())
    }
}

impl From<GraphError> for Problem {
    fn from(error: GraphError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", "The simulator refused it", error.details())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let errors = self.errors.into_iter().map(|(pointer, message)| json!({"pointer": pointer, "message": message}));
        let body = json!({
            "type": format!("urn:hilo:simulator:{}", self.kind),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "errors": errors.collect::<Vec<_>>(),
        });
        (self.status, [(CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
    }
}

/// The JSON object of a body; an empty body is an empty object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problem::invalid("", "the body must be an object")),
        Err(error) => Err(Problem::unparsable(error.to_string())),
    }
}

/// Refuses all keys but these.
pub(super) fn only(object: &Map<String, Value>, known: &[&str]) -> Result<(), Problem> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Problem::invalid(format!("/{key}"), format!("unknown key; known are {}", known.join(", ")))),
        None => Ok(()),
    }
}

/// The text at `key`, which must be there and not be empty.
pub(super) fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a str, Problem> {
    match object.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(Value::String(_)) => Err(Problem::invalid(format!("/{key}"), "must not be empty")),
        Some(_) => Err(Problem::invalid(format!("/{key}"), "must be text")),
        None => Err(Problem::invalid(format!("/{key}"), "is required")),
    }
}

/// The text at `key`, if there is one.
pub(super) fn optional_text<'a>(object: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, Problem> {
    if object.get(key).is_none_or(Value::is_null) { Ok(None) } else { text(object, key).map(Some) }
}

/// The whole object as `T`, whose keys have been checked.
pub(super) fn read<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, Problem> {
    serde_json::from_value(Value::Object(object)).map_err(|error| Problem::invalid("", error.to_string()))
}
