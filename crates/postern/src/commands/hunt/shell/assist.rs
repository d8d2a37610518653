//! What the line editor asks while somebody types: what fits, how it is coloured, whether it is finished.

use std::borrow::Cow;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use postern_kql::PlanOptions;
use postern_kql::catalog::Catalog;
use postern_kql::complete::{Offer, Signature, complete, signature};
use postern_kql_syntax::pieces::{Class, is_finished, pieces};
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};

use super::command;
use crate::screen::{FAINT, STRONG, paint};
use crate::text::{fit, visible};

/// The most offers whose detail is shown beside them.
const DETAILED: usize = 12;
/// The longest text that is completed and coloured while it is typed.
const LONGEST: usize = 50_000;

/// The editor's helper.
pub(super) struct Assist {
    catalog: Arc<dyn Catalog>,
    options: PlanOptions,
    colour: bool,
    /// The last answer: a key press asks the same question more than once.
    last: RefCell<Option<(String, usize, Answer)>>,
}

type Answer = (usize, Vec<Offer>);

/// A hint behind the cursor.
pub(super) struct Beyond {
    shown: String,
    /// How many bytes of it the right arrow takes over.
    taken: bool,
}

impl Hint for Beyond {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        self.taken.then_some(self.shown.as_str())
    }
}

impl Assist {
    pub(super) fn new(catalog: Arc<dyn Catalog>, options: PlanOptions, colour: bool) -> Self {
        Self { catalog, options, colour, last: RefCell::new(None) }
    }

    /// The offers at a place and where the word that they replace begins.
    fn offers(&self, line: &str, pos: usize) -> Answer {
        if line.len() > LONGEST {
            return (pos, Vec::new());
        }
        if line.starts_with('.') {
            return self.command_offers(line, pos);
        }
        if let Some((text, at, answer)) = &*self.last.borrow()
            && text == line
            && *at == pos
        {
            return answer.clone();
        }
        let ask = || complete(line, pos, self.catalog.as_ref(), &self.options);
        // Whatever happens in there, the prompt stays.
        let answer = match catch_unwind(AssertUnwindSafe(ask)) {
            Ok(found) => (found.replace.start, found.offers),
            Err(_) => (pos, Vec::new()),
        };
        *self.last.borrow_mut() = Some((line.to_owned(), pos, answer.clone()));
        answer
    }

    fn command_offers(&self, line: &str, pos: usize) -> Answer {
        let head = line.get(..pos).unwrap_or(line);
        let start = head.rfind(' ').map_or(0, |at| at + 1);
        let word = head.get(start..).unwrap_or_default();
        let names: Vec<String> = match head.split(' ').next().unwrap_or_default() {
            _ if start == 0 => command::NAMES.iter().map(|name| (*name).to_owned()).collect(),
            ".schema" => self.catalog.table_names(),
            ".mode" => ["csv", "json", "markdown", "ndjson", "table"].map(str::to_owned).to_vec(),
            ".timer" | ".wide" => ["off", "on"].map(str::to_owned).to_vec(),
            _ => Vec::new(),
        };
        let fits = |name: &String| name.to_lowercase().starts_with(&word.to_lowercase());
        let offer = |text: String| Offer { text, kind: postern_kql::complete::OfferKind::Value, detail: String::new() };
        (start, names.into_iter().filter(fits).map(offer).collect())
    }
}

impl Helper for Assist {}

impl Completer for Assist {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _context: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let (start, offers) = self.offers(line, pos);
        let detailed = offers.len() <= DETAILED;
        let pairs = offers.into_iter().map(|offer| {
            let display = visible(&offer.text).into_owned();
            let display = if detailed && !offer.detail.is_empty() {
                fit(&format!("{display}  {}", visible(&offer.detail)), 76).into_owned()
            } else {
                display
            };
            Pair { display, replacement: offer.text }
        });
        Ok((start, pairs.collect()))
    }
}

impl Hinter for Assist {
    type Hint = Beyond;

    fn hint(&self, line: &str, pos: usize, _context: &Context<'_>) -> Option<Beyond> {
        if pos < line.len() || line.len() > LONGEST || line.trim().is_empty() {
            return None;
        }
        // Asking costs: only for a word that has been begun.
        let begun = line.chars().rev().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')).count();
        if begun >= 2 {
            let (start, offers) = self.offers(line, pos);
            let word = line.get(start..).unwrap_or_default();
            if word.chars().count() >= 2
                && let [only] = offers.as_slice()
                && let Some(rest) = only.text.strip_prefix(word)
            {
                return (!rest.is_empty()).then(|| Beyond { shown: visible(rest).into_owned(), taken: true });
            }
        }
        if begun == 0
            && let Some(call) = signature(line, pos)
        {
            return parameters(&call).map(|shown| Beyond { shown, taken: false });
        }
        None
    }
}

