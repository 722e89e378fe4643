//! `state prune`: removes old scans. What later scans recall stays: status changes, covered time, condensed looks, the
//! last listing, and whose the keys were. So does the newest finished scan of each scope, and each account's newest
//! result.

use std::collections::BTreeSet;

use keysweep_core::account::AccountId;
use keysweep_core::assessment::Scope;
use keysweep_core::time::Instant;

use super::Sql;
use super::database::Purpose;
use crate::error::StoreError;

/// What `state prune` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// How many scans were removed, with all their results.
    pub removed: usize,
    /// How many that are as old were kept, because they tell the last that is known of a scope or an account.
    pub kept: usize,
}

impl Sql {
    /// Removes the scans that began before `before` and are not needed any more.
    pub async fn prune(&self, before: Instant) -> Result<Pruned, StoreError> {
        let mut scopes = BTreeSet::new();
        let mut needed = BTreeSet::new();
        let mut old = Vec::new();
        for scan in self.list_scans().await? {
            let scope: (Option<String>, AccountId) = match &scan.begun.scope {
                Scope::Account => (None, scan.begun.caller.account),
                Scope::Organization(organization) => {
                    (Some(organization.id.clone()), organization.management_account)
                }
            };
            if scan.finished.is_some() && scopes.insert(scope) {
                needed.insert(scan.begun.id.clone());
            }
            if scan.begun.started_at < before {
                old.push(scan.begun.id);
            }
        }
        let mut open = self.database.begin(Purpose::Write).await?;
        let newest_results = "select distinct results.scan from results join scans on scans.id = results.scan \
             join (select results.account as account, max(scans.started_at) as at from results \
                   join scans on scans.id = results.scan group by results.account) as newest \
             on newest.account = results.account and newest.at = scans.started_at";
        needed.extend(open.texts(newest_results).await?);
        let mut pruned = Pruned { removed: 0, kept: 0 };
        for id in old {
            if needed.contains(&id) {
                pruned.kept += 1;
            } else {
                open.execute("delete from scans where id = $1", vec![id.as_str().into()]).await?;
                pruned.removed += 1;
            }
        }
        open.commit().await?;
        if pruned.removed > 0 {
            self.database.compact().await?;
        }
        Ok(pruned)
    }
}
