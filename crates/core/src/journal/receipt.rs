//! Receipts: one for each key that is gone by a run, or whose status it set. They are made from the plan and its journal, never kept beside it, so that
//! they cannot say anything else; and they are a chain of their own, so that a list of them can be checked without the rest.

use std::collections::BTreeMap;

use serde::Serialize;

use super::event::{Deletion, Event, Outcome};
use super::status::Ledger;
use super::switch::{Looked, Setting, SwitchOutcome};
use super::{Broken, Sealed};
use crate::account::AccountId;
use crate::key::{AccessKeyId, KeyStatus, UserName};
use crate::plan::digest::Digest;
use crate::plan::{ById, InactiveSince, Plan, PlannedDeactivation, PlannedKey};
use crate::time::Instant;

/// What is left of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its place among the run's receipts, from 1.
    pub number: u64,
    /// The plan.
    pub plan_id: String,
    /// The plan's digest.
    pub plan: Digest,
    /// The key as it was planned: whose it was, and what that rests on.
    pub key: ReceiptKey,
    /// Why it was planned.
    pub grounds: Grounds,
    /// What was done to it.
    pub action: Action,
    /// How it went.
    pub how: How,
    /// When the outcome was journalled.
    pub at: Instant,
    /// Who deleted it, or set its status: the ARN of the credentials that applied the plan, or reverted it.
    pub deleted_by: String,
    /// Who had approved, by name and ARN. Nobody approves a revert.
    pub approved_by: Vec<(String, String)>,
    /// The digest of the receipt before it; for the first, of the plan.
    pub previous: Digest,
    /// The digest of all this.
    pub digest: Digest,
}

/// A key as it was planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptKey {
    /// Its account.
    pub account: AccountId,
    /// Its user's name.
    pub user: UserName,
    /// Its user's ARN.
    pub user_arn: String,
    /// Its id.
    pub key: AccessKeyId,
    /// Its `CreateDate`.
    pub created: Instant,
    /// What the plan rested on: event ids, and the looks at it.
    pub evidence: Vec<String>,
    /// The user's `owner` tag.
    pub owner_tag: Option<String>,
}

/// Why a key was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grounds {
    /// It was inactive for too long.
    Inactive(InactiveSince),
    /// It was Active and unused for too long.
    Unused {
        /// Since when.
        since: Instant,
        /// Its last use.
        last_used: Option<Instant>,
        /// When the last use was asked for.
        as_of: Instant,
    },
}

/// What was done to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It was deleted.
    Deleted,
    /// It was set Inactive.
    Deactivated,
    /// It was set Active again, by a revert.
    Reactivated,
}

impl Action {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Deactivated => "deactivated",
            Self::Reactivated => "reactivated",
        }
    }
}

impl From<&PlannedKey> for ReceiptKey {
    fn from(key: &PlannedKey) -> Self {
        Self {
            account: key.account,
            user: key.user.clone(),
            user_arn: key.user_arn.clone(),
            key: key.key.clone(),
            created: key.created,
            evidence: key.evidence.clone(),
            owner_tag: key.owner_tag.clone(),
        }
    }
}

impl From<&PlannedDeactivation> for ReceiptKey {
    fn from(key: &PlannedDeactivation) -> Self {
        Self {
            account: key.account,
            user: key.user.clone(),
            user_arn: key.user_arn.clone(),
            key: key.key.clone(),
            created: key.created,
            evidence: key.evidence.clone(),
            owner_tag: key.owner_tag.clone(),
        }
    }
}

/// How a key went, or its status was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// AWS confirmed the deletion.
    Confirmed(Deletion),
    /// It was seen to be gone, after a delete whose answer was lost.
    SeenGone {
        /// When.
        seen_at: Instant,
        /// The last look that saw it.
        last_look: Option<Instant>,
    },
    /// AWS confirmed that it set the status.
    Set(Setting),
    /// The status was seen to be set, after a call whose answer was lost.
    SeenSet {
        /// The look that saw it.
        seen: Looked,
        /// The last look that saw the other status.
        before: Option<Looked>,
    },
}

