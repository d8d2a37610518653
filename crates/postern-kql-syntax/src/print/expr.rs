//! Expressions and constants.

use super::Printer;
use crate::ast::{
    Arg, BinaryOp, Call, DynamicValue, Expr, ExprKind, InList, Literal, LogicalOp, NamedExpr, ScalarType, Side, Target,
    TypeOf, UnaryOp,
};
use crate::literal;
use crate::parser::power;

/// How tightly a name, call or path binds.
pub(super) const TIGHTEST: u8 = 9;
const SIGN: u8 = 8;

fn power_of(kind: &ExprKind) -> u8 {
    match kind {
        ExprKind::Logical { op: LogicalOp::Or, .. } => 1,
        ExprKind::Logical { op: LogicalOp::And, .. } => 2,
        ExprKind::In { .. } | ExprKind::Between { .. } => 3,
        ExprKind::Binary { op, .. } => power(*op),
        ExprKind::Unary { .. } => SIGN,
        _ => TIGHTEST,
    }
}

impl Printer {
    pub(super) fn expr(&mut self, expr: &Expr) {
        self.expr_at(expr, 0);
    }

    /// An expression, in parentheses when it binds looser than its place asks.
    pub(super) fn expr_at(&mut self, expr: &Expr, least: u8) {
        if power_of(&expr.kind) < least {
            self.push("(");
            self.bare(expr);
            self.push(")");
        } else {
            self.bare(expr);
        }
    }

