//! The arguments of a plugin, read one after the other.

use std::sync::Arc;

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Arg, Call, JoinKind};

use crate::bind::coerce::convert;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::Relation;
use crate::bind::{Binder, Meaning};
use crate::functions::BoundExpr;
use crate::plan::gather::{Gather, Kernel, gather};
use crate::plan::join::join;
use crate::types::{Const, KqlType};

/// Reads the arguments of one call.
pub struct Reader<'r, 'b> {
    /// The binder.
    pub binder: &'r Binder<'b>,
    /// The names in force.
    pub env: &'r Env,
    /// The rows that the plugin works on.
    pub input: Relation,
    /// The plugin.
    pub name: &'r str,
    /// The whole call.
    pub span: Span,
    args: &'r [Arg],
    next: usize,
}

/// The column that a plugin takes as its time axis.
pub struct Timeline {
    /// Its values as whole numbers: ticks for times.
    pub value: BoundExpr,
    /// The name of the output column.
    pub name: String,
    /// The type of the column.
    pub ty: KqlType,
}

impl<'r, 'b> Reader<'r, 'b> {
    /// A reader at the first argument.
    pub fn new(binder: &'r Binder<'b>, env: &'r Env, input: Relation, call: &'r Call) -> Self {
        Self { binder, env, input, name: &call.name.text, span: call.span, args: &call.args, next: 0 }
    }

    /// The place of the argument read last.
    pub fn place(&self) -> Span {
        self.next.checked_sub(1).and_then(|at| self.args.get(at)).map_or(self.span, |arg| arg.span)
    }

    /// A fault about the argument read last.
    pub fn wrong(&self, what: &str) -> Fault {
        Fault::new(codes::ARGUMENT, self.place(), format!("{what} of `{}` is not valid", self.name))
    }

