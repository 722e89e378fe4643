//! Unused keys: what is planned of them and why not, what the file of a plan may say of them, what the rules say, what decides just
//! before their status is set.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_core::account::Tags;
use keysweep_core::evidence::{ChangeSource, EventId, StatusChange, Target};
use keysweep_core::exemption::Exemptions;
use keysweep_core::journal::Looked;
use keysweep_core::key::{AccessKey, KeyStatus, LastUsed, ListedStatus};
use keysweep_core::plan::grace::{Grace, Published, without_waiting};
use keysweep_core::plan::lint::{Context, Limits, Severity, lint};
use keysweep_core::plan::look::{LastLook, Reread};
use keysweep_core::plan::switch::{Done, deactivate, reactivate};
use keysweep_core::plan::unused::{AccountSurvey, ActiveKey, LAST_USE_LAGS, Survey, with_unused};
use keysweep_core::plan::{KeptBecause, NotSurveyed, Plan, SkipReason, document};
use keysweep_core::time::{Instant, SignedDuration};

use crate::sample::{
    ACCOUNT, DAY, HOUR, assessment, days_ago, exemption, finding, key_id, now, plan_of, result,
};

fn at_used(at: Instant) -> LastUsed {
    LastUsed::At { at, service: None, region: None }
}

/// What an edit to a plan does.
type Edit = fn(&mut Plan);

/// A key of the user `user-N` that was last used so many days ago.
fn active(number: u32, days: i64) -> ActiveKey {
    ActiveKey {
        user: format!("user-{number}").parse().unwrap(),
        user_arn: format!("arn:aws:iam::{ACCOUNT}:user/user-{number}"),
        key: key_id(number),
        created: days_ago(800),
        as_of: now(),
        last_used: Ok(at_used(days_ago(days))),
        tags: Some(Tags::new()),
        other_keys: 1,
        other_active: 1,
    }
}

fn change(number: u32, at: Instant, status: KeyStatus) -> StatusChange {
    StatusChange {
        at,
        status,
        key: key_id(number),
        target: Target::NotRecorded,
        account: None,
        event: EventId::new(&format!("{number}@{at}")),
        actor: None,
        source_ip: None,
        source: ChangeSource::EventHistory,
    }
}

fn account_of(keys: Vec<ActiveKey>) -> AccountSurvey {
    AccountSurvey { keys, unread: Vec::new(), changes: Ok(Vec::new()), seen_inactive: BTreeMap::new() }
}

fn planned_from(survey: AccountSurvey, exemptions: &Exemptions) -> Plan {
    let survey =
        Survey { limit: "90d".parse().unwrap(), accounts: vec![(ACCOUNT.parse().unwrap(), Ok(survey))] };
    let assessment = assessment(vec![result(vec![finding(1)], Vec::new())]);
    with_unused(plan_of(vec![finding(1)]), &assessment, &survey, exemptions)
}

fn plan_with(keys: Vec<ActiveKey>) -> Plan {
    planned_from(account_of(keys), &Exemptions::new([], ["keysweep:keep".to_owned()]))
}

/// The plan of one deletion and of the deactivation of key 5.
pub(crate) fn plan() -> Plan {
    plan_with(vec![active(5, 200)])
}

fn only_reason(plan: &Plan) -> KeptBecause {
    assert_eq!(plan.deactivations, []);
    let [kept] = &plan.not_planned[..] else { panic!("{:?}", plan.not_planned) };
    kept.reason.clone()
}

#[test]
fn a_key_counts_as_unused_only_beyond_the_limit_and_the_lag() {
    for (days, is_planned) in [(200, true), (92, true), (91, false), (90, false), (1, false), (-1, false)] {
        let plan = plan_with(vec![active(5, days)]);
        assert_eq!(plan.deactivations.len(), usize::from(is_planned), "{days}");
        if !is_planned {
            assert_eq!(only_reason(&plan), KeptBecause::NotUnused(days_ago(days)));
        }
    }
    assert_eq!(LAST_USE_LAGS, DAY);
    let never = ActiveKey { last_used: Ok(LastUsed::NotRecorded), ..active(5, 0) };
    let plan = plan_with(vec![never.clone()]);
    assert_eq!((plan.deactivations[0].unused_since, plan.deactivations[0].last_used), (days_ago(800), None));
    // "Never" means: not since AWS began to record it.
    let ancient = ActiveKey { created: "2014-01-01T00:00:00Z".parse().unwrap(), ..never.clone() };
    let plan = plan_with(vec![ancient]);
    assert_eq!(plan.deactivations[0].unused_since, "2015-04-22T00:00:00Z".parse().unwrap());
    let young = ActiveKey { created: days_ago(30), ..never };
    assert_eq!(only_reason(&plan_with(vec![young])), KeptBecause::NotUnused(days_ago(30)));
}

