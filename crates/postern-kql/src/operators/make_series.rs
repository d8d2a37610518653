//! `make-series`: for each key an array of aggregates over evenly spaced bins, empty bins filled.
//!
//! Bins count from `from`; `to` is not included. Without `from`, and in the form `in range(…)`, they lie where `bin()` puts
//! them. In that form the last bin is that of `to`; where an end is left out, each series ends at its own first or last
//! row. Without rows there is no series, but with `kind=nonempty` and no keys there is one of defaults.

use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::lit;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, ExprKind, MakeSeries};

use super::summarize;
use crate::bind::Binder;
use crate::bind::arithmetic::{Arithmetic, arithmetic};
use crate::bind::coerce::{cast, coerce_const};
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::literal::scalar_json;
use crate::bind::scope::{Relation, ScopeColumn, plan_column};
use crate::functions::BoundExpr;
use crate::plan::aggregate::{Output, aggregate};
use crate::plan::series::series;
use crate::plan::union::unused;
use crate::types::{Const, KqlType};

/// The most bins of a series.
const MAX_BINS: i64 = 1_048_576;

/// Applies `make-series`.
pub fn make_series(
    binder: &Binder,
    mut input: Relation,
    operator: &MakeSeries,
    env: &Env,
    span: Span,
) -> Bound<Relation> {
    let axis = binder.expr(&operator.on.expr, &mut Scope::row(&mut input), env)?;
    if !matches!(axis.ty, KqlType::DateTime | KqlType::TimeSpan) && !axis.ty.is_numeric() {
        return Err(Fault::wrong_type(
            operator.on.span,
            "the axis of a series",
            "a number, duration or instant",
            axis.ty,
        ));
    }
    let axis_name = match &operator.on.target {
        postern_kql_syntax::ast::Target::Name(name) => name.text.clone(),
        _ => axis.name.clone().unwrap_or_else(|| "Column1".to_owned()),
    };
    let step_type = if axis.ty == KqlType::DateTime { KqlType::TimeSpan } else { axis.ty };
    let step = end(binder, &operator.step, step_type, env)?;
    let nonempty = nonempty(operator)?;
    let from = match &operator.from {
        Some(from) => end(binder, from, axis.ty, env)?,
        None => extreme(binder, &input, &axis, true, span)?,
    };
    let from = if operator.in_range || operator.from.is_none() {
        let aligned = [BoundExpr::constant(from.clone()), BoundExpr::constant(step.clone())];
        binder.builtin("bin", &aligned, span)?.constant.filter(|c| !c.is_null()).unwrap_or(from)
    } else {
        from
    };
    let (to, included) = match &operator.to {
        Some(to) => (end(binder, to, axis.ty, env)?, operator.in_range),
        None => (extreme(binder, &input, &axis, false, span)?, true),
    };
    let bins = bins(&from, &to, &step, included).filter(|b| *b <= MAX_BINS).ok_or_else(|| {
        Fault::new(codes::ARGUMENT, span, format!("the series would have no end, or more than {MAX_BINS} bins"))
            .hint("check `from`, `to` and `step`")
    })?;
    // The number of the bin that a row falls into.
    let (start, size) = (BoundExpr::constant(from.clone()), BoundExpr::constant(step.clone()));
    let cx = binder.cx();
    let place = |e| Fault::bind(codes::OPERAND, e, span);
    let distance = arithmetic(Arithmetic::Subtract, &axis, &start, &cx).map_err(place)?;
    let ratio = if distance.ty == KqlType::Real {
        let ratio = arithmetic(Arithmetic::Divide, &distance, &size, &cx).map_err(place)?;
        binder.builtin("floor", &[ratio, BoundExpr::constant(Const::Real(1.0))], span)?
    } else {
        // Both are whole numbers of the same unit.
        let whole = |b: &BoundExpr| BoundExpr::new(cast(b.expr.clone(), KqlType::Long), KqlType::Long);
        arithmetic(Arithmetic::Divide, &whole(&distance), &whole(&size), &cx).map_err(place)?
    };
    let position = cast(ratio.expr, KqlType::Long);
    let name = binder.fresh.name("bin");
    input.columns.push(ScopeColumn {
        name: name.clone(),
        ty: KqlType::Long,
        hidden: true,
        column: plan_column(name.clone()),
    });
    let mut with_bin = input.clone();
    with_bin.columns.pop();
    with_bin.compute(vec![(position, name.clone())]).at(span)?;
    with_bin.columns.clone_from(&input.columns);
    let at = plan_column(name.clone());
    let distance_column = datafusion::logical_expr::Expr::Column(at.clone());
    // Truncated division puts what lies less than a step before the start into bin 0: compare the axis itself.
    let after = crate::bind::compare::compare(crate::bind::compare::Comparison::GreaterOrEqual, &axis, &start, &cx)
        .map_err(place)?;
    with_bin.map(|plan| plan.filter(after.expr.and(distance_column.clone().lt(lit(bins))))).at(span)?;
    let input = with_bin;
    finish(binder, input, operator, env, span, (&axis_name, axis.ty), (&from, &step, bins), (&at, &name), nonempty)
}

