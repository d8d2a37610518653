//! Stored timestamps and durations as the engine's ticks.
//!
//! [`ticks_of`] converts a nanosecond column to ticks. The function knows its preimage, so that the optimizer turns
//! `ticks(Timestamp) >= 637…` back into `Timestamp >= <nanoseconds>`: comparisons reach the provider in its own type and
//! prune files, row groups and pages.

use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType, Int64Type,
    TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::types::UNIX_EPOCH_TICKS;

/// The expression that reads a stored timestamp or duration as ticks; `None` when the type is neither.
pub fn ticks_of(expr: Expr, stored: &DataType) -> Option<Expr> {
    matches!(stored, DataType::Timestamp(_, _) | DataType::Duration(_))
        .then(|| ScalarUDF::new_from_impl(TicksOf::new(stored.clone())).call(vec![expr]))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TicksOf {
    stored: DataType,
    signature: Signature,
}

impl TicksOf {
    fn new(stored: DataType) -> Self {
        Self { stored, signature: Signature::user_defined(Volatility::Immutable) }
    }

    /// The first stored value whose ticks are `ticks`, saturating at the ends of the stored range.
    fn first_of(&self, ticks: i64) -> Option<i64> {
        match self.stored {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                Some(ticks.checked_sub(UNIX_EPOCH_TICKS)?.saturating_mul(100))
            }
            DataType::Duration(TimeUnit::Nanosecond) => Some(ticks.saturating_mul(100)),
            _ => None,
        }
    }

    fn scalar(&self, value: i64) -> ScalarValue {
        match &self.stored {
            DataType::Timestamp(_, zone) => ScalarValue::TimestampNanosecond(Some(value), zone.clone()),
            _ => ScalarValue::DurationNanosecond(Some(value)),
        }
    }
}

fn convert(array: &ArrayRef) -> Result<Int64Array> {
    /// Ticks of a count of units that are `scale` ticks each; out of range is null.
    fn scaled(value: i64, scale: i64, origin: i64) -> Option<i64> {
        value.checked_mul(scale)?.checked_add(origin)
    }
    macro_rules! coarse {
        ($type:ty, $scale:expr, $origin:expr) => {
            array.as_primitive::<$type>().iter().map(|v| v.and_then(|v| scaled(v, $scale, $origin))).collect()
        };
    }
    Ok(match array.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, _) => array
            .as_primitive::<TimestampNanosecondType>()
            .unary::<_, Int64Type>(|v| v.div_euclid(100) + UNIX_EPOCH_TICKS),
        DataType::Duration(TimeUnit::Nanosecond) => {
            array.as_primitive::<DurationNanosecondType>().unary::<_, Int64Type>(|v| v.div_euclid(100))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => coarse!(TimestampMicrosecondType, 10, UNIX_EPOCH_TICKS),
        DataType::Timestamp(TimeUnit::Millisecond, _) => coarse!(TimestampMillisecondType, 10_000, UNIX_EPOCH_TICKS),
        DataType::Timestamp(TimeUnit::Second, _) => coarse!(TimestampSecondType, 10_000_000, UNIX_EPOCH_TICKS),
        DataType::Duration(TimeUnit::Microsecond) => coarse!(DurationMicrosecondType, 10, 0),
        DataType::Duration(TimeUnit::Millisecond) => coarse!(DurationMillisecondType, 10_000, 0),
        DataType::Duration(TimeUnit::Second) => coarse!(DurationSecondType, 10_000_000, 0),
        other => return exec_err!("cannot read {other} as ticks"),
    })
}

impl ScalarUDFImpl for TicksOf {
    fn name(&self) -> &'static str {
        "ticks"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn coerce_types(&self, _args: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![self.stored.clone()])
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.first() {
            Some(ColumnarValue::Array(array)) => Ok(ColumnarValue::Array(Arc::new(convert(array)?))),
            Some(ColumnarValue::Scalar(value)) => {
                let array = convert(&value.to_array_of_size(1)?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
            None => exec_err!("ticks takes one argument"),
        }
    }

    fn preimage(&self, args: &[Expr], literal: &Expr, _info: &SimplifyContext) -> Result<PreimageResult> {
        let (Some(expr), Expr::Literal(ScalarValue::Int64(Some(ticks)), _)) = (args.first(), literal) else {
            return Ok(PreimageResult::None);
        };
        let (Some(lower), Some(next)) = (self.first_of(*ticks), ticks.checked_add(1)) else {
            return Ok(PreimageResult::None);
        };
        let Some(upper) = self.first_of(next) else { return Ok(PreimageResult::None) };
        // The greatest stored value has no successor, so a range that ends there could not be exact.
        if upper == i64::MAX {
            return Ok(PreimageResult::None);
        }
        // Below the stored range both ends are its least value: every stored value is at or above both.
        let interval = Interval::try_new(self.scalar(lower), self.scalar(upper))?;
        Ok(PreimageResult::Range { expr: expr.clone(), interval: Box::new(interval) })
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{DurationMillisecondArray, TimestampNanosecondArray};

    use super::*;

    #[test]
    fn nanoseconds_become_ticks_before_and_after_the_epoch() {
        let array: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![Some(0), Some(-1), Some(1_234), None]));
        let ticks = convert(&array).unwrap();
        let epoch = UNIX_EPOCH_TICKS;
        assert_eq!(ticks.iter().collect::<Vec<_>>(), vec![Some(epoch), Some(epoch - 1), Some(epoch + 12), None]);
    }

    #[test]
    fn coarse_durations_that_overflow_are_null() {
        let array: ArrayRef = Arc::new(DurationMillisecondArray::from(vec![Some(5), Some(i64::MAX)]));
        assert_eq!(convert(&array).unwrap().iter().collect::<Vec<_>>(), vec![Some(50_000), None]);
    }

    #[test]
    fn bounds_saturate_outside_the_stored_range() {
        let ticks = TicksOf::new(DataType::Timestamp(TimeUnit::Nanosecond, None));
        assert_eq!(ticks.first_of(UNIX_EPOCH_TICKS + 3), Some(300));
        assert_eq!(ticks.first_of(0), Some(i64::MIN));
        assert_eq!(ticks.first_of(crate::types::MAX_DATETIME), Some(i64::MAX));
    }
}
