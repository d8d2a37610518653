//! What to write instead: hints for names and forms that come from other languages, or from a slip.

use postern_kql_syntax::ast::{BinaryOp, Call, Expr, ExprKind, Literal};
use postern_kql_syntax::literal;

use super::scope::nearest;
use crate::functions::{BoundExpr, find, find_aggregate, find_operator};
use crate::types::{Const, KqlType};

/// The sentence that offers the nearest name.
pub fn did_you_mean(wanted: &str, near: &str) -> String {
    if wanted != near && wanted.eq_ignore_ascii_case(near) {
        format!("did you mean `{near}`? upper and lower case matter in names")
    } else {
        format!("did you mean `{near}`?")
    }
}

/// The same for the nearest of several names, when one is near.
pub fn offer<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(wanted, names).map(|near| did_you_mean(wanted, near))
}

/// What a name that no column has may be meant for.
pub fn name(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    Some(match lower.as_str() {
        "null" | "nil" | "none" | "undefined" => {
            "test with `isnull(x)`, or `isempty(x)` for text; a null is written with its type: `int(null)`".to_owned()
        }
        "nan" => "write `real(nan)`; test with `isnan(x)`".to_owned(),
        "inf" | "infinity" => "write `real(+inf)`; test with `isinf(x)`".to_owned(),
        "true" | "false" => format!("write `{lower}`"),
        "today" | "current_timestamp" | "getdate" | "sysdate" => {
            "write `now()`, or `startofday(now())` for today".to_owned()
        }
        "yesterday" => "write `ago(1d)`, or `startofday(ago(1d))`".to_owned(),
        "rownum" | "row_num" => "write `row_number()` behind `sort by …` or `serialize`".to_owned(),
        _ if find(name).is_some() || find_aggregate(name).is_some() => {
            format!("`{name}` is a function: write `{name}(…)`")
        }
        _ => return None,
    })
}

/// The function that does what one of another language does.
pub fn function(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "len" | "length" | "char_length" => "`strlen(text)` counts characters, `array_length(array)` elements",
        "lower" | "lcase" | "tolowercase" => "write `tolower(text)`",
        "upper" | "ucase" | "touppercase" => "write `toupper(text)`",
        "concat" | "concat_ws" => "write `strcat(a, b)`, or `strcat_delim(\", \", a, b)`",
        "substr" | "mid" | "left" => "write `substring(text, start, length)`; positions count from 0",
        "right" => "write `substring(text, strlen(text) - n)`",
        "instr" | "charindex" | "strpos" | "locate" => "write `indexof(text, part)`; positions count from 0",
        "cast" | "convert" | "try_cast" => "convert with `tostring()`, `tolong()`, `todatetime()` and the like",
        "ifnull" | "nvl" | "isnull_or" => "write `coalesce(a, b)`",
        "if" => "write `iff(condition, then, else)`",
        "decode" | "switch" => "write `case(condition, value, …, else)`",
        "date_trunc" | "trunc" | "date_bin" | "time_bucket" => "write `bin(time, 1h)` or `startofday(time)`",
        "dateadd" | "date_add" => "add a duration, `time + 1d`, or write `datetime_add(\"month\", 1, time)`",
        "datediff" | "date_diff" => "subtract, `a - b`, or write `datetime_diff(\"day\", a, b)`",
        "getdate" | "current_timestamp" | "sysdate" | "utcnow" | "today" => "write `now()`",
        "count_distinct_approx" | "approx_count_distinct" | "distinct_count" | "countdistinct" => "write `dcount(x)`",
        "group_concat" | "string_agg" | "listagg" => "write `strcat_array(make_set(x), \", \")`",
        "array_agg" | "collect" | "collect_list" | "values" => "write `make_list(x)` or `make_set(x)`",
        "mean" | "average" => "write `avg(x)`",
        "median" => "write `percentile(x, 50)`",
        "std" | "stddev" => "write `stdev(x)`",
        "regexp_extract" | "regexp_substr" | "rex" => "write `extract(@\"pattern\", 1, text)`",
        "regexp_replace" => "write `replace_regex(text, @\"pattern\", \"new\")`",
        "regexp_like" | "regex_match" | "match" | "matches" => "write `text matches regex @\"pattern\"`",
        "json_extract" | "json_value" | "get_json_object" | "spath" => "write `parse_json(text).name`",
        "includes" | "contains" => "write `text contains \"part\"`",
        "startswith" | "starts_with" => "write `text startswith \"part\"`",
        "endswith" | "ends_with" => "write `text endswith \"part\"`",
        "in" | "has_any" => "write `x in (\"a\", \"b\")`",
        "exists" => "write `isnotempty(x)`, or `join kind=leftsemi`",
        "cidrmatch" | "inet_contains" => "write `ipv4_is_in_range(address, \"192.0.2.0/24\")`",
        _ => return None,
    })
}

