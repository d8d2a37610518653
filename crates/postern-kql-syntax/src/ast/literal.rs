//! Constants.

use super::ScalarType;

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

/// Unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`.
    Minus,
    /// `+`.
    Plus,
}

/// `and`, `or`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogicalOp {
    /// `and`.
    And,
    /// `or`.
    Or,
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Modulo,
    /// `==`.
    Equal,
    /// `!=`, `<>`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `=~`.
    EqualNoCase,
    /// `!~`.
    NotEqualNoCase,
    /// `has`.
    Has,
    /// `!has`.
    NotHas,
    /// `has_cs`.
    HasCs,
    /// `!has_cs`.
    NotHasCs,
    /// `hasprefix`.
    HasPrefix,
    /// `!hasprefix`.
    NotHasPrefix,
    /// `hasprefix_cs`.
    HasPrefixCs,
    /// `!hasprefix_cs`.
    NotHasPrefixCs,
    /// `hassuffix`.
    HasSuffix,
    /// `!hassuffix`.
    NotHasSuffix,
    /// `hassuffix_cs`.
    HasSuffixCs,
    /// `!hassuffix_cs`.
    NotHasSuffixCs,
    /// `contains`.
    Contains,
    /// `!contains`, `notcontains`.
    NotContains,
    /// `contains_cs`, `containscs`.
    ContainsCs,
    /// `!contains_cs`, `notcontainscs`.
    NotContainsCs,
    /// `startswith`.
    StartsWith,
    /// `!startswith`.
    NotStartsWith,
    /// `startswith_cs`.
    StartsWithCs,
    /// `!startswith_cs`.
    NotStartsWithCs,
    /// `endswith`.
    EndsWith,
    /// `!endswith`.
    NotEndsWith,
    /// `endswith_cs`.
    EndsWithCs,
    /// `!endswith_cs`.
    NotEndsWithCs,
    /// `matches regex`.
    MatchesRegex,
    /// `like`: `*` in the text stands for any run of characters.
    Like,
    /// `notlike`.
    NotLike,
    /// `likecs`.
    LikeCs,
    /// `notlikecs`.
    NotLikeCs,
    /// `column:text` of `search`.
    Search,
}

impl BinaryOp {
    /// The operator as written in canonical text.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::EqualNoCase => "=~",
            Self::NotEqualNoCase => "!~",
            Self::Has => "has",
            Self::NotHas => "!has",
            Self::HasCs => "has_cs",
            Self::NotHasCs => "!has_cs",
            Self::HasPrefix => "hasprefix",
            Self::NotHasPrefix => "!hasprefix",
            Self::HasPrefixCs => "hasprefix_cs",
            Self::NotHasPrefixCs => "!hasprefix_cs",
            Self::HasSuffix => "hassuffix",
            Self::NotHasSuffix => "!hassuffix",
            Self::HasSuffixCs => "hassuffix_cs",
            Self::NotHasSuffixCs => "!hassuffix_cs",
            Self::Contains => "contains",
            Self::NotContains => "!contains",
            Self::ContainsCs => "contains_cs",
            Self::NotContainsCs => "!contains_cs",
            Self::StartsWith => "startswith",
            Self::NotStartsWith => "!startswith",
            Self::StartsWithCs => "startswith_cs",
            Self::NotStartsWithCs => "!startswith_cs",
            Self::EndsWith => "endswith",
            Self::NotEndsWith => "!endswith",
            Self::EndsWithCs => "endswith_cs",
            Self::NotEndsWithCs => "!endswith_cs",
            Self::MatchesRegex => "matches regex",
            Self::Like => "like",
            Self::NotLike => "notlike",
            Self::LikeCs => "likecs",
            Self::NotLikeCs => "notlikecs",
            Self::Search => ":",
        }
    }
}

/// Operators with a list on the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InOp {
    /// `in`.
    In,
    /// `!in`.
    NotIn,
    /// `in~`.
    InNoCase,
    /// `!in~`.
    NotInNoCase,
    /// `has_any`.
    HasAny,
    /// `has_all`.
    HasAll,
}

impl InOp {
    /// The operator as written in canonical text.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::NotIn => "!in",
            Self::InNoCase => "in~",
            Self::NotInNoCase => "!in~",
            Self::HasAny => "has_any",
            Self::HasAll => "has_all",
        }
    }
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

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `true`, `bool(true)`.
    Bool(bool),
    /// `int(5)`.
    Int(i32),
    /// `5`, `long(5)`, `0x1f`.
    Long(i64),
    /// `1.5`, `real(nan)`.
    Real(f64),
    /// `decimal(1.5)`: sign, digits, at most one point, no exponent.
    Decimal(String),
    /// Ticks of 100 ns since 0001-01-01T00:00Z.
    DateTime(i64),
    /// Ticks of 100 ns.
    TimeSpan(i64),
    /// 32 hexadecimal digits in groups, lower case.
    Guid(String),
    /// A text; neighbouring texts are joined.
    String(StringLiteral),
    /// `dynamic(…)`; `dynamic(null)` is [`Literal::Null`].
    Dynamic(DynamicValue),
    /// `int(null)` and the like.
    Null(ScalarType),
}

/// A text constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringLiteral {
    /// The text, escapes resolved.
    pub value: String,
    /// Written with `h`: to be kept out of logs.
    pub obfuscated: bool,
}

/// What `dynamic(…)` holds.
#[derive(Debug, Clone, PartialEq)]
pub enum DynamicValue {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// Any other number.
    Real(f64),
    /// A text.
    String(String),
    /// `[…]`.
    Array(Vec<DynamicValue>),
    /// `{…}`, keys in the order written; a repeated key is kept, the last counts.
    Object(Vec<(String, DynamicValue)>),
    /// A nested `datetime(…)`, `timespan(…)`, `guid(…)`, `decimal(…)` or typed null.
    Typed(Box<Literal>),
}
