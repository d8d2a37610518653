//! From a file on disk to a stream of UTF-8: containers, encodings, bounded expansion, digest.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE};
use sha2::{Digest, Sha256};

use crate::archive::{self, Archive};
use crate::clixml::{self, Clixml};

/// A head of this many bytes is parsed at first.
pub(crate) const FIRST_HEAD: usize = 256 << 10;

/// A head of more bytes than this is not read to recognise a file.
pub(crate) const LARGEST_HEAD: usize = 16 << 20;

/// The beginning of a file that shows what it is.
const SIGNATURE: usize = 512;

/// Members that are read of one file on disk, archives within archives together.
const MAX_MEMBERS: u64 = 100_000;

/// What compressed input may expand to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Expanded bytes of one file on disk, members of archives together.
    pub expanded_bytes: u64,
    /// Expanded bytes for each byte of the file on disk, once 64 MiB have been expanded.
    pub expansion_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { expanded_bytes: 64 << 30, expansion_ratio: 1000 }
    }
}

/// What one file on disk and all that comes out of it may still expand to.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    /// Bytes on disk.
    size: u64,
    ratio: AtomicU64,
    expanded: AtomicU64,
    members: AtomicU64,
}

impl Budget {
    /// For a file of this size.
    pub(crate) fn new(limits: Limits, size: u64) -> Arc<Self> {
        Arc::new(Self {
            limits,
            size: size.max(1),
            ratio: AtomicU64::new(limits.expansion_ratio),
            expanded: AtomicU64::new(0),
            members: AtomicU64::new(0),
        })
    }

    /// Lowers the ratio for what follows.
    fn tighten(&self, ratio: u64) {
        self.ratio.fetch_min(ratio, Ordering::Relaxed);
    }

    /// Counts expanded bytes; an error when they are too many.
    fn spend(&self, count: u64) -> io::Result<()> {
        let expanded = self.expanded.fetch_add(count, Ordering::Relaxed) + count;
        let ratio = self.ratio.load(Ordering::Relaxed);
        let reason = if expanded > self.limits.expanded_bytes {
            format!("it expands to more than {} bytes", self.limits.expanded_bytes)
        } else if expanded > 64 << 20 && expanded / self.size > ratio {
            format!("it expands more than {ratio} times")
        } else {
            return Ok(());
        };
        Err(io::Error::new(io::ErrorKind::QuotaExceeded, reason))
    }

    /// Counts a member; false when there are too many.
    pub(crate) fn one_more_member(&self) -> bool {
        self.members.fetch_add(1, Ordering::Relaxed) < MAX_MEMBERS
    }

    /// Members that may still come.
    pub(crate) fn members_left(&self) -> u64 {
        MAX_MEMBERS.saturating_sub(self.members.load(Ordering::Relaxed))
    }
}

/// A file to be opened: one on disk, or an unpacked member of an archive.
pub(crate) struct Input {
    /// Positioned at its beginning.
    pub(crate) file: File,
    /// The containers it came out of, the outermost first.
    pub(crate) containers: Vec<&'static str>,
    pub(crate) budget: Arc<Budget>,
    /// Why there is not more of it.
    pub(crate) failure: Option<io::Error>,
    /// Where archives that cannot be read as a stream are unpacked.
    pub(crate) spool_folder: PathBuf,
    /// Told how many bytes were read.
    pub(crate) on_bytes: Box<dyn FnMut(u64) + Send>,
}

/// What a file turned out to be.
pub(crate) enum Content {
    /// Text to cut into records.
    Text(Source),
    /// An archive of files.
    Archive(Archive),
}

/// A file opened for reading: its beginning and all of it as UTF-8.
pub(crate) struct Source {
    /// Encoding and containers, for the account.
    pub(crate) encoding: String,
    /// The decoded beginning.
    pub(crate) head: Vec<u8>,
    /// True when `head` is all there is.
    pub(crate) whole: bool,
    /// What comes after `head`.
    rest: Box<dyn Read + Send>,
    /// Why reading stopped within the head.
    failure: Option<io::Error>,
}

