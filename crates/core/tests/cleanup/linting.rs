//! Each rule of the linter, just below and just above what it allows.

use keysweep_core::infer::Confidence;
use keysweep_core::plan::Plan;
use keysweep_core::plan::lint::{Context, Limits, Objection, Percent, RULES, Severity, blocks, lint};
use keysweep_core::time::SignedDuration;

use crate::sample::{ACCOUNT, DAY, HOUR, caller, finding, now, plan_of};

fn plan(keys: u32) -> Plan {
    let mut plan = plan_of((1..=keys).map(finding).collect());
    // So that no rule but the one under test has anything to say.
    for key in &mut plan.keys {
        key.other_keys = Some(1);
    }
    plan.accounts.iter_mut().for_each(|account| account.users = Some(10_000));
    plan.users = Some(10_000);
    plan
}

fn objections(plan: &Plan, limits: &Limits) -> Vec<Objection> {
    lint(&Context { plan, limits, caller_arn: &caller().arn, now: now() })
}

/// The rules that object, with how heavily.
fn rules(plan: &Plan, limits: &Limits) -> Vec<(&'static str, Severity)> {
    objections(plan, limits).iter().map(|objection| (objection.rule, objection.severity)).collect()
}

#[test]
fn a_usual_plan_passes() {
    assert_eq!(rules(&plan(10), &Limits::default()), []);
}

#[test]
fn kl001_the_number_of_keys() {
    let limits = Limits::default();
    assert_eq!(rules(&plan(50), &limits), []);
    assert_eq!(rules(&plan(51), &limits), [("KL001", Severity::Error)]);
    assert!(objections(&plan(51), &limits)[0].message.contains("51 keys"));
}

#[test]
fn kl002_and_kl003_the_share_of_users() {
    let with_users = |account: Option<u64>, all: Option<u64>, keys| {
        let mut plan = plan(keys);
        plan.accounts[0].users = account;
        plan.users = all;
        rules(&plan, &Limits::default())
    };
    let (kl002, kl003) = (("KL002", Severity::Error), ("KL003", Severity::Error));
    assert_eq!(with_users(Some(50), Some(50), 10), []);
    assert_eq!(with_users(Some(49), Some(50), 10), [kl002]);
    assert_eq!(with_users(Some(50), Some(49), 10), [kl003]);
    assert_eq!(with_users(None, Some(50), 10), [kl002]);
    assert_eq!(with_users(Some(50), None, 10), [kl003]);
    // A handful passes, for a share of a few users says nothing.
    assert_eq!(with_users(Some(2), Some(2), 2), []);
    assert_eq!(with_users(Some(3), Some(3), 3), [kl002, kl003]);
    let none = Limits { max_account_share: "0%".parse().unwrap(), ..Limits::default() };
    assert_eq!(rules(&plan(3), &none), [kl002]);
}

#[test]
fn kl004_own_keys() {
    let plan = plan(2);
    let user = plan.keys[1].user_arn.clone();
    let limits = Limits::default();
    let found = lint(&Context { plan: &plan, limits: &limits, caller_arn: &user, now: now() });
    assert_eq!(found.iter().map(|found| found.rule).collect::<Vec<_>>(), ["KL004"]);
    assert!(found[0].message.contains(plan.keys[1].key.as_str()));
    let mut own = plan.clone();
    own.made_by.arn = user;
    assert_eq!(rules(&own, &limits), [("KL004", Severity::Error)]);
}

#[test]
fn kl005_to_kl008_what_the_configuration_protects() {
    let error = |rule| [(rule, Severity::Error)];
    let users =
        |pattern: &str| Limits { protected_users: vec![pattern.parse().unwrap()], ..Limits::default() };
    assert_eq!(rules(&plan(2), &users("arn:aws:iam::111122223333:user/user-2")), error("KL005"));
    assert_eq!(rules(&plan(2), &users("arn:aws:iam::111122223333:user/user-3")), []);

    let accounts = |id: &str| Limits { protected_accounts: vec![id.parse().unwrap()], ..Limits::default() };
    assert_eq!(rules(&plan(1), &accounts(ACCOUNT)), error("KL006"));
    assert_eq!(rules(&plan(1), &accounts("111122223334")), []);

    let units = |unit: &str| Limits { protected_units: vec![unit.to_owned()], ..Limits::default() };
    assert_eq!(rules(&plan(1), &units("Workloads")), error("KL007"));
    assert_eq!(rules(&plan(1), &units("r-abcd")), error("KL007"));
    assert_eq!(rules(&plan(1), &units("Sandbox")), []);
    let mut unknown = plan(1);
    unknown.accounts[0].path = None;
    assert_eq!(rules(&unknown, &units("Sandbox")), error("KL007"));
    assert_eq!(rules(&unknown, &Limits::default()), []);

    let mut emergency = plan(1);
    emergency.keys[0].user = "Break-Glass-1".parse().unwrap();
    assert_eq!(rules(&emergency, &Limits::default()), error("KL008"));
    assert_eq!(rules(&emergency, &Limits { break_glass: Vec::new(), ..Limits::default() }), []);
}

#[test]
fn kl009_age() {
    let limits = Limits::default();
    let aged = |made, assessed| {
        let mut plan = plan(1);
        (plan.made_at, plan.assessed_at) = (made, assessed);
        objections(&plan, &limits).iter().map(|found| (found.rule, found.severity)).collect::<Vec<_>>()
    };
    let week = now() - DAY * 7;
    assert_eq!(aged(week, week), []);
    assert_eq!(aged(week.previous(), week), [("KL009", Severity::Error)]);
    assert_eq!(aged(week, week.previous()), [("KL009", Severity::Error)]);
    assert_eq!(aged(now().next(), now()), [("KL009", Severity::Error)]);
    assert_eq!(aged(now(), now().next()), [("KL009", Severity::Error)]);
}

