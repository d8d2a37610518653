//! Operators.

use super::Printer;
use crate::ast::{
    BagExpansion, Evaluate, Expr, Find, FindOutput, JoinKind, MakeSeries, MvApply, MvColumn, MvExpand, Name,
    NamePattern, NamedExpr, NullsOrder, OperatorKind, Parse, ParseItem, ParseKind, Pipeline, Property, ReorderOrder,
    Scan, ScanOutput, Search, SortKey, SortOrder, Summarize, TopNested, Union, UnionKind,
};
use crate::literal;

impl Printer {
    pub(super) fn operator(&mut self, kind: &OperatorKind) {
        match kind {
            OperatorKind::As { name, hints } => {
                self.push("as");
                self.hints(hints);
                self.push(" ");
                self.name(name);
            }
            OperatorKind::Consume(hints) => {
                self.push("consume");
                self.hints(hints);
            }
            OperatorKind::Count => self.push("count"),
            OperatorKind::Distinct { columns, hints } => {
                self.push("distinct");
                self.hints(hints);
                self.push(" ");
                self.join(columns, Self::expr);
            }
            OperatorKind::Evaluate(evaluate) => self.evaluate(evaluate),
            OperatorKind::Extend(columns) => self.list_operator("extend", columns),
            OperatorKind::Facet { by, with } => {
                self.push("facet by ");
                self.join(by, Self::expr);
                if let Some(with) = with {
                    self.push(" with ");
                    self.parenthesised(with);
                }
            }
            OperatorKind::Fork(branches) => {
                self.push("fork");
                for branch in branches {
                    self.push(" ");
                    if let Some(name) = &branch.name {
                        self.name(name);
                        self.push(" = ");
                    }
                    self.parenthesised(&branch.pipeline);
                }
            }
            OperatorKind::AssertSchema(schema) => {
                self.push("assert-schema ");
                self.schema(schema);
            }
            OperatorKind::GetSchema => self.push("getschema"),
            OperatorKind::GraphMarkComponents(options) => self.mark_components(options),
            OperatorKind::GraphMatch(graph) => self.graph_match(graph),
            OperatorKind::GraphToTable(tables) => self.graph_to_table(tables),
            OperatorKind::Invoke(call) => {
                self.push("invoke ");
                self.call(call);
            }
            OperatorKind::Join(join) => self.join_like("join", join.kind, &join.hints, &join.right, &join.on),
            OperatorKind::Lookup(lookup) => {
                self.join_like("lookup", lookup.kind, &lookup.hints, &lookup.right, &lookup.on);
            }
            OperatorKind::MakeGraph(graph) => self.make_graph(graph),
            OperatorKind::MakeSeries(series) => self.make_series(series),
            OperatorKind::MvApply(apply) => self.mv_apply(apply),
            OperatorKind::MvExpand(expand) => self.mv_expand(expand),
            OperatorKind::Parse(parse) => self.parse(parse),
            OperatorKind::ParseKv(parse) => {
                self.push("parse-kv ");
                self.expr(&parse.expr);
                self.push(" as ");
                self.columns(&parse.columns);
                self.with_properties(&parse.properties);
            }
            OperatorKind::Partition(partition) => {
                self.push("partition");
                self.hints(&partition.hints);
                self.push(" by ");
                self.expr(&partition.by);
                if partition.braces {
                    self.push(" { ");
                    self.pipeline(&partition.body, " | ");
                    self.push(" }");
                } else {
                    self.push(" ");
                    self.parenthesised(&partition.body);
                }
            }
            OperatorKind::Project(columns) => self.list_operator("project", columns),
            OperatorKind::ProjectAway(patterns) => self.patterns("project-away ", patterns),
            OperatorKind::ProjectByNames(names) => {
                self.push("project-by-names ");
                self.join(names, Self::expr);
            }
            OperatorKind::ProjectKeep(patterns) => self.patterns("project-keep ", patterns),
            OperatorKind::ProjectRename(renames) => {
                self.push("project-rename ");
                self.join(renames, |printer, rename| {
                    printer.name(&rename.new);
                    printer.push(" = ");
                    printer.name(&rename.old);
                });
            }
            OperatorKind::ProjectReorder(columns) => {
                self.push("project-reorder ");
                self.join(columns, |printer, column| {
                    printer.pattern(&column.pattern);
                    printer.push(match column.order {
                        None => "",
                        Some(ReorderOrder::Asc) => " asc",
                        Some(ReorderOrder::Desc) => " desc",
                        Some(ReorderOrder::GrannyAsc) => " granny-asc",
                        Some(ReorderOrder::GrannyDesc) => " granny-desc",
                    });
                });
            }
            OperatorKind::Reduce { by, properties } => self.reduce(by, properties),
            OperatorKind::Render(render) => {
                self.push("render ");
                self.name(&render.kind);
                self.with_properties(&render.properties);
            }
            OperatorKind::Sample(count) => {
                self.push("sample ");
                self.expr(count);
            }
            OperatorKind::SampleDistinct { count, of } => {
                self.push("sample-distinct ");
                self.expr(count);
                self.push(" of ");
                self.expr(of);
            }
            OperatorKind::Scan(scan) => self.scan(scan),
            OperatorKind::Search(search) => self.search(search),
            OperatorKind::Serialize(columns) => self.list_operator("serialize", columns),
            OperatorKind::Sort { keys, hints } => {
                self.push("sort");
                self.hints(hints);
                self.push(" by ");
                self.join(keys, Self::sort_key);
            }
            OperatorKind::Summarize(summarize) => self.summarize(summarize),
            OperatorKind::Take(count) => {
                self.push("take ");
                self.expr(count);
            }
            OperatorKind::Top { count, by, hints } => {
                self.push("top");
                self.hints(hints);
                self.push(" ");
                self.expr(count);
                self.push(" by ");
                self.sort_key(by);
            }
            OperatorKind::TopHitters { count, of, by } => {
                self.push("top-hitters ");
                self.expr(count);
                self.push(" of ");
                self.expr(of);
                if let Some(by) = by {
                    self.push(" by ");
                    self.expr(by);
                }
            }
            OperatorKind::TopNested(levels) => self.join(levels, Self::top_nested),
            OperatorKind::Union(union) => self.union(union),
            OperatorKind::Where(predicate) => {
                self.push("where ");
                self.expr(predicate);
            }
            OperatorKind::Unsupported(unsupported) => self.push(&unsupported.text),
            OperatorKind::Error => self.push("<error>"),
        }
    }

