//! Counting and arithmetic: `count`, `sum`, `avg`, `min`, `max`, `stdev`, `variance`, bits.

use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::{average, bit_and_or_xor, count, covariance, min_max, stddev, sum, variance};
use datafusion::logical_expr::{Expr, lit};

use super::define::{Summary, aggregate, first, info, or_else, output, predicate};
use super::distinct::Distinct;
use super::groups::OwnAggregate;

use crate::functions::conversion::convert;
use crate::functions::support::coerce::coerce;
use crate::functions::support::define::{example, optional, param};
use crate::functions::{BindError, BoundAggregate, BoundExpr, Param};
use crate::types::KqlType::{self, DateTime, Decimal, Dynamic, Int, Long, Real, TimeSpan};

type Bound = Result<Vec<BoundAggregate>, BindError>;

const VALUE: &[Param] = &[param("expr", "any", "The values.")];
const VALUE_IF: &[Param] = &[param("expr", "any", "The values."), param("predicate", "bool", "Which rows count.")];

/// `count()`: every row; `count(predicate)` is the older `countif`.
pub const COUNT: Summary = Summary::new(
    info(
        "count",
        "The number of rows.",
        &[optional("predicate", "bool", "Which rows count (older form of `countif`).")],
        "long",
        &[example("range x from 1 to 3 step 1 | summarize count()", "3")],
    ),
    |args, _| {
        let filter = if args.is_empty() { None } else { predicate(args, Some(0))? };
        Ok(output(aggregate(count::count_udaf(), vec![lit(1i64)], filter), Long, "count", args))
    },
);

/// `countif(predicate)`: rows where it is true.
pub const COUNTIF: Summary = Summary::new(
    info(
        "countif",
        "The number of rows for which a predicate holds.",
        &[param("predicate", "bool", "Which rows count; null does not.")],
        "long",
        &[example("range x from 1 to 3 step 1 | summarize countif(x > 1)", "2")],
    ),
    |args, _| {
        let filter = predicate(args, Some(0))?;
        Ok(output(aggregate(count::count_udaf(), vec![lit(1i64)], filter), Long, "countif", args))
    },
);

fn distinct(args: &[BoundExpr], prefix: &str, if_at: Option<usize>) -> Bound {
    let arg = first(args)?;
    let ty = arg.ty;
    let udaf = OwnAggregate::udaf(
        "dcount",
        ty.name().into(),
        vec![ty.arrow()],
        Long.arrow(),
        vec![arrow::datatypes::DataType::LargeBinary],
        move || Box::new(Distinct::new(ty)),
    );
    Ok(output(aggregate(udaf, vec![arg.expr.clone()], predicate(args, if_at)?), Long, prefix, args))
}

const ACCURACY: Param = optional("accuracy", "long", "Accepted; the count is exact.");

/// `dcount(expr [, accuracy])`: exact (64-bit hashes are compared); empty text is a value, null is not.
pub const DCOUNT: Summary = Summary::new(
    info(
        "dcount",
        "How many different values there are.",
        &[param("expr", "any", "The values."), ACCURACY],
        "long",
        &[example("range x from 1 to 10 step 1 | summarize dcount(x % 3)", "3")],
    ),
    |args, _| distinct(args, "dcount", None),
);

/// `dcountif(expr, predicate [, accuracy])`.
pub const DCOUNTIF: Summary = Summary::new(
    info(
        "dcountif",
        "How many different values there are in the rows for which a predicate holds.",
        &[param("expr", "any", "The values."), param("predicate", "bool", "Which rows count."), ACCURACY],
        "long",
        &[example("range x from 1 to 10 step 1 | summarize dcountif(x % 3, x > 9)", "1")],
    ),
    |args, _| distinct(args, "dcountif", Some(1)),
);

/// `count_distinct(expr)`.
pub const COUNT_DISTINCT: Summary = Summary::new(
    info(
        "count_distinct",
        "How many different values there are.",
        VALUE,
        "long",
        &[example("range x from 1 to 10 step 1 | summarize count_distinct(x % 3)", "3")],
    ),
    |args, _| distinct(args, "count_distinct", None),
);

/// `count_distinctif(expr, predicate)`.
pub const COUNT_DISTINCTIF: Summary = Summary::new(
    info(
        "count_distinctif",
        "How many different values there are in the rows for which a predicate holds.",
        VALUE_IF,
        "long",
        &[example("range x from 1 to 10 step 1 | summarize count_distinctif(x % 3, x > 8)", "2")],
    ),
    |args, _| distinct(args, "count_distinctif", Some(1)),
);

