//! What keeps a key, and what is told of it.

use std::time::Duration;

use keysweep_app::apply::KeyOutcome;
use keysweep_core::exemption::{Exemption, Exemptions};
use keysweep_core::journal::{Kept, Outcome};
use keysweep_core::plan::SkipReason;
use keysweep_core::time::SignedDuration;
use keysweep_sim::Action;
use keysweep_sim::fault::{Deed, Effect, Rule, When};

use super::scene::{ALICE, BOB, BOB_TOO, CAROL, DAVE, Scene, act, carol, denied, fault, only, outcomes};
use crate::support::account;

#[test]
fn what_somebody_did_before_the_last_look_keeps_the_key_or_is_told() {
    type Expected = fn(&SkipReason) -> bool;
    let cases: [(Deed, Expected); 5] = [
        (Deed::Reactivate, |reason| *reason == SkipReason::Active),
        (Deed::DeleteKey, |reason| *reason == SkipReason::KeyGone),
        (Deed::RecreateKey, |reason| *reason == SkipReason::KeyGone),
        (Deed::DeleteUser, |reason| *reason == SkipReason::UserGone),
        (Deed::RenameUser("carola".to_owned()), |reason| *reason == SkipReason::UserGone),
    ];
    for (deed, expected) in cases {
        let scene = Scene::new();
        scene.sim.act(account(2), &act(deed.clone()));
        let (outcome, _, applied) = carol(&scene);
        assert!(matches!(&outcome, KeyOutcome::Skipped(reason) if expected(reason)), "{deed:?}: {outcome:?}");
        // One key's trouble is not another's.
        assert_eq!(outcomes(&applied)[BOB], &KeyOutcome::Gone);
        assert_eq!(applied.stopped, None);
        assert_eq!(scene.calls(Action::DeleteAccessKey), 2);
    }
}

#[test]
fn a_key_that_is_switched_on_between_intent_and_look_is_left_alone() {
    let scene = Scene::new();
    scene.sim.add_fault(fault(Effect::Before(act(Deed::Reactivate)), Action::ListAccessKeys));
    let (outcome, ended, applied) = carol(&scene);
    assert_eq!(outcome, KeyOutcome::Skipped(SkipReason::Active));
    assert_eq!(ended, [Outcome::Skipped(SkipReason::Active)]);
    assert_eq!(applied.receipts.len(), 2);
}

#[test]
fn a_user_that_is_deleted_between_intent_and_look_has_no_key_any_more() {
    let scene = Scene::new();
    scene.sim.add_fault(fault(Effect::Before(act(Deed::DeleteUser)), Action::ListAccessKeys));
    assert_eq!(carol(&scene).1, [Outcome::Skipped(SkipReason::KeyGone)]);
}

#[test]
fn a_change_that_the_plan_does_not_know_keeps_the_key_on_whatever_page_of_the_history() {
    let scene = Scene::new();
    scene.sim.act(account(2), &act(Deed::Reactivate));
    scene.sim.act(account(2), &act(Deed::Deactivate));
    // So many newer changes of others that carol's are on another page.
    scene.sim.edit(|world| {
        let mut account = world.account(account(2));
        let mut user = account.user("busy");
        let mut key = user.key("AKIABUSYBUSYBUSYBUS1", scene.sim.now());
        for _ in 0..60 {
            key.activated(scene.sim.now() + SignedDuration::from_mins(1));
        }
    });
    scene.sim.clock().advance(Duration::from_hours(3));
    let (outcome, _, _) = carol(&scene);
    assert!(matches!(outcome, KeyOutcome::Skipped(SkipReason::StatusChanged { .. })), "{outcome:?}");
    assert!(scene.calls(Action::LookupEvents) > 1);
}