    fn list_operator(&mut self, name: &str, columns: &[NamedExpr]) {
        self.push(name);
        if !columns.is_empty() {
            self.push(" ");
            self.join(columns, Self::named);
        }
    }

    fn patterns(&mut self, name: &str, patterns: &[NamePattern]) {
        self.push(name);
        self.join(patterns, Self::pattern);
    }

    fn join_like(&mut self, name: &str, kind: Option<JoinKind>, hints: &[Property], right: &Pipeline, on: &[Expr]) {
        self.push(name);
        if let Some(kind) = kind {
            self.push(" kind=");
            self.push(kind.name());
        }
        self.hints(hints);
        self.push(" ");
        self.table(right);
        self.push(" on ");
        self.join(on, Self::expr);
    }

    pub(super) fn union(&mut self, union: &Union) {
        self.push("union");
        match union.kind {
            None => {}
            Some(UnionKind::Inner) => self.push(" kind=inner"),
            Some(UnionKind::Outer) => self.push(" kind=outer"),
        }
        if let Some(name) = &union.with_source {
            self.push(" withsource=");
            self.name(name);
        }
        if let Some(fuzzy) = union.fuzzy {
            self.push(if fuzzy { " isfuzzy=true" } else { " isfuzzy=false" });
        }
        self.hints(&union.hints);
        self.push(" ");
        self.join(&union.parts, Self::table);
    }

