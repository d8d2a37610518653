//! One file: recognise, cut, map on several threads, store in order, count.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use postern_lake::{FileId, Lake, Pushed, Writer};
use postern_model::account::{FileAccount, LISTED_REJECTS, NOT_RECOGNISED, Reject, UNREADABLE};
use postern_model::row::Row;
use postern_model::schema::Schemas;
use postern_places::Places;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::archive::Archive;
use crate::batch::{Batch, Item, Splitter};
use crate::delimited::{Columns, DelimitedSplitter, split_cells};
use crate::files::{Digest, disk_input};
use crate::format::{Content, Format, Mapped, Mapper, Reader, Recognised, Record};
use crate::head::Head;
use crate::json::JsonSplitter;
use crate::places::located;
use crate::run::{IngestError, IngestOptions};
use crate::source::{self, Input, Source};
use crate::walk::plain;

/// Bytes of records that wait for the end of their file; beyond, they are decided with what is known.
const LATE_BYTES: usize = 64 << 20;

/// What one file's reading needs from the run.
pub(crate) struct FileRun<'a> {
    pub(crate) lake: &'a Lake,
    pub(crate) writer: &'a mut Writer,
    pub(crate) formats: &'a [&'static dyn Format],
    pub(crate) options: &'a IngestOptions,
    /// Records since the last commit.
    pub(crate) uncommitted: &'a mut u64,
}

/// A file that a format has taken.
pub(crate) struct Opened {
    pub(crate) format: &'static dyn Format,
    why: String,
    mapper: Arc<dyn Mapper>,
    splitter: Box<dyn Splitter>,
    shape: Shape,
    pub(crate) encoding: String,
    digest: String,
}

/// How the text of a record is taken apart.
#[derive(Clone)]
enum Shape {
    Json(&'static [&'static str]),
    Delimited(Arc<Columns>),
}

pub(crate) enum Sniffed {
    Opened(Box<Opened>),
    Archive(Archive),
    Unreadable(String),
    NotRecognised { encoding: String, seen: String },
}

impl Sniffed {
    /// Says in the account why the file is not read.
    pub(crate) fn explain(self, account: &mut FileAccount) {
        match self {
            Self::Opened(_) => {}
            Self::Archive(archive) => {
                NOT_RECOGNISED.clone_into(&mut account.format);
                account.notes.push(format!("a {} archive, each member of which is a file of its own", archive.kind()));
            }
            Self::Unreadable(why) => {
                UNREADABLE.clone_into(&mut account.format);
                account.notes.push(why);
            }
            Self::NotRecognised { encoding, seen } => {
                NOT_RECOGNISED.clone_into(&mut account.format);
                account.encoding = encoding;
                account.notes.push(if seen == "empty" {
                    "the file is empty".to_owned()
                } else {
                    format!("saw {seen}")
                });
            }
        }
    }
}

/// What a file would give, without a store.
#[derive(Debug, Default)]
pub struct DryRun {
    /// The account; nothing is a duplicate where there is no store.
    pub account: FileAccount,
    /// The rows in order; those that had to wait for the end of the file come last.
    pub rows: Vec<Row>,
}