/// The argument in a type that can be summed.
fn summable(arg: &BoundExpr) -> Result<BoundExpr, BindError> {
    Ok(match arg.ty {
        Int | KqlType::Bool => convert(arg, Long),
        Long | Real | Decimal | TimeSpan | DateTime => arg.clone(),
        Dynamic => convert(arg, Real),
        other => return Err(BindError::new(format!("expected a number, not `{other}`")).at(0)),
    })
}

fn zero(ty: KqlType) -> ScalarValue {
    match ty {
        Real => ScalarValue::Float64(Some(0.0)),
        Decimal => crate::types::Const::Decimal(0).scalar(),
        _ => ScalarValue::Int64(Some(0)),
    }
}

fn total(args: &[BoundExpr], prefix: &str, if_at: Option<usize>) -> Bound {
    let arg = summable(first(args)?)?;
    let mut expr = aggregate(sum::sum_udaf(), vec![arg.expr.clone()], predicate(args, if_at)?);
    if arg.ty == Decimal {
        expr = datafusion::logical_expr::cast(expr, Decimal.arrow());
    }
    Ok(output(or_else(expr, zero(arg.ty)), arg.ty, prefix, args))
}

/// `sum(expr)`: 0 without values; a sum of `int` is a `long`.
pub const SUM: Summary = Summary::new(
    info(
        "sum",
        "The sum of the values.",
        VALUE,
        "long, real, decimal or timespan",
        &[example("range x from 1 to 3 step 1 | summarize sum(x)", "6")],
    ),
    |args, _| total(args, "sum", None),
);

/// `sumif(expr, predicate)`.
pub const SUMIF: Summary = Summary::new(
    info(
        "sumif",
        "The sum of the values in the rows for which a predicate holds.",
        VALUE_IF,
        "long, real, decimal or timespan",
        &[example("range x from 1 to 3 step 1 | summarize sumif(x, x > 1)", "5")],
    ),
    |args, _| total(args, "sumif", Some(1)),
);

fn mean(args: &[BoundExpr], prefix: &str, if_at: Option<usize>) -> Bound {
    let arg = summable(first(args)?)?;
    if arg.ty == Decimal {
        let expr = aggregate(average::avg_udaf(), vec![arg.expr.clone()], predicate(args, if_at)?);
        return Ok(output(datafusion::logical_expr::cast(expr, Decimal.arrow()), Decimal, prefix, args));
    }
    let real = if matches!(arg.ty, TimeSpan | DateTime) {
        datafusion::logical_expr::cast(arg.expr.clone(), Real.arrow())
    } else {
        convert(&arg, Real).expr
    };
    let expr = aggregate(average::avg_udaf(), vec![real], predicate(args, if_at)?);
    if matches!(arg.ty, TimeSpan | DateTime) {
        return Ok(output(datafusion::logical_expr::cast(expr, Long.arrow()), arg.ty, prefix, args));
    }
    Ok(output(or_else(expr, ScalarValue::Float64(Some(f64::NAN))), Real, prefix, args))
}

/// `avg(expr)`: NaN without values.
pub const AVG: Summary = Summary::new(
    info(
        "avg",
        "The mean of the values.",
        VALUE,
        "real, decimal, timespan or datetime",
        &[example("range x from 1 to 4 step 1 | summarize avg(x)", "2.5")],
    ),
    |args, _| mean(args, "avg", None),
);

/// `avgif(expr, predicate)`.
pub const AVGIF: Summary = Summary::new(
    info(
        "avgif",
        "The mean of the values in the rows for which a predicate holds.",
        VALUE_IF,
        "real, decimal, timespan or datetime",
        &[example("range x from 1 to 4 step 1 | summarize avgif(x, x > 2)", "3.5")],
    ),
    |args, _| mean(args, "avgif", Some(1)),
);

fn extreme(args: &[BoundExpr], prefix: &str, greatest: bool, if_at: Option<usize>) -> Bound {
    let arg = first(args)?;
    let arg = if arg.ty == Dynamic { convert(arg, KqlType::String) } else { arg.clone() };
    let udaf = if greatest { min_max::max_udaf() } else { min_max::min_udaf() };
    let mut expr = aggregate(udaf, vec![arg.expr.clone()], predicate(args, if_at)?);
    if arg.ty == KqlType::String {
        expr = or_else(expr, KqlType::String.missing());
    }
    let ty = first(args)?.ty;
    if ty == Dynamic {
        expr = convert(&BoundExpr::new(expr, KqlType::String), Dynamic).expr;
    }
    Ok(output(expr, ty, prefix, args))
}

