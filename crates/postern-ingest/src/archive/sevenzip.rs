//! 7z archives, read by `sevenz-rust2`.
//!
//! That crate hands members to a closure, block by block, since one compressed stream may hold many of them. A thread
//! of its own runs it and hands over one unpacked member at a time. The directory stands at the end of the file, and
//! nothing in the content marks where a member begins: without its end a 7z archive gives nothing.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, Error, Password};

use super::{Kept, Listed, Place, Spooled, place, spool};
use crate::source::{Bounded, Budget};

/// Memory for the directory, and for the dictionary of a decoder. The largest setting of common tools needs 256 MiB.
const MEMORY_KIB: usize = 384 << 10;

pub(super) struct SevenZip {
    waiting: Option<(File, Arc<Budget>)>,
    running: Option<(Receiver<Sent>, JoinHandle<Option<String>>)>,
    /// The content of the member listed last.
    current: Option<io::Result<Spooled>>,
}

/// A member, and its content if it is a file.
type Sent = (Listed, Option<io::Result<Spooled>>);

impl SevenZip {
    pub(super) fn new(file: File, budget: Arc<Budget>) -> Self {
        Self { waiting: Some((file, budget)), running: None, current: None }
    }

    /// The next member, unpacked already. What is wrong with the archive is its problem.
    pub(super) fn advance(&mut self, folder: &Path, problem: &mut Option<String>) -> Option<Listed> {
        if let Some((file, budget)) = self.waiting.take() {
            let (sender, receiver) = sync_channel(0);
            let mut unpacking = Unpacking { sender, budget, folder: folder.to_owned(), stopped: false, exceeded: None };
            let thread = std::thread::Builder::new().name("7z".to_owned()).spawn(move || unpacking.all(file));
            match thread {
                Ok(thread) => self.running = Some((receiver, thread)),
                Err(error) => *problem = Some(crate::walk::plain(&error)),
            }
        }
        let (receiver, _) = self.running.as_ref()?;
        if let Ok((listed, content)) = receiver.recv() {
            self.current = content;
            return Some(listed);
        }
        let (_, thread) = self.running.take()?;
        match thread.join() {
            Ok(None) => {}
            Ok(Some(why)) => *problem = Some(why),
            Err(_) => *problem = Some("it is damaged in a way that cannot be read past".to_owned()),
        }
        None
    }

    /// The content of the member that was listed last.
    pub(super) fn content(&mut self) -> io::Result<Spooled> {
        let taken = || Err(io::Error::new(io::ErrorKind::InvalidData, "it was read already"));
        self.current.take().unwrap_or_else(taken)
    }
}

impl Drop for SevenZip {
    fn drop(&mut self) {
        if let Some((receiver, thread)) = self.running.take() {
            // Tells the thread that nobody wants more; it is waited for, as every thread of the program.
            drop(receiver);
            let _ = thread.join();
        }
    }
}

struct Unpacking {
    sender: SyncSender<Sent>,
    budget: Arc<Budget>,
    folder: PathBuf,
    /// Nobody wants more, or it expands too far.
    stopped: bool,
    /// By what it expands too far, where no member can tell.
    exceeded: Option<String>,
}

