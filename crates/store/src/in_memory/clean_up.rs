//! Clean-up in the memory of a process: the plainest journal that does what the port says.

use std::collections::BTreeMap;

use keysweep_core::account::AccountId;
use keysweep_core::approval::Approval;
use keysweep_core::exemption::Exemption;
use keysweep_core::journal::{Appended, Event, Illegal, KeyRecord, Lease, Leasing, Ledger, Sealed};
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::{Agreements, Journal, KeptPlan};
use keysweep_core::time::Instant;

use super::InMemory;
use crate::error::{StoreError, StoreErrorKind};
use crate::own_looks::{Observations, observed};

#[derive(Debug, Default)]
pub(super) struct CleanUp {
    runs: BTreeMap<Digest, Run>,
    plans: Vec<KeptPlan>,
    published: BTreeMap<Digest, Instant>,
    approvals: Vec<Approval>,
    exemptions: BTreeMap<String, Exemption>,
}

#[derive(Debug)]
struct Run {
    lease: Option<Lease>,
    epoch: u64,
    ledger: Ledger,
    events: Vec<Sealed>,
}

impl CleanUp {
    /// What clean-ups saw of an account's keys when they switched them.
    pub(super) fn own_looks(&self, account: AccountId) -> Observations {
        let of_account = |event: &&Event| event.key().is_some_and(|(of, _)| of == account);
        let of_run = |(digest, run): (&Digest, &Run)| {
            let kept = self.plans.iter().find(|kept| kept.digest == *digest);
            let plan = kept.map_or_else(|| digest.to_string(), |kept| kept.id.clone());
            let events = run.events.iter().map(|sealed| &sealed.event);
            events.filter(of_account).flat_map(|event| observed(event, &plan)).collect::<Vec<_>>()
        };
        self.runs.iter().flat_map(of_run).collect()
    }

    fn run(&mut self, plan: Digest) -> &mut Run {
        let new = || Run { lease: None, epoch: 0, ledger: Ledger::new(plan), events: Vec::new() };
        self.runs.entry(plan).or_insert_with(new)
    }
}

impl Journal for InMemory {
    type Error = StoreError;

    async fn lease(
        &self,
        plan: Digest,
        holder: &str,
        now: Instant,
        until: Instant,
    ) -> Result<Leasing, StoreError> {
        let mut clean_up = self.clean_up();
        let held = |lease: &&Lease| lease.until > now && lease.holder != holder;
        if let Some(lease) = clean_up.runs.values().filter_map(|run| run.lease.as_ref()).find(held) {
            return Ok(Leasing::Held { by: lease.holder.clone(), until: lease.until });
        }
        // Whoever had another plan, and was too late to have it extended or was killed, goes on with it no more.
        for (_, other) in clean_up.runs.iter_mut().filter(|(other, _)| **other != plan) {
            if other.lease.take().is_some() {
                other.epoch += 1;
            }
        }
        let run = clean_up.run(plan);
        run.epoch += 1;
        let lease = Lease { plan, holder: holder.to_owned(), epoch: run.epoch, until };
        run.lease = Some(lease.clone());
        Ok(Leasing::Granted(lease))
    }

    async fn extend(&self, lease: &Lease, until: Instant) -> Result<Option<Lease>, StoreError> {
        let mut clean_up = self.clean_up();
        let run = clean_up.run(lease.plan);
        if run.epoch != lease.epoch {
            return Ok(None);
        }
        let lease = Lease { until, ..lease.clone() };
        run.lease = Some(lease.clone());
        Ok(Some(lease))
    }

    async fn is_in_force(&self, lease: &Lease) -> Result<bool, StoreError> {
        Ok(self.clean_up().run(lease.plan).epoch == lease.epoch)
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut clean_up = self.clean_up();
        let run = clean_up.run(lease.plan);
        if run.epoch == lease.epoch {
            run.lease = None;
        }
        Ok(())
    }

