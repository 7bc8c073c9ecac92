//! Reads the lines of a talk.

use chrono::{DateTime, NaiveTime, Utc};
use serde_json::Value;

use super::{Failure, Fields, Line, Queue, Talk, spaced};
use crate::calendar::{Calendar, Open};
use crate::context::{Contact, TurnContext};

/// A Tuesday, eleven in the morning in Mexico City.
const NOW: i64 = 1_795_539_600;

/// When a talk begins that does not say when.
pub(super) fn default_now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap_or_default()
}

/// Reads a talk.
pub(super) fn parse(text: &str) -> Result<Talk, Vec<Failure>> {
    let mut talk = Talk { flow: None, lines: Vec::new() };
    let mut failures = Vec::new();
    for (number, raw) in (1..).zip(text.lines()) {
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(flow) = line.strip_prefix("flow ") {
            talk.flow = Some(flow.trim().to_owned());
            continue;
        }
        match read(line) {
            Some(read) => talk.lines.push((number, read)),
            None => failures.push(Failure { line: number, what: format!("`{line}` is no line of a talk") }),
        }
    }
    if failures.is_empty() { Ok(talk) } else { Err(failures) }
}

fn read(line: &str) -> Option<Line> {
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    Some(match first {
        "now" => Line::Now(rest.parse().ok()?),
        "contact" => Line::Contact(fields(rest)?),
        "company" => Line::Company(fields(rest)?),
        "campaign" => Line::Campaign(fields(rest)?),
        "hours" => {
            let (span, zone) = rest.split_once(' ').unwrap_or((rest, "UTC"));
            let (from, to) = span.split_once('-')?;
            let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
            Line::Hours { from: time(from)?, to: time(to)?, zone: zone.trim().to_owned() }
        }
        "channel" => Line::Channel { interactive: one_of(rest, &[("text", false), ("interactive", true)])? },
        "queue" => {
            let queues =
                [("open", Queue::Open), ("closed", Queue::Closed), ("full", Queue::Full), ("empty", Queue::Empty)];
            Line::Queue(one_of(rest, &queues)?)
        }
        "start" => {
            let (at, vars) = fields(rest)?.into_iter().partition::<Vec<_>, _>(|(key, _)| key == "at");
            Line::Start { at: at.first().map(|(_, node)| word(node)), vars }
        }
        ">" => match (inside(rest, '[', ']'), inside(rest, '(', ')')) {
            (Some(option), _) => Line::Tap(option.to_owned()),
            (None, Some(kind)) => Line::File(kind.to_owned()),
            (None, None) => Line::Say(rest.to_owned()),
        },
        ">>" => Line::SayEarly(rest.to_owned()),
        "<" => hear(rest),
        "fails" => Line::Fails(Some(rest).filter(|node| !node.is_empty())?.to_owned()),
        "~" => Line::Wait(distance(rest)?),
        "!" => {
            let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            Line::Effect { name: Some(name).filter(|name| !name.is_empty())?.to_owned(), fields: fields(rest)? }
        }
        "=" => {
            let (name, value) = rest.split_once(char::is_whitespace)?;
            Line::Variable { name: name.to_owned(), value: value_of(value.trim()) }
        }
        "@" => Line::At(Some(rest).filter(|node| !node.is_empty())?.to_owned()),
        "." => Line::Ended(Some(rest).filter(|outcome| !outcome.is_empty())?.to_owned()),
        _ => return None,
    })
}