impl Source {
    /// Opens a file. An error is about the file as a whole: it cannot be read, or is a container we do not open.
    pub(crate) fn open(input: Input) -> io::Result<Content> {
        let Input { file, containers, budget, failure: cut, spool_folder, on_bytes } = input;
        let seekable = file.try_clone()?;
        let cut_short = cut.as_ref().map(ToString::to_string);
        let counted = BufReader::with_capacity(256 << 10, Counted { input: file, on_bytes });
        let mut input: Box<dyn Read + Send> = Box::new(counted.chain(Failing(cut)));
        let mut names = containers;
        let mut layers = 0;
        // Compressed files within compressed files are opened twice at most.
        let first = loop {
            let (first, failure) = read_head(&mut input, SIGNATURE);
            input = match failure {
                Some(error) if first.is_empty() => return Err(error),
                Some(error) => Box::new(Cursor::new(first.clone()).chain(Failing(Some(error)))),
                None => Box::new(Cursor::new(first.clone()).chain(input)),
            };
            if layers == 2 {
                break first;
            }
            if first.starts_with(b"\x28\xB5\x2F\xFD") {
                names.push("zstd");
                input = Box::new(zstd::Decoder::new(input)?);
            } else if first.starts_with(b"\x1f\x8b") {
                names.push("gzip");
                input = Box::new(flate2::read::MultiGzDecoder::new(input));
            } else {
                break first;
            }
            layers += 1;
            input = Box::new(Bounded::new(input, Arc::clone(&budget)));
        };
        if [&b"PK\x03\x04"[..], b"PK\x05\x06"].iter().any(|magic| first.starts_with(magic)) {
            budget.tighten(archive::MEMBERS_RATIO);
            let (file, cut) = if layers == 0 {
                (seekable, cut_short.map(io::Error::other))
            } else {
                let spooled = archive::spool(&mut input, &spool_folder)?;
                (spooled.file, spooled.failure)
            };
            return Ok(Content::Archive(Archive::zip(file, names, budget, cut.as_ref())));
        }
        if first.starts_with(b"7z\xBC\xAF\x27\x1C") {
            budget.tighten(archive::MEMBERS_RATIO);
            let file = if layers == 0 { seekable } else { archive::spool(&mut input, &spool_folder)?.file };
            return Ok(Content::Archive(Archive::seven_zip(file, names, budget)));
        }
        if archive::begins_tar(&first) {
            budget.tighten(archive::MEMBERS_RATIO);
            return Ok(Content::Archive(Archive::tar(input, names, budget)));
        }
        for (magic, name) in
            [(&b"Rar!\x1a\x07"[..], "rar archive"), (b"BZh", "bzip2 file"), (b"\xFD7zXZ\x00", "xz file")]
        {
            if first.starts_with(magic) {
                let reason = format!("a {name}, which is not opened: unpack it and name the folder");
                return Err(io::Error::new(io::ErrorKind::Unsupported, reason));
            }
        }
        let (start, failure) = read_head(&mut input, 4096);
        let (encoding, mark) = sniff_encoding(&start);
        let body = Cursor::new(start.get(mark..).unwrap_or_default().to_vec());
        let body = body.chain(Failing(failure)).chain(input);
        let mut rest: Box<dyn Read + Send> = match encoding {
            "utf-16le" => Utf16::boxed(Box::new(body), UTF_16LE),
            "utf-16be" => Utf16::boxed(Box::new(body), UTF_16BE),
            _ => Box::new(body),
        };
        names.insert(0, encoding);
        let (start, failure) = read_head(&mut rest, SIGNATURE);
        let clixml = clixml::begins(&start);
        rest = Box::new(Cursor::new(start).chain(Failing(failure)).chain(rest));
        if clixml {
            names.push("clixml");
            rest = Box::new(Clixml::new(rest));
        }
        let (mut head, failure) = read_head(&mut rest, FIRST_HEAD);
        if ends_lines_with_carriage_returns(&head) {
            newlines(&mut head);
            rest = Box::new(CarriageReturns(rest));
        }
        let whole = head.len() < FIRST_HEAD && failure.is_none();
        Ok(Content::Text(Self { encoding: names.join(", "), head, whole, rest, failure }))
    }

