//! Names of plan columns that are unique over a whole query.

use std::cell::Cell;

/// Gives out names; no two are equal.
#[derive(Debug, Default)]
pub struct Fresh {
    next: Cell<u64>,
}

impl Fresh {
    /// A name that starts with `hint`, for people who read plans.
    pub fn name(&self, hint: &str) -> String {
        let n = self.next.get();
        self.next.set(n + 1);
        format!("{hint}#{n}")
    }
}
