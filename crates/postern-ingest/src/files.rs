//! A file on disk: itself, or the members of the archive that it is, archives within archives too.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use postern_model::account::{FileAccount, NOT_RECOGNISED, UNREADABLE};
use tokio::task::spawn_blocking;

use crate::archive::{Archive, MAX_NESTING, What};
use crate::head::shown;
use crate::pipeline::{FileRun, Sniffed, read, sniff, worker};
use crate::run::{IngestError, IngestOptions};
use crate::source::{Budget, Input};
use crate::walk::plain;

/// An archive whose members are being read.
struct OpenArchive {
    path: String,
    archive: Archive,
    /// Where its own account would stand.
    at: usize,
    members: u64,
}

/// Reads one file into the store; an archive gives an account for each of its members.
pub(crate) async fn ingest_file(
    run: &mut FileRun<'_>,
    path: &Path,
    size: u64,
) -> Result<Vec<FileAccount>, IngestError> {
    let name = path.display().to_string();
    if let Some(progress) = &run.options.progress {
        progress.file(&name, size);
    }
    let (mut accounts, mut open) = (Vec::new(), Vec::new());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => {
            accounts.push(plain_account(name, UNREADABLE, plain(&error)));
            return Ok(accounts);
        }
    };
    let input = disk_input(file, size, run.lake.path(), run.options);
    one(run, name, input, Digest::Of(path.to_owned()), &mut open, &mut accounts).await?;
    while let Some(mut top) = open.pop() {
        let folder = run.lake.path().to_owned();
        let (next, member) = spawn_blocking(move || {
            let member = top.archive.next_member(&folder);
            (top, member)
        })
        .await
        .map_err(worker)?;
        top = next;
        let Some(member) = member else {
            let (at, account) = (top.at, top.account());
            if let Some(account) = account {
                accounts.insert(at.min(accounts.len()), account);
            }
            continue;
        };
        top.members += 1;
        let path = format!("{}/{}", top.path, shown(&member.name, LONGEST_NAME));
        let (containers, budget) = (top.archive.containers.clone(), Arc::clone(&top.archive.budget));
        open.push(top);
        match member.what {
            What::Skipped(why) => accounts.push(plain_account(path, NOT_RECOGNISED, why)),
            What::Unreadable(why) => accounts.push(plain_account(path, UNREADABLE, why)),
            What::Content(spooled) => {
                if let Some(progress) = &run.options.progress {
                    progress.member(&path, spooled.size);
                }
                let input = Input {
                    file: spooled.file,
                    containers,
                    budget,
                    failure: spooled.failure,
                    spool_folder: run.lake.path().to_owned(),
                    on_bytes: Box::new(|_| {}),
                };
                one(run, path, input, Digest::Known(spooled.digest), &mut open, &mut accounts).await?;
            }
        }
    }
    Ok(accounts)
}

/// Longer names of members are cut.
const LONGEST_NAME: usize = 1000;

impl OpenArchive {
    /// What there is to say of the archive itself, after its last member.
    fn account(self) -> Option<FileAccount> {
        let kind = self.archive.kind();
        match self.archive.problem() {
            Some(why) => {
                let note = format!("a {kind} archive of which not everything could be read: {why}");
                let mut account = plain_account(self.path, UNREADABLE, note);
                account.notes.push(format!("members listed: {}", self.members));
                Some(account)
            }
            None if self.members == 0 => {
                Some(plain_account(self.path, NOT_RECOGNISED, format!("a {kind} archive without files")))
            }
            None => None,
        }
    }
}

/// The account of a file without records.
pub(crate) fn plain_account(path: String, format: &str, note: String) -> FileAccount {
    FileAccount { path, format: format.to_owned(), notes: vec![note], ..FileAccount::default() }
}

/// Reads a file, or puts it on the pile of open archives.
async fn one(
    run: &mut FileRun<'_>,
    path: String,
    input: Input,
    digest: Digest,
    open: &mut Vec<OpenArchive>,
    accounts: &mut Vec<FileAccount>,
) -> Result<(), IngestError> {
    let damage = input.failure.as_ref().map(ToString::to_string);
    let mut account = FileAccount { path, ..FileAccount::default() };
    let sniffed = {
        let formats = run.formats.to_vec();
        let schemas = Arc::clone(run.lake.schemas());
        let places = run.options.places.clone();
        spawn_blocking(move || sniff(input, digest, &formats, &schemas, places.as_ref())).await.map_err(worker)??
    };
    match sniffed {
        Sniffed::Opened(opened) => {
            opened.format.info().name.clone_into(&mut account.format);
            account.encoding.clone_from(&opened.encoding);
            read(run, *opened, &mut account).await?;
        }
        Sniffed::Archive(archive) if open.len() < MAX_NESTING => {
            open.push(OpenArchive { path: account.path, archive, at: accounts.len(), members: 0 });
            return Ok(());
        }
        Sniffed::Archive(archive) => {
            let why = format!("a {} archive within {MAX_NESTING} others: unpack it", archive.kind());
            Sniffed::Unreadable(why).explain(&mut account);
        }
        other => other.explain(&mut account),
    }
    if let Some(damage) = damage.filter(|_| !account.recognised()) {
        account.notes.push(format!("it could not be unpacked whole: {damage}"));
    }
    accounts.push(account);
    Ok(())
}

pub(crate) fn disk_input(file: File, size: u64, spool_folder: &Path, options: &IngestOptions) -> Input {
    let progress = options.progress.clone();
    Input {
        file,
        containers: Vec::new(),
        budget: Budget::new(options.limits, size),
        failure: None,
        spool_folder: spool_folder.to_owned(),
        on_bytes: Box::new(move |count| {
            if let Some(progress) = &progress {
                progress.bytes(count);
            }
        }),
    }
}

/// The digest of a file's content.
pub(crate) enum Digest {
    Known(String),
    /// To be computed when it is needed.
    Of(PathBuf),
}