    /// Reads more of the head; false when it is as large as it may be.
    pub(crate) fn widen_head(&mut self) -> bool {
        if self.whole || self.failure.is_some() || self.head.len() >= LARGEST_HEAD {
            self.whole |= self.failure.is_some();
            return false;
        }
        let want = self.head.len() * 3;
        let (more, failure) = read_head(&mut self.rest, want);
        self.whole = more.len() < want && failure.is_none();
        self.head.extend(more);
        self.failure = failure;
        true
    }

    /// All of the decoded file, from its beginning.
    pub(crate) fn into_reader(self) -> Box<dyn Read + Send> {
        let head = Cursor::new(self.head);
        match self.failure {
            Some(error) => Box::new(head.chain(Failing(Some(error)))),
            None => Box::new(head.chain(self.rest)),
        }
    }
}

/// The lower-case hexadecimal SHA-256 of a file.
pub(crate) fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hexadecimal(&hasher.finalize()))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(u32::from(half), 16)).collect()
}

fn read_head(input: &mut dyn Read, size: usize) -> (Vec<u8>, Option<io::Error>) {
    let mut bytes = Vec::new();
    let failure = input.take(size as u64).read_to_end(&mut bytes).err();
    (bytes, failure)
}

/// The encoding by byte order mark, or by where the zero bytes are; and the length of the mark.
fn sniff_encoding(start: &[u8]) -> (&'static str, usize) {
    if start.starts_with(b"\xEF\xBB\xBF") {
        return ("utf-8", 3);
    }
    if start.starts_with(b"\xFF\xFE") {
        return ("utf-16le", 2);
    }
    if start.starts_with(b"\xFE\xFF") {
        return ("utf-16be", 2);
    }
    let zeros = |odd: usize| start.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let half = start.len() / 2;
    if half >= 4 && zeros(1) * 10 > half * 8 && zeros(0) * 10 < half {
        return ("utf-16le", 0);
    }
    if half >= 4 && zeros(0) * 10 > half * 8 && zeros(1) * 10 < half {
        return ("utf-16be", 0);
    }
    ("utf-8", 0)
}

/// Whether lines end as on old Macs, which some spreadsheets still offer: a text with carriage returns and no line feed.
/// A carriage return at the very end may have its line feed behind it.
fn ends_lines_with_carriage_returns(head: &[u8]) -> bool {
    let before_last = head.get(..head.len().saturating_sub(1)).unwrap_or_default();
    before_last.contains(&b'\r') && !head.contains(&b'\n') && !head.contains(&0)
}

/// Makes every carriage return a line feed.
fn newlines(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
}

/// A text whose lines end with carriage returns, with line feeds instead.
struct CarriageReturns(Box<dyn Read + Send>);

impl Read for CarriageReturns {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        newlines(buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}

struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Tells of bytes taken from the disk.
struct Counted {
    input: File,
    on_bytes: Box<dyn FnMut(u64) + Send>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        (self.on_bytes)(count as u64);
        Ok(count)
    }
}

/// Refuses to expand beyond the budget.
pub(crate) struct Bounded<R> {
    input: R,
    budget: Arc<Budget>,
}

impl<R: Read> Bounded<R> {
    pub(crate) fn new(input: R, budget: Arc<Budget>) -> Self {
        Self { input, budget }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.budget.spend(count as u64)?;
        Ok(count)
    }
}

/// UTF-16 to UTF-8; what is not UTF-16 becomes U+FFFD.
struct Utf16 {
    input: Box<dyn Read + Send>,
    decoder: Decoder,
    /// Decoded bytes not yet handed out.
    decoded: Cursor<Vec<u8>>,
    ended: bool,
}

impl Utf16 {
    fn boxed(input: Box<dyn Read + Send>, encoding: &'static Encoding) -> Box<dyn Read + Send> {
        let decoder = encoding.new_decoder_without_bom_handling();
        Box::new(Self { input, decoder, decoded: Cursor::new(Vec::new()), ended: false })
    }
}