    fn tables(&mut self, tables: &[Pipeline]) {
        if !tables.is_empty() {
            self.push(" in (");
            self.join(tables, Self::table);
            self.push(")");
        }
    }

    pub(super) fn search(&mut self, search: &Search) {
        self.push("search");
        if let Some(kind) = &search.kind {
            self.push(" kind=");
            self.name(kind);
        }
        self.tables(&search.tables);
        self.push(" ");
        self.expr(&search.predicate);
    }

    pub(super) fn find(&mut self, find: &Find) {
        self.push("find");
        self.hints(&find.properties);
        self.tables(&find.tables);
        self.push(" where ");
        self.expr(&find.predicate);
        match &find.output {
            FindOutput::Smart => {}
            FindOutput::Project { columns, pack } => {
                self.push(" project ");
                self.join(columns, |printer, column| {
                    printer.name(&column.name);
                    if let Some(ty) = &column.ty {
                        printer.push(":");
                        printer.push(ty.ty.name());
                    }
                });
                if *pack {
                    self.push(if columns.is_empty() { "pack(*)" } else { ", pack(*)" });
                }
            }
            FindOutput::ProjectAway(patterns) => self.patterns(" project-away ", patterns),
        }
    }

    pub(super) fn evaluate(&mut self, evaluate: &Evaluate) {
        self.push("evaluate");
        self.hints(&evaluate.hints);
        self.push(" ");
        self.call(&evaluate.call);
        if let Some(schema) = &evaluate.schema {
            self.push(": ");
            self.schema(schema);
        }
    }

    fn sort_key(&mut self, key: &SortKey) {
        self.named(&key.value);
        self.order(key.order);
        match key.nulls {
            None => {}
            Some(NullsOrder::First) => self.push(" nulls first"),
            Some(NullsOrder::Last) => self.push(" nulls last"),
        }
    }

    fn order(&mut self, order: Option<SortOrder>) {
        match order {
            None => {}
            Some(SortOrder::Asc) => self.push(" asc"),
            Some(SortOrder::Desc) => self.push(" desc"),
        }
    }

    fn by(&mut self, by: &[NamedExpr]) {
        if !by.is_empty() {
            self.push(" by ");
            self.join(by, Self::named);
        }
    }

    fn summarize(&mut self, summarize: &Summarize) {
        self.push("summarize");
        self.hints(&summarize.hints);
        if !summarize.aggregates.is_empty() {
            self.push(" ");
            self.join(&summarize.aggregates, Self::named);
        }
        self.by(&summarize.by);
        if let Some(bin) = &summarize.bin {
            self.push(" bin=");
            self.expr(bin);
        }
    }

    fn top_nested(&mut self, level: &TopNested) {
        self.push("top-nested ");
        if let Some(count) = &level.count {
            self.expr(count);
            self.push(" ");
        }
        self.push("of ");
        self.named(&level.of);
        if let Some(others) = &level.others {
            self.push(" with others=");
            self.expr(others);
        }
        self.push(" by ");
        self.named(&level.by);
        self.order(level.order);
    }

    fn mv_columns(&mut self, index: Option<&Name>, hints: &[Property], columns: &[MvColumn], limit: Option<&Expr>) {
        if let Some(index) = index {
            self.push(" with_itemindex=");
            self.name(index);
        }
        self.hints(hints);
        self.push(" ");
        self.join(columns, |printer, column| {
            printer.named(&column.value);
            if let Some(to) = &column.to {
                printer.push(" to typeof(");
                printer.push(to.ty.name());
                printer.push(")");
            }
        });
        if let Some(limit) = limit {
            self.push(" limit ");
            self.expr(limit);
        }
    }

    fn mv_expand(&mut self, expand: &MvExpand) {
        self.push(if expand.older { "mvexpand" } else { "mv-expand" });
        match expand.bag_expansion {
            None => {}
            Some(BagExpansion::Bag) => self.push(" bagexpansion=bag"),
            Some(BagExpansion::Array) => self.push(" bagexpansion=array"),
        }
        self.mv_columns(expand.item_index.as_ref(), &expand.hints, &expand.columns, expand.limit.as_ref());
    }

