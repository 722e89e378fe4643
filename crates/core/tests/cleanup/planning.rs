//! What becomes of every key of an assessment.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_core::assessment::{AccountStatus, Assessment, Scope, SkipReason};
use keysweep_core::exemption::Exemptions;
use keysweep_core::key::Owner;
use keysweep_core::plan::build::{Holdings, Order, build};
use keysweep_core::plan::idle::idle_units;
use keysweep_core::plan::{Author, KeptBecause, Plan, document};
use keysweep_core::problem::{Gap, Problem};
use keysweep_core::time::{Interval, SignedDuration};

use crate::sample::{
    ACCOUNT, DAY, assessment, caller, days_ago, exemption, expired_key, finding, kept, key_id, now, plan_of,
    plan_with, result,
};

fn planned(plan: &Plan) -> Vec<String> {
    plan.keys.iter().map(|key| key.key.to_string()).collect()
}

/// The reasons of the keys that are not planned, by the key's id, or by the user where there is no id.
fn reasons(plan: &Plan) -> BTreeMap<String, &'static str> {
    let id = |kept: &keysweep_core::plan::NotPlanned| {
        kept.key.as_ref().map_or_else(|| kept.user.clone(), ToString::to_string)
    };
    plan.not_planned.iter().map(|kept| (id(kept), kept.reason.name())).collect()
}

#[test]
fn only_proven_long_term_keys_are_planned_and_every_other_is_told_with_its_reason() {
    let kept = kept();
    let findings = kept.iter().map(|(_, finding)| finding.clone()).chain([finding(2), finding(1)]);
    let assessment = assessment(vec![result(findings.collect(), vec![expired_key()])]);
    let plan = plan_with(&assessment, &Exemptions::default(), false, &Holdings::new());
    assert_eq!(planned(&plan), [key_id(1).to_string(), key_id(2).to_string()]);
    let mut expected: BTreeMap<String, &str> = kept
        .iter()
        .map(|(reason, finding)| {
            let id = finding.key.as_ref().map_or_else(|| "<root_account>".to_owned(), ToString::to_string);
            (id, *reason)
        })
        .collect();
    expected.insert(key_id(22).to_string(), "unknown_status");
    assert_eq!(reasons(&plan), expected);
}

#[test]
fn observed_keys_are_planned_only_where_the_policy_allows_them() {
    let (_, observed) = kept().into_iter().find(|(reason, _)| *reason == "only_observed").unwrap();
    let assessment = assessment(vec![result(vec![observed], Vec::new())]);
    let plan = |allow| plan_with(&assessment, &Exemptions::default(), allow, &Holdings::new());
    assert_eq!(planned(&plan(false)), Vec::<String>::new());
    assert_eq!(planned(&plan(true)), [key_id(17).to_string()]);
}

#[test]
fn exemptions_take_keys_out_until_they_expire() {
    let protects = format!("key:{}", key_id(1));
    let assessment = assessment(vec![result(vec![finding(1), finding(2)], Vec::new())]);
    let plan = |expires| {
        let exemptions = Exemptions::new([exemption(&protects, expires)], []);
        plan_with(&assessment, &exemptions, false, &Holdings::new())
    };
    let exempt = plan(now() + DAY);
    assert_eq!(planned(&exempt), [key_id(2).to_string()]);
    assert!(
        matches!(&exempt.not_planned[0].reason, KeptBecause::Exempt(by) if by.to_string().contains("the bank needs it"))
    );
    let expired = plan(days_ago(1));
    assert_eq!(planned(&expired), [key_id(1).to_string(), key_id(2).to_string()]);
    assert_eq!(expired.keys[0].lapsed_exemptions, [format!("for {protects}")]);
    assert!(expired.keys[1].lapsed_exemptions.is_empty());
}

#[test]
fn units_that_no_account_lies_below_are_told_only_where_all_of_them_are_known() {
    let units = ["Workloads", "ou-1", "r-abcd", "Securty", "Workloads/Production", "ou-2"];
    let idle = |change: &dyn Fn(&mut Assessment)| {
        let mut assessment = assessment(vec![result(Vec::new(), Vec::new())]);
        change(&mut assessment);
        idle_units(&assessment, units)
    };
    let wrong = ["Securty", "Workloads/Production", "ou-2"];
    assert_eq!(idle(&|_| {}), wrong);
    // An account that was left out is there all the same.
    assert_eq!(idle(&|of| of.accounts[0].status = AccountStatus::Skipped(SkipReason::Filtered)), wrong);
    assert_eq!(idle(&|of| of.accounts[0].account.path = None), Vec::<&str>::new());
    assert_eq!(idle(&|of| of.scope = Scope::Account), Vec::<&str>::new());
    for gap in [Gap::AccountsNotListed, Gap::OrganizationalUnitsNotRead, Gap::Interrupted] {
        let problem = Problem { account: None, gap, error: None, detail: None };
        assert_eq!(idle(&|of| of.problems = vec![problem.clone()]), Vec::<&str>::new());
    }
}