/// Whether `kind=nonempty` is written.
fn nonempty(operator: &MakeSeries) -> Bound<bool> {
    let mut nonempty = false;
    for property in operator.properties.iter().filter(|p| p.name == "kind") {
        match &property.value.kind {
            ExprKind::Name(name) if name.text == "nonempty" => nonempty = true,
            _ => return Err(Fault::new(codes::OPTION, property.span, "`make-series` has the kind `nonempty`")),
        }
    }
    Ok(nonempty)
}

#[expect(clippy::too_many_arguments, reason = "the second half of one function")]
fn finish(
    binder: &Binder,
    mut input: Relation,
    operator: &MakeSeries,
    env: &Env,
    span: Span,
    axis: (&str, KqlType),
    range: (&Const, &Const, i64),
    bin: (&datafusion::common::Column, &str),
    nonempty: bool,
) -> Bound<Relation> {
    let mut keys = summarize::keys(binder, &mut input, &operator.by, env)?;
    let mut taken: Vec<String> = Vec::new();
    for key in &mut keys {
        key.name = unused(&key.name, &taken);
        taken.push(key.name.clone());
    }
    let items: Vec<_> = operator.aggregates.iter().map(|a| a.value.clone()).collect();
    let outputs = summarize::aggregates(binder, &mut input, &items, &mut taken, env)?;
    let mut defaults = Vec::with_capacity(outputs.len());
    for (output, item) in outputs.iter().zip(&operator.aggregates) {
        let default = match &item.default {
            None => Const::Long(0),
            Some(default) => binder.constant_expr(default, env)?.constant.ok_or_else(|| {
                Fault::new(codes::NOT_CONSTANT, default.span, "the default of empty bins must be constant")
            })?,
        };
        let default = coerce_const(&default, output.ty).unwrap_or(default);
        defaults.push(scalar_json(&default).to_string());
    }
    let mut binned_keys = keys.clone();
    let bin_expr = datafusion::logical_expr::Expr::Column(bin.0.clone());
    binned_keys.push(Output::new(bin.1, KqlType::Long, bin_expr));
    let binned = aggregate(input, &binned_keys, &outputs, &binder.fresh).at(span)?;
    let position = binned
        .find(bin.1)
        .map(ScopeColumn::expr)
        .ok_or_else(|| Fault::new(codes::INTERNAL, span, "the bin of a series is lost"))?;
    let length = usize::try_from(range.2).unwrap_or(0);
    let mut arrays = Vec::with_capacity(outputs.len());
    for (output, default) in outputs.iter().zip(&defaults) {
        let Some(column) = binned.find(&output.name) else { continue };
        let value = binder.to_dynamic(&column.bound(), span)?;
        let array = series(position.clone(), value.expr, length, default);
        arrays.push(Output::new(output.name.clone(), KqlType::Dynamic, array));
    }
    let group: Vec<Output> =
        keys.iter().filter_map(|k| binned.find(&k.name).map(|c| Output::new(k.name.clone(), k.ty, c.expr()))).collect();
    // Where an end is left open, each series has its own: the first or the last bin that has rows of it.
    let several = !group.is_empty() || binned.groups.is_some();
    let mut ends = [(operator.from.is_none(), min_udaf()), (operator.to.is_none(), max_udaf())].map(|(open, udaf)| {
        let name = (open && several).then(|| binder.fresh.name("end"))?;
        arrays.push(Output::new(&name, KqlType::Long, udaf.call(vec![position.clone()])));
        Some(name)
    });
    // Without keys there is a group even without rows.
    let some = binder.fresh.name("rows");
    let some = (group.is_empty() && !nonempty).then_some(some);
    arrays.extend(some.iter().map(|name| Output::new(name, KqlType::Long, count_udaf().call(vec![lit(1i64)]))));
    let mut result = aggregate(binned, &group, &arrays, &binder.fresh).at(span)?;
    if let Some(rows) = some.as_ref().and_then(|name| result.find(name)).map(ScopeColumn::expr) {
        result.map(|plan| plan.filter(rows.gt(lit(0i64)))).at(span)?;
        result.columns.pop();
    }
    let axis_values = axis_values(axis.1, range.0, range.1, range.2);
    let axis_column = binder.fresh.name(axis.0);
    let literal = Const::dynamic(&serde_json::Value::Array(axis_values)).expr();
    result.compute(vec![(literal, axis_column.clone())]).at(span)?;
    let name = unused(axis.0, &taken);
    result.columns.push(ScopeColumn { name, ty: KqlType::Dynamic, hidden: false, column: plan_column(axis_column) });
    if ends.iter().any(Option::is_some) {
        let found = ends.each_mut().map(|name| name.take().and_then(|name| result.find(&name).map(ScopeColumn::bound)));
        let [first, last] = found;
        let first = first.unwrap_or_else(|| BoundExpr::constant(Const::Long(0)));
        let last = last.unwrap_or_else(|| BoundExpr::constant(Const::Long(range.2.saturating_sub(1))));
        let kept = keys.len() + outputs.len();
        let axis = result.columns.pop();
        result.columns.truncate(kept);
        result.columns.extend(axis);
        cut(binder, &mut result, keys.len(), &first, &last, span)?;
    }
    Ok(result)
}

