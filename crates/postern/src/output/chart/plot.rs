//! Lines, areas and points over an axis.

use std::fmt::Write as _;

use super::axis::{Unit, label, ticks, times};
use super::data::Data;
use super::{Canvas, HEIGHT, Shape, legend};
use crate::screen::{ALARM, paint};
use crate::text::{fit, width};

/// One character of the drawing.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    dots: u8,
    series: usize,
    mark: Option<char>,
    alarm: bool,
}

/// Dots of a Braille pattern by column and row in it.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

struct Sheet {
    cells: Vec<Cell>,
    columns: usize,
    /// Whether series are told apart by characters instead of colours.
    marks: bool,
}

impl Sheet {
    fn cell(&mut self, column: usize, row: usize) -> Option<&mut Cell> {
        if column >= self.columns {
            return None;
        }
        self.cells.get_mut(row * self.columns + column)
    }

    /// Sets one dot; coordinates count dots from the upper left.
    fn dot(&mut self, x: usize, y: usize, series: usize) {
        let marks = self.marks;
        if let Some(cell) = self.cell(x / 2, y / 4) {
            cell.dots |= DOTS.get(x % 2).and_then(|column| column.get(y % 4)).copied().unwrap_or(0);
            cell.series = series;
            if marks {
                cell.mark = Some(Canvas::mark(series));
            }
        }
    }

    fn line(&mut self, from: (usize, usize), to: (usize, usize), series: usize) {
        let (dx, dy) = (to.0 as f64 - from.0 as f64, to.1 as f64 - from.1 as f64);
        let steps = dx.abs().max(dy.abs()).max(1.0) as usize;
        for step in 0..=steps {
            let part = step as f64 / steps as f64;
            let x = (from.0 as f64 + dx * part).round() as usize;
            let y = (from.1 as f64 + dy * part).round() as usize;
            self.dot(x, y, series);
        }
    }
}

