//! Receipts: one for each key that is gone by a run. They are made from the plan and its journal, never kept beside it, so that
//! they cannot say anything else; and they are a chain of their own, so that a list of them can be checked without the rest.

use std::collections::BTreeMap;

use serde::Serialize;

use super::event::{Deletion, Event, Outcome};
use super::status::{KeyRecord, Ledger};
use super::{Broken, Sealed};
use crate::account::AccountId;
use crate::key::AccessKeyId;
use crate::plan::digest::Digest;
use crate::plan::{Plan, PlannedKey};
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
    /// The key as it was planned: whose it was, since when it was inactive, and what that rests on.
    pub key: PlannedKey,
    /// How it went.
    pub how: How,
    /// When the outcome was journalled.
    pub at: Instant,
    /// Who deleted it: the ARN of the credentials that applied the plan.
    pub deleted_by: String,
    /// Who had approved, by name and ARN.
    pub approved_by: Vec<(String, String)>,
    /// The digest of the receipt before it; for the first, of the plan.
    pub previous: Digest,
    /// The digest of all this.
    pub digest: Digest,
}

/// How a key went.
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
}

impl How {
    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Confirmed(_) => "deleted",
            Self::SeenGone { .. } => "gone",
        }
    }

    /// AWS's request id.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Confirmed(deletion) => deletion.request_id.as_deref(),
            Self::SeenGone { .. } => None,
        }
    }

    /// When the key was last seen, Inactive.
    pub const fn last_look(&self) -> Option<Instant> {
        match self {
            Self::Confirmed(deletion) => Some(deletion.last_look),
            Self::SeenGone { last_look, .. } => *last_look,
        }
    }

    /// When it was seen to be gone.
    pub const fn verified_at(&self) -> Option<Instant> {
        match self {
            Self::Confirmed(deletion) => deletion.verified_at,
            Self::SeenGone { seen_at, .. } => Some(*seen_at),
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
    Ledger::replay(digest, events)?;
    let mut records = BTreeMap::<_, KeyRecord>::new();
    let mut receipts: Vec<Receipt> = Vec::new();
    let mut opened: BTreeMap<u64, Applier<'_>> = BTreeMap::new();
    // Whoever intended a deletion is who made it, also where somebody else has taken over meanwhile.
    let mut intended: BTreeMap<(AccountId, &AccessKeyId, u32), u64> = BTreeMap::new();
    for sealed in events {
        match &sealed.event {
            Event::Opened { epoch, caller_arn, approved_by, .. } => {
                opened.insert(*epoch, (caller_arn, approved_by));
            }
            Event::Intended { epoch, account, key, attempt, .. } => {
                intended.insert((*account, key, *attempt), *epoch);
            }
            _ => {}
        }
        let Some((account, id)) = sealed.event.key() else { continue };
        let key = plan.key(account, id).ok_or_else(|| NotOfThisPlan::NotPlanned {
            number: sealed.number,
            account,
            key: id.clone(),
        })?;
        let went = records
            .entry((account, id.clone()))
            .or_default()
            .follow(&sealed.event)
            .map_err(|illegal| Broken::Illegal { number: sealed.number, illegal })?;
        let (true, Event::Ended { outcome, attempt, at, .. }) = (went, &sealed.event) else { continue };
        let how = match outcome {
            Outcome::Deleted(deletion) => How::Confirmed(deletion.clone()),
            Outcome::Gone { seen_at, last_look } => {
                How::SeenGone { seen_at: *seen_at, last_look: *last_look }
            }
            Outcome::Skipped(_) | Outcome::Kept(_) => continue,
        };
        let epoch = intended.get(&(account, id, *attempt));
        let (caller, approvers) = epoch.and_then(|epoch| opened.get(epoch)).copied().unwrap_or_default();
        let previous = receipts.last().map_or(digest, |last| last.digest);
        let mut receipt = Receipt {
            number: receipts.len() as u64 + 1,
            plan_id: plan.id.clone(),
            plan: digest,
            key: key.clone(),
            how,
            at: *at,
            deleted_by: caller.to_owned(),
            approved_by: approvers.to_vec(),
            previous,
            digest: previous,
        };
        receipt.digest = receipt.sealed();
        receipts.push(receipt);
    }
    Ok(receipts)
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
    inactive_since_earliest: String,
    inactive_since_latest: String,
    inactive_as_of: String,
    confidence: String,
    evidence: Vec<String>,
    result: String,
    recorded_at: String,
    request_id: Option<String>,
    last_look: Option<String>,
    verified_at: Option<String>,
    deleted_by: String,
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
        let claim = key.inactive_since;
        let moment = |at: Option<Instant>| at.map(|at| at.to_string());
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
            inactive_since_earliest: claim.interval.earliest().to_string(),
            inactive_since_latest: claim.interval.latest().to_string(),
            inactive_as_of: claim.as_of.to_string(),
            confidence: claim.confidence.name().to_owned(),
            evidence: key.evidence.clone(),
            result: how.name().to_owned(),
            recorded_at: receipt.at.to_string(),
            request_id: how.request_id().map(str::to_owned),
            last_look: moment(how.last_look()),
            verified_at: moment(how.verified_at()),
            deleted_by: receipt.deleted_by.clone(),
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
