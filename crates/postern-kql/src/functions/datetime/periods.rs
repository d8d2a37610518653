//! `now`, `ago`, `startof…`, `endof…`, calendar arithmetic, Unix times, and making of instants.

use crate::functions::support::calendar::{self, Period, Unit};
use crate::functions::support::coerce::unfit;
use crate::functions::support::define::{Scalar, call, call_with, example, info, optional, param};
use crate::functions::support::{build, number};
use crate::functions::{BindContext, BindError, BoundExpr, Param};
use crate::types::{
    Const, KqlType, TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND, UNIX_EPOCH_TICKS,
};
use KqlType::{DateTime, Long, Real, TimeSpan};

fn shifted_now(args: &[BoundExpr], cx: &BindContext, sign: i64, name: &str) -> Result<BoundExpr, BindError> {
    let now = cx.now;
    let Some(arg) = args.first() else { return Ok(BoundExpr::constant(Const::DateTime(now))) };
    if arg.ty != TimeSpan && arg.ty != KqlType::Dynamic {
        return Err(unfit(arg, TimeSpan).at(0));
    }
    if let Some(offset) = arg.constant.as_ref().and_then(Const::as_ticks) {
        let ticks = offset.checked_mul(sign).and_then(|o| now.checked_add(o)).and_then(calendar::in_range);
        return Ok(BoundExpr::constant(ticks.map_or(Const::Null(DateTime), Const::DateTime)));
    }
    call_with(name, &now.to_string(), args, &[TimeSpan], DateTime, move |args| {
        let offset = args.get(0)?.longs()?;
        build::longs(args.rows, |row| calendar::in_range(now.checked_add(offset.get(row)?.checked_mul(sign)?)?))
    })
}

/// `now([offset])`: the instant of the query, the same everywhere in it.
pub const NOW: Scalar = Scalar::new(
    info(
        "now",
        "datetime",
        "The instant at which the query runs.",
        &[optional("offset", "timespan", "What to add.")],
        "datetime",
        &[example("print now() - now(-1d)", "1.00:00:00")],
    ),
    |args, cx| shifted_now(args, cx, 1, "now"),
);

/// `ago(span)`: `now()` less the span.
pub const AGO: Scalar = Scalar::new(
    info(
        "ago",
        "datetime",
        "The instant a span of time before the query runs.",
        &[param("timespan", "timespan", "The span.")],
        "datetime",
        &[example("print now() - ago(1h)", "01:00:00")],
    ),
    |args, cx| shifted_now(args, cx, -1, "ago"),
);

const PERIOD: &[Param] = &[
    param("date", "datetime", "The instant."),
    optional("offset", "long", "How many periods later (earlier when negative)."),
];

fn period(name: &'static str, args: &[BoundExpr], period: Period, end: bool) -> Result<BoundExpr, BindError> {
    call(name, args, &[DateTime, Long], DateTime, move |args| {
        let date = args.get(0)?.longs()?;
        let offset = args.args.get(1).map(super::super::kernel::Arg::longs).transpose()?;
        build::longs(args.rows, |row| {
            let by = match offset {
                Some(offset) => offset.get(row)?,
                None => 0,
            };
            let ticks = date.get(row)?;
            if end { calendar::end_of(ticks, period, by) } else { calendar::start_of(ticks, period, by) }
        })
    })
}

macro_rules! periods {
    ($($constant:ident, $name:literal, $period:expr, $end:literal, $keeps:literal, $summary:literal, $query:literal, $result:literal $(, $name_rule:ident)?;)*) => {
        $(
            #[doc = concat!("`", $name, "(date [, offset])`: ", $summary)]
            pub const $constant: Scalar = {
                let function = Scalar::new(
                    info($name, "datetime", $summary, PERIOD, "datetime", &[example($query, $result)]),
                    |args, _| period($name, args, $period, $end),
                );
                if $keeps { function.keeps_name() } else { function }
            };
        )*
    };
}

