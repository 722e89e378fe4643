//! The page that the summary is written on: lines that fit the terminal, counted in the columns that a terminal gives to
//! a text, with colour around them where it is wanted.

use anstyle::{AnsiColor, Style as Paint};
use keysweep_core::rule::Severity;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

pub(super) const PLAIN: Paint = Paint::new();
pub(super) const BOLD: Paint = Paint::new().bold();
pub(super) const DIM: Paint = Paint::new().dimmed();
pub(super) const BAD: Paint = AnsiColor::Red.on_default().bold();
pub(super) const DOUBT: Paint = AnsiColor::Yellow.on_default();
pub(super) const GOOD: Paint = AnsiColor::Green.on_default();

/// How a severity is painted.
pub(super) const fn paint_of(severity: Severity) -> Paint {
    match severity {
        Severity::Critical | Severity::High => BAD,
        Severity::Medium => DOUBT,
        Severity::Low => PLAIN,
        Severity::Informational => DIM,
    }
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    // Counted by character, so that the width of a text is the sum of the widths of its parts: a sequence that a
    // terminal may or may not draw as one sign is counted as the larger of the two.
    text.chars().map(|char| char.width().unwrap_or(0)).sum::<usize>().max(text.width())
}

/// The text, or as much of it as fits with `…` at its end.
pub(super) fn shorten(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let (head, _) = split(text, room.saturating_sub(1));
    if room == 0 { String::new() } else { format!("{head}…") }
}

/// The longest beginning that takes no more than `room` columns, and the rest.
fn split(text: &str, room: usize) -> (&str, &str) {
    let mut used = 0;
    let end = text.char_indices().find(|(_, char)| {
        used += char.width().unwrap_or(0);
        used > room
    });
    text.split_at(end.map_or(text.len(), |(at, _)| at))
}

/// [`split`], and the rest does not begin with `::`, which a line of a step of GitHub Actions must not (see
/// [`crate::visible`]), as long as something else is to be had.
fn split_word(word: &str, room: usize) -> (&str, &str) {
    let (head, rest) = split(word, room);
    if !rest.starts_with("::") {
        return (head, rest);
    }
    let before =
        head.char_indices().rev().map(|(at, _)| at).find(|&at| at > 0 && !word[at..].starts_with("::"));
    before.map_or((head, rest), |at| word.split_at(at))
}

/// The text in lines of at most `room` columns, broken at spaces; words that are longer than a line are cut.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(2); // A character can be two columns wide.
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        loop {
            let line = lines.last_mut().map_or(0, |line| width(line));
            let gap = usize::from(line > 0);
            if line + gap + width(word) <= room {
                if let Some(last) = lines.last_mut() {
                    last.push_str(if gap == 1 { " " } else { "" });
                    last.push_str(word);
                }
                break;
            }
            if line > 0 {
                lines.push(String::new());
                continue;
            }
            let (head, rest) = split_word(word, room);
            if let Some(last) = lines.last_mut() {
                last.push_str(head);
            }
            lines.push(String::new());
            word = rest;
        }
    }
    lines
}

/// Lines of text, made from top to bottom.
pub(super) struct Page {
    text: String,
    colour: bool,
    width: Option<usize>,
}

/// The narrowest terminal that the summary is laid out for.
const NARROWEST: usize = 60;

impl Page {
    pub(super) fn new(colour: bool, width: Option<usize>) -> Self {
        Self { text: String::new(), colour, width: width.map(|width| width.max(NARROWEST)) }
    }

    pub(super) const fn width(&self) -> Option<usize> {
        self.width
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.blank();
        self.paragraph(0, BOLD, text);
    }

    /// A text that goes on in the next line, `indent` columns from the left, where it does not fit.
    pub(super) fn paragraph(&mut self, indent: usize, paint: Paint, text: &str) {
        self.labelled(indent, "", paint, text);
    }

    /// A paragraph with a label in its indent.
    pub(super) fn labelled(&mut self, indent: usize, label: &str, paint: Paint, text: &str) {
        let lines = match self.width {
            Some(width) => wrap(text, width.saturating_sub(indent)),
            None => vec![text.to_owned()],
        };
        for (number, line) in lines.iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            self.painted(DIM, label);
            self.spaces(indent.saturating_sub(width(label)));
            self.painted(paint, line);
            self.blank();
        }
    }

    pub(super) fn spaces(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }

    /// A piece of a line, as it is.
    pub(super) fn painted(&mut self, paint: Paint, text: &str) {
        if self.colour && paint != PLAIN && !text.is_empty() {
            self.text.push_str(&paint.render().to_string());
            self.text.push_str(text);
            self.text.push_str(&paint.render_reset().to_string());
        } else {
            self.text.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortened_text_fits() {
        for (text, room, shown) in [
            ("production", 10, "production"),
            ("production", 9, "producti…"),
            ("数据平台", 8, "数据平台"),
            ("数据平台", 7, "数据平…"),
            ("数据平台", 6, "数据…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ] {
            assert_eq!(shorten(text, room), shown);
        }
    }

    #[test]
    fn no_line_begins_with_two_colons_because_a_word_was_cut_there() {
        let text = "arn:aws:iam::111122223333:user/::stop-commands::x/y";
        for room in 3..60 {
            assert!(wrap(text, room).iter().all(|line| !line.starts_with("::")), "{room}");
        }
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing() {
        let text = "one two three arn:aws:iam::111122223333:user/x 数据平台数据平台";
        for room in 2..40 {
            let lines = wrap(text, room);
            assert!(lines.iter().all(|line| width(line) <= room), "{room}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
