//! `postern hunt` on a terminal without a query: a prompt.
//!
//! Enter gives a new line until the text ends with `;` or an empty line, see
//! [`postern_kql_syntax::pieces::is_finished`]. What can be completed is the engine's business
//! ([`postern_kql::complete`]); here is only the editor.

mod assist;
mod command;
mod history;

use std::fmt::Write as _;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use postern_investigate::{HuntError, HuntOptions};
use postern_kql::catalog::Catalog;
use postern_kql::complete::call_shape;
use postern_kql::functions::{find, find_aggregate, find_operator};
use postern_kql::reference::{FORMS, OPERATORS, PLUGINS, STATEMENTS};
use rustyline::config::{CompletionType, Config};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, Editor};

use super::guarded::Ended;
use super::{Hunt, failure, guarded, results, several, shown};
use crate::commands::Globals;
use crate::failure::{Code, Failure};
use crate::output::{self, Format, Grid, Style, Table};
use crate::screen::{FAINT, STRONG, Screen, paint};
use crate::text::{count, visible, wrap};
use crate::watch::Watch;
use assist::Assist;
use command::Command;

/// The prompt.
const PROMPT: &str = "> ";
/// Rows that a table shows unless `.rows` says otherwise.
const SHOWN: usize = 200;
/// Queries that are remembered.
const REMEMBERED: usize = 5_000;

/// Whether somebody sits in front of it.
pub(super) fn on_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The settings of the prompt.
struct Settings {
    style: Style,
    rows: Option<usize>,
    timer: bool,
}

struct Shell<'a> {
    hunt: &'a Hunt,
    screen: Screen,
    catalog: Arc<dyn Catalog>,
    /// Whether there is no store behind the tables.
    empty: bool,
    settings: Settings,
}

/// Runs the prompt until it is left.
pub(super) async fn run(command: &Hunt, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    let (lake, catalog) = super::tables(command, globals, screen).await?;
    // A query's panic becomes its message; the usual report of it would only disturb the screen.
    std::panic::set_hook(Box::new(|_| {}));
    let mut editor = editor(command, &catalog, screen)?;
    let remembered = remember(&mut editor, screen);
    let place = match (&command.schema, &globals.data) {
        (Some(schema), _) => format!("empty tables of {}", schema.display()),
        (None, Some(folder)) => format!("store {}", folder.display()),
        (None, None) => "no store: every table is empty (--data DIR opens one)".to_owned(),
    };
    let banner = format!(
        "Postern {} · {} · {}\nA query ends with `;` or an empty line. Tab completes, .help tells more, Ctrl-D leaves.",
        env!("CARGO_PKG_VERSION"),
        visible(&place),
        count(catalog.table_names().len() as u64, "table", "tables"),
    );
    screen.note(&banner);
    let style = Style { format: command.format, wide: command.wide, chart: command.chart };
    let mut shell = Shell {
        hunt: command,
        screen: *screen,
        catalog,
        empty: globals.data.is_none() && lake.is_some(),
        settings: Settings { style, rows: Some(SHOWN), timer: false },
    };
    loop {
        let text = match editor.readline(PROMPT) {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(ReadlineError::Signal(_)) => continue,
            Err(error) => return Err(Failure::run(Code::Input, format!("cannot read from the terminal: {error}"))),
        };
        let text = text.trim();
        if text.is_empty() || text == ";" {
            continue;
        }
        // What cannot be remembered can still be asked.
        let _ = editor.add_history_entry(text);
        if let Some(file) = &remembered {
            let _ = editor.append_history(file);
        }
        // The window may have been resized since.
        shell.screen = Screen { columns: screen.measured(), ..*screen };
        let outcome =
            if text.starts_with('.') { shell.command(text).map(Some) } else { shell.query(text).await.map(|()| None) };
        match outcome {
            Ok(Some(Command::Quit)) => return Ok(()),
            Ok(_) => {}
            Err(failure) if failure.is_closed_pipe() => return Ok(()),
            Err(failure) => failure.show(&shell.screen),
        }
    }
}

