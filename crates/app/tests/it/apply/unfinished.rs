//! What another process left unfinished: it is found out by looking, and nothing else is done under an approval that has ended.

use std::time::Duration;

use keysweep_app::apply::{KeyOutcome, Refusal};
use keysweep_core::account::AccountId;
use keysweep_core::approval::NotApproved;
use keysweep_core::journal::receipt::How;
use keysweep_core::journal::{Appended, Event, Kept, Leasing, Outcome};
use keysweep_core::plan::SkipReason;
use keysweep_core::ports::Journal;
use keysweep_core::time::SignedDuration;
use keysweep_sim::Action;
use keysweep_sim::fault::{Act, Deed, Denial, Effect, Rule, When};

use super::scene::{ALICE, BOB, BOB_TOO, CAROL, DAVE, Scene, block_on, denied, only, outcomes};
use crate::support::{account, now};

/// Journals what a process did that ended without giving its lease back.
pub(super) fn journal(scene: &Scene, events: impl IntoIterator<Item = Event>) {
    let now = scene.sim.now();
    let leased = block_on(scene.store.lease(scene.digest, "dead", now, now + SignedDuration::from_secs(1)));
    let Leasing::Granted(lease) = leased.unwrap() else { panic!("somebody has the lease") };
    let opened = Event::Opened {
        at: now,
        epoch: lease.epoch,
        holder: "dead".to_owned(),
        caller_arn: "arn:dead".to_owned(),
        approved_by: vec![("bob".to_owned(), "arn:bob".to_owned())],
    };
    for event in std::iter::once(opened).chain(events) {
        let appended = block_on(scene.store.append(scene.digest, event)).unwrap();
        assert!(matches!(appended, Appended::Sealed(_)), "{appended:?}");
    }
    scene.sim.clock().advance(Duration::from_secs(2));
}

pub(super) fn intended(scene: &Scene, id: AccountId, key: &str, user: &str, attempt: u32) -> Event {
    Event::Intended {
        at: scene.sim.now(),
        epoch: 1,
        account: id,
        key: key.parse().unwrap(),
        user: user.parse().unwrap(),
        user_id: "AIDADEAD".to_owned(),
        attempt,
    }
}

pub(super) fn ended(scene: &Scene, id: AccountId, key: &str, attempt: u32, outcome: Outcome) -> Event {
    Event::Ended { at: scene.sim.now(), account: id, key: key.parse().unwrap(), attempt, outcome }
}

pub(super) fn delete(scene: &Scene, id: AccountId, user: &str, key: &str) {
    scene.sim.act(id, &Act::new(Deed::DeleteKey).user(user).key(key));
}

fn outcomes_of(scene: &Scene, wanted: &str) -> Vec<(u32, Outcome)> {
    let of = |event| match event {
        Event::Ended { key, attempt, outcome, .. } if key.as_str() == wanted => Some((attempt, outcome)),
        _ => None,
    };
    scene.events().into_iter().filter_map(of).collect()
}

#[test]
fn an_attempt_that_nobody_finished_is_found_out_before_the_key_is_tried_again() {
    let scene = Scene::new();
    journal(&scene, [intended(&scene, account(2), CAROL, "carol", 1)]);
    let began = scene.elapsed();
    assert!(scene.apply().unwrap().is_whole());
    // A delete of the dead process has half a minute to arrive, counted from its intent.
    let waited = scene.elapsed().saturating_sub(began);
    assert!(waited >= Duration::from_secs(28) && waited < Duration::from_secs(40), "{waited:?}");
    let [(1, Outcome::Kept(Kept::Interrupted)), (2, Outcome::Deleted(_))] = &outcomes_of(&scene, CAROL)[..]
    else {
        panic!("{:?}", outcomes_of(&scene, CAROL));
    };

    // Its delete did arrive: that is the end of it, with a receipt of whoever intended it.
    let scene = Scene::new();
    journal(&scene, [intended(&scene, account(2), CAROL, "carol", 1)]);
    delete(&scene, account(2), "carol", CAROL);
    scene.sim.clock().advance(Duration::from_mins(1));
    let began = scene.elapsed();
    let applied = scene.apply().unwrap();
    assert!(applied.is_whole());
    assert!(scene.elapsed().saturating_sub(began) < Duration::from_secs(20), "it waited again");
    let receipt = applied.receipts.iter().find(|receipt| receipt.key.key.as_str() == CAROL).unwrap();
    assert!(matches!(receipt.how, How::SeenGone { last_look: None, .. }), "{receipt:?}");
    assert_eq!(receipt.deleted_by, "arn:dead");
    assert_eq!(scene.calls(Action::DeleteAccessKey), 4);
}

