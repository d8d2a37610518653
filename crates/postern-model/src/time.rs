//! Instants as 100-nanosecond ticks, the resolution that KQL's `datetime` has.
//!
//! A [`Ticks`] counts 100 ns steps from 0001-01-01T00:00:00Z, so the whole range of KQL's `datetime`
//! (years 1 to 9999) fits an `i64` exactly.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

/// Ticks (100 ns) from 0001-01-01T00:00:00Z to 1970-01-01T00:00:00Z.
pub const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// Ticks in one second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;

/// The last instant of KQL's `datetime`: 9999-12-31T23:59:59.9999999Z.
pub const MAX_TICKS: i64 = 3_155_378_975_999_999_999;

/// An instant in UTC as 100 ns ticks since 0001-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticks(pub i64);

impl Ticks {
    /// The instant of a UTC date and time of the years 1 to 9999; digits beyond 100 ns are cut off.
    pub fn from_utc(value: NaiveDateTime) -> Self {
        let value = value.and_utc();
        Self(UNIX_EPOCH_TICKS + value.timestamp() * TICKS_PER_SECOND + i64::from(value.timestamp_subsec_nanos() / 100))
    }

    /// The instant of a count of milliseconds since the Unix epoch; `None` outside years 1 to 9999.
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        let ticks = millis.checked_mul(10_000)?.checked_add(UNIX_EPOCH_TICKS)?;
        (0..=MAX_TICKS).contains(&ticks).then_some(Self(ticks))
    }

    /// Nanoseconds since the Unix epoch, the store's unit; `None` outside 1677-09-21 to 2262-04-11.
    pub fn unix_nanos(self) -> Option<i64> {
        (self.0 - UNIX_EPOCH_TICKS).checked_mul(100)
    }

    /// The instant of a count of nanoseconds since the Unix epoch; digits beyond 100 ns are cut off.
    pub fn from_unix_nanos(nanos: i64) -> Self {
        Self(nanos.div_euclid(100) + UNIX_EPOCH_TICKS)
    }

    /// Reads ISO 8601 / RFC 3339 text: a date, optionally a time with up to nine fraction digits, optionally a zone.
    /// Text without a zone is UTC. `None` for anything else, and outside years 1 to 9999.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let text = text.trim();
        // `chrono` also reads years that KQL's datetime does not have.
        let within = |value: NaiveDateTime| (1..=9999).contains(&value.year()).then(|| Self::from_utc(value));
        if let Ok(value) = DateTime::parse_from_rfc3339(text) {
            return within(value.naive_utc());
        }
        for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
            let bare = text.strip_suffix(['Z', 'z']).unwrap_or(text);
            if let Ok(value) = NaiveDateTime::parse_from_str(bare, format) {
                return within(value);
            }
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        within(date.and_hms_opt(0, 0, 0)?)
    }

    /// As a `chrono` instant; `None` only for values outside `chrono`'s range, which no parsed value is.
    pub fn to_utc(self) -> Option<DateTime<Utc>> {
        let unix = self.0 - UNIX_EPOCH_TICKS;
        DateTime::from_timestamp(unix.div_euclid(TICKS_PER_SECOND), (unix.rem_euclid(TICKS_PER_SECOND) * 100) as u32)
    }
}

/// ISO 8601 with seven fraction digits and `Z`, as KQL prints a `datetime`.
impl std::fmt::Display for Ticks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.to_utc() {
            Some(value) => {
                write!(f, "{}.{:07}Z", value.format("%Y-%m-%dT%H:%M:%S"), value.timestamp_subsec_nanos() / 100)
            }
            None => write!(f, "ticks({})", self.0),
        }
    }
}

impl serde::Serialize for Ticks {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_iso_text_with_seven_digits() {
        for (text, printed) in [
            ("2021-06-15T10:09:55", "2021-06-15T10:09:55.0000000Z"),
            ("2021-08-02T13:11:39.7724491Z", "2021-08-02T13:11:39.7724491Z"),
            ("2026-06-14T17:23:32.0000000+02:00", "2026-06-14T15:23:32.0000000Z"),
            ("2024-05-01 10:00", "2024-05-01T10:00:00.0000000Z"),
            ("2024-05-01", "2024-05-01T00:00:00.0000000Z"),
            ("0001-01-01", "0001-01-01T00:00:00.0000000Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"),
        ] {
            assert_eq!(Ticks::parse_iso(text).unwrap().to_string(), printed, "{text}");
        }
        assert_eq!(Ticks::parse_iso("5/18/2021 9:13:33 PM"), None);
        assert_eq!(Ticks::parse_iso(""), None);
        assert_eq!(Ticks::parse_iso("+262000-01-01"), None);
        assert_eq!(Ticks::parse_iso("0000-12-31T23:59:59Z"), None);
    }

    #[test]
    fn nanoseconds_round_trip_and_refuse_what_they_cannot_hold() {
        let ticks = Ticks::parse_iso("2021-08-02T13:11:39.7724491Z").unwrap();
        assert_eq!(Ticks::from_unix_nanos(ticks.unix_nanos().unwrap()), ticks);
        assert_eq!(Ticks::parse_iso("9999-12-31").unwrap().unix_nanos(), None);
        assert_eq!(Ticks::parse_iso("0001-01-01").unwrap().unix_nanos(), None);
        assert_eq!(Ticks::from_unix_millis(0).unwrap().0, UNIX_EPOCH_TICKS);
        assert_eq!(Ticks::from_unix_millis(i64::MAX), None);
    }
}