fn editor(command: &Hunt, catalog: &Arc<dyn Catalog>, screen: &Screen) -> Result<Editor<Assist, FileHistory>, Failure> {
    let failed = |error: ReadlineError| Failure::run(Code::Input, format!("cannot use the terminal: {error}"));
    let colour = if screen.colour_out { ColorMode::Forced } else { ColorMode::Disabled };
    let config = Config::builder()
        .max_history_size(REMEMBERED)
        .and_then(|builder| builder.history_ignore_dups(true))
        .map_err(failed)?
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .color_mode(colour)
        .tab_stop(4)
        .build();
    let mut editor = Editor::with_config(config).map_err(failed)?;
    editor.set_helper(Some(Assist::new(Arc::clone(catalog), command.plan_options(), screen.colour_out)));
    Ok(editor)
}

/// Loads what was asked before; gives the file that new queries go to.
fn remember(editor: &mut Editor<Assist, FileHistory>, screen: &Screen) -> Option<std::path::PathBuf> {
    let file = history::file()?;
    if let Err(error) = history::prepare(&file) {
        screen.note(&format!("note: queries are not remembered: cannot write `{}`: {error}", file.display()));
        return None;
    }
    // An empty or damaged file is one without queries.
    let _ = editor.load_history(&file);
    Some(file)
}

