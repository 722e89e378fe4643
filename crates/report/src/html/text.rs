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

    /// The first `length` characters of the text. It is masked before it is cut: what is left of an id looks like none.
    pub(super) fn beginning(&self, text: &str, length: usize) -> Text {
        Text(visible(&self.0.text(text)).chars().take(length).collect())
    }

    /// The text, or a dash where there is none.
    pub(super) fn maybe(&self, text: Option<&str>) -> Text {
        text.map_or_else(|| Text("–".to_owned()), |text| self.of(text))
    }
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