    fn bare(&mut self, expr: &Expr) {
        let own = power_of(&expr.kind);
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Name(name) => self.name(name),
            ExprKind::Star => self.push("*"),
            ExprKind::Wildcard(pattern) => self.push(pattern),
            ExprKind::Side(Side::Left) => self.push("$left"),
            ExprKind::Side(Side::Right) => self.push("$right"),
            ExprKind::Member { base, name } => {
                self.expr_at(base, TIGHTEST);
                self.push(".");
                self.name(name);
            }
            ExprKind::MemberCall { base, call } => {
                self.expr_at(base, TIGHTEST);
                self.push(".");
                self.call(call);
            }
            ExprKind::MemberWildcard { base, pattern } => {
                self.expr_at(base, TIGHTEST);
                self.push(".");
                self.push(pattern);
            }
            ExprKind::Index { base, index } => {
                self.expr_at(base, TIGHTEST);
                self.push("[");
                self.expr(index);
                self.push("]");
            }
            ExprKind::Call(call) => self.call(call),
            ExprKind::Unary { op, operand } => {
                self.push(match op {
                    UnaryOp::Minus => "-",
                    UnaryOp::Plus => "+",
                });
                self.expr_at(operand, SIGN);
            }
            ExprKind::Binary { op: BinaryOp::Search, left, right, .. } => {
                self.expr_at(left, own);
                self.push(":");
                self.expr_at(right, own + 1);
            }
            ExprKind::Binary { op, left, right, .. } => {
                self.expr_at(left, own);
                self.push(" ");
                self.push(op.symbol());
                self.push(" ");
                self.expr_at(right, own + 1);
            }
            ExprKind::Logical { op, operands } => {
                for (at, operand) in operands.iter().enumerate() {
                    if at > 0 {
                        self.push(match op {
                            LogicalOp::And => " and ",
                            LogicalOp::Or => " or ",
                        });
                    }
                    self.expr_at(operand, own + 1);
                }
            }
            ExprKind::In { op, left, list, .. } => {
                self.expr_at(left, own);
                self.push(" ");
                self.push(op.symbol());
                self.push(" (");
                match list {
                    InList::Values(values) => self.join(values, Self::expr),
                    InList::Tabular(pipeline) => self.pipeline(pipeline, " | "),
                }
                self.push(")");
            }
            ExprKind::Between { negated, value, low, high } => {
                self.expr_at(value, own);
                self.push(if *negated { " !between (" } else { " between (" });
                self.expr(low);
                self.push(" .. ");
                self.expr(high);
                self.push(")");
            }
            ExprKind::TypeOf(of) => {
                self.push("typeof");
                match of {
                    TypeOf::Scalar(ty) => {
                        self.push("(");
                        self.push(ty.ty.name());
                        self.push(")");
                    }
                    TypeOf::Row(schema) => self.schema(schema),
                }
            }
            ExprKind::Tabular(pipeline) => self.parenthesised(pipeline),
            ExprKind::Tuple(values) => {
                self.push("(");
                self.join(values, Self::expr);
                self.push(")");
            }
            ExprKind::Error => self.push("<error>"),
        }
    }

    pub(super) fn call(&mut self, call: &Call) {
        self.name(&call.name);
        self.push("(");
        if let [Arg { name: None, value: Expr { kind: ExprKind::Tabular(pipeline), .. }, .. }] = call.args.as_slice() {
            self.pipeline(pipeline, " | ");
        } else {
            self.join(&call.args, |printer, arg| {
                if let Some(name) = &arg.name {
                    printer.name(name);
                    printer.push("=");
                }
                printer.expr(&arg.value);
            });
        }
        self.push(")");
    }

    pub(super) fn named(&mut self, named: &NamedExpr) {
        match &named.target {
            Target::Auto => {}
            Target::Name(name) => {
                self.name(name);
                self.push(" = ");
            }
            Target::Tuple(names) => {
                self.push("(");
                self.join(names, Self::name);
                self.push(") = ");
            }
        }
        self.expr(&named.expr);
    }

    fn typed(&mut self, ty: ScalarType, content: &str) {
        self.push(ty.name());
        self.push("(");
        self.push(content);
        self.push(")");
    }

    fn literal(&mut self, constant: &Literal) {
        match constant {
            Literal::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Literal::Int(value) => self.typed(ScalarType::Int, &value.to_string()),
            Literal::Long(value) if *value < 0 => self.typed(ScalarType::Long, &value.to_string()),
            Literal::Long(value) => self.push(&value.to_string()),
            Literal::Real(value) if value.is_finite() && value.is_sign_positive() => {
                self.push(&literal::format_real(*value));
            }
            Literal::Real(value) => self.typed(ScalarType::Real, &literal::format_real(*value)),
            Literal::Decimal(value) => self.typed(ScalarType::Decimal, value),
            Literal::DateTime(ticks) => self.typed(ScalarType::DateTime, &literal::format_datetime(*ticks)),
            Literal::TimeSpan(ticks) => self.typed(ScalarType::TimeSpan, &literal::format_timespan(*ticks)),
            Literal::Guid(value) => self.typed(ScalarType::Guid, value),
            Literal::String(text) => {
                if text.obfuscated {
                    self.push("h");
                }
                self.push(&literal::quote(&text.value));
            }
            Literal::Dynamic(value) => {
                self.push("dynamic(");
                self.dynamic(value);
                self.push(")");
            }
            Literal::Null(ty) => self.typed(*ty, "null"),
        }
    }

    fn dynamic(&mut self, value: &DynamicValue) {
        match value {
            DynamicValue::Null => self.push("null"),
            DynamicValue::Bool(value) => self.push(if *value { "true" } else { "false" }),
            DynamicValue::Long(value) => self.push(&value.to_string()),
            DynamicValue::Real(value) if value.is_finite() => self.push(&literal::format_real(*value)),
            DynamicValue::Real(value) => self.typed(ScalarType::Real, &literal::format_real(*value)),
            DynamicValue::String(text) => self.push(&literal::quote(text)),
            DynamicValue::Array(items) => {
                self.push("[");
                self.join(items, Self::dynamic);
                self.push("]");
            }
            DynamicValue::Object(entries) => {
                self.push("{");
                self.join(entries, |printer, (key, value)| {
                    printer.push(&literal::quote(key));
                    printer.push(": ");
                    printer.dynamic(value);
                });
                self.push("}");
            }
            DynamicValue::Typed(constant) => self.literal(constant),
        }
    }
}
