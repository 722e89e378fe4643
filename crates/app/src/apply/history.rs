//! The status changes since the plan, read once for all keys of an account, and again after a while. Whatever cannot be read or
//! understood makes the whole unread: it may concern any key.

use std::sync::Arc;
use std::time::Duration;

use keysweep_core::call::{Call, CallError};
use keysweep_core::evidence::cloudtrail::Record;
use keysweep_core::plan::look::Reread;
use keysweep_core::ports::{Clock, StatusHistory};
use keysweep_core::time::Instant;
use tokio::sync::Mutex;

use super::account::Entered;

/// How long what was read serves for. An account with many keys reads it again.
const SERVES: Duration = Duration::from_mins(5);

/// What is known of the changes in an account.
pub(super) struct History {
    from: Instant,
    /// What was read, and when.
    known: Mutex<Option<(Duration, Arc<Reread>)>>,
}

impl History {
    /// The changes from then on.
    pub(super) fn since(from: Instant) -> Self {
        Self { from, known: Mutex::default() }
    }
}

impl<E: StatusHistory, C: Clock> Entered<'_, E, C> {
    /// The changes since the plan, read again where they were read too long ago.
    /// `could_not` says what is wrong with a call that failed.
    pub(super) async fn changes(&self, could_not: impl Fn(&CallError) -> String) -> Arc<Reread> {
        let mut known = self.history.known.lock().await;
        let now = self.caller.desk.clock.elapsed();
        if let Some((read_at, changes)) = known.as_ref()
            && now < *read_at + SERVES
        {
            return Arc::clone(changes);
        }
        let changes = Arc::new(self.reread(self.history.from, could_not).await);
        *known = Some((now, Arc::clone(&changes)));
        changes
    }

    /// The changes from `from` until now.
    async fn reread(&self, from: Instant, could_not: impl Fn(&CallError) -> String) -> Reread {
        let at = self.caller.desk.clock.now();
        let mut changes = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = self
                .call(Call::LookupEvents, || self.account.lookup_events(from, at, token.as_deref()))
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error) => return Reread::NotRead { reason: could_not(&error) },
            };
            for event in page.items {
                let Some(record) = event.record else {
                    let id = event.id.unwrap_or_else(|| "without an id".to_owned());
                    return Reread::NotRead { reason: format!("event {id} has no CloudTrailEvent") };
                };
                match Record::read(&record) {
                    Ok(Record::Change(change)) => changes.push(change),
                    Ok(Record::Refused | Record::Other) => {}
                    Err(error) => return Reread::NotRead { reason: error.to_string() },
                }
            }
            token = page.next;
            if token.is_none() {
                return Reread::Read { at, changes };
            }
        }
    }
}