#[test]
fn a_key_that_is_listed_twice_is_not_planned() {
    let plan = plan_of(vec![finding(1), finding(1), finding(2)]);
    assert_eq!(planned(&plan), [key_id(2).to_string()]);
    assert_eq!(reasons(&plan), BTreeMap::from([(key_id(1).to_string(), "listed_twice")]));
}

#[test]
fn the_same_arguments_give_the_same_plan_whatever_the_order_of_findings() {
    let forward: Vec<_> = (1..9).map(finding).collect();
    let backward: Vec<_> = (1..9).rev().map(finding).collect();
    assert_eq!(plan_of(forward.clone()), plan_of(backward));
    assert_eq!(plan_of(forward.clone()), plan_of(forward));
}

#[test]
fn other_keys_are_counted_where_they_are_known() {
    let assessment = assessment(vec![result(vec![finding(1), finding(2)], Vec::new())]);
    let holdings = Holdings::from([((finding(1).account, "user-1".parse().unwrap()), 2)]);
    let plan = plan_with(&assessment, &Exemptions::default(), false, &holdings);
    assert_eq!(plan.keys.iter().map(|key| key.other_keys).collect::<Vec<_>>(), [Some(1), None]);
}

#[test]
fn a_key_that_an_earlier_clean_up_deleted_is_not_planned_again() {
    let assessment = assessment(vec![result(vec![finding(1), finding(2)], Vec::new())]);
    let gone = BTreeSet::from([(ACCOUNT.parse().unwrap(), key_id(2))]);
    let plan = build(
        &assessment,
        &Order {
            id: "plan-1",
            version: "0",
            author: Author::from(&caller()),
            exemptions: &Exemptions::default(),
            allow_observed: false,
            holdings: &Holdings::new(),
            gone: &gone,
            now: now(),
        },
    );
    let planned: Vec<_> = plan.keys.iter().map(|key| key.key.clone()).collect();
    assert_eq!(planned, [key_id(1)]);
    assert_eq!(plan.not_planned[0].reason, KeptBecause::Gone);
    assert_eq!(document::read(&document::write(&plan)).unwrap().0, plan);
}

#[test]
fn a_plan_knows_of_its_accounts_how_many_users_they_have_and_whether_they_were_assessed_completely() {
    let mut second = result(vec![finding(2)], vec![expired_key()]);
    second.account.id = "222233334444".parse().unwrap();
    second.findings[0].account = second.account.id;
    second.users = Some(7);
    let mut without = result(Vec::new(), Vec::new());
    without.account.id = "333344445555".parse().unwrap();
    let mut left_out = without.clone();
    left_out.account.id = "444455556666".parse().unwrap();
    left_out.status = AccountStatus::Skipped(SkipReason::Filtered);
    left_out.users = None;
    let of = |accounts| plan_with(&assessment(accounts), &Exemptions::default(), false, &Holdings::new());
    let accounts = vec![second.clone(), result(vec![finding(1)], Vec::new()), without.clone(), left_out];
    let plan = of(accounts.clone());
    let known: Vec<_> = plan
        .accounts
        .iter()
        .map(|account| (account.id.to_string(), account.users, account.complete))
        .collect();
    // Of the accounts without keys only the number of users counts, and of those that were left out not even that.
    assert_eq!(known, [(ACCOUNT.to_owned(), Some(100), true), ("222233334444".to_owned(), Some(7), false)]);
    assert_eq!(plan.users, Some(207));
    let mut unknown = accounts;
    unknown[2].users = None;
    assert_eq!(of(unknown).users, None);
}

#[test]
fn a_key_inactive_for_exactly_the_threshold_is_planned() {
    let threshold = assessment(Vec::new()).policy.threshold.length();
    let since = |more| {
        let mut finding = finding(1);
        let claim = &mut finding.inactive_since;
        claim.interval = Interval::exactly(claim.as_of - threshold + more);
        planned(&plan_of(vec![finding])).len()
    };
    assert_eq!((since(SignedDuration::ZERO), since(SignedDuration::from_secs(1))), (1, 0));
}

#[test]
fn findings_say_where_they_stand_towards_the_exemptions() {
    let mut root = finding(3);
    root.owner = Owner::Root;
    root.key = None;
    let mut assessment = assessment(vec![result(vec![finding(1), finding(2), root], Vec::new())]);
    let exemptions = Exemptions::new(
        [
            exemption(&format!("key:{}", key_id(1)), now() + DAY),
            exemption(&format!("key:{}", key_id(2)), days_ago(1)),
        ],
        [],
    );
    assessment.tell_exemptions(&exemptions);
    let standings: Vec<_> = assessment
        .findings()
        .map(|finding| finding.exemption.as_ref().map(|standing| (standing.name(), standing.protects())))
        .collect();
    assert_eq!(standings, [Some(("exempt", true)), Some(("expired", false)), None]);
}
