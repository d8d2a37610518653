//! The calendar over ticks: parts of an instant, arithmetic by calendar units, and datetime text.
//!
//! A datetime is ticks of 100 ns since 0001-01-01T00:00:00Z, a timespan is ticks; all years 1 to 9999
//! are exact. Everything is UTC. Results outside that range are `None`, never a wrapped value.

use crate::types::{MAX_DATETIME, TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND};

/// Days from 0001-01-01 to 1970-01-01.
const UNIX_DAYS: i64 = 719_162;

/// A date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// 1 to 9999.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

/// The ticks when they are inside the range of a datetime.
pub fn in_range(ticks: i64) -> Option<i64> {
    (0..=MAX_DATETIME).contains(&ticks).then_some(ticks)
}

/// The date of an instant.
pub fn date(ticks: i64) -> Date {
    // Days to civil date on a calendar whose year starts in March, so that the leap day is last.
    let days = ticks.div_euclid(TICKS_PER_DAY) - UNIX_DAYS + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date { year, month, day }
}

/// True for a leap year.
pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Midnight of a date; `None` for a date that does not exist.
pub fn midnight(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
        return None;
    }
    let before = year - 1;
    let mut days = before * 365 + before / 4 - before / 100 + before / 400;
    days += (1..month).map(|m| days_in_month(year, m)).sum::<i64>();
    Some((days + day - 1) * TICKS_PER_DAY)
}

/// An instant from its parts; `None` when any part is out of its range.
pub fn instant(date: (i64, i64, i64), hour: i64, minute: i64, second_ticks: i64) -> Option<i64> {
    let day = midnight(date.0, date.1, date.2)?;
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60 * TICKS_PER_SECOND).contains(&second_ticks) {
        return None;
    }
    Some(day + hour * TICKS_PER_HOUR + minute * TICKS_PER_MINUTE + second_ticks)
}

/// Ticks since midnight.
pub fn time_of_day(ticks: i64) -> i64 {
    ticks.rem_euclid(TICKS_PER_DAY)
}

/// The day of the week, Sunday is 0.
pub fn weekday(ticks: i64) -> i64 {
    (ticks.div_euclid(TICKS_PER_DAY) + 1).rem_euclid(7)
}

/// The day of the year, from 1.
pub fn day_of_year(ticks: i64) -> i64 {
    let here = date(ticks);
    midnight(here.year, 1, 1).map_or(1, |first| (ticks - first).div_euclid(TICKS_PER_DAY) + 1)
}

/// The ISO 8601 week of the year: weeks start on Monday, week 1 holds the first Thursday.
pub fn iso_week(ticks: i64) -> i64 {
    let monday_based = (weekday(ticks) + 6) % 7;
    let thursday = ticks + (3 - monday_based) * TICKS_PER_DAY;
    (day_of_year(thursday) - 1) / 7 + 1
}

/// The older week of the year: weeks start on Sunday, week 1 holds the year's first Wednesday, and the last days of a year
/// stay in its last week.
pub fn wednesday_week(ticks: i64) -> i64 {
    let of_year = day_of_year(ticks) - 1;
    let new_year = (weekday(ticks) - of_year).rem_euclid(7);
    // From the first of January to the Sunday of week 1, which may lie before it.
    let first = if new_year <= 3 { -new_year } else { 7 - new_year };
    if of_year >= first {
        return (of_year - first) / 7 + 1;
    }
    // The last day of the year before; the first year of all has none.
    let before = ticks - (of_year + 1) * TICKS_PER_DAY;
    if before < 0 { 1 } else { wednesday_week(before) }
}

/// A calendar unit of `datetime_add`, `datetime_diff` and `datetime_part`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Years.
    Year,
    /// Three months.
    Quarter,
    /// Months.
    Month,
    /// Weeks.
    Week,
    /// Any span of a fixed number of ticks.
    Ticks(i64),
}

impl Unit {
    /// The unit of a name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "year" => Unit::Year,
            "quarter" => Unit::Quarter,
            "month" => Unit::Month,
            "week" => Unit::Week,
            "day" => Unit::Ticks(TICKS_PER_DAY),
            "hour" => Unit::Ticks(TICKS_PER_HOUR),
            "minute" => Unit::Ticks(TICKS_PER_MINUTE),
            "second" => Unit::Ticks(TICKS_PER_SECOND),
            "millisecond" => Unit::Ticks(10_000),
            "microsecond" => Unit::Ticks(10),
            "nanosecond" => Unit::Ticks(0),
            _ => return None,
        })
    }
}

