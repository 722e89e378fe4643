//! What may not be applied, and what is left out.

use keysweep_app::apply::{ApplyError, ApplyRequest, KeyOutcome, Refusal};
use keysweep_app::clocks::ClockError;
use keysweep_app::progress::Event as Told;
use keysweep_core::account::{Organization, Partition};
use keysweep_core::approval::NotApproved;
use keysweep_core::assessment::Scope;
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::lint::Severity;
use keysweep_core::time::SignedDuration;
use keysweep_sim::Action;
use keysweep_sim::fault::{Denial, Effect, Rule};

use super::scene::{ALICE, BOB, BOB_TOO, CAROL, DAVE, Scene, denied, only, outcomes, sim};
use crate::support::account;

const ALL: [&str; 5] = [ALICE, BOB, BOB_TOO, CAROL, DAVE];

#[test]
fn a_plan_is_applied_to_its_end_and_a_second_time_there_is_nothing_to_do() {
    let scene = Scene::new();
    let applied = scene.apply().unwrap();
    assert!(applied.is_whole(), "{applied:#?}");
    assert_eq!(applied.stopped, None);
    assert_eq!(scene.left(), [""; 0]);
    let mut receipts: Vec<&str> = applied.receipts.iter().map(|receipt| receipt.key.key.as_str()).collect();
    receipts.sort_unstable();
    assert_eq!(receipts, ALL);
    for receipt in &applied.receipts {
        assert!(receipt.how.request_id().is_some() && receipt.how.verified_at().is_some(), "{receipt:?}");
        assert_eq!(receipt.approved_by.len(), 1);
    }
    // The caller's own account needs no role, and an account's history is read once for all its keys.
    assert_eq!((scene.calls(Action::AssumeRole), scene.calls(Action::LookupEvents)), (2, 3));

    let events = scene.events();
    assert!(scene.apply().unwrap().is_whole());
    assert_eq!(scene.events(), events);
    assert_eq!(scene.calls(Action::DeleteAccessKey), 5);
}

#[test]
fn whoever_watches_is_told_of_each_account() {
    let scene = Scene::new();
    scene.apply().unwrap();
    let told = scene.told();
    assert_eq!(told.iter().filter(|event| **event == Told::AccountFound).count(), 3);
    assert!(told.contains(&Told::AccountsListed) && told.contains(&Told::AccountStarted(account(2))));
    let finished = told.iter().find_map(|event| match event {
        Told::AccountFinished { account: id, status, findings, problems, calls, .. } if *id == account(2) => {
            Some((*status, *findings, *problems, *calls))
        }
        _ => None,
    });
    // AssumeRole, LookupEvents, and for each key GetUser, a listing before and one after, and DeleteAccessKey.
    assert_eq!(finished, Some(("applied", 3, 0, 14)));
}

#[test]
fn a_plan_for_another_partition_organization_or_account_is_refused() {
    let scene = Scene::of(sim(), |plan| plan.partition = Partition::AwsCn);
    let refusal = scene.refused(|_| ());
    assert!(
        matches!(refusal, Refusal::OtherPartition { planned: Partition::AwsCn, found: Partition::Aws }),
        "{refusal:?}"
    );

    let scene = Scene::of(sim(), |plan| {
        plan.scope =
            Scope::Organization(Organization { id: "o-other".to_owned(), management_account: account(1) });
    });
    let own = scene.sim.organization_id();
    let refusal = scene.refused(|_| ());
    assert!(
        matches!(&refusal, Refusal::OtherOrganization { planned, found } if planned == "o-other" && *found == own),
        "{refusal:?}"
    );

    let scene = Scene::of(sim(), |plan| plan.scope = Scope::Account);
    let refusal = scene.refused(|_| ());
    assert!(matches!(refusal, Refusal::OtherAccount { .. }), "{refusal:?}");
    let message = refusal.to_string();
    assert!(message.contains(&account(2).to_string()) && message.contains(&account(1).to_string()));
    assert_eq!((scene.left(), scene.events()), (ALL.to_vec(), Vec::new()));
}

#[test]
fn a_plan_of_one_account_needs_no_organization() {
    let scene = Scene::of(sim(), |plan| {
        plan.scope = Scope::Account;
        plan.keys.retain(|key| key.account == account(1));
    });
    scene.sim.add_fault(Rule::new(Effect::Denied(Denial::NoPolicy)).action(Action::DescribeOrganization));
    assert!(scene.apply().unwrap().is_whole());
    assert_eq!(scene.left(), [BOB, BOB_TOO, CAROL, DAVE]);

    let scene = Scene::new();
    scene.sim.add_fault(Rule::new(Effect::Denied(Denial::NoPolicy)).action(Action::DescribeOrganization));
    assert!(matches!(scene.apply(), Err(ApplyError::Organization(_))));
    assert_eq!(scene.left(), ALL);
}

