//! What an export format tells the engine: how to recognise it, and how one record of it becomes one row.

use std::borrow::Cow;

use postern_model::row::Row;
use postern_model::schema::Schemas;

use crate::delimited::Columns;
use crate::head::Head;

/// What a format says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatInfo {
    /// The format's name: also the name of its source file and of its folder of fixtures.
    pub name: &'static str,
    /// One sentence: what writes such files.
    pub summary: &'static str,
    /// The tables that it fills.
    pub tables: &'static [&'static str],
}

/// How the engine cuts a file into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A sequence of JSON values; elements of arrays and of a page's `value` (or alike) are records of their own.
    Json,
    /// One JSON object; the elements of these members are the records, all other members are passed over.
    JsonMembers(&'static [&'static str]),
    /// Delimited text with a header line.
    Delimited,
}

/// A format's claim to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// How to cut the file into records.
    pub reader: Reader,
    /// From 1 to 100; the highest claim wins, and among equals the first in the list.
    pub confidence: u8,
    /// By what the file was recognised, for a person.
    pub why: String,
}

impl Recognised {
    /// A claim.
    pub fn new(reader: Reader, confidence: u8, why: impl Into<String>) -> Self {
        Self { reader, confidence, why: why.into() }
    }
}

/// One kind of export file. Formats know what a record means; the engine reads, counts and stores.
pub trait Format: Send + Sync {
    /// What the format says about itself.
    fn info(&self) -> FormatInfo;

    /// Looks at the beginning of a file, never at its name, and says whether it is of this format.
    fn recognise(&self, head: &Head) -> Option<Recognised>;

    /// Starts the mapping of one file.
    fn open(&self, head: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable>;
}

/// A format needs a table or column that the schema does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema has no `{0}`")]
pub struct MissingTable(pub String);

/// The mapping of one file's records. Records of a file may be mapped on several threads at once.
pub trait Mapper: Send + Sync {
    /// Maps one record to its row, or says why it cannot be one.
    fn map(&self, record: &mut Record<'_>) -> Mapped;

    /// Maps a record for which [`Mapper::map`] said [`Mapped::Later`], after all others have been seen.
    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.map(record)
    }

    /// What a reader of the account should know, asked for after the last record.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What a record became.
#[derive(Debug, Clone)]
pub enum Mapped {
    /// A row.
    Row(Box<Row>),
    /// Several rows, where a line of the file holds several records. Each counts as a record of its own.
    Rows(Vec<Row>),
    /// Nothing, for this reason.
    Reject(String),
    /// It can only be told when the whole file has been seen.
    Later,
}

/// One record of a file.
#[derive(Debug)]
pub struct Record<'a> {
    /// The record's number in the file, counted from 1.
    pub position: u64,
    /// The record as the file has it (decoded to UTF-8).
    pub text: &'a str,
    /// Its parts.
    pub content: Content<'a>,
}

/// The parts of a record.
#[derive(Debug)]
pub enum Content<'a> {
    /// A JSON value; `text` of the record is all there is.
    Json {
        /// The member of the enclosing object it was found under, with [`Reader::JsonMembers`].
        member: Option<&'a str>,
    },
    /// A line of delimited text.
    Cells {
        /// The header.
        columns: &'a Columns,
        /// The cells; there can be fewer or more than columns.
        cells: Vec<Cow<'a, str>>,
    },
}

impl<'a> Record<'a> {
    /// The cell at this index; empty when the line is too short or the record is not delimited text.
    pub fn cell(&self, index: Option<usize>) -> &str {
        match (&self.content, index) {
            (Content::Cells { cells, .. }, Some(index)) => cells.get(index).map_or("", |c| c.as_ref()),
            _ => "",
        }
    }

    /// Takes the cell at this index out of the record, without copying where it was unescaped already.
    pub fn take_cell(&mut self, index: Option<usize>) -> Cow<'a, str> {
        match (&mut self.content, index) {
            (Content::Cells { cells, .. }, Some(index)) => cells.get_mut(index).map(std::mem::take).unwrap_or_default(),
            _ => Cow::Borrowed(""),
        }
    }

    /// The member that the record was found under, with [`Reader::JsonMembers`].
    pub fn member(&self) -> Option<&'a str> {
        match &self.content {
            Content::Json { member } => *member,
            Content::Cells { .. } => None,
        }
    }
}
