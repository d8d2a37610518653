//! What the functions share: JSON text, text search, the calendar, numbers as text, array building.

pub mod build;
pub mod calendar;
pub mod coerce;
pub mod define;
pub mod json;
pub mod json_text;
pub mod number;
pub mod slice;
pub mod terms;
pub mod time_text;
