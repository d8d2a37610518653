//! Microsoft 365: Exchange Online, Purview, Entra ID, Defender.

mod address;
mod audit;
mod cell;
mod entra;
pub mod formats;
mod historical;
mod hunting;
mod object;
mod property_cells;
mod property_rows;
mod table;
mod when;
mod workspace;
