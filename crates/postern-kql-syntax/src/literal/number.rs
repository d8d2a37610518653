//! Numbers and guids.

/// Reads a whole number, decimal or `0x…`, with an optional sign.
pub fn parse_long(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = match magnitude.strip_prefix("0x").or_else(|| magnitude.strip_prefix("0X")) {
        Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => i128::from(u64::from_str_radix(hex, 16).ok()?),
        None if magnitude.bytes().all(|byte| byte.is_ascii_digit()) => magnitude.parse().ok()?,
        _ => return None,
    };
    i64::try_from(if negative { -value } else { value }).ok()
}

/// Reads a number with or without point and exponent, `nan`, `+inf`, `-inf`.
/// What is too large for a finite number is `None`.
pub fn parse_real(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "nan" => return Some(f64::NAN),
        "inf" | "+inf" | "infinity" | "+infinity" => return Some(f64::INFINITY),
        "-inf" | "-infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let value: f64 = if plain { text.parse().ok()? } else { parse_long(text)? as f64 };
    value.is_finite().then_some(value)
}

/// Writes a number so that reading gives the same one and so that it is seen
/// to be a real: `1.0`, `1.5e300`, `nan`, `+inf`.
pub fn format_real(value: f64) -> String {
    if value.is_nan() {
        "nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+inf".to_owned() } else { "-inf".to_owned() }
    } else {
        format!("{value:?}")
    }
}

/// Reads a decimal number and writes it without an exponent: at most 34 digits.
pub fn parse_decimal(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (rest.get(..at)?, rest.get(at + 1..)?.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all: String = [whole, fraction].concat();
    if all.is_empty() || all.len() > 64 || exponent.abs() > 64 || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let (mut whole, mut fraction) = (String::new(), String::new());
    for place in point.min(0)..point.max(i32::try_from(all.len()).ok()?) {
        let digit =
            usize::try_from(place).ok().and_then(|place| all.as_bytes().get(place)).map_or('0', |byte| *byte as char);
        if place < point { whole.push(digit) } else { fraction.push(digit) }
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    if whole.len() + fraction.len() > 34 {
        return None;
    }
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// Reads a guid, with or without dashes and braces, and writes it in lower case with dashes.
pub fn parse_guid(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let dashes = [8, 13, 18, 23];
    let digits: String = match inner.len() {
        36 if dashes.iter().all(|at| inner.as_bytes().get(*at) == Some(&b'-')) => {
            inner.char_indices().filter(|(at, _)| !dashes.contains(at)).map(|(_, digit)| digit).collect()
        }
        32 => inner.to_owned(),
        _ => return None,
    };
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digits = digits.to_ascii_lowercase();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    Some([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        assert_eq!(parse_long("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_long("9223372036854775808"), None);
        assert_eq!(parse_long("0x1F"), Some(31));
        assert_eq!(parse_long("0xFFFFFFFFFFFFFFFF"), None);
        assert_eq!(parse_long(""), None);
        assert_eq!(parse_long("--1"), None);
        assert_eq!(parse_long("0x"), None);
    }

    #[test]
    fn reals() {
        assert_eq!(parse_real("1.5e3"), Some(1500.0));
        assert_eq!(parse_real("1."), Some(1.0));
        assert!(parse_real("NaN").unwrap().is_nan());
        assert_eq!(parse_real("-inf"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_real("1e999"), None);
        assert_eq!(parse_real("x"), None);
        assert_eq!(format_real(1.0), "1.0");
        assert_eq!(parse_real(&format_real(1.0e300)), Some(1.0e300));
    }

    #[test]
    fn decimals_lose_their_exponent() {
        for (text, expected) in
            [("1.50", "1.50"), ("-1e3", "-1000"), ("12.5e-3", "0.0125"), ("0007", "7"), (".5", "0.5")]
        {
            assert_eq!(parse_decimal(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(parse_decimal("x"), None);
        assert_eq!(parse_decimal("1e99999"), None);
        assert_eq!(parse_decimal(""), None);
        assert_eq!(parse_decimal("1.2.3"), None);
    }

    #[test]
    fn guids() {
        let canonical = "74be27de-1e4e-49d9-b579-fe0b331d3642";
        for text in [
            "74BE27DE-1E4E-49D9-B579-FE0B331D3642",
            "{74be27de-1e4e-49d9-b579-fe0b331d3642}",
            "74be27de1e4e49d9b579fe0b331d3642",
        ] {
            assert_eq!(parse_guid(text).as_deref(), Some(canonical));
        }
        assert_eq!(parse_guid("74be27de-1e4e-49d9-b579"), None);
        assert_eq!(parse_guid("éééééééééééééééé"), None);
    }
}
