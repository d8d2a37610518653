//! Choosing between values: `iff`, `case`, `coalesce`, `not`, `max_of`, `min_of`.

use datafusion::logical_expr::{Expr, expr::Case, lit};

use crate::functions::conversion::convert;
use crate::functions::support::build;
use crate::functions::support::coerce::{coerce, common};
use crate::functions::support::define::{Scalar, also, call, call_as_is, example, info, param, repeated};
use crate::functions::{BindError, BoundExpr};
use crate::plan::growth::repeats;
use crate::types::KqlType::{self, Bool};

fn condition(arg: &BoundExpr, at: usize) -> Result<Expr, BindError> {
    coerce(arg, Bool).map(|c| c.expr).map_err(|e| e.at(at))
}

fn same_type(values: &[BoundExpr], first: usize) -> Result<KqlType, BindError> {
    common(values).ok_or_else(|| {
        let names: Vec<&str> = values.iter().map(|v| v.ty.name()).collect();
        BindError::new(format!("the values have different types: {}", names.join(", ")))
            .hint("convert them with `tostring()` or its like")
            .at(first)
    })
}

/// `iff(condition, when_true, when_false)`: a null condition counts as false.
pub const IFF: Scalar = Scalar::new(
    also(
        info(
            "iff",
            "conditional",
            "The second argument where the first is true, else the third.",
            &[
                param("if", "bool", "The condition; null counts as false."),
                param("then", "any", "The value where it holds."),
                param("else", "any", "The value where it does not, of the same type."),
            ],
            "the type of the values",
            &[example("print iff(1 > 2, \"a\", \"b\")", "b")],
        ),
        &["iif"],
    ),
    |args, _| {
        let [test, yes, no] = args else { return Err(BindError::new("`iff` needs three arguments")) };
        let ty = same_type(&[yes.clone(), no.clone()], 1)?;
        let when = vec![(Box::new(condition(test, 0)?), Box::new(convert(yes, ty).expr))];
        Ok(BoundExpr::new(Expr::Case(Case::new(None, when, Some(Box::new(convert(no, ty).expr)))), ty))
    },
);

/// `case(condition, value, …, else)`: the value of the first condition that is true.
pub const CASE: Scalar = Scalar::new(
    info(
        "case",
        "conditional",
        "The value after the first condition that is true, else the last argument.",
        &[
            param("predicate", "bool", "A condition; null counts as false."),
            param("then", "any", "Its value."),
            repeated("more", "bool, any", "Further pairs, and last the value when none holds."),
        ],
        "the type of the values",
        &[example("print case(false, 1, true, 2, 3)", "2")],
    ),
    |args, _| {
        if args.len() % 2 == 0 {
            return Err(BindError::new("`case` needs pairs of condition and value, and a last value"));
        }
        let Some((otherwise, pairs)) = args.split_last() else { return Err(BindError::new("`case` needs arguments")) };
        let values: Vec<BoundExpr> = pairs.iter().skip(1).step_by(2).chain([otherwise]).cloned().collect();
        let ty = same_type(&values, 1)?;
        let mut when = Vec::new();
        for (at, pair) in pairs.chunks_exact(2).enumerate() {
            let [test, value] = pair else { continue };
            when.push((Box::new(condition(test, at * 2)?), Box::new(convert(value, ty).expr)));
        }
        Ok(BoundExpr::new(Expr::Case(Case::new(None, when, Some(Box::new(convert(otherwise, ty).expr)))), ty))
    },
);

/// `coalesce(a, b, …)`: the first value that is not null (not empty, for strings).
pub const COALESCE: Scalar = Scalar::new(
    info(
        "coalesce",
        "conditional",
        "The first value that is not null, or not empty for text.",
        &[repeated("value", "any", "The values, all of one type.")],
        "the type of the values",
        &[example("print coalesce(\"\", \"a\", \"b\")", "a"), example("print coalesce(tolong(\"x\"), 42)", "42")],
    ),
    |args, _| {
        let ty = same_type(args, 0)?;
        let values: Vec<Expr> = args.iter().map(|a| convert(a, ty).expr).collect();
        let Some((last, rest)) = values.split_last() else { return Err(BindError::new("`coalesce` needs values")) };
        if rest.is_empty() {
            return Ok(BoundExpr::new(last.clone(), ty));
        }
        let filled = |value: &Expr| match ty {
            KqlType::String => value.clone().not_eq(lit(KqlType::String.missing())),
            _ => value.clone().is_not_null(),
        };
        for value in rest {
            repeats(value)?;
        }
        let when = rest.iter().map(|v| (Box::new(filled(v)), Box::new(v.clone()))).collect();
        Ok(BoundExpr::new(Expr::Case(Case::new(None, when, Some(Box::new(last.clone())))), ty))
    },
);

