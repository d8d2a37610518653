//! `postern hunt --batch`: many queries, one JSON line each, in order; none can stop the others.
//!
//! Every query runs on a thread of its own. What it returns, an error, a panic or no answer in time, becomes its line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use postern_investigate::{HuntError, HuntOptions, LakeCatalog, hunt_in};
use postern_kql::catalog::{Catalog, Column, TableDef, TableSource, Tables};
use postern_kql::types::KqlType;
use postern_kql_syntax::{Diagnostic, Severity, line_column};
use serde_json::{Map, Value, json};

use super::{Hunt, open};
use crate::commands::Globals;
use crate::failure::{Code, Failure, chain};
use crate::output::stdout_failure;

/// Stack of a query's thread.
const STACK: usize = 64 << 20;
/// A query that does not stop at its own time limit is left behind after this.
const GRACE: Duration = Duration::from_secs(2);

/// A query's answer or error, as its line has it.
type Answer = Map<String, Value>;

/// Runs the batch.
pub(super) async fn run(command: &Hunt, file: &Path, globals: &Globals) -> Result<(), Failure> {
    // The store lives as long as the batch; the queries see its state of now.
    let lake;
    let catalog: Arc<dyn Catalog> = match &command.schema {
        Some(schema) => Arc::new(read_schema(schema)?),
        None => {
            lake = open(globals).await?;
            let state: LakeCatalog = postern_investigate::catalog(&lake).await?;
            Arc::new(state)
        }
    };
    let input: Box<dyn BufRead + Send> = if file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(file).map_err(|error| Failure::input(file, &error))?))
    };
    let options = command.options();
    // A query's panic is its answer; the usual report of it would only disturb.
    std::panic::set_hook(Box::new(|_| {}));
    for (number, line) in input.lines().enumerate() {
        let line = line.map_err(|error| Failure::input(file, &error))?;
        if line.trim().is_empty() {
            continue;
        }
        let mut object = Map::new();
        match case(&line) {
            Ok((id, query)) => {
                object.insert("id".to_owned(), id);
                object.extend(answer(&catalog, query, options.clone()).await);
            }
            Err(reason) => {
                object.insert("id".to_owned(), Value::Null);
                let message = format!("line {} of the batch {reason}", number + 1);
                object.extend(error(Code::Input.text(), &message, None));
            }
        }
        let mut out = BufWriter::new(io::stdout().lock());
        serde_json::to_writer(&mut out, &object)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush())
            .map_err(|error| stdout_failure(&error))?;
    }
    Ok(())
}

/// The id and the query of one input line.
fn case(line: &str) -> Result<(Value, String), String> {
    let mut value: Value = serde_json::from_str(line).map_err(|error| format!("is not JSON: {error}"))?;
    let id = value.get_mut("id").map(Value::take).ok_or("has no `id`")?;
    match value.get_mut("query").map(Value::take) {
        Some(Value::String(query)) => Ok((id, query)),
        _ => Err("has no `query` text".to_owned()),
    }
}

/// Runs one query, whatever it does.
async fn answer(catalog: &Arc<dyn Catalog>, query: String, options: HuntOptions) -> Answer {
    let timeout = options.timeout;
    let handle = tokio::runtime::Handle::current();
    let (send, receive) = tokio::sync::oneshot::channel();
    let catalog = Arc::clone(catalog);
    let thread = std::thread::Builder::new().name("query".to_owned()).stack_size(STACK).spawn(move || {
        let run = || handle.block_on(evaluate(catalog.as_ref(), &query, &options));
        let answer = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let message = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default();
            error(Code::Bug.text(), &format!("a bug in Postern: {message}"), None)
        });
        // Nobody waits any more when the time was over.
        let _ = send.send(answer);
    });
    if let Err(reason) = thread {
        return error(Code::Execution.text(), &format!("cannot start a thread: {reason}"), None);
    }
    match tokio::time::timeout(timeout + GRACE, receive).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => error(Code::Bug.text(), "a bug in Postern: the query ended without an answer", None),
        Err(_) => error(Code::Execution.text(), &format!("no answer within {} seconds", timeout.as_secs_f64()), None),
    }
}

async fn evaluate(catalog: &dyn Catalog, query: &str, options: &HuntOptions) -> Answer {
    match hunt_in(catalog, query, options).await {
        Ok(result) => {
            let rows = postern_kql::output::rows(&result.batches, &result.columns);
            let columns: Vec<Value> =
                result.columns.iter().map(|column| json!({"name": column.name, "type": column.ty.name()})).collect();
            let mut answer = Map::new();
            answer.insert("columns".to_owned(), Value::Array(columns));
            answer.insert("rows".to_owned(), Value::Array(rows.into_iter().map(Value::Array).collect()));
            answer
        }
        Err(HuntError::Query { diagnostics, .. }) => {
            let first = diagnostics.iter().find(|d| d.severity == Severity::Error).or(diagnostics.first());
            match first {
                Some(Diagnostic { code, message, span, .. }) => {
                    error(code, message, Some(line_column(query, span.start)))
                }
                None => error(Code::Bug.text(), "a bug in Postern: the query was refused without a reason", None),
            }
        }
        Err(other) => error(Code::Execution.text(), &chain(&other), None),
    }
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

/// Empty tables from a JSON file of table → column → KQL type.
fn read_schema(path: &Path) -> Result<Tables, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::input(path, &error))?;
    let bad = |reason: String| Failure::run(Code::Input, format!("schema `{}`: {reason}", path.display()));
    let shape: Map<String, Value> = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let mut tables = Tables::new();
    for (name, columns) in shape {
        let Value::Object(columns) = columns else {
            return Err(bad(format!("`{name}` is not an object of columns")));
        };
        let columns = columns
            .into_iter()
            .map(|(column, ty)| {
                let known = ty.as_str().and_then(KqlType::parse);
                let ty = known.ok_or_else(|| bad(format!("`{name}.{column}` has the unknown type {ty}")))?;
                Ok(Column::new(column, ty))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        tables.add(TableDef { name, columns, source: TableSource::Views(Vec::new()) });
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_or_refused_with_the_reason() {
        assert_eq!(case(r#"{"id":7,"query":"T","x":1}"#).unwrap(), (json!(7), "T".to_owned()));
        assert!(case("{").unwrap_err().contains("not JSON"));
        assert!(case(r#"{"query":"T"}"#).unwrap_err().contains("no `id`"));
        assert!(case(r#"{"id":"a","query":5}"#).unwrap_err().contains("no `query`"));
    }
}
