//! The shape in which a function is written down: information, a bind step, a kernel.

use arrow::array::ArrayRef;
use datafusion::common::Result as KernelResult;
use datafusion::logical_expr::Expr;

use super::coerce::coerce;
use crate::functions::kernel::{KernelArgs, kernel_udf};
use crate::functions::{BindContext, BindError, BoundExpr, Example, Function, FunctionInfo, Param};
use crate::types::KqlType;

/// The bind step of a function.
pub type Bind = fn(&[BoundExpr], &BindContext) -> Result<BoundExpr, BindError>;

/// A scalar function as a constant.
pub struct Scalar {
    info: FunctionInfo,
    bind: Bind,
    deterministic: bool,
    named: bool,
    prefix: Option<&'static str>,
    fixed: Option<&'static str>,
    alone: bool,
    columns: &'static [(&'static str, KqlType)],
    each_argument: bool,
}

impl Scalar {
    /// A deterministic function whose unnamed column has no name of its own.
    pub const fn new(info: FunctionInfo, bind: Bind) -> Self {
        Self {
            info,
            bind,
            deterministic: true,
            named: false,
            prefix: None,
            fixed: None,
            alone: false,
            columns: &[],
            each_argument: false,
        }
    }

    /// The function keeps the name of its first argument.
    #[must_use]
    pub const fn keeps_name(mut self) -> Self {
        self.named = true;
        self
    }

    /// The column of an unnamed call is called by this prefix and the name of the first argument.
    #[must_use]
    pub const fn prefixes_name(mut self, prefix: &'static str) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// The function keeps the name of its argument when it has one alone.
    #[must_use]
    pub const fn keeps_only_name(mut self) -> Self {
        self.alone = true;
        self.keeps_name()
    }

    /// The column of an unnamed call is called this, whatever the arguments.
    #[must_use]
    pub const fn called(mut self, name: &'static str) -> Self {
        self.fixed = Some(name);
        self
    }

    /// The function gives several columns: its value is an array of their values.
    #[must_use]
    pub const fn columns(mut self, columns: &'static [(&'static str, KqlType)]) -> Self {
        self.columns = columns;
        self
    }

    /// With several arrays the function gives a column for each.
    #[must_use]
    pub const fn column_each(mut self) -> Self {
        self.each_argument = true;
        self
    }

    /// The function may differ between calls.
    #[must_use]
    pub const fn volatile(mut self) -> Self {
        self.deterministic = false;
        self
    }
}

impl Function for Scalar {
    fn info(&self) -> FunctionInfo {
        self.info
    }

    fn bind(&self, args: &[BoundExpr], cx: &BindContext) -> Result<BoundExpr, BindError> {
        (self.bind)(args, cx)
    }

    fn deterministic(&self) -> bool {
        self.deterministic
    }

    fn columns(&self, args: &[BoundExpr]) -> Vec<(String, KqlType)> {
        if self.each_argument {
            // One column for each array that is sorted along.
            let arrays: Vec<&BoundExpr> = args.iter().filter(|a| a.ty != KqlType::Bool).collect();
            if arrays.len() < 2 {
                return Vec::new();
            }
            return arrays.iter().enumerate().map(|(at, a)| (sorted_name(at, a), KqlType::Dynamic)).collect();
        }
        let of = args.first().and_then(|a| a.name.as_deref()).unwrap_or("");
        self.columns.iter().map(|(end, ty)| (format!("{}_{of}_{end}", self.info.name), *ty)).collect()
    }

    fn result_name(&self, args: &[BoundExpr]) -> Option<String> {
        if let Some(name) = self.fixed {
            return Some(name.to_owned());
        }
        if self.each_argument {
            return args.first().map(|array| sorted_name(0, array));
        }
        if self.alone && args.len() != 1 {
            return None;
        }
        let first = args.first().and_then(|a| a.name.as_deref());
        match self.prefix {
            Some(prefix) => first.map(|name| format!("{prefix}_{name}")),
            None if self.named => first.map(str::to_owned),
            None => None,
        }
    }
}

/// The column of one of several arrays that are sorted along.
fn sorted_name(at: usize, array: &BoundExpr) -> String {
    match array.name.as_deref() {
        Some(name) => format!("{name}_sorted"),
        None => format!("array{at}_sorted"),
    }
}

