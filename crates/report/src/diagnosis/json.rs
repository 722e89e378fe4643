//! The fields of `keysweep.diagnosis/v1`: frozen, as those of the assessment are. A field may be added; none is renamed,
//! removed or given another meaning under this schema.

use std::collections::BTreeMap;

use keysweep_core::diagnosis::{Check, Diagnosis, Fault, Outcome};
use serde::Serialize;

use super::mending;
use super::text::said;
use crate::policies::Names;

/// The name of the schema.
pub const SCHEMA: &str = "keysweep.diagnosis/v1";

#[derive(Serialize)]
struct DiagnosisV1<'a> {
    schema: &'static str,
    version: &'a str,
    started_at: String,
    fine: bool,
    of_organization: bool,
    caller: Option<CallerV1<'a>>,
    place: PlaceV1<'a>,
    accounts: AccountsV1,
    checks: Vec<CheckV1>,
    calls: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct CallerV1<'a> {
    account: String,
    arn: &'a str,
    partition: &'static str,
}

#[derive(Serialize)]
struct PlaceV1<'a> {
    /// `management`, `delegated_administrator`, `member`, `none` or `unknown`.
    name: &'static str,
    organization: Option<&'a str>,
    management_account: Option<String>,
}

/// Null where accounts were not listed.
#[derive(Serialize)]
struct AccountsV1 {
    in_scope: Option<usize>,
    more: Option<bool>,
}

#[derive(Serialize)]
struct CheckV1 {
    account: Option<String>,
    subject: String,
    /// `works`, `noted`, `not_checked` or `fails`.
    outcome: &'static str,
    detail: Option<String>,
    error: Option<ErrorV1>,
    mending: Option<MendingV1>,
}

#[derive(Serialize)]
struct ErrorV1 {
    call: String,
    code: Option<String>,
    message: String,
    request_id: Option<String>,
}

#[derive(Serialize)]
struct MendingV1 {
    text: String,
    statement: Option<String>,
    command: Option<String>,
}

/// A diagnosis as one JSON document.
pub fn document(diagnosis: &Diagnosis, names: &Names) -> Result<String, serde_json::Error> {
    let organization = diagnosis.place.organization();
    let document = DiagnosisV1 {
        schema: SCHEMA,
        version: &diagnosis.version,
        started_at: diagnosis.started_at.to_string(),
        fine: diagnosis.is_fine(),
        of_organization: diagnosis.of_organization,
        caller: diagnosis.caller.as_ref().map(|caller| CallerV1 {
            account: caller.account.to_string(),
            arn: &caller.arn,
            partition: caller.partition.id(),
        }),
        place: PlaceV1 {
            name: diagnosis.place.name(),
            organization: organization.map(|organization| organization.id.as_str()),
            management_account: organization.map(|organization| organization.management_account.to_string()),
        },
        accounts: AccountsV1 {
            in_scope: diagnosis.listed.map(|listed| listed.in_scope),
            more: diagnosis.listed.map(|listed| listed.more),
        },
        checks: diagnosis.checks.iter().map(|check| of_check(diagnosis, check, names)).collect(),
        calls: diagnosis.calls.iter().map(|(call, count)| (call.to_string(), count.sent)).collect(),
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}

fn of_check(diagnosis: &Diagnosis, check: &Check, names: &Names) -> CheckV1 {
    let (outcome, detail, fault) = match &check.outcome {
        Outcome::Works => ("works", None, None),
        Outcome::Noted(note) => ("noted", Some(note.clone()), None),
        Outcome::NotChecked(why) => ("not_checked", Some(why.clone()), None),
        Outcome::Fails(fault) => ("fails", Some(said(fault)), Some(fault)),
    };
    let error = match fault {
        Some(Fault::Call(error)) => Some(ErrorV1 {
            call: error.call.to_string(),
            code: error.code.clone(),
            message: error.message.clone(),
            request_id: error.request_id.clone(),
        }),
        _ => None,
    };
    let mending = fault.map(|fault| mending(diagnosis, check, fault, names));
    CheckV1 {
        account: check.account.map(|account| account.to_string()),
        subject: check.subject.name(),
        outcome,
        detail,
        error,
        mending: mending.map(|mending| MendingV1 {
            text: mending.text,
            statement: mending.statement,
            command: mending.command,
        }),
    }
}
