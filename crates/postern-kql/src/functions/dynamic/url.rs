//! URLs and file paths taken apart: `parse_url`, `parse_urlquery`, `parse_path`.

use super::super::string::as_text;
use super::super::string::encode::percent_decode;
use super::super::support::build;
use super::super::support::define::{Scalar, also, call, example, info, param};
use super::super::support::json::ObjectText;
use crate::types::KqlType::{Dynamic, String as Text};

/// The parts of a URL; every part is there, `""` when the URL lacks it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Url<'a> {
    scheme: &'a str,
    user: &'a str,
    password: &'a str,
    host: &'a str,
    port: &'a str,
    path: &'a str,
    query: &'a str,
    fragment: &'a str,
}

fn take_apart(text: &str) -> Url<'_> {
    let mut url = Url::default();
    let text = text.trim();
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    url.fragment = fragment;
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    url.query = query;
    let rest = match text.split_once("://") {
        Some((scheme, rest)) => {
            url.scheme = scheme;
            rest
        }
        None => match text.split_once(':') {
            // `mailto:ann@contoso.example` has no authority.
            Some((scheme, rest)) if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphabetic()) => {
                url.scheme = scheme;
                url.path = rest;
                return url;
            }
            _ => {
                url.path = text;
                return url;
            }
        },
    };
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(slash).unwrap_or((rest, ""));
    // The path of the root reads as empty.
    url.path = if path == "/" { "" } else { path };
    let authority = match authority.rsplit_once('@') {
        Some((user, authority)) => {
            (url.user, url.password) = user.split_once(':').unwrap_or((user, ""));
            authority
        }
        None => authority,
    };
    let bracketed = authority.starts_with('[');
    let port_at = match authority.rfind(']') {
        Some(close) if bracketed => authority.get(close..).and_then(|tail| tail.find(':')).map(|at| close + at),
        _ => authority.rfind(':'),
    };
    (url.host, url.port) = match port_at {
        Some(at) => (authority.get(..at).unwrap_or(""), authority.get(at + 1..).unwrap_or("")),
        None => (authority, ""),
    };
    url
}

/// The parameters of a query, decoded, as a bag.
fn parameters(query: &str) -> String {
    let mut bag = ObjectText::new();
    for pair in query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        bag.string(&percent_decode(name, true), &percent_decode(value, true));
    }
    bag.finish()
}

/// `parse_url(url)`: every part is text, and `""` when missing; the path begins with its slash; query parameters are a
/// bag of decoded texts.
pub const PARSE_URL: Scalar = Scalar::new(
    also(
        info(
            "parse_url",
            "dynamic",
            "The parts of a URL.",
            &[param("url", "string", "The URL with its scheme.")],
            "dynamic",
            &[
                example("print tostring(parse_url(\"https://contoso.example:8443/a?x=1\").Host)", "contoso.example"),
                example("print parse_url(\"https://contoso.example/a?x=1\")[\"Query Parameters\"]", "{\"x\":\"1\"}"),
            ],
        ),
        &["parseurl"],
    ),
    |args, _| {
        call("parse_url", &as_text(args, &[0]), &[Text], Dynamic, |args| {
            let text = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let url = take_apart(text.get(row)?);
                let mut bag = ObjectText::new();
                bag.string("Scheme", url.scheme);
                bag.string("Host", url.host);
                bag.string("Port", url.port);
                bag.string("Path", url.path);
                bag.string("Username", url.user);
                bag.string("Password", url.password);
                bag.raw("Query Parameters", &parameters(url.query));
                bag.string("Fragment", url.fragment);
                out.push_str(&bag.finish());
                Some(())
            })
        })
    },
);

