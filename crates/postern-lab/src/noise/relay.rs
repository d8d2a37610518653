//! Mail of the business application and the scanners, through the organisation's own relays, in its weekly rhythm.

use chrono::{Datelike, NaiveDate, TimeDelta};

use crate::LabError;
use crate::dice::Dice;
use crate::span::{office, weekend};
use crate::state::RELAY_CONNECTOR;
use crate::tenant::Tenant;
use crate::timeline::Mail;

const CUSTOMERS: &[&str] = &[
    "accounts@northwind.example",
    "invoices@tailspin.example",
    "service@adatum.example",
    "buying@proseware.example",
    "finance@wingtip.example",
];

pub(super) fn fill(tenant: &mut Tenant) -> Result<(), LabError> {
    let mut dice = tenant.dice("noise relay");
    for day in tenant.span.dates() {
        // Monday is the fullest day; the month's invoices go out on its last working days.
        let count = match day.weekday() {
            _ if weekend(day) => dice.between(1, 2),
            chrono::Weekday::Mon => dice.between(13, 16),
            _ => dice.between(9, 12),
        } + if day.day() >= 29 && !weekend(day) { dice.between(3, 5) } else { 0 };
        for _ in 0..count {
            let mail = one(tenant, &mut dice, day)?;
            tenant.timeline.mail.push(mail);
        }
    }
    Ok(())
}

fn one(tenant: &Tenant, dice: &mut Dice, day: NaiveDate) -> Result<Mail, LabError> {
    let time = office(day, 6 * 60 + dice.between(0, 11 * 60)) + TimeDelta::seconds(dice.between(0, 59));
    let number = dice.between(10_000, 99_999);
    let (sender, display, recipient, subject) = match dice.below(3) {
        0 => (
            "scanner@contoso.example",
            "Scanner, second floor",
            tenant.world.anybody(dice)?.upn.clone(),
            "Scan".to_owned(),
        ),
        1 => (
            "erp@contoso.example",
            "Contoso ERP",
            tenant.world.anybody(dice)?.upn.clone(),
            format!("Stock note {number}"),
        ),
        _ => (
            "erp@contoso.example",
            "Contoso ERP",
            dice.pick(CUSTOMERS, "accounts@northwind.example").to_owned(),
            format!("Delivery note {number}"),
        ),
    };
    let mut mail = tenant.message(dice, time, sender, &recipient, subject);
    let [relay, _] = tenant.world.organisation.relays;
    mail.from_ip = Some(relay.to_owned());
    display.clone_into(&mut mail.display);
    mail.connector = Some(RELAY_CONNECTOR.to_owned());
    mail.attachments = 1;
    mail.urls = 0;
    Ok(mail)
}
