//! Statements that change how the rest is read: `set`, `restrict access`, and calls of a `declare pattern`.

use std::rc::Rc;

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Call, Expr, ExprKind, Name};

use super::env::{Env, Named, Restriction, UserPattern};
use super::expr::Scope;
use super::fault::{Bound, Fault, codes};
use super::table::is_elsewhere;
use super::{Binder, Meaning};
use crate::functions::BoundExpr;
use crate::types::{Const, KqlType};

/// Request options that change the rows of a result.
const HONOURED: &[&str] = &["query_bin_auto_at", "query_bin_auto_size", "query_now", "query_take_max_records"];
/// Request options that would change the rows of a result; all that are in neither list only change how a service works.
const REFUSED: &[&str] = &[
    "query_datetimescope_column",
    "query_datetimescope_from",
    "query_datetimescope_to",
    "query_results_apply_getschema",
];

impl Binder<'_> {
    /// A request option that the query has set.
    pub fn setting(&self, name: &str) -> Option<BoundExpr> {
        self.settings.borrow().iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone())
    }

    /// Applies `set`.
    pub fn set(&self, name: &Name, value: Option<&Expr>, env: &Env, span: Span) -> Bound<()> {
        let option = name.text.as_str();
        if REFUSED.contains(&option) {
            return Err(Fault::unsupported(span, &format!("the request option `{option}`")));
        }
        if !HONOURED.contains(&option) {
            return Ok(());
        }
        let bound = match value {
            Some(value) => self.constant_expr(value, env)?,
            None => BoundExpr::constant(Const::Bool(true)),
        };
        let fits = match option {
            "query_now" => bound.ty == KqlType::DateTime,
            "query_take_max_records" => bound.ty.is_integer(),
            _ => bound.ty.is_numeric() || matches!(bound.ty, KqlType::DateTime | KqlType::TimeSpan),
        };
        if !fits || bound.constant.as_ref().is_none_or(Const::is_null) {
            return Err(Fault::new(codes::OPTION, span, format!("this is no value of the request option `{option}`")));
        }
        self.settings.borrow_mut().push((option.to_owned(), bound));
        Ok(())
    }

    /// Binds `bin_auto(value)`: the size and the fixed point of the bins are request options.
    pub fn bin_auto(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let [value] = call.args.as_slice() else {
            let message = format!("`bin_auto` takes 1 argument, not {}", call.args.len());
            return Err(Fault::new(codes::ARGUMENT_COUNT, call.span, message));
        };
        let Some(size) = self.setting("query_bin_auto_size") else {
            return Err(Fault::new(codes::ARGUMENT, call.span, "`bin_auto` does not know the size of a bin")
                .hint("write `set query_bin_auto_size = 1h;` before the query"));
        };
        let value = self.expr(&value.value, scope, env)?;
        let name = value.name.clone();
        let bound = match self.setting("query_bin_auto_at") {
            Some(at) => self.builtin("bin_at", &[value, size, at], call.span)?,
            None => self.builtin("bin", &[value, size], call.span)?,
        };
        Ok(BoundExpr { name, ..bound })
    }

    /// Applies `restrict access`: only these tables and views can be named from here on. A bare name is a `let` of the
    /// query, else a table; a bare pattern means names of the query only; `database().…` means tables.
    pub fn restrict(entities: &[Expr], env: &Env) -> Bound<Env> {
        let mut left = Restriction::default();
        for entity in entities {
            match &entity.kind {
                ExprKind::Name(name) if env.find(&name.text).is_some() => left.lets.push(name.text.clone()),
                ExprKind::Name(name) => left.tables.push(name.text.clone()),
                ExprKind::Wildcard(pattern) => left.lets.push(pattern.clone()),
                ExprKind::Star => left.lets.push("*".to_owned()),
                ExprKind::Member { base, name } if is_elsewhere(base) => left.tables.push(name.text.clone()),
                ExprKind::MemberWildcard { base, pattern } if is_elsewhere(base) => left.tables.push(pattern.clone()),
                _ => return Err(Fault::unsupported(entity.span, "this entity in `restrict access`")),
            }
        }
        Ok(env.with("", Named::Restricted(Rc::new(left))))
    }

    /// What `pattern("argument").path`, or the same without a path, stands for; `None` for every other expression.
    pub fn pattern_meaning(&self, expr: &Expr, env: &Env) -> Bound<Option<Meaning>> {
        let (call, path) = match &expr.kind {
            ExprKind::Call(call) => (call, None),
            ExprKind::Member { base, name } => match &base.kind {
                ExprKind::Call(call) => (call, Some(name.text.clone())),
                _ => return Ok(None),
            },
            ExprKind::Index { base, index } => match &base.kind {
                ExprKind::Call(call) if matches!(env.find(&call.name.text), Some(Named::Pattern(_))) => {
                    let path = self.constant_expr(index, env)?;
                    (call, path.const_str().map(str::to_owned))
                }
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let Some(Named::Pattern(pattern)) = env.find(&call.name.text) else { return Ok(None) };
        self.pattern_case(pattern, call, path.as_deref(), env, expr.span).map(Some)
    }

    fn pattern_case(
        &self,
        pattern: &UserPattern,
        call: &Call,
        path: Option<&str>,
        env: &Env,
        span: Span,
    ) -> Bound<Meaning> {
        self.spend(span)?;
        let text = |expr: &Expr, env: &Env| -> Bound<String> {
            let value = self.constant_expr(expr, env)?;
            value.const_str().map(str::to_owned).ok_or_else(|| {
                Fault::new(codes::NOT_CONSTANT, expr.span, "an argument of a pattern must be a constant text")
            })
        };
        let wanted = call.args.iter().map(|arg| text(&arg.value, env)).collect::<Bound<Vec<_>>>()?;
        for case in &pattern.pattern.cases {
            let args = case.args.iter().map(|arg| text(arg, &pattern.env)).collect::<Bound<Vec<_>>>()?;
            let own = case.path.as_ref().map(|path| text(path, &pattern.env)).transpose()?;
            if args == wanted && own.as_deref() == path {
                return self.statements(&case.body, &pattern.env, case.span);
            }
        }
        let args: Vec<String> = wanted.iter().map(|arg| format!("'{arg}'")).collect();
        let path = path.map_or_else(String::new, |path| format!(".['{path}']"));
        Err(Fault::new(
            codes::UNKNOWN_TABLE,
            span,
            format!("the pattern declares nothing for `{}({}){path}`", call.name.text, args.join(", ")),
        ))
    }
}
