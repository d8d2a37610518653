//! `render`: says how to draw the result; rows stay as they are.

use postern_kql_syntax::ast::{ExprKind, Render as Syntax};

use crate::Render;
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::fault::Bound;
use crate::bind::literal::scalar_json;
use crate::bind::scope::Relation;

/// Applies `render`.
pub fn render(binder: &Binder, input: Relation, render: &Syntax, env: &Env) -> Bound<Relation> {
    let mut properties = Vec::with_capacity(render.properties.len());
    for property in &render.properties {
        let text = match &property.value.kind {
            ExprKind::Name(name) => name.text.clone(),
            ExprKind::Tuple(names) => names
                .iter()
                .filter_map(|n| if let ExprKind::Name(name) = &n.kind { Some(name.text.as_str()) } else { None })
                .collect::<Vec<_>>()
                .join(", "),
            _ => match binder.constant_expr(&property.value, env)?.constant {
                Some(value) => match scalar_json(&value) {
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                },
                None => continue,
            },
        };
        properties.push((property.name.clone(), text));
    }
    *binder.render.borrow_mut() = Some(Render { kind: render.kind.text.clone(), properties });
    Ok(input)
}
