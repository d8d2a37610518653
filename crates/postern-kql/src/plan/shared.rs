//! Rows computed once and read several times: the ground of `materialize()` and of queries with several results.
//!
//! The first reader starts the computation and all wait for it. What is kept is charged to the query's memory; when it
//! does not fit, a plan that gives the same rows each time runs anew for every reader, and any other is an error.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, reset_plan_states};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream, execute_stream,
};
use futures::future::{BoxFuture, Shared};
use futures::{FutureExt, StreamExt, TryStreamExt};

/// What becomes of a plan whose rows are asked for more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Running it anew costs little more than reading kept rows, and filters reach its tables.
    Needless,
    /// It is worth keeping the rows, and running it anew gives the same.
    Useful,
    /// Running it anew may give other rows.
    Needed,
}

/// What sharing a plan is worth.
pub fn sharing(plan: &LogicalPlan) -> Result<Sharing> {
    let mut found = Sharing::Needless;
    plan.apply(|node| {
        let mut changing = matches!(node, LogicalPlan::Limit(_));
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                // The numbers of rows differ, but nothing depends on which row has which.
                changing |=
                    matches!(part, Expr::ScalarFunction(call) if part.is_volatile_node() && call.name() != "row_id");
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        if changing {
            found = Sharing::Needed;
            return Ok(TreeNodeRecursion::Stop);
        }
        let gathers = matches!(
            node,
            LogicalPlan::Aggregate(_) | LogicalPlan::Distinct(_) | LogicalPlan::Join(_) | LogicalPlan::Window(_)
        );
        if gathers {
            found = Sharing::Useful;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

/// The rows of a plan, computed once.
pub struct SharedTable {
    input: LogicalPlan,
    schema: SchemaRef,
    again: bool,
    rows: Mutex<Arc<Rows>>,
}

impl SharedTable {
    /// The rows of `input`; `again` says that it may run anew when they do not fit into memory.
    pub fn new(input: LogicalPlan, again: bool) -> Self {
        let schema = Arc::clone(input.schema().inner());
        Self { input, schema, again, rows: Mutex::default() }
    }
}

impl fmt::Debug for SharedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedTable").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// What the readers of one planning share.
#[derive(Default)]
struct Rows {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The columns that some reader wants.
    wanted: BTreeSet<usize>,
    /// The columns of the plan, and the plan.
    plan: Option<(Vec<usize>, Arc<dyn ExecutionPlan>)>,
    run: Option<Run>,
}

type Run = Shared<BoxFuture<'static, Result<Kept, Arc<DataFusionError>>>>;

#[derive(Clone)]
enum Kept {
    Rows(Arc<(Vec<RecordBatch>, MemoryReservation)>),
    TooLarge,
}

impl Rows {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl TableProvider for SharedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let own: Vec<usize> = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let rows = {
            let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
            // A plan that is made anew reads anew.
            if rows.with(|state| state.run.is_some()) {
                *rows = Arc::default();
            }
            Arc::clone(&rows)
        };
        // All readers are planned before one runs, so the last of them plans what all want.
        let columns: Vec<usize> = rows.with(|state| {
            state.wanted.extend(own.iter().copied());
            state.wanted.insert(0);
            state.wanted.iter().copied().collect()
        });
        let fields = self.input.schema().columns();
        let exprs = columns.iter().filter_map(|at| fields.get(*at)).map(|c| Expr::Column(c.clone()));
        let wanted = LogicalPlanBuilder::from(self.input.clone()).project(exprs.collect::<Vec<_>>())?.build()?;
        let plan = state.create_physical_plan(&wanted).await?;
        rows.with(|state| {
            if state.plan.as_ref().is_none_or(|(old, _)| old.len() <= columns.len()) {
                state.plan = Some((columns, plan));
            }
        });
        let schema = Arc::new(self.schema.project(&own)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(SharedExec { rows, own, again: self.again, properties: Arc::new(properties) }))
    }
}

/// One reader.
struct SharedExec {
    rows: Arc<Rows>,
    own: Vec<usize>,
    again: bool,
    properties: Arc<PlanProperties>,
}

impl fmt::Debug for SharedExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedExec").field("columns", &self.own).finish_non_exhaustive()
    }
}

impl DisplayAs for SharedExec {
    fn fmt_as(&self, _kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedExec: columns={:?}", self.own)
    }
}

impl ExecutionPlan for SharedExec {
    fn name(&self) -> &'static str {
        "SharedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let found = self.rows.with(|state| {
            let (columns, plan) = state.plan.clone()?;
            let run = state.run.get_or_insert_with(|| {
                compute(Arc::clone(&plan), Arc::clone(&context)).map(|kept| kept.map_err(Arc::new)).boxed().shared()
            });
            Some((columns, plan, run.clone()))
        });
        let (columns, plan, run) = found.ok_or_else(|| exec_datafusion_err!("shared rows have no plan"))?;
        let own: Option<Vec<usize>> = self.own.iter().map(|at| columns.iter().position(|c| c == at)).collect();
        let own = own.ok_or_else(|| exec_datafusion_err!("a column of shared rows is lost"))?;
        let again = self.again;
        let stream = async move {
            let rows = match run.await.map_err(DataFusionError::Shared)? {
                Kept::Rows(kept) => futures::stream::iter(kept.0.clone()).map(Ok).boxed(),
                Kept::TooLarge if again => execute_stream(reset_plan_states(plan)?, context)?.boxed(),
                Kept::TooLarge => {
                    return Err(DataFusionError::ResourcesExhausted(
                        "rows that the query reads several times do not fit into its memory".to_owned(),
                    ));
                }
            };
            Ok::<_, DataFusionError>(rows.map(move |batch| -> Result<RecordBatch> { Ok(batch?.project(&own)?) }))
        };
        let stream = futures::stream::once(stream).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}

async fn compute(plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> Result<Kept> {
    let reservation = MemoryConsumer::new("materialize").register(context.memory_pool());
    let mut stream = execute_stream(plan, context)?;
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        if reservation.try_grow(batch.get_array_memory_size()).is_err() {
            return Ok(Kept::TooLarge);
        }
        batches.push(batch);
    }
    Ok(Kept::Rows(Arc::new((batches, reservation))))
}
