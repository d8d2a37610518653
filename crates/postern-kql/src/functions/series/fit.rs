//! Straight lines through a series: `series_fit_line`, `series_fit_2lines`.

use super::{SERIES, mean, read, write};
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info};
use crate::functions::support::json::{self, ArrayText, ObjectText};
use crate::functions::{BindError, BoundExpr};
use crate::plan::guard;
use crate::types::KqlType::{Dynamic, Long, Real};

/// A line of least squares and how well it fits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) intercept: f64,
    pub(super) variance: f64,
    pub(super) residual: f64,
    pub(super) rsquare: f64,
}

/// The mean square of the distances from the mean.
pub(super) fn variance(values: &[f64]) -> f64 {
    let Some(avg) = mean(values) else { return 0.0 };
    values.iter().map(|v| (v - avg) * (v - avg)).sum::<f64>() / values.len() as f64
}

/// What turns a mean square into the variance of a sample, which is what the results show.
pub(super) fn sample(count: usize) -> f64 {
    if count > 1 { count as f64 / (count - 1) as f64 } else { 1.0 }
}

/// Fits a line through points at whole places from `from`.
pub(super) fn fit(values: &[f64], from: usize) -> Line {
    let places: Vec<f64> = (from..from + values.len()).map(|at| at as f64).collect();
    let (Some(mx), Some(my)) = (mean(&places), mean(values)) else { return Line::default() };
    let spread: f64 = places.iter().map(|x| (x - mx) * (x - mx)).sum();
    let shared: f64 = places.iter().zip(values).map(|(x, y)| (x - mx) * (y - my)).sum();
    let slope = if spread > 0.0 { shared / spread } else { 0.0 };
    let intercept = my - slope * mx;
    let rest: Vec<f64> = places.iter().zip(values).map(|(x, y)| y - (slope * x + intercept)).collect();
    let total = variance(values);
    let residual = rest.iter().map(|r| r * r).sum::<f64>() / values.len() as f64;
    let rsquare = if total > 0.0 { 1.0 - residual / total } else { 1.0 };
    Line { slope, intercept, variance: total, residual, rsquare }
}

fn drawn(line: &Line, places: std::ops::Range<usize>) -> Vec<Option<f64>> {
    places.map(|at| Some(line.slope * at as f64 + line.intercept)).collect()
}

const LINE: &[(&str, crate::types::KqlType)] = &[
    ("rsquare", Real),
    ("slope", Real),
    ("variance", Real),
    ("rvariance", Real),
    ("interception", Real),
    ("line_fit", Dynamic),
];

fn one_line(name: &'static str, args: &[BoundExpr], bag: bool) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Dynamic, move |args| {
        let series = args.get(0)?.text()?;
        build::texts(args.rows, |row, out| {
            let values: Vec<f64> = read(series.get(row)?)?.values.into_iter().collect::<Option<_>>()?;
            let line = fit(&values, 0);
            let fitted = write(drawn(&line, 0..values.len()), false);
            let scale = sample(values.len());
            let numbers = [line.rsquare, line.slope, line.variance * scale, line.residual * scale, line.intercept];
            out.push_str(&pack(LINE, numbers.map(json::real).into_iter().chain([fitted]), bag));
            Some(())
        })
    })
}

fn pack(names: &[(&str, crate::types::KqlType)], values: impl Iterator<Item = String>, bag: bool) -> String {
    if bag {
        let mut all = ObjectText::new();
        names.iter().zip(values).for_each(|((name, _), value)| all.raw(name, &value));
        return all.finish();
    }
    let mut all = ArrayText::new();
    values.for_each(|value| all.raw(&value));
    all.finish()
}

/// `series_fit_line(series)`: six columns; null when an element is no number.
pub const FIT_LINE: Scalar = Scalar::new(
    info(
        "series_fit_line",
        "series",
        "The straight line that fits a series best, a column for each of its measures.",
        SERIES,
        "six columns",
        &[example(
            "print y = dynamic([1, 3, 5]) | project series_fit_line(y) | project series_fit_line_y_slope",
            "2.0",
        )],
    ),
    |args, _| one_line("series_fit_line", args, false),
)
.columns(LINE);

