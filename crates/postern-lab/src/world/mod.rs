//! Who works there: the organisation, its people with their habits, their places and devices.

mod people;
pub(crate) mod towns;

use std::rc::Rc;

use chrono::NaiveDate;

use crate::LabError;
use crate::dice::Dice;
use crate::span::{Span, weekend};

/// What a person does, as far as stories need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Runs the company.
    Director,
    /// Pays invoices.
    Finance,
    /// Looks after mail, and is the one who usually changes its settings.
    MailAdmin,
    /// Service desk, with more rights than the work needs.
    SupportAdmin,
    /// Travels.
    Traveller,
    /// Leaves within the span.
    Leaver,
    /// Buys, and deals with the subsidiary.
    Purchasing,
    /// Sorts mail with rules.
    Engineer,
    /// Everybody else.
    Staff,
}

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Address, always from a documentation range.
    pub ip: String,
    /// City.
    pub city: &'static str,
    /// State or region.
    pub state: &'static str,
    /// Two-letter country code.
    pub country: &'static str,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Number of the network, from the range for documentation.
    pub network: u32,
}

impl Place {
    pub(crate) fn new(ip: String, town: Town, network: u32) -> Self {
        let Town { city, state, country, latitude, longitude } = town;
        Self { ip, city, state, country, latitude, longitude, network }
    }
}

/// A town as sign-in records describe it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Town {
    pub(crate) city: &'static str,
    pub(crate) state: &'static str,
    pub(crate) country: &'static str,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// What a person works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Directory id; empty when the device is not known to the organisation.
    pub id: String,
    /// Name; empty likewise.
    pub name: String,
    /// Operating system as sign-in records write it.
    pub system: &'static str,
    /// Browser as sign-in records write it.
    pub browser: &'static str,
    /// The whole user agent.
    pub agent: &'static str,
    /// Managed and compliant.
    pub managed: bool,
}

pub(crate) const WINDOWS_EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36 Edg/144.0.0.0";
pub(crate) const WINDOWS_CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36";
pub(crate) const MAC_SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15";
pub(crate) const PHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148";
pub(crate) const LINUX_FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

impl Device {
    /// A device nobody in the organisation has seen before.
    pub(crate) fn stranger(system: &'static str, browser: &'static str, agent: &'static str) -> Self {
        Self { id: String::new(), name: String::new(), system, browser, agent, managed: false }
    }
}

/// One person with an account and a mailbox.
#[derive(Debug, Clone)]
pub struct Person {
    /// What the person does.
    pub duty: Duty,
    /// Display name.
    pub name: String,
    /// Mail alias, `first.last`.
    pub alias: String,
    /// User principal name, also the address.
    pub upn: String,
    /// Directory object id.
    pub object_id: String,
    /// The older id that Exchange records carry.
    pub puid: String,
    /// Security id.
    pub sid: String,
    /// Mailbox id.
    pub mailbox_guid: String,
    /// Home address on the internet.
    pub home: Place,
    /// Phone network.
    pub mobile: Place,
    /// Usual computer.
    pub computer: Device,
    /// Phone.
    pub phone: Device,
    /// Minutes after midnight when the day begins, office time.
    pub begins: i64,
    /// Minutes a day lasts.
    pub lasts: i64,
    /// Of a hundred days, how many are worked at home.
    pub at_home: u64,
    /// A second factor is asked for.
    pub second_factor: bool,
    /// First and last day of a holiday.
    pub away: Option<(NaiveDate, NaiveDate)>,
    /// Last day at work.
    pub last_day: Option<NaiveDate>,
}

impl Person {
    /// True when the person works on that day.
    pub fn works(&self, day: NaiveDate) -> bool {
        !weekend(day)
            && self.away.is_none_or(|(first, last)| day < first || day > last)
            && self.last_day.is_none_or(|last| day <= last)
    }
}

/// The organisation.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// Display name.
    pub name: &'static str,
    /// Tenant id.
    pub tenant: String,
    /// Main domain.
    pub domain: &'static str,
    /// Domain of the on-premises mail servers.
    pub mail_domain: &'static str,
    /// Domain of the subsidiary, accepted by the same tenant.
    pub subsidiary: &'static str,
    /// The domain the tenant was made with.
    pub initial: &'static str,
    /// Forest in directory paths.
    pub forest: &'static str,
    /// Mailbox server in audit records.
    pub server: &'static str,
    /// The office as seen from outside.
    pub office: Place,
    /// The two mail relays of the own data centre.
    pub relays: [&'static str; 2],
}

impl Organisation {
    /// The domains the tenant accepts mail for.
    pub fn accepted(&self) -> [&'static str; 4] {
        [self.domain, self.mail_domain, self.subsidiary, self.initial]
    }

    /// True for an address in an accepted domain.
    pub fn owns(&self, address: &str) -> bool {
        address.rsplit_once('@').is_some_and(|(_, domain)| self.accepted().contains(&domain))
    }

    /// The directory path of an object.
    pub fn path(&self, name: &str) -> String {
        format!("{}/Microsoft Exchange Hosted Organizations/{}/{name}", self.forest, self.initial)
    }
}

/// The organisation and its people.
pub struct World {
    /// The organisation.
    pub organisation: Organisation,
    /// Its people, in the order of the staff list.
    pub people: Vec<Rc<Person>>,
}

impl World {
    /// Contoso with everybody who works there.
    pub fn contoso(seed: u64, span: Span) -> Self {
        let mut dice = Dice::new(seed, "world");
        let organisation = Organisation {
            name: "Contoso",
            tenant: dice.guid(),
            domain: "contoso.example",
            mail_domain: "mail.contoso.example",
            subsidiary: "fabrikam.example",
            initial: "contoso.onmicrosoft.example",
            forest: "EURPR05A002.PROD.OUTLOOK.EXAMPLE",
            server: "DB9PR05MB4711 (15.20.9632.018)",
            office: Place::new("192.0.2.10".to_owned(), towns::LEEDS, 64_496),
            relays: ["192.0.2.40", "192.0.2.41"],
        };
        let people = people::staff(&mut dice, &organisation, span);
        Self { organisation, people }
    }

    /// The person with this duty.
    pub fn holder(&self, duty: Duty) -> Result<Rc<Person>, LabError> {
        self.people.iter().find(|person| person.duty == duty).cloned().ok_or(LabError::NobodyFor(duty))
    }

    /// Somebody.
    pub(crate) fn anybody(&self, dice: &mut Dice) -> Result<Rc<Person>, LabError> {
        let index = dice.below(self.people.len() as u64) as usize;
        self.people.get(index).cloned().ok_or(LabError::NobodyFor(Duty::Staff))
    }

    /// The directory object behind an address.
    pub(crate) fn object_of(&self, address: &str) -> Option<String> {
        self.people.iter().find(|person| person.upn == address).map(|person| person.object_id.clone())
    }
}
