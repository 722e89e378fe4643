//! An explanation to read in a terminal: the key, its timeline as a drawing, the facts, the derivation, and what would tell
//! more. The drawing is plain ASCII, so that it is the same on every terminal and in every ticket it is copied into.

use super::Style;
use super::page::{BOLD, DIM, PLAIN, Page};
use crate::explanation::Explanation;
use crate::timeline::{BarKind, MarkKind, Timeline, arrange};
use crate::visible::visible;

/// The columns of a drawing where the terminal tells none.
const WIDTH: usize = 100;
/// The columns before the line.
const MARGIN: usize = 10;
/// The columns of a label, beside text.
const LABEL: usize = 14;

/// What stands for a stretch of time.
const fn fill(kind: BarKind) -> char {
    match kind {
        BarKind::Covered => '#',
        BarKind::Asserted => ':',
        BarKind::Gap => '.',
        BarKind::Start => '?',
        BarKind::Inactive => '=',
    }
}

/// What stands for a moment.
const fn sign(kind: MarkKind) -> char {
    match kind {
        MarkKind::Created => 'C',
        MarkKind::SwitchedOn => '+',
        MarkKind::SwitchedOff => '-',
        MarkKind::SeenActive => 'A',
        MarkKind::SeenInactive => 'I',
        MarkKind::LastUsed => 'U',
        MarkKind::Threshold => 'T',
        MarkKind::Now => 'N',
    }
}

const LEGEND: &str = "history: # complete, : asserted to be, . not known. inactive: = was, ? began somewhere here. \
    C created, + set Active, - set Inactive, A seen Active, I seen Inactive, U last used, T threshold, N now";

/// The explanation of one key.
pub fn explanation(explanation: &Explanation, timeline: &Timeline, style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    page.paragraph(0, BOLD, &sentence(&visible(&explanation.summary)));
    page.blank();
    for detail in &explanation.subject {
        page.labelled(LABEL, detail.label, PLAIN, &visible(&detail.text));
    }
    page.heading("Timeline");
    for line in drawing(timeline, style.width.unwrap_or(WIDTH)) {
        page.painted(PLAIN, &line);
        page.blank();
    }
    page.paragraph(0, DIM, LEGEND);
    page.heading("Facts");
    for fact in &explanation.facts {
        page.paragraph(2, PLAIN, &sentence(&visible(&fact.text)));
    }
    page.heading("Why");
    for step in &explanation.steps {
        page.labelled(LABEL, step.topic.title(), PLAIN, &visible(&step.text));
    }
    if !explanation.outlook.is_empty() {
        page.heading("What would tell more");
        for text in &explanation.outlook {
            page.paragraph(2, PLAIN, &visible(text));
        }
    }
    page.into_text()
}

/// A text with a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

/// The lines of the drawing, each of at most `width` columns.
fn drawing(timeline: &Timeline, width: usize) -> Vec<String> {
    let room = width.clamp(60, 160) - MARGIN - 1;
    let history =
        row(timeline, room, |kind| matches!(kind, BarKind::Covered | BarKind::Asserted | BarKind::Gap));
    let inactive = row(timeline, room, |kind| matches!(kind, BarKind::Start | BarKind::Inactive));
    let mut lines = vec![labelled("history", &history), labelled("inactive", &inactive)];
    let marks: Vec<(f64, String)> =
        timeline.marks.iter().map(|mark| (mark.place, sign(mark.kind).to_string())).collect();
    lines.extend(
        placed(&marks, room, 0)
            .iter()
            .enumerate()
            .map(|(number, line)| labelled(if number == 0 { "events" } else { "" }, line)),
    );
    let days: Vec<(f64, String)> =
        timeline.days().into_iter().map(|label| (label.place, label.text)).collect();
    lines.extend(placed(&days, room, 1).iter().map(|line| labelled("", line)));
    if let Some(cut) = timeline.scale.cut() {
        lines
            .push(labelled("", &format!("The time before {} is pressed together.", crate::words::date(cut))));
    }
    lines
}

fn labelled(label: &str, line: &str) -> String {
    format!("{label:MARGIN$}{line}").trim_end().to_owned()
}

/// The bars of the chosen kinds, later ones over earlier ones.
fn row(timeline: &Timeline, room: usize, chosen: impl Fn(BarKind) -> bool) -> String {
    let mut columns = vec![' '; room];
    for bar in timeline.bars.iter().filter(|bar| chosen(bar.kind)) {
        let (from, to) = (column(bar.begins, room), column(bar.ends, room));
        // The shortest stretch takes a column: it is there.
        columns[from..=to].fill(fill(bar.kind));
    }
    columns.into_iter().collect()
}

/// The column of a place on the line.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "places lie from 0 to 1, and a line has fewer than 200 columns"
)]
fn column(place: f64, room: usize) -> usize {
    ((place * (room - 1) as f64).round() as usize).min(room - 1)
}

/// Texts below their places, in as many rows as they need.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a line has fewer than 200 columns"
)]
fn placed(texts: &[(f64, String)], room: usize, gap: usize) -> Vec<String> {
    let labels: Vec<(f64, f64)> = texts.iter().map(|(place, text)| (*place, text.len() as f64)).collect();
    let mut rows: Vec<Vec<char>> = Vec::new();
    for ((row, left), (_, text)) in arrange(&labels, room as f64, gap as f64).into_iter().zip(texts) {
        if rows.len() <= row {
            rows.resize(row + 1, vec![' '; room]);
        }
        let left = (left.round() as usize).min(room - text.len().min(room));
        for (column, char) in text.chars().enumerate() {
            if let Some(place) = rows[row].get_mut(left + column) {
                *place = char;
            }
        }
    }
    rows.into_iter().map(|row| row.into_iter().collect()).collect()
}
