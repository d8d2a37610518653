//! `scan`: sequences of rows found by steps, each of which remembers its newest row.
//!
//! `step.column` is a column of the row that the step remembers, or a declared column as the step last set it; a step
//! without a row gives the declared default, or null. A row is held against the last step first. The match id counts the
//! sequences of the first step from 0, anew in each group of `partition`. The rows of a step with `output=last` come when
//! their run of matches is over.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::default_table_source::provider_as_source;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column as PlanColumn, DFSchema, Result, ScalarValue, TableReference};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlanBuilder};
use datafusion::optimizer::analyzer::type_coercion::TypeCoercionRewriter;
use datafusion::physical_expr::create_physical_expr;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{NamedExpr, ParamKind, Scan, ScanOutput, ScanStep, Target};

use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::expr::{Scope, member_name};
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::literal::kql_type;
use crate::bind::scope::{Groups, OrderKey, Relation, ScopeColumn, nearest, plan_column};
use crate::plan::sequence::{Emits, Program, Sequencer, Sequencing, Source, Step};
use crate::plan::stream::{Machine, MachineTable};
use crate::types::{Const, KqlType};

/// The most steps of one `scan`.
const MAX_STEPS: usize = 64;

/// A declared column.
struct Declared {
    name: String,
    ty: KqlType,
    default: Const,
}

/// Applies `scan`.
pub fn scan(binder: &Binder, mut input: Relation, operator: &Scan, env: &Env, span: Span) -> Bound<Relation> {
    check(&input, operator, span)?;
    let declared = declarations(binder, &input, operator, env)?;
    let names = rows(binder, &mut input, span)?;
    // The rows' columns are known by their places from here on.
    let columns: Vec<(ScopeColumn, usize)> = input
        .columns
        .iter()
        .filter_map(|c| names.iter().position(|(old, _)| *old == c.column).map(|at| (c.clone(), at)))
        .collect();
    let mut steps = Vec::with_capacity(operator.steps.len());
    let mut places = Places::new(binder, &columns, &declared);
    for step in &operator.steps {
        places.add(&step.name.text);
        steps.push(places.step(step, env)?);
    }
    let used = places.used.iter();
    let mut kept: Vec<usize> =
        used.filter_map(|s| if let Source::State(_, column) = s { Some(*column) } else { None }).collect();
    kept.sort_unstable();
    kept.dedup();
    let schema = Arc::clone(input.plan.schema().inner());
    let mut fields: Vec<Field> = schema.fields().iter().map(|f| Field::clone(f).with_nullable(true)).collect();
    let missing = (0..fields.len())
        .map(|at| match (columns.iter().find(|(_, c)| *c == at), fields.get(at)) {
            (Some((column, _)), _) => Ok(column.ty.missing()),
            (None, Some(field)) => ScalarValue::try_from(field.data_type()),
            (None, None) => Ok(ScalarValue::Null),
        })
        .collect::<Result<Vec<_>>>()
        .at(span)?;
    let own: Vec<String> = declared.iter().map(|d| binder.fresh.name(&d.name)).collect();
    fields.extend(declared.iter().zip(&own).map(|(d, name)| Field::new(name, d.ty.arrow(), true)));
    let (id, ordinal) = (binder.fresh.name("match"), binder.fresh.name("row"));
    fields.push(Field::new(&id, DataType::Int64, false));
    fields.push(Field::new(&ordinal, DataType::Int64, false));
    let out = Arc::new(Schema::new(fields));
    let place = |old: &PlanColumn| names.iter().position(|(o, _)| o == old);
    let keys = input.groups.iter().flat_map(|g| &g.keys).filter_map(place).collect();
    let defaults = declared.iter().map(|d| d.default.scalar()).collect();
    let plan = Arc::new(Sequencing { steps, declared: defaults, missing, kept, keys, schema: Arc::clone(&out) });
    let make =
        Arc::new(move |reservation| Box::new(Sequencer::new(Arc::clone(&plan), reservation)) as Box<dyn Machine>);
    let at = out.fields().len().saturating_sub(1);
    let table = MachineTable::new("scan", input.plan.clone(), out, Some(at), make);
    let qualifier = TableReference::bare(binder.fresh.name("scan"));
    let plan = LogicalPlanBuilder::scan(qualifier.clone(), provider_as_source(Arc::new(table)), None)
        .and_then(LogicalPlanBuilder::build)
        .at(span)?;
    let of_plan = |name: &str| PlanColumn::new(Some(qualifier.clone()), name);
    let moved = |old: &PlanColumn| names.iter().find(|(o, _)| o == old).map(|(_, name)| of_plan(name));
    let mut result = Relation::new(plan, vec![]);
    for column in &input.columns {
        if let Some(new) = moved(&column.column) {
            result.columns.push(ScopeColumn { column: new, ..column.clone() });
        }
    }
    let new = |name: &str, ty, column: &str| ScopeColumn {
        name: name.to_owned(),
        ty,
        hidden: false,
        column: of_plan(column),
    };
    result.columns.extend(declared.iter().zip(&own).map(|(d, name)| new(&d.name, d.ty, name)));
    if let Some(name) = &operator.match_id {
        if result.find(&name.text).is_some() {
            return Err(duplicate(name.span, &name.text));
        }
        result.columns.push(new(&name.text, KqlType::Long, &id));
    }
    result.order = vec![OrderKey { column: of_plan(&ordinal), ascending: true, nulls_first: false }];
    result.groups = input.groups.as_ref().map(|g| Groups {
        keys: g.keys.iter().filter_map(moved).collect(),
        carried: g.carried.iter().filter_map(moved).collect(),
    });
    result.sorted = input.sorted;
    result.serialized = true;
    result.open = input.open;
    Ok(result)
}

