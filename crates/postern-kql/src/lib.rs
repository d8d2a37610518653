//! KQL on DataFusion: text to a checked `LogicalPlan`.
//!
//! | stage | type | where |
//! | --- | --- | --- |
//! | text → tree | [`postern_kql_syntax::ast::Query`] | the syntax crate |
//! | tree → names, types, overloads | [`bind::scope::Relation`], [`functions::BoundExpr`] | [`bind`], [`operators`], [`functions`] |
//! | → plan | `LogicalPlan` over engine types | [`plan`] |
//! | rows → JSON | `serde_json::Value` | [`output`] |
//!
//! The crate knows no mail and no store: tables come through the small [`catalog::Catalog`] trait. It prints nothing,
//! reads no clock and no environment; "now" is an option.

pub mod bind;
pub mod catalog;
pub mod complete;
pub mod functions;
pub mod operators;
pub mod output;
pub mod plan;
pub mod reference;
pub mod types;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::LogicalPlan;
use futures::StreamExt;

pub use catalog::{Catalog, Column, TableDef, TableSource, View};
pub use plan::execute::{collect, collect_all, configure, ready, session, session_with};
pub use plan::guard::Guard;
pub use postern_kql_syntax::{Diagnostic, Severity, Span};
pub use types::{Const, KqlType};

use bind::fault::{Fault, codes};
use bind::several::Answer;
use bind::{Binder, Meaning, recover};

/// The most values that one query may ask for while it is bound.
const MAX_QUESTIONS: usize = 256;

/// The most bytes that one of these values may have.
const MAX_ANSWER_BYTES: usize = 512 << 20;

/// What a plan depends on besides text and tables.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// What `now()` means, in ticks.
    pub now: i64,
    /// Parameters: each acts like a leading `let`, and stands for a text literal that is exactly `{NAME}`. A name that is
    /// given more than once is a list.
    pub params: Vec<(String, Const)>,
    /// Whether hidden columns stay in the result.
    pub keep_hidden: bool,
    /// Only rows whose time column lies in this range (ticks, both ends included), for every table with a time column.
    pub time_range: Option<(i64, i64)>,
    /// Only check names and types: nothing is run, and values that would have to be computed are taken as null.
    pub check: bool,
    /// The folders whose files `externaldata` may read; none by default.
    pub external: Vec<std::path::PathBuf>,
}

impl PlanOptions {
    /// The value of a parameter; a dynamic array when it was given more than once.
    pub fn param(&self, name: &str) -> Option<Const> {
        let mut values = self.params.iter().filter(|(n, _)| n == name).map(|(_, v)| v);
        let first = values.next()?;
        let rest: Vec<&Const> = values.collect();
        if rest.is_empty() {
            return Some(first.clone());
        }
        let all = std::iter::once(first).chain(rest).map(bind::literal::scalar_json).collect();
        Some(Const::dynamic(&serde_json::Value::Array(all)))
    }

    /// The values of a parameter that has several: given more than once, or one dynamic array.
    pub fn param_list(&self, name: &str) -> Option<Vec<Const>> {
        let values: Vec<&Const> = self.params.iter().filter(|(n, _)| n == name).map(|(_, v)| v).collect();
        match values.as_slice() {
            [] => None,
            [one] => match one.as_json() {
                Some(serde_json::Value::Array(items)) => Some(
                    items
                        .iter()
                        .map(|item| match item {
                            serde_json::Value::String(text) => Const::String(text.clone()),
                            other => Const::dynamic(other),
                        })
                        .collect(),
                ),
                _ => None,
            },
            many => Some(many.iter().map(|v| (*v).clone()).collect()),
        }
    }
}

/// How a query wants its result drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Render {
    /// `timechart`, `piechart`, `table`, …
    pub kind: String,
    /// `title`, `xcolumn`, …, as text.
    pub properties: Vec<(String, String)>,
}

/// The name of a result that the query gives none.
pub const PRIMARY_RESULT: &str = "PrimaryResult";

