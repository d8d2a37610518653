//! From an audit record to its row in `AuditRecords`.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use postern_ingest::{Mapped, MissingTable};
use postern_model::row::{Rank, RowKey, SharedText, Value};
use postern_model::schema::Schemas;
use postern_model::time::Ticks;
use serde_json::{Map, Value as Json};

use super::names;
use super::record::{AuditRecord, Pair};
use crate::m365::address;
use crate::m365::object::{push_quoted, quoted};
use crate::m365::table::{Filling, Table};
use crate::m365::when::{DateOrder, instant};

/// What `AuditSource` says of rows that come from the audit log.
const AUDIT_SOURCE: &str = "unified audit log";

/// What an export says of a record outside the record; empty where it does not.
#[derive(Debug, Default)]
pub(crate) struct Wrapper<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) date: Cow<'a, str>,
    pub(crate) record_type: Cow<'a, str>,
    pub(crate) operation: Cow<'a, str>,
    pub(crate) user: Cow<'a, str>,
}

/// The places of the columns that are filled, so that a record costs no look-up by name.
macro_rules! columns {
    ($($name:ident)*) => {
        #[derive(Debug)]
        #[expect(non_snake_case, reason = "named as the columns are")]
        struct Columns { $($name: usize),* }

        impl Columns {
            fn of(table: &Table) -> Result<Self, MissingTable> {
                let at = |name: &str| {
                    table.column(name).map(|(index, _)| index).ok_or_else(|| MissingTable(format!("AuditRecords.{name}")))
                };
                Ok(Self { $($name: at(stringify!($name))?),* })
            }
        }
    };
}

columns! { Id ReportId Operation Workload UserId AccountId UserKey ResultStatus ObjectId ClientIP IPAddress OrganizationId OrganizationName SessionId AppId ExternalAccess UserAgent OSPlatform OAuthAppId AccountObjectId ObjectName ObjectType AuditSource AccountType Application ApplicationId Timestamp AppInstanceId RecordType UserType IsAdminOperation IsExternalUser IsImpersonated SessionData ParameterBag ActivityObjects RawEventData }

/// Maps the audit records of one file.
#[derive(Debug)]
pub(crate) struct AuditRows {
    table: Table,
    at: Columns,
    order: DateOrder,
    salvaged_empty: AtomicU64,
    salvaged_cut: AtomicU64,
}

impl AuditRows {
    pub(crate) fn new(schemas: &Schemas) -> Result<Self, MissingTable> {
        let table = Table::new(schemas, "AuditRecords")?;
        Ok(Self {
            at: Columns::of(&table)?,
            table,
            order: DateOrder::default(),
            salvaged_empty: AtomicU64::new(0),
            salvaged_cut: AtomicU64::new(0),
        })
    }

    /// Maps a record given as JSON text. `last_chance`: the whole file has been seen.
    pub(crate) fn map(&self, text: Cow<'_, str>, wrapper: &Wrapper<'_>, position: u64, last_chance: bool) -> Mapped {
        let bare = text.trim();
        let mut record = AuditRecord::default();
        let problem = if bare.is_empty() {
            Some(("its AuditData is empty".to_owned(), &self.salvaged_empty))
        } else {
            let unreadable = record.read(bare).err();
            unreadable.map(|e| (format!("its AuditData cannot be read ({})", e.0), &self.salvaged_cut))
        };
        let Some((problem, counter)) = problem else {
            let built = self.build(&mut record, wrapper, position, last_chance);
            drop(record);
            return match built {
                Ok((row, key)) => match text {
                    Cow::Owned(text) if text.len() == text.trim().len() => self.finish(row, key, text),
                    text => self.finish(row, key, text.trim().to_owned()),
                },
                Err(mapped) => mapped,
            };
        };
        match self.build(&mut record, wrapper, position, last_chance) {
            Ok((mut row, key)) => {
                counter.fetch_add(1, Ordering::Relaxed);
                row.rank(Rank::Salvaged);
                let raw = salvaged(&record, row.time());
                self.finish(row, key, raw)
            }
            Err(Mapped::Reject(reason)) => Mapped::Reject(format!("{problem}, and {reason}")),
            Err(mapped) => mapped,
        }
    }

    /// Maps a record that was read already from this text.
    pub(crate) fn map_read(
        &self,
        mut record: AuditRecord<'_>,
        text: &str,
        wrapper: &Wrapper<'_>,
        position: u64,
        last_chance: bool,
    ) -> Mapped {
        match self.build(&mut record, wrapper, position, last_chance) {
            Ok((row, key)) => self.finish(row, key, text.trim().to_owned()),
            Err(mapped) => mapped,
        }
    }

