//! One run: a world, a plan, appliers that are interrupted by everything, and in the end one that is left alone.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use keysweep_app::apply::{Applied, ApplyError, ApplyRequest, KeyOutcome, Refusal, apply, find_out};
use keysweep_core::approval::{Approval, ApprovalPolicy};
use keysweep_core::plan::Plan;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document;
use keysweep_core::plan::lint::Limits;
use keysweep_core::time::SignedDuration;
use keysweep_store::InMemory;
use tokio::sync::watch;

use super::Tally;
use super::check;
use super::ports::Process;
use super::together::{Running, together};
use super::trouble::{Level, Trouble};
use super::world::{self, DAY, start};

/// What a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Everything at once.
    Everything,
    /// Faults and crashes, and nobody else: the end must be that of a run without them.
    OnlyFaults,
    /// The plan was changed after it was approved.
    Tampered,
    /// The plan is too old.
    Stale,
}

/// How far the clocks of the two processes are off.
fn skew(rng: &mut Rng) -> SignedDuration {
    match rng.u32(..4) {
        0 => SignedDuration::from_secs(rng.i64(-600..600)),
        _ => SignedDuration::ZERO,
    }
}

/// A plan of the store.
pub(crate) struct Kept {
    pub(crate) plan: Arc<Plan>,
    pub(crate) digest: Digest,
}

pub(crate) struct Scene {
    pub(crate) kind: Kind,
    pub(crate) trouble: Arc<Trouble>,
    /// One, or two that hold the same keys.
    pub(crate) plans: Vec<Kept>,
    pub(crate) store: Arc<InMemory>,
    pub(crate) approvals: Vec<Approval>,
    skews: [SignedDuration; 2],
}

type Answer = Result<Applied, ApplyError>;

impl Scene {
    fn process(&self, who: usize, kept: &Kept) -> Process {
        Process {
            trouble: Arc::clone(&self.trouble),
            who,
            skew: self.skews[who],
            plan: Arc::clone(&kept.plan),
            digest: kept.digest,
            store: Arc::clone(&self.store),
            has_others: self.plans.len() > 1,
        }
    }

    /// Applies a plan, after what others have left was found out, as the program does.
    async fn apply(&self, who: usize, holder: String, of: usize) -> Answer {
        let (_keep, stop) = watch::channel(false);
        for (_, other) in self.plans.iter().enumerate().filter(|(number, _)| *number != of) {
            let process = self.process(who, other);
            // What could not be found out is left alone.
            let found = find_out(process.tools(), &process.request(&holder), stop.clone()).await;
            if let Err(ApplyError::Refused(refusal)) = found
                && !matches!(*refusal, Refusal::Held { .. })
            {
                self.trouble.state().violations.push(format!("finding out is refused: {refusal:?}"));
            }
        }
        let process = self.process(who, &self.plans[of]);
        let limits = Limits { max_keys: 1000, ..Limits::default() };
        let request = ApplyRequest {
            run: process.request(&holder),
            approvals: &self.approvals,
            approval_policy: ApprovalPolicy::default(),
            limits: &limits,
        };
        apply(process.tools(), &process, &request, stop).await
    }

    /// Runs appliers of these plans at once; `None` for one that died.
    fn together(&self, plans: &[usize], round: u32) -> Vec<Option<Answer>> {
        let apply = |(who, of): (usize, &usize)| -> Running<'_, Answer> {
            Box::pin(self.apply(who, format!("process-{round}-{who}"), *of))
        };
        let mut answers: Vec<Option<Answer>> = plans.iter().map(|_| None).collect();
        for (who, answer) in together(&self.trouble, plans.iter().enumerate().map(apply).collect()) {
            answers[who] = Some(answer);
        }
        answers
    }

    /// One applier that is left alone, until there is nothing more for it to do; of one plan after the other.
    pub(crate) fn calmly(&self) -> Option<Answer> {
        self.trouble.state().level = Level::default();
        let all = (0..self.plans.len()).map(|of| self.calmly_of(of));
        all.reduce(|one, other| match (one, other) {
            (Some(Ok(one)), Some(Ok(other))) => Some(Ok(joined(one, other))),
            (one, None | Some(Ok(_))) => one,
            (_, other) => other,
        })
        .flatten()
    }

    fn calmly_of(&self, of: usize) -> Option<Answer> {
        let mut last = None;
        for round in 0..4 {
            // Long enough for leases to end and for settling keys to settle.
            self.trouble.pass(Duration::from_hours(3));
            last = self.together(&[of], 1000 + round).pop().flatten();
            let done = |applied: &Applied| applied.keys.iter().all(|(_, outcome)| check::is_final(outcome));
            match &last {
                Some(Ok(applied)) if !done(applied) => {}
                Some(_) => break,
                None => {}
            }
        }
        last
    }
}