fn check(input: &Relation, operator: &Scan, span: Span) -> Bound<()> {
    if !input.serialized {
        return Err(Fault::new(codes::MISPLACED, span, "`scan` needs rows in a fixed order")
            .hint("put `sort by …` or `serialize` before it"));
    }
    if let Some(property) = operator.properties.first() {
        return Err(Fault::unsupported(property.span, &format!("the option `{}` of `scan`", property.name)));
    }
    if let Some(key) = operator.order_by.first() {
        return Err(Fault::unsupported(key.span, "`order by` inside `scan`").hint("put `sort by …` before it"));
    }
    if let Some(key) = operator.partition_by.first() {
        return Err(Fault::unsupported(key.span, "`partition by` inside `scan`")
            .hint("write `partition hint.strategy=native by key (sort by … | scan …)`"));
    }
    if operator.steps.len() > MAX_STEPS {
        return Err(Fault::new(codes::ARGUMENT_COUNT, span, format!("`scan` takes at most {MAX_STEPS} steps")));
    }
    for (index, step) in operator.steps.iter().enumerate() {
        if step.optional {
            return Err(Fault::unsupported(step.span, "an `optional` step of `scan`"));
        }
        if operator.steps.iter().take(index).any(|s| s.name.text == step.name.text) {
            return Err(Fault::new(
                codes::DUPLICATE,
                step.name.span,
                format!("there is a step `{}` already", step.name.text),
            ));
        }
    }
    Ok(())
}

fn duplicate(span: Span, name: &str) -> Fault {
    Fault::new(codes::DUPLICATE, span, format!("there is a column `{name}` already"))
}

