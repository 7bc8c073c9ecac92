//! Numbers, money, dates and durations as people write them, by language.
//!
//! Used by the helpers of texts, the functions of expressions and the parsing of answers, so that all three agree.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

/// The language part of a tag: `pt` of `pt-BR`.
pub(crate) fn base(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or(language)
}

/// Whether a language writes `1.234,5` rather than `1,234.5`.
pub(crate) fn comma_decimals(language: &str) -> bool {
    base(language) != "en"
}

/// A number with grouping and a fixed count of decimals, or as many as it has (at most six).
pub(crate) fn number(value: f64, decimals: Option<usize>, language: &str) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let mut text = format!("{:.*}", decimals.unwrap_or(6).min(12), value.abs());
    if decimals.is_none() && text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (group, point) = if comma_decimals(language) { ('.', ',') } else { (',', '.') };
    let mut out = String::with_capacity(text.len() + 6);
    let zero = text.bytes().all(|b| b == b'0' || b == b'.');
    if value < 0.0 && !zero {
        out.push('-');
    }
    let digits = whole.len();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (digits - i).is_multiple_of(3) {
            out.push(group);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(point);
        out.push_str(fraction);
    }
    out
}

/// An amount in a currency, by its ISO code.
pub(crate) fn money(value: f64, currency: &str, language: &str) -> String {
    let (sign, decimals) = match currency {
        "CLP" | "PYG" | "COP" => ("$", 0),
        "MXN" | "ARS" | "USD" | "UYU" => ("$", 2),
        "EUR" => ("€", 2),
        "BRL" => ("R$ ", 2),
        "PEN" => ("S/ ", 2),
        _ => ("", 2),
    };
    let amount = number(value.abs(), Some(decimals), language);
    let minus = if value < 0.0 { "-" } else { "" };
    match (currency, sign) {
        ("USD", _) if base(language) != "en" => format!("{minus}US${amount}"),
        ("EUR", _) if base(language) != "en" => format!("{minus}{amount} €"),
        (_, "") => format!("{minus}{amount} {currency}"),
        _ => format!("{minus}{sign}{amount}"),
    }
}

/// A moment, or as much of one as a text says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    /// Date and time as the text has them.
    pub(crate) local: NaiveDateTime,
    /// Its distance from UTC, where the text says it.
    pub(crate) offset: Option<FixedOffset>,
    /// Whether the text has a time.
    pub(crate) timed: bool,
}

impl Moment {
    /// Reads ISO 8601: a date, or date and time with or without offset.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > 40 {
            return None;
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Some(Self { local: at.naive_local(), offset: Some(*at.offset()), timed: true });
        }
        if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Some(Self { local: date.and_time(NaiveTime::MIN), offset: None, timed: false });
        }
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|local| Self { local, offset: None, timed: true })
    }

    /// The same moment, moved.
    pub(crate) fn moved(self, local: NaiveDateTime) -> Self {
        Self { local, ..self }
    }

    /// Seconds since the epoch; without an offset the text's own clock counts as UTC.
    pub(crate) fn seconds(self) -> i64 {
        self.local.and_utc().timestamp() - self.offset.map_or(0, |o| i64::from(o.local_minus_utc()))
    }

    /// ISO 8601 again, as precise as it was read.
    pub(crate) fn write(self) -> String {
        match (self.timed, self.offset) {
            (false, _) => self.local.format("%Y-%m-%d").to_string(),
            (true, None) => self.local.format("%Y-%m-%dT%H:%M:%S").to_string(),
            (true, Some(offset)) => {
                let at = self.local.and_local_timezone(offset).earliest();
                at.map_or_else(String::new, |at| at.to_rfc3339())
            }
        }
    }
}

const MONTHS: [(&str, [&str; 12]); 3] = [
    (
        "es",
        [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
    ),
    (
        "pt",
        [
            "janeiro",
            "fevereiro",
            "março",
            "abril",
            "maio",
            "junho",
            "julho",
            "agosto",
            "setembro",
            "outubro",
            "novembro",
            "dezembro",
        ],
    ),
    (
        "en",
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    ),
];

/// A month's name.
fn month(month: u32, language: &str) -> &'static str {
    let names = MONTHS.iter().find(|(l, _)| *l == base(language)).or(MONTHS.first());
    names.and_then(|(_, names)| names.get(month.saturating_sub(1) as usize)).copied().unwrap_or_default()
}

