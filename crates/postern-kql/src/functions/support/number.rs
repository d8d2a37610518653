//! Numbers and text: how KQL writes and reads them.

use arrow::datatypes::i256;

use crate::types::DECIMAL_SCALE;

const DECIMAL_ONE: i128 = 10i128.pow(DECIMAL_SCALE as u32);

/// The shortest text that reads back as the same real; whole numbers keep `.0`, and exponents are
/// used from 1E+15 and below 1E-05.
pub fn real_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    if value == 0.0 {
        return "0.0".into();
    }
    let magnitude = value.abs();
    if (1e-5..1e15).contains(&magnitude) {
        let mut text = format!("{value}");
        if !text.contains('.') {
            text.push_str(".0");
        }
        return text;
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(("+", exponent), |e| ("-", e));
    format!("{digits}E{sign}{exponent:0>2}")
}

/// Reads a whole number: decimal or `0x` hexadecimal, with a sign, spaces around it allowed.
pub fn parse_long(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        if hex.is_empty() || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u64::from_str_radix(hex, 16).ok()? as i64;
        return Some(if negative { value.wrapping_neg() } else { value });
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Reads a real; `nan`, `inf`, `+inf`, `-inf` and `infinity` too.
pub fn parse_real(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some(long) = parse_long(text) {
        return Some(long as f64);
    }
    text.parse().ok()
}

/// A real as a whole number, cut towards zero; `None` outside the range and for NaN.
pub fn real_to_long(value: f64) -> Option<i64> {
    let cut = value.trunc();
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&cut).then_some(cut as i64)
}

/// Reads a bool: `true`, `false` in any case, or a whole number (not zero is true).
pub fn parse_bool(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Some(false);
    }
    parse_long(text).map(|v| v != 0)
}

