//! Syntax tree to canonical text: one form for each construct, no more
//! parentheses than needed. Parsing the text gives the same tree again.

mod expr;
mod graph;
mod operator;

use crate::ast::{
    ColumnDecl, Expr, ExprKind, Function, LetValue, Name, NamePattern, Param, ParamKind, Pattern, Pipeline, Property,
    Query, RowSchema, Source, Statement, StatementKind,
};
use crate::literal;

/// Writes a query in canonical form.
pub fn print(query: &Query) -> String {
    let mut printer = Printer { out: String::new() };
    printer.statements(&query.statements, ";\n", "\n| ");
    printer.out
}

/// Writes one expression in canonical form.
pub fn print_expr(expr: &Expr) -> String {
    let mut printer = Printer { out: String::new() };
    printer.expr(expr);
    printer.out
}

struct Printer {
    out: String,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Items with `, ` between.
    fn join<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        for (at, each) in items.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            item(self, each);
        }
    }

    fn statements(&mut self, statements: &[Statement], between: &str, bar: &str) {
        for (at, statement) in statements.iter().enumerate() {
            if at > 0 {
                self.push(between);
            }
            self.statement(statement, bar);
        }
    }

    fn statement(&mut self, statement: &Statement, bar: &str) {
        match &statement.kind {
            StatementKind::Let { name, value } => {
                self.push("let ");
                self.name(name);
                self.push(" = ");
                match value {
                    LetValue::Expr(expr) => self.expr(expr),
                    LetValue::Tabular(pipeline) => self.pipeline(pipeline, bar),
                    LetValue::Function(function) => self.function(function),
                }
            }
            StatementKind::Query(pipeline) => self.pipeline(pipeline, bar),
            StatementKind::Set { name, value } => {
                self.push("set ");
                self.name(name);
                if let Some(value) = value {
                    self.push(" = ");
                    self.expr(value);
                }
            }
            StatementKind::QueryParameters(params) => {
                self.push("declare query_parameters");
                self.params(params);
            }
            StatementKind::Pattern(pattern) => self.declared_pattern(pattern),
            StatementKind::Restrict(entities) => {
                self.push("restrict access to (");
                self.join(entities, Self::expr);
                self.push(")");
            }
            StatementKind::Alias { name, value } => {
                self.push("alias database ");
                self.name(name);
                self.push(" = ");
                self.expr(value);
            }
            StatementKind::Unsupported(unsupported) => self.push(&unsupported.text),
        }
    }

    fn declared_pattern(&mut self, pattern: &Pattern) {
        self.push("declare pattern ");
        self.name(&pattern.name);
        if pattern.params.is_empty() && pattern.cases.is_empty() {
            return;
        }
        self.push(" = ");
        self.columns(&pattern.params);
        if let Some(path) = &pattern.path {
            self.push("[");
            self.column_list(std::slice::from_ref(path));
            self.push("]");
        }
        self.push(" {");
        for case in &pattern.cases {
            self.push(" (");
            self.join(&case.args, Self::expr);
            self.push(")");
            if let Some(path) = &case.path {
                self.push(".[");
                self.expr(path);
                self.push("]");
            }
            self.push(" = { ");
            self.statements(&case.body, "; ", " | ");
            self.push(" };");
        }
        self.push(" }");
    }

    fn function(&mut self, function: &Function) {
        if function.view {
            self.push("view ");
        }
        self.params(&function.params);
        self.push(" { ");
        self.statements(&function.body, "; ", " | ");
        self.push(" }");
    }

    fn params(&mut self, params: &[Param]) {
        self.push("(");
        self.join(params, |printer, param| {
            printer.name(&param.name);
            printer.push(": ");
            match &param.kind {
                ParamKind::Scalar { ty, default } => {
                    printer.push(ty.ty.name());
                    if let Some(default) = default {
                        printer.push(" = ");
                        printer.expr(default);
                    }
                }
                ParamKind::Tabular(schema) => printer.schema(schema),
            }
        });
        self.push(")");
    }

    fn schema(&mut self, schema: &RowSchema) {
        self.push("(");
        if schema.star {
            self.push(if schema.columns.is_empty() { "*" } else { "*, " });
        }
        self.column_list(&schema.columns);
        self.push(")");
    }

    fn columns(&mut self, columns: &[ColumnDecl]) {
        self.push("(");
        self.column_list(columns);
        self.push(")");
    }

    fn column_list(&mut self, columns: &[ColumnDecl]) {
        self.join(columns, |printer, column| {
            printer.name(&column.name);
            printer.push(": ");
            printer.push(column.ty.ty.name());
        });
    }

    fn pipeline(&mut self, pipeline: &Pipeline, bar: &str) {
        let handed_in = matches!(pipeline.source, Source::Input(_));
        self.source(&pipeline.source);
        for (at, operator) in pipeline.operators.iter().enumerate() {
            if at > 0 || !handed_in {
                self.push(bar);
            }
            self.operator(&operator.kind);
        }
    }

    /// A pipeline in parentheses, or without them where a mere table stands.
    fn table(&mut self, pipeline: &Pipeline) {
        match &pipeline.source {
            Source::Expr(expr) if pipeline.operators.is_empty() => self.expr_at(expr, expr::TIGHTEST),
            _ => self.parenthesised(pipeline),
        }
    }

    fn parenthesised(&mut self, pipeline: &Pipeline) {
        self.push("(");
        self.pipeline(pipeline, " | ");
        self.push(")");
    }

    fn source(&mut self, source: &Source) {
        match source {
            Source::Expr(expr) => self.expr(expr),
            Source::Paren(inner) => self.parenthesised(inner),
            Source::Input(_) => {}
            Source::Range(range) => {
                self.push("range ");
                self.name(&range.name);
                self.push(" from ");
                self.expr(&range.from);
                self.push(" to ");
                self.expr(&range.to);
                self.push(" step ");
                self.expr(&range.step);
            }
            Source::Print(columns) => {
                self.push("print ");
                self.join(columns, Self::named);
            }
            Source::DataTable(table) => {
                self.push("datatable");
                self.columns(&table.columns);
                self.push("[");
                self.join(&table.values, Self::expr);
                self.push("]");
            }
            Source::ExternalData(table) => {
                self.push("externaldata");
                self.columns(&table.columns);
                self.push("[");
                self.join(&table.addresses, Self::expr);
                self.push("]");
                self.with_properties(&table.properties);
            }
            Source::Union(union) => self.union(union),
            Source::Search(search) => self.search(search),
            Source::Find(find) => self.find(find),
            Source::Evaluate(evaluate) => self.evaluate(evaluate),
            Source::Unsupported(unsupported) => self.push(&unsupported.text),
        }
    }

    fn with_properties(&mut self, properties: &[Property]) {
        if properties.is_empty() {
            return;
        }
        self.push(" with (");
        self.join(properties, Self::property);
        self.push(")");
    }

    fn property(&mut self, property: &Property) {
        self.property_name(&property.name);
        self.push("=");
        match &property.value.kind {
            ExprKind::Tuple(values) => self.join(values, Self::expr),
            _ => self.expr(&property.value),
        }
    }

    fn property_name(&mut self, name: &str) {
        if name.split('.').all(is_plain) {
            self.push(name);
        } else {
            self.push("[");
            self.push(&literal::quote(name));
            self.push("]");
        }
    }

    /// Options after an operator, each with a blank in front.
    fn hints(&mut self, hints: &[Property]) {
        for hint in hints {
            self.push(" ");
            self.property_name(&hint.name);
            self.push("=");
            match &hint.value.kind {
                ExprKind::Tuple(values) => {
                    self.push("(");
                    self.join(values, Self::expr);
                    self.push(")");
                }
                _ => self.expr_at(&hint.value, expr::TIGHTEST),
            }
        }
    }

    fn name(&mut self, name: &Name) {
        if !name.quoted && is_plain(&name.text) {
            self.push(&name.text);
        } else {
            self.push("[");
            self.push(&literal::quote(&name.text));
            self.push("]");
        }
    }

    fn pattern(&mut self, pattern: &NamePattern) {
        let plain = !pattern.text.is_empty()
            && pattern.text.chars().all(|next| next == '*' || next == '_' || next == '$' || next.is_alphanumeric());
        if plain && (pattern.wildcard || is_plain(&pattern.text)) {
            self.push(&pattern.text);
        } else {
            self.push("[");
            self.push(&literal::quote(&pattern.text));
            self.push("]");
        }
    }
}

/// Whether a name can stand without quotes as far as its characters go.
fn is_plain(name: &str) -> bool {
    let rest = name.strip_prefix('$').unwrap_or(name);
    !rest.is_empty()
        && !rest.bytes().all(|byte| byte.is_ascii_digit())
        && rest.chars().all(|next| next == '_' || next.is_alphanumeric())
}
