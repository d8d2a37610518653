//! What the program does as a whole, seen from outside, and the rules that hold for the whole tree.

mod architecture;
mod bad_input;
mod batch;
mod cli;
mod common;
mod content;
mod crash;
mod example;
mod hostile;
mod hunt;
mod real_data;
mod seeds;
