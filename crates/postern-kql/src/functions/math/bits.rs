//! Bitwise functions over 64-bit whole numbers.

use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::Long;

const TWO: &[Param] = &[param("value1", "long", "A number."), param("value2", "long", "A number.")];
const SHIFT: &[Param] = &[
    param("value", "long", "The number."),
    param("shift", "long", "By how many bits, modulo 64; a negative number gives null."),
];

fn two(name: &'static str, args: &[BoundExpr], f: fn(i64, i64) -> Option<i64>) -> Result<BoundExpr, BindError> {
    call(name, args, &[Long], Long, move |args| {
        let (a, b) = (args.get(0)?.longs()?, args.get(1)?.longs()?);
        build::longs(args.rows, |row| f(a.get(row)?, b.get(row)?))
    })
}

/// The number of bits to shift by; none when it is negative.
fn modulo(shift: i64) -> Option<u32> {
    (shift >= 0).then_some((shift % 64) as u32)
}

macro_rules! bit_functions {
    ($($constant:ident, $name:literal, $params:expr, $f:expr, $summary:literal, $query:literal, $result:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $summary)]
            pub const $constant: Scalar = Scalar::new(
                info($name, "math", $summary, $params, "long", &[example($query, $result)]),
                |args, _| two($name, args, $f),
            )
            .keeps_name();
        )*
    };
}

bit_functions! {
    BINARY_AND, "binary_and", TWO, |a, b| Some(a & b), "The bits that both numbers have.", "print binary_and(6, 3)", "2";
    BINARY_OR, "binary_or", TWO, |a, b| Some(a | b), "The bits that either number has.", "print binary_or(6, 3)", "7";
    BINARY_XOR, "binary_xor", TWO, |a, b| Some(a ^ b), "The bits that one of the numbers has.", "print binary_xor(6, 3)", "5";
    SHIFT_LEFT, "binary_shift_left", SHIFT, |a, b| Some(a.wrapping_shl(modulo(b)?)), "The bits moved to the left.", "print binary_shift_left(1, 4)", "16";
    SHIFT_RIGHT, "binary_shift_right", SHIFT, |a, b| Some(a.wrapping_shr(modulo(b)?)), "The bits moved to the right, the sign kept.", "print binary_shift_right(16, 4)", "1";
}

/// `binary_not(value)`.
pub const BINARY_NOT: Scalar = Scalar::new(
    info(
        "binary_not",
        "math",
        "Every bit turned over.",
        &[param("value", "long", "The number.")],
        "long",
        &[example("print binary_not(100)", "-101")],
    ),
    |args, _| {
        call("binary_not", args, &[Long], Long, |args| {
            let value = args.get(0)?.longs()?;
            build::longs(args.rows, |row| Some(!value.get(row)?))
        })
    },
)
.keeps_name();

/// `bitset_count_ones(value)`.
pub const COUNT_ONES: Scalar = Scalar::new(
    info(
        "bitset_count_ones",
        "math",
        "How many bits are set.",
        &[param("value", "long", "The number.")],
        "long",
        &[example("print bitset_count_ones(42)", "3")],
    ),
    |args, _| {
        call("bitset_count_ones", args, &[Long], Long, |args| {
            let value = args.get(0)?.longs()?;
            build::longs(args.rows, |row| Some(i64::from(value.get(row)?.count_ones())))
        })
    },
)
.keeps_name();
