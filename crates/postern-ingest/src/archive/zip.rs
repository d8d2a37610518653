//! Zip archives: by their directory, or header by header where that is lost.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use flate2::Crc;
use memchr::memmem;

use super::{Kept, Listed, read_full};
use crate::source::{Bounded, Budget};

const LOCAL: &[u8] = b"PK\x03\x04";
const DIRECTORY: &[u8] = b"PK\x01\x02";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";

/// The end record and the longest comment after it, and the locator before it.
const TAIL: u64 = 22 + 65_535 + 20;

/// Longer names of members are cut: all are held at once.
const MAX_NAME: usize = 1024;

/// Code page 437 from 0x80 on: names that are not marked as UTF-8.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

pub(super) struct Zip {
    file: File,
    length: u64,
    entries: std::vec::IntoIter<Entry>,
    /// The one listed last.
    current: Option<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    /// Unknown when only the local header is left and it does not say.
    crc: Option<u32>,
    packed: u64,
    /// Offset of the local header.
    offset: u64,
    link: bool,
    /// The archive ends within it.
    cut: bool,
}

/// Little-endian number of two, four or eight bytes; 0 beyond the end.
fn int(bytes: &[u8], at: usize, size: usize) -> u64 {
    let bytes = bytes.get(at..at + size).unwrap_or_default();
    bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

impl Zip {
    /// Lists the members, at most one more than `most`; and says what is wrong with the archive.
    pub(super) fn open(mut file: File, most: u64) -> (Self, Option<String>) {
        let length = file.seek(SeekFrom::End(0)).unwrap_or(0);
        let most = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(1);
        let (entries, problem) = match directory(&mut file, length, most) {
            Ok(entries) => (entries, None),
            Err(why) => {
                let (entries, failure) = local_headers(&mut file, length, most);
                let failure = failure.map(|e| format!("; it cannot be read further: {e}")).unwrap_or_default();
                (entries, Some(format!("{why}; its members were looked for one by one{failure}")))
            }
        };
        (Self { file, length, entries: entries.into_iter(), current: None }, problem)
    }

    pub(super) fn advance(&mut self) -> Option<Listed> {
        let entry = self.entries.next()?;
        let name = entry.name();
        let what = if name.ends_with(['/', '\\']) && entry.packed == 0 {
            Kept::Nothing
        } else if entry.link {
            Kept::Skipped("a link, not followed")
        } else if entry.flags & 1 != 0 || entry.method == 99 {
            Kept::Unreadable("encrypted: unpack it with its password".to_owned())
        } else if let Some(method) = unsupported(entry.method) {
            Kept::Unreadable(format!("compressed with {method}, which is not read: unpack it"))
        } else {
            Kept::File
        };
        self.current = Some(entry);
        Some(Listed { name, what })
    }

    /// The content of the member listed last.
    pub(super) fn content(&mut self, budget: &Arc<Budget>) -> io::Result<Box<dyn Read + Send + '_>> {
        let Some(entry) = self.current.take() else { return Err(damaged("it was read already")) };
        let mut header = [0; 30];
        self.file.seek(SeekFrom::Start(entry.offset))?;
        let got = read_full(&mut self.file, &mut header)?;
        if got < header.len() || !header.starts_with(LOCAL) {
            return Err(damaged("its header is damaged"));
        }
        let start = entry.offset + 30 + int(&header, 26, 2) + int(&header, 28, 2);
        self.file.seek(SeekFrom::Start(start))?;
        let cut = entry.cut || start.saturating_add(entry.packed) > self.length;
        let packed = BufReader::with_capacity(64 << 10, (&self.file).take(entry.packed));
        let plain: Box<dyn Read + Send + '_> = match entry.method {
            8 => Box::new(flate2::bufread::DeflateDecoder::new(packed)),
            20 | 93 => Box::new(zstd::Decoder::with_buffer(packed)?),
            _ => Box::new(packed),
        };
        let checked = Checked { input: plain, crc: Crc::new(), stated: entry.crc, cut };
        Ok(Box::new(Bounded::new(checked, Arc::clone(budget))))
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The name of a compression that is not read here.
fn unsupported(method: u16) -> Option<Cow<'static, str>> {
    let name = match method {
        0 | 8 | 20 | 93 => return None,
        1 => "shrink",
        2..=5 => "reduce",
        6 => "implode",
        9 => "deflate64",
        12 => "bzip2",
        14 => "lzma",
        95 => "xz",
        98 => "ppmd",
        _ => return Some(Cow::Owned(format!("method {method}"))),
    };
    Some(Cow::Borrowed(name))
}

