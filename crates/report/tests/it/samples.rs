//! Hand-made assessments: fixed ids and a fixed clock, so that nothing in a snapshot needs to be hidden.

use keysweep_core::account::{
    Account, AccountState, CallerIdentity, Organization, OrganizationalUnit, Partition, Tags,
};
use keysweep_core::assessment::{
    AccountAssessment, AccountStatus, Assessment, CallCounts, Method, Scope, SkipReason,
};
use keysweep_core::call::{Call, CallError, CallErrorKind};
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{
    ChangeSource, EventId, Evidence, Observation, ObservationSource, StatusChange, Target,
};
use keysweep_core::exemption::{Exemption, Exemptions};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{
    Assertion, Claim, Confidence, Contradiction, EarliestGround, Grounds, LatestGround,
};
use keysweep_core::key::{KeyStatus, LastUsed, Owner};
use keysweep_core::policy::Policy;
use keysweep_core::problem::{Gap, Problem};
use keysweep_core::time::{Instant, Interval, Span};

pub(crate) const NOW: &str = "2026-11-23T07:12:30Z";
const SETTLED: &str = "2026-11-23T05:12:00Z";
const HISTORY_BEGINS: &str = "2026-08-25T07:12:00Z";

/// The claim is exact: a recorded change ended a period known to be Active.
const SWITCHED_OFF: Grounds =
    Grounds { earliest: EarliestGround::SwitchedOff, latest: LatestGround::SwitchedOff };

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) fn key_id(number: u32) -> String {
    format!("AKIAIOSFODNN7{number:07}")
}

pub(crate) fn calls(of: &[(Call, u64, u64)]) -> CallCounts {
    let mut counts = CallCounts::default();
    for &(call, sent, throttled) in of {
        for number in 0..sent {
            counts.record(call, number < throttled);
        }
    }
    counts
}

pub(crate) fn coverage() -> Coverage {
    Coverage::from_spans(Span::new(at(HISTORY_BEGINS), at(SETTLED)))
}

pub(crate) fn account(id: &str, name: Option<&str>) -> AccountAssessment {
    AccountAssessment {
        account: Account { name: name.map(str::to_owned), ..Account::alone(id.parse().unwrap()) },
        status: AccountStatus::Complete,
        method: Some(Method::CredentialReport),
        users: Some(40),
        coverage: coverage(),
        asserted: Coverage::none(),
        findings: Vec::new(),
        problems: Vec::new(),
        calls: calls(&[
            (Call::GenerateCredentialReport, 1, 0),
            (Call::GetCredentialReport, 2, 0),
            (Call::ListAccessKeys, 7, 1),
            (Call::LookupEvents, 1, 0),
        ]),
        assessed_at: Some(at(NOW)),
    }
}

pub(crate) fn assessment(accounts: Vec<AccountAssessment>) -> Assessment {
    Assessment {
        id: "scan-20261123T071200Z-7".to_owned(),
        version: "0.1.0".to_owned(),
        scope: Scope::Account,
        caller: CallerIdentity {
            account: "111122223333".parse().unwrap(),
            arn: "arn:aws:sts::111122223333:assumed-role/security-audit/alice".to_owned(),
            partition: Partition::Aws,
        },
        policy: Policy::default(),
        started_at: at("2026-11-23T07:12:00Z"),
        finished_at: at("2026-11-23T07:12:34Z"),
        accounts,
        problems: Vec::new(),
        calls: calls(&[(Call::GetCallerIdentity, 1, 0)]),
    }
}

pub(crate) fn user(account: &str, name: &str) -> Owner {
    Owner::User { name: name.parse().unwrap(), arn: format!("arn:aws:iam::{account}:user/{name}") }
}

pub(crate) fn change(key: u32, user: &str, time: &str, status: KeyStatus) -> Evidence {
    Evidence::Changed(StatusChange {
        at: at(time),
        status,
        key: key_id(key).parse().unwrap(),
        target: Target::User(user.parse().unwrap()),
        account: Some("111122223333".parse().unwrap()),
        event: EventId::new(&format!("0e1a2b3c-0000-4000-8000-{key:012}")),
        actor: Some("arn:aws:iam::111122223333:user/alice".to_owned()),
        source_ip: Some("203.0.113.7".to_owned()),
        source: ChangeSource::EventHistory,
    })
}

