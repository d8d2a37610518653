//! `render`: a simple chart for a terminal.
//!
//! Lines and points are drawn with dots of Braille patterns, bars with blocks. Text of the data passes
//! [`crate::text::visible`], as everywhere on a terminal. What cannot be drawn is said, and the rows are shown instead.

mod axis;
mod bars;
mod data;
mod plot;
pub(crate) mod svg;
pub(crate) mod timeline;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use postern_kql::Render;

use super::Rows;
use crate::screen::{FAINT, STRONG, Screen, paint};
use crate::text::{fit, visible, width};
use data::Data;

/// When charts are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// When the query says `render` and standard output is a terminal
    Auto,
    /// When the query says `render`
    Always,
    /// Never: rows only
    Never,
}

/// What became of a chart.
pub(crate) enum Drawn {
    /// Its lines.
    Chart(String),
    /// The query asks for rows.
    Rows,
    /// Why there is none.
    Not(String),
}

/// The shapes that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Line,
    Area,
    Points,
    Bars,
    Columns,
    Shares,
    Card,
}

impl Shape {
    fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "timechart" | "linechart" | "anomalychart" => Self::Line,
            "areachart" | "stackedareachart" => Self::Area,
            "scatterchart" => Self::Points,
            "barchart" => Self::Bars,
            "columnchart" => Self::Columns,
            "piechart" => Self::Shares,
            "card" => Self::Card,
            _ => return None,
        })
    }
}

/// The most series that are drawn.
const MOST_SERIES: usize = 8;
/// Lines of a drawing without its axis.
const HEIGHT: usize = 14;
/// The colours of series, in order.
const COLOURS: [AnsiColor; 6] =
    [AnsiColor::Cyan, AnsiColor::Yellow, AnsiColor::Green, AnsiColor::Magenta, AnsiColor::Blue, AnsiColor::Red];
/// The marks of series where there are no colours.
const MARKS: [char; 8] = ['•', '×', '+', 'o', '*', '#', '%', '@'];

/// How a chart may be drawn.
#[derive(Debug, Clone, Copy)]
struct Canvas {
    columns: usize,
    colour: bool,
}

impl Canvas {
    fn style(self, series: usize) -> Style {
        COLOURS.get(series % COLOURS.len()).copied().unwrap_or(AnsiColor::Cyan).on_default()
    }

    fn paint(self, series: usize, text: &str) -> String {
        paint(self.colour, self.style(series), text)
    }

    fn faint(self, text: &str) -> String {
        paint(self.colour, FAINT, text)
    }

    fn mark(series: usize) -> char {
        MARKS.get(series % MARKS.len()).copied().unwrap_or('•')
    }
}

/// Draws the chart that a query asks for.
pub(crate) fn draw(rows: &Rows<'_>, render: &Render, screen: &Screen) -> Drawn {
    if matches!(render.kind.as_str(), "table" | "list") {
        return Drawn::Rows;
    }
    let kind = visible(&render.kind);
    let Some(shape) = Shape::of(&render.kind) else {
        return Drawn::Not(format!("`{kind}` is not drawn in a terminal"));
    };
    let canvas = Canvas { columns: screen.columns, colour: screen.colour_out };
    let data = match Data::read(rows, render, shape) {
        Ok(data) => data,
        Err(why) => return Drawn::Not(format!("`{kind}` cannot be drawn: {why}")),
    };
    let mut out = String::new();
    if let Some(title) = &data.title {
        let title = fit(title, canvas.columns).into_owned();
        let pad = canvas.columns.saturating_sub(width(&title)) / 2;
        let _ = write!(out, "{}{}\n", " ".repeat(pad), paint(canvas.colour, STRONG, &title));
    }
    match shape {
        Shape::Line | Shape::Area | Shape::Points => plot::draw(&data, shape, canvas, &mut out),
        Shape::Bars => bars::across(&data, false, canvas, &mut out),
        Shape::Shares => bars::across(&data, true, canvas, &mut out),
        Shape::Columns => bars::upright(&data, canvas, &mut out),
        Shape::Card => bars::card(&data, canvas, &mut out),
    }
    for note in &data.notes {
        out.push_str(&canvas.faint(note));
        out.push('\n');
    }
    Drawn::Chart(out)
}

/// The names of the series with their marks, broken into lines.
fn legend(data: &Data, sign: impl Fn(usize) -> String, canvas: Canvas, out: &mut String) {
    if !data.legend || (data.series.len() < 2 && !data.names_matter) {
        return;
    }
    let mut used = 0;
    for (index, series) in data.series.iter().enumerate() {
        let name = fit(&series.name, canvas.columns.saturating_sub(4).min(40)).into_owned();
        let wide = width(&name) + 4;
        if used > 0 && used + wide > canvas.columns {
            out.push('\n');
            used = 0;
        }
        let _ = write!(out, "{} {name}  ", sign(index));
        used += wide;
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('\n');
}

#[cfg(test)]
mod tests;
