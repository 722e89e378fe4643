//! What must hold, checked against the world's own history.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_app::apply::{Applied, ApplyError, KeyOutcome, Refusal};
use keysweep_core::journal::receipt::{How, Receipt};
use keysweep_core::journal::{Ledger, Sealed};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::{Plan, SkipReason};
use keysweep_core::ports::Journal;
use keysweep_sim::Truth;

use super::run::{Kind, Scene};
use super::trouble::State;

fn wrong(scene: &Scene, what: String) {
    scene.trouble.state().violations.push(what);
}

fn count(scene: &Scene, what: &'static str) {
    scene.trouble.state().tally.count(what);
}

/// Whether nothing more comes of the key by its plan.
pub(crate) fn is_final(outcome: &KeyOutcome) -> bool {
    match outcome {
        KeyOutcome::Gone => true,
        KeyOutcome::Skipped(reason) => reason.is_final(),
        KeyOutcome::Kept(_) | KeyOutcome::Unknown | KeyOutcome::Waiting => false,
    }
}

/// Whether the journal holds of every key that was to go what has come of it for good, and no delete is on its way any more.
pub(crate) fn is_done(plan: &Plan, digest: Digest, events: &[Sealed]) -> bool {
    let ledger = Ledger::replay(digest, events).unwrap();
    plan.keys.iter().all(|key| ledger.is_settled(key.account, &key.key))
}

/// What appliers in the midst of trouble say.
pub(crate) fn answers(scene: &Scene, answers: &[Option<Result<Applied, ApplyError>>]) {
    for answer in answers.iter().flatten() {
        match answer {
            Ok(applied) if applied.stopped.is_some() => count(scene, "applies: stopped"),
            Ok(_) => count(scene, "applies: to the end"),
            Err(ApplyError::Refused(refusal)) => match **refusal {
                Refusal::Held { .. } => count(scene, "applies: refused, as another is at it"),
                Refusal::Damaged(_) | Refusal::NotItsJournal(_) => {
                    wrong(scene, format!("the journal is damaged: {refusal:?}"));
                }
                _ => count(scene, "applies: refused"),
            },
            Err(_) => count(scene, "applies: failed before the first key"),
        }
    }
}

/// What is left after one applier was left alone.
pub(crate) fn end(scene: &Scene, before: &Truth, last: Option<Result<Applied, ApplyError>>) {
    count(scene, "runs");
    match (scene.kind, last) {
        (Kind::Tampered | Kind::Stale, Some(Err(ApplyError::Refused(_)))) => {
            count(
                scene,
                if scene.kind == Kind::Stale {
                    "runs: stale plan, refused"
                } else {
                    "runs: tampered plan, refused"
                },
            );
            if !scene.trouble.state().deleted.is_empty() {
                wrong(scene, "a refused plan deleted keys".to_owned());
            }
        }
        // There was nothing to delete, so nothing to refuse.
        (Kind::Stale | Kind::Tampered, Some(Ok(applied))) if applied.keys.is_empty() => {}
        (Kind::Everything | Kind::OnlyFaults, Some(Ok(applied))) => whole(scene, before, &applied),
        (kind, other) => wrong(scene, format!("{kind:?} ended as {other:?}")),
    }
    if !scene.trouble.state().violations.is_empty() {
        let lines: Vec<String> =
            events(scene).iter().flatten().map(|sealed| format!("  {}", sealed.text())).collect();
        wrong(scene, lines.join("\n"));
    }
}

fn whole(scene: &Scene, before: &Truth, applied: &Applied) {
    let after = scene.trouble.sim.truth();
    deletions(&mut scene.trouble.state(), &after, applied);

    // Whoever was not planned and is gone was deleted by somebody else.
    if applied.receipts.iter().any(|one| matches!(one.how, How::Set(_) | How::SeenSet { .. })) {
        wrong(scene, "there is a receipt for a status, which nobody was to set".to_owned());
    }
    let planned: BTreeSet<&str> = applied.keys.iter().map(|(key, _)| key.key.as_str()).collect();
    let deleted: BTreeSet<String> = scene.trouble.state().deleted.iter().map(|one| one.key.clone()).collect();
    for key in deleted.iter().filter(|key| !planned.contains(key.as_str())) {
        wrong(scene, format!("key {key} was deleted and not planned"));
    }
    if scene.kind == Kind::OnlyFaults {
        undisturbed(scene, before, &after, applied);
    }
    again(scene);
}