/// `min(expr)`: null without values, `""` for text.
pub const MIN: Summary = Summary::new(
    info(
        "min",
        "The least value.",
        VALUE,
        "the type of the values",
        &[example("range x from 1 to 4 step 1 | summarize min(x)", "1")],
    ),
    |args, _| extreme(args, "min", false, None),
);

/// `minif(expr, predicate)`.
pub const MINIF: Summary = Summary::new(
    info(
        "minif",
        "The least value in the rows for which a predicate holds.",
        VALUE_IF,
        "the type of the values",
        &[example("range x from 1 to 4 step 1 | summarize minif(x, x > 2)", "3")],
    ),
    |args, _| extreme(args, "minif", false, Some(1)),
);

/// `max(expr)`: null without values, `""` for text.
pub const MAX: Summary = Summary::new(
    info(
        "max",
        "The greatest value.",
        VALUE,
        "the type of the values",
        &[example("range x from 1 to 4 step 1 | summarize max(x)", "4")],
    ),
    |args, _| extreme(args, "max", true, None),
);

/// `maxif(expr, predicate)`.
pub const MAXIF: Summary = Summary::new(
    info(
        "maxif",
        "The greatest value in the rows for which a predicate holds.",
        VALUE_IF,
        "the type of the values",
        &[example("range x from 1 to 4 step 1 | summarize maxif(x, x < 3)", "2")],
    ),
    |args, _| extreme(args, "maxif", true, Some(1)),
);

#[derive(Clone, Copy)]
enum Spread {
    Stdev,
    Stdevp,
    Variance,
    Variancep,
}

fn spread(args: &[BoundExpr], prefix: &str, kind: Spread, if_at: Option<usize>) -> Bound {
    let arg = convert(&summable(first(args)?)?, Real);
    let udaf = match kind {
        Spread::Stdev => stddev::stddev_udaf(),
        Spread::Stdevp => stddev::stddev_pop_udaf(),
        Spread::Variance => variance::var_samp_udaf(),
        Spread::Variancep => variance::var_pop_udaf(),
    };
    let expr = aggregate(udaf, vec![arg.expr], predicate(args, if_at)?);
    Ok(output(or_else(expr, zero(Real)), Real, prefix, args))
}

macro_rules! spreads {
    ($($constant:ident, $name:literal, $kind:expr, $if_at:expr, $params:expr, $summary:literal, $query:literal, $result:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $summary, " 0 for fewer than two values.")]
            pub const $constant: Summary = Summary::new(
                info($name, $summary, $params, "real", &[example($query, $result)]),
                |args, _| spread(args, $name, $kind, $if_at),
            );
        )*
    };
}

spreads! {
    STDEV, "stdev", Spread::Stdev, None, VALUE, "The standard deviation, the values being a sample.", "range x from 1 to 5 step 1 | summarize round(stdev(x), 4)", "1.5811";
    STDEVIF, "stdevif", Spread::Stdev, Some(1), VALUE_IF, "The standard deviation over the rows for which a predicate holds, the values being a sample.", "range x from 1 to 5 step 1 | summarize stdevif(x, x < 2)", "0.0";
    STDEVP, "stdevp", Spread::Stdevp, None, VALUE, "The standard deviation, the values being the whole population.", "range x from 1 to 5 step 1 | summarize round(stdevp(x), 4)", "1.4142";
    STDEVPIF, "stdevpif", Spread::Stdevp, Some(1), VALUE_IF, "The standard deviation over the rows for which a predicate holds, the values being the whole population.", "range x from 1 to 5 step 1 | summarize stdevpif(x, x < 2)", "0.0";
    VARIANCE, "variance", Spread::Variance, None, VALUE, "The variance, the values being a sample.", "range x from 1 to 5 step 1 | summarize variance(x)", "2.5";
    VARIANCEIF, "varianceif", Spread::Variance, Some(1), VALUE_IF, "The variance over the rows for which a predicate holds, the values being a sample.", "range x from 1 to 5 step 1 | summarize varianceif(x, x < 4)", "1.0";
    VARIANCEP, "variancep", Spread::Variancep, None, VALUE, "The variance, the values being the whole population.", "range x from 1 to 5 step 1 | summarize variancep(x)", "2.0";
    VARIANCEPIF, "variancepif", Spread::Variancep, Some(1), VALUE_IF, "The variance over the rows for which a predicate holds, the values being the whole population.", "range x from 1 to 5 step 1 | summarize variancepif(x, x < 2)", "0.0";
}

