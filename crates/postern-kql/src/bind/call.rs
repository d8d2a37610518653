//! Calls: built-in functions, functions made by `let`, and the calls that are no functions (`toscalar`, `not`).

use postern_kql_syntax::ast::{Arg, Call, Expr, ExprKind, Literal, ParamKind, RowSchema, TypeOf};
use postern_kql_syntax::{Diagnostic, Severity, Span};

use super::advice;
use super::compare::negate;
use super::env::{Env, Named, UserFunction};
use super::expr::Scope;
use super::fault::{Bound, Fault, codes};
use super::fold::fold;
use super::literal::kql_type;
use super::ordered::is_ordered;
use super::scope::Relation;
use super::windows::WINDOW_FUNCTIONS;
use super::{Binder, Meaning};
use crate::functions::{
    AGGREGATES, BindError, BoundAggregate, BoundExpr, FUNCTIONS, Function, FunctionInfo, PathStep,
    context::absent::absent, dynamic::path, find, find_aggregate,
};
use crate::operators::extend::materialise;
use crate::types::{Const, KqlType};

/// Names that are bound here and not by a registered function.
const FORMS: &[&str] = &[
    "bag_pack_columns",
    "bin_auto",
    "column_ifexists",
    "column_names_of",
    "columnifexists",
    "not",
    "pack_all",
    "toscalar",
];

/// Built-in functions of which a `*` argument means all columns.
const TAKES_STAR: &[&str] = &["estimate_data_size", "pack_array"];

