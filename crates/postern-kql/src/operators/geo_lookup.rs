//! `evaluate geo_polygon_lookup(…)` and `geo_line_lookup(…)`: rows joined with the shapes that their place lies in or
//! near to.

use datafusion::logical_expr::{Expr as PlanExpr, lit};
use postern_kql_syntax::ast::{Arg, Call, Expr};

use super::ip_lookup::attach;
use crate::bind::Binder;
use crate::bind::Meaning;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, codes};
use crate::bind::scope::Relation;
use crate::types::Const;

/// What may follow the table, the place and the shape, in order; each may be given by its name.
const OPTIONS: [&str; 4] = ["radius", "return_unmatched", "lookup_area_radius", "return_lookup_key"];
/// What the third of them was called before.
const FORMER: &str = "join_hint";

/// The place of a named option among the optional arguments.
fn option(arg: &Arg) -> Option<usize> {
    let name = arg.name.as_ref()?.text.as_str();
    let name = if name == FORMER { OPTIONS[2] } else { name };
    OPTIONS.iter().position(|option| *option == name)
}

/// Applies one of the two plugins.
pub fn lookup(binder: &Binder, mut input: Relation, call: &Call, env: &Env) -> Bound<Relation> {
    let (name, span) = (call.name.text.as_str(), call.span);
    let line = name == "geo_line_lookup";
    let (options, args): (Vec<&Arg>, Vec<&Arg>) = call.args.iter().partition(|arg| option(arg).is_some());
    let [table, shape, lon, lat, more @ ..] = args.as_slice() else {
        return Err(Fault::new(
            codes::ARGUMENT_COUNT,
            span,
            format!("`{name}` needs a table, its column of shapes, a longitude and a latitude"),
        ));
    };
    let mut given: [Option<&Expr>; 4] = [None; 4];
    for (slot, arg) in given.iter_mut().zip(more) {
        *slot = Some(&arg.value);
    }
    if let Some(extra) = more.get(OPTIONS.len()) {
        return Err(Fault::new(codes::ARGUMENT_COUNT, extra.span, format!("`{name}` has too many arguments")));
    }
    for arg in options {
        if let Some(slot) = option(arg).and_then(|at| given.get_mut(at)) {
            *slot = Some(&arg.value);
        }
    }
    let [radius, unmatched, hint, key] = given;
    let flag = |value: Option<&Expr>| -> Bound<bool> {
        let Some(value) = value else { return Ok(false) };
        let constant = binder.constant_expr(value, env)?.constant;
        constant.and_then(|c| c.as_bool()).ok_or_else(|| {
            Fault::new(codes::ARGUMENT, value.span, format!("this option of `{name}` is `true` or `false`"))
        })
    };
    let number = |value: Option<&Expr>| -> Bound<Option<f64>> {
        let Some(value) = value else { return Ok(None) };
        let constant = binder.constant_expr(value, env)?;
        let metres = match constant.constant {
            Some(Const::Real(metres)) => Some(metres),
            _ => constant.const_long().map(|metres| metres as f64),
        };
        match metres {
            Some(metres) if metres >= 0.0 => Ok(Some(metres)),
            _ => Err(Fault::new(codes::ARGUMENT, value.span, format!("this option of `{name}` is a number of metres"))),
        }
    };
    let radius = number(radius)?;
    // How the rows are matched is not for the query to say: the hint is checked and has no effect.
    number(hint)?;
    let (keep, with_key) = (flag(unmatched)?, flag(key)?);
    let Meaning::Table(mut other) = binder.meaning(&table.value, env)? else {
        return Err(Fault::new(codes::WRONG_KIND, table.span, "the first argument must be a table"));
    };
    let lon = binder.expr(&lon.value, &mut Scope::row(&mut input), env)?;
    let lat = binder.expr(&lat.value, &mut Scope::row(&mut input), env)?;
    let shapes = binder.expr(&shape.value, &mut Scope::row(&mut other), env)?;
    let PlanExpr::Column(column) = shapes.expr.clone() else {
        return Err(Fault::new(codes::ARGUMENT, shape.span, format!("`{name}` takes a column of the table of shapes")));
    };
    let args = [lon, lat, shapes];
    let condition = match (line, radius) {
        (false, None) => binder.builtin("geo_point_in_polygon", &args, span)?.expr.is_true(),
        (false, Some(metres)) => binder.builtin("geo_distance_point_to_polygon", &args, span)?.expr.lt_eq(lit(metres)),
        (true, Some(metres)) => binder.builtin("geo_distance_point_to_line", &args, span)?.expr.lt_eq(lit(metres)),
        (true, None) => {
            return Err(Fault::new(codes::ARGUMENT_COUNT, span, "`geo_line_lookup` needs a radius in metres"));
        }
    };
    let hidden = if with_key { Vec::new() } else { vec![column] };
    attach(binder, input, &other, vec![condition], &hidden, keep, span)
}
