//! The journal: which events may follow which, that damage is noticed, and what receipts say.

use keysweep_core::account::AccountId;
use keysweep_core::exemption::{ExemptBy, Unreadable};
use keysweep_core::journal::event::{Deletion, Event, Kept, Outcome};
use keysweep_core::journal::receipt::{How, NotOfThisPlan, ReceiptV1, receipts};
use keysweep_core::journal::{Broken, Illegal, Ledger, Sealed, State};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::SkipReason;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document::digest;
use keysweep_core::time::SignedDuration;

use serde_json::json;

use crate::sample::{ACCOUNT, HOUR, finding, key_id, now, plan_of};

fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

fn opened(epoch: u64) -> Event {
    Event::Opened {
        at: now(),
        epoch,
        holder: format!("host-{epoch}"),
        caller_arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/cleaner/{epoch}"),
        approved_by: vec![("bob".to_owned(), "arn:bob".to_owned())],
    }
}

fn intended(epoch: u64, key: u32, attempt: u32) -> Event {
    Event::Intended {
        at: now(),
        epoch,
        account: account(),
        key: key_id(key),
        user: format!("user-{key}").parse().unwrap(),
        user_id: format!("AIDA{key}"),
        attempt,
    }
}

fn ended(key: u32, attempt: u32, outcome: Outcome) -> Event {
    Event::Ended { at: now(), account: account(), key: key_id(key), attempt, outcome }
}

fn skipped(epoch: u64, key: u32, reason: SkipReason) -> Event {
    Event::Skipped { at: now(), epoch, account: account(), key: key_id(key), reason }
}

fn deleted() -> Outcome {
    Outcome::Deleted(Deletion {
        request_id: Some("request-1".to_owned()),
        last_look: now(),
        verified_at: Some(now()),
    })
}

fn gone() -> Outcome {
    Outcome::Gone { seen_at: now(), last_look: None }
}

fn ledger(events: &[Event]) -> (Ledger, Vec<Sealed>) {
    let mut ledger = Ledger::new(digest(&plan_of(vec![finding(1), finding(2)])));
    let sealed = events.iter().map(|event| ledger.append(event.clone()).unwrap()).collect();
    (ledger, sealed)
}

fn refused(before: &[Event], event: Event) -> Illegal {
    ledger(before).0.append(event).unwrap_err()
}

#[test]
fn a_key_goes_from_intent_to_outcome() {
    let (ledger, _) = ledger(&[opened(1), intended(1, 1, 1)]);
    assert_eq!(ledger.state(account(), &key_id(1)), State::Open { attempt: 1, user_id: "AIDA1" });
    assert_eq!(ledger.state(account(), &key_id(2)), State::Waiting);
    let (ledger, _) = self::ledger(&[opened(1), intended(1, 1, 1), ended(1, 1, deleted())]);
    assert_eq!(ledger.state(account(), &key_id(1)), State::Gone);
}

#[test]
fn what_may_not_follow_is_refused_and_changes_nothing() {
    let key = key_id(1);
    let open = [opened(1), intended(1, 1, 1)];
    assert_eq!(refused(&open, intended(1, 1, 2)), Illegal::StillOpen { key: key.clone(), attempt: 1 });
    assert_eq!(
        refused(&open, skipped(1, 1, SkipReason::Active)),
        Illegal::StillOpen { key: key.clone(), attempt: 1 }
    );
    assert_eq!(refused(&open, ended(1, 2, gone())), Illegal::NoSuchAttempt { key: key.clone(), attempt: 2 });
    assert_eq!(refused(&open, ended(1, 0, gone())), Illegal::NoSuchAttempt { key: key.clone(), attempt: 0 });
    assert_eq!(refused(&open, ended(2, 1, gone())), Illegal::NoSuchAttempt { key: key_id(2), attempt: 1 });
    assert_eq!(
        refused(&open[..1], intended(1, 1, 2)),
        Illegal::NotTheNextAttempt { key: key.clone(), attempt: 2, last: 0 }
    );
    let done = [opened(1), intended(1, 1, 1), ended(1, 1, deleted())];
    assert_eq!(refused(&done, intended(1, 1, 2)), Illegal::AlreadyGone(key.clone()));
    assert_eq!(refused(&done, ended(1, 1, gone())), Illegal::AlreadyEnded { key: key.clone(), attempt: 1 });
    let left = [opened(1), skipped(1, 1, SkipReason::Active)];
    assert_eq!(refused(&left, intended(1, 1, 1)), Illegal::LeftAlone(key.clone()));

    let (mut ledger, _) = ledger(&open);
    let before = ledger.clone();
    ledger.append(intended(1, 1, 2)).unwrap_err();
    assert_eq!(ledger, before);
}

