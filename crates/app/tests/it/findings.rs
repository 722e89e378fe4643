//! What is found, and what is said of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use keysweep_app::scan::Target;
use keysweep_core::assessment::{AccountStatus, Conclusion, Method};
use keysweep_core::call::Call;
use keysweep_core::finding::Verdict;
use keysweep_core::infer::Confidence;
use keysweep_core::key::KeyStatus;
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_sim::{Lag, Profile, Sim, WorldSpec};

use crate::support::{
    account, assert_true, at, by_key, days_ago, empty, gaps, now, request, scan_account, scan_organization,
    try_scan,
};

const OLD: &str = "AKIAOLDOLDOLDOLDOLD1";
const NEW: &str = "AKIANEWNEWNEWNEWNEW1";
const ON: &str = "AKIAONONONONONONON01";

#[test]
fn keys_are_judged_by_their_history() {
    let sim = empty();
    sim.edit(|world| {
        let mut account = world.account(account(1));
        account.user("alice").tag("Owner", "platform").key(OLD, days_ago(900)).deactivated(days_ago(400));
        account.user("bob").key(NEW, days_ago(80)).deactivated(days_ago(10));
        account.user("carol").key(ON, days_ago(500)).deactivated(days_ago(50)).activated(days_ago(20));
        account.user("dave");
    });
    let result = scan_account(&sim);
    assert_eq!((&result.status, result.method), (&AccountStatus::Complete, Some(Method::CredentialReport)));
    let findings = by_key(&result.findings);
    assert_eq!(findings.keys().collect::<Vec<_>>(), [NEW, OLD]);
    let (old, new) = (findings[OLD], findings[NEW]);
    assert_eq!(old.verdict, Verdict::LongTerm);
    assert!(old.at_least() >= SignedDuration::from_hours(90 * 24), "{old:#?}");
    assert_eq!(old.owner_tag(), Some("platform"));
    // Created inside the covered 90 days: the whole history is known, so the start is exact.
    assert_eq!(new.verdict, Verdict::Recent);
    assert!(new.inactive_since.interval.is_exact() && new.inactive_since.interval.contains(days_ago(10)));
    assert_eq!(new.inactive_since.confidence, Confidence::Proven);
}

#[test]
fn an_old_report_row_proves_what_a_fresh_look_only_settles() {
    for (age, confidence) in [(3, Confidence::Proven), (0, Confidence::Settling)] {
        let sim = empty();
        sim.edit(|world| {
            let mut account = world.account(account(1));
            account.user("alice").key(OLD, days_ago(900)).deactivated(days_ago(400));
            account.report(now() - SignedDuration::from_hours(age));
        });
        let result = scan_account(&sim);
        let finding = &result.findings[0];
        assert_eq!(
            (finding.verdict, finding.inactive_since.confidence),
            (Verdict::LongTerm, confidence),
            "{age} h"
        );
    }
}

#[test]
fn a_key_switched_off_inside_the_margin_is_not_long_term_once_delivered() {
    let sim = empty();
    sim.edit(|world| {
        let mut account = world.account(account(1));
        account
            .user("alice")
            .key(OLD, days_ago(900))
            .deactivated(days_ago(60))
            .activated(days_ago(40))
            .deactivated(now() - SignedDuration::from_mins(30));
    });
    let result = scan_account(&sim);
    let finding = &result.findings[0];
    assert_eq!(finding.verdict, Verdict::Recent);
    assert!(finding.inactive_since.interval.contains(now() - SignedDuration::from_mins(30)));
}

#[test]
fn an_inactive_root_key_is_found_by_the_report_alone() {
    let sim = empty();
    sim.edit(|world| {
        world.account(account(1)).root_key(OLD, days_ago(2000)).deactivated(days_ago(1000));
    });
    let result = scan_account(&sim);
    let finding = &result.findings[0];
    assert_eq!(
        (finding.owner.name(), finding.key.as_ref(), finding.verdict),
        ("<root_account>", None, Verdict::LongTerm)
    );
    assert_true(finding, days_ago(1000), &[]);
    assert_eq!(result.status, AccountStatus::Complete);
}

