//! Advanced hunting: rows that have a table's columns already, bare or in the envelope of the streaming API.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use postern_ingest::{Mapped, MissingTable, shown};
use postern_model::row::{Rank, RowKey, Value};
use postern_model::schema::{Schemas, TableSchema};

use super::audit::{AuditRecord, AuditRows, key};
use super::object::Object;
use super::table::{Filling, Table};
use super::when::instant;

/// The table whose rows are stored as audit records.
const CLOUD_APP_EVENTS: &str = "CloudAppEvents";

/// A name of this table that is stored under another: the tables have the same rows.
const SAME_ROWS: &[(&str, &str)] = &[("AADSignInEventsBeta", "EntraIdSignInEvents")];

/// Columns that have another name in the table where the rows are stored.
const RENAMED: &[(&str, &str)] = &[("AadDeviceId", "EntraIdDeviceId")];

/// Tables of the schema that rows can be recognised as.
fn tables(schemas: &Schemas) -> impl Iterator<Item = &TableSchema> {
    schemas.iter().map(AsRef::as_ref).filter(|table| table.family == "advanced-hunting")
}

/// The table whose rows have these columns, as far as one can tell: most of the columns are the table's, those that
/// tell its rows apart and its time among them.
pub(crate) fn table_of_columns<'a>(schemas: &Schemas, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.filter(|name| !name.contains('@')).collect();
    let mut best: Option<(usize, std::cmp::Reverse<usize>, &str)> = None;
    for table in tables(schemas) {
        let has = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        if !has(&table.time_column) || !table.key_columns.iter().any(|key| has(key)) {
            continue;
        }
        let common = table.columns.iter().filter(|column| has(&column.name)).count();
        if common < 4 || common * 5 < names.len() * 4 {
            continue;
        }
        let rank = (common, std::cmp::Reverse(table.columns.len()), table.name.as_str());
        if best.is_none_or(|best| rank > best) {
            best = Some(rank);
        }
    }
    best.map(|(_, _, name)| name.to_owned())
}

/// Maps rows of all tables of the schema.
pub(crate) struct HuntingRows {
    tables: HashMap<String, Table>,
    audit: AuditRows,
    schemas: Schemas,
    /// The table of a list of columns, met before.
    known: Mutex<HashMap<String, Option<String>>>,
    /// Columns that no table has.
    unknown: Mutex<HashMap<String, u64>>,
    /// Rows of CloudAppEvents whose audit record cannot be read.
    unreadable: AtomicU64,
}

impl HuntingRows {
    pub(crate) fn new(schemas: &Schemas) -> Result<Self, MissingTable> {
        let mut by_name = HashMap::new();
        for table in tables(schemas) {
            by_name.insert(table.name.clone(), Table::new(schemas, &table.name)?);
        }
        Ok(Self {
            tables: by_name,
            audit: AuditRows::new(schemas)?,
            schemas: schemas.clone(),
            known: Mutex::default(),
            unknown: Mutex::default(),
            unreadable: AtomicU64::new(0),
        })
    }

