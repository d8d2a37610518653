//! A query text cut into pieces for an editor: to colour it, and to find out where in it somebody is typing.
//!
//! Works on texts that are not finished and never reports anything. Blanks between pieces are no pieces.

use crate::ast::{ScalarType, Span};
use crate::lexer::tokenize;
use crate::parser::{MAX_TEXT, OPERATORS, UNSUPPORTED, WORDS};
use crate::token::Token;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The name of an operator behind a bar, or of a statement or source that starts a query.
    Operator,
    /// A word of the grammar: `by`, `and`, `has`, `asc`, …
    Keyword,
    /// A word in front of an opening parenthesis.
    Function,
    /// Any other word, and a quoted name.
    Name,
    /// The name of a type.
    Type,
    /// A text.
    Text,
    /// A number, a duration, a truth value, or a constant such as `datetime(…)`.
    Number,
    /// A comment up to the end of its line.
    Comment,
    /// A bracket, comma, bar or sign.
    Symbol,
    /// Something without a meaning.
    Unknown,
}

/// A piece of a query text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub class: Class,
    /// Where it is.
    pub span: Span,
    /// A text without its closing quote.
    pub unclosed: bool,
}

/// The words that start a statement or a source.
const STARTS: &[&str] = &[
    "alias",
    "datatable",
    "declare",
    "evaluate",
    "externaldata",
    "find",
    "let",
    "print",
    "range",
    "restrict",
    "search",
    "set",
    "union",
];

/// The words inside operators.
const KEYWORDS: &[&str] = &[
    "asc",
    "by",
    "default",
    "desc",
    "first",
    "from",
    "isfuzzy",
    "kind",
    "last",
    "nulls",
    "of",
    "on",
    "optional",
    "output",
    "others",
    "regex",
    "step",
    "to",
    "typeof",
    "view",
    "with",
    "withsource",
];

/// Cuts a text into pieces, in order. A text that is too long to be a query has none.
pub fn pieces(text: &str) -> Vec<Piece> {
    if text.len() > MAX_TEXT {
        return Vec::new();
    }
    let mut diagnostics = Vec::new();
    let tokens = tokenize(text, &mut diagnostics);
    let unclosed: Vec<usize> =
        diagnostics.iter().filter(|d| d.code == crate::Code::UnterminatedText.as_str()).map(|d| d.span.start).collect();
    let mut out: Vec<Piece> = Vec::with_capacity(tokens.len());
    let mut end = 0;
    // An operator is named next: at the start of a statement, and behind a bar.
    let (mut at_start, mut behind_bar) = (true, false);
    let mut hyphens = 0_usize;
    for (index, lexeme) in tokens.iter().enumerate() {
        let span = lexeme.span();
        comments(text, end, span.start, &mut out);
        end = span.end;
        let next = tokens.get(index + 1);
        let word = span.text(text);
        let class = match lexeme.token {
            Token::End => break,
            Token::Word if hyphens > 0 => {
                hyphens -= 1;
                Class::Operator
            }
            Token::Word if at_start || behind_bar => {
                hyphens = hyphenated(text, &tokens, index, behind_bar);
                let known = if behind_bar { is_operator(word) || hyphens > 0 } else { STARTS.contains(&word) };
                if known { Class::Operator } else { self::word(word, next.map(|n| n.token)) }
            }
            Token::Word => self::word(word, next.map(|n| n.token)),
            Token::Minus if hyphens > 0 => Class::Operator,
            Token::Text => Class::Text,
            Token::Long | Token::Real | Token::TimeSpan | Token::Typed(_) => Class::Number,
            Token::Unknown => Class::Unknown,
            _ => Class::Symbol,
        };
        behind_bar = lexeme.token == Token::Bar;
        at_start = matches!(lexeme.token, Token::Semicolon | Token::LeftBrace | Token::LeftParen)
            || lexeme.token == Token::Assign;
        let unclosed = class == Class::Text && unclosed.binary_search(&span.start).is_ok();
        out.push(Piece { class, span, unclosed });
    }
    comments(text, end, text.len(), &mut out);
    out
}

/// How many words follow the operator at `index`, each behind a hyphen without blanks.
fn hyphenated(text: &str, tokens: &[crate::token::Lexeme], index: usize, behind_bar: bool) -> usize {
    if !behind_bar {
        return 0;
    }
    let mut name = tokens.get(index).map(|t| t.span().text(text).to_owned()).unwrap_or_default();
    let (mut best, mut count) = (0, 0);
    let mut at = index;
    while let (Some(word), Some(minus), Some(next)) = (tokens.get(at), tokens.get(at + 1), tokens.get(at + 2)) {
        let joined = minus.token == Token::Minus
            && next.token == Token::Word
            && word.end == minus.start
            && minus.end == next.start
            && count < 3;
        if !joined {
            break;
        }
        count += 1;
        name.push('-');
        name.push_str(next.span().text(text));
        if is_operator(&name) {
            best = count;
        }
        at += 2;
    }
    best
}

