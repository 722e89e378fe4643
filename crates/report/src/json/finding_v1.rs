//! The fields of `keysweep.assessment/v1` that tell of one key: what is claimed of it, and what that rests on. They are frozen as
//! those of [`super::v1`] are.

use std::collections::BTreeMap;

use keysweep_core::evidence::{ChangeSource, Evidence, ObservationSource, Target};
use keysweep_core::exemption::{Standing, Unreadable};
use keysweep_core::finding::Finding;
use keysweep_core::infer::{Assertion, Claim, Contradiction};
use keysweep_core::key::{LastUsed, Owner};
use keysweep_core::policy::Policy;
use keysweep_core::rule::{self, Rule};
use keysweep_core::time::{Interval, SignedDuration};
use serde::Serialize;

use super::v1::{Text, Time, tags};
use crate::mask::Mask;
use crate::words;

/// A finding.
#[derive(Serialize)]
pub(crate) struct FindingV1<'a> {
    finding_id: String,
    account_id: String,
    owner: &'static str,
    user_name: Text<'a>,
    user_arn: Option<Text<'a>>,
    access_key_id: Option<Text<'a>>,
    created_at: Time,
    verdict: &'static str,
    text: Text<'a>,
    at_least_seconds: i64,
    at_least: String,
    at_most_seconds: i64,
    at_most: String,
    inactive_since: ClaimV1,
    known_by: Option<Time>,
    last_used: LastUsedV1<'a>,
    used_since: Option<Time>,
    contradictions: Vec<ContradictionV1>,
    evidence: Vec<EvidenceV1<'a>>,
    tags: Option<BTreeMap<Text<'a>, Text<'a>>>,
    owner_tag: Option<Text<'a>>,
    assessed_at: Time,
    rule_id: &'static str,
    rule_ids: Vec<&'static str>,
    severity: &'static str,
    exemption: Option<ExemptionV1<'a>>,
}

impl<'a> FindingV1<'a> {
    /// The finding with this id.
    pub(crate) fn of(finding_id: String, finding: &'a Finding, policy: &Policy, mask: &Mask<'_>) -> Self {
        let (at_least, at_most) = (nonnegative(finding.at_least()), nonnegative(finding.at_most()));
        let (owner, user_arn) = match &finding.owner {
            Owner::Root => ("root", None),
            Owner::User { arn, .. } => ("user", Some(mask.text(arn))),
        };
        Self {
            finding_id,
            account_id: finding.account.to_string(),
            owner,
            user_name: mask.text(finding.owner.name()),
            user_arn,
            access_key_id: finding.key.as_ref().map(|key| mask.key(key)),
            created_at: Time(finding.created),
            verdict: finding.verdict.name(),
            text: mask.owned(words::finding(finding, policy)),
            at_least_seconds: at_least.as_secs(),
            at_least: words::rounded_down(at_least),
            at_most_seconds: at_most.as_secs(),
            at_most: words::rounded_up(at_most),
            inactive_since: ClaimV1::of(&finding.inactive_since, finding.assertion),
            known_by: finding.known_by.map(Time),
            last_used: LastUsedV1::of(&finding.last_used, mask),
            used_since: finding.used_since.map(Time),
            contradictions: finding.contradictions.iter().map(ContradictionV1::of).collect(),
            evidence: finding.evidence.iter().map(|evidence| EvidenceV1::of(evidence, mask)).collect(),
            tags: tags(finding.tags.as_ref(), mask),
            owner_tag: finding.owner_tag().map(|owner| mask.text(owner)),
            assessed_at: Time(finding.assessed_at),
            rule_id: Rule::of(finding).id,
            rule_ids: Rule::all_of(finding).map(|rule| rule.id).collect(),
            severity: rule::severity(finding, policy).name(),
            exemption: finding.exemption.as_ref().map(|standing| ExemptionV1::of(standing, mask)),
        }
    }
}

/// Where a finding stands towards the exemptions.
#[derive(Serialize)]
pub(crate) struct ExemptionV1<'a> {
    status: &'static str,
    exemption_id: Option<Text<'a>>,
    reason: Option<Text<'a>>,
    author: Option<Text<'a>>,
    expires_at: Option<Time>,
    tag: Option<Text<'a>>,
    not_read: Option<&'static str>,
    text: Text<'a>,
}

impl<'a> ExemptionV1<'a> {
    pub(crate) fn of(standing: &'a Standing, mask: &Mask<'_>) -> Self {
        let exemption = standing.exemption();
        let (tag, not_read) = match standing {
            Standing::KeepTag { name, .. } => (Some(mask.text(name)), None),
            Standing::CannotTell(unread) => (None, Some(Unreadable::name(*unread))),
            Standing::Exempt(_) | Standing::Expired(_) => (None, None),
        };
        Self {
            status: standing.name(),
            exemption_id: exemption.map(|exemption| mask.text(exemption.id())),
            reason: exemption.map(|exemption| mask.text(exemption.reason())),
            author: exemption.map(|exemption| mask.text(exemption.author())),
            expires_at: exemption.map(|exemption| Time(exemption.expires())),
            tag,
            not_read,
            text: mask.owned(words::exemption(standing)),
        }
    }
}

/// Only clocks that disagree make a length negative; nothing shorter than zero is claimed.
fn nonnegative(length: SignedDuration) -> SignedDuration {
    length.max(SignedDuration::ZERO)
}

