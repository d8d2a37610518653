//! One number, or a few, of a series: sums, products, similarity, statistics, outliers.

use super::{SERIES, Series, mean, quantile, read, write};
use crate::functions::conversion::Value;
use crate::functions::kernel::KernelArgs;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::functions::support::json::{self, ArrayText, ObjectText};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Bool, Dynamic, Long, Real, String as Text};

fn one(name: &'static str, args: &[BoundExpr], f: fn(&Series) -> Option<f64>) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Real, move |args| {
        let series = args.get(0)?.text()?;
        build::reals(args.rows, |row| f(&read(series.get(row)?)?))
    })
}

/// Null when an element is no number.
fn all(series: &Series) -> Option<Vec<f64>> {
    series.values.iter().copied().collect()
}

/// `series_sum(series)`: null when an element is no number.
pub const SUM: Scalar = Scalar::new(
    info(
        "series_sum",
        "series",
        "The sum of the elements.",
        SERIES,
        "real",
        &[example("print series_sum(dynamic([1, 2, 3.5]))", "6.5")],
    ),
    |args, _| one("series_sum", args, |s| Some(all(s)?.iter().fold(0.0, |sum, v| sum + v))),
);

/// `series_product(series)`.
pub const PRODUCT: Scalar = Scalar::new(
    info(
        "series_product",
        "series",
        "The product of the elements.",
        SERIES,
        "real",
        &[example("print series_product(dynamic([2, 3]))", "6.0")],
    ),
    |args, _| one("series_product", args, |s| Some(all(s)?.iter().product())),
);

/// `series_magnitude(series)`.
pub const MAGNITUDE: Scalar = Scalar::new(
    info(
        "series_magnitude",
        "series",
        "The length of the series as a vector.",
        SERIES,
        "real",
        &[example("print series_magnitude(dynamic([3, 4]))", "5.0")],
    ),
    |args, _| one("series_magnitude", args, |s| Some(all(s)?.iter().fold(0.0, |sum, v| sum + v * v).sqrt())),
);

const PAIR: &[Param] =
    &[param("series1", "dynamic", "A series."), param("series2", "dynamic", "A series of the same length.")];
const VECTORS: &[Param] = &[
    param("series1", "dynamic", "A series; what is longer than the other is cut off."),
    param("series2", "dynamic", "A series, or a number for each element of the other."),
];

fn two(name: &'static str, args: &[BoundExpr], f: fn(&[f64], &[f64]) -> Option<f64>) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Real, move |args| {
        let (a, b) = (args.get(0)?.text()?, args.get(1)?.text()?);
        build::reals(args.rows, |row| {
            let (a, b) = (all(&read(a.get(row)?)?)?, all(&read(b.get(row)?)?)?);
            if a.len() == b.len() { f(&a, &b) } else { None }
        })
    })
}

/// The pairs of two series over the shorter length, without what is no number; none of an empty series. A single number
/// stands for a series of as many as needed.
fn vectors(
    name: &'static str,
    args: &[BoundExpr],
    f: fn(&[f64], &[f64]) -> Option<f64>,
) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Real, move |args| {
        let (a, b) = (args.get(0)?.text()?, args.get(1)?.text()?);
        let number = |raw: &str| match json::kind(raw) {
            Some(json::Kind::Number) => Value::Json(raw).to_real(),
            _ => None,
        };
        build::reals(args.rows, |row| {
            let (raw_a, raw_b) = (a.get(row)?, b.get(row)?);
            let (a, b) = match (read(raw_a), read(raw_b)) {
                (Some(a), Some(b)) => (a.values, b.values),
                (Some(a), None) => (a.values.clone(), vec![Some(number(raw_b)?); a.values.len()]),
                (None, Some(b)) => (vec![Some(number(raw_a)?); b.values.len()], b.values),
                (None, None) => return None,
            };
            if a.is_empty() || b.is_empty() {
                return None;
            }
            let (a, b): (Vec<f64>, Vec<f64>) = a.into_iter().zip(b).filter_map(|(a, b)| Some((a?, b?))).unzip();
            f(&a, &b)
        })
    })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

