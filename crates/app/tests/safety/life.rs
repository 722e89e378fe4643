//! Runs that deactivate unused keys, and are reverted then: appliers that are interrupted by everything, one that is left alone,
//! reverters that are interrupted by everything, one that is left alone. What must hold at each call is checked in `ports`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use fastrand::Rng;
use futures_util::task::noop_waker;
use keysweep_app::apply::{
    Applied, ApplyError, ApplyRequest, DeactivationOutcome, Refusal, RevertOutcome, Reverted, apply, revert,
};
use keysweep_core::account::AccountId;
use keysweep_core::approval::{Approval, ApprovalPolicy};
use keysweep_core::journal::receipt::{Action, How, Receipt};
use keysweep_core::journal::{Event, Sealed};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::lint::Limits;
use keysweep_core::plan::{Plan, PlannedDeactivation, SkipReason, document};
use keysweep_core::ports::Journal as _;
use keysweep_core::time::SignedDuration;
use keysweep_sim::truth::KeyTruth;
use keysweep_sim::{Sim, WorldSpec};
use keysweep_store::InMemory;
use tokio::sync::watch;

use super::Tally;
use super::check;
use super::ports::Process;
use super::together::{Running, together};
use super::trouble::{Level, Trouble};
use super::world::{self, DAY, start};

/// What came of an apply or of a revert.
enum Answer {
    Applied(Result<Applied, ApplyError>),
    Reverted(Result<Reverted, ApplyError>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Apply,
    Revert,
}

struct Scene {
    trouble: Arc<Trouble>,
    plan: Arc<Plan>,
    digest: Digest,
    store: Arc<InMemory>,
    approvals: Vec<Approval>,
    /// Faults and crashes, and nobody else.
    alone: bool,
}

/// Two accounts with users whose keys are unused, in use, switched on lately, or Inactive.
fn draw(rng: &mut Rng) -> (Arc<Sim>, Vec<(AccountId, String)>) {
    let sim = Sim::new(WorldSpec::empty(start()));
    let (mut users, mut number) = (Vec::new(), 0);
    sim.edit(|world| {
        for place in 0..2_u64 {
            let id = AccountId::from_number(111_122_223_300 + place).unwrap();
            let mut edit = world.account(id);
            for user in 0..rng.u32(1..=2) {
                let name = format!("user-{user}");
                let mut user = edit.user(&name);
                if rng.u32(..10) == 0 {
                    user.tag("keysweep:keep", "always");
                }
                for _ in 0..rng.u32(1..=2) {
                    number += 1;
                    let mut key =
                        user.key(&format!("AKIAEXAMPLE{number:09}"), start() - DAY * rng.i32(200..400));
                    match rng.u32(..10) {
                        0..4 => {
                            key.last_used(start() - DAY * rng.i32(100..190), "s3", "us-east-1");
                        }
                        4..6 => {}
                        6 => {
                            key.deactivated(start() - DAY * 150).activated(start() - DAY * 120);
                        }
                        7 => {
                            key.last_used(start() - DAY * 3, "s3", "us-east-1");
                        }
                        8 => {
                            key.deactivated(start() - DAY * 20).activated(start() - DAY * 10);
                        }
                        _ => {
                            key.deactivated(start() - DAY * rng.i32(5..80));
                        }
                    }
                }
                users.push((id, name));
            }
        }
    });
    (Arc::new(sim), users)
}

fn planned(account: AccountId, key: &KeyTruth, since: keysweep_core::time::Instant) -> PlannedDeactivation {
    PlannedDeactivation {
        account,
        user: key.user.parse().unwrap(),
        user_arn: key.user_arn.clone(),
        key: key.id.parse().unwrap(),
        created: key.created,
        unused_since: since,
        last_used: Some(since).filter(|since| *since > key.created),
        as_of: start(),
        evidence: key.changes.iter().map(|change| format!("event:{}", change.event)).collect(),
        owner_tag: None,
        other_keys: 1,
        other_active: 1,
        lapsed_exemptions: Vec::new(),
    }
}

/// The plan for a world: every Active key, for the look before each call to tell which are unused. Those in use, and those that a
/// tag keeps, must survive it.
fn plan(sim: &Sim, rng: &mut Rng, with_deletions: bool) -> Plan {
    let truth = sim.truth();
    let mut plan = world::plan(sim, false);
    if !with_deletions {
        plan.keys.clear();
    }
    plan.deactivate_unused = Some("30d".parse().unwrap());
    for found in &truth.accounts {
        for key in found.keys.iter().filter(|key| key.status == KeyStatus::Active) {
            let changed = key.changes.last().map(|change| change.at);
            // As old as the use that the planner knows of; a later one is news to the apply.
            let since = changed.unwrap_or(key.created).max(start() - DAY * rng.i32(95..100));
            if start() - since > DAY * 90 {
                plan.deactivations.push(planned(found.id, key, since));
            }
        }
    }
    plan.deactivations.sort_by(|a, b| (a.account, &a.user, &a.key).cmp(&(b.account, &b.user, &b.key)));
    plan
}

impl Scene {
    fn process(&self, who: usize) -> Process {
        Process {
            trouble: Arc::clone(&self.trouble),
            who,
            skew: SignedDuration::ZERO,
            plan: Arc::clone(&self.plan),
            digest: self.digest,
            store: Arc::clone(&self.store),
            has_others: false,
        }
    }

