//! The store in the memory of a process, for tests: the plainest one that does what the port says. It keeps every look,
//! so that what the databases leave out can be measured against it.

mod clean_up;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use keysweep_core::account::AccountId;
use keysweep_core::archive::{Finished, Imported, KeyQuery, KnownKey, ScanRecord};
use keysweep_core::assessment::{AccountAssessment, Assessment};
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{EventId, Observation, ObservationSource, StatusChange, Target};
use keysweep_core::key::{AccessKeyId, Owner, UserName};
use keysweep_core::memory::{Begun, Listing, Remembered, Seen};
use keysweep_core::ports::{Archive, Store};
use keysweep_core::totals::Totals;

use self::clean_up::CleanUp;
use crate::error::{StoreError, StoreErrorKind};
use crate::own_looks::in_order;

/// A store that ends with its value.
#[derive(Debug, Default)]
pub struct InMemory {
    kept: Mutex<Kept>,
    clean_up: Mutex<CleanUp>,
}

#[derive(Debug, Default)]
struct Kept {
    scans: BTreeMap<String, Scan>,
    accounts: BTreeMap<AccountId, Account>,
}

#[derive(Debug)]
struct Scan {
    begun: Begun,
    finished: Option<(Finished, Assessment)>,
    results: BTreeMap<AccountId, AccountAssessment>,
}

#[derive(Debug, Default)]
struct Account {
    coverage: Coverage,
    asserted: Coverage,
    changes: BTreeMap<EventId, StatusChange>,
    observations: Vec<(AccessKeyId, Observation)>,
    listing: Option<Listing>,
    owners: BTreeSet<(AccessKeyId, UserName)>,
}

impl Account {
    /// How many of the changes were not known before.
    fn learn(&mut self, changes: &[StatusChange]) -> u64 {
        let mut new = 0;
        for change in changes {
            if !self.changes.contains_key(&change.event) {
                self.changes.insert(change.event.clone(), change.clone());
                new += 1;
            }
            if let Target::User(user) = &change.target {
                self.owners.insert((change.key.clone(), user.clone()));
            }
        }
        new
    }
}

fn joined(coverage: &Coverage, more: &Coverage) -> Coverage {
    Coverage::from_spans(coverage.spans().iter().chain(more.spans()).copied())
}

fn error(kind: StoreErrorKind) -> StoreError {
    StoreError::new("in memory", kind)
}

impl InMemory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn clean_up(&self) -> MutexGuard<'_, CleanUp> {
        self.clean_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The scan, where it has begun and not finished.
    fn running(&mut self, id: &str) -> Result<&mut Scan, StoreError> {
        match self.scans.get_mut(id) {
            None => Err(error(StoreErrorKind::UnknownScan(id.to_owned()))),
            Some(scan) if scan.finished.is_some() => Err(error(StoreErrorKind::ScanFinished(id.to_owned()))),
            Some(scan) => Ok(scan),
        }
    }

    /// Scans, newest first.
    fn newest_first(&self) -> Vec<&Scan> {
        let mut scans: Vec<&Scan> = self.scans.values().collect();
        scans.sort_by(|a, b| (b.begun.started_at, &b.begun.id).cmp(&(a.begun.started_at, &a.begun.id)));
        scans
    }
}

impl Store for InMemory {
    type Error = StoreError;

    async fn recall(&self, account: AccountId) -> Result<Remembered, StoreError> {
        let own = self.clean_up().own_looks(account);
        let kept = self.kept();
        let Some(account) = kept.accounts.get(&account) else {
            return Ok(Remembered { observations: in_order(own), ..Remembered::default() });
        };
        let mut changes: Vec<StatusChange> = account.changes.values().cloned().collect();
        changes.sort_by(|a, b| (a.at, &a.event).cmp(&(b.at, &b.event)));
        let observations = in_order(account.observations.iter().cloned().chain(own).collect());
        Ok(Remembered {
            coverage: account.coverage.clone(),
            asserted: account.asserted.clone(),
            changes,
            observations,
            listing: account.listing.clone(),
        })
    }

    async fn begin(&self, scan: &Begun) -> Result<(), StoreError> {
        let mut kept = self.kept();
        if kept.scans.contains_key(&scan.id) {
            return Err(error(StoreErrorKind::ScanExists(scan.id.clone())));
        }
        let begun = Scan { begun: scan.clone(), finished: None, results: BTreeMap::new() };
        kept.scans.insert(scan.id.clone(), begun);
        Ok(())
    }