#[derive(Serialize)]
pub(crate) struct ClaimV1 {
    earliest: Time,
    latest: Time,
    exact: bool,
    as_of: Time,
    confidence: &'static str,
    confidence_text: &'static str,
    earliest_ground: &'static str,
    latest_ground: &'static str,
    assertion: AssertionV1,
    text: String,
}

impl ClaimV1 {
    pub(crate) fn of(claim: &Claim, assertion: Assertion) -> Self {
        let interval: Interval = claim.interval;
        Self {
            earliest: Time(interval.earliest()),
            latest: Time(interval.latest()),
            exact: interval.is_exact(),
            as_of: Time(claim.as_of),
            confidence: claim.confidence.name(),
            confidence_text: words::confidence(claim.confidence, assertion),
            earliest_ground: claim.grounds.earliest.name(),
            latest_ground: claim.grounds.latest.name(),
            assertion: AssertionV1::of(assertion),
            text: words::since(interval),
        }
    }
}

#[derive(Serialize)]
struct AssertionV1 {
    status: &'static str,
    refuted_by: Option<Time>,
    text: Option<String>,
}

impl AssertionV1 {
    fn of(assertion: Assertion) -> Self {
        let refuted_by = match assertion {
            Assertion::NotUsed | Assertion::Used => None,
            Assertion::Refuted { seen_at, .. } => Some(Time(seen_at)),
        };
        Self { status: words::assertion_name(assertion), refuted_by, text: words::assertion(assertion) }
    }
}

#[derive(Serialize)]
struct LastUsedV1<'a> {
    status: &'static str,
    at: Option<Time>,
    service: Option<Text<'a>>,
    region: Option<Text<'a>>,
}

impl<'a> LastUsedV1<'a> {
    fn of(last_used: &'a LastUsed, mask: &Mask<'_>) -> Self {
        let status = words::last_used_name(last_used);
        match last_used {
            LastUsed::NotRecorded | LastUsed::NotRead => {
                Self { status, at: None, service: None, region: None }
            }
            LastUsed::At { at, service, region } => Self {
                status,
                at: Some(Time(*at)),
                service: service.as_deref().map(|text| mask.text(text)),
                region: region.as_deref().map(|text| mask.text(text)),
            },
        }
    }
}

#[derive(Serialize)]
struct ContradictionV1 {
    kind: &'static str,
    at: Time,
    key_status: Option<&'static str>,
    text: String,
}

impl ContradictionV1 {
    fn of(contradiction: &Contradiction) -> Self {
        let (kind, at, key_status) = match contradiction {
            Contradiction::SeenAgainstHistory { seen_at, seen } => {
                ("seen_against_history", *seen_at, Some(words::status(*seen)))
            }
            Contradiction::BeforeCreation { at } => ("before_creation", *at, None),
        };
        Self { kind, at: Time(at), key_status, text: contradiction.to_string() }
    }
}

/// One fact. `from` and `to` hold the moment; they differ only for an observation that took a while.
#[derive(Serialize)]
struct EvidenceV1<'a> {
    kind: &'static str,
    source: &'static str,
    source_id: Option<Text<'a>>,
    from: Time,
    to: Time,
    key_status: &'static str,
    user_name: Option<Text<'a>>,
    actor: Option<Text<'a>>,
    source_ip: Option<Text<'a>>,
    file: Option<Text<'a>>,
    record: Option<u64>,
    text: Text<'a>,
}

impl<'a> EvidenceV1<'a> {
    fn of(evidence: &'a Evidence, mask: &Mask<'_>) -> Self {
        let blank = |kind, source, status, from, to| Self {
            kind,
            source,
            source_id: None,
            from: Time(from),
            to: Time(to),
            key_status: words::status(status),
            user_name: None,
            actor: None,
            source_ip: None,
            file: None,
            record: None,
            text: mask.owned(words::evidence(evidence)),
        };
        match evidence {
            Evidence::Created(at) => {
                blank("created", "create_date", keysweep_core::key::KeyStatus::Active, *at, *at)
            }
            Evidence::Changed(change) => {
                let (source, file, record) = match &change.source {
                    ChangeSource::EventHistory => ("cloudtrail", None, None),
                    ChangeSource::File { name, record } => {
                        ("imported_file", Some(mask.text(name)), Some(*record))
                    }
                };
                Self {
                    file,
                    record,
                    source_id: Some(mask.text(change.event.as_str())),
                    user_name: match &change.target {
                        Target::User(name) => Some(mask.text(name.as_str())),
                        Target::Root => Some(Owner::Root.name().to_owned().into()),
                        Target::NotRecorded => None,
                    },
                    actor: change.actor.as_deref().map(|text| mask.text(text)),
                    source_ip: change.source_ip.as_deref().map(|text| mask.text(text)),
                    ..blank("changed", source, change.status, change.at, change.at)
                }
            }
            Evidence::Observed(observation) => {
                let (source, source_id) = match &observation.source {
                    ObservationSource::ListAccessKeys => ("list_access_keys", None),
                    ObservationSource::CredentialReport => ("credential_report", None),
                    ObservationSource::EarlierScan(scan) => ("earlier_scan", Some(mask.text(scan))),
                    ObservationSource::CleanUp(run) => ("clean_up", Some(mask.text(run))),
                };
                Self {
                    source_id,
                    ..blank("observed", source, observation.status, observation.from, observation.to)
                }
            }
        }
    }
}