    async fn act(&self, who: usize, holder: String, verb: Verb) -> Answer {
        let process = self.process(who);
        let (_keep, stop) = watch::channel(false);
        let run = process.request(&holder);
        match verb {
            Verb::Apply => {
                let limits =
                    Limits { max_keys: 1000, deactivate_unused: "30d".parse().ok(), ..Limits::default() };
                let request = ApplyRequest {
                    run,
                    approvals: &self.approvals,
                    approval_policy: ApprovalPolicy::default(),
                    limits: &limits,
                };
                Answer::Applied(apply(process.tools(), &process, &request, stop).await)
            }
            Verb::Revert => Answer::Reverted(revert(process.tools(), &run, stop).await),
        }
    }

    /// Runs these at once; the answer of the last to end.
    fn together(&self, verbs: &[Verb], round: u32) -> Option<Answer> {
        let act = |(who, verb): (usize, &Verb)| -> Running<'_, Answer> {
            Box::pin(self.act(who, format!("process-{round}-{who}"), *verb))
        };
        let answers = together(&self.trouble, verbs.iter().enumerate().map(act).collect());
        for (_, answer) in &answers {
            self.look_at(answer);
        }
        answers.into_iter().last().map(|(_, answer)| answer)
    }

    fn look_at(&self, answer: &Answer) {
        let error = match answer {
            Answer::Applied(answer) => answer.as_ref().err(),
            Answer::Reverted(answer) => answer.as_ref().err(),
        };
        if let Some(ApplyError::Refused(refusal)) = error
            && !matches!(**refusal, Refusal::Held { .. })
        {
            self.wrong(format!("it is refused: {refusal:?}"));
        }
    }

    /// One that is left alone, again and again until there is nothing more for it to do.
    fn calmly(&self, verb: Verb) -> Option<Answer> {
        self.trouble.state().level = Level::default();
        let mut last = None;
        for round in 0..4 {
            // Long enough for leases to end and for CloudTrail to deliver.
            self.trouble.pass(Duration::from_hours(3));
            last = self.together(&[verb], 1000 + round);
            let more = match &last {
                Some(Answer::Applied(Ok(applied))) => {
                    applied.deactivations.iter().any(|(_, outcome)| outcome.may_follow())
                        || applied.keys.iter().any(|(_, outcome)| !check::is_final(outcome))
                }
                Some(Answer::Reverted(Ok(reverted))) => {
                    reverted.keys.iter().any(|(_, outcome)| outcome.may_follow())
                }
                _ => false,
            };
            if !more {
                break;
            }
        }
        last
    }

    fn wrong(&self, what: String) {
        self.trouble.state().violations.push(what);
    }

    fn count(&self, what: &'static str) {
        self.trouble.state().tally.count(what);
    }

