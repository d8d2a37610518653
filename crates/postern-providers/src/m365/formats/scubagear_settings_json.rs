//! The settings file that ScubaGear writes: one object, whose members hold the output of many cmdlets.

use std::collections::BTreeMap;

use postern_ingest::{Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

use crate::m365::object::Object;
use crate::m365::property_rows::PropertyRows;

/// Recognised by its members.
pub(super) struct ScubaGearSettings;

/// Members that hold records; all others of the file are passed over.
const MEMBERS: &[&str] =
    &["accepted_domains", "inbound_connectors", "outbound_connectors", "remote_domains", "transport_rule"];

const TABLES: &[&str] = &["AcceptedDomain", "InboundConnector", "OutboundConnector", "RemoteDomain", "TransportRule"];

impl Format for ScubaGearSettings {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "scubagear_settings_json", summary: "settings file of ScubaGear", tables: TABLES }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Json(head) = head else { return None };
        let [record] = head.records.as_slice() else { return None };
        let found = MEMBERS.iter().filter(|name| record.has(name)).count();
        let why = "members such as transport_rule, inbound_connectors and remote_domains";
        (found >= 3).then(|| Recognised::new(Reader::JsonMembers(MEMBERS), 95, why))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let mut rows = BTreeMap::new();
        for (member, table) in MEMBERS.iter().zip(TABLES) {
            rows.insert(*member, PropertyRows::new(schemas, table)?);
        }
        Ok(Box::new(SettingsMapper { rows }))
    }
}

struct SettingsMapper {
    rows: BTreeMap<&'static str, PropertyRows>,
}

impl Mapper for SettingsMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        let Some(rows) = record.member().and_then(|member| self.rows.get(member)) else {
            return Mapped::Reject("it stands outside the members that hold settings".to_owned());
        };
        match Object::parse(record.text) {
            Ok(object) => rows.map(&object, record),
            Err(reason) => Mapped::Reject(reason),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!("of the settings only {} were read", MEMBERS.join(", "))];
        notes.extend(self.rows.values().flat_map(PropertyRows::notes));
        notes
    }
}
