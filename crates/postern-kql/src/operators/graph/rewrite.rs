//! The parts of a condition or column that speak of a pattern's variables, as columns of the matches.

use std::collections::HashMap;

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Arg, Call, Expr, ExprKind, InList, Name};

use super::data::{DEGREE_IN, DEGREE_OUT};
use crate::bind::fault::{Bound, Fault, codes};

/// What a name of the pattern stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Var {
    /// A node.
    Node(usize),
    /// One edge.
    Edge(usize),
    /// A run of edges.
    Run(usize),
}

/// What `map`, `all` and `any` make of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// A list of values.
    Map,
    /// Whether a condition holds for each.
    All,
    /// Whether it holds for one.
    Any,
}

/// A column of the matches.
#[derive(Debug, Clone, PartialEq)]
pub enum Needed {
    /// A property, or everything, of a variable.
    Property(Var, Option<String>),
    /// Something over the edges of a run, or over the nodes between them; without an expression, all properties.
    Fold(Fold, usize, bool, Option<Expr>),
}

/// Rewrites expressions; the columns that they need gather here.
pub struct Rewriter<'v> {
    vars: &'v HashMap<String, Var>,
    /// The columns with their names.
    pub needed: Vec<(String, Needed)>,
}

impl<'v> Rewriter<'v> {
    /// A rewriter over the variables of a pattern.
    pub fn new(vars: &'v HashMap<String, Var>) -> Self {
        Self { vars, needed: Vec::new() }
    }

    fn column(&mut self, needed: Needed, span: Span) -> Expr {
        let name = match self.needed.iter().find(|(_, n)| *n == needed) {
            Some((name, _)) => name.clone(),
            None => {
                let name = format!("#{}", self.needed.len());
                self.needed.push((name.clone(), needed));
                name
            }
        };
        Expr { kind: ExprKind::Name(Name { text: name, quoted: true, span }), span }
    }

    fn var(&self, expr: &Expr) -> Option<Var> {
        match &expr.kind {
            ExprKind::Name(name) => self.vars.get(&name.text).copied(),
            _ => None,
        }
    }

    /// The expression over columns of the matches.
    #[recursive::recursive]
    pub fn rewrite(&mut self, expr: &Expr) -> Bound<Expr> {
        if let Some(var) = self.var(expr) {
            return Ok(self.column(Needed::Property(var, None), expr.span));
        }
        match &expr.kind {
            ExprKind::Member { base, name } => {
                if let Some(var) = self.var(base) {
                    return Ok(self.column(Needed::Property(var, Some(name.text.clone())), expr.span));
                }
            }
            ExprKind::Call(call) => {
                if let Some(found) = self.call(call)? {
                    return Ok(found);
                }
            }
            _ => {}
        }
        descend(expr, &mut |child| self.rewrite(child))
    }