    fn events(&self) -> Vec<Sealed> {
        let waker = noop_waker();
        match std::pin::pin!(self.store.events(self.digest)).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(events) => events.unwrap(),
            Poll::Pending => panic!("the store in memory waits"),
        }
    }

    /// The same again changes nothing, neither in the world nor in the journal.
    fn again(&self, verb: Verb) {
        let (events, switched) = (self.events(), self.trouble.state().switched.len());
        let _ = self.together(&[verb], 2000);
        if self.trouble.state().switched.len() != switched {
            self.wrong("a second run switched more".to_owned());
        }
        // Deletions that a revert came in between go on.
        if check::is_done(&self.plan, self.digest, &events) && self.events() != events {
            self.wrong("a second run wrote to a journal that was done".to_owned());
        }
    }

    /// How many calls of the run set the key Inactive.
    fn times_deactivated(&self, id: &str) -> usize {
        let state = self.trouble.state();
        state.switched.iter().filter(|one| one.key == id && one.to == KeyStatus::Inactive).count()
    }

    fn touched_by_others(&self) -> BTreeSet<String> {
        self.trouble.state().set_by_others.iter().map(|(key, _)| key.clone()).collect()
    }

    /// Receipts are exactly of the calls that AWS confirmed, and of what was seen after others.
    fn receipts(&self, receipts: &[Receipt]) {
        let own: BTreeMap<(String, &'static str), Vec<Option<String>>> = {
            let state = self.trouble.state();
            let mut own = BTreeMap::<_, Vec<_>>::new();
            for one in &state.switched {
                let action =
                    if one.to == KeyStatus::Active { Action::Reactivated } else { Action::Deactivated };
                own.entry((one.key.clone(), action.name())).or_default().push(one.request_id.clone());
            }
            own
        };
        for receipt in receipts {
            let of = own.get(&(receipt.key.key.to_string(), receipt.action.name()));
            match &receipt.how {
                How::Set(setting) => {
                    if !of.is_some_and(|ids| ids.contains(&setting.request_id)) {
                        self.wrong(format!("the receipt of key {} was never given", receipt.key.key));
                    }
                }
                How::SeenSet { .. } if of.is_none() => self.count("receipts: seen, by somebody else"),
                How::SeenSet { .. } => self.count("receipts: seen, the answer was lost"),
                How::Confirmed(_) | How::SeenGone { .. } => {
                    if self.plan.by_id().deletion(receipt.key.account, &receipt.key.key).is_none() {
                        self.wrong(format!("key {} has a receipt of a deletion", receipt.key.key));
                    }
                }
            }
        }
        let others = self.touched_by_others();
        let truth = self.trouble.sim.truth();
        for (key, action) in own.keys().filter(|(key, _)| !others.contains(key)) {
            let has = receipts.iter().any(|one| one.key.key.as_str() == key && one.action.name() == *action);
            if truth.key(key).is_some() && !has {
                self.wrong(format!("key {key} was {action}, and there is no receipt"));
            }
        }
    }

    fn applied(&self, before: &keysweep_sim::Truth, applied: &Applied) {
        let after = self.trouble.sim.truth();
        let others = self.touched_by_others();
        for (key, outcome) in &applied.deactivations {
            self.count(match outcome {
                DeactivationOutcome::Deactivated { confirmed: true } => "unused keys: deactivated",
                DeactivationOutcome::Deactivated { .. } => "unused keys: deactivated, not confirmed",
                DeactivationOutcome::Skipped(SkipReason::UsedSince { .. }) => "unused keys: left alone, used",
                DeactivationOutcome::Skipped(SkipReason::Exempt(_)) => "unused keys: left alone, exempt",
                DeactivationOutcome::Skipped(_) => "unused keys: left alone for another reason",
                _ => "unused keys: Active still",
            });
            let id = key.key.as_str();
            let found = after.key(id);
            let status = found.map(|key| key.status);
            match outcome {
                DeactivationOutcome::Deactivated { .. }
                    if status == Some(KeyStatus::Active) && !others.contains(id) =>
                {
                    self.wrong(format!("key {id} is said to be deactivated and is Active"));
                }
                DeactivationOutcome::Unknown | DeactivationOutcome::Waiting => {
                    self.wrong(format!("key {id} is {outcome:?} in the end"));
                }
                DeactivationOutcome::Skipped(SkipReason::UsedSince { .. } | SkipReason::Exempt(_))
                | DeactivationOutcome::Deactivated { .. } => {}
                _ if self.alone => {
                    self.wrong(format!("key {id} is {outcome:?}, with nobody else about"));
                }
                _ => {}
            }
        }
        check::deletions(&mut self.trouble.state(), &after, applied);
        // Whoever was not planned and changed was changed by somebody else.
        let ours: BTreeSet<String> = {
            let state = self.trouble.state();
            let switched = state.switched.iter().map(|one| one.key.clone());
            switched.chain(state.deleted.iter().map(|one| one.key.clone())).collect()
        };
        for key in before.accounts.iter().flat_map(|account| &account.keys) {
            if self.alone
                && !ours.contains(&key.id)
                && after.key(&key.id).map(|now| now.status) != Some(key.status)
            {
                self.wrong(format!("key {} changed, and nobody set it", key.id));
            }
        }
        self.receipts(&applied.receipts);
    }

    fn reverted(&self, reverted: &Reverted) {
        let after = self.trouble.sim.truth();
        let others = self.touched_by_others();
        for (key, outcome) in &reverted.keys {
            self.count(match outcome {
                RevertOutcome::Reactivated => "reverts: reactivated",
                RevertOutcome::NotConfirmed => "reverts: not confirmed, left alone",
                RevertOutcome::LeftAlone(_) => "reverts: left alone",
                RevertOutcome::Kept(_) | RevertOutcome::Unknown | RevertOutcome::Waiting => {
                    "reverts: Inactive still"
                }
            });
            let id = key.key.as_str();
            // Others may have deleted it since.
            let is_active = after.key(id).is_none_or(|key| key.status == KeyStatus::Active);
            match outcome {
                RevertOutcome::Reactivated if !is_active && !others.contains(id) => {
                    self.wrong(format!("key {id} is said to be reactivated and is not Active"));
                }
                RevertOutcome::Reactivated | RevertOutcome::NotConfirmed => {}
                RevertOutcome::Unknown | RevertOutcome::Waiting => {
                    self.wrong(format!("key {id} is {outcome:?} in the end"));
                }
                // Of two calls to Inactive, one by a process that stood still, CloudTrail does not tell that both were the run's.
                RevertOutcome::LeftAlone(SkipReason::StatusChanged { to: KeyStatus::Inactive, .. })
                    if self.times_deactivated(id) > 1 =>
                {
                    self.count("reverts: left alone, as an earlier call came late");
                }
                _ if self.alone => {
                    self.wrong(format!("key {id} is {outcome:?}, with nobody else about"));
                }
                _ => {}
            }
        }
        self.receipts(&reverted.receipts);
    }
}

