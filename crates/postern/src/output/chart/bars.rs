//! Bars, columns, shares and single values.

use std::fmt::Write as _;

use super::axis::label;
use super::data::Data;
use super::{Canvas, HEIGHT, legend};
use crate::screen::{STRONG, paint};
use crate::text::{fit, width};

/// Parts of a block from left to right, in eighths.
const ACROSS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// Parts of a block from below, in eighths.
const UP: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

fn values(data: &Data) -> impl Iterator<Item = f64> + '_ {
    data.series.iter().flat_map(|s| s.bars.iter().flatten()).copied()
}

/// One bar on each line; `shares` shows percentages of the whole.
pub(super) fn across(data: &Data, shares: bool, canvas: Canvas, out: &mut String) {
    let largest = values(data).fold(0.0_f64, |most, v| most.max(v.abs()));
    let whole: f64 = values(data).map(f64::abs).sum();
    let span = largest.max(f64::MIN_POSITIVE);
    let figure = |value: f64| {
        let text = label(value, data.y_unit, span);
        if shares && whole > 0.0 { format!("{:5.1} %  {text}", value.abs() / whole * 100.0) } else { text }
    };
    let widest_name = data.labels.iter().map(|l| width(l)).max().unwrap_or(0);
    let names = widest_name.min(canvas.columns / 3);
    let figures = values(data).map(|v| width(&figure(v))).max().unwrap_or(0);
    let room = canvas.columns.saturating_sub(names + figures + 4).max(4);
    let below = values(data).any(|v| v < 0.0);
    for (at, name) in data.labels.iter().enumerate() {
        let mut first = true;
        for (index, series) in data.series.iter().enumerate() {
            let Some(value) = series.bars.get(at).copied().flatten() else { continue };
            let shown = if first { fit(name, names).into_owned() } else { String::new() };
            first = false;
            let pad = " ".repeat(names.saturating_sub(width(&shown)));
            let bar = bar(value, span, room, if canvas.colour || data.series.len() < 2 { None } else { Some(index) });
            let _ = write!(out, "{pad}{shown} {}{} {}\n", canvas.faint("│"), canvas.paint(index, &bar), figure(value));
        }
        if first {
            let _ = write!(out, "{:>names$} {}\n", fit(name, names), canvas.faint("│"));
        }
    }
    let sign = |index: usize| {
        let sign = if canvas.colour { '■' } else { Canvas::mark(index) };
        canvas.paint(index, &sign.to_string())
    };
    legend(data, sign, canvas, out);
    if below {
        out.push_str(&canvas.faint("░ below zero"));
        out.push('\n');
    }
}

/// A bar of a length; without colours its mark tells the series.
fn bar(value: f64, span: f64, room: usize, mark: Option<usize>) -> String {
    let eighths = (value.abs() / span * (room * 8) as f64).round() as usize;
    let eighths = if value == 0.0 { 0 } else { eighths.clamp(1, room * 8) };
    if value < 0.0 {
        return "░".repeat(eighths.div_ceil(8));
    }
    if let Some(index) = mark {
        return Canvas::mark(index).to_string().repeat(eighths.div_ceil(8));
    }
    format!("{}{}", "█".repeat(eighths / 8), ACROSS.get(eighths % 8).copied().unwrap_or(""))
}

/// Columns side by side where they and their labels fit, bars otherwise.
pub(super) fn upright(data: &Data, canvas: Canvas, out: &mut String) {
    let count = data.labels.len() * data.series.len();
    let largest = values(data).fold(0.0_f64, f64::max);
    let figures = [0.0, largest / 2.0, largest].map(|v| label(v, data.y_unit, largest));
    let gutter = figures.iter().map(|f| width(f)).max().unwrap_or(0);
    let room = canvas.columns.saturating_sub(gutter + 3);
    let each = room.checked_div(data.labels.len()).unwrap_or(0).saturating_sub(1).min(12 * data.series.len());
    let wide = each.checked_div(data.series.len()).unwrap_or(0);
    let fits = wide >= 1 && data.labels.iter().all(|l| width(l) <= each) && (canvas.colour || data.series.len() < 2);
    if !fits || count == 0 || largest <= 0.0 || values(data).any(|v| v < 0.0) {
        return across(data, false, canvas, out);
    }
    if let Some(title) = &data.y_title {
        out.push_str(&canvas.faint(&fit(title, canvas.columns)));
        out.push('\n');
    }
    for row in 0..HEIGHT {
        let text = match row {
            0 => figures.get(2),
            _ if row == HEIGHT / 2 => figures.get(1),
            _ => None,
        };
        let text = text.map_or("", String::as_str);
        let pad = " ".repeat(gutter.saturating_sub(width(text)));
        out.push_str(&canvas.faint(&format!("{pad}{text} {}", if text.is_empty() { '│' } else { '┤' })));
        let floor = (HEIGHT - 1 - row) * 8;
        let mut line = String::new();
        for at in 0..data.labels.len() {
            for (index, series) in data.series.iter().enumerate() {
                let value = series.bars.get(at).copied().flatten().unwrap_or(0.0);
                let eighths = (value / largest * (HEIGHT * 8) as f64).round() as usize;
                let part = UP.get(eighths.saturating_sub(floor).min(8)).copied().unwrap_or(" ");
                line.push_str(&canvas.paint(index, &part.repeat(wide)));
            }
            line.push_str(&" ".repeat(each + 1 - wide * data.series.len()));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    let line = "─".repeat(data.labels.len() * (each + 1));
    out.push_str(&canvas.faint(&format!("{} └{line}", " ".repeat(gutter))));
    let _ = write!(out, "\n{}", " ".repeat(gutter + 2));
    for name in &data.labels {
        let pad = each.saturating_sub(width(name));
        out.push_str(&canvas.faint(&format!("{}{name}{}", " ".repeat(pad / 2), " ".repeat(pad - pad / 2 + 1))));
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('\n');
    legend(data, |index| canvas.paint(index, "■"), canvas, out);
}

/// Single values, each under its name.
pub(super) fn card(data: &Data, canvas: Canvas, out: &mut String) {
    for series in &data.series {
        if let Some(value) = series.bars.iter().flatten().next() {
            let text = label(*value, data.y_unit, value.abs());
            let _ = write!(
                out,
                "{}\n{}\n",
                canvas.faint(&fit(&series.name, canvas.columns)),
                paint(canvas.colour, STRONG, &text)
            );
        }
    }
}
