//! The journal with its leases.

use std::io::Cursor;

use futures_util::future::join_all;
use futures_util::poll;
use keysweep_core::account::AccountId;
use keysweep_core::evidence::ObservationSource;
use keysweep_core::journal::{
    Appended, Event, Illegal, Kept, Lease, Leasing, Ledger, Looked, Outcome, Setting, State, SwitchOutcome,
    SwitchState,
};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::SkipReason;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::{Agreements, Journal, KeptPlan, Store};
use keysweep_store::{Sql, StoreError, StoreErrorKind};

use super::{account, append, at, begun, deleted, ended, exported, intended, key, opened, plan, take};
use crate::places::{Place, sqlite, suite};

suite! {
    one_lease_is_in_force_at_a_time
    one_plan_is_applied_at_a_time
    events_are_sealed_in_order_and_replay_alike
    what_may_not_follow_is_refused_and_not_written
    events_that_come_at_once_get_each_its_own_answer
    runs_of_two_plans_do_not_see_each_other
    what_a_run_saw_of_the_keys_that_it_switched_is_recalled
}

on_each_database! {
    a_damaged_journal_is_refused_by_whoever_reads_or_writes_it
    whoever_wrote_an_event_that_was_replaced_writes_no_more
    two_processes_that_append_at_once_make_one_chain
    of_processes_that_take_leases_of_several_plans_at_once_one_has_its_own
    a_task_that_is_dropped_while_it_appends_stops_no_other
    a_run_of_version_3_goes_on_where_it_was
    a_lease_that_is_behind_its_journal_is_told
    a_run_that_was_reverted_goes_on_in_another_store
}

async fn one_lease_is_in_force_at_a_time<S: Journal<Error = StoreError>>(store: &S) {
    let first = take(store, "one", 0, 100).await;
    assert_eq!((first.epoch, store.is_in_force(&first).await.unwrap()), (1, true));
    assert_eq!(
        store.lease(plan(), "two", at(99), at(200)).await.unwrap(),
        Leasing::Held { by: "one".to_owned(), until: at(100) }
    );
    let longer = store.extend(&first, at(300)).await.unwrap().unwrap();
    assert_eq!(longer.until, at(300));
    assert!(matches!(store.lease(plan(), "two", at(299), at(400)).await.unwrap(), Leasing::Held { .. }));
    // At its end it is free, also for another.
    let second = take(store, "two", 300, 400).await;
    assert_eq!(second.epoch, 2);
    assert!(!store.is_in_force(&longer).await.unwrap());
    assert_eq!(store.extend(&longer, at(500)).await.unwrap(), None);
    // Who was superseded gives nothing back that is another's.
    store.release(&longer).await.unwrap();
    assert!(matches!(store.lease(plan(), "three", at(301), at(400)).await.unwrap(), Leasing::Held { .. }));
    store.release(&second).await.unwrap();
    assert_eq!(take(store, "three", 302, 400).await.epoch, 3);
    // The holder itself may take it anew; the number grows all the same.
    assert_eq!(take(store, "three", 303, 400).await.epoch, 4);
}