impl Unpacking {
    /// Hands over all members; what is wrong with the archive.
    fn all(&mut self, file: File) -> Option<String> {
        let mut file = BufReader::with_capacity(64 << 10, file);
        let password = Password::empty();
        let archive = match Archive::read_with_memory_limit(&mut file, &password, MEMORY_KIB) {
            Ok(archive) => archive,
            Err(error) => return Some(reason(&error, "its directory")),
        };
        let mut problem = None;
        for block in 0..archive.blocks.len() {
            let first = archive.stream_map.block_first_file_index.get(block).copied().unwrap_or_default();
            let decoder = BlockDecoder::new_with_memory_limit(1, MEMORY_KIB, block, &archive, &password, &mut file);
            let end = first.saturating_add(decoder.entry_count());
            let entries = archive.files.get(first..end).unwrap_or_default();
            let encrypted = (first..end).any(|index| archive.is_file_encrypted(index));
            let mut met = 0;
            let mut why = "encrypted: unpack it with its password".to_owned();
            if !encrypted {
                let outcome = decoder.for_each_entries(&mut |entry, input| {
                    met += 1;
                    Ok(self.member(entry, input))
                });
                match outcome {
                    Ok(_) => "what stands before it in the archive is damaged".clone_into(&mut why),
                    Err(error) => {
                        why = reason(&error, "a part of it");
                        problem = Some(why.clone());
                    }
                }
            }
            if self.stopped {
                return self.exceeded.take().or(problem);
            }
            // Members of a block after a damaged place cannot be unpacked.
            for entry in entries.iter().skip(met) {
                self.send(entry, Kept::Unreadable(why.clone()), None);
            }
        }
        for (entry, block) in archive.files.iter().zip(&archive.stream_map.file_block_index) {
            if block.is_none() && !self.stopped {
                self.member(entry, &mut io::empty());
            }
        }
        self.exceeded.take().or(problem)
    }

    /// Hands over one member; false when the rest of its block cannot or need not be read.
    fn member(&mut self, entry: &ArchiveEntry, input: &mut dyn Read) -> bool {
        let mut input = Bounded::new(Worded(input), Arc::clone(&self.budget));
        // The upper half of the attributes is a Unix mode when this bit is set.
        let unix = entry.has_windows_attributes && entry.windows_attributes & 0x8000 != 0;
        let link = unix && (entry.windows_attributes >> 16) & 0o170_000 == 0o120_000;
        let kept = match place(&entry.name).1 {
            _ if entry.is_directory => Kept::Nothing,
            _ if entry.is_anti_item => Kept::Nothing,
            _ if link => Kept::Skipped("a link, not followed"),
            Place::Inside => Kept::File,
            Place::Hidden | Place::Outside => Kept::Nothing,
        };
        if matches!(kept, Kept::File) {
            let content = spool(&mut input, &self.folder);
            let whole = matches!(&content, Ok(Spooled { failure: None, .. }));
            return self.send(entry, kept, Some(content)) && whole;
        }
        let kept = if entry.is_directory || entry.is_anti_item || link { kept } else { Kept::File };
        // What is passed over is unpacked too, as the members behind it need it, and within the same bounds.
        match io::copy(&mut input, &mut io::sink()) {
            Ok(_) => self.send(entry, kept, None),
            Err(error) => {
                if error.kind() == io::ErrorKind::QuotaExceeded {
                    self.exceeded = Some(format!("{error}: the rest is not read"));
                    self.stopped = true;
                    return false;
                }
                self.send(entry, Kept::Unreadable(crate::walk::plain(&error)), None);
                false
            }
        }
    }

    fn send(&mut self, entry: &ArchiveEntry, what: Kept, content: Option<io::Result<Spooled>>) -> bool {
        let listed = Listed { name: entry.name.clone(), what };
        self.stopped |= self.sender.send((listed, content)).is_err();
        !self.stopped
    }
}

/// Says of a wrong checksum what it means.
struct Worded<R>(R);

impl<R: Read> Read for Worded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            if error.to_string().contains("ChecksumVerificationFailed") {
                io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong: the archive is damaged")
            } else {
                error
            }
        })
    }
}

/// What is wrong, for a person.
fn reason(error: &Error, what: &str) -> String {
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => {
            format!("{what} is encrypted: unpack it with its password")
        }
        Error::UnsupportedCompressionMethod(method) if method.contains("AES") => {
            format!("{what} is encrypted: unpack it with its password")
        }
        Error::UnsupportedCompressionMethod(method) => {
            format!("{what} is compressed with {}, which is not read: unpack it", crate::head::shown(method, 40))
        }
        Error::MaxMemLimited { .. } => format!("{what} needs more memory to unpack than is given to it"),
        _ => format!("{what} is missing or damaged, so the archive was cut or damaged"),
    }
}
