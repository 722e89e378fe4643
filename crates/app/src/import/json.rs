//! Takes a stream of JSON apart into the texts of single records, without holding more than one of them. What a record
//! means is read elsewhere.
//!
//! A file holds one or more values, one after the other: `{"Records": […]}` as trails and the console write it,
//! `{"Events": […]}` as `aws cloudtrail lookup-events` writes it, page by page, or a bare list of either.

use std::io::{self, BufRead};

use memchr::memchr2;

/// The longest text of a single record. CloudTrail's own limit is 256 KB, and 1 MB for enriched events.
pub(super) const LONGEST: usize = 16 << 20;

/// How the elements of a list are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// `Records`: each element is a record.
    Records,
    /// `Events`: each element holds its record as a text, in `CloudTrailEvent`.
    Events,
    /// A list without a name: its elements may be either, or the texts of records.
    Bare,
}

/// What came of a whole stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// The elements of these lists.
    Lists(List),
    /// A digest of a trail's log files, which has no records.
    Digest,
}

/// Why a stream cannot be read on.
#[derive(Debug)]
pub(super) enum Fault {
    /// It could not be read.
    Input(io::Error),
    /// It ended in the middle of a value.
    Ended,
    /// It is not the JSON that is read here.
    Malformed(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Input(error)
    }
}

/// A stream and how far it was read.
pub(super) struct Stream<R> {
    input: R,
    /// How many bytes were read: the place of what cannot be read.
    pub(super) offset: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Stream<R> {
    pub(super) const fn new(input: R, offset: u64) -> Self {
        Self { input, offset, text: Vec::new() }
    }

    /// Hands every element of every list to `each`, in order, with the place at which it begins.
    pub(super) fn elements(
        &mut self,
        mut each: impl FnMut(List, &[u8], u64) -> Result<(), Fault>,
    ) -> Result<Held, Fault> {
        let mut held = None;
        while let Some(byte) = self.after_space()? {
            let here = match byte {
                b'{' => self.document(&mut each)?,
                b'[' => {
                    self.list(List::Bare, &mut each)?;
                    Held::Lists(List::Bare)
                }
                _ => return Err(malformed("here must be a `{` or a `[`")),
            };
            held.get_or_insert(here);
        }
        held.ok_or_else(|| malformed("it holds nothing"))
    }

    /// An object with the member `Records` or `Events`; other members are passed over.
    fn document(
        &mut self,
        each: &mut impl FnMut(List, &[u8], u64) -> Result<(), Fault>,
    ) -> Result<Held, Fault> {
        self.take(b'{')?;
        let mut held = None;
        if self.needed()? == b'}' {
            self.take(b'}')?;
            return Err(malformed("it has neither `Records` nor `Events`"));
        }
        loop {
            if self.needed()? != b'"' {
                return Err(malformed("here must be the name of a member"));
            }
            self.value()?;
            let list = match self.text.as_slice() {
                br#""Records""# => Some(List::Records),
                br#""Events""# => Some(List::Events),
                br#""digestStartTime""# => {
                    held.get_or_insert(Held::Digest);
                    None
                }
                _ => None,
            };
            self.needed()?;
            self.take(b':')?;
            match list {
                Some(list) if self.needed()? == b'[' => {
                    self.list(list, each)?;
                    held = Some(Held::Lists(list));
                }
                _ => {
                    self.needed()?;
                    self.value()?;
                    serde_json::from_slice::<serde::de::IgnoredAny>(&self.text)
                        .map_err(|error| malformed(format!("a member is no JSON: {error}")))?;
                }
            }
            match self.needed()? {
                b',' => self.take(b',')?,
                b'}' => break,
                _ => return Err(malformed("here must be a `,` or a `}`")),
            }
            self.needed()?;
        }
        self.take(b'}')?;
        held.ok_or_else(|| malformed("it has neither `Records` nor `Events`"))
    }

    fn list(
        &mut self,
        list: List,
        each: &mut impl FnMut(List, &[u8], u64) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.take(b'[')?;
        if self.needed()? == b']' {
            return self.take(b']');
        }
        loop {
            self.needed()?;
            let begins = self.offset;
            self.value()?;
            each(list, &self.text, begins)?;
            match self.needed()? {
                b',' => self.take(b',')?,
                b']' => return self.take(b']'),
                _ => return Err(malformed("here must be a `,` or a `]`")),
            }
        }
    }

    /// Reads one value into `text`: up to the bracket or quote that closes it, or up to where a bare word ends. Whether it
    /// is JSON is for whoever reads the text.
    fn value(&mut self) -> Result<(), Fault> {
        self.text.clear();
        let mut extent = Extent::default();
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Err(Fault::Ended);
            }
            let (used, complete) = extent.go_on(buffer);
            self.text.extend_from_slice(&buffer[..used]);
            self.input.consume(used);
            self.offset += used as u64;
            if self.text.len() > LONGEST {
                return Err(malformed(format!("a single record is longer than {} MiB", LONGEST >> 20)));
            }
            if complete {
                return Ok(());
            }
        }
    }

    /// The next byte that is no white space, not consumed; `None` at the end.
    fn after_space(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let space = buffer.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
            let found = buffer.get(space).copied();
            self.input.consume(space);
            self.offset += space as u64;
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn needed(&mut self) -> Result<u8, Fault> {
        self.after_space()?.ok_or(Fault::Ended)
    }

    /// Consumes this byte, which must be the next.
    fn take(&mut self, byte: u8) -> Result<(), Fault> {
        match self.input.fill_buf()?.first() {
            Some(found) if *found == byte => {
                self.input.consume(1);
                self.offset += 1;
                Ok(())
            }
            Some(_) => Err(malformed(format!("here must be a `{}`", char::from(byte)))),
            None => Err(Fault::Ended),
        }
    }
}

/// How far a value reaches: all that must be known of the bytes before.
#[derive(Default)]
struct Extent {
    begun: bool,
    /// How many brackets are open.
    depth: usize,
    /// Inside quotes.
    quoted: bool,
    /// After a backslash inside quotes.
    escaped: bool,
}

impl Extent {
    /// How many of the next bytes belong to the value, and whether it is complete with them.
    fn go_on(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut used = 0;
        while let Some(byte) = bytes.get(used) {
            let begun = std::mem::replace(&mut self.begun, true);
            if self.escaped {
                self.escaped = false;
            } else if self.quoted {
                let Some(found) = memchr2(b'"', b'\\', &bytes[used..]) else { return (bytes.len(), false) };
                used += found;
                self.escaped = bytes[used] == b'\\';
                self.quoted = self.escaped;
                if !self.quoted && self.depth == 0 {
                    return (used + 1, true);
                }
            } else {
                match byte {
                    b'"' | b'{' | b'[' if self.depth == 0 && begun => return (used, true),
                    b',' | b':' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 => {
                        return (used, true);
                    }
                    b'"' => self.quoted = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return (used + 1, true);
                        }
                    }
                    _ => {}
                }
            }
            used += 1;
        }
        (used, false)
    }
}

fn malformed(reason: impl Into<String>) -> Fault {
    Fault::Malformed(reason.into())
}
