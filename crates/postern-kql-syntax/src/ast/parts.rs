//! What the larger operators are made of.

use super::{
    Call, ColumnDecl, Expr, Name, NamePattern, NamedExpr, Param, Pipeline, Property, RowSchema, SortKey, Span, TypeRef,
};

/// The kinds of join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// `innerunique`, the default.
    InnerUnique,
    /// `inner`.
    Inner,
    /// `leftouter`.
    LeftOuter,
    /// `rightouter`.
    RightOuter,
    /// `fullouter`.
    FullOuter,
    /// `leftsemi`.
    LeftSemi,
    /// `rightsemi`.
    RightSemi,
    /// `leftanti`, `anti`, `leftantisemi`.
    LeftAnti,
    /// `rightanti`, `rightantisemi`.
    RightAnti,
}

impl JoinKind {
    /// The kind a word names.
    pub fn from_name(word: &str) -> Option<Self> {
        Some(match word {
            "innerunique" => Self::InnerUnique,
            "inner" => Self::Inner,
            "leftouter" => Self::LeftOuter,
            "rightouter" => Self::RightOuter,
            "fullouter" | "outer" => Self::FullOuter,
            "leftsemi" => Self::LeftSemi,
            "rightsemi" => Self::RightSemi,
            "leftanti" | "anti" | "leftantisemi" => Self::LeftAnti,
            "rightanti" | "rightantisemi" => Self::RightAnti,
            _ => return None,
        })
    }

    /// The usual word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InnerUnique => "innerunique",
            Self::Inner => "inner",
            Self::LeftOuter => "leftouter",
            Self::RightOuter => "rightouter",
            Self::FullOuter => "fullouter",
            Self::LeftSemi => "leftsemi",
            Self::RightSemi => "rightsemi",
            Self::LeftAnti => "leftanti",
            Self::RightAnti => "rightanti",
        }
    }
}

/// `join kind=… (right) on …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// As written; absent means [`JoinKind::InnerUnique`].
    pub kind: Option<JoinKind>,
    /// Hints.
    pub hints: Vec<Property>,
    /// The other table. Parentheses around it are dropped.
    pub right: Pipeline,
    /// Common columns and comparisons of `$left.a` and `$right.b`; all must hold.
    pub on: Vec<Expr>,
}

/// `lookup kind=… (right) on …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// As written: `leftouter` (the default) or `inner`.
    pub kind: Option<JoinKind>,
    /// Hints.
    pub hints: Vec<Property>,
    /// The other table. Parentheses around it are dropped.
    pub right: Pipeline,
    /// As in [`Join::on`].
    pub on: Vec<Expr>,
}

/// Which columns a union keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnionKind {
    /// Those all parts have.
    Inner,
    /// Those any part has; the default.
    Outer,
}

/// `union …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Union {
    /// As written.
    pub kind: Option<UnionKind>,
    /// `withsource = name`.
    pub with_source: Option<Name>,
    /// `isfuzzy = true`: missing tables are skipped.
    pub fuzzy: Option<bool>,
    /// Hints.
    pub hints: Vec<Property>,
    /// The tables. A wildcard is a pipeline of one [`ExprKind::Wildcard`].
    pub parts: Vec<Pipeline>,
}

/// How `mv-expand` treats an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BagExpansion {
    /// `bag`: one-key objects.
    Bag,
    /// `array`: pairs of key and value.
    Array,
}

/// `mv-expand …`.
#[derive(Debug, Clone, PartialEq)]
pub struct MvExpand {
    /// Whether it is written `mvexpand`, the older form.
    pub older: bool,
    /// `bagexpansion=` or `kind=`.
    pub bag_expansion: Option<BagExpansion>,
    /// `with_itemindex = name`.
    pub item_index: Option<Name>,
    /// Hints.
    pub hints: Vec<Property>,
    /// What is expanded, side by side.
    pub columns: Vec<MvColumn>,
    /// `limit n`.
    pub limit: Option<Expr>,
}

/// One item of `mv-expand` or `mv-apply`.
#[derive(Debug, Clone, PartialEq)]
pub struct MvColumn {
    /// `name = value` or `value`.
    pub value: NamedExpr,
    /// `to typeof(type)`.
    pub to: Option<TypeRef>,
    /// All of it.
    pub span: Span,
}

/// `mv-apply … on (…)`.
#[derive(Debug, Clone, PartialEq)]
pub struct MvApply {
    /// `with_itemindex = name`.
    pub item_index: Option<Name>,
    /// Hints.
    pub hints: Vec<Property>,
    /// What is expanded, side by side.
    pub columns: Vec<MvColumn>,
    /// `limit n`.
    pub limit: Option<Expr>,
    /// The subquery; its head is [`Source::Input`].
    pub subquery: Pipeline,
}

/// `make-series …`.
#[derive(Debug, Clone, PartialEq)]
pub struct MakeSeries {
    /// `kind=nonempty` and hints.
    pub properties: Vec<Property>,
    /// The aggregates.
    pub aggregates: Vec<SeriesAggregate>,
    /// `on` column.
    pub on: NamedExpr,
    /// `from`, or the first argument of `in range(…)`.
    pub from: Option<Expr>,
    /// `to`, or the second argument of `in range(…)`.
    pub to: Option<Expr>,
    /// `step`, or the third argument of `in range(…)`.
    pub step: Expr,
    /// Written as `in range(…)`, where the end is included.
    pub in_range: bool,
    /// The keys.
    pub by: Vec<NamedExpr>,
}

