//! Expressions.

use super::{BinaryOp, InOp, Literal, LogicalOp, Name, Pipeline, RowSchema, Span, TypeRef, UnaryOp};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where; without parentheses that only group.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// A bare or quoted name.
    Name(Name),
    /// `*`.
    Star,
    /// A table name with stars in it (`union Device*`, `database("x").*`).
    Wildcard(String),
    /// `$left` or `$right`.
    Side(Side),
    /// `base.name` and `base.['name']`.
    Member {
        /// Left of the dot.
        base: Box<Expr>,
        /// Right of the dot.
        name: Name,
    },
    /// `base.f(…)`, as in `cluster("c").database("d")`.
    MemberCall {
        /// Left of the dot.
        base: Box<Expr>,
        /// Right of the dot.
        call: Call,
    },
    /// `base.*` and `base.Prefix*`, only after `database(…)`.
    MemberWildcard {
        /// Left of the dot.
        base: Box<Expr>,
        /// The pattern right of the dot.
        pattern: String,
    },
    /// `base[index]`, also `base.[index]`.
    Index {
        /// What is indexed.
        base: Box<Expr>,
        /// The position or key.
        index: Box<Expr>,
    },
    /// `f(…)`. `not`, `iff`, `toscalar`, `materialize` are calls too.
    Call(Call),
    /// `-x`, `+x`.
    Unary {
        /// Which.
        op: UnaryOp,
        /// Of what.
        operand: Box<Expr>,
    },
    /// `a op b`.
    Binary {
        /// Which.
        op: BinaryOp,
        /// Where the operator itself stands.
        op_span: Span,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// `a and b and c` or `a or b or c`: at least two operands, never one of the same kind inside.
    Logical {
        /// Which.
        op: LogicalOp,
        /// In order.
        operands: Vec<Expr>,
    },
    /// `a in (…)`, `a has_any (…)`, …
    In {
        /// Which.
        op: InOp,
        /// Where the operator itself stands.
        op_span: Span,
        /// Left side; [`ExprKind::Star`] for `* in (…)`.
        left: Box<Expr>,
        /// Right side.
        list: InList,
    },
    /// `a between (low .. high)`.
    Between {
        /// `!between`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// Included.
        low: Box<Expr>,
        /// Included.
        high: Box<Expr>,
    },
    /// `typeof(type)` or `typeof(*, column:type)`.
    TypeOf(TypeOf),
    /// A pipeline as a value: in parentheses, or as an argument of `toscalar`,
    /// `materialize` and the like.
    Tabular(Box<Pipeline>),
    /// `(a, b)` or `[a, b]` as the value of a hint or property.
    Tuple(Vec<Expr>),
    /// A place where no expression could be read; a diagnostic tells why.
    Error,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The function.
    pub name: Name,
    /// The arguments.
    pub args: Vec<Arg>,
    /// From the name to the closing parenthesis.
    pub span: Span,
}

/// An argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// `name = value`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
    /// Name and value.
    pub span: Span,
}

/// The two sides of a join condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `$left`.
    Left,
    /// `$right`.
    Right,
}

/// The right side of `in` and the like.
#[derive(Debug, Clone, PartialEq)]
pub enum InList {
    /// `(a, b, c)`. A single name or call may stand for a table or an array.
    Values(Vec<Expr>),
    /// `(T | project a)`.
    Tabular(Box<Pipeline>),
}

/// What `typeof(…)` holds.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeOf {
    /// One type.
    Scalar(TypeRef),
    /// A row.
    Row(RowSchema),
}
