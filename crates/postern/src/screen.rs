//! The two output streams: machine output on standard output alone, messages on standard error.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

/// How loud the program is and what its streams can show. Made once from the global options.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// Standard output may be coloured.
    pub(crate) colour_out: bool,
    /// Standard error may be coloured.
    pub(crate) colour_err: bool,
    /// Standard error is a terminal: progress may be drawn.
    pub(crate) progress: bool,
    /// Columns of the terminal; 80 when it is none.
    pub(crate) columns: usize,
    /// `-q`: errors only.
    pub(crate) quiet: bool,
    /// `-v`: more detail.
    pub(crate) verbose: bool,
}

/// Widest line that a report uses, however wide the terminal is.
const WIDEST: usize = 200;

impl Screen {
    /// Looks at the streams and the environment.
    pub(crate) fn new(no_colour: bool, quiet: bool, verbose: bool) -> Self {
        let refused = no_colour
            || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            colour_out: !refused && io::stdout().is_terminal(),
            colour_err: !refused && io::stderr().is_terminal(),
            progress: !quiet && io::stderr().is_terminal(),
            columns: columns(),
            quiet,
            verbose,
        }
    }

    /// Columns of the terminal now: its window may have been resized.
    pub(crate) fn measured(&self) -> usize {
        columns()
    }

    /// Writes a message to standard error, unless `-q`.
    pub(crate) fn note(&self, message: &str) {
        if !self.quiet {
            // A closed standard error is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{message}");
        }
    }

    /// Shows or, when empty, clears one line of progress on a terminal.
    pub(crate) fn progress(&self, message: &str) {
        if self.progress {
            let message = crate::text::fit(message, self.columns.saturating_sub(1)).into_owned();
            let mut stream = io::stderr().lock();
            let _ = write!(stream, "\r\u{1b}[2K{message}");
            let _ = stream.flush();
        }
    }
}

fn columns() -> usize {
    let columns = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    columns.clamp(40, WIDEST)
}

/// Text in a style, when colours are wanted.
pub(crate) fn paint(colour: bool, style: Style, text: &str) -> String {
    if colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// Bold.
pub(crate) const STRONG: Style = Style::new().bold();
/// Dimmed.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// For errors and true positives.
pub(crate) const ALARM: Style = AnsiColor::Red.on_default().bold();
/// For warnings and open verdicts.
pub(crate) const CAUTION: Style = AnsiColor::Yellow.on_default().bold();
/// For what was meant to happen.
pub(crate) const CALM: Style = AnsiColor::Cyan.on_default().bold();
/// For false alarms.
pub(crate) const FINE: Style = AnsiColor::Green.on_default().bold();
