//! Keys whose findings the inference draws from evidence told in days, so that what is said of them is said of what would
//! really be found.

use keysweep_core::account::{Account, AccountState, OrganizationalUnit, Tags};
use keysweep_core::assessment::{AccountAssessment, AccountStatus};
use keysweep_core::call::Call;
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{
    ChangeSource, EventId, Evidence, Observation, ObservationSource, StatusChange, Target,
};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Change, KeyHistory, Look, infer};
use keysweep_core::key::{KeyStatus, LastUsed, Owner};
use keysweep_core::policy::Policy;
use keysweep_core::problem::Gap;
use keysweep_core::time::{Instant, SignedDuration, Span};

use crate::samples;

/// The day of the assessment, in days since 2025-06-01. It ends in the first second of that day.
pub(crate) const TODAY: i64 = 200;

/// The first second of a day.
pub(crate) fn day(number: i64) -> Instant {
    samples::at("2025-06-01T00:00:00Z") + SignedDuration::from_hours(24 * number)
}

/// The evidence on one key of `ci-deploy` in 111122223333, which is seen Inactive on [`TODAY`].
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) created: Instant,
    pub(crate) changes: Vec<Change>,
    pub(crate) looks: Vec<Look>,
    pub(crate) seen: Look,
    pub(crate) covered: Vec<Span>,
    pub(crate) asserted: Vec<Span>,
    pub(crate) history_read: bool,
    pub(crate) last_used: LastUsed,
    pub(crate) owner: Owner,
}

impl Key {
    pub(crate) fn created(on: i64) -> Self {
        let today = day(TODAY).previous();
        Self {
            created: day(on),
            changes: Vec::new(),
            looks: Vec::new(),
            seen: Look { from: today, to: today, status: KeyStatus::Inactive },
            covered: Vec::new(),
            asserted: Vec::new(),
            history_read: false,
            last_used: LastUsed::NotRecorded,
            owner: samples::user("111122223333", "ci-deploy"),
        }
    }

    pub(crate) fn changed(mut self, on: i64, status: KeyStatus) -> Self {
        self.changes.push(Change { at: day(on), status });
        self
    }

    pub(crate) fn on(self, on: i64) -> Self {
        self.changed(on, KeyStatus::Active)
    }

    pub(crate) fn off(self, on: i64) -> Self {
        self.changed(on, KeyStatus::Inactive)
    }

    /// The history was read from this day up to two hours before the assessment.
    pub(crate) fn read_from(mut self, from: i64) -> Self {
        self.history_read = true;
        self.covered.extend(Span::new(day(from), settled()));
        self
    }

    pub(crate) fn covered(mut self, from: i64, to: i64) -> Self {
        self.covered.extend(Span::new(day(from), day(to)));
        self
    }

    pub(crate) fn asserted(mut self, from: i64, to: i64) -> Self {
        self.asserted.extend(Span::new(day(from), day(to)));
        self
    }

    /// An earlier scan saw it, in the first minute of that day.
    pub(crate) fn seen(mut self, on: i64, status: KeyStatus) -> Self {
        self.looks.push(Look { from: day(on), to: day(on) + SignedDuration::from_secs(60), status });
        self
    }

    pub(crate) fn used(mut self, on: i64) -> Self {
        let (service, region) = (Some("s3".to_owned()), Some("eu-central-1".to_owned()));
        self.last_used = LastUsed::At { at: day(on), service, region };
        self
    }

    fn evidence(&self) -> Vec<Evidence> {
        let change = |(number, change): (usize, &Change)| {
            Evidence::Changed(StatusChange {
                at: change.at,
                status: change.status,
                key: samples::key_id(1).parse().unwrap(),
                target: Target::User("ci-deploy".parse().unwrap()),
                account: Some("111122223333".parse().unwrap()),
                event: EventId::new(&format!("0e1a2b3c-0000-4000-8000-{number:012}")),
                actor: Some("arn:aws:iam::111122223333:user/alice".to_owned()),
                source_ip: Some("203.0.113.7".to_owned()),
                source: ChangeSource::EventHistory,
            })
        };
        let observation = |look: &Look, source| {
            Evidence::Observed(Observation { from: look.from, to: look.to, status: look.status, source })
        };
        let scan = |look: &Look| ObservationSource::EarlierScan(format!("scan-{}", look.to.unix()));
        let mut evidence: Vec<Evidence> = std::iter::once(Evidence::Created(self.created))
            .chain(self.changes.iter().enumerate().map(change))
            .chain(self.looks.iter().map(|look| observation(look, scan(look))))
            .chain([observation(&self.seen, ObservationSource::ListAccessKeys)])
            .collect();
        evidence.sort_by_key(Evidence::at);
        evidence
    }

