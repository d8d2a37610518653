//! Times as exports spell them, and the question whether `3/4/2021` is in March or in April.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::NaiveDate;
use postern_model::time::{TICKS_PER_SECOND, Ticks, UNIX_EPOCH_TICKS};

use super::object::Object;

/// Which number of a date with slashes is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// `15/04/2018`.
    DayFirst,
    /// `4/15/2018`.
    MonthFirst,
}

/// What a text says about a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// An instant.
    At(Ticks),
    /// One of two instants: day first, month first.
    Either(Ticks, Ticks),
    /// No text.
    Missing,
    /// Text, but no time.
    Unreadable,
}

/// Reads a time. Text without a zone is UTC.
pub(crate) fn read(text: &str) -> When {
    if let Some(ticks) = iso(text.as_bytes()) {
        return When::At(ticks);
    }
    let text = text.trim_matches(['\u{feff}', '\u{a0}', '\u{202f}', ' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return When::Missing;
    }
    if text.starts_with('{') {
        // PowerShell 5.1 writes a date as an object with its value inside.
        return match Object::parse(text).map(|object| object.text("value")) {
            Ok(value) if !value.starts_with('{') => read(&value),
            _ => When::Unreadable,
        };
    }
    // A year with a sign may have more digits than there are ticks for.
    let parsed = || if text.starts_with(['+', '-']) { None } else { Ticks::parse_iso(text) };
    if let Some(ticks) = unix_date(text).or_else(parsed) {
        return When::At(ticks);
    }
    local(text)
}

/// Reads a time that cannot be ambiguous.
pub(crate) fn instant(text: &str) -> Option<Ticks> {
    match read(text) {
        When::At(ticks) => Some(ticks),
        _ => None,
    }
}

/// `2021-06-15T10:09:55[.fffffff][Z]` by position, the shape that nearly all times have.
fn iso(bytes: &[u8]) -> Option<Ticks> {
    let number = |from: usize, to: usize| {
        bytes.get(from..to)?.iter().try_fold(0_u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !separators.iter().all(|(at, separator)| bytes.get(*at) == Some(separator)) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(number(0, 4)?.try_into().ok()?, number(5, 7)?, number(8, 10)?)?;
    let time = date.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)?;
    let mut rest = bytes.get(19..)?;
    let mut fraction = 0_i64;
    if let Some(digits) = rest.strip_prefix(b".") {
        let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        for place in 0..7 {
            let digit = digits.get(place).filter(|_| place < count).map_or(0, |b| b - b'0');
            fraction = fraction * 10 + i64::from(digit);
        }
        rest = digits.get(count..)?;
    }
    (rest.is_empty() || rest == b"Z")
        .then(|| Ticks(UNIX_EPOCH_TICKS + time.and_utc().timestamp() * TICKS_PER_SECOND + fraction))
}

/// `/Date(1772500523000)/`, also without the slashes and with an offset, which only says how it was shown.
fn unix_date(text: &str) -> Option<Ticks> {
    let inner = text.trim_matches(['/', '\\']).strip_prefix("Date(")?.strip_suffix(')')?;
    let sign = usize::from(inner.starts_with('-'));
    let end = inner.char_indices().skip(sign).find(|(_, c)| !c.is_ascii_digit()).map_or(inner.len(), |(at, _)| at);
    let rest = inner.get(end..)?;
    if !(rest.is_empty() || rest.starts_with(['+', '-'])) {
        return None;
    }
    Ticks::from_unix_millis(inner.get(..end)?.parse().ok()?)
}

/// `5/18/2021 9:13:33 PM`, `18.05.2021 21:13:33`, `2021/5/18 21:13:33`, `May 18, 2021 9:13:33 PM`.
fn local(text: &str) -> When {
    let read = || -> Option<When> {
        let text = text.replace(['\u{a0}', '\u{202f}'], " ");
        let (date, time) = month_name(&text).unwrap_or_else(|| {
            let (date, time) = text.split_once([' ', 'T']).unwrap_or((text.as_str(), ""));
            (date.trim_end_matches(',').to_owned(), time.to_owned())
        });
        let time = time_of_day(&time)?;
        let separator = date.chars().find(|c| !c.is_ascii_digit())?;
        if !matches!(separator, '/' | '.' | '-') {
            return None;
        }
        let parts: Vec<&str> = date.trim_end_matches('.').split(separator).collect();
        let [a, b, c] = parts.as_slice() else { return None };
        let number = |s: &str| s.trim().parse::<u32>().ok();
        let (first, second, third) = (number(a)?, number(b)?, number(c)?);
        let at = |year: u32, month: u32, day: u32| {
            let year = if year < 100 { year + 2000 } else { year };
            // Other years have no ticks.
            if !(1..=9999).contains(&year) {
                return None;
            }
            let (hour, minute, second, fraction) = time;
            let date = NaiveDate::from_ymd_opt(year.try_into().ok()?, month, day)?;
            Some(Ticks(Ticks::from_utc(date.and_hms_opt(hour, minute, second)?).0 + fraction))
        };
        if a.trim().len() == 4 {
            return at(first, second, third).map(When::At);
        }
        match (separator, at(third, second, first), at(third, first, second)) {
            ('/', Some(day_first), Some(month_first)) if day_first != month_first => {
                Some(When::Either(day_first, month_first))
            }
            ('/', day_first, month_first) => day_first.or(month_first).map(When::At),
            (_, day_first, _) => day_first.map(When::At),
        }
    };
    read().unwrap_or(When::Unreadable)
}

/// `May 18, 2021 9:13:33 PM` as `2021/5/18` and the rest.
fn month_name(text: &str) -> Option<(String, String)> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut words = text.splitn(4, ' ');
    let name = words.next()?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|m| name.starts_with(m))? + 1;
    let day = words.next()?.trim_end_matches(',');
    let year = words.next()?.trim_end_matches(',');
    let year = if year.len() == 4 { year } else { return None };
    Some((format!("{year}/{month}/{day}"), words.next().unwrap_or_default().to_owned()))
}

