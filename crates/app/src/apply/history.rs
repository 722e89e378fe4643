//! Reads the status changes since the plan, once for all keys of an account. Whatever cannot be read or understood makes the
//! whole unread: it may concern any key.

use keysweep_core::call::Call;
use keysweep_core::evidence::cloudtrail::Record;
use keysweep_core::plan::decide::Reread;
use keysweep_core::ports::{Clock, StatusHistory};
use keysweep_core::time::Instant;

use super::account::Entered;

impl<E: StatusHistory, C: Clock> Entered<'_, E, C> {
    /// The changes from `from` until now.
    pub(super) async fn reread(&self, from: Instant) -> Reread {
        let at = self.caller.desk.clock.now();
        let mut changes = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = self
                .call(Call::LookupEvents, || self.account.lookup_events(from, at, token.as_deref()))
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error) => return Reread::NotRead { reason: error.to_string() },
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