/// Leaves of the arrays, which are the columns from `start`, the elements from a position to another.
fn cut(
    binder: &Binder,
    result: &mut Relation,
    start: usize,
    first: &BoundExpr,
    last: &BoundExpr,
    span: Span,
) -> Bound<()> {
    let mut computed = Vec::new();
    let mut columns = result.columns.clone();
    for column in columns.iter_mut().skip(start) {
        let part = binder.builtin("array_slice", &[column.bound(), first.clone(), last.clone()], span)?;
        let name = binder.fresh.name(&column.name);
        computed.push((part.expr, name.clone()));
        column.column = plan_column(name);
    }
    result.compute(computed).at(span)?;
    result.columns = columns;
    Ok(())
}

fn end(binder: &Binder, expr: &Expr, ty: KqlType, env: &Env) -> Bound<Const> {
    let value = binder.constant_expr(expr, env)?;
    let Some(constant) = &value.constant else {
        return Err(Fault::new(codes::NOT_CONSTANT, expr.span, "the ends and the step of a series must be constant"));
    };
    coerce_const(constant, ty)
        .filter(|c| !c.is_null() || binder.options.check)
        .ok_or_else(|| Fault::wrong_type(expr.span, "this end or step of the series", &format!("`{ty}`"), value.ty))
}

fn extreme(binder: &Binder, input: &Relation, axis: &BoundExpr, least: bool, span: Span) -> Bound<Const> {
    let function = if least { min_udaf() } else { max_udaf() };
    let output = Output::new("end", axis.ty, function.call(vec![axis.expr.clone()]));
    let mut all = input.clone();
    all.groups = None;
    let relation = aggregate(all, &[], &[output], &binder.fresh).at(span)?;
    let value = binder.ask_scalar(relation, span)?;
    // Without rows there is nothing to begin at; any range of no bins will do.
    Ok(value.constant.filter(|c| !c.is_null()).unwrap_or(match axis.ty {
        KqlType::DateTime => Const::DateTime(0),
        KqlType::TimeSpan => Const::TimeSpan(0),
        KqlType::Real => Const::Real(0.0),
        KqlType::Int => Const::Int(0),
        _ => Const::Long(0),
    }))
}

fn bins(from: &Const, to: &Const, step: &Const, included: bool) -> Option<i64> {
    let whole = |c: &Const| c.as_ticks().or_else(|| c.as_long());
    if let (Some(from), Some(to), Some(step)) = (whole(from), whole(to), whole(step)) {
        if step <= 0 {
            return None;
        }
        let distance = i128::from(to) - i128::from(from);
        let step = i128::from(step);
        let count = if included { distance.div_euclid(step) + 1 } else { (distance + step - 1).div_euclid(step) };
        return i64::try_from(count.max(0)).ok();
    }
    let (from, to, step) = (from.as_real()?, to.as_real()?, step.as_real()?);
    let ratio = (to - from) / step;
    if step <= 0.0 || !ratio.is_finite() || ratio > MAX_BINS as f64 {
        return None;
    }
    Some(if included { ratio.floor() as i64 + 1 } else { ratio.ceil() as i64 }.max(0))
}

fn axis_values(ty: KqlType, from: &Const, step: &Const, bins: i64) -> Vec<serde_json::Value> {
    let whole = |c: &Const| c.as_ticks().or_else(|| c.as_long());
    (0..bins)
        .map(|i| {
            if let (Some(from), Some(step)) = (whole(from), whole(step)) {
                let value = from.saturating_add(step.saturating_mul(i));
                scalar_json(&match ty {
                    KqlType::DateTime => Const::DateTime(value),
                    KqlType::TimeSpan => Const::TimeSpan(value),
                    _ => Const::Long(value),
                })
            } else {
                let (from, step) = (from.as_real().unwrap_or(0.0), step.as_real().unwrap_or(0.0));
                scalar_json(&Const::Real(from + step * i as f64))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bin_may_be_cut_short_and_an_included_end_has_its_own() {
        let count = |to, step, included| bins(&Const::Long(0), &Const::Long(to), &Const::Long(step), included);
        assert_eq!(count(10, 4, false), Some(3));
        assert_eq!(count(8, 4, false), Some(2));
        assert_eq!(count(8, 4, true), Some(3));
        assert_eq!(count(-1, 4, false), Some(0));
        assert_eq!(count(8, 0, false), None);
    }
}
