//! The scans that a store keeps, in a terminal: a table, or, where that does not fit, each in two lines.

use keysweep_core::archive::ScanRecord;

use super::Style;
use super::page::{BAD, BOLD, DIM, DOUBT, PLAIN, Page};
use super::table::{Column, draw};
use crate::history::Line;
use crate::visible::visible;
use crate::words::grouped;

/// The list, in the order that it is given: the newest first.
pub fn history(scans: &[ScanRecord], style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    if scans.is_empty() {
        page.paragraph(0, PLAIN, "There is no scan in the store.");
        return page.into_text();
    }
    let shown: Vec<Line<'_>> = scans.iter().take(style.max_rows).map(Line::of).collect();
    if !table(&mut page, &shown) {
        for line in &shown {
            in_two_lines(&mut page, line);
        }
    }
    if scans.len() > shown.len() {
        let more = grouped((scans.len() - shown.len()) as u64);
        page.paragraph(2, DIM, &format!("{more} older: keysweep history --format json has all of them"));
    }
    page.into_text()
}

const fn paint(line: &Line<'_>) -> anstyle::Style {
    if line.is_complete { PLAIN } else { DOUBT }
}

fn table(page: &mut Page, lines: &[Line<'_>]) -> bool {
    let column = |header, right, least| Column { header, right, least };
    let columns = [
        column("BEGUN", false, None),
        column("SCOPE", false, Some(12)),
        column("COVERAGE", false, None),
        column("LONG-TERM", true, None),
        column("INACTIVE", true, None),
        column("CALLS", true, None),
        column("DURATION", false, None),
        column("ID", false, None),
    ];
    let row = |line: &Line<'_>| {
        vec![
            (line.begun.clone(), PLAIN),
            (visible(&line.scope).into_owned(), PLAIN),
            (line.coverage.clone(), paint(line)),
            (line.long_term.clone(), if line.has_long_term_keys { BAD } else { PLAIN }),
            (line.inactive.clone(), PLAIN),
            (line.calls.clone(), PLAIN),
            (line.duration.clone(), PLAIN),
            (visible(line.id).into_owned(), DIM),
        ]
    };
    let rows: Vec<_> = lines.iter().map(row).collect();
    draw(page, &columns, &rows)
}

fn in_two_lines(page: &mut Page, line: &Line<'_>) {
    page.paragraph(0, BOLD, &format!("{}  {}", line.begun, visible(&line.scope)));
    page.paragraph(2, paint(line), &line.coverage);
    if line.is_finished {
        let (long_term, inactive) = (&line.long_term, &line.inactive);
        let found = format!(
            "long-term {long_term}, inactive {inactive}, calls {}, took {}",
            line.calls, line.duration
        );
        page.paragraph(2, PLAIN, &found);
    }
    page.paragraph(2, DIM, &visible(line.id));
}
