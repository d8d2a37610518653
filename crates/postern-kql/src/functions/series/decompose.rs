//! A series as trend, season and rest: `series_seasonal`, `series_decompose`, `series_decompose_anomalies`,
//! `series_decompose_forecast`.
//!
//! The season comes first: the median of the points at each of its places. The trend is that of what is left. Scores of
//! anomalies follow `series_outliers`. The vendor's own period search and score scale are not published in full, so
//! borderline points may differ.

use super::fit::fit;
use super::measure::outlier_scores;
use super::periods::detect;
use super::{Series, mean, quantile, read, write};
use crate::functions::kernel::KernelArgs;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::functions::support::json::ArrayText;
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Dynamic, Long, Real, String as Text};

/// How alike the periods must be for `series_seasonal`, as its documentation says.
const SEASONAL_THRESHOLD: f64 = 0.7;

/// The best period of a series, when its score is at least `threshold`.
fn period(values: &[f64], threshold: f64) -> Option<usize> {
    detect(values, 0.0, f64::INFINITY).first().filter(|(_, score)| *score >= threshold).map(|(lag, _)| *lag)
}

/// The median of each place in the season, repeated over the series.
fn season(values: &[f64], learn: usize, period: usize) -> Vec<f64> {
    let medians: Vec<f64> = (0..period)
        .map(|phase| {
            let mut seen: Vec<f64> = values.iter().take(learn).skip(phase).step_by(period).copied().collect();
            seen.sort_by(f64::total_cmp);
            quantile(&seen, 0.5).unwrap_or(0.0)
        })
        .collect();
    medians.iter().cycle().take(values.len()).copied().collect()
}

struct Parts {
    baseline: Vec<f64>,
    seasonal: Vec<f64>,
    trend: Vec<f64>,
    residual: Vec<f64>,
}

struct Options<'a> {
    seasonality: i64,
    trend: &'a str,
    test_points: usize,
    threshold: f64,
}

/// Nulls are put on straight lines first, so that the season keeps its places.
fn filled(series: &Series) -> Vec<f64> {
    let mut last = series.values.iter().flatten().next().copied().unwrap_or(0.0);
    series
        .values
        .iter()
        .map(|v| {
            last = v.filter(|v| v.is_finite()).unwrap_or(last);
            last
        })
        .collect()
}

fn decompose(values: &[f64], options: &Options<'_>) -> Parts {
    let learn = values.len().saturating_sub(options.test_points).max(1).min(values.len());
    let known = values.get(..learn).unwrap_or(values);
    let found = match options.seasonality {
        0 => None,
        given if given > 0 => usize::try_from(given).ok().filter(|p| *p <= learn),
        _ => period(known, options.threshold),
    };
    let seasonal = match found {
        Some(period) if period > 1 => season(values, learn, period),
        _ => vec![0.0; values.len()],
    };
    let flat: Vec<f64> = known.iter().zip(&seasonal).map(|(v, s)| v - s).collect();
    let trend: Vec<f64> = if options.trend.eq_ignore_ascii_case("linefit") {
        let line = fit(&flat, 0);
        (0..values.len()).map(|at| line.slope * at as f64 + line.intercept).collect()
    } else if options.trend.eq_ignore_ascii_case("none") {
        vec![0.0; values.len()]
    } else {
        vec![mean(&flat).unwrap_or(0.0); values.len()]
    };
    let baseline: Vec<f64> = trend.iter().zip(&seasonal).map(|(t, s)| t + s).collect();
    let residual = values.iter().zip(&baseline).map(|(v, b)| v - b).collect();
    Parts { baseline, seasonal, trend, residual }
}

fn text(values: &[f64]) -> String {
    write(values.iter().map(|v| Some(*v)), false)
}

/// Reads the options that begin with the argument `from`: seasonality, trend, test points, and the threshold at `last`.
fn options(args: &KernelArgs, from: usize, last: usize, row: usize) -> Options<'_> {
    let long = |at: usize| args.args.get(at).and_then(|a| a.longs().ok()?.get(row));
    Options {
        seasonality: long(from).unwrap_or(-1),
        trend: args.args.get(from + 1).and_then(|a| a.text().ok()?.get(row)).unwrap_or("avg"),
        test_points: long(from + 2).and_then(|p| usize::try_from(p).ok()).unwrap_or(0),
        threshold: args.args.get(last).and_then(|a| a.reals().ok()?.get(row)).unwrap_or(0.6),
    }
}

