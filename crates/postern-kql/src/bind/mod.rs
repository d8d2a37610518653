//! From the syntax tree to a plan: names, types, overloads.
//!
//! [`Binder`] walks statements and pipelines; an operator's own rules are in [`crate::operators`], an expression's in
//! the sibling files here. A value that must be known before binding can go on (`toscalar`, the keys of `pivot`) is
//! asked for with [`Fault::Needs`]: the caller runs that plan and binds again with the answer.

pub mod advice;
pub mod arithmetic;
pub mod ask;
pub mod call;
pub mod coerce;
pub mod compare;
pub mod env;
pub mod expr;
pub mod fault;
pub mod fold;
pub mod in_list;
pub mod literal;
pub mod ordered;
pub mod recover;
pub mod scope;
pub mod several;
pub mod statement;
pub mod table;
pub mod windows;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use arrow::array::RecordBatch;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder};
use postern_kql_syntax::ast::{self, Expr, ExprKind, LetValue, OperatorKind, Pipeline, Source, StatementKind};
use postern_kql_syntax::{Diagnostic, Span};

use crate::catalog::Catalog;
use crate::functions::{BindContext, BoundExpr};
use crate::operators;
use crate::plan::fresh::Fresh;
use crate::plan::guard;
use crate::types::Const;
use crate::{PlanOptions, Render};
use env::{Env, Named, UserPattern};
use fault::{Bound, Fault, codes};
use scope::Relation;

/// The most expressions and operators that one query may expand to.
const BUDGET: usize = 300_000;

/// The optimiser goes through a node of a plan some hundred times, through an expression seldom: a node is so many steps.
const PLAN_NODE: usize = 16;

/// A step of binding is as much work as so many steps of a kernel.
const STEP_COST: usize = 16;

/// What a pipeline or a name stands for.
#[derive(Debug, Clone)]
pub enum Meaning {
    /// Rows.
    Table(Box<Relation>),
    /// A value.
    Scalar(BoundExpr),
}

/// Binds one query.
pub struct Binder<'a> {
    /// The tables.
    pub catalog: &'a dyn Catalog,
    /// Now, parameters, time range.
    pub options: &'a PlanOptions,
    /// The rows of the plans asked for so far, in order.
    pub answers: &'a [Vec<RecordBatch>],
    /// How many answers have been used.
    pub asked: Cell<usize>,
    /// Gives plan columns their names.
    pub fresh: Fresh,
    /// What is odd but no error.
    pub warnings: RefCell<Vec<Diagnostic>>,
    /// How the query wants its result drawn.
    pub render: RefCell<Option<Render>>,
    /// The views being bound, outermost first.
    pub views: RefCell<Vec<String>>,
    /// The name of the rows at hand: a table's own, or what `as` has just called them.
    pub label: RefCell<Option<String>>,
    /// The request options that the query sets and that bear on its result.
    pub settings: RefCell<Vec<(String, BoundExpr)>>,
    /// The faults noted so far, when binding goes on after one.
    pub faults: Option<RefCell<Vec<Diagnostic>>>,
    /// How many bytes of files the query may still read.
    pub external_left: Cell<usize>,
    budget: Cell<usize>,
}

impl<'a> Binder<'a> {
    /// A binder over a catalogue.
    pub fn new(catalog: &'a dyn Catalog, options: &'a PlanOptions, answers: &'a [Vec<RecordBatch>]) -> Self {
        Self {
            catalog,
            options,
            answers,
            asked: Cell::new(0),
            fresh: Fresh::default(),
            warnings: RefCell::default(),
            render: RefCell::default(),
            views: RefCell::default(),
            label: RefCell::default(),
            settings: RefCell::default(),
            faults: None,
            external_left: Cell::new(operators::external::MAX_BYTES),
            budget: Cell::new(BUDGET),
        }
    }

    /// What functions may know.
    pub fn cx(&self) -> BindContext {
        let now = self.setting("query_now").and_then(|now| now.constant).and_then(|now| now.as_ticks());
        BindContext { now: now.unwrap_or(self.options.now), places: self.catalog.places() }
    }

    /// Counts one step of work, so that functions that call functions cannot grow a query without end.
    pub fn spend(&self, span: Span) -> Bound<()> {
        self.spend_many(1, span)
    }

    /// Counts the nodes of an expression that is put in once more.
    pub fn spend_expr(&self, expr: &PlanExpr, span: Span) -> Bound<()> {
        let limit = self.budget.get();
        self.spend_many(nodes(expr, limit), span)
    }

    /// Counts the nodes of a plan that is read once more.
    pub fn spend_plan(&self, plan: &LogicalPlan, span: Span) -> Bound<()> {
        let limit = self.budget.get() / PLAN_NODE;
        self.spend_many(nodes(plan, limit).saturating_mul(PLAN_NODE), span)
    }

    fn spend_many(&self, steps: usize, span: Span) -> Bound<()> {
        if guard::tick(steps.saturating_mul(STEP_COST)) {
            return Err(Fault::new(codes::EXECUTION, span, guard::STOPPED));
        }
        match self.budget.get().checked_sub(steps) {
            Some(left) => {
                self.budget.set(left);
                Ok(())
            }
            None => Err(Fault::new(codes::TOO_DEEP, span, "the query grows too large when its names are put in")),
        }
    }

