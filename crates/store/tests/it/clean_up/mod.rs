//! Clean-up in every store alike: the journal with its leases, plans, approvals and exemptions. And in the databases: what is
//! damaged is refused, and what moves to another store.

use keysweep_core::account::AccountId;
use keysweep_core::journal::{Appended, Deletion, Event, Illegal, Lease, Leasing, Outcome};
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::{Journal, KeptPlan};
use keysweep_core::time::Instant;
use keysweep_store::{Sql, StoreError};

/// Tests of each database.
macro_rules! on_each_database {
    ($($test:ident)*) => {
        on_each_database!(@ sqlite: sqlite_alone: $($test)*);
        #[cfg(feature = "test-postgres")]
        on_each_database!(@ postgres: postgres_alone: $($test)*);
    };
    (@ $place:ident: $module:ident: $($test:ident)*) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $test() {
                super::$test(&crate::places::$place().await).await;
            })*
        }
    };
}

mod agreements;
mod journal;

const PLAN: &[u8] = b"a plan";

fn plan() -> Digest {
    Digest::of(PLAN)
}

fn at(second: i64) -> Instant {
    Instant::from_unix(second)
}

fn account() -> AccountId {
    AccountId::from_number(42).unwrap()
}

fn key(number: u32) -> AccessKeyId {
    format!("AKIA{number:016}").parse().unwrap()
}

fn opened(epoch: u64) -> Event {
    Event::Opened {
        at: at(1),
        epoch,
        holder: format!("holder-{epoch}"),
        caller_arn: "arn:aws:iam::000000000042:user/alice".to_owned(),
        approved_by: vec![("bob \u{202e}'; --".to_owned(), "arn".to_owned())],
    }
}

fn intended(epoch: u64, number: u32, attempt: u32) -> Event {
    Event::Intended {
        at: at(2),
        epoch,
        account: account(),
        key: key(number),
        user: "alice".parse().unwrap(),
        user_id: "AIDA1".to_owned(),
        attempt,
    }
}

fn ended(number: u32, attempt: u32, outcome: Outcome) -> Event {
    Event::Ended { at: at(3), account: account(), key: key(number), attempt, outcome }
}

fn deleted() -> Outcome {
    Outcome::Deleted(Deletion { request_id: None, last_look: at(2), verified_at: Some(at(3)) })
}

async fn take<S: Journal<Error = StoreError>>(store: &S, holder: &str, now: i64, until: i64) -> Lease {
    match store.lease(plan(), holder, at(now), at(until)).await.unwrap() {
        Leasing::Granted(lease) => lease,
        Leasing::Held { by, .. } => panic!("{by} has it"),
    }
}

async fn append<S: Journal<Error = StoreError>>(store: &S, event: Event) -> Result<(), Illegal> {
    match store.append(plan(), event).await.unwrap() {
        Appended::Sealed(_) => Ok(()),
        Appended::Refused(illegal) => Err(illegal),
    }
}

fn kept(id: &str, made: i64) -> KeptPlan {
    KeptPlan {
        digest: Digest::of(id.as_bytes()),
        id: id.to_owned(),
        made_at: at(made),
        text: format!("{{\"{id}\"}}"),
    }
}

/// A run with an intent that has no outcome yet.
async fn begun(store: &Sql) {
    take(store, "one", 0, 100).await;
    for event in [opened(1), intended(1, 1, 1), ended(1, 1, deleted()), intended(1, 2, 1)] {
        append(store, event).await.unwrap();
    }
}

async fn exported(store: &Sql) -> String {
    let mut bytes = Vec::new();
    store.export(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}
