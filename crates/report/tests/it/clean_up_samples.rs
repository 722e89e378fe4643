//! Plans, journals and receipts with everything that can stand in one.

use keysweep_core::account::{Organization, OrganizationalUnit, Partition};
use keysweep_core::assessment::Scope;
use keysweep_core::exemption::{ExemptBy, Unreadable};
use keysweep_core::infer::Confidence;
use keysweep_core::journal::receipt::receipts;
use keysweep_core::journal::{
    Deletion, Event, Kept, Ledger, Looked, Outcome, Receipt, Sealed, Setting, SwitchOutcome,
};
use keysweep_core::key::{AccessKeyId, KeyStatus};
use keysweep_core::plan::SkipReason;
use keysweep_core::plan::document;
use keysweep_core::plan::{
    Author, InactiveSince, KeptBecause, NotPlanned, NotSurveyed, Plan, PlanAccount, PlannedDeactivation,
    PlannedKey,
};
use keysweep_core::policy::Policy;
use keysweep_core::time::{Instant, Interval};

use crate::samples::{NOW, at};

pub(crate) const ACCOUNT: &str = "111122223333";

/// One value of each variant, named by a pattern. A variant that is new in the core does not compile here until it is in the list,
/// and so in the schema.
macro_rules! every {
    ($type:ty: $($pattern:pat => $value:expr),+ $(,)?) => {{
        let _ = |one: &$type| match one { $($pattern => {}),+ };
        let values: Vec<$type> = vec![$($value),+];
        values
    }};
}
pub(crate) use every;

fn key_id(number: u32) -> AccessKeyId {
    crate::samples::key_id(number).parse().unwrap()
}

pub(crate) fn now() -> Instant {
    at(NOW)
}

fn text() -> String {
    "because".to_owned()
}

fn by_exemption() -> ExemptBy {
    ExemptBy::Exemption { id: "bank".to_owned(), reason: text() }
}

fn by_tag() -> ExemptBy {
    ExemptBy::KeepTag { name: "keysweep:keep".to_owned(), value: String::new() }
}

pub(crate) fn every_reason_not_to_plan() -> Vec<KeptBecause> {
    every!(KeptBecause:
        KeptBecause::RootUser => KeptBecause::RootUser,
        KeptBecause::UnknownStatus(_) => KeptBecause::UnknownStatus("Expired".to_owned()),
        KeptBecause::Contradictory => KeptBecause::Contradictory,
        KeptBecause::Undetermined => KeptBecause::Undetermined,
        KeptBecause::Recent => KeptBecause::Recent,
        KeptBecause::Exempt(ExemptBy::Exemption { .. }) => KeptBecause::Exempt(by_exemption()),
        KeptBecause::Exempt(ExemptBy::KeepTag { .. }) => KeptBecause::Exempt(by_tag()),
        KeptBecause::CannotTellExempt(Unreadable::Tags) => KeptBecause::CannotTellExempt(Unreadable::Tags),
        KeptBecause::CannotTellExempt(Unreadable::OrganizationalUnits) => {
            KeptBecause::CannotTellExempt(Unreadable::OrganizationalUnits)
        },
        KeptBecause::UsedSince(_) => KeptBecause::UsedSince(now()),
        KeptBecause::LastUseNotRead => KeptBecause::LastUseNotRead,
        KeptBecause::OnlyObserved => KeptBecause::OnlyObserved,
        KeptBecause::ListedTwice => KeptBecause::ListedTwice,
        KeptBecause::Gone => KeptBecause::Gone,
        KeptBecause::Grace(_) => KeptBecause::Grace(now()),
        KeptBecause::FirstRun => KeptBecause::FirstRun,
        KeptBecause::NotUnused(_) => KeptBecause::NotUnused(now()),
        KeptBecause::SeenInactive => KeptBecause::SeenInactive,
        KeptBecause::KeysNotRead(_) => KeptBecause::KeysNotRead(text()),
        KeptBecause::HistoryNotRead(_) => KeptBecause::HistoryNotRead(text()),
    )
}

pub(crate) fn every_confidence() -> Vec<Confidence> {
    every!(Confidence:
        Confidence::Proven => Confidence::Proven,
        Confidence::Settling => Confidence::Settling,
        Confidence::Observed => Confidence::Observed,
    )
}

pub(crate) fn every_partition() -> Vec<Partition> {
    every!(Partition:
        Partition::Aws => Partition::Aws,
        Partition::AwsUsGov => Partition::AwsUsGov,
        Partition::AwsCn => Partition::AwsCn,
    )
}

