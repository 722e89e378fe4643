//! What is known about a key's past: status changes and observations, each with its source. What follows from them is
//! the business of [`crate::infer`].

pub mod cloudtrail;
pub mod credential_report;

use std::fmt;

use crate::account::AccountId;
use crate::key::{AccessKeyId, KeyStatus, UserName};
use crate::time::Instant;

/// A successful `UpdateAccessKey`, as CloudTrail recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// `eventTime`.
    pub at: Instant,
    /// The status that the key has from then on (`requestParameters.status`).
    pub status: KeyStatus,
    /// The key (`requestParameters.accessKeyId`).
    pub key: AccessKeyId,
    /// Whose key it is, by the name of that time.
    pub target: Target,
    /// The account (`recipientAccountId`); `None` where the record does not say.
    pub account: Option<AccountId>,
    /// `eventID`: unique.
    pub event: EventId,
    /// Who made the call (`userIdentity.arn`, or the service that did).
    pub actor: Option<String>,
    /// `sourceIPAddress`.
    pub source_ip: Option<String>,
    /// Where its record was read.
    pub source: ChangeSource,
}

/// Where the CloudTrail record of a status change was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeSource {
    /// The account's event history (`LookupEvents`).
    EventHistory,
    /// A file that somebody imported.
    File {
        /// The file's name, without its directories.
        name: String,
        /// The number of the record in it, from 1.
        record: u64,
    },
}

/// Whose key a recorded call changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `requestParameters.userName`, or `userIdentity.userName` where a user acted on its own key.
    User(UserName),
    /// The root user acted on its own key.
    Root,
    /// The record does not say.
    NotRecorded,
}

/// CloudTrail's `eventID`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(Box<str>);

impl EventId {
    /// The id that CloudTrail wrote.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id as CloudTrail wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key was seen with a status at some moment from the second `from` to the second `to`, both included. A report that
/// took a while to make, or a read that may lag behind, makes the two differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The earliest second of the look.
    pub from: Instant,
    /// The latest second of the look.
    pub to: Instant,
    /// What was seen.
    pub status: KeyStatus,
    /// Where.
    pub source: ObservationSource,
}

/// Where a status was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObservationSource {
    /// `ListAccessKeys` of this assessment.
    ListAccessKeys,
    /// A row of the credential report.
    CredentialReport,
    /// An earlier assessment, by its id.
    EarlierScan(String),
    /// A clean-up of keysweep that switched the key, by its plan's id: it looks just before and just after.
    CleanUp(String),
}

/// One fact that a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The key came to be, Active (`CreateDate`).
    Created(Instant),
    /// Its status was changed.
    Changed(StatusChange),
    /// Its status was seen.
    Observed(Observation),
}

impl Evidence {
    /// When it happened; for an observation, the end of the look.
    pub fn at(&self) -> Instant {
        match self {
            Self::Created(at) => *at,
            Self::Changed(change) => change.at,
            Self::Observed(observation) => observation.to,
        }
    }
}
