//! Writing datetimes and timespans by a format; reading them is the syntax crate's, for literals and values alike.

pub use postern_kql_syntax::literal::{parse_datetime, parse_timespan};

use super::calendar;
use crate::types::{TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND};

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
    use crate::functions::support::calendar::midnight;

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
