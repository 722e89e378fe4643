//! Whether a plan may be applied here and now: in this organization and partition, approved, and without an objection that
//! blocks. Asked before anything is done; what concerns single keys is asked at each key.

use keysweep_core::account::{AccountId, CallerIdentity, Organization, Partition};
use keysweep_core::approval::{self, Approval, NotApproved};
use keysweep_core::assessment::Scope;
use keysweep_core::call::Call;
use keysweep_core::journal::Broken;
use keysweep_core::journal::receipt::NotOfThisPlan;
use keysweep_core::plan::Plan;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document;
use keysweep_core::plan::lint::{self, Context, Objection};
use keysweep_core::ports::{Accounts, Clock, Directory, ServerTime};
use keysweep_core::time::Instant;

use super::{ApplyError, ApplyRequest, RunRequest, Tools};
use crate::clocks::{self, ClockError};
use crate::gate::{Caller, Desk, Gates};

/// Why a plan is refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is for another partition.
    #[error("the plan is for the partition {planned}, and the caller is in {found}")]
    OtherPartition {
        /// The plan's.
        planned: Partition,
        /// The caller's.
        found: Partition,
    },
    /// It is for another organization.
    #[error("the plan is for the organization {planned}, and the caller is in {found}")]
    OtherOrganization {
        /// The plan's.
        planned: String,
        /// The caller's.
        found: String,
    },
    /// It is for another account.
    #[error("the plan is for account {planned}, and the caller is in account {found}")]
    OtherAccount {
        /// The plan's.
        planned: AccountId,
        /// The caller's.
        found: AccountId,
    },
    /// It is not the plan that the digest is of.
    #[error("the plan has the digest {actual}, not {given}")]
    OtherDigest {
        /// The digest that it was given with.
        given: Digest,
        /// Its own.
        actual: Digest,
    },
    /// It is not approved.
    #[error(transparent)]
    NotApproved(#[from] NotApproved),
    /// Rules object to it.
    #[error("{}", objections(.0))]
    Objections(Vec<Objection>),
    /// Another process applies it, or another plan of the store.
    #[error("{by} is applying a plan of this store, and nobody else may until {until}")]
    Held {
        /// Which.
        by: String,
        /// Until when, unless it goes on for longer.
        until: Instant,
    },
    /// This machine's clock is not AWS's, and what has settled or expired is told by it.
    #[error("the clock cannot be relied on")]
    Clock(#[from] ClockError),
    /// Its journal is damaged.
    #[error("the journal of this plan is damaged")]
    Damaged(#[from] Broken),
    /// What another run has under way cannot be told.
    #[error(
        "the journal of plan {plan} in the same store is damaged, and what that has under way cannot be told"
    )]
    AnotherIsDamaged {
        /// The plan of that run.
        plan: Digest,
        /// What is wrong with it.
        #[source]
        broken: Broken,
    },
    /// Its journal is not of this plan.
    #[error("the journal does not belong to this plan")]
    NotItsJournal(#[from] NotOfThisPlan),
}

fn objections(objections: &[Objection]) -> String {
    let blocking = objections.iter().filter(|one| one.severity == lint::Severity::Error);
    blocking.map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Who the caller is, for whose account or organization the plan must be, and whose clock must be AWS's.
pub(super) async fn caller<A: Accounts + ServerTime, D: Directory, C: Clock, J>(
    tools: &Tools<'_, A, D, C, J>,
    desk: &Desk<'_, C>,
    plan: &Plan,
) -> Result<CallerIdentity, ApplyError> {
    let gates = Gates::new();
    let caller = Caller::new(desk, None);
    let before = tools.clock.now();
    let asked = caller.call(&gates, Call::GetCallerIdentity, || tools.accounts.get_caller_identity()).await;
    let identity = asked.map_err(ApplyError::Caller)?;
    clocks::check(tools.accounts, before, tools.clock.now()).map_err(Refusal::from)?;
    let organization = if matches!(plan.scope, Scope::Organization(_)) {
        let asked =
            caller.call(&gates, Call::DescribeOrganization, || tools.directory.describe_organization()).await;
        Some(asked.map_err(ApplyError::Organization)?)
    } else {
        None
    };
    belongs(plan, &identity, organization.as_ref())?;
    Ok(identity)
}

/// Whether the plan is for the caller's account or organization.
fn belongs(plan: &Plan, caller: &CallerIdentity, organization: Option<&Organization>) -> Result<(), Refusal> {
    if plan.partition != caller.partition {
        return Err(Refusal::OtherPartition { planned: plan.partition, found: caller.partition });
    }
    match (&plan.scope, organization) {
        (Scope::Organization(planned), Some(found)) if planned.id == found.id => Ok(()),
        (Scope::Organization(planned), found) => Err(Refusal::OtherOrganization {
            planned: planned.id.clone(),
            found: found.map_or_else(|| "none".to_owned(), |found| found.id.clone()),
        }),
        (Scope::Account, _) => match plan.planned().find(|key| key.account() != caller.account) {
            Some(key) => Err(Refusal::OtherAccount { planned: key.account(), found: caller.account }),
            None => Ok(()),
        },
    }
}

/// The approvals that let the plan be applied, where no rule blocks it.
pub(super) fn agreed<'a>(
    request: &ApplyRequest<'a>,
    caller: &CallerIdentity,
    now: Instant,
) -> Result<Vec<&'a Approval>, Refusal> {
    let ApplyRequest { run: RunRequest { plan, digest, .. }, approvals, .. } = *request;
    is_of(plan, digest)?;
    let agreed = approval::check(approvals, plan, digest, request.approval_policy, now)?;
    let context = Context { plan, limits: request.limits, caller_arn: &caller.arn, now };
    let objections = lint::lint(&context);
    if lint::blocks(&objections) { Err(Refusal::Objections(objections)) } else { Ok(agreed) }
}

/// Whether the plan is the one that the digest is of.
pub(super) fn is_of(plan: &Plan, digest: Digest) -> Result<(), Refusal> {
    let actual = document::digest(plan);
    if actual == digest { Ok(()) } else { Err(Refusal::OtherDigest { given: digest, actual }) }
}
