//! What handlers read from a request: bodies, parameters, pages. Unparsable is 400; parsable but wrong, an unknown key
//! included, is 422 with a pointer to each fault.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::{Code, Fault, Problem};

/// A page has so many items unless something else is asked for.
pub(crate) const USUAL: i64 = 50;
/// A page has so many items at most.
pub(crate) const MOST: i64 = 200;
/// At most so many faults are named at once.
const FAULTS: usize = 20;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = bytes::Bytes::from_request(request, state).await.map_err(|rejection| {
            match rejection.into_response_status() {
                axum::http::StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::BodyTooLarge, "A body may have 1 MiB."),
                _ => Problem::new(Code::BadRequest, "The body did not arrive whole; send it again."),
            }
        })?;
        read(&bytes).map(Self)
    }
}

/// Names the status of a rejection without consuming a response.
trait Status {
    fn into_response_status(self) -> axum::http::StatusCode;
}

impl<R: axum::response::IntoResponse> Status for R {
    fn into_response_status(self) -> axum::http::StatusCode {
        self.into_response().status()
    }
}

/// Reads a body; an empty one is `{}`.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.iter().all(u8::is_ascii_whitespace) { b"{}" } else { bytes };
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::new(Code::InvalidJson, format!("Correct the syntax at {place}. Nothing was stored."))
    })?;
    checked(value)
}

/// Reads a value; every key that is not known is named, then whatever else is wrong.
pub(crate) fn checked<T: DeserializeOwned>(mut value: Value) -> Result<T, Problem> {
    let mut faults = Vec::new();
    loop {
        match serde_path_to_error::deserialize::<_, T>(value.clone()) {
            Ok(read) if faults.is_empty() => return Ok(read),
            Ok(_) => return Err(Problem::invalid(faults)),
            Err(error) => {
                let (fault, unknown) = fault(&error);
                let gone = unknown && remove(&mut value, &fault.pointer);
                faults.push(fault);
                if !gone || faults.len() >= FAULTS {
                    return Err(Problem::invalid(faults));
                }
            }
        }
    }
}

/// Where and what is wrong, and whether it is a key that is not known.
fn fault(error: &serde_path_to_error::Error<serde_json::Error>) -> (Fault, bool) {
    let mut pointer = String::new();
    for segment in error.path() {
        use serde_path_to_error::Segment;
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    let message = error.inner().to_string();
    let named = |what: &str| message.strip_prefix(what).and_then(|rest| rest.split('`').next()).map(str::to_owned);
    if let Some(key) = named("unknown field `") {
        // The path may or may not include the key itself.
        let end = format!("/{}", escaped(&key));
        let pointer = if pointer.ends_with(&end) { pointer } else { pointer + &end };
        return (Fault { pointer, message: "there is no such key; leave it out".to_owned() }, true);
    }
    if let Some(key) = named("missing field `") {
        return (Fault { pointer: format!("{pointer}/{}", escaped(&key)), message: "it is missing".to_owned() }, false);
    }
    (Fault { pointer, message }, false)
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Takes what a pointer points at out of a value; whether it was there.
fn remove(value: &mut Value, pointer: &str) -> bool {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return false };
    let key = key.replace("~1", "/").replace("~0", "~");
    value.pointer_mut(parent).and_then(Value::as_object_mut).is_some_and(|object| object.remove(&key).is_some())
}

/// The parameters of a path's query.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let mut object = Map::new();
        for (name, value) in pairs {
            if object.insert(name.clone().into_owned(), Value::String(value.into_owned())).is_some() {
                return Err(Problem::fault(format!("/{}", escaped(&name)), "it is there twice"));
            }
        }
        checked(Value::Object(object)).map(Self)
    }
}

/// An id in a path; what is none names nothing.
pub(crate) struct Id(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Key(text) = Key::from_request_parts(parts, state).await?;
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

/// An id or a key in a path.
pub(crate) struct Key(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(text)| Self(text)).map_err(|_| Problem::not_found())
    }
}

/// How many items a page has: 1 to 200.
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(value_type = i64, minimum = 1, maximum = 200, default = 50)]
pub(crate) struct Limit(pub(crate) i64);

impl Default for Limit {
    fn default() -> Self {
        Self(USUAL)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse::<i64>() {
            Ok(limit @ 1..=MOST) => Ok(Self(limit)),
            _ => Err(D::Error::custom(format!("it must be a whole number from 1 to {MOST}"))),
        }
    }
}

