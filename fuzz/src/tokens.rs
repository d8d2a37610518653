//! A text cut into pieces that can be moved: words, numbers, quoted texts, blanks, single signs.

/// The pieces; put together they are the text.
pub fn tokens(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' || first == '\'' {
            let close = rest.char_indices().skip(1).find(|(_, c)| *c == first || *c == '\n');
            close.map_or(rest.len(), |(at, c)| at + c.len_utf8())
        } else if first.is_alphanumeric() || first == '_' {
            run(rest, |c| c.is_alphanumeric() || c == '_')
        } else if first.is_whitespace() {
            run(rest, char::is_whitespace)
        } else {
            ["==", "!=", "<=", ">=", "=~", "!~", "..", "=>"]
                .iter()
                .find(|sign| rest.starts_with(**sign))
                .map_or(first.len_utf8(), |sign| sign.len())
        };
        let (token, after) = rest.split_at(length.max(1).min(rest.len()));
        all.push(token.to_owned());
        rest = after;
    }
    all
}

fn run(text: &str, part: impl Fn(char) -> bool) -> usize {
    text.char_indices().find(|(_, c)| !part(*c)).map_or(text.len(), |(at, _)| at)
}

/// A name or a word of the grammar.
pub fn is_word(token: &str) -> bool {
    token.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$')
}

/// A number, perhaps with a unit.
pub fn is_number(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit())
}

/// A text in quotes.
pub fn is_text(token: &str) -> bool {
    token.starts_with(['"', '\''])
}

/// Where a bracket at `open` closes, or nothing.
pub fn closing(tokens: &[String], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The positions of the bars outside all brackets.
pub fn bars(tokens: &[String]) -> Vec<usize> {
    let mut depth = 0_i32;
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            "|" if depth <= 0 => found.push(at),
            _ => {}
        }
    }
    found
}
