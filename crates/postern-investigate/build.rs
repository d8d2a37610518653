//! Rebuilds the crate when the content that is compiled into it changes.

fn main() {
    println!("cargo::rerun-if-changed=../../content");
    println!("cargo::rerun-if-changed=build.rs");
}