#[test]
fn whoever_was_superseded_may_not_intend_but_may_tell_what_came_of_it() {
    let taken_over = [opened(1), intended(1, 1, 1), opened(2)];
    assert_eq!(refused(&taken_over, intended(1, 2, 1)), Illegal::Superseded { epoch: 1, current: 2 });
    assert_eq!(
        refused(&taken_over, skipped(1, 2, SkipReason::Active)),
        Illegal::Superseded { epoch: 1, current: 2 }
    );
    assert_eq!(refused(&taken_over, opened(2)), Illegal::NotTheNextLease { epoch: 2, current: 2 });
    let (mut ledger, _) = ledger(&taken_over);
    ledger.append(ended(1, 1, deleted())).unwrap();
    assert_eq!(ledger.state(account(), &key_id(1)), State::Gone);
}

#[test]
fn a_late_deletion_is_recorded_over_what_others_took_for_it() {
    let given_up = [
        opened(1),
        intended(1, 1, 1),
        opened(2),
        ended(1, 1, Outcome::Kept(Kept::Interrupted)),
        intended(2, 1, 2),
        ended(1, 2, Outcome::Skipped(SkipReason::Active)),
    ];
    for late in [deleted(), gone()] {
        let (mut ledger, _) = ledger(&given_up);
        assert_eq!(ledger.state(account(), &key_id(1)), State::Skipped(&SkipReason::Active));
        ledger.append(ended(1, 1, late)).unwrap();
        assert_eq!(ledger.state(account(), &key_id(1)), State::Gone);
    }
    // Nothing was sent under the second attempt, so nothing can come of it.
    assert_eq!(
        refused(&given_up, ended(1, 2, deleted())),
        Illegal::AlreadyEnded { key: key_id(1), attempt: 2 }
    );
}

#[test]
fn a_key_that_may_be_gone_by_an_earlier_attempt_is_not_said_to_be_gone_by_others() {
    let doubt = |kept| [opened(1), intended(1, 1, 1), ended(1, 1, Outcome::Kept(kept))];
    for kept in [Kept::Interrupted, Kept::Failed("no answer".to_owned())] {
        assert_eq!(
            refused(&doubt(kept.clone()), skipped(1, 1, SkipReason::KeyGone)),
            Illegal::InDoubt(key_id(1))
        );
        let (ledger, _) = ledger(&doubt(kept));
        assert_eq!(ledger.key(account(), &key_id(1)).unwrap().in_doubt(), Some(1));
    }
    let (mut ledger, _) = ledger(&doubt(Kept::Denied("no".to_owned())));
    ledger.append(skipped(1, 1, SkipReason::KeyGone)).unwrap();
}

#[test]
fn reasons_that_go_away_let_the_key_be_tried_again() {
    let (mut ledger, _) = ledger(&[
        opened(1),
        skipped(1, 1, SkipReason::NotEntered("denied".to_owned())),
        intended(1, 1, 1),
        ended(1, 1, Outcome::Skipped(SkipReason::HistoryNotRead("throttled".to_owned()))),
        intended(1, 1, 2),
        ended(1, 2, Outcome::Kept(Kept::Denied("no".to_owned()))),
    ]);
    ledger.append(intended(1, 1, 3)).unwrap();
    assert_eq!(ledger.state(account(), &key_id(1)), State::Open { attempt: 3, user_id: "AIDA1" });
}

