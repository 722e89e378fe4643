//! The fields of `keysweep.assessment/v1`. They are frozen: a field may be added in a later minor version of keysweep,
//! none is renamed, removed or given another meaning under this schema. They are converted from the domain here, so that
//! the domain may change.
//!
//! A key that is not known, or not asked for, is `null`: every field is always there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use keysweep_core::account::{CallerIdentity, Tags};
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment, CallCounts, Scope};
use keysweep_core::coverage::Coverage;
use keysweep_core::policy::Policy;
use keysweep_core::problem::{Gap, Problem};
use keysweep_core::rule::{self, Rule};
use keysweep_core::time::Instant;
use keysweep_core::totals::{AccountTotals, FindingTotals, Totals};
use serde::{Serialize, Serializer};

use super::coverage_v1::CoverageSummaryV1;
use super::finding_v1::FindingV1;
use crate::identity::identified;
use crate::mask::Mask;
use crate::words;

pub(super) type Text<'a> = Cow<'a, str>;

/// The document.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assessment_id: Option<Text<'a>>,
    keysweep_version: Text<'a>,
    masked: bool,
    conclusion: &'static str,
    conclusion_text: &'static str,
    started_at: Time,
    finished_at: Time,
    scope: ScopeV1<'a>,
    caller: CallerV1<'a>,
    policy: PolicyV1,
    totals: TotalsV1,
    coverage_summary: CoverageSummaryV1<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_problems: Option<Problems<'a>>,
    organization_calls: Vec<CallV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<Accounts<'a>>,
}

impl<'a> Document<'a> {
    /// The whole document.
    pub(crate) fn of(assessment: &'a Assessment, totals: &Totals, mask: &'a Mask<'a>) -> Self {
        Self {
            schema: Some(super::SCHEMA),
            assessment_id: Some(mask.text(&assessment.id)),
            organization_problems: Some(Problems { problems: &assessment.problems, mask }),
            accounts: Some(Accounts { assessed: &assessment.accounts, policy: &assessment.policy, mask }),
            ..Self::head(assessment, totals, mask)
        }
    }

    /// The document without its ids, accounts and problems: what one line says of the assessment.
    pub(crate) fn head(assessment: &'a Assessment, totals: &Totals, mask: &Mask<'a>) -> Self {
        let conclusion = assessment.conclusion();
        Self {
            schema: None,
            assessment_id: None,
            keysweep_version: mask.text(&assessment.version),
            masked: mask.is_on(),
            conclusion: words::conclusion_name(conclusion),
            conclusion_text: words::conclusion(conclusion),
            started_at: Time(assessment.started_at),
            finished_at: Time(assessment.finished_at),
            scope: ScopeV1::of(&assessment.scope, mask),
            caller: CallerV1::of(&assessment.caller, mask),
            policy: PolicyV1::of(&assessment.policy),
            totals: TotalsV1::of(totals),
            coverage_summary: CoverageSummaryV1::of(assessment, totals, mask),
            organization_problems: None,
            organization_calls: calls(&assessment.calls),
            accounts: None,
        }
    }
}

/// RFC 3339 in UTC, whole seconds.
pub(crate) struct Time(pub(crate) Instant);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Serialize)]
pub(crate) struct ScopeV1<'a> {
    kind: &'static str,
    organization_id: Option<Text<'a>>,
    management_account_id: Option<String>,
}

impl<'a> ScopeV1<'a> {
    pub(crate) fn of(scope: &'a Scope, mask: &Mask<'_>) -> Self {
        match scope {
            Scope::Account => Self { kind: "account", organization_id: None, management_account_id: None },
            Scope::Organization(organization) => Self {
                kind: "organization",
                organization_id: Some(mask.text(&organization.id)),
                management_account_id: Some(organization.management_account.to_string()),
            },
        }
    }
}

#[derive(Serialize)]
pub(crate) struct CallerV1<'a> {
    account_id: String,
    arn: Text<'a>,
    partition: &'static str,
}