pub(crate) fn look(from: &str, to: &str, status: KeyStatus, source: ObservationSource) -> Evidence {
    Evidence::Observed(Observation { from: at(from), to: at(to), status, source })
}

pub(crate) fn seen_now() -> Evidence {
    look(
        "2026-11-23T07:12:03Z",
        "2026-11-23T07:12:03Z",
        KeyStatus::Inactive,
        ObservationSource::ListAccessKeys,
    )
}

/// A key without a recorded change in 90 days of history: long-term and proven.
pub(crate) fn long_term(account: &str, name: &str, key: u32) -> Finding {
    Finding {
        account: account.parse().unwrap(),
        owner: user(account, name),
        key: Some(key_id(key).parse().unwrap()),
        created: at("2023-02-01T08:00:00Z"),
        verdict: Verdict::LongTerm,
        inactive_since: Claim {
            as_of: at("2026-11-23T05:11:59Z"),
            interval: Interval::new(at("2023-02-01T08:00:00Z"), at(HISTORY_BEGINS).previous()).unwrap(),
            confidence: Confidence::Proven,
            grounds: Grounds { earliest: EarliestGround::Created, latest: LatestGround::CoverageBegins },
        },
        assertion: Assertion::NotUsed,
        known_by: None,
        last_used: LastUsed::At {
            at: at("2024-06-30T23:59:00Z"),
            service: Some("s3".to_owned()),
            region: Some("eu-central-1".to_owned()),
        },
        used_since: None,
        contradictions: Vec::new(),
        evidence: vec![Evidence::Created(at("2023-02-01T08:00:00Z")), seen_now()],
        tags: Some(Tags::from([("Owner".to_owned(), "payments".to_owned())])),
        exemption: None,
        assessed_at: at(NOW),
    }
}

/// A key whose deactivation is in the history, 53 days ago.
pub(crate) fn dated(account: &str, name: &str, key: u32) -> Finding {
    let off = "2026-10-01T09:12:45Z";
    Finding {
        inactive_since: Claim {
            as_of: at("2026-11-23T05:11:59Z"),
            interval: Interval::new(at(off), at(off)).unwrap(),
            confidence: Confidence::Proven,
            grounds: SWITCHED_OFF,
        },
        evidence: vec![
            Evidence::Created(at("2023-02-01T08:00:00Z")),
            change(key, name, "2026-09-30T10:00:00Z", KeyStatus::Active),
            change(key, name, off, KeyStatus::Inactive),
            seen_now(),
        ],
        last_used: LastUsed::NotRecorded,
        used_since: None,
        ..long_term(account, name, key)
    }
}

pub(crate) fn recent(account: &str, name: &str, key: u32) -> Finding {
    let off = "2026-11-20T16:20:00Z";
    Finding {
        verdict: Verdict::Recent,
        inactive_since: Claim {
            as_of: at(NOW),
            interval: Interval::new(at(off), at(off)).unwrap(),
            confidence: Confidence::Settling,
            grounds: SWITCHED_OFF,
        },
        evidence: vec![change(key, name, off, KeyStatus::Inactive), seen_now()],
        last_used: LastUsed::At { at: at("2026-11-21T01:00:00Z"), service: None, region: None },
        used_since: Some(at("2026-11-21T01:00:00Z")),
        tags: Some(Tags::new()),
        ..long_term(account, name, key)
    }
}

