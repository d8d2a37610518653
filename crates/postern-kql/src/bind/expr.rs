//! Expressions: names, paths, operators.

use datafusion::logical_expr::{Expr as PlanExpr, Operator, binary_expr};
use postern_kql_syntax::ast::{BinaryOp, Expr, ExprKind, LogicalOp, UnaryOp};
use postern_kql_syntax::{Diagnostic, Severity, Span};

use super::advice;
use super::arithmetic::{Arithmetic, arithmetic, minus};
use super::coerce::{coerce, convert};
use super::compare::{Comparison, compare, negate};
use super::env::{Env, Named};
use super::fault::{Bound, Fault, codes};
use super::fold::fold;
use super::scope::Relation;
use super::{Binder, Meaning};
use crate::functions::{BoundExpr, PathStep, find_operator};
use crate::plan::growth::repeats;
use crate::types::{Const, KqlType};

/// Checks that a named value, which may be made of columns, can be computed for rows of this relation: the argument of a
/// function whose body reads another table cannot.
fn belongs(value: &BoundExpr, relation: &Relation, name: &str, span: Span) -> Bound<()> {
    // Without columns this is the body of a function that is a value: it is put in where the columns are.
    if value.constant.is_some() || relation.columns.is_empty() {
        return Ok(());
    }
    let schema = relation.plan.schema();
    if value.expr.column_refs().into_iter().all(|column| schema.has_column(column)) {
        return Ok(());
    }
    Err(Fault::new(
        codes::NOT_CONSTANT,
        span,
        format!("`{name}` is different for each row of one table, and here the rows of another are read"),
    )
    .hint("give the function a constant, or join the two tables"))
}

/// Where an expression stands.
pub struct Scope<'r> {
    /// The rows that it is about.
    pub relation: &'r mut Relation,
    /// The names of the group keys, when aggregates may be called here.
    pub keys: Option<&'r [String]>,
    /// Whether `row_number()`, `prev()` and the like may be called here.
    pub windows: bool,
}

impl<'r> Scope<'r> {
    /// The place of an expression over single rows.
    pub fn row(relation: &'r mut Relation) -> Self {
        Self { relation, keys: None, windows: false }
    }

    /// The same where window functions may be called.
    pub fn windows(relation: &'r mut Relation) -> Self {
        Self { relation, keys: None, windows: true }
    }

    /// The place of an expression over groups with keys of these names.
    pub fn groups(relation: &'r mut Relation, keys: &'r [String]) -> Self {
        Self { relation, keys: Some(keys), windows: false }
    }
}

