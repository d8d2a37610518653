//! What every tenant does anyway, one file per kind, listed in [`KINDS`].

mod directory;
mod mail;
mod people;
mod relay;
mod rules;
mod service;

use crate::LabError;
use crate::tenant::Tenant;

type Fill = fn(&mut Tenant) -> Result<(), LabError>;

/// Every kind of noise, by name.
const KINDS: &[(&str, Fill)] = &[
    ("people", people::fill),
    ("directory", directory::fill),
    ("rules", rules::fill),
    ("service", service::fill),
    ("mail", mail::fill),
    ("relay", relay::fill),
];

/// Fills the tenant with all of it.
pub(crate) fn fill(tenant: &mut Tenant) -> Result<(), LabError> {
    KINDS.iter().try_for_each(|(_, fill)| fill(tenant))
}