/// The instant some units later (earlier for a negative amount). A day that the target month lacks
/// becomes its last day.
pub fn add(ticks: i64, unit: Unit, amount: i64) -> Option<i64> {
    let months = |factor: i64| {
        let here = date(ticks);
        let total = (here.year * 12 + here.month - 1).checked_add(amount.checked_mul(factor)?)?;
        let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
        let day = here.day.min(days_in_month(year, month));
        Some(midnight(year, month, day)? + time_of_day(ticks))
    };
    match unit {
        Unit::Year => months(12),
        Unit::Quarter => months(3),
        Unit::Month => months(1),
        Unit::Week => in_range(ticks.checked_add(amount.checked_mul(7 * TICKS_PER_DAY)?)?),
        Unit::Ticks(0) => in_range(ticks.checked_add(amount / 100)?),
        Unit::Ticks(span) => in_range(ticks.checked_add(amount.checked_mul(span)?)?),
    }
}

/// How many boundaries of the unit lie between `right` and `left` (positive when `left` is later).
/// Weeks start on Sunday.
pub fn difference(left: i64, right: i64, unit: Unit) -> Option<i64> {
    let months = |t: i64| {
        let d = date(t);
        d.year * 12 + d.month - 1
    };
    Some(match unit {
        Unit::Year => date(left).year - date(right).year,
        Unit::Quarter => months(left).div_euclid(3) - months(right).div_euclid(3),
        Unit::Month => months(left) - months(right),
        Unit::Week => {
            let week = |t: i64| (t.div_euclid(TICKS_PER_DAY) + 1).div_euclid(7);
            week(left) - week(right)
        }
        Unit::Ticks(0) => left.checked_sub(right)?.checked_mul(100)?,
        Unit::Ticks(span) => left.div_euclid(span) - right.div_euclid(span),
    })
}

/// The unit whose start or end `startof…` and `endof…` give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A calendar day.
    Day,
    /// Sunday to Saturday.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

/// The start of the period `offset` periods after the one that holds the instant.
pub fn start_of(ticks: i64, period: Period, offset: i64) -> Option<i64> {
    let here = date(ticks);
    match period {
        Period::Day => add(midnight(here.year, here.month, here.day)?, Unit::Ticks(TICKS_PER_DAY), offset),
        Period::Week => {
            let day = midnight(here.year, here.month, here.day)?;
            let sunday = day - weekday(ticks) * TICKS_PER_DAY;
            in_range(sunday.checked_add(offset.checked_mul(7 * TICKS_PER_DAY)?)?)
        }
        Period::Month => add(midnight(here.year, here.month, 1)?, Unit::Month, offset),
        Period::Year => add(midnight(here.year, 1, 1)?, Unit::Year, offset),
    }
}

/// The last tick of the period `offset` periods after the one that holds the instant.
pub fn end_of(ticks: i64, period: Period, offset: i64) -> Option<i64> {
    match start_of(ticks, period, offset.checked_add(1)?) {
        Some(next) => in_range(next - 1),
        // The very last period has no successor inside the range.
        None => start_of(ticks, period, offset).map(|_| MAX_DATETIME),
    }
}

/// Rounds down to a multiple of `size`, counted from `origin`.
pub fn bin(value: i64, size: i64, origin: i64) -> Option<i64> {
    if size <= 0 {
        return None;
    }
    let offset = i128::from(value) - i128::from(origin);
    let size = i128::from(size);
    i64::try_from(offset.div_euclid(size) * size + i128::from(origin)).ok()
}

/// `2016-05-26T16:10:00.0000000Z`.
pub fn datetime_text(ticks: i64) -> String {
    let d = date(ticks);
    let t = time_of_day(ticks);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z",
        d.year,
        d.month,
        d.day,
        t / TICKS_PER_HOUR,
        t / TICKS_PER_MINUTE % 60,
        t / TICKS_PER_SECOND % 60,
        t % TICKS_PER_SECOND
    )
}

