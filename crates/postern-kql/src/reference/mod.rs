//! What the engine says of itself beside its functions: statements, operators, plugins and the calls that are no
//! functions, each as data; and the reference page made of all of it.
//!
//! Whether something is supported is not written down here: the page asks the engine to bind the example.

pub mod differences;
pub mod forms;
pub mod operators;
mod page;
pub mod plugins;
pub mod statements;

pub use forms::FORMS;
pub use operators::OPERATORS;
pub use page::page;
pub use plugins::PLUGINS;
pub use statements::STATEMENTS;

/// What a construct of the language says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Other names with the same meaning.
    pub aliases: &'static [&'static str],
    /// How it is written; what may be left out stands in brackets.
    pub syntax: &'static str,
    /// One sentence or two.
    pub summary: &'static str,
    /// A whole query that uses it.
    pub example: &'static str,
}

const fn entry(name: &'static str, syntax: &'static str, summary: &'static str, example: &'static str) -> Entry {
    Entry { name, aliases: &[], syntax, summary, example }
}

impl Entry {
    const fn also(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }
}