/// Information with the parts that most functions have.
pub const fn info(
    name: &'static str,
    category: &'static str,
    summary: &'static str,
    params: &'static [Param],
    returns: &'static str,
    examples: &'static [Example],
) -> FunctionInfo {
    FunctionInfo { name, aliases: &[], summary, category, params, returns, examples }
}

/// The same information with other names.
pub const fn also(mut info: FunctionInfo, aliases: &'static [&'static str]) -> FunctionInfo {
    info.aliases = aliases;
    info
}

/// A parameter that must be given.
pub const fn param(name: &'static str, ty: &'static str, summary: &'static str) -> Param {
    Param { name, ty, optional: false, repeated: false, summary }
}

/// A parameter that may be left out.
pub const fn optional(name: &'static str, ty: &'static str, summary: &'static str) -> Param {
    Param { name, ty, optional: true, repeated: false, summary }
}

/// A parameter that may be repeated.
pub const fn repeated(name: &'static str, ty: &'static str, summary: &'static str) -> Param {
    Param { name, ty, optional: false, repeated: true, summary }
}

/// A parameter that may be given any number of times or not at all.
pub const fn any_number(name: &'static str, ty: &'static str, summary: &'static str) -> Param {
    Param { name, ty, optional: true, repeated: true, summary }
}

/// An example.
pub const fn example(query: &'static str, result: &'static str) -> Example {
    Example { query, result }
}

/// A call of a kernel whose arguments are converted to `types` first; the last type repeats for further arguments.
pub fn call(
    name: &str,
    args: &[BoundExpr],
    types: &[KqlType],
    returns: KqlType,
    kernel: impl Fn(&KernelArgs) -> KernelResult<ArrayRef> + Send + Sync + 'static,
) -> Result<BoundExpr, BindError> {
    call_with(name, "", args, types, returns, kernel)
}

/// The same for a kernel that captured a configuration.
pub fn call_with(
    name: &str,
    config: &str,
    args: &[BoundExpr],
    types: &[KqlType],
    returns: KqlType,
    kernel: impl Fn(&KernelArgs) -> KernelResult<ArrayRef> + Send + Sync + 'static,
) -> Result<BoundExpr, BindError> {
    let mut exprs = Vec::with_capacity(args.len());
    let mut kinds = Vec::with_capacity(args.len());
    for (at, arg) in args.iter().enumerate() {
        let ty = types.get(at).or(types.last()).copied().unwrap_or(arg.ty);
        exprs.push(coerce(arg, ty).map_err(|e| e.at(at))?.expr);
        kinds.push(ty);
    }
    Ok(BoundExpr::new(kernel_expr(name, config, exprs, &kinds, returns, kernel), returns))
}

/// A call of a kernel with the arguments as they are; the kernel sees their types through its configuration.
pub fn call_as_is(
    name: &str,
    config: &str,
    args: &[BoundExpr],
    returns: KqlType,
    kernel: impl Fn(&KernelArgs) -> KernelResult<ArrayRef> + Send + Sync + 'static,
) -> BoundExpr {
    let kinds: Vec<KqlType> = args.iter().map(|a| a.ty).collect();
    let exprs = args.iter().map(|a| a.expr.clone()).collect();
    BoundExpr::new(kernel_expr(name, config, exprs, &kinds, returns, kernel), returns)
}

fn kernel_expr(
    name: &str,
    config: &str,
    exprs: Vec<Expr>,
    kinds: &[KqlType],
    returns: KqlType,
    kernel: impl Fn(&KernelArgs) -> KernelResult<ArrayRef> + Send + Sync + 'static,
) -> Expr {
    // Several KQL types share an Arrow type: the types are part of what the kernel is.
    let mut full = String::new();
    for kind in kinds {
        full.push_str(kind.name());
        full.push(',');
    }
    full.push_str(config);
    kernel_udf(name, full, kinds, returns, kernel).call(exprs)
}

/// True when the call has the null type anywhere a value is needed: its own error text.
pub fn wrong_type(arg: &BoundExpr, wanted: &str) -> BindError {
    BindError::new(format!("expected {wanted}, not `{}`", arg.ty))
}
