//! `top-nested` and `top-hitters`: the values that weigh most, level within level.

use datafusion::common::{JoinType, NullEquality, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::{lit, when};
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, SortOrder, TopNested};

use super::extend::{add, materialise};
use super::{named, summarize};
use crate::bind::Binder;
use crate::bind::coerce::coerce;
use crate::bind::compare::negate;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::{OrderKey, Relation, ScopeColumn};
use crate::functions::BoundExpr;
use crate::plan::aggregate::{Output, aggregate};
use crate::plan::rows;
use crate::plan::union::unused;
use crate::types::KqlType;

/// Applies `top-hitters`.
pub fn top_hitters(
    binder: &Binder,
    mut input: Relation,
    count: &Expr,
    of: &Expr,
    by: Option<&Expr>,
    env: &Env,
    span: Span,
) -> Bound<Relation> {
    let count = binder.count(count, env, "the number of values")?;
    let value = binder.expr(of, &mut Scope::row(&mut input), env)?;
    let name = value.name.clone().unwrap_or_else(|| "Column1".to_owned());
    let weight = match by {
        None => Output::new(format!("approximate_count_{name}"), KqlType::Long, count_udaf().call(vec![lit(1i64)])),
        Some(by) => {
            let weight = binder.expr(by, &mut Scope::row(&mut input), env)?;
            let ty = if weight.ty == KqlType::Int { KqlType::Long } else { weight.ty };
            if !ty.is_numeric() {
                return Err(Fault::wrong_type(by.span, "a weight", "a number", weight.ty));
            }
            let shown = weight.name.clone().unwrap_or_else(|| "Column2".to_owned());
            let weight = coerce(&weight, ty, &binder.cx()).unwrap_or(weight);
            Output::new(format!("approximate_sum_{shown}"), ty, sum_udaf().call(vec![weight.expr]))
        }
    };
    let key = Output::new(name, value.ty, value.expr);
    let mut result = aggregate(input, &[key], &[weight], &binder.fresh).at(span)?;
    if let Some(weight) = result.columns.last().map(|c| c.column.clone()) {
        result.order = vec![OrderKey { column: weight, ascending: false, nulls_first: false }];
        result.sorted = true;
        result.serialized = true;
    }
    rows::limit(&mut result, count, &binder.fresh).at(span)?;
    Ok(result)
}

/// Applies `top-nested`: each level keeps its best values within those that the level above kept; with `others`, one row
/// stands for all values that it does not keep, and its weight is computed over their rows.
pub fn top_nested(binder: &Binder, input: Relation, levels: &[TopNested], env: &Env, span: Span) -> Bound<Relation> {
    let marked = levels.iter().any(|level| level.others.is_some());
    let mut nest =
        Nest { binder, rows: input, result: None, shown: vec![], taken: vec![], marked, others: false, span };
    nest.rows.unordered();
    let last = levels.len().saturating_sub(1);
    for (index, level) in levels.iter().enumerate() {
        nest.level(index, level, index == last, env)?;
    }
    let mut result =
        nest.result.ok_or_else(|| Fault::new(codes::ARGUMENT_COUNT, span, "`top-nested` needs a level"))?;
    let mut columns: Vec<ScopeColumn> = Vec::new();
    for (index, (name, weight)) in nest.shown.iter().enumerate() {
        columns.extend(result.find(&place("shown", index)).map(|c| ScopeColumn { name: name.clone(), ..c.clone() }));
        columns.extend(result.find(&place("weight", index)).map(|c| ScopeColumn { name: weight.clone(), ..c.clone() }));
    }
    result.columns = columns;
    Ok(result)
}

/// The name of a level's own column; no query can write it.
fn place(what: &str, level: usize) -> String {
    format!("\u{1f}{what}{level}")
}

struct Nest<'a, 'b> {
    binder: &'a Binder<'b>,
    /// The rows, with what each level shows of them (`shown`) and whether they are among a level's others (`other`).
    rows: Relation,
    /// The levels so far.
    result: Option<Relation>,
    /// The names of values and weights.
    shown: Vec<(String, String)>,
    taken: Vec<String>,
    /// Whether some level has others, so that the rows must be marked.
    marked: bool,
    /// Whether a level so far has others.
    others: bool,
    span: Span,
}

