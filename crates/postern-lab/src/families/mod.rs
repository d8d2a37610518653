//! The stories that can be planted, one file each, all on one list.
//!
//! A family plants its records into a tenant that already lives, and says what the right verdict is.
//! To add one: write its file, put it on [`FAMILIES`]; the tests go through the list.

mod connector_relay_migration;
mod connector_sprayed_admin;
mod forward_leaver_subsidiary;
mod forward_stolen_account;
mod forward_ticket_desk;

use crate::LabError;
use crate::tenant::Tenant;
use crate::truth::{Case, Classification, Kind};

/// One kind of story.
pub struct Family {
    /// Its name, as options and truth write it.
    pub name: &'static str,
    /// Which attack it is about.
    pub kind: Kind,
    /// The verdict it deserves.
    pub classification: Classification,
    /// What happens, in a sentence.
    pub about: &'static str,
    /// Plants it.
    pub(crate) plant: fn(&Family, &mut Tenant) -> Result<Case, LabError>,
}

/// Every family.
pub const FAMILIES: &[&Family] = &[
    &connector_relay_migration::FAMILY,
    &connector_sprayed_admin::FAMILY,
    &forward_leaver_subsidiary::FAMILY,
    &forward_stolen_account::FAMILY,
    &forward_ticket_desk::FAMILY,
];

/// The family of this name.
pub fn find(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().copied().find(|family| family.name == name)
}
