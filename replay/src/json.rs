//! JSON written by hand: keys stand exactly in the order they are put, numbers are strings, and
//! nothing is allocated. What the values mean it must not know.

use std::fmt::Display;
use std::io::Write;

/// An object being written to the end of a buffer; `close` ends it.
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Object<'a> {
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out }
    }

    /// Any text; escaped as JSON wants it.
    pub fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        serde_json::to_writer(&mut *self.out, value).expect("a string always has a JSON form");
        self
    }

    /// A number or id as a string; its text has nothing to escape.
    pub fn shown(&mut self, key: &str, value: impl Display) -> &mut Self {
        self.key(key);
        write!(self.out, "\"{value}\"").expect("a vector takes every byte");
        self
    }

    /// A bare number or `true`, `false`, `null`.
    pub fn bare(&mut self, key: &str, value: impl Display) -> &mut Self {
        self.key(key);
        write!(self.out, "{value}").expect("a vector takes every byte");
        self
    }

    pub fn null(&mut self, key: &str) -> &mut Self {
        self.bare(key, "null")
    }

    pub fn hex(&mut self, key: &str, bytes: &[u8]) -> &mut Self {
        self.shown(key, Hex(bytes))
    }

    /// A nested object: the caller closes it before it goes on here.
    pub fn object(&mut self, key: &str) -> Object<'_> {
        self.key(key);
        Object::open(self.out)
    }

    /// What is JSON already.
    pub fn raw(&mut self, key: &str, json: &[u8]) {
        self.key(key);
        self.out.extend_from_slice(json);
    }

    /// A nested array of objects.
    pub fn list(&mut self, key: &str) -> List<'_> {
        self.key(key);
        List::open(self.out)
    }

    pub fn close(self) {
        self.out.push(b'}');
    }

    /// Ends the object and its line.
    pub fn close_line(self) {
        self.out.extend_from_slice(b"}\n");
    }

    fn key(&mut self, key: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        write!(self.out, "\"{key}\":").expect("a vector takes every byte");
    }
}

/// An array of objects being written.
pub struct List<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> List<'a> {
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out }
    }

    pub fn item(&mut self) -> Object<'_> {
        if self.out.last() != Some(&b'[') {
            self.out.push(b',');
        }
        Object::open(self.out)
    }

    pub fn close(self) {
        self.out.push(b']');
    }
}

/// Bytes as lower-case hexadecimal text.
pub struct Hex<'a>(pub &'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_in_the_order_they_were_put() {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        object.text("b", "say \"hi\"\\").bare("a", true).null("n").hex("h", &[0, 0xab]);
        let mut list = object.list("l");
        list.item().close();
        let mut item = list.item();
        item.shown("x", 12);
        item.close();
        list.close();
        object.object("o").close();
        object.close_line();
        let expected = "{\"b\":\"say \\\"hi\\\"\\\\\",\"a\":true,\"n\":null,\"h\":\"00ab\",\
             \"l\":[{},{\"x\":\"12\"}],\"o\":{}}\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
