//! The lease, and a journal that cannot be used.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keysweep_app::apply::{ApplyError, ApplyRequest, KeyOutcome, Refusal};
use keysweep_core::account::AccountId;
use keysweep_core::journal::{Appended, Event, Illegal, KeyRecord, Lease, Leasing, Sealed};
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::SkipReason;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::Journal;
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_sim::Action;
use keysweep_sim::fault::{Effect, Rule, When};
use keysweep_store::InMemory;

use super::scene::{Scene, block_on, only};

#[test]
fn only_one_applies_at_a_time_and_a_lease_is_given_back_at_the_end() {
    let scene = Scene::new();
    let now = scene.sim.now();
    let until = now + SignedDuration::from_mins(5);
    let leased = block_on(scene.store.lease(scene.digest, "another", now, until)).unwrap();
    let Leasing::Granted(lease) = leased else { panic!("somebody has it") };
    match scene.refused(|_| ()) {
        Refusal::Held { by, until: told } => assert_eq!((by.as_str(), told), ("another", until)),
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.left().len(), 5);
    block_on(scene.store.release(&lease)).unwrap();
    assert!(!scene.apply_so(|request| request.run.at_most = Some(1)).unwrap().is_whole());
    // At once, by another process.
    assert!(scene.apply().unwrap().is_whole());
}

#[test]
fn two_plans_that_share_keys_are_not_applied_at_once_and_receipts_are_those_of_the_deletions() {
    let scene = Scene::new();
    let other = Scene::of(Arc::clone(&scene.sim), |plan| plan.id = "another plan".to_owned());
    assert_ne!(scene.digest, other.digest);
    let by_another = |request: &mut ApplyRequest<'_>| request.run.holder = "another";
    let (first, second) = block_on(async {
        tokio::join!(scene.applying(&scene.store, |_| ()), other.applying(&scene.store, by_another))
    });
    let first = first.unwrap();
    assert!(first.is_whole(), "{first:#?}");
    let ApplyError::Refused(refusal) = second.unwrap_err() else { panic!("it is not refused") };
    assert!(matches!(&*refusal, Refusal::Held { by, .. } if by == "process-1"), "{refusal:?}");
    // Afterwards it finds nothing left to do, and says so of each key.
    let second = block_on(other.applying(&scene.store, by_another)).unwrap();
    assert!(second.receipts.is_empty(), "{second:#?}");
    assert!(second.keys.iter().all(|(_, outcome)| *outcome == KeyOutcome::Skipped(SkipReason::KeyGone)));
    assert_eq!((first.receipts.len(), scene.left().len()), (5, 0));
}

#[test]
fn a_lease_is_for_five_minutes_and_is_extended_when_half_of_it_is_over() {
    let scene = Scene::new();
    let watched = Watched::new(&scene);
    scene.apply_with(&watched, |_| ()).unwrap();
    assert_eq!(watched.extended.load(Ordering::Relaxed), 0);

    for (seconds, extended) in [(150, None), (151, Some(151 + 300))] {
        let scene = Scene::new();
        let watched = Watched::new(&scene);
        let slow = Effect::Slow { milliseconds: seconds * 1_000 };
        scene.sim.add_fault(Rule::new(slow).action(Action::LookupEvents).when(When::First(1)));
        let began = scene.sim.now();
        let mine = only(&[1]);
        scene.apply_with(&watched, |request| request.run.only = Some(&mine)).unwrap();
        let until = |seconds| began + SignedDuration::from_secs(seconds);
        let expected: Vec<Instant> = [Some(300), extended].into_iter().flatten().map(until).collect();
        assert_eq!(watched.untils(), expected, "{seconds} s");
    }
}

