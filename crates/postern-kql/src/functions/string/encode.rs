//! Encodings: URL, base64.

use super::as_text;
use crate::functions::conversion::Value;
use crate::functions::support::define::{Scalar, also, call, example, info, param};
use crate::functions::support::json::{self, ArrayText};
use crate::functions::support::{build, number};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Dynamic, Guid, String as Text};

const TEXT: &[Param] = &[param("text", "string", "The text.")];

fn percent(text: &str, keep: &[u8], plus: bool, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || keep.contains(&byte) {
            out.push(char::from(byte));
        } else if byte == b' ' && plus {
            out.push('+');
        } else {
            out.push('%');
            out.push_str(&format!("{byte:02x}"));
        }
    }
}

fn url_encode(name: &'static str, args: &[BoundExpr], plus: bool) -> Result<BoundExpr, BindError> {
    call(name, &as_text(args, &[0]), &[Text], Text, move |args| {
        let text = args.get(0)?.text()?;
        build::strings(args.rows, |row, out| {
            let keep: &[u8] = if plus { b"-_.!*()" } else { b"-_.~" };
            percent(text.get(row).unwrap_or(""), keep, plus, out);
        })
    })
}

/// `url_encode(text)`: a space becomes `+`.
pub const URL_ENCODE: Scalar = Scalar::new(
    info(
        "url_encode",
        "string",
        "The text in the encoding of URLs; a space becomes `+`.",
        TEXT,
        "string",
        &[example("print url_encode(\"https://contoso.example/a b\")", "https%3a%2f%2fcontoso.example%2fa+b")],
    ),
    |args, _| url_encode("url_encode", args, true),
);

/// `url_encode_component(text)`: a space becomes `%20`.
pub const URL_ENCODE_COMPONENT: Scalar = Scalar::new(
    info(
        "url_encode_component",
        "string",
        "The text in the encoding of URLs; a space becomes `%20`.",
        TEXT,
        "string",
        &[example("print url_encode_component(\"a b/c\")", "a%20b%2fc")],
    ),
    |args, _| url_encode("url_encode_component", args, false),
);

/// Resolves `%xx`; bytes that are not UTF-8 become U+FFFD, a broken escape stays as it is.
pub fn percent_decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', _, _) if plus => out.push(b' '),
            _ => out.push(*byte),
        }
        at += 1;
    }
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

/// `url_decode(text)`: `%xx` and `+`.
pub const URL_DECODE: Scalar = Scalar::new(
    info(
        "url_decode",
        "string",
        "The text that URL encoding stands for.",
        TEXT,
        "string",
        &[example("print url_decode(\"https%3a%2f%2fcontoso.example%2fa+b\")", "https://contoso.example/a b")],
    ),
    |args, _| {
        call("url_decode", &as_text(args, &[0]), &[Text], Text, |args| {
            let text = args.get(0)?.text()?;
            build::strings(args.rows, |row, out| out.push_str(&percent_decode(text.get(row).unwrap_or(""), true)))
        })
    },
);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends bytes in base64 with padding.
pub fn push_base64(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(3) {
        let get = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = get(0) << 16 | get(1) << 8 | get(2);
        for at in 0..4 {
            if at <= chunk.len() {
                let index = (word >> (18 - 6 * at) & 63) as usize;
                out.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'=')));
            } else {
                out.push('=');
            }
        }
    }
}

/// The bytes of padded base64; `None` when it is not that.
pub fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let body = text.trim_end_matches('=');
    if text.len() - body.len() > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let (mut word, mut bits) = (0u32, 0u32);
    for byte in body.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        word = word << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits & 255) as u8);
        }
    }
    Some(out)
}

/// `base64_encode_tostring(text)`.
pub const BASE64_ENCODE: Scalar = Scalar::new(
    also(
        info(
            "base64_encode_tostring",
            "string",
            "The text in base64.",
            TEXT,
            "string",
            &[example("print base64_encode_tostring(\"Kusto\")", "S3VzdG8=")],
        ),
        &["base64_encodestring"],
    ),
    |args, _| {
        call("base64_encode_tostring", &as_text(args, &[0]), &[Text], Text, |args| {
            let text = args.get(0)?.text()?;
            build::strings(args.rows, |row, out| push_base64(text.get(row).unwrap_or("").as_bytes(), out))
        })
    },
);

/// `base64_decode_tostring(text)`: `""` when it is not base64 of UTF-8.
pub const BASE64_DECODE: Scalar = Scalar::new(
    also(
        info(
            "base64_decode_tostring",
            "string",
            "The text that base64 stands for; empty when it is none.",
            TEXT,
            "string",
            &[example("print base64_decode_tostring(\"S3VzdG8=\")", "Kusto")],
        ),
        &["base64_decodestring"],
    ),
    |args, _| {
        call("base64_decode_tostring", &as_text(args, &[0]), &[Text], Text, |args| {
            let text = args.get(0)?.text()?;
            build::strings(args.rows, |row, out| {
                let bytes = text.get(row).and_then(base64_bytes);
                if let Some(text) = bytes.and_then(|b| String::from_utf8(b).ok()) {
                    out.push_str(&text);
                }
            })
        })
    },
);

