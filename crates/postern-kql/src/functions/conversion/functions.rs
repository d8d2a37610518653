//! `tostring`, `tolong` and their family, `isnull` and theirs, `gettype`.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, lit};

use super::{convert, push_json, read};
use crate::functions::support::define::{Scalar, also, call_as_is, example, info, param};
use crate::functions::support::{build, json};
use crate::functions::{BindError, BoundExpr, FunctionInfo};
use crate::types::KqlType;

type Bound = Result<BoundExpr, BindError>;

const ANY: &[crate::functions::Param] = &[param("value", "any", "The value to convert.")];

fn to(args: &[BoundExpr], ty: KqlType) -> Bound {
    let arg = args.first().ok_or_else(|| BindError::new("a value is needed"))?;
    let out = convert(arg, ty);
    Ok(BoundExpr { name: None, ..out })
}

/// `tostring(value)`: null gives `""`; bool is `True`/`False`; text inside dynamic loses its quotes; other dynamic
/// values are compact JSON.
pub const TOSTRING: Scalar = Scalar::new(
    info(
        "tostring",
        "conversion",
        "The value as text.",
        ANY,
        "string",
        &[example("print tostring(123)", "123"), example("print tostring(dynamic({\"a\": 1}).a)", "1")],
    ),
    |args, _| to(args, KqlType::String),
)
.keeps_name();

/// `tolong(value)`: fractions are cut, text must be a whole number (decimal or `0x`), else null.
pub const TOLONG: Scalar = Scalar::new(
    info(
        "tolong",
        "conversion",
        "The value as a 64-bit whole number; null when it is none.",
        ANY,
        "long",
        &[example("print tolong(\"123\")", "123")],
    ),
    |args, _| to(args, KqlType::Long),
)
.keeps_name();

/// `toint(value)`: as `tolong`, null outside 32 bits.
pub const TOINT: Scalar = Scalar::new(
    info(
        "toint",
        "conversion",
        "The value as a 32-bit whole number; null when it is none or too large.",
        ANY,
        "int",
        &[example("print toint(\"123\")", "123"), example("print isnull(toint(\"abc\"))", "true")],
    ),
    |args, _| to(args, KqlType::Int),
)
.keeps_name();

/// `todouble(value)`, `toreal(value)`: null when the text is no number.
pub const TODOUBLE: Scalar = Scalar::new(
    also(
        info(
            "todouble",
            "conversion",
            "The value as a real; null when it is none.",
            ANY,
            "real",
            &[example("print todouble(\"123.5\")", "123.5")],
        ),
        &["toreal"],
    ),
    |args, _| to(args, KqlType::Real),
)
.keeps_name();

/// `todecimal(value)`.
pub const TODECIMAL: Scalar = Scalar::new(
    info(
        "todecimal",
        "conversion",
        "The value as a decimal of 21 digits before the point and 17 after it; null when it is none or greater.",
        ANY,
        "decimal",
        &[example("print todecimal(\"123.45678\")", "123.45678")],
    ),
    |args, _| to(args, KqlType::Decimal),
)
.keeps_name();

/// `tobool(value)`: `true`/`false` in any case; numbers are true unless zero.
pub const TOBOOL: Scalar = Scalar::new(
    also(
        info(
            "tobool",
            "conversion",
            "The value as a bool; null when it is none.",
            ANY,
            "bool",
            &[example("print tobool(\"TRUE\")", "true")],
        ),
        &["toboolean"],
    ),
    |args, _| to(args, KqlType::Bool),
)
.keeps_name();

/// `todatetime(value)`: text in one of the accepted forms (see `time_text`), UTC unless it states an offset.
pub const TODATETIME: Scalar = Scalar::new(
    info(
        "todatetime",
        "conversion",
        "The value as a datetime; null when it is none.",
        ANY,
        "datetime",
        &[example("print todatetime(\"2015-12-24\")", "2015-12-24T00:00:00.0000000Z")],
    ),
    |args, _| to(args, KqlType::DateTime),
)
.keeps_name();

