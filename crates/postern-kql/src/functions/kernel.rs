//! Turns a plain kernel (arrays in, array out) into a DataFusion function with exact engine types.
//!
//! DataFusion's own coercion never runs on a kernel: the binder has already given every argument its type, and
//! `coerce_types` names exactly those types.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, StringViewArray};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::plan::guard::Guard;
use crate::types::KqlType;

/// One argument of a kernel: an array of one value for each row, or of one value for all rows.
#[derive(Debug, Clone)]
pub struct Arg {
    /// The values; one when `scalar`.
    pub array: ArrayRef,
    /// Whether the one value stands for all rows.
    pub scalar: bool,
}

/// A typed view of an [`Arg`]; `get(row)` is `None` for null.
#[derive(Debug)]
pub struct View<'a, A> {
    array: &'a A,
    scalar: bool,
}

impl<A> Clone for View<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for View<'_, A> {}

macro_rules! view_get {
    ($array:ty, $out:ty) => {
        impl<'a> View<'a, $array> {
            /// The value of a row; `None` for null or a row that does not exist.
            pub fn get(&self, row: usize) -> Option<$out> {
                let row = if self.scalar { 0 } else { row };
                (row < self.array.len() && !self.array.is_null(row)).then(|| self.array.value(row))
            }

            /// The array behind the view, when it holds one value for each row.
            pub fn column(&self) -> Option<&'a $array> {
                (!self.scalar).then_some(self.array)
            }
        }
    };
}

view_get!(StringViewArray, &'a str);
view_get!(BooleanArray, bool);
view_get!(Int32Array, i32);
view_get!(Int64Array, i64);
view_get!(Float64Array, f64);
view_get!(arrow::array::Decimal128Array, i128);

impl Arg {
    /// The values as text (`string`, `guid`, `dynamic`).
    pub fn text(&self) -> Result<View<'_, StringViewArray>> {
        let array = self.array.as_string_view_opt().ok_or_else(|| self.wrong("text"))?;
        Ok(View { array, scalar: self.scalar })
    }

    /// The values as `bool`.
    pub fn bools(&self) -> Result<View<'_, BooleanArray>> {
        let array = self.array.as_boolean_opt().ok_or_else(|| self.wrong("bool"))?;
        Ok(View { array, scalar: self.scalar })
    }

    /// The values as `int`.
    pub fn ints(&self) -> Result<View<'_, Int32Array>> {
        let array = self.array.as_primitive_opt::<Int32Type>().ok_or_else(|| self.wrong("int"))?;
        Ok(View { array, scalar: self.scalar })
    }

    /// The values as `long`, or the ticks of `datetime` and `timespan`.
    pub fn longs(&self) -> Result<View<'_, Int64Array>> {
        let array = self.array.as_primitive_opt::<Int64Type>().ok_or_else(|| self.wrong("long"))?;
        Ok(View { array, scalar: self.scalar })
    }

    /// The values as `real`.
    pub fn reals(&self) -> Result<View<'_, Float64Array>> {
        let array = self.array.as_primitive_opt::<Float64Type>().ok_or_else(|| self.wrong("real"))?;
        Ok(View { array, scalar: self.scalar })
    }

    /// The values as `decimal`.
    pub fn decimals(&self) -> Result<View<'_, arrow::array::Decimal128Array>> {
        let array =
            self.array.as_primitive_opt::<arrow::datatypes::Decimal128Type>().ok_or_else(|| self.wrong("decimal"))?;
        Ok(View { array, scalar: self.scalar })
    }

    fn wrong(&self, wanted: &str) -> datafusion::error::DataFusionError {
        exec_datafusion_err!("kernel argument is {} where {wanted} was bound", self.array.data_type())
    }
}

/// The arguments of one call of a kernel.
#[derive(Debug, Clone)]
pub struct KernelArgs {
    /// The arguments in order.
    pub args: Vec<Arg>,
    /// How many values the result has.
    pub rows: usize,
}

impl KernelArgs {
    /// The argument at a position.
    pub fn get(&self, index: usize) -> Result<&Arg> {
        self.args.get(index).ok_or_else(|| exec_datafusion_err!("kernel argument {index} is missing"))
    }
}

/// A kernel: gives `rows` values of the declared return type.
pub type KernelFn = Arc<dyn Fn(&KernelArgs) -> Result<ArrayRef> + Send + Sync>;

/// A function of DataFusion from a kernel in engine types.
///
/// `config` tells kernels of one name apart that captured different constants (a compiled pattern, a path): two
/// functions with the same name, types and config must compute the same.
pub fn kernel_udf(
    name: impl Into<String>,
    config: impl Into<String>,
    args: &[KqlType],
    returns: KqlType,
    kernel: impl Fn(&KernelArgs) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    raw_kernel_udf(
        name,
        config,
        args.iter().map(|t| t.arrow()).collect(),
        returns.arrow(),
        Volatility::Immutable,
        kernel,
    )
}

/// The same with Arrow types and a volatility of its own (`Volatile` for `rand`, `new_guid`).
pub fn raw_kernel_udf(
    name: impl Into<String>,
    config: impl Into<String>,
    args: Vec<DataType>,
    returns: DataType,
    volatility: Volatility,
    kernel: impl Fn(&KernelArgs) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    ScalarUDF::new_from_impl(Kernel {
        name: name.into(),
        config: config.into(),
        args,
        returns,
        signature: Signature::user_defined(volatility),
        run: Arc::new(kernel),
    })
}

struct Kernel {
    name: String,
    config: String,
    args: Vec<DataType>,
    returns: DataType,
    signature: Signature,
    run: KernelFn,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("name", &self.name).field("config", &self.config).finish_non_exhaustive()
    }
}

impl PartialEq for Kernel {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.config == other.config
            && self.args == other.args
            && self.returns == other.returns
    }
}

impl Eq for Kernel {}

impl Hash for Kernel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.config.hash(state);
        self.args.hash(state);
    }
}

impl ScalarUDFImpl for Kernel {
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

    fn schema_name(&self, args: &[datafusion::logical_expr::Expr]) -> Result<String> {
        // Two kernels of one name and different config are different columns.
        let args = args.iter().map(|a| a.schema_name().to_string()).collect::<Vec<_>>().join(",");
        Ok(format!("{}[{}]({args})", self.name, self.config))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let all_scalar = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        // A volatile kernel must give a value for each row, even without arguments.
        let one = all_scalar && self.signature.volatility != Volatility::Volatile;
        let rows = if one { 1 } else { args.number_rows };
        let values = args
            .args
            .into_iter()
            .map(|arg| match arg {
                ColumnarValue::Array(array) => Ok(Arg { array, scalar: false }),
                ColumnarValue::Scalar(value) => Ok(Arg { array: value.to_array_of_size(1)?, scalar: true }),
            })
            .collect::<Result<Vec<_>>>()?;
        let guard = Guard::in_options(&args.config_options).or_else(Guard::present).unwrap_or_default();
        let array = guard.kernel(|| (self.run)(&KernelArgs { args: values, rows }))?;
        if array.len() != rows || array.data_type() != &self.returns {
            return Err(exec_datafusion_err!(
                "function `{}` gave {} values of {} where {rows} of {} were due",
                self.name,
                array.len(),
                array.data_type(),
                self.returns
            ));
        }
        if one {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}
