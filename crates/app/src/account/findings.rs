//! Draws the findings: gathers the evidence on each inactive key and lets the inference speak.

use std::collections::BTreeMap;

use keysweep_core::account::{AccountId, Tags};
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::credential_report::Slot;
use keysweep_core::evidence::{Evidence, Observation, ObservationSource, StatusChange, Target};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Change, KeyHistory, Look, infer};
use keysweep_core::key::{AccessKeyId, KeyStatus, LastUsed, Owner, UserName};
use keysweep_core::memory::Remembered;
use keysweep_core::policy::Policy;
use keysweep_core::time::{Instant, Span};

use super::details::reported;
use super::history::History;
use super::keys::{InactiveKey, RootKey};
use super::report::Report;

/// All that was looked at.
pub(super) struct Looked<'a> {
    pub(super) keys: &'a [InactiveKey],
    pub(super) root: &'a [RootKey],
    pub(super) report: Option<&'a Report>,
    pub(super) history: &'a History,
    pub(super) remembered: &'a Remembered,
}

/// What a finding is drawn from.
struct Subject<'a> {
    account: AccountId,
    owner: Owner,
    key: Option<AccessKeyId>,
    created: Instant,
    /// Sorted by time.
    changes: Vec<&'a StatusChange>,
    looks: Vec<Observation>,
    seen: Observation,
    coverage: &'a Coverage,
    asserted: &'a Coverage,
    settled_until: Option<Instant>,
    last_used: LastUsed,
    tags: Option<Tags>,
}

/// One finding for each inactive key: users' keys in the order of names, then the root user's.
pub(super) fn draw(
    account: AccountId,
    looked: &Looked<'_>,
    last_used: &BTreeMap<AccessKeyId, LastUsed>,
    tags: &BTreeMap<UserName, Tags>,
    policy: Policy,
    now: Instant,
) -> Vec<Finding> {
    let history = looked.history;
    let mut by_key: BTreeMap<&AccessKeyId, Vec<&StatusChange>> = BTreeMap::new();
    for change in &history.changes {
        by_key.entry(&change.key).or_default().push(change);
    }
    let mut looks: BTreeMap<&AccessKeyId, Vec<&Observation>> = BTreeMap::new();
    for (key, look) in &looked.remembered.observations {
        looks.entry(key).or_default().push(look);
    }
    let of_users = looked.keys.iter().map(|key| {
        let earlier = looks.remove(&key.key.id).unwrap_or_default();
        let subject = Subject {
            account,
            owner: key.owner.clone(),
            key: Some(key.key.id.clone()),
            created: key.key.created,
            changes: by_key.remove(&key.key.id).unwrap_or_default(),
            looks: looks_before(
                &key.seen,
                earlier,
                looked.report.and_then(|report| report_look(key, report)),
            ),
            seen: key.seen.clone(),
            coverage: &history.coverage,
            asserted: &looked.remembered.asserted,
            settled_until: history.settled_until,
            last_used: last_used.get(&key.key.id).cloned().unwrap_or(LastUsed::NotRead),
            tags: tags.get(&key.user).cloned(),
        };
        subject.finding(policy, now)
    });
    let mut findings: Vec<Finding> = of_users.collect();
    findings.extend(looked.report.into_iter().flat_map(|report| {
        let coverage = for_root_keys(&history.coverage, history);
        let asserted = for_root_keys(&looked.remembered.asserted, history);
        looked.root.iter().map(move |key| {
            let subject = Subject {
                account,
                owner: Owner::Root,
                key: None,
                created: key.created,
                changes: Vec::new(),
                looks: Vec::new(),
                seen: Observation {
                    from: report.gathered_from(),
                    to: report.generated_at,
                    status: KeyStatus::Inactive,
                    source: ObservationSource::CredentialReport,
                },
                coverage: &coverage,
                asserted: &asserted,
                settled_until: history
                    .settled_until
                    .filter(|until| coverage.spans().last().is_some_and(|span| span.to() == *until)),
                last_used: key.last_used.clone(),
                tags: None,
            };
            subject.finding(policy, now)
        })
    }));
    findings
}

/// Every other look at the key than the last, `seen`: those of earlier scans, and the report's.
fn looks_before(
    seen: &Observation,
    earlier: Vec<&Observation>,
    reported: Option<Observation>,
) -> Vec<Observation> {
    let mut looks: Vec<Observation> =
        earlier.into_iter().filter(|look| look.to <= seen.to && *look != seen).cloned().collect();
    looks.extend(reported.filter(|_| seen.source != ObservationSource::CredentialReport));
    looks
}

/// What the report's row saw of this key.
fn report_look(key: &InactiveKey, report: &Report) -> Option<Observation> {
    match reported(key, report) {
        // The report is dated by AWS's clock and the look at the key by ours, which may be behind: it was later all the same.
        Some((Slot::Key { status, .. }, _)) => Some(Observation {
            from: report.gathered_from().min(key.seen.to),
            to: report.generated_at.min(key.seen.to),
            status: *status,
            source: ObservationSource::CredentialReport,
        }),
        _ => None,
    }
}

/// The report does not tell which of the root user's keys is which, so any change to a key of the root user, or of nobody
/// that the record names, may have been to this one: only the time after the last of them is covered.
fn for_root_keys(coverage: &Coverage, history: &History) -> Coverage {
    let last = history.changes.iter().rev().find(|change| !matches!(change.target, Target::User(_)));
    let hole = last.and_then(|change| Span::new(Instant::from_unix(i64::MIN), change.at.next()));
    hole.map_or_else(|| coverage.clone(), |hole| coverage.without(hole))
}

impl Subject<'_> {
    fn finding(self, policy: Policy, now: Instant) -> Finding {
        let changes: Vec<Change> =
            self.changes.iter().map(|change| Change { at: change.at, status: change.status }).collect();
        let look = |seen: &Observation| Look { from: seen.from, to: seen.to, status: seen.status };
        let looks: Vec<Look> = self.looks.iter().map(look).collect();
        let inference = infer(&KeyHistory {
            created: self.created,
            changes: &changes,
            looks: &looks,
            seen: look(&self.seen),
            coverage: self.coverage,
            asserted: self.asserted,
            settled_until: self.settled_until,
            now,
        });
        let (verdict, inactive_since) = inference.verdict(policy.threshold, now);
        let latest = inactive_since.interval.latest();
        let used_since = match &self.last_used {
            LastUsed::At { at, .. } if *at > latest => Some(*at),
            _ => None,
        };
        let mut evidence: Vec<Evidence> = [Evidence::Created(self.created)]
            .into_iter()
            .chain(self.changes.iter().map(|change| Evidence::Changed((*change).clone())))
            .chain(self.looks.into_iter().chain([self.seen]).map(Evidence::Observed))
            .collect();
        evidence.sort_by_key(Evidence::at);
        Finding {
            account: self.account,
            owner: self.owner,
            key: self.key,
            created: self.created,
            verdict,
            inactive_since,
            assertion: inference.assertion(&inactive_since),
            known_by: (verdict == Verdict::Undetermined).then(|| latest + policy.threshold.length()),
            last_used: self.last_used,
            used_since,
            contradictions: inference.contradictions,
            evidence,
            tags: self.tags,
            exemption: None,
            assessed_at: now,
        }
    }
}
