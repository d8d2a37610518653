//! Audit records in bulk as files in export formats, for measuring how fast they are read.
//!
//! The same records twice: one JSON document per line, and as the portal's CSV with the document in a cell. Each is
//! about one and a half kilobytes, and four of a hundred come a second time, as where pages of an export overlap.

use std::collections::VecDeque;
use std::io::{self, Write};

use super::{Cell, Record, audit, people};
use crate::dice::Dice;

/// One record of so many comes again.
const AGAIN: u64 = 25;
/// So many records later.
const LATER: usize = 5_000;

const PURVIEW: &str =
    "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames\r\n";
const OFFICE: &str = "d3590ed6-52b3-4102-aeff-aad2292ab01c";

/// How much was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Rows in each file.
    pub rows: u64,
    /// Distinct records among them.
    pub records: u64,
    /// Bytes of the JSON lines.
    pub json_bytes: u64,
    /// Bytes of the CSV.
    pub csv_bytes: u64,
}

/// Writes about `count` rows of audit records to both files. The same number gives the same bytes.
pub fn audit_exports(count: u64, json: &mut impl Write, csv: &mut impl Write) -> io::Result<Exported> {
    let mut dice = Dice::new(1, "load exports");
    let mut done = Exported::default();
    let mut kept: VecDeque<(String, String)> = VecDeque::new();
    let mut write = |done: &mut Exported, (line, row): &(String, String)| {
        json.write_all(line.as_bytes())?;
        csv.write_all(row.as_bytes())?;
        done.rows += 1;
        done.json_bytes += line.len() as u64;
        done.csv_bytes += row.len() as u64;
        io::Result::Ok(())
    };
    let distinct = count - count / AGAIN;
    write(&mut done, &(String::new(), PURVIEW.to_owned()))?;
    done.rows = 0;
    audit::rows(distinct, &people(), &mut |record| {
        let Some(lines) = lines(&record, &mut dice) else { return Ok(()) };
        write(&mut done, &lines)?;
        done.records += 1;
        if done.records % (AGAIN - 1) == 0 {
            kept.push_back(lines);
        }
        if kept.len() > LATER / AGAIN as usize
            && let Some(again) = kept.pop_front()
        {
            write(&mut done, &again)?;
        }
        Ok::<(), io::Error>(())
    })?;
    for again in &kept {
        write(&mut done, again)?;
    }
    Ok(done)
}

/// A record as a line of JSON and as a row of the portal's CSV.
fn lines(record: &Record, dice: &mut Dice) -> Option<(String, String)> {
    let [Cell::Time(at), Cell::Text(id), Cell::Long(kind), Cell::Text(operation), _, Cell::Text(user), ..] =
        record.cells.as_slice()
    else {
        return None;
    };
    let raw = record.cells.iter().rev().find_map(|cell| match cell {
        Cell::Json(raw) => Some(raw),
        _ => None,
    })?;
    let document = format!(
        r#"{},"AppAccessContext":{{"AADSessionId":"{}","APIId":"{}","ClientAppId":"{OFFICE}","CorrelationId":"{}","IssuedAtTime":"2026-03-01T00:00:00","UniqueTokenId":"{}"}},"AuthType":"OAuth","ClientVersion":"16.0.18526.20168","LogonType":0,"TokenObjectId":"{}"}}"#,
        raw.strip_suffix('}')?,
        dice.guid(),
        dice.guid(),
        dice.guid(),
        dice.hex(22),
        dice.guid(),
    );
    let when = chrono::DateTime::from_timestamp_millis(*at)?.format("%Y-%m-%dT%H:%M:%S.0000000Z ");
    let quoted = document.replace('"', "\"\"");
    let row = format!("{id},\"{when}\",{kind},{operation},{user},\"{quoted}\",,\r\n");
    Some((document + "\n", row))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn both_files_hold_the_same_records_and_some_of_them_twice() {
        let (mut json, mut csv) = (Vec::new(), Vec::new());
        let done = audit_exports(1_000, &mut json, &mut csv).unwrap();
        assert_eq!((done.rows, done.records), (1_000, 960));
        assert_eq!((done.json_bytes, done.csv_bytes), (json.len() as u64, csv.len() as u64));
        let (json, csv) = (String::from_utf8(json).unwrap(), String::from_utf8(csv).unwrap());
        let mut ids = HashSet::new();
        for (line, row) in json.lines().zip(csv.lines().skip(1)) {
            let document: serde_json::Value = serde_json::from_str(line).unwrap();
            let id = document["Id"].as_str().unwrap().to_owned();
            assert!(row.starts_with(&id) && row.contains(&line.replace('"', "\"\"")), "{row}");
            ids.insert(id);
        }
        assert_eq!((json.lines().count(), csv.lines().count(), ids.len()), (1_000, 1_001, 960));
        assert!((1_300..1_800).contains(&(json.len() / 1_000)), "{} bytes each", json.len() / 1_000);
        let (mut again, mut sink) = (Vec::new(), io::sink());
        audit_exports(1_000, &mut again, &mut sink).unwrap();
        assert_eq!(again, json.into_bytes());
    }
}
