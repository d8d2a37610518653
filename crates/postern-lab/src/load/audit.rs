//! Audit records: mostly what people do all day, now and then a rule.

use std::fmt::Write as _;

use super::{Cell, HOME_DOMAIN, Person, Record, Table, instant, ip, skewed};
use crate::dice::Dice;

pub(super) const COLUMNS: &[&str] = &[
    "Timestamp",
    "Id",
    "RecordType",
    "Operation",
    "Workload",
    "UserId",
    "UserKey",
    "UserType",
    "ResultStatus",
    "ObjectId",
    "ClientIP",
    "IPAddress",
    "OrganizationId",
    "OrganizationName",
    "SessionId",
    "AppId",
    "UserAgent",
    "ParameterBag",
    "RawEventData",
    "AccountObjectId",
];

const ORGANISATION: &str = "6f7a0b1c-2d3e-4f50-8a61-72b3c4d5e6f7";
const OUTLOOK: &str = "5d661950-3475-41cd-a2c3-d671a3162bc1";
const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0";
const FOLDERS: [&str; 6] = ["RSS Feeds", "Archive", "Conversation History", "Junk Email", "Projects", "Invoices"];
const WORDS: [&str; 6] = ["invoice", "payment", "wire;transfer", "newsletter", "hacked", "report"];

/// An operation: how many of a thousand records have it, its number and its workload.
const OPERATIONS: [(u64, &str, i64, &str); 10] = [
    (400, "MailItemsAccessed", 50, "Exchange"),
    (200, "FileAccessed", 6, "SharePoint"),
    (180, "UserLoggedIn", 15, "AzureActiveDirectory"),
    (40, "UserLoginFailed", 15, "AzureActiveDirectory"),
    (80, "Send", 2, "Exchange"),
    (50, "Update", 2, "Exchange"),
    (36, "MoveToDeletedItems", 3, "Exchange"),
    (8, "New-InboxRule", 1, "Exchange"),
    (4, "Set-InboxRule", 1, "Exchange"),
    (2, "Set-Mailbox", 1, "Exchange"),
];

fn operation(dice: &mut Dice) -> (&'static str, i64, &'static str) {
    let mut at = dice.below(1000);
    for (weight, name, number, workload) in OPERATIONS {
        if at < weight {
            return (name, number, workload);
        }
        at -= weight;
    }
    ("MailItemsAccessed", 50, "Exchange")
}

/// The parameters of a command as name and value.
fn parameters(dice: &mut Dice, name: &str, person: &Person) -> Vec<(&'static str, String)> {
    let truth = |dice: &mut Dice| if dice.chance(50) { "True" } else { "False" }.to_owned();
    if name == "Set-Mailbox" {
        let target = format!("smtp:box{}@d{}.example", dice.below(500), dice.below(80));
        return vec![
            ("Identity", person.address.clone()),
            ("DeliverToMailboxAndForward", truth(dice)),
            ("ForwardingSmtpAddress", target),
        ];
    }
    let mut list = vec![
        ("AlwaysDeleteOutlookRulesBlob", "False".to_owned()),
        ("Force", "False".to_owned()),
        ("Name", format!("rule {}", dice.below(400))),
        ("SubjectOrBodyContainsWords", dice.pick(&WORDS, "invoice").to_owned()),
    ];
    match dice.below(10) {
        0 => list.push(("ForwardTo", format!("box{}@d{}.example", dice.below(500), dice.below(80)))),
        1 | 2 => list.push(("DeleteMessage", "True".to_owned())),
        _ => list.push(("MoveToFolder", dice.pick(&FOLDERS, "Archive").to_owned())),
    }
    list.push(("MarkAsRead", truth(dice)));
    list.push(("StopProcessingRules", truth(dice)));
    list
}

