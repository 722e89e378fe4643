//! The fields of `keysweep.diff/v1`: frozen, as those of the assessment are. A field may be added; none is renamed, removed or
//! given another meaning under this schema. A field that does not apply is `null`.

use std::collections::BTreeMap;
use std::io;

use keysweep_core::assessment::Assessment;
use keysweep_core::diff::{AccountDifference, Difference, KeyChange, KeyDifference};
use keysweep_core::finding::Finding;
use keysweep_core::key::{AccessKeyId, Owner};
use serde::Serialize;

use super::{account, key, not_looked_at, notes, number_of, outcome};
use crate::json::finding_v1::ClaimV1;
use crate::json::layout::Layout;
use crate::json::v1::{PolicyV1, ScopeV1, Time};
use crate::mask::Mask;
use crate::words;

/// The name of the schema.
pub const SCHEMA: &str = "keysweep.diff/v1";

#[derive(Serialize)]
struct DiffV1<'a> {
    schema: &'static str,
    outcome: &'static str,
    outcome_text: String,
    before: ScanV1<'a>,
    after: ScanV1<'a>,
    notes: Vec<String>,
    totals: TotalsV1,
    keys: Vec<KeyV1<'a>>,
    accounts: Vec<AccountV1<'a>>,
}

#[derive(Serialize)]
struct ScanV1<'a> {
    assessment_id: &'a str,
    started_at: Time,
    finished_at: Time,
    scope: ScopeV1<'a>,
    policy: PolicyV1,
    conclusion: &'static str,
    problems: u64,
}

/// Keys by what became of them; every kind is there.
#[derive(Serialize)]
struct TotalsV1 {
    unchanged: u64,
    #[serde(flatten)]
    changed: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct KeyV1<'a> {
    change: &'static str,
    text: String,
    account_id: String,
    account_name: Option<&'a str>,
    ou_path: Option<String>,
    owner: &'static str,
    user_name: &'a str,
    access_key_id: Option<&'a str>,
    created_at: Time,
    owner_tag: Option<&'a str>,
    before: Option<StateV1>,
    after: Option<StateV1>,
    not_looked_at: Option<String>,
}

/// What one of the scans found of a key.
#[derive(Serialize)]
struct StateV1 {
    verdict: &'static str,
    at_least_seconds: i64,
    at_most_seconds: i64,
    inactive_since: ClaimV1,
    assessed_at: Time,
}

#[derive(Serialize)]
struct AccountV1<'a> {
    change: &'static str,
    text: String,
    account_id: String,
    account_name: Option<&'a str>,
    ou_path: Option<String>,
}

impl<'a> ScanV1<'a> {
    fn of(assessment: &'a Assessment, mask: &Mask<'a>) -> Self {
        Self {
            assessment_id: &assessment.id,
            started_at: Time(assessment.started_at),
            finished_at: Time(assessment.finished_at),
            scope: ScopeV1::of(&assessment.scope, mask),
            policy: PolicyV1::of(&assessment.policy),
            conclusion: words::conclusion_name(assessment.conclusion()),
            problems: assessment.problems().map(|_| 1).sum(),
        }
    }
}

impl StateV1 {
    fn of(finding: &Finding) -> Self {
        Self {
            verdict: finding.verdict.name(),
            at_least_seconds: finding.at_least().as_secs().max(0),
            at_most_seconds: finding.at_most().as_secs().max(0),
            inactive_since: ClaimV1::of(&finding.inactive_since, finding.assertion),
            assessed_at: Time(finding.assessed_at),
        }
    }
}

impl<'a> KeyV1<'a> {
    fn of(difference: &KeyDifference<'a>) -> Self {
        let last = difference.found.last();
        Self {
            change: difference.change.name(),
            text: key(difference),
            account_id: difference.account.id.to_string(),
            account_name: difference.account.name.as_deref(),
            ou_path: difference.account.ou_path(),
            owner: match last.owner {
                Owner::Root => "root",
                Owner::User { .. } => "user",
            },
            user_name: last.owner.name(),
            access_key_id: last.key.as_ref().map(AccessKeyId::as_str),
            created_at: Time(last.created),
            owner_tag: last.owner_tag(),
            before: difference.found.before().map(StateV1::of),
            after: difference.found.after().map(StateV1::of),
            not_looked_at: difference.not_looked_at.map(not_looked_at),
        }
    }
}

impl<'a> AccountV1<'a> {
    fn of(difference: &AccountDifference<'a>) -> Self {
        Self {
            change: difference.change.name(),
            text: account(difference),
            account_id: difference.account.id.to_string(),
            account_name: difference.account.name.as_deref(),
            ou_path: difference.account.ou_path(),
        }
    }
}

/// The difference as a JSON document that ends in a newline.
pub fn document(difference: &Difference<'_>) -> io::Result<Vec<u8>> {
    let mask = Mask::off();
    let document = DiffV1 {
        schema: SCHEMA,
        outcome: difference.outcome().name(),
        outcome_text: outcome(difference),
        before: ScanV1::of(difference.before, &mask),
        after: ScanV1::of(difference.after, &mask),
        notes: notes(difference),
        totals: TotalsV1 {
            unchanged: difference.unchanged,
            changed: KeyChange::ALL
                .into_iter()
                .map(|change| (change.name(), number_of(difference, change)))
                .collect(),
        },
        keys: difference.keys.iter().map(KeyV1::of).collect(),
        accounts: difference.accounts.iter().map(AccountV1::of).collect(),
    };
    let mut bytes = Vec::new();
    // The document and its lists: each key is one line.
    Layout::spread(2).write(&document, &mut bytes)?;
    bytes.push(b'\n');
    Ok(bytes)
}