impl Entry {
    fn name(&self) -> String {
        match std::str::from_utf8(&self.name) {
            Ok(name) => name.to_owned(),
            Err(_) if self.flags & 0x800 != 0 => String::from_utf8_lossy(&self.name).into_owned(),
            Err(_) => {
                let high = |b: u8| CP437.chars().nth(usize::from(b & 0x7f)).unwrap_or('\u{fffd}');
                self.name.iter().map(|b| if b.is_ascii() { char::from(*b) } else { high(*b) }).collect()
            }
        }
    }

    /// Takes the sizes and the offset that did not fit into the header from its extra field.
    fn widen(&mut self, mut extra: &[u8], size: u64) {
        while extra.len() >= 4 {
            let (id, length) = (int(extra, 0, 2), int(extra, 2, 2) as usize);
            let body = extra.get(4..4 + length).unwrap_or_default();
            if id == 1 {
                let mut at = if size == 0xFFFF_FFFF { 8 } else { 0 };
                for value in [&mut self.packed, &mut self.offset] {
                    if *value == 0xFFFF_FFFF && body.len() >= at + 8 {
                        *value = int(body, at, 8);
                        at += 8;
                    }
                }
            }
            extra = extra.get(4 + length..).unwrap_or_default();
        }
    }
}

/// The members by the directory at the end. An error says what is wrong with it.
fn directory(file: &mut File, length: u64, most: usize) -> Result<Vec<Entry>, String> {
    let unreadable = |error: io::Error| format!("its directory cannot be read: {}", crate::walk::plain(&error));
    let tail_start = length.saturating_sub(TAIL);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(tail_start)).map_err(unreadable)?;
    file.by_ref().take(TAIL).read_to_end(&mut tail).map_err(unreadable)?;
    let mut search = tail.as_slice();
    let end = loop {
        let Some(at) = memmem::rfind(search, END) else {
            return Err("its directory is missing, so it was cut or damaged".to_owned());
        };
        if at + 22 + int(&tail, at + 20, 2) as usize <= tail.len() {
            break at;
        }
        search = search.get(..at).unwrap_or_default();
    };
    let record = tail.get(end..).unwrap_or_default();
    if !matches!(int(record, 4, 2), 0 | 0xFFFF) {
        return Err("it is one of several parts".to_owned());
    }
    let (mut count, mut offset) = (int(record, 10, 2), int(record, 16, 4));
    let locator = end.checked_sub(20).and_then(|at| tail.get(at..end)).filter(|l| l.starts_with(LOCATOR_64));
    if let Some(locator) = locator {
        let mut wide = [0; 56];
        file.seek(SeekFrom::Start(int(locator, 8, 8))).map_err(unreadable)?;
        let got = read_full(file, &mut wide).map_err(unreadable)?;
        if got < wide.len() || !wide.starts_with(END_64) {
            return Err("its directory is damaged".to_owned());
        }
        (count, offset) = (int(&wide, 32, 8), int(&wide, 48, 8));
    }
    file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
    let mut input = BufReader::with_capacity(64 << 10, file);
    let mut entries = Vec::new();
    while (entries.len() as u64) < count && entries.len() < most {
        let mut header = [0; 46];
        let got = read_full(&mut input, &mut header).map_err(unreadable)?;
        if got < header.len() || !header.starts_with(DIRECTORY) {
            return Err("its directory is damaged".to_owned());
        }
        let (name_length, extra_length) = (int(&header, 28, 2) as usize, int(&header, 30, 2) as usize);
        let mut rest = vec![0; name_length + extra_length + int(&header, 32, 2) as usize];
        let got = read_full(&mut input, &mut rest).map_err(unreadable)?;
        if got < rest.len() {
            return Err("its directory is damaged".to_owned());
        }
        // The upper half of the attributes is a Unix mode when Unix or macOS made the archive.
        let unix = matches!(int(&header, 5, 1), 3 | 19);
        let mut entry = Entry {
            name: rest.get(..name_length.min(MAX_NAME)).unwrap_or_default().to_vec(),
            flags: int(&header, 8, 2) as u16,
            method: int(&header, 10, 2) as u16,
            crc: Some(int(&header, 16, 4) as u32),
            packed: int(&header, 20, 4),
            offset: int(&header, 42, 4),
            link: unix && (int(&header, 38, 4) >> 16) & 0o170_000 == 0o120_000,
            cut: false,
        };
        entry.widen(rest.get(name_length..name_length + extra_length).unwrap_or_default(), int(&header, 24, 4));
        entries.push(entry);
    }
    Ok(entries)
}