/// One of every kind of event.
fn every_event() -> Vec<Event> {
    let skips = [
        SkipReason::UserGone,
        SkipReason::UserChanged { arn: "arn:x".to_owned() },
        SkipReason::KeyGone,
        SkipReason::CreatedDiffers { created: now() },
        SkipReason::Active,
        SkipReason::UnknownStatus("Expired".to_owned()),
        SkipReason::StatusChanged { at: now(), to: KeyStatus::Inactive, event: "e".to_owned() },
        SkipReason::Exempt(ExemptBy::Exemption { id: "e".to_owned(), reason: "r".to_owned() }),
        SkipReason::Exempt(ExemptBy::KeepTag { name: "n".to_owned(), value: "v".to_owned() }),
        SkipReason::CannotTellExempt(Unreadable::Tags),
        SkipReason::CannotTellExempt(Unreadable::OrganizationalUnits),
        SkipReason::NotSettled { until: now() },
        SkipReason::OnlyObserved,
        SkipReason::HistoryNotRead("d".to_owned()),
        SkipReason::NotEntered("d".to_owned()),
        SkipReason::NotLookedAt("d".to_owned()),
    ];
    let outcomes = [
        deleted(),
        Outcome::Deleted(Deletion { request_id: None, last_look: now(), verified_at: None }),
        gone(),
        Outcome::Gone { seen_at: now(), last_look: Some(now()) },
        Outcome::Kept(Kept::Interrupted),
        Outcome::Kept(Kept::LooksTooOld),
        Outcome::Kept(Kept::Denied("d".to_owned())),
        Outcome::Kept(Kept::Failed("d \"quoted\"\n".to_owned())),
    ];
    let mut events = vec![
        opened(1),
        intended(1, 1, 1),
        Event::Stopped { at: now(), epoch: 1, reason: "too many reactivated keys".to_owned() },
    ];
    events.extend(skips.iter().map(|reason| skipped(1, 1, reason.clone())));
    events.extend(skips.into_iter().map(|reason| ended(1, 1, Outcome::Skipped(reason))));
    events.extend(outcomes.map(|outcome| ended(1, 1, outcome)));
    events
}

#[test]
fn every_event_is_read_as_it_was_written() {
    let plan = Digest::of(b"plan");
    for event in every_event() {
        let mut ledger = Ledger::new(plan);
        ledger.append(opened(1)).unwrap();
        let sealed = Sealed { number: 7, event, previous: plan, digest: plan };
        assert_eq!(Sealed::read(7, &sealed.text(), plan, plan), Ok(sealed.clone()), "{}", sealed.text());
    }
}