/// `[-][d.]hh:mm:ss[.fffffff]`.
pub fn timespan_text(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let t = ticks.unsigned_abs();
    let day = TICKS_PER_DAY as u64;
    let second = TICKS_PER_SECOND as u64;
    let days = t / day;
    let rest = t % day;
    let (hours, minutes, seconds) = (rest / (3600 * second), rest / (60 * second) % 60, rest / second % 60);
    let fraction = rest % second;
    let mut out = if days > 0 {
        format!("{sign}{days}.{hours:02}:{minutes:02}:{seconds:02}")
    } else {
        format!("{sign}{hours:02}:{minutes:02}:{seconds:02}")
    };
    if fraction > 0 {
        out.push_str(&format!(".{fraction:07}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i64, m: i64, d: i64) -> i64 {
        midnight(y, m, d).unwrap()
    }

    #[test]
    fn dates_round_trip() {
        for (y, m, d) in [(1, 1, 1), (1900, 2, 28), (1970, 1, 1), (2000, 2, 29), (2024, 12, 31), (9999, 12, 31)] {
            let ticks = day(y, m, d);
            assert_eq!(date(ticks), Date { year: y, month: m, day: d });
            assert_eq!(date(ticks + TICKS_PER_DAY - 1), Date { year: y, month: m, day: d });
        }
        assert_eq!(day(1970, 1, 1), crate::types::UNIX_EPOCH_TICKS);
        assert_eq!(day(9999, 12, 31) + TICKS_PER_DAY - 1, MAX_DATETIME);
        assert_eq!(midnight(2023, 2, 29), None);
        assert_eq!(midnight(0, 1, 1), None);
    }

    #[test]
    fn weeks() {
        assert_eq!(weekday(day(2015, 12, 14)), 1);
        assert_eq!(weekday(day(1, 1, 1)), 1);
        assert_eq!(start_of(day(2017, 1, 1) + 5, Period::Week, 0), Some(day(2017, 1, 1)));
        assert_eq!(start_of(day(2017, 1, 7), Period::Week, -1), Some(day(2016, 12, 25)));
        assert_eq!(end_of(day(2017, 1, 4), Period::Week, 0), Some(day(2017, 1, 8) - 1));
        assert_eq!(start_of(3, Period::Week, 0), None);
        assert_eq!(iso_week(day(2000, 1, 1)), 52);
        assert_eq!(iso_week(day(2020, 12, 31)), 53);
        assert_eq!(iso_week(day(2021, 1, 4)), 1);
        // 2020-01-01 was a Wednesday, 2021-01-01 a Friday, 2022-01-01 a Saturday.
        assert_eq!(wednesday_week(day(2020, 1, 4)), 1);
        assert_eq!(wednesday_week(day(2020, 1, 5)), 2);
        assert_eq!(wednesday_week(day(2021, 1, 2)), 53);
        assert_eq!(wednesday_week(day(2021, 1, 3)), 1);
        assert_eq!(wednesday_week(day(2022, 1, 1)), 52);
        assert_eq!(wednesday_week(day(2020, 12, 31)), 53);
        assert_eq!(wednesday_week(day(2024, 12, 31)), 53);
        assert_eq!(wednesday_week(3), 1);
    }

    #[test]
    fn adding_and_counting() {
        assert_eq!(add(day(2020, 1, 31), Unit::Month, 1), Some(day(2020, 2, 29)));
        assert_eq!(add(day(2020, 2, 29), Unit::Year, -1), Some(day(2019, 2, 28)));
        assert_eq!(add(day(9999, 1, 1), Unit::Year, 1), None);
        assert_eq!(add(day(2020, 1, 1), Unit::Year, i64::MAX), None);
        assert_eq!(difference(day(2017, 1, 1), day(2016, 12, 31), Unit::Year), Some(1));
        assert_eq!(difference(day(2017, 1, 1), day(2016, 12, 31), Unit::Week), Some(1));
        assert_eq!(difference(day(2017, 1, 2), day(2017, 1, 1), Unit::Week), Some(0));
        assert_eq!(difference(day(2017, 1, 1), day(2017, 1, 2), Unit::Ticks(TICKS_PER_HOUR)), Some(-24));
        assert_eq!(end_of(day(9999, 5, 5), Period::Year, 0), Some(MAX_DATETIME));
        assert_eq!(bin(-7, 5, 0), Some(-10));
        assert_eq!(bin(7, 0, 0), None);
    }

    #[test]
    fn texts() {
        assert_eq!(datetime_text(day(2016, 5, 26) + 1), "2016-05-26T00:00:00.0000001Z");
        assert_eq!(timespan_text(-TICKS_PER_DAY - TICKS_PER_MINUTE), "-1.00:01:00");
        assert_eq!(timespan_text(15_000_000), "00:00:01.5000000");
        assert_eq!(timespan_text(0), "00:00:00");
        assert_eq!(timespan_text(i64::MIN), "-10675199.02:48:05.4775808");
    }
}
