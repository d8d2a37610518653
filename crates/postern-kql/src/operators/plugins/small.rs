//! `rows_near`, `schema_merge`, `dcount_intersect`, `identity`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringViewArray};
use arrow::datatypes::Int64Type;
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::functions_aggregate::min_max::max_udaf;
use datafusion::logical_expr::{WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition, lit, when};

use super::reader::Reader;
use crate::bind::arithmetic::{Arithmetic, arithmetic};
use crate::bind::coerce::coerce;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::Relation;
use crate::functions::BoundExpr;
use crate::operators::extend::materialise;
use crate::plan::window::{add_window, group_keys, over};
use crate::types::KqlType;

/// `rows_near(Condition, Rows [, RowsAfter])`: the rows at most so many rows before or after one that fulfils the
/// condition.
pub fn rows_near(mut reader: Reader) -> Bound<Relation> {
    if !reader.input.serialized {
        return Err(Fault::new(codes::MISPLACED, reader.span, "`rows_near` needs rows in a fixed order")
            .hint("put `sort by …` or `serialize` before it"));
    }
    let condition = reader.value("a condition")?;
    let span = reader.place();
    let condition = coerce(&condition, KqlType::Bool, &reader.binder.cx())
        .ok_or_else(|| Fault::wrong_type(span, "a condition", "`bool`", condition.ty))?;
    let before = reader.count("the number of rows")?;
    let after = if reader.constants_ahead()? > 0 { reader.count("the number of rows after")? } else { before };
    reader.end()?;
    let mut input = reader.input;
    let flag = when(condition.expr, lit(1i64)).otherwise(lit(0i64)).at(span)?;
    // Seen from a row: the condition holds at most `after` rows above it or `before` rows below it.
    let frame = WindowFrame::new_bounds(
        WindowFrameUnits::Rows,
        WindowFrameBound::Preceding(ScalarValue::UInt64(Some(after as u64))),
        WindowFrameBound::Following(ScalarValue::UInt64(Some(before as u64))),
    );
    let window = over(
        WindowFunctionDefinition::AggregateUDF(max_udaf()),
        vec![flag],
        group_keys(&input),
        input.sort_exprs(),
        frame,
    );
    let near = add_window(&mut input, window, "near", &reader.binder.fresh).at(span)?;
    input.map(|plan| plan.filter(near.eq(lit(1i64)))).at(span)?;
    Ok(input)
}

/// `identity()`: the rows as they are.
pub fn identity(mut reader: Reader) -> Bound<Relation> {
    reader.end()?;
    Ok(reader.input)
}

/// `dcount_intersect(hll, hll, …)`: columns `s0`, `s1`, … with the sizes of the first set, of the intersection of the
/// first two, of the first three, … computed from the sizes of unions; never below zero.
pub fn dcount_intersect(mut reader: Reader) -> Bound<Relation> {
    let mut sets: Vec<BoundExpr> = Vec::new();
    while let Some(arg) = reader.arg() {
        let value = reader.bind(arg)?;
        if value.ty != KqlType::Dynamic {
            return Err(Fault::wrong_type(arg.span, "`dcount_intersect`", "results of `hll()`", value.ty));
        }
        sets.push(value);
    }
    if !(2..=MAX_SETS).contains(&sets.len()) {
        return Err(Fault::new(
            codes::ARGUMENT_COUNT,
            reader.span,
            format!("`dcount_intersect` takes 2 to {MAX_SETS} sets, not {}", sets.len()),
        ));
    }
    let (binder, span) = (reader.binder, reader.span);
    let mut values = Vec::with_capacity(sets.len());
    for count in 1..=sets.len() {
        let mut total: Option<BoundExpr> = None;
        // The intersection is the sum over all choices of sets of the size of their union, with changing signs.
        for choice in 1u32..1 << count {
            let mut chosen = sets.iter().enumerate().filter(|(at, _)| choice & (1 << at) != 0).map(|(_, s)| s.clone());
            let Some(mut union) = chosen.next() else { continue };
            for set in chosen {
                union = binder.builtin("hll_merge", &[union, set], span)?;
            }
            let size = binder.builtin("dcount_hll", &[union], span)?;
            let op = if choice.count_ones() % 2 == 1 { Arithmetic::Add } else { Arithmetic::Subtract };
            total = Some(match total {
                None => size,
                Some(total) => {
                    arithmetic(op, &total, &size, &binder.cx()).map_err(|e| Fault::bind(codes::OPERAND, e, span))?
                }
            });
        }
        let Some(total) = total else { continue };
        binder.spend_expr(&total.expr, span)?;
        let none = BoundExpr::constant(crate::types::Const::Long(0));
        let size = binder.builtin("max_of", &[total, none], span)?;
        values.push((format!("s{}", count - 1), BoundExpr { name: None, ..size }));
    }
    let mut input = reader.input;
    let columns = materialise(binder, &mut input, values, span)?;
    let mut taken: Vec<String> = input.columns.iter().map(|c| c.name.clone()).collect();
    for mut column in columns {
        column.name = crate::plan::union::unused(&column.name, &taken);
        taken.push(column.name.clone());
        input.columns.push(column);
    }
    Ok(input)
}

