//! One key whose status is set: what comes of the call, and how that is found out.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keysweep_app::apply::{
    Applied, DeactivationOutcome, RevertOutcome, Reverted, RunRequest, StopAfter, Tools, revert,
};
use keysweep_app::progress::{Event as Told, Progress, Silent};
use keysweep_core::call::Call;
use keysweep_core::exemption::{ExemptBy, Exemptions};
use keysweep_core::journal::receipt::How;
use keysweep_core::journal::{Event, Kept, Sealed, SwitchOutcome};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::{Plan, SkipReason, document};
use keysweep_core::ports::{ExemptionSource, Journal as _};
use keysweep_core::time::SignedDuration;
use keysweep_sim::fault::{Act, Deed, Effect, Rule, When};
use keysweep_sim::{Action, Sim, SimPorts};
use keysweep_store::InMemory;
use tokio::sync::watch;

use super::{
    Exempt, UNUSED, applied_with, block_on, denied, journal, opened, planned, request, scanned, switching,
    world,
};
use crate::memory::{How as ScanHow, SCAN, scan_into};
use crate::support::{account, days_ago, empty};

/// A world with one key to deactivate, and the plan for it.
struct Case {
    sim: Arc<Sim>,
    store: InMemory,
    plan: Plan,
}

fn act(deed: Deed) -> Act {
    Act::new(deed).user("alice").key(UNUSED)
}

fn fault(effect: Effect, action: Action) -> Rule {
    Rule::new(effect).action(action)
}

/// Whoever is told calls this.
struct Then<F>(F);

impl<F: Fn(&Told) + Send + Sync> Progress for Then<F> {
    fn on(&self, event: Told) {
        (self.0)(&event);
    }
}

impl Case {
    fn new() -> Self {
        let (sim, store) = (world(), InMemory::new());
        let plan = planned(&sim, &store, &scanned(&sim, &store, "scan-1"));
        sim.reset_calls();
        Self { sim, store, plan }
    }

    /// One where something goes wrong.
    fn with(rule: Rule) -> Self {
        let case = Self::new();
        case.sim.add_fault(rule);
        case
    }

    fn apply(&self) -> Applied {
        self.apply_so(|_| ())
    }