    /// The finding that follows, in its account.
    pub(crate) fn finding(&self) -> (Finding, AccountAssessment) {
        let (now, policy) = (day(TODAY), Policy::default());
        let coverage = Coverage::from_spans(self.covered.iter().copied());
        let asserted = Coverage::from_spans(self.asserted.iter().copied());
        let mut changes = self.changes.clone();
        changes.sort_by_key(|change| change.at);
        let inference = infer(&KeyHistory {
            created: self.created,
            changes: &changes,
            looks: &self.looks,
            seen: self.seen,
            coverage: &coverage,
            asserted: &asserted,
            settled_until: self.history_read.then(settled),
            now,
        });
        let (verdict, inactive_since) = inference.verdict(policy.threshold, now);
        let latest = inactive_since.interval.latest();
        let finding = Finding {
            owner: self.owner.clone(),
            created: self.created,
            verdict,
            inactive_since,
            assertion: inference.assertion(&inactive_since),
            known_by: (verdict == Verdict::Undetermined).then(|| latest + policy.threshold.length()),
            used_since: match self.last_used {
                LastUsed::At { at, .. } if at > latest => Some(at),
                _ => None,
            },
            last_used: self.last_used.clone(),
            contradictions: inference.contradictions,
            evidence: self.evidence(),
            tags: Some(Tags::from([("owner".to_owned(), "payments".to_owned())])),
            exemption: None,
            assessed_at: now,
            ..samples::long_term("111122223333", "ci-deploy", 1)
        };
        let mut account = samples::account("111122223333", Some("production"));
        account.account = Account {
            state: Some(AccountState::Active),
            path: Some(vec![
                OrganizationalUnit { id: "r-ab12".to_owned(), name: "Root".to_owned() },
                OrganizationalUnit { id: "ou-ab12-cdefgh34".to_owned(), name: "Workloads".to_owned() },
            ]),
            ..account.account
        };
        (account.coverage, account.asserted) = (coverage, asserted);
        account.assessed_at = Some(now);
        if !self.history_read {
            account.status = AccountStatus::Partial;
            let denied = samples::denied(Call::LookupEvents, "AccessDeniedException", "not authorized");
            account.problems = vec![samples::problem("111122223333", Gap::HistoryNotRead, Some(denied))];
        }
        account.findings = vec![finding.clone()];
        (finding, account)
    }
}

/// The end of the settled history.
pub(crate) fn settled() -> Instant {
    day(TODAY) - SignedDuration::from_hours(2)
}

/// A key for each verdict, confidence and ground that can come of them.
pub(crate) fn all() -> Vec<(&'static str, Key)> {
    use KeyStatus::{Active, Inactive};
    vec![
        ("long_term_proven_no_change", Key::created(0).read_from(110).seen(199, Inactive).used(60)),
        ("long_term_proven_redundant_change", Key::created(0).off(150).seen(120, Inactive).read_from(110)),
        ("long_term_proven_dated", Key::created(0).on(130).off(160).read_from(110)),
        ("long_term_proven_unknown_before", Key::created(0).off(160).read_from(110).used(170)),
        ("long_term_proven_seen_active", Key::created(0).seen(50, Active).off(160).read_from(110)),
        ("long_term_proven_switched_on", Key::created(0).on(50).off(160).read_from(110)),
        ("long_term_proven_gap", Key::created(0).on(20).covered(10, 40).off(160).read_from(110)),
        ("long_term_proven_gap_off", Key::created(0).on(20).off(30).covered(10, 40).off(160).read_from(110)),
        (
            "long_term_proven_tie",
            Key::created(0).on(160).off(160).off(161).read_from(110).seen(190, Inactive),
        ),
        ("long_term_proven_born_and_off", Key::created(120).off(120).read_from(110)),
        ("long_term_settling", Key::created(0).read_from(110)),
        ("long_term_observed", Key::created(0).seen(50, Inactive).seen(120, Inactive)),
        ("long_term_observed_by_a_change", Key::created(0).off(50).seen(120, Inactive)),
        (
            "long_term_observed_over_a_gap",
            Key::created(0).seen(100, Inactive).covered(110, 150).read_from(185).seen(186, Inactive),
        ),
        ("long_term_asserted", Key::created(0).asserted(20, 185).read_from(185)),
        ("long_term_refuted", Key::created(0).seen(100, Active).off(50).asserted(40, 110).read_from(110)),
        ("recent_proven_dated", Key::created(0).on(130).off(190).read_from(110).used(195)),
        ("recent_proven_created", Key::created(190).read_from(110)),
        ("recent_proven_seen_active", Key::created(0).seen(199, Active)),
        ("recent_at_look_never_off", Key::created(150).read_from(110)),
        ("undetermined_no_history", Key::created(0)),
        ("undetermined_young_history", Key::created(0).read_from(185).seen(190, Inactive)),
        ("undetermined_settling", Key::created(0).read_from(185)),
        ("undetermined_observed", Key::created(0).seen(180, Inactive)),
        ("contradictory", Key::created(100).off(90).on(150).seen(160, Inactive).read_from(110)),
        ("root", Key { owner: Owner::Root, ..Key::created(0).read_from(110).seen(199, Inactive) }),
    ]
}
