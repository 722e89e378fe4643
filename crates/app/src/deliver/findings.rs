//! Gives the findings of one account to its Security Hub, batch after batch.

use std::collections::BTreeSet;

use keysweep_core::account::AccountId;
use keysweep_core::call::{Call, CallError};
use keysweep_core::delivery::{Batch, Imported, RefusedFinding, Undelivered, What, Why};
use keysweep_core::ports::{Clock, FindingImport as _, SecurityHubs};

use super::{Delivered, again};
use crate::gate::{Caller, Desk, Gates};

pub(super) struct Importer<'a, H, C> {
    pub(super) hubs: &'a H,
    /// The caller's own account.
    pub(super) own: AccountId,
    pub(super) desk: &'a Desk<'a, C>,
    /// `AssumeRole` counts against the limits of the caller's own account.
    pub(super) entering: &'a Gates,
}

impl<H: SecurityHubs, C: Clock> Importer<'_, H, C> {
    pub(super) async fn import(&self, account: AccountId, batches: Vec<Batch>) -> Delivered {
        let caller = Caller::new(self.desk, Some(account));
        let mut delivered = Delivered::default();
        let hub = match self.hub(account, &caller).await {
            Ok(hub) => hub,
            Err(error) => {
                let all = batches.iter().map(|batch| batch.ids.len()).sum();
                delivered.note(What::Findings(account, all), Err(Why::Call(error)));
                return delivered;
            }
        };
        let gates = Gates::new();
        for batch in batches {
            let send = || hub.batch_import_findings(&batch.body);
            let answer = again::after_faults(self.desk.clock, async || {
                caller.call(&gates, Call::BatchImportFindings, send).await
            });
            match answer.await {
                Ok(imported) => delivered.take(&batch, imported),
                Err(error) => {
                    let what = What::Findings(account, batch.ids.len());
                    delivered.note(what, Err(Why::Call(error)));
                }
            }
        }
        delivered
    }

    async fn hub(&self, account: AccountId, caller: &Caller<'_, C>) -> Result<H::Hub, CallError> {
        if account == self.own {
            return Ok(self.hubs.own_hub());
        }
        let enter = || self.hubs.enter_hub(account);
        again::after_faults(self.desk.clock, async || {
            caller.call(self.entering, Call::AssumeRole, enter).await
        })
        .await
    }
}

impl Delivered {
    /// Holds Security Hub's answer against what it was given.
    fn take(&mut self, batch: &Batch, Imported { taken, refused }: Imported) {
        let refused_ids: BTreeSet<&str> = refused.iter().map(|finding| finding.id.as_str()).collect();
        let of_batch = batch.ids.iter().filter(|id| refused_ids.contains(id.as_str())).count();
        let unanswered = batch.ids.len().saturating_sub(taken + of_batch);
        self.arrived += batch.ids.len() - unanswered - of_batch;
        for RefusedFinding { id, code, message } in refused {
            let why = Why::Refused { code, message };
            self.missing.push(Undelivered { what: What::Finding(id), why });
        }
        if unanswered > 0 {
            let what = What::Findings(batch.account, unanswered);
            self.missing.push(Undelivered { what, why: Why::Unanswered });
        }
    }
}
