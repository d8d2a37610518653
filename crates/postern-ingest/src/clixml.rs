//! What `Export-Clixml` writes: PowerShell objects as XML, turned into lines of JSON while it is read.
//!
//! The JSON is what `ConvertTo-Json` would have written of the objects, so every format that reads JSON reads this too.
//! Nothing is expanded that a document defines itself: document types are refused.

use std::collections::HashMap;
use std::io::{self, Cursor, Read};

use memchr::memmem;
use serde_json::value::RawValue;

use crate::batch::MAX_RECORD_BYTES;
use crate::json::MAX_DEPTH;

/// Elements nested deeper than this are not kept; the JSON is then too deep as well, and a reject.
const KEPT_DEPTH: usize = 4 * MAX_DEPTH as usize;

/// Objects that others may refer to are kept up to this size and number.
const REFERENCE_BYTES: usize = 16 << 10;
const REFERENCES: usize = 20_000;

/// Stands for a value that is unknown, as the name of a class does in other exports.
const UNKNOWN: &str = "\"System.Object[]\"";

/// True when decoded text begins like this.
pub(crate) fn begins(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    (start.starts_with(b"<Objs") || start.starts_with(b"<?xml"))
        && memmem::find(start, b"<Objs").is_some()
        && memmem::find(start, b"schemas.microsoft.com/powershell").is_some()
}

/// Reads the XML and gives lines of JSON, one for each object.
pub(crate) struct Clixml {
    markup: Markup,
    open: Vec<Element>,
    /// Elements open beyond [`KEPT_DEPTH`].
    skipped: usize,
    /// Bytes kept of the object being read.
    held: usize,
    references: HashMap<String, String>,
    ready: Cursor<Vec<u8>>,
    ended: bool,
}

/// An element whose end tag is still to come.
#[derive(Default)]
struct Element {
    tag: String,
    name: String,
    reference: String,
    text: String,
    /// Values of the children as JSON, with commas between.
    items: String,
    shown: String,
    members: String,
    list: Option<String>,
    base: Option<String>,
    key: String,
    value: String,
}

enum Token {
    Open { tag: String, attributes: Vec<(String, String)>, closed: bool },
    Close(String),
    Text(String),
    End,
}