    /// The next argument as it is written.
    pub fn arg(&mut self) -> Option<&'r Arg> {
        let arg = self.args.get(self.next)?;
        self.next += 1;
        Some(arg)
    }

    fn need(&mut self, what: &str) -> Bound<&'r Arg> {
        match self.arg() {
            Some(arg) => Ok(arg),
            None => Err(Fault::new(codes::ARGUMENT_COUNT, self.span, format!("`{}` needs {what}", self.name))),
        }
    }

    /// Goes back one argument.
    pub fn back(&mut self) {
        self.next = self.next.saturating_sub(1);
    }

    /// Binds an argument over the rows.
    pub fn bind(&mut self, arg: &Arg) -> Bound<BoundExpr> {
        self.binder.expr(&arg.value, &mut Scope::row(&mut self.input), self.env)
    }

    /// The next argument: a value of each row.
    pub fn value(&mut self, what: &str) -> Bound<BoundExpr> {
        let arg = self.need(what)?;
        self.bind(arg)
    }

    /// The next argument: a constant that is not null.
    pub fn constant(&mut self, what: &str) -> Bound<Const> {
        let arg = self.need(what)?;
        match self.bind(arg)?.constant {
            Some(value) if !value.is_null() => Ok(value),
            Some(_) => Err(self.wrong(what)),
            None => Err(Fault::new(codes::NOT_CONSTANT, arg.span, format!("{what} must be a constant"))),
        }
    }

    /// The next argument when it is a constant.
    pub fn constant_here(&mut self) -> Bound<Option<Const>> {
        let Some(arg) = self.arg() else { return Ok(None) };
        let constant = self.bind(arg)?.constant;
        if constant.is_none() {
            self.back();
        }
        Ok(constant)
    }

    /// How many constants stand here, one after the other.
    pub fn constants_ahead(&mut self) -> Bound<usize> {
        let start = self.next;
        let mut count = 0;
        while self.constant_here()?.is_some() {
            count += 1;
        }
        self.next = start;
        Ok(count)
    }

    /// The next argument: the column that tells the ids.
    pub fn id(&mut self) -> Bound<BoundExpr> {
        let id = self.value("an id column")?;
        if id.ty == KqlType::Dynamic {
            return Err(Fault::wrong_type(self.place(), "an id column", "a scalar", id.ty)
                .hint("convert it with `tostring()` in an `extend` before the plugin"));
        }
        Ok(id)
    }

    /// The next argument: the time axis.
    pub fn timeline(&mut self) -> Bound<Timeline> {
        let value = self.value("a timeline column")?;
        let ty = value.ty;
        let name = value.name.clone().unwrap_or_else(|| "Column1".to_owned());
        let value = match ty {
            KqlType::DateTime | KqlType::TimeSpan | KqlType::Long => value,
            KqlType::Int => convert(&value, KqlType::Long, &self.binder.cx())
                .ok_or_else(|| Fault::unsupported(self.place(), "this timeline"))?,
            KqlType::Real | KqlType::Decimal => {
                return Err(Fault::unsupported(self.place(), &format!("a timeline of type `{ty}`"))
                    .hint("use a `datetime` or `long` column"));
            }
            _ => {
                return Err(Fault::wrong_type(self.place(), "a timeline", "`datetime`, `timespan` or `long`", ty));
            }
        };
        Ok(Timeline { value, name, ty })
    }

    /// The next argument: a constant point on the timeline.
    pub fn point(&mut self, what: &str, timeline: &Timeline) -> Bound<i64> {
        let value = self.constant(what)?;
        self.on_axis(&value, timeline.ty, what)
    }

    /// A constant as a point on a timeline.
    pub fn on_axis(&self, value: &Const, ty: KqlType, what: &str) -> Bound<i64> {
        let fits = match ty {
            KqlType::DateTime | KqlType::TimeSpan => value.ty() == ty,
            _ => value.ty().is_integer(),
        };
        value
            .as_ticks()
            .or_else(|| value.as_long())
            .filter(|_| fits)
            .ok_or_else(|| Fault::wrong_type(self.place(), what, &format!("`{ty}` as the timeline is"), value.ty()))
    }

    /// The next argument: a constant distance on the timeline, more than nothing.
    pub fn distance(&mut self, what: &str, timeline: &Timeline) -> Bound<i64> {
        let value = self.constant(what)?;
        let wanted = if timeline.ty == KqlType::DateTime { KqlType::TimeSpan } else { timeline.ty };
        let distance = self.on_axis(&value, wanted, what)?;
        if distance <= 0 {
            return Err(Fault::new(codes::ARGUMENT, self.place(), format!("{what} must be more than nothing")));
        }
        Ok(distance)
    }

    /// The next argument: a whole number that is not negative.
    pub fn count(&mut self, what: &str) -> Bound<usize> {
        let value = self.constant(what)?;
        value
            .as_long()
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| Fault::wrong_type(self.place(), what, "a whole number that is not negative", value.ty()))
    }

    /// The arguments left: columns that slice the result.
    pub fn dimensions(&mut self) -> Bound<Vec<(String, BoundExpr)>> {
        let mut dimensions: Vec<(String, BoundExpr)> = Vec::new();
        while let Some(arg) = self.arg() {
            let value = self.bind(arg)?;
            if value.ty == KqlType::Dynamic {
                return Err(Fault::wrong_type(arg.span, "a dimension", "a scalar", value.ty)
                    .hint("convert it with `tostring()` in an `extend` before the plugin"));
            }
            let own = arg.name.as_ref().map(|n| n.text.clone()).or_else(|| value.name.clone());
            let name = own.unwrap_or_else(|| format!("Column{}", dimensions.len() + 1));
            dimensions.push((name, value));
        }
        Ok(dimensions)
    }

    /// The table that the last argument stands for, when one is left and it stands for one; it is then read.
    pub fn take_table(&mut self) -> Bound<Option<Relation>> {
        let (Some((last, rest)), true) = (self.args.split_last(), self.next < self.args.len()) else {
            return Ok(None);
        };
        match self.binder.meaning_in(&last.value, &mut Scope::row(&mut self.input), self.env)? {
            Meaning::Table(relation) => {
                self.args = rest;
                Ok(Some(*relation))
            }
            Meaning::Scalar(_) => Ok(None),
        }
    }

    /// Drops the rows whose id is in the column of the same name of another table.
    pub fn leave_out(&mut self, id: &BoundExpr, known: Relation) -> Bound<()> {
        let name = id.name.clone().unwrap_or_default();
        let Some(column) = known.find(&name).filter(|c| c.ty == id.ty).map(crate::bind::scope::ScopeColumn::bound)
        else {
            return Err(Fault::new(
                codes::ARGUMENT,
                self.span,
                format!("the lookback table of `{}` needs the id column `{name}` of type `{}`", self.name, id.ty),
            ));
        };
        let input = self.input.clone();
        let keys = [(id.clone(), column)];
        self.input = join(JoinKind::LeftAnti, input, known, &keys, &[], &self.binder.fresh).at(self.span)?;
        Ok(())
    }

    /// An error when arguments are left.
    pub fn end(&mut self) -> Bound<()> {
        match self.arg() {
            None => Ok(()),
            Some(arg) => Err(Fault::new(
                codes::ARGUMENT_COUNT,
                arg.span,
                format!("`{}` takes {} arguments, not {}", self.name, self.next - 1, self.args.len()),
            )),
        }
    }

    /// The plugin as a computation over all rows.
    pub fn run(
        self,
        config: String,
        inputs: Vec<BoundExpr>,
        outputs: Vec<(String, KqlType)>,
        kernel: impl Fn(&[arrow::array::ArrayRef]) -> datafusion::error::Result<Vec<arrow::array::ArrayRef>>
        + Send
        + Sync
        + 'static,
    ) -> Bound<Relation> {
        let kernel: Kernel = Arc::new(kernel);
        let mut taken: Vec<String> = Vec::with_capacity(outputs.len());
        let outputs = outputs
            .into_iter()
            .map(|(name, ty)| {
                let name = crate::plan::union::unused(&name, &taken);
                taken.push(name.clone());
                (name, ty)
            })
            .collect();
        gather(self.input, Gather { name: self.name, config, inputs, outputs, kernel }, &self.binder.fresh)
            .at(self.span)
    }
}