/// What came of the keys of two plans that hold the same.
fn joined(mut one: Applied, other: Applied) -> Applied {
    for ((key, outcome), (same, further)) in one.keys.iter_mut().zip(other.keys) {
        assert_eq!(key.key, same.key, "the plans hold other keys");
        if further == KeyOutcome::Gone {
            *outcome = further;
        }
    }
    one.receipts.extend(other.receipts);
    one
}

/// Runs one seed; what was met, and what went wrong.
pub(crate) fn run(seed: u64) -> (Tally, Vec<String>) {
    let mut rng = Rng::with_seed(seed);
    let (sim, users) = world::draw(&mut rng);
    let plan = world::plan(&sim, rng.u32(..5) == 0);
    let approved = document::digest(&plan);
    let kind = match rng.u32(..20) {
        0 => Kind::Tampered,
        1 => Kind::Stale,
        2..6 => Kind::OnlyFaults,
        _ => Kind::Everything,
    };
    let skews = [skew(&mut rng), skew(&mut rng)];
    let earliest = skews.iter().min().copied().unwrap_or_default().min(SignedDuration::ZERO);
    let approval = Approval {
        plan: approved,
        by: "bob".to_owned(),
        account: plan.made_by.account,
        arn: "arn:aws:sts::111122223300:assumed-role/approver/bob".to_owned(),
        comment: None,
        at: start(),
        expires: start() + DAY * 3,
    };
    let (mut plan, mut digest) = (plan, approved);
    let before = sim.truth();
    match kind {
        Kind::Tampered => {
            let forged = rng.bool();
            world::tamper(&mut plan, &before, &mut rng);
            if forged {
                digest = document::digest(&plan);
            }
        }
        Kind::Stale => sim.clock().advance(Duration::from_hours(8 * 24)),
        // Clocks that are behind must not show a time before the plan was made.
        _ => sim.clock().advance(Duration::from_secs(1 + earliest.as_secs().unsigned_abs())),
    }
    let rounds = rng.u32(1..=3);
    let level = Level {
        faults: [0, 20, 100][rng.usize(..3)],
        crashes: [0, 10, 40][rng.usize(..3)],
        foreign: if kind == Kind::OnlyFaults { 0 } else { [0, 10, 60][rng.usize(..3)] },
        stalls: [0, 10, 50][rng.usize(..3)],
        uses: 0,
    };
    let mut appliers: Vec<Vec<usize>> =
        (0..rounds).map(|_| if rng.u32(..3) == 0 { vec![0, 0] } else { vec![0] }).collect();
    let (plan, mut plans) = (Arc::new(plan), Vec::new());
    if seed % 4 == 3 && matches!(kind, Kind::Everything | Kind::OnlyFaults) {
        let another = Plan { id: "another".to_owned(), ..Plan::clone(&plan) };
        plans.push(Kept { digest: document::digest(&another), plan: Arc::new(another) });
        // Which plan each has draws on numbers of its own, so that the rest of a run is that of its seed.
        let mut which = Rng::with_seed(seed);
        appliers.iter_mut().flatten().for_each(|of| *of = which.usize(..2));
    }
    let of_others = plans.iter().map(|kept| Approval { plan: kept.digest, ..approval.clone() });
    let approvals = std::iter::once(approval.clone()).chain(of_others).collect();
    plans.insert(0, Kept { plan, digest });
    let trouble = Trouble::new(sim, rng, seed, users);
    trouble.state().level = level;
    let scene =
        Scene { kind, trouble: Arc::new(trouble), approvals, plans, store: Arc::new(InMemory::new()), skews };
    for (round, appliers) in (0..).zip(&appliers) {
        if appliers.len() == 2 {
            scene.trouble.state().tally.count("rounds of two appliers at once");
        }
        let answers = scene.together(appliers, round);
        check::answers(&scene, &answers);
    }
    let last = scene.calmly();
    check::end(&scene, &before, last);
    let state = &mut *scene.trouble.state();
    (std::mem::take(&mut state.tally), std::mem::take(&mut state.violations))
}
