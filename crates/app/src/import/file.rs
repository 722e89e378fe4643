//! Reads one file of CloudTrail events, of any kind: what it tells of access keys, or why it cannot be read. A file counts
//! as a whole or not at all: of a damaged one nothing is taken, as nobody knows what the damage changed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;

use keysweep_core::account::AccountId;
use keysweep_core::evidence::cloudtrail::{Record, RecordError};
use keysweep_core::evidence::{ChangeSource, EventId, StatusChange};
use keysweep_core::key::AccessKeyId;
use keysweep_core::time::Instant;
use serde::Deserialize;
use serde_json::error::Category;

use super::json::{Fault, Held, List, Stream};
use super::source::{Content, Shape};
use super::table;

/// The most status changes, and the most records that cannot be understood, that are taken from one file. They are all that
/// is held of it in memory.
const MOST: usize = 100_000;

/// What kind of file it was, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// `{"Records": […]}`: a trail's log file, or the JSON that the console downloads.
    Records,
    /// `{"Events": […]}`: what `aws cloudtrail lookup-events` prints.
    LookupEvents,
    /// The CSV that the console downloads.
    ConsoleCsv,
    /// A trail's digest file. It has no events.
    Digest,
}

impl Format {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::LookupEvents => "lookup_events",
            Self::ConsoleCsv => "console_csv",
            Self::Digest => "digest",
        }
    }
}

/// What a file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// What kind of file it was.
    pub format: Format,
    /// How many records it has, of any operation.
    pub records: u64,
    /// Successful status changes.
    pub changes: Vec<StatusChange>,
    /// How many status changes AWS refused.
    pub refused: u64,
    /// Records that may tell of a status change and do not tell which.
    pub not_understood: Vec<NotUnderstood>,
    /// How many status changes are left out because they are of other accounts than the one that was named.
    pub other_accounts: BTreeMap<AccountId, u64>,
    /// Whether any record is of a Region that has IAM's events.
    pub of_iam_region: bool,
}

/// A record that may tell of a status change and does not tell which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUnderstood {
    /// The number of the record in its file, from 1.
    pub record: u64,
    /// `eventID`, where it could be read.
    pub event: Option<EventId>,
    /// `eventTime`, where it could be read.
    pub at: Option<Instant>,
    /// `recipientAccountId`, where it could be read.
    pub account: Option<AccountId>,
    /// The key, where it could be read.
    pub key: Option<AccessKeyId>,
    /// Why.
    pub reason: String,
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", .place.map(|place| format!("{place}: ")).unwrap_or_default())]
pub struct FileError {
    /// Where; `None` where it is of the file as a whole.
    pub place: Option<Place>,
    /// What is wrong.
    pub reason: String,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The byte, from 0; of the decompressed content where the file is compressed.
    pub byte: u64,
    /// The record that begins or would begin there, from 1.
    pub record: u64,
    /// Whether the file is compressed.
    pub compressed: bool,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = if self.compressed { " of the decompressed content" } else { "" };
        write!(f, "byte {}{of}, record {}", self.byte, self.record)
    }
}

/// What of a record tells whether it must be read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    event_source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    aws_region: Option<Cow<'a, str>>,
}

/// An element of `Events`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    event_id: Option<String>,
    cloud_trail_event: Option<String>,
}

/// What is gathered of one file.
struct Gathered<'a> {
    name: &'a str,
    only: Option<AccountId>,
    contents: Contents,
}

