//! Takes in what files tell: keeps their status changes, and notes the spans that somebody asserts to be complete, where
//! nothing that was read speaks against it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use keysweep_core::account::AccountId;
use keysweep_core::archive::Imported;
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{ChangeSource, EventId, StatusChange};
use keysweep_core::key::AccessKeyId;
use keysweep_core::ports::Archive;
use keysweep_core::time::{Instant, Span};

use super::file::{Contents, FileError, Format, NotUnderstood, read};
use super::listing::Listing;

/// What is to be imported.
#[derive(Clone, Debug)]
pub struct Request {
    /// A file, or a directory of them.
    pub path: PathBuf,
    /// The account whose status changes are wanted; without it, each is kept for the account that it names.
    pub account: Option<AccountId>,
    /// Of which time the files are said to hold every status change of that account.
    pub covers: Option<Covers>,
}

/// What somebody asserts.
#[derive(Clone, Debug)]
pub struct Covers {
    /// The account.
    pub account: AccountId,
    /// The spans.
    pub spans: Coverage,
}

/// What came of an import.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Every file in the order of paths, and what it held, or why it cannot be read.
    pub files: Vec<(PathBuf, Result<Summary, FileError>)>,
    /// What was neither a file nor a directory, such as links.
    pub passed_over: Vec<PathBuf>,
    /// Directories that could not be listed, and why.
    pub not_listed: Vec<(PathBuf, String)>,
    /// What was imported, by account.
    pub accounts: BTreeMap<AccountId, Gain>,
    /// Records that were not kept, by file: those that may tell of a status change and do not tell which, unless their event
    /// is known from elsewhere, and those that the account's own event history denies.
    pub not_understood: Vec<(PathBuf, NotUnderstood)>,
    /// What became of the assertion; `None` where nothing was asserted, or it was stopped.
    pub asserted: Option<Result<Coverage, Objection>>,
    /// Whether it was stopped before every file was read.
    pub stopped: bool,
}

/// What a file held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its kind.
    pub format: Format,
    /// How many records it has, of any operation.
    pub records: u64,
    /// How many successful status changes.
    pub changes: u64,
    /// How many refused ones.
    pub refused: u64,
    /// How many status changes of accounts other than the one that was named.
    pub of_other_accounts: u64,
}

/// What was imported of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gain {
    /// How many status changes were not known before.
    pub new: u64,
    /// How many were.
    pub known: u64,
    /// The keys that they are of.
    pub keys: BTreeSet<AccessKeyId>,
}

/// Why an assertion was not noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// A file or a directory could not be read.
    NotAllRead,
    /// None of the files is one of events.
    NoEvents,
    /// A record may be a status change, and does not tell when.
    Undated,
    /// No record is of a Region in which CloudTrail records IAM's events.
    OtherRegion,
    /// A scan read a status change of the span that the files do not hold.
    Missing {
        /// Its event.
        event: EventId,
        /// When it happened.
        at: Instant,
    },
    /// Nothing is left of the spans without the seconds of records that cannot be understood.
    NothingLeft,
}

impl Outcome {
    /// Whether everything was read and understood, and noted as it was asserted.
    pub fn is_complete(&self) -> bool {
        self.files.iter().all(|(_, file)| file.is_ok())
            && self.not_listed.is_empty()
            && self.not_understood.is_empty()
            && !self.stopped
            && !matches!(self.asserted, Some(Err(_)))
    }
}

/// Imports what `request` names into `archive`. Each file is kept as soon as it was read, so that what is done is done; the
/// assertion is noted last, when all of it is known. No further file is begun once `stop` says so.
pub async fn run<A: Archive>(
    request: &Request,
    listing: Listing,
    archive: &A,
    stop: impl Fn() -> bool,
) -> Result<Outcome, A::Error> {
    let mut outcome =
        Outcome { passed_over: listing.passed_over, not_listed: listing.not_listed, ..Outcome::default() };
    let (mut understood, mut held) = (BTreeSet::new(), BTreeSet::new());
    let (mut records, mut of_iam_region) = (0, false);
    let mut known = BTreeMap::new();
    for path in listing.files {
        if stop() {
            outcome.stopped = true;
            return Ok(outcome);
        }
        let contents = open(&path, request.account);
        let summary = match contents {
            Ok(contents) => {
                records += contents.records;
                of_iam_region |= contents.of_iam_region;
                let summary = summary(&contents);
                let (changes, denied) = sort(contents.changes, archive, &mut known).await?;
                let doubtful = contents.not_understood.into_iter().chain(denied);
                let doubtful: Vec<_> = doubtful.map(|record| (path.clone(), record)).collect();
                held.extend(doubtful.iter().filter_map(|(_, record)| record.event.clone()));
                outcome.not_understood.extend(doubtful);
                understood.extend(changes.iter().map(|change| change.event.clone()));
                keep(changes, archive, &mut outcome.accounts).await?;
                Ok(summary)
            }
            Err(error) => Err(error),
        };
        outcome.files.push((path, summary));
    }
    outcome.forget_what_is_known(&understood, archive).await?;
    held.append(&mut understood);
    if let Some(covers) = &request.covers {
        let known = archive.recall(covers.account).await?.changes;
        let elsewhere = records > 0 && !of_iam_region;
        let judged = outcome.judge(covers, &known, &held, elsewhere);
        if let Ok(asserted) = &judged {
            let imported = Imported { changes: Vec::new(), asserted: asserted.clone() };
            archive.import(covers.account, &imported).await?;
        }
        outcome.asserted = Some(judged);
    }
    Ok(outcome)
}

