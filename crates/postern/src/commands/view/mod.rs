//! What the views `audit`, `trace` and `explore` have in common: where rows come from, which time, how they are shown.
//!
//! A view is a KQL query of fixed parts. What the user filters by is bound to it as parameters ([`question`]).

mod filter;
mod question;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use postern_investigate::{HuntError, HuntOptions, HuntResult, Results};
use postern_kql::catalog::Catalog;
use postern_kql::types::Const;
use postern_lake::Lake;
use postern_model::time::{MAX_TICKS, Ticks};

use super::hunt::duration;
use super::hunt::guarded::{self, Ended};
use super::{Globals, time};
use crate::failure::{Code, Failure, chain};
use crate::output::chart::When;
use crate::output::{self, Format, Rows, Style, Table};
use crate::screen::Screen;
use crate::text::count;

pub(super) use filter::{IpRange, addresses, domains, ip_range, listed, message_ids, wildcards};
pub(super) use question::Question;

/// Rows that a person is shown unless asked otherwise.
const SHOWN: usize = 1_000;
/// Rows that a program is given unless asked otherwise.
const GIVEN: usize = 500_000;
/// Terminals with fewer columns get fewer of the view's.
const FEW: usize = 100;
/// Ticks of a day.
pub(super) const DAY: i64 = 864_000_000_000;

/// Where the rows of a view come from.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// Files and folders with exports, loaded for this run alone; or a store with --data
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// The time that a view shows.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Span {
    /// Only what happened at or after this time
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Filters")]
    pub(super) start: Option<Ticks>,
    /// Only what happened at or before this time; a day alone counts whole
    #[arg(long, value_name = "TIME", value_parser = end, help_heading = "Filters")]
    pub(super) end: Option<Ticks>,
}

impl Span {
    /// Refuses a range that ends before it begins.
    pub(super) fn check(self) -> Result<(), Failure> {
        match (self.start, self.end) {
            (Some(start), Some(end)) if start > end => {
                let failure = Failure::usage(Code::Arguments, "the time ends before it begins");
                Err(failure.hint("--start is the first moment, --end the last"))
            }
            _ => Ok(()),
        }
    }
}

/// How a view shows its rows.
#[derive(Debug, Args)]
pub(super) struct Shown {
    /// As JSON, with more columns and exact values
    #[arg(long, conflicts_with = "csv", help_heading = "Output")]
    pub(super) json: bool,
    /// As comma-separated values, with more columns; cells that a spreadsheet would run are disarmed
    #[arg(long, help_heading = "Output")]
    pub(super) csv: bool,
    /// At most so many rows; 1000 for people and 500000 with --json or --csv by default
    #[arg(long, value_name = "N", help_heading = "Output")]
    limit: Option<usize>,
    /// Show whole cells, however wide the terminal is
    #[arg(long, conflicts_with_all = ["json", "csv"], help_heading = "Output")]
    pub(super) wide: bool,
    /// Stop after this time
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_timeout, default_value = "2m", help_heading = "Output")]
    timeout: Duration,
}

impl Shown {
    /// Whether a program reads the rows.
    pub(super) fn for_machines(&self) -> bool {
        self.json || self.csv
    }

    /// The most rows that are shown.
    pub(super) fn limit(&self) -> usize {
        self.limit_or(SHOWN)
    }

    /// The most rows that are shown, when people get so many by default.
    pub(super) fn limit_or(&self, people: usize) -> usize {
        self.limit.unwrap_or(if self.for_machines() { GIVEN } else { people })
    }

    /// Writes the rows of an answer to standard output, and says when there are more or none.
    pub(super) fn write(&self, answer: &HuntResult, screen: &Screen) -> Result<(), Failure> {
        self.write_rows(answer, screen)?;
        self.tell(answer, screen);
        Ok(())
    }

    /// Writes the rows of an answer to standard output.
    pub(super) fn write_rows(&self, answer: &HuntResult, screen: &Screen) -> Result<(), Failure> {
        let rows = rows(answer);
        if self.for_machines() {
            let format = if self.json { Format::Json } else { Format::Csv };
            let style = Style { format, wide: true, chart: When::Never };
            let table = Table { name: &answer.name, rows, render: None, truncated: answer.truncated };
            output::write_all(&[table], style, screen)
        } else if rows.count() > 0 {
            output::write_lines(&rows, self.wide, screen)
        } else {
            Ok(())
        }
    }