#[test]
fn a_history_that_is_denied_or_cannot_be_understood_keeps_every_key_of_the_account() {
    let scene = Scene::new();
    scene.sim.edit(|world| {
        world.account(account(2)).raw_event(scene.sim.now(), "{}");
    });
    let (outcome, _, applied) = carol(&scene);
    assert!(matches!(&outcome, KeyOutcome::Skipped(SkipReason::HistoryNotRead(_))), "{outcome:?}");
    assert!(applied.receipts.is_empty());

    let scene = Scene::new();
    scene.sim.add_fault(Rule::new(denied()).action(Action::LookupEvents).account(account(2)));
    let applied = scene.apply().unwrap();
    assert!(
        matches!(outcomes(&applied)[BOB], KeyOutcome::Skipped(SkipReason::HistoryNotRead(_))),
        "{applied:#?}"
    );
    assert_eq!(scene.left(), [BOB, BOB_TOO, CAROL]);
    // Once it can be read, they have their turn.
    scene.sim.clear_faults();
    assert!(scene.apply().unwrap().is_whole());
}

#[test]
fn exemptions_of_the_moment_keep_the_key_and_unreadable_ones_stop_the_run() {
    let mut scene = Scene::new();
    let now = scene.sim.now();
    let exempt = |key: &str| {
        let what = format!("key:{key}").parse().unwrap();
        let until = now + SignedDuration::from_hours(1);
        Exemptions::new([Exemption::new("bank", what, "needed", "alice", now, until).unwrap()], [])
    };
    scene.exempt(Ok(exempt(CAROL)));
    assert!(matches!(carol(&scene).0, KeyOutcome::Skipped(SkipReason::Exempt(_))));

    // Those that were read too long ago are read again.
    let mut scene = Scene::new();
    scene.exempt(Ok(exempt(DAVE)));
    scene.exempted_while_they_are_read(Duration::from_secs(3));
    let third = only(&[3]);
    let applied = scene.apply_so(|request| request.run.only = Some(&third)).unwrap();
    assert!(matches!(outcomes(&applied)[DAVE], KeyOutcome::Skipped(SkipReason::Exempt(_))), "{applied:?}");

    let mut scene = Scene::new();
    scene.exempt(Err("the file is damaged"));
    let applied = scene.apply().unwrap();
    assert_eq!(scene.calls(Action::DeleteAccessKey), 0);
    assert_eq!(applied.stopped.as_deref(), Some("the exemptions cannot be read: the file is damaged"));
    assert!(applied.keys.iter().any(|(_, outcome)| matches!(
        outcome,
        KeyOutcome::Skipped(SkipReason::NotLookedAt(reason)) if reason.contains("the file is damaged")
    )));
}

#[test]
fn a_look_that_waited_is_made_again_with_the_tags_of_the_user() {
    let slow = |times| fault(Effect::Slow { milliseconds: 2_100 }, Action::ListAccessKeys).when(times);
    let scene = Scene::new();
    scene.sim.add_fault(slow(When::First(1)));
    let (outcome, _, _) = carol(&scene);
    assert_eq!(outcome, KeyOutcome::Gone);
    // Of three users one was asked for again.
    assert_eq!(scene.calls(Action::GetUser), 4);
    assert_eq!(scene.calls(Action::DeleteAccessKey), 3);

    // Always too late: it is not deleted by an old look.
    let scene = Scene::new();
    scene.sim.add_fault(slow(When::Always));
    let (outcome, _, _) = carol(&scene);
    assert_eq!(outcome, KeyOutcome::Kept(Kept::LooksTooOld));
    assert_eq!(scene.calls(Action::DeleteAccessKey), 2);

    // Two seconds are not too long; a look at the user that took longer is made again. In an account with one key no call waits.
    for (action, milliseconds, asked) in
        [(Action::GetUser, 2_000, 1), (Action::ListAccessKeys, 2_000, 1), (Action::GetUser, 2_001, 2)]
    {
        let scene = Scene::new();
        let slow = Rule::new(Effect::Slow { milliseconds }).action(action).when(When::First(1));
        scene.sim.add_fault(slow);
        let mine = only(&[1]);
        let applied = scene.apply_so(|request| request.run.only = Some(&mine)).unwrap();
        assert_eq!(outcomes(&applied)[ALICE], &KeyOutcome::Gone);
        let calls = (scene.calls(Action::GetUser), scene.calls(Action::DeleteAccessKey));
        assert_eq!(calls, (asked, 1), "{action:?} {milliseconds}");
    }
}