impl<'a> CallerV1<'a> {
    pub(crate) fn of(caller: &'a CallerIdentity, mask: &Mask<'_>) -> Self {
        Self {
            account_id: caller.account.to_string(),
            arn: mask.text(&caller.arn),
            partition: caller.partition.id(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct PolicyV1 {
    threshold_seconds: i64,
    threshold: String,
    settling_margin_seconds: i64,
    settling_margin: String,
}

impl PolicyV1 {
    pub(crate) fn of(policy: &Policy) -> Self {
        let (threshold, margin) = (policy.threshold.length(), policy.settling_margin.length());
        Self {
            threshold_seconds: threshold.as_secs(),
            threshold: words::exactly(threshold),
            settling_margin_seconds: margin.as_secs(),
            settling_margin: words::exactly(margin),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct TotalsV1 {
    accounts: AccountTotalsV1,
    users: u64,
    accounts_with_unknown_users: u64,
    findings: FindingTotalsV1,
    accounts_with_long_term_keys: u64,
    oldest_at_least_seconds: Option<i64>,
    oldest_at_least: Option<String>,
    problems: u64,
    calls_sent: u64,
    calls_throttled: u64,
    calls: Vec<CallV1>,
}

impl TotalsV1 {
    pub(crate) fn of(totals: &Totals) -> Self {
        let all_calls = totals.calls.total();
        Self {
            accounts: AccountTotalsV1::of(totals.accounts),
            users: totals.users,
            accounts_with_unknown_users: totals.accounts_with_unknown_users,
            findings: FindingTotalsV1::of(totals.findings),
            accounts_with_long_term_keys: totals.accounts_with_long_term_keys,
            oldest_at_least_seconds: totals.oldest_at_least.map(|length| length.as_secs()),
            oldest_at_least: totals.oldest_at_least.map(words::rounded_down),
            problems: totals.problems,
            calls_sent: all_calls.sent,
            calls_throttled: all_calls.throttled,
            calls: calls(&totals.calls),
        }
    }
}

#[derive(Serialize)]
pub(super) struct AccountTotalsV1 {
    total: u64,
    complete: u64,
    partial: u64,
    not_assessed: u64,
    skipped: u64,
}

impl AccountTotalsV1 {
    pub(super) fn of(totals: AccountTotals) -> Self {
        let AccountTotals { total, complete, partial, not_assessed, skipped } = totals;
        Self { total, complete, partial, not_assessed, skipped }
    }
}

#[derive(Serialize)]
pub(super) struct FindingTotalsV1 {
    total: u64,
    long_term: u64,
    recent: u64,
    undetermined: u64,
    contradictory: u64,
}

impl FindingTotalsV1 {
    pub(super) fn of(totals: FindingTotals) -> Self {
        let FindingTotals { total, long_term, recent, undetermined, contradictory } = totals;
        Self { total, long_term, recent, undetermined, contradictory }
    }
}

#[derive(Serialize)]
struct CallV1 {
    call: String,
    sent: u64,
    throttled: u64,
}

fn calls(counts: &CallCounts) -> Vec<CallV1> {
    counts
        .iter()
        .map(|(call, count)| CallV1 { call: call.to_string(), sent: count.sent, throttled: count.throttled })
        .collect()
}

/// Accounts, each converted when it is written.
struct Accounts<'a> {
    assessed: &'a [AccountAssessment],
    policy: &'a Policy,
    mask: &'a Mask<'a>,
}

impl Serialize for Accounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.assessed.iter().map(|account| AccountV1::of(account, self.policy, self.mask)))
    }
}

/// An account.
#[derive(Serialize)]
pub(crate) struct AccountV1<'a> {
    account_id: String,
    account_name: Option<Text<'a>>,
    state: Option<Text<'a>>,
    ou_path: Option<Text<'a>>,
    organizational_units: Option<Vec<OrganizationalUnitV1<'a>>>,
    tags: Option<BTreeMap<Text<'a>, Text<'a>>>,
    status: &'static str,
    status_text: Text<'a>,
    skip_reason: Option<&'static str>,
    method: Option<&'static str>,
    users: Option<u64>,
    coverage: CoverageV1,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Findings<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Problems<'a>>,
    calls: Vec<CallV1>,
    assessed_at: Option<Time>,
}

#[derive(Serialize)]
struct OrganizationalUnitV1<'a> {
    id: Text<'a>,
    name: Text<'a>,
}

#[derive(Serialize)]
struct CoverageV1 {
    seconds: i64,
    spans: Vec<SpanV1>,
    asserted_spans: Vec<SpanV1>,
}

/// `from` is inside, `to` is the first second after it.
#[derive(Serialize)]
struct SpanV1 {
    from: Time,
    to: Time,
}

impl<'a> AccountV1<'a> {
    /// The account with its findings and problems.
    fn of(assessed: &'a AccountAssessment, policy: &'a Policy, mask: &'a Mask<'a>) -> Self {
        Self {
            findings: Some(Findings { account: assessed, policy, mask }),
            problems: Some(Problems { problems: &assessed.problems, mask }),
            ..Self::head(assessed, mask)
        }
    }

