//! Carries out the run of a plan, for `apply` and for `revert`: under a name that no other process has, with progress, going on at
//! once where an earlier process was killed; and says why it was refused.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use anyhow::anyhow;
use keysweep_app::apply::{ApplyError, Refusal, RunRequest, Tools};
use keysweep_app::progress::Both;
use keysweep_app::stats::Statistics;
use keysweep_aws::{Session, SystemClock};
use keysweep_core::account::AccountId;
use keysweep_core::journal::Leasing;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::{Plan, Planned};
use keysweep_core::ports::{Clock as _, Journal as _};
use keysweep_store::Sql;

use crate::clean_up::{clock_hint, connect};
use crate::failure::Failure;
use crate::holder;
use crate::log;
use crate::progress::ProgressLine;
use crate::setting_values::role_name;
use crate::settings::Settings;
use crate::state::failed;
use crate::stats::Bill;
use crate::terminal::note;
use crate::verb::policies;
use crate::verb::scan::{caller_hint, organization_hint};

/// What the command lines of `apply` and `revert` have in common.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct RunArgs {
    /// The role to assume in the accounts of the organization; its path and external id are those of the configuration
    /// [default: `role` in the section `[clean_up]`, or else keysweep-clean-up]
    #[arg(long, value_name = "NAME", value_parser = role_name)]
    pub cleanup_role: Option<String>,
    /// Change only keys of these accounts
    #[arg(long, value_name = "ACCOUNTS", value_delimiter = ',', value_parser = policies::account)]
    pub accounts: Vec<AccountId>,
    /// Change at most so many keys
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<NonZeroUsize>,
}

impl RunArgs {
    /// Has the role of clean-up assumed.
    pub fn set_role(&self, settings: &mut Settings) {
        settings.role.name.clone_from(self.cleanup_role.as_ref().unwrap_or(&settings.clean_up.role));
    }

    /// Which keys they ask for.
    pub fn which(&self) -> Which {
        let only: BTreeSet<AccountId> = self.accounts.iter().copied().collect();
        Which { only: Some(only).filter(|only| !only.is_empty()), at_most: self.limit.map(NonZeroUsize::get) }
    }
}

/// Which keys of a plan; both only narrow.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Only the keys of these accounts; `None` for all.
    pub only: Option<BTreeSet<AccountId>>,
    /// Only so many keys.
    pub at_most: Option<usize>,
}

impl Which {
    /// Whether the plan changes keys in all these accounts; another account is a slip of the pen, and must not pass for done.
    fn are_of(&self, plan: &Plan) -> Result<(), Failure> {
        let planned: BTreeSet<AccountId> = plan.planned().map(Planned::account).collect();
        let others: Vec<String> =
            self.only.iter().flatten().filter(|id| !planned.contains(id)).map(ToString::to_string).collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(Failure::usage(anyhow!("--accounts: the plan changes no key in {}", others.join(", ")))
            .hint("leave them out, or leave out --accounts for all"))
    }
}

/// What is done to a run, for what is said when it could not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing<'a> {
    /// Its plan is applied.
    Apply {
        /// How the plan is agreed to.
        agreed: &'a str,
    },
    /// It is undone.
    Revert,
    /// What came of what it began is found out.
    FindOut,
}

/// A run as it is to be carried out.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// The digest of the plan.
    pub digest: Digest,
    /// Which keys.
    pub which: &'a Which,
    /// What is done.
    pub doing: Doing<'a>,
}