fn arn(partition: Partition, number: u32) -> String {
    format!("arn:{partition}:iam::{ACCOUNT}:user/team/user-{number}")
}

fn planned(partition: Partition, number: u32, confidence: Confidence) -> PlannedKey {
    let is_first = number == 1;
    PlannedKey {
        account: ACCOUNT.parse().unwrap(),
        user: format!("user-{number}").parse().unwrap(),
        user_arn: arn(partition, number),
        key: key_id(number),
        created: at("2024-03-01T08:00:00Z"),
        inactive_since: InactiveSince {
            as_of: now(),
            interval: Interval::new(at("2026-07-01T00:00:00Z"), at("2026-07-02T00:00:00Z")).unwrap(),
            confidence,
        },
        evidence: vec!["event-1".to_owned()],
        owner_tag: is_first.then(|| "payments".to_owned()),
        other_keys: is_first.then_some(1),
        lapsed_exemptions: if is_first { vec!["bank".to_owned()] } else { Vec::new() },
    }
}

fn deactivated(partition: Partition, number: u32) -> PlannedDeactivation {
    let last_used = (number == 5).then(|| at("2026-05-01T08:00:00Z"));
    PlannedDeactivation {
        account: ACCOUNT.parse().unwrap(),
        user: format!("user-{number}").parse().unwrap(),
        user_arn: arn(partition, number),
        key: key_id(number),
        created: at("2024-03-01T08:00:00Z"),
        unused_since: last_used.unwrap_or(at("2024-03-01T08:00:00Z")),
        last_used,
        as_of: now(),
        evidence: vec!["seen".to_owned()],
        owner_tag: last_used.map(|_| "payments".to_owned()),
        other_keys: 1,
        other_active: 1,
        lapsed_exemptions: Vec::new(),
    }
}

/// A plan with everything that can stand in one.
pub(crate) fn everything(partition: Partition) -> Plan {
    let unit = |id: &str| OrganizationalUnit { id: id.to_owned(), name: format!("unit {id}") };
    let account = |id: &str| PlanAccount {
        id: id.parse().unwrap(),
        name: None,
        path: None,
        users: None,
        complete: false,
    };
    let kept = every_reason_not_to_plan().into_iter().zip(100..);
    let confidences = every_confidence().into_iter().zip(1..);
    Plan {
        id: "20261123T071230Z-9f86d081".to_owned(),
        version: "0.1.0".to_owned(),
        made_at: now(),
        made_by: Author {
            account: "999999999999".parse().unwrap(),
            arn: "arn:aws:sts::999999999999:assumed-role/planner/alice".to_owned(),
        },
        scope: Scope::Organization(Organization {
            id: "o-example".to_owned(),
            management_account: "999999999999".parse().unwrap(),
        }),
        partition,
        assessment: "20261123T071200Z-7d793037".to_owned(),
        assessed_at: now(),
        policy: Policy::default(),
        accounts: vec![
            PlanAccount {
                name: Some("production".to_owned()),
                path: Some(vec![unit("r-abcd"), unit("ou-1")]),
                users: Some(100),
                complete: true,
                ..account(ACCOUNT)
            },
            account("222233334444"),
        ],
        users: Some(100),
        keys: confidences.map(|(confidence, number)| planned(partition, number, confidence)).collect(),
        not_planned: kept
            .map(|(reason, number)| NotPlanned {
                account: ACCOUNT.parse().unwrap(),
                user: format!("user-{number}"),
                key: (reason != KeptBecause::RootUser).then(|| key_id(number)),
                reason,
            })
            .collect(),
        deactivate_unused: Some("90d".parse().unwrap()),
        deactivations: [5, 6, 7].into_iter().map(|number| deactivated(partition, number)).collect(),
        not_surveyed: vec![NotSurveyed { account: "222233334444".parse().unwrap(), reason: text() }],
    }
}

/// A plan with as little in it as can be.
pub(crate) fn nothing() -> Plan {
    Plan {
        scope: Scope::Account,
        accounts: Vec::new(),
        users: None,
        keys: Vec::new(),
        not_planned: Vec::new(),
        deactivate_unused: None,
        deactivations: Vec::new(),
        not_surveyed: Vec::new(),
        ..everything(Partition::Aws)
    }
}

