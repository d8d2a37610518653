//! Writing JSON text: arrays, objects, reals.

use super::json::push_string;

/// Builds an array from raw values.
pub struct ArrayText {
    out: String,
}

impl ArrayText {
    /// An empty array.
    pub fn new() -> Self {
        Self { out: String::from("[") }
    }

    fn comma(&mut self) {
        if self.out.len() > 1 {
            self.out.push(',');
        }
    }

    /// Adds a raw value.
    pub fn raw(&mut self, raw: &str) {
        self.comma();
        self.out.push_str(raw);
    }

    /// Adds a string.
    pub fn string(&mut self, text: &str) {
        self.comma();
        push_string(&mut self.out, text);
    }

    /// The finished array.
    pub fn finish(mut self) -> String {
        self.out.push(']');
        self.out
    }
}

impl Default for ArrayText {
    fn default() -> Self {
        Self::new()
    }
}

/// Builds an object from keys and raw values, in order of first insertion by the caller.
pub struct ObjectText {
    out: String,
}

impl ObjectText {
    /// An empty object.
    pub fn new() -> Self {
        Self { out: String::from("{") }
    }

    fn comma(&mut self) {
        if self.out.len() > 1 {
            self.out.push(',');
        }
    }

    /// Adds a member; the key is plain text, the value raw.
    pub fn raw(&mut self, key: &str, raw: &str) {
        self.comma();
        push_string(&mut self.out, key);
        self.out.push(':');
        self.out.push_str(raw);
    }

    /// Adds a member whose key is raw (with quotes).
    pub fn raw_key(&mut self, raw_key: &str, raw: &str) {
        self.comma();
        self.out.push_str(raw_key);
        self.out.push(':');
        self.out.push_str(raw);
    }

    /// Adds a member with a text value.
    pub fn string(&mut self, key: &str, text: &str) {
        self.comma();
        push_string(&mut self.out, key);
        self.out.push(':');
        push_string(&mut self.out, text);
    }

    /// The finished object.
    pub fn finish(mut self) -> String {
        self.out.push('}');
        self.out
    }
}

impl Default for ObjectText {
    fn default() -> Self {
        Self::new()
    }
}

/// A real as JSON text. JSON has no NaN or infinities: they are text, as in results.
pub fn real(value: f64) -> String {
    if value.is_nan() {
        "\"NaN\"".into()
    } else if value.is_infinite() {
        if value > 0.0 { "\"Infinity\"".into() } else { "\"-Infinity\"".into() }
    } else {
        super::number::real_text(value)
    }
}