impl Nest<'_, '_> {
    fn level(&mut self, index: usize, level: &TopNested, last: bool, env: &Env) -> Bound<()> {
        let (binder, span) = (self.binder, self.span);
        let mut bound = named(binder, std::slice::from_ref(&level.of), &mut Scope::row(&mut self.rows), env)?;
        let Some((name, value)) = bound.pop() else { return Ok(()) };
        if value.ty == KqlType::Dynamic {
            return Err(Fault::wrong_type(level.of.span, "a level of `top-nested`", "a scalar value", value.ty)
                .hint("convert it with `tostring()`"));
        }
        let name = unused(&name, &self.taken);
        self.taken.push(name.clone());
        let ty = value.ty;
        let mut names = vec![name.clone()];
        let by = std::slice::from_ref(&level.by);
        let mut outputs = summarize::aggregates(binder, &mut self.rows, by, &mut names, env)?;
        let Some(mut weight) = outputs.pop() else { return Ok(()) };
        if matches!(level.by.target, postern_kql_syntax::ast::Target::Auto) {
            weight.name = format!("aggregated_{name}");
        }
        weight.name = unused(&weight.name, &self.taken);
        self.taken.push(weight.name.clone());
        self.shown.push((name, weight.name.clone()));
        weight.name = place("weight", index);
        self.put(vec![(place("key", index), value)])?;
        let kept = self.kept(index, level, &weight, env)?;
        let here = if let Some(others) = &level.others {
            let other = binder.constant_expr(others, env)?;
            let other = binder.coerce_to(other, ty, others.span, "the value of `others`")?;
            self.mark(index, kept, Some(other), ty)?;
            self.others = true;
            self.weighed(index, &weight)?
        } else {
            if self.marked && !last {
                self.mark(index, kept.clone(), None, ty)?;
            } else if let Some(key) = self.rows.find(&place("key", index)).cloned() {
                self.rows.columns.push(ScopeColumn { name: place("shown", index), ..key });
            }
            kept
        };
        let Some(above) = self.result.take() else {
            self.result = Some(here);
            return Ok(());
        };
        let kind = if self.others { JoinType::Left } else { JoinType::Inner };
        let keys = (0..index).flat_map(|level| [place("shown", level), place("other", level)]);
        let mut joined = side_by_side(above, here, &keys.collect::<Vec<_>>(), kind).at(span)?;
        // What a level without others says of the others of a level above: nothing, and it is not among its best.
        let mut filled = Vec::new();
        for (what, missing) in [("shown", ty.missing()), ("other", ScalarValue::Boolean(Some(true)))] {
            if let Some(column) = joined.find(&place(what, index)) {
                let value = if missing.is_null() { column.expr() } else { coalesce(vec![column.expr(), lit(missing)]) };
                filled.push((place(what, index), BoundExpr::new(value, column.ty)));
            }
        }
        add(binder, &mut joined, filled, span)?;
        self.result = Some(joined);
        Ok(())
    }

    /// Adds columns to the rows.
    fn put(&mut self, values: Vec<(String, BoundExpr)>) -> Bound<()> {
        let columns = materialise(self.binder, &mut self.rows, values, self.span)?;
        for column in columns {
            self.rows.set(ScopeColumn { hidden: true, ..column });
        }
        Ok(())
    }

    /// The rows read once more, and an expression over them.
    fn again(&self, weight: &Output) -> Bound<(Relation, Output)> {
        let rows = self.binder.reread(&self.rows, self.span)?;
        let expr = moved(weight.expr.clone(), &self.rows, &rows).at(self.span)?;
        Ok((rows, Output { expr, ..weight.clone() }))
    }

    /// The best values of a level, which are the others of no level.
    fn kept(&self, index: usize, level: &TopNested, weight: &Output, env: &Env) -> Bound<Relation> {
        let (binder, span) = (self.binder, self.span);
        let (mut rows, weight) = self.again(weight)?;
        if let Some(other) = index.checked_sub(1).and_then(|above| rows.find(&place("other", above))) {
            let own = negate(other.expr());
            rows.map(|plan| plan.filter(own)).at(span)?;
        }
        let above = (0..index).flat_map(|level| [place("shown", level), place("other", level)]);
        let mut keys: Vec<Output> =
            above.filter_map(|name| rows.find(&name).map(|c| Output::new(name.clone(), c.ty, c.expr()))).collect();
        let outer = keys.len();
        if let Some(key) = rows.find(&place("key", index)) {
            keys.push(Output::new(place("shown", index), key.ty, key.expr()));
        }
        let mut kept = aggregate(rows, &keys, &[weight], &binder.fresh).at(span)?;
        if let Some(count) = &level.count {
            let count = binder.count(count, env, "the number of values")?;
            let Some(column) = kept.find(&place("weight", index)).map(|c| c.column.clone()) else {
                return Err(Fault::new(codes::INTERNAL, span, "the weight of a level is lost"));
            };
            kept.order = vec![OrderKey { column, ascending: level.order == Some(SortOrder::Asc), nulls_first: false }];
            // Within the levels above, and within the group that all of it is in.
            let own = kept.groups.clone();
            let mut groups = own.clone().unwrap_or_default();
            groups.keys.extend(kept.columns.iter().take(outer).map(|c| c.column.clone()));
            kept.groups = Some(groups);
            rows::limit(&mut kept, count, &binder.fresh).at(span)?;
            kept.groups = own;
            kept.order.clear();
        }
        if self.marked {
            let none = vec![(place("other", index), BoundExpr::new(lit(false), KqlType::Bool))];
            add(binder, &mut kept, none, span)?;
        }
        Ok(kept)
    }