    /// A run of edges, or `inner_nodes` of one.
    fn run(&self, expr: &Expr) -> Option<(usize, bool)> {
        match (&expr.kind, self.var(expr)) {
            (_, Some(Var::Run(run))) => Some((run, false)),
            (ExprKind::Call(call), _) if call.name.text == "inner_nodes" => match call.args.as_slice() {
                [arg] => match self.var(&arg.value) {
                    Some(Var::Run(run)) => Some((run, true)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    fn call(&mut self, call: &Call) -> Bound<Option<Expr>> {
        let name = call.name.text.as_str();
        let fold = match name {
            "map" => Fold::Map,
            "all" => Fold::All,
            "any" => Fold::Any,
            "inner_nodes" => {
                let whole = Expr { kind: ExprKind::Call(call.clone()), span: call.span };
                return match self.run(&whole) {
                    Some((run, _)) => Ok(Some(self.column(Needed::Fold(Fold::Map, run, true, None), call.span))),
                    None => Err(not_a_run(name, call.span)),
                };
            }
            "node_degree_in" | "node_degree_out" => {
                let [arg] = call.args.as_slice() else { return Err(not_a_node(name, call.span)) };
                let Some(var @ Var::Node(_)) = self.var(&arg.value) else { return Err(not_a_node(name, arg.span)) };
                return Ok(Some(self.column(Needed::Property(var, Some(degree(name).to_owned())), call.span)));
            }
            "labels" => return Err(Fault::unsupported(call.span, "`labels()`: the nodes and edges here have none")),
            _ => return Ok(None),
        };
        let [over, value] = call.args.as_slice() else { return Err(not_a_run(name, call.span)) };
        let Some((run, inner)) = self.run(&over.value) else { return Err(not_a_run(name, over.span)) };
        let value = inside(&value.value)?;
        Ok(Some(self.column(Needed::Fold(fold, run, inner, Some(value)), call.span)))
    }
}

fn degree(function: &str) -> &'static str {
    if function == "node_degree_in" { DEGREE_IN } else { DEGREE_OUT }
}

fn not_a_run(name: &str, span: Span) -> Fault {
    Fault::new(codes::ARGUMENT, span, format!("`{name}` works on an edge of variable length"))
        .hint("name such an edge in the pattern: `-[e*1..5]->`")
}

fn not_a_node(name: &str, span: Span) -> Fault {
    Fault::new(codes::ARGUMENT, span, format!("`{name}` works on a node of the pattern"))
}

/// An expression over the properties of one edge or node: `node_degree_in()` is a property too.
#[recursive::recursive]
fn inside(expr: &Expr) -> Bound<Expr> {
    if let ExprKind::Call(call) = &expr.kind {
        match call.name.text.as_str() {
            name @ ("node_degree_in" | "node_degree_out") if call.args.is_empty() => {
                let name = Name { text: degree(name).to_owned(), quoted: true, span: expr.span };
                return Ok(Expr { kind: ExprKind::Name(name), span: expr.span });
            }
            "labels" => return Err(Fault::unsupported(expr.span, "`labels()`: the nodes and edges here have none")),
            _ => {}
        }
    }
    descend(expr, &mut inside)
}

/// The same expression with other children.
fn descend(expr: &Expr, each: &mut dyn FnMut(&Expr) -> Bound<Expr>) -> Bound<Expr> {
    let kind = match &expr.kind {
        ExprKind::Member { base, name } => ExprKind::Member { base: Box::new(each(base)?), name: name.clone() },
        ExprKind::Index { base, index } => {
            ExprKind::Index { base: Box::new(each(base)?), index: Box::new(each(index)?) }
        }
        ExprKind::Call(call) => {
            let mut args = Vec::with_capacity(call.args.len());
            for arg in &call.args {
                args.push(Arg { name: arg.name.clone(), value: each(&arg.value)?, span: arg.span });
            }
            ExprKind::Call(Call { name: call.name.clone(), args, span: call.span })
        }
        ExprKind::Unary { op, operand } => ExprKind::Unary { op: *op, operand: Box::new(each(operand)?) },
        ExprKind::Binary { op, op_span, left, right } => {
            ExprKind::Binary { op: *op, op_span: *op_span, left: Box::new(each(left)?), right: Box::new(each(right)?) }
        }
        ExprKind::Logical { op, operands } => {
            let operands = operands.iter().map(each).collect::<Bound<Vec<_>>>()?;
            ExprKind::Logical { op: *op, operands }
        }
        ExprKind::In { op, op_span, left, list } => {
            let left = Box::new(each(left)?);
            let list = match list {
                InList::Values(values) => InList::Values(values.iter().map(each).collect::<Bound<Vec<_>>>()?),
                table @ InList::Tabular(_) => table.clone(),
            };
            ExprKind::In { op: *op, op_span: *op_span, left, list }
        }
        ExprKind::Between { negated, value, low, high } => ExprKind::Between {
            negated: *negated,
            value: Box::new(each(value)?),
            low: Box::new(each(low)?),
            high: Box::new(each(high)?),
        },
        other => other.clone(),
    };
    Ok(Expr { kind, span: expr.span })
}

/// The name that a column takes from an expression over variables: `n_name` for `n.name`.
#[allow(clippy::implicit_hasher, reason = "one map type is used")]
pub fn own_name(expr: &Expr, vars: &HashMap<String, Var>) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) if vars.contains_key(&name.text) => Some(name.text.clone()),
        ExprKind::Member { base, name } => Some(format!("{}_{}", own_name(base, vars)?, name.text)),
        _ => None,
    }
}
