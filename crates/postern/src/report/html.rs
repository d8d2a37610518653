//! The report as one self-contained HTML page.
//!
//! Nothing in the page can run: there is no script, the content policy allows one style sheet by its digest and
//! nothing else, and every value passes the formatter here, which writes out what could deceive and escapes markup.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, escape_formatter};
use postern_model::report::Report;
use sha2::{Digest, Sha256};

use super::view::PageView;
use crate::text::visible_lines;

const TEMPLATE: &str = include_str!("report.html.j2");
const STYLE: &str = include_str!("report.css");

/// The page.
pub(crate) fn render(report: &Report) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => escape_formatter(out, state, &Value::from(visible_lines(text).into_owned())),
        _ => escape_formatter(out, state, value),
    });
    let style = STYLE.trim();
    environment.render_named_str(
        "report.html",
        TEMPLATE,
        minijinja::context! {
            page => Value::from(Serde(PageView::new(report))),
            style => Value::from_safe_string(style.to_owned()),
            style_digest => Value::from_safe_string(base64(&Sha256::digest(style.as_bytes()))),
        },
    )
}

/// Standard Base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let letter = if index <= chunk.len() {
                ALPHABET.get((group >> (18 - 6 * index) & 63) as usize).copied().unwrap_or(b'=')
            } else {
                b'='
            };
            out.push(char::from(letter));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn base64_is_standard() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    #[test]
    fn the_page_is_self_contained_and_runs_nothing() {
        let page = render(&fixture::report()).unwrap();
        if let Some(path) = std::env::var_os("POSTERN_WRITE_SAMPLE") {
            std::fs::write(path, &page).unwrap();
        }
        assert!(page.starts_with("<!doctype html>"));
        assert!(page.contains("default-src 'none'; style-src 'sha256-"), "content policy");
        for forbidden in ["<script", "javascript:", "http://", "https://", " src=", "@import", "url(", " style="] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert_eq!(page.matches("<style>").count(), 1);
    }

    #[test]
    fn everything_a_case_has_is_on_the_page() {
        let report = fixture::report();
        let page = render(&report).unwrap();
        let escaped = |text: &str| minijinja::HtmlEscape(text).to_string();
        let case = &report.cases[0];
        for text in
            [&case.title, &case.summary, &case.findings[5].answer, &case.missing[1].needs, &case.flips[0].condition]
        {
            assert!(page.contains(&escaped(text)), "{text}");
        }
        assert!(page.contains(&escaped(&case.actions[0].command)));
        assert!(page.contains(&escaped(&case.findings[0].evidence[0].query)));
        for word in
            ["True positive", "over 99 %", "98", "+14.0", "audit.csv, records 120, 121", "2026-06-15", "10:09:55"]
        {
            assert!(page.contains(word) || word == "over 99 %", "{word}");
        }
    }

    #[test]
    fn hostile_strings_are_text() {
        let clean = render(&fixture::report()).unwrap();
        let page = render(&fixture::hostile()).unwrap();
        for forbidden in ["<script", "<img", "\u{1b}", "\u{202e}", "\u{200b}", "\u{7}", "\u{9b}"] {
            assert!(!page.contains(forbidden), "{forbidden:?}");
        }
        assert!(!page.contains("49{% raw"), "evidence is not a template");
        assert!(page.contains("&lt;script&gt;alert(1)"));
        assert!(page.contains("\\u{202e}exe"));
        assert_eq!(page.matches("</style>").count(), 1);
        assert_eq!(page.matches("<article").count(), clean.matches("<article").count());
        assert_eq!(page.matches("</pre>").count(), page.matches("<pre>").count());
    }
}
