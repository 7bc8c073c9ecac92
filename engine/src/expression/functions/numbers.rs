//! Numbers.

use rhai::Dynamic;

use super::{Args, Function, Outcome, number, value};

pub(super) const TABLE: &[Function] = &[
    value("num", 1, 1, |a| Ok(a.maybe_number(0).map_or(Dynamic::UNIT, number))),
    value("int", 1, 1, |a| Ok(a.maybe_number(0).map_or(Dynamic::UNIT, |n| number(n.trunc())))),
    value("round", 1, 2, round),
    value("floor", 1, 1, |a| Ok(number(a.number(0)?.floor()))),
    value("ceil", 1, 1, |a| Ok(number(a.number(0)?.ceil()))),
    value("abs", 1, 1, |a| Ok(number(a.number(0)?.abs()))),
    value("min", 1, 5, |a| extreme(a, f64::min)),
    value("max", 1, 5, |a| extreme(a, f64::max)),
    value("clamp", 3, 3, |a| Ok(number(a.number(0)?.max(a.number(1)?).min(a.number(2)?)))),
    value("percent", 2, 2, percent),
];

fn round(args: &Args<'_, '_>) -> Outcome {
    let value = args.number(0)?;
    let places = if args.has(1) { args.integer(1)?.clamp(0, 12) } else { 0 };
    let factor = 10f64.powi(i32::try_from(places).unwrap_or(0));
    let rounded = (value * factor).round() / factor;
    Ok(number(if rounded.is_finite() { rounded } else { value }))
}

/// Of the arguments, or of a list's numbers; unset of an empty list.
fn extreme(args: &Args<'_, '_>, choose: fn(f64, f64) -> f64) -> Outcome {
    if args.is_list(0) {
        let numbers = args.list(0)?;
        let best = numbers.iter().filter_map(super::numeric).reduce(choose);
        return Ok(best.map_or(Dynamic::UNIT, number));
    }
    let mut best = args.number(0)?;
    for i in 1..args.0.len() {
        best = choose(best, args.number(i)?);
    }
    Ok(number(best))
}

/// How many per cent the first is of the second; unset when the second is zero.
fn percent(args: &Args<'_, '_>) -> Outcome {
    let (part, whole) = (args.number(0)?, args.number(1)?);
    Ok(if whole == 0.0 { Dynamic::UNIT } else { number(part * 100.0 / whole) })
}
