//! Makes characters visible that would act on a terminal or a reader instead of being read: control characters, marks
//! that turn the direction of writing, and characters that show nothing. They are escaped, never dropped, so that two
//! different names stay different.

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

/// The text with hidden characters escaped as Rust does: `\n`, `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    // Nearly every text is printable ASCII, which is quick to see.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.chars().any(is_hidden) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match char {
            '\n' | '\r' | '\t' => shown.extend(char.escape_default()),
            // Writing to a String cannot fail.
            char if is_hidden(char) => drop(write!(shown, "\\u{{{:x}}}", u32::from(char))),
            char => shown.push(char),
        }
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
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn every_control_character_is_hidden() {
        assert!((0..=0x0010_ffff).filter_map(char::from_u32).filter(|c| c.is_control()).all(is_hidden));
    }
}