    async fn keep(&self, scan: &str, result: &AccountAssessment, seen: &Seen) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let id = result.account.id;
        let results = &mut kept.running(scan)?.results;
        if results.contains_key(&id) {
            return Err(error(StoreErrorKind::AlreadyKept { scan: scan.to_owned(), account: id }));
        }
        results.insert(id, result.clone());
        let account = kept.accounts.entry(id).or_default();
        account.coverage = joined(&account.coverage, &seen.coverage);
        account.learn(&seen.changes);
        account.observations.extend(seen.observations.iter().map(|(key, observation)| {
            let source = ObservationSource::EarlierScan(scan.to_owned());
            (key.clone(), Observation { source, ..observation.clone() })
        }));
        for finding in &result.findings {
            if let (Some(key), Owner::User { name, .. }) = (&finding.key, &finding.owner) {
                account.owners.insert((key.clone(), name.clone()));
            }
        }
        if let Some(listing) = &seen.listing {
            let keys = |user: &keysweep_core::memory::ListedUser| -> Vec<_> {
                user.keys.iter().map(|key| (key.id.clone(), user.row.user.clone())).collect()
            };
            account.owners.extend(listing.users.iter().flat_map(keys));
            account.listing = Some(listing.clone());
        }
        Ok(())
    }

    async fn finish(&self, assessment: &Assessment) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let scan = kept.running(&assessment.id)?;
        for result in &assessment.accounts {
            scan.results.entry(result.account.id).or_insert_with(|| result.clone());
        }
        let finished = Finished { at: assessment.finished_at, totals: Totals::of(assessment) };
        scan.finished = Some((finished, assessment.clone()));
        Ok(())
    }
}

impl Archive for InMemory {
    async fn scans(&self) -> Result<Vec<ScanRecord>, StoreError> {
        let record = |scan: &Scan| ScanRecord {
            begun: scan.begun.clone(),
            finished: scan.finished.as_ref().map(|(finished, _)| finished.clone()),
        };
        Ok(self.kept().newest_first().into_iter().map(record).collect())
    }

    async fn assessment(&self, id: &str) -> Result<Option<Assessment>, StoreError> {
        let kept = self.kept();
        Ok(kept
            .scans
            .get(id)
            .and_then(|scan| scan.finished.as_ref())
            .map(|(_, assessment)| assessment.clone()))
    }

    async fn account_result(
        &self,
        scan: &str,
        account: AccountId,
    ) -> Result<Option<AccountAssessment>, StoreError> {
        Ok(self.kept().scans.get(scan).and_then(|scan| scan.results.get(&account)).cloned())
    }

    async fn scans_of(&self, account: AccountId) -> Result<Vec<String>, StoreError> {
        let kept = self.kept();
        let of_account = kept.newest_first().into_iter().filter(|scan| scan.results.contains_key(&account));
        Ok(of_account.map(|scan| scan.begun.id.clone()).collect())
    }

    async fn find_keys(&self, query: &KeyQuery) -> Result<Vec<KnownKey>, StoreError> {
        let kept = self.kept();
        let mut keys: BTreeMap<(AccountId, AccessKeyId), Vec<UserName>> = BTreeMap::new();
        for (id, account) in &kept.accounts {
            for (key, user) in &account.owners {
                keys.entry((*id, key.clone())).or_default().push(user.clone());
            }
        }
        let fits = |key: &AccessKeyId, owners: &[UserName]| match query {
            KeyQuery::IdPrefix(prefix) => key.as_str().starts_with(prefix.as_str()),
            KeyQuery::User(user) => owners.contains(user),
        };
        let found = keys.into_iter().filter(|((_, key), owners)| fits(key, owners));
        Ok(found.map(|((account, key), owners)| KnownKey { account, key, owners }).collect())
    }

    async fn accounts_of(&self, scan: &str) -> Result<Vec<AccountId>, StoreError> {
        let kept = self.kept();
        Ok(kept.scans.get(scan).map(|scan| scan.results.keys().copied().collect()).unwrap_or_default())
    }

    async fn import(&self, account: AccountId, imported: &Imported) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let account = kept.accounts.entry(account).or_default();
        account.asserted = joined(&account.asserted, &imported.asserted);
        Ok(account.learn(&imported.changes))
    }
}
