//! A small organization, a plan for it, and everything that `apply` is handed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keysweep_app::apply::{
    Applied, ApplyError, ApplyRequest, KeyOutcome, Refusal, RunRequest, StopAfter, Tools, apply,
};
use keysweep_app::progress::{Event as Told, Progress};
use keysweep_core::account::AccountId;
use keysweep_core::approval::{Approval, ApprovalPolicy};
use keysweep_core::exemption::{Exemptions, KEEP_TAG};
use keysweep_core::journal::{Event, Outcome};
use keysweep_core::plan::build::{Holdings, Order, build};
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::lint::Limits;
use keysweep_core::plan::{Author, Plan, document};
use keysweep_core::ports::{ExemptionSource, Journal};
use keysweep_core::time::SignedDuration;
use keysweep_sim::fault::{Act, Deed, Denial, Effect, Rule};
use keysweep_sim::{Action, Sim, SimPorts};
use keysweep_store::InMemory;
use tokio::sync::watch;

use crate::support::{Skewed, account, days_ago, empty, scan_organization};

pub(super) const ALICE: &str = "AKIAALICEALICEALICE1";
pub(super) const BOB: &str = "AKIABOBBOBBOBBOBBOB1";
pub(super) const BOB_TOO: &str = "AKIABOBBOBBOBBOBBOB2";
pub(super) const CAROL: &str = "AKIACAROLCAROLCAROL1";
pub(super) const DAVE: &str = "AKIADAVEDAVEDAVEDAV1";

/// Every apply is a process of its own.
const PROCESSES: [&str; 6] = ["process-1", "process-2", "process-3", "process-4", "process-5", "process-6"];

/// Four users, all with keys to delete: alice in the caller's own account, bob (two keys) and carol in a second, dave in a third.
pub(super) fn sim() -> Arc<Sim> {
    let sim = empty();
    sim.edit(|world| {
        world.account(account(1)).user("alice").key(ALICE, days_ago(900)).deactivated(days_ago(70));
        let mut second = world.account(account(2));
        second.user("bob").key(BOB, days_ago(900)).deactivated(days_ago(70));
        second.user("bob").key(BOB_TOO, days_ago(800)).deactivated(days_ago(60));
        second.user("carol").key(CAROL, days_ago(900)).deactivated(days_ago(50));
        // Shares of users are small only where there are many.
        for number in 0..30 {
            second.user(&format!("user-{number}"));
        }
        world.account(account(3)).user("dave").key(DAVE, days_ago(900)).deactivated(days_ago(40));
    });
    sim
}

