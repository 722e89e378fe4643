//! What is exempt from clean-up: the exemptions of the store and those of a reviewed file, together. Whatever cannot be read
//! is an error, and whoever asks then deletes nothing.

use std::path::{Path, PathBuf};

use keysweep_core::exemption::{Exemption, Exemptions, KEEP_TAG, NotAnExemption, NotProtected, Protected};
use keysweep_core::ports::{Agreements as _, ExemptionSource};
use keysweep_core::time::Instant;
use keysweep_store::{Sql, StoreError};
use serde::Deserialize;

/// The file that is read where none is named.
pub const DEFAULT_FILE: &str = "exemptions.toml";

/// Why the exemptions are not known.
#[derive(Debug, thiserror::Error)]
pub enum ExemptionsUnknown {
    /// The store could not be read.
    #[error("the exemptions in the store could not be read")]
    Store(#[source] StoreError),
    /// The file could not be read.
    #[error("the exemptions in {} could not be read", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{}: {reason}", .file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Where exemptions are kept.
pub struct Sources<'a> {
    store: &'a Sql,
    file: Option<PathBuf>,
}

impl<'a> Sources<'a> {
    /// The store, and the file that is named or, where there is one, `exemptions.toml` in the working directory.
    pub fn new(store: &'a Sql, named: Option<&Path>) -> Self {
        let usual = Path::new(DEFAULT_FILE);
        // One that is there and cannot be read is to be an error later, not nothing: so its name alone is asked for.
        let file = named.or_else(|| usual.symlink_metadata().is_ok().then_some(usual)).map(Path::to_owned);
        Self { store, file }
    }

    /// The file, where one is read.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl ExemptionSource for Sources<'_> {
    type Error = ExemptionsUnknown;

    async fn exemptions(&self) -> Result<Exemptions, ExemptionsUnknown> {
        let mut list = self.store.kept_exemptions().await.map_err(ExemptionsUnknown::Store)?;
        let mut tags = vec![KEEP_TAG.to_owned()];
        if let Some(file) = &self.file {
            let text = std::fs::read_to_string(file)
                .map_err(|source| ExemptionsUnknown::Unreadable { file: file.clone(), source })?;
            let wrong = |reason| ExemptionsUnknown::Wrong { file: file.clone(), reason };
            let (more, keep_tags) = read(&text).map_err(wrong)?;
            list.extend(more);
            tags.extend(keep_tags);
        }
        Ok(Exemptions::new(list, tags))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileV1 {
    /// Tags that protect beside `keysweep:keep`.
    #[serde(default)]
    keep_tags: Vec<String>,
    #[serde(default)]
    exemption: Vec<ExemptionV1>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemptionV1 {
    id: String,
    protects: String,
    reason: String,
    author: String,
    created: String,
    expires: String,
}

/// A day, which begins at midnight UTC, or a moment such as `2026-11-23T09:00:00Z`.
pub fn moment(text: &str) -> Result<Instant, String> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    whole.parse().map_err(|_| {
        format!("{text:?} is neither a day such as 2026-11-23 nor a moment such as 2026-11-23T09:00:00Z")
    })
}

/// The exemptions that a file lists, and its further keep tags. One that is wrong makes the whole file wrong.
fn read(text: &str) -> Result<(Vec<Exemption>, Vec<String>), String> {
    let file: FileV1 = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut list: Vec<Exemption> = Vec::new();
    for (at, written) in file.exemption.into_iter().enumerate() {
        let place = |reason: String| format!("exemption {} ({:?}): {reason}", at + 1, written.id);
        let protects: Protected =
            written.protects.parse().map_err(|error: NotProtected| place(error.to_string()))?;
        let created = moment(&written.created).map_err(|reason| place(format!("created: {reason}")))?;
        let expires = moment(&written.expires).map_err(|reason| place(format!("expires: {reason}")))?;
        let exemption =
            Exemption::new(&written.id, protects, &written.reason, &written.author, created, expires)
                .map_err(|error: NotAnExemption| place(error.to_string()))?;
        if list.iter().any(|other| other.id() == exemption.id()) {
            return Err(place("another exemption of the file has this id".to_owned()));
        }
        list.push(exemption);
    }
    if file.keep_tags.iter().any(|tag| tag.trim().is_empty()) {
        return Err("keep_tags: a tag has no name".to_owned());
    }
    Ok((list, file.keep_tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
keep_tags = ["team:keep"]
[[exemption]]
id = "bank"
protects = "account:111122223333"
reason = "switched on for the yearly transfer"
author = "alice"
created = "2026-11-01"
expires = "2027-10-31T12:00:00Z"
"#;

    #[test]
    fn a_file_is_read_with_days_and_moments() {
        let (list, tags) = read(GOOD).unwrap();
        assert_eq!(tags, ["team:keep"]);
        assert_eq!(list[0].id(), "bank");
        assert_eq!(list[0].created(), "2026-11-01T00:00:00Z".parse().unwrap());
        assert_eq!(list[0].expires(), "2027-10-31T12:00:00Z".parse().unwrap());
        assert!(read("").unwrap().0.is_empty());
    }

    #[test]
    fn a_file_with_anything_wrong_in_it_is_refused_as_a_whole_and_says_what() {
        for (from, to, says) in [
            ("account:111122223333", "account:42", "does not say what to protect"),
            ("account:111122223333", "user:*", "does not say what to protect"),
            ("switched on for the yearly transfer", "", "no reason"),
            ("\"alice\"", "\" \"", "no author"),
            ("2027-10-31T12:00:00Z", "2028-10-31", "more than a year"),
            ("2027-10-31T12:00:00Z", "2026-02-30", "neither a day"),
            ("expires", "until", "until"),
            ("team:keep", " ", "keep_tags"),
        ] {
            let error = read(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(says), "{to}: {error}");
        }
        let twice = format!("{GOOD}{}", GOOD.replace("keep_tags = [\"team:keep\"]", ""));
        assert!(read(&twice).unwrap_err().contains("has this id"));
    }
}