/// A query ready to run: its first result, mostly the only one, and those that come after it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The name of the result: what `as` at its end calls it, or [`PRIMARY_RESULT`].
    pub name: String,
    /// The plan; its columns are [`Planned::columns`] in order, in engine types.
    pub plan: LogicalPlan,
    /// The columns of the result.
    pub columns: Vec<Column>,
    /// How to draw the result.
    pub render: Option<Render>,
    /// Whether the query fixes the order of the rows.
    pub sorted: bool,
    /// The further results of a query that gives several, in order. [`ready`] plans them together with the first, so
    /// that rows which they share are computed once.
    pub further: Vec<PlannedTable>,
    /// What is odd but no error.
    pub warnings: Vec<Diagnostic>,
}

impl Planned {
    /// The plans of all results, in order.
    pub fn plans(&self) -> impl Iterator<Item = &LogicalPlan> {
        std::iter::once(&self.plan).chain(self.further.iter().map(|table| &table.plan))
    }

    /// The names of all results, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.further.iter().map(|table| table.name.as_str()))
    }
}

/// One result of a query that gives several; its parts are those of [`Planned`].
#[derive(Debug, Clone)]
pub struct PlannedTable {
    /// The name of the result.
    pub name: String,
    /// The plan.
    pub plan: LogicalPlan,
    /// The columns of the result.
    pub columns: Vec<Column>,
    /// How to draw the result.
    pub render: Option<Render>,
    /// Whether the query fixes the order of the rows.
    pub sorted: bool,
}

/// Whether a query gives more than one table, as far as its text tells.
pub fn gives_several(text: &str) -> bool {
    bind::several::gives_several(&postern_kql_syntax::parse(text).query.statements)
}

/// Makes a plan of a query. `session` runs what must be known beforehand (`toscalar`, the columns of `pivot`), and the
/// plan itself should run in it or in one made by [`session_with`].
pub async fn plan(
    text: &str,
    catalog: &dyn Catalog,
    options: &PlanOptions,
    session: &SessionContext,
) -> Result<Planned, Vec<Diagnostic>> {
    let parsed = postern_kql_syntax::parse(text);
    // Binding computes constants: under the limits of the query, whatever becomes of it.
    let guard = Guard::of(session);
    let mistakes = || guard.run(|| recover::mistakes(&parsed, catalog, options));
    if parsed.has_errors() {
        let more = mistakes();
        return Err(recover::together(parsed.diagnostics, more));
    }
    let mut answers: Vec<Vec<RecordBatch>> = Vec::new();
    loop {
        let needed = match guard.run(|| bind_once(&parsed, catalog, options, &answers)) {
            Ok(planned) => return Ok(planned),
            Err(Fault::Query(diagnostic)) => {
                let mut mistakes = mistakes();
                if !mistakes.contains(&diagnostic) {
                    mistakes.insert(0, *diagnostic);
                }
                return Err(recover::together(parsed.diagnostics, mistakes));
            }
            Err(Fault::Needs(plan)) => match refuse_growth(&plan, parsed.query.span) {
                Err(Fault::Query(diagnostic)) => return Err(vec![*diagnostic]),
                _ => plan,
            },
        };
        let failed = |message: String| {
            vec![Diagnostic {
                code: codes::EXECUTION,
                message,
                span: parsed.query.span,
                hint: None,
                severity: Severity::Error,
            }]
        };
        if answers.len() >= MAX_QUESTIONS {
            return Err(failed(format!("the query needs more than {MAX_QUESTIONS} values before it can be planned")));
        }
        match answer(session, *needed).await {
            Ok(batches) => answers.push(batches),
            Err(error) => {
                return Err(failed(format!(
                    "a part of the query that must run before the rest failed: {}",
                    error.strip_backtrace()
                )));
            }
        }
    }
}

