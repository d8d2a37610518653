//! The lines that begin with a dot: settings and help.

use crate::output::Format;

/// A command of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'t> {
    /// `.tables`
    Tables,
    /// `.schema T`
    Schema(&'t str),
    /// `.help` and `.help name`
    Help(Option<&'t str>),
    /// `.mode` and `.mode csv`
    Mode(Option<Format>),
    /// `.timer on`
    Timer(bool),
    /// `.wide on`
    Wide(bool),
    /// `.rows 50`; `None` for all
    Rows(Option<usize>),
    /// `.quit`
    Quit,
}

/// The names, for completion.
pub(super) const NAMES: &[&str] = &[".help", ".mode", ".quit", ".rows", ".schema", ".tables", ".timer", ".wide"];

/// What `.help` shows first.
pub(super) const HELP: &str = "\
A query ends with `;` or with an empty line. Tab completes names; arrow keys go through earlier queries and
their lines; Ctrl-R searches them. Ctrl-C stops a running query or drops the text; Ctrl-D leaves.

.tables            the tables
.schema TABLE      the columns of a table
.help NAME         what an operator, function or plugin does
.mode [FORMAT]     how rows are written: table, csv, json, ndjson, markdown
.rows N|all        how many rows a table shows
.wide on|off       whole cells, however wide the terminal is
.timer on|off      how long each query took
.quit              leave
";

/// Reads a line that begins with a dot.
pub(super) fn parse(line: &str) -> Result<Command<'_>, String> {
    let mut words = line.trim().trim_end_matches(';').split_whitespace();
    let name = words.next().unwrap_or_default();
    let argument = words.next();
    if words.next().is_some() {
        return Err(format!("`{name}` takes one word at most"));
    }
    let switch = |argument: Option<&str>| match argument {
        None | Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(_) => Err(format!("`{name}` takes `on` or `off`")),
    };
    Ok(match name {
        ".tables" => Command::Tables,
        ".schema" => Command::Schema(argument.ok_or("`.schema` needs the name of a table")?),
        ".help" => Command::Help(argument),
        ".mode" => Command::Mode(match argument {
            None => None,
            Some(word) => Some(format(word)?),
        }),
        ".timer" => Command::Timer(switch(argument)?),
        ".wide" => Command::Wide(switch(argument)?),
        ".rows" => Command::Rows(match argument {
            Some("all") => None,
            Some(word) => Some(word.parse().map_err(|_| "`.rows` takes a number or `all`".to_owned())?),
            None => return Err("`.rows` takes a number or `all`".to_owned()),
        }),
        ".quit" | ".exit" | ".q" => Command::Quit,
        _ => return Err(format!("there is no `{name}`; `.help` lists what there is")),
    })
}

fn format(word: &str) -> Result<Format, String> {
    match <Format as clap::ValueEnum>::from_str(word, false) {
        Ok(Format::Parquet) => {
            Err("Parquet is not for a terminal; use `postern hunt --format parquet > FILE`".to_owned())
        }
        Ok(format) => Ok(format),
        Err(_) => Err(format!("`{word}` is no format: table, csv, json, ndjson, markdown")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_or_refused_with_what_to_write() {
        assert_eq!(parse(".tables"), Ok(Command::Tables));
        assert_eq!(parse(" .schema EmailEvents;"), Ok(Command::Schema("EmailEvents")));
        assert_eq!(parse(".mode csv"), Ok(Command::Mode(Some(Format::Csv))));
        assert_eq!(parse(".timer off"), Ok(Command::Timer(false)));
        assert_eq!(parse(".rows all"), Ok(Command::Rows(None)));
        assert_eq!(parse(".help where"), Ok(Command::Help(Some("where"))));
        assert_eq!(parse(".exit"), Ok(Command::Quit));
        for (line, word) in [
            (".schema", "needs the name"),
            (".mode parquet", "terminal"),
            (".mode xml", "no format"),
            (".timer maybe", "`on` or `off`"),
            (".rows many", "number"),
            (".frobnicate", "`.help`"),
            (".tables a b", "one word"),
        ] {
            assert!(parse(line).unwrap_err().contains(word), "{line}");
        }
    }
}
