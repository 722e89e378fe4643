//! The drawings, as SVG made of shapes with classes: the style sheet colours them for light, dark and print.

use std::fmt::Write as _;

use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::policy::Policy;

use super::text::Texts;
use crate::timeline::{BarKind, MarkKind, Timeline};
use crate::words;

/// The width of a timeline; its labels have the same measure.
const WIDTH: f64 = 800.0;

/// The timeline of a key: what is known above, what is concluded below, moments on the line, days under it.
pub(super) fn timeline(timeline: &Timeline, texts: &Texts<'_>) -> String {
    let mut svg = String::from("<svg viewBox=\"0 0 800 66\" role=\"img\" aria-label=\"Timeline\">");
    for bar in &timeline.bars {
        let y = if matches!(bar.kind, BarKind::Start | BarKind::Inactive) { 28 } else { 12 };
        let (x, width) = (bar.begins * WIDTH, ((bar.ends - bar.begins) * WIDTH).max(1.0));
        // Writing to a String cannot fail.
        let _ = write!(
            svg,
            "<rect class={} x={x:.0} y={y} width={width:.0} height=10><title>{}</title></rect>",
            bar.kind.name(),
            texts.of(&bar.text)
        );
    }
    for mark in &timeline.marks {
        let x = mark.place * WIDTH;
        let _ = match mark.kind {
            MarkKind::Threshold => write!(svg, "<path class=threshold d=\"M{x:.0} 4V46\"/>"),
            _ => write!(
                svg,
                "<circle class=mark cx={x:.0} cy=25 r=3><title>{}</title></circle>",
                mark.kind.name()
            ),
        };
    }
    let mut free = f64::NEG_INFINITY;
    for day in timeline.days() {
        let x = day.place * WIDTH;
        if x < free {
            continue;
        }
        free = x + 75.0;
        let anchor = if x > WIDTH - 60.0 { " text-anchor=end" } else { "" };
        let _ = write!(svg, "<text x={x:.0} y=60{anchor}>{}</text>", texts.of(&day.text));
    }
    svg.push_str("</svg>");
    svg
}

/// How many keys have been inactive for at least how long, in ten equal steps; the threshold as a line.
pub(super) fn ages(findings: &[&Finding], policy: &Policy) -> String {
    let days = |finding: &Finding| words::days_down(finding.at_least()).max(0);
    let threshold = words::days_up(policy.threshold.length());
    let longest = findings.iter().map(|finding| days(finding)).max().unwrap_or(0).max(threshold);
    let step = (longest / 10 + 1).max(1);
    let mut bins = [[0_u32; 2]; 10];
    for finding in findings {
        let bin = usize::try_from(days(finding) / step).unwrap_or(0).min(9);
        bins[bin][usize::from(finding.verdict == Verdict::LongTerm)] += 1;
    }
    let most = f64::from(bins.iter().map(|bin| bin[0] + bin[1]).max().unwrap_or(0).max(1));
    let mut svg = String::from(
        "<svg viewBox=\"0 0 400 150\" role=img aria-label=\"Keys by how long they have been inactive at least\">",
    );
    let mut x = 0;
    let mut from = 0;
    for [others, long_term] in bins {
        let (red, other) = (f64::from(long_term) / most * 100.0, f64::from(others) / most * 100.0);
        let _ = write!(
            svg,
            "<rect class=long-term x={x} y={:.1} width=36 height={red:.1} /><rect class=undetermined x={x} y={:.1} width=36 \
             height={other:.1} /><text x={x} y={:.1}>{}</text><text x={x} y=134>{from}</text>",
            120.0 - red,
            120.0 - red - other,
            115.0 - red - other,
            long_term + others,
        );
        x += 40;
        from += step;
    }
    let line = words::days_down(policy.threshold.length()) * 40 / step;
    let _ = write!(
        svg,
        "<path class=axis d=\"M0 120H400\"/><path class=threshold d=\"M{line} 6V120\"/><text x=0 y=148>days inactive at least; \
         dashed: the threshold</text></svg>"
    );
    svg
}

/// Bars side by side with their names: `rows` has the most important first.
pub(super) fn bars(label: &str, rows: &[(String, u64)], texts: &Texts<'_>) -> String {
    let most = rows.iter().map(|(_, number)| *number).max().unwrap_or(0).max(1);
    let mut svg = format!(
        "<svg viewBox=\"0 0 400 {}\" role=img aria-label=\"{}\">",
        rows.len() * 26 + 4,
        texts.of(label)
    );
    for (row, (name, number)) in rows.iter().enumerate() {
        let (y, width) = (row * 26, number.saturating_mul(340) / most);
        let _ = write!(
            svg,
            "<text x=0 y={}>{}</text><rect class=covered x=0 y={} width={width} height=8 /><text x={} y={}>{}</text>",
            y + 11,
            texts.beginning(name, 52),
            y + 15,
            width + 6,
            y + 23,
            words::grouped(*number)
        );
    }
    svg.push_str("</svg>");
    svg
}
