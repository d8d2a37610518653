//! `format_datetime`, `format_timespan`.

use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::functions::support::{build, time_text};
use crate::types::KqlType::{DateTime, String as Text, TimeSpan};

/// `format_datetime(date, format)`: `y M d H h m s t`, `f` (fraction) and `F` (fraction without trailing zeros); other
/// characters stand for themselves; null gives `""`.
pub const FORMAT_DATETIME: Scalar = Scalar::new(
    info(
        "format_datetime",
        "datetime",
        "The instant written by a format.",
        &[param("date", "datetime", "The instant."), param("format", "string", "The format, e.g. `yyyy-MM-dd HH:mm`.")],
        "string",
        &[example(
            "print format_datetime(datetime(2017-01-29 09:00:05), \"yy-MM-dd [HH:mm:ss]\")",
            "17-01-29 [09:00:05]",
        )],
    ),
    |args, _| {
        call("format_datetime", args, &[DateTime, Text], Text, |args| {
            let (date, format) = (args.get(0)?.longs()?, args.get(1)?.text()?);
            build::strings(args.rows, |row, out| {
                if let (Some(ticks), Some(format)) = (date.get(row), format.get(row)) {
                    out.push_str(&time_text::format_datetime(ticks, format));
                }
            })
        })
    },
)
.keeps_name();

/// `format_timespan(span, format)`: `d h H m s f F`; null gives `""`.
pub const FORMAT_TIMESPAN: Scalar = Scalar::new(
    info(
        "format_timespan",
        "datetime",
        "The timespan written by a format.",
        &[param("timespan", "timespan", "The span."), param("format", "string", "The format, e.g. `d.hh:mm:ss`.")],
        "string",
        &[example("print format_timespan(time(29.09:00:05.12345), \"dd.hh:mm:ss [FF]\")", "29.09:00:05 [12]")],
    ),
    |args, _| {
        call("format_timespan", args, &[TimeSpan, Text], Text, |args| {
            let (span, format) = (args.get(0)?.longs()?, args.get(1)?.text()?);
            build::strings(args.rows, |row, out| {
                if let (Some(ticks), Some(format)) = (span.get(row), format.get(row)) {
                    out.push_str(&time_text::format_timespan(ticks, format));
                }
            })
        })
    },
)
.keeps_name();