#[test]
fn damaged_rows_are_noticed() {
    let plan = plan_of(vec![finding(1), finding(2)]);
    let digest = digest(&plan);
    let (_, sealed) = ledger(&[
        opened(1),
        intended(1, 1, 1),
        ended(1, 1, deleted()),
        intended(1, 2, 1),
        ended(2, 1, deleted()),
    ]);
    assert!(Ledger::replay(digest, &sealed).is_ok());
    let broken = |change: &dyn Fn(&mut Vec<Sealed>)| {
        let mut damaged = sealed.clone();
        change(&mut damaged);
        Ledger::replay(digest, &damaged).unwrap_err()
    };
    assert_eq!(
        broken(&|rows| {
            rows.remove(1);
        }),
        Broken::OutOfOrder { expected: 2, found: 3 }
    );
    assert_eq!(broken(&|rows| rows.swap(1, 2)), Broken::OutOfOrder { expected: 2, found: 3 });
    assert_eq!(broken(&|rows| rows[0].previous = Digest::of(b"x")), Broken::NotJoined { number: 1 });
    assert_eq!(broken(&|rows| rows[2].event = ended(1, 1, gone())), Broken::Changed { number: 3 });
    assert_eq!(broken(&|rows| rows[2].digest = Digest::of(b"x")), Broken::Changed { number: 3 });
    assert_eq!(
        Ledger::replay(Digest::of(b"another plan"), &sealed).unwrap_err(),
        Broken::NotJoined { number: 1 }
    );
    // One who seals anew cannot make what is illegal legal.
    let mut forged = Ledger::new(digest);
    let first = forged.append(opened(1)).unwrap();
    let mut elsewhere = Ledger::replay(digest, [&first]).unwrap();
    let intent = elsewhere.append(intended(1, 1, 1)).unwrap();
    let twice = Sealed { number: 3, ..intent.clone() };
    assert!(Ledger::replay(digest, [&first, &intent, &twice]).is_err());

    let text = sealed[2].text();
    for damaged in [
        text.replace("deleted", "removed"),
        text.replace("\"attempt\":1", "\"attempt\":-1"),
        text.replace('{', "{\"more\":1,"),
        format!("{text} "),
        String::new(),
        text[..text.len() / 2].to_owned(),
    ] {
        assert!(Sealed::read(3, &damaged, digest, digest).is_err(), "{damaged}");
    }
}

#[test]
fn receipts_are_of_the_keys_that_went_and_are_a_chain() {
    let plan = plan_of(vec![finding(1), finding(2)]);
    let digest = digest(&plan);
    let (_, sealed) = ledger(&[
        opened(1),
        intended(1, 1, 1),
        opened(2),
        ended(1, 1, Outcome::Kept(Kept::Interrupted)),
        intended(2, 2, 1),
        ended(2, 1, gone()),
        ended(1, 1, deleted()),
    ]);
    let receipts = receipts(&plan, digest, &sealed).unwrap();
    let keys: Vec<_> = receipts.iter().map(|receipt| receipt.key.key.clone()).collect();
    assert_eq!(keys, [key_id(2), key_id(1)]);
    assert!(matches!(receipts[0].how, How::SeenGone { .. }));
    assert_eq!(receipts[1].how.request_id(), Some("request-1"));
    assert_eq!(receipts[0].deleted_by, format!("arn:aws:sts::{ACCOUNT}:assumed-role/cleaner/2"));
    assert_eq!(receipts[1].deleted_by, format!("arn:aws:sts::{ACCOUNT}:assumed-role/cleaner/1"));
    assert_eq!(receipts[0].previous, digest);
    assert_eq!(receipts[1].previous, receipts[0].digest);
    assert_eq!((receipts[0].number, receipts[1].number), (1, 2));
    assert!(receipts.iter().all(|receipt| receipt.sealed() == receipt.digest));
    let written = serde_json::to_value(ReceiptV1::from(&receipts[1])).unwrap();
    assert_eq!((&written["action"], &written["set_by"]), (&json!("deleted"), &json!(null)));
    assert_eq!(written["deleted_by"], receipts[1].deleted_by);
    assert_eq!(written["inactive_as_of"], plan.keys[0].inactive_since.as_of.to_string());
}

#[test]
fn a_journal_of_keys_that_the_plan_does_not_hold_gives_no_receipts() {
    let plan = plan_of(vec![finding(1), finding(2)]);
    let (_, sealed) = ledger(&[opened(1), intended(1, 3, 1)]);
    let refused = receipts(&plan, digest(&plan), &sealed).unwrap_err();
    assert_eq!(refused, NotOfThisPlan::NotPlanned { number: 2, account: account(), key: key_id(3) });
}

/// The intent or outcome, so much later.
fn later(mut event: Event, by: SignedDuration) -> Event {
    match &mut event {
        Event::Intended { at, .. } | Event::Ended { at, .. } => *at = *at + by,
        other => panic!("{other:?}"),
    }
    event
}

