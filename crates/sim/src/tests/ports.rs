//! The ports in process: the same world, keysweep's types, paused time.

use std::sync::Arc;
use std::time::Duration;

use keysweep_core::account::AccountState;
use keysweep_core::call::{Call, CallErrorKind, CallResult, Task};
use keysweep_core::key::{LastUsed, ListedStatus};
use keysweep_core::ports::{Accounts, Clock, Directory, Inventory, ReportState, StatusHistory};

use super::{KEY, account, days, now};
use crate::fault::{Denial, Effect, Rule};
use crate::ports::RoleOptions;
use crate::{Action, Profile, Sim, SimPorts, WorldSpec};

fn kind<T>(result: CallResult<T>) -> CallErrorKind {
    result.err().unwrap().kind
}

fn world() -> Arc<Sim> {
    let sim = Sim::running(WorldSpec::empty(now()));
    sim.edit(|world| {
        world.account(account("111111111111")).name("management");
        let mut member = world.account(account("222222222222"));
        member.name("payments").ou("Workloads/Production").tag("team", "payments");
        let mut alice = member.user("alice");
        alice.tag("owner", "bea");
        alice
            .key(KEY, now() - days(100))
            .last_used(now() - days(70), "s3", "N/A")
            .deactivated(now() - days(60));
    });
    Arc::new(sim)
}

