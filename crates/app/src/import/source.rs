//! The bytes of one file: decompressed where they are compressed, and within limits that hold for hostile files too.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

/// How much of a compressed file may come out before its compression must be plausible.
const UNQUESTIONED: u64 = 16 << 20;
/// JSON and CSV of CloudTrail compress by a factor of 10 to 30. gzip can reach 1032, which only a bomb does.
const HIGHEST_RATIO: u64 = 300;

/// What the first bytes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Json,
    /// A table, or any other text.
    Text,
    Empty,
    /// Compressed once more inside the compression.
    Gzip,
    Utf16,
    Binary,
}

/// The decompressed content, at its first byte after a byte order mark.
pub(super) struct Content<R: Read> {
    pub(super) bytes: BufReader<Begun<Either<R>>>,
    pub(super) shape: Shape,
    /// How many bytes were passed over.
    pub(super) skipped: u64,
    pub(super) compressed: bool,
}

/// A stream of which some bytes were looked at.
type Begun<R> = Chain<Cursor<Vec<u8>>, R>;

/// A stream as it is, or decompressed.
pub(super) enum Either<R: Read> {
    Plain(Begun<R>),
    Gzip { decoder: Box<MultiGzDecoder<Counted<BufReader<Begun<R>>>>>, taken: Rc<Cell<u64>>, given: u64 },
}

impl<R: Read> Content<R> {
    pub(super) fn open(source: R) -> io::Result<Self> {
        let raw = begin(source, 2)?;
        let compressed = beginning(&raw) == b"\x1f\x8b";
        let either = if compressed {
            let taken = Rc::new(Cell::new(0));
            let inner = BufReader::with_capacity(64 << 10, raw);
            let decoder = MultiGzDecoder::new(Counted { inner, taken: Rc::clone(&taken) });
            Either::Gzip { decoder: Box::new(decoder), taken, given: 0 }
        } else {
            Either::Plain(raw)
        };
        let mut content = begin(either, 512)?;
        let marked = beginning(&content).starts_with(b"\xef\xbb\xbf");
        let skipped = if marked { 3 } else { 0 };
        content.get_mut().0.set_position(skipped);
        let shape = shape(beginning(&content));
        Ok(Self { bytes: BufReader::with_capacity(256 << 10, content), shape, skipped, compressed })
    }
}

/// Looks at the first bytes, however few at a time they come.
fn begin<R: Read>(mut source: R, count: u64) -> io::Result<Begun<R>> {
    let mut first = Vec::new();
    source.by_ref().take(count).read_to_end(&mut first)?;
    Ok(Cursor::new(first).chain(source))
}

/// What was looked at and is still to be read.
fn beginning<R>(begun: &Begun<R>) -> &[u8] {
    let (first, _) = begun.get_ref();
    let position = usize::try_from(first.position()).unwrap_or(usize::MAX);
    first.get_ref().get(position..).unwrap_or_default()
}

fn shape(beginning: &[u8]) -> Shape {
    let text = beginning.trim_ascii_start();
    match beginning {
        [] => Shape::Empty,
        [0x1f, 0x8b, ..] => Shape::Gzip,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Shape::Utf16,
        _ if beginning.contains(&0) => Shape::Binary,
        _ if text.is_empty() => Shape::Empty,
        _ if text.starts_with(b"{") || text.starts_with(b"[") => Shape::Json,
        _ => Shape::Text,
    }
}

impl<R: Read> Read for Either<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(into),
            Self::Gzip { decoder, taken, given } => {
                let count = decoder.read(into)?;
                *given += count as u64;
                if *given > UNQUESTIONED && *given / HIGHEST_RATIO > taken.get() {
                    return Err(io::Error::other(format!(
                        "{} MiB came out of {} bytes of gzip: no events compress like that",
                        *given >> 20,
                        taken.get()
                    )));
                }
                Ok(count)
            }
        }
    }
}

/// Counts what is taken from a stream.
pub(super) struct Counted<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.taken.set(self.taken.get() + count as u64);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.taken.set(self.taken.get() + count as u64);
        self.inner.consume(count);
    }
}

/// A stream that ends in an error when a single record becomes too long. Whoever reads records renews it for each.
pub(super) struct Limited<R> {
    inner: R,
    left: Rc<Cell<usize>>,
}

impl<R> Limited<R> {
    pub(super) fn new(inner: R, most: usize) -> (Self, Rc<Cell<usize>>) {
        let left = Rc::new(Cell::new(most));
        (Self { inner, left: Rc::clone(&left) }, left)
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        match self.left.get().checked_sub(count) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other("a single record is too long")),
        }
        Ok(count)
    }
}
