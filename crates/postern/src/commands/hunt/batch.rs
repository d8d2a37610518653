//! `postern hunt --batch`: many queries, one JSON line each, in order; none can stop the others.
//!
//! What a query returns, an error, a panic or no answer in time becomes its line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use postern_investigate::{HuntError, HuntOptions};
use postern_kql::catalog::Catalog;
use postern_kql_syntax::{Diagnostic, line_column};
use serde_json::{Map, Value, json};

use super::guarded::{self, Ended};
use super::{Hunt, shown, tables};
use crate::commands::Globals;
use crate::failure::{Code, Failure, chain};
use crate::output::{Table, json, stdout_failure};
use crate::screen::Screen;

/// A query's answer or error, as its line has it.
type Answer = Map<String, Value>;

/// Runs the batch.
pub(super) async fn run(command: &Hunt, file: &Path, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    let (_lake, catalog) = tables(command, globals, screen).await?;
    let input: Box<dyn BufRead + Send> = if file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(file).map_err(|error| Failure::input(file, &error))?))
    };
    let options = command.options();
    // A query's panic is its answer; the usual report of it would only disturb.
    std::panic::set_hook(Box::new(|_| {}));
    for (number, line) in input.split(b'\n').enumerate() {
        let line = line.map_err(|error| Failure::input(file, &error))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut object = Map::new();
        match case(&line) {
            Ok((id, query)) => {
                object.insert("id".to_owned(), id);
                object.extend(answer(&catalog, &query, &options).await);
            }
            Err((id, reason)) => {
                object.insert("id".to_owned(), id);
                let message = format!("line {} of the batch {reason}", number + 1);
                object.extend(error(Code::Input.text(), &message, None));
            }
        }
        let mut out = BufWriter::new(io::stdout().lock());
        json::write_value(&mut out, &object)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush())
            .map_err(|error| stdout_failure(&error))?;
    }
    Ok(())
}

/// The id and the query of one input line; or why there is none, with the id if it can be told.
fn case(line: &[u8]) -> Result<(Value, String), (Value, String)> {
    let mut value: Value =
        serde_json::from_slice(line).map_err(|error| (Value::Null, format!("is not JSON: {error}")))?;
    let id = value.get_mut("id").map(Value::take).ok_or_else(|| (Value::Null, "has no `id`".to_owned()))?;
    match value.get_mut("query").map(Value::take) {
        Some(Value::String(query)) => Ok((id, query)),
        _ => Err((id, "has no `query` text".to_owned())),
    }
}

/// A query's answer or error.
async fn answer(catalog: &Arc<dyn Catalog>, query: &str, options: &HuntOptions) -> Answer {
    match guarded::hunt(catalog, query, options).await {
        Ok(result) => {
            let tables = shown(&result);
            let mut answer = tables.first().map(members).unwrap_or_default();
            if tables.len() > 1 {
                let all = tables.iter().map(|table| {
                    let mut all = Map::from_iter([("name".to_owned(), Value::from(table.name))]);
                    all.extend(members(table));
                    Value::Object(all)
                });
                answer.insert("tables".to_owned(), all.collect());
            }
            answer
        }
        Err(Ended::Hunt(HuntError::Query { diagnostics, .. })) => {
            let first = diagnostics.iter().find(|d| d.is_error()).or(diagnostics.first());
            match first {
                Some(Diagnostic { code, message, span, .. }) => {
                    error(code, message, Some(line_column(query, span.start)))
                }
                None => error(Code::Bug.text(), "a bug in Postern: the query was refused without a reason", None),
            }
        }
        Err(Ended::Hunt(other)) => error(Code::Execution.text(), &chain(&other), None),
        Err(Ended::Caught(code, message)) => error(code.text(), &message, None),
    }
}

/// Columns and rows of one result.
fn members(table: &Table<'_>) -> Answer {
    let rows = postern_kql::output::rows(table.rows.batches, table.rows.columns);
    let mut members = Map::from_iter([
        ("columns".to_owned(), json::columns(table.rows.columns)),
        ("rows".to_owned(), rows.into_iter().map(Value::Array).collect()),
    ]);
    if table.truncated {
        members.insert("truncated".to_owned(), Value::Bool(true));
    }
    members
}

fn error(code: &str, message: &str, place: Option<(usize, usize)>) -> Answer {
    let error = json!({
        "code": code,
        "message": message,
        "line": place.map(|p| p.0),
        "column": place.map(|p| p.1),
    });
    Map::from_iter([("error".to_owned(), error)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_or_refused_with_the_reason() {
        assert_eq!(case(br#"{"id":7,"query":"T","x":1}"#).unwrap(), (json!(7), "T".to_owned()));
        for (line, id, reason) in [
            (&b"{"[..], Value::Null, "not JSON"),
            (br#"{"query":"T"}"#, Value::Null, "no `id`"),
            (br#"{"id":"a","query":5}"#, json!("a"), "no `query`"),
            (br#"{"id":7}"#, json!(7), "no `query`"),
        ] {
            let refused = case(line).unwrap_err();
            assert_eq!(refused.0, id);
            assert!(refused.1.contains(reason), "{}", refused.1);
        }
    }
}
