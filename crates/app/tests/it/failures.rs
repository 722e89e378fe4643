//! What could not be assessed is always said, and never hides what could.

use std::sync::{Arc, Mutex};

use keysweep_app::clocks::ClockError;
use keysweep_app::filter::Filters;
use keysweep_app::progress::{Event, Progress};
use keysweep_app::scan::{ScanError, ScanRequest, Target};
use keysweep_core::account::AccountState;
use keysweep_core::assessment::{AccountStatus, Conclusion, Method, SkipReason};
use keysweep_core::call::{Call, CallErrorKind};
use keysweep_core::coverage_summary::CoverageSummary;
use keysweep_core::finding::Verdict;
use keysweep_core::key::LastUsed;
use keysweep_core::problem::Gap;
use keysweep_core::time::SignedDuration;
use keysweep_sim::fault::{Act, Deed, Denial, Effect, Rule, When};
use keysweep_sim::{Action, Sim, WorldSpec};
use tokio::sync::watch;

use crate::support::{
    account, by_key, days_ago, empty, gaps, now, request, scan_account, scan_off, scan_organization,
    scan_with, try_scan,
};

const OLD: &str = "AKIAOLDOLDOLDOLDOLD1";
const NEW: &str = "AKIANEWNEWNEWNEWNEW1";

/// An account whose user alice has a key that was switched off 400 days ago.
fn alice() -> Arc<Sim> {
    let sim = empty();
    sim.edit(|world| {
        world.account(account(1)).user("alice").key(OLD, days_ago(900)).deactivated(days_ago(400));
    });
    sim
}

fn denied(action: Action) -> Rule {
    Rule::new(Effect::Denied(Denial::ServiceControlPolicy)).action(action)
}

#[test]
fn lookup_events_denied() {
    let sim = alice();
    sim.edit(|world| {
        world.account(account(1)).user("bob").key(NEW, days_ago(9)).deactivated(days_ago(3));
    });
    sim.add_fault(denied(Action::LookupEvents));
    let result = scan_account(&sim);
    assert_eq!(gaps(&result), ["history_not_read"]);
    assert_eq!(result.status, AccountStatus::Partial);
    assert!(result.problems[0].remedy().contains("cloudtrail:LookupEvents"));
    assert_eq!(result.problems[0].error.as_ref().unwrap().code.as_deref(), Some("AccessDeniedException"));
    let findings = by_key(&result.findings);
    assert_eq!(findings[OLD].verdict, Verdict::Undetermined);
    // Nine days old, so it cannot have been inactive for thirty, whatever the history says.
    assert_eq!(findings[NEW].verdict, Verdict::Recent);
}

#[test]
fn history_that_breaks_off_is_covered_as_far_as_it_was_read() {
    let sim = empty();
    sim.edit(|world| {
        let mut account = world.account(account(1));
        account.user("alice").key(OLD, days_ago(900)).deactivated(days_ago(400));
        for change in 0..120 {
            let mut user = account.user("busy");
            let at = days_ago(80) + SignedDuration::from_hours(change * 10);
            user.key(NEW, days_ago(85)).changed(
                at,
                if change % 2 == 0 {
                    keysweep_core::key::KeyStatus::Inactive
                } else {
                    keysweep_core::key::KeyStatus::Active
                },
            );
        }
    });
    sim.add_fault(Rule::new(Effect::ServiceFailure).action(Action::LookupEvents).when(When::After(1)));
    let result = scan_account(&sim);
    assert_eq!(gaps(&result), ["history_not_read"]);
    let finding = by_key(&result.findings)[OLD];
    // Fifty changes, ten hours apart, were read: the 20 days before the last of them, and the 30 days since.
    assert_eq!(finding.verdict, Verdict::LongTerm);
    assert!(finding.inactive_since.interval.latest() > days_ago(60));
}