impl How {
    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Confirmed(_) => "deleted",
            Self::SeenGone { .. } => "gone",
            Self::Set(_) => "set",
            Self::SeenSet { .. } => "seen",
        }
    }

    /// AWS's request id.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Confirmed(deletion) => deletion.request_id.as_deref(),
            Self::Set(setting) => setting.request_id.as_deref(),
            Self::SeenGone { .. } | Self::SeenSet { .. } => None,
        }
    }

    /// When the key was last seen before: Inactive, or where its status was set, with the other status.
    pub fn last_look(&self) -> Option<Instant> {
        match self {
            Self::Confirmed(deletion) => Some(deletion.last_look),
            Self::SeenGone { last_look, .. } => *last_look,
            Self::Set(setting) => Some(setting.before.to),
            Self::SeenSet { before, .. } => before.map(|look| look.to),
        }
    }

    /// When it was seen to be gone, or to have the status.
    pub fn verified_at(&self) -> Option<Instant> {
        match self {
            Self::Confirmed(deletion) => deletion.verified_at,
            Self::SeenGone { seen_at, .. } => Some(*seen_at),
            Self::Set(setting) => setting.after.map(|look| look.to),
            Self::SeenSet { seen, .. } => Some(seen.to),
        }
    }
}

/// What a journal says that its plan does not bear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOfThisPlan {
    /// The journal is broken.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// Something was done to a key that the plan does not hold.
    #[error(
        "event {number} of the journal concerns key {key} in account {account}, which the plan does not hold"
    )]
    NotPlanned {
        /// The event's number.
        number: u64,
        /// The account.
        account: AccountId,
        /// The key.
        key: AccessKeyId,
    },
}

/// Whose credentials applied the plan, and who had approved.
type Applier<'a> = (&'a str, &'a [(String, String)]);

/// The receipts of a run, in the order in which keys went. The journal is checked on the way.
pub fn receipts(plan: &Plan, digest: Digest, events: &[Sealed]) -> Result<Vec<Receipt>, NotOfThisPlan> {
    Ok(replay(plan, digest, events)?.1)
}

/// Where a run stands, and its receipts, in the order in which keys went.
pub fn replay(
    plan: &Plan,
    digest: Digest,
    events: &[Sealed],
) -> Result<(Ledger, Vec<Receipt>), NotOfThisPlan> {
    let planned = plan.by_id();
    let mut ledger = Ledger::new(digest);
    let mut receipts: Vec<Receipt> = Vec::new();
    let mut opened: BTreeMap<u64, Applier<'_>> = BTreeMap::new();
    // Whoever intended a deletion is who made it, also where somebody else has taken over meanwhile.
    let mut intended: BTreeMap<(AccountId, &AccessKeyId, u32), u64> = BTreeMap::new();
    for sealed in events {
        let has_receipt = ledger.join(sealed)?;
        match &sealed.event {
            Event::Opened { epoch, caller_arn, approved_by, .. } => {
                opened.insert(*epoch, (caller_arn, approved_by));
            }
            Event::Reverting { epoch, caller_arn, .. } => {
                opened.insert(*epoch, (caller_arn, &[]));
            }
            Event::Intended { epoch, account, key, attempt, .. }
            | Event::Switching { epoch, account, key, attempt, .. } => {
                intended.insert((*account, key, *attempt), *epoch);
            }
            _ => {}
        }
        let Some((account, id)) = sealed.event.key() else { continue };
        let is_switch = matches!(sealed.event, Event::Switching { .. } | Event::Switched { .. });
        let (key, grounds) = subject(&planned, account, id, is_switch)
            .ok_or_else(|| NotOfThisPlan::NotPlanned { number: sealed.number, account, key: id.clone() })?;
        let Some((action, how, attempt)) = done(&sealed.event).filter(|_| has_receipt) else { continue };
        let epoch = intended.get(&(account, id, attempt));
        let (caller, approvers) = epoch.and_then(|epoch| opened.get(epoch)).copied().unwrap_or_default();
        let previous = receipts.last().map_or(digest, |last| last.digest);
        let mut receipt = Receipt {
            number: receipts.len() as u64 + 1,
            plan_id: plan.id.clone(),
            plan: digest,
            key,
            grounds,
            action,
            how,
            at: sealed.event.at(),
            deleted_by: caller.to_owned(),
            approved_by: approvers.to_vec(),
            previous,
            digest: previous,
        };
        receipt.digest = receipt.sealed();
        receipts.push(receipt);
    }
    Ok((ledger, receipts))
}

/// The planned key that an event concerns.
fn subject(
    planned: &ById<'_>,
    account: AccountId,
    id: &AccessKeyId,
    is_switch: bool,
) -> Option<(ReceiptKey, Grounds)> {
    if is_switch {
        let key = planned.deactivation(account, id)?;
        let PlannedDeactivation { unused_since: since, last_used, as_of, .. } = *key;
        Some((key.into(), Grounds::Unused { since, last_used, as_of }))
    } else {
        let key = planned.deletion(account, id)?;
        Some((key.into(), Grounds::Inactive(key.inactive_since)))
    }
}

