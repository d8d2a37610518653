//! Punycode (RFC 3492): look-alike domain names in the form in which mail carries them.

use super::as_text;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::String as Text;

const BASE: u32 = 36;
const FIRST: u32 = 128;

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += BASE;
    }
    k + 36 * delta / (delta + 38)
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(1, 26)
}

/// The code of a text; `None` when it is too long.
pub fn encode(text: &str) -> Option<String> {
    let points: Vec<u32> = text.chars().map(u32::from).collect();
    if points.len() > 4096 {
        return None;
    }
    let mut out: String = text.chars().filter(char::is_ascii).collect();
    let basic = out.len() as u32;
    let mut handled = basic;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias) = (FIRST, 0u32, 72);
    while (handled as usize) < points.len() {
        let next = points.iter().copied().filter(|p| *p >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for point in &points {
            if *point < n {
                delta = delta.checked_add(1)?;
            }
            if *point != n {
                continue;
            }
            let (mut q, mut k) = (delta, BASE);
            loop {
                let t = threshold(k, bias);
                if q < t {
                    break;
                }
                out.push(digit(t + (q - t) % (BASE - t)));
                q = (q - t) / (BASE - t);
                k += BASE;
            }
            out.push(digit(q));
            bias = adapt(delta, handled + 1, handled == basic);
            delta = 0;
            handled += 1;
        }
        delta = delta.checked_add(1)?;
        n = n.checked_add(1)?;
    }
    Some(out)
}

fn digit(value: u32) -> char {
    char::from(if value < 26 { b'a' + value as u8 } else { b'0' + (value as u8 - 26) })
}

/// The text of a code; `None` when it is none.
pub fn decode(code: &str) -> Option<String> {
    if !code.is_ascii() || code.len() > 4096 {
        return None;
    }
    let (basic, rest) = code.rsplit_once('-').unwrap_or(("", code));
    let mut points: Vec<char> = basic.chars().collect();
    let (mut n, mut i, mut bias) = (FIRST, 0u32, 72);
    let mut digits = rest.bytes().peekable();
    while digits.peek().is_some() {
        let before = i;
        let (mut weight, mut k) = (1u32, BASE);
        loop {
            let value = match digits.next()? {
                b @ b'a'..=b'z' => b - b'a',
                b @ b'A'..=b'Z' => b - b'A',
                b @ b'0'..=b'9' => b - b'0' + 26,
                _ => return None,
            };
            i = i.checked_add(u32::from(value).checked_mul(weight)?)?;
            let t = threshold(k, bias);
            if u32::from(value) < t {
                break;
            }
            weight = weight.checked_mul(BASE - t)?;
            k += BASE;
        }
        let count = points.len() as u32 + 1;
        bias = adapt(i - before, count, before == 0);
        n = n.checked_add(i / count)?;
        i %= count;
        points.insert(i as usize, char::from_u32(n)?);
        i += 1;
    }
    Some(points.into_iter().collect())
}

fn each_label(domain: &str, f: impl Fn(&str) -> Option<String>) -> Option<String> {
    let labels: Option<Vec<String>> = domain.split(['.', '。', '．', '｡']).map(f).collect();
    Some(labels?.join("."))
}

fn domain_to_ascii(domain: &str) -> Option<String> {
    each_label(
        domain,
        |label| {
            if label.is_ascii() { Some(label.to_owned()) } else { Some(format!("xn--{}", encode(label)?)) }
        },
    )
}

fn domain_to_unicode(domain: &str) -> Option<String> {
    each_label(domain, |label| match label.get(..4) {
        Some(mark) if mark.eq_ignore_ascii_case("xn--") => decode(label.get(4..)?),
        _ => Some(label.to_owned()),
    })
}

const INPUT: &[Param] = &[param("input", "string", "The text.")];

fn map(name: &'static str, args: &[BoundExpr], f: fn(&str) -> Option<String>) -> Result<BoundExpr, BindError> {
    call(name, &as_text(args, &[0]), &[Text], Text, move |args| {
        let text = args.get(0)?.text()?;
        build::strings(args.rows, |row, out| out.push_str(&f(text.get(row).unwrap_or("")).unwrap_or_default()))
    })
}

macro_rules! punycodes {
    ($($constant:ident, $name:literal, $f:expr, $summary:literal, $query:literal, $result:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "(text)`: ", $summary, " Empty when that is not possible.")]
            pub const $constant: Scalar = Scalar::new(
                info($name, "string", $summary, INPUT, "string", &[example($query, $result)]),
                |args, _| map($name, args, $f),
            );
        )*
    };
}

punycodes! {
    FROM_STRING, "punycode_from_string", encode, "The text in Punycode, without a mark before it.", "print punycode_from_string(\"bücher\")", "bcher-kva";
    TO_STRING, "punycode_to_string", decode, "The text that Punycode stands for.", "print punycode_to_string(\"bcher-kva\")", "bücher";
    DOMAIN_FROM_STRING, "punycode_domain_from_string", domain_to_ascii, "The domain with its labels in Punycode where they need it.", "print punycode_domain_from_string(\"bücher.example\")", "xn--bcher-kva.example";
    DOMAIN_TO_STRING, "punycode_domain_to_string", domain_to_unicode, "The domain with its Punycode labels read.", "print punycode_domain_to_string(\"xn--bcher-kva.example\")", "bücher.example";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for text in ["bücher", "académie-française", "abc", "", "日本語", "😀a"] {
            let code = encode(text).unwrap();
            assert_eq!(decode(&code).as_deref(), Some(text), "{code}");
        }
        assert_eq!(encode("académie-française").as_deref(), Some("acadmie-franaise-npb1a"));
        for bad in ["é", "99999999", "a-*", "zzzzzzzzzzzzzz"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
