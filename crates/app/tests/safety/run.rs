//! One run: a world, a plan, appliers that are interrupted by everything, and in the end one that is left alone.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use keysweep_app::apply::{Applied, ApplyError, ApplyRequest, apply};
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

pub(crate) struct Scene {
    pub(crate) kind: Kind,
    pub(crate) trouble: Arc<Trouble>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) digest: Digest,
    pub(crate) store: Arc<InMemory>,
    pub(crate) approvals: Vec<Approval>,
    skews: [SignedDuration; 2],
}

type Answer = Result<Applied, ApplyError>;

impl Scene {
    fn process(&self, who: usize) -> Process {
        Process {
            trouble: Arc::clone(&self.trouble),
            who,
            skew: self.skews[who],
            plan: Arc::clone(&self.plan),
            digest: self.digest,
            store: Arc::clone(&self.store),
        }
    }

    async fn apply(&self, who: usize, holder: String) -> Answer {
        let process = self.process(who);
        let limits = Limits { max_keys: 1000, ..Limits::default() };
        let request = ApplyRequest {
            run: process.request(&holder),
            approvals: &self.approvals,
            approval_policy: ApprovalPolicy::default(),
            limits: &limits,
        };
        let (_keep, stop) = watch::channel(false);
        apply(process.tools(), &process, &request, stop).await
    }

    /// Runs so many appliers at once; `None` for one that died.
    fn together(&self, appliers: usize, round: u32) -> Vec<Option<Answer>> {
        let apply =
            |who| -> Running<'_, Answer> { Box::pin(self.apply(who, format!("process-{round}-{who}"))) };
        let mut answers: Vec<Option<Answer>> = (0..appliers).map(|_| None).collect();
        for (who, answer) in together(&self.trouble, (0..appliers).map(apply).collect()) {
            answers[who] = Some(answer);
        }
        answers
    }

    /// One applier that is left alone, until there is nothing more for it to do.
    pub(crate) fn calmly(&self) -> Option<Answer> {
        self.trouble.state().level = Level::default();
        let mut last = None;
        for round in 0..4 {
            // Long enough for leases to end and for settling keys to settle.
            self.trouble.pass(Duration::from_hours(3));
            last = self.together(1, 1000 + round).pop().flatten();
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
    let appliers: Vec<usize> = (0..rounds).map(|_| if rng.u32(..3) == 0 { 2 } else { 1 }).collect();
    let trouble = Trouble::new(sim, rng, seed, users);
    trouble.state().level = level;
    let scene = Scene {
        kind,
        trouble: Arc::new(trouble),
        plan: Arc::new(plan),
        digest,
        store: Arc::new(InMemory::new()),
        approvals: vec![approval],
        skews,
    };
    for (round, appliers) in appliers.into_iter().enumerate() {
        if appliers == 2 {
            scene.trouble.state().tally.count("rounds of two appliers at once");
        }
        let answers = scene.together(appliers, u32::try_from(round).unwrap_or_default());
        check::answers(&scene, &answers);
    }
    let last = scene.calmly();
    check::end(&scene, &before, last);
    let state = &mut *scene.trouble.state();
    (std::mem::take(&mut state.tally), std::mem::take(&mut state.violations))
}