#[test]
fn every_call_of_keysweep_is_simulated() {
    // Where reports are delivered to is not simulated: moto stands in for it (scripts/moto).
    for call in Call::ALL.iter().filter(|call| call.tasks() != [Task::Delivery]) {
        assert!(Action::find(call.service(), call.name()).is_some(), "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_ports_answer_in_keysweeps_terms() {
    let sim = world();
    let ports = SimPorts::new(Arc::clone(&sim));
    assert_eq!(ports.get_caller_identity().await.unwrap().account, account("111111111111"));
    assert_eq!(ports.describe_organization().await.unwrap().management_account, account("111111111111"));
    let listed = ports.list_accounts(None).await.unwrap();
    assert_eq!(listed.items[1].name.as_deref(), Some("payments"));
    assert_eq!((&listed.items[1].state, listed.next), (&AccountState::Active, None));
    let tags = ports.list_tags_for_resource(account("222222222222"), None).await.unwrap();
    assert_eq!(tags.items, [("team".to_owned(), "payments".to_owned())]);

    let member = ports.enter(account("222222222222")).await.unwrap();
    let users = member.list_users(None).await.unwrap().items;
    assert_eq!(users[0].arn, "arn:aws:iam::222222222222:user/alice");
    let keys = member.list_access_keys(&users[0].name, None).await.unwrap().items;
    assert_eq!((keys[0].id.as_str(), &keys[0].status), (KEY, &ListedStatus::from_api("Inactive")));
    let used = member.get_access_key_last_used(&keys[0].id).await.unwrap();
    assert_eq!(used, LastUsed::At { at: now() - days(70), service: Some("s3".into()), region: None });
    assert_eq!(member.list_user_tags(&users[0].name, None).await.unwrap().items[0].1, "bea");
    let details = member.get_account_authorization_details(None).await.unwrap().items;
    assert_eq!(details[0].tags["owner"], "bea");
    assert_eq!(member.get_account_summary().await.unwrap().users, Some(1));
    assert_eq!(member.generate_credential_report().await.unwrap(), ReportState::Started);
    assert_eq!(member.generate_credential_report().await.unwrap(), ReportState::Complete);
    let report = member.get_credential_report().await.unwrap();
    assert!(report.content.starts_with(b"user,arn,"));
    let events = member.lookup_events(now() - days(90), now(), None).await.unwrap();
    assert_eq!(events.items.len(), 1);
    assert!(ports.own().list_users(None).await.unwrap().items.is_empty());
}

#[tokio::test(start_paused = true)]
async fn errors_are_of_the_documented_kinds() {
    let sim = world();
    let ports = SimPorts::new(Arc::clone(&sim));
    assert_eq!(kind(ports.enter(account("333333333333")).await), CallErrorKind::Denied);
    let member = ports.enter(account("222222222222")).await.unwrap();
    assert_eq!(kind(member.get_credential_report().await), CallErrorKind::ReportAbsent);
    assert_eq!(kind(member.list_access_keys(&"bob".parse().unwrap(), None).await), CallErrorKind::NotFound);
    assert_eq!(kind(member.list_users(Some("no marker")).await), CallErrorKind::Rejected);
    for (effect, expected) in [
        (Effect::Throttle, CallErrorKind::Throttled),
        (Effect::ServiceFailure, CallErrorKind::Unavailable),
        (Effect::Denied(Denial::ServiceControlPolicy), CallErrorKind::Denied),
        (Effect::TimeoutBefore, CallErrorKind::Unavailable),
        (Effect::TimeoutAfter, CallErrorKind::Unavailable),
        (Effect::LostResponse, CallErrorKind::Unavailable),
        (Effect::Reset, CallErrorKind::Unavailable),
        (Effect::TruncatedBody, CallErrorKind::Unavailable),
        (Effect::MalformedBody, CallErrorKind::Malformed),
        (Effect::WrongContentType, CallErrorKind::Malformed),
        (Effect::Redirect, CallErrorKind::Malformed),
    ] {
        sim.add_fault(Rule::new(effect.clone()));
        let error = member.list_users(None).await.unwrap_err();
        assert_eq!((error.kind, error.call), (expected, Call::ListUsers), "{effect:?}");
        sim.clear_faults();
    }
    sim.add_fault(Rule::new(Effect::StuckReport));
    member.generate_credential_report().await.unwrap();
    assert_eq!(kind(member.get_credential_report().await), CallErrorKind::ReportInProgress);
}

#[tokio::test(start_paused = true)]
async fn latency_and_limits_run_on_paused_time() {
    let sim = Arc::new(Sim::running(WorldSpec::organization(3, 40).profile(Profile::aws_like())));
    let ports = SimPorts::new(Arc::clone(&sim));
    let clock = ports.clock();
    let own = ports.own();
    let mut throttled = 0;
    for _ in 0..100 {
        while let Err(error) = own.get_account_summary().await {
            assert_eq!(error.kind, CallErrorKind::Throttled);
            throttled += 1;
            clock.sleep(Duration::from_millis(100)).await;
        }
    }
    // 30 at once and 70 more at 15 a second.
    assert!((4_600..4_900).contains(&clock.elapsed().as_millis()), "{:?}", clock.elapsed());
    assert!(throttled > 0);
    assert_eq!(clock.now(), sim.now());
    let calls = sim.calls().of(sim.caller_account().unwrap(), Action::GetAccountSummary);
    assert_eq!((calls.sent, calls.throttled), (100 + throttled, throttled));
}

#[tokio::test(start_paused = true)]
async fn sessions_are_renewed_before_they_end() {
    let sim = world();
    let role = RoleOptions { duration_seconds: Some(900), ..RoleOptions::default() };
    let ports = SimPorts::new(Arc::clone(&sim)).role(role);
    let member = ports.enter(account("222222222222")).await.unwrap();
    for _ in 0..4 {
        member.list_users(None).await.unwrap();
        ports.clock().sleep(Duration::from_mins(10)).await;
    }
    assert_eq!(sim.calls().of(account("111111111111"), Action::AssumeRole).sent, 2);
    sim.edit(|world| {
        world.account(account("222222222222")).no_role();
    });
    ports.clock().sleep(Duration::from_mins(15)).await;
    let error = member.list_users(None).await.unwrap_err();
    assert_eq!((error.call, error.kind), (Call::AssumeRole, CallErrorKind::Denied));
}

#[tokio::test]
async fn on_a_clock_that_stands_still_waiting_takes_no_time() {
    let sim = Arc::new(Sim::new(WorldSpec::organization(2, 2)));
    let clock = SimPorts::new(Arc::clone(&sim)).clock();
    clock.sleep(Duration::from_hours(5)).await;
    assert_eq!(clock.now(), WorldSpec::default().now + keysweep_core::time::SignedDuration::from_hours(5));
}
