//! `abs`, `round`, `sqrt`, logarithms, trigonometry, tests for NaN and infinity, `rand`.

use datafusion::common::Result as KernelResult;
use datafusion::logical_expr::Volatility;

use super::NUMBER;
use crate::functions::kernel::{KernelArgs, raw_kernel_udf};
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, any_number, call, example, info, optional, param};
use crate::functions::support::number::{self, Rounding};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{self, Bool, Decimal, Int, Long, Real, TimeSpan};

fn real(name: &'static str, args: &[BoundExpr], f: fn(f64) -> f64) -> Result<BoundExpr, BindError> {
    call(name, args, &[Real], Real, move |args| {
        let value = args.get(0)?.reals()?;
        build::reals(args.rows, |row| Some(f(value.get(row)?)))
    })
}

fn real2(name: &'static str, args: &[BoundExpr], f: fn(f64, f64) -> f64) -> Result<BoundExpr, BindError> {
    call(name, args, &[Real], Real, move |args| {
        let (a, b) = (args.get(0)?.reals()?, args.get(1)?.reals()?);
        build::reals(args.rows, |row| Some(f(a.get(row)?, b.get(row)?)))
    })
}

/// With `keep` the unnamed column is called like the argument.
macro_rules! real_functions {
    ($keep:literal; $($constant:ident, $name:literal, $f:expr, $summary:literal, $query:literal, $result:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "(number)`: ", $summary)]
            pub const $constant: Scalar = {
                let function = Scalar::new(
                    info($name, "math", $summary, NUMBER, "real", &[example($query, $result)]),
                    |args, _| real($name, args, $f),
                );
                if $keep { function.keeps_name() } else { function }
            };
        )*
    };
}

real_functions! {
    true;
    SQRT, "sqrt", f64::sqrt, "The square root.", "print sqrt(256)", "16.0";
    EXP, "exp", f64::exp, "e to the power of the number.", "print exp(0)", "1.0";
    EXP2, "exp2", f64::exp2, "2 to the power of the number.", "print exp2(3)", "8.0";
    EXP10, "exp10", |v| 10f64.powf(v), "10 to the power of the number.", "print exp10(3)", "1000.0";
    LOG, "log", f64::ln, "The natural logarithm.", "print log(1)", "0.0";
    LOG2, "log2", f64::log2, "The logarithm to base 2.", "print log2(8)", "3.0";
    LOG10, "log10", f64::log10, "The logarithm to base 10.", "print log10(100)", "2.0";
    SIN, "sin", f64::sin, "The sine of an angle in radians.", "print sin(0)", "0.0";
    COS, "cos", f64::cos, "The cosine of an angle in radians.", "print cos(0)", "1.0";
    TAN, "tan", f64::tan, "The tangent of an angle in radians.", "print tan(0)", "0.0";
    ASIN, "asin", f64::asin, "The angle in radians whose sine is the number.", "print asin(0)", "0.0";
    ACOS, "acos", f64::acos, "The angle in radians whose cosine is the number.", "print acos(1)", "0.0";
    ATAN, "atan", f64::atan, "The angle in radians whose tangent is the number.", "print atan(0)", "0.0";
    GAMMA, "gamma", gamma, "The gamma function.", "print gamma(5)", "24.0";
    LOGGAMMA, "loggamma", ln_gamma, "The natural logarithm of the gamma function's magnitude.", "print round(loggamma(5), 4)", "3.1781";
}

real_functions! {
    false;
    COT, "cot", |v| v.tan().recip(), "The cotangent of an angle in radians.", "print round(cot(1), 4)", "0.6421";
    RADIANS, "radians", f64::to_radians, "Degrees as radians.", "print round(radians(180), 4)", "3.1416";
    DEGREES, "degrees", f64::to_degrees, "Radians as degrees.", "print degrees(0)", "0.0";
    ERF, "erf", erf, "The error function.", "print erf(0)", "0.0";
    ERFC, "erfc", |v| 1.0 - erf(v), "The complement of the error function.", "print erfc(0)", "1.0";
}

/// Lanczos coefficients (g = 7, nine terms).
const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

fn lanczos(x: f64) -> (f64, f64) {
    let series = LANCZOS.iter().skip(1).enumerate().map(|(at, c)| c / (x + at as f64 + 1.0)).sum::<f64>() + LANCZOS[0];
    (series, x + 7.5)
}

