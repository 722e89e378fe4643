//! A table whose lines fit: columns that may shrink lose the ends of their longest texts, first the widest column. A
//! table that does not fit even then is not drawn, and its owner shows the rows another way.

use anstyle::Style as Paint;

use super::page::{DIM, Page, shorten, width};

/// A column.
pub(super) struct Column {
    pub(super) header: &'static str,
    /// Numbers stand on the right.
    pub(super) right: bool,
    /// How narrow it may become; `None` for one that is never shortened.
    pub(super) least: Option<usize>,
}

/// A text and how it is painted.
pub(super) type Cell = (String, Paint);

const INDENT: usize = 2;
const GAP: usize = 2;

/// The widths of the columns, or `None` where the table does not fit into `room`.
fn fit(columns: &[Column], rows: &[Vec<Cell>], room: Option<usize>) -> Option<Vec<usize>> {
    let natural = |(at, column): (usize, &Column)| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|(text, _)| width(text));
        cells.max().unwrap_or(0).max(width(column.header))
    };
    let mut widths: Vec<usize> = columns.iter().enumerate().map(natural).collect();
    let Some(room) = room else { return Some(widths) };
    let frame = INDENT + GAP * columns.len().saturating_sub(1);
    while frame + widths.iter().sum::<usize>() > room {
        let shrinkable = widths.iter_mut().zip(columns).filter_map(|(width, column)| {
            let least = column.least?.max(column.header.len());
            (*width > least).then_some(width)
        });
        *shrinkable.max_by_key(|width| **width)? -= 1;
    }
    Some(widths)
}

/// Draws the table. Whether it did: it does not where the page is too narrow.
pub(super) fn draw(page: &mut Page, columns: &[Column], rows: &[Vec<Cell>]) -> bool {
    let Some(widths) = fit(columns, rows, page.width()) else { return false };
    let header: Vec<Cell> = columns.iter().map(|column| (column.header.to_owned(), DIM)).collect();
    for row in std::iter::once(&header).chain(rows) {
        page.spaces(INDENT);
        let last = row.len().saturating_sub(1);
        for (at, ((text, paint), (column, &room))) in row.iter().zip(columns.iter().zip(&widths)).enumerate()
        {
            let text = shorten(text, room);
            let padding = room.saturating_sub(width(&text));
            page.spaces(if column.right { padding } else { 0 });
            page.painted(*paint, &text);
            // No spaces at the end of a line: they wrap, and they show when a line is copied.
            page.spaces(if at == last { 0 } else { GAP + if column.right { 0 } else { padding } });
        }
        page.blank();
    }
    true
}
