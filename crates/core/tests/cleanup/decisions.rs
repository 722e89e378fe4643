//! The decision before a delete: one look that lets the key be deleted, and each way in which it may differ.

use keysweep_core::account::Tags;
use keysweep_core::evidence::{ChangeSource, EventId, StatusChange, Target};
use keysweep_core::exemption::{Exemptions, Unreadable};
use keysweep_core::infer::Confidence;
use keysweep_core::key::{AccessKey, KeyStatus, ListedStatus};
use keysweep_core::plan::decide::delete;
use keysweep_core::plan::look::{LastLook, Reread, reread_from};
use keysweep_core::plan::{Plan, Planned, SkipReason};
use keysweep_core::time::Instant;

use crate::sample::{DAY, HOUR, days_ago, event_id, exemption, finding, key_id, now, plan_of};

/// What there is to look at; by itself it lets the key be deleted.
struct World {
    plan: Plan,
    user_arn: String,
    tags: Tags,
    keys: Vec<AccessKey>,
    history: Reread,
    exemptions: Exemptions,
    allow_observed: bool,
    at: Instant,
}

fn world() -> World {
    let plan = plan_of(vec![finding(1)]);
    let key = |number, status| AccessKey {
        id: key_id(number),
        status: ListedStatus::Known(status),
        created: days_ago(400),
    };
    World {
        user_arn: plan.keys[0].user_arn.clone(),
        plan,
        tags: Tags::new(),
        keys: vec![key(2, KeyStatus::Active), key(1, KeyStatus::Inactive)],
        history: Reread::Read {
            at: now() + DAY,
            changes: vec![change(1, &event_id(1), days_ago(60)), change(2, "other", now())],
        },
        exemptions: Exemptions::default(),
        allow_observed: false,
        at: now() + DAY,
    }
}

fn change(key: u32, event: &str, at: Instant) -> StatusChange {
    StatusChange {
        at,
        status: KeyStatus::Inactive,
        key: key_id(key),
        target: Target::NotRecorded,
        account: None,
        event: EventId::new(event),
        actor: None,
        source_ip: None,
        source: ChangeSource::EventHistory,
    }
}

fn decided(change: impl FnOnce(&mut World)) -> Result<(), SkipReason> {
    let mut world = world();
    change(&mut world);
    let look = LastLook {
        at: world.at,
        user_arn: &world.user_arn,
        tags: &world.tags,
        keys: &world.keys,
        history: &world.history,
    };
    delete(&world.plan, &world.plan.keys[0], &look, &world.exemptions, world.allow_observed)
}

fn skipped(change: impl FnOnce(&mut World)) -> SkipReason {
    decided(change).unwrap_err()
}

#[test]
fn what_is_as_planned_is_deleted() {
    assert_eq!(decided(|_| ()), Ok(()));
}

#[test]
fn whatever_differs_keeps_the_key() {
    assert_eq!(
        skipped(|world| world.keys[1].status = ListedStatus::Known(KeyStatus::Active)),
        SkipReason::Active
    );
    assert_eq!(
        skipped(|world| world.keys[1].status = ListedStatus::from_api("Expired")),
        SkipReason::UnknownStatus("Expired".to_owned())
    );
    assert_eq!(
        skipped(|world| {
            world.keys.pop();
        }),
        SkipReason::KeyGone
    );
    assert_eq!(skipped(|world| world.keys.clear()), SkipReason::KeyGone);
    let created = days_ago(400).next();
    assert_eq!(skipped(|world| world.keys[1].created = created), SkipReason::CreatedDiffers { created });
    let arn = "arn:aws:iam::111122223333:user/moved/user-1".to_owned();
    assert_eq!(skipped(|world| world.user_arn.clone_from(&arn)), SkipReason::UserChanged { arn });
}

#[test]
fn exemptions_of_the_moment_count() {
    let exempt = |protects: &str| {
        let exemption = exemption(protects, now() + DAY * 9);
        move |world: &mut World| world.exemptions = Exemptions::new([exemption], [])
    };
    assert!(matches!(skipped(exempt(&format!("key:{}", key_id(1)))), SkipReason::Exempt(_)));
    assert!(matches!(skipped(exempt("ou:Workloads")), SkipReason::Exempt(_)));
    assert_eq!(decided(exempt("ou:Sandbox")), Ok(()));
    assert!(matches!(
        skipped(|world| {
            world.tags.insert("keysweep:keep".to_owned(), String::new());
        }),
        SkipReason::Exempt(_)
    ));
    assert_eq!(
        skipped(|world| {
            exempt("ou:Sandbox")(world);
            world.plan.accounts[0].path = None;
        }),
        SkipReason::CannotTellExempt(Unreadable::OrganizationalUnits)
    );
    // It expired between the plan and now.
    let lapsed = exemption(&format!("key:{}", key_id(1)), now() + HOUR);
    assert_eq!(decided(|world| world.exemptions = Exemptions::new([lapsed], [])), Ok(()));
}

#[test]
fn any_change_that_the_plan_does_not_know_keeps_the_key() {
    for at in [days_ago(300), now(), now() + DAY] {
        for status in [KeyStatus::Active, KeyStatus::Inactive] {
            let new = StatusChange { status, ..change(1, "new", at) };
            let reason = skipped(|world| world.history = Reread::Read { at: world.at, changes: vec![new] });
            assert_eq!(reason, SkipReason::StatusChanged { at, to: status, event: "new".to_owned() });
        }
    }
}

#[test]
fn without_the_history_nothing_but_what_was_only_observed_is_deleted() {
    let unread = |world: &mut World| world.history = Reread::NotRead { reason: "denied".to_owned() };
    assert_eq!(skipped(unread), SkipReason::HistoryNotRead("denied".to_owned()));
    let observed = |allow: bool| {
        move |world: &mut World| {
            unread(world);
            world.plan.keys[0].inactive_since.confidence = Confidence::Observed;
            world.allow_observed = allow;
        }
    };
    assert_eq!(skipped(observed(false)), SkipReason::OnlyObserved);
    assert_eq!(decided(observed(true)), Ok(()));
}

#[test]
fn a_settling_key_waits_until_the_history_has_settled() {
    let read_at = |at: Instant| {
        move |world: &mut World| {
            world.plan.keys[0].inactive_since.confidence = Confidence::Settling;
            world.plan.keys[0].inactive_since.as_of = now();
            world.history = Reread::Read { at, changes: Vec::new() };
        }
    };
    let until = now() + HOUR * 2;
    assert_eq!(skipped(read_at(until.previous())), SkipReason::NotSettled { until });
    assert_eq!(decided(read_at(until)), Ok(()));
}

#[test]
fn the_history_is_read_again_from_before_what_was_in_delivery() {
    let plan = plan_of(vec![finding(1)]);
    let key = &plan.keys[0];
    assert_eq!(reread_from(&plan, Planned::Deletion(key)), key.inactive_since.as_of - HOUR * 3);
}

#[test]
fn reasons_that_go_away_are_tried_again_and_others_are_not() {
    assert!(SkipReason::Active.is_final() && SkipReason::Active.is_reactivation());
    assert!(SkipReason::KeyGone.is_final() && !SkipReason::KeyGone.is_reactivation());
    for reason in [
        SkipReason::NotSettled { until: now() },
        SkipReason::HistoryNotRead(String::new()),
        SkipReason::NotEntered(String::new()),
        SkipReason::NotLookedAt(String::new()),
        SkipReason::CannotTellExempt(Unreadable::Tags),
    ] {
        assert!(!reason.is_final(), "{reason:?}");
    }
}