#[test]
fn a_report_that_is_denied_stuck_or_damaged_sends_the_account_the_exhaustive_way() {
    let stuck = Rule::new(Effect::StuckReport);
    for rule in [denied(Action::GenerateCredentialReport), denied(Action::GetCredentialReport), stuck] {
        let sim = alice();
        sim.add_fault(rule.clone());
        let result = scan_account(&sim);
        assert_eq!(gaps(&result), ["report_unavailable"], "{rule:?}");
        assert_eq!(
            (&result.status, result.method),
            (&AccountStatus::Partial, Some(Method::Exhaustive)),
            "{rule:?}"
        );
        assert_eq!(by_key(&result.findings)[OLD].verdict, Verdict::LongTerm, "{rule:?}");
    }
    let sim = alice();
    sim.edit(|world| {
        world.account(account(1)).raw_report(now(), b"user,arn\n<root_account>,x\n");
    });
    let result = scan_account(&sim);
    assert_eq!(gaps(&result), ["report_unavailable"]);
    assert!(
        result.problems[0].to_string().contains("no column user_creation_time"),
        "{}",
        result.problems[0]
    );
    assert_eq!(by_key(&result.findings)[OLD].verdict, Verdict::LongTerm);
}

#[test]
fn without_a_report_root_keys_are_said_to_be_unknown() {
    let sim = alice();
    sim.edit(|world| {
        world.account(account(1)).root_key(NEW, days_ago(2000)).deactivated(days_ago(1000));
    });
    sim.add_fault(denied(Action::GetCredentialReport));
    assert_eq!(gaps(&scan_account(&sim)), ["report_unavailable", "root_keys_not_assessed"]);
    let mut exhaustive = request(Target::OwnAccount);
    exhaustive.exhaustive = true;
    let result = try_scan(&sim, &exhaustive).unwrap().accounts.remove(0);
    assert_eq!(gaps(&result), ["root_keys_not_assessed"]);
}

#[test]
fn a_report_that_hides_keys_is_found_out() {
    let sim = alice();
    sim.edit(|world| {
        let mut account = world.account(account(1));
        account.report(now());
        // The report is older than what it does not show.
        account.user("alice").key(NEW, days_ago(300)).deactivated(days_ago(200));
    });
    let result = scan_account(&sim);
    assert_eq!(gaps(&result), ["report_distrusted"]);
    assert_eq!(by_key(&result.findings).into_keys().collect::<Vec<_>>(), [NEW, OLD]);
}

#[test]
fn one_user_that_is_denied_hides_no_other() {
    let sim = alice();
    sim.edit(|world| {
        world.account(account(1)).user("bob").key(NEW, days_ago(900)).deactivated(days_ago(400));
    });
    sim.add_fault(denied(Action::ListAccessKeys).user("bob"));
    let result = scan_account(&sim);
    assert_eq!(gaps(&result), ["keys_not_listed"]);
    assert_eq!(result.problems[0].gap.user().unwrap().as_str(), "bob");
    assert_eq!(by_key(&result.findings).into_keys().collect::<Vec<_>>(), [OLD]);
}

#[test]
fn a_renamed_user_is_followed_and_a_deleted_one_told() {
    for (deed, found, told) in
        [(Deed::RenameUser("alicia".into()), 1, &[][..]), (Deed::DeleteUser, 0, &["user_vanished"][..])]
    {
        let sim = alice();
        let act = Act::new(deed).user("alice");
        sim.add_fault(Rule::new(Effect::Before(act)).action(Action::ListAccessKeys).when(When::First(1)));
        let result = scan_account(&sim);
        assert_eq!(result.findings.len(), found);
        assert_eq!(gaps(&result), told);
        if found == 1 {
            assert_eq!(result.findings[0].owner.name(), "alicia");
            assert_eq!(result.findings[0].verdict, Verdict::LongTerm);
        }
    }
}