    /// Notes in the rows what a level shows of them: their own value when it is kept, else that of its others; without
    /// others they go, unless they are others of a level above.
    fn mark(&mut self, index: usize, kept: Relation, other: Option<BoundExpr>, ty: KqlType) -> Bound<()> {
        let (binder, span) = (self.binder, self.span);
        let mut kept = kept;
        let found = place("kept", index);
        add(binder, &mut kept, vec![(found.clone(), BoundExpr::new(lit(true), KqlType::Bool))], span)?;
        let mut kept = binder.reread(&kept, span)?;
        for column in &mut kept.columns {
            if column.name == place("shown", index) {
                column.name = place("key", index);
            }
        }
        kept.columns.retain(|c| c.name != place("other", index) && c.name != place("weight", index));
        let mut keys: Vec<String> = (0..index).flat_map(|l| [place("shown", l), place("other", l)]).collect();
        keys.push(place("key", index));
        let rows = std::mem::replace(&mut self.rows, binder.nowhere());
        let mut rows = side_by_side(rows, kept, &keys, JoinType::Left).at(span)?;
        let lost = || Fault::new(codes::INTERNAL, span, "a level is lost");
        let is_kept = coalesce(vec![rows.find(&found).ok_or_else(lost)?.expr(), lit(false)]);
        let above = index.checked_sub(1).and_then(|l| rows.find(&place("other", l))).map(ScopeColumn::expr);
        let key = rows.find(&place("key", index)).ok_or_else(lost)?.expr();
        let above = above.unwrap_or_else(|| lit(false));
        if other.is_none() {
            let stays = is_kept.clone().or(above.clone());
            rows.map(|plan| plan.filter(stays)).at(span)?;
        }
        let own = is_kept.and(negate(above));
        let instead = other.map_or_else(|| lit(ty.missing()), |other| other.expr);
        let shown = when(own.clone(), key).otherwise(instead).at(span)?;
        self.rows = rows;
        self.put(vec![
            (place("shown", index), BoundExpr::new(shown, ty)),
            (place("other", index), BoundExpr::new(negate(own), KqlType::Bool)),
        ])
    }

    /// The weights of what a level shows, its others too.
    fn weighed(&self, index: usize, weight: &Output) -> Bound<Relation> {
        let (rows, weight) = self.again(weight)?;
        let keys: Vec<Output> = (0..=index)
            .flat_map(|level| [place("shown", level), place("other", level)])
            .filter_map(|name| rows.find(&name).map(|c| Output::new(name.clone(), c.ty, c.expr())))
            .collect();
        aggregate(rows, &keys, &[weight], &self.binder.fresh).at(self.span)
    }
}

/// Two relations joined where their columns of these names are equal, null being equal to null, and each group with
/// itself; the right side adds only columns whose names are new.
fn side_by_side(left: Relation, right: Relation, keys: &[String], kind: JoinType) -> Result<Relation, DataFusionError> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for key in keys {
        if let (Some(a), Some(b)) = (left.find(key), right.find(key)) {
            ours.push(a.column.clone());
            theirs.push(b.column.clone());
        }
    }
    if let (Some(a), Some(b)) = (&left.groups, &right.groups) {
        ours.extend(a.keys.iter().cloned());
        theirs.extend(b.keys.iter().cloned());
    }
    let added: Vec<ScopeColumn> = right.columns.iter().filter(|c| left.find(&c.name).is_none()).cloned().collect();
    let mut joined = left;
    joined.map(|plan| plan.join_detailed(right.plan, kind, (ours, theirs), None, NullEquality::NullEqualsNull))?;
    joined.unique = None;
    joined.columns.extend(added);
    Ok(joined)
}

/// An expression over one reading of the rows, over another reading of the same rows.
fn moved(
    expr: datafusion::logical_expr::Expr,
    from: &Relation,
    to: &Relation,
) -> datafusion::error::Result<datafusion::logical_expr::Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    use datafusion::logical_expr::Expr;
    let (old, new) = (from.live(), to.live());
    expr.transform(|node| {
        Ok(match &node {
            Expr::Column(column) => match old.iter().position(|c| c == column).and_then(|at| new.get(at)) {
                Some(column) => Transformed::yes(Expr::Column(column.clone())),
                None => Transformed::no(node),
            },
            _ => Transformed::no(node),
        })
    })
    .map(|t| t.data)
}
