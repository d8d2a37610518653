//! A computation over all rows of a table, or of each group: the ground of the plugins.
//!
//! The rows are gathered by an aggregate, so that its memory counts against the query's limit and groups (`partition`,
//! `mv-apply`) work as for any other aggregate. The kernel gets whole columns in the order of the rows and gives whole
//! columns back; they become a list of structs, which is taken apart into rows again.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, StructArray, UInt32Array, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{SortColumn, SortOptions, concat, interleave, lexsort_to_indices, take};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{ExprSchema, Result, UnnestOptions, exec_datafusion_err, exec_err};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::AggregateFunction;

use super::aggregate::{Output, aggregate};
use super::fresh::Fresh;
use crate::bind::scope::{OrderKey, Relation, ScopeColumn, plan_column};
use crate::functions::BoundExpr;
use crate::functions::aggregate::groups::{Groups, OwnAggregate, take_first};
use crate::types::KqlType;

/// The most rows that a kernel may make of one group.
pub const MAX_ROWS: usize = 5_000_000;

/// Columns in, columns out. It may be called with columns of no rows.
pub type Kernel = Arc<dyn Fn(&[ArrayRef]) -> Result<Vec<ArrayRef>> + Send + Sync>;

/// What is computed over the rows of a table.
pub struct Gather<'a> {
    /// The name of the computation.
    pub name: &'a str,
    /// Tells computations of one name and different constants apart.
    pub config: String,
    /// What the kernel gets.
    pub inputs: Vec<BoundExpr>,
    /// What it gives: names and types.
    pub outputs: Vec<(String, KqlType)>,
    /// The computation.
    pub kernel: Kernel,
}

/// Applies a computation; its rows keep the order that the kernel gave them.
pub fn gather(relation: Relation, work: Gather, fresh: &Fresh) -> Result<Relation> {
    let order = relation.order.clone();
    let mut args: Vec<Expr> = work.inputs.iter().map(|i| i.expr.clone()).collect();
    let mut types: Vec<DataType> = work.inputs.iter().map(|i| i.ty.arrow()).collect();
    let mut options = Vec::with_capacity(order.len());
    for key in &order {
        let column = Expr::Column(key.column.clone());
        types.push(relation.plan.schema().data_type(&key.column)?.clone());
        args.push(column);
        options.push(SortOptions { descending: !key.ascending, nulls_first: key.nulls_first });
    }
    let mut fields: Vec<Field> =
        work.outputs.iter().enumerate().map(|(at, (_, ty))| Field::new(format!("c{at}"), ty.arrow(), true)).collect();
    fields.push(Field::new("ordinal", DataType::Int64, false));
    let fields = Fields::from(fields);
    let held = Fields::from(
        types.iter().enumerate().map(|(at, ty)| Field::new(format!("i{at}"), ty.clone(), true)).collect::<Vec<_>>(),
    );
    let outputs = work.outputs.iter().map(|(name, ty)| format!("{name}:{ty}")).collect::<Vec<_>>().join(",");
    let config = format!("{};{outputs};{options:?}", work.config);
    let (state_fields, out_fields, kernel) = (held.clone(), fields.clone(), Arc::clone(&work.kernel));
    let udaf = OwnAggregate::udaf(work.name, config, types, list_type(&fields), vec![list_type(&held)], move || {
        Box::new(Gathered {
            held: state_fields.clone(),
            out: out_fields.clone(),
            order: options.clone(),
            kernel: Arc::clone(&kernel),
            batches: Vec::new(),
            rows: Vec::new(),
            bytes: 0,
        })
    });
    let call = Expr::AggregateFunction(AggregateFunction::new_udf(udaf, args, false, None, Vec::new(), None));
    let mut result = aggregate(relation, &[], &[Output::new("gathered", KqlType::Dynamic, call)], fresh)?;
    let Some(list) = result.columns.pop() else {
        return Err(exec_datafusion_err!("the gathered rows of `{}` are lost", work.name));
    };
    result.unique = None;
    let whole = list.column.clone();
    result.map(|plan| plan.unnest_columns_with_options(vec![whole.clone()], UnnestOptions::default()))?;
    let mut computed = Vec::with_capacity(work.outputs.len() + 1);
    let mut columns = Vec::with_capacity(work.outputs.len());
    for (at, (name, ty)) in work.outputs.into_iter().enumerate() {
        let plan_name = fresh.name(&name);
        computed.push((get_field(Expr::Column(whole.clone()), format!("c{at}")), plan_name.clone()));
        columns.push(ScopeColumn { name, ty, hidden: false, column: plan_column(plan_name) });
    }
    let ordinal = fresh.name("ordinal");
    computed.push((get_field(Expr::Column(whole), "ordinal".to_owned()), ordinal.clone()));
    result.compute(computed)?;
    result.columns = columns;
    result.order = vec![OrderKey { column: plan_column(ordinal), ascending: true, nulls_first: false }];
    Ok(result)
}

fn list_type(fields: &Fields) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Struct(fields.clone()), true)))
}

/// The rows of all groups.
struct Gathered {
    held: Fields,
    out: Fields,
    order: Vec<SortOptions>,
    kernel: Kernel,
    batches: Vec<Vec<ArrayRef>>,
    /// Batch and row of each group's rows, in the order they came.
    rows: Vec<Vec<(usize, usize)>>,
    bytes: usize,
}

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathered").field("groups", &self.rows.len()).finish_non_exhaustive()
    }
}