/// Hour, minute, second and ticks of `9:13:33 PM`, `21:13`, `9:13:33 p. m.` or nothing.
fn time_of_day(text: &str) -> Option<(u32, u32, u32, i64)> {
    let text = text.trim();
    if text.is_empty() {
        return Some((0, 0, 0, 0));
    }
    let (clock, half) = text.split_once(' ').unwrap_or((text, ""));
    let half: String = half.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    let mut parts = clock.split(':');
    let mut hour: u32 = parts.next()?.parse().ok()?;
    let minute = parts.next()?.parse().ok()?;
    let seconds = parts.next().unwrap_or("0");
    if parts.next().is_some() {
        return None;
    }
    let (second, fraction) = seconds.split_once(['.', ',']).unwrap_or((seconds, ""));
    let mut ticks = 0;
    for place in 0..7 {
        let digit = fraction.as_bytes().get(place).copied().unwrap_or(b'0');
        ticks = ticks * 10 + i64::from(digit.checked_sub(b'0').filter(|d| *d < 10)?);
    }
    match half.as_str() {
        "am" if hour == 12 => hour = 0,
        "pm" if hour < 12 => hour += 12,
        "" | "utc" | "gmt" | "z" | "am" | "pm" => {}
        _ => return None,
    }
    Some((hour, minute, second.parse().ok()?, ticks))
}

/// What the dates of one file tell about their order.
#[derive(Debug, Default)]
pub(crate) struct DateOrder {
    day_first: AtomicU64,
    month_first: AtomicU64,
    half_days: AtomicU64,
    used: AtomicU64,
}