fn gamma(value: f64) -> f64 {
    if value <= 0.0 && value.fract() == 0.0 {
        return f64::NAN;
    }
    if value.fract() == 0.0 && value <= 171.0 {
        return (1..value as u32).map(f64::from).product();
    }
    if value < 0.5 {
        return std::f64::consts::PI / ((std::f64::consts::PI * value).sin() * gamma(1.0 - value));
    }
    let (series, t) = lanczos(value - 1.0);
    (2.0 * std::f64::consts::PI).sqrt() * t.powf(value - 0.5) * (-t).exp() * series
}

/// The natural logarithm of the gamma function's magnitude.
pub(super) fn ln_gamma(value: f64) -> f64 {
    if value < 0.5 {
        return (std::f64::consts::PI / (std::f64::consts::PI * value).sin().abs()).ln() - ln_gamma(1.0 - value);
    }
    let (series, t) = lanczos(value - 1.0);
    0.5 * (2.0 * std::f64::consts::PI).ln() + (value - 0.5) * t.ln() - t + series.ln()
}

/// By its power series near zero and a continued fraction further out: full double precision.
fn erf(value: f64) -> f64 {
    let x = value.abs();
    if x.is_nan() {
        return x;
    }
    let result = if x < 2.5 {
        let mut term = x;
        let mut sum = x;
        let mut n = 0.0;
        while term.abs() > 1e-17 * sum.abs() && n < 200.0 {
            n += 1.0;
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    } else if x > 6.0 {
        1.0
    } else {
        let mut fraction = 0.0;
        for k in (1..=60).rev() {
            fraction = f64::from(k) / 2.0 / (x + fraction);
        }
        1.0 - (-x * x).exp() / ((x + fraction) * std::f64::consts::PI.sqrt())
    };
    if value < 0.0 { -result } else { result }
}

/// `pow(base, exponent)`.
pub const POW: Scalar = Scalar::new(
    info(
        "pow",
        "math",
        "The base to the power of the exponent.",
        &[param("base", "real", "The base."), param("exponent", "real", "The exponent.")],
        "real",
        &[example("print pow(2, 3)", "8.0")],
    ),
    |args, _| real2("pow", args, f64::powf),
)
.keeps_name();

/// `atan2(y, x)`.
pub const ATAN2: Scalar = Scalar::new(
    info(
        "atan2",
        "math",
        "The angle in radians between the x axis and the point.",
        &[param("y", "real", "The y coordinate."), param("x", "real", "The x coordinate.")],
        "real",
        &[example("print atan2(0, 1)", "0.0")],
    ),
    |args, _| real2("atan2", args, f64::atan2),
)
.keeps_name();

/// `pi()`.
pub const PI: Scalar = Scalar::new(
    info(
        "pi",
        "math",
        "The ratio of a circle's circumference to its diameter.",
        &[],
        "real",
        &[example("print round(pi(), 4)", "3.1416")],
    ),
    |_, _| Ok(BoundExpr::constant(crate::types::Const::Real(std::f64::consts::PI))),
);

/// Calls the function for the argument's type; what is none of them is taken as a real.
fn by_type(
    name: &'static str,
    args: &[BoundExpr],
    whole: fn(i64) -> Option<i64>,
    decimal: fn(i128) -> Option<i128>,
    fraction: fn(f64) -> f64,
) -> Result<BoundExpr, BindError> {
    let arg = args.first().ok_or_else(|| BindError::new(format!("`{name}` needs a number")))?;
    match arg.ty {
        ty @ (Int | Long | TimeSpan) => {
            let ty = if ty == Int { Long } else { ty };
            call(name, args, &[ty], ty, move |args| {
                let value = args.get(0)?.longs()?;
                build::longs(args.rows, |row| whole(value.get(row)?))
            })
        }
        Decimal => call(name, args, &[Decimal], Decimal, move |args| {
            let value = args.get(0)?.decimals()?;
            build::decimals(args.rows, |row| decimal(value.get(row)?))
        }),
        _ => real(name, args, fraction),
    }
}

/// `abs(number)`: keeps the type, but an `int` becomes a `long`; a timespan too.
pub const ABS: Scalar = Scalar::new(
    info(
        "abs",
        "math",
        "The magnitude of a number or a timespan.",
        &[param("number", "number or timespan", "The number.")],
        "the type of the number",
        &[example("print abs(-5)", "5")],
    ),
    |args, _| by_type("abs", args, i64::checked_abs, i128::checked_abs, f64::abs),
)
.keeps_name();

/// `sign(number)`: -1, 0 or 1.
pub const SIGN: Scalar = Scalar::new(
    info("sign", "math", "-1, 0 or 1 by the sign.", NUMBER, "real", &[example("print sign(-42)", "-1.0")]),
    |args, _| {
        real("sign", args, |v| {
            if v > 0.0 {
                1.0
            } else if v < 0.0 {
                -1.0
            } else {
                v
            }
        })
    },
);

/// `ceiling(number)`: whole numbers stay.
pub const CEILING: Scalar = Scalar::new(
    info(
        "ceiling",
        "math",
        "The least whole number not below.",
        NUMBER,
        "the type of the number",
        &[example("print ceiling(-1.1)", "-1.0")],
    ),
    |args, _| match args.first() {
        Some(arg) if arg.ty == Int => Ok(arg.clone()),
        _ => by_type("ceiling", args, Some, |v| number::round_decimal(v, 0, Rounding::Up), f64::ceil),
    },
)
.keeps_name();

/// `round(number [, precision])`: half away from zero; a negative precision rounds before the point; the type stays.
pub const ROUND: Scalar = Scalar::new(
    info(
        "round",
        "math",
        "The number rounded to some digits after the point.",
        &[param("number", "number", "The number."), optional("precision", "long", "The digits; 0 unless given.")],
        "the type of the number",
        &[example("print round(2.98765, 3)", "2.988")],
    ),
    |args, _| {
        let ty = args.first().map_or(Real, |a| a.ty);
        match ty {
            Int | Long | Decimal => call("round", args, &[ty, Long], ty, move |args| {
                let value = args.get(0)?;
                let digits = digits_of(args)?;
                // A whole number is a decimal without digits after the point.
                let rounded = |whole: i64, digits: i64| {
                    let scaled = number::round_decimal(number::long_to_decimal(whole)?, digits, Rounding::Half)?;
                    number::decimal_to_long(scaled)
                };
                match ty {
                    Int => build::ints(args.rows, |row| {
                        i32::try_from(rounded(i64::from(value.ints().ok()?.get(row)?), digits(row)?)?).ok()
                    }),
                    Long => build::longs(args.rows, |row| rounded(value.longs().ok()?.get(row)?, digits(row)?)),
                    _ => build::decimals(args.rows, |row| {
                        number::round_decimal(value.decimals().ok()?.get(row)?, digits(row)?, Rounding::Half)
                    }),
                }
            }),
            _ => call("round", args, &[Real, Long], Real, |args| {
                let value = args.get(0)?.reals()?;
                let digits = digits_of(args)?;
                build::reals(args.rows, |row| Some(round(value.get(row)?, digits(row)?.clamp(-400, 400) as i32)))
            }),
        }
    },
)
.keeps_name();

/// The precision of each row, 0 unless given.
fn digits_of(args: &KernelArgs) -> KernelResult<impl Fn(usize) -> Option<i64>> {
    let precision = args.args.get(1).map(super::super::kernel::Arg::longs).transpose()?;
    Ok(move |row| match precision {
        Some(precision) => precision.get(row),
        None => Some(0),
    })
}

/// Rounds on the decimal text of the number, so that 2.675 is what it reads as.
fn round(value: f64, digits: i32) -> f64 {
    if !value.is_finite() {
        return value;
    }
    if digits == 0 {
        return value.round();
    }
    if digits < 0 {
        let unit = 10f64.powi(-digits);
        return if unit.is_finite() { (value / unit).round() * unit } else { 0.0 };
    }
    if digits > 15 {
        return value;
    }
    let factor = 10f64.powi(digits);
    let scaled = value * factor;
    if !scaled.is_finite() || scaled.abs() >= 9_007_199_254_740_992.0 {
        return value;
    }
    let rounded = scaled.round();
    // A product that falls just short of a half, through binary representation alone, rounds as its text does.
    let nudged = if (scaled - scaled.trunc()).abs() > 0.499_999_999 && (scaled - scaled.trunc()).abs() < 0.5 {
        let text: f64 = format!("{value}e{digits}").parse().unwrap_or(scaled);
        text.round()
    } else {
        rounded
    };
    nudged / factor
}

fn test(name: &'static str, args: &[BoundExpr], f: fn(f64) -> bool) -> Result<BoundExpr, BindError> {
    call(name, args, &[Real], Bool, move |args| {
        let value = args.get(0)?.reals()?;
        build::bools(args.rows, |row| Some(f(value.get(row)?)))
    })
}

/// `isnan(number)`.
pub const ISNAN: Scalar = Scalar::new(
    info("isnan", "math", "Whether the number is NaN.", NUMBER, "bool", &[example("print isnan(0.0 / 0.0)", "true")]),
    |args, _| test("isnan", args, f64::is_nan),
);

/// `isinf(number)`.
pub const ISINF: Scalar = Scalar::new(
    info(
        "isinf",
        "math",
        "Whether the number is an infinity.",
        NUMBER,
        "bool",
        &[example("print isinf(1.0 / 0.0)", "true")],
    ),
    |args, _| test("isinf", args, f64::is_infinite),
);

/// `isfinite(number)`.
pub const ISFINITE: Scalar = Scalar::new(
    info(
        "isfinite",
        "math",
        "Whether the number is neither NaN nor an infinity.",
        NUMBER,
        "bool",
        &[example("print isfinite(1.0)", "true")],
    ),
    |args, _| test("isfinite", args, f64::is_finite),
);

const RANDOM: &[Param] = &[any_number("N", "long", "With it, a whole number from 0 to N - 1.")];

/// `rand([N])`: from 0 to less than 1, or a whole number below N; anew for each row.
pub const RAND: Scalar = Scalar::new(
    info("rand", "math", "A random number.", RANDOM, "real", &[example("print rand() < 1", "true")]),
    |args, _| {
        let exprs = args
            .iter()
            .map(|a| crate::functions::support::coerce::coerce(a, Long).map(|b| b.expr))
            .collect::<Result<Vec<_>, _>>()?;
        let udf =
            raw_kernel_udf("rand", "", vec![Long.arrow(); exprs.len()], Real.arrow(), Volatility::Volatile, |args| {
                let limit = args.args.first().map(super::super::kernel::Arg::longs).transpose()?;
                build::reals(args.rows, |row| {
                    let unit = (random() >> 11) as f64 / (1u64 << 53) as f64;
                    match limit {
                        Some(limit) => {
                            let limit = limit.get(row)?;
                            Some(if limit > 0 { (unit * limit as f64).floor() } else { unit })
                        }
                        None => Some(unit),
                    }
                })
            });
        Ok(BoundExpr::new(udf.call(exprs), Real))
    },
)
.volatile()
.keeps_name();

/// A random word, from the keys that the standard library draws for its hash maps.
pub(crate) fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u64(0);
    hasher.finish()
}

