//! Grace: who must have been in published plans, for how long, and what takes a key out.

use std::collections::BTreeSet;

use keysweep_core::plan::grace::{Grace, Published, without_waiting};
use keysweep_core::plan::{KeptBecause, Plan, PlannedKey, document};
use keysweep_core::time::{Instant, Interval, SignedDuration};

use crate::sample::{ACCOUNT, DAY, days_ago, finding, now, plan_of};

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
const GRACE: Grace = Grace { length: WEEK, first_run_is_dry: true };

/// The plan as it was made so many days ago, with claims of that day.
fn published(plan: &Plan, days: i64) -> Published {
    let back = now() - days_ago(days);
    let key = |key: &PlannedKey| {
        let mut key = key.clone();
        key.inactive_since.as_of = key.inactive_since.as_of - back;
        key
    };
    let keys = plan.keys.iter().map(key).collect();
    let plan = Plan { made_at: days_ago(days), keys, ..plan.clone() };
    Published { at: days_ago(days), plan, left_out: BTreeSet::new() }
}

fn left(plan: &Plan, published: &[Published], grace: Grace) -> (Vec<String>, Vec<KeptBecause>) {
    let left = without_waiting(plan, "rest", published, grace);
    assert_eq!(left.id, "rest");
    assert_eq!(left.keys.len() + left.not_planned.len(), plan.keys.len() + plan.not_planned.len());
    // What is left is a plan that can be written and read again.
    assert_eq!(document::read(&document::write(&left)).unwrap().0, left);
    (
        left.keys.iter().map(|key| key.key.to_string()).collect(),
        left.not_planned.into_iter().map(|kept| kept.reason).collect(),
    )
}

fn plan() -> Plan {
    plan_of(vec![finding(1), finding(2)])
}

fn all(plan: &Plan) -> Vec<String> {
    plan.keys.iter().map(|key| key.key.to_string()).collect()
}

#[test]
fn a_key_waits_until_it_has_been_in_published_plans_for_the_grace() {
    let plan = plan();
    let until = |at: Instant| (vec![], vec![KeptBecause::Grace(at); 2]);
    assert_eq!(left(&plan, &[], GRACE), (vec![], vec![KeptBecause::FirstRun; 2]));
    assert_eq!(left(&plan, &[published(&plan, 6)], GRACE), until(days_ago(6) + WEEK));
    assert_eq!(left(&plan, &[published(&plan, 7)], GRACE), (all(&plan), vec![]));
    let daily: Vec<_> = (1..=7).map(|days| published(&plan, days)).collect();
    assert_eq!(left(&plan, &daily, GRACE), (all(&plan), vec![]));
    assert_eq!(left(&plan, &daily[..6], GRACE), until(days_ago(6) + WEEK));
}

#[test]
fn without_grace_the_first_run_is_still_dry_unless_configured_otherwise() {
    let plan = plan();
    let none = Grace { length: SignedDuration::ZERO, ..GRACE };
    assert_eq!(left(&plan, &[], none), (vec![], vec![KeptBecause::FirstRun; 2]));
    assert_eq!(left(&plan, &[published(&plan, 0)], none), (all(&plan), vec![]));
    assert_eq!(left(&plan, &[], Grace { first_run_is_dry: false, ..none }), (all(&plan), vec![]));
}

#[test]
fn a_plan_in_between_that_leaves_the_key_out_begins_the_grace_anew() {
    let plan = plan();
    let mut between = published(&plan, 3);
    let exempt = between.plan.keys.remove(0);
    let (keys, reasons) = left(&plan, &[published(&plan, 9), between.clone()], GRACE);
    assert_eq!(keys, [plan.keys[1].key.to_string()]);
    assert_eq!(reasons, [KeptBecause::Grace(now() + WEEK)]);
    let again = [published(&plan, 9), between, published(&plan, 2)];
    let (keys, reasons) = left(&plan, &again, GRACE);
    assert!(!keys.contains(&exempt.key.to_string()), "{keys:?}");
    assert_eq!(reasons, [KeptBecause::Grace(days_ago(2) + WEEK)]);
}

#[test]
fn a_plan_of_other_accounts_in_between_is_no_break() {
    let plan = plan();
    let mut between = published(&plan, 3);
    (between.plan.keys, between.plan.accounts) = (Vec::new(), Vec::new());
    between.left_out = BTreeSet::from([ACCOUNT.parse().unwrap()]);
    let with = |between: &Published| left(&plan, &[published(&plan, 9), between.clone()], GRACE);
    assert_eq!(with(&between), (all(&plan), vec![]));
    // It lends no time of its own either.
    assert_eq!(left(&plan, &[between.clone()], GRACE), (vec![], vec![KeptBecause::FirstRun; 2]));
    let until = vec![KeptBecause::Grace(days_ago(6) + WEEK); 2];
    let mut older = between.clone();
    (older.at, older.plan.made_at) = (days_ago(20), days_ago(20));
    assert_eq!(left(&plan, &[older, published(&plan, 6), between.clone()], GRACE), (vec![], until));
    // One that looked at the account, or of which that is not known, is.
    let waits = (vec![], vec![KeptBecause::Grace(now() + WEEK); 2]);
    assert_eq!(with(&Published { left_out: BTreeSet::new(), ..between.clone() }), waits);
    let other = BTreeSet::from(["111122223334".parse().unwrap()]);
    assert_eq!(with(&Published { left_out: other, ..between.clone() }), waits);
    between.plan.accounts = plan.accounts.clone();
    assert_eq!(with(&between), waits);
}

#[test]
fn a_key_that_was_switched_on_in_between_waits_anew() {
    let mut plan = plan();
    let earlier = published(&plan, 9);
    // Long enough ago for the threshold of another policy, and after the published plan.
    plan.keys[0].inactive_since.interval = Interval::exactly(days_ago(8));
    plan.policy.threshold = "1d".parse().unwrap();
    let (keys, reasons) = left(&plan, std::slice::from_ref(&earlier), GRACE);
    assert_eq!(keys, [plan.keys[1].key.to_string()]);
    assert_eq!(reasons, [KeptBecause::Grace(now() + WEEK)]);
}

#[test]
fn another_key_user_or_scope_and_a_clock_that_is_wrong_do_not_count() {
    let plan = plan();
    let waits = |published: Published| {
        let (keys, reasons) = left(&plan, &[published], GRACE);
        assert_eq!((keys.len(), reasons.len()), (0, 2));
        reasons
    };
    let change = |change: &dyn Fn(&mut Published)| {
        let mut published = published(&plan, 20);
        change(&mut published);
        published
    };
    waits(change(&|one| one.plan.keys.iter_mut().for_each(|key| key.created = key.created - DAY)));
    waits(change(&|one| one.plan.keys.iter_mut().for_each(|key| key.user_arn.push('x'))));
    waits(change(&|one| one.plan.scope = keysweep_core::assessment::Scope::Account));
    waits(change(&|one| one.plan.made_by.account = "111122223333".parse().unwrap()));
    // Published before it was made, or in the future.
    let reasons = waits(change(&|one| one.plan.made_at = days_ago(1)));
    assert_eq!(reasons, vec![KeptBecause::Grace(days_ago(1) + WEEK); 2]);
    let reasons = waits(change(&|one| one.at = now() + DAY));
    assert_eq!(reasons, vec![KeptBecause::FirstRun; 2]);
}