/// `parse_urlquery(query)`: names and values are decoded.
pub const PARSE_URLQUERY: Scalar = Scalar::new(
    also(
        info(
            "parse_urlquery",
            "dynamic",
            "The parameters of a URL's query.",
            &[param("query", "string", "The query without the question mark.")],
            "dynamic",
            &[example("print parse_urlquery(\"a=1&b=x%20y\")", "{\"Query Parameters\":{\"a\":\"1\",\"b\":\"x y\"}}")],
        ),
        &["parseurlquery"],
    ),
    |args, _| {
        call("parse_urlquery", &as_text(args, &[0]), &[Text], Dynamic, |args| {
            let text = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let mut bag = ObjectText::new();
                bag.raw("Query Parameters", &parameters(text.get(row)?));
                out.push_str(&bag.finish());
                Some(())
            })
        })
    },
);

/// `parse_path(path)`: both kinds of slashes, schemes, shares and alternate data streams.
pub const PARSE_PATH: Scalar = Scalar::new(
    info(
        "parse_path",
        "dynamic",
        "The parts of a file path.",
        &[param("path", "string", "The path.")],
        "dynamic",
        &[example("print tostring(parse_path(@\"C:\\temp\\file.txt\").Extension)", "txt")],
    ),
    |args, _| {
        call("parse_path", &as_text(args, &[0]), &[Text], Dynamic, |args| {
            let text = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                out.push_str(&path_bag(text.get(row)?));
                Some(())
            })
        })
    },
);

fn path_bag(text: &str) -> String {
    let (scheme, path) = text.split_once("://").unwrap_or(("", text));
    let is_drive = |p: &str| {
        let mut bytes = p.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic()) && bytes.next() == Some(b':')
    };
    let without_marker = path.strip_prefix(r"\\?\").unwrap_or(path);
    let root = if is_drive(without_marker) { without_marker.get(..2).unwrap_or("") } else { "" };
    let slash = path.rfind(['/', '\\']);
    let (directory, file) = match slash {
        Some(at) => (path.get(..at).unwrap_or(""), path.get(at + 1..).unwrap_or("")),
        None => ("", path),
    };
    let (file, stream) = file.split_once(':').unwrap_or((file, ""));
    let name = directory.rsplit(['/', '\\']).next().unwrap_or("");
    let name = if name == root { "" } else { name };
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let mut bag = ObjectText::new();
    bag.string("Scheme", scheme);
    bag.string("RootPath", root);
    bag.string("DirectoryPath", directory);
    bag.string("DirectoryName", name);
    bag.string("Filename", file);
    bag.string("Extension", extension);
    bag.string("AlternateDataStreamName", stream);
    bag.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let url = take_apart("https://ann:secret@contoso.example:8443/a/b?x=1&y=2#part");
        assert_eq!((url.scheme, url.user, url.password), ("https", "ann", "secret"));
        assert_eq!((url.host, url.port, url.path), ("contoso.example", "8443", "/a/b"));
        assert_eq!((url.query, url.fragment), ("x=1&y=2", "part"));
        let url = take_apart("http://[2001:db8::1]:80/");
        assert_eq!((url.host, url.port, url.path), ("[2001:db8::1]", "80", ""));
        assert_eq!(take_apart("mailto:ann@contoso.example").scheme, "mailto");
        assert_eq!(take_apart("").host, "");
        assert_eq!(take_apart("contoso.example/a").path, "contoso.example/a");
        assert_eq!(parameters("?a=1&b&c=%41+"), "{\"a\":\"1\",\"b\":\"\",\"c\":\"A \"}");
    }

    #[test]
    fn paths() {
        let part = |path: &str, name: &str| {
            let bag = path_bag(path);
            super::super::text::text_of(super::super::super::support::json::member(&bag, name).unwrap())
        };
        assert_eq!(part(r"C:\temp\file.txt", "RootPath"), "C:");
        assert_eq!(part(r"C:\temp\file.txt", "DirectoryPath"), r"C:\temp");
        assert_eq!(part("file://C:/temp/file.txt:some.exe", "AlternateDataStreamName"), "some.exe");
        assert_eq!(part(r"\\share\users\file.txt.gz", "Extension"), "gz");
        assert_eq!(part("/usr/lib/a", "DirectoryName"), "lib");
        assert_eq!(part("", "Filename"), "");
    }
}
