//! The syntax tree of one query text.
//!
//! Every node carries the byte range it came from. The tree is syntax only: a
//! name is not yet a column, a table or a variable, and an expression without
//! operators may still turn out to be a table. Parentheses that only group
//! scalar expressions leave no trace; the shape of the tree is the grouping.

mod expr;
mod graph;
mod literal;
mod operator;
mod parts;
mod symbol;

pub use expr::*;
pub use graph::*;
pub use literal::*;
pub use operator::*;
pub use parts::*;
pub use symbol::*;

/// A half-open range of byte offsets into the query text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span from `start` up to, and without, `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    #[must_use]
    pub const fn to(self, other: Self) -> Self {
        let start = if self.start < other.start { self.start } else { other.start };
        let end = if self.end > other.end { self.end } else { other.end };
        Self { start, end }
    }

    /// The text the span covers, or nothing when it does not fit the text.
    pub fn text(self, source: &str) -> &str {
        source.get(self.start..self.end).unwrap_or_default()
    }
}

/// A whole query text: statements parted by semicolons.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The statements in the order they are written.
    pub statements: Vec<Statement>,
    /// The whole text.
    pub span: Span,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// From its first word to its last token, without the semicolon.
    pub span: Span,
}

/// The kinds of statement.
#[derive(Debug, Clone, PartialEq)]
pub enum StatementKind {
    /// `let name = value`.
    Let {
        /// The variable, view or function.
        name: Name,
        /// What it stands for.
        value: LetValue,
    },
    /// A tabular expression, or, as the result of a function, any expression.
    /// A scalar is a pipeline of [`Source::Expr`] without operators.
    Query(Pipeline),
    /// `set option` or `set option = value`.
    Set {
        /// The request option.
        name: Name,
        /// Its value; absent means on.
        value: Option<Expr>,
    },
    /// `declare query_parameters(name:type = default, …)`.
    QueryParameters(Vec<Param>),
    /// `declare pattern name = (…)[…] { … }`.
    Pattern(Pattern),
    /// `restrict access to (…)`.
    Restrict(Vec<Expr>),
    /// `alias database name = …`.
    Alias {
        /// The name given.
        name: Name,
        /// The cluster or database it stands for.
        value: Expr,
    },
    /// A statement that is understood to exist but not parsed into parts
    /// (`let g = entity_group […]`).
    Unsupported(Unsupported),
}

/// The right side of a `let`.
#[derive(Debug, Clone, PartialEq)]
pub enum LetValue {
    /// An expression without a pipe. It may still be tabular: a table name, a
    /// call of a tabular function, `materialize(…)`.
    Expr(Expr),
    /// A pipeline with operators, a parenthesised pipeline or a source
    /// operator (`datatable`, `range`, `union`, …).
    Tabular(Pipeline),
    /// `(parameters) { body }`.
    Function(Function),
}

/// A function or view made by `let`.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// `view () { … }`: wildcards of `union` and `search` see it.
    pub view: bool,
    /// The parameters in order.
    pub params: Vec<Param>,
    /// The statements; the last one is a [`StatementKind::Query`] and is the result.
    pub body: Vec<Statement>,
    /// From the first word to the closing brace.
    pub span: Span,
}

/// A map from texts to tables, `declare pattern name = (argument:string)[path:string] { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// Its name.
    pub name: Name,
    /// The arguments; empty when the pattern is only announced.
    pub params: Vec<ColumnDecl>,
    /// What stands behind the dot of a call.
    pub path: Option<ColumnDecl>,
    /// The tables in the order they are written.
    pub cases: Vec<PatternCase>,
}

/// `("argument").["path"] = { body }`.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternCase {
    /// The values of the arguments.
    pub args: Vec<Expr>,
    /// The value behind the dot.
    pub path: Option<Expr>,
    /// The statements; the last one is the result.
    pub body: Vec<Statement>,
    /// All of it.
    pub span: Span,
}

/// A parameter of a function or of the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub kind: ParamKind,
    /// Name to default.
    pub span: Span,
}

/// What a parameter accepts.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamKind {
    /// `name:type` or `name:type = default`.
    Scalar {
        /// The declared type.
        ty: TypeRef,
        /// The value when the argument is left out.
        default: Option<Expr>,
    },
    /// `name:(column:type, …)` or `name:(*)`.
    Tabular(RowSchema),
}

/// A list of columns with types, possibly with `*` for all others.
#[derive(Debug, Clone, PartialEq)]
pub struct RowSchema {
    /// `*` was written (always in front when printed).
    pub star: bool,
    /// The declared columns.
    pub columns: Vec<ColumnDecl>,
    /// With the parentheses.
    pub span: Span,
}

