//! Rebuilds the crate when the table files that are compiled into it change.

fn main() {
    println!("cargo::rerun-if-changed=../../schema/tables");
    println!("cargo::rerun-if-changed=build.rs");
}