/// Reads one file as [`crate::ingest`] does, and keeps the rows in memory instead of storing them: for looking at a
/// format, and for its tests.
pub fn dry_run(
    path: &Path,
    formats: &[&'static dyn Format],
    schemas: &Schemas,
    options: &IngestOptions,
) -> Result<DryRun, IngestError> {
    let mut run = DryRun::default();
    run.account.path = path.display().to_string();
    let sniffed = match File::open(path).and_then(|file| Ok((file.metadata()?.len(), file))) {
        Ok((size, file)) => {
            let input = disk_input(file, size, &std::env::temp_dir(), options);
            sniff(input, Digest::Of(path.to_owned()), formats, schemas, options.places.as_ref())?
        }
        Err(error) => Sniffed::Unreadable(plain(&error)),
    };
    let opened = match sniffed {
        Sniffed::Opened(opened) => *opened,
        other => {
            other.explain(&mut run.account);
            return Ok(run);
        }
    };
    let Opened { format, why, mapper, mut splitter, shape, encoding, .. } = opened;
    format.info().name.clone_into(&mut run.account.format);
    run.account.encoding = encoding;
    run.account.notes.push(recognised(format, &why));
    let undecodable = AtomicU64::new(0);
    let mut late = Vec::new();
    while let Some(batch) = splitter.next_batch() {
        for Outcome { position, what } in map_batch(&batch, mapper.as_ref(), &shape, &undecodable) {
            match what {
                What::Row(row) => run.row(*row),
                What::Rows(rows) => rows.into_iter().for_each(|row| run.row(row)),
                What::Reject { reason, .. } => run.reject(position, reason),
                What::Later(text) => late.push((position, text)),
            }
        }
    }
    for (position, text) in late {
        match mapper.map_late(&mut record(position, &text, &shape, None)) {
            Mapped::Row(row) => run.row(*row),
            Mapped::Rows(rows) => rows.into_iter().for_each(|row| run.row(row)),
            Mapped::Reject(reason) => run.reject(position, reason),
            Mapped::Later => run.reject(position, UNDECIDED.to_owned()),
        }
    }
    run.account.rejected.sort_by_key(|reject| reject.position);
    run.account.notes.extend(splitter.notes());
    run.account.notes.extend(mapper.notes());
    Ok(run)
}

impl DryRun {
    fn row(&mut self, row: Row) {
        self.account.records += 1;
        count(&mut self.account.rows, &row.table.name);
        self.rows.push(row);
    }

    fn reject(&mut self, position: u64, reason: String) {
        self.account.records += 1;
        self.account.rejected_count += 1;
        self.account.rejected.push(Reject { position, reason });
    }
}

/// Why a record that waited for the end of its file is no row.
const UNDECIDED: &str = "it could not be decided";

fn recognised(format: &dyn Format, why: &str) -> String {
    format!("{}: recognised by {why}", format.info().summary)
}

pub(crate) fn worker(error: tokio::task::JoinError) -> IngestError {
    IngestError::Worker(error.to_string())
}

/// Opens the file and asks every format.
pub(crate) fn sniff(
    input: Input,
    digest: Digest,
    formats: &[&'static dyn Format],
    schemas: &Schemas,
    places: Option<&Arc<Places>>,
) -> Result<Sniffed, IngestError> {
    let mut source = match Source::open(input) {
        Ok(source::Content::Text(source)) => source,
        Ok(source::Content::Archive(archive)) => return Ok(Sniffed::Archive(archive)),
        Err(error) => return Ok(Sniffed::Unreadable(plain(&error))),
    };
    let head = loop {
        if let Some(head) = Head::parse(&source.head, source.whole) {
            break head;
        }
        if !source.widen_head() {
            break Head::parse(&source.head, true).unwrap_or_else(|| Head::Other("nothing".to_owned()));
        }
    };
    let mut best: Option<(&'static dyn Format, Recognised)> = None;
    for format in formats {
        if let Some(claim) = format.recognise(&head)
            && best.as_ref().is_none_or(|(_, b)| claim.confidence > b.confidence)
        {
            best = Some((*format, claim));
        }
    }
    let Some((format, claim)) = best else {
        let seen = head.describe(&source.head, source.whole);
        return Ok(Sniffed::NotRecognised { encoding: source.encoding, seen });
    };
    let mapper = located(format.open(&head, schemas)?, schemas, places);
    let digest = match digest {
        Digest::Known(digest) => Ok(digest),
        Digest::Of(path) => source::digest(&path),
    };
    let digest = match digest {
        Ok(digest) => digest,
        Err(error) => return Ok(Sniffed::Unreadable(plain(&error))),
    };
    let encoding = source.encoding.clone();
    let input = source.into_reader();
    let (splitter, shape): (Box<dyn Splitter>, Shape) = match claim.reader {
        Reader::Json => (Box::new(JsonSplitter::new(input)), Shape::Json(&[])),
        Reader::JsonMembers(members) => (Box::new(JsonSplitter::bundle(input, members)), Shape::Json(members)),
        Reader::Delimited => {
            let splitter = DelimitedSplitter::new(input);
            let columns = Arc::clone(splitter.columns());
            (Box::new(splitter), Shape::Delimited(columns))
        }
    };
    Ok(Sniffed::Opened(Box::new(Opened { format, why: claim.why, mapper, splitter, shape, encoding, digest })))
}

/// What became of an item of a batch.
struct Outcome {
    position: u64,
    what: What,
}

enum What {
    Row(Box<Row>),
    Rows(Vec<Row>),
    Reject { reason: String, raw: Option<String> },
    Later(String),
}

pub(crate) async fn read(run: &mut FileRun<'_>, opened: Opened, account: &mut FileAccount) -> Result<(), IngestError> {
    let Opened { format, why, mapper, mut splitter, shape, digest, .. } = opened;
    account.notes.push(recognised(format, &why));
    let file = run.writer.begin_file(&account.path, &digest, format.info().name).await?;
    let (sender, mut receiver) = mpsc::channel::<Batch>(2);
    let cutting = spawn_blocking(move || {
        while let Some(batch) = splitter.next_batch() {
            if sender.blocking_send(batch).is_err() {
                break;
            }
        }
        splitter.notes()
    });
    let threads = match run.options.threads {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        threads => threads,
    };
    let undecodable = Arc::new(AtomicU64::new(0));
    let mut mapping: VecDeque<JoinHandle<Vec<Outcome>>> = VecDeque::new();
    let mut store = Store { file, account, late: Vec::new(), late_bytes: 0, replaced: 0 };
    let mut more = true;
    loop {
        while more && mapping.len() < threads {
            let batch = if mapping.is_empty() {
                receiver.recv().await
            } else {
                match receiver.try_recv() {
                    Ok(batch) => Some(batch),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => None,
                }
            };
            let Some(batch) = batch else {
                more = false;
                break;
            };
            let (mapper, shape, undecodable) = (Arc::clone(&mapper), shape.clone(), Arc::clone(&undecodable));
            mapping.push_back(spawn_blocking(move || map_batch(&batch, mapper.as_ref(), &shape, &undecodable)));
        }
        let Some(done) = mapping.pop_front() else { break };
        let outcomes = done.await.map_err(worker)?;
        store.take(run, outcomes)?;
        if store.late_bytes > LATE_BYTES {
            store.decide_late(run, mapper.as_ref(), &shape)?;
        }
        if *run.uncommitted >= run.options.commit_records {
            run.writer.commit().await?;
            *run.uncommitted = 0;
        }
    }
    store.decide_late(run, mapper.as_ref(), &shape)?;
    let replaced = store.replaced;
    account.rejected.sort_by_key(|reject| reject.position);
    if account.rejected_count > 0 && !run.lake.is_temporary() {
        account.rejects_file = Some(postern_lake::rejects_pattern(file));
    }
    run.writer.end_file(file);
    account.notes.extend(cutting.await.map_err(worker)?);
    account.notes.extend(mapper.notes());
    match undecodable.load(Ordering::Relaxed) {
        0 => {}
        count => account
            .notes
            .push(format!("records with bytes that are not valid text, each of which was replaced by U+FFFD: {count}")),
    }
    if replaced > 0 {
        account.notes.push(format!("duplicates that replaced a less complete row: {replaced}"));
    }
    if account.records == 0 {
        account.notes.push("the file holds no records".to_owned());
    }
    Ok(())
}

/// Where the outcomes of one file go.
struct Store<'a> {
    file: FileId,
    account: &'a mut FileAccount,
    late: Vec<(u64, String)>,
    late_bytes: usize,
    replaced: u64,
}

impl Store<'_> {
    fn take(&mut self, run: &mut FileRun<'_>, outcomes: Vec<Outcome>) -> Result<(), IngestError> {
        let count = outcomes.len() as u64;
        for Outcome { position, what } in outcomes {
            match what {
                What::Row(row) => self.row(run, position, *row)?,
                What::Rows(rows) => self.rows(run, position, rows)?,
                What::Reject { reason, raw } => self.reject(run, position, reason, raw.as_deref())?,
                What::Later(text) => {
                    self.late_bytes += text.len();
                    self.late.push((position, text));
                }
            }
        }
        *run.uncommitted += count;
        if let Some(progress) = &run.options.progress {
            progress.records(count);
        }
        Ok(())
    }

    fn row(&mut self, run: &mut FileRun<'_>, position: u64, row: Row) -> Result<(), IngestError> {
        let (table, time) = (Arc::clone(&row.table), row.time());
        match run.writer.push(self.file, row)? {
            Pushed::New => count(&mut self.account.rows, &table.name),
            Pushed::Duplicate => self.account.duplicates += 1,
            Pushed::Superseded => {
                self.account.duplicates += 1;
                self.replaced += 1;
            }
            Pushed::Rejected(reason) => return self.reject(run, position, reason, None),
        }
        self.account.records += 1;
        count(&mut self.account.records_by_table, &table.name);
        if let Some(time) = time {
            self.account.from = Some(self.account.from.map_or(time, |t| t.min(time)));
            self.account.to = Some(self.account.to.map_or(time, |t| t.max(time)));
        }
        Ok(())
    }

    fn rows(&mut self, run: &mut FileRun<'_>, position: u64, rows: Vec<Row>) -> Result<(), IngestError> {
        rows.into_iter().try_for_each(|row| self.row(run, position, row))
    }

    fn reject(
        &mut self,
        run: &mut FileRun<'_>,
        position: u64,
        reason: String,
        raw: Option<&str>,
    ) -> Result<(), IngestError> {
        run.writer.reject(self.file, position, &reason, raw)?;
        self.account.records += 1;
        self.account.rejected_count += 1;
        if self.account.rejected.len() < LISTED_REJECTS {
            self.account.rejected.push(Reject { position, reason });
        }
        Ok(())
    }

    /// Maps the records that waited for the rest of the file.
    fn decide_late(&mut self, run: &mut FileRun<'_>, mapper: &dyn Mapper, shape: &Shape) -> Result<(), IngestError> {
        self.late_bytes = 0;
        for (position, text) in std::mem::take(&mut self.late) {
            let mut record = record(position, &text, shape, None);
            match mapper.map_late(&mut record) {
                Mapped::Row(row) => self.row(run, position, *row)?,
                Mapped::Rows(rows) => self.rows(run, position, rows)?,
                Mapped::Reject(reason) => self.reject(run, position, reason, Some(&text))?,
                Mapped::Later => self.reject(run, position, UNDECIDED.to_owned(), Some(&text))?,
            }
        }
        Ok(())
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}

fn record<'a>(position: u64, text: &'a str, shape: &'a Shape, member: Option<usize>) -> Record<'a> {
    let content = match shape {
        Shape::Json(members) => Content::Json { member: member.and_then(|m| members.get(m)).copied() },
        Shape::Delimited(columns) => {
            let mut cells = Vec::with_capacity(columns.names.len());
            split_cells(text, columns.delimiter, &mut cells);
            Content::Cells { columns, cells }
        }
    };
    Record { position, text, content }
}

fn map_batch(batch: &Batch, mapper: &dyn Mapper, shape: &Shape, undecodable: &AtomicU64) -> Vec<Outcome> {
    let decode = |start: usize, end: usize| -> Cow<'_, str> {
        let bytes = batch.bytes.get(start..end).unwrap_or_default();
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Cow::Borrowed(text);
        }
        undecodable.fetch_add(1, Ordering::Relaxed);
        String::from_utf8_lossy(bytes)
    };
    let mut outcomes = Vec::with_capacity(batch.items.len());
    for item in &batch.items {
        let outcome = match item {
            Item::Broken { position, start, end, reason } => {
                let raw = batch.bytes.get(*start..*end).map(|b| String::from_utf8_lossy(b).into_owned());
                Outcome { position: *position, what: What::Reject { reason: reason.clone(), raw } }
            }
            Item::Record { position, start, end, member } => {
                let text = decode(*start, *end);
                let mut one = record(*position, &text, shape, *member);
                let what = match mapper.map(&mut one) {
                    Mapped::Row(row) => What::Row(row),
                    Mapped::Rows(rows) => What::Rows(rows),
                    Mapped::Reject(reason) => What::Reject { reason, raw: Some(text.into_owned()) },
                    Mapped::Later => What::Later(text.into_owned()),
                };
                Outcome { position: *position, what }
            }
        };
        outcomes.push(outcome);
    }
    outcomes
}