impl Shell<'_> {
    /// Runs a query; Ctrl-C stops it.
    async fn query(&mut self, text: &str) -> Result<(), Failure> {
        let format = self.settings.style.format;
        let options = HuntOptions { results: results(format), ..self.hunt.options() };
        let outcome = tokio::select! {
            outcome = guarded::hunt(&self.catalog, text, &options) => outcome,
            () = Watch::interrupt().fired() => {
                self.screen.note("stopped");
                return Ok(());
            }
        };
        let result = outcome.map_err(|ended| match ended {
            Ended::Hunt(HuntError::Several { names }) => {
                several(&names, format).hint("`.mode table` or `.mode json` shows all of them")
            }
            ended => failure("query", text, ended),
        })?;
        if !result.warnings.is_empty() {
            Failure::query("query", text, result.warnings.clone()).show(&self.screen);
        }
        let mut tables = shown(&result);
        let most = |table: &Table<'_>| match format {
            Format::Table if table.render.is_none() => self.settings.rows.unwrap_or(usize::MAX),
            _ => usize::MAX,
        };
        let heads: Vec<_> = tables.iter().map(|table| head(table.rows.batches, most(table))).collect();
        let more = tables.iter().find(|table| table.rows.count() > most(table)).map(most);
        for (table, head) in tables.iter_mut().zip(&heads) {
            table.rows.batches = head;
        }
        output::write_all(&tables, self.settings.style, &self.screen)?;
        let all = result.all_rows();
        let mut line = count(all as u64, "row", "rows");
        if tables.len() > 1 {
            let _ = write!(line, " in {} results", tables.len());
        }
        if let Some(most) = more {
            let each = if tables.len() > 1 { " of each" } else { "" };
            let _ = write!(line, ", the first {most}{each} shown; `.rows all` shows all");
        }
        if let Some(words) = super::cut(&result, self.hunt) {
            let _ = write!(line, ", {words}");
        }
        if self.settings.timer {
            let _ = write!(line, ", {:.3} s", result.elapsed.as_secs_f64());
        }
        self.screen.note(&paint(self.screen.colour_err, FAINT, &line));
        if self.empty && all == 0 {
            self.screen.note("note: without --data DIR every table is empty");
        }
        Ok(())
    }

    fn command<'t>(&mut self, line: &'t str) -> Result<Command<'t>, Failure> {
        let command = command::parse(line).map_err(|why| Failure::usage(Code::Arguments, why))?;
        match command {
            Command::Tables => {
                let names: Vec<String> = self.catalog.table_names().iter().map(|n| visible(n).into_owned()).collect();
                output::print(&columns_of(&names, self.screen.columns))?;
            }
            Command::Schema(name) => self.schema(name)?,
            Command::Help(None) => output::print(command::HELP)?,
            Command::Help(Some(name)) => output::print(&self.help(name)?)?,
            Command::Mode(None) => {
                let name = clap::ValueEnum::to_possible_value(&self.settings.style.format);
                output::print(&format!("{}\n", name.as_ref().map_or("table", |n| n.get_name())))?;
            }
            Command::Mode(Some(format)) => self.settings.style.format = format,
            Command::Timer(on) => self.settings.timer = on,
            Command::Wide(on) => self.settings.style.wide = on,
            Command::Rows(rows) => self.settings.rows = rows,
            Command::Quit => {}
        }
        Ok(command)
    }

    fn schema(&self, name: &str) -> Result<(), Failure> {
        let name = name.trim_matches(['[', ']', '\'', '"']);
        let Some(table) = self.catalog.table(name) else {
            let failure = Failure::usage(Code::UnknownName, format!("there is no table `{}`", visible(name)));
            let names = self.catalog.table_names();
            let hint = postern_kql::bind::advice::offer(name, names.iter().map(String::as_str));
            return Err(failure.hint(hint.unwrap_or_else(|| "`.tables` lists them all".to_owned())));
        };
        let mut grid = Grid::new(["Column", "Type", "Note"]);
        for column in &table.columns {
            let note = if column.hidden { "provenance; not part of `*`" } else { "" };
            grid.row(vec![column.name.clone(), column.ty.name().to_owned(), note.to_owned()]);
        }
        output::print(&grid.render_lines())
    }

    /// What the language says of a name.
    fn help(&self, name: &str) -> Result<String, Failure> {
        let strong = |text: &str| paint(self.screen.colour_out, STRONG, text);
        let told = |text: &str| wrap(text, self.screen.columns).join("\n");
        let mut out = Vec::new();
        for entry in OPERATORS.iter().chain(STATEMENTS).chain(PLUGINS).chain(FORMS) {
            if entry.name == name || entry.aliases.contains(&name) {
                out.push(format!("{}\n{}\nexample: {}\n", strong(entry.syntax), told(entry.summary), entry.example));
            }
        }
        let infos = [
            find(name).map(|f| f.info()),
            find_aggregate(name).map(|f| f.info()),
            find_operator(name).map(|f| f.info()),
        ];
        for info in infos.into_iter().flatten() {
            let mut text = format!("{}\n{}\n", strong(&call_shape(&info)), told(info.summary));
            for example in info.examples.iter().take(3) {
                let _ = write!(text, "example: {}  // {}\n", example.query, example.result);
            }
            out.push(text);
        }
        if out.is_empty() {
            let failure = Failure::usage(Code::UnknownName, format!("nothing is named `{}`", visible(name)));
            return Err(
                failure.hint("operators, functions, plugins and statements have help; `.tables` lists the tables")
            );
        }
        Ok(out.join("\n"))
    }
}

/// The first rows.
fn head(batches: &[RecordBatch], most: usize) -> Vec<RecordBatch> {
    let mut left = most;
    let cut = batches.iter().map(|batch| {
        let take = batch.num_rows().min(left);
        left -= take;
        batch.slice(0, take)
    });
    cut.collect()
}

/// Names in columns that fit the width.
fn columns_of(names: &[String], columns: usize) -> String {
    let widest = names.iter().map(|name| crate::text::width(name)).max().unwrap_or(0) + 2;
    let across = (columns / widest.max(1)).max(1);
    let down = names.len().div_ceil(across);
    let mut out = String::new();
    for row in 0..down {
        let mut line = String::new();
        for name in names.iter().skip(row).step_by(down.max(1)) {
            line.push_str(name);
            line.push_str(&" ".repeat(widest.saturating_sub(crate::text::width(name))));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::columns_of;

    #[test]
    fn names_stand_in_columns() {
        let names = ["a", "bb", "c", "d"].map(str::to_owned);
        assert_eq!(columns_of(&names, 8), "a   c\nbb  d\n");
        assert_eq!(columns_of(&names, 1), "a\nbb\nc\nd\n");
        assert_eq!(columns_of(&[], 80), "");
    }
}
