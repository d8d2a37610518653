//! `series_fit_poly`: the polynomial of least squares.

use super::fit::{sample, variance};
use super::{read, write};
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::functions::support::json::{self, ArrayText};
use crate::types::KqlType::{Dynamic, Long, Real};

/// The greatest degree that is fitted.
const HIGHEST: usize = 32;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The coefficients of least squares, lowest power first; `None` when the points do not determine them.
///
/// The powers of x are made orthogonal twice over, which keeps more digits than solving the normal equations.
fn fit(x: &[f64], y: &[f64], degree: usize) -> Option<Vec<f64>> {
    if x.len() != y.len() || x.len() <= degree {
        return None;
    }
    // Columns of the orthogonal basis, and each as a combination of powers.
    let mut basis: Vec<(Vec<f64>, Vec<f64>)> = Vec::with_capacity(degree + 1);
    let mut power = vec![1.0; x.len()];
    for exponent in 0..=degree {
        let mut column = power.clone();
        let mut powers = vec![0.0; degree + 1];
        if let Some(slot) = powers.get_mut(exponent) {
            *slot = 1.0;
        }
        let before = dot(&column, &column);
        for _ in 0..2 {
            for (other, parts) in &basis {
                let share = dot(&column, other);
                column.iter_mut().zip(other).for_each(|(c, o)| *c -= share * o);
                powers.iter_mut().zip(parts).for_each(|(p, o)| *p -= share * o);
            }
        }
        let length = dot(&column, &column).sqrt();
        if !length.is_finite() || length * length <= before * 1e-24 {
            return None;
        }
        column.iter_mut().for_each(|c| *c /= length);
        powers.iter_mut().for_each(|p| *p /= length);
        basis.push((column, powers));
        power.iter_mut().zip(x).for_each(|(p, x)| *p *= x);
    }
    let mut coefficients = vec![0.0; degree + 1];
    for (column, powers) in &basis {
        let share = dot(y, column);
        coefficients.iter_mut().zip(powers).for_each(|(c, p)| *c += share * p);
    }
    Some(coefficients)
}

/// `series_fit_poly(y [, x, degree])`: five columns; x is 1, 2, … and the degree 1 unless given. Null when an element is
/// no number, the lengths differ or the points are too few.
pub const FIT_POLY: Scalar = Scalar::new(
    info(
        "series_fit_poly",
        "series",
        "The polynomial that fits a series best, a column for each of its measures.",
        &[
            param("y_series", "dynamic", "The values."),
            optional("x_series", "dynamic", "Where they lie; 1, 2, 3, … unless given."),
            optional("degree", "int", "The greatest power of x, 0 to 32; 1 unless given."),
        ],
        "five columns",
        &[example(
            "print y = dynamic([1, 4, 9, 16]) | project series_fit_poly(y, dynamic([1, 2, 3, 4]), 2) | project round(toreal(series_fit_poly_y_coefficients[0]), 6)",
            "1.0",
        )],
    ),
    |args, _| {
        call("series_fit_poly", args, &[Dynamic, Dynamic, Long], Dynamic, |args| {
            let series = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let all = |raw: &str| read(raw)?.values.into_iter().collect::<Option<Vec<f64>>>();
                let y = all(series.get(row)?)?;
                let x = match args.args.get(1) {
                    Some(arg) => all(arg.text().ok()?.get(row)?)?,
                    None => (1..=y.len()).map(|at| at as f64).collect(),
                };
                let degree = match args.args.get(2) {
                    Some(arg) => usize::try_from(arg.longs().ok()?.get(row)?).ok().filter(|d| *d <= HIGHEST)?,
                    None => 1,
                };
                let coefficients = fit(&x, &y, degree)?;
                let fitted: Vec<f64> =
                    x.iter().map(|x| coefficients.iter().rev().fold(0.0, |value, c| value * x + c)).collect();
                let rest: Vec<f64> = y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
                let total = variance(&y);
                let residual = dot(&rest, &rest) / y.len() as f64;
                let rsquare = if total > 0.0 { 1.0 - residual / total } else { 1.0 };
                let mut list = ArrayText::new();
                list.raw(&json::real(rsquare));
                list.raw(&write(coefficients.iter().rev().map(|c| Some(*c)), false));
                let scale = sample(y.len());
                list.raw(&json::real(total * scale));
                list.raw(&json::real(residual * scale));
                list.raw(&write(fitted.into_iter().map(Some), false));
                out.push_str(&list.finish());
                Some(())
            })
        })
    },
)
.columns(&[
    ("rsquare", Real),
    ("coefficients", Dynamic),
    ("variance", Real),
    ("rvariance", Real),
    ("poly_fit", Dynamic),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_polynomial_is_found() {
        let x: Vec<f64> = (0..20).map(|k| f64::from(k) / 2.0 - 5.0).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 - 2.0 * x + 0.5 * x * x * x).collect();
        let found = fit(&x, &y, 3).unwrap();
        for (found, expected) in found.iter().zip([3.0, -2.0, 0.0, 0.5]) {
            assert!((found - expected).abs() < 1e-9, "{found}");
        }
        assert_eq!(fit(&x, &y, 20), None);
        assert_eq!(fit(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0], 1), None);
        assert_eq!(fit(&[], &[], 0), None);
    }
}
