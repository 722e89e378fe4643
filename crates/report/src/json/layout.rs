//! How JSON is laid out: spread over lines down to a depth, or as one compact line. Hidden characters in strings and the second
//! of two number signs (see [`crate::visible`]) become `\u` escapes, which is the same JSON and cannot act on a terminal or on a
//! CI service.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::visible::is_hidden;

/// Writes JSON.
#[derive(Default)]
pub(crate) struct Layout<'a> {
    /// Containers down to this depth spread over lines; what lies deeper is one line.
    spread: usize,
    /// Members that the outermost object begins with, as JSON without the braces.
    opening: &'a [u8],
    depth: usize,
    /// Whether the innermost container that was written last had anything in it.
    filled: bool,
}

impl<'a> Layout<'a> {
    /// Containers down to `depth` are spread over lines.
    pub(crate) fn spread(depth: usize) -> Self {
        Self { spread: depth, ..Self::default() }
    }

    /// One line. An object begins with the members in `opening`, such as `"type":"finding"`.
    pub(crate) fn line(opening: &'a [u8]) -> Self {
        Self { opening, ..Self::default() }
    }

    /// Writes one value.
    pub(crate) fn write(self, value: &impl Serialize, out: impl io::Write) -> io::Result<()> {
        value.serialize(&mut Serializer::with_formatter(out, self)).map_err(io::Error::from)
    }

    fn begin<W: ?Sized + io::Write>(&mut self, out: &mut W, bracket: u8) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(&[bracket])
    }

    fn next<W: ?Sized + io::Write>(&self, out: &mut W, first: bool) -> io::Result<()> {
        match (self.depth <= self.spread, first) {
            (true, true) => self.break_line(out),
            (true, false) => out.write_all(b",").and_then(|()| self.break_line(out)),
            (false, true) => Ok(()),
            (false, false) if self.spread == 0 => out.write_all(b","),
            (false, false) => out.write_all(b", "),
        }
    }

    fn end<W: ?Sized + io::Write>(&mut self, out: &mut W, bracket: u8) -> io::Result<()> {
        let spread = self.depth <= self.spread && self.filled;
        self.depth -= 1;
        self.filled = true;
        if spread {
            self.break_line(out)?;
        }
        out.write_all(&[bracket])
    }

    fn break_line<W: ?Sized + io::Write>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for Layout<'_> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        // Control characters below U+0020 never come here: JSON itself asks for their escapes.
        if text.is_ascii() && !text.as_bytes().contains(&0x7f) && !text.contains("##") {
            return out.write_all(text.as_bytes());
        }
        let mut from = 0;
        let is_second =
            |at: usize, char| char == '#' && text.get(..at).is_some_and(|before| before.ends_with('#'));
        for (at, hidden) in text.char_indices().filter(|&(at, char)| is_hidden(char) || is_second(at, char)) {
            out.write_all(&text.as_bytes()[from..at])?;
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            from = at + hidden.len_utf8();
        }
        out.write_all(&text.as_bytes()[from..])
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b'[')
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b']')
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b'{')?;
        if self.depth == 1 { out.write_all(self.opening) } else { Ok(()) }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first && (self.depth > 1 || self.opening.is_empty()))
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.spread == 0 { b":" } else { b": " })
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b'}')
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn laid_out(layout: Layout<'_>, value: &serde_json::Value) -> String {
        let mut out = Vec::new();
        layout.write(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn containers_spread_down_to_the_depth() {
        let value = json!({ "a": [1, [2, 3]], "b": {}, "c": { "d": null } });
        assert_eq!(
            laid_out(Layout::spread(2), &value),
            "{\n  \"a\": [\n    1,\n    [2, 3]\n  ],\n  \"b\": {},\n  \"c\": {\n    \"d\": null\n  }\n}"
        );
    }

    #[test]
    fn what_a_reader_would_act_on_is_escaped_and_read_back() {
        let value = json!("a##vso[x] ###\u{202e} #é#");
        let text = laid_out(Layout::line(b""), &value);
        assert_eq!(text, r#""a#\u0023vso[x] #\u0023\u0023\u202e #é#""#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_line_begins_with_what_it_is_given() {
        let opening = br#""type":"x""#;
        assert_eq!(
            laid_out(Layout::line(opening), &json!({ "a": [1, { "b": 2 }] })),
            r#"{"type":"x","a":[1,{"b":2}]}"#
        );
        assert_eq!(laid_out(Layout::line(opening), &json!({})), r#"{"type":"x"}"#);
        assert_eq!(laid_out(Layout::line(b""), &json!({ "a": 1, "b": 2 })), r#"{"a":1,"b":2}"#);
    }
}
