//! What stops a run.

use keysweep_app::apply::{ApplyRequest, KeyOutcome, StopAfter};
use keysweep_core::journal::{Event, Kept};
use keysweep_sim::Action;
use keysweep_sim::fault::{Act, Deed, Rule};

use super::scene::{ALICE, BOB, BOB_TOO, DAVE, Scene, denied, only, outcomes};
use crate::support::account;

#[test]
fn too_many_denied_calls_or_reactivated_keys_stop_the_run_with_what_to_do() {
    // One denied call for each of: carol, and each of two keys of bob; alice and dave are in other accounts.
    let scene = Scene::new();
    scene.sim.add_fault(Rule::new(denied()).action(Action::DeleteAccessKey));
    let one = |request: &mut ApplyRequest<'_>| {
        request.run.concurrency = 1;
        request.run.stop_after = StopAfter { denied: 1, ..StopAfter::default() };
    };
    let applied = scene.apply_so(one).unwrap();
    let stopped = applied.stopped.clone().unwrap();
    assert!(stopped.starts_with("1 calls were denied") && stopped.contains("keysweep policies"), "{stopped}");
    assert_eq!(outcomes(&applied)[DAVE], &KeyOutcome::Waiting);
    assert!(matches!(scene.events().last(), Some(Event::Stopped { .. })));
    // What stopped an earlier run says nothing of a later one.
    scene.sim.clear_faults();
    assert_eq!(scene.apply_so(one).unwrap().stopped, None);

    for actions in [Action::GetUser, Action::ListAccessKeys, Action::AssumeRole, Action::LookupEvents] {
        let scene = Scene::new();
        scene.sim.add_fault(Rule::new(denied()).action(actions));
        let applied = scene.apply_so(one).unwrap();
        assert!(applied.stopped.is_some(), "{actions:?}: {applied:#?}");
    }

    let scene = Scene::new();
    scene.sim.act(account(1), &Act::new(Deed::Reactivate).user("alice").key(ALICE));
    let applied = scene
        .apply_so(|request| {
            request.run.concurrency = 1;
            request.run.stop_after = StopAfter { reactivated: 1, ..StopAfter::default() };
        })
        .unwrap();
    assert!(applied.stopped.unwrap().starts_with("1 keys were reactivated"));
    assert_eq!(scene.left().len(), 5);
}

#[test]
fn once_a_run_is_stopped_no_other_key_of_the_user_is_begun() {
    let scene = Scene::new();
    scene.sim.add_fault(Rule::new(denied()).action(Action::DeleteAccessKey).user("bob"));
    let second = only(&[2]);
    let applied = scene
        .apply_so(|request| {
            request.run.only = Some(&second);
            request.run.stop_after = StopAfter { denied: 1, ..StopAfter::default() };
        })
        .unwrap();
    assert!(matches!(outcomes(&applied)[BOB], KeyOutcome::Kept(Kept::Denied(_))), "{applied:#?}");
    assert_eq!(outcomes(&applied)[BOB_TOO], &KeyOutcome::Waiting);
}
