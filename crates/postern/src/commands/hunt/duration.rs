//! Durations on the command line: `30d`, `1.5h`, `90m`, `30s`, `500ms`, `1.02:03:04`, or ISO 8601 as the hunting API takes
//! them: `P30D`, `PT12H`, `P1DT6H`.

use std::time::Duration;

/// A duration in ticks of 100 ns.
pub(super) fn ticks(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.contains(':') {
        return clock(text);
    }
    if let Some(parts) = text.strip_prefix(['P', 'p']) {
        return iso(parts);
    }
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    let per: f64 = match unit {
        "d" | "day" | "days" => 864e9,
        "h" | "hr" | "hour" | "hours" => 36e9,
        "m" | "min" | "minute" | "minutes" => 6e8,
        "s" | "sec" | "second" | "seconds" => 1e7,
        "ms" => 1e4,
        _ => return None,
    };
    let value = number.trim().parse::<f64>().ok()? * per;
    (value.is_finite() && value.abs() < 9e18).then_some(value.round() as i64)
}

/// What follows the `P` of an ISO 8601 duration of weeks, days, hours, minutes and seconds. Years and months have no
/// fixed length.
fn iso(text: &str) -> Option<i64> {
    let text = text.to_ascii_uppercase();
    let (date, clock) = text.split_once('T').map_or((text.as_str(), None), |(date, clock)| (date, Some(clock)));
    let mut total = 0.0;
    let mut parts = 0;
    for (mut rest, units) in
        [(date, &[('W', 6048e9), ('D', 864e9)][..]), (clock.unwrap_or(""), &[('H', 36e9), ('M', 6e8), ('S', 1e7)])]
    {
        for (unit, per) in units {
            if let Some((number, after)) = rest.split_once(*unit) {
                total += number.parse::<f64>().ok()? * per;
                rest = after;
                parts += 1;
            }
        }
        if !rest.is_empty() {
            return None;
        }
    }
    let sound = parts > 0 && clock.is_none_or(|clock| !clock.is_empty()) && f64::abs(total) < 9e18;
    sound.then_some(total.round() as i64)
}

/// `[d.]hh:mm:ss`.
fn clock(text: &str) -> Option<i64> {
    let (days, rest) = match text.split_once('.') {
        Some((days, rest)) if rest.contains(':') => (days.parse::<i64>().ok()?, rest),
        _ => (0, text),
    };
    let parts: Vec<i64> = rest.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts.as_slice() else { return None };
    let total = days.checked_mul(24)?.checked_add(*hours)?.checked_mul(60)?.checked_add(*minutes)?;
    total.checked_mul(60)?.checked_add(*seconds)?.checked_mul(10_000_000)
}

/// Reads `--timespan`.
pub(in crate::commands) fn parse_ticks(text: &str) -> Result<i64, String> {
    ticks(text)
        .filter(|t| *t > 0)
        .ok_or_else(|| "expected a duration such as 30d, 12h, 1.06:00:00 or P1DT6H".to_owned())
}

/// Reads `--timeout`; a bare number is seconds.
pub(in crate::commands) fn parse_timeout(text: &str) -> Result<Duration, String> {
    let ticks =
        text.trim().parse::<u32>().map_or_else(|_| ticks(text), |seconds| Some(i64::from(seconds) * 10_000_000));
    ticks
        .filter(|t| *t > 0)
        .and_then(|t| u64::try_from(t).ok())
        .map(|t| Duration::from_nanos(t.saturating_mul(100)))
        .ok_or_else(|| "expected a duration such as 30s or 2m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        assert_eq!(ticks("30d"), Some(30 * 864_000_000_000));
        assert_eq!(ticks("1.5h"), Some(54_000_000_000));
        assert_eq!(ticks("500ms"), Some(5_000_000));
        assert_eq!(ticks("1.02:03:04"), Some(937_840_000_000));
        assert_eq!(ticks("P30D"), Some(30 * 864_000_000_000));
        assert_eq!(ticks("PT5H"), Some(180_000_000_000));
        assert_eq!(ticks("p1dT6h30m0.5s"), Some(1_098_005_000_000));
        assert_eq!(ticks("P2W"), Some(14 * 864_000_000_000));
        for bad in [
            "P",
            "PT",
            "P1DT",
            "PT1D",
            "P1H",
            "P1M",
            "P1Y",
            "P30",
            "P1D2",
            "PxD",
            "PT1e300H",
            "",
            "d",
            "30",
            "30 parsecs",
            "1:2",
            "nand",
            "1e300d",
        ] {
            assert_eq!(ticks(bad), None, "{bad}");
        }
        assert_eq!(parse_timeout("30").unwrap(), Duration::from_secs(30));
        assert_eq!(parse_timeout("2m").unwrap(), Duration::from_mins(2));
        assert!(parse_timeout("0").is_err());
    }
}