/// `series_dot_product(series1, series2)`.
pub const DOT_PRODUCT: Scalar = Scalar::new(
    info(
        "series_dot_product",
        "series",
        "The sum of the products of the elements.",
        VECTORS,
        "real",
        &[example("print series_dot_product(dynamic([1, 2]), dynamic([3, 4]))", "11.0")],
    ),
    |args, _| vectors("series_dot_product", args, |a, b| Some(dot(a, b))),
);

/// `series_cosine_similarity(series1, series2)`.
pub const COSINE_SIMILARITY: Scalar = Scalar::new(
    info(
        "series_cosine_similarity",
        "series",
        "The cosine of the angle between two series as vectors.",
        VECTORS,
        "real",
        &[example("print series_cosine_similarity(dynamic([1, 0]), dynamic([0, 1]))", "0.0")],
    ),
    |args, _| vectors("series_cosine_similarity", args, |a, b| Some(dot(a, b) / (dot(a, a) * dot(b, b)).sqrt())),
);

fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let (ma, mb) = (mean(a)?, mean(b)?);
    let a: Vec<f64> = a.iter().map(|v| v - ma).collect();
    let b: Vec<f64> = b.iter().map(|v| v - mb).collect();
    Some(dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt())
}

/// `series_pearson_correlation(series1, series2)`.
pub const PEARSON: Scalar = Scalar::new(
    info(
        "series_pearson_correlation",
        "series",
        "The correlation of two series.",
        PAIR,
        "real",
        &[example("print series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4, 6]))", "1.0")],
    ),
    |args, _| two("series_pearson_correlation", args, pearson),
);

struct Stats {
    min: f64,
    min_at: usize,
    max: f64,
    max_at: usize,
    avg: f64,
    stdev: f64,
    variance: f64,
    sum: f64,
    count: usize,
}

/// Nothing when a value is not finite and such are not to be passed over.
fn stats(series: &Series, ignore: bool) -> Option<Stats> {
    let finite = |v: &Option<f64>| v.filter(|v| v.is_finite());
    if !ignore && !series.values.iter().all(|v| finite(v).is_some()) {
        return None;
    }
    let seen = || series.values.iter().enumerate().filter_map(|(at, v)| Some((at, finite(v)?)));
    let (min_at, min) = seen().fold(None, |best: Option<(usize, f64)>, (at, v)| match best {
        Some((_, b)) if b <= v => best,
        _ => Some((at, v)),
    })?;
    let (max_at, max) = seen().fold(None, |best: Option<(usize, f64)>, (at, v)| match best {
        Some((_, b)) if b >= v => best,
        _ => Some((at, v)),
    })?;
    let values: Vec<f64> = seen().map(|(_, v)| v).collect();
    let avg = mean(&values)?;
    let squares: f64 = values.iter().map(|v| (v - avg) * (v - avg)).sum();
    let variance = if values.len() > 1 { squares / (values.len() - 1) as f64 } else { 0.0 };
    let (sum, count) = (values.iter().fold(0.0, |sum, v| sum + v), values.len());
    Some(Stats { min, min_at, max, max_at, avg, stdev: variance.sqrt(), variance, sum, count })
}

fn ignores(args: &KernelArgs, row: usize) -> bool {
    args.args.get(1).and_then(|a| a.bools().ok()?.get(row)).unwrap_or(false)
}

const STATS: &[Param] = &[
    param("series", "dynamic", "The series."),
    optional(
        "ignore_nonfinite",
        "bool",
        "Whether to pass over null, NaN and infinities; else one of them makes everything null.",
    ),
];

/// `series_stats(series)`: seven columns: min, its position, max, its position, avg, stdev, variance.
pub const STATS_COLUMNS: Scalar = Scalar::new(
    info(
        "series_stats",
        "series",
        "Statistics of a series, a column for each.",
        STATS,
        "seven columns",
        &[example("print x = dynamic([4, 2, 9]) | project series_stats(x) | project series_stats_x_min_idx", "1")],
    ),
    |args, _| {
        call("series_stats", args, &[Dynamic, Bool], Dynamic, |args| {
            let series = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let s = stats(&read(series.get(row)?)?, ignores(args, row))?;
                let mut list = ArrayText::new();
                list.raw(&json::real(s.min));
                list.raw(&s.min_at.to_string());
                list.raw(&json::real(s.max));
                list.raw(&s.max_at.to_string());
                list.raw(&json::real(s.avg));
                list.raw(&json::real(s.stdev));
                list.raw(&json::real(s.variance));
                out.push_str(&list.finish());
                Some(())
            })
        })
    },
)
.columns(&[
    ("min", Real),
    ("min_idx", Long),
    ("max", Real),
    ("max_idx", Long),
    ("avg", Real),
    ("stdev", Real),
    ("variance", Real),
]);