/// The members by their own headers, from the beginning on.
fn local_headers(file: &mut File, length: u64, most: usize) -> (Vec<Entry>, Option<io::Error>) {
    let mut entries = Vec::new();
    let failure = (|| -> io::Result<()> {
        let mut at = 0;
        while entries.len() < most
            && let Some((found, LOCAL)) = next_signature(file, at, &[LOCAL])?
        {
            let mut header = [0; 30];
            file.seek(SeekFrom::Start(found))?;
            if read_full(file, &mut header)? < header.len() {
                break;
            }
            let (name_length, extra_length) = (int(&header, 26, 2) as usize, int(&header, 28, 2) as usize);
            let mut rest = vec![0; name_length + extra_length];
            if read_full(file, &mut rest)? < rest.len() {
                break;
            }
            let flags = int(&header, 6, 2) as u16;
            let mut entry = Entry {
                name: rest.get(..name_length.min(MAX_NAME)).unwrap_or_default().to_vec(),
                flags,
                method: int(&header, 8, 2) as u16,
                crc: Some(int(&header, 14, 4) as u32),
                packed: int(&header, 18, 4),
                offset: found,
                link: false,
                cut: false,
            };
            entry.widen(rest.get(name_length..).unwrap_or_default(), int(&header, 22, 4));
            entry.offset = found;
            let start = found + 30 + rest.len() as u64;
            // The sizes may stand behind the content only.
            if flags & 8 != 0 && entry.packed == 0 {
                let next = next_signature(file, start, &[DESCRIPTOR, LOCAL, DIRECTORY])?;
                entry.cut = next.is_none();
                let end = next.map_or(length, |(at, _)| at);
                entry.packed = end - start;
                entry.crc = None;
                if let Some((at, DESCRIPTOR)) = next {
                    let mut descriptor = [0; 8];
                    file.seek(SeekFrom::Start(at))?;
                    read_full(file, &mut descriptor)?;
                    entry.crc = Some(int(&descriptor, 4, 4) as u32);
                }
            }
            at = start.saturating_add(entry.packed);
            entries.push(entry);
        }
        Ok(())
    })();
    (entries, failure.err())
}

/// The first of the signatures at or after an offset.
fn next_signature<'s>(file: &mut File, from: u64, signatures: &[&'s [u8]]) -> io::Result<Option<(u64, &'s [u8])>> {
    let mut at = from;
    let mut block = vec![0; 64 << 10];
    loop {
        file.seek(SeekFrom::Start(at))?;
        let got = read_full(file, &mut block)?;
        let bytes = block.get(..got).unwrap_or_default();
        for found in memmem::find_iter(bytes, b"PK") {
            let here = bytes.get(found..).unwrap_or_default();
            if let Some(signature) = signatures.iter().find(|s| here.starts_with(s)) {
                return Ok(Some((at + found as u64, signature)));
            }
        }
        if got < block.len() {
            return Ok(None);
        }
        // A signature may lie across two blocks.
        at += got as u64 - 3;
    }
}

/// Compares the checksum at the end.
struct Checked<R> {
    input: R,
    crc: Crc,
    stated: Option<u32>,
    cut: bool,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.input.read(buffer) {
            Err(_) if self.cut => 0,
            result => result?,
        };
        self.crc.update(buffer.get(..count).unwrap_or_default());
        if count == 0 && !buffer.is_empty() {
            if self.cut {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends within it"));
            }
            if self.stated.is_some_and(|crc| crc != self.crc.sum()) {
                return Err(damaged("its checksum is wrong: the archive is damaged"));
            }
        }
        Ok(count)
    }
}
