//! Reading JSON that promises nothing: a missing key, `null` and the wrong type are all just "not there".

use serde_json::Value;

/// The string at `key`, unless it is empty.
pub(super) fn text<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The string at `key`, perhaps empty.
pub(super) fn any_text<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

/// The same, owned.
pub(super) fn owned(object: &Value, key: &str) -> Option<String> {
    text(object, key).map(str::to_owned)
}

/// An opaque id at `key`: a string as it is, or an integer's digits.
pub(super) fn id(object: &Value, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) if id.is_i64() || id.is_u64() => Some(id.to_string()),
        _ => None,
    }
}

/// The integer at `key`: a number, or a string of digits.
pub(super) fn integer(object: &Value, key: &str) -> Option<i64> {
    match object.get(key)? {
        Value::Number(number) => number.as_i64(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
}

/// The number at `key`: a number, or a string that spells one.
pub(super) fn float(object: &Value, key: &str) -> Option<f64> {
    match object.get(key)? {
        Value::Number(number) => number.as_f64(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
    .filter(|number| number.is_finite())
}

/// The object at `key`.
pub(super) fn object<'a>(parent: &'a Value, key: &str) -> Option<&'a Value> {
    parent.get(key).filter(|value| value.is_object())
}

/// The list at `key`; no key and `null` are an empty one.
///
/// # Errors
/// The value that is no list.
pub(super) fn list<'a>(object: &'a Value, key: &str) -> Result<&'a [Value], &'a Value> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(other),
    }
}
