//! Faults: what the caller sees, and what has happened all the same.

use std::time::Duration;

use super::{KEY, OTHER_KEY, account, call, call_as, days, enter, list_keys, now};
use crate::fault::{Act, Deed, Denial, Effect, Rule, When};
use crate::service::cloudtrail::LookupEventsInput;
use crate::service::iam::Paging;
use crate::{Action, Delivery, Sim, WorldSpec};

fn world() -> Sim {
    let sim = Sim::new(WorldSpec::empty(now()));
    sim.edit(|world| {
        let mut management = world.account(account("111111111111"));
        management.user("alice").key(KEY, now() - days(100)).deactivated(now() - days(60));
        management.user("bob").key(OTHER_KEY, now() - days(100)).deactivated(now() - days(60));
        world.account(account("222222222222"));
    });
    sim
}

/// Deletes alice's key: whether the answer says so, how it is delivered, and whether the key is gone.
fn delete(sim: &Sim) -> (bool, Delivery, bool) {
    let operator = sim.operator();
    let token = operator.session_token.as_deref();
    let context = sim.begin(&operator.access_key_id, token, Action::DeleteAccessKey, "us-east-1").unwrap();
    let result = context.delete_access_key(Some("alice"), KEY);
    (result.is_ok(), context.delivery(), sim.truth().key(KEY).is_none())
}

#[test]
fn unknown_outcomes_of_a_deletion() {
    for (effect, delivery, gone) in [
        (Effect::LostResponse, Delivery::Lost, true),
        (Effect::TimeoutAfter, Delivery::Hang, true),
        (Effect::TimeoutBefore, Delivery::Hang, false),
        (Effect::Reset, Delivery::Reset, false),
        (Effect::MalformedBody, Delivery::Malformed, true),
        (Effect::TruncatedBody, Delivery::Truncated, true),
        (Effect::WrongContentType, Delivery::WrongContentType, true),
        (Effect::Redirect, Delivery::Redirect, true),
        (Effect::Slow { milliseconds: 5 }, Delivery::Slow(Duration::from_millis(5)), true),
    ] {
        let sim = world();
        sim.add_fault(Rule::new(effect.clone()).action(Action::DeleteAccessKey));
        let (_, seen, deleted) = delete(&sim);
        assert_eq!((seen, deleted), (delivery, gone), "{effect:?}");
    }
}

#[test]
fn errors_come_instead_of_the_operation() {
    for (effect, status, code) in [
        (Effect::Throttle, 400, "Throttling"),
        (Effect::ServiceFailure, 500, "ServiceFailure"),
        (Effect::Denied(Denial::ExplicitDeny), 403, "AccessDenied"),
        (
            Effect::Error { status: 409, code: "LimitExceeded".into(), message: "m".into() },
            409,
            "LimitExceeded",
        ),
    ] {
        let sim = world();
        sim.add_fault(Rule::new(effect).action(Action::DeleteAccessKey).when(When::First(1)));
        let delete =
            || call(&sim, Action::DeleteAccessKey, |context| context.delete_access_key(Some("alice"), KEY));
        let error = delete().unwrap_err();
        assert_eq!((error.status, error.code.as_ref()), (status, code));
        assert!(sim.truth().key(KEY).is_some());
        let count = sim.calls().of(account("111111111111"), Action::DeleteAccessKey);
        assert_eq!((count.sent, count.throttled), (1, u64::from(code == "Throttling")));
        delete().unwrap();
    }
}

#[test]
fn rules_choose_account_user_and_call() {
    let sim = world();
    sim.add_fault(
        Rule::new(Effect::ServiceFailure).account(account("222222222222")).action(Action::ListUsers),
    );
    sim.add_fault(Rule::new(Effect::Denied(Denial::NoPolicy)).user("bob"));
    sim.add_fault(
        Rule::new(Effect::Denied(Denial::NoPolicy))
            .account(account("222222222222"))
            .action(Action::AssumeRole)
            .when(When::After(1)),
    );
    let member = enter(&sim, account("222222222222")).unwrap();
    assert_eq!(
        enter(&sim, account("222222222222")).err().unwrap().code,
        "AccessDenied",
        "the account that is entered"
    );
    let users = |credentials: &crate::CallerCredentials| {
        call_as(&sim, credentials, Action::ListUsers, |context| context.list_users(None, &Paging::default()))
    };
    assert!(users(&sim.operator()).is_ok());
    assert_eq!(users(&member).unwrap_err().code, "ServiceFailure");
    assert!(list_keys(&sim, &sim.operator(), "alice").is_ok());
    assert_eq!(list_keys(&sim, &sim.operator(), "bob").unwrap_err().code, "AccessDenied");
    sim.clear_faults();
    assert!(list_keys(&sim, &sim.operator(), "bob").is_ok());
}

