//! `make_list` over rows in order: the list has the rows' order, whatever order the engine meets them in.
//!
//! Each value is gathered together with its row's rank, and the gathered pairs are put in order at the end.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use datafusion::logical_expr::ScalarUDF;
use postern_kql_syntax::Span;

use super::Binder;
use super::coerce::cast;
use super::expr::Scope;
use super::fault::{Bound, Fault, Placed, codes};
use super::scope::ScopeColumn;
use crate::functions::aggregate::gather::OLD_LIMIT;
use crate::functions::support::json;
use crate::functions::{Aggregate, BoundAggregate, BoundExpr, kernel_udf};
use crate::plan::window::{add_window, group_keys, row_number};
use crate::types::{Const, KqlType};

/// The hidden column of a row's rank.
const RANK: &str = "#rank";

/// Whether an aggregate's result depends on the order of the rows.
pub fn is_ordered(name: &str) -> bool {
    matches!(name, "make_list" | "makelist" | "make_list_if" | "make_list_with_nulls")
}

impl Binder<'_> {
    /// Binds such an aggregate over rows that have an order.
    pub fn ordered_list(
        &self,
        aggregate: &dyn Aggregate,
        args: &[BoundExpr],
        scope: &mut Scope,
        span: Span,
    ) -> Bound<Vec<BoundAggregate>> {
        let name = aggregate.info().name;
        let size_at = if name == "make_list_if" { 2 } else { 1 };
        let limit = match args.get(size_at) {
            None if name == "makelist" => OLD_LIMIT,
            None => usize::MAX,
            Some(size) => size.const_long().and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX),
        };
        let bind =
            |args: &[BoundExpr]| aggregate.bind(args, &self.cx()).map_err(|e| Fault::bind(codes::ARGUMENT, e, span));
        // Bound as written too: for its checks and its name.
        let plain = bind(args)?;
        let rank = self.rank(scope, span)?;
        let mut paired: Vec<BoundExpr> = args.iter().take(size_at).cloned().collect();
        if let Some(first) = paired.first_mut() {
            *first = self.builtin("pack_array", &[rank, first.clone()], span)?;
        }
        // All are gathered; the first of them are known only once they are in order.
        paired.push(BoundExpr::constant(Const::Long(-1)));
        let order = in_order(limit, name == "make_list_with_nulls");
        let paired = bind(&paired)?;
        Ok(plain
            .into_iter()
            .zip(paired)
            .map(|(plain, paired)| BoundAggregate { expr: order.call(vec![paired.expr]), ..plain })
            .collect())
    }

    fn rank(&self, scope: &mut Scope, span: Span) -> Bound<BoundExpr> {
        if scope.relation.find(RANK).is_none() {
            let window = row_number(group_keys(scope.relation), scope.relation.sort_exprs());
            let number = add_window(scope.relation, window, "rank", &self.fresh).at(span)?;
            let name = self.fresh.name("rank");
            let column = super::scope::plan_column(name.clone());
            scope.relation.compute(vec![(cast(number, KqlType::Long), name)]).at(span)?;
            scope.relation.columns.push(ScopeColumn { name: RANK.to_owned(), ty: KqlType::Long, hidden: true, column });
        }
        let rank = scope.relation.find(RANK).map(ScopeColumn::bound);
        rank.ok_or_else(|| Fault::new(codes::INTERNAL, span, "the rank of the rows is lost"))
    }
}

/// Pairs of rank and value to the values in order.
fn in_order(limit: usize, nulls: bool) -> ScalarUDF {
    let config = format!("{limit},{nulls}");
    kernel_udf("in_order", config, &[KqlType::Dynamic], KqlType::Dynamic, move |args| {
        let lists = args.get(0)?.text()?;
        let mut result = StringViewBuilder::with_capacity(args.rows);
        for row in 0..args.rows {
            result.append_option(lists.get(row).map(|list| ordered(list, limit, nulls)));
        }
        Ok(Arc::new(result.finish()) as ArrayRef)
    })
}

fn ordered(list: &str, limit: usize, nulls: bool) -> String {
    let mut pairs: Vec<(i64, &str)> = json::elements(list)
        .filter_map(|pair| {
            let mut parts = json::elements(pair);
            let rank = parts.next()?.trim().parse().ok()?;
            Some((rank, parts.next()?))
        })
        .filter(|(_, value)| nulls || !json::is_null(value))
        .collect();
    pairs.sort_unstable_by_key(|(rank, _)| *rank);
    let values: Vec<&str> = pairs.into_iter().take(limit).map(|(_, value)| value).collect();
    format!("[{}]", values.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_in_the_order_of_their_ranks() {
        let list = r#"[[3,"c"],[1,"a"],[2,null],[4,[1]]]"#;
        assert_eq!(ordered(list, usize::MAX, false), r#"["a","c",[1]]"#);
        assert_eq!(ordered(list, 2, true), r#"["a",null]"#);
    }
}
