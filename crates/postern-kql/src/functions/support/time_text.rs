//! Reading datetimes and timespans from text, and writing them by a format.
//!
//! Accepted datetimes: ISO 8601 in full or shortened (`2014-05-25T08:20:03.123Z`, `2014-05-25 08:20`,
//! `2014-05-25`), month-first with slashes, dots or hyphens (`5/25/2014 8:20 PM`), and the RFC 822 / RFC 850 / C forms
//! (`Sat, 8 Nov 14 15:05:02 GMT`, `Saturday, 08-Nov-14 15:05`, `Sat Nov 8 15:05:02 2014`). An offset converts to
//! UTC; without one the text is UTC. More than seven fraction digits are cut. Anything else is `None`.

use super::calendar;
use crate::types::{TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND};

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
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn spaces(&mut self) -> bool {
        let trimmed = self.rest.trim_start();
        let any = trimmed.len() < self.rest.len();
        self.rest = trimmed;
        any
    }

    fn eat(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Up to `most` digits: their value and number.
    fn digits(&mut self, most: usize) -> Option<(i64, usize)> {
        let count = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (text, rest) = self.rest.split_at_checked(count)?;
        let value = text.parse().ok()?;
        self.rest = rest;
        Some((value, count))
    }

    fn number(&mut self, most: usize) -> Option<i64> {
        self.digits(most).map(|(value, _)| value)
    }

    fn word(&mut self) -> &'a str {
        let count = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = self.rest.split_at_checked(count).unwrap_or(("", self.rest));
        self.rest = rest;
        word
    }

    /// `.1234567`, as ticks; further digits are cut.
    fn fraction(&mut self) -> Option<i64> {
        let (mut value, count) = self.digits(7)?;
        for _ in count..7 {
            value *= 10;
        }
        let more = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        self.rest = self.rest.get(more..)?;
        Some(value)
    }

    /// `8`, `8:20`, `8:20:03.5`, with an optional `AM`/`PM`; the ticks of the day.
    fn clock(&mut self) -> Option<i64> {
        let mut hour = self.number(2)?;
        let mut minute = 0;
        let mut second = 0;
        let mut fraction = 0;
        let mut colon = false;
        if self.eat(':') {
            colon = true;
            minute = self.number(2)?;
            if self.eat(':') {
                second = self.number(2)?;
                if self.eat('.') || self.eat(',') {
                    fraction = self.fraction()?;
                }
            }
        }
        let before = self.rest;
        self.spaces();
        let half = self.word();
        if half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm") {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if half.eq_ignore_ascii_case("pm") { 12 } else { 0 };
        } else {
            self.rest = before;
            if !colon {
                return None;
            }
        }
        calendar::instant((1, 1, 1), hour, minute, second * TICKS_PER_SECOND + fraction)
    }

    /// `Z`, `GMT`, `UTC`, `+02:00`, `-0530`, `+2`; ticks to subtract.
    fn zone(&mut self) -> Option<i64> {
        self.spaces();
        let sign = if self.eat('+') {
            1
        } else if self.eat('-') {
            -1
        } else {
            let word = self.word();
            return ["", "z", "gmt", "utc", "ut"].iter().any(|z| word.eq_ignore_ascii_case(z)).then_some(0);
        };
        let (first, count) = self.digits(4)?;
        let (hours, minutes) = match count {
            1 | 2 if self.eat(':') => (first, self.number(2)?),
            1 | 2 => (first, 0),
            4 => (first / 100, first % 100),
            _ => return None,
        };
        (hours <= 14 && minutes < 60).then_some(sign * (hours * TICKS_PER_HOUR + minutes * TICKS_PER_MINUTE))
    }
}

fn month_of(word: &str) -> Option<i64> {
    name_index(word, &MONTHS)
}

fn name_index(word: &str, names: &[&str]) -> Option<i64> {
    let lower = word.to_ascii_lowercase();
    let matches = |name: &&str| lower.len() >= 3 && (**name == lower || (lower.len() == 3 && name.starts_with(&lower)));
    names.iter().position(matches).map(|at| at as i64 + 1)
}

