//! Expressions of constants become constants.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::array::RecordBatchOptions;
use arrow::datatypes::Schema;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{ColumnarValue, Expr, Volatility};
use datafusion::physical_expr::create_physical_expr;
use datafusion::scalar::ScalarValue;

use crate::functions::BoundExpr;
use crate::plan::guard::Guard;
use crate::types::Const;

/// The most memory that computing a constant may take; a larger one is left to the run, which has more.
const LARGEST: usize = 64 << 20;

/// The same expression, as a constant when its value does not depend on a row or on chance.
pub fn fold(bound: BoundExpr) -> BoundExpr {
    if bound.constant.is_some() || !is_fixed(&bound.expr) {
        return bound;
    }
    // An expression that fails is left as it is and says so when it runs.
    let guard = Guard::present().unwrap_or_default().narrowed(LARGEST);
    let Some(value) = guard.run(|| evaluate(&bound.expr)).and_then(|v| Const::from_scalar(&v, bound.ty)) else {
        return bound;
    };
    BoundExpr { name: bound.name, ..BoundExpr::constant(value) }
}

/// Whether an expression is made of literals and deterministic functions only.
fn is_fixed(expr: &Expr) -> bool {
    let mut fixed = true;
    let visited = expr.apply(|node| {
        let fine = match node {
            Expr::ScalarFunction(call) => call.func.signature().volatility == Volatility::Immutable,
            Expr::Literal(..)
            | Expr::Alias(_)
            | Expr::BinaryExpr(_)
            | Expr::Between(_)
            | Expr::Case(_)
            | Expr::Cast(_)
            | Expr::TryCast(_)
            | Expr::InList(_)
            | Expr::Negative(_)
            | Expr::Not(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_) => true,
            _ => false,
        };
        fixed &= fine;
        Ok(if fine { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    fixed && visited.is_ok()
}

fn evaluate(expr: &Expr) -> Option<ScalarValue> {
    let physical =
        create_physical_expr(expr, &DFSchema::empty(), &ExecutionProps::new(), &PhysicalPlanningContext::default())
            .ok()?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).ok()?;
    match physical.evaluate(&row).ok()? {
        ColumnarValue::Scalar(value) => Some(value),
        ColumnarValue::Array(array) => ScalarValue::try_from_array(&array, 0).ok(),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;
    use crate::types::KqlType;

    #[test]
    fn literals_fold_and_columns_do_not() {
        let sum = fold(BoundExpr::new(lit(2i64) + lit(3i64), KqlType::Long));
        assert_eq!(sum.constant, Some(Const::Long(5)));
        assert_eq!(fold(BoundExpr::new(col("a") + lit(3i64), KqlType::Long)).constant, None);
    }
}
