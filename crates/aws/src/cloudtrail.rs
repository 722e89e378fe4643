//! AWS CloudTrail: the event history, asked in the partition's lead region, where IAM's events are. What an event means is
//! read by `keysweep-core`.

use aws_sdk_cloudtrail::operation::RequestId;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::ports::{Page, RawEvent, StatusHistory};
use keysweep_core::time::Instant;

use crate::answer::Answer;
use crate::request::answered;
use crate::session::EnteredAccount;

/// The most that `LookupEvents` gives in one page.
const EVENTS_A_PAGE: i32 = 50;

impl StatusHistory for EnteredAccount {
    async fn lookup_events(
        &self,
        from: Instant,
        to: Instant,
        token: Option<&str>,
    ) -> CallResult<Page<RawEvent>> {
        let call = Call::LookupEvents;
        let status_changes = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::EventName)
            .attribute_value("UpdateAccessKey")
            .build()
            .map_err(|error| CallError {
                call,
                kind: CallErrorKind::Rejected,
                code: None,
                message: error.to_string(),
                request_id: None,
            })?;
        let request = self
            .cloudtrail
            .lookup_events()
            .lookup_attributes(status_changes)
            .start_time(DateTime::from_secs(from.unix()))
            .end_time(DateTime::from_secs(to.unix()))
            .max_results(EVENTS_A_PAGE)
            .set_next_token(token.map(str::to_owned))
            .send();
        let output = answered(call, request).await?;
        let request_id = output.request_id().map(str::to_owned);
        let answer = Answer { call, request_id: request_id.as_deref() };
        let events = answer.required("Events", output.events)?;
        let events = events
            .into_iter()
            .map(|event| RawEvent { id: event.event_id, record: event.cloud_trail_event })
            .collect();
        answer.page("NextToken", events, output.next_token, token)
    }
}
