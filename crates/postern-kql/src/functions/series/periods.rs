//! Periods of a series: `series_periods_detect`, `series_periods_validate`, and the search that `series_decompose` uses.
//!
//! A period is a lag at which the series resembles itself: a peak of the autocorrelation of the series less its line.
//! Its score is the autocorrelation at the period and at its double, the lesser of the two. The vendor does not publish
//! its own search and scale: periods of clear seasons agree, scores may differ.

use super::fit::fit;
use super::{Series, mean, read, write};
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param, repeated};
use crate::functions::support::json::ArrayText;
use crate::plan::guard;
use crate::types::KqlType::{Dynamic, Long, Real};

/// The shortest period that can be told.
const SHORTEST: usize = 4;

/// The longest part of a series that is searched: every lag costs a pass.
const SEARCHED: usize = 10_000;

/// How alike the series and itself are at a lag, for values about zero: 1 is the same, 0 is no likeness.
fn likeness(values: &[f64], power: f64, lag: usize) -> f64 {
    let shared: f64 = values.iter().zip(values.iter().skip(lag)).map(|(a, b)| a * b).sum();
    // As many products as the lag leaves; the power is scaled to as many.
    let scaled = power * values.len().saturating_sub(lag) as f64 / values.len() as f64;
    if scaled > f64::EPSILON { shared / scaled } else { 0.0 }
}

fn centred(values: &[f64]) -> (Vec<f64>, f64) {
    let middle = mean(values).unwrap_or(0.0);
    let values: Vec<f64> = values.iter().map(|v| v - middle).collect();
    let power = values.iter().map(|v| v * v).sum();
    (values, power)
}

/// The score of a period: 0 when it is too short or longer than half of the series.
pub(super) fn score(values: &[f64], period: usize) -> f64 {
    let half = values.len() / 2;
    if period < SHORTEST || period > half {
        return 0.0;
    }
    let (values, power) = centred(values);
    let once = likeness(&values, power, period);
    let score = if 2 * period <= half { once.min(likeness(&values, power, 2 * period)) } else { once };
    score.clamp(0.0, 1.0)
}

/// The periods between two lengths, the best first; multiples of a better period are left out.
pub(super) fn detect(values: &[f64], least: f64, greatest: f64) -> Vec<(usize, f64)> {
    let values = values.get(..SEARCHED.min(values.len())).unwrap_or(values);
    let half = values.len() / 2;
    let line = fit(values, 0);
    let flat: Vec<f64> =
        values.iter().enumerate().map(|(at, v)| v - (line.slope * at as f64 + line.intercept)).collect();
    let (flat, power) = centred(&flat);
    let lags: Vec<f64> =
        (0..=half).map(|lag| if guard::tick(flat.len()) { 0.0 } else { likeness(&flat, power, lag) }).collect();
    let at = |lag: usize| lags.get(lag).copied().unwrap_or(f64::NEG_INFINITY);
    // A peak stands between two lags that are lower, and lags go up to half of the series: the half itself is none.
    let peaks = (SHORTEST..half).filter(|lag| at(*lag) >= at(lag - 1) && at(*lag) >= at(lag + 1) && at(*lag) > 0.0);
    let mut found: Vec<(usize, f64)> = peaks
        .filter(|lag| (least..=greatest).contains(&(*lag as f64)))
        .map(|lag| (lag, if guard::tick(values.len()) { 0.0 } else { score(values, lag) }))
        .filter(|(_, score)| *score > 0.0)
        .collect();
    // Of scores that are nearly the same the shorter period comes first: its multiples are periods too.
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut chosen: Vec<(usize, f64)> = Vec::new();
    while !found.is_empty() {
        let best = found.first().map_or(0.0, |(_, score)| *score);
        let near = found.iter().enumerate().filter(|(_, (_, score))| *score >= 0.95 * best);
        let Some((place, _)) = near.min_by_key(|(_, (lag, _))| *lag) else { break };
        let next = found.remove(place);
        // A multiple of a better period, or a peak on its slope (within a fifth of it), tells nothing new.
        let known = |lag: usize| {
            let rest = next.0 % lag;
            rest <= 1 || rest == lag - 1 || 5 * next.0.abs_diff(lag) <= lag
        };
        if !chosen.iter().any(|(lag, _)| known(*lag)) {
            chosen.push(next);
        }
        if chosen.len() >= 64 {
            break;
        }
    }
    chosen
}

