//! What ends a command badly: one type, one way to show it.
//!
//! Every error of a library becomes a [`Failure`]: whose fault, a stable code, a sentence, a place where there is one,
//! and what to do next. The exit code follows from the kind alone.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use ariadne::{Color, Config, IndexType, Label, Report, ReportKind, Source};
use postern_kql_syntax::{Diagnostic, Severity, line_column};

use crate::screen::{ALARM, CALM, CAUTION, Screen, paint};
use crate::text::{visible, wrap};

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line asks for something that is not there.
    Usage,
    /// The query is wrong.
    Query,
    /// The world did not play along: a file, the store, a limit.
    Run,
    /// The user stopped the program.
    Interrupted,
    /// Nobody reads the output any more; not an error.
    ClosedPipe,
    /// The program is wrong.
    Bug,
}

/// Codes of failures that are not a query's; a code is never used again for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Arguments that contradict each other or lack something.
    Arguments,
    /// An input file or folder cannot be read.
    Input,
    /// There was nothing to read.
    NothingToRead,
    /// A result cannot be written.
    Output,
    /// The store cannot be used.
    Store,
    /// A query met a limit or failed while it ran.
    Execution,
    /// No table, detection or other named thing of this name.
    UnknownName,
    /// Built-in or overlaid content cannot be used.
    Content,
    /// Stopped by the user.
    Interrupted,
    /// A bug in this program.
    Bug,
}

impl Code {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Arguments => "CLI0001",
            Self::Input => "CLI0002",
            Self::NothingToRead => "CLI0003",
            Self::Output => "CLI0004",
            Self::Store => "CLI0005",
            Self::Execution => "CLI0006",
            Self::UnknownName => "CLI0007",
            Self::Content => "CLI0008",
            Self::Interrupted => "CLI0009",
            Self::Bug => "CLI0010",
        }
    }
}

/// A query and what is wrong with it.
#[derive(Debug)]
pub(crate) struct BadQuery {
    /// Name of the place the query came from.
    pub(crate) origin: String,
    /// The query.
    pub(crate) text: String,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Why a command ended badly.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) code: Code,
    pub(crate) sentence: String,
    pub(crate) hint: Option<String>,
    pub(crate) query: Option<Box<BadQuery>>,
}

/// Diagnostics shown for one query.
const SHOWN: usize = 8;
/// Longest query line that is drawn with a caret under it; longer ones are named by line and column only.
const DRAWN_LINE: usize = 500;

impl Failure {
    /// A failure of the run: exit code 1.
    pub(crate) fn run(code: Code, sentence: impl Into<String>) -> Self {
        Self { kind: Kind::Run, code, sentence: sentence.into(), hint: None, query: None }
    }

    /// Wrong usage: exit code 2.
    pub(crate) fn usage(code: Code, sentence: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, ..Self::run(code, sentence) }
    }

    /// A query that cannot run: exit code 2.
    pub(crate) fn query(origin: &str, text: &str, diagnostics: Vec<Diagnostic>) -> Self {
        let sentence = diagnostics.first().map(|d| d.message.clone()).unwrap_or_default();
        let query = BadQuery { origin: origin.to_owned(), text: text.to_owned(), diagnostics };
        Self { kind: Kind::Query, query: Some(Box::new(query)), ..Self::run(Code::Execution, sentence) }
    }

    /// The user stopped the program; the sentence says what that means.
    pub(crate) fn interrupted(sentence: &str) -> Self {
        Self { kind: Kind::Interrupted, ..Self::run(Code::Interrupted, sentence) }
    }

    /// Whether nobody reads the output any more.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.kind == Kind::ClosedPipe
    }

    /// A bug in this program.
    pub(crate) fn bug(sentence: impl Into<String>) -> Self {
        Self {
            kind: Kind::Bug,
            hint: Some("this is a bug in Postern; the input that led here would help to mend it".to_owned()),
            ..Self::run(Code::Bug, sentence)
        }
    }

    /// Something that cannot be written; a closed pipe is not an error.
    pub(crate) fn output(target: &str, error: &io::Error) -> Self {
        let failure = Self::run(Code::Output, format!("cannot write {target}: {error}"));
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self { kind: Kind::ClosedPipe, ..failure },
            _ => failure,
        }
    }

    /// A file that cannot be read.
    pub(crate) fn input(path: &Path, error: &io::Error) -> Self {
        Self::run(Code::Input, format!("cannot read `{}`: {error}", path.display()))
    }

    /// With a next step.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code: 0 for a closed pipe, 1 failed, 2 wrong usage or bad query, 130 stopped.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::ClosedPipe => 0,
            Kind::Run | Kind::Bug => 1,
            Kind::Usage | Kind::Query => 2,
            Kind::Interrupted => 130,
        })
    }

    /// Writes the failure to standard error.
    pub(crate) fn show(&self, screen: &Screen) {
        if self.kind == Kind::ClosedPipe {
            return;
        }
        screen.progress("");
        let text = self.render(screen);
        // Nothing is left to do when standard error is closed too.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    fn render(&self, screen: &Screen) -> String {
        if let Some(query) = &self.query {
            return render_query(query, screen);
        }
        let mut out = headline(screen, Severity::Error, self.code.text(), &self.sentence);
        if let Some(hint) = &self.hint {
            out.push_str(&advice(screen, hint));
        }
        out
    }
}

