//! Points in time.

use super::{MAX_DATETIME, TICKS_PER_DAY, TICKS_PER_SECOND, digits, fraction_ticks, split_seconds};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Ticks at midnight of a day of the proleptic Gregorian calendar, years 1 to 9999.
pub fn ticks_of_date(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    // Years are counted from March, so that the leap day is the last day of one.
    let shifted_year = if month > 2 { year } else { year - 1 };
    let shifted_month = (month + 9) % 12;
    let days = shifted_year * 365 + shifted_year / 4 - shifted_year / 100
        + shifted_year / 400
        + (shifted_month * 306 + 5) / 10
        + day
        - 307;
    Some(days * TICKS_PER_DAY)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Reads a point in time: ISO 8601 in all its usual cuts (`2024`, `2024-03`,
/// `2024-03-01`, `20240301`, `2024-03-01 10:00`, `2024-03-01T10:00:00.1234567Z`,
/// offsets `+02:00`, `-0700`, `+1`), the American order `3/1/2024 10:00 PM` (with
/// slashes, hyphens or dots), the mail form `Fri, 01 Mar 2024 10:00:00 GMT`, and
/// the month first: `Mar 1, 2024 10:00`, `Fri Mar 1 10:00:00 2024`. Without an
/// offset it is UTC.
/// A fraction beyond seven digits is rounded.
pub fn parse_datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    let (date, rest) = date(text)?;
    let rest = match rest.strip_prefix(['T', 't']) {
        Some(rest) if rest.starts_with(|next: char| next.is_ascii_digit()) => rest,
        None if rest.is_empty() || rest.starts_with(|next: char| next.is_whitespace()) => rest.trim_start(),
        None if rest.starts_with(['Z', 'z']) => rest,
        _ => return None,
    };
    let (time, rest) = if rest.starts_with(|next: char| next.is_ascii_digit()) { time(rest)? } else { (0, rest) };
    let offset = offset(rest.trim_start())?;
    let ticks = date.checked_add(time)?.checked_sub(offset)?;
    (0..=MAX_DATETIME).contains(&ticks).then_some(ticks)
}

/// The date in front and what follows it.
fn date(text: &str) -> Option<(i64, &str)> {
    if text.starts_with(|next: char| next.is_ascii_alphabetic()) {
        let (name, rest) = word(text);
        if name.len() >= 3 && WEEKDAYS.iter().any(|day| day.starts_with(&name.to_ascii_lowercase())) {
            let rest = rest.trim_start_matches(',').trim_start();
            let month_first = rest.starts_with(|next: char| next.is_ascii_alphabetic());
            return if month_first { month_day_year(rest) } else { day_month_year(rest) };
        }
        return month_day_year(text);
    }
    let (first, first_length, rest) = digits(text)?;
    let separator = rest.chars().next();
    match separator {
        Some('-' | '/' | ',' | '.') => {
            let after = rest.get(1..)?.trim_start();
            if after.starts_with(|next: char| next.is_ascii_alphabetic()) {
                return day_month_year(text);
            }
            let (second, second_length, rest) = digits(after)?;
            if second_length > 2 {
                return None;
            }
            let Some(after) = rest.strip_prefix(separator?) else {
                // Year and month alone.
                return (first_length == 4).then(|| ticks_of_date(first, second, 1)).flatten().map(|day| (day, rest));
            };
            let (third, third_length, rest) = digits(after.trim_start())?;
            let ticks = match (first_length, third_length) {
                (4, 1 | 2) => ticks_of_date(first, second, third)?,
                (1 | 2, 4) => ticks_of_date(third, first, second)?,
                _ => return None,
            };
            Some((ticks, rest))
        }
        Some(next) if next.is_whitespace() && first_length <= 2 => day_month_year(text),
        _ if first_length == 8 => Some((ticks_of_date(first / 10_000, first / 100 % 100, first % 100)?, rest)),
        _ if first_length == 4 => Some((ticks_of_date(first, 1, 1)?, rest)),
        _ => None,
    }
}

/// The number of a month by its name or at least three letters of it.
fn month_of(name: &str) -> Option<i64> {
    let name = name.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| month.starts_with(&name))?;
    (name.len() >= 3).then_some(at as i64 + 1)
}

fn full_year(year: i64, length: usize) -> Option<i64> {
    match length {
        4 => Some(year),
        2 if year < 50 => Some(year + 2000),
        2 => Some(year + 1900),
        _ => None,
    }
}

