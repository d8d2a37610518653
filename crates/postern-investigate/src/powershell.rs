//! Text as PowerShell literals: what a tenant calls its objects must never become code.

/// A PowerShell expression whose value is exactly this text.
///
/// Plain text stands in single quotes, a single quote doubled. Characters that PowerShell also reads as quotes
/// (U+2018 to U+201E), control characters, line ends and invisible marks are written by their number, so that the command
/// is one line and shows what it holds.
pub fn quote(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut plain = String::new();
    let mut utf16 = [0u16; 2];
    for c in text.chars() {
        if by_number(c) {
            if !plain.is_empty() {
                parts.push(format!("'{}'", std::mem::take(&mut plain)));
            }
            for unit in c.encode_utf16(&mut utf16) {
                parts.push(format!("[char]0x{unit:04X}"));
            }
        } else {
            if c == '\'' {
                plain.push('\'');
            }
            plain.push(c);
        }
    }
    if !plain.is_empty() || parts.is_empty() {
        parts.push(format!("'{plain}'"));
    }
    match parts.as_slice() {
        [only] if only.starts_with('\'') => only.clone(),
        // A leading text makes every `+` join text.
        [first, ..] if first.starts_with('\'') => format!("({})", parts.join("+")),
        _ => format!("(''+{})", parts.join("+")),
    }
}

fn by_number(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{2018}'..='\u{201F}' // quotation marks that PowerShell takes for ' and "
            | '\u{00AD}' | '\u{061C}' | '\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}' | '\u{FE00}'..='\u{FE0F}')
}

/// Several texts as a PowerShell array.
pub fn quote_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(quote).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads back what [`quote`] writes, the way PowerShell does.
    fn read(expression: &str) -> String {
        let inner = expression.strip_prefix('(').and_then(|e| e.strip_suffix(')')).unwrap_or(expression);
        let mut units: Vec<u16> = Vec::new();
        let mut rest = inner;
        while !rest.is_empty() {
            if let Some(tail) = rest.strip_prefix("[char]0x") {
                units.push(u16::from_str_radix(&tail[..4], 16).unwrap());
                rest = &tail[4..];
            } else {
                let mut chars = rest.char_indices().peekable();
                assert_eq!(chars.next().unwrap().1, '\'', "{expression}");
                let mut end = None;
                let mut text = String::new();
                while let Some((at, c)) = chars.next() {
                    let quote = matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}');
                    if quote && chars.peek().is_some_and(|(_, n)| *n == '\'') {
                        text.push(c);
                        chars.next();
                    } else if quote {
                        end = Some(at + c.len_utf8());
                        break;
                    } else {
                        text.push(c);
                    }
                }
                units.extend(text.encode_utf16());
                rest = &rest[end.expect("closed")..];
            }
            rest = rest.strip_prefix('+').unwrap_or(rest);
        }
        String::from_utf16(&units).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back_as_itself(text in any::<String>()) {
            let quoted = quote(&text);
            prop_assert_eq!(read(&quoted), text);
            prop_assert!(!quoted.chars().any(char::is_control));
        }

        #[test]
        fn quotes_never_end_the_literal(text in "['\u{2018}\u{2019}\u{201A}\u{201B}\u{201C}\";$`a]{0,12}") {
            let quoted = quote(&text);
            prop_assert_eq!(read(&quoted), text);
        }
    }

    #[test]
    fn plain_and_odd_names() {
        assert_eq!(quote("Financial Reporting"), "'Financial Reporting'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("O'Brien"), "'O''Brien'");
        assert_eq!(quote("a\u{2019}; Remove-Mailbox"), "('a'+[char]0x2019+'; Remove-Mailbox')");
        assert_eq!(quote("\u{200B}"), "(''+[char]0x200B)");
    }
}