/// Draws the plot, its axes and its legend.
pub(super) fn draw(data: &Data, shape: Shape, canvas: Canvas, out: &mut String) {
    let points = || data.series.iter().flat_map(|s| s.points.iter());
    let (mut x_low, mut x_high) = range(points().map(|p| p.0));
    let (mut low, mut high) = range(points().map(|p| p.1));
    if shape == Shape::Area || (low > 0.0 && low < high * 0.5) {
        low = low.min(0.0);
    }
    low = data.low.unwrap_or(low);
    high = data.high.unwrap_or(high);
    if high <= low {
        (low, high) = (low - 1.0, low + 1.0);
    }
    if x_high <= x_low {
        (x_low, x_high) = (x_low - 1.0, x_low + 1.0);
    }
    let span = high - low;
    let scale = ticks(low, high, HEIGHT / 3);
    let labels: Vec<(usize, String)> =
        scale.iter().map(|value| (row_of(*value, low, span), label(*value, data.y_unit, span))).collect();
    let gutter = labels.iter().map(|(_, text)| width(text)).max().unwrap_or(0).min(canvas.columns / 3);
    let columns = canvas.columns.saturating_sub(gutter + 3).max(10);
    let mut sheet = Sheet {
        cells: vec![Cell::default(); columns * HEIGHT],
        columns,
        marks: !canvas.colour && data.series.len() > 1,
    };
    let place = |(x, y): (f64, f64)| {
        let across = ((x - x_low) / (x_high - x_low)).clamp(0.0, 1.0) * (columns * 2 - 1) as f64;
        let down = (1.0 - ((y - low) / span).clamp(0.0, 1.0)) * (HEIGHT * 4 - 1) as f64;
        (across.round() as usize, down.round() as usize)
    };
    let filled = shape == Shape::Area && data.series.len() == 1;
    let mut order: Vec<_> = data.series.iter().enumerate().collect();
    if data.first_on_top {
        order.reverse();
    }
    for (index, series) in order {
        let mut before = None;
        for point in &series.points {
            let at = place(*point);
            match before {
                Some(from) if shape != Shape::Points => sheet.line(from, at, index),
                _ => sheet.dot(at.0, at.1, index),
            }
            before = Some(at);
        }
    }
    if filled {
        fill(&mut sheet);
    }
    for point in data.series.iter().flat_map(|s| s.marked.iter()) {
        let (x, y) = place(*point);
        if let Some(cell) = sheet.cell(x / 2, y / 4) {
            (cell.mark, cell.alarm) = (Some('●'), true);
        }
    }
    if let Some(title) = &data.y_title {
        out.push_str(&canvas.faint(&fit(title, canvas.columns)));
        out.push('\n');
    }
    for row in 0..HEIGHT {
        let text = labels.iter().find(|(at, _)| *at == row).map(|(_, text)| fit(text, gutter).into_owned());
        let tick = if text.is_some() { '┤' } else { '│' };
        let text = text.unwrap_or_default();
        let pad = " ".repeat(gutter.saturating_sub(width(&text)));
        out.push_str(&canvas.faint(&format!("{pad}{text} {tick}")));
        line(&sheet, row, canvas, out);
    }
    axis(data, (x_low, x_high), gutter, columns, canvas, out);
    let sign = |index: usize| {
        let sign = if sheet.marks { Canvas::mark(index) } else { '━' };
        canvas.paint(index, &sign.to_string())
    };
    legend(data, sign, canvas, out);
    if data.series.iter().any(|s| !s.marked.is_empty()) {
        let _ = write!(out, "{} anomaly\n", paint(canvas.colour, ALARM, "●"));
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    // Halves keep the distance of the two a number.
    if low.is_finite() && high.is_finite() { (low.max(f64::MIN / 4.0), high.min(f64::MAX / 4.0)) } else { (0.0, 1.0) }
}

fn row_of(value: f64, low: f64, span: f64) -> usize {
    (((1.0 - (value - low) / span).clamp(0.0, 1.0)) * (HEIGHT - 1) as f64).round() as usize
}

/// Fills what is below the first dot of each column.
fn fill(sheet: &mut Sheet) {
    for x in 0..sheet.columns * 2 {
        let mut inside = false;
        for y in 0..HEIGHT * 4 {
            let bit = DOTS.get(x % 2).and_then(|column| column.get(y % 4)).copied().unwrap_or(0);
            inside |= sheet.cell(x / 2, y / 4).is_some_and(|cell| cell.dots & bit != 0);
            if inside {
                sheet.dot(x, y, 0);
            }
        }
    }
}

/// One row of the drawing, runs of one colour painted together.
fn line(sheet: &Sheet, row: usize, canvas: Canvas, out: &mut String) {
    let start = row * sheet.columns;
    let cells = sheet.cells.get(start..start + sheet.columns).unwrap_or_default();
    let mut text = String::new();
    let mut run: Option<(bool, usize)> = None;
    let flush = |text: &mut String, run: Option<(bool, usize)>, out: &mut String| {
        match run {
            Some((true, _)) => out.push_str(&paint(canvas.colour, ALARM, text)),
            Some((false, series)) => out.push_str(&canvas.paint(series, text)),
            None => out.push_str(text),
        }
        text.clear();
    };
    let last = cells.iter().rposition(|cell| cell.dots != 0 || cell.mark.is_some()).map_or(0, |at| at + 1);
    for cell in cells.get(..last).unwrap_or_default() {
        let (shown, next) = match cell.mark {
            Some(mark) => (mark, Some((cell.alarm, cell.series))),
            None if cell.dots == 0 => (' ', None),
            None => (char::from_u32(0x2800 + u32::from(cell.dots)).unwrap_or(' '), Some((false, cell.series))),
        };
        if next != run {
            flush(&mut text, run, out);
            run = next;
        }
        text.push(shown);
    }
    flush(&mut text, run, out);
    out.push('\n');
}

/// The axis below, with as many labels as fit.
fn axis(data: &Data, (low, high): (f64, f64), gutter: usize, columns: usize, canvas: Canvas, out: &mut String) {
    let span = high - low;
    let widest = [low, high].iter().map(|v| width(&label(*v, data.unit, span))).max().unwrap_or(1);
    let count = (columns / (widest + 4)).clamp(1, 8);
    let values: Vec<f64> = match data.unit {
        Unit::Number => ticks(low, high, count),
        _ => times(low, high, count),
    };
    let mut rule = vec!['─'; columns];
    let mut names = vec![' '; columns + gutter + 2];
    let mut free = 0;
    for value in values {
        let at = (((value - low) / span).clamp(0.0, 1.0) * (columns - 1) as f64).round() as usize;
        let text: Vec<char> = label(value, data.unit, span).chars().collect();
        let start = (at + gutter + 2).saturating_sub(text.len() / 2).min(names.len().saturating_sub(text.len()));
        if start < free {
            continue;
        }
        free = start + text.len() + 2;
        if let Some(slot) = rule.get_mut(at) {
            *slot = '┬';
        }
        for (slot, c) in names.iter_mut().skip(start).zip(text) {
            *slot = c;
        }
    }
    let rule: String = rule.into_iter().collect();
    let names: String = names.into_iter().collect();
    out.push_str(&canvas.faint(&format!("{} └{rule}", " ".repeat(gutter))));
    out.push('\n');
    out.push_str(&canvas.faint(names.trim_end()));
    out.push('\n');
    if let Some(title) = &data.x_title {
        let title = fit(title, canvas.columns).into_owned();
        let pad = (gutter + 2 + columns / 2).saturating_sub(width(&title) / 2);
        let pad = pad.min(canvas.columns.saturating_sub(width(&title)));
        out.push_str(&canvas.faint(&format!("{}{title}", " ".repeat(pad))));
        out.push('\n');
    }
}
