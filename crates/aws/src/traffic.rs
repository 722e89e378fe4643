//! Counts what goes over the wire: attempts, repetitions and bytes, by operation. The calls that keysweep counts are more
//! than that where nothing was sent, and fewer where the SDK repeated one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use keysweep_core::call::Call;

use crate::session::Session;

/// What went over the wire for one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that were sent, repetitions too.
    pub attempts: u64,
    /// Of those, the repetitions after a fault on the way.
    pub repeated: u64,
    /// Bytes of the requests' bodies.
    pub bytes_sent: u64,
    /// Bytes of the answers' bodies that were read to their end.
    pub bytes_received: u64,
}

#[derive(Debug, Default)]
struct Counters {
    attempts: AtomicU64,
    repeated: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

/// Counts. Cheap to clone: all clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Meter(Arc<[Counters]>);

impl Default for Meter {
    fn default() -> Self {
        Self(Call::ALL.iter().map(|_| Counters::default()).collect())
    }
}

impl Meter {
    /// The counters of the operation that is under way; none of calls that keysweep does not make itself, such as those
    /// of a credential provider.
    fn of(&self, config: &ConfigBag) -> Option<(Call, &Counters)> {
        let name = config.load::<Metadata>()?.name();
        let mut calls = Call::ALL.iter().copied().zip(self.0.iter());
        calls.find(|(call, _)| call.name() == name)
    }
}

fn count(bytes: Option<&[u8]>) -> u64 {
    bytes.map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}

fn attempt(config: &ConfigBag) -> u32 {
    config.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts)
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "meter"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some((_, counters)) = self.of(config) {
            counters.attempts.fetch_add(1, Ordering::Relaxed);
            counters.repeated.fetch_add(u64::from(attempt(config) > 1), Ordering::Relaxed);
            counters.sent.fetch_add(count(context.request().body().bytes()), Ordering::Relaxed);
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some((call, counters)) = self.of(config) else { return Ok(()) };
        let response = context.response();
        let bytes = count(response.body().bytes());
        counters.received.fetch_add(bytes, Ordering::Relaxed);
        let headers = response.headers();
        tracing::trace!(
            target: "keysweep",
            operation = %call,
            attempt = attempt(config),
            status_code = response.status().as_u16(),
            request_id = headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id")),
            bytes,
            "answer received"
        );
        Ok(())
    }
}

impl Session {
    /// What went over the wire so far, by operation; those that were not called are left out.
    pub fn traffic(&self) -> Vec<(Call, Traffic)> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let of = |counters: &Counters| Traffic {
            attempts: read(&counters.attempts),
            repeated: read(&counters.repeated),
            bytes_sent: read(&counters.sent),
            bytes_received: read(&counters.received),
        };
        let counted = Call::ALL.iter().copied().zip(self.shared.meter.0.iter().map(of));
        counted.filter(|(_, traffic)| traffic.attempts > 0).collect()
    }
}
