//! What comes of a delete, and how that is found out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use keysweep_app::apply::KeyOutcome;
use keysweep_app::progress::Event as Told;
use keysweep_core::call::Call;
use keysweep_core::journal::receipt::How;
use keysweep_core::journal::{Kept, Outcome};
use keysweep_core::plan::SkipReason;
use keysweep_sim::Action;
use keysweep_sim::fault::{Act, Deed, Effect, Rule, When};

use super::scene::{ALICE, CAROL, Scene, act, carol, denied, ended_of, fault, only, outcomes};
use crate::support::{account, days_ago};

#[test]
fn a_delete_whose_answer_is_lost_is_found_out_by_looking() {
    for effect in [Effect::LostResponse, Effect::TimeoutAfter, Effect::MalformedBody] {
        let scene = Scene::new();
        scene.sim.add_fault(fault(effect.clone(), Action::DeleteAccessKey));
        let began = scene.elapsed();
        let (outcome, _, applied) = carol(&scene);
        assert_eq!(outcome, KeyOutcome::Gone, "{effect:?}");
        let receipt = applied.receipts.iter().find(|receipt| receipt.key.key.as_str() == CAROL).unwrap();
        assert!(matches!(receipt.how, How::SeenGone { last_look: Some(_), .. }), "{effect:?}: {receipt:?}");
        // A delete that AWS has not got to yet gets the time to arrive.
        assert!(scene.elapsed().saturating_sub(began) >= Duration::from_secs(10));
    }
}

#[test]
fn a_delete_without_effect_is_tried_again_twice_and_not_more() {
    let scene = Scene::new();
    scene.sim.add_fault(fault(Effect::TimeoutBefore, Action::DeleteAccessKey).when(When::First(2)));
    let (outcome, ended, _) = carol(&scene);
    assert_eq!(outcome, KeyOutcome::Gone);
    assert_eq!(ended.len(), 3);

    let scene = Scene::new();
    scene.sim.add_fault(fault(Effect::TimeoutBefore, Action::DeleteAccessKey));
    let (outcome, ended, _) = carol(&scene);
    assert_eq!(outcome, KeyOutcome::Kept(Kept::Failed("the delete had no effect".to_owned())));
    assert_eq!(ended.len(), 3);
    assert!(scene.left().contains(&CAROL));
}

#[test]
fn a_delete_that_is_throttled_for_too_long_is_left_to_the_next_apply() {
    let scene = Scene::new();
    scene.sim.add_fault(fault(Effect::Throttle, Action::DeleteAccessKey));
    let (outcome, ended, _) = carol(&scene);
    // Asked whether the look still serves before each repetition, it looks again rather than wait.
    assert_eq!(outcome, KeyOutcome::Kept(Kept::LooksTooOld));
    assert_eq!(ended.len(), 1);
    assert!(scene.left().contains(&CAROL));

    let scene = Scene::new();
    scene.sim.add_fault(fault(Effect::Throttle, Action::DeleteAccessKey));
    let second = only(&[2]);
    let applied = scene
        .apply_so(|request| {
            request.run.only = Some(&second);
            request.run.give_up_after = Duration::from_millis(100);
        })
        .unwrap();
    let outcome = outcomes(&applied)[CAROL];
    assert!(
        matches!(outcome, KeyOutcome::Kept(Kept::Failed(reason)) if reason.contains("Rate exceeded")),
        "{outcome:?}"
    );
}

#[test]
fn a_key_that_goes_between_look_and_delete_is_told_with_the_last_look_and_a_renamed_user_is_followed() {
    let scene = Scene::new();
    scene.sim.add_fault(fault(Effect::Before(act(Deed::DeleteKey)), Action::DeleteAccessKey));
    let began = scene.elapsed();
    let (outcome, ended, _) = carol(&scene);
    assert_eq!(outcome, KeyOutcome::Gone);
    // AWS has answered: there is nothing to wait for.
    assert!(scene.elapsed().saturating_sub(began) < Duration::from_secs(10));
    assert!(matches!(ended[..], [Outcome::Gone { last_look: Some(_), .. }]), "{ended:?}");

    // Renamed just then: the key is there, under the new name, and the user of the plan is gone.
    let scene = Scene::new();
    let renamed = Effect::Before(act(Deed::RenameUser("carola".to_owned())));
    scene.sim.add_fault(fault(renamed, Action::DeleteAccessKey).when(When::First(1)));
    let (outcome, ended, _) = carol(&scene);
    assert_eq!(outcome, KeyOutcome::Skipped(SkipReason::UserGone));
    let no_effect = Kept::Failed("the delete had no effect".to_owned());
    assert_eq!(ended, [no_effect, Kept::Interrupted].map(Outcome::Kept));
    assert!(scene.left().contains(&CAROL));
}