fn is_operator(word: &str) -> bool {
    OPERATORS.contains(&word) || UNSUPPORTED.contains(&word)
}

fn word(word: &str, next: Option<Token>) -> Class {
    let called = next == Some(Token::LeftParen);
    if matches!(word, "true" | "false") {
        Class::Number
    } else if matches!(word, "$left" | "$right") || WORDS.contains(&word) || (KEYWORDS.contains(&word) && !called) {
        Class::Keyword
    } else if ScalarType::from_name(word).is_some() && !called {
        // `time` and `date` are names of columns more often than types.
        if matches!(word, "time" | "date") { Class::Name } else { Class::Type }
    } else if called {
        Class::Function
    } else {
        Class::Name
    }
}

/// The comments between two tokens.
fn comments(text: &str, from: usize, to: usize, out: &mut Vec<Piece>) {
    let mut at = from;
    while let Some(start) = text.get(at..to).and_then(|gap| gap.find("//")).map(|offset| at + offset) {
        let rest = text.get(start..to).unwrap_or_default();
        let length = rest.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(rest.len());
        out.push(Piece { class: Class::Comment, span: Span::new(start, start + length), unclosed: false });
        at = start + length.max(2);
    }
}

/// Whether Enter should run the text: it ends in `;` behind a query, so that more `let` statements may still follow
/// one another, or in an empty line.
pub fn is_finished(text: &str) -> bool {
    let tail = text.rsplit('\n').next().unwrap_or(text);
    if text.contains('\n') && tail.trim().is_empty() {
        return true;
    }
    let pieces = pieces(text);
    let mut last = pieces.iter().rev().filter(|piece| piece.class != Class::Comment);
    if last.next().is_none_or(|piece| piece.span.text(text) != ";") {
        return false;
    }
    // The last statement, without its semicolon and outside of braces.
    let mut open = 0_usize;
    let mut first = None;
    for piece in last {
        match piece.span.text(text) {
            "}" | ")" | "]" => open += 1,
            "{" | "(" | "[" => open = open.saturating_sub(1),
            ";" if open == 0 => break,
            _ => {}
        }
        first = Some(piece);
    }
    first.is_some_and(|piece| !matches!(piece.span.text(text), "let" | "set" | "declare" | "alias" | "restrict"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(Class, &str)> {
        pieces(text).into_iter().map(|piece| (piece.class, piece.span.text(text))).collect()
    }

    #[test]
    fn words_are_what_their_place_makes_them() {
        use Class::*;
        assert_eq!(
            shown("T | where count == 5d and f(x) has 'a' // hm"),
            [
                (Name, "T"),
                (Symbol, "|"),
                (Operator, "where"),
                (Name, "count"),
                (Symbol, "=="),
                (Number, "5d"),
                (Keyword, "and"),
                (Function, "f"),
                (Symbol, "("),
                (Name, "x"),
                (Symbol, ")"),
                (Keyword, "has"),
                (Text, "'a'"),
                (Comment, "// hm"),
            ]
        );
        assert_eq!(
            shown("T | project-away a-b | summarize max(d) by kind"),
            [
                (Name, "T"),
                (Symbol, "|"),
                (Operator, "project"),
                (Operator, "-"),
                (Operator, "away"),
                (Name, "a"),
                (Symbol, "-"),
                (Name, "b"),
                (Symbol, "|"),
                (Operator, "summarize"),
                (Function, "max"),
                (Symbol, "("),
                (Name, "d"),
                (Symbol, ")"),
                (Keyword, "by"),
                (Keyword, "kind"),
            ]
        );
        assert_eq!(shown("let x = print 1")[0], (Operator, "let"));
        assert_eq!(shown("let x = print 1")[3], (Operator, "print"));
    }

    #[test]
    fn a_text_being_typed_is_open() {
        let text = "T | where a == 'ab";
        let last = pieces(text).pop().unwrap();
        assert_eq!((last.class, last.unclosed), (Class::Text, true));
        assert!(!pieces("print 'a'").pop().unwrap().unclosed);
    }

    #[test]
    fn comments_hide_what_is_in_them() {
        let text = "// a | b\nT // c\n// 'd";
        let found = shown(text);
        assert_eq!(found.iter().filter(|(class, _)| *class == Class::Comment).count(), 3);
        assert_eq!(found.len(), 4);
        assert_eq!(shown("print 'http://x'").len(), 2, "no comment in a text");
    }

    #[test]
    fn a_query_is_finished_by_its_semicolon_or_an_empty_line() {
        for text in ["T;", "T | take 5; // done", "let x = 5; T | take x;", "T\n| count\n", "T\n   "] {
            assert!(is_finished(text), "{text:?}");
        }
        for text in [
            "T",
            "T\n| count",
            "let x = 5;",
            "let f = (a:long) { T | take a; };",
            "T | where a == ';",
            "// only;",
            ";",
            "set x;",
        ] {
            assert!(!is_finished(text), "{text:?}");
        }
    }
}
