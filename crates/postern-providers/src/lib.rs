//! What Postern knows about mail platforms: one folder per platform.
//!
//! - [`m365`]: Microsoft 365.
//!
//! A format recognises one kind of export and maps its records to rows; it never touches the network. The lists are
//! visible and sorted: to add a format, write its file in `<platform>/formats/`, name it in the list of
//! `<platform>/formats/mod.rs`, and give it a folder under `fixtures/<platform>/`.

pub mod m365;

use postern_ingest::Format;

/// All formats of all platforms, in order of name.
pub fn formats() -> &'static [&'static dyn Format] {
    m365::formats::FORMATS
}
