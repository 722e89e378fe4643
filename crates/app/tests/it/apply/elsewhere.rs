//! Two plans of one store that hold the same keys: what one has begun, the other leaves alone until it is settled.

use std::sync::Arc;
use std::time::Duration;

use keysweep_app::apply::{Applied, ApplyError, KeyOutcome, Refusal, RunRequest, StopAfter, Tools, find_out};
use keysweep_core::journal::{Event, Kept, Outcome};
use keysweep_core::plan::SkipReason;
use keysweep_core::ports::Journal;
use keysweep_sim::Action;
use keysweep_sim::ports::SimPorts;
use tokio::sync::watch;

use super::journalling::Watched;
use super::scene::{CAROL, Scene, block_on, ended_of, outcomes};
use super::unfinished::{delete, ended, intended, journal};
use crate::support::account;

/// The same world and plan, under another id.
fn another(scene: &Scene) -> Scene {
    Scene::of(Arc::clone(&scene.sim), |plan| "another plan".clone_into(&mut plan.id))
}

/// Applies the plan of `other` with the store of `scene`, under a name of its own.
fn apply_in(scene: &Scene, other: &Scene, holder: &'static str) -> Result<Applied, ApplyError> {
    other.apply_with(&scene.store, |request| request.run.holder = holder)
}

fn find_out_of(scene: &Scene) -> Result<(), ApplyError> {
    let ports = SimPorts::new(Arc::clone(&scene.sim));
    let clock = ports.clock();
    let tools = Tools {
        accounts: &ports,
        directory: &ports,
        clock: &clock,
        journal: &scene.store,
        progress: &scene.heard,
    };
    let request = RunRequest {
        plan: &scene.plan,
        digest: scene.digest,
        holder: "finder",
        only: None,
        at_most: None,
        concurrency: 4,
        give_up_after: Duration::from_mins(1),
        stop_after: StopAfter::default(),
    };
    let (_keep, stop) = watch::channel(false);
    block_on(find_out(tools, &request, stop))
}

fn under_way(scene: &Scene) -> KeyOutcome {
    KeyOutcome::Skipped(SkipReason::UnderWay { plan: scene.digest })
}

#[test]
fn a_key_that_another_run_has_under_way_is_left_alone_until_no_call_of_it_can_arrive() {
    let scene = Scene::new();
    let other = another(&scene);
    journal(&scene, [intended(&scene, account(2), CAROL, "carol", 1)]);
    let applied = apply_in(&scene, &other, "one").unwrap();
    assert_eq!(*outcomes(&applied)[CAROL], under_way(&scene));
    assert_eq!((applied.receipts.len(), scene.left()), (4, vec![CAROL]));

    // It was looked for, and may still arrive.
    find_out_of(&scene).unwrap();
    assert_eq!(ended_of(&scene, CAROL), [Outcome::Kept(Kept::Interrupted)]);
    assert_eq!(*outcomes(&apply_in(&scene, &other, "two").unwrap())[CAROL], under_way(&scene));

    // It is too late for it, and nobody has looked.
    scene.sim.clock().advance(Duration::from_hours(1));
    assert_eq!(*outcomes(&apply_in(&scene, &other, "three").unwrap())[CAROL], under_way(&scene));
    find_out_of(&scene).unwrap();
    assert_eq!(scene.calls(Action::DeleteAccessKey), 4);
    let applied = apply_in(&scene, &other, "four").unwrap();
    assert!(applied.is_whole(), "{applied:#?}");
    assert_eq!((applied.receipts.len(), scene.left().len()), (5, 0));

    // The other run has the receipt. This one begins nothing about the key, and has no call to make.
    let (events, calls) = (scene.events().len(), scene.calls(Action::GetUser));
    let applied = scene.apply().unwrap();
    assert_eq!((applied.receipts.len(), scene.calls(Action::GetUser)), (0, calls));
    let begun =
        scene.events()[events..].iter().filter(|event| matches!(event, Event::Intended { .. })).count();
    assert_eq!(begun, 0);
    assert!(applied.keys.iter().all(|(_, outcome)| *outcome == KeyOutcome::Skipped(SkipReason::KeyGone)));
}

#[test]
fn what_is_found_out_of_another_run_is_its_own() {
    let scene = Scene::new();
    let other = another(&scene);
    journal(&scene, [intended(&scene, account(2), CAROL, "carol", 1)]);
    delete(&scene, account(2), "carol", CAROL);
    find_out_of(&scene).unwrap();
    assert!(matches!(ended_of(&scene, CAROL)[..], [Outcome::Gone { .. }]));
    let events = scene.events();
    // Nothing is left to find out, and nothing else is begun.
    find_out_of(&scene).unwrap();
    assert_eq!((scene.events(), scene.left().len()), (events, 4));
    let applied = apply_in(&scene, &other, "one").unwrap();
    assert_eq!(*outcomes(&applied)[CAROL], KeyOutcome::Skipped(SkipReason::KeyGone));
    assert_eq!(applied.receipts.len(), 4);
}

/// Both may have deleted it: a look tells that it is gone, and each says so.
#[test]
fn a_key_in_doubt_that_another_run_says_is_gone_is_looked_for() {
    let scene = Scene::new();
    let other = another(&scene);
    let kept = |scene: &Scene| ended(scene, account(2), CAROL, 1, Outcome::Kept(Kept::Interrupted));
    journal(&scene, [intended(&scene, account(2), CAROL, "carol", 1), kept(&scene)]);
    let seen_at = scene.sim.now();
    delete(&scene, account(2), "carol", CAROL);
    let gone = ended(&scene, account(2), CAROL, 1, Outcome::Gone { seen_at, last_look: None });
    block_on(async {
        use keysweep_core::journal::Leasing;
        let now = scene.sim.now();
        let leased = scene.store.lease(other.digest, "dead", now, now).await.unwrap();
        let Leasing::Granted(lease) = leased else { panic!("{leased:?}") };
        let (epoch, holder, caller_arn) = (lease.epoch, "dead".to_owned(), "arn:dead".to_owned());
        let opened = Event::Opened { at: now, epoch, holder, caller_arn, approved_by: Vec::new() };
        for event in [opened, intended(&scene, account(2), CAROL, "carol", 1), gone] {
            scene.store.append(other.digest, event).await.unwrap();
        }
    });
    scene.sim.clock().advance(Duration::from_mins(6));
    let applied = scene.apply().unwrap();
    assert_eq!((applied.stopped.as_deref(), applied.receipts.len()), (None, 5));
    assert_eq!(*outcomes(&applied)[CAROL], KeyOutcome::Gone);
}

#[test]
fn where_the_journal_of_another_run_is_damaged_nothing_is_begun_and_the_lease_is_given_back() {
    let scene = Scene::new();
    let other = another(&scene);
    journal(&scene, [intended(&scene, account(2), CAROL, "carol", 1)]);
    let mut watched = Watched::new(&scene);
    watched.damaged = Some(scene.digest);
    let refused = other.apply_with(&watched, |request| request.run.holder = "one").unwrap_err();
    let ApplyError::Refused(refusal) = refused else { panic!("{refused:?}") };
    assert!(
        matches!(*refusal, Refusal::AnotherIsDamaged { plan, .. } if plan == scene.digest),
        "{refusal:?}"
    );
    assert_eq!(scene.calls(Action::DeleteAccessKey), 0);
    // At once, by another process.
    assert_eq!(apply_in(&scene, &other, "two").unwrap().receipts.len(), 4);
}
