//! `StatusHistory`: the event history of one account.

use keysweep_core::call::{Call, CallResult};
use keysweep_core::ports::{Page, RawEvent, StatusHistory};
use keysweep_core::time::Instant;

use super::SimAccount;
use crate::service::cloudtrail::LookupEventsInput;

impl StatusHistory for SimAccount {
    async fn lookup_events(
        &self,
        from: Instant,
        to: Instant,
        token: Option<&str>,
    ) -> CallResult<Page<RawEvent>> {
        let input = LookupEventsInput {
            lookup_attributes: vec![("EventName".to_owned(), "UpdateAccessKey".to_owned())],
            start_time: Some(from),
            end_time: Some(to),
            max_results: Some(50),
            next_token: token.map(str::to_owned),
        };
        let output = self.call(Call::LookupEvents, |context| context.lookup_events(&input)).await?;
        let raw = |event: crate::service::cloudtrail::Event| RawEvent {
            id: Some(event.event_id),
            record: Some(event.cloud_trail_event),
        };
        Ok(Page { items: output.events.into_iter().map(raw).collect(), next: output.next_token })
    }
}
