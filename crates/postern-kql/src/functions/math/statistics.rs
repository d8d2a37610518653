//! Distributions: `beta_cdf`, `beta_inv`, `beta_pdf`, `welch_test`.

use super::real::ln_gamma;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::Real;

/// The greatest shape for which the distribution is given.
const GREATEST: f64 = 10_000.0;

fn shapes_fit(a: f64, b: f64) -> bool {
    let fits = |shape: f64| shape > 0.0 && shape <= GREATEST;
    fits(a) && fits(b)
}

/// The logarithm of `x^a (1-x)^b / B(a, b)`.
fn log_weight(x: f64, a: f64, b: f64) -> f64 {
    ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for m in 1..2_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut step = 1.0;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            step = c * d;
            result *= step;
        }
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    result
}

/// The regularised incomplete beta function.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast on one side of the mean; the other side is its complement.
    if x < (a + 1.0) / (a + b + 2.0) {
        log_weight(x, a, b).exp() * fraction(x, a, b) / a
    } else {
        1.0 - log_weight(x, a, b).exp() * fraction(1.0 - x, b, a) / b
    }
}

fn cdf(x: f64, a: f64, b: f64) -> f64 {
    if shapes_fit(a, b) && (0.0..=1.0).contains(&x) { incomplete_beta(x, a, b) } else { f64::NAN }
}

fn pdf(x: f64, a: f64, b: f64) -> f64 {
    if !shapes_fit(a, b) || !(0.0..=1.0).contains(&x) {
        return f64::NAN;
    }
    let power = |base: f64, log: f64, exponent: f64| if base > 0.0 || exponent != 0.0 { exponent * log } else { 0.0 };
    let log = power(x, x.ln(), a - 1.0) + power(1.0 - x, (-x).ln_1p(), b - 1.0);
    (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + log).exp()
}

fn inverse(probability: f64, a: f64, b: f64) -> f64 {
    if !shapes_fit(a, b) || !(probability > 0.0 && probability <= 1.0) {
        return f64::NAN;
    }
    if probability >= 1.0 {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    // Halving the place 200 times leaves no doubt of a double.
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if incomplete_beta(middle, a, b) < probability { low = middle } else { high = middle }
    }
    high
}

fn three(name: &'static str, args: &[BoundExpr], f: fn(f64, f64, f64) -> f64) -> Result<BoundExpr, BindError> {
    call(name, args, &[Real], Real, move |args| {
        let (x, a, b) = (args.get(0)?.reals()?, args.get(1)?.reals()?, args.get(2)?.reals()?);
        build::reals(args.rows, |row| Some(f(x.get(row)?, a.get(row)?, b.get(row)?)))
    })
}

const ALPHA: Param = param("alpha", "real", "The first shape, above 0 and at most 10,000; otherwise NaN.");
const BETA: Param = param("beta", "real", "The second shape, above 0 and at most 10,000; otherwise NaN.");

/// `beta_cdf(x, alpha, beta)`.
pub const BETA_CDF: Scalar = Scalar::new(
    info(
        "beta_cdf",
        "math",
        "The share of a beta distribution up to a place.",
        &[param("x", "real", "The place, 0 to 1; otherwise NaN."), ALPHA, BETA],
        "real",
        &[example("print round(beta_cdf(0.5, 2, 2), 6)", "0.5")],
    ),
    |args, _| three("beta_cdf", args, cdf),
);

/// `beta_inv(probability, alpha, beta)`: the reverse of `beta_cdf`.
pub const BETA_INV: Scalar = Scalar::new(
    info(
        "beta_inv",
        "math",
        "The place up to which a beta distribution has a given share.",
        &[param("probability", "real", "The share, above 0 and at most 1; otherwise NaN."), ALPHA, BETA],
        "real",
        &[example("print round(beta_inv(0.5, 2, 2), 6)", "0.5")],
    ),
    |args, _| three("beta_inv", args, inverse),
);