#[test]
fn whatever_shows_that_a_key_was_switched_on_lately_keeps_it() {
    for (changes, seen_inactive, is_planned) in [
        (vec![change(5, days_ago(100), KeyStatus::Active)], None, true),
        (vec![change(5, days_ago(50), KeyStatus::Active)], None, false),
        // It is Active now, so it was switched on after that.
        (vec![change(5, days_ago(50), KeyStatus::Inactive)], None, false),
        (vec![change(6, days_ago(50), KeyStatus::Active)], None, true),
        (vec![], Some(days_ago(50)), false),
        (vec![], Some(days_ago(120)), true),
    ] {
        let survey = AccountSurvey {
            changes: Ok(changes.clone()),
            seen_inactive: seen_inactive.map(|at| (key_id(5), at)).into_iter().collect(),
            ..account_of(vec![active(5, 200)])
        };
        let plan = planned_from(survey, &Exemptions::default());
        assert_eq!(plan.deactivations.len(), usize::from(is_planned), "{changes:?} {seen_inactive:?}");
    }
}

#[test]
fn a_deactivation_says_what_it_rests_on_and_which_exemptions_have_lapsed() {
    let switched_on = change(5, days_ago(150), KeyStatus::Active);
    let survey = AccountSurvey {
        changes: Ok(vec![switched_on, change(6, days_ago(1), KeyStatus::Active)]),
        seen_inactive: BTreeMap::from([(key_id(5), days_ago(160))]),
        ..account_of(vec![active(5, 200)])
    };
    let lapsed = exemption(&format!("key:{}", key_id(5)), days_ago(1));
    let plan = planned_from(survey, &Exemptions::new([lapsed.clone()], []));
    let planned = &plan.deactivations[0];
    assert_eq!(planned.unused_since, days_ago(150));
    assert_eq!(planned.lapsed_exemptions, [lapsed.id()]);
    let expected = [
        format!("created:{}", days_ago(800)),
        format!("last_used:{}", days_ago(200)),
        format!("event:5@{}", days_ago(150)),
        format!("seen_inactive:{}", days_ago(160)),
        format!("listed:{}", now()),
    ];
    assert_eq!(planned.evidence, expected);
    let never = ActiveKey { last_used: Ok(LastUsed::NotRecorded), ..active(5, 0) };
    assert_eq!(plan_with(vec![never]).deactivations[0].evidence[1], "never_used");
}

#[test]
fn the_plan_has_the_accounts_of_deactivations_and_those_that_were_not_surveyed() {
    let (id, assessment) = (ACCOUNT.parse().unwrap(), assessment(vec![result(Vec::new(), Vec::new())]));
    let with = |survey| {
        let survey = Survey { limit: "90d".parse().unwrap(), accounts: vec![(id, survey)] };
        with_unused(plan_of(Vec::new()), &assessment, &survey, &Exemptions::default())
    };
    assert_eq!(plan_of(Vec::new()).accounts, []);
    let plan = with(Ok(account_of(vec![active(5, 200)])));
    assert_eq!(plan.accounts.iter().map(|account| account.id).collect::<Vec<_>>(), [id]);
    assert_eq!((plan.deactivations.len(), plan.not_surveyed.len()), (1, 0));
    let plan = with(Err("denied".to_owned()));
    assert_eq!(plan.not_surveyed, [NotSurveyed { account: id, reason: "denied".to_owned() }]);
}