pub(crate) fn undetermined(account: &str, name: &str, key: u32) -> Finding {
    Finding {
        verdict: Verdict::Undetermined,
        inactive_since: Claim {
            as_of: at("2026-11-23T07:12:03Z"),
            interval: Interval::new(at("2023-02-01T08:00:00Z"), at("2026-11-13T07:00:00Z")).unwrap(),
            confidence: Confidence::Observed,
            grounds: Grounds { earliest: EarliestGround::Created, latest: LatestGround::SeenInactive },
        },
        known_by: Some(at("2026-12-13T07:00:00Z")),
        evidence: vec![
            look(
                "2026-11-13T06:00:00Z",
                "2026-11-13T07:00:00Z",
                KeyStatus::Inactive,
                ObservationSource::EarlierScan("scan-20261113T070000Z-3".to_owned()),
            ),
            look(
                "2026-11-23T03:00:00Z",
                "2026-11-23T03:04:00Z",
                KeyStatus::Inactive,
                ObservationSource::CredentialReport,
            ),
            seen_now(),
        ],
        last_used: LastUsed::NotRead,
        tags: None,
        ..long_term(account, name, key)
    }
}

pub(crate) fn contradictory(account: &str, name: &str, key: u32) -> Finding {
    Finding {
        verdict: Verdict::Contradictory,
        contradictions: vec![
            Contradiction::SeenAgainstHistory {
                seen_at: at("2026-11-23T03:04:00Z"),
                seen: KeyStatus::Inactive,
            },
            Contradiction::BeforeCreation { at: at("2022-12-31T23:59:59Z") },
        ],
        ..undetermined(account, name, key)
    }
}

/// Keys of an account into which somebody imported events and said that they are complete: one is decided by that, and of
/// another it is refuted.
pub(crate) fn asserted() -> Assessment {
    let (id, off) = ("111122223333", "2026-03-02T09:12:45Z");
    let mut only = account(id, Some("production"));
    only.asserted = Coverage::from_spans(Span::new(at("2026-01-01T00:00:00Z"), at(HISTORY_BEGINS)));
    let source = ChangeSource::File { name: "event_history.json".to_owned(), record: 17 };
    let Evidence::Changed(change) = change(7, "legacy-etl", off, KeyStatus::Inactive) else { unreachable!() };
    only.findings = vec![
        Finding {
            inactive_since: Claim {
                as_of: at("2026-11-23T07:12:03Z"),
                interval: Interval::new(at("2023-02-01T08:00:00Z"), at(off)).unwrap(),
                confidence: Confidence::Observed,
                grounds: Grounds { earliest: EarliestGround::Created, latest: LatestGround::SwitchedOff },
            },
            assertion: Assertion::Used,
            evidence: vec![Evidence::Changed(StatusChange { source, ..change }), seen_now()],
            ..long_term(id, "legacy-etl", 7)
        },
        Finding {
            assertion: Assertion::Refuted { seen_at: at("2026-02-03T04:05:06Z"), seen: KeyStatus::Active },
            ..undetermined(id, "legacy-mail", 8)
        },
    ];
    assessment(vec![only])
}

pub(crate) fn root_key(account: &str) -> Finding {
    Finding { owner: Owner::Root, key: None, tags: None, ..long_term(account, "-", 0) }
}

pub(crate) fn denied(call: Call, code: &str, message: &str) -> CallError {
    CallError {
        call,
        kind: CallErrorKind::Denied,
        code: Some(code.to_owned()),
        message: message.to_owned(),
        request_id: Some("6f1b7a52-1d0b-4f6e-9a37-5a1c7d9e0b11".to_owned()),
    }
}

pub(crate) fn problem(account: &str, gap: Gap, error: Option<CallError>) -> Problem {
    Problem { account: Some(account.parse().unwrap()), gap, error, detail: None }
}

/// One account, nothing to report.
pub(crate) fn clean() -> Assessment {
    assessment(vec![account("111122223333", Some("production"))])
}

/// One account with a key of each verdict.
pub(crate) fn every_verdict() -> Assessment {
    let id = "111122223333";
    let mut only = account(id, Some("production"));
    only.findings = vec![
        recent(id, "ci-preview", 4),
        long_term(id, "legacy-backup", 1),
        contradictory(id, "imported", 6),
        undetermined(id, "batch-loader", 5),
        dated(id, "ci-deploy", 2),
        root_key(id),
    ];
    assessment(vec![only])
}

