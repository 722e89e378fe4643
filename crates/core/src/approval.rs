//! Approvals: who agreed to a plan, to exactly which, and until when. Whether enough people did is decided here; where
//! approvals are kept is for others to know.

use std::collections::BTreeSet;

use crate::account::AccountId;
use crate::plan::Plan;
use crate::plan::digest::Digest;
use crate::time::{Instant, SignedDuration};

/// How long an approval holds unless configured otherwise: three days.
pub const HOLDS_FOR: SignedDuration = SignedDuration::from_hours(72);

/// Somebody agreed to a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The digest of the plan.
    pub plan: Digest,
    /// The name that the approver gave.
    pub by: String,
    /// The account of the approver's AWS credentials.
    pub account: AccountId,
    /// The ARN of the approver's AWS credentials.
    pub arn: String,
    /// What the approver had to say.
    pub comment: Option<String>,
    /// When.
    pub at: Instant,
    /// When it ceases to hold.
    pub expires: Instant,
}

/// Whose approval a plan needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// How many different people: by name and by AWS identity. At least one.
    pub approvers: u32,
    /// Whether the plan's author may be one of them.
    pub by_author: bool,
    /// How long an approval holds at most.
    pub holds_for: SignedDuration,
}

impl Default for ApprovalPolicy {
    fn default() -> Self {
        Self { approvers: 1, by_author: true, holds_for: HOLDS_FOR }
    }
}

/// Why a plan is not approved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// Nobody approved it.
    #[error("nobody has approved this plan ({plan})")]
    ByNobody {
        /// The plan's digest.
        plan: Digest,
    },
    /// Approvals are there, and all are for another plan.
    #[error("the approval of {by} is for the plan {approved}, not for this one ({plan})")]
    OtherPlan {
        /// Who approved.
        by: String,
        /// What was approved.
        approved: Digest,
        /// The plan's digest.
        plan: Digest,
    },
    /// The approval has expired.
    #[error("the approval of {by} expired at {expired}")]
    Expired {
        /// Who approved.
        by: String,
        /// When it expired.
        expired: Instant,
    },
    /// The approval was given after now: a clock went backwards.
    #[error("the approval of {by} was given at {at}, which is later than now ({now}): a clock is wrong")]
    FromTheFuture {
        /// Who approved.
        by: String,
        /// When.
        at: Instant,
        /// Now.
        now: Instant,
    },
    /// The approval is older than the plan.
    #[error("the approval of {by} was given at {at}, before the plan was made ({made_at}): a clock is wrong")]
    BeforeThePlan {
        /// Who approved.
        by: String,
        /// When.
        at: Instant,
        /// When the plan was made.
        made_at: Instant,
    },
    /// The approver is the plan's author.
    #[error("{by} ({arn}) made this plan, and the configuration forbids approving one's own")]
    ByItsAuthor {
        /// Who approved.
        by: String,
        /// The identity that made the plan and approved it.
        arn: String,
    },
    /// Some have approved, but not enough.
    #[error("{have} of {need} people have approved this plan: {names}")]
    TooFew {
        /// How many different people approved.
        have: usize,
        /// How many must.
        need: u32,
        /// Their names.
        names: String,
    },
}

/// The approvals that count, where they are enough; else why not, beginning with what concerns the latest approval.
///
/// Approvals that share the name or the AWS identity are taken for those of one person, and so on through all of them.
pub fn check<'a>(
    approvals: &'a [Approval],
    plan: &Plan,
    digest: Digest,
    policy: ApprovalPolicy,
    now: Instant,
) -> Result<Vec<&'a Approval>, NotApproved> {
    let mut refused = None;
    let mut counted: Vec<&Approval> = Vec::new();
    for approval in approvals {
        match valid(approval, plan, digest, policy, now) {
            Ok(()) => counted.push(approval),
            Err(reason) => refused = Some(reason),
        }
    }
    let need = policy.approvers.max(1);
    match (people(&counted), refused) {
        (have, _) if have >= need as usize => Ok(counted),
        (0, Some(reason)) => Err(reason),
        (0, None) => Err(NotApproved::ByNobody { plan: digest }),
        (have, _) => {
            let names: BTreeSet<&str> = counted.iter().map(|approval| approval.by.as_str()).collect();
            let names: Vec<&str> = names.into_iter().collect();
            Err(NotApproved::TooFew { have, need, names: names.join(", ") })
        }
    }
}

/// How many people these approvals are of.
fn people(approvals: &[&Approval]) -> usize {
    let same = |a: &Approval, b: &Approval| {
        a.arn == b.arn || a.by.trim().to_lowercase() == b.by.trim().to_lowercase()
    };
    let mut people: Vec<Vec<&Approval>> = Vec::new();
    for approval in approvals {
        let (of_this, others): (Vec<_>, Vec<_>) = people
            .into_iter()
            .partition(|person: &Vec<&Approval>| person.iter().any(|other| same(other, approval)));
        let mut joined: Vec<&Approval> = of_this.into_iter().flatten().collect();
        joined.push(approval);
        people = others;
        people.push(joined);
    }
    people.len()
}

fn valid(
    approval: &Approval,
    plan: &Plan,
    digest: Digest,
    policy: ApprovalPolicy,
    now: Instant,
) -> Result<(), NotApproved> {
    let by = approval.by.clone();
    // Whatever the approval says of itself, it holds no longer than the policy of the day lets it.
    let expires = approval.expires.min(approval.at + policy.holds_for);
    if approval.plan != digest {
        Err(NotApproved::OtherPlan { by, approved: approval.plan, plan: digest })
    } else if approval.at > now {
        Err(NotApproved::FromTheFuture { by, at: approval.at, now })
    } else if approval.at < plan.made_at {
        Err(NotApproved::BeforeThePlan { by, at: approval.at, made_at: plan.made_at })
    } else if expires <= now {
        Err(NotApproved::Expired { by, expired: expires })
    } else if !policy.by_author && approval.arn == plan.made_by.arn {
        Err(NotApproved::ByItsAuthor { by, arn: approval.arn.clone() })
    } else {
        Ok(())
    }
}