/// Runs a part of a query that must be known before the rest can be planned.
async fn answer(session: &SessionContext, plan: LogicalPlan) -> datafusion::error::Result<Vec<RecordBatch>> {
    let mut stream = session.execute_logical_plan(plan).await?.execute_stream().await?;
    let (mut batches, mut bytes) = (Vec::new(), 0usize);
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        bytes = bytes.saturating_add(batch.columns().iter().map(size_of_values).sum());
        if bytes > MAX_ANSWER_BYTES {
            return datafusion::common::exec_err!("it has more than {} MiB", MAX_ANSWER_BYTES >> 20);
        }
        batches.push(batch);
    }
    Ok(batches)
}

/// The bytes of the values of an array, whatever buffers they share with others.
fn size_of_values(array: &ArrayRef) -> usize {
    match array.as_string_view_opt() {
        // The low half of a view's first eight bytes is the length of its text.
        Some(texts) => texts.views().iter().map(|view| 16 + (*view as u32) as usize).sum(),
        None => array.to_data().get_slice_memory_size().unwrap_or(0),
    }
}

/// Refuses a plan whose expressions would fill the memory once the optimiser puts columns in for their names.
fn refuse_growth(plan: &LogicalPlan, span: Span) -> Result<(), Fault> {
    if plan::growth::explodes(plan) {
        let message = "the query grows too large when its columns are put in for their names";
        return Err(Fault::new(codes::TOO_DEEP, span, message)
            .hint("read a computed column once in the next, or put the filter before the chain"));
    }
    Ok(())
}

fn bind_once(
    parsed: &postern_kql_syntax::Parsed,
    catalog: &dyn Catalog,
    options: &PlanOptions,
    answers: &[Vec<RecordBatch>],
) -> Result<Planned, Fault> {
    let binder = Binder::new(catalog, options, answers);
    let span = parsed.query.span;
    let env = recover::parameters(options);
    let answers = binder.results(&parsed.query.statements, &env, span)?;
    let tables = answers.into_iter().map(|answer| finish(&binder, answer, span)).collect::<Result<Vec<_>, Fault>>()?;
    let mut tables = tables.into_iter();
    let Some(PlannedTable { name, plan, columns, render, sorted }) = tables.next() else {
        return Err(bind::several::nothing(span));
    };
    let mut warnings = parsed.diagnostics.clone();
    warnings.extend(binder.warnings.take());
    Ok(Planned { name, plan, columns, render, sorted, further: tables.collect(), warnings })
}

/// The plan of one result.
fn finish(binder: &Binder, answer: Answer, span: Span) -> Result<PlannedTable, Fault> {
    let mut relation = match answer.meaning {
        Meaning::Table(relation) => *relation,
        // A query that is a value shows it as one row.
        Meaning::Scalar(value) => {
            let mut row = binder.nowhere();
            row.columns = operators::extend::materialise(binder, &mut row, vec![("print_0".to_owned(), value)], span)?;
            row
        }
    };
    if relation.graph.is_some() {
        return Err(Fault::new(codes::WRONG_KIND, span, "the query ends in a graph, which is no table")
            .hint("end it with `graph-match`, `graph-shortest-paths` or `graph-to-table`"));
    }
    if let Some(most) = binder.setting("query_take_max_records").and_then(|most| most.const_long()) {
        let most = usize::try_from(most).unwrap_or(0);
        plan::rows::limit(&mut relation, most, &binder.fresh).map_err(|e| Fault::plan(span, &e))?;
    }
    let sorted = relation.sorted;
    let relation = plan::rows::finish(relation, binder.options.keep_hidden).map_err(|e| Fault::plan(span, &e))?;
    refuse_growth(&relation.plan, span)?;
    Ok(PlannedTable {
        name: answer.name.unwrap_or_else(|| PRIMARY_RESULT.to_owned()),
        plan: relation.plan,
        columns: relation.columns.iter().map(bind::scope::ScopeColumn::public).collect(),
        render: answer.render,
        sorted,
    })
}
