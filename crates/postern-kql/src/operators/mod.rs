//! The operators of a pipeline, one file each: relation in, relation out.

pub mod assert_schema;
pub mod consume;
pub mod count;
pub mod datatable;
pub mod evaluate;
pub mod extend;
pub mod external;
pub mod facet;
pub mod find;
pub mod fork;
pub mod geo_lookup;
pub mod getschema;
pub mod graph;
pub mod groups;
pub mod invoke;
pub mod ip_lookup;
pub mod join;
pub mod make_series;
pub mod mv_apply;
pub mod mv_expand;
pub mod parse;
pub mod parse_kv;
pub mod partition;
pub mod plugins;
pub mod preview;
pub mod print;
pub mod project;
pub mod range;
pub mod render;
pub mod sample;
pub mod scan;
pub mod search;
pub mod sort;
pub mod summarize;
pub mod take;
pub mod top_nested;
pub mod union;
pub mod where_;

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{BinaryOp, ExprKind, Literal, NamedExpr, Operator, OperatorKind, Target};

use crate::bind::Binder;
use crate::bind::env::{Env, Named};
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, codes};
use crate::bind::fold::fold;
use crate::bind::scope::Relation;
use crate::bind::several;
use crate::functions::{BoundExpr, PathStep, dynamic::path};

/// Applies one operator; the names in force may grow (`as`).
pub fn apply(binder: &Binder, input: Relation, operator: &Operator, env: Env) -> Bound<(Relation, Env)> {
    let span = operator.span;
    let unsupported = |name: &str| Err(Fault::unsupported(span, &format!("`{name}`")));
    let takes_graph = matches!(
        operator.kind,
        OperatorKind::As { .. }
            | OperatorKind::GraphMarkComponents(_)
            | OperatorKind::GraphMatch(_)
            | OperatorKind::GraphToTable(_)
    );
    if input.graph.is_some() && !takes_graph {
        return Err(on_graph(span));
    }
    let relation = match &operator.kind {
        OperatorKind::As { name, hints } => {
            let shared = hints.iter().any(|h| {
                h.name == "hint.materialized" && matches!(h.value.kind, ExprKind::Literal(Literal::Bool(true)))
            });
            let input = if shared { binder.share(input, span)? } else { input };
            let env = env.with(&name.text, Named::Table(Box::new(input.clone())));
            return Ok((input, env));
        }
        OperatorKind::AssertSchema(schema) => assert_schema::assert_schema(input, schema)?,
        OperatorKind::Consume(_) => consume::consume(input, span)?,
        OperatorKind::Count => count::count(binder, input, span)?,
        OperatorKind::Distinct { columns, .. } => summarize::distinct(binder, input, columns, &env, span)?,
        OperatorKind::Evaluate(call) => evaluate::evaluate(binder, Some(input), call, &env)?,
        OperatorKind::Extend(items) => extend::extend(binder, input, items, &env, span)?,
        // At the end of a query, where they may stand, they are bound by `Binder::results`.
        OperatorKind::Facet { .. } => return Err(several::misplaced("facet", span, None)),
        OperatorKind::Fork(_) => return Err(several::misplaced("fork", span, None)),
        OperatorKind::GetSchema => getschema::getschema(binder, &input, span)?,
        OperatorKind::GraphMarkComponents(options) => graph::mark(binder, &input, options, span)?,
        OperatorKind::GraphMatch(operator) => graph::matched(binder, &input, operator, &env, span)?,
        OperatorKind::GraphToTable(tables) => return graph::to_table(binder, &input, tables, &env, span),
        OperatorKind::Invoke(call) => invoke::invoke(binder, input, call, &env)?,
        OperatorKind::Join(join) => join::join(binder, input, join, &env, span)?,
        OperatorKind::Lookup(lookup) => join::lookup(binder, input, lookup, &env, span)?,
        OperatorKind::MakeGraph(made) => graph::make(binder, input, made, &env, span)?,
        OperatorKind::MakeSeries(series) => make_series::make_series(binder, input, series, &env, span)?,
        OperatorKind::MvApply(apply) => mv_apply::mv_apply(binder, input, apply, &env, span)?,
        OperatorKind::MvExpand(expand) => mv_expand::mv_expand(binder, input, expand, &env, span)?,
        OperatorKind::Parse(parse) => parse::parse(binder, input, parse, &env, span)?,
        OperatorKind::ParseKv(parse) => parse_kv::parse_kv(binder, input, parse, &env, span)?,
        OperatorKind::Partition(partition) => partition::partition(binder, input, partition, &env, span)?,
        OperatorKind::Project(items) => project::project(binder, input, items, &env, span)?,
        OperatorKind::ProjectAway(patterns) => project::away(input, patterns),
        OperatorKind::ProjectByNames(names) => project::by_names(binder, input, names, &env)?,
        OperatorKind::ProjectKeep(patterns) => project::keep(input, patterns),
        OperatorKind::ProjectRename(renames) => project::rename(input, renames)?,
        OperatorKind::ProjectReorder(columns) => project::reorder(input, columns),
        OperatorKind::Reduce { .. } => return unsupported("reduce"),
        OperatorKind::Render(render) => render::render(binder, input, render, &env)?,
        OperatorKind::Sample(size) => sample::sample(binder, input, size, &env, span)?,
        OperatorKind::SampleDistinct { count, of } => sample::distinct(binder, input, count, of, &env, span)?,
        OperatorKind::Scan(scan) => scan::scan(binder, input, scan, &env, span)?,
        OperatorKind::Search(search) => search::search(binder, Some(input), search, &env, span)?,
        OperatorKind::Serialize(items) => extend::serialize(binder, input, items, &env, span)?,
        OperatorKind::Sort { keys, .. } => sort::sort(binder, input, keys, &env, span)?,
        OperatorKind::Summarize(summarize) => summarize::summarize(binder, input, summarize, &env, span)?,
        OperatorKind::Take(size) => take::take(binder, input, size, &env, span)?,
        OperatorKind::Top { count, by, .. } => sort::top(binder, input, count, by, &env, span)?,
        OperatorKind::TopHitters { count, of, by } => {
            top_nested::top_hitters(binder, input, count, of, by.as_ref(), &env, span)?
        }
        OperatorKind::TopNested(levels) => top_nested::top_nested(binder, input, levels, &env, span)?,
        OperatorKind::Union(union) => union::union(binder, Some(input), union, &env, span)?,
        OperatorKind::Where(predicate) => where_::where_(binder, input, predicate, &env)?,
        OperatorKind::Unsupported(what) => return Err(Fault::unsupported(what.span, &format!("`{}`", what.name))),
        OperatorKind::Error => return Err(Fault::reported(span)),
    };
    Ok((relation, env))
}

