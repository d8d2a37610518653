//! `postern lab`: simulated evidence.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::failure::{Code, Failure};
use crate::screen::Screen;
use crate::text::count;

/// Arguments of `postern lab`.
#[derive(Debug, Args)]
pub(crate) struct Lab {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write the example tenant: two months of a small organisation, with the truth beside it
    Example {
        /// Folder to write into
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

/// Runs `postern lab`.
pub(crate) fn run(command: &Lab, screen: &Screen) -> Result<(), Failure> {
    let Action::Example { out } = &command.action;
    let summary = postern_lab::example(out).map_err(|error| Failure::run(Code::Output, error.to_string()))?;
    let mut text =
        format!("{} in {}\n", count(summary.files.len() as u64, "file", "files"), summary.evidence.display());
    for (path, bytes) in &summary.files {
        let _ = writeln!(text, "  {} ({} bytes)", path.display(), crate::text::thousands(*bytes));
    }
    let _ = writeln!(text, "expected verdicts in {}", summary.truth.display());
    io::stdout().lock().write_all(text.as_bytes()).map_err(|error| Failure::output("to standard output", &error))?;
    screen.note(&format!("investigate it with: postern investigate {}", summary.evidence.display()));
    Ok(())
}