/// Reads a decimal into its scaled form; digits beyond the scale are rounded half up.
pub fn parse_decimal(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (body, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut value: i128 = 0;
    let mut scale = -exponent.clamp(-100, 100);
    for digit in whole.bytes() {
        value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    for digit in fraction.bytes() {
        if scale >= 30 {
            break;
        }
        let Some(next) = value.checked_mul(10) else { break };
        value = next.checked_add(i128::from(digit - b'0'))?;
        scale += 1;
    }
    let target = i32::from(DECIMAL_SCALE);
    while scale < target {
        value = value.checked_mul(10)?;
        scale += 1;
    }
    while scale > target + 1 {
        value /= 10;
        scale -= 1;
    }
    if scale > target {
        value = (value + 5) / 10;
    }
    (value < 10i128.pow(38)).then_some(if negative { -value } else { value })
}

/// A scaled decimal as text, without trailing zeros of the fraction.
pub fn decimal_text(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let magnitude = value.unsigned_abs();
    let one = DECIMAL_ONE.unsigned_abs();
    let (whole, fraction) = (magnitude / one, magnitude % one);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let width = DECIMAL_SCALE as usize;
    let digits = format!("{fraction:0width$}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// Which way a decimal is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, a half away from zero.
    Half,
    /// To the next not below.
    Up,
    /// To the next not above.
    Down,
}

/// A scaled decimal rounded to some digits after the point (before it when negative).
pub fn round_decimal(value: i128, digits: i64, way: Rounding) -> Option<i128> {
    let dropped = i64::from(DECIMAL_SCALE) - digits;
    if dropped <= 0 {
        return Some(value);
    }
    let Some(unit) = u32::try_from(dropped).ok().and_then(|d| 10i128.checked_pow(d)) else { return Some(0) };
    let (down, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
    let up = match way {
        Rounding::Down => false,
        Rounding::Up => rest > 0,
        // Below zero a half stays down, which is away from zero.
        Rounding::Half if value < 0 => rest > unit - rest,
        Rounding::Half => rest >= unit - rest,
    };
    (down + i128::from(up)).checked_mul(unit)
}

/// Decimals that have more digits than these are no decimals of the engine.
fn fits(value: i128) -> Option<i128> {
    (value.unsigned_abs() < 10u128.pow(u32::from(crate::types::DECIMAL_PRECISION))).then_some(value)
}

/// The sum of scaled decimals; `None` when it does not fit.
pub fn add_decimals(a: i128, b: i128) -> Option<i128> {
    fits(a.checked_add(b)?)
}

/// `dividend / divisor`, a half rounded away from zero.
fn rounded(dividend: i256, divisor: i256) -> Option<i128> {
    let (quotient, rest) = (dividend.checked_div(divisor)?, dividend.checked_rem(divisor)?);
    let twice = rest.checked_add(rest)?.wrapping_abs();
    let negative = dividend.is_negative() != divisor.is_negative();
    let step = if twice < divisor.wrapping_abs() {
        0
    } else if negative {
        -1
    } else {
        1
    };
    fits(quotient.to_i128()?.checked_add(step)?)
}

/// The product of scaled decimals; `None` when it does not fit.
pub fn multiply_decimals(a: i128, b: i128) -> Option<i128> {
    rounded(i256::from_i128(a).checked_mul(i256::from_i128(b))?, i256::from_i128(DECIMAL_ONE))
}

/// The quotient of scaled decimals; `None` when it does not fit or the divisor is 0.
pub fn divide_decimals(a: i128, b: i128) -> Option<i128> {
    if b == 0 {
        return None;
    }
    rounded(i256::from_i128(a).checked_mul(i256::from_i128(DECIMAL_ONE))?, i256::from_i128(b))
}

/// A scaled decimal as the greatest multiple of `size` above `origin` that is not above it.
pub fn bin_decimal(value: i128, size: i128, origin: i128) -> Option<i128> {
    let from = value.checked_sub(origin)?;
    (size > 0).then(|| from.div_euclid(size))?.checked_mul(size)?.checked_add(origin)
}

/// A whole number as a scaled decimal.
pub fn long_to_decimal(value: i64) -> Option<i128> {
    i128::from(value).checked_mul(DECIMAL_ONE)
}

/// A real as a scaled decimal.
pub fn real_to_decimal(value: f64) -> Option<i128> {
    if value.is_finite() { parse_decimal(&format!("{value:e}")) } else { None }
}

/// A scaled decimal as a real.
pub fn decimal_to_real(value: i128) -> f64 {
    decimal_text(value).parse().unwrap_or(f64::NAN)
}

/// A scaled decimal as a whole number, cut towards zero.
pub fn decimal_to_long(value: i128) -> Option<i64> {
    i64::try_from(value / DECIMAL_ONE).ok()
}

/// Reads a GUID: 32 digits, hyphens between its groups or not, braces or parentheses around it or not; the result is lower case with hyphens.
pub fn parse_guid(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'))
        .or_else(|| text.strip_prefix('(').and_then(|t| t.strip_suffix(')')))
        .unwrap_or(text);
    let mut out = String::with_capacity(36);
    let mut digits = 0;
    let mut hyphen = false;
    for byte in inner.bytes() {
        let boundary = matches!(digits, 8 | 12 | 16 | 20);
        if byte == b'-' && boundary && !hyphen {
            hyphen = true;
        } else if byte.is_ascii_hexdigit() && digits < 32 {
            if boundary {
                out.push('-');
            }
            out.push(char::from(byte.to_ascii_lowercase()));
            digits += 1;
            hyphen = false;
        } else {
            return None;
        }
    }
    (digits == 32).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals() {
        for (value, text) in [
            (1.0, "1.0"),
            (-0.1, "-0.1"),
            (1e20, "1E+20"),
            (1.5e-7, "1.5E-07"),
            (123_456.789, "123456.789"),
            (0.0, "0.0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(real_text(value), text);
        }
        assert_eq!(parse_real("1e3"), Some(1000.0));
        assert_eq!(parse_real("-inf"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_real("1,5"), None);
        assert_eq!(real_to_long(9.3e18), None);
        assert_eq!(real_to_long(f64::NAN), None);
        assert_eq!(real_to_long(-2.9), Some(-2));
    }

    #[test]
    fn longs_and_bools() {
        assert_eq!(parse_long(" -12 "), Some(-12));
        assert_eq!(parse_long("0xff"), Some(255));
        for bad in ["", "-", "1.5", "0x", "1e3", "9223372036854775808", "１"] {
            assert_eq!(parse_long(bad), None, "{bad}");
        }
        assert_eq!(parse_long("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_bool("TRUE"), Some(true));
        assert_eq!(parse_bool("0"), Some(false));
        assert_eq!(parse_bool("yes"), None);
    }

    #[test]
    fn decimals() {
        for text in ["0", "1.5", "-123.45678", "0.00000000000000001"] {
            assert_eq!(decimal_text(parse_decimal(text).unwrap()), text);
        }
        assert_eq!(parse_decimal("1e2"), parse_decimal("100"));
        assert_eq!(decimal_text(parse_decimal("0.000000000000000019").unwrap()), "0.00000000000000002");
        for bad in ["", ".", "x", "1e999999999999", "99999999999999999999999", "--1"] {
            assert_eq!(parse_decimal(bad), None, "{bad}");
        }
        assert_eq!(decimal_to_long(parse_decimal("-2.9").unwrap()), Some(-2));
        assert_eq!(real_to_decimal(0.1).map(decimal_text), Some("0.1".into()));
    }

    #[test]
    fn decimals_round() {
        let of = |text: &str| parse_decimal(text).unwrap();
        let round = |text: &str, digits, way| decimal_text(round_decimal(of(text), digits, way).unwrap());
        assert_eq!(round("2.5", 0, Rounding::Half), "3");
        assert_eq!(round("-2.5", 0, Rounding::Half), "-3");
        assert_eq!(round("-2.4", 0, Rounding::Half), "-2");
        assert_eq!(round("1.005", 2, Rounding::Half), "1.01");
        assert_eq!(round("1250", -2, Rounding::Half), "1300");
        assert_eq!(round("1.1", 0, Rounding::Up), "2");
        assert_eq!(round("-1.1", 0, Rounding::Up), "-1");
        assert_eq!(round("-1.1", 0, Rounding::Down), "-2");
        assert_eq!(round("5", -60, Rounding::Half), "0");
        assert_eq!(bin_decimal(of("-1.7"), of("0.5"), 0).map(decimal_text), Some("-2".into()));
        assert_eq!(bin_decimal(of("1.7"), 0, 0), None);
    }

    #[test]
    fn decimal_arithmetic_is_exact() {
        let of = |text: &str| parse_decimal(text).unwrap();
        let text = |value: Option<i128>| value.map(decimal_text);
        assert_eq!(text(divide_decimals(of("1"), of("3"))), Some("0.33333333333333333".into()));
        assert_eq!(text(divide_decimals(of("-2"), of("3"))), Some("-0.66666666666666667".into()));
        assert_eq!(text(multiply_decimals(of("1234567890.12"), of("-0.5"))), Some("-617283945.06".into()));
        assert_eq!(text(multiply_decimals(of("123456789012"), of("10000000000"))), None);
        assert_eq!(text(add_decimals(of("0.1"), of("0.2"))), Some("0.3".into()));
        assert_eq!(add_decimals(i128::MAX, i128::MAX), None);
        assert_eq!(divide_decimals(1, 0), None);
    }

    #[test]
    fn guids() {
        let good = Some("0d4a2c4c-1f6e-4a0f-9c0f-123456789abc".to_owned());
        assert_eq!(parse_guid("0D4A2C4C-1F6E-4A0F-9C0F-123456789ABC"), good);
        assert_eq!(parse_guid("{0d4a2c4c1f6e4a0f9c0f123456789abc}"), good);
        assert_eq!(parse_guid("0d4a2c4c-1f6e-4a0f-9c0f-123456789abg"), None);
        assert_eq!(parse_guid("é"), None);
    }
}