/// `base64_decode_toarray(text)`: the bytes; null when it is not base64.
pub const BASE64_DECODE_ARRAY: Scalar = Scalar::new(
    info(
        "base64_decode_toarray",
        "string",
        "The bytes that base64 stands for, as numbers; null when it is none.",
        TEXT,
        "dynamic",
        &[example("print base64_decode_toarray(\"S3U=\")", "[75,117]")],
    ),
    |args, _| {
        call("base64_decode_toarray", &as_text(args, &[0]), &[Text], Dynamic, |args| {
            let text = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let bytes = base64_bytes(text.get(row)?)?;
                let mut array = ArrayText::new();
                bytes.iter().for_each(|b| array.raw(&b.to_string()));
                out.push_str(&array.finish());
                Some(())
            })
        })
    },
);

/// `base64_encode_fromarray(bytes)`: `""` when an element is no byte.
pub const BASE64_ENCODE_ARRAY: Scalar = Scalar::new(
    info(
        "base64_encode_fromarray",
        "string",
        "Bytes, given as numbers, in base64.",
        &[param("bytes", "dynamic", "An array of numbers from 0 to 255.")],
        "string",
        &[example("print base64_encode_fromarray(dynamic([75, 117]))", "S3U=")],
    ),
    |args, _| {
        call("base64_encode_fromarray", args, &[Dynamic], Text, |args| {
            let array = args.get(0)?.text()?;
            build::strings(args.rows, |row, out| {
                let Some(raw) = array.get(row) else { return };
                let bytes: Option<Vec<u8>> =
                    json::elements(raw).map(|e| Value::Json(e).to_long().and_then(|v| u8::try_from(v).ok())).collect();
                if let Some(bytes) = bytes {
                    push_base64(&bytes, out);
                }
            })
        })
    },
);

/// The byte order in which a GUID is kept: its first three groups little-endian.
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/// `base64_decode_toguid(text)`: null unless it is base64 of 16 bytes.
pub const BASE64_DECODE_GUID: Scalar = Scalar::new(
    info(
        "base64_decode_toguid",
        "string",
        "The GUID that base64 stands for; null when it is none.",
        TEXT,
        "guid",
        &[example("print base64_decode_toguid(\"JpbpECu8dUy7Pv5gbeJXAA==\")", "10e99626-bc2b-4c75-bb3e-fe606de25700")],
    ),
    |args, _| {
        call("base64_decode_toguid", &as_text(args, &[0]), &[Text], Guid, |args| {
            let text = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let bytes = base64_bytes(text.get(row)?)?;
                if bytes.len() != 16 {
                    return None;
                }
                let mut hex = String::with_capacity(32);
                let ordered = GUID_ORDER.iter().filter_map(|at| bytes.get(*at));
                ordered.for_each(|b| hex.push_str(&format!("{b:02x}")));
                out.push_str(&number::parse_guid(&hex)?);
                Some(())
            })
        })
    },
);

/// `base64_encode_fromguid(guid)`: the reverse of `base64_decode_toguid`.
pub const BASE64_ENCODE_GUID: Scalar = Scalar::new(
    info(
        "base64_encode_fromguid",
        "string",
        "The bytes of a GUID in base64.",
        &[param("guid", "guid", "The GUID.")],
        "string",
        &[example(
            "print base64_encode_fromguid(toguid(\"10e99626-bc2b-4c75-bb3e-fe606de25700\"))",
            "JpbpECu8dUy7Pv5gbeJXAA==",
        )],
    ),
    |args, _| {
        call("base64_encode_fromguid", args, &[Guid], Text, |args| {
            let guid = args.get(0)?.text()?;
            build::strings(args.rows, |row, out| {
                let hex: String = guid.get(row).and_then(number::parse_guid).unwrap_or_default().replace('-', "");
                let byte = |at: usize| hex.get(at * 2..at * 2 + 2).and_then(|h| u8::from_str_radix(h, 16).ok());
                let bytes: Option<Vec<u8>> = GUID_ORDER.iter().map(|at| byte(*at)).collect();
                if let Some(bytes) = bytes {
                    push_base64(&bytes, out);
                }
            })
        })
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_round_trips_and_refuses() {
        for text in ["", "f", "fo", "foo", "foob", "é"] {
            let mut out = String::new();
            push_base64(text.as_bytes(), &mut out);
            assert_eq!(base64_bytes(&out).unwrap(), text.as_bytes(), "{out}");
        }
        for bad in ["a", "ab=", "a===", "====", "ab*=", "éé"] {
            assert_eq!(base64_bytes(bad), None, "{bad}");
        }
    }

    #[test]
    fn percent_decoding() {
        assert_eq!(percent_decode("a%20b%C3%A9%zz%", true), "a bé%zz%");
        assert_eq!(percent_decode("%ff", true), "\u{FFFD}");
    }
}
