//! Presence, text and patterns.

use rhai::{Array, Dynamic, ImmutableString};

use super::{Args, Function, Outcome, condition, equal, value, written};
use crate::words;

pub(super) const TABLE: &[Function] = &[
    condition("is_set", 1, 1, |a| Ok((!a.is_unset(0)).into())),
    condition("is_blank", 1, 1, is_blank),
    value("coalesce", 2, 5, |a| Ok((0..5).map(|i| a.get(i)).find(|v| !v.is_unit()).unwrap_or(Dynamic::UNIT))),
    value("len", 1, 1, len),
    value("lower", 1, 1, |a| Ok(a.text(0)?.to_lowercase().into())),
    value("upper", 1, 1, |a| Ok(a.text(0)?.to_uppercase().into())),
    value("trim", 1, 1, |a| Ok(a.text(0)?.trim().into())),
    value("title", 1, 1, |a| Ok(title(&a.text(0)?).into())),
    condition("contains", 2, 2, contains),
    condition("contains_any", 2, 2, contains_any),
    condition("starts_with", 2, 2, |a| Ok(folded(a, 0)?.starts_with(&folded(a, 1)?).into())),
    condition("ends_with", 2, 2, |a| Ok(folded(a, 0)?.ends_with(&folded(a, 1)?).into())),
    value("replace", 3, 3, replace),
    value("split", 2, 2, split),
    value("join", 2, 2, join),
    value("slice", 2, 3, slice),
    value("words", 1, 1, |a| {
        Ok(a.text(0)?
            .split_whitespace()
            .take(1_000)
            .map(|w: &str| Dynamic::from(w.to_owned()))
            .collect::<Array>()
            .into())
    }),
    value("word", 2, 2, word),
    value("normalize", 1, 1, |a| Ok(words::normalize(&a.text(0)?).into())),
    value("similar", 2, 2, |a| Ok(words::similarity(&a.text(0)?, &a.text(1)?).into())),
    condition("matches", 2, 2, |a| Ok(pattern(&format!("^(?:{})$", a.text(1)?))?.is_match(&a.text(0)?).into())),
    value("find", 2, 2, find),
    value("digits", 1, 1, |a| Ok(a.text(0)?.chars().filter(char::is_ascii_digit).collect::<String>().into())),
];

/// First letters of words upper, the rest lower.
pub(crate) fn title(text: &str) -> String {
    let mut start = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if start {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        start = !c.is_alphanumeric();
    }
    out
}

/// Case and accents apart, everything else kept.
fn folded(args: &Args<'_, '_>, i: usize) -> Result<String, String> {
    use unicode_normalization::UnicodeNormalization;
    let text = args.text(i)?;
    Ok(text
        .chars()
        .flat_map(char::to_lowercase)
        .nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .collect())
}

fn pattern(source: &str) -> Result<regex::Regex, String> {
    crate::pattern::cached(source)
}

fn is_blank(args: &Args<'_, '_>) -> Outcome {
    if args.is_list(0) {
        return Ok(args.list(0)?.is_empty().into());
    }
    if args.get(0).is_map() {
        return Ok(args.object(0)?.is_empty().into());
    }
    Ok(args.text(0)?.trim().is_empty().into())
}

fn len(args: &Args<'_, '_>) -> Outcome {
    let count = if args.is_list(0) {
        args.list(0)?.len()
    } else if args.get(0).is_map() {
        args.object(0)?.len()
    } else {
        args.text(0)?.chars().count()
    };
    Ok(i64::try_from(count).unwrap_or(i64::MAX).into())
}

/// Text: accents and case apart. List: an equal item. Object: a key. A range: its bounds.
fn contains(args: &Args<'_, '_>) -> Outcome {
    if args.is_list(0) {
        let item = args.get(1);
        return Ok(args.list(0)?.iter().any(|other| equal(other, &item)).into());
    }
    let first = args.get(0);
    if first.is_map() {
        return Ok(args.object(0)?.contains_key(args.text(1)?.as_str()).into());
    }
    if let Some(range) = first.clone().try_cast::<std::ops::RangeInclusive<i64>>() {
        return Ok(args.maybe_number(1).is_some_and(|n| n >= *range.start() as f64 && n <= *range.end() as f64).into());
    }
    if let Some(range) = first.try_cast::<std::ops::Range<i64>>() {
        return Ok(args.maybe_number(1).is_some_and(|n| n >= range.start as f64 && n < range.end as f64).into());
    }
    Ok(folded(args, 0)?.contains(&folded(args, 1)?).into())
}

fn contains_any(args: &Args<'_, '_>) -> Outcome {
    let text = words::normalize(&args.text(0)?);
    let found = args.list(1)?.iter().filter_map(written).any(|part| {
        let part = words::normalize(&part);
        !part.is_empty() && text.contains(&part)
    });
    Ok(found.into())
}

fn replace(args: &Args<'_, '_>) -> Outcome {
    let (text, from, to) = (args.text(0)?, args.text(1)?, args.text(2)?);
    if from.is_empty() {
        return Ok(text.into());
    }
    let grown = text.len() + text.matches(from.as_str()).count() * to.len();
    if grown > crate::limits::Limits::MAXIMA.state_bytes {
        return Err("the result would be too long".to_owned());
    }
    Ok(text.replace(from.as_str(), &to).into())
}

fn split(args: &Args<'_, '_>) -> Outcome {
    let (text, by) = (args.text(0)?, args.text(1)?);
    if by.is_empty() {
        return Err("cannot split by an empty text".to_owned());
    }
    Ok(text.split(by.as_str()).take(1_000).map(|w: &str| Dynamic::from(w.to_owned())).collect::<Array>().into())
}

fn join(args: &Args<'_, '_>) -> Outcome {
    let parts: Vec<ImmutableString> = args.list(0)?.iter().filter_map(written).collect();
    let total: usize = parts.iter().map(|part| part.len()).sum();
    let by = args.text(1)?;
    if total + by.len() * parts.len() > crate::limits::Limits::MAXIMA.state_bytes {
        return Err("the result would be too long".to_owned());
    }
    Ok(parts.join(by.as_str()).into())
}

/// `slice(text, from, n)`: characters from a position, counted from 0; negative counts from the end.
fn slice(args: &Args<'_, '_>) -> Outcome {
    let text = args.text(0)?;
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let from = args.integer(1)?;
    let from = if from < 0 { (length + from).max(0) } else { from };
    let count = if args.has(2) { args.integer(2)?.max(0) } else { length };
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    Ok(text.chars().skip(from).take(usize::try_from(count).unwrap_or(0)).collect::<String>().into())
}

/// The n-th word, counted from 1; unset when there are fewer.
fn word(args: &Args<'_, '_>) -> Outcome {
    let at = usize::try_from(args.integer(1)?).ok().and_then(|n| n.checked_sub(1));
    Ok(at
        .and_then(|at| args.text(0).ok()?.split_whitespace().nth(at).map(|w| Dynamic::from(w.to_owned())))
        .unwrap_or(Dynamic::UNIT))
}

fn find(args: &Args<'_, '_>) -> Outcome {
    let text = args.text(0)?;
    let regex = pattern(&args.text(1)?)?;
    Ok(regex.find(&text).map_or(Dynamic::UNIT, |found| found.as_str().into()))
}
