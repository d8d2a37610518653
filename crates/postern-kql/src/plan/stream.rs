//! Rows read one after another in their order by a machine that keeps a little state: the ground of `scan` and `reduce`.
//!
//! DataFusion has no such plan node, so the machine is a table: planning it plans the input, and its one partition feeds
//! the machine batch by batch. Nothing but the machine's own state is kept.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, OrderingRequirements, Partitioning, PhysicalExpr, PhysicalSortExpr,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, InputDistributionRequirements,
    PlanProperties, SendableRecordBatchStream,
};
use futures::StreamExt;

/// Reads batches in order and gives batches of its own.
pub trait Machine: Send {
    /// Takes the next batch; called only when [`Machine::give`] has nothing more.
    fn take(&mut self, batch: RecordBatch) -> Result<()>;

    /// Learns that no batch follows.
    fn end(&mut self) -> Result<()>;

    /// The next batch of the result, `None` when more input is needed.
    fn give(&mut self) -> Result<Option<RecordBatch>>;
}

/// Makes the machine of one run; what it keeps is charged to the reservation.
pub type MakeMachine = Arc<dyn Fn(MemoryReservation) -> Box<dyn Machine> + Send + Sync>;

/// The rows that a machine makes of a plan's rows.
pub struct MachineTable {
    name: &'static str,
    input: LogicalPlan,
    schema: SchemaRef,
    ordinal: Option<usize>,
    make: MakeMachine,
}

impl MachineTable {
    /// A machine over the rows of `input` in that plan's order. The result's rows come in the order of the column at
    /// `ordinal`, when given.
    pub fn new(
        name: &'static str,
        input: LogicalPlan,
        schema: SchemaRef,
        ordinal: Option<usize>,
        make: MakeMachine,
    ) -> Self {
        Self { name, input, schema, ordinal, make }
    }
}

impl fmt::Debug for MachineTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineTable").field("name", &self.name).field("schema", &self.schema).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for MachineTable {
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
        let input = state.create_physical_plan(&self.input).await?;
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        // Where the ordinal is after the projection.
        let ordinal = self.ordinal.and_then(|at| match projection {
            Some(columns) => columns.iter().position(|c| *c == at),
            None => Some(at),
        });
        let order = input.output_ordering().cloned().map(OrderingRequirements::from);
        let properties = Arc::new(properties(&schema, ordinal, &input));
        Ok(Arc::new(MachineExec {
            name: self.name,
            input,
            order,
            projection: projection.cloned(),
            ordinal,
            make: Arc::clone(&self.make),
            properties,
        }))
    }
}

fn properties(schema: &SchemaRef, ordinal: Option<usize>, input: &Arc<dyn ExecutionPlan>) -> PlanProperties {
    let column = ordinal.and_then(|at| schema.fields().get(at).map(|field| Column::new(field.name(), at)));
    let equivalence = match column {
        Some(column) => {
            let options = SortOptions { descending: false, nulls_first: false };
            let key = PhysicalSortExpr::new(Arc::new(column) as Arc<dyn PhysicalExpr>, options);
            EquivalenceProperties::new_with_orderings(Arc::clone(schema), [[key]])
        }
        None => EquivalenceProperties::new(Arc::clone(schema)),
    };
    PlanProperties::new(
        equivalence,
        Partitioning::UnknownPartitioning(1),
        input.pipeline_behavior(),
        input.boundedness(),
    )
}

/// Runs a machine over the one partition of its input.
struct MachineExec {
    name: &'static str,
    input: Arc<dyn ExecutionPlan>,
    order: Option<OrderingRequirements>,
    projection: Option<Vec<usize>>,
    ordinal: Option<usize>,
    make: MakeMachine,
    properties: Arc<PlanProperties>,
}

impl fmt::Debug for MachineExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineExec").field("name", &self.name).field("input", &self.input).finish_non_exhaustive()
    }
}

impl DisplayAs for MachineExec {
    fn fmt_as(&self, _kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MachineExec: {}", self.name)
    }
}

impl ExecutionPlan for MachineExec {
    fn name(&self) -> &'static str {
        "MachineExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.order.clone()]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().ok_or_else(|| exec_datafusion_err!("a machine needs an input"))?;
        let properties = Arc::new(properties(&self.schema(), self.ordinal, &input));
        Ok(Arc::new(Self {
            name: self.name,
            input,
            order: self.order.clone(),
            projection: self.projection.clone(),
            ordinal: self.ordinal,
            make: Arc::clone(&self.make),
            properties,
        }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new(self.name).register(context.memory_pool());
        let input = self.input.execute(partition, context)?;
        let run = Run { machine: (self.make)(reservation), input, ended: false, projection: self.projection.clone() };
        let stream =
            futures::stream::try_unfold(run, |mut run| async move { Ok(run.next().await?.map(|batch| (batch, run))) });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}

struct Run {
    machine: Box<dyn Machine>,
    input: SendableRecordBatchStream,
    ended: bool,
    projection: Option<Vec<usize>>,
}

impl Run {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.machine.give()? {
                return Ok(Some(match &self.projection {
                    Some(columns) => batch.project(columns)?,
                    None => batch,
                }));
            }
            if self.ended {
                return Ok(None);
            }
            match self.input.next().await {
                Some(batch) => self.machine.take(batch?)?,
                None => {
                    self.ended = true;
                    self.machine.end()?;
                }
            }
        }
    }
}