impl Binder<'_> {
    /// Binds an expression. The stack grows as the text nests.
    #[recursive::recursive]
    pub fn expr(&self, expr: &Expr, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        self.spend(expr.span)?;
        match &expr.kind {
            ExprKind::Literal(literal) => Ok(BoundExpr::constant(self.literal(literal))),
            ExprKind::Name(name) => self.name(&name.text, name.span, scope, env),
            ExprKind::Member { .. } | ExprKind::Index { .. } => self.path(expr, scope, env),
            ExprKind::Call(call) => self.call(call, scope, env),
            ExprKind::Unary { op, operand } => {
                let value = self.expr(operand, scope, env)?;
                match op {
                    UnaryOp::Minus => {
                        let value = minus(&value, &self.cx());
                        value.map(fold).map_err(|e| Fault::bind(codes::OPERAND, e, expr.span))
                    }
                    UnaryOp::Plus if value.ty.is_numeric() || value.ty == KqlType::TimeSpan => Ok(value),
                    UnaryOp::Plus => Err(Fault::wrong_type(operand.span, "unary `+`", "a number", value.ty)),
                }
            }
            ExprKind::Binary { op, op_span, left, right } => {
                let left_value = self.expr(left, scope, env)?;
                let right_value = self.expr(right, scope, env)?;
                self.binary(*op, *op_span, (&left_value, left.span), (&right_value, right.span))
            }
            ExprKind::Logical { op, operands } => {
                let mut bound = Vec::with_capacity(operands.len());
                for operand in operands {
                    let condition = self.condition(operand, scope, env);
                    let unknown = || BoundExpr::constant(Const::Bool(true));
                    bound.push(self.or_go_on(condition, scope.relation.open, unknown)?.expr);
                }
                let op = if *op == LogicalOp::And { Operator::And } else { Operator::Or };
                Ok(fold(BoundExpr::new(balanced(bound, op), KqlType::Bool)))
            }
            ExprKind::In { op, left, list, .. } => self.in_list(*op, left, list, scope, env, expr.span),
            ExprKind::Between { negated, value, low, high } => {
                let value_bound = self.expr(value, scope, env)?;
                let low_bound = self.expr(low, scope, env)?;
                let high_bound = self.expr(high, scope, env)?;
                self.between(*negated, &value_bound, (&low_bound, low.span), (&high_bound, high.span))
            }
            ExprKind::Star | ExprKind::Wildcard(_) | ExprKind::MemberWildcard { .. } => {
                Err(Fault::new(codes::WRONG_KIND, expr.span, "`*` does not stand for a value here"))
            }
            ExprKind::Side(_) => {
                Err(Fault::new(codes::WRONG_KIND, expr.span, "`$left` and `$right` stand only in the `on` of a join"))
            }
            ExprKind::MemberCall { base, call } => {
                let message = format!("`{}` is called on a value, as if it were a method", call.name.text);
                Err(Fault::new(codes::METHOD, call.span, message).hint(advice::method(base, call)))
            }
            ExprKind::TypeOf(_) => Err(Fault::new(codes::WRONG_KIND, expr.span, "`typeof` is not a value")),
            ExprKind::Tabular(_) => {
                Err(Fault::new(codes::WRONG_KIND, expr.span, "a value must stand here, not a table")
                    .hint("take one value of the table with `toscalar()`"))
            }
            ExprKind::Error => Err(Fault::reported(expr.span)),
            ExprKind::Tuple(_) => Err(Fault::new(codes::WRONG_KIND, expr.span, "a value must stand here")),
        }
    }

    /// Binds an expression that must be true or false; a number counts as true when it is not zero.
    pub fn condition(&self, expr: &Expr, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let value = self.expr(expr, scope, env)?;
        let bound = match value.ty {
            KqlType::Bool => Some(value.clone()),
            KqlType::Dynamic => coerce(&value, KqlType::Bool, &self.cx()),
            ty if ty.is_numeric() => convert(&value, KqlType::Bool, &self.cx()),
            _ => None,
        };
        bound.ok_or_else(|| Fault::wrong_type(expr.span, "a condition", "`bool`", value.ty))
    }

    /// Binds an expression outside any table.
    pub fn constant_expr(&self, expr: &Expr, env: &Env) -> Bound<BoundExpr> {
        self.expr(expr, &mut Scope::row(&mut self.nowhere()), env)
    }

    /// Binds an expression that must be a constant whole number that is not negative.
    pub fn count(&self, expr: &Expr, env: &Env, what: &str) -> Bound<usize> {
        let value = self.constant_expr(expr, env)?;
        match value.const_long() {
            Some(count) => Ok(usize::try_from(count).unwrap_or(0)),
            None if value.constant.is_none() => {
                Err(Fault::new(codes::NOT_CONSTANT, expr.span, format!("{what} must be the same for all rows")))
            }
            None => Err(Fault::wrong_type(expr.span, what, "a whole number", value.ty)),
        }
    }

    /// Gives a value the type that its place asks for, as far as KQL does so silently.
    pub fn coerce_to(&self, value: BoundExpr, ty: KqlType, span: Span, place: &str) -> Bound<BoundExpr> {
        let narrows = value.ty.is_integer() && ty.is_integer();
        coerce(&value, ty, &self.cx())
            .or_else(|| if narrows { convert(&value, ty, &self.cx()) } else { None })
            .map(fold)
            .ok_or_else(|| Fault::wrong_type(span, place, &format!("`{ty}`"), value.ty))
    }

    fn name(&self, name: &str, span: Span, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        if let Some(column) = scope.relation.find(name) {
            if scope.keys.is_some() {
                return Err(Fault::new(
                    codes::MISPLACED,
                    span,
                    format!("column `{name}` must stand inside an aggregate such as `sum({name})`, or after `by`"),
                ));
            }
            return Ok(column.bound());
        }
        match env.find(name) {
            Some(Named::Scalar(value)) => {
                self.spend_expr(&value.expr, span)?;
                belongs(value, scope.relation, name, span)?;
                return Ok(BoundExpr { name: Some(name.to_owned()), ..value.clone() });
            }
            Some(Named::Table(_)) => {
                return Err(Fault::new(
                    codes::WRONG_KIND,
                    span,
                    format!("`{name}` is a table, and a value must stand here"),
                )
                .hint(format!("take one value of it with `toscalar({name})`")));
            }
            // A function without parameters may be called by its name alone.
            Some(Named::Function(function)) if function.function.params.is_empty() => {
                return match self.statements(&function.function.body, &function.env, function.function.span)? {
                    Meaning::Scalar(value) => Ok(BoundExpr { name: Some(name.to_owned()), ..value }),
                    Meaning::Table(_) => Err(Fault::new(
                        codes::WRONG_KIND,
                        span,
                        format!("`{name}` is a table, and a value must stand here"),
                    )),
                };
            }
            Some(Named::Function(_)) => {
                return Err(Fault::new(codes::WRONG_KIND, span, format!("`{name}` is a function"))
                    .hint(format!("call it: `{name}()`")));
            }
            Some(Named::Pattern(_)) => {
                return Err(Fault::new(
                    codes::WRONG_KIND,
                    span,
                    format!("`{name}` is a pattern, and a value must stand here"),
                ));
            }
            Some(Named::Restricted(_)) | None => {}
        }
        if scope.relation.open {
            let value = BoundExpr::constant(Const::Null(KqlType::Dynamic));
            return Ok(BoundExpr { name: Some(name.to_owned()), constant: None, ..value });
        }
        let names = scope.relation.columns.iter().map(|c| c.name.as_str()).filter(|n| !n.contains('\u{1f}'));
        let names: Vec<&str> = names.collect();
        let lets = env.iter().filter(|(_, named)| matches!(named, Named::Scalar(_))).map(|(n, _)| n);
        let hint = advice::offer(name, names.iter().copied().chain(lets)).or_else(|| advice::name(name));
        let hint = hint.or_else(|| {
            let shown: Vec<String> = scope.relation.visible().take(12).map(|c| format!("`{}`", c.name)).collect();
            (!shown.is_empty()).then(|| format!("columns here: {}", shown.join(", ")))
        });
        Err(Fault::new(codes::UNKNOWN_NAME, span, format!("no column or variable is named `{name}`")).maybe_hint(hint))
    }

    fn binary(
        &self,
        op: BinaryOp,
        op_span: Span,
        left: (&BoundExpr, Span),
        right: (&BoundExpr, Span),
    ) -> Bound<BoundExpr> {
        let cx = self.cx();
        let span = left.1.to(right.1);
        let operand = |e| Fault::bind(codes::OPERAND, e, span).maybe_hint(advice::comparison(left.0, right.0));
        let computed = |op| arithmetic(op, left.0, right.0, &cx).map(fold).map_err(operand);
        let compared = |op| compare(op, left.0, right.0, &cx).map(fold).map_err(operand);
        match op {
            BinaryOp::Add => computed(Arithmetic::Add),
            BinaryOp::Subtract => computed(Arithmetic::Subtract),
            BinaryOp::Multiply => computed(Arithmetic::Multiply),
            BinaryOp::Divide => computed(Arithmetic::Divide),
            BinaryOp::Modulo => computed(Arithmetic::Remainder),
            BinaryOp::Equal => compared(Comparison::Equal),
            BinaryOp::NotEqual => compared(Comparison::NotEqual),
            BinaryOp::Less => compared(Comparison::Less),
            BinaryOp::LessOrEqual => compared(Comparison::LessOrEqual),
            BinaryOp::Greater => compared(Comparison::Greater),
            BinaryOp::GreaterOrEqual => compared(Comparison::GreaterOrEqual),
            BinaryOp::Search => Err(Fault::new(codes::MISPLACED, op_span, "`:` stands only in `search`")),
            _ => self.text_operator(op, op_span, left, right),
        }
    }

    /// `has`, `contains`, `=~`, …: text on both sides; a dynamic left side is taken as its text.
    pub fn text_operator(
        &self,
        op: BinaryOp,
        op_span: Span,
        left: (&BoundExpr, Span),
        right: (&BoundExpr, Span),
    ) -> Bound<BoundExpr> {
        let symbol = op.symbol();
        let (positive, negated) = match symbol {
            "!~" => ("=~", true),
            "notlike" => ("like", true),
            "notlikecs" => ("likecs", true),
            _ => symbol.strip_prefix('!').map_or((symbol, false), |rest| (rest, true)),
        };
        let Some(function) = find_operator(positive) else {
            let fault = Fault::unsupported(op_span, &format!("`{symbol}`"));
            return Err(fault.maybe_hint(advice::like(op, left.0, right.0)));
        };
        if advice::is_list(right.0) {
            let message = format!("`{symbol}` looks for the whole list as one text");
            let hint = "write `has_any (…)` to look for each of its values".to_owned();
            self.warn(&Diagnostic {
                code: codes::OPERAND,
                message,
                span: right.1,
                hint: Some(hint),
                severity: Severity::Warning,
            });
        }
        let text = self.as_text(left.0, left.1, symbol)?;
        let needle = self.as_text(right.0, right.1, symbol)?;
        let bound = function.bind(&[text, needle], &self.cx()).map_err(|e| {
            Fault::bind(codes::OPERAND, e.clone(), if e.argument == Some(0) { left.1 } else { right.1 })
        })?;
        let expr = if negated { negate(bound.expr) } else { bound.expr };
        Ok(fold(BoundExpr::new(expr, KqlType::Bool)))
    }

    /// A value as the text that text operators look at.
    pub fn as_text(&self, value: &BoundExpr, span: Span, place: &str) -> Bound<BoundExpr> {
        let bound = match value.ty {
            KqlType::String => Some(value.clone()),
            KqlType::Dynamic | KqlType::Guid => convert(value, KqlType::String, &self.cx()).map(fold),
            _ => None,
        };
        bound.ok_or_else(|| {
            let hint = match value.const_long() {
                Some(number) => format!("write the text in quotes: `\"{number}\"`"),
                None => "convert it with `tostring()`".to_owned(),
            };
            Fault::wrong_type(span, &format!("`{place}`"), "text", value.ty).hint(hint)
        })
    }

    fn between(
        &self,
        negated: bool,
        value: &BoundExpr,
        low: (&BoundExpr, Span),
        high: (&BoundExpr, Span),
    ) -> Bound<BoundExpr> {
        let cx = self.cx();
        let place = |span| move |e| Fault::bind(codes::OPERAND, e, span);
        // `t between (start .. 1d)`: the end is a distance from the start.
        let end = if low.0.ty == KqlType::DateTime && high.0.ty == KqlType::TimeSpan {
            fold(arithmetic(Arithmetic::Add, low.0, high.0, &cx).map_err(place(high.1))?)
        } else {
            high.0.clone()
        };
        repeats(&value.expr).map_err(place(low.1))?;
        let (after, before, joined) = if negated {
            (Comparison::Less, Comparison::Greater, Operator::Or)
        } else {
            (Comparison::GreaterOrEqual, Comparison::LessOrEqual, Operator::And)
        };
        let after = compare(after, value, low.0, &cx).map_err(place(low.1))?;
        let before = compare(before, value, &end, &cx).map_err(place(high.1))?;
        Ok(fold(BoundExpr::new(binary_expr(after.expr, joined, before.expr), KqlType::Bool)))
    }

    /// `step.column`: a column of the state of a step of `scan`.
    fn state_column(step: &str, column: &str, scope: &Scope, span: Span) -> Bound<Option<BoundExpr>> {
        if let Some(found) = scope.relation.find(&member_name(step, column)) {
            return Ok(Some(BoundExpr { name: Some(column.to_owned()), ..found.bound() }));
        }
        let prefix = member_name(step, "");
        let known: Vec<&str> = scope.relation.columns.iter().filter_map(|c| c.name.strip_prefix(&prefix)).collect();
        if known.is_empty() || scope.relation.find(step).is_some() {
            return Ok(None);
        }
        let hint = super::scope::nearest(column, known).map(|n| format!("did you mean `{step}.{n}`?"));
        let message = format!("the step `{step}` has no column `{column}`");
        Err(Fault::new(codes::UNKNOWN_NAME, span, message).maybe_hint(hint))
    }

    /// `a.b["c"][0]`: the steps from the first value that is not itself a step.
    fn path(&self, expr: &Expr, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let mut steps: Vec<(PathStep, Option<String>)> = Vec::new();
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::Member { base, name } => {
                    steps.push((PathStep::Member(name.text.clone()), Some(name.text.clone())));
                    at = base;
                }
                ExprKind::Index { base, index } => {
                    let value = self.expr(index, scope, env)?;
                    let step = match &value.constant {
                        Some(Const::String(key)) => (PathStep::Member(key.clone()), Some(key.clone())),
                        Some(Const::Int(_) | Const::Long(_)) => {
                            let position = value.const_long().unwrap_or_default();
                            (PathStep::Index(position), Some(position.to_string()))
                        }
                        _ if matches!(value.ty, KqlType::String | KqlType::Int | KqlType::Long) => {
                            (PathStep::Computed(value), None)
                        }
                        _ if value.ty == KqlType::Dynamic => {
                            let text = self.as_text(&value, index.span, "an index")?;
                            (PathStep::Computed(text), None)
                        }
                        _ => return Err(Fault::wrong_type(index.span, "an index", "a number or text", value.ty)),
                    };
                    steps.push(step);
                    at = base;
                }
                _ => break,
            }
        }
        steps.reverse();
        let base = match (&at.kind, steps.first()) {
            (ExprKind::Name(name), Some((PathStep::Member(member), _))) => {
                Self::state_column(&name.text, member, scope, expr.span)?
            }
            _ => None,
        };
        let base = match base {
            Some(column) => {
                steps.remove(0);
                if steps.is_empty() {
                    return Ok(column);
                }
                column
            }
            None => self.expr(at, scope, env)?,
        };
        if base.ty != KqlType::Dynamic {
            let what = base.name.as_ref().map_or_else(|| "a value".to_owned(), |n| format!("`{n}`"));
            return Err(Fault::new(
                codes::OPERAND,
                expr.span,
                format!("{what} of type `{}` has no members; only `dynamic` has", base.ty),
            )
            .maybe_hint((base.ty == KqlType::String).then(|| "read the text as JSON with `parse_json()`".to_owned())));
        }
        let name = steps.iter().fold(base.name.clone(), |name, (_, step)| match (name, step) {
            (Some(name), Some(step)) => Some(format!("{name}_{step}")),
            (Some(name), None) => Some(name),
            (None, _) => None,
        });
        let steps: Vec<PathStep> = steps.into_iter().map(|(step, _)| step).collect();
        let bound = crate::functions::dynamic::path::access(&base, &steps)
            .map_err(|e| Fault::bind(codes::OPERAND, e, expr.span))?;
        Ok(BoundExpr { name, ..fold(bound) })
    }
}

/// The name under which a scope holds `base.member` as one column; no query can write it.
pub fn member_name(base: &str, member: &str) -> String {
    format!("{base}\u{1f}{member}")
}

/// Operands joined pairwise, so that the depth grows with the logarithm of their number.
pub fn balanced(mut operands: Vec<PlanExpr>, op: Operator) -> PlanExpr {
    while operands.len() > 1 {
        let mut joined = Vec::with_capacity(operands.len().div_ceil(2));
        let mut rest = operands.into_iter();
        while let Some(left) = rest.next() {
            joined.push(match rest.next() {
                Some(right) => binary_expr(left, op, right),
                None => left,
            });
        }
        operands = joined;
    }
    operands.pop().unwrap_or_else(|| datafusion::logical_expr::lit(op == Operator::And))
}