impl Binder<'_> {
    /// Binds a call that yields a value.
    pub fn call(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let name = call.name.text.as_str();
        if let Some(Named::Function(function)) = env.find(name) {
            return match self.call_user(function, call, scope, env)? {
                Meaning::Scalar(value) => Ok(value),
                Meaning::Table(_) => Err(Fault::new(
                    codes::WRONG_KIND,
                    call.span,
                    format!("`{name}` yields a table, and a value must stand here"),
                )
                .hint("take one value of it with `toscalar()`")),
            };
        }
        match name {
            "toscalar" => return self.toscalar(call, scope, env),
            "not" => return self.not(call, scope, env),
            "bin_auto" => return self.bin_auto(call, scope, env),
            "column_names_of" => return self.column_names_of(call, scope, env),
            "column_ifexists" | "columnifexists" => return self.column_ifexists(call, scope, env),
            "pack_all" => return self.pack_all(call, scope, env),
            "bag_pack_columns" => return self.pack_columns(call, scope, env),
            _ => {}
        }
        if WINDOW_FUNCTIONS.contains(&name) {
            return self.window_call(call, scope, env);
        }
        if scope.keys.is_some() && find_aggregate(name).is_some() {
            let mut outputs = self.aggregate_call(call, scope, env)?;
            if outputs.len() != 1 {
                return Err(Fault::new(
                    codes::MISPLACED,
                    call.span,
                    format!("`{name}` yields several columns, so it cannot stand inside an expression"),
                ));
            }
            let output = outputs.remove(0);
            return Ok(BoundExpr { name: Some(output.name), ..BoundExpr::new(output.expr, output.ty) });
        }
        let Some(function) = find(name) else { return Err(Self::unknown_function(name, call.name.span, env)) };
        no_names(&call.args, name, scope.relation)?;
        if name == "ingestion_time" {
            self.warn(&no_ingestion(call.span, scope.relation));
        }
        let (args, spans) = match call.args.as_slice() {
            [star] if matches!(star.value.kind, ExprKind::Star) && TAKES_STAR.contains(&name) => {
                let columns: Vec<BoundExpr> = scope.relation.visible().map(super::scope::ScopeColumn::bound).collect();
                let spans = vec![star.span; columns.len()];
                (columns, spans)
            }
            args => self.arguments(args, scope, env)?,
        };
        check_count(function.info(), args.len(), call.span)?;
        self.bind_function(function, &args, &spans, call.span)
    }

    /// The columns of a call of a built-in function that gives several; empty for everything else.
    pub fn columns_of(&self, expr: &Expr, scope: &mut Scope, env: &Env) -> Bound<Vec<(String, KqlType)>> {
        let ExprKind::Call(call) = &expr.kind else { return Ok(Vec::new()) };
        let name = call.name.text.as_str();
        match find(name) {
            Some(function) if name.starts_with("series_") || name.starts_with("array_sort_") => {
                let (args, _) = self.arguments(&call.args, scope, env)?;
                Ok(function.columns(&args))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Binds a built-in function to arguments; a call on constants becomes a constant.
    pub fn bind_function(
        &self,
        function: &dyn Function,
        args: &[BoundExpr],
        spans: &[Span],
        span: Span,
    ) -> Bound<BoundExpr> {
        let bound = function.bind(args, &self.cx()).map_err(|e| argument_fault(e, spans, span))?;
        let name = function.result_name(args);
        let bound = if function.deterministic() { fold(bound) } else { bound };
        Ok(BoundExpr { name, ..bound })
    }

    /// Binds a built-in by name, for operators that are made of functions.
    pub fn builtin(&self, name: &str, args: &[BoundExpr], span: Span) -> Bound<BoundExpr> {
        let function = find(name).ok_or_else(|| Fault::unsupported(span, &format!("`{name}()`")))?;
        self.bind_function(function, args, &[], span)
    }

    /// Binds the arguments of a call. A parameter with several values, written as the text `{NAME}`, becomes several.
    fn arguments(&self, args: &[Arg], scope: &mut Scope, env: &Env) -> Bound<(Vec<BoundExpr>, Vec<Span>)> {
        let (mut bound, mut spans) = (Vec::with_capacity(args.len()), Vec::with_capacity(args.len()));
        for arg in args {
            if let Some(values) = self.several(&arg.value) {
                spans.extend(std::iter::repeat_n(arg.span, values.len()));
                bound.extend(values.into_iter().map(BoundExpr::constant));
                continue;
            }
            // A `typeof(T)` argument reaches the function as the name of the type.
            bound.push(match &arg.value.kind {
                ExprKind::TypeOf(TypeOf::Scalar(ty)) => {
                    BoundExpr::constant(Const::String(kql_type(ty.ty).name().to_owned()))
                }
                _ => self.expr(&arg.value, scope, env)?,
            });
            spans.push(arg.value.span);
        }
        Ok((bound, spans))
    }

    /// The values of a parameter that has several, when the expression is the text `{NAME}` of it.
    pub fn several(&self, expr: &Expr) -> Option<Vec<Const>> {
        let ExprKind::Literal(Literal::String(text)) = &expr.kind else { return None };
        let name = text.value.strip_prefix('{')?.strip_suffix('}')?;
        self.options.param_list(name)
    }

    /// Binds the call of an aggregate; the outputs are columns of the group's row.
    pub fn aggregate_call(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<Vec<BoundAggregate>> {
        let name = call.name.text.as_str();
        let Some(aggregate) = find_aggregate(name) else {
            return Err(Self::unknown_function(name, call.name.span, env));
        };
        no_names(&call.args, name, scope.relation)?;
        let keys = scope.keys.unwrap_or_default();
        if aggregate.info().max_args().is_some_and(|most| most < 2)
            && let [Arg { value: Expr { kind: ExprKind::Star, span }, .. }] = call.args.as_slice()
        {
            return Err(Fault::new(codes::ARGUMENT, *span, format!("`{name}` does not take `*`"))
                .maybe_hint((name == "count").then(|| "every row is counted by `count()`".to_owned())));
        }
        let mut args: Vec<BoundExpr> = Vec::new();
        let mut spans = Vec::new();
        for arg in &call.args {
            if matches!(arg.value.kind, ExprKind::Star) {
                let first = args.first().and_then(|a| a.name.clone());
                let rest =
                    scope.relation.visible().filter(|c| !keys.contains(&c.name) && Some(&c.name) != first.as_ref());
                for column in rest {
                    args.push(column.bound());
                    spans.push(arg.span);
                }
                continue;
            }
            args.push(self.expr(&arg.value, &mut Scope::row(scope.relation), env)?);
            spans.push(arg.value.span);
        }
        if !call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Star)) {
            check_count(aggregate.info(), args.len(), call.span)?;
        }
        if is_ordered(name) && !scope.relation.order.is_empty() {
            return self.ordered_list(aggregate, &args, scope, call.span);
        }
        aggregate.bind(&args, &self.cx()).map_err(|e| argument_fault(e, &spans, call.span))
    }

    fn unknown_function(name: &str, span: Span, env: &Env) -> Fault {
        if find_aggregate(name).is_some() {
            return Fault::new(codes::MISPLACED, span, format!("`{name}` is an aggregate"))
                .hint("aggregates stand in `summarize`, `make-series` and `top-nested`");
        }
        if let Some(why) = absent(name) {
            return Fault::unsupported(span, &format!("`{name}()`")).hint(why);
        }
        let lets = env.iter().map(|(n, _)| n).filter(|n| matches!(env.find(n), Some(Named::Function(_))));
        let names = FUNCTIONS
            .iter()
            .map(|f| f.info().name)
            .chain(AGGREGATES.iter().map(|f| f.info().name))
            .chain(FORMS.iter().copied())
            .chain(WINDOW_FUNCTIONS.iter().copied())
            .chain(lets);
        let hint = advice::function(name).map(str::to_owned).or_else(|| advice::offer(name, names));
        Fault::new(codes::UNKNOWN_FUNCTION, span, format!("no function is named `{name}`")).maybe_hint(hint)
    }

    /// Calls a function made by `let`: its parameters become names, its body is bound among them.
    pub fn call_user(&self, function: &UserFunction, call: &Call, scope: &mut Scope, env: &Env) -> Bound<Meaning> {
        self.call_user_with(function, None, call, scope, env)
    }

    /// The same with rows handed in before the written arguments.
    pub fn call_user_with(
        &self,
        function: &UserFunction,
        input: Option<Relation>,
        call: &Call,
        scope: &mut Scope,
        env: &Env,
    ) -> Bound<Meaning> {
        self.spend(call.span)?;
        let params = function.function.params.as_slice();
        let before = usize::from(input.is_some());
        if call.args.len() + before > params.len() {
            return Err(Fault::new(
                codes::ARGUMENT_COUNT,
                call.span,
                format!("`{}` takes {} arguments, not {}", call.name.text, params.len(), call.args.len() + before),
            ));
        }
        let mut inner = function.env.clone();
        let mut params = params;
        if let (Some(relation), Some((first, rest))) = (input, params.split_first()) {
            let ParamKind::Tabular(schema) = &first.kind else {
                return Err(Fault::new(
                    codes::ARGUMENT,
                    call.span,
                    format!("the first parameter of `{}` is not a table", call.name.text),
                ));
            };
            let relation = Self::conform(relation, schema, call.span)?;
            inner = inner.with(&first.name.text, Named::Table(Box::new(relation)));
            params = rest;
        }
        for (index, param) in params.iter().enumerate() {
            let named = call.args.iter().find(|a| a.name.as_ref().is_some_and(|n| n.text == param.name.text));
            let arg = named.or_else(|| call.args.get(index).filter(|a| a.name.is_none()));
            let value = match (&param.kind, arg) {
                (ParamKind::Scalar { ty, .. }, Some(arg)) => {
                    let value = self.expr(&arg.value, scope, env)?;
                    let place = format!("parameter `{}`", param.name.text);
                    Named::Scalar(self.coerce_to(value, kql_type(ty.ty), arg.value.span, &place)?)
                }
                (ParamKind::Scalar { ty, default: Some(default) }, None) => {
                    let value = self.constant_expr(default, &function.env)?;
                    Named::Scalar(self.coerce_to(value, kql_type(ty.ty), default.span, "the default")?)
                }
                (ParamKind::Tabular(schema), Some(arg)) => match self.meaning(&arg.value, env)? {
                    Meaning::Table(relation) => {
                        Named::Table(Box::new(Self::conform(*relation, schema, arg.value.span)?))
                    }
                    Meaning::Scalar(value) => {
                        return Err(Fault::wrong_type(
                            arg.value.span,
                            &format!("parameter `{}`", param.name.text),
                            "a table",
                            value.ty,
                        ));
                    }
                },
                (_, None) => {
                    return Err(Fault::new(
                        codes::ARGUMENT_COUNT,
                        call.span,
                        format!("`{}` needs a value for its parameter `{}`", call.name.text, param.name.text),
                    ));
                }
            };
            inner = inner.with(&param.name.text, value);
        }
        self.statements(&function.function.body, &inner, function.function.span)
    }

    /// Checks that a table has the columns that a parameter declares; others that it has go along.
    fn conform(relation: Relation, schema: &RowSchema, span: Span) -> Bound<Relation> {
        for declared in &schema.columns {
            let ty = kql_type(declared.ty.ty);
            match relation.find(&declared.name.text) {
                Some(column) if column.ty == ty => {}
                Some(column) => {
                    return Err(Fault::new(
                        codes::ARGUMENT,
                        span,
                        format!("column `{}` is `{}` here and `{ty}` in the parameter", column.name, column.ty),
                    ));
                }
                None if relation.open => {}
                None => {
                    return Err(Fault::new(
                        codes::ARGUMENT,
                        span,
                        format!("the table has no column `{}`, which the parameter declares", declared.name.text),
                    ));
                }
            }
        }
        Ok(relation)
    }

    fn toscalar(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let arg = one_argument(call)?;
        match self.meaning_in(arg, scope, env)? {
            Meaning::Table(relation) if relation.groups.is_some() => self.group_scalar(*relation, scope, call.span),
            Meaning::Table(relation) => self.ask_scalar(*relation, call.span),
            // One value for all rows, also of what gives another value each time.
            Meaning::Scalar(value) if value.expr.is_volatile() && !value.expr.any_column_refs() => {
                let mut row = self.nowhere();
                row.columns = materialise(self, &mut row, vec![("value".to_owned(), value)], call.span)?;
                self.ask_scalar(row, call.span)
            }
            Meaning::Scalar(value) => Ok(value),
        }
    }

    fn not(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let value = self.condition(one_argument(call)?, scope, env)?;
        Ok(fold(BoundExpr::new(negate(value.expr), KqlType::Bool)))
    }

    fn column_ifexists(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let [name, default] = call.args.as_slice() else {
            return Err(count_fault(&call.name.text, "2 arguments", call.args.len(), call.span));
        };
        let wanted = self.constant_expr(&name.value, env)?;
        let Some(wanted) = wanted.const_str() else {
            return Err(Fault::new(codes::NOT_CONSTANT, name.span, "the column's name must be a constant text"));
        };
        if let Some(column) = scope.relation.find(wanted) {
            return Ok(column.bound());
        }
        let value = self.expr(&default.value, scope, env)?;
        Ok(BoundExpr { name: Some(wanted.to_owned()), ..value })
    }

    /// The names of a table's columns, in order.
    fn column_names_of(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let arg = one_argument(call)?;
        match self.meaning_in(arg, scope, env)? {
            Meaning::Table(relation) => {
                let names = relation.visible().map(|c| serde_json::Value::from(c.name.as_str())).collect();
                Ok(BoundExpr::constant(Const::dynamic(&serde_json::Value::Array(names))))
            }
            Meaning::Scalar(value) => Err(Fault::wrong_type(arg.span, "`column_names_of`", "a table", value.ty)),
        }
    }

    fn pack_all(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let skip_empty = match call.args.as_slice() {
            [] => false,
            [arg] => self.constant_expr(&arg.value, env)?.constant.and_then(|c| c.as_bool()).unwrap_or(false),
            _ => return Err(count_fault("pack_all", "at most 1 argument", call.args.len(), call.span)),
        };
        let columns: Vec<BoundExpr> = scope.relation.visible().map(super::scope::ScopeColumn::bound).collect();
        let function = if skip_empty { "bag_pack_nonempty" } else { "bag_pack" };
        self.pack(function, &columns, call.span)
    }

    fn pack_columns(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let (columns, _) = self.arguments(&call.args, scope, env)?;
        self.pack("bag_pack", &columns, call.span)
    }

    fn pack(&self, function: &str, columns: &[BoundExpr], span: Span) -> Bound<BoundExpr> {
        let mut args = Vec::with_capacity(columns.len() * 2);
        for column in columns {
            let Some(name) = &column.name else {
                return Err(Fault::new(codes::ARGUMENT, span, "only columns can be packed under their names"));
            };
            args.push(BoundExpr::constant(Const::String(name.clone())));
            args.push(column.clone());
        }
        self.builtin(function, &args, span)
    }

    /// The value as a dynamic one, whatever its type; text stays text.
    pub fn to_dynamic(&self, value: &BoundExpr, span: Span) -> Bound<BoundExpr> {
        if value.ty == KqlType::Dynamic {
            return Ok(value.clone());
        }
        let array = self.builtin("pack_array", std::slice::from_ref(value), span)?;
        path::access(&array, &[PathStep::Index(0)]).map(fold).map_err(|e| Fault::bind(codes::ARGUMENT, e, span))
    }
}

fn one_argument(call: &Call) -> Bound<&Expr> {
    match call.args.as_slice() {
        [arg] => Ok(&arg.value),
        _ => Err(count_fault(&call.name.text, "1 argument", call.args.len(), call.span)),
    }
}

fn count_fault(name: &str, wanted: &str, found: usize, span: Span) -> Fault {
    Fault::new(codes::ARGUMENT_COUNT, span, format!("`{name}` takes {wanted}, not {found}"))
}

/// Checks the number of arguments against what a function says of itself.
pub fn check_count(info: FunctionInfo, found: usize, span: Span) -> Bound<()> {
    let (least, most) = (info.min_args(), info.max_args());
    if found >= least && most.is_none_or(|most| found <= most) {
        return Ok(());
    }
    let plural = |n: usize| if n == 1 { "argument" } else { "arguments" };
    let wanted = match most {
        Some(most) if most == least => format!("{least} {}", plural(least)),
        Some(most) => format!("{least} to {most} arguments"),
        None => format!("at least {least} {}", plural(least)),
    };
    let params: Vec<&str> = info.params.iter().map(|p| p.name).collect();
    Err(count_fault(info.name, &wanted, found, span).hint(format!("`{}({})`", info.name, params.join(", "))))
}

/// Refuses `f(column = value)`: functions of the language pass over the names of arguments, and `==` is most likely meant.
fn no_names(args: &[Arg], function: &str, rows: &Relation) -> Bound<()> {
    let named = args.iter().find_map(|arg| arg.name.as_ref().map(|name| (arg, name)));
    match named.filter(|(_, name)| rows.find(&name.text).is_some()) {
        None => Ok(()),
        Some((arg, name)) => {
            let message = format!("`{function}` has no argument with the name `{}`", name.text);
            let hint = advice::named_argument(&name.text, &arg.value);
            Err(Fault::new(codes::ARGUMENT, arg.span, message).hint(hint))
        }
    }
}

/// `ingestion_time()` is null for every row, so that a comparison with it quietly keeps none.
fn no_ingestion(span: Span, rows: &Relation) -> Diagnostic {
    let time = rows.visible().find(|column| column.ty == KqlType::DateTime);
    let time = time.map_or("the time of the event".to_owned(), |column| format!("`{}`", column.name));
    Diagnostic {
        code: codes::OPERAND,
        message: "`ingestion_time()` is null for every row: exports do not tell it, and no comparison with it holds"
            .into(),
        span,
        hint: Some(format!("compare {time} instead")),
        severity: Severity::Warning,
    }
}

fn argument_fault(error: BindError, spans: &[Span], call: Span) -> Fault {
    let span = error.argument.and_then(|i| spans.get(i)).copied().unwrap_or(call);
    Fault::bind(codes::ARGUMENT, error, span)
}