/// Where a page begins: what the page before gave as `nextCursor`.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(value_type = String)]
pub(crate) struct Cursor<T>(pub(crate) T);

impl<T: Serialize> Cursor<T> {
    /// As the page gives it.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&self.0).unwrap_or_default())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Cursor<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        read.map(Self).ok_or_else(|| D::Error::custom("it must be the `nextCursor` of the page before"))
    }
}

/// Cuts a list that was read one longer than a page; gives the next page's cursor when there is one.
pub(crate) fn next<T, C: Serialize>(items: &mut Vec<T>, limit: Limit, cursor: impl Fn(&T) -> C) -> Option<String> {
    let most = usize::try_from(limit.0).unwrap_or_default();
    if items.len() <= most {
        return None;
    }
    items.truncate(most);
    items.last().map(|last| Cursor(cursor(last)).text())
}

/// The key under which a request is carried out once (`Idempotency-Key`): 1 to 200 visible characters.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = value.to_str().ok().filter(|key| (1..=200).contains(&key.len()));
        let wrong = || Problem::new(Code::BadRequest, "Idempotency-Key must have 1 to 200 visible ASCII characters.");
        key.map(|key| Self(Some(key.to_owned()))).ok_or_else(wrong)
    }
}

/// Checks a text's length in characters.
pub(crate) fn long_enough(pointer: &str, text: &str, most: usize) -> Result<(), Problem> {
    let count = text.chars().count();
    if text.trim().is_empty() {
        return Err(Problem::fault(pointer, "it must not be empty"));
    }
    not_too_long(pointer, count, most)
}

/// Checks that a text may be there at all.
pub(crate) fn not_too_long(pointer: &str, count: usize, most: usize) -> Result<(), Problem> {
    if count > most {
        return Err(Problem::fault(pointer, format!("it has {count} characters; {most} are allowed")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::shapes::chat::{Assign, Close, Take};

    fn faults<T: DeserializeOwned>(body: &str) -> Vec<(String, String)> {
        let problem = read::<T>(body.as_bytes()).err().expect("a refusal");
        let document = problem.document();
        assert_eq!(document["status"], 422, "{document}");
        let errors = document["errors"].as_array().expect("errors").clone();
        errors
            .iter()
            .map(|e| (e["pointer"].as_str().unwrap().to_owned(), e["message"].as_str().unwrap().to_owned()))
            .collect()
    }

    #[test]
    fn every_unknown_key_is_named_with_its_pointer() {
        let found = faults::<Close>(r#"{"reason": "resolved", "razon": "x", "a/b": 1}"#);
        let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers.len(), 2, "{found:?}");
        assert!(pointers.contains(&"/razon") && pointers.contains(&"/a~1b"), "{found:?}");
        assert_eq!(faults::<Take>(r#"{"x": {}}"#)[0].0, "/x");
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_named() {
        assert_eq!(faults::<Close>("{}"), [("/reason".to_owned(), "it is missing".to_owned())]);
        assert_eq!(faults::<Assign>(r#"{"agentId": 7}"#)[0].0, "/agentId");
        assert_eq!(faults::<Close>("[]")[0].0, "");
    }

    #[test]
    fn what_is_no_json_is_another_refusal_and_nothing_is_an_empty_object() {
        for text in ["{", "{\"reason\": \"\\ud800\"}", "nope", "{} {}"] {
            let problem = read::<Close>(text.as_bytes()).expect_err("a refusal");
            assert_eq!(problem.code(), Code::InvalidJson, "{text}");
        }
        assert!(read::<Take>(b"").is_ok());
    }

    #[test]
    fn a_cursor_comes_back_as_it_was_given() {
        let cursor = Cursor((7_i64, "x".to_owned()));
        let read: Cursor<(i64, String)> = serde_json::from_value(cursor.text().into()).unwrap();
        assert_eq!(read, cursor);
        assert!(serde_json::from_value::<Cursor<i64>>("!".into()).is_err());
    }

    #[test]
    fn a_limit_beyond_what_is_allowed_is_refused() {
        for (text, ok) in [("1", true), ("200", true), ("201", false), ("0", false), ("-1", false), ("x", false)] {
            assert_eq!(serde_json::from_value::<Limit>(text.into()).is_ok(), ok, "{text}");
        }
    }
}