    /// Maps what is left of a record, put together from columns.
    pub(crate) fn map_parts(&self, mut record: AuditRecord<'_>, position: u64, last_chance: bool) -> Mapped {
        match self.build(&mut record, &Wrapper::default(), position, last_chance) {
            Ok((mut row, key)) => {
                row.rank(Rank::Salvaged);
                let raw = salvaged(&record, row.time());
                self.finish(row, key, raw)
            }
            Err(mapped) => mapped,
        }
    }

    fn finish(&self, mut row: Filling<'_>, key: Option<RowKey>, raw: String) -> Mapped {
        let key = key.unwrap_or_else(|| RowKey::Content(raw.clone()));
        row.set_at(self.at.RawEventData, Value::Dynamic(raw));
        row.keyed_by(key)
    }

    /// The row without `RawEventData`, and its key when the record has an id. What the record lacks is taken from the
    /// wrapper.
    fn build(
        &self,
        record: &mut AuditRecord<'_>,
        wrapper: &Wrapper<'_>,
        position: u64,
        last_chance: bool,
    ) -> Result<(Filling<'_>, Option<RowKey>), Mapped> {
        let truth = instant(&record.creation_time);
        if !wrapper.date.is_empty() && !last_chance {
            self.order.learn(&wrapper.date, truth);
        }
        let time = if let Some(time) = truth {
            time
        } else {
            let own = !record.creation_time.trim().is_empty();
            let date = if own { &record.creation_time } else { &wrapper.date };
            if own && !last_chance {
                self.order.learn(date, None);
            }
            match self.order.read(date, last_chance) {
                Some(Ok(time)) => time,
                Some(Err(reason)) => return Err(Mapped::Reject(reason)),
                None => return Err(Mapped::Later),
            }
        };
        for (slot, outer) in [
            (&mut record.id, &wrapper.id),
            (&mut record.record_type, &wrapper.record_type),
            (&mut record.user_id, &wrapper.user),
        ] {
            if slot.is_empty() && !outer.is_empty() {
                *slot = Cow::Owned(outer.trim().to_owned());
            }
        }
        if record.operation.is_empty() {
            // Some operations end with a blank.
            record.operation = Cow::Owned(wrapper.operation.trim_matches(['\r', '\n', '\u{feff}']).to_owned());
        }
        if record.operation.trim().is_empty() {
            return Err(Mapped::Reject("it has no Operation".to_owned()));
        }
        Ok((self.fill(record, time, Rank::Record, position), key(&record.id)))
    }

