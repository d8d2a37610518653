//! `evaluate`: the plugins. Those whose columns depend on the data (`bag_unpack`, `pivot`) ask for what they need to
//! know before the plan is made, unless the query states the columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListBuilder, StringViewBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlanBuilder, Volatility};
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Call, Evaluate, ExprKind, RowSchema};

use super::datatable::declared;
use super::extend::materialise;
use super::{geo_lookup, ip_lookup, plugins};
use crate::bind::Binder;
use crate::bind::coerce::convert;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::literal::{kql_type, scalar_json};
use crate::bind::scope::{Relation, ScopeColumn, plan_column};
use crate::functions::support::json;
use crate::functions::{BoundExpr, PathStep, dynamic::path, find_aggregate, raw_kernel_udf};
use crate::plan::aggregate::{Output, aggregate};
use crate::plan::gather::{Gather, gather};
use crate::plan::union::unused;
use crate::types::KqlType;

/// The most columns that a plugin may make.
const MAX_COLUMNS: usize = 1_000;

/// Applies a plugin.
pub fn evaluate(binder: &Binder, input: Option<Relation>, operator: &Evaluate, env: &Env) -> Bound<Relation> {
    let call = &operator.call;
    let name = call.name.text.as_str();
    let Some(input) = input else {
        let refused = plugins::refused(call);
        return Err(if plugins::NAMES.contains(&name) {
            Fault::new(codes::WRONG_KIND, call.span, format!("the plugin `{name}` works on the rows of a table"))
                .hint("put the table and a bar before `evaluate`")
        } else {
            refused
        });
    };
    if let Some(schema) = &operator.schema {
        declared(&schema.columns)?;
    }
    match name {
        "bag_unpack" => bag_unpack(binder, input, call, operator.schema.as_ref(), env),
        "pivot" => pivot(binder, input, call, operator.schema.as_ref(), env),
        "narrow" => narrow(binder, input, call.span),
        "geo_line_lookup" | "geo_polygon_lookup" => geo_lookup::lookup(binder, input, call, env),
        "ipv4_lookup" => ip_lookup::lookup(binder, input, call, "ipv4_is_in_range", env),
        "ipv6_lookup" => ip_lookup::lookup(binder, input, call, "ipv6_is_in_range", env),
        _ => plugins::apply(binder, input, call, operator.schema.as_ref(), env)
            .unwrap_or_else(|| Err(plugins::refused(call))),
    }
}