    /// Rows without columns, one row: the place where constants are bound.
    pub fn nowhere(&self) -> Relation {
        let plan = LogicalPlanBuilder::empty(true).build().unwrap_or_else(|_| {
            datafusion::logical_expr::LogicalPlan::EmptyRelation(datafusion::logical_expr::EmptyRelation {
                produce_one_row: true,
                schema: std::sync::Arc::new(datafusion::common::DFSchema::empty()),
            })
        });
        Relation::new(plan, vec![])
    }

    /// Binds statements in order where one table or value must stand: the body of a function, a view. The query among
    /// them is the result.
    #[recursive::recursive]
    pub fn statements(&self, statements: &[ast::Statement], env: &Env, span: Span) -> Bound<Meaning> {
        let mut result = None;
        self.walk(statements, env, &mut |pipeline, env, span| {
            if result.is_some() {
                return Err(Fault::new(codes::MISPLACED, span, "a second result where there can be one only")
                    .hint("give the others names with `let`, and end with the one to give back"));
            }
            let meaning = self.pipeline(pipeline, env, None);
            let unknown = || Meaning::Table(Box::new(self.unknown_rows()));
            result = Some(self.or_go_on(meaning, false, unknown)?);
            Ok(())
        })?;
        result.ok_or_else(|| several::nothing(span))
    }

    /// Goes through statements in order and hands on each query with the names in force there.
    fn walk(
        &self,
        statements: &[ast::Statement],
        env: &Env,
        query: &mut dyn FnMut(&Pipeline, &Env, Span) -> Bound<()>,
    ) -> Bound<()> {
        let mut env = env.clone();
        for statement in statements {
            match &statement.kind {
                StatementKind::Let { name, value } => {
                    let named = self.let_value(value, &env);
                    let named = self.or_go_on(named, false, || self.unknown_let(value))?;
                    env = env.with(&name.text, named);
                }
                StatementKind::Query(pipeline) => query(pipeline, &env, statement.span)?,
                StatementKind::QueryParameters(params) => {
                    for param in params {
                        env = self.query_parameter(param, &env)?;
                    }
                }
                StatementKind::Set { name, value } => self.set(name, value.as_ref(), &env, statement.span)?,
                StatementKind::Pattern(pattern) => {
                    let named = Named::Pattern(Rc::new(UserPattern { pattern: pattern.clone(), env: env.clone() }));
                    env = env.with(&pattern.name.text, named);
                }
                StatementKind::Restrict(entities) => env = Self::restrict(entities, &env)?,
                // There is one database: what is named after another name of it is the same.
                StatementKind::Alias { .. } => {}
                StatementKind::Unsupported(what) => {
                    return Err(Fault::unsupported(what.span, &format!("`{}`", what.name)));
                }
            }
        }
        Ok(())
    }

    fn let_value(&self, value: &LetValue, env: &Env) -> Bound<Named> {
        Ok(match value {
            LetValue::Function(function) => Named::function(function.clone(), env.clone()),
            LetValue::Tabular(pipeline) => match self.pipeline(pipeline, env, None)? {
                Meaning::Table(relation) => Named::Table(relation),
                Meaning::Scalar(value) => Named::Scalar(value),
            },
            LetValue::Expr(expr) => match self.meaning(expr, env)? {
                Meaning::Table(relation) => Named::Table(relation),
                Meaning::Scalar(value) => Named::Scalar(value),
            },
        })
    }

    fn query_parameter(&self, param: &ast::Param, env: &Env) -> Bound<Env> {
        if env.find(&param.name.text).is_some() {
            return self.given_parameter(param, env);
        }
        match &param.kind {
            ast::ParamKind::Scalar { ty, default: Some(default) } => {
                let value = self.constant_expr(default, env)?;
                let value = self.coerce_to(value, literal::kql_type(ty.ty), default.span, "the parameter")?;
                Ok(env.with(&param.name.text, Named::Scalar(value)))
            }
            _ => Err(Fault::new(
                codes::UNKNOWN_NAME,
                param.span,
                format!("the query needs a value for its parameter `{}`", param.name.text),
            )),
        }
    }

    /// A declared parameter that the caller gave a value: a text becomes a value of the declared type, a list stays one.
    fn given_parameter(&self, param: &ast::Param, env: &Env) -> Bound<Env> {
        let name = &param.name.text;
        let (ast::ParamKind::Scalar { ty, .. }, Some(Named::Scalar(value)), Some(given)) =
            (&param.kind, env.find(name), self.options.param(name))
        else {
            return Ok(env.clone());
        };
        let ty = literal::kql_type(ty.ty);
        if value.ty == ty || matches!(given, Const::Dynamic(_)) {
            return Ok(env.clone());
        }
        let value = if let Const::String(text) = given {
            let value = literal::from_text(ty, &text).ok_or_else(|| {
                Fault::new(
                    codes::WRONG_TYPE,
                    param.span,
                    format!("`{text}`, the value given for the parameter `{name}`, is not a `{ty}`"),
                )
            })?;
            BoundExpr::constant(value)
        } else {
            self.coerce_to(value.clone(), ty, param.span, "the parameter")?
        };
        Ok(env.with(name, Named::Scalar(value)))
    }