#[test]
fn a_user_that_is_deleted_or_cannot_be_asked_for_while_a_look_waits_keeps_the_key() {
    for (effect, expected) in
        [(Effect::Before(act(Deed::DeleteUser)), "key_gone"), (denied(), "not_looked_at")]
    {
        let scene = Scene::new();
        scene.sim.add_fault(
            fault(Effect::Slow { milliseconds: 2_100 }, Action::ListAccessKeys).when(When::First(1)),
        );
        scene.sim.add_fault(fault(effect, Action::GetUser).when(When::Nth(2)));
        let (outcome, _, _) = carol(&scene);
        assert!(
            matches!(&outcome, KeyOutcome::Skipped(reason) if reason.name() == expected),
            "{expected}: {outcome:?}"
        );
    }
}

#[test]
fn whoever_may_not_look_or_delete_leaves_the_key_and_says_why() {
    for action in [Action::GetUser, Action::ListAccessKeys] {
        let scene = Scene::new();
        scene.sim.add_fault(fault(denied(), action));
        let (outcome, _, _) = carol(&scene);
        assert!(
            matches!(&outcome, KeyOutcome::Skipped(SkipReason::NotLookedAt(reason)) if reason.contains("carol")),
            "{action:?}: {outcome:?}"
        );
        // It is not for good.
        scene.sim.clear_faults();
        assert_eq!(carol(&scene).0, KeyOutcome::Gone);
    }
    let scene = Scene::new();
    scene.sim.add_fault(fault(denied(), Action::DeleteAccessKey));
    let (outcome, ended, _) = carol(&scene);
    assert!(matches!(&outcome, KeyOutcome::Kept(Kept::Denied(_))), "{outcome:?}");
    assert_eq!(ended.len(), 1);
    assert_eq!(scene.calls(Action::DeleteAccessKey), 3);
}

#[test]
fn an_account_that_cannot_be_entered_is_told_for_each_of_its_keys() {
    let scene = Scene::new();
    scene.sim.edit(|world| {
        world.account(account(2)).no_role();
    });
    let applied = scene.apply().unwrap();
    for key in [BOB, BOB_TOO, CAROL] {
        assert!(
            matches!(outcomes(&applied)[key], KeyOutcome::Skipped(SkipReason::NotEntered(_))),
            "{applied:#?}"
        );
    }
    assert_eq!(scene.left(), [BOB, BOB_TOO, CAROL]);
}

#[test]
fn a_user_that_is_tagged_to_be_kept_keeps_its_keys() {
    let scene = Scene::new();
    scene.sim.edit(|world| {
        world.account(account(2)).user("carol").tag("keysweep:keep", "");
    });
    assert!(matches!(carol(&scene).0, KeyOutcome::Skipped(SkipReason::Exempt(_))));
}

#[test]
fn the_keys_of_one_user_have_their_turn_one_after_the_other() {
    let scene = Scene::new();
    scene
        .sim
        .add_fault(Rule::new(Effect::Slow { milliseconds: 500 }).action(Action::ListAccessKeys).user("bob"));
    scene.apply().unwrap();
    let of_bob: Vec<(&str, String)> = scene
        .events()
        .iter()
        .filter_map(|event| event.key().map(|(_, key)| (event.name(), key.to_string())))
        .filter(|(_, key)| key == BOB || key == BOB_TOO)
        .collect();
    let expected = [("intended", BOB), ("ended", BOB), ("intended", BOB_TOO), ("ended", BOB_TOO)];
    assert_eq!(of_bob, expected.map(|(name, key)| (name, key.to_owned())));
}

#[test]
fn each_outcome_has_its_name() {
    let names = [
        KeyOutcome::Gone,
        KeyOutcome::Skipped(SkipReason::Active),
        KeyOutcome::Kept(Kept::LooksTooOld),
        KeyOutcome::Unknown,
        KeyOutcome::Waiting,
    ]
    .map(|outcome| outcome.name());
    assert_eq!(names, ["deleted", "skipped", "not_deleted", "unknown", "waiting"]);
}