impl From<postern_lake::LakeError> for Failure {
    fn from(error: postern_lake::LakeError) -> Self {
        let about_place = error.is_about_the_place();
        let failure = Self::run(Code::Store, error.to_string());
        if about_place { failure.hint("look at the folder's free space and permissions") } else { failure }
    }
}

/// An error and its sources as one sentence; a source that the error already quotes is not said twice.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let part = error.to_string();
        if !sentence.contains(&part) {
            sentence.push_str(": ");
            sentence.push_str(&part);
        }
        source = error.source();
    }
    sentence
}

fn headline(screen: &Screen, severity: Severity, code: &str, sentence: &str) -> String {
    let (style, word) = match severity {
        Severity::Error => (ALARM, "error"),
        Severity::Warning => (CAUTION, "warning"),
    };
    let lead = paint(screen.colour_err, style, &format!("{word}[{code}]"));
    format!("{lead}: {}\n", crate::text::visible_lines(sentence))
}

fn advice(screen: &Screen, hint: &str) -> String {
    let lead = paint(screen.colour_err, CALM, "help");
    let lines = wrap(&visible(hint), screen.columns.saturating_sub(8));
    format!("  {lead}: {}\n", lines.join("\n        "))
}

/// The text with everything that could steer a terminal replaced, byte for byte, so that places stay right.
fn same_length(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || matches!(visible(c.encode_utf8(&mut [0; 4])), std::borrow::Cow::Borrowed(_)) {
            out.push(c);
        } else {
            let filler = if c == '\t' || c == '\r' { " " } else { "?" };
            out.push_str(&filler.repeat(c.len_utf8()));
        }
    }
    out
}

fn render_query(query: &BadQuery, screen: &Screen) -> String {
    let text = same_length(&query.text);
    let drawable = text.lines().all(|line| line.len() <= DRAWN_LINE);
    let mut out = String::new();
    for diagnostic in query.diagnostics.iter().take(SHOWN) {
        let start = diagnostic.span.start.min(text.len());
        let end = diagnostic.span.end.clamp(start, text.len());
        let drawn = drawable.then(|| draw(query, &text, diagnostic, start..end, screen)).flatten();
        if let Some(drawing) = drawn {
            out.push_str(&drawing);
        } else {
            let (line, column) = line_column(&query.text, start);
            let sentence = format!("{} (line {line}, column {column} of {})", diagnostic.message, query.origin);
            out.push_str(&headline(screen, diagnostic.severity, diagnostic.code, &sentence));
            if let Some(hint) = &diagnostic.hint {
                out.push_str(&advice(screen, hint));
            }
        }
    }
    let hidden = query.diagnostics.len().saturating_sub(SHOWN);
    if hidden > 0 {
        let _ = writeln!(out, "and {hidden} more");
    }
    out
}

/// The diagnostic with a caret under its place; `None` when it cannot be drawn.
fn draw(
    query: &BadQuery,
    text: &str,
    diagnostic: &Diagnostic,
    span: std::ops::Range<usize>,
    screen: &Screen,
) -> Option<String> {
    let origin = query.origin.as_str();
    let (kind, colour) = match diagnostic.severity {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
    };
    let message = visible(&diagnostic.message).into_owned();
    let mut report = Report::build(kind, (origin, span.clone()))
        .with_config(Config::new().with_color(screen.colour_err).with_index_type(IndexType::Byte).with_compact(true))
        .with_code(diagnostic.code)
        .with_message(message)
        .with_label(Label::new((origin, span)).with_color(colour).with_message("here"));
    if let Some(hint) = &diagnostic.hint {
        report = report.with_help(visible(hint).into_owned());
    }
    let mut buffer = Vec::new();
    report.finish().write((origin, Source::from(text)), &mut buffer).ok()?;
    String::from_utf8(buffer).ok()
}
