//! `bin`, `floor`, `bin_at`: rounding down to a multiple.
//!
//! Datetimes are counted from the Unix epoch in whole ticks, timespans and numbers from zero. A size of zero or
//! less gives null.

use crate::functions::support::coerce::unfit;
use crate::functions::support::define::{Scalar, also, call, example, info, param};
use crate::functions::support::{build, calendar, number};
use crate::functions::{BindError, BoundExpr};
use crate::types::KqlType::{self, DateTime, Decimal, Dynamic, Int, Long, Real, TimeSpan};
use crate::types::UNIX_EPOCH_TICKS;

/// The result type of rounding a value by a size.
fn types(value: &BoundExpr, size: &BoundExpr) -> Result<(KqlType, KqlType), BindError> {
    let clash = || {
        let error = BindError::new(format!("cannot round `{}` by `{}`", value.ty, size.ty));
        Err(match (value.ty, size.ty) {
            (KqlType::String, _) => {
                error.at(0).hint("convert the text first, with `todatetime()`, `tolong()` or `toreal()`")
            }
            (DateTime | TimeSpan, _) => {
                let hint = unfit(size, TimeSpan).hint;
                BindError { hint, ..error.at(1) }
            }
            _ => error.at(1),
        })
    };
    match (value.ty, size.ty) {
        (TimeSpan, TimeSpan) => Ok((TimeSpan, TimeSpan)),
        (DateTime | TimeSpan, Int | Long) => Ok((value.ty, Long)),
        (DateTime | Dynamic, TimeSpan) => Ok((DateTime, TimeSpan)),
        (Dynamic, _) if size.ty.is_numeric() => Ok((Real, Real)),
        (a, b) => match a.wider(b) {
            Some(wide @ (Decimal | Real)) => Ok((wide, wide)),
            Some(_) => Ok((Long, Long)),
            None => clash(),
        },
    }
}

fn round(
    name: &'static str,
    args: &[BoundExpr],
    ty: KqlType,
    size: KqlType,
    anchored: bool,
) -> Result<BoundExpr, BindError> {
    call(name, args, &[ty, size, ty], ty, move |args| {
        if ty == Real {
            let (value, size) = (args.get(0)?.reals()?, args.get(1)?.reals()?);
            let at = args.args.get(2).map(super::super::kernel::Arg::reals).transpose()?;
            return build::reals(args.rows, |row| {
                let (value, size) = (value.get(row)?, size.get(row)?);
                let origin = if anchored { at?.get(row)? } else { 0.0 };
                (size > 0.0).then(|| ((value - origin) / size).floor() * size + origin)
            });
        }
        if ty == Decimal {
            let (value, size) = (args.get(0)?.decimals()?, args.get(1)?.decimals()?);
            let at = args.args.get(2).map(super::super::kernel::Arg::decimals).transpose()?;
            return build::decimals(args.rows, |row| {
                let origin = if anchored { at?.get(row)? } else { 0 };
                number::bin_decimal(value.get(row)?, size.get(row)?, origin)
            });
        }
        let (value, size) = (args.get(0)?.longs()?, args.get(1)?.longs()?);
        let at = args.args.get(2).map(super::super::kernel::Arg::longs).transpose()?;
        build::longs(args.rows, |row| {
            let fixed = if ty == DateTime { UNIX_EPOCH_TICKS } else { 0 };
            let origin = if anchored { at?.get(row)? } else { fixed };
            let value = calendar::bin(value.get(row)?, size.get(row)?, origin)?;
            if ty == DateTime { calendar::in_range(value) } else { Some(value) }
        })
    })
}

/// `bin(value, size)`: see the module; the column keeps its name.
pub const BIN: Scalar = Scalar::new(
    also(
        info(
            "bin",
            "datetime",
            "The value rounded down to a multiple of a size.",
            &[
                param("value", "number, datetime or timespan", "The value."),
                param("roundTo", "number or timespan", "The size of a bin."),
            ],
            "the type of the value",
            &[
                example("print bin(4.5, 1)", "4.0"),
                example("print bin(datetime(1970-05-11 13:45:07), 1d)", "1970-05-11T00:00:00.0000000Z"),
            ],
        ),
        &["floor"],
    ),
    |args, _| {
        let (Some(value), Some(size)) = (args.first(), args.get(1)) else {
            return Err(BindError::new("`bin` needs a value and a size"));
        };
        let (ty, size) = types(value, size)?;
        round("bin", args, ty, size, false)
    },
)
.keeps_name();

/// `bin_at(value, size, fixed)`: multiples are counted from the fixed point.
pub const BIN_AT: Scalar = Scalar::new(
    info(
        "bin_at",
        "datetime",
        "The value rounded down to a multiple of a size, counted from a fixed point.",
        &[
            param("value", "number, datetime or timespan", "The value."),
            param("bin_size", "number or timespan", "The size of a bin."),
            param("fixed_point", "the type of the value", "A value that starts a bin."),
        ],
        "the type of the value",
        &[example("print bin_at(6.5, 2.5, 7)", "4.5")],
    ),
    |args, _| {
        let (Some(value), Some(size)) = (args.first(), args.get(1)) else {
            return Err(BindError::new("`bin_at` needs a value, a size and a fixed point"));
        };
        let (mut ty, mut size) = types(value, size)?;
        if args.get(2).is_some_and(|a| matches!(a.ty, Real | Decimal)) && ty == Long {
            (ty, size) = (Real, Real);
        }
        round("bin_at", args, ty, size, true)
    },
)
.keeps_name();
