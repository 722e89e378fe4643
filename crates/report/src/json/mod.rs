//! JSON, schema `keysweep.assessment/v1` (`docs/schema/assessment-v1.schema.json`), written as it is made: findings and
//! accounts are converted one at a time.
//!
//! What the fields are is the business of [`v1`]. Strings are exact; hidden characters in them (see
//! [`crate::visible`]) are written as `\u` escapes, which is the same JSON and cannot act on a terminal.

pub mod v1;

use std::io;

use keysweep_core::assessment::Assessment;
use serde::Serialize as _;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::mask::Mask;
use crate::totals::Totals;
use crate::visible::is_hidden;

/// The value of `schema`.
pub const SCHEMA: &str = "keysweep.assessment/v1";

/// Writes the assessment as one JSON document and a line feed.
pub fn write(assessment: &Assessment, mask: bool, mut out: impl io::Write) -> io::Result<()> {
    let mask = Mask::new(assessment, mask);
    let document = v1::Document::of(assessment, &Totals::of(assessment), &mask);
    let mut serializer = Serializer::with_formatter(&mut out, Readable(PrettyFormatter::new()));
    document.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Indented, with hidden characters escaped.
struct Readable(PrettyFormatter<'static>);

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
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}
