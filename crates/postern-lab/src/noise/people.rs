//! People at work: they sign in, read mail and open files; somebody travels, somebody forgets a password.

use std::rc::Rc;

use chrono::{NaiveDate, TimeDelta};

use crate::LabError;
use crate::audit;
use crate::dice::Dice;
use crate::span::office;
use crate::tenant::{Attempt, Session, Tenant};
use crate::timeline::{OFFICE, OUTLOOK_WEB, Outcome, PORTAL, TEAMS};
use crate::world::towns::LISBON;
use crate::world::{Duty, Person, Place};

const FILES: &[(&str, &str)] = &[
    ("Sales", "Price list 2026.xlsx"),
    ("Sales", "Offer Northwind.docx"),
    ("Projects", "Line 4 schedule.xlsx"),
    ("Projects", "Minutes of the weekly meeting.docx"),
    ("HR", "Holiday plan.xlsx"),
    ("HR", "Induction checklist.docx"),
    ("Finance", "Budget 2026.xlsx"),
    ("Warehouse", "Stock count.xlsx"),
];

#[expect(clippy::unnecessary_wraps, reason = "all kinds of noise share one signature")]
pub(super) fn fill(tenant: &mut Tenant) -> Result<(), LabError> {
    let mut dice = tenant.dice("noise people");
    let trip = (tenant.span.workday_at(43), tenant.span.workday_at(50));
    for person in tenant.world.people.clone() {
        for day in tenant.span.workdays() {
            if person.works(day) {
                work(tenant, &mut dice, &person, day, trip);
            }
        }
    }
    Ok(())
}

fn work(tenant: &mut Tenant, dice: &mut Dice, person: &Rc<Person>, day: NaiveDate, trip: (NaiveDate, NaiveDate)) {
    let place = place_of_day(tenant, dice, person, day, trip);
    let start = office(day, person.begins + dice.between(-10, 25));
    // The desktop programs renew their tokens on their own, every day.
    for app in [OFFICE, TEAMS] {
        if dice.chance(60) {
            let quiet = Attempt {
                interactive: false,
                ..Attempt::usual(start + TimeDelta::seconds(dice.between(5, 900)), person, &place, app)
            };
            tenant.attempt(dice, quiet);
        }
    }
    // A full sign-in is asked for every few days.
    if !dice.chance(48) {
        return;
    }
    if dice.chance(6) {
        for step in 0..dice.between(1, 3) {
            let wrong = Attempt::usual(start - TimeDelta::seconds(90 - step * 25), person, &place, PORTAL);
            tenant.attempt(dice, wrong.ending(Outcome::WrongPassword));
        }
    }
    if person.second_factor && dice.chance(15) {
        let asked = Attempt::usual(start - TimeDelta::seconds(12), person, &place, OUTLOOK_WEB);
        tenant.attempt(dice, asked.ending(Outcome::SecondFactorMissing));
    }
    let app = if dice.chance(70) { OUTLOOK_WEB } else { PORTAL };
    let mut attempt = Attempt::usual(start, person, &place, app);
    if dice.chance(12) {
        attempt.device = person.phone.clone();
        attempt.place = person.mobile.clone();
    }
    let session = tenant.attempt(dice, attempt);
    read(tenant, dice, &session, person, day);
}

fn read(tenant: &mut Tenant, dice: &mut Dice, session: &Session, person: &Rc<Person>, day: NaiveDate) {
    let within = |dice: &mut Dice| {
        office(day, person.begins + dice.between(20, person.lasts - 30)) + TimeDelta::seconds(dice.between(0, 59))
    };
    let organisation = tenant.world.organisation.clone();
    if dice.chance(45) {
        let time = within(dice);
        let ids: Vec<String> =
            (0..dice.between(1, 3)).map(|_| format!("<{}@{}>", dice.hex(24), organisation.domain)).collect();
        let record =
            audit::mailbox(&organisation, dice, time, session, "MailItemsAccessed", 50, audit::bind("Inbox", &ids));
        tenant.timeline.audit.push(record);
    }
    if dice.chance(50) {
        let time = within(dice);
        let index = dice.below(FILES.len() as u64) as usize;
        let (site, name) = FILES.get(index).copied().unwrap_or(("Sales", "Price list 2026.xlsx"));
        let operation = if dice.chance(70) { "FileAccessed" } else { "FileModified" };
        let record = audit::file(&organisation, dice, time, session, operation, site, name);
        tenant.timeline.audit.push(record);
    }
}

fn place_of_day(
    tenant: &Tenant,
    dice: &mut Dice,
    person: &Person,
    day: NaiveDate,
    trip: (NaiveDate, NaiveDate),
) -> Place {
    if person.duty == Duty::Traveller && day >= trip.0 && day <= trip.1 {
        return Place::new("198.51.100.120".to_owned(), LISBON, 64_503);
    }
    // Those who change settings do it from the office on the days that matter; their days at home are few.
    if dice.chance(person.at_home) { person.home.clone() } else { tenant.world.organisation.office.clone() }
}
