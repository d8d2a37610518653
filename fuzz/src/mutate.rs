//! Changes to a text: at the level of operators and arguments, of tokens, and of characters.

use crate::corpus::EXTREMES;
use crate::dice::Dice;
use crate::tokens::{bars, closing, is_number, is_text, is_word, tokens};

/// Longest text that comes out.
const LONGEST: usize = 40_000;

/// What queries are changed with.
pub struct Kit {
    /// Any word.
    pub dictionary: Vec<String>,
    /// Names: functions, columns, tables, words of the grammar.
    pub names: Vec<String>,
    /// The names of all functions.
    pub functions: Vec<String>,
}

/// A query from another one and a second to take pieces from.
pub fn query(text: &str, other: &str, kit: &Kit, dice: &mut Dice) -> String {
    let mut all = tokens(text);
    let other = tokens(other);
    for _ in 0..1 + dice.below(4) {
        change(&mut all, &other, kit, dice);
        if all.len() > 20_000 {
            break;
        }
    }
    let mut text = all.concat();
    if dice.once_in(8) {
        text = characters(&text, dice);
    }
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

fn change(all: &mut Vec<String>, other: &[String], kit: &Kit, dice: &mut Dice) {
    match dice.below(18) {
        // A word for a word, a number for a number.
        0..=3 => {
            let places: Vec<usize> = (0..all.len()).filter(|at| !all[*at].trim().is_empty()).collect();
            let Some(at) = dice.pick(&places) else { return };
            let old = &all[*at];
            let new = if is_word(old) && dice.once_in(2) {
                // Mostly a name of the same text, so that things still bind.
                let near: Vec<&String> = other.iter().chain(all.iter()).filter(|t| is_word(t)).collect();
                dice.pick(&near).map(|t| (*t).clone())
            } else if is_word(old) {
                dice.pick(&kit.names).cloned()
            } else if is_number(old) || is_text(old) {
                dice.pick(EXTREMES).map(|t| (*t).to_owned())
            } else {
                dice.pick(&kit.dictionary).cloned()
            };
            all[*at] = new.unwrap_or_default();
        }
        4 => {
            let range = dice.range(all.len());
            all.drain(range);
        }
        // The same again, sometimes very often.
        5 => {
            let range = dice.range(all.len());
            let piece: Vec<String> = all[range.clone()].to_vec();
            let times = if dice.once_in(20) { 300 } else { 1 + dice.below(4) };
            let bytes: usize = piece.iter().map(String::len).sum();
            for _ in 0..times.min(LONGEST / bytes.max(1)) {
                all.splice(range.end..range.end, piece.clone());
            }
        }
        6 => {
            let at = dice.below(all.len() + 1);
            let word = dice.pick(&kit.dictionary).cloned().unwrap_or_default();
            all.splice(at..at, [" ".to_owned(), word, " ".to_owned()]);
        }
        // The first half of one, the second of the other.
        7 | 8 => {
            let (ours, theirs) = (bars(all), bars(other));
            let keep = dice.pick(&ours).copied().unwrap_or(all.len());
            let Some(from) = dice.pick(&theirs).copied() else { return };
            all.truncate(keep);
            all.push("\n".to_owned());
            all.extend_from_slice(&other[from..]);
        }
        // One operator of the other put in.
        9 | 10 => {
            let theirs = bars(other);
            let Some(from) = dice.pick(&theirs).copied() else { return };
            let to = theirs.iter().copied().find(|at| *at > from).unwrap_or(other.len());
            let ours = bars(all);
            let at = dice.pick(&ours).copied().unwrap_or(all.len());
            all.splice(at..at, other[from..to].iter().cloned().chain([" ".to_owned()]));
        }
        // One operator left out.
        11 => {
            let ours = bars(all);
            let Some(from) = dice.pick(&ours).copied() else { return };
            let to = ours.iter().copied().find(|at| *at > from).unwrap_or(all.len());
            all.drain(from..to);
        }
        // What stands in brackets for what stands in brackets.
        12 => {
            if let (Some(ours), Some(theirs)) = (bracketed(all, dice), bracketed(other, dice)) {
                all.splice(ours, other[theirs].iter().cloned());
            }
        }
        // A word as the argument of a function.
        13 => {
            let places: Vec<usize> = (0..all.len()).filter(|at| is_word(&all[*at]) || is_number(&all[*at])).collect();
            let (Some(at), Some(function)) = (dice.pick(&places).copied(), dice.pick(&kit.functions)) else { return };
            let more =
                if dice.once_in(2) { format!(", {}", dice.pick(EXTREMES).unwrap_or(&"1")) } else { String::new() };
            all[at] = format!("{function}({}{more})", all[at]);
        }
        14 => {
            let (a, b) = (dice.below(all.len()), dice.below(all.len()));
            if a < all.len() && b < all.len() {
                all.swap(a, b);
            }
        }
        // Both as parts of one query.
        15 => {
            let (ours, theirs) = (all.concat(), other.concat());
            if ours.len() + theirs.len() > LONGEST {
                return;
            }
            let text = match dice.below(7) {
                0 => format!("let q0 = {ours};\n{theirs}"),
                1 => format!("union ({ours}), ({theirs})"),
                2 => format!("{ours} | join kind=leftouter ({theirs}) on $left.a == $right.b"),
                3 => format!("let f0 = (a:long) {{ {ours} }};\n{theirs} | invoke f0(1)"),
                4 => format!("{ours} | extend y = toscalar({theirs})"),
                5 => format!("{ours} | mv-apply x on ({theirs})"),
                _ => format!("let q0 = materialize({ours});\nq0 | union q0 | join (q0) on $left.a == $right.a"),
            };
            *all = tokens(&text);
        }
        // Deep nesting.
        16 => {
            let places: Vec<usize> = (0..all.len()).filter(|at| is_word(&all[*at]) || is_number(&all[*at])).collect();
            let Some(at) = dice.pick(&places).copied() else { return };
            let depth = [3, 30, 150, 400][dice.below(4)];
            let (open, close) =
                [("(", ")"), ("not(", ")"), ("[", "]"), ("tostring(", ")"), ("-", ""), ("{", "}")][dice.below(6)];
            all[at] = format!("{}{}{}", open.repeat(depth), all[at], close.repeat(depth));
        }
        _ => {
            let (theirs, at) = (dice.range(other.len()), dice.below(all.len() + 1));
            all.splice(at..at, other[theirs].iter().cloned());
        }
    }
}

/// The inside of some pair of brackets.
fn bracketed(tokens: &[String], dice: &mut Dice) -> Option<std::ops::Range<usize>> {
    let opens: Vec<usize> = (0..tokens.len()).filter(|at| matches!(tokens[*at].as_str(), "(" | "[" | "{")).collect();
    let open = *dice.pick(&opens)?;
    closing(tokens, open).map(|close| open + 1..close)
}

fn characters(text: &str, dice: &mut Dice) -> String {
    const SIGNS: &[char] = &[
        '\0', '\t', '\n', '\r', ' ', '!', '"', '\'', '(', ')', '[', ']', '{', '}', '*', '+', ',', '-', '.', '/', ':',
        ';', '<', '=', '>', '@', '\\', '`', '|', '~', '$', '0', '9', 'a', 'h', 'é', '\u{200b}', '\u{202e}', '\u{feff}',
        '😀',
    ];
    let mut all: Vec<char> = text.chars().collect();
    for _ in 0..1 + dice.below(3) {
        let at = dice.below(all.len() + 1);
        let sign = dice.pick(SIGNS).copied().unwrap_or(' ');
        match dice.below(3) {
            0 if at < all.len() => all[at] = sign,
            1 if at < all.len() => {
                all.remove(at);
            }
            _ => all.insert(at, sign),
        }
    }
    all.into_iter().collect()
}

/// Bytes from other bytes.
pub fn bytes(from: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    const PIECES: &[&[u8]] = &[
        b"\"",
        b",",
        b"\n",
        b"\r\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b"null",
        b"\\u0000",
        b"\\ud800",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"-1",
        b"9223372036854775808",
        b"1e999",
        b"0001-01-01T00:00:00Z",
        b"9999-12-31T23:59:59.9999999Z",
        b"\0",
        b"\x80",
        b"2026-13-45",
        b"true",
        b"\"\"",
        b";",
        b"\t",
        b"AuditData",
        b"\\",
        b"<",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
    ];
    let mut all = from.to_vec();
    for _ in 0..1 + dice.below(5) {
        let at = dice.below(all.len() + 1);
        match dice.below(8) {
            0 if at < all.len() => all[at] = dice.bits() as u8,
            1 if at < all.len() => all[at] ^= 1 << dice.below(8),
            2 => {
                let range = dice.range(all.len());
                all.drain(range);
            }
            3 => {
                let range = dice.range(all.len());
                let piece = all[range].to_vec();
                let most = if dice.once_in(10) { 200 } else { 3 };
                for _ in 0..=dice.below(most) {
                    if all.len() < LONGEST {
                        all.splice(at..at, piece.iter().copied());
                    }
                }
            }
            4 => {
                let range = dice.range(other.len());
                all.splice(at..at, other[range].iter().copied());
            }
            5 => all.truncate(at),
            6 => {
                all.truncate(at);
                all.extend_from_slice(&other[dice.below(other.len())..]);
            }
            _ => {
                let piece = dice.pick(PIECES).copied().unwrap_or_default();
                all.splice(at..at, piece.iter().copied());
            }
        }
    }
    all
}
