//! Rows in bulk, for measuring: mail, the links in it, and audit records, as many as asked for.
//!
//! Unlike the simulated tenants these tell no story and pass through no export format: a [`Record`] is a row of a table
//! of the store, column by column. Sizes, repetition and skew are those of a large tenant, because they decide what a
//! query costs: few busy senders and many rare ones, addresses that come again, identifiers that never do, audit
//! records of one to two kilobytes.

mod audit;
mod exports;
mod mail;

pub use self::exports::{Exported, audit_exports};
use crate::dice::Dice;

/// The simulated organisation.
const HOME_DOMAIN: &str = "contoso.example";

/// The first instant of the rows: 2026-03-01, in milliseconds since the Unix epoch.
pub const START_MS: i64 = 1_772_323_200_000;
/// How many days the rows cover.
pub const DAYS: i64 = 60;
const SPAN_MS: i64 = DAYS * 86_400_000;
/// Records come nearly in order of time; this far out of it.
const JITTER_MS: i64 = 600_000;
const PEOPLE: u64 = 20_000;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// A JSON document.
    Json(String),
    /// A whole number.
    Long(i64),
    /// An instant in milliseconds since the Unix epoch.
    Time(i64),
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// A table that rows are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// One message to one recipient.
    EmailEvents,
    /// One link in a message.
    EmailUrlInfo,
    /// One unified audit record.
    AuditRecords,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 3] = [Self::EmailEvents, Self::EmailUrlInfo, Self::AuditRecords];

    /// The table's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmailEvents => "EmailEvents",
            Self::EmailUrlInfo => "EmailUrlInfo",
            Self::AuditRecords => "AuditRecords",
        }
    }

    /// The columns that a [`Record`] of this table has values for, in its order.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::EmailEvents => mail::COLUMNS,
            Self::EmailUrlInfo => mail::LINK_COLUMNS,
            Self::AuditRecords => audit::COLUMNS,
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The table.
    pub table: Table,
    /// What tells the row apart from all others of its table.
    pub key: String,
    /// The values, in the order of [`Table::columns`].
    pub cells: Vec<Cell>,
}

/// Somebody with a mailbox.
struct Person {
    address: String,
    object_id: String,
    name: String,
}

fn people() -> Vec<Person> {
    const FIRST: [&str; 20] = [
        "Ada", "Ben", "Chloe", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ines", "Jan", "Kim", "Lena", "Max", "Nora",
        "Omar", "Pia", "Quinn", "Rosa", "Sam", "Tara",
    ];
    const LAST: [&str; 25] = [
        "Abel", "Baker", "Cole", "Diaz", "Evans", "Ford", "Gray", "Hill", "Ivers", "Jones", "Klein", "Lopez", "Moore",
        "Novak", "Olsen", "Price", "Quist", "Reed", "Stone", "Turner", "Unger", "Vogel", "Weber", "Young", "Zeller",
    ];
    let mut dice = Dice::new(1, "load people");
    (0..PEOPLE)
        .map(|number| {
            let (first, last) = (dice.pick(&FIRST, "Ada"), dice.pick(&LAST, "Abel"));
            Person {
                address: format!("user{number}@{HOME_DOMAIN}"),
                object_id: dice.guid(),
                name: format!("{first} {last}"),
            }
        })
        .collect()
}

/// A number below `limit`; small ones come far more often than large ones.
fn skewed(dice: &mut Dice, limit: u64) -> usize {
    let part = dice.below(1 << 20) as f64 / f64::from(1 << 20);
    (part * part * part * limit as f64) as usize
}

/// The instant of the `number`th of `count` rows.
fn instant(dice: &mut Dice, number: u64, count: u64) -> i64 {
    let at = i128::from(number) * i128::from(SPAN_MS - JITTER_MS - 1) / i128::from(count.max(1));
    START_MS + at as i64 + dice.between(0, JITTER_MS)
}

/// An address of the documentation ranges.
fn ip(number: u64) -> String {
    let net = ["192.0.2", "198.51.100", "203.0.113"];
    format!("{}.{}", net.get((number / 256 % 3) as usize).unwrap_or(&"192.0.2"), number % 256)
}

/// Calls `each` with rows: `mail` of EmailEvents with the links of these messages, and `audit` of AuditRecords. The same
/// numbers give the same rows. Stops at the first error.
pub fn rows<E>(mail: u64, audit: u64, mut each: impl FnMut(Record) -> Result<(), E>) -> Result<(), E> {
    let people = people();
    mail::rows(mail, &people, &mut each)?;
    audit::rows(audit, &people, &mut each)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::convert::Infallible;

    use super::*;

    fn all(mail: u64, audit: u64) -> Vec<Record> {
        let mut records = Vec::new();
        let Ok(()) = rows(mail, audit, |record| {
            records.push(record);
            Ok::<(), Infallible>(())
        });
        records
    }

    #[test]
    fn as_many_rows_as_asked_for_each_with_a_value_for_each_column_and_a_key_of_its_own() {
        let records = all(3_000, 2_000);
        let of = |table| records.iter().filter(move |r| r.table == table);
        assert_eq!(of(Table::EmailEvents).count(), 3_000);
        assert_eq!(of(Table::AuditRecords).count(), 2_000);
        assert!(of(Table::EmailUrlInfo).count() > 300);
        for table in Table::ALL {
            assert!(of(table).all(|r| r.cells.len() == table.columns().len()), "{table:?}");
            assert_eq!(of(table).map(|r| &r.key).collect::<HashSet<_>>().len(), of(table).count(), "{table:?}");
        }
    }

    #[test]
    fn documents_are_json_and_times_lie_in_the_span() {
        for record in all(500, 500) {
            for cell in &record.cells {
                match cell {
                    Cell::Json(text) => assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}"),
                    Cell::Time(at) => assert!((START_MS..START_MS + SPAN_MS).contains(at), "{at}"),
                    Cell::Text(_) | Cell::Long(_) => {}
                }
            }
        }
    }

    #[test]
    fn the_same_numbers_give_the_same_rows() {
        assert_eq!(all(50, 50), all(50, 50));
    }
}
