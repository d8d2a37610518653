//! `postern store`: what a store holds, and whether it is sound.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use postern_lake::{CheckReport, Lake};
use serde_json::json;

use super::Globals;
use crate::failure::{Code, Failure};
use crate::output::{self, Grid};
use crate::report::words;
use crate::text::{count, thousands, visible};

/// Arguments of `postern store`.
#[derive(Debug, Args)]
pub(crate) struct Store {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Tables, rows, bytes and input files
    Info {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare every Parquet file with what was written: presence, size, digest, rows, keys
    Check {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs `postern store`.
pub(crate) async fn run(command: &Store, globals: &Globals) -> Result<(), Failure> {
    let Some(folder) = &globals.data else {
        return Err(Failure::usage(Code::Arguments, "`store` needs the store it is about")
            .hint("give its folder with --data DIR"));
    };
    let lake = Lake::open_existing(folder).await?;
    match command.action {
        Action::Info { json } => info(&lake, json).await,
        Action::Check { json } => check(&lake, json).await,
    }
}

async fn info(lake: &Lake, as_json: bool) -> Result<(), Failure> {
    let (tables, files) = (lake.summaries().await?, lake.files().await?);
    let rejected: u64 = files.iter().map(|file| file.rejected).sum();
    let unfinished: Vec<&str> = files.iter().filter(|file| !file.complete).map(|file| file.path.as_str()).collect();
    if as_json {
        let tables: Vec<_> = tables
            .iter()
            .map(|table| {
                let (from, to) = (table.span.map(|s| s.0), table.span.map(|s| s.1));
                json!({"table": table.table, "rows": table.rows, "bytes": table.bytes, "files": table.files,
                    "from": from, "to": to})
            })
            .collect();
        let inputs: Vec<_> = files
            .iter()
            .map(|file| {
                json!({"id": file.id, "path": file.path, "sha256": file.digest, "format": file.format,
                    "rows": file.rows, "rejected": file.rejected, "complete": file.complete})
            })
            .collect();
        return output::print_json(&json!({"store": lake.path(), "tables": tables, "inputs": inputs}));
    }
    let mut grid = Grid::new(["Table"]);
    grid.column("Rows", true).column("Files", true).column("Bytes", true).column("Time", false);
    for table in &tables {
        grid.row(vec![
            table.table.clone(),
            thousands(table.rows),
            thousands(table.files),
            thousands(table.bytes),
            words::range(table.span.map(|s| s.0), table.span.map(|s| s.1)),
        ]);
    }
    let mut out = grid.render_lines();
    let _ = writeln!(
        out,
        "\n{} read, {} kept",
        count(files.len() as u64, "input file", "input files"),
        count(rejected, "rejected record", "rejected records")
    );
    for path in unfinished {
        let _ = writeln!(out, "not read to its end: {} (loading it again goes on)", visible(path));
    }
    output::print(&out)
}

async fn check(lake: &Lake, as_json: bool) -> Result<(), Failure> {
    let report = lake.check().await?;
    if as_json {
        output::print_json(&report)?;
    } else {
        output::print(&told(&report))?;
    }
    match report.problems.len() as u64 {
        0 => Ok(()),
        problems => {
            let sentence = format!("the store is damaged: {}", count(problems, "problem", "problems"));
            Err(Failure::run(Code::Store, sentence)
                .hint("load the exports again into a new store; what is whole in this one stays readable"))
        }
    }
}

fn told(report: &CheckReport) -> String {
    let mut out = format!(
        "Checked   {} with {} in {} bytes\n",
        count(report.files, "Parquet file", "Parquet files"),
        count(report.rows, "row", "rows"),
        thousands(report.bytes)
    );
    if report.without_digest > 0 {
        let files = count(report.without_digest, "file has", "files have");
        let _ = writeln!(
            out,
            "          {files} no digest on record (an earlier Postern wrote them) and were read through"
        );
    }
    for path in &report.leftovers {
        let _ = writeln!(out, "left over {}: it counts for nothing, and the next load removes it", visible(path));
    }
    for problem in &report.problems {
        let _ = writeln!(out, "damaged   {}: {}", visible(&problem.path), visible(&problem.what));
    }
    if report.problems.is_empty() {
        out.push_str("clean\n");
    }
    out
}
