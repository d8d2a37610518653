//! Row keys: hashes of what makes a row the same row, and how the manifest keeps them.
//!
//! A key is the first 128 bits of a BLAKE3 hash over the table and the record's key. A data file's keys are one blob in
//! the manifest, in the order of its rows: the n-th key is that of row n, so a key leads to its row.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use postern_model::row::{Rank, RowKey};

/// A hashed row key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) [u64; 2]);

impl Key {
    fn from_bytes(bytes: [u8; 16]) -> Self {
        let value = u128::from_le_bytes(bytes);
        Self([value as u64, (value >> 64) as u64])
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
    }
}

/// Keys are hashes already.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type KeyMap<V> = HashMap<Key, V, BuildHasherDefault<KeyHasher>>;

/// How often each content was met in the file being read.
#[derive(Default)]
pub(crate) struct Occurrences(KeyMap<u32>);

fn hash(parts: &[&[u8]]) -> Key {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut words = [0u8; 16];
    hasher.finalize_xof().fill(&mut words);
    Key::from_bytes(words)
}

/// The key of a row; for content keys, of this occurrence of it.
pub(crate) fn key_of(table: &str, key: &RowKey, occurrences: &mut Occurrences) -> Key {
    match key {
        RowKey::Record(text) => hash(&[table.as_bytes(), b"record", text.as_bytes()]),
        RowKey::Content(text) => {
            let first = hash(&[table.as_bytes(), b"content", text.as_bytes()]);
            let count = occurrences.0.entry(first).or_insert(0);
            let this = *count;
            *count = count.saturating_add(1);
            if this == 0 {
                first
            } else {
                let [low, high] = first.0;
                hash(&[b"again", &low.to_le_bytes(), &high.to_le_bytes(), &this.to_le_bytes()])
            }
        }
    }
}

/// Where a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the buffer of its table, at this index.
    Buffered(u32),
    /// In a data file, at this row.
    Stored {
        /// The data file's id, at least 1.
        file: u32,
        /// The row's number in it, counted from 0.
        row: u32,
    },
}

/// The largest data file id that an index entry can hold.
pub(crate) const MAX_DATA_FILE: u32 = (1 << 30) - 1;

/// A [`Place`] and a rank in eight bytes.
#[derive(Debug, Clone, Copy)]
struct Packed {
    /// Rank in the two highest bits, data file below them, 0 for the buffer.
    head: u32,
    row: u32,
}

impl Packed {
    fn new(place: Place, rank: Rank) -> Self {
        let (file, row) = match place {
            Place::Buffered(row) => (0, row),
            Place::Stored { file, row } => (file & MAX_DATA_FILE, row),
        };
        Self { head: (rank as u32) << 30 | file, row }
    }

    fn rank(self) -> u32 {
        self.head >> 30
    }

    fn place(self) -> Place {
        match self.head & MAX_DATA_FILE {
            0 => Place::Buffered(self.row),
            file => Place::Stored { file, row: self.row },
        }
    }
}

/// What the index says to a row on its way in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Met {
    /// Never seen.
    New,
    /// Seen, as good or better.
    Duplicate,
    /// Seen with a worse rank, here.
    Better(Place),
}

/// All keys of one table, stored and buffered.
#[derive(Default)]
pub(crate) struct KeyIndex(KeyMap<Packed>);

