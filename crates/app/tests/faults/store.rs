//! A store that fails after a while.

use std::sync::atomic::{AtomicUsize, Ordering};

use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountAssessment, Assessment};
use keysweep_core::memory::{Begun, Remembered, Seen};
use keysweep_core::ports::Store;
use keysweep_store::InMemory;

/// The disk is full.
#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
pub(crate) struct Full;

/// Answers so many times more.
pub(crate) struct Flaky {
    inner: InMemory,
    left: AtomicUsize,
}

impl Default for Flaky {
    fn default() -> Self {
        Self { inner: InMemory::new(), left: AtomicUsize::new(usize::MAX) }
    }
}

impl Flaky {
    pub(crate) fn last(&self, times: usize) {
        self.left.store(times, Ordering::Relaxed);
    }

    fn next(&self) -> Result<(), Full> {
        let one_less = |left: usize| left.checked_sub(1);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).map(drop).map_err(|_| Full)
    }
}

impl Store for Flaky {
    type Error = Full;

    async fn recall(&self, account: AccountId) -> Result<Remembered, Full> {
        self.next()?;
        Ok(self.inner.recall(account).await.unwrap())
    }

    async fn begin(&self, scan: &Begun) -> Result<(), Full> {
        self.next()?;
        self.inner.begin(scan).await.unwrap();
        Ok(())
    }

    async fn keep(&self, scan: &str, result: &AccountAssessment, seen: &Seen) -> Result<(), Full> {
        self.next()?;
        self.inner.keep(scan, result, seen).await.unwrap();
        Ok(())
    }

    async fn finish(&self, assessment: &Assessment) -> Result<(), Full> {
        self.next()?;
        self.inner.finish(assessment).await.unwrap();
        Ok(())
    }
}
