//! The union of relations whose columns are matched by name.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Column as PlanColumn, ExprSchema, Result, plan_err};
use datafusion::logical_expr::logical_plan::Union;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};

use super::fresh::Fresh;
use crate::bind::scope::{Groups, OrderKey, Relation, ScopeColumn, plan_column};
use crate::types::{Const, KqlType};

/// One output column: its name and type, and for each input the index of the column that feeds it.
struct Slot {
    name: String,
    ty: KqlType,
    hidden: bool,
    made: bool,
    from: Vec<Option<usize>>,
}

/// Unites relations. Without `inner` every column of any side appears, in order of first appearance; a name that occurs
/// with several types becomes one column for each, `x_long` and `x_int`. With `inner` only columns that all sides have
/// under the same name and type. `source` adds a first column of that name with each side's label.
pub fn union(inputs: Vec<(String, Relation)>, inner: bool, source: Option<&str>, fresh: &Fresh) -> Result<Relation> {
    let slots = slots(&inputs, inner);
    let mut columns: Vec<ScopeColumn> = Vec::with_capacity(slots.len() + 1);
    // A name as it was written goes before one that was made of a name and a type.
    let mut taken: Vec<String> = source.map(str::to_owned).into_iter().collect();
    taken.extend(slots.iter().filter(|s| !s.made).map(|s| s.name.clone()));
    if let Some(source) = source {
        columns.push(ScopeColumn {
            name: source.to_owned(),
            ty: KqlType::String,
            hidden: false,
            column: plan_column(fresh.name(source)),
        });
    }
    for slot in &slots {
        let name = if slot.made { unused(&slot.name, &taken) } else { slot.name.clone() };
        taken.push(name.clone());
        columns.push(ScopeColumn { column: plan_column(fresh.name(&name)), name, ty: slot.ty, hidden: slot.hidden });
    }
    let groups = inputs.first().and_then(|(_, input)| input.groups.as_ref()).map(|groups| {
        let fresh = |of: &Vec<_>| of.iter().map(|c: &PlanColumn| plan_column(fresh.name(&c.name))).collect();
        Groups { keys: fresh(&groups.keys), carried: fresh(&groups.carried) }
    });
    // Written tables (`datatable`, `getschema`) have an order of their own: their union is one after the other.
    let ordered = groups.is_none() && inputs.iter().all(|(_, input)| written_order(input).is_some());
    let order = ordered.then(|| [fresh.name("part"), fresh.name("row")]);
    let mut parts = Vec::with_capacity(inputs.len());
    for (index, (label, input)) in inputs.into_iter().enumerate() {
        let label = source.map(|_| Const::String(label).expr());
        let values =
            slots.iter().map(|slot| match slot.from.get(index).copied().flatten().and_then(|i| input.columns.get(i)) {
                Some(column) => column.expr(),
                None => lit(slot.ty.missing()),
            });
        let exprs: Vec<Expr> = label
            .into_iter()
            .chain(values)
            .zip(&columns)
            .map(|(value, column)| value.alias(column.column.name.clone()))
            .chain(group_columns(&input, groups.as_ref())?)
            .chain(order_columns(&input, index, order.as_ref()))
            .collect();
        parts.push(Arc::new(LogicalPlanBuilder::from(input.plan).project(exprs)?.build()?));
    }
    let plan = if parts.len() == 1 {
        parts.pop().map_or_else(|| LogicalPlanBuilder::empty(false).build(), |p| Ok(Arc::unwrap_or_clone(p)))?
    } else {
        LogicalPlan::Union(Union::try_new(parts)?)
    };
    let keys = order.into_iter().flatten();
    let order = keys.map(|n| OrderKey { column: plan_column(n), ascending: true, nulls_first: false }).collect();
    Ok(Relation { groups, order, ..Relation::new(plan, columns) })
}

/// The column by which the rows of a written table are numbered.
fn written_order(input: &Relation) -> Option<&PlanColumn> {
    match input.order.as_slice() {
        [key] if key.ascending && !input.sorted => {
            let ty = input.plan.schema().data_type(&key.column).ok()?;
            (ty == &DataType::Int64).then_some(&key.column)
        }
        _ => None,
    }
}

/// The number of the side, and of the row within it.
fn order_columns(input: &Relation, index: usize, names: Option<&[String; 2]>) -> Vec<Expr> {
    match (names, written_order(input)) {
        (Some([part, row]), Some(column)) => {
            vec![lit(index as i64).alias(part.clone()), Expr::Column(column.clone()).alias(row.clone())]
        }
        _ => vec![],
    }
}

/// The keys and carried columns of one side under the names that they have in the union.
fn group_columns(input: &Relation, groups: Option<&Groups>) -> Result<Vec<Expr>> {
    let (mine, theirs) = match (&input.groups, groups) {
        (None, None) => return Ok(vec![]),
        (Some(mine), Some(theirs))
            if mine.keys.len() == theirs.keys.len() && mine.carried.len() == theirs.carried.len() =>
        {
            (mine, theirs)
        }
        _ => return plan_err!("the sides of a union are in different groups"),
    };
    let all = |groups: &Groups| groups.keys.iter().chain(&groups.carried).cloned().collect::<Vec<_>>();
    let named = all(mine).into_iter().zip(all(theirs));
    Ok(named.map(|(mine, theirs)| Expr::Column(mine).alias(theirs.name)).collect())
}

fn slots(inputs: &[(String, Relation)], inner: bool) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    for (index, (_, input)) in inputs.iter().enumerate() {
        for (position, column) in input.columns.iter().enumerate() {
            let known = slots.iter().position(|s| s.name == column.name && s.ty == column.ty);
            let at = known.unwrap_or_else(|| {
                slots.push(Slot {
                    name: column.name.clone(),
                    ty: column.ty,
                    hidden: column.hidden,
                    made: false,
                    from: vec![None; inputs.len()],
                });
                slots.len() - 1
            });
            if let Some(from) = slots.get_mut(at).and_then(|s| s.from.get_mut(index)) {
                *from = Some(position);
            }
        }
    }
    if inner {
        slots.retain(|s| s.from.iter().all(Option::is_some));
    }
    let names: Vec<String> = slots.iter().map(|s| s.name.clone()).collect();
    for slot in &mut slots {
        if names.iter().filter(|n| **n == slot.name).count() > 1 {
            slot.name = format!("{}_{}", slot.name, slot.ty);
            slot.made = true;
        }
    }
    slots
}

/// A name that is not taken: the name itself, or the first of `name1`, `name2`, … that is free.
pub fn unused(name: &str, taken: &[String]) -> String {
    if !taken.iter().any(|t| t == name) {
        return name.to_owned();
    }
    (1..=taken.len() + 1).map(|n| format!("{name}{n}")).find(|n| !taken.contains(n)).unwrap_or_else(|| name.to_owned())
}