#[test]
fn a_user_whose_name_is_given_to_another_is_found_under_its_new_one() {
    for exhaustive in [false, true] {
        let sim = alice();
        sim.edit(|world| {
            world.account(account(1)).user("bob").created(days_ago(20)).key(NEW, days_ago(10));
            world.account(account(1)).report(now());
        });
        let rename =
            |user: &str, name: &str| Effect::Before(Act::new(Deed::RenameUser(name.into())).user(user));
        for effect in [rename("alice", "alicia"), rename("bob", "alice")] {
            sim.add_fault(Rule::new(effect).action(Action::ListAccessKeys).when(When::First(1)));
        }
        let mut asked = request(Target::OwnAccount);
        asked.exhaustive = exhaustive;
        let result = try_scan(&sim, &asked).unwrap().accounts.remove(0);
        let owners: Vec<_> = result.findings.iter().map(|finding| finding.owner.name()).collect();
        assert_eq!(owners, ["alicia"], "exhaustive: {exhaustive}, {:?}", gaps(&result));
        assert_eq!(by_key(&result.findings)[OLD].verdict, Verdict::LongTerm);
    }
}

#[test]
fn a_user_that_is_renamed_between_two_pages_of_users_is_found() {
    let sim = Arc::new(Sim::new(WorldSpec::empty(now())));
    sim.edit(|world| {
        let mut account = world.account(account(1));
        for number in 0..1_000 {
            account.user(&format!("m{number:04}"));
        }
        account.user("z").key(OLD, days_ago(900)).deactivated(days_ago(400));
    });
    // To a page that was read already.
    let act = Act::new(Deed::RenameUser("a".into())).user("z");
    sim.add_fault(Rule::new(Effect::Before(act)).action(Action::ListUsers).when(When::Nth(2)));
    let mut exhaustive = request(Target::OwnAccount);
    exhaustive.exhaustive = true;
    let result = try_scan(&sim, &exhaustive).unwrap().accounts.remove(0);
    assert_eq!((gaps(&result), result.users), (vec![], Some(1_001)));
    assert_eq!(by_key(&result.findings)[OLD].owner.name(), "a");
}

#[test]
fn a_key_that_is_deleted_after_the_report_is_not_looked_for_elsewhere() {
    let sim = alice();
    sim.edit(|world| {
        world.account(account(1)).user("alice").key(NEW, days_ago(500)).deactivated(days_ago(300));
        world.account(account(1)).report(now());
        world.account(account(1)).user("alice").key(NEW, days_ago(500)).deleted(now());
    });
    let result = scan_account(&sim);
    assert_eq!(by_key(&result.findings).into_keys().collect::<Vec<_>>(), [OLD]);
    assert_eq!(gaps(&result), [""; 0]);
}

#[test]
fn an_expired_key_is_told_and_never_a_finding() {
    let sim = alice();
    sim.edit(|world| {
        world.account(account(1)).user("alice").key(OLD, days_ago(900)).listed_as("Expired");
    });
    let result = scan_account(&sim);
    assert_eq!(gaps(&result), ["unknown_status"]);
    assert!(result.findings.is_empty());
}

#[test]
fn details_that_cannot_be_read_are_told() {
    let sim = alice();
    for action in [Action::GetAccountAuthorizationDetails, Action::ListUserTags, Action::GetAccessKeyLastUsed]
    {
        sim.add_fault(denied(action));
    }
    let mut exhaustive = request(Target::OwnAccount);
    exhaustive.exhaustive = true;
    let result = try_scan(&sim, &exhaustive).unwrap().accounts.remove(0);
    assert_eq!(gaps(&result), ["user_tags_not_read", "last_use_not_read"]);
    let finding = &result.findings[0];
    assert_eq!((&finding.last_used, &finding.tags), (&LastUsed::NotRead, &None));
}

#[test]
fn a_user_that_is_renamed_before_its_tags_are_read_is_not_one_without_tags() {
    for (action, others) in [(Action::ListUserTags, 0), (Action::GetAccountAuthorizationDetails, 1)] {
        let sim = alice();
        sim.edit(|world| {
            let mut account = world.account(account(1));
            account.user("alice").tag("owner", "payments");
            for _ in 0..others {
                account.user("bob").tag("owner", "ops").key(NEW, days_ago(900)).deactivated(days_ago(400));
            }
        });
        let act = Act::new(Deed::RenameUser("alicia".into())).user("alice");
        sim.add_fault(Rule::new(Effect::Before(act)).action(action).when(When::First(1)));
        let result = scan_account(&sim);
        assert_eq!(gaps(&result), ["user_tags_not_read"], "{action:?}");
        let findings = by_key(&result.findings);
        assert_eq!(findings[OLD].tags, None, "{action:?}");
        let of_bob = findings.get(NEW).and_then(|finding| finding.owner_tag());
        assert_eq!(of_bob, (others > 0).then_some("ops"), "{action:?}");
    }
}

