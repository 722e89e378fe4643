//! The journal of a clean-up's runs, and the receipts that follow from it. The terminal ([`crate::terminal::journal`]) takes
//! its words from here; the JSON is `keysweep.journal/v1` and `keysweep.receipts/v1`, frozen as those of the assessment are.

use std::io;

use ::csv::{Terminator, WriterBuilder};
use keysweep_core::journal::receipt::{Action, Grounds, ReceiptV1};
use keysweep_core::journal::{Event, Outcome, Receipt, Sealed, SwitchOutcome};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::digest::Digest;
use keysweep_core::time::Instant;
use serde::Serialize;

use crate::csv::harmless;
use crate::json::layout::Layout;

/// The name of the schema of a journal.
pub const SCHEMA: &str = "keysweep.journal/v1";
/// The name of the schema of a list of receipts.
pub const RECEIPTS_SCHEMA: &str = "keysweep.receipts/v1";

/// What happened, in words.
pub fn words(event: &Event) -> String {
    match event {
        Event::Opened { caller_arn, approved_by, .. } => {
            let names: Vec<&str> = approved_by.iter().map(|(name, _)| name.as_str()).collect();
            let approved = match &names[..] {
                [] => "no approval holds: only what was begun is found out".to_owned(),
                names => format!("approved by {}", names.join(", ")),
            };
            format!("apply by {caller_arn}; {approved}")
        }
        Event::Reverting { caller_arn, .. } => format!("revert by {caller_arn}"),
        Event::Skipped { reason, .. } => format!("left alone: {reason}"),
        Event::Switching { to, attempt, .. } => format!("to be {}, attempt {attempt}", switched(*to)),
        Event::Switched { to, outcome, .. } => switch_words(*to, outcome),
        Event::Intended { user, attempt, .. } => format!("to be deleted, attempt {attempt}, of user {user}"),
        Event::Ended { outcome, .. } => outcome_words(outcome),
        Event::Stopped { reason, .. } => format!("stopped: {reason}"),
    }
}

fn outcome_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Deleted(deletion) => {
            let request = deletion.request_id.as_deref().unwrap_or("not known");
            let verified = match deletion.verified_at {
                Some(at) => format!("seen to be gone at {at}"),
                None => "not seen to be gone yet".to_owned(),
            };
            format!("deleted: last look {}, request id {request}, {verified}", deletion.last_look)
        }
        Outcome::Gone { seen_at, .. } => {
            format!("gone, seen at {seen_at}; the answer of the delete was lost")
        }
        Outcome::Skipped(reason) => format!("left alone: {reason}"),
        Outcome::Kept(kept) => format!("not deleted: {}", kept.detail().unwrap_or(kept.name())),
    }
}

/// What a key is that was given this status.
const fn switched(to: KeyStatus) -> &'static str {
    match to {
        KeyStatus::Active => "reactivated",
        KeyStatus::Inactive => "deactivated",
    }
}

fn switch_words(to: KeyStatus, outcome: &SwitchOutcome) -> String {
    let what = switched(to);
    match outcome {
        SwitchOutcome::Set(setting) => {
            let request = setting.request_id.as_deref().unwrap_or("not known");
            let verified = match &setting.after {
                Some(look) => format!("seen {} at {}", to.as_api(), look.to),
                None => format!("not seen {} yet", to.as_api()),
            };
            format!("{what}: last look {}, request id {request}, {verified}", setting.before.to)
        }
        SwitchOutcome::Seen { seen, .. } => {
            format!("{what}, seen at {}; the answer of the call was lost", seen.to)
        }
        SwitchOutcome::LeftAlone(reason) => format!("left alone: {reason}"),
        SwitchOutcome::Kept(kept) => format!("not {what}: {}", kept.detail().unwrap_or(kept.name())),
    }
}

#[derive(Serialize)]
struct JournalV1<'a> {
    schema: &'static str,
    plan_id: Option<&'a str>,
    plan_digest: String,
    events: Vec<EventV1>,
}

#[derive(Serialize)]
struct EventV1 {
    number: u64,
    previous: String,
    digest: String,
    /// The event as it is kept: the digest is that of the number, the digest before, and this text, joined by line feeds.
    event: String,
}

