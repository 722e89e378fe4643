//! CloudTrail: what is visible when, and that its records tell the truth.

use std::collections::BTreeMap;
use std::time::Duration;

use keysweep_core::evidence::Target;
use keysweep_core::evidence::cloudtrail::Record;
use keysweep_core::key::KeyStatus;
use keysweep_core::time::Instant;

use super::{KEY, OTHER_KEY, account, call, call_as, days, enter, minutes, now};
use crate::service::cloudtrail::{Event, LookupEventsInput};
use crate::{Action, ApiResult, Sim, WorldSpec};

fn updates(from: Instant, to: Instant) -> LookupEventsInput {
    LookupEventsInput {
        lookup_attributes: vec![("EventName".into(), "UpdateAccessKey".into())],
        start_time: Some(from),
        end_time: Some(to),
        ..LookupEventsInput::default()
    }
}

fn lookup(sim: &Sim, input: &LookupEventsInput) -> ApiResult<(Vec<Event>, Option<String>)> {
    let output = call(sim, Action::LookupEvents, |context| context.lookup_events(input))?;
    Ok((output.events, output.next_token))
}

fn one_account() -> Sim {
    let sim = Sim::new(WorldSpec::empty(now()));
    sim.edit(|world| {
        world.account(account("111111111111"));
    });
    sim
}

fn visible(sim: &Sim) -> Vec<Instant> {
    let (events, _) = lookup(sim, &updates(sim.now() - days(200), sim.now())).unwrap();
    events.iter().map(|event| event.event_time).collect()
}

#[test]
fn events_become_visible_after_their_lag_and_stay_for_ninety_days() {
    let sim = one_account();
    sim.edit(|world| {
        world
            .account(account("111111111111"))
            .user("alice")
            .key(KEY, now() - days(300))
            .deactivated(now() - days(90))
            .activated(now() - minutes(60))
            .delivered_after(minutes(60))
            .deactivated(now() - minutes(10))
            .delivered_after(minutes(85));
    });
    assert_eq!(visible(&sim), [now() - minutes(60), now() - days(90)], "newest first");
    sim.clock().advance(Duration::from_secs(1));
    assert_eq!(visible(&sim), [now() - minutes(60)], "the oldest is more than 90 days old");
    sim.clock().advance(Duration::from_secs(75 * 60 - 2));
    assert_eq!(visible(&sim).len(), 1);
    sim.clock().advance(Duration::from_secs(1));
    assert_eq!(visible(&sim), [now() - minutes(10), now() - minutes(60)]);
}

#[test]
fn both_ends_of_the_time_range_are_inside() {
    let sim = one_account();
    sim.edit(|world| {
        let mut account = world.account(account("111111111111"));
        let mut user = account.user("alice");
        let mut key = user.key(KEY, now() - days(300));
        for day in 1..=5 {
            key.deactivated(now() - days(day));
        }
    });
    let (events, _) = lookup(&sim, &updates(now() - days(4), now() - days(2))).unwrap();
    let times: Vec<_> = events.iter().map(|event| event.event_time).collect();
    assert_eq!(times, [2, 3, 4].map(|day| now() - days(day)));
}

#[test]
fn pages_hold_fifty_and_their_token_needs_the_same_parameters() {
    let sim = one_account();
    sim.edit(|world| {
        let mut account = world.account(account("111111111111"));
        let mut user = account.user("alice");
        let mut key = user.key(KEY, now() - days(300));
        for minute in 0..120 {
            // Many in the same second, so that pages end in the middle of one.
            key.deactivated(now() - days(5) + minutes(minute / 40));
        }
    });
    let mut input = updates(now() - days(10), now());
    let (mut ids, mut sizes) = (std::collections::BTreeSet::new(), Vec::new());
    loop {
        let (events, next) = lookup(&sim, &input).unwrap();
        assert!(events.is_sorted_by(|a, b| a.event_time >= b.event_time));
        sizes.push(events.len());
        ids.extend(events.into_iter().map(|event| event.event_id));
        match next {
            Some(next) => input.next_token = Some(next),
            None => break,
        }
    }
    assert_eq!((sizes, ids.len()), (vec![50, 50, 20], 120));
    for other in [
        LookupEventsInput { end_time: Some(now() - days(1)), ..input.clone() },
        LookupEventsInput { max_results: Some(50), ..input.clone() },
        LookupEventsInput { lookup_attributes: Vec::new(), ..input.clone() },
        LookupEventsInput { next_token: Some("nonsense".into()), ..input.clone() },
    ] {
        assert_eq!(lookup(&sim, &other).unwrap_err().code, "InvalidNextTokenException");
    }
}

