//! Names and calls that stand for tables.

use std::sync::Arc;

use datafusion::catalog::default_table_source::provider_as_source;
use datafusion::common::{Column, TableReference};
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Call, Expr, ExprKind};

use super::env::{Env, Named};
use super::expr::Scope;
use super::fault::{Bound, Fault, Placed, codes};
use super::scope::{Relation, ScopeColumn, plan_column};
use super::{Binder, Meaning};
use crate::catalog::{TableDef, TableSource, View};
use crate::plan::shared::{SharedTable, Sharing, sharing};
use crate::plan::{scan, union};

/// How deep views may read views.
const MAX_VIEWS: usize = 16;

impl Binder<'_> {
    /// What an expression stands for where a table or a value may stand.
    pub fn meaning(&self, expr: &Expr, env: &Env) -> Bound<Meaning> {
        self.meaning_in(expr, &mut Scope::row(&mut self.nowhere()), env)
    }

    /// The same; values are bound over the rows of `scope`.
    pub fn meaning_in(&self, expr: &Expr, scope: &mut Scope, env: &Env) -> Bound<Meaning> {
        if let Some(meaning) = self.pattern_meaning(expr, env)? {
            return Ok(meaning);
        }
        match &expr.kind {
            ExprKind::Tabular(pipeline) => self.pipeline(pipeline, env, None),
            ExprKind::Name(name) => {
                if scope.relation.find(&name.text).is_some() {
                    return self.expr(expr, scope, env).map(Meaning::Scalar);
                }
                self.table_or_value(&name.text, name.span, env)
            }
            ExprKind::Call(call) => match self.table_call(call, scope, env)? {
                Some(meaning) => Ok(meaning),
                None => self.expr(expr, scope, env).map(Meaning::Scalar),
            },
            ExprKind::Member { base, name } if is_elsewhere(base) => self.table_or_value(&name.text, name.span, env),
            ExprKind::MemberCall { base, call } if is_elsewhere(base) => match self.table_call(call, scope, env)? {
                Some(meaning) => Ok(meaning),
                None => Err(Fault::unsupported(expr.span, "a function of another database")),
            },
            _ => self.expr(expr, scope, env).map(Meaning::Scalar),
        }
    }

    fn table_or_value(&self, name: &str, span: Span, env: &Env) -> Bound<Meaning> {
        match env.find(name) {
            Some(Named::Scalar(value)) => {
                return Ok(Meaning::Scalar(crate::functions::BoundExpr {
                    name: Some(name.to_owned()),
                    ..value.clone()
                }));
            }
            Some(Named::Table(relation)) => return self.reread(relation, span).map(|r| Meaning::Table(Box::new(r))),
            Some(Named::Function(function)) => {
                // A view is read by its name alone.
                if function.function.params.is_empty() {
                    return self.statements(&function.function.body, &function.env, function.function.span);
                }
                return Err(Fault::new(codes::WRONG_KIND, span, format!("`{name}` is a function with parameters")));
            }
            Some(Named::Pattern(_)) => {
                return Err(Fault::new(codes::WRONG_KIND, span, format!("`{name}` is a pattern"))
                    .hint(format!("call it: `{name}(\"…\")`")));
            }
            Some(Named::Restricted(_)) | None => {}
        }
        if let Some(table) = self.catalog.table(name).filter(|_| env.allows(name)) {
            return self.read(&table, span).map(|r| Meaning::Table(Box::new(r)));
        }
        Err(self.unknown_table(name, span, env))
    }

    /// The message for a name that stands for no table.
    pub fn unknown_table(&self, name: &str, span: Span, env: &Env) -> Fault {
        let tables = self.catalog.table_names();
        let lets = env.iter().map(|(n, _)| n).filter(|n| env.find(n).is_some());
        let names = lets.chain(tables.iter().map(String::as_str).filter(|n| env.allows(n)));
        let hint = super::advice::offer(name, names);
        Fault::new(codes::UNKNOWN_TABLE, span, format!("no table or variable is named `{name}`")).maybe_hint(hint)
    }

    /// A call that yields a table, or `None` when it can only yield a value.
    fn table_call(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<Option<Meaning>> {
        let name = call.name.text.as_str();
        if let Some(Named::Function(function)) = env.find(name) {
            return self.call_user(function, call, scope, env).map(Some);
        }
        match (name, call.args.as_slice()) {
            ("materialize", [arg]) => Ok(Some(match self.meaning(&arg.value, env)? {
                Meaning::Table(relation) => Meaning::Table(Box::new(self.share(*relation, call.span)?)),
                value @ Meaning::Scalar(_) => value,
            })),
            ("table", [arg, ..]) => {
                let value = self.constant_expr(&arg.value, env)?;
                let Some(name) = value.const_str() else {
                    return Err(Fault::new(codes::NOT_CONSTANT, arg.span, "a table's name must be a constant text"));
                };
                self.table_or_value(name, arg.span, env).map(Some)
            }
            ("view" | "materialized_view" | "external_table", [_, ..]) => {
                Err(Fault::unsupported(call.span, &format!("`{name}()`")))
            }
            _ => Ok(None),
        }
    }

    /// Reads a bound table once more: the same plan with names of its own, so that it can meet itself in a join.
    pub fn reread(&self, relation: &Relation, span: Span) -> Bound<Relation> {
        self.spend_plan(&relation.plan, span)?;
        let mut copy = relation.clone();
        let mut exprs = Vec::new();
        let mut renamed = Vec::new();
        for column in relation.live() {
            let name = self.fresh.name(column.name.split('#').next().unwrap_or_default());
            exprs.push(datafusion::logical_expr::Expr::Column(column.clone()).alias(name.clone()));
            renamed.push((column, plan_column(name)));
        }
        if exprs.is_empty() {
            return Ok(copy);
        }
        copy.map(|plan| plan.project(exprs)).at(span)?;
        let rename = |column: &mut datafusion::common::Column| {
            if let Some((_, new)) = renamed.iter().find(|(old, _)| old == column) {
                *column = new.clone();
            }
        };
        copy.columns.iter_mut().for_each(|c| rename(&mut c.column));
        copy.order.iter_mut().for_each(|k| rename(&mut k.column));
        copy.unique.iter_mut().flatten().for_each(rename);
        if let Some(groups) = &mut copy.groups {
            groups.keys.iter_mut().chain(&mut groups.carried).for_each(rename);
        }
        Ok(copy)
    }

    /// The rows of a relation, computed once however often they are read, where that is of use.
    pub fn share(&self, mut relation: Relation, span: Span) -> Bound<Relation> {
        let sharing = sharing(&relation.plan).at(span)?;
        if sharing == Sharing::Needless || relation.groups.is_some() || self.options.check {
            return Ok(relation);
        }
        // Under names of its own, so that the table's columns are told apart.
        relation = self.reread(&relation, span)?;
        let table = Arc::new(SharedTable::new(relation.plan.clone(), sharing == Sharing::Useful));
        let qualifier = TableReference::bare(self.fresh.name("shared"));
        relation.plan = LogicalPlanBuilder::scan(qualifier.clone(), provider_as_source(table), None)
            .and_then(LogicalPlanBuilder::build)
            .at(span)?;
        let place = |column: &mut Column| column.relation = Some(qualifier.clone());
        relation.columns.iter_mut().for_each(|c| place(&mut c.column));
        relation.order.iter_mut().for_each(|k| place(&mut k.column));
        relation.unique.iter_mut().flatten().for_each(place);
        Ok(relation)
    }

    /// Reads a table of the catalogue.
    pub fn read(&self, table: &Arc<TableDef>, span: Span) -> Bound<Relation> {
        let broken = |e: datafusion::error::DataFusionError| {
            Fault::new(
                codes::TABLE_DEFINITION,
                span,
                format!("table `{}` cannot be read: {}", table.name, e.strip_backtrace()),
            )
        };
        let mut relation = match &table.source {
            TableSource::Provider(provider) => {
                scan::scan(&table.name, provider, &table.columns, &self.fresh).map_err(broken)?
            }
            TableSource::Views(views) => {
                let mut parts = Vec::with_capacity(views.len());
                for view in views {
                    let part = match view {
                        View::Provider(provider) => {
                            scan::scan(&table.name, provider, &table.columns, &self.fresh).map_err(broken)?
                        }
                        View::Query(text) => self.view(table, text, span)?,
                    };
                    parts.push((table.name.clone(), part));
                }
                if parts.is_empty() {
                    self.empty(table, span)?
                } else {
                    union::union(parts, false, None, &self.fresh).map_err(broken)?
                }
            }
        };
        if let (Some((from, to)), Some(time)) = (self.options.time_range, table.time_column())
            && let Some(column) = relation.find(&time.name)
        {
            let within = column.expr().gt_eq(lit(from)).and(column.expr().lt_eq(lit(to)));
            relation.map(|plan| plan.filter(within)).at(span)?;
        }
        Ok(relation)
    }

    /// A part of a table that is a query, with exactly the table's columns.
    fn view(&self, table: &TableDef, text: &str, span: Span) -> Bound<Relation> {
        let fault = |message: String| {
            Fault::new(codes::TABLE_DEFINITION, span, format!("a view of table `{}` is wrong: {message}", table.name))
        };
        if self.views.borrow().contains(&table.name) || self.views.borrow().len() >= MAX_VIEWS {
            return Err(Fault::new(
                codes::TOO_DEEP,
                span,
                format!("the views of table `{}` read it itself", table.name),
            ));
        }
        let parsed = postern_kql_syntax::parse(text);
        if let Some(error) = parsed.diagnostics.iter().find(|d| d.severity == postern_kql_syntax::Severity::Error) {
            return Err(fault(error.message.clone()));
        }
        self.views.borrow_mut().push(table.name.clone());
        let bound = self.statements(&parsed.query.statements, &Env::default(), parsed.query.span);
        self.views.borrow_mut().pop();
        let relation = match bound {
            Ok(Meaning::Table(relation)) => *relation,
            Ok(Meaning::Scalar(_)) => return Err(fault("it yields a value".to_owned())),
            Err(Fault::Query(inner)) => return Err(fault(inner.message)),
            Err(needs @ Fault::Needs(_)) => return Err(needs),
        };
        self.declared(relation, table, span)
    }

    /// The declared columns of a table out of a relation; what it lacks is null, what has another type is an error.
    fn declared(&self, mut relation: Relation, table: &TableDef, span: Span) -> Bound<Relation> {
        let mut columns = Vec::with_capacity(table.columns.len());
        let mut computed = Vec::new();
        for declared in &table.columns {
            let column = match relation.find(&declared.name) {
                Some(column) if column.ty == declared.ty => column.column.clone(),
                Some(column) => {
                    let message = format!(
                        "a view of table `{}` gives column `{}` as `{}`, and it is declared as `{}`",
                        table.name, declared.name, column.ty, declared.ty
                    );
                    return Err(Fault::new(codes::TABLE_DEFINITION, span, message));
                }
                None => {
                    let name = self.fresh.name(&declared.name);
                    computed.push((lit(declared.ty.missing()), name.clone()));
                    plan_column(name)
                }
            };
            columns.push(ScopeColumn { name: declared.name.clone(), ty: declared.ty, hidden: declared.hidden, column });
        }
        relation.unordered();
        relation.compute(computed).at(span)?;
        relation.columns = columns;
        Ok(relation)
    }

    fn empty(&self, table: &TableDef, span: Span) -> Bound<Relation> {
        let plan = datafusion::logical_expr::LogicalPlanBuilder::empty(false).build().at(span)?;
        self.declared(Relation::new(plan, vec![]), table, span)
    }
}

/// `cluster("…")`, `database("…")`, `workspace("…")` and chains of them: Postern has one database, so the name after
/// them is looked up there.
pub fn is_elsewhere(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(call) => matches!(call.name.text.as_str(), "cluster" | "database" | "workspace" | "app"),
        ExprKind::MemberCall { base, call } => call.name.text == "database" && is_elsewhere(base),
        _ => false,
    }
}
