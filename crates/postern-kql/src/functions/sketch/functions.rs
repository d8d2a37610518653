//! The scalar functions over sketches: `dcount_hll`, `hll_merge`, `percentile_tdigest`, `rank_tdigest`, ….

use super::digest::Digest;
use super::hll::Hll;
use crate::functions::conversion::convert;
use crate::functions::support::build;
use crate::functions::support::coerce::coerce;
use crate::functions::support::define::{
    Scalar, also, call, call_as_is, call_with, example, info, optional, param, repeated,
};
use crate::functions::support::json::{self, ArrayText};
use crate::functions::support::number;
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{self, DateTime, Dynamic, Long, Real, TimeSpan};

const HLL: &[Param] = &[param("hll", "dynamic", "A value of `hll`, `hll_if` or `hll_merge`.")];
const TDIGEST: Param = param("tdigest", "dynamic", "A value of `tdigest` or `tdigest_merge`.");

/// `dcount_hll(hll)`: null for what is no sketch.
pub const DCOUNT_HLL: Scalar = Scalar::new(
    info(
        "dcount_hll",
        "sketch",
        "How many different values a sketch of `hll` has seen: exact up to 1,024, an estimate beyond.",
        HLL,
        "long",
        &[example("range x from 1 to 30 step 1 | summarize h = hll(x % 7) | project dcount_hll(h)", "7")],
    ),
    |args, _| {
        call("dcount_hll", args, &[Dynamic], Long, |args| {
            let sketch = args.get(0)?.text()?;
            build::longs(args.rows, |row| Some(Hll::parse(sketch.get(row)?)?.count()))
        })
    },
)
.prefixes_name("dcount_hll");

/// `hll_merge(hll, hll, …)`: null when any of them is no sketch.
pub const HLL_MERGE: Scalar = Scalar::new(
    info(
        "hll_merge",
        "sketch",
        "One sketch of the values of several.",
        &[repeated("hll", "dynamic", "Values of `hll`, `hll_if` or `hll_merge`; at least two.")],
        "dynamic",
        &[example(
            "range x from 1 to 10 step 1 | summarize a = hll(x), b = hll(x + 5) | project c = hll_merge(a, b) | project dcount_hll(c)",
            "15",
        )],
    ),
    |args, _| {
        call("hll_merge", args, &[Dynamic], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let mut merged: Option<Hll> = None;
                for arg in &args.args {
                    let sketch = Hll::parse(arg.text().ok()?.get(row)?)?;
                    match &mut merged {
                        Some(merged) => merged.merge(&sketch),
                        None => merged = Some(sketch),
                    }
                }
                merged?.push_json(out);
                Some(())
            })
        })
    },
)
.called("hll_merged_result");

fn merged(name: &'static str, args: &[BoundExpr]) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Dynamic, |args| {
        build::texts(args.rows, |row, out| {
            let mut merged: Option<Digest> = None;
            for arg in &args.args {
                let digest = Digest::parse(arg.text().ok()?.get(row)?)?;
                match &mut merged {
                    Some(merged) => merged.merge(&digest),
                    None => merged = Some(digest),
                }
            }
            let mut merged = merged?;
            merged.settle();
            merged.push_json(out);
            Some(())
        })
    })
}

macro_rules! merges {
    ($($constant:ident, $name:literal, $summary:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "(tdigest, tdigest, …)`: null when any of them is no digest.")]
            pub const $constant: Scalar = Scalar::new(
                info(
                    $name,
                    "sketch",
                    $summary,
                    &[repeated("tdigest", "dynamic", "Values of `tdigest` or `tdigest_merge`; at least two.")],
                    "dynamic",
                    &[example(
                        concat!("range x from 1 to 10 step 1 | summarize a = tdigest(x), b = tdigest(x + 10) | project c = ", $name, "(a, b) | project percentile_tdigest(c, 100, typeof(long))"),
                        "20",
                    )],
                ),
                |args, _| merged($name, args),
            )
            .called("tdigests_merge_result");
        )*
    };
}

merges! {
    MERGE_TDIGEST, "merge_tdigest", "One digest of the values of several.";
    TDIGEST_MERGE, "tdigest_merge", "One digest of the values of several (same as `merge_tdigest`).";
}