fn one_of<T: Copy>(word: &str, words: &[(&str, T)]) -> Option<T> {
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

fn inside(text: &str, open: char, close: char) -> Option<&str> {
    text.strip_prefix(open)?.strip_suffix(close).filter(|inner| !inner.contains([open, close]))
}

/// `text  [A] [B]`: the options at the end are those in brackets.
fn hear(text: &str) -> Line {
    let mut rest = text.trim_end();
    let mut options = Vec::new();
    while let Some(inner) = rest.strip_suffix(']') {
        let Some((before, option)) = inner.rsplit_once('[') else { break };
        if !before.is_empty() && !before.ends_with(char::is_whitespace) {
            break;
        }
        options.push(option.to_owned());
        rest = before.trim_end();
    }
    options.reverse();
    Line::Hear { text: spaced(rest), options }
}

/// `30s`, `10m`, `2h`, `1d`, `1h30m`, in seconds.
fn distance(text: &str) -> Option<u64> {
    let mut total = 0u64;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let seconds = one_of(&c.to_string(), &[("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)])?;
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(seconds)?)?;
        digits.clear();
    }
    (digits.is_empty() && total > 0).then_some(total)
}

/// `a=1 b="two words" c=word`.
fn fields(text: &str) -> Option<Fields> {
    let mut fields = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, tail) = rest.split_once('=')?;
        if key.is_empty() || key.contains(char::is_whitespace) {
            return None;
        }
        let mut json = serde_json::Deserializer::from_str(tail).into_iter::<Value>();
        let whole = json.next().and_then(Result::ok).map(|value| (value, json.byte_offset()));
        let ends =
            |at: usize| tail.get(at..).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        let (value, end) = whole.filter(|(_, at)| ends(*at)).unwrap_or_else(|| {
            let end = tail.find(char::is_whitespace).unwrap_or(tail.len());
            (tail.get(..end).unwrap_or_default().into(), end)
        });
        fields.push((key.to_owned(), value));
        let tail = tail.get(end..).unwrap_or_default();
        rest = tail.trim_start();
    }
    Some(fields)
}

/// JSON, or else a word.
fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// A value as a word.
pub(super) fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Puts what is known of the client into the scene.
pub(super) fn contact(contact: &mut Contact, fields: &Fields) {
    for (key, value) in fields {
        let text = word(value);
        match key.as_str() {
            "id" => contact.id = text,
            "name" => contact.name = Some(text),
            "phone" => contact.phone = Some(text),
            "email" => contact.email = Some(text),
            "city" => contact.city = Some(text),
            "country" => contact.country = Some(text),
            "company" => contact.company = Some(text),
            "language" => contact.language = Some(text),
            "lead_status" => contact.lead_status = Some(text),
            "tags" => contact.tags = text.split(',').map(str::to_owned).collect(),
            _ => {
                contact.fields.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Opening hours from Monday to Friday.
pub(super) fn office(context: &mut TurnContext, from: NaiveTime, to: NaiveTime, zone: &str) {
    let day = vec![Open { from, to }];
    let calendar = Calendar { timezone: zone.to_owned(), week: vec![day; 5], ..Calendar::default() };
    context.timezone = zone.to_owned();
    context.calendars.insert("office".to_owned(), calendar);
    context.campaign.calendar = Some("office".to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_that_is_none_is_reported() {
        let failures = parse("> hola\nhola\n~ 10x\n< ok\n= x\n. ").unwrap_err();
        assert_eq!(failures.iter().map(|f| f.line).collect::<Vec<_>>(), [2, 3, 5, 6]);
    }

    #[test]
    fn options_stand_in_brackets_at_the_end() {
        let Line::Hear { text, options } = hear("¿Cuál [1 o 2]  te sirve?  [Uno] [Dos y medio]") else { panic!() };
        assert_eq!(text, "¿Cuál [1 o 2] te sirve?");
        assert_eq!(options, ["Uno", "Dos y medio"]);
    }

    #[test]
    fn distances_add_up() {
        assert_eq!(distance("1h30m"), Some(5_400));
        assert_eq!(distance("2d"), Some(172_800));
        assert_eq!(distance("5"), None);
        assert_eq!(distance(""), None);
    }

    #[test]
    fn fields_are_json_or_words() {
        let read = fields(r#"a=1 b="dos \"palabras\"" c=palabra d=true"#).unwrap();
        let expected =
            [("a", Value::from(1)), ("b", "dos \"palabras\"".into()), ("c", "palabra".into()), ("d", true.into())];
        assert_eq!(read, expected.map(|(k, v)| (k.to_owned(), v)));
        assert_eq!(fields("=1"), None);
    }

    #[test]
    fn a_talk_that_does_not_say_when_begins_on_a_working_day() {
        assert_eq!(default_now().to_rfc3339(), "2026-11-24T17:00:00+00:00");
    }
}
