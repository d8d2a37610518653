//! The report of `postern investigate` in its three forms: short for the terminal, whole as JSON, whole as one HTML page.

#[cfg(test)]
mod fixture;
pub(crate) mod html;
pub(crate) mod terminal;
mod view;
pub(crate) mod words;
