//! Small worlds and the plans for them: two accounts, keys to be deleted, and beside them keys that must never be.

use std::sync::Arc;

use fastrand::Rng;
use keysweep_core::account::{AccountId, Organization, OrganizationalUnit, Partition};
use keysweep_core::assessment::Scope;
use keysweep_core::infer::Confidence;
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::{Author, InactiveSince, Plan, PlanAccount, PlannedKey};
use keysweep_core::policy::Policy;
use keysweep_core::time::{Instant, Interval, SignedDuration};
use keysweep_sim::truth::KeyTruth;
use keysweep_sim::{Sim, WorldSpec};

pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(crate) fn start() -> Instant {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn account(number: u64) -> AccountId {
    AccountId::from_number(111_122_223_300 + number).unwrap()
}

/// A world of two accounts with users and keys of every kind.
pub(crate) fn draw(rng: &mut Rng) -> (Arc<Sim>, Vec<(AccountId, String)>) {
    let sim = Sim::new(WorldSpec::empty(start()));
    let mut users = Vec::new();
    let mut number = 0;
    sim.edit(|world| {
        for place in 0..2 {
            let id = account(place);
            let mut edit = world.account(id);
            for user in 0..rng.u32(1..=2) {
                let name = format!("user-{user}");
                let mut user = edit.user(&name);
                if rng.u32(..8) == 0 {
                    user.tag("keysweep:keep", "always");
                }
                for _ in 0..rng.u32(1..=2) {
                    number += 1;
                    let created = start() - DAY * rng.i32(200..400);
                    let mut key = user.key(&format!("AKIAEXAMPLE{number:09}"), created);
                    match rng.u32(..10) {
                        // Long-term inactive: what a plan is for.
                        0..7 => {
                            key.deactivated(start() - DAY * rng.i32(40..80));
                        }
                        7 => {
                            key.deactivated(start() - DAY * rng.i32(1..20));
                        }
                        8 => {
                            key.deactivated(start() - DAY * 60).activated(start() - DAY * 50);
                        }
                        _ => {}
                    }
                }
                users.push((id, name));
            }
        }
    });
    (Arc::new(sim), users)
}

fn planned(account: AccountId, key: &KeyTruth, since: Instant, settling: bool) -> PlannedKey {
    let (as_of, confidence) = if settling {
        (start(), Confidence::Settling)
    } else {
        (start() - SignedDuration::from_hours(2), Confidence::Proven)
    };
    PlannedKey {
        account,
        user: key.user.parse().unwrap(),
        user_arn: key.user_arn.clone(),
        key: key.id.parse().unwrap(),
        created: key.created,
        inactive_since: InactiveSince { as_of, interval: Interval::exactly(since), confidence },
        evidence: key.changes.iter().map(|change| format!("event:{}", change.event)).collect(),
        owner_tag: None,
        other_keys: None,
        lapsed_exemptions: Vec::new(),
    }
}

/// The plan for a world: all its long-term inactive keys.
pub(crate) fn plan(sim: &Sim, settling: bool) -> Plan {
    let truth = sim.truth();
    let mut keys = Vec::new();
    let mut accounts = Vec::new();
    for found in &truth.accounts {
        for key in found.keys.iter().filter(|key| key.status == KeyStatus::Inactive) {
            if let Some(since) = key.inactive_since.filter(|since| start() - *since >= DAY * 30) {
                keys.push(planned(found.id, key, since, settling));
            }
        }
        let root = OrganizationalUnit { id: "r-0000".to_owned(), name: "Root".to_owned() };
        accounts.push(PlanAccount {
            id: found.id,
            name: None,
            path: Some(vec![root]),
            users: Some(100),
            complete: true,
        });
    }
    keys.sort_by(|a, b| (a.account, &a.user, &a.key).cmp(&(b.account, &b.user, &b.key)));
    Plan {
        id: "plan".to_owned(),
        version: "0".to_owned(),
        made_at: start(),
        made_by: Author { account: account(0), arn: "arn:aws:iam::111122223300:role/planner".to_owned() },
        scope: scope(sim),
        partition: Partition::Aws,
        assessment: "scan".to_owned(),
        assessed_at: start(),
        policy: Policy::default(),
        accounts,
        users: Some(200),
        keys,
        not_planned: Vec::new(),
        deactivate_unused: None,
        deactivations: Vec::new(),
        not_surveyed: Vec::new(),
    }
}

fn scope(sim: &Sim) -> Scope {
    Scope::Organization(Organization { id: sim.organization_id(), management_account: account(0) })
}

/// Changes a plan as somebody would who wants other keys deleted, or as a disk does that fails.
pub(crate) fn tamper(plan: &mut Plan, truth: &keysweep_sim::Truth, rng: &mut Rng) {
    let others =
        truth.accounts.iter().flat_map(|account| account.keys.iter().map(move |key| (account.id, key)));
    let mut other = others
        .filter(|(_, key)| key.status == KeyStatus::Active)
        .map(|(id, key)| planned(id, key, start() - DAY * 90, false));
    match other.next_back() {
        Some(active) => plan.keys.push(active),
        None => plan.id = format!("plan-{}", rng.u32(1..)),
    }
    if let Some(key) = plan.keys.first_mut() {
        key.created = key.created.next();
    } else {
        plan.id.push('x');
    }
}