impl KeyIndex {
    /// Enters a row that will be buffered at `index`, unless it is a duplicate.
    pub(crate) fn enter(&mut self, key: Key, rank: Rank, index: u32) -> Met {
        let new = Packed::new(Place::Buffered(index), rank);
        match self.0.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(new);
                Met::New
            }
            Entry::Occupied(mut entry) => {
                let old = *entry.get();
                if old.rank() <= rank as u32 {
                    return Met::Duplicate;
                }
                entry.insert(new);
                Met::Better(old.place())
            }
        }
    }

    /// Enters a stored row; of several with the same key the best stays.
    pub(crate) fn load(&mut self, key: Key, rank: Rank, file: u32, row: u32) {
        let new = Packed::new(Place::Stored { file, row }, rank);
        self.0.entry(key).and_modify(|old| *old = if new.rank() < old.rank() { new } else { *old }).or_insert(new);
    }

    /// The row with this key has moved from the buffer to a data file.
    pub(crate) fn moved(&mut self, key: Key, file: u32, row: u32) {
        if let Some(entry) = self.0.get_mut(&key) {
            entry.head = (entry.head & !MAX_DATA_FILE) | (file & MAX_DATA_FILE);
            entry.row = row;
        }
    }

    pub(crate) fn reserve(&mut self, keys: usize) {
        self.0.reserve(keys);
    }
}

const BLOB_VERSION: u8 = 1;
const MIXED_RANKS: u8 = 255;
const HEAD: usize = 6;

/// A data file's keys as one blob: version, count, the ranks (one for all, or one each), the hashes.
pub(crate) fn encode_keys(keys: &[(Key, Rank)]) -> Vec<u8> {
    let same = match keys.split_first() {
        Some((first, rest)) if rest.iter().any(|(_, rank)| *rank != first.1) => None,
        Some((first, _)) => Some(first.1),
        None => Some(Rank::Record),
    };
    let mut blob = Vec::with_capacity(HEAD + keys.len() * 17);
    blob.push(BLOB_VERSION);
    blob.extend_from_slice(&(keys.len() as u32).to_le_bytes());
    blob.push(same.map_or(MIXED_RANKS, |rank| rank as u8));
    if same.is_none() {
        blob.extend(keys.iter().map(|(_, rank)| *rank as u8));
    }
    for (key, _) in keys {
        for word in key.0 {
            blob.extend_from_slice(&word.to_le_bytes());
        }
    }
    blob
}

/// Reads what [`encode_keys`] wrote, giving every key with its rank and row to `each`; anything else is an error.
pub(crate) fn decode_keys(blob: &[u8], mut each: impl FnMut(Key, Rank, u32)) -> Result<(), String> {
    let (head, body) = blob.split_first_chunk::<HEAD>().ok_or("a key list is cut short")?;
    let [version, a, b, c, d, ranks] = *head;
    if version != BLOB_VERSION {
        return Err(format!("a key list has version {version}"));
    }
    let count = u32::from_le_bytes([a, b, c, d]);
    let (mixed, hashes) = if ranks == MIXED_RANKS {
        body.split_at_checked(count as usize).ok_or("a key list is cut short")?
    } else {
        body.split_at(0)
    };
    let (hashes, rest) = hashes.as_chunks::<16>();
    if hashes.len() != count as usize || !rest.is_empty() {
        return Err("a key list has the wrong length".to_owned());
    }
    let mut mixed = mixed.iter();
    for (hash, row) in hashes.iter().zip(0u32..) {
        let rank = match *mixed.next().unwrap_or(&ranks) {
            0 => Rank::Native,
            1 => Rank::Record,
            2 => Rank::Salvaged,
            other => return Err(format!("a key list has the unknown rank {other}")),
        };
        each(Key::from_bytes(*hash), rank, row);
    }
    Ok(())
}

/// Row numbers as a blob.
pub(crate) fn encode_rows(rows: &[u32]) -> Vec<u8> {
    rows.iter().flat_map(|row| row.to_le_bytes()).collect()
}

/// Reads what [`encode_rows`] wrote.
pub(crate) fn decode_rows(blob: &[u8]) -> Result<Vec<u32>, String> {
    let (rows, rest) = blob.as_chunks::<4>();
    if rest.is_empty() {
        Ok(rows.iter().map(|row| u32::from_le_bytes(*row)).collect())
    } else {
        Err("a list of replaced rows is cut short".to_owned())
    }
}