fn in_organization(mut assessed: AccountAssessment, unit: &str) -> AccountAssessment {
    assessed.account.state = Some(AccountState::Active);
    let root = OrganizationalUnit { id: "r-ab12".to_owned(), name: "Root".to_owned() };
    let unit = OrganizationalUnit { id: format!("ou-ab12-{}", unit.to_lowercase()), name: unit.to_owned() };
    assessed.account.path = Some(vec![root, unit]);
    assessed.account.tags = Some(Tags::from([("cost-center".to_owned(), "4711".to_owned())]));
    assessed
}

/// An organization in which much went wrong.
pub(crate) fn organization() -> Assessment {
    let mut production = in_organization(account("111122223333", Some("production")), "Workloads");
    production.findings =
        vec![long_term("111122223333", "legacy-backup", 1), dated("111122223333", "ci-deploy", 2)];

    let mut staging = in_organization(account("222233334444", Some("staging")), "Workloads");
    staging.status = AccountStatus::Partial;
    staging.coverage = Coverage::none();
    staging.findings = vec![Finding { known_by: None, ..undetermined("222233334444", "batch-loader", 5) }];
    staging.problems = vec![
        problem(
            "222233334444",
            Gap::HistoryNotRead,
            Some(denied(
                Call::LookupEvents,
                "AccessDeniedException",
                "User: arn:aws:sts::222233334444:assumed-role/keysweep/x is not authorized to perform: cloudtrail:LookupEvents with an explicit deny in a service control policy",
            )),
        ),
        problem(
            "222233334444",
            Gap::KeysNotListed { user: "alice".parse().unwrap() },
            Some(denied(Call::ListAccessKeys, "AccessDenied", "not authorized")),
        ),
        problem(
            "222233334444",
            Gap::KeysNotListed { user: "bob".parse().unwrap() },
            Some(denied(Call::ListAccessKeys, "AccessDenied", "not authorized")),
        ),
        problem("222233334444", Gap::EventNotUnderstood { event: Some("e-1".to_owned()) }, None),
        problem(
            "222233334444",
            Gap::UnknownStatus {
                user: "carol".parse().unwrap(),
                key: key_id(9).parse().unwrap(),
                status: "Expired".to_owned(),
            },
            None,
        ),
        Problem {
            detail: Some("the header has no column `user`".to_owned()),
            ..problem("222233334444", Gap::ReportUnavailable, None)
        },
    ];
    staging.method = Some(Method::Exhaustive);

    let closed_in = |id: &str, name| {
        let mut closed = in_organization(account(id, Some(name)), "Sandbox");
        closed.status = AccountStatus::NotAssessed;
        (closed.method, closed.users, closed.assessed_at) = (None, None, None);
        closed.coverage = Coverage::none();
        closed.calls = calls(&[(Call::AssumeRole, 1, 0)]);
        closed.problems = vec![problem(
            id,
            Gap::AccountNotEntered,
            Some(denied(Call::AssumeRole, "AccessDenied", "not authorized to perform: sts:AssumeRole")),
        )];
        closed
    };

    let left_out = |id: &str, name, state: AccountState, reason| {
        let mut left_out = in_organization(account(id, Some(name)), "Sandbox");
        left_out.account.state = Some(state);
        left_out.status = AccountStatus::Skipped(reason);
        (left_out.method, left_out.users, left_out.assessed_at) = (None, None, None);
        (left_out.coverage, left_out.calls) = (Coverage::none(), CallCounts::default());
        left_out
    };

    let suspended = SkipReason::State("SUSPENDED".to_owned());
    Assessment {
        scope: Scope::Organization(Organization {
            id: "o-a1b2c3d4e5".to_owned(),
            management_account: "111122223333".parse().unwrap(),
        }),
        problems: vec![Problem {
            account: None,
            gap: Gap::OrganizationalUnitsNotRead,
            error: Some(CallError {
                call: Call::ListOrganizationalUnitsForParent,
                kind: CallErrorKind::Unavailable,
                code: None,
                message: "the connection was closed".to_owned(),
                request_id: None,
            }),
            detail: None,
        }],
        calls: calls(&[(Call::GetCallerIdentity, 1, 0), (Call::ListAccounts, 1234, 12)]),
        ..assessment(vec![
            production,
            staging,
            closed_in("333344445555", "invited-1"),
            closed_in("444455556666", "invited-2"),
            left_out("555566667777", "old", AccountState::Suspended, suspended.clone()),
            left_out("666677778888", "older", AccountState::Suspended, suspended),
            left_out("777788889999", "sandbox", AccountState::Active, SkipReason::Filtered),
        ])
    }
}

