//! What differs between two assessments: which keys and accounts, for which reason, and how it is written.

use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment, SkipReason};
use keysweep_core::call::Call;
use keysweep_core::diff::{Difference, KeyChange, NotLookedAt, Outcome};
use keysweep_core::evidence::{Evidence, Observation, ObservationSource};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::Claim;
use keysweep_core::key::KeyStatus::{self, Active, Inactive};
use keysweep_core::key::{AccessKey, LastUsed, ListedStatus};
use keysweep_core::memory::{ListedUser, Listing, Remembered, RowIdentity};
use keysweep_core::policy::Policy;
use keysweep_core::problem::Gap;
use keysweep_core::time::Interval;
use keysweep_report::compared::Became;
use keysweep_report::diff::{json, markdown};
use keysweep_report::terminal::diff::diff;
use keysweep_report::{Compared, Format, Options, Style, render};

use crate::samples::{
    account, all, assessment, at, contradictory, dated, denied, hostile, key_id, long_term, problem, recent,
    root_key, undetermined, user,
};
use crate::schema;

const A: &str = "111122223333";
const B: &str = "222233334444";
const C: &str = "333344445555";

/// As it was ten days before.
fn earlier(mut assessment: Assessment) -> Assessment {
    "scan-20261113T071200Z-1".clone_into(&mut assessment.id);
    assessment.started_at = at("2026-11-13T07:12:00Z");
    assessment.finished_at = at("2026-11-13T07:12:34Z");
    for account in &mut assessment.accounts {
        account.assessed_at = account.assessed_at.map(|_| at("2026-11-13T07:12:30Z"));
        for finding in &mut account.findings {
            finding.assessed_at = at("2026-11-13T07:12:30Z");
            finding.inactive_since.as_of = at("2026-11-13T05:11:59Z");
        }
    }
    assessment
}

fn with(id: &str, name: &str, findings: Vec<Finding>) -> AccountAssessment {
    AccountAssessment { findings, ..account(id, Some(name)) }
}

/// One account of which nothing was looked at.
fn closed(id: &str, name: &str) -> AccountAssessment {
    let error = denied(Call::AssumeRole, "AccessDenied", "not authorized to perform: sts:AssumeRole");
    AccountAssessment {
        status: AccountStatus::NotAssessed,
        users: None,
        assessed_at: None,
        problems: vec![problem(id, Gap::AccountNotEntered, Some(error))],
        ..account(id, Some(name))
    }
}

/// The key before its threshold: off since the day on which [`dated`] says so.
fn not_yet(id: &str, name: &str, key: u32) -> Finding {
    Finding { verdict: Verdict::Recent, ..dated(id, name, key) }
}

fn changes(difference: &Difference<'_>) -> Vec<(KeyChange, String)> {
    let id = |finding: &Finding| finding.key.as_ref().map_or_else(|| "root".to_owned(), ToString::to_string);
    difference.keys.iter().map(|key| (key.change, id(key.found.last()))).collect()
}

/// Two scans between which everything happened that can.
pub(crate) fn eventful() -> (Assessment, Assessment) {
    let before = earlier(assessment(vec![
        with(
            A,
            "production",
            vec![
                long_term(A, "legacy-backup", 1),
                not_yet(A, "ci-deploy", 2),
                long_term(A, "old-job", 3),
                long_term(A, "flapping", 4),
                undetermined(A, "imported", 5),
                root_key(A),
            ],
        ),
        closed(B, "staging"),
        with(C, "sandbox", vec![long_term(C, "tester", 7)]),
    ]));
    let mut sandbox = with(C, "sandbox", vec![]);
    sandbox.status = AccountStatus::Skipped(SkipReason::State("SUSPENDED".to_owned()));
    let after = assessment(vec![
        with(
            A,
            "production",
            vec![
                long_term(A, "legacy-backup", 1),
                dated(A, "ci-deploy", 2),
                recent(A, "flapping", 4),
                contradictory(A, "imported", 5),
                recent(A, "new-job", 8),
                root_key(A),
            ],
        ),
        with(B, "staging", vec![long_term(B, "batch-loader", 6)]),
        sandbox,
    ]);
    (before, after)
}