/// A moment in a pattern of `d dd M MM MMMM yy yyyy H HH h mm ss a`; other letters stand for themselves.
pub(crate) fn date(at: Moment, pattern: &str, language: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut count = 1;
        while letters.next_if_eq(&letter).is_some() {
            count += 1;
        }
        let twelve = match at.local.hour() % 12 {
            0 => 12,
            hour => hour,
        };
        match (letter, count) {
            ('d', 1) => out.push_str(&at.local.day().to_string()),
            ('d', _) => out.push_str(&format!("{:02}", at.local.day())),
            ('M', 1) => out.push_str(&at.local.month().to_string()),
            ('M', 2) => out.push_str(&format!("{:02}", at.local.month())),
            ('M', _) => out.push_str(month(at.local.month(), language)),
            ('y', 2) => out.push_str(&format!("{:02}", at.local.year().rem_euclid(100))),
            ('y', _) => out.push_str(&format!("{:04}", at.local.year())),
            ('H', 1) => out.push_str(&at.local.hour().to_string()),
            ('H', _) => out.push_str(&format!("{:02}", at.local.hour())),
            ('h', _) => out.push_str(&twelve.to_string()),
            ('m', _) => out.push_str(&format!("{:02}", at.local.minute())),
            ('s', _) => out.push_str(&format!("{:02}", at.local.second())),
            ('a', _) => out.push_str(if at.local.hour() < 12 { "a. m." } else { "p. m." }),
            (other, count) => out.extend(std::iter::repeat_n(other, count)),
        }
    }
    out
}

/// Reads a text by a pattern of `d dd M MM yyyy H HH mm`. Anything else must stand in the text as it is.
pub(crate) fn read_date(text: &str, pattern: &str) -> Option<(Option<NaiveDate>, Option<NaiveTime>)> {
    let mut rest = text.trim();
    let (mut day, mut month, mut year, mut hour, mut minute) = (None, None, None, None, None);
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut count = 1;
        while letters.next_if_eq(&letter).is_some() {
            count += 1;
        }
        let slot = match letter {
            'd' => &mut day,
            'M' => &mut month,
            'y' => &mut year,
            'H' => &mut hour,
            'm' => &mut minute,
            other => {
                for _ in 0..count {
                    rest = rest.strip_prefix(other)?;
                }
                continue;
            }
        };
        let widest = if letter == 'y' { 4 } else { 2 };
        let digits = rest.bytes().take(widest).take_while(u8::is_ascii_digit).count();
        if digits == 0 || (letter == 'y' && digits != 4) {
            return None;
        }
        let (number, tail) = rest.split_at_checked(digits)?;
        *slot = Some(number.parse::<u32>().ok()?);
        rest = tail;
    }
    if !rest.is_empty() {
        return None;
    }
    let date = match (year, month, day) {
        (Some(y), Some(m), Some(d)) => Some(NaiveDate::from_ymd_opt(i32::try_from(y).ok()?, m, d)?),
        (None, None, None) => None,
        _ => return None,
    };
    let time = match hour {
        Some(hour) => Some(NaiveTime::from_hms_opt(hour, minute.unwrap_or(0), 0)?),
        None => None,
    };
    Some((date, time))
}

/// Seconds of an ISO 8601 duration of days to seconds: `PT30S`, `PT1H30M`, `P1D`.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (rest, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let mut total = 0u64;
    for (part, units) in [(days, &[('D', 86_400)][..]), (time, &[('H', 3_600), ('M', 60), ('S', 1)][..])] {
        let mut part = part;
        for (unit, seconds) in units {
            if let Some((count, tail)) = part.split_once(*unit) {
                if count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                total = total.checked_add(count.parse::<u64>().ok()?.checked_mul(*seconds)?)?;
                part = tail;
            }
        }
        if !part.is_empty() {
            return None;
        }
    }
    (total > 0 && total <= 366 * 86_400).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_language() {
        assert_eq!(number(1_234_567.5, None, "es"), "1.234.567,5");
        assert_eq!(number(1_234_567.5, Some(2), "en"), "1,234,567.50");
        assert_eq!(number(-0.001, Some(1), "es"), "0,0");
        assert_eq!(money(15_992.0, "CLP", "es"), "$15.992");
        assert_eq!(money(9.5, "EUR", "es"), "9,50 €");
    }

    #[test]
    fn dates_are_written_and_read_by_patterns() {
        let at = Moment::read("2026-03-07T09:05:00-03:00").unwrap();
        assert_eq!(date(at, "dd/MM/yyyy HH:mm", "es"), "07/03/2026 09:05");
        assert_eq!(date(at, "d/M MMMM", "es"), "7/3 marzo");
        assert_eq!(at.write(), "2026-03-07T09:05:00-03:00");
        assert_eq!(read_date("7-3-2026", "d-M-yyyy"), Some((NaiveDate::from_ymd_opt(2026, 3, 7), None)));
        assert_eq!(read_date("31/02/2026", "dd/MM/yyyy"), None);
        assert_eq!(read_date("07/03/26", "dd/MM/yyyy"), None);
    }

    #[test]
    fn durations_are_days_to_seconds() {
        assert_eq!(duration("PT15M"), Some(900));
        assert_eq!(duration("P1DT2H"), Some(93_600));
        for wrong in ["", "P", "PT", "P1M", "15M", "PT1D", "PT1.5H", "PT0S", "P9999999D"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