/// Runs one seed; what was met, and what went wrong.
pub(crate) fn run(seed: u64) -> (Tally, Vec<String>) {
    let mut rng = Rng::with_seed(seed ^ 0x006c_6966_6500);
    let (sim, users) = draw(&mut rng);
    let plan = plan(&sim, &mut rng, seed.is_multiple_of(3));
    let digest = document::digest(&plan);
    let approval = Approval {
        plan: digest,
        by: "bob".to_owned(),
        account: plan.made_by.account,
        arn: "arn:aws:sts::111122223300:assumed-role/approver/bob".to_owned(),
        comment: None,
        at: start(),
        expires: start() + DAY * 3,
    };
    let before = sim.truth();
    sim.clock().advance(Duration::from_secs(1));
    let alone = rng.u32(..4) == 0;
    let level = Level {
        faults: [0, 20, 100][rng.usize(..3)],
        crashes: [0, 10, 40][rng.usize(..3)],
        foreign: if alone { 0 } else { [0, 10, 60][rng.usize(..3)] },
        stalls: [0, 10, 50][rng.usize(..3)],
        uses: if alone { 0 } else { [0, 10, 40][rng.usize(..3)] },
    };
    let rounds: Vec<Vec<Verb>> = (0..rng.u32(1..=3))
        .map(|_| if rng.u32(..3) == 0 { vec![Verb::Apply, Verb::Apply] } else { vec![Verb::Apply] })
        .collect();
    let reverts: Vec<Vec<Verb>> = (0..rng.u32(0..=2))
        .map(|_| match rng.u32(..4) {
            0 => vec![Verb::Revert, Verb::Revert],
            1 => vec![Verb::Revert, Verb::Apply],
            _ => vec![Verb::Revert],
        })
        .collect();
    let is_early = rng.u32(..4) == 0;
    let trouble = Trouble::new(sim, rng, seed, users);
    let scene = Scene {
        trouble: Arc::new(trouble),
        plan: Arc::new(plan),
        digest,
        store: Arc::new(InMemory::new()),
        approvals: vec![approval],
        alone,
    };
    scene.trouble.state().level = level;
    for (round, verbs) in (0..).zip(&rounds) {
        scene.together(verbs, round);
    }
    // Some runs are reverted in the middle.
    if !is_early || reverts.is_empty() {
        match scene.calmly(Verb::Apply) {
            Some(Answer::Applied(Ok(applied))) => scene.applied(&before, &applied),
            _ => scene.wrong("an apply that was left alone did not end well".to_owned()),
        }
        scene.again(Verb::Apply);
        scene.count("runs: deactivate");
        if !scene.plan.keys.is_empty() {
            scene.count("runs: deactivate and delete");
        }
    }
    if !reverts.is_empty() {
        scene.trouble.state().level = level;
        for (round, verbs) in (10..).zip(&reverts) {
            scene.together(verbs, round);
        }
        match scene.calmly(Verb::Revert) {
            Some(Answer::Reverted(Ok(reverted))) => scene.reverted(&reverted),
            _ => scene.wrong("a revert that was left alone did not end well".to_owned()),
        }
        scene.again(Verb::Revert);
        // Once reverted, a run deactivates nothing more. Where there was nothing to revert, it may go on.
        if scene.events().iter().any(|sealed| matches!(sealed.event, Event::Reverting { .. })) {
            scene.again(Verb::Apply);
        }
        scene.count("runs: deactivate and revert");
    }
    if !scene.trouble.state().violations.is_empty() {
        let lines: Vec<String> = scene.events().iter().map(|sealed| format!("  {}", sealed.text())).collect();
        scene.wrong(lines.join("\n"));
    }
    let state = &mut *scene.trouble.state();
    (std::mem::take(&mut state.tally), std::mem::take(&mut state.violations))
}
