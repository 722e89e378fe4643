//! The report of an import as JSON. Fields may be added under this name; none is renamed, removed or given another meaning.

use std::path::Path;

use keysweep_app::import::{FileError, NotUnderstood, Objection, Outcome, Request, Summary};
use keysweep_core::coverage::Coverage;
use keysweep_core::key::AccessKeyId;
use serde::Serialize;

use super::text::{in_words, why_not};

#[derive(Serialize)]
struct ImportV1 {
    schema: &'static str,
    path: String,
    account_id: Option<String>,
    complete: bool,
    stopped: bool,
    files: Vec<FileV1>,
    passed_over: Vec<String>,
    not_listed: Vec<NotListedV1>,
    accounts: Vec<AccountV1>,
    not_understood: Vec<NotUnderstoodV1>,
    assertion: Option<AssertionV1>,
}

#[derive(Default, Serialize)]
struct FileV1 {
    path: String,
    status: &'static str,
    format: Option<&'static str>,
    records: Option<u64>,
    status_changes: Option<u64>,
    refused: Option<u64>,
    of_other_accounts: Option<u64>,
    error: Option<String>,
    error_byte: Option<u64>,
    error_record: Option<u64>,
}

#[derive(Serialize)]
struct NotListedV1 {
    path: String,
    error: String,
}

#[derive(Serialize)]
struct AccountV1 {
    account_id: String,
    new: u64,
    known: u64,
    access_key_ids: Vec<String>,
}

#[derive(Serialize)]
struct NotUnderstoodV1 {
    path: String,
    record: u64,
    event_id: Option<String>,
    at: Option<String>,
    account_id: Option<String>,
    access_key_id: Option<String>,
    reason: String,
}

#[derive(Serialize)]
struct AssertionV1 {
    account_id: String,
    asserted: bool,
    spans: Vec<SpanV1>,
    objection: Option<&'static str>,
    text: String,
}

/// `from` is inside, `to` is the first second after it.
#[derive(Serialize)]
struct SpanV1 {
    from: String,
    to: String,
}

/// The report, indented.
pub(super) fn write(request: &Request, outcome: &Outcome) -> serde_json::Result<String> {
    let report = ImportV1 {
        schema: "keysweep.import/v1",
        path: shown(&request.path),
        account_id: request.account.map(|account| account.to_string()),
        complete: outcome.is_complete(),
        stopped: outcome.stopped,
        files: outcome.files.iter().map(|(path, file)| FileV1::of(path, file)).collect(),
        passed_over: outcome.passed_over.iter().map(|path| shown(path)).collect(),
        not_listed: outcome
            .not_listed
            .iter()
            .map(|(path, error)| NotListedV1 { path: shown(path), error: error.clone() })
            .collect(),
        accounts: outcome
            .accounts
            .iter()
            .map(|(account, gain)| AccountV1 {
                account_id: account.to_string(),
                new: gain.new,
                known: gain.known,
                access_key_ids: gain.keys.iter().map(AccessKeyId::to_string).collect(),
            })
            .collect(),
        not_understood: outcome
            .not_understood
            .iter()
            .map(|(path, record)| NotUnderstoodV1::of(path, record))
            .collect(),
        assertion: request
            .covers
            .as_ref()
            .zip(outcome.asserted.as_ref())
            .map(|(covers, asserted)| AssertionV1::of(covers.account.to_string(), asserted)),
    };
    serde_json::to_string_pretty(&report).map(|text| text + "\n")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

impl FileV1 {
    fn of(path: &Path, file: &Result<Summary, FileError>) -> Self {
        let path = shown(path);
        match file {
            Ok(summary) => Self {
                path,
                status: "read",
                format: Some(summary.format.name()),
                records: Some(summary.records),
                status_changes: Some(summary.changes),
                refused: Some(summary.refused),
                of_other_accounts: Some(summary.of_other_accounts),
                ..Self::default()
            },
            Err(error) => Self {
                path,
                status: "not_read",
                error: Some(error.to_string()),
                error_byte: error.place.map(|place| place.byte),
                error_record: error.place.map(|place| place.record),
                ..Self::default()
            },
        }
    }
}

impl NotUnderstoodV1 {
    fn of(path: &Path, record: &NotUnderstood) -> Self {
        Self {
            path: shown(path),
            record: record.record,
            event_id: record.event.as_ref().map(ToString::to_string),
            at: record.at.map(|at| at.to_string()),
            account_id: record.account.map(|account| account.to_string()),
            access_key_id: record.key.as_ref().map(ToString::to_string),
            reason: record.reason.clone(),
        }
    }
}

impl AssertionV1 {
    fn of(account_id: String, asserted: &Result<Coverage, Objection>) -> Self {
        match asserted {
            Ok(coverage) => Self {
                account_id,
                asserted: true,
                spans: coverage
                    .spans()
                    .iter()
                    .map(|span| SpanV1 { from: span.from().to_string(), to: span.to().to_string() })
                    .collect(),
                objection: None,
                text: in_words(coverage),
            },
            Err(objection) => Self {
                account_id,
                asserted: false,
                spans: Vec::new(),
                objection: Some(name(objection)),
                text: why_not(objection),
            },
        }
    }
}

const fn name(objection: &Objection) -> &'static str {
    match objection {
        Objection::NotAllRead => "not_all_read",
        Objection::NoEvents => "no_events",
        Objection::Undated => "undated",
        Objection::OtherRegion => "other_region",
        Objection::Missing { .. } => "missing",
        Objection::NothingLeft => "nothing_left",
    }
}