#[test]
fn another_digest_no_approval_and_a_rule_that_blocks_are_refused() {
    let scene = Scene::new();
    let refusal = scene.refused(|request| request.run.digest = Digest::of(b"another plan"));
    assert!(matches!(refusal, Refusal::OtherDigest { actual, .. } if actual == scene.digest), "{refusal:?}");
    let refusal = scene.refused(|request| request.approvals = &[]);
    assert!(matches!(refusal, Refusal::NotApproved(NotApproved::ByNobody { .. })), "{refusal:?}");
    assert_eq!((scene.left(), scene.events()), (ALL.to_vec(), Vec::new()));
}

#[test]
fn a_refusal_tells_what_blocks_and_not_what_only_warns() {
    let mut scene = Scene::new();
    scene.limits.max_keys = 4;
    let refusal = scene.refused(|_| ());
    let Refusal::Objections(objections) = &refusal else { panic!("{refusal:?}") };
    assert!(objections.iter().any(|one| one.severity == Severity::Warning), "{objections:?}");
    let message = refusal.to_string();
    assert!(message.starts_with("error KL001") && message.lines().count() == 1, "{message}");
    assert_eq!((scene.left(), scene.events()), (ALL.to_vec(), Vec::new()));
}

#[test]
fn accounts_and_a_number_of_keys_only_narrow() {
    let scene = Scene::new();
    let second = only(&[2]);
    let applied = scene
        .apply_so(|request| {
            request.run.only = Some(&second);
            request.run.at_most = Some(2);
        })
        .unwrap();
    assert!(!applied.is_whole());
    assert_eq!(scene.left(), [ALICE, CAROL, DAVE]);
    assert_eq!(outcomes(&applied)[CAROL], &KeyOutcome::Waiting);
    let nobody = only(&[9]);
    assert_eq!(scene.apply_so(|request| request.run.only = Some(&nobody)).unwrap().receipts.len(), 2);
    assert!(scene.apply().unwrap().is_whole());
}

/// Whoever asks for fewer keys, or for none, is not told less of what is wrong with the plan.
#[test]
fn a_plan_that_is_refused_is_refused_however_little_of_it_is_asked_for() {
    let (scene, nobody) = (Scene::new(), only(&[9]));
    let none = |request: &mut ApplyRequest<'_>| request.approvals = &[];
    for refusal in [
        scene.refused(|request| {
            none(request);
            request.run.only = Some(&nobody);
        }),
        scene.refused(|request| {
            none(request);
            request.run.at_most = Some(0);
        }),
    ] {
        assert!(matches!(refusal, Refusal::NotApproved(NotApproved::ByNobody { .. })), "{refusal:?}");
    }
    assert!(scene.events().is_empty());
}

/// A key that was switched off a minute ago has settled by a clock that is hours ahead, and by one that was hours behind when the
/// plan was made.
#[test]
fn a_clock_that_is_not_that_of_aws_is_refused() {
    for off in [7_800, -7_800, 901, -901] {
        let mut scene = Scene::new();
        scene.off = SignedDuration::from_secs(off);
        let refusal = scene.refused(|_| ());
        assert!(matches!(refusal, Refusal::Clock(ClockError::Off { .. })), "{refusal:?}");
        assert_eq!((scene.left(), scene.events()), (ALL.to_vec(), Vec::new()));
    }
    let mut scene = Scene::new();
    scene.off = SignedDuration::from_secs(600);
    assert!(scene.apply().unwrap().is_whole());
}

/// Where only so many keys are asked for, one that cannot go yet does not keep the others from their turn.
#[test]
fn a_number_of_keys_goes_round_all_that_wait() {
    let scene = Scene::new();
    for user in ["alice", "bob"] {
        scene.sim.add_fault(Rule::new(denied()).action(Action::GetUser).user(user));
    }
    for left in [ALL.to_vec(), ALL.to_vec(), ALL.to_vec(), vec![ALICE, BOB, BOB_TOO, DAVE]] {
        scene.apply_so(|request| request.run.at_most = Some(1)).unwrap();
        assert_eq!(scene.left(), left);
    }
    // All have had a turn, but for dave's key; then alice's is the one that waits for the longest.
    let turns = |scene: &Scene| -> Vec<AccessKeyId> {
        scene.events().iter().filter_map(|event| Some(event.key()?.1.clone())).collect()
    };
    scene.apply_so(|request| request.run.at_most = Some(1)).unwrap();
    assert_eq!(scene.left(), [ALICE, BOB, BOB_TOO]);
    scene.apply_so(|request| request.run.at_most = Some(2)).unwrap();
    let turns = turns(&scene);
    assert!(turns.ends_with(&[ALICE.parse().unwrap(), BOB.parse().unwrap()]), "{turns:?}");
}

#[test]
fn after_a_signal_to_stop_no_key_is_begun() {
    let mut scene = Scene::new();
    scene.stop = true;
    let applied = scene.apply().unwrap();
    assert!(applied.keys.iter().all(|(_, outcome)| *outcome == KeyOutcome::Waiting), "{applied:#?}");
    assert_eq!(scene.left(), ALL);
}
