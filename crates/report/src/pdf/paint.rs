//! Draws the pages, with their headers and footers, and tags what is on them for readers that do not see it.

use std::num::NonZeroU16;

use keysweep_core::time::Instant;
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagTree,
};
use krilla::{Document, SerializeSettings};

use super::Report;
use super::flow::{Block, Flow, Mark, Page};
use super::style::{BOTTOM, HEIGHT, Ink, LEFT, LINE, RIGHT, SOFT, WIDTH};
use super::typesetting::Weight::{Bold, Regular};
use crate::{summary, words};

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoDocument {
    /// A page has no size.
    #[error("a page of the PDF could not be made")]
    NoPage,
    /// The library refuses it.
    #[error("the PDF could not be put together: {0}")]
    Refused(String),
}

/// The document's bytes.
pub(super) fn document(report: &Report<'_>, flow: Flow) -> Result<Vec<u8>, NoDocument> {
    let mut document =
        Document::new_with(SerializeSettings { enable_tagging: true, ..SerializeSettings::default() });
    document.set_metadata(metadata(report));
    let mut tree = Tree::default();
    let count = flow.pages.len();
    for (number, page) in (1_usize..).zip(&flow.pages) {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(NoDocument::NoPage)?;
        let mut drawn = document.start_page_with(settings);
        let mut surface = drawn.surface();
        draw(page, &mut surface, &mut tree);
        let [header, footer] = margins(report, page, number, count);
        aside(ArtifactType::Header, &header, &mut surface);
        aside(ArtifactType::Footer, &footer, &mut surface);
        surface.finish();
        drawn.finish();
    }
    let mut outline = Outline::new();
    for entry in flow.outline {
        let destination = XyzDestination::new(entry.page, Point::from_xy(0.0, entry.top));
        outline.push_child(OutlineNode::new(entry.text, destination));
    }
    document.set_outline(outline);
    document.set_tag_tree(tree.finish());
    document.finish().map_err(|error| NoDocument::Refused(format!("{error:?}")))
}

fn metadata(report: &Report<'_>) -> Metadata {
    let metadata = Metadata::new()
        .title(format!("Inactive access keys: {}", summary::headline(&report.totals)))
        .language("en".to_owned())
        .creator(format!("keysweep {}", report.show(&report.assessment.version)))
        .document_id(report.show(&report.assessment.id));
    match date(report.assessment.finished_at) {
        Some(date) => metadata.creation_date(date),
        None => metadata,
    }
}

/// The instant as it is written: `2026-11-23T07:12:34Z`.
fn date(instant: Instant) -> Option<DateTime> {
    let text = instant.to_string();
    let mut parts = text.split(|character: char| !character.is_ascii_digit());
    let year = parts.next()?.parse().ok()?;
    let mut next = || parts.next()?.parse::<u8>().ok();
    let date = DateTime::new(year).month(next()?).day(next()?).hour(next()?).minute(next()?).second(next()?);
    Some(date.utc_offset_hour(0).utc_offset_minute(0))
}

/// What somebody is told who does not see the pages, in reading order. Items and rows that follow each other are one list or
/// one table, over pages too.
#[derive(Default)]
struct Tree {
    nodes: Vec<Node>,
    list: Vec<Node>,
    head: Vec<Node>,
    body: Vec<Node>,
}

impl Tree {
    fn push(&mut self, group: TagGroup) {
        self.close();
        self.nodes.push(group.into());
    }

    /// Ends the list or the table that is open.
    fn close(&mut self) {
        if !self.list.is_empty() {
            let list = std::mem::take(&mut self.list);
            self.nodes.push(TagGroup::with_children(Tag::L(ListNumbering::Decimal), list).into());
        }
        if !self.head.is_empty() || !self.body.is_empty() {
            let head = TagGroup::with_children(Tag::THead, std::mem::take(&mut self.head));
            let body = TagGroup::with_children(Tag::TBody, std::mem::take(&mut self.body));
            let table = TagGroup::with_children(Tag::Table, vec![head.into(), body.into()]);
            self.nodes.push(table.into());
        }
    }

    fn finish(mut self) -> TagTree {
        self.close();
        self.nodes.into()
    }
}