async fn one_plan_is_applied_at_a_time<S: Journal<Error = StoreError>>(store: &S) {
    let other = Digest::of(b"another plan");
    let take_other =
        async |holder: &str, now, until| match store.lease(other, holder, at(now), at(until)).await {
            Ok(Leasing::Granted(lease)) => Ok(lease),
            Ok(Leasing::Held { by, until }) => Err((by, until)),
            Err(error) => panic!("{error}"),
        };
    let first = take(store, "one", 0, 100).await;
    append(store, opened(1)).await.unwrap();
    append(store, intended(1, 1, 1)).await.unwrap();
    assert_eq!(take_other("two", 99, 200).await, Err(("one".to_owned(), at(100))));
    // Whoever was refused has taken nothing, of neither plan.
    assert!(store.is_in_force(&first).await.unwrap());
    let first = store.extend(&first, at(150)).await.unwrap().unwrap();
    assert_eq!(take_other("two", 149, 200).await, Err(("one".to_owned(), at(150))));
    // At its end the other plan is free too, and whoever was too late begins nothing more.
    let second = take_other("two", 150, 250).await.unwrap();
    assert_eq!(second.epoch, 1);
    assert!(!store.is_in_force(&first).await.unwrap());
    assert_eq!(store.extend(&first, at(500)).await.unwrap(), None);
    let late = append(store, intended(1, 2, 1)).await;
    assert_eq!(late, Err(Illegal::Superseded { epoch: 1, current: 2 }));
    append(store, ended(1, 1, deleted())).await.unwrap();
    let held = Leasing::Held { by: "two".to_owned(), until: at(250) };
    assert_eq!(store.lease(plan(), "one", at(200), at(300)).await.unwrap(), held);
    // It gives nothing back that is another's, either.
    store.release(&first).await.unwrap();
    assert_eq!(store.lease(plan(), "one", at(200), at(300)).await.unwrap(), held);
    // Under its own name it is taken at once, whatever the plan: so the lease of a killed process is freed.
    let freed = take(store, "two", 200, 200).await;
    assert!(!store.is_in_force(&second).await.unwrap());
    store.release(&freed).await.unwrap();
    let again = take(store, "three", 200, 300).await;
    append(store, opened(again.epoch)).await.unwrap();
    store.release(&again).await.unwrap();
    assert!(take_other("four", 201, 300).await.is_ok());
}

