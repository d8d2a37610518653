//! Archives: zip, tar and 7z, opened by content, each member read as a file of its own.
//!
//! A member is unpacked to a nameless file in the folder of the store, read from there like any other file, and gone
//! with it. Its name is shown and never used as a path. What all members of one file on disk expand to together is
//! bounded by one [`Budget`].

mod sevenzip;
mod tar;
mod zip;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use self::sevenzip::SevenZip;
use self::tar::Tar;
pub(crate) use self::tar::begins as begins_tar;
use self::zip::Zip;
use crate::source::{Budget, hexadecimal};

/// Archives within archives are opened up to this depth.
pub(crate) const MAX_NESTING: usize = 3;

/// How many times larger than the file on disk the members of an archive may be, once 64 MiB have been expanded.
/// Members lie on disk while they are read, so this is stricter than for a stream; exports shrink 10 to 50 times.
pub(crate) const MEMBERS_RATIO: u64 = 250;

/// An archive that has been opened.
pub(crate) struct Archive {
    kind: Kind,
    /// The containers that members come out of, the outermost first.
    pub(crate) containers: Vec<&'static str>,
    /// Shared with all that comes out of the same file on disk.
    pub(crate) budget: Arc<Budget>,
    /// Why not everything could be read.
    problem: Option<String>,
    ended: bool,
}

enum Kind {
    Zip(Zip),
    Tar(Tar),
    SevenZip(SevenZip),
}

/// One member of an archive.
pub(crate) struct Member {
    /// Its name, fit to stand behind the archive's path; not fit for a terminal.
    pub(crate) name: String,
    pub(crate) what: What,
}

/// What became of a member.
pub(crate) enum What {
    /// It was unpacked.
    Content(Spooled),
    /// It is passed over, and why.
    Skipped(String),
    /// It cannot be read, and why.
    Unreadable(String),
}

/// Content in a nameless file.
pub(crate) struct Spooled {
    /// Positioned at its beginning.
    pub(crate) file: File,
    pub(crate) size: u64,
    /// SHA-256 of the content.
    pub(crate) digest: String,
    /// Why there is not more of it.
    pub(crate) failure: Option<io::Error>,
}

/// A member as the archive lists it.
struct Listed {
    name: String,
    what: Kept,
}

enum Kept {
    /// A file whose content can be read now.
    File,
    /// A folder and the like: nothing to account for.
    Nothing,
    Skipped(&'static str),
    Unreadable(String),
}

impl Archive {
    /// A zip archive. `cut`: the file it lies in could not be unpacked whole.
    pub(crate) fn zip(
        file: File,
        mut containers: Vec<&'static str>,
        budget: Arc<Budget>,
        cut: Option<&io::Error>,
    ) -> Self {
        containers.push("zip");
        let (zip, mut problem) = Zip::open(file, budget.members_left());
        if let Some(error) = cut {
            problem = Some(format!("it could not be unpacked whole: {error}"));
        }
        Self { kind: Kind::Zip(zip), containers, budget, problem, ended: false }
    }

    /// A tar archive.
    pub(crate) fn tar(input: Box<dyn Read + Send>, mut containers: Vec<&'static str>, budget: Arc<Budget>) -> Self {
        containers.push("tar");
        Self { kind: Kind::Tar(Tar::new(input)), containers, budget, problem: None, ended: false }
    }

    /// A 7z archive.
    pub(crate) fn seven_zip(file: File, mut containers: Vec<&'static str>, budget: Arc<Budget>) -> Self {
        containers.push("7z");
        let kind = Kind::SevenZip(SevenZip::new(file, Arc::clone(&budget)));
        Self { kind, containers, budget, problem: None, ended: false }
    }

    /// What kind of archive it is, for a sentence.
    pub(crate) fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Zip(_) => "zip",
            Kind::Tar(_) => "tar",
            Kind::SevenZip(_) => "7z",
        }
    }

    /// Why not everything could be read, known after the last member.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The next member, unpacked to a nameless file in the folder. Never fails: what is wrong is said of the member,
    /// or in [`Archive::problem`].
    pub(crate) fn next_member(&mut self, spool_folder: &Path) -> Option<Member> {
        while !self.ended {
            let listed = match &mut self.kind {
                Kind::Zip(zip) => zip.advance(),
                Kind::Tar(tar) => tar.advance(&mut self.problem),
                Kind::SevenZip(archive) => archive.advance(spool_folder, &mut self.problem),
            };
            let Some(listed) = listed else { break };
            if matches!(listed.what, Kept::Nothing) {
                continue;
            }
            if !self.budget.one_more_member() {
                self.problem = Some("it has too many members: the rest is not read".to_owned());
                break;
            }
            return Some(self.member(listed, spool_folder));
        }
        self.ended = true;
        None
    }

    fn member(&mut self, listed: Listed, spool_folder: &Path) -> Member {
        let (name, place) = place(&listed.name);
        let what = match (place, listed.what) {
            (Place::Outside, _) => What::Unreadable("its name leads out of the archive: it is not read".to_owned()),
            (_, Kept::Skipped(why)) => What::Skipped(why.to_owned()),
            (Place::Hidden, _) => What::Skipped("hidden, not read".to_owned()),
            (_, Kept::Unreadable(why)) => What::Unreadable(why),
            (_, Kept::Nothing | Kept::File) => self.unpack(spool_folder),
        };
        Member { name, what }
    }

    fn unpack(&mut self, spool_folder: &Path) -> What {
        let spooled = match &mut self.kind {
            Kind::Zip(zip) => zip.content(&self.budget).and_then(|mut input| spool(&mut input, spool_folder)),
            Kind::Tar(tar) => spool(&mut tar.content(), spool_folder),
            Kind::SevenZip(archive) => archive.content(),
        };
        match spooled {
            Ok(Spooled { failure: Some(error), .. }) if error.kind() == io::ErrorKind::QuotaExceeded => {
                self.ended = true;
                self.problem = Some(format!("{error}: the rest is not read"));
                What::Unreadable(error.to_string())
            }
            Ok(Spooled { failure: Some(error), size: 0, .. }) => What::Unreadable(crate::walk::plain(&error)),
            Ok(spooled) => What::Content(spooled),
            Err(error) => What::Unreadable(crate::walk::plain(&error)),
        }
    }
}

/// Copies an input to a nameless file. A failure to read is part of the result, a failure to write is an error.
pub(crate) fn spool(input: &mut dyn Read, folder: &Path) -> io::Result<Spooled> {
    let mut file = tempfile::tempfile_in(folder)?;
    let (mut hasher, mut size, mut failure) = (Sha256::new(), 0, None);
    let mut buffer = vec![0; 256 << 10];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default();
                hasher.update(bytes);
                file.write_all(bytes)?;
                size += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    io::Seek::rewind(&mut file)?;
    Ok(Spooled { file, size, digest: hexadecimal(&hasher.finalize()), failure })
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    Inside,
    Hidden,
    /// The name is absolute, climbs out, or is no name.
    Outside,
}

/// Where a member's name leads, and the name without what has no meaning in it. Both slashes divide folders: old
/// versions of PowerShell wrote backslashes.
fn place(name: &str) -> (String, Place) {
    let name = name.replace('\\', "/");
    let drive = matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if drive || name.starts_with('/') || parts.is_empty() || parts.contains(&"..") {
        return (name, Place::Outside);
    }
    let hidden = parts.iter().any(|part| part.starts_with('.') || *part == "__MACOSX");
    (parts.join("/"), if hidden { Place::Hidden } else { Place::Inside })
}

/// Reads until the buffer is full or the input ends; how much was read.
fn read_full(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
