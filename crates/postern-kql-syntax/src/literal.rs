//! Constants between text and value.
//!
//! A datetime is a number of ticks of 100 ns since 0001-01-01T00:00:00Z, a
//! timespan a number of such ticks. Reading never panics and never wraps: what
//! does not fit is `None`.

mod datetime;
mod number;
mod text;
mod timespan;

pub use datetime::{format_datetime, parse_datetime, ticks_of_date};
pub use number::{format_real, parse_decimal, parse_guid, parse_long, parse_real};
pub use text::{quote, unquote};
pub use timespan::{format_timespan, parse_timespan, ticks_of_unit};

/// Ticks of a second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks of a day.
pub const TICKS_PER_DAY: i64 = 24 * 60 * 60 * TICKS_PER_SECOND;
/// The last tick of the year 9999.
pub const MAX_DATETIME: i64 = 3_652_059 * TICKS_PER_DAY - 1;

/// Reads leading digits: their value and the rest. More than 18 digits are `None`.
fn digits(text: &str) -> Option<(i64, usize, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 || length > 18 {
        return None;
    }
    let (number, rest) = text.split_at_checked(length)?;
    Some((number.parse().ok()?, length, rest))
}

/// Ticks of a fraction of a second, given its digits; beyond the seventh it is rounded.
fn fraction_ticks(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut ticks = 0;
    for place in 0..7 {
        ticks = ticks * 10 + fraction.as_bytes().get(place).map_or(0, |byte| i64::from(byte - b'0'));
    }
    Some(ticks + i64::from(fraction.as_bytes().get(7).is_some_and(|byte| *byte >= b'5')))
}

/// The seven digits of a fraction, trailing zeros kept.
fn split_seconds(ticks: u64) -> (u64, u64, u64, u64) {
    let per_second = TICKS_PER_SECOND as u64;
    let seconds = ticks / per_second;
    (seconds / 3600, seconds / 60 % 60, seconds % 60, ticks % per_second)
}
