//! Query results in each output format, and the writers for standard output.
//!
//! What machines read is exact; what people read passes [`crate::text::visible`].

pub(crate) mod chart;
mod csv;
mod grid;
pub(crate) mod json;
mod markdown;
mod parquet;
mod table;

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;
use datafusion::arrow::array::RecordBatch;
use postern_kql::Render;
use postern_kql::catalog::Column;
use serde_json::Value;

use crate::failure::{Code, Failure};
use crate::screen::{STRONG, Screen, paint};
use crate::text::visible;

pub(crate) use grid::Grid;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns that fit the terminal; row by row when there are too many
    Table,
    /// Comma-separated, formula cells disarmed
    Csv,
    /// One array of objects; of several results an object with all of them
    Json,
    /// One object per line
    Ndjson,
    /// A Markdown table
    Markdown,
    /// A Parquet file
    Parquet,
}

/// How a result is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// How rows are written.
    pub(crate) format: Format,
    /// Cells are not cut to the terminal's width.
    pub(crate) wide: bool,
    /// When charts are drawn.
    pub(crate) chart: chart::When,
}

/// The rows of a query.
pub(crate) struct Rows<'a> {
    /// Columns in order.
    pub(crate) columns: &'a [Column],
    /// The rows, in the engine's types.
    pub(crate) batches: &'a [RecordBatch],
}

impl Rows<'_> {
    /// How many rows there are.
    pub(crate) fn count(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Every row as values.
    fn values(&self) -> impl Iterator<Item = Vec<Value>> + '_ {
        self.batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(|row| postern_kql::output::row(batch, self.columns, row)))
    }
}

/// One of the results of a query.
pub(crate) struct Table<'a> {
    /// What the query calls it.
    pub(crate) name: &'a str,
    /// Its rows.
    pub(crate) rows: Rows<'a>,
    /// The chart that the query asks for.
    pub(crate) render: Option<&'a Render>,
    /// Whether rows were cut off.
    pub(crate) truncated: bool,
}

impl Table<'_> {
    /// What it is called among `all`, its place counted from 0.
    fn heading(&self, place: usize, all: usize) -> String {
        format!("{} ({} of {all})", self.name, place + 1)
    }
}

impl Format {
    /// Whether several results fit into it.
    pub(crate) fn holds_several(self) -> bool {
        matches!(self, Self::Table | Self::Json | Self::Markdown)
    }
}

/// Writes the results of a query to standard output; several with a heading over each, or as one JSON object.
pub(crate) fn write_all(tables: &[Table<'_>], style: Style, screen: &Screen) -> Result<(), Failure> {
    let several = tables.len() > 1;
    if several && style.format == Format::Json {
        let mut out = BufWriter::new(io::stdout().lock());
        return json::write_tables(tables, &mut out).and_then(|()| out.flush()).map_err(|error| stdout_failure(&error));
    }
    if several && !style.format.holds_several() {
        return Err(Failure::bug("several results for a format of one table"));
    }
    for (place, table) in tables.iter().enumerate() {
        if several {
            let heading = table.heading(place, tables.len());
            let heading = match style.format {
                Format::Markdown => format!("### {}\n", markdown::escaped(&heading)),
                _ => paint(screen.colour_out, STRONG, &visible(&heading)),
            };
            print(&format!("{}{heading}\n", if place > 0 { "\n" } else { "" }))?;
        }
        write(&table.rows, table.render, style, screen)?;
    }
    Ok(())
}

/// Writes a result to standard output: the chart that the query asks for where one may be drawn, its rows otherwise.
fn write(rows: &Rows<'_>, render: Option<&Render>, style: Style, screen: &Screen) -> Result<(), Failure> {
    let format = style.format;
    let may_draw = match style.chart {
        chart::When::Always => true,
        chart::When::Auto => io::stdout().is_terminal(),
        chart::When::Never => false,
    };
    if let Some(render) = render.filter(|_| may_draw && format == Format::Table) {
        match chart::draw(rows, render, screen) {
            chart::Drawn::Chart(text) => return print(&text),
            chart::Drawn::Rows => {}
            chart::Drawn::Not(why) => screen.note(&format!("note: {why}")),
        }
    }
    if format == Format::Parquet {
        if io::stdout().is_terminal() {
            let failure = Failure::usage(Code::Arguments, "Parquet is not for a terminal");
            return Err(failure.hint("send standard output to a file: `> rows.parquet`"));
        }
        return parquet::write(rows);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match format {
        Format::Table => table::write(rows, style.wide, 0, screen, &mut out),
        Format::Csv => csv::write(rows, &mut out),
        Format::Json => json::write_array(rows, &mut out),
        Format::Ndjson => json::write_lines(rows, &mut out),
        Format::Markdown => markdown::write(rows, &mut out),
        Format::Parquet => Ok(()),
    };
    written.and_then(|()| out.flush()).map_err(|error| stdout_failure(&error))
}

/// Writes rows for people to standard output; the first column, mostly a time, is the last to be cut.
pub(crate) fn write_lines(rows: &Rows<'_>, wide: bool, screen: &Screen) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    table::write(rows, wide, 1, screen, &mut out).and_then(|()| out.flush()).map_err(|error| stdout_failure(&error))
}

/// Writes text for people to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| stdout_failure(&error))
}

/// Writes one JSON value to standard output, indented; what could steer a terminal is written as `\u…`.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::bug(error.to_string()))?;
    print(&format!("{}\n", crate::text::visible_json(&text)))
}

pub(crate) fn stdout_failure(error: &io::Error) -> Failure {
    Failure::output("to standard output", error)
}

/// One value as text for formats without types; nothing for null.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