#[test]
fn what_was_not_read_keeps_a_key_with_the_reason() {
    let unread = ActiveKey { last_used: Err("throttled".to_owned()), ..active(5, 200) };
    assert_eq!(only_reason(&plan_with(vec![unread])), KeptBecause::LastUseNotRead);
    let no_history = AccountSurvey { changes: Err("denied".to_owned()), ..account_of(vec![active(5, 200)]) };
    let plan = planned_from(no_history, &Exemptions::default());
    assert_eq!(only_reason(&plan), KeptBecause::HistoryNotRead("denied".to_owned()));
    let untagged = ActiveKey { tags: None, ..active(5, 200) };
    assert_eq!(only_reason(&plan_with(vec![untagged])).name(), "cannot_tell_exempt");
    let kept =
        ActiveKey { tags: Some(Tags::from([("keysweep:keep".to_owned(), String::new())])), ..active(5, 200) };
    assert_eq!(only_reason(&plan_with(vec![kept])).name(), "exempt");
    let exempt = Exemptions::new([exemption(&format!("key:{}", key_id(5)), days_ago(-9))], []);
    assert_eq!(only_reason(&planned_from(account_of(vec![active(5, 200)]), &exempt)).name(), "exempt");
    let unlisted = AccountSurvey {
        unread: vec![("user-7".parse().unwrap(), "denied".to_owned())],
        ..account_of(Vec::new())
    };
    let plan = planned_from(unlisted, &Exemptions::default());
    assert_eq!(only_reason(&plan), KeptBecause::KeysNotRead("denied".to_owned()));
    // The scan saw key 1 Inactive, and plans to delete it; that it is Active now does not make it unused.
    assert_eq!(only_reason(&plan_with(vec![active(1, 200)])), KeptBecause::SeenInactive);
}

#[test]
fn the_file_of_a_plan_says_nothing_of_deactivations_that_no_planner_writes() {
    let plan = plan();
    let (read, digest) = document::read(&document::write(&plan)).unwrap();
    assert_eq!((&read, digest), (&plan, document::digest(&plan)));
    let without = Plan { deactivations: Vec::new(), ..plan.clone() };
    assert_ne!(document::digest(&without), digest, "what is approved is the deactivations too");

    let wrong: [(Edit, &str); 12] = [
        (|plan| plan.deactivations[0].key = plan.keys[0].key.clone(), "the plan deletes it too"),
        (|plan| plan.deactivations.push(plan.deactivations[0].clone()), "order of account, user and key"),
        (|plan| plan.deactivations[0].account = "111122223334".parse().unwrap(), "do not hold it"),
        (|plan| plan.deactivations[0].user_arn.push('x'), "not the ARN of this user"),
        (|plan| plan.deactivations[0].unused_since = days_ago(50), "longer than the limit"),
        (|plan| plan.deactivations[0].unused_since = days_ago(801), "creation or last use"),
        (|plan| plan.deactivations[0].last_used = Some(days_ago(100)), "creation or last use"),
        (|plan| plan.deactivations[0].as_of = days_ago(150), "longer than the limit"),
        (|plan| plan.deactivate_unused = None, "it is null"),
        (|plan| plan.deactivate_unused = "250d".parse().ok(), "longer than the limit"),
        (|plan| plan.deactivations[0].other_active = 2, "more than the other keys"),
        (
            |plan| {
                let account = "111122223333".parse().unwrap();
                let one = keysweep_core::plan::NotSurveyed { account, reason: String::new() };
                plan.not_surveyed = vec![one.clone(), one];
            },
            "order of ids",
        ),
    ];
    for (edit, says) in wrong {
        let mut edited = plan.clone();
        edit(&mut edited);
        let error = document::read(&document::write(&edited)).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
    for (from, to) in [
        ("\"expected_status\": \"Active\"", "\"expected_status\": \"Inactive\""),
        ("\"reason\": \"unused\"", "\"reason\": \"long_term\""),
        ("\"other_active\": 1", "\"other_active\": 0"),
    ] {
        let text = document::write(&plan);
        assert!(text.contains(from), "{from}");
        assert!(document::read(&text.replace(from, to)).is_err(), "{from}");
    }
}

fn objections(plan: &Plan, limits: &Limits) -> Vec<(&'static str, Severity)> {
    let context = Context { plan, limits, caller_arn: "arn:aws:iam::1:role/x", now: now() };
    lint(&context).iter().map(|one| (one.rule, one.severity)).collect()
}

#[test]
fn the_rules_hold_for_deactivations_too() {
    let plan = plan();
    let limits = Limits { deactivate_unused: "90d".parse().ok(), ..Limits::default() };
    // Whether another key is left is known of the deactivation, and not of the deletion.
    assert_eq!(objections(&plan, &limits), [("KL011", Severity::Warning)]);
    let blocked = |limits: &Limits, rule: &'static str| {
        let found = objections(&plan, limits);
        assert!(found.contains(&(rule, Severity::Error)), "{rule}: {found:?}");
    };
    blocked(&Limits { max_keys: 1, ..limits.clone() }, "KL001");
    blocked(
        &Limits {
            protected_users: vec![format!("arn:aws:iam::{ACCOUNT}:user/user-5").parse().unwrap()],
            ..limits.clone()
        },
        "KL005",
    );
    blocked(&Limits { protected_accounts: vec![ACCOUNT.parse().unwrap()], ..limits.clone() }, "KL006");
    blocked(&Limits { protected_units: vec!["Workloads".to_owned()], ..limits.clone() }, "KL007");
    blocked(&Limits { break_glass: vec!["USER-5".to_owned()], ..limits.clone() }, "KL008");
    blocked(&Limits { deactivate_unused: None, ..limits.clone() }, "KL015");
    blocked(&Limits { deactivate_unused: "199d".parse().ok(), ..limits.clone() }, "KL015");
    let own =
        Context { plan: &plan, limits: &limits, caller_arn: &plan.deactivations[0].user_arn, now: now() };
    assert!(
        lint(&own).iter().any(|one| one.rule == "KL004" && one.message.contains("deactivate it by hand"))
    );
    let many = plan_with((5..27).map(|number| active(number, 200)).collect());
    let found = objections(&many, &limits);
    assert!(found.contains(&("KL002", Severity::Error)) && found.contains(&("KL003", Severity::Error)));
    // The last Active key of a user, and both Active keys of one.
    let alone = plan_with(vec![ActiveKey { other_active: 0, other_keys: 0, ..active(5, 200) }]);
    assert!(objections(&alone, &limits).contains(&("KL014", Severity::Warning)));
    let other = ActiveKey { key: key_id(6), ..active(5, 200) };
    assert!(
        objections(&plan_with(vec![active(5, 200), other]), &limits).contains(&("KL014", Severity::Warning))
    );
}

