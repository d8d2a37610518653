//! Exchange configuration: objects of `Get-…` cmdlets, as JSON, Clixml or CSV, told apart by their properties.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use postern_ingest::{Content, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::row::{Rank, RowKey, Value};
use postern_model::schema::{ColumnType, Schemas};

use super::cell::is_class_name;
use super::object::{Object, text_of};
use super::property_cells::PropertyCells;
use super::table::Table;

/// By which properties an object is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Properties {
    /// The object has all of these.
    pub(crate) all: &'static [&'static str],
    /// And one of these, if there are any.
    pub(crate) any: &'static [&'static str],
    /// And none of these.
    pub(crate) none: &'static [&'static str],
}

impl Properties {
    fn fit(&self, has: impl Fn(&str) -> bool) -> bool {
        self.all.iter().all(|name| has(name))
            && (self.any.is_empty() || self.any.iter().any(|name| has(name)))
            && !self.none.iter().any(|name| has(name))
    }
}

/// For a person.
impl fmt::Display for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.all.join(", "))?;
        match self.any {
            [] => Ok(()),
            any => write!(f, " and one of {}", any.join(", ")),
        }
    }
}

/// The output of one cmdlet.
pub(crate) struct Cmdlet {
    pub(crate) info: FormatInfo,
    pub(crate) table: &'static str,
    pub(crate) known_by: Properties,
}

impl Format for Cmdlet {
    fn info(&self) -> FormatInfo {
        self.info
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let (fits, reader) = match head {
            Head::Json(head) => {
                (head.records.iter().any(|record| self.known_by.fit(|name| record.has(name))), Reader::Json)
            }
            Head::Delimited(head) => (self.known_by.fit(|name| head.columns.find(name).is_some()), Reader::Delimited),
            Head::Other(_) => return None,
        };
        fits.then(|| Recognised::new(reader, 80, format!("the properties {}", self.known_by)))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let rows = PropertyRows::new(schemas, self.table)?;
        Ok(Box::new(CmdletMapper { known_by: self.known_by, rows, cells: PropertyCells::default() }))
    }
}

struct CmdletMapper {
    known_by: Properties,
    rows: PropertyRows,
    cells: PropertyCells,
}

impl CmdletMapper {
    fn one(&self, record: &Record<'_>, last_chance: bool) -> Mapped {
        let from_cells = matches!(record.content, Content::Cells { .. });
        let text = if from_cells {
            match self.cells.object(record, |name| self.rows.kind_of(name), last_chance) {
                Some(text) => Cow::Owned(text),
                None => return Mapped::Later,
            }
        } else {
            Cow::Borrowed(record.text)
        };
        let object = match Object::parse(&text) {
            Ok(object) => object,
            Err(reason) => return Mapped::Reject(reason),
        };
        // Of a line it is known by the header.
        if !from_cells && !self.known_by.fit(|name| object.has(name)) {
            return Mapped::Reject(format!("it lacks the properties of the file's other objects: {}", self.known_by));
        }
        self.rows.map(&object, record)
    }
}

impl Mapper for CmdletMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, false)
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, true)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.rows.notes();
        notes.extend(self.cells.notes());
        notes
    }
}

/// Maps objects of one cmdlet to rows of its table.
pub(crate) struct PropertyRows {
    table: Table,
    class_names: AtomicU64,
}

impl PropertyRows {
    pub(crate) fn new(schemas: &Schemas, table: &str) -> Result<Self, MissingTable> {
        Ok(Self { table: Table::new(schemas, table)?, class_names: AtomicU64::new(0) })
    }

    /// The type of the column for a property.
    pub(crate) fn kind_of(&self, property: &str) -> Option<ColumnType> {
        self.table.column(property).map(|(_, kind)| kind)
    }

    /// Maps one object: properties by name.
    pub(crate) fn map(&self, object: &Object<'_>, record: &Record<'_>) -> Mapped {
        let mut row = self.table.row(Rank::Record, record.position);
        let (mut found, mut lost) = (0, false);
        for (name, value) in object.members() {
            if value.get().starts_with('"') && is_class_name(&text_of(value)) {
                lost = true;
                continue;
            }
            found += usize::from(row.property(name, value));
        }
        if lost {
            self.class_names.fetch_add(1, Ordering::Relaxed);
        }
        if found == 0 {
            return Mapped::Reject(format!("it has none of the columns of {}", self.table.name()));
        }
        if self.table.name() == "InboxRule" && row.is_empty("Mailbox") {
            // The identity is the mailbox, a backslash and the rule's number.
            let mailbox = match row.get("MailboxOwnerId") {
                "" => row.get("Identity").rsplit_once('\\').map_or("", |(mailbox, _)| mailbox),
                owner => owner,
            };
            let mailbox = Value::String(mailbox.to_owned());
            row.set("Mailbox", mailbox);
        }
        // The same object written in another shape is the same object.
        let content = row.content();
        row.keyed_by(RowKey::Content(content))
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        match self.class_names.load(Ordering::Relaxed) {
            0 => Vec::new(),
            count => vec![format!(
                "objects with the name of a class where a list was (`System.Object[]`): {count}; \
                 export again with `ConvertTo-Json -Depth 5` or `Export-Clixml`"
            )],
        }
    }
}