#[test]
fn a_history_that_was_read_more_than_five_minutes_ago_is_read_again() {
    for (minutes, times) in [(4, 1), (5, 2), (6, 2)] {
        let scene = Scene::new();
        let second = only(&[2]);
        scene.sim.add_fault(
            Rule::new(Effect::Slow { milliseconds: minutes * 60_000 })
                .action(Action::DeleteAccessKey)
                .when(When::First(1)),
        );
        scene.apply_so(|request| request.run.only = Some(&second)).unwrap();
        assert_eq!(scene.calls(Action::LookupEvents), times, "{minutes} minutes");
    }
}

#[test]
fn whoever_was_superseded_begins_nothing_more() {
    for strikes_at in 1..60 {
        let scene = Scene::new();
        let mut watched = Watched::new(&scene);
        watched.taken_over_at = strikes_at;
        // One key in each account: nothing else is under way.
        let single = only(&[1, 3]);
        let result = scene.apply_with(&watched, |request| {
            request.run.only = Some(&single);
            request.run.concurrency = 1;
        });
        // Before it could say that it begins.
        if strikes_at <= 2 {
            assert!(matches!(result, Err(ApplyError::Journal(_))), "{result:?}");
            continue;
        }
        let applied = result.unwrap();
        let Some(before) = *watched.deletes_then.lock().unwrap() else {
            assert!(applied.receipts.len() == 2 && strikes_at > 12, "{strikes_at}");
            return;
        };
        if applied.receipts.len() < 2 {
            assert_eq!(applied.stopped.as_deref(), Some("another keysweep has taken over"), "{strikes_at}");
        }
        let after = scene.calls(Action::DeleteAccessKey) - before;
        assert_eq!(after, 0, "{strikes_at}: deleted after another had taken over");
    }
    panic!("it never ends");
}

#[test]
fn a_journal_that_fails_stops_the_run_and_says_why() {
    for fails_at in 1..60 {
        let scene = Scene::new();
        let mut watched = Watched::new(&scene);
        watched.fails_at = fails_at;
        let result = scene.apply_with(&watched, |request| request.run.concurrency = 1);
        if watched.asked.load(Ordering::Relaxed) < fails_at {
            assert!(result.unwrap().is_whole() && fails_at > 20);
            return;
        }
        match result {
            Err(ApplyError::Journal(error)) => assert_eq!(error.to_string(), "the disk is full"),
            Err(other) => panic!("{fails_at}: {other:?}"),
            Ok(applied) if applied.is_whole() => {}
            Ok(applied) => {
                assert_eq!(
                    applied.stopped.as_deref(),
                    Some("the journal could not be used: the disk is full: no space left"),
                    "{fails_at}"
                );
                assert!(applied.keys.iter().any(|(_, outcome)| *outcome != KeyOutcome::Gone));
            }
        }
        // Nothing was deleted without an intent, and the next apply ends the work.
        scene.sim.clock().advance(Duration::from_mins(6));
        let applied = scene.apply().unwrap();
        assert!(applied.is_whole(), "{fails_at}: {applied:#?}");
        assert_eq!(applied.receipts.len(), 5);
    }
    panic!("it never ends");
}

#[test]
fn once_the_journal_has_failed_no_key_is_begun_though_it_works_again() {
    for fails_at in 3..60 {
        let scene = Scene::new();
        let mut watched = Watched::new(&scene);
        watched.fails_at = fails_at;
        let single = only(&[1, 3]);
        let applied = scene.apply_with(&watched, |request| {
            request.run.only = Some(&single);
            request.run.concurrency = 1;
        });
        let Some(before) = *watched.deletes_then.lock().unwrap() else {
            assert!(fails_at > 12, "{fails_at}");
            return;
        };
        assert!(applied.unwrap().stopped.is_some(), "{fails_at}");
        assert_eq!(scene.calls(Action::DeleteAccessKey), before, "{fails_at}");
    }
    panic!("it never ends");
}

