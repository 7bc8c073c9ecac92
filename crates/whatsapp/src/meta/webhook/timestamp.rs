//! Meta's timestamps: Unix seconds, mostly as strings, and not always to be believed.
//!
//! Believed are seconds from 2009 (WhatsApp's first year) until 2100. A value in the same window of *milliseconds*
//! would be past the year 40,000 as seconds, so it is certain to be milliseconds and is converted. Zero, negative
//! numbers, other years and words give `None`: the order then falls back to arrival.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// 1 January 2009, in seconds.
const EARLIEST: i64 = 1_230_768_000;
/// 1 January 2100, in seconds.
const LATEST: i64 = 4_102_444_800;

/// The time at `key`, where it can be believed.
pub(super) fn at(object: &Value, key: &str) -> Option<DateTime<Utc>> {
    let number = match object.get(key)? {
        Value::Number(number) => number.as_i64()?,
        Value::String(digits) => digits.trim().parse().ok()?,
        _ => return None,
    };
    match number {
        EARLIEST..LATEST => DateTime::from_timestamp(number, 0),
        _ if (EARLIEST * 1000..LATEST * 1000).contains(&number) => DateTime::from_timestamp_millis(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn seconds_are_read_as_numbers_and_as_strings() {
        for timestamp in [json!(1_785_400_000), json!("1785400000"), json!(" 1785400000 ")] {
            let read = at(&json!({"timestamp": timestamp}), "timestamp").unwrap();
            assert_eq!(read.to_rfc3339(), "2026-07-30T08:26:40+00:00");
        }
    }

    #[test]
    fn milliseconds_are_recognised() {
        let read = at(&json!({"timestamp": "1785400000123"}), "timestamp").unwrap();
        assert_eq!(read.to_rfc3339(), "2026-07-30T08:26:40.123+00:00");
    }

    #[test]
    fn what_cannot_be_believed_is_no_time() {
        for timestamp in [
            json!(0),
            json!("0"),
            json!(-1),
            json!("-1785400000"),
            json!(EARLIEST - 1),
            json!(LATEST),
            json!(1_785_400_000_000_000_i64),
            json!(u64::MAX),
            json!(1_785_400_000.5),
            json!("mañana"),
            json!(""),
            json!(null),
            json!([1_785_400_000]),
        ] {
            assert_eq!(at(&json!({"timestamp": timestamp.clone()}), "timestamp"), None, "{timestamp}");
        }
        assert_eq!(at(&json!({}), "timestamp"), None);
    }
}