#[test]
fn each_key_and_account_is_told_by_what_became_of_it() {
    let (before, after) = eventful();
    let difference = Difference::between(&before, &after);
    let expected = [
        (KeyChange::CrossedThreshold, 2),
        (KeyChange::NewlyInactive, 8),
        (KeyChange::InactiveAgain, 4),
        (KeyChange::VerdictChanged, 5),
        (KeyChange::ReactivatedOrDeleted, 3),
        (KeyChange::CameUnderCoverage, 6),
        (KeyChange::NoLongerAssessed, 7),
    ];
    assert_eq!(changes(&difference), expected.map(|(change, key)| (change, key_id(key))));
    // legacy-backup's and the root user's.
    assert_eq!(difference.unchanged, 2);
    let accounts: Vec<_> = difference
        .accounts
        .iter()
        .map(|account| (account.change.name(), account.account.id.to_string()))
        .collect();
    assert_eq!(accounts, [("came_under_coverage", B.to_owned()), ("no_longer_assessed", C.to_owned())]);
    assert_eq!(difference.outcome(), Outcome::Incomplete);
}

/// What a report says that is compared with an earlier scan.
#[test]
fn reports_for_people_tell_what_changed_and_mask_it() {
    let (before, after) = eventful();
    let became = vec![Became {
        account: A.parse().unwrap(),
        key: key_id(3).parse().unwrap(),
        change: KeyChange::Deleted,
    }];
    let compared = Compared { earlier: before, became };
    let told = compared.with(&after);
    assert!(changes(&told).contains(&(KeyChange::Deleted, key_id(3))));
    assert_eq!(Compared::decided(&told), compared.became);
    let options = Options { compared: Some(compared), ..Options::default() };
    let rendered = |format, mask| render(&after, format, &Options { mask, ..options.clone() }).unwrap();
    insta::assert_snapshot!("compared_terminal", rendered(Format::Terminal, false));
    insta::assert_snapshot!("compared_markdown", rendered(Format::Markdown, false));
    let page = rendered(Format::Html, false);
    let section = page.split_once("<section id=changes").unwrap().1.split_once("</section>").unwrap().0;
    insta::assert_snapshot!("compared_html", section);
    for format in [Format::Terminal, Format::Html, Format::Markdown, Format::GithubSummary] {
        let (open, masked) = (rendered(format, false), rendered(format, true));
        // The key is in the earlier scan only.
        assert!(open.contains(&key_id(3)) && !masked.contains(&key_id(3)), "{format}");
        assert!(open.contains("What changed") || open.contains("Changed since"), "{format}");
    }
}

#[test]
fn the_difference_in_every_format() {
    let (before, after) = eventful();
    let difference = Difference::between(&before, &after);
    insta::assert_snapshot!("diff_terminal", diff(&difference, &Style::default()));
    let narrow = Style { width: Some(80), max_rows: 1, ..Style::default() };
    insta::assert_snapshot!("diff_terminal_80", diff(&difference, &narrow));
    insta::assert_snapshot!("diff_markdown", markdown::page(&difference));
    schema::holds("diff", std::str::from_utf8(&json::document(&difference).unwrap()).unwrap());
    insta::assert_snapshot!("diff_json", String::from_utf8(json::document(&difference).unwrap()).unwrap());
}

#[test]
fn an_assessment_does_not_differ_from_itself() {
    for (name, assessment) in all() {
        let difference = Difference::between(&assessment, &assessment);
        assert!(difference.keys.is_empty() && difference.accounts.is_empty(), "{name}: {difference:?}");
        let is_complete = assessment.problems().next().is_none();
        let expected = if is_complete { Outcome::NoChange } else { Outcome::Incomplete };
        assert_eq!(difference.outcome(), expected, "{name}");
    }
}

#[test]
fn complete_scans_with_and_without_changes_are_told_apart() {
    let of = |findings| assessment(vec![with(A, "production", findings)]);
    let before = earlier(of(vec![long_term(A, "a", 1)]));
    let same = of(vec![long_term(A, "a", 1)]);
    assert_eq!(Difference::between(&before, &same).outcome(), Outcome::NoChange);
    for changed in [of(vec![]), of(vec![long_term(A, "a", 1), recent(A, "b", 2)])] {
        assert_eq!(Difference::between(&before, &changed).outcome(), Outcome::Changes);
    }
    // An account that left the organization takes its keys with it: what became of them is not known.
    let left = assessment(vec![]);
    let difference = Difference::between(&before, &left);
    assert_eq!(changes(&difference), [(KeyChange::NoLongerAssessed, key_id(1))]);
    assert_eq!(difference.keys[0].not_looked_at, Some(NotLookedAt::Unknown));
    assert_eq!(difference.outcome(), Outcome::Incomplete);
}

