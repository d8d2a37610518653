//! Arrays as sets. Equal means equal JSON: text with case, numbers by value. The order of first
//! appearance is kept.

use std::collections::HashSet;

use super::super::support::build;
use super::super::support::define::{Scalar, call, example, info, param, repeated};
use super::super::support::json::{self, ArrayText, Kind};
use super::array::{equals, is_array};
use crate::functions::conversion::read;
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Bool, Dynamic};

/// One spelling for equal values.
pub fn canonical(raw: &str) -> String {
    match json::kind(raw) {
        Some(Kind::Number) if raw.contains(['.', 'e', 'E']) => {
            let value = raw.parse::<f64>().unwrap_or(f64::NAN);
            match super::super::support::number::real_to_long(value) {
                Some(whole) if whole as f64 == value => whole.to_string(),
                _ => json::real(value),
            }
        }
        _ => json::compact(raw).into_owned(),
    }
}

fn keys(raw: &str) -> HashSet<String> {
    json::elements(raw).map(canonical).collect()
}

const SETS: &[Param] = &[param("set", "dynamic", "An array."), repeated("other", "dynamic", "Further arrays.")];

fn combine(
    name: &'static str,
    args: &[BoundExpr],
    choose: fn(&[&str], &mut ArrayText),
) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Dynamic, move |args| {
        build::texts(args.rows, |row, out| {
            let mut lists = Vec::with_capacity(args.args.len());
            for arg in &args.args {
                lists.push(arg.text().ok()?.get(row).filter(|raw| is_array(raw))?);
            }
            let mut built = ArrayText::new();
            choose(&lists, &mut built);
            out.push_str(&built.finish());
            Some(())
        })
    })
}

/// `set_union(a, b, …)`: null when an argument is no array.
pub const SET_UNION: Scalar = Scalar::new(
    info(
        "set_union",
        "dynamic",
        "Every value that is in any of the arrays, once.",
        SETS,
        "dynamic",
        &[example("print set_union(dynamic([1, 2]), dynamic([2, 3]))", "[1,2,3]")],
    ),
    |args, _| {
        combine("set_union", args, |lists, out| {
            let mut seen = HashSet::new();
            for list in lists {
                json::elements(list).filter(|e| seen.insert(canonical(e))).for_each(|e| out.raw(e));
            }
        })
    },
);

/// `set_intersect(a, b, …)`.
pub const SET_INTERSECT: Scalar = Scalar::new(
    info(
        "set_intersect",
        "dynamic",
        "Every value that is in all the arrays, once.",
        SETS,
        "dynamic",
        &[example("print set_intersect(dynamic([1, 2]), dynamic([2, 3]))", "[2]")],
    ),
    |args, _| {
        combine("set_intersect", args, |lists, out| {
            let Some((first, rest)) = lists.split_first() else { return };
            let others: Vec<HashSet<String>> = rest.iter().map(|raw| keys(raw)).collect();
            let mut seen = HashSet::new();
            for element in json::elements(first) {
                let key = canonical(element);
                if others.iter().all(|set| set.contains(&key)) && seen.insert(key) {
                    out.raw(element);
                }
            }
        })
    },
);

/// `set_difference(a, b, …)`.
pub const SET_DIFFERENCE: Scalar = Scalar::new(
    info(
        "set_difference",
        "dynamic",
        "Every value of the first array that is in none of the others, once.",
        SETS,
        "dynamic",
        &[example("print set_difference(dynamic([1, 2]), dynamic([2, 3]))", "[1]")],
    ),
    |args, _| {
        combine("set_difference", args, |lists, out| {
            let Some((first, rest)) = lists.split_first() else { return };
            let mut seen: HashSet<String> = rest.iter().flat_map(|raw| keys(raw)).collect();
            json::elements(first).filter(|e| seen.insert(canonical(e))).for_each(|e| out.raw(e));
        })
    },
);

/// `set_has_element(array, value)`: text with case; null when the first argument is no array.
pub const SET_HAS_ELEMENT: Scalar = Scalar::new(
    info(
        "set_has_element",
        "dynamic",
        "Whether the array holds the value.",
        &[param("array", "dynamic", "The array."), param("value", "any", "The value to look for.")],
        "bool",
        &[example("print set_has_element(dynamic([\"a\", \"b\"]), \"b\")", "true")],
    ),
    |args, _| {
        let ty = args.get(1).map_or(Dynamic, |a| a.ty);
        call("set_has_element", args, &[Dynamic, ty], Bool, move |args| {
            let array = args.get(0)?.text()?;
            build::bools(args.rows, |row| {
                let raw = array.get(row).filter(|raw| is_array(raw))?;
                let wanted = read(args.args.get(1)?, ty, row);
                Some(json::elements(raw).any(|e| equals(e, wanted)))
            })
        })
    },
);

/// `jaccard_index(a, b)`: shared values divided by all values; NaN for two empty arrays.
pub const JACCARD_INDEX: Scalar = Scalar::new(
    info(
        "jaccard_index",
        "dynamic",
        "How alike two sets are: the size of their intersection divided by that of their union.",
        &[param("set1", "dynamic", "An array."), param("set2", "dynamic", "An array.")],
        "dynamic",
        &[example("print jaccard_index(dynamic([1, 2, 3]), dynamic([2, 3, 4]))", "0.5")],
    ),
    |args, _| {
        call("jaccard_index", args, &[Dynamic], Dynamic, |args| {
            let (a, b) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::texts(args.rows, |row, out| {
                let a = keys(a.get(row).filter(|raw| is_array(raw))?);
                let b = keys(b.get(row).filter(|raw| is_array(raw))?);
                out.push_str(&json::real(a.intersection(&b).count() as f64 / a.union(&b).count() as f64));
                Some(())
            })
        })
    },
);