impl Read for Utf16 {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.decoded.read(buffer)?;
            if count > 0 || self.ended || buffer.is_empty() {
                return Ok(count);
            }
            let mut block = vec![0; 64 << 10];
            let count = self.input.read(&mut block)?;
            block.truncate(count);
            self.ended = count == 0;
            let room = self.decoder.max_utf8_buffer_length(count).unwrap_or(4 * count + 16);
            let mut text = String::with_capacity(room);
            let _ = self.decoder.decode_to_string(&block, &mut text, self.ended);
            // At the end this may still be something; it is handed out before the end is told.
            self.decoded = Cursor::new(text.into_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn input(file: &tempfile::NamedTempFile, limits: Limits) -> Input {
        let size = file.as_file().metadata().unwrap().len();
        Input {
            file: file.reopen().unwrap(),
            containers: Vec::new(),
            budget: Budget::new(limits, size),
            failure: None,
            spool_folder: std::env::temp_dir(),
            on_bytes: Box::new(|_| {}),
        }
    }

    fn read(bytes: &[u8], limits: Limits) -> (String, io::Result<String>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let source = match Source::open(input(&file, limits)) {
            Ok(Content::Text(source)) => source,
            Ok(Content::Archive(archive)) => return (archive.kind().to_owned(), Ok(String::new())),
            Err(error) => return (String::new(), Err(error)),
        };
        let encoding = source.encoding.clone();
        let mut text = String::new();
        let result = source.into_reader().read_to_string(&mut text).map(|_| text);
        (encoding, result)
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
    }

    #[test]
    fn reads_every_encoding_and_container() {
        let text = "A,é,\u{1F600}\r\nsecond line\r\n".repeat(20_000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
        for (bytes, encoding) in [
            (text.clone().into_bytes(), "utf-8"),
            (["\u{feff}", &text].concat().into_bytes(), "utf-8"),
            (utf16(&["\u{feff}", &text].concat(), true), "utf-16le"),
            (utf16(&["\u{feff}", &text].concat(), false), "utf-16be"),
            (gzip.finish().unwrap(), "utf-8, gzip"),
            (zstd.clone(), "utf-8, zstd"),
            (zstd::encode_all(&utf16(&["\u{feff}", &text].concat(), true)[..], 1).unwrap(), "utf-16le, zstd"),
        ] {
            let (found, read) = read(&bytes, Limits::default());
            assert_eq!(found, encoding);
            assert_eq!(read.unwrap(), text, "{encoding}");
        }
        assert_eq!(read(&utf16("plain text without a mark", true), Limits::default()).0, "utf-16le");
    }

    #[test]
    fn lines_that_end_with_carriage_returns_are_lines() {
        let text = "A,\u{e9}\nsecond line\n".repeat(50_000);
        let old = text.replace('\n', "\r");
        assert_eq!(read(old.as_bytes(), Limits::default()).1.unwrap(), text);
        assert_eq!(read(&utf16(&old, true), Limits::default()).1.unwrap(), text);
        // A carriage return within lines that end with line feeds is no line's end.
        for kept in ["a\rb\nc\n", "one line\r\n", "one line\r"] {
            assert_eq!(read(kept.as_bytes(), Limits::default()).1.unwrap(), kept);
        }
    }

    #[test]
    fn refuses_what_expands_without_bound() {
        let bomb = zstd::encode_all(io::repeat(b' ').take(100 << 20), 1).unwrap();
        let error = read(&bomb, Limits::default()).1.unwrap_err();
        assert!(error.to_string().contains("expands more than 1000 times"), "{error}");
        let limits = Limits { expanded_bytes: 1000, expansion_ratio: 1000 };
        let error = read(&zstd::encode_all(&[7; 5000][..], 1).unwrap(), limits).1.unwrap_err();
        assert!(error.to_string().contains("more than 1000 bytes"), "{error}");
    }

    #[test]
    fn a_cut_archive_gives_what_it_holds_and_then_an_error() {
        let whole = zstd::encode_all(&b"line\n".repeat(100_000)[..], 1).unwrap();
        assert!(read(&whole[..whole.len() - 10], Limits::default()).1.is_err());
    }

    #[test]
    fn names_archives_it_does_not_open() {
        assert_eq!(read(b"PK\x03\x04rest", Limits::default()).0, "zip");
        assert_eq!(read(b"7z\xBC\xAF\x27\x1C rest", Limits::default()).0, "7z");
        for (bytes, name) in [(&b"Rar!\x1a\x07"[..], "a rar archive"), (b"BZh91AY", "a bzip2 file")] {
            let error = read(bytes, Limits::default()).1.unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