/// `beta_pdf(x, alpha, beta)`.
pub const BETA_PDF: Scalar = Scalar::new(
    info(
        "beta_pdf",
        "math",
        "The density of a beta distribution at a place.",
        &[param("x", "real", "The place, 0 to 1; otherwise NaN."), ALPHA, BETA],
        "real",
        &[example("print round(beta_pdf(0.5, 2, 2), 6)", "1.5")],
    ),
    |args, _| three("beta_pdf", args, pdf),
);

/// The chance of means that differ at least so much, were they the same: Welch's test for unequal variances.
fn welch(mean1: f64, variance1: f64, count1: f64, mean2: f64, variance2: f64, count2: f64) -> Option<f64> {
    let (first, second) = (variance1 / count1, variance2 / count2);
    let freedom = (first + second).powi(2) / (first.powi(2) / (count1 - 1.0) + second.powi(2) / (count2 - 1.0));
    let t2 = (mean1 - mean2).powi(2) / (first + second);
    let p = incomplete_beta(freedom / (freedom + t2), freedom / 2.0, 0.5);
    (count1 > 1.0 && count2 > 1.0 && p.is_finite() && freedom.is_finite()).then_some(p)
}

/// `welch_test(mean1, variance1, count1, mean2, variance2, count2)`: null for fewer than two values or no variance at all.
pub const WELCH_TEST: Scalar = Scalar::new(
    info(
        "welch_test",
        "math",
        "The p-value (two-sided) of Welch's t-test of two samples.",
        &[
            param("mean1", "real", "The mean of the first sample."),
            param("variance1", "real", "Its variance."),
            param("count1", "real", "How many values it has."),
            param("mean2", "real", "The mean of the second sample."),
            param("variance2", "real", "Its variance."),
            param("count2", "real", "How many values it has."),
        ],
        "real",
        &[example("print round(welch_test(1.0, 1.0, 10, 1.0, 2.0, 10), 6)", "1.0")],
    ),
    |args, _| {
        call("welch_test", args, &[Real], Real, |args| {
            let at = |at: usize, row: usize| args.args.get(at)?.reals().ok()?.get(row);
            build::reals(args.rows, |row| {
                welch(at(0, row)?, at(1, row)?, at(2, row)?, at(3, row)?, at(4, row)?, at(5, row)?)
            })
        })
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }

    #[test]
    fn shapes_with_a_closed_form() {
        // Beta(1, b): the share up to x is 1 - (1-x)^b; Beta(2, 2): 3x² - 2x³, with the density 6x(1-x).
        near(cdf(0.25, 1.0, 3.0), 1.0 - 0.75f64.powi(3));
        near(cdf(0.25, 2.0, 2.0), 3.0 / 16.0 - 2.0 / 64.0);
        near(pdf(0.25, 2.0, 2.0), 6.0 * 0.25 * 0.75);
        near(pdf(0.3, 1.0, 1.0), 1.0);
        near(inverse(cdf(0.3, 10.0, 20.0), 10.0, 20.0), 0.3);
        for bad in [
            cdf(1.5, 10.0, 20.0),
            cdf(-1.0, 10.0, 20.0),
            cdf(0.1, -1.0, 20.0),
            pdf(0.5, 1.0, 1e5),
            inverse(0.0, 1.0, 1.0),
        ] {
            assert!(bad.is_nan());
        }
    }

    #[test]
    fn welch_by_the_t_distribution_with_two_degrees() {
        // Equal variances and counts of 2 give two degrees of freedom: p = 1 - t / sqrt(t² + 2).
        let t = 3.0f64;
        near(welch(t, 1.0, 2.0, 0.0, 1.0, 2.0).unwrap(), 1.0 - t / (t * t + 2.0).sqrt());
        assert_eq!(welch(1.0, 1.0, 1.0, 2.0, 1.0, 2.0), None);
        assert_eq!(welch(1.0, 0.0, 2.0, 2.0, 0.0, 2.0), None);
    }
}