/// A function that is called on a value, `Subject.toupper()`: what to write.
pub fn method(base: &Expr, call: &Call) -> String {
    let value = match &base.kind {
        ExprKind::Name(name) => name.text.as_str(),
        _ => "value",
    };
    let name = call.name.text.as_str();
    let more = if call.args.is_empty() { "" } else { ", …" };
    let lower = name.to_ascii_lowercase();
    if find(name).is_some() || find_aggregate(name).is_some() {
        return format!("write `{name}({value}{more})`");
    }
    if find_operator(&lower).is_some() {
        return format!("write `{value} {lower} …`");
    }
    match function(name) {
        Some(hint) => hint.to_owned(),
        None => format!("functions stand before their values: `f({value}{more})`"),
    }
}

/// `like` and its kin: the operator that does what the pattern says.
pub fn like(op: BinaryOp, value: &BoundExpr, pattern: &BoundExpr) -> Option<String> {
    let negated = match op {
        BinaryOp::Like | BinaryOp::LikeCs => false,
        BinaryOp::NotLike | BinaryOp::NotLikeCs => true,
        _ => return None,
    };
    let value = value.name.as_deref().unwrap_or("text");
    Some(postern_kql_syntax::words::like_hint(negated, value, pattern.const_str()))
}

/// A comparison that does not fit: the constant text as a constant of the other side's type, when it reads as one.
pub fn comparison(left: &BoundExpr, right: &BoundExpr) -> Option<String> {
    let (text, ty) = match (left.const_str(), right.const_str()) {
        (None, Some(text)) => (text.trim(), left.ty),
        (Some(text), None) => (text.trim(), right.ty),
        _ => return None,
    };
    match ty {
        KqlType::DateTime => literal::parse_datetime(text)
            .map(|_| format!("write the instant as `datetime({text})`, or convert the text with `todatetime()`")),
        KqlType::TimeSpan => literal::parse_timespan(text)
            .map(|_| format!("write the duration as `timespan({text})`, or convert the text with `totimespan()`")),
        _ => None,
    }
}

/// An argument `name = value` of a function that has no named arguments.
pub fn named_argument(name: &str, value: &Expr) -> String {
    let shown = match &value.kind {
        ExprKind::Literal(Literal::String(text)) if text.value.len() < 40 && !text.value.contains('"') => {
            format!("\"{}\"", text.value)
        }
        ExprKind::Name(other) => other.text.clone(),
        ExprKind::Literal(Literal::Long(number)) => number.to_string(),
        _ => "…".to_owned(),
    };
    format!("to compare, write `{name} == {shown}`")
}

/// Whether a value is a constant array.
pub fn is_list(value: &BoundExpr) -> bool {
    matches!(&value.constant, Some(constant @ Const::Dynamic(_))
        if matches!(constant.as_json(), Some(serde_json::Value::Array(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_pointed_out() {
        assert_eq!(did_you_mean("Sbject", "Subject"), "did you mean `Subject`?");
        assert!(did_you_mean("subject", "Subject").contains("upper and lower case"));
    }

    #[test]
    fn patterns_of_sql_become_operators() {
        let text = |t: &str| BoundExpr::constant(Const::String(t.to_owned()));
        let column = BoundExpr { name: Some("Subject".to_owned()), ..text("") };
        let hint = |op, pattern| like(op, &column, &text(pattern)).unwrap();
        assert_eq!(hint(BinaryOp::Like, "%invoice%"), "write `Subject contains \"invoice\"`");
        assert_eq!(hint(BinaryOp::NotLike, "RE:%"), "write `Subject !startswith \"RE:\"`");
        assert_eq!(hint(BinaryOp::Like, "%.exe"), "write `Subject endswith \".exe\"`");
        assert_eq!(hint(BinaryOp::Like, "abc"), "write `Subject =~ \"abc\"`");
        assert!(hint(BinaryOp::Like, "a%b_c").contains("matches regex"));
        assert!(like(BinaryOp::Has, &column, &text("x")).is_none());
    }
}