impl DateOrder {
    /// Learns from a date and, where the record says it elsewhere, the true time.
    pub(crate) fn learn(&self, text: &str, truth: Option<Ticks>) {
        if !text.contains('/') || text.starts_with('/') {
            return;
        }
        // Some votes of one side are enough; a file of millions of rows need not read every date twice.
        if self.day_first.load(Ordering::Relaxed).max(self.month_first.load(Ordering::Relaxed)) > 1000 {
            return;
        }
        match (local(text.trim()), truth) {
            (When::Either(day, month), Some(truth)) => {
                // Wrapper times have whole seconds.
                let near = |t: Ticks| (t.0 - truth.0).abs() < 2 * TICKS_PER_SECOND;
                if near(day) {
                    self.day_first.fetch_add(1, Ordering::Relaxed);
                } else if near(month) {
                    self.month_first.fetch_add(1, Ordering::Relaxed);
                }
            }
            (When::At(_), _) => {
                let mut numbers = text.trim().split('/').map(|n| n.parse::<u32>().unwrap_or(0));
                let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
                if (13..=31).contains(&first) {
                    self.day_first.fetch_add(1, Ordering::Relaxed);
                } else if (13..=31).contains(&second) && first <= 12 {
                    self.month_first.fetch_add(1, Ordering::Relaxed);
                }
            }
            _ => {}
        }
        let last = text.trim_end().as_bytes().last().map(u8::to_ascii_lowercase);
        if last == Some(b'm') {
            self.half_days.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The order, as far as it is known, and how.
    fn decision(&self) -> Option<(Order, &'static str)> {
        let votes = |n: &AtomicU64| n.load(Ordering::Relaxed);
        match (votes(&self.day_first), votes(&self.month_first)) {
            (0, 0) if votes(&self.half_days) > 0 => {
                Some((Order::MonthFirst, "the clock has AM and PM, which is the custom of the United States"))
            }
            (0, 0) => None,
            (_, 0) => Some((Order::DayFirst, "other dates of the file show it")),
            (0, _) => Some((Order::MonthFirst, "other dates of the file show it")),
            _ => None,
        }
    }

    /// Reads a date of the file. `None`: it may be known later.
    pub(crate) fn read(&self, text: &str, last_chance: bool) -> Option<Result<Ticks, String>> {
        match read(text) {
            When::At(ticks) => Some(Ok(ticks)),
            When::Missing => Some(Err("it has no time".to_owned())),
            When::Unreadable => Some(Err(format!("its time `{}` cannot be read", postern_ingest::shown(text, 40)))),
            When::Either(..) if !last_chance => None,
            When::Either(day, month) => Some(match self.decision() {
                Some((order, _)) => {
                    self.used.fetch_add(1, Ordering::Relaxed);
                    Ok(if order == Order::DayFirst { day } else { month })
                }
                None => Err(format!(
                    "its time `{}` may be day first or month first, and the file does not tell which",
                    postern_ingest::shown(text, 40)
                )),
            }),
        }
    }

    /// What was decided, if it mattered.
    pub(crate) fn note(&self) -> Option<String> {
        let used = self.used.load(Ordering::Relaxed);
        let (order, why) = self.decision().filter(|_| used > 0)?;
        let words = if order == Order::DayFirst { "day first" } else { "month first" };
        Some(format!("dates with slashes were read {words} ({used} times): {why}"))
    }
}

/// Ticks of a `[d.]hh:mm:ss[.fffffff]` text.
pub(crate) fn timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |t| (-1, t));
    let (days, clock) = match text.split_once('.') {
        Some((days, clock)) if clock.contains(':') => (days.parse::<i64>().ok()?, clock),
        _ => (0, text),
    };
    let (hour, minute, second, ticks) = time_of_day(clock).filter(|_| clock.contains(':'))?;
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let seconds = days.checked_mul(86_400)?.checked_add(seconds)?;
    seconds.checked_mul(TICKS_PER_SECOND)?.checked_add(ticks)?.checked_mul(sign)
}

