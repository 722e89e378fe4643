//! The file of a plan, and everything that may be wrong with one.

use keysweep_core::assessment::Scope;
use keysweep_core::exemption::Exemptions;
use keysweep_core::plan::build::Holdings;
use keysweep_core::plan::document::{self, NotAPlan};
use keysweep_core::plan::{KeptBecause, Plan};
use keysweep_core::time::{Interval, SignedDuration};
use serde_json::Value;

use crate::sample::{DAY, assessment, exemption, expired_key, finding, kept, now, plan_with, result};

fn everything() -> Plan {
    let findings = kept().into_iter().map(|(_, finding)| finding).chain([finding(1), finding(2)]);
    let mut findings: Vec<_> = findings.collect();
    let mut bank = finding(3);
    bank.tags = Some([("owner".to_owned(), "bank".to_owned())].into());
    findings.push(bank);
    let assessment = assessment(vec![result(findings, vec![expired_key()])]);
    let exemptions =
        Exemptions::new([exemption("tag:owner=bank", now() + DAY)], ["keysweep:keep".to_owned()]);
    plan_with(&assessment, &exemptions, false, &Holdings::new())
}

#[test]
fn a_plan_is_read_as_it_was_written() {
    let plan = everything();
    let text = document::write(&plan);
    let (read, digest) = document::read(&text).unwrap();
    assert_eq!(read, plan);
    assert_eq!(digest, document::digest(&plan));
    assert_eq!(document::write(&read), text);
}

#[test]
fn the_layout_of_the_file_does_not_matter() {
    let plan = everything();
    let value: Value = serde_json::from_str(&document::write(&plan)).unwrap();
    let (read, digest) = document::read(&value.to_string()).unwrap();
    assert_eq!((read, digest), (plan.clone(), document::digest(&plan)));
}

/// Every place in a document that holds a value without members.
fn leaves(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(name, inner)| leaves(inner, &format!("{place}/{name}"), found));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, inner)| leaves(inner, &format!("{place}/{at}"), found));
        }
        _ => found.push(place.to_owned()),
    }
}

fn edits(value: &Value) -> Vec<Value> {
    let mut edits =
        vec![Value::Null, "other".into(), 7.into(), serde_json::json!({}), serde_json::json!(["x"])];
    match value {
        Value::String(text) => edits.push(format!("{text} ").into()),
        Value::Number(number) => edits.push((number.as_i64().unwrap() + 1).into()),
        Value::Bool(flag) => edits.push((!flag).into()),
        _ => {}
    }
    edits.retain(|edit| edit != value);
    edits
}

#[test]
fn every_edited_field_is_noticed() {
    let original: Value = serde_json::from_str(&document::write(&everything())).unwrap();
    let mut places = Vec::new();
    leaves(&original, "", &mut places);
    assert!(places.len() > 150, "{}", places.len());
    for place in places {
        for edit in edits(original.pointer(&place).unwrap()) {
            let mut edited = original.clone();
            *edited.pointer_mut(&place).unwrap() = edit.clone();
            assert!(document::read(&edited.to_string()).is_err(), "{place} = {edit}");
        }
    }
}

/// The document with something changed and the digest made anew, as somebody would who knows how.
fn forged(change: impl FnOnce(&mut Value)) -> Result<Plan, NotAPlan> {
    // Members keep their order only as text, so the change is made where it does not reorder anything: in the text.
    let text = document::write(&everything());
    let mut value: Value = serde_json::from_str(&text).unwrap();
    change(&mut value);
    let mut edited = text.clone();
    let original: Value = serde_json::from_str(&text).unwrap();
    let mut places = Vec::new();
    leaves(&original, "", &mut places);
    for place in places {
        let (old, new) = (original.pointer(&place).unwrap(), value.pointer(&place).unwrap());
        if old != new {
            let name = place.rsplit('/').next().unwrap();
            edited = edited.replacen(&format!("\"{name}\": {old}"), &format!("\"{name}\": {new}"), 1);
        }
    }
    assert_ne!(edited, text, "nothing was changed");
    match document::read(&edited) {
        Err(NotAPlan::Changed { stated, actual }) => {
            document::read(&edited.replace(&stated, &actual.to_string())).map(|(plan, _)| plan)
        }
        other => other.map(|(plan, _)| plan),
    }
}

