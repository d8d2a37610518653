//! One row for each element of dynamic values: the ground of `mv-expand` and `mv-apply`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, ListBuilder, StringViewBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, ScalarUDF, Volatility};
use postern_kql_syntax::ast::BagExpansion;

use super::fresh::Fresh;
use super::guard;
use crate::bind::scope::{Relation, plan_column};
use crate::functions::support::json;
use crate::functions::{kernel_udf, raw_kernel_udf};
use crate::types::KqlType;

/// Repeats each row for each element of the dynamic `values`, side by side; a shorter value is null beyond its end, a
/// null value counts as one null element, and a row whose values are all empty disappears. Yields the plan columns of the
/// elements, and of the element's position when `with_index`.
pub fn expand(
    relation: &mut Relation,
    values: &[Expr],
    bags: BagExpansion,
    limit: Option<usize>,
    with_index: bool,
    fresh: &Fresh,
) -> Result<(Vec<Expr>, Option<Expr>)> {
    let limit = limit.unwrap_or(usize::MAX);
    let mut computed = Vec::with_capacity(values.len() + 1);
    let mut names = Vec::with_capacity(values.len() + 1);
    for value in values {
        let name = fresh.name("element");
        computed.push((elements_udf(bags, limit).call(vec![value.clone()]), name.clone()));
        names.push(name);
    }
    let index = with_index.then(|| fresh.name("index"));
    if let Some(name) = &index {
        computed.push((positions_udf(values.len(), limit).call(values.to_vec()), name.clone()));
    }
    relation.compute(computed)?;
    let lists = names.iter().chain(&index).map(|name| plan_column(name.clone())).collect();
    relation.map(|plan| plan.unnest_columns_with_options(lists, datafusion::common::UnnestOptions::default()))?;
    let column = |name: String| Expr::Column(plan_column(name));
    Ok((names.into_iter().map(column).collect(), index.map(column)))
}

/// A dynamic value, null when it is a text.
pub fn no_text(value: Expr) -> Expr {
    let dynamic = KqlType::Dynamic;
    let udf = kernel_udf("no_text", "", &[dynamic], dynamic, |args| {
        let values = args.get(0)?.text()?;
        let mut kept = StringViewBuilder::with_capacity(args.rows);
        for row in 0..args.rows {
            kept.append_option(values.get(row).filter(|raw| !raw.trim_start().starts_with('"')));
        }
        Ok(Arc::new(kept.finish()) as ArrayRef)
    });
    udf.call(vec![value])
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

/// Hands on the pieces of a dynamic value as JSON text, `None` for a null piece, as long as `each` wants more.
fn pieces(raw: &str, bags: BagExpansion, mut each: impl FnMut(Option<&str>) -> bool) {
    match json::kind(raw) {
        Some(json::Kind::Array) => {
            for element in json::elements(raw) {
                if !each((!json::is_null(element)).then_some(element)) {
                    return;
                }
            }
        }
        Some(json::Kind::Object) => {
            for (key, value) in json::members(raw) {
                let piece = match bags {
                    BagExpansion::Bag => format!("{{{key}:{value}}}"),
                    BagExpansion::Array => format!("[{key},{value}]"),
                };
                if !each(Some(&piece)) {
                    return;
                }
            }
        }
        _ => {
            each(Some(raw));
        }
    }
}

fn elements_udf(bags: BagExpansion, limit: usize) -> ScalarUDF {
    let config = format!("{bags:?},{limit}");
    let returns = list_of(DataType::Utf8View);
    raw_kernel_udf("elements", config, vec![KqlType::Dynamic.arrow()], returns, Volatility::Immutable, move |args| {
        let values = args.get(0)?.text()?;
        let mut list = ListBuilder::new(StringViewBuilder::new());
        for row in 0..args.rows {
            match values.get(row) {
                None => list.values().append_null(),
                Some(raw) => {
                    let mut left = limit;
                    pieces(raw, bags, |piece| {
                        if left == 0 || guard::grow(16 + piece.map_or(0, str::len)) || guard::tick(1) {
                            return false;
                        }
                        left -= 1;
                        list.values().append_option(piece);
                        true
                    });
                }
            }
            list.append(true);
            // A query that is over reads none of the values to come.
            if guard::tick(1) {
                break;
            }
        }
        guard::check()?;
        Ok(Arc::new(list.finish()) as ArrayRef)
    })
}

fn positions_udf(count: usize, limit: usize) -> ScalarUDF {
    raw_kernel_udf(
        "positions",
        limit.to_string(),
        vec![KqlType::Dynamic.arrow(); count],
        list_of(DataType::Int64),
        Volatility::Immutable,
        move |args| {
            let values = args.args.iter().map(super::super::functions::Arg::text).collect::<Result<Vec<_>>>()?;
            let mut list = ListBuilder::new(Int64Builder::new());
            for row in 0..args.rows {
                let mut longest = 0usize;
                for value in &values {
                    let mut pieces_here = 0;
                    match value.get(row) {
                        None => pieces_here = 1,
                        Some(raw) => pieces(raw, BagExpansion::Bag, |_| {
                            pieces_here += 1;
                            pieces_here < limit && !guard::tick(1)
                        }),
                    }
                    longest = longest.max(pieces_here);
                }
                let count = longest.min(limit) as i64;
                if guard::grow(8 * longest.min(limit)) || guard::tick(1) {
                    break;
                }
                (0..count).for_each(|position| list.values().append_value(position));
                list.append(true);
            }
            guard::check()?;
            Ok(Arc::new(list.finish()) as ArrayRef)
        },
    )
}

/// The number of rows in an array, for tests.
#[cfg(test)]
fn lengths(array: &ArrayRef) -> Vec<usize> {
    use arrow::array::{Array, AsArray};
    let list = array.as_list::<i32>();
    (0..list.len()).map(|row| list.value(row).len()).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::StringViewArray;

    use super::*;

    #[test]
    fn each_kind_of_value_has_its_number_of_pieces() {
        let mut counts = Vec::new();
        for raw in ["[1,null,3]", "[]", r#"{"a":1,"b":2}"#, "5", r#""text""#] {
            let mut count = 0;
            pieces(raw, BagExpansion::Bag, |_| {
                count += 1;
                true
            });
            counts.push(count);
        }
        assert_eq!(counts, vec![3, 0, 2, 1, 1]);
    }

    #[test]
    fn a_null_is_one_null_element() {
        let udf = elements_udf(BagExpansion::Bag, 2);
        let array: ArrayRef = Arc::new(StringViewArray::from(vec![None, Some("[1,2,3]")]));
        let field = |ty: DataType| Arc::new(Field::new("x", ty, true));
        let result = udf
            .invoke_with_args(datafusion::logical_expr::ScalarFunctionArgs {
                args: vec![datafusion::logical_expr::ColumnarValue::Array(array)],
                arg_fields: vec![field(DataType::Utf8View)],
                number_rows: 2,
                return_field: field(list_of(DataType::Utf8View)),
                config_options: Arc::default(),
            })
            .unwrap();
        assert_eq!(lengths(&result.into_array(2).unwrap()), vec![1, 2]);
    }
}
