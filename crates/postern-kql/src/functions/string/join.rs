//! Text put together: `strcat`, `strcat_delim`, `strrep`, `format_bytes`, `tohex`.

use super::as_text;
use crate::functions::conversion::read;
use crate::functions::support::build;
use crate::functions::support::define::{
    Scalar, call, call_as_is, call_with, example, info, optional, param, repeated,
};
use crate::functions::{BindError, BoundExpr};
use crate::types::KqlType::{Int, Long, Real, String as Text};

/// `strcat(a, b, …)`: values of any type in the form `tostring` gives; nulls are empty.
pub const STRCAT: Scalar = Scalar::new(
    info(
        "strcat",
        "string",
        "The values as text, one after the other.",
        &[repeated("value", "any", "The values.")],
        "string",
        &[example("print strcat(\"a\", 1, true)", "a1True")],
    ),
    |args, _| join("strcat", args, false),
);

/// `strcat_delim(delimiter, a, b, …)`.
pub const STRCAT_DELIM: Scalar = Scalar::new(
    info(
        "strcat_delim",
        "string",
        "The values as text with a delimiter between them.",
        &[param("delimiter", "string", "What goes between."), repeated("value", "any", "The values.")],
        "string",
        &[example("print strcat_delim(\"-\", \"a\", 1, \"b\")", "a-1-b")],
    ),
    |args, _| join("strcat_delim", args, true),
);

fn join(name: &'static str, args: &[BoundExpr], delimited: bool) -> Result<BoundExpr, BindError> {
    let types: Vec<_> = args.iter().map(|a| a.ty).collect();
    Ok(call_as_is(name, "", args, Text, move |args| {
        build::strings(args.rows, |row, out| {
            let mut values = args.args.iter().zip(&types);
            let mut delimiter = String::new();
            if delimited
                && let Some((arg, ty)) = values.next()
                && let Some(value) = read(arg, *ty, row)
            {
                value.push_text(&mut delimiter);
            }
            for (at, (arg, ty)) in values.enumerate() {
                if at > 0 {
                    out.push_str(&delimiter);
                }
                if let Some(value) = read(arg, *ty, row) {
                    value.push_text(out);
                }
            }
        })
    }))
}

/// The longest text that `strrep` makes.
const LONGEST: usize = 1 << 20;

/// `strrep(value, count [, delimiter])`: at most 1024 times; a count below 1 gives `""`.
pub const STRREP: Scalar = Scalar::new(
    info(
        "strrep",
        "string",
        "The value as text, repeated.",
        &[
            param("value", "any", "The value."),
            param("multiplier", "long", "How many times, at most 1024."),
            optional("delimiter", "string", "What goes between."),
        ],
        "string",
        &[example("print strrep(\"ab\", 3, \"-\")", "ab-ab-ab")],
    ),
    |args, _| {
        call("strrep", &as_text(args, &[0, 2]), &[Text, Long, Text], Text, |args| {
            let (text, count) = (args.get(0)?.text()?, args.get(1)?.longs()?);
            let delimiter = args.args.get(2).map(super::super::kernel::Arg::text).transpose()?;
            build::strings(args.rows, |row, out| {
                let text = text.get(row).unwrap_or("");
                let delimiter = delimiter.and_then(|d| d.get(row)).unwrap_or("");
                for at in 0..count.get(row).unwrap_or(0).clamp(0, 1024) {
                    if out.len() + text.len() > LONGEST {
                        break;
                    }
                    if at > 0 {
                        out.push_str(delimiter);
                    }
                    out.push_str(text);
                }
            })
        })
    },
);

const UNITS: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

/// `format_bytes(value [, precision [, unit]])`: in the largest unit that keeps the number at least 1, or the one asked for.
pub const FORMAT_BYTES: Scalar = Scalar::new(
    info(
        "format_bytes",
        "string",
        "A number of bytes for people to read.",
        &[
            param("value", "real", "The number of bytes."),
            optional("precision", "long", "Digits after the point; 0 unless given."),
            optional("units", "string", "`Bytes`, `KB`, `MB`, `GB`, `TB`, `PB` or `EB`."),
        ],
        "string",
        &[example("print format_bytes(20000000)", "19 MB"), example("print format_bytes(20000000, 2)", "19.07 MB")],
    ),
    |args, _| {
        call("format_bytes", args, &[Real, Long, Text], Text, |args| {
            let value = args.get(0)?.reals()?;
            let precision = args.args.get(1).map(super::super::kernel::Arg::longs).transpose()?;
            let unit = args.args.get(2).map(super::super::kernel::Arg::text).transpose()?;
            build::strings(args.rows, |row, out| {
                let Some(value) = value.get(row) else { return };
                let digits = precision.and_then(|p| p.get(row)).unwrap_or(0).clamp(0, 15) as usize;
                let wanted = unit.and_then(|u| u.get(row)).filter(|u| !u.is_empty());
                let asked = wanted.and_then(|w| UNITS.iter().position(|u| u.eq_ignore_ascii_case(w)));
                if wanted.is_some() && asked.is_none() {
                    return;
                }
                let mut power = 0;
                let mut scaled = value;
                while power < UNITS.len() - 1 && asked.map_or(scaled.abs() >= 1024.0, |a| power < a) {
                    scaled /= 1024.0;
                    power += 1;
                }
                let factor = 10f64.powi(digits as i32);
                let mut text = format!("{:.digits$}", (scaled * factor).round() / factor);
                if text.contains('.') {
                    text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
                }
                out.push_str(&text);
                out.push(' ');
                out.push_str(UNITS.get(power).copied().unwrap_or(""));
            })
        })
    },
)
.keeps_name();

/// `tohex(value [, length])`: lower case; negative numbers as their 64-bit pattern; zeros fill up to the length.
pub const TOHEX: Scalar = Scalar::new(
    info(
        "tohex",
        "conversion",
        "The whole number in hexadecimal.",
        &[param("value", "long", "The number."), optional("minLength", "long", "The least number of digits.")],
        "string",
        &[example("print tohex(256)", "100"), example("print tohex(256, 8)", "00000100")],
    ),
    |args, _| {
        // A negative number shows the bits of its own type.
        let int = args.first().is_some_and(|a| a.ty == Int);
        call_with("tohex", if int { "int" } else { "" }, args, &[Long, Long], Text, move |args| {
            let value = args.get(0)?.longs()?;
            let length = args.args.get(1).map(super::super::kernel::Arg::longs).transpose()?;
            build::strings(args.rows, |row, out| {
                if let Some(value) = value.get(row) {
                    let width = length.and_then(|l| l.get(row)).unwrap_or(0).clamp(0, 16) as usize;
                    let bits = if int { value & 0xffff_ffff } else { value };
                    out.push_str(&format!("{bits:0width$x}"));
                }
            })
        })
    },
)
.keeps_name();
