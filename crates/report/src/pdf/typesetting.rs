//! Type: texts become glyphs, shaped, in the first of the fonts that has them. Characters that none has are written as their
//! code points, `\u{6570 636e}`, in the font of the other alphabets, so that they are told from a name that really reads so; a
//! search finds the characters themselves, and a copy has them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read as _;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use flate2::read::ZlibDecoder;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, Script, ShapePlan, UnicodeBuffer};

/// Roboto has Latin, Greek and Cyrillic; `DejaVu` Sans most other alphabets and signs. Neither has Chinese, Japanese and Korean.
static REGULAR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/Roboto-Regular.ttf.z"));
static BOLD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/Roboto-Medium.ttf.z"));
static OTHERS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/DejaVuSans.ttf.z"));

/// Nobody reads more of a paragraph; the other formats have all of it. In characters.
const LONGEST: usize = 900;

/// How heavy a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// The fonts.
pub(super) struct Fonts {
    regular: Cut,
    bold: Cut,
    others: Cut,
}

/// One font.
struct Cut {
    font: Font,
    face: Face<'static>,
    /// The parts of an em that its measures are in.
    units: f32,
    /// How texts of a script are shaped: making a plan takes much longer than following it.
    plans: Mutex<HashMap<(Script, bool), Arc<ShapePlan>>>,
}

/// A text on one line. Lengths are in ems.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) runs: Vec<Run>,
    pub(super) width: f32,
}

/// A part of a line in one font.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) font: Font,
    /// What it stands for.
    pub(super) text: String,
    /// What is drawn, where that is something else.
    spelled: Option<String>,
    pub(super) glyphs: Vec<KrillaGlyph>,
    pub(super) width: f32,
}

impl Line {
    /// What is drawn.
    pub(super) fn text(&self) -> String {
        self.runs.iter().map(|run| run.spelled.as_deref().unwrap_or(&run.text)).collect()
    }
}

impl Cut {
    /// The font, which is compressed. It stays in memory until the program ends, as there is one of each.
    fn load(compressed: &[u8]) -> Option<Self> {
        let mut bytes = Vec::new();
        ZlibDecoder::new(compressed).read_to_end(&mut bytes).ok()?;
        let bytes: &'static [u8] = bytes.leak();
        let face = Face::from_slice(bytes, 0)?;
        let units = f32::from(u16::try_from(face.units_per_em()).ok()?);
        Some(Self { font: Font::new(bytes.into(), 0)?, face, units, plans: Mutex::default() })
    }

    fn has(&self, character: char) -> bool {
        self.face.glyph_index(character).is_some()
    }

    fn plan(&self, buffer: &UnicodeBuffer, leftwards: bool) -> Arc<ShapePlan> {
        let (script, direction, language) = (buffer.script(), buffer.direction(), buffer.language());
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = || ShapePlan::new(&self.face, direction, Some(script), language.as_ref(), &[]);
        Arc::clone(plans.entry((script, leftwards)).or_insert_with(|| Arc::new(plan())))
    }

    fn shape(&self, text: &str) -> Run {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let leftwards = buffer.direction() == Direction::RightToLeft;
        let plan = self.plan(&buffer, leftwards);
        let shaped = rustybuzz::shape_with_plan(&self.face, &plan, buffer);
        let starts: Vec<usize> = shaped
            .glyph_infos()
            .iter()
            .map(|info| usize::try_from(info.cluster).unwrap_or_default())
            .collect();
        let mut run = Run {
            font: self.font.clone(),
            text: text.to_owned(),
            spelled: None,
            glyphs: Vec::new(),
            width: 0.0,
        };
        let ems = |units: i32| i16::try_from(units).map_or(0.0, f32::from) / self.units;
        for (index, (info, position)) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()).enumerate()
        {
            let range = cluster(&starts, index, leftwards, text.len());
            let advance = ems(position.x_advance);
            run.width += advance;
            run.glyphs.push(KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                advance,
                ems(position.x_offset),
                ems(position.y_offset),
                ems(position.y_advance),
                range,
                None,
            ));
        }
        run
    }

    /// The code points of characters that no font has. To a reader of the document they stand for these.
    fn spell(&self, characters: &str) -> Run {
        let mut run = self.shape(&code_points(characters));
        for glyph in &mut run.glyphs {
            glyph.text_range = 0..characters.len();
        }
        run.spelled = Some(std::mem::replace(&mut run.text, characters.to_owned()));
        run
    }
}

/// `\u{6570 636e}`.
fn code_points(characters: &str) -> String {
    let points: Vec<String> =
        characters.chars().map(|character| format!("{:x}", u32::from(character))).collect();
    format!("\\u{{{}}}", points.join(" "))
}

/// Where a character is drawn from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The font of the text.
    First,
    /// The font of the other alphabets.
    Others,
    /// No font has it.
    None,
}

/// The bytes that a glyph stands for: from the start of its cluster to the start of the next one in the order of the text.
fn cluster(starts: &[usize], index: usize, leftwards: bool, length: usize) -> Range<usize> {
    let start = starts.get(index).copied().unwrap_or_default();
    let other = |at: &&usize| **at != start;
    let next = if leftwards {
        starts.get(..index).unwrap_or_default().iter().rev().find(other)
    } else {
        starts.get(index..).unwrap_or_default().iter().find(other)
    };
    let end = next.copied().unwrap_or(length);
    start..end.max(start)
}

