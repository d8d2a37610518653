//! Reads a provider as a relation in engine types.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::catalog::TableProvider;
use datafusion::catalog::default_table_source::provider_as_source;
use datafusion::common::{Column as PlanColumn, Result, TableReference, plan_err};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Cast, Expr, LogicalPlanBuilder, lit};

use super::fresh::Fresh;
use super::ticks::ticks_of;
use crate::bind::scope::{Relation, ScopeColumn, plan_column};
use crate::catalog::Column;
use crate::types::{Const, KqlType};

/// The declared columns of a table read from a provider; a column that the provider lacks is null (or `""`).
pub fn scan(table: &str, provider: &Arc<dyn TableProvider>, columns: &[Column], fresh: &Fresh) -> Result<Relation> {
    let qualifier = TableReference::bare(fresh.name(table));
    let schema = provider.schema();
    let mut named = Vec::with_capacity(columns.len());
    let mut exprs = Vec::with_capacity(columns.len());
    let mut computed = false;
    for column in columns {
        let field = schema.fields().iter().find(|f| f.name() == &column.name);
        let stored = PlanColumn::new(Some(qualifier.clone()), column.name.clone());
        let read = match field {
            Some(field) => read(Expr::Column(stored.clone()), field, column.ty)?,
            None => Some(lit(column.ty.missing())),
        };
        let column_of_plan = match read {
            None => {
                exprs.push(Expr::Column(stored.clone()));
                stored
            }
            Some(expr) => {
                computed = true;
                let name = fresh.name(&column.name);
                exprs.push(expr.alias(name.clone()));
                plan_column(name)
            }
        };
        named.push(ScopeColumn {
            name: column.name.clone(),
            ty: column.ty,
            hidden: column.hidden,
            column: column_of_plan,
        });
    }
    let mut builder = LogicalPlanBuilder::scan(qualifier, provider_as_source(Arc::clone(provider)), None)?;
    if computed {
        builder = builder.project(exprs)?;
    }
    Ok(Relation::new(builder.build()?, named))
}

/// How a stored column is read as an engine type; `None` when it is one already.
fn read(stored: Expr, field: &Field, ty: KqlType) -> Result<Option<Expr>> {
    let from = field.data_type();
    if matches!(ty, KqlType::DateTime | KqlType::TimeSpan)
        && let Some(expr) = ticks_of(stored.clone(), from)
    {
        return Ok(Some(expr));
    }
    let text = matches!(from, DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 | DataType::Dictionary(_, _));
    let fits = match ty {
        KqlType::DateTime | KqlType::TimeSpan => from == &DataType::Int64,
        KqlType::String | KqlType::Guid | KqlType::Dynamic => text,
        KqlType::Bool => from == &DataType::Boolean,
        KqlType::Int | KqlType::Long => from.is_integer(),
        KqlType::Real | KqlType::Decimal => from.is_numeric(),
    };
    if !fits && from != &DataType::Null {
        return plan_err!("column `{}` is stored as {from}, which cannot be read as `{ty}`", field.name());
    }
    let same = from == &ty.arrow();
    let cast = if same { stored } else { Expr::Cast(Cast::new(Box::new(stored), ty.arrow())) };
    Ok(match ty {
        KqlType::String if field.is_nullable() => Some(coalesce(vec![cast, Const::null(KqlType::String).expr()])),
        _ if same => None,
        _ => Some(cast),
    })
}
