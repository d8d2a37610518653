//! `datatable`: a table written into the query.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, new_empty_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::catalog::default_table_source::provider_as_source;
use datafusion::common::{Column as PlanColumn, TableReference};
use datafusion::datasource::MemTable;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::scalar::ScalarValue;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{ColumnDecl, DataTable};

use crate::bind::Binder;
use crate::bind::coerce::{coerce, convert};
use crate::bind::env::Env;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::fold::fold;
use crate::bind::literal::kql_type;
use crate::bind::scope::{OrderKey, Relation, ScopeColumn};
use crate::types::{Const, KqlType};

/// Names and types of declared columns; each name may stand once.
pub fn declared(columns: &[ColumnDecl]) -> Bound<Vec<(String, KqlType)>> {
    let mut names = HashSet::new();
    let column = |c: &ColumnDecl| {
        if names.insert(c.name.text.clone()) {
            Ok((c.name.text.clone(), kql_type(c.ty.ty)))
        } else {
            let message = format!("the column `{}` is declared twice", c.name.text);
            Err(Fault::new(codes::DUPLICATE, c.name.span, message))
        }
    };
    columns.iter().map(column).collect()
}

/// Binds `datatable(schema)[values]`.
pub fn datatable(binder: &Binder, data: &DataTable, env: &Env, span: Span) -> Bound<Relation> {
    let columns = declared(&data.columns)?;
    if columns.is_empty() || !data.values.len().is_multiple_of(columns.len()) {
        return Err(Fault::new(
            codes::ARGUMENT_COUNT,
            span,
            format!("{} values do not fill rows of {} columns", data.values.len(), columns.len()),
        ));
    }
    let mut rows = Vec::with_capacity(data.values.len() / columns.len());
    for cells in data.values.chunks(columns.len()) {
        let mut row = Vec::with_capacity(columns.len());
        for (cell, (name, ty)) in cells.iter().zip(&columns) {
            let value = binder.constant_expr(cell, env)?;
            let bound = match value.ty {
                _ if *ty == KqlType::Dynamic && value.ty != KqlType::Dynamic => {
                    Some(binder.to_dynamic(&value, cell.span)?)
                }
                // A text cell is read as the column's type; a number fits any number column.
                KqlType::String if *ty != KqlType::String => convert(&value, *ty, &binder.cx()),
                from if from.is_numeric() && ty.is_numeric() => convert(&value, *ty, &binder.cx()),
                _ => coerce(&value, *ty, &binder.cx()),
            };
            let constant = bound.map(fold).and_then(|b| b.constant);
            row.push(constant.ok_or_else(|| {
                Fault::new(
                    codes::WRONG_TYPE,
                    cell.span,
                    format!("column `{name}` takes constants of type `{ty}`, not `{}`", value.ty),
                )
            })?);
        }
        rows.push(row);
    }
    rows_of(binder, &columns, rows, span)
}

/// A table of declared columns without rows.
pub fn empty(binder: &Binder, columns: &[ColumnDecl], span: Span) -> Bound<Relation> {
    rows_of(binder, &declared(columns)?, vec![], span)
}

/// A relation of constant rows, which keep their order.
pub fn rows_of(binder: &Binder, columns: &[(String, KqlType)], rows: Vec<Vec<Const>>, span: Span) -> Bound<Relation> {
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
    for (index, (_, ty)) in columns.iter().enumerate() {
        let cells: Vec<ScalarValue> = rows.iter().filter_map(|row| row.get(index)).map(Const::scalar).collect();
        arrays.push(if cells.is_empty() {
            new_empty_array(&ty.arrow())
        } else {
            ScalarValue::iter_to_array(cells).at(span)?
        });
    }
    of_arrays(binder, columns, vec![arrays], span)
}

/// A relation of batches of arrays in engine types, which keep their order.
pub fn of_arrays(
    binder: &Binder,
    columns: &[(String, KqlType)],
    batches: Vec<Vec<ArrayRef>>,
    span: Span,
) -> Bound<Relation> {
    let layout = Layout::new(binder, columns);
    let mut made = Vec::with_capacity(batches.len());
    let mut first = 0i64;
    for mut arrays in batches {
        let count = arrays.first().map_or(0, |a| a.len()) as i64;
        arrays.push(Arc::new((first..first + count).collect::<Int64Array>()));
        first += count;
        made.push(RecordBatch::try_new(layout.schema(), arrays).map_err(Into::into).at(span)?);
    }
    let provider = Arc::new(MemTable::try_new(layout.schema(), vec![made]).at(span)?);
    layout.read(binder, provider, span)
}

/// The plan columns of a table made by the query: one for each of its columns, and the position of the row.
pub struct Layout<'c> {
    columns: &'c [(String, KqlType)],
    names: Vec<String>,
    ordinal: String,
    schema: SchemaRef,
}

impl<'c> Layout<'c> {
    /// For columns of these names and types.
    pub fn new(binder: &Binder, columns: &'c [(String, KqlType)]) -> Self {
        let names: Vec<String> = columns.iter().map(|(name, _)| binder.fresh.name(name)).collect();
        let ordinal = binder.fresh.name("row");
        let mut fields: Vec<Field> = names
            .iter()
            .zip(columns)
            .map(|(name, (_, ty))| Field::new(name, ty.arrow(), *ty != KqlType::String))
            .collect();
        fields.push(Field::new(&ordinal, DataType::Int64, false));
        Self { columns, names, ordinal, schema: Arc::new(Schema::new(fields)) }
    }

    /// The schema that the table must have; the last column holds the positions of the rows.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// A relation of the table's rows, which keep their order.
    pub fn read(self, binder: &Binder, provider: Arc<dyn TableProvider>, span: Span) -> Bound<Relation> {
        let Self { columns, names, ordinal, .. } = self;
        let qualifier = TableReference::bare(binder.fresh.name("rows"));
        let plan = LogicalPlanBuilder::scan(qualifier.clone(), provider_as_source(provider), None)
            .and_then(LogicalPlanBuilder::build)
            .at(span)?;
        let of_plan = |name: String| PlanColumn::new(Some(qualifier.clone()), name);
        let scope = names
            .into_iter()
            .zip(columns)
            .map(|(name, (shown, ty))| ScopeColumn {
                name: shown.clone(),
                ty: *ty,
                hidden: false,
                column: of_plan(name),
            })
            .collect();
        let mut relation = Relation::new(plan, scope);
        relation.order = vec![OrderKey { column: of_plan(ordinal), ascending: true, nulls_first: false }];
        relation.serialized = true;
        Ok(relation)
    }
}
