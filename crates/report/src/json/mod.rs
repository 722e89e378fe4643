//! JSON, schema `keysweep.assessment/v1` (`docs/schema/assessment-v1.schema.json`), written as it is made: findings and
//! accounts are converted one at a time.
//!
//! What the fields are is the business of [`v1`]. Strings are exact; hidden characters in them (see
//! [`crate::visible`]) are written as `\u` escapes, which is the same JSON and cannot act on a terminal.

pub mod v1;

use std::io;

use keysweep_core::assessment::Assessment;
use serde::Serialize as _;
use serde_json::ser::{Formatter, Serializer};

use crate::mask::Mask;
use crate::visible::is_hidden;
use keysweep_core::totals::Totals;

/// The value of `schema`.
pub const SCHEMA: &str = "keysweep.assessment/v1";

/// Writes the assessment as one JSON document and a line feed.
pub fn write(assessment: &Assessment, mask: bool, mut out: impl io::Write) -> io::Result<()> {
    let mask = Mask::new(assessment, mask);
    let document = v1::Document::of(assessment, &Totals::of(assessment), &mask);
    let mut serializer = Serializer::with_formatter(&mut out, Readable::default());
    document.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Containers down to this depth (the document, its accounts, an account, its findings) spread over lines; what lies
/// deeper is one line. So each finding is one line, to be found with grep and compared with diff, and an assessment of
/// 100,000 findings is not mostly indentation.
const SPREAD: usize = 4;

/// Spread over lines down to [`SPREAD`], with hidden characters escaped.
#[derive(Default)]
struct Readable {
    depth: usize,
    /// Whether the innermost container that was written last had anything in it.
    filled: bool,
}

impl Readable {
    fn begin<W: ?Sized + io::Write>(&mut self, out: &mut W, bracket: u8) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(&[bracket])
    }

    fn next<W: ?Sized + io::Write>(&self, out: &mut W, first: bool) -> io::Result<()> {
        match (self.depth <= SPREAD, first) {
            (true, true) => self.line(out),
            (true, false) => out.write_all(b",").and_then(|()| self.line(out)),
            (false, true) => Ok(()),
            (false, false) => out.write_all(b", "),
        }
    }

    fn end<W: ?Sized + io::Write>(&mut self, out: &mut W, bracket: u8) -> io::Result<()> {
        let spread = self.depth <= SPREAD && self.filled;
        self.depth -= 1;
        self.filled = true;
        if spread {
            self.line(out)?;
        }
        out.write_all(&[bracket])
    }

    fn line<W: ?Sized + io::Write>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for Readable {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        // Control characters below U+0020 never come here: JSON itself asks for their escapes.
        if text.bytes().all(|byte| byte.is_ascii() && byte != 0x7f) {
            return out.write_all(text.as_bytes());
        }
        let mut from = 0;
        for (at, hidden) in text.char_indices().filter(|&(_, char)| is_hidden(char)) {
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
        self.begin(out, b'{')
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b'}')
    }
}
