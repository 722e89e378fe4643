//! Whatever was not covered makes the assessment incomplete, which ends the program with 4: for every cause that there is,
//! and for every kind of failure of every call of a scan.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use keysweep_app::filter::Filters;
use keysweep_app::scan::{ScanRequest, Target};
use keysweep_core::account::AccountState;
use keysweep_core::assessment::{Assessment, Conclusion};
use keysweep_core::cause::{Cause, causes};
use keysweep_sim::fault::{Act, Deed, Denial, Effect, Rule, When};
use keysweep_sim::{Action, Sim};

use crate::support::{account, days_ago, empty, now, request, try_scan};

const OLD: &str = "AKIAOLDOLDOLDOLDOLD1";
const NEW: &str = "AKIANEWNEWNEWNEWNEW1";

/// An organization of two accounts with a user each, whose keys are Active.
fn two_accounts() -> Arc<Sim> {
    let sim = empty();
    sim.edit(|world| {
        for number in 1..=2 {
            world.account(account(number)).user("alice").key(&key(number), days_ago(900));
        }
    });
    sim
}

fn key(number: u64) -> String {
    format!("AKIA00000000000000{number:02}")
}

fn error(status: u16, code: &str, message: &str) -> Effect {
    Effect::Error { status, code: code.to_owned(), message: message.to_owned() }
}

fn denied_with(message: &str) -> Effect {
    error(
        403,
        "AccessDenied",
        &format!("User: arn:aws:sts::000000000001:assumed-role/x/y is not authorized{message}"),
    )
}

/// Makes something go wrong for this cause, in the second account or everywhere.
fn provoke(cause: Cause, sim: &Sim, request: &mut ScanRequest) {
    let fault = |effect: Effect, action: Action| sim.add_fault(Rule::new(effect).action(action));
    // Its key is listed only where it may be inactive.
    let inactive = || {
        sim.edit(|world| {
            world.account(account(2)).user("alice").key(&key(2), days_ago(900)).deactivated(days_ago(10));
        });
    };
    match cause {
        Cause::AccountNotInUse => sim.edit(|world| {
            world.account(account(2)).state(AccountState::Suspended);
        }),
        // The list of expected accounts is held against the assessment afterwards.
        Cause::ExpectedAccount => {}
        Cause::RoleMissingOrUntrusting => sim.edit(|world| {
            world.account(account(2)).no_role();
        }),
        Cause::TrustPolicy => {
            fault(
                denied_with(" because no role trust policy allows the sts:AssumeRole action"),
                Action::AssumeRole,
            );
        }
        Cause::ServiceControlPolicy => {
            fault(Effect::Denied(Denial::ServiceControlPolicy), Action::GetCredentialReport);
        }
        Cause::ResourceControlPolicy => {
            fault(denied_with(" with an explicit deny in a resource control policy"), Action::AssumeRole);
        }
        Cause::Boundary => {
            fault(
                denied_with(
                    " because no permissions boundary allows the iam:GenerateCredentialReport action",
                ),
                Action::GenerateCredentialReport,
            );
        }
        Cause::PermissionMissing => {
            fault(Effect::Denied(Denial::NoPolicy), Action::GetCredentialReport);
        }
        Cause::Throttled => {
            inactive();
            fault(Effect::Throttle, Action::LookupEvents);
        }
        Cause::ReportStuck => {
            sim.add_fault(Rule::new(Effect::StuckReport));
        }
        Cause::ReportWrong => sim.edit(|world| {
            let mut account = world.account(account(2));
            account.report(now());
            // The report is older than what it does not show.
            account.user("alice").key(NEW, days_ago(300)).deactivated(days_ago(200));
        }),
        Cause::Credentials => {
            inactive();
            fault(error(403, "InvalidClientTokenId", "no"), Action::LookupEvents);
        }
        Cause::Unavailable => {
            inactive();
            fault(Effect::ServiceFailure, Action::ListAccessKeys);
        }
        Cause::NotUnderstood => {
            inactive();
            fault(Effect::MalformedBody, Action::LookupEvents);
        }
        Cause::ChangedMeanwhile => {
            inactive();
            let act = Act::new(Deed::DeleteUser).user("alice");
            let rule = Rule::new(Effect::Before(act)).action(Action::ListAccessKeys);
            sim.add_fault(rule.account(account(2)).when(When::First(1)));
        }
        Cause::Filters => {
            let include = vec!["999999999999".parse().unwrap()];
            request.target = Target::Organization(Filters { include, exclude: Vec::new() });
        }
        Cause::Interrupted => request.deadline = Some(Duration::ZERO),
        Cause::Refused => {
            inactive();
            fault(error(400, "ValidationError", "no"), Action::ListAccessKeys);
        }
    }
}

