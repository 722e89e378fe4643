//! What is said of a command line that cannot be read, without what may be secret in it. clap repeats the words that it refuses,
//! and one of them may be a URL with a password, or one whose path is the secret of a web hook.

use clap::error::{ContextKind, ContextValue};

/// Flags whose values may be secret. What is wrong with one is said without it.
const SECRET: &[&str] = &["--state", "--to", "--external-id"];

/// The error without secrets: of a URL nothing but its scheme is left, and of a value that may be secret nothing.
pub(crate) fn without_secrets(mut error: clap::Error) -> clap::Error {
    let flag = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let is_secret = flag.split_whitespace().next().is_some_and(|flag| SECRET.contains(&flag));
    let said: Vec<(ContextKind, ContextValue)> =
        error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in said {
        let replaced = match value {
            ContextValue::String(text) if kind == ContextKind::InvalidValue && is_secret => {
                ContextValue::String(scheme(&text).unwrap_or_else(|| hidden(&text)))
            }
            ContextValue::String(text) => ContextValue::String(scheme(&text).unwrap_or(text)),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.into_iter().map(|text| scheme(&text).unwrap_or(text)).collect())
            }
            // Advice that repeats a URL, such as to write it behind `--`.
            ContextValue::StyledStrs(texts) => ContextValue::StyledStrs(
                texts.into_iter().filter(|text| scheme(&text.to_string()).is_none()).collect(),
            ),
            _ => continue,
        };
        error.insert(kind, replaced);
    }
    error
}

/// Nothing of a value; an empty one is said to be empty.
fn hidden(text: &str) -> String {
    if text.is_empty() { String::new() } else { "…".to_owned() }
}

/// A text up to the `://` of the URL in it.
fn scheme(text: &str) -> Option<String> {
    text.split_once("://").map(|(before, _)| format!("{before}://…"))
}
