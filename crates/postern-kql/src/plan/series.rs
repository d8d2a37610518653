//! Values at numbered positions gathered into one dynamic array of a fixed length: the ground of `make-series`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewArray};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};

use super::guard::Guard;

/// The array of `length` JSON values in which `value` stands at `position`, and `default` everywhere else.
/// `position` is a `long`, `value` is dynamic.
pub fn series(position: Expr, value: Expr, length: usize, default: &str) -> Expr {
    AggregateUDF::new_from_impl(Series {
        length,
        default: default.to_owned(),
        guard: Guard::present().unwrap_or_default(),
        signature: Signature::user_defined(Volatility::Immutable),
    })
    .call(vec![position, value])
}

struct Series {
    length: usize,
    default: String,
    guard: Guard,
    signature: Signature,
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Series").field("length", &self.length).field("default", &self.default).finish_non_exhaustive()
    }
}

impl PartialEq for Series {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.default == other.default
    }
}

impl Eq for Series {}

impl Hash for Series {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.length.hash(state);
        self.default.hash(state);
    }
}

impl AggregateUDFImpl for Series {
    fn name(&self) -> &'static str {
        "series"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn coerce_types(&self, _args: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![DataType::Int64, DataType::Utf8View])
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Gather {
            length: self.length,
            default: self.default.clone(),
            guard: self.guard.clone(),
            at: vec![],
            values: vec![],
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, item| {
            Arc::new(Field::new(
                format!("{}[{name}]", args.name),
                DataType::List(Arc::new(Field::new_list_field(item, true))),
                true,
            ))
        };
        Ok(vec![list("at", DataType::Int64), list("values", DataType::Utf8View)])
    }
}

#[derive(Debug)]
struct Gather {
    length: usize,
    default: String,
    guard: Guard,
    at: Vec<i64>,
    values: Vec<Option<String>>,
}

impl Gather {
    fn add(&mut self, at: &ArrayRef, values: &ArrayRef) -> Result<()> {
        let at = at.as_primitive_opt::<Int64Type>().ok_or_else(|| exec_datafusion_err!("series position"))?;
        let values = values.as_string_view_opt().ok_or_else(|| exec_datafusion_err!("series value"))?;
        for (at, value) in at.iter().zip(values.iter()) {
            if let Some(at) = at {
                self.at.push(at);
                self.values.push(value.map(str::to_owned));
            }
        }
        Ok(())
    }
}

impl Accumulator for Gather {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        match values {
            [at, values] => self.add(at, values),
            _ => Err(exec_datafusion_err!("series takes two arguments")),
        }
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [at, values] = states else { return Err(exec_datafusion_err!("series has two states")) };
        let (at, values) = (at.as_list::<i32>(), values.as_list::<i32>());
        for row in 0..at.len() {
            self.add(&at.value(row), &values.value(row))?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let at: ArrayRef = Arc::new(Int64Array::from(std::mem::take(&mut self.at)));
        let values: ArrayRef = Arc::new(StringViewArray::from_iter(std::mem::take(&mut self.values)));
        let list = |array: ArrayRef| {
            let item = Arc::new(Field::new_list_field(array.data_type().clone(), true));
            let offsets = arrow::buffer::OffsetBuffer::from_lengths([array.len()]);
            arrow::array::ListArray::try_new(item, offsets, array, None).map(|l| ScalarValue::List(Arc::new(l)))
        };
        Ok(vec![list(at)?, list(values)?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let known: usize = self.values.iter().flatten().map(String::len).sum();
        self.guard.keep(known + self.length * (1 + self.default.len()))?;
        let mut slots: Vec<&str> = vec![self.default.as_str(); self.length];
        for (at, value) in self.at.iter().zip(&self.values) {
            if let Some(slot) = usize::try_from(*at).ok().and_then(|at| slots.get_mut(at)) {
                *slot = value.as_deref().unwrap_or("null");
            }
        }
        Ok(ScalarValue::Utf8View(Some(format!("[{}]", slots.join(",")))))
    }

    fn size(&self) -> usize {
        size_of_val(self)
            + self.at.capacity() * size_of::<i64>()
            + self.values.iter().map(|v| size_of::<Option<String>>() + v.as_ref().map_or(0, String::len)).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_at_their_positions_and_the_rest_is_the_default() {
        let mut gather =
            Gather { length: 4, default: "0".to_owned(), guard: Guard::default(), at: vec![], values: vec![] };
        let at: ArrayRef = Arc::new(Int64Array::from(vec![Some(2), Some(9), None, Some(0)]));
        let values: ArrayRef = Arc::new(StringViewArray::from(vec![Some("5"), Some("7"), Some("8"), None]));
        gather.update_batch(&[at, values]).unwrap();
        let state = gather.state().unwrap();
        let mut merged =
            Gather { length: 4, default: "0".to_owned(), guard: Guard::default(), at: vec![], values: vec![] };
        let arrays: Vec<ArrayRef> = state.iter().map(|s| s.to_array_of_size(1).unwrap()).collect();
        merged.merge_batch(&arrays).unwrap();
        assert_eq!(merged.evaluate().unwrap(), ScalarValue::Utf8View(Some("[null,0,5,0]".to_owned())));
    }
}
