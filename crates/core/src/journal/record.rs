//! Events as they are kept and chained: JSON `keysweep.journal/v1`, frozen, one line each. What is read must be what would be
//! written.

use serde::{Deserialize, Serialize};

use super::event::{Deletion, Event, Kept, Outcome};
use super::switch::{Looked, Setting, SwitchOutcome};
use crate::exemption::{ExemptBy, Unreadable};
use crate::key::KeyStatus;
use crate::plan::SkipReason;
use crate::time::Instant;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
enum EventV1 {
    Opened {
        at: String,
        epoch: u64,
        holder: String,
        caller_arn: String,
        approved_by: Vec<(String, String)>,
    },
    Reverting {
        at: String,
        epoch: u64,
        holder: String,
        caller_arn: String,
    },
    Skipped {
        at: String,
        epoch: u64,
        account_id: String,
        access_key_id: String,
        skip: SkipV1,
    },
    Intended {
        at: String,
        epoch: u64,
        account_id: String,
        access_key_id: String,
        user: String,
        user_id: String,
        attempt: u32,
    },
    Ended {
        at: String,
        account_id: String,
        access_key_id: String,
        attempt: u32,
        outcome: OutcomeV1,
    },
    Switching {
        at: String,
        epoch: u64,
        account_id: String,
        access_key_id: String,
        to: String,
        attempt: u32,
    },
    Switched {
        at: String,
        account_id: String,
        access_key_id: String,
        to: String,
        attempt: u32,
        outcome: SwitchOutcomeV1,
    },
    Stopped {
        at: String,
        epoch: u64,
        reason: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case", deny_unknown_fields)]
enum OutcomeV1 {
    Deleted { request_id: Option<String>, last_look: String, verified_at: Option<String> },
    Gone { seen_at: String, last_look: Option<String> },
    Skipped { skip: SkipV1 },
    Kept { reason: String, detail: Option<String> },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case", deny_unknown_fields)]
enum SwitchOutcomeV1 {
    Set { request_id: Option<String>, before: LookedV1, after: Option<LookedV1> },
    Seen { seen: LookedV1, before: Option<LookedV1> },
    LeftAlone { skip: SkipV1 },
    Kept { reason: String, detail: Option<String> },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LookedV1 {
    from: String,
    to: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case", deny_unknown_fields)]
enum SkipV1 {
    UserGone,
    UserChanged { arn: String },
    KeyGone,
    CreatedDiffers { created: String },
    Active,
    UnknownStatus { status: String },
    StatusChanged { changed_at: String, changed_to: String, event_id: String },
    ExemptByExemption { exemption_id: String, exemption_reason: String },
    ExemptByTag { tag_name: String, tag_value: String },
    CannotTellExempt { unreadable: String },
    NotSettled { until: String },
    OnlyObserved,
    HistoryNotRead { detail: String },
    NotEntered { detail: String },
    NotLookedAt { detail: String },
    UnderWay { plan: String },
    Inactive,
    UsedSince { used_at: String },
    LastUseNotRead { detail: String },
}

/// Why a text is not an event.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotAnEvent(String);

/// Nothing in these structs can fail to be written.
pub(super) fn write(event: &Event) -> String {
    serde_json::to_string(&EventV1::from(event)).unwrap_or_default()
}

pub(super) fn read(text: &str) -> Result<Event, NotAnEvent> {
    let written: EventV1 = serde_json::from_str(text).map_err(|error| NotAnEvent(error.to_string()))?;
    Event::try_from(written)
}

impl From<&Event> for EventV1 {
    fn from(event: &Event) -> Self {
        let at = event.at().to_string();
        match event {
            Event::Opened { epoch, holder, caller_arn, approved_by, .. } => Self::Opened {
                at,
                epoch: *epoch,
                holder: holder.clone(),
                caller_arn: caller_arn.clone(),
                approved_by: approved_by.clone(),
            },
            Event::Reverting { epoch, holder, caller_arn, .. } => {
                Self::Reverting { at, epoch: *epoch, holder: holder.clone(), caller_arn: caller_arn.clone() }
            }
            Event::Skipped { epoch, account, key, reason, .. } => Self::Skipped {
                at,
                epoch: *epoch,
                account_id: account.to_string(),
                access_key_id: key.to_string(),
                skip: reason.into(),
            },
            Event::Intended { epoch, account, key, user, user_id, attempt, .. } => Self::Intended {
                at,
                epoch: *epoch,
                account_id: account.to_string(),
                access_key_id: key.to_string(),
                user: user.to_string(),
                user_id: user_id.clone(),
                attempt: *attempt,
            },
            Event::Ended { account, key, attempt, outcome, .. } => Self::Ended {
                at,
                account_id: account.to_string(),
                access_key_id: key.to_string(),
                attempt: *attempt,
                outcome: outcome.into(),
            },
            Event::Switching { epoch, account, key, to, attempt, .. } => Self::Switching {
                at,
                epoch: *epoch,
                account_id: account.to_string(),
                access_key_id: key.to_string(),
                to: to.as_api().to_owned(),
                attempt: *attempt,
            },
            Event::Switched { account, key, to, attempt, outcome, .. } => Self::Switched {
                at,
                account_id: account.to_string(),
                access_key_id: key.to_string(),
                to: to.as_api().to_owned(),
                attempt: *attempt,
                outcome: outcome.into(),
            },
            Event::Stopped { epoch, reason, .. } => {
                Self::Stopped { at, epoch: *epoch, reason: reason.clone() }
            }
        }
    }
}

impl From<&Outcome> for OutcomeV1 {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Deleted(Deletion { request_id, last_look, verified_at }) => Self::Deleted {
                request_id: request_id.clone(),
                last_look: last_look.to_string(),
                verified_at: verified_at.map(|at| at.to_string()),
            },
            Outcome::Gone { seen_at, last_look } => {
                Self::Gone { seen_at: seen_at.to_string(), last_look: last_look.map(|at| at.to_string()) }
            }
            Outcome::Skipped(reason) => Self::Skipped { skip: reason.into() },
            Outcome::Kept(kept) => {
                Self::Kept { reason: kept.name().to_owned(), detail: kept.detail().map(str::to_owned) }
            }
        }
    }
}

impl From<&SwitchOutcome> for SwitchOutcomeV1 {
    fn from(outcome: &SwitchOutcome) -> Self {
        match outcome {
            SwitchOutcome::Set(Setting { request_id, before, after }) => Self::Set {
                request_id: request_id.clone(),
                before: before.into(),
                after: after.as_ref().map(LookedV1::from),
            },
            SwitchOutcome::Seen { seen, before } => {
                Self::Seen { seen: seen.into(), before: before.as_ref().map(LookedV1::from) }
            }
            SwitchOutcome::LeftAlone(reason) => Self::LeftAlone { skip: reason.into() },
            SwitchOutcome::Kept(kept) => {
                Self::Kept { reason: kept.name().to_owned(), detail: kept.detail().map(str::to_owned) }
            }
        }
    }
}

impl From<&Looked> for LookedV1 {
    fn from(looked: &Looked) -> Self {
        Self { from: looked.from.to_string(), to: looked.to.to_string() }
    }
}

impl TryFrom<LookedV1> for Looked {
    type Error = NotAnEvent;

    fn try_from(written: LookedV1) -> Result<Self, NotAnEvent> {
        let looked = Self { from: parsed(&written.from)?, to: parsed(&written.to)? };
        if looked.from > looked.to {
            return Err(NotAnEvent("a look ends before it begins".to_owned()));
        }
        Ok(looked)
    }
}

impl From<&SkipReason> for SkipV1 {
    fn from(reason: &SkipReason) -> Self {
        match reason.clone() {
            SkipReason::UserGone => Self::UserGone,
            SkipReason::UserChanged { arn } => Self::UserChanged { arn },
            SkipReason::KeyGone => Self::KeyGone,
            SkipReason::CreatedDiffers { created } => Self::CreatedDiffers { created: created.to_string() },
            SkipReason::Active => Self::Active,
            SkipReason::UnknownStatus(status) => Self::UnknownStatus { status },
            SkipReason::StatusChanged { at, to, event } => Self::StatusChanged {
                changed_at: at.to_string(),
                changed_to: to.as_api().to_owned(),
                event_id: event,
            },
            SkipReason::Exempt(ExemptBy::Exemption { id, reason }) => {
                Self::ExemptByExemption { exemption_id: id, exemption_reason: reason }
            }
            SkipReason::Exempt(ExemptBy::KeepTag { name, value }) => {
                Self::ExemptByTag { tag_name: name, tag_value: value }
            }
            SkipReason::CannotTellExempt(what) => {
                Self::CannotTellExempt { unreadable: what.name().to_owned() }
            }
            SkipReason::NotSettled { until } => Self::NotSettled { until: until.to_string() },
            SkipReason::OnlyObserved => Self::OnlyObserved,
            SkipReason::HistoryNotRead(detail) => Self::HistoryNotRead { detail },
            SkipReason::NotEntered(detail) => Self::NotEntered { detail },
            SkipReason::NotLookedAt(detail) => Self::NotLookedAt { detail },
            SkipReason::UnderWay { plan } => Self::UnderWay { plan: plan.to_string() },
            SkipReason::Inactive => Self::Inactive,
            SkipReason::UsedSince { at } => Self::UsedSince { used_at: at.to_string() },
            SkipReason::LastUseNotRead(detail) => Self::LastUseNotRead { detail },
        }
    }
}

fn parsed<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<T, NotAnEvent> {
    text.parse().map_err(|error: T::Err| NotAnEvent(error.to_string()))
}

fn moment(text: Option<String>) -> Result<Option<Instant>, NotAnEvent> {
    text.map(|text| parsed(&text)).transpose()
}

impl TryFrom<EventV1> for Event {
    type Error = NotAnEvent;

    fn try_from(written: EventV1) -> Result<Self, NotAnEvent> {
        Ok(match written {
            EventV1::Opened { at, epoch, holder, caller_arn, approved_by } => {
                Self::Opened { at: parsed(&at)?, epoch, holder, caller_arn, approved_by }
            }
            EventV1::Reverting { at, epoch, holder, caller_arn } => {
                Self::Reverting { at: parsed(&at)?, epoch, holder, caller_arn }
            }
            EventV1::Skipped { at, epoch, account_id, access_key_id, skip } => Self::Skipped {
                at: parsed(&at)?,
                epoch,
                account: parsed(&account_id)?,
                key: parsed(&access_key_id)?,
                reason: skip.try_into()?,
            },
            EventV1::Intended { at, epoch, account_id, access_key_id, user, user_id, attempt } => {
                Self::Intended {
                    at: parsed(&at)?,
                    epoch,
                    account: parsed(&account_id)?,
                    key: parsed(&access_key_id)?,
                    user: parsed(&user)?,
                    user_id,
                    attempt,
                }
            }
            EventV1::Ended { at, account_id, access_key_id, attempt, outcome } => Self::Ended {
                at: parsed(&at)?,
                account: parsed(&account_id)?,
                key: parsed(&access_key_id)?,
                attempt,
                outcome: outcome.try_into()?,
            },
            EventV1::Switching { at, epoch, account_id, access_key_id, to, attempt } => Self::Switching {
                at: parsed(&at)?,
                epoch,
                account: parsed(&account_id)?,
                key: parsed(&access_key_id)?,
                to: status(&to)?,
                attempt,
            },
            EventV1::Switched { at, account_id, access_key_id, to, attempt, outcome } => Self::Switched {
                at: parsed(&at)?,
                account: parsed(&account_id)?,
                key: parsed(&access_key_id)?,
                to: status(&to)?,
                attempt,
                outcome: outcome.try_into()?,
            },
            EventV1::Stopped { at, epoch, reason } => Self::Stopped { at: parsed(&at)?, epoch, reason },
        })
    }
}

impl TryFrom<OutcomeV1> for Outcome {
    type Error = NotAnEvent;

    fn try_from(written: OutcomeV1) -> Result<Self, NotAnEvent> {
        Ok(match written {
            OutcomeV1::Deleted { request_id, last_look, verified_at } => Self::Deleted(Deletion {
                request_id,
                last_look: parsed(&last_look)?,
                verified_at: moment(verified_at)?,
            }),
            OutcomeV1::Gone { seen_at, last_look } => {
                Self::Gone { seen_at: parsed(&seen_at)?, last_look: moment(last_look)? }
            }
            OutcomeV1::Skipped { skip } => Self::Skipped(skip.try_into()?),
            OutcomeV1::Kept { reason, detail } => Self::Kept(kept(&reason, detail)?),
        })
    }
}

impl TryFrom<SwitchOutcomeV1> for SwitchOutcome {
    type Error = NotAnEvent;

    fn try_from(written: SwitchOutcomeV1) -> Result<Self, NotAnEvent> {
        Ok(match written {
            SwitchOutcomeV1::Set { request_id, before, after } => Self::Set(Setting {
                request_id,
                before: before.try_into()?,
                after: after.map(Looked::try_from).transpose()?,
            }),
            SwitchOutcomeV1::Seen { seen, before } => {
                Self::Seen { seen: seen.try_into()?, before: before.map(Looked::try_from).transpose()? }
            }
            SwitchOutcomeV1::LeftAlone { skip } => Self::LeftAlone(skip.try_into()?),
            SwitchOutcomeV1::Kept { reason, detail } => Self::Kept(kept(&reason, detail)?),
        })
    }
}

fn kept(reason: &str, detail: Option<String>) -> Result<Kept, NotAnEvent> {
    Ok(match (reason, detail) {
        ("interrupted", None) => Kept::Interrupted,
        ("looks_too_old", None) => Kept::LooksTooOld,
        ("denied", Some(detail)) => Kept::Denied(detail),
        ("failed", Some(detail)) => Kept::Failed(detail),
        _ => return Err(NotAnEvent(format!("{reason:?} is no reason why a key is still there"))),
    })
}

fn status(text: &str) -> Result<KeyStatus, NotAnEvent> {
    [KeyStatus::Active, KeyStatus::Inactive]
        .into_iter()
        .find(|status| status.as_api() == text)
        .ok_or_else(|| NotAnEvent(format!("{text:?} is no status")))
}

impl TryFrom<SkipV1> for SkipReason {
    type Error = NotAnEvent;

    fn try_from(written: SkipV1) -> Result<Self, NotAnEvent> {
        Ok(match written {
            SkipV1::UserGone => Self::UserGone,
            SkipV1::UserChanged { arn } => Self::UserChanged { arn },
            SkipV1::KeyGone => Self::KeyGone,
            SkipV1::CreatedDiffers { created } => Self::CreatedDiffers { created: parsed(&created)? },
            SkipV1::Active => Self::Active,
            SkipV1::UnknownStatus { status } => Self::UnknownStatus(status),
            SkipV1::StatusChanged { changed_at, changed_to, event_id } => {
                Self::StatusChanged { at: parsed(&changed_at)?, to: status(&changed_to)?, event: event_id }
            }
            SkipV1::ExemptByExemption { exemption_id, exemption_reason } => {
                Self::Exempt(ExemptBy::Exemption { id: exemption_id, reason: exemption_reason })
            }
            SkipV1::ExemptByTag { tag_name, tag_value } => {
                Self::Exempt(ExemptBy::KeepTag { name: tag_name, value: tag_value })
            }
            SkipV1::CannotTellExempt { unreadable } => Self::CannotTellExempt(
                Unreadable::named(&unreadable)
                    .ok_or_else(|| NotAnEvent(format!("{unreadable:?} is nothing that could be read")))?,
            ),
            SkipV1::NotSettled { until } => Self::NotSettled { until: parsed(&until)? },
            SkipV1::OnlyObserved => Self::OnlyObserved,
            SkipV1::HistoryNotRead { detail } => Self::HistoryNotRead(detail),
            SkipV1::NotEntered { detail } => Self::NotEntered(detail),
            SkipV1::NotLookedAt { detail } => Self::NotLookedAt(detail),
            SkipV1::UnderWay { plan } => Self::UnderWay { plan: parsed(&plan)? },
            SkipV1::Inactive => Self::Inactive,
            SkipV1::UsedSince { used_at } => Self::UsedSince { at: parsed(&used_at)? },
            SkipV1::LastUseNotRead { detail } => Self::LastUseNotRead(detail),
        })
    }
}