/// `totimespan(value)`: `d.hh:mm:ss.fffffff` or a literal such as `1d`; whole numbers are ticks.
pub const TOTIMESPAN: Scalar = Scalar::new(
    also(
        info(
            "totimespan",
            "conversion",
            "The value as a timespan; null when it is none.",
            ANY,
            "timespan",
            &[example("print totimespan(\"0.00:01:00\")", "00:01:00")],
        ),
        &["totime"],
    ),
    |args, _| to(args, KqlType::TimeSpan),
)
.keeps_name();

/// `toguid(value)`: any usual spelling; null for other text.
pub const TOGUID: Scalar = Scalar::new(
    info(
        "toguid",
        "conversion",
        "The text as a GUID; null when it is none.",
        ANY,
        "guid",
        &[example("print toguid(\"70FC66F7-8279-44FC-9092-D364D70FCE44\")", "70fc66f7-8279-44fc-9092-d364d70fce44")],
    ),
    |args, _| to(args, KqlType::Guid),
)
.keeps_name();

/// `parse_json(text)`: JSON text becomes the value it stands for; other text becomes a string value; empty text and
/// `null` become null; a dynamic stays as it is.
pub const PARSE_JSON: Scalar = Scalar::new(
    also(
        info(
            "parse_json",
            "dynamic",
            "Reads JSON text into a dynamic value.",
            &[param("json", "string", "The text to read.")],
            "dynamic",
            &[
                example("print parse_json('{\"a\":[1,2]}').a[1]", "2"),
                example("print gettype(parse_json('not json'))", "string"),
            ],
        ),
        &["todynamic", "toobject", "parsejson"],
    ),
    |args, _| to(args, KqlType::Dynamic),
)
.keeps_name();

const TESTED: &[crate::functions::Param] = &[param("value", "any", "The value to test.")];

const fn null_info(
    name: &'static str,
    summary: &'static str,
    examples: &'static [crate::functions::Example],
) -> FunctionInfo {
    info(name, "conversion", summary, TESTED, "bool", examples)
}

fn first(args: &[BoundExpr]) -> Result<&BoundExpr, BindError> {
    args.first().ok_or_else(|| BindError::new("a value is needed"))
}

fn is_null(arg: &BoundExpr) -> Expr {
    match arg.ty {
        KqlType::String => lit(false),
        _ => arg.expr.clone().is_null(),
    }
}

fn is_empty(arg: &BoundExpr) -> Expr {
    match arg.ty {
        KqlType::String => arg.expr.clone().eq(lit(ScalarValue::Utf8View(Some(String::new())))),
        KqlType::Dynamic => {
            let call = call_as_is("isempty", "", std::slice::from_ref(arg), KqlType::Bool, |args| {
                let text = args.get(0)?.text()?;
                build::bools(args.rows, |row| Some(text.get(row).is_none_or(|raw| matches!(raw, "" | "null" | "\"\""))))
            });
            call.expr
        }
        _ => arg.expr.clone().is_null(),
    }
}

/// `isnull(value)`: a string is never null; the JSON null is.
pub const ISNULL: Scalar = Scalar::new(
    null_info("isnull", "Whether the value is null; text never is.", &[example("print isnull(dynamic(null))", "true")]),
    |args, _| Ok(BoundExpr::new(is_null(first(args)?), KqlType::Bool)),
);

/// `isnotnull(value)`.
pub const ISNOTNULL: Scalar = Scalar::new(
    also(
        null_info(
            "isnotnull",
            "Whether the value is not null; text never is null.",
            &[example("print isnotnull(1)", "true")],
        ),
        &["notnull"],
    ),
    |args, _| Ok(BoundExpr::new(!is_null(first(args)?), KqlType::Bool)),
);

