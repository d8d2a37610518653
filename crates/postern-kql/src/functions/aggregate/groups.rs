//! The frame of Postern's own aggregates: state kept for many groups at once, in one trait, and its adapters to
//! DataFusion's two accumulator interfaces.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

/// The state of all groups of one aggregate.
pub trait Groups: Send + Sync + fmt::Debug {
    /// Makes sure that `total` groups exist.
    fn grow(&mut self, total: usize);
    /// Adds one row of the arguments to a group, for each position whose row counts.
    fn update(&mut self, values: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()>;
    /// Adds partial states, as `state` made them.
    fn merge(&mut self, state: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()>;
    /// Takes the results of the first groups, all when `None`.
    fn results(&mut self, first: Option<usize>) -> Result<ArrayRef>;
    /// Takes the partial states of the first groups, all when `None`.
    fn state(&mut self, first: Option<usize>) -> Result<Vec<ArrayRef>>;
    /// Bytes held.
    fn size(&self) -> usize;
}

/// Takes the first elements, or all.
pub fn take_first<T>(list: &mut Vec<T>, first: Option<usize>) -> Vec<T> {
    match first {
        None => std::mem::take(list),
        Some(count) => list.drain(..count.min(list.len())).collect(),
    }
}

/// Makes the state of an aggregate.
pub type Factory = Arc<dyn Fn() -> Box<dyn Groups> + Send + Sync>;

/// An aggregate of DataFusion from a `Groups`.
pub struct OwnAggregate {
    name: String,
    config: String,
    args: Vec<DataType>,
    returns: DataType,
    state: Vec<DataType>,
    signature: Signature,
    factory: Factory,
}

impl OwnAggregate {
    /// Two aggregates with the same name, configuration and argument types must compute the same.
    pub fn udaf(
        name: &str,
        config: String,
        args: Vec<DataType>,
        returns: DataType,
        state: Vec<DataType>,
        factory: impl Fn() -> Box<dyn Groups> + Send + Sync + 'static,
    ) -> Arc<AggregateUDF> {
        Arc::new(AggregateUDF::new_from_impl(Self {
            name: format!("{name}[{config}]"),
            config,
            args,
            returns,
            state,
            signature: Signature::user_defined(Volatility::Immutable),
            factory: Arc::new(factory),
        }))
    }
}

impl fmt::Debug for OwnAggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnAggregate").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for OwnAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.config == other.config
            && self.args == other.args
            && self.returns == other.returns
    }
}

impl Eq for OwnAggregate {}

impl Hash for OwnAggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.args.hash(state);
    }
}

impl AggregateUDFImpl for OwnAggregate {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn coerce_types(&self, _args: &[DataType]) -> Result<Vec<DataType>> {
        Ok(self.args.clone())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field =
            |(at, ty): (usize, &DataType)| Arc::new(Field::new(format!("{}.{at}", args.name), ty.clone(), true));
        Ok(self.state.iter().enumerate().map(field).collect())
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Single((self.factory)())))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Many { groups: (self.factory)(), factory: self.factory.clone() }))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// One group: an aggregate without keys.
#[derive(Debug)]
struct Single(Box<dyn Groups>);

fn all_rows(values: &[ArrayRef]) -> Vec<(usize, usize)> {
    (0..values.first().map_or(0, arrow::array::Array::len)).map(|row| (row, 0)).collect()
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.grow(1);
        self.0.update(values, &all_rows(values))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.grow(1);
        ScalarValue::try_from_array(&self.0.results(None)?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.grow(1);
        self.0.state(None)?.iter().map(|array| ScalarValue::try_from_array(array, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.grow(1);
        self.0.merge(states, &all_rows(states))
    }
}

/// Many groups.
struct Many {
    groups: Box<dyn Groups>,
    factory: Factory,
}

fn chosen(groups: &[usize], filter: Option<&BooleanArray>) -> Vec<(usize, usize)> {
    let counts = |row: usize| filter.is_none_or(|f| row < f.len() && f.is_valid(row) && f.value(row));
    groups.iter().enumerate().filter(|(row, _)| counts(*row)).map(|(row, group)| (row, *group)).collect()
}

fn first_of(emit: EmitTo) -> Option<usize> {
    match emit {
        EmitTo::All => None,
        EmitTo::First(count) => Some(count),
    }
}

impl GroupsAccumulator for Many {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.grow(total_num_groups);
        self.groups.update(values, &chosen(group_indices, opt_filter))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.groups.results(first_of(emit_to))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.groups.state(first_of(emit_to))
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.groups.grow(total_num_groups);
        self.groups.merge(values, &chosen(group_indices, None))
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, arrow::array::Array::len);
        let mut fresh = (self.factory)();
        fresh.grow(rows);
        fresh.update(values, &chosen(&(0..rows).collect::<Vec<_>>(), opt_filter))?;
        fresh.state(None)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.groups.size()
    }
}

/// An argument array that must be there.
pub fn argument(values: &[ArrayRef], at: usize) -> Result<&ArrayRef> {
    values.get(at).ok_or_else(|| exec_datafusion_err!("aggregate argument {at} is missing"))
}
