//! JSON values in and out of Rhai.

use rhai::{Array, Dynamic, ImmutableString, Map};
use serde_json::{Number, Value};

/// Floats above this no longer tell integers apart.
const INTEGRAL: f64 = 9_007_199_254_740_992.0;

/// A value for an expression.
pub(super) fn to_dynamic(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(b) => b.into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Value::String(text) => text.into(),
        Value::Array(items) => Dynamic::from_array(items.into_iter().map(to_dynamic).collect::<Array>()),
        Value::Object(map) => {
            Dynamic::from_map(map.into_iter().map(|(k, v)| (k.into(), to_dynamic(v))).collect::<Map>())
        }
    }
}

/// The value of an expression. An integral float becomes an integer, so that `19990 * 0.8` shows as `15992`.
pub(super) fn from_dynamic(value: Dynamic) -> Result<Value, &'static str> {
    if value.is_unit() {
        Ok(Value::Null)
    } else if let Ok(b) = value.as_bool() {
        Ok(Value::Bool(b))
    } else if let Ok(integer) = value.as_int() {
        Ok(Value::Number(integer.into()))
    } else if let Ok(float) = value.as_float() {
        number(float).ok_or("the number is not finite")
    } else if let Ok(letter) = value.as_char() {
        Ok(Value::String(letter.to_string()))
    } else if value.is_string() {
        value.into_immutable_string().map(|text: ImmutableString| Value::String(text.to_string()))
    } else if value.is_array() {
        let items = value.into_array()?;
        items.into_iter().map(from_dynamic).collect::<Result<_, _>>().map(Value::Array)
    } else if let Some(map) = value.try_cast::<Map>() {
        map.into_iter().map(|(k, v)| Ok((k.to_string(), from_dynamic(v)?))).collect::<Result<_, _>>().map(Value::Object)
    } else {
        Err("the result is neither text, number, boolean, list nor object")
    }
}

/// A float as JSON keeps it.
pub(crate) fn number(float: f64) -> Option<Value> {
    if float.fract() == 0.0 && float.abs() < INTEGRAL {
        // Exact: the value is integral and below 2^53.
        return Some(Value::Number(Number::from(float as i64)));
    }
    Number::from_f64(float).map(Value::Number)
}