#[test]
fn an_event_that_cannot_be_understood_leaves_a_hole() {
    let sim = alice();
    sim.edit(|world| {
        let event = r#"{"eventSource":"iam.amazonaws.com","eventName":"UpdateAccessKey","eventTime":"2026-11-13T09:00:00Z","eventID":"e"}"#;
        world.account(account(1)).raw_event(days_ago(10), event);
    });
    let result = scan_account(&sim);
    assert_eq!(gaps(&result), ["event_not_understood"]);
    // It may have changed any key, so only the ten days since are known.
    assert_eq!(result.findings[0].verdict, Verdict::Undetermined);
    assert_eq!(result.coverage.spans().len(), 2);
}

#[test]
fn accounts_that_cannot_be_entered_do_not_hide_the_others() {
    let sim = empty();
    sim.edit(|world| {
        for number in 1..=4 {
            let mut account = world.account(account(number));
            account
                .user("alice")
                .key(&format!("AKIA00000000000000{number:02}"), days_ago(900))
                .deactivated(days_ago(400));
        }
        world.account(account(2)).no_role();
        world.account(account(3)).state(AccountState::Suspended);
    });
    let assessment = scan_organization(&sim);
    assert_eq!(assessment.conclusion(), Conclusion::Incomplete);
    let statuses: Vec<_> = assessment.accounts.iter().map(|account| account.status.clone()).collect();
    let skipped = AccountStatus::Skipped(SkipReason::State("SUSPENDED".into()));
    assert_eq!(
        statuses,
        [AccountStatus::Complete, AccountStatus::NotAssessed, skipped, AccountStatus::Complete]
    );
    let problem = &assessment.accounts[1].problems[0];
    assert_eq!(
        (problem.gap.name(), problem.error.as_ref().unwrap().code.as_deref()),
        ("account_not_entered", Some("AccessDenied"))
    );
    assert!(problem.remedy().contains("trust policy"));
    assert_eq!(assessment.findings().count(), 2);
}

#[test]
fn filters_leave_out_what_they_name_and_nothing_else() {
    let sim = empty();
    sim.edit(|world| {
        world.account(account(1));
        world.account(account(2)).ou("Workloads/Production");
        world.account(account(3)).ou("Sandbox").tag("env", "dev");
    });
    let assessed = |include: &[&str], exclude: &[&str]| -> Vec<String> {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let filters = Filters { include: parse(include), exclude: parse(exclude) };
        let assessment = try_scan(&sim, &request(Target::Organization(filters))).unwrap();
        let complete = assessment.accounts.iter().filter(|account| account.status == AccountStatus::Complete);
        complete.map(|account| account.account.id.to_string()).collect()
    };
    let [first, second, third] = ["000000000001", "000000000002", "000000000003"];
    assert_eq!(assessed(&[], &[]), [first, second, third]);
    assert_eq!(assessed(&["ou:Workloads", first], &[]), [first, second]);
    assert_eq!(assessed(&[], &["tag:env=dev"]), [first, second]);
    assert_eq!(assessed(&["tag:env"], &[third]), [""; 0]);
}

#[test]
fn throttling_that_never_ends_is_given_up_and_told() {
    let sim = alice();
    sim.add_fault(Rule::new(Effect::Throttle).action(Action::ListAccessKeys));
    let result = scan_account(&sim);
    assert_eq!(gaps(&result), ["keys_not_listed"]);
    assert_eq!(result.problems[0].error.as_ref().unwrap().kind, CallErrorKind::Throttled);
    assert!(result.problems[0].remedy().contains("--give-up-after"));
}

