//! What is told of keys, in the words that outputs keep: names are part of frozen formats, and texts say what to do.

use keysweep_core::exemption::{ExemptBy, Unreadable};
use keysweep_core::journal::event::{Deletion, Event, Kept, Outcome};
use keysweep_core::journal::receipt::How;
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::{KeptBecause, SkipReason, document};

use crate::sample::{ACCOUNT, key_id, now};

fn by_tag(value: &str) -> ExemptBy {
    ExemptBy::KeepTag { name: "keysweep:keep".to_owned(), value: value.to_owned() }
}

/// Every reason to leave a planned key alone: its name, whether it is for good, whether it shows that the key was seen, whether
/// it stops runs when it is frequent, and a part of its text.
fn skips() -> Vec<(SkipReason, &'static str, [bool; 3], &'static str)> {
    vec![
        (SkipReason::UserGone, "user_gone", [true, false, false], "its user was renamed or deleted"),
        (
            SkipReason::UserChanged { arn: "arn:x".to_owned() },
            "user_changed",
            [true, false, false],
            "is now arn:x",
        ),
        (SkipReason::KeyGone, "key_gone", [true, false, false], "has no such key any more"),
        (
            SkipReason::CreatedDiffers { created: now() },
            "created_differs",
            [true, true, false],
            "created at 2026-11-23T09:00:00Z, not as planned",
        ),
        (SkipReason::Active, "active", [true, true, true], "Active again"),
        (
            SkipReason::UnknownStatus("Expired".to_owned()),
            "unknown_status",
            [true, true, false],
            "\"Expired\"",
        ),
        (
            SkipReason::StatusChanged { at: now(), to: KeyStatus::Active, event: "e-1".to_owned() },
            "status_changed",
            [true, true, true],
            "set to Active at 2026-11-23T09:00:00Z (event e-1)",
        ),
        (
            SkipReason::Exempt(by_tag("")),
            "exempt",
            [true, true, false],
            "exempt by the user's tag keysweep:keep",
        ),
        (
            SkipReason::CannotTellExempt(Unreadable::Tags),
            "cannot_tell_exempt",
            [false, true, false],
            "the user's tags could not be read",
        ),
        (
            SkipReason::NotSettled { until: now() },
            "not_settled",
            [false, true, false],
            "settled at 2026-11-23T09",
        ),
        (SkipReason::OnlyObserved, "only_observed", [false, true, false], "the policy asks for proof"),
        (
            SkipReason::HistoryNotRead("denied".to_owned()),
            "history_not_read",
            [false, true, false],
            "read: denied",
        ),
        (
            SkipReason::NotEntered("denied".to_owned()),
            "not_entered",
            [false, false, false],
            "entered: denied",
        ),
        (
            SkipReason::NotLookedAt("denied".to_owned()),
            "not_looked_at",
            [false, false, false],
            "looked at: denied",
        ),
        (
            SkipReason::UnderWay { plan: document::digest(&crate::lifecycle::plan()) },
            "under_way",
            [false, false, false],
            "has begun it, and what came of that is not known",
        ),
    ]
}

#[test]
fn each_reason_to_leave_a_planned_key_alone_has_its_name_its_consequences_and_its_text() {
    for (reason, name, consequences, text) in skips() {
        assert_eq!(reason.name(), name);
        let found = [reason.is_final(), reason.saw_the_key(), reason.is_reactivation()];
        assert_eq!(found, consequences, "{name}");
        assert_eq!(
            reason.is_of_a_look(),
            !["not_entered", "not_looked_at", "under_way"].contains(&name),
            "{name}"
        );
        assert!(reason.to_string().contains(text), "{reason}");
    }
}

#[test]
fn each_reason_not_to_plan_a_key_has_its_name_and_its_text() {
    for (reason, name, text) in [
        (KeptBecause::RootUser, "root_user", "never deletes"),
        (KeptBecause::UnknownStatus("Expired".to_owned()), "unknown_status", "\"Expired\""),
        (KeptBecause::Contradictory, "contradictory", "contradicts itself"),
        (KeptBecause::Undetermined, "undetermined", "may have been inactive for less"),
        (KeptBecause::Recent, "recent", "has been inactive for less"),
        (KeptBecause::Exempt(by_tag("yes")), "exempt", "the user's tag keysweep:keep=yes"),
        (
            KeptBecause::CannotTellExempt(Unreadable::OrganizationalUnits),
            "cannot_tell_exempt",
            "organizational units are not known",
        ),
        (KeptBecause::UsedSince(now()), "used_since", "a use at 2026-11-23T09:00:00Z"),
        (KeptBecause::LastUseNotRead, "last_use_not_read", "last used could not be read"),
        (KeptBecause::OnlyObserved, "only_observed", "asks for proof"),
        (KeptBecause::ListedTwice, "listed_twice", "more than once"),
        (KeptBecause::Gone, "gone", "an earlier clean-up deleted it"),
        (KeptBecause::Grace(now()), "grace", "until 2026-11-23T09:00:00Z"),
        (KeptBecause::FirstRun, "first_run", "first run"),
    ] {
        assert_eq!(reason.name(), name);
        assert!(reason.to_string().contains(text), "{reason}");
    }
}

#[test]
fn each_event_and_each_way_to_go_or_to_stay_has_its_name() {
    let (at, epoch, key, attempt) = (now(), 1, key_id(1), 1);
    let account = ACCOUNT.parse().unwrap();
    let text = || "x".to_owned();
    let events = [
        Event::Opened { at, epoch, holder: text(), caller_arn: text(), approved_by: Vec::new() },
        Event::Skipped { at, epoch, account, key: key.clone(), reason: SkipReason::Active },
        Event::Intended {
            at,
            epoch,
            account,
            key: key.clone(),
            user: "user".parse().unwrap(),
            user_id: text(),
            attempt,
        },
        Event::Ended { at, account, key, attempt, outcome: Outcome::Kept(Kept::Interrupted) },
        Event::Stopped { at, epoch, reason: text() },
    ];
    let names: Vec<&str> = events.iter().map(Event::name).collect();
    assert_eq!(names, ["opened", "skipped", "intended", "ended", "stopped"]);
    assert!(events.iter().all(|event| event.at() == at));

    let deletion = Deletion { request_id: Some("r-1".to_owned()), last_look: at, verified_at: None };
    let confirmed = How::Confirmed(deletion);
    assert_eq!(
        (confirmed.name(), confirmed.request_id(), confirmed.last_look(), confirmed.verified_at()),
        ("deleted", Some("r-1"), Some(at), None)
    );
    let seen = How::SeenGone { seen_at: at, last_look: None };
    assert_eq!(
        (seen.name(), seen.request_id(), seen.last_look(), seen.verified_at()),
        ("gone", None, None, Some(at))
    );

    for (kept, name, detail) in [
        (Kept::Interrupted, "interrupted", None),
        (Kept::Denied("no".to_owned()), "denied", Some("no")),
        (Kept::Failed("lost".to_owned()), "failed", Some("lost")),
        (Kept::LooksTooOld, "looks_too_old", None),
    ] {
        assert_eq!((kept.name(), kept.detail()), (name, detail));
    }
}
