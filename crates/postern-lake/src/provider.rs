//! A stored table as the query engine sees it.
//!
//! What a query does not need is left out at five levels: whole files by the extent of their time column (from the
//! manifest, without opening them), row groups by their statistics and Bloom filters, pages by the page index, columns
//! by projection, and the rows that better ones replaced by row selection.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::{CachedParquetFileReaderFactory, ParquetRowSelection};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::unnormalize_cols;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, lit};
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::path::Path as StorePath;
use object_store::{ObjectMeta, ObjectStore};
use postern_model::schema::TableSchema;

use crate::columns::arrow_schema;
use crate::error::LakeError;
use crate::lake::Inner;
use crate::manifest::DataFile;
use crate::parquet_file::living;

impl DataFile {
    /// Rows that count.
    pub(crate) fn living(&self) -> u64 {
        self.rows.saturating_sub(self.replaced.len() as u64)
    }
}

/// One data file, ready to be scanned.
struct Part {
    file: PartitionedFile,
    statistics: Arc<Statistics>,
}

/// The committed rows of one table.
pub(crate) struct StoredTable {
    /// Also keeps a temporary store alive.
    inner: Arc<Inner>,
    name: String,
    schema: SchemaRef,
    parts: Vec<Part>,
}

impl fmt::Debug for StoredTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredTable")
            .field("name", &self.name)
            .field("files", &self.parts.len())
            .finish_non_exhaustive()
    }
}

impl StoredTable {
    pub(crate) fn new(inner: &Arc<Inner>, table: &TableSchema, files: &[Arc<DataFile>]) -> Result<Self, LakeError> {
        let schema = arrow_schema(table);
        let time = table.index_of(&table.time_column);
        let mut parts = Vec::with_capacity(files.len());
        for file in files.iter().filter(|file| file.living() > 0) {
            parts.push(part(inner, file, &schema, time)?);
        }
        // In order of time, so that one scan's work is close together.
        parts.sort_by_cached_key(|part| {
            let time = time.and_then(|time| part.statistics.column_statistics.get(time));
            time.and_then(|time| match time.min_value.get_value() {
                Some(ScalarValue::TimestampNanosecond(value, _)) => *value,
                _ => None,
            })
        });
        Ok(Self { inner: Arc::clone(inner), name: table.name.clone(), schema, parts })
    }

    /// The parts that may have rows for the predicate, judged by the manifest alone.
    fn wanted(&self, predicate: Option<&Arc<dyn PhysicalExpr>>) -> Vec<&Part> {
        let all = || self.parts.iter().collect();
        let Some(predicate) = predicate else { return all() };
        let pruning = PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.schema));
        let Some(pruning) = pruning.build(Arc::clone(predicate)) else { return all() };
        let statistics = self.parts.iter().map(|part| Arc::clone(&part.statistics)).collect();
        match pruning.prune(&PrunableStatistics::new(statistics, Arc::clone(&self.schema))) {
            Ok(wanted) => self.parts.iter().zip(wanted).filter_map(|(part, wanted)| wanted.then_some(part)).collect(),
            Err(_) => all(),
        }
    }
}

