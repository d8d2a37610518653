//! Scales: round steps, and how values are written beside them.

use postern_kql_syntax::literal::format_datetime;

/// What the values of an axis are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Numbers.
    Number,
    /// Instants, in ticks.
    Time,
    /// Durations, in ticks.
    Length,
}

/// Steps of time, in seconds.
const STEPS: &[f64] = &[
    1.0,
    5.0,
    15.0,
    30.0,
    60.0,
    300.0,
    900.0,
    1_800.0,
    3_600.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    1_209_600.0,
    2_592_000.0,
    7_776_000.0,
    31_536_000.0,
];
const SECOND: f64 = 1e7;
const DAY: f64 = 86_400.0 * SECOND;

/// About `count` round values from `low` to `high`.
pub(super) fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return vec![low];
    }
    let rough = span / count.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].iter().map(|f| f * power).find(|step| *step >= rough).unwrap_or(rough);
    let mut out = Vec::new();
    let first = (low / step).ceil();
    for index in 0..=count * 4 {
        let value = (first + index as f64) * step;
        if value > high + step * 1e-9 || !value.is_finite() {
            break;
        }
        out.push(value);
    }
    if out.is_empty() { vec![low] } else { out }
}

/// At most `count` instants or durations on round steps from `low` to `high`.
pub(super) fn times(low: f64, high: f64, count: usize) -> Vec<f64> {
    let span = high - low;
    let steps = STEPS.iter().map(|seconds| seconds * SECOND);
    let step = steps.clone().find(|step| span / step <= count.max(1) as f64);
    let step = step.unwrap_or_else(|| (span / (365.0 * DAY) / count.max(1) as f64).ceil() * 365.0 * DAY);
    let first = (low / step).ceil();
    let values = (0..=count).map(|index| (first + index as f64) * step).filter(|value| *value <= high);
    let values: Vec<f64> = values.collect();
    if values.is_empty() { vec![low] } else { values }
}

/// A number in few characters.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    let (scaled, unit) = match size {
        _ if size >= 1e15 => return format!("{value:.2e}"),
        _ if size >= 1e12 => (value / 1e12, "T"),
        _ if size >= 1e9 => (value / 1e9, "G"),
        _ if size >= 1e6 => (value / 1e6, "M"),
        _ if size >= 1e4 => (value / 1e3, "k"),
        _ if size > 0.0 && size < 1e-3 => return format!("{value:.1e}"),
        _ => (value, ""),
    };
    let digits = if scaled.abs() >= 100.0 { 1 } else { 3 };
    let text = format!("{scaled:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let text = if text == "-0" { "0" } else { text };
    format!("{text}{unit}")
}

/// A value beside an axis that spans so much.
pub(super) fn label(value: f64, unit: Unit, span: f64) -> String {
    match unit {
        Unit::Number => number(value),
        Unit::Length => length(value),
        Unit::Time => {
            let text = format_datetime(value.round() as i64);
            let part = |from: usize, to: usize| text.get(from..to).unwrap_or(&text).replace('T', " ");
            match span {
                _ if span >= 300.0 * DAY => part(0, 10),
                _ if span >= 3.0 * DAY => part(5, 10),
                _ if span >= 300.0 * SECOND => part(5, 16),
                _ => part(11, 21),
            }
        }
    }
}

/// A duration in its largest unit.
fn length(ticks: f64) -> String {
    let seconds = ticks / SECOND;
    let size = seconds.abs();
    match size {
        _ if size >= 86_400.0 => format!("{}d", number(seconds / 86_400.0)),
        _ if size >= 3_600.0 => format!("{}h", number(seconds / 3_600.0)),
        _ if size >= 60.0 => format!("{}m", number(seconds / 60.0)),
        _ if size >= 1.0 || size == 0.0 => format!("{}s", number(seconds)),
        _ => format!("{}ms", number(seconds * 1e3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!(ticks(0.0, 100.0, 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(-3.0, 4.0, 4), [-2.0, 0.0, 2.0, 4.0]);
        assert_eq!(ticks(5.0, 5.0, 4), [5.0]);
        assert_eq!(ticks(f64::MIN, f64::MAX, 4).len(), 1, "a span beyond all numbers");
    }

    #[test]
    fn times_stand_on_round_steps() {
        assert_eq!(times(0.0, 4.0 * DAY, 6), [0.0, DAY, 2.0 * DAY, 3.0 * DAY, 4.0 * DAY]);
        assert_eq!(times(0.5 * DAY, 2.0 * DAY, 2), [DAY, 2.0 * DAY]);
        assert!(times(0.0, 4000.0 * 365.0 * DAY, 5).len() <= 6);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1234.0, "1234"),
            (12_345.0, "12.345k"),
            (2_500_000.0, "2.5M"),
            (0.25, "0.25"),
            (-7.0, "-7"),
            (1e20, "1.00e20"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(length(90.0 * SECOND), "1.5m");
        assert_eq!(length(0.005 * SECOND), "5ms");
    }
}
