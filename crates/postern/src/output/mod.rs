//! Query results in each output format, and the writers for standard output.
//!
//! What machines read is exact; what people read passes [`crate::text::visible`].

pub(crate) mod chart;
mod csv;
mod grid;
mod json;
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
use crate::screen::Screen;

pub(crate) use grid::Grid;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns that fit the terminal; row by row when there are too many
    Table,
    /// Comma-separated, formula cells disarmed
    Csv,
    /// One array of objects
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
    /// Every row as values.
    fn values(&self) -> impl Iterator<Item = Vec<Value>> + '_ {
        self.batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(|row| postern_kql::output::row(batch, self.columns, row)))
    }
}

/// Writes a result to standard output: the chart that the query asks for where one may be drawn, its rows otherwise.
pub(crate) fn write(rows: &Rows<'_>, render: Option<&Render>, style: Style, screen: &Screen) -> Result<(), Failure> {
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
        Format::Table => table::write(rows, style.wide, screen, &mut out),
        Format::Csv => csv::write(rows, &mut out),
        Format::Json => json::write_array(rows, &mut out),
        Format::Ndjson => json::write_lines(rows, &mut out),
        Format::Markdown => markdown::write(rows, &mut out),
        Format::Parquet => Ok(()),
    };
    written.and_then(|()| out.flush()).map_err(|error| stdout_failure(&error))
}

/// Writes text for people to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| stdout_failure(&error))
}

/// Writes one JSON value to standard output, indented.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, value)
        .map_err(io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(|error| stdout_failure(&error))
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
