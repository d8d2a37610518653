//! Queries with several results: one for each statement with rows, and several for one that ends in `fork`, `facet` or
//! `evaluate preview`.
//!
//! Nothing can follow those operators, and they stand at the end of a whole query only: what takes one table (a `let`,
//! the side of a `join`, a subquery, a function) refuses them by name.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Operator, OperatorKind, Pipeline, Source, Statement};

use super::env::Env;
use super::fault::{Bound, Fault, codes};
use super::scope::Relation;
use super::{Binder, Meaning};
use crate::Render;
use crate::operators::{facet, fork, preview};

/// The most results of one query: each is planned before the first of them runs.
const MAX_RESULTS: usize = 100;

/// One result of a query.
#[derive(Debug)]
pub struct Answer {
    /// The name that the query gives it.
    pub name: Option<String>,
    /// Its rows, or its value.
    pub meaning: Meaning,
    /// How to draw it.
    pub render: Option<Render>,
}

impl Answer {
    /// Rows; takes along how the query has just said to draw them.
    pub fn rows(binder: &Binder, name: Option<&str>, relation: Relation) -> Self {
        Self {
            name: name.map(str::to_owned),
            meaning: Meaning::Table(Box::new(relation)),
            render: binder.render.take(),
        }
    }
}

/// The name of an operator that gives several results.
pub fn name(operator: &OperatorKind) -> Option<&'static str> {
    match operator {
        OperatorKind::Facet { .. } => Some("facet"),
        OperatorKind::Fork(_) => Some("fork"),
        OperatorKind::Evaluate(evaluate) if evaluate.call.name.text == "preview" => Some("evaluate preview"),
        _ => None,
    }
}

/// Why an operator that gives several results cannot stand here; `next` is the operator behind it.
pub fn misplaced(name: &str, span: Span, next: Option<&Operator>) -> Fault {
    match next {
        Some(next) => {
            let message = format!("nothing can follow `{name}`: its results are several tables");
            let hint = match name {
                "fork" => "put the operator in front of `fork`, or into its branches".to_owned(),
                _ => format!("put the operator in front of `{name}`"),
            };
            Fault::new(codes::MISPLACED, next.span, message).hint(hint)
        }
        None => {
            let message = format!("`{name}` gives several tables, and one must stand here");
            Fault::new(codes::MISPLACED, span, message).hint(format!("only a whole query may end in `{name}`"))
        }
    }
}

/// A query without a result.
pub fn nothing(span: Span) -> Fault {
    Fault::new(codes::WRONG_KIND, span, "the query has no result: it ends in a `let`")
        .hint("end it with the table or expression to show")
}

/// The name that operators give the rows behind them: that of `as` at their end.
pub fn given_name(operators: &[Operator]) -> Option<&str> {
    match &operators.iter().rev().find(|operator| !matches!(operator.kind, OperatorKind::Render(_)))?.kind {
        OperatorKind::As { name, .. } => Some(&name.text),
        _ => None,
    }
}

/// Whether a query gives more than one result, as far as its text tells.
pub(crate) fn gives_several(statements: &[Statement]) -> bool {
    use postern_kql_syntax::ast::StatementKind::Query;
    let mut queries =
        statements.iter().filter_map(|s| if let Query(pipeline) = &s.kind { Some(pipeline) } else { None });
    let first = queries.next().and_then(|pipeline| bare(pipeline).operators.last());
    queries.next().is_some() || first.is_some_and(|last| name(&last.kind).is_some())
}

/// A pipeline without parentheses around the whole of it.
fn bare(mut pipeline: &Pipeline) -> &Pipeline {
    while let (Source::Paren(inner), []) = (&pipeline.source, pipeline.operators.as_slice()) {
        pipeline = inner;
    }
    pipeline
}

impl Binder<'_> {
    /// Binds a whole query; there is at least one result.
    pub fn results(&self, statements: &[Statement], env: &Env, span: Span) -> Bound<Vec<Answer>> {
        let mut answers = Vec::new();
        self.walk(statements, env, &mut |pipeline, env, span| {
            let found = self.answers(bare(pipeline), env);
            let unknown = || vec![Answer::rows(self, None, self.unknown_rows())];
            answers.extend(self.or_go_on(found, false, unknown)?);
            if answers.len() > MAX_RESULTS {
                let message = format!("a query gives {MAX_RESULTS} results at most");
                return Err(Fault::new(codes::TOO_DEEP, span, message).hint("ask in several queries"));
            }
            Ok(())
        })?;
        if answers.is_empty() { Err(nothing(span)) } else { Ok(answers) }
    }

    /// The results of one statement.
    fn answers(&self, pipeline: &Pipeline, env: &Env) -> Bound<Vec<Answer>> {
        let several = pipeline.operators.split_last().filter(|(last, _)| name(&last.kind).is_some());
        let Some((last, before)) = several else {
            let meaning = self.pipeline(pipeline, env, None)?;
            let name = given_name(&pipeline.operators).map(str::to_owned);
            return Ok(vec![Answer { name, meaning, render: self.render.take() }]);
        };
        let span = last.span;
        let (meaning, env) = self.first_operators(pipeline, before.len(), env, None)?;
        let Meaning::Table(input) = meaning else {
            return Err(Fault::new(codes::WRONG_KIND, pipeline.span, "a table must stand here"));
        };
        if input.graph.is_some() {
            return Err(crate::operators::on_graph(span));
        }
        self.spend(span)?;
        match &last.kind {
            OperatorKind::Facet { by, with } => facet::facet(self, *input, by, with.as_deref(), &env, span),
            OperatorKind::Fork(branches) => fork::fork(self, *input, branches, &env, span),
            OperatorKind::Evaluate(operator) => preview::preview(self, *input, operator, &env),
            _ => Err(Fault::new(codes::INTERNAL, span, "this operator gives one result")),
        }
    }

    /// The rows that several results are made of, computed once where that is of use.
    pub(crate) fn share_for(&self, readers: usize, input: Relation, span: Span) -> Bound<Relation> {
        if readers > 1 { self.share(input, span) } else { Ok(input) }
    }
}