#[test]
fn a_change_to_any_root_key_ends_what_is_known_of_an_inactive_one() {
    let sim = empty();
    sim.edit(|world| {
        let mut account = world.account(account(1));
        account.root_key(OLD, days_ago(2000)).deactivated(days_ago(1000));
        account.root_key(ON, days_ago(1500)).deactivated(days_ago(20)).activated(days_ago(10));
    });
    let result = scan_account(&sim);
    let finding = &result.findings[0];
    assert_eq!(finding.verdict, Verdict::Undetermined);
    assert!(finding.inactive_since.interval.contains(days_ago(1000)));
}

#[test]
fn two_keys_of_a_user_are_told_apart() {
    let sim = empty();
    sim.edit(|world| {
        let mut account = world.account(account(1));
        let mut user = account.user("alice");
        user.key(OLD, days_ago(900)).deactivated(days_ago(400)).last_used(days_ago(450), "s3", "eu-west-1");
        user.key(NEW, days_ago(300)).deactivated(days_ago(60));
        user.key(NEW, days_ago(300)).last_used(days_ago(70), "ec2", "eu-west-1");
    });
    let result = scan_account(&sim);
    let findings = by_key(&result.findings);
    assert_eq!(findings.len(), 2);
    assert_ne!(findings[OLD].last_used, findings[NEW].last_used);
    // The report's dates told them apart: nothing had to be asked.
    assert!(result.calls.iter().all(|(call, _)| call != Call::GetAccessKeyLastUsed));
}

#[test]
fn a_use_after_the_claimed_start_is_told() {
    let sim = empty();
    sim.edit(|world| {
        let mut account = world.account(account(1));
        account.user("alice").key(OLD, days_ago(900)).deactivated(days_ago(400)).last_used(
            days_ago(5),
            "s3",
            "eu-west-1",
        );
    });
    let result = scan_account(&sim);
    let finding = &result.findings[0];
    assert_eq!((finding.verdict, finding.used_since), (Verdict::LongTerm, Some(days_ago(5))));
}

#[test]
fn seeded_organizations_are_assessed_without_a_wrong_word() {
    for seed in 0..12 {
        let sim = Arc::new(Sim::new(WorldSpec::organization(24, 15).seed(seed).inactive_users(0.3)));
        let truth = sim.truth();
        let assessment = scan_organization(&sim);
        assert!(assessment.problems().next().is_none(), "seed {seed}: {:#?}", assessment.problems().next());
        let open: BTreeSet<_> = truth
            .accounts
            .iter()
            .filter(|account| account.state == "ACTIVE")
            .map(|account| account.id)
            .collect();
        let expected: BTreeSet<(String, String)> = truth
            .inactive_keys()
            .filter(|(account, _)| open.contains(&account.id))
            .map(|(account, key)| {
                let name = if key.user == "<root_account>" { key.user.clone() } else { key.id.clone() };
                (account.id.to_string(), name)
            })
            .collect();
        let found: BTreeSet<(String, String)> = assessment
            .findings()
            .map(|finding| {
                let key = finding.key.as_ref().map_or(finding.owner.name().to_owned(), ToString::to_string);
                (finding.account.to_string(), key)
            })
            .collect();
        assert_eq!(found, expected, "seed {seed}");
        for account in &assessment.accounts {
            let closed = !open.contains(&account.account.id);
            assert_eq!(matches!(account.status, AccountStatus::Skipped(_)), closed, "seed {seed}");
        }
        for finding in assessment.findings() {
            let Some(key) = finding.key.as_ref().and_then(|id| truth.key(id.as_str())) else { continue };
            let changes: Vec<(Instant, bool)> =
                key.changes.iter().map(|change| (change.at, change.status == KeyStatus::Active)).collect();
            assert_true(finding, key.inactive_since.unwrap(), &changes);
        }
    }
}

#[test]
fn both_ways_of_listing_give_the_same_findings() {
    for seed in 0..8 {
        let world = || {
            let mut spec = WorldSpec::single_account(60).seed(seed).inactive_users(0.4);
            spec.inactive_root = 0.0;
            Arc::new(Sim::new(spec))
        };
        let by_report = scan_account(&world());
        let mut exhaustive = request(Target::OwnAccount);
        exhaustive.exhaustive = true;
        let one_by_one = try_scan(&world(), &exhaustive).unwrap().accounts.remove(0);
        assert_eq!(one_by_one.method, Some(Method::Exhaustive));
        assert!(!by_report.findings.is_empty());
        let said = |findings: &[keysweep_core::finding::Finding]| -> Vec<_> {
            findings
                .iter()
                .map(|finding| (finding.key.clone(), finding.owner.clone(), finding.verdict))
                .collect()
        };
        assert_eq!(said(&by_report.findings), said(&one_by_one.findings), "seed {seed}");
        let lists = |result: &keysweep_core::assessment::AccountAssessment| {
            result
                .calls
                .iter()
                .find(|(call, _)| *call == Call::ListAccessKeys)
                .map_or(0, |(_, count)| count.sent)
        };
        assert_eq!(lists(&one_by_one), 60);
        assert!(lists(&by_report) < 60);
    }
}