/// For each gap in one account, what is said of a user's key and of the root user's that are missing with it.
#[test]
fn a_key_behind_a_gap_is_never_gone() {
    let gone = KeyChange::ReactivatedOrDeleted;
    let lost = KeyChange::NoLongerAssessed;
    let name = |name: &str| name.parse().unwrap();
    let key = || key_id(1).parse().unwrap();
    for (gap, of_user, of_root) in [
        (Gap::AccountNotEntered, lost, lost),
        (Gap::UsersNotListed, lost, lost),
        (Gap::Interrupted, lost, lost),
        (Gap::RootKeysNotAssessed, gone, lost),
        (Gap::KeysNotListed { user: name("alice") }, lost, gone),
        (Gap::UserVanished { user: name("alice") }, lost, gone),
        // Known to have had another key: not alice.
        (Gap::KeysNotListed { user: name("bob") }, gone, gone),
        // It may be alice under another name.
        (Gap::KeysNotListed { user: name("alice-old") }, lost, gone),
        (Gap::UnknownStatus { user: name("alice"), key: key(), status: "Expired".to_owned() }, lost, gone),
        (Gap::ReportUnavailable, gone, gone),
        (Gap::HistoryNotRead, gone, gone),
        (Gap::UserTagsNotRead, gone, gone),
    ] {
        let findings = vec![long_term(A, "alice", 1), long_term(A, "bob", 2), root_key(A)];
        let whole = assessment(vec![with(A, "production", findings)]);
        let mut gapped = assessment(vec![with(A, "production", vec![long_term(A, "bob", 2)])]);
        gapped.accounts[0].status = AccountStatus::Partial;
        gapped.accounts[0].problems = vec![problem(A, gap.clone(), None)];

        let before = earlier(whole.clone());
        let told = changes(&Difference::between(&before, &gapped));
        let mut expected = vec![(of_user, key_id(1)), (of_root, "root".to_owned())];
        expected.sort();
        let mut sorted = told.clone();
        sorted.sort();
        assert_eq!(sorted, expected, "{gap:?}");

        // The other way round, it came under coverage where it is not known to be new.
        let before = earlier(gapped);
        let mut told = changes(&Difference::between(&before, &whole));
        told.sort();
        let turned =
            |change| if change == lost { KeyChange::CameUnderCoverage } else { KeyChange::NewlyInactive };
        let mut expected: Vec<_> = expected.into_iter().map(|(change, key)| (turned(change), key)).collect();
        expected.sort();
        assert_eq!(told, expected, "{gap:?}");
    }
}

#[test]
fn a_key_made_after_the_earlier_scan_is_new_whatever_that_scan_looked_at() {
    let before = earlier(assessment(vec![closed(A, "production")]));
    let made = |created: &str| Finding { created: at(created), ..recent(A, "alice", 1) };
    for (created, change) in [
        ("2026-11-13T07:12:35Z", KeyChange::NewlyInactive),
        ("2026-11-13T07:12:34Z", KeyChange::CameUnderCoverage),
    ] {
        let after = assessment(vec![with(A, "production", vec![made(created)])]);
        assert_eq!(changes(&Difference::between(&before, &after)), [(change, key_id(1))]);
    }
}