/// `series_fit_line_dynamic(series)`: the same as one bag.
pub const FIT_LINE_BAG: Scalar = Scalar::new(
    info(
        "series_fit_line_dynamic",
        "series",
        "The straight line that fits a series best, as a bag.",
        SERIES,
        "dynamic",
        &[example("print series_fit_line_dynamic(dynamic([1, 3, 5])).interception", "1.0")],
    ),
    |args, _| one_line("series_fit_line_dynamic", args, true),
);

const TWO: &[(&str, crate::types::KqlType)] = &[
    ("rsquare", Real),
    ("split_idx", Long),
    ("variance", Real),
    ("rvariance", Real),
    ("line_fit", Dynamic),
    ("right_rsquare", Real),
    ("right_slope", Real),
    ("right_interception", Real),
    ("right_variance", Real),
    ("right_rvariance", Real),
    ("left_rsquare", Real),
    ("left_slope", Real),
    ("left_interception", Real),
    ("left_variance", Real),
    ("left_rvariance", Real),
];

/// The measures of one side.
const SIDE: &[(&str, crate::types::KqlType)] =
    &[("rsquare", Real), ("slope", Real), ("interception", Real), ("variance", Real), ("rvariance", Real)];

/// The longest series that is split: every place is tried.
const LONGEST: usize = 10_000;

fn two_lines(name: &'static str, args: &[BoundExpr], bag: bool) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Dynamic, move |args| {
        let series = args.get(0)?.text()?;
        build::texts(args.rows, |row, out| {
            let values: Vec<f64> = read(series.get(row)?)?.values.into_iter().collect::<Option<_>>()?;
            if values.is_empty() || values.len() > LONGEST {
                return None;
            }
            let error = |line: &Line, count: usize| line.residual * count as f64;
            let mut best: Option<(f64, usize, Line, Line)> = None;
            for split in 1..values.len().max(2) {
                if guard::tick(values.len()) {
                    return None;
                }
                let (left, right) = values.split_at_checked(split)?;
                let lines = (fit(left, 0), fit(right, split));
                let sum = error(&lines.0, left.len()) + error(&lines.1, right.len());
                if best.as_ref().is_none_or(|(least, ..)| sum < *least) {
                    best = Some((sum, split, lines.0, lines.1));
                }
            }
            let (sum, split, left, right) = best?;
            let total = variance(&values);
            let residual = sum / values.len() as f64;
            let rsquare = if total > 0.0 { 1.0 - residual / total } else { 1.0 };
            let fitted = drawn(&left, 0..split).into_iter().chain(drawn(&right, split..values.len()));
            let measures = |l: Line, scale: f64| {
                [l.rsquare, l.slope, l.intercept, l.variance * scale, l.residual * scale].map(json::real)
            };
            let scale = sample(values.len());
            let head = [
                json::real(rsquare),
                split.to_string(),
                json::real(total * scale),
                json::real(residual * scale),
                write(fitted, false),
            ];
            let (right, left) = (measures(right, sample(values.len() - split)), measures(left, sample(split)));
            if bag {
                // Each side is a bag of its own: `right.slope`.
                let mut all = ObjectText::new();
                TWO.iter().zip(head).for_each(|((name, _), value)| all.raw(name, &value));
                for (name, side) in [("right", right), ("left", left)] {
                    all.raw(name, &pack(SIDE, side.into_iter(), true));
                }
                out.push_str(&all.finish());
            } else {
                out.push_str(&pack(TWO, head.into_iter().chain(right).chain(left), false));
            }
            Some(())
        })
    })
}

/// `series_fit_2lines(series)`: fifteen columns; the split is the first place of the right line.
pub const FIT_2LINES: Scalar = Scalar::new(
    info("series_fit_2lines", "series", "The two straight lines that fit a series best, a column for each of their measures.", SERIES, "fifteen columns", &[example("print y = dynamic([1, 2, 3, 9, 9, 9]) | project series_fit_2lines(y) | project series_fit_2lines_y_split_idx", "3")]),
    |args, _| two_lines("series_fit_2lines", args, false),
)
.columns(TWO);

/// `series_fit_2lines_dynamic(series)`: the same as one bag, with a bag for each side.
pub const FIT_2LINES_BAG: Scalar = Scalar::new(
    info(
        "series_fit_2lines_dynamic",
        "series",
        "The two straight lines that fit a series best, as a bag.",
        SERIES,
        "dynamic",
        &[example("print series_fit_2lines_dynamic(dynamic([1, 2, 3, 9, 9, 9])).split_idx", "3")],
    ),
    |args, _| two_lines("series_fit_2lines_dynamic", args, true),
);
