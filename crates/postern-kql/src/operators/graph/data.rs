//! A graph in memory: nodes and edges with their properties, and who is next to whom.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch};
use datafusion::logical_expr::Expr as PlanExpr;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::create_physical_expr;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::Expr;

use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::functions::BoundExpr;
use crate::operators::datatable::of_arrays;
use crate::types::KqlType;

/// The column of the number of edges that lead to a node.
pub const DEGREE_IN: &str = "#degree_in";
/// The column of the number of edges that lead away from a node.
pub const DEGREE_OUT: &str = "#degree_out";

/// The nodes or the edges: properties by name.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// Names and types.
    pub columns: Vec<(String, KqlType)>,
    /// The values of each property.
    pub arrays: Vec<ArrayRef>,
    /// How many there are.
    pub rows: usize,
}

/// A graph.
#[derive(Debug, Clone, Default)]
pub struct GraphData {
    /// The nodes.
    pub nodes: Side,
    /// The edges.
    pub edges: Side,
    /// Source and target of each edge, as rows of the nodes.
    pub ends: Vec<(u32, u32)>,
}

impl Side {
    /// A property by name.
    pub fn find(&self, name: &str) -> Option<(KqlType, &ArrayRef)> {
        let at = self.columns.iter().position(|(n, _)| n == name)?;
        Some((self.columns.get(at)?.1, self.arrays.get(at)?))
    }

    /// Adds a property; one of the same name is replaced.
    pub fn set(&mut self, name: &str, ty: KqlType, array: ArrayRef) {
        match self.columns.iter().position(|(n, _)| n == name) {
            Some(at) => {
                if let (Some(column), Some(slot)) = (self.columns.get_mut(at), self.arrays.get_mut(at)) {
                    column.1 = ty;
                    *slot = array;
                }
            }
            None => {
                self.columns.push((name.to_owned(), ty));
                self.arrays.push(array);
            }
        }
    }

    /// The properties that a query can see.
    pub fn visible(&self) -> impl Iterator<Item = (&(String, KqlType), &ArrayRef)> {
        self.columns.iter().zip(&self.arrays).filter(|((name, _), _)| !name.starts_with('#'))
    }

    /// The value of an expression over the properties, for each row.
    pub fn evaluate(&self, binder: &Binder, expr: &Expr, env: &Env) -> Bound<(KqlType, ArrayRef)> {
        let mut relation = of_arrays(binder, &self.columns, vec![self.arrays.clone()], expr.span)?;
        let bound = binder.expr(expr, &mut Scope::row(&mut relation), env)?;
        self.values(&relation.plan, &bound, expr.span).map(|array| (bound.ty, array))
    }

    /// The same for an expression made from bound columns.
    pub fn compute(
        &self,
        binder: &Binder,
        span: Span,
        make: impl FnOnce(&[BoundExpr]) -> Bound<BoundExpr>,
    ) -> Bound<ArrayRef> {
        let relation = of_arrays(binder, &self.columns, vec![self.arrays.clone()], span)?;
        let columns: Vec<BoundExpr> = relation.columns.iter().map(crate::bind::scope::ScopeColumn::bound).collect();
        self.values(&relation.plan, &make(&columns)?, span)
    }

    fn values(&self, plan: &datafusion::logical_expr::LogicalPlan, bound: &BoundExpr, span: Span) -> Bound<ArrayRef> {
        let fault = |error: datafusion::error::DataFusionError| {
            Fault::new(codes::EXECUTION, span, format!("this cannot be computed: {}", error.strip_backtrace()))
        };
        let schema = plan.schema();
        let mut arrays = self.arrays.clone();
        arrays.push(Arc::new((0..self.rows as i64).collect::<Int64Array>()));
        let batch = RecordBatch::try_new(Arc::clone(schema.inner()), arrays).map_err(|e| fault(e.into()))?;
        let expr: &PlanExpr = &bound.expr;
        let physical =
            create_physical_expr(expr, schema, &ExecutionProps::new(), &PhysicalPlanningContext::default()).at(span)?;
        physical.evaluate(&batch).and_then(|v| v.into_array(self.rows)).map_err(fault)
    }
}

