//! Aggregates that give several columns: `arg_max`, `arg_min`, `take_any`, `percentiles`.

use arrow::datatypes::{DataType, Field, Fields};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::{Expr, lit, when};

use super::best::{Best, Wins};
use super::define::{Summary, aggregate, first, info, predicate};
use super::groups::OwnAggregate;
use super::values::Percentiles;
use crate::functions::conversion::convert;
use crate::functions::support::coerce::coerce;
use crate::functions::support::define::{any_number, example, param, repeated};
use crate::functions::{BindError, BoundAggregate, BoundExpr, Param};
use crate::types::KqlType::{self, Bool, DateTime, Decimal, Dynamic, Int, Long, Real, TimeSpan};

type Bound = Result<Vec<BoundAggregate>, BindError>;

fn fields_of(columns: &[BoundExpr]) -> Fields {
    columns.iter().enumerate().map(|(at, c)| Field::new(format!("c{at}"), c.ty.arrow(), true)).collect()
}

/// The values of the row with the best key: one struct, taken apart into its fields.
fn best(
    name: &str,
    wins: Wins,
    key: &BoundExpr,
    columns: &[BoundExpr],
    names: Vec<String>,
    filter: Option<Expr>,
) -> Vec<BoundAggregate> {
    let fields = fields_of(columns);
    let text: Vec<bool> = columns.iter().map(|c| c.ty == KqlType::String).collect();
    let mut args = vec![key.ty.arrow()];
    args.extend(columns.iter().map(|c| c.ty.arrow()));
    let mut state = args.clone();
    state.push(DataType::Boolean);
    let config = args
        .iter()
        .zip(std::iter::once(false).chain(text.iter().copied()))
        .map(|(a, t)| format!("{a}{t}"))
        .collect::<Vec<_>>()
        .join(",");
    let key_type = key.ty.arrow();
    let struct_fields = fields.clone();
    let missing = text.clone();
    let udaf = OwnAggregate::udaf(name, config, args, DataType::Struct(fields.clone()), state, move || {
        Box::new(Best::new(wins, key_type.clone(), struct_fields.clone(), missing.clone()))
    });
    let mut exprs = vec![key.expr.clone()];
    exprs.extend(columns.iter().map(|c| c.expr.clone()));
    let whole = aggregate(udaf, exprs, filter);
    columns
        .iter()
        .zip(names)
        .enumerate()
        .map(|(at, (column, name))| BoundAggregate {
            expr: get_field(whole.clone(), format!("c{at}")),
            ty: column.ty,
            name,
        })
        .collect()
}

fn arg_extreme(name: &'static str, prefix: &str, older: bool, wins: Wins, args: &[BoundExpr]) -> Bound {
    let first = first(args)?;
    let key = if first.ty == Dynamic { convert(first, KqlType::String) } else { first.clone() };
    let of = first.name.as_deref().unwrap_or("");
    let names = args
        .iter()
        .enumerate()
        .map(|(at, arg)| match &arg.name {
            // The older forms put the key's name before all others.
            Some(name) if older && at > 0 => format!("{of}_{name}"),
            Some(name) => name.clone(),
            None if older && at == 0 => String::new(),
            None if older => format!("{of}_arg{at}"),
            None if at == 0 => format!("{prefix}_"),
            None => format!("{prefix}_{of}_arg{at}"),
        })
        .collect();
    // The key is among the columns returned, so that it is the one of the winning row.
    Ok(best(name, wins, &key, args, names, None))
}

const ARG: &[Param] = &[
    param("expr", "any", "What to compare; a null wins only when all are null."),
    any_number("returned", "any", "What to return of the row, or `*` for all columns."),
];

/// `arg_max(expr, returned…)`: of equal maxima the first seen; all columns come from the same row.
pub const ARG_MAX: Summary = Summary::new(
    info(
        "arg_max",
        "The row in which an expression is greatest.",
        ARG,
        "the types of the columns",
        &[example(
            "datatable(t:long, v:string)[1, \"a\", 3, \"b\", 2, \"c\"] | summarize arg_max(t, v) | project v",
            "b",
        )],
    ),
    |args, _| arg_extreme("arg_max", "max", false, Wins::Greatest, args),
);

