//! From what people write to what a variable holds, by `inputType` and language.

use chrono::Days;
use serde_json::{Value, json};

use crate::expression;
use crate::format;
use crate::input::{Message, MessageKind};
use crate::limits;
use crate::node::Check;
use crate::phone;
use crate::world::{World, plain};

/// What an input asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputType {
    Text,
    Number,
    Integer,
    Email,
    Phone,
    Date,
    Time,
    Datetime,
    YesNo,
    Choice,
    Location,
    Image,
    Audio,
    Video,
    Document,
    Media,
    Contact,
    Any,
}

impl InputType {
    /// The words in documents.
    pub(crate) const WORDS: [(&'static str, Self); 18] = [
        ("text", Self::Text),
        ("number", Self::Number),
        ("integer", Self::Integer),
        ("email", Self::Email),
        ("phone", Self::Phone),
        ("date", Self::Date),
        ("time", Self::Time),
        ("datetime", Self::Datetime),
        ("yes_no", Self::YesNo),
        ("choice", Self::Choice),
        ("location", Self::Location),
        ("image", Self::Image),
        ("audio", Self::Audio),
        ("video", Self::Video),
        ("document", Self::Document),
        ("media", Self::Media),
        ("contact", Self::Contact),
        ("any", Self::Any),
    ];
}

/// What reading came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Read {
    /// A value.
    Value(Value),
    /// Words, but not the right ones.
    Wrong,
    /// Not the kind of message that was asked for.
    WrongKind,
}

/// Reads a message. `normal` is its words, normalized.
pub(crate) fn read(kind: InputType, message: &Message, normal: &str, check: &Check, world: &World<'_>) -> Read {
    let file = |fits: bool| match &message.media {
        Some(media) if fits => Read::Value(plain(media)),
        Some(_) | None => Read::WrongKind,
    };
    match kind {
        InputType::Image => return file(message.kind == MessageKind::Image),
        InputType::Audio => return file(message.kind == MessageKind::Audio),
        InputType::Video => return file(message.kind == MessageKind::Video),
        InputType::Document => return file(message.kind == MessageKind::Document),
        InputType::Media => return file(true),
        InputType::Location => {
            return message.location.as_ref().map_or(Read::WrongKind, |location| Read::Value(plain(location)));
        }
        InputType::Contact => {
            return message
                .contacts
                .as_ref()
                .map_or(Read::WrongKind, |contacts| Read::Value(json!({ "contacts": contacts })));
        }
        InputType::Any => {
            return Read::Value(json!({
                "type": message.kind, "text": message.text, "media": message.media, "location": message.location,
            }));
        }
        InputType::Text
        | InputType::Number
        | InputType::Integer
        | InputType::Email
        | InputType::Phone
        | InputType::Date
        | InputType::Time
        | InputType::Datetime
        | InputType::YesNo
        | InputType::Choice => {}
    }
    let Some(text) = message.words().map(str::trim) else { return Read::WrongKind };
    let length = text.chars().count();
    if length == 0 || length > limits::ANSWER_CHARS {
        return Read::Wrong;
    }
    let value = match kind {
        InputType::Text => Some(Value::from(text)),
        InputType::Number => number(text, world.language),
        InputType::Integer => number(text, world.language).filter(Value::is_i64),
        InputType::Email => expression::email(text).then(|| text.to_lowercase().into()),
        InputType::Phone => {
            let country = check.country.as_deref().or(world.context.campaign.country.as_deref());
            phone::read(text, country).map(Value::from)
        }
        InputType::Date => date(text, normal, check, world).map(|date| date.format("%Y-%m-%d").to_string().into()),
        InputType::Time => time(text, check).map(|time| time.format("%H:%M").to_string().into()),
        InputType::Datetime => datetime(text, normal, check, world),
        InputType::YesNo => yes_no(normal).map(Value::Bool),
        InputType::Choice
        | InputType::Location
        | InputType::Image
        | InputType::Audio
        | InputType::Video
        | InputType::Document
        | InputType::Media
        | InputType::Contact
        | InputType::Any => None,
    };
    value.map_or(Read::Wrong, Read::Value)
}

/// A number as the language writes it. One separator with one or two digits behind it is decimal everywhere.
fn number(text: &str, language: &str) -> Option<Value> {
    let text = text.trim().trim_start_matches('$').trim_end_matches('%').trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let shape = digits.len() <= 24
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b' '));
    if !shape {
        return None;
    }
    let separators = digits.matches(['.', ',']).count();
    let last = digits.rfind(['.', ',']);
    let behind = last.map_or(0, |at| digits.len() - at - 1);
    let comma = format::comma_decimals(language);
    let (grouping, decimal) = if separators == 1 && (1..=2).contains(&behind) {
        let decimal = if digits.contains(',') { ',' } else { '.' };
        (' ', decimal)
    } else if comma {
        ('.', ',')
    } else {
        (',', '.')
    };
    let (whole, fraction) = match digits.rsplit_once(decimal) {
        Some((whole, fraction)) => (whole, fraction),
        None => (digits, ""),
    };
    if fraction.contains(['.', ',', ' ']) || whole.contains(decimal) || !grouped(whole, grouping) {
        return None;
    }
    let plain: String = whole.chars().filter(char::is_ascii_digit).collect();
    let value: f64 =
        if fraction.is_empty() { plain.parse().ok()? } else { format!("{plain}.{fraction}").parse().ok()? };
    expression::number(sign * value)
}

