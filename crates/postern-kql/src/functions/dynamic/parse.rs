//! Text in small formats: `parse_csv`, `parse_version`, `parse_command_line`.

use super::super::string::as_text;
use super::super::support::build;
use super::super::support::define::{Scalar, call, example, info, param};
use super::super::support::json::ArrayText;
use crate::types::KqlType::{Decimal, Dynamic, String as Text};

/// `parse_csv(text)`: the fields of the first record; a quote inside quotes is doubled.
pub const PARSE_CSV: Scalar = Scalar::new(
    info(
        "parse_csv",
        "dynamic",
        "The fields of one record of comma-separated values.",
        &[param("csv_text", "string", "The record.")],
        "dynamic",
        &[example("print parse_csv('a,\"b,c\",d')", "[\"a\",\"b,c\",\"d\"]")],
    ),
    |args, _| {
        call("parse_csv", &as_text(args, &[0]), &[Text], Dynamic, |args| {
            let text = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let mut fields = ArrayText::new();
                csv_fields(text.get(row).unwrap_or("")).iter().for_each(|f| fields.string(f));
                out.push_str(&fields.finish());
                Some(())
            })
        })
    },
)
.keeps_name();

fn csv_fields(text: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            '\n' | '\r' if !quoted => break,
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

/// `parse_version(text)`: up to four parts of up to eight digits each; missing parts are 0; anything else is null. Made
/// for comparing: a decimal here cannot hold 32 digits before its point, so the number shown is the 32-digit one
/// divided by ten to the power of 17.
pub const PARSE_VERSION: Scalar = Scalar::new(
    info(
        "parse_version",
        "conversion",
        "A version as a number that compares as versions do.",
        &[param("version", "string", "One to four numbers with dots between them.")],
        "decimal",
        &[example("print parse_version(\"1.9\") < parse_version(\"1.10\")", "true")],
    ),
    |args, _| {
        call("parse_version", &as_text(args, &[0]), &[Text], Decimal, |args| {
            let text = args.get(0)?.text()?;
            build::decimals(args.rows, |row| version(text.get(row)?))
        })
    },
);

/// The four parts as one number of 32 digits, in units of the decimal's last digit.
fn version(text: &str) -> Option<i128> {
    let parts: Vec<&str> = text.trim().split('.').collect();
    if parts.len() > 4 {
        return None;
    }
    let mut value: i128 = 0;
    for at in 0..4 {
        let part = parts.get(at).copied().unwrap_or("0");
        if part.is_empty() || part.len() > 8 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        value = value * 100_000_000 + part.parse::<i128>().ok()?;
    }
    Some(value)
}

/// `parse_command_line(text, "windows")`: the arguments by the rules of Windows programs.
pub const PARSE_COMMAND_LINE: Scalar = Scalar::new(
    info(
        "parse_command_line",
        "dynamic",
        "The arguments of a command line.",
        &[param("command_line", "string", "The command line."), param("parser_type", "string", "`windows`.")],
        "dynamic",
        &[example("print parse_command_line(\"echo \\\"hello world\\\"\", \"windows\")", "[\"echo\",\"hello world\"]")],
    ),
    |args, _| {
        call("parse_command_line", &as_text(args, &[0, 1]), &[Text], Dynamic, |args| {
            let (text, kind) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::texts(args.rows, |row, out| {
                let text = text.get(row).filter(|t| !t.is_empty())?;
                kind.get(row).filter(|k| k.eq_ignore_ascii_case("windows"))?;
                let mut list = ArrayText::new();
                windows_arguments(text).iter().for_each(|a| list.string(a));
                out.push_str(&list.finish());
                Some(())
            })
        })
    },
);

/// The program's name: up to its closing quote, or to white space; nothing in it is an escape.
fn program(text: &str) -> (String, &str) {
    let (name, rest) = match text.strip_prefix('"') {
        Some(inner) => inner.split_once('"').unwrap_or((inner, "")),
        None => text.split_at(text.find([' ', '\t']).unwrap_or(text.len())),
    };
    (name.to_owned(), rest)
}

/// Behind the program's name, backslashes count before a quote: a pair stands for one, an odd one makes the quote plain.
/// Of three quotes in a row, or a closing one and the next, the last is a letter and the quotation is over.
fn windows_arguments(text: &str) -> Vec<String> {
    let (name, rest) = program(text.trim_start_matches([' ', '\t']));
    let mut all = vec![name];
    let mut current: Option<String> = None;
    let mut quotes = 0;
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' if quotes == 0 => all.extend(current.take()),
            '\\' => {
                let mut count = 1;
                while chars.next_if_eq(&'\\').is_some() {
                    count += 1;
                }
                let word = current.get_or_insert_default();
                if chars.peek() == Some(&'"') {
                    word.extend(std::iter::repeat_n('\\', count / 2));
                    if count % 2 == 1 {
                        chars.next();
                        word.push('"');
                    }
                } else {
                    word.extend(std::iter::repeat_n('\\', count));
                }
            }
            '"' => {
                let word = current.get_or_insert_default();
                quotes += 1;
                while chars.next_if_eq(&'"').is_some() {
                    quotes += 1;
                    if quotes == 3 {
                        word.push('"');
                        quotes = 0;
                    }
                }
                if quotes == 2 {
                    quotes = 0;
                }
            }
            other => current.get_or_insert_default().push(other),
        }
    }
    all.extend(current);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv() {
        assert_eq!(csv_fields("aa,\"b,\"\"b\",c\nd"), ["aa", "b,\"b", "c"]);
        assert_eq!(csv_fields(""), [""]);
        assert_eq!(csv_fields(","), ["", ""]);
    }

    #[test]
    fn versions() {
        assert!(version("1.2.3.4") < version("1.10"));
        assert_eq!(version("1"), version("1.0.0.0"));
        for bad in ["", "1.", "a", "1.2.3.4.5", "123456789", "-1"] {
            assert_eq!(version(bad), None, "{bad}");
        }
    }

    #[test]
    fn command_lines() {
        assert_eq!(windows_arguments(r#"a.exe "b c" d\"e \\"#), ["a.exe", "b c", "d\"e", r"\\"]);
        assert_eq!(windows_arguments(r#""" x"#), ["", "x"]);
        assert_eq!(windows_arguments(r#""C:\a b\" c "d""e """#), [r"C:\a b\", "c", "d\"e", ""]);
        assert_eq!(windows_arguments("a.exe \"\"\"b c\"\"\" d"), ["a.exe", "\"b", "c\"", "d"]);
    }
}
