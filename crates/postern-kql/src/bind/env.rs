//! The names that `let` makes.

use std::rc::Rc;

use postern_kql_syntax::ast;

use super::scope::Relation;
use crate::functions::BoundExpr;

/// What a `let` name stands for.
#[derive(Debug, Clone)]
pub enum Named {
    /// A value.
    Scalar(BoundExpr),
    /// Rows.
    Table(Box<Relation>),
    /// A function or view.
    Function(Rc<UserFunction>),
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

    /// What a name stands for.
    pub fn find(&self, name: &str) -> Option<&Named> {
        self.iter().find(|(n, _)| *n == name).map(|(_, named)| named)
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
