//! `postern ingest`: evidence into a store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use postern_ingest::{IngestError, IngestOptions, Progress};
use postern_lake::Lake;
use postern_model::account::IngestAccount;

use super::Globals;
use crate::failure::{Code, Failure, chain};
use crate::output;
use crate::report::terminal;
use crate::screen::Screen;
use crate::text::{count, visible};

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
    let account = load(&command.paths, &lake, screen).await?;
    if command.json {
        output::print_json(&account)?;
    } else {
        output::print(&terminal::render_account(&account, screen))?;
    }
    super::check_read(&account, &command.paths)
}

/// Loads files into a store, with progress on a terminal.
pub(crate) async fn load(paths: &[PathBuf], lake: &Lake, screen: &Screen) -> Result<IngestAccount, Failure> {
    let mut options = IngestOptions::default();
    if screen.progress {
        options.progress = Some(Arc::new(Meter::new(*screen)));
    }
    let account = postern_ingest::ingest(paths, postern_providers::formats(), lake, &options).await;
    screen.progress("");
    account.map_err(|error| match error {
        IngestError::Path { .. } => Failure::run(Code::Input, error.to_string()),
        IngestError::Store(error) => Failure::from(error),
        IngestError::Worker(_) => Failure::bug(error.to_string()),
        error => Failure::run(Code::Store, chain(&error)),
    })
}

/// Draws one line of progress, a few times for each file and megabyte.
struct Meter {
    screen: Screen,
    files: AtomicU64,
    total_files: AtomicU64,
    bytes: AtomicU64,
    total_bytes: AtomicU64,
    records: AtomicU64,
    drawn_at: AtomicU64,
}

/// Records between two drawings.
const STEP: u64 = 5_000;

impl Meter {
    fn new(screen: Screen) -> Self {
        Self {
            screen,
            files: AtomicU64::new(0),
            total_files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            total_bytes: AtomicU64::new(0),
            records: AtomicU64::new(0),
            drawn_at: AtomicU64::new(0),
        }
    }

    fn draw(&self, path: &str) {
        let total = self.total_bytes.load(Ordering::Relaxed).max(1);
        let share = (self.bytes.load(Ordering::Relaxed).saturating_mul(100) / total).min(100);
        self.screen.progress(&format!(
            "reading {share:>3} %  file {} of {}  {}  {}",
            self.files.load(Ordering::Relaxed),
            self.total_files.load(Ordering::Relaxed),
            count(self.records.load(Ordering::Relaxed), "record", "records"),
            visible(path)
        ));
    }
}

impl Progress for Meter {
    fn begin(&self, files: usize, bytes: u64) {
        self.total_files.store(files as u64, Ordering::Relaxed);
        self.total_bytes.store(bytes, Ordering::Relaxed);
    }

    fn file(&self, path: &str, _bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.draw(path);
    }

    fn member(&self, path: &str, _bytes: u64) {
        self.draw(path);
    }

    fn bytes(&self, count: u64) {
        self.bytes.fetch_add(count, Ordering::Relaxed);
    }

    fn records(&self, count: u64) {
        let records = self.records.fetch_add(count, Ordering::Relaxed) + count;
        let drawn = self.drawn_at.load(Ordering::Relaxed);
        if records >= drawn + STEP {
            self.drawn_at.store(records, Ordering::Relaxed);
            self.draw("");
        }
    }
}