impl Fonts {
    /// The fonts, which are part of the program; `None` where one is damaged.
    pub(super) fn get() -> Option<&'static Self> {
        static FONTS: OnceLock<Option<Fonts>> = OnceLock::new();
        FONTS.get_or_init(Self::load).as_ref()
    }

    fn load() -> Option<Self> {
        Some(Self { regular: Cut::load(REGULAR)?, bold: Cut::load(BOLD)?, others: Cut::load(OTHERS)? })
    }

    /// The text on one line.
    pub(super) fn line(&self, weight: Weight, text: &str) -> Line {
        let first = match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        };
        let mut line = Line::default();
        let mut add = |run: Run| {
            line.width += run.width;
            line.runs.push(run);
        };
        let run = |source: Source, text: &str| match source {
            Source::First => first.shape(text),
            Source::Others => self.others.shape(text),
            Source::None => self.others.spell(text),
        };
        let mut pending = String::new();
        let mut source = Source::First;
        for character in text.chars() {
            // What an alphabet shares with others, such as a blank or an accent, stays in its font.
            let stays =
                source == Source::Others && !character.is_ascii_alphanumeric() && self.others.has(character);
            let here = if stays { Source::Others } else { self.source(first, character) };
            if here != source && !pending.is_empty() {
                add(run(source, &pending));
                pending.clear();
            }
            source = here;
            pending.push(character);
        }
        if !pending.is_empty() {
            add(run(source, &pending));
        }
        line
    }

    fn source(&self, first: &Cut, character: char) -> Source {
        if first.has(character) {
            Source::First
        } else if self.others.has(character) {
            Source::Others
        } else {
            Source::None
        }
    }

    /// Whether some of the text must be written as code points.
    pub(super) fn lack(&self, text: &str) -> bool {
        let cuts = [&self.regular, &self.bold];
        text.chars().any(|char| cuts.iter().any(|cut| self.source(cut, char) == Source::None))
    }

    /// The text, or as much of its beginning as fits, with an ellipsis.
    pub(super) fn fit(&self, weight: Weight, text: &str, size: f32, width: f32) -> Line {
        let text = beginning(text, room(size, width));
        let line = self.line(weight, &text);
        if line.width * size <= width {
            return line;
        }
        // The ellipsis at least.
        let is_short = |characters| self.cut(weight, &text, characters).width * size <= width;
        self.cut(weight, &text, longest(text.chars().count(), is_short))
    }

    /// All of the text on as many lines as it needs, broken anywhere.
    pub(super) fn broken(&self, weight: Weight, text: &str, size: f32, width: f32) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut rest: Vec<char> = text.chars().collect();
        while !rest.is_empty() {
            let line = |characters: usize| {
                let beginning: String = rest.iter().take(characters).collect();
                self.line(weight, &beginning)
            };
            let most = room(size, width).min(rest.len());
            let is_short = |characters| line(characters).width * size <= width;
            let mut characters = if is_short(most) { most } else { longest(most, is_short).max(1) };
            // As in the terminal: no line begins with what a CI service may take for a command (see `crate::visible`).
            while characters > 1 && rest.get(characters..).is_some_and(|rest| rest.starts_with(&[':', ':'])) {
                characters -= 1;
            }
            lines.push(line(characters));
            rest.drain(..characters);
        }
        lines
    }

    fn cut(&self, weight: Weight, text: &str, characters: usize) -> Line {
        let text: String = text.chars().take(characters).chain(['…']).collect();
        self.line(weight, &text)
    }

    /// The text on as many lines as it needs.
    pub(super) fn wrap(&self, weight: Weight, text: &str, size: f32, width: f32) -> Vec<Line> {
        let text = beginning(text, LONGEST);
        let blank = self.line(weight, " ").width;
        let mut lines = Vec::new();
        let (mut current, mut used) = (String::new(), 0.0);
        for word in text.split_whitespace() {
            let length = self.line(weight, &beginning(word, room(size, width))).width;
            if !current.is_empty() && (used + blank + length) * size > width {
                lines.push(self.fit(weight, &current, size, width));
                (current, used) = (String::new(), 0.0);
            }
            if !current.is_empty() {
                current.push(' ');
                used += blank;
            }
            current.push_str(word);
            used += length;
        }
        if !current.is_empty() {
            lines.push(self.fit(weight, &current, size, width));
        }
        lines
    }
}

/// The greatest number below `too_long` that fits, where 0 does.
fn longest(too_long: usize, is_short: impl Fn(usize) -> bool) -> usize {
    let (mut fits, mut too_long) = (0, too_long);
    while fits + 1 < too_long {
        let middle = usize::midpoint(fits, too_long);
        if is_short(middle) {
            fits = middle;
        } else {
            too_long = middle;
        }
    }
    fits
}

/// How many characters can have any room in a width: few are narrower than a fifth of an em.
fn room(size: f32, width: f32) -> usize {
    let narrow = (1_u16..2000).take_while(|count| f32::from(*count) * size * 0.2 <= width).count();
    narrow + 8
}

/// At most so many characters, and an ellipsis for what is left out.
fn beginning(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        None => text.into(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
    }
}