fn draw(page: &Page, surface: &mut Surface<'_>, tree: &mut Tree) {
    for block in &page.blocks {
        match block {
            Block::Aside(marks) => aside(ArtifactType::Other, marks, surface),
            Block::Heading { level, text, marks } => {
                let id = tagged(marks, surface);
                let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
                tree.push(TagGroup::with_children(Tag::Hn(level, Some(text.clone())), vec![id.into()]));
            }
            Block::Paragraph(marks) => {
                let id = tagged(marks, surface);
                tree.push(TagGroup::with_children(Tag::P, vec![id.into()]));
            }
            Block::Item(marks) => {
                let id = tagged(marks, surface);
                let body = TagGroup::with_children(Tag::LBody, vec![id.into()]);
                tree.list.push(TagGroup::with_children(Tag::LI, vec![body.into()]).into());
            }
            Block::Figure { alt, marks } => {
                let id = tagged(marks, surface);
                tree.push(TagGroup::with_children(Tag::Figure(Some(alt.clone())), vec![id.into()]));
            }
            // The header of each further page is the same again.
            Block::Row { is_header: true, cells } if !tree.head.is_empty() => {
                for marks in cells {
                    aside(ArtifactType::Other, marks, surface);
                }
            }
            Block::Row { is_header, cells } => {
                let mut row = TagGroup::new(Tag::TR);
                for marks in cells {
                    let id = tagged(marks, surface);
                    row.push(if *is_header {
                        TagGroup::with_children(Tag::TH(TableHeaderScope::Column), vec![id.into()])
                    } else {
                        TagGroup::with_children(Tag::TD, vec![id.into()])
                    });
                }
                if *is_header { &mut tree.head } else { &mut tree.body }.push(row.into());
            }
        }
    }
}

/// The header, which the first page has not, and the footer.
pub(super) fn margins(report: &Report<'_>, page: &Page, number: usize, count: usize) -> [Vec<Mark>; 2] {
    let facts = format!("{}  ·  {}", report.scope(), words::date(report.assessment.finished_at));
    let header = vec![
        report.text(Bold, "keysweep", 8.5, SOFT, (LEFT, 38.0)),
        report.cut_to(Regular, &facts, (8.5, SOFT), (RIGHT, 38.0), 360.0),
        rule(46.0),
    ];
    let scan = format!("Scan {}", report.show(&report.assessment.id));
    let place = format!("Page {number} of {count}");
    let footer = vec![
        rule(BOTTOM + 18.0),
        report.cut(Regular, &scan, (8.0, SOFT), (LEFT, BOTTOM + 31.0), 360.0),
        report.text_to(Regular, &place, 8.0, SOFT, (RIGHT, BOTTOM + 31.0)),
    ];
    [if page.is_first { Vec::new() } else { header }, footer]
}

const fn rule(down: f32) -> Mark {
    Mark::Rule { from: (LEFT, down), to: (RIGHT, down), width: 0.5, dashed: false, ink: LINE }
}

fn aside(kind: ArtifactType, marks: &[Mark], surface: &mut Surface<'_>) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
    for mark in marks {
        paint(mark, surface);
    }
    surface.end_tagged();
}

fn tagged(marks: &[Mark], surface: &mut Surface<'_>) -> Identifier {
    let id = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
    for mark in marks {
        paint(mark, surface);
    }
    surface.end_tagged();
    id
}

fn paint(mark: &Mark, surface: &mut Surface<'_>) {
    match mark {
        Mark::Text { left, base, size, ink, line } => {
            fill(*ink, surface);
            let mut left = *left;
            for run in &line.runs {
                let start = Point::from_xy(left, *base);
                surface.draw_glyphs(start, &run.glyphs, run.font.clone(), &run.text, *size, false);
                left += run.width * size;
            }
        }
        Mark::Area { left, top, width, height, radius, ink } => {
            fill(*ink, surface);
            if let Some(path) = area((*left, *top), (*width, *height), *radius) {
                surface.draw_path(&path);
            }
        }
        Mark::Rule { from, to, width, dashed, ink } => {
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke {
                paint: color(*ink).into(),
                width: *width,
                dash: dashed.then(|| StrokeDash { array: vec![4.0, 3.0], offset: 0.0 }),
                ..Stroke::default()
            }));
            let mut path = PathBuilder::new();
            path.move_to(from.0, from.1);
            path.line_to(to.0, to.1);
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
            surface.set_stroke(None);
        }
    }
}

fn color(ink: Ink) -> rgb::Color {
    rgb::Color::new(ink.0, ink.1, ink.2)
}

fn fill(ink: Ink, surface: &mut Surface<'_>) {
    surface.set_stroke(None);
    surface.set_fill(Some(Fill {
        paint: color(ink).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::default(),
    }));
}

/// A rectangle with rounded corners; `None` for one without an extent.
fn area((left, top): (f32, f32), (width, height): (f32, f32), radius: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    let radius = radius.min(width / 2.0).min(height / 2.0);
    let (right, bottom) = (left + width, top + height);
    if radius <= 0.0 {
        path.push_rect(Rect::from_ltrb(left, top, right, bottom)?);
        return path.finish();
    }
    // A quarter of a circle by a cubic curve.
    let bend = radius * 0.4477;
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.cubic_to(right - bend, top, right, top + bend, right, top + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - bend, right - bend, bottom, right - radius, bottom);
    path.line_to(left + radius, bottom);
    path.cubic_to(left + bend, bottom, left, bottom - bend, left, bottom - radius);
    path.line_to(left, top + radius);
    path.cubic_to(left, top + bend, left + bend, top, left + radius, top);
    path.close();
    path.finish()
}