const PAIR: &[Param] = &[param("expr1", "real", "Values."), param("expr2", "real", "Values.")];
const PAIR_IF: &[Param] = &[
    param("expr1", "real", "Values."),
    param("expr2", "real", "Values."),
    param("predicate", "bool", "Which rows count."),
];

fn covary(args: &[BoundExpr], prefix: &str, sample: bool, if_at: Option<usize>) -> Bound {
    let real = |at: usize| {
        args.get(at)
            .ok_or_else(|| BindError::new("two expressions are needed"))
            .and_then(|a| coerce(a, Real).map_err(|e| e.at(at)))
    };
    let udaf = if sample { covariance::covar_samp_udaf() } else { covariance::covar_pop_udaf() };
    let expr = aggregate(udaf, vec![real(0)?.expr, real(1)?.expr], predicate(args, if_at)?);
    Ok(output(or_else(expr, zero(Real)), Real, prefix, args))
}

macro_rules! covariances {
    ($($constant:ident, $name:literal, $sample:literal, $if_at:expr, $params:expr, $summary:literal, $query:literal, $result:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $summary)]
            pub const $constant: Summary = Summary::new(
                info($name, $summary, $params, "real", &[example($query, $result)]),
                |args, _| covary(args, $name, $sample, $if_at),
            );
        )*
    };
}

covariances! {
    COVARIANCE, "covariance", true, None, PAIR, "The covariance of two expressions, the values being a sample.", "range x from 1 to 5 step 1 | summarize covariance(x, x * 2)", "5.0";
    COVARIANCEIF, "covarianceif", true, Some(2), PAIR_IF, "The covariance of a sample over the rows for which a predicate holds.", "range x from 1 to 5 step 1 | summarize covarianceif(x, x * 2, x < 4)", "2.0";
    COVARIANCEP, "covariancep", false, None, PAIR, "The covariance of two expressions, the values being the whole population.", "range x from 1 to 5 step 1 | summarize covariancep(x, x * 2)", "4.0";
    COVARIANCEPIF, "covariancepif", false, Some(2), PAIR_IF, "The covariance of a population over the rows for which a predicate holds.", "range x from 1 to 5 step 1 | summarize covariancepif(x, x, x < 3)", "0.25";
}

fn bits(args: &[BoundExpr], udaf: std::sync::Arc<datafusion::logical_expr::AggregateUDF>) -> Bound {
    let arg = coerce(first(args)?, Long).map_err(|e| e.at(0))?;
    let expr: Expr = aggregate(udaf, vec![arg.expr], None);
    let bound = first(args)?;
    let name = bound.name.clone().unwrap_or_default();
    if bound.ty == Int {
        let expr = datafusion::logical_expr::cast(expr, Int.arrow());
        return Ok(vec![BoundAggregate { expr, ty: Int, name }]);
    }
    Ok(vec![BoundAggregate { expr, ty: Long, name }])
}

/// `binary_all_and(expr)`.
pub const BINARY_ALL_AND: Summary = Summary::new(
    info(
        "binary_all_and",
        "The bits that all values have.",
        VALUE,
        "long",
        &[example("datatable(x:long)[7, 3] | summarize binary_all_and(x)", "3")],
    ),
    |args, _| bits(args, bit_and_or_xor::bit_and_udaf()),
);

/// `binary_all_or(expr)`.
pub const BINARY_ALL_OR: Summary = Summary::new(
    info(
        "binary_all_or",
        "The bits that any value has.",
        VALUE,
        "long",
        &[example("datatable(x:long)[4, 3] | summarize binary_all_or(x)", "7")],
    ),
    |args, _| bits(args, bit_and_or_xor::bit_or_udaf()),
);

/// `binary_all_xor(expr)`.
pub const BINARY_ALL_XOR: Summary = Summary::new(
    info(
        "binary_all_xor",
        "The bits that an odd number of values have.",
        VALUE,
        "long",
        &[example("datatable(x:long)[7, 3] | summarize binary_all_xor(x)", "4")],
    ),
    |args, _| bits(args, bit_and_or_xor::bit_xor_udaf()),
);