    /// A row with everything but `RawEventData` and the key.
    pub(crate) fn fill(&self, record: &AuditRecord<'_>, time: Ticks, rank: Rank, position: u64) -> Filling<'_> {
        let mut row = self.table.row(rank, position);
        let at = &self.at;
        // One piece of memory for all texts of the row: it goes to another thread, and is given back there.
        let mut texts = Texts::default();
        let mut text = |column, text: &str| texts.add(column, text);
        text(at.Id, &record.id.to_ascii_lowercase());
        text(at.ReportId, &record.id);
        text(at.Operation, &record.operation);
        text(at.Workload, &record.workload);
        text(at.UserId, &record.user_id);
        text(at.AccountId, &record.user_id);
        text(at.UserKey, &record.user_key);
        text(at.ResultStatus, &record.result_status);
        text(at.ObjectId, &record.object_id);
        let ip = [&record.client_ip, &record.client_ip_address, &record.actor_ip_address];
        text(at.ClientIP, ip.iter().find(|ip| !ip.is_empty()).map_or("", |ip| ip.as_ref()));
        text(at.IPAddress, &ip.iter().find_map(|ip| address::canonical(ip)).unwrap_or_default());
        text(at.OrganizationId, &record.organization_id);
        text(at.OrganizationName, &record.organization_name);
        let session = AuditRecord::find(&record.device_properties, "SessionId");
        text(at.SessionId, if record.session_id.is_empty() { session } else { &record.session_id });
        text(at.AppId, if record.app_id.is_empty() { &record.application_id } else { &record.app_id });
        text(at.ExternalAccess, truth_word(&record.external_access));
        text(at.UserAgent, &record.agent());
        text(at.OSPlatform, AuditRecord::find(&record.device_properties, "OS"));
        let context_app = AuditRecord::find(&record.access_context, "ClientAppId");
        let oauth = [context_app, &record.app_id, &record.client_app_id];
        text(at.OAuthAppId, oauth.into_iter().find(|app| !app.is_empty()).unwrap_or_default());
        let account = [record.token_object_id.as_ref(), record.user_key.as_ref()];
        let account = account.into_iter().find(|id| is_guid(id)).unwrap_or_default();
        text(at.AccountObjectId, account);
        let object = if record.resolved_name.is_empty() { &record.object_id } else { &record.resolved_name };
        let object_type = cmdlet_noun(&record.operation);
        text(at.ObjectName, object);
        text(at.ObjectType, object_type);
        text(at.AuditSource, AUDIT_SOURCE);
        let record_type = names::record_type(&record.record_type);
        let user_type = names::user_type(&record.user_type);
        let account_type = match user_type {
            Some(0 | 10) => "Regular",
            Some(2) => "Admin",
            Some(3 | 4) => "System",
            Some(5 | 6) => "Application",
            _ => "",
        };
        text(at.AccountType, account_type);
        if let Some((name, id)) = application(&record.workload) {
            text(at.Application, name);
            row.set_at(at.ApplicationId, Value::Long(id));
        }
        texts.fill(&mut row);
        row.set_at(at.Timestamp, Value::DateTime(time));
        row.set_at(at.AppInstanceId, Value::Long(0));
        if let Some(number) = record_type {
            row.set_at(at.RecordType, Value::Long(number));
        }
        if let Some(number) = user_type {
            row.set_at(at.UserType, Value::Long(number));
        }
        if matches!(record_type, Some(1 | 18)) || user_type == Some(2) {
            row.set_at(at.IsAdminOperation, Value::Bool(true));
        }
        if user_type == Some(10) {
            row.set_at(at.IsExternalUser, Value::Bool(true));
        }
        let on_behalf = matches!(record.operation.as_ref(), "SendAs" | "SendOnBehalf");
        if on_behalf || matches!(record.logon_type.as_ref(), "1" | "2" | "6" | "Admin" | "Delegated" | "DelegatedAdmin")
        {
            row.set_at(at.IsImpersonated, Value::Bool(true));
        }
        let aad_session = AuditRecord::find(&record.access_context, "AADSessionId");
        if !aad_session.is_empty() {
            row.set_at(at.SessionData, Value::Dynamic(quoted(aad_session)));
        }
        if !record.parameters.is_empty() || !record.operation_properties.is_empty() {
            row.set_at(at.ParameterBag, Value::Dynamic(bag(&record.parameters, &record.operation_properties)));
        }
        row.set_at(at.ActivityObjects, Value::Dynamic(activity_objects(&record.user_id, account, object, object_type)));
        row
    }

    /// What a reader of the account should know.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(self.order.note());
        for (counter, what) in [
            (&self.salvaged_empty, "records without AuditData, of which only the other columns were kept"),
            (&self.salvaged_cut, "records with AuditData cut off or broken, of which was kept what could be read"),
        ] {
            match counter.load(Ordering::Relaxed) {
                0 => {}
                count => notes.push(format!("{what}: {count}")),
            }
        }
        notes
    }
}

/// The texts of one row, one after the other, and the columns they are for.
struct Texts {
    all: String,
    places: Vec<(usize, usize, usize)>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { all: String::with_capacity(1024), places: Vec::with_capacity(32) }
    }
}

impl Texts {
    /// Adds the text of a column; an empty one is none. The same text for the next column takes no room.
    fn add(&mut self, column: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        let last = self.places.last().map_or(0..0, |(_, start, end)| *start..*end);
        let (start, end) = if self.all.get(last.clone()) == Some(text) {
            (last.start, last.end)
        } else {
            let start = self.all.len();
            self.all.push_str(text);
            (start, self.all.len())
        };
        self.places.push((column, start, end));
    }

    fn fill(self, row: &mut Filling<'_>) {
        if u32::try_from(self.all.len()).is_err() {
            for (column, start, end) in self.places {
                row.set_at(column, Value::String(self.all.get(start..end).unwrap_or_default().to_owned()));
            }
            return;
        }
        let all: Arc<str> = Arc::from(self.all);
        for (column, start, end) in self.places {
            row.set_at(column, Value::Shared(SharedText::new(&all, start, end)));
        }
    }
}

/// The key of a record with an id.
pub(crate) fn key(id: &str) -> Option<RowKey> {
    let id = id.trim();
    (!id.is_empty()).then(|| RowKey::Record(id.to_lowercase()))
}

