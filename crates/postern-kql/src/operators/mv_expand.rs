//! `mv-expand`: a row for each element of dynamic columns, several side by side.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{BagExpansion, MvColumn, MvExpand, Target};

use super::extend::materialise;
use crate::bind::Binder;
use crate::bind::coerce::convert;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::fold::fold;
use crate::bind::literal::kql_type;
use crate::bind::scope::{OrderKey, Relation, ScopeColumn};
use crate::functions::BoundExpr;
use crate::plan::expand::{expand, no_text};
use crate::types::KqlType;

/// The most rows out of one that the older spelling `mvexpand` makes when it sets no limit.
const OLDER_LIMIT: usize = 128;

/// Applies `mv-expand`.
pub fn mv_expand(binder: &Binder, mut input: Relation, operator: &MvExpand, env: &Env, span: Span) -> Bound<Relation> {
    let limit = match &operator.limit {
        Some(limit) => Some(binder.count(limit, env, "the limit")?),
        None => operator.older.then_some(OLDER_LIMIT),
    };
    let bags = operator.bag_expansion.unwrap_or(BagExpansion::Bag);
    let items =
        Items { columns: &operator.columns, index: operator.item_index.as_ref().map(|n| n.text.as_str()), bags, limit };
    for column in elements(binder, &mut input, &items, env, span)? {
        match input.columns.iter_mut().find(|c| c.name == column.name) {
            Some(old) => *old = column,
            None => input.columns.push(column),
        }
    }
    Ok(input)
}

/// What `mv-expand` and `mv-apply` have in common.
pub struct Items<'a> {
    /// What is expanded.
    pub columns: &'a [MvColumn],
    /// The name of the position column.
    pub index: Option<&'a str>,
    /// What becomes of objects.
    pub bags: BagExpansion,
    /// The most rows out of one.
    pub limit: Option<usize>,
}

/// Expands and gives the named columns of the elements; the relation's own names stay as they are.
pub fn elements(
    binder: &Binder,
    input: &mut Relation,
    items: &Items,
    env: &Env,
    span: Span,
) -> Bound<Vec<ScopeColumn>> {
    let mut values = Vec::with_capacity(items.columns.len());
    let mut names = Vec::with_capacity(items.columns.len());
    for item in items.columns {
        let value = binder.expr(&item.value.expr, &mut Scope::row(input), env)?;
        let name = match (&item.value.target, &value.name) {
            (Target::Name(name), _) => name.text.clone(),
            (Target::Auto, Some(name)) => name.clone(),
            (Target::Auto, None) => format!("Column{}", names.len() + 1),
            (Target::Tuple(_), _) => return Err(Fault::unsupported(item.span, "several names for one value")),
        };
        if value.ty != KqlType::Dynamic {
            return Err(Fault::wrong_type(item.value.expr.span, "expanding", "`dynamic`", value.ty).maybe_hint(
                (value.ty == KqlType::String).then(|| "read the text with `parse_json()` or `split()`".to_owned()),
            ));
        }
        names.push(name);
        values.push(value.expr);
    }
    if values.is_empty() {
        return Err(Fault::new(codes::ARGUMENT_COUNT, span, "nothing is expanded"));
    }
    // Rows that have an order keep it, and the elements of a row keep theirs.
    let ordered = !input.order.is_empty();
    let (found, index) =
        expand(input, &values, items.bags, items.limit, ordered || items.index.is_some(), &binder.fresh).at(span)?;
    if let (true, Some(datafusion::logical_expr::Expr::Column(column))) = (ordered, &index) {
        input.order.push(OrderKey { column: column.clone(), ascending: true, nulls_first: false });
    }
    let mut bound: Vec<(String, BoundExpr)> = Vec::with_capacity(names.len() + 1);
    for ((expr, name), item) in found.into_iter().zip(names).zip(items.columns) {
        let element = BoundExpr::new(expr, KqlType::Dynamic);
        let value = match &item.to {
            None => element,
            Some(to) => {
                let to_type = kql_type(to.ty);
                // A text does not become a number here: such an element is null.
                let element = match to_type {
                    ty if ty.is_numeric() || ty == KqlType::Bool => {
                        BoundExpr::new(no_text(element.expr), KqlType::Dynamic)
                    }
                    _ => element,
                };
                convert(&element, to_type, &binder.cx())
                    .map(fold)
                    .ok_or_else(|| Fault::unsupported(to.span, &format!("expanding to `{to_type}`")))?
            }
        };
        bound.push((name, value));
    }
    if let (Some(name), Some(index)) = (items.index, index) {
        bound.push((name.to_owned(), BoundExpr::new(index, KqlType::Long)));
    }
    materialise(binder, input, bound, span)
}