#[test]
fn what_was_begun_is_found_out_also_where_the_approval_has_ended_and_nothing_else_is_done() {
    for arrived in [false, true] {
        let mut scene = Scene::new();
        journal(&scene, [intended(&scene, account(2), CAROL, "carol", 1)]);
        if arrived {
            delete(&scene, account(2), "carol", CAROL);
        }
        scene.sim.clock().advance(Duration::from_hours(73));
        let refusal = scene.refused(|_| ());
        assert!(matches!(refusal, Refusal::NotApproved(NotApproved::Expired { .. })), "{refusal:?}");
        assert_eq!(scene.calls(Action::DeleteAccessKey), 0);
        assert_eq!(scene.left().contains(&CAROL), !arrived);
        let found = outcomes_of(&scene, CAROL);
        assert!(
            matches!(found[..], [(1, Outcome::Gone { .. })]) == arrived && found.len() == 1,
            "{arrived}: {found:?}"
        );
        let events = scene.events();
        scene.approvals.clear();
        scene.refused(|_| ());
        assert_eq!(scene.events(), events, "there was nothing left to find out");
    }
}

/// Its account cannot be entered: that is no fault of the journal, and keeps no other account from its turn.
#[test]
fn what_was_begun_in_an_account_that_cannot_be_entered_stays_open_and_the_others_have_their_turn() {
    let scene = Scene::new();
    let gone = ended(&scene, account(2), BOB, 1, Outcome::Gone { seen_at: now(), last_look: None });
    journal(
        &scene,
        [
            intended(&scene, account(2), BOB, "bob", 1),
            gone,
            intended(&scene, account(2), BOB_TOO, "bob", 1),
            ended(&scene, account(2), BOB_TOO, 1, Outcome::Kept(Kept::Interrupted)),
            intended(&scene, account(2), CAROL, "carol", 1),
        ],
    );
    scene.sim.add_fault(Rule::new(denied()).action(Action::AssumeRole).account(account(2)));
    let applied = scene.apply_so(|request| request.run.concurrency = 1).unwrap();
    assert_eq!(applied.stopped, None);
    let outcomes = outcomes(&applied);
    assert_eq!((outcomes[CAROL], outcomes[BOB]), (&KeyOutcome::Unknown, &KeyOutcome::Gone));
    assert!(matches!(outcomes[BOB_TOO], KeyOutcome::Skipped(SkipReason::NotEntered(_))));
    assert_eq!((outcomes[ALICE], outcomes[DAVE]), (&KeyOutcome::Gone, &KeyOutcome::Gone));
}

#[test]
fn what_cannot_be_found_out_stays_open_and_is_counted() {
    let scene = Scene::new();
    journal(&scene, [intended(&scene, account(2), CAROL, "carol", 1)]);
    scene.sim.add_fault(Rule::new(Effect::Denied(Denial::NoPolicy)).action(Action::ListUsers));
    let second = only(&[2]);
    let applied = scene
        .apply_so(|request| {
            request.run.only = Some(&second);
            request.run.stop_after.unknown = 1;
        })
        .unwrap();
    assert_eq!(outcomes(&applied)[CAROL], &KeyOutcome::Unknown);
    assert!(applied.stopped.as_deref().unwrap().contains("unknown outcome"), "{:?}", applied.stopped);
    assert!(outcomes_of(&scene, CAROL).is_empty());
    scene.sim.clear_faults();
    assert!(scene.apply().unwrap().is_whole());
}

#[test]
fn a_key_in_doubt_is_never_said_to_have_been_deleted_by_others() {
    let interrupted = Outcome::Kept(Kept::Interrupted);
    let before = |scene: &Scene| {
        journal(
            scene,
            [
                intended(scene, account(2), CAROL, "carol", 1),
                ended(scene, account(2), CAROL, 1, interrupted.clone()),
            ],
        );
    };
    // Gone from its user, or with its user: the earlier delete may have done it.
    for deed in [Deed::DeleteKey, Deed::DeleteUser] {
        let scene = Scene::new();
        before(&scene);
        scene.sim.act(account(2), &Act::new(deed.clone()).user("carol").key(CAROL));
        let applied = scene.apply().unwrap();
        assert_eq!(outcomes(&applied)[CAROL], &KeyOutcome::Gone, "{deed:?}");
        assert!(applied.receipts.iter().any(|receipt| receipt.key.key.as_str() == CAROL), "{deed:?}");
    }
    // At a user of another name it is there: left alone, and the earlier delete no longer in question once time has passed.
    for given_away in [false, true] {
        let scene = Scene::new();
        before(&scene);
        scene.sim.act(account(2), &Act::new(Deed::RenameUser("carola".to_owned())).user("carol"));
        if given_away {
            // Another user of that name, with the same ARN.
            scene.sim.edit(|world| {
                world.account(account(2)).user("carol");
            });
        }
        let applied = scene.apply().unwrap();
        assert_eq!(outcomes(&applied)[CAROL], &KeyOutcome::Skipped(SkipReason::UserGone), "{given_away}");
        assert_eq!(outcomes_of(&scene, CAROL).last(), Some(&(1, interrupted.clone())), "{given_away}");
        assert!(scene.left().contains(&CAROL));
    }
}