/// What is said of the keys that were to go, and their receipts.
pub(crate) fn deletions(state: &mut State, after: &Truth, applied: &Applied) {
    for (key, outcome) in &applied.keys {
        let id = key.key.as_str();
        state.tally.count(match outcome {
            KeyOutcome::Gone => "keys: gone",
            KeyOutcome::Skipped(SkipReason::Active) => "keys: left alone, Active again",
            KeyOutcome::Skipped(SkipReason::StatusChanged { .. }) => {
                "keys: left alone, changed since the plan"
            }
            KeyOutcome::Skipped(SkipReason::Exempt(_)) => "keys: left alone, exempt",
            KeyOutcome::Skipped(
                SkipReason::KeyGone | SkipReason::UserGone | SkipReason::UserChanged { .. },
            ) => "keys: left alone, gone or of another user",
            KeyOutcome::Skipped(_) => "keys: left alone for a passing reason",
            KeyOutcome::Kept(_) => "keys: still there after a delete",
            KeyOutcome::Unknown | KeyOutcome::Waiting => "keys: undecided",
        });
        let wrong = match outcome {
            KeyOutcome::Gone if after.key(id).is_some() => "is said to be gone and is there",
            KeyOutcome::Unknown => "is of an outcome that is not known in the end",
            KeyOutcome::Waiting => "had no turn",
            _ => continue,
        };
        state.violations.push(format!("key {id} {wrong}"));
    }
    let of_deletions = |one: &&Receipt| matches!(one.how, How::Confirmed(_) | How::SeenGone { .. });
    receipts(state, &applied.receipts.iter().filter(of_deletions).collect::<Vec<_>>());
}

/// Receipts are exactly of what was deleted.
fn receipts(state: &mut State, receipts: &[&Receipt]) {
    let mut wrong = Vec::new();
    let mut by_key: BTreeMap<&str, &Receipt> = BTreeMap::new();
    for receipt in receipts {
        if by_key.insert(receipt.key.key.as_str(), receipt).is_some() {
            wrong.push(format!("two receipts for key {}", receipt.key.key));
        }
        state.tally.count(match &receipt.how {
            How::Confirmed(_) => "receipts: confirmed by AWS",
            How::SeenGone { .. } => "receipts: seen to be gone",
            How::Set(_) | How::SeenSet { .. } => "receipts: of a status",
        });
    }
    let mut deleted: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for one in &state.deleted {
        if deleted.insert(one.key.as_str(), one.request_id.as_deref()).is_some() {
            wrong.push(format!("key {} was deleted twice", one.key));
        }
        if !by_key.contains_key(one.key.as_str()) {
            wrong.push(format!(
                "key {} in account {} was deleted ({:?}), and there is no receipt",
                one.key, one.account, one.status
            ));
        }
    }
    let mut by_others = 0;
    for (key, receipt) in &by_key {
        match (&receipt.how, deleted.get(key)) {
            (How::Confirmed(deletion), Some(request_id)) if deletion.request_id.as_deref() == *request_id => {
            }
            (How::Confirmed(_), _) => {
                wrong.push(format!("the receipt of key {key} has a request id that was never given"));
            }
            (How::SeenGone { .. }, Some(_)) => {}
            (How::SeenGone { .. }, None) => by_others += 1,
            (How::Set(_) | How::SeenSet { .. }, _) => {
                wrong.push(format!("the receipt of key {key} is of a status"));
            }
        }
    }
    for _ in 0..by_others {
        state.tally.count("receipts: seen to be gone, by somebody else after the intent");
    }
    state.violations.extend(wrong);
}

/// With nobody else about, the end is that of a run without faults: all keys of the plan that are not exempt are gone, and
/// nothing else has changed.
fn undisturbed(scene: &Scene, before: &Truth, after: &Truth, applied: &Applied) {
    for (key, outcome) in &applied.keys {
        let kept = matches!(outcome, KeyOutcome::Skipped(SkipReason::Exempt(_)));
        if *outcome != KeyOutcome::Gone && !kept {
            wrong(scene, format!("key {} is {outcome:?}, with nobody else about", key.key));
        }
    }
    let gone: BTreeSet<String> = scene.trouble.state().deleted.iter().map(|one| one.key.clone()).collect();
    for key in before.accounts.iter().flat_map(|account| &account.keys) {
        match after.key(&key.id) {
            Some(found) if found.status != key.status => {
                wrong(scene, format!("key {} changed its status", key.id));
            }
            None if !gone.contains(&key.id) => {
                wrong(scene, format!("key {} is gone, and nobody deleted it", key.id));
            }
            _ => {}
        }
        if key.status == KeyStatus::Active && after.key(&key.id).is_none() {
            wrong(scene, format!("key {} was Active and is gone", key.id));
        }
    }
    count(scene, "runs: faults only, the end is that of a run without them");
}

/// One more apply deletes nothing; where nothing was left to do, it writes nothing either.
fn again(scene: &Scene) {
    let (before, deletes) = (events(scene), scene.trouble.state().deleted.len());
    let done = scene.plans.iter().zip(&before).all(|(kept, events)| is_done(&kept.plan, kept.digest, events));
    let _ = scene.calmly();
    if scene.trouble.state().deleted.len() != deletes {
        wrong(scene, "a second apply deleted more".to_owned());
    }
    if done && events(scene) != before {
        wrong(scene, "a second apply wrote to a journal that was done".to_owned());
    }
    if done {
        count(scene, "runs: a second apply was a no-op");
    }
    if scene.plans.len() > 1 {
        count(scene, "runs: two plans of the same keys");
    }
}

/// The journal of each plan.
fn events(scene: &Scene) -> Vec<Vec<Sealed>> {
    scene.plans.iter().map(|kept| poll(scene.store.events(kept.digest)).unwrap()).collect()
}

/// The store in memory never waits.
fn poll<T>(future: impl Future<Output = T>) -> T {
    let waker = futures_util::task::noop_waker();
    let mut context = std::task::Context::from_waker(&waker);
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => panic!("the store in memory waits"),
    }
}
