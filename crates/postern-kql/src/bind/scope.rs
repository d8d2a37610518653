//! A bound tabular expression: its plan, and which names mean which columns of the plan.
//!
//! Names are looked up here and nowhere else. The plan's own column names are unique over the whole query, so renaming,
//! reordering and dropping columns only change the list in [`Relation`] and cost nothing; a plan node appears when
//! something is computed. Rows that must keep an order carry its keys ([`OrderKey`]) until someone needs them sorted.

use std::collections::HashSet;

use datafusion::common::{Column as PlanColumn, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr};

use crate::catalog::Column;
use crate::functions::BoundExpr;
use crate::types::KqlType;

/// A column that the query can name.
#[derive(Debug, Clone, PartialEq)]
pub struct ScopeColumn {
    /// The name in the query.
    pub name: String,
    /// The type.
    pub ty: KqlType,
    /// Whether it is provenance.
    pub hidden: bool,
    /// The column of the plan.
    pub column: PlanColumn,
}

impl ScopeColumn {
    /// The value of the column.
    pub fn expr(&self) -> Expr {
        Expr::Column(self.column.clone())
    }

    /// The value of the column with its type and name.
    pub fn bound(&self) -> BoundExpr {
        BoundExpr { expr: self.expr(), ty: self.ty, constant: None, name: Some(self.name.clone()) }
    }

    /// What the outside sees of it.
    pub fn public(&self) -> Column {
        Column { name: self.name.clone(), ty: self.ty, hidden: self.hidden }
    }
}

/// One key of the rows' order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderKey {
    /// The column of the plan.
    pub column: PlanColumn,
    /// Smallest first.
    pub ascending: bool,
    /// Nulls before values.
    pub nulls_first: bool,
}

impl OrderKey {
    /// The key as DataFusion's sort expression.
    pub fn sort(&self) -> SortExpr {
        SortExpr::new(Expr::Column(self.column.clone()), self.ascending, self.nulls_first)
    }
}

/// Rows that are worked on group by group: inside `mv-apply` and `partition`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Groups {
    /// The columns that tell the groups apart.
    pub keys: Vec<PlanColumn>,
    /// Columns with one value for each group that the operators inside must hand through.
    pub carried: Vec<PlanColumn>,
}

/// A bound tabular expression.
#[derive(Debug, Clone)]
pub struct Relation {
    /// The plan.
    pub plan: LogicalPlan,
    /// The columns by name, in order.
    pub columns: Vec<ScopeColumn>,
    /// The order of the rows; empty when there is none.
    pub order: Vec<OrderKey>,
    /// Whether the order came from `sort` (and must show in the result) rather than from the source.
    pub sorted: bool,
    /// Whether window functions may be used: after `sort`, `serialize`, `range`, `top`.
    pub serialized: bool,
    /// Columns of which no two rows have equal values together, when known.
    pub unique: Option<Vec<PlanColumn>>,
    /// The groups, inside `mv-apply` and `partition`.
    pub groups: Option<Groups>,
    /// Whether there may be columns that only the data tells, when a query is checked without running anything.
    pub open: bool,
    /// The graph that stands here instead of rows, after `make-graph`.
    pub graph: Option<std::sync::Arc<crate::operators::graph::GraphData>>,
}

impl Relation {
    /// A relation over a plan.
    pub fn new(plan: LogicalPlan, columns: Vec<ScopeColumn>) -> Self {
        Self {
            plan,
            columns,
            order: vec![],
            sorted: false,
            serialized: false,
            unique: None,
            groups: None,
            open: false,
            graph: None,
        }
    }

    /// The column of a name; a visible one wins over a hidden one.
    pub fn find(&self, name: &str) -> Option<&ScopeColumn> {
        let mut found = self.columns.iter().filter(|c| c.name == name);
        let first = found.next()?;
        if first.hidden { found.find(|c| !c.hidden).or(Some(first)) } else { Some(first) }
    }

