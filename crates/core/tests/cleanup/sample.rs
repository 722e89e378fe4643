//! A small organization with keys of every kind.

use std::collections::BTreeSet;

use keysweep_core::account::{Account, CallerIdentity, Organization, OrganizationalUnit, Partition, Tags};
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment, CallCounts, Method, Scope};
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{
    ChangeSource, EventId, Evidence, Observation, ObservationSource, StatusChange, Target,
};
use keysweep_core::exemption::{Exemption, Exemptions};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Assertion, Claim, Confidence, EarliestGround, Grounds, LatestGround};
use keysweep_core::key::{AccessKeyId, KeyStatus, LastUsed, Owner};
use keysweep_core::plan::build::{Holdings, Order, build};
use keysweep_core::plan::{Author, Plan};
use keysweep_core::policy::Policy;
use keysweep_core::problem::{Gap, Problem};
use keysweep_core::time::{Instant, Interval, SignedDuration};

pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);
pub(crate) const HOUR: SignedDuration = SignedDuration::from_hours(1);
pub(crate) const ACCOUNT: &str = "111122223333";

pub(crate) fn now() -> Instant {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

pub(crate) fn days_ago(days: i64) -> Instant {
    now() - SignedDuration::from_hours(24 * days)
}

pub(crate) fn key_id(number: u32) -> AccessKeyId {
    format!("AKIAEXAMPLE{number:09}").parse().unwrap()
}

pub(crate) fn event_id(number: u32) -> String {
    format!("event-{number}")
}

/// A long-term inactive key of the user `user-N`, proven.
pub(crate) fn finding(number: u32) -> Finding {
    let key = key_id(number);
    let user = format!("user-{number}");
    let off = days_ago(60);
    let as_of = now() - HOUR - HOUR;
    let change = StatusChange {
        at: off,
        status: KeyStatus::Inactive,
        key: key.clone(),
        target: Target::User(user.parse().unwrap()),
        account: ACCOUNT.parse().ok(),
        event: EventId::new(&event_id(number)),
        actor: None,
        source_ip: None,
        source: ChangeSource::EventHistory,
    };
    let seen = Observation {
        from: now(),
        to: now(),
        status: KeyStatus::Inactive,
        source: ObservationSource::ListAccessKeys,
    };
    Finding {
        account: ACCOUNT.parse().unwrap(),
        owner: Owner::User {
            name: user.parse().unwrap(),
            arn: format!("arn:aws:iam::{ACCOUNT}:user/{user}"),
        },
        key: Some(key),
        created: days_ago(400),
        verdict: Verdict::LongTerm,
        inactive_since: Claim {
            as_of,
            interval: Interval::new(days_ago(400), off).unwrap(),
            confidence: Confidence::Proven,
            grounds: Grounds { earliest: EarliestGround::Created, latest: LatestGround::SwitchedOff },
        },
        known_by: None,
        last_used: LastUsed::NotRecorded,
        used_since: None,
        assertion: Assertion::NotUsed,
        contradictions: Vec::new(),
        evidence: vec![Evidence::Created(days_ago(400)), Evidence::Changed(change), Evidence::Observed(seen)],
        tags: Some(Tags::new()),
        exemption: None,
        assessed_at: now(),
    }
}

/// An account of 100 users with these findings.
pub(crate) fn result(findings: Vec<Finding>, problems: Vec<Problem>) -> AccountAssessment {
    let unit = |id: &str, name: &str| OrganizationalUnit { id: id.to_owned(), name: name.to_owned() };
    let account = Account {
        name: Some("production".to_owned()),
        path: Some(vec![unit("r-abcd", "Root"), unit("ou-1", "Workloads")]),
        ..Account::alone(ACCOUNT.parse().unwrap())
    };
    AccountAssessment {
        account,
        status: if problems.is_empty() { AccountStatus::Complete } else { AccountStatus::Partial },
        method: Some(Method::CredentialReport),
        users: Some(100),
        coverage: Coverage::none(),
        asserted: Coverage::none(),
        findings,
        problems,
        calls: CallCounts::default(),
        assessed_at: Some(now()),
    }
}

pub(crate) fn assessment(accounts: Vec<AccountAssessment>) -> Assessment {
    Assessment {
        id: "scan-1".to_owned(),
        version: "0".to_owned(),
        scope: Scope::Organization(Organization {
            id: "o-example".to_owned(),
            management_account: "999999999999".parse().unwrap(),
        }),
        caller: caller(),
        policy: Policy::default(),
        started_at: now(),
        finished_at: now(),
        accounts,
        problems: Vec::new(),
        calls: CallCounts::default(),
    }
}

pub(crate) fn caller() -> CallerIdentity {
    CallerIdentity {
        account: "999999999999".parse().unwrap(),
        arn: "arn:aws:sts::999999999999:assumed-role/planner/alice".to_owned(),
        partition: Partition::Aws,
    }
}

pub(crate) fn exemption(protects: &str, expires: Instant) -> Exemption {
    Exemption::new(
        &format!("for {protects}"),
        protects.parse().unwrap(),
        "the bank needs it",
        "alice",
        days_ago(100),
        expires,
    )
    .unwrap()
}

pub(crate) fn plan_with(
    assessment: &Assessment,
    exemptions: &Exemptions,
    allow_observed: bool,
    holdings: &Holdings,
) -> Plan {
    build(
        assessment,
        &Order {
            id: "plan-1",
            version: "0",
            author: Author::from(&caller()),
            exemptions,
            allow_observed,
            holdings,
            gone: &BTreeSet::new(),
            now: now(),
        },
    )
}

pub(crate) fn plan_of(findings: Vec<Finding>) -> Plan {
    let assessment = assessment(vec![result(findings, Vec::new())]);
    plan_with(&assessment, &Exemptions::default(), false, &Holdings::new())
}

/// One finding for each reason to keep a key, by the reason's name.
pub(crate) fn kept() -> Vec<(&'static str, Finding)> {
    let change = |number: u32, change: &dyn Fn(&mut Finding)| {
        let mut finding = finding(number);
        change(&mut finding);
        finding
    };
    vec![
        ("recent", change(11, &|finding| finding.verdict = Verdict::Recent)),
        ("undetermined", change(12, &|finding| finding.verdict = Verdict::Undetermined)),
        ("contradictory", change(13, &|finding| finding.verdict = Verdict::Contradictory)),
        (
            "root_user",
            change(14, &|finding| {
                finding.owner = Owner::Root;
                finding.key = None;
            }),
        ),
        ("used_since", change(15, &|finding| finding.used_since = Some(days_ago(3)))),
        ("last_use_not_read", change(16, &|finding| finding.last_used = LastUsed::NotRead)),
        ("only_observed", change(17, &|finding| finding.inactive_since.confidence = Confidence::Observed)),
        (
            "exempt",
            change(18, &|finding| {
                finding.tags = Some(Tags::from([("keysweep:keep".to_owned(), "yes".to_owned())]));
            }),
        ),
        ("cannot_tell_exempt", change(19, &|finding| finding.tags = None)),
        // A verdict that its claim does not bear.
        (
            "undetermined",
            change(20, &|finding| finding.inactive_since.interval = Interval::exactly(days_ago(10))),
        ),
        (
            "contradictory",
            change(21, &|finding| {
                finding.contradictions =
                    vec![keysweep_core::infer::Contradiction::BeforeCreation { at: days_ago(500) }];
            }),
        ),
    ]
}

/// A key with a status that is neither Active nor Inactive, which is a problem and not a finding.
pub(crate) fn expired_key() -> Problem {
    let gap = Gap::UnknownStatus {
        user: "user-22".parse().unwrap(),
        key: key_id(22),
        status: "Expired".to_owned(),
    };
    Problem { account: ACCOUNT.parse().ok(), gap, error: None, detail: None }
}
