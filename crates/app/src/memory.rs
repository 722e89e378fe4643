//! The scan's memory: what earlier scans know of an account, and what this one leaves. A store that fails once is not asked
//! again: the scan goes on without it and tells at its end.

use std::convert::Infallible;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountAssessment, Assessment};
use keysweep_core::memory::{Begun, Remembered, Seen};
use keysweep_core::ports::Store;

/// Why a store could not do what it was asked to.
pub type StoreFailure = Box<dyn Error + Send + Sync>;

/// Remembers nothing: every scan is the first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl Store for Forgetful {
    type Error = Infallible;

    async fn recall(&self, _: AccountId) -> Result<Remembered, Infallible> {
        Ok(Remembered::default())
    }

    async fn begin(&self, _: &Begun) -> Result<(), Infallible> {
        Ok(())
    }

    async fn keep(&self, _: &str, _: &AccountAssessment, _: &Seen) -> Result<(), Infallible> {
        Ok(())
    }

    async fn finish(&self, _: &Assessment) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A store, as long as it works.
pub(crate) struct Memory<'a, S> {
    store: &'a S,
    failure: Mutex<Option<StoreFailure>>,
}

impl<'a, S: Store> Memory<'a, S> {
    /// Notes in the store that a scan began. A store that fails already now is an error: nothing is lost yet.
    pub(crate) async fn begin(store: &'a S, scan: &Begun) -> Result<Self, StoreFailure> {
        store.begin(scan).await?;
        Ok(Self::of(store))
    }

    /// A store that has the scan's beginning already.
    pub(crate) const fn of(store: &'a S) -> Self {
        Self { store, failure: Mutex::new(None) }
    }

    /// What is known of an account; nothing once the store has failed.
    pub(crate) async fn recall(&self, account: AccountId) -> Remembered {
        if self.has_failed() {
            return Remembered::default();
        }
        self.heed(self.store.recall(account).await).unwrap_or_default()
    }

    pub(crate) async fn keep(&self, scan: &str, result: &AccountAssessment, seen: &Seen) {
        if !self.has_failed() {
            self.heed(self.store.keep(scan, result, seen).await);
        }
    }

    pub(crate) async fn finish(&self, assessment: &Assessment) {
        if !self.has_failed() {
            self.heed(self.store.finish(assessment).await);
        }
    }

    /// The first failure.
    pub(crate) fn into_failure(self) -> Option<StoreFailure> {
        self.failure.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn failure(&self) -> MutexGuard<'_, Option<StoreFailure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_failed(&self) -> bool {
        self.failure().is_some()
    }

    fn heed<T>(&self, answer: Result<T, S::Error>) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.failure().get_or_insert_with(|| Box::new(error));
                None
            }
        }
    }
}