async fn events_are_sealed_in_order_and_replay_alike<S: Journal<Error = StoreError>>(store: &S) {
    assert!(store.events(plan()).await.unwrap().is_empty());
    assert!(store.runs().await.unwrap().is_empty());
    take(store, "one", 0, 100).await;
    let reason = SkipReason::NotEntered("'; drop table journal; --\u{202e}".to_owned());
    let skipped = Event::Skipped { at: at(2), epoch: 1, account: account(), key: key(2), reason };
    let events = [
        opened(1),
        intended(1, 1, 1),
        ended(1, 1, deleted()),
        skipped,
        Event::Stopped { at: at(9), epoch: 1, reason: "enough".to_owned() },
    ];
    for event in events.clone() {
        append(store, event).await.unwrap();
    }
    let kept = store.events(plan()).await.unwrap();
    assert_eq!(kept.iter().map(|sealed| sealed.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(kept.iter().map(|sealed| sealed.event.clone()).collect::<Vec<_>>(), events);
    let ledger = Ledger::replay(plan(), &kept).unwrap();
    assert_eq!(ledger.state(account(), &key(1)), State::Gone);
    for number in [1, 2, 3] {
        let record = store.record(plan(), account(), &key(number)).await.unwrap();
        assert_eq!(Some(record).filter(|_| number < 3), ledger.key(account(), &key(number)).cloned());
    }
    assert_eq!(store.runs().await.unwrap(), [plan()]);
}

async fn what_may_not_follow_is_refused_and_not_written<S: Journal<Error = StoreError>>(store: &S) {
    take(store, "one", 0, 100).await;
    append(store, opened(1)).await.unwrap();
    append(store, intended(1, 1, 1)).await.unwrap();
    take(store, "two", 100, 200).await;
    append(store, opened(2)).await.unwrap();
    for (event, wanted) in [
        (intended(1, 2, 1), Illegal::Superseded { epoch: 1, current: 2 }),
        (intended(3, 2, 1), Illegal::Superseded { epoch: 3, current: 2 }),
        (opened(1), Illegal::Superseded { epoch: 1, current: 2 }),
        (opened(2), Illegal::NotTheNextLease { epoch: 2, current: 2 }),
        (intended(2, 1, 2), Illegal::StillOpen { key: key(1), attempt: 1 }),
        (intended(2, 2, 2), Illegal::NotTheNextAttempt { key: key(2), attempt: 2, last: 0 }),
        (ended(2, 1, deleted()), Illegal::NoSuchAttempt { key: key(2), attempt: 1 }),
    ] {
        assert_eq!(append(store, event.clone()).await, Err(wanted), "{event:?}");
        assert_eq!(store.events(plan()).await.unwrap().len(), 3, "{event:?}");
    }
    // A lease that was given and not opened yet is not the one that the events are under.
    take(store, "three", 200, 300).await;
    let unopened = append(store, intended(3, 2, 1)).await;
    assert_eq!(unopened, Err(Illegal::Superseded { epoch: 3, current: 2 }));
    append(store, opened(3)).await.unwrap();
    // What came of an intent is recorded whoever has the lease.
    append(store, ended(1, 1, Outcome::Kept(Kept::Interrupted))).await.unwrap();
    append(store, ended(1, 1, deleted())).await.unwrap();
    assert!(matches!(append(store, intended(3, 1, 2)).await, Err(Illegal::AlreadyGone(_))));
}

async fn events_that_come_at_once_get_each_its_own_answer<S: Journal<Error = StoreError>>(store: &S) {
    take(store, "one", 0, 100).await;
    append(store, opened(1)).await.unwrap();
    let begin = async |number: u32| {
        // The same twice, and one of a lease that is not in force.
        let events = [intended(1, number, 1), intended(1, number, 1), intended(7, number, 1)];
        let [first, second, third] = events.map(|event| append(store, event));
        let (first, second, third) = tokio::join!(first, second, third);
        assert_eq!(first, Ok(()));
        assert_eq!(second, Err(Illegal::StillOpen { key: key(number), attempt: 1 }));
        assert_eq!(third, Err(Illegal::Superseded { epoch: 7, current: 1 }));
        append(store, ended(number, 1, deleted())).await.unwrap();
    };
    join_all((0..60).map(begin)).await;
    let events = store.events(plan()).await.unwrap();
    let ledger = Ledger::replay(plan(), &events).unwrap();
    assert_eq!((events.len(), ledger.keys().count()), (121, 60));
    assert!(ledger.keys().all(|(.., record)| record.state() == State::Gone));
}

async fn what_a_run_saw_of_the_keys_that_it_switched_is_recalled<S>(store: &S)
where
    S: Journal<Error = StoreError> + Store + Agreements<Error = StoreError>,
{
    let look = |from, to| Looked { from: at(from), to: at(to) };
    let switching = |number, to, attempt| Event::Switching {
        at: at(2),
        epoch: 1,
        account: account(),
        key: key(number),
        to,
        attempt,
    };
    let switched = |number, to, attempt, outcome| Event::Switched {
        at: at(9),
        account: account(),
        key: key(number),
        to,
        attempt,
        outcome,
    };
    let set = |before, after| SwitchOutcome::Set(Setting { request_id: None, before, after });
    take(store, "one", 0, 100).await;
    let (off, on) = (KeyStatus::Inactive, KeyStatus::Active);
    for event in [
        opened(1),
        switching(1, off, 1),
        switched(1, off, 1, set(look(3, 4), Some(look(5, 6)))),
        switching(2, off, 1),
        switched(2, off, 1, SwitchOutcome::Seen { seen: look(7, 8), before: None }),
        switching(3, off, 1),
        switched(3, off, 1, SwitchOutcome::Kept(Kept::Interrupted)),
        switching(1, on, 2),
        switched(1, on, 2, set(look(20, 21), None)),
    ] {
        append(store, event).await.unwrap();
    }
    let record = store.record(plan(), account(), &key(1)).await.unwrap();
    assert_eq!(record.switch().state(), SwitchState::Reactivated);
    let recalled = async |source: &str| {
        let all = store.recall(account()).await.unwrap().observations;
        assert!(all.iter().all(|(_, look)| look.source == ObservationSource::CleanUp(source.to_owned())));
        all.into_iter().map(|(key, look)| (key, look.from, look.to, look.status)).collect::<Vec<_>>()
    };
    let expected = [
        (key(1), at(3), at(4), on),
        (key(1), at(5), at(6), off),
        (key(1), at(20), at(21), off),
        (key(2), at(7), at(8), off),
    ];
    assert_eq!(recalled(&plan().to_string()).await, expected);
    // The plan has a name where the store has it.
    let kept = KeptPlan { digest: plan(), id: "plan-1".to_owned(), made_at: at(1), text: String::new() };
    store.keep_plan(&kept).await.unwrap();
    assert_eq!(recalled("plan-1").await, expected);
    let other = store.recall(AccountId::from_number(43).unwrap()).await.unwrap();
    assert_eq!(other.observations, []);
}

async fn runs_of_two_plans_do_not_see_each_other<S: Journal<Error = StoreError>>(store: &S) {
    let other = Digest::of(b"another plan");
    let lease = take(store, "one", 0, 100).await;
    append(store, opened(1)).await.unwrap();
    append(store, intended(1, 1, 1)).await.unwrap();
    store.release(&lease).await.unwrap();
    assert!(matches!(
        store.lease(other, "two", at(0), at(100)).await.unwrap(),
        Leasing::Granted(Lease { epoch: 1, .. })
    ));
    assert!(
        matches!(store.append(other, opened(1)).await.unwrap(), Appended::Sealed(sealed) if sealed.previous == other)
    );
    assert!(matches!(store.append(other, intended(1, 1, 1)).await.unwrap(), Appended::Sealed(_)));
    let record = store.record(other, account(), &key(1)).await.unwrap();
    assert_eq!(record.attempts(), 1);
    Ledger::replay(other, &store.events(other).await.unwrap()).unwrap();
    let mut runs = vec![plan(), other];
    runs.sort();
    let mut found = store.runs().await.unwrap();
    found.sort();
    assert_eq!(found, runs);
}

async fn a_damaged_journal_is_refused_by_whoever_reads_or_writes_it(place: &Place<Sql>) {
    begun(&place.store).await;
    let broken = async || {
        let events = match place.store.events(plan()).await {
            Ok(events) => events,
            Err(error) => return Some(error.to_string()),
        };
        Ledger::replay(plan(), &events).err().map(|broken| broken.to_string())
    };
    assert_eq!(broken().await, None);
    for (damage, repair) in [
        (
            "update journal set event = replace(event, '\"attempt\":1', '\"attempt\":2') where number = 2",
            "update journal set event = replace(event, '\"attempt\":2', '\"attempt\":1') where number = 2",
        ),
        (
            "update journal set digest = upper(digest) where number = 4",
            "update journal set digest = lower(digest) where number = 4",
        ),
        (
            "update journal set event = ' ' || event where number = 4",
            "update journal set event = substr(event, 2) where number = 4",
        ),
        ("update journal set number = 9 where number = 3", "update journal set number = 3 where number = 9"),
        (
            "update journal set number = -1 where number = 1",
            "update journal set number = 1 where number = -1",
        ),
        // What the events of a key are found by is outside of their seals.
        (
            "update journal set account = 1 where number = 2",
            "update journal set account = 42 where number = 2",
        ),
        (
            "update journal set account = null where number = 4",
            "update journal set account = 42 where number = 4",
        ),
        (
            "update journal set access_key = 'AKIA0000000000000009' where number = 3",
            "update journal set access_key = 'AKIA0000000000000001' where number = 3",
        ),
        (
            "update journal set access_key = 'AKIA0000000000000001' where number = 1",
            "update journal set access_key = null where number = 1",
        ),
    ] {
        place.execute(damage).await;
        assert!(broken().await.is_some(), "{damage}");
        let faults = Sql::check(&place.location).await.unwrap().faults;
        assert!(faults.iter().any(|fault| fault.contains("the run of plan")), "{damage}: {faults:?}");
        place.execute(repair).await;
        assert_eq!(broken().await, None, "{repair}");
    }
    // The chain of what is left is whole where its end was cut off, and where nothing is left. It goes on nowhere.
    place.execute("create table away as select * from journal").await;
    for cut in ["delete from journal where number = 4", "delete from journal where plan <> ''"] {
        place.execute(cut).await;
        let says = broken().await.unwrap_or_default();
        assert!(says.contains("and 4 were written"), "{cut}: {says}");
        assert_eq!(place.store.runs().await.unwrap(), [plan()], "{cut}");
        let faults = Sql::check(&place.location).await.unwrap().faults;
        assert!(faults.iter().any(|fault| fault.contains("and 4 were written")), "{cut}: {faults:?}");
        let error = place.store.append(plan(), ended(2, 1, deleted())).await.unwrap_err();
        assert!(matches!(error.kind, StoreErrorKind::Damaged(_)), "{cut}: {error}");
        place.execute("delete from journal").await;
        place.execute("insert into journal select * from away").await;
        assert_eq!(broken().await, None, "{cut}");
    }
    // Whoever appends reads the last event, and those of the key.
    place.execute("update journal set event = '{}' where number = 4").await;
    let error = place.store.append(plan(), intended(1, 3, 1)).await.unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::Damaged(_)), "{error}");
    let error = place.store.record(plan(), account(), &key(2)).await.unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::Damaged(_)), "{error}");
}

