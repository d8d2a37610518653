//! The session that plans run in, and running one.

use arrow::array::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, exec_err};
use datafusion::execution::context::SessionContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::simplify_expressions::SimplifyExpressions;
use datafusion::optimizer::{Optimizer, OptimizerConfig, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::prelude::SessionConfig;
use std::sync::{Arc, LazyLock};

use super::guard::{Guard, STOPPED};

/// The settings that plans of this crate are made for: all cores, Parquet filters pushed down, pages pruned.
pub fn configure(config: SessionConfig) -> SessionConfig {
    let mut config = config.with_collect_statistics(true);
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.parquet.enable_page_index = true;
    options.execution.parquet.pruning = true;
    options.execution.parquet.bloom_filter_on_read = true;
    options.execution.parquet.schema_force_view_types = true;
    // One pass finds nearly all there is to find in these plans; the second and third cost as much as the first.
    options.optimizer.max_passes = 1;
    options.sql_parser.enable_ident_normalization = false;
    config
}

/// A session without limits.
pub fn session() -> SessionContext {
    session_with(SessionConfig::new(), Arc::new(RuntimeEnv::default()))
}

/// A session with settings and a runtime (memory pool, disk) of the caller's; see [`configure`].
pub fn session_with(config: SessionConfig, runtime: Arc<RuntimeEnv>) -> SessionContext {
    // Registering some hundred functions takes longer than many a query; it is done once.
    static BASE: LazyLock<SessionState> = LazyLock::new(|| {
        SessionStateBuilder::new()
            .with_default_features()
            .with_optimizer_rules(optimizer_rules())
            .with_physical_optimizer_rule(Arc::new(JoinsYield))
            .build()
    });
    let state = SessionStateBuilder::new_from_existing(BASE.clone())
        .with_config(configure(config))
        .with_runtime_env(runtime)
        .build();
    SessionContext::new_with_state(state)
}

/// DataFusion's own rules, with one step of simplification more: right after filters have moved down to the tables,
/// their comparisons of ticks become comparisons of stored timestamps (see [`super::ticks`]), before another rule takes
/// the conversions out as common expressions.
fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules = Optimizer::new().rules;
    if let Some(at) = rules.iter().position(|rule| rule.name() == "push_down_filter") {
        rules.insert(at + 1, Arc::new(SimplifyExpressions::new()));
    }
    rules.into_iter().flat_map(|rule| [Arc::new(LookAtClock) as Arc<dyn OptimizerRule + Send + Sync>, rule]).collect()
}

/// Changes nothing; ends the optimising of a query whose time is over.
#[derive(Debug)]
struct LookAtClock;

impl OptimizerRule for LookAtClock {
    fn name(&self) -> &'static str {
        "look_at_clock"
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        if Guard::in_options(&config.options()).is_some_and(|guard| guard.is_over()) {
            return exec_err!("{STOPPED}");
        }
        Ok(Transformed::no(plan))
    }
}

/// Lets joins yield between batches. DataFusion sees to that where rows are read; but a join makes millions of batches of
/// two, and until the last of them nobody could stop it.
#[derive(Debug)]
struct JoinsYield;

impl PhysicalOptimizerRule for JoinsYield {
    fn name(&self) -> &'static str {
        "joins_yield"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let wrapped = plan.transform_up(|plan| {
            let multiplies = plan.is::<HashJoinExec>() || plan.is::<NestedLoopJoinExec>() || plan.is::<CrossJoinExec>();
            Ok(if multiplies {
                Transformed::yes(Arc::new(CooperativeExec::new(plan)) as Arc<dyn ExecutionPlan>)
            } else {
                Transformed::no(plan)
            })
        });
        wrapped.map(|wrapped| wrapped.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Runs a plan and gathers its rows.
pub async fn collect(session: &SessionContext, plan: LogicalPlan) -> Result<Vec<RecordBatch>> {
    session.execute_logical_plan(plan).await?.collect().await
}

/// The plans of a query's results, ready to run one after the other. All of them are made before one runs: rows that
/// they share are then computed once, for the first that reads them.
pub async fn ready(
    session: &SessionContext,
    plans: impl IntoIterator<Item = &LogicalPlan>,
) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
    let mut made = Vec::new();
    for plan in plans {
        made.push(session.state().create_physical_plan(plan).await?);
    }
    Ok(made)
}

/// Runs the plans of a query's results and gathers the rows of each.
pub async fn collect_all(
    session: &SessionContext,
    plans: impl IntoIterator<Item = &LogicalPlan>,
) -> Result<Vec<Vec<RecordBatch>>> {
    let mut results = Vec::new();
    for plan in ready(session, plans).await? {
        results.push(datafusion::physical_plan::collect(plan, session.task_ctx()).await?);
    }
    Ok(results)
}
