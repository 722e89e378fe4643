//! Marks on pages, before anything is drawn.

use super::style::{BOTTOM, Ink, TOP};
use super::typesetting::Line;

/// Something to be drawn. Measures are in points from the upper left corner of the page.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// A line of text that begins at `left`, on the base line `base`.
    Text { left: f32, base: f32, size: f32, ink: Ink, line: Line },
    /// A filled rectangle with rounded corners.
    Area { left: f32, top: f32, width: f32, height: f32, radius: f32, ink: Ink },
    /// A line.
    Rule { from: (f32, f32), to: (f32, f32), width: f32, dashed: bool, ink: Ink },
}

/// Marks that belong together, and what they are to somebody who does not see them.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// Nothing: decoration.
    Aside(Vec<Mark>),
    /// A heading, by its level.
    Heading { level: u16, text: String, marks: Vec<Mark> },
    /// A paragraph.
    Paragraph(Vec<Mark>),
    /// An item of a list.
    Item(Vec<Mark>),
    /// A drawing, and what it shows in words.
    Figure { alt: String, marks: Vec<Mark> },
    /// A row of a table, by its cells.
    Row { is_header: bool, cells: Vec<Vec<Mark>> },
}

/// A page.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) blocks: Vec<Block>,
    /// Whether it has the usual header.
    pub(super) is_first: bool,
}

/// A place that the outline names.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) page: usize,
    pub(super) top: f32,
}

/// Pages that are filled from top to bottom.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) pages: Vec<Page>,
    pub(super) outline: Vec<Entry>,
    /// How far the last page is filled.
    pub(super) down: f32,
}

impl Flow {
    pub(super) fn new() -> Self {
        Self { pages: vec![Page { is_first: true, ..Page::default() }], outline: Vec::new(), down: TOP }
    }

    /// A new page.
    pub(super) fn turn(&mut self) {
        self.pages.push(Page::default());
        self.down = TOP;
    }

    /// Makes room for something of this height; true where that took a new page.
    pub(super) fn room(&mut self, height: f32) -> bool {
        let is_full = self.down + height > BOTTOM;
        if is_full {
            self.turn();
        }
        is_full
    }

    /// Adds a block to the last page.
    pub(super) fn add(&mut self, block: Block) {
        if let Some(page) = self.pages.last_mut() {
            page.blocks.push(block);
        }
    }

    /// Adds a block to the page before the last.
    pub(super) fn add_before(&mut self, block: Block) {
        if let Some(page) = self.pages.iter_mut().rev().nth(1) {
            page.blocks.push(block);
        }
    }

    /// Names the place that is reached in the outline.
    pub(super) fn name(&mut self, text: &str) {
        let page = self.pages.len().saturating_sub(1);
        self.outline.push(Entry { text: text.to_owned(), page, top: (self.down - 20.0).max(0.0) });
    }
}

/// What marks say, each on a line.
pub(super) fn text(marks: &[Mark]) -> String {
    let texts = marks.iter().filter_map(|mark| match mark {
        Mark::Text { line, .. } => Some(line.text() + "\n"),
        Mark::Area { .. } | Mark::Rule { .. } => None,
    });
    texts.collect()
}

impl Block {
    /// What it says: a row of a table on one line.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Aside(marks)
            | Self::Heading { marks, .. }
            | Self::Paragraph(marks)
            | Self::Item(marks)
            | Self::Figure { marks, .. } => text(marks),
            Self::Row { cells, .. } => {
                let cells: Vec<String> =
                    cells.iter().map(|marks| text(marks).trim_end().replace('\n', " / ")).collect();
                cells.join(" | ") + "\n"
            }
        }
    }
}