/// A time for tests.
#[cfg(test)]
pub(crate) fn at(text: &str) -> Ticks {
    Ticks::from_utc(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_shape_met() {
        let afternoon = at("2021-05-18 21:13:33");
        for text in [
            "2021-05-18T21:13:33",
            "2021-05-18T21:13:33Z",
            "2021-05-18T21:13:33.0000000Z ",
            "2021-05-18T23:13:33.0000000+02:00",
            "2021-05-18 21:13:33",
            "5/18/2021 9:13:33 PM",
            "18/05/2021 21:13:33",
            "18.05.2021 21:13:33",
            "18-05-2021 21:13:33",
            "18/05/2021 9:13:33\u{a0}p.\u{a0}m.",
            "2021/5/18 21:13:33",
            "May 18, 2021 9:13:33 PM",
            "/Date(1621372413000)/",
            "\\/Date(1621372413000+0200)\\/",
            "Date(1621372413000)",
            r#"{"value":"\/Date(1621372413000)\/","DisplayHint":2,"DateTime":"Tuesday, May 18, 2021 9:13:33 PM"}"#,
        ] {
            assert_eq!(read(text), When::At(afternoon), "{text}");
        }
        assert_eq!(instant("2021-08-02T13:11:39.7724491Z").unwrap().to_string(), "2021-08-02T13:11:39.7724491Z");
        assert_eq!(read("3/4/2021 12:00:00 AM"), When::Either(at("2021-04-03 00:00:00"), at("2021-03-04 00:00:00")));
        assert_eq!(read("5/5/2021"), When::At(at("2021-05-05 00:00:00")));
        assert_eq!(read(" "), When::Missing);
        for text in ["yesterday", "31/31/2021", "2021-13-01T00:00:00", "1/2", "5/18/2021 25:00:00", "Date(x)"] {
            assert_eq!(read(text), When::Unreadable, "{text}");
        }
    }

    #[test]
    fn learns_the_order_from_the_file() {
        let read = |order: &DateOrder| order.read("3/4/2021 10:00:00", true).unwrap();
        let order = DateOrder::default();
        assert_eq!(order.read("3/4/2021 10:00:00", false), None);
        assert!(read(&order).unwrap_err().contains("day first or month first"));
        order.learn("25/04/2021 10:00:00", None);
        assert_eq!(read(&order), Ok(at("2021-04-03 10:00:00")));
        assert!(order.note().unwrap().contains("day first"));
        // Two answers are no answer.
        order.learn("4/25/2021 10:00:00", None);
        assert!(read(&order).is_err());

        let order = DateOrder::default();
        order.learn("3/4/2021 10:00:00", Some(at("2021-03-04 10:00:00")));
        assert_eq!(read(&order), Ok(at("2021-03-04 10:00:00")));

        let order = DateOrder::default();
        order.learn("3/4/2021 10:00:00 AM", None);
        assert_eq!(read(&order), Ok(at("2021-03-04 10:00:00")));
    }

    proptest::proptest! {
        #[test]
        fn no_text_causes_a_panic(text in "([0-9]{1,19}|[-+/.:, TZampDate()]){0,14}") {
            let _ = (read(&text), timespan(&text), unix_date(&text));
            let order = DateOrder::default();
            order.learn(&text, Some(at("2021-03-04 10:00:00")));
            let _ = order.read(&text, true);
        }
    }

    #[test]
    fn refuses_what_has_no_ticks() {
        for text in ["1/2/99999", "+262000-01-01", "1/2/0", "31/12/9999 23:59:59.1.2", "1/2/2021 10:00:00.+"] {
            assert!(!matches!(read(text), When::Missing), "{text}");
        }
        assert_eq!(read("+262000-01-01"), When::Unreadable);
        assert_eq!(timespan("106751991167300.23:59:59"), None);
    }

    #[test]
    fn reads_timespans() {
        assert_eq!(timespan("90.00:00:00"), Some(90 * 86_400 * TICKS_PER_SECOND));
        assert_eq!(timespan("-00:00:01.5"), Some(-15_000_000));
        assert_eq!(timespan("Unlimited"), None);
        assert_eq!(timespan("5"), None);
    }
}