/// `new_guid()`: a random GUID for each row.
pub const NEW_GUID: Scalar = Scalar::new(
    info("new_guid", "math", "A random GUID.", &[], "guid", &[example("print strlen(tostring(new_guid()))", "36")]),
    |_, _| {
        let udf = raw_kernel_udf("new_guid", "", Vec::new(), KqlType::Guid.arrow(), Volatility::Volatile, |args| {
            build::texts(args.rows, |_, out| {
                let (high, low) = (random(), random());
                // Version 4, variant 1.
                let high = high & !0xF000 | 0x4000;
                let low = low & !(0xC000 << 48) | 0x8000 << 48;
                out.push_str(&format!(
                    "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                    high >> 32,
                    high >> 16 & 0xFFFF,
                    high & 0xFFFF,
                    low >> 48,
                    low & 0xFFFF_FFFF_FFFF
                ));
                Some(())
            })
        });
        Ok(BoundExpr::new(udf.call(Vec::new()), KqlType::Guid))
    },
)
.volatile();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding() {
        assert_eq!(round(2.98765, 3), 2.988);
        assert_eq!(round(-2.5, 0), -3.0);
        assert_eq!(round(1234.0, -2), 1200.0);
        assert_eq!(round(1.005, 2), 1.01);
        assert_eq!(round(f64::INFINITY, 2), f64::INFINITY);
        assert_eq!(round(1e300, 10), 1e300);
    }

    #[test]
    fn special_functions() {
        assert!((gamma(0.5) - std::f64::consts::PI.sqrt()).abs() < 1e-12);
        assert_eq!(gamma(5.0), 24.0);
        assert!((ln_gamma(100.0) - 359.134_205_369_575_4).abs() < 1e-9);
        assert!((erf(1.0) - 0.842_700_792_949_714_9).abs() < 1e-14);
        assert!((erf(3.0) - 0.999_977_909_503_001_4).abs() < 1e-14);
        assert_eq!(erf(-7.0), -1.0);
    }
}