    /// The account without its findings and problems.
    pub(crate) fn head(assessed: &'a AccountAssessment, mask: &Mask<'_>) -> Self {
        let account = &assessed.account;
        Self {
            account_id: account.id.to_string(),
            account_name: account.name.as_deref().map(|name| mask.text(name)),
            state: account.state.as_ref().map(|state| mask.text(state.as_api())),
            ou_path: account.ou_path().map(|path| mask.owned(path)),
            organizational_units: account.path.as_ref().map(|path| {
                let unit = |unit: &'a keysweep_core::account::OrganizationalUnit| OrganizationalUnitV1 {
                    id: mask.text(&unit.id),
                    name: mask.text(&unit.name),
                };
                path.iter().map(unit).collect()
            }),
            tags: tags(account.tags.as_ref(), mask),
            status: assessed.status.name(),
            status_text: mask.owned(words::account_status(&assessed.status)),
            skip_reason: match &assessed.status {
                AccountStatus::Skipped(reason) => Some(words::skip_reason_name(reason)),
                _ => None,
            },
            method: assessed.method.map(keysweep_core::assessment::Method::name),
            users: assessed.users,
            coverage: CoverageV1 {
                seconds: assessed.coverage.length().as_secs(),
                spans: spans(&assessed.coverage),
                asserted_spans: spans(&assessed.asserted),
            },
            findings: None,
            problems: None,
            calls: calls(&assessed.calls),
            assessed_at: assessed.assessed_at.map(Time),
        }
    }
}

fn spans(coverage: &Coverage) -> Vec<SpanV1> {
    coverage.spans().iter().map(|span| SpanV1 { from: Time(span.from()), to: Time(span.to()) }).collect()
}

pub(super) fn tags<'a>(tags: Option<&'a Tags>, mask: &Mask<'_>) -> Option<BTreeMap<Text<'a>, Text<'a>>> {
    // Two tag keys that differ only in a masked id would become one; the mask is asked for, the loss is too.
    Some(tags?.iter().map(|(key, value)| (mask.text(key), mask.text(value))).collect())
}

/// Findings of an account, each converted when it is written.
struct Findings<'a> {
    account: &'a AccountAssessment,
    policy: &'a Policy,
    mask: &'a Mask<'a>,
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = identified(self.account, self.mask);
        serializer
            .collect_seq(findings.map(|(id, finding)| FindingV1::of(id, finding, self.policy, self.mask)))
    }
}

/// Problems, each converted when it is written.
struct Problems<'a> {
    problems: &'a [Problem],
    mask: &'a Mask<'a>,
}

impl Serialize for Problems<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.problems.iter().map(|problem| ProblemV1::of(problem, self.mask)))
    }
}

/// A problem.
#[derive(Serialize)]
pub(crate) struct ProblemV1<'a> {
    account_id: Option<String>,
    gap: &'static str,
    text: Text<'a>,
    user_name: Option<Text<'a>>,
    access_key_id: Option<Text<'a>>,
    key_status: Option<Text<'a>>,
    event_id: Option<Text<'a>>,
    call: Option<String>,
    error_kind: Option<&'static str>,
    error_code: Option<Text<'a>>,
    error_message: Option<Text<'a>>,
    request_id: Option<Text<'a>>,
    detail: Option<Text<'a>>,
    remedy: Text<'a>,
    cause: &'static str,
    rule_id: &'static str,
    severity: &'static str,
}

impl<'a> ProblemV1<'a> {
    /// The problem.
    pub(crate) fn of(problem: &'a Problem, mask: &Mask<'_>) -> Self {
        let error = problem.error.as_ref();
        Self {
            account_id: problem.account.map(|account| account.to_string()),
            gap: problem.gap.name(),
            text: mask.owned(problem.gap.to_string()),
            user_name: problem.gap.user().map(|user| mask.text(user.as_str())),
            access_key_id: problem.gap.key().map(|key| mask.key(key)),
            key_status: match &problem.gap {
                Gap::UnknownStatus { status, .. } => Some(mask.text(status)),
                _ => None,
            },
            event_id: match &problem.gap {
                Gap::EventNotUnderstood { event } => event.as_deref().map(|event| mask.text(event)),
                _ => None,
            },
            call: error.map(|error| error.call.to_string()),
            error_kind: error.map(|error| error.kind.name()),
            error_code: error.and_then(|error| error.code.as_deref()).map(|code| mask.text(code)),
            error_message: error.map(|error| mask.text(&error.message)),
            request_id: error.and_then(|error| error.request_id.as_deref()).map(|id| mask.text(id)),
            detail: problem.detail.as_deref().map(|detail| mask.text(detail)),
            remedy: mask.owned(problem.remedy()),
            cause: problem.cause().name(),
            rule_id: Rule::of_problem(problem).id,
            severity: rule::problem_severity(problem).name(),
        }
    }
}