/// `isempty(value)`: the empty string, a null, a dynamic that is null or the empty string.
pub const ISEMPTY: Scalar = Scalar::new(
    null_info("isempty", "Whether the value is the empty string or null.", &[example("print isempty(\"\")", "true")]),
    |args, _| Ok(BoundExpr::new(is_empty(first(args)?), KqlType::Bool)),
);

/// `isnotempty(value)`.
pub const ISNOTEMPTY: Scalar = Scalar::new(
    also(
        null_info(
            "isnotempty",
            "Whether the value is neither the empty string nor null.",
            &[example("print isnotempty(\"\")", "false")],
        ),
        &["notempty"],
    ),
    |args, _| Ok(BoundExpr::new(!is_empty(first(args)?), KqlType::Bool)),
);

/// `gettype(value)`: the type's name; of a dynamic, the name of what it holds (`array`, `dictionary`, `long`, …).
pub const GETTYPE: Scalar = Scalar::new(
    info(
        "gettype",
        "conversion",
        "The name of the value's type at run time.",
        &[param("value", "any", "The value.")],
        "string",
        &[example("print gettype(dynamic([1]))", "array"), example("print gettype(1.5)", "real")],
    ),
    |args, _| {
        let arg = first(args)?;
        let ty = arg.ty;
        Ok(call_as_is("gettype", "", std::slice::from_ref(arg), KqlType::String, move |args| {
            let value = args.get(0)?;
            build::strings(args.rows, |row, out| {
                let name = match read(value, ty, row) {
                    None if ty == KqlType::String => "string",
                    None => "null",
                    Some(super::Value::Json(raw)) => match json::kind(raw) {
                        Some(json::Kind::Bool(_)) => "bool",
                        Some(json::Kind::Number) if raw.contains(['.', 'e', 'E']) => "double",
                        Some(json::Kind::Number) => "long",
                        Some(json::Kind::String) => "string",
                        Some(json::Kind::Array) => "array",
                        Some(json::Kind::Object) => "dictionary",
                        _ => "null",
                    },
                    Some(_) => ty.name(),
                };
                out.push_str(name);
            })
        }))
    },
)
.prefixes_name("type");

/// `dynamic_to_json(value)`: compact JSON with the members of every object sorted by name.
pub const DYNAMIC_TO_JSON: Scalar = Scalar::new(
    info(
        "dynamic_to_json",
        "dynamic",
        "The value as canonical JSON text: compact, members sorted by name.",
        &[param("value", "dynamic", "The value.")],
        "string",
        &[example("print dynamic_to_json(dynamic({\"b\": 1, \"a\": [true, null]}))", "{\"a\":[true,null],\"b\":1}")],
    ),
    |args, _| {
        let arg = first(args)?;
        let ty = arg.ty;
        Ok(call_as_is("dynamic_to_json", "", std::slice::from_ref(arg), KqlType::String, move |args| {
            let value = args.get(0)?;
            build::strings(args.rows, |row, out| match read(value, ty, row) {
                None => out.push_str("null"),
                Some(super::Value::Json(raw)) => push_sorted(out, raw, 0),
                Some(other) => push_json(out, &other),
            })
        }))
    },
);

fn push_sorted(out: &mut String, raw: &str, depth: usize) {
    // Validated values nest at most `MAX_DEPTH` deep; anything else is written as it is.
    if depth > json::MAX_DEPTH {
        return out.push_str(raw);
    }
    match json::kind(raw) {
        Some(json::Kind::Object) => {
            let mut members: Vec<(String, &str)> =
                json::members(raw).map(|(key, value)| (json::string_value(key).into_owned(), value)).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            out.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                json::push_string(out, key);
                out.push(':');
                push_sorted(out, value, depth + 1);
            }
            out.push('}');
        }
        Some(json::Kind::Array) => {
            out.push('[');
            for (at, value) in json::elements(raw).enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_sorted(out, value, depth + 1);
            }
            out.push(']');
        }
        _ => out.push_str(&json::compact(raw)),
    }
}