    /// The columns that `*` means.
    pub fn visible(&self) -> impl Iterator<Item = &ScopeColumn> {
        self.columns.iter().filter(|c| !c.hidden)
    }

    /// Every plan column that must live on: named, order keys, group keys, carried.
    pub fn live(&self) -> Vec<PlanColumn> {
        let mut seen = HashSet::new();
        let groups = self.groups.iter().flat_map(|g| g.keys.iter().chain(&g.carried));
        self.columns
            .iter()
            .map(|c| &c.column)
            .chain(self.order.iter().map(|k| &k.column))
            .chain(groups)
            .filter(|c| seen.insert((*c).clone()))
            .cloned()
            .collect()
    }

    /// The plan columns that must live on apart from the named ones.
    pub fn unnamed(&self) -> Vec<PlanColumn> {
        let named: HashSet<_> = self.columns.iter().map(|c| c.column.clone()).collect();
        self.live().into_iter().filter(|c| !named.contains(c)).collect()
    }

    /// Adds computed columns to the plan; they are not named yet.
    pub fn compute(&mut self, computed: Vec<(Expr, String)>) -> Result<()> {
        if computed.is_empty() {
            return Ok(());
        }
        let mut exprs: Vec<Expr> = self.live().into_iter().map(Expr::Column).collect();
        exprs.extend(computed.into_iter().map(|(expr, name)| expr.alias(name)));
        self.map(|plan| plan.project(exprs))
    }

    /// Replaces the plan by one built on it.
    pub fn map(&mut self, build: impl FnOnce(LogicalPlanBuilder) -> Result<LogicalPlanBuilder>) -> Result<()> {
        self.plan = build(LogicalPlanBuilder::from(self.plan.clone()))?.build()?;
        Ok(())
    }

    /// Puts a named column in: in the place of one of the same name, otherwise at the end.
    pub fn set(&mut self, column: ScopeColumn) {
        match self.columns.iter_mut().find(|c| c.name == column.name) {
            Some(old) => *old = column,
            None => self.columns.push(column),
        }
    }

    /// Forgets the order of the rows.
    pub fn unordered(&mut self) {
        self.order.clear();
        self.sorted = false;
        self.serialized = false;
    }

    /// The order as DataFusion's sort expressions.
    pub fn sort_exprs(&self) -> Vec<SortExpr> {
        self.order.iter().map(OrderKey::sort).collect()
    }
}

/// A plan column without a table.
pub fn plan_column(name: impl Into<String>) -> PlanColumn {
    PlanColumn::new_unqualified(name)
}

/// The name among `names` that was probably meant by `wanted`: a match but for case, or the nearest by edit distance.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1);
    let lower = wanted.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        let candidate = name.to_lowercase();
        if candidate == lower {
            return Some(name);
        }
        let distance = edit_distance(&lower, &candidate, limit);
        if distance <= limit && best.is_none_or(|(d, n)| (distance, name) < (d, n)) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// The number of edits between two texts, a swap of neighbours counting as one; more than `limit` is not told apart.
fn edit_distance(a: &str, b: &str, limit: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut before: Vec<usize> = vec![];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |line: &[usize], k: usize| line.get(k).copied().unwrap_or(usize::MAX / 2);
            let change = at(&above, j) + usize::from(x != y);
            let mut cost = change.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            if i > 0 && j > 0 && Some(x) == b.get(j - 1) && a.get(i - 1) == Some(y) {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_but_not_any_name() {
        let names = ["SenderFromAddress", "Subject", "Timestamp"];
        assert_eq!(nearest("subject", names), Some("Subject"));
        assert_eq!(nearest("SendrFromAddress", names), Some("SenderFromAddress"));
        assert_eq!(nearest("Timestmap", names), Some("Timestamp"));
        assert_eq!(nearest("Recipient", names), None);
    }
}