    async fn append(&self, plan: Digest, event: Event) -> Result<Appended, StoreError> {
        let mut clean_up = self.clean_up();
        let run = clean_up.run(plan);
        if let Some(epoch) = event.epoch().filter(|epoch| *epoch != run.epoch) {
            return Ok(Appended::Refused(Illegal::Superseded { epoch, current: run.epoch }));
        }
        Ok(match run.ledger.append(event) {
            Ok(sealed) => {
                run.events.push(sealed.clone());
                Appended::Sealed(sealed)
            }
            Err(illegal) => Appended::Refused(illegal),
        })
    }

    async fn record(
        &self,
        plan: Digest,
        account: AccountId,
        key: &AccessKeyId,
    ) -> Result<KeyRecord, StoreError> {
        Ok(self.clean_up().run(plan).ledger.key(account, key).cloned().unwrap_or_default())
    }

    async fn events(&self, plan: Digest) -> Result<Vec<Sealed>, StoreError> {
        Ok(self.clean_up().run(plan).events.clone())
    }

    async fn runs(&self) -> Result<Vec<Digest>, StoreError> {
        let clean_up = self.clean_up();
        let begun = clean_up.runs.iter().filter(|(_, run)| !run.events.is_empty());
        Ok(begun.map(|(plan, _)| *plan).collect())
    }
}

impl Agreements for InMemory {
    type Error = StoreError;

    async fn keep_plan(&self, plan: &KeptPlan) -> Result<(), StoreError> {
        let plans = &mut self.clean_up().plans;
        match plans.iter().find(|kept| kept.digest == plan.digest) {
            None => plans.push(plan.clone()),
            Some(kept) if kept == plan => {}
            Some(_) => {
                let what = format!("what it holds under the digest of plan {} is not that plan", plan.id);
                return Err(StoreError::new("in memory", StoreErrorKind::Damaged(what)));
            }
        }
        Ok(())
    }

    async fn plans(&self) -> Result<Vec<KeptPlan>, StoreError> {
        let mut plans = self.clean_up().plans.clone();
        plans.sort_by(|a, b| (b.made_at, &b.id).cmp(&(a.made_at, &a.id)));
        Ok(plans)
    }

    async fn publish(&self, plan: Digest, at: Instant) -> Result<(), StoreError> {
        let mut clean_up = self.clean_up();
        if clean_up.plans.iter().any(|kept| kept.digest == plan) {
            clean_up.published.entry(plan).or_insert(at);
        }
        Ok(())
    }

    async fn published(&self) -> Result<Vec<(Instant, KeptPlan)>, StoreError> {
        let clean_up = self.clean_up();
        let at = |plan: &KeptPlan| Some((*clean_up.published.get(&plan.digest)?, plan.clone()));
        let mut published: Vec<_> = clean_up.plans.iter().filter_map(at).collect();
        published.sort_by_key(|(at, plan)| (*at, plan.digest));
        Ok(published)
    }

    async fn approve(&self, approval: &Approval) -> Result<(), StoreError> {
        self.clean_up().approvals.push(approval.clone());
        Ok(())
    }

    async fn approvals(&self, plan: Digest) -> Result<Vec<Approval>, StoreError> {
        let approvals = &self.clean_up().approvals;
        Ok(approvals.iter().filter(|approval| approval.plan == plan).cloned().collect())
    }

    async fn exempt(&self, exemption: &Exemption) -> Result<bool, StoreError> {
        let exemptions = &mut self.clean_up().exemptions;
        let new = !exemptions.contains_key(exemption.id());
        if new {
            exemptions.insert(exemption.id().to_owned(), exemption.clone());
        }
        Ok(new)
    }

    async fn remove_exemption(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.clean_up().exemptions.remove(id).is_some())
    }

    async fn kept_exemptions(&self) -> Result<Vec<Exemption>, StoreError> {
        Ok(self.clean_up().exemptions.values().cloned().collect())
    }
}
