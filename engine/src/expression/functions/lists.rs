//! Lists, objects, and the tags of contacts and chats.

use rhai::{Array, Dynamic, ImmutableString, Map};

use super::{Args, Function, Outcome, condition, equal, number, numeric, value, written};

pub(super) const TABLE: &[Function] = &[
    value("first", 1, 1, |a| Ok(a.list(0)?.into_iter().next().unwrap_or(Dynamic::UNIT))),
    value("last", 1, 1, |a| Ok(a.list(0)?.pop().unwrap_or(Dynamic::UNIT))),
    value("at", 2, 2, at),
    value("sum", 1, 2, sum),
    value("count_where", 3, 3, |a| Ok(i64::try_from(matching(a)?.len()).unwrap_or(i64::MAX).into())),
    value("find_where", 3, 3, |a| Ok(matching(a)?.into_iter().next().unwrap_or(Dynamic::UNIT))),
    value("pluck", 2, 2, pluck),
    condition("has_key", 2, 2, |a| Ok(a.object(0)?.contains_key(a.text(1)?.as_str()).into())),
    value("get", 2, 3, get),
    condition("has_tag", 2, 2, |a| Ok(has_any(&tags(a)?, &[a.text(1)?]).into())),
    condition("has_any_tag", 2, 2, |a| {
        let wanted: Vec<_> = a.list(1)?.iter().filter_map(written).collect();
        Ok(has_any(&tags(a)?, &wanted).into())
    }),
];

/// An item by its place, counted from 0; negative counts from the end; unset when there is none.
fn at(args: &Args<'_, '_>) -> Outcome {
    let list = args.list(0)?;
    let place = args.integer(1)?;
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let place = usize::try_from(if place < 0 { length + place } else { place }).ok();
    Ok(place.and_then(|place| list.into_iter().nth(place)).unwrap_or(Dynamic::UNIT))
}

fn field(item: &Dynamic, name: &str) -> Dynamic {
    item.read_lock::<Map>().and_then(|map| map.get(name).cloned()).unwrap_or(Dynamic::UNIT)
}

/// Of a list of numbers, or of a field of its objects; what is no number counts as none.
fn sum(args: &Args<'_, '_>) -> Outcome {
    let list = args.list(0)?;
    let name = args.text(1)?;
    let total = list
        .iter()
        .filter_map(|item| if args.has(1) { numeric(&field(item, &name)) } else { numeric(item) })
        .sum::<f64>();
    Ok(number(total))
}

fn matching(args: &Args<'_, '_>) -> Result<Array, String> {
    let (name, wanted) = (args.text(1)?, args.get(2));
    Ok(args.list(0)?.into_iter().filter(|item| equal(&field(item, &name), &wanted)).collect())
}

fn pluck(args: &Args<'_, '_>) -> Outcome {
    let name = args.text(1)?;
    Ok(args.list(0)?.iter().map(|item| field(item, &name)).collect::<Array>().into())
}

/// `get(object, "a.b", otherwise)`: a value deep inside, or the third argument.
fn get(args: &Args<'_, '_>) -> Outcome {
    let path = args.text(1)?;
    let mut value = args.get(0);
    for part in path.split('.') {
        let place = part.parse::<usize>().ok();
        let item = match place {
            Some(place) if value.is_array() => {
                value.read_lock::<Array>().and_then(|list| list.get(place).cloned()).unwrap_or(Dynamic::UNIT)
            }
            Some(_) | None => field(&value, part),
        };
        value = item;
    }
    Ok(if value.is_unit() { args.get(2) } else { value })
}

fn tags(args: &Args<'_, '_>) -> Result<Vec<ImmutableString>, String> {
    let list = field(&args.object(0)?.into(), "tags");
    Ok(list.read_lock::<Array>().map(|tags| tags.iter().filter_map(written).collect()).unwrap_or_default())
}

fn has_any(tags: &[ImmutableString], wanted: &[ImmutableString]) -> bool {
    wanted.iter().any(|tag| tags.contains(tag))
}
