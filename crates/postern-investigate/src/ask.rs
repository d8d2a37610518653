//! Asks a playbook's questions: rows become findings with their evidence, missing evidence is named as missing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use postern_lake::{FILE_COLUMN, POSITION_COLUMN};
use postern_model::report::{Evidence, Finding, Missing, Source, Supports};
use postern_model::time::Ticks;
use serde_json::{Map, Value};

use crate::catalog::LakeCatalog;
use crate::content::{Outcome, Question};
use crate::coverage::Held;
use crate::grade::Weighed;
use crate::guarded::hunt_guarded;
use crate::hunt::{HuntError, HuntOptions, HuntResult};
use crate::params::Params;

/// Most rows that an answer counts.
const MAX_ROWS: usize = 100_000;
/// Rows shown as evidence.
const SHOWN: usize = 5;
/// Results up to this many rows are remembered.
const KEPT: usize = 20;

/// Rows as objects by column name.
type Rows = Vec<Map<String, Value>>;

/// What came of a question.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Something was found, or it was found that there is nothing.
    Found(Box<Found>),
    /// No rows, and that says nothing.
    Nothing,
    /// The evidence does not allow an answer.
    Missing(Missing),
}

/// An answer that goes into a report.
#[derive(Debug, Clone)]
pub struct Found {
    /// True when there were rows.
    pub fired: bool,
    /// The finding; its weight is that of the playbook, before groups are settled.
    pub finding: Finding,
    /// The same as grading sees it.
    pub weighed: Weighed,
}

/// What questions are asked of.
#[derive(Debug)]
pub struct Evidences<'a> {
    /// The tables.
    pub catalog: Arc<LakeCatalog>,
    /// Paths of the input files by id.
    pub files: &'a BTreeMap<i64, String>,
    /// What `now()` is.
    pub now: Ticks,
    /// Small results of queries that were asked before, by the query with its values.
    pub asked: Mutex<BTreeMap<String, Arc<Rows>>>,
    /// What the tables hold and lack.
    pub held: Held,
}

impl Evidences<'_> {
    /// Runs a query with the values it mentions.
    pub async fn run(&self, query: &str, params: &Params, max_rows: usize) -> Result<HuntResult, HuntError> {
        let mut options = HuntOptions::own(self.now).with_params(params.used(query));
        options.max_rows = max_rows;
        // On a thread of its own, so that questions asked side by side use all cores, and a panic ends one question only.
        hunt_guarded(Arc::<LakeCatalog>::clone(&self.catalog), query, &options).await
    }

    /// The rows of a query; a query that was asked before with the same values is not run again.
    pub async fn rows(&self, query: &str, params: &Params, max_rows: usize) -> Result<Arc<Rows>, HuntError> {
        let key = params.written_out(query);
        let known = self.asked.lock().ok().and_then(|asked| asked.get(&key).cloned());
        if let Some(rows) = known {
            return Ok(rows);
        }
        let result = self.run(query, params, max_rows).await?;
        let mut rows = result.objects();
        if !result.sorted {
            // Two reports of the same evidence must not differ.
            rows.sort_by_cached_key(|row| serde_json::to_string(row).unwrap_or_default());
        }
        let rows = Arc::new(rows);
        if rows.len() <= KEPT
            && let Ok(mut asked) = self.asked.lock()
        {
            asked.insert(key, Arc::clone(&rows));
        }
        Ok(rows)
    }

    /// Asks one question.
    pub async fn ask(&self, question: &Question, params: &Params) -> Answer {
        let missing = |why: String| {
            Answer::Missing(Missing {
                question: question.ask.clone(),
                why,
                needs: question.needs.clone().unwrap_or_else(|| match question.tables.as_slice() {
                    [] => "more evidence".to_owned(),
                    tables => format!("rows of {}", tables.join(" and ")),
                }),
            })
        };
        if let Some(table) = question.tables.iter().find(|t| self.catalog.all_empty([t.as_str()])) {
            return missing(format!("There are no rows of {table}."));
        }
        if let Some(ready) = &question.ready {
            match self.rows(ready, params, 1).await {
                Ok(rows) if rows.is_empty() => {
                    return missing(question.lacks.clone().unwrap_or_default());
                }
                Ok(_) => {}
                Err(error) => return missing(format!("The check for evidence could not run: {error}")),
            }
        }
        let rows = match self.rows(&question.query, params, MAX_ROWS).await {
            Ok(rows) => rows,
            Err(error) => return missing(format!("The query could not run: {error}")),
        };
        let outcome = if rows.is_empty() { question.quiet.as_ref() } else { Some(&question.fires) };
        let Some(outcome) = outcome else { return Answer::Nothing };
        if rows.is_empty()
            && outcome.weight != 0.0
            && let Some(hole) = self.held.hole_near(self, &question.tables, params)
        {
            return missing(format!(
                "{} has a hole at that time: {}. That nothing was found says nothing.",
                hole.table, hole.why
            ));
        }
        Answer::Found(Box::new(self.found(question, outcome, &rows, params)))
    }

    fn found(&self, question: &Question, outcome: &Outcome, rows: &[Map<String, Value>], params: &Params) -> Found {
        let answer = fill(&outcome.answer, rows, params);
        let supports = if outcome.weight > 0.0 {
            Supports::Malicious
        } else if outcome.weight < 0.0 {
            Supports::Benign
        } else {
            Supports::Neutral
        };
        let (shown, sources) = self.show(rows);
        let evidence = Evidence {
            table: main_table(&question.query, &question.tables),
            query: params.written_out(&question.query),
            count: rows.len() as u64,
            rows: shown,
            sources,
        };
        Found {
            fired: !rows.is_empty(),
            finding: Finding {
                id: question.id.clone(),
                question: question.ask.clone(),
                answer,
                supports,
                weight: outcome.weight,
                evidence: vec![evidence],
            },
            weighed: Weighed {
                question: question.id.clone(),
                group: question.group.clone(),
                weight: outcome.weight,
                proves: outcome.proves,
                explains: outcome.explains,
            },
        }
    }

    /// The first rows without provenance columns, and where they came from.
    pub fn show(&self, rows: &[Map<String, Value>]) -> (Vec<Map<String, Value>>, Vec<Source>) {
        let mut sources = Vec::new();
        let shown = rows
            .iter()
            .take(SHOWN)
            .map(|row| {
                if let (Some(file), Some(position)) = (
                    row.get(FILE_COLUMN).and_then(Value::as_i64).and_then(|id| self.files.get(&id)),
                    row.get(POSITION_COLUMN).and_then(Value::as_i64),
                ) {
                    let source = Source { file: file.clone(), position: position.unsigned_abs() };
                    if !sources.contains(&source) {
                        sources.push(source);
                    }
                }
                row.iter()
                    .filter(|(name, _)| !name.starts_with(FILE_COLUMN) && !name.starts_with(POSITION_COLUMN))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect()
            })
            .collect();
        (shown, sources)
    }
}