#[test]
fn grace_waits_for_deactivations_and_begins_anew_with_a_use() {
    let week = SignedDuration::from_hours(7 * 24);
    let grace = Grace { length: week, first_run_is_dry: true };
    let plan = plan();
    let published = |days: i64, change: &dyn Fn(&mut Plan)| {
        let mut earlier = plan.clone();
        earlier.made_at = days_ago(days);
        for key in &mut earlier.deactivations {
            key.as_of = days_ago(days);
        }
        change(&mut earlier);
        Published { at: days_ago(days), plan: earlier, left_out: BTreeSet::new() }
    };
    let due = |published: &[Published]| without_waiting(&plan, "due", published, grace).deactivations.len();
    assert_eq!(due(&[]), 0);
    assert_eq!(due(&[published(6, &|_| {})]), 0);
    assert_eq!(due(&[published(8, &|_| {}), published(3, &|_| {})]), 1);
    assert_eq!(due(&[published(8, &|_| {}), published(3, &|plan| plan.deactivations.clear())]), 0);
    let changes: [fn(&mut Plan); 4] = [
        |plan| plan.deactivations[0].unused_since = days_ago(300),
        |plan| plan.deactivations[0].last_used = None,
        |plan| plan.deactivations[0].created = days_ago(900),
        |plan| plan.deactivations[0].user_arn.push('x'),
    ];
    for change in changes {
        assert_eq!(due(&[published(8, &change)]), 0);
    }
    let left = without_waiting(&plan, "due", &[published(3, &|_| {})], grace);
    let kept = left.not_planned.iter().find(|kept| kept.key == Some(key_id(5))).unwrap();
    assert_eq!(kept.reason, KeptBecause::Grace(days_ago(3) + week));
}