periods! {
    STARTOFDAY, "startofday", Period::Day, false, true, "The first instant of the day.", "print startofday(datetime(2017-01-01 10:10:17))", "2017-01-01T00:00:00.0000000Z", keeps_name;
    STARTOFWEEK, "startofweek", Period::Week, false, false, "The first instant of the week, which starts on Sunday.", "print startofweek(datetime(2017-01-04))", "2017-01-01T00:00:00.0000000Z";
    STARTOFMONTH, "startofmonth", Period::Month, false, false, "The first instant of the month.", "print startofmonth(datetime(2017-01-15), -1)", "2016-12-01T00:00:00.0000000Z";
    STARTOFYEAR, "startofyear", Period::Year, false, false, "The first instant of the year.", "print startofyear(datetime(2017-05-05))", "2017-01-01T00:00:00.0000000Z";
    ENDOFDAY, "endofday", Period::Day, true, false, "The last instant of the day.", "print endofday(datetime(2017-01-01 10:10:17))", "2017-01-01T23:59:59.9999999Z";
    ENDOFWEEK, "endofweek", Period::Week, true, false, "The last instant of the week, which ends with Saturday.", "print endofweek(datetime(2017-01-04))", "2017-01-07T23:59:59.9999999Z";
    ENDOFMONTH, "endofmonth", Period::Month, true, false, "The last instant of the month.", "print endofmonth(datetime(2016-02-04))", "2016-02-29T23:59:59.9999999Z";
    ENDOFYEAR, "endofyear", Period::Year, true, false, "The last instant of the year.", "print endofyear(datetime(2017-05-05))", "2017-12-31T23:59:59.9999999Z";
}

fn unit(args: &[BoundExpr], at: usize) -> Result<(Unit, String), BindError> {
    let name = super::super::string::constant_text(args, at, "unit")?;
    let unit = Unit::parse(name).ok_or_else(|| {
        BindError::new(format!("`{name}` is no unit of time"))
            .hint("use year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or nanosecond")
            .at(at)
    })?;
    Ok((unit, name.to_ascii_lowercase()))
}

const UNIT: Param = param("period", "string", "The unit: `year`, `quarter`, `month`, `week`, `day`, … `nanosecond`.");

/// `datetime_add(unit, amount, date)`: a day that the target month lacks becomes its last day.
pub const DATETIME_ADD: Scalar = Scalar::new(
    info(
        "datetime_add",
        "datetime",
        "The instant a number of calendar units later.",
        &[
            UNIT,
            param("amount", "long", "How many; negative for earlier."),
            param("datetime", "datetime", "The instant."),
        ],
        "datetime",
        &[example("print datetime_add(\"month\", 1, datetime(2017-01-31))", "2017-02-28T00:00:00.0000000Z")],
    ),
    |args, _| {
        let (unit, config) = unit(args, 0)?;
        call_with("datetime_add", &config, args.get(1..).unwrap_or(&[]), &[Long, DateTime], DateTime, move |args| {
            let (amount, date) = (args.get(0)?.longs()?, args.get(1)?.longs()?);
            build::longs(args.rows, |row| calendar::add(date.get(row)?, unit, amount.get(row)?))
        })
    },
);

/// `datetime_diff(unit, later, earlier)`: counts the unit's boundaries between the two; weeks start on Sunday.
pub const DATETIME_DIFF: Scalar = Scalar::new(
    info(
        "datetime_diff",
        "datetime",
        "How many boundaries of a calendar unit lie between two instants.",
        &[
            UNIT,
            param("datetime1", "datetime", "The instant to count to."),
            param("datetime2", "datetime", "The instant to count from."),
        ],
        "long",
        &[example("print datetime_diff(\"year\", datetime(2017-01-01), datetime(2000-12-31))", "17")],
    ),
    |args, _| {
        let (unit, config) = unit(args, 0)?;
        call_with("datetime_diff", &config, args.get(1..).unwrap_or(&[]), &[DateTime], Long, move |args| {
            let (left, right) = (args.get(0)?.longs()?, args.get(1)?.longs()?);
            build::longs(args.rows, |row| calendar::difference(left.get(row)?, right.get(row)?, unit))
        })
    },
);

/// `make_datetime(year, month, day [, hour, minute [, second]])`: null for parts that make no instant; the second may have a
/// fraction.
pub const MAKE_DATETIME: Scalar = Scalar::new(
    info(
        "make_datetime",
        "datetime",
        "An instant from its parts, or from text.",
        &[
            param("year", "long", "1 to 9999."),
            optional("month", "long", "1 to 12."),
            optional("day", "long", "1 to 31."),
            optional("hour", "long", "0 to 23."),
            optional("minute", "long", "0 to 59."),
            optional("second", "real", "0 to less than 60."),
        ],
        "datetime",
        &[example("print make_datetime(2017, 10, 1, 12, 10)", "2017-10-01T12:10:00.0000000Z")],
    ),
    |args, _| {
        if let [one] = args {
            return Ok(crate::functions::conversion::convert(one, DateTime));
        }
        call("make_datetime", args, &[Long, Long, Long, Long, Long, Real], DateTime, |args| {
            build::longs(args.rows, |row| {
                let part = |at: usize, missing: i64| match args.args.get(at) {
                    Some(arg) => arg.longs().ok()?.get(row),
                    None => Some(missing),
                };
                let second = match args.args.get(5) {
                    Some(arg) => number::real_to_long((arg.reals().ok()?.get(row)? * TICKS_PER_SECOND as f64).round())?,
                    None => 0,
                };
                calendar::instant((part(0, 1)?, part(1, 1)?, part(2, 1)?), part(3, 0)?, part(4, 0)?, second)
            })
        })
    },
)
.keeps_only_name();

