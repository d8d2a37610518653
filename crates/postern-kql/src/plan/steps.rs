//! Evenly spaced values, made while they are read: the ground of `range`.
//!
//! A short range is a table in memory, whose size the optimiser knows; a long one takes no memory and ends when nobody
//! reads on.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::{Column, Result};
use datafusion::datasource::MemTable;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;

/// Rows of one batch.
const BATCH: i64 = 8192;
/// Ranges up to this length are held in memory.
const SHORT: i64 = 8 * BATCH;

/// What is counted: the first value and the distance to the next.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// `int`.
    Int(i64, i64),
    /// `long`, or ticks.
    Long(i64, i64),
    /// `real`.
    Real(f64, f64),
}

/// A range as a table of two columns: the value, and the position of the row.
#[derive(Debug, Clone)]
pub struct Steps {
    schema: SchemaRef,
    count: i64,
    values: Values,
}

impl Steps {
    /// The table of so many values.
    pub fn table(schema: SchemaRef, count: i64, values: Values) -> Result<Arc<dyn TableProvider>> {
        let steps = Self { schema: Arc::clone(&schema), count, values };
        if count > SHORT {
            // Known to be in the order of its positions, it is not sorted again, and `take` reads no more than it needs.
            let position = schema.fields().last().map(|field| Expr::from(Column::from_name(field.name())));
            let order = position.map(|position| position.sort(true, false)).into_iter().collect();
            let table = StreamingTable::try_new(schema, vec![Arc::new(steps)])?.with_sort_order(order);
            return Ok(Arc::new(table));
        }
        let batches = steps.batches().collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(MemTable::try_new(schema, vec![batches])?))
    }

    /// All batches; at least one.
    fn batches(self) -> impl Iterator<Item = Result<RecordBatch>> {
        let last = (self.count - 1).max(0) / BATCH;
        (0..=last).map(move |batch| self.batch(batch * BATCH, ((batch + 1) * BATCH).min(self.count)))
    }

    fn batch(&self, first: i64, end: i64) -> Result<RecordBatch> {
        let at = first..end;
        let whole = |from: i64, step: i64| at.clone().map(move |i| from.wrapping_add(i.wrapping_mul(step)));
        let values: ArrayRef = match self.values {
            Values::Int(from, step) => Arc::new(whole(from, step).map(|v| v as i32).collect::<Int32Array>()),
            Values::Long(from, step) => Arc::new(whole(from, step).collect::<Int64Array>()),
            Values::Real(from, step) => Arc::new(at.clone().map(|i| from + i as f64 * step).collect::<Float64Array>()),
        };
        let positions: ArrayRef = Arc::new(at.collect::<Int64Array>());
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), vec![values, positions])?)
    }
}

impl PartitionStream for Steps {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = futures::stream::iter(self.clone().batches());
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}
