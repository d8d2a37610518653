//! The union of relations whose columns are matched by name.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::logical_expr::logical_plan::Union;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};

use super::fresh::Fresh;
use crate::bind::scope::{Relation, ScopeColumn, plan_column};
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
            .collect();
        parts.push(Arc::new(LogicalPlanBuilder::from(input.plan).project(exprs)?.build()?));
    }
    let plan = if parts.len() == 1 {
        parts.pop().map_or_else(|| LogicalPlanBuilder::empty(false).build(), |p| Ok(Arc::unwrap_or_clone(p)))?
    } else {
        LogicalPlan::Union(Union::try_new(parts)?)
    };
    Ok(Relation::new(plan, columns))
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
