//! The command line: one module per subcommand with its arguments, its help and its run.

pub(crate) mod audit;
pub(crate) mod detections;
pub(crate) mod explore;
pub(crate) mod hunt;
pub(crate) mod ingest;
pub(crate) mod investigate;
pub(crate) mod lab;
pub(crate) mod places;
pub(crate) mod store;
pub(crate) mod tables;
pub(crate) mod trace;
mod view;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use postern_lake::Lake;
use postern_model::time::Ticks;

use crate::failure::{Code, Failure};
use crate::screen::Screen;

/// Finds, proves and closes the back doors in an organisation's mail flow.
#[derive(Debug, Parser)]
#[command(name = "postern", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 worked, 1 failed, 2 wrong usage or bad query.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// The store; made when it is not there
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) data: Option<PathBuf>,
    /// Address databases (MMDB files, or folders of them) to use instead of your own folder's; may be repeated
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) places: Vec<PathBuf>,
    /// No colours, even on a terminal
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) no_color: bool,
    /// Errors only on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// More detail
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
}

/// The subcommands, in order of name.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show records of the audit log
    Audit(Box<audit::Audit>),
    /// Show the built-in detections
    Detections(detections::Detections),
    /// Show mail over time and by what it has in common
    Explore(Box<explore::Explore>),
    /// Ask the evidence a question in KQL
    Hunt(Box<hunt::Hunt>),
    /// Load evidence into a store
    Ingest(ingest::Ingest),
    /// Load evidence, detect, grade, propose: the main job
    Investigate(investigate::Investigate),
    /// Make simulated evidence
    Lab(lab::Lab),
    /// Show where addresses are, and by which databases
    Places(places::Places),
    /// Look after a store
    Store(store::Store),
    /// Show the tables that queries can use
    Tables(tables::Tables),
    /// Show where messages went
    Trace(Box<trace::Trace>),
}

impl Command {
    /// Whether it shows a prompt and takes Ctrl-C itself.
    pub(crate) fn prompts(&self) -> bool {
        matches!(self, Self::Hunt(hunt) if hunt.prompts())
    }

    /// What it means that the user stopped it.
    pub(crate) fn when_stopped(&self) -> &'static str {
        match self {
            Self::Audit(_) | Self::Explore(_) | Self::Hunt(_) | Self::Trace(_) => "stopped; the query was cancelled",
            Self::Ingest(_) => "stopped; the store is as after its last commit: the same command goes on from there",
            _ => "stopped; what was not committed is not stored",
        }
    }
}

/// Runs a command.
pub(crate) async fn run(command: Command, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    match command {
        Command::Audit(command) => audit::run(*command, globals, screen).await,
        Command::Detections(command) => detections::run(&command),
        Command::Explore(command) => explore::run(*command, globals, screen).await,
        Command::Hunt(command) => hunt::run(*command, globals, screen).await,
        Command::Ingest(command) => ingest::run(command, globals, screen).await,
        Command::Investigate(command) => investigate::run(command, globals, screen).await,
        Command::Lab(command) => lab::run(&command, screen).await,
        Command::Places(command) => places::run(command, globals, screen).await,
        Command::Store(command) => store::run(&command, globals).await,
        Command::Tables(command) => tables::run(&command, globals).await,
        Command::Trace(command) => trace::run(*command, globals, screen).await,
    }
}

/// Reads a time given on the command line.
pub(crate) fn time(text: &str) -> Result<Ticks, String> {
    Ticks::parse_iso(text).ok_or_else(|| "expected a time such as 2024-05-01 or 2024-05-01T10:00:00Z".to_owned())
}

/// The store of `--data`, or one that vanishes at the end.
async fn open(data: Option<&Path>) -> Result<Lake, Failure> {
    Ok(match data {
        Some(folder) => Lake::open(folder).await?,
        None => crate::scratch::lake().await?,
    })
}

/// Refuses input paths that are not there, before anything is written.
fn check_paths(paths: &[PathBuf]) -> Result<(), Failure> {
    for path in paths {
        if let Err(error) = std::fs::metadata(path) {
            return Err(Failure::input(path, &error));
        }
    }
    Ok(())
}

/// Fails when a run over files could read none of them because there were none or each was unreadable.
fn check_read(account: &postern_model::account::IngestAccount, paths: &[PathBuf]) -> Result<(), Failure> {
    let listed = || paths.iter().map(|p| format!("`{}`", p.display())).collect::<Vec<_>>().join(", ");
    // A folder stands for itself in the account only when there was nothing in it.
    if account.files.iter().all(|file| Path::new(&file.path).is_dir()) {
        let sentence = format!("there is no file in {}", listed());
        return Err(Failure::run(Code::NothingToRead, sentence));
    }
    if account.files.iter().all(|file| file.format == postern_model::account::UNREADABLE) {
        let why = account.files.first().and_then(|file| {
            file.notes.first().cloned().or_else(|| file.rejected.first().map(|reject| reject.reason.clone()))
        });
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        return Err(Failure::run(Code::Input, format!("nothing could be read in {}{why}", listed())));
    }
    Ok(())
}
