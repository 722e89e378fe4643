//! The typed operations of the simulated AWS, one file per service. Each takes what AWS takes and gives every field
//! that AWS gives. They are methods of [`crate::Context`], which [`crate::Sim::begin`] hands out; how requests are read
//! and answers are written belongs to the wire.

pub mod cloudtrail;
pub mod iam;
pub mod organizations;
pub mod sts;

/// A tag of a user or of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// `Key`.
    pub key: String,
    /// `Value`.
    pub value: String,
}

impl Tag {
    pub(crate) fn all(tags: &std::collections::BTreeMap<String, String>) -> Vec<Self> {
        tags.iter().map(|(key, value)| Self { key: key.clone(), value: value.clone() }).collect()
    }
}

/// A token or marker that tells a caller nothing: the text in hexadecimal digits.
pub(crate) fn seal(text: &str) -> String {
    let digits = text.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// The text of [`seal`]; `None` for a token that was not made by it.
pub(crate) fn unseal(token: &str) -> Option<String> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = token.as_bytes().chunks(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}
