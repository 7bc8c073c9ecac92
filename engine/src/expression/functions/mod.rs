//! The functions that expressions may call: one table, from which the engine is filled, calls are checked and names
//! are suggested.
//!
//! Every function is pure and total: it sees its arguments only, an unset argument is an empty one where that makes
//! sense, and what it reads is paid for from the budget. To add one: a line in the table of its group.

pub(super) mod checks;
mod dates;
mod lists;
mod numbers;
pub(super) mod text;

use std::any::TypeId;

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, Position};

use super::budget;
use crate::limits;

/// Fills the engine.
pub(super) fn register(engine: &mut Engine) {
    for function in all() {
        for count in function.min..=function.max {
            let types = vec![TypeId::of::<Dynamic>(); count];
            let call = function.call;
            let name = function.name;
            engine.register_raw_fn(
                name,
                types,
                move |_, args: &mut [&mut Dynamic]| -> Result<Dynamic, Box<EvalAltResult>> {
                    let args = Args(args);
                    budget::spend(args.weight())?;
                    call(&args).map_err(|text| {
                        Box::new(EvalAltResult::ErrorRuntime(format!("{name}: {text}").into(), Position::NONE))
                    })
                },
            );
        }
    }
}

/// Whether a function has this name.
pub(crate) fn is_function(name: &str) -> bool {
    find(name).is_some()
}

/// The least and the greatest number of arguments.
pub(super) fn arity(name: &str) -> Option<(usize, usize)> {
    find(name).map(|function| (function.min, function.max))
}

/// Whether its result is true or false.
pub(super) fn is_condition(name: &str) -> Option<bool> {
    find(name).map(|function| function.condition)
}

/// Every name.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    all().map(|function| function.name)
}

fn all() -> impl Iterator<Item = &'static Function> {
    [text::TABLE, numbers::TABLE, dates::TABLE, lists::TABLE, checks::TABLE].into_iter().flatten()
}

fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// What a function gives, or why it cannot.
type Outcome = Result<Dynamic, String>;

/// One line of the table.
pub(super) struct Function {
    name: &'static str,
    min: usize,
    max: usize,
    condition: bool,
    call: fn(&Args<'_, '_>) -> Outcome,
}

/// A function that gives a value.
const fn value(name: &'static str, min: usize, max: usize, call: fn(&Args<'_, '_>) -> Outcome) -> Function {
    Function { name, min, max, condition: false, call }
}

/// A function that gives true or false.
const fn condition(name: &'static str, min: usize, max: usize, call: fn(&Args<'_, '_>) -> Outcome) -> Function {
    Function { name, min, max, condition: true, call }
}

/// The arguments of one call.
struct Args<'a, 'b>(&'a [&'b mut Dynamic]);

impl Args<'_, '_> {
    /// One more operation for every [`limits::BYTES_PER_OPERATION`] bytes and every item.
    fn weight(&self) -> u64 {
        let weigh = |arg: &Dynamic| {
            if let Some(text) = arg.read_lock::<ImmutableString>() {
                text.len() / limits::BYTES_PER_OPERATION
            } else if let Some(list) = arg.read_lock::<Array>() {
                list.len()
            } else {
                arg.read_lock::<Map>().map_or(0, |map| map.len())
            }
        };
        self.0.iter().map(|arg| weigh(arg) as u64).sum()
    }

    fn get(&self, i: usize) -> Dynamic {
        self.0.get(i).map_or(Dynamic::UNIT, |arg| (*arg).clone())
    }

    fn has(&self, i: usize) -> bool {
        self.0.get(i).is_some()
    }

    fn is_unset(&self, i: usize) -> bool {
        self.0.get(i).is_none_or(|arg| arg.is_unit())
    }

    fn is_list(&self, i: usize) -> bool {
        self.0.get(i).is_some_and(|arg| arg.is_array())
    }