fn met(assessment: &Assessment) -> BTreeSet<&'static str> {
    causes(assessment).iter().map(|group| group.cause.name()).collect()
}

#[test]
fn every_cause_makes_an_assessment_incomplete() {
    assert_eq!(
        try_scan(&two_accounts(), &request(Target::Organization(Filters::default()))).unwrap().conclusion(),
        Conclusion::Clean
    );
    for &cause in Cause::ALL {
        let sim = two_accounts();
        let mut request = request(Target::Organization(Filters::default()));
        provoke(cause, &sim, &mut request);
        let mut assessment = try_scan(&sim, &request).unwrap();
        if cause == Cause::AccountNotInUse {
            // None of its keys works: it is told, and fails only a scan that must cover it (docs/adr/0002).
            assert_eq!(assessment.conclusion(), Conclusion::Clean);
            assert_eq!(met(&assessment), BTreeSet::from([cause.name()]));
            assessment.expect_accounts(&BTreeSet::from([account(2)]));
        }
        if cause == Cause::ExpectedAccount {
            assessment.expect_accounts(&BTreeSet::from([account(1), account(9)]));
        }
        assert!(met(&assessment).contains(cause.name()), "{cause:?}: {:?}", met(&assessment));
        assert_eq!(assessment.conclusion(), Conclusion::Incomplete, "{cause:?}");
    }
}

/// An answer of each kind of failure, in the words of the Query protocol.
fn failures() -> Vec<Effect> {
    vec![
        Effect::Throttle,
        Effect::Denied(Denial::NoPolicy),
        error(404, "NoSuchEntity", "no"),
        error(404, "ReportInProgress", "no"),
        error(410, "ReportNotPresent", "no"),
        error(403, "ExpiredToken", "no"),
        error(403, "InvalidClientTokenId", "no"),
        Effect::ServiceFailure,
        Effect::MalformedBody,
        Effect::TruncatedBody,
        Effect::WrongContentType,
        Effect::Redirect,
        Effect::Reset,
        error(400, "ValidationError", "no"),
    ]
}

/// A world in which a scan makes every call that it can make.
fn all_calls(exhaustive: bool) -> (Arc<Sim>, ScanRequest) {
    let sim = empty();
    sim.edit(|world| {
        for number in 1..=2 {
            let mut account = world.account(account(number));
            account.tag("env", "prod");
            // The tags of one user are asked for by a call, those of two by another.
            for user in ["alice", "bob"].into_iter().take(usize::try_from(number).unwrap()) {
                let id = |which: u64| format!("AKIA{user:A<8}{number:04}{which:04}").to_ascii_uppercase();
                // Two inactive keys, created together: the report does not tell which was used when.
                account.user(user).key(&id(1), days_ago(900)).deactivated(days_ago(400));
                account.user(user).key(&id(2), days_ago(900)).deactivated(days_ago(300));
            }
        }
        world.account(account(2)).user("alice").key(OLD, days_ago(800)).deactivated(days_ago(200));
    });
    let filters = Filters { include: vec!["tag:env".parse().unwrap()], exclude: Vec::new() };
    let request = ScanRequest { exhaustive, ..request(Target::Organization(filters)) };
    (sim, request)
}

#[test]
fn every_kind_of_failure_of_every_call_makes_an_assessment_incomplete() {
    let mut failed = BTreeSet::new();
    for exhaustive in [false, true] {
        for &action in Action::ALL {
            for effect in failures() {
                let (sim, request) = all_calls(exhaustive);
                sim.add_fault(Rule::new(effect.clone()).action(action));
                let scanned = try_scan(&sim, &request);
                if sim.calls().total_of(action).sent == 0 {
                    continue;
                }
                failed.insert(action.name());
                // Without knowing whom it scans for, and what, there is no assessment: the program fails with 1.
                let Ok(assessment) = scanned else {
                    assert!(
                        matches!(
                            action,
                            Action::GetCallerIdentity | Action::DescribeOrganization | Action::ListAccounts
                        ),
                        "{action:?} {effect:?}"
                    );
                    continue;
                };
                assert_eq!(
                    assessment.conclusion(),
                    Conclusion::Incomplete,
                    "{action:?} {effect:?} exhaustive: {exhaustive}"
                );
            }
        }
    }
    let expected: BTreeSet<&str> = keysweep_core::call::Call::ALL
        .iter()
        .filter(|call| call.tasks().contains(&keysweep_core::call::Task::Scan))
        .map(|call| call.name())
        .collect();
    assert_eq!(failed, expected);
}
