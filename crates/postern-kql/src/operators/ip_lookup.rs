//! `evaluate ipv4_lookup(…)` and `ipv6_lookup(…)`: rows joined with the networks that their address lies in; and the
//! join that the other look-ups share.

use datafusion::common::{Column, JoinType};
use datafusion::logical_expr::{Expr as PlanExpr, binary_expr};
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Arg, Call};

use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::{Relation, ScopeColumn, plan_column};
use crate::bind::{Binder, Meaning};
use crate::plan::union::unused;
use crate::types::KqlType;

/// Applies the plugin; `within` is the function that tests an address against a network.
pub fn lookup(binder: &Binder, mut input: Relation, call: &Call, within: &str, env: &Env) -> Bound<Relation> {
    let span = call.span;
    let named = |arg: &&Arg| arg.name.as_ref().is_some_and(|n| n.text == "return_unmatched");
    let mut unmatched = call.args.iter().find(named).map(|arg| &arg.value);
    let mut args: Vec<&Arg> = call.args.iter().filter(|arg| !named(arg)).collect();
    // The last argument may be the flag without its name.
    if unmatched.is_none()
        && args.len() > 3
        && let Some(last) = args.last()
        && let Ok(value) = binder.constant_expr(&last.value, env)
        && value.ty == KqlType::Bool
    {
        unmatched = Some(&last.value);
        args.pop();
    }
    let [table, address, network, extra @ ..] = args.as_slice() else {
        return Err(Fault::new(
            codes::ARGUMENT_COUNT,
            span,
            format!("`{}` needs a table, an address and a network", call.name.text),
        ));
    };
    let keep = match unmatched {
        Some(flag) => binder.constant_expr(flag, env)?.constant.and_then(|c| c.as_bool()).unwrap_or(false),
        None => false,
    };
    let Meaning::Table(mut other) = binder.meaning(&table.value, env)? else {
        return Err(Fault::new(codes::WRONG_KIND, table.span, "the first argument must be a table"));
    };
    let address = binder.expr(&address.value, &mut Scope::row(&mut input), env)?;
    let network = binder.expr(&network.value, &mut Scope::row(&mut other), env)?;
    let mut conditions = vec![binder.builtin(within, &[address, network], span)?.expr.is_true()];
    let mut shared = Vec::new();
    for key in extra {
        let left = binder.expr(&key.value, &mut Scope::row(&mut input), env)?;
        let right = binder.expr(&key.value, &mut Scope::row(&mut other), env)?;
        let equal = crate::bind::compare::compare(crate::bind::compare::Comparison::Equal, &left, &right, &binder.cx())
            .map_err(|e| Fault::bind(codes::OPERAND, e, key.span))?;
        if let PlanExpr::Column(column) = right.expr {
            shared.push(column);
        }
        conditions.push(equal.expr);
    }
    attach(binder, input, &other, conditions, &shared, keep, span)
}

/// Joins rows with those of another table for which all conditions hold; `keep` keeps the rows that find none. The
/// columns of the other table follow, except the hidden ones.
pub(super) fn attach(
    binder: &Binder,
    mut input: Relation,
    other: &Relation,
    conditions: Vec<PlanExpr>,
    hidden: &[Column],
    keep: bool,
    span: Span,
) -> Bound<Relation> {
    let all = conditions
        .into_iter()
        .reduce(|a, b| binary_expr(a, datafusion::logical_expr::Operator::And, b))
        .into_iter()
        .collect::<Vec<_>>();
    let kind = if keep { JoinType::Left } else { JoinType::Inner };
    let right = other.plan.clone();
    input.map(|plan| plan.join_on(right, kind, all)).at(span)?;
    input.unordered();
    input.unique = None;
    let mut taken: Vec<String> = input.columns.iter().map(|c| c.name.clone()).collect();
    let mut filled = Vec::new();
    for column in other.visible().filter(|c| !hidden.contains(&c.column)) {
        let name = unused(&column.name, &taken);
        taken.push(name.clone());
        let mut column = ScopeColumn { name, ..column.clone() };
        if keep && column.ty == KqlType::String {
            let plan_name = binder.fresh.name(&column.name);
            let text = vec![column.expr(), KqlType::String.missing_expr()];
            filled.push((datafusion::functions::core::expr_fn::coalesce(text), plan_name.clone()));
            column.column = plan_column(plan_name);
        }
        input.columns.push(column);
    }
    let named = std::mem::take(&mut input.columns);
    let new: Vec<&String> = filled.iter().map(|(_, name)| name).collect();
    input.columns =
        named.iter().filter(|c| !(c.column.relation.is_none() && new.contains(&&c.column.name))).cloned().collect();
    let computed = filled.clone();
    input.compute(computed).at(span)?;
    input.columns = named;
    Ok(input)
}
