//! `range`: one column of evenly spaced values, both ends included.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::RangeSource;

use super::datatable::Layout;
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::Relation;
use crate::plan::steps::{Steps, Values};
use crate::types::{Const, KqlType};

/// More rows than this no query can wait for.
const MAX_ROWS: i64 = 1 << 53;

/// Binds `range name from a to b step c`.
pub fn range(binder: &Binder, range: &RangeSource, env: &Env, span: Span) -> Bound<Relation> {
    let constant = |expr| -> Bound<Const> {
        let value = binder.constant_expr(expr, env)?;
        match value.constant {
            Some(value) if !value.is_null() => Ok(value),
            Some(_) => Err(Fault::new(codes::ARGUMENT, expr.span, "the ends and the step of a range cannot be null")),
            None => {
                Err(Fault::new(codes::NOT_CONSTANT, expr.span, "the ends and the step of a range must be constant"))
            }
        }
    };
    let (from, to, step) = (constant(&range.from)?, constant(&range.to)?, constant(&range.step)?);
    let ty = match (from.ty(), to.ty(), step.ty()) {
        (KqlType::DateTime, KqlType::DateTime, KqlType::TimeSpan) => KqlType::DateTime,
        (KqlType::TimeSpan, KqlType::TimeSpan, KqlType::TimeSpan) => KqlType::TimeSpan,
        (a, b, c) => match a.wider(b).and_then(|ab| ab.wider(c)) {
            Some(KqlType::Int) => KqlType::Int,
            Some(KqlType::Long) => KqlType::Long,
            Some(KqlType::Real) => KqlType::Real,
            _ => {
                return Err(Fault::new(
                    codes::WRONG_TYPE,
                    span,
                    format!("a range goes over numbers, durations or instants, not from `{a}` to `{b}` by `{c}`"),
                ));
            }
        },
    };
    let too_long = || {
        Fault::new(codes::ARGUMENT, span, format!("the range has more than {MAX_ROWS} rows"))
            .hint("take a larger step or a smaller range")
    };
    let (count, values) = if ty == KqlType::Real {
        let values = (from.as_real(), to.as_real(), step.as_real());
        let (Some(from), Some(to), Some(step)) = values else { return Err(too_long()) };
        let count = ((to - from) / step).floor();
        if step == 0.0 || !count.is_finite() || count >= MAX_ROWS as f64 {
            return Err(too_long());
        }
        (if count < 0.0 { 0 } else { count as i64 + 1 }, Values::Real(from, step))
    } else {
        let whole = |v: &Const| v.as_ticks().or_else(|| v.as_long());
        let (Some(from), Some(to), Some(step)) = (whole(&from), whole(&to), whole(&step)) else {
            return Err(too_long());
        };
        let distance = i128::from(to) - i128::from(from);
        if step == 0 || distance / i128::from(step) >= i128::from(MAX_ROWS) {
            return Err(too_long());
        }
        let steps = distance / i128::from(step);
        let backwards = distance != 0 && (distance < 0) != (step < 0);
        let values = if ty == KqlType::Int { Values::Int(from, step) } else { Values::Long(from, step) };
        (if backwards { 0 } else { steps as i64 + 1 }, values)
    };
    let columns = [(range.name.text.clone(), ty)];
    let layout = Layout::new(binder, &columns);
    let provider = Steps::table(layout.schema(), count, values).at(span)?;
    layout.read(binder, provider, span)
}
