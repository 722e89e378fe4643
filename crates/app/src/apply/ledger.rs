//! Writes the journal under a lease: takes it, extends it in time, and notices when it is lost. Nothing is begun once the
//! journal cannot be written.

use std::sync::{Mutex, PoisonError};

use keysweep_core::account::AccountId;
use keysweep_core::journal::{Appended, Event, Illegal, KeyRecord, Lease, Leasing};
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::{Clock, Journal};
use keysweep_core::time::{Instant, SignedDuration};

use super::shared::Shared;
use super::{ApplyError, JournalFailure, Refusal};

/// How long a lease is taken for. Whoever takes over after a crash waits for what is left of it; a key takes a second or two.
const LEASE: SignedDuration = SignedDuration::from_mins(5);

pub(super) struct Writer<'a, J, C> {
    journal: &'a J,
    clock: &'a C,
    state: Mutex<Writing>,
    in_force: Shared<bool>,
}

struct Writing {
    lease: Lease,
    /// Why nothing can be written any more.
    lost: Option<String>,
}

impl<'a, J: Journal, C: Clock> Writer<'a, J, C> {
    /// Takes the lease, which no other may have, and journals that it did, by the event that `opened` makes of the moment and the number of the lease.
    pub(super) async fn open(
        journal: &'a J,
        clock: &'a C,
        plan: Digest,
        holder: &str,
        opened: impl FnOnce(Instant, u64) -> Event,
    ) -> Result<Self, ApplyError> {
        let failed = |error: J::Error| ApplyError::Journal(Box::new(error));
        let now = clock.now();
        let leasing = journal.lease(plan, holder, now, now + LEASE).await.map_err(failed)?;
        let lease = match leasing {
            Leasing::Granted(lease) => lease,
            Leasing::Held { by, until } => return Err(Refusal::Held { by, until }.into()),
        };
        let event = opened(now, lease.epoch);
        match journal.append(plan, event).await.map_err(failed)? {
            Appended::Sealed(_) => {}
            Appended::Refused(illegal) => return Err(ApplyError::Journal(Box::new(illegal))),
        }
        Ok(Self {
            journal,
            clock,
            state: Mutex::new(Writing { lease, lost: None }),
            in_force: Shared::default(),
        })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Writing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn epoch(&self) -> u64 {
        self.state().lease.epoch
    }

    pub(super) fn is_lost(&self) -> bool {
        self.state().lost.is_some()
    }

    /// Why nothing could be written any more.
    pub(super) fn failure(&self) -> Option<String> {
        self.state().lost.clone()
    }

    fn lose(&self, why: String) {
        self.state().lost.get_or_insert(why);
    }

    fn fail(&self, error: &(dyn std::error::Error + 'static)) {
        let causes = std::iter::successors(Some(error), |error| error.source());
        let text: Vec<String> = causes.map(ToString::to_string).collect();
        self.lose(format!("the journal could not be used: {}", text.join(": ")));
    }

    /// Makes sure that the lease is in force and will be for a while; false where it is not.
    pub(super) async fn secure(&self) -> bool {
        self.in_force.ask(async || self.make_sure().await).await && !self.is_lost()
    }

    async fn make_sure(&self) -> bool {
        let lease = self.state().lease.clone();
        let now = self.clock.now();
        let extend = lease.until - now < LEASE / 2;
        let asked = if extend {
            match self.journal.extend(&lease, now + LEASE).await {
                Ok(Some(lease)) => {
                    self.state().lease = lease;
                    Ok(true)
                }
                Ok(None) => Ok(false),
                Err(error) => Err(error),
            }
        } else {
            self.journal.is_in_force(&lease).await
        };
        match asked {
            Ok(true) => true,
            Ok(false) => {
                self.lose("another keysweep has taken over".to_owned());
                false
            }
            Err(error) => {
                self.fail(&error);
                false
            }
        }
    }

    /// Appends an event; false where it was not written, whatever the reason.
    pub(super) async fn append(&self, event: Event) -> bool {
        let plan = self.state().lease.plan;
        match self.journal.append(plan, event).await {
            Ok(Appended::Sealed(_)) => true,
            Ok(Appended::Refused(Illegal::Superseded { .. })) => {
                self.lose("another keysweep has taken over".to_owned());
                false
            }
            // Somebody else has found out before, and that stands.
            Ok(Appended::Refused(Illegal::AlreadyEnded { .. } | Illegal::AlreadyGone(_))) => false,
            Ok(Appended::Refused(illegal)) => {
                self.lose(format!("the journal refused an event: {illegal}"));
                false
            }
            Err(error) => {
                self.fail(&error);
                false
            }
        }
    }

    /// What is journalled of a key; `None` where the journal could not be read.
    pub(super) async fn record(&self, account: AccountId, key: &AccessKeyId) -> Option<KeyRecord> {
        let plan = self.state().lease.plan;
        match self.journal.record(plan, account, key).await {
            Ok(record) => Some(record),
            Err(error) => {
                self.fail(&error);
                None
            }
        }
    }

    /// Journals why the run was stopped, if it was, and gives the lease back.
    pub(super) async fn close(&self, stopped: Option<&str>) {
        let (now, epoch) = (self.clock.now(), self.epoch());
        if let Some(reason) = stopped {
            self.append(Event::Stopped { at: now, epoch, reason: reason.to_owned() }).await;
        }
        let lease = self.state().lease.clone();
        // If this fails, the lease ends by itself.
        let _: Result<(), JournalFailure> = self.journal.release(&lease).await.map_err(Into::into);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use keysweep_core::journal::{Kept, Outcome};
    use keysweep_store::InMemory;

    use super::*;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Instant {
            Instant::from_unix(0)
        }

        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }

        async fn sleep(&self, _: Duration) {}
    }

    #[tokio::test]
    async fn a_lease_in_force_is_of_no_use_where_the_journal_is_lost() {
        let (journal, clock) = (InMemory::new(), Stopped);
        let opened = |at, epoch| Event::Opened {
            at,
            epoch,
            holder: "one".to_owned(),
            caller_arn: "arn".to_owned(),
            approved_by: Vec::new(),
        };
        let writer = Writer::open(&journal, &clock, Digest::of(b"a plan"), "one", opened).await.unwrap();
        assert!(writer.secure().await);
        // No attempt was begun that could end.
        let ended = Event::Ended {
            at: clock.now(),
            account: AccountId::from_number(42).unwrap(),
            key: "AKIA0000000000000001".parse().unwrap(),
            attempt: 1,
            outcome: Outcome::Kept(Kept::Interrupted),
        };
        assert!(!writer.append(ended).await);
        assert!(!writer.secure().await, "{:?}", writer.failure());
    }
}
