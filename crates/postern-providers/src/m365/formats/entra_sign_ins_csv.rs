//! Interactive sign-ins as the Entra portal downloads them: CSV with a byte order mark and some sixty columns.

use std::borrow::Cow;

use postern_ingest::{
    Columns, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record, shown,
};
use postern_model::row::{Rank, Value};
use postern_model::schema::Schemas;

use crate::m365::address;
use crate::m365::entra::{POLICY_STATUS, code, keyed_by_request};
use crate::m365::table::Table;
use crate::m365::when::instant;

/// Columns are found by name: the portal adds some every year, and repeats one.
pub(super) struct EntraSignInsCsv;

impl Format for EntraSignInsCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "entra_sign_ins_csv",
            summary: "sign-ins downloaded from the Entra portal",
            tables: &["EntraIdSignInEvents"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let fits = head.columns.find_any(TIMES).is_some() && head.columns.have(&["Request ID", "IP address", "Status"]);
        fits.then(|| {
            Recognised::new(Reader::Delimited, 90, "the columns Date (UTC), Request ID, IP address and Status")
        })
    }

    fn open(&self, head: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let columns = match head {
            Head::Delimited(head) => head.columns.clone(),
            _ => Columns::default(),
        };
        let copied = COPIED.iter().filter_map(|(to, from)| Some((*to, columns.find(from)?))).collect();
        Ok(Box::new(SignInsMapper { table: Table::new(schemas, "EntraIdSignInEvents")?, columns, copied }))
    }
}

const TIMES: &[&str] = &["Date (UTC)", "Date"];

/// Column of the table, column of the export.
const COPIED: &[(&str, &str)] = &[
    ("Application", "Application"),
    ("ApplicationId", "Application ID"),
    ("CorrelationId", "Correlation ID"),
    ("SessionId", "Session ID"),
    ("AccountDisplayName", "User"),
    ("AccountObjectId", "User ID"),
    ("AccountUpn", "Username"),
    ("ResourceDisplayName", "Resource"),
    ("ResourceId", "Resource ID"),
    ("ResourceTenantId", "Resource tenant ID"),
    ("EntraIdDeviceId", "Device ID"),
    ("OSPlatform", "Operating System"),
    ("Browser", "Browser"),
    ("DeviceTrustType", "Join Type"),
    ("IsManaged", "Managed"),
    ("IsCompliant", "Compliant"),
    ("AuthenticationRequirement", "Authentication requirement"),
    ("UserAgent", "User agent"),
    ("ClientAppUsed", "Client app"),
    ("UniqueTokenId", "Unique token identifier"),
    ("RequestId", "Request ID"),
    ("ReportId", "Request ID"),
];

struct SignInsMapper {
    table: Table,
    columns: Columns,
    copied: Vec<(&'static str, usize)>,
}

impl Mapper for SignInsMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        let date = record.cell(self.columns.find_any(TIMES));
        let Some(time) = instant(date) else {
            return Mapped::Reject(format!("its time `{}` cannot be read", shown(date, 40)));
        };
        let mut row = self.table.row(Rank::Record, record.position);
        row.set("Timestamp", Value::DateTime(time));
        for (to, from) in &self.copied {
            row.text(to, Cow::Borrowed(record.cell(Some(*from))));
        }
        let cell = |name: &str| record.cell(self.columns.find(name)).trim();
        let address = cell("IP address");
        row.set("IPAddress", Value::String(address::canonical(address).unwrap_or_else(|| address.to_owned())));
        // The code of a success is left empty.
        match (cell("Sign-in error code"), cell("Status")) {
            ("", "Success") => row.set("ErrorCode", Value::Long(0)),
            (code, _) => drop(row.text("ErrorCode", Cow::Borrowed(code))),
        }
        // `City, State, CC`; a city may hold a comma itself.
        let mut place = cell("Location").rsplit(", ");
        let (country, state) = (place.next().unwrap_or_default(), place.next().unwrap_or_default());
        let mut city: Vec<&str> = place.collect();
        city.reverse();
        for (column, text) in [("Country", country), ("State", state), ("City", &city.join(", "))] {
            row.set(column, Value::String(text.to_owned()));
        }
        if let Some(code) = code(cell("Conditional Access"), POLICY_STATUS) {
            row.set("ConditionalAccessStatus", Value::Long(code));
        }
        let (home, resource) = (cell("Home tenant ID"), cell("Resource tenant ID"));
        let external = match (home, resource) {
            ("", _) | (_, "") => -1,
            _ => i64::from(!home.eq_ignore_ascii_case(resource)),
        };
        row.set("IsExternalUser", Value::Long(external));
        match cell("User type").to_ascii_lowercase().as_str() {
            "guest" => row.set("IsGuestUser", Value::Bool(true)),
            "member" => row.set("IsGuestUser", Value::Bool(false)),
            _ => {}
        }
        keyed_by_request(row)
    }
}
