//! Appends events to journals. Each waits for the disk, and a disk takes as long for a hundred as for one: whoever comes first
//! writes what all wait for meanwhile, in one transaction. What may follow is the core's to say, event by event.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, PoisonError};

use keysweep_core::account::AccountId;
use keysweep_core::journal::{Appended, Event, Illegal, KeyRecord, Ledger, Sealed};
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::digest::Digest;
use tokio::sync::oneshot;

use super::database::{Database, Purpose, Transaction, Value};
use super::journal::{Leased, column, is_whole, last_event, last_opened, lock, of_key};
use super::write::{insert, number};
use crate::error::{StoreError, StoreErrorKind};

/// What came of an event.
type Answer = Result<Appended, StoreError>;

/// An event that waits to be appended.
struct Waiting {
    plan: Digest,
    event: Event,
    answer: oneshot::Sender<Answer>,
}

/// The events of this process that wait.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

impl Queue {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event, together with all that wait. What it returned from is on the disk.
    pub(super) async fn append(&self, database: &Database, plan: Digest, event: Event) -> Answer {
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push(Waiting { plan, event, answer });
        let turn = self.turn.lock().await;
        // Whoever had the turn before may have written it.
        if let Ok(answer) = answered.try_recv() {
            return answer;
        }
        let batch = std::mem::take(&mut *self.waiting());
        write(database, batch).await;
        drop(turn);
        answered.await.unwrap_or_else(|_| {
            Err(database
                .error(StoreErrorKind::Lost)
                .because("another task that wrote for this one was stopped"))
        })
    }
}

/// Writes events and tells each what came of it.
async fn write(database: &Database, mut batch: Vec<Waiting>) {
    // Of an event whose task is gone nobody would know that it was written.
    batch.retain(|waiting| !waiting.answer.is_closed());
    match write_all(database, &batch).await {
        Ok(results) => {
            for (waiting, appended) in batch.into_iter().zip(results) {
                let _ = waiting.answer.send(Ok(appended));
            }
        }
        Err(error) => {
            let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
            let causes: Vec<String> = causes.map(ToString::to_string).collect();
            for waiting in batch {
                let same = database.error(error.kind.clone());
                let same = if causes.is_empty() { same } else { same.because(causes.join(": ")) };
                let _ = waiting.answer.send(Err(same));
            }
        }
    }
}

/// Writes all of these events, or none.
async fn write_all(database: &Database, batch: &[Waiting]) -> Result<Vec<Appended>, StoreError> {
    let mut open = database.begin(Purpose::Record).await?;
    let mut journals: BTreeMap<Digest, Journal> = BTreeMap::new();
    // In one order, so that two processes that write several do not wait for each other.
    for plan in batch.iter().map(|waiting| waiting.plan).collect::<std::collections::BTreeSet<_>>() {
        journals.insert(plan, Journal::open(&mut open, plan).await?);
    }
    let mut results = Vec::with_capacity(batch.len());
    let mut rows = Vec::new();
    for Waiting { plan, event, .. } in batch {
        let Some(journal) = journals.get_mut(plan) else { continue };
        let appended = journal.append(&mut open, event).await?;
        if let Appended::Sealed(sealed) = &appended {
            rows.push(row(*plan, sealed));
        }
        results.push(appended);
    }
    insert(&mut open, "journal (plan, number, account, access_key, event, previous, digest)", rows, "")
        .await?;
    for (plan, journal) in journals.iter().filter(|(_, journal)| journal.head.0 > journal.found) {
        open.execute(
            "update leases set events = $2 where plan = $1",
            vec![plan.to_string().as_str().into(), column(journal.head.0).into()],
        )
        .await?;
    }
    open.commit().await?;
    Ok(results)
}

fn row(plan: Digest, sealed: &Sealed) -> Vec<Value> {
    let (account, key) = sealed.event.key().unzip();
    vec![
        plan.to_string().as_str().into(),
        column(sealed.number).into(),
        account.map(number).into(),
        key.map(AccessKeyId::as_str).into(),
        sealed.text().as_str().into(),
        sealed.previous.to_string().as_str().into(),
        sealed.digest.to_string().as_str().into(),
    ]
}

/// A plan's journal as far as the next events need it.
struct Journal {
    plan: Digest,
    /// The number of the lease in force.
    lease: u64,
    /// The number of the lease under which the run was opened last.
    opened: u64,
    head: (u64, Digest),
    /// The number of the last event that was found there.
    found: u64,
    records: BTreeMap<(AccountId, AccessKeyId), KeyRecord>,
}

impl Journal {
    async fn open(open: &mut Transaction, plan: Digest) -> Result<Self, StoreError> {
        let Leased { epoch: lease, events } = lock(open, plan).await?;
        let head = last_event(open, plan).await?.map_or((0, plan), |last| (last.number, last.digest));
        is_whole(open, head.0, events)?;
        let opened = last_opened(open, plan).await?;
        Ok(Self { plan, lease, opened, head, found: head.0, records: BTreeMap::new() })
    }

    /// Seals an event, if it may follow.
    async fn append(&mut self, open: &mut Transaction, event: &Event) -> Result<Appended, StoreError> {
        if let Some(epoch) = event.epoch().filter(|epoch| *epoch != self.lease) {
            return Ok(Appended::Refused(Illegal::Superseded { epoch, current: self.lease }));
        }
        let key = event.key().map(|(account, key)| (account, key.clone()));
        let record = match &key {
            None => None,
            Some((account, id)) => {
                let record = match self.records.entry((*account, id.clone())) {
                    Entry::Occupied(known) => known.get().clone(),
                    Entry::Vacant(place) => {
                        place.insert(of_key(open, self.plan, *account, id).await?).clone()
                    }
                };
                Some((*account, id.clone(), record))
            }
        };
        let mut ledger = Ledger::resume(self.plan, self.opened, self.head, record);
        let sealed = match ledger.append(event.clone()) {
            Ok(sealed) => sealed,
            Err(illegal) => return Ok(Appended::Refused(illegal)),
        };
        self.opened = ledger.epoch();
        self.head = ledger.head();
        if let Some((account, id)) = key
            && let Some(record) = ledger.key(account, &id)
        {
            self.records.insert((account, id.clone()), record.clone());
        }
        Ok(Appended::Sealed(sealed))
    }
}