#[test]
fn throttling_that_ends_costs_time_only() {
    let sim = Arc::new(Sim::new(WorldSpec::organization(6, 10).inactive_users(0.4)));
    sim.add_fault(Rule::new(Effect::Throttle).when(When::Probability { share: 0.4, seed: 5 }));
    let assessment = scan_organization(&sim);
    assert!(assessment.problems().next().is_none(), "{:#?}", assessment.problems().next());
    assert!(assessment.all_calls().total().throttled > 20);
    assert_eq!(assessment.findings().count(), sim.truth().inactive_keys().count());
}

#[test]
fn without_credentials_or_organization_there_is_no_assessment() {
    let sim = alice();
    sim.add_fault(
        Rule::new(Effect::Error { status: 403, code: "InvalidClientTokenId".into(), message: "no".into() })
            .action(Action::GetCallerIdentity),
    );
    assert!(matches!(try_scan(&sim, &request(Target::OwnAccount)), Err(ScanError::Caller(_))));
    sim.clear_faults();
    sim.add_fault(denied(Action::ListAccounts));
    let organization = request(Target::Organization(Filters::default()));
    assert!(matches!(try_scan(&sim, &organization), Err(ScanError::Organization(_))));
}

/// What is inactive since when is told by the clock.
#[test]
fn with_a_clock_that_is_not_that_of_aws_there_is_no_assessment() {
    let (sim, request) = (alice(), request(Target::OwnAccount));
    for off in [7_800, -7_800] {
        let scanned = scan_off(&sim, &request, SignedDuration::from_secs(off));
        assert!(matches!(scanned, Err(ScanError::Clock(ClockError::Off { .. }))), "{scanned:?}");
    }
    assert!(scan_off(&sim, &request, SignedDuration::from_secs(600)).is_ok());
}

/// Stops the scan at the first call of an operation.
struct StopAt(Call, watch::Sender<bool>, Mutex<usize>);

impl Progress for StopAt {
    fn on(&self, event: Event) {
        match event {
            Event::Called { call, .. } if call == self.0 => {
                self.1.send_replace(true);
            }
            Event::AccountFinished { .. } => *self.2.lock().unwrap() += 1,
            _ => {}
        }
    }
}

#[test]
fn a_stopped_scan_keeps_what_is_finished_and_says_what_is_not() {
    let sim = Arc::new(Sim::new(WorldSpec::organization(12, 10).inactive_users(0.4)));
    let mut request = request(Target::Organization(Filters::default()));
    request.concurrency = 2;
    let (sender, stop) = watch::channel(false);
    let progress = StopAt(Call::LookupEvents, sender, Mutex::new(0));
    let assessment = scan_with(&sim, &request, &progress, stop).unwrap();
    // Accounts that were not listed yet are not known by name, and told all the same.
    let unlisted = assessment.problems.iter().any(|problem| problem.gap == Gap::AccountsNotListed);
    assert!(unlisted || assessment.accounts.len() == 12);
    assert_eq!(assessment.conclusion(), Conclusion::Incomplete);
    let interrupted = assessment.accounts.iter().filter(|account| gaps(account) == ["interrupted"]).count();
    assert!(interrupted > 0);
    let assessed = assessment.accounts.iter().filter(|account| account.assessed_at.is_some()).count();
    assert!(assessed <= *progress.2.lock().unwrap());
}

#[test]
fn what_was_listed_counts_though_a_later_look_at_the_users_failed() {
    let sim = alice();
    sim.add_fault(denied(Action::ListUsers).when(When::After(1)));
    let request = ScanRequest { exhaustive: true, ..request(Target::OwnAccount) };
    let assessment = try_scan(&sim, &request).unwrap();
    assert_eq!(gaps(&assessment.accounts[0]), ["users_not_listed"]);
    assert_eq!(assessment.findings().count(), 1);
    let summary = CoverageSummary::of(&assessment);
    assert_eq!((summary.accounts, summary.accounts_in_part, summary.users), (1, 1, 1));
}