/// `name = aggregate default = value`.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesAggregate {
    /// The aggregate.
    pub value: NamedExpr,
    /// The value of empty bins.
    pub default: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// How `parse` matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseKind {
    /// Texts are literal, types must convert.
    Simple,
    /// Texts are regular expressions.
    Regex,
    /// Texts are literal, a failed conversion gives null.
    Relaxed,
}

/// `parse` or `parse-where`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parse {
    /// `parse-where`: rows that do not match are dropped.
    pub filter: bool,
    /// As written.
    pub kind: Option<ParseKind>,
    /// `flags = …` of `kind=regex`.
    pub flags: Option<String>,
    /// The text taken apart.
    pub expr: Expr,
    /// The pattern.
    pub pattern: Vec<ParseItem>,
}

/// One item of a `parse` pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum ParseItem {
    /// `*`.
    Star(Span),
    /// A text.
    Text(String, Span),
    /// `column` or `column:type`.
    Column {
        /// The column filled.
        name: Name,
        /// Its type; absent means string.
        ty: Option<TypeRef>,
    },
}

/// `parse-kv expr as (…) with (…)`.
#[derive(Debug, Clone, PartialEq)]
pub struct ParseKv {
    /// The text taken apart.
    pub expr: Expr,
    /// The keys wanted.
    pub columns: Vec<ColumnDecl>,
    /// The delimiters.
    pub properties: Vec<Property>,
}

/// `partition by key (…)` or `{ … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    /// Hints.
    pub hints: Vec<Property>,
    /// The key.
    pub by: Expr,
    /// What runs per key. In parentheses its head is [`Source::Input`]; in
    /// braces it is a whole query.
    pub body: Pipeline,
    /// Written in braces.
    pub braces: bool,
}

/// `name = (…)` of `fork`.
#[derive(Debug, Clone, PartialEq)]
pub struct ForkBranch {
    /// The name of the result.
    pub name: Option<Name>,
    /// The subquery; its head is [`Source::Input`].
    pub pipeline: Pipeline,
}

/// `evaluate plugin(…) : (schema)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluate {
    /// Hints.
    pub hints: Vec<Property>,
    /// The plugin and its arguments.
    pub call: Call,
    /// The columns the caller promises.
    pub schema: Option<RowSchema>,
}

/// `scan …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// `kind=…` and hints.
    pub properties: Vec<Property>,
    /// `order by …`.
    pub order_by: Vec<SortKey>,
    /// `partition by …`.
    pub partition_by: Vec<Expr>,
    /// `with_match_id = name`.
    pub match_id: Option<Name>,
    /// `declare (name:type = default, …)`.
    pub declarations: Vec<Param>,
    /// The steps in order.
    pub steps: Vec<ScanStep>,
}

/// `step name [optional] [output=…]: condition => a = x, b = y;`.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanStep {
    /// The step.
    pub name: Name,
    /// May match no row.
    pub optional: bool,
    /// As written.
    pub output: Option<ScanOutput>,
    /// When a row matches.
    pub condition: Expr,
    /// What is remembered then.
    pub assignments: Vec<NamedExpr>,
    /// All of it.
    pub span: Span,
}

/// Which rows of a step are put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanOutput {
    /// `all`.
    All,
    /// `last`.
    Last,
    /// `none`.
    None,
}

/// `search [kind=…] [in (tables)] predicate`.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// `kind = case_sensitive` and the like.
    pub kind: Option<Name>,
    /// The tables; empty means all.
    pub tables: Vec<Pipeline>,
    /// A text alone means: any column has it. `column:text` is [`BinaryOp::Search`].
    pub predicate: Expr,
}

/// `find …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Find {
    /// `withsource = name`, `datascope = …`.
    pub properties: Vec<Property>,
    /// `in (tables)`; empty means all.
    pub tables: Vec<Pipeline>,
    /// The condition.
    pub predicate: Expr,
    /// What is put out.
    pub output: FindOutput,
}

/// What `find` puts out.
#[derive(Debug, Clone, PartialEq)]
pub enum FindOutput {
    /// `project-smart`, also when nothing is written.
    Smart,
    /// `project a, b:type, pack(*)`.
    Project {
        /// The columns.
        columns: Vec<FindColumn>,
        /// `pack(*)` was written: the rest as one object.
        pack: bool,
    },
    /// `project-away *` or a list.
    ProjectAway(Vec<NamePattern>),
}

/// A column `find` puts out.
#[derive(Debug, Clone, PartialEq)]
pub struct FindColumn {
    /// The column.
    pub name: Name,
    /// `name:type`.
    pub ty: Option<TypeRef>,
}

/// `render kind with (…)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Render {
    /// `timechart`, `table`, …
    pub kind: Name,
    /// `with (title=…, …)`.
    pub properties: Vec<Property>,
}
