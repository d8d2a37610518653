//! Time zones by their IANA names: `datetime_local_to_utc`, `datetime_utc_to_local`, `datetime_list_timezones`.
//!
//! The rules are those of the IANA database that the engine was built with. A local time that a change of clocks skips
//! is read with the offset before the change; one that occurs twice is read as standard time, the later of the two.

use std::collections::HashMap;

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::functions::string::as_text;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::functions::support::json::ArrayText;
use crate::functions::support::{build, calendar};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{self, String as Text};
use crate::types::{Const, TICKS_PER_HOUR, TICKS_PER_SECOND, UNIX_EPOCH_TICKS};

/// The zone of a name, in any case.
fn zone(name: &str) -> Option<Tz> {
    let name = name.trim();
    name.parse().ok().or_else(|| TZ_VARIANTS.iter().find(|tz| tz.name().eq_ignore_ascii_case(name)).copied())
}

/// The civil time of ticks; the part below a second is cut.
fn civil(ticks: i64) -> Option<NaiveDateTime> {
    let seconds = (ticks - UNIX_EPOCH_TICKS).div_euclid(TICKS_PER_SECOND);
    Some(DateTime::from_timestamp(seconds, 0)?.naive_utc())
}

fn to_local(ticks: i64, zone: Tz) -> Option<i64> {
    let offset = zone.offset_from_utc_datetime(&civil(ticks)?).fix();
    calendar::in_range(ticks + i64::from(offset.local_minus_utc()) * TICKS_PER_SECOND)
}

fn to_utc(ticks: i64, zone: Tz) -> Option<i64> {
    let local = civil(ticks)?;
    let offset = match zone.offset_from_local_datetime(&local) {
        LocalResult::Single(offset) => offset.fix(),
        // The lesser offset is that of standard time.
        LocalResult::Ambiguous(a, b) => {
            let (a, b) = (a.fix(), b.fix());
            if a.local_minus_utc() < b.local_minus_utc() { a } else { b }
        }
        // The clocks skipped this time: what held some hours before holds.
        LocalResult::None => zone.offset_from_utc_datetime(&civil(ticks - 26 * TICKS_PER_HOUR)?).fix(),
    };
    calendar::in_range(ticks - i64::from(offset.local_minus_utc()) * TICKS_PER_SECOND)
}

fn shift(name: &'static str, args: &[BoundExpr], f: fn(i64, Tz) -> Option<i64>) -> Result<BoundExpr, BindError> {
    if let Some(wanted) = args.get(1).and_then(BoundExpr::const_str)
        && !wanted.is_empty()
        && zone(wanted).is_none()
    {
        return Err(BindError::new(format!("no time zone is named `{wanted}`"))
            .hint("`datetime_list_timezones()` gives the names, such as `Europe/Paris`")
            .at(1));
    }
    call(name, &as_text(args, &[1]), &[KqlType::DateTime, Text], KqlType::DateTime, move |args| {
        let (date, name) = (args.get(0)?.longs()?, args.get(1)?.text()?);
        let mut zones: HashMap<&str, Option<Tz>> = HashMap::new();
        build::longs(args.rows, |row| {
            let name = name.get(row)?;
            f(date.get(row)?, (*zones.entry(name).or_insert_with(|| zone(name)))?)
        })
    })
}

const PARAMS: &[Param] = &[
    param("from", "datetime", "The time to convert."),
    param("timezone", "string", "The zone's IANA name, such as `Europe/Paris`; an unknown one gives null."),
];

/// `datetime_local_to_utc(from, timezone)`.
pub const LOCAL_TO_UTC: Scalar = Scalar::new(
    info(
        "datetime_local_to_utc",
        "datetime",
        "The instant of a local time in a time zone.",
        PARAMS,
        "datetime",
        &[example(
            "print datetime_local_to_utc(datetime(2024-07-01 12:00), \"Europe/Paris\")",
            "2024-07-01T10:00:00.0000000Z",
        )],
    ),
    |args, _| shift("datetime_local_to_utc", args, to_utc),
);

/// `datetime_utc_to_local(from, timezone)`.
pub const UTC_TO_LOCAL: Scalar = Scalar::new(
    info(
        "datetime_utc_to_local",
        "datetime",
        "The local time of an instant in a time zone.",
        PARAMS,
        "datetime",
        &[example(
            "print datetime_utc_to_local(datetime(2024-01-01 12:00), \"America/New_York\")",
            "2024-01-01T07:00:00.0000000Z",
        )],
    ),
    |args, _| shift("datetime_utc_to_local", args, to_local),
);

/// `datetime_list_timezones()`: sorted.
pub const LIST_TIMEZONES: Scalar = Scalar::new(
    info(
        "datetime_list_timezones",
        "datetime",
        "The names of all time zones.",
        &[],
        "dynamic",
        &[example("print set_has_element(datetime_list_timezones(), \"Europe/Paris\")", "true")],
    ),
    |_, _| {
        let mut names: Vec<&str> = TZ_VARIANTS.iter().map(|tz| tz.name()).collect();
        names.sort_unstable();
        let mut list = ArrayText::new();
        names.iter().for_each(|name| list.string(name));
        Ok(BoundExpr::constant(Const::Dynamic(list.finish())))
    },
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::support::time_text::parse_datetime;

    #[test]
    fn offsets_follow_the_year() {
        let at = |text: &str| parse_datetime(text).unwrap();
        let paris = zone("europe/paris").unwrap();
        assert_eq!(to_utc(at("2024-01-15 12:00"), paris), Some(at("2024-01-15 11:00")));
        assert_eq!(to_utc(at("2024-07-15 12:00:00.1234567"), paris), Some(at("2024-07-15 10:00:00.1234567")));
        assert_eq!(to_local(at("2024-07-15 22:30"), paris), Some(at("2024-07-16 00:30")));
        // On 2024-03-31 the clocks went from 02:00 to 03:00, on 2024-10-27 from 03:00 to 02:00.
        assert_eq!(to_utc(at("2024-03-31 02:30"), paris), Some(at("2024-03-31 01:30")));
        assert_eq!(to_utc(at("2024-10-27 02:30"), paris), Some(at("2024-10-27 01:30")));
        assert_eq!(to_utc(0, paris), None);
        assert_eq!(to_local(crate::types::MAX_DATETIME, paris), None);
        assert!(zone("Nowhere/Atlantis").is_none());
    }
}
