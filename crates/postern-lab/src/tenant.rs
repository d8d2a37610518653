//! A tenant in the making: its world, what happened in it, and how its mail is configured.

use std::rc::Rc;

use chrono::{NaiveDateTime, TimeDelta};

use crate::audit;
use crate::dice::Dice;
use crate::span::Span;
use crate::state::State;
use crate::timeline::{App, Mail, Outcome, SignIn, Timeline};
use crate::world::{Device, Person, Place, World};

/// A tenant in the making.
pub(crate) struct Tenant {
    /// Seed of everything.
    pub(crate) seed: u64,
    /// Days covered.
    pub(crate) span: Span,
    /// Organisation and people.
    pub(crate) world: World,
    /// What happened.
    pub(crate) timeline: Timeline,
    /// Mail configuration at the end of the span.
    pub(crate) state: State,
}

/// A session that a sign-in opened; later records carry its id.
#[derive(Clone)]
pub(crate) struct Session {
    /// Session id.
    pub(crate) id: String,
    /// Token.
    pub(crate) token: String,
    /// When it was opened.
    pub(crate) since: NaiveDateTime,
    /// Whose.
    pub(crate) person: Rc<Person>,
    /// Where from.
    pub(crate) place: Place,
    /// With what.
    pub(crate) device: Device,
}

/// A try to sign in.
pub(crate) struct Attempt {
    pub(crate) at: NaiveDateTime,
    pub(crate) person: Rc<Person>,
    pub(crate) place: Place,
    pub(crate) device: Device,
    pub(crate) app: App,
    pub(crate) outcome: Outcome,
    pub(crate) interactive: bool,
    pub(crate) second_factor: bool,
    pub(crate) risk: &'static str,
    pub(crate) risk_events: &'static [&'static str],
}

impl Attempt {
    /// The person signs in at the usual computer.
    pub(crate) fn usual(at: NaiveDateTime, person: &Rc<Person>, place: &Place, app: App) -> Self {
        Self {
            at,
            person: Rc::clone(person),
            place: place.clone(),
            device: person.computer.clone(),
            app,
            outcome: Outcome::Success,
            interactive: true,
            second_factor: person.second_factor,
            risk: "none",
            risk_events: &[],
        }
    }

    /// Somebody else tries the person's account.
    pub(crate) fn foreign(at: NaiveDateTime, person: &Rc<Person>, place: &Place, device: &Device, app: App) -> Self {
        Self {
            place: place.clone(),
            device: device.clone(),
            second_factor: false,
            ..Self::usual(at, person, place, app)
        }
    }

    /// The same with this outcome.
    pub(crate) fn ending(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
}

impl Tenant {
    /// A tenant where nothing has happened yet.
    pub(crate) fn new(seed: u64, span: Span) -> Self {
        let world = World::contoso(seed, span);
        let state = State::new(seed, &world, span);
        Self { seed, span, world, timeline: Timeline::default(), state }
    }

    /// The random stream of this name.
    pub(crate) fn dice(&self, name: &str) -> Dice {
        Dice::new(self.seed, name)
    }

    /// Records a try to sign in and gives the session it opened (an unused one when it failed).
    pub(crate) fn attempt(&mut self, dice: &mut Dice, attempt: Attempt) -> Session {
        let Attempt { at, person, place, device, app, outcome, interactive, second_factor, risk, risk_events } =
            attempt;
        let time = at + TimeDelta::milliseconds(dice.between(0, 999));
        let sign_in = SignIn {
            time,
            id: dice.guid(),
            correlation: dice.guid(),
            session: dice.guid(),
            token: dice.hex(22),
            person,
            place,
            device,
            app,
            outcome,
            second_factor,
            interactive,
            risk,
            risk_events,
        };
        if interactive {
            let record = audit::sign_in(&self.world.organisation, dice, &sign_in);
            self.timeline.audit.push(record);
        }
        let session = Session {
            id: sign_in.session.clone(),
            token: sign_in.token.clone(),
            since: at,
            person: Rc::clone(&sign_in.person),
            place: sign_in.place.clone(),
            device: sign_in.device.clone(),
        };
        self.timeline.sign_ins.push(sign_in);
        session
    }

    /// A message between two addresses with nothing special about it.
    pub(crate) fn message(
        &self,
        dice: &mut Dice,
        time: NaiveDateTime,
        sender: &str,
        recipient: &str,
        subject: String,
    ) -> Mail {
        let organisation = &self.world.organisation;
        let domain = sender.rsplit_once('@').map_or("", |(_, domain)| domain);
        let direction = match (organisation.owns(sender), organisation.owns(recipient)) {
            (true, true) => "Intra-org",
            (_, true) => "Inbound",
            _ => "Outbound",
        };
        let display = self
            .world
            .people
            .iter()
            .find(|person| person.upn == sender)
            .map_or_else(|| sender.split('@').next().unwrap_or_default().to_owned(), |person| person.name.clone());
        Mail {
            time: time + TimeDelta::milliseconds(dice.between(0, 999)),
            trace_id: dice.guid(),
            message_id: format!("<{}@{domain}>", dice.hex(24)),
            envelope: sender.to_owned(),
            header: sender.to_owned(),
            display,
            sender_object: self.world.object_of(sender),
            recipient: recipient.to_owned(),
            recipient_object: self.world.object_of(recipient),
            from_ip: None,
            subject,
            size: dice.between(8_000, 220_000),
            status: "Delivered",
            connector: None,
            transport_rule: None,
            direction,
            authenticated: true,
            threat: None,
            urls: dice.between(0, 4),
            attachments: i64::from(dice.chance(25)),
            kept: false,
        }
    }
}