/// Its state of the journal is that of a past that was taken away.
async fn whoever_wrote_an_event_that_was_replaced_writes_no_more(place: &Place<Sql>) {
    begun(&place.store).await;
    place.execute("delete from journal where number = 4").await;
    place.execute("update leases set events = 3").await;
    let other = Sql::open(&place.location).await.unwrap();
    append(&other, intended(1, 3, 1)).await.unwrap();
    let error = place.store.append(plan(), ended(2, 1, deleted())).await.unwrap_err();
    assert!(error.kind.to_string().contains("event 4 of the journal"), "{}", error.kind);
    // What is there now is whole by itself, and is what counts from then on.
    assert_eq!(
        append(&place.store, ended(2, 1, deleted())).await,
        Err(Illegal::NoSuchAttempt { key: key(2), attempt: 1 })
    );
    append(&place.store, ended(3, 1, deleted())).await.unwrap();
}

async fn two_processes_that_append_at_once_make_one_chain(place: &Place<Sql>) {
    take(&place.store, "one", 0, 100).await;
    append(&place.store, opened(1)).await.unwrap();
    let other = Sql::open(&place.location).await.unwrap();
    let from = async |store: &Sql, first: u32| {
        for number in first..first + 20 {
            append(store, intended(1, number, 1)).await.unwrap();
            append(store, ended(number, 1, deleted())).await.unwrap();
        }
    };
    tokio::join!(from(&place.store, 100), from(&other, 200));
    let events = place.store.events(plan()).await.unwrap();
    let ledger = Ledger::replay(plan(), &events).unwrap();
    assert_eq!((events.len(), ledger.keys().count()), (81, 40));
}