/// `argmax(expr, returned…)`: the older form of `arg_max`, whose columns are called after the key.
pub const ARGMAX: Summary = Summary::new(
    info(
        "argmax",
        "The row in which an expression is greatest (older form of `arg_max`).",
        ARG,
        "the types of the columns",
        &[example("datatable(t:long, v:string)[1, \"a\", 2, \"a\"] | summarize argmax(t, v) | project t_v", "a")],
    ),
    |args, _| arg_extreme("arg_max", "max", true, Wins::Greatest, args),
);

/// `arg_min(expr, returned…)`.
pub const ARG_MIN: Summary = Summary::new(
    info(
        "arg_min",
        "The row in which an expression is least.",
        ARG,
        "the types of the columns",
        &[example("datatable(t:long, v:string)[2, \"a\", 1, \"b\"] | summarize arg_min(t, v) | project v", "b")],
    ),
    |args, _| arg_extreme("arg_min", "min", false, Wins::Least, args),
);

/// `argmin(expr, returned…)`: the older form of `arg_min`, whose columns are called after the key.
pub const ARGMIN: Summary = Summary::new(
    info(
        "argmin",
        "The row in which an expression is least (older form of `arg_min`).",
        ARG,
        "the types of the columns",
        &[example("datatable(t:long, v:string)[1, \"a\", 2, \"a\"] | summarize argmin(t, v) | project t_v", "a")],
    ),
    |args, _| arg_extreme("arg_min", "min", true, Wins::Least, args),
);

/// A key that prefers rows with a value: true where there is one.
fn presence(columns: &[BoundExpr]) -> BoundExpr {
    match columns {
        [one] if one.ty == KqlType::String => {
            BoundExpr::new(one.expr.clone().not_eq(lit(KqlType::String.missing())), Bool)
        }
        [one] => BoundExpr::new(one.expr.clone().is_not_null(), Bool),
        _ => BoundExpr::new(lit(true), Bool),
    }
}

fn any(columns: &[BoundExpr], prefix: &str, unnamed: &str, filter: Option<Expr>) -> Bound {
    first(columns)?;
    let names = columns
        .iter()
        .enumerate()
        .map(|(at, c)| match &c.name {
            Some(name) => format!("{prefix}{name}"),
            None => format!("{unnamed}arg{at}"),
        })
        .collect();
    Ok(best("take_any", Wins::Greatest, &presence(columns), columns, names, filter))
}

const ANY: &[Param] = &[repeated("expr", "any", "What to return of the row, or `*` for all columns.")];
const ANY_IF: &[Param] = &[param("expr", "any", "What to return."), param("predicate", "bool", "Which rows count.")];

/// `take_any(expr…)`: one expression prefers a row where it has a value; several come from the same row.
pub const TAKE_ANY: Summary = Summary::new(
    info(
        "take_any",
        "The values of any one row.",
        ANY,
        "the types of the columns",
        &[example("datatable(x:long)[7, 7] | summarize take_any(x)", "7")],
    ),
    |args, _| any(args, "", "any_", None),
);

/// `any(expr…)`: the older name of `take_any`; one column is called `any_` and its name.
pub const ANY_OLD: Summary = Summary::new(
    info(
        "any",
        "The values of any one row (older name of `take_any`).",
        ANY,
        "the types of the columns",
        &[example("datatable(x:long)[7, 7] | summarize any(x)", "7")],
    ),
    |args, _| any(args, if args.len() == 1 { "any_" } else { "" }, "", None),
);

/// `take_anyif(expr, predicate)`.
pub const TAKE_ANYIF: Summary = Summary::new(
    info(
        "take_anyif",
        "The value of any one row for which a predicate holds.",
        ANY_IF,
        "the type of the value",
        &[example("datatable(x:long)[7, 8] | summarize take_anyif(x, x > 7)", "8")],
    ),
    |args, _| any(args.get(..1).unwrap_or(&[]), "", "any_", predicate(args, Some(1))?),
);

