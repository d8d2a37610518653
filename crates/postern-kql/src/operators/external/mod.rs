//! `externaldata`: rows of files that the query names.
//!
//! Files are read only from the folders of [`crate::PlanOptions::external`], and never over the network. A path that
//! leads out of them, by `..` or by a link, is no such file. Text files of one query may have [`MAX_BYTES`] together,
//! unpacked.

pub mod records;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use flate2::read::MultiGzDecoder;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, ExprKind, ExternalData, Literal};

use super::datatable::{declared, empty, of_arrays};
use super::extend::materialise;
use crate::bind::Binder;
use crate::bind::coerce::convert;
use crate::bind::env::Env;
use crate::bind::fault::{Bound, Fault, codes};
use crate::bind::fold::fold;
use crate::bind::scope::Relation;
use crate::types::KqlType;
use records::Format;

/// The most bytes that the files of one query may have together.
pub const MAX_BYTES: usize = 64 << 20;
/// The most cells that they may have.
const MAX_CELLS: usize = 50_000_000;
const BATCH: usize = 8192;

/// Binds `externaldata(schema)[addresses] with (…)`.
pub fn external(binder: &Binder, data: &ExternalData, env: &Env, span: Span) -> Bound<Relation> {
    if binder.options.check {
        return empty(binder, &data.columns, span);
    }
    let columns = declared(&data.columns)?;
    if columns.is_empty() || data.addresses.is_empty() {
        return Err(Fault::new(codes::ARGUMENT_COUNT, span, "`externaldata` needs columns and the path of a file"));
    }
    let settings = Settings::read(data)?;
    let mut table = Table::new(&columns);
    for address in &data.addresses {
        let value = binder.constant_expr(address, env)?;
        let Some(path) = value.const_str() else {
            return Err(Fault::wrong_type(address.span, "`externaldata`", "the path of a file as text", value.ty));
        };
        let file = find(path, &binder.options.external, address.span)?;
        let format = match settings.format {
            Some(format) => format,
            None => Format::of_path(&file).map_err(|name| unreadable(&name, address.span))?,
        };
        let text = text_of(binder, &file, address.span)?;
        let fault =
            |problem: String| Fault::new(codes::EXECUTION, address.span, format!("`{}`: {problem}", file_name(&file)));
        records::read(&text, format, settings.skip_first, &columns, &mut |cells| table.push(cells)).map_err(fault)?;
    }
    table.finish(binder, &columns, span)
}

fn unreadable(format: &str, span: Span) -> Fault {
    Fault::unsupported(span, &format!("the format `{format}` in `externaldata`"))
        .hint("the formats are csv, tsv, psv, scsv, sohsv, txt, raw, json and multijson, each also with gzip")
}

/// The options after `with`.
#[derive(Default)]
struct Settings {
    format: Option<Format>,
    skip_first: bool,
}

impl Settings {
    fn read(data: &ExternalData) -> Bound<Self> {
        let mut settings = Self::default();
        for property in &data.properties {
            let value = &property.value;
            match property.name.as_str() {
                "format" => {
                    let name = word(value).unwrap_or_default().to_ascii_lowercase();
                    settings.format = Some(Format::of_name(&name).ok_or_else(|| unreadable(&name, value.span))?);
                }
                "ignoreFirstRecord" => {
                    settings.skip_first = match &value.kind {
                        ExprKind::Literal(Literal::Bool(flag)) => *flag,
                        _ => match word(value).map(str::to_ascii_lowercase).as_deref() {
                            Some("true") => true,
                            Some("false") => false,
                            _ => {
                                return Err(Fault::new(
                                    codes::OPTION,
                                    value.span,
                                    "`ignoreFirstRecord` is `true` or `false`",
                                ));
                            }
                        },
                    };
                }
                other => {
                    return Err(Fault::unsupported(property.span, &format!("the option `{other}` of `externaldata`"))
                        .hint("the options are `format` and `ignoreFirstRecord`"));
                }
            }
        }
        Ok(settings)
    }
}

fn word(value: &Expr) -> Option<&str> {
    match &value.kind {
        ExprKind::Name(name) => Some(&name.text),
        ExprKind::Literal(Literal::String(text)) => Some(&text.value),
        _ => None,
    }
}

/// The name of a file without its folders.
fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The file that an address means, with all links followed, inside one of the folders.
fn find(address: &str, folders: &[PathBuf], span: Span) -> Bound<PathBuf> {
    let path = match address.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => rest,
        // What follows a question mark or a semicolon is a secret more often than not.
        Some(_) => {
            let shown = address.split(['?', ';']).next().unwrap_or_default();
            return Err(Fault::new(
                codes::NOT_SUPPORTED,
                span,
                format!("`externaldata` does not reach for the network: `{shown}` is not read"),
            )
            .hint("save it to a file, allow the file's folder with `--external DIR`, and write the file's path here"));
        }
        None => address,
    };
    if folders.is_empty() {
        return Err(Fault::new(
            codes::EXECUTION,
            span,
            format!("`externaldata` reads files only from folders that are allowed, and none is: `{path}` is not read"),
        )
        .hint("allow the file's folder with `--external DIR`, or load the file with `postern ingest`"));
    }
    for folder in folders {
        let Ok(folder) = folder.canonicalize() else { continue };
        let Ok(file) = folder.join(path).canonicalize() else { continue };
        if file.starts_with(&folder) && file.is_file() {
            return Ok(file);
        }
    }
    Err(Fault::new(codes::EXECUTION, span, format!("`{path}` is no file in the folders that may be read")))
}