fn declarations(binder: &Binder, input: &Relation, operator: &Scan, env: &Env) -> Bound<Vec<Declared>> {
    let mut declared: Vec<Declared> = Vec::with_capacity(operator.declarations.len());
    for param in &operator.declarations {
        let name = &param.name;
        let ParamKind::Scalar { ty, default } = &param.kind else {
            return Err(Fault::new(codes::WRONG_KIND, param.span, "`scan` declares columns, not tables"));
        };
        if input.find(&name.text).is_some() || declared.iter().any(|d| d.name == name.text) {
            return Err(duplicate(name.span, &name.text));
        }
        let ty = kql_type(ty.ty);
        let default = match default {
            None => Const::null(ty),
            Some(default) => {
                let value = binder.constant_expr(default, env)?;
                let value = binder.coerce_to(value, ty, default.span, "the default")?;
                value.constant.ok_or_else(|| {
                    Fault::new(codes::NOT_CONSTANT, default.span, "the default of a declared column must be constant")
                })?
            }
        };
        declared.push(Declared { name: name.text.clone(), ty, default });
    }
    Ok(declared)
}

/// Puts the rows of a group side by side and in order, under plain names; gives old and new columns.
fn rows(binder: &Binder, input: &mut Relation, span: Span) -> Bound<Vec<(PlanColumn, String)>> {
    let keys = input.groups.iter().flat_map(|g| &g.keys).map(|k| PlanExpr::Column(k.clone()).sort(true, true));
    let order: Vec<_> = keys.chain(input.sort_exprs()).collect();
    let live = input.live();
    let mut names = Vec::with_capacity(live.len());
    let mut exprs = Vec::with_capacity(live.len());
    for column in live {
        let name = binder.fresh.name(column.name.split('#').next().unwrap_or_default());
        exprs.push(PlanExpr::Column(column.clone()).alias(name.clone()));
        names.push((column, name));
    }
    input.map(|plan| if order.is_empty() { plan.project(exprs) } else { plan.sort(order)?.project(exprs) }).at(span)?;
    Ok(names)
}

/// The names that the condition and the assignments of a step may use.
struct Places<'a, 'b> {
    binder: &'a Binder<'b>,
    relation: Relation,
    sources: HashMap<String, (Source, DataType)>,
    columns: &'a [(ScopeColumn, usize)],
    declared: &'a [Declared],
    steps: usize,
    used: Vec<Source>,
}

/// The plan name of a declared column without its step.
const UNSET: &str = "unset#";

impl<'a, 'b> Places<'a, 'b> {
    fn new(binder: &'a Binder<'b>, columns: &'a [(ScopeColumn, usize)], declared: &'a [Declared]) -> Self {
        let relation = binder.nowhere();
        let mut places = Self { binder, relation, sources: HashMap::new(), columns, declared, steps: 0, used: vec![] };
        for (column, at) in columns {
            places.put(column.name.clone(), column.ty, column.hidden, format!("row#{at}"), Some(Source::Row(*at)));
        }
        for (at, column) in declared.iter().enumerate() {
            places.put(column.name.clone(), column.ty, true, format!("{UNSET}{at}"), None);
        }
        places
    }

    fn put(&mut self, name: String, ty: KqlType, hidden: bool, plan: String, source: Option<Source>) {
        self.relation.columns.push(ScopeColumn { name, ty, hidden, column: plan_column(plan.clone()) });
        if let Some(source) = source {
            self.sources.insert(plan, (source, ty.arrow()));
        }
    }

    /// Adds the state of the next step.
    fn add(&mut self, step: &str) {
        let index = self.steps;
        self.steps += 1;
        for (column, at) in self.columns {
            let name = member_name(step, &column.name);
            self.put(name, column.ty, true, format!("state#{index}#{at}"), Some(Source::State(index, *at)));
        }
        for (at, column) in self.declared.iter().enumerate() {
            let name = member_name(step, &column.name);
            self.put(name, column.ty, true, format!("declared#{index}#{at}"), Some(Source::Declared(index, at)));
        }
    }