/// `anyif(expr, predicate)`: the older name of `take_anyif`.
pub const ANYIF: Summary = Summary::new(
    info(
        "anyif",
        "The value of any one row for which a predicate holds (older name of `take_anyif`).",
        ANY_IF,
        "the type of the value",
        &[example("datatable(x:long)[7, 8] | summarize anyif(x, x > 7)", "8")],
    ),
    |args, _| any(args.get(..1).unwrap_or(&[]), "anyif_", "", predicate(args, Some(1))?),
);

/// The percentile as it appears in a column name.
fn name_part(percentile: f64) -> String {
    format!("{percentile}").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// The struct of percentiles, and the type of each.
fn percentile_struct(args: &[BoundExpr], weighted: bool, wanted: &[f64]) -> Result<(Expr, KqlType), BindError> {
    let value = first(args)?;
    let (value, ty) = match value.ty {
        Int | Bool => (convert(value, Long), Long),
        Long | DateTime | TimeSpan | Real => (value.clone(), value.ty),
        Decimal | Dynamic => (convert(value, Real), Real),
        other => return Err(BindError::new(format!("expected a number or a time, not `{other}`")).at(0)),
    };
    let mut exprs = vec![value.expr];
    let mut types = vec![ty.arrow()];
    if weighted {
        let weight = args.get(1).ok_or_else(|| BindError::new("a weight is needed"))?;
        exprs.push(coerce(weight, Long).map_err(|e| e.at(1))?.expr);
        types.push(Long.arrow());
    }
    let fields: Fields = (0..wanted.len()).map(|at| Field::new(format!("c{at}"), ty.arrow(), true)).collect();
    let (kept, columns) = (wanted.to_vec(), fields.clone());
    let udaf = OwnAggregate::udaf(
        "percentiles",
        format!("{ty} {weighted} {wanted:?}"),
        types,
        DataType::Struct(fields),
        vec![DataType::LargeBinary],
        move || Box::new(Percentiles::new(ty, weighted, kept.clone(), columns.clone())),
    );
    Ok((aggregate(udaf, exprs, None), ty))
}

fn wanted_of(args: &[BoundExpr], from: usize) -> Result<Vec<f64>, BindError> {
    let mut wanted = Vec::new();
    for (at, arg) in args.iter().enumerate().skip(from) {
        let value = arg.constant.as_ref();
        if let Some(serde_json::Value::Array(list)) =
            value.filter(|c| c.ty() == Dynamic).and_then(crate::types::Const::as_json)
        {
            wanted.extend(list.iter().filter_map(serde_json::Value::as_f64));
            continue;
        }
        let value = value.and_then(crate::types::Const::as_real);
        wanted.push(value.ok_or_else(|| BindError::new("a percentile must be a constant number").at(at))?);
    }
    match wanted.iter().find(|p| !(0.0..=100.0).contains(*p)) {
        Some(bad) => Err(BindError::new(format!("the percentile {bad} is not between 0 and 100"))),
        None => Ok(wanted),
    }
}

fn percentiles(args: &[BoundExpr], weighted: bool) -> Bound {
    let wanted = wanted_of(args, if weighted { 2 } else { 1 })?;
    let (whole, ty) = percentile_struct(args, weighted, &wanted)?;
    let of = first(args)?.name.clone().unwrap_or_default();
    Ok(wanted
        .iter()
        .enumerate()
        .map(|(at, p)| BoundAggregate {
            expr: get_field(whole.clone(), format!("c{at}")),
            ty,
            name: format!("percentile_{of}_{}", name_part(*p)),
        })
        .collect())
}

fn percentiles_array(args: &[BoundExpr], weighted: bool) -> Bound {
    let wanted = wanted_of(args, if weighted { 2 } else { 1 })?;
    let (whole, ty) = percentile_struct(args, weighted, &wanted)?;
    let parts: Vec<BoundExpr> =
        (0..wanted.len()).map(|at| BoundExpr::new(get_field(whole.clone(), format!("c{at}")), ty)).collect();
    let packed = crate::functions::Function::bind(
        &crate::functions::dynamic::array::PACK_ARRAY,
        &parts,
        &crate::functions::BindContext { now: 0, places: None },
    )?;
    let of = first(args)?.name.clone().unwrap_or_default();
    // Without values there is no array, not one of nulls.
    let expr = match parts.first() {
        Some(first) => when(first.expr.clone().is_not_null(), packed.expr)
            .end()
            .map_err(|_| BindError::new("the percentiles cannot be packed"))?,
        None => packed.expr,
    };
    Ok(vec![BoundAggregate { expr, ty: Dynamic, name: format!("percentiles_{of}") }])
}

const PERCENT: Param = param("percentile", "real", "0 to 100, constant.");
const PERCENTS: Param = repeated("percentile", "real", "0 to 100, constant; for `_array` forms also an array.");
const EXPR: Param = param("expr", "number or time", "The values.");
const WEIGHT: Param = param("weight", "long", "How often each value counts.");

/// `percentile(expr, p)`: nearest rank, never between two values; null without values.
pub const PERCENTILE: Summary = Summary::new(
    info(
        "percentile",
        "The value that a share of the values does not exceed.",
        &[EXPR, PERCENT],
        "the type of the values",
        &[example("range x from 1 to 10 step 1 | summarize percentile(x, 50)", "5")],
    ),
    |args, _| percentiles(args, false),
);

/// `percentiles(expr, p…)`: one column for each.
pub const PERCENTILES: Summary = Summary::new(
    info(
        "percentiles",
        "Several percentiles, a column for each.",
        &[EXPR, PERCENTS],
        "the type of the values",
        &[example("range x from 1 to 10 step 1 | summarize percentiles(x, 50, 90) | project percentile_x_90", "9")],
    ),
    |args, _| percentiles(args, false),
);

/// `percentilew(expr, weight, p)`.
pub const PERCENTILEW: Summary = Summary::new(
    info(
        "percentilew",
        "A percentile of values that count several times.",
        &[EXPR, WEIGHT, PERCENT],
        "the type of the values",
        &[example("datatable(x:long, w:long)[1, 10, 2, 1] | summarize percentilew(x, w, 50)", "1")],
    ),
    |args, _| percentiles(args, true),
);

/// `percentilesw(expr, weight, p…)`.
pub const PERCENTILESW: Summary = Summary::new(
    info(
        "percentilesw",
        "Several percentiles of values that count several times.",
        &[EXPR, WEIGHT, PERCENTS],
        "the type of the values",
        &[example(
            "datatable(x:long, w:long)[1, 10, 2, 1] | summarize percentilesw(x, w, 50, 99) | project percentile_x_99",
            "2",
        )],
    ),
    |args, _| percentiles(args, true),
);

/// `percentiles_array(expr, p…)`: the percentiles in one array.
pub const PERCENTILES_ARRAY: Summary = Summary::new(
    info(
        "percentiles_array",
        "Several percentiles in one array.",
        &[EXPR, PERCENTS],
        "dynamic",
        &[example("range x from 1 to 10 step 1 | summarize percentiles_array(x, 50, 90)", "[5,9]")],
    ),
    |args, _| percentiles_array(args, false),
);

/// `percentilesw_array(expr, weight, p…)`.
pub const PERCENTILESW_ARRAY: Summary = Summary::new(
    info(
        "percentilesw_array",
        "Several percentiles of values that count several times, in one array.",
        &[EXPR, WEIGHT, PERCENTS],
        "dynamic",
        &[example("datatable(x:long, w:long)[1, 10, 2, 1] | summarize percentilesw_array(x, w, 50, 99)", "[1,2]")],
    ),
    |args, _| percentiles_array(args, true),
);
