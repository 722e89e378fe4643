//! `doctor` finds what would stand in the way of a scan, and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use keysweep_app::doctor::{DoctorRequest, Sample, examine};
use keysweep_app::filter::Filters;
use keysweep_app::progress::Silent;
use keysweep_core::account::AccountId;
use keysweep_core::call::{Access, Call, CallErrorKind};
use keysweep_core::cause::Cause;
use keysweep_core::diagnosis::{Diagnosis, Fault, Outcome, Place, Subject};
use keysweep_core::permissions::Grant;
use keysweep_core::ports::Clock;
use keysweep_core::time::SignedDuration;
use keysweep_sim::fault::{Denial, Effect, Rule, When};
use keysweep_sim::{Action, CallerCredentials, Sim, SimPorts, WorldSpec};

use crate::support::{Skewed, account, days_ago, now};

const KEY: &str = "AKIAMEMBERMEMBERMEM1";

fn world(organization: bool) -> Arc<Sim> {
    let sim = Arc::new(Sim::new(WorldSpec { organization, ..WorldSpec::empty(now()) }));
    sim.edit(|world| {
        for number in 1..=3 {
            world
                .account(account(number))
                .user("alice")
                .key(&format!("AKIAALICEALICEALIC0{number}"), days_ago(900));
        }
    });
    sim
}

fn organization() -> Arc<Sim> {
    world(true)
}

fn request(org: bool) -> DoctorRequest {
    DoctorRequest {
        version: "0".to_owned(),
        organization: org.then(Filters::default),
        sample: Sample::Some(5),
        endpoints: Vec::new(),
        concurrency: 4,
        give_up_after: Duration::from_secs(10),
    }
}

fn run(ports: &SimPorts, clock: &impl Clock, request: &DoctorRequest) -> Diagnosis {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(examine(ports, clock, request, &Silent))
}

fn doctor(sim: &Arc<Sim>, request: &DoctorRequest) -> Diagnosis {
    let ports = SimPorts::new(Arc::clone(sim));
    run(&ports, &ports.clock(), request)
}

/// As a user of account 2.
fn as_member(sim: &Arc<Sim>, request: &DoctorRequest) -> Diagnosis {
    sim.edit(|world| {
        world.account(account(2)).user("operator").key(KEY, days_ago(10));
    });
    let credentials = CallerCredentials {
        access_key_id: KEY.to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
    };
    let ports = SimPorts::new(Arc::clone(sim)).credentials(credentials);
    run(&ports, &ports.clock(), request)
}

/// What failed: where, what, and why where it was a call.
fn failures(diagnosis: &Diagnosis) -> Vec<(Option<AccountId>, String, Option<Cause>)> {
    let cause = |fault: &Fault| match fault {
        Fault::Call(error) => Some(Cause::of_error(error)),
        _ => None,
    };
    diagnosis.failures().map(|(check, fault)| (check.account, check.subject.name(), cause(fault))).collect()
}

fn calls_in(diagnosis: &Diagnosis, id: AccountId) -> BTreeSet<Call> {
    let call = |subject: &Subject| if let Subject::Call(call) = subject { Some(*call) } else { None };
    diagnosis
        .checks
        .iter()
        .filter(|check| check.account == Some(id) && check.outcome == Outcome::Works)
        .filter_map(|check| call(&check.subject))
        .collect()
}

#[test]
fn every_call_of_a_scan_is_made_in_every_account_and_nothing_is_changed() {
    let sim = organization();
    let diagnosis = doctor(&sim, &request(true));
    assert_eq!(failures(&diagnosis), []);
    assert!(matches!(&diagnosis.place, Place::Management(found) if found.management_account == account(1)));
    let in_account: BTreeSet<Call> = Grant::Scan.calls().collect();
    assert_eq!(calls_in(&diagnosis, account(1)), in_account);
    let with_entry: BTreeSet<Call> = in_account.into_iter().chain([Call::AssumeRole]).collect();
    assert_eq!(calls_in(&diagnosis, account(2)), with_entry);
    assert_eq!(calls_in(&diagnosis, account(3)), with_entry);
    let asked: BTreeSet<Call> = diagnosis
        .checks
        .iter()
        .filter(|check| check.account.is_none())
        .filter_map(|check| if let Subject::Call(call) = check.subject { Some(call) } else { None })
        .collect();
    let needed: BTreeSet<Call> = Grant::Organization
        .calls()
        .filter(|call| *call != Call::AssumeRole)
        .chain([Call::GetCallerIdentity])
        .collect();
    assert_eq!(asked, needed);
    assert!(diagnosis.calls.iter().all(|(call, _)| call.access() == Access::Read));
}

#[test]
fn each_denied_call_is_told_where_it_is_denied() {
    for call in Grant::Scan.calls() {
        let sim = organization();
        let action = Action::find(call.service(), call.name()).unwrap();
        sim.edit(|world| {
            world.account(account(2)).deny(action, Denial::NoPolicy);
        });
        let diagnosis = doctor(&sim, &request(true));
        assert!(
            failures(&diagnosis).contains(&(
                Some(account(2)),
                call.to_string(),
                Some(Cause::PermissionMissing)
            )),
            "{call}: {:?}",
            failures(&diagnosis)
        );
        assert!(failures(&diagnosis).iter().all(|(id, _, _)| *id == Some(account(2))), "{call}");
    }
}

