//! Rows as a Markdown table whose cells cannot become markup.

use std::io::{self, Write};

use postern_kql::types::KqlType;

use super::{Rows, plain};
use crate::text::visible_lines;

/// Header, alignment row, rows.
pub(super) fn write(rows: &Rows<'_>, out: &mut impl Write) -> io::Result<()> {
    let header: Vec<String> = rows.columns.iter().map(|column| escaped(&column.name)).collect();
    writeln!(out, "| {} |", header.join(" | "))?;
    let alignment: Vec<&str> =
        rows.columns.iter().map(|column| if is_number(column.ty) { "---:" } else { "---" }).collect();
    writeln!(out, "| {} |", alignment.join(" | "))?;
    for row in rows.values() {
        let cells: Vec<String> = row.iter().map(|value| escaped(&plain(value))).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    Ok(())
}

fn is_number(ty: KqlType) -> bool {
    ty.is_numeric()
}

/// Text that is no markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible_lines(text).chars() {
        match c {
            '\n' => out.push_str("<br>"),
            '\t' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '[' | ']' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(escaped("a|b"), "a\\|b");
        assert_eq!(escaped("<script>x</script>"), "&lt;script&gt;x&lt;/script&gt;");
        assert_eq!(escaped("[x](y)"), "\\[x\\](y)");
        assert_eq!(escaped("two\nlines\u{202e}"), "two<br>lines\\\\u{202e}");
    }
}