/// `Mar 1, 2024`, or with the time before the year: `Mar 1 10:00:00 2024`.
fn month_day_year(text: &str) -> Option<(i64, &str)> {
    let (name, rest) = word(text);
    let month = month_of(name)?;
    let (day, day_length, rest) = digits(rest.trim_start())?;
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    if day_length > 2 || !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let rest = rest.trim_start();
    if let Some((ticks, rest)) = time(rest) {
        let (year, length, rest) = digits(rest.strip_prefix(char::is_whitespace)?.trim_start())?;
        return Some((ticks_of_date(full_year(year, length)?, month, day)? + ticks, rest));
    }
    let (year, length, rest) = digits(rest)?;
    Some((ticks_of_date(full_year(year, length)?, month, day)?, rest))
}

/// `01 Mar 2024`, `1-Mar-24`.
fn day_month_year(text: &str) -> Option<(i64, &str)> {
    let gap = |text: &'_ str| -> Option<usize> {
        let length = text.find(|next: char| !next.is_whitespace() && next != '-')?;
        (length > 0).then_some(length)
    };
    let (day, day_length, rest) = digits(text)?;
    let rest = rest.get(gap(rest)?..)?;
    let (name, rest) = word(rest);
    let month = month_of(name).filter(|_| day_length <= 2)?;
    let rest = rest.get(gap(rest)?..)?;
    let (year, length, rest) = digits(rest)?;
    Some((ticks_of_date(full_year(year, length)?, month, day)?, rest))
}

/// `10:00`, `10:00:00`, `10:00:00.5`, `10:00 PM`.
fn time(text: &str) -> Option<(i64, &str)> {
    let (mut hour, hour_length, rest) = digits(text)?;
    let (minute, minute_length, mut rest) = digits(rest.strip_prefix(':')?)?;
    let mut ticks = 0;
    if let Some(after) = rest.strip_prefix(':') {
        let (second, second_length, after) = digits(after)?;
        if second > 59 || second_length > 2 {
            return None;
        }
        ticks = second * TICKS_PER_SECOND;
        rest = after;
        if let Some(after) = rest.strip_prefix(['.', ',']) {
            let length = after.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, after) = after.split_at_checked(length)?;
            ticks += fraction_ticks(fraction)?;
            rest = after;
        }
    }
    let (half, after) = word(rest.trim_start());
    match half.to_ascii_lowercase().as_str() {
        "am" | "pm" if !(1..=12).contains(&hour) => return None,
        "am" => (hour, rest) = (hour % 12, after),
        "pm" => (hour, rest) = (hour % 12 + 12, after),
        _ => {}
    }
    if hour > 23 || minute > 59 || hour_length > 2 || minute_length > 2 {
        return None;
    }
    Some((ticks + (hour * 60 + minute) * 60 * TICKS_PER_SECOND, rest))
}

/// What is left after the time: nothing, a zone name or an offset.
fn offset(text: &str) -> Option<i64> {
    if matches!(text.to_ascii_lowercase().as_str(), "" | "z" | "gmt" | "utc" | "ut") {
        return Some(0);
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (first, length, rest) = digits(text.get(1..)?)?;
    let (hours, minutes, rest) = match (length, rest.strip_prefix(':')) {
        (1 | 2, Some(after)) => {
            let (minutes, 2, rest) = digits(after)? else { return None };
            (first, minutes, rest)
        }
        (1 | 2, None) => (first, 0, rest),
        (4, None) => (first / 100, first % 100, rest),
        _ => return None,
    };
    (rest.is_empty() && hours <= 14 && minutes <= 59).then(|| sign * (hours * 60 + minutes) * 60 * TICKS_PER_SECOND)
}

fn word(text: &str) -> (&str, &str) {
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    text.split_at_checked(length).unwrap_or((text, ""))
}

/// Writes `2024-03-01T10:00:00.0000000Z`. Ticks outside the years 1 to 9999 are
/// taken as the nearest one inside.
pub fn format_datetime(ticks: i64) -> String {
    let ticks = ticks.clamp(0, MAX_DATETIME);
    let (year, month, day) = civil(ticks / TICKS_PER_DAY);
    let (hour, minute, second, fraction) = split_seconds((ticks % TICKS_PER_DAY) as u64);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:07}Z")
}

