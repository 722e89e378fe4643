//! The journal of keys whose status is set: what may follow what, what it tells of a key, and its receipts.

use keysweep_core::exemption::ExemptBy;
use keysweep_core::journal::receipt::{Action, NotOfThisPlan, ReceiptV1, receipts};
use keysweep_core::journal::switch::looks;
use keysweep_core::journal::{
    Broken, Event, Illegal, Kept, Ledger, Looked, Sealed, Setting, SwitchOutcome, SwitchState,
};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::{SkipReason, document};
use keysweep_core::time::SignedDuration;

use crate::lifecycle::plan;
use crate::sample::{ACCOUNT, HOUR, key_id, now};

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

#[test]
fn a_call_that_was_given_up_may_arrive_for_an_hour() {
    use KeyStatus::{Active, Inactive};
    let interrupted = || SwitchOutcome::Kept(Kept::Interrupted);
    let failed = || SwitchOutcome::Kept(Kept::Failed("no answer".to_owned()));
    let denied = || SwitchOutcome::Kept(Kept::Denied("no".to_owned()));
    let later = |event: Event, length: SignedDuration| match event {
        Event::Switched { at, account, key, to, attempt, outcome } => {
            Event::Switched { at: at + length, account, key, to, attempt, outcome }
        }
        other => other,
    };
    let begun = |outcome| vec![switching(Inactive, 5, 1), switched(Inactive, 5, 1, outcome)];
    let second =
        |outcome, length| vec![switching(Inactive, 5, 2), later(switched(Inactive, 5, 2, outcome), length)];
    let again = |outcome, length| vec![later(switched(Inactive, 5, 1, outcome), length)];
    let almost = HOUR.saturating_sub(SignedDuration::from_secs(1));
    let (used, gone) = (|| left(SkipReason::UsedSince { at: now() }), || left(SkipReason::UserGone));
    let not_looked = || left(SkipReason::NotLookedAt("denied".to_owned()));
    let undone = || [begun(interrupted()), second(set(), SignedDuration::ZERO)].concat();
    let given_back = |length| vec![switching(Active, 5, 3), later(switched(Active, 5, 3, set()), length)];
    let reverted = || vec![switching(Active, 5, 2), switched(Active, 5, 2, interrupted())];
    for (events, in_doubt) in [
        (begun(interrupted()), Some((1, Inactive))),
        (begun(failed()), Some((1, Inactive))),
        (begun(denied()), None),
        (begun(used()), None),
        (begun(set()), None),
        // A look in time shows nothing, and where there was none, time does not help.
        ([begun(interrupted()), second(used(), almost)].concat(), Some((1, Inactive))),
        ([begun(interrupted()), second(gone(), almost)].concat(), Some((1, Inactive))),
        ([begun(interrupted()), second(gone(), HOUR)].concat(), None),
        ([begun(interrupted()), second(not_looked(), HOUR)].concat(), Some((1, Inactive))),
        ([begun(interrupted()), second(denied(), HOUR)].concat(), Some((1, Inactive))),
        ([begun(interrupted()), second(used(), HOUR)].concat(), None),
        // The last is asked for first.
        ([begun(interrupted()), second(failed(), SignedDuration::ZERO)].concat(), Some((2, Inactive))),
        ([begun(interrupted()), second(set(), SignedDuration::ZERO)].concat(), None),
        ([begun(set()), reverted()].concat(), Some((2, Active))),
        // What was given up before the status was set may undo that in time, where it is to set another.
        ([undone(), given_back(almost)].concat(), Some((1, Inactive))),
        ([undone(), given_back(HOUR)].concat(), None),
        ([undone(), given_back(almost), again(seen(), almost)].concat(), None),
        ([undone(), given_back(almost), again(interrupted(), HOUR)].concat(), None),
        // It was looked for.
        ([begun(interrupted()), again(interrupted(), almost)].concat(), Some((1, Inactive))),
        ([begun(interrupted()), again(interrupted(), HOUR)].concat(), None),
        ([begun(failed()), again(left(SkipReason::KeyGone), almost)].concat(), None),
        ([begun(failed()), again(seen(), almost)].concat(), None),
    ] {
        let (ledger, _) = after(&events).unwrap();
        let record = ledger.key(ACCOUNT.parse().unwrap(), &key_id(5)).unwrap();
        assert_eq!(record.switch().in_doubt(), in_doubt, "{events:?}");
        assert_eq!(record.is_unresolved(), in_doubt.is_some(), "{events:?}");
    }
    // What is not in doubt is not told anew, nor is anything while another attempt is under way.
    for events in [
        [begun(denied()), again(interrupted(), HOUR)].concat(),
        [begun(used()), again(used(), HOUR)].concat(),
        [begun(interrupted()), again(denied(), HOUR)].concat(),
        [begun(interrupted()), vec![switching(Inactive, 5, 2)], again(interrupted(), HOUR)].concat(),
    ] {
        assert_eq!(after(&events), Err(Illegal::AlreadyEnded { key: key_id(5), attempt: 1 }), "{events:?}");
    }
    let (ledger, _) = after(&[switching(Inactive, 5, 1)]).unwrap();
    assert!(ledger.key(ACCOUNT.parse().unwrap(), &key_id(5)).unwrap().is_unresolved());
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

fn by_tag() -> ExemptBy {
    ExemptBy::KeepTag { name: "n".to_owned(), value: "v".to_owned() }
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