#[test]
fn kl009_says_the_limit_however_short_it_is() {
    let mut plan = plan(1);
    (plan.made_at, plan.assessed_at) = (now() - DAY * 400, now());
    for (max_age, says) in [
        (SignedDuration::from_secs(1), "max_age (1s) ago"),
        (SignedDuration::from_secs(90), "max_age (1m 30s) ago"),
        (SignedDuration::from_hours(24), "max_age (1 day) ago"),
        (SignedDuration::from_hours(7 * 24), "max_age (7 days) ago"),
        (SignedDuration::from_hours(36), "max_age (1day 12h) ago"),
    ] {
        let limits = Limits { max_age, ..Limits::default() };
        let found = objections(&plan, &limits);
        assert!(found[0].message.contains(says), "{}", found[0].message);
    }
}

#[test]
fn kl010_confidence() {
    let with = |confidence, as_of, allow_observed| {
        let mut plan = plan(2);
        plan.keys[0].inactive_since.confidence = confidence;
        plan.keys[0].inactive_since.as_of = as_of;
        rules(&plan, &Limits { allow_observed, ..Limits::default() })
    };
    assert_eq!(with(Confidence::Observed, now(), false), [("KL010", Severity::Error)]);
    assert_eq!(with(Confidence::Observed, now(), true), [("KL010", Severity::Warning)]);
    assert_eq!(with(Confidence::Settling, now(), false), [("KL010", Severity::Warning)]);
    assert_eq!(with(Confidence::Settling, now() - HOUR * 2, false), []);
    assert_eq!(with(Confidence::Proven, now(), false), []);
}

#[test]
fn kl011_to_kl013_warn() {
    let warning = |rule| [(rule, Severity::Warning)];
    let limits = Limits::default();
    let mut last = plan(2);
    last.keys[0].other_keys = Some(0);
    assert_eq!(rules(&last, &limits), warning("KL011"));
    assert!(
        objections(&last, &limits)[0].message.contains("user-1 of account 111122223333 loses its only key")
    );
    last.keys[1].user = last.keys[0].user.clone();
    last.keys.iter_mut().for_each(|key| key.other_keys = Some(1));
    assert!(objections(&last, &limits)[0].message.contains("loses all its keys"));
    last.keys.iter_mut().for_each(|key| key.other_keys = Some(2));
    assert_eq!(rules(&last, &limits), []);
    last.keys[0].other_keys = None;
    assert!(objections(&last, &limits)[0].message.contains("is not known of 1 of"));

    let mut lapsed = plan(1);
    lapsed.keys[0].lapsed_exemptions = vec!["bank".to_owned()];
    assert_eq!(rules(&lapsed, &limits), warning("KL012"));

    let mut incomplete = plan(1);
    incomplete.accounts[0].complete = false;
    assert_eq!(rules(&incomplete, &limits), warning("KL013"));
    assert!(!blocks(&objections(&incomplete, &limits)));
    incomplete.keys.clear();
    assert_eq!(rules(&incomplete, &limits), []);
}

#[test]
fn every_rule_has_an_id_in_order_and_a_page_that_says_what_it_is_for() {
    for (place, rule) in RULES.iter().enumerate() {
        assert_eq!(rule.id, format!("KL{:03}", place + 1));
        let page =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/lint/{}.md", rule.id));
        let text =
            std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        let title = format!("# {} {}\n\n{}\n", rule.id, rule.name, rule.purpose);
        assert!(text.starts_with(&title), "{} does not begin with:\n{title}", page.display());
        assert!(text.contains("## What to do\n"), "{} does not say what to do", page.display());
    }
}

#[test]
fn shares_are_whole_per_cent_from_0_to_100() {
    for (text, shown) in [("0%", "0%"), ("20", "20%"), ("100%", "100%")] {
        assert_eq!(text.parse::<Percent>().map(|percent| percent.to_string()).as_deref(), Ok(shown));
    }
    for text in ["", "%", "101%", "255", "-1%", "+5%", "5 %", "0.5%", "5%%"] {
        assert!(text.parse::<Percent>().is_err(), "{text:?}");
    }
}

#[test]
fn objections_say_what_is_wrong_with_numbers_and_the_limit() {
    let limits = Limits::default();
    let mut plan = plan(51);
    plan.accounts[0].users = Some(254);
    let found = objections(&plan, &limits);
    assert!(blocks(&found));
    assert!(found[0].to_string().starts_with("error KL001: the plan deletes 51 keys"), "{}", found[0]);
    assert!(found[1].message.contains("51 keys of 254 users, and max_account_share is 20%"), "{}", found[1]);

    let mut old = self::plan(1);
    old.made_at = now() - DAY * 8;
    assert!(objections(&old, &limits)[0].message.contains("more than max_age (7 days) ago"));

    let mut settling = self::plan(2);
    for (key, hours) in settling.keys.iter_mut().zip([1, 0]) {
        key.inactive_since.confidence = Confidence::Settling;
        key.inactive_since.as_of = now() - HOUR * hours;
    }
    let found = objections(&settling, &limits);
    assert!(found[0].to_string().starts_with("warning KL010: 2 of the keys are settling"), "{}", found[0]);
    assert!(found[0].message.contains(&format!("at {} at the latest", now() + HOUR * 2)), "{}", found[0]);
}
