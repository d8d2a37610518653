//! Parts of an instant: year, month, day, hour, week, weekday.

use crate::functions::support::build;
use crate::functions::support::calendar;
use crate::functions::support::define::{Scalar, also, call, call_with, example, info, param};
use crate::functions::{BindError, BoundExpr, FunctionInfo, Param};
use crate::types::KqlType::{DateTime, Int, TimeSpan};
use crate::types::{TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND};

const DATE: &[Param] = &[param("date", "datetime", "The instant.")];

fn int_part(name: &'static str, args: &[BoundExpr], f: fn(i64) -> i64) -> Result<BoundExpr, BindError> {
    call(name, args, &[DateTime], Int, move |args| {
        let date = args.get(0)?.longs()?;
        build::ints(args.rows, |row| i32::try_from(f(date.get(row)?)).ok())
    })
}

const fn part_info(
    name: &'static str,
    summary: &'static str,
    examples: &'static [crate::functions::Example],
) -> FunctionInfo {
    info(name, "datetime", summary, DATE, "int", examples)
}

/// `dayofweek(date)`: a timespan of as many days since Sunday.
pub const DAYOFWEEK: Scalar = Scalar::new(
    info(
        "dayofweek",
        "datetime",
        "The time since the last Sunday, in whole days.",
        DATE,
        "timespan",
        &[example("print dayofweek(datetime(2015-12-14))", "1.00:00:00")],
    ),
    |args, _| {
        call("dayofweek", args, &[DateTime], TimeSpan, |args| {
            let date = args.get(0)?.longs()?;
            build::longs(args.rows, |row| Some(calendar::weekday(date.get(row)?) * TICKS_PER_DAY))
        })
    },
);

/// `dayofmonth(date)`: from 1.
pub const DAYOFMONTH: Scalar = Scalar::new(
    part_info(
        "dayofmonth",
        "The day of the month, from 1.",
        &[example("print dayofmonth(datetime(2015-12-14))", "14")],
    ),
    |args, _| int_part("dayofmonth", args, |t| calendar::date(t).day),
);

/// `dayofyear(date)`: from 1.
pub const DAYOFYEAR: Scalar = Scalar::new(
    part_info("dayofyear", "The day of the year, from 1.", &[example("print dayofyear(datetime(2015-12-14))", "348")]),
    |args, _| int_part("dayofyear", args, calendar::day_of_year),
);

/// `hourofday(date)`: 0 to 23.
pub const HOUROFDAY: Scalar = Scalar::new(
    part_info(
        "hourofday",
        "The hour of the day, 0 to 23.",
        &[example("print hourofday(datetime(2015-12-14 18:54))", "18")],
    ),
    |args, _| int_part("hourofday", args, |t| calendar::time_of_day(t) / TICKS_PER_HOUR),
);

/// `monthofyear(date)`, `getmonth(date)`: 1 to 12.
pub const MONTHOFYEAR: Scalar = Scalar::new(
    also(
        part_info("monthofyear", "The month, 1 to 12.", &[example("print monthofyear(datetime(2015-12-14))", "12")]),
        &["getmonth"],
    ),
    |args, _| int_part("monthofyear", args, |t| calendar::date(t).month),
);

/// `getyear(date)`.
pub const GETYEAR: Scalar = Scalar::new(
    part_info("getyear", "The year.", &[example("print getyear(datetime(2015-10-12))", "2015")]),
    |args, _| int_part("getyear", args, |t| calendar::date(t).year),
);

/// `week_of_year(date)`: ISO 8601: weeks start on Monday, week 1 holds the first Thursday.
pub const WEEK_OF_YEAR: Scalar = Scalar::new(
    part_info(
        "week_of_year",
        "The week of the year by ISO 8601.",
        &[example("print week_of_year(datetime(2000-01-01))", "52")],
    ),
    |args, _| int_part("week_of_year", args, calendar::iso_week),
);

/// `weekofyear(date)`: the older count: weeks start on Sunday, week 1 holds the year's first Wednesday.
pub const WEEKOFYEAR: Scalar = Scalar::new(
    part_info(
        "weekofyear",
        "The week of the year by an older count: weeks start on Sunday, week 1 holds the first Wednesday.",
        &[example("print weekofyear(datetime(2021-01-03))", "1")],
    ),
    |args, _| int_part("weekofyear", args, calendar::wednesday_week),
);

/// `datetime_part(part, date)`: a part by its name.
pub const DATETIME_PART: Scalar = Scalar::new(
    also(
        info(
            "datetime_part",
            "datetime",
            "A part of the instant by its name.",
            &[
                param(
                    "part",
                    "string",
                    "`year`, `quarter`, `month`, `week_of_year`, `day`, `dayOfYear`, `hour`, … `nanosecond`.",
                ),
                param("datetime", "datetime", "The instant."),
            ],
            "int",
            &[example("print datetime_part(\"quarter\", datetime(2017-10-30))", "4")],
        ),
        &["datepart"],
    ),
    |args, _| {
        let name = super::super::string::constant_text(args, 0, "part")?.to_ascii_lowercase();
        let part: fn(i64) -> i64 = match name.as_str() {
            "year" => |t| calendar::date(t).year,
            "quarter" => |t| (calendar::date(t).month - 1) / 3 + 1,
            "month" => |t| calendar::date(t).month,
            "week_of_year" | "week" => calendar::iso_week,
            "weekofyear" => calendar::wednesday_week,
            "day" => |t| calendar::date(t).day,
            "dayofyear" => calendar::day_of_year,
            "hour" => |t| calendar::time_of_day(t) / TICKS_PER_HOUR,
            "minute" => |t| calendar::time_of_day(t) / TICKS_PER_MINUTE % 60,
            "second" => |t| calendar::time_of_day(t) / TICKS_PER_SECOND % 60,
            "millisecond" => |t| calendar::time_of_day(t) % TICKS_PER_SECOND / 10_000,
            "microsecond" => |t| calendar::time_of_day(t) % TICKS_PER_SECOND / 10,
            "nanosecond" => |t| calendar::time_of_day(t) % TICKS_PER_SECOND * 100,
            _ => return Err(BindError::new(format!("`{name}` is no part of a datetime")).at(0)),
        };
        call_with("datetime_part", &name, args.get(1..).unwrap_or(&[]), &[DateTime], Int, move |args| {
            let date = args.get(0)?.longs()?;
            build::ints(args.rows, |row| i32::try_from(part(date.get(row)?)).ok())
        })
    },
);
