//! What other runs of the store say of the keys of a plan. Of a key that one has begun and not settled a call may still be on its way:
//! whoever touched it as well could not say which of the two had the effect, and both would have a receipt for it. So it is left alone
//! until then; and for good where another has the receipt already.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_core::account::AccountId;
use keysweep_core::journal::{KeyRecord, Ledger, State};
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::{Plan, Planned, SkipReason};
use keysweep_core::ports::Journal;

use super::check::Refusal;
use super::{ApplyError, events};

/// The keys that are to be left alone because of other runs, and why.
#[derive(Debug)]
pub(super) struct Elsewhere(BTreeMap<(AccountId, AccessKeyId), SkipReason>);

impl Elsewhere {
    /// As of now. Whoever has the lease of the plan need not ask again: nobody else begins anything meanwhile.
    pub(super) async fn than<J: Journal>(
        journal: &J,
        plan: &Plan,
        digest: Digest,
    ) -> Result<Self, ApplyError> {
        let runs = journal.runs().await.map_err(|error| ApplyError::Journal(Box::new(error)))?;
        let planned: BTreeSet<_> = plan.planned().map(|planned| (planned.account(), planned.key())).collect();
        let mut keys = BTreeMap::new();
        for run in runs.into_iter().filter(|run| *run != digest) {
            let ledger = Ledger::replay(run, &events(journal, run).await?)
                .map_err(|broken| Refusal::AnotherIsDamaged { plan: run, broken })?;
            for (account, key, record) in ledger.keys().filter(|(id, key, _)| planned.contains(&(*id, *key)))
            {
                if let Some(reason) = reason(run, record) {
                    keys.insert((account, key.clone()), reason);
                }
            }
        }
        Ok(Self(keys))
    }

    /// Why the key is to be left alone, if it is.
    pub(super) fn reason(&self, planned: Planned<'_>) -> Option<SkipReason> {
        self.0.get(&(planned.account(), planned.key().clone())).cloned()
    }
}

fn reason(run: Digest, record: &KeyRecord) -> Option<SkipReason> {
    if record.is_unresolved() {
        return Some(SkipReason::UnderWay { plan: run });
    }
    (record.state() == State::Gone).then_some(SkipReason::KeyGone)
}
