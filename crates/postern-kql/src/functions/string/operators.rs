//! The binary text operators in their positive forms. Text that is null reads as `""`, so the answer is
//! never null. `has…` work on terms (see `terms`), `contains…` on substrings; the plain forms ignore case, `_cs`
//! forms do not.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::buffer::BooleanBuffer;
use datafusion::common::Result as KernelResult;
use regex::Regex;

use super::as_text;
use super::pattern::compile;
use crate::functions::conversion::Value;
use crate::functions::kernel::{Arg, KernelArgs};
use crate::functions::support::define::{Scalar, call, call_with, example, info, param};
use crate::functions::support::json;
use crate::functions::support::terms::{Needle, Place, fold};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::Const;
use crate::types::KqlType::{Bool, Dynamic, String as Text};

/// Tests every row's text.
fn test(arg: &Arg, rows: usize, mut f: impl FnMut(&str) -> bool) -> KernelResult<ArrayRef> {
    let view = arg.text()?;
    let bits = match view.column() {
        Some(array) if array.null_count() == 0 => {
            BooleanBuffer::collect_bool(rows.min(array.len()), |row| f(array.value(row)))
        }
        _ => BooleanBuffer::collect_bool(rows, |row| f(view.get(row).unwrap_or(""))),
    };
    Ok(Arc::new(BooleanArray::new(bits, None)))
}

fn test_rows(rows: usize, f: impl FnMut(usize) -> bool) -> ArrayRef {
    Arc::new(BooleanArray::new(BooleanBuffer::collect_bool(rows, f), None))
}

fn search(args: &KernelArgs, place: Place, sensitive: bool) -> KernelResult<ArrayRef> {
    let (hay, needle) = (args.get(0)?, args.get(1)?);
    if needle.scalar {
        let needle = Needle::new(needle.text()?.get(0).unwrap_or(""), place, sensitive);
        return test(hay, args.rows, |text| needle.matches(text));
    }
    let (hay, needles) = (hay.text()?, needle.text()?);
    Ok(test_rows(args.rows, |row| {
        Needle::new(needles.get(row).unwrap_or(""), place, sensitive).matches(hay.get(row).unwrap_or(""))
    }))
}

fn find(name: &'static str, args: &[BoundExpr], place: Place, sensitive: bool) -> Result<BoundExpr, BindError> {
    call(name, &as_text(args, &[0, 1]), &[Text], Bool, move |args| search(args, place, sensitive))
}

const PAIR: &[Param] =
    &[param("text", "string", "The text to look in."), param("needle", "string", "What to look for.")];
const LIST: &[Param] =
    &[param("text", "string", "The text to look in."), param("needles", "dynamic", "An array of texts to look for.")];

macro_rules! operators {
    ($($constant:ident, $name:literal, $place:expr, $sensitive:literal, $summary:literal, $query:literal, $result:literal;)*) => {
        $(
            #[doc = concat!("`text ", $name, " needle`: ", $summary)]
            pub const $constant: Scalar = Scalar::new(
                info($name, "operator", $summary, PAIR, "bool", &[example($query, $result)]),
                |args, _| find($name, args, $place, $sensitive),
            );
        )*
    };
}

operators! {
    HAS, "has", Place::Term, false, "The text has the needle as a term, in any case.", "print \"North America\" has \"america\"", "true";
    HAS_CS, "has_cs", Place::Term, true, "The text has the needle as a term, in this case.", "print \"North America\" has_cs \"america\"", "false";
    HASPREFIX, "hasprefix", Place::TermStart, false, "A term of the text starts with the needle, in any case.", "print \"North America\" hasprefix \"ame\"", "true";
    HASPREFIX_CS, "hasprefix_cs", Place::TermStart, true, "A term of the text starts with the needle, in this case.", "print \"North America\" hasprefix_cs \"ame\"", "false";
    HASSUFFIX, "hassuffix", Place::TermEnd, false, "A term of the text ends with the needle, in any case.", "print \"North America\" hassuffix \"TH\"", "true";
    HASSUFFIX_CS, "hassuffix_cs", Place::TermEnd, true, "A term of the text ends with the needle, in this case.", "print \"North America\" hassuffix_cs \"th\"", "true";
    CONTAINS, "contains", Place::Anywhere, false, "The needle is somewhere in the text, in any case.", "print \"FabriKam\" contains \"BRik\"", "true";
    CONTAINS_CS, "contains_cs", Place::Anywhere, true, "The needle is somewhere in the text, in this case.", "print \"FabriKam\" contains_cs \"Kam\"", "true";
    STARTSWITH, "startswith", Place::Start, false, "The text starts with the needle, in any case.", "print \"Fabrikam\" startswith \"fab\"", "true";
    STARTSWITH_CS, "startswith_cs", Place::Start, true, "The text starts with the needle, in this case.", "print \"Fabrikam\" startswith_cs \"fab\"", "false";
    ENDSWITH, "endswith", Place::End, false, "The text ends with the needle, in any case.", "print \"Fabrikam\" endswith \"KAM\"", "true";
    ENDSWITH_CS, "endswith_cs", Place::End, true, "The text ends with the needle, in this case.", "print \"Fabrikam\" endswith_cs \"kam\"", "true";
    EQUALS, "=~", Place::Whole, false, "The texts are equal, in any case.", "print \"ABC\" =~ \"abc\"", "true";
}

