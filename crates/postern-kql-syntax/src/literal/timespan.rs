//! Lengths of time.

use super::{TICKS_PER_DAY, TICKS_PER_SECOND, digits, fraction_ticks, split_seconds};

/// Ticks of a unit as a fraction (a nanosecond is a hundredth of a tick), or
/// `None` for a word that is no unit.
pub fn ticks_of_unit(unit: &str) -> Option<(i64, i64)> {
    Some(match unit {
        "d" | "day" | "days" => (TICKS_PER_DAY, 1),
        "h" | "hr" | "hrs" | "hour" | "hours" => (3600 * TICKS_PER_SECOND, 1),
        "m" | "min" | "mins" | "minute" | "minutes" => (60 * TICKS_PER_SECOND, 1),
        "s" | "sec" | "secs" | "second" | "seconds" => (TICKS_PER_SECOND, 1),
        "ms" | "milli" | "millis" | "millisec" | "millisecond" | "milliseconds" => (TICKS_PER_SECOND / 1000, 1),
        "micro" | "micros" | "microsec" | "microsecond" | "microseconds" => (10, 1),
        "ns" | "nano" | "nanos" | "nanosec" | "nanosecond" | "nanoseconds" => (1, 100),
        "tick" | "ticks" => (1, 1),
        _ => return None,
    })
}

/// Reads a length of time: `1.5h`, `-30 min`, `[-][d.]hh:mm[:ss[.fffffff]]`, or a
/// plain number of days.
pub fn parse_timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let ticks = if text.contains(':') { clock(text)? } else { amount(text)? };
    i64::try_from(if negative { -ticks } else { ticks }).ok()
}

/// `1.5h`, `7`.
fn amount(text: &str) -> Option<i128> {
    let (whole, _, mut rest) = digits(text)?;
    let (mut value, mut scale) = (i128::from(whole), 1);
    if let Some(after) = rest.strip_prefix('.') {
        let (fraction, length, after) = digits(after)?;
        scale = 10_i128.pow(u32::try_from(length).ok()?);
        value = value * scale + i128::from(fraction);
        rest = after;
    }
    let (ticks, parts) = match rest.trim() {
        "" => (TICKS_PER_DAY, 1),
        unit => ticks_of_unit(unit)?,
    };
    let scale = scale * i128::from(parts);
    let scaled = value.checked_mul(i128::from(ticks))?;
    Some((scaled + scale / 2) / scale)
}

/// `1.02:03:04.5`.
fn clock(text: &str) -> Option<i128> {
    let (mut hours, mut length, mut rest) = digits(text)?;
    let mut days = 0;
    if let Some(after) = rest.strip_prefix('.') {
        days = hours;
        (hours, length, rest) = digits(after)?;
    }
    let (minutes, minutes_length, mut rest) = digits(rest.strip_prefix(':')?)?;
    let mut ticks = 0;
    if let Some(after) = rest.strip_prefix(':') {
        let (seconds, seconds_length, after) = digits(after)?;
        if seconds > 59 || seconds_length > 2 {
            return None;
        }
        ticks = seconds * TICKS_PER_SECOND;
        rest = after;
        if let Some(fraction) = rest.strip_prefix('.') {
            ticks += fraction_ticks(fraction)?;
            rest = "";
        }
    }
    if !rest.is_empty() || hours > 23 || minutes > 59 || length > 2 || minutes_length > 2 {
        return None;
    }
    ticks += (hours * 60 + minutes) * 60 * TICKS_PER_SECOND;
    Some(i128::from(days) * i128::from(TICKS_PER_DAY) + i128::from(ticks))
}

/// Writes `[-][d.]hh:mm:ss[.fffffff]`.
pub fn format_timespan(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let magnitude = ticks.unsigned_abs();
    let days = magnitude / TICKS_PER_DAY as u64;
    let (hours, minutes, seconds, fraction) = split_seconds(magnitude % TICKS_PER_DAY as u64);
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    let fraction = if fraction > 0 { format!(".{fraction:07}") } else { String::new() };
    format!("{sign}{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        let second = TICKS_PER_SECOND;
        for (text, ticks) in [
            ("1d", 86400 * second),
            ("12h", 43200 * second),
            ("30m", 1800 * second),
            ("10s", 10 * second),
            ("5ms", second / 200),
            ("3microsecond", 30),
            ("100ns", 1),
            ("2tick", 2),
            ("1.5h", 5400 * second),
            ("0.1s", second / 10),
            ("-1.25d", -108_000 * second),
            ("2 days", 172_800 * second),
            ("3", 259_200 * second),
        ] {
            assert_eq!(parse_timespan(text), Some(ticks), "{text}");
        }
    }

    #[test]
    fn clock_form_goes_there_and_back() {
        for text in ["00:00:00", "1.02:03:04.5000000", "-23:59:59.9999999", "10675199.02:48:05.4775807"] {
            assert_eq!(parse_timespan(text).map(format_timespan).as_deref(), Some(text));
        }
        assert_eq!(parse_timespan("1:30"), Some(5400 * TICKS_PER_SECOND));
        assert_eq!(format_timespan(i64::MIN), "-10675199.02:48:05.4775808");
        assert_eq!(parse_timespan("-10675199.02:48:05.4775808"), Some(i64::MIN));
    }

    #[test]
    fn nonsense_is_none() {
        for text in [
            "",
            "d",
            "1x",
            "24:00",
            "1:60",
            "1:00:60",
            "1.d",
            "999999999999d",
            "9999999999999999999",
            "1:2:3:4",
            "-",
            "é",
        ] {
            assert_eq!(parse_timespan(text), None, "{text}");
        }
    }
}