    fn apply_so(&self, change: impl FnOnce(&mut RunRequest<'_>)) -> Applied {
        self.told(&Silent, change)
    }

    fn told(&self, progress: &dyn Progress, change: impl FnOnce(&mut RunRequest<'_>)) -> Applied {
        let rest = (progress, &Exempt, false);
        applied_with(&self.sim, &self.store, &self.plan, self.sim.now(), rest, change).unwrap()
    }

    fn revert(&self, change: impl FnOnce(&mut RunRequest<'_>)) -> Reverted {
        let ports = SimPorts::new(Arc::clone(&self.sim));
        let (_keep, stop) = watch::channel(false);
        let mut request = request(&self.plan);
        change(&mut request);
        let clock = ports.clock();
        let tools = Tools {
            accounts: &ports,
            directory: &ports,
            clock: &clock,
            journal: &self.store,
            progress: &Silent,
        };
        block_on(revert(tools, &request, stop)).unwrap()
    }

    fn events(&self) -> Vec<Event> {
        let events = block_on(self.store.events(document::digest(&self.plan))).unwrap();
        events.into_iter().map(|Sealed { event, .. }| event).collect()
    }

    /// What came of each attempt.
    fn ends(&self) -> Vec<SwitchOutcome> {
        let end = |event| match event {
            Event::Switched { outcome, .. } => Some(outcome),
            _ => None,
        };
        self.events().into_iter().filter_map(end).collect()
    }

    fn status(&self) -> KeyStatus {
        self.sim.truth().key(UNUSED).unwrap().status
    }

    fn elapsed(&self) -> Duration {
        self.sim.clock().elapsed()
    }
}

fn outcome(applied: &Applied) -> &DeactivationOutcome {
    &applied.deactivations[0].1
}

fn left(applied: &Applied) -> &SkipReason {
    match outcome(applied) {
        DeactivationOutcome::Skipped(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_whose_answer_is_lost_is_found_out_by_looking_and_not_undone() {
    for effect in [Effect::LostResponse, Effect::TimeoutAfter, Effect::MalformedBody] {
        let case = Case::with(fault(effect.clone(), Action::UpdateAccessKey));
        let began = case.elapsed();
        let applied = case.apply();
        assert_eq!(outcome(&applied), &DeactivationOutcome::Deactivated { confirmed: false }, "{effect:?}");
        let [SwitchOutcome::Seen { seen, before: Some(before) }] = case.ends()[..] else {
            panic!("{effect:?}: {:?}", case.ends())
        };
        // A listing may be as old as IAM takes to agree with itself.
        for look in [seen, before] {
            let minute = SignedDuration::from_mins(1);
            assert!(look.to - look.from >= minute && look.to - look.from < minute * 2, "{look:?}");
        }
        assert!(matches!(applied.receipts[..], [ref one] if matches!(one.how, How::SeenSet { .. })));
        assert!(case.elapsed().saturating_sub(began) >= Duration::from_secs(10));
        let reverted = case.revert(|_| ());
        assert_eq!(reverted.keys[0].1, RevertOutcome::NotConfirmed);
        assert_eq!(case.status(), KeyStatus::Inactive);
    }
}

#[test]
fn a_call_without_effect_is_tried_again_twice_and_not_more() {
    let case = Case::with(fault(Effect::TimeoutBefore, Action::UpdateAccessKey).when(When::First(2)));
    assert_eq!(outcome(&case.apply()), &DeactivationOutcome::Deactivated { confirmed: true });
    assert_eq!(case.ends().len(), 3);

    let case = Case::with(fault(Effect::TimeoutBefore, Action::UpdateAccessKey));
    let kept = Kept::Failed("the call had no effect".to_owned());
    assert_eq!(outcome(&case.apply()), &DeactivationOutcome::Kept(kept));
    assert_eq!((case.ends().len(), case.status()), (3, KeyStatus::Active));
}

#[test]
fn a_call_that_is_throttled_or_denied_is_left_to_the_next_apply() {
    let case = Case::with(fault(Effect::Throttle, Action::UpdateAccessKey));
    assert_eq!(outcome(&case.apply()), &DeactivationOutcome::Kept(Kept::LooksTooOld));
    assert_eq!((case.ends().len(), case.status()), (1, KeyStatus::Active));

    let case = Case::with(fault(Effect::Throttle, Action::UpdateAccessKey));
    let applied = case.apply_so(|run| run.give_up_after = Duration::from_millis(100));
    assert!(
        matches!(outcome(&applied), DeactivationOutcome::Kept(Kept::Failed(why)) if why.contains("Rate exceeded")),
        "{applied:?}"
    );

    let case = Case::with(denied(Action::UpdateAccessKey));
    let applied = case.apply_so(|run| run.stop_after = StopAfter { denied: 1, ..StopAfter::default() });
    assert!(matches!(outcome(&applied), DeactivationOutcome::Kept(Kept::Denied(_))), "{applied:?}");
    assert!(applied.stopped.unwrap().starts_with("1 calls were denied"));
    assert_eq!(case.ends().len(), 1);
    // AWS has answered: there is nothing to wait for.
    assert!(case.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_key_that_goes_or_moves_between_look_and_call_is_found_out_at_once() {
    let case = Case::with(fault(Effect::Before(act(Deed::DeleteKey)), Action::UpdateAccessKey));
    let began = case.elapsed();
    assert_eq!(left(&case.apply()), &SkipReason::KeyGone);
    assert!(case.elapsed().saturating_sub(began) < Duration::from_secs(10));

    let renamed = Effect::Before(act(Deed::RenameUser("alicia".to_owned())));
    let case = Case::with(fault(renamed, Action::UpdateAccessKey).when(When::First(1)));
    assert_eq!(left(&case.apply()), &SkipReason::UserGone);
    let no_effect = SwitchOutcome::Kept(Kept::Failed("the call had no effect".to_owned()));
    assert_eq!(case.ends()[0], no_effect);
    assert_eq!(case.status(), KeyStatus::Active);
}

/// IAM is eventually consistent, and in one second nothing tells which of two looks was first.
#[test]
fn only_a_later_look_that_shows_the_new_status_confirms_it() {
    for (listings, confirmed) in [(0, true), (1, true), (2, false)] {
        let case = Case::new();
        let (sim, left) = (Arc::clone(&case.sim), AtomicU32::new(0));
        let then = Then(move |told: &Told| match told {
            Told::Called { call: Call::UpdateAccessKey, .. } if listings > 0 => {
                left.store(listings, Ordering::Relaxed);
                sim.act(account(1), &act(Deed::Reactivate));
            }
            Told::Called { call: Call::ListAccessKeys, .. }
                if left.load(Ordering::Relaxed) > 0 && left.fetch_sub(1, Ordering::Relaxed) == 1 =>
            {
                sim.act(account(1), &act(Deed::Deactivate));
            }
            _ => {}
        });
        let began = case.elapsed();
        let applied = case.told(&then, |_| ());
        assert_eq!(outcome(&applied), &DeactivationOutcome::Deactivated { confirmed: true });
        let [SwitchOutcome::Set(setting)] = &case.ends()[..] else { panic!("{:?}", case.ends()) };
        assert_eq!(setting.after.is_some(), confirmed, "{listings} listings");
        if let Some(after) = setting.after {
            assert!(after.from > setting.before.to && after.to >= after.from, "{setting:?}");
        }
        let took = case.elapsed().saturating_sub(began);
        assert_eq!(took >= Duration::from_secs(3), listings > 0, "{listings} listings: {took:?}");
        assert!(took >= Duration::from_secs(1));
    }
    // Where the call took so long that the next second has begun, nothing is waited for.
    let case = Case::with(fault(Effect::Slow { milliseconds: 2_000 }, Action::UpdateAccessKey));
    let (sim, told) = (Arc::clone(&case.sim), Mutex::new(Vec::new()));
    let then = Then(|event: &Told| {
        if let Told::Called { call, .. } = event {
            told.lock().unwrap().push((*call, sim.clock().elapsed()));
        }
    });
    case.told(&then, |_| ());
    let told = told.lock().unwrap();
    let set = told.iter().position(|(call, _)| *call == Call::UpdateAccessKey).unwrap();
    assert_eq!(told[set + 1].0, Call::ListAccessKeys);
    assert!(told[set + 1].1.saturating_sub(told[set].1) < Duration::from_millis(900), "{told:?}");

    let case = Case::with(denied(Action::ListAccessKeys).when(When::After(1)));
    case.apply();
    assert!(matches!(&case.ends()[..], [SwitchOutcome::Set(setting)] if setting.after.is_none()));
}

#[test]
fn what_cannot_be_asked_after_a_lost_answer_is_not_known_and_found_out_by_the_next_apply() {
    let case = Case::with(fault(Effect::LostResponse, Action::UpdateAccessKey));
    case.sim.add_fault(denied(Action::ListAccessKeys).when(When::After(1)));
    let applied = case.apply_so(|run| run.stop_after = StopAfter { unknown: 1, ..StopAfter::default() });
    assert_eq!((outcome(&applied), case.ends().len()), (&DeactivationOutcome::Unknown, 0));
    assert!(applied.stopped.unwrap().contains("unknown outcome"));
    // Nor where it was left by another.
    let applied = case.apply_so(|run| run.stop_after = StopAfter { unknown: 1, ..StopAfter::default() });
    assert_eq!((outcome(&applied), case.ends().len()), (&DeactivationOutcome::Unknown, 0));
    assert!(applied.stopped.unwrap().contains("unknown outcome"));
    case.sim.clear_faults();
    assert_eq!(outcome(&case.apply()), &DeactivationOutcome::Deactivated { confirmed: false });

    // A listing that failed once is not taken for one that does not have the key.
    let case = Case::with(denied(Action::ListAccessKeys).when(When::First(1)));
    journal(&case.store, &case.plan, [opened(&case.plan), switching(&case.plan, 1)]);
    assert_eq!((outcome(&case.apply()), case.ends().len()), (&DeactivationOutcome::Unknown, 0));
}

#[test]
fn an_attempt_that_nobody_finished_has_half_a_minute_to_arrive() {
    let case = Case::new();
    journal(&case.store, &case.plan, [opened(&case.plan), switching(&case.plan, 1)]);
    let began = case.elapsed();
    assert!(case.apply().is_whole());
    let waited = case.elapsed().saturating_sub(began);
    assert!(waited >= Duration::from_secs(28) && waited < Duration::from_secs(40), "{waited:?}");
    assert!(matches!(case.ends()[..], [SwitchOutcome::Kept(Kept::Interrupted), SwitchOutcome::Set(_)]));

    let case = Case::new();
    journal(&case.store, &case.plan, [opened(&case.plan), switching(&case.plan, 1)]);
    case.sim.act(account(1), &act(Deed::Deactivate));
    case.sim.clock().advance(Duration::from_mins(1));
    let began = case.elapsed();
    assert!(case.apply().is_whole());
    assert!(case.elapsed().saturating_sub(began) < Duration::from_secs(20), "it waited again");
    assert!(matches!(case.ends()[..], [SwitchOutcome::Seen { before: None, .. }]), "{:?}", case.ends());
}

/// Of a key that is Inactive already, a call that was given up and came late is the likely reason; else somebody else is.
#[test]
fn a_status_that_came_after_its_attempt_was_given_up_is_recorded() {
    for given_up in [true, false] {
        let case = Case::new();
        let mut events = vec![opened(&case.plan)];
        if given_up {
            events.push(switching(&case.plan, 1));
            events.push(Event::Switched {
                at: case.plan.made_at,
                account: account(1),
                key: UNUSED.parse().unwrap(),
                to: KeyStatus::Inactive,
                attempt: 1,
                outcome: SwitchOutcome::Kept(Kept::Interrupted),
            });
        }
        journal(&case.store, &case.plan, events);
        case.sim.act(account(1), &act(Deed::Deactivate));
        let applied = case.apply();
        if given_up {
            assert_eq!(outcome(&applied), &DeactivationOutcome::Deactivated { confirmed: false });
        } else {
            assert_eq!(left(&applied), &SkipReason::Inactive);
        }
    }
}

#[test]
fn what_cannot_be_looked_at_stays_active_and_denied_calls_stop_the_run() {
    for (action, reason) in [
        (Action::GetUser, "not_looked_at"),
        (Action::ListAccessKeys, "not_looked_at"),
        (Action::GetAccessKeyLastUsed, "last_use_not_read"),
        (Action::LookupEvents, "history_not_read"),
    ] {
        let case = Case::with(denied(action));
        let applied = case.apply_so(|run| run.stop_after = StopAfter { denied: 1, ..StopAfter::default() });
        assert_eq!(left(&applied).name(), reason, "{action:?}");
        assert!(applied.stopped.is_some(), "{action:?}");
        assert_eq!((case.status(), case.ends().len()), (KeyStatus::Active, 1), "{action:?}");
    }
    let case = Case::new();
    case.sim.act(account(1), &act(Deed::DeleteUser));
    assert_eq!(left(&case.apply()), &SkipReason::UserGone);
    let case =
        Case::with(fault(Effect::Before(act(Deed::DeleteUser)), Action::ListAccessKeys).when(When::First(1)));
    assert_eq!(left(&case.apply()), &SkipReason::KeyGone);
}

#[derive(Debug, thiserror::Error)]
#[error("the disk is gone")]
struct Unreadable;

impl ExemptionSource for Unreadable {
    type Error = Self;

    async fn exemptions(&self) -> Result<Exemptions, Self> {
        Err(Self)
    }
}

#[test]
fn unreadable_exemptions_and_a_signal_to_stop_let_nothing_be_set() {
    let case = Case::new();
    let rest = (&Silent as &dyn Progress, &Unreadable, false);
    let applied = applied_with(&case.sim, &case.store, &case.plan, case.sim.now(), rest, |_| ()).unwrap();
    assert_eq!(left(&applied).name(), "not_looked_at");
    assert!(applied.stopped.unwrap().contains("the disk is gone"));
    assert_eq!(case.status(), KeyStatus::Active);

    let case = Case::new();
    let rest = (&Silent as &dyn Progress, &Exempt, true);
    let applied = applied_with(&case.sim, &case.store, &case.plan, case.sim.now(), rest, |_| ()).unwrap();
    assert_eq!(outcome(&applied), &DeactivationOutcome::Waiting);
    assert!(case.ends().is_empty());
}

#[test]
fn once_a_run_is_stopped_no_other_key_of_the_user_is_begun() {
    let (sim, store) = (empty(), InMemory::new());
    sim.edit(|world| {
        let mut own = world.account(account(1));
        for key in [UNUSED, "AKIAUNUSEDUNUSEDUNU2"] {
            own.user("alice").key(key, days_ago(900)).last_used(days_ago(200), "s3", "us-east-1");
        }
    });
    let plan = planned(&sim, &store, &scanned(&sim, &store, "scan-1"));
    let case = Case { sim, store, plan };
    case.sim.add_fault(denied(Action::UpdateAccessKey));
    let applied = case.apply_so(|run| run.stop_after = StopAfter { denied: 1, ..StopAfter::default() });
    let outcomes: Vec<_> = applied.deactivations.iter().map(|(_, outcome)| outcome.name()).collect();
    assert_eq!(outcomes, ["not_deactivated", "waiting"]);
    assert_eq!(case.ends().len(), 1);
}

#[test]
fn reactivated_keys_stop_an_apply_and_not_a_revert() {
    let one =
        |run: &mut RunRequest<'_>| run.stop_after = StopAfter { reactivated: 1, ..StopAfter::default() };
    let case = Case::new();
    case.sim.act(account(1), &act(Deed::Deactivate));
    case.sim.act(account(1), &act(Deed::Reactivate));
    case.sim.clock().advance(Duration::from_hours(2));
    let applied = case.apply_so(one);
    assert_eq!(left(&applied).name(), "status_changed");
    assert!(applied.stopped.is_some());

    let case = Case::new();
    case.apply();
    case.sim.act(account(1), &act(Deed::Reactivate));
    let reverted = case.revert(one);
    assert_eq!(reverted.keys[0].1, RevertOutcome::LeftAlone(SkipReason::Active));
    assert_eq!(reverted.stopped, None);
}

#[test]
fn a_revert_gives_a_key_back_once() {
    let case = Case::new();
    case.apply();
    assert_eq!(case.status(), KeyStatus::Inactive);
    // What was not read does not keep a key from being given back, but the history does until it is read.
    case.sim.add_fault(denied(Action::LookupEvents));
    let reverted = case.revert(|_| ());
    assert!(matches!(&reverted.keys[0].1, RevertOutcome::LeftAlone(SkipReason::HistoryNotRead(_))));
    assert!(!reverted.is_whole());
    case.sim.clear_faults();
    case.sim.add_fault(denied(Action::GetAccessKeyLastUsed));
    let none = case.revert(|run| run.at_most = Some(0));
    assert!(matches!(&none.keys[0].1, RevertOutcome::LeftAlone(SkipReason::HistoryNotRead(_))));
    let reverted = case.revert(|_| ());
    assert!(reverted.is_whole(), "{reverted:?}");
    assert_eq!(case.status(), KeyStatus::Active);
    assert_eq!(reverted.receipts.len(), 2);
    let events = case.events();
    case.revert(|_| ());
    assert_eq!(case.events(), events);
    assert_eq!(outcome(&case.apply()), &DeactivationOutcome::Reactivated);
}

#[test]
fn a_key_that_could_not_be_given_back_is_told_with_the_reason_and_may_be_later() {
    let case = Case::new();
    case.apply();
    case.sim.add_fault(denied(Action::UpdateAccessKey));
    let reverted = case.revert(|_| ());
    assert!(matches!(&reverted.keys[0].1, RevertOutcome::Kept(Kept::Denied(_))), "{reverted:?}");
    assert!(reverted.keys[0].1.may_follow());
    case.sim.clear_faults();
    assert!(case.revert(|_| ()).is_whole());
}

#[test]
fn keys_of_an_account_that_cannot_be_entered_are_left_alone_and_open_attempts_stay_open() {
    for is_open in [false, true] {
        let (sim, store) = (empty(), InMemory::new());
        sim.edit(|world| {
            world.account(account(1));
            world.account(account(2)).user("alice").key(UNUSED, days_ago(900)).last_used(
                days_ago(200),
                "s3",
                "us-east-1",
            );
        });
        let how = ScanHow { organization: true, ..SCAN };
        let plan = planned(&sim, &store, &scan_into(&sim, &store, how).assessment);
        let case = Case { sim, store, plan };
        if is_open {
            let Event::Switching { at, epoch, key, to, attempt, .. } = switching(&case.plan, 1) else {
                unreachable!()
            };
            let begun = Event::Switching { at, epoch, account: account(2), key, to, attempt };
            journal(&case.store, &case.plan, [opened(&case.plan), begun]);
        }
        case.sim.add_fault(denied(Action::AssumeRole));
        let applied = case.apply_so(|run| run.stop_after = StopAfter { denied: 2, ..StopAfter::default() });
        assert_eq!(applied.stopped, None);
        if is_open {
            assert_eq!((outcome(&applied), case.ends().len()), (&DeactivationOutcome::Unknown, 0));
        } else {
            assert!(matches!(left(&applied), SkipReason::NotEntered(_)), "{applied:?}");
            case.sim.clear_faults();
            assert!(case.apply().is_whole());
        }
    }
}

#[test]
fn each_outcome_has_its_name_and_says_whether_anything_may_follow() {
    use DeactivationOutcome as Off;
    let (passing, kept) = (SkipReason::NotEntered("x".to_owned()), Kept::Interrupted);
    let tag = || SkipReason::Exempt(ExemptBy::KeepTag { name: "n".to_owned(), value: String::new() });
    for (outcome, name, is_done, may_follow) in [
        (Off::Deactivated { confirmed: true }, "deactivated", true, false),
        (Off::Deactivated { confirmed: false }, "deactivated", true, false),
        (Off::Reactivated, "reactivated", true, false),
        (Off::Skipped(tag()), "skipped", false, false),
        (Off::Skipped(passing.clone()), "skipped", false, true),
        (Off::Kept(kept.clone()), "not_deactivated", false, true),
        (Off::Unknown, "unknown", false, true),
        (Off::Waiting, "waiting", false, true),
        (Off::RunReverted, "run_reverted", false, false),
    ] {
        assert_eq!((outcome.name(), outcome.is_done(), outcome.may_follow()), (name, is_done, may_follow));
    }
    for (outcome, name, may_follow) in [
        (RevertOutcome::Reactivated, "reactivated", false),
        (RevertOutcome::LeftAlone(tag()), "left_alone", false),
        (RevertOutcome::LeftAlone(passing), "left_alone", true),
        (RevertOutcome::Kept(kept), "not_reactivated", true),
        (RevertOutcome::Unknown, "unknown", true),
        (RevertOutcome::NotConfirmed, "not_confirmed", false),
        (RevertOutcome::Waiting, "waiting", true),
    ] {
        assert_eq!((outcome.name(), outcome.may_follow()), (name, may_follow));
    }
}
