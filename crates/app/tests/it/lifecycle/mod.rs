//! A key's whole life with keysweep: unused, deactivated by an approved plan, long-term inactive by keysweep's own evidence,
//! planned for deletion, deleted. The world's clock is moved in between.

mod switching;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use keysweep_app::apply::{
    Applied, ApplyError, ApplyRequest, DeactivationOutcome, KeyOutcome, RunRequest, StopAfter, Tools, apply,
};
use keysweep_app::progress::{Progress, Silent};
use keysweep_app::survey::{SurveyRequest, survey};
use keysweep_core::approval::{Approval, ApprovalPolicy};
use keysweep_core::assessment::Assessment;
use keysweep_core::evidence::{Evidence, ObservationSource};
use keysweep_core::exemption::{Exemptions, KEEP_TAG};
use keysweep_core::finding::Verdict;
use keysweep_core::journal::{Appended, Event, Leasing, Sealed, SwitchOutcome};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::build::{Holdings, Order, build};
use keysweep_core::plan::lint::{Context, Limits, blocks, lint};
use keysweep_core::plan::unused::{Survey, with_unused};
use keysweep_core::plan::{Author, Plan, document};
use keysweep_core::ports::{Agreements as _, ExemptionSource, Journal as _, KeptPlan};
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_sim::fault::{Act, Deed, Denial, Effect, Rule};
use keysweep_sim::{Action, Sim, SimPorts};
use keysweep_store::InMemory;
use tokio::sync::watch;

use crate::memory::{How, SCAN, scan_into};
use crate::support::{account, days_ago, empty};

const UNUSED: &str = "AKIAUNUSEDUNUSEDUNU1";
const TWIN: &str = "AKIATWINTWINTWINTWI1";

struct Exempt;

impl ExemptionSource for Exempt {
    type Error = std::convert::Infallible;

    async fn exemptions(&self) -> Result<Exemptions, std::convert::Infallible> {
        Ok(Exemptions::new([], [KEEP_TAG.to_owned()]))
    }
}

fn denied(action: Action) -> Rule {
    Rule::new(Effect::Denied(Denial::ServiceControlPolicy)).action(action)
}

