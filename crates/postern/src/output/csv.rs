//! Rows as comma-separated values that a spreadsheet does not run.
//!
//! A text cell that begins like a formula gets an apostrophe in front, which spreadsheets take as "this is text".
//! Cells of number and time types are left alone: they are made here and cannot hold a formula.

use std::borrow::Cow;
use std::io::{self, Write};

use postern_kql::types::KqlType;

use super::{Rows, plain};

/// Header and rows, each ended by CR LF.
pub(super) fn write(rows: &Rows<'_>, out: &mut impl Write) -> io::Result<()> {
    let header: Vec<String> = rows.columns.iter().map(|column| text_cell(&column.name)).collect();
    write_line(&header, out)?;
    for row in rows.values() {
        let cells: Vec<String> = rows
            .columns
            .iter()
            .zip(&row)
            .map(|(column, value)| match column.ty {
                KqlType::String | KqlType::Dynamic | KqlType::Guid => text_cell(&plain(value)),
                _ => quoted(&plain(value)).into_owned(),
            })
            .collect();
        write_line(&cells, out)?;
    }
    Ok(())
}

fn write_line(cells: &[String], out: &mut impl Write) -> io::Result<()> {
    out.write_all(cells.join(",").as_bytes())?;
    out.write_all(b"\r\n")
}

/// A text cell: disarmed, then quoted where needed.
fn text_cell(text: &str) -> String {
    quoted(&disarmed(text)).into_owned()
}

/// True for characters that begin a formula in a spreadsheet, their full-width forms too.
fn begins_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

fn disarmed(text: &str) -> Cow<'_, str> {
    // Some programs skip leading blanks before they look for a formula.
    match text.trim_start_matches(' ').chars().next() {
        Some(first) if begins_formula(first) => Cow::Owned(format!("'{text}")),
        _ => Cow::Borrowed(text),
    }
}

fn quoted(text: &str) -> Cow<'_, str> {
    let plain = !text.contains([',', ';', '"', '\r', '\n', '\t']) && text.trim() == text;
    if plain { Cow::Borrowed(text) } else { Cow::Owned(format!("\"{}\"", text.replace('"', "\"\""))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_disarmed_and_text_is_quoted() {
        for (text, cell) in [
            ("plain", "plain"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1+1", "\"'  =1+1\"".trim_matches('"')),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "'＝1"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("", ""),
            ("a@b.example", "a@b.example"),
        ] {
            assert_eq!(text_cell(text), cell, "{text:?}");
        }
    }
}
