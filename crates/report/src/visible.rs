//! Makes characters visible that would act on a terminal or a reader instead of being read: control characters, marks
//! that turn the direction of writing, and characters that show nothing; and what a CI service takes for a command in the
//! output of a step. They are escaped, never dropped, so that two different names stay different.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether `char` must not reach a reader as it is.
pub const fn is_hidden(char: char) -> bool {
    matches!(char,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' // control characters (Cc)
        | '\u{ad}' | '\u{34f}' | '\u{61c}' // soft hyphen, grapheme joiner, Arabic letter mark
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' // fillers, Mongolian selectors
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' // zero width, direction marks, line separators
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fe00}'..='\u{fe0f}' // variation selectors
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' // interlinear marks; what XML 1.0 does not allow
        | '\u{e000}'..='\u{f8ff}' // private use
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{10ffff}' // tags, variation selectors, private use
    )
}

/// Whether a service that runs the program could find a command in the text, wherever that is printed: Azure Pipelines
/// (`##vso[`), GitHub Actions (`##[`) and `TeamCity` (`##teamcity[`) look for them anywhere in a line, GitHub Actions for
/// `::error::` at its beginning. A tag, an account's name and the path of a user can hold all of these.
fn may_command(text: &str) -> bool {
    text.contains("##") || text.contains("::") && words_of(text).any(|word| word.starts_with("::"))
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(char::is_whitespace)
}

/// The text with hidden characters escaped as Rust does: `\n`, `\u{202e}`. Of `##`, and of `::` where a word begins with it, one
/// character is escaped too.
pub fn visible(text: &str) -> Cow<'_, str> {
    // Nearly every text is printable ASCII, which is quick to see.
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.chars().any(is_hidden);
    if is_plain && !may_command(text) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let commands = match char {
            '#' => before == '#',
            ':' => before.is_whitespace() && chars.peek() == Some(&':'),
            _ => false,
        };
        match char {
            '\n' | '\r' | '\t' => shown.extend(char.escape_default()),
            // Writing to a String cannot fail.
            char if commands || is_hidden(char) => drop(write!(shown, "\\u{{{:x}}}", u32::from(char))),
            char => shown.push(char),
        }
        before = char;
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown_and_others_are_left() {
        for (text, shown) in [
            ("ci-deploy", "ci-deploy"),
            ("Zoë 数据 e\u{301}", "Zoë 数据 e\u{301}"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\r\n\tb\u{1b}[31m", "a\\r\\n\\tb\\u{1b}[31m"),
            ("\u{200b}", "\\u{200b}"),
            ("arn:aws:iam::111122223333:user/#1", "arn:aws:iam::111122223333:user/#1"),
            ("::error::a ::b::c", "\\u{3a}:error::a \\u{3a}:b::c"),
            ("a\u{3000}::stop-commands::b", "a\u{3000}\\u{3a}:stop-commands::b"),
            ("x##vso[task.prependpath]/tmp", "x#\\u{23}vso[task.prependpath]/tmp"),
            ("###[group]", "#\\u{23}\\u{23}[group]"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn every_control_character_is_hidden() {
        assert!((0..=0x0010_ffff).filter_map(char::from_u32).filter(|c| c.is_control()).all(is_hidden));
    }
}