/// Carries a run out with the role of the settings, and says what it cost.
pub async fn carry_out<T>(
    order: Order<'_>,
    settings: &Settings,
    store: &Sql,
    act: impl AsyncFn(Tools<'_, Session, Session, SystemClock, Sql>, RunRequest<'_>) -> Result<T, ApplyError>,
) -> Result<(T, Bill), Failure> {
    let Order { plan, digest, which, doing } = order;
    which.are_of(plan)?;
    let session = connect(settings).await?;
    let clock = SystemClock::new();
    let holder = holder::name(&clock);
    let request = RunRequest {
        plan,
        digest,
        holder: &holder,
        only: which.only.as_ref(),
        at_most: which.at_most,
        concurrency: settings.concurrency,
        give_up_after: settings.give_up_after,
        stop_after: settings.clean_up.stop_after,
    };
    let progress = ProgressLine::new(settings.quiet || log::takes_standard_error(settings));
    let statistics = Statistics::default();
    let begun = clock.elapsed();
    let told = Both(&progress, &statistics);
    let tools =
        || Tools { accounts: &session, directory: &session, clock: &clock, journal: store, progress: &told };
    let mut done = act(tools(), request).await;
    if free_of_the_killed(done.as_ref().err(), digest, settings, store, &clock).await? {
        done = act(tools(), request).await;
    }
    progress.clear();
    let done = done.map_err(|error| failure(error, doing))?;
    let took = clock.elapsed().saturating_sub(begun);
    Ok((done, Bill { cost: statistics.cost(), traffic: session.traffic(), took }))
}

/// Whether nobody has the lease any more who had it and was killed, where that is why it was refused. Then it may be asked for again.
async fn free_of_the_killed(
    error: Option<&ApplyError>,
    digest: Digest,
    settings: &Settings,
    store: &Sql,
    clock: &SystemClock,
) -> Result<bool, Failure> {
    let Some(killed) = error.and_then(held_by).filter(|by| holder::has_ended(by)) else { return Ok(false) };
    note(settings.quiet, "an earlier run was killed, and had its lease still: going on");
    // Who was killed gave its lease back to nobody, be it of this plan or of another. Whoever takes one under that name has it at
    // once; the number that was given with it before is no longer in force.
    let leasing = store.lease(digest, killed, clock.now(), clock.now()).await.map_err(failed)?;
    if let Leasing::Granted(lease) = leasing {
        store.release(&lease).await.map_err(failed)?;
    }
    Ok(true)
}

/// Who else applies a plan, where that is why it was refused.
fn held_by(error: &ApplyError) -> Option<&str> {
    match error {
        ApplyError::Refused(refusal) => match refusal.as_ref() {
            Refusal::Held { by, .. } => Some(by),
            _ => None,
        },
        _ => None,
    }
}

/// What is said where a run was not carried out.
pub fn failure(error: ApplyError, doing: Doing<'_>) -> Failure {
    match error {
        ApplyError::Refused(refusal) => {
            let hint = refusal_hint(&refusal, doing);
            let context = match doing {
                Doing::Apply { .. } => "the plan is refused, and nothing was deleted",
                Doing::Revert => "the run is not reverted, and nothing was changed",
                Doing::FindOut => "what the run began is not found out, and nothing was changed",
            };
            Failure::refused(anyhow::Error::from(*refusal).context(context)).hint(hint)
        }
        ApplyError::Caller(call) => {
            let hint = caller_hint(&call);
            Failure::failed(ApplyError::Caller(call)).hint(hint)
        }
        ApplyError::Organization(call) => {
            let hint = organization_hint(&call);
            Failure::failed(ApplyError::Organization(call)).hint(hint)
        }
        ApplyError::Journal(source) => Failure::failed(anyhow!(ApplyError::Journal(source)))
            .hint("`keysweep state check` says what is wrong with the store"),
    }
}

fn refusal_hint(refusal: &Refusal, doing: Doing<'_>) -> String {
    match refusal {
        Refusal::NotApproved(_) => match doing {
            Doing::Apply { agreed } => {
                format!("look at it and approve it with {agreed}, into the same store")
            }
            Doing::Revert | Doing::FindOut => "it needs no approval".to_owned(),
        },
        Refusal::Objections(_) | Refusal::OtherDigest { .. } => {
            "scan and plan again; docs/lint says what each rule is for".to_owned()
        }
        Refusal::OtherPartition { .. } | Refusal::OtherOrganization { .. } | Refusal::OtherAccount { .. } => {
            "use the credentials of the organization or account that the plan is for".to_owned()
        }
        Refusal::Clock(error) => clock_hint(*error).to_owned(),
        Refusal::Held { .. } => "wait for it to end, or until then".to_owned(),
        Refusal::Damaged(_) | Refusal::AnotherIsDamaged { .. } | Refusal::NotItsJournal(_) => {
            "`keysweep state check` looks through the whole store; scan and plan again into another"
                .to_owned()
        }
    }
}