#[test]
fn a_deletion_that_no_listing_shows_yet_is_recorded_without_that() {
    let scene = Scene::new();
    // Both looks after the delete fail: whether it is gone nobody saw, but AWS said so.
    scene.sim.add_fault(fault(denied(), Action::ListAccessKeys).when(When::After(1)));
    let (outcome, ended, _) = carol(&scene);
    assert_eq!(outcome, KeyOutcome::Gone);
    let Outcome::Deleted(deletion) = &ended[0] else { panic!("{ended:?}") };
    assert_eq!(deletion.verified_at, None);
    // A user that went with its keys shows it as well.
    let scene = Scene::new();
    scene.sim.add_fault(fault(Effect::After(act(Deed::DeleteUser)), Action::DeleteAccessKey));
    let (_, ended, _) = carol(&scene);
    assert!(matches!(&ended[0], Outcome::Deleted(deletion) if deletion.verified_at.is_some()), "{ended:?}");
}

#[test]
fn what_cannot_be_asked_after_a_lost_answer_is_not_known() {
    let lost = || fault(Effect::TimeoutBefore, Action::DeleteAccessKey);
    for (effect, action) in [
        (denied(), Action::GetUser),
        (denied(), Action::ListAccessKeys),
        (Effect::MalformedBody, Action::ListAccessKeys),
    ] {
        let scene = Scene::new();
        scene.sim.add_fault(lost());
        scene.sim.add_fault(fault(effect, action).when(When::After(1)));
        let (outcome, ended, _) = carol(&scene);
        assert_eq!((outcome, ended.len()), (KeyOutcome::Unknown, 0), "{action:?}");
        // Nor is it asked again and again: bob's keys are listed twice each, before and after, and carol's once more where that is next.
        let listed = if action == Action::ListAccessKeys { 6 } else { 5 };
        assert_eq!(scene.calls(Action::ListAccessKeys), listed, "{action:?}");
    }
    // Of a user that is renamed whenever it is looked at nothing can be said.
    let scene = Scene::new();
    scene.sim.add_fault(fault(Effect::LostResponse, Action::DeleteAccessKey));
    for (from, to, when) in [("carol", "carola", When::After(1)), ("carola", "carol", When::Always)] {
        let rename = Act::new(Deed::RenameUser(to.to_owned())).user(from);
        scene.sim.add_fault(
            Rule::new(Effect::Before(rename)).action(Action::ListAccessKeys).user(from).when(when),
        );
    }
    let (outcome, ended, _) = carol(&scene);
    assert_eq!((outcome, ended.len()), (KeyOutcome::Unknown, 0));
}

/// IAM is eventually consistent.
#[test]
fn a_listing_that_shows_a_deleted_key_still_is_asked_again_and_only_one_that_does_not_verifies() {
    for (times, verified) in [(0, true), (1, true), (2, false)] {
        let mut scene = Scene::new();
        let (sim, left) = (Arc::clone(&scene.sim), AtomicU32::new(0));
        scene.heard.then = Some(Box::new(move |told| match told {
            Told::Called { call: Call::DeleteAccessKey, .. } if times > 0 => {
                left.store(times, Ordering::Relaxed);
                sim.edit(|world| {
                    let mut account = world.account(account(1));
                    account.user("alice").key(ALICE, days_ago(900)).deactivated(days_ago(70));
                });
            }
            Told::Called { call: Call::ListAccessKeys, .. }
                if left.load(Ordering::Relaxed) > 0 && left.fetch_sub(1, Ordering::Relaxed) == 1 =>
            {
                sim.act(account(1), &Act::new(Deed::DeleteKey).user("alice").key(ALICE));
            }
            _ => {}
        }));
        let mine = only(&[1]);
        let began = scene.elapsed();
        let applied = scene.apply_so(|request| request.run.only = Some(&mine)).unwrap();
        assert_eq!(outcomes(&applied)[ALICE], &KeyOutcome::Gone);
        let ended = ended_of(&scene, ALICE);
        let [Outcome::Deleted(deletion)] = &ended[..] else { panic!("{ended:?}") };
        assert_eq!(deletion.verified_at.is_some(), verified, "{times} listings");
        // Two seconds later, and not at once.
        let took = scene.elapsed().saturating_sub(began);
        assert_eq!(took >= Duration::from_secs(2), times > 0, "{times} listings: {took:?}");
    }
}

#[test]
fn a_user_that_is_renamed_while_it_is_looked_for_is_found_and_the_one_that_has_its_name_now_is_not_taken_for_it()
 {
    for given_away in [false, true] {
        let mut scene = Scene::new();
        let no_effect = Rule::new(Effect::TimeoutBefore).action(Action::DeleteAccessKey);
        scene.sim.add_fault(no_effect);
        let (sim, asked) = (Arc::clone(&scene.sim), AtomicU32::new(0));
        scene.heard.then = Some(Box::new(move |told| {
            // Once before the delete, and once to find out what came of it.
            if matches!(told, Told::Called { call: Call::GetUser, .. })
                && asked.fetch_add(1, Ordering::Relaxed) == 1
            {
                sim.act(account(1), &Act::new(Deed::RenameUser("alicia".to_owned())).user("alice"));
                if given_away {
                    sim.edit(|world| {
                        world.account(account(1)).user("alice");
                    });
                }
            }
        }));
        let mine = only(&[1]);
        scene.apply_so(|request| request.run.only = Some(&mine)).unwrap();
        let ended = ended_of(&scene, ALICE);
        let told = Outcome::Kept(Kept::Failed("the delete had no effect".to_owned()));
        assert_eq!(ended.first(), Some(&told), "{given_away}");
        assert!(scene.left().contains(&ALICE));
    }
}