/// What the last look finds: the keys, the last use, the history, the tags and the ARN.
type Found<'a> =
    (&'a mut Vec<AccessKey>, &'a mut Result<LastUsed, String>, &'a mut Reread, &'a mut Tags, &'a mut String);

/// What comes of a look after a change to what it finds.
fn looked(change: &dyn Fn(Found<'_>)) -> Result<(), SkipReason> {
    let plan = plan();
    let planned = &plan.deactivations[0];
    let mut keys = vec![AccessKey {
        id: key_id(5),
        status: ListedStatus::Known(KeyStatus::Active),
        created: days_ago(800),
    }];
    let mut last_used = Ok(at_used(days_ago(200)));
    let mut history = Reread::Read { at: now(), changes: Vec::new() };
    let (mut tags, mut arn) = (Tags::new(), planned.user_arn.clone());
    change((&mut keys, &mut last_used, &mut history, &mut tags, &mut arn));
    let look = LastLook { at: now(), user_arn: &arn, tags: &tags, keys: &keys, history: &history };
    let exemptions = Exemptions::new([], ["keysweep:keep".to_owned()]);
    deactivate(&plan, planned, &look, &last_used, &exemptions)
}

#[test]
fn a_key_is_deactivated_only_as_it_was_planned() {
    assert_eq!(looked(&|(_, _, _, _, _)| {}), Ok(()));
    let name = |outcome: Result<(), SkipReason>| outcome.unwrap_err().name();
    assert_eq!(name(looked(&|(keys, _, _, _, _)| keys.clear())), "key_gone");
    assert_eq!(name(looked(&|(keys, _, _, _, _)| keys[0].created = days_ago(1))), "created_differs");
    assert_eq!(
        name(looked(&|(keys, _, _, _, _)| keys[0].status = ListedStatus::Known(KeyStatus::Inactive))),
        "inactive"
    );
    assert_eq!(
        name(looked(&|(keys, _, _, _, _)| keys[0].status = ListedStatus::Other("Expired".to_owned()))),
        "unknown_status"
    );
    assert_eq!(name(looked(&|(_, _, _, _, arn)| arn.push('x'))), "user_changed");
    assert_eq!(
        name(looked(&|(_, _, _, tags, _)| {
            tags.insert("keysweep:keep".to_owned(), String::new());
        })),
        "exempt"
    );
    assert_eq!(name(looked(&|(_, used, _, _, _)| *used = Ok(at_used(days_ago(200) + HOUR)))), "used_since");
    assert_eq!(looked(&|(_, used, _, _, _)| *used = Ok(at_used(days_ago(201)))), Ok(()));
    assert_eq!(name(looked(&|(_, used, _, _, _)| *used = Err("throttled".to_owned()))), "last_use_not_read");
    assert_eq!(name(looked(&|(_, used, _, _, _)| *used = Ok(LastUsed::NotRead))), "last_use_not_read");
    let unread = Reread::NotRead { reason: "denied".to_owned() };
    assert_eq!(name(looked(&|(_, _, history, _, _)| *history = unread.clone())), "history_not_read");
    let changed =
        |number| Reread::Read { at: now(), changes: vec![change(number, now() - HOUR, KeyStatus::Active)] };
    assert_eq!(name(looked(&|(_, _, history, _, _)| *history = changed(5))), "status_changed");
    assert_eq!(looked(&|(_, _, history, _, _)| *history = changed(6)), Ok(()));
}

#[test]
fn a_deactivation_is_undone_only_where_nobody_else_has_set_the_status_since() {
    let plan = plan();
    let planned = &plan.deactivations[0];
    let off = now() + HOUR;
    let done = Done { before: Looked { from: off - HOUR / 60, to: off }, until: off.next() };
    let tell = |status: KeyStatus, changes: Vec<StatusChange>| {
        let keys = [AccessKey { id: key_id(5), status: ListedStatus::Known(status), created: days_ago(800) }];
        let history = Reread::Read { at: now(), changes };
        let (tags, arn) = (Tags::new(), &planned.user_arn);
        let look = LastLook { at: off + DAY, user_arn: arn, tags: &tags, keys: &keys, history: &history };
        reactivate(planned, &done, &look).map_err(|reason| reason.name())
    };
    let own = || change(5, off, KeyStatus::Inactive);
    assert_eq!(tell(KeyStatus::Inactive, vec![]), Ok(()), "CloudTrail may not have delivered it yet");
    assert_eq!(tell(KeyStatus::Inactive, vec![own()]), Ok(()));
    assert_eq!(tell(KeyStatus::Active, vec![own()]), Err("active"));
    for others in [
        vec![own(), change(5, off + HOUR, KeyStatus::Inactive)],
        vec![own(), change(5, off.next(), KeyStatus::Inactive)],
        vec![
            own(),
            change(5, off + HOUR, KeyStatus::Active),
            change(5, off + HOUR + HOUR, KeyStatus::Inactive),
        ],
        vec![change(5, off - HOUR, KeyStatus::Inactive)],
        vec![change(5, off.next(), KeyStatus::Active)],
    ] {
        assert_eq!(tell(KeyStatus::Inactive, others.clone()), Err("status_changed"), "{others:?}");
    }
}
