//! The start of the session that each row is in: the ground of `row_window_session()`.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};

/// A window function of a value and a restart flag, both per row. A session ends when the value is `from_first` or more
/// beyond its start, `from_last` or more beyond the row before, when the row restarts, or after a null; the start of a
/// null's session is null.
pub fn session_udwf(from_first: i64, from_last: i64) -> WindowUDF {
    WindowUDF::new_from_impl(Session {
        from_first,
        from_last,
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Session {
    from_first: i64,
    from_last: i64,
    signature: Signature,
}

impl WindowUDFImpl for Session {
    fn name(&self) -> &'static str {
        "row_window_session"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, _args: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![DataType::Int64, DataType::Boolean])
    }

    fn partition_evaluator(&self, _args: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Walk { from_first: self.from_first, from_last: self.from_last, start: None, last: None }))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Field::new(args.name(), DataType::Int64, true).into())
    }
}

#[derive(Debug)]
struct Walk {
    from_first: i64,
    from_last: i64,
    start: Option<i64>,
    last: Option<i64>,
}

impl Walk {
    fn step(&mut self, value: Option<i64>, restart: bool) -> Option<i64> {
        let far = |from: Option<i64>, distance: i64| match (value, from) {
            (Some(value), Some(from)) => i128::from(value) >= i128::from(from) + i128::from(distance),
            _ => true,
        };
        if restart || far(self.start, self.from_first) || far(self.last, self.from_last) {
            self.start = value;
        }
        self.last = value;
        self.start
    }
}

impl PartitionEvaluator for Walk {
    fn is_causal(&self) -> bool {
        true
    }

    fn supports_bounded_execution(&self) -> bool {
        true
    }

    fn evaluate(&mut self, values: &[ArrayRef], range: &Range<usize>) -> Result<ScalarValue> {
        let [value, restart] = values else {
            return Err(exec_datafusion_err!("row_window_session takes two arguments"));
        };
        let row = range.start;
        let value = value.as_primitive_opt::<Int64Type>().filter(|a| row < a.len());
        let restart = restart.as_boolean_opt().filter(|a| row < a.len());
        let (Some(value), Some(restart)) = (value, restart) else {
            return Err(exec_datafusion_err!("row_window_session has lost a row"));
        };
        let value = (!value.is_null(row)).then(|| value.value(row));
        Ok(ScalarValue::Int64(self.step(value, !restart.is_null(row) && restart.value(row))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_either_distance_a_restart_or_a_null() {
        let mut walk = Walk { from_first: 10, from_last: 4, start: None, last: None };
        let rows = [
            (Some(0), false),
            (Some(3), false),
            (Some(6), false),
            (Some(9), false),
            (Some(10), false), // 10 from the first
            (Some(14), false), // 4 from the last
            (Some(15), true),
            (None, false),
            (Some(15), false),
            (Some(2), false), // backwards is no distance
        ];
        let starts: Vec<_> = rows.iter().map(|(value, restart)| walk.step(*value, *restart)).collect();
        let expected = [0, 0, 0, 0, 10, 14, 15].map(Some).into_iter().chain([None, Some(15), Some(15)]);
        assert_eq!(starts, expected.collect::<Vec<_>>());
    }
}
