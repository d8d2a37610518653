//! Paths into dynamic values: `a.b`, `a["b"]`, `a[0]`, `a[expression]`.
//!
//! Names are case-sensitive. A member or element that is not there, a step into something that is
//! neither object nor array, and the JSON null all give null. Elements count from 0, negative ones from the end.
//! The result is a slice of the input's own buffers. A base of type `string` is read as JSON text on the way.

use crate::functions::conversion::{Value, convert, read};
use crate::functions::support::define::call_as_is;
use crate::functions::support::json::{self, Step};
use crate::functions::support::slice::Slices;
use crate::functions::{BindError, BoundExpr, PathStep};
use crate::types::KqlType;

use super::super::support::build;

enum Compiled {
    Fixed(Step),
    Argument(usize, KqlType),
}

/// The value at a path of a dynamic expression.
pub fn access(base: &BoundExpr, steps: &[PathStep]) -> Result<BoundExpr, BindError> {
    if !matches!(base.ty, KqlType::Dynamic | KqlType::String) {
        return Err(BindError::new(format!("a path needs a `dynamic` value, not `{}`", base.ty)));
    }
    let mut args = vec![convert(base, KqlType::Dynamic)];
    let mut compiled = Vec::with_capacity(steps.len());
    let mut config = String::new();
    for step in steps {
        match step {
            PathStep::Member(name) => {
                config.push('.');
                json::push_string(&mut config, name);
                compiled.push(Compiled::Fixed(Step::Key(name.clone())));
            }
            PathStep::Index(index) => {
                config.push_str(&format!("[{index}]"));
                compiled.push(Compiled::Fixed(Step::Index(*index)));
            }
            PathStep::Computed(expr) => {
                config.push_str("[?]");
                compiled.push(Compiled::Argument(args.len(), expr.ty));
                args.push(expr.clone());
            }
        }
    }
    Ok(call_as_is("path", &config, &args, KqlType::Dynamic, move |args| {
        let base = args.get(0)?;
        let Some(mut out) = Slices::over(base, args.rows) else {
            return build::texts(args.rows, |_, _| None);
        };
        let fixed: Option<Vec<Step>> = compiled
            .iter()
            .map(|step| match step {
                Compiled::Fixed(step) => Some(step.clone()),
                Compiled::Argument(..) => None,
            })
            .collect();
        for row in 0..args.rows {
            let found = out.get(row).and_then(|raw| {
                if let Some(path) = &fixed {
                    json::walk(raw, path)
                } else {
                    let mut path = Vec::with_capacity(compiled.len());
                    for step in &compiled {
                        path.push(match step {
                            Compiled::Fixed(step) => step.clone(),
                            Compiled::Argument(at, ty) => computed(read(args.args.get(*at)?, *ty, row)?)?,
                        });
                    }
                    json::walk(raw, &path)
                }
            });
            match found {
                Some(part) => out.part(row, part),
                None => out.null(),
            }
        }
        out.finish()
    }))
}

fn computed(value: Value<'_>) -> Option<Step> {
    Some(match value {
        Value::Long(index) => Step::Index(index),
        Value::Text(name) => Step::Key(name.to_owned()),
        Value::Json(raw) if json::kind(raw) == Some(json::Kind::String) => {
            Step::Key(json::string_value(raw).into_owned())
        }
        Value::Json(_) => Step::Index(value.to_long()?),
        _ => return None,
    })
}
