//! `parse_xml`: elements become members, attributes `@name`, text beside them `#text`; repeated elements become arrays.

use super::super::string::as_text;
use super::super::support::build;
use super::super::support::define::{Scalar, call, example, info, param};
use super::super::support::json;
use crate::types::KqlType::{Dynamic, String as Text};

/// The longest text that is read.
const LONGEST: usize = 1 << 20;
const DEEPEST: usize = 128;

/// `parse_xml(text)`: null when the text is no well-formed XML or longer than 1 MiB.
pub const PARSE_XML: Scalar = Scalar::new(
    info(
        "parse_xml",
        "dynamic",
        "An XML document as a dynamic value.",
        &[param("xml", "string", "The XML text.")],
        "dynamic",
        &[
            example("print parse_xml(\"<e n='v'>t</e>\")", "{\"e\":{\"@n\":\"v\",\"#text\":\"t\"}}"),
            example("print parse_xml(\"<e><a>1</a><a>2</a></e>\")", "{\"e\":{\"a\":[\"1\",\"2\"]}}"),
        ],
    ),
    |args, _| {
        call("parse_xml", &as_text(args, &[0]), &[Text], Dynamic, |args| {
            let text = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                out.push_str(&document(text.get(row)?)?);
                Some(())
            })
        })
    },
)
.keeps_name();

struct Node {
    name: String,
    members: Vec<(String, Vec<String>)>,
    text: String,
}

impl Node {
    fn add(&mut self, name: String, value: String) {
        match self.members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => self.members.push((name, vec![value])),
        }
    }

    fn json(self) -> String {
        let text = self.text.trim();
        if self.members.is_empty() {
            return if text.is_empty() { "null".into() } else { json::quote(text) };
        }
        let mut bag = json::ObjectText::new();
        let (attributes, elements): (Vec<_>, Vec<_>) = self.members.into_iter().partition(|(n, _)| n.starts_with('@'));
        let write = |bag: &mut json::ObjectText, (name, values): (String, Vec<String>)| match values.as_slice() {
            [one] => bag.raw(&name, one),
            many => bag.raw(&name, &format!("[{}]", many.join(","))),
        };
        attributes.into_iter().for_each(|m| write(&mut bag, m));
        if !text.is_empty() {
            bag.string("#text", text);
        }
        elements.into_iter().for_each(|m| write(&mut bag, m));
        bag.finish()
    }
}

fn document(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let mut open: Vec<Node> = Vec::new();
    let mut root: Option<(String, String)> = None;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at_checked(at)?;
        content(&mut open, before)?;
        if let Some(after) = tag.strip_prefix("<!--") {
            rest = after.split_once("-->")?.1;
        } else if let Some(after) = tag.strip_prefix("<![CDATA[") {
            let (inner, after) = after.split_once("]]>")?;
            open.last_mut()?.text.push_str(inner);
            rest = after;
        } else if let Some(after) = tag.strip_prefix("<?") {
            rest = after.split_once("?>")?.1;
        } else if let Some(after) = tag.strip_prefix("<!") {
            // No entity is declared or fetched: a document type is passed over.
            rest = after.split_once('>')?.1;
        } else if let Some(after) = tag.strip_prefix("</") {
            let (name, after) = after.split_once('>')?;
            let node = open.pop()?;
            if node.name != name.trim_end() {
                return None;
            }
            close(&mut open, &mut root, node)?;
            rest = after;
        } else {
            let (node, closed, after) = element(tag.get(1..)?)?;
            if root.is_some() || open.len() >= DEEPEST {
                return None;
            }
            if closed {
                close(&mut open, &mut root, node)?;
            } else {
                open.push(node);
            }
            rest = after;
        }
    }
    content(&mut open, rest)?;
    let (name, value) = root?;
    if !open.is_empty() {
        return None;
    }
    let mut bag = json::ObjectText::new();
    bag.raw(&name, &value);
    Some(bag.finish())
}

/// Text between tags: only white space may stand outside the root.
fn content(open: &mut [Node], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(node) => node.text.push_str(&entities(text)?),
        None if text.trim_start_matches('\u{FEFF}').trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

fn close(open: &mut [Node], root: &mut Option<(String, String)>, node: Node) -> Option<()> {
    let name = node.name.clone();
    let value = node.json();
    match open.last_mut() {
        Some(parent) => parent.add(name, value),
        None if root.is_none() => *root = Some((name, value)),
        None => return None,
    }
    Some(())
}

fn name_end(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '=' | '<' | '"' | '\'')).unwrap_or(text.len())
}

/// An opening tag after its `<`: the node, whether it is closed at once, and the text after it.
fn element(text: &str) -> Option<(Node, bool, &str)> {
    let (name, mut rest) = text.split_at_checked(name_end(text))?;
    if name.is_empty() {
        return None;
    }
    let mut node = Node { name: name.to_owned(), members: Vec::new(), text: String::new() };
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return Some((node, true, after));
        }
        if let Some(after) = rest.strip_prefix('>') {
            return Some((node, false, after));
        }
        let (name, after) = rest.split_at_checked(name_end(rest))?;
        if name.is_empty() {
            return None;
        }
        let value = after.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, after) = value.get(1..)?.split_once(quote)?;
        node.add(format!("@{name}"), json::quote(&entities(value)?));
        rest = after;
    }
}

/// Resolves the five named entities and character references; any other is an error.
fn entities(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    if !text.contains('&') {
        return Some(text.into());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (name, tail) = after.split_once(';')?;
        out.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let code = name.strip_prefix('#')?;
                let code = match code.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => code.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        rest = tail;
    }
    out.push_str(rest);
    Some(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_shapes() {
        for (xml, json) in [
            ("<e/>", "{\"e\":null}"),
            ("<e>text</e>", "{\"e\":\"text\"}"),
            ("<e name=\"value\" />", "{\"e\":{\"@name\":\"value\"}}"),
            ("<e> <a>1</a> <b>2</b> </e>", "{\"e\":{\"a\":\"1\",\"b\":\"2\"}}"),
            ("<e> text <a>1</a> </e>", "{\"e\":{\"#text\":\"text\",\"a\":\"1\"}}"),
            ("<?xml version=\"1.0\"?><!-- c --><e>&lt;&#65;<![CDATA[<x>]]></e>\n", "{\"e\":\"<A<x>\"}"),
        ] {
            assert_eq!(document(xml).as_deref(), Some(json), "{xml}");
        }
    }

    #[test]
    fn broken_documents() {
        let deep = "<a>".repeat(1_000_000 / 3);
        for xml in [
            "",
            "x",
            "<",
            "<a",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a>&x;</a>",
            "<a b></a>",
            "<a b='1></a>",
            "<é",
            deep.as_str(),
        ] {
            assert_eq!(document(xml), None);
        }
    }
}