#[test]
fn a_region_deny_refuses_the_event_history() {
    let spec = WorldSpec { lookup_denied: vec![0], ..WorldSpec::organization(2, 2) };
    let sim = Sim::new(spec);
    let error =
        call(&sim, Action::LookupEvents, |context| context.lookup_events(&LookupEventsInput::default()))
            .unwrap_err();
    assert_eq!((error.status, error.code.as_ref()), (400, "AccessDeniedException"));
    assert!(
        error.message.ends_with("with an explicit deny in a service control policy"),
        "{}",
        error.message
    );
}

#[test]
fn a_stuck_report_never_gets_done() {
    let sim = world();
    sim.add_fault(Rule::new(Effect::StuckReport));
    let generate = || {
        call(&sim, Action::GenerateCredentialReport, |context| context.generate_credential_report())
            .unwrap()
            .state
    };
    assert_eq!(generate(), "STARTED");
    for _ in 0..10 {
        sim.clock().advance(Duration::from_mins(10));
        assert_eq!(generate(), "INPROGRESS");
        let error =
            call(&sim, Action::GetCredentialReport, |context| context.get_credential_report()).unwrap_err();
        assert_eq!(error.code, "ReportInProgress");
    }
}

#[test]
fn somebody_else_acts_between_the_last_look_and_the_deletion() {
    for (deed, listed_after) in [
        (Deed::Reactivate, Ok(vec!["Active"])),
        (Deed::Deactivate, Ok(vec!["Inactive"])),
        (Deed::DeleteKey, Ok(vec![])),
        (Deed::RecreateKey, Ok(vec!["Active"])),
        (Deed::DeleteUser, Err("NoSuchEntity")),
        (Deed::RenameUser("alicia".into()), Err("NoSuchEntity")),
    ] {
        for before in [true, false] {
            let sim = world();
            let act = Act::new(deed.clone());
            let effect = if before { Effect::Before(act) } else { Effect::After(act) };
            sim.add_fault(Rule::new(effect).action(Action::ListAccessKeys).user("alice").when(When::Nth(2)));
            let list = || {
                list_keys(&sim, &sim.operator(), "alice")
                    .map(|keys| keys.into_iter().map(|(_, status)| status).collect::<Vec<_>>())
                    .map_err(|error| error.code.into_owned())
            };
            let expected =
                listed_after.clone().map(|keys| keys.into_iter().map(str::to_owned).collect::<Vec<_>>());
            let expected = expected.map_err(str::to_owned);
            assert_eq!(list(), Ok(vec!["Inactive".to_owned()]), "{deed:?}");
            let second = list();
            if before {
                assert_eq!(second, expected, "{deed:?}");
            } else {
                assert_eq!(second, Ok(vec!["Inactive".to_owned()]), "{deed:?}");
            }
            assert_eq!(list(), expected, "{deed:?}");
            // The key of somebody else is left alone.
            assert_eq!(list_keys(&sim, &sim.operator(), "bob").unwrap().len(), 1);
        }
    }
}

#[test]
fn refused_changes_are_recorded_without_parameters() {
    let sim = world();
    sim.add_fault(Rule::new(Effect::Denied(Denial::ExplicitDeny)).action(Action::DeleteAccessKey));
    call(&sim, Action::DeleteAccessKey, |context| context.delete_access_key(Some("alice"), KEY)).unwrap_err();
    sim.clock().advance(Duration::from_hours(2));
    let input = LookupEventsInput {
        lookup_attributes: vec![("EventName".into(), "DeleteAccessKey".into())],
        ..LookupEventsInput::default()
    };
    let events = call(&sim, Action::LookupEvents, |context| context.lookup_events(&input)).unwrap().events;
    let record: serde_json::Value = serde_json::from_str(&events[0].cloud_trail_event).unwrap();
    assert_eq!(
        (&record["errorCode"], &record["requestParameters"]),
        (&"AccessDenied".into(), &serde_json::Value::Null)
    );
}
