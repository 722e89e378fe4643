//! Writes the XML of the AWS Query protocol: elements, lists and text with the escaping that hostile names need.
//! Which elements an answer has is decided by the services.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

/// An XML text that grows element by element.
pub(super) struct Xml {
    text: String,
}

impl Xml {
    /// An empty text with room for a small answer.
    pub(super) fn new() -> Self {
        Self { text: String::with_capacity(1024) }
    }

    /// An element that holds what `content` writes. `name` is one of AWS's names: it needs no escaping.
    pub(super) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.open(name, None);
        content(self);
        self.close(name);
    }

    /// An element in an XML namespace.
    pub(super) fn element_in(&mut self, name: &str, namespace: &str, content: impl FnOnce(&mut Self)) {
        self.open(name, Some(namespace));
        content(self);
        self.close(name);
    }

    /// An element that holds a text.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.open(name, None);
        self.text.push_str(&escaped(value));
        self.close(name);
    }

    /// An element that holds a number, a boolean or a date: something that never needs escaping.
    pub(super) fn plain(&mut self, name: &str, value: impl Display) {
        self.open(name, None);
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
        self.close(name);
    }

    /// A list as the Query protocol writes it: one `member` for each item.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut Self, T),
    ) {
        self.open(name, None);
        for value in items {
            self.element("member", |xml| item(xml, value));
        }
        self.close(name);
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, name: &str, items: impl IntoIterator<Item = impl AsRef<str>>) {
        self.element(name, |xml| {
            for value in items {
                xml.text("member", value.as_ref());
            }
        });
    }

    /// What was written.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn open(&mut self, name: &str, namespace: Option<&str>) {
        self.text.push('<');
        self.text.push_str(name);
        if let Some(namespace) = namespace {
            self.text.push_str(" xmlns=\"");
            self.text.push_str(namespace);
            self.text.push('"');
        }
        self.text.push('>');
    }

    fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }
}

/// The text as XML 1.0 may hold it. Characters that XML 1.0 cannot express, even escaped, become U+FFFD.
fn escaped(value: &str) -> Cow<'_, str> {
    if value.chars().all(is_xml) {
        return quick_xml::escape::escape(value);
    }
    let replaced: String = value.chars().map(|char| if is_xml(char) { char } else { '\u{fffd}' }).collect();
    quick_xml::escape::escape(replaced)
}

/// `Char` of XML 1.0.
const fn is_xml(char: char) -> bool {
    !matches!(char, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_are_escaped() {
        let mut xml = Xml::new();
        xml.text("UserName", "a<b>&\"'c\u{1}\rd");
        let text = xml.finish();
        assert_eq!(text, "<UserName>a&lt;b&gt;&amp;&quot;&apos;c\u{fffd}&#13;d</UserName>");
    }

    #[test]
    fn lists_hold_members() {
        let mut xml = Xml::new();
        xml.list("Users", [1, 2], |xml, n| xml.plain("N", n));
        xml.texts("AccountAliases", ["a"]);
        assert_eq!(
            xml.finish(),
            "<Users><member><N>1</N></member><member><N>2</N></member></Users>\
             <AccountAliases><member>a</member></AccountAliases>"
        );
    }
}
