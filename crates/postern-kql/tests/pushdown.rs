//! A comparison on a stored datetime reaches the provider in the provider's own type.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use arrow::array::{Int64Array, RecordBatch, StringViewArray, TimestampNanosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::{MemTable, TableType};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use postern_kql::catalog::{Column, TableDef, TableSource, Tables};
use postern_kql::{KqlType, PlanOptions, output};

/// A table that notes the filters it is asked to apply, and leaves the filtering to the plan.
#[derive(Debug)]
struct Noting {
    table: MemTable,
    filters: Mutex<Vec<String>>,
}

#[async_trait]
impl TableProvider for Noting {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.filters.lock().unwrap().extend(filters.iter().map(ToString::to_string));
        self.table.scan(state, projection, &[], limit).await
    }
}

fn table() -> (Tables, Arc<Noting>) {
    let day = 86_400_000_000_000i64;
    let times = TimestampNanosecondArray::from(vec![Some(0), Some(day), Some(2 * day), None]).with_timezone("UTC");
    let schema = Arc::new(Schema::new(vec![
        Field::new("Timestamp", DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), true),
        Field::new("Sender", DataType::Utf8View, false),
        Field::new("Size", DataType::Int64, true),
    ]));
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(times),
            Arc::new(StringViewArray::from(vec!["a", "b", "c", "d"])),
            Arc::new(Int64Array::from(vec![Some(1), Some(2), None, Some(4)])),
        ],
    )
    .unwrap();
    let table = MemTable::try_new(schema, vec![vec![batch]]).unwrap();
    let provider = Arc::new(Noting { table, filters: Mutex::default() });
    let mut tables = Tables::new();
    tables.add(TableDef {
        name: "T".to_owned(),
        columns: vec![
            Column::new("Timestamp", KqlType::DateTime),
            Column::new("Sender", KqlType::String),
            Column::new("Size", KqlType::Long),
        ],
        source: TableSource::Provider(Arc::clone(&provider) as Arc<dyn TableProvider>),
    });
    (tables, provider)
}

async fn run(query: &str, options: PlanOptions) -> (Vec<String>, Vec<String>) {
    let (tables, provider) = table();
    let session = postern_kql::session();
    let planned = postern_kql::plan(query, &tables, &options, &session).await.unwrap();
    let batches = postern_kql::collect(&session, planned.plan).await.unwrap();
    let mut rows: Vec<String> =
        output::rows(&batches, &planned.columns).iter().map(|row| row[0].as_str().unwrap().to_owned()).collect();
    rows.sort();
    let filters = provider.filters.lock().unwrap().clone();
    (rows, filters)
}

#[tokio::test]
async fn a_datetime_comparison_is_pushed_in_nanoseconds() {
    let query = "T | where Timestamp >= datetime(1970-01-02) and Timestamp < ago(-1d) | project Sender";
    let now = postern_kql::types::UNIX_EPOCH_TICKS + postern_kql::types::TICKS_PER_DAY;
    let (rows, filters) = run(query, PlanOptions { now, ..PlanOptions::default() }).await;
    assert_eq!(rows, vec!["b"]);
    let text = filters.join(" ; ");
    assert!(text.contains("Timestamp >= TimestampNanosecond(86400000000000"), "{text}");
    assert!(text.contains("Timestamp < TimestampNanosecond(172800000000000"), "{text}");
    assert!(!text.contains("ticks"), "{text}");
}

#[tokio::test]
async fn equality_on_text_and_null_safe_comparisons_are_pushed_plainly() {
    let (rows, filters) = run("T | where Sender == 'b' and Size == 2 | project Sender", PlanOptions::default()).await;
    assert_eq!(rows, vec!["b"]);
    let text = filters.join(" ; ");
    assert!(text.contains("Sender = Utf8View(\"b\")"), "{text}");
    assert!(text.contains("Size = Int64(2)"), "{text}");
}

#[tokio::test]
async fn instants_outside_the_stored_range_compare_right() {
    let everything = vec!["a", "b", "c"];
    let (rows, _) = run("T | where Timestamp > datetime(0001-01-01) | project Sender", PlanOptions::default()).await;
    assert_eq!(rows, everything);
    let (rows, _) = run("T | where Timestamp < datetime(9999-12-31) | project Sender", PlanOptions::default()).await;
    assert_eq!(rows, everything);
    let (rows, _) = run("T | where Timestamp < datetime(0001-01-01) | project Sender", PlanOptions::default()).await;
    assert!(rows.is_empty());
    let (rows, _) = run("T | where Timestamp != datetime(9999-12-31) | project Sender", PlanOptions::default()).await;
    assert_eq!(rows, vec!["a", "b", "c", "d"]);
}

#[tokio::test]
async fn the_time_range_limits_every_table_and_is_pushed() {
    let epoch = postern_kql::types::UNIX_EPOCH_TICKS;
    let options =
        PlanOptions { time_range: Some((epoch, epoch + postern_kql::types::TICKS_PER_DAY)), ..PlanOptions::default() };
    let (rows, filters) = run("T | project Sender", options).await;
    assert_eq!(rows, vec!["a", "b"]);
    assert!(filters.join(" ; ").contains("Timestamp >= TimestampNanosecond(0"), "{filters:?}");
}