impl Clixml {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            markup: Markup { input, bytes: Vec::new(), at: 0, base: 0 },
            open: Vec::new(),
            skipped: 0,
            held: 0,
            references: HashMap::new(),
            ready: Cursor::new(Vec::new()),
            ended: false,
        }
    }

    /// The next object as a line of JSON; `None` at the end.
    fn object(&mut self) -> io::Result<Option<String>> {
        loop {
            match self.markup.token()? {
                Token::End if self.open.is_empty() => return Ok(None),
                Token::End => return Err(broken("the XML ends within an object or without its end tag")),
                Token::Text(text) => self.text(&text)?,
                Token::Open { tag, attributes, closed } => {
                    self.start(tag, attributes)?;
                    if closed && let Some(object) = self.finish()? {
                        return Ok(Some(object));
                    }
                }
                Token::Close(tag) => {
                    if self.skipped == 0 && self.open.last().is_none_or(|top| top.tag != tag) {
                        return Err(self.markup.damaged("an end tag that closes nothing"));
                    }
                    if let Some(object) = self.finish()? {
                        return Ok(Some(object));
                    }
                }
            }
        }
    }

    fn hold(&mut self, size: usize) -> io::Result<()> {
        self.held += size;
        if self.held > MAX_RECORD_BYTES {
            return Err(broken("an object is larger than 64 MiB"));
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.hold(text.len())?;
        match self.open.last_mut() {
            // Blanks between the objects are not kept.
            Some(top) if self.skipped == 0 && top.tag != "Objs" => top.text.push_str(text),
            Some(_) => {}
            None if text.trim_matches(['\u{feff}', ' ', '\r', '\n', '\t']).is_empty() => {}
            None => return Err(self.markup.damaged("text outside of all elements")),
        }
        Ok(())
    }

    fn start(&mut self, tag: String, attributes: Vec<(String, String)>) -> io::Result<()> {
        if self.open.is_empty() && tag != "Objs" {
            return Err(self.markup.damaged("an element outside of `Objs`"));
        }
        if self.open.len() >= KEPT_DEPTH {
            self.skipped += 1;
            return Ok(());
        }
        let mut element = Element { tag, ..Element::default() };
        for (name, value) in attributes {
            match name.as_str() {
                "N" => element.name = unescaped(&value),
                "RefId" => element.reference = value,
                _ => {}
            }
        }
        self.hold(element.tag.len() + element.name.len() + element.reference.len())?;
        self.open.push(element);
        Ok(())
    }

    /// Ends the innermost element. An object at the top is handed out.
    fn finish(&mut self) -> io::Result<Option<String>> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(None);
        }
        let Some(mut done) = self.open.pop() else { return Ok(None) };
        let value = self.value_of(&mut done);
        let top = self.open.len() == 1;
        let Some(parent) = self.open.last_mut() else { return Ok(None) };
        if top {
            self.held = 0;
            let object = match (done.tag.as_str(), done.members.is_empty()) {
                ("Obj", false) if done.list.is_none() => format!("{{{}}}\n", done.members),
                _ => format!("{value}\n"),
            };
            self.keep(done.reference, &value);
            return Ok(Some(object));
        }
        let size = value.len();
        match (parent.tag.as_str(), done.tag.as_str()) {
            (_, "TN" | "TNRef" | "T") => {}
            ("Obj", "ToString") => parent.shown = unescaped(&done.text),
            ("Obj", "Props" | "MS") => push_joined(&mut parent.members, &done.items),
            ("Obj", "LST" | "IE" | "STK" | "QUE") => parent.list = Some(format!("[{}]", done.items)),
            ("Obj", "DCT") => parent.list = Some(format!("{{{}}}", done.items)),
            ("Obj", _) => parent.base = Some(value.clone()),
            ("DCT", "En") => {
                push_joined(&mut parent.items, &format!("{}:{}", text_key(&done.key), or_null(&done.value)))
            }
            ("En", _) if done.name == "Key" => parent.key.clone_from(&value),
            ("En", _) => parent.value.clone_from(&value),
            ("Props" | "MS", _) => push_joined(&mut parent.items, &format!("{}:{value}", quoted(&done.name))),
            _ => push_joined(&mut parent.items, &value),
        }
        self.hold(size)?;
        self.keep(done.reference, &value);
        Ok(None)
    }

    fn keep(&mut self, reference: String, value: &str) {
        if !reference.is_empty() && value.len() <= REFERENCE_BYTES && self.references.len() < REFERENCES {
            self.references.insert(reference, value.to_owned());
        }
    }

    /// An element as JSON.
    fn value_of(&self, element: &mut Element) -> String {
        let text = element.text.trim();
        match element.tag.as_str() {
            "Nil" => "null".to_owned(),
            "Ref" => self.references.get(&element.reference).cloned().unwrap_or_else(|| UNKNOWN.to_owned()),
            "Obj" => {
                if let Some(list) = element.list.take() {
                    return list;
                }
                let class = ["System.", "Microsoft.", "Deserialized."].iter().any(|c| element.shown.starts_with(c));
                if !element.shown.is_empty() && !(class && !element.members.is_empty()) {
                    return quoted(&element.shown);
                }
                match element.base.take() {
                    Some(base) => base,
                    None => format!("{{{}}}", element.members),
                }
            }
            "B" => if text == "true" { "true" } else { "false" }.to_owned(),
            "By" | "SB" | "U16" | "I16" | "U32" | "I32" | "U64" | "I64" | "Sg" | "Db" | "D" => number(text),
            "C" => match text.parse().ok().and_then(char::from_u32) {
                Some(c) => quoted(&c.to_string()),
                None => "null".to_owned(),
            },
            "TS" => quoted(&timespan(text).unwrap_or_else(|| text.to_owned())),
            "LST" | "IE" | "STK" | "QUE" | "Props" | "MS" | "DCT" | "En" | "TN" => String::new(),
            _ => quoted(&unescaped(&element.text)),
        }
    }
}

