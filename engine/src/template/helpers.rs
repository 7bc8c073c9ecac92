//! The helpers of texts: one table, from which the registry is filled and names are checked.

use handlebars::{Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason, ScopedJson};
use serde_json::Value;

use super::LANGUAGE;
use crate::format::{self, Moment};
use crate::phone;

/// Blocks, all of them handlebars' own.
const BLOCKS: [&str; 4] = ["if", "unless", "each", "with"];

/// Comparisons, handlebars' own.
const COMPARISONS: [&str; 9] = ["eq", "ne", "lt", "lte", "gt", "gte", "and", "or", "not"];

/// What a helper does.
type Act = fn(&Call<'_>) -> Value;

const TABLE: &[(&str, Act)] = &[
    ("default", default),
    ("upper", |c| c.text(0).to_uppercase().into()),
    ("lower", |c| c.text(0).to_lowercase().into()),
    ("title", |c| crate::expression::title(&c.text(0)).into()),
    ("trim", |c| c.text(0).trim().into()),
    ("truncate", truncate),
    ("first_word", |c| c.text(0).split_whitespace().next().unwrap_or_default().into()),
    ("number", |c| c.number(0).map_or_else(String::new, |n| format::number(n, c.count(1), c.language)).into()),
    ("money", |c| c.number(0).map_or_else(String::new, |n| format::money(n, &c.text(1), c.language)).into()),
    ("percent", |c| {
        c.number(0).map_or_else(String::new, |n| format!("{} %", format::number(n, c.count(1), c.language))).into()
    }),
    ("date", |c| dated(c, if format::comma_decimals(c.language) { "dd/MM/yyyy" } else { "MM/dd/yyyy" })),
    ("time", |c| dated(c, "HH:mm")),
    ("datetime", |c| {
        dated(c, if format::comma_decimals(c.language) { "dd/MM/yyyy HH:mm" } else { "MM/dd/yyyy HH:mm" })
    }),
    ("ago", ago),
    ("plural", |c| c.text(if c.number(0) == Some(1.0) { 1 } else { 2 }).into()),
    ("join", join),
    ("len", len),
    ("urlencode", |c| urlencode(&c.text(0)).into()),
    ("json", |c| c.value(0).to_string().into()),
    ("phone", |c| phone::spaced(&c.text(0)).into()),
    ("mask", mask),
];

/// Whether a name is a helper that may stand in a tag.
pub(super) fn is_inline(name: &str) -> bool {
    COMPARISONS.contains(&name) || TABLE.iter().any(|(known, _)| *known == name)
}

/// Whether a name is a helper that opens a block.
pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name)
}

/// Every name, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    BLOCKS.into_iter().chain(COMPARISONS).chain(TABLE.iter().map(|(name, _)| *name))
}

/// Fills the registry.
pub(super) fn register(registry: &mut Handlebars<'static>) {
    for (name, call) in TABLE {
        registry.register_helper(name, Box::new(Plain { name, call: *call }));
    }
}

/// A helper that gives a value and touches nothing.
struct Plain {
    name: &'static str,
    call: Act,
}

impl HelperDef for Plain {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        if helper.param(0).is_none_or(|first| first.is_value_missing()) {
            return Err(RenderErrorReason::ParamNotFoundForIndex(self.name, 0).into());
        }
        let data = context.data();
        let call = Call {
            parameters: helper.params().iter().map(|p| p.value()).collect(),
            language: data.get(LANGUAGE).and_then(Value::as_str).unwrap_or("es"),
            now: data.get("now").and_then(Value::as_str).unwrap_or_default(),
        };
        Ok(ScopedJson::Derived((self.call)(&call)))
    }
}

/// One call: its parameters, and what depends on the run.
struct Call<'c> {
    parameters: Vec<&'c Value>,
    language: &'c str,
    now: &'c str,
}

impl Call<'_> {
    fn value(&self, i: usize) -> &Value {
        self.parameters.get(i).copied().unwrap_or(&Value::Null)
    }

    fn text(&self, i: usize) -> String {
        written(self.value(i))
    }

    fn number(&self, i: usize) -> Option<f64> {
        let value = self.value(i);
        value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    fn count(&self, i: usize) -> Option<usize> {
        self.value(i).as_u64().and_then(|n| usize::try_from(n).ok())
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn default(call: &Call<'_>) -> Value {
    let first = call.value(0);
    let empty = first.is_null() || first.as_str().is_some_and(|text| text.trim().is_empty());
    if empty { call.value(1).clone() } else { first.clone() }
}

fn truncate(call: &Call<'_>) -> Value {
    let text = call.text(0);
    let most = call.count(1).unwrap_or(usize::MAX);
    if text.chars().count() <= most {
        return text.into();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut.into()
}

fn dated(call: &Call<'_>, usual: &str) -> Value {
    let pattern = call.text(1);
    let pattern = if pattern.is_empty() { usual } else { pattern.as_str() };
    Moment::read(&call.text(0)).map_or_else(|| call.text(0), |at| format::date(at, pattern, call.language)).into()
}

/// How long ago, in the largest whole unit.
fn ago(call: &Call<'_>) -> Value {
    let (Some(then), Some(now)) = (Moment::read(&call.text(0)), Moment::read(call.now)) else { return "".into() };
    let seconds = (now.seconds() - then.seconds()).max(0);
    let (count, unit) = match seconds {
        0..60 => (seconds, 0),
        60..3_600 => (seconds / 60, 1),
        3_600..86_400 => (seconds / 3_600, 2),
        _ => (seconds / 86_400, 3),
    };
    let (words, before, after): ([(&str, &str); 4], &str, &str) = match format::base(call.language) {
        "en" => ([("second", "seconds"), ("minute", "minutes"), ("hour", "hours"), ("day", "days")], "", " ago"),
        "pt" => ([("segundo", "segundos"), ("minuto", "minutos"), ("hora", "horas"), ("dia", "dias")], "há ", ""),
        _ => ([("segundo", "segundos"), ("minuto", "minutos"), ("hora", "horas"), ("día", "días")], "hace ", ""),
    };
    let (one, many) = words.get(unit).copied().unwrap_or_default();
    format!("{before}{count} {}{after}", if count == 1 { one } else { many }).into()
}

fn join(call: &Call<'_>) -> Value {
    let by = if call.parameters.len() > 1 { call.text(1) } else { ", ".to_owned() };
    match call.value(0) {
        Value::Array(items) => items.iter().map(written).collect::<Vec<_>>().join(&by).into(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            written(other).into()
        }
    }
}

fn len(call: &Call<'_>) -> Value {
    match call.value(0) {
        Value::Array(items) => items.len().into(),
        Value::Object(map) => map.len().into(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            written(other).chars().count().into()
        }
    }
}

/// RFC 3986: everything but letters, digits and `-._~` is escaped.
fn urlencode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// All but the last characters hidden.
fn mask(call: &Call<'_>) -> Value {
    let text = call.text(0);
    let hidden = text.chars().count().saturating_sub(call.count(1).unwrap_or(4));
    text.chars().enumerate().map(|(i, c)| if i < hidden { '•' } else { c }).collect::<String>().into()
}