/// The journal of one run as a JSON document that ends in a newline.
pub fn document(plan_id: Option<&str>, plan: Digest, events: &[Sealed]) -> io::Result<Vec<u8>> {
    let events = events
        .iter()
        .map(|sealed| EventV1 {
            number: sealed.number,
            previous: sealed.previous.to_string(),
            digest: sealed.digest.to_string(),
            event: sealed.text(),
        })
        .collect();
    let journal = JournalV1 { schema: SCHEMA, plan_id, plan_digest: plan.to_string(), events };
    spread(&journal)
}

#[derive(Serialize)]
struct ReceiptsV1 {
    schema: &'static str,
    receipts: Vec<ReceiptV1>,
}

/// Receipts as a JSON document that ends in a newline.
pub fn receipts(receipts: &[Receipt]) -> io::Result<Vec<u8>> {
    spread(&ReceiptsV1 { schema: RECEIPTS_SCHEMA, receipts: receipts.iter().map(ReceiptV1::from).collect() })
}

fn spread(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The document, its list: each entry is one line.
    Layout::spread(2).write(value, &mut bytes)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The columns of the receipts' CSV. Columns may be added at the end; none is renamed, moved or removed.
pub const HEADER: [&str; 28] = [
    "number",
    "plan_id",
    "plan_digest",
    "account_id",
    "user",
    "user_arn",
    "access_key_id",
    "created",
    "owner_tag",
    "inactive_since_earliest",
    "inactive_since_latest",
    "inactive_as_of",
    "confidence",
    "evidence",
    "result",
    "recorded_at",
    "request_id",
    "last_look",
    "verified_at",
    "deleted_by",
    "approved_by",
    "previous",
    "digest",
    "action",
    "unused_since",
    "unused_as_of",
    "last_used",
    "set_by",
];

/// Receipts as CSV, RFC 4180. Several values in one cell are set apart by spaces, approvers by semicolons. No cell is taken
/// for a formula by a spreadsheet.
pub fn receipts_csv(receipts: &[Receipt]) -> io::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for receipt in receipts {
        let (key, how) = (&receipt.key, &receipt.how);
        let moment = |at: Option<Instant>| at.map(|at| at.to_string()).unwrap_or_default();
        let (claim, unused) = match receipt.grounds {
            Grounds::Inactive(claim) => (Some(claim), None),
            Grounds::Unused { since, last_used, as_of } => (None, Some((since, last_used, as_of))),
        };
        let is_deleted = receipt.action == Action::Deleted;
        let by = |counts: bool| if counts { receipt.deleted_by.clone() } else { String::new() };
        let approvers: Vec<String> =
            receipt.approved_by.iter().map(|(name, arn)| format!("{name} <{arn}>")).collect();
        let cells: [String; 28] = [
            receipt.number.to_string(),
            receipt.plan_id.clone(),
            receipt.plan.to_string(),
            key.account.to_string(),
            key.user.to_string(),
            key.user_arn.clone(),
            key.key.to_string(),
            key.created.to_string(),
            key.owner_tag.clone().unwrap_or_default(),
            moment(claim.map(|claim| claim.interval.earliest())),
            moment(claim.map(|claim| claim.interval.latest())),
            moment(claim.map(|claim| claim.as_of)),
            claim.map(|claim| claim.confidence.name().to_owned()).unwrap_or_default(),
            key.evidence.join(" "),
            how.name().to_owned(),
            receipt.at.to_string(),
            how.request_id().unwrap_or_default().to_owned(),
            moment(how.last_look()),
            moment(how.verified_at()),
            by(is_deleted),
            approvers.join("; "),
            receipt.previous.to_string(),
            receipt.digest.to_string(),
            receipt.action.name().to_owned(),
            moment(unused.map(|(since, _, _)| since)),
            moment(unused.map(|(_, _, as_of)| as_of)),
            moment(unused.and_then(|(_, last_used, _)| last_used)),
            by(!is_deleted),
        ];
        writer.write_record(cells.iter().map(|cell| harmless(cell).into_owned()))?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}