    fn step(&mut self, step: &ScanStep, env: &Env) -> Bound<Step> {
        let condition = self.binder.condition(&step.condition, &mut Scope::row(&mut self.relation), env)?;
        let (mut of_row, mut of_state) = (vec![], vec![]);
        for part in split_conjunction_owned(condition.expr) {
            let sources = self.sources_of(&part, step.condition.span)?;
            let plain = sources.iter().all(|(_, source, _)| matches!(source, Source::Row(_)));
            if plain { of_row.push(part) } else { of_state.push(part) }
        }
        let of_row = conjunction(of_row).map(|e| self.program(e, step.condition.span)).transpose()?;
        let of_state = conjunction(of_state).map(|e| self.program(e, step.condition.span)).transpose()?;
        let mut assignments: Vec<(usize, Program)> = Vec::with_capacity(step.assignments.len());
        for item in &step.assignments {
            let (at, program) = self.assignment(item, env)?;
            if assignments.iter().any(|(other, _)| *other == at) {
                return Err(Fault::new(codes::DUPLICATE, item.span, "a step sets a column once"));
            }
            assignments.push((at, program));
        }
        let emits = match step.output {
            None | Some(ScanOutput::All) => Emits::All,
            Some(ScanOutput::Last) => Emits::Last,
            Some(ScanOutput::None) => Emits::Nothing,
        };
        Ok(Step { of_row, of_state, assignments, emits })
    }

    fn assignment(&mut self, item: &NamedExpr, env: &Env) -> Bound<(usize, Program)> {
        let Target::Name(name) = &item.target else {
            return Err(Fault::new(codes::WRONG_KIND, item.span, "a step sets columns: `column = value`"));
        };
        let declared = self.declared;
        let Some((at, column)) = declared.iter().enumerate().find(|(_, d)| d.name == name.text) else {
            let hint = nearest(&name.text, declared.iter().map(|d| d.name.as_str()));
            return Err(Fault::new(
                codes::UNKNOWN_NAME,
                name.span,
                format!("`scan` declares no column `{}`", name.text),
            )
            .hint(match hint {
                Some(hint) => format!("did you mean `{hint}`?"),
                None => format!("write `scan declare ({}: type) with (…)`", name.text),
            }));
        };
        let value = self.binder.expr(&item.expr, &mut Scope::row(&mut self.relation), env)?;
        let value = self.binder.coerce_to(value, column.ty, item.expr.span, &format!("`{}`", column.name))?;
        Ok((at, self.program(value.expr, item.expr.span)?))
    }

    /// The columns of an expression and where their values come from.
    fn sources_of(&self, expr: &PlanExpr, span: Span) -> Bound<Vec<(String, Source, DataType)>> {
        let mut found: Vec<(String, Source, DataType)> = Vec::new();
        let mut unset = None;
        expr.apply(|node| {
            if let PlanExpr::Column(column) = node
                && !found.iter().any(|(name, ..)| *name == column.name)
            {
                match self.sources.get(&column.name) {
                    Some((source, ty)) => found.push((column.name.clone(), *source, ty.clone())),
                    None => unset = Some(column.name.clone()),
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })
        .at(span)?;
        let Some(unset) = unset else { return Ok(found) };
        let at: Option<usize> = unset.strip_prefix(UNSET).and_then(|at| at.parse().ok());
        Err(match at.and_then(|at| self.declared.get(at)) {
            Some(column) => {
                Fault::unsupported(span, &format!("the declared column `{}` without its step", column.name))
                    .hint(format!("write `step.{}` for its value in the state of a step", column.name))
            }
            None => Fault::new(codes::INTERNAL, span, "a column of `scan` is lost"),
        })
    }

    fn program(&mut self, expr: PlanExpr, span: Span) -> Bound<Program> {
        let columns = self.sources_of(&expr, span)?;
        let fields: Vec<Field> = columns.iter().map(|(name, _, ty)| Field::new(name, ty.clone(), true)).collect();
        let sources: Vec<Source> = columns.iter().map(|(_, source, _)| *source).collect();
        self.used.extend(&sources);
        let schema = Arc::new(Schema::new(fields));
        let compiled = DFSchema::try_from(Arc::clone(&schema)).and_then(|schema| {
            let coerced = expr.rewrite(&mut TypeCoercionRewriter::new(&schema))?.data;
            create_physical_expr(&coerced, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())
        });
        Ok(Program { expr: compiled.at(span)?, schema, sources })
    }
}