/// Reads a file. `name` is what its evidence is told to come from. Where an account is named, status changes of others are
/// left out, and a record that names none is taken to be of this one.
pub fn read(name: &str, source: impl Read, only: Option<AccountId>) -> Result<Contents, FileError> {
    let whole = |reason: String| FileError { place: None, reason };
    let content = Content::open(source).map_err(|error| whole(broken(&error.to_string())))?;
    let compressed = content.compressed;
    let mut gathered = Gathered {
        name,
        only,
        contents: Contents {
            format: Format::Records,
            records: 0,
            changes: Vec::new(),
            refused: 0,
            not_understood: Vec::new(),
            other_accounts: BTreeMap::new(),
            of_iam_region: false,
        },
    };
    // The record that is being looked at, by the byte at which it begins; between records, how far the file was read.
    let (mut within, mut offset) = (None, content.skipped);
    let outcome = match content.shape {
        Shape::Json => {
            let mut stream = Stream::new(content.bytes, content.skipped);
            let outcome = stream.elements(|list, text, begins| {
                within = Some(begins);
                gathered.element(list, text)?;
                within = None;
                Ok(())
            });
            offset = stream.offset;
            outcome.map(|held| match held {
                Held::Lists(List::Records | List::Bare) => Format::Records,
                Held::Lists(List::Events) => Format::LookupEvents,
                Held::Digest => Format::Digest,
            })
        }
        Shape::Text => {
            let outcome = table::rows(content.bytes, content.skipped, &mut offset, |row, begins| {
                within = Some(begins);
                gathered.row(row)?;
                within = None;
                Ok(())
            });
            outcome.map(|()| Format::ConsoleCsv)
        }
        Shape::Empty => return Err(whole("it is empty".to_owned())),
        Shape::Gzip => return Err(whole("it is compressed twice: decompress it once".to_owned())),
        Shape::Utf16 => {
            return Err(whole(
                "it is text in UTF-16, as PowerShell writes it: convert it to UTF-8".to_owned(),
            ));
        }
        Shape::Binary => return Err(whole("it is neither JSON nor CSV, plain or in gzip".to_owned())),
    };
    match outcome {
        Ok(format) => Ok(Contents { format, ..gathered.contents }),
        Err(fault) => {
            let reason = match fault {
                Fault::Input(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    "the compressed file is cut off here".to_owned()
                }
                Fault::Input(error) => broken(&error.to_string()),
                Fault::Ended => "the file ends here in the middle of its JSON: it is cut off".to_owned(),
                Fault::Malformed(reason) => reason,
            };
            let records = gathered.contents.records;
            let (byte, record) = within.map_or((offset, records + 1), |begins| (begins, records));
            Err(FileError { place: Some(Place { byte, record, compressed }), reason })
        }
    }
}

fn broken(error: &str) -> String {
    format!("it cannot be read: {error}")
}