/// The text of a file, unpacked; what is not UTF-8 is replaced.
fn text_of(binder: &Binder, path: &Path, span: Span) -> Bound<String> {
    let fault = |error: std::io::Error| {
        Fault::new(codes::EXECUTION, span, format!("`{}` cannot be read: {error}", file_name(path)))
    };
    let left = binder.external_left.get();
    let mut bytes = Vec::new();
    let mut head = [0u8; 2];
    let packed = File::open(path).and_then(|mut f| f.read(&mut head)).map_err(fault)? == 2 && head == [0x1f, 0x8b];
    let file = File::open(path).map_err(fault)?;
    let limit = left as u64 + 1;
    let read = if packed {
        MultiGzDecoder::new(file).take(limit).read_to_end(&mut bytes)
    } else {
        file.take(limit).read_to_end(&mut bytes)
    };
    read.map_err(fault)?;
    let Some(left) = left.checked_sub(bytes.len()) else {
        return Err(Fault::new(
            codes::EXECUTION,
            span,
            format!("the files of `externaldata` have more than {} MiB together", MAX_BYTES >> 20),
        )
        .hint("load large files with `postern ingest`"));
    };
    binder.external_left.set(left);
    let text = String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// A cell of a record.
pub enum Cell<'a> {
    /// Nothing there.
    Missing,
    /// The text of a field.
    Text(&'a str),
    /// A JSON value.
    Json(&'a str),
}

/// The records as columns: text that is to be read as text, and JSON.
struct Table {
    texts: Vec<StringViewBuilder>,
    json: Vec<StringViewBuilder>,
    batches: Vec<Vec<ArrayRef>>,
    rows: usize,
    cells: usize,
    any_json: bool,
}

impl Table {
    fn new(columns: &[(String, KqlType)]) -> Self {
        let builders = || columns.iter().map(|_| StringViewBuilder::new()).collect();
        Self { texts: builders(), json: builders(), batches: Vec::new(), rows: 0, cells: 0, any_json: false }
    }

    fn push(&mut self, cells: &[Cell]) -> Result<(), String> {
        self.cells += self.texts.len();
        if self.cells > MAX_CELLS {
            return Err(format!("there are more than {MAX_CELLS} cells"));
        }
        for (at, (text, json)) in self.texts.iter_mut().zip(&mut self.json).enumerate() {
            match cells.get(at) {
                Some(Cell::Text(value)) => {
                    text.append_value(value);
                    json.append_null();
                }
                Some(Cell::Json(value)) => {
                    text.append_value("");
                    json.append_value(value);
                    self.any_json = true;
                }
                Some(Cell::Missing) | None => {
                    text.append_value("");
                    json.append_null();
                }
            }
        }
        self.rows += 1;
        if self.rows == BATCH {
            self.flush();
        }
        Ok(())
    }

    fn flush(&mut self) {
        let finish = |builders: &mut Vec<StringViewBuilder>| -> Vec<ArrayRef> {
            builders.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef).collect()
        };
        let mut batch = finish(&mut self.texts);
        batch.extend(finish(&mut self.json));
        self.batches.push(batch);
        self.rows = 0;
    }

    /// The relation: each column converted as the query's own `to…()` functions would.
    fn finish(mut self, binder: &Binder, columns: &[(String, KqlType)], span: Span) -> Bound<Relation> {
        if self.rows > 0 || self.batches.is_empty() {
            self.flush();
        }
        let stored: Vec<(String, KqlType)> = columns
            .iter()
            .map(|(name, _)| (name.clone(), KqlType::String))
            .chain(columns.iter().map(|(name, _)| (name.clone(), KqlType::Dynamic)))
            .collect();
        let mut relation = of_arrays(binder, &stored, self.batches, span)?;
        let cx = binder.cx();
        let mut values = Vec::with_capacity(columns.len());
        for (at, (name, ty)) in columns.iter().enumerate() {
            let wrong = || Fault::unsupported(span, &format!("a column of type `{ty}` in `externaldata`"));
            let column = |at: usize| relation.columns.get(at).map(crate::bind::scope::ScopeColumn::bound);
            let (Some(text), Some(json)) = (column(at), column(at + columns.len())) else { return Err(wrong()) };
            let from = if self.any_json { json } else { text };
            let value = convert(&from, *ty, &cx).map(fold).ok_or_else(wrong)?;
            values.push((name.clone(), value));
        }
        relation.columns = materialise(binder, &mut relation, values, span)?;
        relation.serialized = false;
        Ok(relation)
    }
}