fn skips() -> Vec<SkipReason> {
    every!(SkipReason:
        SkipReason::UserGone => SkipReason::UserGone,
        SkipReason::UserChanged { .. } => SkipReason::UserChanged { arn: text() },
        SkipReason::KeyGone => SkipReason::KeyGone,
        SkipReason::CreatedDiffers { .. } => SkipReason::CreatedDiffers { created: now() },
        SkipReason::Active => SkipReason::Active,
        SkipReason::UnknownStatus(_) => SkipReason::UnknownStatus("Expired".to_owned()),
        SkipReason::StatusChanged { .. } => {
            SkipReason::StatusChanged { at: now(), to: KeyStatus::Active, event: text() }
        },
        SkipReason::Exempt(ExemptBy::Exemption { .. }) => SkipReason::Exempt(by_exemption()),
        SkipReason::Exempt(ExemptBy::KeepTag { .. }) => SkipReason::Exempt(by_tag()),
        SkipReason::CannotTellExempt(Unreadable::Tags) => SkipReason::CannotTellExempt(Unreadable::Tags),
        SkipReason::CannotTellExempt(Unreadable::OrganizationalUnits) => {
            SkipReason::CannotTellExempt(Unreadable::OrganizationalUnits)
        },
        SkipReason::NotSettled { .. } => SkipReason::NotSettled { until: now() },
        SkipReason::OnlyObserved => SkipReason::OnlyObserved,
        SkipReason::HistoryNotRead(_) => SkipReason::HistoryNotRead(text()),
        SkipReason::NotEntered(_) => SkipReason::NotEntered(text()),
        SkipReason::NotLookedAt(_) => SkipReason::NotLookedAt(text()),
        SkipReason::UnderWay { .. } => SkipReason::UnderWay { plan: document::digest(&nothing()) },
        SkipReason::Inactive => SkipReason::Inactive,
        SkipReason::UsedSince { .. } => SkipReason::UsedSince { at: now() },
        SkipReason::LastUseNotRead(_) => SkipReason::LastUseNotRead(text()),
    )
}

fn kept() -> Vec<Kept> {
    every!(Kept:
        Kept::Interrupted => Kept::Interrupted,
        Kept::LooksTooOld => Kept::LooksTooOld,
        Kept::Denied(_) => Kept::Denied(text()),
        Kept::Failed(_) => Kept::Failed(text()),
    )
}

const fn deleted(request_id: Option<String>, verified_at: Option<Instant>) -> Outcome {
    Outcome::Deleted(Deletion { request_id, last_look: Instant::from_unix(1_795_417_950), verified_at })
}

fn outcomes() -> Vec<Outcome> {
    let first = every!(Outcome:
        Outcome::Deleted(_) => deleted(Some(text()), Some(now())),
        Outcome::Gone { .. } => Outcome::Gone { seen_at: now(), last_look: None },
        Outcome::Skipped(_) => Outcome::Skipped(SkipReason::Active),
        Outcome::Kept(_) => Outcome::Kept(Kept::Interrupted),
    );
    let others = [deleted(None, None), Outcome::Gone { seen_at: now(), last_look: Some(now()) }];
    let skipped = skips().into_iter().map(Outcome::Skipped);
    first.into_iter().chain(others).chain(skipped).chain(kept().into_iter().map(Outcome::Kept)).collect()
}

pub(crate) fn look() -> Looked {
    Looked { from: now(), to: now().next() }
}

fn set() -> SwitchOutcome {
    SwitchOutcome::Set(Setting { request_id: Some(text()), before: look(), after: Some(look()) })
}

fn seen() -> SwitchOutcome {
    SwitchOutcome::Seen { seen: look(), before: None }
}

fn switch_outcomes() -> Vec<SwitchOutcome> {
    let first = every!(SwitchOutcome:
        SwitchOutcome::Set(_) => set(),
        SwitchOutcome::Seen { .. } => seen(),
        SwitchOutcome::LeftAlone(_) => SwitchOutcome::LeftAlone(SkipReason::Inactive),
        SwitchOutcome::Kept(_) => SwitchOutcome::Kept(Kept::Interrupted),
    );
    let others = [
        SwitchOutcome::Set(Setting { request_id: None, before: look(), after: None }),
        SwitchOutcome::Seen { seen: look(), before: Some(look()) },
    ];
    let left = skips().into_iter().map(SwitchOutcome::LeftAlone);
    first.into_iter().chain(others).chain(left).chain(kept().into_iter().map(SwitchOutcome::Kept)).collect()
}

fn opened(epoch: u64) -> Event {
    let approved_by = vec![("bob".to_owned(), "arn:bob".to_owned())];
    Event::Opened {
        at: now(),
        epoch,
        holder: "host".to_owned(),
        caller_arn: "arn:applier".to_owned(),
        approved_by,
    }
}

