//! `find`: rows of any table for which a condition holds, in one shape.
//!
//! A table that has no column of the condition is left out. `project-smart` (the default) shows the columns that the
//! condition names and those that all tables left have; the rest of a row is one object, `pack_`. `project` shows the
//! columns it lists, null where a table lacks one; with `pack_all()` the rest follows as `pack_`. A name that has several
//! types among the tables becomes a column for each (`x_long`), or the one whose type is written behind it.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, ExprKind, Find, FindColumn, FindOutput, InList};

use super::extend::materialise;
use super::project::away;
use super::search::{Terms, filtered, tables};
use crate::bind::Binder;
use crate::bind::coerce::convert;
use crate::bind::env::Env;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::literal::kql_type;
use crate::bind::scope::{Relation, ScopeColumn, nearest};
use crate::functions::BoundExpr;
use crate::plan::union;
use crate::types::{Const, KqlType};

/// The name of the column that holds the rest of a row.
const PACK: &str = "pack_";

/// Applies `find`.
pub fn find(binder: &Binder, operator: &Find, env: &Env, span: Span) -> Bound<Relation> {
    let mut source = "source_".to_owned();
    for property in &operator.properties {
        if let ("withsource" | "with_source", ExprKind::Name(name)) = (property.name.as_str(), &property.value.kind) {
            source.clone_from(&name.text);
        }
    }
    let mut inputs = tables(binder, &operator.tables, env, span)?;
    let mut asked = Asked::default();
    asked.visit(&operator.predicate);
    if !asked.all {
        let holds = |relation: &Relation| asked.names.iter().any(|n| relation.visible().any(|c| c.name == *n));
        // When no table has one, the condition itself tells what is wrong.
        if inputs.iter().any(|(_, relation)| holds(relation)) {
            inputs.retain(|(_, relation)| holds(relation));
        }
    }
    let kept = filtered(binder, inputs, &operator.predicate, &Terms::default(), env, span)?;
    let shaped = match &operator.output {
        FindOutput::Smart | FindOutput::ProjectAway(_) => smart(binder, kept, &asked, span)?,
        FindOutput::Project { columns, pack } => listed(binder, kept, columns, *pack, span)?,
    };
    let mut result = union::union(shaped, false, Some(&source), &binder.fresh).at(span)?;
    // A table may have columns that the tables before it lack; the rest of the row stays behind them all.
    result.columns.sort_by_key(|column| column.name == PACK);
    if let FindOutput::ProjectAway(patterns) = &operator.output {
        // `*` leaves where a row is from.
        let all = patterns.iter().any(|p| p.wildcard && p.text == "*");
        result = away(result, if all { &[] } else { patterns });
        result.columns.retain(|column| !all || column.hidden || column.name == source);
    }
    Ok(result)
}

/// The names that a condition asks for.
#[derive(Default)]
struct Asked {
    names: Vec<String>,
    /// A term, or `*`, asks all columns.
    all: bool,
}

impl Asked {
    /// Where a condition may stand: a text alone is a term.
    fn visit(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Literal(_) => self.all = true,
            ExprKind::Logical { operands, .. } => operands.iter().for_each(|operand| self.visit(operand)),
            ExprKind::Call(call) if call.name.text == "not" => call.args.iter().for_each(|a| self.visit(&a.value)),
            _ => self.value(expr),
        }
    }

    #[recursive::recursive]
    fn value(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Name(name) if !self.names.contains(&name.text) => self.names.push(name.text.clone()),
            ExprKind::Star => self.all = true,
            ExprKind::Member { base, .. } => self.value(base),
            ExprKind::Index { base, index } => {
                self.value(base);
                self.value(index);
            }
            ExprKind::Call(call) => call.args.iter().for_each(|a| self.value(&a.value)),
            ExprKind::Unary { operand, .. } => self.value(operand),
            ExprKind::Binary { left, right, .. } => {
                self.value(left);
                self.value(right);
            }
            ExprKind::Logical { operands, .. } => operands.iter().for_each(|operand| self.value(operand)),
            ExprKind::In { left, list, .. } => {
                self.value(left);
                if let InList::Values(values) = list {
                    values.iter().for_each(|value| self.value(value));
                }
            }
            ExprKind::Between { value, low, high, .. } => {
                self.value(value);
                self.value(low);
                self.value(high);
            }
            _ => {}
        }
    }
}

type Labelled = Vec<(String, Relation)>;