/// `text matches regex pattern`: a pattern that is not valid is an error when constant and matches nothing otherwise.
pub const MATCHES: Scalar = Scalar::new(
    info(
        "matches regex",
        "operator",
        "The pattern matches somewhere in the text.",
        &[param("text", "string", "The text to look in."), param("pattern", "string", "The regular expression.")],
        "bool",
        &[example("print \"abc123\" matches regex @\"\\d+\"", "true")],
    ),
    |args, _| {
        let args = as_text(args, &[0, 1]);
        if let Some(pattern) = args.get(1).and_then(BoundExpr::const_str) {
            let regex = compile(pattern).map_err(|e| e.at(1))?;
            return call_with("matches regex", pattern, &args, &[Text], Bool, move |args| {
                test(args.get(0)?, args.rows, |text| regex.is_match(text))
            });
        }
        call("matches regex", &args, &[Text], Bool, |args| {
            let (hay, patterns) = (args.get(0)?.text()?, args.get(1)?.text()?);
            let mut seen: HashMap<&str, Option<Regex>> = HashMap::new();
            Ok(test_rows(args.rows, |row| {
                let pattern = patterns.get(row).unwrap_or("");
                let regex = seen.entry(pattern).or_insert_with(|| compile(pattern).ok());
                regex.as_ref().is_some_and(|r| r.is_match(hay.get(row).unwrap_or("")))
            }))
        })
    },
);

/// The texts of an array argument: elements as text, a value that is no array as itself.
pub(super) fn needles_of(raw: &str) -> Vec<String> {
    let text = |raw: &str| {
        let mut out = String::new();
        if !json::is_null(raw) {
            Value::Json(raw).push_text(&mut out);
        }
        out
    };
    if json::kind(raw) == Some(json::Kind::Array) { json::elements(raw).map(text).collect() } else { vec![text(raw)] }
}

/// The needles of a list that is the same for every row.
fn constant_needles(args: &[BoundExpr]) -> Option<Vec<String>> {
    match args.get(1)?.constant.as_ref()? {
        Const::Dynamic(raw) => Some(needles_of(raw)),
        _ => None,
    }
}

fn any_all(
    name: &'static str,
    args: &[BoundExpr],
    place: Place,
    sensitive: bool,
    all: bool,
) -> Result<BoundExpr, BindError> {
    let needles = move |texts: Vec<String>| -> Vec<Needle> {
        texts.iter().map(|needle| Needle::new(needle, place, sensitive)).collect()
    };
    let decide = move |needles: &[Needle], text: &str| {
        if all { needles.iter().all(|n| n.matches(text)) } else { needles.iter().any(|n| n.matches(text)) }
    };
    let fixed = constant_needles(args).map(needles);
    call(name, &as_text(args, &[0]), &[Text, Dynamic], Bool, move |args| {
        if let Some(fixed) = &fixed {
            return test(args.get(0)?, args.rows, |text| decide(fixed, text));
        }
        let prepare = |raw: Option<&str>| needles(raw.map(needles_of).unwrap_or_default());
        let list = args.get(1)?;
        if list.scalar {
            let needles = prepare(list.text()?.get(0));
            return test(args.get(0)?, args.rows, |text| decide(&needles, text));
        }
        let (hay, lists) = (args.get(0)?.text()?, list.text()?);
        Ok(test_rows(args.rows, |row| decide(&prepare(lists.get(row)), hay.get(row).unwrap_or(""))))
    })
}

