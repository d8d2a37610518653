//! What the program does as a whole, seen from outside, and the rules that hold for the whole tree.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and says what it skips"
)]

mod architecture;
mod bad_input;
mod batch;
mod cli;
mod common;
mod content;
mod coverage;
mod crash;
mod example;
mod explore;
mod hostile;
mod hunt;
mod limits;
mod places;
mod prompt;
mod real_data;
mod seeds;
mod sources;
mod views;