#[test]
fn impossible_parameters_are_refused() {
    let sim = one_account();
    let input = updates(now() - days(1), now());
    let code = |input: LookupEventsInput| lookup(&sim, &input).unwrap_err().code.into_owned();
    let two = vec![("EventName".into(), "a".into()), ("Username".into(), "b".into())];
    assert_eq!(
        code(LookupEventsInput { lookup_attributes: two, ..input.clone() }),
        "InvalidLookupAttributesException"
    );
    let unknown = vec![("Colour".into(), "a".into())];
    assert_eq!(
        code(LookupEventsInput { lookup_attributes: unknown, ..input.clone() }),
        "InvalidLookupAttributesException"
    );
    assert_eq!(
        code(LookupEventsInput { max_results: Some(51), ..input.clone() }),
        "InvalidMaxResultsException"
    );
    assert_eq!(
        code(LookupEventsInput { end_time: Some(now() - days(2)), ..input }),
        "InvalidTimeRangeException"
    );
}

#[test]
fn other_regions_and_other_accounts_have_other_histories() {
    let sim = one_account();
    sim.edit(|world| {
        world
            .account(account("111111111111"))
            .user("alice")
            .key(KEY, now() - days(9))
            .deactivated(now() - days(8));
        world.account(account("222222222222"));
    });
    let input = updates(now() - days(20), now());
    assert_eq!(lookup(&sim, &input).unwrap().0.len(), 1);
    let operator = sim.operator();
    let token = operator.session_token.as_deref();
    let elsewhere = sim.begin(&operator.access_key_id, token, Action::LookupEvents, "eu-west-1").unwrap();
    assert!(elsewhere.lookup_events(&input).unwrap().events.is_empty());
    let member = enter(&sim, account("222222222222")).unwrap();
    let other = call_as(&sim, &member, Action::LookupEvents, |context| context.lookup_events(&input));
    assert!(other.unwrap().events.is_empty());
}

#[test]
fn attributes_select() {
    let sim = one_account();
    sim.edit(|world| {
        let mut account = world.account(account("111111111111"));
        account.user("alice").key(KEY, now() - days(9)).deactivated(now() - days(8)).by_itself();
        account.user("bob").key(OTHER_KEY, now() - days(9)).deactivated(now() - days(7));
    });
    let found = |key: &str, value: &str| {
        let input = LookupEventsInput {
            lookup_attributes: vec![(key.into(), value.into())],
            ..LookupEventsInput::default()
        };
        lookup(&sim, &input).unwrap().0.len()
    };
    assert_eq!(found("EventName", "CreateAccessKey"), 2);
    assert_eq!(found("ResourceName", OTHER_KEY), 2);
    assert_eq!(found("Username", "alice"), 1);
    assert_eq!(found("AccessKeyId", KEY), 1, "the key that signed");
    assert_eq!(found("EventSource", "iam.amazonaws.com"), 4);
    assert_eq!(found("ReadOnly", "true"), 0);
}