    /// Says on standard error when there are more rows than shown, or none.
    pub(super) fn tell(&self, answer: &HuntResult, screen: &Screen) {
        if answer.truncated {
            let shown = count(answer.rows() as u64, "row", "rows");
            screen.note(&format!("note: there are more than these {shown}; --limit sets how many are shown"));
        } else if answer.rows() == 0 {
            screen.note("note: nothing fits these filters");
        }
    }
}

/// The rows of an answer.
pub(super) fn rows(answer: &HuntResult) -> Rows<'_> {
    Rows { columns: &answer.columns, batches: &answer.batches }
}

/// Whether rows are for a terminal that has no room for all of a view's columns.
pub(super) fn few_columns(screen: &Screen) -> bool {
    std::io::stdout().is_terminal() && screen.columns < FEW
}

/// Reads the end of a range of time: a day alone is meant whole.
fn end(text: &str) -> Result<Ticks, String> {
    let at = time(text)?;
    let day = text.trim().len() == 10;
    Ok(if day { Ticks(at.0.saturating_add(DAY - 1).min(MAX_TICKS)) } else { at })
}

/// What a view reads. The store lives as long as the questions to it.
pub(super) struct Evidence {
    _lake: Lake,
    catalog: Arc<dyn Catalog>,
    timeout: Duration,
}

impl Evidence {
    /// Opens the store of `--data`, or loads exports into one that vanishes.
    pub(super) async fn open(
        source: &Source,
        shown: &Shown,
        globals: &Globals,
        screen: &Screen,
    ) -> Result<Self, Failure> {
        let lake = match (&globals.data, source.paths.as_slice()) {
            (None, []) => {
                return Err(Failure::usage(Code::Arguments, "there is nothing to look at")
                    .hint("name a store with --data DIR, or files and folders with exports"));
            }
            (Some(_), [_, ..]) => {
                return Err(Failure::usage(Code::Arguments, "a view does not load exports into a store")
                    .hint("give paths or --data DIR, not both; `postern ingest PATH… --data DIR` loads"));
            }
            (Some(folder), []) => Lake::open_existing(folder).await?,
            (None, paths) => {
                super::check_paths(paths)?;
                let lake = crate::scratch::lake().await?;
                let account = super::ingest::load(paths, &lake, globals, screen).await?;
                super::check_read(&account, paths)?;
                if account.rejected_rows > 0 {
                    let many = count(account.rejected_rows, "record", "records");
                    screen.note(&format!("note: {many} could not be read; `postern ingest` says which and why"));
                }
                lake
            }
        };
        let catalog = Arc::new(postern_investigate::catalog(&lake).await?);
        Ok(Self { _lake: lake, catalog, timeout: shown.timeout })
    }

    /// Asks a question; at most so many rows come back.
    pub(super) async fn ask(&self, mut question: Question, limit: usize) -> Result<HuntResult, Failure> {
        // One row more tells whether there are more.
        question.bind("AskedMost", Const::Long(i64::try_from(limit).unwrap_or(i64::MAX - 1).saturating_add(1)));
        let (text, params) = question.into_parts();
        let options = HuntOptions {
            params,
            timeout: self.timeout,
            max_rows: limit,
            results: Results::One,
            ..HuntOptions::default()
        };
        guarded::hunt(&self.catalog, &text, &options).await.map_err(|ended| match ended {
            Ended::Hunt(HuntError::Lake(error)) => Failure::from(error),
            // The query is the program's own.
            Ended::Hunt(error @ (HuntError::Query { .. } | HuntError::Several { .. })) => Failure::bug(chain(&error)),
            Ended::Hunt(error) => Failure::run(Code::Execution, chain(&error)),
            Ended::Caught(Code::Bug, sentence) => Failure::bug(sentence),
            Ended::Caught(code, sentence) => Failure::run(code, sentence),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_alone_ends_with_its_last_moment() {
        let next = time("2026-04-22").unwrap();
        assert_eq!(end("2026-04-21").unwrap(), Ticks(next.0 - 1));
        assert_eq!(end("2026-04-21T10:00:00Z").unwrap(), time("2026-04-21T10:00:00Z").unwrap());
        assert!(end("yesterday").is_err());
    }
}