#[test]
fn a_missing_role_and_a_policy_of_the_organization_are_told_apart() {
    let sim = organization();
    sim.edit(|world| {
        world.account(account(2)).no_role();
        world.account(account(3)).deny(Action::LookupEvents, Denial::ServiceControlPolicy);
    });
    let diagnosis = doctor(&sim, &request(true));
    assert_eq!(
        failures(&diagnosis),
        [
            (Some(account(2)), "sts:AssumeRole".to_owned(), Some(Cause::RoleMissingOrUntrusting)),
            (Some(account(3)), "cloudtrail:LookupEvents".to_owned(), Some(Cause::ServiceControlPolicy)),
        ]
    );
}

#[test]
fn a_member_account_cannot_scan_the_organization_and_can_scan_itself() {
    let sim = organization();
    let diagnosis = as_member(&sim, &request(true));
    assert_eq!(failures(&diagnosis), [(None, "place".to_owned(), None)]);
    assert!(matches!(diagnosis.place, Place::Member(_)), "{:?}", diagnosis.place);
    let alone = as_member(&sim, &request(false));
    assert_eq!((failures(&alone), alone.place.name()), (vec![], "member"));
}

#[test]
fn a_delegated_administrator_is_one() {
    let sim = organization();
    sim.edit(|world| {
        world.account(account(2)).delegated_administrator();
    });
    let place = as_member(&sim, &request(false)).place;
    assert!(matches!(place, Place::DelegatedAdministrator(_)), "{place:?}");
}

#[test]
fn an_account_in_no_organization_is_scanned_alone() {
    let sim = world(false);
    let alone = doctor(&sim, &request(false));
    assert_eq!((failures(&alone), alone.place.clone()), (vec![], Place::Alone));
    let diagnosis = doctor(&sim, &request(true));
    assert_eq!(failures(&diagnosis), [(None, "place".to_owned(), None)]);
}

#[test]
fn a_clock_that_is_off_is_told_by_how_much() {
    let sim = organization();
    let ports = SimPorts::new(Arc::clone(&sim));
    for (off, told) in [(-30, None), (59, None), (-400, Some(400)), (90, Some(-90))] {
        let clock = Skewed(ports.clock(), SignedDuration::from_secs(off));
        let diagnosis = run(&ports, &clock, &request(false));
        let found = diagnosis.failures().map(|(check, fault)| (check.subject.clone(), fault.clone())).next();
        let expected = told.map(|told| (Subject::Clock, Fault::ClockOff(SignedDuration::from_secs(told))));
        assert_eq!(found, expected, "{off}");
    }
}

#[test]
fn credentials_that_do_not_work_end_the_look() {
    let sim = organization();
    let credentials = CallerCredentials {
        access_key_id: "AKIANOBODYNOBODYNOB1".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
    };
    let ports = SimPorts::new(Arc::clone(&sim)).credentials(credentials);
    let diagnosis = run(&ports, &ports.clock(), &request(true));
    let (check, fault) = diagnosis.failures().next().unwrap();
    assert_eq!(check.subject, Subject::Call(Call::GetCallerIdentity));
    assert!(matches!(fault, Fault::Call(error) if error.kind == CallErrorKind::CredentialsInvalid));
    assert_eq!(diagnosis.calls.total().sent, 1);
}

#[test]
fn endpoints_are_noted_and_what_is_no_url_fails() {
    let sim = organization();
    let mut request = request(false);
    request.endpoints = vec![
        ("AWS_ENDPOINT_URL".to_owned(), "http://127.0.0.1:4599".to_owned()),
        ("AWS_ENDPOINT_URL_IAM".to_owned(), "localhost:4599".to_owned()),
    ];
    let diagnosis = doctor(&sim, &request);
    assert_eq!(failures(&diagnosis), [(None, "AWS_ENDPOINT_URL_IAM".to_owned(), None)]);
    assert!(matches!(&diagnosis.checks[0].outcome, Outcome::Noted(note) if note.contains("127.0.0.1:4599")));
}

#[test]
fn throttled_calls_are_made_again() {
    let sim = organization();
    sim.add_fault(Rule::new(Effect::Throttle).when(When::First(5)));
    assert_eq!(failures(&doctor(&sim, &request(true))), []);
}

#[test]
fn a_listing_that_breaks_off_is_told_and_filters_choose_what_is_looked_at() {
    let sim = organization();
    sim.edit(|world| {
        for number in 4..=30 {
            world.account(account(number));
        }
    });
    sim.add_fault(Rule::new(Effect::ServiceFailure).action(Action::ListAccounts).when(When::After(1)));
    let broken = doctor(&sim, &request(true));
    assert_eq!(
        failures(&broken),
        [(None, "organizations:ListAccounts".to_owned(), Some(Cause::Unavailable))]
    );
    assert!(broken.listed.unwrap().more);

    sim.clear_faults();
    let mut request = request(true);
    request.organization =
        Some(Filters { include: vec!["000000000003".parse().unwrap()], exclude: Vec::new() });
    let diagnosis = doctor(&sim, &request);
    assert_eq!(failures(&diagnosis), []);
    let looked: BTreeSet<AccountId> = diagnosis.checks.iter().filter_map(|check| check.account).collect();
    assert_eq!(looked, BTreeSet::from([account(3)]));
}