fn command_parts(raw: &mut String, parameters: &[(&'static str, String)]) {
    raw.push_str(r#","Parameters":["#);
    for (at, (name, value)) in parameters.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(raw, r#"{comma}{{"Name":"{name}","Value":"{value}"}}"#);
    }
    raw.push(']');
}

/// What only records of this operation have.
fn parts(raw: &mut String, dice: &mut Dice, name: &str, person: &Person) {
    match name {
        "MailItemsAccessed" => {
            let _ = write!(
                raw,
                r#","MailboxGuid":"{}","MailboxOwnerUPN":"{}","ClientInfoString":"Client=OWA;Action=ViaProxy","OperationProperties":[{{"Name":"MailAccessType","Value":"Bind"}},{{"Name":"IsThrottled","Value":"False"}}],"Folders":[{{"FolderItems":["#,
                person.object_id, person.address
            );
            for item in 0..dice.between(1, 4) {
                let comma = if item == 0 { "" } else { "," };
                let _ = write!(
                    raw,
                    r#"{comma}{{"Id":"{}","InternetMessageId":"<{}@{HOME_DOMAIN}>","SizeInBytes":{}}}"#,
                    dice.hex(48),
                    dice.hex(24),
                    dice.below(200_000)
                );
            }
            let _ = write!(raw, r#"],"Id":"{}","Path":"\\Inbox"}}]"#, dice.hex(48));
        }
        "FileAccessed" => {
            let file = dice.below(50_000);
            let _ = write!(
                raw,
                r#","SiteUrl":"https://contoso.example/sites/team{}","SourceFileName":"file{file}.docx","SourceFileExtension":"docx","SourceRelativeUrl":"Shared Documents/{}","ItemType":"File","EventSource":"SharePoint""#,
                file % 300,
                file % 40
            );
        }
        "UserLoggedIn" | "UserLoginFailed" => {
            let _ = write!(
                raw,
                r#","AzureActiveDirectoryEventType":1,"ExtendedProperties":[{{"Name":"ResultStatusDetail","Value":"Redirect"}},{{"Name":"UserAgent","Value":"{AGENT}"}},{{"Name":"RequestType","Value":"OAuth2:Authorize"}}],"DeviceProperties":[{{"Name":"OS","Value":"Windows10"}},{{"Name":"BrowserType","Value":"Chrome"}},{{"Name":"SessionId","Value":"{}"}}],"ErrorNumber":"{}","ActorIpAddress":"{}""#,
                dice.guid(),
                if name == "UserLoggedIn" { 0 } else { 50126 },
                ip(dice.below(768))
            );
        }
        _ => {
            let _ = write!(
                raw,
                r#","MailboxOwnerUPN":"{}","ClientInfoString":"Client=MSExchangeRPC","Item":{{"Id":"{}","Subject":"item {}","ParentFolder":{{"Path":"\\Inbox"}}}}"#,
                person.address,
                dice.hex(48),
                dice.below(100_000)
            );
        }
    }
}

pub(super) fn rows<E>(count: u64, people: &[Person], each: &mut impl FnMut(Record) -> Result<(), E>) -> Result<(), E> {
    let mut dice = Dice::new(1, "load audit");
    for number in 0..count {
        let at = instant(&mut dice, number, count);
        let Some(person) = people.get(skewed(&mut dice, people.len() as u64)) else { continue };
        each(record(at, person, &mut dice))?;
    }
    Ok(())
}

fn record(at: i64, person: &Person, dice: &mut Dice) -> Record {
    let (name, kind, workload) = operation(dice);
    let id = dice.guid();
    let session = dice.guid();
    let address = ip(person.object_id.bytes().map(u64::from).sum::<u64>() + dice.below(6));
    let client = if kind == 1 { format!("{address}:{}", dice.port()) } else { address.clone() };
    let status = if name == "UserLoginFailed" { "Failed" } else { "Succeeded" };
    let object = match kind {
        1 => format!("{}\\rule", person.address),
        6 => format!("https://contoso.example/sites/team{}/file.docx", dice.below(300)),
        _ => String::new(),
    };
    let when = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default().format("%Y-%m-%dT%H:%M:%S");
    let mut raw = format!(
        r#"{{"CreationTime":"{when}","Id":"{id}","Operation":"{name}","OrganizationId":"{ORGANISATION}","RecordType":{kind},"ResultStatus":"{status}","UserKey":"{}","UserType":0,"Version":1,"Workload":"{workload}","ClientIP":"{client}","ObjectId":"{}","UserId":"{}","AppId":"{OUTLOOK}","ExternalAccess":false,"OrganizationName":"{HOME_DOMAIN}","OriginatingServer":"SRV{:04} (15.20.4200.000)","SessionId":"{session}""#,
        person.object_id,
        object.replace('\\', "\\\\"),
        person.address,
        dice.below(900),
    );
    let mut bag = String::from("{");
    if kind == 1 {
        let list = parameters(dice, name, person);
        command_parts(&mut raw, &list);
        for (at, (name, value)) in list.iter().enumerate() {
            let _ = write!(bag, r#"{}"{name}":"{value}""#, if at == 0 { "" } else { "," });
        }
    } else {
        parts(&mut raw, dice, name, person);
    }
    raw.push('}');
    bag.push('}');
    let cells = vec![
        Cell::Time(at),
        Cell::text(&id),
        Cell::Long(kind),
        Cell::text(name),
        Cell::text(workload),
        Cell::text(&person.address),
        Cell::text(&person.object_id),
        Cell::Long(0),
        Cell::text(status),
        Cell::text(object),
        Cell::text(client),
        Cell::text(address),
        Cell::text(ORGANISATION),
        Cell::text(HOME_DOMAIN),
        Cell::text(session),
        Cell::text(OUTLOOK),
        Cell::text(if kind == 15 { AGENT } else { "" }),
        Cell::Json(bag),
        Cell::Json(raw),
        Cell::text(&person.object_id),
    ];
    Record { table: Table::AuditRecords, key: id, cells }
}