fn reverting(epoch: u64) -> Event {
    Event::Reverting { at: now(), epoch, holder: "host".to_owned(), caller_arn: "arn:reverter".to_owned() }
}

fn intended(number: u32) -> Event {
    Event::Intended {
        at: now(),
        epoch: 1,
        account: ACCOUNT.parse().unwrap(),
        key: key_id(number),
        user: format!("user-{number}").parse().unwrap(),
        user_id: format!("AIDA{number}"),
        attempt: 1,
    }
}

fn ended(number: u32, outcome: Outcome) -> Event {
    Event::Ended { at: now(), account: ACCOUNT.parse().unwrap(), key: key_id(number), attempt: 1, outcome }
}

fn switching(number: u32, epoch: u64, to: KeyStatus, attempt: u32) -> Event {
    let account = ACCOUNT.parse().unwrap();
    Event::Switching { at: now(), epoch, account, key: key_id(number), to, attempt }
}

fn switched(number: u32, to: KeyStatus, attempt: u32, outcome: SwitchOutcome) -> Event {
    let account = ACCOUNT.parse().unwrap();
    Event::Switched { at: now(), account, key: key_id(number), to, attempt, outcome }
}

fn events() -> Vec<Event> {
    let skipped = |reason| Event::Skipped {
        at: now(),
        epoch: 1,
        account: ACCOUNT.parse().unwrap(),
        key: key_id(1),
        reason,
    };
    let statuses = every!(KeyStatus:
        KeyStatus::Active => KeyStatus::Active,
        KeyStatus::Inactive => KeyStatus::Inactive,
    );
    let mut events = every!(Event:
        Event::Opened { .. } => opened(1),
        Event::Reverting { .. } => reverting(1),
        Event::Skipped { .. } => skipped(SkipReason::Active),
        Event::Intended { .. } => intended(1),
        Event::Ended { .. } => ended(1, deleted(None, None)),
        Event::Switching { .. } => switching(5, 1, KeyStatus::Inactive, 1),
        Event::Switched { .. } => switched(5, KeyStatus::Inactive, 1, set()),
        Event::Stopped { .. } => Event::Stopped { at: now(), epoch: 1, reason: text() },
    );
    events.push(Event::Opened {
        at: now(),
        epoch: 2,
        holder: text(),
        caller_arn: text(),
        approved_by: Vec::new(),
    });
    events.extend(skips().into_iter().map(skipped));
    events.extend(outcomes().into_iter().map(|outcome| ended(1, outcome)));
    for to in statuses {
        events.push(switching(5, 1, to, 1));
        events.extend(switch_outcomes().into_iter().map(|outcome| switched(5, to, 1, outcome)));
    }
    events
}

/// A journal that holds every event, and could not be one: keys do not go by all ways at once.
pub(crate) fn sealed() -> Vec<Sealed> {
    let digest = document::digest(&nothing());
    let seal = |(event, number)| Sealed { number, event, previous: digest, digest };
    events().into_iter().zip(1..).map(seal).collect()
}

/// The receipts of a run in which keys went by every way.
pub(crate) fn every_receipt() -> Vec<Receipt> {
    use KeyStatus::{Active, Inactive};
    let plan = everything(Partition::Aws);
    let digest = document::digest(&plan);
    let mut ledger = Ledger::new(digest);
    let before = Some(look());
    let events = [
        opened(1),
        intended(1),
        ended(1, deleted(Some(text()), Some(now()))),
        intended(2),
        ended(2, deleted(None, None)),
        intended(3),
        ended(3, Outcome::Gone { seen_at: now(), last_look: None }),
        switching(5, 1, Inactive, 1),
        switched(5, Inactive, 1, set()),
        switching(6, 1, Inactive, 1),
        switched(
            6,
            Inactive,
            1,
            SwitchOutcome::Set(Setting { request_id: None, before: look(), after: None }),
        ),
        switching(7, 1, Inactive, 1),
        switched(7, Inactive, 1, SwitchOutcome::Seen { seen: look(), before }),
        reverting(2),
        switching(5, 2, Active, 2),
        switched(5, Active, 2, set()),
        switching(6, 2, Active, 2),
        switched(6, Active, 2, seen()),
    ];
    let sealed: Vec<Sealed> = events.into_iter().map(|event| ledger.append(event).unwrap()).collect();
    receipts(&plan, digest, &sealed).unwrap()
}
