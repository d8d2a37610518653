//! The operators inside expressions.

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