#[test]
fn doubt_about_a_delete_is_over_when_the_key_is_seen_an_hour_after_the_intent() {
    let no_answer = || Outcome::Kept(Kept::Failed("no answer".to_owned()));
    let begun = [opened(1), intended(1, 1, 1), ended(1, 1, no_answer())];
    let after = |more: &[Event]| {
        let (ledger, _) = ledger(&[&begun[..], more].concat());
        ledger.key(account(), &key_id(1)).unwrap().clone()
    };
    assert_eq!(after(&[]).in_doubt(), Some(1));
    let seen = |by| later(ended(1, 1, Outcome::Kept(Kept::Interrupted)), by);
    let second = SignedDuration::from_secs(1);
    assert_eq!(after(&[seen(HOUR.saturating_sub(second))]).in_doubt(), Some(1));
    assert_eq!(after(&[seen(HOUR)]).in_doubt(), None);

    // A second attempt, an hour later, that sent nothing: the first is past where that one saw the key.
    let second = |outcome| [later(intended(1, 1, 2), HOUR), later(ended(1, 2, outcome), HOUR)];
    for (reason, saw) in [(SkipReason::Active, true), (SkipReason::UserGone, false)] {
        let record = after(&second(Outcome::Skipped(reason)));
        assert_eq!(record.in_doubt(), (!saw).then_some(1));
        // It is left alone for good, and is looked at again only while a delete may still arrive.
        assert_eq!((record.state().is_final(), record.is_settled()), (true, saw));
    }
    assert_eq!(after(&second(Outcome::Kept(Kept::Denied("no".to_owned())))).in_doubt(), Some(1));
    // That one may be on its way itself.
    assert_eq!(after(&second(no_answer())).in_doubt(), Some(2));
}

#[test]
fn a_key_is_unresolved_while_a_delete_may_still_take_it() {
    let kept = |kept| ended(1, 1, Outcome::Kept(kept));
    let no_answer = || kept(Kept::Failed("no answer".to_owned()));
    let again = |outcome| [intended(1, 1, 2), ended(1, 2, outcome)];
    for (more, expected) in [
        (vec![], true),
        (vec![ended(1, 1, deleted())], false),
        (vec![ended(1, 1, Outcome::Skipped(SkipReason::Active))], false),
        (vec![kept(Kept::Denied("no".to_owned()))], false),
        (vec![no_answer()], true),
        (vec![no_answer(), later(kept(Kept::Interrupted), HOUR)], false),
        ([vec![no_answer()], again(Outcome::Skipped(SkipReason::Active)).to_vec()].concat(), true),
        // It is gone, by whichever of them.
        ([vec![no_answer()], again(deleted()).to_vec()].concat(), false),
    ] {
        let (ledger, _) = ledger(&[&[opened(1), intended(1, 1, 1)][..], &more].concat());
        assert_eq!(ledger.key(account(), &key_id(1)).unwrap().is_unresolved(), expected, "{more:?}");
    }
    let (ledger, _) = ledger(&[opened(1), skipped(1, 1, SkipReason::Active)]);
    assert!(!ledger.key(account(), &key_id(1)).unwrap().is_unresolved());
}

#[test]
fn a_key_is_seen_again_only_where_a_delete_may_be_on_its_way_and_nobody_is_at_it() {
    let seen = || ended(1, 1, Outcome::Kept(Kept::Interrupted));
    let ended_as = |kept| [opened(1), intended(1, 1, 1), ended(1, 1, Outcome::Kept(kept))];
    let refused_as = |attempt| Illegal::AlreadyEnded { key: key_id(1), attempt };
    for kept in [Kept::Interrupted, Kept::Failed("no answer".to_owned())] {
        let (mut ledger, _) = ledger(&ended_as(kept));
        ledger.append(seen()).unwrap();
        assert_eq!(ledger.state(account(), &key_id(1)), State::Kept(&Kept::Interrupted));
    }
    for kept in [Kept::Denied("no".to_owned()), Kept::LooksTooOld] {
        assert_eq!(refused(&ended_as(kept), seen()), refused_as(1));
    }
    // Nothing but that, or that it is gone, replaces what is known.
    for other in [Outcome::Skipped(SkipReason::Active), Outcome::Kept(Kept::Failed("again".to_owned()))] {
        assert_eq!(refused(&ended_as(Kept::Interrupted), ended(1, 1, other)), refused_as(1));
    }
    let open = [&ended_as(Kept::Interrupted)[..], &[intended(1, 1, 2)]].concat();
    assert_eq!(refused(&open, seen()), refused_as(1));
    let gone = [&open[..], &[ended(1, 2, deleted())]].concat();
    assert_eq!(refused(&gone, seen()), refused_as(1));
    // Gone once is gone: an earlier attempt cannot have done it as well.
    assert_eq!(refused(&gone, ended(1, 1, deleted())), refused_as(1));
}