/// `percentile_tdigest(tdigest, p [, typeof(T)])`: nearest rank; null for an empty digest and for what is none.
pub const PERCENTILE_TDIGEST: Scalar = Scalar::new(
    info(
        "percentile_tdigest",
        "sketch",
        "The value that a share of the values of a digest does not exceed.",
        &[
            TDIGEST,
            param("percentile", "real", "0 to 100."),
            optional("typeLiteral", "type", "The type of the result, as `typeof(long)`; dynamic unless given."),
        ],
        "dynamic, or the type named",
        &[example("range x from 1 to 10 step 1 | summarize t = tdigest(x) | project percentile_tdigest(t, 50)", "5")],
    ),
    |args, _| {
        let ty = match args.get(2) {
            None => Dynamic,
            Some(arg) => {
                arg.const_str().and_then(KqlType::parse).ok_or_else(|| BindError::new("expected `typeof(…)`").at(2))?
            }
        };
        let pair = args.get(..2).unwrap_or(args);
        if matches!(ty, DateTime | TimeSpan) {
            return call_with("percentile_tdigest", ty.name(), pair, &[Dynamic, Real], ty, |args| {
                let (digest, percentile) = (args.get(0)?.text()?, args.get(1)?.reals()?);
                build::longs(args.rows, |row| {
                    let text = Digest::parse(digest.get(row)?)?.percentile(percentile.get(row)?)?;
                    number::parse_long(&text).or_else(|| number::real_to_long(number::parse_real(&text)?))
                })
            });
        }
        let value = call("percentile_tdigest", pair, &[Dynamic, Real], Dynamic, |args| {
            let (digest, percentile) = (args.get(0)?.text()?, args.get(1)?.reals()?);
            build::texts(args.rows, |row, out| {
                out.push_str(&Digest::parse(digest.get(row)?)?.percentile(percentile.get(row)?)?);
                Some(())
            })
        })?;
        Ok(convert(&value, ty))
    },
)
.prefixes_name("percentile_tdigest");

/// `percentiles_array_tdigest(tdigest, p…)`: the percentiles one by one, or in one array.
pub const PERCENTILES_ARRAY_TDIGEST: Scalar = Scalar::new(
    also(
        info(
            "percentiles_array_tdigest",
            "sketch",
            "Several percentiles of a digest, in one array.",
            &[TDIGEST, repeated("percentile", "real or dynamic", "0 to 100, or an array of such.")],
            "dynamic",
            &[example(
                "range x from 1 to 10 step 1 | summarize t = tdigest(x) | project percentiles_array_tdigest(t, 50, 90)",
                "[5,9]",
            )],
        ),
        &["percentile_array_tdigest"],
    ),
    |args, _| {
        let mut bound = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            let ty = if at == 0 || arg.ty == Dynamic { Dynamic } else { Real };
            bound.push(coerce(arg, ty).map_err(|e| e.at(at))?);
        }
        let arrays: Vec<bool> = bound.iter().map(|a| a.ty == Dynamic).collect();
        Ok(call_as_is("percentiles_array_tdigest", "", &bound, Dynamic, move |args| {
            let digest = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let digest = Digest::parse(digest.get(row)?)?;
                let mut list = ArrayText::new();
                let mut push = |p: f64| list.raw(digest.percentile(p).as_deref().unwrap_or("null"));
                for (arg, array) in args.args.iter().zip(&arrays).skip(1) {
                    if *array {
                        json::elements(arg.text().ok()?.get(row)?).filter_map(number::parse_real).for_each(&mut push);
                    } else {
                        push(arg.reals().ok()?.get(row)?);
                    }
                }
                out.push_str(&list.finish());
                Some(())
            })
        }))
    },
)
.prefixes_name("percentile_tdigest");

const RANKED: &[Param] = &[TDIGEST, param("value", "number or time", "The value to place among the others.")];

fn ranked(name: &'static str, args: &[BoundExpr], f: fn(&Digest, f64) -> Option<f64>) -> Result<BoundExpr, BindError> {
    let mut args = args.to_vec();
    if let Some(value) = args.get_mut(1) {
        *value = match value.ty {
            DateTime | TimeSpan => {
                BoundExpr::new(datafusion::logical_expr::cast(value.expr.clone(), Real.arrow()), Real)
            }
            _ => coerce(value, Real).map_err(|e| e.at(1))?,
        };
    }
    call(name, &args, &[Dynamic, Real], Real, move |args| {
        let (digest, value) = (args.get(0)?.text()?, args.get(1)?.reals()?);
        build::reals(args.rows, |row| f(&Digest::parse(digest.get(row)?)?, value.get(row)?))
    })
}

/// `rank_tdigest(tdigest, value)`: how many values are at most this one.
pub const RANK_TDIGEST: Scalar = Scalar::new(
    info(
        "rank_tdigest",
        "sketch",
        "How many values of a digest are at most a given one.",
        RANKED,
        "real",
        &[example("range x from 1 to 10 step 1 | summarize t = tdigest(x) | project rank_tdigest(t, 4)", "4.0")],
    ),
    |args, _| ranked("rank_tdigest", args, |digest, value| (!digest.is_empty()).then(|| digest.rank(value))),
);

/// `percentrank_tdigest(tdigest, value)`: the same as a percentage.
pub const PERCENTRANK_TDIGEST: Scalar = Scalar::new(
    info(
        "percentrank_tdigest",
        "sketch",
        "The share of the values of a digest that are at most a given one, 0 to 100.",
        RANKED,
        "real",
        &[example(
            "range x from 1 to 10 step 1 | summarize t = tdigest(x) | project percentrank_tdigest(t, 4)",
            "40.0",
        )],
    ),
    |args, _| ranked("percentrank_tdigest", args, Digest::percent_rank),
);
