//! `partition`: a subquery over the rows of each key value on its own; its results together.

use datafusion::logical_expr::Expr as PlanExpr;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Partition, Source};

use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::{Groups, Relation, plan_column};

/// Applies `partition`.
pub fn partition(binder: &Binder, mut input: Relation, operator: &Partition, env: &Env, span: Span) -> Bound<Relation> {
    if operator.braces || !matches!(operator.body.source, Source::Input(_)) {
        return Err(Fault::unsupported(operator.body.span, "`partition` with a whole query in braces")
            .hint("write the subquery in parentheses: `partition by key (…)`"));
    }
    let key = binder.expr(&operator.by, &mut Scope::row(&mut input), env)?;
    let key = match key.expr {
        PlanExpr::Column(column) => column,
        expr => {
            let name = binder.fresh.name("partition");
            input.compute(vec![(expr, name.clone())]).at(span)?;
            plan_column(name)
        }
    };
    let outer = input.groups.take().unwrap_or_default();
    let depth = outer.keys.len();
    let mut keys = outer.keys;
    keys.push(key);
    let grouped = !outer.carried.is_empty() || depth > 0;
    input.groups = Some(Groups { keys, carried: outer.carried });
    let mut result = binder.table(&operator.body, env, Some(&input))?;
    let Some(groups) = result.groups.take() else {
        return Err(Fault::unsupported(operator.body.span, "this subquery of `partition`"));
    };
    if grouped {
        let keys = groups.keys.into_iter().take(depth).collect();
        result.groups = Some(Groups { keys, carried: groups.carried });
    }
    if groups_broken(&result) {
        return Err(Fault::new(codes::INTERNAL, span, "a group has lost its key"));
    }
    result.sorted = false;
    result.order.clear();
    Ok(result)
}

fn groups_broken(relation: &Relation) -> bool {
    relation.groups.as_ref().is_some_and(|g| g.keys.iter().any(|k| !relation.plan.schema().has_column(k)))
}