/// Keeps a temporary store's folder while a plan may read from it.
struct KeepStore(#[expect(dead_code, reason = "held for its drop")] Arc<Inner>);

fn part(inner: &Arc<Inner>, file: &DataFile, schema: &SchemaRef, time: Option<usize>) -> Result<Part, LakeError> {
    let path = inner.folder.path().join(&file.path);
    let location =
        StorePath::from_absolute_path(&path).map_err(|e| LakeError::io("address", &path)(std::io::Error::other(e)))?;
    let meta = ObjectMeta {
        location,
        // A data file never changes.
        last_modified: DateTime::<Utc>::UNIX_EPOCH,
        size: file.bytes,
        e_tag: None,
        version: None,
    };
    let rows = usize::try_from(file.living()).unwrap_or(usize::MAX);
    let mut statistics = Statistics::new_unknown(schema);
    statistics.num_rows = Precision::Exact(rows);
    if let Some(column) = time.and_then(|time| statistics.column_statistics.get_mut(time)) {
        *column = time_statistics(file);
    }
    let statistics = Arc::new(statistics);
    let mut scanned = PartitionedFile::new_from_meta(meta).with_statistics(Arc::clone(&statistics));
    if !file.replaced.is_empty() {
        let all = usize::try_from(file.rows).unwrap_or(usize::MAX);
        scanned = scanned.with_extension(ParquetRowSelection::new(living(all, &file.replaced)));
    }
    if inner.is_temporary() {
        // A plan outlives the provider it was made from.
        scanned = scanned.with_extension(KeepStore(Arc::clone(inner)));
    }
    Ok(Part { file: scanned, statistics })
}

fn time_statistics(file: &DataFile) -> ColumnStatistics {
    let value = |time: Option<i64>| match time {
        Some(time) => Precision::Exact(ScalarValue::TimestampNanosecond(Some(time), Some("UTC".into()))),
        None => Precision::Absent,
    };
    ColumnStatistics {
        null_count: Precision::Exact(usize::try_from(file.extent.missing).unwrap_or(usize::MAX)),
        min_value: value(file.extent.min),
        max_value: value(file.extent.max),
        ..ColumnStatistics::new_unknown()
    }
}

#[async_trait]
impl TableProvider for StoredTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        merged(&self.parts.iter().collect::<Vec<_>>(), &self.schema).ok()
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // Used for leaving out files, row groups and pages; the rows are filtered by whoever asks.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let predicate = match conjunction(unnormalize_cols(filters.iter().cloned())) {
            Some(filter) => {
                let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
                Some(state.create_physical_expr(filter, &schema)?)
            }
            None => None,
        };
        let wanted = self.wanted(predicate.as_ref());
        if wanted.is_empty() {
            let schema = match projection {
                Some(projection) => Arc::new(self.schema.project(projection)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let statistics = merged(&wanted, &self.schema)?;
        let files = FileGroup::new(wanted.into_iter().map(|part| part.file.clone()).collect());
        let groups = files.split_files(state.config().target_partitions());

        let url = ObjectStoreUrl::local_filesystem();
        let runtime = state.runtime_env();
        let store: Arc<dyn ObjectStore> = runtime.object_store(&url)?;
        let cache = Arc::clone(&self.inner.footers);
        // The predicate itself comes to the source when the optimizer pushes the filter above down to it; given here
        // too, every row would be tested twice.
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(store, cache)));
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            // A limit counts rows that pass the filters, and those are applied above.
            .with_limit(if filters.is_empty() { limit } else { None })
            .with_expr_adapter(Some(Arc::new(MissingColumns)))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

fn merged(parts: &[&Part], schema: &SchemaRef) -> Result<Statistics> {
    if parts.is_empty() {
        let mut none = Statistics::new_unknown(schema);
        none.num_rows = Precision::Exact(0);
        return Ok(none);
    }
    Statistics::try_merge_iter(parts.iter().map(|part| part.statistics.as_ref()), schema)
}

/// Gives files of an older schema the columns they lack: null, and the empty text where a column is never null.
#[derive(Debug)]
struct MissingColumns;

impl PhysicalExprAdapterFactory for MissingColumns {
    fn create(&self, table: SchemaRef, file: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let then = DefaultPhysicalExprAdapterFactory.create(Arc::clone(&table), Arc::clone(&file))?;
        Ok(Arc::new(FillMissing { table, file, then }))
    }
}

#[derive(Debug)]
struct FillMissing {
    table: SchemaRef,
    file: SchemaRef,
    then: Arc<dyn PhysicalExprAdapter>,
}

impl PhysicalExprAdapter for FillMissing {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let filled = expr.transform(|expr| {
            let Some(column) = expr.downcast_ref::<Column>() else { return Ok(Transformed::no(expr)) };
            let never_null = |name: &str| {
                self.table.field_with_name(name).is_ok_and(|f| !f.is_nullable() && f.data_type() == &DataType::Utf8View)
            };
            if self.file.index_of(column.name()).is_err() && never_null(column.name()) {
                return Ok(Transformed::yes(lit(ScalarValue::Utf8View(Some(String::new())))));
            }
            Ok(Transformed::no(expr))
        });
        self.then.rewrite(filled.data()?)
    }
}