    /// Text; unset is empty, numbers and booleans are written.
    fn text(&self, i: usize) -> Result<ImmutableString, String> {
        let Some(arg) = self.0.get(i) else { return Ok(ImmutableString::new()) };
        written(arg).ok_or_else(|| format!("argument {} must be text, not {}", i + 1, kind(arg)))
    }

    /// A number, or a text that is one; unset is none.
    fn maybe_number(&self, i: usize) -> Option<f64> {
        self.0.get(i).and_then(|arg| numeric(arg))
    }

    fn number(&self, i: usize) -> Result<f64, String> {
        let Some(arg) = self.0.get(i) else { return Err(format!("argument {} is missing", i + 1)) };
        numeric(arg).ok_or_else(|| format!("argument {} must be a number, not {}", i + 1, kind(arg)))
    }

    fn integer(&self, i: usize) -> Result<i64, String> {
        let number = self.number(i)?;
        if number.fract() != 0.0 || number.abs() > 1e15 {
            return Err(format!("argument {} must be a whole number", i + 1));
        }
        // Exact: the value is integral and small.
        Ok(number as i64)
    }

    /// A list; unset is empty.
    fn list(&self, i: usize) -> Result<Array, String> {
        let arg = self.get(i);
        if arg.is_unit() {
            return Ok(Array::new());
        }
        let found = kind(&arg);
        arg.into_array().map_err(|_| format!("argument {} must be a list, not {found}", i + 1))
    }

    /// An object; unset is empty.
    fn object(&self, i: usize) -> Result<Map, String> {
        let arg = self.get(i);
        if arg.is_unit() {
            return Ok(Map::new());
        }
        let found = kind(&arg);
        arg.try_cast::<Map>().ok_or_else(|| format!("argument {} must be an object, not {found}", i + 1))
    }
}

/// The word for what a value is.
fn kind(value: &Dynamic) -> &'static str {
    if value.is_unit() {
        "unset"
    } else if value.is_bool() {
        "a boolean"
    } else if value.is_int() || value.is_float() {
        "a number"
    } else if value.is_string() {
        "a text"
    } else if value.is_array() {
        "a list"
    } else {
        "an object"
    }
}

/// A simple value as text.
fn written(value: &Dynamic) -> Option<ImmutableString> {
    if value.is_unit() {
        Some(ImmutableString::new())
    } else if value.is_string() {
        value.clone().into_immutable_string().ok()
    } else if let Ok(float) = value.as_float() {
        super::value::number(float).map(|number| number.to_string().into())
    } else {
        (value.is_int() || value.is_bool() || value.is_char()).then(|| value.to_string().into())
    }
}

/// A number, or a text that reads as one with a decimal point.
fn numeric(value: &Dynamic) -> Option<f64> {
    if let Ok(integer) = value.as_int() {
        // Above 2^53 neighbours fall together, which every number of JSON does too.
        return Some(integer as f64);
    }
    if let Ok(float) = value.as_float() {
        return Some(float);
    }
    let text = value.read_lock::<ImmutableString>()?;
    let text = text.trim();
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    text.parse().ok().filter(|_| plain)
}

/// A number as an expression keeps it: integral ones are integers.
fn number(value: f64) -> Dynamic {
    if value.fract() == 0.0 && value.abs() < 9.0e15 {
        // Exact: the value is integral and below 2^53.
        Dynamic::from_int(value as i64)
    } else {
        Dynamic::from_float(value)
    }
}

/// Whether two values are equal as `==` has it: numbers by value, the rest by type and content.
fn equal(a: &Dynamic, b: &Dynamic) -> bool {
    let both = |is: fn(&Dynamic) -> bool| is(a) && is(b);
    let digits = |v: &Dynamic| v.is_int() || v.is_float();
    if both(digits) {
        return numeric(a) == numeric(b);
    }
    if both(Dynamic::is_string) || both(Dynamic::is_bool) {
        return written(a) == written(b);
    }
    both(Dynamic::is_unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_in_the_table_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for name in names() {
            assert!(seen.insert(name), "{name}");
        }
    }
}