fn bag_unpack(
    binder: &Binder,
    mut input: Relation,
    call: &Call,
    schema: Option<&RowSchema>,
    env: &Env,
) -> Bound<Relation> {
    let span = call.span;
    let mut args = call.args.iter();
    let Some(first) = args.next() else {
        return Err(Fault::new(codes::ARGUMENT_COUNT, span, "`bag_unpack` needs a column"));
    };
    let bag = binder.expr(&first.value, &mut Scope::row(&mut input), env)?;
    if bag.ty != KqlType::Dynamic {
        return Err(Fault::wrong_type(first.span, "`bag_unpack`", "`dynamic`", bag.ty));
    }
    let mut texts: [String; 2] = [String::new(), "error".to_owned()];
    let mut ignored: Vec<String> = Vec::new();
    for (index, arg) in args.enumerate() {
        let value = binder.constant_expr(&arg.value, env)?;
        let place = match arg.name.as_ref().map(|n| n.text.as_str()) {
            Some("OutputColumnPrefix") => 0,
            Some("columnsConflict") => 1,
            Some("ignoredProperties") => 2,
            Some(other) => return Err(Fault::unsupported(arg.span, &format!("the option `{other}` of `bag_unpack`"))),
            None => index,
        };
        match (place, value.constant.as_ref().map(scalar_json)) {
            (0 | 1, Some(serde_json::Value::String(text))) => {
                if let Some(slot) = texts.get_mut(place) {
                    *slot = text;
                }
            }
            (2, Some(serde_json::Value::Array(names))) => {
                ignored.extend(names.iter().filter_map(|n| n.as_str().map(str::to_owned)));
            }
            _ => {
                return Err(Fault::new(
                    codes::ARGUMENT,
                    arg.span,
                    "this option of `bag_unpack` is a constant text or list",
                ));
            }
        }
    }
    let [prefix, conflict] = texts;
    // The column that is unpacked goes, so a member may take its name.
    let unpacked = if let PlanExpr::Column(column) = &bag.expr { Some(column) } else { None };
    let members: Vec<(String, KqlType)> = match schema {
        Some(schema) => schema
            .columns
            .iter()
            .filter(|c| input.find(&c.name.text).is_none_or(|old| Some(&old.column) == unpacked))
            .map(|c| {
                let name = c.name.text.strip_prefix(prefix.as_str()).unwrap_or(&c.name.text);
                (name.to_owned(), kql_type(c.ty.ty))
            })
            .collect(),
        None => discover(binder, &input, &bag, span)?,
    };
    if let PlanExpr::Column(column) = &bag.expr {
        input.columns.retain(|c| c.column != *column);
    }
    let mut values = Vec::new();
    let mut replaced: Vec<String> = Vec::new();
    let mut taken: Vec<String> = input.columns.iter().map(|c| c.name.clone()).collect();
    for (member, ty) in members.into_iter().filter(|(m, _)| !ignored.contains(m)) {
        let name = format!("{prefix}{member}");
        if taken.contains(&name) {
            match conflict.as_str() {
                "keep_source" => continue,
                "replace_source" => replaced.push(name.clone()),
                _ => {
                    return Err(Fault::new(
                        codes::DUPLICATE,
                        span,
                        format!("`bag_unpack` makes a column `{name}`, which is there already"),
                    )
                    .hint("give a prefix: `bag_unpack(column, \"prefix_\")`"));
                }
            }
        }
        let element =
            path::access(&bag, &[PathStep::Member(member)]).map_err(|e| Fault::bind(codes::OPERAND, e, span))?;
        let value = convert(&element, ty, &binder.cx())
            .ok_or_else(|| Fault::unsupported(span, &format!("`bag_unpack` into `{ty}`")))?;
        taken.push(name.clone());
        values.push((name, value));
    }
    // The bag must still be readable while its members are computed: they are computed over the plan as it is.
    input.open |= binder.options.check && schema.is_none();
    for column in materialise(binder, &mut input, values, span)? {
        if replaced.contains(&column.name) {
            input.set(column);
        } else {
            input.columns.push(column);
        }
    }
    if let Some(schema) = schema.filter(|s| !s.star) {
        only_declared(&mut input, schema);
    }
    Ok(input)
}

/// Keeps the columns that a query promises, in its order; hidden ones stay.
fn only_declared(relation: &mut Relation, schema: &RowSchema) {
    let mut columns: Vec<ScopeColumn> = Vec::with_capacity(schema.columns.len());
    for declared in &schema.columns {
        columns.extend(relation.columns.iter().find(|c| !c.hidden && c.name == declared.name.text).cloned());
    }
    columns.extend(relation.columns.iter().filter(|c| c.hidden).cloned());
    relation.columns = columns;
}

