//! The operators of a pipeline and their lists of columns.

use super::{
    Call, Evaluate, Expr, ForkBranch, GraphMatch, GraphTable, Join, Lookup, MakeGraph, MakeSeries, MvApply, MvExpand,
    Name, NamePattern, Parse, ParseKv, Partition, Pipeline, Property, Render, RowSchema, Scan, Search, Span, Union,
    Unsupported,
};

/// One step of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    /// What it does.
    pub kind: OperatorKind,
    /// From its name to its last token, without the bar.
    pub span: Span,
}

/// The operators.
#[derive(Debug, Clone, PartialEq)]
pub enum OperatorKind {
    /// `as name`.
    As {
        /// The name the rows get.
        name: Name,
        /// `hint.materialized=…`.
        hints: Vec<Property>,
    },
    /// `consume`.
    Consume(Vec<Property>),
    /// `count`.
    Count,
    /// `distinct a, b` or `distinct *` (one [`ExprKind::Star`]).
    Distinct {
        /// The columns.
        columns: Vec<Expr>,
        /// Hints.
        hints: Vec<Property>,
    },
    /// `evaluate plugin(…)`.
    Evaluate(Evaluate),
    /// `assert-schema (name: type, …)`.
    AssertSchema(RowSchema),
    /// `extend`.
    Extend(Vec<NamedExpr>),
    /// `facet by a, b with (…)`.
    Facet {
        /// The columns.
        by: Vec<Expr>,
        /// The subquery of `with`; its head is [`Source::Input`].
        with: Option<Box<Pipeline>>,
    },
    /// `fork (…) (…)`.
    Fork(Vec<ForkBranch>),
    /// `getschema`.
    GetSchema,
    /// `graph-mark-components` with its options.
    GraphMarkComponents(Vec<Property>),
    /// `graph-match` and `graph-shortest-paths`.
    GraphMatch(Box<GraphMatch>),
    /// `graph-to-table nodes, edges`.
    GraphToTable(Vec<GraphTable>),
    /// `invoke f(…)`.
    Invoke(Call),
    /// `join`.
    Join(Box<Join>),
    /// `lookup`.
    Lookup(Box<Lookup>),
    /// `make-graph`.
    MakeGraph(Box<MakeGraph>),
    /// `make-series`.
    MakeSeries(Box<MakeSeries>),
    /// `mv-apply … on (…)`.
    MvApply(Box<MvApply>),
    /// `mv-expand`.
    MvExpand(MvExpand),
    /// `parse` and `parse-where`.
    Parse(Box<Parse>),
    /// `parse-kv`.
    ParseKv(Box<ParseKv>),
    /// `partition`.
    Partition(Box<Partition>),
    /// `project`.
    Project(Vec<NamedExpr>),
    /// `project-away`.
    ProjectAway(Vec<NamePattern>),
    /// `project-by-names`.
    ProjectByNames(Vec<Expr>),
    /// `project-keep`.
    ProjectKeep(Vec<NamePattern>),
    /// `project-rename`.
    ProjectRename(Vec<Rename>),
    /// `project-reorder`.
    ProjectReorder(Vec<ReorderColumn>),
    /// `reduce by …`.
    Reduce {
        /// The text column.
        by: Expr,
        /// `with threshold=…, characters=…` and `kind=…`.
        properties: Vec<Property>,
    },
    /// `render`.
    Render(Render),
    /// `sample n`.
    Sample(Expr),
    /// `sample-distinct n of column`.
    SampleDistinct {
        /// How many values.
        count: Expr,
        /// Of which column.
        of: Expr,
    },
    /// `scan`.
    Scan(Box<Scan>),
    /// `search` after a bar.
    Search(Box<Search>),
    /// `serialize`.
    Serialize(Vec<NamedExpr>),
    /// `sort by`, `order by`.
    Sort {
        /// The keys, most significant first.
        keys: Vec<SortKey>,
        /// Hints.
        hints: Vec<Property>,
    },
    /// `summarize`.
    Summarize(Summarize),
    /// `take`, `limit`.
    Take(Expr),
    /// `top n by key`.
    Top {
        /// How many rows.
        count: Expr,
        /// The key.
        by: SortKey,
        /// Hints.
        hints: Vec<Property>,
    },
    /// `top-hitters n of value by weight`.
    TopHitters {
        /// How many values.
        count: Expr,
        /// The value.
        of: Expr,
        /// The weight.
        by: Option<Expr>,
    },
    /// `top-nested …, top-nested …`.
    TopNested(Vec<TopNested>),
    /// `union` after a bar.
    Union(Union),
    /// `where`, `filter`.
    Where(Expr),
    /// Recognised, not taken apart: graph operators and the like.
    Unsupported(Unsupported),
    /// A place where no operator could be read; a diagnostic tells why.
    Error,
}

/// An expression with the name it gives its column, where it gives one.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedExpr {
    /// The column name or names.
    pub target: Target,
    /// The value.
    pub expr: Expr,
    /// Target and value.
    pub span: Span,
}

/// What stands left of `=` in a list of columns.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// Nothing: the name follows from the expression.
    Auto,
    /// `name =`.
    Name(Name),
    /// `(a, b) =`.
    Tuple(Vec<Name>),
}

/// `new = old` of `project-rename`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rename {
    /// The new name.
    pub new: Name,
    /// The column renamed.
    pub old: Name,
    /// Both.
    pub span: Span,
}

/// One item of `project-reorder`.
#[derive(Debug, Clone, PartialEq)]
pub struct ReorderColumn {
    /// The columns.
    pub pattern: NamePattern,
    /// How several matches are ordered among themselves.
    pub order: Option<ReorderOrder>,
}

/// Orders of `project-reorder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReorderOrder {
    /// `asc`.
    Asc,
    /// `desc`.
    Desc,
    /// `granny-asc`: digits in names count as numbers.
    GrannyAsc,
    /// `granny-desc`.
    GrannyDesc,
}

/// `expr asc nulls last`.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// The value; `top` and `sort` also allow `name = expr`.
    pub value: NamedExpr,
    /// As written; the language's default is descending.
    pub order: Option<SortOrder>,
    /// As written.
    pub nulls: Option<NullsOrder>,
    /// All of it.
    pub span: Span,
}

/// Sort directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortOrder {
    /// `asc`.
    Asc,
    /// `desc`.
    Desc,
}

/// Where nulls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullsOrder {
    /// `nulls first`.
    First,
    /// `nulls last`.
    Last,
}

/// `summarize aggregates by keys`.
#[derive(Debug, Clone, PartialEq)]
pub struct Summarize {
    /// The aggregates; may be empty.
    pub aggregates: Vec<NamedExpr>,
    /// The keys; may be empty.
    pub by: Vec<NamedExpr>,
    /// `bin = expr` written after the keys (old form).
    pub bin: Option<Expr>,
    /// Hints.
    pub hints: Vec<Property>,
}

/// One level of `top-nested`.
#[derive(Debug, Clone, PartialEq)]
pub struct TopNested {
    /// How many values; absent means all.
    pub count: Option<Expr>,
    /// The value.
    pub of: NamedExpr,
    /// `with others = expr`.
    pub others: Option<Expr>,
    /// The aggregate that ranks.
    pub by: NamedExpr,
    /// The direction as written.
    pub order: Option<SortOrder>,
    /// All of it.
    pub span: Span,
}
