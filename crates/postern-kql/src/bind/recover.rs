//! Going on after a mistake, so that one run tells all of a query's mistakes.
//!
//! A query is first bound as it stands; the first fault ends that. Then it is bound once more by a binder that notes
//! faults and goes on: an operator that is wrong is left out, a condition or a column that is wrong is taken as unknown.
//! From there on the columns are not certain any more ([`Relation::open`]), so only those faults are noted that do not
//! depend on them. Nothing that is bound this way is ever run.

use postern_kql_syntax::ast::{Expr, ExprKind, LetValue, OperatorKind};
use postern_kql_syntax::{Diagnostic, Parsed};

use super::env::{Env, Named};
use super::fault::{Bound, Fault, codes};
use super::scope::Relation;
use super::{Binder, Meaning};
use crate::PlanOptions;
use crate::catalog::{Catalog, Column};
use crate::functions::BoundExpr;
use crate::types::{Const, KqlType};

/// The most faults that are noted.
const MOST: usize = 20;

/// Faults that hold whatever the columns are.
const CERTAIN: &[&str] =
    &[codes::UNKNOWN_TABLE, codes::UNKNOWN_FUNCTION, codes::ARGUMENT_COUNT, codes::NOT_SUPPORTED, codes::OPTION];

impl<'a> Binder<'a> {
    /// A binder that notes faults and goes on.
    fn going_on(catalog: &'a dyn Catalog, options: &'a PlanOptions) -> Self {
        Self { faults: Some(std::cell::RefCell::default()), ..Self::new(catalog, options, &[]) }
    }

    /// Whether faults are noted and binding goes on.
    pub fn goes_on(&self) -> bool {
        self.faults.is_some()
    }

    /// The result, or what stands in for it once its fault is noted. `unsure` says that the columns here are not
    /// certain.
    pub fn or_go_on<T>(&self, result: Bound<T>, unsure: bool, instead: impl FnOnce() -> T) -> Bound<T> {
        match (result, &self.faults) {
            (Err(Fault::Query(diagnostic)), Some(faults)) if diagnostic.code != codes::TOO_DEEP => {
                let mut faults = faults.borrow_mut();
                if faults.len() >= MOST {
                    return Err(Fault::Query(diagnostic));
                }
                let told = diagnostic.code == codes::REPORTED || faults.contains(&*diagnostic);
                if !told && (!unsure || CERTAIN.contains(&diagnostic.code)) {
                    faults.push(*diagnostic);
                }
                Ok(instead())
            }
            (result, _) => result,
        }
    }

    /// How many faults are noted.
    pub fn noted(&self) -> usize {
        self.faults.as_ref().map_or(0, |faults| faults.borrow().len())
    }

    /// Rows whose columns are not known.
    pub fn unknown_rows(&self) -> Relation {
        let mut relation = self.nowhere();
        relation.open = true;
        relation.serialized = true;
        relation
    }

    /// A value of which nothing is known.
    pub fn unknown_value() -> BoundExpr {
        BoundExpr { constant: None, ..BoundExpr::constant(Const::Null(KqlType::Dynamic)) }
    }

    /// What a `let` whose value is wrong stands for.
    pub fn unknown_let(&self, value: &LetValue) -> Named {
        match value {
            LetValue::Expr(Expr { kind: ExprKind::Name(_) | ExprKind::MemberCall { .. }, .. })
            | LetValue::Tabular(_) => Named::Table(Box::new(self.unknown_rows())),
            _ => Named::Scalar(Self::unknown_value()),
        }
    }
}

/// Whether an operator may give other columns than it gets.
pub(super) fn changes_columns(operator: &OperatorKind) -> bool {
    !matches!(
        operator,
        OperatorKind::As { .. }
            | OperatorKind::Render(_)
            | OperatorKind::Sample(_)
            | OperatorKind::Sort { .. }
            | OperatorKind::Take(_)
            | OperatorKind::Top { .. }
            | OperatorKind::Where(_)
    )
}

/// Every mistake that binding finds in a query, in the order in which they are found.
pub fn mistakes(parsed: &Parsed, catalog: &dyn Catalog, options: &PlanOptions) -> Vec<Diagnostic> {
    let options = PlanOptions { check: true, ..options.clone() };
    let binder = Binder::going_on(catalog, &options);
    let last = binder.results(&parsed.query.statements, &parameters(&options), parsed.query.span);
    let mut found = binder.faults.map(std::cell::RefCell::into_inner).unwrap_or_default();
    if let Err(Fault::Query(diagnostic)) = last
        && diagnostic.code != codes::REPORTED
        && !found.contains(&diagnostic)
    {
        found.push(*diagnostic);
    }
    found
}

/// The columns that the last result of a query would have, as far as they can be known; mistakes in it are passed over.
pub fn sketch(text: &str, catalog: &dyn Catalog, options: &PlanOptions) -> Vec<Column> {
    let options = PlanOptions { check: true, ..options.clone() };
    let parsed = postern_kql_syntax::parse(text);
    let binder = Binder::going_on(catalog, &options);
    let found = binder.results(&parsed.query.statements, &parameters(&options), parsed.query.span);
    match found.ok().and_then(|mut answers| answers.pop()).map(|answer| answer.meaning) {
        Some(Meaning::Table(relation)) => relation.columns.iter().map(super::scope::ScopeColumn::public).collect(),
        _ => Vec::new(),
    }
}

/// The mistakes of grammar and of names together, in the order of the text: of binding's those that do not stem from one
/// of the parser's.
pub fn together(grammar: Vec<Diagnostic>, binding: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut all = grammar;
    let told: Vec<_> = all.iter().filter(|d| d.is_error()).map(|d| d.span).collect();
    let known = !told.is_empty() || binding.iter().any(|d| d.is_error() && d.code != codes::INTERNAL);
    let mut places = std::collections::BTreeSet::new();
    all.extend(binding.into_iter().filter(|d| {
        d.code != codes::REPORTED
            // That no plan can be made of what stands in for a mistake is no news.
            && !(known && d.code == codes::INTERNAL)
            && !told.iter().any(|span| d.span.start <= span.end && span.start <= d.span.end)
            // What stands before a word that could not be read is not the whole of its expression.
            && !(d.code == codes::WRONG_TYPE && told.iter().any(|span| span.start == d.span.end + 1))
            // A second mistake at the same place stems from the first.
            && (!d.is_error() || places.insert((d.span.start, d.span.end)))
    }));
    all.sort_by_key(|d| d.span.start);
    all
}

/// No names but the parameters of the query.
pub(crate) fn parameters(options: &PlanOptions) -> Env {
    let mut env = Env::default();
    for (name, _) in &options.params {
        if let Some(value) = options.param(name) {
            env = env.with(name, Named::Scalar(BoundExpr::constant(value)));
        }
    }
    env
}