/// The most sets of `dcount_intersect`: the work doubles with each.
const MAX_SETS: usize = 8;

/// `schema_merge([PreserveOrder])`: descriptions of columns, as `getschema` gives them, joined into one.
///
/// A column that stands at different places is an error in the result, unless the order need not be kept; number types
/// become the wider one, and any other clash of types ends the query.
pub fn schema_merge(mut reader: Reader) -> Bound<Relation> {
    let keep = match reader.constant_here()? {
        Some(value) => value.as_bool().ok_or_else(|| reader.wrong("the flag"))?,
        None => true,
    };
    reader.end()?;
    let mut inputs = Vec::with_capacity(3);
    for (name, fits) in [("ColumnName", false), ("ColumnOrdinal", true), ("ColumnType", false)] {
        let column = reader.input.find(name).map(crate::bind::scope::ScopeColumn::bound);
        match column {
            Some(column) if (fits && column.ty.is_integer()) || (!fits && column.ty == KqlType::String) => {
                inputs.push(if fits {
                    coerce(&column, KqlType::Long, &reader.binder.cx()).unwrap_or(column)
                } else {
                    column
                });
            }
            _ => {
                return Err(Fault::new(
                    codes::ARGUMENT,
                    reader.span,
                    format!("`schema_merge` works on the rows of `getschema`, and there is no column `{name}`"),
                ));
            }
        }
    }
    let outputs = [
        ("ColumnName", KqlType::String),
        ("ColumnOrdinal", KqlType::Int),
        ("DataType", KqlType::String),
        ("ColumnType", KqlType::String),
    ];
    let outputs = outputs.map(|(name, ty)| (name.to_owned(), ty)).to_vec();
    reader.run(keep.to_string(), inputs, outputs, move |columns| merge(columns, keep))
}

struct Merged {
    first: usize,
    places: Vec<i64>,
    ty: KqlType,
}

fn merge(columns: &[ArrayRef], keep: bool) -> Result<Vec<ArrayRef>> {
    let [names, ordinals, types] = columns else { return exec_err!("a plugin lacks its columns") };
    let (Some(names), Some(ordinals), Some(types)) =
        (names.as_string_view_opt(), ordinals.as_primitive_opt::<Int64Type>(), types.as_string_view_opt())
    else {
        return exec_err!("the rows of `schema_merge` have other types than `getschema` gives");
    };
    let mut found: BTreeMap<&str, Merged> = BTreeMap::new();
    for row in 0..names.len() {
        let (name, ordinal) = (names.value(row), ordinals.is_valid(row).then(|| ordinals.value(row)));
        let (Some(ty), Some(ordinal)) = (KqlType::parse(types.value(row)), ordinal) else {
            return exec_err!("column `{name}` of a merged schema has no known type or no place");
        };
        match found.get_mut(name) {
            None => {
                found.insert(name, Merged { first: row, places: vec![ordinal], ty });
            }
            Some(merged) => {
                if merged.ty != ty {
                    let Some(wider) = merged.ty.wider(ty) else {
                        return exec_err!(
                            "column `{name}` is `{}` in one of the merged schemas and `{ty}` in another",
                            merged.ty
                        );
                    };
                    merged.ty = wider;
                }
                if !merged.places.contains(&ordinal) {
                    merged.places.push(ordinal);
                }
            }
        }
    }
    let mut merged: Vec<(&str, Merged)> = found.into_iter().collect();
    // A column goes behind every column that any of the schemas has before it.
    merged.sort_by_key(|(_, m)| (m.places.iter().max().copied(), m.first));
    let (mut shown, mut places, mut clr, mut kql) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut next = 0;
    for (name, column) in merged {
        shown.push(name);
        if keep && column.places.len() > 1 {
            places.push(-1);
            clr.push(format!("ERROR(unknown CSL type:{OUT_OF_ORDER})"));
            kql.push(OUT_OF_ORDER.to_owned());
        } else {
            places.push(next);
            next += 1;
            clr.push(column.ty.clr_name().to_owned());
            kql.push(column.ty.name().to_owned());
        }
    }
    Ok(vec![
        Arc::new(StringViewArray::from_iter_values(shown)),
        Arc::new(Int32Array::from(places)),
        Arc::new(StringViewArray::from_iter_values(clr)),
        Arc::new(StringViewArray::from_iter_values(kql)),
    ])
}

/// What stands for the type of a column that is not where it was.
const OUT_OF_ORDER: &str = "ERROR(columns are out of order)";

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn a_column_that_moved_is_an_error_only_where_order_is_kept() {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringViewArray::from(vec!["Uri", "Status", "Uri", "Referrer", "Status"])),
            Arc::new(Int64Array::from(vec![0, 1, 0, 1, 2])),
            Arc::new(StringViewArray::from(vec!["string", "int", "string", "string", "long"])),
        ];
        let places = |keep| {
            let made = merge(&columns, keep).unwrap();
            made[1].as_primitive::<Int32Type>().values().to_vec()
        };
        assert_eq!(places(false), vec![0, 1, 2]);
        assert_eq!(places(true), vec![0, 1, -1]);
    }
}
