//! What JSON may say and nobody after it can hold: half a surrogate pair, and NUL.

use std::borrow::Cow;

/// Makes a JSON body storable before it is parsed.
///
/// Escapes of lone surrogates (`\ud800` without its other half) become `\ufffd`; `\u0000` and raw NUL bytes are
/// dropped, since PostgreSQL's text refuses them. Whole pairs stay, and an escaped backslash (`\\ud800`) is no escape
/// of a surrogate. From the first malformed escape on the bytes stay as they are: they do not parse, whatever is done
/// to them, and must not be made to.
#[must_use]
pub fn clean(body: &[u8]) -> Cow<'_, [u8]> {
    if body.contains(&0) {
        let without: Vec<u8> = body.iter().copied().filter(|byte| *byte != 0).collect();
        return Cow::Owned(clean_escapes(&without).into_owned());
    }
    clean_escapes(body)
}

fn clean_escapes(body: &[u8]) -> Cow<'_, [u8]> {
    let mut cleaned = Vec::new();
    // What lies before `copied` is in `cleaned` already, or was dropped.
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = body.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        let start = at + found;
        if body.get(start + 1) != Some(&b'u') {
            at = start + 2;
            continue;
        }
        let Some(unit) = unit(body, start) else { break };
        let replacement: &[u8] = match unit {
            0xD800..=0xDBFF if matches!(self::unit(body, start + 6), Some(0xDC00..=0xDFFF)) => {
                at = start + 12;
                continue;
            }
            0xD800..=0xDFFF => br"\ufffd",
            0 => b"",
            _ => {
                at = start + 6;
                continue;
            }
        };
        cleaned.extend_from_slice(body.get(copied..start).unwrap_or_default());
        cleaned.extend_from_slice(replacement);
        at = start + 6;
        copied = at;
    }
    if copied == 0 {
        return Cow::Borrowed(body);
    }
    cleaned.extend_from_slice(body.get(copied..).unwrap_or_default());
    Cow::Owned(cleaned)
}

/// The UTF-16 unit of the escape `\uXXXX` at `start`, if there is one.
fn unit(body: &[u8], start: usize) -> Option<u16> {
    let digits = body.get(start..start + 6)?.strip_prefix(br"\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | u16::try_from(char::from(*digit).to_digit(16)?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn cleaned(body: &str) -> String {
        String::from_utf8(clean(body.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        assert_eq!(cleaned(r#"["\ud800"]"#), r#"["\ufffd"]"#);
        assert_eq!(cleaned(r#"["\uDC00x"]"#), r#"["\ufffdx"]"#);
        assert_eq!(cleaned(r#"["\ud800\ud83d\ude00"]"#), r#"["\ufffd\ud83d\ude00"]"#);
        assert_eq!(cleaned(r#"["\ud83d\u0000\ude00"]"#), r#"["\ufffd\ufffd"]"#);
        assert_eq!(cleaned(r#"["\ud83d\n\ude00"]"#), r#"["\ufffd\n\ufffd"]"#);
    }

    #[test]
    fn whole_pairs_and_escaped_backslashes_stay() {
        for body in [r#"["\ud83d\ude00"]"#, r#"["\\ud800"]"#, r#"["\\\\u0000"]"#, r#"["\u00e9\/\n"]"#, "", "{}"] {
            assert!(matches!(clean(body.as_bytes()), Cow::Borrowed(same) if same == body.as_bytes()), "{body}");
        }
        assert_eq!(cleaned(r#"["\\\ud800"]"#), r#"["\\\ufffd"]"#, "an escaped backslash, then a lone surrogate");
    }

    #[test]
    fn nul_is_dropped_written_and_raw() {
        assert_eq!(cleaned(r#"{"a\u0000":"\u0000b"}"#), r#"{"a":"b"}"#);
        assert_eq!(cleaned("[\"a\0b\"]\0"), r#"["ab"]"#);
        assert_eq!(cleaned("[\"\\\0u0000\"]"), r#"[""]"#, "raw NULs go first, so none can hide an escape");
    }

    #[test]
    fn a_malformed_escape_is_left_for_the_parser_to_refuse() {
        for body in [r#"["\u00"]"#, r#"["\u00\u000000"]"#, r#"["\uzzzz\ud800"]"#, "[\"\\", r#"["\ud800\u12"]"#] {
            let body = clean(body.as_bytes());
            assert!(serde_json::from_slice::<Value>(&body).is_err(), "{}", String::from_utf8_lossy(&body));
        }
    }

    /// Pieces of JSON strings, dangerous ones often, put together in every order.
    fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
        let piece = prop::sample::select(vec![
            r"\ud800", r"\udfff", r"\uD83D", r"\uDe00", r"\u0000", r"\\", r"\u0041", r"\n", r#"\""#, "u0000", "ud800",
            "a", "é", "\0",
        ]);
        prop::collection::vec(piece, 0..24)
    }

    proptest! {
        #[test]
        fn every_string_parses_after_cleaning_and_holds_no_nul(pieces in pieces()) {
            let body = format!("[\"{}\"]", pieces.concat());
            let once = clean(body.as_bytes()).into_owned();
            let value: Value = serde_json::from_slice(&once).unwrap();
            prop_assert!(!value[0].as_str().unwrap().contains('\0'));
            let twice = clean(&once);
            prop_assert_eq!(twice.as_ref(), once.as_slice());
        }

        #[test]
        fn what_says_the_same_without_us_is_not_touched(text in any::<String>()) {
            let text = text.replace('\0', "");
            let body = serde_json::to_vec(&text).unwrap();
            let cleaned = clean(&body);
            prop_assert_eq!(cleaned.as_ref(), body.as_slice());
        }

        #[test]
        fn the_meaning_is_that_of_a_lossy_reader(units in prop::collection::vec(
            prop_oneof![Just(0_u16), 0xD7F0_u16..0xE010, any::<u16>()], 0..24))
        {
            let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let value: Value = serde_json::from_slice(&clean(format!("\"{escapes}\"").as_bytes())).unwrap();
            let expected = String::from_utf16_lossy(&units).replace('\0', "");
            prop_assert_eq!(value.as_str().unwrap(), expected);
        }

        #[test]
        fn no_bytes_make_it_panic(body in any::<Vec<u8>>()) {
            let _ = clean(&body);
        }
    }
}