fn smart(binder: &Binder, inputs: Labelled, asked: &Asked, span: Span) -> Bound<Labelled> {
    let first: Vec<(String, KqlType)> = match inputs.first() {
        Some((_, relation)) => relation.visible().map(|c| (c.name.clone(), c.ty)).collect(),
        None => vec![],
    };
    let common: Vec<(String, KqlType)> = first
        .into_iter()
        .filter(|(name, ty)| inputs.iter().all(|(_, r)| r.visible().any(|c| c.name == *name && c.ty == *ty)))
        .collect();
    let is_shown = |c: &ScopeColumn| asked.names.contains(&c.name) || common.iter().any(|(name, _)| c.name == *name);
    let packed = inputs.iter().any(|(_, relation)| relation.visible().any(|c| !is_shown(c)));
    let mut shaped = Vec::with_capacity(inputs.len());
    for (label, mut relation) in inputs {
        let visible: Vec<ScopeColumn> = relation.visible().cloned().collect();
        let (mut shown, rest): (Vec<ScopeColumn>, Vec<ScopeColumn>) = visible.into_iter().partition(is_shown);
        if packed {
            let pack = pack(binder, &rest, span)?;
            shown.extend(materialise(binder, &mut relation, vec![(PACK.to_owned(), pack)], span)?);
        }
        relation.columns = shown;
        shaped.push((label, relation));
    }
    Ok(shaped)
}

fn listed(binder: &Binder, inputs: Labelled, columns: &[FindColumn], packed: bool, span: Span) -> Bound<Labelled> {
    let mut wanted: Vec<(String, String, KqlType)> = Vec::with_capacity(columns.len());
    for column in columns {
        let name = &column.name;
        let mut types: Vec<KqlType> = Vec::new();
        for (_, relation) in &inputs {
            types.extend(relation.visible().find(|c| c.name == name.text).map(|c| c.ty).filter(|t| !types.contains(t)));
        }
        let written = column.ty.map(|ty| kql_type(ty.ty));
        let (shown, ty) = match (types.as_slice(), written) {
            ([], _) => {
                let names = inputs.iter().flat_map(|(_, relation)| relation.visible().map(|c| c.name.as_str()));
                let hint = nearest(&name.text, names).map(|n| format!("did you mean `{n}`?"));
                let message = format!("no table here has a column `{}`", name.text);
                return Err(Fault::new(codes::UNKNOWN_NAME, name.span, message).maybe_hint(hint));
            }
            ([only], None) => (name.text.clone(), *only),
            ([_], Some(ty)) => (name.text.clone(), ty),
            (_, Some(ty)) => (format!("{}_{ty}", name.text), ty),
            (_, None) => {
                let message = format!("the tables have columns `{}` of several types", name.text);
                return Err(Fault::new(codes::WRONG_TYPE, name.span, message)
                    .hint(format!("write the type wanted: `{}:string`", name.text)));
            }
        };
        wanted.push((name.text.clone(), shown, ty));
    }
    let mut shaped = Vec::with_capacity(inputs.len());
    for (label, mut relation) in inputs {
        let visible: Vec<ScopeColumn> = relation.visible().cloned().collect();
        let mut values = Vec::with_capacity(wanted.len() + 1);
        for (name, shown, ty) in &wanted {
            let value = match visible.iter().find(|c| c.name == *name) {
                Some(column) => convert(&column.bound(), *ty, &binder.cx())
                    .ok_or_else(|| Fault::wrong_type(span, &format!("`{shown}`"), &format!("`{ty}`"), column.ty))?,
                None => BoundExpr::constant(Const::null(*ty)),
            };
            values.push((shown.clone(), value));
        }
        if packed {
            let rest: Vec<ScopeColumn> =
                visible.into_iter().filter(|c| !wanted.iter().any(|(name, ..)| *name == c.name)).collect();
            values.push((PACK.to_owned(), pack(binder, &rest, span)?));
        }
        relation.columns = materialise(binder, &mut relation, values, span)?;
        shaped.push((label, relation));
    }
    Ok(shaped)
}

/// Columns as one object.
fn pack(binder: &Binder, columns: &[ScopeColumn], span: Span) -> Bound<BoundExpr> {
    if columns.is_empty() {
        return Ok(BoundExpr::constant(Const::Dynamic("{}".to_owned())));
    }
    let mut args = Vec::with_capacity(columns.len() * 2);
    for column in columns {
        args.push(BoundExpr::constant(Const::String(column.name.clone())));
        args.push(column.bound());
    }
    binder.builtin("bag_pack", &args, span)
}