fn known(series: &Series) -> Vec<f64> {
    series.values.iter().map(|v| v.filter(|v| v.is_finite()).unwrap_or(0.0)).collect()
}

fn pair(periods: impl Iterator<Item = f64>, scores: impl Iterator<Item = f64>) -> String {
    let mut list = ArrayText::new();
    list.raw(&write(periods.map(Some), false));
    list.raw(&write(scores.map(Some), false));
    list.finish()
}

/// `series_periods_detect(series, least, greatest, count)`: two columns of `count` elements, zeros where fewer are found.
pub const DETECT: Scalar = Scalar::new(
    info(
        "series_periods_detect",
        "series",
        "The periods of a series and how marked they are, the best first.",
        &[
            param("series", "dynamic", "The series, evenly spaced."),
            param("min_period", "real", "The shortest period to look for; below 4 none is found."),
            param("max_period", "real", "The longest period to look for, at most half of the series."),
            param("num_periods", "long", "How many to give."),
        ],
        "two columns",
        &[example(
            "print y = dynamic([1, 2, 3, 4, 9, 1, 2, 3, 4, 9, 1, 2, 3, 4, 9, 1, 2, 3, 4, 9]) | project series_periods_detect(y, 4.0, 8.0, 2) | project series_periods_detect_y_periods",
            "[5.0,0.0]",
        )],
    ),
    |args, _| {
        call("series_periods_detect", args, &[Dynamic, Real, Real, Long], Dynamic, |args| {
            let (series, least, greatest) = (args.get(0)?.text()?, args.get(1)?.reals()?, args.get(2)?.reals()?);
            let count = args.get(3)?.longs()?;
            build::texts(args.rows, |row, out| {
                let values = known(&read(series.get(row)?)?);
                let count = usize::try_from(count.get(row)?).ok()?.min(64);
                let mut found = detect(&values, least.get(row)?, greatest.get(row)?);
                found.resize(count, (0, 0.0));
                out.push_str(&pair(found.iter().map(|f| f.0 as f64), found.iter().map(|f| f.1)));
                Some(())
            })
        })
    },
)
.columns(&[("periods", Dynamic), ("scores", Dynamic)]);

/// `series_periods_validate(series, period…)`: two columns: the periods as given and their scores.
pub const VALIDATE: Scalar = Scalar::new(
    info(
        "series_periods_validate",
        "series",
        "How marked given periods of a series are, 0 to 1.",
        &[
            param("series", "dynamic", "The series, evenly spaced."),
            repeated("period", "real", "A period; below 4 or beyond half of the series its score is 0."),
        ],
        "two columns",
        &[example(
            "print y = dynamic([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]) | project series_periods_validate(y, 2.0, 7.0) | project series_periods_validate_y_scores",
            "[0.0,0.0]",
        )],
    ),
    |args, _| {
        call("series_periods_validate", args, &[Dynamic, Real], Dynamic, |args| {
            let series = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let values = known(&read(series.get(row)?)?);
                let mut periods = Vec::with_capacity(args.args.len());
                for arg in args.args.iter().skip(1) {
                    periods.push(arg.reals().ok()?.get(row)?);
                }
                let scores = periods.iter().map(|p| if p.is_finite() && *p > 0.0 { score(&values, p.round() as usize) } else { 0.0 });
                out.push_str(&pair(periods.iter().copied(), scores));
                Some(())
            })
        })
    },
)
.columns(&[("periods", Dynamic), ("scores", Dynamic)]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_seasons_are_found() {
        let weekly: Vec<f64> = (0..70).map(|d| if d % 7 < 5 { 10.0 } else { 2.0 } + f64::from(d % 3) * 0.1).collect();
        assert_eq!(detect(&weekly, 0.0, 50.0).first().map(|p| p.0), Some(7));
        assert!(score(&weekly, 7) > 0.9);
        assert_eq!(score(&weekly, 3), 0.0);
        assert_eq!(score(&weekly, 36), 0.0);
        assert!(detect(&[1.0; 50], 0.0, 50.0).is_empty());
        assert!(detect(&[], 0.0, 50.0).is_empty());
        assert!(detect(&[1.0, 2.0], 0.0, 50.0).is_empty());
    }
}
