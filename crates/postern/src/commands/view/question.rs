//! A query made of fixed parts and bound values.

use postern_kql::types::Const;
use postern_model::time::Ticks;

use super::{IpRange, Span};

/// A query of a view. Its text is made of constants of this program alone; what the user gave is bound by name.
///
/// Names of parameters begin with `Asked`: where a column has the name of a parameter, the column is meant.
#[derive(Debug, Clone, Default)]
pub(in crate::commands) struct Question {
    text: String,
    params: Vec<(String, Const)>,
}

impl Question {
    /// A question that begins with these lines.
    pub(in crate::commands) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), params: Vec::new() }
    }

    /// Adds a line.
    pub(in crate::commands) fn then(&mut self, line: &'static str) -> &mut Self {
        self.text.push('\n');
        self.text.push_str(line);
        self
    }

    /// Gives a parameter its value.
    pub(in crate::commands) fn bind(&mut self, name: &'static str, value: Const) -> &mut Self {
        self.params.push((name.to_owned(), value));
        self
    }

    /// Gives one of several numbered parameters its text.
    pub(in crate::commands) fn bind_numbered(&mut self, name: &'static str, number: usize, text: String) -> &mut Self {
        self.params.push((format!("{name}{number}"), Const::String(text)));
        self
    }

    /// Adds a line about a text, where there is one.
    pub(in crate::commands) fn with(
        &mut self,
        name: &'static str,
        text: Option<String>,
        line: &'static str,
    ) -> &mut Self {
        if let Some(text) = text {
            self.bind(name, Const::String(text)).then(line);
        }
        self
    }

    /// Adds a line for each of several texts; `{n}` in it is the number of the text, and of its parameter.
    pub(in crate::commands) fn with_each(
        &mut self,
        name: &'static str,
        texts: &[String],
        line: &'static str,
    ) -> &mut Self {
        for (number, text) in texts.iter().enumerate() {
            self.bind_numbered(name, number, text.clone());
            self.text.push('\n');
            self.text.push_str(&line.replace("{n}", &number.to_string()));
        }
        self
    }

    /// Keeps the rows of a range of time.
    pub(in crate::commands) fn within(&mut self, span: Span) -> &mut Self {
        self.time("AskedStart", span.start, "| where Timestamp >= AskedStart");
        self.time("AskedEnd", span.end, "| where Timestamp <= AskedEnd")
    }

    fn time(&mut self, name: &'static str, at: Option<Ticks>, line: &'static str) -> &mut Self {
        if let Some(at) = at {
            self.bind(name, Const::DateTime(at.0)).then(line);
        }
        self
    }

    /// Keeps rows by addresses: the line reads the ranges as `AskedIpv4` and `AskedIpv6`.
    pub(in crate::commands) fn with_ips(&mut self, ranges: &[IpRange], line: &'static str) -> &mut Self {
        if ranges.is_empty() {
            return self;
        }
        let of = |v6: bool| -> serde_json::Value {
            ranges.iter().filter(|range| range.is_v6() == v6).map(IpRange::text).collect()
        };
        let (v4, v6) = (of(false), of(true));
        self.bind("AskedIpv4", Const::dynamic(&v4)).bind("AskedIpv6", Const::dynamic(&v6)).then(line)
    }

    /// The query and its parameters.
    pub(super) fn into_parts(self) -> (String, Vec<(String, Const)>) {
        (self.text, self.params)
    }
}
