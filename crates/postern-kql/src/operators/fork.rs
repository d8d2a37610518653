//! `fork`: several pipelines over the same rows, each with a result of its own.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::ForkBranch;

use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::fault::Bound;
use crate::bind::scope::Relation;
use crate::bind::several::{Answer, given_name};

/// Applies `fork`. A name in front of a branch goes before one that `as` gives at its end.
pub fn fork(binder: &Binder, input: Relation, branches: &[ForkBranch], env: &Env, span: Span) -> Bound<Vec<Answer>> {
    let input = binder.share_for(branches.len(), input, span)?;
    let mut answers = Vec::with_capacity(branches.len());
    for branch in branches {
        binder.spend_plan(&input.plan, span)?;
        let rows = binder.table(&branch.pipeline, env, Some(&input));
        let rows = binder.or_go_on(rows, input.open, || binder.unknown_rows())?;
        let own = branch.name.as_ref().map(|name| name.text.as_str());
        answers.push(Answer::rows(binder, own.or_else(|| given_name(&branch.pipeline.operators)), rows));
    }
    Ok(answers)
}
