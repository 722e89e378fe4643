//! Arbitrary assessments and evidence from a seed: every variant of every value, and texts as nobody should write them.

use keysweep_core::account::{
    Account, AccountId, AccountState, CallerIdentity, Organization, OrganizationalUnit, Partition, Tags,
};
use keysweep_core::assessment::{
    AccountAssessment, AccountStatus, Assessment, CallCount, CallCounts, Method, Scope, SkipReason,
};
use keysweep_core::call::{Call, CallError, CallErrorKind};
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{
    ChangeSource, EventId, Evidence, Observation, ObservationSource, StatusChange, Target,
};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{
    Assertion, Claim, Confidence, Contradiction, EarliestGround, Grounds, LatestGround,
};
use keysweep_core::key::{AccessKey, AccessKeyId, KeyStatus, LastUsed, ListedStatus, Owner, UserName};
use keysweep_core::memory::{Begun, ListedUser, Listing, RowIdentity, Seen, Selection};
use keysweep_core::policy::Policy;
use keysweep_core::problem::{Gap, Problem};
use keysweep_core::time::{Instant, Interval, Span};

pub(crate) struct Any(pub(crate) fastrand::Rng);

impl Any {
    pub(crate) fn of(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.0.usize(..items.len())].clone()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.0.bool() { Some(make(self)) } else { None }
    }

    fn several<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.0.usize(..=most)).map(|_| make(self)).collect()
    }

    fn text(&mut self) -> String {
        let pieces = [
            "",
            "a",
            "billing-export",
            "\"",
            "\\",
            "'; drop table scans; --",
            "\u{1f511}",
            "é",
            "%_",
            "\n\t",
            " ",
            "$1",
        ];
        let count = self.0.usize(0..4);
        (0..count).map(|_| self.pick(&pieces)).collect()
    }

    pub(crate) fn user(&mut self) -> UserName {
        format!("u{}", self.text()).parse().unwrap()
    }

    pub(crate) fn key(&mut self) -> AccessKeyId {
        format!("AKIA{:016}", self.0.u64(..50)).parse().unwrap()
    }

    pub(crate) fn instant(&mut self) -> Instant {
        let far = [i64::MIN, -1, 0, 1, i64::MAX];
        if self.0.u8(..20) == 0 {
            Instant::from_unix(self.pick(&far))
        } else {
            Instant::from_unix(self.0.i64(1_700_000_000..1_800_000_000))
        }
    }

    fn account_id(&mut self) -> AccountId {
        AccountId::from_number(self.0.u64(..1_000_000_000_000)).unwrap()
    }

    fn tags(&mut self) -> Tags {
        self.several(3, |any| (any.text(), any.text())).into_iter().collect()
    }

    pub(crate) fn coverage(&mut self) -> Coverage {
        let spans = self.several(3, |any| {
            let (a, b) = (any.instant(), any.instant());
            Span::new(a.min(b), a.max(b))
        });
        Coverage::from_spans(spans.into_iter().flatten())
    }

    fn status(&mut self) -> KeyStatus {
        self.pick(&[KeyStatus::Active, KeyStatus::Inactive])
    }

    pub(crate) fn change(&mut self) -> StatusChange {
        StatusChange {
            at: self.instant(),
            status: self.status(),
            key: self.key(),
            target: match self.0.u8(..3) {
                0 => Target::User(self.user()),
                1 => Target::Root,
                _ => Target::NotRecorded,
            },
            account: self.maybe(Self::account_id),
            event: EventId::new(&format!("{:032x}", self.0.u128(..))),
            actor: self.maybe(Self::text),
            source_ip: self.maybe(Self::text),
            source: if self.0.bool() {
                ChangeSource::EventHistory
            } else {
                ChangeSource::File { name: self.text(), record: self.0.u64(1..1_000_000) }
            },
        }
    }

    pub(crate) fn observation(&mut self) -> Observation {
        let (a, b) = (self.instant(), self.instant());
        Observation {
            from: a.min(b),
            to: a.max(b),
            status: self.status(),
            source: match self.0.u8(..3) {
                0 => ObservationSource::ListAccessKeys,
                1 => ObservationSource::CredentialReport,
                _ => ObservationSource::EarlierScan(self.text()),
            },
        }
    }

    fn claim(&mut self) -> Claim {
        let (a, b) = (self.instant(), self.instant());
        Claim {
            as_of: self.instant(),
            interval: Interval::new(a.min(b), a.max(b)).unwrap(),
            confidence: self.pick(&[Confidence::Proven, Confidence::Settling, Confidence::Observed]),
            grounds: Grounds {
                earliest: match self.0.u8(..5) {
                    0 => EarliestGround::Created,
                    1 => EarliestGround::SwitchedOn,
                    2 => EarliestGround::SwitchedOff,
                    3 => EarliestGround::ActiveBefore,
                    _ => EarliestGround::SeenActive { from: a, to: b },
                },
                latest: self.pick(&[
                    LatestGround::SwitchedOff,
                    LatestGround::CoverageBegins,
                    LatestGround::AssertionBegins,
                    LatestGround::SeenInactive,
                ]),
            },
        }
    }

    fn finding(&mut self, account: AccountId) -> Finding {
        Finding {
            account,
            owner: if self.0.u8(..5) == 0 {
                Owner::Root
            } else {
                Owner::User { name: self.user(), arn: self.text() }
            },
            key: self.maybe(Self::key),
            created: self.instant(),
            verdict: self.pick(&[
                Verdict::LongTerm,
                Verdict::Recent,
                Verdict::Undetermined,
                Verdict::Contradictory,
            ]),
            inactive_since: self.claim(),
            assertion: match self.0.u8(..3) {
                0 => Assertion::NotUsed,
                1 => Assertion::Used,
                _ => Assertion::Refuted { seen_at: self.instant(), seen: self.status() },
            },
            known_by: self.maybe(Self::instant),
            last_used: match self.0.u8(..3) {
                0 => LastUsed::NotRecorded,
                1 => LastUsed::At {
                    at: self.instant(),
                    service: self.maybe(Self::text),
                    region: self.maybe(Self::text),
                },
                _ => LastUsed::NotRead,
            },
            used_since: self.maybe(Self::instant),
            contradictions: self.several(2, |any| {
                if any.0.bool() {
                    Contradiction::BeforeCreation { at: any.instant() }
                } else {
                    Contradiction::SeenAgainstHistory { seen_at: any.instant(), seen: any.status() }
                }
            }),
            evidence: self.several(4, |any| match any.0.u8(..3) {
                0 => Evidence::Created(any.instant()),
                1 => Evidence::Changed(any.change()),
                _ => Evidence::Observed(any.observation()),
            }),
            tags: self.maybe(Self::tags),
            exemption: None,
            assessed_at: self.instant(),
        }
    }

    fn problem(&mut self) -> Problem {
        let gap = match self.0.u8(..18) {
            0 => Gap::AccountNotEntered,
            1 => Gap::UsersNotListed,
            2 => Gap::ReportUnavailable,
            3 => Gap::ReportDistrusted { user: self.user() },
            4 => Gap::RootKeysNotAssessed,
            5 => Gap::KeysNotListed { user: self.user() },
            6 => Gap::UserVanished { user: self.user() },
            7 => Gap::UnknownStatus { user: self.user(), key: self.key(), status: self.text() },
            8 => Gap::HistoryNotRead,
            9 => Gap::EventNotUnderstood { event: self.maybe(Self::text) },
            10 => Gap::LastUseNotRead { user: self.user(), key: self.key() },
            11 => Gap::UserTagsNotRead,
            12 => Gap::AccountsNotListed,
            13 => Gap::OrganizationalUnitsNotRead,
            14 => Gap::AccountTagsNotRead,
            15 => Gap::ExpectedAccountNotComplete,
            16 => Gap::NothingSelected,
            _ => Gap::Interrupted,
        };
        let kinds = [
            CallErrorKind::Throttled,
            CallErrorKind::Denied,
            CallErrorKind::NotFound,
            CallErrorKind::ReportInProgress,
            CallErrorKind::ReportAbsent,
            CallErrorKind::CredentialsExpired,
            CallErrorKind::CredentialsInvalid,
            CallErrorKind::Unavailable,
            CallErrorKind::Malformed,
            CallErrorKind::Rejected,
        ];
        Problem {
            account: self.maybe(Self::account_id),
            gap,
            error: self.maybe(|any| CallError {
                call: any.pick(Call::ALL),
                kind: any.pick(&kinds),
                code: any.maybe(Self::text),
                message: any.text(),
                request_id: any.maybe(Self::text),
            }),
            detail: self.maybe(Self::text),
        }
    }

    fn calls(&mut self) -> CallCounts {
        self.several(6, |any| {
            let throttled = any.0.u64(..1000);
            (any.pick(Call::ALL), CallCount { sent: throttled + any.0.u64(..1_000_000), throttled })
        })
        .into_iter()
        .collect()
    }

    pub(crate) fn account_assessment(&mut self, id: AccountId) -> AccountAssessment {
        let states = [
            AccountState::PendingActivation,
            AccountState::Active,
            AccountState::Suspended,
            AccountState::PendingClosure,
            AccountState::Closed,
            AccountState::Other(self.text()),
        ];
        let statuses = [
            AccountStatus::Complete,
            AccountStatus::Partial,
            AccountStatus::NotAssessed,
            AccountStatus::Skipped(SkipReason::State(self.text())),
            AccountStatus::Skipped(SkipReason::Filtered),
        ];
        AccountAssessment {
            account: Account {
                id,
                name: self.maybe(Self::text),
                state: self.maybe(|any| any.pick(&states)),
                path: self.maybe(|any| {
                    any.several(3, |any| OrganizationalUnit { id: any.text(), name: any.text() })
                }),
                tags: self.maybe(Self::tags),
            },
            status: self.pick(&statuses),
            method: self.maybe(|any| any.pick(&[Method::CredentialReport, Method::Exhaustive])),
            users: self.maybe(|any| any.0.u64(..5000)),
            coverage: self.coverage(),
            asserted: self.coverage(),
            findings: self.several(4, |any| any.finding(id)),
            problems: self.several(2, Self::problem),
            calls: self.calls(),
            assessed_at: self.maybe(Self::instant),
        }
    }

    fn length(&mut self) -> String {
        match self.0.u8(..3) {
            0 => format!("{}d", self.0.u32(1..36_000)),
            1 => format!("{}s", self.0.u32(1..1_000_000)),
            _ => format!("{}s {}ns", self.0.u32(1..1000), self.0.u32(..1_000_000_000)),
        }
    }

    pub(crate) fn assessment(&mut self, id: &str) -> Assessment {
        let mut accounts: Vec<AccountId> = self.several(5, Self::account_id);
        accounts.sort_unstable();
        accounts.dedup();
        Assessment {
            id: id.to_owned(),
            version: self.text(),
            scope: if self.0.bool() {
                Scope::Account
            } else {
                Scope::Organization(Organization { id: self.text(), management_account: self.account_id() })
            },
            caller: CallerIdentity {
                account: self.account_id(),
                arn: self.text(),
                partition: self.pick(&[Partition::Aws, Partition::AwsUsGov, Partition::AwsCn]),
            },
            policy: Policy {
                threshold: self.length().parse().unwrap(),
                settling_margin: self.length().parse().unwrap(),
            },
            started_at: self.instant(),
            finished_at: self.instant(),
            accounts: accounts.into_iter().map(|account| self.account_assessment(account)).collect(),
            problems: self.several(3, Self::problem),
            calls: self.calls(),
        }
    }

    fn row(&mut self) -> RowIdentity {
        let slot = |any: &mut Self| any.maybe(|any| (any.status(), any.instant()));
        RowIdentity {
            user: self.user(),
            arn: self.text(),
            created: self.instant(),
            slots: [slot(self), slot(self)],
        }
    }

    pub(crate) fn listing(&mut self) -> Listing {
        Listing {
            users: self.several(4, |any| ListedUser {
                row: any.row(),
                keys: any.several(3, |any| AccessKey {
                    id: any.key(),
                    status: if any.0.bool() {
                        ListedStatus::Known(any.status())
                    } else {
                        ListedStatus::Other(any.text())
                    },
                    created: any.instant(),
                }),
                scan: any.text(),
                from: any.instant(),
                to: any.instant(),
                tags: any.maybe(|any| (any.instant(), any.tags())),
            }),
            vouched: self.several(4, Self::row),
            vouched_at: self.instant(),
        }
    }

    pub(crate) fn seen(&mut self) -> Seen {
        Seen {
            coverage: self.coverage(),
            changes: self.several(4, Self::change),
            observations: self.several(6, |any| (any.key(), any.observation())),
            listing: self.maybe(Self::listing),
        }
    }
}

/// What is known of the scan of an assessment when it begins.
pub(crate) fn begun(assessment: &Assessment) -> Begun {
    Begun {
        id: assessment.id.clone(),
        version: assessment.version.clone(),
        scope: assessment.scope.clone(),
        caller: assessment.caller.clone(),
        policy: assessment.policy,
        started_at: assessment.started_at,
        selection: Selection {
            include: vec!["ou:Workloads/\u{202e}".to_owned(), assessment.id.clone()],
            exclude: vec!["tag:a=b".to_owned()],
            exhaustive: assessment.accounts.len().is_multiple_of(2),
        },
    }
}