async fn of_processes_that_take_leases_of_several_plans_at_once_one_has_its_own(place: &Place<Sql>) {
    let open = async |_| Sql::open(&place.location).await.unwrap();
    let stores = join_all((0..4).map(open)).await;
    for round in 0..20 {
        let leases = join_all(stores.iter().enumerate().map(async |(number, store)| {
            let plan = Digest::of(format!("plan {number}").as_bytes());
            (store, store.lease(plan, &format!("holder {number}"), at(round), at(round + 100)).await.unwrap())
        }))
        .await;
        let mut granted = Vec::new();
        for (store, leasing) in &leases {
            if let Leasing::Granted(lease) = leasing {
                granted.push(lease.holder.clone());
                assert!(store.is_in_force(lease).await.unwrap());
                // The others were told who it is.
                let held =
                    |leasing: &Leasing| matches!(leasing, Leasing::Held { by, .. } if *by == lease.holder);
                assert_eq!(leases.iter().filter(|(_, leasing)| held(leasing)).count(), 3, "{round}");
                store.release(lease).await.unwrap();
            }
        }
        assert_eq!(granted.len(), 1, "{round}: {granted:?}");
    }
}

async fn a_task_that_is_dropped_while_it_appends_stops_no_other(place: &Place<Sql>) {
    take(&place.store, "one", 0, 100).await;
    append(&place.store, opened(1)).await.unwrap();
    for number in 0..20 {
        let mut dropped = Box::pin(append(&place.store, intended(1, number, 1)));
        let mut other = Box::pin(append(&place.store, intended(1, 100 + number, 1)));
        // The first has its turn and asks the database; the second waits for it.
        assert!(poll!(&mut dropped).is_pending());
        assert!(poll!(&mut other).is_pending());
        drop(dropped);
        other.await.unwrap();
        // Whether the one whose task is gone was written, asking again tells.
        let again = append(&place.store, intended(1, number, 1)).await;
        assert!(matches!(again, Ok(()) | Err(Illegal::StillOpen { .. })), "{again:?}");
    }
    let events = place.store.events(plan()).await.unwrap();
    assert_eq!(Ledger::replay(plan(), &events).unwrap().keys().count(), 40);
}

