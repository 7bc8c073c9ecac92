//! Dates and times. They are ISO 8601 texts, as answers and variables keep them, so they compare as they stand; `now`
//! and `today` are values in scope, never calls.

use chrono::{Datelike, Months, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use rhai::Dynamic;

use super::{Args, Function, Outcome, condition, value};
use crate::format::{self, Moment};

pub(super) const TABLE: &[Function] = &[
    value("date", 1, 1, date),
    value("datetime", 1, 1, |a| Ok(read(a, 0)?.map_or(Dynamic::UNIT, |m| Moment { timed: true, ..m }.write().into()))),
    value("add_days", 2, 2, |a| moved(a, |at, n| at.checked_add_signed(TimeDelta::try_days(n)?))),
    value("add_hours", 2, 2, |a| moved(a, |at, n| at.checked_add_signed(TimeDelta::try_hours(n)?))),
    value("add_months", 2, 2, |a| moved(a, add_months)),
    value("days_between", 2, 2, days_between),
    value("hours_between", 2, 2, hours_between),
    value("year", 1, 1, |a| part(a, |at| i64::from(at.year()))),
    value("month", 1, 1, |a| part(a, |at| i64::from(at.month()))),
    value("day", 1, 1, |a| part(a, |at| i64::from(at.day()))),
    value("hour", 1, 1, |a| part(a, |at| i64::from(at.hour()))),
    value("minute", 1, 1, |a| part(a, |at| i64::from(at.minute()))),
    value("weekday", 1, 1, |a| part(a, |at| i64::from(at.weekday().number_from_monday()))),
    condition("is_weekend", 1, 1, |a| {
        Ok(read(a, 0)?.is_some_and(|m| m.local.weekday().number_from_monday() > 5).into())
    }),
    value("age", 1, 2, age),
    value("fmt", 2, 3, fmt),
];

/// A moment, none if unset; a text that is none is an error that says so.
fn read(args: &Args<'_, '_>, i: usize) -> Result<Option<Moment>, String> {
    let text = args.text(i)?;
    if text.is_empty() {
        return Ok(None);
    }
    Moment::read(&text).map(Some).ok_or_else(|| "this is no date; dates look like 2026-11-24".to_owned())
}

fn date(args: &Args<'_, '_>) -> Outcome {
    let day = |m: Moment| Moment { local: m.local.date().and_time(NaiveTime::MIN), offset: None, timed: false };
    Ok(read(args, 0)?.map_or(Dynamic::UNIT, |m| day(m).write().into()))
}

fn moved(args: &Args<'_, '_>, by: fn(NaiveDateTime, i64) -> Option<NaiveDateTime>) -> Outcome {
    let amount = args.integer(1)?;
    if amount.abs() > 1_000_000 {
        return Err("that is too far away".to_owned());
    }
    let Some(at) = read(args, 0)? else { return Ok(Dynamic::UNIT) };
    let to = by(at.local, amount).ok_or("that is too far away")?;
    Ok(Moment { timed: at.timed || to.time() != NaiveTime::MIN, ..at.moved(to) }.write().into())
}

fn add_months(at: NaiveDateTime, months: i64) -> Option<NaiveDateTime> {
    let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { at.checked_sub_months(count) } else { at.checked_add_months(count) }
}

/// Whole days from the first date to the second.
fn days_between(args: &Args<'_, '_>) -> Outcome {
    Ok(match (read(args, 0)?, read(args, 1)?) {
        (Some(a), Some(b)) => (b.local.date() - a.local.date()).num_days().into(),
        _ => Dynamic::UNIT,
    })
}

fn hours_between(args: &Args<'_, '_>) -> Outcome {
    Ok(match (read(args, 0)?, read(args, 1)?) {
        (Some(a), Some(b)) => ((b.seconds() - a.seconds()) / 3_600).into(),
        _ => Dynamic::UNIT,
    })
}

fn part(args: &Args<'_, '_>, of: fn(NaiveDateTime) -> i64) -> Outcome {
    Ok(read(args, 0)?.map_or(Dynamic::UNIT, |m| of(m.local).into()))
}

/// `age(date, today)`: whole years. Without the second argument nothing can be said, for functions see no clock.
fn age(args: &Args<'_, '_>) -> Outcome {
    if !args.has(1) {
        return Err("say until when: age(fecha, today)".to_owned());
    }
    let (Some(born), Some(until)) = (read(args, 0)?, read(args, 1)?) else { return Ok(Dynamic::UNIT) };
    Ok(until.local.date().years_since(born.local.date()).map_or(Dynamic::UNIT, |years| i64::from(years).into()))
}

/// `fmt(date, "dd/MM/yyyy")`, with a language as third argument for the names of months.
fn fmt(args: &Args<'_, '_>) -> Outcome {
    let language = args.text(2)?;
    let language = if language.is_empty() { "es" } else { language.as_str() };
    let pattern = args.text(1)?;
    if pattern.len() > 100 {
        return Err("the pattern is too long".to_owned());
    }
    Ok(read(args, 0)?.map_or(Dynamic::UNIT, |m| format::date(m, &pattern, language).into()))
}