#[test]
fn a_large_account_takes_few_calls_and_no_more_time_than_they_need() {
    let mut spec = WorldSpec::single_account(5_000).inactive_users(0.1).profile(Profile::aws_like());
    spec.inactive_root = 0.0;
    let sim = Arc::new(Sim::new(spec));
    let began = sim.now();
    let result = scan_account(&sim);
    let took = sim.now() - began;
    assert_eq!(result.status, AccountStatus::Complete, "{:#?}", result.problems);
    let calls = result.calls.total();
    assert!(calls.sent - calls.throttled <= 546, "{:#?}", result.calls);
    // Virtual time: 1.2 times what the allowed rate needs for the calls.
    assert!(took.as_secs_f64() <= 1.2 * 546.0 / 15.0, "{took:?}");
}

#[test]
fn the_threshold_decides_up_to_the_ninety_days_of_the_history() {
    for (threshold, verdict) in [("90d", Verdict::LongTerm), ("91d", Verdict::Undetermined)] {
        let sim = empty();
        sim.edit(|world| {
            world.account(account(1)).user("alice").key(OLD, days_ago(900)).deactivated(days_ago(400));
        });
        let mut request = request(Target::OwnAccount);
        request.policy.threshold = threshold.parse().unwrap();
        let assessment = try_scan(&sim, &request).unwrap();
        let finding = assessment.findings().next().unwrap();
        assert_eq!(finding.verdict, verdict, "{threshold}");
    }
}

#[test]
fn users_with_paths_and_any_names_are_found_both_ways() {
    let names = ["j\u{f6}rg", "\u{1f980} crab", "a, \"quoted\"", "=1+1", "x\u{202e}y", "line\nbreak"];
    let world = || {
        let sim = empty();
        sim.edit(|world| {
            let mut account = world.account(account(1));
            for (number, name) in names.iter().enumerate() {
                let mut user = account.user(name);
                user.path("/service/\u{fc}/");
                user.key(&format!("AKIA00000000000000{number:02}"), days_ago(900)).deactivated(days_ago(400));
            }
        });
        sim
    };
    let mut exhaustive = request(Target::OwnAccount);
    exhaustive.exhaustive = true;
    for request in [request(Target::OwnAccount), exhaustive] {
        let result = try_scan(&world(), &request).unwrap().accounts.remove(0);
        let found: BTreeSet<&str> = result.findings.iter().map(|finding| finding.owner.name()).collect();
        assert_eq!(found, BTreeSet::from(names));
        assert_eq!(gaps(&result), [""; 0]);
    }
}

#[test]
fn empty_accounts_are_clean() {
    let sim = empty();
    sim.edit(|world| {
        world.account(account(1));
        world.account(account(2));
    });
    let assessment = scan_organization(&sim);
    assert_eq!(assessment.conclusion(), Conclusion::Clean);
    assert!(assessment.accounts.iter().all(|account| gaps(account).is_empty()));
    assert!(assessment.all_calls().iter().all(|(call, _)| call != Call::LookupEvents));
}

#[test]
fn late_events_do_not_make_a_verdict_wrong() {
    // An event that CloudTrail delivers after 85 minutes, the longest that was measured.
    let mut profile = Profile::unlimited();
    profile.lag = Lag::Fixed(SignedDuration::from_mins(85));
    let sim = Arc::new(Sim::new(WorldSpec { profile, ..WorldSpec::empty(now()) }));
    sim.edit(|world| {
        world
            .account(account(1))
            .user("alice")
            .key(OLD, days_ago(60))
            .deactivated(at("2026-11-23T08:30:00Z"));
    });
    let result = scan_account(&sim);
    assert_eq!(result.findings[0].verdict, Verdict::Recent);
}
