//! The timeline of a key, drawn: what is known above the line, what is concluded below it, moments on it, days under it.
//! Everything stands at a share of the width, so that one drawing fits a screen, a phone and a sheet of paper; what a class
//! looks like is in the style sheet, and what a moment looks like is drawn once for the page.

use std::fmt::Write as _;

use super::text::Texts;
use crate::timeline::{Bar, BarKind, MarkKind, Timeline};

/// What the shapes look like, in the order of the legend.
pub(super) const LEGEND: [(&str, &str); 11] = [
    ("k", "every status change is known"),
    ("a", "somebody asserted that"),
    ("g", "not every change is known"),
    ("s", "it became inactive in here"),
    ("i", "it was inactive"),
    ("b", "created"),
    ("p", "switched on"),
    ("d", "switched off"),
    ("o", "seen"),
    ("e", "last used"),
    ("h", "the threshold"),
];

/// The shapes of moments, to be used by all timelines.
pub(super) const SHAPES: &str = "<svg class=shapes aria-hidden=true><defs><circle id=b r=4 /><path id=p d=\"M0-6 5 3H-5Z\"/><path id=d \
     d=\"M0 6 5-3H-5Z\"/><circle id=o r=2.5 /><path id=e d=\"M0-5 5 0 0 5-5 0Z\"/><path id=z d=\"M-4 5 0-5M0 5 4-5\"/></defs></svg>";

/// Days are written so wide, in hundredths of the width of a wide drawing, and of a narrow one.
const DAY: [f64; 2] = [9.0, 23.0];

const fn bar(kind: BarKind) -> &'static str {
    match kind {
        BarKind::Covered => "k",
        BarKind::Asserted => "a",
        BarKind::Gap => "g",
        BarKind::Start => "s",
        BarKind::Inactive => "i",
    }
}

const fn mark(kind: MarkKind) -> Option<&'static str> {
    match kind {
        MarkKind::Created => Some("b"),
        MarkKind::SwitchedOn => Some("p"),
        MarkKind::SwitchedOff => Some("d"),
        MarkKind::SeenActive | MarkKind::SeenInactive => Some("o"),
        MarkKind::LastUsed => Some("e"),
        MarkKind::Threshold | MarkKind::Now => None,
    }
}

/// The drawing. What it shows is said in words beside it.
pub(super) fn timeline(timeline: &Timeline, texts: &Texts<'_>, svg: &mut String) {
    svg.push_str("<svg class=t aria-hidden=true>");
    // Where it is known to the second, nothing is left of the time in which it became inactive.
    let is_drawn = |part: &&Bar| part.kind != BarKind::Start || part.begins < part.ends;
    for part in timeline.bars.iter().filter(is_drawn) {
        let width = (part.ends - part.begins) * 100.0;
        // Writing to a String cannot fail.
        let _ = write!(
            svg,
            "<rect class={} x={}% width={}% />",
            bar(part.kind),
            Short(part.begins * 100.0),
            Short(width.max(0.2))
        );
    }
    if let Some(cut) = timeline.scale.cut() {
        let _ = write!(svg, "<use href=#z x={}% y=27 />", Short(timeline.scale.place(cut) * 100.0));
    }
    let mut last = None;
    for moment in &timeline.marks {
        let x = Short(moment.place * 100.0).to_string();
        // Looks a few minutes apart are one shape.
        if last.replace((moment.kind, x.clone())) == Some((moment.kind, x.clone())) {
            continue;
        }
        let _ = match mark(moment.kind) {
            Some(shape) => write!(svg, "<use href=#{shape} x={x}% y=27 />"),
            None if moment.kind == MarkKind::Threshold => write!(svg, "<line x1={x}% x2={x}% y1=4 y2=50 />"),
            None => Ok(()),
        };
    }
    days(timeline, texts, svg);
    svg.push_str("</svg>");
}

/// The days under the line: those for which a wide drawing has room, and of them those that a narrow one has room for.
fn days(timeline: &Timeline, texts: &Texts<'_>, svg: &mut String) {
    let days = timeline.days();
    let mut ends = [f64::NEG_INFINITY; 2];
    for (number, day) in days.iter().enumerate() {
        let is_last = number + 1 == days.len() && number > 0;
        let place = day.place * 100.0;
        let fits = [0, 1].map(|size| {
            let (begin, until) =
                if is_last { (place - DAY[size], 200.0) } else { (place, 100.0 - DAY[size]) };
            // The last one ends at its place: the others leave it its room.
            begin >= ends[size] && (is_last || place + DAY[size] <= until)
        });
        if !fits[0] {
            continue;
        }
        for (size, end) in ends.iter_mut().enumerate().filter(|(size, _)| fits[*size]) {
            *end = place + DAY[size];
        }
        let class = match (is_last, fits[1]) {
            (true, _) => " class=z",
            (false, true) => "",
            (false, false) => " class=w",
        };
        let _ = write!(svg, "<text{class} x={}% y=64>{}</text>", Short(place), texts.of(&day.text));
    }
}

/// A number with at most one digit after the point.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round();
        if tenths % 10.0 == 0.0 { write!(f, "{:.0}", self.0) } else { write!(f, "{:.1}", self.0) }
    }
}