/// `not(value)`: null stays null.
pub const NOT: Scalar = Scalar::new(
    info(
        "not",
        "conditional",
        "The opposite truth value; null stays null.",
        &[param("expr", "bool", "The truth value.")],
        "bool",
        &[example("print not(false)", "true")],
    ),
    |args, _| {
        let arg = args.first().ok_or_else(|| BindError::new("`not` needs a value"))?;
        Ok(BoundExpr::new(!condition(arg, 0)?, Bool))
    },
);

fn extreme(name: &'static str, args: &[BoundExpr], greatest: bool) -> Result<BoundExpr, BindError> {
    let ty = same_type(args, 0)?;
    let args: Vec<BoundExpr> = args.iter().map(|a| convert(a, ty)).collect();
    let wanted = if greatest { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
    macro_rules! pick {
        ($args:ident, $view:ident, $compare:expr) => {
            |row: usize| {
                let mut best = None;
                for arg in &$args.args {
                    let Some(value) = arg.$view().ok()?.get(row) else { continue };
                    if best.is_none_or(|b| $compare(&value, &b) == wanted) {
                        best = Some(value);
                    }
                }
                best
            }
        };
    }
    Ok(call_as_is(name, "", &args, ty, move |args| match ty {
        KqlType::Bool => build::bools(args.rows, pick!(args, bools, bool::cmp)),
        KqlType::Int => build::ints(args.rows, pick!(args, ints, i32::cmp)),
        KqlType::Long | KqlType::DateTime | KqlType::TimeSpan => build::longs(args.rows, pick!(args, longs, i64::cmp)),
        KqlType::Real => build::reals(args.rows, pick!(args, reals, f64::total_cmp)),
        KqlType::Decimal => build::decimals(args.rows, pick!(args, decimals, i128::cmp)),
        KqlType::String | KqlType::Guid | KqlType::Dynamic => {
            let pick = pick!(args, text, |a: &&str, b: &&str| a.cmp(b));
            build::texts(args.rows, |row, out| {
                out.push_str(pick(row)?);
                Some(())
            })
        }
    }))
}

/// `max_of(a, b, …)`: nulls do not count.
pub const MAX_OF: Scalar = Scalar::new(
    info(
        "max_of",
        "conditional",
        "The greatest of the values; nulls do not count.",
        &[param("value", "any", "A value."), repeated("more", "the same", "Further values.")],
        "the type of the values",
        &[example("print max_of(10, 1, -3, 17)", "17")],
    ),
    |args, _| extreme("max_of", args, true),
);

/// `min_of(a, b, …)`: nulls do not count.
pub const MIN_OF: Scalar = Scalar::new(
    info(
        "min_of",
        "conditional",
        "The least of the values; nulls do not count.",
        &[param("value", "any", "A value."), repeated("more", "the same", "Further values.")],
        "the type of the values",
        &[example("print min_of(10, 1, -3, 17)", "-3")],
    ),
    |args, _| extreme("min_of", args, false),
);

/// `around(value, center, delta)`: numbers, or times with a timespan; null when any of them is.
pub const AROUND: Scalar = Scalar::new(
    info(
        "around",
        "conditional",
        "Whether a value is no further from a middle than a distance.",
        &[
            param("value", "number or time", "The value."),
            param("center", "number or time", "The middle."),
            param("delta", "number or timespan", "The greatest distance."),
        ],
        "bool",
        &[
            example("print around(10, 9, 1)", "true"),
            example("print around(datetime(2024-01-01), datetime(2024-01-03), 1d)", "false"),
        ],
    ),
    |args, _| {
        let [value, center, delta] = args else { return Err(BindError::new("three arguments are needed")) };
        let ticks = |ty: KqlType| matches!(ty, KqlType::DateTime | KqlType::TimeSpan);
        let types = if ticks(value.ty) && center.ty == value.ty && delta.ty == KqlType::TimeSpan {
            [value.ty, center.ty, delta.ty]
        } else if value.ty.is_integer() && center.ty.is_integer() && delta.ty.is_integer() {
            [KqlType::Long; 3]
        } else {
            [KqlType::Real; 3]
        };
        let real = types.contains(&KqlType::Real);
        call("around", args, &types, KqlType::Bool, move |args| {
            let (value, center, delta) = (args.get(0)?, args.get(1)?, args.get(2)?);
            if real {
                let (value, center, delta) = (value.reals()?, center.reals()?, delta.reals()?);
                return build::bools(args.rows, |row| {
                    Some((value.get(row)? - center.get(row)?).abs() <= delta.get(row)?)
                });
            }
            let (value, center, delta) = (value.longs()?, center.longs()?, delta.longs()?);
            build::bools(args.rows, |row| {
                let distance = i128::from(value.get(row)?) - i128::from(center.get(row)?);
                Some(distance.abs() <= i128::from(delta.get(row)?))
            })
        })
    },
);
