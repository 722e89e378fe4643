//! The one way for a text to get into the page: masked, with hidden characters made visible, and escaped. It is harmless
//! between tags and inside a quoted attribute; nothing from outside is ever written elsewhere.

use std::fmt;

use crate::mask::Mask;
use crate::visible::visible;

/// Texts as they may stand in the page.
pub(super) struct Texts<'a>(pub(super) &'a Mask<'a>);

/// A text that is written escaped.
pub(super) struct Text(String);

impl Texts<'_> {
    /// The text as it may stand in the page.
    pub(super) fn of(&self, text: &str) -> Text {
        Text(visible(&self.0.text(text)).into_owned())
    }

    /// Lines of our own, such as commands.
    #[expect(clippy::unused_self, reason = "it stands with the other ways of a text into the page")]
    pub(super) fn lines(&self, lines: &[&str]) -> Text {
        Text(lines.join("\n"))
    }

    /// The text, or a dash where there is none.
    pub(super) fn maybe(&self, text: Option<&str>) -> Text {
        text.map_or_else(|| Text("–".to_owned()), |text| self.of(text))
    }
}

/// A text whose days are not broken at the end of a line. It costs bytes, so texts that are in every card are without.
pub(super) struct Dated(Text);

impl Text {
    /// With its days kept whole.
    pub(super) const fn dated(self) -> Dated {
        Dated(self)
    }
}

impl fmt::Display for Dated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.0.to_string();
        let mut rest = escaped.as_str();
        while let Some(at) = rest.as_bytes().windows(DAY.len()).position(is_day) {
            let (before, from) = rest.split_at(at);
            let (day, after) = from.split_at(DAY.len());
            write!(f, "{before}<time>{day}</time>")?;
            rest = after;
        }
        f.write_str(rest)
    }
}

/// A day, `9` for any digit.
const DAY: &[u8] = b"9999-99-99";

fn is_day(text: &[u8]) -> bool {
    text.iter().zip(DAY).all(|(byte, of)| if *of == b'9' { byte.is_ascii_digit() } else { byte == of })
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_str();
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (before, special) = rest.split_at(at);
            f.write_str(before)?;
            f.write_str(match special.as_bytes().first() {
                Some(b'&') => "&amp;",
                Some(b'<') => "&lt;",
                Some(b'>') => "&gt;",
                Some(b'"') => "&quot;",
                _ => "&#39;",
            })?;
            rest = special.get(1..).unwrap_or_default();
        }
        f.write_str(rest)
    }
}
