//! `postern investigate`: load, detect, grade, propose.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use postern_investigate::{Content, InvestigateOptions};
use postern_model::report::Report;
use postern_model::time::Ticks;

use super::{Globals, time};
use crate::failure::{Code, Failure, chain};
use crate::output;
use crate::report::{html, terminal};
use crate::screen::Screen;
use crate::text::count;

/// Arguments of `postern investigate`.
#[derive(Debug, Args)]
pub(crate) struct Investigate {
    /// Files and folders with exports; recognised by content. May be left out with --data
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write the report as JSON; `-` for standard output, instead of the text
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as one HTML page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The time that counts as now; the end of the evidence by default
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Ticks>,
}

/// Runs `postern investigate`.
pub(crate) async fn run(command: Investigate, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    if command.paths.is_empty() && globals.data.is_none() {
        return Err(Failure::usage(Code::Arguments, "there is nothing to investigate")
            .hint("name files or folders with exports, or a store with --data DIR"));
    }
    if command.html.as_deref() == Some(Path::new("-")) {
        return Err(Failure::usage(Code::Arguments, "the HTML report goes to a file")
            .hint("name one, such as `--html report.html`; `--html ./-` for a file of that name"));
    }
    super::check_paths(&command.paths)?;
    let content = Content::builtin().map_err(|error| Failure::run(Code::Content, chain(&error)))?;
    let lake = super::open(globals.data.as_deref()).await?;
    let account = if command.paths.is_empty() {
        postern_ingest::stored(&lake).await.map_err(|error| Failure::run(Code::Store, chain(&error)))?
    } else {
        super::ingest::load(&command.paths, &lake, globals, screen).await?
    };
    screen.progress("detecting and grading");
    let options = InvestigateOptions { now: command.now };
    let found = postern_investigate::investigate(&lake, &content, &options).await;
    screen.progress("");
    let found = found.map_err(|error| Failure::run(Code::Execution, chain(&error)))?;
    let report = Report {
        postern: env!("CARGO_PKG_VERSION").to_owned(),
        evidence: found.evidence,
        ingest: account,
        coverage: found.coverage,
        alerts: found.alerts,
        cases: found.cases,
        problems: found.problems,
    };
    write(&command, &report, screen)?;
    if !command.paths.is_empty() {
        super::check_read(&report.ingest, &command.paths)?;
    }
    match report.problems.first() {
        None => Ok(()),
        Some(problem) => {
            let many = count(report.problems.len() as u64, "detection", "detections");
            Err(Failure::run(Code::Content, format!("{many} could not run: {problem}")))
        }
    }
}

fn write(command: &Investigate, report: &Report, screen: &Screen) -> Result<(), Failure> {
    if let Some(path) = &command.html {
        let page = html::render(report).map_err(|error| Failure::bug(format!("the HTML report: {error}")))?;
        write_file(path, page.as_bytes())?;
        screen.note(&format!("HTML report in {}", path.display()));
    }
    match &command.json {
        Some(path) if path == Path::new("-") => output::print_json(report),
        Some(path) => {
            let mut text = serde_json::to_vec_pretty(report).map_err(|error| Failure::bug(error.to_string()))?;
            text.push(b'\n');
            write_file(path, &text)?;
            screen.note(&format!("JSON report in {}", path.display()));
            output::print(&terminal::render(report, screen))
        }
        None => output::print(&terminal::render(report, screen)),
    }
}

/// Writes a file as a whole: it is there complete or not at all.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::output(&format!("`{}`", path.display()), &error);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !path.exists() {
        let draft = path.with_file_name(format!(".{name}.{}", std::process::id()));
        return fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path)).map_err(|error| {
            // The draft is of no use to anybody; the error that led here is the one to tell.
            let _ = fs::remove_file(&draft);
            failed(error)
        });
    }
    // Something is there already, perhaps a device or a link: it is written through.
    fs::write(path, bytes).map_err(failed)
}