impl GraphData {
    /// The edges that leave each node and those that reach it, each with the node at the other end.
    pub fn neighbours(&self) -> (Vec<Vec<(u32, u32)>>, Vec<Vec<(u32, u32)>>) {
        let (mut out, mut into) = (vec![Vec::new(); self.nodes.rows], vec![Vec::new(); self.nodes.rows]);
        for (edge, (source, target)) in self.ends.iter().enumerate() {
            if let Some(list) = out.get_mut(*source as usize) {
                list.push((edge as u32, *target));
            }
            if let Some(list) = into.get_mut(*target as usize) {
                list.push((edge as u32, *source));
            }
        }
        (out, into)
    }

    /// Puts the degrees of the nodes among their properties.
    pub fn count_degrees(&mut self) {
        let (mut out, mut into) = (vec![0i64; self.nodes.rows], vec![0i64; self.nodes.rows]);
        for (source, target) in &self.ends {
            if let Some(count) = out.get_mut(*source as usize) {
                *count += 1;
            }
            if let Some(count) = into.get_mut(*target as usize) {
                *count += 1;
            }
        }
        self.nodes.set(DEGREE_IN, KqlType::Long, Arc::new(Int64Array::from(into)));
        self.nodes.set(DEGREE_OUT, KqlType::Long, Arc::new(Int64Array::from(out)));
    }

    /// The component of each node, numbered in order of their first nodes; directions count when `strong`.
    pub fn components(&self, strong: bool) -> Vec<i64> {
        let (out, into) = self.neighbours();
        let mut component = vec![usize::MAX; self.nodes.rows];
        if strong {
            // Kosaraju: nodes in the order in which a search leaves them, then backwards against the edges.
            let mut order = Vec::with_capacity(self.nodes.rows);
            let mut seen = vec![false; self.nodes.rows];
            for start in 0..self.nodes.rows {
                let mut path: Vec<(usize, usize)> = vec![];
                if seen.get(start) == Some(&false) {
                    path.push((start, 0));
                    seen.iter_mut().skip(start).take(1).for_each(|s| *s = true);
                }
                while let Some((node, next)) = path.pop() {
                    match out.get(node).and_then(|list| list.get(next)) {
                        Some((_, to)) => {
                            path.push((node, next + 1));
                            let to = *to as usize;
                            if let Some(flag) = seen.get_mut(to).filter(|flag| !**flag) {
                                *flag = true;
                                path.push((to, 0));
                            }
                        }
                        None => order.push(node),
                    }
                }
            }
            for start in order.into_iter().rev() {
                flood(start, &mut component, |node| into.get(node).into_iter().flatten().map(|(_, n)| *n as usize));
            }
        } else {
            for start in 0..self.nodes.rows {
                let next = |node: usize| {
                    let all = out.get(node).into_iter().chain(into.get(node)).flatten();
                    all.map(|(_, n)| *n as usize).collect::<Vec<_>>().into_iter()
                };
                flood(start, &mut component, next);
            }
        }
        let mut numbers: HashMap<usize, i64> = HashMap::new();
        component
            .into_iter()
            .map(|c| {
                let next = numbers.len() as i64;
                *numbers.entry(c).or_insert(next)
            })
            .collect()
    }
}

/// Marks everything that can be reached from a node and is not marked yet.
fn flood<I: Iterator<Item = usize>>(start: usize, component: &mut [usize], next: impl Fn(usize) -> I) {
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        let Some(slot) = component.get_mut(node).filter(|slot| **slot == usize::MAX) else { continue };
        *slot = start;
        open.extend(next(node));
    }
}

/// Whether each row of a condition is true.
pub fn mask(array: &ArrayRef) -> Vec<bool> {
    use arrow::array::AsArray;
    let Some(values) = array.as_boolean_opt() else { return vec![false; array.len()] };
    (0..values.len()).map(|row| values.is_valid(row) && values.value(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_with_and_without_directions() {
        let nodes = Side { rows: 5, ..Side::default() };
        let ends = vec![(0, 1), (1, 2), (2, 0), (2, 3)];
        let graph = GraphData { nodes, edges: Side { rows: 4, ..Side::default() }, ends };
        assert_eq!(graph.components(false), [0, 0, 0, 0, 1]);
        assert_eq!(graph.components(true), [0, 0, 0, 1, 2]);
    }
}