impl Gathered<'_> {
    /// One element of a list of records or events.
    fn element(&mut self, list: List, text: &[u8]) -> Result<(), Fault> {
        self.contents.records += 1;
        let text =
            std::str::from_utf8(text).map_err(|error| Fault::Malformed(format!("not UTF-8: {error}")))?;
        let enveloped = match list {
            List::Records => None,
            List::Events => Some(envelope(text)?),
            List::Bare if text.starts_with('"') => {
                let record = serde_json::from_str(text).map_err(|error| no_json(&error))?;
                Some(Ok(Envelope { event_id: None, cloud_trail_event: Some(record) }))
            }
            List::Bare => Some(envelope(text)?)
                .filter(|read| read.as_ref().is_ok_and(|envelope| envelope.cloud_trail_event.is_some())),
        };
        match enveloped {
            None => self.record(text, true),
            Some(Ok(Envelope { cloud_trail_event: Some(record), .. })) => self.record(&record, false),
            Some(Ok(Envelope { event_id, .. })) => self.not_understood(RecordError {
                event: event_id.as_deref().map(EventId::new),
                at: None,
                reason: "it has no CloudTrailEvent".to_owned(),
            }),
            Some(Err(reason)) => self.not_understood(RecordError { event: None, at: None, reason }),
        }
    }

    /// The text of a record, as it stands in the file or in a text of it.
    fn record(&mut self, text: &str, part_of_the_file: bool) -> Result<(), Fault> {
        let other = match serde_json::from_str::<Head<'_>>(text) {
            Ok(head) => {
                self.contents.of_iam_region |= head.aws_region.as_deref().is_some_and(has_iam_events);
                let named = head.event_source.as_deref().zip(head.event_name.as_deref());
                named.is_some_and(|named| named != ("iam.amazonaws.com", "UpdateAccessKey"))
            }
            Err(error) => {
                if part_of_the_file {
                    is_json(text, &error)?;
                }
                false
            }
        };
        if other {
            return Ok(());
        }
        match Record::read(text) {
            Ok(Record::Change(change)) => self.change(change),
            Ok(Record::Refused) => {
                self.contents.refused += 1;
                Ok(())
            }
            Ok(Record::Other) => Ok(()),
            Err(error) => self.not_understood(error),
        }
    }

    fn change(&mut self, change: StatusChange) -> Result<(), Fault> {
        let Some(account) = change.account.or(self.only) else {
            return self.not_understood(RecordError {
                event: Some(change.event),
                at: Some(change.at),
                reason: "it has no recipientAccountId: say of which account it is with --account".to_owned(),
            });
        };
        if self.is_of_another(account) {
            return Ok(());
        }
        let source = ChangeSource::File { name: self.name.to_owned(), record: self.contents.records };
        self.contents.changes.push(StatusChange { account: Some(account), source, ..change });
        within_limit(self.contents.changes.len(), "status changes")
    }

    fn is_of_another(&mut self, account: AccountId) -> bool {
        let another = self.only.is_some_and(|only| only != account);
        if another {
            *self.contents.other_accounts.entry(account).or_default() += 1;
        }
        another
    }

    fn not_understood(&mut self, error: RecordError) -> Result<(), Fault> {
        self.contents.not_understood.push(NotUnderstood {
            record: self.contents.records,
            event: error.event,
            at: error.at,
            account: self.only,
            key: None,
            reason: error.reason,
        });
        within_limit(self.contents.not_understood.len(), "records that cannot be understood")
    }

    fn row(&mut self, row: &table::Row<'_>) -> Result<(), Fault> {
        self.contents.records += 1;
        self.contents.of_iam_region |= has_iam_events(row.region());
        if (row.source(), row.name()) != ("iam.amazonaws.com", "UpdateAccessKey") {
            return Ok(());
        }
        if row.refused() {
            self.contents.refused += 1;
            return Ok(());
        }
        let account = row.account().parse().ok().or(self.only);
        if account.is_some_and(|account| self.is_of_another(account)) {
            return Ok(());
        }
        self.contents.not_understood.push(NotUnderstood {
            record: self.contents.records,
            event: row.event(),
            at: row.at(),
            account,
            key: row.key(),
            reason: "the console's CSV does not tell to what the status was set: download the JSON"
                .to_owned(),
        });
        within_limit(self.contents.not_understood.len(), "status changes")
    }
}

/// The element of `Events`; or why it is none, where it is JSON.
fn envelope(text: &str) -> Result<Result<Envelope, String>, Fault> {
    match serde_json::from_str(text) {
        Ok(envelope) => Ok(Ok(envelope)),
        Err(error) => {
            is_json(text, &error)?;
            Ok(Err(format!("not an element of Events: {error}")))
        }
    }
}

/// Whether what was found wrong with the text is what it says, and not that it is no JSON at all: then the file is damaged.
fn is_json(text: &str, error: &serde_json::Error) -> Result<(), Fault> {
    if error.classify() == Category::Data {
        serde_json::from_str::<serde::de::IgnoredAny>(text).map(drop).map_err(|error| no_json(&error))
    } else {
        Err(no_json(error))
    }
}

fn no_json(error: &serde_json::Error) -> Fault {
    Fault::Malformed(format!("no JSON: {error}"))
}

fn within_limit(count: usize, what: &str) -> Result<(), Fault> {
    if count > MOST {
        return Err(Fault::Malformed(format!("it has more than {MOST} {what}: split the file")));
    }
    Ok(())
}

/// Whether IAM's events of a partition are recorded in this Region.
fn has_iam_events(region: &str) -> bool {
    matches!(region, "us-east-1" | "us-gov-west-1" | "cn-north-1")
}