#[test]
fn a_key_left_alone_for_good_after_a_delete_that_may_arrive_is_looked_at_until_that_is_past() {
    let scene = Scene::new();
    journal(
        &scene,
        [
            intended(&scene, account(2), CAROL, "carol", 1),
            ended(&scene, account(2), CAROL, 1, Outcome::Kept(Kept::Interrupted)),
            intended(&scene, account(2), CAROL, "carol", 2),
            ended(&scene, account(2), CAROL, 2, Outcome::Skipped(SkipReason::Active)),
        ],
    );
    scene.sim.act(account(2), &Act::new(Deed::Reactivate).user("carol").key(CAROL));
    let applied = scene.apply().unwrap();
    assert_eq!(outcomes(&applied)[CAROL], &KeyOutcome::Skipped(SkipReason::Active));
    let looks = outcomes_of(&scene, CAROL).len();
    // The delete arrives after all.
    delete(&scene, account(2), "carol", CAROL);
    let applied = scene.apply().unwrap();
    assert_eq!(outcomes(&applied)[CAROL], &KeyOutcome::Gone);
    assert_eq!(outcomes_of(&scene, CAROL).len(), looks + 1);
    assert_eq!(scene.calls(Action::DeleteAccessKey), 4);

    // Seen to be there an hour after the intent, the matter is closed.
    let scene = Scene::new();
    journal(
        &scene,
        [
            intended(&scene, account(1), ALICE, "alice", 1),
            ended(&scene, account(1), ALICE, 1, Outcome::Kept(Kept::Interrupted)),
            intended(&scene, account(1), ALICE, "alice", 2),
            ended(&scene, account(1), ALICE, 2, Outcome::Skipped(SkipReason::Active)),
        ],
    );
    scene.sim.clock().advance(Duration::from_mins(61));
    scene.apply().unwrap();
    let events = scene.events();
    scene.apply().unwrap();
    assert_eq!(scene.events(), events);

    // Where it cannot be looked for, that is counted, and nothing is said.
    let scene = Scene::new();
    journal(
        &scene,
        [
            intended(&scene, account(1), ALICE, "alice", 1),
            ended(&scene, account(1), ALICE, 1, Outcome::Kept(Kept::Failed("no answer".to_owned()))),
            intended(&scene, account(1), ALICE, "alice", 2),
            ended(&scene, account(1), ALICE, 2, Outcome::Skipped(SkipReason::Active)),
        ],
    );
    scene.sim.add_fault(Rule::new(Effect::Denied(Denial::NoPolicy)).action(Action::ListUsers));
    let before = outcomes_of(&scene, ALICE);
    let applied = scene.apply_so(|request| request.run.stop_after.unknown = 1).unwrap();
    assert!(applied.stopped.is_some());
    assert_eq!(outcomes_of(&scene, ALICE), before);
}

#[test]
fn where_a_key_went_is_looked_for_at_every_user_that_is_old_enough() {
    // The key's user was renamed between two listings of users: it is found all the same.
    let scene = Scene::new();
    journal(&scene, [intended(&scene, account(2), CAROL, "carol", 1)]);
    let rename = Effect::Before(Act::new(Deed::RenameUser("aaron".to_owned())).user("carol"));
    scene.sim.add_fault(Rule::new(rename).action(Action::ListAccessKeys).user("bob").when(When::First(1)));
    let applied = scene.apply_so(|request| request.run.concurrency = 1).unwrap();
    assert!(scene.left().contains(&CAROL));
    assert_eq!(outcomes(&applied)[CAROL], &KeyOutcome::Skipped(SkipReason::UserGone));
}

#[test]
fn a_key_is_not_said_to_be_gone_where_not_every_user_could_be_looked_at() {
    for (effect, found) in [
        (Effect::Denied(Denial::NoPolicy), None),
        (Effect::Before(Act::new(Deed::DeleteUser).user("aaron")), Some(Kept::Interrupted)),
    ] {
        let scene = Scene::new();
        // A user without keys, who is looked at before alice.
        scene.sim.edit(|world| {
            world.account(account(1)).user("aaron");
        });
        journal(&scene, [intended(&scene, account(1), ALICE, "alice", 1)]);
        scene.sim.add_fault(Rule::new(effect).action(Action::ListAccessKeys).user("aaron"));
        let mine = only(&[1]);
        let applied = scene
            .apply_so(|request| {
                request.run.only = Some(&mine);
                request.run.stop_after.unknown = 1;
            })
            .unwrap();
        assert_eq!(applied.stopped.is_some(), found.is_none());
        let outcome = outcomes_of(&scene, ALICE).into_iter().next();
        assert_eq!(outcome, found.map(|kept| (1, Outcome::Kept(kept))));
    }
}

#[test]
fn where_the_approval_has_ended_an_account_that_cannot_be_entered_is_not_journalled() {
    let scene = Scene::new();
    journal(&scene, [intended(&scene, account(2), CAROL, "carol", 1)]);
    scene.sim.clock().advance(Duration::from_hours(73));
    scene.sim.edit(|world| {
        world.account(account(2)).no_role();
    });
    scene.refused(|_| ());
    assert!(scene.events().iter().all(|event| !matches!(event, Event::Skipped { .. })));
}