/// `make_timespan([day,] hour, minute [, second])`: null for parts out of range; one argument is converted.
pub const MAKE_TIMESPAN: Scalar = Scalar::new(
    info(
        "make_timespan",
        "datetime",
        "A timespan from its parts.",
        &[
            param("day or hour", "long", "The days when all four parts are given, else the hours."),
            optional("hour or minute", "long", "The next part."),
            optional("minute or second", "real", "The next part."),
            optional("second", "real", "The seconds."),
        ],
        "timespan",
        &[example("print make_timespan(1, 12, 30, 55.123)", "1.12:30:55.1230000")],
    ),
    |args, _| {
        let count = args.len();
        if let [one] = args {
            return Ok(crate::functions::conversion::convert(one, TimeSpan));
        }
        call("make_timespan", args, &[Real], TimeSpan, move |args| {
            build::longs(args.rows, |row| {
                let part = |at: usize| args.args.get(at).and_then(|a| a.reals().ok()?.get(row));
                let (day, from) = if count == 4 { (part(0)?, 1) } else { (0.0, 0) };
                let (hour, minute) = (part(from)?, part(from + 1)?);
                let second = if count > from + 2 { part(from + 2)? } else { 0.0 };
                let fits = day >= 0.0
                    && (0.0..24.0).contains(&hour)
                    && (0.0..60.0).contains(&minute)
                    && (0.0..60.0).contains(&second);
                if !fits || day > 10_675_199.0 {
                    return None;
                }
                let whole = (day as i64).checked_mul(TICKS_PER_DAY)?;
                whole.checked_add(
                    hour as i64 * TICKS_PER_HOUR
                        + minute as i64 * TICKS_PER_MINUTE
                        + (second * TICKS_PER_SECOND as f64).round() as i64,
                )
            })
        })
    },
)
.keeps_only_name();

fn unix(name: &'static str, args: &[BoundExpr], per_second: i64) -> Result<BoundExpr, BindError> {
    let whole = args.first().is_some_and(|a| a.ty.is_integer());
    call(name, args, &[if whole { Long } else { Real }], DateTime, move |args| {
        let value = args.get(0)?;
        build::longs(args.rows, |row| {
            let ticks = if whole {
                let value = i128::from(value.longs().ok()?.get(row)?);
                i64::try_from((value * i128::from(TICKS_PER_SECOND)).div_euclid(i128::from(per_second))).ok()?
            } else {
                number::real_to_long(
                    (value.reals().ok()?.get(row)? * (TICKS_PER_SECOND as f64 / per_second as f64)).round(),
                )?
            };
            calendar::in_range(ticks.checked_add(UNIX_EPOCH_TICKS)?)
        })
    })
}

macro_rules! unix_times {
    ($($constant:ident, $name:literal, $per_second:literal, $summary:literal, $query:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "(value)`: ", $summary, " Null outside the years 1 to 9999.")]
            pub const $constant: Scalar = Scalar::new(
                info($name, "datetime", $summary, &[param("value", "real", "The count since 1970-01-01.")], "datetime", &[example($query, "2019-01-07T21:45:31.0000000Z")]),
                |args, _| unix($name, args, $per_second),
            );
        )*
    };
}

unix_times! {
    UNIX_SECONDS, "unixtime_seconds_todatetime", 1, "The instant of a Unix time in seconds.", "print unixtime_seconds_todatetime(1546897531)";
    UNIX_MILLISECONDS, "unixtime_milliseconds_todatetime", 1_000, "The instant of a Unix time in milliseconds.", "print unixtime_milliseconds_todatetime(1546897531000)";
    UNIX_MICROSECONDS, "unixtime_microseconds_todatetime", 1_000_000, "The instant of a Unix time in microseconds.", "print unixtime_microseconds_todatetime(1546897531000000)";
    UNIX_NANOSECONDS, "unixtime_nanoseconds_todatetime", 1_000_000_000, "The instant of a Unix time in nanoseconds.", "print unixtime_nanoseconds_todatetime(1546897531000000000)";
}