/// The array without memory of rows that it does not hold.
fn own(array: &ArrayRef) -> ArrayRef {
    match array.as_string_view_opt() {
        Some(text) => Arc::new(text.gc()),
        None => Arc::clone(array),
    }
}

impl Gathered {
    fn push(&mut self, columns: Vec<ArrayRef>) -> usize {
        self.bytes += columns.iter().map(|c| c.get_array_memory_size()).sum::<usize>();
        self.batches.push(columns);
        self.batches.len() - 1
    }

    /// The columns of some rows.
    fn columns(&self, rows: &[(usize, usize)]) -> Result<Vec<ArrayRef>> {
        let mut columns = Vec::with_capacity(self.held.len());
        for (at, field) in self.held.iter().enumerate() {
            let arrays: Vec<&dyn Array> = self.batches.iter().filter_map(|b| b.get(at)).map(AsRef::as_ref).collect();
            columns.push(if rows.is_empty() || arrays.is_empty() {
                new_empty_array(field.data_type())
            } else {
                interleave(&arrays, rows)?
            });
        }
        Ok(columns)
    }

    /// The kernel's rows for some rows, as one struct array.
    fn run(&self, rows: &[(usize, usize)]) -> Result<StructArray> {
        let mut columns = self.columns(rows)?;
        let keys = columns.split_off(columns.len().saturating_sub(self.order.len()));
        if !keys.is_empty() && !rows.is_empty() {
            let keys: Vec<SortColumn> = keys
                .into_iter()
                .zip(&self.order)
                .map(|(values, options)| SortColumn { values, options: Some(*options) })
                .collect();
            let indices: UInt32Array = lexsort_to_indices(&keys, None)?;
            columns = columns.iter().map(|c| take(c, &indices, None)).collect::<std::result::Result<_, _>>()?;
        }
        let mut made = (self.kernel)(&columns)?;
        let count = made.first().map_or(0, |a| a.len());
        if count > MAX_ROWS {
            return exec_err!("a plugin would make more than {MAX_ROWS} rows; narrow its input or its windows");
        }
        made.push(Arc::new((0..count as i64).collect::<Int64Array>()));
        Ok(StructArray::try_new(self.out.clone(), made, None)?)
    }

    fn list(fields: &Fields, parts: &[StructArray]) -> Result<ArrayRef> {
        let lengths: Vec<usize> = parts.iter().map(Array::len).collect();
        if lengths.iter().sum::<usize>() > i32::MAX as usize {
            return exec_err!("a plugin would make too many rows");
        }
        let arrays: Vec<&dyn Array> = parts.iter().map(|p| p as &dyn Array).collect();
        let item = DataType::Struct(fields.clone());
        let values = if arrays.is_empty() { new_empty_array(&item) } else { concat(&arrays)? };
        let field = Arc::new(Field::new_list_field(item, true));
        Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None)?))
    }

    fn taken(&mut self, first: Option<usize>) -> Vec<Vec<(usize, usize)>> {
        take_first(&mut self.rows, first)
    }

    fn settle(&mut self) {
        if self.rows.iter().all(Vec::is_empty) {
            self.batches.clear();
            self.bytes = 0;
        }
    }
}

impl Groups for Gathered {
    fn grow(&mut self, total: usize) {
        if self.rows.len() < total {
            self.rows.resize(total, Vec::new());
        }
    }

    fn update(&mut self, values: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let batch = self.push(values.iter().map(own).collect());
        for (row, group) in rows {
            if let Some(list) = self.rows.get_mut(*group) {
                list.push((batch, *row));
            }
        }
        self.bytes += size_of_val(rows);
        Ok(())
    }

    fn merge(&mut self, state: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let Some(lists) = state.first().and_then(|s| s.as_list_opt::<i32>()) else {
            return exec_err!("the state of a plugin is not a list");
        };
        let Some(values) = lists.values().as_struct_opt() else {
            return exec_err!("the state of a plugin is not a list of rows");
        };
        let batch = self.push(values.columns().iter().map(own).collect());
        let offsets = lists.value_offsets();
        for (row, group) in rows {
            let (Some(from), Some(to)) = (offsets.get(*row), offsets.get(row + 1)) else { continue };
            if let Some(list) = self.rows.get_mut(*group) {
                list.extend((*from as usize..*to as usize).map(|at| (batch, at)));
                self.bytes += (to - from) as usize * size_of::<(usize, usize)>();
            }
        }
        Ok(())
    }

    fn results(&mut self, first: Option<usize>) -> Result<ArrayRef> {
        let taken = self.taken(first);
        let parts = taken.iter().map(|rows| self.run(rows)).collect::<Result<Vec<_>>>()?;
        self.settle();
        Self::list(&self.out, &parts)
    }

    fn state(&mut self, first: Option<usize>) -> Result<Vec<ArrayRef>> {
        let taken = self.taken(first);
        let mut parts = Vec::with_capacity(taken.len());
        for rows in &taken {
            parts.push(StructArray::try_new(self.held.clone(), self.columns(rows)?, None)?);
        }
        self.settle();
        Ok(vec![Self::list(&self.held, &parts)?])
    }

    fn size(&self) -> usize {
        self.bytes + self.rows.len() * size_of::<Vec<(usize, usize)>>()
    }
}