/// A graph where rows must stand.
pub(crate) fn on_graph(span: Span) -> Fault {
    Fault::new(codes::WRONG_KIND, span, "this operator works on a table, not on a graph")
        .hint("go on with `graph-match`, `graph-shortest-paths` or `graph-to-table`")
}

/// Binds a list of `name = expression` items; an unnamed one takes the name of its expression, or `Column1`, ….
pub fn named(binder: &Binder, items: &[NamedExpr], scope: &mut Scope, env: &Env) -> Bound<Vec<(String, BoundExpr)>> {
    let mut unnamed = 0;
    named_with(binder, items, scope, env, |value, _| {
        value.name.clone().unwrap_or_else(|| {
            unnamed += 1;
            format!("Column{unnamed}")
        })
    })
}

/// The same with another rule for what is not named; it gets the value and the item's position.
pub fn named_with(
    binder: &Binder,
    items: &[NamedExpr],
    scope: &mut Scope,
    env: &Env,
    mut unnamed: impl FnMut(&BoundExpr, usize) -> String,
) -> Bound<Vec<(String, BoundExpr)>> {
    let mut bound = Vec::with_capacity(items.len());
    let mut unknown = false;
    for (position, item) in items.iter().enumerate() {
        let value = binder.expr(&item.expr, scope, env).map_err(|fault| named_by_comparison(item, fault));
        let failed = value.is_err();
        let value = binder.or_go_on(value, scope.relation.open, Binder::unknown_value)?;
        unknown |= failed;
        if let Some(several) = several(binder, item, &value, scope, env)? {
            bound.extend(several);
            continue;
        }
        let name = match &item.target {
            Target::Name(name) => name.text.clone(),
            Target::Auto => unnamed(&value, position),
            Target::Tuple(names) => match names.as_slice() {
                [name] => name.text.clone(),
                _ => return Err(Fault::unsupported(item.span, "several names for one value")),
            },
        };
        bound.push((name, value));
    }
    scope.relation.open |= unknown;
    Ok(bound)
}

/// `extend a == 1` with an unknown `a`: one equals sign names a column.
fn named_by_comparison(item: &NamedExpr, fault: Fault) -> Fault {
    match (&item.target, &item.expr.kind, fault) {
        (Target::Auto, ExprKind::Binary { op: BinaryOp::Equal, left, .. }, Fault::Query(told))
            if told.code == codes::UNKNOWN_NAME && told.span == left.span =>
        {
            let hint = match &left.kind {
                ExprKind::Name(name) => format!("a column gets its name with one equals sign: `{} = …`", name.text),
                _ => return Fault::Query(told),
            };
            Fault::Query(told).hint(hint)
        }
        (_, _, fault) => fault,
    }
}

/// The columns of a call that gives several (`array_sort_asc(a, b)`, `series_stats(x)`); its value is an array of theirs.
fn several(
    binder: &Binder,
    item: &NamedExpr,
    value: &BoundExpr,
    scope: &mut Scope,
    env: &Env,
) -> Bound<Option<Vec<(String, BoundExpr)>>> {
    let columns = binder.columns_of(&item.expr, scope, env)?;
    if columns.is_empty() {
        return Ok(None);
    }
    let mut bound = Vec::with_capacity(columns.len());
    for (index, (own, ty)) in columns.into_iter().enumerate() {
        let step = [PathStep::Index(index as i64)];
        let part = path::access(value, &step).map_err(|e| Fault::bind(codes::OPERAND, e, item.span))?;
        let name = match &item.target {
            Target::Tuple(names) => names.get(index).map_or(own, |n| n.text.clone()),
            Target::Name(first) if index == 0 => first.text.clone(),
            _ => own,
        };
        bound.push((name, fold(crate::functions::conversion::convert(&part, ty))));
    }
    Ok(Some(bound))
}

/// Whether text matches a pattern in which `*` stands for any run of characters.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return false };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::wildcard;

    #[test]
    fn a_star_stands_for_any_run() {
        assert!(wildcard("Device*", "DeviceEvents"));
        assert!(wildcard("*", ""));
        assert!(wildcard("a*c*e", "abcde"));
        assert!(!wildcard("a*c*e", "abcd"));
        assert!(!wildcard("ab*ba", "aba"));
        assert!(!wildcard("Device", "DeviceEvents"));
    }
}
