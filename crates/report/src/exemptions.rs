//! The exemptions that are kept, and what they say of keys. The terminal ([`crate::terminal::exemptions`]) takes its words from
//! here; the JSON is `keysweep.exemptions/v1` and `keysweep.exemption-check/v1`, frozen as those of the assessment are.

use keysweep_core::account::AccountId;
use keysweep_core::exemption::{Exemption, Standing};
use keysweep_core::key::AccessKeyId;
use keysweep_core::time::Instant;
use serde::Serialize;

use crate::json::finding_v1::ExemptionV1;
use crate::json::layout::Layout;
use crate::json::v1::Time;
use crate::mask::Mask;
use crate::words;

/// The name of the schema of the list.
pub const LIST_SCHEMA: &str = "keysweep.exemptions/v1";
/// The name of the schema of a check.
pub const CHECK_SCHEMA: &str = "keysweep.exemption-check/v1";

/// An exemption and where it is kept.
#[derive(Clone, Debug)]
pub struct Kept<'a> {
    /// The exemption.
    pub exemption: &'a Exemption,
    /// The file and the line; `None` for one in the store.
    pub file: Option<(String, usize)>,
}

impl Kept<'_> {
    /// `store`, or the file and its line.
    pub fn place(&self) -> String {
        self.file.as_ref().map_or_else(|| "store".to_owned(), |(file, line)| format!("{file}:{line}"))
    }
}

/// What an exemption is at the moment.
pub fn state(exemption: &Exemption, now: Instant) -> &'static str {
    if exemption.is_expired(now) { "expired" } else { "in force" }
}

/// A key, and what the exemptions say of it.
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    /// The key.
    pub key: &'a AccessKeyId,
    /// Whose it is, where some scan saw it.
    pub of: Option<(AccountId, &'a str)>,
    /// Where it stands.
    pub standing: Option<Standing>,
    /// When its user's tags were read; `None` where they were not.
    pub tags_read: Option<Instant>,
}

impl Checked<'_> {
    /// Whether it is protected, in words.
    pub fn text(&self) -> String {
        match &self.standing {
            Some(standing) => words::exemption(standing),
            None => "not exempt".to_owned(),
        }
    }
}

#[derive(Serialize)]
struct ListV1<'a> {
    schema: &'static str,
    keep_tags: &'a [String],
    exemptions: Vec<KeptV1<'a>>,
}

#[derive(Serialize)]
struct KeptV1<'a> {
    exemption_id: &'a str,
    protects: String,
    reason: &'a str,
    author: &'a str,
    created_at: Time,
    expires_at: Time,
    expired: bool,
    kept_in: &'static str,
    file: Option<&'a str>,
    line: Option<usize>,
}

impl<'a> KeptV1<'a> {
    fn of(kept: &'a Kept<'_>, now: Instant) -> Self {
        let exemption = kept.exemption;
        Self {
            exemption_id: exemption.id(),
            protects: exemption.protects().to_string(),
            reason: exemption.reason(),
            author: exemption.author(),
            created_at: Time(exemption.created()),
            expires_at: Time(exemption.expires()),
            expired: exemption.is_expired(now),
            kept_in: if kept.file.is_some() { "file" } else { "store" },
            file: kept.file.as_ref().map(|(file, _)| file.as_str()),
            line: kept.file.as_ref().map(|(_, line)| *line),
        }
    }
}

/// The list as a JSON document that ends in a newline.
pub fn list(kept: &[Kept<'_>], keep_tags: &[String], now: Instant) -> std::io::Result<Vec<u8>> {
    let exemptions = kept.iter().map(|kept| KeptV1::of(kept, now)).collect();
    document(&ListV1 { schema: LIST_SCHEMA, keep_tags, exemptions })
}

#[derive(Serialize)]
struct CheckV1<'a> {
    schema: &'static str,
    keys: Vec<CheckedV1<'a>>,
}

#[derive(Serialize)]
struct CheckedV1<'a> {
    access_key_id: &'a str,
    account_id: Option<String>,
    user_name: Option<&'a str>,
    protected: bool,
    exemption: Option<ExemptionV1<'a>>,
    tags_read_at: Option<Time>,
    text: String,
}

/// A check as a JSON document that ends in a newline.
pub fn check(checked: &[Checked<'_>]) -> std::io::Result<Vec<u8>> {
    let mask = Mask::off();
    let keys = checked
        .iter()
        .map(|one| CheckedV1 {
            access_key_id: one.key.as_str(),
            account_id: one.of.map(|(account, _)| account.to_string()),
            user_name: one.of.map(|(_, user)| user),
            protected: one.standing.as_ref().is_some_and(Standing::protects),
            exemption: one.standing.as_ref().map(|standing| ExemptionV1::of(standing, &mask)),
            tags_read_at: one.tags_read.map(Time),
            text: one.text(),
        })
        .collect();
    document(&CheckV1 { schema: CHECK_SCHEMA, keys })
}

fn document(value: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The document, its list: each entry is one line.
    Layout::spread(2).write(value, &mut bytes)?;
    bytes.push(b'\n');
    Ok(bytes)
}