/// Every visible change of the generated world, read by keysweep's own reader, is a true one, and none is missing.
#[test]
fn records_tell_the_truth() {
    let sim =
        Sim::new(WorldSpec { inactive_root: 0.5, ..WorldSpec::organization(15, 40).inactive_users(0.5) });
    // Everything that happened before is delivered by then.
    sim.clock().advance(Duration::from_hours(2));
    let truth = sim.truth();
    let (mut refused, mut by_itself, mut by_root) = (0, 0, 0);
    for account in truth.accounts.iter().filter(|account| account.state == "ACTIVE") {
        let credentials = enter(&sim, account.id).unwrap();
        let mut input = updates(sim.now() - days(90), sim.now());
        let mut told = BTreeMap::new();
        loop {
            let output =
                call_as(&sim, &credentials, Action::LookupEvents, |context| context.lookup_events(&input));
            let output = output.unwrap();
            for event in output.events {
                match Record::read(&event.cloud_trail_event).unwrap() {
                    Record::Change(change) => {
                        assert_eq!(change.event.as_str(), event.event_id);
                        assert_eq!(change.account, Some(account.id));
                        by_root += usize::from(change.target == Target::Root);
                        by_itself += usize::from(
                            !event.cloud_trail_event.contains("\"userName\":null")
                                && event.resources.len() == 1,
                        );
                        told.insert(event.event_id, (change.key.to_string(), change.at, change.status));
                    }
                    Record::Refused => refused += 1,
                    Record::Other => panic!("{event:?}"),
                }
            }
            input.next_token = output.next_token;
            if input.next_token.is_none() {
                break;
            }
        }
        let oldest = sim.now() - days(90);
        let keys = account.keys.iter().chain(&account.deleted_keys);
        let expected: BTreeMap<_, _> = keys
            .flat_map(|key| key.changes.iter().map(|change| (key.id.clone(), change)))
            .filter(|(_, change)| change.at >= oldest)
            .map(|(key, change)| (change.event.clone(), (key, change.at, change.status)))
            .collect();
        assert_eq!(told, expected, "{}", account.id);
    }
    assert!(refused > 5 && by_itself > 5, "{refused} refused, {by_itself} by themselves, {by_root} by root");
}

#[test]
fn live_calls_become_events_with_their_request_id() {
    let sim = one_account();
    call(&sim, Action::CreateUser, |context| context.create_user("alice", None, &[])).unwrap();
    let key =
        call(&sim, Action::CreateAccessKey, |context| context.create_access_key(Some("alice"))).unwrap();
    let alice = crate::CallerCredentials {
        access_key_id: key.access_key_id.clone(),
        secret_access_key: key.secret_access_key,
        session_token: None,
    };
    sim.clock().advance(Duration::from_mins(1));
    let request = {
        let context = sim.begin(&alice.access_key_id, None, Action::UpdateAccessKey, "us-east-1").unwrap();
        context.update_access_key(None, &key.access_key_id, "Inactive").unwrap();
        context.request_id().to_owned()
    };
    let missing =
        call(&sim, Action::UpdateAccessKey, |context| context.update_access_key(Some("bob"), KEY, "Active"));
    missing.unwrap_err();
    assert!(visible(&sim).is_empty(), "not yet delivered");
    sim.clock().advance(Duration::from_hours(2));
    let (events, _) = lookup(&sim, &updates(now(), sim.now())).unwrap();
    assert_eq!(events.len(), 2);
    let told = events.iter().find(|event| event.username.as_deref() == Some("alice")).unwrap();
    let Record::Change(change) = Record::read(&told.cloud_trail_event).unwrap() else { panic!("{told:?}") };
    assert_eq!((change.status, change.at), (KeyStatus::Inactive, now() + minutes(1)));
    assert_eq!(change.target, Target::User("alice".parse().unwrap()));
    assert!(told.cloud_trail_event.contains(&request));
    let refused = events.iter().find(|event| event.event_id != told.event_id).unwrap();
    assert_eq!(Record::read(&refused.cloud_trail_event).unwrap(), Record::Refused);
    assert!(refused.cloud_trail_event.contains("NoSuchEntityException"));
    assert_eq!(sim.truth().key(&key.access_key_id).unwrap().inactive_since, Some(now() + minutes(1)));
}
