//! Ordinary mail: customers, colleagues, newsletters, a little spam.

use chrono::TimeDelta;

use crate::LabError;
use crate::dice::Dice;
use crate::span::{office, weekend};
use crate::tenant::Tenant;

const PARTNERS: &[&str] = &[
    "orders@northwind.example",
    "accounts@northwind.example",
    "mira.sand@tailspin.example",
    "service@adatum.example",
    "jonas.berg@litware.example",
    "buying@proseware.example",
    "events@wingtip.example",
];
const NEWSLETTERS: &[&str] = &["news@letters.litware.example", "offers@post.wingtip.example"];
const STRANGERS: &[&str] = &["win@lucky-draw.example", "crypto@fast-profit.example"];
const SUBJECTS: &[&str] = &[
    "Delivery on Thursday",
    "Question about the offer",
    "Minutes",
    "Re: Line 4 schedule",
    "Drawing, second version",
    "Appointment next week",
    "Order confirmation",
    "Re: Return of two pallets",
    "Timesheet",
    "Visit on site",
];

pub(super) fn fill(tenant: &mut Tenant) -> Result<(), LabError> {
    let mut dice = tenant.dice("noise mail");
    for day in tenant.span.dates() {
        let count = if weekend(day) { dice.between(3, 6) } else { dice.between(24, 34) };
        for _ in 0..count {
            let time = office(day, 7 * 60 + 30 + dice.between(0, 10 * 60)) + TimeDelta::seconds(dice.between(0, 59));
            let person = tenant.world.anybody(&mut dice)?;
            let subject = dice.pick(SUBJECTS, "Question").to_owned();
            let mail = match dice.below(100) {
                0..=44 => {
                    let sender = dice.pick(PARTNERS, "orders@northwind.example");
                    outside(tenant, &mut dice, time, sender, &person.upn, subject)
                }
                45..=64 if person.works(day) => {
                    let recipient = dice.pick(PARTNERS, "orders@northwind.example");
                    tenant.message(&mut dice, time, &person.upn, recipient, subject)
                }
                65..=89 if person.works(day) => {
                    let colleague = tenant.world.anybody(&mut dice)?;
                    tenant.message(&mut dice, time, &person.upn, &colleague.upn, subject)
                }
                90..=95 => {
                    let sender = dice.pick(NEWSLETTERS, "news@letters.litware.example");
                    outside(tenant, &mut dice, time, sender, &person.upn, "This month".to_owned())
                }
                _ => {
                    let sender = dice.pick(STRANGERS, "win@lucky-draw.example");
                    let mut mail =
                        outside(tenant, &mut dice, time, sender, &person.upn, "You have been chosen".to_owned());
                    mail.status = if dice.chance(70) { "FilteredAsSpam" } else { "Quarantined" };
                    mail.authenticated = false;
                    mail.threat = Some("Spam");
                    mail
                }
            };
            tenant.timeline.mail.push(mail);
        }
    }
    Ok(())
}

fn outside(
    tenant: &Tenant,
    dice: &mut Dice,
    time: chrono::NaiveDateTime,
    sender: &str,
    recipient: &str,
    subject: String,
) -> crate::timeline::Mail {
    let mut mail = tenant.message(dice, time, sender, recipient, subject);
    // The same sender always comes from the same server.
    let host = 130 + sender.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 120);
    mail.from_ip = Some(format!("198.51.100.{host}"));
    mail
}