fn open(path: &Path, account: Option<AccountId>) -> Result<Contents, FileError> {
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    let file = File::open(path)
        .map_err(|error| FileError { place: None, reason: format!("it cannot be opened: {error}") })?;
    read(&name, file, account)
}

fn summary(contents: &Contents) -> Summary {
    Summary {
        format: contents.format,
        records: contents.records,
        changes: contents.changes.len() as u64,
        refused: contents.refused,
        of_other_accounts: contents.other_accounts.values().sum(),
    }
}

/// What the archive knew of an account before the import.
struct Known {
    coverage: Coverage,
    events: BTreeSet<EventId>,
}

/// Sorts out changes of which the account's own event history knows nothing, though it was read for their time: who made
/// such a file could make a key look inactive for longer than it is, and have it called proven.
async fn sort<A: Archive>(
    changes: Vec<StatusChange>,
    archive: &A,
    known: &mut BTreeMap<AccountId, Known>,
) -> Result<(Vec<StatusChange>, Vec<NotUnderstood>), A::Error> {
    let (mut believed, mut denied) = (Vec::new(), Vec::new());
    for change in changes {
        let Some(account) = change.account else { continue };
        let known = match known.entry(account) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let remembered = archive.recall(account).await?;
                let events = remembered.changes.into_iter().map(|change| change.event).collect();
                unknown.insert(Known { coverage: remembered.coverage, events })
            }
        };
        if known.coverage.span_at(change.at).is_none() || known.events.contains(&change.event) {
            believed.push(change);
        } else {
            denied.push(NotUnderstood {
                record: match change.source {
                    ChangeSource::File { record, .. } => record,
                    ChangeSource::EventHistory => 0,
                },
                event: Some(change.event),
                at: Some(change.at),
                account: Some(account),
                key: Some(change.key),
                reason:
                    "a scan read the account's own event history of that time, which does not have this event"
                        .to_owned(),
            });
        }
    }
    Ok((believed, denied))
}

/// Keeps the changes of one file, account by account.
async fn keep<A: Archive>(
    changes: Vec<StatusChange>,
    archive: &A,
    gains: &mut BTreeMap<AccountId, Gain>,
) -> Result<(), A::Error> {
    let mut by_account: BTreeMap<AccountId, BTreeMap<EventId, StatusChange>> = BTreeMap::new();
    for change in changes {
        let Some(account) = change.account else { continue };
        by_account.entry(account).or_default().insert(change.event.clone(), change);
    }
    for (account, changes) in by_account {
        let changes: Vec<StatusChange> = changes.into_values().collect();
        let gain = gains.entry(account).or_default();
        gain.keys.extend(changes.iter().map(|change| change.key.clone()));
        let read = changes.len() as u64;
        let new = archive.import(account, &Imported { changes, asserted: Coverage::none() }).await?;
        gain.new += new;
        gain.known += read.saturating_sub(new);
    }
    Ok(())
}

impl Outcome {
    /// Drops records that cannot be understood where the same event was read elsewhere: in another file of this import, or
    /// by whatever taught it to the archive.
    async fn forget_what_is_known<A: Archive>(
        &mut self,
        understood: &BTreeSet<EventId>,
        archive: &A,
    ) -> Result<(), A::Error> {
        let read =
            |record: &NotUnderstood| record.event.as_ref().is_some_and(|event| understood.contains(event));
        self.not_understood.retain(|(_, record)| !read(record));
        let accounts: BTreeSet<AccountId> =
            self.not_understood.iter().filter_map(|(_, record)| record.account).collect();
        for account in accounts {
            let known = archive.recall(account).await?.changes;
            let known: BTreeSet<&EventId> = known.iter().map(|change| &change.event).collect();
            self.not_understood.retain(|(_, record)| {
                record.account != Some(account)
                    || record.event.as_ref().is_none_or(|event| !known.contains(event))
            });
        }
        Ok(())
    }

    /// What of the spans can be noted as asserted.
    fn judge(
        &self,
        covers: &Covers,
        known: &[StatusChange],
        held: &BTreeSet<EventId>,
        elsewhere: bool,
    ) -> Result<Coverage, Objection> {
        if !self.not_listed.is_empty() || self.files.iter().any(|(_, file)| file.is_err()) {
            return Err(Objection::NotAllRead);
        }
        let of_events = |summary: &Summary| summary.format != Format::Digest;
        if !self.files.iter().any(|(_, file)| file.as_ref().is_ok_and(of_events)) {
            return Err(Objection::NoEvents);
        }
        if elsewhere {
            return Err(Objection::OtherRegion);
        }
        let missing = known
            .iter()
            .filter(|change| change.source == ChangeSource::EventHistory)
            .find(|change| covers.spans.span_at(change.at).is_some() && !held.contains(&change.event));
        if let Some(change) = missing {
            return Err(Objection::Missing { event: change.event.clone(), at: change.at });
        }
        let mut asserted = covers.spans.clone();
        for (_, record) in &self.not_understood {
            if record.account.is_some_and(|account| account != covers.account) {
                continue;
            }
            let at = record.at.ok_or(Objection::Undated)?;
            if let Some(hole) = Span::new(at, at.next()) {
                asserted = asserted.without(hole);
            }
        }
        if asserted.is_empty() { Err(Objection::NothingLeft) } else { Ok(asserted) }
    }
}