#[test]
fn a_forged_digest_does_not_make_nonsense_a_plan() {
    for (place, value) in [
        ("/plan/keys/0/expected_status", "Active".into()),
        ("/plan/keys/0/reason", "old".into()),
        ("/plan/keys/0/confidence", "certain".into()),
        ("/plan/keys/0/account_id", "444455556666".into()),
        ("/plan/keys/0/user_arn", "arn:aws:iam::111122223333:user/other".into()),
        ("/plan/keys/0/user_arn", "arn:aws:iam::444455556666:user/user-1".into()),
        ("/plan/keys/0/access_key_id", "AKIA".into()),
        ("/plan/keys/0/created", "2025-10-19 09:00:00".into()),
        ("/plan/keys/0/inactive_since_latest", "2026-11-20T09:00:00Z".into()),
        ("/plan/keys/0/inactive_at_least_seconds", 1.into()),
        ("/plan/threshold_seconds", 0.into()),
        ("/plan/threshold_seconds", 99_999_999.into()),
        ("/plan/partition", "aws-iso".into()),
        ("/plan/scope/kind", "account".into()),
        ("/plan/not_planned/0/reason", "forgotten".into()),
        ("/plan/not_planned/0/reason", "exempt".into()),
        ("/plan/not_planned/0/reason_text", "because".into()),
    ] as [(&str, Value); 17]
    {
        let forged = forged(|document| *document.pointer_mut(place).unwrap() = value.clone());
        assert!(matches!(&forged, Err(NotAPlan::Wrong { .. })), "{place} = {value}: {forged:?}");
    }
}

#[test]
fn another_plan_has_another_digest() {
    let plan = everything();
    let mut other = plan.clone();
    other.keys[0].created = other.keys[0].created.next();
    assert_ne!(document::digest(&plan), document::digest(&other));
}

#[test]
fn other_versions_unknown_members_and_other_files_are_refused() {
    let text = document::write(&everything());
    let other = text.replace("keysweep.plan/v1", "keysweep.plan/v2");
    assert!(
        matches!(document::read(&other), Err(NotAPlan::Version(version)) if version == "keysweep.plan/v2")
    );
    for (place, text) in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        text.replacen('{', "{\"force\": true,", 1),
        text.replacen("\"expected_status\"", "\"force\": true, \"expected_status\"", 1),
        text.replacen("\"users\": 100,", "\"users\": 100, \"users\": 100,", 1),
        format!("{text}{text}"),
    ]
    .iter()
    .enumerate()
    {
        let refused = document::read(text);
        assert!(matches!(refused, Err(NotAPlan::Json(_))), "{place}: {refused:?}");
    }
    let missing = text.replacen("\"owner_tag\": null,", "", 1);
    assert!(matches!(document::read(&missing), Err(NotAPlan::Wrong { .. })));
}

/// What is wrong with a plan that somebody made by hand, with a digest of its own.
fn wrong(change: impl FnOnce(&mut Plan)) -> String {
    let mut plan = everything();
    change(&mut plan);
    match document::read(&document::write(&plan)) {
        Err(NotAPlan::Wrong { place, .. }) => place,
        other => panic!("{other:?}"),
    }
}

#[test]
fn accounts_and_keys_are_in_order_each_once() {
    let mut two = everything();
    let mut second = two.accounts[0].clone();
    second.id = "222233334444".parse().unwrap();
    two.accounts.push(second);
    assert_eq!(document::read(&document::write(&two)).unwrap().0, two);
    let accounts = two.accounts;
    assert_eq!(wrong(|plan| plan.accounts = accounts.iter().rev().cloned().collect()), "plan/accounts");
    assert_eq!(wrong(|plan| plan.accounts = vec![accounts[0].clone(); 2]), "plan/accounts");
    assert_eq!(wrong(|plan| plan.keys.reverse()), "plan/keys");
    assert_eq!(wrong(|plan| plan.keys = vec![plan.keys[0].clone(); 2]), "plan/keys");
}

#[test]
fn a_key_that_has_been_inactive_for_exactly_the_threshold_is_planned_and_one_a_second_less_is_not() {
    let threshold = everything().policy.threshold.length();
    let since = |plan: &mut Plan, more| {
        let claim = &mut plan.keys[0].inactive_since;
        claim.interval = Interval::exactly(claim.as_of - threshold + more);
    };
    let mut exactly = everything();
    since(&mut exactly, SignedDuration::ZERO);
    assert_eq!(document::read(&document::write(&exactly)).unwrap().0, exactly);
    let place = wrong(|plan| since(plan, SignedDuration::from_secs(1)));
    assert_eq!(place, "plan/keys/0/inactive_since_latest");
}

#[test]
fn a_plan_of_one_account_and_keys_that_are_listed_twice_are_read_as_they_were_written() {
    let mut assessed = assessment(vec![result(vec![finding(1), finding(2), finding(2)], Vec::new())]);
    assessed.scope = Scope::Account;
    let plan = plan_with(&assessed, &Exemptions::default(), false, &Holdings::new());
    assert!(plan.not_planned.iter().any(|kept| kept.reason == KeptBecause::ListedTwice));
    assert_eq!(document::read(&document::write(&plan)).unwrap().0, plan);
}
