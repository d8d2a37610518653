//! Hash functions over any value. Text is hashed by its UTF-8 bytes, times by their eight bytes; other
//! values by the text that `tostring` gives.

use super::digest::{md5, sha1, sha256, xxhash64};
use crate::functions::conversion::{Value, read};
use crate::functions::kernel::Arg;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call_as_is, example, info, optional, param};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{self, Long, String as Text};

const SOURCE: &[Param] = &[param("source", "any", "The value.")];
const MOD: &[Param] =
    &[param("source", "any", "The value."), optional("mod", "long", "The result is taken modulo this.")];

fn bytes(arg: &Arg, ty: KqlType, row: usize, out: &mut Vec<u8>) {
    out.clear();
    match read(arg, ty, row) {
        Some(Value::Text(text)) => out.extend_from_slice(text.as_bytes()),
        Some(Value::Long(v)) if ty == KqlType::Int => out.extend_from_slice(&(v as i32).to_le_bytes()),
        Some(Value::Long(v) | Value::DateTime(v) | Value::TimeSpan(v)) => out.extend_from_slice(&v.to_le_bytes()),
        Some(Value::Real(v)) => out.extend_from_slice(&v.to_le_bytes()),
        Some(value) => {
            let mut text = String::new();
            value.push_text(&mut text);
            out.extend_from_slice(text.as_bytes());
        }
        None => {}
    }
}

fn text_bytes(arg: &Arg, ty: KqlType, row: usize) -> Vec<u8> {
    let mut text = String::new();
    if let Some(value) = read(arg, ty, row) {
        value.push_text(&mut text);
    }
    text.into_bytes()
}

fn number(name: &'static str, args: &[BoundExpr]) -> Result<BoundExpr, BindError> {
    let first = args.first().ok_or_else(|| BindError::new("a value is needed"))?;
    let ty = first.ty;
    let mut args = args.to_vec();
    if let Some(modulus) = args.get_mut(1) {
        *modulus = crate::functions::support::coerce::coerce(modulus, Long).map_err(|e| e.at(1))?;
    }
    Ok(call_as_is(name, "", &args, Long, move |args| {
        let modulus = args.args.get(1).map(super::super::kernel::Arg::longs).transpose()?;
        let mut buffer = Vec::new();
        build::longs(args.rows, |row| {
            bytes(args.args.first()?, ty, row, &mut buffer);
            let hash = xxhash64(&buffer, 0) as i64;
            match modulus {
                Some(modulus) => hash.checked_rem_euclid(modulus.get(row)?),
                None => Some(hash),
            }
        })
    }))
}

/// `hash(value [, mod])`: xxHash64; with `mod` never negative.
pub const HASH: Scalar = Scalar::new(
    info(
        "hash",
        "hash",
        "A 64-bit hash of the value.",
        MOD,
        "long",
        &[example("print hash(\"World\")", "1846988464401551951")],
    ),
    |args, _| number("hash", args),
);

/// `hash_xxhash64(value [, mod])`.
pub const HASH_XXHASH64: Scalar = Scalar::new(
    info(
        "hash_xxhash64",
        "hash",
        "The xxHash64 of the value.",
        MOD,
        "long",
        &[example("print hash_xxhash64(\"World\", 100)", "51")],
    ),
    |args, _| number("hash_xxhash64", args),
);

fn hexadecimal(name: &'static str, args: &[BoundExpr], digest: fn(&[u8]) -> String) -> Result<BoundExpr, BindError> {
    let ty = args.first().map_or(Text, |a| a.ty);
    Ok(call_as_is(name, "", args, Text, move |args| {
        build::strings(args.rows, |row, out| {
            if let Some(arg) = args.args.first() {
                out.push_str(&digest(&text_bytes(arg, ty, row)));
            }
        })
    }))
}

/// `hash_md5(value)`.
pub const HASH_MD5: Scalar = Scalar::new(
    info(
        "hash_md5",
        "hash",
        "The MD5 of the value's text, in hexadecimal.",
        SOURCE,
        "string",
        &[example("print hash_md5(\"World\")", "f5a7924e621e84c9280a9a27e1bcb7f6")],
    ),
    |args, _| hexadecimal("hash_md5", args, md5),
);

/// `hash_sha1(value)`.
pub const HASH_SHA1: Scalar = Scalar::new(
    info(
        "hash_sha1",
        "hash",
        "The SHA-1 of the value's text, in hexadecimal.",
        SOURCE,
        "string",
        &[example("print hash_sha1(\"abc\")", "a9993e364706816aba3e25717850c26c9cd0d89d")],
    ),
    |args, _| hexadecimal("hash_sha1", args, sha1),
);

/// `hash_sha256(value)`.
pub const HASH_SHA256: Scalar = Scalar::new(
    info(
        "hash_sha256",
        "hash",
        "The SHA-256 of the value's text, in hexadecimal.",
        SOURCE,
        "string",
        &[example("print hash_sha256(\"abc\")", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")],
    ),
    |args, _| hexadecimal("hash_sha256", args, sha256),
);
