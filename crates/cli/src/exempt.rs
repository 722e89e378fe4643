//! What is exempt from clean-up: the exemptions of the store and those of a reviewed file, together. Whatever cannot be read
//! is an error, and whoever asks then deletes nothing.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use keysweep_aws::SystemClock;
use keysweep_core::exemption::{Exemption, Exemptions, NotAnExemption, Protected};
use keysweep_core::ports::{Agreements as _, Clock as _, ExemptionSource};
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_store::{Sql, StoreError};
use serde::Deserialize;
use toml::Spanned;

use crate::settings::Settings;

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
    #[error("{}, {wrong}", .file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        wrong: Wrong,
    },
}

/// What is wrong with a file of exemptions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Wrong {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

/// Where an exemption is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the store.
    Store,
    /// In a file, on this line.
    File(PathBuf, usize),
}

/// Where exemptions are kept.
pub struct Sources<'a> {
    store: &'a Sql,
    /// The file that the configuration names.
    reviewed: Option<PathBuf>,
    /// The file that a flag or a variable names.
    named: Option<PathBuf>,
    /// [`DEFAULT_FILE`], which stands for the reviewed one where none is named, and whether it was there once.
    default: (PathBuf, AtomicBool),
    keep_tags: Vec<String>,
}

impl<'a> Sources<'a> {
    /// The store; the file that the configuration names or, where there is one, `exemptions.toml` in the working directory; and
    /// the file that a flag or a variable names, which adds to what is exempt and takes nothing away.
    pub fn new(store: &'a Sql, settings: &Settings) -> Self {
        Self {
            store,
            reviewed: settings.of_file.exemptions.clone(),
            named: settings.exemptions.clone(),
            default: (DEFAULT_FILE.into(), AtomicBool::new(false)),
            keep_tags: settings.clean_up.keep_tags.clone(),
        }
    }

    /// The files that are read now, the reviewed one first. One that comes while a clean-up runs counts from then on, and one that
    /// goes away then is an error, not nothing.
    pub fn files(&self) -> Vec<PathBuf> {
        let usual = || {
            let (file, was_there) = &self.default;
            // One that is there and cannot be read is to be an error later, not nothing: so its name alone is asked for.
            let is_there = file.symlink_metadata().is_ok();
            let counts = was_there.fetch_or(is_there, Ordering::Relaxed) || is_there;
            counts.then(|| file.clone())
        };
        let reviewed = self.reviewed.clone().or_else(usual);
        let named = self.named.clone().filter(|file| Some(file) != reviewed.as_ref());
        reviewed.into_iter().chain(named).collect()
    }

    /// Every exemption with where it is kept, and every tag that keeps keys.
    pub async fn all(&self) -> Result<(Vec<(Exemption, Place)>, Vec<String>), ExemptionsUnknown> {
        let kept = self.store.kept_exemptions().await.map_err(ExemptionsUnknown::Store)?;
        let mut all: Vec<_> = kept.into_iter().map(|exemption| (exemption, Place::Store)).collect();
        let mut tags = self.keep_tags.clone();
        let now = SystemClock::new().now();
        for file in self.files() {
            let text = std::fs::read_to_string(&file)
                .map_err(|source| ExemptionsUnknown::Unreadable { file: file.clone(), source })?;
            let read =
                read(&text, now).map_err(|wrong| ExemptionsUnknown::Wrong { file: file.clone(), wrong })?;
            all.extend(read.exemptions.into_iter().map(|(line, one)| (one, Place::File(file.clone(), line))));
            tags.extend(read.keep_tags);
        }
        Ok((all, tags))
    }
}