fn limits() -> Limits {
    Limits { deactivate_unused: "90d".parse().ok(), ..Limits::default() }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

fn surveyed(sim: &Arc<Sim>, store: &InMemory, assessment: &Assessment) -> Survey {
    let ports = SimPorts::new(Arc::clone(sim));
    let request = SurveyRequest {
        limit: "90d".parse().unwrap(),
        own: assessment.caller.account,
        concurrency: 2,
        give_up_after: Duration::from_mins(1),
        max_rates: &[],
    };
    block_on(survey(&ports, store, &ports.clock(), &Silent, assessment, request))
}

fn planned(sim: &Arc<Sim>, store: &InMemory, assessment: &Assessment) -> Plan {
    let exempt = Exemptions::new([], [KEEP_TAG.to_owned()]);
    let id = format!("plan-{}", sim.now().unix());
    let order = Order {
        id: &id,
        version: "0",
        author: Author::from(&assessment.caller),
        exemptions: &exempt,
        allow_observed: false,
        holdings: &Holdings::new(),
        gone: &BTreeSet::new(),
        now: sim.now(),
    };
    with_unused(build(assessment, &order), assessment, &surveyed(sim, store, assessment), &exempt)
}

/// Approves and applies.
fn carried_out(sim: &Arc<Sim>, store: &InMemory, plan: &Plan) -> Applied {
    let context = Context { plan, limits: &limits(), caller_arn: "arn", now: sim.now() };
    assert!(!blocks(&lint(&context)), "{:?}", lint(&context));
    applied(sim, store, plan, sim.now()).unwrap()
}

/// Applies what was approved at that time.
fn applied(sim: &Arc<Sim>, store: &InMemory, plan: &Plan, at: Instant) -> Result<Applied, ApplyError> {
    applied_with(sim, store, plan, at, (&Silent, &Exempt, false), |_| ())
}

/// The same told to somebody, with other exemptions, a signal to stop, or other options.
fn applied_with<X: ExemptionSource>(
    sim: &Arc<Sim>,
    store: &InMemory,
    plan: &Plan,
    at: Instant,
    (progress, exempt, is_stopped): (&dyn Progress, &X, bool),
    change: impl FnOnce(&mut RunRequest<'_>),
) -> Result<Applied, ApplyError> {
    let (limits, digest) = (limits(), document::digest(plan));
    let approval = Approval {
        plan: digest,
        by: "bob".to_owned(),
        account: plan.made_by.account,
        arn: "arn:aws:iam::000000000001:user/bob".to_owned(),
        comment: None,
        at,
        expires: at + SignedDuration::from_hours(72),
    };
    let approvals = [approval];
    let mut run = request(plan);
    change(&mut run);
    let request = ApplyRequest {
        run,
        approvals: &approvals,
        approval_policy: ApprovalPolicy::default(),
        limits: &limits,
    };
    let ports = SimPorts::new(Arc::clone(sim));
    let (_keep, stop) = watch::channel(is_stopped);
    block_on(async {
        let text = document::write(plan);
        let kept = KeptPlan { digest, id: plan.id.clone(), made_at: plan.made_at, text };
        store.keep_plan(&kept).await.unwrap();
        let tools =
            Tools { accounts: &ports, directory: &ports, clock: &ports.clock(), journal: store, progress };
        apply(tools, exempt, &request, stop).await
    })
}

fn request(plan: &Plan) -> RunRequest<'_> {
    RunRequest {
        plan,
        digest: document::digest(plan),
        holder: "test",
        only: None,
        at_most: None,
        concurrency: 2,
        give_up_after: Duration::from_mins(1),
        stop_after: StopAfter::default(),
    }
}

/// Journals what a process did that died then.
fn journal(store: &InMemory, plan: &Plan, events: impl IntoIterator<Item = Event>) {
    let (digest, now) = (document::digest(plan), plan.made_at);
    block_on(async {
        let text = document::write(plan);
        let kept = KeptPlan { digest, id: plan.id.clone(), made_at: plan.made_at, text };
        store.keep_plan(&kept).await.unwrap();
        for event in events {
            if let Some(epoch) = opens(&event) {
                let lease = store.lease(digest, "dead", now, now).await.unwrap();
                assert!(matches!(lease, Leasing::Granted(lease) if lease.epoch == epoch));
            }
            let appended = store.append(digest, event).await.unwrap();
            assert!(matches!(appended, Appended::Sealed(_)), "{appended:?}");
        }
    });
}

fn opens(event: &Event) -> Option<u64> {
    match event {
        Event::Opened { epoch, .. } | Event::Reverting { epoch, .. } => Some(*epoch),
        _ => None,
    }
}

fn opened(plan: &Plan) -> Event {
    Event::Opened {
        at: plan.made_at,
        epoch: 1,
        holder: "dead".to_owned(),
        caller_arn: "arn:dead".to_owned(),
        approved_by: vec![("bob".to_owned(), "arn:bob".to_owned())],
    }
}

fn switching(plan: &Plan, epoch: u64) -> Event {
    Event::Switching {
        at: plan.made_at,
        epoch,
        account: account(1),
        key: UNUSED.parse().unwrap(),
        to: KeyStatus::Inactive,
        attempt: 1,
    }
}

/// What came of the attempts at the key, by their numbers.
fn ends(store: &InMemory, plan: &Plan) -> Vec<(u32, &'static str)> {
    let events = block_on(store.events(document::digest(plan))).unwrap();
    let end = |sealed: Sealed| match sealed.event {
        Event::Switched { attempt, outcome, .. } => {
            let name = match outcome {
                SwitchOutcome::Set(_) => "set",
                SwitchOutcome::Seen { .. } => "seen",
                SwitchOutcome::Kept(_) => "kept",
                SwitchOutcome::LeftAlone(_) => "left alone",
            };
            Some((attempt, name))
        }
        _ => None,
    };
    events.into_iter().filter_map(end).collect()
}

fn scanned(sim: &Arc<Sim>, store: &InMemory, id: &'static str) -> Assessment {
    scan_into(sim, store, How { id, ..SCAN }).assessment
}

/// A user with an unused key, and one that is in use.
fn world() -> Arc<Sim> {
    let sim = empty();
    sim.edit(|world| {
        let mut own = world.account(account(1));
        own.user("alice").key(UNUSED, days_ago(900)).last_used(days_ago(200), "s3", "us-east-1");
        own.user("alice").key(TWIN, days_ago(800)).last_used(days_ago(1), "s3", "us-east-1");
    });
    sim
}

/// Whether the change was CloudTrail's to tell or not, keysweep knows when it switched the key off.
fn lives_to_the_end(history_is_denied: bool) {
    let (sim, store) = (world(), InMemory::new());
    let plan = planned(&sim, &store, &scanned(&sim, &store, "scan-1"));
    assert_eq!(document::read(&document::write(&plan)).unwrap().0, plan);
    let keys: Vec<_> = plan.deactivations.iter().map(|key| key.key.as_str()).collect();
    assert_eq!((keys, plan.keys.len()), (vec![UNUSED], 0));
    let before = sim.now();
    let applied = carried_out(&sim, &store, &plan);
    let after = sim.now();
    assert_eq!(applied.deactivations[0].1, DeactivationOutcome::Deactivated { confirmed: true });
    let truth = sim.truth();
    let off = truth.key(UNUSED).unwrap().inactive_since.unwrap();
    assert!((before..=after).contains(&off));
    assert_eq!(truth.key(TWIN).unwrap().status, KeyStatus::Active);

    if history_is_denied {
        sim.add_fault(denied(Action::LookupEvents));
    }
    sim.clock().advance(Duration::from_hours(40 * 24));
    let assessment = scanned(&sim, &store, "scan-2");
    let finding =
        assessment.findings().find(|finding| finding.key.as_ref().unwrap().as_str() == UNUSED).unwrap();
    assert_eq!(finding.verdict, Verdict::LongTerm, "{finding:#?}");
    let own: Vec<_> = finding
        .evidence
        .iter()
        .filter_map(|evidence| match evidence {
            Evidence::Observed(look) => Some((&look.source, look.status)),
            _ => None,
        })
        .filter(|(source, _)| matches!(source, ObservationSource::CleanUp(_)))
        .collect();
    let source = ObservationSource::CleanUp(plan.id.clone());
    assert_eq!(own, [(&source, KeyStatus::Active), (&source, KeyStatus::Inactive)]);
    let interval = finding.inactive_since.interval;
    // A look may be as old as IAM takes to agree with itself: a minute.
    let minute = SignedDuration::from_mins(1);
    assert!(interval.contains(off), "{interval:?} {off}");
    assert!(interval.earliest() >= before - minute && interval.latest() <= after, "{interval:?}");
    if history_is_denied {
        return;
    }

    let plan = planned(&sim, &store, &assessment);
    let keys: Vec<_> = plan.keys.iter().map(|key| key.key.as_str()).collect();
    assert_eq!(keys, [UNUSED]);
    // The other key was not used in the meantime, but not for long enough.
    assert_eq!(plan.deactivations, []);
    let applied = carried_out(&sim, &store, &plan);
    assert_eq!(applied.keys[0].1, KeyOutcome::Gone);
    assert_eq!(sim.truth().key(UNUSED), None);
}

#[test]
fn an_unused_key_is_deactivated_and_deleted_when_its_time_has_come() {
    lives_to_the_end(false);
}

#[test]
fn where_cloudtrail_is_denied_the_own_looks_date_the_deactivation() {
    lives_to_the_end(true);
}

#[test]
fn what_could_not_be_read_keeps_a_key_active_with_the_reason() {
    for (action, reason) in [
        (Action::ListAccessKeys, "keys_not_read"),
        (Action::GetAccessKeyLastUsed, "last_use_not_read"),
        (Action::LookupEvents, "history_not_read"),
        (Action::ListUserTags, "cannot_tell_exempt"),
    ] {
        let (sim, store) = (world(), InMemory::new());
        let assessment = scanned(&sim, &store, "scan-1");
        sim.add_fault(denied(action));
        let plan = planned(&sim, &store, &assessment);
        let kept: Vec<_> = plan.not_planned.iter().map(|kept| kept.reason.name()).collect();
        assert_eq!((kept, plan.deactivations.len()), (vec![reason], 0), "{action:?}");
        assert_eq!(document::read(&document::write(&plan)).unwrap().0, plan);
    }
    for action in [Action::GetCredentialReport, Action::GenerateCredentialReport] {
        let (sim, store) = (world(), InMemory::new());
        let assessment = scanned(&sim, &store, "scan-1");
        sim.add_fault(denied(action));
        let plan = planned(&sim, &store, &assessment);
        assert_eq!((plan.not_surveyed.len(), plan.deactivations.len()), (1, 0), "{action:?}");
        assert_eq!(plan.not_surveyed[0].account, account(1));
    }
}

#[test]
fn a_use_that_is_known_only_when_its_turn_comes_saves_a_key() {
    let (sim, store) = (world(), InMemory::new());
    let plan = planned(&sim, &store, &scanned(&sim, &store, "scan-1"));
    sim.edit(|world| {
        let used = days_ago(0) - SignedDuration::from_mins(5);
        world.account(account(1)).user("alice").key(UNUSED, days_ago(900)).last_used(used, "s3", "us-east-1");
    });
    let applied = carried_out(&sim, &store, &plan);
    assert!(
        matches!(&applied.deactivations[0].1, DeactivationOutcome::Skipped(reason) if reason.name() == "used_since")
    );
    assert_eq!(sim.truth().key(UNUSED).unwrap().status, KeyStatus::Active);
    let events = block_on(store.events(document::digest(&plan))).unwrap();
    let names: Vec<_> = events.iter().map(|sealed| sealed.event.name()).collect();
    assert_eq!(names, ["opened", "switching", "switched"]);
}

/// The user's keys have their turns one after the other, and what was read of the account serves for both.
#[test]
fn a_user_whose_one_key_is_to_go_and_whose_other_is_unused_is_worked_on_once() {
    const INACTIVE: &str = "AKIAINACTIVEINACTIV1";
    let (sim, store) = (empty(), InMemory::new());
    sim.edit(|world| {
        let mut own = world.account(account(1));
        own.user("alice").key(UNUSED, days_ago(900)).last_used(days_ago(200), "s3", "us-east-1");
        own.user("alice").key(INACTIVE, days_ago(800)).deactivated(days_ago(60));
    });
    let plan = planned(&sim, &store, &scanned(&sim, &store, "scan-1"));
    let planned: Vec<_> = plan.planned().map(|planned| (planned.verb(), planned.key().as_str())).collect();
    assert_eq!(planned, [("delete", INACTIVE), ("deactivate", UNUSED)]);
    sim.reset_calls();
    let applied = carried_out(&sim, &store, &plan);
    assert!(applied.is_whole(), "{applied:?}");
    assert_eq!(sim.calls().total_of(Action::LookupEvents).sent, 1);
    let truth = sim.truth();
    assert_eq!(truth.key(INACTIVE), None);
    assert_eq!(truth.key(UNUSED).unwrap().status, KeyStatus::Inactive);
    let events = block_on(store.events(document::digest(&plan))).unwrap();
    let names: Vec<_> = events.iter().map(|sealed| sealed.event.name()).collect();
    assert_eq!(names, ["opened", "intended", "ended", "switching", "switched"]);
}

#[test]
fn a_deactivation_that_was_begun_is_found_out_also_where_the_approval_has_ended_and_no_other_is_begun() {
    for arrived in [false, true] {
        let (sim, store) = (world(), InMemory::new());
        let plan = planned(&sim, &store, &scanned(&sim, &store, "scan-1"));
        journal(&store, &plan, [opened(&plan), switching(&plan, 1)]);
        if arrived {
            sim.act(account(1), &Act::new(Deed::Deactivate).user("alice").key(UNUSED));
        }
        let approved_at = sim.now();
        sim.clock().advance(Duration::from_hours(73));
        let refused = applied(&sim, &store, &plan, approved_at).unwrap_err();
        assert!(matches!(refused, ApplyError::Refused(_)), "{refused:?}");
        let found = if arrived { "seen" } else { "kept" };
        assert_eq!(ends(&store, &plan), [(1, found)], "{arrived}");
        let status = sim.truth().key(UNUSED).unwrap().status;
        assert_eq!(status == KeyStatus::Inactive, arrived);
        assert_eq!(sim.calls().total_of(Action::UpdateAccessKey).sent, 0);
    }
}

#[test]
fn once_a_run_was_reverted_an_apply_finds_out_what_was_begun_and_deactivates_nothing() {
    let (sim, store) = (world(), InMemory::new());
    let plan = planned(&sim, &store, &scanned(&sim, &store, "scan-1"));
    let reverting = Event::Reverting {
        at: plan.made_at,
        epoch: 2,
        holder: "dead".to_owned(),
        caller_arn: "arn:dead".to_owned(),
    };
    journal(&store, &plan, [opened(&plan), switching(&plan, 1), reverting.clone()]);
    let applied = applied(&sim, &store, &plan, sim.now()).unwrap();
    assert_eq!(ends(&store, &plan), [(1, "kept")]);
    assert!(matches!(applied.deactivations[0].1, DeactivationOutcome::Kept(_)), "{applied:?}");
    assert_eq!(sim.truth().key(UNUSED).unwrap().status, KeyStatus::Active);
    assert_eq!(sim.calls().total_of(Action::UpdateAccessKey).sent, 0);

    let store = InMemory::new();
    journal(&store, &plan, [opened(&plan), reverting]);
    let applied = self::applied(&sim, &store, &plan, sim.now()).unwrap();
    assert_eq!(applied.deactivations[0].1, DeactivationOutcome::RunReverted);
    assert_eq!(ends(&store, &plan), []);
}

#[test]
fn an_account_without_unused_keys_costs_the_report_alone() {
    let sim = empty();
    sim.edit(|world| {
        world.account(account(1)).user("alice").key(TWIN, days_ago(800)).last_used(
            days_ago(1),
            "s3",
            "us-east-1",
        );
    });
    let store = InMemory::new();
    let assessment = scanned(&sim, &store, "scan-1");
    sim.reset_calls();
    let found = surveyed(&sim, &store, &assessment);
    assert!(found.accounts[0].1.as_ref().unwrap().keys.is_empty());
    assert_eq!(sim.calls().total.sent, 2, "GenerateCredentialReport and GetCredentialReport");
}