/// The table that a query reads last and gives rows of.
fn main_table(query: &str, tables: &[String]) -> String {
    let start = query.rsplit(';').next().unwrap_or(query).trim_start();
    let word: String = start.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if word.chars().next().is_some_and(char::is_uppercase) { word } else { tables.first().cloned().unwrap_or(word) }
}

/// Fills `{…}` of an answer: `{count}`, values of a column (up to three different ones), or a bound value.
fn fill(template: &str, rows: &[Map<String, Value>], params: &Params) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        if name == "count" {
            out.push_str(&rows.len().to_string());
        } else if rows.first().is_some_and(|row| row.contains_key(name)) {
            out.push_str(&values(rows, name));
        } else {
            out.push_str(&params.words(name).unwrap_or_default());
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn values(rows: &[Map<String, Value>], column: &str) -> String {
    let mut different: Vec<String> = Vec::new();
    let mut more = false;
    for row in rows {
        let text = row.get(column).map(plain).unwrap_or_default();
        if different.contains(&text) {
            continue;
        }
        if different.len() == 3 {
            more = true;
            break;
        }
        different.push(text);
    }
    let mut text = different.join(", ");
    if more {
        text.push_str(" and others");
    }
    text
}

/// A JSON value as words of a sentence.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => match Ticks::parse_iso(text) {
            Some(_) if text.ends_with(".0000000Z") && text.len() == 28 => {
                text.replace(".0000000Z", " UTC").replacen('T', " ", 1)
            }
            _ => text.clone(),
        },
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_filled_from_rows_first_and_bound_values_second() {
        let row = |v: &str| Map::from_iter([("A".to_owned(), Value::from(v))]);
        let rows = [row("x"), row("x"), row("y"), row("z"), row("w")];
        let mut params = Params::default();
        params.set_array("targets", ["a@b.test", "c@d.test"]);
        assert_eq!(
            fill("{count}: {A} to {targets} {nothing}{", &rows, &params),
            "5: x, y, z and others to a@b.test, c@d.test {"
        );
        assert_eq!(plain(&Value::from("2021-06-15T10:09:55.0000000Z")), "2021-06-15 10:09:55 UTC");
    }

    #[test]
    fn the_table_of_a_query_is_the_one_its_last_statement_reads() {
        assert_eq!(main_table("let A = T;\nU\n| where 1 == 1", &[]), "U");
        assert_eq!(main_table("let A = T;\nunion A, B", &["V".to_owned()]), "V");
    }
}