/// The members of all bags of a column, by name, with the type that holds every value.
fn discover(binder: &Binder, input: &Relation, bag: &BoundExpr, span: Span) -> Bound<Vec<(String, KqlType)>> {
    let returns = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true)));
    let members =
        raw_kernel_udf("bag_members", "", vec![KqlType::Dynamic.arrow()], returns, Volatility::Immutable, |args| {
            let bags = args.get(0)?.text()?;
            let mut list = ListBuilder::new(StringViewBuilder::new());
            for row in 0..args.rows {
                for (key, value) in json::members(bags.get(row).unwrap_or_default()) {
                    let kind = match json::kind(value) {
                        Some(json::Kind::Bool(_)) => 'b',
                        Some(json::Kind::Number) if value.parse::<i64>().is_ok() => 'l',
                        Some(json::Kind::Number) => 'r',
                        Some(json::Kind::String) => 's',
                        Some(json::Kind::Array | json::Kind::Object) => 'd',
                        Some(json::Kind::Null) | None => 'n',
                    };
                    list.values().append_value(format!("{kind}{}", json::string_value(key)));
                }
                list.append(true);
            }
            Ok(Arc::new(list.finish()) as ArrayRef)
        });
    let name = binder.fresh.name("member");
    let plan = LogicalPlanBuilder::from(input.plan.clone())
        .project(vec![members.call(vec![bag.expr.clone()]).alias(name.clone())])
        .and_then(|p| p.unnest_column(plan_column(name)))
        .and_then(LogicalPlanBuilder::distinct)
        .and_then(LogicalPlanBuilder::build)
        .at(span)?;
    let mut found: BTreeMap<String, KqlType> = BTreeMap::new();
    for batch in binder.ask(plan)? {
        let Some(texts) = batch.columns().first().and_then(|c| c.as_string_view_opt()) else { continue };
        for text in texts.iter().flatten() {
            let mut chars = text.chars();
            let ty = match chars.next() {
                Some('b') => KqlType::Bool,
                Some('l') => KqlType::Long,
                Some('r') => KqlType::Real,
                Some('s') => KqlType::String,
                Some('n') => continue,
                _ => KqlType::Dynamic,
            };
            let key = chars.as_str().to_owned();
            let known = found.get(&key).copied();
            let joined = match known {
                None => ty,
                Some(known) if known == ty => ty,
                Some(_) => KqlType::Dynamic,
            };
            found.insert(key, joined);
        }
    }
    if found.len() > MAX_COLUMNS {
        return Err(Fault::new(codes::EXECUTION, span, format!("the bags have more than {MAX_COLUMNS} members"))
            .hint("name the members that matter with `extend`"));
    }
    Ok(found.into_iter().collect())
}

fn pivot(binder: &Binder, mut input: Relation, call: &Call, schema: Option<&RowSchema>, env: &Env) -> Bound<Relation> {
    let span = call.span;
    let mut args = call.args.iter().peekable();
    let Some(first) = args.next() else {
        return Err(Fault::new(codes::ARGUMENT_COUNT, span, "`pivot` needs a column"));
    };
    let by = binder.expr(&first.value, &mut Scope::row(&mut input), env)?;
    let Some(by_name) = by.name.clone().filter(|n| input.find(n).is_some()) else {
        return Err(Fault::new(codes::ARGUMENT, first.span, "`pivot` takes a column of the table"));
    };
    let aggregate_arg = args
        .next_if(|arg| matches!(&arg.value.kind, ExprKind::Call(call) if find_aggregate(&call.name.text).is_some()));
    let mut used = vec![by_name.clone()];
    let value = if let Some(arg) = aggregate_arg {
        collect_names(&arg.value, &mut used);
        binder.expr(&arg.value, &mut Scope::groups(&mut input, &[]), env)?
    } else {
        let count = datafusion::functions_aggregate::count::count_udaf();
        BoundExpr::new(count.call(vec![datafusion::logical_expr::lit(1i64)]), KqlType::Long)
    };
    let mut keys = Vec::new();
    if args.peek().is_some() {
        for arg in args {
            let key = binder.expr(&arg.value, &mut Scope::row(&mut input), env)?;
            let name = key.name.clone().unwrap_or_else(|| format!("Column{}", keys.len() + 1));
            keys.push(Output::new(name, key.ty, key.expr));
        }
    } else {
        keys.extend(
            input.visible().filter(|c| !used.contains(&c.name)).map(|c| Output::new(c.name.clone(), c.ty, c.expr())),
        );
    }
    let text = binder.as_text(&convert(&by, KqlType::String, &binder.cx()).unwrap_or(by), first.span, "pivot")?;
    let names: Vec<String> = if let Some(schema) = schema {
        schema.columns.iter().map(|c| c.name.text.clone()).filter(|n| !keys.iter().any(|k| k.name == *n)).collect()
    } else {
        let mut values = input.clone();
        let name = binder.fresh.name("pivot");
        values.compute(vec![(text.expr.clone(), name.clone())]).at(span)?;
        values.columns =
            vec![ScopeColumn { name: by_name, ty: KqlType::String, hidden: false, column: plan_column(name) }];
        let mut names: Vec<String> =
            binder.ask_list(values, span)?.into_iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        names.sort();
        names
    };
    if names.len() > MAX_COLUMNS {
        return Err(Fault::new(codes::EXECUTION, span, format!("`pivot` would make more than {MAX_COLUMNS} columns")));
    }
    let mut taken: Vec<String> = keys.iter().map(|k| k.name.clone()).collect();
    let mut outputs = Vec::with_capacity(names.len());
    for name in names {
        let is_it = text
            .expr
            .clone()
            .eq(datafusion::logical_expr::lit(datafusion::scalar::ScalarValue::Utf8View(Some(name.clone()))));
        let expr = only_where(value.expr.clone(), &is_it).at(span)?;
        let name = unused(&name, &taken);
        taken.push(name.clone());
        outputs.push(Output::new(name, value.ty, expr));
    }
    let mut result = aggregate(input, &keys, &outputs, &binder.fresh).at(span)?;
    result.open = binder.options.check && schema.is_none();
    if let Some(schema) = schema.filter(|s| !s.star) {
        only_declared(&mut result, schema);
    }
    Ok(result)
}

