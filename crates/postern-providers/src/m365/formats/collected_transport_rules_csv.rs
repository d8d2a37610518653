//! Mail flow rules as a collector writes them: name, description, author, date and state.

use postern_ingest::{Content, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::row::{Rank, RowKey};
use postern_model::schema::{ColumnType, Schemas};
use serde_json::json;

use crate::m365::object::Object;
use crate::m365::property_cells::PropertyCells;
use crate::m365::table::Table;

/// What a rule does stands in its description only, a text for people in the language of the tenant.
pub(super) struct CollectedTransportRulesCsv;

impl Format for CollectedTransportRulesCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "collected_transport_rules_csv",
            summary: "mail flow rules gathered by a collector, by their descriptions",
            tables: &["TransportRule"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let columns = &head.columns;
        let fits = columns.have(&["Name", "Description", "CreatedBy", "WhenChanged", "State"])
            && columns.find_any(&["Priority", "Identity"]).is_none();
        fits.then(|| Recognised::new(Reader::Delimited, 80, "the columns Name, Description, CreatedBy and State"))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(RulesMapper { table: Table::new(schemas, "TransportRule")?, cells: PropertyCells::default() }))
    }
}

/// How a description in English names where messages go, and the property for it.
const TARGETS: &[(&str, &str)] = &[
    ("blind carbon copy (bcc) the message to", "BlindCopyTo"),
    ("carbon copy (cc) the message to", "CopyTo"),
    ("redirect the message to", "RedirectMessageTo"),
    ("add the recipient in the to box", "AddToRecipients"),
    ("route the message using the connector named", "RouteMessageOutboundConnector"),
];

/// The texts in quotes behind the words, up to the line's end.
fn targets(description: &str, words: &str) -> Vec<String> {
    let folded = description.to_lowercase();
    let mut found = Vec::new();
    for (at, _) in folded.match_indices(words) {
        // Part of a longer phrase.
        if folded.get(..at).is_some_and(|before| before.ends_with("blind ")) {
            continue;
        }
        let rest = description.get(at + words.len()..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        found.extend(line.split('\'').skip(1).step_by(2).filter(|one| !one.is_empty()).map(str::to_owned));
    }
    found
}

struct RulesMapper {
    table: Table,
    cells: PropertyCells,
}

impl RulesMapper {
    fn one(&self, record: &Record<'_>, last_chance: bool) -> Mapped {
        if !matches!(record.content, Content::Cells { .. }) {
            return Mapped::Reject("it is not delimited text".to_owned());
        }
        let kind = |name: &str| self.table.column(name).map(|(_, kind)| kind);
        let Some(text) = self.cells.object(record, kind, last_chance) else { return Mapped::Later };
        let object = match Object::parse(&text) {
            Ok(object) => object,
            Err(reason) => return Mapped::Reject(reason),
        };
        let mut row = self.table.row(Rank::Salvaged, record.position);
        for (name, value) in object.members() {
            row.property(name, value);
        }
        if row.is_empty("Name") {
            return Mapped::Reject("it has no name".to_owned());
        }
        let description = object.text("Description");
        for (words, column) in TARGETS {
            let found = targets(&description, words);
            match self.table.column(column) {
                Some((_, ColumnType::Dynamic)) if !found.is_empty() => {
                    row.text(column, json!(found).to_string().into());
                }
                Some(_) if !found.is_empty() => drop(row.text(column, found.join(", ").into())),
                _ => {}
            }
        }
        let content = row.content();
        row.keyed_by(RowKey::Content(content))
    }
}

impl Mapper for RulesMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, false)
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, true)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "what the rules do was read from their descriptions, which is uncertain and works for English only; \
             export again with `Get-TransportRule | ConvertTo-Json -Depth 5`"
                .to_owned(),
        ];
        notes.extend(self.cells.notes());
        notes
    }
}
