//! The names that `let` makes.

use std::rc::Rc;

use postern_kql_syntax::ast;

use super::scope::Relation;
use crate::functions::BoundExpr;
use crate::operators::wildcard;

/// What a `let` name stands for.
#[derive(Debug, Clone)]
pub enum Named {
    /// A value.
    Scalar(BoundExpr),
    /// Rows.
    Table(Box<Relation>),
    /// A function or view.
    Function(Rc<UserFunction>),
    /// A map from texts to tables.
    Pattern(Rc<UserPattern>),
    /// No name at all: from here on only some tables and views can be named.
    Restricted(Rc<Restriction>),
}

/// What `restrict access` leaves in reach.
#[derive(Debug, Default)]
pub struct Restriction {
    /// Names of the query, stars allowed.
    pub lets: Vec<String>,
    /// Names of the catalogue, stars allowed.
    pub tables: Vec<String>,
}

impl Named {
    /// A function with the names it was made among.
    pub fn function(function: ast::Function, env: Env) -> Self {
        Named::Function(Rc::new(UserFunction { function, env }))
    }
}

/// A function made by `let`.
#[derive(Debug)]
pub struct UserFunction {
    /// Its parameters and body.
    pub function: ast::Function,
    /// The names that its body sees.
    pub env: Env,
}

/// A pattern made by `declare pattern`.
#[derive(Debug)]
pub struct UserPattern {
    /// Its parameters and cases.
    pub pattern: ast::Pattern,
    /// The names that its tables see.
    pub env: Env,
}

/// The names in force, innermost first; adding one leaves older views as they were.
#[derive(Debug, Clone, Default)]
pub struct Env(Option<Rc<Link>>);

#[derive(Debug)]
struct Link {
    name: String,
    named: Named,
    rest: Env,
}

impl Env {
    /// The same names and one more, which hides an older one of its name.
    #[must_use]
    pub fn with(&self, name: &str, named: Named) -> Self {
        Env(Some(Rc::new(Link { name: name.to_owned(), named, rest: self.clone() })))
    }

    /// What a name stands for; nothing when it is a table, view or pattern that a restriction made later leaves out.
    pub fn find(&self, name: &str) -> Option<&Named> {
        let mut hidden = false;
        for (known, named) in self.iter() {
            match named {
                Named::Restricted(restriction) => {
                    hidden |= !restriction.lets.iter().any(|pattern| wildcard(pattern, name));
                }
                Named::Scalar(_) if known == name => return Some(named),
                Named::Function(function) if known == name && !function.function.params.is_empty() => {
                    return Some(named);
                }
                _ if known == name => return (!hidden).then_some(named),
                _ => {}
            }
        }
        None
    }

    /// Whether every restriction leaves a table of the catalogue in reach.
    pub fn allows(&self, table: &str) -> bool {
        self.iter().all(|(_, named)| match named {
            Named::Restricted(restriction) => restriction.tables.iter().any(|pattern| wildcard(pattern, table)),
            _ => true,
        })
    }

    /// All names, innermost first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Named)> {
        let mut at = self;
        std::iter::from_fn(move || {
            let link = at.0.as_deref()?;
            at = &link.rest;
            Some((link.name.as_str(), &link.named))
        })
    }
}

impl Drop for Link {
    // A chain of many names is taken apart in a loop, not by recursion.
    fn drop(&mut self) {
        let mut rest = self.rest.0.take();
        while let Some(link) = rest {
            rest = Rc::try_unwrap(link).ok().and_then(|mut link| link.rest.0.take());
        }
    }
}