/// `series_stats_dynamic(series)`: the same as one bag.
pub const STATS_BAG: Scalar = Scalar::new(
    info(
        "series_stats_dynamic",
        "series",
        "Statistics of a series as a bag.",
        STATS,
        "dynamic",
        &[example("print series_stats_dynamic(dynamic([4, 2, 9])).max_idx", "2")],
    ),
    |args, _| {
        call("series_stats_dynamic", args, &[Dynamic, Bool], Dynamic, |args| {
            let series = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let s = stats(&read(series.get(row)?)?, ignores(args, row))?;
                let mut bag = ObjectText::new();
                bag.raw("min", &json::real(s.min));
                bag.raw("min_idx", &s.min_at.to_string());
                bag.raw("max", &json::real(s.max));
                bag.raw("max_idx", &s.max_at.to_string());
                bag.raw("avg", &json::real(s.avg));
                bag.raw("stdev", &json::real(s.stdev));
                bag.raw("variance", &json::real(s.variance));
                bag.raw("sum", &json::real(s.sum));
                bag.raw("len", &s.count.to_string());
                out.push_str(&bag.finish());
                Some(())
            })
        })
    },
);

/// Scores by Tukey's fences: 0 inside, otherwise the distance from the fence's foot in units of the range between the
/// two percentiles; positive above, negative below.
pub(super) fn outlier_scores(values: &[Option<f64>], low: f64, high: f64) -> Vec<Option<f64>> {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(bottom), Some(top)) = (quantile(&sorted, low), quantile(&sorted, high)) else {
        return values.iter().map(|_| None).collect();
    };
    let range = if top > bottom { top - bottom } else { f64::EPSILON.max(top.abs() * 1e-9) };
    // The 10th and 90th percentiles lie further out than the quartiles: their unit is scaled to that of a normal
    // distribution's quartile range.
    let unit = if low < 0.2 { range / 1.9 } else { range };
    let score = |v: f64| {
        if v > top {
            (v - top) / unit
        } else if v < bottom {
            (v - bottom) / unit
        } else {
            0.0
        }
    };
    values.iter().map(|v| Some(v.map_or(0.0, score))).collect()
}

/// `series_outliers(series [, kind])`: by Tukey's fences at the 10th and 90th percentile (`ctukey`) or the quartiles
/// (`tukey`); a score beyond 1.5 marks a mild outlier, beyond 3 a strong one.
pub const OUTLIERS: Scalar = Scalar::new(
    info(
        "series_outliers",
        "series",
        "How far each element lies outside the usual range.",
        &[
            param("series", "dynamic", "The series."),
            optional("kind", "string", "`ctukey` (the default) or `tukey`."),
            optional("ignore_val", "real", "A value that counts as missing; missing values score 0."),
            optional("min_percentile", "real", "The lower percentile of `ctukey`, 2 to 98."),
            optional("max_percentile", "real", "The upper percentile of `ctukey`, 2 to 98."),
        ],
        "dynamic",
        &[example("print series_outliers(dynamic([1, 1, 1, 1]))", "[0.0,0.0,0.0,0.0]")],
    ),
    |args, _| {
        call("series_outliers", args, &[Dynamic, Text, Real, Real, Real], Dynamic, |args| {
            let series = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let mut series = read(series.get(row)?)?;
                let kind = args.args.get(1).and_then(|a| a.text().ok()?.get(row)).unwrap_or("");
                let number = |at: usize| args.args.get(at).and_then(|a| a.reals().ok()?.get(row));
                if let Some(ignored) = number(2) {
                    series.values.iter_mut().filter(|v| **v == Some(ignored)).for_each(|v| *v = None);
                }
                let (low, high) = if kind.eq_ignore_ascii_case("tukey") {
                    (25.0, 75.0)
                } else {
                    (number(3).unwrap_or(10.0), number(4).unwrap_or(90.0))
                };
                out.push_str(&write(outlier_scores(&series.values, low / 100.0, high / 100.0), false));
                Some(())
            })
        })
    },
)
.keeps_name();
