//! Unused keys: what is planned of them and why not, what the file of a plan may say of them, what the rules say, what decides just
//! before their status is set, and what the journal lets follow.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_core::account::Tags;
use keysweep_core::evidence::{ChangeSource, EventId, StatusChange, Target};
use keysweep_core::exemption::Exemptions;
use keysweep_core::journal::receipt::{Action, NotOfThisPlan, ReceiptV1, receipts};
use keysweep_core::journal::switch::looks;
use keysweep_core::journal::{
    Broken, Event, Illegal, Kept, Ledger, Looked, Sealed, Setting, SwitchOutcome, SwitchState,
};
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
fn plan() -> Plan {
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

fn switching(to: KeyStatus, number: u32, attempt: u32) -> Event {
    let account = ACCOUNT.parse().unwrap();
    Event::Switching { at: now(), epoch: 1, account, key: key_id(number), to, attempt }
}

fn switched(to: KeyStatus, number: u32, attempt: u32, outcome: SwitchOutcome) -> Event {
    let account = ACCOUNT.parse().unwrap();
    Event::Switched { at: now(), account, key: key_id(number), to, attempt, outcome }
}

fn look() -> Looked {
    Looked { from: now(), to: now().next() }
}

fn set() -> SwitchOutcome {
    SwitchOutcome::Set(Setting { request_id: Some("r".to_owned()), before: look(), after: Some(look()) })
}

fn seen() -> SwitchOutcome {
    SwitchOutcome::Seen { seen: look(), before: None }
}

fn left(reason: SkipReason) -> SwitchOutcome {
    SwitchOutcome::LeftAlone(reason)
}

fn opened() -> Event {
    Event::Opened {
        at: now(),
        epoch: 1,
        holder: "h".to_owned(),
        caller_arn: "arn:applier".to_owned(),
        approved_by: vec![("bob".to_owned(), "arn:bob".to_owned())],
    }
}

/// The ledger after these events behind the opening.
fn after(events: &[Event]) -> Result<(Ledger, Vec<Sealed>), Illegal> {
    let mut ledger = Ledger::new(document::digest(&plan()));
    let mut sealed = vec![ledger.append(opened()).unwrap()];
    for event in events {
        sealed.push(ledger.append(event.clone())?);
    }
    Ok((ledger, sealed))
}

fn state(events: &[Event]) -> (SwitchState<'static>, bool) {
    let (ledger, _) = after(events).unwrap();
    let record = ledger.key(ACCOUNT.parse().unwrap(), &key_id(5)).unwrap().clone();
    let record: &'static _ = Box::leak(Box::new(record));
    (record.switch().state(), record.switch().is_revert_final())
}

#[test]
fn the_journal_knows_where_a_switched_key_stands() {
    use KeyStatus::{Active, Inactive};
    let off = |outcome| vec![switching(Inactive, 5, 1), switched(Inactive, 5, 1, outcome)];
    assert_eq!(state(&[switching(Inactive, 5, 1)]), (SwitchState::Open { attempt: 1, to: Inactive }, false));
    assert_eq!(state(&off(set())), (SwitchState::Deactivated { confirmed: true }, false));
    assert_eq!(state(&off(seen())), (SwitchState::Deactivated { confirmed: false }, true));
    assert_eq!(
        state(&off(left(SkipReason::Inactive))),
        (SwitchState::LeftAlone(&SkipReason::Inactive), true)
    );
    let kept = Kept::Failed("x".to_owned());
    assert!(matches!(state(&off(SwitchOutcome::Kept(kept))), (SwitchState::Kept(Kept::Failed(_)), true)));
    let on = |outcome| [off(set()), vec![switching(Active, 5, 2), switched(Active, 5, 2, outcome)]].concat();
    assert_eq!(state(&on(set())), (SwitchState::Reactivated, true));
    assert_eq!(state(&on(seen())), (SwitchState::Reactivated, true));
    assert_eq!(state(&on(left(SkipReason::Active))), (SwitchState::Deactivated { confirmed: true }, true));
    let passing = left(SkipReason::HistoryNotRead("x".to_owned()));
    assert_eq!(state(&on(passing)), (SwitchState::Deactivated { confirmed: true }, false));
    // Whether an apply has nothing more to do.
    for (events, is_final) in [
        (vec![switching(Inactive, 5, 1)], false),
        (off(set()), true),
        (off(seen()), true),
        (on(set()), true),
        (off(left(SkipReason::Inactive)), true),
        (off(left(SkipReason::NotEntered("x".to_owned()))), false),
        (off(SwitchOutcome::Kept(Kept::Interrupted)), false),
    ] {
        assert_eq!(state(&events).0.is_final(), is_final, "{events:?}");
    }
    assert!(!SwitchState::Waiting.is_final());
    // Whoever was given up, and was slow, tells in the end what AWS said.
    let late = [
        off(SwitchOutcome::Kept(Kept::Interrupted)),
        vec![switching(Inactive, 5, 2), switched(Inactive, 5, 2, left(SkipReason::UsedSince { at: now() }))],
        vec![switched(Inactive, 5, 1, set())],
    ]
    .concat();
    assert_eq!(state(&late), (SwitchState::Deactivated { confirmed: true }, false));
}

/// What a process that was slow sees may be the effect of another: it counts where nobody has said yet that the key has that status.
#[test]
fn what_is_seen_late_counts_once_and_only_of_an_attempt_that_was_given_up() {
    use KeyStatus::Inactive;
    let given_up =
        vec![switching(Inactive, 5, 1), switched(Inactive, 5, 1, SwitchOutcome::Kept(Kept::Interrupted))];
    let late = switched(Inactive, 5, 1, seen());
    let (stands, _) = state(&[given_up.clone(), vec![late.clone()]].concat());
    assert_eq!(stands, SwitchState::Deactivated { confirmed: false });
    let again = vec![switching(Inactive, 5, 2), switched(Inactive, 5, 2, set()), late.clone()];
    let ended = Illegal::AlreadyEnded { key: key_id(5), attempt: 1 };
    assert_eq!(after(&[given_up, again].concat()).unwrap_err(), ended);
    let left_alone =
        vec![switching(Inactive, 5, 1), switched(Inactive, 5, 1, left(SkipReason::Inactive)), late];
    assert_eq!(after(&left_alone).unwrap_err(), ended);
}

#[test]
fn the_journal_refuses_what_may_not_follow() {
    use KeyStatus::{Active, Inactive};
    let off = |outcome| vec![switching(Inactive, 5, 1), switched(Inactive, 5, 1, outcome)];
    let refused = |events: Vec<Event>, next: Event| {
        after(&events).unwrap();
        after(&[events, vec![next]].concat()).unwrap_err()
    };
    let key = key_id(5);
    let open = vec![switching(Inactive, 5, 1)];
    let still_open = Illegal::StillOpen { key: key.clone(), attempt: 1 };
    assert_eq!(refused(open.clone(), switching(Inactive, 5, 2)), still_open);
    assert_eq!(refused(open, switching(Active, 5, 2)), still_open);
    assert_eq!(refused(off(set()), switching(Inactive, 5, 2)), Illegal::AlreadySwitched(key.clone()));
    assert_eq!(refused(off(seen()), switching(Active, 5, 2)), Illegal::NothingToUndo(key.clone()));
    assert_eq!(refused(vec![], switching(Active, 5, 1)), Illegal::NothingToUndo(key.clone()));
    let passing = off(left(SkipReason::NotEntered("x".to_owned())));
    assert!(after(&[passing, vec![switching(Inactive, 5, 2)]].concat()).is_ok());
    let final_reason = off(left(SkipReason::Inactive));
    assert_eq!(refused(final_reason, switching(Inactive, 5, 2)), Illegal::LeftAlone(key.clone()));
    let back = [off(set()), vec![switching(Active, 5, 2), switched(Active, 5, 2, set())]].concat();
    assert_eq!(refused(back.clone(), switching(Active, 5, 3)), Illegal::NothingToUndo(key.clone()));
    assert_eq!(refused(back, switching(Inactive, 5, 3)), Illegal::AlreadySwitched(key.clone()));
    let ended = Illegal::AlreadyEnded { key: key.clone(), attempt: 1 };
    for outcome in [set(), seen(), left(SkipReason::Inactive)] {
        assert_eq!(refused(off(set()), switched(Inactive, 5, 1, outcome)), ended);
    }
    let gone = vec![switching(Inactive, 5, 1)];
    let no_attempt = Illegal::NoSuchAttempt { key: key.clone(), attempt: 1 };
    assert_eq!(refused(gone, switched(Active, 5, 1, set())), no_attempt);
    // A key is either deleted or switched by a run.
    let intended = Event::Intended {
        at: now(),
        epoch: 1,
        account: ACCOUNT.parse().unwrap(),
        key: key.clone(),
        user: "u".parse().unwrap(),
        user_id: "i".to_owned(),
        attempt: 1,
    };
    assert_eq!(refused(off(set()), intended.clone()), Illegal::OtherWork(key.clone()));
    assert_eq!(refused(vec![intended], switching(Inactive, 5, 1)), Illegal::OtherWork(key));
}

#[test]
fn receipts_tell_deactivations_and_what_was_undone_apart() {
    use KeyStatus::{Active, Inactive};
    let plan = plan();
    let digest = document::digest(&plan);
    let revert = Event::Reverting {
        at: now(),
        epoch: 2,
        holder: "h".to_owned(),
        caller_arn: "arn:reverter".to_owned(),
    };
    let mut on = switching(Active, 5, 2);
    if let Event::Switching { epoch, .. } = &mut on {
        *epoch = 2;
    }
    let events = [
        switching(Inactive, 5, 1),
        switched(Inactive, 5, 1, set()),
        revert,
        on,
        switched(Active, 5, 2, seen()),
    ];
    let (ledger, sealed) = after(&events).unwrap();
    assert!(ledger.is_reverted());
    assert!(!after(&events[..2]).unwrap().0.is_reverted());
    for one in &sealed {
        let read = Sealed::read(one.number, &one.text(), one.previous, one.digest).unwrap();
        assert_eq!(read, *one);
    }
    let made = receipts(&plan, digest, &sealed).unwrap();
    let told: Vec<_> = made
        .iter()
        .map(|one| (one.action, one.how.name(), one.deleted_by.as_str(), one.approved_by.len()))
        .collect();
    assert_eq!(
        told,
        [(Action::Deactivated, "set", "arn:applier", 1), (Action::Reactivated, "seen", "arn:reverter", 0)]
    );
    assert_eq!((made[1].previous, made[1].digest), (made[0].digest, made[1].sealed()));
    let written: Vec<_> = made
        .iter()
        .map(|one| {
            let written = serde_json::to_value(ReceiptV1::from(one)).unwrap();
            let members = ["action", "set_by", "deleted_by", "unused_since", "inactive_as_of"];
            members.map(|member| written[member].as_str().map(str::to_owned))
        })
        .collect();
    let since = Some(plan.deactivations[0].unused_since.to_string());
    for (written, action, by) in
        [(&written[0], "deactivated", "arn:applier"), (&written[1], "reactivated", "arn:reverter")]
    {
        assert_eq!(*written, [Some(action.to_owned()), Some(by.to_owned()), None, since.clone(), None]);
    }
    // A status of a key that was to be deleted is none of this plan's.
    let (_, foreign) = after(&[switching(Inactive, 1, 1)]).unwrap();
    assert!(matches!(receipts(&plan, digest, &foreign), Err(NotOfThisPlan::NotPlanned { number: 2, .. })));
    let mut forged = sealed.clone();
    forged[2].event = switched(Inactive, 5, 1, seen());
    assert!(matches!(Ledger::replay(digest, &forged), Err(Broken::Changed { number: 3 })));
}

#[test]
fn the_journal_tells_when_an_attempt_began_how_many_there_were_and_what_a_revert_is_to_undo() {
    use KeyStatus::{Active, Inactive};
    let record = |events: &[Event]| {
        let (ledger, _) = after(events).unwrap();
        ledger.key(ACCOUNT.parse().unwrap(), &key_id(5)).unwrap().switch().clone()
    };
    let off = |outcome| vec![switching(Inactive, 5, 1), switched(Inactive, 5, 1, outcome)];
    let open = record(&[switching(Inactive, 5, 1)]);
    assert_eq!((open.opened_at(), open.attempts(), open.is_begun()), (Some(now()), 1, true));
    assert_eq!((open.deactivated(), open.not_reverted()), (None, None));
    let done = record(&off(set()));
    let SwitchOutcome::Set(setting) = set() else { unreachable!() };
    assert_eq!((done.opened_at(), done.deactivated()), (None, Some((&setting, now()))));
    assert_eq!(record(&off(seen())).deactivated(), None, "nobody confirmed it");
    let back = [off(set()), vec![switching(Active, 5, 2), switched(Active, 5, 2, set())]].concat();
    let back = record(&back);
    assert_eq!((back.attempts(), back.deactivated(), back.not_reverted()), (2, None, None));
    let left_alone = left(SkipReason::Active);
    let kept =
        [off(set()), vec![switching(Active, 5, 2), switched(Active, 5, 2, left_alone.clone())]].concat();
    let kept = record(&kept);
    assert_eq!((kept.not_reverted(), kept.deactivated()), (Some(&left_alone), Some((&setting, now()))));

    // A call that was given up may still come, with the status that it was to set.
    for (outcome, may) in [
        (SwitchOutcome::Kept(Kept::Interrupted), true),
        (SwitchOutcome::Kept(Kept::Failed("x".to_owned())), true),
        (SwitchOutcome::Kept(Kept::Denied("x".to_owned())), false),
        (left(SkipReason::Exempt(by_tag())), false),
    ] {
        let record = record(&off(outcome.clone()));
        assert_eq!((record.may_have_set(Inactive), record.may_have_set(Active)), (may, false), "{outcome:?}");
    }
}

fn by_tag() -> keysweep_core::exemption::ExemptBy {
    keysweep_core::exemption::ExemptBy::KeepTag { name: "n".to_owned(), value: "v".to_owned() }
}

#[test]
fn the_looks_of_an_event_are_those_before_and_after_the_call() {
    use KeyStatus::{Active, Inactive};
    let (before, then) = (look(), Looked { from: now() + HOUR, to: now() + HOUR });
    let setting = |after| SwitchOutcome::Set(Setting { request_id: None, before, after });
    let of = |to, outcome| looks(&switched(to, 5, 1, outcome));
    assert_eq!(of(Inactive, setting(Some(then))), [(Active, before), (Inactive, then)]);
    assert_eq!(of(Active, setting(Some(then))), [(Inactive, before), (Active, then)]);
    assert_eq!(of(Inactive, setting(None)), [(Active, before)]);
    let seen = |before| SwitchOutcome::Seen { seen: then, before };
    assert_eq!(of(Inactive, seen(Some(before))), [(Active, before), (Inactive, then)]);
    assert_eq!(of(Inactive, seen(None)), [(Inactive, then)]);
    for nothing in [left(SkipReason::KeyGone), SwitchOutcome::Kept(Kept::Interrupted)] {
        assert_eq!(of(Inactive, nothing), []);
    }
    assert_eq!(looks(&switching(Inactive, 5, 1)), []);
}

/// A look takes some time, or none that a clock of whole seconds would show.
#[test]
fn a_look_does_not_end_before_it_begins() {
    let digest = document::digest(&plan());
    let written = |seen: Looked| {
        let event = switched(KeyStatus::Inactive, 5, 1, SwitchOutcome::Seen { seen, before: None });
        let sealed = Sealed { number: 2, event, previous: digest, digest };
        Sealed::read(2, &sealed.text(), digest, digest).map(|read| read.event == sealed.event)
    };
    assert_eq!(written(Looked { from: now(), to: now().next() }), Ok(true));
    assert_eq!(written(Looked { from: now(), to: now() }), Ok(true));
    assert!(written(Looked { from: now().next(), to: now() }).is_err());
}