impl ExemptionSource for Sources<'_> {
    type Error = ExemptionsUnknown;

    async fn exemptions(&self) -> Result<Exemptions, ExemptionsUnknown> {
        let (all, tags) = self.all().await?;
        Ok(Exemptions::new(all.into_iter().map(|(exemption, _)| exemption), tags))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileV1 {
    /// Tags that protect beside `keysweep:keep`.
    #[serde(default)]
    keep_tags: Vec<Spanned<String>>,
    #[serde(default)]
    exemption: Vec<ExemptionV1>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemptionV1 {
    id: Spanned<String>,
    protects: Spanned<String>,
    reason: String,
    author: String,
    created: Spanned<String>,
    expires: Spanned<String>,
}

/// A day, which begins at midnight UTC, or a moment such as `2026-11-23T09:00:00Z`.
pub fn moment(text: &str) -> Result<Instant, String> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    whole.parse().map_err(|_| {
        format!("{text:?} is neither a day such as 2026-11-23 nor a moment such as 2026-11-23T09:00:00Z")
    })
}

/// What a file lists.
#[derive(Debug, Default)]
pub struct Listed {
    /// Its exemptions, each with its line.
    pub exemptions: Vec<(usize, Exemption)>,
    /// Further tags that keep keys.
    pub keep_tags: Vec<String>,
}

/// A day without an hour begins at midnight UTC. Where clocks are ahead of UTC it has begun before: by 14 hours at most.
const A_DAY_AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// The content of a file of exemptions, read at `now`. Anything that is wrong makes the whole file wrong.
pub fn read(text: &str, now: Instant) -> Result<Listed, Wrong> {
    let line_at = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let file: FileV1 = toml::from_str(text).map_err(|error| Wrong {
        line: line_at(error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut listed = Listed::default();
    for written in file.exemption {
        let id = written.id.get_ref().clone();
        let wrong = |place: &Spanned<String>, reason: String| Wrong {
            line: line_at(place.span().start),
            reason: format!("exemption {id:?}: {reason}"),
        };
        let protects = Protected::written(written.protects.get_ref())
            .map_err(|error| wrong(&written.protects, error.to_string()))?;
        let time = |name: &str, at: &Spanned<String>| {
            moment(at.get_ref()).map_err(|reason| wrong(at, format!("{name}: {reason}")))
        };
        let (created, expires) = (time("created", &written.created)?, time("expires", &written.expires)?);
        if created > now + A_DAY_AHEAD {
            let reason = format!(
                "created: {created} is later than now, {now}: an exemption ends a year after it was made"
            );
            return Err(wrong(&written.created, reason));
        }
        let exemption = Exemption::new(&id, protects, &written.reason, &written.author, created, expires)
            .map_err(|error| {
                let place = match error {
                    NotAnExemption::NeverValid { .. } | NotAnExemption::TooLong { .. } => &written.expires,
                    _ => &written.id,
                };
                wrong(place, error.to_string())
            })?;
        if listed.exemptions.iter().any(|(_, other)| other.id() == exemption.id()) {
            return Err(wrong(&written.id, "another exemption of the file has this id".to_owned()));
        }
        listed.exemptions.push((line_at(written.id.span().start), exemption));
    }
    for tag in file.keep_tags {
        if tag.get_ref().trim().is_empty() {
            let reason = "keep_tags: a tag has no name".to_owned();
            return Err(Wrong { line: line_at(tag.span().start), reason });
        }
        let meant = tag.get_ref().trim();
        if meant != tag.get_ref() {
            let reason = format!("keep_tags: {meant:?} was meant, and {:?} is no user's tag", tag.get_ref());
            return Err(Wrong { line: line_at(tag.span().start), reason });
        }
        listed.keep_tags.push(tag.into_inner());
    }
    Ok(listed)
}

/// An exemption as a file has it.
pub fn write(exemption: &Exemption) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    format!(
        "[[exemption]]\nid = {}\nprotects = {}\nreason = {}\nauthor = {}\ncreated = \"{}\"\nexpires = \"{}\"\n",
        quoted(exemption.id()),
        quoted(&exemption.protects().to_string()),
        quoted(exemption.reason()),
        quoted(exemption.author()),
        exemption.created(),
        exemption.expires(),
    )
}

#[cfg(test)]
mod tests {
    use keysweep_store::Location;

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

    /// Each key that a clean-up comes to asks for what is exempt then.
    #[tokio::test]
    async fn a_file_that_comes_counts_at_once_and_one_that_goes_away_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(DEFAULT_FILE);
        let store = Sql::open(&Location::None).await.unwrap();
        let sources = Sources {
            store: &store,
            reviewed: None,
            named: None,
            default: (file.clone(), AtomicBool::new(false)),
            keep_tags: Vec::new(),
        };
        assert_eq!(sources.exemptions().await.unwrap().list().len(), 0);
        std::fs::write(&file, GOOD).unwrap();
        assert_eq!(sources.exemptions().await.unwrap().list().len(), 1);
        std::fs::remove_file(&file).unwrap();
        let gone = sources.exemptions().await.unwrap_err();
        assert!(matches!(gone, ExemptionsUnknown::Unreadable { .. }), "{gone:?}");
    }

    fn read(text: &str) -> Result<Listed, Wrong> {
        super::read(text, "2026-11-23T09:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_file_is_read_with_days_and_moments() {
        let Listed { exemptions, keep_tags } = read(GOOD).unwrap();
        assert_eq!(keep_tags, ["team:keep"]);
        let [(line, exemption)] = &exemptions[..] else { panic!("{exemptions:?}") };
        assert_eq!((*line, exemption.id()), (4, "bank"));
        assert_eq!(exemption.created(), "2026-11-01T00:00:00Z".parse().unwrap());
        assert_eq!(exemption.expires(), "2027-10-31T12:00:00Z".parse().unwrap());
        assert!(read("").unwrap().exemptions.is_empty());
        // Today, where a day has begun that has not in UTC.
        assert!(read(&GOOD.replace("2026-11-01", "2026-11-24")).is_ok());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let hostile = "a \"b\" \\ \n[[exemption]] \u{202e}";
        let exemption = Exemption::new(
            "x\"y",
            "tag:note=\"q\"\\".parse().unwrap(),
            hostile,
            hostile,
            Instant::from_unix(1_000_000_000),
            Instant::from_unix(1_000_086_400),
        )
        .unwrap();
        let listed = read(&format!("{GOOD}\n{}", write(&exemption))).unwrap();
        assert_eq!(listed.exemptions.last().map(|(_, read)| read), Some(&exemption));
    }

    #[test]
    fn a_file_with_anything_wrong_in_it_is_refused_as_a_whole_and_says_what_and_where() {
        for (from, to, line, says) in [
            ("account:111122223333", "account:42", 5, "does not say what to protect"),
            ("account:111122223333", "user:*", 5, "does not say what to protect"),
            ("account:111122223333", "user:arn:aws:iam::*:user/{a,b}", 5, "only * and ? are wildcards"),
            ("switched on for the yearly transfer", "", 4, "no reason"),
            ("\"alice\"", "\" \"", 4, "no author"),
            ("2027-10-31T12:00:00Z", "2028-10-31", 9, "more than a year"),
            ("2027-10-31T12:00:00Z", "2026-10-31", 9, "not after"),
            ("2027-10-31T12:00:00Z", "2026-02-30", 9, "neither a day"),
            ("2026-11-01", "yesterday", 8, "created: "),
            ("2026-11-01", "2026-11-25", 8, "later than now"),
            ("2026-11-01", "2026-11-24T09:00:01Z", 8, "later than now"),
            ("account:", "tag: team=x #", 5, "\"tag:team=x #"),
            ("expires", "until", 9, "until"),
            ("team:keep", " ", 2, "keep_tags"),
            ("team:keep", "team:keep\\t", 2, "keep_tags: \"team:keep\" was meant"),
            ("\"bank\"", "bank", 4, ""),
        ] {
            let wrong = read(&GOOD.replace(from, to)).unwrap_err();
            assert!(wrong.line == line && wrong.reason.contains(says), "{to}: {wrong}");
        }
        let twice = format!("{GOOD}{}", GOOD.replace("keep_tags = [\"team:keep\"]", ""));
        let wrong = read(&twice).unwrap_err();
        assert_eq!((wrong.line, wrong.reason.contains("has this id")), (13, true), "{wrong}");
        let missing = GOOD.replace("author = \"alice\"\n", "");
        assert!(read(&missing).unwrap_err().reason.contains("author"));
    }
}