async fn a_run_of_version_3_goes_on_where_it_was(place: &Place<Sql>) {
    take(&place.store, "one", 0, 100).await;
    for event in [opened(1), intended(1, 1, 1), ended(1, 1, deleted()), intended(1, 2, 1)] {
        append(&place.store, event).await.unwrap();
    }
    let before = place.store.events(plan()).await.unwrap();
    for statement in [
        "alter table leases drop column events",
        "drop index journal_of_key",
        "alter table journal rename to newer",
        "create table journal (plan text not null, number bigint not null, account bigint, access_key text, event text not null, \
         previous text not null, digest text not null, primary key (plan, number))",
        "insert into journal select * from newer",
        "drop table newer",
        "create index journal_of_key on journal (plan, account, access_key, number)",
        "update keysweep_schema set version = 3",
    ] {
        place.execute(statement).await;
    }
    let store = Sql::open(&place.location).await.unwrap();
    assert_eq!(store.events(plan()).await.unwrap(), before);
    append(&store, ended(2, 1, deleted())).await.unwrap();
    let ledger = Ledger::replay(plan(), &store.events(plan()).await.unwrap()).unwrap();
    assert!(ledger.keys().all(|(.., record)| record.state() == State::Gone));
    // What was there before is missed as well.
    place.execute("delete from journal where number > 3").await;
    assert!(store.events(plan()).await.is_err());
}

async fn a_lease_that_is_behind_its_journal_is_told(place: &Place<Sql>) {
    begun(&place.store).await;
    let faults = async || Sql::check(&place.location).await.unwrap().faults;
    assert_eq!(faults().await, Vec::<String>::new());
    place.execute("delete from leases").await;
    let told = faults().await;
    assert!(matches!(&told[..], [one] if one.contains("its lease has the number 0")), "{told:?}");
    take(&place.store, "one", 0, 100).await;
    let refused = append(&place.store, opened(1)).await.unwrap_err();
    assert_eq!(refused, Illegal::NotTheNextLease { epoch: 1, current: 1 });
    assert!(refused.to_string().contains("restore it from a copy"), "{refused}");
    place.execute("update leases set epoch = 0").await;
    assert_eq!(faults().await.len(), 1);
    // One that was given and never opened is ahead of its journal, and sound.
    place.execute("update leases set epoch = 7").await;
    assert_eq!(faults().await, Vec::<String>::new());
}

async fn a_run_that_was_reverted_goes_on_in_another_store(place: &Place<Sql>) {
    begun(&place.store).await;
    let lease = take(&place.store, "two", 100, 200).await;
    let caller_arn = "arn".to_owned();
    let reverting = Event::Reverting { at: at(101), epoch: lease.epoch, holder: lease.holder, caller_arn };
    append(&place.store, reverting).await.unwrap();
    let text = exported(&place.store).await;
    let other = sqlite().await;
    other.store.import_all(&mut Cursor::new(&text)).await.unwrap();
    assert_eq!(Sql::check(&other.location).await.unwrap().faults, Vec::<String>::new());
    assert_eq!(take(&other.store, "three", 0, 100).await.epoch, 3);
}
