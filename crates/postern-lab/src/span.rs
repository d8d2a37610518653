//! The days the evidence covers, with working days and local time.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Weekday};

/// First and last day of the evidence, both inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

impl Span {
    /// How many days there are.
    pub fn days(&self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// Every day in order.
    pub fn dates(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let last = self.to;
        self.from.iter_days().take_while(move |day| *day <= last)
    }

    /// Every day from Monday to Friday in order.
    pub fn workdays(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        self.dates().filter(|day| !weekend(*day))
    }

    /// The working day at this many hundredths of the span.
    pub fn workday_at(&self, percent: usize) -> NaiveDate {
        let days: Vec<NaiveDate> = self.workdays().collect();
        days.get(days.len() * percent / 100).or(days.last()).copied().unwrap_or(self.from)
    }

    /// The start of the day at this many hundredths of the span.
    pub fn cut(&self, percent: i64) -> NaiveDateTime {
        midnight(self.from) + TimeDelta::days(self.days() * percent / 100)
    }
}

/// True on Saturday and Sunday.
pub(crate) fn weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The first instant of the day.
pub(crate) fn midnight(day: NaiveDate) -> NaiveDateTime {
    day.and_time(chrono::NaiveTime::MIN)
}

/// This hour and minute of the day, in UTC.
pub(crate) fn utc(day: NaiveDate, hour: i64, minute: i64) -> NaiveDateTime {
    midnight(day) + TimeDelta::minutes(hour * 60 + minute)
}

/// This many minutes after midnight on the office wall clock, as UTC. The office follows the rule that summer time
/// begins and ends on the last Sundays of March and October.
pub(crate) fn office(day: NaiveDate, minutes: i64) -> NaiveDateTime {
    let summer = last_sunday(day.year(), 3).is_some_and(|start| day >= start)
        && last_sunday(day.year(), 10).is_some_and(|end| day < end);
    midnight(day) + TimeDelta::minutes(minutes - if summer { 60 } else { 0 })
}

fn last_sunday(year: i32, month: u32) -> Option<NaiveDate> {
    let last = NaiveDate::from_ymd_opt(year, month, 31)?;
    last.checked_sub_days(Days::new(u64::from(last.weekday().num_days_from_sunday())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn office_hours_move_with_summer_time() {
        assert_eq!(office(day("2026-03-27"), 9 * 60), utc(day("2026-03-27"), 9, 0));
        assert_eq!(office(day("2026-03-30"), 9 * 60), utc(day("2026-03-30"), 8, 0));
    }

    #[test]
    fn fractions_of_a_span_fall_on_working_days() {
        let span = Span { from: day("2026-03-02"), to: day("2026-04-30") };
        assert_eq!(span.days(), 60);
        for percent in 0..=100 {
            let found = span.workday_at(percent);
            assert!(!weekend(found) && found >= span.from && found <= span.to);
        }
    }
}