/// `name:type`.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDecl {
    /// The column.
    pub name: Name,
    /// Its type.
    pub ty: TypeRef,
    /// Name and type.
    pub span: Span,
}

/// A type as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeRef {
    /// Which type.
    pub ty: ScalarType,
    /// Where.
    pub span: Span,
}

/// The scalar types of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalarType {
    /// `bool`, `boolean`.
    Bool,
    /// `int`, 32 bits.
    Int,
    /// `long`, 64 bits.
    Long,
    /// `real`, `double`.
    Real,
    /// `decimal`.
    Decimal,
    /// `datetime`, `date`.
    DateTime,
    /// `timespan`, `time`.
    TimeSpan,
    /// `string`.
    String,
    /// `guid`, `uuid`, `uniqueid`.
    Guid,
    /// `dynamic`.
    Dynamic,
}

impl ScalarType {
    /// The type a word names.
    pub fn from_name(word: &str) -> Option<Self> {
        Some(match word {
            "bool" | "boolean" => Self::Bool,
            "int" | "int32" => Self::Int,
            "long" | "int64" => Self::Long,
            "real" | "double" | "float" => Self::Real,
            "decimal" => Self::Decimal,
            "datetime" | "date" => Self::DateTime,
            "timespan" | "time" => Self::TimeSpan,
            "string" => Self::String,
            "guid" | "uuid" | "uniqueid" => Self::Guid,
            "dynamic" => Self::Dynamic,
            _ => return None,
        })
    }

    /// The usual word for the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::Decimal => "decimal",
            Self::DateTime => "datetime",
            Self::TimeSpan => "timespan",
            Self::String => "string",
            Self::Guid => "guid",
            Self::Dynamic => "dynamic",
        }
    }
}

/// A name as written, quoting removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name itself.
    pub text: String,
    /// Written as `['…']`.
    pub quoted: bool,
    /// With the quoting.
    pub span: Span,
}

/// A name that may hold `*`, as in `project-away Temp*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    /// The text, stars included.
    pub text: String,
    /// Whether a star in `text` stands for any run of characters. A quoted
    /// name is taken literally.
    pub wildcard: bool,
    /// Where.
    pub span: Span,
}

/// A source and the operators its rows go through.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// Where the rows come from.
    pub source: Source,
    /// The operators in order.
    pub operators: Vec<Operator>,
    /// From the source to the last operator; without enclosing parentheses.
    pub span: Span,
}

/// The head of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A table, variable, function call, `database("x").Table`, `materialize(…)`,
    /// a wildcard in `union`, or a scalar expression where one is allowed.
    Expr(Expr),
    /// A pipeline in parentheses.
    Paren(Box<Pipeline>),
    /// The rows handed in: the head of a subquery of `mv-apply`, `partition`,
    /// `fork` or `facet`, whose text starts with an operator.
    Input(Span),
    /// `range x from a to b step c`.
    Range(Box<RangeSource>),
    /// `print …`.
    Print(Vec<NamedExpr>),
    /// `datatable(schema)[values]`.
    DataTable(DataTable),
    /// `externaldata(schema)[addresses] with (…)`.
    ExternalData(ExternalData),
    /// `union …` at the head.
    Union(Union),
    /// `search …` at the head.
    Search(Box<Search>),
    /// `find …`.
    Find(Box<Find>),
    /// `evaluate plugin(…)` at the head.
    Evaluate(Evaluate),
    /// A source that is known but not parsed into parts (`macro-expand`).
    Unsupported(Unsupported),
}

/// A construct of the language that Postern recognises but does not take apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsupported {
    /// Its name, such as `make-graph`.
    pub name: String,
    /// Its text from the name on.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// `range name from … to … step …`.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeSource {
    /// The one column.
    pub name: Name,
    /// The first value.
    pub from: Expr,
    /// The last value, included.
    pub to: Expr,
    /// The distance.
    pub step: Expr,
}

/// `datatable(schema)[values]`.
#[derive(Debug, Clone, PartialEq)]
pub struct DataTable {
    /// The columns.
    pub columns: Vec<ColumnDecl>,
    /// The cells, row after row. Constant expressions.
    pub values: Vec<Expr>,
}

/// `externaldata(schema)[addresses] with (…)`.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalData {
    /// The columns.
    pub columns: Vec<ColumnDecl>,
    /// The addresses of the files.
    pub addresses: Vec<Expr>,
    /// `with (format="csv", …)`.
    pub properties: Vec<Property>,
}

/// `name = value` in a `with (…)` list or `hint.name = value` after an operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// The name, dots included (`hint.strategy`).
    pub name: String,
    /// The value. A bare word is an [`ExprKind::Name`]; a bracketed or comma
    /// separated list of names is an [`ExprKind::Tuple`].
    pub value: Expr,
    /// Name and value.
    pub span: Span,
}
