//! Tar archives: old, POSIX and GNU headers, read as a stream.

use std::io::{self, Read};

use super::{Kept, Listed, read_full};

const BLOCK: usize = 512;

/// A name, or the attributes of one member, of more bytes than this is damage or malice.
const MAX_ATTRIBUTES: u64 = 1 << 20;

pub(super) struct Tar {
    input: Box<dyn Read + Send>,
    /// Bytes of the member's content that were not read yet.
    left: u64,
    /// Bytes that fill its last block.
    padding: u64,
    /// Name from a GNU header before the member's own.
    long_name: Option<Vec<u8>>,
    attributes: Attributes,
    /// A block of zeros was seen.
    marked_end: bool,
}

/// What a POSIX header says of the member after it.
#[derive(Default)]
struct Attributes {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

/// True when these bytes begin a tar archive: a header whose checksum is right.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.len() >= BLOCK && bytes.first().is_some_and(|b| *b != 0) && checksum_fits(bytes)
}

fn field(header: &[u8], from: usize, size: usize) -> &[u8] {
    header.get(from..from + size).unwrap_or_default()
}

fn text_field(header: &[u8], from: usize, size: usize) -> &[u8] {
    let field = field(header, from, size);
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in binary when its first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field.first().is_some_and(|b| b & 0x80 != 0) {
        let high = field.len().saturating_sub(8);
        let zeros = field.get(1..high).unwrap_or_default().iter().all(|b| *b == 0);
        let low = field.get(high..)?.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
        return (zeros && field.first() == Some(&0x80)).then_some(low);
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if text.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(text, 8).ok()
}

fn checksum_fits(header: &[u8]) -> bool {
    let Some(stated) = number(field(header, 148, 8)) else { return false };
    let bytes = header.iter().take(BLOCK).enumerate().map(|(at, b)| if (148..156).contains(&at) { b' ' } else { *b });
    let (unsigned, signed) = bytes.fold((0_u64, 0_i64), |(u, s), b| (u + u64::from(b), s + i64::from(b.cast_signed())));
    stated == unsigned || i64::try_from(stated) == Ok(signed)
}

impl Tar {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, left: 0, padding: 0, long_name: None, attributes: Attributes::default(), marked_end: false }
    }

    /// The content of the member that was listed last.
    pub(super) fn content(&mut self) -> Content<'_> {
        Content(self)
    }

    /// The next member. What goes wrong ends the archive and is its problem.
    pub(super) fn advance(&mut self, problem: &mut Option<String>) -> Option<Listed> {
        match self.listed() {
            Ok(listed) => listed,
            Err(error) => {
                *problem = Some(match error.kind() {
                    io::ErrorKind::UnexpectedEof => "it is cut: it ends within a member".to_owned(),
                    io::ErrorKind::InvalidData => error.to_string(),
                    _ => format!("it cannot be read further: {error}"),
                });
                None
            }
        }
    }

    fn skip(&mut self) -> io::Result<()> {
        let rest = self.left + self.padding;
        (self.left, self.padding) = (0, 0);
        let skipped = io::copy(&mut self.input.by_ref().take(rest), &mut io::sink())?;
        if skipped < rest { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Reads the content of a header about the next one.
    fn read_attributes(&mut self) -> io::Result<Vec<u8>> {
        if self.left > MAX_ATTRIBUTES {
            return Err(invalid("the name of a member is longer than a megabyte"));
        }
        let mut bytes = vec![0; self.left as usize];
        let got = read_full(&mut Content(self), &mut bytes)?;
        if got < bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }

    fn listed(&mut self) -> io::Result<Option<Listed>> {
        loop {
            self.skip()?;
            let mut header = [0; BLOCK];
            match read_full(&mut self.input, &mut header)? {
                0 if self.marked_end => return Ok(None),
                0 => return Err(invalid("it ends without its end mark, and may be cut")),
                BLOCK => {}
                _ if self.marked_end => return Ok(None),
                _ => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
            if header.iter().all(|b| *b == 0) {
                self.marked_end = true;
                continue;
            }
            if !checksum_fits(&header) {
                return Err(invalid("a header within it is damaged: what follows is not read"));
            }
            let kind = header.get(156).copied().unwrap_or_default();
            let size = number(field(&header, 124, 12)).ok_or_else(|| invalid("a size within it is damaged"))?;
            self.set_size(size)?;
            match kind {
                b'L' => {
                    let mut name = self.read_attributes()?;
                    while name.last() == Some(&0) {
                        name.pop();
                    }
                    self.long_name = Some(name);
                }
                b'x' => self.attributes = Attributes::read(&self.read_attributes()?),
                b'K' | b'g' => {}
                _ => return self.own(&header, kind).map(Some),
            }
        }
    }

    fn set_size(&mut self, size: u64) -> io::Result<()> {
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        if size > i64::MAX as u64 {
            return Err(invalid("a size within it is damaged"));
        }
        (self.left, self.padding) = (size, padding);
        Ok(())
    }

    /// The member that this header is of.
    fn own(&mut self, header: &[u8], kind: u8) -> io::Result<Listed> {
        let attributes = std::mem::take(&mut self.attributes);
        let mut name = text_field(header, 0, 100).to_vec();
        let prefix = text_field(header, 345, 155);
        if field(header, 257, 6) == b"ustar\0" && !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        let name = attributes.path.or(self.long_name.take()).unwrap_or(name);
        let name = String::from_utf8_lossy(&name).into_owned();
        if let Some(size) = attributes.size {
            self.set_size(size)?;
        }
        let what = match kind {
            b'0' | 0 | b'7' if name.ends_with('/') => Kept::Nothing,
            b'0' | 0 | b'7' if attributes.sparse => Kept::Unreadable("a sparse file: unpack it".to_owned()),
            b'0' | 0 | b'7' => Kept::File,
            b'5' | b'D' | b'V' => Kept::Nothing,
            b'1' | b'2' => Kept::Skipped("a link, not followed"),
            b'S' => Kept::Unreadable("a sparse file: unpack it".to_owned()),
            b'M' => Kept::Unreadable("the rest of a file of another archive".to_owned()),
            _ => Kept::Skipped("neither a file nor a folder"),
        };
        Ok(Listed { name, what })
    }
}

impl Attributes {
    /// Lines of `length name=value`.
    fn read(mut bytes: &[u8]) -> Self {
        let mut attributes = Self::default();
        while let Some(blank) = bytes.iter().position(|b| *b == b' ') {
            let length = std::str::from_utf8(bytes.get(..blank).unwrap_or_default()).ok().and_then(|n| n.parse().ok());
            let Some(length) = length.filter(|n: &usize| *n > blank + 1 && *n <= bytes.len()) else { break };
            let line = bytes.get(blank + 1..length - 1).unwrap_or_default();
            if let Some(equals) = line.iter().position(|b| *b == b'=') {
                let (name, value) =
                    (line.get(..equals).unwrap_or_default(), line.get(equals + 1..).unwrap_or_default());
                match name {
                    b"path" => attributes.path = Some(value.to_vec()),
                    b"size" => attributes.size = std::str::from_utf8(value).ok().and_then(|n| n.parse().ok()),
                    _ => attributes.sparse |= name.starts_with(b"GNU.sparse."),
                }
            }
            bytes = bytes.get(length..).unwrap_or_default();
        }
        attributes
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The content of a member.
pub(super) struct Content<'a>(&'a mut Tar);

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.0.input.by_ref().take(self.0.left).read(buffer)?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends within it"));
        }
        self.0.left -= count as u64;
        Ok(count)
    }
}
