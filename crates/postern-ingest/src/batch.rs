//! A window on the decoded input, and the batches of whole records cut from it.

use std::io::Read;

/// Bytes of records that a batch aims at.
const BATCH_BYTES: usize = 1 << 20;

/// A record of more bytes than this is refused.
pub(crate) const MAX_RECORD_BYTES: usize = 64 << 20;

/// A record, or a stretch of input that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// `bytes[start..end]` of the batch is a record.
    Record { position: u64, start: usize, end: usize, member: Option<usize> },
    /// `bytes[start..end]` (perhaps cut short) could not be cut into records.
    Broken { position: u64, start: usize, end: usize, reason: String },
}

/// Some whole records and the bytes they lie in.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) items: Vec<Item>,
}

/// Cuts an input into records, batch by batch.
pub(crate) trait Splitter: Send {
    /// The next batch; `None` at the end of the input. Never fails: what cannot be read is an item of its own.
    fn next_batch(&mut self) -> Option<Batch>;

    /// Remarks on the file as a whole, after the last batch.
    fn notes(&self) -> Vec<String>;
}

/// The part of the decoded input that is being cut.
pub(crate) struct Window {
    input: Box<dyn Read + Send>,
    /// Bytes to hold for a batch, and to read at least.
    pub(crate) chunk: (usize, usize),
    /// Bytes not yet handed out.
    pub(crate) bytes: Vec<u8>,
    /// Offset of the first of `bytes` in the decoded input.
    pub(crate) base: u64,
    /// Lines before the first of `bytes`.
    pub(crate) lines: u64,
    /// No more bytes will come.
    pub(crate) ended: bool,
    /// Why reading stopped early.
    pub(crate) failure: Option<String>,
}

impl Window {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            input,
            chunk: (BATCH_BYTES, 64 << 10),
            bytes: Vec::new(),
            base: 0,
            lines: 0,
            ended: false,
            failure: None,
        }
    }

    /// Reads until the window holds this many bytes or the input ends.
    pub(crate) fn fill(&mut self, size: usize) {
        while !self.ended && self.bytes.len() < size {
            let want = (size - self.bytes.len()).max(self.chunk.1) as u64;
            match self.input.by_ref().take(want).read_to_end(&mut self.bytes) {
                Ok(got) => self.ended = (got as u64) < want,
                Err(error) => {
                    self.failure = Some(error.to_string());
                    self.ended = true;
                }
            }
        }
    }

    /// Hands out the first bytes and keeps the rest.
    pub(crate) fn take(&mut self, size: usize) -> Vec<u8> {
        let (size, chunk) = (size.min(self.bytes.len()), self.chunk.0);
        // Room for the next batch, so that it need not grow piece by piece.
        let room = if self.ended || size < chunk / 2 { 0 } else { chunk + chunk / 8 };
        let mut rest = Vec::with_capacity(room.max(self.bytes.len() - size));
        rest.extend_from_slice(self.bytes.get(size..).unwrap_or_default());
        self.bytes.truncate(size);
        let taken = std::mem::replace(&mut self.bytes, rest);
        self.base += taken.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', &taken).count() as u64;
        taken
    }

    /// The line, counted from 1, of a byte of the window.
    pub(crate) fn line_of(&self, index: usize) -> u64 {
        let before = self.bytes.get(..index.min(self.bytes.len())).unwrap_or_default();
        self.lines + memchr::memchr_iter(b'\n', before).count() as u64 + 1
    }
}

/// All records and the reasons of what is none, while no batch holds more than two records' bounds: the beginning of an
/// endless one, and what is tried for the beginning of the next.
#[cfg(test)]
pub(crate) fn cut_in_bounded_memory(splitter: &mut dyn Splitter) -> (Vec<Vec<u8>>, Vec<String>) {
    let (mut records, mut broken) = (Vec::new(), Vec::new());
    while let Some(batch) = splitter.next_batch() {
        assert!(batch.bytes.len() <= 2 * MAX_RECORD_BYTES, "{}", batch.bytes.len());
        for item in batch.items {
            match item {
                Item::Record { start, end, .. } => records.push(batch.bytes[start..end].to_vec()),
                Item::Broken { reason, .. } => broken.push(reason),
            }
        }
    }
    (records, broken)
}
