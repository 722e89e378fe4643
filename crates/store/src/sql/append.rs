//! Appends events to journals. Each waits for the disk, and a disk takes as long for a hundred as for one: whoever comes first
//! writes what all wait for meanwhile, in one transaction. What may follow is the core's to say, event by event: its state of each
//! journal is kept, and brought up to date with what others wrote before it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use keysweep_core::journal::{Appended, Event, Illegal, Ledger, Sealed};
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::digest::Digest;
use tokio::sync::oneshot;

use super::database::{Database, Purpose, Transaction, Value};
use super::journal::{Leased, catch_up, column, is_whole, lock};
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
    turn: tokio::sync::Mutex<Journals>,
}

/// The state of each journal that this process writes, as of the last event that it knows.
type Journals = BTreeMap<Digest, Ledger>;

impl Queue {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event, together with all that wait. What it returned from is on the disk.
    pub(super) async fn append(&self, database: &Database, plan: Digest, event: Event) -> Answer {
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push(Waiting { plan, event, answer });
        let mut known = self.turn.lock().await;
        // Whoever had the turn before may have written it.
        if let Ok(answer) = answered.try_recv() {
            return answer;
        }
        let batch = std::mem::take(&mut *self.waiting());
        write(database, &mut known, batch).await;
        drop(known);
        answered.await.unwrap_or_else(|_| {
            Err(database
                .error(StoreErrorKind::Lost)
                .because("another task that wrote for this one was stopped"))
        })
    }
}

/// Writes events and tells each what came of it.
async fn write(database: &Database, known: &mut Journals, mut batch: Vec<Waiting>) {
    // Of an event whose task is gone nobody would know that it was written.
    batch.retain(|waiting| !waiting.answer.is_closed());
    match write_all(database, known, &batch).await {
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
async fn write_all(
    database: &Database,
    known: &mut Journals,
    batch: &[Waiting],
) -> Result<Vec<Appended>, StoreError> {
    let mut open = database.begin(Purpose::Record).await?;
    let mut journals: BTreeMap<Digest, Journal> = BTreeMap::new();
    // In one order, so that two processes that write several do not wait for each other.
    for plan in batch.iter().map(|waiting| waiting.plan).collect::<BTreeSet<_>>() {
        // What is known counts again once all is written.
        let ledger = known.remove(&plan).unwrap_or_else(|| Ledger::new(plan));
        journals.insert(plan, Journal::open(&mut open, ledger).await?);
    }
    let mut results = Vec::with_capacity(batch.len());
    let mut rows = Vec::new();
    for Waiting { plan, event, .. } in batch {
        let Some(journal) = journals.get_mut(plan) else { continue };
        let appended = journal.append(event);
        if let Appended::Sealed(sealed) = &appended {
            rows.push(row(*plan, sealed));
        }
        results.push(appended);
    }
    insert(&mut open, "journal (plan, number, account, access_key, event, previous, digest)", rows, "")
        .await?;
    for (plan, journal) in &journals {
        let (last, _) = journal.ledger.head();
        open.execute(
            "update leases set events = $2 where plan = $1",
            vec![plan.to_string().as_str().into(), column(last).into()],
        )
        .await?;
    }
    open.commit().await?;
    known.extend(journals.into_iter().map(|(plan, journal)| (plan, journal.ledger)));
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

/// A plan's journal while it is written.
struct Journal {
    ledger: Ledger,
    /// The number of the lease in force.
    lease: u64,
}

impl Journal {
    async fn open(open: &mut Transaction, mut ledger: Ledger) -> Result<Self, StoreError> {
        let Leased { epoch: lease, events } = lock(open, ledger.plan()).await?;
        catch_up(open, &mut ledger).await?;
        let (last, _) = ledger.head();
        is_whole(open, last, events)?;
        Ok(Self { ledger, lease })
    }

    /// Seals an event, if it may follow.
    fn append(&mut self, event: &Event) -> Appended {
        if let Some(epoch) = event.epoch().filter(|epoch| *epoch != self.lease) {
            return Appended::Refused(Illegal::Superseded { epoch, current: self.lease });
        }
        match self.ledger.append(event.clone()) {
            Ok(sealed) => Appended::Sealed(sealed),
            Err(illegal) => Appended::Refused(illegal),
        }
    }
}