    fn mv_apply(&mut self, apply: &MvApply) {
        self.push("mv-apply");
        self.mv_columns(apply.item_index.as_ref(), &apply.hints, &apply.columns, apply.limit.as_ref());
        self.push(" on ");
        self.parenthesised(&apply.subquery);
    }

    fn make_series(&mut self, series: &MakeSeries) {
        self.push("make-series");
        self.hints(&series.properties);
        self.push(" ");
        self.join(&series.aggregates, |printer, aggregate| {
            printer.named(&aggregate.value);
            if let Some(default) = &aggregate.default {
                printer.push(" default = ");
                printer.expr(default);
            }
        });
        self.push(" on ");
        self.named(&series.on);
        if series.in_range {
            self.push(" in range(");
            for bound in [&series.from, &series.to].into_iter().flatten() {
                self.expr(bound);
                self.push(", ");
            }
            self.expr(&series.step);
            self.push(")");
        } else {
            for (word, bound) in [(" from ", &series.from), (" to ", &series.to)] {
                if let Some(bound) = bound {
                    self.push(word);
                    self.expr(bound);
                }
            }
            self.push(" step ");
            self.expr(&series.step);
        }
        self.by(&series.by);
    }

    fn parse(&mut self, parse: &Parse) {
        self.push(if parse.filter { "parse-where" } else { "parse" });
        match parse.kind {
            None => {}
            Some(ParseKind::Simple) => self.push(" kind=simple"),
            Some(ParseKind::Regex) => self.push(" kind=regex"),
            Some(ParseKind::Relaxed) => self.push(" kind=relaxed"),
        }
        if let Some(flags) = &parse.flags {
            self.push(" flags=");
            self.push(flags);
        }
        self.push(" ");
        self.expr(&parse.expr);
        self.push(" with");
        for item in &parse.pattern {
            self.push(" ");
            match item {
                ParseItem::Star(_) => self.push("*"),
                ParseItem::Text(text, _) => self.push(&literal::quote(text)),
                ParseItem::Column { name, ty } => {
                    self.name(name);
                    if let Some(ty) = ty {
                        self.push(":");
                        self.push(ty.ty.name());
                    }
                }
            }
        }
    }

    fn reduce(&mut self, by: &Expr, properties: &[Property]) {
        let (kind, with): (Vec<Property>, Vec<Property>) = properties
            .iter()
            .cloned()
            .partition(|property| property.name == "kind" || property.name.starts_with("hint."));
        self.push("reduce");
        self.hints(&kind);
        self.push(" by ");
        self.expr(by);
        if !with.is_empty() {
            self.push(" with ");
            self.join(&with, Self::property);
        }
    }

    fn scan(&mut self, scan: &Scan) {
        self.push("scan");
        if let Some(name) = &scan.match_id {
            self.push(" with_match_id=");
            self.name(name);
        }
        self.hints(&scan.properties);
        if !scan.order_by.is_empty() {
            self.push(" order by ");
            self.join(&scan.order_by, Self::sort_key);
        }
        if !scan.partition_by.is_empty() {
            self.push(" partition by ");
            self.join(&scan.partition_by, Self::expr);
        }
        if !scan.declarations.is_empty() {
            self.push(" declare ");
            self.params(&scan.declarations);
        }
        self.push(" with (");
        for step in &scan.steps {
            self.push("step ");
            self.name(&step.name);
            if step.optional {
                self.push(" optional");
            }
            match step.output {
                None => {}
                Some(ScanOutput::All) => self.push(" output=all"),
                Some(ScanOutput::Last) => self.push(" output=last"),
                Some(ScanOutput::None) => self.push(" output=none"),
            }
            self.push(": ");
            self.expr(&step.condition);
            if !step.assignments.is_empty() {
                self.push(" => ");
                self.join(&step.assignments, Self::named);
            }
            self.push("; ");
        }
        self.push(")");
    }
}