fn full_year(year: i64, digits: usize) -> Option<i64> {
    match digits {
        4 => Some(year),
        2 => Some(if year < 50 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

/// Reads a datetime; `None` when the text is not one.
pub fn parse_datetime(text: &str) -> Option<i64> {
    let mut reader = Reader { rest: text.trim() };
    if reader.rest.len() > 64 {
        return None;
    }
    if reader.rest.bytes().next()?.is_ascii_digit() { numeric(&mut reader) } else { named(&mut reader) }
}

fn finish(reader: &mut Reader<'_>, date: (i64, i64, i64), clock: i64) -> Option<i64> {
    let offset = reader.zone()?;
    reader.spaces();
    if !reader.rest.is_empty() {
        return None;
    }
    calendar::in_range(calendar::midnight(date.0, date.1, date.2)? + clock - offset)
}

/// After a date: nothing, or `T`/space and a clock, then a zone.
fn rest_of(reader: &mut Reader<'_>, date: (i64, i64, i64)) -> Option<i64> {
    let separated = reader.spaces() | reader.eat('T') | reader.eat('t');
    let clock =
        if separated && reader.rest.bytes().next().is_some_and(|b| b.is_ascii_digit()) { reader.clock()? } else { 0 };
    finish(reader, date, clock)
}

fn numeric(reader: &mut Reader<'_>) -> Option<i64> {
    let (first, count) = reader.digits(9)?;
    if count == 4 {
        // Year first.
        if reader.rest.is_empty() {
            return calendar::midnight(first, 1, 1);
        }
        if !(reader.eat('-') || reader.eat('/') || reader.eat('.')) {
            return None;
        }
        let month = reader.number(2)?;
        if !(reader.eat('-') || reader.eat('/') || reader.eat('.')) {
            return reader.rest.is_empty().then(|| calendar::midnight(first, month, 1)).flatten();
        }
        let day = reader.number(2)?;
        return rest_of(reader, (first, month, day));
    }
    if count > 2 {
        return None;
    }
    if reader.eat('/')
        || reader.rest.starts_with(['-', '.']) && {
            // `8-Nov-14` has a word next; `11-08-2014` digits.
            reader.rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) && (reader.eat('-') || reader.eat('.'))
        }
    {
        let day = reader.number(2)?;
        if !(reader.eat('/') || reader.eat('-') || reader.eat('.')) {
            return None;
        }
        let (year, digits) = reader.digits(4)?;
        return rest_of(reader, (full_year(year, digits)?, first, day));
    }
    day_month(reader, first)
}

/// `8 Nov 14 …` or `08-Nov-14 …`, the day already read.
fn day_month(reader: &mut Reader<'_>, day: i64) -> Option<i64> {
    if !(reader.spaces() | reader.eat('-')) {
        return None;
    }
    let month = month_of(reader.word())?;
    if !(reader.spaces() | reader.eat('-')) {
        return None;
    }
    let (year, digits) = reader.digits(4)?;
    rest_of(reader, (full_year(year, digits)?, month, day))
}

fn named(reader: &mut Reader<'_>) -> Option<i64> {
    let mut word = reader.word();
    if name_index(word, &WEEKDAYS).is_some() {
        reader.eat(',');
        reader.spaces();
        if reader.rest.bytes().next()?.is_ascii_digit() {
            let day = reader.number(2)?;
            return day_month(reader, day);
        }
        word = reader.word();
    }
    let month = month_of(word)?;
    reader.spaces();
    let day = reader.number(2)?;
    reader.eat(',');
    if !reader.spaces() {
        return None;
    }
    // `Nov 8 15:05:02 2014` or `Nov 8, 2014 15:05`.
    let before = reader.rest;
    if let Some(clock) = reader.clock() {
        if !reader.spaces() {
            return None;
        }
        let (year, digits) = reader.digits(4)?;
        return finish(reader, (full_year(year, digits)?, month, day), clock);
    }
    reader.rest = before;
    let (year, digits) = reader.digits(4)?;
    rest_of(reader, (full_year(year, digits)?, month, day))
}

/// Reads a timespan: `1.02:03:04.5`, `02:03`, `3` (days), or a literal such as `1.5h`.
pub fn parse_timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let ticks = if body.contains(':') { clock_span(body)? } else { unit_span(body)? };
    if negative { ticks.checked_neg() } else { Some(ticks) }
}

fn clock_span(body: &str) -> Option<i64> {
    let mut reader = Reader { rest: body };
    let mut days = 0;
    let (mut first, _) = reader.digits(8)?;
    if reader.eat('.') {
        days = first;
        first = reader.number(2)?;
    }
    if !reader.eat(':') || first > 23 {
        return None;
    }
    let minute = reader.number(2)?;
    let mut second = 0;
    let mut fraction = 0;
    if reader.eat(':') {
        second = reader.number(2)?;
        if reader.eat('.') {
            fraction = reader.fraction()?;
        }
    }
    if !reader.rest.is_empty() || minute > 59 || second > 59 {
        return None;
    }
    days.checked_mul(TICKS_PER_DAY)?
        .checked_add(first * TICKS_PER_HOUR + minute * TICKS_PER_MINUTE + second * TICKS_PER_SECOND + fraction)
}

fn unit_span(body: &str) -> Option<i64> {
    let split = body.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(body.len());
    let (number, unit) = body.split_at_checked(split)?;
    let value: f64 = number.parse().ok()?;
    let unit = match unit.trim() {
        "" if !number.contains('.') => TICKS_PER_DAY,
        "d" | "day" | "days" => TICKS_PER_DAY,
        "h" | "hr" | "hrs" | "hour" | "hours" => TICKS_PER_HOUR,
        "m" | "min" | "mins" | "minute" | "minutes" => TICKS_PER_MINUTE,
        "s" | "sec" | "secs" | "second" | "seconds" => TICKS_PER_SECOND,
        "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 10_000,
        "microsecond" | "microseconds" | "micros" | "micro" => 10,
        "tick" | "ticks" => 1,
        _ => return None,
    };
    let ticks = value * unit as f64;
    (ticks.abs() < 9.2e18).then(|| match number.parse::<i64>() {
        Ok(whole) => whole.checked_mul(unit),
        Err(_) => Some(ticks.round() as i64),
    })?
}

/// Writes an instant by a format such as `yyyy-MM-dd HH:mm:ss.fff tt`. Characters that are no
/// specifier stand for themselves; `F` drops trailing zeros of the fraction.
pub fn format_datetime(ticks: i64, format: &str) -> String {
    let date = calendar::date(ticks);
    let time = calendar::time_of_day(ticks);
    let hour = time / TICKS_PER_HOUR;
    write_format(format, |letter, count, out| {
        let value = match letter {
            'y' if count <= 2 => date.year % 100,
            'y' => date.year,
            'M' => date.month,
            'd' => date.day,
            'H' => hour,
            'h' => (hour + 11) % 12 + 1,
            'm' => time / TICKS_PER_MINUTE % 60,
            's' => time / TICKS_PER_SECOND % 60,
            't' => {
                out.push_str(if hour < 12 { "AM" } else { "PM" });
                return true;
            }
            'f' | 'F' => {
                push_fraction(out, time % TICKS_PER_SECOND, count, letter == 'F');
                return true;
            }
            _ => return false,
        };
        out.push_str(&format!("{value:0count$}"));
        true
    })
}

/// Writes a timespan by a format such as `d.hh:mm:ss.fff`; the sign is written first when negative.
pub fn format_timespan(ticks: i64, format: &str) -> String {
    let span = ticks.unsigned_abs();
    let (day, hour) = (TICKS_PER_DAY as u64, TICKS_PER_HOUR as u64);
    let (minute, second) = (TICKS_PER_MINUTE as u64, TICKS_PER_SECOND as u64);
    let body = write_format(format, |letter, count, out| {
        let value = match letter {
            'd' => span / day,
            'H' | 'h' => span % day / hour,
            'm' => span / minute % 60,
            's' => span / second % 60,
            'f' | 'F' => {
                push_fraction(out, (span % second) as i64, count, letter == 'F');
                return true;
            }
            _ => return false,
        };
        out.push_str(&format!("{value:0count$}"));
        true
    });
    if ticks < 0 { format!("-{body}") } else { body }
}

fn push_fraction(out: &mut String, fraction: i64, count: usize, trimmed: bool) {
    let digits = format!("{fraction:07}");
    let kept = digits.get(..count.min(7)).unwrap_or(&digits);
    out.push_str(if trimmed { kept.trim_end_matches('0') } else { kept });
}

fn write_format(format: &str, mut write: impl FnMut(char, usize, &mut String) -> bool) -> String {
    let mut out = String::with_capacity(format.len() + 8);
    let mut chars = format.chars().peekable();
    while let Some(letter) = chars.next() {
        let mut count = 1usize;
        while chars.peek() == Some(&letter) {
            chars.next();
            count += 1;
        }
        if !write(letter, count.min(32), &mut out) {
            out.extend(std::iter::repeat_n(letter, count));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::support::calendar::{datetime_text, midnight};

    fn read(text: &str) -> Option<String> {
        parse_datetime(text).map(datetime_text)
    }

    #[test]
    fn accepted_forms_agree() {
        let full = Some("2014-11-08T15:05:02.0000000Z".to_owned());
        for text in [
            "2014-11-08T15:05:02Z",
            "2014-11-08 15:05:02.000",
            "2014-11-08T17:05:02+02:00",
            "2014-11-08T09:35:02-0530",
            "11/8/2014 3:05:02 PM",
            "11-08-2014 15:05:02",
            "Sat, 8 Nov 14 15:05:02 GMT",
            "8 Nov 14 15:05:02",
            "Saturday, 08-Nov-14 15:05:02 GMT",
            "Sat Nov 8 15:05:02 2014",
            "Nov 8, 2014 15:05:02",
            "  2014-11-8T15:05:02.00000000009Z ",
        ] {
            assert_eq!(read(text), full, "{text}");
        }
        assert_eq!(read("2014-11-08"), Some("2014-11-08T00:00:00.0000000Z".into()));
        assert_eq!(read("2014-11"), Some("2014-11-01T00:00:00.0000000Z".into()));
        assert_eq!(read("2014-05-25 08:20:03.123456Z"), Some("2014-05-25T08:20:03.1234560Z".into()));
    }

    #[test]
    fn rejected_forms() {
        for text in [
            "",
            "x",
            "13-01-2022",
            "2014-13-01",
            "2014-02-30",
            "2014-11-08T25:00",
            "2014-11-08 15",
            "12345678",
            "5",
            "2014-11-08T15:05:02Zx",
            "0000-01-01",
            "0001-01-01T00:00+02:00",
            "é",
            "Sat",
            "8 Foo 14",
            "1.1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn spans() {
        assert_eq!(parse_timespan("0.00:01:00"), Some(TICKS_PER_MINUTE));
        assert_eq!(
            parse_timespan("-1.02:03:04.5"),
            Some(-(TICKS_PER_DAY + 2 * TICKS_PER_HOUR + 3 * TICKS_PER_MINUTE + 45_000_000))
        );
        assert_eq!(parse_timespan("1.5h"), Some(90 * TICKS_PER_MINUTE));
        assert_eq!(parse_timespan("2"), Some(2 * TICKS_PER_DAY));
        for bad in ["", "x", "25:00", "1:60", "1:2:3:4", "9e99d", "99999999999999999999d", "-", "é:1"] {
            assert_eq!(parse_timespan(bad), None, "{bad}");
        }
    }

    #[test]
    fn formats() {
        let ticks = midnight(2017, 1, 29).unwrap() + 9 * TICKS_PER_HOUR + 5 * TICKS_PER_SECOND + 1_234_500;
        assert_eq!(format_datetime(ticks, "yy-MM-dd [HH:mm:ss]"), "17-01-29 [09:00:05]");
        assert_eq!(format_datetime(ticks, "yyyy-M-dd [H:mm:ss.ffffff] tt"), "2017-1-29 [9:00:05.123450] AM");
        assert_eq!(format_datetime(ticks, "FFFFFFF h"), "12345 9");
        assert_eq!(format_timespan(29 * TICKS_PER_DAY + 9 * TICKS_PER_HOUR, "dd.hh:mm:ss"), "29.09:00:00");
        assert_eq!(format_timespan(-TICKS_PER_HOUR, "H:mm"), "-1:00");
        assert_eq!(format_datetime(0, ""), "");
    }
}