#[test]
fn a_journal_that_refuses_what_must_follow_stops_the_run() {
    let scene = Scene::new();
    let mut watched = Watched::new(&scene);
    watched.refuses = true;
    let applied = scene.apply_with(&watched, |_| ()).unwrap();
    assert!(applied.stopped.as_deref().unwrap().starts_with("the journal refused an event"), "{applied:?}");
    assert_eq!(scene.calls(Action::DeleteAccessKey), 0);
}

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
pub(super) struct Full(#[source] std::io::Error);

/// A journal that is looked at, and fails or is taken over by another at a given call.
pub(super) struct Watched<'a> {
    scene: &'a Scene,
    asked: AtomicU32,
    fails_at: u32,
    taken_over_at: u32,
    /// How many deletes had been sent when it failed, or another took over.
    deletes_then: Mutex<Option<u64>>,
    extended: AtomicU32,
    untils: Mutex<Vec<Instant>>,
    refuses: bool,
    /// The run whose first event is gone.
    pub(super) damaged: Option<Digest>,
}

impl<'a> Watched<'a> {
    pub(super) fn new(scene: &'a Scene) -> Self {
        Self {
            scene,
            asked: AtomicU32::new(0),
            fails_at: 0,
            taken_over_at: 0,
            deletes_then: Mutex::default(),
            extended: AtomicU32::new(0),
            untils: Mutex::default(),
            refuses: false,
            damaged: None,
        }
    }

    fn untils(&self) -> Vec<Instant> {
        self.untils.lock().unwrap().clone()
    }

    fn inner(&self) -> &InMemory {
        &self.scene.store
    }

    async fn asked(&self, plan: Digest) -> Result<(), Full> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        if number == self.taken_over_at {
            *self.deletes_then.lock().unwrap() = Some(self.scene.calls(Action::DeleteAccessKey));
            let far = Instant::from_unix(4_000_000_000);
            self.inner().lease(plan, "another", far, far).await.unwrap();
        }
        if number == self.fails_at {
            *self.deletes_then.lock().unwrap() = Some(self.scene.calls(Action::DeleteAccessKey));
            return Err(Full(std::io::Error::other("no space left")));
        }
        Ok(())
    }
}

impl Journal for Watched<'_> {
    type Error = Full;

    async fn lease(&self, plan: Digest, holder: &str, now: Instant, until: Instant) -> Result<Leasing, Full> {
        self.untils.lock().unwrap().push(until);
        let leasing = self.inner().lease(plan, holder, now, until).await.unwrap();
        self.asked(plan).await?;
        Ok(leasing)
    }

    async fn extend(&self, lease: &Lease, until: Instant) -> Result<Option<Lease>, Full> {
        self.asked(lease.plan).await?;
        self.extended.fetch_add(1, Ordering::Relaxed);
        self.untils.lock().unwrap().push(until);
        Ok(self.inner().extend(lease, until).await.unwrap())
    }

    async fn is_in_force(&self, lease: &Lease) -> Result<bool, Full> {
        self.asked(lease.plan).await?;
        Ok(self.inner().is_in_force(lease).await.unwrap())
    }

    async fn release(&self, lease: &Lease) -> Result<(), Full> {
        self.inner().release(lease).await.unwrap();
        Ok(())
    }

    async fn append(&self, plan: Digest, event: Event) -> Result<Appended, Full> {
        self.asked(plan).await?;
        if self.refuses
            && let Event::Intended { key, .. } = &event
        {
            return Ok(Appended::Refused(Illegal::LeftAlone(key.clone())));
        }
        Ok(self.inner().append(plan, event).await.unwrap())
    }

    async fn record(&self, plan: Digest, account: AccountId, key: &AccessKeyId) -> Result<KeyRecord, Full> {
        self.asked(plan).await?;
        Ok(self.inner().record(plan, account, key).await.unwrap())
    }

    async fn events(&self, plan: Digest) -> Result<Vec<Sealed>, Full> {
        let mut events = self.inner().events(plan).await.unwrap();
        if self.damaged == Some(plan) {
            events.remove(0);
        }
        Ok(events)
    }

    async fn runs(&self) -> Result<Vec<Digest>, Full> {
        Ok(self.inner().runs().await.unwrap())
    }
}