/// Digits in groups of three, or in none.
fn grouped(whole: &str, by: char) -> bool {
    let mut groups = whole.split([by, ' ']);
    let Some(first) = groups.next() else { return false };
    let mut grouped = false;
    for group in groups {
        grouped = true;
        if group.len() != 3 || !group.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
    }
    first.bytes().all(|b| b.is_ascii_digit()) && !first.is_empty() && (!grouped || first.len() <= 3)
}

fn yes_no(normal: &str) -> Option<bool> {
    const YES: [&str; 14] =
        ["si", "s", "ok", "dale", "claro", "yes", "y", "yep", "sim", "sip", "por supuesto", "1", "bueno", "of course"];
    const NO: [&str; 7] = ["no", "n", "nop", "nope", "nao", "nunca", "2"];
    if YES.contains(&normal) {
        Some(true)
    } else if NO.contains(&normal) {
        Some(false)
    } else {
        None
    }
}

fn date(text: &str, normal: &str, check: &Check, world: &World<'_>) -> Option<chrono::NaiveDate> {
    let today = world.local_time().date_naive();
    match normal {
        "hoy" | "today" | "hoje" => return Some(today),
        "manana" | "tomorrow" | "amanha" => return today.checked_add_days(Days::new(1)),
        "pasado manana" => return today.checked_add_days(Days::new(2)),
        _ => {}
    }
    forms(check, default_dates(world.language)).find_map(|form| format::read_date(text, form)?.0)
}

fn default_dates(language: &str) -> &'static [&'static str] {
    if format::comma_decimals(language) {
        &["d/M/yyyy", "d-M-yyyy", "d.M.yyyy", "yyyy-M-d"]
    } else {
        &["M/d/yyyy", "M-d-yyyy", "yyyy-M-d"]
    }
}

fn forms<'f>(check: &'f Check, default: &'static [&'static str]) -> Box<dyn Iterator<Item = &'f str> + 'f> {
    if check.formats.is_empty() {
        Box::new(default.iter().copied())
    } else {
        Box::new(check.formats.iter().map(String::as_str))
    }
}

fn time(text: &str, check: &Check) -> Option<chrono::NaiveTime> {
    let text = text.trim_end_matches(" h").trim_end_matches("hrs").trim();
    forms(check, &["H:m", "H.m", "H"]).find_map(|form| format::read_date(text, form)?.1)
}

/// Date and time with something between them, on the flow's clock.
fn datetime(text: &str, normal: &str, check: &Check, world: &World<'_>) -> Option<Value> {
    let both = if check.formats.is_empty() {
        let (day, at) = text.rsplit_once([' ', 'T'])?;
        let (day_words, _) = normal.rsplit_once(' ').unwrap_or((normal, ""));
        let day_words = day_words.trim_end_matches(" a las");
        date(day.trim_end_matches(" a las"), day_words, check, world).zip(time(at, check))
    } else {
        check.formats.iter().find_map(|form| {
            let (date, time) = format::read_date(text, form)?;
            date.zip(time)
        })
    };
    both.map(|(date, time)| date.and_time(time).format("%Y-%m-%dT%H:%M:%S").to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_language_writes_them() {
        let cases = [
            ("1.234", "es", Some(json!(1234))),
            ("1.234,5", "es", Some(json!(1234.5))),
            ("1,5", "es", Some(json!(1.5))),
            ("1.5", "es", Some(json!(1.5))),
            ("1,234.5", "en", Some(json!(1234.5))),
            ("1,234", "en", Some(json!(1234))),
            ("-12", "es", Some(json!(-12))),
            ("$ 19.990", "es", Some(json!(19990))),
            ("12 345", "es", Some(json!(12345))),
            ("1.23.4", "es", None),
            ("doce", "es", None),
            ("", "es", None),
            ("1e9", "es", None),
        ];
        for (text, language, expected) in cases {
            assert_eq!(number(text, language), expected, "{text}");
        }
    }

    #[test]
    fn yes_and_no_have_many_words() {
        assert_eq!(yes_no("dale"), Some(true));
        assert_eq!(yes_no("nop"), Some(false));
        assert_eq!(yes_no("quizas"), None);
    }
}
