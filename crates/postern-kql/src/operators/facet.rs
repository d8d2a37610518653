//! `facet`: for each column its values and how often they occur, and the rows of one more pipeline before them.

use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::lit;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, ExprKind, Pipeline};

use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::Relation;
use crate::bind::several::{Answer, given_name};
use crate::plan::aggregate::{Output, aggregate};
use crate::types::KqlType;

/// Applies `facet`: the result of `with` first, then one for each column.
pub fn facet(
    binder: &Binder,
    input: Relation,
    by: &[Expr],
    with: Option<&Pipeline>,
    env: &Env,
    span: Span,
) -> Bound<Vec<Answer>> {
    let input = binder.share_for(by.len() + usize::from(with.is_some()), input, span)?;
    let mut answers = Vec::with_capacity(by.len() + 1);
    if let Some(with) = with {
        let rows = binder.table(with, env, Some(&input));
        let rows = binder.or_go_on(rows, input.open, || binder.unknown_rows())?;
        answers.push(Answer::rows(binder, given_name(&with.operators), rows));
    }
    for column in by {
        binder.spend_plan(&input.plan, span)?;
        let counts = counts(binder, input.clone(), column, env);
        let counts = binder.or_go_on(counts, input.open, || binder.unknown_rows())?;
        answers.push(Answer::rows(binder, None, counts));
    }
    Ok(answers)
}

/// The values of a column, and the number of rows of each.
fn counts(binder: &Binder, mut input: Relation, column: &Expr, env: &Env) -> Bound<Relation> {
    let value = binder.expr(column, &mut Scope::row(&mut input), env)?;
    let name = match &column.kind {
        ExprKind::Name(name) if input.open || input.find(&name.text).is_some() => name.text.clone(),
        _ => {
            return Err(Fault::new(codes::ARGUMENT, column.span, "`facet` goes by columns of the table")
                .hint("compute the column with `extend` in front of `facet`"));
        }
    };
    if value.ty == KqlType::Dynamic {
        let message = format!("the column `{name}` is `dynamic`, which cannot be grouped by");
        return Err(Fault::new(codes::WRONG_TYPE, column.span, message)
            .hint(format!("convert it in front of `facet`: `extend {name} = tostring(…)`")));
    }
    let rows = Output::new(format!("count_{name}"), KqlType::Long, count_udaf().call(vec![lit(1i64)]));
    let key = Output::new(name, value.ty, value.expr);
    aggregate(input, &[key], &[rows], &binder.fresh).at(column.span)
}