/// The same aggregates over the rows alone for which a condition holds.
fn only_where(expr: PlanExpr, condition: &PlanExpr) -> datafusion::error::Result<PlanExpr> {
    expr.transform(|node| {
        Ok(match node {
            PlanExpr::AggregateFunction(mut call) => {
                let filter = match call.params.filter.take() {
                    Some(filter) => filter.and(condition.clone()),
                    None => condition.clone(),
                };
                call.params.filter = Some(Box::new(filter));
                Transformed::new(
                    PlanExpr::AggregateFunction(call),
                    true,
                    datafusion::common::tree_node::TreeNodeRecursion::Jump,
                )
            }
            other => Transformed::no(other),
        })
    })
    .map(|t| t.data)
}

fn collect_names(expr: &postern_kql_syntax::ast::Expr, names: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Name(name) => names.push(name.text.clone()),
        ExprKind::Call(call) => call.args.iter().for_each(|a| collect_names(&a.value, names)),
        ExprKind::Binary { left, right, .. } => {
            collect_names(left, names);
            collect_names(right, names);
        }
        ExprKind::Member { base, .. } => collect_names(base, names),
        _ => {}
    }
}

/// One row for each cell: its row's number, its column and its value as text.
fn narrow(binder: &Binder, input: Relation, span: Span) -> Bound<Relation> {
    let columns: Vec<ScopeColumn> = input.visible().cloned().collect();
    let mut inputs = Vec::with_capacity(columns.len());
    for column in &columns {
        let text = convert(&column.bound(), KqlType::String, &binder.cx());
        inputs.push(text.ok_or_else(|| Fault::unsupported(span, "`narrow` over this column"))?);
    }
    let names: Vec<String> = columns.into_iter().map(|c| c.name).collect();
    let outputs = [("Row", KqlType::Long), ("Column", KqlType::String), ("Value", KqlType::String)];
    let work = Gather {
        name: "narrow",
        config: names.join(","),
        inputs,
        outputs: outputs.map(|(name, ty)| (name.to_owned(), ty)).to_vec(),
        kernel: Arc::new(move |columns: &[ArrayRef]| {
            let (mut numbers, mut shown, mut texts) = (Vec::new(), StringViewBuilder::new(), StringViewBuilder::new());
            for row in 0..columns.first().map_or(0, |c| c.len()) {
                for (column, name) in columns.iter().zip(&names) {
                    let text = column.as_string_view_opt().filter(|c| c.is_valid(row)).map_or("", |c| c.value(row));
                    numbers.push(row as i64);
                    shown.append_value(name);
                    texts.append_value(text);
                }
            }
            let numbers = Int64Array::from(numbers);
            Ok(vec![Arc::new(numbers) as ArrayRef, Arc::new(shown.finish()), Arc::new(texts.finish())])
        }),
    };
    gather(input, work, &binder.fresh).at(span)
}
