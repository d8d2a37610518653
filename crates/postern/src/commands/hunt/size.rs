//! Sizes on the command line: `256MiB`, `1GiB`, `500MB`, or a number of bytes.

/// Reads a size in bytes.
pub(super) fn parse(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let per: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "kib" | "k" => 1 << 10,
        "mb" => 1_000_000,
        "mib" | "m" => 1 << 20,
        "gb" => 1_000_000_000,
        "gib" | "g" => 1 << 30,
        _ => 0,
    };
    let bytes = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(per));
    bytes
        .filter(|bytes| *bytes > 0)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| "expected a size such as 256MiB or 1GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_sizes() {
        assert_eq!(parse("256MiB"), Ok(268_435_456));
        assert_eq!(parse(" 2 gb "), Ok(2_000_000_000));
        assert_eq!(parse("17"), Ok(17));
        for bad in ["", "0", "MiB", "1TiB", "-5MiB", "1.5GiB", "99999999999999999999", "18446744073709551615GiB"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
