//! `postern ingest`: evidence into a store.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use postern_ingest::{IngestError, IngestOptions};
use postern_lake::Lake;
use postern_model::account::IngestAccount;

use super::Globals;
use crate::failure::{Code, Failure, chain};
use crate::meter::Meter;
use crate::output;
use crate::report::terminal;
use crate::screen::Screen;

/// Arguments of `postern ingest`.
#[derive(Debug, Args)]
pub(crate) struct Ingest {
    /// Files and folders with exports; recognised by content
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print the account as JSON
    #[arg(long)]
    json: bool,
}

/// Runs `postern ingest`.
pub(crate) async fn run(command: Ingest, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    let Some(folder) = &globals.data else {
        return Err(Failure::usage(Code::Arguments, "`ingest` needs a store to load into")
            .hint("give its folder with --data DIR; it is made when it is not there"));
    };
    super::check_paths(&command.paths)?;
    let lake = Lake::open(folder).await?;
    let account = load(&command.paths, &lake, globals, screen).await?;
    if command.json {
        output::print_json(&account)?;
    } else {
        output::print(&terminal::render_account(&account, screen))?;
    }
    super::check_read(&account, &command.paths)
}

/// Loads files into a store, with progress on a terminal.
pub(crate) async fn load(
    paths: &[PathBuf],
    lake: &Lake,
    globals: &Globals,
    screen: &Screen,
) -> Result<IngestAccount, Failure> {
    let (places, _) = crate::places::open(globals, screen)?;
    let mut options = IngestOptions { places: Some(places), ..IngestOptions::default() };
    if screen.progress {
        options.progress = Some(Arc::new(Meter::new(screen)));
    }
    let account = postern_ingest::ingest(paths, postern_providers::formats(), lake, &options).await;
    // The last one that holds the bars wipes them.
    drop(options);
    account.map_err(|error| match error {
        IngestError::Path { .. } => Failure::run(Code::Input, error.to_string()),
        IngestError::Store(error) => Failure::from(error),
        IngestError::Worker(_) => Failure::bug(error.to_string()),
        error => Failure::run(Code::Store, chain(&error)),
    })
}
