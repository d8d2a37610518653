//! `hll`, `hll_if`, `hll_merge`, `tdigest`, `tdigest_merge`: aggregates that give a sketch.

use super::define::{Summary, aggregate, first, info, output, predicate};
use super::groups::OwnAggregate;
use super::sketch::{DigestState, HllState, Sketches};
use crate::functions::conversion::convert;
use crate::functions::sketch::hll::{ACCURACY, DEFAULT_BITS};
use crate::functions::support::coerce::coerce;
use crate::functions::support::define::{example, optional, param};
use crate::functions::{BindError, BoundAggregate, BoundExpr, Param};
use crate::types::KqlType::{Bool, DateTime, Decimal, Dynamic, Int, Long, Real, TimeSpan};

type Bound = Result<Vec<BoundAggregate>, BindError>;

const EXPR: Param = param("expr", "any", "The values.");
const BITS: Param = optional("accuracy", "int", "0 to 4: 12, 14, 16, 17 or 18 bits; 1 unless given.");
const SKETCH: &[Param] = &[param("hll", "dynamic", "Sketches; what is none is passed over.")];
const DIGEST: &[Param] = &[param("tdigest", "dynamic", "Digests; what is none is passed over.")];

fn hll(args: &[BoundExpr], prefix: &str, merging: bool, if_at: Option<usize>) -> Bound {
    let arg = first(args)?;
    let ty = arg.ty;
    if merging && ty != Dynamic {
        return Err(BindError::new(format!("expected `dynamic`, not `{ty}`")).at(0));
    }
    let accuracy_at = if_at.map_or(1, |at| at + 1);
    let bits = match args.get(accuracy_at).filter(|_| !merging) {
        None => DEFAULT_BITS,
        Some(accuracy) => accuracy
            .const_long()
            .and_then(|a| ACCURACY.get(usize::try_from(a).ok()?).copied())
            .ok_or_else(|| BindError::new("the accuracy must be a constant from 0 to 4").at(accuracy_at))?,
    };
    // Merging keeps the coarsest accuracy of the sketches, so it begins with the finest.
    let bits = if merging { ACCURACY.iter().copied().fold(bits, u8::max) } else { bits };
    // Of no rows there is no sketch; when a predicate leaves none, there is one that has seen nothing.
    let rows_only = if_at.is_none();
    let udaf = OwnAggregate::udaf(
        "hll",
        format!("{ty} {bits} {merging} {rows_only}"),
        vec![ty.arrow()],
        Dynamic.arrow(),
        vec![Dynamic.arrow()],
        move || Box::new(Sketches::new(HllState::new(bits, ty, merging), rows_only)),
    );
    Ok(output(aggregate(udaf, vec![arg.expr.clone()], predicate(args, if_at)?), Dynamic, prefix, args))
}

/// `hll(expr [, accuracy])`: nulls are passed over.
pub const HLL: Summary = Summary::new(
    info(
        "hll",
        "A sketch of the different values, for `dcount_hll` and `hll_merge`; exact up to 1,024 values.",
        &[EXPR, BITS],
        "dynamic",
        &[example("range x from 1 to 30 step 1 | summarize h = hll(x % 7) | project dcount_hll(h)", "7")],
    ),
    |args, _| hll(args, "hll", false, None),
);

/// `hll_if(expr, predicate [, accuracy])`.
pub const HLL_IF: Summary = Summary::new(
    info(
        "hll_if",
        "A sketch of the different values in the rows for which a predicate holds.",
        &[EXPR, param("predicate", "bool", "Which rows count."), BITS],
        "dynamic",
        &[example("range x from 1 to 30 step 1 | summarize h = hll_if(x, x > 28) | project dcount_hll(h)", "2")],
    ),
    |args, _| hll(args, "hll_if", false, Some(1)),
);

/// `hll_merge(hll)`: the sketches of all rows as one; the coarsest accuracy stays.
pub const HLL_MERGE: Summary = Summary::new(
    info(
        "hll_merge",
        "One sketch of all sketches.",
        SKETCH,
        "dynamic",
        &[example(
            "range x from 1 to 30 step 1 | summarize h = hll(x) by x % 3 | summarize m = hll_merge(h) | project dcount_hll(m)",
            "30",
        )],
    ),
    |args, _| hll(args, "hll_merge", true, None),
);

/// `tdigest(expr [, weight])`: nulls and NaN are passed over, and so are weights below 1.
pub const TDIGEST: Summary = Summary::new(
    info(
        "tdigest",
        "A digest of the values, for `percentile_tdigest` and its like; exact up to 1,024 different values.",
        &[
            param("expr", "number or time", "The values."),
            optional("weight", "long", "How often each value counts; once unless given."),
        ],
        "dynamic",
        &[example("range x from 1 to 3 step 1 | summarize tdigest(x)", "[[7],[1,2,3],[1,1,1]]")],
    ),
    |args, _| {
        let value = first(args)?;
        let value = match value.ty {
            Int | Bool => convert(value, Long),
            Long | Real | DateTime | TimeSpan => value.clone(),
            Decimal | Dynamic => convert(value, Real),
            other => return Err(BindError::new(format!("expected a number or a time, not `{other}`")).at(0)),
        };
        let ty = value.ty;
        let (mut exprs, mut types) = (vec![value.expr], vec![ty.arrow()]);
        if let Some(weight) = args.get(1) {
            exprs.push(coerce(weight, Long).map_err(|e| e.at(1))?.expr);
            types.push(Long.arrow());
        }
        let config = format!("{ty} {} false", types.len());
        let udaf = OwnAggregate::udaf("tdigest", config, types, Dynamic.arrow(), vec![Dynamic.arrow()], move || {
            Box::new(Sketches::new(DigestState::new(ty, false), true))
        });
        Ok(output(aggregate(udaf, exprs, None), Dynamic, "tdigest", args))
    },
);

fn merged(args: &[BoundExpr]) -> Bound {
    let arg = coerce(first(args)?, Dynamic).map_err(|e| e.at(0))?;
    let udaf = OwnAggregate::udaf(
        "tdigest",
        "merge".into(),
        vec![Dynamic.arrow()],
        Dynamic.arrow(),
        vec![Dynamic.arrow()],
        || Box::new(Sketches::new(DigestState::new(Dynamic, true), true)),
    );
    Ok(output(aggregate(udaf, vec![arg.expr], None), Dynamic, "merge_tdigests", args))
}

macro_rules! merges {
    ($($constant:ident, $name:literal, $summary:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "(tdigest)`: the digests of all rows as one.")]
            pub const $constant: Summary = Summary::new(
                info(
                    $name,
                    $summary,
                    DIGEST,
                    "dynamic",
                    &[example(
                        concat!("range x from 1 to 9 step 1 | summarize t = tdigest(x) by x % 3 | summarize m = ", $name, "(t) | project percentile_tdigest(m, 50, typeof(long))"),
                        "5",
                    )],
                ),
                |args, _| merged(args),
            );
        )*
    };
}

merges! {
    MERGE_TDIGEST, "merge_tdigest", "One digest of all digests (same as `tdigest_merge`).";
    TDIGEST_MERGE, "tdigest_merge", "One digest of all digests.";
}