/// The exemptions of the moment, or that they cannot be read.
pub(super) struct Exempt {
    now: Result<Exemptions, &'static str>,
    /// A first reading that takes so long, and gives what was there when it began.
    first: Mutex<Option<(Duration, Exemptions)>>,
    sim: Arc<Sim>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unreadable(&'static str);

impl ExemptionSource for Exempt {
    type Error = Unreadable;

    async fn exemptions(&self) -> Result<Exemptions, Unreadable> {
        if let Some((length, before)) = self.first.lock().unwrap().take() {
            self.sim.clock().advance(length);
            return Ok(before);
        }
        self.now.clone().map_err(Unreadable)
    }
}

type Then = Box<dyn Fn(&Told) + Send + Sync>;

/// What was told, and what is done about it: something happens at that moment.
#[derive(Default)]
pub(super) struct Heard {
    told: Mutex<Vec<Told>>,
    pub(super) then: Option<Then>,
}

impl Progress for Heard {
    fn on(&self, event: Told) {
        if let Some(then) = &self.then {
            then(&event);
        }
        self.told.lock().unwrap().push(event);
    }
}

/// A plan for a world, and who approved it.
pub(super) struct Scene {
    pub(super) sim: Arc<Sim>,
    pub(super) store: InMemory,
    pub(super) plan: Plan,
    pub(super) digest: Digest,
    pub(super) approvals: Vec<Approval>,
    pub(super) limits: Limits,
    exempt: Exempt,
    pub(super) heard: Heard,
    pub(super) stop: bool,
    /// By how much this machine's clock is ahead of AWS's.
    pub(super) off: SignedDuration,
    runs: AtomicUsize,
}

impl Scene {
    /// The world of [`sim`], scanned, planned and approved.
    pub(super) fn new() -> Self {
        Self::of(sim(), |_| ())
    }

    /// A world, with the plan changed before anybody approves it.
    pub(super) fn of(sim: Arc<Sim>, change: impl FnOnce(&mut Plan)) -> Self {
        let assessment = scan_organization(&sim);
        let mut plan = build(
            &assessment,
            &Order {
                id: "plan",
                version: "0",
                author: Author::from(&assessment.caller),
                exemptions: &Exemptions::default(),
                allow_observed: false,
                holdings: &Holdings::new(),
                gone: &BTreeSet::new(),
                now: sim.now(),
            },
        );
        change(&mut plan);
        let digest = document::digest(&plan);
        let approval = Approval {
            plan: digest,
            by: "bob".to_owned(),
            account: plan.made_by.account,
            arn: "arn:aws:sts::000000000001:assumed-role/approver/bob".to_owned(),
            comment: None,
            at: sim.now(),
            expires: sim.now() + SignedDuration::from_hours(72),
        };
        sim.reset_calls();
        Self {
            store: InMemory::new(),
            plan,
            digest,
            approvals: vec![approval],
            limits: Limits::default(),
            exempt: Exempt {
                now: Ok(Exemptions::new([], [KEEP_TAG.to_owned()])),
                first: Mutex::default(),
                sim: Arc::clone(&sim),
            },
            heard: Heard::default(),
            stop: false,
            off: SignedDuration::ZERO,
            runs: AtomicUsize::new(0),
            sim,
        }
    }

    /// Applies the plan with the journal of the scene.
    pub(super) fn apply(&self) -> Result<Applied, ApplyError> {
        self.apply_so(|_| ())
    }

    /// The same with other options.
    pub(super) fn apply_so<'a>(
        &'a self,
        change: impl FnOnce(&mut ApplyRequest<'a>),
    ) -> Result<Applied, ApplyError> {
        self.apply_with(&self.store, change)
    }

    /// The same with another journal.
    pub(super) fn apply_with<'a, J: Journal>(
        &'a self,
        journal: &J,
        change: impl FnOnce(&mut ApplyRequest<'a>),
    ) -> Result<Applied, ApplyError> {
        block_on(self.applying(journal, change))
    }

    /// The same, beside others.
    pub(super) async fn applying<'a, J: Journal>(
        &'a self,
        journal: &J,
        change: impl FnOnce(&mut ApplyRequest<'a>),
    ) -> Result<Applied, ApplyError> {
        let holder = PROCESSES[self.runs.fetch_add(1, Ordering::Relaxed)];
        let mut request = ApplyRequest {
            run: RunRequest {
                plan: &self.plan,
                digest: self.digest,
                holder,
                only: None,
                at_most: None,
                concurrency: 4,
                give_up_after: Duration::from_mins(1),
                stop_after: StopAfter::default(),
            },
            approvals: &self.approvals,
            approval_policy: ApprovalPolicy::default(),
            limits: &self.limits,
        };
        change(&mut request);
        let ports = SimPorts::new(Arc::clone(&self.sim));
        let clock = Skewed(ports.clock(), self.off);
        let tools =
            Tools { accounts: &ports, directory: &ports, clock: &clock, journal, progress: &self.heard };
        let (_keep, stop) = watch::channel(self.stop);
        apply(tools, &self.exempt, &request, stop).await
    }

    /// Exempts, or makes exemptions unreadable.
    pub(super) fn exempt(&mut self, now: Result<Exemptions, &'static str>) {
        self.exempt.now = now;
    }

    /// Lets the first reading of exemptions take so long: what was exempted in that time is not in it.
    pub(super) fn exempted_while_they_are_read(&mut self, length: Duration) {
        *self.exempt.first.get_mut().unwrap() = Some((length, Exemptions::default()));
    }

    /// Why the plan is refused.
    pub(super) fn refused<'a>(&'a self, change: impl FnOnce(&mut ApplyRequest<'a>)) -> Refusal {
        match self.apply_so(change) {
            Err(ApplyError::Refused(refusal)) => *refusal,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn events(&self) -> Vec<Event> {
        let sealed = block_on(self.store.events(self.digest)).unwrap();
        sealed.into_iter().map(|sealed| sealed.event).collect()
    }

    /// Which of the keys are there.
    pub(super) fn left(&self) -> Vec<&'static str> {
        let truth = self.sim.truth();
        [ALICE, BOB, BOB_TOO, CAROL, DAVE].into_iter().filter(|key| truth.key(key).is_some()).collect()
    }

    /// How often AWS was called so, in all accounts.
    pub(super) fn calls(&self, action: Action) -> u64 {
        self.sim.calls().total_of(action).sent
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.sim.clock().elapsed()
    }

    pub(super) fn told(&self) -> Vec<Told> {
        self.heard.told.lock().unwrap().clone()
    }
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(future)
}

/// What came of each key, by its id.
pub(super) fn outcomes(applied: &Applied) -> BTreeMap<&str, &KeyOutcome> {
    applied.keys.iter().map(|(key, outcome)| (key.key.as_str(), outcome)).collect()
}

pub(super) fn only(numbers: &[u64]) -> BTreeSet<AccountId> {
    numbers.iter().map(|number| account(*number)).collect()
}

/// The outcomes of a key's attempts.
pub(super) fn ended_of(scene: &Scene, wanted: &str) -> Vec<Outcome> {
    let of = |event| match event {
        Event::Ended { key, outcome, .. } if key.as_str() == wanted => Some(outcome),
        _ => None,
    };
    scene.events().into_iter().filter_map(of).collect()
}

/// What became of carol's key, and the outcomes of its attempts, of an apply in her account.
pub(super) fn carol(scene: &Scene) -> (KeyOutcome, Vec<Outcome>, Applied) {
    let second = only(&[2]);
    let applied = scene.apply_so(|request| request.run.only = Some(&second)).unwrap();
    let outcome = outcomes(&applied)[CAROL].clone();
    (outcome, ended_of(scene, CAROL), applied)
}

/// Somebody else does it to carol's key.
pub(super) fn act(deed: Deed) -> Act {
    Act::new(deed).user("carol").key(CAROL)
}

/// It happens to calls about carol.
pub(super) fn fault(effect: Effect, action: Action) -> Rule {
    Rule::new(effect).action(action).user("carol")
}

pub(super) fn denied() -> Effect {
    Effect::Denied(Denial::NoPolicy)
}