/// One account in which nothing was found and something was not looked at.
pub(crate) fn incomplete() -> Assessment {
    let mut only = account("111122223333", None);
    only.status = AccountStatus::Partial;
    only.problems = vec![problem(
        "111122223333",
        Gap::RootKeysNotAssessed,
        Some(denied(Call::GetAccountSummary, "AccessDenied", "not authorized")),
    )];
    assessment(vec![only])
}

/// Names that want to be more than names.
pub(crate) fn hostile() -> Assessment {
    let id = "111122223333";
    let mut only = account(id, Some("=HYPERLINK(\"http://evil.example\",\"prod\")"));
    only.findings = vec![
        long_term(id, "\u{1b}[31mred\u{1b}[0m\u{202e}drowssap", 1),
        dated(id, "数据平台数据平台数据平台数据平台数据平台数据平台数据平台", 2),
        recent(id, "<script>alert(1)</script>,\"quoted\"\r\n=1+1", 3),
        Finding {
            tags: Some(Tags::from([
                ("owner".to_owned(), "@SUM(A1:A9)|cmd".to_owned()),
                ("note".to_owned(), format!("old key {} of bob", key_id(99))),
            ])),
            ..undetermined(id, &format!("-{}", "x".repeat(63)), 4)
        },
    ];
    only.problems = vec![problem(
        id,
        Gap::KeysNotListed { user: "a\nb\u{7}".parse().unwrap() },
        Some(denied(
            Call::ListAccessKeys,
            "Access\u{9b}Denied",
            &format!("key {} of\r\nanother", key_id(99)),
        )),
    )];
    only.status = AccountStatus::Partial;
    assessment(vec![only])
}

/// Keys that an exemption, a tag and nothing that can be told keep out of clean-up, and one that was exempt until lately.
pub(crate) fn exempt() -> Assessment {
    let id = "111122223333";
    let mut only = account(id, Some("production"));
    let tagged = Tags::from([("keysweep:keep".to_owned(), "audit <2027>".to_owned())]);
    only.findings = vec![
        long_term(id, "bank-transfer", 1),
        Finding { tags: Some(tagged), ..dated(id, "audit", 2) },
        Finding { tags: None, ..recent(id, "unread", 3) },
        long_term(id, "legacy-backup", 4),
        long_term(id, "legacy-mail", 5),
    ];
    let exemption = |name: &str, key: u32, reason: &str, expires: &str| {
        let protects = format!("key:{}", key_id(key)).parse().unwrap();
        Exemption::new(name, protects, reason, "alice", at("2026-09-01T00:00:00Z"), at(expires)).unwrap()
    };
    let reason = "=yearly | `transfer`\u{202e}";
    let exemptions = Exemptions::new(
        [
            exemption("bank", 1, reason, "2027-08-31T00:00:00Z"),
            exemption("mail", 5, "moved in October", "2026-11-01T00:00:00Z"),
        ],
        ["keysweep:keep".to_owned()],
    );
    let mut assessment = assessment(vec![only]);
    assessment.tell_exemptions(&exemptions);
    assessment
}

/// Every sample by name.
pub(crate) fn all() -> Vec<(&'static str, Assessment)> {
    vec![
        ("clean", clean()),
        ("incomplete", incomplete()),
        ("every_verdict", every_verdict()),
        ("asserted", asserted()),
        ("organization", organization()),
        ("hostile", hostile()),
        ("exempt", exempt()),
    ]
}