/// The parameters that are still to come.
fn parameters(call: &Signature) -> Option<String> {
    let rest = call.params.get(call.active..)?;
    if rest.is_empty() {
        return None;
    }
    Some(fit(&format!("  {}", rest.join(", ")), 60).into_owned())
}

impl Highlighter for Assist {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if !self.colour || line.starts_with('.') || line.len() > LONGEST {
            return Cow::Borrowed(line);
        }
        Cow::Owned(coloured(line))
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        Cow::Owned(paint(self.colour, STRONG, prompt))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(paint(self.colour, FAINT, hint))
    }

    fn highlight_char(&self, _line: &str, _pos: usize, _kind: CmdKind) -> bool {
        self.colour
    }
}

/// The text with colours; the same text once they are taken away.
fn coloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut at = 0;
    for piece in pieces(text) {
        out.push_str(text.get(at..piece.span.start).unwrap_or_default());
        let word = piece.span.text(text);
        match style(piece.class) {
            Some(style) => out.push_str(&paint(true, style, word)),
            None => out.push_str(word),
        }
        at = piece.span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn style(class: Class) -> Option<Style> {
    Some(match class {
        Class::Operator => AnsiColor::Blue.on_default().bold(),
        Class::Keyword => AnsiColor::Blue.on_default(),
        Class::Function => AnsiColor::Cyan.on_default(),
        Class::Type => AnsiColor::Magenta.on_default(),
        Class::Text => AnsiColor::Green.on_default(),
        Class::Number => AnsiColor::Yellow.on_default(),
        Class::Comment => FAINT,
        Class::Unknown => AnsiColor::Red.on_default(),
        Class::Name | Class::Symbol => return None,
    })
}

impl Validator for Assist {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        let text = context.input();
        let done = text.trim().is_empty() || text.starts_with('.') || is_finished(text);
        Ok(if done { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

#[cfg(test)]
mod tests {
    use postern_kql::catalog::{Column, TableDef, TableSource, Tables};
    use postern_kql::types::KqlType;
    use rustyline::history::DefaultHistory;

    use super::*;

    fn assist() -> Assist {
        let mut tables = Tables::new();
        tables.add(TableDef {
            name: "EmailEvents".to_owned(),
            columns: vec![Column::new("Subject", KqlType::String)],
            source: TableSource::Views(Vec::new()),
        });
        Assist::new(Arc::new(tables), PlanOptions::default(), true)
    }

    fn hint(line: &str) -> Option<(String, bool)> {
        let history = DefaultHistory::new();
        assist().hint(line, line.len(), &Context::new(&history)).map(|h| (h.shown, h.taken))
    }

    #[test]
    fn colours_change_no_letter() {
        let text = "T | where a == 'é' // c\n| summarize n = count() by bin(t, 1h), \u{b7}";
        let shown = coloured(text);
        let mut plain = String::new();
        let mut rest = shown.as_str();
        while let Some(at) = rest.find('\u{1b}') {
            plain.push_str(&rest[..at]);
            let end = rest[at..].find('m').unwrap();
            rest = &rest[at + end + 1..];
        }
        plain.push_str(rest);
        assert_eq!(plain, text);
        assert!(shown.contains('\u{1b}'));
    }

    #[test]
    fn hints_complete_the_only_word_and_show_parameters() {
        assert_eq!(hint("EmailEvents | where Subj"), Some(("ect".to_owned(), true)));
        assert_eq!(hint("Emai"), Some(("lEvents".to_owned(), true)));
        let (shown, taken) = hint("print substring('abc', ").unwrap();
        assert!(shown.contains("long") || shown.contains("int"), "{shown}");
        assert!(!taken);
        assert_eq!(hint("EmailEvents | where "), None);
        assert_eq!(hint(".ta"), Some(("bles".to_owned(), true)));
        assert_eq!(hint(".schema Em"), Some(("ailEvents".to_owned(), true)));
    }

    #[test]
    fn offers_have_their_detail() {
        let history = DefaultHistory::new();
        let line = "EmailEvents | where Su";
        let (start, pairs) = assist().complete(line, line.len(), &Context::new(&history)).unwrap();
        assert_eq!((start, pairs[0].replacement.as_str()), (line.len() - 2, "Subject"));
        assert_eq!(pairs[0].display, "Subject  string");
    }
}