/// What an event did to its key, how, and in which attempt.
fn done(event: &Event) -> Option<(Action, How, u32)> {
    match event {
        Event::Ended { outcome, attempt, .. } => {
            let how = match outcome {
                Outcome::Deleted(deletion) => How::Confirmed(deletion.clone()),
                Outcome::Gone { seen_at, last_look } => {
                    How::SeenGone { seen_at: *seen_at, last_look: *last_look }
                }
                Outcome::Skipped(_) | Outcome::Kept(_) => return None,
            };
            Some((Action::Deleted, how, *attempt))
        }
        Event::Switched { to, outcome, attempt, .. } => {
            let how = match outcome {
                SwitchOutcome::Set(setting) => How::Set(setting.clone()),
                SwitchOutcome::Seen { seen, before } => How::SeenSet { seen: *seen, before: *before },
                SwitchOutcome::LeftAlone(_) | SwitchOutcome::Kept(_) => return None,
            };
            let action = match to {
                KeyStatus::Active => Action::Reactivated,
                KeyStatus::Inactive => Action::Deactivated,
            };
            Some((action, how, *attempt))
        }
        _ => None,
    }
}

/// A receipt as it is written: JSON `keysweep.receipt/v1`, frozen.
#[derive(Debug, Serialize)]
pub struct ReceiptV1 {
    number: u64,
    plan_id: String,
    plan_digest: String,
    account_id: String,
    user: String,
    user_arn: String,
    access_key_id: String,
    created: String,
    owner_tag: Option<String>,
    action: String,
    inactive_since_earliest: Option<String>,
    inactive_since_latest: Option<String>,
    inactive_as_of: Option<String>,
    confidence: Option<String>,
    unused_since: Option<String>,
    unused_as_of: Option<String>,
    last_used: Option<String>,
    evidence: Vec<String>,
    result: String,
    recorded_at: String,
    request_id: Option<String>,
    last_look: Option<String>,
    verified_at: Option<String>,
    deleted_by: Option<String>,
    set_by: Option<String>,
    approved_by: Vec<ApproverV1>,
    previous: String,
    digest: Option<String>,
}

#[derive(Debug, Serialize)]
struct ApproverV1 {
    name: String,
    arn: String,
}

impl Receipt {
    /// The digest of the receipt: of its JSON without white space, in which `digest` is null.
    pub fn sealed(&self) -> Digest {
        let unsealed = ReceiptV1 { digest: None, ..ReceiptV1::from(self) };
        Digest::of(&serde_json::to_vec(&unsealed).unwrap_or_default())
    }
}

impl From<&Receipt> for ReceiptV1 {
    fn from(receipt: &Receipt) -> Self {
        let (key, how) = (&receipt.key, &receipt.how);
        let moment = |at: Option<Instant>| at.map(|at| at.to_string());
        let (claim, unused) = match receipt.grounds {
            Grounds::Inactive(claim) => (Some(claim), None),
            Grounds::Unused { since, last_used, as_of } => (None, Some((since, last_used, as_of))),
        };
        let is_deleted = receipt.action == Action::Deleted;
        let by = |counts: bool| counts.then(|| receipt.deleted_by.clone());
        Self {
            number: receipt.number,
            plan_id: receipt.plan_id.clone(),
            plan_digest: receipt.plan.to_string(),
            account_id: key.account.to_string(),
            user: key.user.to_string(),
            user_arn: key.user_arn.clone(),
            access_key_id: key.key.to_string(),
            created: key.created.to_string(),
            owner_tag: key.owner_tag.clone(),
            action: receipt.action.name().to_owned(),
            inactive_since_earliest: moment(claim.map(|claim| claim.interval.earliest())),
            inactive_since_latest: moment(claim.map(|claim| claim.interval.latest())),
            inactive_as_of: moment(claim.map(|claim| claim.as_of)),
            confidence: claim.map(|claim| claim.confidence.name().to_owned()),
            unused_since: moment(unused.map(|(since, _, _)| since)),
            unused_as_of: moment(unused.map(|(_, _, as_of)| as_of)),
            last_used: moment(unused.and_then(|(_, last_used, _)| last_used)),
            evidence: key.evidence.clone(),
            result: how.name().to_owned(),
            recorded_at: receipt.at.to_string(),
            request_id: how.request_id().map(str::to_owned),
            last_look: moment(how.last_look()),
            verified_at: moment(how.verified_at()),
            deleted_by: by(is_deleted),
            set_by: by(!is_deleted),
            approved_by: receipt
                .approved_by
                .iter()
                .map(|(name, arn)| ApproverV1 { name: name.clone(), arn: arn.clone() })
                .collect(),
            previous: receipt.previous.to_string(),
            digest: Some(receipt.digest.to_string()),
        }
    }
}