fn truth_word(text: &str) -> &str {
    if text.eq_ignore_ascii_case("true") {
        "True"
    } else if text.eq_ignore_ascii_case("false") {
        "False"
    } else {
        text
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Name and number of the application of a workload, as the vendor's table has them, as far as they are known.
fn application(workload: &str) -> Option<(&'static str, i64)> {
    Some(match workload {
        "" => return None,
        "Exchange" => ("Microsoft Exchange Online", 20893),
        "SharePoint" => ("Microsoft SharePoint Online", 20892),
        "OneDrive" => ("Microsoft OneDrive for Business", 15600),
        "MicrosoftTeams" => ("Microsoft Teams", 28375),
        _ => ("Office 365", 11161),
    })
}

/// `InboxRule` of `New-InboxRule`; nothing for operations that are not named like cmdlets.
fn cmdlet_noun(operation: &str) -> &str {
    match operation.split_once('-') {
        Some((verb, noun))
            if !verb.is_empty()
                && verb.bytes().all(|b| b.is_ascii_alphabetic())
                && noun.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            noun
        }
        _ => "",
    }
}

/// Names and values as one JSON object of texts. Of the second list, names that the first lacks are added; a name that
/// occurs twice in a list has its values joined with `;`, as lists are within a value.
fn bag(parameters: &[Pair<'_>], properties: &[Pair<'_>]) -> String {
    let mut merged: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(parameters.len() + properties.len());
    for (list, own) in [(parameters, 0), (properties, parameters.len())] {
        let before = merged.len().min(own);
        for (name, value) in list {
            match merged.iter().position(|(n, _)| n == name) {
                Some(at) if at >= before => {
                    if let Some((_, joined)) = merged.get_mut(at) {
                        *joined = Cow::Owned(format!("{joined};{value}"));
                    }
                }
                Some(_) => {}
                None => merged.push((name, Cow::Borrowed(value))),
            }
        }
    }
    let mut out = String::from("{");
    for (index, (name, value)) in merged.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_quoted(&mut out, name);
        out.push(':');
        push_quoted(&mut out, value);
    }
    out.push('}');
    out
}

fn activity_objects(user: &str, account: &str, object: &str, object_type: &str) -> String {
    let mut out = String::with_capacity(96 + user.len() + account.len() + object.len() + object_type.len());
    out.push('[');
    let mut push = |kind: &str, role: &str, name: &str, id: &str| {
        if name.is_empty() {
            return;
        }
        out.push_str(if out.len() > 1 { ",{" } else { "{" });
        for (index, (key, value)) in [("Type", kind), ("Role", role), ("Name", name), ("Id", id)]
            .into_iter()
            .filter(|(_, v)| !v.is_empty())
            .enumerate()
        {
            if index > 0 {
                out.push(',');
            }
            push_quoted(&mut out, key);
            out.push(':');
            push_quoted(&mut out, value);
        }
        out.push('}');
    };
    push("Account", "Actor", user, account);
    push(object_type, "Target object", object, "");
    out.push(']');
    out
}

/// A record put together from what was left of it.
fn salvaged(record: &AuditRecord<'_>, time: Option<Ticks>) -> String {
    let mut out = Map::new();
    let time = time.map(|t| t.to_string()).unwrap_or_default();
    // A whole second as the audit log writes it; a part of one is kept.
    let time = time.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
    for (name, value) in [
        ("CreationTime", time),
        ("Id", &record.id),
        ("Operation", &record.operation),
        ("OrganizationId", &record.organization_id),
        ("ResultStatus", &record.result_status),
        ("UserKey", &record.user_key),
        ("Workload", &record.workload),
        ("ClientIP", &record.client_ip),
        ("ObjectId", &record.object_id),
        ("UserId", &record.user_id),
        ("SessionId", &record.session_id),
        ("AppId", &record.app_id),
        ("ClientInfoString", &record.client_info),
        ("OrganizationName", &record.organization_name),
        ("ExternalAccess", &record.external_access),
    ] {
        if !value.is_empty() {
            out.insert(name.to_owned(), Json::from(value));
        }
    }
    for (name, number) in
        [("RecordType", names::record_type(&record.record_type)), ("UserType", names::user_type(&record.user_type))]
    {
        if let Some(number) = number {
            out.insert(name.to_owned(), Json::from(number));
        }
    }
    for (name, pairs) in [
        ("Parameters", &record.parameters),
        ("OperationProperties", &record.operation_properties),
        ("ExtendedProperties", &record.extended_properties),
    ] {
        if !pairs.is_empty() {
            let list = pairs.iter().map(|(n, v)| serde_json::json!({"Name": n, "Value": v})).collect();
            out.insert(name.to_owned(), Json::Array(list));
        }
    }
    Json::Object(out).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs<'a>(list: &[(&'a str, &'a str)]) -> Vec<Pair<'a>> {
        list.iter().map(|(n, v)| (Cow::Borrowed(*n), Cow::Borrowed(*v))).collect()
    }

    #[test]
    fn bags_names_and_values() {
        assert_eq!(
            bag(&pairs(&[("A", "x\"y"), ("B", ""), ("A", "z")]), &pairs(&[("B", "lost"), ("C", "1"), ("C", "2")])),
            r#"{"A":"x\"y;z","B":"","C":"1;2"}"#
        );
    }

    #[test]
    fn takes_the_noun_of_cmdlets_only() {
        assert_eq!(cmdlet_noun("New-InboxRule"), "InboxRule");
        assert_eq!(cmdlet_noun("disable-Mailbox"), "Mailbox");
        assert_eq!(cmdlet_noun("Update application – Certificates and secrets management "), "");
        assert_eq!(cmdlet_noun("Add member to role."), "");
    }
}
