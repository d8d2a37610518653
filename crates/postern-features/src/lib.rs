//! No code. The manifest of this crate fixes the features of shared dependencies, see there.
