//! What is known of a scan when it begins, and what is added when it ends.

use keysweep_core::account::{CallerIdentity, Organization, Partition};
use keysweep_core::assessment::{Assessment, CallCounts, Scope};
use keysweep_core::memory::{Begun, Selection};
use keysweep_core::policy::Policy;
use keysweep_core::problem::Problem;
use keysweep_core::time::SignedDuration;
use keysweep_core::totals::{AccountTotals, FindingTotals, Totals};
use serde::{Deserialize, Serialize};

use super::problem::{CallCountsV1, ProblemV1};
use super::{InstantV1, Result, parse, read_all};

#[derive(Serialize, Deserialize)]
pub(crate) struct BegunV1 {
    id: String,
    version: String,
    scope: ScopeV1,
    caller: CallerV1,
    policy: PolicyV1,
    started_at: InstantV1,
    #[serde(default, skip_serializing_if = "SelectionV1::is_all")]
    selection: SelectionV1,
}

#[derive(Default, Serialize, Deserialize)]
struct SelectionV1 {
    include: Vec<String>,
    exclude: Vec<String>,
    exhaustive: bool,
}

impl SelectionV1 {
    const fn is_all(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty() && !self.exhaustive
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScopeV1 {
    Account,
    Organization { id: String, management_account: String },
}

#[derive(Serialize, Deserialize)]
struct CallerV1 {
    account: String,
    arn: String,
    partition: PartitionV1,
}

#[derive(Serialize, Deserialize)]
enum PartitionV1 {
    #[serde(rename = "aws")]
    Aws,
    #[serde(rename = "aws-us-gov")]
    AwsUsGov,
    #[serde(rename = "aws-cn")]
    AwsCn,
}

/// Lengths as [`Policy`] reads them, to the nanosecond.
#[derive(Serialize, Deserialize)]
struct PolicyV1 {
    threshold: String,
    settling_margin: String,
}

fn exactly(length: SignedDuration) -> String {
    match length.subsec_nanos() {
        0 => format!("{}s", length.as_secs()),
        nanos => format!("{}s {nanos}ns", length.as_secs()),
    }
}

impl BegunV1 {
    pub(crate) fn of(begun: &Begun) -> Self {
        Self {
            id: begun.id.clone(),
            version: begun.version.clone(),
            scope: match &begun.scope {
                Scope::Account => ScopeV1::Account,
                Scope::Organization(Organization { id, management_account }) => ScopeV1::Organization {
                    id: id.clone(),
                    management_account: management_account.to_string(),
                },
            },
            caller: CallerV1 {
                account: begun.caller.account.to_string(),
                arn: begun.caller.arn.clone(),
                partition: match begun.caller.partition {
                    Partition::Aws => PartitionV1::Aws,
                    Partition::AwsUsGov => PartitionV1::AwsUsGov,
                    Partition::AwsCn => PartitionV1::AwsCn,
                },
            },
            policy: PolicyV1 {
                threshold: exactly(begun.policy.threshold.length()),
                settling_margin: exactly(begun.policy.settling_margin.length()),
            },
            started_at: begun.started_at.into(),
            selection: SelectionV1 {
                include: begun.selection.include.clone(),
                exclude: begun.selection.exclude.clone(),
                exhaustive: begun.selection.exhaustive,
            },
        }
    }

    pub(crate) fn read(self) -> Result<Begun> {
        Ok(Begun {
            id: self.id,
            version: self.version,
            scope: match self.scope {
                ScopeV1::Account => Scope::Account,
                ScopeV1::Organization { id, management_account } => {
                    Scope::Organization(Organization { id, management_account: parse(&management_account)? })
                }
            },
            caller: CallerIdentity {
                account: parse(&self.caller.account)?,
                arn: self.caller.arn,
                partition: match self.caller.partition {
                    PartitionV1::Aws => Partition::Aws,
                    PartitionV1::AwsUsGov => Partition::AwsUsGov,
                    PartitionV1::AwsCn => Partition::AwsCn,
                },
            },
            policy: Policy {
                threshold: parse(&self.policy.threshold)?,
                settling_margin: parse(&self.policy.settling_margin)?,
            },
            started_at: self.started_at.into(),
            selection: Selection {
                include: self.selection.include,
                exclude: self.selection.exclude,
                exhaustive: self.selection.exhaustive,
            },
        })
    }
}

/// What concerns no single account.
#[derive(Serialize, Deserialize)]
pub(crate) struct EndedV1 {
    problems: Vec<ProblemV1>,
    calls: CallCountsV1,
}

impl EndedV1 {
    pub(crate) fn of(assessment: &Assessment) -> Self {
        Self {
            problems: assessment.problems.iter().map(ProblemV1::of).collect(),
            calls: CallCountsV1::of(&assessment.calls),
        }
    }

    pub(crate) fn read(self) -> Result<(Vec<Problem>, CallCounts)> {
        Ok((read_all(self.problems, ProblemV1::read)?, self.calls.read()?))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct TotalsV1 {
    accounts: AccountTotalsV1,
    users: u64,
    accounts_with_unknown_users: u64,
    findings: FindingTotalsV1,
    accounts_with_long_term_keys: u64,
    /// Seconds and nanoseconds.
    oldest_at_least: Option<(i64, i32)>,
    problems: u64,
    calls: CallCountsV1,
}

#[derive(Serialize, Deserialize)]
struct AccountTotalsV1 {
    total: u64,
    complete: u64,
    partial: u64,
    not_assessed: u64,
    skipped: u64,
}

#[derive(Serialize, Deserialize)]
struct FindingTotalsV1 {
    total: u64,
    long_term: u64,
    recent: u64,
    undetermined: u64,
    contradictory: u64,
}

impl TotalsV1 {
    pub(crate) fn of(totals: &Totals) -> Self {
        let AccountTotals { total, complete, partial, not_assessed, skipped } = totals.accounts;
        let findings = totals.findings;
        Self {
            accounts: AccountTotalsV1 { total, complete, partial, not_assessed, skipped },
            users: totals.users,
            accounts_with_unknown_users: totals.accounts_with_unknown_users,
            findings: FindingTotalsV1 {
                total: findings.total,
                long_term: findings.long_term,
                recent: findings.recent,
                undetermined: findings.undetermined,
                contradictory: findings.contradictory,
            },
            accounts_with_long_term_keys: totals.accounts_with_long_term_keys,
            oldest_at_least: totals.oldest_at_least.map(|length| (length.as_secs(), length.subsec_nanos())),
            problems: totals.problems,
            calls: CallCountsV1::of(&totals.calls),
        }
    }

    pub(crate) fn read(self) -> Result<Totals> {
        let AccountTotalsV1 { total, complete, partial, not_assessed, skipped } = self.accounts;
        Ok(Totals {
            accounts: AccountTotals { total, complete, partial, not_assessed, skipped },
            users: self.users,
            accounts_with_unknown_users: self.accounts_with_unknown_users,
            findings: FindingTotals {
                total: self.findings.total,
                long_term: self.findings.long_term,
                recent: self.findings.recent,
                undetermined: self.findings.undetermined,
                contradictory: self.findings.contradictory,
            },
            accounts_with_long_term_keys: self.accounts_with_long_term_keys,
            oldest_at_least: self.oldest_at_least.map(|(seconds, nanos)| SignedDuration::new(seconds, nanos)),
            problems: self.problems,
            calls: self.calls.read()?,
        })
    }
}