#[test]
fn a_key_is_settled_where_nothing_is_left_to_do_or_to_find_out() {
    let settled = |events: &[Event]| ledger(events).0.is_settled(account(), &key_id(1));
    let open = [opened(1), intended(1, 1, 1)];
    let then = |outcome| [&open[..], &[ended(1, 1, outcome)]].concat();
    assert!(!settled(&[opened(1)]));
    assert!(!settled(&open));
    assert!(settled(&then(deleted())) && settled(&then(gone())));
    assert!(settled(&then(Outcome::Skipped(SkipReason::KeyGone))));
    assert!(!settled(&then(Outcome::Skipped(SkipReason::OnlyObserved))));
    assert!(!settled(&then(Outcome::Kept(Kept::Denied("no".to_owned())))));
    assert!(settled(&[opened(1), skipped(1, 1, SkipReason::UserGone)]));

    let opened_at = |events: &[Event]| ledger(events).0.key(account(), &key_id(1)).unwrap().opened_at();
    assert_eq!(opened_at(&[opened(1), later(intended(1, 1, 1), HOUR)]), Some(now() + HOUR));
    assert_eq!(opened_at(&then(deleted())), None);
}

#[test]
fn a_ledger_goes_on_with_what_others_appended() {
    let (mut whole, sealed) = ledger(&[opened(1), intended(1, 1, 1), opened(2), intended(2, 2, 1)]);
    let plan = digest(&plan_of(vec![finding(1), finding(2)]));
    assert_eq!((whole.plan(), whole.epoch()), (plan, 2));
    assert_eq!(whole.head(), (4, sealed[3].digest));
    let keys: Vec<_> =
        whole.keys().map(|(account, key, record)| (account, key.clone(), record.attempts())).collect();
    assert_eq!(keys, [(account(), key_id(1), 1), (account(), key_id(2), 1)]);
    let mut behind = Ledger::replay(plan, &sealed[..2]).unwrap();
    assert_eq!(behind.join(&sealed[3]), Err(Broken::OutOfOrder { expected: 3, found: 4 }));
    for sealed in &sealed[2..] {
        behind.join(sealed).unwrap();
    }
    assert_eq!(behind, whole);
    let next = whole.append(ended(1, 1, deleted())).unwrap();
    assert_eq!(behind.append(ended(1, 1, deleted())), Ok(next));
}

#[test]
fn a_key_that_two_attempts_find_gone_has_one_receipt_of_the_first_that_told() {
    let plan = plan_of(vec![finding(1), finding(2)]);
    // The first, given up, tells of its deletion while the second is under way, and that one finds the key gone.
    let (_, sealed) = ledger(&[
        opened(1),
        intended(1, 1, 1),
        opened(2),
        ended(1, 1, Outcome::Kept(Kept::Interrupted)),
        intended(2, 1, 2),
        ended(1, 1, deleted()),
        ended(1, 2, gone()),
    ]);
    let receipts = receipts(&plan, digest(&plan), &sealed).unwrap();
    let told: Vec<_> = receipts.iter().map(|receipt| (receipt.number, receipt.how.name())).collect();
    assert_eq!(told, [(1, "deleted")]);
}