const SEASONALITY: Param =
    optional("Seasonality", "long", "-1 finds the period (the default), 0 means none, else the period.");
const TREND: Param = optional("Trend", "string", "`avg` (the default), `linefit` or `none`.");
const TEST_POINTS: Param = optional("Test_points", "long", "How many points at the end are not learned from.");
const THRESHOLD: Param = optional("Seasonality_threshold", "real", "How alike the periods must be; 0.6 unless given.");
const SERIES_PARAM: Param = param("Series", "dynamic", "The series.");

/// `series_seasonal(series [, period])`: the season alone; zeros when there is none.
pub const SEASONAL: Scalar = Scalar::new(
    info(
        "series_seasonal",
        "series",
        "The seasonal part of a series.",
        &[
            param("series", "dynamic", "The series."),
            optional("period", "long", "The period; -1 finds it (the default)."),
            optional("test_points", "long", "How many points at the end are not learned from."),
        ],
        "dynamic",
        &[example("print series_seasonal(dynamic([1, 3, 5, 1, 3, 5]), 3)", "[1.0,3.0,5.0,1.0,3.0,5.0]")],
    ),
    |args, _| {
        call("series_seasonal", args, &[Dynamic, Long, Long], Dynamic, |args| {
            let series = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let values = filled(&read(series.get(row)?)?);
                let given = args.args.get(1).and_then(|a| a.longs().ok()?.get(row)).unwrap_or(-1);
                let held = args.args.get(2).and_then(|a| a.longs().ok()?.get(row)).unwrap_or(0);
                let learn = values.len().saturating_sub(usize::try_from(held).unwrap_or(0));
                let found = match usize::try_from(given) {
                    Ok(given) => Some(given),
                    Err(_) => period(values.get(..learn).unwrap_or(&values), SEASONAL_THRESHOLD),
                };
                let seasonal = match found.filter(|p| (1..=learn).contains(p)) {
                    Some(period) => season(&values, learn, period),
                    None => vec![0.0; values.len()],
                };
                out.push_str(&text(&seasonal));
                Some(())
            })
        })
    },
);

fn list(parts: &[String]) -> String {
    let mut all = ArrayText::new();
    parts.iter().for_each(|part| all.raw(part));
    all.finish()
}

/// `series_decompose(series, …)`: four columns: baseline, seasonal, trend, residual.
pub const DECOMPOSE: Scalar = Scalar::new(
    info(
        "series_decompose",
        "series",
        "A series as the sum of a trend, a season and a rest.",
        &[SERIES_PARAM, SEASONALITY, TREND, TEST_POINTS, THRESHOLD],
        "four columns",
        &[example("print y = dynamic([1, 3, 1, 3, 1, 3]) | project series_decompose(y, 2) | project series_decompose_y_residual", "[0.0,0.0,0.0,0.0,0.0,0.0]")],
    ),
    |args, _| {
        call("series_decompose", args, &[Dynamic, Long, Text, Long, Real], Dynamic, |args| {
            let series = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let parts = decompose(&filled(&read(series.get(row)?)?), &options(args, 1, 4, row));
                out.push_str(&list(&[text(&parts.baseline), text(&parts.seasonal), text(&parts.trend), text(&parts.residual)]));
                Some(())
            })
        })
    },
)
.columns(&[("baseline", Dynamic), ("seasonal", Dynamic), ("trend", Dynamic), ("residual", Dynamic)]);