/// What all scans saw of alice's key decides what became of it, where it was seen between the two scans.
#[test]
fn what_was_seen_in_between_tells_reactivated_from_deleted() {
    let before = earlier(assessment(vec![with(A, "production", vec![long_term(A, "alice", 1)])]));
    let after = assessment(vec![with(A, "production", vec![])]);
    let (between, late) = ("2026-11-20T00:00:00Z", "2026-11-23T07:12:31Z");
    let look = |time: &str, status| {
        let (from, to) = (at(time), at(time));
        let source = ObservationSource::EarlierScan("x".to_owned());
        let looks = vec![(key_id(1).parse().unwrap(), Observation { from, to, status, source })];
        Remembered { observations: looks, ..Remembered::default() }
    };
    let changed = |time: &str, status| {
        let Evidence::Changed(change) = crate::samples::change(1, "alice", time, status) else {
            unreachable!()
        };
        Remembered { changes: vec![change], ..Remembered::default() }
    };
    let listed = |time: &str, created: &str, keys: &[(u32, KeyStatus)]| {
        let row = RowIdentity {
            user: "alice".parse().unwrap(),
            arn: format!("arn:aws:iam::{A}:user/alice"),
            created: at(created),
            slots: [None, None],
        };
        let key = |&(key, status): &(u32, _)| AccessKey {
            id: key_id(key).parse().unwrap(),
            status: ListedStatus::Known(status),
            created: at("2023-02-01T08:00:00Z"),
        };
        let keys = keys.iter().map(key).collect();
        let user = ListedUser { row, keys, scan: "x".to_owned(), from: at(time), to: at(time), tags: None };
        let listing = Listing { users: vec![user], vouched: vec![], vouched_at: at(time) };
        Remembered { listing: Some(listing), ..Remembered::default() }
    };
    let unknown = KeyChange::ReactivatedOrDeleted;
    let (old, new) = ("2020-01-01T00:00:00Z", "2026-11-14T00:00:00Z");
    for (number, (remembered, change)) in [
        (Remembered::default(), unknown),
        (look(between, Active), KeyChange::Reactivated),
        (look(between, Inactive), unknown),
        (look("2026-11-13T07:12:30Z", Active), unknown),
        (look(late, Active), unknown),
        (changed(between, Active), KeyChange::Reactivated),
        (changed(between, Inactive), unknown),
        (changed(late, Active), unknown),
        (listed(between, old, &[(2, Active)]), KeyChange::Deleted),
        (listed(between, old, &[(1, Active)]), KeyChange::Reactivated),
        (listed(between, old, &[(1, Inactive)]), unknown),
        (listed(late, old, &[(2, Active)]), unknown),
        // Another user of the same name, who came after the key.
        (listed(between, new, &[(2, Active)]), unknown),
        // Seen again after the listing: what the listing lacked was not this key.
        (
            Remembered {
                observations: look("2026-11-21T00:00:00Z", Active).observations,
                ..listed(between, old, &[])
            },
            KeyChange::Reactivated,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut difference = Difference::between(&before, &after);
        assert_eq!(difference.undecided().into_iter().map(|id| id.to_string()).collect::<Vec<_>>(), [A]);
        difference.decide(A.parse().unwrap(), &remembered);
        assert_eq!(changes(&difference), [(change, key_id(1))], "case {number}");
    }
}

#[test]
fn what_makes_two_scans_unlike_is_noted() {
    let (before, mut after) = eventful();
    after.policy = Policy { threshold: "45d".parse().unwrap(), ..after.policy };
    after.caller.account = B.parse().unwrap();
    let text = diff(&Difference::between(&before, &after), &Style::default());
    assert!(text.contains("The threshold was 30 days and is 45 days"), "{text}");
    assert!(text.contains(&format!("The scopes differ: account {A}, then account {B}.")), "{text}");
}

#[test]
fn hostile_names_reach_no_reader() {
    let (before, after) = (earlier(assessment(vec![])), hostile());
    let difference = Difference::between(&before, &after);
    let json = String::from_utf8(json::document(&difference).unwrap()).unwrap();
    schema::holds("diff", &json);
    for text in [diff(&difference, &Style::default()), markdown::page(&difference), json] {
        let hidden = |char: char| char != '\n' && keysweep_report::visible::is_hidden(char);
        assert!(!text.chars().any(hidden), "{text}");
    }
    let markdown = markdown::page(&difference);
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert!(
        rows.iter()
            .all(|row| row.matches('|').count() == rows[0].matches('|').count()
                || row.matches('|').count() == 3),
        "{markdown}"
    );
}

#[test]
fn two_keys_of_the_root_user_made_in_one_second_are_two() {
    let of = |keys| assessment(vec![with(A, "production", vec![root_key(A); keys])]);
    let (before, after) = (earlier(of(2)), of(1));
    let difference = Difference::between(&before, &after);
    assert_eq!(changes(&difference), [(KeyChange::ReactivatedOrDeleted, "root".to_owned())]);
    assert_eq!(difference.unchanged, 1);
}

/// The claim of a period that began later than the earlier scan looked is another period.
#[test]
fn only_a_later_beginning_is_a_new_period() {
    let since = |earliest: &str| {
        let claim = long_term(A, "a", 1).inactive_since;
        let interval = Interval::new(at(earliest), at("2026-11-14T00:00:00Z")).unwrap();
        let finding = Finding { inactive_since: Claim { interval, ..claim }, ..long_term(A, "a", 1) };
        assessment(vec![with(A, "production", vec![Finding { last_used: LastUsed::NotRecorded, ..finding }])])
    };
    let before = earlier(assessment(vec![with(A, "production", vec![long_term(A, "a", 1)])]));
    let after = since("2026-11-13T05:12:00Z");
    assert_eq!(changes(&Difference::between(&before, &after)), [(KeyChange::InactiveAgain, key_id(1))]);
    let after = since("2026-11-13T05:11:59Z");
    assert_eq!(changes(&Difference::between(&before, &after)), []);
    // Whose it is has changed: the same key.
    let mut after = assessment(vec![with(A, "production", vec![long_term(A, "a", 1)])]);
    after.accounts[0].findings[0].owner = user(A, "renamed");
    assert_eq!(changes(&Difference::between(&before, &after)), []);
}
