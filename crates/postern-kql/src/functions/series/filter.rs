//! Linear filters: `series_fir`, `series_iir`.

use super::{Series, read, write};
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::plan::guard;
use crate::types::KqlType::{Bool, Dynamic};

fn values(series: &Series) -> Vec<f64> {
    series.values.iter().map(|v| v.unwrap_or(0.0)).collect()
}

/// Each element is the sum of the elements before it (around it when centred) times the filter; outside is 0.
fn fir(series: &[f64], filter: &[f64], centred: bool) -> Vec<f64> {
    let ahead = if centred { filter.len() / 2 } else { 0 };
    (0..series.len())
        .map(|at| {
            if guard::tick(filter.len()) {
                return 0.0;
            }
            let terms =
                filter.iter().enumerate().filter_map(|(k, f)| Some(f * series.get((at + ahead).checked_sub(k)?)?));
            terms.sum()
        })
        .collect()
}

/// `series_fir(series, filter [, normalize [, center]])`: normalising divides the filter by its sum and is the default when
/// no element of the filter is negative; a filter with a negative one cannot be normalised and gives null.
pub const FIR: Scalar = Scalar::new(
    info(
        "series_fir",
        "series",
        "The series under a filter with finite memory, such as a moving average.",
        &[
            param("series", "dynamic", "The series."),
            param("filter", "dynamic", "The weights."),
            optional("normalize", "bool", "Whether the weights are divided by their sum."),
            optional("center", "bool", "Whether the filter lies around each element; false unless given."),
        ],
        "dynamic",
        &[example("print series_fir(dynamic([2, 4, 6]), dynamic([1, 1]), false)", "[2,6,10]")],
    ),
    |args, _| {
        call("series_fir", args, &[Dynamic, Dynamic, Bool, Bool], Dynamic, |args| {
            let (series, filter) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::texts(args.rows, |row, out| {
                let (series, filter) = (read(series.get(row)?)?, read(filter.get(row)?)?);
                let flag = |at: usize| args.args.get(at).and_then(|a| a.bools().ok()?.get(row));
                let mut weights = values(&filter);
                let positive = weights.iter().all(|w| *w >= 0.0);
                let normalize = flag(2).unwrap_or(positive);
                if normalize && !positive {
                    return None;
                }
                let sum: f64 = weights.iter().sum();
                if normalize && sum != 0.0 {
                    weights.iter_mut().for_each(|w| *w /= sum);
                }
                let filtered = fir(&values(&series), &weights, flag(3).unwrap_or(false));
                let whole = series.whole && filter.whole && !normalize;
                out.push_str(&write(filtered.into_iter().map(Some), whole));
                Some(())
            })
        })
    },
)
.keeps_name();

/// `series_iir(series, numerators, denominators)`: outside the series is 0; the first denominator must not be 0.
pub const IIR: Scalar = Scalar::new(
    info(
        "series_iir",
        "series",
        "The series under a filter with feedback, such as a running sum.",
        &[
            param("series", "dynamic", "The series."),
            param("numerators", "dynamic", "The weights of the input."),
            param("denominators", "dynamic", "The weights of the output so far."),
        ],
        "dynamic",
        &[example("print series_iir(dynamic([1, 2, 3]), dynamic([1]), dynamic([1, -1]))", "[1.0,3.0,6.0]")],
    ),
    |args, _| {
        call("series_iir", args, &[Dynamic], Dynamic, |args| {
            let (series, b, a) = (args.get(0)?.text()?, args.get(1)?.text()?, args.get(2)?.text()?);
            build::texts(args.rows, |row, out| {
                let series = values(&read(series.get(row)?)?);
                let (b, a) = (values(&read(b.get(row)?)?), values(&read(a.get(row)?)?));
                let lead = a.first().copied().filter(|lead| *lead != 0.0)?;
                let mut result: Vec<f64> = Vec::with_capacity(series.len());
                for at in 0..series.len() {
                    if guard::tick(a.len().saturating_add(b.len())) {
                        return None;
                    }
                    let input: f64 =
                        b.iter().enumerate().filter_map(|(k, w)| Some(w * series.get(at.checked_sub(k)?)?)).sum();
                    let back: f64 = a
                        .iter()
                        .enumerate()
                        .skip(1)
                        .filter_map(|(k, w)| Some(w * result.get(at.checked_sub(k)?)?))
                        .sum();
                    result.push((input - back) / lead);
                }
                out.push_str(&write(result.into_iter().map(Some), false));
                Some(())
            })
        })
    },
)
.keeps_name();
