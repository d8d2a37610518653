//! The staff list.

use std::rc::Rc;

use chrono::{Days, NaiveDate};

use super::towns::{BRADFORD, LEEDS, UTRECHT, YORK};
use super::{Device, Duty, MAC_SAFARI, Organisation, PHONE, Person, Place, Town, WINDOWS_CHROME, WINDOWS_EDGE};
use crate::dice::Dice;
use crate::span::Span;

/// Name, duty, home town, at the subsidiary, second factor, kind of computer.
type Entry = (&'static str, &'static str, Duty, Town, bool, bool, Computer);

#[derive(Clone, Copy)]
enum Computer {
    Edge,
    Chrome,
    Mac,
}

const STAFF: &[Entry] = &[
    ("Maren", "Holt", Duty::Director, YORK, false, true, Computer::Mac),
    ("Priya", "Nair", Duty::Finance, LEEDS, false, false, Computer::Edge),
    ("Tom", "Okafor", Duty::MailAdmin, LEEDS, false, true, Computer::Edge),
    ("Lena", "Vogt", Duty::SupportAdmin, BRADFORD, false, false, Computer::Chrome),
    ("Daniel", "Reyes", Duty::Traveller, YORK, false, true, Computer::Edge),
    ("Sofia", "Lindqvist", Duty::Staff, LEEDS, false, false, Computer::Chrome),
    ("Hannah", "Brandt", Duty::Staff, BRADFORD, false, true, Computer::Edge),
    ("Omar", "Aziz", Duty::Staff, BRADFORD, false, false, Computer::Edge),
    ("Grace", "Chen", Duty::Engineer, LEEDS, false, true, Computer::Mac),
    ("Jakub", "Nowak", Duty::Staff, LEEDS, false, true, Computer::Chrome),
    ("Elif", "Demir", Duty::Purchasing, YORK, false, false, Computer::Edge),
    ("Peter", "Walsh", Duty::Leaver, LEEDS, false, false, Computer::Edge),
    ("Noah", "Fischer", Duty::Staff, BRADFORD, false, true, Computer::Chrome),
    ("Ana", "Costa", Duty::Staff, YORK, false, false, Computer::Mac),
    ("Ben", "Harper", Duty::Staff, LEEDS, false, true, Computer::Edge),
    ("Ruth", "de Wit", Duty::Staff, UTRECHT, true, true, Computer::Edge),
];

/// Everybody on the list, with habits drawn from the dice.
pub(super) fn staff(dice: &mut Dice, organisation: &Organisation, span: Span) -> Vec<Rc<Person>> {
    STAFF
        .iter()
        .enumerate()
        .map(|(index, entry)| Rc::new(hire(dice, organisation, span, index as u64, entry)))
        .collect()
}

fn hire(dice: &mut Dice, organisation: &Organisation, span: Span, index: u64, entry: &Entry) -> Person {
    let &(first, last, duty, town, subsidiary, second_factor, computer) = entry;
    let alias = format!("{}.{}", first.to_lowercase(), last.to_lowercase().replace(' ', ""));
    let domain = if subsidiary { organisation.subsidiary } else { organisation.domain };
    let (system, browser, agent) = match computer {
        Computer::Edge => ("Windows10", "Edge 144.0.0", WINDOWS_EDGE),
        Computer::Chrome => ("Windows10", "Chrome 145.0.0", WINDOWS_CHROME),
        Computer::Mac => ("MacOs", "Safari 18.3", MAC_SAFARI),
    };
    Person {
        duty,
        name: format!("{first} {last}"),
        upn: format!("{alias}@{domain}"),
        alias,
        object_id: dice.guid(),
        puid: format!("10032002{}", dice.hex(8)),
        sid: format!("S-1-5-21-1000000001-2000000002-3000000003-{}", 41_000 + index * 7),
        mailbox_guid: dice.guid(),
        home: Place::new(format!("198.51.100.{}", 11 + index * 5), town, 64_497 + (index % 3) as u32),
        mobile: Place::new(
            format!("2001:db8:5{:x}:{:x}::{:x}", index, dice.below(4096), dice.below(60_000) + 1),
            town,
            64_501,
        ),
        computer: Device {
            id: dice.guid(),
            name: format!("CTS-LT-{:03}", 101 + index),
            system,
            browser,
            agent,
            managed: true,
        },
        phone: Device {
            id: dice.guid(),
            name: format!("{first}'s phone"),
            system: "Ios 18.3",
            browser: "Mobile Safari 18.3",
            agent: PHONE,
            managed: false,
        },
        begins: 7 * 60 + 30 + dice.between(0, 8) * 15,
        lasts: 8 * 60 + dice.between(0, 4) * 15,
        at_home: if subsidiary { 100 } else { 10 + dice.below(5) * 10 },
        second_factor,
        away: holiday(dice, span, index),
        last_day: (duty == Duty::Leaver).then(|| span.workday_at(78)),
    }
}

/// Four people of sixteen take a week off, not those whom the stories need at work.
fn holiday(dice: &mut Dice, span: Span, index: u64) -> Option<(NaiveDate, NaiveDate)> {
    let start = span.workday_at(20 + dice.below(60) as usize);
    (index % 4 == 1 && index > 4).then(|| (start, start + Days::new(6)))
}
