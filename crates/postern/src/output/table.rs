//! Rows for a terminal: a grid that fits, or one block per row when there are too many columns.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use super::{Grid, Rows, plain};
use crate::screen::Screen;
use crate::text::{fit, visible, width};

/// Writes the rows; cut to the terminal's width on a terminal unless `wide`, whole otherwise. So many of the first
/// columns are cut last.
pub(super) fn write(rows: &Rows<'_>, wide: bool, kept: usize, screen: &Screen, out: &mut impl Write) -> io::Result<()> {
    let limit = (!wide && io::stdout().is_terminal()).then_some(screen.columns);
    out.write_all(render(rows, limit, kept).as_bytes())
}

/// The rows as text; `limit` is the width to keep to.
fn render(rows: &Rows<'_>, limit: Option<usize>, kept: usize) -> String {
    let mut grid = Grid::default();
    grid.keep(kept);
    for column in rows.columns {
        grid.column(&column.name, column.ty.is_numeric());
    }
    let mut values = Vec::new();
    for row in rows.values() {
        let cells: Vec<String> = row.iter().map(plain).collect();
        grid.row(cells.clone());
        values.push(cells);
    }
    match limit {
        None => grid.render_lines(),
        Some(columns) => grid.render_within(columns).unwrap_or_else(|| blocks(rows, &values, columns)),
    }
}

/// One block per row: a line for each cell that holds something.
fn blocks(rows: &Rows<'_>, values: &[Vec<String>], columns: usize) -> String {
    let names: Vec<_> = rows.columns.iter().map(|column| visible(&column.name)).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0).min(columns / 2);
    let mut out = String::new();
    for (number, row) in values.iter().enumerate() {
        let rule = format!("── {} ", number + 1);
        let tail = "─".repeat(columns.saturating_sub(width(&rule)));
        let _ = writeln!(out, "{rule}{tail}");
        for (name, cell) in names.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            let name = fit(name, widest);
            let pad = " ".repeat(widest.saturating_sub(width(&name)));
            let cell = visible(cell);
            let _ = writeln!(out, "{name}{pad}  {}", fit(&cell, columns.saturating_sub(widest + 2)));
        }
    }
    out
}
