//! Sends what was found and reported elsewhere, after the report was written. Every step may be made again: what arrived
//! before is updated or replaced, never doubled. A failure stops nothing else, and is told for exactly what did not arrive.

mod again;
mod findings;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use keysweep_core::account::AccountId;
use keysweep_core::call::{Call, CallResult};
use keysweep_core::delivery::{Batch, BucketPrefix, File, HookSecret, HookUrl, Post, Undelivered, What, Why};
use keysweep_core::ports::{Buckets, Clock, SecurityHubs, WebHooks};

use crate::gate::{Caller, Desk, Gates};
use crate::progress::Silent;

/// So many accounts are sent to at the same time. Each has limits of its own.
const ACCOUNTS_AT_ONCE: usize = 16;

/// What came of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// How many findings or files arrived.
    pub arrived: usize,
    /// What did not.
    pub missing: Vec<Undelivered>,
}

/// Gives every batch to the Security Hub of its account: `own` with the caller's own credentials, the others by the role.
pub async fn import_findings<H: SecurityHubs, C: Clock>(
    hubs: &H,
    own: AccountId,
    batches: Vec<Batch>,
    clock: &C,
    give_up_after: Duration,
) -> Delivered {
    let mut of_accounts: BTreeMap<AccountId, Vec<Batch>> = BTreeMap::new();
    for batch in batches {
        of_accounts.entry(batch.account).or_default().push(batch);
    }
    let desk = Desk::new(clock, &Silent, give_up_after);
    let entering = Gates::new();
    let importer = findings::Importer { hubs, own, desk: &desk, entering: &entering };
    let sent = stream::iter(of_accounts)
        .map(|(account, batches)| importer.import(account, batches))
        .buffered(ACCOUNTS_AT_ONCE);
    sent.fold(Delivered::default(), async |mut all, of_account| {
        all.arrived += of_account.arrived;
        all.missing.extend(of_account.missing);
        all
    })
    .await
}

/// Writes each file below the place's prefix, under a key that the scan and the file alone decide.
pub async fn put_files<B: Buckets, C: Clock>(
    buckets: &B,
    place: &BucketPrefix,
    scan: &str,
    files: &[File],
    clock: &C,
    give_up_after: Duration,
) -> Delivered {
    let desk = Desk::new(clock, &Silent, give_up_after);
    let caller = Caller::new(&desk, None);
    let gates = Gates::new();
    let mut delivered = Delivered::default();
    for file in files {
        let key = place.key(scan, file.name);
        let put = || buckets.put_object(place.bucket(), &key, file.media_type, &file.bytes);
        let answer: CallResult<()> =
            again::after_faults(clock, async || caller.call(&gates, Call::PutObject, put).await).await;
        delivered.note(What::File(file.name), answer.map_err(Why::Call));
    }
    delivered
}

/// Posts each file to the web hook, one call for each.
pub async fn post_files<W: WebHooks, C: Clock>(
    hooks: &W,
    url: &HookUrl,
    secret: &HookSecret,
    scan: &str,
    files: &[File],
    clock: &C,
) -> Delivered {
    let mut delivered = Delivered::default();
    for file in files {
        let post = Post { url, secret, scan, file };
        let answer = again::posting(clock, async || hooks.post(post).await).await;
        delivered.note(What::File(file.name), answer.map_err(Why::Post));
    }
    delivered
}

impl Delivered {
    fn note(&mut self, what: What, answer: Result<(), Why>) {
        match answer {
            Ok(()) => self.arrived += 1,
            Err(why) => self.missing.push(Undelivered { what, why }),
        }
    }
}