    /// Maps an envelope of the streaming API or a bare row.
    pub(crate) fn map(&self, text: &str, position: u64) -> Mapped {
        let outer = match Object::parse(text) {
            Ok(object) => object,
            Err(reason) => return Mapped::Reject(reason),
        };
        let category = outer.text("category");
        if let (Some(table), Some(properties)) = (category.strip_prefix("AdvancedHunting-"), outer.get("properties")) {
            return match Object::parse(properties.get()) {
                Ok(row) => self.row(table, &row, &outer, position),
                Err(reason) => Mapped::Reject(format!("its properties: {reason}")),
            };
        }
        let all: Vec<&str> = outer.members().map(|(name, _)| name).collect();
        // Results of a union have the columns of all its tables: those that are filled tell which row is of which.
        let filled = outer.members().filter(|(_, value)| !matches!(value.get(), "null" | "\"\"" | "{}" | "[]"));
        let columns: Vec<&str> = filled.map(|(name, _)| name).collect();
        let signature = columns.join(",");
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&signature).cloned();
        let table = known.unwrap_or_else(|| {
            let table = table_of_columns(&self.schemas, all.iter().copied());
            let table = table.or_else(|| table_of_columns(&self.schemas, columns.iter().copied()));
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(signature, table.clone());
            table
        });
        match table {
            Some(table) => self.row(&table, &outer, &Object::default(), position),
            None => Mapped::Reject(format!(
                "its columns are those of no table that is kept ({})",
                shown(&columns.into_iter().take(6).collect::<Vec<_>>().join(", "), 120)
            )),
        }
    }

    /// Maps a row whose columns are given by name and text, as a portal's CSV has them.
    pub(crate) fn map_texts(&self, table: &str, cells: &[(&str, &str)], position: u64) -> Mapped {
        let members = cells.iter().filter(|(_, text)| !text.is_empty());
        let object: serde_json::Map<String, serde_json::Value> =
            members.map(|(name, text)| ((*name).to_owned(), serde_json::Value::from(*text))).collect();
        let text = serde_json::Value::Object(object).to_string();
        match Object::parse(&text) {
            Ok(row) => self.row(table, &row, &Object::default(), position),
            Err(reason) => Mapped::Reject(reason),
        }
    }

    fn row(&self, table: &str, row: &Object<'_>, envelope: &Object<'_>, position: u64) -> Mapped {
        let stored = SAME_ROWS.iter().find(|(name, _)| *name == table).map_or(table, |(_, stored)| stored);
        if stored == CLOUD_APP_EVENTS {
            return self.cloud_app_event(row, envelope, position);
        }
        let Some(table) = self.tables.get(stored) else {
            return Mapped::Reject(format!("rows of the table `{}` are not kept", shown(stored, 60)));
        };
        let mut filling = table.row(Rank::Native, position);
        self.copy(&mut filling, row, |_| true);
        if filling.time().is_none() {
            // The stream has its own time, a little later; a row without any cannot be placed.
            match instant(&envelope.text("time")) {
                Some(time) => filling.set(&table.schema().time_column, Value::DateTime(time)),
                None => return Mapped::Reject("it has no time that can be read".to_owned()),
            }
        }
        if stored == "EntraIdSignInEvents" { super::entra::keyed_by_request(filling) } else { filling.keyed() }
    }

    /// The audit record within the row, with what the vendor knows beyond it.
    fn cloud_app_event(&self, row: &Object<'_>, envelope: &Object<'_>, position: u64) -> Mapped {
        let mut raw = row.json("RawEventData");
        let mut record = AuditRecord::default();
        if raw.as_ref().is_some_and(|raw| record.read(raw).is_err()) {
            // Some tools write it in the notation of another language. The columns beside it say the most of it.
            record = AuditRecord::default();
            raw = None;
            self.unreadable.fetch_add(1, Ordering::Relaxed);
        }
        let rank = if raw.is_some() { Rank::Native } else { Rank::Salvaged };
        let times = [row.text("Timestamp"), record.creation_time.clone(), envelope.text("time")];
        let Some(time) = times.iter().find_map(|text| instant(text)) else {
            return Mapped::Reject("it has no time that can be read".to_owned());
        };
        if record.operation.is_empty() {
            record.operation = row.text("ActionType");
        }
        if record.operation.is_empty() {
            return Mapped::Reject("it has no ActionType".to_owned());
        }
        let mut filling = self.audit.fill(&record, time, rank, position);
        // What the record says itself stays as the record says it.
        let derived = ["Timestamp", "ActionType", "RawEventData", "ObjectId", "AccountId"];
        self.copy(&mut filling, row, |name| !derived.contains(&name));
        if filling.is_empty("UserId") {
            filling.text("UserId", row.text("AccountId"));
        }
        for (column, name) in [("AccountId", "AccountId"), ("ObjectId", "ObjectId")] {
            if filling.is_empty(column) {
                filling.text(column, row.text(name));
            }
        }
        let report = row.text("ReportId");
        let key = key(&record.id).or_else(|| key(&report));
        if filling.is_empty("Id") {
            filling.set("Id", Value::String(report.to_lowercase()));
        }
        let key = key.unwrap_or_else(|| match raw.as_deref() {
            Some(raw) => RowKey::Content(raw.to_owned()),
            None => RowKey::Content(row.members().flat_map(|(name, value)| [name, "=", value.get(), "\n"]).collect()),
        });
        if let Some(raw) = raw {
            filling.set("RawEventData", Value::Dynamic(raw.into_owned()));
        }
        filling.keyed_by(key)
    }

    /// Copies members to columns of the same name. Empty values leave what is there.
    fn copy(&self, filling: &mut Filling<'_>, row: &Object<'_>, wanted: impl Fn(&str) -> bool) {
        for (name, value) in row.members() {
            if !wanted(name) || matches!(value.get(), "null" | "\"\"") {
                continue;
            }
            let column = RENAMED.iter().find(|(from, _)| *from == name).map_or(name, |(_, to)| to);
            if !filling.json(column, Some(value)) {
                let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
                if unknown.len() < 100 || unknown.contains_key(name) {
                    *unknown.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        match self.unreadable.load(Ordering::Relaxed) {
            0 => {}
            count => notes
                .push(format!("rows with RawEventData that is not JSON, of which only the columns were kept: {count}")),
        }
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<String> = unknown.keys().map(|name| shown(name, 40)).collect();
        names.sort();
        if !names.is_empty() {
            let more = if names.len() > 12 { format!(" and {} more", names.len() - 12) } else { String::new() };
            names.truncate(12);
            notes.push(format!("columns that no table has were left out: {}{more}", names.join(", ")));
        }
        notes
    }
}
