//! Microsoft 365: Exchange Online, Purview, Entra ID, Defender.

mod address;
mod audit;
mod cell;
pub mod formats;
mod object;
mod table;
mod when;