impl Read for Clixml {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.ready.read(buffer)?;
            if count > 0 || self.ended || buffer.is_empty() {
                return Ok(count);
            }
            match self.object() {
                Ok(Some(object)) => self.ready = Cursor::new(object.into_bytes()),
                Ok(None) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A JSON value as the name of a member.
fn text_key(value: &str) -> String {
    if value.starts_with('"') { value.to_owned() } else { quoted(value) }
}

fn or_null(value: &str) -> &str {
    if value.is_empty() { "null" } else { value }
}

fn push_joined(items: &mut String, item: &str) {
    if !items.is_empty() && !item.is_empty() {
        items.push(',');
    }
    items.push_str(item);
}

/// A number as it stands, all its digits kept; as text when it is none.
fn number(text: &str) -> String {
    let plain = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    if plain && serde_json::from_str::<&RawValue>(text).is_ok() { text.to_owned() } else { quoted(text) }
}

/// `P1DT2H3M4.5S` as `1.02:03:04.5`.
fn timespan(text: &str) -> Option<String> {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let rest = rest.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    let days = if days.is_empty() { 0 } else { days.strip_suffix('D')?.parse::<u32>().ok()? };
    let (mut parts, mut digits, mut fraction) = ([0_u32; 3], String::new(), String::new());
    for c in time.chars() {
        let at = match c {
            'H' => 0,
            'M' => 1,
            'S' => 2,
            _ => {
                digits.push(c);
                continue;
            }
        };
        let (whole, rest) = digits.split_once('.').unwrap_or((&digits, ""));
        *parts.get_mut(at)? = whole.parse().ok()?;
        if !rest.is_empty() {
            fraction = format!(".{rest}");
        }
        digits.clear();
    }
    let [hours, minutes, seconds] = parts;
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    Some(format!("{sign}{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}"))
}

/// `_x000A_` and the like made characters again.
fn unescaped(text: &str) -> String {
    let (mut out, mut units, mut rest) = (String::with_capacity(text.len()), Vec::new(), text);
    while let Some(at) = rest.find("_x") {
        let (before, here) = rest.split_at(at);
        let unit = here.get(2..6).filter(|_| here.as_bytes().get(6) == Some(&b'_'));
        let unit = unit.filter(|u| u.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = unit.and_then(|u| u16::from_str_radix(u, 16).ok());
        if !before.is_empty() {
            out.push_str(&String::from_utf16_lossy(&units));
            units.clear();
            out.push_str(before);
        }
        let taken = match unit {
            Some(unit) => {
                units.push(unit);
                7
            }
            None => {
                out.push_str(&String::from_utf16_lossy(&units));
                units.clear();
                out.push_str("_x");
                2
            }
        };
        rest = here.get(taken..).unwrap_or_default();
    }
    out.push_str(&String::from_utf16_lossy(&units));
    out.push_str(rest);
    out
}

/// The XML, token by token.
struct Markup {
    input: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    at: usize,
    /// Offset of the first of `bytes`.
    base: u64,
}

impl Markup {
    fn damaged(&self, what: &str) -> io::Error {
        broken(&format!("the XML is damaged before byte {}: {what}", self.base + self.at as u64))
    }

    /// Reads more; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.base += self.at as u64;
            self.at = 0;
        }
        if self.bytes.len() > MAX_RECORD_BYTES {
            return Err(broken("a piece of the XML is larger than 64 MiB"));
        }
        let want = (self.bytes.len() as u64).clamp(64 << 10, 4 << 20);
        Ok(self.input.by_ref().take(want).read_to_end(&mut self.bytes)? > 0)
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The bytes up to a marker, which are taken with it; `None` when it does not come.
    fn until(&mut self, marker: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut searched = 0;
        loop {
            let rest = self.rest();
            if let Some(found) = memmem::find(rest.get(searched..).unwrap_or_default(), marker) {
                let end = searched + found;
                let taken = rest.get(..end).unwrap_or_default().to_vec();
                self.at += end + marker.len();
                return Ok(Some(taken));
            }
            searched = (rest.len() + 1).saturating_sub(marker.len());
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// The inside of a tag; a `>` in quotes does not end it.
    fn tag(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (mut at, mut quote) = (0, None);
        loop {
            while let Some(&byte) = self.rest().get(at) {
                match quote {
                    Some(open) if byte == open => quote = None,
                    Some(_) => {}
                    None if byte == b'"' || byte == b'\'' => quote = Some(byte),
                    None if byte == b'>' => {
                        let taken = self.rest().get(..at).unwrap_or_default().to_vec();
                        self.at += at + 1;
                        return Ok(Some(taken));
                    }
                    None => {}
                }
                at += 1;
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn token(&mut self) -> io::Result<Token> {
        let cut = || broken("the XML ends within a tag");
        loop {
            while self.rest().len() < 9 {
                if !self.fill()? {
                    break;
                }
            }
            let rest = self.rest();
            if rest.is_empty() {
                return Ok(Token::End);
            }
            if !rest.starts_with(b"<") {
                return self.characters();
            }
            if rest.starts_with(b"<!--") {
                self.until(b"-->")?.ok_or_else(cut)?;
            } else if rest.starts_with(b"<?") {
                self.until(b"?>")?.ok_or_else(cut)?;
            } else if rest.starts_with(b"<![CDATA[") {
                self.at += 9;
                let text = self.until(b"]]>")?.ok_or_else(cut)?;
                return Ok(Token::Text(String::from_utf8_lossy(&text).into_owned()));
            } else if rest.starts_with(b"<!") {
                return Err(self.damaged("it defines a document type, which is refused"));
            } else {
                self.at += 1;
                let inside = self.tag()?.ok_or_else(cut)?;
                return self.read_tag(&String::from_utf8_lossy(&inside));
            }
        }
    }

    /// Text up to the next tag, or to the end.
    fn characters(&mut self) -> io::Result<Token> {
        let mut searched = 0;
        let end = loop {
            let rest = self.rest();
            if let Some(found) = memchr::memchr(b'<', rest.get(searched..).unwrap_or_default()) {
                break searched + found;
            }
            searched = rest.len();
            if !self.fill()? {
                break self.rest().len();
            }
        };
        let text = String::from_utf8_lossy(self.rest().get(..end).unwrap_or_default()).into_owned();
        self.at += end;
        self.decoded(&text).map(Token::Text)
    }

    fn read_tag(&self, inside: &str) -> io::Result<Token> {
        if let Some(name) = inside.strip_prefix('/') {
            return Ok(Token::Close(name.trim_end().to_owned()));
        }
        let (inside, closed) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
        let end = inside.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inside.len());
        let (tag, mut rest) = inside.split_at(end);
        if tag.is_empty() {
            return Err(self.damaged("a tag without a name"));
        }
        let mut attributes = Vec::new();
        while let Some((name, after)) = rest.split_once('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let value = quote.and_then(|q| after.get(1..)?.split_once(q));
            let Some((value, after)) = value else { return Err(self.damaged("an attribute without a value")) };
            attributes.push((name.trim().to_owned(), self.decoded(value)?));
            rest = after;
        }
        Ok(Token::Open { tag: tag.to_owned(), attributes, closed })
    }

    /// Text with its character references resolved. There are no others than those of XML itself.
    fn decoded(&self, text: &str) -> io::Result<String> {
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(at) = rest.find('&') {
            let (before, here) = rest.split_at(at);
            out.push_str(before);
            let end = here.bytes().take(16).position(|b| b == b';');
            let name = end.and_then(|end| here.get(1..end)).unwrap_or_default();
            let c = match name {
                "lt" => Some('<'),
                "gt" => Some('>'),
                "amp" => Some('&'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                _ => name.strip_prefix('#').and_then(|number| {
                    let code = match number.strip_prefix('x') {
                        Some(digits) => u32::from_str_radix(digits, 16),
                        None => number.parse(),
                    };
                    char::from_u32(code.ok()?)
                }),
            };
            let Some(c) = c else { return Err(self.damaged("a reference to what is not defined")) };
            out.push(c);
            rest = here.get(name.len() + 2..).unwrap_or_default();
        }
        out.push_str(rest);
        Ok(out)
    }
}

#[cfg(test)]
mod tests;