/// `text has_any (a, b, …)`.
pub const HAS_ANY: Scalar = Scalar::new(
    info(
        "has_any",
        "operator",
        "The text has at least one of the needles as a term, in any case.",
        LIST,
        "bool",
        &[example("print \"North America\" has_any (\"south\", \"america\")", "true")],
    ),
    |args, _| any_all("has_any", args, Place::Term, false, false),
);

/// `text has_all (a, b, …)`.
pub const HAS_ALL: Scalar = Scalar::new(
    info(
        "has_all",
        "operator",
        "The text has every needle as a term, in any case.",
        LIST,
        "bool",
        &[example("print \"North America\" has_all (\"north\", \"america\")", "true")],
    ),
    |args, _| any_all("has_all", args, Place::Term, false, true),
);

/// A set of texts, asked with or without regard to case.
struct Members {
    texts: HashSet<String>,
    sensitive: bool,
    /// Bit `n` is set when a text has `n` bytes, the last bit for all longer ones.
    lengths: u64,
}

impl Members {
    fn new(texts: Vec<String>, sensitive: bool) -> Self {
        let texts: HashSet<String> = texts.into_iter().map(|text| if sensitive { text } else { fold(&text) }).collect();
        let lengths = texts.iter().fold(0, |bits, text| bits | 1u64 << text.len().min(63));
        Self { texts, sensitive, lengths }
    }

    /// Whether the set has the text; `buffer` is of use again and again.
    fn hold(&self, text: &str, buffer: &mut String) -> bool {
        if !self.sensitive && !text.is_ascii() {
            // Folding may change the length.
            return self.texts.contains(&fold(text));
        }
        if self.lengths >> text.len().min(63) & 1 == 0 {
            return false;
        }
        if self.sensitive {
            return self.texts.contains(text);
        }
        buffer.clear();
        buffer.push_str(text);
        buffer.make_ascii_lowercase();
        self.texts.contains(buffer.as_str())
    }
}

fn in_list(name: &'static str, args: &[BoundExpr], sensitive: bool) -> Result<BoundExpr, BindError> {
    let fixed = constant_needles(args).map(|texts| Members::new(texts, sensitive));
    call(name, &as_text(args, &[0]), &[Text, Dynamic], Bool, move |args| {
        let mut buffer = String::new();
        if let Some(fixed) = &fixed {
            return test(args.get(0)?, args.rows, |text| fixed.hold(text, &mut buffer));
        }
        let prepare = |raw: Option<&str>| Members::new(raw.map(needles_of).unwrap_or_default(), sensitive);
        let list = args.get(1)?;
        if list.scalar {
            let set = prepare(list.text()?.get(0));
            return test(args.get(0)?, args.rows, |text| set.hold(text, &mut buffer));
        }
        let (hay, lists) = (args.get(0)?.text()?, list.text()?);
        Ok(test_rows(args.rows, |row| prepare(lists.get(row)).hold(hay.get(row).unwrap_or(""), &mut buffer)))
    })
}

/// `text in (array)`.
pub const IN: Scalar = Scalar::new(
    info(
        "in",
        "operator",
        "The text equals one of the array's elements, in this case.",
        LIST,
        "bool",
        &[example("print \"b\" in (\"a\", \"b\")", "true")],
    ),
    |args, _| in_list("in", args, true),
);

/// `text in~ (array)`.
pub const IN_ANY_CASE: Scalar = Scalar::new(
    info(
        "in~",
        "operator",
        "The text equals one of the array's elements, in any case.",
        LIST,
        "bool",
        &[example("print \"B\" in~ (\"a\", \"b\")", "true")],
    ),
    |args, _| in_list("in~", args, false),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_any_case_or_in_theirs() {
        let texts = || vec!["Abc".to_owned(), "ÉCOLE".to_owned(), "x".repeat(70)];
        let mut buffer = String::new();
        let any = Members::new(texts(), false);
        for text in ["abc", "ABC", "école", "École", &"X".repeat(70)] {
            assert!(any.hold(text, &mut buffer), "{text}");
        }
        for text in ["", "ab", "abd", "ecole", &"X".repeat(71)] {
            assert!(!any.hold(text, &mut buffer), "{text}");
        }
        let same = Members::new(texts(), true);
        assert!(same.hold("Abc", &mut buffer) && same.hold("ÉCOLE", &mut buffer));
        assert!(!same.hold("abc", &mut buffer) && !same.hold("école", &mut buffer));
    }
}
