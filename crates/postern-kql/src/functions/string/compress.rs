//! Compressed text in base64: `zlib_…`, `gzip_…`.
//!
//! A stream that is none, that is damaged, or that does not hold UTF-8 gives `""`. The text that comes out of one
//! value is bounded, because a few bytes may stand for gigabytes.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

use super::as_text;
use super::encode::{base64_bytes, push_base64};
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::String as Text;

/// The longest text that one value is expanded to.
const LONGEST: u64 = 16 << 20;

const TEXT: &[Param] = &[param("string", "string", "The text.")];

#[derive(Clone, Copy)]
enum Format {
    Zlib,
    Gzip,
}

fn compress(format: Format, text: &str) -> Option<Vec<u8>> {
    let (bytes, level) = (text.as_bytes(), Compression::default());
    match format {
        Format::Zlib => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).ok()?;
            encoder.finish().ok()
        }
        Format::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).ok()?;
            encoder.finish().ok()
        }
    }
}

fn decompress(format: Format, text: &str) -> Option<String> {
    let bytes = base64_bytes(text)?;
    let mut out = Vec::new();
    let limit = LONGEST + 1;
    match format {
        Format::Zlib => ZlibDecoder::new(bytes.as_slice()).take(limit).read_to_end(&mut out).ok()?,
        Format::Gzip => GzDecoder::new(bytes.as_slice()).take(limit).read_to_end(&mut out).ok()?,
    };
    if out.len() as u64 > LONGEST {
        return None;
    }
    String::from_utf8(out).ok()
}

fn expand(name: &'static str, args: &[BoundExpr], format: Format) -> Result<BoundExpr, BindError> {
    call(name, &as_text(args, &[0]), &[Text], Text, move |args| {
        let text = args.get(0)?.text()?;
        build::strings(args.rows, |row, out| {
            if let Some(plain) = text.get(row).and_then(|t| decompress(format, t)) {
                out.push_str(&plain);
            }
        })
    })
}

fn shrink(name: &'static str, args: &[BoundExpr], format: Format) -> Result<BoundExpr, BindError> {
    call(name, &as_text(args, &[0]), &[Text], Text, move |args| {
        let text = args.get(0)?.text()?;
        build::strings(args.rows, |row, out| {
            if let Some(bytes) = text.get(row).and_then(|t| compress(format, t)) {
                push_base64(&bytes, out);
            }
        })
    })
}

/// `zlib_decompress_from_base64_string(text)`: `""` when it is no such stream.
pub const ZLIB_DECOMPRESS: Scalar = Scalar::new(
    info(
        "zlib_decompress_from_base64_string",
        "string",
        "The text of a zlib stream in base64; empty when it is none, or longer than 16 MiB.",
        TEXT,
        "string",
        &[example("print zlib_decompress_from_base64_string(\"eJzLSM3JyQcABiwCFQ==\")", "hello")],
    ),
    |args, _| expand("zlib_decompress_from_base64_string", args, Format::Zlib),
);

/// `zlib_compress_to_base64_string(text)`: the bytes of a stream depend on the library; what they stand for does not.
pub const ZLIB_COMPRESS: Scalar = Scalar::new(
    info(
        "zlib_compress_to_base64_string",
        "string",
        "The text as a zlib stream in base64; another library may write other bytes for the same text.",
        TEXT,
        "string",
        &[example("print zlib_decompress_from_base64_string(zlib_compress_to_base64_string(\"hello\"))", "hello")],
    ),
    |args, _| shrink("zlib_compress_to_base64_string", args, Format::Zlib),
);

/// `gzip_decompress_from_base64_string(text)`: `""` when it is no such stream.
pub const GZIP_DECOMPRESS: Scalar = Scalar::new(
    info(
        "gzip_decompress_from_base64_string",
        "string",
        "The text of a gzip stream in base64; empty when it is none, or longer than 16 MiB.",
        TEXT,
        "string",
        &[example("print gzip_decompress_from_base64_string(\"H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==\")", "hello")],
    ),
    |args, _| expand("gzip_decompress_from_base64_string", args, Format::Gzip),
);

/// `gzip_compress_to_base64_string(text)`: as with zlib, the bytes depend on the library.
pub const GZIP_COMPRESS: Scalar = Scalar::new(
    info(
        "gzip_compress_to_base64_string",
        "string",
        "The text as a gzip stream in base64; another library may write other bytes for the same text.",
        TEXT,
        "string",
        &[example("print gzip_decompress_from_base64_string(gzip_compress_to_base64_string(\"hello\"))", "hello")],
    ),
    |args, _| shrink("gzip_compress_to_base64_string", args, Format::Gzip),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_stream_is_nothing() {
        for format in [Format::Zlib, Format::Gzip] {
            for bad in ["", "AAAA", "no base64", "eJwLSS0uUSguKcrMS1cwNDIGACxqBQ8="] {
                assert_eq!(decompress(format, bad), None, "{bad}");
            }
            let mut text = String::new();
            push_base64(&compress(format, "Grüße").unwrap(), &mut text);
            assert_eq!(decompress(format, &text).as_deref(), Some("Grüße"));
        }
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let mut text = String::new();
        push_base64(&compress(Format::Gzip, &"a".repeat(LONGEST as usize + 1)).unwrap(), &mut text);
        assert!(text.len() < 100_000);
        assert_eq!(decompress(Format::Gzip, &text), None);
    }
}
