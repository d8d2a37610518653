//! Code points: `unicode_codepoints_from_string`, `unicode_codepoints_to_string` and their older names.

use super::as_text;
use crate::functions::conversion::{Value, read};
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, also, call, call_as_is, example, info, param, repeated};
use crate::functions::support::json::{self, ArrayText};
use crate::types::KqlType::{Bool, Dynamic, String as Text};

/// `isascii(value)`: the empty string is.
pub const ISASCII: Scalar = Scalar::new(
    info(
        "isascii",
        "string",
        "Whether the text has ASCII characters only.",
        &[param("value", "string", "The text.")],
        "bool",
        &[example("print isascii(\"abc\")", "true"), example("print isascii(\"é\")", "false")],
    ),
    |args, _| {
        call("isascii", &as_text(args, &[0]), &[Text], Bool, |args| {
            let text = args.get(0)?.text()?;
            build::bools(args.rows, |row| Some(text.get(row).is_none_or(str::is_ascii)))
        })
    },
);

/// `isutf8(value)`: always true: the engine's text is UTF-8 from the start.
pub const ISUTF8: Scalar = Scalar::new(
    info(
        "isutf8",
        "string",
        "Whether the text is valid UTF-8, which all text of the engine is.",
        &[param("value", "string", "The text.")],
        "bool",
        &[example("print isutf8(\"é\")", "true")],
    ),
    |args, _| call("isutf8", &as_text(args, &[0]), &[Text], Bool, |args| build::bools(args.rows, |_| Some(true))),
);

/// `unicode_codepoints_from_string(text)`.
pub const FROM_STRING: Scalar = Scalar::new(
    also(
        info(
            "unicode_codepoints_from_string",
            "string",
            "The code points of the text.",
            &[param("value", "string", "The text.")],
            "dynamic",
            &[example("print unicode_codepoints_from_string(\"Aé\")", "[65,233]")],
        ),
        &["to_utf8"],
    ),
    |args, _| {
        call("unicode_codepoints_from_string", &as_text(args, &[0]), &[Text], Dynamic, |args| {
            let text = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let mut points = ArrayText::new();
                text.get(row).unwrap_or("").chars().for_each(|c| points.raw(&u32::from(c).to_string()));
                out.push_str(&points.finish());
                Some(())
            })
        })
    },
);

/// `unicode_codepoints_to_string(values…)`: numbers and arrays of numbers in any mix; what is no code point is left out.
pub const TO_STRING: Scalar = Scalar::new(
    also(
        info(
            "unicode_codepoints_to_string",
            "string",
            "The text of code points.",
            &[repeated("values", "long or dynamic", "Code points or arrays of them.")],
            "string",
            &[example("print unicode_codepoints_to_string(75, dynamic([117, 115]))", "Kus")],
        ),
        &["make_string"],
    ),
    |args, _| {
        let types: Vec<_> = args.iter().map(|a| a.ty).collect();
        Ok(call_as_is("unicode_codepoints_to_string", "", args, Text, move |args| {
            build::strings(args.rows, |row, out| {
                for (arg, ty) in args.args.iter().zip(&types) {
                    let point = |v: Value<'_>| char::from_u32(u32::try_from(v.to_long()?).ok()?);
                    match read(arg, *ty, row) {
                        Some(Value::Json(raw)) if json::kind(raw) == Some(json::Kind::Array) => {
                            out.extend(json::elements(raw).filter_map(|e| point(Value::Json(e))));
                        }
                        Some(value) => out.extend(point(value)),
                        None => {}
                    }
                }
            })
        }))
    },
);
