//! The records of a text: which formats there are, and how each is cut into cells.

use std::path::Path;

use super::Cell;
use crate::functions::support::json;
use crate::types::KqlType;

/// How a text is cut into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Fields between separators, quoted where they must be.
    Separated(u8),
    /// Each line is a record of one field.
    Lines,
    /// The whole text is one record of one field.
    Raw,
    /// JSON objects one after the other, or arrays of them.
    Json,
}

impl Format {
    /// The format of a name as `format = …` has it.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "csv" => Format::Separated(b','),
            "tsv" | "tsve" => Format::Separated(b'\t'),
            "psv" => Format::Separated(b'|'),
            "scsv" => Format::Separated(b';'),
            "sohsv" => Format::Separated(1),
            "txt" => Format::Lines,
            "raw" => Format::Raw,
            "json" | "multijson" | "singlejson" => Format::Json,
            _ => return None,
        })
    }

    /// The format that a file's name tells; its extension when it is known and cannot be read. Without one: `csv`.
    pub fn of_path(path: &Path) -> Result<Self, String> {
        let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some(known @ ("parquet" | "avro" | "orc" | "apacheavro" | "w3clogfile" | "zip")) => Err(known.to_owned()),
            Some("jsonl" | "ndjson") => Ok(Format::Json),
            Some(extension) => Ok(Self::of_name(extension).unwrap_or(Format::Separated(b','))),
            None => Ok(Format::Separated(b',')),
        }
    }
}

/// What takes the cells of each record.
type Take<'t> = dyn FnMut(&[Cell]) -> Result<(), String> + 't;

/// Hands the records of a text on.
pub fn read(
    text: &str,
    format: Format,
    skip_first: bool,
    columns: &[(String, KqlType)],
    take: &mut Take,
) -> Result<(), String> {
    match format {
        Format::Separated(separator) => separated(text, separator, skip_first, take),
        Format::Lines => text
            .lines()
            .filter(|line| !line.is_empty())
            .skip(usize::from(skip_first))
            .try_for_each(|line| take(&[Cell::Text(line)])),
        Format::Raw => take(&[Cell::Text(text)]),
        Format::Json => {
            let mut skip = skip_first;
            objects(text, &mut |object| {
                if std::mem::take(&mut skip) { Ok(()) } else { members(object, columns, take) }
            })
        }
    }
}

fn separated(text: &str, separator: u8, skip_first: bool, take: &mut Take) -> Result<(), String> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut skip = skip_first;
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        }
        if std::mem::take(&mut skip) {
            continue;
        }
        let cells: Vec<Cell> = record.iter().map(Cell::Text).collect();
        take(&cells)?;
    }
}

/// The objects of a text, those in arrays too.
fn objects(text: &str, each: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), String> {
    let mut rest = json::trim(text);
    let mut count = 0usize;
    while !rest.is_empty() {
        count += 1;
        let wrong = || format!("value {count} is not JSON");
        let end = value_end(rest).ok_or_else(wrong)?;
        let value = rest.get(..end).ok_or_else(wrong)?;
        if !json::validate(value) {
            return Err(wrong());
        }
        match json::kind(value) {
            Some(json::Kind::Object) => each(value)?,
            Some(json::Kind::Array) => {
                for element in json::elements(value) {
                    if json::kind(element) != Some(json::Kind::Object) {
                        return Err(format!("an element of value {count} is no object"));
                    }
                    each(element)?;
                }
            }
            _ => return Err(format!("value {count} is no object")),
        }
        rest = rest.get(end..).unwrap_or_default().trim_start_matches([' ', '\t', '\n', '\r', ',']);
    }
    Ok(())
}

/// Where the object or array that a text begins with ends.
fn value_end(text: &str) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        if depth == 0 {
            return None;
        }
    }
    None
}

fn members(object: &str, columns: &[(String, KqlType)], take: &mut Take) -> Result<(), String> {
    let mut cells: Vec<Cell> = columns.iter().map(|_| Cell::Missing).collect();
    for (key, value) in json::members(object) {
        if json::is_null(value) {
            continue;
        }
        let key = json::string_value(key);
        if let Some(at) = columns.iter().position(|(name, _)| *name == key)
            && let Some(cell) = cells.get_mut(at)
        {
            *cell = Cell::Json(value);
        }
    }
    take(&cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, format: Format, skip: bool) -> Result<Vec<Vec<String>>, String> {
        let columns = [("a".to_owned(), KqlType::String), ("b".to_owned(), KqlType::String)];
        let mut found = Vec::new();
        read(text, format, skip, &columns, &mut |cells| {
            let show = |cell: &Cell| match cell {
                Cell::Missing => "-".to_owned(),
                Cell::Text(text) | Cell::Json(text) => (*text).to_owned(),
            };
            found.push(cells.iter().map(show).collect());
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn separated_fields_may_be_quoted_and_hold_line_breaks() {
        let found = all("x,y\n1,\"two\nlines, \"\"q\"\"\"\n\n3\n", Format::Separated(b','), true).unwrap();
        assert_eq!(found, [vec!["1", "two\nlines, \"q\""], vec!["3"]]);
    }

    #[test]
    fn lines_are_records_unless_they_are_empty() {
        assert_eq!(all("a,b\r\n\r\nc\n", Format::Lines, false).unwrap(), [["a,b"], ["c"]]);
    }

    #[test]
    fn objects_come_one_by_one_or_in_arrays() {
        let text = "{\"a\":1,\"c\":2}\n{\"b\":{\"x\":\"}\"},\"a\":null} [{\"a\":\"z\"}]";
        let found = all(text, Format::Json, false).unwrap();
        assert_eq!(found, [["1", "-"], ["-", "{\"x\":\"}\"}"], ["\"z\"", "-"]]);
        assert!(all("{\"a\":1} x", Format::Json, false).is_err());
        assert!(all("{\"a\":", Format::Json, false).is_err());
        assert!(all("[1]", Format::Json, false).is_err());
    }
}
