//! Texts of every construct of the grammar, made from a list of choices: proptest shortens the list, and a list that is
//! used up gives the simplest text.

use std::fmt::Write;

/// The choices, one byte each.
pub(crate) struct Choices<'a> {
    bytes: std::slice::Iter<'a, u8>,
    depth: u32,
}

/// Deeper than this only leaves are made.
const DEEPEST: u32 = 6;

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter(), depth: 0 }
    }

    fn below(&mut self, count: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % count
    }

    fn maybe(&mut self) -> bool {
        self.below(2) == 1
    }

    fn pick<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }

    /// One to four of something with commas between.
    fn list(&mut self, mut item: impl FnMut(&mut Self) -> String) -> String {
        let count = 1 + self.below(4);
        (0..count).map(|_| item(self)).collect::<Vec<_>>().join(", ")
    }

    /// A part that may be missing.
    fn option(&mut self, part: impl FnOnce(&mut Self) -> String) -> String {
        if self.maybe() { part(self) } else { String::new() }
    }

    fn name(&mut self) -> String {
        self.pick(&["a", "b_1", "Timestamp", "['c d']", "[\"e'f\"]", "_g", "title", "['']"]).to_owned()
    }

    fn plain_name(&mut self) -> String {
        self.pick(&["a", "b_1", "Timestamp", "_g"]).to_owned()
    }

    fn table_name(&mut self) -> String {
        self.pick(&["T", "EmailEvents", "_U1", "['V w']"]).to_owned()
    }

    fn ty(&mut self) -> &'static str {
        self.pick(&[
            "bool", "int", "long", "real", "decimal", "datetime", "timespan", "string", "guid", "dynamic", "boolean",
            "double", "date", "time",
        ])
    }

    fn text(&mut self) -> String {
        self.pick(&[
            "'x'",
            "\"y z\"",
            "''",
            "'it\\'s'",
            "\"tab\\t\\u00e9\"",
            "@'C:\\d'",
            "@\"a\"\"b\"",
            "h'secret'",
            "```\n|;```",
            "'a' 'b'",
            "~~~c~~~",
        ])
        .to_owned()
    }

    fn literal(&mut self) -> String {
        match self.below(12) {
            0 => "1".to_owned(),
            1 => self.text(),
            2 => self.pick(&["0", "0x1F", "9223372036854775807", "1.5", "2e3", "1.", "3.5e-7"]).to_owned(),
            3 => self.pick(&["1d", "12h", "30m", "10s", "5ms", "3microsecond", "2tick", "1.5h", "100ns"]).to_owned(),
            4 => self.pick(&["true", "false", "bool(true)", "bool(null)", "null"]).to_owned(),
            5 => self.pick(&["int(-5)", "int(null)", "long(0x1f)", "long(null)"]).to_owned(),
            6 => self
                .pick(&["real(nan)", "real(-inf)", "real(+inf)", "real(-1.5)", "real(null)", "double(2)"])
                .to_owned(),
            7 => self.pick(&["decimal(1.50)", "decimal(null)", "decimal(-7)"]).to_owned(),
            8 => self
                .pick(&[
                    "datetime(2024-01-02T03:04:05.1234567Z)",
                    "datetime(2024-02-29)",
                    "datetime(null)",
                    "date(2024-01-01 10:00)",
                ])
                .to_owned(),
            9 => self.pick(&["timespan(1.02:03:04.5)", "time(-3d)", "timespan(null)", "time(1h)"]).to_owned(),
            10 => self.pick(&["guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid(null)"]).to_owned(),
            _ => self
                .pick(&[
                    "dynamic([])",
                    "dynamic({'k': [1, -2.5, true, null, \"x\", 1d]})",
                    "dynamic(null)",
                    "dynamic(5)",
                    "dynamic([datetime(2024-01-01), {'n': -3}])",
                    "dynamic(\"t\")",
                ])
                .to_owned(),
        }
    }

    fn expr(&mut self) -> String {
        if self.depth >= DEEPEST {
            return self.name();
        }
        self.depth += 1;
        let text = match self.below(20) {
            0 => self.name(),
            1 | 2 => self.literal(),
            3 => {
                let (left, op) = (self.operand(), self.pick(BINARY));
                format!("{left} {op} {}", self.operand())
            }
            4 => {
                let op = self.pick(&[" and ", " or "]);
                let count = 2 + self.below(3);
                (0..count).map(|_| self.operand()).collect::<Vec<_>>().join(op)
            }
            5 => format!("{}({})", self.pick(&["f", "strcat", "iff", "case", "bin", "ago"]), self.list(Self::expr)),
            6 => self.pick(&["now()", "count()", "f()"]).to_owned(),
            7 => format!("{}.{}", self.base(), self.plain_name()),
            8 => format!("{}[{}]", self.base(), self.expr()),
            9 => format!("{}.{}", self.base(), self.pick(&["['j k']", "[\"l\"]"])),
            10 => format!("{}{}", self.pick(&["-", "+"]), self.operand()),
            11 => {
                let (left, op) = (self.operand(), self.pick(&["in", "!in", "in~", "!in~", "has_any", "has_all"]));
                format!("{left} {op} ({})", self.list(Self::expr))
            }
            12 => {
                let (left, op) = (self.operand(), self.pick(&["in", "!in", "in~", "!in~", "has_any", "has_all"]));
                format!("{left} {op} ({})", self.piped())
            }
            13 => {
                let (value, op, low) = (self.operand(), self.pick(&["between", "!between"]), self.operand());
                format!("{value} {op} ({low} .. {})", self.operand())
            }
            14 => format!("not({})", self.expr()),
            15 => format!("toscalar({})", self.pipeline()),
            16 => format!("f({} = {}, {})", self.plain_name(), self.expr(), self.expr()),
            17 => format!("({})", self.expr()),
            18 => format!("{}[-1].{}", self.name(), self.plain_name()),
            _ => format!("({}).{}", self.expr(), self.plain_name()),
        };
        self.depth -= 1;
        text
    }

    /// An expression that binds tightly, in parentheses half of the time where it need not be.
    fn operand(&mut self) -> String {
        match self.below(4) {
            0 => self.name(),
            1 => self.literal(),
            _ => format!("({})", self.expr()),
        }
    }

    fn base(&mut self) -> String {
        self.pick(&["a", "b_1.c", "['c d']", "d[0]", "parse_json(x)"]).to_owned()
    }

    fn named(&mut self) -> String {
        match self.below(6) {
            0 => self.name(),
            1..=3 => format!("{} = {}", self.name(), self.expr()),
            4 => format!("({}, {}) = f({})", self.plain_name(), self.name(), self.expr()),
            _ => self.expr(),
        }
    }

    fn aggregate(&mut self) -> String {
        let call = match self.below(6) {
            0 => "count()".to_owned(),
            1 => format!("arg_max({}, *)", self.expr()),
            2 => "take_any(*)".to_owned(),
            3 => format!("sum({}) / count()", self.expr()),
            4 => format!("make_set({}, 10)", self.expr()),
            _ => format!("percentiles({}, 50, 95)", self.name()),
        };
        match self.below(3) {
            0 => call,
            1 => format!("{} = {call}", self.name()),
            _ => format!("({}, {}) = {call}", self.plain_name(), self.plain_name()),
        }
    }

    fn by(&mut self) -> String {
        self.option(|c| format!(" by {}", c.list(Self::named)))
    }

    fn hint(&mut self) -> String {
        self.option(|c| {
            c.pick(&[" hint.strategy=shuffle", " hint.shufflekey = a", " hint.num_partitions=4"]).to_owned()
        })
    }

    fn pattern(&mut self) -> String {
        self.pick(&["a", "b*", "*c", "d*e", "['f g']", "*"]).to_owned()
    }

    fn row(&mut self) -> String {
        self.list(|c| format!("{}:{}", c.name(), c.ty()))
    }

    fn pipeline(&mut self) -> String {
        self.depth += 1;
        let mut text = self.source();
        if self.depth <= DEEPEST {
            for _ in 0..self.below(3) {
                text.push_str("\n| ");
                text.push_str(&self.operator());
            }
        }
        self.depth -= 1;
        text
    }

    /// A pipeline that is surely one.
    fn piped(&mut self) -> String {
        format!("{} | {}", self.table_name(), self.operator())
    }

    /// Operators without a source, as subqueries have them.
    fn steps(&mut self) -> String {
        let count = 1 + self.below(2);
        (0..count).map(|_| self.operator()).collect::<Vec<_>>().join(" | ")
    }

    /// A table as an operand.
    fn table(&mut self) -> String {
        match self.below(4) {
            0 => self.table_name(),
            1 => format!("({})", self.table_name()),
            2 => format!("({})", self.pipeline()),
            _ => "f(5)".to_owned(),
        }
    }

    fn tables(&mut self) -> String {
        self.list(|c| match c.below(5) {
            0 | 1 => c.table(),
            2 => c.pick(&["U*", "*V", "W*x"]).to_owned(),
            3 => "database('d').U".to_owned(),
            _ => "cluster('c.example.com').database('d').U".to_owned(),
        })
    }

    fn source(&mut self) -> String {
        if self.depth > DEEPEST {
            return self.table_name();
        }
        match self.below(16) {
            0..=3 => self.table_name(),
            4 => format!("({})", self.pipeline()),
            5 => format!("range {} from {} to {} step {}", self.name(), self.operand(), self.operand(), self.operand()),
            6 => format!("print {}", self.list(Self::named)),
            7 => {
                let cells = self.list(Self::literal);
                format!("datatable({})[{cells}]", self.row())
            }
            8 => format!(
                "externaldata({})[{}]{}",
                self.row(),
                self.list(Self::text),
                self.option(|c| format!(" with (format = {}, ignoreFirstRecord=true)", c.text()))
            ),
            9 => self.union(),
            10 => format!("search {}", self.search()),
            11 => self.find(),
            12 => format!("evaluate {}", self.evaluate()),
            13 => "database('d').U".to_owned(),
            14 => format!("materialize({})", self.pipeline()),
            _ => format!("f({}, {})", self.expr(), self.table_name()),
        }
    }

    fn union(&mut self) -> String {
        let mut text = "union".to_owned();
        text += &self.option(|c| c.pick(&[" kind=inner", " kind=outer"]).to_owned());
        text += &self.option(|c| format!(" withsource={}", c.name()));
        text += &self.option(|c| c.pick(&[" isfuzzy=true", " isfuzzy=false"]).to_owned());
        text += &self.hint();
        text + " " + &self.tables()
    }

    fn search(&mut self) -> String {
        let mut text = self.option(|c| c.pick(&["kind=case_sensitive ", "kind=default "]).to_owned());
        text += &self.option(|c| format!("in ({}) ", c.tables()));
        text + &match self.below(5) {
            0 => self.text(),
            1 => format!("{}:{}", self.plain_name(), self.text()),
            2 => format!("{} and ({} or {} == 1)", self.text(), self.text(), self.name()),
            3 => "*".to_owned(),
            _ => format!("not({}) and a between (1 .. 2)", self.text()),
        }
    }

    fn find(&mut self) -> String {
        let mut text = "find".to_owned();
        text += &self.option(|c| format!(" withsource={}", c.plain_name()));
        text += &self.option(|c| format!(" in ({})", c.tables()));
        text += " where ";
        text += &self.expr();
        text + &match self.below(6) {
            0 => String::new(),
            1 => " project-smart".to_owned(),
            2 => format!(" project {}", self.list(Self::plain_name)),
            3 => format!(" project {}:{}, pack(*)", self.plain_name(), self.ty()),
            4 => " project-away *".to_owned(),
            _ => format!(" project-away {}", self.list(|c| c.pick(&["a", "b*"]).to_owned())),
        }
    }

    fn evaluate(&mut self) -> String {
        let mut text = self.option(|c| c.pick(&["hint.distribution=per_node "]).to_owned());
        text += self.pick(&["narrow()", "bag_unpack(a)", "pivot(a, count(), b)", "autocluster()", "f(a, 'x', 5)"]);
        text + &self.option(|c| match c.below(3) {
            0 => format!(" : ({})", c.row()),
            1 => format!(" : (*, {})", c.row()),
            _ => " : (*)".to_owned(),
        })
    }

    fn sort_key(&mut self) -> String {
        let mut text = if self.maybe() { format!("{} = {}", self.name(), self.operand()) } else { self.operand() };
        text += self.pick(&["", " asc", " desc"]);
        text + self.pick(&["", " nulls first", " nulls last"])
    }

    fn on(&mut self) -> String {
        self.list(|c| match c.below(3) {
            0 => c.name(),
            1 => format!("$left.{} == $right.{}", c.name(), c.name()),
            _ => "a and $left.b == $right.c".to_owned(),
        })
    }

    fn operator(&mut self) -> String {
        if self.depth > DEEPEST {
            return "count".to_owned();
        }
        self.depth += 1;
        let text = self.any_operator();
        self.depth -= 1;
        text
    }

    fn any_operator(&mut self) -> String {
        match self.below(48) {
            0 | 1 => format!("where {}", self.expr()),
            2 => format!("filter {}", self.expr()),
            3 => format!("extend {}", self.list(Self::named)),
            4 => format!("project {}", self.list(Self::named)),
            5 => format!("project-away {}", self.list(Self::pattern)),
            6 => format!("project-keep {}", self.list(Self::pattern)),
            7 => format!("project-rename {}", self.list(|c| format!("{} = {}", c.name(), c.name()))),
            8 => format!(
                "project-reorder {}",
                self.list(|c| c.pattern() + c.pick(&["", " asc", " desc", " granny-asc", " granny-desc"]))
            ),
            9 => format!("summarize{} {}{}", self.hint(), self.list(Self::aggregate), self.by()),
            10 => format!("summarize by {}", self.list(Self::named)),
            11 => format!("distinct {}", self.pick(&["*", "a", "a, b_1"])),
            12 => format!("{}{} by {}", self.pick(&["sort", "order"]), self.hint(), self.list(Self::sort_key)),
            13 => format!("top {} by {}", self.operand(), self.sort_key()),
            14 => format!("{} {}", self.pick(&["take", "limit"]), self.operand()),
            15 => "count".to_owned(),
            16 | 17 => {
                let kind = self.pick(&[
                    "",
                    " kind=inner",
                    " kind=innerunique",
                    " kind=leftouter",
                    " kind=rightouter",
                    " kind=fullouter",
                    " kind=leftsemi",
                    " kind=rightsemi",
                    " kind=leftanti",
                    " kind=rightanti",
                    " kind=anti",
                ]);
                format!("join{kind}{} {} on {}", self.hint(), self.table(), self.on())
            }
            18 => format!(
                "lookup{} {} on {}",
                self.pick(&["", " kind=inner", " kind=leftouter"]),
                self.table(),
                self.on()
            ),
            19 => self.union(),
            20 | 21 => self.mv_expand(),
            22 => self.mv_apply(),
            23 | 24 => self.make_series(),
            25 | 26 => self.parse(),
            27 => {
                let with = self.option(|c| {
                    format!(" with (pair_delimiter = {}, kv_delimiter = {}, greedy=true)", c.text(), c.text())
                });
                format!("parse-kv {} as ({}){with}", self.name(), self.row())
            }
            28 => format!("partition{} by {} ({})", self.hint(), self.plain_name(), self.steps()),
            29 => format!("partition by {} {{ {} }}", self.plain_name(), self.piped()),
            30 => format!("sample {}", self.operand()),
            31 => format!("sample-distinct {} of {}", self.operand(), self.operand()),
            32 => format!("serialize{}", self.option(|c| format!(" {}", c.list(Self::named)))),
            33 | 34 => self.scan(),
            35 => format!("as {}{}", self.option(|_| "hint.materialized=true ".to_owned()), self.name()),
            36 if self.maybe() => format!("assert-schema ({})", self.row()),
            36 => self.pick(&["getschema", "consume", "serialize"]).to_owned(),
            37 => format!("invoke f({})", self.list(Self::expr)),
            38 => format!("evaluate {}", self.evaluate()),
            39 => format!("search {}", self.search()),
            40 => {
                let branch = |c: &mut Self| {
                    let name = c.option(|c| format!("{} = ", c.plain_name()));
                    format!(" {name}({})", c.steps())
                };
                let first = branch(self);
                format!("fork{first}{}", branch(self))
            }
            41 => {
                let with = self.option(|c| format!(" with ({})", c.steps()));
                format!("facet by {}{with}", self.list(Self::plain_name))
            }
            42 => {
                let with = self.option(|c| format!(" with (title = {}, ycolumns=a, b_1, kind=stacked)", c.text()));
                format!("render {}{with}", self.pick(&["timechart", "table", "piechart"]))
            }
            43 => {
                let kind = self.option(|_| " kind=source".to_owned());
                let with = self.option(|_| " with threshold=0.5, characters='-'".to_owned());
                format!("reduce{kind} by {}{with}", self.name())
            }
            44 => self.top_nested(),
            45 => format!(
                "top-hitters {} of {}{}",
                self.operand(),
                self.name(),
                self.option(|c| format!(" by {}", c.name()))
            ),
            46 => "project-by-names dynamic(['a']), 'b'".to_owned(),
            _ => "make-graph a --> b_1 with T on c".to_owned(),
        }
    }

    fn mv_columns(&mut self) -> String {
        self.list(|c| {
            let value = if c.maybe() { format!("{} = {}", c.name(), c.operand()) } else { c.name() };
            value + &c.option(|c| format!(" to typeof({})", c.ty()))
        })
    }

    fn mv_expand(&mut self) -> String {
        let name = self.pick(&["mv-expand", "mvexpand"]);
        let bags = self.pick(&["", " bagexpansion=bag", " bagexpansion=array", " kind=array"]);
        let index = self.option(|c| format!(" with_itemindex={}", c.name()));
        let columns = self.mv_columns();
        format!("{name}{bags}{index} {columns}{}", self.option(|c| format!(" limit {}", c.operand())))
    }

    fn mv_apply(&mut self) -> String {
        let index = self.option(|c| format!(" with_itemindex={}", c.name()));
        let columns = self.mv_columns();
        let limit = self.option(|c| format!(" limit {}", c.operand()));
        format!("mv-apply{index} {columns}{limit} on ({})", self.steps())
    }

    fn make_series(&mut self) -> String {
        let mut text = "make-series".to_owned();
        text += &self.option(|_| " kind=nonempty".to_owned());
        text += " ";
        text += &self.list(|c| {
            let value = c.aggregate();
            value + &c.option(|c| format!(" default = {}", c.literal()))
        });
        write!(text, " on {}", self.name()).unwrap();
        match self.below(4) {
            0 => write!(text, " step {}", self.operand()),
            1 => write!(text, " from {} to {} step {}", self.operand(), self.operand(), self.operand()),
            2 => write!(text, " from {} step {}", self.operand(), self.operand()),
            _ => write!(text, " in range({}, {}, {})", self.operand(), self.operand(), self.operand()),
        }
        .unwrap();
        text + &self.by()
    }

    fn parse(&mut self) -> String {
        let mut text = self.pick(&["parse", "parse-where"]).to_owned();
        text += self.pick(&["", " kind=simple", " kind=regex", " kind=relaxed", " kind=regex flags=Ui"]);
        write!(text, " {} with", self.operand()).unwrap();
        text += &self.option(|_| " *".to_owned());
        for _ in 0..1 + self.below(3) {
            write!(text, " {} {}", self.pick(&["'x='", "\" y \"", "@'\\d'"]), self.name()).unwrap();
            text += &self.option(|c| format!(":{}", c.ty()));
        }
        text + &self.option(|_| " 'end' *".to_owned())
    }

    fn scan(&mut self) -> String {
        let mut text = "scan".to_owned();
        text += &self.option(|c| format!(" with_match_id={}", c.plain_name()));
        text += &self.option(|c| format!(" order by {}", c.sort_key()));
        text += &self.option(|c| format!(" partition by {}", c.plain_name()));
        text += &self.option(|c| {
            let default = c.option(|c| format!(" = {}", c.literal()));
            format!(" declare ({}:{}{default}, y:string)", c.plain_name(), c.ty())
        });
        text += " with (";
        for step in 0..1 + self.below(3) {
            write!(text, "step s{step}").unwrap();
            text += &self.option(|_| " optional".to_owned());
            text += self.pick(&["", " output=all", " output=last", " output=none"]);
            write!(text, ": {}", self.expr()).unwrap();
            text += &self.option(|c| format!(" => {} = {}, y = s0.x", c.plain_name(), c.expr()));
            text += "; ";
        }
        text + ")"
    }

    fn top_nested(&mut self) -> String {
        let count = 1 + self.below(3);
        let levels: Vec<String> = (0..count)
            .map(|_| {
                let count = self.option(|c| format!("{} ", c.operand()));
                let of = if self.maybe() { format!("{} = {}", self.name(), self.operand()) } else { self.name() };
                let others = self.option(|c| format!(" with others = {}", c.text()));
                let by = if self.maybe() { "n = count()" } else { "sum(b_1)" };
                format!("top-nested {count}of {of}{others} by {by}{}", self.pick(&["", " asc", " desc"]))
            })
            .collect();
        levels.join(", ")
    }

    fn params(&mut self) -> String {
        self.list(|c| match c.below(4) {
            0 => format!("{}:{}", c.plain_name(), c.ty()),
            1 => format!("{}:{} = {}", c.plain_name(), c.ty(), c.literal()),
            2 => format!("{}:(*)", c.plain_name()),
            _ => format!("{}:({})", c.plain_name(), c.row()),
        })
    }

    fn body(&mut self) -> String {
        let statement = self.option(|c| format!("let {} = {}; ", c.plain_name(), c.expr()));
        let result = if self.maybe() { self.pipeline() } else { self.expr() };
        format!("{{ {statement}{result} }}")
    }

    fn statement(&mut self) -> String {
        match self.below(12) {
            0 | 1 => format!("let {} = {}", self.plain_name(), self.expr()),
            2 => format!("let {} = {}", self.plain_name(), self.piped()),
            3 => format!("let {} = ({})", self.plain_name(), self.pipeline()),
            4 => format!("let {} = ({}) {}", self.plain_name(), self.params(), self.body()),
            5 => format!("let {} = view () {{ {} }}", self.plain_name(), self.piped()),
            6 => format!("let {} = () {}", self.plain_name(), self.body()),
            7 => format!("let {} = datatable({})[{}]", self.plain_name(), self.row(), self.list(Self::literal)),
            8 => self.pick(&["set notruncation", "set maxmemory = 5"]).to_owned(),
            9 => format!("declare query_parameters({}:{} = {})", self.plain_name(), self.ty(), self.literal()),
            10 => "alias database d = cluster('c.example.com').database('n')".to_owned(),
            _ => "restrict access to (T, U*, database('d').*)".to_owned(),
        }
    }

    /// A whole query.
    pub(crate) fn query(&mut self) -> String {
        let count = self.below(3);
        let mut parts: Vec<String> = (0..count).map(|_| self.statement()).collect();
        parts.push(self.pipeline());
        parts.join(";\n")
    }
}

/// Operators between two operands.
const BINARY: &[&str] = &[
    "+",
    "-",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "=~",
    "!~",
    "has",
    "!has",
    "has_cs",
    "!has_cs",
    "hasprefix",
    "!hasprefix",
    "hasprefix_cs",
    "!hasprefix_cs",
    "hassuffix",
    "!hassuffix",
    "hassuffix_cs",
    "!hassuffix_cs",
    "contains",
    "!contains",
    "contains_cs",
    "!contains_cs",
    "startswith",
    "!startswith",
    "startswith_cs",
    "!startswith_cs",
    "endswith",
    "!endswith",
    "endswith_cs",
    "!endswith_cs",
    "matches regex",
    "like",
    "notlike",
    "likecs",
    "notlikecs",
];