/// Year, month and day of a count of days since 0001-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    // Counted from 0000-03-01 in cycles of 400 years.
    let days = days + 306;
    let cycle = days / 146_097;
    let in_cycle = days % 146_097;
    let year = (in_cycle - in_cycle / 1460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
    let in_year = in_cycle - (year * 365 + year / 4 - year / 100);
    let shifted_month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year + cycle * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(input: &str) -> String {
        parse_datetime(input).map_or_else(|| "none".to_owned(), format_datetime)
    }

    #[test]
    fn every_cut_of_iso() {
        assert_eq!(parse_datetime("0001-01-01"), Some(0));
        assert_eq!(parse_datetime("1970-01-01"), Some(621_355_968_000_000_000));
        assert_eq!(parse_datetime("9999-12-31T23:59:59.9999999Z"), Some(MAX_DATETIME));
        assert_eq!(text("2024"), "2024-01-01T00:00:00.0000000Z");
        assert_eq!(text("2024-02-29"), "2024-02-29T00:00:00.0000000Z");
        assert_eq!(text("2023-02-29"), "none");
        assert_eq!(text("2015-1-5 8:05"), "2015-01-05T08:05:00.0000000Z");
        assert_eq!(text("20240301"), "2024-03-01T00:00:00.0000000Z");
        assert_eq!(text("2024-03"), "2024-03-01T00:00:00.0000000Z");
        assert_eq!(text("2024-03-01 10:00"), "2024-03-01T10:00:00.0000000Z");
        assert_eq!(text(" 2024-03-01T10:00:00.12 "), "2024-03-01T10:00:00.1200000Z");
        assert_eq!(text("2024-03-01T10:00:00.123456789Z"), "2024-03-01T10:00:00.1234568Z");
        assert_eq!(text("2024-03-01 00:30:00 +01:00"), "2024-02-29T23:30:00.0000000Z");
        assert_eq!(text("2024-03-01T00:00:00-0700"), "2024-03-01T07:00:00.0000000Z");
        assert_eq!(text("2024/03/01"), "2024-03-01T00:00:00.0000000Z");
        assert_eq!(text("2025, 6, 14"), "2025-06-14T00:00:00.0000000Z");
        assert_eq!(text("2024-03-01Z"), "2024-03-01T00:00:00.0000000Z");
    }

    #[test]
    fn american_and_mail_forms() {
        assert_eq!(text("12-31-2021"), "2021-12-31T00:00:00.0000000Z");
        assert_eq!(text("13-01-2022"), "none");
        assert_eq!(text("3/1/2024 10:05 PM"), "2024-03-01T22:05:00.0000000Z");
        assert_eq!(text("Sat, 8 Nov 14 15:05:02 GMT"), "2014-11-08T15:05:02.0000000Z");
        assert_eq!(text("Saturday, 08-Nov-14 15:05:02 UTC"), "2014-11-08T15:05:02.0000000Z");
        assert_eq!(text("8 Nov 2014 15:05:02"), "2014-11-08T15:05:02.0000000Z");
        assert_eq!(text("Sat Nov 8 15:05:02 2014"), "2014-11-08T15:05:02.0000000Z");
        assert_eq!(text("Nov 8, 2014 3:05:02 PM"), "2014-11-08T15:05:02.0000000Z");
        assert_eq!(text("November 8 2014"), "2014-11-08T00:00:00.0000000Z");
        assert_eq!(text("Sat, 8 Nov 14 15:05:02 +0130"), "2014-11-08T13:35:02.0000000Z");
        assert_eq!(text("11.8.2014 15:05"), "2014-11-08T15:05:00.0000000Z");
        assert_eq!(text("2014-11-8T15:05:02.00000000009Z"), "2014-11-08T15:05:02.0000000Z");
    }

    #[test]
    fn nonsense_is_none() {
        for input in [
            "",
            "x",
            "2024-13-01",
            "2024-00-10",
            "10000-01-01",
            "2024-03-01T",
            "2024-03-01 25:00",
            "2024-03-01 10",
            "2024-03-01 10:60",
            "2024-03-01T10:00:00.",
            "2024-03-01T10:00:00 nowhere",
            "0001-01-01 00:00 +01:00",
            "99999999999999999999",
            "2024--01",
            "é",
            "Fri é",
            "Sat",
            "Nov",
            "Nov 8",
            "Nov 8 15:05",
            "Nov 8 15:05:02",
            "Nov 8 15:05:02 x",
            "8 Foo 14",
            "2014-11-08 15",
            "2014-11-08T15:05:02Zx",
            "12345678",
            "1.1",
            "1 é 2020",
        ] {
            assert_eq!(text(input), "none", "{input}");
        }
    }

    #[test]
    fn every_day_goes_there_and_back() {
        for day in (0..3_652_059).step_by(13) {
            let ticks = day * TICKS_PER_DAY + 123;
            assert_eq!(parse_datetime(&format_datetime(ticks)), Some(ticks));
        }
    }
}