    /// Binds a pipeline; `input` is what [`Source::Input`] stands for.
    pub fn pipeline(&self, pipeline: &Pipeline, env: &Env, input: Option<&Relation>) -> Bound<Meaning> {
        Ok(self.first_operators(pipeline, pipeline.operators.len(), env, input)?.0)
    }

    /// Binds a pipeline without what comes after its first `count` operators; also gives the names in force there.
    #[recursive::recursive]
    fn first_operators(
        &self,
        pipeline: &Pipeline,
        count: usize,
        env: &Env,
        input: Option<&Relation>,
    ) -> Bound<(Meaning, Env)> {
        self.spend(pipeline.span)?;
        let meaning = self.source(&pipeline.source, env, input, pipeline.span);
        if pipeline.operators.is_empty() {
            return Ok((meaning?, env.clone()));
        }
        let meaning = self.or_go_on(meaning, false, || Meaning::Table(Box::new(self.unknown_rows())))?;
        let mut relation = match meaning {
            Meaning::Table(relation) => *relation,
            Meaning::Scalar(value) => {
                return Err(Fault::new(
                    codes::WRONG_KIND,
                    pipeline.span,
                    format!("a value of type `{}` cannot be piped; a table must stand here", value.ty),
                ));
            }
        };
        let mut env = env.clone();
        let mut label = match &pipeline.source {
            Source::Expr(Expr { kind: ExprKind::Name(name), .. }) => Some(&name.text),
            _ => None,
        };
        for (at, operator) in pipeline.operators.iter().enumerate().take(count) {
            self.spend(operator.span)?;
            *self.label.borrow_mut() = label.cloned();
            label = if let OperatorKind::As { name, .. } = &operator.kind { Some(&name.text) } else { None };
            let (unsure, noted) = (relation.open, self.noted());
            let changes = recover::changes_columns(&operator.kind);
            let before =
                self.goes_on().then(|| (Relation { open: unsure || changes, ..relation.clone() }, env.clone()));
            let applied = match several::name(&operator.kind) {
                Some(name) => Err(several::misplaced(name, operator.span, pipeline.operators.get(at + 1))),
                None => operators::apply(self, relation, operator, env),
            };
            let Some(before) = before else {
                (relation, env) = applied?;
                continue;
            };
            (relation, env) = self.or_go_on(applied, unsure, || before)?;
            relation.open |= unsure || (changes && self.noted() > noted);
        }
        Ok((Meaning::Table(Box::new(relation)), env))
    }

    /// Binds a pipeline that must yield rows.
    pub fn table(&self, pipeline: &Pipeline, env: &Env, input: Option<&Relation>) -> Bound<Relation> {
        match self.pipeline(pipeline, env, input)? {
            Meaning::Table(relation) => Ok(*relation),
            Meaning::Scalar(value) => Err(Fault::new(
                codes::WRONG_KIND,
                pipeline.span,
                format!("a table must stand here, not a value of type `{}`", value.ty),
            )),
        }
    }

    fn source(&self, source: &Source, env: &Env, input: Option<&Relation>, span: Span) -> Bound<Meaning> {
        let table = |relation| Ok(Meaning::Table(Box::new(relation)));
        match source {
            Source::Expr(expr) => self.meaning(expr, env),
            Source::Paren(pipeline) => self.pipeline(pipeline, env, input),
            Source::Input(span) => match input {
                Some(relation) => table(relation.clone()),
                None => Err(Fault::new(codes::WRONG_KIND, *span, "a table must stand before the first operator")),
            },
            Source::Range(range) => table(operators::range::range(self, range, env, span)?),
            Source::Print(items) => table(operators::print::print(self, items, env, span)?),
            Source::DataTable(data) => table(operators::datatable::datatable(self, data, env, span)?),
            Source::ExternalData(data) => table(operators::external::external(self, data, env, span)?),
            Source::Union(union) => table(operators::union::union(self, None, union, env, span)?),
            Source::Search(search) => table(operators::search::search(self, None, search, env, span)?),
            Source::Find(find) => table(operators::find::find(self, find, env, span)?),
            Source::Evaluate(evaluate) => table(operators::evaluate::evaluate(self, None, evaluate, env)?),
            Source::Unsupported(what) => Err(Fault::unsupported(what.span, &format!("`{}`", what.name))),
        }
    }

    /// Notes a message that does not stop the query.
    pub fn warn(&self, diagnostic: &Diagnostic) {
        let warning = Diagnostic { severity: postern_kql_syntax::Severity::Warning, ..diagnostic.clone() };
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}

/// The number of nodes of a tree, counted no further than just above `limit`.
fn nodes<T: TreeNode>(tree: &T, limit: usize) -> usize {
    let mut count = 0;
    let visited = tree.apply(|_| {
        count += 1;
        Ok(if count > limit { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    if visited.is_ok() { count } else { usize::MAX }
}
