//! Lines of aligned cells for people.

use crate::text::{fit, visible, width};

/// Blanks between columns.
const GAP: usize = 2;
/// A column is not made narrower than this to fit.
const NARROWEST: usize = 8;

/// Aligned cells under a header.
#[derive(Debug, Default)]
pub(crate) struct Grid {
    header: Vec<(String, bool)>,
    rows: Vec<Vec<String>>,
    kept: usize,
}

impl Grid {
    /// A grid of left-aligned columns.
    pub(crate) fn new<const N: usize>(header: [&str; N]) -> Self {
        Self { header: header.iter().map(|name| ((*name).to_owned(), false)).collect(), ..Self::default() }
    }

    /// Adds a column, right-aligned or not.
    pub(crate) fn column(&mut self, name: &str, right: bool) -> &mut Self {
        self.header.push((visible(name).into_owned(), right));
        self
    }

    /// Cuts so many of the first columns only when it cannot be done without.
    pub(crate) fn keep(&mut self, columns: usize) -> &mut Self {
        self.kept = columns;
        self
    }

    /// Adds a row; everything that could deceive in it is written out.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.into_iter().map(|cell| visible(&cell).into_owned()).collect());
    }

    fn natural_widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.header.iter().map(|(name, _)| width(name)).collect();
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(cell));
            }
        }
        widths
    }

    /// The lines, however wide.
    pub(crate) fn render_lines(&self) -> String {
        self.lines(&self.natural_widths())
    }

    /// The lines cut to a width; `None` when there are too many columns for it.
    pub(crate) fn render_within(&self, columns: usize) -> Option<String> {
        let mut widths = self.natural_widths();
        let room = columns.checked_sub(GAP * widths.len().saturating_sub(1))?;
        let least = |kept: usize| -> Vec<usize> {
            widths.iter().enumerate().map(|(at, w)| if at < kept { *w } else { (*w).min(NARROWEST) }).collect()
        };
        let floors = [self.kept, 0].map(least).into_iter().find(|floors| floors.iter().sum::<usize>() <= room)?;
        // The widest columns that may give way do so first.
        while widths.iter().sum::<usize>() > room {
            let excess = widths.iter().sum::<usize>() - room;
            let may = || widths.iter().zip(&floors).enumerate().filter(|(_, (w, floor))| w > floor);
            let (position, (widest, floor)) =
                may().map(|(at, (w, floor))| (at, (*w, *floor))).reduce(|a, b| if b.1.0 > a.1.0 { b } else { a })?;
            let next = may().map(|(_, (w, _))| *w).filter(|w| *w < widest).max().unwrap_or(0).max(floor);
            let less = excess.min(widest.saturating_sub(next).max(1));
            *widths.get_mut(position)? -= less;
        }
        Some(self.lines(&widths))
    }

    fn lines(&self, widths: &[usize]) -> String {
        let mut out = String::new();
        let header: Vec<&str> = self.header.iter().map(|(name, _)| name.as_str()).collect();
        self.line(&header, widths, &mut out);
        let rule: Vec<String> = widths.iter().map(|w| "─".repeat(*w)).collect();
        self.line(&rule.iter().map(String::as_str).collect::<Vec<_>>(), widths, &mut out);
        for row in &self.rows {
            self.line(&row.iter().map(String::as_str).collect::<Vec<_>>(), widths, &mut out);
        }
        out
    }

    fn line(&self, cells: &[&str], widths: &[usize], out: &mut String) {
        let mut line = String::new();
        for (index, ((cell, columns), (_, right))) in cells.iter().zip(widths).zip(&self.header).enumerate() {
            if index > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            let cell = fit(cell, *columns);
            let pad = " ".repeat(columns.saturating_sub(width(&cell)));
            if *right {
                line.push_str(&pad);
                line.push_str(&cell);
            } else {
                line.push_str(&cell);
                line.push_str(&pad);
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let mut grid = Grid::new(["Name"]);
        grid.column("Count", true).column("Subject", false);
        grid.row(vec!["ann".to_owned(), "5".to_owned(), "a rather long subject line about invoices".to_owned()]);
        grid.row(vec!["漢字".to_owned(), "1234567".to_owned(), "x\u{1b}[2J".to_owned()]);
        grid
    }

    #[test]
    fn columns_are_aligned() {
        assert_eq!(
            grid().render_lines(),
            "Name    Count  Subject\n\
             ────  ───────  ─────────────────────────────────────────\n\
             ann         5  a rather long subject line about invoices\n\
             漢字  1234567  x\\u{1b}[2J\n"
        );
    }

    #[test]
    fn the_widest_column_gives_way() {
        let text = grid().render_within(40).unwrap();
        assert!(text.lines().all(|line| width(line) <= 40), "{text}");
        assert!(text.contains("ann         5  a rather long subject li…"), "{text}");
        assert!(grid().render_within(20).is_none());
    }

    #[test]
    fn kept_columns_are_cut_last() {
        let mut grid = Grid::new(["Time", "Subject"]);
        grid.keep(1).row(vec!["2026-04-21 02:24:36".to_owned(), "invoices of April".to_owned()]);
        let text = grid.render_within(30).unwrap();
        assert!(text.ends_with("2026-04-21 02:24:36  invoices…\n"), "{text}");
        let text = grid.render_within(20).unwrap();
        assert!(text.lines().all(|line| width(line) <= 20), "{text}");
    }
}
