//! Opening hours: a week, and days that are different.
//!
//! Asked at an instant, a calendar says whether it is open and when that changes; the answer is the value `hours`
//! of texts and expressions.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Days looked ahead for the next opening; a calendar closed for longer has none.
const HORIZON_DAYS: u64 = 30;

/// A calendar.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Calendar {
    /// IANA name of its zone; unknown names mean UTC.
    pub timezone: String,
    /// Spans of each weekday, Monday first; a day that is missing is closed.
    pub week: Vec<Vec<Open>>,
    /// Days that are different, holidays among them.
    pub days: BTreeMap<NaiveDate, Day>,
}

/// One span of opening, `from` included, `to` excluded. A `to` of midnight means the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Local time.
    pub from: NaiveTime,
    /// Local time.
    pub to: NaiveTime,
}

/// A day that is different.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Day {
    /// Whether it is a holiday, or only has other hours.
    pub holiday: bool,
    /// Its spans; none is closed.
    pub open: Vec<Open>,
}

/// What a calendar says at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Whether it is open.
    pub open: bool,
    /// Whether the day is a holiday.
    pub holiday: bool,
    /// When it opens next, local, ISO 8601; while open: when it opened.
    pub opens_at: Option<String>,
    /// When it closes, local, ISO 8601; while closed: when it closes after opening next.
    pub closes_at: Option<String>,
}

impl Hours {
    /// The answer of a campaign without a calendar.
    pub(crate) const ALWAYS: Self = Self { open: true, holiday: false, opens_at: None, closes_at: None };
}

impl Calendar {
    /// What it says at an instant.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Hours {
        let zone: Tz = self.timezone.parse().unwrap_or(Tz::UTC);
        let local = now.with_timezone(&zone).naive_local();
        let holiday = self.days.get(&local.date()).is_some_and(|day| day.holiday);
        let next = (0..=HORIZON_DAYS)
            .filter_map(|ahead| local.date().checked_add_days(Days::new(ahead)))
            .flat_map(|date| self.spans(date))
            .find(|(_, closes)| *closes > local);
        let Some((opens, closes)) = next else {
            return Hours { open: false, holiday, opens_at: None, closes_at: None };
        };
        let show = |at: NaiveDateTime| zone.from_local_datetime(&at).earliest().map(|at| at.to_rfc3339());
        Hours { open: opens <= local, holiday, opens_at: show(opens), closes_at: show(closes) }
    }

    /// The spans of a date, in order.
    fn spans(&self, date: NaiveDate) -> Vec<(NaiveDateTime, NaiveDateTime)> {
        let weekday: Weekday = date.weekday();
        let week = self.week.get(weekday.num_days_from_monday() as usize).map(Vec::as_slice).unwrap_or_default();
        let open = self.days.get(&date).map_or(week, |day| day.open.as_slice());
        let mut spans: Vec<_> = open
            .iter()
            .filter_map(|span| {
                let last = if span.to == NaiveTime::MIN { date.checked_add_days(Days::new(1))? } else { date };
                Some((date.and_time(span.from), last.and_time(span.to)))
            })
            .filter(|(from, to)| from < to)
            .collect();
        spans.sort_unstable();
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> Calendar {
        let day = vec![Open {
            from: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
            to: NaiveTime::from_hms_opt(18, 0, 0).unwrap(),
        }];
        Calendar {
            timezone: "America/Santiago".to_owned(),
            week: vec![day.clone(), day.clone(), day.clone(), day.clone(), day],
            days: BTreeMap::from([(
                NaiveDate::from_ymd_opt(2026, 12, 25).unwrap(),
                Day { holiday: true, open: vec![] },
            )]),
        }
    }

    fn at(text: &str) -> Hours {
        office().at(text.parse().unwrap())
    }

    #[test]
    fn hours_are_told_in_the_calendars_zone() {
        assert!(at("2026-11-24T12:00:00Z").open, "nine in the morning in Santiago");
        assert!(!at("2026-11-24T11:59:59Z").open);
        assert!(!at("2026-11-24T21:00:00Z").open, "the end is excluded");
    }

    #[test]
    fn a_closed_calendar_says_when_it_opens_next() {
        let friday_night = at("2026-11-28T00:00:00Z");
        assert!(!friday_night.open);
        assert_eq!(friday_night.opens_at.as_deref(), Some("2026-11-30T09:00:00-03:00"));
        assert_eq!(friday_night.closes_at.as_deref(), Some("2026-11-30T18:00:00-03:00"));
    }

    #[test]
    fn a_holiday_is_closed_and_says_so() {
        let christmas = at("2026-12-25T15:00:00Z");
        assert!(christmas.holiday && !christmas.open);
    }

    #[test]
    fn a_calendar_without_hours_is_closed_for_ever() {
        assert_eq!(Calendar::default().at("2026-11-24T12:00:00Z".parse().unwrap()).opens_at, None);
    }
}