fn anomalies(args: &[BoundExpr]) -> Result<BoundExpr, BindError> {
    call("series_decompose_anomalies", args, &[Dynamic, Real, Long, Text, Long, Text, Real], Dynamic, |args| {
        let series = args.get(0)?.text()?;
        build::texts(args.rows, |row, out| {
            let values = filled(&read(series.get(row)?)?);
            let threshold = args.args.get(1).and_then(|a| a.reals().ok()?.get(row)).unwrap_or(1.5);
            let parts = decompose(&values, &options(args, 2, 6, row));
            let method = args.args.get(5).and_then(|a| a.text().ok()?.get(row)).unwrap_or("ctukey");
            let (low, high) = if method.eq_ignore_ascii_case("tukey") { (0.25, 0.75) } else { (0.1, 0.9) };
            let residual: Vec<Option<f64>> = parts.residual.iter().map(|r| Some(*r)).collect();
            let scores = outlier_scores(&residual, low, high);
            let flags = scores.iter().map(|score| {
                score.map(|s| {
                    if s > threshold {
                        1.0
                    } else if s < -threshold {
                        -1.0
                    } else {
                        0.0
                    }
                })
            });
            let flags = write(flags, true);
            out.push_str(&list(&[flags, write(scores.iter().copied(), false), text(&parts.baseline)]));
            Some(())
        })
    })
}

/// `series_decompose_anomalies(series, …)`: three columns: flags (-1, 0, 1), scores, baseline.
pub const ANOMALIES: Scalar = Scalar::new(
    info(
        "series_decompose_anomalies",
        "series",
        "The points of a series that its trend and season do not explain.",
        &[
            SERIES_PARAM,
            optional("Threshold", "real", "The score from which a point is flagged; 1.5 unless given."),
            SEASONALITY,
            TREND,
            TEST_POINTS,
            optional("AD_method", "string", "`ctukey` (the default) or `tukey`."),
            THRESHOLD,
        ],
        "three columns",
        &[example(
            "print y = dynamic([5, 5, 6, 5, 90, 5, 6, 5, 5, 6]) | project series_decompose_anomalies(y, 1.5, 0) | project series_decompose_anomalies_y_ad_flag",
            "[0,0,0,0,1,0,0,0,0,0]",
        )],
    ),
    |args, _| anomalies(args),
)
.columns(&[("ad_flag", Dynamic), ("ad_score", Dynamic), ("baseline", Dynamic)]);

/// `series_decompose_forecast(series, points, …)`: the baseline, the last points of which were not learned from.
pub const FORECAST: Scalar = Scalar::new(
    info(
        "series_decompose_forecast",
        "series",
        "A series continued by its trend and season.",
        &[
            SERIES_PARAM,
            param("Points", "long", "How many points at the end are to be forecast."),
            SEASONALITY,
            TREND,
            THRESHOLD,
        ],
        "dynamic",
        &[example(
            "print series_decompose_forecast(dynamic([1, 2, 3, 4, 0, 0]), 2, 0, \"linefit\")",
            "[1.0,2.0,3.0,4.0,5.0,6.0]",
        )],
    ),
    |args, _| {
        call("series_decompose_forecast", args, &[Dynamic, Long, Long, Text, Real], Dynamic, |args| {
            let (series, points) = (args.get(0)?.text()?, args.get(1)?.longs()?);
            build::texts(args.rows, |row, out| {
                let options =
                    Options { test_points: usize::try_from(points.get(row)?).ok()?, ..options(args, 2, 4, row) };
                out.push_str(&text(&decompose(&filled(&read(series.get(row)?)?), &options).baseline));
                Some(())
            })
        })
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_found() {
        let weekly: Vec<f64> = (0..70).map(|d| if d % 7 < 5 { 10.0 } else { 2.0 } + f64::from(d % 3) * 0.1).collect();
        assert_eq!(period(&weekly, 0.6), Some(7));
        assert_eq!(period(&[1.0; 50], 0.6), None);
        assert_eq!(period(&[], 0.6), None);
        assert_eq!(period(&[1.0, 2.0], 0.6), None);
    }

    #[test]
    fn an_outlier_stands_out() {
        let mut values: Vec<f64> = (0..70).map(|d| if d % 7 < 5 { 10.0 } else { 2.0 }).collect();
        values[40] = 60.0;
        let options = Options { seasonality: -1, trend: "avg", test_points: 0, threshold: 0.4 };
        let parts = decompose(&values, &options);
        let scores = outlier_scores(&parts.residual.iter().map(|r| Some(*r)).collect::<Vec<_>>(), 0.1, 0.9);
        assert!(scores[40].unwrap() > 3.0);
    }
}
