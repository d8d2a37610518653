//! Inbox rules as collectors write them, one line a rule: `UserName,RuleName,…` from the cmdlet, or
//! `UserPrincipalName,RuleName,Sequence,…` from the Graph API.

use postern_ingest::{Content, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::row::{Rank, RowKey};
use postern_model::schema::{ColumnType, Schemas};
use serde_json::json;

use crate::m365::table::Table;

/// Lists are joined to one text each.
pub(super) struct CollectedInboxRulesCsv;

impl Format for CollectedInboxRulesCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "collected_inbox_rules_csv",
            summary: "inbox rules gathered by a collector, one line a rule",
            tables: &["InboxRule"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let columns = &head.columns;
        let fits = columns.have(&["RuleName", "Enabled", "ForwardTo", "RedirectTo"])
            && columns.find_any(&["UserName", "UserPrincipalName"]).is_some();
        fits.then(|| Recognised::new(Reader::Delimited, 88, "the columns UserName, RuleName, ForwardTo and RedirectTo"))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(RulesMapper { table: Table::new(schemas, "InboxRule")? }))
    }
}

/// Column of the collector, column of the table; others have the same name.
const RENAMED: &[(&str, &str)] = &[
    ("UserName", "Mailbox"),
    ("UserPrincipalName", "Mailbox"),
    ("RuleName", "Name"),
    ("Sequence", "Priority"),
    ("RuleId", "RuleIdentity"),
    ("ForwardAsAttachment", "ForwardAsAttachmentTo"),
    ("Delete", "DeleteMessage"),
    ("SubjectContains", "SubjectContainsWords"),
    ("BodyContains", "BodyContainsWords"),
    ("HasAttachments", "HasAttachment"),
];

struct RulesMapper {
    table: Table,
}

impl Mapper for RulesMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        let Content::Cells { columns, cells } = &record.content else {
            return Mapped::Reject("it is not delimited text".to_owned());
        };
        // Each of the two collectors joins lists in its own way.
        let joint = if columns.find("UserPrincipalName").is_some() { "; " } else { ", " };
        let mut row = self.table.row(Rank::Salvaged, record.position);
        for (name, cell) in columns.names.iter().zip(cells).filter(|(_, cell)| !cell.trim().is_empty()) {
            let column =
                RENAMED.iter().find(|(from, _)| from.eq_ignore_ascii_case(name)).map_or(name.as_str(), |(_, to)| to);
            match self.table.column(column) {
                Some((_, ColumnType::Dynamic)) => {
                    let list: Vec<&str> = cell.split(joint).map(str::trim).filter(|one| !one.is_empty()).collect();
                    row.text(column, json!(list).to_string().into());
                }
                _ => drop(row.text(column, cell.clone())),
            }
        }
        if row.is_empty("Mailbox") && row.is_empty("Name") {
            return Mapped::Reject("it has neither a mailbox nor a rule's name".to_owned());
        }
        let content = row.content();
        row.keyed_by(RowKey::Content(content))
    }

    fn notes(&self) -> Vec<String> {
        vec![
            "the collector kept some of each rule's properties; exceptions and hidden rules are not in the file"
                .to_owned(),
        ]
    }
}
